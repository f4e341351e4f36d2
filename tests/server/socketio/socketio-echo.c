/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An echo server on the transport, as the protocol repositories' READMEs ask of one:
 *
 *   /engine.io/   every Engine.IO message comes back
 *   /socket.io/   namespaces / and /custom emit `auth` with the CONNECT payload; in / `message` is answered by
 *                 `message-back`, `message-with-ack` by its acknowledgement, with the same arguments
 *   /ws           every WebSocket message comes back, over the same frames
 *
 * Prints "listening on http://ADDR:PORT" (https with --certificate and --key) when it is ready; SIGTERM ends it. For tests only. */
#include <glib-unix.h>
#include <string.h>
#include <sys/resource.h>

#include "server/socketio/kl-eio-server.h"
#include "server/socketio/kl-sio-message-private.h"
#include "server/socketio/kl-sio-server.h"
#include "server/socketio/kl-ws-endpoint.h"

/* Autobahn's cases go up to 64 KiB; large messages are tried too. */
#define WS_MAX_BYTES (16 * 1024 * 1024)

static int port = 0;
static int ping_interval_ms = 300;
static int ping_timeout_ms = 200;
static int max_payload = 1000000;
static int connect_timeout_ms = 1000;
static int request_timeout_ms = 10000;
static int queue_bytes = 64 * 1024 * 1024;
static int unsigned_max = 0;
static char **trusted_proxies;
static char *certificate, *key;

static KlSioServer *main_server;

static GOptionEntry entries[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "Port to listen on; 0: any", "N" },
  { "ping-interval-ms", 0, 0, G_OPTION_ARG_INT, &ping_interval_ms, "Heartbeat (300)", "N" },
  { "ping-timeout-ms", 0, 0, G_OPTION_ARG_INT, &ping_timeout_ms, "How long a pong may take (200)", "N" },
  { "max-payload", 0, 0, G_OPTION_ARG_INT, &max_payload, "Bytes of a packet (1000000)", "N" },
  { "connect-timeout-ms", 0, 0, G_OPTION_ARG_INT, &connect_timeout_ms, "How long a CONNECT may take (1000)", "N" },
  { "request-timeout-ms", 0, 0, G_OPTION_ARG_INT, &request_timeout_ms, "How long a request may take (10000)", "N" },
  { "queue-bytes", 0, 0, G_OPTION_ARG_INT, &queue_bytes, "Bytes that may wait for one client (64 MiB)", "N" },
  { "connections-unsigned", 0, 0, G_OPTION_ARG_INT, &unsigned_max, "Of an address, without a CONNECT (0: any)", "N" },
  { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &certificate, "Speak TLS, with this certificate", "FILE" },
  { "key", 0, 0, G_OPTION_ARG_FILENAME, &key, "and this key; SIGHUP reads both again", "FILE" },
  { "trusted-proxy", 0, 0, G_OPTION_ARG_STRING_ARRAY, &trusted_proxies, "Whose forwarding headers count", "ADDRESS" },
  { NULL },
};

/* ── /engine.io/ ── */

static gpointer
on_eio_opened (KlEioSession *session, const KlSioHandshake *handshake, gpointer user_data)
{
  return NULL;
}

static void
on_eio_message (KlEioSession *session, gpointer data, const char *bytes, gsize length, gboolean binary)
{
  g_autoptr (KlSioMessage) message = kl_sio_message_new_packet (KL_EIO_MESSAGE, binary, bytes, length);

  kl_eio_session_send (session, message);
}

static void
on_eio_closed (KlEioSession *session, gpointer data, KlSioReason reason)
{
}

static const KlEioHandler eio_handler = { on_eio_opened, on_eio_message, on_eio_closed };

/* ── /socket.io/ ── */

/* The arguments from FIRST on, as JSON, without the brackets. */
static char *
write_args (yyjson_val *args, gsize first)
{
  GString *text = g_string_new (NULL);
  yyjson_arr_iter iter = yyjson_arr_iter_with (args);
  yyjson_val *value;

  for (gsize i = 0; (value = yyjson_arr_iter_next (&iter)); i++)
    {
      char *json;

      if (i < first)
        continue;
      json = yyjson_val_write (value, YYJSON_WRITE_NOFLAG, NULL);
      if (i > first)
        g_string_append_c (text, ',');
      g_string_append (text, json ? json : "null");
      free (json);
    }

  return g_string_free_and_steal (text);
}

/* Two frames of one turn are one write; a client that begins to listen anew for each (the public suites do) wants to
 * read them apart. */
#define APART_MS 15

typedef struct
{
  KlSioSocket *socket;
  KlSioMessage *message;
} Later;

static gboolean
on_later (gpointer user_data)
{
  g_autofree Later *later = user_data;

  kl_sio_socket_emit (later->socket, later->message);
  kl_sio_message_unref (later->message);
  kl_sio_socket_unref (later->socket);

  return G_SOURCE_REMOVE;
}

static void
on_connect (KlSioSocket *socket, const KlSioHandshake *handshake, yyjson_val *auth, gboolean strict, gpointer user_data)
{
  char *json = auth ? yyjson_val_write (auth, YYJSON_WRITE_NOFLAG, NULL) : NULL;
  Later *later = g_new0 (Later, 1);

  kl_sio_socket_accept (socket);
  later->socket = kl_sio_socket_ref (socket);
  later->message = kl_sio_message_new_full (user_data, "auth", json ? json : "{}", -1, NULL);
  g_timeout_add (APART_MS, on_later, later);
  free (json);
}

/* `ask-back`: asks the client by an event of the same name, and answers with what it acknowledged (null: nothing). */
typedef struct
{
  KlSioSocket *socket;
  gint64 ack_id;
} Question;

static void
on_answer (KlSioSocket *socket, const KlSioPacket *answer, gpointer user_data)
{
  g_autofree Question *question = user_data;
  g_autofree char *args = answer ? write_args (answer->data, 0) : g_strdup ("null");

  kl_sio_socket_ack (question->socket, question->ack_id, args, -1);
  kl_sio_socket_unref (question->socket);
}

static void
ask_back (KlSioSocket *socket, gint64 ack_id, const char *args)
{
  Question *question = g_new0 (Question, 1);

  question->socket = kl_sio_socket_ref (socket);
  question->ack_id = ack_id;
  kl_sio_socket_emit_with_ack (socket, "ask-back", args, -1, 1000, on_answer, question);
}

static gboolean
is_event (const KlSioEvent *event, const char *name)
{
  return event->name_length == strlen (name) && memcmp (event->name, name, event->name_length) == 0;
}

static void
on_event (KlSioSocket *socket, const KlSioEvent *event, gpointer user_data)
{
  const char *nsp = user_data;
  g_autofree char *args = write_args (event->args, 1);

  if (strcmp (nsp, "/") != 0)
    return;

  if (is_event (event, "message"))
    {
      g_autoptr (KlSioMessage) message = kl_sio_message_new_full (nsp, "message-back", args, -1, event->attachments);

      kl_sio_socket_emit (socket, message);
    }
  else if (is_event (event, "message-with-ack"))
    {
      kl_sio_socket_ack_full (socket, event->ack_id, args, -1, event->attachments);
    }
  else if (is_event (event, "strict"))
    {
      kl_sio_socket_ack (socket, event->ack_id, event->strict ? "true" : "false", -1);
    }
  else if (is_event (event, "ask-back"))
    {
      ask_back (socket, event->ack_id, args);
    }
  else if (is_event (event, "join") && yyjson_is_str (event->arg))
    {
      kl_sio_socket_join (socket, yyjson_get_str (event->arg));
      kl_sio_socket_ack (socket, event->ack_id, "true", -1);
    }
  else if (is_event (event, "leave") && yyjson_is_str (event->arg))
    {
      kl_sio_socket_leave (socket, yyjson_get_str (event->arg));
      kl_sio_socket_ack (socket, event->ack_id, "true", -1);
    }
  else if (is_event (event, "say") && yyjson_is_str (event->arg))
    {
      g_autoptr (KlSioMessage) message = kl_sio_message_new_full (nsp, "said", args, -1, NULL);

      kl_sio_server_emit (main_server, nsp, yyjson_get_str (event->arg), message, NULL);
    }
  else if (is_event (event, "flood") && yyjson_is_uint (event->arg))
    {
      g_autoptr (KlSioMessage) message = kl_sio_message_new_full (nsp, "flood", args, -1, NULL);

      for (guint64 i = 0; i < yyjson_get_uint (event->arg); i++)
        kl_sio_socket_emit (socket, message);
    }
  else if (is_event (event, "address"))
    {
      g_autofree char *json = g_strdup_printf ("\"%s\"", kl_sio_socket_get_address (socket));

      kl_sio_socket_ack (socket, event->ack_id, json, -1);
    }
  else if (is_event (event, "kick"))
    {
      g_autoptr (KlSioMessage) notice = kl_sio_message_new_json ("notice", "{\"code\":\"revoked\"}", -1);

      kl_sio_socket_close (socket, notice, TRUE);
    }
}

static void
on_disconnected (KlSioSocket *socket, KlSioReason reason, gpointer user_data)
{
  g_printerr ("%s left %s: %s\n", kl_sio_socket_get_id (socket), (const char *) user_data,
              kl_sio_reason_to_string (reason));
}

static void
on_connect_main (KlSioSocket *socket, const KlSioHandshake *handshake, yyjson_val *auth, gboolean strict,
                 gpointer user_data)
{
  if (yyjson_is_true (yyjson_obj_get (auth, "refuse")))
    kl_sio_socket_refuse (socket, "{\"message\":\"unauthorized\",\"data\":{\"code\":\"unauthorized\"}}");
  else if (!yyjson_is_true (yyjson_obj_get (auth, "wait")))
    on_connect (socket, handshake, auth, strict, user_data);
}

static const KlSioHandler main_handler = { on_connect_main, on_event, on_disconnected };
static const KlSioHandler custom_handler = { on_connect, on_event, on_disconnected };

/* ── /ws ── */

static void
on_ws_message (KlWsConn *conn, const KlWsMessage *message, gpointer user_data)
{
  g_autoptr (KlSioMessage) echo = kl_sio_message_new_frame (message->opcode, message->data, message->length);

  kl_ws_conn_send (conn, echo);
}

static void
on_ws_ended (KlWsConn *conn, KlWsEnd end, gpointer user_data)
{
}

static const KlWsHandler ws_handler = { on_ws_message, on_ws_ended };

/* ── Start and end ── */

static void
on_shut_down (GObject *source, GAsyncResult *result, gpointer user_data)
{
  kl_sio_server_shutdown_finish (KL_SIO_SERVER (source), result, NULL);
  g_main_loop_quit (user_data);
}

typedef struct
{
  GMainLoop *loop;
  KlSioServer *server;
  KlSioTls *tls;
} Running;

static gboolean
on_reload (gpointer user_data)
{
  Running *running = user_data;
  g_autoptr (GError) error = NULL;

  if (kl_sio_tls_reload (running->tls, &error))
    g_printerr ("reloaded\n");
  else
    g_printerr ("not reloaded: %s\n", error->message);

  return G_SOURCE_CONTINUE;
}

static gboolean
on_signal (gpointer user_data)
{
  Running *running = user_data;
  g_autoptr (KlSioMessage) notice = kl_sio_message_new_json ("notice", "{\"code\":\"shutdown\"}", -1);

  kl_sio_server_shutdown_async (running->server, notice, 2000, on_shut_down, running->loop);

  return G_SOURCE_REMOVE;
}

static void
raise_descriptors (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) options = g_option_context_new ("- echoes what it is told, for tests");
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (KlSioTls) tls = NULL;
  g_autoptr (KlSioListener) listener = NULL;
  g_autoptr (KlSioServer) server = NULL;
  g_autoptr (KlSioMessage) slow = kl_sio_message_new_json ("notice", "{\"code\":\"slow_consumer\"}", -1);
  g_autofree char *address = NULL;
  KlSioServerConfig config = { 0 };
  KlEioServer *eio;
  Running running;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    {
      g_printerr ("socketio-echo: %s\n", error->message);
      return 2;
    }
  if (!g_getenv ("KLATCH_KEEP_DESCRIPTOR_LIMIT"))
    raise_descriptors ();

  if (certificate)
    {
      tls = kl_sio_tls_new (certificate, key, &error);
      if (!tls)
        {
          g_printerr ("socketio-echo: %s\n", error->message);
          return 2;
        }
    }
  listener = kl_sio_listener_new (
    &(KlSioListenerConfig) {
      .request_timeout_ms = (guint) request_timeout_ms,
      .connections_unsigned = (guint) unsigned_max,
      .trusted_proxies = (const char *const *) trusted_proxies,
      .tls = tls,
    },
    &error);
  address = g_strdup_printf ("127.0.0.1:%d", port);
  if (!listener || !kl_sio_listener_listen (listener, address, &error))
    {
      g_printerr ("socketio-echo: %s\n", error->message);
      return 2;
    }

  config = (KlSioServerConfig) {
    .ping_interval_ms = (guint) ping_interval_ms,
    .ping_timeout_ms = (guint) ping_timeout_ms,
    .max_payload_bytes = (gsize) max_payload,
    .connect_timeout_ms = (guint) connect_timeout_ms,
    .queue_bytes = (gsize) queue_bytes,
    .cors_any = TRUE,
  };
  eio = kl_eio_server_new (listener, "/engine.io/", &config, &eio_handler, NULL);
  server = kl_sio_server_new (listener, "/socket.io/", &config);
  main_server = server;
  kl_sio_server_add_namespace (server, "/", &main_handler, (gpointer) "/");
  kl_sio_server_add_namespace (server, "/custom", &custom_handler, (gpointer) "/custom");
  kl_sio_server_set_slow_notice (server, slow);
  kl_ws_endpoint_add (listener, "/ws", &(KlWsLimits) { WS_MAX_BYTES, 4 * WS_MAX_BYTES }, &ws_handler, NULL);

  running = (Running) { loop, server, tls };
  if (tls)
    g_unix_signal_add (SIGHUP, on_reload, &running);
  g_unix_signal_add (SIGTERM, on_signal, &running);
  g_unix_signal_add (SIGINT, on_signal, &running);
  g_printerr ("listening on %s://%s\n", tls ? "https" : "http", kl_sio_listener_get_address (listener));
  g_main_loop_run (loop);

  kl_eio_server_free (eio);
  g_strfreev (trusted_proxies);
  g_free (certificate);
  g_free (key);

  return 0;
}
