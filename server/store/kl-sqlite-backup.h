/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backups of a SQLite store: one file, itself a database of this schema. Blocking; not for the main loop. Errors are
 * KL_STORE_ERROR with a sentence for the administrator. */
#pragma once

#include "server/chat/kl-store-progress.h"

G_BEGIN_DECLS

/* What a backup holds. */
typedef struct
{
  gint64 bytes;
  gint64 users;
  gint64 groups; /* not deleted */
  gint64 messages;
} KlSqliteBackupInfo;

/* Copies the store at PATH, whether or not a server is using it and writing to it, to FILE, which must not exist and
 * appears whole, checked and on the disk, or not at all. All that was acknowledged before this was called is in it.
 * PROGRESS may be NULL. */
gboolean
kl_sqlite_backup (const char *path, const char *file, KlStoreProgress progress, gpointer user_data,
                  KlSqliteBackupInfo *info, GError **error);

/* Puts what FILE holds in the place of the store at PATH, under a new epoch, brought to this version. FILE is checked
 * first, and PATH is either the one or the other, whatever happens. UNAVAILABLE while a server uses the folder, which
 * is made where there is none. *EPOCH: the new one. *KEPT: where the former store lies now; NULL where there was none.
 * PROGRESS may be NULL. */
gboolean
kl_sqlite_restore (const char *file, const char *path, KlStoreProgress progress, gpointer user_data,
                   KlSqliteBackupInfo *info, char **epoch, char **kept, GError **error);

G_END_DECLS
