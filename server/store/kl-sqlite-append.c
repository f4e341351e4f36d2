/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A batch is judged before anything of it is written: its head, which is in memory, then its ops. Only a batch that
 * makes a group or uses invites, which is rare, can be refused after a first write; it runs within a savepoint. */
#include "server/store/kl-sqlite-append.h"

#include "protocol/kl-text.h"
#include "server/store/kl-sqlite-ops.h"
#include "server/store/kl-sqlite-schema.h"

typedef struct
{
  KlSqlite *db;
  KlSqliteMemory *memory;
  KlStoreBatch *batch;
  KlSqliteHead *head; /* NULL until a new group is made */
  KlAppendResult *result;
  GError **error;
} Append;

static void
touch_head (Append *self)
{
  if (!self->head->dirty)
    {
      self->head->dirty = TRUE;
      g_ptr_array_add (self->memory->touched, self->head);
    }
}

/* ── Ops ── */

/* Asked before the slug: a repeated making of a group has another id each time, and the slug of the first. */
static gboolean
find_used_ops (Append *self)
{
  GArray *changes = self->batch->changes;

  for (guint i = 0; i < changes->len; i++)
    {
      const char *op = g_array_index (changes, KlStoreChange, i).op;
      gint64 place = 0;

      if (op && !kl_sqlite_ops_find (self->db, self->memory, op, &place, self->error))
        return FALSE;
      if (place)
        g_array_append_val (self->result->indexes, i);
    }
  if (self->result->indexes->len > 0)
    self->result->outcome = KL_APPEND_OP_USED;

  return TRUE;
}

static gboolean
add_ops (Append *self)
{
  GArray *changes = self->batch->changes;

  for (guint i = 0; i < changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);

      if (change->op
          && !kl_sqlite_ops_add (self->db, self->memory, change->op, KL_SQLITE_KEY (self->head->g, change->rev),
                                 self->error))
        return FALSE;
    }

  return TRUE;
}

/* ── The entries ── */

static gboolean
fail (Append *self, const char *what)
{
  g_set_error (self->error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "append to %s: %s", self->batch->group, what);

  return FALSE;
}

static gboolean
insert_entry (Append *self, const KlStoreChange *change, gint64 object)
{
  sqlite3_stmt *insert
      = kl_sqlite_prepare (self->db, "INSERT INTO changes (place, kind, object, current) VALUES (?, ?, ?, 1)");

  kl_sqlite_bind_int (insert, 1, KL_SQLITE_KEY (self->head->g, change->rev));
  kl_sqlite_bind_int (insert, 2, change->kind);
  kl_sqlite_bind_int (insert, 3, object);

  return kl_sqlite_finish (self->db, insert, self->error);
}

static gboolean
supersede_entry (Append *self, gint64 rev)
{
  sqlite3_stmt *update = kl_sqlite_prepare (self->db, "UPDATE changes SET current = 0 WHERE place = ?");

  kl_sqlite_bind_int (update, 1, KL_SQLITE_KEY (self->head->g, rev));

  return kl_sqlite_finish (self->db, update, self->error);
}

static gboolean
insert_body (Append *self, const KlStoreMessage *message, gint64 *body)
{
  sqlite3_stmt *insert
      = kl_sqlite_prepare (self->db, "INSERT INTO bodies (place, created_at, id, json) VALUES (?, ?, ?, ?)");

  kl_sqlite_bind_int (insert, 1, KL_SQLITE_KEY (self->head->g, message->seq));
  kl_sqlite_bind_int (insert, 2, message->created_at);
  kl_sqlite_bind_text (insert, 3, message->id);
  sqlite3_bind_text64 (insert, 4, message->json, message->json_length, SQLITE_STATIC, SQLITE_UTF8);
  if (!kl_sqlite_finish (self->db, insert, self->error))
    return FALSE;
  *body = sqlite3_last_insert_rowid (self->db->handle);

  return TRUE;
}

static gboolean
insert_message (Append *self, const KlStoreChange *change)
{
  const KlStoreMessage *message = change->message;
  sqlite3_stmt *insert
      = kl_sqlite_prepare (self->db, "INSERT INTO messages (place, rev, flags, sender, body) VALUES (?, ?, ?, ?, ?)");
  gint64 sender, body;

  if (!kl_sqlite_find_u (self->db, self->memory, message->sender, &sender, self->error))
    return FALSE;
  if (!sender)
    return fail (self, "a message by nobody");
  if (!insert_body (self, message, &body))
    return FALSE;

  kl_sqlite_bind_int (insert, 1, KL_SQLITE_KEY (self->head->g, message->seq));
  kl_sqlite_bind_int (insert, 2, change->rev);
  kl_sqlite_bind_int (insert, 3, message->flags);
  kl_sqlite_bind_int (insert, 4, sender);
  kl_sqlite_bind_int (insert, 5, body);
  if (!kl_sqlite_finish (self->db, insert, self->error))
    return FALSE;

  self->head->seq = message->seq;
  self->head->time = message->created_at;
  if (!(message->flags & KL_MESSAGE_SYSTEM))
    self->head->last_seq = message->seq;

  return TRUE;
}

static gboolean
update_body (Append *self, const KlStoreMessage *message, gint64 place)
{
  sqlite3_stmt *update = kl_sqlite_prepare (
      self->db, "UPDATE bodies SET json = ? WHERE body = (SELECT body FROM messages WHERE messages.place = ?)");

  sqlite3_bind_text64 (update, 1, message->json, message->json_length, SQLITE_STATIC, SQLITE_UTF8);
  kl_sqlite_bind_int (update, 2, place);

  return kl_sqlite_finish (self->db, update, self->error);
}

static gboolean
update_message (Append *self, const KlStoreChange *change)
{
  const KlStoreMessage *message = change->message;
  sqlite3_stmt *select = kl_sqlite_prepare (self->db, "SELECT rev FROM messages WHERE place = ?");
  sqlite3_stmt *update = kl_sqlite_prepare (self->db, "UPDATE messages SET rev = ?, flags = ? WHERE place = ?");
  gint64 place = KL_SQLITE_KEY (self->head->g, message->seq), rev;

  kl_sqlite_bind_int (select, 1, place);
  if (!kl_sqlite_get_int (self->db, select, 0, &rev, self->error))
    return FALSE;
  if (rev == 0)
    return fail (self, "a change of a message that is not there");
  if (!supersede_entry (self, rev) || !update_body (self, message, place))
    return FALSE;

  kl_sqlite_bind_int (update, 1, change->rev);
  kl_sqlite_bind_int (update, 2, message->flags);
  kl_sqlite_bind_int (update, 3, place);

  return kl_sqlite_finish (self->db, update, self->error);
}

static gboolean
put_message (Append *self, const KlStoreChange *change)
{
  if (!change->message || change->message->seq != change->seq || change->seq > self->head->seq + 1 || change->seq < 1)
    return fail (self, "a message out of order");

  return (change->seq > self->head->seq ? insert_message (self, change) : update_message (self, change))
         && insert_entry (self, change, change->seq);
}

static gboolean
put_ban (Append *self, const KlStoreChange *change, gint64 u)
{
  sqlite3_stmt *insert
      = kl_sqlite_prepare (self->db, "INSERT OR REPLACE INTO bans (g, u, actor, at) VALUES (?, ?, ?, ?)");
  gint64 by;

  if (!kl_sqlite_find_u (self->db, self->memory, change->actor, &by, self->error))
    return FALSE;
  kl_sqlite_bind_int (insert, 1, self->head->g);
  kl_sqlite_bind_int (insert, 2, u);
  kl_sqlite_bind_int (insert, 3, by);
  kl_sqlite_bind_int (insert, 4, change->time);

  return kl_sqlite_finish (self->db, insert, self->error);
}

static gboolean
write_member (Append *self, const KlStoreChange *change, gint64 u, gboolean is_there)
{
  const KlStoreMember *member = change->member;
  gboolean marks = change->sets_marks;
  sqlite3_stmt *write
      = is_there && !marks
            ? kl_sqlite_prepare (self->db,
                                 "UPDATE members SET rev = ?3, role = ?4, joined_at = ?5 WHERE g = ?1 AND u = ?2")
            : kl_sqlite_prepare (self->db, "INSERT OR REPLACE INTO members"
                                           " (g, u, rev, role, joined_at, read_seq, notify, pinned)"
                                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");

  kl_sqlite_bind_int (write, 1, self->head->g);
  kl_sqlite_bind_int (write, 2, u);
  kl_sqlite_bind_int (write, 3, change->rev);
  kl_sqlite_bind_int (write, 4, member->role);
  kl_sqlite_bind_int (write, 5, member->joined_at);
  if (!is_there || marks)
    {
      kl_sqlite_bind_int (write, 6, marks ? member->read_seq : 0);
      kl_sqlite_bind_int (write, 7, marks ? member->notify : KL_NOTIFY_ALL);
      kl_sqlite_bind_int (write, 8, marks ? member->pinned : FALSE);
    }

  return kl_sqlite_finish (self->db, write, self->error);
}

static gboolean
put_member (Append *self, const KlStoreChange *change)
{
  const KlStoreMember *member = change->member;
  sqlite3_stmt *select = kl_sqlite_prepare (self->db, "SELECT rev, role FROM members WHERE g = ? AND u = ?");
  gint64 u, rev = 0;
  KlRole role = KL_ROLE_NONE;
  KlSqliteStep step;

  if (!member)
    return fail (self, "a change of a member without one");
  if (!kl_sqlite_find_u (self->db, self->memory, member->user, &u, self->error))
    return FALSE;
  if (!u)
    return fail (self, "a member that is nobody");

  kl_sqlite_bind_int (select, 1, self->head->g);
  kl_sqlite_bind_int (select, 2, u);
  step = kl_sqlite_step (self->db, select, self->error);
  if (step == KL_SQLITE_ERROR)
    return FALSE;
  if (step == KL_SQLITE_ROW)
    {
      rev = kl_sqlite_int (select, 0);
      role = (KlRole)kl_sqlite_int (select, 1);
      kl_sqlite_reset (select);
    }

  if ((rev && !supersede_entry (self, rev)) || !write_member (self, change, u, rev != 0))
    return FALSE;
  if (change->bans && !put_ban (self, change, u))
    return FALSE;

  self->head->members += (member->role != KL_ROLE_NONE) - (role != KL_ROLE_NONE);
  self->head->members_dirty = TRUE;

  return insert_entry (self, change, u);
}

char *
kl_sqlite_fold_group (const KlStoreGroup *group)
{
  g_autofree char *all
      = g_strjoin ("\n", group->name, group->slug ? group->slug : "", group->topic ? group->topic : "", NULL);

  return kl_text_fold (all, -1);
}

static void
bind_group (sqlite3_stmt *statement, const KlStoreGroup *group, const char *folded, gint64 rev)
{
  kl_sqlite_bind_text (statement, 1, group->id);
  kl_sqlite_bind_int (statement, 2, rev);
  kl_sqlite_bind_int (statement, 3, group->kind);
  kl_sqlite_bind_int (statement, 4, group->visibility);
  kl_sqlite_bind_text (statement, 5, group->slug);
  kl_sqlite_bind_text (statement, 6, group->name);
  kl_sqlite_bind_text (statement, 7, group->topic ? group->topic : "");
  kl_sqlite_bind_text (statement, 8, group->avatar);
  kl_sqlite_bind_text (statement, 9, group->emoji);
  kl_sqlite_bind_int (statement, 10, group->hue);
  kl_sqlite_bind_int (statement, 11, group->deleted);
  kl_sqlite_bind_text (statement, 12, folded);
}

static gboolean
mark_for_purge (Append *self)
{
  sqlite3_stmt *insert = kl_sqlite_prepare (self->db, "INSERT OR IGNORE INTO purges (g) VALUES (?)");

  self->head->deleted = TRUE;
  self->memory->purge = TRUE;
  kl_sqlite_bind_int (insert, 1, self->head->g);

  return kl_sqlite_finish (self->db, insert, self->error);
}

static gboolean
put_group (Append *self, const KlStoreChange *change)
{
  const KlStoreGroup *group = change->group;
  g_autofree char *folded = NULL;
  sqlite3_stmt *update;

  if (!group)
    return fail (self, "a change of the group without it");

  folded = kl_sqlite_fold_group (group);
  update = kl_sqlite_prepare (self->db, "UPDATE groups SET rev = ?2, kind = ?3, visibility = ?4, slug = ?5, name = ?6,"
                                        " topic = ?7, avatar = ?8, emoji = ?9, hue = ?10, deleted = ?11, folded = ?12"
                                        " WHERE id = ?1");
  bind_group (update, group, folded, change->rev);
  if (!kl_sqlite_finish (self->db, update, self->error))
    return FALSE;
  if (group->deleted && !mark_for_purge (self))
    return FALSE;

  return insert_entry (self, change, 0);
}

static gboolean
put_change (Append *self, const KlStoreChange *change)
{
  if (change->rev != self->head->rev + 1)
    return fail (self, "revs out of order");
  self->head->rev = change->rev;
  touch_head (self);

  switch (change->kind)
    {
    case KL_CHANGE_MESSAGE:
      return put_message (self, change);
    case KL_CHANGE_MEMBER:
      return put_member (self, change);
    case KL_CHANGE_GROUP:
      return put_group (self, change);
    default:
      return fail (self, "a change of an unknown kind");
    }
}

/* ── Making a group, using invites ── */

static gboolean
make_group (Append *self)
{
  const KlStoreChange *first = &g_array_index (self->batch->changes, KlStoreChange, 0);
  const KlStoreGroup *group = first->group;
  KlSqliteHead values = { 0 };
  g_autofree char *folded = NULL;
  sqlite3_stmt *statement;
  gint64 taken = 0;

  if (self->batch->changes->len == 0 || first->kind != KL_CHANGE_GROUP || !group)
    return fail (self, "a new group begins with itself");

  if (group->slug)
    {
      statement = kl_sqlite_prepare (self->db, "SELECT 1 FROM groups WHERE slug = ?");
      kl_sqlite_bind_text (statement, 1, group->slug);
      if (!kl_sqlite_get_int (self->db, statement, 0, &taken, self->error))
        return FALSE;
    }
  if (taken)
    {
      self->result->outcome = KL_APPEND_SLUG_TAKEN;
      return TRUE;
    }

  folded = kl_sqlite_fold_group (group);
  statement
      = kl_sqlite_prepare (self->db, "INSERT INTO groups (id, rev, kind, visibility, slug, name, topic, avatar, emoji,"
                                     " hue, deleted, folded, created_at, members)"
                                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0)");
  bind_group (statement, group, folded, first->rev);
  kl_sqlite_bind_int (statement, 13, group->created_at);
  if (!kl_sqlite_finish (self->db, statement, self->error))
    return FALSE;

  values.g = sqlite3_last_insert_rowid (self->db->handle);
  statement = kl_sqlite_prepare (self->db, "INSERT INTO heads (g, rev, seq, time, last_seq) VALUES (?, 0, 0, 0, 0)");
  kl_sqlite_bind_int (statement, 1, values.g);
  if (!kl_sqlite_finish (self->db, statement, self->error))
    return FALSE;
  self->head = kl_sqlite_memory_add_head (self->memory, self->batch->group, &values);

  return TRUE;
}

gboolean
kl_sqlite_use_invite (KlSqlite *db, const char *code, gboolean needs_registers, gint64 u, gint64 now_ms, gboolean *good,
                      GError **error)
{
  sqlite3_stmt *insert = kl_sqlite_prepare (
      db, "INSERT INTO invite_uses (i, n, u, at)"
          " SELECT i, 1 + (SELECT count(*) FROM invite_uses t WHERE t.i = invites.i), ?3, ?2 FROM invites"
          " WHERE code = ?1 AND NOT revoked AND (expires_at = 0 OR expires_at > ?2) AND registers >= ?4"
          " AND uses > (SELECT count(*) FROM invite_uses t WHERE t.i = invites.i)"
          " AND NOT EXISTS (SELECT 1 FROM groups WHERE groups.g = invites.g AND deleted)");

  kl_sqlite_bind_text (insert, 1, code);
  kl_sqlite_bind_int (insert, 2, now_ms);
  if (u)
    kl_sqlite_bind_int (insert, 3, u);
  else
    sqlite3_bind_null (insert, 3);
  kl_sqlite_bind_int (insert, 4, needs_registers ? 1 : 0);
  if (!kl_sqlite_finish (db, insert, error))
    return FALSE;
  *good = kl_sqlite_changes (db) == 1;

  return TRUE;
}

static gboolean
use_invites (Append *self)
{
  for (guint i = 0; i < self->batch->changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (self->batch->changes, KlStoreChange, i);
      gboolean good = TRUE;
      gint64 u = 0;

      if (!change->invite)
        continue;
      if (change->member && !kl_sqlite_find_u (self->db, self->memory, change->member->user, &u, self->error))
        return FALSE;
      if (!kl_sqlite_use_invite (self->db, change->invite, FALSE, u, change->time, &good, self->error))
        return FALSE;
      if (!good)
        g_array_append_val (self->result->indexes, i);
    }
  if (self->result->indexes->len > 0)
    self->result->outcome = KL_APPEND_SPENT;

  return TRUE;
}

static gboolean
is_plain (KlStoreBatch *batch)
{
  if (batch->base_rev == 0)
    return FALSE;
  for (guint i = 0; i < batch->changes->len; i++)
    if (g_array_index (batch->changes, KlStoreChange, i).invite)
      return FALSE;

  return TRUE;
}

/* ── All of it ── */

/* The rest, once the head is right. Everything that can refuse comes before the first deed that is remembered. */
static gboolean
append_on_head (Append *self)
{
  KlAppendResult *result = self->result;

  if (!find_used_ops (self))
    return FALSE;
  if (result->outcome == KL_APPEND_OK && !self->head && !make_group (self))
    return FALSE;
  if (result->outcome == KL_APPEND_OK && !use_invites (self))
    return FALSE;
  if (result->outcome != KL_APPEND_OK)
    return TRUE;

  if (!add_ops (self))
    return FALSE;
  for (guint i = 0; i < self->batch->changes->len; i++)
    if (!put_change (self, &g_array_index (self->batch->changes, KlStoreChange, i)))
      return FALSE;

  return TRUE;
}

static gboolean
append_in_savepoint (Append *self)
{
  gboolean is_new = self->head == NULL;

  if (!kl_sqlite_finish (self->db, kl_sqlite_prepare (self->db, "SAVEPOINT batch"), self->error)
      || !append_on_head (self))
    return FALSE;

  if (self->result->outcome != KL_APPEND_OK)
    {
      /* Nothing of it was put yet, so all that is remembered too much is the new group. */
      if (is_new)
        g_hash_table_remove (self->memory->heads, self->batch->group);
      if (!kl_sqlite_finish (self->db, kl_sqlite_prepare (self->db, "ROLLBACK TO batch"), self->error))
        return FALSE;
    }

  return kl_sqlite_finish (self->db, kl_sqlite_prepare (self->db, "RELEASE batch"), self->error);
}

static gboolean
stands_on_head (KlStoreBatch *batch, const KlSqliteHead *head)
{
  if (batch->base_rev == 0)
    return head == NULL;

  return head && !head->deleted && head->rev == batch->base_rev && head->seq == batch->base_seq;
}

gboolean
kl_sqlite_append (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  KlAppendResult *result = kl_append_result_new (KL_APPEND_OK);
  Append self = { .db = db, .memory = memory, .batch = job->object, .result = result, .error = &job->error };

  kl_store_job_give (job, result, (GDestroyNotify)kl_append_result_free);
  if (!kl_sqlite_memory_find_head (db, memory, self.batch->group, &self.head, &job->error))
    return FALSE;
  if (!stands_on_head (self.batch, self.head))
    {
      result->outcome = KL_APPEND_CONFLICT;
      return TRUE;
    }
  if (is_plain (self.batch))
    return append_on_head (&self);

  return append_in_savepoint (&self);
}
