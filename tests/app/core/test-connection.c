/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's end of the wire, against a peer that does what no good server does. */
#include "app/core/kl-connection.h"
#include "app/core/kl-socket.h"
#include "tests/app/core/kl-fake-server.h"
#include "tests/kit/kl-test.h"

#include <string.h>

typedef struct
{
  KlFakeServer *server;
  KlSocket *socket;
  GError *closed;
  GString *events;
  guint ready;
  guint n_closed;
} Fixture;

static void
on_ready (KlSocket *socket, Fixture *self)
{
  self->ready++;
}

static void
on_event (KlSocket *socket, const char *name, gpointer argument, Fixture *self)
{
  g_autofree char *json = argument != NULL ? yyjson_val_write (argument, 0, NULL) : NULL;

  g_string_append_printf (self->events, "%s%s ", name, json != NULL ? json : "");
}

static void
on_closed (KlSocket *socket, const GError *error, Fixture *self)
{
  self->n_closed++;
  g_clear_error (&self->closed);
  self->closed = g_error_copy (error);
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->server = kl_fake_server_new ();
  self->events = g_string_new (NULL);
  self->socket = kl_socket_new (self->server->url, "secret");
  g_signal_connect (self->socket, "ready", G_CALLBACK (on_ready), self);
  g_signal_connect (self->socket, "event", G_CALLBACK (on_event), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_closed), self);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  if (self->n_closed == 0)
    kl_socket_close (self->socket);
  g_assert_cmpuint (self->n_closed, ==, 1);
  /* A dial that was broken off ends in its own time. */
  kl_test_wait_until (G_OBJECT (self->socket)->ref_count == 1);
  kl_test_finalize (self->socket);
  kl_fake_server_free (self->server);
  g_clear_error (&self->closed);
  g_string_free (self->events, TRUE);
}

static void
start (Fixture *self)
{
  kl_socket_start (self->socket);
  kl_test_wait_until (self->ready == 1);
}

static void
await_end (Fixture *self, KlCoreError code)
{
  kl_test_wait_until (self->n_closed == 1);
  g_assert_error (self->closed, KL_CORE_ERROR, (int) code);
}

static void
test_connect (Fixture *self, gconstpointer unused)
{
  start (self);
  g_assert_cmpstr (self->server->token, ==, "secret");
  kl_fake_server_send (self->server, "2");
  kl_test_wait_until (strcmp (self->server->received->str, "3\n") == 0);
  kl_fake_server_send_event (self->server, "hello", "{\"a\":1}");
  kl_fake_server_send (self->server, "42/other,[\"not-ours\",{}]");
  kl_fake_server_send (self->server, "42[\"bare\"]");
  kl_fake_server_send (self->server, "427[\"asks\",{}]");
  kl_test_wait_until (strstr (self->events->str, "asks") != NULL);
  g_assert_cmpstr (self->events->str, ==, "hello{\"a\":1} bare asks{} ");
  /* Good-bye is said. */
  kl_socket_close (self->socket);
  kl_test_wait_until (strstr (self->server->received->str, "41\nclosed\n") != NULL);
  g_assert_error (self->closed, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* ── Answers ── */

typedef struct
{
  char *answer;
  GError *error;
  guint calls;
} Answer;

static void
on_answer (yyjson_val *answer, const GError *error, gpointer user_data)
{
  Answer *self = user_data;

  self->calls++;
  g_assert_true ((answer == NULL) == (error != NULL));
  self->answer = answer != NULL ? yyjson_val_write (answer, 0, NULL) : NULL;
  self->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
answer_clear (Answer *answer)
{
  g_free (answer->answer);
  g_clear_error (&answer->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
on_asked (KlFakeServer *server, const char *event, yyjson_val *argument, gint64 ack_id, gpointer user_data)
{
  if (g_str_equal (event, "good"))
    kl_fake_server_answer (server, ack_id, "{\"ok\":true,\"n\":5}");
  else if (g_str_equal (event, "bad"))
    kl_fake_server_answer (
        server, ack_id,
        "{\"ok\":false,\"error\":{\"code\":\"rate_limited\",\"message\":\"Slowly\",\"field\":\"body\","
        "\"retry_after_ms\":1500}}");
  else if (g_str_equal (event, "nonsense"))
    kl_fake_server_answer (server, ack_id, "\"what?\"");
  else if (g_str_equal (event, "twice"))
    {
      kl_fake_server_answer (server, ack_id, "{\"ok\":true}");
      kl_fake_server_answer (server, ack_id, "{\"ok\":true}");
      kl_fake_server_answer (server, 12345, "{\"ok\":true}");
    }
}

static void
test_answers (Fixture *self, gconstpointer unused)
{
  g_auto (Answer) good = { 0 }, bad = { 0 }, nonsense = { 0 }, twice = { 0 }, never = { 0 }, lost = { 0 }, late = { 0 },
                  large = { 0 };

  self->server->on_event = on_asked;
  kl_socket_emit (self->socket, "early", "{}", 1000, on_answer, &late);
  g_assert_error (late.error, KL_CORE_ERROR, KL_CORE_ERROR_OFFLINE);
  start (self);
  kl_socket_emit (self->socket, "good", "{}", 20000, on_answer, &good);
  kl_socket_emit (self->socket, "bad", "{}", 20000, on_answer, &bad);
  kl_socket_emit (self->socket, "nonsense", "{}", 20000, on_answer, &nonsense);
  kl_socket_emit (self->socket, "twice", "{}", 20000, on_answer, &twice);
  kl_socket_emit (self->socket, "never", "{}", 50, on_answer, &never);
  kl_socket_emit (self->socket, "never", "{}", 20000, on_answer, &lost);
  kl_test_wait_until (never.calls == 1 && twice.calls == 1 && nonsense.calls == 1);
  g_assert_cmpstr (good.answer, ==, "{\"ok\":true,\"n\":5}");
  g_assert_error (bad.error, KL_CORE_ERROR, KL_CORE_ERROR_RATE_LIMITED);
  g_assert_cmpstr (bad.error->message, ==, "Slowly");
  g_assert_error (nonsense.error, KL_CORE_ERROR, KL_CORE_ERROR_INTERNAL);
  g_assert_error (never.error, KL_CORE_ERROR, KL_CORE_ERROR_TIMED_OUT);
  g_assert_cmpuint (lost.calls, ==, 0);
  g_autofree char *filler = g_strnfill (1000000, 'x');
  g_autofree char *json = g_strdup_printf ("{\"body\":\"%s\"}", filler);
  kl_socket_emit (self->socket, "large", json, 20000, on_answer, &large);
  g_assert_error (large.error, KL_CORE_ERROR, KL_CORE_ERROR_TOO_LARGE);
  kl_fake_server_cut (self->server);
  await_end (self, KL_CORE_ERROR_OFFLINE);
  g_assert_cmpuint (lost.calls, ==, 1);
  g_assert_error (lost.error, KL_CORE_ERROR, KL_CORE_ERROR_OFFLINE);
}

/* ── Ends ── */

static void
test_silent (Fixture *self, gconstpointer unused)
{
  gint64 began;

  self->server->ping_interval_ms = 200;
  self->server->ping_timeout_ms = 100;
  start (self);
  /* A sign of life prolongs it, but only by so much. */
  kl_test_spin (150);
  kl_fake_server_send (self->server, "2");
  kl_test_wait_until (strlen (self->server->received->str) > 0);
  began = g_get_monotonic_time ();
  await_end (self, KL_CORE_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 150 * 1000);
}

static void
test_no_server (Fixture *self, gconstpointer unused)
{
  soup_server_disconnect (self->server->soup);
  kl_socket_start (self->socket);
  await_end (self, KL_CORE_ERROR_UNREACHABLE);
}

static void
test_refused (Fixture *self, gconstpointer unused)
{
  self->server->refusal = "{\"message\":\"unauthorized\",\"data\":{\"code\":\"unauthorized\"}}";
  kl_socket_start (self->socket);
  await_end (self, KL_CORE_ERROR_UNAUTHORIZED);
}

static void
test_disconnected (Fixture *self, gconstpointer unused)
{
  start (self);
  kl_fake_server_send (self->server, "41");
  await_end (self, KL_CORE_ERROR_OFFLINE);
}

static void
test_broken (Fixture *self, gconstpointer data)
{
  const char *text = data;

  start (self);
  kl_fake_server_send (self->server, text);
  await_end (self, KL_CORE_ERROR_NOT_KLATCH);
  g_assert_cmpstr (self->events->str, ==, "");
}

static void
test_unasked_binary (Fixture *self, gconstpointer unused)
{
  start (self);
  soup_websocket_connection_send_binary (self->server->connection, "abc", 3);
  await_end (self, KL_CORE_ERROR_NOT_KLATCH);
}

/* A frame of more than the limit, and a message without an end in many small frames. */
static void
test_endless (Fixture *self, gconstpointer unused)
{
  guint8 frame[4 + 60000] = { 0x01, 126, 60000 >> 8, 60000 & 0xff };

  start (self);
  memset (frame + 4, 'x', 60000);
  for (guint i = 0; i < 100 && self->n_closed == 0 && self->server->connection != NULL; i++)
    {
      kl_fake_server_write (self->server, frame, sizeof frame);
      frame[0] = 0x00;
      for (guint k = 0; k < 5; k++)
        g_main_context_iteration (NULL, FALSE);
    }
  kl_test_wait_until (self->n_closed == 1);
  g_assert_cmpstr (self->closed->message, ==, "The server sent a message that has no end");
}

static void
test_huge_frame (Fixture *self, gconstpointer unused)
{
  const guint8 head[] = { 0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0 };

  start (self);
  kl_fake_server_write (self->server, head, sizeof head);
  kl_test_wait_until (self->n_closed == 1);
}

/* Whatever is sent while the server closes is lost with the connection, and no fault. */
static void
test_closing (Fixture *self, gconstpointer unused)
{
  const guint8 close_frame[] = { 0x88, 2, 0x03, 0xe8 };
  g_auto (Answer) answer = { 0 };

  start (self);
  kl_socket_emit (self->socket, "asked", "{}", 20000, on_answer, &answer);
  kl_fake_server_write (self->server, close_frame, sizeof close_frame);
  while (self->n_closed == 0)
    {
      kl_socket_emit (self->socket, "more", "{}", 20000, NULL, NULL);
      g_main_context_iteration (NULL, TRUE);
    }
  g_assert_error (answer.error, KL_CORE_ERROR, KL_CORE_ERROR_OFFLINE);
}

/* ── No WebSocket there ── */

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  guint status = GPOINTER_TO_UINT (user_data);

  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "text/html", SOUP_MEMORY_STATIC, "<html>", 6);
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", "7");
}

static void
test_status (Fixture *self, gconstpointer data)
{
  guint status = GPOINTER_TO_UINT (data);

  soup_server_remove_handler (self->server->soup, "/socket.io/");
  soup_server_add_handler (self->server->soup, NULL, on_request, GUINT_TO_POINTER (status), NULL);
  kl_socket_start (self->socket);
  await_end (self, status >= 429 ? KL_CORE_ERROR_UNAVAILABLE : KL_CORE_ERROR_NOT_KLATCH);
  g_assert_cmpint (kl_error_get_retry_after_ms (self->closed), ==, status >= 429 ? 7000 : 0);
}

/* ── KlConnection ── */

typedef struct
{
  KlFakeServer *server;
  KlConnection *connection;
  guint ready;
  guint lost;
} Line;

static void
on_line_ready (KlConnection *connection, Line *self)
{
  self->ready++;
}

static void
on_line_lost (KlConnection *connection, Line *self)
{
  self->lost++;
}

static void
line_up (Line *self, gconstpointer unused)
{
  self->server = kl_fake_server_new ();
  self->connection = kl_connection_new (self->server->url, "secret");
  g_signal_connect (self->connection, "ready", G_CALLBACK (on_line_ready), self);
  g_signal_connect (self->connection, "lost", G_CALLBACK (on_line_lost), self);
}

static void
line_down (Line *self, gconstpointer unused)
{
  kl_connection_stop (self->connection);
  kl_test_finalize (self->connection);
  kl_fake_server_free (self->server);
}

static void
assert_state (Line *self, KlConnectionState state)
{
  g_assert_cmpint (kl_connection_get_state (self->connection), ==, state);
}

static void
test_line_returns (Line *self, gconstpointer unused)
{
  assert_state (self, KL_CONNECTION_STATE_STOPPED);
  kl_connection_start (self->connection);
  assert_state (self, KL_CONNECTION_STATE_CONNECTING);
  kl_test_wait_until (self->ready == 1);
  assert_state (self, KL_CONNECTION_STATE_CONNECTING);
  kl_connection_set_synced (self->connection);
  assert_state (self, KL_CONNECTION_STATE_ONLINE);
  kl_fake_server_cut (self->server);
  kl_test_wait_until (self->lost == 1);
  assert_state (self, KL_CONNECTION_STATE_WAITING);
  g_assert_cmpuint (kl_connection_get_retry_in (self->connection), ==, 1);
  kl_test_wait_until (self->ready == 2);
  g_assert_cmpuint (self->server->connections, ==, 2);
  /* "Try now" does not wait. */
  kl_fake_server_cut (self->server);
  kl_test_wait_until (self->lost == 2);
  kl_connection_retry_now (self->connection);
  assert_state (self, KL_CONNECTION_STATE_CONNECTING);
  kl_test_wait_until (self->ready == 3);
  kl_connection_stop (self->connection);
  assert_state (self, KL_CONNECTION_STATE_STOPPED);
  g_assert_cmpuint (self->lost, ==, 3);
}

/* Who gives up comes back: no good-bye, upon which the server would forget what it keeps for us. */
static void
test_line_given_up (Line *self, gconstpointer unused)
{
  kl_connection_start (self->connection);
  kl_test_wait_until (self->ready == 1);
  kl_connection_set_synced (self->connection);
  kl_connection_give_up (self->connection);
  g_assert_cmpuint (self->lost, ==, 1);
  assert_state (self, KL_CONNECTION_STATE_WAITING);
  kl_test_wait_until (strstr (self->server->received->str, "closed") != NULL);
  g_assert_null (strstr (self->server->received->str, "41"));
  kl_test_wait_until (self->ready == 2);
  g_string_truncate (self->server->received, 0);
  kl_connection_stop (self->connection);
  kl_test_wait_until (strstr (self->server->received->str, "closed") != NULL);
  g_assert_cmpstr (self->server->received->str, ==, "41\nclosed\n");
}

static void
test_line_shutdown (Line *self, gconstpointer unused)
{
  kl_connection_start (self->connection);
  kl_test_wait_until (self->ready == 1);
  kl_fake_server_send_event (self->server, "notice",
                             "{\"code\":\"shutdown\",\"message\":\"Back soon\",\"retry_after_ms\":600000}");
  kl_test_wait_until (kl_connection_get_state_text (self->connection) != NULL);
  kl_fake_server_cut (self->server);
  kl_test_wait_until (self->lost == 1);
  assert_state (self, KL_CONNECTION_STATE_WAITING);
  g_assert_cmpstr (kl_connection_get_state_text (self->connection), ==, "Back soon");
  /* A random part of ten minutes: under two seconds once in three hundred runs. */
  g_assert_cmpuint (kl_connection_get_retry_in (self->connection), <=, 600);
}

static void
test_line_revoked (Line *self, gconstpointer unused)
{
  kl_connection_start (self->connection);
  kl_test_wait_until (self->ready == 1);
  kl_fake_server_send_event (self->server, "notice", "{\"code\":\"revoked\",\"message\":\"Signed out elsewhere\"}");
  kl_test_wait_until (self->lost == 1);
  assert_state (self, KL_CONNECTION_STATE_REFUSED);
  g_assert_cmpstr (kl_connection_get_state_text (self->connection), ==, "Signed out elsewhere");
  kl_connection_retry_now (self->connection);
  kl_test_spin (1500);
  g_assert_cmpuint (self->server->connections, ==, 1);
}

static void
test_line_unauthorized (Line *self, gconstpointer unused)
{
  self->server->refusal = "{\"message\":\"unauthorized\",\"data\":{\"code\":\"unauthorized\"}}";
  kl_connection_start (self->connection);
  kl_test_wait_until (kl_connection_get_state (self->connection) == KL_CONNECTION_STATE_REFUSED);
  kl_test_spin (1500);
  g_assert_cmpuint (self->server->connections, ==, 1);
}

int
main (int argc, char **argv)
{
  kl_fake_server_init (&argc, &argv);

  g_test_add ("/core/socket/connect", Fixture, NULL, set_up, test_connect, tear_down);
  g_test_add ("/core/socket/answers", Fixture, NULL, set_up, test_answers, tear_down);
  g_test_add ("/core/socket/silent", Fixture, NULL, set_up, test_silent, tear_down);
  g_test_add ("/core/socket/no-server", Fixture, NULL, set_up, test_no_server, tear_down);
  g_test_add ("/core/socket/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/core/socket/disconnected", Fixture, NULL, set_up, test_disconnected, tear_down);
  g_test_add ("/core/socket/unasked-binary", Fixture, NULL, set_up, test_unasked_binary, tear_down);
  g_test_add ("/core/socket/endless", Fixture, NULL, set_up, test_endless, tear_down);
  g_test_add ("/core/socket/closing", Fixture, NULL, set_up, test_closing, tear_down);
  g_test_add ("/core/socket/huge-frame", Fixture, NULL, set_up, test_huge_frame, tear_down);
  static const char *const broken[] = {
    "",    "9", "42",   "42{}", "42[", "42[1]", "45999999999-[\"a\"]", "451-[\"a\",{\"_placeholder\":true,\"num\":-1}]",
    "0{}", "0", "43[]", "44",   "4",   "47[]",  "42[\"a\"]x",
  };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/socket/broken/%u", i);
      g_test_add (path, Fixture, broken[i], set_up, test_broken, tear_down);
    }
  static const guint statuses[] = { 200, 404, 302, 429, 503 };
  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree char *path = g_strdup_printf ("/core/socket/status/%u", statuses[i]);
      g_test_add (path, Fixture, GUINT_TO_POINTER (statuses[i]), set_up, test_status, tear_down);
    }
  g_test_add ("/core/connection/returns", Line, NULL, line_up, test_line_returns, line_down);
  g_test_add ("/core/connection/given-up", Line, NULL, line_up, test_line_given_up, line_down);
  g_test_add ("/core/connection/shutdown", Line, NULL, line_up, test_line_shutdown, line_down);
  g_test_add ("/core/connection/revoked", Line, NULL, line_up, test_line_revoked, line_down);
  g_test_add ("/core/connection/unauthorized", Line, NULL, line_up, test_line_unauthorized, line_down);
  return g_test_run ();
}
