/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/socketio/kl-sio-private.h"

#include "protocol/kl-slab.h"
#include "server/socketio/kl-eio-private.h"

#define ACKS_MAX 1000

static _Thread_local KlSlab slab = KL_SLAB_INIT (KlSioSocket);

KlSioSocket *
kl_sio_socket_new (KlSioClient *client, KlSioNamespace *nsp)
{
  KlSioSocket *self = kl_slab_alloc (&slab);

  self->ref_count = 1;
  self->state = KL_SIO_STATE_ASKING;
  self->client = client;
  self->eio = client->eio;
  self->nsp = nsp;
  kl_eio_make_id (self->id);
  if (client->handshake)
    g_strlcpy (self->address, client->handshake->peer.address, sizeof self->address);

  return self;
}

KlSioSocket *
kl_sio_socket_ref (KlSioSocket *self)
{
  self->ref_count++;
  return self;
}

void
kl_sio_socket_unref (KlSioSocket *self)
{
  if (--self->ref_count == 0)
    kl_slab_free (&slab, self);
}

void
kl_sio_socket_set_data (KlSioSocket *self, gpointer data)
{
  self->data = data;
}

gpointer
kl_sio_socket_get_data (KlSioSocket *self)
{
  return self->data;
}

const char *
kl_sio_socket_get_id (KlSioSocket *self)
{
  return self->id;
}

const char *
kl_sio_socket_get_address (KlSioSocket *self)
{
  return self->address;
}

gboolean
kl_sio_socket_is_open (KlSioSocket *self)
{
  return self->state == KL_SIO_STATE_OPEN;
}

gsize
kl_sio_socket_get_queued_bytes (KlSioSocket *self)
{
  return self->eio ? kl_eio_session_get_queued_bytes (self->eio) : 0;
}

/* ── Entering ── */

void
kl_sio_socket_accept (KlSioSocket *self)
{
  g_autofree char *json = NULL;
  g_autoptr (KlSioMessage) message = NULL;
  KlSioClient *client = self->client;

  if (self->state != KL_SIO_STATE_ASKING || !self->client)
    return;

  self->state = KL_SIO_STATE_OPEN;
  self->next = self->nsp->first;
  if (self->next)
    self->next->previous = self;
  self->nsp->first = self;
  client->server->n_open++;
  client->n_asked = 0;
  kl_sio_timer_stop (&client->connect_timer);
  kl_eio_session_set_signed_in (self->eio, TRUE);
  /* Where there are further namespaces to enter, they want to see it too. */
  if (client->handshake && client->server->namespaces->len == 1)
    {
      soup_message_headers_unref (client->handshake->headers);
      g_clear_pointer (&client->handshake, g_free);
    }

  json = g_strdup_printf ("{\"sid\":\"%s\"}", self->id);
  message = kl_sio_message_new_sio (KL_SIO_CONNECT, self->nsp->name, KL_SIO_NO_ACK, json, -1);
  kl_eio_session_send (self->eio, message);
}

void
kl_sio_socket_refuse (KlSioSocket *self, const char *json)
{
  g_autoptr (KlSioMessage) message = NULL;
  KlSioSocket **at;

  if (self->state != KL_SIO_STATE_ASKING || !self->client)
    return;

  message = kl_sio_message_new_sio (KL_SIO_CONNECT_ERROR, self->nsp->name, KL_SIO_NO_ACK, json, -1);
  kl_eio_session_send (self->eio, message);
  for (at = &self->client->sockets; *at != self;)
    at = &(*at)->sibling;
  *at = self->sibling;
  kl_sio_socket_detach (self);
  self->state = KL_SIO_STATE_ENDED;
  kl_sio_socket_unref (self);
}

/* ── Sending ── */

void
kl_sio_socket_emit (KlSioSocket *self, KlSioMessage *message)
{
  if (G_LIKELY (self->state == KL_SIO_STATE_OPEN && self->eio))
    kl_eio_session_send (self->eio, message);
}

void
kl_sio_socket_ack_full (KlSioSocket *self, gint64 ack_id, const char *args_json, gssize length, GPtrArray *attachments)
{
  g_autoptr (KlSioMessage) message = NULL;

  if (ack_id == KL_SIO_NO_ACK || self->state != KL_SIO_STATE_OPEN || !self->eio)
    return;

  message = kl_sio_message_new_args (self->nsp->name, ack_id, NULL, args_json, length, attachments);
  kl_eio_session_send (self->eio, message);
}

void
kl_sio_socket_ack (KlSioSocket *self, gint64 ack_id, const char *args_json, gssize length)
{
  kl_sio_socket_ack_full (self, ack_id, args_json, length, NULL);
}

/* ── Acknowledgements of the client's ── */

typedef struct
{
  KlSioSocket *socket;
  gint64 id; /* the key */
  KlSioAckFunc callback;
  gpointer user_data;
  GSource *timeout;
} Waiting;

static void
waiting_free (gpointer data)
{
  Waiting *waiting = data;

  if (waiting->timeout)
    {
      g_source_destroy (waiting->timeout);
      g_source_unref (waiting->timeout);
    }
  g_free (waiting);
}

/* Takes it from the table first: the callback may do anything. */
static void
answer (KlSioSocket *self, gint64 id, const KlSioPacket *packet)
{
  gpointer stolen = NULL;
  Waiting *waiting;
  KlSioAckFunc callback;
  gpointer user_data;

  if (!self->acks || !g_hash_table_steal_extended (self->acks, &id, NULL, &stolen))
    return;

  waiting = stolen;
  callback = waiting->callback;
  user_data = waiting->user_data;
  waiting_free (waiting);
  callback (self, packet, user_data);
}

static gboolean
on_ack_timeout (gpointer user_data)
{
  Waiting *waiting = user_data;
  g_autoptr (KlSioSocket) socket = kl_sio_socket_ref (waiting->socket);

  answer (socket, waiting->id, NULL);
  return G_SOURCE_REMOVE;
}

void
kl_sio_socket_emit_with_ack (KlSioSocket *self, const char *event, const char *args_json, gssize length,
                             guint timeout_ms, KlSioAckFunc callback, gpointer user_data)
{
  g_autoptr (KlSioMessage) message = NULL;
  Waiting *waiting;

  if (self->state != KL_SIO_STATE_OPEN || !self->eio || (self->acks && g_hash_table_size (self->acks) >= ACKS_MAX))
    {
      callback (self, NULL, user_data);
      return;
    }

  if (!self->acks)
    self->acks = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, waiting_free);
  waiting = g_new0 (Waiting, 1);
  waiting->socket = self;
  waiting->id = self->next_ack++;
  waiting->callback = callback;
  waiting->user_data = user_data;
  if (timeout_ms > 0)
    {
      waiting->timeout = g_timeout_source_new (timeout_ms);
      g_source_set_callback (waiting->timeout, on_ack_timeout, waiting, NULL);
      g_source_attach (waiting->timeout, g_main_context_get_thread_default ());
    }
  g_hash_table_insert (self->acks, &waiting->id, waiting);

  message = kl_sio_message_new_args (self->nsp->name, waiting->id, event, args_json, length, NULL);
  kl_eio_session_send (self->eio, message);
}

void
kl_sio_socket_take_ack (KlSioSocket *self, const KlSioPacket *packet)
{
  answer (self, packet->ack_id, packet);
}

/* ── Leaving ── */

void
kl_sio_socket_detach (KlSioSocket *self)
{
  if (!self->client)
    return;

  if (self->state == KL_SIO_STATE_OPEN)
    {
      if (self->previous)
        self->previous->next = self->next;
      else
        self->nsp->first = self->next;
      if (self->next)
        self->next->previous = self->previous;
      self->client->server->n_open--;
    }
  self->client = NULL;
  self->eio = NULL;
  while (self->rooms && self->rooms->len > 0)
    kl_sio_socket_leave (self, ((KlSioRoom *) g_ptr_array_index (self->rooms, 0))->name);
  g_clear_pointer (&self->rooms, g_ptr_array_unref);
}

static void
fail_acks (KlSioSocket *self)
{
  GHashTableIter iter;
  gpointer key;

  while (self->acks)
    {
      g_hash_table_iter_init (&iter, self->acks);
      if (!g_hash_table_iter_next (&iter, &key, NULL))
        break;
      answer (self, *(gint64 *) key, NULL);
    }
  g_clear_pointer (&self->acks, g_hash_table_unref);
}

void
kl_sio_socket_end (KlSioSocket *self, KlSioReason reason)
{
  if (self->state == KL_SIO_STATE_ENDED)
    return;

  kl_sio_socket_ref (self);
  kl_sio_socket_detach (self);
  self->state = KL_SIO_STATE_ENDED;
  fail_acks (self);
  self->nsp->handler->disconnected (self, reason, self->nsp->user_data);
  kl_sio_socket_unref (self);
}

void
kl_sio_socket_close (KlSioSocket *self, KlSioMessage *notice, gboolean for_good)
{
  if (self->client)
    kl_sio_client_close (self->client, KL_SIO_REASON_SERVER, notice, for_good);
}

/* ── Rooms ── */

void
kl_sio_room_free (gpointer data)
{
  KlSioRoom *room = data;

  g_hash_table_unref (room->sockets);
  g_free (room->name);
  g_free (room);
}

void
kl_sio_socket_join (KlSioSocket *self, const char *name)
{
  KlSioNamespace *nsp = self->nsp;
  KlSioRoom *room;

  if (self->state != KL_SIO_STATE_OPEN || !self->client)
    return;

  if (!nsp->rooms)
    nsp->rooms = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, kl_sio_room_free);
  room = g_hash_table_lookup (nsp->rooms, name);
  if (!room)
    {
      room = g_new0 (KlSioRoom, 1);
      room->name = g_strdup (name);
      room->sockets = g_hash_table_new (NULL, NULL);
      g_hash_table_insert (nsp->rooms, room->name, room);
    }
  if (!g_hash_table_add (room->sockets, self))
    return;

  if (!self->rooms)
    self->rooms = g_ptr_array_new ();
  g_ptr_array_add (self->rooms, room);
}

void
kl_sio_socket_leave (KlSioSocket *self, const char *name)
{
  KlSioRoom *room = self->nsp->rooms ? g_hash_table_lookup (self->nsp->rooms, name) : NULL;

  if (!room || !g_hash_table_remove (room->sockets, self))
    return;

  g_ptr_array_remove_fast (self->rooms, room);
  if (g_hash_table_size (room->sockets) == 0)
    g_hash_table_remove (self->nsp->rooms, room->name);
}
