/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads that carry bytes between TLS connections and their plain ends. A connection belongs to one of them from its
 * start to its end. Each has an epoll of its own, and a list of what the main loop has accepted for it. */
#include "server/socketio/kl-sio-tls-worker.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel doubles it. */
#define PAIR_BYTES (32 * 1024)
#define EVENTS_MAX 256
#define THREADS_MAX 4
/* Handshakes are dear; those who talk already do not wait longer than this for them. */
#define HANDSHAKE_USEC 4000
/* For all that is under way when the threads are to end. */
#define FAREWELL_USEC (G_USEC_PER_SEC / 2)

struct _KlSioTlsPump
{
  guint n_workers, next;
  KlSioTlsWorker *workers[THREADS_MAX];
};

static void
adopt (KlSioTlsWorker *self, KlSioTlsConn *conn)
{
  conn->worker = self;
  conn->next = self->first;
  if (self->first)
    self->first->previous = conn;
  self->first = conn;
  kl_sio_tls_watch (self, &conn->net, EPOLL_CTL_ADD, 0);
  kl_sio_tls_watch (self, &conn->app, EPOLL_CTL_ADD, 0);
}

/* FALSE: the thread is to end. */
static gboolean
take_incoming (KlSioTlsWorker *self)
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
    kl_sio_tls_conn_close (queue->head->data);
}

static void
carry_again (KlSioTlsWorker *self)
{
  g_autoptr (GPtrArray) again = self->again;

  self->again = g_ptr_array_new ();
  for (guint i = 0; i < again->len; i++)
    {
      KlSioTlsConn *conn = g_ptr_array_index (again, i);

      conn->again = FALSE;
      if (conn->state == KL_SIO_TLS_OPEN)
        kl_sio_tls_conn_carry (conn);
    }
}

static void
go_on_with_handshakes (KlSioTlsWorker *self)
{
  gint64 end_usec = g_get_monotonic_time () + HANDSHAKE_USEC;
  KlSioTlsConn *conn;

  while ((conn = g_queue_pop_head (&self->handshakes)))
    {
      conn->again = FALSE;
      if (conn->state == KL_SIO_TLS_HANDSHAKE)
        kl_sio_tls_conn_shake_hands (conn);
      if (g_get_monotonic_time () >= end_usec)
        return;
    }
}

static void
free_garbage (KlSioTlsWorker *self)
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
has_something_to_say (KlSioTlsWorker *self)
{
  for (KlSioTlsConn *conn = self->first; conn; conn = conn->next)
    if (conn->state == KL_SIO_TLS_OPEN && !conn->out_closed)
      return TRUE;

  return FALSE;
}

static int
get_patience_ms (KlSioTlsWorker *self, gint64 end_usec)
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
  KlSioTlsWorker *self = data;
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
          kl_sio_tls_conn_on_event (((KlSioTlsEnd *) events[i].data.ptr)->conn, events[i].data.ptr, events[i].events);
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
wake (KlSioTlsWorker *self)
{
  guint64 one = 1;

  if (write (self->wake_fd, &one, sizeof one) < 0)
    g_debug ("the thread is awake: %s", g_strerror (errno));
}

static KlSioTlsWorker *
worker_new (KlSioTls *tls, guint number)
{
  KlSioTlsWorker *self = g_new0 (KlSioTlsWorker, 1);
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
worker_free (KlSioTlsWorker *self)
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
    kl_sio_tls_conn_close (self->first);
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
  KlSioTlsWorker *worker = self->workers[self->next++ % self->n_workers];
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
  made->net = (KlSioTlsEnd) { .conn = made, .fd = fd };
  made->app = (KlSioTlsEnd) { .conn = made, .fd = pair[0] };
  *conn = made;
  g_mutex_lock (&worker->lock);
  g_ptr_array_add (worker->incoming, made);
  first = worker->incoming->len == 1;
  g_mutex_unlock (&worker->lock);
  if (first)
    wake (worker);

  return pair[1];
}
