/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A real server, asked by a real klatchctl, and by clients that do not keep to the rules. */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "protocol/kl-json.h"
#include "server/admin/kl-admin-address.h"
#include "server/admin/kl-ctl-print.h"
#include "tests/kit/kl-test-process.h"
#include "tests/kit/kl-test.h"

typedef struct
{
  char *dir;  /* removed at the end */
  char *data; /* in it */
  char *ctl;
  KlTestProcess *server;
} Fixture;

static void
start_server (Fixture *self)
{
  g_autofree char *program = kl_test_find_program ("server/klatch-server");
  g_autofree char *address = NULL;

  self->server = kl_test_process_start (
      (const char *[]){ program, "--data", self->data, "--listen", "127.0.0.1:0", NULL },
      (const char *[]){ "KLATCH_REGISTRATION_ARGON2_MEMORY_KIB=1024", "KLATCH_REGISTRATION_ARGON2_PASSES=1", NULL });
  address = kl_test_process_wait_line (self->server, "listening on ");
}

static void
set_up (Fixture *self, gconstpointer subfolder)
{
  self->dir = kl_test_dir_new ();
  self->data = g_build_filename (self->dir, subfolder ? subfolder : "data", NULL);
  self->ctl = kl_test_find_program ("server/klatchctl");
  start_server (self);
}

static void
tear_down (Fixture *self, gconstpointer subfolder)
{
  kl_test_process_signal (self->server, SIGTERM);
  g_assert_cmpint (kl_test_process_wait (self->server), ==, 0);
  g_clear_pointer (&self->server, kl_test_process_free);
  kl_test_dir_remove (self->dir);
  g_free (self->ctl);
  g_free (self->data);
  g_free (self->dir);
}

typedef struct
{
  int status;
  char *out, *err;
} Said;

static void
said_clear (Said *self)
{
  g_clear_pointer (&self->out, g_free);
  g_clear_pointer (&self->err, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Said, said_clear)

/* WORDS: what stands after --data DIR, parted by spaces. INPUT: standard input. */
static Said
ctl (Fixture *self, const char *input, const char *words)
{
  g_autofree char *line = g_strdup_printf (*words ? "%s --data %s %s" : "%s --data %s", self->ctl, self->data, words);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  Said said = { 0 };

  process = g_subprocess_newv (
      (const char *const *)argv,
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, input ? input : "", NULL, &said.out, &said.err, &error);
  g_assert_no_error (error);
  said.status = g_subprocess_get_exit_status (process);

  return said;
}

/* Asks in JSON and expects it to work. */
static KlJson *
ask (Fixture *self, const char *input, const char *words)
{
  g_autofree char *with_json = g_strconcat ("--json ", words, NULL);
  g_auto (Said) said = ctl (self, input, with_json);
  KlJson *json;

  g_assert_cmpstr (said.err, ==, "");
  g_assert_cmpint (said.status, ==, 0);
  json = kl_json_parse (said.out, strlen (said.out), NULL);
  g_assert_nonnull (json);

  return json;
}

static const char *
text_of (yyjson_val *object, const char *key)
{
  return yyjson_get_str (yyjson_obj_get (object, key));
}

static gint64
int_of (yyjson_val *object, const char *key)
{
  return yyjson_get_sint (yyjson_obj_get (object, key));
}

/* ── Commands ── */

static void
test_status (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlJson) json = ask (self, NULL, "status");
  yyjson_val *root = kl_json_get_root (json);
  g_auto (Said) said = { 0 };

  g_assert_true (yyjson_get_bool (yyjson_obj_get (root, "ready")));
  g_assert_cmpint (int_of (root, "pid"), ==, kl_test_process_get_pid (self->server));
  g_assert_cmpint (int_of (root, "users"), ==, 0);
  g_assert_cmpint (int_of (root, "groups"), ==, 0);
  g_assert_cmpint (int_of (root, "connections"), ==, 0);
  g_assert_cmpint (int_of (root, "memory_kib"), >, 0);
  g_assert_true (g_str_has_prefix (text_of (root, "address"), "http://127.0.0.1:"));

  said = ctl (self, NULL, "status");
  g_assert_cmpint (said.status, ==, 0);
  g_assert_nonnull (strstr (said.out, "store     ready"));
}

static void
test_users (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlJson) first = NULL, second = NULL, list = NULL, status = NULL;
  yyjson_val *root;
  g_auto (Said) said = { 0 };

  /* Whoever is first is the admin; the others only where it says so. */
  first = ask (self, "correct horse\n", "--display-name Ada_L user add ada");
  g_assert_cmpstr (text_of (kl_json_get_root (first), "name"), ==, "ada");
  g_assert_cmpstr (text_of (kl_json_get_root (first), "display_name"), ==, "Ada_L");
  g_assert_cmpstr (text_of (kl_json_get_root (first), "server_role"), ==, "admin");
  second = ask (self, "correct horse", "user add ben");
  g_assert_null (text_of (kl_json_get_root (second), "server_role"));

  list = ask (self, NULL, "user list");
  root = kl_json_get_root (list);
  g_assert_cmpuint (yyjson_arr_size (root), ==, 2);
  g_assert_cmpstr (text_of (yyjson_arr_get (root, 0), "name"), ==, "ada");
  g_assert_cmpstr (text_of (yyjson_arr_get (root, 1), "name"), ==, "ben");
  status = ask (self, NULL, "status");
  g_assert_cmpint (int_of (kl_json_get_root (status), "users"), ==, 2);

  said = ctl (self, NULL, "user list");
  g_assert_nonnull (strstr (said.out, "Ada_L"));
  g_assert_null (strstr (said.out, "correct horse"));
}

static void
test_more_than_a_page (Fixture *self, gconstpointer unused)
{
  enum
  {
    N = 450
  };
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autofree char *path = g_build_filename (self->data, "admin.sock", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  g_autoptr (GDataInputStream) input
      = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (KlJson) list = NULL;
  const char *last = "";
  yyjson_val *user;
  yyjson_arr_iter iter;

  /* One connection, many questions. */
  for (int i = 0; i < N; i++)
    {
      g_autofree char *line
          = g_strdup_printf ("{\"command\":\"user add\",\"name\":\"user-%03d\",\"password\":\"12345678\"}\n", i);
      g_autofree char *answer = NULL;

      g_assert_true (g_output_stream_write_all (output, line, strlen (line), NULL, NULL, NULL));
      answer = g_data_input_stream_read_line (input, NULL, NULL, NULL);
      g_assert_nonnull (answer);
      g_assert_true (g_str_has_prefix (answer, "{\"ok\":true,\"user\":{"));
    }

  list = ask (self, NULL, "user list");
  g_assert_cmpuint (yyjson_arr_size (kl_json_get_root (list)), ==, N);
  iter = yyjson_arr_iter_with (kl_json_get_root (list));
  while ((user = yyjson_arr_iter_next (&iter)))
    {
      g_assert_cmpstr (text_of (user, "name"), >, last);
      last = text_of (user, "name");
    }
}

static void
test_invites (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlJson) json = NULL, defaults = NULL, forever = NULL;
  g_auto (Said) said = { 0 };
  gint64 now_ms = g_get_real_time () / 1000, expires_at;
  yyjson_val *invite;

  json = ask (self, NULL, "invite create --uses 3 --expires 12h");
  invite = kl_json_get_root (json);
  expires_at = int_of (invite, "expires_at");
  g_assert_cmpint (int_of (invite, "uses_left"), ==, 3);
  g_assert_cmpint (ABS (expires_at - now_ms - 12 * 3600000), <, 60000);
  g_assert_cmpuint (strlen (text_of (invite, "code")), ==, 26);
  g_assert_true (g_str_has_suffix (text_of (invite, "url"), text_of (invite, "code")));

  defaults = ask (self, NULL, "invite create");
  g_assert_cmpint (int_of (kl_json_get_root (defaults), "uses_left"), ==, 100);
  forever = ask (self, NULL, "invite create --expires never");
  g_assert_null (yyjson_obj_get (kl_json_get_root (forever), "expires_at"));

  /* For a script the code stands alone on standard output. */
  said = ctl (self, NULL, "invite create");
  g_assert_cmpuint (strlen (said.out), ==, 27);
}

static void
test_refusals (Fixture *self, gconstpointer unused)
{
  static const struct
  {
    const char *words, *input;
    int status;
    const char *says;
  } cases[] = {
    { "", "", 2, "a command is missing" },
    { "frobnicate", "", 2, "no command \"frobnicate\"" },
    { "user", "", 2, "no command \"user\"" },
    { "user add", "", 2, "the command is: user add NAME" },
    { "user add ada secret", "", 2, "the command is: user add NAME" },
    { "status now", "", 2, "the command is: status" },
    { "--frob status", "", 2, "--frob" },
    { "user add ada", "", 2, "the password is missing" },
    { "user add ada", "1234567\n", 2, "too short" },
    { "user add ada", "\xff\xff\xff\xff\xff\xff\xff\xff\n", 2, "not UTF-8" },
    { "user add Ada", "12345678\n", 1, "name" },
    { "user add system", "12345678\n", 1, "name" },
    { "invite create --uses 0", "", 2, "--uses" },
    { "invite create --uses many", "", 2, "--uses" },
    { "invite create --expires soon", "", 2, "--expires" },
    { "invite create --expires 0d", "", 2, "--expires" },
    { "invite create --expires 99999999999999999d", "", 2, "--expires" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Said) said = ctl (self, cases[i].input, cases[i].words);

      g_test_message ("%s: %s", cases[i].words, said.err);
      g_assert_cmpint (said.status, ==, cases[i].status);
      g_assert_cmpstr (said.out, ==, "");
      g_assert_true (g_str_has_prefix (said.err, "klatchctl: "));
      g_assert_nonnull (strstr (said.err, cases[i].says));
    }
  {
    g_auto (Said) first = ctl (self, "12345678\n", "user add ada");
    g_auto (Said) taken = ctl (self, "12345678\n", "user add ada");

    g_assert_cmpint (first.status, ==, 0);
    g_assert_cmpint (taken.status, ==, 1);
    g_assert_nonnull (strstr (taken.err, "taken"));
  }
}

static void
test_no_server (Fixture *self, gconstpointer unused)
{
  g_autofree char *path = g_build_filename (self->data, "admin.sock", NULL);

  /* Killed: the socket's file stays behind, and the next server takes its place. */
  kl_test_process_signal (self->server, SIGKILL);
  kl_test_process_wait (self->server);
  g_clear_pointer (&self->server, kl_test_process_free);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  {
    g_auto (Said) said = ctl (self, NULL, "status");

    g_assert_cmpint (said.status, ==, 1);
    g_assert_nonnull (strstr (said.err, "no server is running"));
  }

  start_server (self);
  {
    g_auto (Said) said = ctl (self, NULL, "status");

    g_assert_cmpint (said.status, ==, 0);
  }

  /* Stopped: it takes its socket along. */
  kl_test_process_signal (self->server, SIGTERM);
  g_assert_cmpint (kl_test_process_wait (self->server), ==, 0);
  g_clear_pointer (&self->server, kl_test_process_free);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  start_server (self);
}

/* ── The socket itself ── */

static void
test_private (Fixture *self, gconstpointer unused)
{
  g_autofree char *path = g_build_filename (self->data, "admin.sock", NULL);
  GStatBuf info;

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_true (S_ISSOCK (info.st_mode));
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
  g_assert_cmpint (g_stat (self->data, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0700);
}

/* Sends BYTES and gives the first line of the answer, or NULL where the server hangs up. */
static char *
talk (Fixture *self, const char *bytes, gsize length)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autofree char *path = g_build_filename (self->data, "admin.sock", NULL);
  g_autofd int folder_fd = -1;
  g_autoptr (GSocketAddress) address = kl_admin_make_address (path, &folder_fd);
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  g_autoptr (GDataInputStream) input = NULL;

  g_assert_nonnull (connection);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), bytes, length, NULL, NULL, NULL);
  input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));

  return g_data_input_stream_read_line (input, NULL, NULL, NULL);
}

static void
test_bad_lines (Fixture *self, gconstpointer unused)
{
  static const struct
  {
    const char *line, *code;
  } cases[] = {
    { "\n", "bad_request" },
    { "POST /metrics HTTP/1.1\n", "bad_request" },
    { "[]\n", "bad_request" },
    { "{\"command\":5}\n", "bad_request" },
    { "{\"command\":\"status\",\"command\":\"status\"}\n", "bad_request" },
    { "{\"command\":\"dance\"}\n", "bad_request" },
    { "{\"command\":\"user list\",\"limit\":0}\n", "bad_request" },
    { "{\"command\":\"user list\",\"limit\":5.0}\n", "bad_request" },
    { "{\"command\":\"user add\",\"name\":\"x\"}\n", "bad_request" },
    { "{\"command\":\"invite create\",\"uses\":0}\n", "bad_request" },
    { "{\"command\":\"group list\",\"after\":\"a:b\"}\n", "bad_request" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *answer = talk (self, cases[i].line, strlen (cases[i].line));
      g_autoptr (KlJson) json = NULL;

      g_assert_nonnull (answer);
      json = kl_json_parse (answer, strlen (answer), NULL);
      g_assert_false (yyjson_get_bool (yyjson_obj_get (kl_json_get_root (json), "ok")));
      g_assert_cmpstr (text_of (yyjson_obj_get (kl_json_get_root (json), "error"), "code"), ==, cases[i].code);
    }

  /* A line without an end does not grow for ever. */
  {
    g_autofree char *endless = g_strnfill (1024 * 1024, 'x');
    g_autofree char *answer = talk (self, endless, 1024 * 1024);

    g_assert_null (answer);
  }
}

static void
test_stop_with_clients (Fixture *self, gconstpointer unused)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autofree char *path = g_build_filename (self->data, "admin.sock", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GPtrArray) connections = g_ptr_array_new_with_free_func (g_object_unref);

  for (int i = 0; i < 20; i++)
    {
      GSocketConnection *connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);

      if (connection)
        g_ptr_array_add (connections, connection);
    }
  g_assert_cmpuint (connections->len, >=, 16);
  /* tear_down() stops the server, with these hanging on and one in the middle of a word. */
  g_output_stream_write_all (g_io_stream_get_output_stream (g_ptr_array_index (connections, 0)), "{\"comm", 6, NULL,
                             NULL, NULL);
  kl_test_process_signal (self->server, SIGTERM);
  g_assert_cmpint (kl_test_process_wait (self->server), ==, 0);
}

/* ── Words ── */

static void
test_durations (void)
{
  static const struct
  {
    const char *text;
    gint64 ms;
  } cases[] = { { "90s", 90000 },     { "30m", 1800000 }, { "12h", 43200000 }, { "7d", 604800000 },
                { "2w", 1209600000 }, { "never", 0 },     { "", -1 },          { "7", -1 },
                { "d", -1 },          { "-7d", -1 },      { "7 d", -1 },       { "7dd", -1 },
                { "0d", -1 },         { "7x", -1 },       { "1e3s", -1 },      { "9223372036854775807s", -1 } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 ms;
      gboolean ok = kl_ctl_parse_duration (cases[i].text, &ms);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (ok ? ms : -1, ==, cases[i].ms);
    }
}

/* Longer than a socket's address may be. */
#define DEEP                                                                                                           \
  "a-folder-with-a-rather-long-name-for-a-folder/another-folder-with-a-rather-long-name/"                              \
  "and-one-more-to-be-on-the-safe-side"

/* Whatever is named has a text of its own. */
static void
test_help (Fixture *self, gconstpointer unused)
{
  static const char *const commands[] = { "status",     "metrics", "user list", "user add",  "invite create",
                                          "group list", "backup",  "restore",   "store copy" };
  g_auto (Said) all = ctl (self, NULL, "help");
  g_auto (Said) unknown = ctl (self, NULL, "help nonsense");

  g_assert_cmpint (all.status, ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *words = g_strconcat ("help ", commands[i], NULL);
      g_auto (Said) said = ctl (self, NULL, words);
      g_auto (GStrv) lines = g_strsplit (said.out, "\n", -1);

      g_assert_cmpint (said.status, ==, 0);
      g_assert_cmpstr (said.err, ==, "");
      g_assert_nonnull (strstr (all.out, commands[i]));
      g_assert_nonnull (strstr (lines[0], commands[i]));
      for (int n = 0; lines[n]; n++)
        g_assert_cmpint (g_utf8_strlen (lines[n], -1), <=, 80);
    }
  g_assert_cmpint (unknown.status, ==, 2);
  g_assert_cmpstr (unknown.out, ==, "");
  g_assert_nonnull (strstr (unknown.err, "there is no command \"nonsense\""));
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
#define ADD(name, data, test) g_test_add ("/admin/" name, Fixture, data, set_up, test, tear_down)
  ADD ("status", NULL, test_status);
  ADD ("deep-folder", DEEP, test_status);
  ADD ("users", NULL, test_users);
  ADD ("more-than-a-page", NULL, test_more_than_a_page);
  ADD ("invites", NULL, test_invites);
  ADD ("refusals", NULL, test_refusals);
  ADD ("no-server", NULL, test_no_server);
  ADD ("private", NULL, test_private);
  ADD ("bad-lines", NULL, test_bad_lines);
  ADD ("bad-lines-deep-folder", DEEP, test_bad_lines);
  ADD ("stop-with-clients", NULL, test_stop_with_clients);
  ADD ("help", NULL, test_help);
  g_test_add_func ("/admin/durations", test_durations);

  return g_test_run ();
}
