/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A GSocketService on a Unix socket. Each client is a loop of its own: read a line, carry it out, write the answer,
 * read on. A client lives in the table of clients; a request holds it, and finds its stream closed when it has gone. */
#include "server/admin/kl-admin.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/admin/kl-admin-address.h"
#include "server/admin/kl-admin-private.h"

#define MAX_LINE_BYTES 65536
#define READ_BYTES 4096
#define MAX_CLIENTS 16

typedef struct
{
  gatomicrefcount ref_count;
  KlAdmin *admin; /* NULL once it has stopped */
  GSocketConnection *connection;
  GCancellable *cancellable;
  GString *input;  /* what follows the line that is being carried out too */
  GString *output; /* the answer that is being written */
  char *http_path; /* what an HTTP request asks for; NULL: there is none */
  char part[READ_BYTES];
} Client;

struct _KlAdminRequest
{
  Client *client;
};

static void
read_on (Client *client);

static Client *
ref_client (Client *client)
{
  g_atomic_ref_count_inc (&client->ref_count);

  return client;
}

static void
unref_client (Client *client)
{
  if (!g_atomic_ref_count_dec (&client->ref_count))
    return;

  g_object_unref (client->connection);
  g_object_unref (client->cancellable);
  g_string_free (client->input, TRUE);
  if (client->output)
    g_string_free (client->output, TRUE);
  g_free (client->http_path);
  g_free (client);
}

/* The table lets go of it; what is under way ends by the cancellable. */
static void
drop_client (gpointer data)
{
  Client *client = data;

  client->admin = NULL;
  g_cancellable_cancel (client->cancellable);
  g_io_stream_close (G_IO_STREAM (client->connection), NULL, NULL);
  unref_client (client);
}

static void
end_client (Client *client)
{
  if (client->admin)
    g_hash_table_remove (client->admin->clients, client);
}

/* ── Answers ── */

KlAdmin *
kl_admin_request_get_admin (KlAdminRequest *request)
{
  return request->client->admin;
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;

  g_string_free (g_steal_pointer (&client->output), TRUE);
  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL) && !client->http_path)
    read_on (client);
  else
    end_client (client);
  unref_client (client);
}

/* OUTPUT, and a reference to CLIENT: taken. */
static void
send_output (Client *client, GString *output)
{
  client->output = output;
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (client->connection)), output->str,
                                   output->len, G_PRIORITY_DEFAULT, client->cancellable, on_written, client);
}

/* LINE: taken. Ends the request. */
static void
send_line (KlAdminRequest *request, GString *line)
{
  Client *client = request->client;

  g_free (request);
  g_string_append_c (line, '\n');
  send_output (client, line);
}

void
kl_admin_answer (KlAdminRequest *request, const char *body, gsize length)
{
  GString *line = g_string_new ("{\"ok\":true");

  /* Its members go on where ours end. */
  if (length > 2)
    {
      g_string_append_c (line, ',');
      g_string_append_len (line, body + 1, (gssize)length - 1);
    }
  else
    g_string_append_c (line, '}');
  send_line (request, line);
}

void
kl_admin_answer_error (KlAdminRequest *request, KlErrorCode code, const char *message, const char *field)
{
  GString *line = g_string_new (NULL);
  KlJsonWriter writer;

  kl_json_writer_init_on (&writer, line);
  kl_json_begin_object (&writer);
  kl_json_member_bool (&writer, "ok", FALSE);
  kl_json_key (&writer, "error");
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "code", kl_error_code_to_string (code));
  kl_json_member_string (&writer, "message", message);
  kl_json_member_string_or_nothing (&writer, "field", field);
  kl_json_end_object (&writer);
  kl_json_end_object (&writer);
  send_line (request, line);
}

void
kl_admin_answer_store_error (KlAdminRequest *request, const GError *error)
{
  KlErrorCode code = KL_ERROR_CODE_INTERNAL;

  if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE))
    code = KL_ERROR_CODE_UNAVAILABLE;
  else if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    code = KL_ERROR_CODE_NOT_FOUND;
  kl_admin_answer_error (request, code, error->message, NULL);
}

/* ── Lines ── */

static void
carry_out (Client *client, const char *line, gsize length)
{
  KlAdminRequest *request = g_new (KlAdminRequest, 1);
  g_autoptr (KlJson) json = kl_json_parse (line, length, NULL);

  request->client = ref_client (client);
  if (json && yyjson_is_obj (kl_json_get_root (json)))
    kl_admin_run (request, kl_json_get_root (json));
  else
    kl_admin_answer_error (request, KL_ERROR_CODE_BAD_REQUEST, "A command is one JSON object in one line.", NULL);
}

/* ── HTTP ── */

/* "GET /PATH HTTP/1.x" */
static gboolean
begin_http (Client *client, const char *line)
{
  g_auto (GStrv) words = NULL;

  if (!g_str_has_prefix (line, "GET /"))
    return FALSE;

  words = g_strsplit (line, " ", 3);
  if (g_strv_length (words) == 3 && g_str_has_prefix (words[2], "HTTP/1."))
    client->http_path = g_strdup (words[1]);
  return client->http_path != NULL;
}

static void
answer_http (Client *client)
{
  KlAdmin *self = client->admin;
  gboolean found = g_str_equal (client->http_path, "/metrics") && self->dup_metrics;
  gsize length = 0;
  g_autofree char *body = found ? self->dup_metrics (&length, self->metrics_data) : g_strdup ("");
  GString *output = g_string_new (NULL);

  g_string_append_printf (output,
                          "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                          "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                          found ? "200 OK" : "404 Not Found", length);
  g_string_append_len (output, body, (gssize)length);
  send_output (ref_client (client), output);
}

/* Lines of an HTTP request say nothing but the last, which is empty. */
static gboolean
is_carried_out (Client *client, char *line, gsize length)
{
  if (!client->http_path && !begin_http (client, line))
    carry_out (client, line, length);
  else if (*g_strchomp (line) == '\0')
    answer_http (client);
  else
    return FALSE;

  return TRUE;
}

/* TRUE: a line is being carried out. */
static gboolean
take_line (Client *client)
{
  gboolean taken = FALSE;
  const char *end;

  while (!taken && (end = memchr (client->input->str, '\n', client->input->len)))
    {
      gsize length = (gsize)(end - client->input->str);
      g_autofree char *line = g_strndup (client->input->str, length);

      g_string_erase (client->input, 0, (gssize)length + 1);
      taken = is_carried_out (client, line, length);
      /* It may have held a password. */
      explicit_bzero (line, length);
    }

  return taken;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (n > 0 && client->input->len + (gsize)n <= MAX_LINE_BYTES)
    {
      g_string_append_len (client->input, client->part, n);
      explicit_bzero (client->part, sizeof client->part);
      read_on (client);
    }
  else
    end_client (client);
  unref_client (client);
}

static void
read_on (Client *client)
{
  if (!client->admin || take_line (client))
    return;

  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (client->connection)), client->part,
                             sizeof client->part, G_PRIORITY_DEFAULT, client->cancellable, on_read,
                             ref_client (client));
}

/* ── Coming in ── */

static gboolean
may_enter (GSocketConnection *connection)
{
  g_autoptr (GCredentials) credentials = g_socket_get_credentials (g_socket_connection_get_socket (connection), NULL);
  uid_t uid = credentials ? g_credentials_get_unix_user (credentials, NULL) : (uid_t)-1;

  return uid == 0 || uid == geteuid ();
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  KlAdmin *self = user_data;
  Client *client;

  if (!may_enter (connection) || g_hash_table_size (self->clients) >= MAX_CLIENTS)
    {
      g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
      return TRUE;
    }

  client = g_new0 (Client, 1);
  g_atomic_ref_count_init (&client->ref_count);
  client->admin = self;
  client->connection = g_object_ref (connection);
  client->cancellable = g_cancellable_new ();
  client->input = g_string_new (NULL);
  g_hash_table_add (self->clients, client);
  read_on (client);

  return TRUE;
}

/* ── Start and stop ── */

static gboolean
remove_stale (const char *path, GError **error)
{
  struct stat info;

  if (lstat (path, &info) != 0)
    return TRUE;
  if (S_ISSOCK (info.st_mode) && unlink (path) == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s is in the way of the admin socket", path);

  return FALSE;
}

static gboolean
listen_at (KlAdmin *self, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autofd int folder_fd = -1;
  mode_t mask;
  gboolean ok;

  if (!remove_stale (self->socket_path, error))
    return FALSE;

  address = kl_admin_make_address (self->socket_path, &folder_fd);
  mask = umask (0177);
  ok = g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, &why);
  umask (mask);
  if (!ok)
    g_set_error (error, G_IO_ERROR, why->code, "The admin socket %s cannot be made: %s", self->socket_path,
                 why->message);

  return ok;
}

KlAdmin *
kl_admin_start (KlChat *chat, KlChatAccounts *accounts, const KlAdminSettings *settings, GError **error)
{
  g_autoptr (KlAdmin) self = g_new0 (KlAdmin, 1);

  self->chat = g_object_ref (chat);
  self->accounts = g_object_ref (accounts);
  self->socket_path = g_strdup (settings->socket_path);
  self->name = g_strdup (settings->name);
  self->version = g_strdup (settings->version);
  self->address = g_strdup (settings->address);
  self->store = g_strdup (settings->store);
  self->public_url = g_strdup (settings->public_url);
  self->dup_metrics = settings->dup_metrics;
  self->metrics_data = settings->metrics_data;
  self->started_usec = g_get_monotonic_time ();
  self->clients = g_hash_table_new_full (NULL, NULL, drop_client, NULL);
  self->service = g_socket_service_new ();
  g_socket_listener_set_backlog (G_SOCKET_LISTENER (self->service), 64);
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_incoming), self);
  if (!listen_at (self, error))
    {
      /* Whatever lies there is not ours to remove. */
      g_clear_pointer (&self->socket_path, g_free);
      return NULL;
    }
  g_socket_service_start (self->service);

  return g_steal_pointer (&self);
}

void
kl_admin_stop (KlAdmin *self)
{
  g_signal_handlers_disconnect_by_data (self->service, self);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_object_unref (self->service);
  if (self->socket_path)
    unlink (self->socket_path);

  g_hash_table_unref (self->clients);
  g_object_unref (self->accounts);
  g_object_unref (self->chat);
  g_free (self->socket_path);
  g_free (self->name);
  g_free (self->version);
  g_free (self->address);
  g_free (self->store);
  g_free (self->public_url);
  g_free (self);
}
