/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One SQLite handle, owned by one thread: statements that are prepared once, values bound and read by type, errors
 * told apart by what a caller can do about them. Internal to the store. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

typedef struct
{
  sqlite3 *handle;
  GHashTable *statements; /* the address of a static SQL text → sqlite3_stmt, owned */

  /* The writer's log. */
  int checkpoint_pages; /* how many it had at the last attempt to empty it */
  gint64 restart_usec;  /* when it may be made to begin anew, monotonic */
} KlSqlite;

typedef enum
{
  KL_SQLITE_WRITER, /* makes the file where there is none */
  KL_SQLITE_READER,
} KlSqliteMode;

/* Errors are KL_STORE_ERROR. */
KlSqlite *kl_sqlite_open (const char *path, KlSqliteMode mode, GError **error);
void kl_sqlite_close (KlSqlite *self);

/* Runs statements that return nothing and are not worth keeping. */
gboolean kl_sqlite_run (KlSqlite *self, const char *sql, GError **error);

/* The statement of SQL, which must be a string literal: it is known by its address. It is ready to be bound. An
 * SQL text that is wrong is the programmer's error and aborts. NULL where the file cannot be read now: binding then does
 * nothing, and the first step gives the error. */
sqlite3_stmt *kl_sqlite_prepare (KlSqlite *self, const char *sql);

/* Binding. NULL text binds NULL; the text must live until the statement is reset. */
void kl_sqlite_bind_text (sqlite3_stmt *statement, int column, const char *text);
void kl_sqlite_bind_int (sqlite3_stmt *statement, int column, gint64 value);
void kl_sqlite_bind_blob (sqlite3_stmt *statement, int column, const void *data, gsize length);

typedef enum
{
  KL_SQLITE_ROW,
  KL_SQLITE_DONE,
  KL_SQLITE_ERROR,
} KlSqliteStep;

/* On DONE and ERROR the statement is reset. Who stops in the middle calls kl_sqlite_reset(). */
KlSqliteStep kl_sqlite_step (KlSqlite *self, sqlite3_stmt *statement, GError **error);
void kl_sqlite_reset (sqlite3_stmt *statement);

/* Runs to the end, passing over rows. */
gboolean kl_sqlite_finish (KlSqlite *self, sqlite3_stmt *statement, GError **error);

/* The first column of the only row; FALLBACK where there is no row. FALSE on error. */
gboolean kl_sqlite_get_int (KlSqlite *self, sqlite3_stmt *statement, gint64 fallback, gint64 *value, GError **error);

/* Rows. */
char *kl_sqlite_dup_text (sqlite3_stmt *statement, int column);
gint64 kl_sqlite_int (sqlite3_stmt *statement, int column);

/* Has the writer's log grown long under a reader who held it, so that it waits for the next commit to be cut? */
gboolean kl_sqlite_log_is_long (KlSqlite *self);
/* Cuts it to nothing now, if nobody reads it. */
void kl_sqlite_empty_log (KlSqlite *self);

/* How many rows the last statement changed. */
int kl_sqlite_changes (KlSqlite *self);

G_END_DECLS
