/* SPDX-License-Identifier: GPL-3.0-or-later
 * GstDeviceMonitor asks its providers while it starts, which may take long: it is started on a thread, and stopped there. */
#include "app/call/kl-media-devices.h"

struct _KlMediaDevices
{
  GObject parent_instance;

  GstDeviceMonitor *monitor;
  guint bus_watch;
  GListStore *lists[3];
};

enum
{
  CAMERAS,
  MICROPHONES,
  SPEAKERS,
};

typedef enum
{
  PROP_CAMERAS = 1,
  PROP_MICROPHONES,
  PROP_SPEAKERS,
  N_PROPS,
} Prop;

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (KlMediaDevices, kl_media_devices, G_TYPE_OBJECT)

/* Which list a device belongs to, or -1. Monitors of outputs are no microphones. */
static int
find_list (GstDevice *device)
{
  g_autoptr (GstStructure) more = gst_device_get_properties (device);
  const char *kind = more != NULL ? gst_structure_get_string (more, "device.class") : NULL;

  if (gst_device_has_classes (device, "Video/Source"))
    return CAMERAS;
  if (gst_device_has_classes (device, "Audio/Source"))
    return g_strcmp0 (kind, "monitor") == 0 ? -1 : MICROPHONES;
  return gst_device_has_classes (device, "Audio/Sink") ? SPEAKERS : -1;
}

static gboolean
is_device (gpointer item, GstDevice *device)
{
  return item == (gpointer) device || (KL_IS_MEDIA_SOURCE (item) && kl_media_source_get_device (item) == device);
}

static gboolean
has_device (GListModel *list, GstDevice *device)
{
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (list, i);

      if (is_device (item, device))
        return TRUE;
    }
  return FALSE;
}

void
kl_media_devices_take_added (KlMediaDevices *self, GstDevice *device)
{
  int list = find_list (device);
  g_autoptr (KlMediaSource) source = NULL;

  if (list < 0 || has_device (G_LIST_MODEL (self->lists[list]), device))
    return;
  if (list == SPEAKERS)
    {
      g_list_store_append (self->lists[list], device);
      return;
    }
  source = kl_media_source_new_device (device, list == CAMERAS ? KL_MEDIA_VIDEO : KL_MEDIA_AUDIO);
  g_list_store_append (self->lists[list], source);
}

void
kl_media_devices_take_removed (KlMediaDevices *self, GstDevice *device)
{
  for (int list = 0; list < 3; list++)
    for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->lists[list])); i > 0; i--)
      {
        g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (self->lists[list]), i - 1);

        if (is_device (item, device))
          g_list_store_remove (self->lists[list], i - 1);
      }
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  KlMediaDevices *self = data;
  g_autoptr (GstDevice) device = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_DEVICE_ADDED)
    {
      gst_message_parse_device_added (message, &device);
      kl_media_devices_take_added (self, device);
    }
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_DEVICE_REMOVED)
    {
      gst_message_parse_device_removed (message, &device);
      kl_media_devices_take_removed (self, device);
    }
  return G_SOURCE_CONTINUE;
}

typedef struct
{
  GWeakRef devices;
  GMainContext *context;
  GstDeviceMonitor *monitor;
} Start;

/* A provider that ran already tells nothing anew. */
static gboolean
on_started (gpointer data)
{
  Start *start = data;
  g_autoptr (KlMediaDevices) self = g_weak_ref_get (&start->devices);
  GList *devices;

  if (self == NULL || self->monitor == NULL)
    return G_SOURCE_REMOVE;
  devices = gst_device_monitor_get_devices (self->monitor);
  for (GList *item = devices; item != NULL; item = item->next)
    kl_media_devices_take_added (self, item->data);
  g_list_free_full (devices, g_object_unref);
  return G_SOURCE_REMOVE;
}

static void
start_free (gpointer data)
{
  Start *start = data;

  g_weak_ref_clear (&start->devices);
  g_main_context_unref (start->context);
  g_object_unref (start->monitor);
  g_free (start);
}

static gpointer
run_monitor (gpointer data)
{
  Start *start = data;

  gst_device_monitor_start (start->monitor);
  g_main_context_invoke_full (start->context, G_PRIORITY_DEFAULT, on_started, start, start_free);
  return NULL;
}

static gpointer
stop_monitor (gpointer data)
{
  GstDeviceMonitor *monitor = data;

  gst_device_monitor_stop (monitor);
  g_object_unref (monitor);
  return NULL;
}

static void
kl_media_devices_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlMediaDevices *self = KL_MEDIA_DEVICES (object);

  switch ((Prop) id)
    {
    case PROP_CAMERAS:
      g_value_set_object (value, self->lists[CAMERAS]);
      break;
    case PROP_MICROPHONES:
      g_value_set_object (value, self->lists[MICROPHONES]);
      break;
    case PROP_SPEAKERS:
      g_value_set_object (value, self->lists[SPEAKERS]);
      break;
    case N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_media_devices_dispose (GObject *object)
{
  KlMediaDevices *self = KL_MEDIA_DEVICES (object);

  g_clear_handle_id (&self->bus_watch, g_source_remove);
  if (self->monitor != NULL)
    g_thread_unref (g_thread_new ("devices-end", stop_monitor, g_steal_pointer (&self->monitor)));
  for (int list = 0; list < 3; list++)
    g_clear_object (&self->lists[list]);
  G_OBJECT_CLASS (kl_media_devices_parent_class)->dispose (object);
}

static void
kl_media_devices_class_init (KlMediaDevicesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_media_devices_get_property;
  object_class->dispose = kl_media_devices_dispose;

  properties[PROP_CAMERAS] = g_param_spec_object ("cameras", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  properties[PROP_MICROPHONES] = g_param_spec_object ("microphones", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  properties[PROP_SPEAKERS] = g_param_spec_object ("speakers", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_media_devices_init (KlMediaDevices *self)
{
  g_autoptr (GstBus) bus = NULL;
  Start *start;

  self->lists[CAMERAS] = g_list_store_new (KL_TYPE_MEDIA_SOURCE);
  self->lists[MICROPHONES] = g_list_store_new (KL_TYPE_MEDIA_SOURCE);
  self->lists[SPEAKERS] = g_list_store_new (GST_TYPE_DEVICE);
  self->monitor = g_object_ref_sink (gst_device_monitor_new ());
  gst_device_monitor_add_filter (self->monitor, "Video/Source", NULL);
  gst_device_monitor_add_filter (self->monitor, "Audio/Source", NULL);
  gst_device_monitor_add_filter (self->monitor, "Audio/Sink", NULL);
  bus = gst_device_monitor_get_bus (self->monitor);
  self->bus_watch = gst_bus_add_watch (bus, on_message, self);
  start = g_new0 (Start, 1);
  g_weak_ref_init (&start->devices, self);
  start->context = g_main_context_ref_thread_default ();
  start->monitor = g_object_ref (self->monitor);
  g_thread_unref (g_thread_new ("devices", run_monitor, start));
}

KlMediaDevices *
kl_media_devices_new (void)
{
  return g_object_new (KL_TYPE_MEDIA_DEVICES, NULL);
}

GListModel *
kl_media_devices_get_cameras (KlMediaDevices *self)
{
  return G_LIST_MODEL (self->lists[CAMERAS]);
}

GListModel *
kl_media_devices_get_microphones (KlMediaDevices *self)
{
  return G_LIST_MODEL (self->lists[MICROPHONES]);
}

GListModel *
kl_media_devices_get_speakers (KlMediaDevices *self)
{
  return G_LIST_MODEL (self->lists[SPEAKERS]);
}

KlMediaSource *
kl_media_devices_choose (KlMediaDevices *self, KlMediaKind kind, const char *id)
{
  GListModel *list = G_LIST_MODEL (self->lists[kind == KL_MEDIA_VIDEO ? CAMERAS : MICROPHONES]);

  for (guint i = 0; id != NULL && i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (KlMediaSource) source = g_list_model_get_item (list, i);

      if (g_strcmp0 (kl_media_source_get_id (source), id) == 0)
        return g_steal_pointer (&source);
    }
  return g_list_model_get_item (list, 0);
}
