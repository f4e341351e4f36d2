/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-incoming-dialog.h"

#include <glib/gi18n.h>

#include "app/ui/kl-avatar.h"
#include "app/ui/kl-call-words.h"
#include "app/ui/kl-faces.h"
#include "app/ui/kl-tile.h"

struct _KlIncomingDialog
{
  AdwDialog parent_instance;

  KlAvatar *avatar;
  GtkLabel *name_label;
  KlTile *tile;
  GtkLabel *group_label;
  KlFaces *faces;
  GtkLabel *already_label;
  GtkWidget *join_button;

  KlCalls *calls;
  KlRing *ring; /* NULL: answered, or it has stopped */
  KlGroup *group;
  GtkFilterListModel *others; /* KlUser: those in the call but who rings */
};

G_DEFINE_FINAL_TYPE (KlIncomingDialog, kl_incoming_dialog, ADW_TYPE_DIALOG)

/* ── Words ───────────────────────────────────────────────────────────────── */

static void
update (KlIncomingDialog *self)
{
  KlGroupCall *call = kl_group_get_call (self->group);
  GListModel *people = call != NULL ? kl_group_call_get_people (call) : NULL;
  g_autofree char *name = NULL;
  g_autofree char *where = g_strdup_printf (_ ("Video call in %s"), kl_group_get_name (self->group));
  g_autofree char *already = NULL;
  g_autofree char *title = NULL;
  gboolean direct = kl_group_get_kind (self->group) == KL_GROUP_KIND_DIRECT;

  if (self->ring == NULL)
    return;
  name = g_strdup (kl_user_get_display_name (kl_ring_get_by (self->ring)));
  if (gtk_filter_list_model_get_model (self->others) != people)
    gtk_filter_list_model_set_model (self->others, people);
  already = kl_call_words_dup_already_in (G_LIST_MODEL (self->others), NULL);
  title = g_strdup_printf (_ ("Call from %s"), name);
  adw_dialog_set_title (ADW_DIALOG (self), title);
  gtk_label_set_label (self->name_label, name);
  kl_tile_set_look (self->tile, kl_group_get_id (self->group), kl_group_get_name (self->group),
                    kl_group_get_emoji (self->group), (int) kl_group_get_hue (self->group));
  gtk_widget_set_visible (GTK_WIDGET (self->tile), !direct);
  gtk_label_set_label (self->group_label, direct ? _ ("Video call") : where);
  gtk_label_set_label (self->already_label, already != NULL ? already : "");
  gtk_widget_set_visible (GTK_WIDGET (self->faces), already != NULL);
}

/* ── Answers ─────────────────────────────────────────────────────────────── */

static void
answer (KlIncomingDialog *self,
        gboolean          video)
{
  g_autoptr (KlRing) ring = g_steal_pointer (&self->ring);

  if (ring == NULL)
    return;
  adw_dialog_force_close (ADW_DIALOG (self));
  kl_calls_answer (self->calls, ring, video);
}

static void
on_join (KlIncomingDialog *self)
{
  answer (self, TRUE);
}

static void
on_voice (KlIncomingDialog *self)
{
  answer (self, FALSE);
}

static void
on_decline (KlIncomingDialog *self)
{
  adw_dialog_close (ADW_DIALOG (self));
}

static void
on_closed (KlIncomingDialog *self)
{
  g_autoptr (KlRing) ring = g_steal_pointer (&self->ring);

  if (ring != NULL)
    kl_calls_decline (self->calls, ring);
}

void
kl_incoming_dialog_end (KlIncomingDialog *self)
{
  g_return_if_fail (KL_IS_INCOMING_DIALOG (self));

  g_clear_object (&self->ring);
  adw_dialog_force_close (ADW_DIALOG (self));
}

static gboolean
is_other (gpointer user,
          gpointer by)
{
  return user != by;
}

AdwDialog *
kl_incoming_dialog_new (KlCalls *calls,
                        KlRing  *ring)
{
  KlIncomingDialog *self = g_object_new (KL_TYPE_INCOMING_DIALOG, NULL);
  GtkCustomFilter *filter = gtk_custom_filter_new (is_other, g_object_ref (kl_ring_get_by (ring)), g_object_unref);

  self->calls = g_object_ref (calls);
  self->ring = g_object_ref (ring);
  self->group = g_object_ref (kl_ring_get_group (ring));
  kl_avatar_set_user (self->avatar, kl_ring_get_by (ring));
  self->others = gtk_filter_list_model_new (NULL, GTK_FILTER (filter));
  kl_faces_set_people (self->faces, G_LIST_MODEL (self->others));
  g_signal_connect_object (self->others, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->group, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kl_ring_get_by (ring), "notify::display-name", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return ADW_DIALOG (self);
}

static void
kl_incoming_dialog_dispose (GObject *object)
{
  KlIncomingDialog *self = KL_INCOMING_DIALOG (object);

  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_INCOMING_DIALOG);
  if (self->others != NULL)
    g_signal_handlers_disconnect_by_data (self->others, self);
  g_clear_object (&self->others);
  g_clear_object (&self->ring);
  g_clear_object (&self->group);
  g_clear_object (&self->calls);
  G_OBJECT_CLASS (kl_incoming_dialog_parent_class)->dispose (object);
}

static void
kl_incoming_dialog_class_init (KlIncomingDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_incoming_dialog_dispose;

  g_type_ensure (KL_TYPE_AVATAR);
  g_type_ensure (KL_TYPE_FACES);
  g_type_ensure (KL_TYPE_TILE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-incoming-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlIncomingDialog, avatar);
  gtk_widget_class_bind_template_child (widget_class, KlIncomingDialog, name_label);
  gtk_widget_class_bind_template_child (widget_class, KlIncomingDialog, tile);
  gtk_widget_class_bind_template_child (widget_class, KlIncomingDialog, group_label);
  gtk_widget_class_bind_template_child (widget_class, KlIncomingDialog, already_label);
  gtk_widget_class_bind_template_child (widget_class, KlIncomingDialog, faces);
  gtk_widget_class_bind_template_child (widget_class, KlIncomingDialog, join_button);
  gtk_widget_class_bind_template_callback (widget_class, on_join);
  gtk_widget_class_bind_template_callback (widget_class, on_voice);
  gtk_widget_class_bind_template_callback (widget_class, on_decline);
  gtk_widget_class_bind_template_callback (widget_class, on_closed);
}

static void
kl_incoming_dialog_init (KlIncomingDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  adw_dialog_set_focus (ADW_DIALOG (self), self->join_button);
}
