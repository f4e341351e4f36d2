/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ways to a Redis, the right ones and the wrong ones: passwords, rights, databases, Unix sockets, TLS. */
#include <string.h>

#include "tests/server/bus/kl-bus-contract.h"
#include "tests/server/bus/kl-bus-kit.h"

static void
test_password (void)
{
  g_autoptr (KlTestValkey) valkey = kl_test_valkey_new (KL_TEST_VALKEY_PASSWORD);
  g_autofree char *wrong = g_strdup_printf ("redis://:wrong@127.0.0.1:%u", kl_test_valkey_get_port (valkey));
  g_autofree char *none = g_strdup_printf ("redis://127.0.0.1:%u", kl_test_valkey_get_port (valkey));
  g_autofree char *user = g_strdup_printf ("redis://klatch:pw@127.0.0.1:%u/3", kl_test_valkey_get_port (valkey));
  KlBusKitNode *node = kl_bus_kit_node_ready (kl_test_valkey_get_uri (valkey), NULL);

  kl_bus_kit_node_free (node);
  kl_bus_kit_assert_log ("The bus is there: redis://127.0.0.1:*", NULL);

  node = kl_bus_kit_node_new (wrong, NULL);
  kl_bus_kit_wait_reason (node, "it refuses the password");
  kl_bus_kit_spin_tries ();
  kl_bus_kit_assert_log ("The bus is not there: redis://127.0.0.1:*: it refuses the password. *", NULL);
  g_free (kl_test_valkey_ask (valkey, "CONFIG", "SET", "requirepass", "wrong", NULL));
  kl_bus_kit_wait_ready (node);
  kl_bus_kit_assert_log ("The bus is there: *", NULL);
  kl_bus_kit_node_free (node);

  node = kl_bus_kit_node_new (none, NULL);
  kl_bus_kit_wait_reason (node, "it asks for a password");
  kl_bus_kit_node_free (node);
  kl_bus_kit_assert_log ("The bus is not there: *: it asks for a password. *", NULL);
  kl_test_valkey_free (g_steal_pointer (&valkey));

  valkey = kl_test_valkey_new (KL_TEST_VALKEY_PLAIN);
  g_free (user);
  user = g_strdup_printf ("redis://klatch:pw@127.0.0.1:%u/3", kl_test_valkey_get_port (valkey));
  node = kl_bus_kit_node_new (user, NULL);
  kl_bus_kit_wait_reason (node, "it refuses the password");
  g_free (kl_test_valkey_ask (valkey, "ACL", "SETUSER", "klatch", "on", ">pw", "~klatch:*", "&klatch:*", "+@connection",
                              "+@pubsub", "+@hash", "+@keyspace", "+@scripting", NULL));
  kl_bus_kit_wait_ready (node);
  /* These rights are enough for all it does. */
  kl_bus_contract_fill (node->bus, 5, 1, 5);
  kl_bus_kit_publish (node, "g", 5, 6);
  kl_bus_contract_assert_cached (node->bus, "6: 1+6");
  kl_bus_cache_drop (node->bus, "g");
  kl_bus_contract_assert_cached (node->bus, "-");
  kl_bus_kit_set (node, "u", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_spin (700);
  g_assert_true (kl_bus_kit_is_ready (node));
  g_assert_cmpuint (kl_bus_kit_counters (node).lost, ==, 0);
  kl_bus_kit_node_free (node);
  kl_bus_kit_assert_log ("The bus is not there: *: it refuses the password. *", "The bus is there: *", NULL);

  g_free (none);
  none = g_strdup_printf ("redis://:some@127.0.0.1:%u", kl_test_valkey_get_port (valkey));
  node = kl_bus_kit_node_new (none, NULL);
  kl_bus_kit_wait_reason (node, "it has no password, but one is set here");
  kl_bus_kit_node_free (node);
  g_free (none);
  none = g_strdup_printf ("redis://127.0.0.1:%u/999", kl_test_valkey_get_port (valkey));
  node = kl_bus_kit_node_new (none, NULL);
  kl_bus_kit_wait_reason (node, "it has no database 999");
  kl_bus_kit_node_free (node);
  kl_bus_kit_assert_log ("*but one is set here*", "*no database 999*", NULL);
}

static void
assert_talks (KlBusKitNode *a, KlBusKitNode *b)
{
  g_autofree char *expected = g_strdup_printf ("changes %s tea 1+1", a->id);
  GString *long_group = g_string_new (NULL);

  kl_test_wait_until (kl_bus_kit_knows (a, 2) && kl_bus_kit_knows (b, 2));
  kl_bus_subscribe (b->bus, "tea");
  kl_bus_kit_set (a, "u", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_wait_until (kl_bus_kit_is (b, "u", "2/1"));
  kl_bus_kit_publish (a, "tea", 1, 1);
  kl_bus_kit_wait (b, expected);
  /* More than a buffer or a TLS record at once, in both directions. */
  for (int i = 0; i < 40; i++)
    g_string_append_printf (long_group, "%d", i % 10);
  for (int i = 0; i < 3000; i++)
    {
      g_autofree char *user = g_strdup_printf ("u%d", i);

      kl_bus_kit_set (a, user, KL_ACTIVITY_ONLINE, 1, long_group->str);
    }
  g_string_prepend (long_group, "2/1 ");
  kl_test_wait_until (kl_bus_kit_is (b, "u2999", long_group->str));
  g_string_free (long_group, TRUE);
}

static void
test_unix (void)
{
  g_autoptr (KlTestValkey) valkey = kl_test_valkey_new (KL_TEST_VALKEY_UNIX);
  g_autofree char *path = kl_test_valkey_dup_path (valkey, "valkey.sock");
  g_autofree char *uri = g_strconcat ("unix:", path, "?db=2", NULL);
  KlBusKitNode *a = kl_bus_kit_node_ready (uri, NULL);
  KlBusKitNode *b = kl_bus_kit_node_ready (uri, NULL);

  assert_talks (a, b);
  kl_bus_kit_node_free (a);
  kl_bus_kit_node_free (b);
  kl_bus_kit_assert_log ("The bus is there: unix:*", "The bus is there: unix:*", NULL);
}

static void
test_tls (void)
{
  g_autoptr (KlTestValkey) valkey = kl_test_valkey_new (KL_TEST_VALKEY_TLS | KL_TEST_VALKEY_PASSWORD);
  guint16 port = kl_test_valkey_get_tls_port (valkey);
  g_autofree char *dir = kl_test_dir_new ();
  g_autofree char *cert = kl_test_valkey_dup_path (valkey, "server.pem");
  g_autofree char *key = kl_test_valkey_dup_path (valkey, "server.key");
  g_autofree char *good = g_strdup_printf ("rediss://:open%%3Asesame%%401@127.0.0.1:%u/1?ca=%s", port, cert);
  g_autofree char *mutual
      = g_strdup_printf ("rediss://:open%%3Asesame%%401@localhost:%u/1?ca=%s&cert=%s&key=%s", port, cert, cert, key);
  g_autofree char *foreign
      = g_strdup_printf ("rediss://:open%%3Asesame%%401@127.0.0.1:%u/1?ca=%s/other.pem", port, dir);
  g_autofree char *system = g_strdup_printf ("rediss://127.0.0.1:%u", port);
  g_autofree char *plain = g_strdup_printf ("rediss://127.0.0.1:%u", kl_test_valkey_get_port (valkey));
  KlBusKitNode *a = kl_bus_kit_node_ready (good, NULL);
  KlBusKitNode *b = kl_bus_kit_node_ready (mutual, NULL);

  assert_talks (a, b);
  kl_bus_kit_node_free (a);
  kl_bus_kit_node_free (b);
  kl_bus_kit_assert_log ("The bus is there: rediss:*", "The bus is there: rediss:*", NULL);

  kl_test_make_certificate (dir, "other", "DNS:other.example");
  a = kl_bus_kit_node_new (foreign, NULL);
  kl_bus_kit_wait_reason (a, "TLS: self-signed certificate");
  kl_bus_kit_spin_tries ();
  kl_bus_kit_node_free (a);
  kl_bus_kit_assert_log ("*TLS: self-signed certificate*", NULL);
  a = kl_bus_kit_node_new (system, NULL);
  kl_bus_kit_wait_reason (a, "TLS: self-signed certificate");
  kl_bus_kit_node_free (a);
  kl_bus_kit_assert_log ("*TLS: self-signed certificate*", NULL);
  /* TLS to one who does not speak it. */
  a = kl_bus_kit_node_new (plain, NULL);
  kl_test_wait_until (kl_bus_kit_get_log ()->len > 0);
  kl_bus_kit_spin_tries ();
  g_assert_false (kl_bus_kit_is_ready (a));
  kl_bus_kit_node_free (a);
  g_ptr_array_set_size (kl_bus_kit_get_log (), 0);
  kl_test_dir_remove (dir);
}

/* A good certificate, but another's. */
static void
test_tls_name (void)
{
  g_autoptr (KlTestValkey) valkey = kl_test_valkey_new (KL_TEST_VALKEY_TLS);
  g_autofree char *cert = kl_test_valkey_dup_path (valkey, "server.pem");
  g_autofree char *dir = g_path_get_dirname (cert);
  g_autofree char *key = kl_test_valkey_dup_path (valkey, "server.key");
  g_autofree char *uri = g_strdup_printf ("rediss://127.0.0.1:%u?ca=%s", kl_test_valkey_get_tls_port (valkey), cert);
  g_autofree char *by_name
      = g_strdup_printf ("rediss://localhost:%u?ca=%s", kl_test_valkey_get_tls_port (valkey), cert);
  KlBusKitNode *node;

  kl_test_make_certificate (dir, "server", "DNS:redis.example,IP:10.0.0.1");
  g_free (kl_test_valkey_ask (valkey, "CONFIG", "SET", "tls-cert-file", cert, "tls-key-file", key, "tls-ca-cert-file",
                              cert, NULL));
  node = kl_bus_kit_node_new (uri, NULL);
  kl_bus_kit_wait_reason (node, "TLS: IP address mismatch");
  kl_bus_kit_node_free (node);
  node = kl_bus_kit_node_new (by_name, NULL);
  kl_bus_kit_wait_reason (node, "TLS: hostname mismatch");
  kl_bus_kit_node_free (node);
  g_ptr_array_set_size (kl_bus_kit_get_log (), 0);
}

static void
test_tls_files (void)
{
  KlRedisBusSettings settings;
  static const char *const uris[] = {
    "rediss://h?ca=/nonexistent/ca.pem",
    "rediss://h?cert=/nonexistent/c.pem&key=/nonexistent/k.pem",
  };

  kl_bus_kit_settings (&settings);
  for (gsize i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (kl_redis_bus_new (uris[i], &settings, &error));
      g_assert_nonnull (strstr (error->message, "/nonexistent/"));
    }
}

static void
test_lookup (void)
{
  KlBusKitNode *node = kl_bus_kit_node_new ("redis://nowhere.invalid:1", NULL);

  kl_test_wait_until (kl_bus_kit_get_log ()->len > 0);
  {
    g_autofree char *reason = kl_bus_kit_reason (node);

    g_assert_null (strstr (reason, "nowhere.invalid"));
    g_assert_cmpuint (strlen (reason), >, 3);
  }
  kl_bus_kit_assert_log ("The bus is not there: redis://nowhere.invalid:1/0: *", NULL);
  kl_bus_kit_node_free (node);
  g_ptr_array_set_size (kl_bus_kit_get_log (), 0);
}

int
main (int argc, char **argv)
{
  if (!kl_bus_kit_init (&argc, &argv))
    return 0;
  g_test_add_func ("/bus/redis-ways/password", test_password);
  g_test_add_func ("/bus/redis-ways/unix", test_unix);
  g_test_add_func ("/bus/redis-ways/tls", test_tls);
  g_test_add_func ("/bus/redis-ways/tls-name", test_tls_name);
  g_test_add_func ("/bus/redis-ways/tls-files", test_tls_files);
  g_test_add_func ("/bus/redis-ways/lookup", test_lookup);

  return g_test_run ();
}
