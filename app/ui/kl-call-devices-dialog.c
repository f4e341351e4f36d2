/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-devices-dialog.h"

#include "app/ui/kl-call-devices.h"

struct _KlCallDevicesDialog
{
  AdwDialog parent_instance;

  KlCallDevices *devices;
  GtkWidget *echo_row;
  GtkWidget *noise_row;
  GtkWidget *relay_row;
};

G_DEFINE_FINAL_TYPE (KlCallDevicesDialog, kl_call_devices_dialog, ADW_TYPE_DIALOG)

AdwDialog *
kl_call_devices_dialog_new (KlCalls *calls)
{
  KlCallDevicesDialog *self = g_object_new (KL_TYPE_CALL_DEVICES_DIALOG, NULL);
  GBindingFlags both = G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL;

  kl_call_devices_set_calls (self->devices, calls, FALSE);
  g_object_bind_property (calls, "echo-cancellation", self->echo_row, "active", both);
  g_object_bind_property (calls, "noise-suppression", self->noise_row, "active", both);
  g_object_bind_property (calls, "always-relay", self->relay_row, "active", both);
  return ADW_DIALOG (self);
}

static void
kl_call_devices_dialog_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), KL_TYPE_CALL_DEVICES_DIALOG);
  G_OBJECT_CLASS (kl_call_devices_dialog_parent_class)->dispose (object);
}

static void
kl_call_devices_dialog_class_init (KlCallDevicesDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_call_devices_dialog_dispose;

  g_type_ensure (KL_TYPE_CALL_DEVICES);
  gtk_widget_class_set_template_from_resource (widget_class, "/chat/klatch/Klatch/kl-call-devices-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCallDevicesDialog, devices);
  gtk_widget_class_bind_template_child (widget_class, KlCallDevicesDialog, echo_row);
  gtk_widget_class_bind_template_child (widget_class, KlCallDevicesDialog, noise_row);
  gtk_widget_class_bind_template_child (widget_class, KlCallDevicesDialog, relay_row);
}

static void
kl_call_devices_dialog_init (KlCallDevicesDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
