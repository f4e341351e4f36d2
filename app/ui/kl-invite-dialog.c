/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-invite-dialog.h"

#include <glib/gi18n.h>

#include "app/ui/kl-errors.h"
#include "app/ui/kl-notice.h"
#include "app/ui/kl-tile.h"

struct _KlInviteDialog
{
  AdwDialog parent_instance;

  KlTile *tile;
  GtkLabel *heading;
  GtkStack *stack;
  AdwActionRow *link_row;
  GtkWidget *copy_button;
  AdwButtonContent *copy_content;
  KlNotice *notice;

  KlSession *session;
  KlGroup *group;
  GCancellable *cancellable;
  char *link;
};

G_DEFINE_FINAL_TYPE (KlInviteDialog, kl_invite_dialog, ADW_TYPE_DIALOG)

static void
on_made (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (KlInviteDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *link = kl_session_make_invite_finish (KL_SESSION (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (link == NULL)
    {
      g_autofree char *sentence = g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_FORBIDDEN)
                                    ? g_strdup (_ ("Only admins can invite people to this group."))
                                    : kl_error_dup_sentence (error);

      kl_notice_set_button (self->notice, _ ("Try again"));
      kl_notice_show (self->notice, KL_NOTICE_ERROR, sentence);
      gtk_stack_set_visible_child_name (self->stack, "failed");
      return;
    }
  g_set_str (&self->link, link);
  adw_action_row_set_subtitle (self->link_row, link);
  gtk_stack_set_visible_child_name (self->stack, "link");
  gtk_widget_grab_focus (self->copy_button);
}

static void
make (KlInviteDialog *self)
{
  gtk_stack_set_visible_child_name (self->stack, "making");
  kl_session_make_invite_async (self->session, self->group, self->cancellable, on_made, g_object_ref (self));
}

static void
on_try_again (KlInviteDialog *self)
{
  make (self);
}

static void
on_copy (KlInviteDialog *self)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), self->link);
  adw_button_content_set_label (self->copy_content, _ ("Copied"));
  adw_button_content_set_icon_name (self->copy_content, "kl-check-symbolic");
  gtk_accessible_announce (GTK_ACCESSIBLE (self), _ ("Link copied"), GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

AdwDialog *
kl_invite_dialog_new (KlSession *session,
                      KlGroup   *group)
{
  KlInviteDialog *self = g_object_new (KL_TYPE_INVITE_DIALOG, NULL);
  g_autofree char *heading = g_strdup_printf (_ ("Bring people to %s"), kl_group_get_name (group));

  self->session = g_object_ref (session);
  self->group = g_object_ref (group);
  kl_tile_set_look (self->tile, kl_group_get_id (group), kl_group_get_name (group), kl_group_get_emoji (group),
                    (int) kl_group_get_hue (group));
  gtk_label_set_label (self->heading, heading);
  make (self);
  return ADW_DIALOG (self);
}

static void
kl_invite_dialog_closed (AdwDialog *dialog)
{
  g_cancellable_cancel (KL_INVITE_DIALOG (dialog)->cancellable);
}

static void
kl_invite_dialog_dispose (GObject *object)
{
  KlInviteDialog *self = KL_INVITE_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->group);
  g_clear_object (&self->session);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_INVITE_DIALOG);
  G_OBJECT_CLASS (kl_invite_dialog_parent_class)->dispose (object);
}

static void
kl_invite_dialog_finalize (GObject *object)
{
  g_free (KL_INVITE_DIALOG (object)->link);
  G_OBJECT_CLASS (kl_invite_dialog_parent_class)->finalize (object);
}

static void
kl_invite_dialog_class_init (KlInviteDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_invite_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_invite_dialog_finalize;
  ADW_DIALOG_CLASS (klass)->closed = kl_invite_dialog_closed;
  g_type_ensure (KL_TYPE_TILE);
  g_type_ensure (KL_TYPE_NOTICE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-invite-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlInviteDialog, tile);
  gtk_widget_class_bind_template_child (widget_class, KlInviteDialog, heading);
  gtk_widget_class_bind_template_child (widget_class, KlInviteDialog, stack);
  gtk_widget_class_bind_template_child (widget_class, KlInviteDialog, link_row);
  gtk_widget_class_bind_template_child (widget_class, KlInviteDialog, copy_button);
  gtk_widget_class_bind_template_child (widget_class, KlInviteDialog, copy_content);
  gtk_widget_class_bind_template_child (widget_class, KlInviteDialog, notice);
  gtk_widget_class_bind_template_callback (widget_class, on_copy);
  gtk_widget_class_bind_template_callback (widget_class, on_try_again);
}

static void
kl_invite_dialog_init (KlInviteDialog *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
