/* SPDX-License-Identifier: GPL-3.0-or-later */
/* klatch-demo-sign-in URL NAME PASSWORD: signs in as the client would, so that the client which is started next on the
 * same XDG_DATA_HOME opens at once. The key lies in a file there: a demonstration leaves nothing in a keyring. */

#include "app/core/kl-core.h"

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (!*result)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

int
main (int argc, char **argv)
{
  g_autoptr (KlAccounts) accounts = kl_accounts_new (NULL);
  g_autoptr (KlAccount) account = NULL;
  g_autoptr (GAsyncResult) found = NULL;
  g_autoptr (GAsyncResult) signed_in = NULL;
  g_autoptr (GAsyncResult) kept = NULL;
  g_autoptr (GError) error = NULL;

  if (argc != 4)
    {
      g_printerr ("Usage: klatch-demo-sign-in URL NAME PASSWORD\n");
      return 2;
    }
  kl_server_find_async (argv[1], NULL, on_done, &found);
  g_autoptr (KlServer) server = kl_server_find_finish (wait_for (&found), &error);
  if (server)
    {
      kl_server_sign_in_async (server, argv[2], argv[3], NULL, on_done, &signed_in);
      account = kl_server_sign_in_finish (server, wait_for (&signed_in), &error);
    }
  if (account)
    {
      kl_accounts_keep_async (accounts, account, KL_KEEP_IN_FILE, NULL, on_done, &kept);
      kl_accounts_keep_finish (accounts, wait_for (&kept), &error);
    }
  if (error)
    g_printerr ("klatch-demo-sign-in: %s\n", error->message);
  return error ? 1 : 0;
}
