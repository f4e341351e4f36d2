/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ops are looked up here by the place in the log that they stand for, for which the store has no use and no index; a
 * temporary table is that. */
#include "server/store/kl-sqlite-dump-private.h"

#include "server/store/kl-sqlite-rows.h"
#include "server/store/kl-sqlite-schema.h"

/* The key of the last record is what to go on after, if there may be more. */
static void
set_next (GPtrArray *records, guint before, guint limit, char **next)
{
  if (records->len - before == limit)
    *next = kl_dump_record_dup_key (g_ptr_array_index (records, records->len - 1));
}

typedef KlDumpRecord *(*ReadRow) (sqlite3_stmt *row, const char *group);

static gboolean
read_rows (KlSqlite *db, sqlite3_stmt *select, const char *group, ReadRow read_row, GPtrArray *records, GError **error)
{
  KlSqliteStep step;

  while ((step = kl_sqlite_step (db, select, error)) == KL_SQLITE_ROW)
    g_ptr_array_add (records, read_row (select, group));

  return step == KL_SQLITE_DONE;
}

/* ── Accounts ── */

static KlDumpRecord *
read_user (sqlite3_stmt *row, const char *group)
{
  KlDumpRecord *record = kl_dump_record_new (KL_DUMP_USER, NULL);

  record->user = kl_sqlite_read_user (row, 0);
  record->password_hash = kl_sqlite_dup_text (row, KL_SQLITE_USER_N_COLUMNS);

  return record;
}

static KlDumpRecord *
read_session (sqlite3_stmt *row, const char *group)
{
  KlDumpRecord *record = kl_dump_record_new (KL_DUMP_SESSION, NULL);

  record->session = kl_sqlite_read_session (row);

  return record;
}

static KlDumpRecord *
read_invite (sqlite3_stmt *row, const char *group)
{
  KlDumpRecord *record = kl_dump_record_new (KL_DUMP_INVITE, NULL);

  record->invite = kl_sqlite_read_invite (row);

  return record;
}

static sqlite3_stmt *
select_accounts (KlSqlite *db, KlDumpKind kind)
{
  if (kind == KL_DUMP_USER)
    return kl_sqlite_prepare (db, "SELECT " KL_SQLITE_USER_COLUMNS ", hash FROM users LEFT JOIN passwords USING (u)"
                                  " WHERE users.id > ?1 ORDER BY users.id LIMIT ?2");
  if (kind == KL_DUMP_SESSION)
    return kl_sqlite_prepare (db, "SELECT " KL_SQLITE_SESSION_COLUMNS " FROM sessions JOIN users USING (u)"
                                  " WHERE sessions.id > ?1 ORDER BY sessions.id LIMIT ?2");

  return kl_sqlite_prepare (db, "SELECT " KL_SQLITE_INVITE_COLUMNS " AS uses_left FROM " KL_SQLITE_INVITE_TABLES
                                " WHERE code > ?1 AND NOT revoked AND uses_left > 0"
                                " AND NOT coalesce (groups.deleted, 0) ORDER BY code LIMIT ?2");
}

static gboolean
read_accounts (KlSqliteDump *self, KlDumpKind kind, const char *after, guint limit, GPtrArray *records, GError **error)
{
  sqlite3_stmt *select = select_accounts (self->db, kind);
  ReadRow read_row = kind == KL_DUMP_USER ? read_user : kind == KL_DUMP_SESSION ? read_session : read_invite;

  kl_sqlite_bind_text (select, 1, after ? after : "");
  kl_sqlite_bind_int (select, 2, limit);

  return read_rows (self->db, select, NULL, read_row, records, error);
}

/* ── Groups ── */

#define GROUP_HEAD_COLUMNS                                                                                             \
  "heads.rev, heads.seq, heads.time, heads.last_seq,"                                                                  \
  " (SELECT count(*) FROM members WHERE members.g = groups.g AND role > 0)"

static KlDumpRecord *
read_group (sqlite3_stmt *row, const char *group)
{
  KlDumpRecord *record = kl_dump_record_new (KL_DUMP_GROUP, NULL);

  record->state = kl_sqlite_read_group (row, 0);
  record->rev = kl_sqlite_int (row, KL_SQLITE_GROUP_N_COLUMNS);
  record->seq = kl_sqlite_int (row, KL_SQLITE_GROUP_N_COLUMNS + 1);
  record->time = kl_sqlite_int (row, KL_SQLITE_GROUP_N_COLUMNS + 2);
  record->last_seq = kl_sqlite_int (row, KL_SQLITE_GROUP_N_COLUMNS + 3);
  record->members = kl_sqlite_int (row, KL_SQLITE_GROUP_N_COLUMNS + 4);

  return record;
}

static gboolean
read_groups (KlSqliteDump *self, const char *only, const char *after, guint limit, GPtrArray *records, GError **error)
{
  sqlite3_stmt *select
      = only ? kl_sqlite_prepare (self->db, "SELECT " KL_SQLITE_GROUP_COLUMNS ", " GROUP_HEAD_COLUMNS
                                            " FROM groups JOIN heads USING (g) WHERE groups.id = ?1 LIMIT ?2")
             : kl_sqlite_prepare (self->db, "SELECT " KL_SQLITE_GROUP_COLUMNS ", " GROUP_HEAD_COLUMNS
                                            " FROM groups JOIN heads USING (g) WHERE groups.id > ?1"
                                            " ORDER BY groups.id LIMIT ?2");

  kl_sqlite_bind_text (select, 1, only ? only : after ? after : "");
  kl_sqlite_bind_int (select, 2, limit);

  return read_rows (self->db, select, NULL, read_group, records, error);
}

static KlDumpRecord *
read_member (sqlite3_stmt *row, const char *group)
{
  KlDumpRecord *record = kl_dump_record_new (KL_DUMP_MEMBER, group);

  record->member = kl_sqlite_read_member (row, 0);

  return record;
}

static KlDumpRecord *
read_ban (sqlite3_stmt *row, const char *group)
{
  KlDumpRecord *record = kl_dump_record_new (KL_DUMP_BAN, group);

  record->ban = kl_store_ban_new ();
  record->ban->user = kl_sqlite_dup_text (row, 0);
  record->ban->by = kl_sqlite_dup_text (row, 1);
  record->ban->at = kl_sqlite_int (row, 2);

  return record;
}

static gboolean
read_people (KlSqliteDump *self, KlDumpKind kind, const char *group, const char *after, guint limit, GPtrArray *records,
             GError **error)
{
  sqlite3_stmt *select
      = kind == KL_DUMP_MEMBER
            ? kl_sqlite_prepare (self->db, "SELECT " KL_SQLITE_MEMBER_COLUMNS " FROM members JOIN users USING (u)"
                                           " WHERE g = ?1 AND users.id > ?2 ORDER BY users.id LIMIT ?3")
            : kl_sqlite_prepare (self->db, "SELECT users.id, (SELECT id FROM users t WHERE t.u = actor), at"
                                           " FROM bans JOIN users USING (u) JOIN groups USING (g)"
                                           " WHERE g = ?1 AND users.id > ?2 AND NOT groups.deleted"
                                           " ORDER BY users.id LIMIT ?3");

  kl_sqlite_bind_int (select, 1, self->g);
  kl_sqlite_bind_text (select, 2, after ? after : "");
  kl_sqlite_bind_int (select, 3, limit);

  return read_rows (self->db, select, group, kind == KL_DUMP_MEMBER ? read_member : read_ban, records, error);
}

/* ── The log ── */

static gboolean
make_op_places (KlSqliteDump *self, GError **error)
{
  self->has_op_places
      = self->has_op_places
        || kl_sqlite_run (self->db,
                          "PRAGMA temp_store=FILE;"
                          "CREATE TEMP TABLE op_places (place INTEGER PRIMARY KEY, u INTEGER, client_id TEXT);"
                          "INSERT OR IGNORE INTO op_places SELECT place, u, client_id FROM ops;"
                          "INSERT OR IGNORE INTO op_places SELECT place, u, client_id FROM recent_ops",
                          error);

  return self->has_op_places;
}

/* From the columns "user id, client_id", of which the first is NULL where the op is not a user's. */
static char *
read_op (sqlite3_stmt *row, int first)
{
  g_autofree char *user = kl_sqlite_dup_text (row, first), *client_id = kl_sqlite_dup_text (row, first + 1);

  return user && client_id ? g_strconcat (user, "\n", client_id, NULL) : g_steal_pointer (&client_id);
}

static gboolean
add_state (KlSqliteDump *self, KlStoreChange *change, gint64 object, KlStoreGroup *state, GError **error)
{
  switch (change->kind)
    {
    case KL_CHANGE_MESSAGE:
      change->seq = object;
      if (!kl_sqlite_get_message_at (self->db, KL_SQLITE_KEY (self->g, object), &change->message, error))
        return FALSE;
      if (change->message && change->message->rev != change->rev)
        g_clear_pointer (&change->message, kl_store_message_unref);
      if (change->message)
        change->time = change->message->created_at;
      return TRUE;
    case KL_CHANGE_MEMBER:
      return kl_sqlite_get_member_at (self->db, self->g, object, &change->member, error);
    case KL_CHANGE_GROUP:
      change->group = kl_store_group_ref (state);
      return TRUE;
    default:
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "a change of an unknown kind");
      return FALSE;
    }
}

static gboolean
read_log (KlSqliteDump *self, const KlDumpRecord *group, gint64 after, guint limit, GPtrArray *records, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (
      self->db, "SELECT changes.place, kind, object, (SELECT id FROM users WHERE users.u = op_places.u), client_id"
                " FROM changes LEFT JOIN op_places USING (place) WHERE changes.place > ? AND changes.place <= ?"
                " ORDER BY changes.place LIMIT ?");
  KlSqliteStep step;

  kl_sqlite_bind_int (select, 1, KL_SQLITE_KEY (self->g, after));
  kl_sqlite_bind_int (select, 2, KL_SQLITE_KEY (self->g, KL_SQLITE_PLACE_MAX));
  kl_sqlite_bind_int (select, 3, limit);
  while ((step = kl_sqlite_step (self->db, select, error)) == KL_SQLITE_ROW)
    {
      KlDumpRecord *record = kl_dump_record_new (KL_DUMP_CHANGE, group->state->id);

      g_ptr_array_add (records, record);
      record->change.rev = KL_SQLITE_PLACE (kl_sqlite_int (select, 0));
      record->change.kind = (KlChangeKind) kl_sqlite_int (select, 1);
      record->change.op = read_op (select, 3);
      if (!add_state (self, &record->change, kl_sqlite_int (select, 2), group->state, error))
        {
          kl_sqlite_reset (select);
          return FALSE;
        }
    }

  return step == KL_SQLITE_DONE;
}

/* What remains of a deleted group: its ops, and its end. */
static gboolean
read_remains (KlSqliteDump *self, const KlDumpRecord *group, gint64 after, guint limit, GPtrArray *records,
              GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (self->db, "SELECT (SELECT id FROM users WHERE users.u = op_places.u),"
                                                      " client_id FROM op_places WHERE place = ?");

  for (gint64 rev = after + 1; rev <= group->rev && rev <= after + limit; rev++)
    {
      KlDumpRecord *record = kl_dump_record_new (KL_DUMP_CHANGE, group->state->id);
      KlSqliteStep step;

      g_ptr_array_add (records, record);
      record->change.rev = rev;
      record->change.kind = KL_CHANGE_GROUP;
      record->change.group = rev == group->rev ? kl_store_group_ref (group->state) : NULL;
      kl_sqlite_bind_int (select, 1, KL_SQLITE_KEY (self->g, rev));
      step = kl_sqlite_step (self->db, select, error);
      if (step == KL_SQLITE_ERROR)
        return FALSE;
      if (step == KL_SQLITE_ROW)
        record->change.op = read_op (select, 0);
      kl_sqlite_reset (select);
    }

  return TRUE;
}

static gboolean
read_changes (KlSqliteDump *self, const char *group, const char *after, guint limit, GPtrArray *records, GError **error)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_dump_record_free);
  const KlDumpRecord *record;

  if (!make_op_places (self, error) || !read_groups (self, group, NULL, 1, one, error))
    return FALSE;
  record = g_ptr_array_index (one, 0);

  return record->state->deleted ? read_remains (self, record, kl_dump_parse_rev (after), limit, records, error)
                                : read_log (self, record, kl_dump_parse_rev (after), limit, records, error);
}

/* ── All of it ── */

gboolean
kl_sqlite_dump_read (KlSqliteDump *self, KlDumpKind kind, const char *group, const char *after, guint limit,
                     GPtrArray *records, char **next, GError **error)
{
  guint before = records->len;
  gboolean ok;

  if (kind >= KL_DUMP_MEMBER && !kl_sqlite_dump_find_group (self, group, error))
    return FALSE;
  if (kind == KL_DUMP_CHANGE)
    ok = read_changes (self, group, after, limit, records, error);
  else if (kind == KL_DUMP_GROUP)
    ok = read_groups (self, group, after, limit, records, error);
  else if (kind >= KL_DUMP_MEMBER)
    ok = read_people (self, kind, group, after, limit, records, error);
  else
    ok = read_accounts (self, kind, after, limit, records, error);
  if (ok)
    set_next (records, before, limit, next);

  return ok;
}
