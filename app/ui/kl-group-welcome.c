/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-group-welcome.h"

#include <glib/gi18n.h>

#include "app/ui/kl-template.h"
#include "app/ui/kl-tile.h"

struct _KlGroupWelcome
{
  GtkWidget parent_instance;

  KlTile *tile;
  GtkLabel *heading;
  GtkLabel *text;

  KlGroup *group;
  GSignalGroup *group_signals;
};

enum
{
  SIGNAL_STARTER,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlGroupWelcome, kl_group_welcome, GTK_TYPE_WIDGET)

static void
update (KlGroupWelcome *self)
{
  KlGroup *group = self->group;
  const char *topic = kl_group_get_topic (group);
  g_autofree char *heading = NULL;

  kl_tile_set_look (self->tile, kl_group_get_id (group), kl_group_get_name (group), kl_group_get_emoji (group),
                    (int) kl_group_get_hue (group));
  if (kl_group_get_members (group) <= 1)
    /* Translators: a new group's name */
    heading = g_strdup_printf (_ ("%s is ready"), kl_group_get_name (group));
  else
    heading = g_strdup_printf (_ ("Be the first in %s"), kl_group_get_name (group));
  gtk_label_set_label (self->heading, heading);
  if (topic != NULL && *topic != '\0')
    gtk_label_set_label (self->text, topic);
  else
    gtk_label_set_label (self->text, kl_group_get_members (group) <= 1 ? _ ("It gets better with company.")
                                                                       : _ ("Nobody has said anything yet."));
}

void
kl_group_welcome_set_group (KlGroupWelcome *self,
                            KlGroup        *group)
{
  g_return_if_fail (KL_IS_GROUP_WELCOME (self));

  g_set_object (&self->group, group);
  g_signal_group_set_target (self->group_signals, group);
  if (group != NULL)
    update (self);
}

static void
on_starter_clicked (KlGroupWelcome *self,
                    GtkButton      *button)
{
  g_signal_emit (self, signals[SIGNAL_STARTER], 0, gtk_button_get_label (button));
}

static void
kl_group_welcome_dispose (GObject *object)
{
  KlGroupWelcome *self = KL_GROUP_WELCOME (object);

  g_clear_object (&self->group_signals);
  g_clear_object (&self->group);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_GROUP_WELCOME);
  G_OBJECT_CLASS (kl_group_welcome_parent_class)->dispose (object);
}

static void
kl_group_welcome_class_init (KlGroupWelcomeClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_group_welcome_dispose;
  signals[SIGNAL_STARTER] = g_signal_new ("starter", KL_TYPE_GROUP_WELCOME, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_STRING);
  g_type_ensure (KL_TYPE_TILE);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-group-welcome.ui");
  gtk_widget_class_bind_template_child (widget_class, KlGroupWelcome, tile);
  gtk_widget_class_bind_template_child (widget_class, KlGroupWelcome, heading);
  gtk_widget_class_bind_template_child (widget_class, KlGroupWelcome, text);
  gtk_widget_class_bind_template_callback (widget_class, on_starter_clicked);
}

static void
kl_group_welcome_init (KlGroupWelcome *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->group_signals = g_signal_group_new (KL_TYPE_GROUP);
  g_signal_group_connect_object (self->group_signals, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}
