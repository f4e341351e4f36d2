/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-mongo-tidy.h"

#include "server/store/kl-mongo-entries.h"
#include "server/store/kl-mongo-rows.h"

/* So that no command takes long. */
#define PURGE_REVS 2000

/* ── Superseded messages ── */

bson_t *
kl_mongo_filter_messages (const char *group, const GArray *seqs)
{
  bson_t *filter = BCON_NEW ("g", BCON_UTF8 (group)), s;
  bson_array_builder_t *in;

  BSON_APPEND_DOCUMENT_BEGIN (filter, "s", &s);
  BSON_APPEND_ARRAY_BUILDER_BEGIN (&s, "$in", &in);
  for (guint i = 0; i < seqs->len; i++)
    bson_array_builder_append_int64 (in, g_array_index (seqs, gint64, i));
  bson_append_array_builder_end (&s, in);
  bson_append_document_end (filter, &s);

  return filter;
}

/* text[0]: the group; object: the seqs. */
static gboolean
tidy (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) entries = NULL, old = g_ptr_array_new ();
  g_autoptr (GHashTable) newest = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  entries = kl_mongo_find (db, KL_MONGO_CHANGES, kl_mongo_filter_messages (job->text[0], job->object),
                           BCON_NEW ("projection", "{", "s", BCON_INT32 (1), "r", BCON_INT32 (1), "e", BCON_INT32 (1),
                                     "}", "sort", "{", "_id", BCON_INT32 (-1), "}"),
                           &job->error);
  if (!entries)
    return FALSE;

  for (guint i = 0; i < entries->len; i++)
    {
      const bson_t *entry = g_ptr_array_index (entries, i);
      gint64 *seq = g_new (gint64, 1);

      *seq = kl_mongo_int (entry, "s");
      if (!g_hash_table_add (newest, seq) && kl_mongo_entry_first (entry) == kl_mongo_entry_last (entry))
        g_ptr_array_add (old, (gpointer) kl_mongo_string (entry, "_id"));
    }
  if (old->len == 0)
    return TRUE;

  return kl_mongo_update_many (
      db, KL_MONGO_CHANGES, kl_mongo_filter_in ("_id", old),
      BCON_NEW ("$unset", "{", "c0", BCON_UTF8 (""), "s", BCON_UTF8 (""), "i", BCON_UTF8 (""), "}"), &job->error);
}

void
kl_mongo_tidy_later (KlStoreJob *job, const char *group, const GArray *seqs)
{
  KlStoreJob *chore = kl_mongo_job_add_chore (job, tidy);

  chore->text[0] = g_strdup (group);
  chore->object = g_array_copy ((GArray *) seqs);
  chore->object_free = (GDestroyNotify) g_array_unref;
}

/* ── Deleted groups ── */

static gboolean
unset_states (KlMongo *db, const char *group, gint64 from, gint64 to, GError **error)
{
  g_autofree char *first = kl_mongo_key (group, from), *last = kl_mongo_key (group, to);

  return kl_mongo_update_many (
      db, KL_MONGO_CHANGES, BCON_NEW ("_id", "{", "$gte", BCON_UTF8 (first), "$lt", BCON_UTF8 (last), "}"),
      BCON_NEW ("$unset", "{", "c0", BCON_UTF8 (""), "c1", BCON_UTF8 (""), "c2", BCON_UTF8 (""), "c3", BCON_UTF8 (""),
                "s", BCON_UTF8 (""), "i", BCON_UTF8 (""), "u", BCON_UTF8 (""), "}"),
      error);
}

static gboolean
purge (KlMongo *db, const char *group, GError **error)
{
  g_autoptr (bson_t) head = kl_mongo_find_head (db, group, error);
  gint64 last;

  if (!head)
    return *error == NULL;
  if (!kl_mongo_bool (head, "hd"))
    return TRUE;
  /* The last entry stays: it says that the group is deleted. So do all keys and ops. */
  last = kl_mongo_entry_first (head);
  for (gint64 rev = 1; rev < last; rev += PURGE_REVS)
    if (!unset_states (db, group, rev, MIN (rev + PURGE_REVS, last), error))
      return FALSE;

  return kl_mongo_delete_many (db, KL_MONGO_MARKS, BCON_NEW ("g", BCON_UTF8 (group)), NULL, error)
         && kl_mongo_delete_many (db, KL_MONGO_BANS, BCON_NEW ("g", BCON_UTF8 (group)), NULL, error)
         && kl_mongo_update (db, KL_MONGO_GROUPS, BCON_NEW ("_id", BCON_UTF8 (group)),
                             BCON_NEW ("$set", "{", "purged", BCON_BOOL (true), "}"), NULL, error);
}

gboolean
kl_mongo_purge (KlMongo *db, KlStoreJob *job)
{
  return purge (db, job->text[0], &job->error);
}

gboolean
kl_mongo_purge_all (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) groups = kl_mongo_find (
      db, KL_MONGO_GROUPS, BCON_NEW ("del", BCON_BOOL (true), "purged", "{", "$exists", BCON_BOOL (false), "}"), NULL,
      &job->error);

  if (!groups)
    return FALSE;
  for (guint i = 0; i < groups->len; i++)
    if (!purge (db, kl_mongo_string (g_ptr_array_index (groups, i), "_id"), &job->error))
      return FALSE;

  return TRUE;
}
