/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-door.h"

#include <glib/gi18n.h>

#include "app/ui/kl-call-control.h"
#include "app/ui/kl-call-devices.h"
#include "app/ui/kl-call-tile.h"
#include "app/ui/kl-call-words.h"
#include "app/ui/kl-errors.h"
#include "app/ui/kl-notice.h"

struct _KlCallDoor
{
  AdwDialog parent_instance;

  AdwBin *preview_place;
  KlCallControl *microphone_control;
  KlCallControl *camera_control;
  GtkLevelBar *meter;
  KlNotice *audio_notice;
  KlNotice *video_notice;
  KlCallDevices *devices;
  GtkWidget *warning_label;
  GtkWidget *relay_row;
  KlNotice *error_notice;
  GtkButton *join_button;

  KlCalls *calls;
  KlGroup *group;
  KlPublisher *publisher;
  GSignalGroup *call_signals; /* of the group's call */
};

G_DEFINE_FINAL_TYPE (KlCallDoor, kl_call_door, ADW_TYPE_DIALOG)

static void
update_words (KlCallDoor *self)
{
  KlGroupCall *call = kl_group_get_call (self->group);
  guint n = call != NULL ? kl_group_call_get_n_people (call) : 0;
  gboolean joining = kl_calls_get_state (self->calls) == KL_CALLS_JOINING;
  g_autofree char *join = NULL;

  if (n > 0)
    join = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Join %u person", "Join %u people", n), n);
  else
    join = g_strdup (_ ("Start the call"));
  adw_dialog_set_title (ADW_DIALOG (self), n > 0 ? _ ("Join the call") : _ ("Start a call"));
  gtk_button_set_label (self->join_button, join);
  gtk_widget_set_sensitive (GTK_WIDGET (self->join_button), !joining);
}

static void
on_group_call (KlCallDoor *self)
{
  g_signal_group_set_target (self->call_signals, kl_group_get_call (self->group));
  update_words (self);
}

static void
update_troubles (KlCallDoor *self)
{
  kl_notice_show (self->audio_notice, KL_NOTICE_WARNING, kl_call_words_get_trouble (self->calls, KL_MEDIA_AUDIO));
  kl_notice_show (self->video_notice, KL_NOTICE_WARNING, kl_call_words_get_trouble (self->calls, KL_MEDIA_VIDEO));
}

static void
update_meter (KlCallDoor *self)
{
  gboolean on = kl_calls_get_microphone_on (self->calls);

  gtk_level_bar_set_value (self->meter, on ? CLAMP (kl_publisher_get_level (self->publisher), 0, 1) : 0);
}

static void
update_error (KlCallDoor *self)
{
  const GError *error = kl_calls_get_error (self->calls);
  g_autofree char *sentence = error != NULL ? kl_error_dup_sentence (error) : NULL;

  kl_notice_show (self->error_notice, KL_NOTICE_ERROR, sentence);
}

static void
on_state (KlCallDoor *self)
{
  KlCallsState state = kl_calls_get_state (self->calls);

  if (state == KL_CALLS_CHECKING || state == KL_CALLS_JOINING)
    update_words (self);
  else
    adw_dialog_force_close (ADW_DIALOG (self));
}

static void
on_join (KlCallDoor *self)
{
  kl_notice_hide (self->error_notice);
  kl_calls_join (self->calls);
}

static void
on_closed (KlCallDoor *self)
{
  KlCallsState state = kl_calls_get_state (self->calls);

  g_signal_handlers_disconnect_by_func (self->calls, on_state, self);
  if (state == KL_CALLS_CHECKING || state == KL_CALLS_JOINING)
    kl_calls_leave (self->calls);
}

static void
set_calls (KlCallDoor *self,
           KlCalls    *calls)
{
  GtkWidget *preview;

  self->calls = g_object_ref (calls);
  self->group = g_object_ref (kl_calls_get_group (calls));
  self->publisher = g_object_ref (kl_call_get_publisher (kl_calls_get_call (calls)));
  preview = kl_call_tile_new_own (self->publisher, kl_session_get_me (kl_calls_get_session (calls)));
  adw_bin_set_child (self->preview_place, preview);
  kl_call_control_set_calls (self->microphone_control, calls);
  kl_call_control_set_calls (self->camera_control, calls);
  kl_call_devices_set_calls (self->devices, calls, TRUE);
  gtk_widget_set_visible (self->warning_label, !kl_calls_get_warned (calls));
  g_object_bind_property (calls, "always-relay", self->relay_row, "active", G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);

  g_signal_connect_object (calls, "notify::state", G_CALLBACK (on_state), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "notify::error", G_CALLBACK (update_error), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "notify::audio-trouble", G_CALLBACK (update_troubles), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "notify::video-trouble", G_CALLBACK (update_troubles), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "notify::microphone-on", G_CALLBACK (update_meter), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->publisher, "notify::level", G_CALLBACK (update_meter), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->group, "notify::call", G_CALLBACK (on_group_call), self, G_CONNECT_SWAPPED);
  on_group_call (self);
  update_troubles (self);
  update_meter (self);
  update_error (self);
}

AdwDialog *
kl_call_door_new (KlCalls *calls)
{
  KlCallDoor *self;

  g_return_val_if_fail (KL_IS_CALLS (calls) && kl_calls_get_call (calls) != NULL, NULL);

  self = g_object_new (KL_TYPE_CALL_DOOR, NULL);
  set_calls (self, calls);
  return ADW_DIALOG (self);
}

static void
kl_call_door_dispose (GObject *object)
{
  KlCallDoor *self = KL_CALL_DOOR (object);

  g_clear_object (&self->call_signals);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_DOOR);
  g_clear_object (&self->publisher);
  g_clear_object (&self->group);
  g_clear_object (&self->calls);
  G_OBJECT_CLASS (kl_call_door_parent_class)->dispose (object);
}

static void
kl_call_door_class_init (KlCallDoorClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_call_door_dispose;

  g_type_ensure (KL_TYPE_CALL_CONTROL);
  g_type_ensure (KL_TYPE_CALL_DEVICES);
  g_type_ensure (KL_TYPE_NOTICE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-door.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, preview_place);
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, microphone_control);
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, camera_control);
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, meter);
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, audio_notice);
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, video_notice);
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, devices);
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, warning_label);
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, relay_row);
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, error_notice);
  gtk_widget_class_bind_template_child (widget_class, KlCallDoor, join_button);
  gtk_widget_class_bind_template_callback (widget_class, on_join);
  gtk_widget_class_bind_template_callback (widget_class, on_closed);
}

static void
kl_call_door_init (KlCallDoor *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->call_signals = g_signal_group_new (KL_TYPE_GROUP_CALL);
  g_signal_group_connect_object (self->call_signals, "notify::n-people", G_CALLBACK (update_words), self, G_CONNECT_SWAPPED);
  adw_dialog_set_default_widget (ADW_DIALOG (self), GTK_WIDGET (self->join_button));
}
