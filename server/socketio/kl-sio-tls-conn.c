/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One TLS connection and its plain end. All on its thread.
 *
 * Life: handshake → open → (the plain side is gone: flushing what it left) → (all is written, our half closed:
 * lingering, so that a reset does not overtake it) → closed. Who is too slow is not judged here: while the plain side
 * lives, its deadlines do that, by closing it.
 *
 * Both descriptors are watched edge-triggered, so what could be read is remembered (`…_readable`) until it was. Bytes
 * that do not go on at once wait in a buffer of their own and stop that direction; an idle connection has none. */
#include "server/socketio/kl-sio-tls-worker.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECES_PER_TURN 8
/* For what the plain end has left to a client that reads slowly. */
#define FLUSH_USEC (30 * G_USEC_PER_SEC)
#define LINGER_USEC (2 * G_USEC_PER_SEC)

static const char plain_answer[]
    = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 57\r\n"
      "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
      "This port speaks https only: write https:// in the link.\n";

void
kl_sio_tls_conn_unref (KlSioTlsConn *conn)
{
  if (g_atomic_int_dec_and_test (&conn->ref_count))
    g_free (conn);
}

void
kl_sio_tls_conn_set_abrupt (KlSioTlsConn *conn)
{
  g_atomic_int_set (&conn->abrupt, TRUE);
}

void
kl_sio_tls_watch (KlSioTlsWorker *self, KlSioTlsEnd *end, int operation, guint events)
{
  struct epoll_event event = { .events = events | EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = end };

  if (operation == EPOLL_CTL_MOD && end->events == events)
    return;
  end->events = events;
  if (epoll_ctl (self->epoll_fd, operation, end->fd, &event) < 0)
    g_warning ("epoll refused descriptor %d: %s", end->fd, g_strerror (errno));
}

static void
close_end (KlSioTlsEnd *end)
{
  if (end->fd >= 0)
    close (end->fd);
  end->fd = -1;
}

static void
stop_deadline (KlSioTlsConn *conn)
{
  if (conn->deadline_usec > 0)
    g_queue_unlink (conn->state == KL_SIO_TLS_LINGERING ? &conn->worker->lingering : &conn->worker->flushing,
                    &conn->link);
  conn->deadline_usec = 0;
}

static void
drop_session (KlSioTlsConn *conn)
{
  g_clear_pointer (&conn->ssl, SSL_free);
  g_clear_pointer (&conn->in.bytes, g_free);
  g_clear_pointer (&conn->out.bytes, g_free);
}

void
kl_sio_tls_conn_close (KlSioTlsConn *conn)
{
  KlSioTlsWorker *self = conn->worker;

  if (conn->state == KL_SIO_TLS_CLOSED)
    return;
  if (conn->state == KL_SIO_TLS_HANDSHAKE)
    kl_sio_tls_note_handshake (self->tls, FALSE);

  stop_deadline (conn);
  drop_session (conn);
  close_end (&conn->app);
  close_end (&conn->net);
  conn->state = KL_SIO_TLS_CLOSED;
  if (conn->previous)
    conn->previous->next = conn->next;
  else
    self->first = conn->next;
  if (conn->next)
    conn->next->previous = conn->previous;
  g_ptr_array_add (self->garbage, conn);
}

/* Reads and forgets until the peer is done too. */
static void
discard (KlSioTlsConn *conn)
{
  gssize n;

  do
    n = recv (conn->net.fd, conn->worker->piece, KL_SIO_TLS_PIECE_BYTES, MSG_DONTWAIT);
  while (n > 0 || (n < 0 && errno == EINTR));
  if (n == 0 || errno != EAGAIN)
    kl_sio_tls_conn_close (conn);
}

static void
begin_lingering (KlSioTlsConn *conn)
{
  shutdown (conn->net.fd, SHUT_WR);
  if (conn->state == KL_SIO_TLS_HANDSHAKE)
    kl_sio_tls_note_handshake (conn->worker->tls, FALSE);
  stop_deadline (conn);
  drop_session (conn);
  close_end (&conn->app);
  conn->state = KL_SIO_TLS_LINGERING;
  conn->deadline_usec = g_get_monotonic_time () + LINGER_USEC;
  conn->link.data = conn;
  g_queue_push_tail_link (&conn->worker->lingering, &conn->link);
  discard (conn);
}

/* ── Carrying ── */

static void
keep (KlSioTlsPiece *piece, const guint8 *bytes, gsize length)
{
  if (piece->bytes)
    return;

  piece->bytes = g_memdup2 (bytes, length);
  piece->length = length;
  piece->done = 0;
}

/* What became of a call of OpenSSL's. */
static gboolean
must_wait (KlSioTlsConn *conn, int result, gboolean *broken)
{
  int error = SSL_get_error (conn->ssl, result);

  if (error == SSL_ERROR_WANT_WRITE)
    conn->net_wants_room = TRUE;
  if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ)
    return TRUE;

  *broken = error != SSL_ERROR_ZERO_RETURN;
  ERR_clear_error ();
  return FALSE;
}

/* Our half is over: all that was to be said is said. */
static gboolean
end_out (KlSioTlsConn *conn)
{
  gboolean broken = FALSE;
  int result = SSL_shutdown (conn->ssl);

  if (result < 0 && must_wait (conn, result, &broken) && conn->net_wants_room)
    return FALSE;

  ERR_clear_error ();
  shutdown (conn->net.fd, SHUT_WR);
  conn->out_closed = TRUE;
  return TRUE;
}

/* From the plain end to the network. TRUE: something was done, and there may be more. */
static gboolean
carry_out (KlSioTlsConn *conn)
{
  const guint8 *bytes = conn->out.bytes;
  gsize length = conn->out.length;
  gboolean broken = FALSE;
  int result;

  if (conn->out_closed || (!bytes && !conn->app_readable))
    return FALSE;

  if (!bytes)
    {
      gssize n = recv (conn->app.fd, conn->worker->piece, KL_SIO_TLS_PIECE_BYTES, MSG_DONTWAIT);

      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        {
          conn->app_readable = errno == EINTR;
          return FALSE;
        }
      if (n <= 0)
        return end_out (conn);
      bytes = conn->worker->piece;
      length = (gsize) n;
    }

  result = SSL_write (conn->ssl, bytes, (int) length);
  if (result > 0)
    {
      g_clear_pointer (&conn->out.bytes, g_free);
      return TRUE;
    }

  if (must_wait (conn, result, &broken))
    keep (&conn->out, bytes, length);
  else
    kl_sio_tls_conn_close (conn);
  return FALSE;
}

static gboolean
end_in (KlSioTlsConn *conn)
{
  conn->in_closed = TRUE;
  g_clear_pointer (&conn->in.bytes, g_free);
  if (!conn->app_gone)
    shutdown (conn->app.fd, SHUT_WR);

  return TRUE;
}

/* Nobody would read it. */
static gboolean
read_in_vain (KlSioTlsConn *conn)
{
  gssize n = recv (conn->net.fd, conn->worker->piece, KL_SIO_TLS_PIECE_BYTES, MSG_DONTWAIT);

  g_clear_pointer (&conn->in.bytes, g_free);
  if (n == 0)
    return end_in (conn);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    kl_sio_tls_conn_close (conn);
  else
    conn->net_readable = n > 0;

  return n > 0;
}

/* From the network to the plain end. */
static gboolean
carry_in (KlSioTlsConn *conn)
{
  const guint8 *bytes = conn->in.bytes;
  gsize length = conn->in.length;
  gboolean broken = FALSE;
  gssize n;

  if (conn->state != KL_SIO_TLS_OPEN || conn->in_closed || (!bytes && !conn->net_readable))
    return FALSE;
  if (conn->app_gone)
    return read_in_vain (conn);

  if (!bytes)
    {
      int result = SSL_read (conn->ssl, conn->worker->piece, KL_SIO_TLS_PIECE_BYTES);

      if (result <= 0)
        {
          if (must_wait (conn, result, &broken))
            conn->net_readable = conn->net_wants_room;
          else if (broken)
            kl_sio_tls_conn_close (conn);
          else
            return end_in (conn);
          return FALSE;
        }
      bytes = conn->worker->piece;
      length = (gsize) result;
    }

  n = send (conn->app.fd, bytes + conn->in.done, length - conn->in.done, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    {
      conn->app_gone = TRUE;
      return TRUE;
    }
  if (n < 0)
    n = 0;
  if ((gsize) n == length - conn->in.done)
    {
      g_clear_pointer (&conn->in.bytes, g_free);
      conn->in.done = 0;
      return TRUE;
    }

  keep (&conn->in, bytes, length);
  conn->in.done += (gsize) n;
  return FALSE;
}

/* ── Steps ── */

/* Nothing more can be done now: wait for what would change that, or come to an end. */
static void
settle (KlSioTlsConn *conn)
{
  KlSioTlsWorker *self = conn->worker;

  if (conn->out_closed && (conn->in_closed || conn->app_gone))
    {
      if (conn->in_closed)
        kl_sio_tls_conn_close (conn);
      else
        begin_lingering (conn);
      return;
    }
  if (conn->app_gone && g_atomic_int_get (&conn->abrupt))
    {
      kl_sio_tls_conn_close (conn);
      return;
    }
  if (conn->app_gone && conn->deadline_usec == 0)
    {
      conn->deadline_usec = g_get_monotonic_time () + FLUSH_USEC;
      conn->link.data = conn;
      g_queue_push_tail_link (&self->flushing, &conn->link);
    }

  kl_sio_tls_watch (self, &conn->net, EPOLL_CTL_MOD, conn->net_wants_room ? EPOLLOUT : 0);
  kl_sio_tls_watch (self, &conn->app, EPOLL_CTL_MOD, conn->in.bytes ? EPOLLOUT : 0);
}

void
kl_sio_tls_conn_carry (KlSioTlsConn *conn)
{
  conn->net_wants_room = FALSE;
  for (guint i = 0; i < PIECES_PER_TURN; i++)
    {
      gboolean more = carry_out (conn);

      more = carry_in (conn) || more;
      if (conn->state != KL_SIO_TLS_OPEN)
        return;
      if (!more)
        {
          settle (conn);
          return;
        }
    }

  if (!conn->again)
    {
      conn->again = TRUE;
      g_ptr_array_add (conn->worker->again, conn);
    }
}

void
kl_sio_tls_conn_shake_hands (KlSioTlsConn *conn)
{
  KlSioTlsWorker *self = conn->worker;
  int result, error, reason;

  /* As late as can be, so that whoever begins after a reload gets the new certificate. */
  if (!conn->ssl)
    {
      SSL_CTX *context = kl_sio_tls_take_context (self->tls);

      conn->ssl = SSL_new (context);
      SSL_CTX_free (context);
      if (!conn->ssl || SSL_set_fd (conn->ssl, conn->net.fd) != 1)
        {
          kl_sio_tls_conn_close (conn);
          return;
        }
    }

  ERR_clear_error ();
  result = SSL_accept (conn->ssl);
  if (result == 1)
    {
      conn->state = KL_SIO_TLS_OPEN;
      kl_sio_tls_note_handshake (self->tls, TRUE);
      kl_sio_tls_conn_carry (conn);
      return;
    }

  error = SSL_get_error (conn->ssl, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
    {
      kl_sio_tls_watch (self, &conn->net, EPOLL_CTL_MOD, error == SSL_ERROR_WANT_WRITE ? EPOLLOUT : 0);
      return;
    }
  reason = ERR_GET_REASON (ERR_peek_error ());
  ERR_clear_error ();
  if (error == SSL_ERROR_SSL && (reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST)
      && send (conn->net.fd, plain_answer, sizeof plain_answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    g_debug ("answer not sent: %s", g_strerror (errno));
  begin_lingering (conn);
}

void
kl_sio_tls_conn_on_event (KlSioTlsConn *conn, KlSioTlsEnd *end, guint events)
{
  if (end == &conn->net)
    conn->net_readable = TRUE;
  else if (events & ~(guint) EPOLLOUT)
    conn->app_readable = TRUE;
  if (end == &conn->app && (events & (EPOLLHUP | EPOLLERR)))
    conn->app_gone = TRUE;

  switch (conn->state)
    {
    case KL_SIO_TLS_HANDSHAKE:
      if (conn->app_gone)
        kl_sio_tls_conn_close (conn);
      else if (end == &conn->net && !conn->again)
        {
          conn->again = TRUE;
          g_queue_push_tail (&conn->worker->handshakes, conn);
        }
      return;
    case KL_SIO_TLS_OPEN:
      kl_sio_tls_conn_carry (conn);
      return;
    case KL_SIO_TLS_LINGERING:
      discard (conn);
      return;
    case KL_SIO_TLS_CLOSED:
    default:
      return;
    }
}
