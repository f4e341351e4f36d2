/* SPDX-License-Identifier: GPL-3.0-or-later
 *   silence ! queue ! mixer ! audioconvert ! audioresample ! [webrtcechoprobe] ! sink
 *
 * A sink that fails (no device, or pulled out) is replaced by one that plays in time to nobody; the next device that is
 * set is tried in its place. */
#include "app/call/kl-speaker.h"

#include "app/call/kl-call-element.h"

struct _KlSpeaker
{
  GObject parent_instance;

  GstBin *pipeline;
  KlCallWorker *worker;
  GstElement *mixer; /* borrowed from the pipeline, as those below */
  GstElement *tail;
  GstElement *sink;
  GstDevice *device;
  gboolean silent;
  gboolean working;
};

typedef enum
{
  PROP_DEVICE = 1,
  PROP_WORKING,
  N_PROPS,
} Prop;

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (KlSpeaker, kl_speaker, G_TYPE_OBJECT)

static GstElement *
make_sink (KlSpeaker *self, gboolean nobody)
{
  GstElement *sink = NULL;

  if (!nobody && !self->silent)
    sink = self->device != NULL ? gst_device_create_element (self->device, NULL)
                                : gst_element_factory_make ("autoaudiosink", NULL);
  if (sink == NULL)
    {
      sink = gst_element_factory_make ("fakesink", NULL);
      g_object_set (sink, "sync", TRUE, "async", FALSE, NULL);
    }
  return sink;
}

static void
set_working (KlSpeaker *self, gboolean working)
{
  if (self->working == working)
    return;
  self->working = working;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WORKING]);
}

static void
replace_sink (KlSpeaker *self, gboolean nobody)
{
  g_autoptr (GstElement) old = self->sink != NULL ? g_object_ref (self->sink) : NULL;

  if (old != NULL)
    {
      gst_element_set_locked_state (old, TRUE);
      gst_element_unlink (self->tail, old);
      kl_call_worker_stop (self->worker, old);
    }
  self->sink = make_sink (self, nobody);
  gst_bin_add (self->pipeline, self->sink);
  kl_call_worker_start (self->worker, self->sink, self->tail);
  set_working (self, !nobody);
}

/* Between two sinks the mixer's thread may find nothing linked, and stop for good: so that is not told it. Nor may it pass
 * over inputs that have had nothing yet (ignore-inactive-pads): where even the silence is late, it would have no input at
 * all, take that for the end, and nothing would ever be heard. */
static gboolean
build (KlSpeaker *self, const char *probe, GError **error)
{
  GstElement *silence;
  g_autofree char *echo = NULL;

  self->mixer = kl_call_element_make (self->pipeline, "audiomixer", error);
  if (self->mixer == NULL)
    return FALSE;
  silence = kl_call_element_launch (self->pipeline, error,
                                    "audiotestsrc is-live=true wave=silence samplesperbuffer=960 ! "
                                    "audio/x-raw,format=S16LE,rate=48000,channels=1 ! queue max-size-time=500000000");
  if (silence == NULL)
    return FALSE;
  if (probe != NULL)
    echo = g_strdup_printf ("audio/x-raw,format=S16LE,rate=48000,channels=1 ! webrtcechoprobe name=%s ! ", probe);
  self->tail = kl_call_element_launch (self->pipeline, error,
                                       "audioconvert ! audioresample ! %s"
                                       "audioconvert ! audioresample ! tee allow-not-linked=true name=open ! "
                                       "queue leaky=downstream max-size-buffers=20 max-size-bytes=0 max-size-time=0",
                                       echo != NULL ? echo : "");
  if (self->tail == NULL)
    return FALSE;
  return gst_element_link (silence, self->mixer) && gst_element_link (self->mixer, self->tail);
}

static void
kl_speaker_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlSpeaker *self = KL_SPEAKER (object);

  switch ((Prop) id)
    {
    case PROP_DEVICE:
      g_value_set_object (value, self->device);
      break;
    case PROP_WORKING:
      g_value_set_boolean (value, self->working);
      break;
    case N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_speaker_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_DEVICE)
    kl_speaker_set_device (KL_SPEAKER (object), g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
kl_speaker_dispose (GObject *object)
{
  KlSpeaker *self = KL_SPEAKER (object);

  g_clear_object (&self->device);
  g_clear_object (&self->pipeline);
  G_OBJECT_CLASS (kl_speaker_parent_class)->dispose (object);
}

static void
kl_speaker_finalize (GObject *object)
{
  kl_call_worker_unref (KL_SPEAKER (object)->worker);
  G_OBJECT_CLASS (kl_speaker_parent_class)->finalize (object);
}

static void
kl_speaker_class_init (KlSpeakerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_speaker_get_property;
  object_class->set_property = kl_speaker_set_property;
  object_class->dispose = kl_speaker_dispose;
  object_class->finalize = kl_speaker_finalize;

  properties[PROP_DEVICE] = g_param_spec_object ("device", NULL, NULL, GST_TYPE_DEVICE,
                                                 G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_WORKING]
      = g_param_spec_boolean ("working", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_speaker_init (KlSpeaker *self)
{
}

KlSpeaker *
kl_speaker_new (GstBin *pipeline, KlCallWorker *worker, gboolean silent, const char *probe, GError **error)
{
  g_autoptr (KlSpeaker) self = g_object_new (KL_TYPE_SPEAKER, NULL);

  self->pipeline = g_object_ref (pipeline);
  self->worker = kl_call_worker_ref (worker);
  self->silent = silent;
  if (!build (self, probe, error))
    return NULL;
  replace_sink (self, FALSE);
  return g_steal_pointer (&self);
}

void
kl_speaker_set_device (KlSpeaker *self, GstDevice *device)
{
  if (!g_set_object (&self->device, device) && self->working)
    return;
  replace_sink (self, FALSE);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DEVICE]);
}

gboolean
kl_speaker_get_working (KlSpeaker *self)
{
  return self->working;
}

GstPad *
kl_speaker_request_pad (KlSpeaker *self)
{
  return gst_element_request_pad_simple (self->mixer, "sink_%u");
}

void
kl_speaker_release_pad (KlSpeaker *self, GstPad *pad)
{
  gst_element_release_request_pad (self->mixer, pad);
}

gboolean
kl_speaker_take_message (KlSpeaker *self, GstMessage *message)
{
  GstObject *source = GST_MESSAGE_SRC (message);

  if (source != GST_OBJECT (self->sink) && !gst_object_has_as_ancestor (source, GST_OBJECT (self->sink)))
    return FALSE;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    replace_sink (self, TRUE);
  return TRUE;
}
