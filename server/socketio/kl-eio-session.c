/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session has an owner until it ends, by itself (kl_eio_session_end) or because the owner is done with it
 * (kl_eio_session_close). Afterwards it may stay for a while, without one, to get its last packets out: a WebSocket does so
 * by itself, and the session is forgotten at once; polling needs the client to come once more. */
#include "server/socketio/kl-eio-private.h"

#include <string.h>
#include <sys/random.h>

#include "protocol/kl-slab.h"

static _Thread_local KlSlab slab = KL_SLAB_INIT (KlEioSession);

void
kl_eio_make_id (char id[KL_EIO_SID_SIZE])
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  guint8 random[20];

  if (getrandom (random, sizeof random, 0) != sizeof random)
    g_error ("the system gives no random bytes");
  for (guint i = 0; i < sizeof random; i++)
    id[i] = letters[random[i] & 63];
  id[sizeof random] = 0;
}

KlEioSession *
kl_eio_session_ref (KlEioSession *self)
{
  self->ref_count++;
  return self;
}

void
kl_eio_session_unref (KlEioSession *self)
{
  if (--self->ref_count > 0)
    return;

  g_free (self->address);
  kl_slab_free (&slab, self);
}

static void
send_open (KlEioSession *self)
{
  KlSioServerConfig *config = &self->server->config;
  g_autoptr (GString) text = g_string_sized_new (160);
  g_autoptr (KlSioMessage) message = NULL;
  KlEioOpen open = {
    .upgrade_to_websocket = self->polling != NULL,
    .ping_interval_ms = config->ping_interval_ms,
    .ping_timeout_ms = config->ping_timeout_ms,
    .max_payload_bytes = config->max_payload_bytes,
  };

  g_strlcpy (open.sid, self->sid, sizeof open.sid);
  kl_eio_open_append (&open, text);
  message = kl_sio_message_new_packet (KL_EIO_OPEN, FALSE, text->str + 1, text->len - 1);
  kl_eio_session_send (self, message);
}

KlEioSession *
kl_eio_session_new (KlEioServer *server, KlWsConn *conn, const KlSioHandshake *handshake, KlSioSlot *slot)
{
  KlEioSession *self = kl_slab_alloc (&slab);

  self->ref_count = 1;
  self->server = server;
  self->slot = slot;
  self->address = slot ? g_strdup (handshake->peer.address) : NULL;
  self->has_owner = TRUE;
  self->next = server->first;
  if (server->first)
    server->first->previous = self;
  server->first = self;
  server->n_sessions++;

  kl_eio_make_id (self->sid);
  g_hash_table_insert (server->by_sid, self->sid, self);

  if (conn)
    kl_ws_conn_set_handler (conn, &kl_eio_session_handler, self);
  else
    self->polling = kl_eio_polling_new (self);
  self->conn = conn;
  send_open (self);
  kl_sio_timer_start (server->interval_queue, &self->heartbeat);
  self->data = server->handler->opened (self, handshake, server->user_data);

  return self;
}

/* Nothing of it is left on any transport. */
void
kl_eio_session_forget (KlEioSession *self)
{
  KlEioServer *server = self->server;

  if (!server)
    return;

  kl_sio_timer_stop (&self->heartbeat);
  kl_sio_listener_clear_slot (server->listener, &self->slot);
  if (self->previous)
    self->previous->next = self->next;
  else
    server->first = self->next;
  if (self->next)
    self->next->previous = self->previous;
  server->n_sessions--;
  g_hash_table_remove (server->by_sid, self->sid);
  g_clear_pointer (&self->polling, kl_eio_polling_free);
  self->server = NULL;
  kl_eio_session_unref (self);
}

/* Tells the owner, once. */
static void
part (KlEioSession *self, KlSioReason reason)
{
  const KlEioHandler *handler = self->server->handler;

  if (!self->has_owner)
    return;

  self->server->ends[reason]++;
  if (reason != KL_SIO_REASON_SLOW_CONSUMER)
    self->has_owner = FALSE;
  handler->closed (self, self->data, reason);
  self->has_owner = FALSE;
}

static guint16
code_of (KlEioSession *self, KlSioReason reason)
{
  switch (reason)
    {
    case KL_SIO_REASON_PARSE_ERROR:
      return KL_WS_CODE_PROTOCOL_ERROR;
    case KL_SIO_REASON_SLOW_CONSUMER:
    case KL_SIO_REASON_CONNECT_TIMEOUT:
      return KL_WS_CODE_POLICY;
    case KL_SIO_REASON_SHUTDOWN:
      return KL_WS_CODE_GOING_AWAY;
    case KL_SIO_REASON_CLIENT_DISCONNECT:
    case KL_SIO_REASON_TRANSPORT_CLOSE:
    case KL_SIO_REASON_PING_TIMEOUT:
    case KL_SIO_REASON_SERVER:
    default:
      return self->server->stopping ? KL_WS_CODE_GOING_AWAY : KL_WS_CODE_NORMAL;
    }
}

/* Is there a client that will come once more for its last packets? */
static gboolean
will_poll_again (KlSioReason reason)
{
  switch (reason)
    {
    case KL_SIO_REASON_CLIENT_DISCONNECT:
    case KL_SIO_REASON_CONNECT_TIMEOUT:
    case KL_SIO_REASON_SLOW_CONSUMER:
    case KL_SIO_REASON_SERVER:
    case KL_SIO_REASON_SHUTDOWN:
      return TRUE;
    case KL_SIO_REASON_TRANSPORT_CLOSE:
    case KL_SIO_REASON_PING_TIMEOUT:
    case KL_SIO_REASON_PARSE_ERROR:
    default:
      return FALSE;
    }
}

/* Takes the transport down after what is queued on it. */
static void
leave_transport (KlEioSession *self, KlSioReason reason)
{
  kl_sio_timer_stop (&self->heartbeat);
  if (self->conn)
    {
      kl_ws_conn_close (g_steal_pointer (&self->conn), code_of (self, reason), "");
      kl_eio_session_forget (self);
    }
  else if (self->polling && will_poll_again (reason))
    {
      kl_eio_polling_close (self->polling, reason == KL_SIO_REASON_CLIENT_DISCONNECT);
    }
  else
    {
      kl_eio_session_forget (self);
    }
}

void
kl_eio_session_end (KlEioSession *self, KlSioReason reason)
{
  if (!self->server)
    return;

  kl_eio_session_ref (self);
  part (self, reason);
  if (self->server)
    leave_transport (self, reason);
  kl_eio_session_unref (self);
}

void
kl_eio_session_close (KlEioSession *self, KlSioReason reason)
{
  if (!self->has_owner)
    return;

  self->has_owner = FALSE;
  self->server->ends[reason]++;
  leave_transport (self, reason);
}

void
kl_eio_session_send (KlEioSession *self, KlSioMessage *message)
{
  if (G_LIKELY (self->conn))
    kl_ws_conn_send (self->conn, message);
  else if (self->polling)
    kl_eio_polling_send (self->polling, message);
}

gsize
kl_eio_session_get_queued_bytes (KlEioSession *self)
{
  if (self->conn)
    return kl_ws_conn_get_queued_bytes (self->conn);

  return self->polling ? self->polling->out.bytes : 0;
}

void
kl_eio_session_set_signed_in (KlEioSession *self, gboolean signed_in)
{
  if (!self->server)
    return;

  if (signed_in)
    kl_sio_listener_clear_slot (self->server->listener, &self->slot);
  else if (!self->slot && self->address)
    /* One that was let in is not thrown out by this; its time is bounded by its owner. */
    (void) kl_sio_listener_take_slot (self->server->listener, self->address, &self->slot);
}

/* ── Packets ── */

gboolean
kl_eio_session_take_packet (KlEioSession *self, const KlEioPacket *packet)
{
  KlEioServer *server = self->server;

  switch (packet->type)
    {
    case KL_EIO_MESSAGE:
      if (self->has_owner)
        server->handler->message (self, self->data, packet->data, packet->length, packet->binary);
      return TRUE;
    case KL_EIO_PONG:
      if (self->awaits_pong)
        {
          self->awaits_pong = FALSE;
          kl_sio_timer_start (server->interval_queue, &self->heartbeat);
        }
      return TRUE;
    case KL_EIO_CLOSE:
      kl_eio_session_end (self, KL_SIO_REASON_CLIENT_DISCONNECT);
      return TRUE;
    case KL_EIO_NOOP:
      return TRUE;
    case KL_EIO_OPEN:
    case KL_EIO_PING:
    case KL_EIO_UPGRADE:
    default:
      return FALSE;
    }
}

static void
on_conn_message (KlWsConn *conn, const KlWsMessage *message, gpointer user_data)
{
  KlEioSession *self = user_data;
  KlEioPacket packet = { KL_EIO_MESSAGE, TRUE, (const char *) message->data, message->length };

  if (message->opcode == KL_WS_TEXT &&
      kl_eio_packet_parse ((const char *) message->data, message->length, &packet) != KL_VERDICT_OK)
    {
      kl_eio_session_end (self, KL_SIO_REASON_PARSE_ERROR);
      return;
    }

  kl_eio_session_ref (self);
  if (!kl_eio_session_take_packet (self, &packet))
    kl_eio_session_end (self, KL_SIO_REASON_PARSE_ERROR);
  kl_eio_session_unref (self);
}

static void
on_conn_ended (KlWsConn *conn, KlWsEnd end, gpointer user_data)
{
  KlEioSession *self = user_data;

  if (end == KL_WS_END_SLOW)
    {
      kl_eio_session_end (self, KL_SIO_REASON_SLOW_CONSUMER);
      return;
    }

  self->conn = NULL;
  kl_eio_session_end (self, end == KL_WS_END_INVALID ? KL_SIO_REASON_PARSE_ERROR : KL_SIO_REASON_TRANSPORT_CLOSE);
}

const KlWsHandler kl_eio_session_handler = { on_conn_message, on_conn_ended };

void
kl_eio_session_upgraded (KlEioSession *self, KlWsConn *conn)
{
  KlEioPolling *polling = g_steal_pointer (&self->polling);

  kl_ws_conn_set_handler (conn, &kl_eio_session_handler, self);
  self->conn = conn;
  for (guint i = 0; i < polling->out.n; i++)
    kl_ws_conn_send (conn, polling->out.items[polling->out.first + i]);
  kl_sio_out_clear (&polling->out);
  kl_eio_polling_free (polling);
}

/* ── Heartbeat ── */

gboolean
kl_eio_session_is_overdue (KlEioSession *self)
{
  return self->heartbeat.queue == self->server->timeout_queue && self->heartbeat.due_usec <= g_get_monotonic_time ();
}

static void
on_interval (KlSioTimerNode *node, gpointer user_data)
{
  KlEioServer *server = user_data;
  KlEioSession *self = kl_sio_timer_owner (node, KlEioSession, heartbeat);

  self->awaits_pong = TRUE;
  if (self->conn)
    kl_ws_conn_take_activity (self->conn);
  kl_eio_session_send (self, server->ping);
  kl_sio_timer_start_since (server->timeout_queue, node, node->due_usec);
}

static void
on_timeout (KlSioTimerNode *node, gpointer user_data)
{
  KlEioServer *server = user_data;
  KlEioSession *self = kl_sio_timer_owner (node, KlEioSession, heartbeat);

  /* A pong may stand behind a large message that is still coming in: who sends is there. */
  if (self->conn && kl_ws_conn_take_activity (self->conn))
    {
      kl_sio_timer_start (server->timeout_queue, node);
      return;
    }

  kl_eio_session_end (self, KL_SIO_REASON_PING_TIMEOUT);
}

void
kl_eio_session_add_queues (KlEioServer *server)
{
  KlSioTimers *timers = kl_ws_hub_get_timers (server->hub);

  server->interval_queue = kl_sio_timers_add_queue (timers, server->config.ping_interval_ms, on_interval, server);
  server->timeout_queue = kl_sio_timers_add_queue (timers, server->config.ping_timeout_ms, on_timeout, server);
}
