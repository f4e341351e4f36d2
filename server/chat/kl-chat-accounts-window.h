/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* KlChatWindow: at most N of something in any minute, counted for each key (an address, a name).
 *
 * Exact: each counted event is remembered for the minute. What was refused is not counted, so that knocking on goes
 * unpunished and nobody can be kept out for longer than the minute that his own, or a guesser's, first tries need to
 * pass. Keys without events in the last minute are forgotten. */
typedef struct _KlChatWindow KlChatWindow;

/* `limit` 0: anything goes. */
KlChatWindow *
kl_chat_window_new (guint limit);

void
kl_chat_window_free (KlChatWindow *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlChatWindow, kl_chat_window_free)

/* Milliseconds until `key` may again, 0 where it may now. `now_ms` is of a clock that never goes back, the same for
 * all calls. */
gint64
kl_chat_window_check (KlChatWindow *self, const char *key, gint64 now_ms);

/* Counts one for `key`. */
void
kl_chat_window_add (KlChatWindow *self, const char *key, gint64 now_ms);

/* Check, and add where it may. */
gint64
kl_chat_window_take (KlChatWindow *self, const char *key, gint64 now_ms);

/* For tests: how many keys are remembered. */
guint
kl_chat_window_get_n_keys (KlChatWindow *self);

G_END_DECLS
