/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the session does with a message list. */
#pragma once

#include "app/core/kl-message-list.h"

G_BEGIN_DECLS

typedef enum
{
  KL_LOAD_OLDER, /* the page before seq */
  KL_LOAD_NEWER, /* the page after seq */
  KL_LOAD_AROUND, /* the page around seq; 0: the newest page */
} KlLoad;

/* Gets a page, puts it in by kl_message_list_add_page(), then returns TRUE or an error by the task, which it owns. */
typedef void (*KlMessageLoad) (KlMessageList *list, KlLoad what, gint64 seq, GTask *task, gpointer user_data);

/* NULL: no more pages can be had. */
void kl_message_list_set_source (KlMessageList *self, KlMessageLoad load, gpointer user_data);

/* The loaded stored message with this seq, or the unsent one with this client id; else NULL. */
KlMessage *kl_message_list_peek_seq (KlMessageList *self, gint64 seq);
KlMessage *kl_message_list_peek_pending (KlMessageList *self, const char *client_id);

/* A stored message came or changed, and its properties are set. It goes to its place; a gap before it asks for what
 * lies between. */
void kl_message_list_receive (KlMessageList *self, KlMessage *message);

/* Likewise many, by seq: those that follow one another are one change of the model. */
void kl_message_list_receive_all (KlMessageList *self, GPtrArray *messages);

/* The server has answered for an unsent message, whose properties are the stored one's by now. It goes to its place
 * if that follows; it waits at the end where others come before it; and it goes where the list has the message
 * already. */
void kl_message_list_confirm (KlMessageList *self, KlMessage *message);

/* An unsent message goes to the end, or is dropped. */
void kl_message_list_add_pending (KlMessageList *self, KlMessage *message);
void kl_message_list_remove_pending (KlMessageList *self, KlMessage *message);

/* Throws away what is stored, for this page (may be empty). */
void kl_message_list_replace (KlMessageList *self, GPtrArray *messages, gboolean more_before, gboolean more_after);

void kl_message_list_set_first_unread_seq (KlMessageList *self, gint64 seq);
/* More has come: the line goes before the first message that is really unread. */
void kl_message_list_settle_unread_line (KlMessageList *self);

/* The stretch that is loaded; FALSE: none. */
gboolean kl_message_list_get_range (KlMessageList *self, gint64 *first_seq, gint64 *last_seq);

G_END_DECLS
