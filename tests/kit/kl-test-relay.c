/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/kit/kl-test-relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "tests/kit/kl-test.h"

#define PART_BYTES 65536

typedef struct
{
  GBytes *bytes;
  gint64 due_usec;
} Part;

typedef struct _Line Line;

/* One direction. */
typedef struct
{
  Line *line;
  int from;
  int to;
  GQueue waiting; /* Part */
  GSource *source;
  guint timer;
  gboolean ended; /* `from` has said that it ends */
} Way;

struct _Line
{
  KlTestRelay *relay;
  int fds[2]; /* client, server */
  Way out;    /* from the client */
  Way back;   /* to the client */
  int budget;
  char *answer;
  guint answer_after;
  gsize n_out;
};

struct _KlTestRelay
{
  int listener;
  GSource *source;
  guint16 port;
  guint16 target;
  GPtrArray *lines;
  gboolean silent;
  guint delay_ms;
  int budget;
  char *answer;
  guint answer_after;
  guint n_all;
};

static int
open_socket (void)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

static struct sockaddr_in
make_address (guint16 port)
{
  return (struct sockaddr_in) { .sin_family = AF_INET,
                                .sin_port = htons (port),
                                .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
}

static void
free_part (gpointer data)
{
  Part *part = data;

  g_bytes_unref (part->bytes);
  g_free (part);
}

static void
clear_way (Way *way)
{
  g_clear_handle_id (&way->timer, g_source_remove);
  if (way->source)
    {
      g_source_destroy (way->source);
      g_clear_pointer (&way->source, g_source_unref);
    }
  g_queue_clear_full (&way->waiting, free_part);
}

static void
free_line (gpointer data)
{
  Line *line = data;

  clear_way (&line->out);
  clear_way (&line->back);
  for (int i = 0; i < 2; i++)
    {
      struct linger reset = { 1, 0 };

      setsockopt (line->fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      close (line->fds[i]);
    }
  g_free (line->answer);
  g_free (line);
}

static void
flush (Way *way);

static gboolean
on_due (gpointer user_data)
{
  Way *way = user_data;

  way->timer = 0;
  flush (way);

  return G_SOURCE_REMOVE;
}

/* Loopback's buffers take what tests send; what they do not take comes a little later. */
static void
flush (Way *way)
{
  Line *line = way->line;
  Part *part;

  if (way->timer)
    return;
  while (!line->relay->silent && (part = g_queue_peek_head (&way->waiting)))
    {
      gint64 left_usec = part->due_usec - g_get_monotonic_time ();
      gsize size = g_bytes_get_size (part->bytes);
      gsize allowed = way == &line->back && line->budget >= 0 ? MIN (size, (gsize) line->budget) : size;
      ssize_t n;

      if (left_usec > 0)
        {
          way->timer = g_timeout_add ((guint) (left_usec / 1000 + 1), on_due, way);
          return;
        }
      n = send (way->to, g_bytes_get_data (part->bytes, NULL), allowed, MSG_NOSIGNAL);
      if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
        {
          way->timer = g_timeout_add (1, on_due, way);
          return;
        }
      if (way == &line->back && line->budget >= 0)
        line->budget -= MAX (0, (int) n);
      if (n < 0 || (way == &line->back && line->budget == 0))
        {
          g_ptr_array_remove_fast (line->relay->lines, line);
          return;
        }
      if ((gsize) n < size)
        {
          GBytes *rest = g_bytes_new_from_bytes (part->bytes, (gsize) n, size - (gsize) n);

          g_bytes_unref (part->bytes);
          part->bytes = rest;
          continue;
        }
      free_part (g_queue_pop_head (&way->waiting));
    }
  if (way->ended && g_queue_is_empty (&way->waiting))
    g_ptr_array_remove_fast (line->relay->lines, line);
}

static void
pass (Way *way, const void *data, gsize length)
{
  Part *part = g_new (Part, 1);

  part->bytes = g_bytes_new (data, length);
  part->due_usec = g_get_monotonic_time () + way->line->relay->delay_ms * G_TIME_SPAN_MILLISECOND;
  g_queue_push_tail (&way->waiting, part);
}

/* Of Redis; for others it is one. */
static int
count_commands (const char *data, gsize length)
{
  int n = 0;

  for (gsize i = 0; i < length; i++)
    n += data[i] == '*' && (i == 0 || data[i - 1] == '\n');

  return MAX (n, 1);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  Way *way = user_data;
  Line *line = way->line;
  char data[PART_BYTES];
  ssize_t n;

  n = recv (fd, data, sizeof data, 0);
  if (n < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      way->ended = TRUE;
      g_clear_pointer (&way->source, g_source_unref);
      flush (way);
      return G_SOURCE_REMOVE;
    }

  if (way == &line->out)
    line->n_out += (gsize) n;
  if (way == &line->out && line->answer && line->n_out > line->answer_after)
    {
      for (int i = 0; i < count_commands (data, (gsize) n); i++)
        pass (&line->back, line->answer, strlen (line->answer));
      flush (&line->back);
      return G_SOURCE_CONTINUE;
    }
  pass (way, data, (gsize) n);
  flush (way);

  return G_SOURCE_CONTINUE;
}

static void
start_way (Way *way, Line *line, int from, int to)
{
  way->line = line;
  way->from = from;
  way->to = to;
  g_queue_init (&way->waiting);
  way->source = g_unix_fd_source_new (from, G_IO_IN);
  g_source_set_callback (way->source, G_SOURCE_FUNC (on_readable), way, NULL);
  g_source_attach (way->source, NULL);
}

static gboolean
on_connection (int fd, GIOCondition condition, gpointer user_data)
{
  KlTestRelay *self = user_data;
  int client = accept4 (fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  struct sockaddr_in address = make_address (self->target);
  int one = 1;
  Line *line;

  if (client < 0)
    return G_SOURCE_CONTINUE;

  self->n_all++;
  line = g_new0 (Line, 1);
  line->relay = self;
  line->budget = self->budget;
  line->answer = g_strdup (self->answer);
  line->answer_after = self->answer_after;
  line->fds[0] = client;
  line->fds[1] = open_socket ();
  setsockopt (client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt (line->fds[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if ((connect (line->fds[1], (struct sockaddr *) &address, sizeof address) != 0 && errno != EINPROGRESS)
      || line->budget == 0)
    {
      free_line (line);
      return G_SOURCE_CONTINUE;
    }
  g_ptr_array_add (self->lines, line);
  start_way (&line->out, line, line->fds[0], line->fds[1]);
  start_way (&line->back, line, line->fds[1], line->fds[0]);

  return G_SOURCE_CONTINUE;
}

KlTestRelay *
kl_test_relay_new (guint16 port)
{
  KlTestRelay *self = g_new0 (KlTestRelay, 1);
  struct sockaddr_in address = make_address (0);
  socklen_t size = sizeof address;

  self->target = port;
  self->budget = -1;
  self->lines = g_ptr_array_new_with_free_func (free_line);
  self->listener = open_socket ();
  g_assert_cmpint (bind (self->listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (self->listener, 128), ==, 0);
  g_assert_cmpint (getsockname (self->listener, (struct sockaddr *) &address, &size), ==, 0);
  self->port = ntohs (address.sin_port);
  self->source = g_unix_fd_source_new (self->listener, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_connection), self, NULL);
  g_source_attach (self->source, NULL);

  return self;
}

void
kl_test_relay_free (KlTestRelay *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  close (self->listener);
  g_ptr_array_unref (self->lines);
  g_free (self->answer);
  g_free (self);
}

guint16
kl_test_relay_get_port (KlTestRelay *self)
{
  return self->port;
}

void
kl_test_relay_set_silent (KlTestRelay *self, gboolean silent)
{
  self->silent = silent;
  for (guint i = self->lines->len; i > 0 && !silent; i--)
    {
      Line *line = g_ptr_array_index (self->lines, i - 1);
      guint before = self->lines->len;

      flush (&line->out);
      if (self->lines->len == before)
        flush (&line->back);
    }
}

void
kl_test_relay_set_delay (KlTestRelay *self, guint delay_ms)
{
  self->delay_ms = delay_ms;
}

void
kl_test_relay_set_budget (KlTestRelay *self, int bytes)
{
  self->budget = bytes;
}

void
kl_test_relay_set_answer (KlTestRelay *self, const char *answer, guint after_bytes)
{
  g_set_str (&self->answer, answer);
  self->answer_after = after_bytes;
}

void
kl_test_relay_cut (KlTestRelay *self)
{
  g_ptr_array_set_size (self->lines, 0);
}

guint
kl_test_relay_count (KlTestRelay *self)
{
  return self->lines->len;
}

guint
kl_test_relay_count_all (KlTestRelay *self)
{
  return self->n_all;
}
