/* SPDX-License-Identifier: GPL-3.0-or-later */
/* klatch-server: reads the settings, puts the parts together, runs, and takes them apart in order.
 *
 * Exit status: 0 after a stop that was asked for, 2 where settings, port or database are refused, 1 for anything else.
 * What people have to read goes to standard error, one sentence a line; under systemd into the journal. */

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "server/admin/kl-admin.h"
#include "server/api/kl-api.h"
#include "server/api/kl-settings.h"
#include "server/kl-node.h"
#include "server/kl-renewal.h"
#include "server/metrics/kl-metrics.h"
#ifdef KL_HAVE_WEB
#include "server/web/kl-web.h"
#endif

#include "klatch-config.h"

#define EXIT_REFUSED 2

#define LOG_NAME "klatch-server"
#define LOG_NAME_SIZE 32

/* From accept to the end of a request, however slowly its bytes come. */
#define REQUEST_TIMEOUT_MS 10000

/* Whatever hangs, the process is gone before systemd, or whoever promised ten seconds, loses patience. */
#define STOP_DEADLINE_MS 9000

/* Of a node's id, in the log. */
#define NODE_CHARS 8

/* Of malloc(): the main thread's, and one for all others. */
#define ARENAS_MAX 2

typedef struct
{
  KlSettings *settings;
  GMainLoop *loop;
  int folder_fd;  /* the data folder's lock; -1: the store has it */
  char *log_name; /* lent; how the log calls this process */
  KlStore *store;
  KlBus *bus;
  KlNode *node;
  KlChatAccounts *accounts;
  KlChat *chat;
  KlSioTls *tls; /* NULL: [tls] is not set */
  KlSioListener *listener;
  KlApi *api;
  KlMetrics *metrics;
  KlAdmin *admin;
  int status;
  gboolean stopping;
  gboolean on_terminal; /* of whoever started it */
} Server;

/* ── Words ── */

static void
say (const char *format, ...) G_GNUC_PRINTF (1, 2);

static void
say (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fprintf (stderr, "%s\n", text);
}

/* Warnings and what is worse, one line each; the journal gets them with their level. The rest only where
 * G_MESSAGES_DEBUG asks for it. Standard output is never used. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  if (g_log_writer_default_would_drop (level, NULL))
    return G_LOG_WRITER_HANDLED;
  if (g_log_writer_is_journald (STDERR_FILENO)
      && g_log_writer_journald (level, fields, n_fields, NULL) == G_LOG_WRITER_HANDLED)
    return G_LOG_WRITER_HANDLED;

  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      fprintf (stderr, "%s: %.*s\n", (const char *)user_data,
               fields[i].length < 0 ? (int)strlen (fields[i].value) : (int)fields[i].length,
               (const char *)fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

/* ── The end ── */

static gboolean
on_stop_deadline (gpointer unused)
{
  say ("klatch-server: something still hangs; leaving without it");
  _exit (EXIT_SUCCESS);
}

static void
on_store_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Server *server = user_data;
  g_autoptr (GError) error = NULL;

  if (!kl_store_close_finish (KL_STORE (source), result, &error))
    g_warning ("The database did not close well: %s", error->message);
  g_main_loop_quit (server->loop);
}

static void
on_api_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Server *server = user_data;

  kl_api_stop_finish (KL_API (source), result);
  kl_chat_accounts_stop (server->accounts);
  kl_store_close_async (server->store, on_store_closed, server);
}

static gboolean
on_stop_signal (gpointer user_data)
{
  Server *server = user_data;

  /* Who asks twice means now. */
  if (server->stopping)
    {
      signal (SIGTERM, SIG_DFL);
      raise (SIGTERM);
      return G_SOURCE_CONTINUE;
    }

  gint64 retry_after_ms = kl_node_get_retry_after_ms (server->bus, kl_api_get_n_connections (server->api));

  server->stopping = TRUE;
  sd_notify (0, "STOPPING=1");
  g_clear_pointer (&server->admin, kl_admin_stop);
  g_timeout_add (STOP_DEADLINE_MS, on_stop_deadline, NULL);
  kl_api_stop_async (server->api, retry_after_ms, on_api_stopped, server);
  return G_SOURCE_CONTINUE;
}

/* ── Renewal ── */

static gboolean
on_reload_signal (gpointer user_data)
{
  Server *server = user_data;

  /* Started by hand, and the terminal was closed: that is the end, not a reload. */
  if (server->on_terminal && !isatty (STDERR_FILENO))
    return on_stop_signal (server);
  if (server->tls == NULL)
    return G_SOURCE_CONTINUE;

  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
  kl_renewal_reload (server->tls, server->settings->tls_certificate);
  sd_notify (0, "READY=1");
  return G_SOURCE_CONTINUE;
}

/* ── The start ── */

static void
give_up (Server *server, int status, const char *sentence)
{
  say ("klatch-server: %s", sentence);
  server->status = status;
  g_main_loop_quit (server->loop);
}

/* Where links point while nothing better is known. */
static char *
dup_own_url (Server *server)
{
  GInetSocketAddress *address = G_INET_SOCKET_ADDRESS (server->settings->listen_address);

  const char *scheme = server->tls == NULL ? "http" : "https";

  if (!g_inet_address_get_is_any (g_inet_socket_address_get_address (address)))
    return g_strdup_printf ("%s://%s", scheme, kl_sio_listener_get_address (server->listener));
  return g_strdup_printf ("%s://%s:%u", scheme, g_get_host_name (), kl_sio_listener_get_port (server->listener));
}

static gboolean
start_metrics (Server *server, GError **error)
{
  const char *listen = server->settings->metrics_listen;
  const char *url;

  server->metrics = kl_metrics_new (&(KlMetricsSources){
      .chat = server->chat,
      .accounts = server->accounts,
      .api = server->api,
      .tls = server->tls,
      .version = KL_VERSION,
      .store_path = server->settings->store_path,
  });
  if (listen == NULL)
    return TRUE;

  url = kl_metrics_listen (server->metrics, listen, error);
  if (url != NULL)
    say ("metrics at %s", url);
  else
    g_prefix_error (error, "[server] metrics_listen: ");
  return url != NULL;
}

static char *
dup_metrics (gsize *length, gpointer user_data)
{
  return kl_metrics_write (user_data, length);
}

static gboolean
start_admin (Server *server, GError **error)
{
  g_autofree char *path = g_build_filename (server->settings->data, "admin.sock", NULL);
  g_autofree char *address = dup_own_url (server);
  g_autofree char *store = server->settings->store_path != NULL
                               ? g_strconcat ("sqlite:", server->settings->store_path, NULL)
                               : kl_settings_mask_uri (server->settings->store_uri);
  KlAdminSettings settings = {
    .socket_path = path,
    .name = server->settings->name,
    .version = KL_VERSION,
    .address = address,
    .store = store,
    .public_url = server->settings->public_url,
    .dup_metrics = dup_metrics,
    .metrics_data = server->metrics,
  };

  server->admin = kl_admin_start (server->chat, server->accounts, &settings, error);
  return server->admin != NULL;
}

static void
on_accounts_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Server *server = user_data;
  g_autoptr (GError) error = NULL;

  if (!kl_chat_accounts_start_finish (server->accounts, result, &error) || !start_metrics (server, &error) || !start_admin (server, &error))
    {
      give_up (server, EXIT_REFUSED, error->message);
      return;
    }

  server->node = kl_node_announce (server->chat, kl_sio_listener_get_address (server->listener));
  if (kl_chat_accounts_get_setup_code (server->accounts) != NULL)
    say ("set-up code for the first account: %s", kl_chat_accounts_get_setup_code (server->accounts));
  say ("listening on %s://%s", server->tls == NULL ? "http" : "https", kl_sio_listener_get_address (server->listener));
  sd_notifyf (0, "READY=1\nSTATUS=Listening on %s", kl_sio_listener_get_address (server->listener));
}

static void
make_accounts (Server *server)
{
  const KlSettings *settings = server->settings;
  KlChatAccountsSettings accounts;

  kl_chat_accounts_settings_init (&accounts);
  accounts.policy = (KlChatPolicy)settings->policy;
  accounts.has_public_url = settings->public_url != NULL;
  accounts.argon2_memory_kib = (gsize)settings->argon2_memory_kib;
  accounts.argon2_passes = (guint)settings->argon2_passes;
  accounts.sign_ins_per_minute = (guint)settings->sign_ins_per_minute;
  accounts.failures_per_minute = (guint)settings->failures_per_minute;
  server->accounts = kl_chat_accounts_new (server->chat, &accounts);
}

static void
make_chat (Server *server)
{
  const KlSettings *settings = server->settings;
  g_autofree char *own_url = dup_own_url (server);
  KlChatSettings chat;

  kl_chat_settings_init (&chat, kl_settings_default_domain (settings));
  chat.public_url = settings->public_url != NULL ? settings->public_url : own_url;
  chat.body_bytes = settings->message_bytes;
  chat.messages_per_second = settings->messages_per_second;
  chat.message_burst = settings->message_burst;
  chat.reads_per_second = settings->reads_per_second;
  chat.connections_per_user = settings->connections_per_user;
  chat.members_per_group = settings->members_per_group;
  chat.groups_per_user = settings->groups_per_user;
  chat.mesh_limit = settings->mesh_limit;
  chat.call_grace_ms = settings->grace_ms;
  chat.relay_only = settings->relay_only;
  chat.stun = settings->stun;
  chat.turn = settings->turn;
  chat.turn_secret = settings->turn_secret;
  chat.turn_ttl_s = settings->turn_ttl_s;
  chat.members_invite_register = settings->invites_by == KL_INVITES_BY_MEMBERS;
  server->chat = kl_chat_new (server->store, server->bus, &chat);
}

/* Numeric, with the port also where it is 0. */
static char *
dup_listen_address (const KlSettings *settings)
{
  GInetSocketAddress *socket_address = G_INET_SOCKET_ADDRESS (settings->listen_address);
  GInetAddress *address = g_inet_socket_address_get_address (socket_address);
  g_autofree char *host = g_inet_address_to_string (address);
  gboolean is_ipv6 = g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6;

  return g_strdup_printf (is_ipv6 ? "[%s]:%u" : "%s:%u", host, g_inet_socket_address_get_port (socket_address));
}

static gboolean
make_listener (Server *server, GError **error)
{
  const KlSettings *settings = server->settings;
  KlSioListenerConfig config = {
    .request_timeout_ms = REQUEST_TIMEOUT_MS,
    .connections_unsigned = (guint)settings->connections_unsigned,
    .trusted_proxies = (const char *const *)settings->proxies,
  };
  g_autofree char *numeric = dup_listen_address (settings);

  if (settings->tls_certificate != NULL)
    {
      server->tls = kl_sio_tls_new (settings->tls_certificate, settings->tls_key, error);
      if (server->tls == NULL)
        {
          g_prefix_error (error, "[tls]: ");
          return FALSE;
        }
      kl_renewal_warn (server->tls, settings->tls_certificate);
      config.tls = server->tls;
    }

  server->listener = kl_sio_listener_new (&config, error);
  return server->listener != NULL && kl_sio_listener_listen (server->listener, numeric, error);
}

static GResource *
get_web (void)
{
#ifdef KL_HAVE_WEB
  return kl_web_get_resource ();
#else
  return NULL;
#endif
}

/* Everything that can be refused is tried before anything is served: until the loop runs, who connects waits. */
static gboolean
start (Server *server, GError **error)
{
  const KlSettings *settings = server->settings;

  if (g_mkdir_with_parents (settings->data, 0700) != 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "The data folder %s cannot be made: %s",
                   settings->data, g_strerror (code));
      return FALSE;
    }

  if (!kl_node_lock_folder (settings, &server->folder_fd, error))
    return FALSE;
  server->store = kl_node_open_store (settings, error);
  if (server->store == NULL)
    return FALSE;
  server->bus = kl_node_open_bus (settings, server->store, error);
  if (server->bus == NULL)
    return FALSE;
  if (!g_str_equal (kl_bus_get_node (server->bus), KL_BUS_NODE_ALONE))
    g_snprintf (server->log_name, LOG_NAME_SIZE, LOG_NAME "[%.*s]", NODE_CHARS, kl_bus_get_node (server->bus));
  if (!make_listener (server, error))
    return FALSE;

  make_chat (server);
  make_accounts (server);
  server->api = kl_api_new (server->listener, server->accounts, settings, get_web ());
  kl_chat_accounts_start_async (server->accounts, on_accounts_started, server);
  return TRUE;
}

static void
free_server (Server *server)
{
  g_clear_pointer (&server->admin, kl_admin_stop);
  g_clear_pointer (&server->node, kl_node_free);
  g_clear_pointer (&server->metrics, kl_metrics_free);
  g_clear_object (&server->api);
  g_clear_object (&server->accounts);
  g_clear_object (&server->chat);
  g_clear_object (&server->bus);
  g_clear_object (&server->listener);
  g_clear_pointer (&server->tls, kl_sio_tls_unref);
  g_clear_object (&server->store);
  g_clear_fd (&server->folder_fd, NULL);
  g_clear_pointer (&server->settings, kl_settings_free);
  g_clear_pointer (&server->loop, g_main_loop_unref);
}

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
}

static void
say_unknown_groups (const char *config_file)
{
  g_auto (GStrv) groups = kl_settings_dup_unknown_groups (config_file);

  for (int i = 0; groups[i] != NULL; i++)
    g_warning ("%s: nothing here reads the group [%s]", config_file, groups[i]);
}

static int
run (KlSettings *settings, char *log_name)
{
  g_autoptr (GError) error = NULL;
  Server server = {
    .settings = settings,
    .folder_fd = -1,
    .log_name = log_name,
    .loop = g_main_loop_new (NULL, FALSE),
    .on_terminal = isatty (STDERR_FILENO),
  };

  if (start (&server, &error))
    {
      g_unix_signal_add (SIGTERM, on_stop_signal, &server);
      g_unix_signal_add (SIGINT, on_stop_signal, &server);
      g_unix_signal_add (SIGHUP, on_reload_signal, &server);
      g_main_loop_run (server.loop);
    }
  else
    {
      say ("klatch-server: %s", error->message);
      server.status = EXIT_REFUSED;
    }
  free_server (&server);
  return server.status;
}

int
main (int argc, char **argv)
{
  g_autofree char *config = NULL;
  g_autofree char *listen = NULL;
  g_autofree char *data = NULL;
  gboolean check_config = FALSE;
  gboolean version = FALSE;
  char log_name[LOG_NAME_SIZE] = LOG_NAME;
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &config, "Read settings from FILE", "FILE" },
    { "listen", 0, 0, G_OPTION_ARG_STRING, &listen, "Listen there; port 0 takes any", "ADDR:PORT" },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &data, "Keep everything in this folder", "DIR" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &check_config, "Say what is wrong with the settings, and end", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version, and end", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) environment = g_get_environ ();

#ifdef __GLIBC__
  /* What a store's thread allocates the main thread frees, after a rush by the megabyte. An arena for each thread would
   * keep it: only the main one gives its end back. */
  mallopt (M_ARENA_MAX, ARENAS_MAX);
#endif
  umask (077);
  signal (SIGPIPE, SIG_IGN);
  /* A file that may not grow is a full disk, not the end. */
  signal (SIGXFSZ, SIG_IGN);
  g_log_set_writer_func (write_log, log_name, NULL);
  g_option_context_set_summary (context, "The server of Klatch, a gathering for talk.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      say ("klatch-server: %s", error->message);
      return EXIT_REFUSED;
    }
  if (argc > 1)
    {
      say ("klatch-server: “%s” is not understood; --help says what is", argv[1]);
      return EXIT_REFUSED;
    }
  if (version)
    {
      printf ("klatch-server %s\n", KL_VERSION);
      return EXIT_SUCCESS;
    }

  KlSettings *settings = kl_settings_load (config, (const char *const *)environment, listen, data, faults);
  for (guint i = 0; i < faults->len; i++)
    say ("%s%s", check_config ? "" : "klatch-server: ", (const char *)faults->pdata[i]);
  if (settings == NULL)
    return EXIT_REFUSED;
  if (check_config)
    {
      gboolean good = settings->tls_certificate == NULL
                      || kl_sio_tls_check (settings->tls_certificate, settings->tls_key, &error);

      if (!good)
        say ("[tls]: %s", error->message);
      g_clear_error (&error);
      if (!kl_node_check_store (settings, &error))
        {
          say ("%s", error->message);
          good = FALSE;
        }
      kl_settings_free (settings);
      return good ? EXIT_SUCCESS : EXIT_REFUSED;
    }

  if (config != NULL)
    say_unknown_groups (config);
  raise_descriptor_limit ();
  return run (settings, log_name);
}
