/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the desktop tells and keeps: sleep and waking, the secret service. */
#include "app/core/kl-account.h"
#include "app/core/kl-connection.h"
#include "tests/app/core/kl-fake-server.h"
#include "tests/kit/kl-test.h"

#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* ── A logind of our own, on a bus of our own ── */

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *connection;
  GDBusNodeInfo *info;
  KlFakeServer *server;
  KlConnection *client;
  guint owner;
  guint object;
  guint inhibited; /* how often */
  int lock;        /* our end of the latest */
  guint ready;
  gboolean named;
} Fixture;

static const char *const description = "<node><interface name='org.freedesktop.login1.Manager'>"
                                       "<method name='Inhibit'><arg type='s' direction='in'/><arg type='s' "
                                       "direction='in'/><arg type='s' direction='in'/>"
                                       "<arg type='s' direction='in'/><arg type='h' direction='out'/></method>"
                                       "<signal name='PrepareForSleep'><arg type='b'/></signal></interface></node>";

static void
on_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *method,
         GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  Fixture *self = user_data;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  const char *what, *mode;
  int ends[2];

  g_variant_get (parameters, "(&s&s&s&s)", &what, NULL, NULL, &mode);
  g_assert_cmpstr (what, ==, "sleep");
  g_assert_cmpstr (mode, ==, "delay");
  g_assert_true (g_unix_open_pipe (ends, O_CLOEXEC | O_NONBLOCK, NULL));
  g_clear_fd (&self->lock, NULL);
  self->lock = ends[0];
  g_unix_fd_list_append (fds, ends[1], NULL);
  close (ends[1]);
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0), fds);
  self->inhibited++;
}

static const GDBusInterfaceVTable vtable = { .method_call = on_call };

static void
on_ready (KlConnection *connection, Fixture *self)
{
  self->ready++;
}

static void
on_named (GDBusConnection *connection, const char *name, gpointer user_data)
{
  ((Fixture *) user_data)->named = TRUE;
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  self->lock = -1;
  self->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (self->bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (self->bus), TRUE);
  self->connection = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (self->bus),
                                                             G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                                 | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                             NULL, NULL, &error);
  g_assert_no_error (error);
  self->info = g_dbus_node_info_new_for_xml (description, &error);
  g_assert_no_error (error);
  self->object = g_dbus_connection_register_object (self->connection, "/org/freedesktop/login1",
                                                    self->info->interfaces[0], &vtable, self, NULL, &error);
  g_assert_no_error (error);
  self->owner = g_bus_own_name_on_connection (self->connection, "org.freedesktop.login1", G_BUS_NAME_OWNER_FLAGS_NONE,
                                              on_named, NULL, self, NULL);
  kl_test_wait_until (self->named);
  self->server = kl_fake_server_new ();
  self->client = kl_connection_new (self->server->url, "secret");
  g_signal_connect (self->client, "ready", G_CALLBACK (on_ready), self);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_connection_stop (self->client);
  kl_test_finalize (self->client);
  kl_fake_server_free (self->server);
  g_bus_unown_name (self->owner);
  g_dbus_connection_unregister_object (self->connection, self->object);
  g_dbus_node_info_unref (self->info);
  g_clear_fd (&self->lock, NULL);
  g_object_unref (self->connection);
  g_test_dbus_stop (self->bus);
  g_object_unref (self->bus);
}

static void
announce (Fixture *self, gboolean asleep)
{
  g_assert_true (g_dbus_connection_emit_signal (self->connection, NULL, "/org/freedesktop/login1",
                                                "org.freedesktop.login1.Manager", "PrepareForSleep",
                                                g_variant_new ("(b)", asleep), NULL));
}

static gboolean
is_released (Fixture *self)
{
  char byte;

  return read (self->lock, &byte, 1) == 0;
}

static void
test_sleep (Fixture *self, gconstpointer unused)
{
  kl_connection_start (self->client);
  kl_test_wait_until (self->ready == 1 && self->inhibited == 1);
  g_assert_false (is_released (self));
  announce (self, TRUE);
  /* Good-bye is said, and only then the computer may sleep. */
  kl_test_wait_until (strstr (self->server->received->str, "41\nclosed\n") != NULL);
  g_assert_cmpint (kl_connection_get_state (self->client), ==, KL_CONNECTION_STATE_OFFLINE);
  kl_test_wait_until (is_released (self));
  kl_connection_retry_now (self->client);
  kl_test_spin (300);
  g_assert_cmpuint (self->server->connections, ==, 1);
  announce (self, FALSE);
  kl_test_wait_until (self->ready == 2 && self->inhibited == 2);
  g_assert_false (is_released (self));
}

/* ── Secrets ── */

static void
test_secrets (void)
{
  g_autofree char *folder = kl_test_dir_new ();
  g_autoptr (KlAccounts) accounts = kl_accounts_new (folder);
  g_autoptr (KlAccount) account = kl_account_new ("https://chat.example", "u1", "aroha", "a token of some length");
  g_autoptr (GAsyncResult) kept = NULL, found = NULL, forgotten = NULL, gone = NULL;
  g_autoptr (GError) error = NULL;

  kl_accounts_keep_async (accounts, account, KL_KEEP_IN_SECRET_SERVICE, NULL, kl_test_keep_result, &kept);
  kl_test_await (&kept);
  g_assert_true (kl_accounts_keep_finish (accounts, kept, &error));
  g_assert_no_error (error);
  /* Nowhere else. */
  g_autofree char *path = g_build_filename (folder, kl_account_get_id (account), "token", NULL);
  g_autofree char *index = g_build_filename (folder, "accounts.ini", NULL);
  g_autofree char *text = NULL;
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_get_contents (index, &text, NULL, NULL));
  g_assert_null (strstr (text, "a token"));

  kl_accounts_restore_async (accounts, NULL, kl_test_keep_result, &found);
  kl_test_await (&found);
  g_autoptr (KlAccount) restored = kl_accounts_restore_finish (accounts, found, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kl_account_get_token (restored), ==, "a token of some length");

  kl_accounts_forget_async (accounts, restored, TRUE, NULL, kl_test_keep_result, &forgotten);
  kl_test_await (&forgotten);
  g_assert_true (kl_accounts_forget_finish (accounts, forgotten, &error));
  kl_accounts_restore_async (accounts, NULL, kl_test_keep_result, &gone);
  kl_test_await (&gone);
  g_autoptr (KlAccount) empty = kl_accounts_restore_finish (accounts, gone, &error);
  g_assert_no_error (error);
  g_assert_false (kl_account_get_signed_in (empty));
  g_assert_cmpstr (kl_account_get_name (empty), ==, "aroha");
  kl_test_dir_remove (folder);
}

int
main (int argc, char **argv)
{
  g_autofree char *secrets = g_build_filename (g_get_tmp_dir (), "klatch-test-secrets-XXXXXX", NULL);

  kl_fake_server_init (&argc, &argv);
  /* libsecret's own store in a file, as its own tests use it. */
  g_assert_nonnull (g_mkdtemp (secrets));
  g_autofree char *file = g_build_filename (secrets, "secrets", NULL);
  g_setenv ("SECRET_BACKEND", "file", TRUE);
  g_setenv ("SECRET_FILE_TEST_PATH", file, TRUE);
  g_setenv ("SECRET_FILE_TEST_PASSWORD", "test", TRUE);

  g_test_add ("/core/desktop/sleep", Fixture, NULL, set_up, test_sleep, tear_down);
  g_test_add_func ("/core/desktop/secrets", test_secrets);
  int status = g_test_run ();
  kl_test_dir_remove (secrets);
  return status;
}
