/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/ui/fake-notifications.h"

#include "tests/kit/kl-test.h"

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"

static const char interface[]
    = "<node><interface name='" NAME "'>"
      "<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"
      "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/>"
      "<arg type='a{sv}' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='out'/></method>"
      "<method name='CloseNotification'><arg type='u' direction='in'/></method>"
      "<signal name='ActionInvoked'><arg type='u'/><arg type='s'/></signal>"
      "<signal name='NotificationClosed'><arg type='u'/><arg type='u'/></signal>"
      "</interface></node>";

static void
on_method (GDBusConnection *bus,
           const char *sender,
           const char *path,
           const char *name,
           const char *method,
           GVariant *arguments,
           GDBusMethodInvocation *invocation,
           gpointer user_data)
{
  FakeNotifications *self = user_data;

  if (g_str_equal (method, "Notify"))
    {
      static guint last;

      g_clear_pointer (&self->title, g_free);
      g_clear_pointer (&self->body, g_free);
      g_clear_pointer (&self->actions, g_strfreev);
      g_autoptr (GVariant) hints = NULL;
      guint8 urgency = 1;

      g_variant_get (arguments, "(susss^as@a{sv}i)", NULL, NULL, NULL, &self->title, &self->body, &self->actions, &hints,
                     NULL);
      g_variant_lookup (hints, "urgency", "y", &urgency);
      self->urgency = urgency;
      self->id = ++last;
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", self->id));
      return;
    }
  self->id = 0;
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static const GDBusInterfaceVTable vtable = { .method_call = on_method };

static void
on_owned (GDBusConnection *bus, const char *name, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

FakeNotifications *
fake_notifications_new (void)
{
  FakeNotifications *self = g_new0 (FakeNotifications, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (interface, &error);
  g_autofree char *address = NULL;
  gboolean owned = FALSE;

  g_assert_no_error (error);
  /* A connection of its own: the desktop is another program. */
  address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SESSION, NULL, &error);
  g_assert_no_error (error);
  self->bus = g_dbus_connection_new_for_address_sync (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
      &error);
  g_assert_no_error (error);
  self->object = g_dbus_connection_register_object (self->bus, PATH, info->interfaces[0], &vtable, self, NULL, &error);
  g_assert_no_error (error);
  self->name = g_bus_own_name_on_connection (self->bus, NAME, G_BUS_NAME_OWNER_FLAGS_NONE, on_owned, NULL, &owned, NULL);
  kl_test_wait_until (owned);
  return self;
}

void
fake_notifications_press (FakeNotifications *self, const char *label)
{
  for (guint i = 0; self->actions[i] != NULL && self->actions[i + 1] != NULL; i += 2)
    if (g_str_equal (self->actions[i + 1], label))
      {
        g_autoptr (GError) error = NULL;

        g_dbus_connection_emit_signal (self->bus, NULL, PATH, NAME, "ActionInvoked",
                                       g_variant_new ("(us)", self->id, self->actions[i]), &error);
        g_assert_no_error (error);
        return;
      }
  g_error ("the notification has no “%s”", label);
}

void
fake_notifications_free (FakeNotifications *self)
{
  g_bus_unown_name (self->name);
  g_dbus_connection_unregister_object (self->bus, self->object);
  g_dbus_connection_close_sync (self->bus, NULL, NULL);
  g_object_unref (self->bus);
  g_free (self->title);
  g_free (self->body);
  g_strfreev (self->actions);
  g_free (self);
}
