/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both make a new file beside the place where it belongs, and give it its name when it is whole. */
#include "server/store/kl-sqlite-backup.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/kl-id.h"
#include "server/chat/kl-store.h"
#include "server/store/kl-sqlite-file.h"
#include "server/store/kl-sqlite-schema.h"

static gboolean
fail (GError **error, const char *file, const char *what)
{
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "%s %s", file, what);

  return FALSE;
}

static gboolean
ask_number (sqlite3 *handle, const char *sql, gint64 *value, GError **error)
{
  g_autofree char *text = kl_sqlite_file_ask (handle, sql, error);

  *value = text ? g_ascii_strtoll (text, NULL, 10) : 0;

  return text != NULL;
}

/* ── What a file holds ── */

/* Whether it is ours, and can be read by this program. */
static gboolean
check_kind (sqlite3 *handle, const char *file, GError **error)
{
  gint64 application, version, tables;

  if (!ask_number (handle, "SELECT count(*) FROM sqlite_schema", &tables, error)
      || !ask_number (handle, "PRAGMA application_id", &application, error)
      || !ask_number (handle, "PRAGMA user_version", &version, error))
    {
      g_prefix_error (error, "%s cannot be read: ", file);
      return FALSE;
    }

  if (tables == 0)
    return fail (error, file, "is empty");
  if (application != KL_SQLITE_APPLICATION_ID || version < 1)
    return fail (error, file, "is not a store of Klatch");
  if (version > kl_sqlite_schema_version ())
    {
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED,
                   "%s is of version %d, this program knows versions up to %d: please use a newer one", file,
                   (int) version, kl_sqlite_schema_version ());
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_whole (sqlite3 *handle, const char *file, const char *pragma, GError **error)
{
  g_autofree char *verdict = kl_sqlite_file_ask (handle, pragma, error);

  if (g_strcmp0 (verdict, "ok") == 0)
    return TRUE;
  if (!verdict)
    g_prefix_error (error, "%s is damaged: ", file);
  else
    g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "%s is damaged: %s", file,
                 g_strdelimit (verdict, "\n", ' '));

  return FALSE;
}

static gboolean
count (sqlite3 *handle, const char *file, KlSqliteBackupInfo *info, GError **error)
{
  struct stat status = { 0 };

  if (!ask_number (handle, "SELECT count(*) FROM users", &info->users, error)
      || !ask_number (handle, "SELECT count(*) FROM groups WHERE NOT deleted", &info->groups, error)
      || !ask_number (handle, "SELECT coalesce (sum (seq), 0) FROM heads JOIN groups USING (g) WHERE NOT deleted",
                      &info->messages, error))
    return FALSE;
  if (stat (file, &status) == 0)
    info->bytes = status.st_size;

  return TRUE;
}

/* PRAGMA: how thoroughly. *DOMAIN (may be NULL) gets the server's. SHOWN: the name under which people know it. */
static gboolean
examine (const char *file, const char *shown, const char *pragma, KlSqliteBackupInfo *info, char **domain,
         GError **error)
{
  sqlite3 *handle = NULL;
  int code = sqlite3_open_v2 (file, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
  g_autofree char *found = NULL;
  gboolean ok = FALSE;

  if (code != SQLITE_OK)
    fail (error, shown, "cannot be opened");
  else if (check_kind (handle, shown, error) && check_whole (handle, shown, pragma, error))
    {
      found = kl_sqlite_file_ask (handle, "SELECT value FROM meta WHERE key = 'domain'", error);
      ok = found && count (handle, file, info, error);
      if (!ok)
        g_prefix_error (error, "%s is not a whole store: ", shown);
    }
  sqlite3_close (handle);
  if (ok && domain)
    *domain = g_steal_pointer (&found);

  return ok;
}

/* ── Backup ── */

gboolean
kl_sqlite_backup (const char *path, const char *file, KlStoreProgress progress, gpointer user_data,
                  KlSqliteBackupInfo *info, GError **error)
{
  g_autofree char *part = g_strconcat (file, ".part", NULL);
  g_autofd int lock = -1;

  /* Said early; the name itself is given without replacing. */
  if (g_file_test (file, G_FILE_TEST_EXISTS) || g_file_test (file, G_FILE_TEST_IS_SYMLINK))
    return fail (error, file, "is there already, and a backup overwrites nothing");
  lock = kl_sqlite_file_lock (part, error);
  if (lock < 0 || !kl_sqlite_file_clear (lock, part, error))
    return FALSE;

  if (kl_sqlite_file_copy (path, KL_SQLITE_FILE_STORE, part, progress, user_data, error))
    {
      if (progress)
        progress ("checking", 0, 0, user_data);
      if (examine (part, path, "PRAGMA quick_check (1)", info, NULL, error)
          && kl_sqlite_file_publish (part, file, error))
        return TRUE;
    }
  kl_sqlite_file_remove (part);

  return FALSE;
}

/* ── Restore ── */

static gboolean
make_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "the folder %s cannot be made: %s", folder,
               g_strerror (errno));

  return FALSE;
}

/* Brings the copy to this version, and lets time begin anew for the clients. */
static gboolean
renew (const char *path, const char *domain, char **epoch, GError **error)
{
  KlSqlite *db = kl_sqlite_open (path, KL_SQLITE_WRITER, error);
  g_autofree char *former = NULL, *secret = NULL, *fresh = kl_id_new_random ();
  sqlite3_stmt *update;
  gboolean ok = db && kl_sqlite_schema_prepare (db, domain, &former, &secret, error);

  if (ok)
    {
      update = kl_sqlite_prepare (db, "UPDATE meta SET value = ? WHERE key = 'epoch'");
      kl_sqlite_bind_text (update, 1, fresh);
      ok = kl_sqlite_finish (db, update, error);
    }
  if (ok && kl_sqlite_changes (db) != 1)
    ok = fail (error, path, "has no epoch");
  ok = ok && kl_sqlite_file_empty_log (db->handle, path, error);
  kl_sqlite_close (db);
  if (ok)
    *epoch = g_steal_pointer (&fresh);

  return ok;
}

/* Moves the former store's log into its file. Where the file is too damaged for that, the log stays. */
static void
settle (const char *path)
{
  sqlite3 *handle = NULL;

  if (sqlite3_open_v2 (path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
    sqlite3_exec (handle, "SELECT count(*) FROM sqlite_schema; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
  sqlite3_close (handle);
}

static gboolean
link_over (const char *from, const char *to, GError **error)
{
  unlink (to);
  if (link (from, to) == 0)
    return TRUE;
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "%s cannot be kept as %s: %s", from, to,
               g_strerror (errno));

  return FALSE;
}

/* The former store gets a second name, so that PATH is never without a store. A log that stayed must be gone before the
 * new file is there, since it would be taken for its own. */
static gboolean
keep_former (const char *path, char **kept, GError **error)
{
  g_autofree char *name = g_strconcat (path, ".before-restore", NULL);
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  g_autofree char *kept_log = g_strconcat (name, "-wal", NULL);

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;

  settle (path);
  kl_sqlite_file_remove (name);
  if (!link_over (path, name, error) || (g_file_test (log, G_FILE_TEST_EXISTS) && !link_over (log, kept_log, error)))
    return FALSE;
  *kept = g_steal_pointer (&name);

  return TRUE;
}

static gboolean
replace (const char *fresh, const char *path, char **kept, GError **error)
{
  if (!keep_former (path, kept, error) || !kl_sqlite_file_sync_folder (path, error))
    return FALSE;
  kl_sqlite_file_remove_companions (path);
  if (g_rename (fresh, path) != 0)
    {
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "%s cannot be put in place: %s", path,
                   g_strerror (errno));
      return FALSE;
    }

  return kl_sqlite_file_sync_folder (path, error);
}

gboolean
kl_sqlite_restore (const char *file, const char *path, KlStoreProgress progress, gpointer user_data,
                   KlSqliteBackupInfo *info, char **epoch, char **kept, GError **error)
{
  g_autofree char *fresh = g_strconcat (path, ".restoring", NULL);
  g_autofree char *domain = NULL, *new_epoch = NULL, *former = NULL;
  g_autofd int folder = -1;
  g_autofd int lock = -1;

  if (!g_file_test (file, G_FILE_TEST_IS_REGULAR))
    return fail (error, file, "is no file that could be restored");
  if (!make_folder (path, error))
    return FALSE;
  folder = kl_sqlite_file_lock_folder (path, error);
  lock = folder < 0 ? -1 : kl_sqlite_file_lock (fresh, error);
  if (lock < 0 || !kl_sqlite_file_clear (lock, fresh, error))
    return FALSE;

  if (kl_sqlite_file_copy (file, KL_SQLITE_FILE_BACKUP, fresh, progress, user_data, error))
    {
      if (progress)
        progress ("checking", 0, 0, user_data);
      if (examine (fresh, file, "PRAGMA integrity_check (1)", info, &domain, error)
          && renew (fresh, domain, &new_epoch, error) && kl_sqlite_file_give_to_owner (lock, path, error)
          && kl_sqlite_file_sync (fresh, error) && replace (fresh, path, &former, error))
        {
          *epoch = g_steal_pointer (&new_epoch);
          *kept = g_steal_pointer (&former);
          return TRUE;
        }
    }
  kl_sqlite_file_remove (fresh);

  return FALSE;
}
