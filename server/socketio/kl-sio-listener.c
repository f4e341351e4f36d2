/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Beside every connection that libsoup serves lives a record, found from a message by the address object that was handed
 * over with the connection. It holds the connection's deadline and its place among the unsigned of its address, and ends with
 * the connection.
 *
 * Deadlines: from accept (later: from a request's first byte) to the request's end; then for the answer, rearmed by what
 * the client takes of it; then for the next request to begin. Where one is missed the socket is shut down, which
 * libsoup meets as the end of its stream.
 *
 * With TLS the descriptor is the plain end of a pair from the beginning, so the handshake has the same deadline, and all that
 * follows is the same. */
#include "server/socketio/kl-sio-listener-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <gio/gunixsocketaddress.h>
#include <unistd.h>

#include "server/socketio/kl-sio-acceptor.h"
#include "server/socketio/kl-sio-address.h"
#include "server/socketio/kl-sio-tls-private.h"

#define DEFAULT_BACKLOG 4096
#define DEFAULT_IDLE_MS (10 * 1000)
#define DEFAULT_RESPONSE_MS (30 * 1000)
/* A refused body is read for this long and this far, so that its sender comes to read the answer. */
#define DRAIN_MS 2000
#define DRAIN_BYTES (8 * 1024 * 1024)
#define LENGTH_MAX_DIGITS 15

struct _KlSioSlot
{
  guint n;
  char key[KL_SIO_ADDRESS_SIZE];
};

typedef struct _Http Http;
struct _Http
{
  guint ref_count; /* the connection, and the address object */
  KlSioListener *listener; /* NULL: the connection has ended, or is not libsoup's any more */
  Http *previous, *next;
  int fd;
  KlSioTlsConn *tls; /* or NULL */
  KlSioSlot *slot;
  KlSioTimerNode timer;
  GSource *extension;
  guint n_requests;
  gsize body_max; /* of the request that is being read; 0: no limit */
  gsize body_seen;
  gboolean refused;
};

struct _KlSioListener
{
  GObject parent_instance;

  KlSioListenerConfig config;
  KlSioProxies *proxies;
  SoupServer *soup;
  KlWsHub *hub;
  KlSioAcceptor *acceptor;
  GHashTable *slots; /* key → KlSioSlot */
  Http *first;
  KlSioTimerQueue *request_queue; /* NULL: no deadline */
  KlSioTimerQueue *idle_queue;
  KlSioTimerQueue *response_queue;
  KlSioTimerQueue *drain_queue;
};

G_DEFINE_FINAL_TYPE (KlSioListener, kl_sio_listener, G_TYPE_OBJECT)

static GQuark
http_quark (void)
{
  return g_quark_from_static_string ("kl-sio-http");
}

/* ── Places of the unsigned ── */

gboolean
kl_sio_listener_take_slot (KlSioListener *self, const char *address, KlSioSlot **slot)
{
  char key[KL_SIO_ADDRESS_SIZE];
  KlSioSlot *found;

  *slot = NULL;
  if (self->config.connections_unsigned == 0 || !address[0])
    return TRUE;

  kl_sio_address_key (address, key);
  found = g_hash_table_lookup (self->slots, key);
  if (!found)
    {
      found = g_new0 (KlSioSlot, 1);
      g_strlcpy (found->key, key, sizeof found->key);
      g_hash_table_insert (self->slots, found->key, found);
    }
  if (found->n >= self->config.connections_unsigned)
    return FALSE;

  found->n++;
  *slot = found;
  return TRUE;
}

void
kl_sio_listener_clear_slot (KlSioListener *self, KlSioSlot **slot)
{
  KlSioSlot *taken = g_steal_pointer (slot);

  if (taken && --taken->n == 0)
    g_hash_table_remove (self->slots, taken->key);
}

/* ── Records ── */

static void
http_unref (Http *http)
{
  if (--http->ref_count == 0)
    g_free (http);
}

static void
http_stop_deadline (Http *http)
{
  kl_sio_timer_stop (&http->timer);
  if (http->extension)
    {
      g_source_destroy (http->extension);
      g_clear_pointer (&http->extension, g_source_unref);
    }
}

static void
http_start_deadline (Http *http, KlSioTimerQueue *queue)
{
  http_stop_deadline (http);
  if (queue)
    kl_sio_timer_start (queue, &http->timer);
}

/* It is no longer the listener's. */
static void
http_detach (Http *http)
{
  KlSioListener *listener = http->listener;

  if (!listener)
    return;

  http_stop_deadline (http);
  kl_sio_listener_clear_slot (listener, &http->slot);
  if (http->previous)
    http->previous->next = http->next;
  else
    listener->first = http->next;
  if (http->next)
    http->next->previous = http->previous;
  http->listener = NULL;
  http->fd = -1;
  g_clear_pointer (&http->tls, kl_sio_tls_conn_unref);
  kl_ws_hub_note_churn (listener->hub);
}

static void
on_connection_gone (gpointer data, GObject *where_it_was)
{
  Http *http = data;

  http_detach (http);
  http_unref (http);
}

static Http *
http_of (SoupServerMessage *message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);
  Http *http = remote ? g_object_get_qdata (G_OBJECT (remote), http_quark ()) : NULL;

  return http && http->listener ? http : NULL;
}

static void
cut (Http *http)
{
  if (http->tls)
    kl_sio_tls_conn_set_abrupt (http->tls);
  shutdown (http->fd, SHUT_RDWR);
}

static void
on_deadline (KlSioTimerNode *node, gpointer user_data)
{
  cut (kl_sio_timer_owner (node, Http, timer));
}

/* Bytes for someone whom libsoup will not answer, who cannot be made to wait. */
static void
send_raw (int fd, const char *status, const char *json)
{
  g_autofree char *text = g_strdup_printf ("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                                           "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
                                           status, strlen (json), json);

  if (send (fd, text, strlen (text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    g_debug ("answer not sent: %s", g_strerror (errno));
}

/* ── What libsoup tells ── */

static const char ambiguous[] = "{\"error\":{\"code\":\"bad_request\",\"message\":\"Host or length is said twice, or wrongly\"}}";

static void
on_message_body_written (SoupServerMessage *message, guint n, Http *http)
{
  if (http->listener && http->timer.queue == http->listener->response_queue)
    http_start_deadline (http, http->listener->response_queue);
}

static void
on_message_finished (SoupServerMessage *message, Http *http)
{
  if (http->listener)
    http_start_deadline (http, http->listener->idle_queue);
}

static gboolean
is_length (const char *text)
{
  gsize length = strspn (text, "0123456789");

  return length > 0 && length <= LENGTH_MAX_DIGITS && text[length] == '\0';
}

/* libsoup believes the last of several lengths, a chunked body against its length, and warns in the log of one below
 * zero. A proxy in front may believe something else: what two readers could read differently is not served. */
static void
on_message_got_headers (SoupServerMessage *message, Http *http)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *length = soup_message_headers_get_list (headers, "Content-Length");
  const char *encoding = soup_message_headers_get_list (headers, "Transfer-Encoding");
  const char *host = soup_message_headers_get_list (headers, "Host");
  g_autoptr (GByteArray) early = NULL;
  int fd;

  if (!http->listener ||
      ((!length || (is_length (length) && !encoding)) && (!host || !strchr (host, ','))))
    return;

  send_raw (http->fd, "400 Bad Request", ambiguous);
  early = g_byte_array_new ();
  fd = kl_sio_listener_steal (http->listener, message, early);
  if (fd >= 0)
    close (fd);
}

static void
on_request_started (SoupServer *soup, SoupServerMessage *message, KlSioListener *self)
{
  Http *http = http_of (message);

  if (!http)
    return;

  if (http->n_requests++ > 0)
    http_start_deadline (http, self->request_queue);
  http->body_max = http->body_seen = 0;
  http->ref_count++;
  g_signal_connect_data (message, "got-headers", G_CALLBACK (on_message_got_headers), http, (GClosureNotify) http_unref,
                         0);
  http->ref_count++;
  g_signal_connect_data (message, "wrote-body-data", G_CALLBACK (on_message_body_written), http,
                         (GClosureNotify) http_unref, 0);
  http->ref_count++;
  g_signal_connect_data (message, "finished", G_CALLBACK (on_message_finished), http, (GClosureNotify) http_unref, 0);
}

static void
on_request_read (SoupServer *soup, SoupServerMessage *message, KlSioListener *self)
{
  Http *http = http_of (message);

  if (http && !http->refused)
    http_start_deadline (http, self->response_queue);
  /* libsoup closes then, but does not say so, and clients send their next request into the void. */
  if (soup_message_headers_header_contains (soup_server_message_get_request_headers (message), "Connection", "close"))
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
}

/* ── Accepting ── */

static const char too_many[] = "{\"error\":{\"code\":\"rate_limited\",\"message\":\"Too many connections from this "
                               "address that have not signed in\",\"retry_after_ms\":10000}}";

static void
on_accepted (int fd, const struct sockaddr *native, socklen_t length, gpointer user_data)
{
  KlSioListener *self = user_data;
  g_autoptr (GSocketAddress) remote = g_socket_address_new_from_native ((gpointer) native, length);
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  char address[KL_SIO_ADDRESS_SIZE] = "";
  KlSioSlot *slot = NULL;
  KlSioTlsConn *tls = NULL;
  Http *http;

  /* A proxy's connections are many people's: theirs are counted when they say who they are for. */
  if (self->config.connections_unsigned > 0)
    kl_sio_address_from_socket (remote, address);
  if (!kl_sio_proxies_trust (self->proxies, address) && !kl_sio_listener_take_slot (self, address, &slot))
    {
      /* Words would cost a handshake, which is what there are too many of. */
      if (!self->config.tls)
        send_raw (fd, "429 Too Many Requests\r\nRetry-After: 10", too_many);
      close (fd);
      return;
    }
  if (self->config.tls)
    {
      fd = kl_sio_tls_accept (self->config.tls, fd, &tls);
      if (fd < 0)
        {
          kl_sio_listener_clear_slot (self, &slot);
          return;
        }
    }
  socket = g_socket_new_from_fd (fd, &error);
  if (!socket)
    {
      g_debug ("connection lost while it was accepted: %s", error->message);
      kl_sio_listener_clear_slot (self, &slot);
      g_clear_pointer (&tls, kl_sio_tls_conn_unref);
      close (fd);
      return;
    }

  connection = g_socket_connection_factory_create_connection (socket);
  http = g_new0 (Http, 1);
  http->ref_count = 2;
  http->listener = self;
  http->fd = fd;
  http->tls = tls;
  http->slot = slot;
  http->next = self->first;
  if (self->first)
    self->first->previous = http;
  self->first = http;
  g_object_weak_ref (G_OBJECT (connection), on_connection_gone, http);
  g_object_set_qdata_full (G_OBJECT (remote), http_quark (), http, (GDestroyNotify) http_unref);
  http_start_deadline (http, self->request_queue);

  if (!soup_server_accept_iostream (self->soup, G_IO_STREAM (connection),
                                    kl_sio_acceptor_get_socket_address (self->acceptor), remote, &error))
    g_debug ("connection lost while it was accepted: %s", error->message);
}

KlSioListener *
kl_sio_listener_new (const KlSioListenerConfig *config, GError **error)
{
  KlSioProxies *proxies = kl_sio_proxies_new (config->trusted_proxies, error);
  KlSioListener *self;
  KlSioTimers *timers;

  if (!proxies)
    return NULL;

  self = g_object_new (KL_TYPE_SIO_LISTENER, NULL);
  self->proxies = proxies;
  self->config = *config;
  self->config.trusted_proxies = NULL;
  if (config->tls)
    kl_sio_tls_ref (config->tls);
  timers = kl_ws_hub_get_timers (self->hub);
  if (config->request_timeout_ms > 0)
    self->request_queue = kl_sio_timers_add_queue (timers, config->request_timeout_ms, on_deadline, self);
  self->idle_queue = kl_sio_timers_add_queue (
    timers, config->idle_timeout_ms ? config->idle_timeout_ms : DEFAULT_IDLE_MS, on_deadline, self);
  self->response_queue = kl_sio_timers_add_queue (
    timers, config->response_timeout_ms ? config->response_timeout_ms : DEFAULT_RESPONSE_MS, on_deadline, self);
  self->drain_queue = kl_sio_timers_add_queue (timers, DRAIN_MS, on_deadline, self);
  self->acceptor =
    kl_sio_acceptor_new (self->hub, config->backlog ? config->backlog : DEFAULT_BACKLOG, config->tls ? 3 : 1,
                         on_accepted, self);

  return self;
}

SoupServer *
kl_sio_listener_get_soup (KlSioListener *self)
{
  return self->soup;
}

KlWsHub *
kl_sio_listener_get_hub (KlSioListener *self)
{
  return self->hub;
}

gsize
kl_sio_listener_get_hidden_bytes (KlSioListener *self)
{
  return self->config.tls ? KL_SIO_TLS_BUFFER_BYTES : 0;
}

gboolean
kl_sio_listener_listen (KlSioListener *self, const char *address, GError **error)
{
  return kl_sio_acceptor_listen (self->acceptor, address, error);
}

const char *
kl_sio_listener_get_address (KlSioListener *self)
{
  return kl_sio_acceptor_get_address (self->acceptor);
}

guint16
kl_sio_listener_get_port (KlSioListener *self)
{
  GSocketAddress *address = kl_sio_acceptor_get_socket_address (self->acceptor);

  return address ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0;
}

void
kl_sio_listener_stop (KlSioListener *self)
{
  kl_sio_acceptor_stop (self->acceptor);
}

void
kl_sio_listener_close (KlSioListener *self)
{
  kl_sio_listener_stop (self);
  for (Http *http = self->first; http; http = http->next)
    shutdown (http->fd, SHUT_RDWR);
}

/* ── About one message ── */

static gboolean
on_extension_over (gpointer user_data)
{
  Http *http = user_data;

  g_clear_pointer (&http->extension, g_source_unref);
  cut (http);

  return G_SOURCE_REMOVE;
}

void
kl_sio_listener_extend (KlSioListener *self, SoupServerMessage *message, guint timeout_ms)
{
  Http *http = http_of (message);

  if (!http)
    return;

  http_stop_deadline (http);
  if (timeout_ms == 0)
    return;
  http->extension = g_timeout_source_new (timeout_ms);
  g_source_set_callback (http->extension, on_extension_over, http, NULL);
  g_source_attach (http->extension, kl_ws_hub_get_context (self->hub));
}

void
kl_sio_listener_set_signed_in (KlSioListener *self, SoupServerMessage *message)
{
  Http *http = http_of (message);

  if (http)
    kl_sio_listener_clear_slot (self, &http->slot);
}

void
kl_sio_listener_get_peer (KlSioListener *self, SoupServerMessage *message, KlSioPeer *peer)
{
  kl_sio_proxies_judge (self->proxies, soup_server_message_get_remote_address (message),
                        soup_server_message_get_request_headers (message), peer);
  peer->https = peer->https || self->config.tls;
}

void
kl_sio_listener_hold (KlSioListener *self, SoupServerMessage *message)
{
  Http *http = http_of (message);

  if (http)
    http_stop_deadline (http);
}

void
kl_sio_listener_resume (KlSioListener *self, SoupServerMessage *message)
{
  Http *http = http_of (message);

  if (http)
    http_start_deadline (http, self->response_queue);
}

int
kl_sio_listener_get_fd (KlSioListener *self, SoupServerMessage *message)
{
  Http *http = http_of (message);

  return http ? http->fd : -1;
}

/* ── Bodies that are too large ── */

static void
refuse_body (KlSioListener *self, Http *http, SoupServerMessage *message, const char *json)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  http->refused = TRUE;
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  soup_server_message_set_status (message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, NULL);
  soup_message_headers_replace (headers, "Connection", "close");
  send_raw (http->fd, "413 Content Too Large", json);
  shutdown (http->fd, SHUT_WR);
  http_start_deadline (http, self->drain_queue);
}

static void
on_body_chunk (SoupServerMessage *message, GBytes *chunk, const char *json)
{
  Http *http = http_of (message);

  if (!http)
    return;

  http->body_seen += g_bytes_get_size (chunk);
  if (!http->refused && http->body_seen > http->body_max)
    refuse_body (http->listener, http, message, json);
  if (http->refused && http->body_seen > http->body_max + DRAIN_BYTES)
    soup_server_message_pause (message);
}

gboolean
kl_sio_listener_limit_body (KlSioListener *self, SoupServerMessage *message, gsize max_bytes, const char *json)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  Http *http = http_of (message);

  SoupEncoding encoding = soup_message_headers_get_encoding (headers);

  if (!http)
    return FALSE;
  if (encoding == SOUP_ENCODING_NONE ||
      (encoding == SOUP_ENCODING_CONTENT_LENGTH &&
       soup_message_headers_get_content_length (headers) <= (goffset) max_bytes))
    return TRUE;

  http->body_max = max_bytes;
  g_signal_connect_data (message, "got-chunk", G_CALLBACK (on_body_chunk), g_strdup (json), (GClosureNotify) g_free, 0);
  if (encoding == SOUP_ENCODING_CONTENT_LENGTH)
    refuse_body (self, http, message, json);

  return !http->refused;
}

/* ── Leaving libsoup ── */

/* What libsoup has read beyond the handshake lies in its filter stream. */
static void
drain (GIOStream *stream, GByteArray *early)
{
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  guint8 bytes[8192];
  gssize n;

  do
    {
      n = g_pollable_input_stream_read_nonblocking (input, bytes, sizeof bytes, NULL, NULL);
      if (n > 0)
        g_byte_array_append (early, bytes, (guint) n);
    }
  while (n == sizeof bytes);
}

int
kl_sio_listener_steal (KlSioListener *self, SoupServerMessage *message, GByteArray *early)
{
  Http *http = http_of (message);
  g_autoptr (GIOStream) stream = NULL;
  int fd;

  if (!http)
    return -1;

  fd = http->fd;
  /* Its new owner says good-bye in words before it closes. */
  if (http->tls)
    kl_sio_tls_conn_set_abrupt (http->tls);
  http_detach (http);
  stream = soup_server_message_steal_connection (message);
  drain (stream, early);
  /* The stream closes its own descriptor when it goes. */
  fd = fcntl (fd, F_DUPFD_CLOEXEC, 0);

  return fd;
}

/* ── The object ── */

/* SoupServer keeps connections alive only while it has a listener of its own. It gets one that nobody can reach: a Unix
 * socket whose name is gone again before anybody could know it. */
static void
make_soup_keep_connections (SoupServer *soup)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("klatch-XXXXXX", &error);
  g_autofree char *path = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;

  if (folder)
    {
      path = g_build_filename (folder, "nobody", NULL);
      address = g_unix_socket_address_new (path);
      socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
      if (socket && g_socket_bind (socket, address, FALSE, &error))
        {
          unlink (path);
          if (g_socket_listen (socket, &error))
            soup_server_listen_socket (soup, socket, 0, &error);
        }
      rmdir (folder);
    }
  if (error)
    g_warning ("HTTP connections will not be kept alive: %s", error->message);
}

static void
kl_sio_listener_dispose (GObject *object)
{
  KlSioListener *self = KL_SIO_LISTENER (object);

  if (self->acceptor)
    kl_sio_acceptor_stop (self->acceptor);
  if (self->soup)
    {
      g_signal_handlers_disconnect_by_data (self->soup, self);
      soup_server_disconnect (self->soup);
    }
  while (self->first)
    http_detach (self->first);

  G_OBJECT_CLASS (kl_sio_listener_parent_class)->dispose (object);
}

static void
kl_sio_listener_finalize (GObject *object)
{
  KlSioListener *self = KL_SIO_LISTENER (object);

  g_clear_object (&self->soup);
  g_clear_pointer (&self->acceptor, kl_sio_acceptor_free);
  g_clear_pointer (&self->hub, kl_ws_hub_free);
  g_clear_pointer (&self->config.tls, kl_sio_tls_unref);
  g_clear_pointer (&self->proxies, kl_sio_proxies_free);
  g_clear_pointer (&self->slots, g_hash_table_unref);

  G_OBJECT_CLASS (kl_sio_listener_parent_class)->finalize (object);
}

static void
kl_sio_listener_class_init (KlSioListenerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kl_sio_listener_dispose;
  object_class->finalize = kl_sio_listener_finalize;
}

static void
kl_sio_listener_init (KlSioListener *self)
{
  self->hub = kl_ws_hub_new (g_main_context_get_thread_default () ? g_main_context_get_thread_default ()
                                                                  : g_main_context_default ());
  self->slots = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  self->soup = soup_server_new (NULL, NULL);
  make_soup_keep_connections (self->soup);
  g_signal_connect (self->soup, "request-started", G_CALLBACK (on_request_started), self);
  g_signal_connect (self->soup, "request-read", G_CALLBACK (on_request_read), self);
}
