/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-sqlite-log.h"

#include "server/store/kl-sqlite-rows.h"
#include "server/store/kl-sqlite-schema.h"

static gboolean
not_found (KlStoreJob *job)
{
  return kl_store_job_refuse (job, KL_STORE_ERROR_NOT_FOUND, "there is no such object");
}

/* ── Changes and messages ── */

gboolean
kl_sqlite_get_changes (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (GArray) changes = g_array_new (FALSE, TRUE, sizeof (KlStoreChange));
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT place, kind, object FROM changes WHERE place > ? AND place <= ?"
                                                " AND current AND kind <> 3 ORDER BY place LIMIT ?");
  gint64 g;
  KlSqliteStep step;

  g_array_set_clear_func (changes, (GDestroyNotify)kl_store_change_clear);
  if (!kl_sqlite_find_g (db, job->text[0], &g, &job->error))
    return FALSE;
  if (!g)
    return kl_store_job_give (job, g_steal_pointer (&changes), (GDestroyNotify)g_array_unref);

  kl_sqlite_bind_int (select, 1, KL_SQLITE_KEY (g, CLAMP (job->number[0], 0, KL_SQLITE_PLACE_MAX)));
  kl_sqlite_bind_int (select, 2, KL_SQLITE_KEY (g, KL_SQLITE_PLACE_MAX));
  kl_sqlite_bind_int (select, 3, job->number[1]);
  while ((step = kl_sqlite_step (db, select, &job->error)) == KL_SQLITE_ROW)
    {
      KlStoreChange change
          = { .kind = (KlChangeKind)kl_sqlite_int (select, 1), .rev = KL_SQLITE_PLACE (kl_sqlite_int (select, 0)) };
      gint64 object = kl_sqlite_int (select, 2);
      gboolean ok;

      if (change.kind == KL_CHANGE_MESSAGE)
        {
          change.seq = object;
          ok = kl_sqlite_get_message_at (db, KL_SQLITE_KEY (g, object), &change.message, &job->error);
        }
      else
        ok = kl_sqlite_get_member_at (db, g, object, &change.member, &job->error);

      if (!ok)
        {
          kl_sqlite_reset (select);
          return FALSE;
        }
      if (change.message || change.member)
        g_array_append_val (changes, change);
    }
  if (step == KL_SQLITE_ERROR)
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&changes), (GDestroyNotify)g_array_unref);
}

gboolean
kl_sqlite_get_messages (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func ((GDestroyNotify)kl_store_message_unref);
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_MESSAGE_COLUMNS " FROM " KL_SQLITE_MESSAGE_TABLES
                                                " WHERE messages.place BETWEEN ? AND ? ORDER BY messages.place");
  gint64 from = CLAMP (job->number[0], 0, KL_SQLITE_PLACE_MAX), to = CLAMP (job->number[1], 0, KL_SQLITE_PLACE_MAX);
  gint64 g;
  KlSqliteStep step = KL_SQLITE_DONE;

  if (!kl_sqlite_find_g (db, job->text[0], &g, &job->error))
    return FALSE;
  if (g && from <= to)
    {
      kl_sqlite_bind_int (select, 1, KL_SQLITE_KEY (g, from));
      kl_sqlite_bind_int (select, 2, KL_SQLITE_KEY (g, to));
      while ((step = kl_sqlite_step (db, select, &job->error)) == KL_SQLITE_ROW)
        g_ptr_array_add (messages, kl_sqlite_read_message (select, 0));
    }
  if (step == KL_SQLITE_ERROR)
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&messages), (GDestroyNotify)g_ptr_array_unref);
}

gboolean
kl_sqlite_get_message (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_MESSAGE_COLUMNS
                                                " FROM bodies CROSS JOIN messages ON messages.place = bodies.place"
                                                " JOIN users ON users.u = messages.sender"
                                                " WHERE bodies.id = ? AND bodies.place BETWEEN ? AND ?");
  KlStoreMessage *message;
  gint64 g;

  if (!kl_sqlite_find_g (db, job->text[0], &g, &job->error))
    return FALSE;
  kl_sqlite_bind_text (select, 1, job->text[1]);
  kl_sqlite_bind_int (select, 2, KL_SQLITE_KEY (g, 0));
  kl_sqlite_bind_int (select, 3, KL_SQLITE_KEY (g, KL_SQLITE_PLACE_MAX));
  if (!kl_sqlite_read_one_message (db, select, &message, &job->error))
    return FALSE;
  if (!g || !message)
    {
      g_clear_pointer (&message, kl_store_message_unref);
      return not_found (job);
    }

  return kl_store_job_give (job, message, (GDestroyNotify)kl_store_message_unref);
}

/* ── The log itself ── */

/* The seq of the newest message when the head was at REV. */
static gboolean
get_seq_at (KlSqlite *db, gint64 g, gint64 rev, gint64 *seq, GError **error)
{
  sqlite3_stmt *select
      = kl_sqlite_prepare (db, "SELECT max (object) FROM changes WHERE place BETWEEN ? AND ? AND kind = 1");

  kl_sqlite_bind_int (select, 1, KL_SQLITE_KEY (g, 0));
  kl_sqlite_bind_int (select, 2, KL_SQLITE_KEY (g, rev));

  return kl_sqlite_get_int (db, select, 0, seq, error);
}

static gboolean
get_group_state (KlSqlite *db, gint64 g, KlStoreGroup **group, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_GROUP_COLUMNS " FROM groups WHERE g = ?");
  KlSqliteStep step;

  kl_sqlite_bind_int (select, 1, g);
  step = kl_sqlite_step (db, select, error);
  *group = step == KL_SQLITE_ROW ? kl_sqlite_read_group (select, 0) : NULL;
  kl_sqlite_reset (select);

  return step != KL_SQLITE_ERROR;
}

/* The state that the object of an entry has now. */
static gboolean
fill_entry (KlSqlite *db, gint64 g, gint64 object, KlStoreChange *change, GError **error)
{
  sqlite3_stmt *select;
  gint64 banned = 0;

  switch (change->kind)
    {
    case KL_CHANGE_MESSAGE:
      change->seq = object;
      return kl_sqlite_get_message_at (db, KL_SQLITE_KEY (g, object), &change->message, error);
    case KL_CHANGE_MEMBER:
      select = kl_sqlite_prepare (db, "SELECT 1 FROM bans WHERE g = ? AND u = ?");
      kl_sqlite_bind_int (select, 1, g);
      kl_sqlite_bind_int (select, 2, object);
      if (!kl_sqlite_get_int (db, select, 0, &banned, error))
        return FALSE;
      change->bans = banned != 0;
      return kl_sqlite_get_member_at (db, g, object, &change->member, error);
    case KL_CHANGE_GROUP:
    default:
      return get_group_state (db, g, &change->group, error);
    }
}

/* Of a deleted group, whose rows are going, only its end is told. */
static gboolean
read_entries (KlSqlite *db, gint64 g, gboolean deleted, gint64 after_rev, gint64 limit, KlStoreBatch *batch,
              GError **error)
{
  sqlite3_stmt *select
      = deleted ? kl_sqlite_prepare (db, "SELECT place, kind, object FROM changes WHERE place > ? AND place <= ?"
                                         " AND kind = 3 ORDER BY place DESC LIMIT min (?, 1)")
                : kl_sqlite_prepare (db, "SELECT place, kind, object FROM changes WHERE place > ? AND place <= ?"
                                         " ORDER BY place LIMIT ?");
  KlSqliteStep step;

  kl_sqlite_bind_int (select, 1, KL_SQLITE_KEY (g, after_rev));
  kl_sqlite_bind_int (select, 2, KL_SQLITE_KEY (g, KL_SQLITE_PLACE_MAX));
  kl_sqlite_bind_int (select, 3, limit);
  while ((step = kl_sqlite_step (db, select, error)) == KL_SQLITE_ROW)
    {
      KlStoreChange *change = kl_store_batch_add (batch, (KlChangeKind)kl_sqlite_int (select, 1));

      change->rev = KL_SQLITE_PLACE (kl_sqlite_int (select, 0));
      if (!fill_entry (db, g, kl_sqlite_int (select, 2), change, error))
        {
          kl_sqlite_reset (select);
          return FALSE;
        }
    }

  return step == KL_SQLITE_DONE;
}

gboolean
kl_sqlite_read_log (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT g, deleted FROM groups WHERE id = ?");
  gint64 after_rev = CLAMP (job->number[0], 0, KL_SQLITE_PLACE_MAX), g, seq;
  g_autoptr (KlStoreBatch) batch = NULL;
  gboolean deleted;
  KlSqliteStep step;

  kl_sqlite_bind_text (select, 1, job->text[0]);
  step = kl_sqlite_step (db, select, &job->error);
  if (step == KL_SQLITE_ERROR)
    return FALSE;
  if (step == KL_SQLITE_DONE)
    return not_found (job);
  g = kl_sqlite_int (select, 0);
  deleted = kl_sqlite_int (select, 1) != 0;
  kl_sqlite_reset (select);

  if (!get_seq_at (db, g, after_rev, &seq, &job->error))
    return FALSE;
  batch = kl_store_batch_new (job->text[0], after_rev, seq);
  if (!read_entries (db, g, deleted, after_rev, job->number[1], batch, &job->error))
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&batch), (GDestroyNotify)kl_store_batch_unref);
}
