/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-view.h"

#include <glib/gi18n.h>

#include "app/ui/kl-call-control.h"
#include "app/ui/kl-call-grid.h"
#include "app/ui/kl-call-heading.h"
#include "app/ui/kl-call-words.h"
#include "app/ui/kl-tile.h"

enum
{
  QUIET_AFTER_S = 3,
  RING_ALL_UP_TO = 50, /* members: the server's limit for ringing everybody */
};

struct _KlCallView
{
  AdwBreakpointBin parent_instance;

  KlTile *group_tile;
  KlCallHeading *heading;
  GtkWidget *fullscreen_button;
  GtkWidget *large_button;
  KlCallGrid *grid;
  GtkWidget *alone;
  GtkButton *ring_button;
  GtkWidget *footer;
  GtkWidget *hint;
  GtkImage *hint_icon;
  GtkLabel *hint_label;
  GtkWidget *bar;
  KlCallControl *microphone_control;
  KlCallControl *camera_control;
  KlCallControl *screen_control;
  KlCallControl *react_control;
  KlCallControl *chat_control;
  KlCallControl *leave_control;
  GtkPopover *reactions;
  GtkWidget *hand_button;

  KlCalls *calls;
  KlCall *call;
  KlGroup *group;
  KlCallTile *own;
  KlCallTile *speaker; /* who spoke last; among the grid's tiles */
  gboolean large;
  gboolean large_for_screen; /* it became so by itself */
  guint quiet_timer;
  double pointer_x, pointer_y;
};

typedef enum
{
  PROP_LARGE = 1,
} Prop;

static GParamSpec *properties[PROP_LARGE + 1];

G_DEFINE_FINAL_TYPE (KlCallView, kl_call_view, ADW_TYPE_BREAKPOINT_BIN)

/* ── Words ───────────────────────────────────────────────────────────────── */

static void
update_hint (KlCallView *self)
{
  const char *icon = NULL;
  g_autofree char *words = kl_call_words_dup_hint (self->calls, &icon);

  if (g_strcmp0 (gtk_label_get_label (self->hint_label), words) == 0)
    return;
  gtk_label_set_label (self->hint_label, words);
  gtk_image_set_from_icon_name (self->hint_icon, icon);
}

static void
update_group (KlCallView *self)
{
  kl_tile_set_look (self->group_tile, kl_group_get_id (self->group), kl_group_get_name (self->group),
                    kl_group_get_emoji (self->group), (int) kl_group_get_hue (self->group));
  kl_call_control_set_count (self->chat_control, kl_group_get_unread (self->group));
}

/* ── Who is large ────────────────────────────────────────────────────────── */

static KlCallTile *
find_large (KlCallView *self)
{
  GPtrArray *tiles = kl_call_grid_get_tiles (self->grid);

  for (guint i = 0; i < tiles->len; i++)
    if (kl_call_tile_get_screen (g_ptr_array_index (tiles, i)) && g_ptr_array_index (tiles, i) != self->own)
      return g_ptr_array_index (tiles, i);
  if (self->speaker != NULL)
    return self->speaker;
  return tiles->len > 1 ? g_ptr_array_index (tiles, 0) : NULL;
}

static void
update_large (KlCallView *self)
{
  const char *words = self->large ? _ ("Show everybody the same size") : _ ("Show who speaks large");

  kl_call_grid_set_focus (self->grid, self->large ? find_large (self) : NULL);
  gtk_button_set_icon_name (GTK_BUTTON (self->large_button), self->large ? "kl-grid-symbolic" : "kl-large-symbolic");
  gtk_widget_set_tooltip_text (self->large_button, words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->large_button), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
}

static void
set_large (KlCallView *self,
           gboolean    large)
{
  gboolean changed = self->large != large;

  self->large = large;
  update_large (self);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LARGE]);
}

void
kl_call_view_set_large (KlCallView *self,
                        gboolean    large)
{
  g_return_if_fail (KL_IS_CALL_VIEW (self));

  self->large_for_screen = FALSE;
  set_large (self, !!large);
}

gboolean
kl_call_view_get_large (KlCallView *self)
{
  g_return_val_if_fail (KL_IS_CALL_VIEW (self), FALSE);

  return self->large;
}

static gboolean
is_screen_shown (KlCallView *self)
{
  GPtrArray *tiles = kl_call_grid_get_tiles (self->grid);

  for (guint i = 0; i < tiles->len; i++)
    if (g_ptr_array_index (tiles, i) != self->own && kl_call_tile_get_screen (g_ptr_array_index (tiles, i)))
      return TRUE;
  return FALSE;
}

/* A screen is to be read: it becomes large by itself, and all are alike again after it. */
static void
on_screen (KlCallView *self)
{
  gboolean shown = is_screen_shown (self);

  if (shown && !self->large)
    {
      self->large_for_screen = TRUE;
      set_large (self, TRUE);
    }
  else if (!shown && self->large_for_screen)
    {
      self->large_for_screen = FALSE;
      set_large (self, FALSE);
    }
  else
    update_large (self);
}

static void
on_speaking (KlCallView *self,
             GParamSpec *pspec,
             KlCallTile *tile)
{
  if (tile == self->own || !kl_call_tile_get_speaking (tile))
    return;
  /* Whoever is large stays so until he has finished. */
  if (self->speaker != NULL && kl_call_tile_get_speaking (self->speaker))
    return;
  self->speaker = tile;
  if (self->large)
    update_large (self);
}

/* ── Who is there ────────────────────────────────────────────────────────── */

static void
update_alone (KlCallView *self)
{
  gboolean alone = kl_call_grid_get_tiles (self->grid)->len <= 1;

  gtk_widget_set_visible (self->alone, alone);
  gtk_widget_set_visible (GTK_WIDGET (self->ring_button), kl_group_get_members (self->group) <= RING_ALL_UP_TO);
}

static void
add_tile (KlCallView *self,
          KlCallPeer *peer)
{
  GtkWidget *tile = kl_call_tile_new (peer, kl_calls_get_person (self->calls, kl_call_peer_get_user (peer)));

  g_signal_connect_object (tile, "notify::speaking", G_CALLBACK (on_speaking), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (tile, "notify::screen", G_CALLBACK (on_screen), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (peer, "notify::line", G_CALLBACK (update_hint), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (peer, "notify::stalled", G_CALLBACK (update_hint), self, G_CONNECT_SWAPPED);
  kl_call_grid_add (self->grid, KL_CALL_TILE (tile));
}

static KlCallTile *
find_tile (KlCallView *self,
           KlCallPeer *peer)
{
  GPtrArray *tiles = kl_call_grid_get_tiles (self->grid);

  for (guint i = 0; i < tiles->len; i++)
    if (kl_call_tile_get_peer (g_ptr_array_index (tiles, i)) == peer)
      return g_ptr_array_index (tiles, i);
  return NULL;
}

static gboolean
has_peer (KlCallView *self,
          KlCallPeer *peer)
{
  GListModel *peers = kl_call_get_peers (self->call);

  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr (KlCallPeer) one = g_list_model_get_item (peers, i);

      if (one == peer)
        return TRUE;
    }
  return FALSE;
}

static void
on_peers (KlCallView *self)
{
  GListModel *peers = kl_call_get_peers (self->call);
  GPtrArray *tiles = kl_call_grid_get_tiles (self->grid);

  for (guint i = tiles->len; i > 0; i--)
    {
      KlCallTile *tile = g_ptr_array_index (tiles, i - 1);

      if (tile == self->own || has_peer (self, kl_call_tile_get_peer (tile)))
        continue;
      if (self->speaker == tile)
        self->speaker = NULL;
      g_signal_handlers_disconnect_by_data (tile, self);
      g_signal_handlers_disconnect_by_func (kl_call_tile_get_peer (tile), update_hint, self);
      kl_call_grid_remove (self->grid, tile);
    }
  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr (KlCallPeer) peer = g_list_model_get_item (peers, i);

      if (find_tile (self, peer) == NULL)
        add_tile (self, peer);
    }
  update_alone (self);
  update_hint (self);
  on_screen (self);
}

static void
on_reaction (KlCallView *self,
             const char *peer,
             const char *emoji)
{
  KlCallPeer *other = kl_call_find_peer (self->call, peer);
  KlCallTile *tile = other != NULL ? find_tile (self, other) : NULL;

  if (tile == NULL && g_strcmp0 (peer, kl_calls_get_peer (self->calls)) == 0)
    {
      tile = self->own;
      gtk_popover_popdown (self->reactions);
    }
  if (tile != NULL)
    kl_call_tile_react (tile, emoji);
}

static void
update_own (KlCallView *self)
{
  const char *words = kl_calls_get_hand (self->calls) ? _ ("Lower your hand") : _ ("Raise your hand");

  kl_call_tile_set_hand (self->own, kl_calls_get_hand (self->calls));
  kl_call_tile_set_speaking (self->own, kl_calls_get_speaking (self->calls));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->hand_button), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
  gtk_widget_set_tooltip_text (self->hand_button, words);
}

static void
on_hand (KlCallView *self)
{
  gtk_popover_popdown (self->reactions);
  update_own (self);
}

void
kl_call_view_show_reactions (KlCallView *self)
{
  g_return_if_fail (KL_IS_CALL_VIEW (self));

  gtk_popover_popup (self->reactions);
}

void
kl_call_view_set_fullscreen (KlCallView *self,
                             gboolean    fullscreen)
{
  const char *words = fullscreen ? _ ("Leave full screen (F11)") : _ ("Full screen (F11)");

  g_return_if_fail (KL_IS_CALL_VIEW (self));

  gtk_button_set_icon_name (GTK_BUTTON (self->fullscreen_button), fullscreen ? "view-restore-symbolic" : "view-fullscreen-symbolic");
  gtk_widget_set_tooltip_text (self->fullscreen_button, words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->fullscreen_button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  fullscreen ? _ ("Leave full screen") : _ ("Full screen"), -1);
}

/* ── The bar goes and comes ──────────────────────────────────────────────── */

/* Not from under somebody who is using it, by pointer or by keys. */
static gboolean
is_bar_used (KlCallView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  return gtk_widget_get_visible (GTK_WIDGET (self->reactions))
         || (gtk_widget_get_state_flags (self->bar) & GTK_STATE_FLAG_PRELIGHT) != 0
         || (focus != NULL && gtk_widget_is_ancestor (focus, self->bar) && gtk_window_get_focus_visible (GTK_WINDOW (root)));
}

static void wake (KlCallView *self);

static void
on_quiet (gpointer user_data)
{
  KlCallView *self = user_data;

  self->quiet_timer = 0;
  if (is_bar_used (self))
    wake (self);
  else
    gtk_widget_add_css_class (GTK_WIDGET (self), "quiet");
}

static void
wake (KlCallView *self)
{
  gtk_widget_remove_css_class (GTK_WIDGET (self), "quiet");
  g_clear_handle_id (&self->quiet_timer, g_source_remove);
  self->quiet_timer = g_timeout_add_seconds_once (QUIET_AFTER_S, on_quiet, self);
}

/* GTK tells of a pointer that stands still, too, when what is under it moves. */
static void
on_pointer (KlCallView *self,
            double      x,
            double      y)
{
  if (x == self->pointer_x && y == self->pointer_y)
    return;
  self->pointer_x = x;
  self->pointer_y = y;
  wake (self);
}

static gboolean
on_key (KlCallView *self)
{
  wake (self);
  return GDK_EVENT_PROPAGATE;
}

static void
add_controllers (KlCallView *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkEventController *key = gtk_event_controller_key_new ();
  GtkGesture *press = gtk_gesture_click_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();

  g_signal_connect_object (motion, "motion", G_CALLBACK (on_pointer), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (key, "key-pressed", G_CALLBACK (on_key), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (press, "pressed", G_CALLBACK (wake), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (focus, "enter", G_CALLBACK (wake), self, G_CONNECT_SWAPPED);
  gtk_event_controller_set_propagation_phase (motion, GTK_PHASE_CAPTURE);
  gtk_event_controller_set_propagation_phase (key, GTK_PHASE_CAPTURE);
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (press), GTK_PHASE_CAPTURE);
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (press), 0);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  gtk_widget_add_controller (GTK_WIDGET (self), key);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (press));
  gtk_widget_add_controller (self->bar, focus);
}

/* ── Object ──────────────────────────────────────────────────────────────── */

static void
on_narrow (KlCallView *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "narrow");
}

static void
on_wide (KlCallView *self)
{
  gtk_widget_remove_css_class (GTK_WIDGET (self), "narrow");
}

static void
set_calls (KlCallView *self,
           KlCalls    *calls)
{
  static const char *const facts[] = { "notify::state",           "notify::microphone-on",   "notify::camera-on",
                                       "notify::audio-trouble",   "notify::video-trouble",   "notify::screen-on",
                                       "notify::speaker-working" };
  KlCallControl *controls[] = { self->microphone_control, self->camera_control, self->screen_control,
                                self->react_control,      self->chat_control,   self->leave_control };

  self->calls = g_object_ref (calls);
  self->call = g_object_ref (kl_calls_get_call (calls));
  self->group = g_object_ref (kl_calls_get_group (calls));
  kl_call_heading_set_calls (self->heading, calls, GTK_ACCESSIBLE (self));
  for (guint i = 0; i < G_N_ELEMENTS (controls); i++)
    kl_call_control_set_calls (controls[i], calls);
  self->own = KL_CALL_TILE (kl_call_tile_new_own (kl_call_get_publisher (self->call),
                                                  kl_session_get_me (kl_calls_get_session (calls))));
  kl_call_grid_set_own (self->grid, self->own);

  for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
    g_signal_connect_object (calls, facts[i], G_CALLBACK (update_hint), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "notify::hand", G_CALLBACK (on_hand), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "notify::speaking", G_CALLBACK (update_own), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (calls, "reaction", G_CALLBACK (on_reaction), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->call, "notify::line", G_CALLBACK (update_hint), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kl_call_get_peers (self->call), "items-changed", G_CALLBACK (on_peers), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->group, "notify", G_CALLBACK (update_group), self, G_CONNECT_SWAPPED);

  update_group (self);
  update_own (self);
  on_peers (self);
  wake (self);
}

GtkWidget *
kl_call_view_new (KlCalls *calls)
{
  KlCallView *self;

  g_return_val_if_fail (KL_IS_CALLS (calls) && kl_calls_get_call (calls) != NULL, NULL);

  self = g_object_new (KL_TYPE_CALL_VIEW, NULL);
  set_calls (self, calls);
  return GTK_WIDGET (self);
}

/* To none of its buttons: keys that are commands are not to press one. */
static gboolean
kl_call_view_grab_focus (GtkWidget *widget)
{
  GtkRoot *root = gtk_widget_get_root (widget);

  if (root != NULL)
    gtk_root_set_focus (root, widget);
  return root != NULL;
}

static void
kl_call_view_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  switch ((Prop) id)
    {
    case PROP_LARGE:
      g_value_set_boolean (value, KL_CALL_VIEW (object)->large);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_view_set_property (GObject      *object,
                           guint         id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  switch ((Prop) id)
    {
    case PROP_LARGE:
      kl_call_view_set_large (KL_CALL_VIEW (object), g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_view_dispose (GObject *object)
{
  KlCallView *self = KL_CALL_VIEW (object);

  g_clear_handle_id (&self->quiet_timer, g_source_remove);
  if (self->reactions != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->reactions));
  /* The bin must let go of its child itself: disposing the template would take it away unseen. */
  if (self->calls != NULL)
    adw_breakpoint_bin_set_child (ADW_BREAKPOINT_BIN (self), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_VIEW);
  g_clear_object (&self->group);
  g_clear_object (&self->call);
  g_clear_object (&self->calls);
  G_OBJECT_CLASS (kl_call_view_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallView, group_tile);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, heading);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, fullscreen_button);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, large_button);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, grid);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, alone);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, ring_button);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, footer);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, hint);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, hint_icon);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, hint_label);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, bar);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, microphone_control);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, camera_control);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, screen_control);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, react_control);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, chat_control);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, leave_control);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, reactions);
  gtk_widget_class_bind_template_child (widget_class, KlCallView, hand_button);
  gtk_widget_class_bind_template_callback (widget_class, on_narrow);
  gtk_widget_class_bind_template_callback (widget_class, on_wide);
}

static void
kl_call_view_class_init (KlCallViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_call_view_get_property;
  object_class->set_property = kl_call_view_set_property;
  object_class->dispose = kl_call_view_dispose;

  GTK_WIDGET_CLASS (klass)->grab_focus = kl_call_view_grab_focus;

  properties[PROP_LARGE] = g_param_spec_boolean ("large", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  g_type_ensure (KL_TYPE_TILE);
  g_type_ensure (KL_TYPE_CALL_CONTROL);
  g_type_ensure (KL_TYPE_CALL_GRID);
  g_type_ensure (KL_TYPE_CALL_HEADING);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
kl_call_view_init (KlCallView *self)
{
  self->pointer_x = self->pointer_y = -1;
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_parent (GTK_WIDGET (self->reactions), GTK_WIDGET (self->react_control));
  kl_call_view_set_fullscreen (self, FALSE);
  add_controllers (self);
}
