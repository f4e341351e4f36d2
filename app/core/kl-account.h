/* SPDX-License-Identifier: GPL-3.0-or-later
 * A person's account on a server as this computer knows it. Main thread.
 *
 * Properties (read only):
 *   id        string: the name of its folder below the data folder
 *   url       string: the server's
 *   user-id   string
 *   name      string: what one signs in with
 *   keep      KlKeep
 *   signed-in boolean: there is a token */
#pragma once

#include "app/core/kl-core-types.h"
#include <gio/gio.h>

G_BEGIN_DECLS

#define KL_TYPE_ACCOUNT (kl_account_get_type ())
G_DECLARE_FINAL_TYPE (KlAccount, kl_account, KL, ACCOUNT, GObject)

KlAccount *kl_account_new (const char *url, const char *user_id, const char *name, const char *token);

const char *kl_account_get_id (KlAccount *self);
const char *kl_account_get_url (KlAccount *self);
const char *kl_account_get_user_id (KlAccount *self);
const char *kl_account_get_name (KlAccount *self);
const char *kl_account_get_token (KlAccount *self);
KlKeep kl_account_get_keep (KlAccount *self);
gboolean kl_account_get_signed_in (KlAccount *self);

/* The accounts that are remembered between two starts: <data folder>/accounts.ini says which, the secret service (or
 * what the person chose instead) holds the token. */
#define KL_TYPE_ACCOUNTS (kl_accounts_get_type ())
G_DECLARE_FINAL_TYPE (KlAccounts, kl_accounts, KL, ACCOUNTS, GObject)

/* folder NULL: $XDG_DATA_HOME/klatch. It is made when needed, for the owner alone. */
KlAccounts *kl_accounts_new (const char *folder);
const char *kl_accounts_get_folder (KlAccounts *self);

/* The account used last, with its token where that can be had. NULL without an error: there is none yet. An account
 * without a token (KL_KEEP_NOWHERE, signed out, or revoked) is returned too: offer sign-in with its server and name
 * filled in. Errors: KL_CORE_ERROR_NO_SECRET_SERVICE (the token is there, but the service does not answer or stays
 * locked). */
void kl_accounts_restore_async (KlAccounts *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
KlAccount *kl_accounts_restore_finish (KlAccounts *self, GAsyncResult *result, GError **error);

/* The account that a restore which failed was about, so that sign-in can be filled in; or NULL. */
KlAccount *kl_accounts_dup_last (KlAccounts *self);

/* Remembers the account as the one used last. Try KL_KEEP_IN_SECRET_SERVICE first; on KL_CORE_ERROR_NO_SECRET_SERVICE
 * let the person choose one of the others and call again. The account can be used all the same meanwhile. */
void kl_accounts_keep_async (KlAccounts *self,
                             KlAccount *account,
                             KlKeep keep,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
gboolean kl_accounts_keep_finish (KlAccounts *self, GAsyncResult *result, GError **error);

/* Drops the token here (on the server: kl_session_sign_out_async()). Server and name stay remembered, and so do
 * drafts and unsent messages; the cached conversations are deleted if erase_cache. */
void kl_accounts_forget_async (KlAccounts *self,
                               KlAccount *account,
                               gboolean erase_cache,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean kl_accounts_forget_finish (KlAccounts *self, GAsyncResult *result, GError **error);

G_END_DECLS
