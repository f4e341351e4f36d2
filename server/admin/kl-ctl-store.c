/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A backup is made by klatchctl and not by the server, which the system may forbid to write anywhere but in its own
 * folder; where the store lies the server tells, if one is running. */
#include "server/admin/kl-ctl-store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/admin/kl-ctl-client.h"
#include "server/admin/kl-ctl-print.h"
#include "server/chat/kl-store-copy.h"
#include "server/store/kl-mongo-dump.h"
#include "server/store/kl-sqlite-backup.h"
#include "server/store/kl-sqlite-dump.h"

#define SQLITE_PREFIX "sqlite:"
#define PROGRESS_INTERVAL_USEC (G_USEC_PER_SEC / 5)

static gboolean
fail (GError **error, KlCtlError code, const char *sentence)
{
  g_set_error_literal (error, KL_CTL_ERROR, (int) code, sentence);

  return FALSE;
}

/* The store's sentence is ours. */
static gboolean
pass_on (GError **error, GError *why)
{
  g_autoptr (GError) owned = why;

  return fail (error, KL_CTL_ERROR_REFUSED, owned->message);
}

/* ── Progress, for eyes only ── */

typedef struct
{
  gboolean shown; /* where somebody looks */
  const char *stage;
  gint64 next_usec;
} Progress;

static void
begin_progress (Progress *self)
{
  *self = (Progress) { .shown = isatty (STDERR_FILENO) };
}

static void
on_progress (const char *stage, gint64 done, gint64 total, gpointer user_data)
{
  Progress *self = user_data;
  gint64 now_usec = g_get_monotonic_time ();

  if (!self->shown || (self->stage == stage && now_usec < self->next_usec))
    return;
  self->next_usec = now_usec + PROGRESS_INTERVAL_USEC;
  self->stage = stage;
  if (total > 0)
    g_printerr ("\r\033[K%s: %d %%", stage, (int) (100 * done / total));
  else
    g_printerr ("\r\033[K%s …", stage);
}

static void
end_progress (Progress *self)
{
  if (self->shown && self->stage)
    g_printerr ("\r\033[K");
}

/* ── Where the store is ── */

/* What a running server says; NULL: none runs. */
static char *
ask_server (const KlCtlOptions *options)
{
  g_autoptr (KlCtlClient) client = kl_ctl_client_connect (options->socket_path, NULL);
  g_autoptr (KlJson) answer = client ? kl_ctl_client_ask_plainly (client, "status", NULL) : NULL;

  return answer ? g_strdup (yyjson_get_str (yyjson_obj_get (kl_json_get_root (answer), "store"))) : NULL;
}

/* The file of a sqlite: URI; NULL for another one. Relative ones are the data folder's, as in the server's settings. */
static char *
dup_sqlite_path (const KlCtlOptions *options, const char *uri)
{
  if (!g_str_has_prefix (uri, SQLITE_PREFIX) || !uri[strlen (SQLITE_PREFIX)])
    return NULL;

  return g_canonicalize_filename (uri + strlen (SQLITE_PREFIX), options->data);
}

/* ── Answers ── */

static void
begin_object (KlJsonWriter *writer)
{
  kl_json_writer_init (writer, 1024);
  kl_json_begin_object (writer);
}

static void
print_object (KlJsonWriter *writer)
{
  kl_json_end_object (writer);
  g_print ("%s\n", writer->out->str);
}

/* What is in PATH now, which NAME calls. EPOCH and KEPT may be NULL. */
static void
print_info (const KlCtlOptions *options, const char *name, const char *path, const char *epoch, const char *kept,
            const KlSqliteBackupInfo *info)
{
  g_auto (KlJsonWriter) writer = { 0 };
  g_autofree char *size = g_format_size_full ((guint64) info->bytes, G_FORMAT_SIZE_IEC_UNITS);

  if (options->json)
    {
      begin_object (&writer);
      kl_json_member_string (&writer, name, path);
      kl_json_member_string_or_nothing (&writer, "epoch", epoch);
      kl_json_member_string_or_nothing (&writer, "kept", kept);
      kl_json_member_int (&writer, "bytes", info->bytes);
      kl_json_member_int (&writer, "users", info->users);
      kl_json_member_int (&writer, "groups", info->groups);
      kl_json_member_int (&writer, "messages", info->messages);
      print_object (&writer);
      return;
    }
  g_print ("%s: %" G_GINT64_FORMAT " people, %" G_GINT64_FORMAT " groups, %" G_GINT64_FORMAT " messages, %s\n", path,
           info->users, info->groups, info->messages, size);
  if (kept)
    g_print ("What was there before is kept as %s\n", kept);
}

/* ── backup ── */

gboolean
kl_ctl_backup (const KlCtlOptions *options, const char *const *arguments, GError **error)
{
  g_autofree char *told = ask_server (options);
  const char *uri = told ? told : options->store;
  g_autofree char *path = dup_sqlite_path (options, uri);
  KlSqliteBackupInfo info = { 0 };
  GError *why = NULL;
  Progress progress;
  gboolean ok;

  if (!path)
    return fail (error, KL_CTL_ERROR_REFUSED,
                 "the store is not a SQLite file: make a backup of MongoDB by mongodump, or stop all nodes and use "
                 "\"klatchctl store copy mongodb://… sqlite:FILE\"");

  begin_progress (&progress);
  ok = kl_sqlite_backup (path, arguments[0], on_progress, &progress, &info, &why);
  end_progress (&progress);
  if (!ok)
    return pass_on (error, why);

  print_info (options, "file", arguments[0], NULL, NULL, &info);

  return TRUE;
}

/* ── restore ── */

gboolean
kl_ctl_restore (const KlCtlOptions *options, const char *const *arguments, GError **error)
{
  g_autofree char *path = dup_sqlite_path (options, options->store);
  g_autofree char *epoch = NULL, *kept = NULL;
  KlSqliteBackupInfo info = { 0 };
  GError *why = NULL;
  Progress progress;
  gboolean ok;

  if (!path)
    return fail (error, KL_CTL_ERROR_REFUSED,
                 "restore puts a file in the place of a SQLite store; for MongoDB use mongorestore, or "
                 "\"klatchctl store copy sqlite:FILE mongodb://…\"");

  begin_progress (&progress);
  ok = kl_sqlite_restore (arguments[0], path, on_progress, &progress, &info, &epoch, &kept, &why);
  end_progress (&progress);
  if (!ok)
    return pass_on (error, why);

  print_info (options, "store", path, epoch, kept, &info);

  return TRUE;
}

/* ── store copy ── */

/* "@FILE": it stands there, since a password must not stand on a command line. */
static char *
dup_uri (const char *word, GError **error)
{
  g_autoptr (GError) why = NULL;
  char *uri = NULL;

  if (word[0] != '@')
    return g_strdup (word);
  if (!g_file_get_contents (word + 1, &uri, NULL, &why))
    {
      fail (error, KL_CTL_ERROR_USAGE, why->message);
      return NULL;
    }

  return g_strstrip (uri);
}

/* WRITES: to be filled; else to be read from. */
static KlStoreDump *
open_dump (const KlCtlOptions *options, const char *word, gboolean writes, GError **error)
{
  g_autofree char *uri = dup_uri (word, error);
  g_autofree char *path = uri ? dup_sqlite_path (options, uri) : NULL;
  GError *why = NULL;
  gpointer dump = NULL;

  if (!uri)
    return NULL;
  if (path)
    dump = writes ? kl_sqlite_dump_new (path, &why) : kl_sqlite_dump_open (path, &why);
  else if (g_str_has_prefix (uri, "mongodb://") || g_str_has_prefix (uri, "mongodb+srv://"))
    dump = writes ? kl_mongo_dump_new (uri, &why) : kl_mongo_dump_open (uri, &why);
  else
    {
      g_set_error (error, KL_CTL_ERROR, KL_CTL_ERROR_USAGE, "a store is sqlite:PATH or mongodb://HOST/NAME, not \"%s\"",
                   word);
      return NULL;
    }
  if (!dump)
    pass_on (error, why);

  return dump;
}

static void
print_copy_json (const KlStoreCopyResult *result)
{
  g_auto (KlJsonWriter) writer = { 0 };

  begin_object (&writer);
  kl_json_member_bool (&writer, "resumed", result->resumed);
  for (int kind = 0; kind < KL_DUMP_N_KINDS; kind++)
    {
      kl_json_key (&writer, kl_dump_kind_get_name ((KlDumpKind) kind));
      kl_json_begin_object (&writer);
      kl_json_member_int (&writer, "count", result->counts[kind]);
      kl_json_member_string (&writer, "sha256", result->checksums[kind]);
      kl_json_end_object (&writer);
    }
  print_object (&writer);
}

static void
print_copy (const KlStoreCopyResult *result)
{
  static const char *const titles[] = { "WHAT", "NUMBER", "SHA-256", NULL };
  KlCtlTable *table = kl_ctl_table_new (titles);

  for (int kind = 0; kind < KL_DUMP_N_KINDS; kind++)
    kl_ctl_table_add (table, (char *[]) {
                                 g_strdup (kl_dump_kind_get_name ((KlDumpKind) kind)),
                                 g_strdup_printf ("%" G_GINT64_FORMAT, result->counts[kind]),
                                 g_strdup (result->checksums[kind]),
                             });
  kl_ctl_table_print (table);
  g_print ("The copy is whole; both were compared record by record.\n");
}

gboolean
kl_ctl_store_copy (const KlCtlOptions *options, const char *const *arguments, GError **error)
{
  g_autoptr (KlStoreDump) from = open_dump (options, arguments[0], FALSE, error);
  g_autoptr (KlStoreDump) to = from ? open_dump (options, arguments[1], TRUE, error) : NULL;
  KlStoreCopyResult result;
  GError *why = NULL;
  Progress progress;
  gboolean ok;

  if (!to)
    return FALSE;

  begin_progress (&progress);
  ok = kl_store_copy (from, to, on_progress, &progress, &result, &why);
  end_progress (&progress);
  if (!ok)
    return pass_on (error, why);

  if (options->json)
    print_copy_json (&result);
  else
    print_copy (&result);

  return TRUE;
}
