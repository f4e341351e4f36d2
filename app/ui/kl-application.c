/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-application.h"

#include "klatch-config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "app/core/kl-core.h"
#include "app/ui/kl-accent.h"
#include "app/ui/kl-preferences-dialog.h"
#include "app/ui/kl-shortcuts-dialog.h"
#include "app/ui/kl-window.h"

struct _KlApplication
{
  AdwApplication parent_instance;

  GSettings *settings;
  KlAccounts *accounts;
  GtkCssProvider *accent;
  char *server; /* of --server */
  guint signals[2];
  guint name; /* on the bus */
};

G_DEFINE_FINAL_TYPE (KlApplication, kl_application, ADW_TYPE_APPLICATION)

KlApplication *
kl_application_new (void)
{
  /* Two that run beside each other, with folders of their own, are two people's: neither hands over to the other. */
  return g_object_new (KL_TYPE_APPLICATION, "application-id", KL_APP_ID, "resource-base-path", "/chat/klatch/Klatch",
                       "flags", G_APPLICATION_NON_UNIQUE, "register-session", TRUE, NULL);
}

static void
update_style (KlApplication *self)
{
  static const struct
  {
    const char *name;
    AdwColorScheme scheme;
  } schemes[] = {
    { "system", ADW_COLOR_SCHEME_DEFAULT },
    { "light", ADW_COLOR_SCHEME_FORCE_LIGHT },
    { "dark", ADW_COLOR_SCHEME_FORCE_DARK },
  };
  g_autofree char *style = g_settings_get_string (self->settings, "style");

  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_equal (style, schemes[i].name))
      adw_style_manager_set_color_scheme (adw_style_manager_get_default (), schemes[i].scheme);
}

static void
update_accent (KlApplication *self)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();
  g_autoptr (GdkRGBA) system = adw_style_manager_get_accent_color_rgba (manager);
  g_autofree char *accent = g_settings_get_string (self->settings, "accent");
  g_autofree char *css = kl_accent_dup_css (accent, system, adw_style_manager_get_dark (manager));

  gtk_css_provider_load_from_string (self->accent, css);
}

static void
on_about (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  KlApplication *self = user_data;
  AdwDialog *about = adw_about_dialog_new ();

  g_object_set (about, "application-name", "Klatch", "application-icon", KL_APP_ID, "version", KL_VERSION, "developer-name",
                _ ("The Klatch makers"), "website", "https://klatch.chat", "license-type", GTK_LICENSE_GPL_3_0, "comments",
                _ ("Group chat that shows who is here right now."), "copyright", "© 2026 The Klatch makers",
                /* Translators: put your names here, one a line */
                "translator-credits", _ ("translator-credits"), NULL);
  adw_dialog_present (about, GTK_WIDGET (gtk_application_get_active_window (GTK_APPLICATION (self))));
}

static void
on_preferences (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  KlApplication *self = user_data;

  adw_dialog_present (kl_preferences_dialog_new (self->settings),
                      GTK_WIDGET (gtk_application_get_active_window (GTK_APPLICATION (self))));
}

static void
on_shortcuts (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  KlApplication *self = user_data;

  adw_dialog_present (kl_shortcuts_dialog_new (), GTK_WIDGET (gtk_application_get_active_window (GTK_APPLICATION (self))));
}

static void
on_quit (GSimpleAction *action,
         GVariant      *parameter,
         gpointer       user_data)
{
  KlApplication *self = user_data;
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  if (KL_IS_WINDOW (window))
    kl_window_end (KL_WINDOW (window));
}

/* Told to end, we end as if the window was closed: what is unsent is on disk then. */
static gboolean
on_signal (gpointer user_data)
{
  on_quit (NULL, NULL, user_data);
  return G_SOURCE_CONTINUE;
}

static const GActionEntry actions[] = {
  { .name = "about", .activate = on_about },
  { .name = "preferences", .activate = on_preferences },
  { .name = "shortcuts", .activate = on_shortcuts },
  { .name = "quit", .activate = on_quit },
};

static const struct
{
  const char *action;
  const char *keys[3];
} keys[] = {
  { "app.quit", { "<Control>q" } },
  { "app.preferences", { "<Control>comma" } },
  { "window.close", { "<Control>w" } },
  { "app.shortcuts", { "<Control>question" } },
  { "main.jump", { "<Control>k" } },
  { "main.new-group", { "<Control>n" } },
  { "main.find-groups", { "<Control><Shift>n" } },
  { "main.previous-group", { "<Alt>Up" } },
  { "main.next-group", { "<Alt>Down" } },
  { "main.previous-unread", { "<Alt><Shift>Up" } },
  { "main.next-unread", { "<Alt><Shift>Down" } },
  { "main.toggle-people", { "F9" } },
  { "main.call", { "<Control><Shift>c" } },
  { "main.next-pane", { "F6" } },
  { "main.previous-pane", { "<Shift>F6" } },
};

static void
kl_application_startup (GApplication *application)
{
  KlApplication *self = KL_APPLICATION (application);
  AdwStyleManager *manager;

  G_APPLICATION_CLASS (kl_application_parent_class)->startup (application);

  gtk_window_set_default_icon_name (KL_APP_ID);
  /* An address that a dialog shows first is not chosen at once. */
  g_object_set (gtk_settings_get_default (), "gtk-label-select-on-focus", FALSE, NULL);
  self->settings = g_settings_new (KL_APP_ID);
  self->accounts = kl_accounts_new (NULL);
  self->accent = gtk_css_provider_new ();
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (self->accent),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION + 1);
  manager = adw_style_manager_get_default ();
  g_signal_connect_object (self->settings, "changed::style", G_CALLBACK (update_style), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->settings, "changed::accent", G_CALLBACK (update_accent), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (manager, "notify::dark", G_CALLBACK (update_accent), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (manager, "notify::accent-color-rgba", G_CALLBACK (update_accent), self, G_CONNECT_SWAPPED);
  update_style (self);
  update_accent (self);
  self->signals[0] = g_unix_signal_add (SIGTERM, on_signal, self);
  self->signals[1] = g_unix_signal_add (SIGINT, on_signal, self);

  /* A desktop that shows a notification brings its buttons back to this name. Of two beside each other the first has it. */
  if (g_application_get_dbus_connection (application) != NULL)
    self->name = g_bus_own_name_on_connection (g_application_get_dbus_connection (application), KL_APP_ID,
                                               G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), keys[i].action, keys[i].keys);
  for (int i = 1; i <= 9; i++)
    {
      g_autofree char *action = g_strdup_printf ("main.pinned-group(%d)", i);
      g_autofree char *key = g_strdup_printf ("<Control>%d", i);

      gtk_application_set_accels_for_action (GTK_APPLICATION (self), action, (const char *[]) { key, NULL });
    }
}

static void
kl_application_activate (GApplication *application)
{
  KlApplication *self = KL_APPLICATION (application);
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  if (window == NULL)
    window = kl_window_new (GTK_APPLICATION (self), self->settings, self->accounts, self->server);
  gtk_window_present (window);
}

static int
kl_application_handle_local_options (GApplication *application,
                                     GVariantDict *options)
{
  KlApplication *self = KL_APPLICATION (application);

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("klatch %s\n", KL_VERSION);
      return 0;
    }
  g_variant_dict_lookup (options, "server", "s", &self->server);
  return -1;
}

static void
kl_application_dispose (GObject *object)
{
  KlApplication *self = KL_APPLICATION (object);

  g_clear_handle_id (&self->name, g_bus_unown_name);
  for (guint i = 0; i < G_N_ELEMENTS (self->signals); i++)
    g_clear_handle_id (&self->signals[i], g_source_remove);
  if (self->accent != NULL && gdk_display_get_default () != NULL)
    gtk_style_context_remove_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (self->accent));
  g_clear_object (&self->accent);
  g_clear_object (&self->accounts);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kl_application_parent_class)->dispose (object);
}

static void
kl_application_finalize (GObject *object)
{
  g_free (KL_APPLICATION (object)->server);
  G_OBJECT_CLASS (kl_application_parent_class)->finalize (object);
}

static void
kl_application_class_init (KlApplicationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  object_class->dispose = kl_application_dispose;
  object_class->finalize = kl_application_finalize;
  application_class->startup = kl_application_startup;
  application_class->activate = kl_application_activate;
  application_class->handle_local_options = kl_application_handle_local_options;
}

static void
kl_application_init (KlApplication *self)
{
  const GOptionEntry options[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Say which version this is, and end"), NULL },
    { "server", 0, 0, G_OPTION_ARG_STRING, NULL, N_ ("Offer this server when signing in"), N_ ("ADDRESS") },
    G_OPTION_ENTRY_NULL,
  };

  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_parameter_string (G_APPLICATION (self), NULL);
}
