/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/socketio/kl-sio-acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS_RESERVED 32
#define ACCEPTS_PER_TURN 64
/* Less than the reserve may be used up between two looks. */
#define DESCRIPTORS_PER_LOOK 16
#define LOOK_AGAIN_MS 100

struct _KlSioAcceptor
{
  KlWsWatch watch; /* first */
  KlWsHub *hub;
  int fd;    /* −1: does not listen */
  int spare; /* given up for a moment, when there is no other, to tell a client so */
  guint backlog;
  guint accepts_per_look;
  gboolean paused;
  gint64 warned_usec;
  KlSioTimerQueue *look_again;
  KlSioTimerNode timer;
  KlSioAcceptFunc func;
  gpointer user_data;
  GSocketAddress *socket_address;
  char *address;
};

static int
open_spare (void)
{
  return open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Are there more descriptors left than the reserve? New ones get the lowest free number. */
static gboolean
has_descriptors (KlSioAcceptor *self)
{
  struct rlimit limit;
  int lowest;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
    return TRUE;
  lowest = fcntl (self->fd, F_DUPFD_CLOEXEC, 0);
  if (lowest < 0)
    return FALSE;
  close (lowest);

  return (rlim_t) lowest + MIN (DESCRIPTORS_RESERVED, limit.rlim_cur / 4) < limit.rlim_cur;
}

static void
pause_accepting (KlSioAcceptor *self)
{
  gint64 now_usec = g_get_monotonic_time ();

  if (!self->paused)
    kl_ws_hub_rewatch (self->hub, self->fd, 0, &self->watch);
  self->paused = TRUE;
  kl_sio_timer_start (self->look_again, &self->timer);
  if (self->warned_usec == 0 || now_usec - self->warned_usec >= G_USEC_PER_SEC)
    {
      self->warned_usec = now_usec;
      g_warning ("out of file descriptors: new connections wait until others leave");
    }
}

static void
on_look_again (KlSioTimerNode *node, gpointer user_data)
{
  KlSioAcceptor *self = user_data;

  if (self->fd < 0)
    return;
  if (!has_descriptors (self))
    {
      pause_accepting (self);
      return;
    }

  self->paused = FALSE;
  kl_ws_hub_rewatch (self->hub, self->fd, EPOLLIN, &self->watch);
}

/* Really none left: the oldest that waits is told so, instead of all of them waiting for nothing. */
static void
refuse_one (KlSioAcceptor *self)
{
  int fd;

  if (self->spare < 0)
    return;
  close (self->spare);
  fd = accept4 (self->fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0)
    close (fd);
  self->spare = open_spare ();
}

static void
on_acceptable (KlWsWatch *watch, guint events)
{
  KlSioAcceptor *self = (KlSioAcceptor *) watch;

  /* A request that has come along with its connection is answered while it is accepted. */
  kl_ws_hub_flush (self->hub);
  for (guint i = 0; i < ACCEPTS_PER_TURN && self->fd >= 0; i++)
    {
      struct sockaddr_storage remote;
      socklen_t length = sizeof remote;
      int fd;

      if (i % self->accepts_per_look == 0 && !has_descriptors (self))
        {
          pause_accepting (self);
          return;
        }
      fd = accept4 (self->fd, (struct sockaddr *) &remote, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0)
        {
          if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            {
              refuse_one (self);
              pause_accepting (self);
            }
          if (errno != ECONNABORTED && errno != EINTR)
            return;
          continue;
        }
      self->func (fd, (struct sockaddr *) &remote, length, self->user_data);
    }
}

KlSioAcceptor *
kl_sio_acceptor_new (KlWsHub *hub, guint backlog, guint descriptors, KlSioAcceptFunc func, gpointer user_data)
{
  KlSioAcceptor *self = g_new0 (KlSioAcceptor, 1);

  self->hub = hub;
  self->fd = -1;
  self->spare = open_spare ();
  self->backlog = backlog;
  self->accepts_per_look = DESCRIPTORS_PER_LOOK / descriptors;
  self->func = func;
  self->user_data = user_data;
  self->look_again = kl_sio_timers_add_queue (kl_ws_hub_get_timers (hub), LOOK_AGAIN_MS, on_look_again, self);

  return self;
}

void
kl_sio_acceptor_free (KlSioAcceptor *self)
{
  kl_sio_acceptor_stop (self);
  kl_sio_timers_remove_queue (kl_ws_hub_get_timers (self->hub), self->look_again);
  if (self->spare >= 0)
    close (self->spare);
  g_clear_object (&self->socket_address);
  g_free (self->address);
  kl_ws_hub_free_later (self->hub, self);
}

void
kl_sio_acceptor_stop (KlSioAcceptor *self)
{
  if (self->fd < 0)
    return;

  kl_sio_timer_stop (&self->timer);
  kl_ws_hub_unwatch (self->hub, self->fd, &self->watch);
  close (self->fd);
  self->fd = -1;
}

/* ── Where to listen ── */

static gboolean
split (const char *address, char **host, char **port, GError **error)
{
  const char *colon = strrchr (address, ':');
  gsize length = colon ? (gsize) (colon - address) : 0;
  guint64 number;

  if (!colon || !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &number, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is no ADDRESS:PORT", address);
      return FALSE;
    }

  if (length >= 2 && address[0] == '[' && colon[-1] == ']')
    *host = g_strndup (address + 1, length - 2);
  else
    *host = g_strndup (address, length);
  *port = g_strdup (colon + 1);

  return TRUE;
}

static int
listen_on (const struct addrinfo *info, guint backlog)
{
  int on = 1, off = 0, fd, saved;

  fd = socket (info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;

  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  /* What is accepted inherits it. */
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (info->ai_family == AF_INET6)
    setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind (fd, info->ai_addr, info->ai_addrlen) == 0 && listen (fd, (int) backlog) == 0)
    return fd;

  saved = errno;
  close (fd);
  errno = saved;
  return -1;
}

static void
note_address (KlSioAcceptor *self)
{
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  g_autofree char *numbers = NULL;
  GInetSocketAddress *inet;

  getsockname (self->fd, (struct sockaddr *) &storage, &length);
  g_clear_object (&self->socket_address);
  self->socket_address = g_socket_address_new_from_native (&storage, length);
  inet = G_INET_SOCKET_ADDRESS (self->socket_address);
  numbers = g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  g_free (self->address);
  self->address = g_strdup_printf (strchr (numbers, ':') ? "[%s]:%u" : "%s:%u", numbers,
                                   g_inet_socket_address_get_port (inet));
}

gboolean
kl_sio_acceptor_listen (KlSioAcceptor *self, const char *address, GError **error)
{
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *found = NULL;
  g_autofree char *host = NULL, *port = NULL;
  int result, fd = -1, saved = 0;

  if (!split (address, &host, &port, error))
    return FALSE;

  result = getaddrinfo (host[0] && strcmp (host, "*") != 0 ? host : NULL, port, &hints, &found);
  if (result != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND, "cannot listen on %s: %s", address,
                   gai_strerror (result));
      return FALSE;
    }
  for (struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
    {
      fd = listen_on (at, self->backlog);
      saved = errno;
    }
  freeaddrinfo (found);
  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "cannot listen on %s: %s", address,
                   saved == EADDRINUSE ? "another program uses this port" : g_strerror (saved));
      return FALSE;
    }

  kl_sio_acceptor_stop (self);
  self->fd = fd;
  self->paused = FALSE;
  self->watch.func = on_acceptable;
  note_address (self);
  kl_ws_hub_watch (self->hub, fd, EPOLLIN, &self->watch);

  return TRUE;
}

const char *
kl_sio_acceptor_get_address (KlSioAcceptor *self)
{
  return self->address;
}

GSocketAddress *
kl_sio_acceptor_get_socket_address (KlSioAcceptor *self)
{
  return self->socket_address;
}
