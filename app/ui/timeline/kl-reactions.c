/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/timeline/kl-reactions.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/core/kl-message.h"
#include "app/ui/timeline/kl-timeline.h"

#define GAP_PX 6
#define SCALE_FROM 0.6

/* ── One emoji ── */

#define KL_TYPE_REACTION_CHIP (kl_reaction_chip_get_type ())
G_DECLARE_FINAL_TYPE (KlReactionChip, kl_reaction_chip, KL, REACTION_CHIP, GtkWidget)

struct _KlReactionChip
{
  GtkWidget parent_instance;

  GtkWidget *emoji;
  GtkWidget *count;
  AdwAnimation *spring;
  double scale;
};

G_DEFINE_FINAL_TYPE (KlReactionChip, kl_reaction_chip, GTK_TYPE_WIDGET)

static void
on_spring (double value, gpointer user_data)
{
  KL_REACTION_CHIP (user_data)->scale = value;
  gtk_widget_queue_draw (user_data);
}

static void
spring_in (KlReactionChip *self)
{
  if (!kl_timeline_may_animate (gtk_widget_get_parent (GTK_WIDGET (self))))
    return;
  if (self->spring == NULL)
    self->spring = adw_spring_animation_new (GTK_WIDGET (self), SCALE_FROM, 1, adw_spring_params_new (0.6, 1, 700),
                                             adw_callback_animation_target_new (on_spring, self, NULL));
  adw_animation_reset (self->spring);
  adw_animation_play (self->spring);
}

static void
kl_reaction_chip_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  KlReactionChip *self = KL_REACTION_CHIP (widget);
  float x = (float) gtk_widget_get_width (widget) / 2;
  float y = (float) gtk_widget_get_height (widget) / 2;

  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (x, y));
  gtk_snapshot_scale (snapshot, (float) self->scale, (float) self->scale);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (-x, -y));
  GTK_WIDGET_CLASS (kl_reaction_chip_parent_class)->snapshot (widget, snapshot);
}

static gboolean
show_chip (KlReactionChip *self, KlReaction *reaction)
{
  g_autofree char *count = g_strdup_printf ("%u", kl_reaction_get_count (reaction));
  g_autofree char *label = NULL;
  gboolean changed = !g_str_equal (gtk_label_get_text (GTK_LABEL (self->emoji)), kl_reaction_get_emoji (reaction))
                     || !g_str_equal (gtk_label_get_text (GTK_LABEL (self->count)), count);

  gtk_label_set_text (GTK_LABEL (self->emoji), kl_reaction_get_emoji (reaction));
  gtk_label_set_text (GTK_LABEL (self->count), count);
  if (kl_reaction_get_mine (reaction))
    {
      gtk_widget_add_css_class (GTK_WIDGET (self), "mine");
      /* Translators: a reaction: emoji, how many people */
      label = g_strdup_printf (_ ("%s, %s, you reacted"), kl_reaction_get_emoji (reaction), count);
    }
  else
    {
      gtk_widget_remove_css_class (GTK_WIDGET (self), "mine");
      label = g_strdup_printf ("%s, %s", kl_reaction_get_emoji (reaction), count);
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_accessible_update_state (
      GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_STATE_PRESSED,
      kl_reaction_get_mine (reaction) ? GTK_ACCESSIBLE_TRISTATE_TRUE : GTK_ACCESSIBLE_TRISTATE_FALSE, -1);
  return changed;
}

static void
kl_reaction_chip_dispose (GObject *object)
{
  KlReactionChip *self = KL_REACTION_CHIP (object);

  g_clear_object (&self->spring);
  g_clear_pointer (&self->emoji, gtk_widget_unparent);
  g_clear_pointer (&self->count, gtk_widget_unparent);
  G_OBJECT_CLASS (kl_reaction_chip_parent_class)->dispose (object);
}

static void
kl_reaction_chip_class_init (KlReactionChipClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_reaction_chip_dispose;
  GTK_WIDGET_CLASS (klass)->snapshot = kl_reaction_chip_snapshot;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "reaction");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_TOGGLE_BUTTON);
}

static GtkWidget *
new_label (const char *css_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_widget_add_css_class (label, css_class);
  gtk_accessible_update_state (GTK_ACCESSIBLE (label), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  return label;
}

static void
kl_reaction_chip_init (KlReactionChip *self)
{
  self->scale = 1;
  self->emoji = new_label ("emoji");
  self->count = new_label ("count");
  gtk_widget_set_parent (self->emoji, GTK_WIDGET (self));
  gtk_widget_set_parent (self->count, GTK_WIDGET (self));
}

/* ── All of them ── */

struct _KlReactions
{
  GtkWidget parent_instance;

  GtkWidget *box;
};

G_DEFINE_FINAL_TYPE (KlReactions, kl_reactions, GTK_TYPE_WIDGET)

void
kl_reactions_show (KlReactions *self, GListModel *reactions, gboolean animate)
{
  guint n_reactions;
  GtkWidget *chip;

  g_return_if_fail (KL_IS_REACTIONS (self));
  g_return_if_fail (G_IS_LIST_MODEL (reactions));

  n_reactions = g_list_model_get_n_items (reactions);
  chip = gtk_widget_get_first_child (self->box);
  for (guint i = 0; i < n_reactions; i++)
    {
      g_autoptr (KlReaction) reaction = g_list_model_get_item (reactions, i);

      if (chip == NULL)
        {
          chip = g_object_new (KL_TYPE_REACTION_CHIP, NULL);
          adw_wrap_box_append (ADW_WRAP_BOX (self->box), chip);
        }
      if (show_chip (KL_REACTION_CHIP (chip), reaction) && animate)
        spring_in (KL_REACTION_CHIP (chip));
      chip = gtk_widget_get_next_sibling (chip);
    }
  while (chip != NULL)
    {
      GtkWidget *next = gtk_widget_get_next_sibling (chip);

      adw_wrap_box_remove (ADW_WRAP_BOX (self->box), chip);
      chip = next;
    }
}

static void
kl_reactions_dispose (GObject *object)
{
  g_clear_pointer (&KL_REACTIONS (object)->box, gtk_widget_unparent);
  G_OBJECT_CLASS (kl_reactions_parent_class)->dispose (object);
}

static void
kl_reactions_class_init (KlReactionsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_reactions_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "reactions");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
kl_reactions_init (KlReactions *self)
{
  self->box = adw_wrap_box_new ();
  adw_wrap_box_set_child_spacing (ADW_WRAP_BOX (self->box), GAP_PX);
  adw_wrap_box_set_line_spacing (ADW_WRAP_BOX (self->box), GAP_PX);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Reactions"), -1);
}

GtkWidget *
kl_reactions_new (void)
{
  return g_object_new (KL_TYPE_REACTIONS, NULL);
}
