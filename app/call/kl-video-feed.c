/* SPDX-License-Identifier: GPL-3.0-or-later
 * The feed and its elements share a slot with room for one picture, which changes hands by an atomic exchange. */
#include "app/call/kl-video-feed.h"

#include <gst/app/app.h>

typedef struct
{
  gatomicrefcount refs;
  GWeakRef feed;
  GMainContext *context;
  gpointer sample; /* atomic; GstSample, owned: newer than the feed's own */
  int pending;     /* atomic: the feed is about to look */
  int wanted;      /* atomic */
  guint frames;    /* atomic */
  guint gap_ms;    /* atomic */
  gint64 first_usec;
  gint64 last_usec;
} Slot;

struct _KlVideoFeed
{
  GObject parent_instance;

  Slot *slot;
  GstSample *sample;
  int width;
  int height;
};

typedef enum
{
  PROP_WANTED = 1,
  PROP_WIDTH,
  PROP_HEIGHT,
  N_PROPS,
} Prop;

static GParamSpec *properties[N_PROPS];
static guint frame_signal;

G_DEFINE_FINAL_TYPE (KlVideoFeed, kl_video_feed, G_TYPE_OBJECT)

static Slot *
slot_ref (Slot *slot)
{
  g_atomic_ref_count_inc (&slot->refs);
  return slot;
}

static void
slot_unref (gpointer data)
{
  Slot *slot = data;
  GstSample *sample;

  if (!g_atomic_ref_count_dec (&slot->refs))
    return;
  sample = slot->sample;
  g_clear_pointer (&sample, gst_sample_unref);
  g_weak_ref_clear (&slot->feed);
  g_main_context_unref (slot->context);
  g_free (slot);
}

static void
set_size (KlVideoFeed *self, int width, int height)
{
  if (self->width != width)
    {
      self->width = width;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WIDTH]);
    }
  if (self->height != height)
    {
      self->height = height;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HEIGHT]);
    }
}

static gboolean
take_picture (gpointer data)
{
  Slot *slot = data;
  g_autoptr (KlVideoFeed) self = g_weak_ref_get (&slot->feed);
  g_autoptr (GstSample) sample = NULL;
  GstStructure *caps;
  int width = 0;
  int height = 0;

  g_atomic_int_set (&slot->pending, FALSE);
  sample = g_atomic_pointer_exchange (&slot->sample, NULL);
  if (self == NULL || sample == NULL)
    return G_SOURCE_REMOVE;
  caps = gst_caps_get_structure (gst_sample_get_caps (sample), 0);
  gst_structure_get (caps, "width", G_TYPE_INT, &width, "height", G_TYPE_INT, &height, NULL);
  g_clear_pointer (&self->sample, gst_sample_unref);
  self->sample = g_steal_pointer (&sample);
  set_size (self, width, height);
  g_signal_emit (self, frame_signal, 0);
  return G_SOURCE_REMOVE;
}

static GstFlowReturn
on_new_sample (GstAppSink *sink, gpointer data)
{
  Slot *slot = data;
  GstSample *sample = gst_app_sink_pull_sample (sink);
  GSource *source;

  if (sample == NULL)
    return GST_FLOW_EOS;
  sample = g_atomic_pointer_exchange (&slot->sample, sample);
  g_clear_pointer (&sample, gst_sample_unref);
  if (g_atomic_int_exchange (&slot->pending, TRUE))
    return GST_FLOW_OK;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, take_picture, slot_ref (slot), slot_unref);
  g_source_attach (source, slot->context);
  g_source_unref (source);
  return GST_FLOW_OK;
}

/* On the streaming thread, of which there is one at a time. */
static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Slot *slot = data;
  gint64 now = g_get_monotonic_time ();

  if (slot->last_usec != 0)
    {
      guint gap_ms = (guint) ((now - slot->last_usec) / 1000);

      if (gap_ms > (guint) g_atomic_int_get (&slot->gap_ms))
        g_atomic_int_set (&slot->gap_ms, gap_ms);
    }
  else
    slot->first_usec = now;
  slot->last_usec = now;
  g_atomic_int_inc (&slot->frames);
  return g_atomic_int_get (&slot->wanted) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

GstElement *
kl_video_feed_make_sink (KlVideoFeed *self)
{
  GstElement *bin = gst_bin_new (NULL);
  GstElement *queue = gst_element_factory_make ("queue", NULL);
  GstElement *convert = gst_element_factory_make ("videoconvert", NULL);
  GstElement *sink = gst_element_factory_make ("appsink", NULL);
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "RGBx", NULL);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (queue, "sink");
  GstAppSinkCallbacks callbacks = { .new_sample = on_new_sample };

  gst_util_set_object_arg (G_OBJECT (queue), "leaky", "downstream");
  g_object_set (queue, "max-size-buffers", 2, "max-size-bytes", 0, "max-size-time", (guint64) 0, NULL);
  g_object_set (sink, "caps", caps, "sync", FALSE, "async", FALSE, "max-buffers", 1, "drop", TRUE, "enable-last-sample",
                FALSE, NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, slot_ref (self->slot), slot_unref);
  gst_bin_add_many (GST_BIN (bin), queue, convert, sink, NULL);
  gst_element_link_many (queue, convert, sink, NULL);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, slot_ref (self->slot), slot_unref);
  gst_element_add_pad (bin, gst_ghost_pad_new ("sink", pad));
  return bin;
}

static void
kl_video_feed_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlVideoFeed *self = KL_VIDEO_FEED (object);

  switch ((Prop) id)
    {
    case PROP_WANTED:
      g_value_set_boolean (value, kl_video_feed_get_wanted (self));
      break;
    case PROP_WIDTH:
      g_value_set_int (value, self->width);
      break;
    case PROP_HEIGHT:
      g_value_set_int (value, self->height);
      break;
    case N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_video_feed_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_WANTED)
    kl_video_feed_set_wanted (KL_VIDEO_FEED (object), g_value_get_boolean (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
kl_video_feed_finalize (GObject *object)
{
  KlVideoFeed *self = KL_VIDEO_FEED (object);

  g_clear_pointer (&self->sample, gst_sample_unref);
  slot_unref (self->slot);
  G_OBJECT_CLASS (kl_video_feed_parent_class)->finalize (object);
}

static void
kl_video_feed_class_init (KlVideoFeedClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_video_feed_get_property;
  object_class->set_property = kl_video_feed_set_property;
  object_class->finalize = kl_video_feed_finalize;

  properties[PROP_WANTED] = g_param_spec_boolean ("wanted", NULL, NULL, TRUE,
                                                  G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_WIDTH]
      = g_param_spec_int ("width", NULL, NULL, 0, G_MAXINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_HEIGHT]
      = g_param_spec_int ("height", NULL, NULL, 0, G_MAXINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  frame_signal
      = g_signal_new ("frame", KL_TYPE_VIDEO_FEED, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_video_feed_init (KlVideoFeed *self)
{
  self->slot = g_new0 (Slot, 1);
  g_atomic_ref_count_init (&self->slot->refs);
  g_weak_ref_init (&self->slot->feed, self);
  self->slot->context = g_main_context_ref_thread_default ();
  self->slot->wanted = TRUE;
}

KlVideoFeed *
kl_video_feed_new (void)
{
  return g_object_new (KL_TYPE_VIDEO_FEED, NULL);
}

GstSample *
kl_video_feed_dup_sample (KlVideoFeed *self)
{
  return self->sample != NULL ? gst_sample_ref (self->sample) : NULL;
}

void
kl_video_feed_clear (KlVideoFeed *self)
{
  GstSample *sample = g_atomic_pointer_exchange (&self->slot->sample, NULL);

  g_clear_pointer (&sample, gst_sample_unref);
  g_clear_pointer (&self->sample, gst_sample_unref);
  set_size (self, 0, 0);
}

gboolean
kl_video_feed_get_wanted (KlVideoFeed *self)
{
  return g_atomic_int_get (&self->slot->wanted);
}

void
kl_video_feed_set_wanted (KlVideoFeed *self, gboolean wanted)
{
  if (g_atomic_int_exchange (&self->slot->wanted, !!wanted) != !!wanted)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WANTED]);
}

int
kl_video_feed_get_width (KlVideoFeed *self)
{
  return self->width;
}

int
kl_video_feed_get_height (KlVideoFeed *self)
{
  return self->height;
}

guint
kl_video_feed_get_frames (KlVideoFeed *self)
{
  return (guint) g_atomic_int_get (&self->slot->frames);
}

gint64
kl_video_feed_get_first_usec (KlVideoFeed *self)
{
  return kl_video_feed_get_frames (self) > 0 ? self->slot->first_usec : 0;
}

guint
kl_video_feed_take_gap_ms (KlVideoFeed *self)
{
  return (guint) g_atomic_int_exchange ((int *) &self->slot->gap_ms, 0);
}
