/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "protocol/kl-json.h"
#include "protocol/kl-limits.h"
#include "server/chat/kl-chat-accounts.h"
#include "server/chat/kl-chat-accounts-hasher.h"
#include "server/chat/kl-chat-accounts-window.h"

G_BEGIN_DECLS

/* What the files of KlChatAccounts share. */

struct _KlChatAccounts
{
  GObject parent_instance;

  KlChat *chat;
  KlStore *store;
  KlChatAccountsSettings settings;

  KlChatHasher *hasher; /* NULL: stopped */
  KlChatWindow *addresses;
  KlChatWindow *failures;

  gboolean started;
  char *setup_code; /* NULL: there is an account */

  /* When people's passwords were last changed, by a counter of all changes: what was read before is stale. */
  GHashTable *changed; /* (element-type utf8 guint64) (owned) */
  guint64 n_changes;
  /* People whose new password is on its way into the store; while it is, the old one opens nothing. */
  GHashTable *changing; /* (element-type utf8) (owned) */

  /* Sessions that have ended: a look-up that was under way meanwhile must not find them. Emptied with stale_source. */
  GHashTable *ended; /* (element-type utf8) (owned) */

  guint stale_source;
};

/* How long a busy server asks to be left alone. */
#define KL_CHAT_ACCOUNTS_RETRY_MS 1000

/* A reply and its data, kept for the end of an operation. */
typedef struct
{
  KlChatAccountsReply func;
  gpointer user_data;
} KlChatAccountsWaiter;

/* {"error":{…}}. `field` may be NULL. */
void
kl_chat_accounts_fail (const KlChatAccountsWaiter *waiter, KlErrorCode code, const char *message, const char *field,
                       gint64 retry_after_ms);

/* bad_request, as the fields say. */
void
kl_chat_accounts_fail_fields (const KlChatAccountsWaiter *waiter, const KlJsonFields *fields);

/* The store's error: unavailable or internal. */
void
kl_chat_accounts_fail_store (const KlChatAccountsWaiter *waiter, const GError *error);

/* The hasher's queue is full, or it has stopped. */
void
kl_chat_accounts_fail_busy (const KlChatAccountsWaiter *waiter);

/* {"user":…,"token":…}, the token where it is not NULL and not hidden. */
void
kl_chat_accounts_answer_user (KlChatAccounts *self, const KlChatAccountsWaiter *waiter, KlStoreUser *user,
                              const char *token, gboolean hide_token);

void
kl_chat_accounts_answer_nothing (const KlChatAccountsWaiter *waiter);

/* Milliseconds of a clock that never goes back, for the windows. */
gint64
kl_chat_accounts_now_ms (void);

void
kl_chat_accounts_hash_token (const char *token, guint8 hash[KL_STORE_TOKEN_HASH_BYTES]);

/* A session is out of the store: its live connections end, and nobody comes in by it any more. */
void
kl_chat_accounts_session_ended (KlChatAccounts *self, const char *user, const char *session);

/* Whether what was learnt of this person's password when n_changes was `since` may be wrong by now. */
gboolean
kl_chat_accounts_is_password_stale (KlChatAccounts *self, const char *user, guint64 since);

/* Makes a session for `user` and answers with it. `device` may be NULL. */
void
kl_chat_accounts_open_session (KlChatAccounts *self, const KlChatAccountsWaiter *waiter, KlStoreUser *user,
                               const char *device, gboolean hide_token);

G_END_DECLS
