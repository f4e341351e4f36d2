/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-heading.h"

#include <glib/gi18n.h>

#include "app/ui/kl-call-words.h"
#include "app/ui/kl-template.h"

struct _KlCallHeading
{
  GtkWidget parent_instance;

  GtkLabel *group_label;
  GtkLabel *time_label;

  KlCalls *calls;
  KlGroup *group;
  GListModel *peers;
  GtkAccessible *of; /* lent */
  guint clock;
};

G_DEFINE_FINAL_TYPE (KlCallHeading, kl_call_heading, GTK_TYPE_WIDGET)

static void
update_time (KlCallHeading *self)
{
  guint n_people = 1 + g_list_model_get_n_items (self->peers);
  g_autofree char *elapsed = kl_call_words_dup_elapsed (kl_calls_get_started_at (self->calls));
  g_autofree char *words = kl_call_words_dup_people (elapsed, n_people);

  gtk_label_set_label (self->time_label, words);
}

static gboolean
on_clock (gpointer user_data)
{
  update_time (user_data);
  return G_SOURCE_CONTINUE;
}

static void
update_group (KlCallHeading *self)
{
  g_autofree char *spoken = g_strdup_printf (_ ("Call in %s"), kl_group_get_name (self->group));

  gtk_label_set_label (self->group_label, kl_group_get_name (self->group));
  gtk_accessible_update_property (self->of, GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

void
kl_call_heading_set_calls (KlCallHeading *self,
                           KlCalls       *calls,
                           GtkAccessible *of)
{
  g_return_if_fail (KL_IS_CALL_HEADING (self) && self->calls == NULL);
  g_return_if_fail (KL_IS_CALLS (calls) && kl_calls_get_call (calls) != NULL);
  g_return_if_fail (GTK_IS_ACCESSIBLE (of));

  self->calls = g_object_ref (calls);
  self->group = g_object_ref (kl_calls_get_group (calls));
  self->peers = g_object_ref (kl_call_get_peers (kl_calls_get_call (calls)));
  self->of = of;
  g_signal_connect_object (calls, "notify::started-at", G_CALLBACK (update_time), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->peers, "items-changed", G_CALLBACK (update_time), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->group, "notify::name", G_CALLBACK (update_group), self, G_CONNECT_SWAPPED);
  self->clock = g_timeout_add_seconds (1, on_clock, self);
  update_group (self);
  update_time (self);
}

static void
kl_call_heading_dispose (GObject *object)
{
  KlCallHeading *self = KL_CALL_HEADING (object);

  g_clear_handle_id (&self->clock, g_source_remove);
  if (self->calls != NULL)
    g_signal_handlers_disconnect_by_data (self->calls, self);
  if (self->peers != NULL)
    g_signal_handlers_disconnect_by_data (self->peers, self);
  if (self->group != NULL)
    g_signal_handlers_disconnect_by_data (self->group, self);
  kl_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_HEADING);
  g_clear_object (&self->peers);
  g_clear_object (&self->group);
  g_clear_object (&self->calls);
  G_OBJECT_CLASS (kl_call_heading_parent_class)->dispose (object);
}

static void
kl_call_heading_class_init (KlCallHeadingClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_call_heading_dispose;

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-heading.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallHeading, group_label);
  gtk_widget_class_bind_template_child (widget_class, KlCallHeading, time_label);
}

static void
kl_call_heading_init (KlCallHeading *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
