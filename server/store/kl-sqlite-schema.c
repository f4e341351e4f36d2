/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Migrations only ever append to this list; a file keeps in PRAGMA user_version how many it has seen. */
#include "server/store/kl-sqlite-schema.h"

#include "protocol/kl-id.h"
#include "server/chat/kl-store.h"

static const char *const migrations[] = {
  /* 1 */
  "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"

  "CREATE TABLE users (u INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,"
  " display_name TEXT NOT NULL, avatar TEXT, status_text TEXT, admin INTEGER NOT NULL, read_receipts INTEGER NOT NULL,"
  " dnd INTEGER NOT NULL, disabled INTEGER NOT NULL, deleted INTEGER NOT NULL, last_seen_at INTEGER NOT NULL,"
  " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, folded TEXT NOT NULL);"
  "CREATE TABLE passwords (u INTEGER PRIMARY KEY, hash TEXT NOT NULL);"
  "CREATE TABLE sessions (s INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, u INTEGER NOT NULL, device TEXT,"
  " token_hash BLOB NOT NULL UNIQUE, created_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL);"
  "CREATE INDEX sessions_by_user ON sessions (u);"
  "CREATE INDEX sessions_by_use ON sessions (last_seen_at);"

  /* rev: of the last change of the group itself. members: those who are in. */
  "CREATE TABLE groups (g INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, rev INTEGER NOT NULL, kind INTEGER NOT NULL,"
  " visibility INTEGER NOT NULL, slug TEXT UNIQUE, name TEXT NOT NULL, topic TEXT NOT NULL, avatar TEXT, emoji TEXT,"
  " hue INTEGER NOT NULL, created_at INTEGER NOT NULL, deleted INTEGER NOT NULL, members INTEGER NOT NULL,"
  " folded TEXT NOT NULL);"
  "CREATE INDEX groups_directory ON groups (members DESC, id) WHERE visibility = 1 AND deleted = 0;"
  /* The head of each log, apart, since it is written with every commit. last_seq: the newest that is not system. */
  "CREATE TABLE heads (g INTEGER PRIMARY KEY, rev INTEGER NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL,"
  " last_seq INTEGER NOT NULL);"
  /* Deleted groups whose rows are still being removed. */
  "CREATE TABLE purges (g INTEGER PRIMARY KEY);"

  /* place: the group and the rev. object: a message's seq, a member's u. current: no later entry is about it. */
  "CREATE TABLE changes (place INTEGER PRIMARY KEY, kind INTEGER NOT NULL, object INTEGER NOT NULL,"
  " current INTEGER NOT NULL);"
  /* place: the group and the seq. What is long lies apart, one behind the other over all groups: a commit then writes
     few pages, and these rows, by which is counted and selected, stay small. */
  "CREATE TABLE messages (place INTEGER PRIMARY KEY, rev INTEGER NOT NULL, flags INTEGER NOT NULL,"
  " sender INTEGER NOT NULL, body INTEGER NOT NULL);"
  "CREATE TABLE bodies (body INTEGER PRIMARY KEY, place INTEGER NOT NULL, created_at INTEGER NOT NULL,"
  " id TEXT NOT NULL UNIQUE, json TEXT NOT NULL);"
  "CREATE TABLE members (g INTEGER NOT NULL, u INTEGER NOT NULL, rev INTEGER NOT NULL, role INTEGER NOT NULL,"
  " joined_at INTEGER NOT NULL, read_seq INTEGER NOT NULL, notify INTEGER NOT NULL, pinned INTEGER NOT NULL,"
  " PRIMARY KEY (g, u)) WITHOUT ROWID;"
  "CREATE INDEX members_by_user ON members (u, g) WHERE role > 0;"
  "CREATE TABLE bans (g INTEGER NOT NULL, u INTEGER NOT NULL, actor INTEGER NOT NULL, at INTEGER NOT NULL,"
  " PRIMARY KEY (g, u)) WITHOUT ROWID;"
  /* What each person has done, by the ids that their clients gave; for ever. place: the group and the rev. Such ids are
     random, so each would write a page of its own: new ones wait in recent_ops (kl-sqlite-ops.h). */
  "CREATE TABLE ops (u INTEGER NOT NULL, client_id TEXT NOT NULL, place INTEGER NOT NULL,"
  " PRIMARY KEY (u, client_id)) WITHOUT ROWID;"
  "CREATE TABLE recent_ops (n INTEGER PRIMARY KEY, u INTEGER NOT NULL, client_id TEXT NOT NULL, place INTEGER NOT "
  "NULL);"

  "CREATE TABLE invites (i INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, g INTEGER, actor INTEGER,"
  " registers INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, uses INTEGER NOT NULL,"
  " revoked INTEGER NOT NULL);"
  "CREATE INDEX invites_by_group ON invites (g);"
  "CREATE TABLE invite_uses (i INTEGER NOT NULL, n INTEGER NOT NULL, u INTEGER, at INTEGER NOT NULL,"
  " PRIMARY KEY (i, n)) WITHOUT ROWID;",
};

int
kl_sqlite_schema_version (void)
{
  return G_N_ELEMENTS (migrations);
}

static gboolean
get_number (KlSqlite *db, const char *sql, gint64 *value, GError **error)
{
  return kl_sqlite_get_int (db, kl_sqlite_prepare (db, sql), 0, value, error);
}

static gboolean
migrate_step (KlSqlite *db, int step, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("BEGIN IMMEDIATE;%sPRAGMA application_id=%d;PRAGMA user_version=%d;COMMIT",
                                          migrations[step], KL_SQLITE_APPLICATION_ID, step + 1);

  if (kl_sqlite_run (db, sql, error))
    return TRUE;
  kl_sqlite_run (db, "ROLLBACK", NULL);

  return FALSE;
}

static gboolean
migrate (KlSqlite *db, GError **error)
{
  gint64 application = 0, version = 0, tables = 0;

  if (!get_number (db, "PRAGMA application_id", &application, error)
      || !get_number (db, "PRAGMA user_version", &version, error)
      || !get_number (db, "SELECT count(*) FROM sqlite_schema", &tables, error))
    return FALSE;

  if (tables > 0 && application != KL_SQLITE_APPLICATION_ID)
    {
      g_set_error_literal (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED,
                           "the database file belongs to another program");
      return FALSE;
    }
  if (version > kl_sqlite_schema_version ())
    {
      g_set_error (
          error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED,
          "the database is of version %d, this program knows versions up to %d: please use a newer klatch-server",
          (int)version, kl_sqlite_schema_version ());
      return FALSE;
    }

  for (int step = (int)version; step < kl_sqlite_schema_version (); step++)
    if (!migrate_step (db, step, error))
      return FALSE;

  return TRUE;
}

static gboolean
get_meta (KlSqlite *db, const char *key, char **value, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT value FROM meta WHERE key = ?");
  KlSqliteStep step;

  kl_sqlite_bind_text (select, 1, key);
  step = kl_sqlite_step (db, select, error);
  *value = step == KL_SQLITE_ROW ? kl_sqlite_dup_text (select, 0) : NULL;
  kl_sqlite_reset (select);

  return step != KL_SQLITE_ERROR;
}

static gboolean
set_meta (KlSqlite *db, const char *key, const char *value, GError **error)
{
  sqlite3_stmt *insert = kl_sqlite_prepare (db, "INSERT INTO meta (key, value) VALUES (?, ?)");

  kl_sqlite_bind_text (insert, 1, key);
  kl_sqlite_bind_text (insert, 2, value);

  return kl_sqlite_finish (db, insert, error);
}

/* Comes with the first start of a version that knows of it. */
static gboolean
ensure_secret (KlSqlite *db, char **secret, GError **error)
{
  g_autofree char *one = NULL;
  g_autofree char *other = NULL;

  if (!get_meta (db, "secret", secret, error))
    return FALSE;
  if (*secret)
    return TRUE;

  one = kl_id_new_random ();
  other = kl_id_new_random ();
  *secret = g_strconcat (one, other, NULL);

  return set_meta (db, "secret", *secret, error);
}

/* Domain and epoch come together, in one transaction, at the first start. */
static gboolean
christen (KlSqlite *db, const char *domain, char **epoch, GError **error)
{
  *epoch = kl_id_new_random ();
  if (kl_sqlite_run (db, "BEGIN IMMEDIATE", error) && set_meta (db, "domain", domain, error)
      && set_meta (db, "epoch", *epoch, error) && kl_sqlite_run (db, "COMMIT", error))
    return TRUE;

  kl_sqlite_run (db, "ROLLBACK", NULL);
  g_clear_pointer (epoch, g_free);

  return FALSE;
}

gboolean
kl_sqlite_schema_prepare (KlSqlite *db, const char *domain, char **epoch, char **secret, GError **error)
{
  g_autofree char *known = NULL;

  *epoch = NULL;
  *secret = NULL;
  if (!migrate (db, error) || !get_meta (db, "domain", &known, error))
    return FALSE;
  if (!known)
    return christen (db, domain, epoch, error) && ensure_secret (db, secret, error);

  if (!g_str_equal (known, domain))
    {
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED,
                   "the database is that of the domain %s and cannot become that of %s", known, domain);
      return FALSE;
    }

  return get_meta (db, "epoch", epoch, error) && ensure_secret (db, secret, error);
}
