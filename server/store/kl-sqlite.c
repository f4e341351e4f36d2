/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-sqlite.h"

#include <string.h>

#include "server/chat/kl-store.h"
#include "server/store/kl-sqlite-log-file.h"

/* How long a statement waits for a lock that another program holds. */
#define BUSY_TIMEOUT_MS 4000
#define WRITER_CACHE_KIB 16384
/* Each of several readers has one, and the system keeps the file's pages too. */
#define READER_CACHE_KIB 512
/* Pages in the log before they are moved to where they belong (a checkpoint): the more, the oftener a page that is
 * written again and again is moved once. 16 MiB. */
#define CHECKPOINT_PAGES 4000
/* While a reader from outside holds the log, each attempt costs time and moves little: one for so many new pages. */
#define CHECKPOINT_AGAIN_PAGES 1000
/* From here on the log also has to begin anew, so that it does not grow for ever under readers that take turns: readers
 * are waited for, shortly and not often. 64 MiB. */
#define RESTART_PAGES 16000
#define RESTART_WAIT_MS 50
#define RESTART_INTERVAL_USEC (10 * G_USEC_PER_SEC)
/* The file is cut back to this when it begins anew. */
#define LOG_LIMIT_BYTES 67108864

static void
set_error (KlSqlite *self, int code, GError **error)
{
  KlStoreError kind = KL_STORE_ERROR_FAILED;

  switch (code & 0xff)
    {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      kind = KL_STORE_ERROR_UNAVAILABLE;
      break;
    default:
      break;
    }

  if ((code & 0xff) == SQLITE_FULL)
    g_set_error_literal (error, KL_STORE_ERROR, (int)kind, "the disk is full");
  else
    g_set_error (error, KL_STORE_ERROR, (int)kind, "database: %s",
                 self->handle ? sqlite3_errmsg (self->handle) : sqlite3_errstr (code));
}

/* After a commit of the writer, with so many pages in the log. */
static int
on_log_grown (void *user_data, sqlite3 *handle, const char *name, int n_pages)
{
  KlSqlite *self = user_data;
  gint64 now_usec = g_get_monotonic_time ();
  gboolean restart = n_pages >= RESTART_PAGES && now_usec >= self->restart_usec;

  if (n_pages < self->checkpoint_pages)
    self->checkpoint_pages = 0; /* it began anew */
  if (n_pages < CHECKPOINT_PAGES || (!restart && n_pages < self->checkpoint_pages + CHECKPOINT_AGAIN_PAGES))
    return SQLITE_OK;
  self->checkpoint_pages = n_pages;

  if (restart)
    {
      self->restart_usec = now_usec + RESTART_INTERVAL_USEC;
      sqlite3_busy_timeout (handle, RESTART_WAIT_MS);
    }
  sqlite3_wal_checkpoint_v2 (handle, name, restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
  if (restart)
    sqlite3_busy_timeout (handle, BUSY_TIMEOUT_MS);

  /* A checkpoint that fails is no fault of the commit. */
  return SQLITE_OK;
}

gboolean
kl_sqlite_log_is_long (KlSqlite *self)
{
  return self->checkpoint_pages >= RESTART_PAGES;
}

void
kl_sqlite_empty_log (KlSqlite *self)
{
  sqlite3_busy_timeout (self->handle, RESTART_WAIT_MS);
  if (sqlite3_wal_checkpoint_v2 (self->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK)
    self->checkpoint_pages = 0;
  sqlite3_busy_timeout (self->handle, BUSY_TIMEOUT_MS);
}

/* Some file systems cannot share memory, and then SQLite goes on without a log. */
static gboolean
check_log (KlSqlite *self, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (self, "PRAGMA journal_mode");
  KlSqliteStep step = kl_sqlite_step (self, select, error);
  gboolean ok = step == KL_SQLITE_ROW && g_strcmp0 ((const char *)sqlite3_column_text (select, 0), "wal") == 0;

  if (step == KL_SQLITE_ROW && !ok)
    g_set_error_literal (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED,
                         "the file system of the data folder cannot hold a write-ahead log");
  kl_sqlite_reset (select);

  return ok;
}

static void
finalize_statement (gpointer statement)
{
  sqlite3_finalize (statement);
}

KlSqlite *
kl_sqlite_open (const char *path, KlSqliteMode mode, GError **error)
{
  KlSqlite *self = g_new0 (KlSqlite, 1);
  g_autofree char *settings = NULL;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  int code;

  self->statements = g_hash_table_new_full (NULL, NULL, NULL, finalize_statement);
  if (mode == KL_SQLITE_WRITER)
    code = sqlite3_open_v2 (path, &self->handle, flags | SQLITE_OPEN_CREATE, kl_sqlite_log_file_get_vfs ());
  else
    code = sqlite3_open_v2 (path, &self->handle, flags, NULL);
  if (code != SQLITE_OK)
    {
      set_error (self, code, error);
      kl_sqlite_close (self);
      return NULL;
    }

  sqlite3_busy_timeout (self->handle, BUSY_TIMEOUT_MS);
  settings = g_strdup_printf ("PRAGMA foreign_keys=OFF;"
                              "PRAGMA temp_store=MEMORY;"
                              "PRAGMA cache_size=-%d;"
                              "%s",
                              mode == KL_SQLITE_WRITER ? WRITER_CACHE_KIB : READER_CACHE_KIB,
                              mode == KL_SQLITE_WRITER ? "PRAGMA journal_mode=WAL;"
                                                         "PRAGMA synchronous=FULL;"
                                                         "PRAGMA secure_delete=ON;"
                                                         "PRAGMA journal_size_limit=" G_STRINGIFY (LOG_LIMIT_BYTES) ";"
                                                       : "PRAGMA query_only=ON;");
  if (!kl_sqlite_run (self, settings, error) || !check_log (self, error))
    {
      kl_sqlite_close (self);
      return NULL;
    }
  if (mode == KL_SQLITE_WRITER)
    sqlite3_wal_hook (self->handle, on_log_grown, self);

  return self;
}

void
kl_sqlite_close (KlSqlite *self)
{
  if (!self)
    return;

  g_hash_table_unref (self->statements);
  sqlite3_close (self->handle);
  g_free (self);
}

gboolean
kl_sqlite_run (KlSqlite *self, const char *sql, GError **error)
{
  int code = sqlite3_exec (self->handle, sql, NULL, NULL, NULL);

  if (code == SQLITE_OK)
    return TRUE;
  set_error (self, code, error);

  return FALSE;
}

sqlite3_stmt *
kl_sqlite_prepare (KlSqlite *self, const char *sql)
{
  sqlite3_stmt *statement = g_hash_table_lookup (self->statements, sql);

  if (!statement)
    {
      int code = sqlite3_prepare_v3 (self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);

      if (code == SQLITE_ERROR)
        g_error ("%s: %s", sqlite3_errmsg (self->handle), sql);
      if (code != SQLITE_OK)
        return NULL;
      g_hash_table_insert (self->statements, (gpointer)sql, statement);
    }

  return statement;
}

void
kl_sqlite_bind_text (sqlite3_stmt *statement, int column, const char *text)
{
  sqlite3_bind_text (statement, column, text, -1, SQLITE_STATIC);
}

void
kl_sqlite_bind_int (sqlite3_stmt *statement, int column, gint64 value)
{
  sqlite3_bind_int64 (statement, column, value);
}

void
kl_sqlite_bind_blob (sqlite3_stmt *statement, int column, const void *data, gsize length)
{
  sqlite3_bind_blob64 (statement, column, data, length, SQLITE_STATIC);
}

KlSqliteStep
kl_sqlite_step (KlSqlite *self, sqlite3_stmt *statement, GError **error)
{
  int code = sqlite3_step (statement);

  if (code == SQLITE_ROW)
    return KL_SQLITE_ROW;

  if (code != SQLITE_DONE)
    set_error (self, statement ? code : sqlite3_extended_errcode (self->handle), error);
  sqlite3_reset (statement);

  return code == SQLITE_DONE ? KL_SQLITE_DONE : KL_SQLITE_ERROR;
}

void
kl_sqlite_reset (sqlite3_stmt *statement)
{
  sqlite3_reset (statement);
}

gboolean
kl_sqlite_finish (KlSqlite *self, sqlite3_stmt *statement, GError **error)
{
  KlSqliteStep step;

  while ((step = kl_sqlite_step (self, statement, error)) == KL_SQLITE_ROW)
    ;

  return step == KL_SQLITE_DONE;
}

gboolean
kl_sqlite_get_int (KlSqlite *self, sqlite3_stmt *statement, gint64 fallback, gint64 *value, GError **error)
{
  KlSqliteStep step = kl_sqlite_step (self, statement, error);

  *value = fallback;
  if (step == KL_SQLITE_ROW)
    {
      *value = sqlite3_column_int64 (statement, 0);
      sqlite3_reset (statement);
    }

  return step != KL_SQLITE_ERROR;
}

char *
kl_sqlite_dup_text (sqlite3_stmt *statement, int column)
{
  const char *text = (const char *)sqlite3_column_text (statement, column);

  return text ? g_strndup (text, (gsize)sqlite3_column_bytes (statement, column)) : NULL;
}

gint64
kl_sqlite_int (sqlite3_stmt *statement, int column)
{
  return sqlite3_column_int64 (statement, column);
}

int
kl_sqlite_changes (KlSqlite *self)
{
  return sqlite3_changes (self->handle);
}
