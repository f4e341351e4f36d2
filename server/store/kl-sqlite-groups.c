/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-sqlite-groups.h"

#include "protocol/kl-text.h"
#include "server/store/kl-sqlite-append.h"
#include "server/store/kl-sqlite-rows.h"
#include "server/store/kl-sqlite-schema.h"

static gboolean
not_found (KlStoreJob *job)
{
  return kl_store_job_refuse (job, KL_STORE_ERROR_NOT_FOUND, "there is no such object");
}

/* ── A group as a whole ── */

static gboolean
load_members (KlSqlite *db, gint64 g, GPtrArray *members, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_MEMBER_COLUMNS " FROM members JOIN users USING (u)"
                                                " WHERE g = ? AND role > 0");
  KlSqliteStep step;

  kl_sqlite_bind_int (select, 1, g);
  while ((step = kl_sqlite_step (db, select, error)) == KL_SQLITE_ROW)
    g_ptr_array_add (members, kl_sqlite_read_member (select, 0));

  return step == KL_SQLITE_DONE;
}

static gboolean
load_bans (KlSqlite *db, gint64 g, GPtrArray *bans, GError **error)
{
  sqlite3_stmt *select
      = kl_sqlite_prepare (db, "SELECT users.id, actors.id, at FROM bans JOIN users USING (u)"
                               " LEFT JOIN users actors ON actors.u = bans.actor WHERE g = ? ORDER BY at");
  KlSqliteStep step;

  kl_sqlite_bind_int (select, 1, g);
  while ((step = kl_sqlite_step (db, select, error)) == KL_SQLITE_ROW)
    {
      KlStoreBan *ban = kl_store_ban_new ();

      ban->user = kl_sqlite_dup_text (select, 0);
      ban->by = kl_sqlite_dup_text (select, 1);
      ban->at = kl_sqlite_int (select, 2);
      g_ptr_array_add (bans, ban);
    }

  return step == KL_SQLITE_DONE;
}

gboolean
kl_sqlite_load_group (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (KlStoreLoaded) loaded = kl_store_loaded_new ();
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT g, h.rev, h.seq, h.time, h.last_seq, " KL_SQLITE_GROUP_COLUMNS
                                                " FROM groups JOIN heads h USING (g) WHERE id = ? AND NOT deleted");
  gint64 g, last_seq;
  KlSqliteStep step;

  kl_sqlite_bind_text (select, 1, job->text[0]);
  step = kl_sqlite_step (db, select, &job->error);
  if (step == KL_SQLITE_ERROR)
    return FALSE;
  if (step == KL_SQLITE_DONE)
    return not_found (job);
  g = kl_sqlite_int (select, 0);
  loaded->rev = kl_sqlite_int (select, 1);
  loaded->seq = kl_sqlite_int (select, 2);
  loaded->time = kl_sqlite_int (select, 3);
  last_seq = kl_sqlite_int (select, 4);
  loaded->group = kl_sqlite_read_group (select, 5);
  kl_sqlite_reset (select);

  if (last_seq && !kl_sqlite_get_message_at (db, KL_SQLITE_KEY (g, last_seq), &loaded->last_message, &job->error))
    return FALSE;
  if (!load_members (db, g, loaded->members, &job->error) || !load_bans (db, g, loaded->bans, &job->error))
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&loaded), (GDestroyNotify)kl_store_loaded_free);
}

gboolean
kl_sqlite_find_group (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT id FROM groups WHERE slug = ? AND NOT deleted");
  KlSqliteStep step;
  char *id;

  kl_sqlite_bind_text (select, 1, job->text[0]);
  step = kl_sqlite_step (db, select, &job->error);
  if (step == KL_SQLITE_ERROR)
    return FALSE;
  if (step == KL_SQLITE_DONE)
    return not_found (job);
  id = kl_sqlite_dup_text (select, 0);
  kl_sqlite_reset (select);

  return kl_store_job_give (job, id, g_free);
}

/* ── Members ── */

gboolean
kl_sqlite_get_member (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT g FROM groups WHERE id = ?");
  KlStoreMember *member = NULL;
  gint64 g, u;

  kl_sqlite_bind_text (select, 1, job->text[0]);
  if (!kl_sqlite_get_int (db, select, 0, &g, &job->error) || !kl_sqlite_find_u (db, NULL, job->text[1], &u, &job->error)
      || !kl_sqlite_get_member_at (db, g, u, &member, &job->error))
    return FALSE;

  return member ? kl_store_job_give (job, member, (GDestroyNotify)kl_store_member_unref) : not_found (job);
}

gboolean
kl_sqlite_get_members (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (KlStoreMemberPage) page = kl_store_member_page_new ();
  g_autofree char *query = job->text[1] ? kl_text_fold (job->text[1], -1) : NULL;
  sqlite3_stmt *select = kl_sqlite_prepare (
      db, "SELECT " KL_SQLITE_MEMBER_COLUMNS ", " KL_SQLITE_USER_COLUMNS
          " FROM members JOIN users USING (u) WHERE g = ?1 AND role > 0 AND (?2 IS NULL OR name > ?2)"
          " AND (?3 IS NULL OR instr (folded, ?3) > 0) ORDER BY name LIMIT ?4");
  gint64 g;
  KlSqliteStep step;

  if (!kl_sqlite_find_g (db, job->text[0], &g, &job->error))
    return FALSE;
  kl_sqlite_bind_int (select, 1, g);
  kl_sqlite_bind_text (select, 2, job->text[2]);
  kl_sqlite_bind_text (select, 3, query);
  kl_sqlite_bind_int (select, 4, job->number[0]);
  while ((step = kl_sqlite_step (db, select, &job->error)) == KL_SQLITE_ROW)
    {
      g_ptr_array_add (page->members, kl_sqlite_read_member (select, 0));
      g_ptr_array_add (page->users, kl_sqlite_read_user (select, KL_SQLITE_MEMBER_N_COLUMNS));
    }
  if (step == KL_SQLITE_ERROR)
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&page), (GDestroyNotify)kl_store_member_page_free);
}

gboolean
kl_sqlite_get_memberships (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func (g_free);
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT groups.id FROM members JOIN groups USING (g)"
                                                " WHERE members.u = ? AND members.role > 0 AND NOT deleted ORDER BY g");
  gint64 u;
  KlSqliteStep step;

  if (!kl_sqlite_find_u (db, NULL, job->text[0], &u, &job->error))
    return FALSE;
  kl_sqlite_bind_int (select, 1, u);
  while ((step = kl_sqlite_step (db, select, &job->error)) == KL_SQLITE_ROW)
    g_ptr_array_add (groups, kl_sqlite_dup_text (select, 0));
  if (step == KL_SQLITE_ERROR)
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&groups), (GDestroyNotify)g_ptr_array_unref);
}

gboolean
kl_sqlite_count_unread (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  GArray *queries = job->object;
  g_autoptr (GArray) counts = g_array_sized_new (FALSE, TRUE, sizeof (guint32), queries->len);
  sqlite3_stmt *select = kl_sqlite_prepare (
      db, "SELECT count(*) FROM (SELECT 1 FROM messages WHERE place BETWEEN ?1 AND ?2 AND sender <> ?3"
          " AND NOT flags & 1 AND (NOT flags & 2 OR rev > ?4) LIMIT ?5)");

  G_STATIC_ASSERT (KL_MESSAGE_SYSTEM == 1 && KL_MESSAGE_DELETED == 2);
  for (guint i = 0; i < queries->len; i++)
    {
      const KlUnreadQuery *query = &g_array_index (queries, KlUnreadQuery, i);
      gint64 g, u, count = 0;
      guint32 count32;

      if (!kl_sqlite_find_u (db, NULL, query->user, &u, &job->error)
          || !kl_sqlite_find_g (db, query->group, &g, &job->error))
        return FALSE;
      kl_sqlite_bind_int (select, 1, KL_SQLITE_KEY (g, CLAMP (query->after_seq, 0, KL_SQLITE_PLACE_MAX - 1) + 1));
      kl_sqlite_bind_int (select, 2, KL_SQLITE_KEY (g, CLAMP (query->to_seq, 0, KL_SQLITE_PLACE_MAX)));
      kl_sqlite_bind_int (select, 3, u);
      kl_sqlite_bind_int (select, 4, query->rev);
      kl_sqlite_bind_int (select, 5, KL_UNREAD_MAX);
      if (g && !kl_sqlite_get_int (db, select, 0, &count, &job->error))
        return FALSE;
      count32 = (guint32)count;
      g_array_append_val (counts, count32);
    }

  return kl_store_job_give (job, g_steal_pointer (&counts), (GDestroyNotify)g_array_unref);
}

/* ── The directory ── */

gboolean
kl_sqlite_list_groups (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (GPtrArray) listings = g_ptr_array_new_with_free_func ((GDestroyNotify)kl_store_listing_free);
  g_autofree char *query = job->text[0] ? kl_text_fold (job->text[0], -1) : NULL;
  gboolean all = job->number[0] != 0;
  /* Two texts, so that the public one is read in the order of its index. */
  sqlite3_stmt *select
      = all ? kl_sqlite_prepare (db,
                                 "SELECT " KL_SQLITE_GROUP_COLUMNS ", h.rev, members FROM groups JOIN heads h USING (g)"
                                 " WHERE deleted = 0"
                                 " AND (?1 IS NULL OR members < ?2 OR (members = ?2 AND id > ?1))"
                                 " AND (?3 IS NULL OR instr (folded, ?3) > 0) ORDER BY members DESC, id LIMIT ?4")
            : kl_sqlite_prepare (db, "SELECT " KL_SQLITE_GROUP_COLUMNS
                                     ", h.rev, members FROM groups CROSS JOIN heads h USING (g)"
                                     " WHERE visibility = 1 AND deleted = 0"
                                     " AND (?1 IS NULL OR members < ?2 OR (members = ?2 AND id > ?1))"
                                     " AND (?3 IS NULL OR instr (folded, ?3) > 0) ORDER BY members DESC, id LIMIT ?4");
  KlSqliteStep step;

  G_STATIC_ASSERT (KL_VISIBILITY_PUBLIC == 1);
  kl_sqlite_bind_text (select, 1, job->text[1]);
  kl_sqlite_bind_int (select, 2, job->number[1]);
  kl_sqlite_bind_text (select, 3, query);
  kl_sqlite_bind_int (select, 4, job->number[2]);
  while ((step = kl_sqlite_step (db, select, &job->error)) == KL_SQLITE_ROW)
    {
      KlStoreListing *listing = kl_store_listing_new ();

      listing->group = kl_sqlite_read_group (select, 0);
      listing->rev = kl_sqlite_int (select, KL_SQLITE_GROUP_N_COLUMNS);
      listing->members = kl_sqlite_int (select, KL_SQLITE_GROUP_N_COLUMNS + 1);
      g_ptr_array_add (listings, listing);
    }
  if (step == KL_SQLITE_ERROR)
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&listings), (GDestroyNotify)g_ptr_array_unref);
}

gboolean
kl_sqlite_get_totals (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *select
      = kl_sqlite_prepare (db, "SELECT (SELECT count(*) FROM users), count(*), coalesce (sum (h.seq), 0)"
                               " FROM groups JOIN heads h USING (g) WHERE NOT deleted");
  KlStoreTotals *totals;

  if (kl_sqlite_step (db, select, &job->error) != KL_SQLITE_ROW)
    return FALSE;
  totals = g_new (KlStoreTotals, 1);
  totals->users = kl_sqlite_int (select, 0);
  totals->groups = kl_sqlite_int (select, 1);
  totals->messages = kl_sqlite_int (select, 2);
  kl_sqlite_reset (select);

  return kl_store_job_give (job, totals, g_free);
}

/* ── Beside the log ── */

gboolean
kl_sqlite_set_marks (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  const KlStoreMember *marks = job->object;
  KlMarkFields fields = (KlMarkFields)job->number[0];
  sqlite3_stmt *update = kl_sqlite_prepare (db, "UPDATE members SET read_seq = max (read_seq, coalesce (?3, 0)),"
                                                " notify = coalesce (?4, notify), pinned = coalesce (?5, pinned)"
                                                " WHERE g = ?1 AND u = ?2");
  gint64 g, u;

  if (!kl_sqlite_find_g (db, job->text[0], &g, &job->error)
      || !kl_sqlite_find_u (db, memory, marks->user, &u, &job->error))
    return FALSE;

  sqlite3_clear_bindings (update);
  kl_sqlite_bind_int (update, 1, g);
  kl_sqlite_bind_int (update, 2, u);
  if (fields & KL_MARK_READ_SEQ)
    kl_sqlite_bind_int (update, 3, marks->read_seq);
  if (fields & KL_MARK_NOTIFY)
    kl_sqlite_bind_int (update, 4, marks->notify);
  if (fields & KL_MARK_PINNED)
    kl_sqlite_bind_int (update, 5, marks->pinned);

  return kl_sqlite_finish (db, update, &job->error);
}

gboolean
kl_sqlite_set_ban (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  const KlStoreBan *ban = job->object;
  gint64 g, u, by = 0;
  sqlite3_stmt *write;

  if (!kl_sqlite_find_g (db, job->text[0], &g, &job->error)
      || !kl_sqlite_find_u (db, memory, ban->user, &u, &job->error)
      || (ban->by && !kl_sqlite_find_u (db, memory, ban->by, &by, &job->error)))
    return FALSE;
  if (!g || !u)
    return not_found (job);

  if (job->number[0])
    {
      write = kl_sqlite_prepare (db, "INSERT OR REPLACE INTO bans (g, u, actor, at) VALUES (?, ?, ?, ?)");
      kl_sqlite_bind_int (write, 3, by);
      kl_sqlite_bind_int (write, 4, ban->at);
    }
  else
    write = kl_sqlite_prepare (db, "DELETE FROM bans WHERE g = ? AND u = ?");
  kl_sqlite_bind_int (write, 1, g);
  kl_sqlite_bind_int (write, 2, u);

  return kl_sqlite_finish (db, write, &job->error);
}
