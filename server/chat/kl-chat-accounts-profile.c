/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person may change of himself: profile and password.
 *
 * While a new password is on its way into the store, the person's old one opens nothing, and a stronger hash of the old
 * one that a sign-in made meanwhile is not stored: see on_password_verified() in kl-chat-accounts-sign-in.c. */

#include "server/chat/kl-chat-accounts-private.h"

#include <sodium.h>

void
kl_chat_accounts_get_me (KlChatAccounts *self, KlStoreSignedIn *who, KlChatAccountsReply reply, gpointer user_data)
{
  KlChatAccountsWaiter waiter = { reply, user_data };

  kl_chat_accounts_answer_user (self, &waiter, who->user, NULL, TRUE);
}

/* ── Profile ── */

typedef struct
{
  KlChatAccounts *accounts;
  KlChatAccountsWaiter waiter;
} Update;

static void
on_user_updated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Update *update = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreUser) user = kl_store_update_user_finish (KL_STORE (source), result, &error);

  if (user != NULL)
    {
      kl_chat_user_changed (update->accounts->chat, user);
      kl_chat_accounts_answer_user (update->accounts, &update->waiter, user, NULL, TRUE);
    }
  else
    kl_chat_accounts_fail_store (&update->waiter, error);
  g_object_unref (update->accounts);
  g_free (update);
}

static KlUserFields
take_changes (KlStoreUser *user, KlJsonFields *fields)
{
  KlUserFields changes = 0;
  const char *display_name = kl_json_fields_text (fields, "display_name", KL_JSON_OPTIONAL, KL_TEXT_DISPLAY_NAME, NULL);
  gboolean read_receipts = kl_json_fields_bool (fields, "read_receipts", KL_JSON_OPTIONAL, user->read_receipts);

  if (display_name != NULL && g_set_str (&user->display_name, display_name))
    changes |= KL_USER_DISPLAY_NAME;
  if (read_receipts != user->read_receipts)
    {
      user->read_receipts = read_receipts;
      changes |= KL_USER_READ_RECEIPTS;
    }
  if (kl_json_fields_is_null (fields, "avatar") && g_set_str (&user->avatar, NULL))
    changes |= KL_USER_AVATAR;
  return changes;
}

void
kl_chat_accounts_update_me (KlChatAccounts *self, KlStoreSignedIn *who, yyjson_val *body, KlChatAccountsReply reply,
                            gpointer user_data)
{
  KlChatAccountsWaiter waiter = { reply, user_data };
  g_autoptr (KlStoreUser) user = kl_store_user_copy (who->user);
  KlJsonFields fields;

  kl_json_fields_init (&fields, body);
  KlUserFields changes = take_changes (user, &fields);
  const char *avatar = kl_json_fields_id (&fields, "avatar", KL_JSON_OPTIONAL);

  if (fields.fault != NULL)
    kl_chat_accounts_fail_fields (&waiter, &fields);
  else if (avatar != NULL)
    kl_chat_accounts_fail (&waiter, KL_ERROR_CODE_NOT_FOUND, "There is no such picture.", "avatar", 0);
  else if (changes == 0)
    kl_chat_accounts_answer_user (self, &waiter, who->user, NULL, TRUE);
  else
    {
      Update *update = g_new0 (Update, 1);

      update->accounts = g_object_ref (self);
      update->waiter = waiter;
      user->updated_at = MAX (g_get_real_time () / 1000, who->user->updated_at + 1);
      kl_store_update_user_async (self->store, user, changes, on_user_updated, update);
    }
}

/* ── Password ── */

gboolean
kl_chat_accounts_is_password_stale (KlChatAccounts *self, const char *user, guint64 since)
{
  guint64 *changed = g_hash_table_lookup (self->changed, user);

  return g_hash_table_contains (self->changing, user) || (changed != NULL && *changed > since);
}

typedef struct
{
  KlChatAccounts *accounts;
  KlChatAccountsWaiter waiter;
  char *user;
  char *name;
  char *session;
  char *old;
  gsize old_length;
  char *new;
  gsize new_length;
  guint64 n_changes;
} Change;

static void
end_change (Change *change)
{
  sodium_memzero (change->old, change->old_length);
  sodium_memzero (change->new, change->new_length);
  g_free (change->old);
  g_free (change->new);
  g_free (change->user);
  g_free (change->name);
  g_free (change->session);
  g_object_unref (change->accounts);
  g_free (change);
}

static void
on_password_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Change *change = user_data;
  KlChatAccounts *self = change->accounts;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) ended = kl_store_set_password_finish (KL_STORE (source), result, &error);

  g_hash_table_remove (self->changing, change->user);
  if (ended != NULL)
    {
      guint64 number = ++self->n_changes;

      g_hash_table_insert (self->changed, g_strdup (change->user), g_memdup2 (&number, sizeof number));
      for (guint i = 0; i < ended->len; i++)
        kl_chat_accounts_session_ended (self, change->user, ended->pdata[i]);
      kl_chat_accounts_answer_nothing (&change->waiter);
    }
  else
    kl_chat_accounts_fail_store (&change->waiter, error);
  end_change (change);
}

static void
on_new_hashed (KlChatHasherResult result, const char *hash, gpointer user_data)
{
  Change *change = user_data;
  KlChatAccounts *self = change->accounts;

  if (result != KL_CHAT_HASHER_DONE)
    {
      kl_chat_accounts_fail_busy (&change->waiter);
      end_change (change);
      return;
    }
  /* Another device was faster: what was proved with the old password is void. */
  if (kl_chat_accounts_is_password_stale (self, change->user, change->n_changes))
    {
      kl_chat_accounts_fail (&change->waiter, KL_ERROR_CODE_UNAVAILABLE, "The password is being changed; try again.",
                             NULL, KL_CHAT_ACCOUNTS_RETRY_MS);
      end_change (change);
      return;
    }
  g_hash_table_add (self->changing, g_strdup (change->user));
  kl_store_set_password_async (self->store, change->user, hash, TRUE, change->session, on_password_set, change);
}

static void
on_old_verified (KlChatHasherResult result, const char *unused_hash, gpointer user_data)
{
  Change *change = user_data;
  KlChatAccounts *self = change->accounts;
  gint64 now_ms = kl_chat_accounts_now_ms ();
  gint64 wait_ms = kl_chat_window_check (self->failures, change->name, now_ms);

  if (wait_ms > 0)
    kl_chat_accounts_fail (&change->waiter, KL_ERROR_CODE_RATE_LIMITED, "Too many wrong passwords; wait a little.",
                           NULL, wait_ms);
  else if (result == KL_CHAT_HASHER_WRONG)
    {
      kl_chat_window_add (self->failures, change->name, now_ms);
      kl_chat_accounts_fail (&change->waiter, KL_ERROR_CODE_FORBIDDEN, "This is not the password.", "old", 0);
    }
  else if (result == KL_CHAT_HASHER_DONE && self->hasher != NULL
           && kl_chat_hasher_hash (self->hasher, change->new, change->new_length, on_new_hashed, change))
    return;
  else
    kl_chat_accounts_fail_busy (&change->waiter);
  end_change (change);
}

static void
on_credentials (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Change *change = user_data;
  KlChatHasher *hasher = change->accounts->hasher;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreCredentials) credentials = kl_store_get_credentials_finish (KL_STORE (source), result, &error);

  if (credentials == NULL)
    kl_chat_accounts_fail_store (&change->waiter, error);
  else if (hasher != NULL
           && kl_chat_hasher_verify (hasher, change->old, change->old_length, credentials->password_hash,
                                     on_old_verified, change))
    return;
  else
    kl_chat_accounts_fail_busy (&change->waiter);
  end_change (change);
}

void
kl_chat_accounts_change_password (KlChatAccounts *self, KlStoreSignedIn *who, yyjson_val *body,
                                  KlChatAccountsReply reply, gpointer user_data)
{
  KlChatAccountsWaiter waiter = { reply, user_data };
  KlJsonFields fields;
  gsize old_length = 0;
  gsize new_length = 0;

  kl_json_fields_init (&fields, body);
  const char *old
      = kl_json_fields_string (&fields, "old", KL_JSON_REQUIRED, 0, KL_LIMIT_PASSWORD_MAX_BYTES, &old_length);
  const char *new = kl_json_fields_string (&fields, "new", KL_JSON_REQUIRED, KL_LIMIT_PASSWORD_MIN_BYTES,
                                           KL_LIMIT_PASSWORD_MAX_BYTES, &new_length);
  if (fields.fault != NULL)
    {
      kl_chat_accounts_fail_fields (&waiter, &fields);
      return;
    }

  gint64 wait_ms = kl_chat_window_check (self->failures, who->user->name, kl_chat_accounts_now_ms ());
  if (wait_ms > 0)
    {
      kl_chat_accounts_fail (&waiter, KL_ERROR_CODE_RATE_LIMITED, "Too many wrong passwords; wait a little.", NULL,
                             wait_ms);
      return;
    }

  Change *change = g_new0 (Change, 1);
  change->accounts = g_object_ref (self);
  change->waiter = waiter;
  change->user = g_strdup (who->user->id);
  change->name = g_strdup (who->user->name);
  change->session = g_strdup (who->session->id);
  change->old = g_strndup (old, old_length);
  change->old_length = old_length;
  change->new = g_strndup (new, new_length);
  change->new_length = new_length;
  change->n_changes = self->n_changes;
  kl_store_get_credentials_async (self->store, who->user->name, on_credentials, change);
}
