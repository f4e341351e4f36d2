/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-call-media.h"

#include <gst/video/video.h>

#include "app/call/kl-call-element.h"

enum
{
  YOUNG_MS = 1500,    /* so long a peer may ask for key frames as often as it likes, */
  ASK_AGAIN_MS = 500, /* later only so often: they are large, and what was lost is being repaired */
};

typedef enum
{
  CLOSED,
  WAITING, /* for a key frame */
  OPEN,
} GateState;

struct _KlCallGate
{
  gatomicrefcount refs;
  gint64 born_usec;
  int opened_ms; /* atomic: since born */
  int asked_ms;  /* atomic: likewise */
  int state;     /* atomic */
};

KlCallGate *
kl_call_gate_new (void)
{
  KlCallGate *self = g_new0 (KlCallGate, 1);

  g_atomic_ref_count_init (&self->refs);
  self->born_usec = g_get_monotonic_time ();
  return self;
}

KlCallGate *
kl_call_gate_ref (KlCallGate *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
kl_call_gate_unref (KlCallGate *self)
{
  if (g_atomic_ref_count_dec (&self->refs))
    g_free (self);
}

static int
now_ms (KlCallGate *self)
{
  return (int) ((g_get_monotonic_time () - self->born_usec) / 1000);
}

void
kl_call_gate_set_open (KlCallGate *self, gboolean open)
{
  if (open)
    g_atomic_int_set (&self->opened_ms, now_ms (self));
  g_atomic_int_set (&self->state, open ? WAITING : CLOSED);
}

static GstPadProbeReturn
on_frame (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  KlCallGate *gate = data;
  int state = g_atomic_int_get (&gate->state);

  if (state == OPEN)
    return GST_PAD_PROBE_OK;
  if (state == CLOSED || GST_BUFFER_FLAG_IS_SET (GST_PAD_PROBE_INFO_BUFFER (info), GST_BUFFER_FLAG_DELTA_UNIT))
    return GST_PAD_PROBE_DROP;
  /* Closed in this very moment, it stays closed. */
  return g_atomic_int_compare_and_exchange (&gate->state, WAITING, OPEN) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

/* The first key frame may come before the peer can read it: its request for another is not to wait. */
static GstPadProbeReturn
on_asked (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  KlCallGate *gate = data;
  int now = now_ms (gate);

  if (!gst_video_event_is_force_key_unit (GST_PAD_PROBE_INFO_EVENT (info)))
    return GST_PAD_PROBE_OK;
  if (now - g_atomic_int_get (&gate->opened_ms) > YOUNG_MS && now - g_atomic_int_get (&gate->asked_ms) < ASK_AGAIN_MS)
    return GST_PAD_PROBE_DROP;
  g_atomic_int_set (&gate->asked_ms, now);
  return GST_PAD_PROBE_OK;
}

/* webrtcbin holds back what comes before its connection is there. A query that waits in the queue behind that would
 * hold up the encoder, and with it everybody. */
static GstPadProbeReturn
on_query (GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
  return GST_QUERY_IS_SERIALIZED (GST_PAD_PROBE_INFO_QUERY (info)) ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* Leaky queues count buffers, never time (of Opus, one has 20 ms): a queue can be full of time and hold nothing, as after
 * a jump of the clock, and then aborts the program. */
static GstElement *
make_queue (KlMediaKind kind)
{
  GstElement *queue = gst_element_factory_make ("queue", NULL);

  gst_util_set_object_arg (G_OBJECT (queue), "leaky", "downstream");
  g_object_set (queue, "max-size-bytes", 0, "max-size-buffers", kind == KL_MEDIA_VIDEO ? 60 : 10, "max-size-time",
                (guint64) 0, NULL);
  return queue;
}

GstPad *
kl_call_media_add_sender (GstBin *bin, GstElement *webrtc, KlMediaKind kind, const KlCallCodec *codec,
                          GstElement *encoder, KlCallGate *gate)
{
  const char *name = kind == KL_MEDIA_VIDEO ? "video" : "audio";
  GstElement *queue = make_queue (kind);
  GstElement *payloader = gst_element_factory_make (kind == KL_MEDIA_VIDEO ? "rtpvp8pay" : "rtpopuspay", NULL);
  GstElement *filter = gst_element_factory_make ("capsfilter", NULL);
  g_autoptr (GstCaps) codecs = kl_call_codec_caps (codec, kind);
  g_autoptr (GstCaps) caps = gst_caps_copy (codecs);
  g_autoptr (GstPad) entry = gst_element_get_static_pad (queue, "sink");
  g_autoptr (GstPad) exit = gst_element_get_static_pad (filter, "src");
  g_autoptr (GstPad) line = NULL;
  g_autoptr (GObject) transceiver = NULL;
  GstPad *ghost;

  /* Chosen here, not by the payloader with its first frame: the description names it before any frame has come, and
   * Chromium decodes, but never draws, what comes from another source than the one named. */
  gst_caps_set_simple (caps, "ssrc", G_TYPE_UINT, (guint) g_random_int_range (1, G_MAXINT32), NULL);
  g_object_set (payloader, "pt", codec->payload, NULL);
  if (kind == KL_MEDIA_VIDEO)
    gst_util_set_object_arg (G_OBJECT (payloader), "picture-id-mode", "15-bit");
  g_object_set (filter, "caps", caps, NULL);
  gst_bin_add_many (bin, queue, payloader, filter, NULL);
  gst_element_link (payloader, filter);
  if (encoder != NULL)
    {
      g_object_set (queue, "max-size-buffers", 2, NULL);
      gst_bin_add (bin, encoder);
      gst_element_link_many (queue, encoder, payloader, NULL);
    }
  else
    gst_element_link (queue, payloader);
  line = gst_element_request_pad (webrtc, gst_element_get_pad_template (webrtc, "sink_%u"), NULL, caps);
  g_object_get (line, "transceiver", &transceiver, NULL);
  g_object_set (transceiver, "codec-preferences", codecs, "do-nack", kind == KL_MEDIA_VIDEO, NULL);
  gst_pad_link (exit, line);
  gst_pad_add_probe (entry, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, on_query, NULL, NULL);
  if (gate != NULL)
    {
      gst_pad_add_probe (entry, GST_PAD_PROBE_TYPE_BUFFER, on_frame, kl_call_gate_ref (gate),
                         (GDestroyNotify) kl_call_gate_unref);
      gst_pad_add_probe (entry, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_asked, kl_call_gate_ref (gate),
                         (GDestroyNotify) kl_call_gate_unref);
    }
  ghost = gst_ghost_pad_new (name, entry);
  gst_pad_set_active (ghost, TRUE);
  gst_element_add_pad (GST_ELEMENT (bin), ghost);
  return ghost;
}

/* In this order: what pushes into a chain that does not run yet is told "flushing", and stops for good. */
static void
start_chain (GstBin *bin, GstElement *chain, GstPad *pad)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (chain, "sink");

  gst_element_sync_state_with_parent (chain);
  gst_pad_link (pad, sink);
}

static void
add_video (GstBin *bin, GstPad *pad, KlVideoFeed *feed)
{
  GstElement *chain = kl_call_element_launch (bin, NULL,
                                              "rtpvp8depay request-keyframe=true wait-for-keyframe=true ! "
                                              "vp8dec threads=1");
  GstElement *sink = kl_video_feed_make_sink (feed);

  gst_bin_add (bin, sink);
  gst_element_link (chain, sink);
  gst_element_sync_state_with_parent (sink);
  start_chain (bin, chain, pad);
}

/* Without use-inband-fec: nobody sends what it reads, it holds sound back by a frame, and opusdec 1.26 then never lets go
 * of the packet behind a gap that is too short to be concealed (2.5 ms), of which a machine under load sees many. */
static GstPad *
add_audio (GstBin *bin, GstPad *pad, KlSpeaker *speaker)
{
  GstElement *chain = kl_call_element_launch (bin, NULL,
                                              "rtpopusdepay ! opusdec plc=true ! audioconvert ! "
                                              "audioresample ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! "
                                              "level name=" KL_CALL_MEDIA_LEVEL " interval=100000000 ! "
                                              "queue leaky=downstream max-size-buffers=15 max-size-bytes=0 max-size-time=0");
  g_autoptr (GstPad) src = gst_element_get_static_pad (chain, "src");
  GstPad *mixer_pad = kl_speaker_request_pad (speaker);
  GstPad *ghost = gst_ghost_pad_new (NULL, src);

  gst_pad_set_active (ghost, TRUE);
  gst_element_add_pad (GST_ELEMENT (bin), ghost);
  gst_pad_link (ghost, mixer_pad);
  start_chain (bin, chain, pad);
  return mixer_pad;
}

GstPad *
kl_call_media_add_receiver (GstBin *bin, GstPad *pad, KlVideoFeed *feed, KlSpeaker *speaker)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const char *encoding = NULL;
  GstElement *nobody;

  if (caps == NULL)
    caps = gst_pad_query_caps (pad, NULL);
  if (!gst_caps_is_empty (caps) && !gst_caps_is_any (caps))
    encoding = gst_structure_get_string (gst_caps_get_structure (caps, 0), "encoding-name");
  if (g_strcmp0 (encoding, "VP8") == 0 && feed != NULL)
    {
      add_video (bin, pad, feed);
      return NULL;
    }
  if (g_strcmp0 (encoding, "OPUS") == 0)
    return add_audio (bin, pad, speaker);
  nobody = gst_element_factory_make ("fakesink", NULL);
  g_object_set (nobody, "async", FALSE, "sync", FALSE, NULL);
  gst_bin_add (bin, nobody);
  start_chain (bin, nobody, pad);
  return NULL;
}
