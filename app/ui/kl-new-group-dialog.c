/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-new-group-dialog.h"

#include <glib/gi18n.h>

#include "app/ui/kl-errors.h"
#include "app/ui/kl-hue-picker.h"
#include "app/ui/kl-hue.h"
#include "app/ui/kl-notice.h"
#include "app/ui/kl-tile.h"

#define NAME_MAX_CHARACTERS 100
#define TOPIC_MAX_CHARACTERS 1000

static const char *const suggestions[] = { "🔥", "🎨", "🏕️", "🎮", "🌿", "☕", "🐾" };

struct _KlNewGroupDialog
{
  AdwDialog parent_instance;

  GtkWidget *create_button;
  AdwBin *create_bin;
  KlTile *tile;
  AdwWrapBox *emoji_box;
  KlHuePicker *hue_picker;
  GtkEditable *name_row;
  GtkEditable *topic_row;
  AdwSwitchRow *public_row;
  KlNotice *notice;

  GtkWidget *emoji_buttons[G_N_ELEMENTS (suggestions)];
  GtkWidget *create_label;
  KlSession *session;
  GCancellable *cancellable;
  char *client_id; /* the same for every try: a group is made once */
  char *emoji;
  gboolean busy;
};

enum
{
  SIGNAL_CREATED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlNewGroupDialog, kl_new_group_dialog, ADW_TYPE_DIALOG)

static void
update_look (KlNewGroupDialog *self)
{
  kl_tile_set_look (self->tile, "", gtk_editable_get_text (self->name_row), self->emoji,
                    kl_hue_picker_get_hue (self->hue_picker));
}

static void
on_look_changed (KlNewGroupDialog *self)
{
  update_look (self);
}

static gboolean
has_name (KlNewGroupDialog *self)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (self->name_row)));

  return *name != '\0';
}

static void
on_name_changed (KlNewGroupDialog *self)
{
  gtk_widget_set_sensitive (self->create_button, has_name (self));
  gtk_widget_remove_css_class (GTK_WIDGET (self->name_row), "error");
  kl_notice_hide (self->notice);
  update_look (self);
}

static void
on_public_changed (KlNewGroupDialog *self)
{
  g_autofree char *words = NULL;

  if (self->session == NULL)
    return;
  if (adw_switch_row_get_active (self->public_row))
    /* Translators: a server's name */
    words = g_strdup_printf (_ ("Anyone on %s can join"), kl_session_get_server_name (self->session));
  else
    words = g_strdup (_ ("Only people with an invite can join"));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->public_row), words);
}

/* ── Emoji ───────────────────────────────────────────────────────────────── */

static void
set_emoji (KlNewGroupDialog *self,
           const char       *emoji)
{
  g_set_str (&self->emoji, emoji);
  update_look (self);
}

static void
on_emoji_toggled (KlNewGroupDialog *self,
                  GtkToggleButton  *button)
{
  if (gtk_toggle_button_get_active (button))
    set_emoji (self, gtk_button_get_label (GTK_BUTTON (button)));
}

/* Any other: it takes the place of the last suggestion's mark. */
static void
on_emoji_picked (KlNewGroupDialog *self,
                 const char       *emoji)
{
  for (guint i = 0; i < G_N_ELEMENTS (suggestions); i++)
    gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->emoji_buttons[i]), g_str_equal (suggestions[i], emoji));
  set_emoji (self, emoji);
}

static void
add_emoji (KlNewGroupDialog *self)
{
  GtkWidget *more = gtk_menu_button_new (), *chooser = gtk_emoji_chooser_new ();

  for (guint i = 0; i < G_N_ELEMENTS (suggestions); i++)
    {
      GtkWidget *button = gtk_toggle_button_new_with_label (suggestions[i]);

      gtk_widget_add_css_class (button, "emoji");
      gtk_widget_add_css_class (button, "flat");
      if (i > 0)
        gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (button), GTK_TOGGLE_BUTTON (self->emoji_buttons[0]));
      g_signal_connect_object (button, "toggled", G_CALLBACK (on_emoji_toggled), self, G_CONNECT_SWAPPED);
      adw_wrap_box_append (self->emoji_box, button);
      self->emoji_buttons[i] = button;
    }
  g_signal_connect_object (chooser, "emoji-picked", G_CALLBACK (on_emoji_picked), self, G_CONNECT_SWAPPED);
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (more), "kl-emoji-symbolic");
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (more), chooser);
  gtk_widget_add_css_class (more, "flat");
  gtk_widget_add_css_class (more, "circular");
  gtk_widget_set_valign (more, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (more, _ ("More emoji"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (more), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("More emoji"), -1);
  adw_wrap_box_append (self->emoji_box, more);
}

/* ── Creating ────────────────────────────────────────────────────────────── */

static void
set_busy (KlNewGroupDialog *self,
          gboolean          busy)
{
  self->busy = busy;
  adw_bin_set_child (self->create_bin, busy ? adw_spinner_new () : self->create_label);
}

static void
on_created (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (KlNewGroupDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlGroup) group = kl_session_create_group_finish (KL_SESSION (source), result, &error);
  g_autofree char *sentence = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  set_busy (self, FALSE);
  if (group != NULL)
    {
      adw_dialog_force_close (ADW_DIALOG (self));
      g_signal_emit (self, signals[SIGNAL_CREATED], 0, group);
      return;
    }
  if (g_strcmp0 (kl_error_get_field (error), "name") == 0)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->name_row), "error");
      gtk_widget_grab_focus (GTK_WIDGET (self->name_row));
    }
  sentence = kl_error_dup_sentence (error);
  kl_notice_show (self->notice, KL_NOTICE_ERROR, sentence);
}

static void
on_create (KlNewGroupDialog *self)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (self->name_row)));
  g_autofree char *topic = g_strstrip (g_strdup (gtk_editable_get_text (self->topic_row)));

  if (self->busy || *name == '\0')
    return;
  kl_notice_hide (self->notice);
  set_busy (self, TRUE);
  kl_session_create_group_async (self->session, self->client_id, name, *topic != '\0' ? topic : NULL,
                                 adw_switch_row_get_active (self->public_row) ? KL_VISIBILITY_PUBLIC : KL_VISIBILITY_PRIVATE,
                                 NULL, self->emoji, kl_hue_picker_get_hue (self->hue_picker), self->cancellable, on_created,
                                 g_object_ref (self));
}

AdwDialog *
kl_new_group_dialog_new (KlSession *session)
{
  KlNewGroupDialog *self = g_object_new (KL_TYPE_NEW_GROUP_DIALOG, NULL);

  self->session = g_object_ref (session);
  self->client_id = kl_session_new_client_id (session);
  on_public_changed (self);
  return ADW_DIALOG (self);
}

static void
kl_new_group_dialog_closed (AdwDialog *dialog)
{
  g_cancellable_cancel (KL_NEW_GROUP_DIALOG (dialog)->cancellable);
}

static void
kl_new_group_dialog_dispose (GObject *object)
{
  KlNewGroupDialog *self = KL_NEW_GROUP_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->session);
  g_clear_object (&self->create_label);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_NEW_GROUP_DIALOG);
  G_OBJECT_CLASS (kl_new_group_dialog_parent_class)->dispose (object);
}

static void
kl_new_group_dialog_finalize (GObject *object)
{
  KlNewGroupDialog *self = KL_NEW_GROUP_DIALOG (object);

  g_free (self->client_id);
  g_free (self->emoji);
  G_OBJECT_CLASS (kl_new_group_dialog_parent_class)->finalize (object);
}

static void
kl_new_group_dialog_class_init (KlNewGroupDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_new_group_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_new_group_dialog_finalize;
  ADW_DIALOG_CLASS (klass)->closed = kl_new_group_dialog_closed;
  signals[SIGNAL_CREATED] = g_signal_new ("created", KL_TYPE_NEW_GROUP_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, KL_TYPE_GROUP);
  g_type_ensure (KL_TYPE_TILE);
  g_type_ensure (KL_TYPE_HUE_PICKER);
  g_type_ensure (KL_TYPE_NOTICE);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-new-group-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlNewGroupDialog, create_button);
  gtk_widget_class_bind_template_child (widget_class, KlNewGroupDialog, create_bin);
  gtk_widget_class_bind_template_child (widget_class, KlNewGroupDialog, tile);
  gtk_widget_class_bind_template_child (widget_class, KlNewGroupDialog, emoji_box);
  gtk_widget_class_bind_template_child (widget_class, KlNewGroupDialog, hue_picker);
  gtk_widget_class_bind_template_child (widget_class, KlNewGroupDialog, name_row);
  gtk_widget_class_bind_template_child (widget_class, KlNewGroupDialog, topic_row);
  gtk_widget_class_bind_template_child (widget_class, KlNewGroupDialog, public_row);
  gtk_widget_class_bind_template_child (widget_class, KlNewGroupDialog, notice);
  gtk_widget_class_bind_template_callback (widget_class, on_create);
  gtk_widget_class_bind_template_callback (widget_class, on_look_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_name_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_public_changed);
}

static void
kl_new_group_dialog_init (KlNewGroupDialog *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  self->create_label = g_object_ref (adw_bin_get_child (self->create_bin));
  adw_entry_row_set_max_length (ADW_ENTRY_ROW (self->name_row), NAME_MAX_CHARACTERS);
  adw_entry_row_set_max_length (ADW_ENTRY_ROW (self->topic_row), TOPIC_MAX_CHARACTERS);
  add_emoji (self);
  kl_hue_picker_set_hue (self->hue_picker, g_random_int_range (0, KL_N_HUES));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->emoji_buttons[g_random_int_range (0, G_N_ELEMENTS (suggestions))]),
                                TRUE);
}
