/* SPDX-License-Identifier: GPL-3.0-or-later */
/* While the call fills the window, what is under it is not visible: neither drawn, nor found by Tab or a screen reader. */
#include "app/ui/kl-call-host.h"

#include <glib/gi18n.h>
#include <libportal-gtk4/portal-gtk4.h>

#include "app/ui/kl-call-devices-dialog.h"
#include "app/ui/kl-call-door.h"
#include "app/ui/kl-call-mini.h"
#include "app/ui/kl-call-statistics-dialog.h"
#include "app/ui/kl-call-view.h"
#include "app/ui/kl-errors.h"
#include "app/ui/kl-incoming-dialog.h"

enum
{
  MINI_WIDTH = 288,
  MINI_HEIGHT = 230,
  MINI_NARROW_WIDTH = 216,
  MINI_NARROW_HEIGHT = 180,
  NARROW = 720,
  EDGE = 18,
  REST_TOP = 60,    /* below a header */
  REST_BOTTOM = 74, /* above the line one writes in */
  DRAG_FROM = 8,
  RING_ALL_UP_TO = 50,
};

#define SPRING_DAMPING 0.9
#define SPRING_STIFFNESS 300

struct _KlCallHost
{
  AdwBin parent_instance;

  KlCalls *calls;
  KlCall *call; /* that view and mini show; lent by calls */
  GtkWidget *view;
  GtkWidget *mini;
  gboolean small;
  GSimpleActionGroup *actions;
  GtkWidget *focus_before; /* weak */
  AdwDialog *door;         /* weak */
  AdwDialog *incoming;     /* weak */
  KlRing *ring;            /* that incoming shows */
  gboolean held;           /* Space mutes */

  /* Where the small one is: a corner, and how far from it. */
  gboolean at_start, at_top;
  double off_x, off_y;
  double drag_x, drag_y; /* off at the drag's begin */
  gboolean dragging;
  double snap_x, snap_y; /* off at the snap's begin */
  AdwAnimation *snap;
  GtkEventController *keys; /* of the window, while we are in one */
};

typedef enum
{
  PROP_SMALL = 1,
} Prop;

enum
{
  SIGNAL_CHAT,
  N_SIGNALS,
};

static GParamSpec *properties[PROP_SMALL + 1];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlCallHost, kl_call_host, ADW_TYPE_BIN)

static void
toast (KlCallHost *self,
       const char *text)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.toast", "s", text);
}

static void
toast_error (KlCallHost   *self,
             const GError *error)
{
  g_autofree char *sentence = NULL;

  if (g_error_matches (error, KL_CALLS_ERROR, KL_CALLS_ERROR_REMOVED))
    sentence = g_strdup (_ ("The call is over for you: you are no longer in this group."));
  else if (error->domain == KL_CALL_ERROR)
    sentence = g_strdup (_ ("The call could not go on: a part that calls need is missing on this computer."));
  else
    sentence = kl_error_dup_sentence (error);
  toast (self, sentence);
}

static GtkWindow *
get_window (KlCallHost *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  return GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL;
}

/* ── Large and small ─────────────────────────────────────────────────────── */

static void
place (KlCallHost *self)
{
  GtkWidget *child = adw_bin_get_child (ADW_BIN (self));
  gboolean filled = self->view != NULL && !self->small;

  if (child != NULL)
    gtk_widget_set_child_visible (child, !filled);
  if (self->view != NULL)
    {
      gtk_widget_set_visible (self->view, filled);
      gtk_widget_set_visible (self->mini, !filled);
    }
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
set_focus_before (KlCallHost *self,
                  GtkWidget  *focus)
{
  g_set_weak_pointer (&self->focus_before, focus);
}

static void
restore_focus (KlCallHost *self)
{
  GtkWidget *child = adw_bin_get_child (ADW_BIN (self));

  if (self->focus_before != NULL && gtk_widget_get_mapped (self->focus_before))
    gtk_widget_grab_focus (self->focus_before);
  else if (child != NULL)
    gtk_widget_child_focus (child, GTK_DIR_TAB_FORWARD);
  set_focus_before (self, NULL);
}

static void
set_small (KlCallHost *self,
           gboolean    small)
{
  GtkWindow *window = get_window (self);

  if (self->view == NULL || self->small == small)
    return;
  if (!small && window != NULL)
    set_focus_before (self, gtk_root_get_focus (GTK_ROOT (window)));
  if (small && window != NULL && gtk_window_is_fullscreen (window))
    gtk_window_unfullscreen (window);
  self->small = small;
  place (self);
  if (small)
    restore_focus (self);
  else
    gtk_widget_grab_focus (self->view);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SMALL]);
}

gboolean
kl_call_host_get_small (KlCallHost *self)
{
  g_return_val_if_fail (KL_IS_CALL_HOST (self), FALSE);

  return self->view != NULL && self->small;
}

/* A dialogue that closes gives the focus back to where it was, which may be covered now. */
static void
on_focus (KlCallHost *self)
{
  GtkWindow *window = get_window (self);
  GtkWidget *focus = window != NULL ? gtk_root_get_focus (GTK_ROOT (window)) : NULL;
  GtkWidget *child = adw_bin_get_child (ADW_BIN (self));

  if (self->view != NULL && !self->small && focus != NULL && child != NULL && gtk_widget_is_ancestor (focus, child))
    gtk_widget_grab_focus (self->view);
}

static void
update_fullscreen (KlCallHost *self)
{
  GtkWindow *window = get_window (self);

  if (self->view != NULL && window != NULL)
    kl_call_view_set_fullscreen (KL_CALL_VIEW (self->view), gtk_window_is_fullscreen (window));
}

static void
toggle_fullscreen (KlCallHost *self)
{
  GtkWindow *window = get_window (self);

  if (window == NULL)
    return;
  if (gtk_window_is_fullscreen (window))
    gtk_window_unfullscreen (window);
  else
    gtk_window_fullscreen (window);
}

/* ── A call comes and goes ───────────────────────────────────────────────── */

static void
enter (KlCallHost *self)
{
  GtkWindow *window = get_window (self);

  self->call = kl_calls_get_call (self->calls);
  self->small = FALSE;
  self->view = kl_call_view_new (self->calls);
  self->mini = kl_call_mini_new (self->calls);
  if (window != NULL)
    set_focus_before (self, gtk_root_get_focus (GTK_ROOT (window)));
  gtk_widget_set_parent (self->view, GTK_WIDGET (self));
  gtk_widget_set_parent (self->mini, GTK_WIDGET (self));
  place (self);
  update_fullscreen (self);
  gtk_widget_grab_focus (self->view);
}

/* GTK may hold one a while longer, with an event on its way; what it holds is of a call that is over. */
static void
drop (GtkWidget *widget)
{
  g_autoptr (GtkWidget) held = g_object_ref (widget);

  gtk_widget_unparent (held);
  g_object_run_dispose (G_OBJECT (held));
}

static void
exit_call (KlCallHost *self)
{
  GtkWindow *window = get_window (self);
  GtkWidget *view, *mini, *focus;

  if (self->view == NULL)
    return;
  if (window != NULL && gtk_window_is_fullscreen (window))
    gtk_window_unfullscreen (window);
  view = g_steal_pointer (&self->view);
  mini = g_steal_pointer (&self->mini);
  self->call = NULL;
  self->held = FALSE;
  place (self);
  /* First of all: a window keeps what had the focus when it went. */
  restore_focus (self);
  focus = window != NULL ? gtk_root_get_focus (GTK_ROOT (window)) : NULL;
  if (focus != NULL && (focus == view || gtk_widget_is_ancestor (focus, view) || gtk_widget_is_ancestor (focus, mini)))
    gtk_root_set_focus (GTK_ROOT (window), NULL);
  drop (view);
  drop (mini);
}

static void
update_actions (KlCallHost *self)
{
  KlGroup *group = kl_calls_get_group (self->calls);
  GAction *hand = g_action_map_lookup_action (G_ACTION_MAP (self->actions), "hand");
  GAction *ring = g_action_map_lookup_action (G_ACTION_MAP (self->actions), "ring");

  g_simple_action_set_state (G_SIMPLE_ACTION (hand), g_variant_new_boolean (kl_calls_get_hand (self->calls)));
  g_simple_action_set_enabled (G_SIMPLE_ACTION (ring), group != NULL && kl_group_get_members (group) <= RING_ALL_UP_TO);
}

static void
on_state (KlCallHost *self)
{
  KlCallsState state = kl_calls_get_state (self->calls);
  gboolean in_call = state == KL_CALLS_RUNNING || state == KL_CALLS_RECONNECTING;

  if (self->view != NULL && (!in_call || kl_calls_get_call (self->calls) != self->call))
    exit_call (self);
  if (in_call && self->view == NULL)
    enter (self);
  update_actions (self);
  if (state != KL_CALLS_ENDED)
    return;
  if (kl_calls_get_error (self->calls) != NULL)
    toast_error (self, kl_calls_get_error (self->calls));
  kl_calls_dismiss (self->calls);
}

static void
open_door (KlCallHost *self,
           KlGroup    *group)
{
  if (self->door != NULL)
    return;
  kl_calls_check (self->calls, group);
  if (kl_calls_get_state (self->calls) != KL_CALLS_CHECKING)
    return;
  g_set_weak_pointer (&self->door, kl_call_door_new (self->calls));
  gtk_widget_insert_action_group (GTK_WIDGET (self->door), "call", G_ACTION_GROUP (self->actions));
  adw_dialog_present (self->door, GTK_WIDGET (self));
}

static void
on_change_chosen (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (KlCallHost) self = user_data;
  KlGroup *group = g_object_get_data (source, "group");

  if (g_strcmp0 (adw_alert_dialog_choose_finish (ADW_ALERT_DIALOG (source), result), "leave") == 0 && self->calls != NULL)
    open_door (self, group);
}

/* One is in one call at a time. */
static void
ask_to_change (KlCallHost *self,
               KlGroup    *group)
{
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (NULL, NULL));

  adw_alert_dialog_format_heading (dialog, _ ("Leave the call in %s?"), kl_group_get_name (kl_calls_get_group (self->calls)));
  adw_alert_dialog_format_body (dialog, _ ("You can be in one call at a time. The one in %s is next."), kl_group_get_name (group));
  adw_alert_dialog_add_responses (dialog, "cancel", _ ("_Stay"), "leave", _ ("_Leave"), NULL);
  adw_alert_dialog_set_response_appearance (dialog, "leave", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (dialog, "cancel");
  adw_alert_dialog_set_close_response (dialog, "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "group", g_object_ref (group), g_object_unref);
  adw_alert_dialog_choose (dialog, GTK_WIDGET (self), NULL, on_change_chosen, g_object_ref (self));
}

void
kl_call_host_open (KlCallHost *self,
                   KlGroup    *group)
{
  g_return_if_fail (KL_IS_CALL_HOST (self));
  g_return_if_fail (self->calls != NULL);

  if (self->view == NULL)
    open_door (self, group);
  else if (kl_calls_get_group (self->calls) == group)
    set_small (self, FALSE);
  else
    ask_to_change (self, group);
}

/* ── Somebody calls ──────────────────────────────────────────────────────── */

static void
on_ring (KlCallHost *self)
{
  KlRing *ring = kl_calls_get_ring (self->calls);

  if (self->ring == ring)
    return;
  if (self->incoming != NULL)
    kl_incoming_dialog_end (KL_INCOMING_DIALOG (self->incoming));
  g_clear_weak_pointer (&self->incoming);
  g_set_object (&self->ring, ring);
  if (ring == NULL)
    return;
  g_set_weak_pointer (&self->incoming, kl_incoming_dialog_new (self->calls, ring));
  adw_dialog_present (self->incoming, GTK_WIDGET (self));
}

static void
say (KlCallHost *self,
     char       *words)
{
  gtk_accessible_announce (GTK_ACCESSIBLE (self), words, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
  g_free (words);
}

static void
on_arrived (KlCallHost *self,
            KlUser     *user)
{
  say (self, g_strdup_printf (_ ("%s has joined the call"), kl_user_get_display_name (user)));
}

static void
on_departed (KlCallHost *self,
             KlUser     *user)
{
  say (self, g_strdup_printf (_ ("%s has left the call"), kl_user_get_display_name (user)));
}

static void
on_declined (KlCallHost *self,
             KlUser     *user)
{
  g_autofree char *words = g_strdup_printf (_ ("%s does not come to the call"), kl_user_get_display_name (user));

  toast (self, words);
}

/* ── Commands ────────────────────────────────────────────────────────────── */

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
    toast (self, _ ("The desktop does not let Klatch share the screen."));
}

static void
on_share (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  KlCallHost *self = user_data;
  GtkWindow *window = get_window (self);
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
  set_small (user_data, TRUE);
}

static void
on_grow (GSimpleAction *action,
         GVariant      *parameter,
         gpointer       user_data)
{
  set_small (user_data, FALSE);
}

static void
on_chat (GSimpleAction *action,
         GVariant      *parameter,
         gpointer       user_data)
{
  KlCallHost *self = user_data;

  set_small (self, TRUE);
  if (kl_calls_get_group (self->calls) != NULL)
    g_signal_emit (self, signals[SIGNAL_CHAT], 0, kl_calls_get_group (self->calls));
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
  toggle_fullscreen (user_data);
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
    toast (self, _ ("Ringing…"));
  else
    toast_error (self, error);
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

/* ── Keys ────────────────────────────────────────────────────────────────── */

static gboolean
is_writing (KlCallHost *self)
{
  GtkWindow *window = get_window (self);
  GtkWidget *focus = window != NULL ? gtk_root_get_focus (GTK_ROOT (window)) : NULL;

  return focus != NULL && (GTK_IS_TEXT_VIEW (focus) || GTK_IS_EDITABLE (focus));
}

/* A dialogue has the keys to itself. */
static gboolean
is_asked (KlCallHost *self)
{
  GtkWindow *window = get_window (self);

  if (ADW_IS_APPLICATION_WINDOW (window))
    return adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (window)) != NULL;
  return ADW_IS_WINDOW (window) && adw_window_get_visible_dialog (ADW_WINDOW (window)) != NULL;
}

static gboolean
take_escape (KlCallHost *self)
{
  GtkWindow *window = get_window (self);

  if (self->small)
    return GDK_EVENT_PROPAGATE;
  if (window != NULL && gtk_window_is_fullscreen (window))
    gtk_window_unfullscreen (window);
  else
    set_small (self, TRUE);
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
      toggle_fullscreen (self);
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

/* ── The small one moves ─────────────────────────────────────────────────── */

static void
get_mini_box (KlCallHost    *self,
              int            width,
              int            height,
              GtkAllocation *box)
{
  gboolean narrow = width <= NARROW;
  gboolean rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  int edge = narrow ? EDGE / 2 : EDGE;

  box->width = narrow ? MINI_NARROW_WIDTH : MINI_WIDTH;
  box->height = narrow ? MINI_NARROW_HEIGHT : MINI_HEIGHT;
  box->x = self->at_start != rtl ? edge : width - edge - box->width;
  box->y = self->at_top ? REST_TOP : height - REST_BOTTOM - box->height;
}

/* Where it is right now, never outside. */
static void
get_mini_place (KlCallHost    *self,
                int            width,
                int            height,
                GtkAllocation *box)
{
  get_mini_box (self, width, height, box);
  box->x = CLAMP (box->x + (int) self->off_x, 0, MAX (width - box->width, 0));
  box->y = CLAMP (box->y + (int) self->off_y, 0, MAX (height - box->height, 0));
}

static void
on_snap (double   value,
         gpointer user_data)
{
  KlCallHost *self = user_data;

  self->off_x = self->snap_x * (1 - value);
  self->off_y = self->snap_y * (1 - value);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

static void
on_drag_begin (KlCallHost     *self,
               double          x,
               double          y,
               GtkGestureDrag *gesture)
{
  GtkAllocation box;

  get_mini_place (self, gtk_widget_get_width (GTK_WIDGET (self)), gtk_widget_get_height (GTK_WIDGET (self)), &box);
  if (!kl_call_host_get_small (self) || !gdk_rectangle_contains_point (&box, (int) x, (int) y))
    {
      gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  adw_animation_pause (self->snap);
  self->drag_x = self->off_x;
  self->drag_y = self->off_y;
}

static void
on_drag_update (KlCallHost     *self,
                double          x,
                double          y,
                GtkGestureDrag *gesture)
{
  if (!self->dragging && ABS (x) < DRAG_FROM && ABS (y) < DRAG_FROM)
    return;
  if (!self->dragging)
    gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  self->dragging = TRUE;
  self->off_x = self->drag_x + x;
  self->off_y = self->drag_y + y;
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

/* Into the nearest corner. */
static void
on_drag_end (KlCallHost *self)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));
  gboolean rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  GtkAllocation now, rest;

  if (!self->dragging)
    return;
  self->dragging = FALSE;
  get_mini_place (self, width, height, &now);
  self->at_start = (now.x + now.width / 2 < width / 2) != rtl;
  self->at_top = now.y + now.height / 2 < height / 2;
  get_mini_box (self, width, height, &rest);
  self->snap_x = now.x - rest.x;
  self->snap_y = now.y - rest.y;
  adw_animation_reset (self->snap);
  adw_animation_play (self->snap);
}

static void
kl_call_host_measure (GtkWidget      *widget,
                      GtkOrientation  orientation,
                      int             for_size,
                      int            *minimum,
                      int            *natural,
                      int            *minimum_baseline,
                      int            *natural_baseline)
{
  KlCallHost *self = KL_CALL_HOST (widget);
  GtkWidget *child = adw_bin_get_child (ADW_BIN (self));
  int least, wanted;

  if (child != NULL)
    gtk_widget_measure (child, orientation, for_size, minimum, natural, NULL, NULL);
  if (self->view == NULL || !gtk_widget_get_visible (self->view))
    return;
  gtk_widget_measure (self->view, orientation, for_size, &least, &wanted, NULL, NULL);
  *minimum = MAX (*minimum, least);
  *natural = MAX (*natural, least);
}

static void
kl_call_host_size_allocate (GtkWidget *widget,
                            int        width,
                            int        height,
                            int        baseline)
{
  KlCallHost *self = KL_CALL_HOST (widget);
  GtkWidget *child = adw_bin_get_child (ADW_BIN (self));
  GtkAllocation box;

  if (child != NULL && gtk_widget_get_visible (child))
    gtk_widget_size_allocate (child, &(GtkAllocation) { 0, 0, width, height }, -1);
  if (self->view == NULL)
    return;
  if (gtk_widget_get_visible (self->view))
    gtk_widget_size_allocate (self->view, &(GtkAllocation) { 0, 0, width, height }, -1);
  if (!gtk_widget_get_visible (self->mini))
    return;
  get_mini_place (self, width, height, &box);
  gtk_widget_size_allocate (self->mini, &box, -1);
}

/* ── Object ──────────────────────────────────────────────────────────────── */

void
kl_call_host_set_calls (KlCallHost *self,
                        KlCalls    *calls)
{
  g_return_if_fail (KL_IS_CALL_HOST (self));
  g_return_if_fail (self->calls == NULL);

  self->calls = g_object_ref (calls);
  g_signal_connect_object (calls, "notify::state", G_CALLBACK (on_state), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "notify::ring", G_CALLBACK (on_ring), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "notify::hand", G_CALLBACK (update_actions), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "arrived", G_CALLBACK (on_arrived), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "departed", G_CALLBACK (on_departed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "declined", G_CALLBACK (on_declined), self, G_CONNECT_SWAPPED);
  on_state (self);
  on_ring (self);
}

/* Of the window: what is a command does not hang on where the focus is. Last of all, after what is being written in. */
static void
add_keys (KlCallHost *self,
          GtkWindow  *window)
{
  self->keys = gtk_event_controller_key_new ();
  g_signal_connect_object (self->keys, "key-pressed", G_CALLBACK (on_key_pressed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->keys, "key-released", G_CALLBACK (on_key_released), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (window), self->keys);
}

static void
kl_call_host_root (GtkWidget *widget)
{
  GtkWindow *window;

  GTK_WIDGET_CLASS (kl_call_host_parent_class)->root (widget);
  window = get_window (KL_CALL_HOST (widget));
  if (window == NULL)
    return;
  g_signal_connect_object (window, "notify::fullscreened", G_CALLBACK (update_fullscreen), widget, G_CONNECT_SWAPPED);
  g_signal_connect_object (window, "notify::focus-widget", G_CALLBACK (on_focus), widget, G_CONNECT_SWAPPED);
  /* A key that is let go in another window is not told of here. */
  g_signal_connect_object (window, "notify::is-active", G_CALLBACK (let_go), widget, G_CONNECT_SWAPPED);
  add_keys (KL_CALL_HOST (widget), window);
}

static void
kl_call_host_unroot (GtkWidget *widget)
{
  GtkWindow *window = get_window (KL_CALL_HOST (widget));

  if (window != NULL)
    {
      g_signal_handlers_disconnect_by_data (window, widget);
      gtk_widget_remove_controller (GTK_WIDGET (window), KL_CALL_HOST (widget)->keys);
      KL_CALL_HOST (widget)->keys = NULL;
    }
  GTK_WIDGET_CLASS (kl_call_host_parent_class)->unroot (widget);
}

static void
kl_call_host_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  switch ((Prop) id)
    {
    case PROP_SMALL:
      g_value_set_boolean (value, kl_call_host_get_small (KL_CALL_HOST (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_host_dispose (GObject *object)
{
  KlCallHost *self = KL_CALL_HOST (object);

  if (self->calls != NULL)
    g_signal_handlers_disconnect_by_data (self->calls, self);
  if (self->snap != NULL)
    adw_animation_reset (self->snap);
  g_clear_object (&self->snap);
  g_clear_weak_pointer (&self->focus_before);
  g_clear_weak_pointer (&self->door);
  g_clear_weak_pointer (&self->incoming);
  g_clear_pointer (&self->view, drop);
  g_clear_pointer (&self->mini, drop);
  g_clear_object (&self->ring);
  g_clear_object (&self->calls);
  g_clear_object (&self->actions);
  G_OBJECT_CLASS (kl_call_host_parent_class)->dispose (object);
}

static void
kl_call_host_class_init (KlCallHostClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_call_host_get_property;
  object_class->dispose = kl_call_host_dispose;
  widget_class->measure = kl_call_host_measure;
  widget_class->size_allocate = kl_call_host_size_allocate;
  widget_class->root = kl_call_host_root;
  widget_class->unroot = kl_call_host_unroot;

  properties[PROP_SMALL] = g_param_spec_boolean ("small", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  signals[SIGNAL_CHAT] = g_signal_new ("chat", KL_TYPE_CALL_HOST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                       KL_TYPE_GROUP);
}

static void
kl_call_host_init (KlCallHost *self)
{
  GtkGesture *drag = gtk_gesture_drag_new ();

  /* A bin's own layout knows one child. */
  gtk_widget_set_layout_manager (GTK_WIDGET (self), NULL);
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "call", G_ACTION_GROUP (self->actions));

  g_signal_connect_object (drag, "drag-begin", G_CALLBACK (on_drag_begin), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (drag, "drag-update", G_CALLBACK (on_drag_update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (drag, "drag-end", G_CALLBACK (on_drag_end), self, G_CONNECT_SWAPPED);
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (drag), GTK_PHASE_CAPTURE);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));

  self->snap = adw_spring_animation_new (GTK_WIDGET (self), 0, 1, adw_spring_params_new (SPRING_DAMPING, 1, SPRING_STIFFNESS),
                                         adw_callback_animation_target_new (on_snap, self, NULL));
}
