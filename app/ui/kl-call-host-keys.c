/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-host-private.h"

static gboolean
is_writing (KlCallHost *self)
{
  GtkWindow *window = kl_call_host_get_window (self);
  GtkWidget *focus = window != NULL ? gtk_root_get_focus (GTK_ROOT (window)) : NULL;

  return focus != NULL && (GTK_IS_TEXT_VIEW (focus) || GTK_IS_EDITABLE (focus));
}

/* A dialogue has the keys to itself. */
static gboolean
is_asked (KlCallHost *self)
{
  GtkWindow *window = kl_call_host_get_window (self);

  if (ADW_IS_APPLICATION_WINDOW (window))
    return adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (window)) != NULL;
  return ADW_IS_WINDOW (window) && adw_window_get_visible_dialog (ADW_WINDOW (window)) != NULL;
}

static gboolean
take_escape (KlCallHost *self)
{
  GtkWindow *window = kl_call_host_get_window (self);

  if (self->small)
    return GDK_EVENT_PROPAGATE;
  if (window != NULL && gtk_window_is_fullscreen (window))
    gtk_window_unfullscreen (window);
  else
    kl_call_host_set_small (self, TRUE);
  return GDK_EVENT_STOP;
}

static gboolean
on_key_pressed (KlCallHost      *self,
                guint            keyval,
                guint            keycode,
                GdkModifierType  modifiers)
{
  static const struct
  {
    guint keyval;
    const char *action;
  } keys[] = { { GDK_KEY_m, "microphone" }, { GDK_KEY_v, "camera" }, { GDK_KEY_s, "screen" }, { GDK_KEY_h, "hand" } };

  if (self->view == NULL || is_asked (self) || (modifiers & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  if (keyval == GDK_KEY_F11 && !self->small)
    {
      kl_call_host_toggle_fullscreen (self);
      return GDK_EVENT_STOP;
    }
  if (keyval == GDK_KEY_Escape)
    return take_escape (self);
  if (is_writing (self))
    return GDK_EVENT_PROPAGATE;
  if (keyval == GDK_KEY_space)
    {
      if (kl_calls_get_microphone_on (self->calls))
        {
          self->held = TRUE;
          kl_calls_set_microphone_on (self->calls, FALSE);
        }
      return GDK_EVENT_STOP;
    }
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (gdk_keyval_to_lower (keyval) == keys[i].keyval)
      {
        g_action_group_activate_action (G_ACTION_GROUP (self->actions), keys[i].action, NULL);
        return GDK_EVENT_STOP;
      }
  return GDK_EVENT_PROPAGATE;
}

static void
let_go (KlCallHost *self)
{
  if (!self->held)
    return;
  self->held = FALSE;
  kl_calls_set_microphone_on (self->calls, TRUE);
}

static void
on_key_released (KlCallHost *self,
                 guint       keyval)
{
  if (keyval == GDK_KEY_space)
    let_go (self);
}

/* Last of all, after what is being written in. */
void
kl_call_host_add_keys (KlCallHost *self,
                       GtkWindow  *window)
{
  self->keys = gtk_event_controller_key_new ();
  g_signal_connect_object (self->keys, "key-pressed", G_CALLBACK (on_key_pressed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->keys, "key-released", G_CALLBACK (on_key_released), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (window), self->keys);
  /* A key that is let go in another window is not told of here. */
  g_signal_connect_object (window, "notify::is-active", G_CALLBACK (let_go), self, G_CONNECT_SWAPPED);
}

void
kl_call_host_remove_keys (KlCallHost *self,
                          GtkWindow  *window)
{
  g_signal_handlers_disconnect_by_func (window, let_go, self);
  gtk_widget_remove_controller (GTK_WIDGET (window), self->keys);
  self->keys = NULL;
}
