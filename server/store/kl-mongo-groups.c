/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-mongo-groups.h"

#include <string.h>

#include "protocol/kl-id.h"
#include "protocol/kl-text.h"
#include "server/store/kl-mongo-entries.h"
#include "server/store/kl-mongo-log.h"
#include "server/store/kl-mongo-rows.h"
#include "server/store/kl-mongo-views.h"

/* How many rows are looked through at once for a query. */
#define MEMBERS_PAGE 200
/* How much may come into a group while it is read. */
#define TAIL_LIMIT 500

static gboolean
not_found (KlStoreJob *job)
{
  return kl_store_job_refuse (job, KL_STORE_ERROR_NOT_FOUND, "there is no such object");
}

/* ── Members ── */

static KlStoreMember *
read_row (const bson_t *row)
{
  KlStoreMember *member = kl_store_member_new ();

  member->user = kl_mongo_dup_string (row, "u");
  member->rev = kl_mongo_int (row, "rev");
  member->role = (KlRole) kl_mongo_int (row, "role");
  member->joined_at = kl_mongo_int (row, "joined");
  member->read_seq = kl_mongo_int (row, "ms");
  member->notify = (KlNotify) kl_mongo_int (row, "mn");
  member->pinned = kl_mongo_bool (row, "mp");

  return member;
}

static char *
get_marks_key (const bson_t *row)
{
  return g_strdup_printf ("%s:%s:%010" G_GINT64_MODIFIER "x", kl_mongo_string (row, "g"), kl_mongo_string (row, "u"),
                          kl_mongo_int (row, "mr"));
}

static void
overlay_marks (KlStoreMember *member, const bson_t *marks)
{
  member->read_seq = MAX (member->read_seq, kl_mongo_int (marks, "s"));
  if (bson_has_field (marks, "n"))
    member->notify = (KlNotify) kl_mongo_int (marks, "n");
  if (bson_has_field (marks, "p"))
    member->pinned = kl_mongo_bool (marks, "p");
}

/* By the value of KEY, the row of the highest rev. */
static GHashTable *
pick_newest (GPtrArray *rows, const char *key)
{
  GHashTable *newest = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < rows->len; i++)
    {
      bson_t *row = g_ptr_array_index (rows, i);
      const char *value = kl_mongo_string (row, key);
      const bson_t *known = g_hash_table_lookup (newest, value);

      if (!known || kl_mongo_int (known, "rev") < kl_mongo_int (row, "rev"))
        g_hash_table_replace (newest, (gpointer) value, row);
    }

  return newest;
}

/* NULL with no error where there is none. */
static bson_t *
find_row (KlMongo *db, const char *group, const char *user, GError **error)
{
  g_autoptr (GPtrArray) rows
      = kl_mongo_find (db, KL_MONGO_MEMBERS, BCON_NEW ("u", BCON_UTF8 (user), "g", BCON_UTF8 (group)), NULL, error);
  g_autoptr (GHashTable) newest = rows ? pick_newest (rows, "u") : NULL;
  const bson_t *row = newest ? g_hash_table_lookup (newest, user) : NULL;

  return row ? bson_copy (row) : NULL;
}

gboolean
kl_mongo_get_member (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (bson_t) row = find_row (db, job->text[0], job->text[1], &job->error), marks = NULL;
  g_autofree char *key = NULL;
  KlStoreMember *member;

  if (!row)
    return job->error ? FALSE : not_found (job);
  key = get_marks_key (row);
  marks = kl_mongo_find_one (db, KL_MONGO_MARKS, BCON_NEW ("_id", BCON_UTF8 (key)), NULL, &job->error);
  if (!marks && job->error)
    return FALSE;
  member = read_row (row);
  if (marks)
    overlay_marks (member, marks);

  return kl_store_job_give (job, member, (GDestroyNotify) kl_store_member_unref);
}

gboolean
kl_mongo_set_marks (KlMongo *db, KlStoreJob *job)
{
  const KlStoreMember *marks = job->object;
  KlMarkFields fields = (KlMarkFields) job->number[0];
  g_autoptr (bson_t) row = find_row (db, job->text[0], marks->user, &job->error);
  g_autofree char *key = NULL;
  bson_t *update, set, max;

  if (!row)
    return job->error == NULL;
  key = get_marks_key (row);
  update = bson_new ();
  BSON_APPEND_DOCUMENT_BEGIN (update, "$set", &set);
  BSON_APPEND_UTF8 (&set, "g", job->text[0]);
  if (fields & KL_MARK_NOTIFY)
    BSON_APPEND_INT32 (&set, "n", (int32_t) marks->notify);
  if (fields & KL_MARK_PINNED)
    BSON_APPEND_BOOL (&set, "p", marks->pinned);
  bson_append_document_end (update, &set);
  if (fields & KL_MARK_READ_SEQ)
    {
      BSON_APPEND_DOCUMENT_BEGIN (update, "$max", &max);
      BSON_APPEND_INT64 (&max, "s", marks->read_seq);
      bson_append_document_end (update, &max);
    }

  return kl_mongo_upsert (db, KL_MONGO_MARKS, BCON_NEW ("_id", BCON_UTF8 (key)), update, &job->error);
}

gboolean
kl_mongo_get_memberships (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func (g_free), in = g_ptr_array_new ();
  g_autoptr (GPtrArray) rows = NULL, deleted = NULL;
  g_autoptr (GHashTable) newest = NULL, gone = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer group, row;
  bson_t *filter;

  rows = kl_mongo_find (db, KL_MONGO_MEMBERS, BCON_NEW ("u", BCON_UTF8 (job->text[0])), NULL, &job->error);
  if (!rows)
    return FALSE;
  newest = pick_newest (rows, "g");
  g_hash_table_iter_init (&iter, newest);
  while (g_hash_table_iter_next (&iter, &group, &row))
    if (kl_mongo_int (row, "role") > 0)
      g_ptr_array_add (in, group);
  if (in->len > 0)
    {
      filter = kl_mongo_filter_in ("_id", in);
      BSON_APPEND_BOOL (filter, "del", true);
      deleted = kl_mongo_find (db, KL_MONGO_GROUPS, filter, BCON_NEW ("projection", "{", "_id", BCON_INT32 (1), "}"),
                               &job->error);
      if (!deleted)
        return FALSE;
    }
  for (guint i = 0; deleted && i < deleted->len; i++)
    g_hash_table_add (gone, (gpointer) kl_mongo_string (g_ptr_array_index (deleted, i), "_id"));
  for (guint i = 0; i < in->len; i++)
    if (!g_hash_table_contains (gone, g_ptr_array_index (in, i)))
      g_ptr_array_add (groups, g_strdup (g_ptr_array_index (in, i)));
  g_ptr_array_sort_values (groups, (GCompareFunc) strcmp);

  return kl_store_job_give (job, g_steal_pointer (&groups), (GDestroyNotify) g_ptr_array_unref);
}

/* ── Pages of members ── */

static GHashTable *
find_users (KlMongo *db, GPtrArray *ids, GError **error)
{
  GHashTable *users = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) kl_store_user_unref);
  g_autoptr (GPtrArray) docs = NULL;

  if (ids->len == 0)
    return users;
  docs = kl_mongo_find (db, KL_MONGO_USERS, kl_mongo_filter_in ("_id", ids), NULL, error);
  if (!docs)
    {
      g_hash_table_unref (users);
      return NULL;
    }
  for (guint i = 0; i < docs->len; i++)
    {
      KlStoreUser *user = kl_mongo_read_user (g_ptr_array_index (docs, i));

      g_hash_table_replace (users, user->id, user);
    }

  return users;
}

/* Rows that follow each other by name, of one person the newest first. */
static GPtrArray *
find_rows_by_name (KlMongo *db, const char *group, const char *after, GError **error)
{
  return kl_mongo_find (
      db, KL_MONGO_MEMBERS, BCON_NEW ("g", BCON_UTF8 (group), "name", "{", "$gt", BCON_UTF8 (after), "}"),
      BCON_NEW ("sort", "{", "name", BCON_INT32 (1), "rev", BCON_INT32 (-1), "}", "limit", BCON_INT64 (MEMBERS_PAGE)),
      error);
}

static gboolean
matches (const KlStoreUser *user, const char *query)
{
  g_autofree char *both = NULL, *folded = NULL;

  if (!query)
    return TRUE;
  both = g_strjoin ("\n", user->name, user->display_name, NULL);
  folded = kl_text_fold (both, -1);

  return strstr (folded, query) != NULL;
}

static gboolean
add_rows (KlMongo *db, GPtrArray *rows, const char *query, guint limit, KlStoreMemberPage *page, GError **error)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  g_autoptr (GHashTable) users = NULL;
  const char *last = NULL;

  for (guint i = 0; i < rows->len; i++)
    if (kl_mongo_int (g_ptr_array_index (rows, i), "role") > 0)
      g_ptr_array_add (ids, (gpointer) kl_mongo_string (g_ptr_array_index (rows, i), "u"));
  users = find_users (db, ids, error);
  if (!users)
    return FALSE;
  for (guint i = 0; i < rows->len && page->members->len < limit; i++)
    {
      const bson_t *row = g_ptr_array_index (rows, i);
      const char *id = kl_mongo_string (row, "u");
      KlStoreUser *user = g_hash_table_lookup (users, id);
      gboolean is_older = g_strcmp0 (last, id) == 0;

      last = id;
      if (is_older || kl_mongo_int (row, "role") == 0 || !user || !matches (user, query))
        continue;
      g_ptr_array_add (page->members, read_row (row));
      g_ptr_array_add (page->users, kl_store_user_ref (user));
    }

  return TRUE;
}

static gboolean
overlay_page (KlMongo *db, GPtrArray *rows, KlStoreMemberPage *page, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free), marks = NULL;
  g_autoptr (GHashTable) newest = pick_newest (rows, "u"), by_key = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < page->members->len; i++)
    {
      KlStoreMember *member = g_ptr_array_index (page->members, i);
      const bson_t *row = g_hash_table_lookup (newest, member->user);

      if (!row)
        continue;
      g_ptr_array_add (keys, get_marks_key (row));
      g_hash_table_insert (by_key, g_ptr_array_index (keys, keys->len - 1), member);
    }
  if (keys->len == 0)
    return TRUE;
  marks = kl_mongo_find (db, KL_MONGO_MARKS, kl_mongo_filter_in ("_id", keys), NULL, error);
  if (!marks)
    return FALSE;
  for (guint i = 0; i < marks->len; i++)
    {
      const bson_t *mark = g_ptr_array_index (marks, i);

      overlay_marks (g_hash_table_lookup (by_key, kl_mongo_string (mark, "_id")), mark);
    }

  return TRUE;
}

gboolean
kl_mongo_get_members (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (KlStoreMemberPage) page = kl_store_member_page_new ();
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) bson_destroy);
  g_autofree char *query = job->text[1] ? kl_text_fold (job->text[1], -1) : NULL;
  g_autofree char *after = g_strdup (job->text[2] ? job->text[2] : "");
  guint limit = (guint) job->number[0];
  gboolean more = TRUE;

  while (more && page->members->len < limit)
    {
      g_autoptr (GPtrArray) rows = find_rows_by_name (db, job->text[0], after, &job->error);

      if (!rows || !add_rows (db, rows, query, limit, page, &job->error))
        return FALSE;
      more = rows->len == MEMBERS_PAGE;
      if (rows->len > 0)
        g_set_str (&after, kl_mongo_string (g_ptr_array_index (rows, rows->len - 1), "name"));
      while (rows->len > 0)
        g_ptr_array_add (all, g_ptr_array_steal_index (rows, rows->len - 1));
    }
  if (!overlay_page (db, all, page, &job->error))
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&page), (GDestroyNotify) kl_store_member_page_free);
}

/* ── Bans ── */

static int
compare_at (gconstpointer a, gconstpointer b)
{
  const KlStoreBan *one = *(const KlStoreBan *const *) a, *other = *(const KlStoreBan *const *) b;

  return (one->at > other->at) - (one->at < other->at);
}

/* One a person: the newest. */
gboolean
kl_mongo_load_bans (KlMongo *db, const char *group, GPtrArray *bans, GError **error)
{
  g_autoptr (GPtrArray) docs = kl_mongo_find (
      db, KL_MONGO_BANS, BCON_NEW ("g", BCON_UTF8 (group), "off", "{", "$exists", BCON_BOOL (false), "}"), NULL, error);
  g_autoptr (GHashTable) by_user = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer doc;

  if (!docs)
    return FALSE;
  for (guint i = 0; i < docs->len; i++)
    {
      const bson_t *ban = g_ptr_array_index (docs, i), *known;

      known = g_hash_table_lookup (by_user, kl_mongo_string (ban, "u"));
      if (!known || kl_mongo_int (known, "at") < kl_mongo_int (ban, "at"))
        g_hash_table_replace (by_user, (gpointer) kl_mongo_string (ban, "u"), (gpointer) ban);
    }
  g_hash_table_iter_init (&iter, by_user);
  while (g_hash_table_iter_next (&iter, NULL, &doc))
    g_ptr_array_add (bans, kl_mongo_read_ban (doc));
  g_ptr_array_sort (bans, compare_at);

  return TRUE;
}

gboolean
kl_mongo_set_ban (KlMongo *db, KlStoreJob *job)
{
  const KlStoreBan *ban = job->object;
  g_autofree char *key = NULL;
  g_autoptr (bson_t) head = NULL, view = NULL;
  g_autofree char *name = kl_mongo_dup_user_name (db, ban->user, &job->error);

  if (!name && job->error)
    return FALSE;
  /* A ban that stands in the log and not here yet could not be lifted. */
  head = kl_mongo_find_head (db, job->text[0], &job->error);
  if ((!head && job->error)
      || (head && !kl_mongo_views_catch_up (db, job->text[0], kl_mongo_int (head, "hm"), &view, &job->error)))
    return FALSE;
  if (!name || !view || kl_mongo_bool (view, "del"))
    return not_found (job);
  if (!job->number[0])
    return kl_mongo_update_many (db, KL_MONGO_BANS,
                                 BCON_NEW ("g", BCON_UTF8 (job->text[0]), "u", BCON_UTF8 (ban->user)),
                                 BCON_NEW ("$set", "{", "off", BCON_BOOL (true), "}"), &job->error);

  /* The job's own word, so that a second try is the same ban. */
  if (!job->text[1])
    job->text[1] = kl_id_new_random ();
  key = g_strdup_printf ("%s:%s:%s", job->text[0], ban->user, job->text[1]);

  return kl_mongo_insert (db, KL_MONGO_BANS,
                          BCON_NEW ("_id", BCON_UTF8 (key), "g", BCON_UTF8 (job->text[0]), "u", BCON_UTF8 (ban->user),
                                    "by", BCON_UTF8 (ban->by ? ban->by : ""), "at", BCON_INT64 (ban->at)),
                          &job->error)
         != KL_MONGO_UNKNOWN;
}

/* ── A group as a whole ── */

gboolean
kl_mongo_load_members (KlMongo *db, const char *group, gboolean former, GPtrArray *members, GError **error)
{
  g_autoptr (GPtrArray) rows = kl_mongo_find (db, KL_MONGO_MEMBERS, BCON_NEW ("g", BCON_UTF8 (group)), NULL, error);
  g_autoptr (GPtrArray) marks = NULL;
  g_autoptr (GHashTable) newest = NULL, by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer row;

  if (!rows)
    return FALSE;
  marks = kl_mongo_find (db, KL_MONGO_MARKS, BCON_NEW ("g", BCON_UTF8 (group)), NULL, error);
  if (!marks)
    return FALSE;
  newest = pick_newest (rows, "u");
  g_hash_table_iter_init (&iter, newest);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    {
      KlStoreMember *member;

      if (kl_mongo_int (row, "role") == 0 && !former)
        continue;
      member = read_row (row);
      g_ptr_array_add (members, member);
      g_hash_table_insert (by_key, get_marks_key (row), member);
    }
  for (guint i = 0; i < marks->len; i++)
    {
      const bson_t *mark = g_ptr_array_index (marks, i);
      KlStoreMember *member = g_hash_table_lookup (by_key, kl_mongo_string (mark, "_id"));

      if (member)
        overlay_marks (member, mark);
    }

  return TRUE;
}

/* Mostly it is in the head's entry. */
static gboolean
load_last_message (KlMongo *db, KlStoreLoaded *loaded, const char *id, const bson_t *entry, gint64 seq, GError **error)
{
  g_autoptr (GArray) changes = kl_mongo_changes_new ();
  g_autoptr (GPtrArray) messages = NULL;

  if (seq == 0)
    return TRUE;
  kl_mongo_read_entry (entry, changes);
  for (guint i = 0; i < changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);

      if (change->message && change->seq == seq)
        {
          loaded->last_message = kl_store_message_ref (change->message);
          return TRUE;
        }
    }
  messages = kl_mongo_find_messages (db, NULL, id, seq, seq, error);
  if (messages && messages->len > 0)
    loaded->last_message = kl_store_message_ref (g_ptr_array_index (messages, 0));

  return messages != NULL;
}

/* Everything of the moment when the head was read, or of a later one. */
static gboolean
load_parts (KlMongo *db, KlStoreLoaded *loaded, const char *id, const bson_t *entry, const KlMongoHead *head,
            GError **error)
{
  g_autoptr (bson_t) view = NULL;

  if (!kl_mongo_views_catch_up (db, id, head->meta, &view, error))
    return FALSE;
  if (!view)
    {
      g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "the group %s is only half there", id);
      return FALSE;
    }
  loaded->group = kl_mongo_read_group (view, id, kl_mongo_int (view, "rev"));
  loaded->rev = head->rev;
  loaded->seq = head->seq;
  loaded->time = head->time;

  return load_last_message (db, loaded, id, entry, head->last_seq, error)
         && kl_mongo_load_members (db, id, FALSE, loaded->members, error)
         && kl_mongo_load_bans (db, id, loaded->bans, error);
}

/* What has come on top of the head since it was read. *AGAIN where that concerns more than messages. */
static gboolean
add_tail (KlMongo *db, const char *id, KlStoreLoaded *loaded, KlMongoHead *head, gboolean *again, GError **error)
{
  g_autoptr (GPtrArray) entries = kl_mongo_find_entries (db, id, head->rev, TAIL_LIMIT, error);
  g_autoptr (GArray) changes = kl_mongo_changes_new ();
  gint64 meta = head->meta;

  if (!entries)
    return FALSE;
  for (guint i = 0; i < entries->len; i++)
    {
      const bson_t *entry = g_ptr_array_index (entries, i);

      if (kl_mongo_entry_last (entry) <= head->rev)
        continue;
      kl_mongo_read_head (entry, head);
      kl_mongo_read_entry (entry, changes);
    }
  *again = head->meta != meta || entries->len == TAIL_LIMIT;
  for (guint i = 0; i < changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);

      if (!change->message || change->message->flags & KL_MESSAGE_SYSTEM
          || (loaded->last_message && change->seq < loaded->last_message->seq))
        continue;
      g_clear_pointer (&loaded->last_message, kl_store_message_unref);
      loaded->last_message = kl_store_message_ref (change->message);
    }
  loaded->rev = head->rev;
  loaded->seq = head->seq;
  loaded->time = head->time;

  return TRUE;
}

/* All of one moment: the log is read last, and where members have changed meanwhile all is read again. */
gboolean
kl_mongo_load_group (KlMongo *db, KlStoreJob *job)
{
  const char *id = job->text[0];

  for (;;)
    {
      g_autoptr (bson_t) entry = kl_mongo_find_head (db, id, &job->error);
      g_autoptr (KlStoreLoaded) loaded = kl_store_loaded_new ();
      KlMongoHead head;
      gboolean again;

      if (!entry && job->error)
        return FALSE;
      if (!entry || kl_mongo_bool (entry, "hd"))
        return not_found (job);
      kl_mongo_read_head (entry, &head);
      if (!load_parts (db, loaded, id, entry, &head, &job->error)
          || !add_tail (db, id, loaded, &head, &again, &job->error))
        return FALSE;
      if (again)
        continue;
      kl_mongo_memory_set_head (db->memory, id, &head);
      return kl_store_job_give (job, g_steal_pointer (&loaded), (GDestroyNotify) kl_store_loaded_free);
    }
}

gboolean
kl_mongo_find_group (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (bson_t) view = kl_mongo_find_one (
      db, KL_MONGO_GROUPS, BCON_NEW ("slug", BCON_UTF8 (job->text[0]), "del", BCON_BOOL (false)), NULL, &job->error);

  if (!view)
    return job->error ? FALSE : not_found (job);

  return kl_store_job_give (job, kl_mongo_dup_string (view, "_id"), g_free);
}
