/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program that a test starts, waits for and ends, by its pid. What it writes goes to a file, so it never blocks; when
 * the test dies, so does the program. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _KlTestProcess KlTestProcess;

/* Starts ARGV (argv[0] is a path) with ENVIRONMENT ("NAME=value" strings on top of the test's own; may be NULL). */
KlTestProcess *kl_test_process_start (const char *const *argv, const char *const *environment);

/* Waits until a line of its output begins with PREFIX and gives the rest of that line; aborts with all of its output when
 * it ends before, or at the deadline. For the server: "listening on ". */
char *kl_test_process_wait_line (KlTestProcess *self, const char *prefix);

/* All that it has written so far, both streams. */
char *kl_test_process_dup_output (KlTestProcess *self);

GPid kl_test_process_get_pid (KlTestProcess *self);

void kl_test_process_signal (KlTestProcess *self, int signal_number);

/* Whether it has ended by itself or been killed. */
gboolean kl_test_process_has_ended (KlTestProcess *self);

/* Waits for its end and gives the wait status, as waitpid() does. */
int kl_test_process_wait (KlTestProcess *self);

/* Kills it with -9 if it still runs, and frees. */
void kl_test_process_free (KlTestProcess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlTestProcess, kl_test_process_free)

G_END_DECLS
