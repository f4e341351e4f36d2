/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server with a certificate: not believed while nobody vouches for it, and as good as any then. */
#include "tests/app/core/kl-fake-server.h"
#include "tests/app/core/kl-live.h"
#include "tests/kit/kl-test.h"

static void
trust (const char *certificate)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (certificate, &error);

  g_assert_no_error (error);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
}

static void
assert_untrusted (KlLiveServer *live)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_server_find_async (live->url, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_null (kl_server_find_finish (result, &error));
  g_assert_error (error, KL_CORE_ERROR, KL_CORE_ERROR_UNTRUSTED);
}

/* The order matters: whom GLib has once believed it goes on believing. */
static void
test_stranger_then_friend (void)
{
  const char *certificate = g_getenv ("KLATCH_TEST_CERTIFICATE"), *key = g_getenv ("KLATCH_TEST_KEY");

  if (certificate == NULL || key == NULL)
    {
      g_test_skip ("no certificate");
      return;
    }

  g_autofree char *certificate_setting = g_strdup_printf ("KLATCH_TLS_CERTIFICATE=%s", certificate);
  g_autofree char *key_setting = g_strdup_printf ("KLATCH_TLS_KEY=%s", key);
  const char *const settings[] = { certificate_setting, key_setting, NULL };
  KlLiveServer *live = kl_live_server_new (settings);
  g_autofree char *folder = kl_test_dir_new (), *folder_b = kl_test_dir_new ();

  g_assert_true (g_str_has_prefix (live->url, "https://"));
  assert_untrusted (live);

  trust (certificate);
  KlAccount *aroha = kl_live_register (live, "aroha"), *ben = kl_live_register (live, "ben");
  KlSession *a = kl_live_session (aroha, folder), *b = kl_live_session (ben, folder_b);
  KlGroup *group = kl_live_create (a, "Tea", KL_VISIBILITY_PUBLIC);
  KlGroup *joined = kl_live_join (b, group);

  kl_live_send (a, group, "over the wire");
  kl_test_wait_until (kl_group_get_last_message (joined) != NULL
                      && g_strcmp0 (kl_message_get_body (kl_group_get_last_message (joined)), "over the wire") == 0);
  /* A new one after a restart, on a connection that comes back by itself. */
  kl_live_server_kill (live);
  kl_live_await_state (b, KL_CONNECTION_STATE_WAITING);
  kl_live_server_start (live);
  kl_live_await_state (b, KL_CONNECTION_STATE_ONLINE);

  kl_live_session_end (a);
  kl_live_session_end (b);
  kl_test_finalize (aroha);
  kl_test_finalize (ben);
  kl_live_server_free (live);
  kl_test_dir_remove (folder);
  kl_test_dir_remove (folder_b);
}

int
main (int argc, char **argv)
{
  kl_fake_server_init (&argc, &argv);
  g_test_add_func ("/live/tls", test_stranger_then_friend);
  return g_test_run ();
}
