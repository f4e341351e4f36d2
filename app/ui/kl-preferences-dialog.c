/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-preferences-dialog.h"

#include <glib/gi18n.h>

#include "app/ui/kl-hue-picker.h"
#include "app/ui/kl-hue.h"
#include "app/ui/kl-style-preview.h"

struct _KlPreferencesDialog
{
  AdwPreferencesDialog parent_instance;

  KlHuePicker *hue_picker;
  AdwSwitchRow *system_accent_row;

  GSettings *settings;
  int hue;           /* the one chosen last, for when the system's is switched off again */
  gboolean updating; /* the widgets follow the settings right now */
};

G_DEFINE_FINAL_TYPE (KlPreferencesDialog, kl_preferences_dialog, ADW_TYPE_PREFERENCES_DIALOG)

/* The setting's word for a hue: its style class without "hue-". */
static const char *
hue_to_word (int hue)
{
  return kl_hue_get_style_class (hue) + strlen ("hue-");
}

static void
update_accent (KlPreferencesDialog *self)
{
  g_autofree char *accent = g_settings_get_string (self->settings, "accent");
  gboolean system = g_str_equal (accent, "system");
  int hue = -1;

  for (int i = 0; i < KL_N_HUES; i++)
    if (g_str_equal (accent, hue_to_word (i)))
      hue = self->hue = i;
  self->updating = TRUE;
  adw_switch_row_set_active (self->system_accent_row, system);
  kl_hue_picker_set_hue (self->hue_picker, hue);
  self->updating = FALSE;
}

static void
on_hue_changed (KlPreferencesDialog *self)
{
  if (!self->updating)
    g_settings_set_string (self->settings, "accent", hue_to_word (kl_hue_picker_get_hue (self->hue_picker)));
}

static void
on_system_accent_changed (KlPreferencesDialog *self)
{
  if (!self->updating)
    g_settings_set_string (self->settings, "accent",
                           adw_switch_row_get_active (self->system_accent_row) ? "system" : hue_to_word (self->hue));
}

AdwDialog *
kl_preferences_dialog_new (GSettings *settings)
{
  KlPreferencesDialog *self = g_object_new (KL_TYPE_PREFERENCES_DIALOG, NULL);
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  g_autoptr (GAction) style = g_settings_create_action (settings, "style");

  self->settings = g_object_ref (settings);
  g_action_map_add_action (G_ACTION_MAP (group), style);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "preferences", G_ACTION_GROUP (group));
  g_signal_connect_object (settings, "changed::accent", G_CALLBACK (update_accent), self, G_CONNECT_SWAPPED);
  update_accent (self);
  return ADW_DIALOG (self);
}

static void
kl_preferences_dialog_dispose (GObject *object)
{
  KlPreferencesDialog *self = KL_PREFERENCES_DIALOG (object);

  g_clear_object (&self->settings);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_PREFERENCES_DIALOG);
  G_OBJECT_CLASS (kl_preferences_dialog_parent_class)->dispose (object);
}

static void
kl_preferences_dialog_class_init (KlPreferencesDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_preferences_dialog_dispose;
  g_type_ensure (KL_TYPE_HUE_PICKER);
  g_type_ensure (KL_TYPE_STYLE_PREVIEW);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-preferences-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesDialog, hue_picker);
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesDialog, system_accent_row);
}

static void
kl_preferences_dialog_init (KlPreferencesDialog *self)
{
  self->hue = KL_HUE_IRIS;
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (self->hue_picker, "notify::hue", G_CALLBACK (on_hue_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->system_accent_row, "notify::active", G_CALLBACK (on_system_accent_changed), self,
                           G_CONNECT_SWAPPED);
}
