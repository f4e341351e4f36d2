/* SPDX-License-Identifier: GPL-3.0-or-later
 * What must not be lost: unsent messages, drafts and read marks, in state.db (migrated, never deleted). The disk work
 * is done on the file's own thread. Main thread.
 *
 * Unsent messages go out in their order, one at a time for each group, and again until the server has answered: the
 * client id makes that harmless. Sending itself is the owner's: see KlOutboxSend.
 *
 * Signals:
 *   loaded                       what the file holds is in (or the file cannot be read)
 *   added (KlMessage)            a message is on disk, and shows
 *   removed (KlMessage, stored)  it is stored by the server (stored TRUE), or discarded
 *   held-changed                 see kl_outbox_get_held() */
#pragma once

#include "app/core/kl-message.h"
#include "app/core/kl-people.h"

G_BEGIN_DECLS

#define KL_TYPE_OUTBOX (kl_outbox_get_type ())
G_DECLARE_FINAL_TYPE (KlOutbox, kl_outbox, KL, OUTBOX, GObject)

/* Sends a message to the server, then calls kl_outbox_sent(). FALSE: not now (no connection, or the group is not
 * ready); kl_outbox_pump() asks again. */
typedef gboolean (*KlOutboxSend) (KlOutbox *outbox, KlMessage *message, gpointer user_data);

KlOutbox *kl_outbox_new (const char *path, KlUser *me, KlOutboxSend send, gpointer user_data);

void kl_outbox_load (KlOutbox *self);
gboolean kl_outbox_get_loaded (KlOutbox *self);

void kl_outbox_close_async (KlOutbox *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_outbox_close_finish (KlOutbox *self, GAsyncResult *result, GError **error);

/* Puts a message on disk and drops the group's draft in the same transaction; then it shows and goes out. created_at:
 * what the pending message shows. */
void kl_outbox_add_async (KlOutbox *self,
                          const char *group,
                          const char *body,
                          gint64 created_at,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
gboolean kl_outbox_add_finish (KlOutbox *self, GAsyncResult *result, GError **error);

/* Sends what can be sent. */
void kl_outbox_pump (KlOutbox *self);

/* The connection is gone: what was on its way is to be sent again. */
void kl_outbox_interrupt (KlOutbox *self);

/* The answer for a message. error NULL: stored. An error that may pass (unavailable, rate limited, time-out, offline)
 * is tried again later; another one makes it FAILED. */
void kl_outbox_sent (KlOutbox *self, KlMessage *message, const GError *error);

/* Whether the server is there, but could take no message when it was last asked (its disk may be full). */
gboolean kl_outbox_get_held (KlOutbox *self);

/* The stored message with this client id has been seen: it needs no more sending. */
void kl_outbox_confirm (KlOutbox *self, const char *client_id);

/* The owner goes: nothing is sent any more. */
void kl_outbox_detach (KlOutbox *self);

KlMessage *kl_outbox_peek (KlOutbox *self, const char *client_id);

/* Unsent messages of a group in their order; element-type KlMessage. Transfer full. */
GPtrArray *kl_outbox_list (KlOutbox *self, const char *group);

/* All that wait for this group become FAILED, for this reason. */
void kl_outbox_fail_group (KlOutbox *self, const char *group, const GError *reason);

/* For FAILED ones. */
void kl_outbox_retry (KlOutbox *self, KlMessage *message);
void kl_outbox_discard (KlOutbox *self, KlMessage *message);

/* Drafts and read marks by group id, as loaded: lent. */
GHashTable *kl_outbox_get_drafts (KlOutbox *self);
GHashTable *kl_outbox_get_read_marks (KlOutbox *self);

/* NULL or empty: none. Kept within a second, and before a close. */
void kl_outbox_set_draft (KlOutbox *self, const char *group, const char *draft);
/* 0: none to be sent. */
void kl_outbox_set_read_mark (KlOutbox *self, const char *group, gint64 seq);
gint64 kl_outbox_get_read_mark (KlOutbox *self, const char *group);

G_END_DECLS
