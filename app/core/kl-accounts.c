/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which accounts there are, and where their tokens lie.
 *
 * accounts.ini: [klatch] last=ID, and for each account [ID] url, user, name, keep. The files are a few hundred bytes,
 * written at sign-in and sign-out only, so that this happens on the main thread. */
#include "app/core/kl-account-private.h"
#include "protocol/kl-id.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <libsecret/secret.h>
#include <string.h>

#define TOP_SECTION "klatch"
#define TOKEN_FILE "token"

static const SecretSchema schema = {
  "chat.klatch.Klatch.Session",
  SECRET_SCHEMA_NONE,
  { { "account", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
};

static const char *const keep_words[] = { "secret-service", "file", "nowhere" };

struct _KlAccounts
{
  GObject parent_instance;

  char *folder;
  KlAccount *last;
};

G_DEFINE_FINAL_TYPE (KlAccounts, kl_accounts, G_TYPE_OBJECT)

static char *
index_path (KlAccounts *self)
{
  return g_build_filename (self->folder, "accounts.ini", NULL);
}

static char *
token_path (KlAccounts *self, KlAccount *account)
{
  return g_build_filename (self->folder, kl_account_get_id (account), TOKEN_FILE, NULL);
}

static gboolean
save_private (const char *path, const char *text, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) local = NULL;

  g_mkdir_with_parents (folder, 0700);
  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &local))
    return TRUE;
  g_set_error (error, KL_CORE_ERROR, KL_CORE_ERROR_STORAGE, "%s", local->message);
  return FALSE;
}

static gboolean
save_index (KlAccounts *self, KlAccount *account, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = index_path (self);
  const char *id = kl_account_get_id (account);

  g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL);
  g_key_file_set_string (file, TOP_SECTION, "last", id);
  g_key_file_set_string (file, id, "url", kl_account_get_url (account));
  g_key_file_set_string (file, id, "user", kl_account_get_user_id (account));
  g_key_file_set_string (file, id, "name", kl_account_get_name (account));
  g_key_file_set_string (file, id, "keep", keep_words[kl_account_get_keep (account)]);
  g_autofree char *text = g_key_file_to_data (file, NULL, NULL);
  return save_private (path, text, error);
}

static KlAccount *
load_last (KlAccounts *self)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = index_path (self);

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return NULL;
  g_autofree char *id = g_key_file_get_string (file, TOP_SECTION, "last", NULL);
  if (id == NULL)
    return NULL;
  g_autofree char *url = g_key_file_get_string (file, id, "url", NULL);
  g_autofree char *user = g_key_file_get_string (file, id, "user", NULL);
  g_autofree char *name = g_key_file_get_string (file, id, "name", NULL);
  g_autofree char *keep = g_key_file_get_string (file, id, "keep", NULL);
  if (url == NULL || user == NULL || name == NULL || !kl_id_is_valid (user))
    return NULL;
  KlAccount *account = kl_account_new (url, user, name, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (keep_words); i++)
    if (g_strcmp0 (keep, keep_words[i]) == 0)
      kl_account_set_keep (account, (KlKeep) i);
  return account;
}

static GError *
secret_error (GError *error)
{
  GError *ours = g_error_new (KL_CORE_ERROR, KL_CORE_ERROR_NO_SECRET_SERVICE, "%s", error->message);

  g_error_free (error);
  return ours;
}

/* ── Restore ── */

static void
on_token_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KlAccount *account = g_task_get_task_data (task);
  GError *error = NULL;
  char *token = secret_password_lookup_finish (result, &error);

  if (error != NULL)
    {
      g_task_return_error (task, secret_error (error));
      return;
    }
  kl_account_set_token (account, token);
  secret_password_free (token);
  g_task_return_pointer (task, g_object_ref (account), g_object_unref);
}

void
kl_accounts_restore_async (KlAccounts *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (KL_IS_ACCOUNTS (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kl_accounts_restore_async);
  g_autoptr (KlAccount) account = load_last (self);
  g_set_object (&self->last, account);
  if (account == NULL)
    {
      g_task_return_pointer (task, NULL, NULL);
      return;
    }
  if (kl_account_get_keep (account) == KL_KEEP_IN_SECRET_SERVICE)
    {
      g_task_set_task_data (task, g_object_ref (account), g_object_unref);
      secret_password_lookup (&schema, cancellable, on_token_found, g_steal_pointer (&task), "account",
                              kl_account_get_id (account), NULL);
      return;
    }
  if (kl_account_get_keep (account) == KL_KEEP_IN_FILE)
    {
      g_autofree char *path = token_path (self, account);
      g_autofree char *token = NULL;
      if (g_file_get_contents (path, &token, NULL, NULL) && g_strstrip (token)[0] != '\0')
        kl_account_set_token (account, token);
    }
  g_task_return_pointer (task, g_steal_pointer (&account), g_object_unref);
}

KlAccount *
kl_accounts_restore_finish (KlAccounts *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

KlAccount *
kl_accounts_dup_last (KlAccounts *self)
{
  g_return_val_if_fail (KL_IS_ACCOUNTS (self), NULL);
  return self->last != NULL ? g_object_ref (self->last) : NULL;
}

/* ── Keep ── */

static void
on_token_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KlAccounts *self = g_task_get_source_object (task);
  KlAccount *account = g_task_get_task_data (task);
  GError *error = NULL;

  if (!secret_password_store_finish (result, &error))
    {
      g_task_return_error (task, secret_error (error));
      return;
    }
  kl_account_set_keep (account, KL_KEEP_IN_SECRET_SERVICE);
  g_autofree char *path = token_path (self, account);
  g_unlink (path);
  if (save_index (self, account, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
kl_accounts_keep_async (KlAccounts *self, KlAccount *account, KlKeep keep, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_ACCOUNTS (self));
  g_return_if_fail (KL_IS_ACCOUNT (account));
  g_return_if_fail (kl_account_get_token (account) != NULL);

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kl_accounts_keep_async);
  g_set_object (&self->last, account);
  if (keep == KL_KEEP_IN_SECRET_SERVICE)
    {
      g_autofree char *label
          = g_strdup_printf ("Klatch: %s, %s", kl_account_get_name (account), kl_account_get_url (account));
      g_task_set_task_data (task, g_object_ref (account), g_object_unref);
      secret_password_store (&schema, SECRET_COLLECTION_DEFAULT, label, kl_account_get_token (account), cancellable,
                             on_token_stored, g_steal_pointer (&task), "account", kl_account_get_id (account), NULL);
      return;
    }
  GError *error = NULL;
  g_autofree char *path = token_path (self, account);
  gboolean ok = TRUE;
  if (keep == KL_KEEP_IN_FILE)
    ok = save_private (path, kl_account_get_token (account), &error);
  else
    g_unlink (path);
  kl_account_set_keep (account, keep);
  if (ok && save_index (self, account, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

gboolean
kl_accounts_keep_finish (KlAccounts *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ── Forget ── */

static void
on_token_cleared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  secret_password_clear_finish (result, &error);
  if (error != NULL)
    g_task_return_error (task, secret_error (error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
erase_cache_of (KlAccounts *self, KlAccount *account)
{
  const char *names[] = { "cache.db", "cache.db-wal", "cache.db-shm" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (self->folder, kl_account_get_id (account), names[i], NULL);
      g_unlink (path);
    }
}

void
kl_accounts_forget_async (KlAccounts *self, KlAccount *account, gboolean erase_cache, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_ACCOUNTS (self));
  g_return_if_fail (KL_IS_ACCOUNT (account));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kl_accounts_forget_async);
  g_autofree char *path = token_path (self, account);
  g_unlink (path);
  if (erase_cache)
    erase_cache_of (self, account);
  kl_account_set_token (account, NULL);
  if (kl_account_get_keep (account) != KL_KEEP_IN_SECRET_SERVICE)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  secret_password_clear (&schema, cancellable, on_token_cleared, g_steal_pointer (&task), "account",
                         kl_account_get_id (account), NULL);
}

gboolean
kl_accounts_forget_finish (KlAccounts *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ── Object ── */

static void
kl_accounts_finalize (GObject *object)
{
  KlAccounts *self = KL_ACCOUNTS (object);

  g_free (self->folder);
  g_clear_object (&self->last);
  G_OBJECT_CLASS (kl_accounts_parent_class)->finalize (object);
}

static void
kl_accounts_class_init (KlAccountsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_accounts_finalize;
}

static void
kl_accounts_init (KlAccounts *self)
{
}

KlAccounts *
kl_accounts_new (const char *folder)
{
  KlAccounts *self = g_object_new (KL_TYPE_ACCOUNTS, NULL);

  self->folder = folder != NULL ? g_strdup (folder) : g_build_filename (g_get_user_data_dir (), "klatch", NULL);
  return self;
}

const char *
kl_accounts_get_folder (KlAccounts *self)
{
  g_return_val_if_fail (KL_IS_ACCOUNTS (self), NULL);
  return self->folder;
}
