/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gstdio.h>

#include "server/api/kl-settings.h"

typedef struct
{
  char *folder;
  char *file;
  GPtrArray *faults;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->folder = g_dir_make_tmp ("klatch-settings-XXXXXX", NULL);
  self->file = g_build_filename (self->folder, "server.conf", NULL);
  self->faults = g_ptr_array_new_with_free_func (g_free);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  g_unlink (self->file);
  g_rmdir (self->folder);
  g_free (self->file);
  g_free (self->folder);
  g_ptr_array_unref (self->faults);
}

static KlSettings *
load (Fixture *self, const char *text, const char *const *environment)
{
  g_ptr_array_set_size (self->faults, 0);
  g_assert_true (g_file_set_contents (self->file, text, -1, NULL));
  return kl_settings_load (self->file, environment, NULL, "/var/lib/klatch", self->faults);
}

static void
test_defaults (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlSettings) settings = kl_settings_load (NULL, NULL, NULL, NULL, self->faults);

  g_assert_cmpuint (self->faults->len, ==, 0);
  g_assert_cmpstr (settings->name, ==, "Klatch");
  g_assert_cmpstr (kl_settings_default_domain (settings), ==, "localhost");
  g_assert_cmpint (settings->policy, ==, KL_REGISTRATION_OPEN);
  g_assert_cmpint (settings->message_bytes, ==, 16384);
  g_assert_cmpint (settings->argon2_memory_kib, ==, 19456);
  g_assert_cmpint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (settings->listen_address)), ==, 8765);
  g_assert_true (g_path_is_absolute (settings->data));
  g_assert_true (g_str_has_suffix (settings->store_path, "/klatch-server/klatch.db"));
  g_assert_false (kl_settings_is_https (settings));
}

static void
test_order_of_sources (Fixture *self, gconstpointer unused)
{
  const char *environment[] = { "KLATCH_SERVER_NAME=From the environment", "KLATCH_SERVER_LISTEN=0.0.0.0:1",
                                "KLATCH_LIMITS_MESSAGE_BYTES=99", NULL };
  g_autoptr (KlSettings) settings = NULL;

  g_assert_true (g_file_set_contents (
      self->file, "[server]\nname=From the file\nlisten=127.0.0.1:7\n[limits]\nmembers_per_group=5\n", -1, NULL));
  settings = kl_settings_load (self->file, environment, "[::1]:0", "data", self->faults);

  g_assert_cmpuint (self->faults->len, ==, 0);
  g_assert_cmpstr (settings->name, ==, "From the environment");
  g_assert_cmpstr (settings->listen, ==, "[::1]:0");
  g_assert_cmpint (settings->message_bytes, ==, 99);
  g_assert_cmpint (settings->members_per_group, ==, 5);
  g_assert_true (g_path_is_absolute (settings->data));
  g_assert_true (g_str_has_suffix (settings->data, "/data"));
}

static const struct
{
  const char *name;
  const char *text;
  const char *fault; /* all that is said after the file's name; NULL: none */
} files[] = {
  { "empty", "", NULL },
  { "comments", "# a\n\n[server]\n# name\n", NULL },
  { "no-group", "name=x\n", "Key file does not start with a group" },
  { "no-equals", "[server]\nname\n", "“name” which is not a key-value pair" },
  { "unknown-key", "[limits]\nmessage_byte=5\n", "[limits] message_byte: there is no such key" },
  { "unknown-group", "[federation]\nx=5\n", NULL },
  { "word", "[registration]\npolicy=none\n", "[registration] policy: must be one of: open, invite, closed" },
  { "word-case", "[registration]\npolicy=Open\n", "must be one of" },
  { "number", "[limits]\nmessage_bytes=16k\n", "[limits] message_bytes: must be a whole number from 1 to 262144" },
  { "number-sign", "[limits]\nmessage_burst=-1\n", "must be a whole number" },
  { "number-plus", "[limits]\nmessage_burst=+1\n", "must be a whole number" },
  { "number-huge", "[limits]\nmessage_burst=99999999999999999999\n", "must be a whole number" },
  { "rate-off", "[limits]\nmessages_per_second=0\n", NULL },
  { "size-not-off", "[limits]\nqueue_bytes=0\n", "[limits] queue_bytes: must be a whole number" },
  { "number-empty", "[limits]\nmessage_bytes=\n", "must be a whole number" },
  { "name-empty", "[server]\nname=\n", "[server] name: must not be empty" },
  { "name-tab", "[server]\nname=a\\tb\n", "[server] name: must have 1 to 100 characters" },
  { "name-latin1", "[server]\nname=caf\xe9\n", "[server] name: has a backslash or a byte that is not understood" },
  { "listen-name", "[server]\nlisten=example.org:80\n", "[server] listen: must be ADDRESS:PORT" },
  { "listen-no-port", "[server]\nlisten=127.0.0.1\n", "must be ADDRESS:PORT" },
  { "listen-port-huge", "[server]\nlisten=127.0.0.1:65536\n", "must be ADDRESS:PORT" },
  { "listen-bare-ipv6", "[server]\nlisten=::1:80\n", "must be ADDRESS:PORT" },
  { "listen-localhost", "[server]\nlisten=localhost:80\n", NULL },
  { "url", "[server]\npublic_url=https://chat.example.org/\n", NULL },
  { "url-path", "[server]\npublic_url=https://example.org/chat\n", "[server] public_url: must be https://HOST" },
  { "url-scheme", "[server]\npublic_url=chat.example.org\n", "must be https://HOST" },
  { "url-user", "[server]\npublic_url=https://me:geheim@example.org\n", "must be https://HOST" },
  { "url-address", "[server]\npublic_url=https://[2001:db8::1]:8443\n", "[server] domain: is missing" },
  { "url-address-domain", "[server]\ndomain=example.org\npublic_url=https://[2001:db8::1]:8443\n", NULL },
  { "domain-case", "[server]\ndomain=Example.org\n", "[server] domain: must be a domain name" },
  { "domain-port", "[server]\ndomain=example.org:80\n", "must be a domain name" },
  { "proxies", "[server]\ntrusted_proxies=127.0.0.1, 10.0.0.0/8 ::1\n", NULL },
  { "proxies-name", "[server]\ntrusted_proxies=proxy\n", "“proxy” is neither" },
  { "tls", "[tls]\ncertificate=/etc/x.pem\n", "[tls] key: is missing; certificate and key go together" },
  { "tls-key", "[tls]\nkey=/etc/x.pem\n", "[tls] certificate: is missing" },
  { "tls-both", "[tls]\ncertificate=/etc/x.pem\nkey=k.pem\n", NULL },
  { "tls-http", "[server]\npublic_url=http://example.org\n[tls]\ncertificate=/c\nkey=/k\n",
    "[server] public_url: must begin with https://" },
  { "tls-empty", "[tls]\ncertificate=\nkey=\n", NULL },
  { "redis", "[bus]\nuri=redis://u:geheim@h/0\n", NULL },
  { "redis-tls", "[bus]\nuri=rediss://:geheim@[::1]:6380/2?ca=/etc/ca.pem\n", NULL },
  { "redis-unix", "[bus]\nuri=unix:/run/valkey.sock?db=3\n", NULL },
  { "redis-host", "[bus]\nuri=redis://:geheim@/0\n", "[bus] uri: must name a host" },
  { "redis-user", "[bus]\nuri=redis://geheim@h/0\n", "[bus] uri: must have a password behind the user" },
  { "redis-odd", "[bus]\nuri=redis://:ge#heim@h/0\n", "[bus] uri: is not a good URI" },
  { "redis-no-slashes", "[bus]\nuri=redis:geheim@h\n", "[bus] uri: must begin with redis://" },
  { "bus", "[bus]\nuri=nats://geheim@h\n", "[bus] uri: must be local:, redis://HOST" },
  { "mongodb", "[store]\nuri=mongodb://u:geheim@h,i:27018/klatch?replicaSet=rs0\n", NULL },
  { "store-unknown", "[store]\nuri=postgres://u:geheim@h/k\n",
    "must be sqlite:PATH or mongodb://HOST/NAME, not “postgres://u:***@h/k”" },
  { "store-no-path", "[store]\nuri=sqlite:\n", "[store] uri: must be sqlite:PATH" },
  { "turn-no-secret", "[calls]\nturn=turn:h:1\n", "[calls] turn_secret: is missing" },
  { "turn", "[calls]\nturn=turn:h:1 turns:h\nturn_secret=geheim\n", NULL },
  { "turn-scheme", "[calls]\nturn=stun:h\nturn_secret=geheim\n",
    "[calls] turn: must list servers that begin with turn:" },
  { "packet", "[limits]\nmessage_bytes=200000\npacket_bytes=200000\n", "[limits] packet_bytes: must be at least" },
  { "metrics", "[server]\nmetrics_listen=127.0.0.1:9100\n", NULL },
  { "metrics-no-port", "[server]\nmetrics_listen=127.0.0.1\n", "[server] metrics_listen: must be ADDRESS:PORT" },
  { "retention", "[retention]\ndays=30\n", "[retention] days: this version keeps everything" },
};

static void
test_file (Fixture *self, gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (KlSettings) settings = load (self, files[i].text, NULL);

  if (files[i].fault == NULL)
    {
      g_assert_nonnull (settings);
      g_assert_cmpuint (self->faults->len, ==, 0);
      return;
    }
  g_assert_null (settings);
  g_assert_cmpuint (self->faults->len, ==, 1);
  const char *fault = self->faults->pdata[0];
  if (strstr (fault, files[i].fault) == NULL)
    g_test_fail_printf ("“%s” does not hold “%s”", fault, files[i].fault);
  g_assert_null (strstr (fault, "geheim"));
  g_assert_null (strchr (fault, '\n'));
}

static void
test_every_fault_is_told (Fixture *self, gconstpointer unused)
{
  const char *environment[] = { "KLATCH_CALLS_MESH_LIMIT=six", NULL };
  g_autoptr (KlSettings) settings = load (self, "[limits]\nmessage_bytes=0\nnothing=1\n[tls]\nkey=/x\n", environment);

  g_assert_null (settings);
  g_assert_cmpuint (self->faults->len, ==, 4);
  g_assert_true (g_str_has_prefix (self->faults->pdata[2], "KLATCH_CALLS_MESH_LIMIT: must be a whole number"));
}

static void
test_missing_file (Fixture *self, gconstpointer unused)
{
  g_assert_null (kl_settings_load ("/nonexistent/server.conf", NULL, NULL, NULL, self->faults));
  g_assert_cmpuint (self->faults->len, ==, 1);
}

static void
test_foreign_variables (Fixture *self, gconstpointer unused)
{
  const char *environment[] = { "KLATCH_SERVER_PORT=tcp://10.0.0.1:80", "KLATCH_CACHE=/x", NULL };
  g_autoptr (KlSettings) settings = load (self, "", environment);

  g_assert_nonnull (settings);
}

static void
test_normal_forms (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlSettings) settings
      = load (self, "[server]\npublic_url=https://Chat.Example.org:443/\n[store]\nuri=sqlite:sub/../k.db\n", NULL);

  g_assert_cmpstr (settings->public_url, ==, "https://chat.example.org");
  g_assert_cmpstr (kl_settings_default_domain (settings), ==, "chat.example.org");
  g_assert_cmpstr (settings->store_path, ==, "/var/lib/klatch/k.db");
  g_assert_true (kl_settings_is_https (settings));
}

static void
test_trusted_proxies (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlSettings) settings = load (self, "[server]\ntrusted_proxies=10.1.0.0/16,::1  127.0.0.1\n", NULL);
  const char *expected[] = { "10.1.0.0/16", "::1", "127.0.0.1", NULL };

  g_assert_cmpstrv (settings->proxies, expected);
}

static void
expect_key (const char *group, const char *key, gpointer user_data)
{
  if (!g_key_file_has_key (user_data, group, key, NULL))
    g_test_fail_printf ("the example does not name [%s] %s", group, key);
}

/* What the example says must be what the program does: it names every key, has no fault, and changes no default. */
static void
test_example (Fixture *self, gconstpointer unused)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "..", "..", "data", "server.conf.example", NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSettings) settings = NULL;
  g_autoptr (KlSettings) defaults = NULL;

  g_assert_true (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error));
  kl_settings_foreach_key (expect_key, file);

  settings = kl_settings_load (path, NULL, NULL, NULL, self->faults);
  for (guint i = 0; i < self->faults->len; i++)
    g_test_fail_printf ("%s", (char *) self->faults->pdata[i]);
  g_assert_nonnull (settings);

  defaults = kl_settings_load (NULL, NULL, NULL, NULL, self->faults);
  g_assert_cmpstr (settings->name, ==, defaults->name);
  g_assert_cmpstr (settings->store_path, ==, defaults->store_path);
  g_assert_cmpstr (settings->listen, ==, defaults->listen);
  g_assert_cmpmem (
      &settings->message_bytes, G_STRUCT_OFFSET (KlSettings, stun) - G_STRUCT_OFFSET (KlSettings, message_bytes),
      &defaults->message_bytes, G_STRUCT_OFFSET (KlSettings, stun) - G_STRUCT_OFFSET (KlSettings, message_bytes));
  g_assert_cmpint (settings->turn_ttl_s, ==, defaults->turn_ttl_s);
  g_assert_cmpint (settings->policy, ==, defaults->policy);
  g_assert_cmpint (settings->argon2_memory_kib, ==, defaults->argon2_memory_kib);
  g_assert_cmpint (settings->argon2_passes, ==, defaults->argon2_passes);
  g_assert_cmpint (settings->ping_interval_ms, ==, defaults->ping_interval_ms);
  g_assert_cmpint (settings->ping_timeout_ms, ==, defaults->ping_timeout_ms);
}

static void
test_mask (void)
{
  const struct
  {
    const char *uri, *masked;
  } cases[] = {
    { "mongodb://u:p@h/x", "mongodb://u:***@h/x" },
    { "mongodb://u:p@q@h1,h2/x?a=b@c", "mongodb://u:***@h1,h2/x?a=b@c" },
    { "redis://:p@h", "redis://:***@h" },
    { "redis://h:6379/@x:y", "redis://h:6379/@x:y" },
    { "sqlite:a", "sqlite:a" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *masked = kl_settings_mask_uri (cases[i].uri);
      g_assert_cmpstr (masked, ==, cases[i].masked);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/settings/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("defaults", test_defaults);
  ADD ("order-of-sources", test_order_of_sources);
  ADD ("every-fault-is-told", test_every_fault_is_told);
  ADD ("missing-file", test_missing_file);
  ADD ("foreign-variables", test_foreign_variables);
  ADD ("normal-forms", test_normal_forms);
  ADD ("trusted-proxies", test_trusted_proxies);
  ADD ("example", test_example);
  g_test_add_func ("/settings/mask", test_mask);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_strdup_printf ("/settings/file/%s", files[i].name);
      g_test_add (path, Fixture, GSIZE_TO_POINTER (i), set_up, test_file, tear_down);
    }
  return g_test_run ();
}
