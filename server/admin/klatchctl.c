/* SPDX-License-Identifier: GPL-3.0-or-later */
/* klatchctl: asks a running klatch-server by its admin socket, or works on its store.
 *
 * Exit status: 0 done, 2 wrong words on the command line, 1 for anything else (no server, or it says no). */
#include <gio/gio.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>

#include "server/admin/kl-ctl-client.h"
#include "server/admin/kl-ctl-commands.h"

#include "klatch-config.h"

#define EXIT_USAGE 2

/* Where the server keeps its data when nobody says where: see klatch-server. */
static char *
find_data (const char *given)
{
  const char *data = given ? given : g_getenv ("KLATCH_SERVER_DATA");
  const char *state = g_getenv ("STATE_DIRECTORY");

  if (data)
    return g_strdup (data);
  if (state && g_path_is_absolute (state))
    return g_strdup (state);

  return g_build_filename (g_get_user_data_dir (), "klatch-server", NULL);
}

/* As in the server's settings. */
static const char *
find_store (const char *given)
{
  const char *set = given ? given : g_getenv ("KLATCH_STORE_URI");

  return set && *set ? set : "sqlite:klatch.db";
}

int
main (int argc, char **argv)
{
  g_autofree char *data = NULL, *socket_path = NULL, *store = NULL, *display_name = NULL, *uses = NULL, *expires = NULL;
  g_auto (GStrv) words = NULL;
  gboolean json = FALSE, admin = FALSE, version = FALSE;
  const GOptionEntry entries[] = {
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &data, "The server's data folder", "DIR" },
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &socket_path, "Its admin socket, instead of admin.sock in there", "PATH" },
    { "store", 0, 0, G_OPTION_ARG_STRING, &store, "backup, restore: the store, if it is not klatch.db in there", "URI" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Answer in JSON", NULL },
    { "display-name", 0, 0, G_OPTION_ARG_STRING, &display_name, "user add: the name that people see", "NAME" },
    { "admin", 0, 0, G_OPTION_ARG_NONE, &admin, "user add: make them an admin of the server", NULL },
    { "uses", 0, 0, G_OPTION_ARG_STRING, &uses, "invite create: how often it may be used (100)", "N" },
    { "expires", 0, 0, G_OPTION_ARG_STRING, &expires, "invite create: how long it is good, as 12h, 7d or never (7d)",
      "TIME" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("COMMAND");
  g_autoptr (GError) error = NULL;
  KlCtlOptions options = { 0 };
  g_autofree char *folder = NULL, *path = NULL;
  static const char *const no_words[] = { NULL };

  setlocale (LC_ALL, "");
  /* A file that may not grow is a full disk, not the end. */
  signal (SIGXFSZ, SIG_IGN);
  g_option_context_set_summary (context, kl_ctl_get_summary ());
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("klatchctl: %s\n", error->message);
      return EXIT_USAGE;
    }
  if (version)
    {
      g_print ("klatchctl %s\n", KL_VERSION);
      return EXIT_SUCCESS;
    }

  folder = find_data (data);
  path = socket_path ? g_strdup (socket_path) : g_build_filename (folder, "admin.sock", NULL);
  options.socket_path = path;
  options.data = folder;
  options.store = find_store (store);
  options.json = json;
  options.display_name = display_name;
  options.admin = admin;
  options.uses = uses;
  options.expires = expires;
  if (kl_ctl_run (&options, words ? (const char *const *)words : no_words, &error))
    return EXIT_SUCCESS;
  g_printerr ("klatchctl: %s\n", error->message);

  return g_error_matches (error, KL_CTL_ERROR, KL_CTL_ERROR_USAGE) ? EXIT_USAGE : EXIT_FAILURE;
}
