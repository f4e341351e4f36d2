/* SPDX-License-Identifier: GPL-3.0-or-later
 * One SQLite file with a thread of its own. Jobs run there in the order in which they were given, each in a
 * transaction; the answers come back in the main context of the caller. */
#pragma once

#include "app/core/kl-core-types.h"
#include <gio/gio.h>
#include <sqlite3.h>

G_BEGIN_DECLS

#define KL_TYPE_DATABASE (kl_database_get_type ())
G_DECLARE_FINAL_TYPE (KlDatabase, kl_database, KL, DATABASE, GObject)

typedef enum
{
  KL_DATABASE_KEEP,    /* synchronous; a file that cannot be read is an error and stays as it is */
  KL_DATABASE_REBUILD, /* a file that cannot be read, or of another version, is deleted and begun anew */
} KlDatabaseCare;

/* migrations: SQL scripts, NULL-terminated; the number of those that have run is the file's user_version. A file of a
 * newer version is KL_CORE_ERROR_STORAGE (with KL_DATABASE_KEEP). The file is opened, and made for the owner alone,
 * on the thread. */
KlDatabase *kl_database_new (const char *path, const char *const *migrations, KlDatabaseCare care);

/* Runs on the thread, in a transaction, which is rolled back where it returns FALSE. data is changed in place: it
 * belongs to the job until the callback. */
typedef gboolean (*KlDatabaseJob) (KlDatabase *self, gpointer data, GError **error);

/* For jobs, on the thread: the statement of this SQL (a string literal), prepared once, reset and without bindings.
 * NULL with an error. kl_database_step() gives TRUE for a row, FALSE at the end or with an error. */
sqlite3_stmt *kl_database_prepare (KlDatabase *self, const char *sql, GError **error);
gboolean kl_database_step (KlDatabase *self, sqlite3_stmt *statement, GError **error);
/* To the end, for statements that give no rows. */
gboolean kl_database_execute (KlDatabase *self, sqlite3_stmt *statement, GError **error);

/* data is freed after the callback, in the caller's main context. callback may be NULL. finish gives data (lent),
 * NULL with KL_CORE_ERROR_STORAGE. */
void kl_database_run_async (KlDatabase *self,
                            KlDatabaseJob job,
                            gpointer data,
                            GDestroyNotify free_data,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
gpointer kl_database_run_finish (KlDatabase *self, GAsyncResult *result, GError **error);

/* Ends when all jobs given before have run and the file is closed. Later jobs fail. */
void kl_database_close_async (KlDatabase *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_database_close_finish (KlDatabase *self, GAsyncResult *result, GError **error);

G_END_DECLS
