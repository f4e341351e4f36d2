/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads that carry bytes between TLS connections and their plain ends.
 *
 * A connection belongs to one thread from its start to its end. Life: handshake → open → (the plain side is gone:
 * flushing what it left) → (all is written, our half closed: lingering, so that a reset does not overtake it) → closed.
 * Who is too slow is not judged here: while the plain side lives, its deadlines do that, by closing it.
 *
 * Both descriptors are watched edge-triggered, so what could be read is remembered (`…_readable`) until it was. Bytes
 * that do not go on at once wait in a buffer of their own and stop that direction; an idle connection has none. */
#include "server/socketio/kl-sio-tls-private.h"

#include <errno.h>
#include <openssl/err.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* One TLS record. */
#define PIECE_BYTES (16 * 1024)
/* The kernel doubles it. */
#define PAIR_BYTES (32 * 1024)
#define PIECES_PER_TURN 8
#define EVENTS_MAX 256
#define THREADS_MAX 4
/* Handshakes are dear; those who talk already do not wait longer than this for them. */
#define HANDSHAKE_USEC 4000
/* For what the plain end has left to a client that reads slowly. */
#define FLUSH_USEC (30 * G_USEC_PER_SEC)
#define LINGER_USEC (2 * G_USEC_PER_SEC)
/* For all that is under way when the threads are to end. */
#define FAREWELL_USEC (G_USEC_PER_SEC / 2)

static const char plain_answer[]
    = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 57\r\n"
      "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
      "This port speaks https only: write https:// in the link.\n";

typedef struct _Worker Worker;

typedef enum
{
  STATE_HANDSHAKE,
  STATE_OPEN,
  STATE_LINGERING, /* only the network's side is left, and only to be read empty */
  STATE_CLOSED,
} State;

typedef struct
{
  KlSioTlsConn *conn;
  int fd;
  guint events; /* that are watched */
} End;

typedef struct
{
  guint8 *bytes; /* NULL: nothing waits */
  gsize length, done;
} Piece;

struct _KlSioTlsConn
{
  gint ref_count; /* atomic: the thread, and whoever serves the plain end */
  gint abrupt;    /* atomic */

  Worker *worker;
  State state;
  SSL *ssl;
  End net, app;
  Piece out; /* from the plain end, waiting for room in the network */
  Piece in;
  gboolean net_readable, app_readable;
  gboolean net_wants_room;
  gboolean app_gone;    /* both directions: nobody reads, nothing more comes */
  gboolean in_closed;   /* the network has ended, and the plain end knows */
  gboolean out_closed;  /* the other way round */
  gboolean again;       /* is in AGAIN */
  gint64 deadline_usec; /* 0: in neither list */
  GList link;           /* in FLUSHING or LINGERING */
  KlSioTlsConn *previous, *next;
};

struct _Worker
{
  KlSioTls *tls;
  GThread *thread;
  int epoll_fd, wake_fd;
  GMutex lock;
  GPtrArray *incoming; /* under LOCK; of KlSioTlsConn */
  gboolean stopping;   /* under LOCK */

  KlSioTlsConn *first;
  GPtrArray *again;  /* had more to do than a turn allows */
  GQueue handshakes; /* of KlSioTlsConn: whose handshake can go on */
  GQueue flushing, lingering;
  GPtrArray *garbage;
  guint8 piece[PIECE_BYTES];
};

struct _KlSioTlsPump
{
  guint n_workers, next;
  Worker *workers[THREADS_MAX];
};

/* ── Connections ── */

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

static void
watch (Worker *self, End *end, int operation, guint events)
{
  struct epoll_event event = { .events = events | EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = end };

  if (operation == EPOLL_CTL_MOD && end->events == events)
    return;
  end->events = events;
  if (epoll_ctl (self->epoll_fd, operation, end->fd, &event) < 0)
    g_warning ("epoll refused descriptor %d: %s", end->fd, g_strerror (errno));
}

static void
close_end (End *end)
{
  if (end->fd >= 0)
    close (end->fd);
  end->fd = -1;
}

static void
stop_deadline (KlSioTlsConn *conn)
{
  if (conn->deadline_usec > 0)
    g_queue_unlink (conn->state == STATE_LINGERING ? &conn->worker->lingering : &conn->worker->flushing, &conn->link);
  conn->deadline_usec = 0;
}

static void
drop_session (KlSioTlsConn *conn)
{
  g_clear_pointer (&conn->ssl, SSL_free);
  g_clear_pointer (&conn->in.bytes, g_free);
  g_clear_pointer (&conn->out.bytes, g_free);
}

static void
close_conn (KlSioTlsConn *conn)
{
  Worker *self = conn->worker;

  if (conn->state == STATE_CLOSED)
    return;
  if (conn->state == STATE_HANDSHAKE)
    kl_sio_tls_note_handshake (self->tls, FALSE);

  stop_deadline (conn);
  drop_session (conn);
  close_end (&conn->app);
  close_end (&conn->net);
  conn->state = STATE_CLOSED;
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
    n = recv (conn->net.fd, conn->worker->piece, PIECE_BYTES, MSG_DONTWAIT);
  while (n > 0 || (n < 0 && errno == EINTR));
  if (n == 0 || errno != EAGAIN)
    close_conn (conn);
}

static void
begin_lingering (KlSioTlsConn *conn)
{
  shutdown (conn->net.fd, SHUT_WR);
  if (conn->state == STATE_HANDSHAKE)
    kl_sio_tls_note_handshake (conn->worker->tls, FALSE);
  stop_deadline (conn);
  drop_session (conn);
  close_end (&conn->app);
  conn->state = STATE_LINGERING;
  conn->deadline_usec = g_get_monotonic_time () + LINGER_USEC;
  conn->link.data = conn;
  g_queue_push_tail_link (&conn->worker->lingering, &conn->link);
  discard (conn);
}

/* ── Carrying ── */

static void
keep (Piece *piece, const guint8 *bytes, gsize length)
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
      gssize n = recv (conn->app.fd, conn->worker->piece, PIECE_BYTES, MSG_DONTWAIT);

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
    close_conn (conn);
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
  gssize n = recv (conn->net.fd, conn->worker->piece, PIECE_BYTES, MSG_DONTWAIT);

  g_clear_pointer (&conn->in.bytes, g_free);
  if (n == 0)
    return end_in (conn);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    close_conn (conn);
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

  if (conn->state != STATE_OPEN || conn->in_closed || (!bytes && !conn->net_readable))
    return FALSE;
  if (conn->app_gone)
    return read_in_vain (conn);

  if (!bytes)
    {
      int result = SSL_read (conn->ssl, conn->worker->piece, PIECE_BYTES);

      if (result <= 0)
        {
          if (must_wait (conn, result, &broken))
            conn->net_readable = conn->net_wants_room;
          else if (broken)
            close_conn (conn);
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
  Worker *self = conn->worker;

  if (conn->out_closed && (conn->in_closed || conn->app_gone))
    {
      if (conn->in_closed)
        close_conn (conn);
      else
        begin_lingering (conn);
      return;
    }
  if (conn->app_gone && g_atomic_int_get (&conn->abrupt))
    {
      close_conn (conn);
      return;
    }
  if (conn->app_gone && conn->deadline_usec == 0)
    {
      conn->deadline_usec = g_get_monotonic_time () + FLUSH_USEC;
      conn->link.data = conn;
      g_queue_push_tail_link (&self->flushing, &conn->link);
    }

  watch (self, &conn->net, EPOLL_CTL_MOD, conn->net_wants_room ? EPOLLOUT : 0);
  watch (self, &conn->app, EPOLL_CTL_MOD, conn->in.bytes ? EPOLLOUT : 0);
}

static void
carry (KlSioTlsConn *conn)
{
  conn->net_wants_room = FALSE;
  for (guint i = 0; i < PIECES_PER_TURN; i++)
    {
      gboolean more = carry_out (conn);

      more = carry_in (conn) || more;
      if (conn->state != STATE_OPEN)
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

static void
shake_hands (KlSioTlsConn *conn)
{
  Worker *self = conn->worker;
  int result, error, reason;

  /* As late as can be, so that whoever begins after a reload gets the new certificate. */
  if (!conn->ssl)
    {
      SSL_CTX *context = kl_sio_tls_take_context (self->tls);

      conn->ssl = SSL_new (context);
      SSL_CTX_free (context);
      if (!conn->ssl || SSL_set_fd (conn->ssl, conn->net.fd) != 1)
        {
          close_conn (conn);
          return;
        }
    }

  ERR_clear_error ();
  result = SSL_accept (conn->ssl);
  if (result == 1)
    {
      conn->state = STATE_OPEN;
      kl_sio_tls_note_handshake (self->tls, TRUE);
      carry (conn);
      return;
    }

  error = SSL_get_error (conn->ssl, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
    {
      watch (self, &conn->net, EPOLL_CTL_MOD, error == SSL_ERROR_WANT_WRITE ? EPOLLOUT : 0);
      return;
    }
  reason = ERR_GET_REASON (ERR_peek_error ());
  ERR_clear_error ();
  if (error == SSL_ERROR_SSL && (reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST)
      && send (conn->net.fd, plain_answer, sizeof plain_answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    g_debug ("answer not sent: %s", g_strerror (errno));
  begin_lingering (conn);
}

static void
on_event (Worker *self, End *end, guint events)
{
  KlSioTlsConn *conn = end->conn;

  if (end == &conn->net)
    conn->net_readable = TRUE;
  else if (events & ~(guint) EPOLLOUT)
    conn->app_readable = TRUE;
  if (end == &conn->app && (events & (EPOLLHUP | EPOLLERR)))
    conn->app_gone = TRUE;

  switch (conn->state)
    {
    case STATE_HANDSHAKE:
      if (conn->app_gone)
        close_conn (conn);
      else if (end == &conn->net && !conn->again)
        {
          conn->again = TRUE;
          g_queue_push_tail (&self->handshakes, conn);
        }
      return;
    case STATE_OPEN:
      carry (conn);
      return;
    case STATE_LINGERING:
      discard (conn);
      return;
    case STATE_CLOSED:
    default:
      return;
    }
}

/* ── Threads ── */

static void
adopt (Worker *self, KlSioTlsConn *conn)
{
  conn->worker = self;
  conn->next = self->first;
  if (self->first)
    self->first->previous = conn;
  self->first = conn;
  watch (self, &conn->net, EPOLL_CTL_ADD, 0);
  watch (self, &conn->app, EPOLL_CTL_ADD, 0);
}

/* FALSE: the thread is to end. */
static gboolean
take_incoming (Worker *self)
{
  g_autoptr (GPtrArray) incoming = NULL;
  gboolean stopping;
  guint64 wakes;

  if (read (self->wake_fd, &wakes, sizeof wakes) < 0)
    g_debug ("nothing to wake for: %s", g_strerror (errno));
  g_mutex_lock (&self->lock);
  incoming = g_steal_pointer (&self->incoming);
  self->incoming = g_ptr_array_new ();
  stopping = self->stopping;
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < incoming->len; i++)
    adopt (self, g_ptr_array_index (incoming, i));

  return !stopping;
}

static void
end_overdue (GQueue *queue, gint64 now_usec)
{
  while (queue->head && ((KlSioTlsConn *) queue->head->data)->deadline_usec <= now_usec)
    close_conn (queue->head->data);
}

static void
carry_again (Worker *self)
{
  g_autoptr (GPtrArray) again = self->again;

  self->again = g_ptr_array_new ();
  for (guint i = 0; i < again->len; i++)
    {
      KlSioTlsConn *conn = g_ptr_array_index (again, i);

      conn->again = FALSE;
      if (conn->state == STATE_OPEN)
        carry (conn);
    }
}

static void
go_on_with_handshakes (Worker *self)
{
  gint64 end_usec = g_get_monotonic_time () + HANDSHAKE_USEC;
  KlSioTlsConn *conn;

  while ((conn = g_queue_pop_head (&self->handshakes)))
    {
      conn->again = FALSE;
      if (conn->state == STATE_HANDSHAKE)
        shake_hands (conn);
      if (g_get_monotonic_time () >= end_usec)
        return;
    }
}

static void
free_garbage (Worker *self)
{
  for (guint i = 0; i < self->garbage->len;)
    {
      KlSioTlsConn *conn = g_ptr_array_index (self->garbage, i);

      /* Lists of things to do still name it. */
      if (conn->again)
        {
          i++;
          continue;
        }
      g_ptr_array_remove_index_fast (self->garbage, i);
      kl_sio_tls_conn_unref (conn);
    }
}

/* Whether anybody has not been told yet what the plain ends have left. */
static gboolean
has_something_to_say (Worker *self)
{
  for (KlSioTlsConn *conn = self->first; conn; conn = conn->next)
    if (conn->state == STATE_OPEN && !conn->out_closed)
      return TRUE;

  return FALSE;
}

static int
get_patience_ms (Worker *self, gint64 end_usec)
{
  if (self->again->len > 0 || self->handshakes.length > 0)
    return 0;
  if (end_usec > 0)
    return 20;
  return self->flushing.length > 0 || self->lingering.length > 0 ? 500 : -1;
}

static gpointer
work (gpointer data)
{
  Worker *self = data;
  struct epoll_event events[EVENTS_MAX];
  sigset_t all;
  gint64 end_usec = 0; /* 0: not yet to end */

  sigfillset (&all);
  pthread_sigmask (SIG_BLOCK, &all, NULL);
  while (end_usec == 0 || (has_something_to_say (self) && g_get_monotonic_time () < end_usec))
    {
      int n = epoll_wait (self->epoll_fd, events, EVENTS_MAX, get_patience_ms (self, end_usec));

      for (int i = 0; i < n; i++)
        if (events[i].data.ptr != self)
          on_event (self, events[i].data.ptr, events[i].events);
        else if (!take_incoming (self) && end_usec == 0)
          end_usec = g_get_monotonic_time () + FAREWELL_USEC;
      carry_again (self);
      go_on_with_handshakes (self);
      if (self->flushing.length > 0 || self->lingering.length > 0)
        {
          gint64 now_usec = g_get_monotonic_time ();

          end_overdue (&self->flushing, now_usec);
          end_overdue (&self->lingering, now_usec);
        }
      free_garbage (self);
    }

  return NULL;
}

static void
wake (Worker *self)
{
  guint64 one = 1;

  if (write (self->wake_fd, &one, sizeof one) < 0)
    g_debug ("the thread is awake: %s", g_strerror (errno));
}

static Worker *
worker_new (KlSioTls *tls, guint number)
{
  Worker *self = g_new0 (Worker, 1);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = self };
  g_autofree char *name = g_strdup_printf ("tls-%u", number);

  self->tls = tls;
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (self->epoll_fd < 0 || self->wake_fd < 0)
    g_error ("no descriptors for TLS: %s", g_strerror (errno));
  epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->wake_fd, &event);
  g_mutex_init (&self->lock);
  self->incoming = g_ptr_array_new ();
  self->again = g_ptr_array_new ();
  self->garbage = g_ptr_array_new ();
  g_queue_init (&self->handshakes);
  g_queue_init (&self->flushing);
  g_queue_init (&self->lingering);
  self->thread = g_thread_new (name, work, self);

  return self;
}

static void
worker_free (Worker *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_mutex_unlock (&self->lock);
  wake (self);
  g_thread_join (self->thread);

  /* What came in the last moment. */
  for (guint i = 0; i < self->incoming->len; i++)
    adopt (self, g_ptr_array_index (self->incoming, i));
  while (self->first)
    close_conn (self->first);
  for (guint i = 0; i < self->garbage->len; i++)
    kl_sio_tls_conn_unref (g_ptr_array_index (self->garbage, i));
  close (self->epoll_fd);
  close (self->wake_fd);
  g_queue_clear (&self->handshakes);
  g_ptr_array_unref (self->incoming);
  g_ptr_array_unref (self->again);
  g_ptr_array_unref (self->garbage);
  g_mutex_clear (&self->lock);
  g_free (self);
}

KlSioTlsPump *
kl_sio_tls_pump_new (KlSioTls *tls)
{
  KlSioTlsPump *self = g_new0 (KlSioTlsPump, 1);

  self->n_workers = CLAMP (g_get_num_processors () / 2, 1, THREADS_MAX);
  for (guint i = 0; i < self->n_workers; i++)
    self->workers[i] = worker_new (tls, i);

  return self;
}

void
kl_sio_tls_pump_free (KlSioTlsPump *self)
{
  for (guint i = 0; i < self->n_workers; i++)
    worker_free (self->workers[i]);
  g_free (self);
}

int
kl_sio_tls_pump_accept (KlSioTlsPump *self, int fd, KlSioTlsConn **conn)
{
  Worker *worker = self->workers[self->next++ % self->n_workers];
  int pair[2], size = PAIR_BYTES;
  KlSioTlsConn *made;
  gboolean first;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
    {
      close (fd);
      return -1;
    }

  for (guint i = 0; i < 2; i++)
    setsockopt (pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  made = g_new0 (KlSioTlsConn, 1);
  made->ref_count = 2;
  made->net = (End) { .conn = made, .fd = fd };
  made->app = (End) { .conn = made, .fd = pair[0] };
  *conn = made;
  g_mutex_lock (&worker->lock);
  g_ptr_array_add (worker->incoming, made);
  first = worker->incoming->len == 1;
  g_mutex_unlock (&worker->lock);
  if (first)
    wake (worker);

  return pair[1];
}
