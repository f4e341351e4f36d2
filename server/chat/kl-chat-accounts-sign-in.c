/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POST sessions. Rates, then the name, then the password on another thread, then the session.
 *
 * Nothing tells an unknown name from a wrong password, time included. Failures are counted when they are known; a try
 * that was under way while the name's last failure was counted learns nothing, not even that it was right. */

#include "server/chat/kl-chat-accounts-private.h"

#include <sodium.h>

#define FAILURES_MESSAGE "Too many wrong passwords for this name; wait a little."

typedef struct
{
  KlChatAccounts *accounts;
  KlChatAccountsWaiter waiter;
  char *name;
  char *password;
  gsize password_length;
  char *device;
  gboolean hide_token;
  guint64 n_changes;
  KlStoreUser *user; /* whom the name belongs to; NULL: nobody */
} SignIn;

static void
end_sign_in (SignIn *sign_in)
{
  sodium_memzero (sign_in->password, sign_in->password_length);
  g_free (sign_in->password);
  g_free (sign_in->name);
  g_free (sign_in->device);
  g_clear_pointer (&sign_in->user, kl_store_user_unref);
  g_object_unref (sign_in->accounts);
  g_free (sign_in);
}

/* name, or name@domain where the domain is ours. NULL: somebody of elsewhere. */
static char *
take_local_name (KlChatAccounts *self, const char *name)
{
  const char *at = strchr (name, '@');

  if (at == NULL)
    return g_strdup (name);
  if (g_ascii_strcasecmp (at + 1, kl_chat_get_settings (self->chat)->domain) != 0)
    return NULL;
  return g_strndup (name, (gsize)(at - name));
}

static void
on_rehash_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) ended = kl_store_set_password_finish (KL_STORE (source), result, &error);

  /* The old hash goes on to serve; the next sign-in tries again. */
  if (ended == NULL)
    g_info ("accounts: a stronger hash was not stored: %s", error->message);
}

static void
let_in (SignIn *sign_in, const char *rehash)
{
  KlChatAccounts *self = sign_in->accounts;

  if (sign_in->user->disabled)
    {
      kl_chat_accounts_fail (&sign_in->waiter, KL_ERROR_CODE_FORBIDDEN, "This account is disabled.", NULL, 0);
      return;
    }
  /* The password was changed while the old one was looked at. */
  if (kl_chat_accounts_is_password_stale (self, sign_in->user->id, sign_in->n_changes))
    {
      kl_chat_accounts_fail (&sign_in->waiter, KL_ERROR_CODE_UNAVAILABLE, "The password is being changed; try again.",
                             NULL, KL_CHAT_ACCOUNTS_RETRY_MS);
      return;
    }
  if (rehash != NULL)
    kl_store_set_password_async (self->store, sign_in->user->id, rehash, FALSE, NULL, on_rehash_stored, NULL);
  kl_chat_accounts_open_session (self, &sign_in->waiter, sign_in->user, sign_in->device, sign_in->hide_token);
}

static void
on_password_verified (KlChatHasherResult result, const char *hash, gpointer user_data)
{
  SignIn *sign_in = user_data;
  KlChatAccounts *self = sign_in->accounts;
  gint64 now_ms = kl_chat_accounts_now_ms ();
  gint64 wait_ms = kl_chat_window_check (self->failures, sign_in->name, now_ms);

  if (result == KL_CHAT_HASHER_FAILED)
    kl_chat_accounts_fail_busy (&sign_in->waiter);
  else if (wait_ms > 0)
    kl_chat_accounts_fail (&sign_in->waiter, KL_ERROR_CODE_RATE_LIMITED, FAILURES_MESSAGE, NULL, wait_ms);
  else if (result == KL_CHAT_HASHER_DONE)
    let_in (sign_in, hash);
  else
    {
      kl_chat_window_add (self->failures, sign_in->name, now_ms);
      kl_chat_accounts_fail (&sign_in->waiter, KL_ERROR_CODE_UNAUTHORIZED, "Name and password do not go together.",
                             NULL, 0);
    }
  end_sign_in (sign_in);
}

static void
on_credentials (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SignIn *sign_in = user_data;
  KlChatAccounts *self = sign_in->accounts;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreCredentials) credentials = kl_store_get_credentials_finish (KL_STORE (source), result, &error);
  const char *hash = NULL;

  if (credentials == NULL && !g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      kl_chat_accounts_fail_store (&sign_in->waiter, error);
      end_sign_in (sign_in);
      return;
    }
  if (credentials != NULL && !credentials->user->deleted)
    {
      sign_in->user = kl_store_user_ref (credentials->user);
      hash = credentials->password_hash;
    }

  if (self->hasher == NULL
      || !kl_chat_hasher_verify (self->hasher, sign_in->password, sign_in->password_length, hash, on_password_verified,
                                 sign_in))
    {
      kl_chat_accounts_fail_busy (&sign_in->waiter);
      end_sign_in (sign_in);
    }
}

void
kl_chat_accounts_sign_in (KlChatAccounts *self, const KlChatCaller *caller, yyjson_val *body, gboolean hide_token,
                          KlChatAccountsReply reply, gpointer user_data)
{
  KlChatAccountsWaiter waiter = { reply, user_data };
  KlJsonFields fields;
  gsize password_length = 0;
  gint64 now_ms = kl_chat_accounts_now_ms ();

  kl_json_fields_init (&fields, body);
  const char *name = kl_json_fields_string (&fields, "name", KL_JSON_REQUIRED, 1, KL_LIMIT_ADDRESS_BYTES, NULL);
  const char *password
      = kl_json_fields_string (&fields, "password", KL_JSON_REQUIRED, 0, KL_LIMIT_PASSWORD_MAX_BYTES, &password_length);
  const char *device = kl_json_fields_text (&fields, "device", KL_JSON_OPTIONAL, KL_TEXT_DEVICE, NULL);
  if (fields.fault != NULL)
    {
      kl_chat_accounts_fail_fields (&waiter, &fields);
      return;
    }

  gint64 wait_ms = kl_chat_window_take (self->addresses, caller->key, now_ms);
  if (wait_ms > 0)
    {
      kl_chat_accounts_fail (&waiter, KL_ERROR_CODE_RATE_LIMITED, "Too many tries from here; wait a little.", NULL,
                             wait_ms);
      return;
    }

  g_autofree char *local_name = take_local_name (self, name);
  const char *counted_name = local_name != NULL ? local_name : name;
  wait_ms = kl_chat_window_check (self->failures, counted_name, now_ms);
  if (wait_ms > 0)
    {
      kl_chat_accounts_fail (&waiter, KL_ERROR_CODE_RATE_LIMITED, FAILURES_MESSAGE, NULL, wait_ms);
      return;
    }

  SignIn *sign_in = g_new0 (SignIn, 1);
  sign_in->accounts = g_object_ref (self);
  sign_in->waiter = waiter;
  sign_in->name = g_strdup (counted_name);
  sign_in->password = g_strndup (password, password_length);
  sign_in->password_length = password_length;
  sign_in->device = g_strdup (device);
  sign_in->hide_token = hide_token;
  sign_in->n_changes = self->n_changes;
  kl_store_get_credentials_async (self->store, counted_name, on_credentials, sign_in);
}
