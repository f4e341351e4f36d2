/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-member-list.h"
#include "app/core/kl-message-list.h"

G_BEGIN_DECLS

/* The messages of the open group, as a timeline with day lines, the unread line, a pill with the day while scrolling
 * and a button to the newest. It loads older and newer pages by itself. Put it in a box that expands; it brings its own
 * scrolled window.
 *
 * Properties:
 *  - at-end (boolean, read only): the newest message is in view and followed.
 * Signals:
 *  - seen (gint64 seq): the reader has had everything up to there before his eyes, in an active window. Goes up only,
 * for one list.
 *  - retry (KlMessage), discard (KlMessage): of an own message that failed.
 *  - activate-message (KlMessage): Enter or double activation on a message.
 * Style: its nodes are styled by timeline.css of this folder, with the named colours that style.css and style-dark.css
 * define.
 */
#define KL_TYPE_CONVERSATION_VIEW (kl_conversation_view_get_type ())
G_DECLARE_FINAL_TYPE (KlConversationView, kl_conversation_view, KL, CONVERSATION_VIEW, GtkWidget)

GtkWidget *kl_conversation_view_new (void);

/* Shows a list: at its unread line if there is one, else at the end. @members gives the roles that stand beside names.
 * Both may be NULL. */
void kl_conversation_view_set_messages (KlConversationView *self, KlMessageList *messages, KlMemberList *members);
KlMessageList *kl_conversation_view_get_messages (KlConversationView *self);

/* The newest message, loading it first where the list does not hold it. */
void kl_conversation_view_show_newest (KlConversationView *self);

/* A message by its number, loading around it first; with a short highlight. */
void kl_conversation_view_show_seq (KlConversationView *self, gint64 seq);

gboolean kl_conversation_view_get_at_end (KlConversationView *self);

/* Copies the selected text, else the focused message; FALSE if there is nothing to copy. */
gboolean kl_conversation_view_copy (KlConversationView *self);

G_END_DECLS
