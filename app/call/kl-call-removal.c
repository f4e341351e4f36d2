/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-call-removal.h"

typedef struct
{
  gatomicrefcount refs; /* one a tee pad that is still linked, and one */
  GMainContext *context;
  int unlinked[2]; /* atomic: an idle probe may call twice */
  KlCallRemoval what;
} Removal;

static gboolean
finish_removal (gpointer data)
{
  Removal *removal = data;

  for (int kind = 0; kind < 2; kind++)
    if (removal->what.tee_pads[kind] != NULL)
      {
        kl_publisher_release_pad (removal->what.publisher, kind, removal->what.tee_pads[kind]);
        gst_object_unref (removal->what.tee_pads[kind]);
      }
  gst_element_set_locked_state (removal->what.bin, TRUE);
  if (removal->what.mixer_pad != NULL)
    {
      kl_speaker_release_pad (removal->what.speaker, removal->what.mixer_pad);
      gst_object_unref (removal->what.mixer_pad);
    }
  kl_call_worker_stop_expected (removal->what.worker, removal->what.bin);
  g_object_unref (removal->what.bin);
  g_object_unref (removal->what.publisher);
  g_object_unref (removal->what.speaker);
  kl_call_worker_unref (removal->what.worker);
  g_main_context_unref (removal->context);
  g_free (removal);
  return G_SOURCE_REMOVE;
}

static void
removal_unref (gpointer data)
{
  Removal *removal = data;
  GSource *source;

  if (!g_atomic_ref_count_dec (&removal->refs))
    return;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, finish_removal, removal, NULL);
  g_source_attach (source, removal->context);
  g_source_unref (source);
}

static GstPadProbeReturn
on_tee_idle (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Removal *removal = data;
  KlMediaKind kind = pad == removal->what.tee_pads[KL_MEDIA_VIDEO] ? KL_MEDIA_VIDEO : KL_MEDIA_AUDIO;
  g_autoptr (GstPad) peer = NULL;

  if (!g_atomic_int_compare_and_exchange (&removal->unlinked[kind], FALSE, TRUE))
    return GST_PAD_PROBE_REMOVE;
  peer = gst_pad_get_peer (pad);
  if (peer != NULL)
    gst_pad_unlink (pad, peer);
  return GST_PAD_PROBE_REMOVE;
}

void
kl_call_removal_start (const KlCallRemoval *what)
{
  Removal *removal = g_new0 (Removal, 1);

  g_atomic_ref_count_init (&removal->refs);
  removal->context = g_main_context_ref_thread_default ();
  removal->what = *what;
  kl_call_worker_ref (what->worker);
  kl_call_worker_expect (what->worker);
  g_object_ref (what->publisher);
  g_object_ref (what->speaker);
  for (int kind = 0; kind < 2; kind++)
    if (what->tee_pads[kind] != NULL)
      {
        g_atomic_ref_count_inc (&removal->refs);
        gst_pad_add_probe (what->tee_pads[kind], GST_PAD_PROBE_TYPE_IDLE, on_tee_idle, removal, removal_unref);
      }
  removal_unref (removal);
}
