/* SPDX-License-Identifier: GPL-3.0-or-later
 * One signed-in account at work: its connection, its groups, its people, its unsent messages. Everything is on the
 * main thread and nothing here blocks it; disk work happens on threads of its own.
 *
 *   session = kl_session_new (account, NULL);
 *   kl_session_start (session);       groups known from last time appear, then it connects and stays connected
 *   …
 *   kl_session_stop_async (session);  what is unsent or a draft is on disk when it ends
 *
 * Properties (read only):
 *   account     KlAccount
 *   me          KlUser
 *   groups      KlGroupList (constant)
 *   state       KlConnectionState
 *   retry-in    uint: seconds until the next attempt while WAITING, counts down
 *   held        boolean: the server is there, but could store nothing when a message was last sent; it is tried again
 *   open-group  KlGroup or NULL
 *   server-name string: as the server calls itself, or its host until it has answered
 *   state-text  string or NULL: the server's own sentence with REFUSED or WAITING, if it gave one
 *   rings       GListModel of KlRing (constant): calls that ring; see kl-session-calls.h
 *
 * Signals:
 *   group-removed (KlGroup, reason)   one of my groups is gone from the list: "left", "removed", "banned", "deleted"
 *   message-received (KlGroup, KlMessage)   a new one by another, live (not by catching up), in any group
 *
 * An asynchronous deed that needs the server fails with KL_CORE_ERROR_OFFLINE when it is not connected, and with
 * KL_CORE_ERROR_TIMED_OUT after 20 s; only sending, drafts and read marks work offline. */
#pragma once

#include "app/core/kl-account.h"
#include "app/core/kl-directory.h"
#include "app/core/kl-group-list.h"
#include "app/core/kl-member-list.h"
#include "app/core/kl-message-list.h"

G_BEGIN_DECLS

#define KL_TYPE_SESSION (kl_session_get_type ())
G_DECLARE_FINAL_TYPE (KlSession, kl_session, KL, SESSION, GObject)

/* folder: where accounts' folders are; NULL: $XDG_DATA_HOME/klatch. */
KlSession *kl_session_new (KlAccount *account, const char *folder);

void kl_session_start (KlSession *self);

/* Leaves the server politely and closes the files. */
void kl_session_stop_async (KlSession *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_session_stop_finish (KlSession *self, GAsyncResult *result, GError **error);

/* "Try now" in the banner. */
void kl_session_retry_now (KlSession *self);

KlAccount *kl_session_get_account (KlSession *self);
KlUser *kl_session_get_me (KlSession *self);
KlGroupList *kl_session_get_groups (KlSession *self);
KlConnectionState kl_session_get_state (KlSession *self);
guint kl_session_get_retry_in (KlSession *self);
gboolean kl_session_get_held (KlSession *self);
const char *kl_session_get_state_text (KlSession *self);
const char *kl_session_get_server_name (KlSession *self);

/* Ends the session on the server and stops. Where the server cannot be reached within 5 s it stops all the same, and
 * says so by KL_CORE_ERROR_UNREACHABLE. The token is the caller's to forget (kl_accounts_forget_async()). */
void kl_session_sign_out_async (KlSession *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_session_sign_out_finish (KlSession *self, GAsyncResult *result, GError **error);

/* ── The open conversation ── */

/* The group that this window shows, or NULL. One is "here" in it while connected. */
void kl_session_set_open_group (KlSession *self, KlGroup *group);
KlGroup *kl_session_get_open_group (KlSession *self);

/* The group's messages; the first page is on its way (from disk at once, then what the server adds), around the
 * unread line if there is one. The same object while anybody holds it; the session keeps the last few. */
KlMessageList *kl_session_dup_messages (KlSession *self, KlGroup *group);

/* The group's people. Counts are live while the group is open. */
KlMemberList *kl_session_dup_members (KlSession *self, KlGroup *group);

/* Sends. The message is on disk, and the group's draft gone, before it shows as pending and this ends; from there it
 * goes out by itself, in order and once, also after a restart. Errors: KL_CORE_ERROR_BAD_REQUEST (nothing visible in
 * it), _TOO_LARGE (over 16 KiB), _STORAGE; then nothing was taken, and the text is the caller's to keep. */
void kl_session_send_async (KlSession *self,
                            KlGroup *group,
                            const char *body,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean kl_session_send_finish (KlSession *self, GAsyncResult *result, GError **error);

/* For a message whose state is FAILED: once more, or never. */
void kl_session_retry_message (KlSession *self, KlMessage *message);
void kl_session_discard_message (KlSession *self, KlMessage *message);

/* Everything up to seq has been seen. Never goes back; kept when offline. */
void kl_session_mark_read (KlSession *self, KlGroup *group, gint64 seq);

/* Call it with TRUE on every change of the composer's text and with FALSE when that becomes empty: it is told to
 * others at most every 3 s, and ends by itself 5 s after the last call, on sending, and when the group is closed. */
void kl_session_set_typing (KlSession *self, KlGroup *group, gboolean typing);

/* TRUE while the person is not at the computer: "away" for others. */
void kl_session_set_away (KlSession *self, gboolean away);

/* ── Groups ── */

/* topic, emoji and slug may be NULL; hue -1: the server's choice. Calling again with the same client_id
 * (kl_session_new_client_id()) after a time-out makes no second group. The group is in the list when it ends. Error
 * fields: "name", "slug", "topic", "emoji". */
char *kl_session_new_client_id (KlSession *self);
void kl_session_create_group_async (KlSession *self,
                                    const char *client_id,
                                    const char *name,
                                    const char *topic,
                                    KlVisibility visibility,
                                    const char *slug,
                                    const char *emoji,
                                    int hue,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
KlGroup *kl_session_create_group_finish (KlSession *self, GAsyncResult *result, GError **error);

/* Joins a group of the directory or of an invite. Returns the session's own object (transfer full). */
void kl_session_join_group_async (KlSession *self,
                                  KlGroup *group,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
/* Joins by what a person pasted: a code, a link (https://HOST/i/CODE, klatch:HOST/i/CODE), a slug or a group's
 * address. */
void kl_session_join_by_text_async (KlSession *self,
                                    const char *text,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
KlGroup *kl_session_join_finish (KlSession *self, GAsyncResult *result, GError **error);

/* What an invite leads to, before joining: a group as the directory shows it. Takes a code or a link. */
void kl_session_show_invite_async (KlSession *self,
                                   const char *text,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
KlGroup *kl_session_show_invite_finish (KlSession *self, GAsyncResult *result, GError **error);

/* Makes a link that lets others in (7 days, 100 uses). Returns the link. */
void kl_session_make_invite_async (KlSession *self,
                                   KlGroup *group,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
char *kl_session_make_invite_finish (KlSession *self, GAsyncResult *result, GError **error);

void kl_session_leave_group_async (KlSession *self,
                                   KlGroup *group,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean kl_session_leave_group_finish (KlSession *self, GAsyncResult *result, GError **error);

/* One's own settings of a group. They change at once and change back if the server refuses. */
void kl_session_set_pinned (KlSession *self, KlGroup *group, gboolean pinned);
void kl_session_set_notify (KlSession *self, KlGroup *group, KlNotify notify);

/* ── Oneself ── */

void kl_session_set_display_name_async (KlSession *self,
                                        const char *display_name,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean kl_session_set_display_name_finish (KlSession *self, GAsyncResult *result, GError **error);

/* text NULL or empty clears it. */
void kl_session_set_status_async (KlSession *self,
                                  gboolean dnd,
                                  const char *text,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean kl_session_set_status_finish (KlSession *self, GAsyncResult *result, GError **error);

G_END_DECLS
