/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Long polling: at most one GET of a session is held until there is something to tell. The descriptor of a held request is
 * watched, since libsoup does not look at a paused connection and a client that went away is gone at once.
 *
 * The upgrade: a WebSocket with the session's sid says "2probe" and is answered "3probe"; from then on a GET with
 * nothing to tell is answered by a NOOP soon, so that the client can stop polling; "5" on the WebSocket makes it
 * the transport. Until then everything goes by polling, as if there were no probe: if it dies, nothing has happened. */
#include "server/socketio/kl-eio-private.h"

#include <string.h>
#include <sys/epoll.h>

#define NOOP_MS 100
#define UPGRADE_MS 10000
#define CLOSING_MS 5000

static const char text_type[] = "text/plain; charset=UTF-8";

static void on_client_gone (KlWsWatch *watch, guint events);

KlEioPolling *
kl_eio_polling_new (KlEioSession *session)
{
  KlEioPolling *self = g_new0 (KlEioPolling, 1);

  self->session = session;
  self->held_fd = -1;

  return self;
}

/* ── Answers ── */

static void
append_packets (KlEioPolling *self, GString *body)
{
  for (guint i = 0; i < self->out.n; i++)
    {
      KlSioMessage *message = self->out.items[self->out.first + i];
      gsize length;
      const char *payload = kl_sio_message_get_payload (message, &length);

      if (body->len > 0)
        g_string_append_c (body, KL_EIO_SEPARATOR);
      if (message->opcode == KL_WS_TEXT)
        {
          g_string_append_len (body, payload, (gssize) length);
        }
      else
        {
          g_autofree char *base64 = g_base64_encode ((const guchar *) payload, length);

          g_string_append_c (body, 'b');
          g_string_append (body, base64);
        }
    }
  kl_sio_out_clear (&self->out);
}

static void
unwatch (KlEioPolling *self)
{
  if (self->held_fd >= 0)
    kl_ws_hub_unwatch (self->session->server->hub, self->held_fd, &self->watch);
  self->held_fd = -1;
}

/* The request that is held, no longer. */
static SoupServerMessage *
take_held (KlEioPolling *self)
{
  KlEioServer *server = self->session->server;

  unwatch (self);
  kl_sio_timer_stop (&self->noop);
  kl_sio_listener_resume (server->listener, self->held);

  return g_steal_pointer (&self->held);
}

static void
answer_held (KlEioPolling *self, const char *text, gsize length)
{
  KlEioServer *server = self->session->server;
  g_autoptr (SoupServerMessage) message = NULL;

  if (!self->held)
    return;

  message = take_held (self);
  kl_eio_server_respond (server, message, SOUP_STATUS_OK, text_type, text, length);
  soup_server_message_unpause (message);
}

void
kl_eio_polling_release (KlEioPolling *self)
{
  answer_held (self, "6", 1);
}

/* The answer to a GET that has packets waiting, or ends the session: a client drops what comes together with a close
 * packet, so that has an answer of its own. */
static void
deliver (KlEioPolling *self, SoupServerMessage *message)
{
  g_autoptr (GString) body = g_string_sized_new (self->out.bytes + 16);

  if (self->quiet)
    g_string_append_c (body, '6');
  else if (self->out.n > 0)
    append_packets (self, body);
  else
    g_string_append_c (body, '1');
  kl_eio_server_respond (self->session->server, message, SOUP_STATUS_OK, text_type, body->str, body->len);
}

static void
deliver_held (KlEioPolling *self)
{
  g_autoptr (SoupServerMessage) message = take_held (self);

  deliver (self, message);
  soup_server_message_unpause (message);
}

static void
on_deliver (KlSioTimerNode *node, gpointer user_data)
{
  KlEioPolling *self = kl_sio_timer_owner (node, KlEioPolling, deliver);

  if (self->slow)
    {
      self->slow = FALSE;
      kl_sio_out_clear (&self->out);
      kl_eio_session_end (self->session, KL_SIO_REASON_SLOW_CONSUMER);
      return;
    }
  if (self->held && self->out.n > 0)
    deliver_held (self);
}

void
kl_eio_polling_send (KlEioPolling *self, KlSioMessage *message)
{
  KlEioServer *server = self->session->server;

  if (self->slow || self->closing)
    return;

  kl_sio_out_push (&self->out, message);
  if (self->out.bytes > server->limits.queue_bytes && self->session->has_owner)
    self->slow = TRUE;
  if ((self->held || self->slow) && !self->deliver.queue)
    kl_sio_timer_start (server->deliver_queue, &self->deliver);
}

/* ── Requests ── */

static void
hold (KlEioPolling *self, SoupServerMessage *message)
{
  KlEioServer *server = self->session->server;

  self->held = g_object_ref (message);
  soup_server_message_pause (message);
  kl_sio_listener_hold (server->listener, message);
  self->held_fd = kl_sio_listener_get_fd (server->listener, message);
  if (self->held_fd >= 0)
    {
      self->watch.func = on_client_gone;
      kl_ws_hub_watch (server->hub, self->held_fd, EPOLLRDHUP, &self->watch);
    }
  if (self->upgrading)
    kl_sio_timer_start (server->noop_queue, &self->noop);
}

/* A GET and what became of it. */
typedef struct
{
  KlEioServer *server;
  gboolean written;
  char sid[KL_EIO_SID_SIZE];
} Get;

static void
get_free (gpointer data, GClosure *closure)
{
  Get *get = data;

  kl_eio_server_unref (get->server);
  g_free (get);
}

/* A packet that was given to a connection which broke is lost, and with it the session's order. */
static void
on_get_finished (SoupServerMessage *message, Get *get)
{
  KlEioSession *session = get->server->by_sid ? g_hash_table_lookup (get->server->by_sid, get->sid) : NULL;

  if (session && session->polling && !get->written)
    kl_eio_session_end (session, KL_SIO_REASON_TRANSPORT_CLOSE);
}

static void
on_get_written (SoupServerMessage *message, Get *get)
{
  get->written = TRUE;
}

static void
follow_get (KlEioPolling *self, SoupServerMessage *message)
{
  Get *get = g_new0 (Get, 1);

  get->server = kl_eio_server_ref (self->session->server);
  memcpy (get->sid, self->session->sid, sizeof get->sid);
  g_signal_connect (message, "wrote-body", G_CALLBACK (on_get_written), get);
  g_signal_connect_data (message, "finished", G_CALLBACK (on_get_finished), get, get_free, 0);
}

void
kl_eio_polling_get (KlEioPolling *self, SoupServerMessage *message)
{
  KlEioSession *session = self->session;
  KlEioServer *server = session->server;

  if (self->held)
    {
      /* Two readers at once cannot both see everything. */
      answer_held (self, "1", 1);
      kl_eio_session_end (session, KL_SIO_REASON_PARSE_ERROR);
      kl_eio_server_refuse (server, message, KL_EIO_ERROR_BAD_REQUEST);
      return;
    }
  if (kl_eio_session_is_overdue (session))
    {
      kl_eio_session_end (session, KL_SIO_REASON_PING_TIMEOUT);
      kl_eio_server_refuse (server, message, KL_EIO_ERROR_UNKNOWN_SID);
      return;
    }

  follow_get (self, message);
  if (self->closing && (self->quiet || self->out.n == 0))
    {
      deliver (self, message);
      kl_eio_session_forget (session);
    }
  else if (self->out.n > 0)
    {
      deliver (self, message);
    }
  else
    {
      hold (self, message);
    }
}

void
kl_eio_polling_post (KlEioPolling *self, SoupServerMessage *message)
{
  KlEioSession *session = self->session;
  KlEioServer *server = session->server;
  g_autoptr (GByteArray) scratch = g_byte_array_new ();
  g_autoptr (GBytes) body = soup_message_body_flatten (soup_server_message_get_request_body (message));
  KlEioPayloadReader reader;
  KlEioPacket packet;
  KlVerdict verdict;
  gsize length;
  const char *bytes = g_bytes_get_data (body, &length);

  kl_eio_payload_reader_init (&reader, bytes ? bytes : "", length);
  kl_eio_session_ref (session);
  do
    {
      verdict = kl_eio_payload_reader_next (&reader, &packet, scratch);
      if (verdict == KL_VERDICT_OK && session->has_owner && !kl_eio_session_take_packet (session, &packet))
        verdict = KL_VERDICT_ERROR;
    }
  while (verdict == KL_VERDICT_OK);

  if (verdict == KL_VERDICT_ERROR)
    {
      kl_eio_session_end (session, KL_SIO_REASON_PARSE_ERROR);
      kl_eio_server_refuse (server, message, KL_EIO_ERROR_BAD_REQUEST);
    }
  else
    {
      kl_eio_server_respond (server, message, SOUP_STATUS_OK, text_type, "ok", 2);
    }
  kl_eio_session_unref (session);
}

static void
on_client_gone (KlWsWatch *watch, guint events)
{
  KlEioPolling *self = (KlEioPolling *) watch;

  /* Its answer wakes libsoup, which finds the connection closed. */
  kl_eio_session_end (self->session, KL_SIO_REASON_TRANSPORT_CLOSE);
}

/* ── Upgrade ── */

static void
drop_probe (KlEioPolling *self)
{
  KlWsConn *probe = g_steal_pointer (&self->probe);

  self->upgrading = FALSE;
  kl_sio_timer_stop (&self->upgrade);
  kl_sio_timer_stop (&self->noop);
  if (probe)
    kl_ws_conn_close (probe, KL_WS_CODE_PROTOCOL_ERROR, "");
}

static void
on_probe_message (KlWsConn *conn, const KlWsMessage *message, gpointer user_data)
{
  KlEioPolling *self = user_data;
  g_autoptr (KlSioMessage) pong = NULL;
  gboolean text = message->opcode == KL_WS_TEXT;

  if (text && !self->upgrading && message->length == 6 && memcmp (message->data, "2probe", 6) == 0)
    {
      self->upgrading = TRUE;
      pong = kl_sio_message_new_packet (KL_EIO_PONG, FALSE, "probe", 5);
      kl_ws_conn_send (conn, pong);
      kl_eio_polling_release (self);
    }
  else if (text && self->upgrading && message->length == 1 && message->data[0] == '5')
    {
      self->probe = NULL;
      kl_eio_polling_release (self);
      kl_eio_session_upgraded (self->session, conn);
    }
  else
    {
      drop_probe (self);
    }
}

static void
on_probe_ended (KlWsConn *conn, KlWsEnd end, gpointer user_data)
{
  KlEioPolling *self = user_data;

  self->probe = NULL;
  drop_probe (self);
}

const KlWsHandler kl_eio_probe_handler = { on_probe_message, on_probe_ended };

void
kl_eio_polling_begin_probe (KlEioPolling *self, KlWsConn *conn)
{
  self->probe = conn;
  kl_ws_conn_set_handler (conn, &kl_eio_probe_handler, self);
  kl_sio_timer_start (self->session->server->upgrade_queue, &self->upgrade);
}

static void
on_noop (KlSioTimerNode *node, gpointer user_data)
{
  kl_eio_polling_release (kl_sio_timer_owner (node, KlEioPolling, noop));
}

static void
on_upgrade_timeout (KlSioTimerNode *node, gpointer user_data)
{
  drop_probe (kl_sio_timer_owner (node, KlEioPolling, upgrade));
}

/* ── The end ── */

static void
on_closing_timeout (KlSioTimerNode *node, gpointer user_data)
{
  kl_eio_session_forget (kl_sio_timer_owner (node, KlEioPolling, closing_timer)->session);
}

void
kl_eio_polling_close (KlEioPolling *self, gboolean quiet)
{
  self->closing = TRUE;
  self->quiet = quiet;
  drop_probe (self);
  if (self->held)
    {
      gboolean last = quiet || self->out.n == 0;

      deliver_held (self);
      if (last)
        {
          kl_eio_session_forget (self->session);
          return;
        }
    }

  kl_sio_timer_start (self->session->server->closing_queue, &self->closing_timer);
}

void
kl_eio_polling_free (KlEioPolling *self)
{
  KlEioServer *server = self->session->server;

  answer_held (self, "1", 1);
  drop_probe (self);
  kl_sio_timer_stop (&self->deliver);
  kl_sio_timer_stop (&self->closing_timer);
  kl_sio_out_clear (&self->out);
  kl_ws_hub_free_later (server->hub, self);
}

void
kl_eio_polling_add_queues (KlEioServer *server)
{
  KlSioTimers *timers = kl_ws_hub_get_timers (server->hub);

  server->deliver_queue = kl_sio_timers_add_queue (timers, 0, on_deliver, server);
  server->noop_queue = kl_sio_timers_add_queue (timers, NOOP_MS, on_noop, server);
  server->upgrade_queue = kl_sio_timers_add_queue (timers, UPGRADE_MS, on_upgrade_timeout, server);
  server->closing_queue = kl_sio_timers_add_queue (timers, CLOSING_MS, on_closing_timeout, server);
}
