/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-sqlite-dump-private.h"

#include <string.h>

#include "server/store/kl-sqlite-accounts.h"
#include "server/store/kl-sqlite-append.h"
#include "server/store/kl-sqlite-schema.h"

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "the source is not whole: %s", what);

  return FALSE;
}

static gboolean
find_u (KlSqliteDump *self, const char *user, gint64 *u, GError **error)
{
  if (!kl_sqlite_find_u (self->db, &self->memory, user ? user : "", u, error))
    return FALSE;

  return *u || fail (error, "it names somebody who has no account");
}

/* NULL for nobody. */
static gboolean
bind_user (KlSqliteDump *self, sqlite3_stmt *statement, int column, const char *user, GError **error)
{
  gint64 u = 0;

  if (user && *user && !find_u (self, user, &u, error))
    return FALSE;
  if (u)
    kl_sqlite_bind_int (statement, column, u);
  else
    sqlite3_bind_null (statement, column);

  return TRUE;
}

gboolean
kl_sqlite_dump_find_group (KlSqliteDump *self, const char *group, GError **error)
{
  sqlite3_stmt *select;

  if (g_strcmp0 (self->group, group) == 0)
    return TRUE;
  g_clear_pointer (&self->group, g_free);
  select = kl_sqlite_prepare (self->db, "SELECT g FROM groups WHERE id = ?");
  kl_sqlite_bind_text (select, 1, group);
  if (!kl_sqlite_get_int (self->db, select, 0, &self->g, error))
    return FALSE;
  if (!self->g)
    return fail (error, "it names a group that is not there");
  self->group = g_strdup (group);

  return TRUE;
}

/* ── Accounts ── */

static gboolean
write_user (KlSqliteDump *self, const KlDumpRecord *record, GError **error)
{
  gint64 u;

  return kl_sqlite_insert_user (self->db, record->user, &u, error)
         && (!record->password_hash || kl_sqlite_put_password (self->db, u, record->password_hash, error));
}

static gboolean
write_session (KlSqliteDump *self, const KlStoreSession *session, GError **error)
{
  sqlite3_stmt *insert
      = kl_sqlite_prepare (self->db, "INSERT INTO sessions (id, u, device, token_hash, created_at, last_seen_at)"
                                     " VALUES (?, ?, ?, ?, ?, ?)");

  if (!bind_user (self, insert, 2, session->user, error))
    return FALSE;
  kl_sqlite_bind_text (insert, 1, session->id);
  kl_sqlite_bind_text (insert, 3, session->device);
  kl_sqlite_bind_blob (insert, 4, session->token_hash, KL_STORE_TOKEN_HASH_BYTES);
  kl_sqlite_bind_int (insert, 5, session->created_at);
  kl_sqlite_bind_int (insert, 6, session->last_seen_at);

  return kl_sqlite_finish (self->db, insert, error);
}

static gboolean
write_invite (KlSqliteDump *self, const KlStoreInvite *invite, GError **error)
{
  sqlite3_stmt *insert = kl_sqlite_prepare (
      self->db, "INSERT INTO invites (code, g, actor, registers, created_at, expires_at, uses, revoked)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 0)");

  if (!bind_user (self, insert, 3, invite->by, error)
      || (invite->group && !kl_sqlite_dump_find_group (self, invite->group, error)))
    return FALSE;
  kl_sqlite_bind_text (insert, 1, invite->code);
  if (invite->group)
    kl_sqlite_bind_int (insert, 2, self->g);
  else
    sqlite3_bind_null (insert, 2);
  kl_sqlite_bind_int (insert, 4, invite->registers);
  kl_sqlite_bind_int (insert, 5, invite->created_at);
  kl_sqlite_bind_int (insert, 6, invite->expires_at);
  kl_sqlite_bind_int (insert, 7, invite->uses_left);

  return kl_sqlite_finish (self->db, insert, error);
}

/* ── Groups ── */

static gboolean
insert_group (KlSqliteDump *self, const KlDumpRecord *record, GError **error)
{
  const KlStoreGroup *group = record->state;
  g_autofree char *folded = kl_sqlite_fold_group (group);
  sqlite3_stmt *insert = kl_sqlite_prepare (
      self->db,
      "INSERT OR IGNORE INTO groups (id, rev, kind, visibility, slug, name, topic, avatar, emoji, hue, deleted,"
      " folded, created_at, members) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

  kl_sqlite_bind_text (insert, 1, group->id);
  kl_sqlite_bind_int (insert, 2, group->rev);
  kl_sqlite_bind_int (insert, 3, group->kind);
  kl_sqlite_bind_int (insert, 4, group->visibility);
  kl_sqlite_bind_text (insert, 5, group->slug);
  kl_sqlite_bind_text (insert, 6, group->name);
  kl_sqlite_bind_text (insert, 7, group->topic ? group->topic : "");
  kl_sqlite_bind_text (insert, 8, group->avatar);
  kl_sqlite_bind_text (insert, 9, group->emoji);
  kl_sqlite_bind_int (insert, 10, group->hue);
  kl_sqlite_bind_int (insert, 11, group->deleted);
  kl_sqlite_bind_text (insert, 12, folded);
  kl_sqlite_bind_int (insert, 13, group->created_at);
  kl_sqlite_bind_int (insert, 14, record->members);

  return kl_sqlite_finish (self->db, insert, error);
}

/* The one record that may come twice. */
static gboolean
write_group (KlSqliteDump *self, const KlDumpRecord *record, GError **error)
{
  sqlite3_stmt *head = kl_sqlite_prepare (
      self->db, "INSERT OR IGNORE INTO heads (g, rev, seq, time, last_seq) VALUES (?, ?, ?, ?, ?)");

  if (!insert_group (self, record, error) || !kl_sqlite_dump_find_group (self, record->state->id, error))
    return FALSE;
  kl_sqlite_bind_int (head, 1, self->g);
  kl_sqlite_bind_int (head, 2, record->rev);
  kl_sqlite_bind_int (head, 3, record->seq);
  kl_sqlite_bind_int (head, 4, record->time);
  kl_sqlite_bind_int (head, 5, record->last_seq);

  return kl_sqlite_finish (self->db, head, error);
}

static gboolean
write_member (KlSqliteDump *self, const KlStoreMember *member, GError **error)
{
  sqlite3_stmt *insert
      = kl_sqlite_prepare (self->db, "INSERT INTO members (g, u, rev, role, joined_at, read_seq, notify, pinned)"
                                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");

  if (!bind_user (self, insert, 2, member->user, error))
    return FALSE;
  kl_sqlite_bind_int (insert, 1, self->g);
  kl_sqlite_bind_int (insert, 3, member->rev);
  kl_sqlite_bind_int (insert, 4, member->role);
  kl_sqlite_bind_int (insert, 5, member->joined_at);
  kl_sqlite_bind_int (insert, 6, member->read_seq);
  kl_sqlite_bind_int (insert, 7, member->notify);
  kl_sqlite_bind_int (insert, 8, member->pinned);

  return kl_sqlite_finish (self->db, insert, error);
}

static gboolean
write_ban (KlSqliteDump *self, const KlStoreBan *ban, GError **error)
{
  sqlite3_stmt *insert = kl_sqlite_prepare (self->db, "INSERT INTO bans (g, u, actor, at) VALUES (?, ?, ?, ?)");
  gint64 by = 0;

  if (!bind_user (self, insert, 2, ban->user, error) || (ban->by && *ban->by && !find_u (self, ban->by, &by, error)))
    return FALSE;
  kl_sqlite_bind_int (insert, 1, self->g);
  kl_sqlite_bind_int (insert, 3, by);
  kl_sqlite_bind_int (insert, 4, ban->at);

  return kl_sqlite_finish (self->db, insert, error);
}

/* ── The log ── */

static gboolean
write_op (KlSqliteDump *self, const char *op, gint64 rev, GError **error)
{
  const char *end = strchr (op, '\n');
  g_autofree char *user = end ? g_strndup (op, (gsize) (end - op)) : NULL;
  sqlite3_stmt *insert = kl_sqlite_prepare (self->db, "INSERT INTO ops (u, client_id, place) VALUES (?, ?, ?)");
  gint64 u = 0;

  if (user && !kl_sqlite_find_u (self->db, &self->memory, user, &u, error))
    return FALSE;
  kl_sqlite_bind_int (insert, 1, u);
  kl_sqlite_bind_text (insert, 2, u ? end + 1 : op);
  kl_sqlite_bind_int (insert, 3, KL_SQLITE_KEY (self->g, rev));

  return kl_sqlite_finish (self->db, insert, error);
}

static gboolean
write_message (KlSqliteDump *self, const KlStoreMessage *message, GError **error)
{
  gint64 place = KL_SQLITE_KEY (self->g, message->seq);
  sqlite3_stmt *insert
      = kl_sqlite_prepare (self->db, "INSERT INTO bodies (place, created_at, id, json) VALUES (?, ?, ?, ?)");

  kl_sqlite_bind_int (insert, 1, place);
  kl_sqlite_bind_int (insert, 2, message->created_at);
  kl_sqlite_bind_text (insert, 3, message->id);
  sqlite3_bind_text64 (insert, 4, message->json, message->json_length, SQLITE_STATIC, SQLITE_UTF8);
  if (!kl_sqlite_finish (self->db, insert, error))
    return FALSE;

  insert
      = kl_sqlite_prepare (self->db, "INSERT INTO messages (place, rev, flags, sender, body) VALUES (?, ?, ?, ?, ?)");
  if (!bind_user (self, insert, 4, message->sender, error))
    return FALSE;
  kl_sqlite_bind_int (insert, 1, place);
  kl_sqlite_bind_int (insert, 2, message->rev);
  kl_sqlite_bind_int (insert, 3, message->flags);
  kl_sqlite_bind_int (insert, 5, sqlite3_last_insert_rowid (self->db->handle));

  return kl_sqlite_finish (self->db, insert, error);
}

/* Whether no later entry is about the same. */
static gboolean
is_current (const KlStoreChange *change)
{
  return change->message || (change->member && change->member->rev == change->rev)
         || (change->group && change->group->rev == change->rev);
}

static gboolean
write_change (KlSqliteDump *self, const KlStoreChange *change, GError **error)
{
  sqlite3_stmt *insert
      = kl_sqlite_prepare (self->db, "INSERT INTO changes (place, kind, object, current) VALUES (?, ?, ?, ?)");
  gint64 object = change->seq;

  if (change->op && !write_op (self, change->op, change->rev, error))
    return FALSE;
  /* Of a deleted group only the end is kept. */
  if (change->kind == KL_CHANGE_GROUP && !change->group)
    return TRUE;
  if ((change->message && !write_message (self, change->message, error))
      || (change->member && !find_u (self, change->member->user, &object, error)))
    return FALSE;
  kl_sqlite_bind_int (insert, 1, KL_SQLITE_KEY (self->g, change->rev));
  kl_sqlite_bind_int (insert, 2, change->kind);
  kl_sqlite_bind_int (insert, 3, object);
  kl_sqlite_bind_int (insert, 4, is_current (change));

  return kl_sqlite_finish (self->db, insert, error);
}

gboolean
kl_sqlite_dump_write_record (KlSqliteDump *self, const KlDumpRecord *record, GError **error)
{
  if (record->group && !kl_sqlite_dump_find_group (self, record->group, error))
    return FALSE;
  switch (record->kind)
    {
    case KL_DUMP_USER:
      return write_user (self, record, error);
    case KL_DUMP_SESSION:
      return write_session (self, record->session, error);
    case KL_DUMP_INVITE:
      return write_invite (self, record->invite, error);
    case KL_DUMP_GROUP:
      return write_group (self, record, error);
    case KL_DUMP_MEMBER:
      return write_member (self, record->member, error);
    case KL_DUMP_BAN:
      return write_ban (self, record->ban, error);
    case KL_DUMP_CHANGE:
      return write_change (self, &record->change, error);
    case KL_DUMP_N_KINDS:
    default:
      g_return_val_if_reached (FALSE);
    }
}
