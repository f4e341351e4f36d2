/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <yyjson.h>

#include "server/chat/kl-chat.h"

G_BEGIN_DECLS

/* KlChatAccounts: who may come in. Registration, sign-in, sessions, passwords, the own profile.
 *
 * It knows no HTTP: `server/api` says where a request came from and gets the body of the answer back. Main loop only.
 * What needs the database or a password's hash answers later; every callback is called exactly once. */

typedef enum
{
  KL_CHAT_POLICY_OPEN,
  KL_CHAT_POLICY_INVITE,
  KL_CHAT_POLICY_CLOSED,
} KlChatPolicy;

typedef struct
{
  KlChatPolicy policy;
  gboolean has_public_url; /* then the first account needs the set-up code, wherever it comes from */
  gsize argon2_memory_kib;
  guint argon2_passes;
  guint sign_ins_per_minute; /* an address, registrations and looks at invites included; 0: any number */
  guint failures_per_minute; /* a name; 0: any number */
} KlChatAccountsSettings;

/* The contract's defaults. */
void
kl_chat_accounts_settings_init (KlChatAccountsSettings *self);

/* Where a request came from. */
typedef struct
{
  const char *key;   /* what an address is counted by: an IPv4 address, the /64 of an IPv6 one */
  gboolean is_local; /* from loopback, without a forwarding header */
} KlChatCaller;

/* What REST answers. Lives during the callback. */
typedef struct
{
  KlErrorCode code;
  gint64 retry_after_ms; /* 0: none */
  const char *json;      /* the body, {"error":{…}} for an error; NULL: none (204) */
  gsize length;
  const char *token; /* of the session that was made, or NULL */
} KlChatAccountsAnswer;

typedef void (*KlChatAccountsReply) (const KlChatAccountsAnswer *answer, gpointer user_data);

#define KL_TYPE_CHAT_ACCOUNTS (kl_chat_accounts_get_type ())
G_DECLARE_FINAL_TYPE (KlChatAccounts, kl_chat_accounts, KL, CHAT_ACCOUNTS, GObject)

KlChatAccounts *
kl_chat_accounts_new (KlChat *chat, const KlChatAccountsSettings *settings);

KlChat *
kl_chat_accounts_get_chat (KlChatAccounts *self);

/* Looks whether there is an account yet; if there is none, makes the set-up code. Nobody can register before the end of
 * this. Errors: the store's. */
void
kl_chat_accounts_start_async (KlChatAccounts *self, GAsyncReadyCallback callback, gpointer user_data);

gboolean
kl_chat_accounts_start_finish (KlChatAccounts *self, GAsyncResult *result, GError **error);

/* NULL where the server has an account. */
const char *
kl_chat_accounts_get_setup_code (KlChatAccounts *self);

/* How many passwords wait to be worked on, or are. */
guint
kl_chat_accounts_get_n_pending (KlChatAccounts *self);

/* Ends the work on passwords; whoever waits for it is told `unavailable`, and so is who comes later. */
void
kl_chat_accounts_stop (KlChatAccounts *self);

/* ── Coming in ──────────────────────────────────────────────────────────────
 * `body` is the request's, lent for the call. With `hide_token` the answer's JSON has none: it goes into a cookie. */

/* POST users: {name, password, display_name?, invite?, device?} → {user, token}. */
void
kl_chat_accounts_register (KlChatAccounts *self, const KlChatCaller *caller, yyjson_val *body, gboolean hide_token,
                           KlChatAccountsReply reply, gpointer user_data);

/* POST sessions: {name, password, device?} → {user, token}. */
void
kl_chat_accounts_sign_in (KlChatAccounts *self, const KlChatCaller *caller, yyjson_val *body, gboolean hide_token,
                          KlChatAccountsReply reply, gpointer user_data);

/* Counts a look at an invite. TRUE: go on. Else *retry_after_ms says when. */
gboolean
kl_chat_accounts_take_look (KlChatAccounts *self, const KlChatCaller *caller, gint64 *retry_after_ms);

/* ── Being in ───────────────────────────────────────────────────────────────*/

/* Whose token this is. `who` lives during the callback and is NULL where the token is nobody's (any more), with `code`
 * UNAUTHORIZED, or cannot be looked up now (UNAVAILABLE, INTERNAL). Marks the session as used. */
typedef void (*KlChatAuthenticated) (KlStoreSignedIn *who, KlErrorCode code, gpointer user_data);

void
kl_chat_accounts_authenticate (KlChatAccounts *self, const char *token, KlChatAuthenticated callback,
                               gpointer user_data);

/* GET sessions → {sessions:[…]}, newest use first. */
void
kl_chat_accounts_list_sessions (KlChatAccounts *self, KlStoreSignedIn *who, KlChatAccountsReply reply,
                                gpointer user_data);

/* DELETE sessions/{id}; its live connections end with `notice: revoked`. No body. */
void
kl_chat_accounts_end_session (KlChatAccounts *self, KlStoreSignedIn *who, const char *id, KlChatAccountsReply reply,
                              gpointer user_data);

/* GET me → {user}. Answers in this turn. */
void
kl_chat_accounts_get_me (KlChatAccounts *self, KlStoreSignedIn *who, KlChatAccountsReply reply, gpointer user_data);

/* PATCH me: {display_name?, avatar?, read_receipts?} → {user}. */
void
kl_chat_accounts_update_me (KlChatAccounts *self, KlStoreSignedIn *who, yyjson_val *body, KlChatAccountsReply reply,
                            gpointer user_data);

/* PUT me/password: {old, new}. All other sessions end. No body. */
void
kl_chat_accounts_change_password (KlChatAccounts *self, KlStoreSignedIn *who, yyjson_val *body,
                                  KlChatAccountsReply reply, gpointer user_data);

/* ── The administrator's ────────────────────────────────────────────────────
 * No policy and no rate stands in the way. */

/* Makes an account without a session → {user}. The first account of all is the server's admin, whatever `admin` says.
 * `display_name` may be NULL. */
void
kl_chat_accounts_add_user (KlChatAccounts *self, const char *name, const char *password, const char *display_name,
                           gboolean admin, KlChatAccountsReply reply, gpointer user_data);

/* A code of the server's administrator, which registers → {invite:{code, url, expires_at?, uses_left}}. `uses` ≥ 1;
 * expires_in_ms 0: never. */
void
kl_chat_accounts_create_invite (KlChatAccounts *self, gint64 uses, gint64 expires_in_ms, KlChatAccountsReply reply,
                                gpointer user_data);

G_END_DECLS
