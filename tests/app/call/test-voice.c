/* SPDX-License-Identifier: GPL-3.0-or-later
 * Echo cancellation and noise suppression in a microphone's chain that runs: what is there, what it does to a noise, and
 * that sound goes on. */
#include "app/call/kl-publisher.h"
#include "app/call/kl-speaker.h"
#include "tests/kit/kl-test.h"

#define PROBE "test-echo"

typedef struct
{
  GstElement *pipeline;
  KlCallWorker *worker;
  KlSpeaker *speaker;
  KlPublisher *publisher;
  KlMediaSource *noise;
  GstPad *tee_pad;
  guint bus_watch;
  gboolean stopped;
  int n_frames; /* atomic: of Opus */
  guint n_levels;
  double level;
} Fixture;

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  Fixture *self = data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    g_error ("%s complains", GST_MESSAGE_SRC_NAME (message));
  if (kl_publisher_take_message (self->publisher, message))
    return G_SOURCE_CONTINUE;
  kl_speaker_take_message (self->speaker, message);
  return G_SOURCE_CONTINUE;
}

static void
on_level (KlPublisher *publisher, GParamSpec *pspec, Fixture *self)
{
  self->level = kl_publisher_get_level (publisher);
  self->n_levels++;
}

static GstPadProbeReturn
on_frame (GstPad *pad, GstPadProbeInfo *info, gpointer n_frames)
{
  g_atomic_int_inc ((int *) n_frames);
  return GST_PAD_PROBE_OK;
}

static void
set_up (Fixture *self, gconstpointer probe)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstBus) bus = NULL;
  GstElement *nobody = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) entry = gst_element_get_static_pad (nobody, "sink");

  self->pipeline = g_object_ref_sink (gst_pipeline_new (NULL));
  self->worker = kl_call_worker_new ();
  self->speaker = kl_speaker_new (GST_BIN (self->pipeline), self->worker, TRUE, probe, &error);
  g_assert_no_error (error);
  self->publisher = kl_publisher_new (GST_BIN (self->pipeline), self->worker, probe, FALSE, &error);
  g_assert_no_error (error);
  g_object_set (nobody, "sync", FALSE, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (self->pipeline), nobody);
  self->tee_pad = kl_publisher_request_pad (self->publisher, KL_MEDIA_AUDIO);
  g_assert_cmpint (gst_pad_link (self->tee_pad, entry), ==, GST_PAD_LINK_OK);
  gst_pad_add_probe (self->tee_pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, &self->n_frames, NULL);
  bus = gst_element_get_bus (self->pipeline);
  self->bus_watch = gst_bus_add_watch (bus, on_message, self);
  g_signal_connect (self->publisher, "notify::level", G_CALLBACK (on_level), self);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  self->noise = kl_media_source_new_test_audio (0);
}

static void
on_stopped (gpointer data)
{
  ((Fixture *) data)->stopped = TRUE;
}

static void
tear_down (Fixture *self, gconstpointer probe)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  g_clear_handle_id (&self->bus_watch, g_source_remove);
  kl_publisher_set_source (self->publisher, KL_MEDIA_AUDIO, NULL);
  kl_call_worker_stop (self->worker, self->pipeline);
  kl_call_worker_then (self->worker, context, on_stopped, self);
  kl_test_wait_until (self->stopped);
  g_clear_pointer (&self->worker, kl_call_worker_unref);
  g_clear_object (&self->tee_pad);
  kl_test_finalize (self->publisher);
  kl_test_finalize (self->speaker);
  kl_test_finalize (self->noise);
  kl_test_finalize (self->pipeline);
}

/* Elements of this factory, in all; FOUND, which may be NULL, lends the last one. */
static guint
count (Fixture *self, const char *factory, GstElement **found)
{
  GstIterator *iterator = factory != NULL
                              ? gst_bin_iterate_all_by_element_factory_name (GST_BIN (self->pipeline), factory)
                              : gst_bin_iterate_recurse (GST_BIN (self->pipeline));
  GValue item = G_VALUE_INIT;
  guint n = 0;

  while (gst_iterator_next (iterator, &item) == GST_ITERATOR_OK)
    {
      n++;
      if (found != NULL)
        *found = g_value_get_object (&item); /* the pipeline holds it */
      g_value_reset (&item);
    }
  g_value_unset (&item);
  gst_iterator_free (iterator);
  return n;
}

static gboolean
is_so (Fixture *self, gboolean echo, gboolean noise)
{
  GstElement *dsp = NULL;
  gboolean has_echo = FALSE, has_noise = FALSE;

  if (count (self, "webrtcdsp", &dsp) != (echo || noise ? 1 : 0))
    return FALSE;
  if (dsp != NULL)
    g_object_get (dsp, "echo-cancel", &has_echo, "noise-suppression", &has_noise, NULL);
  return has_echo == echo && has_noise == noise;
}

static void
await_sound (Fixture *self)
{
  int before = g_atomic_int_get (&self->n_frames);

  kl_test_wait_until (g_atomic_int_get (&self->n_frames) > before + 25);
}

static void
set (Fixture *self, gboolean echo, gboolean noise)
{
  kl_publisher_set_voice_processing (self->publisher, echo, noise);
  kl_test_wait_until (is_so (self, echo, noise));
  await_sound (self);
}

static void
test_switched (Fixture *self, gconstpointer probe)
{
  double whole;
  guint elements;

  kl_publisher_set_source (self->publisher, KL_MEDIA_AUDIO, self->noise);
  set (self, FALSE, FALSE);
  elements = count (self, NULL, NULL);
  self->n_levels = 0;
  kl_test_wait_until (self->n_levels > 10);
  whole = self->level;
  g_assert_cmpfloat (whole, >, 0.6);

  /* With it comes a gain of its own, also where only the echo is taken away. */
  set (self, FALSE, TRUE);
  kl_test_wait_until (self->level < whole - 0.05);
  g_assert_cmpuint (count (self, NULL, NULL), ==, elements + 1);
  /* And back: the noise is there again. */
  set (self, FALSE, FALSE);
  kl_test_wait_until (self->level > whole - 0.02 && self->level < whole + 0.02);
  g_assert_cmpuint (count (self, NULL, NULL), ==, elements);
  set (self, TRUE, TRUE);
  kl_test_wait_until (self->level < whole - 0.05);
  set (self, TRUE, FALSE);
  kl_test_wait_until (self->level > whole + 0.05);

  /* As fast as it goes, while sound flows. */
  for (guint i = 0; i < 100; i++)
    {
      kl_publisher_set_voice_processing (self->publisher, i & 1, i & 2);
      kl_test_spin (i % 7);
    }
  set (self, FALSE, FALSE);
  g_assert_cmpuint (count (self, NULL, NULL), ==, elements);
}

/* A microphone that comes later finds what was chosen last. */
static void
test_before_a_microphone (Fixture *self, gconstpointer probe)
{
  g_assert_true (is_so (self, TRUE, TRUE));
  kl_publisher_set_voice_processing (self->publisher, FALSE, FALSE);
  kl_publisher_set_voice_processing (self->publisher, FALSE, TRUE);
  kl_publisher_set_source (self->publisher, KL_MEDIA_AUDIO, self->noise);
  await_sound (self);
  g_assert_true (is_so (self, FALSE, TRUE));
}

/* Without a probe there is no such thing, and nothing to switch. */
static void
test_none (Fixture *self, gconstpointer probe)
{
  kl_publisher_set_source (self->publisher, KL_MEDIA_AUDIO, self->noise);
  for (int i = 0; i < 4; i++)
    {
      kl_publisher_set_voice_processing (self->publisher, i & 1, i & 2);
      await_sound (self);
      g_assert_cmpuint (count (self, "webrtcdsp", NULL), ==, 0);
    }
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  gst_init (NULL, NULL);
  g_test_add ("/call/voice/switched", Fixture, PROBE, set_up, test_switched, tear_down);
  g_test_add ("/call/voice/before-a-microphone", Fixture, PROBE, set_up, test_before_a_microphone, tear_down);
  g_test_add ("/call/voice/none", Fixture, NULL, set_up, test_none, tear_down);
  return g_test_run ();
}
