/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/admin/kl-ctl-commands.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "protocol/kl-limits.h"
#include "server/admin/kl-ctl-client.h"
#include "server/admin/kl-ctl-help.h"
#include "server/admin/kl-ctl-print.h"
#include "server/admin/kl-ctl-store.h"

/* Reads the fields of an answer, where absent is as good as empty. */
static const char *
get_text (yyjson_val *object, const char *key)
{
  const char *text = yyjson_get_str (yyjson_obj_get (object, key));

  return text ? text : "";
}

static gint64
get_int (yyjson_val *object, const char *key)
{
  return yyjson_get_sint (yyjson_obj_get (object, key));
}

/* The answer as it came, laid out. */
static void
print_json (yyjson_val *value)
{
  char *text = yyjson_val_write (value, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);

  g_print ("%s\n", text ? text : "null");
  free (text);
}

static void
begin_question (KlJsonWriter *writer, const char *command)
{
  kl_json_writer_init (writer, 128);
  kl_json_begin_object (writer);
  kl_json_member_string (writer, "command", command);
}

/* ── status, metrics ── */

/* Of a node's id, as in the log. */
#define NODE_CHARS 8

static char *
dup_count (gint64 number)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, number);
}

/* Where there can be others. */
static void
print_nodes (yyjson_val *nodes)
{
  static const char *const titles[] = { "NODE", "ADDRESS", "VERSION", "UP", "HEARD", "PEOPLE", "CONNECTIONS", NULL };
  g_autofree char *count = dup_count ((gint64)yyjson_arr_size (nodes));
  KlCtlTable *table = kl_ctl_table_new (titles);
  gint64 now_ms = g_get_real_time () / 1000;
  yyjson_arr_iter iter = yyjson_arr_iter_with (nodes);
  yyjson_val *node;

  while ((node = yyjson_arr_iter_next (&iter)))
    {
      g_autofree char *heard = kl_ctl_format_duration (MAX (now_ms - get_int (node, "heard"), 0));
      gboolean own = yyjson_get_bool (yyjson_obj_get (node, "own"));
      char *cells[] = {
        g_strndup (get_text (node, "id"), NODE_CHARS),
        g_strdup (get_text (node, "address")),
        g_strdup (get_text (node, "version")),
        kl_ctl_format_duration (MAX (now_ms - get_int (node, "since"), 0)),
        own ? g_strdup ("this one") : g_strdup_printf ("%s ago", heard),
        dup_count (get_int (node, "people")),
        dup_count (get_int (node, "connections")),
      };

      kl_ctl_table_add (table, cells);
    }
  g_print ("  nodes     %s\n\n", count);
  kl_ctl_table_print (table);
}

static void
print_status (yyjson_val *root)
{
  g_autofree char *uptime = kl_ctl_format_duration (get_int (root, "uptime_ms"));
  gboolean ready = yyjson_get_bool (yyjson_obj_get (root, "ready"));
  const char *public_url = get_text (root, "public_url");
  yyjson_val *nodes = yyjson_obj_get (root, "nodes");

  g_print ("%s (%s), klatch-server %s\n", get_text (root, "name"), get_text (root, "domain"),
           get_text (root, "version"));
  g_print ("  address   %s%s%s\n", get_text (root, "address"), *public_url ? ", public " : "", public_url);
  g_print ("  up        %s, process %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " MiB\n", uptime, get_int (root, "pid"),
           get_int (root, "memory_kib") / 1024);
  g_print ("  store     %s\n", ready ? "ready" : get_text (root, "reason"));
  g_print ("  people    %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " online with %" G_GINT64_FORMAT " connections\n",
           get_int (root, "users"), get_int (root, "people_online"), get_int (root, "connections"));
  g_print ("  groups    %" G_GINT64_FORMAT "\n", get_int (root, "groups"));
  g_print ("  messages  %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " since the start\n", get_int (root, "messages"),
           get_int (root, "messages_since_start"));
  if (yyjson_arr_size (nodes) > 1 || !g_str_equal (get_text (yyjson_arr_get_first (nodes), "id"), "local"))
    {
      g_print ("  bus       %s\n",
               yyjson_get_bool (yyjson_obj_get (root, "bus_ready")) ? "ready" : get_text (root, "bus_reason"));
      print_nodes (nodes);
    }
}

static void
print_metrics (yyjson_val *root)
{
  g_print ("%s", get_text (root, "text"));
}

/* COMMAND is the whole question; PRINT is for eyes. */
static gboolean
ask_and_print (KlCtlClient *client, const KlCtlOptions *options, const char *command, void (*print) (yyjson_val *root),
               GError **error)
{
  g_autoptr (KlJson) answer = kl_ctl_client_ask_plainly (client, command, error);

  if (!answer)
    return FALSE;

  if (options->json)
    print_json (kl_json_get_root (answer));
  else
    print (kl_json_get_root (answer));

  return TRUE;
}

static gboolean
run_status (KlCtlClient *client, const KlCtlOptions *options, const char *argument, GError **error)
{
  return ask_and_print (client, options, "status", print_status, error);
}

static gboolean
run_metrics (KlCtlClient *client, const KlCtlOptions *options, const char *argument, GError **error)
{
  return ask_and_print (client, options, "metrics", print_metrics, error);
}

/* ── Lists, page by page ── */

typedef struct
{
  const char *command;
  const char *key; /* of the array in each page */
  const char *const *titles;
  void (*add_row) (KlCtlTable *table, yyjson_val *item);
} List;

static void
write_next (KlJsonWriter *question, yyjson_val *next)
{
  if (yyjson_is_str (next))
    kl_json_member_string (question, "after", yyjson_get_str (next));
  else if (yyjson_is_obj (next))
    {
      kl_json_member_string (question, "after", get_text (next, "after"));
      kl_json_member_int (question, "after_members", get_int (next, "after_members"));
    }
}

static gboolean
run_list (KlCtlClient *client, const KlCtlOptions *options, const List *list, GError **error)
{
  KlCtlTable *table = options->json ? NULL : kl_ctl_table_new (list->titles);
  g_autoptr (GString) items = g_string_new (NULL);
  g_autoptr (KlJson) page = NULL;
  KlJsonWriter all;
  yyjson_val *next = NULL;

  kl_json_writer_init_on (&all, items);
  kl_json_begin_array (&all);
  do
    {
      g_auto (KlJsonWriter) question = { 0 };
      g_autoptr (KlJson) answer = NULL;
      yyjson_val *item;
      yyjson_arr_iter iter;

      begin_question (&question, list->command);
      write_next (&question, next);
      kl_json_end_object (&question);
      answer = kl_ctl_client_ask (client, &question, error);
      if (!answer)
        return FALSE;

      iter = yyjson_arr_iter_with (yyjson_obj_get (kl_json_get_root (answer), list->key));
      while ((item = yyjson_arr_iter_next (&iter)))
        {
          if (table)
            list->add_row (table, item);
          else
            kl_json_value (&all, item);
        }
      g_clear_pointer (&page, kl_json_unref);
      page = g_steal_pointer (&answer);
      next = yyjson_obj_get (kl_json_get_root (page), "next");
    }
  while (next);
  kl_json_end_array (&all);

  if (table)
    kl_ctl_table_print (table);
  else
    {
      g_autoptr (KlJson) whole = kl_json_parse (items->str, items->len, NULL);

      print_json (kl_json_get_root (whole));
    }

  return TRUE;
}

static void
add_user_row (KlCtlTable *table, yyjson_val *user)
{
  const char *state = "";

  if (yyjson_get_bool (yyjson_obj_get (user, "deleted")))
    state = "deleted";
  else if (yyjson_get_bool (yyjson_obj_get (user, "disabled")))
    state = "disabled";
  else if (*get_text (user, "server_role"))
    state = get_text (user, "server_role");

  kl_ctl_table_add (table, (char *[]){
                               g_strdup (get_text (user, "name")),
                               g_strdup (get_text (user, "display_name")),
                               g_strdup (state),
                               kl_ctl_format_time (get_int (user, "created_at")),
                               kl_ctl_format_time (get_int (user, "last_seen_at")),
                           });
}

static gboolean
run_user_list (KlCtlClient *client, const KlCtlOptions *options, const char *argument, GError **error)
{
  static const char *const titles[] = { "NAME", "DISPLAY NAME", "ROLE", "SINCE", "LAST SEEN", NULL };
  static const List list = { "user list", "users", titles, add_user_row };

  return run_list (client, options, &list, error);
}

static void
add_group_row (KlCtlTable *table, yyjson_val *group)
{
  const char *slug = get_text (group, "slug");

  kl_ctl_table_add (table, (char *[]){
                               g_strdup (*slug ? slug : "–"),
                               g_strdup (get_text (group, "name")),
                               g_strdup (get_text (group, "visibility")),
                               g_strdup_printf ("%" G_GINT64_FORMAT, get_int (group, "members")),
                               kl_ctl_format_time (get_int (group, "created_at")),
                               g_strdup (get_text (group, "id")),
                           });
}

static gboolean
run_group_list (KlCtlClient *client, const KlCtlOptions *options, const char *argument, GError **error)
{
  static const char *const titles[] = { "SLUG", "NAME", "VISIBILITY", "MEMBERS", "SINCE", "ID", NULL };
  static const List list = { "group list", "groups", titles, add_group_row };

  return run_list (client, options, &list, error);
}

/* ── Passwords ── */

static void
on_interrupt (int signal_number)
{
}

/* One line of standard input without its end; with the echo off where it is a terminal. NULL: there is none. */
static char *
read_line (const char *prompt)
{
  gboolean terminal = isatty (STDIN_FILENO);
  /* Ctrl-C ends the reading, not the program, which first puts the echo on again. */
  struct sigaction interrupt = { .sa_handler = on_interrupt }, former;
  struct termios before, silent;
  char *line = NULL;
  size_t size = 0;
  ssize_t length;

  if (terminal)
    {
      g_printerr ("%s", prompt);
      tcgetattr (STDIN_FILENO, &before);
      silent = before;
      silent.c_lflag &= ~(tcflag_t)ECHO;
      sigaction (SIGINT, &interrupt, &former);
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &silent);
    }
  length = getline (&line, &size, stdin);
  if (terminal)
    {
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
      sigaction (SIGINT, &former, NULL);
      g_printerr ("\n");
    }

  if (length < 0)
    {
      free (line);
      return NULL;
    }
  while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
    line[--length] = '\0';

  /* From malloc() to g_malloc(), so that one rule frees it. */
  {
    char *copy = g_strndup (line, (gsize)length);

    explicit_bzero (line, size);
    free (line);
    return copy;
  }
}

static void
free_secret (char *secret)
{
  if (secret)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

static char *
read_password (GError **error)
{
  char *password = read_line ("Password: ");
  const char *fault = NULL;
  gsize length = password ? strlen (password) : 0;

  if (!password)
    fault = "the password is missing: type it, or give it as one line of standard input";
  else if (length < KL_LIMIT_PASSWORD_MIN_BYTES)
    fault = "the password is too short: it needs at least " G_STRINGIFY (KL_LIMIT_PASSWORD_MIN_BYTES) " bytes";
  else if (length > KL_LIMIT_PASSWORD_MAX_BYTES)
    fault = "the password is too long: at most " G_STRINGIFY (KL_LIMIT_PASSWORD_MAX_BYTES) " bytes";
  else if (!g_utf8_validate (password, -1, NULL))
    fault = "the password is not UTF-8";
  else if (isatty (STDIN_FILENO))
    {
      char *again = read_line ("Again: ");

      if (g_strcmp0 (password, again) != 0)
        fault = "the two passwords differ";
      free_secret (again);
    }

  if (fault)
    {
      g_set_error_literal (error, KL_CTL_ERROR, KL_CTL_ERROR_USAGE, fault);
      free_secret (password);
      return NULL;
    }

  return password;
}

/* ── user add ── */

static gboolean
run_user_add (KlCtlClient *client, const KlCtlOptions *options, const char *argument, GError **error)
{
  char *password = read_password (error);
  g_auto (KlJsonWriter) question = { 0 };
  g_autoptr (KlJson) answer = NULL;
  yyjson_val *user;

  if (!password)
    return FALSE;

  begin_question (&question, "user add");
  kl_json_member_string (&question, "name", argument);
  kl_json_member_string (&question, "password", password);
  kl_json_member_string_or_nothing (&question, "display_name", options->display_name);
  if (options->admin)
    kl_json_member_bool (&question, "admin", TRUE);
  kl_json_end_object (&question);
  free_secret (password);
  answer = kl_ctl_client_ask (client, &question, error);
  explicit_bzero (question.out->str, question.out->len);
  if (!answer)
    return FALSE;

  user = yyjson_obj_get (kl_json_get_root (answer), "user");
  if (options->json)
    print_json (user);
  else
    g_print ("%s can sign in now%s.\n", get_text (user, "name"),
             *get_text (user, "server_role") ? ", as an admin of the server" : "");

  return TRUE;
}

/* ── invite create ── */

static gboolean
write_invite (KlJsonWriter *question, const KlCtlOptions *options, GError **error)
{
  gint64 expires_in_ms;
  guint64 uses;

  if (options->uses)
    {
      if (!g_ascii_string_to_unsigned (options->uses, 10, 1, 1000000, &uses, NULL))
        {
          g_set_error (error, KL_CTL_ERROR, KL_CTL_ERROR_USAGE, "--uses takes a number from 1 to 1000000, not \"%s\"",
                       options->uses);
          return FALSE;
        }
      kl_json_member_int (question, "uses", (gint64)uses);
    }
  if (options->expires)
    {
      if (!kl_ctl_parse_duration (options->expires, &expires_in_ms))
        {
          g_set_error (error, KL_CTL_ERROR, KL_CTL_ERROR_USAGE,
                       "--expires takes a time such as 90m, 12h, 7d, 4w or never, not \"%s\"", options->expires);
          return FALSE;
        }
      kl_json_member_int (question, "expires_in_ms", expires_in_ms);
    }

  return TRUE;
}

static gboolean
run_invite_create (KlCtlClient *client, const KlCtlOptions *options, const char *argument, GError **error)
{
  g_auto (KlJsonWriter) question = { 0 };
  g_autoptr (KlJson) answer = NULL;
  yyjson_val *invite;

  begin_question (&question, "invite create");
  if (!write_invite (&question, options, error))
    return FALSE;
  kl_json_end_object (&question);
  answer = kl_ctl_client_ask (client, &question, error);
  if (!answer)
    return FALSE;

  invite = yyjson_obj_get (kl_json_get_root (answer), "invite");
  if (options->json)
    {
      print_json (invite);
      return TRUE;
    }

  /* The code alone on standard output, for scripts; the rest is for eyes. */
  g_print ("%s\n", get_text (invite, "code"));
  if (*get_text (invite, "url"))
    g_printerr ("Link: %s\n", get_text (invite, "url"));
  if (yyjson_obj_get (invite, "expires_at"))
    {
      g_autofree char *until = kl_ctl_format_time (get_int (invite, "expires_at"));

      g_printerr ("Good until %s.\n", until);
    }

  return TRUE;
}

/* ── The table ── */

typedef struct
{
  const char *first, *second; /* the command's words; the second may be NULL */
  const char *arguments;      /* their names, parted by spaces, or NULL: takes none */
  gboolean (*run) (KlCtlClient *client, const KlCtlOptions *options, const char *argument, GError **error);
  gboolean (*run_alone) (const KlCtlOptions *options, const char *const *arguments, GError **error); /* no server */
} Command;

static const Command commands[] = {
  { "status", NULL, NULL, run_status, NULL },
  { "metrics", NULL, NULL, run_metrics, NULL },
  { "user", "list", NULL, run_user_list, NULL },
  { "user", "add", "NAME", run_user_add, NULL },
  { "invite", "create", NULL, run_invite_create, NULL },
  { "group", "list", NULL, run_group_list, NULL },
  { "backup", NULL, "FILE", NULL, kl_ctl_backup },
  { "restore", NULL, "FILE", NULL, kl_ctl_restore },
  { "store", "copy", "FROM TO", NULL, kl_ctl_store_copy },
};

const char *
kl_ctl_get_summary (void)
{
  return "Commands:\n"
         "  status           how the server is, and the nodes of its cluster\n"
         "  metrics          figures, as Prometheus reads them\n"
         "  user list        who has an account\n"
         "  user add NAME    make an account; asks for the password, or reads it as a\n"
         "                   line of standard input\n"
         "  invite create    make a code with which people register\n"
         "  group list       all groups, most members first\n"
         "  backup FILE      copy the database to FILE, while the server runs or not\n"
         "  restore FILE     put a backup in the database's place; the server is stopped\n"
         "  store copy FROM TO\n"
         "                   copy everything to another store, sqlite:PATH or\n"
         "                   mongodb://HOST/NAME, or @FILE in which that stands;\n"
         "                   goes on where it was interrupted; all servers are stopped\n"
         "  help COMMAND     what a command does, at length";
}

static guint
count_arguments (const Command *command)
{
  guint n = command->arguments ? 1 : 0;

  for (const char *p = command->arguments; p && (p = strchr (p, ' ')); p++)
    n++;

  return n;
}

static gboolean
run_command (const Command *command, const KlCtlOptions *options, const char *const *arguments, GError **error)
{
  g_autoptr (KlCtlClient) client = NULL;

  if (g_strv_length ((char **)arguments) != count_arguments (command))
    {
      g_set_error (error, KL_CTL_ERROR, KL_CTL_ERROR_USAGE, "the command is: %s%s%s%s%s", command->first,
                   command->second ? " " : "", command->second ? command->second : "", command->arguments ? " " : "",
                   command->arguments ? command->arguments : "");
      return FALSE;
    }
  if (command->run_alone)
    return command->run_alone (options, arguments, error);

  client = kl_ctl_client_connect (options->socket_path, error);

  return client && command->run (client, options, arguments[0], error);
}

static gboolean
run_help (const char *const *words, GError **error)
{
  g_autofree char *command = g_strjoinv (" ", (char **)words);
  const char *text = *command ? kl_ctl_get_help (command) : kl_ctl_get_summary ();

  if (!text)
    {
      g_set_error (error, KL_CTL_ERROR, KL_CTL_ERROR_USAGE, "there is no command \"%s\"; --help names them", command);
      return FALSE;
    }
  g_print (*command ? "%s" : "%s\n", text);

  return TRUE;
}

gboolean
kl_ctl_run (const KlCtlOptions *options, const char *const *words, GError **error)
{
  guint n_words = g_strv_length ((char **)words);

  if (n_words > 0 && g_str_equal (words[0], "help"))
    return run_help (words + 1, error);
  for (gsize i = 0; n_words > 0 && i < G_N_ELEMENTS (commands); i++)
    {
      const Command *command = &commands[i];

      if (g_str_equal (words[0], command->first)
          && (!command->second || (n_words > 1 && g_str_equal (words[1], command->second))))
        return run_command (command, options, words + (command->second ? 2 : 1), error);
    }

  if (n_words == 0)
    g_set_error_literal (error, KL_CTL_ERROR, KL_CTL_ERROR_USAGE, "a command is missing; --help names them");
  else
    {
      g_autofree char *all = g_strjoinv (" ", (char **)words);

      g_set_error (error, KL_CTL_ERROR, KL_CTL_ERROR_USAGE, "there is no command \"%s\"; --help names them", all);
    }

  return FALSE;
}
