/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-devices.h"

#include <glib/gi18n.h>

enum
{
  N_ROWS = 3,
};

/* Which property of KlCalls each row writes. */
static const char *const choices[N_ROWS] = { "microphone", "camera", "speaker" };

struct _KlCallDevices
{
  AdwPreferencesGroup parent_instance;

  AdwComboRow *microphone_row;
  AdwComboRow *camera_row;
  AdwComboRow *speaker_row;

  KlCalls *calls;
  gboolean only_present;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (KlCallDevices, kl_call_devices, ADW_TYPE_PREFERENCES_GROUP)

static AdwComboRow *
get_row (KlCallDevices *self,
         guint          index)
{
  AdwComboRow *rows[N_ROWS] = { self->microphone_row, self->camera_row, self->speaker_row };

  return rows[index];
}

/* What a row calls an item: the system's choice, or a device. */
static char *
dup_label (GObject *item)
{
  if (KL_IS_MEDIA_SOURCE (item))
    return g_strdup (kl_media_source_get_label (KL_MEDIA_SOURCE (item)));
  if (GST_IS_DEVICE (item))
    return gst_device_get_display_name (GST_DEVICE (item));
  return g_strdup (_ ("The system’s choice"));
}

static void
update_row (KlCallDevices *self,
            guint          index)
{
  static const char *const none[N_ROWS]
    = { N_ ("No microphone was found"), N_ ("No camera was found"), N_ ("No speaker was found") };
  AdwComboRow *row = get_row (self, index);
  GListModel *model = adw_combo_row_get_model (row);
  guint n = g_list_model_get_n_items (model), selected = 0;
  g_autoptr (GObject) chosen = NULL;

  g_object_get (self->calls, choices[index], &chosen, NULL);
  for (guint i = 1; i < n && chosen != NULL; i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (model, i);

      if (item == chosen)
        selected = i;
    }
  self->updating = TRUE;
  adw_combo_row_set_selected (row, selected);
  self->updating = FALSE;
  gtk_widget_set_visible (GTK_WIDGET (row), n > 1 || !self->only_present);
  gtk_widget_set_sensitive (GTK_WIDGET (row), n > 1);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), n > 1 ? "" : _ (none[index]));
}

static void
update (KlCallDevices *self)
{
  gboolean any = FALSE;

  for (guint i = 0; i < N_ROWS; i++)
    {
      update_row (self, i);
      any = any || gtk_widget_get_visible (GTK_WIDGET (get_row (self, i)));
    }
  gtk_widget_set_visible (GTK_WIDGET (self), any);
}

/* Before the rows hear of it: where the chosen one has been pulled out a row selects its neighbour, which nobody has
 * chosen. What is chosen is told by update(), after them. */
static void
on_plug (KlCallDevices *self)
{
  self->updating = TRUE;
}

static void
on_selected (KlCallDevices *self,
             GParamSpec    *pspec,
             AdwComboRow   *row)
{
  GObject *item = adw_combo_row_get_selected_item (row);

  if (self->updating || self->calls == NULL)
    return;
  for (guint i = 0; i < N_ROWS; i++)
    if (get_row (self, i) == row)
      g_object_set (self->calls, choices[i], KL_IS_MEDIA_SOURCE (item) || GST_IS_DEVICE (item) ? item : NULL, NULL);
}

/* Before the devices, the system's choice. Transfer full. */
static GListModel *
create_model (GListModel *devices)
{
  GListStore *models = g_list_store_new (G_TYPE_LIST_MODEL);
  g_autoptr (GtkStringList) system = gtk_string_list_new ((const char *[]) { "", NULL });

  g_list_store_append (models, system);
  g_list_store_append (models, devices);
  return G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (models)));
}

void
kl_call_devices_set_calls (KlCallDevices *self,
                           KlCalls       *calls,
                           gboolean       only_present)
{
  KlMediaDevices *devices;
  GListModel *models[N_ROWS];

  g_return_if_fail (KL_IS_CALL_DEVICES (self));
  g_return_if_fail (self->calls == NULL);

  devices = kl_calls_get_devices (calls);
  models[0] = kl_media_devices_get_microphones (devices);
  models[1] = kl_media_devices_get_cameras (devices);
  models[2] = kl_media_devices_get_speakers (devices);
  for (guint i = 0; i < N_ROWS; i++)
    g_signal_connect_object (models[i], "items-changed", G_CALLBACK (on_plug), self, G_CONNECT_SWAPPED);
  for (guint i = 0; i < N_ROWS; i++)
    {
      g_autoptr (GListModel) model = create_model (models[i]);
      g_autoptr (GtkExpression) label = gtk_cclosure_expression_new (G_TYPE_STRING, NULL, 0, NULL, G_CALLBACK (dup_label), NULL, NULL);
      g_autofree char *notify = g_strdup_printf ("notify::%s", choices[i]);

      adw_combo_row_set_expression (get_row (self, i), label);
      adw_combo_row_set_model (get_row (self, i), model);
      g_signal_connect_object (models[i], "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
      g_signal_connect_object (calls, notify, G_CALLBACK (update), self, G_CONNECT_SWAPPED);
    }
  self->only_present = only_present;
  self->calls = g_object_ref (calls);
  update (self);
}

static void
kl_call_devices_dispose (GObject *object)
{
  g_clear_object (&KL_CALL_DEVICES (object)->calls);
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_DEVICES);
  G_OBJECT_CLASS (kl_call_devices_parent_class)->dispose (object);
}

static void
kl_call_devices_class_init (KlCallDevicesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_call_devices_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-devices.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallDevices, microphone_row);
  gtk_widget_class_bind_template_child (widget_class, KlCallDevices, camera_row);
  gtk_widget_class_bind_template_child (widget_class, KlCallDevices, speaker_row);
  gtk_widget_class_bind_template_callback (widget_class, on_selected);
}

static void
kl_call_devices_init (KlCallDevices *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
