/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-group-card.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/ui/kl-template.h"
#include "app/ui/kl-tile.h"
#include "app/ui/kl-words.h"

struct _KlGroupCard
{
  GtkWidget parent_instance;

  KlTile *tile;
  GtkLabel *name;
  GtkWidget *here_dot;
  GtkLabel *here;
  GtkLabel *members;
  GtkLabel *topic;
  GtkWidget *button;
  GtkStack *button_stack;
  GtkLabel *button_label;

  KlGroup *group;
};

enum
{
  SIGNAL_JOIN,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlGroupCard, kl_group_card, GTK_TYPE_WIDGET)

static void
update (KlGroupCard *self)
{
  KlGroup *group = self->group;
  guint here = kl_group_get_here (group);
  gboolean joined = kl_group_get_role (group) != KL_ROLE_NONE;
  const char *topic = kl_group_get_topic (group);
  g_autofree char *here_words = here > 0 ? kl_words_dup_here (here) : g_strdup (_ ("Quiet now"));
  g_autofree char *members_words = kl_words_dup_members (kl_group_get_members (group));
  g_autofree char *deed = NULL;

  kl_tile_set_look (self->tile, kl_group_get_id (group), kl_group_get_name (group), kl_group_get_emoji (group),
                    (int) kl_group_get_hue (group));
  gtk_label_set_label (self->name, kl_group_get_name (group));
  gtk_widget_set_visible (self->here_dot, here > 0);
  gtk_label_set_label (self->here, here_words);
  gtk_widget_set_css_classes (GTK_WIDGET (self->here),
                              here > 0 ? (const char *[]) { "subline", "here", NULL } : (const char *[]) { "subline", "dimmed", NULL });
  gtk_label_set_label (self->members, members_words);
  gtk_label_set_label (self->topic, topic != NULL ? topic : "");
  gtk_label_set_label (self->button_label, joined ? _ ("Open") : _ ("Join"));
  if (joined)
    gtk_widget_add_css_class (self->button, "flat");
  else
    gtk_widget_remove_css_class (self->button, "flat");
  /* Translators: a group's name */
  deed = g_strdup_printf (joined ? _ ("Open %s") : _ ("Join %s"), kl_group_get_name (group));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL, deed, -1);
}

GtkWidget *
kl_group_card_new (KlGroup *group)
{
  KlGroupCard *self = g_object_new (KL_TYPE_GROUP_CARD, NULL);

  self->group = g_object_ref (group);
  g_signal_connect_object (group, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}

KlGroup *
kl_group_card_get_group (KlGroupCard *self)
{
  g_return_val_if_fail (KL_IS_GROUP_CARD (self), NULL);

  return self->group;
}

void
kl_group_card_set_busy (KlGroupCard *self,
                        gboolean     busy)
{
  g_return_if_fail (KL_IS_GROUP_CARD (self));

  gtk_stack_set_visible_child_name (self->button_stack, busy ? "busy" : "label");
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_STATE_BUSY, busy, -1);
}

static void
on_clicked (KlGroupCard *self)
{
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->button_stack), "busy") != 0)
    g_signal_emit (self, signals[SIGNAL_JOIN], 0, self->group);
}

static void
kl_group_card_dispose (GObject *object)
{
  KlGroupCard *self = KL_GROUP_CARD (object);

  g_clear_object (&self->group);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_GROUP_CARD);
  G_OBJECT_CLASS (kl_group_card_parent_class)->dispose (object);
}

static void
kl_group_card_class_init (KlGroupCardClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_group_card_dispose;
  signals[SIGNAL_JOIN] = g_signal_new ("join", KL_TYPE_GROUP_CARD, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                       KL_TYPE_GROUP);
  g_type_ensure (KL_TYPE_TILE);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-group-card.ui");
  gtk_widget_class_bind_template_child (widget_class, KlGroupCard, tile);
  gtk_widget_class_bind_template_child (widget_class, KlGroupCard, name);
  gtk_widget_class_bind_template_child (widget_class, KlGroupCard, here_dot);
  gtk_widget_class_bind_template_child (widget_class, KlGroupCard, here);
  gtk_widget_class_bind_template_child (widget_class, KlGroupCard, members);
  gtk_widget_class_bind_template_child (widget_class, KlGroupCard, topic);
  gtk_widget_class_bind_template_child (widget_class, KlGroupCard, button);
  gtk_widget_class_bind_template_child (widget_class, KlGroupCard, button_stack);
  gtk_widget_class_bind_template_child (widget_class, KlGroupCard, button_label);
  gtk_widget_class_bind_template_callback (widget_class, on_clicked);
}

static void
kl_group_card_init (KlGroupCard *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
