/* SPDX-License-Identifier: GPL-3.0-or-later */
/* While the call fills the window, what is under it is not visible: neither drawn, nor found by Tab or a screen reader. */
#include "app/ui/kl-call-host-private.h"

#include <glib/gi18n.h>

#include "app/ui/kl-call-door.h"
#include "app/ui/kl-call-mini.h"
#include "app/ui/kl-call-view.h"
#include "app/ui/kl-errors.h"
#include "app/ui/kl-incoming-dialog.h"

enum
{
  RING_ALL_UP_TO = 50,
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

void
kl_call_host_toast (KlCallHost *self,
                    const char *text)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.toast", "s", text);
}

void
kl_call_host_toast_error (KlCallHost   *self,
                          const GError *error)
{
  g_autofree char *sentence = NULL;

  if (g_error_matches (error, KL_CALLS_ERROR, KL_CALLS_ERROR_REMOVED))
    sentence = g_strdup (_ ("The call is over for you: you are no longer in this group."));
  else if (error->domain == KL_CALL_ERROR)
    sentence = g_strdup (_ ("The call could not go on: a part that calls need is missing on this computer."));
  else
    sentence = kl_error_dup_sentence (error);
  kl_call_host_toast (self, sentence);
}

GtkWindow *
kl_call_host_get_window (KlCallHost *self)
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

void
kl_call_host_set_small (KlCallHost *self,
                        gboolean    small)
{
  GtkWindow *window = kl_call_host_get_window (self);

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
  GtkWindow *window = kl_call_host_get_window (self);
  GtkWidget *focus = window != NULL ? gtk_root_get_focus (GTK_ROOT (window)) : NULL;
  GtkWidget *child = adw_bin_get_child (ADW_BIN (self));

  if (self->view != NULL && !self->small && focus != NULL && child != NULL && gtk_widget_is_ancestor (focus, child))
    gtk_widget_grab_focus (self->view);
}

static void
update_fullscreen (KlCallHost *self)
{
  GtkWindow *window = kl_call_host_get_window (self);

  if (self->view != NULL && window != NULL)
    kl_call_view_set_fullscreen (KL_CALL_VIEW (self->view), gtk_window_is_fullscreen (window));
}

void
kl_call_host_toggle_fullscreen (KlCallHost *self)
{
  GtkWindow *window = kl_call_host_get_window (self);

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
  GtkWindow *window = kl_call_host_get_window (self);

  self->call = kl_calls_get_call (self->calls);
  self->small = FALSE;
  self->view = kl_call_view_new (self->calls);
  self->mini = kl_call_mini_new (self->calls);
  kl_call_corner_set_child (self->corner, self->mini);
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
  GtkWindow *window = kl_call_host_get_window (self);
  GtkWidget *view, *mini, *focus;

  if (self->view == NULL)
    return;
  if (window != NULL && gtk_window_is_fullscreen (window))
    gtk_window_unfullscreen (window);
  view = g_steal_pointer (&self->view);
  mini = g_steal_pointer (&self->mini);
  kl_call_corner_set_child (self->corner, NULL);
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
    kl_call_host_toast_error (self, kl_calls_get_error (self->calls));
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
    kl_call_host_set_small (self, FALSE);
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

  kl_call_host_toast (self, words);
}

/* ── Room ────────────────────────────────────────────────────────────────── */

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

  if (child != NULL && gtk_widget_get_visible (child))
    gtk_widget_size_allocate (child, &(GtkAllocation) { 0, 0, width, height }, -1);
  if (self->view != NULL && gtk_widget_get_visible (self->view))
    gtk_widget_size_allocate (self->view, &(GtkAllocation) { 0, 0, width, height }, -1);
  kl_call_corner_allocate (self->corner, width, height);
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

static void
kl_call_host_root (GtkWidget *widget)
{
  GtkWindow *window;

  GTK_WIDGET_CLASS (kl_call_host_parent_class)->root (widget);
  window = kl_call_host_get_window (KL_CALL_HOST (widget));
  if (window == NULL)
    return;
  g_signal_connect_object (window, "notify::fullscreened", G_CALLBACK (update_fullscreen), widget, G_CONNECT_SWAPPED);
  g_signal_connect_object (window, "notify::focus-widget", G_CALLBACK (on_focus), widget, G_CONNECT_SWAPPED);
  kl_call_host_add_keys (KL_CALL_HOST (widget), window);
}

static void
kl_call_host_unroot (GtkWidget *widget)
{
  GtkWindow *window = kl_call_host_get_window (KL_CALL_HOST (widget));

  if (window != NULL)
    {
      kl_call_host_remove_keys (KL_CALL_HOST (widget), window);
      g_signal_handlers_disconnect_by_data (window, widget);
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
  g_clear_pointer (&self->corner, kl_call_corner_free);
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
  /* A bin's own layout knows one child. */
  gtk_widget_set_layout_manager (GTK_WIDGET (self), NULL);
  kl_call_host_add_commands (self);
  self->corner = kl_call_corner_new (GTK_WIDGET (self));
}
