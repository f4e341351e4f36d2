/* SPDX-License-Identifier: GPL-3.0-or-later
 * The client's half of the WebSocket handshake. The bytes that a quick server sends behind its answer are handed on. */
#include "app/core/kl-dial.h"
#include "app/core/kl-error-private.h"
#include "app/core/kl-metered-stream.h"
#include "protocol/kl-id.h"

#include <stdlib.h>
#include <string.h>

enum
{
  ANSWER_BYTES_MAX = 16 * 1024,
  READ_BYTES = 4096,
  KEY_BYTES = 16,
};

typedef struct
{
  GUri *uri;
  char *key; /* Sec-WebSocket-Key */
  GString *request;
  GByteArray *answer;
  GIOStream *stream;
  GCancellable *cancellable; /* own: by the time-out, or through the caller's */
  gulong cancelled_handler;
  gsize limit_bytes;
  guint timeout_source;
  gboolean timed_out;
  guint8 buffer[READ_BYTES];
} Dial;

static void
dial_free (gpointer data)
{
  Dial *dial = data;

  g_clear_pointer (&dial->uri, g_uri_unref);
  g_free (dial->key);
  if (dial->request != NULL)
    g_string_free (dial->request, TRUE);
  g_clear_pointer (&dial->answer, g_byte_array_unref);
  g_clear_object (&dial->stream);
  g_clear_object (&dial->cancellable);
  g_clear_handle_id (&dial->timeout_source, g_source_remove);
  g_free (dial);
}

void
kl_dialed_free (KlDialed *self)
{
  g_clear_object (&self->connection);
  g_clear_object (&self->stream);
  g_free (self);
}

GError *
kl_dial_translate_error (GError *error)
{
  KlCoreError code = KL_CORE_ERROR_UNREACHABLE;

  if (error->domain == KL_CORE_ERROR || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return error;
  if (error->domain == G_TLS_ERROR)
    code = error->code == G_TLS_ERROR_BAD_CERTIFICATE ? KL_CORE_ERROR_UNTRUSTED
           : error->code == G_TLS_ERROR_NOT_TLS       ? KL_CORE_ERROR_NOT_KLATCH
                                                      : KL_CORE_ERROR_UNREACHABLE;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    code = KL_CORE_ERROR_TIMED_OUT;
  GError *ours = kl_core_error_new_full (code, error->message, NULL, 0);
  g_error_free (error);
  return ours;
}

static void
end_dial (GTask *task, GError *error)
{
  Dial *dial = g_task_get_task_data (task);
  GCancellable *outer = g_task_get_cancellable (task);

  g_clear_handle_id (&dial->timeout_source, g_source_remove);
  if (outer != NULL)
    g_cancellable_disconnect (outer, dial->cancelled_handler);
  if (error != NULL && dial->timed_out)
    {
      g_error_free (error);
      error = kl_core_error_new_full (KL_CORE_ERROR_TIMED_OUT, "The server does not answer", NULL, 0);
    }
  if (error != NULL)
    g_task_return_error (task, kl_dial_translate_error (error));
}

/* ── The answer ── */

static gboolean
is_accepted (Dial *dial, SoupMessageHeaders *headers)
{
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize size = sizeof digest;

  g_checksum_update (checksum, (const guchar *) dial->key, -1);
  g_checksum_update (checksum, (const guchar *) guid, -1);
  g_checksum_get_digest (checksum, digest, &size);
  g_autofree char *expected = g_base64_encode (digest, size);
  const char *accept = soup_message_headers_get_one (headers, "Sec-WebSocket-Accept");
  const char *upgrade = soup_message_headers_get_one (headers, "Upgrade");
  return g_strcmp0 (accept, expected) == 0 && upgrade != NULL && g_ascii_strcasecmp (upgrade, "websocket") == 0
         && soup_message_headers_get_one (headers, "Sec-WebSocket-Extensions") == NULL;
}

static GError *
judge_answer (Dial *dial, const guint8 *data, gsize length)
{
  /* libsoup looks for the end of the text. */
  g_autofree char *head = g_strndup ((const char *) data, length);
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  SoupHTTPVersion version;
  guint status = 0;

  if (!soup_headers_parse_response (head, (int) length, headers, &version, &status, NULL))
    return kl_core_error_new_full (KL_CORE_ERROR_NOT_KLATCH, "No web server answers there", NULL, 0);
  if (status == 101 && is_accepted (dial, headers))
    return NULL;
  if (status == 429 || status >= 500)
    {
      const char *after = soup_message_headers_get_one (headers, "Retry-After");
      gint64 seconds = after != NULL ? g_ascii_strtoll (after, NULL, 10) : 0;
      return kl_core_error_new_full (KL_CORE_ERROR_UNAVAILABLE, "The server is busy", NULL,
                                     CLAMP (seconds, 0, 3600) * 1000);
    }
  return kl_core_error_new_full (KL_CORE_ERROR_NOT_KLATCH, "There is no Klatch server at this address", NULL, 0);
}

static void
read_on (GTask *task);

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Dial *dial = g_task_get_task_data (task);
  GError *error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (n == 0)
    error = kl_core_error_new_full (KL_CORE_ERROR_UNREACHABLE, "The server has closed the connection", NULL, 0);
  if (n <= 0)
    {
      end_dial (task, error);
      return;
    }
  g_byte_array_append (dial->answer, dial->buffer, (guint) n);
  const guint8 *end = memmem (dial->answer->data, dial->answer->len, "\r\n\r\n", 4);
  if (end == NULL && dial->answer->len > ANSWER_BYTES_MAX)
    {
      end_dial (task, kl_core_error_new_full (KL_CORE_ERROR_NOT_KLATCH, "No Klatch server answers there", NULL, 0));
      return;
    }
  if (end == NULL)
    {
      read_on (g_steal_pointer (&task));
      return;
    }
  gsize head = (gsize) (end - dial->answer->data) + 4;
  error = judge_answer (dial, dial->answer->data, head - 2);
  if (error != NULL)
    {
      end_dial (task, error);
      return;
    }
  end_dial (task, NULL);
  g_autoptr (GBytes) ahead = g_bytes_new (dial->answer->data + head, dial->answer->len - head);
  KlDialed *dialed = g_new0 (KlDialed, 1);
  dialed->stream = G_IO_STREAM (kl_metered_stream_new (dial->stream, ahead, dial->limit_bytes));
  dialed->connection
      = soup_websocket_connection_new (dialed->stream, dial->uri, SOUP_WEBSOCKET_CONNECTION_CLIENT, NULL, NULL, NULL);
  soup_websocket_connection_set_max_incoming_payload_size (dialed->connection, dial->limit_bytes);
  g_task_return_pointer (task, dialed, (GDestroyNotify) kl_dialed_free);
}

static void
read_on (GTask *task)
{
  Dial *dial = g_task_get_task_data (task);

  g_input_stream_read_async (g_io_stream_get_input_stream (dial->stream), dial->buffer, sizeof dial->buffer,
                             G_PRIORITY_DEFAULT, dial->cancellable, on_read, task);
}

static void
on_request_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    {
      end_dial (task, error);
      return;
    }
  read_on (g_steal_pointer (&task));
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Dial *dial = g_task_get_task_data (task);
  GError *error = NULL;
  GSocketConnection *connection = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source), result, &error);

  if (connection == NULL)
    {
      end_dial (task, error);
      return;
    }
  dial->stream = G_IO_STREAM (connection);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (dial->stream), dial->request->str, dial->request->len,
                                   G_PRIORITY_DEFAULT, dial->cancellable, on_request_written, g_steal_pointer (&task));
}

/* ── Beginning ── */

static gboolean
on_timeout (gpointer user_data)
{
  Dial *dial = user_data;

  dial->timeout_source = 0;
  dial->timed_out = TRUE;
  g_cancellable_cancel (dial->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_outer_cancelled (GCancellable *outer, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
write_request (Dial *dial)
{
  const char *host = g_uri_get_host (dial->uri), *query = g_uri_get_query (dial->uri);
  guint8 random[KEY_BYTES];

  kl_id_fill_random (random, sizeof random);
  dial->key = g_base64_encode (random, sizeof random);
  dial->request = g_string_new ("GET ");
  g_string_append (dial->request, g_uri_get_path (dial->uri)[0] != '\0' ? g_uri_get_path (dial->uri) : "/");
  if (query != NULL)
    g_string_append_printf (dial->request, "?%s", query);
  g_string_append (dial->request, " HTTP/1.1\r\nHost: ");
  g_string_append_printf (dial->request, strchr (host, ':') != NULL ? "[%s]" : "%s", host);
  if (g_uri_get_port (dial->uri) > 0)
    g_string_append_printf (dial->request, ":%d", g_uri_get_port (dial->uri));
  g_string_append_printf (dial->request,
                          "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
                          "Sec-WebSocket-Version: 13\r\nUser-Agent: Klatch\r\n\r\n",
                          dial->key);
}

void
kl_dial_async (const char *url, gsize limit_bytes, guint timeout_ms, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  Dial *dial = g_new0 (Dial, 1);

  g_task_set_source_tag (task, kl_dial_async);
  g_task_set_task_data (task, dial, dial_free);
  dial->uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, &error);
  if (dial->uri == NULL || g_uri_get_host (dial->uri) == NULL)
    {
      g_task_return_new_error (task, KL_CORE_ERROR, KL_CORE_ERROR_BAD_ADDRESS, "%s is not an address", url);
      return;
    }
  gboolean tls = g_strcmp0 (g_uri_get_scheme (dial->uri), "https") == 0;
  dial->limit_bytes = limit_bytes;
  dial->answer = g_byte_array_new ();
  dial->cancellable = g_cancellable_new ();
  write_request (dial);
  if (cancellable != NULL)
    dial->cancelled_handler
        = g_cancellable_connect (cancellable, G_CALLBACK (on_outer_cancelled), dial->cancellable, NULL);
  dial->timeout_source = g_timeout_add (timeout_ms, on_timeout, dial);
  g_socket_client_set_tls (client, tls);
  int port = g_uri_get_port (dial->uri);
  g_socket_client_connect_to_host_async (client, g_uri_get_host (dial->uri),
                                         (guint16) (port > 0 ? port
                                                    : tls    ? 443
                                                             : 80),
                                         dial->cancellable, on_connected, g_steal_pointer (&task));
}

KlDialed *
kl_dial_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
