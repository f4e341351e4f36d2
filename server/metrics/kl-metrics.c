/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/metrics/kl-metrics.h"

#include <math.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/metrics/kl-metrics-text.h"

/* Often enough to meet a turn that takes long, rarely enough to cost nothing. */
#define LAG_INTERVAL_MS 200
#define REQUEST_TIMEOUT_MS 10000

struct _KlMetrics
{
  KlChat *chat;
  KlChatAccounts *accounts;
  KlApi *api;
  KlSioTls *tls;
  char *version;
  char *store_path;
  double started_s; /* since 1970 */
  GSource *timer;
  KlMeter lag;
  KlSioListener *listener; /* or NULL */
  char *url;
};

/* ── Collecting ── */

static void
write_process (GString *out, KlMetrics *self)
{
  g_autofree char *statm = NULL;
  struct rusage usage = { 0 };
  struct rlimit limit = { 0 };
  struct stat descriptors = { 0 };

  kl_metrics_text_begin (out, "klatch_build_info", KL_METRIC_GAUGE, "The version that runs; always 1.");
  kl_metrics_text_add_count (out, "klatch_build_info", "version", self->version, 1);
  kl_metrics_text_gauge (out, "process_start_time_seconds", "When it started, since 1970.", self->started_s);
  getrusage (RUSAGE_SELF, &usage);
  kl_metrics_text_begin (out, "process_cpu_seconds_total", KL_METRIC_COUNTER, "Processor time of all threads.");
  kl_metrics_text_add (out, "process_cpu_seconds_total", NULL, NULL,
                       (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                           + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC);
  if (g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL) && strchr (statm, ' '))
    kl_metrics_text_gauge (out, "process_resident_memory_bytes", "Memory in use.",
                           (double) g_ascii_strtoull (strchr (statm, ' ') + 1, NULL, 10)
                               * (double) sysconf (_SC_PAGESIZE));
  /* The size of that folder is their number, where the kernel is of 6.2 or later; else 0. */
  if (stat ("/proc/self/fd", &descriptors) == 0 && descriptors.st_size > 0)
    kl_metrics_text_gauge (out, "process_open_fds", "File descriptors in use.", (double) descriptors.st_size);
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    kl_metrics_text_gauge (out, "process_max_fds", "File descriptors that may be in use.",
                           limit.rlim_cur == RLIM_INFINITY ? (double) INFINITY : (double) limit.rlim_cur);
  kl_metrics_text_begin (out, "klatch_event_loop_lag_seconds", KL_METRIC_HISTOGRAM,
                         "How late the main loop came to a timer that is due five times a second.");
  kl_metrics_text_add_meter (out, "klatch_event_loop_lag_seconds", NULL, NULL, &self->lag);
}

static void
write_chat (GString *out, KlMetrics *self)
{
  KlChatStats stats = { 0 };

  kl_chat_get_stats (self->chat, &stats);
  kl_metrics_text_gauge (out, "klatch_connections", "Connections that are signed in.", stats.connections);
  kl_metrics_text_gauge (out, "klatch_people_online", "People with a connection to this node.", stats.people_online);
  kl_metrics_text_gauge (out, "klatch_groups_loaded", "Groups in memory.", stats.groups_loaded);
  kl_metrics_text_counter (out, "klatch_messages_accepted_total", "Messages stored through this node.",
                           stats.messages_stored);
  kl_metrics_text_counter (out, "klatch_deliveries_total", "Events handed to connections.", stats.events_delivered);
}

static void
write_sockets (GString *out, KlMetrics *self)
{
  static const char *const reasons[KL_SIO_REASONS] = {
    [KL_SIO_REASON_CLIENT_DISCONNECT] = "client",
    [KL_SIO_REASON_TRANSPORT_CLOSE] = "transport",
    [KL_SIO_REASON_PING_TIMEOUT] = "heartbeat",
    [KL_SIO_REASON_CONNECT_TIMEOUT] = "unsigned",
    [KL_SIO_REASON_PARSE_ERROR] = "invalid",
    [KL_SIO_REASON_SLOW_CONSUMER] = "slow",
    [KL_SIO_REASON_SERVER] = "server",
    [KL_SIO_REASON_SHUTDOWN] = "shutdown",
  };
  KlApiStats stats = { 0 };

  kl_api_get_stats (self->api, &stats);
  kl_metrics_text_begin (out, "klatch_sessions", KL_METRIC_GAUGE,
                         "Socket.IO sessions, signed in or not yet, by their transport.");
  kl_metrics_text_add_count (out, "klatch_sessions", "transport", "websocket", stats.sockets.n_websockets);
  kl_metrics_text_add_count (out, "klatch_sessions", "transport", "polling", stats.sockets.n_polling);
  kl_metrics_text_begin (out, "klatch_sessions_ended_total", KL_METRIC_COUNTER,
                         "Socket.IO sessions that have ended, by reason; slow: dropped since they read too slowly.");
  for (guint i = 0; i < KL_SIO_REASONS; i++)
    kl_metrics_text_add_count (out, "klatch_sessions_ended_total", "reason", reasons[i], stats.sockets.ends[i]);
  kl_metrics_text_begin (out, "klatch_queue_depth", KL_METRIC_GAUGE, "What is under way or waits, by kind.");
  kl_metrics_text_add_count (out, "klatch_queue_depth", "queue", "events", stats.n_events);
  kl_metrics_text_add_count (out, "klatch_queue_depth", "queue", "requests", stats.n_requests);
  kl_metrics_text_add_count (out, "klatch_queue_depth", "queue", "passwords",
                             kl_chat_accounts_get_n_pending (self->accounts));
  for (guint i = 0; i < KL_STORE_DEEDS; i++)
    {
      static const char *const names[KL_STORE_DEEDS] = {
        [KL_STORE_DEED_APPEND] = "store_append",
        [KL_STORE_DEED_READ] = "store_read",
        [KL_STORE_DEED_WRITE] = "store_write",
      };

      kl_metrics_text_add_count (out, "klatch_queue_depth", "queue", names[i],
                                 kl_store_get_meter (kl_chat_get_store (self->chat), i)->n_pending);
    }
  kl_metrics_text_gauge (out, "klatch_queued_bytes", "Bytes that wait to be read by clients.",
                         (double) stats.sockets.queued_bytes);
}

static void
write_store (GString *out, KlMetrics *self)
{
  static const char *const deeds[KL_STORE_DEEDS] = {
    [KL_STORE_DEED_APPEND] = "append",
    [KL_STORE_DEED_READ] = "read",
    [KL_STORE_DEED_WRITE] = "write",
  };
  KlStore *store = kl_chat_get_store (self->chat);
  struct stat file;

  kl_metrics_text_gauge (out, "klatch_store_ready", "1 while the store can be written.",
                         kl_store_is_ready (store, NULL));
  kl_metrics_text_begin (out, "klatch_store_seconds", KL_METRIC_HISTOGRAM,
                         "From a call of the store to its answer; append: durably.");
  for (guint i = 0; i < KL_STORE_DEEDS; i++)
    kl_metrics_text_add_meter (out, "klatch_store_seconds", "call", deeds[i], kl_store_get_meter (store, i));
  kl_metrics_text_begin (out, "klatch_store_failures_total", KL_METRIC_COUNTER, "Calls of the store that failed.");
  for (guint i = 0; i < KL_STORE_DEEDS; i++)
    kl_metrics_text_add_count (out, "klatch_store_failures_total", "call", deeds[i],
                               kl_store_get_meter (store, i)->n_failed);

  if (!self->store_path)
    return;
  g_autofree char *log = g_strconcat (self->store_path, "-wal", NULL);
  if (stat (self->store_path, &file) == 0)
    kl_metrics_text_gauge (out, "klatch_sqlite_bytes", "Size of the database.", (double) file.st_size);
  kl_metrics_text_gauge (out, "klatch_sqlite_wal_bytes", "Size of the database's write-ahead log.",
                         stat (log, &file) == 0 ? (double) file.st_size : 0);
}

static void
write_bus (GString *out, KlMetrics *self)
{
  KlBus *bus = kl_chat_get_bus (self->chat);
  KlBusCounters counters = { 0 };
  g_autoptr (GPtrArray) nodes = kl_bus_list_nodes (bus);

  kl_bus_get_counters (bus, &counters);
  kl_metrics_text_gauge (out, "klatch_bus_ready", "1 while other nodes are heard, or there are none.",
                         kl_bus_is_ready (bus, NULL));
  kl_metrics_text_gauge (out, "klatch_nodes", "Nodes that are alive as far as is known here, with this one.",
                         nodes->len);
  kl_metrics_text_counter (out, "klatch_bus_published_total", "Batches and signals told to other nodes.",
                           counters.published);
  kl_metrics_text_counter (out, "klatch_bus_received_total", "Batches and signals heard of other nodes.",
                           counters.received);
  kl_metrics_text_counter (out, "klatch_bus_reconnects_total", "How often the bus was lost and found again.",
                           counters.reconnects);
  kl_metrics_text_counter (out, "klatch_bus_lost_total", "What could not be told: others read it in the store.",
                           counters.lost);
  kl_metrics_text_counter (out, "klatch_bus_refused_total",
                           "What was heard and not believed: foreign, damaged, or heard before.", counters.refused);
  kl_metrics_text_gauge (out, "klatch_bus_round_trip_seconds", "The last way to the bus and back.",
                         (double) counters.latency_usec / G_USEC_PER_SEC);
  kl_metrics_text_gauge (out, "klatch_bus_queued_bytes", "Bytes that wait to be sent to the bus.",
                         (double) counters.queue_bytes);
  kl_metrics_text_counter (out, "klatch_cache_hits_total", "Groups whose newest messages the cache had.",
                           counters.cache_hits);
  kl_metrics_text_counter (out, "klatch_cache_misses_total", "Groups whose newest messages it had not.",
                           counters.cache_misses);
  kl_metrics_text_begin (out, "klatch_bus_seconds", KL_METRIC_HISTOGRAM,
                         "From asking the cache to its answer: with other nodes, the way to Redis and back.");
  kl_metrics_text_add_meter (out, "klatch_bus_seconds", NULL, NULL, kl_bus_get_meter (bus));
}

static void
write_tls (GString *out, KlMetrics *self)
{
  if (!self->tls)
    return;

  kl_metrics_text_gauge (out, "klatch_tls_certificate_expiry_timestamp_seconds",
                         "When the certificate in use ends, since 1970.", (double) kl_sio_tls_get_expiry (self->tls));
  kl_metrics_text_begin (out, "klatch_tls_handshakes_total", KL_METRIC_COUNTER,
                         "TLS handshakes that were completed, and that were not.");
  kl_metrics_text_add_count (out, "klatch_tls_handshakes_total", "result", "completed",
                             kl_sio_tls_get_n_handshakes (self->tls));
  kl_metrics_text_add_count (out, "klatch_tls_handshakes_total", "result", "failed",
                             kl_sio_tls_get_n_failures (self->tls));
}

char *
kl_metrics_write (KlMetrics *self, gsize *length)
{
  GString *out = g_string_sized_new (16 * 1024);

  write_process (out, self);
  write_chat (out, self);
  write_sockets (out, self);
  write_store (out, self);
  write_bus (out, self);
  write_tls (out, self);
  *length = out->len;
  return g_string_free_and_steal (out);
}

/* ── The loop's lag ── */

static gboolean
on_lag_timer (gpointer user_data)
{
  KlMetrics *self = user_data;

  kl_meter_add (&self->lag, g_get_monotonic_time () - g_source_get_ready_time (self->timer));
  return G_SOURCE_CONTINUE;
}

/* ── Serving ── */

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  KlMetrics *self = user_data;
  const char *method = soup_server_message_get_method (message);
  gsize length = 0;

  soup_message_headers_replace (soup_server_message_get_response_headers (message), "X-Content-Type-Options",
                                "nosniff");
  if (!g_str_equal (path, "/metrics"))
    {
      soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
      return;
    }
  if (!g_str_equal (method, "GET") && !g_str_equal (method, "HEAD"))
    {
      soup_server_message_set_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
      return;
    }

  char *text = kl_metrics_write (self, &length);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, KL_METRICS_CONTENT_TYPE, SOUP_MEMORY_TAKE, text, length);
}

/* None of its requests has a body. */
static void
on_headers (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  kl_sio_listener_limit_body (((KlMetrics *) user_data)->listener, message, 0, "{}");
}

const char *
kl_metrics_listen (KlMetrics *self, const char *address, GError **error)
{
  SoupServer *soup;

  self->listener = kl_sio_listener_new (&(KlSioListenerConfig) { .request_timeout_ms = REQUEST_TIMEOUT_MS }, error);
  if (!self->listener || !kl_sio_listener_listen (self->listener, address, error))
    return NULL;

  soup = kl_sio_listener_get_soup (self->listener);
  soup_server_add_early_handler (soup, NULL, on_headers, self, NULL);
  soup_server_add_handler (soup, NULL, on_request, self, NULL);
  self->url = g_strdup_printf ("http://%s/metrics", kl_sio_listener_get_address (self->listener));
  return self->url;
}

/* ── The object ── */

KlMetrics *
kl_metrics_new (const KlMetricsSources *sources)
{
  KlMetrics *self = g_new0 (KlMetrics, 1);

  self->chat = g_object_ref (sources->chat);
  self->accounts = g_object_ref (sources->accounts);
  self->api = g_object_ref (sources->api);
  self->tls = sources->tls ? kl_sio_tls_ref (sources->tls) : NULL;
  self->version = g_strdup (sources->version);
  self->store_path = g_strdup (sources->store_path);
  self->started_s = (double) g_get_real_time () / G_USEC_PER_SEC;
  self->timer = g_timeout_source_new (LAG_INTERVAL_MS);
  g_source_set_static_name (self->timer, "kl-metrics-lag");
  g_source_set_callback (self->timer, on_lag_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  return self;
}

void
kl_metrics_free (KlMetrics *self)
{
  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  if (self->listener)
    kl_sio_listener_close (self->listener);
  g_clear_object (&self->listener);
  g_clear_object (&self->api);
  g_clear_object (&self->accounts);
  g_clear_object (&self->chat);
  g_clear_pointer (&self->tls, kl_sio_tls_unref);
  g_free (self->version);
  g_free (self->store_path);
  g_free (self->url);
  g_free (self);
}
