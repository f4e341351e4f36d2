/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How klatchctl shows things to people. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Rows of text in aligned columns. */
typedef struct _KlCtlTable KlCtlTable;

/* TITLES: ended by NULL. */
KlCtlTable *kl_ctl_table_new (const char *const *titles);
/* As many cells as titles, each taken. */
void kl_ctl_table_add (KlCtlTable *self, char **cells);
/* Prints to standard output and frees. */
void kl_ctl_table_print (KlCtlTable *self);

/* Local time, "2026-11-25 03:20"; "never" for 0. */
char *kl_ctl_format_time (gint64 time_ms);
/* "3 d 4 h", "12 min", "5 s" */
char *kl_ctl_format_duration (gint64 duration_ms);

/* "90s" "30m" "12h" "7d" "2w" "never" (0) → milliseconds; FALSE where it is none of them. */
gboolean kl_ctl_parse_duration (const char *text, gint64 *duration_ms);

G_END_DECLS
