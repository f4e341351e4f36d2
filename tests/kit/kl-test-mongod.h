/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A MongoDB for tests, of their own: `mongod` or FerretDB (.ci/ferretdb), on a free port, with its data in a temporary
 * folder. It dies with the test. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _KlTestMongod KlTestMongod;

/* Whether there is one to be had here; else the test is to be skipped. Builds it where that has not happened. */
gboolean kl_test_mongod_is_there (void);

/* The same, for main(): where there is none, a test of this PATH is added, which is skipped and says why. */
gboolean kl_test_mongod_or_skip (const char *path);

/* Starts one, empty, and waits until it takes connections. Aborts where kl_test_mongod_is_there() is FALSE. */
KlTestMongod *kl_test_mongod_new (void);

/* "mongodb://127.0.0.1:PORT": a database's name after it, with a slash between, makes it a whole one. */
const char *kl_test_mongod_get_uri (KlTestMongod *self);

/* SIGKILL, SIGSTOP, SIGCONT … After SIGKILL it waits for its end. */
void kl_test_mongod_signal (KlTestMongod *self, int signal_number);

/* Starts it again after it was killed, on the same port and data. */
void kl_test_mongod_restart (KlTestMongod *self);

void kl_test_mongod_free (KlTestMongod *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlTestMongod, kl_test_mongod_free)

G_END_DECLS
