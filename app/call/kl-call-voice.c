/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-call-voice.h"

struct _KlCallVoice
{
  gatomicrefcount refs;
  GMutex mutex;
  GstBin *bin;
  GstElement *before;
  GstElement *after;
  char *probe;
  gboolean echo, noise; /* wanted */
  gboolean changing;    /* what flows next brings it about */
  GstElement *dsp;      /* borrowed from the bin, or NULL */
  gboolean dsp_echo, dsp_noise;
};

void
kl_call_voice_unref (KlCallVoice *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_mutex_clear (&self->mutex);
  g_free (self->probe);
  g_free (self);
}

/* The old one is at rest before the new one begins: the probe has room for one. */
static void
take_out (KlCallVoice *self)
{
  GstElement *dsp = g_steal_pointer (&self->dsp);

  gst_element_unlink_many (self->before, dsp, self->after, NULL);
  gst_element_link (self->before, self->after);
  gst_element_set_locked_state (dsp, TRUE);
  gst_element_set_state (dsp, GST_STATE_NULL);
  gst_bin_remove (self->bin, dsp);
}

static void
put_in (KlCallVoice *self)
{
  self->dsp = gst_element_factory_make ("webrtcdsp", NULL);
  if (self->dsp == NULL)
    return;
  g_object_set (self->dsp, "probe", self->probe, "voice-detection", FALSE, "echo-cancel", self->echo,
                "noise-suppression", self->noise, NULL);
  self->dsp_echo = self->echo;
  self->dsp_noise = self->noise;
  gst_bin_add (self->bin, self->dsp);
  gst_element_unlink (self->before, self->after);
  gst_element_link_many (self->before, self->dsp, self->after, NULL);
  if (!gst_element_sync_state_with_parent (self->dsp))
    take_out (self); /* the voice goes on as it is */
}

static void
change (KlCallVoice *self)
{
  gboolean wanted = self->echo || self->noise;

  if (self->dsp != NULL && (!wanted || self->dsp_echo != self->echo || self->dsp_noise != self->noise))
    take_out (self);
  if (self->dsp == NULL && wanted)
    put_in (self);
}

KlCallVoice *
kl_call_voice_new (GstBin *bin, GstElement *before, GstElement *after, const char *probe)
{
  KlCallVoice *self = g_new0 (KlCallVoice, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  self->bin = bin;
  self->before = before;
  self->after = after;
  self->probe = g_strdup (probe);
  self->echo = self->noise = TRUE;
  change (self);
  if (self->dsp == NULL)
    g_clear_pointer (&self, kl_call_voice_unref);
  return self;
}

/* On the thread of what flows, ahead of it: what has been put in is told the format first. An idle probe may run on
 * another thread while a buffer is just beyond that point. */
static GstPadProbeReturn
on_next (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  KlCallVoice *self = data;

  g_mutex_lock (&self->mutex);
  self->changing = FALSE;
  change (self);
  g_mutex_unlock (&self->mutex);
  return GST_PAD_PROBE_REMOVE;
}

void
kl_call_voice_set (KlCallVoice *self, gboolean echo, gboolean noise)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (self->before, "src");
  gboolean is_new;

  g_mutex_lock (&self->mutex);
  is_new = !self->changing && (self->echo != !!echo || self->noise != !!noise);
  self->echo = !!echo;
  self->noise = !!noise;
  self->changing |= is_new;
  g_mutex_unlock (&self->mutex);
  if (!is_new)
    return;
  g_atomic_ref_count_inc (&self->refs);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM, on_next, self,
                     (GDestroyNotify) kl_call_voice_unref);
}
