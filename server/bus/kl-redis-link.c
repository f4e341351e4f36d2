/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GLib resolves and connects (its errors name the cause, and a failed connect of hiredis frees its own context),
 * hiredis gets the finished descriptor. Whoever waits for an answer stands in `pending`; hiredis only borrows the
 * entry, so that all can be answered at once when the connection is given up, also from within one of hiredis'
 * callbacks, where the context itself lives a little longer. */
#include "server/bus/kl-redis-link.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "server/bus/kl-redis-source.h"
#include "server/bus/kl-redis-tls.h"

#define PING_MS 1000
#define SILENCE_MS 3000
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 2000
#define QUEUE_BYTES (16 * 1024 * 1024)
#define WHY_MAX_BYTES 200

typedef enum
{
  STATE_WAITING,
  STATE_CONNECTING,
  STATE_SIGNING_IN,
  STATE_UP,
} State;

struct _KlRedisLink
{
  const KlRedisUri *uri; /* lent */
  KlRedisTls *tls;       /* lent, or NULL */
  KlRedisPatience patience;
  char *name;
  const KlRedisLinkEvents *events;
  gpointer user_data;

  State state;
  gboolean closing;
  GCancellable *cancellable; /* of the try under way */
  redisAsyncContext *ac;
  SSL *ssl;       /* lent by ac */
  GQueue pending; /* Pending */
  gsize queue_bytes;
  char *refusal; /* what the server said to the first words, or NULL */

  guint tick_id;
  guint retry_id;
  guint n_failures;
  gint64 tick_usec;  /* the last one */
  gint64 since_usec; /* of this state */
  gint64 ping_usec;  /* the first without an answer; 0: none */
  gint64 latency_usec;
};

typedef struct
{
  GList node; /* in the link's queue; .data is NULL once it is not */
  gsize bytes;
  KlRedisReplyFunc func;
  gpointer user_data;
} Pending;

static void
start (KlRedisLink *self);
static void
give_up (KlRedisLink *self, gboolean refused, const char *why);

/* ── Commands and answers ── */

static void
answer (KlRedisLink *self, Pending *pending, const redisReply *reply)
{
  g_queue_unlink (&self->pending, &pending->node);
  pending->node.data = NULL;
  self->queue_bytes -= pending->bytes;
  if (pending->func)
    pending->func (pending->user_data, reply);
}

static void
on_reply (redisAsyncContext *ac, void *reply, void *privdata)
{
  Pending *pending = privdata;

  if (ac->data && pending->node.data)
    answer (ac->data, pending, reply);
  g_free (pending);
}

static gboolean
send_command (KlRedisLink *self, KlRedisCommand *command, KlRedisReplyFunc func, gpointer user_data)
{
  Pending *pending;
  gsize length;
  const char *bytes = kl_redis_command_get (command, &length);

  /* Not counted with this one: a node's whole presence may be larger than the bound, and has to go out all the same. */
  if (!self->ac || self->queue_bytes > self->patience.queue_bytes)
    return FALSE;

  pending = g_new0 (Pending, 1);
  pending->bytes = length;
  pending->func = func;
  pending->user_data = user_data;
  if (redisAsyncFormattedCommand (self->ac, on_reply, pending, bytes, length) != REDIS_OK)
    {
      g_free (pending);
      return FALSE;
    }
  pending->node.data = pending;
  g_queue_push_tail_link (&self->pending, &pending->node);
  self->queue_bytes += length;

  return TRUE;
}

static gboolean
send_words (KlRedisLink *self, KlRedisReplyFunc func, ...)
{
  g_auto (KlRedisCommand) command = { 0 };
  const char *word;
  va_list words;

  kl_redis_command_init (&command, 128);
  va_start (words, func);
  while ((word = va_arg (words, const char *)))
    kl_redis_command_add_string (&command, word);
  va_end (words);

  return send_command (self, &command, func, self);
}

/* In the place of the server's own words where they are for programmers. */
static char *
explain (KlRedisLink *self, const char *words)
{
  if (g_str_has_prefix (words, "WRONGPASS") || strstr (words, "invalid password"))
    return g_strdup ("it refuses the password");
  if (g_str_has_prefix (words, "NOAUTH"))
    return g_strdup ("it asks for a password");
  if (strstr (words, "without any password configured") || strstr (words, "no password is set"))
    return g_strdup ("it has no password, but one is set here");
  if (g_str_has_prefix (words, "LOADING"))
    return g_strdup ("it is loading its data");
  if (strstr (words, "DB index"))
    return g_strdup_printf ("it has no database %u", self->uri->db);

  return g_utf8_make_valid (words, MIN (strlen (words), WHY_MAX_BYTES));
}

/* ── The first words ── */

static void
on_word (gpointer user_data, const redisReply *reply)
{
  KlRedisLink *self = user_data;

  if (reply && reply->type == REDIS_REPLY_ERROR && !self->refusal)
    self->refusal = explain (self, reply->str);
}

static void
on_first_pong (gpointer user_data, const redisReply *reply)
{
  KlRedisLink *self = user_data;

  if (!reply)
    return;
  on_word (self, reply);
  if (self->refusal)
    {
      g_autofree char *why = g_steal_pointer (&self->refusal);

      give_up (self, TRUE, why);
      return;
    }

  self->state = STATE_UP;
  self->since_usec = g_get_monotonic_time ();
  self->events->up (self->user_data);
}

static void
sign_in (KlRedisLink *self)
{
  const KlRedisUri *uri = self->uri;
  char db[16];

  if (uri->user)
    send_words (self, on_word, "AUTH", uri->user, uri->password, NULL);
  else if (uri->password)
    send_words (self, on_word, "AUTH", uri->password, NULL);
  g_snprintf (db, sizeof db, "%u", uri->db);
  if (uri->db > 0)
    send_words (self, on_word, "SELECT", db, NULL);
  send_words (self, NULL, "CLIENT", "SETNAME", self->name, NULL);
  send_words (self, on_first_pong, "PING", NULL);
}

/* ── Coming and going ── */

static void
on_disconnected (const redisAsyncContext *ac, int status)
{
  KlRedisLink *self = ac->data;
  g_autofree char *why = NULL;
  const char *words;

  if (!self)
    return;

  words = self->ssl ? kl_redis_tls_explain (self->ssl) : NULL;
  if (words)
    why = g_strdup_printf ("TLS: %s", words);
  else if (ac->err == REDIS_ERR_EOF)
    why = g_strdup ("it closed the connection");
  else
    why = explain (self, ac->errstr && *ac->errstr ? ac->errstr : "the connection broke");
  self->ac = NULL; /* frees itself */
  give_up (self, ac->err == REDIS_ERR_OTHER || words, why);
}

static gboolean
on_retry (gpointer user_data)
{
  KlRedisLink *self = user_data;

  self->retry_id = 0;
  start (self);

  return G_SOURCE_REMOVE;
}

static void
let_go (KlRedisLink *self)
{
  redisAsyncContext *ac = g_steal_pointer (&self->ac);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_clear_pointer (&self->refusal, g_free);
  self->ssl = NULL;
  self->ping_usec = 0;
  self->state = STATE_WAITING;
  if (ac)
    ac->data = NULL;
  while (!g_queue_is_empty (&self->pending))
    answer (self, g_queue_peek_head (&self->pending), NULL);
  if (ac)
    redisAsyncFree (ac);
}

static void
give_up (KlRedisLink *self, gboolean refused, const char *why)
{
  gint64 now_usec = g_get_monotonic_time ();
  gint64 wait_ms;

  if (self->state == STATE_UP
      && now_usec - self->since_usec > (gint64) self->patience.retry_max_ms * G_TIME_SPAN_MILLISECOND)
    self->n_failures = 0;
  let_go (self);
  if (self->closing)
    return;

  wait_ms = MIN ((gint64) self->patience.retry_min_ms << MIN (self->n_failures, 16), self->patience.retry_max_ms);
  wait_ms = wait_ms / 2 + g_random_int_range (0, (gint32) (wait_ms / 2 + 1));
  self->n_failures++;
  self->retry_id = g_timeout_add ((guint) wait_ms, on_retry, self);
  self->events->down (self->user_data, refused, why);
}

static void
on_pong (gpointer user_data, const redisReply *reply)
{
  KlRedisLink *self = user_data;

  if (!reply)
    return;
  self->latency_usec = g_get_monotonic_time () - self->ping_usec;
  self->ping_usec = 0;
  if (reply->type == REDIS_REPLY_ERROR)
    {
      g_autofree char *why = explain (self, reply->str);

      give_up (self, TRUE, why);
    }
}

static gboolean
on_tick (gpointer user_data)
{
  KlRedisLink *self = user_data;
  gint64 now_usec = g_get_monotonic_time ();
  gint64 silence_usec = (gint64) self->patience.silence_ms * G_TIME_SPAN_MILLISECOND;
  gboolean was_frozen
      = now_usec - self->tick_usec > silence_usec + (gint64) self->patience.ping_ms * G_TIME_SPAN_MILLISECOND;

  /* Whoever could not read himself must not complain of silence: what was answered meanwhile lies in the socket. */
  if (was_frozen && self->ping_usec)
    self->ping_usec = now_usec;
  if (was_frozen && self->state != STATE_UP)
    self->since_usec = now_usec;
  self->tick_usec = now_usec;

  if (self->state != STATE_UP)
    {
      if (now_usec - self->since_usec <= silence_usec)
        return G_SOURCE_CONTINUE;
      self->tick_id = 0;
      give_up (self, FALSE, "it does not answer");
      return G_SOURCE_REMOVE;
    }
  if (self->ping_usec && now_usec - self->ping_usec > silence_usec)
    {
      self->tick_id = 0;
      give_up (self, FALSE, "it does not answer any more");
      return G_SOURCE_REMOVE;
    }
  if (!self->ping_usec && send_words (self, on_pong, "PING", NULL))
    self->ping_usec = now_usec;

  return G_SOURCE_CONTINUE;
}

/* FALSE: *WHY is static, or NULL where there is nothing to be said. */
static gboolean
take_descriptor (KlRedisLink *self, GSocket *socket, const char **why)
{
  redisOptions options = { .type = REDIS_CONN_USERFD };

  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  options.endpoint.fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 0);
  if (options.endpoint.fd < 0)
    return FALSE;

  self->ac = redisAsyncConnectWithOptions (&options);
  if (!self->ac)
    close (options.endpoint.fd);
  if (!self->ac || self->ac->err)
    return FALSE;
  self->ac->c.flags |= REDIS_CONNECTED; /* hiredis would look for the end of a connect() that it has not begun */
  self->ac->data = self;
  redisAsyncSetDisconnectCallback (self->ac, on_disconnected);
  kl_redis_source_attach (self->ac, g_main_context_get_thread_default ());
  if (self->tls)
    {
      self->ssl = kl_redis_tls_start (self->tls, &self->ac->c, why);
      if (!self->ssl)
        return FALSE;
    }

  return TRUE;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlRedisLink *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  g_autofree char *why = NULL;
  const char *words = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (!connection)
    {
      /* "Could not connect to HOST: Connection refused": whoever may read the reason need not know the host. */
      words = g_strrstr (error->message, ": ");
      give_up (self, FALSE, words ? words + 2 : error->message);
      return;
    }
  if (!take_descriptor (self, g_socket_connection_get_socket (connection), &words))
    {
      why = words ? g_strdup_printf ("TLS: %s", words) : g_strdup ("the connection could not be set up");
      give_up (self, words != NULL, why);
      return;
    }

  self->state = STATE_SIGNING_IN;
  sign_in (self);
}

static void
start (KlRedisLink *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) place = NULL;

  /* Redis is near; what the desktop says of proxies is about the web. */
  g_socket_client_set_enable_proxy (client, FALSE);
  place = self->uri->path ? G_SOCKET_CONNECTABLE (g_unix_socket_address_new (self->uri->path))
                          : g_network_address_new (self->uri->host, self->uri->port);
  self->state = STATE_CONNECTING;
  self->since_usec = self->tick_usec = g_get_monotonic_time ();
  self->tick_id = g_timeout_add (self->patience.ping_ms, on_tick, self);
  self->cancellable = g_cancellable_new ();
  g_socket_client_connect_async (client, place, self->cancellable, on_connected, self);
}

/* ── For the owner ── */

KlRedisLink *
kl_redis_link_new (const KlRedisUri *uri, KlRedisTls *tls, const KlRedisPatience *patience, const char *name,
                   const KlRedisLinkEvents *events, gpointer user_data)
{
  KlRedisLink *self = g_new0 (KlRedisLink, 1);

  self->uri = uri;
  self->tls = tls;
  self->name = g_strdup (name);
  self->events = events;
  self->user_data = user_data;
  if (patience)
    self->patience = *patience;
#define DEFAULT(field, value) self->patience.field = self->patience.field ? self->patience.field : value
  DEFAULT (ping_ms, PING_MS);
  DEFAULT (silence_ms, SILENCE_MS);
  DEFAULT (retry_min_ms, RETRY_MIN_MS);
  DEFAULT (retry_max_ms, RETRY_MAX_MS);
  DEFAULT (queue_bytes, QUEUE_BYTES);
#undef DEFAULT
  g_queue_init (&self->pending);
  start (self);

  return self;
}

void
kl_redis_link_free (KlRedisLink *self)
{
  self->closing = TRUE;
  if (self->state == STATE_UP && !(self->ac->c.flags & REDIS_IN_CALLBACK))
    redisAsyncHandleWrite (self->ac);
  let_go (self);
  g_free (self->name);
  g_free (self);
}

gboolean
kl_redis_link_is_up (KlRedisLink *self)
{
  return self->state == STATE_UP;
}

gboolean
kl_redis_link_send (KlRedisLink *self, KlRedisCommand *command, KlRedisReplyFunc func, gpointer user_data)
{
  return self->state == STATE_UP && send_command (self, command, func, user_data);
}

static void
on_subscription (redisAsyncContext *ac, void *data, void *unused)
{
  KlRedisLink *self = ac->data;
  const redisReply *reply = data;

  if (!self || !reply || reply->elements != 3)
    return;

  if (reply->element[2]->type == REDIS_REPLY_STRING && g_ascii_strcasecmp (reply->element[0]->str, "message") == 0)
    self->events->message (self->user_data, reply->element[1]->str, reply->element[2]->str, reply->element[2]->len);
  else if (self->events->subscribed && g_ascii_strcasecmp (reply->element[0]->str, "subscribe") == 0)
    self->events->subscribed (self->user_data, reply->element[1]->str);
}

static gboolean
send_subscription (KlRedisLink *self, const char *word, const char *channel)
{
  g_auto (KlRedisCommand) command = { 0 };
  const char *bytes;
  gsize length;

  if (self->state != STATE_UP)
    return FALSE;

  kl_redis_command_init (&command, 128);
  kl_redis_command_add_string (&command, word);
  kl_redis_command_add_string (&command, channel);
  bytes = kl_redis_command_get (&command, &length);

  return redisAsyncFormattedCommand (self->ac, on_subscription, NULL, bytes, length) == REDIS_OK;
}

gboolean
kl_redis_link_subscribe (KlRedisLink *self, const char *channel)
{
  return send_subscription (self, "SUBSCRIBE", channel);
}

gboolean
kl_redis_link_unsubscribe (KlRedisLink *self, const char *channel)
{
  return send_subscription (self, "UNSUBSCRIBE", channel);
}

gboolean
kl_redis_link_ping (KlRedisLink *self, KlRedisReplyFunc func, gpointer user_data)
{
  g_auto (KlRedisCommand) command = { 0 };

  kl_redis_command_init (&command, 16);
  kl_redis_command_add_string (&command, "PING");

  return kl_redis_link_send (self, &command, func, user_data);
}

gsize
kl_redis_link_get_queue_bytes (KlRedisLink *self)
{
  return self->queue_bytes;
}

gint64
kl_redis_link_get_latency_usec (KlRedisLink *self)
{
  return self->latency_usec;
}
