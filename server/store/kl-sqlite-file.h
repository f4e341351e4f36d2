/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is done to a database as a file: the folder's lock, whole copies, and putting a finished file in its place.
 * Internal to the store. Errors are KL_STORE_ERROR with a sentence. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

#include "server/chat/kl-store-progress.h"

G_BEGIN_DECLS

/* Locks the folder in which PATH lies, as every server does with the one of its database; UNAVAILABLE where one has it.
 * → a descriptor, whose end is the lock's; -1 on error. */
int
kl_sqlite_file_lock_folder (const char *path, GError **error);

/* Opens the file PATH, which is made where there is none, and keeps others from doing the same until the descriptor is
 * closed: UNAVAILABLE while somebody is at it. Not to be closed while SQLite has the file open. -1 on error. */
int
kl_sqlite_file_lock (const char *path, GError **error);
/* Makes what was opened so an empty file, readable by its owner alone. */
gboolean
kl_sqlite_file_clear (int fd, const char *path, GError **error);

/* STORE: a server may be using it and writing to it; nobody waits for the copy. BACKUP: at rest, perhaps in a place
 * where nothing may be written. */
typedef enum
{
  KL_SQLITE_FILE_STORE,
  KL_SQLITE_FILE_BACKUP,
} KlSqliteFileUse;

/* Copies the database at FROM, as it is at one moment, to the file TO, which is empty, and is on the disk when this
 * returns. PROGRESS may be NULL. */
gboolean
kl_sqlite_file_copy (const char *from, KlSqliteFileUse use, const char *to, KlStoreProgress progress,
                     gpointer user_data, GError **error);

/* Reads the first column of the only row of SQL, which may fail: this is for files that may hold anything. → the text;
 * NULL on error, or where there is no row or NULL, with *ERROR set in each case. */
char *
kl_sqlite_file_ask (sqlite3 *handle, const char *sql, GError **error);

/* The domain of the store in a file. */
char *
kl_sqlite_file_ask_domain (const char *path, GError **error);

/* Moves what stands in the write-ahead log into the file itself. */
gboolean
kl_sqlite_file_empty_log (sqlite3 *handle, const char *path, GError **error);

/* Root works for the server's user, to whom the folder belongs in which PATH lies. */
gboolean
kl_sqlite_file_give_to_owner (int fd, const char *path, GError **error);

/* Removes a file that was being made, with what SQLite puts beside it. */
void
kl_sqlite_file_remove (const char *path);
/* What SQLite puts beside a file, without the file itself. */
void
kl_sqlite_file_remove_companions (const char *path);

/* Gives a finished file its name; where there is one of that name it fails. Both are in one folder; on the disk when
 * this returns. */
gboolean
kl_sqlite_file_publish (const char *from, const char *to, GError **error);

/* Writes the file itself, or the folder in which it lies, to the disk. */
gboolean
kl_sqlite_file_sync (const char *path, GError **error);
gboolean
kl_sqlite_file_sync_folder (const char *path, GError **error);

G_END_DECLS
