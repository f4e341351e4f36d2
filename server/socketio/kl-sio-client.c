/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads what comes over one Engine.IO session and hands it to the sockets in their namespaces. */
#include "server/socketio/kl-sio-private.h"

#include <string.h>

#include "protocol/kl-slab.h"

/* CONNECTs that may be refused, or taken back, before one is accepted: enough for clients that try again on the same
 * connection. */
#define ASKS_MAX 32

static _Thread_local KlSlab slab = KL_SLAB_INIT (KlSioClient);

static void
drop_handshake (KlSioClient *self)
{
  if (!self->handshake)
    return;

  soup_message_headers_unref (self->handshake->headers);
  g_clear_pointer (&self->handshake, g_free);
}

static gpointer
on_opened (KlEioSession *eio, const KlSioHandshake *handshake, gpointer user_data)
{
  KlSioClient *self = kl_slab_alloc (&slab);

  self->server = user_data;
  self->eio = eio;
  self->decoder.max_bytes = self->server->config.max_payload_bytes;
  self->handshake = g_memdup2 (handshake, sizeof *handshake);
  soup_message_headers_ref (self->handshake->headers);
  kl_sio_timer_start (self->server->connect_queue, &self->connect_timer);

  return self;
}

static void
client_free (KlSioClient *self)
{
  kl_sio_timer_stop (&self->connect_timer);
  kl_sio_decoder_clear (&self->decoder);
  drop_handshake (self);
  kl_slab_free (&slab, self);
}

/* Every socket is out of reach before the first owner is told: what it does then finds nothing half ended. */
static void
end_sockets (KlSioClient *self, KlSioReason reason)
{
  KlSioSocket *socket = g_steal_pointer (&self->sockets);

  for (KlSioSocket *at = socket; at; at = at->sibling)
    kl_sio_socket_detach (at);
  while (socket)
    {
      KlSioSocket *next = socket->sibling;

      kl_sio_socket_end (socket, reason);
      kl_sio_socket_unref (socket);
      socket = next;
    }
}

void
kl_sio_client_close (KlSioClient *self, KlSioReason reason, KlSioMessage *notice, gboolean for_good)
{
  KlEioSession *eio = self->eio;

  if (notice)
    kl_eio_session_send (eio, notice);
  for (KlSioSocket *at = self->sockets; at && for_good; at = at->sibling)
    {
      g_autoptr (KlSioMessage) message = kl_sio_message_new_sio (KL_SIO_DISCONNECT, at->nsp->name, KL_SIO_NO_ACK, NULL, 0);

      kl_eio_session_send (eio, message);
    }
  kl_eio_session_close (eio, reason);
  end_sockets (self, reason);
  client_free (self);
}

void
kl_sio_client_on_connect_timeout (KlSioTimerNode *node, gpointer user_data)
{
  KlSioClient *self = kl_sio_timer_owner (node, KlSioClient, connect_timer);

  kl_sio_client_close (self, KL_SIO_REASON_CONNECT_TIMEOUT, NULL, FALSE);
}

static void
on_closed (KlEioSession *eio, gpointer data, KlSioReason reason)
{
  KlSioClient *self = data;

  if (reason == KL_SIO_REASON_SLOW_CONSUMER && self->server->slow_notice && self->sockets)
    kl_eio_session_send (eio, self->server->slow_notice);
  end_sockets (self, reason);
  client_free (self);
}

/* ── Packets ── */

static KlSioSocket *
find_socket (KlSioClient *self, const char *nsp)
{
  for (KlSioSocket *at = self->sockets; at; at = at->sibling)
    if (strcmp (at->nsp->name, nsp) == 0)
      return at;

  return NULL;
}

static KlSioNamespace *
find_namespace (KlSioServer *self, const char *name)
{
  for (guint i = 0; i < self->namespaces->len; i++)
    {
      KlSioNamespace *nsp = g_ptr_array_index (self->namespaces, i);

      if (strcmp (nsp->name, name) == 0)
        return nsp;
    }

  return NULL;
}

static void
on_connect_packet (KlSioClient *self, const KlSioPacket *packet)
{
  KlSioNamespace *nsp = find_namespace (self->server, packet->nsp);
  KlSioSocket *socket;

  /* Each costs its owner a look at who it is. */
  if (++self->n_asked > ASKS_MAX)
    {
      kl_sio_client_close (self, KL_SIO_REASON_CONNECT_TIMEOUT, NULL, FALSE);
      return;
    }
  if (!nsp)
    {
      g_autoptr (KlSioMessage) message =
        kl_sio_message_new_sio (KL_SIO_CONNECT_ERROR, packet->nsp, KL_SIO_NO_ACK, "{\"message\":\"Invalid namespace\"}", -1);

      kl_eio_session_send (self->eio, message);
      return;
    }

  socket = kl_sio_socket_new (self, nsp);
  socket->sibling = self->sockets;
  self->sockets = socket;
  nsp->handler->connect (socket, self->handshake, packet->json_strict ? packet->data : NULL, packet->json_strict,
                         nsp->user_data);
}

static void
on_event_packet (KlSioSocket *socket, const KlSioPacket *packet)
{
  KlSioEvent event = {
    .name = packet->event,
    .name_length = packet->event_length,
    .n_args = kl_sio_packet_n_args (packet),
    .arg = kl_sio_packet_first_arg (packet),
    .args = packet->data,
    .strict = packet->json_strict,
    .ack_id = packet->ack_id,
    .attachments = packet->attachments,
  };

  socket->nsp->handler->event (socket, &event, socket->nsp->user_data);
}

static gboolean
has_open_socket (KlSioClient *self)
{
  for (KlSioSocket *at = self->sockets; at; at = at->sibling)
    if (at->state == KL_SIO_STATE_OPEN)
      return TRUE;

  return FALSE;
}

static void
on_disconnect_packet (KlSioClient *self, KlSioSocket *socket)
{
  KlSioSocket **at = &self->sockets;

  while (*at != socket)
    at = &(*at)->sibling;
  *at = socket->sibling;
  if (socket->state == KL_SIO_STATE_OPEN && !has_open_socket (self))
    {
      /* Nobody's again, with as long to become somebody's as at the start. Who takes back what was only asked gets no more
       * time by that. */
      kl_eio_session_set_signed_in (self->eio, FALSE);
      kl_sio_timer_start (self->server->connect_queue, &self->connect_timer);
    }
  kl_sio_socket_end (socket, KL_SIO_REASON_CLIENT_DISCONNECT);
  kl_sio_socket_unref (socket);
}

/* FALSE: a client may not send this now. */
static gboolean
take_packet (KlSioClient *self, const KlSioPacket *packet)
{
  KlSioSocket *socket = find_socket (self, packet->nsp);

  if (packet->type == KL_SIO_CONNECT)
    {
      if (socket)
        return FALSE;
      on_connect_packet (self, packet);
      return TRUE;
    }
  if (!socket)
    return FALSE;

  switch (packet->type)
    {
    case KL_SIO_DISCONNECT:
      on_disconnect_packet (self, socket);
      return TRUE;
    case KL_SIO_EVENT:
      if (socket->state != KL_SIO_STATE_OPEN)
        return FALSE;
      on_event_packet (socket, packet);
      return TRUE;
    case KL_SIO_ACK:
      kl_sio_socket_take_ack (socket, packet);
      return TRUE;
    case KL_SIO_CONNECT:
    case KL_SIO_CONNECT_ERROR:
    case KL_SIO_BINARY_EVENT:
    case KL_SIO_BINARY_ACK:
    default:
      return FALSE;
    }
}

static void
on_message (KlEioSession *eio, gpointer data, const char *bytes, gsize length, gboolean binary)
{
  KlSioClient *self = data;
  g_auto (KlSioPacket) packet = { 0 };
  KlVerdict verdict = binary ? kl_sio_decoder_take_binary (&self->decoder, (const guint8 *) bytes, length, &packet)
                             : kl_sio_decoder_take_text (&self->decoder, bytes, length, &packet);

  /* After a packet was taken SELF may be gone. */
  if (verdict == KL_VERDICT_ERROR || (verdict == KL_VERDICT_OK && !take_packet (self, &packet)))
    kl_sio_client_close (self, KL_SIO_REASON_PARSE_ERROR, NULL, FALSE);
}

const KlEioHandler kl_sio_client_handler = { on_opened, on_message, on_closed };
