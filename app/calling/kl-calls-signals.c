/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signals on their way out. One stays here until the server has acknowledged it; what was under way when the line broke
 * goes out again, in order, after resume: a peer passes over what it has had already. */
#include "app/calling/kl-calls-private.h"

enum
{
  WAITING_MAX = 1024, /* a line that is broken for long makes no more of it */
  AGAIN_MS = 500,
};

typedef struct
{
  char *peer;
  char *data;
  guint64 serial;
  gboolean sent;
} Outgoing;

static void
outgoing_free (gpointer data)
{
  Outgoing *outgoing = data;

  g_free (outgoing->peer);
  g_free (outgoing->data);
  g_free (outgoing);
}

/* ── The queue ── */

typedef struct
{
  KlCalls *calls; /* owned */
  guint64 serial;
} Sending;

static gboolean
on_again (gpointer data)
{
  KlCalls *self = data;

  self->signals_source = 0;
  kl_calls_send_signals (self);
  return G_SOURCE_REMOVE;
}

static GList *
find_outgoing (KlCalls *self, guint64 serial)
{
  for (GList *link = self->signals.head; link != NULL; link = link->next)
    if (((Outgoing *) link->data)->serial == serial)
      return link;
  return NULL;
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Sending *sending = user_data;
  g_autoptr (KlCalls) self = sending->calls;
  g_autoptr (GError) error = NULL;
  gboolean arrived = kl_session_signal_call_finish (KL_SESSION (source), result, &error);
  GList *link = find_outgoing (self, sending->serial);

  if (link == NULL)
    return;
  Outgoing *outgoing = link->data;
  if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_OFFLINE))
    {
      outgoing->sent = FALSE;
      return;
    }
  /* Its line is broken, and much waits for it. */
  if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_RATE_LIMITED))
    {
      outgoing->sent = FALSE;
      if (self->signals_source == 0)
        self->signals_source
            = g_timeout_add ((guint) MAX (AGAIN_MS, MIN (kl_error_get_retry_after_ms (error), 10000)), on_again, self);
      return;
    }
  if (!arrived)
    g_debug ("calls: a signal was not taken: %s", error->message);
  g_queue_delete_link (&self->signals, link);
  outgoing_free (outgoing);
}

void
kl_calls_send_signals (KlCalls *self)
{
  if (self->state != KL_CALLS_RUNNING || self->signals_source != 0)
    return;
  for (GList *link = self->signals.head; link != NULL; link = link->next)
    {
      Outgoing *outgoing = link->data;
      Sending *sending;

      if (outgoing->sent)
        continue;
      outgoing->sent = TRUE;
      sending = g_new (Sending, 1);
      *sending = (Sending) { g_object_ref (self), outgoing->serial };
      kl_session_signal_call_async (self->session, self->place->call, outgoing->peer, outgoing->data, NULL, on_sent,
                                    sending);
    }
}

void
kl_calls_interrupt_signals (KlCalls *self)
{
  g_clear_handle_id (&self->signals_source, g_source_remove);
  for (GList *link = self->signals.head; link != NULL; link = link->next)
    {
      Outgoing *outgoing = link->data;

      /* Under a serial of its own: what is still told of the old one is of no use. */
      outgoing->serial = ++self->signal_serial;
      outgoing->sent = FALSE;
    }
}

void
kl_calls_forget_signals (KlCalls *self, const char *peer)
{
  GList *next;

  if (peer == NULL)
    g_clear_handle_id (&self->signals_source, g_source_remove);
  for (GList *link = self->signals.head; link != NULL; link = next)
    {
      Outgoing *outgoing = link->data;

      next = link->next;
      if (peer != NULL && !g_str_equal (outgoing->peer, peer))
        continue;
      g_queue_delete_link (&self->signals, link);
      outgoing_free (outgoing);
    }
}

static void
push_signal (KlCalls *self, const char *peer, const char *data)
{
  Outgoing *outgoing = g_new0 (Outgoing, 1);

  if (g_queue_get_length (&self->signals) >= WAITING_MAX)
    outgoing_free (g_queue_pop_head (&self->signals));
  outgoing->peer = g_strdup (peer);
  outgoing->data = g_strdup (data);
  outgoing->serial = ++self->signal_serial;
  g_queue_push_tail (&self->signals, outgoing);
  kl_calls_send_signals (self);
}

/* ── The signaller ── */

#define KL_TYPE_CALLS_SIGNALLER (kl_calls_signaller_get_type ())
G_DECLARE_FINAL_TYPE (KlCallsSignaller, kl_calls_signaller, KL, CALLS_SIGNALLER, GObject)

struct _KlCallsSignaller
{
  GObject parent_instance;

  KlCalls *calls; /* weak: a call keeps its signaller */
};

static void
send_signal (KlCallSignaller *signaller, const char *peer, const char *data)
{
  KlCallsSignaller *self = KL_CALLS_SIGNALLER (signaller);

  if (self->calls != NULL && kl_calls_is_in_call (self->calls))
    push_signal (self->calls, peer, data);
}

static void
announce (KlCallSignaller *signaller, gboolean audio, gboolean video, gboolean screen)
{
  KlCallsSignaller *self = KL_CALLS_SIGNALLER (signaller);

  if (self->calls == NULL)
    return;
  kl_calls_tell_media (self->calls, FALSE);
  kl_calls_update (self->calls);
}

static void
signaller_iface_init (KlCallSignallerInterface *iface)
{
  iface->send = send_signal;
  iface->announce = announce;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KlCallsSignaller, kl_calls_signaller, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_CALL_SIGNALLER, signaller_iface_init))

static void
kl_calls_signaller_dispose (GObject *object)
{
  g_clear_weak_pointer (&KL_CALLS_SIGNALLER (object)->calls);
  G_OBJECT_CLASS (kl_calls_signaller_parent_class)->dispose (object);
}

static void
kl_calls_signaller_class_init (KlCallsSignallerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_calls_signaller_dispose;
}

static void
kl_calls_signaller_init (KlCallsSignaller *self)
{
}

GObject *
kl_calls_signaller_new (KlCalls *self)
{
  KlCallsSignaller *signaller = g_object_new (KL_TYPE_CALLS_SIGNALLER, NULL);

  g_set_weak_pointer (&signaller->calls, self);
  return G_OBJECT (signaller);
}
