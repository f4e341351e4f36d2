/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person types for a server, and what answers there. */
#include "app/core/kl-server.h"
#include "tests/app/core/kl-fake-server.h"
#include "tests/kit/kl-test.h"

#include <string.h>

static void
test_addresses (void)
{
  static const struct
  {
    const char *typed;
    const char *url; /* NULL: none */
    gboolean insecure;
  } cases[] = {
    { "chat.example.org", "https://chat.example.org", FALSE },
    { "  Chat.Example.ORG/ ", "https://chat.example.org", FALSE },
    { "chat.example.org:8443", "https://chat.example.org:8443", FALSE },
    { "https://chat.example.org:443/some/path?x#y", "https://chat.example.org", FALSE },
    { "http://chat.example.org", "http://chat.example.org", TRUE },
    { "http://chat.example.org:8765", "http://chat.example.org:8765", TRUE },
    { "http://192.168.1.5:8765", "http://192.168.1.5:8765", TRUE },
    { "192.168.1.5", "https://192.168.1.5", FALSE },
    { "localhost", "http://localhost:8765", FALSE },
    { "LOCALHOST", "http://localhost:8765", FALSE },
    { "localhost:9000", "http://localhost:9000", FALSE },
    { "127.0.0.1", "http://127.0.0.1:8765", FALSE },
    { "127.5.5.5:1234", "http://127.5.5.5:1234", FALSE },
    { "[::1]", "http://[::1]:8765", FALSE },
    { "[::1]:9000", "http://[::1]:9000", FALSE },
    { "https://localhost", "https://localhost", FALSE },
    { "http://localhost", "http://localhost", FALSE },
    { "[2001:db8::1]", "https://[2001:db8::1]", FALSE },
    { "localhost.example.org", "https://localhost.example.org", FALSE },
    { "bücher.example", "https://xn--bcher-kva.example", FALSE },
    { "", NULL, FALSE },
    { "   ", NULL, FALSE },
    { "two words", NULL, FALSE },
    { "ftp://chat.example.org", NULL, FALSE },
    { "file:///etc/passwd", NULL, FALSE },
    { "javascript://x", NULL, FALSE },
    { "chat.example.org:99999", NULL, FALSE },
    { "https://", NULL, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean insecure = FALSE;
      g_autofree char *url = kl_server_url_for_address (cases[i].typed, &insecure, &error);

      g_test_message ("“%s”", cases[i].typed);
      g_assert_cmpstr (url, ==, cases[i].url);
      g_assert_cmpint (insecure, ==, cases[i].insecure);
      if (cases[i].url == NULL)
        g_assert_error (error, KL_CORE_ERROR, KL_CORE_ERROR_BAD_ADDRESS);
    }
}

/* ── Answers ── */

typedef struct
{
  KlFakeServer *server;
  const char *path; /* the only one that is there */
  const char *body;
  guint status;
  char *location;
} Fixture;

#define GOOD "{\"name\":\"Hut\",\"domain\":\"hut.example\",\"version\":\"1\",\"registration\":\"invite\",\"limits\":{}}"

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  Fixture *self = user_data;
  gboolean here = self->path == NULL || g_str_equal (path, self->path);

  soup_server_message_set_status (message, here ? self->status : 404, NULL);
  if (self->location != NULL)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Location", self->location);
  if (here)
    soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, self->body, strlen (self->body));
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->server = kl_fake_server_new ();
  self->status = 200;
  self->body = GOOD;
  soup_server_add_handler (self->server->soup, NULL, on_request, self, NULL);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_fake_server_free (self->server);
  g_free (self->location);
}

static KlServer *
find (const char *typed, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_server_find_async (typed, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  return kl_server_find_finish (result, error);
}

static void
assert_not_found (const char *typed, KlCoreError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (find (typed, &error));
  g_assert_error (error, KL_CORE_ERROR, (int) code);
  g_assert_cmpstr (error->message, !=, "");
}

static void
test_good (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlServer) server = find (self->server->url, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (kl_server_get_name (server), ==, "Hut");
  g_assert_cmpstr (kl_server_get_domain (server), ==, "hut.example");
  g_assert_cmpstr (kl_server_get_url (server), ==, self->server->url);
  g_assert_true (g_str_has_prefix (kl_server_get_host (server), "127.0.0.1:"));
  g_assert_cmpint (kl_server_get_registration (server), ==, KL_REGISTRATION_INVITE);
}

static void
test_not_klatch (Fixture *self, gconstpointer data)
{
  self->body = data;
  assert_not_found (self->server->url, KL_CORE_ERROR_NOT_KLATCH);
}

static void
test_status (Fixture *self, gconstpointer data)
{
  self->status = GPOINTER_TO_UINT (data);
  self->body = "<html>";
  assert_not_found (self->server->url, self->status >= 429 ? KL_CORE_ERROR_UNAVAILABLE : KL_CORE_ERROR_NOT_KLATCH);
}

static void
test_large (Fixture *self, gconstpointer unused)
{
  g_autofree char *large = g_strnfill (3 * 1024 * 1024, ' ');

  self->body = large;
  assert_not_found (self->server->url, KL_CORE_ERROR_NOT_KLATCH);
}

/* A password is for the server that was asked: nothing is sent on to where it points. */
static void
test_redirect (Fixture *self, gconstpointer unused)
{
  self->status = 307;
  self->location = g_strdup ("http://127.0.0.1:1/");
  assert_not_found (self->server->url, KL_CORE_ERROR_NOT_KLATCH);
}

static void
test_nobody (Fixture *self, gconstpointer unused)
{
  soup_server_disconnect (self->server->soup);
  assert_not_found (self->server->url, KL_CORE_ERROR_UNREACHABLE);
}

/* Says what it was told to whoever comes, and hangs up. */
static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  const char *answer = user_data;

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), answer, strlen (answer), NULL,
                             NULL, NULL);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  return TRUE;
}

static void
assert_rude (const char *scheme, const char *answer)
{
  g_autoptr (GSocketService) service = g_socket_service_new ();
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, NULL);
  g_autofree char *url = g_strdup_printf ("%s://127.0.0.1:%u", scheme, port);
  g_autoptr (GError) error = NULL;

  g_signal_connect (service, "incoming", G_CALLBACK (on_incoming), (gpointer) answer);
  g_socket_service_start (service);
  g_assert_null (find (url, &error));
  g_assert_cmpint (error->domain, ==, KL_CORE_ERROR);
  g_assert_true (error->code == KL_CORE_ERROR_NOT_KLATCH || error->code == KL_CORE_ERROR_UNREACHABLE);
}

/* Plain http where TLS is asked for, a mail server, and nothing at all. */
static void
test_rude (void)
{
  assert_rude ("https", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  assert_rude ("http", "220 mail.example ESMTP\r\n");
  assert_rude ("http", "");
}

/* The domain's server lives elsewhere. */
static void
test_elsewhere (Fixture *self, gconstpointer unused)
{
  Fixture other = { 0 };
  g_autoptr (GError) error = NULL;

  set_up (&other, NULL);
  g_autofree char *body = g_strdup_printf ("{\"url\":\"%s/\"}", other.server->url);
  self->path = "/.well-known/klatch";
  self->body = body;
  g_autoptr (KlServer) server = find (self->server->url, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kl_server_get_url (server), ==, other.server->url);
  /* Not in circles. */
  other.path = "/.well-known/klatch";
  g_autofree char *back = g_strdup_printf ("{\"url\":\"%s/\"}", self->server->url);
  other.body = back;
  assert_not_found (self->server->url, KL_CORE_ERROR_NOT_KLATCH);
  tear_down (&other, NULL);
}

static void
test_sign_in_nonsense (Fixture *self, gconstpointer unused)
{
  static const char *const answers[] = {
    "{}",
    "[]",
    "{\"token\":\"0123456789abcdef\"}",
    "{\"user\":{\"id\":\"u\",\"name\":\"n\"}}",
    "{\"user\":{\"id\":\"a:b\",\"name\":\"n\"},\"token\":\"0123456789abcdef\"}",
    "{\"user\":{\"id\":\"u\",\"name\":\"n\"},\"token\":\"short\"}",
  };
  g_autoptr (KlServer) server = find (self->server->url, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      self->body = answers[i];
      kl_server_sign_in_async (server, "n", "password", NULL, kl_test_keep_result, &result);
      kl_test_await (&result);
      g_assert_null (kl_server_sign_in_finish (server, result, &error));
      g_assert_error (error, KL_CORE_ERROR, KL_CORE_ERROR_NOT_KLATCH);
    }
}

static void
test_cancel (Fixture *self, gconstpointer unused)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_server_find_async (self->server->url, cancellable, kl_test_keep_result, &result);
  g_cancellable_cancel (cancellable);
  kl_test_await (&result);
  g_assert_null (kl_server_find_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  static const char *const wrong[] = {
    "",
    "hello",
    "<html></html>",
    "{}",
    "[]",
    "null",
    "{\"name\":\"x\"}",
    "{\"name\":\"x\",\"domain\":\"d\",\"version\":\"1\",\"registration\":\"sometimes\"}",
    "{\"name\":\"x\",\"domain\":\"d\",\"version\":1,\"registration\":\"open\"}",
  };
  static const guint statuses[] = { 204, 302, 401, 404, 418, 429, 500, 503 };

  kl_fake_server_init (&argc, &argv);
  g_test_add_func ("/core/server/addresses", test_addresses);
  g_test_add ("/core/server/good", Fixture, NULL, set_up, test_good, tear_down);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/server/not-klatch/%u", i);
      g_test_add (path, Fixture, wrong[i], set_up, test_not_klatch, tear_down);
    }
  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/server/status/%u", statuses[i]);
      g_test_add (path, Fixture, GUINT_TO_POINTER (statuses[i]), set_up, test_status, tear_down);
    }
  g_test_add ("/core/server/large", Fixture, NULL, set_up, test_large, tear_down);
  g_test_add ("/core/server/redirect", Fixture, NULL, set_up, test_redirect, tear_down);
  g_test_add ("/core/server/nobody", Fixture, NULL, set_up, test_nobody, tear_down);
  g_test_add_func ("/core/server/rude", test_rude);
  g_test_add ("/core/server/elsewhere", Fixture, NULL, set_up, test_elsewhere, tear_down);
  g_test_add ("/core/server/sign-in-nonsense", Fixture, NULL, set_up, test_sign_in_nonsense, tear_down);
  g_test_add ("/core/server/cancel", Fixture, NULL, set_up, test_cancel, tear_down);
  return g_test_run ();
}
