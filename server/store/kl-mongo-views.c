/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything here may be done twice, by several nodes at once, and by one that slept meanwhile. So members are rows of
 * one rev each, which are only inserted, and of which the newest counts; older ones are removed afterwards. The group's
 * own document is changed only where it is not further than what one has to say. */
#include "server/store/kl-mongo-views.h"

#include "server/store/kl-mongo-rows.h"

char *
kl_mongo_dup_user_name (KlMongo *db, const char *user, GError **error)
{
  char *name = kl_mongo_memory_dup_name (db->memory, user);
  g_autoptr (bson_t) doc = NULL;

  if (name)
    return name;
  doc = kl_mongo_find_one (db, KL_MONGO_USERS, BCON_NEW ("_id", BCON_UTF8 (user)), NULL, error);
  if (!doc)
    return NULL;
  name = kl_mongo_dup_string (doc, "name");
  kl_mongo_memory_add_name (db->memory, user, name);

  return name;
}

/* ── Members ── */

/* The newest row below REV; *NEWER where there is one at or above it. */
static gboolean
find_older_row (KlMongo *db, const char *group, const char *user, gint64 rev, bson_t **older, gboolean *newer,
                GError **error)
{
  g_autoptr (GPtrArray) rows
      = kl_mongo_find (db, KL_MONGO_MEMBERS, BCON_NEW ("u", BCON_UTF8 (user), "g", BCON_UTF8 (group)), NULL, error);
  const bson_t *best = NULL;

  if (!rows)
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    {
      const bson_t *row = g_ptr_array_index (rows, i);
      gint64 its_rev = kl_mongo_int (row, "rev");

      if (its_rev >= rev)
        *newer = TRUE;
      else if (!best || its_rev > kl_mongo_int (best, "rev"))
        best = row;
    }
  *older = best ? bson_copy (best) : NULL;

  return TRUE;
}

/* `mr` names the change that set the marks; what the person did since is in the collection of marks under this name. */
static void
append_marks (bson_t *row, const KlStoreChange *setting, const bson_t *older)
{
  BSON_APPEND_INT64 (row, "mr", setting ? setting->rev : older ? kl_mongo_int (older, "mr") : 0);
  BSON_APPEND_INT64 (row, "ms", setting ? setting->member->read_seq : older ? kl_mongo_int (older, "ms") : 0);
  BSON_APPEND_INT64 (row, "mn", setting ? (int) setting->member->notify : older ? kl_mongo_int (older, "mn") : 0);
  BSON_APPEND_BOOL (row, "mp", setting ? setting->member->pinned : older ? kl_mongo_bool (older, "mp") : false);
}

static gboolean
put_member (KlMongo *db, const char *group, const KlStoreChange *change, const KlStoreChange *setting, GError **error)
{
  const KlStoreMember *member = change->member;
  g_autofree char *name = kl_mongo_dup_user_name (db, member->user, error);
  g_autofree char *key = g_strdup_printf ("%s:%s:%010" G_GINT64_MODIFIER "x", group, member->user, change->rev);
  g_autoptr (bson_t) older = NULL;
  gboolean newer = FALSE;
  bson_t *row;

  if ((!name && *error) || !find_older_row (db, group, member->user, change->rev, &older, &newer, error))
    return FALSE;
  if (!newer)
    {
      row = BCON_NEW ("_id", BCON_UTF8 (key), "g", BCON_UTF8 (group), "u", BCON_UTF8 (member->user), "name",
                      BCON_UTF8 (name ? name : ""), "rev", BCON_INT64 (change->rev), "role",
                      BCON_INT32 ((int32_t) member->role), "joined", BCON_INT64 (member->joined_at));
      append_marks (row, setting, older);
      if (kl_mongo_insert (db, KL_MONGO_MEMBERS, row, error) == KL_MONGO_UNKNOWN)
        return FALSE;
    }

  return !older
         || kl_mongo_delete_many (db, KL_MONGO_MEMBERS,
                                  BCON_NEW ("u", BCON_UTF8 (member->user), "g", BCON_UTF8 (group), "rev", "{", "$lt",
                                            BCON_INT64 (change->rev), "}"),
                                  NULL, error);
}

static gboolean
put_ban (KlMongo *db, const char *group, const KlStoreChange *change, GError **error)
{
  g_autofree char *key = g_strdup_printf ("%s:%s:%010" G_GINT64_MODIFIER "x", group, change->member->user, change->rev);

  /* A ban that was lifted keeps its document, so it does not come back. */
  return kl_mongo_insert (db, KL_MONGO_BANS,
                          BCON_NEW ("_id", BCON_UTF8 (key), "g", BCON_UTF8 (group), "u",
                                    BCON_UTF8 (change->member->user), "by",
                                    BCON_UTF8 (change->actor ? change->actor : ""), "at", BCON_INT64 (change->time)),
                          error)
         != KL_MONGO_UNKNOWN;
}

static gboolean
put_members (KlMongo *db, const char *group, const GArray *changes, GError **error)
{
  g_autoptr (GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = changes->len; i > 0; i--)
    {
      const KlStoreChange *change = &g_array_index (changes, KlStoreChange, i - 1), *setting = NULL;

      if (change->kind != KL_CHANGE_MEMBER)
        continue;
      if (change->bans && !put_ban (db, group, change, error))
        return FALSE;
      if (!g_hash_table_add (done, change->member->user))
        continue;
      for (guint n = i; n > 0 && !setting; n--)
        {
          const KlStoreChange *other = &g_array_index (changes, KlStoreChange, n - 1);

          if (other->sets_marks && g_str_equal (other->member->user, change->member->user))
            setting = other;
        }
      if (!put_member (db, group, change, setting, error))
        return FALSE;
    }

  return TRUE;
}

/* ── The group's document ── */

void
kl_mongo_append_view (bson_t *doc, const KlStoreGroup *state, gint64 state_rev, gint64 n_members, gint64 to)
{
  BSON_APPEND_INT64 (doc, "v", to);
  BSON_APPEND_INT64 (doc, "n", n_members);
  if (state)
    {
      g_autofree char *folded = kl_mongo_fold_group (state);

      BSON_APPEND_INT64 (doc, "rev", state_rev);
      kl_mongo_append_group (doc, state);
      BSON_APPEND_UTF8 (doc, "folded", folded);
    }
}

static gboolean
put_group (KlMongo *db, const char *group, const GArray *changes, gint64 known, gint64 to, GError **error)
{
  gint64 n_members = kl_mongo_count (db, KL_MONGO_MEMBERS,
                                     BCON_NEW ("g", BCON_UTF8 (group), "role", "{", "$gt", BCON_INT32 (0), "}"), error);
  const KlStoreChange *last = NULL;
  KlMongoInsert outcome;
  bson_t *update, set, unset;

  if (n_members < 0)
    return FALSE;
  for (guint i = 0; i < changes->len; i++)
    if (g_array_index (changes, KlStoreChange, i).group)
      last = &g_array_index (changes, KlStoreChange, i);

  if (known == 0 && last)
    {
      bson_t *doc = BCON_NEW ("_id", BCON_UTF8 (group));

      kl_mongo_append_view (doc, last->group, last->rev, n_members, to);
      outcome = kl_mongo_insert (db, KL_MONGO_GROUPS, doc, error);
      if (outcome != KL_MONGO_DUPLICATE)
        return outcome == KL_MONGO_INSERTED;
    }

  update = bson_new ();
  BSON_APPEND_DOCUMENT_BEGIN (update, "$set", &set);
  kl_mongo_append_view (&set, last ? last->group : NULL, last ? last->rev : 0, n_members, to);
  bson_append_document_end (update, &set);
  if (last && (!last->group->avatar || !last->group->emoji))
    {
      BSON_APPEND_DOCUMENT_BEGIN (update, "$unset", &unset);
      if (!last->group->avatar)
        BSON_APPEND_UTF8 (&unset, "avatar", "");
      if (!last->group->emoji)
        BSON_APPEND_UTF8 (&unset, "emoji", "");
      bson_append_document_end (update, &unset);
    }

  return kl_mongo_update (
      db, KL_MONGO_GROUPS,
      BCON_NEW ("_id", BCON_UTF8 (group), "v", "{", "$gte", BCON_INT64 (known), "$lt", BCON_INT64 (to), "}"), update,
      NULL, error);
}

/* ── Catching up ── */

static gboolean
read_view (KlMongo *db, const char *group, gint64 *known, bson_t **view, GError **error)
{
  g_autoptr (bson_t) doc = kl_mongo_find_one (db, KL_MONGO_GROUPS, BCON_NEW ("_id", BCON_UTF8 (group)), NULL, error);

  if (!doc && *error)
    return FALSE;
  *known = doc ? kl_mongo_int (doc, "v") : 0;
  if (view)
    *view = g_steal_pointer (&doc);

  return TRUE;
}

static gboolean
apply_log (KlMongo *db, const char *group, gint64 known, GError **error)
{
  g_autoptr (GPtrArray) entries
      = kl_mongo_find (db, KL_MONGO_CHANGES, kl_mongo_filter_since ("mg", group, known + 1 - KL_STORE_DEED_CHANGES),
                       BCON_NEW ("sort", "{", "mg", BCON_INT32 (1), "}"), error);
  g_autoptr (GArray) changes = NULL;
  gint64 to = known;

  if (!entries)
    return FALSE;
  changes = kl_mongo_changes_new ();
  for (guint i = 0; i < entries->len; i++)
    {
      const bson_t *entry = g_ptr_array_index (entries, i);

      if (kl_mongo_entry_last (entry) <= known)
        continue;
      to = kl_mongo_entry_last (entry);
      kl_mongo_read_entry (entry, changes);
    }
  if (to == known)
    return TRUE;

  return put_members (db, group, changes, error) && put_group (db, group, changes, known, to, error);
}

gboolean
kl_mongo_views_apply (KlMongo *db, const char *group, const GArray *changes, gint64 since, gint64 to, GError **error)
{
  gint64 known = 0;

  /* A group that has just been made has no view. */
  if (since > 0 && !read_view (db, group, &known, NULL, error))
    return FALSE;
  if (known >= to)
    return TRUE;
  if (known < since)
    return apply_log (db, group, known, error);

  return put_members (db, group, changes, error) && put_group (db, group, changes, known, to, error);
}

gboolean
kl_mongo_views_catch_up (KlMongo *db, const char *group, gint64 meta, bson_t **view, GError **error)
{
  gint64 known;

  if (!read_view (db, group, &known, view, error))
    return FALSE;
  if (known >= meta)
    return TRUE;
  if (view)
    g_clear_pointer (view, bson_destroy);

  return apply_log (db, group, known, error) && (!view || read_view (db, group, &known, view, error));
}
