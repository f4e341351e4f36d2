/* SPDX-License-Identifier: GPL-3.0-or-later
 * cache.db: the schema, what is read for a start and a page, and how a change is written. */
#include "app/core/kl-cache.h"
#include "app/core/kl-database.h"

struct _KlCache
{
  GObject parent_instance;

  KlDatabase *database;
};

G_DEFINE_FINAL_TYPE (KlCache, kl_cache, G_TYPE_OBJECT)

static const char *const migrations[] = {
  "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
  "CREATE TABLE users (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;"
  "CREATE TABLE groups (id TEXT PRIMARY KEY, rev INTEGER NOT NULL DEFAULT 0, json TEXT) WITHOUT ROWID;"
  "CREATE TABLE messages (grp TEXT NOT NULL, seq INTEGER NOT NULL, rev INTEGER NOT NULL, people TEXT NOT NULL,"
  "  json TEXT NOT NULL, PRIMARY KEY (grp, seq)) WITHOUT ROWID;",
  NULL,
};

/* ── Reading ── */

static void
cached_group_free (gpointer data)
{
  KlCachedGroup *group = data;

  g_free (group->json);
  g_free (group);
}

void
kl_cached_start_free (KlCachedStart *self)
{
  g_free (self->epoch);
  g_ptr_array_unref (self->groups);
  g_ptr_array_unref (self->people);
  g_free (self);
}

void
kl_cached_page_free (KlCachedPage *self)
{
  g_ptr_array_unref (self->messages);
  g_ptr_array_unref (self->people);
  g_free (self);
}

typedef struct
{
  char *me;
  KlCachedStart *start;
} StartJob;

static void
start_job_free (gpointer data)
{
  StartJob *job = data;

  g_free (job->me);
  g_clear_pointer (&job->start, kl_cached_start_free);
  g_free (job);
}

static KlCachedStart *
new_start (void)
{
  KlCachedStart *start = g_new0 (KlCachedStart, 1);

  start->groups = g_ptr_array_new_with_free_func (cached_group_free);
  start->people = g_ptr_array_new_with_free_func (g_free);
  return start;
}

static gboolean
read_texts (KlDatabase *database, sqlite3_stmt *statement, GPtrArray *to, GError **error)
{
  g_autoptr (GError) local = NULL;

  while (kl_database_step (database, statement, &local))
    g_ptr_array_add (to, g_strdup ((const char *) sqlite3_column_text (statement, 0)));
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
read_start (KlDatabase *database, gpointer data, GError **error)
{
  StartJob *job = data;
  KlCachedStart *start = job->start;
  sqlite3_stmt *statement;
  g_autoptr (GError) local = NULL;

  statement = kl_database_prepare (database, "SELECT value FROM meta WHERE key = 'epoch'", error);
  if (statement == NULL)
    return FALSE;
  if (kl_database_step (database, statement, error))
    start->epoch = g_strdup ((const char *) sqlite3_column_text (statement, 0));

  statement = kl_database_prepare (
      database,
      "SELECT json, rev, EXISTS (SELECT 1 FROM messages WHERE grp = groups.id) FROM groups WHERE json IS NOT NULL",
      error);
  if (statement == NULL)
    return FALSE;
  while (kl_database_step (database, statement, &local))
    {
      KlCachedGroup *group = g_new0 (KlCachedGroup, 1);
      group->json = g_strdup ((const char *) sqlite3_column_text (statement, 0));
      group->rev = sqlite3_column_int64 (statement, 1);
      group->has_messages = sqlite3_column_int (statement, 2) != 0;
      g_ptr_array_add (start->groups, group);
    }
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  statement = kl_database_prepare (database,
                                   "SELECT json FROM users WHERE id = ?1"
                                   " OR id IN (SELECT json_extract (json, '$.last_message.sender') FROM groups)"
                                   " OR id IN (SELECT json_extract (json, '$.mine.peer') FROM groups)",
                                   error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_text (statement, 1, job->me, -1, SQLITE_STATIC);
  return read_texts (database, statement, start->people, error);
}

void
kl_cache_start_async (KlCache *self, const char *me, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_CACHE (self));

  StartJob *job = g_new0 (StartJob, 1);
  job->me = g_strdup (me);
  job->start = new_start ();
  kl_database_run_async (self->database, read_start, job, start_job_free, callback, user_data);
}

KlCachedStart *
kl_cache_start_finish (KlCache *self, GAsyncResult *result)
{
  g_return_val_if_fail (KL_IS_CACHE (self), NULL);

  StartJob *job = kl_database_run_finish (self->database, result, NULL);
  return job != NULL ? g_steal_pointer (&job->start) : new_start ();
}

typedef struct
{
  char *group;
  gint64 anchor;
  guint limit_before;
  guint limit_after;
  KlCachedPage *page;
} PageJob;

static KlCachedPage *
new_page (void)
{
  KlCachedPage *page = g_new0 (KlCachedPage, 1);

  page->messages = g_ptr_array_new_with_free_func (g_free);
  page->people = g_ptr_array_new_with_free_func (g_free);
  return page;
}

static void
page_job_free (gpointer data)
{
  PageJob *job = data;

  g_free (job->group);
  g_clear_pointer (&job->page, kl_cached_page_free);
  g_free (job);
}

static void
note_people (GHashTable *people, const char *ids)
{
  g_auto (GStrv) parts = g_strsplit (ids, " ", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    if (parts[i][0] != '\0')
      g_hash_table_add (people, g_strdup (parts[i]));
}

/* Adds up to limit rows while each seq is expected + step * i. *more: a further one would have followed. */
static gboolean
read_run (KlDatabase *database, sqlite3_stmt *statement, gint64 expected, gint64 step, guint limit, GPtrArray *to,
          GHashTable *people, gboolean *more, GError **error)
{
  g_autoptr (GError) local = NULL;

  while (kl_database_step (database, statement, &local))
    {
      if (sqlite3_column_int64 (statement, 0) != expected)
        break;
      if (limit-- == 0)
        {
          *more = TRUE;
          break;
        }
      expected += step;
      g_ptr_array_add (to, g_strdup ((const char *) sqlite3_column_text (statement, 1)));
      note_people (people, (const char *) sqlite3_column_text (statement, 2));
    }
  sqlite3_reset (statement);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
read_people (KlDatabase *database, GHashTable *ids, GPtrArray *to, GError **error)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      sqlite3_stmt *statement = kl_database_prepare (database, "SELECT json FROM users WHERE id = ?1", error);
      if (statement == NULL)
        return FALSE;
      sqlite3_bind_text (statement, 1, id, -1, SQLITE_STATIC);
      if (!read_texts (database, statement, to, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
find_newest (KlDatabase *database, PageJob *job, GError **error)
{
  sqlite3_stmt *statement = kl_database_prepare (database, "SELECT max (seq) FROM messages WHERE grp = ?1", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_text (statement, 1, job->group, -1, SQLITE_STATIC);
  if (kl_database_step (database, statement, NULL))
    job->anchor = sqlite3_column_int64 (statement, 0);
  sqlite3_reset (statement);
  return TRUE;
}

static gboolean
read_page (KlDatabase *database, gpointer data, GError **error)
{
  PageJob *job = data;
  KlCachedPage *page = job->page;
  g_autoptr (GHashTable) people = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  sqlite3_stmt *statement;

  if (job->anchor == 0 && !find_newest (database, job, error))
    return FALSE;
  if (job->limit_before > 0)
    {
      statement = kl_database_prepare (
          database, "SELECT seq, json, people FROM messages WHERE grp = ?1 AND seq <= ?2 ORDER BY seq DESC", error);
      if (statement == NULL)
        return FALSE;
      sqlite3_bind_text (statement, 1, job->group, -1, SQLITE_STATIC);
      sqlite3_bind_int64 (statement, 2, job->anchor);
      if (!read_run (database, statement, job->anchor, -1, job->limit_before, page->messages, people,
                     &page->more_before, error))
        return FALSE;
      for (guint i = 0, j = page->messages->len; i + 1 < j; i++)
        {
          gpointer swapped = page->messages->pdata[i];
          page->messages->pdata[i] = page->messages->pdata[--j];
          page->messages->pdata[j] = swapped;
        }
    }
  if (job->limit_after > 0)
    {
      statement = kl_database_prepare (
          database, "SELECT seq, json, people FROM messages WHERE grp = ?1 AND seq > ?2 ORDER BY seq", error);
      if (statement == NULL)
        return FALSE;
      sqlite3_bind_text (statement, 1, job->group, -1, SQLITE_STATIC);
      sqlite3_bind_int64 (statement, 2, job->anchor);
      if (!read_run (database, statement, job->anchor + 1, 1, job->limit_after, page->messages, people,
                     &page->more_after, error))
        return FALSE;
    }
  return read_people (database, people, page->people, error);
}

void
kl_cache_page_async (KlCache *self, const char *group, gint64 anchor, guint limit_before, guint limit_after,
                     GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_CACHE (self));

  PageJob *job = g_new0 (PageJob, 1);
  job->group = g_strdup (group);
  job->anchor = anchor;
  job->limit_before = limit_before;
  job->limit_after = limit_after;
  job->page = new_page ();
  kl_database_run_async (self->database, read_page, job, page_job_free, callback, user_data);
}

KlCachedPage *
kl_cache_page_finish (KlCache *self, GAsyncResult *result)
{
  g_return_val_if_fail (KL_IS_CACHE (self), NULL);

  PageJob *job = kl_database_run_finish (self->database, result, NULL);
  return job != NULL ? g_steal_pointer (&job->page) : new_page ();
}

/* ── Writing ── */

typedef enum
{
  STEP_RESET,
  STEP_RESET_GROUP,
  STEP_REMOVE_GROUP,
  STEP_EPOCH,
  STEP_MESSAGE,
  STEP_USER,
  STEP_GROUP_JSON,
  STEP_GROUP_REV,
} StepKind;

typedef struct
{
  StepKind kind;
  char *id;
  char *json;
  char *people;
  gint64 seq;
  gint64 rev;
} Step;

struct _KlCacheChange
{
  GArray *steps; /* of Step */
};

static void
step_clear (gpointer data)
{
  Step *step = data;

  g_free (step->id);
  g_free (step->json);
  g_free (step->people);
}

KlCacheChange *
kl_cache_change_new (void)
{
  KlCacheChange *self = g_new0 (KlCacheChange, 1);

  self->steps = g_array_new (FALSE, TRUE, sizeof (Step));
  g_array_set_clear_func (self->steps, step_clear);
  return self;
}

void
kl_cache_change_free (KlCacheChange *self)
{
  g_array_unref (self->steps);
  g_free (self);
}

static Step *
add_step (KlCacheChange *self, StepKind kind, const char *id)
{
  g_array_set_size (self->steps, self->steps->len + 1);
  Step *step = &g_array_index (self->steps, Step, self->steps->len - 1);
  step->kind = kind;
  step->id = g_strdup (id);
  return step;
}

void
kl_cache_change_reset (KlCacheChange *self)
{
  add_step (self, STEP_RESET, NULL);
}

void
kl_cache_change_reset_group (KlCacheChange *self, const char *group)
{
  add_step (self, STEP_RESET_GROUP, group);
}

void
kl_cache_change_remove_group (KlCacheChange *self, const char *group)
{
  add_step (self, STEP_REMOVE_GROUP, group);
}

void
kl_cache_change_set_epoch (KlCacheChange *self, const char *epoch)
{
  add_step (self, STEP_EPOCH, epoch);
}

static char *
write_json (yyjson_val *value)
{
  /* Allocated by malloc(), which g_free() frees. */
  return yyjson_val_write (value, YYJSON_WRITE_NOFLAG, NULL);
}

void
kl_cache_change_add_message (KlCacheChange *self, const char *group, gint64 seq, gint64 rev, const char *people,
                             yyjson_val *object)
{
  Step *step = add_step (self, STEP_MESSAGE, group);

  step->seq = seq;
  step->rev = rev;
  step->people = g_strdup (people);
  step->json = write_json (object);
}

void
kl_cache_change_add_user (KlCacheChange *self, const char *id, yyjson_val *object)
{
  add_step (self, STEP_USER, id)->json = write_json (object);
}

void
kl_cache_change_set_group (KlCacheChange *self, const char *group, gint64 rev, const char *json)
{
  Step *step = add_step (self, json != NULL ? STEP_GROUP_JSON : STEP_GROUP_REV, group);

  step->rev = rev;
  step->json = g_strdup (json);
}

static gboolean
run_step (KlDatabase *database, const char *sql, const Step *step, GError **error)
{
  sqlite3_stmt *statement = kl_database_prepare (database, sql, error);

  if (statement == NULL)
    return FALSE;
  /* Those that the statement does not have are refused, and that is no matter. */
  sqlite3_bind_text (statement, 1, step->id, -1, SQLITE_STATIC);
  sqlite3_bind_text (statement, 2, step->json, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 3, step->rev);
  sqlite3_bind_int64 (statement, 4, step->seq);
  sqlite3_bind_text (statement, 5, step->people, -1, SQLITE_STATIC);
  return kl_database_execute (database, statement, error);
}

static gboolean
write_step (KlDatabase *database, const Step *step, GError **error)
{
  switch (step->kind)
    {
    case STEP_RESET:
      return run_step (database, "DELETE FROM messages", step, error)
             && run_step (database, "DELETE FROM groups", step, error);
    case STEP_RESET_GROUP:
      return run_step (database, "DELETE FROM messages WHERE grp = ?1", step, error);
    case STEP_REMOVE_GROUP:
      return run_step (database, "DELETE FROM messages WHERE grp = ?1", step, error)
             && run_step (database, "DELETE FROM groups WHERE id = ?1", step, error);
    case STEP_EPOCH:
      return run_step (database, "INSERT OR REPLACE INTO meta (key, value) VALUES ('epoch', ?1)", step, error);
    case STEP_MESSAGE:
      return run_step (database,
                       "INSERT INTO messages (grp, seq, rev, people, json) VALUES (?1, ?4, ?3, ?5, ?2)"
                       " ON CONFLICT (grp, seq) DO UPDATE SET rev = ?3, people = ?5, json = ?2 WHERE ?3 > rev",
                       step, error);
    case STEP_USER:
      return run_step (database, "INSERT OR REPLACE INTO users (id, json) VALUES (?1, ?2)", step, error);
    case STEP_GROUP_JSON:
      return run_step (database,
                       "INSERT INTO groups (id, rev, json) VALUES (?1, max (?3, 0), ?2)"
                       " ON CONFLICT (id) DO UPDATE SET json = ?2, rev = iif (?3 < 0, rev, ?3)",
                       step, error);
    case STEP_GROUP_REV:
      return run_step (database, "INSERT INTO groups (id, rev) VALUES (?1, ?3) ON CONFLICT (id) DO UPDATE SET rev = ?3",
                       step, error);
    default:
      g_return_val_if_reached (FALSE);
    }
}

static gboolean
write_change (KlDatabase *database, gpointer data, GError **error)
{
  KlCacheChange *change = data;

  for (guint i = 0; i < change->steps->len; i++)
    if (!write_step (database, &g_array_index (change->steps, Step, i), error))
      return FALSE;
  return TRUE;
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (kl_database_run_finish (KL_DATABASE (source), result, &error) == NULL)
    g_info ("not remembered: %s", error->message);
}

void
kl_cache_write (KlCache *self, KlCacheChange *change)
{
  g_return_if_fail (KL_IS_CACHE (self));

  if (change->steps->len == 0)
    {
      kl_cache_change_free (change);
      return;
    }
  kl_database_run_async (self->database, write_change, change, (GDestroyNotify) kl_cache_change_free, on_written, NULL);
}

/* ── Object ── */

void
kl_cache_close_async (KlCache *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_CACHE (self));
  kl_database_close_async (self->database, callback, user_data);
}

gboolean
kl_cache_close_finish (KlCache *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (KL_IS_CACHE (self), FALSE);
  return kl_database_close_finish (self->database, result, error);
}

static void
kl_cache_dispose (GObject *object)
{
  g_clear_object (&KL_CACHE (object)->database);
  G_OBJECT_CLASS (kl_cache_parent_class)->dispose (object);
}

static void
kl_cache_class_init (KlCacheClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_cache_dispose;
}

static void
kl_cache_init (KlCache *self)
{
}

KlCache *
kl_cache_new (const char *path)
{
  KlCache *self = g_object_new (KL_TYPE_CACHE, NULL);

  self->database = kl_database_new (path, migrations, KL_DATABASE_REBUILD);
  return self;
}
