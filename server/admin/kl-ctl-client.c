/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/admin/kl-ctl-client.h"

#include <glib/gstdio.h>
#include <string.h>

#include "server/admin/kl-admin-address.h"

struct _KlCtlClient
{
  GSocketConnection *connection;
  GDataInputStream *input;
};

G_DEFINE_QUARK (kl - ctl - error - quark, kl_ctl_error)

KlCtlClient *
kl_ctl_client_connect (const char *socket_path, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autofd int folder_fd = -1;
  g_autoptr (GSocketAddress) address = kl_admin_make_address (socket_path, &folder_fd);
  g_autoptr (GError) why = NULL;
  GSocketConnection *connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &why);
  KlCtlClient *self;

  if (!connection)
    {
      gboolean absent = g_error_matches (why, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
                        || g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);

      if (absent)
        g_set_error (error, KL_CTL_ERROR, KL_CTL_ERROR_UNREACHABLE, "no server is running there: nobody answers at %s",
                     socket_path);
      else
        g_set_error (error, KL_CTL_ERROR, KL_CTL_ERROR_UNREACHABLE, "the server cannot be asked at %s: %s", socket_path,
                     why->message);
      return NULL;
    }

  self = g_new0 (KlCtlClient, 1);
  self->connection = connection;
  self->input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));

  return self;
}

void
kl_ctl_client_free (KlCtlClient *self)
{
  g_object_unref (self->input);
  g_object_unref (self->connection);
  g_free (self);
}

static char *
exchange (KlCtlClient *self, const KlJsonWriter *question, gsize *length, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  g_autoptr (GError) why = NULL;
  char *line = NULL;

  if (g_output_stream_write_all (output, question->out->str, question->out->len, NULL, NULL, &why)
      && g_output_stream_write_all (output, "\n", 1, NULL, NULL, &why))
    line = g_data_input_stream_read_line (self->input, length, NULL, &why);

  if (!line)
    g_set_error (error, KL_CTL_ERROR, KL_CTL_ERROR_UNREACHABLE,
                 "the server closed the connection: it is stopping, or runs as another user%s%s", why ? ": " : "",
                 why ? why->message : "");

  return line;
}

KlJson *
kl_ctl_client_ask (KlCtlClient *self, const KlJsonWriter *question, GError **error)
{
  gsize length;
  g_autofree char *line = exchange (self, question, &length, error);
  g_autoptr (KlJson) json = NULL;
  yyjson_val *root, *refusal;
  const char *message;

  if (!line)
    return NULL;

  json = kl_json_parse (line, length, NULL);
  root = json ? kl_json_get_root (json) : NULL;
  if (yyjson_get_bool (yyjson_obj_get (root, "ok")))
    return g_steal_pointer (&json);

  refusal = yyjson_obj_get (root, "error");
  message = yyjson_get_str (yyjson_obj_get (refusal, "message"));
  g_set_error_literal (error, KL_CTL_ERROR, KL_CTL_ERROR_REFUSED,
                       message ? message : "the server's answer makes no sense");

  return NULL;
}

KlJson *
kl_ctl_client_ask_plainly (KlCtlClient *self, const char *command, GError **error)
{
  g_auto (KlJsonWriter) question = { 0 };

  kl_json_writer_init (&question, 32);
  kl_json_begin_object (&question);
  kl_json_member_string (&question, "command", command);
  kl_json_end_object (&question);

  return kl_ctl_client_ask (self, &question, error);
}
