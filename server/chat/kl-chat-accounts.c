/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The object itself, its start and end, and what all operations answer with. Operations are in files of their own: each
 * keeps a reference to the object until its one answer. */

#include "server/chat/kl-chat-accounts-private.h"

#include <sodium.h>

#include "protocol/kl-id.h"

#define STALE_INTERVAL_S (6 * 60 * 60)

G_DEFINE_FINAL_TYPE (KlChatAccounts, kl_chat_accounts, G_TYPE_OBJECT)

void
kl_chat_accounts_settings_init (KlChatAccountsSettings *self)
{
  *self = (KlChatAccountsSettings){
    .policy = KL_CHAT_POLICY_OPEN,
    .argon2_memory_kib = 19456,
    .argon2_passes = 2,
    .sign_ins_per_minute = KL_LIMIT_SIGN_INS_PER_MINUTE,
    .failures_per_minute = KL_LIMIT_FAILURES_PER_MINUTE,
  };
}

gint64
kl_chat_accounts_now_ms (void)
{
  return g_get_monotonic_time () / G_TIME_SPAN_MILLISECOND;
}

/* ── Answers ── */

void
kl_chat_accounts_fail (const KlChatAccountsWaiter *waiter, KlErrorCode code, const char *message, const char *field,
                       gint64 retry_after_ms)
{
  g_auto (KlJsonWriter) writer = { 0 };
  KlChatAccountsAnswer answer = { .code = code, .retry_after_ms = retry_after_ms };

  kl_json_writer_init (&writer, 128);
  kl_json_begin_object (&writer);
  kl_json_key (&writer, "error");
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "code", kl_error_code_to_string (code));
  kl_json_member_string (&writer, "message", message);
  kl_json_member_string_or_nothing (&writer, "field", field);
  if (retry_after_ms > 0)
    kl_json_member_int (&writer, "retry_after_ms", retry_after_ms);
  kl_json_end_object (&writer);
  kl_json_end_object (&writer);

  g_autofree char *json = kl_json_writer_steal_string (&writer, &answer.length);
  answer.json = json;
  waiter->func (&answer, waiter->user_data);
}

void
kl_chat_accounts_fail_fields (const KlChatAccountsWaiter *waiter, const KlJsonFields *fields)
{
  g_autofree char *message = fields->fault_field == NULL
                                 ? g_strdup (fields->fault)
                                 : g_strdup_printf ("%s %s", fields->fault_field, fields->fault);

  kl_chat_accounts_fail (waiter, KL_ERROR_CODE_BAD_REQUEST, message, fields->fault_field, 0);
}

void
kl_chat_accounts_fail_store (const KlChatAccountsWaiter *waiter, const GError *error)
{
  if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE))
    {
      kl_chat_accounts_fail (waiter, KL_ERROR_CODE_UNAVAILABLE, "The server cannot store anything just now.", NULL,
                             KL_CHAT_ACCOUNTS_RETRY_MS);
      return;
    }
  g_warning ("accounts: %s", error->message);
  kl_chat_accounts_fail (waiter, KL_ERROR_CODE_INTERNAL, "Something is wrong with the server.", NULL, 0);
}

void
kl_chat_accounts_fail_busy (const KlChatAccountsWaiter *waiter)
{
  kl_chat_accounts_fail (waiter, KL_ERROR_CODE_UNAVAILABLE, "Too many people are signing in just now.", NULL,
                         KL_CHAT_ACCOUNTS_RETRY_MS);
}

void
kl_chat_accounts_answer_nothing (const KlChatAccountsWaiter *waiter)
{
  KlChatAccountsAnswer answer = { .code = KL_ERROR_CODE_NONE };

  waiter->func (&answer, waiter->user_data);
}

void
kl_chat_accounts_answer_user (KlChatAccounts *self, const KlChatAccountsWaiter *waiter, KlStoreUser *user,
                              const char *token, gboolean hide_token)
{
  g_auto (KlJsonWriter) writer = { 0 };
  KlChatAccountsAnswer answer = { .code = KL_ERROR_CODE_NONE, .token = token };
  gsize user_length = 0;
  g_autofree char *user_json = kl_chat_own_user_json (self->chat, user, &user_length);

  kl_json_writer_init (&writer, user_length + 128);
  kl_json_begin_object (&writer);
  kl_json_member_raw (&writer, "user", user_json, (gssize)user_length);
  if (!hide_token)
    kl_json_member_string_or_nothing (&writer, "token", token);
  kl_json_end_object (&writer);

  g_autofree char *json = kl_json_writer_steal_string (&writer, &answer.length);
  answer.json = json;
  waiter->func (&answer, waiter->user_data);
}

/* ── Start and end ── */

static gboolean
on_stale_tick (gpointer data)
{
  KlChatAccounts *self = data;

  g_hash_table_remove_all (self->ended);
  kl_store_end_stale_sessions_async (self->store, g_get_real_time () / 1000 - KL_LIMIT_SESSION_MS, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

/* The same on all nodes of a cluster, whichever of them is asked: of the store's epoch, which nobody knows who has no
 * account. */
static char *
make_setup_code (const char *epoch)
{
  static const char purpose[] = "klatch set-up code\n";
  guint8 hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_state state;
  char *code = g_malloc (KL_CODE_CHARS + 1);

  crypto_hash_sha256_init (&state);
  crypto_hash_sha256_update (&state, (const guint8 *)purpose, strlen (purpose));
  crypto_hash_sha256_update (&state, (const guint8 *)epoch, strlen (epoch));
  crypto_hash_sha256_final (&state, hash);
  kl_id_encode (hash, 16, code);
  return code;
}

static void
on_users_counted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  KlChatAccounts *self = g_task_get_source_object (task);
  gint64 n_users = kl_store_count_users_finish (KL_STORE (source), result, &error);

  if (n_users < 0)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  if (n_users == 0)
    self->setup_code = make_setup_code (kl_store_get_epoch (self->store));
  self->started = TRUE;
  self->stale_source = g_timeout_add_seconds (STALE_INTERVAL_S, on_stale_tick, self);
  on_stale_tick (self);
  g_task_return_boolean (task, TRUE);
}

void
kl_chat_accounts_start_async (KlChatAccounts *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_CHAT_ACCOUNTS (self));

  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, kl_chat_accounts_start_async);
  kl_store_count_users_async (self->store, on_users_counted, g_steal_pointer (&task));
}

gboolean
kl_chat_accounts_start_finish (KlChatAccounts *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

guint
kl_chat_accounts_get_n_pending (KlChatAccounts *self)
{
  return self->hasher ? kl_chat_hasher_get_n_pending (self->hasher) : 0;
}

const char *
kl_chat_accounts_get_setup_code (KlChatAccounts *self)
{
  return self->setup_code;
}

KlChat *
kl_chat_accounts_get_chat (KlChatAccounts *self)
{
  return self->chat;
}

void
kl_chat_accounts_stop (KlChatAccounts *self)
{
  KlChatHasher *hasher = g_steal_pointer (&self->hasher);

  kl_chat_hasher_free (hasher);
  g_clear_handle_id (&self->stale_source, g_source_remove);
}

static void
kl_chat_accounts_dispose (GObject *object)
{
  KlChatAccounts *self = KL_CHAT_ACCOUNTS (object);

  kl_chat_accounts_stop (self);
  g_clear_object (&self->chat);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (kl_chat_accounts_parent_class)->dispose (object);
}

static void
kl_chat_accounts_finalize (GObject *object)
{
  KlChatAccounts *self = KL_CHAT_ACCOUNTS (object);

  g_clear_pointer (&self->addresses, kl_chat_window_free);
  g_clear_pointer (&self->failures, kl_chat_window_free);
  g_clear_pointer (&self->changed, g_hash_table_unref);
  g_clear_pointer (&self->changing, g_hash_table_unref);
  g_clear_pointer (&self->ended, g_hash_table_unref);
  g_free (self->setup_code);
  G_OBJECT_CLASS (kl_chat_accounts_parent_class)->finalize (object);
}

static void
kl_chat_accounts_class_init (KlChatAccountsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_chat_accounts_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_chat_accounts_finalize;
}

static void
kl_chat_accounts_init (KlChatAccounts *self)
{
  self->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->changing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->ended = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

KlChatAccounts *
kl_chat_accounts_new (KlChat *chat, const KlChatAccountsSettings *settings)
{
  KlChatAccounts *self = g_object_new (KL_TYPE_CHAT_ACCOUNTS, NULL);

  self->chat = g_object_ref (chat);
  self->store = g_object_ref (kl_chat_get_store (chat));
  self->settings = *settings;
  self->hasher = kl_chat_hasher_new (settings->argon2_memory_kib, settings->argon2_passes);
  self->addresses = kl_chat_window_new (settings->sign_ins_per_minute);
  self->failures = kl_chat_window_new (settings->failures_per_minute);
  return self;
}

gboolean
kl_chat_accounts_take_look (KlChatAccounts *self, const KlChatCaller *caller, gint64 *retry_after_ms)
{
  *retry_after_ms = kl_chat_window_take (self->addresses, caller->key, kl_chat_accounts_now_ms ());
  return *retry_after_ms == 0;
}
