/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-strip.h"

#include <glib/gi18n.h>

#include "app/ui/kl-avatar.h"
#include "app/ui/kl-call-words.h"
#include "app/ui/kl-template.h"

enum
{
  MOST_FACES = 5,
  FACE_SIZE = 26,
};

struct _KlCallStrip
{
  GtkWidget parent_instance;

  GtkRevealer *revealer;
  GtkLabel *title_label;
  GtkWidget *faces;
  GtkLabel *who_label;

  KlGroup *group;
  KlGroupCall *call;
  GSignalGroup *group_signals;
  GSignalGroup *call_signals;
  GSignalGroup *people_signals;
  guint clock;
};

G_DEFINE_FINAL_TYPE (KlCallStrip, kl_call_strip, GTK_TYPE_WIDGET)

static void
update_time (KlCallStrip *self)
{
  g_autofree char *elapsed = kl_call_words_dup_elapsed (kl_group_call_get_started_at (self->call));
  /* Translators: how long a call has been on: "Call · 12:04" */
  g_autofree char *title = g_strdup_printf (_ ("Call · %s"), elapsed);

  gtk_label_set_label (self->title_label, title);
}

static gboolean
on_clock (gpointer user_data)
{
  update_time (user_data);
  return G_SOURCE_CONTINUE;
}

static void
update_faces (KlCallStrip *self)
{
  GListModel *people = kl_group_call_get_people (self->call);
  guint n = g_list_model_get_n_items (people);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (self->faces)) != NULL)
    gtk_box_remove (GTK_BOX (self->faces), child);
  for (guint i = 0; i < MIN (n, MOST_FACES); i++)
    {
      g_autoptr (KlUser) user = g_list_model_get_item (people, i);
      GtkWidget *face = kl_avatar_new (FACE_SIZE);

      kl_avatar_set_shows_presence (KL_AVATAR (face), FALSE);
      kl_avatar_set_user (KL_AVATAR (face), user);
      if (i > 0)
        gtk_widget_add_css_class (face, "overlapping");
      gtk_box_append (GTK_BOX (self->faces), face);
    }
}

static void
update_who (KlCallStrip *self)
{
  GListModel *people = kl_group_call_get_people (self->call);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;
  g_autofree char *who = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (people); i++)
    {
      g_autoptr (KlUser) user = g_list_model_get_item (people, i);

      g_strv_builder_add (names, kl_user_get_display_name (user));
    }
  list = g_strv_builder_end (names);
  who = g_strjoinv (", ", list);
  gtk_label_set_label (self->who_label, who);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->who_label), who);
}

static void
update (KlCallStrip *self)
{
  gboolean shown = self->call != NULL && !kl_group_call_get_joined_here (self->call)
                   && kl_group_call_get_n_people (self->call) > 0;

  if (shown)
    {
      g_autofree char *spoken = NULL;

      update_time (self);
      update_faces (self);
      update_who (self);
      spoken = g_strdup_printf (_ ("A call is on: %s"), gtk_label_get_label (self->who_label));
      gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
    }
  if (shown && self->clock == 0)
    self->clock = g_timeout_add_seconds (1, on_clock, self);
  else if (!shown)
    g_clear_handle_id (&self->clock, g_source_remove);
  gtk_revealer_set_reveal_child (self->revealer, shown);
}

static void
on_call (KlCallStrip *self)
{
  KlGroupCall *call = self->group != NULL ? kl_group_get_call (self->group) : NULL;

  g_set_object (&self->call, call);
  g_signal_group_set_target (self->call_signals, self->call);
  g_signal_group_set_target (self->people_signals, self->call != NULL ? kl_group_call_get_people (self->call) : NULL);
  update (self);
}

void
kl_call_strip_set_group (KlCallStrip *self,
                         KlGroup     *group)
{
  g_return_if_fail (KL_IS_CALL_STRIP (self));

  if (self->group == group)
    return;
  g_set_object (&self->group, group);
  g_signal_group_set_target (self->group_signals, group);
  on_call (self);
}

static void
kl_call_strip_dispose (GObject *object)
{
  KlCallStrip *self = KL_CALL_STRIP (object);

  g_clear_handle_id (&self->clock, g_source_remove);
  g_clear_object (&self->group_signals);
  g_clear_object (&self->call_signals);
  g_clear_object (&self->people_signals);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_STRIP);
  g_clear_object (&self->call);
  g_clear_object (&self->group);
  G_OBJECT_CLASS (kl_call_strip_parent_class)->dispose (object);
}

static void
kl_call_strip_class_init (KlCallStripClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_call_strip_dispose;

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-strip.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallStrip, revealer);
  gtk_widget_class_bind_template_child (widget_class, KlCallStrip, title_label);
  gtk_widget_class_bind_template_child (widget_class, KlCallStrip, faces);
  gtk_widget_class_bind_template_child (widget_class, KlCallStrip, who_label);
}

static void
kl_call_strip_init (KlCallStrip *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->group_signals = g_signal_group_new (KL_TYPE_GROUP);
  g_signal_group_connect_object (self->group_signals, "notify::call", G_CALLBACK (on_call), self, G_CONNECT_SWAPPED);
  self->call_signals = g_signal_group_new (KL_TYPE_GROUP_CALL);
  g_signal_group_connect_object (self->call_signals, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  self->people_signals = g_signal_group_new (G_TYPE_LIST_MODEL);
  g_signal_group_connect_object (self->people_signals, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}
