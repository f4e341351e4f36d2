/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-shortcuts-dialog.h"

#include <glib/gi18n.h>

typedef struct
{
  const char *words;
  const char *keys[2]; /* alternatives, as gtk_accelerator_parse() reads them */
} Shortcut;

static const Shortcut groups[] = {
  { N_ ("Jump to a group"), { "<Control>k" } },
  { N_ ("New group"), { "<Control>n" } },
  { N_ ("Find groups"), { "<Control><Shift>n" } },
  { N_ ("Group above, below"), { "<Alt>Up", "<Alt>Down" } },
  { N_ ("Unread group above, below"), { "<Alt><Shift>Up", "<Alt><Shift>Down" } },
  { N_ ("Pinned groups"), { "<Control>1", "<Control>9" } },
};

static const Shortcut conversation[] = {
  { N_ ("Send"), { "Return" } },
  { N_ ("New line"), { "<Shift>Return" } },
  { N_ ("Emoji"), { "<Control>period" } },
  { N_ ("Copy what is selected"), { "<Control>c" } },
  { N_ ("Show or hide people"), { "F9" } },
};

static const Shortcut call[] = {
  { N_ ("Start, join or show the call"), { "<Control><Shift>c" } },
  { N_ ("Mute, unmute"), { "m" } },
  { N_ ("Mute while held"), { "space" } },
  { N_ ("Camera on, off"), { "v" } },
  { N_ ("Share the screen"), { "s" } },
  { N_ ("Raise hand"), { "h" } },
  { N_ ("Full screen"), { "F11" } },
  { N_ ("Make the call small"), { "Escape" } },
};

static const Shortcut window[] = {
  { N_ ("Next pane, pane before"), { "F6", "<Shift>F6" } },
  { N_ ("Preferences"), { "<Control>comma" } },
  { N_ ("Keyboard shortcuts"), { "<Control>question" } },
  { N_ ("Quit"), { "<Control>q" } },
};

static const struct
{
  const char *title;
  const Shortcut *shortcuts;
  gsize n_shortcuts;
} sections[] = {
  { N_ ("Groups"), groups, G_N_ELEMENTS (groups) },
  { N_ ("Conversation"), conversation, G_N_ELEMENTS (conversation) },
  { N_ ("Call"), call, G_N_ELEMENTS (call) },
  { N_ ("Window"), window, G_N_ELEMENTS (window) },
};

static GtkWidget *
create_key (const char *accelerator)
{
  g_autofree char *label = NULL;
  GtkWidget *key;
  GdkModifierType modifiers;
  guint keyval;

  gtk_accelerator_parse (accelerator, &keyval, &modifiers);
  label = gtk_accelerator_get_label (keyval, modifiers);
  key = gtk_label_new (label);
  gtk_widget_add_css_class (key, "key");
  gtk_widget_set_valign (key, GTK_ALIGN_CENTER);
  return key;
}

static GtkWidget *
create_row (const Shortcut *shortcut)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (shortcut->words));
  for (guint i = 0; i < G_N_ELEMENTS (shortcut->keys) && shortcut->keys[i] != NULL; i++)
    adw_action_row_add_suffix (ADW_ACTION_ROW (row), create_key (shortcut->keys[i]));
  return row;
}

AdwDialog *
kl_shortcuts_dialog_new (void)
{
  AdwDialog *dialog = adw_preferences_dialog_new ();
  GtkWidget *page = adw_preferences_page_new ();

  adw_dialog_set_title (dialog, _ ("Keyboard shortcuts"));
  adw_dialog_set_content_width (dialog, 520);
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    {
      GtkWidget *group = adw_preferences_group_new ();

      adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), _ (sections[i].title));
      for (guint j = 0; j < sections[i].n_shortcuts; j++)
        adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), create_row (&sections[i].shortcuts[j]));
      adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
    }
  adw_preferences_dialog_add (ADW_PREFERENCES_DIALOG (dialog), ADW_PREFERENCES_PAGE (page));
  return dialog;
}
