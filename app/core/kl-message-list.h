/* SPDX-License-Identifier: GPL-3.0-or-later
 * The messages of one group: a GListModel of KlMessage, oldest first, one's own unsent ones at the end. Main thread.
 *
 * What is loaded is one stretch without a gap in seq. Pages are added at its ends and come from the disk where that
 * knows them, else from the server; two stretches that do not adjoin are never put together. A change of a message is
 * a notify of that message, never remove and add; when a sent message is confirmed its object stays, and moves only
 * if its place differs. A stretch that grew very long gives up rows at the far end; they can be loaded again.
 *
 * Properties:
 *   group            KlGroup
 *   loading          boolean: the first page is on its way
 *   loading-older, loading-newer   boolean
 *   more-before, more-after        boolean: older / newer stored messages are there and not loaded
 *   first-unread-seq int64: where the unread line stood when the list was opened (the first message after read-seq);
 *                    0: no line. It stays until kl_message_list_forget_unread_line() */
#pragma once

#include "app/core/kl-group.h"

G_BEGIN_DECLS

#define KL_TYPE_MESSAGE_LIST (kl_message_list_get_type ())
G_DECLARE_FINAL_TYPE (KlMessageList, kl_message_list, KL, MESSAGE_LIST, GObject)

/* A list for tests and for widgets without a session: empty, with nothing before or after. Messages are put in with
 * kl_message_list_add_page(). */
KlMessageList *kl_message_list_new (KlGroup *group);

KlGroup *kl_message_list_get_group (KlMessageList *self);
gboolean kl_message_list_get_loading (KlMessageList *self);
gboolean kl_message_list_get_loading_older (KlMessageList *self);
gboolean kl_message_list_get_loading_newer (KlMessageList *self);
gboolean kl_message_list_get_more_before (KlMessageList *self);
gboolean kl_message_list_get_more_after (KlMessageList *self);
gint64 kl_message_list_get_first_unread_seq (KlMessageList *self);
void kl_message_list_forget_unread_line (KlMessageList *self);

/* Puts the unread line before the first message after the group's read-seq, if that is unread: for messages that come
 * while nobody looks at the window. */
void kl_message_list_renew_unread_line (KlMessageList *self);

/* Adds a page at an end. One request at a time for each end: a second call while one is under way ends at once and
 * well. Errors: KL_CORE_ERROR_OFFLINE when neither disk nor server can tell, others as the server gives them. A
 * finished call says nothing of how much came: look at the model and at more-before. */
void kl_message_list_load_older_async (KlMessageList *self,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean kl_message_list_load_older_finish (KlMessageList *self, GAsyncResult *result, GError **error);
void kl_message_list_load_newer_async (KlMessageList *self,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean kl_message_list_load_newer_finish (KlMessageList *self, GAsyncResult *result, GError **error);

/* Makes sure that the message with this seq (0: the newest) is loaded. If it adjoins nothing that is loaded, the
 * model is replaced by the page around it. */
void kl_message_list_load_around_async (KlMessageList *self,
                                        gint64 seq,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean kl_message_list_load_around_finish (KlMessageList *self, GAsyncResult *result, GError **error);

/* The place of the stored message with this seq; FALSE if it is not loaded. */
gboolean kl_message_list_find_seq (KlMessageList *self, gint64 seq, guint *position);

/* How many of the last items are unsent ones. */
guint kl_message_list_get_n_pending (KlMessageList *self);

/* Puts stored messages in (element-type KlMessage, ascending seq without gaps; the list takes references). They are
 * merged where they overlap or adjoin what is loaded; else they replace it. more_before and more_after speak of the
 * page. */
void kl_message_list_add_page (KlMessageList *self, GPtrArray *messages, gboolean more_before, gboolean more_after);

G_END_DECLS
