/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session is 256 random bits that the client has and whose hash we have. It lives 90 days from its last use, which is
 * written down not oftener than it need be. */

#include "server/chat/kl-chat-accounts-private.h"

#include <sodium.h>

#include "protocol/kl-id.h"

/* A use within this time of the last one that was noted is not noted. */
#define TOUCH_INTERVAL_MS G_GINT64_CONSTANT (60000)

G_STATIC_ASSERT (KL_STORE_TOKEN_HASH_BYTES == crypto_hash_sha256_BYTES);

void
kl_chat_accounts_hash_token (const char *token, guint8 hash[KL_STORE_TOKEN_HASH_BYTES])
{
  crypto_hash_sha256 (hash, (const guint8 *)token, strlen (token));
}

static gint64
now_ms (void)
{
  return g_get_real_time () / 1000;
}

/* ── Making one ── */

typedef struct
{
  KlChatAccounts *accounts;
  KlChatAccountsWaiter waiter;
  KlStoreUser *user;
  char *token;
  gboolean hide_token;
} Opening;

static void
on_session_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Opening *opening = user_data;
  g_autoptr (GError) error = NULL;

  if (kl_store_create_session_finish (KL_STORE (source), result, &error))
    kl_chat_accounts_answer_user (opening->accounts, &opening->waiter, opening->user, opening->token,
                                  opening->hide_token);
  else
    kl_chat_accounts_fail_store (&opening->waiter, error);

  sodium_memzero (opening->token, strlen (opening->token));
  g_free (opening->token);
  kl_store_user_unref (opening->user);
  g_object_unref (opening->accounts);
  g_free (opening);
}

void
kl_chat_accounts_open_session (KlChatAccounts *self, const KlChatAccountsWaiter *waiter, KlStoreUser *user,
                               const char *device, gboolean hide_token)
{
  g_autoptr (KlStoreSession) session = kl_store_session_new ();
  Opening *opening = g_new0 (Opening, 1);

  opening->accounts = g_object_ref (self);
  opening->waiter = *waiter;
  opening->user = kl_store_user_ref (user);
  opening->token = kl_id_new_token ();
  opening->hide_token = hide_token;

  session->id = kl_id_new_random ();
  session->user = g_strdup (user->id);
  session->device = g_strdup (device == NULL ? "" : device);
  session->created_at = session->last_seen_at = now_ms ();
  kl_chat_accounts_hash_token (opening->token, session->token_hash);
  kl_store_create_session_async (self->store, session, on_session_created, opening);
}

/* ── Whose token is this ── */

typedef struct
{
  KlChatAccounts *accounts;
  KlChatAuthenticated callback;
  gpointer user_data;
} Authentication;

static gboolean
is_alive (KlStoreSession *session)
{
  return session->last_seen_at > now_ms () - KL_LIMIT_SESSION_MS;
}

static void
on_session_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Authentication *authentication = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreSignedIn) who = kl_store_find_session_finish (KL_STORE (source), result, &error);
  KlErrorCode code = KL_ERROR_CODE_NONE;

  if (who == NULL && !g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      code = g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE) ? KL_ERROR_CODE_UNAVAILABLE
                                                                                 : KL_ERROR_CODE_INTERNAL;
      if (code == KL_ERROR_CODE_INTERNAL)
        g_warning ("accounts: %s", error->message);
    }
  else if (who == NULL || who->user->disabled || who->user->deleted || !is_alive (who->session)
           || g_hash_table_contains (authentication->accounts->ended, who->session->id))
    {
      code = KL_ERROR_CODE_UNAUTHORIZED;
      g_clear_pointer (&who, kl_store_signed_in_free);
    }
  else if (who->session->last_seen_at < now_ms () - TOUCH_INTERVAL_MS)
    kl_store_touch_session_async (KL_STORE (source), who->session->id, now_ms (), NULL, NULL);

  authentication->callback (who, code, authentication->user_data);
  g_object_unref (authentication->accounts);
  g_free (authentication);
}

void
kl_chat_accounts_authenticate (KlChatAccounts *self, const char *token, KlChatAuthenticated callback,
                               gpointer user_data)
{
  guint8 hash[KL_STORE_TOKEN_HASH_BYTES];
  Authentication *authentication = g_new0 (Authentication, 1);

  authentication->accounts = g_object_ref (self);
  authentication->callback = callback;
  authentication->user_data = user_data;
  kl_chat_accounts_hash_token (token, hash);
  kl_store_find_session_async (self->store, hash, on_session_found, authentication);
}

/* ── The list, and an end ── */

typedef struct
{
  KlChatAccounts *accounts;
  KlChatAccountsWaiter waiter;
  char *user;
  char *session; /* the current one, or the one to end */
} Operation;

static Operation *
begin_operation (KlChatAccounts *self, const char *user, const char *session, KlChatAccountsReply reply,
                 gpointer user_data)
{
  Operation *operation = g_new0 (Operation, 1);

  operation->accounts = g_object_ref (self);
  operation->waiter = (KlChatAccountsWaiter){ reply, user_data };
  operation->user = g_strdup (user);
  operation->session = g_strdup (session);
  return operation;
}

static void
end_operation (Operation *operation)
{
  g_free (operation->user);
  g_free (operation->session);
  g_object_unref (operation->accounts);
  g_free (operation);
}

static void
write_session (KlJsonWriter *writer, KlStoreSession *session, const char *current)
{
  kl_json_begin_object (writer);
  kl_json_member_string (writer, "id", session->id);
  kl_json_member_string (writer, "device", session->device == NULL ? "" : session->device);
  kl_json_member_int (writer, "created_at", session->created_at);
  kl_json_member_int (writer, "last_seen_at", session->last_seen_at);
  kl_json_member_bool (writer, "current", g_str_equal (session->id, current));
  kl_json_end_object (writer);
}

static void
on_sessions_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Operation *operation = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) sessions = kl_store_list_sessions_finish (KL_STORE (source), result, &error);

  if (sessions == NULL)
    kl_chat_accounts_fail_store (&operation->waiter, error);
  else
    {
      g_auto (KlJsonWriter) writer = { 0 };
      KlChatAccountsAnswer answer = { .code = KL_ERROR_CODE_NONE };

      kl_json_writer_init (&writer, 256);
      kl_json_begin_object (&writer);
      kl_json_key (&writer, "sessions");
      kl_json_begin_array (&writer);
      for (guint i = 0; i < sessions->len; i++)
        if (is_alive (sessions->pdata[i]))
          write_session (&writer, sessions->pdata[i], operation->session);
      kl_json_end_array (&writer);
      kl_json_end_object (&writer);

      g_autofree char *json = kl_json_writer_steal_string (&writer, &answer.length);
      answer.json = json;
      operation->waiter.func (&answer, operation->waiter.user_data);
    }
  end_operation (operation);
}

void
kl_chat_accounts_list_sessions (KlChatAccounts *self, KlStoreSignedIn *who, KlChatAccountsReply reply,
                                gpointer user_data)
{
  kl_store_list_sessions_async (self->store, who->user->id, on_sessions_listed,
                                begin_operation (self, who->user->id, who->session->id, reply, user_data));
}

void
kl_chat_accounts_session_ended (KlChatAccounts *self, const char *user, const char *session)
{
  g_hash_table_add (self->ended, g_strdup (session));
  kl_chat_end_sessions (self->chat, user, session, NULL);
}

static void
on_session_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Operation *operation = user_data;
  g_autoptr (GError) error = NULL;

  if (kl_store_end_session_finish (KL_STORE (source), result, &error))
    {
      kl_chat_accounts_session_ended (operation->accounts, operation->user, operation->session);
      kl_chat_accounts_answer_nothing (&operation->waiter);
    }
  else if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    kl_chat_accounts_fail (&operation->waiter, KL_ERROR_CODE_NOT_FOUND, "There is no such session.", NULL, 0);
  else
    kl_chat_accounts_fail_store (&operation->waiter, error);
  end_operation (operation);
}

void
kl_chat_accounts_end_session (KlChatAccounts *self, KlStoreSignedIn *who, const char *id, KlChatAccountsReply reply,
                              gpointer user_data)
{
  kl_store_end_session_async (self->store, who->user->id, id, on_session_ended,
                              begin_operation (self, who->user->id, id, reply, user_data));
}
