/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person does in a call, by a button or a key. */
#include "app/ui/kl-call-host-private.h"

#include <glib/gi18n.h>
#include <libportal-gtk4/portal-gtk4.h>

#include "app/ui/kl-call-devices-dialog.h"
#include "app/ui/kl-call-statistics-dialog.h"
#include "app/ui/kl-call-view.h"

static void
on_microphone (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  KlCallHost *self = user_data;

  kl_calls_set_microphone_on (self->calls, !kl_calls_get_microphone_on (self->calls));
}

static void
on_camera (GSimpleAction *action,
           GVariant      *parameter,
           gpointer       user_data)
{
  KlCallHost *self = user_data;

  kl_calls_set_camera_on (self->calls, !kl_calls_get_camera_on (self->calls));
}

static void
on_shared (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (KlCallHost) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!kl_calls_share_screen_finish (KL_CALLS (source), result, &error) && error != NULL && self->calls != NULL
      && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    kl_call_host_toast (self, _ ("The desktop does not let Klatch share the screen."));
}

static void
on_share (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  KlCallHost *self = user_data;
  GtkWindow *window = kl_call_host_get_window (self);
  XdpParent *parent;

  if (kl_calls_get_screen_on (self->calls))
    {
      kl_calls_stop_sharing (self->calls);
      return;
    }
  parent = window != NULL ? xdp_parent_new_gtk (window) : NULL;
  kl_calls_share_screen_async (self->calls, parent, on_shared, g_object_ref (self));
  g_clear_pointer (&parent, xdp_parent_free);
}

static void
on_hand (GSimpleAction *action,
         GVariant      *state,
         gpointer       user_data)
{
  kl_calls_set_hand (KL_CALL_HOST (user_data)->calls, g_variant_get_boolean (state));
}

static void
on_leave (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  kl_calls_leave (KL_CALL_HOST (user_data)->calls);
}

static void
on_shrink (GSimpleAction *action,
           GVariant      *parameter,
           gpointer       user_data)
{
  kl_call_host_set_small (user_data, TRUE);
}

static void
on_grow (GSimpleAction *action,
         GVariant      *parameter,
         gpointer       user_data)
{
  kl_call_host_set_small (user_data, FALSE);
}

static void
on_chat (GSimpleAction *action,
         GVariant      *parameter,
         gpointer       user_data)
{
  KlCallHost *self = user_data;

  kl_call_host_set_small (self, TRUE);
  if (kl_calls_get_group (self->calls) != NULL)
    g_signal_emit_by_name (self, "chat", kl_calls_get_group (self->calls));
}

static void
on_large (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  KlCallHost *self = user_data;

  if (self->view != NULL)
    kl_call_view_set_large (KL_CALL_VIEW (self->view), !kl_call_view_get_large (KL_CALL_VIEW (self->view)));
}

static void
on_fullscreen (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  kl_call_host_toggle_fullscreen (user_data);
}

static void
on_react (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  KlCallHost *self = user_data;

  if (self->view != NULL)
    kl_call_view_show_reactions (KL_CALL_VIEW (self->view));
}

static void
on_react_with (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  kl_calls_react (KL_CALL_HOST (user_data)->calls, g_variant_get_string (parameter, NULL));
}

static void
on_rung (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (KlCallHost) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean rung = kl_calls_ring_finish (KL_CALLS (source), result, &error);

  if (self->calls == NULL)
    return;
  if (rung)
    kl_call_host_toast (self, _ ("Ringing…"));
  else
    kl_call_host_toast_error (self, error);
}

static void
on_ring_all (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  KlCallHost *self = user_data;

  kl_calls_ring_async (self->calls, NULL, on_rung, g_object_ref (self));
}

static void
on_devices (GSimpleAction *action,
            GVariant      *parameter,
            gpointer       user_data)
{
  KlCallHost *self = user_data;

  adw_dialog_present (kl_call_devices_dialog_new (self->calls), GTK_WIDGET (self));
}

static void
on_statistics (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  KlCallHost *self = user_data;

  if (kl_calls_get_call (self->calls) != NULL)
    adw_dialog_present (kl_call_statistics_dialog_new (self->calls), GTK_WIDGET (self));
}

static const GActionEntry entries[] = {
  { .name = "microphone", .activate = on_microphone },
  { .name = "camera", .activate = on_camera },
  { .name = "screen", .activate = on_share },
  { .name = "hand", .state = "false", .change_state = on_hand },
  { .name = "leave", .activate = on_leave },
  { .name = "shrink", .activate = on_shrink },
  { .name = "grow", .activate = on_grow },
  { .name = "chat", .activate = on_chat },
  { .name = "large", .activate = on_large },
  { .name = "fullscreen", .activate = on_fullscreen },
  { .name = "react", .activate = on_react },
  { .name = "react-with", .activate = on_react_with, .parameter_type = "s" },
  { .name = "ring", .activate = on_ring_all },
  { .name = "devices", .activate = on_devices },
  { .name = "statistics", .activate = on_statistics },
};

void
kl_call_host_add_commands (KlCallHost *self)
{
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "call", G_ACTION_GROUP (self->actions));
}
