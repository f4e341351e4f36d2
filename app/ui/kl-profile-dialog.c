/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-profile-dialog.h"

#include <glib/gi18n.h>

#include "app/ui/kl-avatar.h"
#include "app/ui/kl-errors.h"
#include "app/ui/kl-notice.h"

#define NAME_MAX_CHARACTERS 64
#define STATUS_MAX_CHARACTERS 140

struct _KlProfileDialog
{
  AdwDialog parent_instance;

  KlAvatar *avatar;
  GtkLabel *address_label;
  GtkEditable *name_row;
  GtkEditable *status_row;
  AdwSwitchRow *dnd_row;
  KlNotice *notice;

  KlSession *session;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (KlProfileDialog, kl_profile_dialog, ADW_TYPE_DIALOG)

static void
update_dnd (KlProfileDialog *self)
{
  KlUser *me = kl_session_get_me (self->session);

  self->updating = TRUE;
  adw_switch_row_set_active (self->dnd_row, kl_user_get_status (me) == KL_USER_STATUS_DND);
  self->updating = FALSE;
}

static void
show_result (KlProfileDialog *self,
             GError          *error)
{
  g_autofree char *sentence = error != NULL ? kl_error_dup_sentence (error) : NULL;

  kl_notice_show (self->notice, KL_NOTICE_ERROR, sentence);
  update_dnd (self);
}

static void
on_name_set (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (KlProfileDialog) self = user_data;
  g_autoptr (GError) error = NULL;

  kl_session_set_display_name_finish (KL_SESSION (source), result, &error);
  if (self->session != NULL)
    show_result (self, error);
}

static void
on_name_apply (KlProfileDialog *self)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (self->name_row)));

  if (*name == '\0')
    {
      kl_notice_show (self->notice, KL_NOTICE_ERROR, _ ("A name needs at least one character that can be seen."));
      return;
    }
  kl_session_set_display_name_async (self->session, name, NULL, on_name_set, g_object_ref (self));
}

static void
on_status_set (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (KlProfileDialog) self = user_data;
  g_autoptr (GError) error = NULL;

  kl_session_set_status_finish (KL_SESSION (source), result, &error);
  if (self->session != NULL)
    show_result (self, error);
}

static void
set_status (KlProfileDialog *self)
{
  kl_session_set_status_async (self->session, adw_switch_row_get_active (self->dnd_row),
                               gtk_editable_get_text (self->status_row), NULL, on_status_set, g_object_ref (self));
}

static void
on_status_apply (KlProfileDialog *self)
{
  set_status (self);
}

static void
on_dnd_changed (KlProfileDialog *self)
{
  if (!self->updating && self->session != NULL)
    set_status (self);
}

AdwDialog *
kl_profile_dialog_new (KlSession *session)
{
  KlProfileDialog *self = g_object_new (KL_TYPE_PROFILE_DIALOG, NULL);
  KlUser *me = kl_session_get_me (session);
  const char *status = kl_user_get_status_text (me);

  self->session = g_object_ref (session);
  kl_avatar_set_user (self->avatar, me);
  gtk_label_set_label (self->address_label, kl_user_get_address (me));
  gtk_editable_set_text (self->name_row, kl_user_get_display_name (me) ?: "");
  gtk_editable_set_text (self->status_row, status != NULL ? status : "");
  update_dnd (self);
  g_signal_connect_object (me, "notify::status", G_CALLBACK (update_dnd), self, G_CONNECT_SWAPPED);
  return ADW_DIALOG (self);
}

static void
kl_profile_dialog_dispose (GObject *object)
{
  KlProfileDialog *self = KL_PROFILE_DIALOG (object);

  g_clear_object (&self->session);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_PROFILE_DIALOG);
  G_OBJECT_CLASS (kl_profile_dialog_parent_class)->dispose (object);
}

static void
kl_profile_dialog_class_init (KlProfileDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_profile_dialog_dispose;
  g_type_ensure (KL_TYPE_AVATAR);
  g_type_ensure (KL_TYPE_NOTICE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-profile-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlProfileDialog, avatar);
  gtk_widget_class_bind_template_child (widget_class, KlProfileDialog, address_label);
  gtk_widget_class_bind_template_child (widget_class, KlProfileDialog, name_row);
  gtk_widget_class_bind_template_child (widget_class, KlProfileDialog, status_row);
  gtk_widget_class_bind_template_child (widget_class, KlProfileDialog, dnd_row);
  gtk_widget_class_bind_template_child (widget_class, KlProfileDialog, notice);
  gtk_widget_class_bind_template_callback (widget_class, on_name_apply);
  gtk_widget_class_bind_template_callback (widget_class, on_status_apply);
}

static void
kl_profile_dialog_init (KlProfileDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  adw_entry_row_set_max_length (ADW_ENTRY_ROW (self->name_row), NAME_MAX_CHARACTERS);
  adw_entry_row_set_max_length (ADW_ENTRY_ROW (self->status_row), STATUS_MAX_CHARACTERS);
  g_signal_connect_object (self->dnd_row, "notify::active", G_CALLBACK (on_dnd_changed), self, G_CONNECT_SWAPPED);
}
