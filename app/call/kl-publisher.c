/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two chains, each from a source that comes and goes to a tee of encoded frames:
 *
 *   source ! queue ! videorate ! videoscale ! videoconvert ! caps ! tee (own picture) ! vp8enc ! tee
 *   source ! queue ! audioconvert ! audioresample ! caps ! [webrtcdsp, see KlCallVoice] ! level ! gate ! opusenc ! tee
 *
 * The chains never stop: without a source nothing flows through them. */
#include "app/call/kl-publisher.h"

#include <gst/video/video.h>

#include "app/call/kl-call-element.h"
#include "app/call/kl-call-voice.h"

enum
{
  REMOTE_MS = 5000, /* so long a remote may take to begin */
};

#define VIDEO_ENCODER \
  "vp8enc name=encoder deadline=1 cpu-used=8 threads=1 end-usage=cbr lag-in-frames=0 error-resilient=partitions " \
  "keyframe-max-dist=3000 max-quantizer=63 dropframe-threshold=30 min-force-key-unit-interval=100000000"

typedef struct
{
  KlPublisher *publisher; /* borrowed: it has this chain in it */
  KlMediaSource *source;
  GstElement *element;  /* the source's, in the pipeline; borrowed from there */
  KlCallWorker *own;    /* of an element at a remote, for nobody is to wait in line behind that; or NULL */
  GSource *remote_gone; /* likewise */
  guint remote_late;
  GstElement *entry;   /* borrowed from the pipeline, as all below */
  GstElement *encoder; /* of video, where there is one a peer: NULL */
  GstElement *tee;
} Chain;

struct _KlPublisher
{
  GObject parent_instance;

  GstBin *pipeline;
  KlCallWorker *worker;
  Chain chains[2]; /* by KlMediaKind */
  GstElement *size_filter;
  GstElement *level_meter;
  KlCallVoice *voice; /* or NULL */
  KlVideoFeed *feed;
  int *muted; /* atomic, and an atomic box: the gate reads it while streaming, for longer maybe than there is a publisher */
  double level;
  int width;
  int height;
  guint bitrate;
};

typedef enum
{
  PROP_AUDIO_SOURCE = 1,
  PROP_VIDEO_SOURCE,
  PROP_MUTED,
  PROP_LEVEL,
  PROP_FEED,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_BITRATE,
  N_PROPS,
} Prop;

static GParamSpec *properties[N_PROPS];
static guint failed_signal;

G_DEFINE_FINAL_TYPE (KlPublisher, kl_publisher, G_TYPE_OBJECT)

static GParamSpec *
source_property (KlMediaKind kind)
{
  return properties[kind == KL_MEDIA_AUDIO ? PROP_AUDIO_SOURCE : PROP_VIDEO_SOURCE];
}

static GstPadProbeReturn
on_microphone_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer muted)
{
  return g_atomic_int_get ((int *) muted) ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static gboolean
build_tee (KlPublisher *self, Chain *chain, GError **error)
{
  chain->tee = kl_call_element_make (self->pipeline, "tee", error);
  if (chain->tee == NULL)
    return FALSE;
  g_object_set (chain->tee, "allow-not-linked", TRUE, NULL);
  return gst_element_link (chain->entry, chain->tee);
}

static gboolean
build_video (KlPublisher *self, gboolean encoder_a_peer, GError **error)
{
  Chain *chain = &self->chains[KL_MEDIA_VIDEO];
  GstElement *own;

  chain->entry = kl_call_element_launch (
      self->pipeline, error,
      "queue leaky=downstream max-size-buffers=2 max-size-bytes=0 max-size-time=0 ! videorate drop-only=true max-rate=%d ! "
      "videoscale add-borders=true ! videoconvert ! capsfilter name=size caps-change-mode=delayed ! tee name=raw allow-not-linked=true ! "
      "%s",
      KL_CALL_FPS, encoder_a_peer ? "identity silent=true" : VIDEO_ENCODER);
  if (chain->entry == NULL)
    return FALSE;
  chain->encoder = encoder_a_peer ? NULL : kl_call_element_get (GST_BIN (chain->entry), "encoder");
  self->size_filter = kl_call_element_get (GST_BIN (chain->entry), "size");
  own = kl_video_feed_make_sink (self->feed);
  gst_bin_add (GST_BIN (chain->entry), own);
  return gst_element_link (kl_call_element_get (GST_BIN (chain->entry), "raw"), own) && build_tee (self, chain, error);
}

static gboolean
build_audio (KlPublisher *self, const char *probe, GError **error)
{
  Chain *chain = &self->chains[KL_MEDIA_AUDIO];
  g_autoptr (GstPad) pad = NULL;

  chain->entry = kl_call_element_launch (
      self->pipeline, error,
      "queue leaky=downstream max-size-buffers=10 max-size-bytes=0 max-size-time=0 ! audioconvert ! audioresample ! "
      "capsfilter name=voice caps=audio/x-raw,format=S16LE,rate=48000,channels=1 ! "
      "level name=level interval=100000000 ! opusenc name=encoder bitrate=%d inband-fec=true",
      KL_CALL_AUDIO_BPS);
  if (chain->entry == NULL)
    return FALSE;
  chain->encoder = kl_call_element_get (GST_BIN (chain->entry), "encoder");
  self->level_meter = kl_call_element_get (GST_BIN (chain->entry), "level");
  if (probe != NULL)
    self->voice = kl_call_voice_new (GST_BIN (chain->entry), kl_call_element_get (GST_BIN (chain->entry), "voice"),
                                     self->level_meter, probe);
  if (probe != NULL && self->voice == NULL)
    {
      g_set_error_literal (error, KL_CALL_ERROR, KL_CALL_ERROR_MISSING, "GStreamer's element webrtcdsp is not installed");
      return FALSE;
    }
  pad = gst_element_get_static_pad (self->level_meter, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_microphone_buffer, g_atomic_rc_box_acquire (self->muted),
                     (GDestroyNotify) g_atomic_rc_box_release);
  return build_tee (self, chain, error);
}

static gboolean
is_playing (GstElement *element)
{
  GstState state;

  /* Without waiting for a change that is under way. */
  gst_element_get_state (element, &state, NULL, 0);
  return state == GST_STATE_PLAYING;
}

static void
forget_remote (Chain *chain)
{
  g_clear_handle_id (&chain->remote_late, g_source_remove);
  if (chain->remote_gone != NULL)
    g_source_destroy (chain->remote_gone);
  g_clear_pointer (&chain->remote_gone, g_source_unref);
}

/* SOURCE: what the element was made of. */
static void
detach_source (KlPublisher *self, Chain *chain, KlMediaSource *source)
{
  g_autoptr (GstElement) element = chain->element != NULL ? g_object_ref (chain->element) : NULL;
  KlCallWorker *own = g_steal_pointer (&chain->own);

  chain->element = NULL;
  forget_remote (chain);
  if (element == NULL)
    return;
  /* It may complain that nobody takes its buffers; nobody listens any more. */
  gst_element_set_locked_state (element, TRUE);
  gst_element_unlink (element, chain->entry);
  if (own == NULL)
    {
      kl_call_worker_stop (self->worker, element);
      return;
    }
  /* Out at once: as long as it is being started, the pipeline could not be stopped. */
  gst_bin_remove (self->pipeline, element);
  if (!is_playing (element))
    kl_media_source_break_off (source);
  kl_call_worker_stop (own, element);
  kl_call_worker_release (own);
}

static void
fail_source (KlPublisher *self, KlMediaKind kind, const GError *error)
{
  g_autoptr (KlMediaSource) source = g_object_ref (self->chains[kind].source);

  kl_publisher_set_source (self, kind, NULL);
  g_signal_emit (self, failed_signal, 0, source, error);
}

static void
fail_remote (Chain *chain, const char *text)
{
  g_autoptr (GError) error = g_error_new (KL_CALL_ERROR, KL_CALL_ERROR_DEVICE, "%s: %s",
                                          kl_media_source_get_label (chain->source), text);

  fail_source (chain->publisher, kl_media_source_get_kind (chain->source), error);
}

static gboolean
on_remote_gone (int fd, GIOCondition condition, gpointer data)
{
  fail_remote (data, "PipeWire is gone");
  return G_SOURCE_REMOVE;
}

static gboolean
on_remote_late (gpointer data)
{
  Chain *chain = data;

  chain->remote_late = 0;
  if (!is_playing (chain->element))
    fail_remote (chain, "PipeWire does not answer");
  return G_SOURCE_REMOVE;
}

/* PipeWire's element sees neither in good time: it waits for half a minute for what has gone before it began. */
static void
watch_remote (Chain *chain)
{
  chain->own = kl_call_worker_new ();
  chain->remote_late = g_timeout_add (REMOTE_MS, on_remote_late, chain);
  chain->remote_gone = kl_media_source_create_watch (chain->source);
  g_source_set_callback (chain->remote_gone, G_SOURCE_FUNC (on_remote_gone), chain, NULL);
  g_source_attach (chain->remote_gone, g_main_context_get_thread_default ());
}

static void
attach_source (KlPublisher *self, KlMediaKind kind)
{
  Chain *chain = &self->chains[kind];
  g_autoptr (GError) error = NULL;
  GstElement *element = kl_media_source_make_element (chain->source, &error);

  if (element == NULL)
    {
      fail_source (self, kind, error);
      return;
    }
  gst_bin_add (self->pipeline, element);
  chain->element = element;
  gst_element_link (element, chain->entry);
  if (kl_media_source_get_remote (chain->source))
    watch_remote (chain);
  kl_call_worker_start (chain->own != NULL ? chain->own : self->worker, element, NULL);
  if (kind == KL_MEDIA_VIDEO)
    kl_publisher_force_key_frame (self);
}

static void
kl_publisher_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlPublisher *self = KL_PUBLISHER (object);

  switch ((Prop) id)
    {
    case PROP_AUDIO_SOURCE:
      g_value_set_object (value, self->chains[KL_MEDIA_AUDIO].source);
      break;
    case PROP_VIDEO_SOURCE:
      g_value_set_object (value, self->chains[KL_MEDIA_VIDEO].source);
      break;
    case PROP_MUTED:
      g_value_set_boolean (value, kl_publisher_get_muted (self));
      break;
    case PROP_LEVEL:
      g_value_set_double (value, self->level);
      break;
    case PROP_FEED:
      g_value_set_object (value, self->feed);
      break;
    case PROP_WIDTH:
      g_value_set_int (value, self->width);
      break;
    case PROP_HEIGHT:
      g_value_set_int (value, self->height);
      break;
    case PROP_BITRATE:
      g_value_set_uint (value, self->bitrate);
      break;
    case N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_publisher_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KlPublisher *self = KL_PUBLISHER (object);

  if (id == PROP_MUTED)
    kl_publisher_set_muted (self, g_value_get_boolean (value));
  else if (id == PROP_AUDIO_SOURCE)
    kl_publisher_set_source (self, KL_MEDIA_AUDIO, g_value_get_object (value));
  else if (id == PROP_VIDEO_SOURCE)
    kl_publisher_set_source (self, KL_MEDIA_VIDEO, g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
kl_publisher_dispose (GObject *object)
{
  KlPublisher *self = KL_PUBLISHER (object);

  for (int kind = 0; kind < 2; kind++)
    {
      Chain *chain = &self->chains[kind];

      /* The others go with the pipeline. */
      if (chain->own != NULL)
        detach_source (self, chain, chain->source);
      g_clear_object (&chain->source);
    }
  g_clear_object (&self->feed);
  g_clear_object (&self->pipeline);
  G_OBJECT_CLASS (kl_publisher_parent_class)->dispose (object);
}

static void
kl_publisher_finalize (GObject *object)
{
  KlPublisher *self = KL_PUBLISHER (object);

  g_clear_pointer (&self->voice, kl_call_voice_unref);
  g_atomic_rc_box_release (self->muted);
  kl_call_worker_unref (self->worker);
  G_OBJECT_CLASS (kl_publisher_parent_class)->finalize (object);
}

static void
kl_publisher_class_init (KlPublisherClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_publisher_get_property;
  object_class->set_property = kl_publisher_set_property;
  object_class->dispose = kl_publisher_dispose;
  object_class->finalize = kl_publisher_finalize;

  properties[PROP_AUDIO_SOURCE] = g_param_spec_object ("audio-source", NULL, NULL, KL_TYPE_MEDIA_SOURCE, writable);
  properties[PROP_VIDEO_SOURCE] = g_param_spec_object ("video-source", NULL, NULL, KL_TYPE_MEDIA_SOURCE, writable);
  properties[PROP_MUTED] = g_param_spec_boolean ("muted", NULL, NULL, FALSE, writable);
  properties[PROP_LEVEL] = g_param_spec_double ("level", NULL, NULL, 0, 1, 0, readable);
  properties[PROP_FEED] = g_param_spec_object ("feed", NULL, NULL, KL_TYPE_VIDEO_FEED, readable);
  properties[PROP_WIDTH] = g_param_spec_int ("width", NULL, NULL, 0, G_MAXINT, 0, readable);
  properties[PROP_HEIGHT] = g_param_spec_int ("height", NULL, NULL, 0, G_MAXINT, 0, readable);
  properties[PROP_BITRATE] = g_param_spec_uint ("bitrate", NULL, NULL, 0, G_MAXUINT, 0, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  failed_signal = g_signal_new ("failed", KL_TYPE_PUBLISHER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                KL_TYPE_MEDIA_SOURCE, G_TYPE_ERROR);
}

static void
kl_publisher_init (KlPublisher *self)
{
  self->feed = kl_video_feed_new ();
  self->muted = g_atomic_rc_box_new0 (int);
  for (int kind = 0; kind < 2; kind++)
    self->chains[kind].publisher = self;
}

KlPublisher *
kl_publisher_new (GstBin *pipeline, KlCallWorker *worker, const char *probe, gboolean encoder_a_peer, GError **error)
{
  g_autoptr (KlPublisher) self = g_object_new (KL_TYPE_PUBLISHER, NULL);

  self->pipeline = g_object_ref (pipeline);
  self->worker = kl_call_worker_ref (worker);
  if (!build_video (self, encoder_a_peer, error) || !build_audio (self, probe, error))
    return NULL;
  kl_publisher_set_size (self, KL_CALL_WIDTH, KL_CALL_HEIGHT);
  kl_publisher_set_bitrate (self, KL_CALL_VIDEO_BPS);
  return g_steal_pointer (&self);
}

KlMediaSource *
kl_publisher_get_source (KlPublisher *self, KlMediaKind kind)
{
  return self->chains[kind].source;
}

void
kl_publisher_set_source (KlPublisher *self, KlMediaKind kind, KlMediaSource *source)
{
  Chain *chain = &self->chains[kind];
  g_autoptr (KlMediaSource) old = chain->source != NULL ? g_object_ref (chain->source) : NULL;

  if (!g_set_object (&chain->source, source))
    return;
  detach_source (self, chain, old);
  if (kind == KL_MEDIA_VIDEO && source == NULL)
    kl_video_feed_clear (self->feed);
  g_object_notify_by_pspec (G_OBJECT (self), source_property (kind));
  if (source != NULL && chain->source == source)
    attach_source (self, kind);
}

gboolean
kl_publisher_get_muted (KlPublisher *self)
{
  return g_atomic_int_get (self->muted);
}

void
kl_publisher_set_muted (KlPublisher *self, gboolean muted)
{
  if (g_atomic_int_exchange (self->muted, !!muted) != !!muted)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MUTED]);
}

double
kl_publisher_get_level (KlPublisher *self)
{
  return self->level;
}

KlVideoFeed *
kl_publisher_get_feed (KlPublisher *self)
{
  return self->feed;
}

void
kl_publisher_set_size (KlPublisher *self, int width, int height)
{
  g_autoptr (GstCaps) caps = NULL;

  if (self->width == width && self->height == height)
    return;
  caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, width, "height",
                              G_TYPE_INT, height, "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, NULL);
  self->width = width;
  self->height = height;
  g_object_set (self->size_filter, "caps", caps, NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WIDTH]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HEIGHT]);
}

int
kl_publisher_get_width (KlPublisher *self)
{
  return self->width;
}

int
kl_publisher_get_height (KlPublisher *self)
{
  return self->height;
}

void
kl_publisher_set_bitrate (KlPublisher *self, guint bps)
{
  if (self->bitrate == bps)
    return;
  self->bitrate = bps;
  if (self->chains[KL_MEDIA_VIDEO].encoder != NULL)
    g_object_set (self->chains[KL_MEDIA_VIDEO].encoder, "target-bitrate", (int) bps, NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BITRATE]);
}

guint
kl_publisher_get_bitrate (KlPublisher *self)
{
  return self->bitrate;
}

void
kl_publisher_set_voice_processing (KlPublisher *self, gboolean echo, gboolean noise)
{
  if (self->voice != NULL)
    kl_call_voice_set (self->voice, echo, noise);
}

void
kl_publisher_force_key_frame (KlPublisher *self)
{
  g_autoptr (GstPad) pad = NULL;

  /* One of a peer's own begins with a key frame. */
  if (self->chains[KL_MEDIA_VIDEO].encoder == NULL)
    return;
  pad = gst_element_get_static_pad (self->chains[KL_MEDIA_VIDEO].encoder, "src");
  gst_pad_send_event (pad, gst_video_event_new_upstream_force_key_unit (GST_CLOCK_TIME_NONE, FALSE, 0));
}

GstElement *
kl_publisher_make_encoder (KlPublisher *self)
{
  GstElement *encoder;

  if (self->chains[KL_MEDIA_VIDEO].encoder != NULL)
    return NULL;
  encoder = gst_parse_launch (VIDEO_ENCODER, NULL);
  g_object_set (encoder, "target-bitrate", KL_CALL_VIDEO_BPS, NULL);
  return encoder;
}

GstPad *
kl_publisher_request_pad (KlPublisher *self, KlMediaKind kind)
{
  return gst_element_request_pad_simple (self->chains[kind].tee, "src_%u");
}

void
kl_publisher_release_pad (KlPublisher *self, KlMediaKind kind, GstPad *pad)
{
  if (self->chains[kind].tee != NULL)
    gst_element_release_request_pad (self->chains[kind].tee, pad);
}

gboolean
kl_publisher_take_message (KlPublisher *self, GstMessage *message)
{
  GstObject *source = GST_MESSAGE_SRC (message);

  if (source == GST_OBJECT (self->level_meter))
    {
      double level;

      if (kl_call_level_read (message, &level) && level != self->level)
        {
          self->level = level;
          g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LEVEL]);
        }
      return TRUE;
    }
  for (int kind = 0; kind < 2; kind++)
    {
      GstElement *element = self->chains[kind].element;
      g_autoptr (GError) error = NULL;

      if (element == NULL || !gst_object_has_as_ancestor (source, GST_OBJECT (element)))
        continue;
      if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
        {
          gst_message_parse_error (message, &error, NULL);
          fail_source (self, kind, error);
        }
      return TRUE;
    }
  return FALSE;
}
