/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets of namespace "/": who they are, their events to the core, the core's events to them.
 *
 * A Client is made when a socket asks to enter and freed when the socket has ended and nothing waits for it any more.
 * Between is one look at the session, and then the core's connection. */

#include "server/api/kl-api-private.h"

#include "server/api/kl-api-origin.h"

#define TOKEN_MAX_BYTES 256

typedef struct
{
  guint ref_count;
  KlApi *api;
  KlSioSocket *socket;          /* a reference, until it has ended */
  KlChatConnection *connection; /* NULL: not let in, or ended */
  gboolean is_closing;          /* by the core, which has let go of it */
} Client;

static Client *
ref_client (Client *client)
{
  client->ref_count++;
  return client;
}

static void
unref_client (Client *client)
{
  if (--client->ref_count > 0)
    return;
  g_clear_pointer (&client->socket, kl_sio_socket_unref);
  g_clear_pointer (&client->connection, kl_chat_connection_unref);
  g_object_unref (client->api);
  g_free (client);
}

/* ── What the core sends ── */

static KlSioMessage *
get_packet (KlChatEvent *event)
{
  if (event->packet == NULL)
    {
      event->packet = kl_sio_message_new_json (event->name, event->json, (gssize)event->length);
      event->packet_destroy = (GDestroyNotify)kl_sio_message_unref;
    }
  return event->packet;
}

static void
deliver_event (gpointer sink, KlChatEvent *event)
{
  Client *client = sink;

  kl_sio_socket_emit (client->socket, get_packet (event));
}

/* Who was signed out, or sent away, shall not come back by himself: `for_good`. */
static void
close_client (gpointer sink, KlChatEvent *notice)
{
  Client *client = ref_client (sink);

  client->is_closing = TRUE;
  kl_sio_socket_close (client->socket, notice == NULL ? NULL : get_packet (notice), TRUE);
  unref_client (client);
}

typedef struct
{
  KlChatAcked acked;
  gpointer user_data;
} Asked;

static void
on_acknowledged (KlSioSocket *socket, const KlSioPacket *answer, gpointer user_data)
{
  g_autofree Asked *asked = user_data;

  asked->acked (asked->user_data, answer != NULL);
}

static void
ask_client (gpointer sink, const char *event, const char *json, gsize length, KlChatAcked acked, gpointer user_data)
{
  Client *client = sink;
  Asked *asked = g_new (Asked, 1);

  asked->acked = acked;
  asked->user_data = user_data;
  kl_sio_socket_emit_with_ack (client->socket, event, json, (gssize)length, 0, on_acknowledged, asked);
}

static const KlChatSink sink_vtable = { .deliver = deliver_event, .close = close_client, .ask = ask_client };

/* ── Coming in ── */

static void
refuse (KlSioSocket *socket, KlErrorCode code, gint64 retry_after_ms)
{
  g_auto (KlJsonWriter) writer = { 0 };
  const char *word = kl_error_code_to_string (code);

  kl_json_writer_init (&writer, 128);
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "message", word);
  kl_json_key (&writer, "data");
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "code", word);
  if (retry_after_ms > 0)
    kl_json_member_int (&writer, "retry_after_ms", retry_after_ms);
  kl_json_end_object (&writer);
  kl_json_end_object (&writer);

  g_autofree char *json = kl_json_writer_steal_string (&writer, NULL);
  kl_sio_socket_refuse (socket, json);
}

static void
refuse_client (Client *client, KlErrorCode code, gint64 retry_after_ms)
{
  g_autoptr (KlSioSocket) socket = g_steal_pointer (&client->socket);

  /* No `disconnected` comes for a refused one; the client's own reference goes here. */
  kl_sio_socket_set_data (socket, NULL);
  refuse (socket, code, retry_after_ms);
  unref_client (client);
}

static void
on_authenticated (KlStoreSignedIn *who, KlErrorCode code, gpointer user_data)
{
  Client *client = user_data;

  if (client->socket == NULL)
    {
      /* It has ended meanwhile. */
    }
  else if (client->api->stopping)
    refuse_client (client, KL_ERROR_CODE_UNAVAILABLE, client->api->retry_after_ms);
  else if (who == NULL)
    refuse_client (client, code, code == KL_ERROR_CODE_UNAVAILABLE ? 1000 : 0);
  else
    {
      client->connection = kl_chat_connect (client->api->chat, who, &sink_vtable, client);
      if (client->connection == NULL)
        refuse_client (client, KL_ERROR_CODE_RATE_LIMITED, 0);
      else
        kl_sio_socket_accept (client->socket);
    }
  unref_client (client);
}

/* NULL: it brought none that counts. */
static char *
dup_token (KlApi *self, const KlSioHandshake *handshake, yyjson_val *auth)
{
  yyjson_val *token = auth == NULL ? NULL : yyjson_obj_get (auth, "token");

  if (token != NULL && !yyjson_is_null (token))
    return yyjson_is_str (token) && strlen (yyjson_get_str (token)) == yyjson_get_len (token)
               ? g_strdup (yyjson_get_str (token))
               : NULL;
  g_autofree char *host = kl_sio_peer_dup_host (&handshake->peer, handshake->headers);
  if (!kl_api_origin_allows_handshake (handshake->headers, host, self->settings->public_url, handshake->peer.https))
    return NULL;
  return kl_api_cookie_dup (handshake->headers, kl_api_get_cookie_name (self, &handshake->peer));
}

static void
on_socket_connect (KlSioSocket *socket, const KlSioHandshake *handshake, yyjson_val *auth, gboolean strict,
                   gpointer user_data)
{
  KlApi *self = user_data;
  g_autofree char *token = strict ? dup_token (self, handshake, auth) : NULL;

  if (self->stopping)
    {
      refuse (socket, KL_ERROR_CODE_UNAVAILABLE, self->retry_after_ms);
      return;
    }
  if (token == NULL || *token == '\0' || strlen (token) > TOKEN_MAX_BYTES)
    {
      refuse (socket, KL_ERROR_CODE_UNAUTHORIZED, 0);
      return;
    }

  Client *client = g_new0 (Client, 1);
  client->ref_count = 1;
  client->api = g_object_ref (self);
  client->socket = kl_sio_socket_ref (socket);
  kl_sio_socket_set_data (socket, client);
  kl_chat_accounts_authenticate (self->accounts, token, on_authenticated, ref_client (client));
}

static void
on_socket_disconnected (KlSioSocket *socket, KlSioReason reason, gpointer user_data)
{
  Client *client = kl_sio_socket_get_data (socket);

  if (client == NULL)
    return;
  kl_sio_socket_set_data (socket, NULL);
  if (client->connection != NULL && !client->is_closing)
    kl_chat_connection_end (client->connection, reason == KL_SIO_REASON_CLIENT_DISCONNECT);
  g_clear_pointer (&client->socket, kl_sio_socket_unref);
  unref_client (client);
}

/* ── What clients send ── */

typedef struct
{
  KlApi *api;
  KlSioSocket *socket;
  gint64 ack_id;
} PendingEvent;

static void
on_event_answered (const KlChatAnswer *answer, gpointer user_data)
{
  PendingEvent *pending = user_data;

  pending->api->n_events--;
  kl_sio_socket_ack (pending->socket, pending->ack_id, answer->json, (gssize)answer->length);
  kl_sio_socket_unref (pending->socket);
  g_free (pending);
}

static void
refuse_event (KlApi *self, KlSioSocket *socket, const KlSioEvent *event)
{
  g_auto (KlJsonWriter) writer = { 0 };
  gsize length = 0;
  g_autofree char *error
      = kl_api_make_error (KL_ERROR_CODE_UNAVAILABLE, "The server is stopping.", NULL, self->retry_after_ms, &length);

  /* {"error":…} becomes {"ok":false,"error":…}. */
  kl_json_writer_init (&writer, 128);
  g_string_append (writer.out, "{\"ok\":false,");
  g_string_append_len (writer.out, error + 1, (gssize)length - 1);
  g_autofree char *json = kl_json_writer_steal_string (&writer, &length);
  kl_sio_socket_ack (socket, event->ack_id, json, (gssize)length);
}

static void
on_socket_event (KlSioSocket *socket, const KlSioEvent *event, gpointer user_data)
{
  KlApi *self = user_data;
  Client *client = kl_sio_socket_get_data (socket);
  gboolean readable = event->strict && event->n_args == 1 && event->attachments == NULL;
  gboolean named = event->name != NULL && strlen (event->name) == event->name_length;

  if (client == NULL || client->connection == NULL)
    return;
  if (self->stopping)
    {
      refuse_event (self, socket, event);
      return;
    }

  PendingEvent *pending = g_new (PendingEvent, 1);
  pending->api = self;
  pending->socket = kl_sio_socket_ref (socket);
  pending->ack_id = event->ack_id;
  self->n_events++;
  kl_chat_handle (client->connection, named ? event->name : "", readable ? event->arg : NULL, on_event_answered,
                  pending);
}

static const KlSioHandler handler = {
  .connect = on_socket_connect,
  .event = on_socket_event,
  .disconnected = on_socket_disconnected,
};

/* ── Set-up ── */

KlSioMessage *
kl_api_make_notice (const char *code, const char *message, gint64 retry_after_ms)
{
  g_auto (KlJsonWriter) writer = { 0 };
  gsize length = 0;

  kl_json_writer_init (&writer, 128);
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "code", code);
  kl_json_member_string (&writer, "message", message);
  if (retry_after_ms > 0)
    kl_json_member_int (&writer, "retry_after_ms", retry_after_ms);
  kl_json_end_object (&writer);

  g_autofree char *json = kl_json_writer_steal_string (&writer, &length);
  return kl_sio_message_new_json ("notice", json, (gssize)length);
}

void
kl_api_sockets_init (KlApi *self)
{
  const KlSettings *settings = self->settings;
  KlSioServerConfig config = {
    .ping_interval_ms = (guint)settings->ping_interval_ms,
    .ping_timeout_ms = (guint)settings->ping_timeout_ms,
    .connect_timeout_ms = (guint)settings->unsigned_ms,
    .max_payload_bytes = (gsize)settings->packet_bytes,
    .queue_bytes = (gsize)settings->queue_bytes,
  };
  g_autoptr (KlSioMessage) slow = kl_api_make_notice ("slow_consumer", "This connection reads too slowly.", 0);

  self->sio = kl_sio_server_new (self->listener, "/socket.io/", &config);
  kl_sio_server_set_slow_notice (self->sio, slow);
  kl_sio_server_add_namespace (self->sio, "/", &handler, self);
}
