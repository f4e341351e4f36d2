/* SPDX-License-Identifier: GPL-3.0-or-later
 * The stream, and its input: a filter that counts. */
#include "app/core/kl-metered-stream.h"

#include <string.h>

enum
{
  BURST_BYTES = 64 * 1024,
};

/* ── The input ── */

#define KL_TYPE_METERED_INPUT (kl_metered_input_get_type ())
G_DECLARE_FINAL_TYPE (KlMeteredInput, kl_metered_input, KL, METERED_INPUT, GFilterInputStream)

struct _KlMeteredInput
{
  GFilterInputStream parent_instance;

  GBytes *ahead; /* or NULL */
  gsize ahead_at;
  gsize limit_bytes;
  gsize since_reset;
  gsize burst;
};

static void
kl_metered_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlMeteredInput, kl_metered_input, G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, kl_metered_input_pollable_init))

static GPollableInputStream *
base_of (KlMeteredInput *self)
{
  return G_POLLABLE_INPUT_STREAM (g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (self)));
}

static gssize
read_ahead (KlMeteredInput *self, void *buffer, gsize count)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (self->ahead, &size);
  gsize n = MIN (count, size - self->ahead_at);

  memcpy (buffer, data + self->ahead_at, n);
  self->ahead_at += n;
  if (self->ahead_at == size)
    g_clear_pointer (&self->ahead, g_bytes_unref);
  return (gssize) n;
}

static gssize
kl_metered_input_read_nonblocking (GPollableInputStream *pollable, void *buffer, gsize count, GError **error)
{
  KlMeteredInput *self = KL_METERED_INPUT (pollable);
  gssize n;

  if (self->burst >= BURST_BYTES)
    {
      self->burst = 0;
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "enough for one turn");
      return -1;
    }
  if (self->ahead != NULL)
    n = read_ahead (self, buffer, count);
  else
    n = g_pollable_input_stream_read_nonblocking (base_of (self), buffer, count, NULL, error);
  if (n <= 0)
    {
      self->burst = 0;
      return n;
    }
  self->burst += (gsize) n;
  self->since_reset += (gsize) n;
  if (self->since_reset > self->limit_bytes)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                           "The server sent a message that has no end");
      return -1;
    }
  return n;
}

static gboolean
kl_metered_input_is_readable (GPollableInputStream *pollable)
{
  KlMeteredInput *self = KL_METERED_INPUT (pollable);

  return self->ahead != NULL || g_pollable_input_stream_is_readable (base_of (self));
}

static gboolean
kl_metered_input_can_poll (GPollableInputStream *pollable)
{
  return TRUE;
}

static GSource *
kl_metered_input_create_source (GPollableInputStream *pollable, GCancellable *cancellable)
{
  KlMeteredInput *self = KL_METERED_INPUT (pollable);
  g_autoptr (GSource) child = NULL;

  if (self->ahead != NULL)
    child = g_timeout_source_new (0);
  else
    child = g_pollable_input_stream_create_source (base_of (self), NULL);
  return g_pollable_source_new_full (self, child, cancellable);
}

static void
kl_metered_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->can_poll = kl_metered_input_can_poll;
  iface->is_readable = kl_metered_input_is_readable;
  iface->create_source = kl_metered_input_create_source;
  iface->read_nonblocking = kl_metered_input_read_nonblocking;
}

static void
kl_metered_input_finalize (GObject *object)
{
  g_clear_pointer (&KL_METERED_INPUT (object)->ahead, g_bytes_unref);
  G_OBJECT_CLASS (kl_metered_input_parent_class)->finalize (object);
}

static void
kl_metered_input_class_init (KlMeteredInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_metered_input_finalize;
}

static void
kl_metered_input_init (KlMeteredInput *self)
{
}

/* ── The stream ── */

struct _KlMeteredStream
{
  GIOStream parent_instance;

  GIOStream *base;
  KlMeteredInput *input;
};

G_DEFINE_FINAL_TYPE (KlMeteredStream, kl_metered_stream, G_TYPE_IO_STREAM)

static GInputStream *
kl_metered_stream_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (KL_METERED_STREAM (stream)->input);
}

static GOutputStream *
kl_metered_stream_get_output_stream (GIOStream *stream)
{
  return g_io_stream_get_output_stream (KL_METERED_STREAM (stream)->base);
}

static gboolean
kl_metered_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (KL_METERED_STREAM (stream)->base, cancellable, error);
}

static void
on_base_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_io_stream_close_finish (G_IO_STREAM (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Without this GIOStream would close us on a thread of its pool. */
static void
kl_metered_stream_close_async (GIOStream *stream, int priority, GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_io_stream_close_async (KL_METERED_STREAM (stream)->base, priority, cancellable, on_base_closed, task);
}

static gboolean
kl_metered_stream_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
kl_metered_stream_finalize (GObject *object)
{
  KlMeteredStream *self = KL_METERED_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->base);
  G_OBJECT_CLASS (kl_metered_stream_parent_class)->finalize (object);
}

static void
kl_metered_stream_class_init (KlMeteredStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  stream_class->get_input_stream = kl_metered_stream_get_input_stream;
  stream_class->get_output_stream = kl_metered_stream_get_output_stream;
  stream_class->close_fn = kl_metered_stream_close;
  stream_class->close_async = kl_metered_stream_close_async;
  stream_class->close_finish = kl_metered_stream_close_finish;
  G_OBJECT_CLASS (klass)->finalize = kl_metered_stream_finalize;
}

static void
kl_metered_stream_init (KlMeteredStream *self)
{
}

KlMeteredStream *
kl_metered_stream_new (GIOStream *base, GBytes *ahead, gsize limit_bytes)
{
  KlMeteredStream *self = g_object_new (KL_TYPE_METERED_STREAM, NULL);

  self->base = g_object_ref (base);
  self->input = g_object_new (KL_TYPE_METERED_INPUT, "base-stream", g_io_stream_get_input_stream (base),
                              "close-base-stream", FALSE, NULL);
  self->input->limit_bytes = limit_bytes;
  if (ahead != NULL && g_bytes_get_size (ahead) > 0)
    self->input->ahead = g_bytes_ref (ahead);
  return self;
}

void
kl_metered_stream_reset (KlMeteredStream *self)
{
  g_return_if_fail (KL_IS_METERED_STREAM (self));
  self->input->since_reset = 0;
}
