/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-mini.h"

#include "app/ui/kl-call-control.h"
#include "app/ui/kl-call-heading.h"
#include "app/ui/kl-call-tile.h"

enum
{
  TOP_BUTTON = 44,
};

struct _KlCallMini
{
  AdwBin parent_instance;

  AdwBin *speaker_place;
  AdwBin *own_place;
  KlCallHeading *heading;
  KlCallControl *microphone_control;
  KlCallControl *camera_control;
  KlCallControl *leave_control;

  KlCalls *calls;
  KlCall *call;
};

G_DEFINE_FINAL_TYPE (KlCallMini, kl_call_mini, ADW_TYPE_BIN)

/* A screen first, then who speaks, then whoever is shown, then whoever is there. Lent. */
static KlCallPeer *
find_speaker (KlCallMini *self)
{
  GListModel *peers = kl_call_get_peers (self->call);
  GtkWidget *shown = adw_bin_get_child (self->speaker_place);
  KlCallPeer *current = shown != NULL ? kl_call_tile_get_peer (KL_CALL_TILE (shown)) : NULL;
  KlCallPeer *first = NULL, *there = NULL, *loud = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr (KlCallPeer) peer = g_list_model_get_item (peers, i);

      if (kl_call_peer_get_screen (peer))
        return peer;
      if (kl_call_peer_get_speaking (peer) && (loud == NULL || peer == current))
        loud = peer;
      if (peer == current)
        there = peer;
      if (first == NULL)
        first = peer;
    }
  if (loud != NULL)
    return loud;
  return there != NULL ? there : first;
}

static GtkWidget *
create_own (KlCallMini *self)
{
  return kl_call_tile_new_own (kl_call_get_publisher (self->call), kl_session_get_me (kl_calls_get_session (self->calls)));
}

/* Alone, one sees oneself. */
static void
update_speaker (KlCallMini *self)
{
  GtkWidget *shown = adw_bin_get_child (self->speaker_place);
  KlCallPeer *peer = find_speaker (self);

  if (shown != NULL && kl_call_tile_get_peer (KL_CALL_TILE (shown)) == peer)
    return;
  if (peer != NULL)
    shown = kl_call_tile_new (peer, kl_calls_get_person (self->calls, kl_call_peer_get_user (peer)));
  else
    shown = create_own (self);
  kl_call_tile_set_name_on_top (KL_CALL_TILE (shown), TRUE);
  /* Out of the way of the button in the corner. */
  kl_call_tile_set_covered (KL_CALL_TILE (shown), TOP_BUTTON);
  adw_bin_set_child (self->speaker_place, shown);
  gtk_widget_set_visible (GTK_WIDGET (self->own_place), peer != NULL);
}

static void
on_peers (KlCallMini *self,
          guint       position,
          guint       removed,
          guint       added,
          GListModel *peers)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (KlCallPeer) peer = g_list_model_get_item (peers, i);

      g_signal_connect_object (peer, "notify::speaking", G_CALLBACK (update_speaker), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (peer, "notify::screen", G_CALLBACK (update_speaker), self, G_CONNECT_SWAPPED);
    }
  update_speaker (self);
}

static void
set_calls (KlCallMini *self,
           KlCalls    *calls)
{
  GListModel *peers;
  GtkWidget *own;

  self->calls = g_object_ref (calls);
  self->call = g_object_ref (kl_calls_get_call (calls));
  kl_call_heading_set_calls (self->heading, calls, GTK_ACCESSIBLE (self));
  kl_call_control_set_calls (self->microphone_control, calls);
  kl_call_control_set_calls (self->camera_control, calls);
  kl_call_control_set_calls (self->leave_control, calls);
  own = create_own (self);
  kl_call_tile_set_small (KL_CALL_TILE (own), TRUE);
  adw_bin_set_child (self->own_place, own);

  peers = kl_call_get_peers (self->call);
  g_signal_connect_object (peers, "items-changed", G_CALLBACK (on_peers), self, G_CONNECT_SWAPPED);
  on_peers (self, 0, 0, g_list_model_get_n_items (peers), peers);
}

GtkWidget *
kl_call_mini_new (KlCalls *calls)
{
  KlCallMini *self;

  g_return_val_if_fail (KL_IS_CALLS (calls) && kl_calls_get_call (calls) != NULL, NULL);

  self = g_object_new (KL_TYPE_CALL_MINI, NULL);
  set_calls (self, calls);
  return GTK_WIDGET (self);
}

static void
kl_call_mini_dispose (GObject *object)
{
  KlCallMini *self = KL_CALL_MINI (object);

  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_MINI);
  g_clear_object (&self->call);
  g_clear_object (&self->calls);
  G_OBJECT_CLASS (kl_call_mini_parent_class)->dispose (object);
}

static void
kl_call_mini_class_init (KlCallMiniClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_call_mini_dispose;

  g_type_ensure (KL_TYPE_CALL_CONTROL);
  g_type_ensure (KL_TYPE_CALL_HEADING);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-mini.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallMini, speaker_place);
  gtk_widget_class_bind_template_child (widget_class, KlCallMini, own_place);
  gtk_widget_class_bind_template_child (widget_class, KlCallMini, heading);
  gtk_widget_class_bind_template_child (widget_class, KlCallMini, microphone_control);
  gtk_widget_class_bind_template_child (widget_class, KlCallMini, camera_control);
  gtk_widget_class_bind_template_child (widget_class, KlCallMini, leave_control);
}

static void
kl_call_mini_init (KlCallMini *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
