/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/calling/fake-portal.h"

#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME "org.freedesktop.portal.Desktop"
#define PATH "/org/freedesktop/portal/desktop"

struct _FakePortal
{
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  GDBusConnection *bus;
  guint ready, answer_plus_one, asked, open, remote_kind, remotes; /* atomic */
  GDBusMethodInvocation *held; /* of the thread */
  char *session;     /* the newest one's path; of the thread */
  char *sender;
  guint session_object;
  int remote; /* our end; atomic */
};

static const char interfaces[]
    = "<node><interface name='org.freedesktop.portal.ScreenCast'>"
      "<method name='CreateSession'><arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method>"
      "<method name='SelectSources'><arg type='o' direction='in'/><arg type='a{sv}' direction='in'/>"
      "<arg type='o' direction='out'/></method>"
      "<method name='Start'><arg type='o' direction='in'/><arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
      "<arg type='o' direction='out'/></method>"
      "<method name='OpenPipeWireRemote'><arg type='o' direction='in'/><arg type='a{sv}' direction='in'/>"
      "<arg type='h' direction='out'/></method>"
      "<property name='AvailableSourceTypes' type='u' access='read'/>"
      "<property name='AvailableCursorModes' type='u' access='read'/>"
      "<property name='version' type='u' access='read'/></interface>"
      "<interface name='org.freedesktop.portal.Session'><method name='Close'/>"
      "<signal name='Closed'><arg type='a{sv}'/></signal></interface></node>";

static char *
dup_path (const char *kind, const char *sender, GVariant *options, const char *key)
{
  g_autofree char *name = g_strdelimit (g_strdup (sender + 1), ".", '_');
  const char *token = "token";

  g_variant_lookup (options, key, "&s", &token);
  return g_strdup_printf (PATH "/%s/%s/%s", kind, name, token);
}

static void
respond (FakePortal *self, const char *request, guint answer, GVariant *results)
{
  g_dbus_connection_emit_signal (self->bus, self->sender, request, "org.freedesktop.portal.Request", "Response",
                                 g_variant_new ("(u@a{sv})", answer, results), NULL);
}

static void
on_session_method (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                   const char *method, GVariant *arguments, GDBusMethodInvocation *invocation, gpointer user_data)
{
  FakePortal *self = user_data;

  g_atomic_int_set (&self->open, 0);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static const GDBusInterfaceVTable session_vtable = { .method_call = on_session_method };

static void
open_session (FakePortal *self, GVariant *options)
{
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (interfaces, NULL);

  if (self->session_object != 0)
    g_dbus_connection_unregister_object (self->bus, self->session_object);
  g_free (self->session);
  self->session = dup_path ("session", self->sender, options, "session_handle_token");
  self->session_object = g_dbus_connection_register_object (self->bus, self->session, info->interfaces[1],
                                                            &session_vtable, self, NULL, NULL);
  g_atomic_int_set (&self->open, 1);
}

static GVariant *
dup_streams (void)
{
  GVariantBuilder results;

  g_variant_builder_init (&results, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&results, "{sv}", "streams", g_variant_new_parsed ("[(uint32 42, @a{sv} {})]"));
  return g_variant_builder_end (&results);
}

static void
give_remote (FakePortal *self, GDBusMethodInvocation *invocation, FakeRemote kind)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  if (self->remote >= 0)
    close (self->remote);
  if (kind == FAKE_REMOTE_DEAD)
    g_clear_fd (&ends[0], NULL);
  g_atomic_int_set (&self->remote, ends[0]);
  g_unix_fd_list_append (fds, ends[1], NULL);
  close (ends[1]);
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0), fds);
}

static void
on_method (GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *method,
           GVariant *arguments, GDBusMethodInvocation *invocation, gpointer user_data)
{
  FakePortal *self = user_data;
  g_autoptr (GVariant) options
      = g_variant_get_child_value (arguments, g_variant_n_children (arguments) - 1);
  g_autofree char *request = dup_path ("request", sender, options, "handle_token");
  int answer = (int) g_atomic_int_get (&self->answer_plus_one) - 1;

  g_set_str (&self->sender, sender);
  if (g_str_equal (method, "OpenPipeWireRemote"))
    {
      FakeRemote kind = (FakeRemote) g_atomic_int_get (&self->remote_kind);

      if (kind == FAKE_REMOTE_LATE)
        self->held = invocation; /* ours by now */
      else
        give_remote (self, invocation, kind);
      g_atomic_int_inc (&self->remotes);
      return;
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", request));
  if (g_str_equal (method, "CreateSession"))
    {
      GVariantBuilder results;

      open_session (self, options);
      g_variant_builder_init (&results, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&results, "{sv}", "session_handle", g_variant_new_string (self->session));
      respond (self, request, 0, g_variant_builder_end (&results));
    }
  else if (g_str_equal (method, "SelectSources"))
    respond (self, request, 0, g_variant_new_parsed ("@a{sv} {}"));
  else
    {
      g_atomic_int_inc (&self->asked);
      if (answer >= 0)
        respond (self, request, (guint) answer, answer == 0 ? dup_streams () : g_variant_new_parsed ("@a{sv} {}"));
    }
}

static GVariant *
get_property (GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *name,
              GError **error, gpointer user_data)
{
  return g_variant_new_uint32 (g_str_equal (name, "version") ? 4 : 7);
}

static const GDBusInterfaceVTable vtable = { .method_call = on_method, .get_property = get_property };

static void
on_owned (GDBusConnection *bus, const char *name, gpointer user_data)
{
  g_atomic_int_set (&((FakePortal *) user_data)->ready, 1);
}

static gpointer
run (gpointer user_data)
{
  FakePortal *self = user_data;
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (interfaces, NULL);
  g_autofree char *address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  guint object, name;

  g_main_context_push_thread_default (self->context);
  self->bus = g_dbus_connection_new_for_address_sync (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
      NULL);
  g_assert_nonnull (self->bus);
  object = g_dbus_connection_register_object (self->bus, PATH, info->interfaces[0], &vtable, self, NULL, NULL);
  name = g_bus_own_name_on_connection (self->bus, NAME, G_BUS_NAME_OWNER_FLAGS_NONE, on_owned, NULL, self, NULL);
  g_main_loop_run (self->loop);
  if (self->held != NULL)
    g_dbus_method_invocation_return_dbus_error (g_steal_pointer (&self->held), "org.freedesktop.portal.Error.Failed", "");
  g_bus_unown_name (name);
  g_dbus_connection_unregister_object (self->bus, object);
  if (self->session_object != 0)
    g_dbus_connection_unregister_object (self->bus, self->session_object);
  g_dbus_connection_close_sync (self->bus, NULL, NULL);
  g_clear_object (&self->bus);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

FakePortal *
fake_portal_new (void)
{
  FakePortal *self = g_new0 (FakePortal, 1);

  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->remote = -1;
  self->answer_plus_one = 1;
  self->thread = g_thread_new ("portal", run, self);
  while (!g_atomic_int_get (&self->ready))
    g_thread_yield ();
  return self;
}

void
fake_portal_free (FakePortal *self)
{
  g_main_loop_quit (self->loop);
  g_thread_join (self->thread);
  if (self->remote >= 0)
    close (self->remote);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_free (self->session);
  g_free (self->sender);
  g_free (self);
}

void
fake_portal_set_answer (FakePortal *self, int answer)
{
  g_atomic_int_set (&self->answer_plus_one, (guint) (answer + 1));
}

void
fake_portal_set_remote (FakePortal *self, FakeRemote kind)
{
  g_atomic_int_set (&self->remote_kind, (guint) kind);
}

int
fake_portal_count_remotes (FakePortal *self)
{
  return (int) g_atomic_int_get (&self->remotes);
}

static gboolean
give_held (gpointer user_data)
{
  FakePortal *self = user_data;

  give_remote (self, g_steal_pointer (&self->held), FAKE_REMOTE_SILENT);
  return G_SOURCE_REMOVE;
}

void
fake_portal_give_remote (FakePortal *self)
{
  g_main_context_invoke (self->context, give_held, self);
}

gboolean
fake_portal_remote_is_gone (FakePortal *self)
{
  struct pollfd end = { .fd = g_atomic_int_get (&self->remote) };

  return poll (&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
}

int
fake_portal_count_asked (FakePortal *self)
{
  return (int) g_atomic_int_get (&self->asked);
}

int
fake_portal_count_open (FakePortal *self)
{
  return (int) g_atomic_int_get (&self->open);
}

static gboolean
end_session (gpointer user_data)
{
  FakePortal *self = user_data;

  g_atomic_int_set (&self->open, 0);
  g_dbus_connection_emit_signal (self->bus, self->sender, self->session, "org.freedesktop.portal.Session", "Closed",
                                 g_variant_new_parsed ("(@a{sv} {},)"), NULL);
  return G_SOURCE_REMOVE;
}

void
fake_portal_end_session (FakePortal *self)
{
  g_main_context_invoke (self->context, end_session, self);
}

static gboolean
close_remote (gpointer user_data)
{
  FakePortal *self = user_data;

  if (self->remote >= 0)
    close (self->remote);
  self->remote = -1;
  return G_SOURCE_REMOVE;
}

void
fake_portal_close_remote (FakePortal *self)
{
  g_main_context_invoke (self->context, close_remote, self);
}
