/* SPDX-License-Identifier: GPL-3.0-or-later
 * logind's PrepareForSleep. The lock is a descriptor: while we hold it, sleep waits (some seconds at most). */
#include "app/core/kl-sleep-monitor.h"

#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define LOGIN_NAME "org.freedesktop.login1"
#define LOGIN_PATH "/org/freedesktop/login1"
#define LOGIN_MANAGER "org.freedesktop.login1.Manager"

enum
{
  GOOD_BYE_MS = 200, /* what is written by then is on its way */
};

struct _KlSleepMonitor
{
  GObject parent_instance;

  GDBusConnection *bus;
  GCancellable *cancellable;
  guint subscription;
  guint release_source;
  int lock_fd;
};

static guint sleep_signal;

G_DEFINE_FINAL_TYPE (KlSleepMonitor, kl_sleep_monitor, G_TYPE_OBJECT)

static void
release_lock (KlSleepMonitor *self)
{
  g_clear_handle_id (&self->release_source, g_source_remove);
  g_clear_fd (&self->lock_fd, NULL);
}

static void
on_inhibited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), &fds, result, NULL);
  g_autoptr (KlSleepMonitor) self = g_weak_ref_get (user_data);
  gint32 index;

  g_weak_ref_clear (user_data);
  g_free (user_data);
  if (answer == NULL || self == NULL || fds == NULL)
    return;
  g_variant_get (answer, "(h)", &index);
  release_lock (self);
  self->lock_fd = g_unix_fd_list_get (fds, index, NULL);
}

static void
take_lock (KlSleepMonitor *self)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  g_dbus_connection_call_with_unix_fd_list (
      self->bus, LOGIN_NAME, LOGIN_PATH, LOGIN_MANAGER, "Inhibit",
      g_variant_new ("(ssss)", "sleep", "Klatch", "Leaving the conversation", "delay"), G_VARIANT_TYPE ("(h)"),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, self->cancellable, on_inhibited, weak);
}

static gboolean
on_good_bye_said (gpointer user_data)
{
  KlSleepMonitor *self = user_data;

  self->release_source = 0;
  release_lock (self);
  return G_SOURCE_REMOVE;
}

static void
on_prepare_for_sleep (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                      const char *name, GVariant *parameters, gpointer user_data)
{
  KlSleepMonitor *self = user_data;
  gboolean asleep;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(b)")))
    return;
  g_variant_get (parameters, "(b)", &asleep);
  g_signal_emit (self, sleep_signal, 0, asleep);
  if (!asleep)
    take_lock (self);
  else if (self->release_source == 0)
    self->release_source = g_timeout_add (GOOD_BYE_MS, on_good_bye_said, self);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, NULL);
  g_autoptr (KlSleepMonitor) self = g_weak_ref_get (user_data);

  g_weak_ref_clear (user_data);
  g_free (user_data);
  if (bus == NULL || self == NULL)
    return;
  self->bus = g_steal_pointer (&bus);
  self->subscription
      = g_dbus_connection_signal_subscribe (self->bus, LOGIN_NAME, LOGIN_MANAGER, "PrepareForSleep", LOGIN_PATH, NULL,
                                            G_DBUS_SIGNAL_FLAGS_NONE, on_prepare_for_sleep, self, NULL);
  take_lock (self);
}

static void
kl_sleep_monitor_dispose (GObject *object)
{
  KlSleepMonitor *self = KL_SLEEP_MONITOR (object);

  g_cancellable_cancel (self->cancellable);
  if (self->subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->subscription);
  self->subscription = 0;
  g_clear_object (&self->bus);
  release_lock (self);
  G_OBJECT_CLASS (kl_sleep_monitor_parent_class)->dispose (object);
}

static void
kl_sleep_monitor_finalize (GObject *object)
{
  g_object_unref (KL_SLEEP_MONITOR (object)->cancellable);
  G_OBJECT_CLASS (kl_sleep_monitor_parent_class)->finalize (object);
}

static void
kl_sleep_monitor_class_init (KlSleepMonitorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kl_sleep_monitor_dispose;
  object_class->finalize = kl_sleep_monitor_finalize;

  sleep_signal = g_signal_new ("sleep", KL_TYPE_SLEEP_MONITOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                               G_TYPE_BOOLEAN);
}

static void
kl_sleep_monitor_init (KlSleepMonitor *self)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  self->lock_fd = -1;
  self->cancellable = g_cancellable_new ();
  g_weak_ref_init (weak, self);
  g_bus_get (G_BUS_TYPE_SYSTEM, self->cancellable, on_bus, weak);
}

KlSleepMonitor *
kl_sleep_monitor_new (void)
{
  return g_object_new (KL_TYPE_SLEEP_MONITOR, NULL);
}
