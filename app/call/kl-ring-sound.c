/* SPDX-License-Identifier: GPL-3.0-or-later
 *   appsrc (one round after the other) ! audioconvert ! audioresample ! sink
 *
 * A pipeline a ring: it is built with the first sound and gone with the last. */
#include "app/call/kl-ring-sound.h"

#include "app/call/kl-call-worker.h"

#include <gst/app/gstappsrc.h>
#include <math.h>

enum
{
  RATE = 48000,
  ROUND_MS = 3200,
};

#define LOUDNESS 0.16   /* of full, a note */
#define ATTACK_S 0.012  /* no click */
#define DECAY_S 0.28
#define LAST_S 0.1 /* by then all is quiet */

typedef struct
{
  double at_s;
  double hz;
} Note;

/* E, B, G sharp and the E above. */
static const Note notes[] = { { 0.0, 659.26 }, { 0.2, 987.77 }, { 0.4, 830.61 }, { 0.6, 1318.51 } };

/* Of a soft bar: the overtones are gone first. */
static const struct
{
  double times;
  double loudness;
  double decay_s;
} overtones[] = { { 1, 1.0, DECAY_S }, { 2, 0.22, DECAY_S / 2 }, { 4, 0.1, DECAY_S / 5 } };

struct _KlRingSound
{
  GObject parent_instance;

  char *sink;
  GBytes *round;
  GstElement *pipeline; /* NULL: silence */
  guint watch;
  KlCallWorker *worker; /* NULL: it has never rung */
};

typedef enum
{
  PROP_SINK = 1,
  PROP_PLAYING,
} Prop;

static GParamSpec *properties[PROP_PLAYING + 1];

G_DEFINE_FINAL_TYPE (KlRingSound, kl_ring_sound, G_TYPE_OBJECT)

KlRingSound *
kl_ring_sound_new (const char *sink)
{
  return g_object_new (KL_TYPE_RING_SOUND, "sink", sink, NULL);
}

/* ── The sound ── */

static double
get_note (const Note *note, double s)
{
  double since = s - note->at_s, sum = 0;

  if (since < 0)
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS (overtones); i++)
    sum += overtones[i].loudness * exp (-since / overtones[i].decay_s) * sin (2 * G_PI * note->hz * overtones[i].times * since);
  return LOUDNESS * MIN (since / ATTACK_S, 1) * sum;
}

GBytes *
kl_ring_sound_create_round (void)
{
  const guint n = RATE / 1000 * ROUND_MS;
  gint16 *samples = g_new (gint16, n);

  for (guint i = 0; i < n; i++)
    {
      double s = (double) i / RATE, left = (double) (n - 1 - i) / RATE, sum = 0;

      for (guint k = 0; k < G_N_ELEMENTS (notes); k++)
        sum += get_note (&notes[k], s);
      samples[i] = (gint16) (G_MAXINT16 * sum * MIN (left / LAST_S, 1));
    }
  return g_bytes_new_take (samples, n * sizeof *samples);
}

/* ── Playing ── */

typedef struct
{
  GBytes *round;
  guint64 n_pushed;
} Feed;

static void
feed_free (gpointer data)
{
  g_bytes_unref (((Feed *) data)->round);
  g_free (data);
}

/* The source's thread. */
static void
on_need_data (GstAppSrc *source, guint length, gpointer data)
{
  Feed *feed = data;
  GstBuffer *buffer = gst_buffer_new_wrapped_bytes (feed->round);

  GST_BUFFER_PTS (buffer) = feed->n_pushed++ * ROUND_MS * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = ROUND_MS * GST_MSECOND;
  gst_app_src_push_buffer (source, buffer);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  /* No device, or it is gone. One sees that a call rings. */
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
    return G_SOURCE_CONTINUE;
  KL_RING_SOUND (data)->watch = 0;
  kl_ring_sound_stop (data);
  return G_SOURCE_REMOVE;
}

static GstElement *
make_sink (KlRingSound *self, GstDevice *device)
{
  if (self->sink != NULL)
    return gst_parse_bin_from_description (self->sink, TRUE, NULL);
  return device != NULL ? gst_device_create_element (device, NULL) : gst_element_factory_make ("autoaudiosink", NULL);
}

static GstElement *
build (KlRingSound *self, GstDevice *device)
{
  static GstAppSrcCallbacks callbacks = { .need_data = on_need_data };
  g_autoptr (GstElement) pipeline = gst_object_ref_sink (gst_pipeline_new ("ring"));
  GstElement *tail = gst_parse_bin_from_description ("appsrc name=source format=time ! audioconvert ! "
                                                     "audioresample",
                                                     TRUE, NULL);
  GstElement *sink = make_sink (self, device);
  g_autoptr (GstElement) source = NULL;
  Feed *feed;
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING, "S16LE", "layout", G_TYPE_STRING,
                                                  "interleaved", "rate", G_TYPE_INT, RATE, "channels", G_TYPE_INT, 1, NULL);

  if (tail != NULL)
    gst_bin_add (GST_BIN (pipeline), tail);
  if (sink != NULL)
    gst_bin_add (GST_BIN (pipeline), sink);
  if (tail == NULL || sink == NULL || !gst_element_link (tail, sink))
    return NULL;
  feed = g_new0 (Feed, 1);
  feed->round = g_bytes_ref (self->round);
  source = gst_bin_get_by_name (GST_BIN (tail), "source");
  gst_app_src_set_caps (GST_APP_SRC (source), caps);
  gst_app_src_set_callbacks (GST_APP_SRC (source), &callbacks, feed, feed_free);
  return g_steal_pointer (&pipeline);
}

void
kl_ring_sound_start (KlRingSound *self, GstDevice *device)
{
  g_return_if_fail (KL_IS_RING_SOUND (self));

  if (self->pipeline != NULL)
    return;
  if (self->worker == NULL)
    {
      self->worker = kl_call_worker_new ();
      self->round = kl_ring_sound_create_round ();
    }
  self->pipeline = build (self, device);
  if (self->pipeline == NULL)
    return;
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  self->watch = gst_bus_add_watch (bus, on_message, self);
  kl_call_worker_start (self->worker, self->pipeline, NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PLAYING]);
}

void
kl_ring_sound_stop (KlRingSound *self)
{
  g_return_if_fail (KL_IS_RING_SOUND (self));

  g_autoptr (GstElement) pipeline = g_steal_pointer (&self->pipeline);
  if (pipeline == NULL)
    return;
  g_clear_handle_id (&self->watch, g_source_remove);
  gst_element_set_locked_state (pipeline, TRUE);
  kl_call_worker_stop (self->worker, pipeline);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PLAYING]);
}

gboolean
kl_ring_sound_get_playing (KlRingSound *self)
{
  g_return_val_if_fail (KL_IS_RING_SOUND (self), FALSE);
  return self->pipeline != NULL;
}

/* ── Object ── */

static void
kl_ring_sound_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlRingSound *self = KL_RING_SOUND (object);

  switch ((Prop) id)
    {
    case PROP_SINK:
      g_value_set_string (value, self->sink);
      break;
    case PROP_PLAYING:
      g_value_set_boolean (value, self->pipeline != NULL);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_ring_sound_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_SINK)
    KL_RING_SOUND (object)->sink = g_value_dup_string (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
kl_ring_sound_dispose (GObject *object)
{
  KlRingSound *self = KL_RING_SOUND (object);

  kl_ring_sound_stop (self);
  g_clear_pointer (&self->worker, kl_call_worker_release);
  G_OBJECT_CLASS (kl_ring_sound_parent_class)->dispose (object);
}

static void
kl_ring_sound_finalize (GObject *object)
{
  g_clear_pointer (&KL_RING_SOUND (object)->round, g_bytes_unref);
  g_free (KL_RING_SOUND (object)->sink);
  G_OBJECT_CLASS (kl_ring_sound_parent_class)->finalize (object);
}

static void
kl_ring_sound_class_init (KlRingSoundClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_ring_sound_get_property;
  object_class->set_property = kl_ring_sound_set_property;
  object_class->dispose = kl_ring_sound_dispose;
  object_class->finalize = kl_ring_sound_finalize;
  properties[PROP_SINK] = g_param_spec_string ("sink", NULL, NULL, NULL,
                                               G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_PLAYING]
      = g_param_spec_boolean ("playing", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kl_ring_sound_init (KlRingSound *self)
{
}
