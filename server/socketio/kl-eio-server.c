/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes by HTTP: handshakes, polls, and the WebSockets that leave it. */
#include "server/socketio/kl-eio-private.h"

#include <string.h>
#include <unistd.h>

#define DEFAULT_PING_INTERVAL_MS (15 * 1000)
#define DEFAULT_PING_TIMEOUT_MS (10 * 1000)
#define DEFAULT_CONNECT_TIMEOUT_MS (10 * 1000)
#define DEFAULT_MAX_PAYLOAD (1024 * 1024)
#define DEFAULT_QUEUE_BYTES (4 * 1024 * 1024)
#define LATE_MS 20

static const char too_large[] = "{\"error\":{\"code\":\"too_large\",\"message\":\"The packet is over the limit\"}}";
static const char too_many[] = "{\"error\":{\"code\":\"rate_limited\",\"message\":\"Too many connections from this "
                               "address that have not signed in\",\"retry_after_ms\":10000}}";

KlEioServer *
kl_eio_server_ref (KlEioServer *self)
{
  self->ref_count++;
  return self;
}

void
kl_eio_server_unref (KlEioServer *self)
{
  if (--self->ref_count == 0)
    g_free (self);
}

/* ── Answers ── */

static void
add_cors (KlEioServer *self, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  if (!self->config.cors_any)
    return;

  soup_message_headers_replace (headers, "Access-Control-Allow-Origin", "*");
  soup_message_headers_replace (headers, "Access-Control-Allow-Methods", "GET, POST");
  soup_message_headers_replace (headers, "Access-Control-Allow-Headers", "Content-Type");
}

void
kl_eio_server_respond (KlEioServer *self, SoupServerMessage *message, guint status, const char *type,
                       const char *text, gsize length)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  add_cors (self, message);
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_server_message_set_status (message, status, NULL);
  soup_message_body_truncate (soup_server_message_get_response_body (message));
  soup_server_message_set_response (message, type, SOUP_MEMORY_COPY, text, length);
}

void
kl_eio_server_refuse (KlEioServer *self, SoupServerMessage *message, KlEioError error)
{
  static const char *const words[] = {
    [KL_EIO_ERROR_UNKNOWN_TRANSPORT] = "Transport unknown",
    [KL_EIO_ERROR_UNKNOWN_SID] = "Session ID unknown",
    [KL_EIO_ERROR_BAD_METHOD] = "Bad handshake method",
    [KL_EIO_ERROR_BAD_REQUEST] = "Bad request",
    [KL_EIO_ERROR_FORBIDDEN] = "Forbidden",
    [KL_EIO_ERROR_UNSUPPORTED_VERSION] = "Unsupported protocol version",
  };
  g_autofree char *json = g_strdup_printf ("{\"code\":%d,\"message\":\"%s\"}", error, words[error]);

  kl_eio_server_respond (self, message,
                         error == KL_EIO_ERROR_FORBIDDEN ? SOUP_STATUS_FORBIDDEN : SOUP_STATUS_BAD_REQUEST,
                         "application/json", json, strlen (json));
}

/* ── Handshakes ── */

/* Whether a new session may begin; else MESSAGE has got its answer. SLOT is taken. */
static gboolean
admit (KlEioServer *self, SoupServerMessage *message, KlSioHandshake *handshake, KlSioSlot **slot)
{
  kl_sio_listener_get_peer (self->listener, message, &handshake->peer);
  handshake->headers = soup_server_message_get_request_headers (message);
  *slot = NULL;

  if (self->stopping)
    {
      kl_eio_server_respond (self, message, SOUP_STATUS_SERVICE_UNAVAILABLE, "application/json", "{}", 2);
      return FALSE;
    }
  if (self->admit && !self->admit (handshake, self->admit_data))
    {
      kl_eio_server_refuse (self, message, KL_EIO_ERROR_FORBIDDEN);
      return FALSE;
    }
  if (!kl_sio_listener_take_slot (self->listener, handshake->peer.address, slot))
    {
      soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", "10");
      kl_eio_server_respond (self, message, 429, "application/json", too_many,
                             sizeof too_many - 1);
      return FALSE;
    }

  return TRUE;
}

static void
begin_polling (KlEioServer *self, SoupServerMessage *message)
{
  KlSioHandshake handshake;
  KlSioSlot *slot;
  KlEioSession *session;

  /* The connection that a session's request comes on is the session's: one place for both. */
  kl_sio_listener_set_signed_in (self->listener, message);
  if (!admit (self, message, &handshake, &slot))
    return;

  session = kl_eio_session_ref (kl_eio_session_new (self, NULL, &handshake, slot));
  if (session->polling)
    kl_eio_polling_get (session->polling, message);
  else
    kl_eio_server_refuse (self, message, KL_EIO_ERROR_BAD_REQUEST);
  kl_eio_session_unref (session);
}

/* A WebSocket that was promised with a 101. */
typedef struct
{
  KlEioServer *server;
  char *sid; /* the session it wants to take over; NULL: it begins one */
} Promise;

static void
promise_free (gpointer data)
{
  Promise *promise = data;

  kl_eio_server_unref (promise->server);
  g_free (promise->sid);
  g_free (promise);
}

static KlEioSession *
find_for_upgrade (KlEioServer *self, const char *sid)
{
  KlEioSession *session = self->by_sid ? g_hash_table_lookup (self->by_sid, sid) : NULL;

  if (!session || !session->polling || session->polling->probe || session->polling->closing)
    return NULL;

  return session;
}

static void
on_upgraded (SoupServerMessage *message, int fd, GByteArray *early, gpointer user_data)
{
  Promise *promise = user_data;
  KlEioServer *self = promise->server;
  KlEioSession *session = promise->sid ? find_for_upgrade (self, promise->sid) : NULL;
  KlSioHandshake handshake;
  KlSioSlot *slot = NULL;
  KlWsConn *conn;

  if (!self->by_sid)
    {
      close (fd);
      return;
    }

  conn = kl_ws_conn_new (self->hub, fd, &self->limits, NULL, NULL);
  kl_sio_listener_get_peer (self->listener, message, &handshake.peer);
  handshake.headers = soup_server_message_get_request_headers (message);
  if (session)
    kl_eio_polling_begin_probe (session->polling, conn);
  else if (promise->sid || self->stopping)
    kl_ws_conn_close (conn, promise->sid ? KL_WS_CODE_PROTOCOL_ERROR : KL_WS_CODE_GOING_AWAY, "");
  else if (!kl_sio_listener_take_slot (self->listener, handshake.peer.address, &slot))
    kl_ws_conn_close (conn, KL_WS_CODE_POLICY, "");
  else
    kl_eio_session_new (self, conn, &handshake, slot);
  kl_ws_conn_feed (conn, early->data, early->len);
}

static void
begin_websocket (KlEioServer *self, SoupServerMessage *message, const char *sid)
{
  KlSioHandshake handshake;
  KlSioSlot *slot = NULL;
  Promise *promise;

  /* One that has its WebSocket already lets the handshake pass, and closes what comes of it. */
  if (sid && !g_hash_table_contains (self->by_sid, sid))
    {
      kl_eio_server_refuse (self, message, KL_EIO_ERROR_UNKNOWN_SID);
      return;
    }
  if (!sid)
    {
      kl_sio_listener_set_signed_in (self->listener, message);
      if (!admit (self, message, &handshake, &slot))
        return;
      /* Taken again in a moment, when the connection is really there. */
      kl_sio_listener_clear_slot (self->listener, &slot);
    }

  promise = g_new0 (Promise, 1);
  promise->server = kl_eio_server_ref (self);
  promise->sid = g_strdup (sid);
  if (!kl_sio_listener_upgrade (self->listener, message, on_upgraded, promise, promise_free))
    kl_eio_server_refuse (self, message, KL_EIO_ERROR_BAD_REQUEST);
}

/* ── Requests ── */

static const char *
get_parameter (GHashTable *query, const char *name)
{
  return query ? g_hash_table_lookup (query, name) : NULL;
}

/* A request of a session that has its WebSocket already. The client may not have read yet what its WebSocket was told:
 * the refusal comes a moment later, so that it does not overtake that. */
typedef struct
{
  KlEioServer *server;
  SoupServerMessage *message;
} Late;

static gboolean
on_late (gpointer user_data)
{
  Late *late = user_data;

  kl_eio_server_refuse (late->server, late->message, KL_EIO_ERROR_BAD_REQUEST);
  soup_server_message_unpause (late->message);

  return G_SOURCE_REMOVE;
}

static void
late_free (gpointer data)
{
  Late *late = data;

  kl_eio_server_unref (late->server);
  g_object_unref (late->message);
  g_free (late);
}

static void
refuse_late (KlEioServer *self, SoupServerMessage *message)
{
  g_autoptr (GSource) source = g_timeout_source_new (LATE_MS);
  Late *late = g_new0 (Late, 1);

  late->server = kl_eio_server_ref (self);
  late->message = g_object_ref (message);
  soup_server_message_pause (message);
  g_source_set_callback (source, on_late, late, late_free);
  g_source_attach (source, kl_ws_hub_get_context (self->hub));
}

static void
handle_session_request (KlEioServer *self, SoupServerMessage *message, const char *sid)
{
  const char *method = soup_server_message_get_method (message);
  KlEioSession *session = g_hash_table_lookup (self->by_sid, sid);

  if (!session)
    {
      kl_eio_server_refuse (self, message, KL_EIO_ERROR_UNKNOWN_SID);
      return;
    }

  kl_sio_listener_set_signed_in (self->listener, message);
  if (!session->polling)
    refuse_late (self, message);
  else if (strcmp (method, "GET") == 0)
    kl_eio_polling_get (session->polling, message);
  else if (strcmp (method, "POST") == 0)
    kl_eio_polling_post (session->polling, message);
  else
    kl_eio_server_refuse (self, message, KL_EIO_ERROR_BAD_METHOD);
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  KlEioServer *self = user_data;
  const char *method = soup_server_message_get_method (message);
  const char *transport = get_parameter (query, "transport"), *sid = get_parameter (query, "sid");
  gboolean websocket = g_strcmp0 (transport, "websocket") == 0;

  if (strcmp (path, self->path) != 0)
    {
      soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
      return;
    }
  if (strcmp (method, "OPTIONS") == 0 && self->config.cors_any)
    {
      add_cors (self, message);
      soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
      return;
    }

  if (!websocket && g_strcmp0 (transport, "polling") != 0)
    kl_eio_server_refuse (self, message, KL_EIO_ERROR_UNKNOWN_TRANSPORT);
  else if (g_strcmp0 (get_parameter (query, "EIO"), "4") != 0)
    kl_eio_server_refuse (self, message, KL_EIO_ERROR_UNSUPPORTED_VERSION);
  else if (sid && !websocket)
    handle_session_request (self, message, sid);
  else if (strcmp (method, "GET") != 0)
    kl_eio_server_refuse (self, message, KL_EIO_ERROR_BAD_METHOD);
  else if (websocket)
    begin_websocket (self, message, sid);
  else
    begin_polling (self, message);
}

static void
on_request_headers (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query,
                    gpointer user_data)
{
  KlEioServer *self = user_data;

  kl_sio_listener_limit_body (self->listener, message, self->limits.max_message_bytes, too_large);
}

/* ── The server ── */

static void
fill_defaults (KlSioServerConfig *config)
{
  if (config->ping_interval_ms == 0)
    config->ping_interval_ms = DEFAULT_PING_INTERVAL_MS;
  if (config->ping_timeout_ms == 0)
    config->ping_timeout_ms = DEFAULT_PING_TIMEOUT_MS;
  if (config->connect_timeout_ms == 0)
    config->connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS;
  if (config->max_payload_bytes == 0)
    config->max_payload_bytes = DEFAULT_MAX_PAYLOAD;
  if (config->queue_bytes == 0)
    config->queue_bytes = DEFAULT_QUEUE_BYTES;
}

KlEioServer *
kl_eio_server_new (KlSioListener *listener, const char *path, const KlSioServerConfig *config,
                   const KlEioHandler *handler, gpointer user_data)
{
  KlEioServer *self = g_new0 (KlEioServer, 1);
  SoupServer *soup = kl_sio_listener_get_soup (listener);

  self->ref_count = 1;
  self->listener = listener;
  self->hub = kl_sio_listener_get_hub (listener);
  self->path = g_strdup (path);
  self->config = *config;
  fill_defaults (&self->config);
  self->limits.max_message_bytes = self->config.max_payload_bytes;
  /* What TLS holds back has been taken from the queue, but not by the client. */
  self->limits.queue_bytes =
    self->config.queue_bytes - MIN (kl_sio_listener_get_hidden_bytes (listener), self->config.queue_bytes / 2);
  self->handler = handler;
  self->user_data = user_data;
  self->by_sid = g_hash_table_new (g_str_hash, g_str_equal);
  self->ping = kl_sio_message_new_packet (KL_EIO_PING, FALSE, NULL, 0);
  kl_eio_session_add_queues (self);
  kl_eio_polling_add_queues (self);
  soup_server_add_early_handler (soup, path, on_request_headers, self, NULL);
  soup_server_add_handler (soup, path, on_request, self, NULL);

  return self;
}

void
kl_eio_server_free (KlEioServer *self)
{
  KlSioTimers *timers = kl_ws_hub_get_timers (self->hub);
  KlSioTimerQueue *queues[] = { self->interval_queue, self->timeout_queue, self->deliver_queue,
                                self->noop_queue,     self->upgrade_queue, self->closing_queue };

  soup_server_remove_handler (kl_sio_listener_get_soup (self->listener), self->path);
  while (self->first)
    {
      KlEioSession *session = self->first;

      session->has_owner = FALSE;
      if (session->conn)
        kl_ws_conn_abort (g_steal_pointer (&session->conn));
      kl_eio_session_forget (session);
    }
  for (guint i = 0; i < G_N_ELEMENTS (queues); i++)
    kl_sio_timers_remove_queue (timers, queues[i]);
  g_clear_pointer (&self->by_sid, g_hash_table_unref);
  g_clear_pointer (&self->ping, kl_sio_message_unref);
  g_clear_pointer (&self->path, g_free);
  kl_eio_server_unref (self);
}

void
kl_eio_server_set_admit_func (KlEioServer *self, KlSioAdmitFunc func, gpointer user_data)
{
  self->admit = func;
  self->admit_data = user_data;
}

void
kl_eio_server_set_stopping (KlEioServer *self)
{
  self->stopping = TRUE;
}

void
kl_eio_server_close_all (KlEioServer *self, KlSioMessage *farewell)
{
  KlEioSession *session = self->first;

  /* The owners' callbacks may end others too: go on from one that is still there. */
  while (session)
    {
      KlEioSession *next;

      if (!session->has_owner)
        {
          session = session->next;
          continue;
        }
      kl_eio_session_ref (session);
      if (farewell)
        kl_eio_session_send (session, farewell);
      kl_eio_session_end (session, KL_SIO_REASON_SHUTDOWN);
      next = session->server ? session->next : self->first;
      kl_eio_session_unref (session);
      session = next;
    }
}

guint
kl_eio_server_get_n_sessions (KlEioServer *self)
{
  return self->n_sessions;
}

void
kl_eio_server_get_stats (KlEioServer *self, KlSioStats *stats)
{
  memset (stats, 0, sizeof *stats);
  memcpy (stats->ends, self->ends, sizeof stats->ends);
  for (KlEioSession *session = self->first; session; session = session->next)
    {
      if (session->conn)
        {
          stats->n_websockets++;
          stats->queued_bytes += kl_ws_conn_get_queued_bytes (session->conn);
        }
      else if (session->polling)
        {
          stats->n_polling++;
          stats->queued_bytes += session->polling->out.bytes;
        }
    }
}
