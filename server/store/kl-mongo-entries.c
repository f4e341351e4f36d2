/* SPDX-License-Identifier: GPL-3.0-or-later */
/* By ranges of keys, which an index answers. FerretDB looks through all documents for a range, and ten times faster for
 * one key: there, where only a few entries are expected, they are followed key by key. */
#include "server/store/kl-mongo-entries.h"

#include "server/store/kl-mongo-rows.h"

/* How many keys are tried before all is looked through. */
#define MAX_STEPS 5

/* NULL with no error where no entry begins there. */
static bson_t *
find_entry (KlMongo *db, const char *group, gint64 rev, GError **error)
{
  g_autofree char *key = kl_mongo_key (group, rev);

  return kl_mongo_find_one (db, KL_MONGO_CHANGES, BCON_NEW ("_id", BCON_UTF8 (key)), NULL, error);
}

static bson_t *
find_holder (KlMongo *db, const char *group, gint64 rev, GError **error)
{
  for (gint64 first = rev; first > MAX (rev - KL_STORE_DEED_CHANGES, 0); first--)
    {
      g_autoptr (bson_t) entry = find_entry (db, group, first, error);

      if (!entry && *error)
        return NULL;
      if (entry)
        return kl_mongo_entry_last (entry) >= rev ? g_steal_pointer (&entry) : NULL;
    }

  return NULL;
}

/* Follows the log from the entry that holds REV. *IS_END where it got there. */
static GPtrArray *
follow (KlMongo *db, const char *group, gint64 rev, gboolean *is_end, GError **error)
{
  GPtrArray *entries = g_ptr_array_new_with_free_func ((GDestroyNotify) bson_destroy);
  bson_t *entry = find_holder (db, group, rev, error);

  *is_end = FALSE;
  while (entry)
    {
      g_ptr_array_add (entries, entry);
      if (entries->len > MAX_STEPS)
        return entries;
      entry = find_entry (db, group, kl_mongo_entry_last (entry) + 1, error);
    }
  if (*error)
    g_clear_pointer (&entries, g_ptr_array_unref);
  *is_end = entries && entries->len > 0;

  return entries;
}

bson_t *
kl_mongo_find_base (KlMongo *db, const char *group, gint64 rev, GError **error)
{
  if (kl_mongo_memory_scans (db->memory))
    return find_holder (db, group, rev, error);

  return kl_mongo_find_head (db, group, error);
}

bson_t *
kl_mongo_find_head (KlMongo *db, const char *group, GError **error)
{
  gint64 known = kl_mongo_memory_scans (db->memory) ? kl_mongo_memory_get_rev (db->memory, group) : 0;
  gboolean is_end;

  if (known > 0)
    {
      g_autoptr (GPtrArray) entries = follow (db, group, known, &is_end, error);

      if (!entries)
        return NULL;
      if (is_end)
        return g_ptr_array_steal_index (entries, entries->len - 1);
    }

  return kl_mongo_find_one (db, KL_MONGO_CHANGES, kl_mongo_filter_since ("_id", group, 0),
                            BCON_NEW ("sort", "{", "_id", BCON_INT32 (-1), "}"), error);
}

GPtrArray *
kl_mongo_find_entries (KlMongo *db, const char *group, gint64 rev, gint64 limit, GError **error)
{
  gboolean is_end;

  if (rev > 0 && limit > MAX_STEPS && kl_mongo_memory_scans (db->memory))
    {
      GPtrArray *entries = follow (db, group, rev, &is_end, error);

      if (!entries || is_end)
        return entries;
      g_ptr_array_unref (entries);
    }

  return kl_mongo_find (db, KL_MONGO_CHANGES, kl_mongo_filter_since ("_id", group, rev + 1 - KL_STORE_DEED_CHANGES),
                        BCON_NEW ("sort", "{", "_id", BCON_INT32 (1), "}", "limit", BCON_INT64 (limit)), error);
}
