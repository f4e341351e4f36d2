/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/kl-bench.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES (256 * 1024)

gint64
kl_bench_now_usec (void)
{
  return g_get_monotonic_time ();
}

KlBench *
kl_bench_new (guint16 port)
{
  KlBench *self = g_new0 (KlBench, 1);

  self->ports = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_array_append_val (self->ports, port);
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->clients = g_ptr_array_new ();

  return self;
}

KlBenchClient *
kl_bench_add (KlBench *self, guint group, const char *token)
{
  KlBenchClient *client = g_new0 (KlBenchClient, 1);

  client->bench = self;
  client->index = self->clients->len;
  client->fd = -1;
  client->group = group;
  client->token = g_strdup (token);
  client->out = g_byte_array_new ();
  g_ptr_array_add (self->clients, client);

  return client;
}

/* ── Writing ── */

static void
watch (KlBenchClient *client, int operation)
{
  struct epoll_event event = { .events = EPOLLIN | (client->out->len > 0 ? EPOLLOUT : 0), .data.ptr = client };

  epoll_ctl (client->bench->epoll_fd, operation, client->fd, &event);
}

static void
write_bytes (KlBenchClient *client, const void *bytes, gsize length)
{
  gssize n = 0;

  if (client->out->len == 0)
    n = send (client->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n == (gssize) length)
    return;
  if (n < 0)
    n = 0;

  g_byte_array_append (client->out, (const guint8 *) bytes + n, (guint) (length - (gsize) n));
  watch (client, EPOLL_CTL_MOD);
}

static void
flush_out (KlBenchClient *client)
{
  gssize n = send (client->fd, client->out->data, client->out->len, MSG_NOSIGNAL | MSG_DONTWAIT);

  if (n > 0)
    g_byte_array_remove_range (client->out, 0, (guint) n);
  watch (client, EPOLL_CTL_MOD);
}

/* A masked text frame; the mask is zero, which changes nothing. */
static void
send_text (KlBenchClient *client, const char *text, gsize length)
{
  g_autofree guint8 *frame = g_malloc (length + 14);
  gsize n = 2;

  frame[0] = 0x81;
  if (length < 126)
    {
      frame[1] = (guint8) (0x80 | length);
    }
  else
    {
      frame[1] = 0x80 | 126;
      frame[2] = (guint8) (length >> 8);
      frame[3] = (guint8) length;
      n = 4;
    }
  memset (frame + n, 0, 4);
  memcpy (frame + n + 4, text, length);
  write_bytes (client, frame, n + 4 + length);
}

gint64
kl_bench_emit (KlBenchClient *client, const char *event, const char *json)
{
  g_autofree char *text = g_strdup_printf ("42%" G_GINT64_FORMAT "[\"%s\",%s]", client->next_ack, event, json);

  g_assert (strlen (text) < 65536);
  send_text (client, text, strlen (text));

  return client->next_ack++;
}

/* ── Connecting ── */

void
kl_bench_connect (KlBenchClient *client)
{
  static const char request[] = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  const GArray *ports = client->bench->ports;
  guint16 port = g_array_index (ports, guint16, client->index % ports->len);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (port) };
  int on = 1;

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  client->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client->fd < 0)
    g_error ("no socket: %s", g_strerror (errno));
  setsockopt (client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  client->state = KL_BENCH_CONNECTING;
  client->upgraded = FALSE;
  client->n_in = 0;
  client->next_ack = 0;
  g_byte_array_set_size (client->out, 0);
  if (connect (client->fd, (struct sockaddr *) &address, sizeof address) < 0 && errno != EINPROGRESS)
    g_error ("cannot connect: %s", g_strerror (errno));
  g_byte_array_append (client->out, (const guint8 *) request, sizeof request - 1);
  watch (client, EPOLL_CTL_ADD);
}

void
kl_bench_disconnect (KlBenchClient *client)
{
  if (client->fd < 0)
    return;

  close (client->fd);
  client->fd = -1;
  if (client->state >= KL_BENCH_CONNECTED)
    client->bench->n_connected--;
  client->state = KL_BENCH_CLOSED;
  g_clear_pointer (&client->in, g_free);
  client->n_in = client->in_size = 0;
}

/* ── Reading ── */

static void
on_packet (KlBenchClient *client, const char *text, gsize length)
{
  g_autofree char *connect_text = NULL;

  if (length == 0)
    return;
  if (text[0] == '2')
    {
      send_text (client, "3", 1);
      return;
    }
  if (text[0] == '0')
    {
      connect_text = client->token ? g_strdup_printf ("40{\"token\":\"%s\"}", client->token) : g_strdup ("40");
      send_text (client, connect_text, strlen (connect_text));
      return;
    }
  if (length < 2 || text[0] != '4')
    return;

  if (text[1] == '0')
    {
      client->state = KL_BENCH_CONNECTED;
      client->bench->n_connected++;
      if (client->bench->funcs && client->bench->funcs->connected)
        client->bench->funcs->connected (client);
    }
  else if (text[1] == '2' && client->bench->funcs && client->bench->funcs->event)
    {
      client->bench->funcs->event (client, text + 2, length - 2);
    }
  else if (text[1] == '3' && client->bench->funcs && client->bench->funcs->ack)
    {
      const char *bracket = memchr (text, '[', length);

      if (bracket)
        client->bench->funcs->ack (client, g_ascii_strtoll (text + 2, NULL, 10), bracket,
                                   length - (gsize) (bracket - text));
    }
  else if (text[1] == '4')
    {
      g_error ("CONNECT was refused: %.*s", (int) length, text);
    }
}

/* Takes whole frames from BYTES and returns how much they were. */
static gsize
take_frames (KlBenchClient *client, const guint8 *bytes, gsize length)
{
  gsize done = 0;

  while (length - done >= 2)
    {
      const guint8 *frame = bytes + done;
      gsize header = 2, size = frame[1] & 0x7f;

      if (size == 126)
        header = 4;
      else if (size == 127)
        header = 10;
      if (length - done < header)
        break;
      if (header > 2)
        {
          size = 0;
          for (gsize i = 2; i < header; i++)
            size = size << 8 | frame[i];
        }
      g_assert (size <= KL_BENCH_FRAME_MAX);
      if (length - done < header + size)
        break;
      if ((frame[0] & 0x0f) == 0x1)
        on_packet (client, (const char *) frame + header, size);
      done += header + size;
      if (client->fd < 0)
        break;
    }

  return done;
}

static void
keep (KlBenchClient *client, const guint8 *bytes, gsize length)
{
  if (client->n_in + length > client->in_size)
    {
      client->in_size = MAX (client->n_in + length, 512);
      client->in = g_realloc (client->in, client->in_size);
    }
  memmove (client->in + client->n_in, bytes, length);
  client->n_in += length;
}

static void
on_bytes (KlBenchClient *client, const guint8 *bytes, gsize length)
{
  gsize done;

  if (client->n_in > 0 || !client->upgraded)
    {
      keep (client, bytes, length);
      bytes = client->in;
      length = client->n_in;
    }
  if (!client->upgraded)
    {
      const guint8 *end = memmem (bytes, length, "\r\n\r\n", 4);

      if (!end)
        return;
      if (memcmp (bytes, "HTTP/1.1 101", 12) != 0)
        g_error ("no upgrade: %.*s", (int) length, (const char *) bytes);
      client->upgraded = TRUE;
      done = (gsize) (end + 4 - bytes);
      bytes += done;
      length -= done;
    }

  done = take_frames (client, bytes, length);
  if (client->fd < 0)
    return;
  if (done == length)
    {
      g_clear_pointer (&client->in, g_free);
      client->n_in = client->in_size = 0;
      return;
    }
  if (client->n_in > 0)
    {
      memmove (client->in, bytes + done, length - done);
      client->n_in = length - done;
    }
  else
    {
      keep (client, bytes + done, length - done);
    }
}

static void
on_readable (KlBenchClient *client)
{
  static guint8 bytes[READ_BYTES];
  gssize n = recv (client->fd, bytes, sizeof bytes, MSG_DONTWAIT);

  if (n > 0)
    {
      on_bytes (client, bytes, (gsize) n);
      return;
    }
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;

  client->bench->n_lost++;
  kl_bench_disconnect (client);
}

void
kl_bench_turn (KlBench *self, int timeout_ms)
{
  struct epoll_event events[1024];
  int n = epoll_wait (self->epoll_fd, events, G_N_ELEMENTS (events), timeout_ms);

  for (int i = 0; i < n; i++)
    {
      KlBenchClient *client = events[i].data.ptr;

      if (client->fd >= 0 && events[i].events & EPOLLOUT)
        flush_out (client);
      if (client->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        on_readable (client);
    }
}

/* ── Latencies ── */

#define STEPS_PER_DOUBLING 24

void
kl_bench_times_add (KlBenchTimes *self, gint64 usec)
{
  guint bucket = (guint) (log2 ((double) MAX (usec, 1)) * STEPS_PER_DOUBLING);

  self->counts[MIN (bucket, G_N_ELEMENTS (self->counts) - 1)]++;
  self->n++;
}

double
kl_bench_times_get_ms (const KlBenchTimes *self, double fraction)
{
  guint64 seen = 0;

  for (guint i = 0; i < G_N_ELEMENTS (self->counts); i++)
    {
      seen += self->counts[i];
      if ((double) seen >= fraction * (double) self->n)
        return exp2 ((i + 0.5) / STEPS_PER_DOUBLING) / 1000;
    }

  return 0;
}
