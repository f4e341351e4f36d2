/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's floor: a bare epoll server that answers the load generator, and does nothing for it. A message is found by
 * its bytes and goes out to all members as it came: no JSON, no rules, no store; one gathered write for each connection
 * and turn (--each: one for each delivery). */
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_BYTES 65536
#define QUEUE_MAX 256

typedef struct
{
  guint refs;
  gsize length;
  char bytes[];
} Shared;

typedef struct _Conn Conn;
struct _Conn
{
  int fd;
  gboolean upgraded;
  GPtrArray *group; /* of Conn */
  guint n_out;
  gboolean dirty;
  Shared *out[QUEUE_MAX];
};

static gboolean each;
static int epoll_fd;
static GHashTable *groups; /* id → GPtrArray of Conn */
static GPtrArray *dirty;

static Shared *
make (const char *text, gsize length)
{
  Shared *shared = g_malloc (sizeof *shared + length + 4);
  gsize header = length < 126 ? 2 : 4;

  shared->refs = 1;
  shared->length = header + length;
  shared->bytes[0] = (char) 0x81;
  shared->bytes[1] = (char) (length < 126 ? length : 126);
  if (header == 4)
    {
      shared->bytes[2] = (char) (length >> 8);
      shared->bytes[3] = (char) length;
    }
  memcpy (shared->bytes + header, text, length);

  return shared;
}

static void
drop (Shared *shared)
{
  if (--shared->refs == 0)
    g_free (shared);
}

static void
flush_conn (Conn *conn)
{
  struct iovec parts[QUEUE_MAX];
  struct msghdr header = { .msg_iov = parts, .msg_iovlen = conn->n_out };

  for (guint i = 0; i < conn->n_out; i++)
    parts[i] = (struct iovec) { conn->out[i]->bytes, conn->out[i]->length };
  if (conn->fd >= 0 && conn->n_out > 0 && sendmsg (conn->fd, &header, MSG_NOSIGNAL) < 0 && errno != EPIPE)
    g_debug ("not sent: %s", g_strerror (errno));
  for (guint i = 0; i < conn->n_out; i++)
    drop (conn->out[i]);
  conn->n_out = 0;
}

static void
queue (Conn *conn, Shared *shared)
{
  shared->refs++;
  conn->out[conn->n_out++] = shared;
  if (each || conn->n_out == QUEUE_MAX)
    flush_conn (conn);
  if (!conn->dirty)
    g_ptr_array_add (dirty, conn);
  conn->dirty = TRUE;
}

static void
queue_text (Conn *conn, const char *text)
{
  Shared *shared = make (text, strlen (text));

  queue (conn, shared);
  drop (shared);
}

/* The value of a string member, by its bytes. */
static char *
member (const char *text, const char *name)
{
  const char *found = strstr (text, name);

  if (!found)
    return NULL;
  found += strlen (name);

  return g_strndup (found, strcspn (found, "\""));
}

static void
join (Conn *conn, const char *id)
{
  GPtrArray *group = g_hash_table_lookup (groups, id);

  if (!group)
    {
      group = g_ptr_array_new ();
      g_hash_table_insert (groups, g_strdup (id), group);
    }
  g_ptr_array_add (group, conn);
  conn->group = group;
}

static void
on_send (Conn *conn, const char *text, const char *argument)
{
  g_autoptr (GString) out = g_string_sized_new (256);
  Shared *shared;

  g_string_append_printf (out, "42[\"message\",{\"message\":%s}]", argument);
  g_string_truncate (out, out->len - 2);
  g_string_append (out, "]");
  shared = make (out->str, out->len);
  for (guint i = 0; conn->group && i < conn->group->len; i++)
    queue (g_ptr_array_index (conn->group, i), shared);
  drop (shared);
}

static void
on_text (Conn *conn, char *text)
{
  const char *bracket = strchr (text, '[');
  gint64 ack = g_ascii_strtoll (text + 2, NULL, 10);
  g_autofree char *group = NULL, *answer = NULL;

  if (text[0] == '3')
    return;
  if (text[1] == '0')
    {
      queue_text (conn, "40{\"sid\":\"floor\"}");
      return;
    }
  if (!bracket)
    return;

  if (g_str_has_prefix (bracket, "[\"group:create\""))
    group = member (bracket, "\"client_id\":\"");
  else if (g_str_has_prefix (bracket, "[\"group:join\""))
    group = member (bracket, "\"group\":\"");
  if (group)
    join (conn, group);
  if (g_str_has_prefix (bracket, "[\"message:send\","))
    on_send (conn, text, bracket + strlen ("[\"message:send\","));
  answer = g_strdup_printf ("43%" G_GINT64_FORMAT "[{\"ok\":true,\"group\":{\"id\":\"%s\"}}]", ack, group ? group : "");
  queue_text (conn, answer);
}

static void
on_bytes (Conn *conn, guint8 *bytes, gsize n)
{
  if (!conn->upgraded)
    {
      static const char head[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

      conn->upgraded = TRUE;
      if (send (conn->fd, head, sizeof head - 1, MSG_NOSIGNAL) < 0)
        return;
      queue_text (conn, "0{\"sid\":\"floor\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}");
      return;
    }

  /* The load generator writes whole frames, with a mask of zeros. */
  for (gsize at = 0; at + 6 <= n;)
    {
      gsize length = bytes[at + 1] & 0x7f, header = 6;
      char saved;

      if (length == 126)
        {
          length = (gsize) bytes[at + 2] << 8 | bytes[at + 3];
          header = 8;
        }
      if (at + header + length > n)
        break;
      saved = (char) bytes[at + header + length];
      bytes[at + header + length] = 0;
      if ((bytes[at] & 0x0f) == 1)
        on_text (conn, (char *) bytes + at + header);
      bytes[at + header + length] = (guint8) saved;
      at += header + length;
    }
}

static void
on_readable (Conn *conn)
{
  static guint8 bytes[READ_BYTES + 1];
  gssize n = recv (conn->fd, bytes, READ_BYTES, MSG_DONTWAIT);

  if (n > 0)
    {
      on_bytes (conn, bytes, (gsize) n);
      return;
    }
  if (n < 0 && errno == EAGAIN)
    return;

  close (conn->fd);
  conn->fd = -1;
  if (conn->group)
    g_ptr_array_remove (conn->group, conn);
}

static void
accept_all (int listener)
{
  int fd, on = 1;

  while ((fd = accept4 (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
    {
      Conn *conn = g_new0 (Conn, 1);
      struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };

      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      conn->fd = fd;
      epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

int
main (int argc, char **argv)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t length = sizeof address;
  struct epoll_event listening = { .events = EPOLLIN };
  struct rlimit limit;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  each = argc > 1 && strcmp (argv[1], "--each") == 0;
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (bind (listener, (struct sockaddr *) &address, sizeof address) < 0 || listen (listener, 4096) < 0)
    g_error ("cannot listen: %s", g_strerror (errno));
  getsockname (listener, (struct sockaddr *) &address, &length);
  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  epoll_ctl (epoll_fd, EPOLL_CTL_ADD, listener, &listening);
  groups = g_hash_table_new (g_str_hash, g_str_equal);
  dirty = g_ptr_array_new ();
  g_printerr ("listening on http://127.0.0.1:%u\n", ntohs (address.sin_port));

  for (;;)
    {
      struct epoll_event events[512];
      int n = epoll_wait (epoll_fd, events, G_N_ELEMENTS (events), -1);

      for (int i = 0; i < n; i++)
        {
          Conn *conn = events[i].data.ptr;

          if (!conn)
            accept_all (listener);
          else if (conn->fd >= 0)
            on_readable (conn);
        }
      for (guint i = 0; i < dirty->len; i++)
        {
          Conn *conn = g_ptr_array_index (dirty, i);

          conn->dirty = FALSE;
          flush_conn (conn);
        }
      g_ptr_array_set_size (dirty, 0);
    }
}
