/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-preferences-dialog.h"

#include <glib/gi18n.h>

#include "app/ui/kl-hue.h"
#include "app/ui/kl-style-preview.h"

struct _KlPreferencesDialog
{
  AdwPreferencesDialog parent_instance;

  AdwWrapBox *hue_box;
  AdwSwitchRow *system_accent_row;

  GSettings *settings;
  GtkWidget *hue_buttons[KL_N_HUES];
  KlHue hue;         /* the one chosen last, for when the system's is switched off again */
  gboolean updating; /* the widgets follow the settings right now */
};

G_DEFINE_FINAL_TYPE (KlPreferencesDialog, kl_preferences_dialog, ADW_TYPE_PREFERENCES_DIALOG)

/* The setting's word for a hue: its style class without "hue-". */
static const char *
hue_to_word (KlHue hue)
{
  return kl_hue_get_style_class ((int) hue) + strlen ("hue-");
}

static void
update_accent (KlPreferencesDialog *self)
{
  g_autofree char *accent = g_settings_get_string (self->settings, "accent");
  gboolean system = g_str_equal (accent, "system");

  self->updating = TRUE;
  adw_switch_row_set_active (self->system_accent_row, system);
  for (int i = 0; i < KL_N_HUES; i++)
    {
      gboolean chosen = g_str_equal (accent, hue_to_word ((KlHue) i));

      if (chosen)
        self->hue = (KlHue) i;
      gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->hue_buttons[i]), chosen);
    }
  self->updating = FALSE;
}

static void
on_hue_toggled (GtkToggleButton     *button,
                KlPreferencesDialog *self)
{
  if (self->updating || !gtk_toggle_button_get_active (button))
    return;
  for (int i = 0; i < KL_N_HUES; i++)
    if (GTK_WIDGET (button) == self->hue_buttons[i])
      g_settings_set_string (self->settings, "accent", hue_to_word ((KlHue) i));
}

static void
on_system_accent_changed (KlPreferencesDialog *self)
{
  if (self->updating)
    return;
  g_settings_set_string (self->settings, "accent",
                         adw_switch_row_get_active (self->system_accent_row) ? "system" : hue_to_word (self->hue));
}

static void
add_hues (KlPreferencesDialog *self)
{
  static const KlHue order[KL_N_HUES] = { KL_HUE_IRIS,  KL_HUE_SKY,  KL_HUE_SEA,   KL_HUE_MOSS,
                                          KL_HUE_OCHRE, KL_HUE_RUST, KL_HUE_BERRY, KL_HUE_PLUM };

  for (int i = 0; i < KL_N_HUES; i++)
    {
      GtkWidget *button = gtk_toggle_button_new ();
      const char *label = kl_hue_get_label ((int) order[i]);

      gtk_widget_add_css_class (button, "hue");
      kl_hue_apply (button, (int) order[i]);
      gtk_widget_set_tooltip_text (button, label);
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
      if (i > 0)
        gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (button), GTK_TOGGLE_BUTTON (self->hue_buttons[order[0]]));
      g_signal_connect (button, "toggled", G_CALLBACK (on_hue_toggled), self);
      adw_wrap_box_append (self->hue_box, button);
      self->hue_buttons[order[i]] = button;
    }
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
  g_type_ensure (KL_TYPE_STYLE_PREVIEW);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-preferences-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesDialog, hue_box);
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesDialog, system_accent_row);
}

static void
kl_preferences_dialog_init (KlPreferencesDialog *self)
{
  self->hue = KL_HUE_IRIS;
  gtk_widget_init_template (GTK_WIDGET (self));
  add_hues (self);
  g_signal_connect_object (self->system_accent_row, "notify::active", G_CALLBACK (on_system_accent_changed), self,
                           G_CONNECT_SWAPPED);
}
