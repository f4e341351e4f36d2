/* SPDX-License-Identifier: GPL-3.0-or-later
 * One call: send, read a bounded body, judge it. */
#include "app/core/kl-rest.h"
#include "app/core/kl-dial.h"
#include "app/core/kl-error-private.h"
#include "app/core/kl-wire.h"

#include <string.h>

enum
{
  TIMEOUT_S = 15,       /* without a byte */
  WHOLE_MS = 20 * 1000, /* in all, however slowly the bytes come */
  BODY_BYTES_MAX = 2 * 1024 * 1024,
  READ_BYTES = 64 * 1024,
};

typedef struct
{
  SoupMessage *message;
  GByteArray *body;
  GCancellable *cancellable; /* own: by the time-out, or through the caller's */
  gulong cancelled_handler;
  guint timeout_source;
  gboolean timed_out;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_clear_handle_id (&call->timeout_source, g_source_remove);
  g_clear_object (&call->cancellable);
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

/* The call is over, one way or the other. */
static void
end_waiting (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  GCancellable *outer = g_task_get_cancellable (task);

  g_clear_handle_id (&call->timeout_source, g_source_remove);
  if (outer != NULL)
    g_cancellable_disconnect (outer, call->cancelled_handler);
  call->cancelled_handler = 0;
}

/* Takes error. */
static void
fail (GTask *task, GError *error)
{
  Call *call = g_task_get_task_data (task);

  end_waiting (task);
  if (call->timed_out)
    {
      g_error_free (error);
      error = kl_core_error_new_full (KL_CORE_ERROR_TIMED_OUT, "The server does not answer", NULL, 0);
    }
  g_task_return_error (task, kl_dial_translate_error (error));
}

static gboolean
on_timeout (gpointer user_data)
{
  Call *call = user_data;

  call->timeout_source = 0;
  call->timed_out = TRUE;
  g_cancellable_cancel (call->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_outer_cancelled (GCancellable *outer, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
judge (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  guint status = soup_message_get_status (call->message);
  g_autoptr (KlJson) json = kl_json_parse (call->body->data, call->body->len, NULL);

  end_waiting (task);
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

static void
read_on (GTask *task, GInputStream *stream);

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (bytes == NULL)
    {
      fail (task, error);
      return;
    }
  if (g_bytes_get_size (bytes) == 0)
    {
      judge (task);
      return;
    }
  if (call->body->len + g_bytes_get_size (bytes) > BODY_BYTES_MAX)
    {
      fail (task, not_klatch ());
      return;
    }
  g_byte_array_append (call->body, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
  read_on (g_steal_pointer (&task), G_INPUT_STREAM (source));
}

static void
read_on (GTask *task, GInputStream *stream)
{
  Call *call = g_task_get_task_data (task);

  g_input_stream_read_bytes_async (stream, READ_BYTES, G_PRIORITY_DEFAULT, call->cancellable, on_read, task);
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
      gboolean nonsense
          = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT) || error->domain == SOUP_SESSION_ERROR;
      if (nonsense)
        g_clear_error (&error);
      fail (task, nonsense ? not_klatch () : error);
      return;
    }
  read_on (g_steal_pointer (&task), stream);
}

void
kl_rest_call_async (SoupSession *session, const char *url, const char *token, const char *method, const char *path,
                    const char *json, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
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
  call->cancellable = g_cancellable_new ();
  if (cancellable != NULL)
    call->cancelled_handler
        = g_cancellable_connect (cancellable, G_CALLBACK (on_outer_cancelled), call->cancellable, NULL);
  call->timeout_source = g_timeout_add (WHOLE_MS, on_timeout, call);
  soup_session_send_async (session, call->message, G_PRIORITY_DEFAULT, call->cancellable, on_sent,
                           g_steal_pointer (&task));
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
