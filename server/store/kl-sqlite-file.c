/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies go by SQLite's own page copy from within one read transaction: it sees one moment, and since a reader of a
 * write-ahead log keeps nobody from writing, the server goes on meanwhile; only its log grows until the copy is done.
 */
#include "server/store/kl-sqlite-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/chat/kl-store.h"

#define PAGES_PER_STEP 1024
#define BUSY_TIMEOUT_MS 10000

static gboolean
fail_errno (GError **error, const char *what, const char *path)
{
  int code = errno;

  g_set_error (error, KL_STORE_ERROR,
               code == ENOSPC || code == EDQUOT || code == EFBIG ? KL_STORE_ERROR_UNAVAILABLE : KL_STORE_ERROR_FAILED,
               "%s cannot be %s: %s", path, what, g_strerror (code));

  return FALSE;
}

static gboolean
fail_sqlite (GError **error, const char *path, sqlite3 *handle, int code)
{
  if ((code & 0xff) == SQLITE_FULL)
    g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "%s: the disk is full", path);
  else
    g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "%s: %s", path,
                 handle && sqlite3_errcode (handle) != SQLITE_OK ? sqlite3_errmsg (handle) : sqlite3_errstr (code));

  return FALSE;
}

int
kl_sqlite_file_lock_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofd int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    {
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "the folder %s cannot be opened: %s", folder,
                   g_strerror (errno));
      return -1;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    return g_steal_fd (&fd);
  if (errno == EWOULDBLOCK)
    g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "another server uses the folder %s", folder);
  else
    g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "the folder %s cannot be locked: %s", folder,
                 g_strerror (errno));

  return -1;
}

/* What SQLite puts beside a file; a stale log would be taken for the new file's. */
void
kl_sqlite_file_remove_companions (const char *path)
{
  static const char *const endings[] = { "-wal", "-shm", "-journal" };

  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *companion = g_strconcat (path, endings[i], NULL);

      unlink (companion);
    }
}

/* ── Reading ── */

char *
kl_sqlite_file_ask (sqlite3 *handle, const char *sql, GError **error)
{
  sqlite3_stmt *statement = NULL;
  char *text = NULL;
  int code = sqlite3_prepare_v2 (handle, sql, -1, &statement, NULL);

  if (code == SQLITE_OK)
    code = sqlite3_step (statement);
  if (code == SQLITE_ROW)
    text = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "%s", sqlite3_errmsg (handle));
  else if (!text)
    g_set_error_literal (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "something is missing in the database");
  sqlite3_finalize (statement);

  return text;
}

char *
kl_sqlite_file_ask_domain (const char *path, GError **error)
{
  sqlite3 *handle = NULL;
  char *domain = NULL;
  int code = sqlite3_open_v2 (path, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

  if (code != SQLITE_OK)
    fail_sqlite (error, path, handle, code);
  else
    {
      domain = kl_sqlite_file_ask (handle, "SELECT value FROM meta WHERE key = 'domain'", error);
      if (!domain)
        g_prefix_error (error, "%s is not a store of Klatch: ", path);
    }
  sqlite3_close (handle);

  return domain;
}

static gboolean
has_log (const char *path)
{
  g_autofree char *log = g_strconcat (path, "-wal", NULL);

  return g_file_test (log, G_FILE_TEST_EXISTS);
}

/* Begins a read transaction, which fixes the moment. */
static sqlite3 *
begin_reading (const char *path, const char *parameters, int flags, int *code)
{
  g_autofree char *escaped = g_uri_escape_string (path, "/", TRUE);
  g_autofree char *uri = g_strdup_printf ("file:%s%s", escaped, parameters);
  sqlite3 *handle = NULL;

  *code = sqlite3_open_v2 (uri, &handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
  if (*code == SQLITE_OK)
    {
      sqlite3_busy_timeout (handle, BUSY_TIMEOUT_MS);
      *code = sqlite3_exec (handle, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    }

  return handle;
}

static sqlite3 *
open_source (const char *path, KlSqliteFileUse use, GError **error)
{
  sqlite3 *handle;
  int code;

  if (access (path, R_OK) != 0)
    {
      fail_errno (error, "read", path);
      return NULL;
    }

  /* A file without a log beside it is open nowhere. To read it as one that never changes needs no right to write beside
   * it, and leaves nothing there. A store that nobody has open is left as its server would leave it, without a log. */
  if (use == KL_SQLITE_FILE_STORE)
    handle = begin_reading (path, "", SQLITE_OPEN_READWRITE, &code);
  else
    handle = begin_reading (path, has_log (path) ? "" : "?immutable=1", SQLITE_OPEN_READONLY, &code);
  if (code == SQLITE_OK)
    return handle;

  fail_sqlite (error, path, handle, code);
  sqlite3_close (handle);

  return NULL;
}

/* ── Copying ── */

static gboolean
copy_pages (sqlite3 *from, const char *path, KlStoreProgress progress, gpointer user_data, GError **error)
{
  sqlite3 *to = NULL;
  sqlite3_backup *backup = NULL;
  int code = sqlite3_open_v2 (path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
  gboolean ok;

  /* Nobody sees the file until it is whole. */
  if (code == SQLITE_OK)
    code = sqlite3_exec (to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL);
  if (code == SQLITE_OK)
    {
      backup = sqlite3_backup_init (to, "main", from, "main");
      code = backup ? SQLITE_OK : sqlite3_errcode (to);
    }
  while (backup && code == SQLITE_OK)
    {
      code = sqlite3_backup_step (backup, PAGES_PER_STEP);
      if (progress)
        progress ("copying", sqlite3_backup_pagecount (backup) - sqlite3_backup_remaining (backup),
                  sqlite3_backup_pagecount (backup), user_data);
    }
  if (backup)
    sqlite3_backup_finish (backup);
  ok = code == SQLITE_DONE || fail_sqlite (error, path, to, code);
  sqlite3_close (to);

  return ok;
}

/* What was copied says that it has a write-ahead log: as one file that may be carried about it is better without. */
static gboolean
make_plain (const char *path, GError **error)
{
  g_autofree char *mode = NULL;
  sqlite3 *handle = NULL;
  int code = sqlite3_open_v2 (path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
  gboolean ok = code == SQLITE_OK || fail_sqlite (error, path, handle, code);

  if (ok)
    {
      mode = kl_sqlite_file_ask (handle, "PRAGMA journal_mode=DELETE", error);
      ok = mode != NULL;
      if (!ok)
        g_prefix_error (error, "%s: ", path);
      else if (!g_str_equal (mode, "delete"))
        {
          g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "%s keeps its write-ahead log", path);
          ok = FALSE;
        }
    }
  sqlite3_close (handle);

  return ok;
}

int
kl_sqlite_file_lock (const char *path, GError **error)
{
  g_autofd int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  struct stat ours, there;

  if (fd < 0 || fstat (fd, &ours) != 0)
    {
      fail_errno (error, "made", path);
      return -1;
    }
  /* Whoever was here before us may have given the file its name meanwhile: then it is no longer what lies at PATH. */
  if (flock (fd, LOCK_EX | LOCK_NB) != 0 || stat (path, &there) != 0 || there.st_ino != ours.st_ino
      || there.st_dev != ours.st_dev)
    {
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "%s is being written by somebody else", path);
      return -1;
    }

  return g_steal_fd (&fd);
}

gboolean
kl_sqlite_file_clear (int fd, const char *path, GError **error)
{
  kl_sqlite_file_remove_companions (path);

  return (ftruncate (fd, 0) == 0 && fchmod (fd, 0600) == 0) || fail_errno (error, "made", path);
}

gboolean
kl_sqlite_file_copy (const char *from, KlSqliteFileUse use, const char *to, KlStoreProgress progress,
                     gpointer user_data, GError **error)
{
  sqlite3 *source = open_source (from, use, error);
  gboolean ok = source && copy_pages (source, to, progress, user_data, error) && make_plain (to, error);

  sqlite3_close (source);

  return ok && kl_sqlite_file_sync (to, error);
}

gboolean
kl_sqlite_file_empty_log (sqlite3 *handle, const char *path, GError **error)
{
  g_autofree char *busy = kl_sqlite_file_ask (handle, "PRAGMA wal_checkpoint(TRUNCATE)", error);

  if (!busy)
    return FALSE;
  if (g_str_equal (busy, "0"))
    return TRUE;
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "%s is in use", path);

  return FALSE;
}

gboolean
kl_sqlite_file_give_to_owner (int fd, const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct stat status;

  if (geteuid () != 0 || (stat (folder, &status) == 0 && fchown (fd, status.st_uid, status.st_gid) == 0))
    return TRUE;

  return fail_errno (error, "given to the owner of its folder", path);
}

/* ── Names ── */

void
kl_sqlite_file_remove (const char *path)
{
  unlink (path);
  kl_sqlite_file_remove_companions (path);
}

static gboolean
sync_path (const char *path, int flags, GError **error)
{
  g_autofd int fd = open (path, flags | O_CLOEXEC);

  return (fd >= 0 && fsync (fd) == 0) || fail_errno (error, "written to the disk", path);
}

gboolean
kl_sqlite_file_sync (const char *path, GError **error)
{
  return sync_path (path, O_RDONLY, error);
}

gboolean
kl_sqlite_file_sync_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return sync_path (folder, O_RDONLY | O_DIRECTORY, error);
}

gboolean
kl_sqlite_file_publish (const char *from, const char *to, GError **error)
{
  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0)
    {
      /* Some file systems cannot rename without replacing, but those can link. */
      if (errno != EINVAL && errno != ENOSYS)
        return fail_errno (error, "made", to);
      if (link (from, to) != 0)
        return fail_errno (error, "made", to);
      unlink (from);
    }

  return kl_sqlite_file_sync_folder (to, error);
}
