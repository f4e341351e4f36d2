/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-sqlite-memory.h"

/* Beyond this many, what is known of groups and users is forgotten and read anew. */
#define MAX_REMEMBERED 20000

void
kl_sqlite_memory_init (KlSqliteMemory *self)
{
  self->heads = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->touched = g_ptr_array_new ();
  self->purge = TRUE; /* something may be left from before */
}

void
kl_sqlite_memory_clear (KlSqliteMemory *self)
{
  g_hash_table_unref (self->heads);
  g_hash_table_unref (self->users);
  g_ptr_array_unref (self->touched);
  g_clear_pointer (&self->ops_sorted, g_ptr_array_unref);
  g_clear_pointer (&self->ops, g_hash_table_unref);
}

void
kl_sqlite_memory_forget (KlSqliteMemory *self)
{
  g_hash_table_remove_all (self->heads);
  g_hash_table_remove_all (self->users);
  g_ptr_array_set_size (self->touched, 0);
  g_clear_pointer (&self->ops_sorted, g_ptr_array_unref);
  g_clear_pointer (&self->ops, g_hash_table_unref);
}

gboolean
kl_sqlite_find_u (KlSqlite *db, KlSqliteMemory *memory, const char *user, gint64 *u, GError **error)
{
  gint64 *known = memory ? g_hash_table_lookup (memory->users, user) : NULL;
  sqlite3_stmt *select;

  if (known)
    {
      *u = *known;
      return TRUE;
    }

  select = kl_sqlite_prepare (db, "SELECT u FROM users WHERE id = ?");
  kl_sqlite_bind_text (select, 1, user);
  if (!kl_sqlite_get_int (db, select, 0, u, error))
    return FALSE;

  if (memory && *u)
    {
      if (g_hash_table_size (memory->users) > MAX_REMEMBERED)
        g_hash_table_remove_all (memory->users);
      g_hash_table_insert (memory->users, g_strdup (user), g_memdup2 (u, sizeof *u));
    }

  return TRUE;
}

static void
forget_clean_heads (KlSqliteMemory *memory)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, memory->heads);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (!((KlSqliteHead *)value)->dirty)
      g_hash_table_iter_remove (&iter);
}

KlSqliteHead *
kl_sqlite_memory_add_head (KlSqliteMemory *memory, const char *group, const KlSqliteHead *values)
{
  KlSqliteHead *head = g_memdup2 (values, sizeof *values);

  if (g_hash_table_size (memory->heads) > MAX_REMEMBERED)
    forget_clean_heads (memory);
  g_hash_table_insert (memory->heads, g_strdup (group), head);

  return head;
}

/* *HEAD: NULL where there is no such group. */
gboolean
kl_sqlite_memory_find_head (KlSqlite *db, KlSqliteMemory *memory, const char *group, KlSqliteHead **head,
                            GError **error)
{
  sqlite3_stmt *select;
  KlSqliteStep step;

  *head = g_hash_table_lookup (memory->heads, group);
  if (*head)
    return TRUE;

  select = kl_sqlite_prepare (db, "SELECT g, h.rev, h.seq, h.time, h.last_seq, members, deleted"
                                  " FROM groups JOIN heads h USING (g) WHERE id = ?");
  kl_sqlite_bind_text (select, 1, group);
  step = kl_sqlite_step (db, select, error);
  if (step == KL_SQLITE_ROW)
    {
      KlSqliteHead values = {
        .g = kl_sqlite_int (select, 0),
        .rev = kl_sqlite_int (select, 1),
        .seq = kl_sqlite_int (select, 2),
        .time = kl_sqlite_int (select, 3),
        .last_seq = kl_sqlite_int (select, 4),
        .members = kl_sqlite_int (select, 5),
        .deleted = kl_sqlite_int (select, 6) != 0,
      };

      kl_sqlite_reset (select);
      *head = kl_sqlite_memory_add_head (memory, group, &values);
    }

  return step != KL_SQLITE_ERROR;
}

gboolean
kl_sqlite_memory_flush (KlSqlite *db, KlSqliteMemory *memory, GError **error)
{
  for (guint i = 0; i < memory->touched->len; i++)
    {
      KlSqliteHead *head = g_ptr_array_index (memory->touched, i);
      sqlite3_stmt *update
          = kl_sqlite_prepare (db, "UPDATE heads SET rev = ?, seq = ?, time = ?, last_seq = ? WHERE g = ?");

      kl_sqlite_bind_int (update, 1, head->rev);
      kl_sqlite_bind_int (update, 2, head->seq);
      kl_sqlite_bind_int (update, 3, head->time);
      kl_sqlite_bind_int (update, 4, head->last_seq);
      kl_sqlite_bind_int (update, 5, head->g);
      if (!kl_sqlite_finish (db, update, error))
        return FALSE;

      if (head->members_dirty)
        {
          update = kl_sqlite_prepare (db, "UPDATE groups SET members = ? WHERE g = ?");
          kl_sqlite_bind_int (update, 1, head->members);
          kl_sqlite_bind_int (update, 2, head->g);
          if (!kl_sqlite_finish (db, update, error))
            return FALSE;
        }
      head->dirty = FALSE;
      head->members_dirty = FALSE;
    }
  g_ptr_array_set_size (memory->touched, 0);

  return TRUE;
}
