/* SPDX-License-Identifier: GPL-3.0-or-later
 * A peer's packets on their way to the speaker: nothing of them is left when the call is over, however they came. */
#include "app/call/kl-call-media.h"
#include "tests/kit/kl-test.h"

#include <string.h>

enum
{
  PACKETS = 40,
  PACKET_MS = 20,
  HEADER_BYTES = 12,
};

typedef struct
{
  GstElement *pipeline;
  KlCallWorker *worker;
  KlSpeaker *speaker;
  KlVideoFeed *feed;
  GstElement *bin;
  GstPad *pad; /* webrtcbin's, as the receiver sees it */
  GstPad *mixer_pad;
  guint made;
  guint freed;  /* atomic */
  guint played; /* atomic */
} Fixture;

static GstPadProbeReturn
on_sound (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_atomic_int_inc (&((Fixture *) data)->played);
  return GST_PAD_PROBE_OK;
}

static void
begin_stream (GstPad *pad)
{
  g_autoptr (GstCaps) caps
      = gst_caps_from_string ("application/x-rtp,media=audio,payload=111,clock-rate=48000,encoding-name=OPUS");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_set_active (pad, TRUE);
  gst_pad_push_event (pad, gst_event_new_stream_start ("peer"));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  self->pipeline = g_object_ref_sink (gst_pipeline_new (NULL));
  self->worker = kl_call_worker_new ();
  self->speaker = kl_speaker_new (GST_BIN (self->pipeline), self->worker, TRUE, NULL, &error);
  g_assert_no_error (error);
  self->feed = kl_video_feed_new ();
  self->bin = gst_bin_new (NULL);
  gst_bin_add (GST_BIN (self->pipeline), self->bin);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  self->pad = g_object_ref_sink (gst_pad_new ("src", GST_PAD_SRC));
  begin_stream (self->pad);
  self->mixer_pad = kl_call_media_add_receiver (GST_BIN (self->bin), self->pad, self->feed, self->speaker);
  g_assert_nonnull (self->mixer_pad);
  gst_pad_add_probe (self->mixer_pad, GST_PAD_PROBE_TYPE_BUFFER, on_sound, self, NULL);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  kl_speaker_release_pad (self->speaker, self->mixer_pad);
  gst_object_unref (self->mixer_pad);
  gst_object_unref (self->pad);
  g_object_unref (self->feed);
  kl_test_finalize (self->speaker);
  kl_call_worker_unref (self->worker);
  kl_test_finalize (self->pipeline);
  g_assert_cmpuint (self->made, >, 0);
  g_assert_cmpuint ((guint) g_atomic_int_get (&self->freed), ==, self->made);
}

typedef struct
{
  Fixture *fixture;
  guint8 bytes[HEADER_BYTES + 4];
} Packet;

static void
packet_free (gpointer data)
{
  Packet *packet = data;

  g_atomic_int_inc (&packet->fixture->freed);
  g_free (packet);
}

static void
push_packet (Fixture *self, guint number)
{
  static const guint8 silence[] = { 0xf8, 0xff, 0xfe, 0x00 }; /* CELT, 20 ms, mono */
  Packet *packet = g_new0 (Packet, 1);
  GstBuffer *buffer;

  packet->fixture = self;
  packet->bytes[0] = 0x80;
  packet->bytes[1] = 111;
  GST_WRITE_UINT16_BE (packet->bytes + 2, number);
  GST_WRITE_UINT32_BE (packet->bytes + 4, number * PACKET_MS * 48);
  GST_WRITE_UINT32_BE (packet->bytes + 8, 1);
  memcpy (packet->bytes + HEADER_BYTES, silence, sizeof silence);
  buffer = gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, packet->bytes, sizeof packet->bytes, 0,
                                        sizeof packet->bytes, packet, packet_free);
  GST_BUFFER_PTS (buffer) = number * PACKET_MS * GST_MSECOND;
  self->made++;
  g_assert_cmpint (gst_pad_push (self->pad, buffer), ==, GST_FLOW_OK);
}

/* As the jitter buffer says it. */
static void
push_loss (Fixture *self, guint number, GstClockTime duration)
{
  GstStructure *lost = gst_structure_new ("GstRTPPacketLost", "seqnum", G_TYPE_UINT, number, "timestamp", G_TYPE_UINT64,
                                          (guint64) (number * PACKET_MS * GST_MSECOND), "duration", G_TYPE_UINT64,
                                          (guint64) duration, "retry", G_TYPE_UINT, 0, NULL);

  gst_pad_push_event (self->pad, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, lost));
}

/* Every third is lost, and by the clock was this long. */
static void
test_loss (Fixture *self, gconstpointer data)
{
  GstClockTime duration = GPOINTER_TO_UINT (data) * GST_USECOND;

  for (guint number = 0; number < PACKETS; number++)
    if (number % 3 == 2)
      push_loss (self, number, duration);
    else
      push_packet (self, number);
  kl_test_wait_until (g_atomic_int_get (&self->played) > 0);
}

int
main (int argc, char **argv)
{
  static const guint durations_usec[] = { 100, 1000, 2000, 2600, PACKET_MS * 1000 };

  kl_test_init (&argc, &argv);
  gst_init (NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (durations_usec); i++)
    {
      g_autofree char *name = g_strdup_printf ("/call/receiver/loss/%u-usec", durations_usec[i]);

      g_test_add (name, Fixture, GUINT_TO_POINTER (durations_usec[i]), set_up, test_loss, tear_down);
    }
  return g_test_run ();
}
