/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/call/test-device.h"

#define TEST_TYPE_DEVICE (test_device_get_type ())
G_DECLARE_FINAL_TYPE (TestDevice, test_device, TEST, DEVICE, GstDevice)

struct _TestDevice
{
  GstDevice parent_instance;
};

G_DEFINE_FINAL_TYPE (TestDevice, test_device, GST_TYPE_DEVICE)

static void
test_device_class_init (TestDeviceClass *klass)
{
}

static void
test_device_init (TestDevice *self)
{
}

GstDevice *
test_device_new (const char *name, const char *classes, const char *id)
{
  g_autoptr (GstStructure) more = gst_structure_new ("properties", "node.name", G_TYPE_STRING, id, "device.class",
                                                     G_TYPE_STRING, g_str_has_prefix (id, "monitor") ? "monitor" : "sound", NULL);

  return g_object_ref_sink (g_object_new (TEST_TYPE_DEVICE, "display-name", name, "device-class", classes, "properties", more, NULL));
}
