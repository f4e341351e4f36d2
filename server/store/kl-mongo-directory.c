/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What concerns many groups at once: the directory, totals, and which have moved. */
#include <string.h>

#include "protocol/kl-text.h"
#include "server/store/kl-mongo-entries.h"
#include "server/store/kl-mongo-groups.h"
#include "server/store/kl-mongo-rows.h"

/* What carries a time of the server becomes visible a little later than others of a later time. */
#define SWEEP_BACK_SECONDS 5

/* ── Heads ── */

/* FerretDB would read the whole log for each; it is read once instead. group (lent) → KlMongoHead. */
static gboolean
scan_heads (KlMongo *db, GHashTable *heads, GError **error)
{
  g_autoptr (GPtrArray) entries
      = kl_mongo_find (db, KL_MONGO_CHANGES, bson_new (),
                       BCON_NEW ("projection", "{", "g", BCON_INT32 (1), "e", BCON_INT32 (1), "hq", BCON_INT32 (1),
                                 "hm", BCON_INT32 (1), "u", BCON_INT32 (1), "}"),
                       error);

  if (!entries)
    return FALSE;
  for (guint i = 0; i < entries->len; i++)
    {
      const bson_t *entry = g_ptr_array_index (entries, i);
      KlMongoHead *head = g_hash_table_lookup (heads, kl_mongo_string (entry, "g"));

      if (head && head->rev < kl_mongo_entry_last (entry))
        kl_mongo_read_head (entry, head);
    }

  return TRUE;
}

static gboolean
ask_heads (KlMongo *db, GHashTable *heads, GError **error)
{
  GHashTableIter iter;
  gpointer group, head;

  g_hash_table_iter_init (&iter, heads);
  while (g_hash_table_iter_next (&iter, &group, &head))
    {
      g_autoptr (bson_t) entry = kl_mongo_find_head (db, group, error);

      if (!entry && *error)
        return FALSE;
      if (entry)
        kl_mongo_read_head (entry, head);
    }

  return TRUE;
}

/* For the groups whose documents these are: group (lent by them) → KlMongoHead. */
static GHashTable *
find_heads (KlMongo *db, GPtrArray *views, GError **error)
{
  g_autoptr (GHashTable) heads = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  for (guint i = 0; i < views->len; i++)
    g_hash_table_insert (heads, (gpointer) kl_mongo_string (g_ptr_array_index (views, i), "_id"),
                         g_new0 (KlMongoHead, 1));
  if (views->len > 0
      && !(kl_mongo_memory_scans (db->memory) ? scan_heads (db, heads, error) : ask_heads (db, heads, error)))
    return NULL;

  return g_steal_pointer (&heads);
}

/* ── The directory ── */

static bson_t *
filter_directory (const KlStoreJob *job, const char *query)
{
  gboolean all = job->number[0] != 0;
  bson_t *filter = bson_new ();

  if (!all)
    BSON_APPEND_INT32 (filter, "vis", KL_VISIBILITY_PUBLIC);
  BSON_APPEND_BOOL (filter, "del", false);
  if (query)
    {
      g_autofree char *pattern = g_regex_escape_string (query, -1);

      BSON_APPEND_REGEX (filter, "folded", pattern, "");
    }
  if (job->text[1])
    BCON_APPEND (filter, "$or", "[", "{", "n", "{", "$lt", BCON_INT64 (job->number[1]), "}", "}", "{", "n",
                 BCON_INT64 (job->number[1]), "_id", "{", "$gt", BCON_UTF8 (job->text[1]), "}", "}", "]");

  return filter;
}

gboolean
kl_mongo_list_groups (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) listings = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_listing_free);
  g_autofree char *query = job->text[0] ? kl_text_fold (job->text[0], -1) : NULL;
  g_autoptr (GPtrArray) views = NULL;
  g_autoptr (GHashTable) heads = NULL;

  views = kl_mongo_find (
      db, KL_MONGO_GROUPS, filter_directory (job, query),
      BCON_NEW ("sort", "{", "n", BCON_INT32 (-1), "_id", BCON_INT32 (1), "}", "limit", BCON_INT64 (job->number[2])),
      &job->error);
  if (!views)
    return FALSE;
  heads = find_heads (db, views, &job->error);
  if (!heads)
    return FALSE;
  for (guint i = 0; i < views->len; i++)
    {
      const bson_t *view = g_ptr_array_index (views, i);
      const char *id = kl_mongo_string (view, "_id");
      KlStoreListing *listing = kl_store_listing_new ();

      listing->group = kl_mongo_read_group (view, id, kl_mongo_int (view, "rev"));
      listing->rev = ((KlMongoHead *) g_hash_table_lookup (heads, id))->rev;
      listing->members = kl_mongo_int (view, "n");
      g_ptr_array_add (listings, listing);
    }

  return kl_store_job_give (job, g_steal_pointer (&listings), (GDestroyNotify) g_ptr_array_unref);
}

gboolean
kl_mongo_get_totals (KlMongo *db, KlStoreJob *job)
{
  gint64 n_users = kl_mongo_count (db, KL_MONGO_USERS, bson_new (), &job->error);
  g_autoptr (GPtrArray) views = NULL;
  g_autoptr (GHashTable) heads = NULL;
  KlStoreTotals *totals;
  GHashTableIter iter;
  gpointer head;

  if (n_users < 0)
    return FALSE;
  views = kl_mongo_find (db, KL_MONGO_GROUPS, BCON_NEW ("del", BCON_BOOL (false)),
                         BCON_NEW ("projection", "{", "_id", BCON_INT32 (1), "}"), &job->error);
  if (!views)
    return FALSE;
  heads = find_heads (db, views, &job->error);
  if (!heads)
    return FALSE;

  totals = g_new0 (KlStoreTotals, 1);
  totals->users = n_users;
  totals->groups = views->len;
  g_hash_table_iter_init (&iter, heads);
  while (g_hash_table_iter_next (&iter, NULL, &head))
    totals->messages += ((KlMongoHead *) head)->seq;

  return kl_store_job_give (job, totals, g_free);
}

/* ── What has moved ── */

struct _KlMongoSweep
{
  gatomicrefcount ref_count;
  gboolean begun;
  guint32 seconds;   /* of the newest entry that was seen, by the server's clock */
  GHashTable *heads; /* group → Told */
};

typedef struct
{
  gint64 rev;
  guint32 seconds;
} Told;

KlMongoSweep *
kl_mongo_sweep_new (void)
{
  KlMongoSweep *self = g_new0 (KlMongoSweep, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->heads = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  return self;
}

KlMongoSweep *
kl_mongo_sweep_ref (KlMongoSweep *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
kl_mongo_sweep_unref (KlMongoSweep *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_hash_table_unref (self->heads);
  g_free (self);
}

static guint32
get_seconds (const bson_t *entry)
{
  uint32_t seconds = 0, increment;
  bson_iter_t iter;

  if (bson_iter_init_find (&iter, entry, "ts") && BSON_ITER_HOLDS_TIMESTAMP (&iter))
    bson_iter_timestamp (&iter, &seconds, &increment);

  return seconds;
}

static void
add_users (KlStoreHead *head, const bson_t *entry)
{
  bson_iter_t iter;
  bson_t users;

  if (!kl_mongo_sub (entry, "u", &users) || !bson_iter_init (&iter, &users))
    return;
  if (!head->users)
    head->users = g_ptr_array_new_with_free_func (g_free);
  while (bson_iter_next (&iter))
    if (BSON_ITER_HOLDS_UTF8 (&iter)
        && !g_ptr_array_find_with_equal_func (head->users, bson_iter_utf8 (&iter, NULL), g_str_equal, NULL))
      g_ptr_array_add (head->users, g_strdup (bson_iter_utf8 (&iter, NULL)));
}

struct _KlMongoMoved
{
  GPtrArray *heads; /* KlStoreHead */
  guint32 seconds;
};

static void
free_moved (KlMongoMoved *self)
{
  g_clear_pointer (&self->heads, g_ptr_array_unref);
  g_free (self);
}

/* What of the entries was not told yet. */
static KlMongoMoved *
collect_moved (const KlMongoSweep *self, GPtrArray *entries)
{
  g_autoptr (GHashTable) by_group = g_hash_table_new (g_str_hash, g_str_equal);
  KlMongoMoved *moved = g_new0 (KlMongoMoved, 1);

  moved->heads = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_head_free);
  moved->seconds = self->seconds;
  for (guint i = 0; i < entries->len; i++)
    {
      const bson_t *entry = g_ptr_array_index (entries, i);
      const char *group = kl_mongo_string (entry, "g");
      const Told *known = group ? g_hash_table_lookup (self->heads, group) : NULL;
      KlStoreHead *head;

      moved->seconds = MAX (moved->seconds, get_seconds (entry));
      if (!group || (known && known->rev >= kl_mongo_entry_last (entry)))
        continue;
      head = g_hash_table_lookup (by_group, group);
      if (!head)
        {
          head = kl_store_head_new (group, 0);
          g_hash_table_insert (by_group, head->group, head);
          g_ptr_array_add (moved->heads, head);
        }
      head->rev = MAX (head->rev, kl_mongo_entry_last (entry));
      add_users (head, entry);
    }

  return moved;
}

GPtrArray *
kl_mongo_sweep_tell (KlMongoSweep *self, KlMongoMoved *moved)
{
  GPtrArray *heads = g_steal_pointer (&moved->heads);
  GHashTableIter iter;
  gpointer told;

  self->seconds = moved->seconds;
  free_moved (moved);
  for (guint i = 0; i < heads->len; i++)
    {
      const KlStoreHead *head = g_ptr_array_index (heads, i);
      Told *now = g_new (Told, 1);

      now->rev = head->rev;
      now->seconds = self->seconds;
      g_hash_table_replace (self->heads, g_strdup (head->group), now);
    }
  /* What no later look can find again need not be remembered. */
  g_hash_table_iter_init (&iter, self->heads);
  while (self->seconds > 0 && g_hash_table_iter_next (&iter, NULL, &told))
    if (((Told *) told)->seconds + 3 * SWEEP_BACK_SECONDS < self->seconds)
      g_hash_table_iter_remove (&iter);

  /* The first look only begins. */
  if (!self->begun)
    g_ptr_array_set_size (heads, 0);
  self->begun = TRUE;

  return heads;
}

static bson_t *
project_moved (void)
{
  return BCON_NEW ("projection", "{", "g", BCON_INT32 (1), "e", BCON_INT32 (1), "u", BCON_INT32 (1), "ts",
                   BCON_INT32 (1), "}");
}

/* Where the server has no clock for entries the whole log is looked at. */
static GPtrArray *
find_recent (KlMongo *db, KlMongoSweep *self, GError **error)
{
  guint32 from = self->seconds > SWEEP_BACK_SECONDS ? self->seconds - SWEEP_BACK_SECONDS : 0;
  GPtrArray *entries;
  bson_t *newest;

  if (!kl_mongo_memory_stamps (db->memory))
    return kl_mongo_find (db, KL_MONGO_CHANGES, bson_new (), project_moved (), error);
  if (self->begun)
    return kl_mongo_find (db, KL_MONGO_CHANGES, BCON_NEW ("ts", "{", "$gt", BCON_TIMESTAMP (from, 0), "}"),
                          project_moved (), error);

  newest = kl_mongo_find_one (db, KL_MONGO_CHANGES, bson_new (), BCON_NEW ("sort", "{", "ts", BCON_INT32 (-1), "}"),
                              error);
  if (!newest && *error)
    return NULL;
  entries = g_ptr_array_new_with_free_func ((GDestroyNotify) bson_destroy);
  if (newest)
    g_ptr_array_add (entries, newest);

  return entries;
}

gboolean
kl_mongo_get_moved (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) entries = find_recent (db, job->object, &job->error);

  return entries && kl_store_job_give (job, collect_moved (job->object, entries), (GDestroyNotify) free_moved);
}
