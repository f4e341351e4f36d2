/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How far a long deed on a whole store is. STAGE: a word or two for people, a static string; DONE of TOTAL, in units
 * that the stage chooses. */
typedef void (*KlStoreProgress) (const char *stage, gint64 done, gint64 total, gpointer user_data);

G_END_DECLS
