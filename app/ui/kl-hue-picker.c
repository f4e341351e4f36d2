/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-hue-picker.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/ui/kl-hue.h"

struct _KlHuePicker
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkWidget *buttons[KL_N_HUES];
  int hue;
  gboolean updating;
};

typedef enum
{
  PROP_HUE = 1,
} Prop;

static GParamSpec *properties[PROP_HUE + 1];

G_DEFINE_FINAL_TYPE (KlHuePicker, kl_hue_picker, GTK_TYPE_WIDGET)

int
kl_hue_picker_get_hue (KlHuePicker *self)
{
  g_return_val_if_fail (KL_IS_HUE_PICKER (self), -1);

  return self->hue;
}

void
kl_hue_picker_set_hue (KlHuePicker *self,
                       int          hue)
{
  g_return_if_fail (KL_IS_HUE_PICKER (self));

  if (self->hue == hue)
    return;
  self->hue = hue;
  self->updating = TRUE;
  for (int i = 0; i < KL_N_HUES; i++)
    gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->buttons[i]), i == hue);
  self->updating = FALSE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HUE]);
}

static void
on_toggled (KlHuePicker     *self,
            GtkToggleButton *button)
{
  if (self->updating || !gtk_toggle_button_get_active (button))
    return;
  for (int i = 0; i < KL_N_HUES; i++)
    if (GTK_WIDGET (button) == self->buttons[i])
      kl_hue_picker_set_hue (self, i);
}

static void
kl_hue_picker_get_property (GObject    *object,
                            guint       id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  switch ((Prop) id)
    {
    case PROP_HUE:
      g_value_set_int (value, KL_HUE_PICKER (object)->hue);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_hue_picker_set_property (GObject      *object,
                            guint         id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  switch ((Prop) id)
    {
    case PROP_HUE:
      kl_hue_picker_set_hue (KL_HUE_PICKER (object), g_value_get_int (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_hue_picker_dispose (GObject *object)
{
  g_clear_pointer (&KL_HUE_PICKER (object)->box, gtk_widget_unparent);
  G_OBJECT_CLASS (kl_hue_picker_parent_class)->dispose (object);
}

static void
kl_hue_picker_class_init (KlHuePickerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_hue_picker_get_property;
  object_class->set_property = kl_hue_picker_set_property;
  object_class->dispose = kl_hue_picker_dispose;
  properties[PROP_HUE] = g_param_spec_int ("hue", NULL, NULL, -1, KL_N_HUES - 1, -1,
                                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
kl_hue_picker_init (KlHuePicker *self)
{
  self->hue = -1;
  self->box = adw_wrap_box_new ();
  g_object_set (self->box, "child-spacing", 3, "line-spacing", 3, "align", .5f, NULL);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Colour"), -1);
  for (int i = 0; i < KL_N_HUES; i++)
    {
      GtkWidget *button = gtk_toggle_button_new ();
      const char *label = kl_hue_get_label (i);

      gtk_button_set_child (GTK_BUTTON (button), g_object_new (ADW_TYPE_BIN, "css-name", "swatch", NULL));
      gtk_widget_add_css_class (button, "hue");
      gtk_widget_add_css_class (button, "flat");
      kl_hue_apply (button, i);
      gtk_widget_set_tooltip_text (button, label);
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
      if (i > 0)
        gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (button), GTK_TOGGLE_BUTTON (self->buttons[0]));
      g_signal_connect_object (button, "toggled", G_CALLBACK (on_toggled), self, G_CONNECT_SWAPPED);
      adw_wrap_box_append (ADW_WRAP_BOX (self->box), button);
      self->buttons[i] = button;
    }
}
