/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-mongo-log.h"

#include "server/store/kl-mongo-entries.h"
#include "server/store/kl-mongo-rows.h"
#include "server/store/kl-mongo-tidy.h"
#include "server/store/kl-mongo-views.h"

static gboolean
not_found (KlStoreJob *job)
{
  return kl_store_job_refuse (job, KL_STORE_ERROR_NOT_FOUND, "there is no such object");
}

/* ── Ops ── */

static KlStoreOp *
read_op (const bson_t *entry)
{
  KlStoreOp *op = kl_store_op_new ();
  g_autoptr (GArray) changes = kl_mongo_changes_new ();
  const KlStoreChange *first;

  kl_mongo_read_entry (entry, changes);
  first = &g_array_index (changes, KlStoreChange, 0);
  op->group = kl_mongo_dup_string (entry, "g");
  op->kind = first->kind;
  op->rev = first->rev;
  op->seq = first->seq;

  return op;
}

static void
free_op (gpointer op)
{
  if (op)
    kl_store_op_free (op);
}

gboolean
kl_mongo_find_ops (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) ops = g_ptr_array_new_with_free_func (free_op), wanted = g_ptr_array_new (), entries = NULL;
  g_autoptr (GHashTable) by_op = g_hash_table_new (g_str_hash, g_str_equal);

  for (char **op = job->texts; *op; op++)
    g_ptr_array_add (wanted, *op);
  entries = kl_mongo_find (db, KL_MONGO_CHANGES, kl_mongo_filter_in ("op", wanted),
                           BCON_NEW ("projection", "{", "op", BCON_INT32 (1), "g", BCON_INT32 (1), "r", BCON_INT32 (1),
                                     "o", BCON_INT32 (1), "}"),
                           &job->error);
  if (!entries)
    return FALSE;
  for (guint i = 0; i < entries->len; i++)
    g_hash_table_insert (by_op, (gpointer) kl_mongo_string (g_ptr_array_index (entries, i), "op"),
                         g_ptr_array_index (entries, i));
  for (guint i = 0; i < wanted->len; i++)
    {
      const bson_t *entry = g_hash_table_lookup (by_op, g_ptr_array_index (wanted, i));

      g_ptr_array_add (ops, entry ? read_op (entry) : NULL);
    }

  return kl_store_job_give (job, g_steal_pointer (&ops), (GDestroyNotify) g_ptr_array_unref);
}

/* ── Messages ── */

static int
compare_seq (gconstpointer a, gconstpointer b)
{
  const KlStoreMessage *one = *(const KlStoreMessage *const *) a, *other = *(const KlStoreMessage *const *) b;

  return (one->seq > other->seq) - (one->seq < other->seq);
}

GPtrArray *
kl_mongo_keep_newest (GPtrArray *entries, gint64 from, gint64 to, GArray *superseded)
{
  g_autoptr (GHashTable) by_seq = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autoptr (GArray) changes = kl_mongo_changes_new ();
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_message_unref);
  GHashTableIter iter;
  gpointer message;

  for (guint i = 0; i < entries->len; i++)
    kl_mongo_read_entry (g_ptr_array_index (entries, i), changes);
  for (guint i = 0; i < changes->len; i++)
    {
      KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);
      KlStoreMessage *known;

      if (!change->message || change->seq < from || change->seq > to)
        continue;
      known = g_hash_table_lookup (by_seq, &change->seq);
      if (known)
        g_array_append_val (superseded, change->seq);
      if (!known || known->rev < change->rev)
        g_hash_table_replace (by_seq, &change->message->seq, change->message);
    }
  g_hash_table_iter_init (&iter, by_seq);
  while (g_hash_table_iter_next (&iter, NULL, &message))
    g_ptr_array_add (messages, kl_store_message_ref (message));
  g_ptr_array_sort (messages, compare_seq);

  return messages;
}

GPtrArray *
kl_mongo_find_messages (KlMongo *db, KlStoreJob *job, const char *group, gint64 from, gint64 to, GError **error)
{
  g_autoptr (GArray) superseded = g_array_new (FALSE, FALSE, sizeof (gint64));
  /* A deed with several messages is found by the last one's seq. */
  gint64 end = to > G_MAXINT64 - KL_STORE_DEED_CHANGES ? to : to + KL_STORE_DEED_CHANGES - 1;
  g_autoptr (GPtrArray) entries = NULL;
  GPtrArray *messages;

  if (from > to)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_message_unref);
  entries = kl_mongo_find (
      db, KL_MONGO_CHANGES,
      BCON_NEW ("g", BCON_UTF8 (group), "s", "{", "$gte", BCON_INT64 (from), "$lte", BCON_INT64 (end), "}"), NULL,
      error);
  if (!entries)
    return NULL;
  messages = kl_mongo_keep_newest (entries, from, to, superseded);
  if (job && superseded->len > 0 && !kl_mongo_memory_scans (db->memory))
    kl_mongo_tidy_later (job, group, superseded);

  return messages;
}

/* *DELETED where the group is, or is none. */
static gboolean
ask_deleted (KlMongo *db, const char *group, gboolean *deleted, GError **error)
{
  g_autoptr (bson_t) view = kl_mongo_find_one (db, KL_MONGO_GROUPS, BCON_NEW ("_id", BCON_UTF8 (group)), NULL, error);

  *deleted = !view || kl_mongo_bool (view, "del");

  return view || !*error;
}

gboolean
kl_mongo_get_messages (KlMongo *db, KlStoreJob *job)
{
  gint64 from = job->number[0], to = job->number[1];
  GPtrArray *messages;
  gboolean deleted;

  if (!ask_deleted (db, job->text[0], &deleted, &job->error))
    return FALSE;
  messages = kl_mongo_find_messages (db, job, job->text[0], deleted ? 1 : from, deleted ? 0 : to, &job->error);

  return messages && kl_store_job_give (job, messages, (GDestroyNotify) g_ptr_array_unref);
}

gboolean
kl_mongo_get_message (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) entries
      = kl_mongo_find (db, KL_MONGO_CHANGES, BCON_NEW ("i", BCON_UTF8 (job->text[1])), NULL, &job->error);
  g_autoptr (GArray) superseded = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) messages = NULL;
  gboolean deleted;

  if (!entries || !ask_deleted (db, job->text[0], &deleted, &job->error))
    return FALSE;
  for (guint i = entries->len; i > 0; i--)
    if (g_strcmp0 (kl_mongo_string (g_ptr_array_index (entries, i - 1), "g"), job->text[0]) != 0)
      g_ptr_array_remove_index (entries, i - 1);
  messages = kl_mongo_keep_newest (entries, 1, G_MAXINT64, superseded);
  for (guint i = 0; !deleted && i < messages->len; i++)
    {
      KlStoreMessage *message = g_ptr_array_index (messages, i);

      if (g_strcmp0 (message->id, job->text[1]) == 0)
        return kl_store_job_give (job, kl_store_message_ref (message), (GDestroyNotify) kl_store_message_unref);
    }

  return not_found (job);
}

/* ── Entries ── */

static gboolean
is_same_object (const KlStoreChange *one, const KlStoreChange *other)
{
  if (one->kind != other->kind)
    return FALSE;
  if (one->kind == KL_CHANGE_MEMBER)
    return g_str_equal (one->member->user, other->member->user);

  return one->seq == other->seq;
}

static guint
hash_object (gconstpointer data)
{
  const KlStoreChange *change = data;

  return change->kind == KL_CHANGE_MEMBER ? g_str_hash (change->member->user) : g_int64_hash (&change->seq);
}

static gboolean
equal_objects (gconstpointer one, gconstpointer other)
{
  return is_same_object (one, other);
}

/* Object → the last change (lent) that concerns it. */
static GHashTable *
find_last (const GArray *changes)
{
  GHashTable *last = g_hash_table_new (hash_object, equal_objects);

  for (guint i = 0; i < changes->len; i++)
    g_hash_table_replace (last, &g_array_index (changes, KlStoreChange, i), &g_array_index (changes, KlStoreChange, i));

  return last;
}

static void
share_state (KlStoreChange *change, const KlStoreChange *from)
{
  if (change == from)
    return;
  if (from->message)
    kl_store_message_ref (from->message);
  if (from->member)
    kl_store_member_ref (from->member);
  if (from->group)
    kl_store_group_ref (from->group);
  g_clear_pointer (&change->message, kl_store_message_unref);
  g_clear_pointer (&change->member, kl_store_member_unref);
  g_clear_pointer (&change->group, kl_store_group_unref);
  change->message = from->message;
  change->member = from->member;
  change->group = from->group;
}

/* Gives each change of CHANGES the newest state of its object; a message that is not in them any more is looked up. */
static gboolean
refresh_states (KlMongo *db, const char *group, GArray *changes, GError **error)
{
  g_autoptr (GHashTable) last = find_last (changes);

  for (guint i = 0; i < changes->len; i++)
    {
      KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);
      KlStoreChange *newest = g_hash_table_lookup (last, change);

      if (newest->kind == KL_CHANGE_MESSAGE && !newest->message)
        {
          g_autoptr (GPtrArray) messages = kl_mongo_find_messages (db, NULL, group, newest->seq, newest->seq, error);

          if (!messages)
            return FALSE;
          if (messages->len > 0)
            newest->message = kl_store_message_ref (g_ptr_array_index (messages, 0));
        }
      share_state (change, newest);
    }

  return TRUE;
}

/* Of a deleted group only its end is told. */
static gboolean
give_end (KlStoreJob *job, const bson_t *head, gint64 after_rev)
{
  g_autoptr (GArray) changes = kl_mongo_changes_new ();
  KlStoreBatch *batch = kl_store_batch_new (job->text[0], after_rev, kl_mongo_int (head, "hq"));

  kl_mongo_read_entry (head, changes);
  for (guint i = changes->len; i > 0; i--)
    {
      KlStoreChange *change = &g_array_index (changes, KlStoreChange, i - 1);

      if (change->group && change->group->deleted && change->rev > after_rev && job->number[1] > 0)
        {
          g_array_append_vals (batch->changes, change, 1);
          *change = (KlStoreChange) { 0 };
          break;
        }
    }

  return kl_store_job_give (job, batch, (GDestroyNotify) kl_store_batch_unref);
}

/* The seq of the newest message at AFTER_REV, which the first of the entries holds or precedes. */
static gint64
find_base_seq (const GPtrArray *entries, const GArray *changes, gint64 after_rev)
{
  gint64 seq = 0;

  for (guint i = 0; i < entries->len; i++)
    if (kl_mongo_entry_last (g_ptr_array_index (entries, i)) <= after_rev)
      seq = kl_mongo_int (g_ptr_array_index (entries, i), "hq");
  for (guint i = 0; i < changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);

      if (change->rev <= after_rev && change->kind == KL_CHANGE_MESSAGE)
        seq = MAX (seq, change->seq);
    }

  return seq;
}

static gboolean
give_log (KlMongo *db, KlStoreJob *job, GPtrArray *entries, gint64 after_rev)
{
  g_autoptr (GArray) changes = kl_mongo_changes_new ();
  g_autoptr (KlStoreBatch) batch = NULL;
  gint64 meta = 0;

  for (guint i = 0; i < entries->len; i++)
    {
      kl_mongo_read_entry (g_ptr_array_index (entries, i), changes);
      meta = kl_mongo_int (g_ptr_array_index (entries, i), "hm");
    }
  batch = kl_store_batch_new (job->text[0], after_rev, find_base_seq (entries, changes, after_rev));
  while (changes->len > 0 && g_array_index (changes, KlStoreChange, 0).rev <= after_rev)
    g_array_remove_index (changes, 0);
  if (changes->len > job->number[1])
    g_array_set_size (changes, (guint) job->number[1]);

  /* Who is told of a change finds it in the views too. */
  if (meta > after_rev && !kl_mongo_views_catch_up (db, job->text[0], meta, NULL, &job->error))
    return FALSE;
  if (!refresh_states (db, job->text[0], changes, &job->error))
    return FALSE;
  g_array_append_vals (batch->changes, changes->data, changes->len);
  g_array_set_clear_func (changes, NULL);

  return kl_store_job_give (job, g_steal_pointer (&batch), (GDestroyNotify) kl_store_batch_unref);
}

gboolean
kl_mongo_read_log (KlMongo *db, KlStoreJob *job)
{
  gint64 after_rev = MAX (job->number[0], 0);
  g_autoptr (GPtrArray) entries
      = kl_mongo_find_entries (db, job->text[0], after_rev, job->number[1] + KL_STORE_DEED_CHANGES, &job->error);
  g_autoptr (bson_t) head = NULL;
  const bson_t *last;
  KlStoreBatch *empty;

  if (!entries)
    return FALSE;
  last = entries->len > 0 ? g_ptr_array_index (entries, entries->len - 1) : NULL;
  if (last && entries->len < job->number[1] + KL_STORE_DEED_CHANGES && !kl_mongo_bool (last, "hd"))
    return give_log (db, job, entries, after_rev);

  head = kl_mongo_find_head (db, job->text[0], &job->error);
  if (!head)
    return job->error ? FALSE : not_found (job);
  if (kl_mongo_bool (head, "hd"))
    return give_end (job, head, after_rev);
  if (last)
    return give_log (db, job, entries, after_rev);
  empty = kl_store_batch_new (job->text[0], after_rev, kl_mongo_int (head, "hq"));

  return kl_store_job_give (job, empty, (GDestroyNotify) kl_store_batch_unref);
}

/* ── What has changed ── */

/* Adds to NEWER the objects of these CHANGES that the log behind LAST changes again. */
static gboolean
find_newer_messages (KlMongo *db, const char *group, const GArray *changes, gint64 last, GHashTable *newer,
                     GError **error)
{
  g_autoptr (GArray) seqs = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) entries = NULL;
  bson_t *filter;

  for (guint i = 0; i < changes->len; i++)
    if (g_array_index (changes, KlStoreChange, i).message)
      g_array_append_val (seqs, g_array_index (changes, KlStoreChange, i).seq);
  if (seqs->len == 0)
    return TRUE;

  filter = kl_mongo_filter_messages (group, seqs);
  BCON_APPEND (filter, "r", "{", "$gt", BCON_INT64 (last), "}");
  entries = kl_mongo_find (db, KL_MONGO_CHANGES, filter, BCON_NEW ("projection", "{", "s", BCON_INT32 (1), "}"), error);
  for (guint i = 0; entries && i < entries->len; i++)
    g_hash_table_add (newer, g_strdup_printf ("%" G_GINT64_FORMAT, kl_mongo_int (g_ptr_array_index (entries, i), "s")));

  return entries != NULL;
}

static gboolean
find_newer_members (KlMongo *db, const char *group, gint64 last, GHashTable *newer, GError **error)
{
  g_autoptr (GPtrArray) entries
      = kl_mongo_find (db, KL_MONGO_CHANGES, kl_mongo_filter_since ("mg", group, last + 1), NULL, error);
  g_autoptr (GArray) changes = kl_mongo_changes_new ();

  for (guint i = 0; entries && i < entries->len; i++)
    kl_mongo_read_entry (g_ptr_array_index (entries, i), changes);
  for (guint i = 0; i < changes->len; i++)
    if (g_array_index (changes, KlStoreChange, i).kind == KL_CHANGE_MEMBER)
      g_hash_table_add (newer, g_strconcat ("u", g_array_index (changes, KlStoreChange, i).member->user, NULL));

  return entries != NULL;
}

static gboolean
find_newer (KlMongo *db, const char *group, const GArray *changes, GHashTable *newer, GError **error)
{
  gint64 last = g_array_index (changes, KlStoreChange, changes->len - 1).rev;

  return find_newer_members (db, group, last, newer, error)
         && find_newer_messages (db, group, changes, last, newer, error);
}

static gboolean
is_newest (const KlStoreChange *change, GHashTable *last, GHashTable *newer)
{
  g_autofree char *key = change->kind == KL_CHANGE_MEMBER ? g_strconcat ("u", change->member->user, NULL)
                                                          : g_strdup_printf ("%" G_GINT64_FORMAT, change->seq);

  return g_hash_table_lookup (last, change) == change && !g_hash_table_contains (newer, key);
}

/* Moves to RESULT what of these changes is the newest of its object, at most LIMIT in all. */
static gboolean
keep_current (KlMongo *db, const char *group, GArray *changes, gboolean is_end, guint limit, GArray *result,
              GError **error)
{
  g_autoptr (GHashTable) last = find_last (changes);
  g_autoptr (GHashTable) newer = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (!is_end && changes->len > 0 && !find_newer (db, group, changes, newer, error))
    return FALSE;
  for (guint i = 0; i < changes->len && result->len < limit; i++)
    {
      KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);
      KlStoreChange kept = { .kind = change->kind, .rev = change->rev, .seq = change->seq };

      if (change->kind == KL_CHANGE_GROUP || (change->kind == KL_CHANGE_MESSAGE && !change->message)
          || !is_newest (change, last, newer))
        continue;
      if (change->message)
        kept.message = kl_store_message_ref (change->message);
      if (change->member)
        kept.member = kl_store_member_ref (change->member);
      g_array_append_val (result, kept);
    }

  return TRUE;
}

gboolean
kl_mongo_get_changes (KlMongo *db, KlStoreJob *job)
{
  gint64 since = MAX (job->number[0], 0), page = job->number[1] + KL_STORE_DEED_CHANGES;
  g_autoptr (GArray) result = kl_mongo_changes_new ();
  gboolean is_end = FALSE;

  while (!is_end && result->len < job->number[1])
    {
      g_autoptr (GPtrArray) entries = kl_mongo_find_entries (db, job->text[0], since, page, &job->error);
      g_autoptr (GArray) changes = kl_mongo_changes_new ();

      if (!entries)
        return FALSE;
      is_end = entries->len < page;
      for (guint i = 0; i < entries->len; i++)
        kl_mongo_read_entry (g_ptr_array_index (entries, i), changes);
      if (entries->len > 0 && kl_mongo_bool (g_ptr_array_index (entries, entries->len - 1), "hd"))
        {
          g_array_set_size (result, 0);
          break;
        }
      while (changes->len > 0 && g_array_index (changes, KlStoreChange, 0).rev <= since)
        g_array_remove_index (changes, 0);
      if (!keep_current (db, job->text[0], changes, is_end, (guint) job->number[1], result, &job->error))
        return FALSE;
      if (changes->len > 0)
        since = g_array_index (changes, KlStoreChange, changes->len - 1).rev;
    }

  return kl_store_job_give (job, g_steal_pointer (&result), (GDestroyNotify) g_array_unref);
}
