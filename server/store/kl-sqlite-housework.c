/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-sqlite-housework.h"

#include "server/store/kl-sqlite-schema.h"

#define PURGE_ROWS 500
/* Of the probe: a disk that takes a few bytes yet would refuse the next messages. */
#define PROBE_BYTES (256 * 1024)

gboolean
kl_sqlite_probe (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *write
      = kl_sqlite_prepare (db, "INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', zeroblob (?))");

  kl_sqlite_bind_int (write, 1, PROBE_BYTES);
  memory->purge = TRUE;

  return kl_sqlite_finish (db, write, &job->error);
}

/* Rows of one group's range; its own entries stay, and tell its end. *N_REMOVED is added to. */
static gboolean
purge_range (KlSqlite *db, sqlite3_stmt *delete, gint64 g, int *n_removed, GError **error)
{
  kl_sqlite_bind_int (delete, 1, KL_SQLITE_KEY (g, 0));
  kl_sqlite_bind_int (delete, 2, KL_SQLITE_KEY (g, KL_SQLITE_PLACE_MAX));
  kl_sqlite_bind_int (delete, 3, PURGE_ROWS);
  if (!kl_sqlite_finish (db, delete, error))
    return FALSE;
  *n_removed += kl_sqlite_changes (db);

  return TRUE;
}

static gboolean
purge_end (KlSqlite *db, sqlite3_stmt *delete, gint64 g, GError **error)
{
  kl_sqlite_bind_int (delete, 1, g);

  return kl_sqlite_finish (db, delete, error);
}

gboolean
kl_sqlite_purge_some (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  gint64 g;
  int n_removed = 0;

  if (!kl_sqlite_get_int (db, kl_sqlite_prepare (db, "SELECT g FROM purges LIMIT 1"), 0, &g, &job->error))
    return FALSE;
  if (!g)
    {
      memory->purge = FALSE;
      return kl_sqlite_finish (db, kl_sqlite_prepare (db, "DELETE FROM meta WHERE key = 'probe'"), &job->error);
    }

  if (!purge_range (db,
                    kl_sqlite_prepare (db, "DELETE FROM bodies WHERE body IN (SELECT body FROM messages"
                                           " WHERE messages.place BETWEEN ? AND ? LIMIT ?)"),
                    g, &n_removed, &job->error)
      || !purge_range (db,
                       kl_sqlite_prepare (db, "DELETE FROM messages WHERE place IN (SELECT place FROM messages"
                                              " WHERE place BETWEEN ? AND ? LIMIT ?)"),
                       g, &n_removed, &job->error)
      || !purge_range (db,
                       kl_sqlite_prepare (db, "DELETE FROM changes WHERE place IN (SELECT place FROM changes"
                                              " WHERE place BETWEEN ? AND ? AND kind <> 3 LIMIT ?)"),
                       g, &n_removed, &job->error))
    return FALSE;
  if (n_removed > 0)
    return TRUE;

  return purge_end (db, kl_sqlite_prepare (db, "DELETE FROM bans WHERE g = ?"), g, &job->error)
         && purge_end (db,
                       kl_sqlite_prepare (db, "DELETE FROM invite_uses WHERE i IN (SELECT i FROM invites WHERE g = ?)"),
                       g, &job->error)
         && purge_end (db, kl_sqlite_prepare (db, "DELETE FROM invites WHERE g = ?"), g, &job->error)
         && purge_end (db, kl_sqlite_prepare (db, "DELETE FROM purges WHERE g = ?"), g, &job->error);
}
