/* SPDX-License-Identifier: GPL-3.0-or-later
 * One call: send, read a bounded body, judge it. */
#include "app/core/kl-rest.h"
#include "app/core/kl-dial.h"
#include "app/core/kl-error-private.h"
#include "app/core/kl-wire.h"

#include <string.h>

enum
{
  TIMEOUT_S = 15,
  BODY_BYTES_MAX = 2 * 1024 * 1024,
  READ_BYTES = 64 * 1024,
};

typedef struct
{
  SoupMessage *message;
  GByteArray *body;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_clear_object (&call->message);
  g_byte_array_unref (call->body);
  g_free (call);
}

SoupSession *
kl_rest_session_new (void)
{
  return soup_session_new_with_options ("user-agent", "Klatch", "timeout", TIMEOUT_S, NULL);
}

static GError *
not_klatch (void)
{
  return kl_core_error_new_full (KL_CORE_ERROR_NOT_KLATCH, "There is no Klatch server at this address", NULL, 0);
}

static void
judge (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  guint status = soup_message_get_status (call->message);
  g_autoptr (KlJson) json = kl_json_parse (call->body->data, call->body->len, NULL);

  if (SOUP_STATUS_IS_SUCCESSFUL (status))
    {
      if (json == NULL && status != SOUP_STATUS_NO_CONTENT)
        g_task_return_error (task, not_klatch ());
      else
        g_task_return_pointer (task, g_steal_pointer (&json), (GDestroyNotify) kl_json_unref);
      return;
    }
  if (json != NULL && yyjson_is_obj (yyjson_obj_get (kl_json_get_root (json), "error")))
    g_task_return_error (task, kl_wire_read_error (kl_json_get_root (json)));
  else if (status == 429 || status >= 500)
    g_task_return_error (task, kl_core_error_new_full (KL_CORE_ERROR_UNAVAILABLE, "The server is busy", NULL, 0));
  else
    g_task_return_error (task, not_klatch ());
}

static void read_on (GTask *task, GInputStream *stream);

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (bytes == NULL)
    {
      g_task_return_error (task, kl_dial_translate_error (error));
      return;
    }
  if (g_bytes_get_size (bytes) == 0)
    {
      judge (task);
      return;
    }
  if (call->body->len + g_bytes_get_size (bytes) > BODY_BYTES_MAX)
    {
      g_task_return_error (task, not_klatch ());
      return;
    }
  g_byte_array_append (call->body, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
  read_on (g_steal_pointer (&task), G_INPUT_STREAM (source));
}

static void
read_on (GTask *task, GInputStream *stream)
{
  g_input_stream_read_bytes_async (stream, READ_BYTES, G_PRIORITY_DEFAULT, g_task_get_cancellable (task), on_read, task);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GInputStream) stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);

  if (stream == NULL)
    {
      /* Nonsense instead of an answer is a server of another kind. */
      gboolean nonsense = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT) || error->domain == SOUP_SESSION_ERROR;
      if (nonsense)
        g_clear_error (&error);
      g_task_return_error (task, nonsense ? not_klatch () : kl_dial_translate_error (error));
      return;
    }
  read_on (g_steal_pointer (&task), stream);
}

void
kl_rest_call_async (SoupSession *session,
                    const char *url,
                    const char *token,
                    const char *method,
                    const char *path,
                    const char *json,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autofree char *address = g_strconcat (url, path, NULL);
  Call *call = g_new0 (Call, 1);

  g_task_set_source_tag (task, kl_rest_call_async);
  call->body = g_byte_array_new ();
  call->message = soup_message_new (method, address);
  g_task_set_task_data (task, call, call_free);
  if (call->message == NULL)
    {
      g_task_return_new_error (task, KL_CORE_ERROR, KL_CORE_ERROR_BAD_ADDRESS, "%s is not an address", address);
      return;
    }
  /* A token and a password are for the server that was asked. */
  soup_message_add_flags (call->message, SOUP_MESSAGE_NO_REDIRECT);
  if (token != NULL)
    {
      g_autofree char *bearer = g_strconcat ("Bearer ", token, NULL);
      soup_message_headers_replace (soup_message_get_request_headers (call->message), "Authorization", bearer);
    }
  if (json != NULL)
    {
      g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));
      soup_message_set_request_body_from_bytes (call->message, "application/json", body);
    }
  soup_session_send_async (session, call->message, G_PRIORITY_DEFAULT, cancellable, on_sent, g_steal_pointer (&task));
}

gboolean
kl_rest_call_finish (GAsyncResult *result, KlJson **answer, GError **error)
{
  g_autoptr (GError) local = NULL;

  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  g_autoptr (KlJson) json = g_task_propagate_pointer (G_TASK (result), &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (answer != NULL)
    *answer = g_steal_pointer (&json);
  return TRUE;
}
