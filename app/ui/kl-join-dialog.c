/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-join-dialog.h"

#include <glib/gi18n.h>

#include "app/ui/kl-errors.h"
#include "app/ui/kl-notice.h"
#include "app/ui/kl-tile.h"
#include "app/ui/kl-words.h"

#define SHOW_DELAY_MS 400

struct _KlJoinDialog
{
  AdwDialog parent_instance;

  GtkEditable *link_row;
  GtkRevealer *revealer;
  KlTile *tile;
  GtkLabel *name;
  GtkLabel *members;
  KlNotice *notice;
  GtkWidget *join_button;
  AdwBin *join_bin;

  GtkWidget *join_label;
  KlSession *session;
  GCancellable *showing;
  GCancellable *cancellable;
  guint show_source;
  gboolean busy;
};

enum
{
  SIGNAL_JOINED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlJoinDialog, kl_join_dialog, ADW_TYPE_DIALOG)

static void
show_error (KlJoinDialog *self,
            GError       *error)
{
  g_autofree char *sentence = NULL;

  if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_NOT_FOUND))
    sentence = g_strdup (_ ("This invite is not good, or not any more. Ask for a new one."));
  else if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_FORBIDDEN))
    sentence = g_strdup (_ ("This group does not let you in."));
  else
    sentence = kl_error_dup_sentence (error);
  kl_notice_show (self->notice, KL_NOTICE_ERROR, sentence);
}

/* ── What it leads to ────────────────────────────────────────────────────── */

static void
on_shown (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr (KlJoinDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlGroup) group = kl_session_show_invite_finish (KL_SESSION (source), result, &error);
  g_autofree char *members = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  gtk_revealer_set_reveal_child (self->revealer, group != NULL);
  if (group == NULL)
    return; /* a slug or an address may be meant: joining will tell */
  kl_tile_set_look (self->tile, kl_group_get_id (group), kl_group_get_name (group), kl_group_get_emoji (group),
                    (int) kl_group_get_hue (group));
  gtk_label_set_label (self->name, kl_group_get_name (group));
  members = kl_words_dup_members (kl_group_get_members (group));
  gtk_label_set_label (self->members, members);
}

static gboolean
on_show_timeout (gpointer user_data)
{
  KlJoinDialog *self = user_data;

  self->show_source = 0;
  self->showing = g_cancellable_new ();
  kl_session_show_invite_async (self->session, gtk_editable_get_text (self->link_row), self->showing, on_shown,
                                g_object_ref (self));
  return G_SOURCE_REMOVE;
}

static void
stop_showing (KlJoinDialog *self)
{
  g_clear_handle_id (&self->show_source, g_source_remove);
  g_cancellable_cancel (self->showing);
  g_clear_object (&self->showing);
}

static void
on_link_changed (KlJoinDialog *self)
{
  gboolean any = *gtk_editable_get_text (self->link_row) != '\0';

  stop_showing (self);
  kl_notice_hide (self->notice);
  gtk_widget_set_sensitive (self->join_button, any);
  gtk_revealer_set_reveal_child (self->revealer, FALSE);
  if (any)
    self->show_source = g_timeout_add (SHOW_DELAY_MS, on_show_timeout, self);
}

/* ── Joining ─────────────────────────────────────────────────────────────── */

static void
set_busy (KlJoinDialog *self,
          gboolean      busy)
{
  self->busy = busy;
  adw_bin_set_child (self->join_bin, busy ? adw_spinner_new () : self->join_label);
}

static void
on_joined (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (KlJoinDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlGroup) group = kl_session_join_finish (KL_SESSION (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  set_busy (self, FALSE);
  if (group == NULL)
    {
      show_error (self, error);
      return;
    }
  adw_dialog_force_close (ADW_DIALOG (self));
  g_signal_emit (self, signals[SIGNAL_JOINED], 0, group);
}

static void
on_join (KlJoinDialog *self)
{
  if (self->busy || *gtk_editable_get_text (self->link_row) == '\0')
    return;
  kl_notice_hide (self->notice);
  set_busy (self, TRUE);
  kl_session_join_by_text_async (self->session, gtk_editable_get_text (self->link_row), self->cancellable, on_joined,
                                 g_object_ref (self));
}

AdwDialog *
kl_join_dialog_new (KlSession *session)
{
  KlJoinDialog *self = g_object_new (KL_TYPE_JOIN_DIALOG, NULL);

  self->session = g_object_ref (session);
  return ADW_DIALOG (self);
}

static void
kl_join_dialog_closed (AdwDialog *dialog)
{
  KlJoinDialog *self = KL_JOIN_DIALOG (dialog);

  stop_showing (self);
  g_cancellable_cancel (self->cancellable);
}

static void
kl_join_dialog_dispose (GObject *object)
{
  KlJoinDialog *self = KL_JOIN_DIALOG (object);

  stop_showing (self);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->session);
  g_clear_object (&self->join_label);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_JOIN_DIALOG);
  G_OBJECT_CLASS (kl_join_dialog_parent_class)->dispose (object);
}

static void
kl_join_dialog_class_init (KlJoinDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_join_dialog_dispose;
  ADW_DIALOG_CLASS (klass)->closed = kl_join_dialog_closed;
  signals[SIGNAL_JOINED] = g_signal_new ("joined", KL_TYPE_JOIN_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, KL_TYPE_GROUP);
  g_type_ensure (KL_TYPE_TILE);
  g_type_ensure (KL_TYPE_NOTICE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-join-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlJoinDialog, link_row);
  gtk_widget_class_bind_template_child (widget_class, KlJoinDialog, revealer);
  gtk_widget_class_bind_template_child (widget_class, KlJoinDialog, tile);
  gtk_widget_class_bind_template_child (widget_class, KlJoinDialog, name);
  gtk_widget_class_bind_template_child (widget_class, KlJoinDialog, members);
  gtk_widget_class_bind_template_child (widget_class, KlJoinDialog, notice);
  gtk_widget_class_bind_template_child (widget_class, KlJoinDialog, join_button);
  gtk_widget_class_bind_template_child (widget_class, KlJoinDialog, join_bin);
  gtk_widget_class_bind_template_callback (widget_class, on_link_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_join);
}

static void
kl_join_dialog_init (KlJoinDialog *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  self->join_label = g_object_ref (adw_bin_get_child (self->join_bin));
}
