/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A WebSocket on a bare descriptor.
 *
 * Life: open → (either side begins to close: handler gone) → close frame written, our half shut down → end of file or
 * 5 s → destroyed. Shutting down before closing lets the peer read the last frames: to close a socket with unread
 * input would reset it, and a reset overtakes what is on its way. */
#include "server/socketio/kl-ws-hub-private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/kl-slab.h"

#define READS_PER_TURN 4
#define INPUT (EPOLLIN | EPOLLRDHUP)

static _Thread_local KlSlab slab = KL_SLAB_INIT (KlWsConn);

static void on_events (KlWsWatch *watch, guint events);

KlWsConn *
kl_ws_conn_new (KlWsHub *hub, int fd, const KlWsLimits *limits, const KlWsHandler *handler, gpointer user_data)
{
  KlWsConn *self = kl_slab_alloc (&slab);

  self->watch.func = on_events;
  self->hub = hub;
  self->fd = fd;
  self->handler = handler;
  self->user_data = user_data;
  self->queue_bytes = limits->queue_bytes;
  self->parser.max_message_bytes = limits->max_message_bytes;
  self->next = hub->first;
  if (hub->first)
    hub->first->previous = self;
  hub->first = self;
  hub->n_conns++;
  kl_ws_hub_note_churn (hub);
  kl_ws_hub_watch (hub, fd, INPUT, &self->watch);

  return self;
}

void
kl_ws_conn_free (gpointer conn)
{
  kl_slab_free (&slab, conn);
}

/* Tells the owner, once. */
static void
end (KlWsConn *self, KlWsEnd reason)
{
  const KlWsHandler *handler = self->handler;

  if (!handler)
    return;

  if (reason != KL_WS_END_SLOW)
    self->handler = NULL;
  handler->ended (self, reason, self->user_data);
  self->handler = NULL;
}

void
kl_ws_conn_destroy (KlWsConn *self)
{
  KlWsHub *hub = self->hub;

  if (self->fd < 0)
    return;

  kl_ws_hub_unwatch (hub, self->fd, &self->watch);
  close (self->fd);
  self->fd = -1;
  kl_sio_timer_stop (&self->closing);
  end (self, KL_WS_END_CLOSED);
  kl_sio_out_clear (&self->out);
  kl_ws_parser_clear (&self->parser);
  if (self->previous)
    self->previous->next = self->next;
  else
    hub->first = self->next;
  if (self->next)
    self->next->previous = self->previous;
  hub->n_conns--;
  kl_ws_hub_note_churn (hub);
  /* On the list of those to write it stays until the list comes to it. */
  if (!self->dirty)
    g_ptr_array_add (hub->gone_conns, self);
}

/* ── Writing ── */

static void
gather (KlWsHub *hub, const KlSioOut *out)
{
  KlSioMessage **items = out->items + out->first;
  guint8 *at = hub->gather_buffer;

  for (guint i = 0; i < out->n; i++)
    {
      memcpy (at, items[i]->frame, items[i]->frame_length);
      at += items[i]->frame_length;
      kl_sio_message_ref (items[i]);
    }
  for (guint i = 0; i < hub->n_gathered; i++)
    kl_sio_message_unref (hub->gathered[i]);
  memcpy (hub->gathered, items, out->n * sizeof *items);
  hub->n_gathered = out->n;
  hub->gathered_bytes = (gsize) (at - hub->gather_buffer);
}

/* The whole queue in one piece. */
static gssize
write_small (KlWsConn *self)
{
  KlWsHub *hub = self->hub;
  KlSioOut *out = &self->out;

  if (hub->n_gathered != out->n || memcmp (hub->gathered, out->items + out->first, out->n * sizeof *out->items) != 0)
    gather (hub, out);

  return send (self->fd, hub->gather_buffer, hub->gathered_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static gssize
write_large (KlWsConn *self, gsize *wanted)
{
  struct iovec parts[KL_WS_GATHER_MAX];
  guint n = MIN (self->out.n, KL_WS_GATHER_MAX);
  struct msghdr header = { .msg_iov = parts, .msg_iovlen = n };

  *wanted = 0;
  for (guint i = 0; i < n; i++)
    {
      KlSioMessage *message = self->out.items[self->out.first + i];
      guint32 skip = i == 0 ? self->first_written : 0;

      parts[i].iov_base = message->frame + skip;
      parts[i].iov_len = message->frame_length - skip;
      *wanted += parts[i].iov_len;
    }

  return sendmsg (self->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Lets go of what is on the wire. */
static void
note_written (KlWsConn *self, gsize written)
{
  gsize left = written + self->first_written;

  while (self->out.n > 0)
    {
      KlSioMessage *message = self->out.items[self->out.first];

      if (left < message->frame_length)
        {
          self->first_written = (guint32) left;
          return;
        }
      left -= message->frame_length;
      self->first_written = 0;
      kl_sio_out_drop_first (&self->out);
    }
}

/* Writes until all is written or the socket is full. FALSE: it broke. */
static gboolean
write_queue (KlWsConn *self)
{
  while (self->out.n > 0)
    {
      gsize wanted = self->out.bytes;
      gssize written;

      if (self->first_written == 0 && self->out.n <= KL_WS_GATHER_MAX && wanted <= KL_WS_GATHER_BYTES)
        written = write_small (self);
      else
        written = write_large (self, &wanted);
      if (written < 0)
        return errno == EAGAIN || errno == EINTR;

      if ((gsize) written == self->out.bytes && self->first_written == 0)
        {
          kl_sio_out_clear (&self->out);
          return TRUE;
        }
      note_written (self, (gsize) written);
      if ((gsize) written < wanted)
        return TRUE;
    }

  return TRUE;
}

static void
wait_for_room (KlWsConn *self, gboolean wait)
{
  if (self->waits_for_room == wait)
    return;

  self->waits_for_room = wait;
  kl_ws_hub_rewatch (self->hub, self->fd, INPUT | (wait ? EPOLLOUT : 0), &self->watch);
}

/* All but what is half on the wire already is thrown away; the owner puts a notice in its place. */
static void
run_over (KlWsConn *self)
{
  self->slow = FALSE;
  kl_sio_out_truncate (&self->out, self->first_written > 0 ? 1 : 0);
  end (self, KL_WS_END_SLOW);
  if (!self->close_queued)
    kl_ws_conn_close (self, KL_WS_CODE_POLICY, "");
}

void
kl_ws_conn_flush (KlWsConn *self)
{
  if (self->fd < 0)
    return;
  if (self->slow)
    run_over (self);
  /* Its owner may have cut it. */
  if (self->fd < 0)
    return;

  if (!write_queue (self))
    {
      kl_ws_conn_destroy (self);
      return;
    }

  wait_for_room (self, self->out.n > 0);
  if (self->out.n > 0 || !self->close_queued || self->shut)
    return;

  self->shut = TRUE;
  shutdown (self->fd, SHUT_WR);
}

void
kl_ws_conn_send (KlWsConn *self, KlSioMessage *message)
{
  if (G_UNLIKELY (self->close_queued || self->slow || self->fd < 0))
    return;

  kl_sio_out_push (&self->out, message);
  /* The owner may be in the midst of a list of receivers: it is told at the end of the turn. */
  if (G_UNLIKELY (self->out.bytes > self->queue_bytes) && self->handler)
    self->slow = TRUE;
  if (!self->dirty && (!self->waits_for_room || self->slow))
    kl_ws_hub_mark_dirty (self->hub, self);
}

static void
queue_close (KlWsConn *self, guint16 code, const char *reason)
{
  KlSioMessage *message = kl_sio_message_new_close (code, reason);

  kl_ws_conn_send (self, message);
  kl_sio_message_unref (message);
  self->close_queued = TRUE;
  kl_sio_timer_start (self->hub->closing, &self->closing);
}

void
kl_ws_conn_close (KlWsConn *self, guint16 code, const char *reason)
{
  self->handler = NULL;
  if (self->slow)
    {
      self->slow = FALSE;
      kl_sio_out_truncate (&self->out, self->first_written > 0 ? 1 : 0);
    }
  if (!self->close_queued && self->fd >= 0)
    queue_close (self, code, reason);
}

void
kl_ws_conn_abort (KlWsConn *self)
{
  self->handler = NULL;
  kl_ws_conn_destroy (self);
}

/* ── Reading ── */

static void
on_control (KlWsConn *self, const KlWsMessage *message)
{
  KlSioMessage *pong;

  if (message->opcode == KL_WS_PING)
    {
      pong = kl_sio_message_new_frame (KL_WS_PONG, message->data, message->length);
      kl_ws_conn_send (self, pong);
      kl_sio_message_unref (pong);
    }
  else if (message->opcode == KL_WS_CLOSE)
    {
      self->peer_closed = TRUE;
      end (self, KL_WS_END_CLOSED);
      if (!self->close_queued)
        queue_close (self, message->code, "");
    }
}

void
kl_ws_conn_feed (KlWsConn *self, guint8 *bytes, gsize length)
{
  self->activity = TRUE;
  /* After its own close frame or a fault of the peer, what comes is only drained. */
  while (self->fd >= 0 && !self->peer_closed)
    {
      KlWsMessage message;
      KlVerdict verdict = kl_ws_parser_next (&self->parser, &bytes, &length, &message);

      if (verdict == KL_VERDICT_NEED_MORE)
        return;
      if (verdict == KL_VERDICT_ERROR)
        {
          self->peer_closed = TRUE;
          kl_ws_parser_clear (&self->parser);
          end (self, KL_WS_END_INVALID);
          if (!self->close_queued)
            queue_close (self, self->parser.error_code, "");
          return;
        }

      if (message.opcode >= KL_WS_CLOSE)
        on_control (self, &message);
      else if (self->handler)
        self->handler->message (self, &message, self->user_data);
    }
}

static void
read_socket (KlWsConn *self)
{
  for (guint i = 0; i < READS_PER_TURN && self->fd >= 0; i++)
    {
      gssize n = recv (self->fd, self->hub->read_buffer, KL_WS_READ_BYTES, MSG_DONTWAIT);

      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
      if (n <= 0)
        {
          kl_ws_conn_destroy (self);
          return;
        }
      kl_ws_conn_feed (self, self->hub->read_buffer, (gsize) n);
      if (n < KL_WS_READ_BYTES)
        return;
    }
}

static void
on_events (KlWsWatch *watch, guint events)
{
  KlWsConn *self = (KlWsConn *) watch;

  if (events & (INPUT | EPOLLHUP | EPOLLERR))
    read_socket (self);
  if (self->fd >= 0 && (events & EPOLLOUT))
    kl_ws_hub_mark_dirty (self->hub, self);
}

void
kl_ws_conn_set_handler (KlWsConn *self, const KlWsHandler *handler, gpointer user_data)
{
  self->handler = handler;
  self->user_data = user_data;
}

gsize
kl_ws_conn_get_queued_bytes (KlWsConn *self)
{
  return self->out.bytes - self->first_written;
}

gboolean
kl_ws_conn_take_activity (KlWsConn *self)
{
  gboolean activity = self->activity;

  self->activity = FALSE;
  return activity;
}
