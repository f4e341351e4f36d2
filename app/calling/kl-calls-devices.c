/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which source is open. It follows from what is wanted, what was chosen and what there is, and is found anew whenever one of
 * these changes: a microphone that goes is replaced by the next, and comes back when it is plugged in again. A camera
 * is never replaced by another unasked. */
#include "app/calling/kl-calls-private.h"

enum
{
  LOOK_MS = 2000, /* so long the system may take to say what there is */
};

static gboolean
has_item (GListModel *list, gpointer wanted)
{
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (list, i);

      if (item == wanted)
        return TRUE;
    }
  return FALSE;
}

static gboolean
has_failed (KlCalls *self, KlMediaSource *source)
{
  return g_ptr_array_find (self->failed, source, NULL);
}

static GListModel *
sources (KlCalls *self, KlMediaKind kind)
{
  return kind == KL_MEDIA_AUDIO ? kl_media_devices_get_microphones (self->devices)
                                : kl_media_devices_get_cameras (self->devices);
}

static gboolean
is_looking (KlCalls *self)
{
  return g_get_monotonic_time () - self->devices_usec < LOOK_MS * G_TIME_SPAN_MILLISECOND;
}

KlMediaSource *
kl_calls_find_chosen (KlCalls *self, KlMediaKind kind)
{
  KlMediaSource *chosen = self->chosen[kind];
  GListModel *list = sources (self, kind);

  /* One that is no device is always there. */
  if (chosen != NULL && (kl_media_source_get_device (chosen) == NULL || has_item (list, chosen)))
    return chosen;
  for (guint i = 0; self->chosen_id[kind] != NULL && i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (KlMediaSource) source = g_list_model_get_item (list, i);

      if (g_strcmp0 (kl_media_source_get_id (source), self->chosen_id[kind]) == 0)
        return source; /* the list holds it */
    }
  return NULL;
}

/* Lent; NULL: there is none. */
static KlMediaSource *
pick (KlCalls *self, KlMediaKind kind)
{
  GListModel *list = sources (self, kind);
  KlMediaSource *chosen = kl_calls_find_chosen (self, kind);

  if (chosen != NULL && !has_failed (self, chosen))
    return chosen;
  if (kind == KL_MEDIA_AUDIO && g_list_model_get_n_items (list) > 0 && !has_failed (self, self->system_microphone))
    return self->system_microphone;
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (KlMediaSource) source = g_list_model_get_item (list, i);

      if (!has_failed (self, source))
        return source; /* the list holds it */
    }
  return NULL;
}

void
kl_calls_apply_devices (KlCalls *self)
{
  KlPublisher *publisher = self->call != NULL ? kl_call_get_publisher (self->call) : NULL;
  KlMediaSource *video = self->screen;

  if (publisher == NULL)
    return;
  if (video == NULL && self->camera_wanted)
    {
      video = pick (self, KL_MEDIA_VIDEO);
      if (video == NULL && !is_looking (self))
        {
          self->camera_wanted = FALSE;
          self->camera_trouble = KL_CALLS_TROUBLE_MISSING;
        }
      else if (video != NULL)
        self->camera_trouble = KL_CALLS_TROUBLE_NONE;
    }
  kl_publisher_set_muted (publisher, self->muted);
  kl_publisher_set_source (publisher, KL_MEDIA_AUDIO, pick (self, KL_MEDIA_AUDIO));
  kl_publisher_set_source (publisher, KL_MEDIA_VIDEO, video);
  g_object_set (kl_call_get_speaker (self->call), "device", kl_calls_find_speaker (self), NULL);
  kl_publisher_set_voice_processing (publisher, self->echo, self->noise);
  kl_calls_update (self);
}

static void
on_source_failed (KlCall *call, KlMediaSource *source, const GError *error, KlCalls *self)
{
  g_debug ("calls: %s: %s", kl_media_source_get_label (source), error->message);
  if (source == self->screen)
    {
      kl_calls_drop_screen (self);
      return;
    }
  if (!has_failed (self, source))
    g_ptr_array_add (self->failed, g_object_ref (source));
  if (kl_media_source_get_kind (source) == KL_MEDIA_VIDEO)
    {
      self->camera_wanted = FALSE;
      self->camera_trouble = has_item (sources (self, KL_MEDIA_VIDEO), source) ? KL_CALLS_TROUBLE_BUSY
                                                                              : KL_CALLS_TROUBLE_MISSING;
    }
  kl_calls_apply_devices (self);
}

/* What has come, or come back, is worth a try. */
static void
on_devices_changed (GListModel *list, guint position, guint removed, guint added, KlCalls *self)
{
  if (added > 0)
    g_ptr_array_set_size (self->failed, 0);
  kl_calls_apply_devices (self);
}

static gboolean
on_looked (gpointer data)
{
  KlCalls *self = data;

  self->devices_source = 0;
  kl_calls_apply_devices (self);
  return G_SOURCE_REMOVE;
}

KlMediaDevices *
kl_calls_get_devices (KlCalls *self)
{
  g_return_val_if_fail (KL_IS_CALLS (self), NULL);

  if (self->devices != NULL)
    return self->devices;
  gst_init (NULL, NULL);
  self->devices = kl_media_devices_new ();
  self->devices_usec = g_get_monotonic_time ();
  self->devices_source = g_timeout_add (LOOK_MS + 1, on_looked, self);
  self->system_microphone = kl_media_source_new_default_microphone ();
  g_signal_connect_object (kl_media_devices_get_microphones (self->devices), "items-changed",
                           G_CALLBACK (on_devices_changed), self, 0);
  g_signal_connect_object (kl_media_devices_get_cameras (self->devices), "items-changed",
                           G_CALLBACK (on_devices_changed), self, 0);
  g_signal_connect_object (kl_media_devices_get_speakers (self->devices), "items-changed",
                           G_CALLBACK (on_devices_changed), self, 0);
  return self->devices;
}

void
kl_calls_open_devices (KlCalls *self)
{
  g_ptr_array_set_size (self->failed, 0);
  self->camera_trouble = KL_CALLS_TROUBLE_NONE;
  g_signal_connect_object (self->call, "source-failed", G_CALLBACK (on_source_failed), self, 0);
  kl_calls_apply_devices (self);
}

KlCallsTrouble
kl_calls_find_trouble (KlCalls *self, KlMediaKind kind)
{
  KlPublisher *publisher = self->call != NULL ? kl_call_get_publisher (self->call) : NULL;

  if (publisher == NULL)
    return KL_CALLS_TROUBLE_NONE;
  if (kind == KL_MEDIA_VIDEO)
    return self->camera_trouble;
  if (kl_publisher_get_source (publisher, kind) != NULL || (is_looking (self) && self->failed->len == 0))
    return KL_CALLS_TROUBLE_NONE;
  return g_list_model_get_n_items (sources (self, kind)) == 0 && self->chosen[kind] == NULL ? KL_CALLS_TROUBLE_MISSING
                                                                                            : KL_CALLS_TROUBLE_BUSY;
}

/* ── What a person chooses ── */

void
kl_calls_choose (KlCalls *self, KlMediaKind kind, KlMediaSource *source)
{
  g_return_if_fail (source == NULL || kl_media_source_get_kind (source) == kind);

  kl_calls_get_devices (self);
  g_set_object (&self->chosen[kind], source);
  g_set_str (&self->chosen_id[kind], source != NULL ? kl_media_source_get_id (source) : NULL);
  if (self->settings != NULL)
    g_settings_set_string (self->settings, kind == KL_MEDIA_AUDIO ? "call-microphone" : "call-camera",
                           self->chosen_id[kind] != NULL ? self->chosen_id[kind] : "");
  g_ptr_array_set_size (self->failed, 0);
  kl_calls_apply_devices (self);
}

static char *
dup_speaker_id (GstDevice *speaker)
{
  g_autoptr (GstStructure) more = gst_device_get_properties (speaker);
  const char *name = more != NULL ? gst_structure_get_string (more, "node.name") : NULL;

  return name != NULL ? g_strdup (name) : gst_device_get_display_name (speaker);
}

void
kl_calls_choose_speaker (KlCalls *self, GstDevice *speaker)
{
  g_free (self->speaker_id);
  self->speaker_id = speaker != NULL ? dup_speaker_id (speaker) : NULL;
  if (self->settings != NULL)
    g_settings_set_string (self->settings, "call-speaker", self->speaker_id != NULL ? self->speaker_id : "");
  kl_calls_get_devices (self);
  kl_calls_apply_devices (self);
}

GstDevice *
kl_calls_find_speaker (KlCalls *self)
{
  GListModel *list = self->devices != NULL ? kl_media_devices_get_speakers (self->devices) : NULL;

  for (guint i = 0; list != NULL && self->speaker_id != NULL && i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (GstDevice) speaker = g_list_model_get_item (list, i);
      g_autofree char *id = dup_speaker_id (speaker);

      if (g_str_equal (id, self->speaker_id))
        return speaker; /* the list holds it */
    }
  return NULL;
}

void
kl_calls_set_microphone_on (KlCalls *self, gboolean on)
{
  g_return_if_fail (KL_IS_CALLS (self));

  self->muted = !on;
  if (on)
    g_ptr_array_set_size (self->failed, 0);
  kl_calls_apply_devices (self);
  kl_calls_tell_media (self, FALSE);
}

void
kl_calls_set_camera_on (KlCalls *self, gboolean on)
{
  g_return_if_fail (KL_IS_CALLS (self));

  self->camera_wanted = on;
  self->camera_trouble = KL_CALLS_TROUBLE_NONE;
  if (on)
    g_ptr_array_set_size (self->failed, 0);
  kl_calls_apply_devices (self);
}

/* ── The screen ── */

void
kl_calls_take_screen (KlCalls *self, KlMediaSource *source)
{
  g_return_if_fail (KL_IS_CALLS (self));
  g_return_if_fail (KL_IS_MEDIA_SOURCE (source) && kl_media_source_get_screen (source));

  if (self->call == NULL)
    return;
  g_set_object (&self->screen, source);
  kl_calls_apply_devices (self);
}

void
kl_calls_drop_screen (KlCalls *self)
{
  g_autoptr (KlMediaSource) screen = g_steal_pointer (&self->screen);

  kl_calls_end_share (self);
  if (screen != NULL)
    kl_calls_apply_devices (self);
}
