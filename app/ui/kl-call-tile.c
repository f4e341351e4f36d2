/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-tile.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/ui/kl-avatar.h"
#include "app/ui/kl-template.h"
#include "app/ui/kl-video.h"

enum
{
  MARGIN = 12,
  MARGIN_NARROW = 6,
  NARROW_BELOW = 220,
  EMOJI_RISE = 72,
  EMOJI_MS = 2400,
};

#define HALO_SHARE 0.62 /* of the shorter edge, at most */

struct _KlCallTile
{
  GtkWidget parent_instance;

  GtkWidget *video;
  GtkWidget *halo;
  KlAvatar *avatar;
  GtkWidget *name_chip;
  GtkImage *voice_icon;
  GtkWidget *line_icon;
  GtkLabel *name_label;
  GtkWidget *camera_icon;
  GtkWidget *hand_chip;
  GtkLabel *state_chip;
  GtkLabel *emoji_label;

  KlCallPeer *peer;       /* one of these two */
  KlPublisher *publisher;
  KlUser *user;
  gboolean hand; /* one's own */
  gboolean small;
  gboolean name_on_top;
  gboolean speaking;
  gboolean screen;
  int covered;
  AdwAnimation *flight;
  double risen; /* 0 to 1 */
};

typedef enum
{
  PROP_SPEAKING = 1,
  PROP_SCREEN,
} Prop;

static GParamSpec *properties[PROP_SCREEN + 1];

G_DEFINE_FINAL_TYPE (KlCallTile, kl_call_tile, GTK_TYPE_WIDGET)

/* ── What there is to show ───────────────────────────────────────────────── */

/* One's own or a peer's, by the same names. */
typedef struct
{
  gboolean audio, video, screen, hand, stalled;
  KlCallPeerState state;
  KlCallLine line;
} Facts;

static Facts
get_facts (KlCallTile *self)
{
  Facts facts = { .state = KL_CALL_PEER_CONNECTED, .line = KL_CALL_LINE_GOOD };

  if (self->peer != NULL)
    {
      facts.audio = kl_call_peer_get_audio (self->peer);
      facts.screen = kl_call_peer_get_screen (self->peer);
      facts.video = kl_call_peer_get_video (self->peer) || facts.screen;
      facts.hand = kl_call_peer_get_hand (self->peer);
      facts.stalled = kl_call_peer_get_stalled (self->peer);
      facts.state = kl_call_peer_get_state (self->peer);
      facts.line = kl_call_peer_get_line (self->peer);
    }
  else if (self->publisher != NULL)
    {
      KlMediaSource *source = kl_publisher_get_source (self->publisher, KL_MEDIA_VIDEO);

      facts.audio = kl_publisher_get_source (self->publisher, KL_MEDIA_AUDIO) != NULL && !kl_publisher_get_muted (self->publisher);
      facts.video = source != NULL;
      facts.screen = source != NULL && kl_media_source_get_screen (source);
      facts.hand = self->hand;
    }
  return facts;
}

static char *
dup_name (KlCallTile *self)
{
  const char *name = self->user != NULL ? kl_user_get_display_name (self->user) : NULL;

  if (name == NULL || *name == '\0')
    name = _ ("Somebody");
  /* Translators: a person's name, on one's own picture */
  return self->publisher != NULL ? g_strdup_printf (_ ("%s (you)"), name) : g_strdup (name);
}

/* Of the states, the one that matters most; NULL: all is well. */
static const char *
get_state_words (const Facts *facts)
{
  if (facts->state == KL_CALL_PEER_CONNECTING)
    return _ ("Connecting…");
  if (facts->state == KL_CALL_PEER_RECONNECTING)
    return _ ("Reconnecting…");
  if (facts->state == KL_CALL_PEER_CONNECTED && facts->stalled)
    return _ ("The picture is on its way…");
  return NULL;
}

static void
set_class (GtkWidget  *widget,
           const char *name,
           gboolean    set)
{
  if (set)
    gtk_widget_add_css_class (widget, name);
  else
    gtk_widget_remove_css_class (widget, name);
}

static void
update_spoken (KlCallTile  *self,
               const Facts *facts,
               const char  *name,
               const char  *state)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;
  g_autofree char *spoken = NULL;

  g_strv_builder_add (words, name);
  if (!facts->audio)
    g_strv_builder_add (words, _ ("muted"));
  if (facts->screen)
    g_strv_builder_add (words, _ ("shares the screen"));
  else if (!facts->video)
    g_strv_builder_add (words, _ ("camera off"));
  if (facts->hand)
    g_strv_builder_add (words, _ ("hand raised"));
  if (facts->line != KL_CALL_LINE_GOOD)
    g_strv_builder_add (words, _ ("weak connection"));
  if (state != NULL)
    g_strv_builder_add (words, state);
  list = g_strv_builder_end (words);
  spoken = g_strjoinv (", ", list);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

static void
update (KlCallTile *self)
{
  Facts facts = get_facts (self);
  g_autofree char *name = dup_name (self);
  const char *state = get_state_words (&facts);
  gboolean loud = self->speaking && facts.audio;

  gtk_widget_set_visible (self->video, facts.video);
  kl_video_set_mirrored (KL_VIDEO (self->video), self->publisher != NULL && !facts.screen);
  kl_video_set_whole (KL_VIDEO (self->video), facts.screen);
  gtk_widget_set_visible (self->halo, !facts.video || !kl_video_get_has_picture (KL_VIDEO (self->video)));

  gtk_label_set_label (self->name_label, name);
  gtk_image_set_from_icon_name (self->voice_icon, facts.audio ? "kl-speaking-symbolic" : "kl-mic-off-symbolic");
  gtk_widget_set_visible (GTK_WIDGET (self->voice_icon), loud || !facts.audio);
  gtk_widget_set_visible (self->camera_icon, !facts.video);
  gtk_widget_set_visible (self->line_icon, facts.line != KL_CALL_LINE_GOOD);
  gtk_widget_set_visible (self->hand_chip, facts.hand);
  gtk_label_set_label (self->state_chip, state != NULL ? state : "");
  gtk_widget_set_visible (GTK_WIDGET (self->state_chip), state != NULL);

  set_class (GTK_WIDGET (self), "speaking", loud);
  set_class (GTK_WIDGET (self), "lost", facts.state == KL_CALL_PEER_RECONNECTING || facts.stalled);
  if (self->screen != facts.screen)
    {
      self->screen = facts.screen;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SCREEN]);
    }
  update_spoken (self, &facts, name, state);
}

/* ── Who speaks ──────────────────────────────────────────────────────────── */

static void
set_speaking (KlCallTile *self,
              gboolean    speaking)
{
  if (self->speaking == speaking)
    return;
  self->speaking = speaking;
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SPEAKING]);
}

static void
on_peer_speaking (KlCallTile *self)
{
  set_speaking (self, kl_call_peer_get_speaking (self->peer));
}

void
kl_call_tile_set_speaking (KlCallTile *self,
                           gboolean    speaking)
{
  g_return_if_fail (KL_IS_CALL_TILE (self));
  g_return_if_fail (self->publisher != NULL);

  set_speaking (self, !!speaking);
}

/* ── Reactions ───────────────────────────────────────────────────────────── */

static void
on_flight (double   value,
           gpointer user_data)
{
  KlCallTile *self = user_data;

  self->risen = value;
  gtk_widget_set_opacity (GTK_WIDGET (self->emoji_label), CLAMP (4 * (1 - value), 0, 1));
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

static void
on_landed (KlCallTile *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self->emoji_label), FALSE);
}

/* With less motion it stands still as long as it would fly. */
static gboolean
on_stood (gpointer user_data)
{
  g_autoptr (KlCallTile) self = user_data;

  if (self->emoji_label != NULL)
    on_landed (self);
  return G_SOURCE_REMOVE;
}

void
kl_call_tile_react (KlCallTile *self,
                    const char *emoji)
{
  g_return_if_fail (KL_IS_CALL_TILE (self));

  gtk_label_set_label (self->emoji_label, emoji);
  gtk_widget_set_visible (GTK_WIDGET (self->emoji_label), TRUE);
  if (!adw_get_enable_animations (GTK_WIDGET (self)))
    {
      g_timeout_add (EMOJI_MS, on_stood, g_object_ref (self));
      return;
    }
  if (self->flight == NULL)
    {
      self->flight = adw_timed_animation_new (GTK_WIDGET (self), 0, 1, EMOJI_MS,
                                              adw_callback_animation_target_new (on_flight, self, NULL));
      adw_timed_animation_set_easing (ADW_TIMED_ANIMATION (self->flight), ADW_EASE_OUT_CUBIC);
      g_signal_connect_swapped (self->flight, "done", G_CALLBACK (on_landed), self);
    }
  adw_animation_reset (self->flight);
  gtk_widget_set_visible (GTK_WIDGET (self->emoji_label), TRUE);
  adw_animation_play (self->flight);
}

/* ── What it shows ───────────────────────────────────────────────────────── */

void
kl_call_tile_set_user (KlCallTile *self,
                       KlUser     *user)
{
  g_return_if_fail (KL_IS_CALL_TILE (self));

  if (self->user == user)
    return;
  if (self->user != NULL)
    g_signal_handlers_disconnect_by_func (self->user, update, self);
  g_set_object (&self->user, user);
  if (user != NULL)
    g_signal_connect_object (user, "notify::display-name", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  kl_avatar_set_user (self->avatar, user);
  update (self);
}

void
kl_call_tile_set_hand (KlCallTile *self,
                       gboolean    hand)
{
  g_return_if_fail (KL_IS_CALL_TILE (self));

  self->hand = !!hand;
  update (self);
}

void
kl_call_tile_set_small (KlCallTile *self,
                        gboolean    small)
{
  g_return_if_fail (KL_IS_CALL_TILE (self));

  small = !!small;
  if (self->small == small)
    return;
  self->small = small;
  set_class (GTK_WIDGET (self), "small", small);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

void
kl_call_tile_set_name_on_top (KlCallTile *self,
                              gboolean    name_on_top)
{
  g_return_if_fail (KL_IS_CALL_TILE (self));

  self->name_on_top = !!name_on_top;
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

void
kl_call_tile_set_covered (KlCallTile *self,
                          int         covered)
{
  g_return_if_fail (KL_IS_CALL_TILE (self));

  if (self->covered == covered)
    return;
  self->covered = covered;
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

KlCallPeer *
kl_call_tile_get_peer (KlCallTile *self)
{
  g_return_val_if_fail (KL_IS_CALL_TILE (self), NULL);

  return self->peer;
}

const char *
kl_call_tile_get_name (KlCallTile *self)
{
  g_return_val_if_fail (KL_IS_CALL_TILE (self), NULL);

  return gtk_label_get_label (self->name_label);
}

gboolean
kl_call_tile_get_speaking (KlCallTile *self)
{
  g_return_val_if_fail (KL_IS_CALL_TILE (self), FALSE);

  return self->speaking;
}

gboolean
kl_call_tile_get_screen (KlCallTile *self)
{
  g_return_val_if_fail (KL_IS_CALL_TILE (self), FALSE);

  return self->screen;
}

GtkWidget *
kl_call_tile_new (KlCallPeer *peer,
                  KlUser     *user)
{
  static const char *const facts[] = { "notify::audio", "notify::video", "notify::screen", "notify::hand",
                                       "notify::state", "notify::line",  "notify::stalled" };
  KlCallTile *self = g_object_new (KL_TYPE_CALL_TILE, NULL);

  self->peer = g_object_ref (peer);
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
    g_signal_connect_object (peer, facts[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (peer, "notify::speaking", G_CALLBACK (on_peer_speaking), self, G_CONNECT_SWAPPED);
  kl_video_set_feed (KL_VIDEO (self->video), kl_call_peer_get_feed (peer));
  kl_call_tile_set_user (self, user);
  on_peer_speaking (self);
  update (self);
  return GTK_WIDGET (self);
}

GtkWidget *
kl_call_tile_new_own (KlPublisher *publisher,
                      KlUser      *me)
{
  static const char *const facts[] = { "notify::audio-source", "notify::video-source", "notify::muted" };
  KlCallTile *self = g_object_new (KL_TYPE_CALL_TILE, NULL);

  self->publisher = g_object_ref (publisher);
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
    g_signal_connect_object (publisher, facts[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  kl_video_set_feed (KL_VIDEO (self->video), kl_publisher_get_feed (publisher));
  kl_call_tile_set_user (self, me);
  update (self);
  return GTK_WIDGET (self);
}

/* ── Room ────────────────────────────────────────────────────────────────── */

static void
kl_call_tile_measure (GtkWidget      *widget,
                      GtkOrientation  orientation,
                      int             for_size,
                      int            *minimum,
                      int            *natural,
                      int            *minimum_baseline,
                      int            *natural_baseline)
{
  *minimum = *natural = 0;
}

/* Where a chip lies: at the start or the end, at the top or the bottom, RISE pixels from there. */
static void
place_chip (KlCallTile *self,
            GtkWidget  *chip,
            gboolean    at_end,
            gboolean    at_bottom,
            int         rise)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));
  int margin = width < NARROW_BELOW ? MARGIN_NARROW : MARGIN;
  int least, chip_width, chip_height, x, y;

  if (!gtk_widget_should_layout (chip))
    return;
  gtk_widget_measure (chip, GTK_ORIENTATION_HORIZONTAL, -1, &least, &chip_width, NULL, NULL);
  chip_width = MAX (MIN (chip_width, width - 2 * margin - (chip == self->name_chip ? self->covered : 0)), least);
  gtk_widget_measure (chip, GTK_ORIENTATION_VERTICAL, chip_width, NULL, &chip_height, NULL, NULL);
  if (gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL)
    at_end = !at_end;
  x = at_end ? width - margin - chip_width : margin;
  y = (at_bottom ? height - margin - chip_height : margin) - rise;
  gtk_widget_size_allocate (chip, &(GtkAllocation) { x, y, chip_width, chip_height }, -1);
}

static void
place_halo (KlCallTile *self,
            int         width,
            int         height)
{
  int edge;
  double scale;
  GskTransform *transform;

  if (!gtk_widget_should_layout (self->halo))
    return;
  gtk_widget_measure (self->halo, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &edge, NULL, NULL);
  scale = MIN (1, MIN (width, height) * HALO_SHARE / edge);
  transform = gsk_transform_translate (NULL, &GRAPHENE_POINT_INIT ((float) ((width - edge * scale) / 2),
                                                                   (float) ((height - edge * scale) / 2)));
  gtk_widget_allocate (self->halo, edge, edge, -1, gsk_transform_scale (transform, (float) scale, (float) scale));
}

static void
kl_call_tile_size_allocate (GtkWidget *widget,
                            int        width,
                            int        height,
                            int        baseline)
{
  KlCallTile *self = KL_CALL_TILE (widget);

  gtk_widget_set_child_visible (self->name_chip, !self->small);
  gtk_widget_set_child_visible (GTK_WIDGET (self->state_chip), !self->small);
  if (gtk_widget_should_layout (self->video))
    gtk_widget_size_allocate (self->video, &(GtkAllocation) { 0, 0, width, height }, -1);
  place_halo (self, width, height);
  place_chip (self, self->name_chip, FALSE, !self->name_on_top, 0);
  place_chip (self, self->hand_chip, TRUE, FALSE, 0);
  place_chip (self, GTK_WIDGET (self->state_chip), FALSE, self->name_on_top, 0);
  place_chip (self, GTK_WIDGET (self->emoji_label), TRUE, TRUE, (int) (self->risen * MIN (EMOJI_RISE, height / 2)));
}

static void
kl_call_tile_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  KlCallTile *self = KL_CALL_TILE (object);

  switch ((Prop) id)
    {
    case PROP_SPEAKING:
      g_value_set_boolean (value, self->speaking);
      break;
    case PROP_SCREEN:
      g_value_set_boolean (value, self->screen);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_tile_dispose (GObject *object)
{
  KlCallTile *self = KL_CALL_TILE (object);

  if (self->flight != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->flight, self);
      adw_animation_reset (self->flight);
    }
  g_clear_object (&self->flight);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_TILE);
  g_clear_object (&self->peer);
  g_clear_object (&self->publisher);
  g_clear_object (&self->user);
  G_OBJECT_CLASS (kl_call_tile_parent_class)->dispose (object);
}

static void
kl_call_tile_class_init (KlCallTileClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_call_tile_get_property;
  object_class->dispose = kl_call_tile_dispose;
  widget_class->measure = kl_call_tile_measure;
  widget_class->size_allocate = kl_call_tile_size_allocate;

  properties[PROP_SPEAKING]
    = g_param_spec_boolean ("speaking", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_SCREEN] = g_param_spec_boolean ("screen", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  g_type_ensure (KL_TYPE_AVATAR);
  g_type_ensure (KL_TYPE_VIDEO);
  gtk_widget_class_set_css_name (widget_class, "call-tile");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-tile.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, video);
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, halo);
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, avatar);
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, name_chip);
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, voice_icon);
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, line_icon);
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, name_label);
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, camera_icon);
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, hand_chip);
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, state_chip);
  gtk_widget_class_bind_template_child (widget_class, KlCallTile, emoji_label);
}

static void
kl_call_tile_init (KlCallTile *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (self->video, "notify::has-picture", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}
