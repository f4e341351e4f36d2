/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-sqlite-ops.h"

#include <string.h>

#include "server/store/kl-sqlite-schema.h"

/* When so many are recent, moving begins; the more, the more of them share a page of the ordered table. */
#define MOVE_AT 30000
/* How many move with one commit, so that none takes long, beside twice as many as it brings. */
#define MOVE_STEP 250

typedef struct
{
  gint64 u;
  gint64 place;
  char client_id[];
} Op;

/* ── What is recent ── */

static guint
hash_op (gconstpointer data)
{
  const Op *op = data;

  return g_str_hash (op->client_id) ^ (guint)op->u;
}

static gboolean
equal_ops (gconstpointer a, gconstpointer b)
{
  return ((const Op *)a)->u == ((const Op *)b)->u
         && g_str_equal (((const Op *)a)->client_id, ((const Op *)b)->client_id);
}

static int
compare_ops (gconstpointer a, gconstpointer b)
{
  const Op *x = *(const Op *const *)a, *y = *(const Op *const *)b;

  if (x->u != y->u)
    return x->u < y->u ? -1 : 1;

  return strcmp (x->client_id, y->client_id);
}

static Op *
new_op (gint64 u, const char *client_id, gint64 place)
{
  gsize size = strlen (client_id) + 1;
  Op *op = g_malloc (sizeof (Op) + size);

  op->u = u;
  op->place = place;
  memcpy (op->client_id, client_id, size);

  return op;
}

/* After the start, and after a transaction was rolled back. */
static gboolean
read_recent (KlSqlite *db, KlSqliteMemory *memory, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT u, client_id, place FROM recent_ops");
  g_autoptr (GHashTable) ops = g_hash_table_new_full (hash_op, equal_ops, g_free, NULL);
  KlSqliteStep step;

  while ((step = kl_sqlite_step (db, select, error)) == KL_SQLITE_ROW)
    g_hash_table_add (ops, new_op (kl_sqlite_int (select, 0), (const char *)sqlite3_column_text (select, 1),
                                   kl_sqlite_int (select, 2)));
  if (step == KL_SQLITE_ERROR)
    return FALSE;
  memory->ops = g_steal_pointer (&ops);

  return TRUE;
}

/* *KEY: to be freed. One whose user is nobody has u 0 and its whole text as id. */
static gboolean
make_key (KlSqlite *db, KlSqliteMemory *memory, const char *op, Op **key, GError **error)
{
  const char *end = strchr (op, '\n');
  char user[256];
  gint64 u = 0;

  if (end && (gsize)(end - op) < sizeof user)
    {
      memcpy (user, op, (gsize)(end - op));
      user[end - op] = '\0';
      if (!kl_sqlite_find_u (db, memory, user, &u, error))
        return FALSE;
    }
  if (!memory->ops && !read_recent (db, memory, error))
    return FALSE;
  *key = new_op (u, u ? end + 1 : op, 0);

  return TRUE;
}

gboolean
kl_sqlite_ops_find (KlSqlite *db, KlSqliteMemory *memory, const char *op, gint64 *place, GError **error)
{
  g_autofree Op *key = NULL;
  const Op *recent;
  sqlite3_stmt *select;

  if (!make_key (db, memory, op, &key, error))
    return FALSE;
  recent = g_hash_table_lookup (memory->ops, key);
  if (recent)
    {
      *place = recent->place;
      return TRUE;
    }

  select = kl_sqlite_prepare (db, "SELECT place FROM ops WHERE u = ? AND client_id = ?");
  kl_sqlite_bind_int (select, 1, key->u);
  kl_sqlite_bind_text (select, 2, key->client_id);

  return kl_sqlite_get_int (db, select, 0, place, error);
}

gboolean
kl_sqlite_ops_add (KlSqlite *db, KlSqliteMemory *memory, const char *op, gint64 place, GError **error)
{
  sqlite3_stmt *insert = kl_sqlite_prepare (db, "INSERT INTO recent_ops (u, client_id, place) VALUES (?, ?, ?)");
  g_autofree Op *key = NULL;

  if (!make_key (db, memory, op, &key, error))
    return FALSE;
  kl_sqlite_bind_int (insert, 1, key->u);
  kl_sqlite_bind_text (insert, 2, key->client_id);
  kl_sqlite_bind_int (insert, 3, place);
  if (!kl_sqlite_finish (db, insert, error))
    return FALSE;
  key->place = place;
  g_hash_table_add (memory->ops, g_steal_pointer (&key));
  memory->ops_added++;

  return TRUE;
}

/* ── Moving ── */

static gboolean
begin_moving (KlSqlite *db, KlSqliteMemory *memory, GError **error)
{
  GHashTableIter iter;
  gpointer op;

  if (!kl_sqlite_get_int (db, kl_sqlite_prepare (db, "SELECT max (n) FROM recent_ops"), 0, &memory->ops_last, error))
    return FALSE;

  memory->ops_moved = 0;
  memory->ops_sorted = g_ptr_array_sized_new (g_hash_table_size (memory->ops));
  g_hash_table_iter_init (&iter, memory->ops);
  while (g_hash_table_iter_next (&iter, &op, NULL))
    g_ptr_array_add (memory->ops_sorted, op);
  g_ptr_array_sort (memory->ops_sorted, compare_ops);

  return TRUE;
}

/* All are in the ordered table: they are recent no longer. */
static gboolean
end_moving (KlSqlite *db, KlSqliteMemory *memory, GError **error)
{
  sqlite3_stmt *delete = kl_sqlite_prepare (db, "DELETE FROM recent_ops WHERE n <= ?");

  kl_sqlite_bind_int (delete, 1, memory->ops_last);
  if (!kl_sqlite_finish (db, delete, error))
    return FALSE;

  for (guint i = 0; i < memory->ops_sorted->len; i++)
    g_hash_table_remove (memory->ops, g_ptr_array_index (memory->ops_sorted, i));
  g_clear_pointer (&memory->ops_sorted, g_ptr_array_unref);

  return TRUE;
}

gboolean
kl_sqlite_ops_move_some (KlSqlite *db, KlSqliteMemory *memory, GError **error)
{
  /* It may be there from before a crash or a rollback. */
  sqlite3_stmt *insert = kl_sqlite_prepare (db, "INSERT OR IGNORE INTO ops (u, client_id, place) VALUES (?, ?, ?)");

  guint step = MOVE_STEP + 2 * memory->ops_added;

  memory->ops_added = 0;
  if (!memory->ops_sorted && (!memory->ops || g_hash_table_size (memory->ops) < MOVE_AT))
    return TRUE;
  if (!memory->ops_sorted && !begin_moving (db, memory, error))
    return FALSE;

  for (guint i = 0; i < step && memory->ops_moved < memory->ops_sorted->len; i++)
    {
      const Op *op = g_ptr_array_index (memory->ops_sorted, memory->ops_moved++);

      kl_sqlite_bind_int (insert, 1, op->u);
      kl_sqlite_bind_text (insert, 2, op->client_id);
      kl_sqlite_bind_int (insert, 3, op->place);
      if (!kl_sqlite_finish (db, insert, error))
        return FALSE;
    }

  return memory->ops_moved < memory->ops_sorted->len || end_moving (db, memory, error);
}

/* ── Asking ── */

static gboolean
read_op (KlSqlite *db, gint64 place, KlStoreOp **op, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT id, changes.kind, object FROM groups"
                                                " LEFT JOIN changes ON changes.place = ?2 WHERE g = ?1");
  KlSqliteStep step;

  kl_sqlite_bind_int (select, 1, KL_SQLITE_GROUP (place));
  kl_sqlite_bind_int (select, 2, place);
  step = kl_sqlite_step (db, select, error);
  if (step == KL_SQLITE_ROW)
    {
      gint64 kind = kl_sqlite_int (select, 1);

      *op = kl_store_op_new ();
      (*op)->group = kl_sqlite_dup_text (select, 0);
      /* The entries of a deleted group may be gone already. */
      (*op)->kind = kind ? (KlChangeKind)kind : KL_CHANGE_GROUP;
      (*op)->rev = KL_SQLITE_PLACE (place);
      (*op)->seq = kind == KL_CHANGE_MESSAGE ? kl_sqlite_int (select, 2) : 0;
      kl_sqlite_reset (select);
    }

  return step != KL_SQLITE_ERROR;
}

static void
free_op (gpointer op)
{
  if (op)
    kl_store_op_free (op);
}

gboolean
kl_sqlite_find_ops (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (GPtrArray) ops = g_ptr_array_new_with_free_func (free_op);

  for (char **text = job->texts; *text; text++)
    {
      KlStoreOp *op = NULL;
      gint64 place;

      if (!kl_sqlite_ops_find (db, memory, *text, &place, &job->error)
          || (place && !read_op (db, place, &op, &job->error)))
        return FALSE;
      g_ptr_array_add (ops, op);
    }

  return kl_store_job_give (job, g_steal_pointer (&ops), (GDestroyNotify)g_ptr_array_unref);
}
