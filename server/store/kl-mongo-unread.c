/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting what a person has not read, in as few questions as there can be: on connecting it is asked for all groups.
 */
#include "server/store/kl-mongo-log.h"

static guint32
count_one (GPtrArray *messages, const KlUnreadQuery *query, const char *user)
{
  guint32 count = 0;

  for (guint i = 0; i < messages->len && count < KL_UNREAD_MAX; i++)
    {
      const KlStoreMessage *message = g_ptr_array_index (messages, i);

      if (message->seq > query->after_seq && message->seq <= query->to_seq && g_strcmp0 (message->sender, user) != 0
          && !(message->flags & KL_MESSAGE_SYSTEM)
          && (!(message->flags & KL_MESSAGE_DELETED) || message->rev > query->rev))
        count++;
    }

  return count;
}

/* How many messages of a group are read at once: a person who has not been here for long has more than can be counted.
 */
#define UNREAD_PAGE 1500
/* How many groups are asked for at once. */
#define UNREAD_GROUPS 50

/* Where one question of a count stands. */
typedef struct
{
  const KlUnreadQuery *query;
  const char *group;
  gint64 after; /* counted up to here */
  gint64 to;    /* what is being read */
  guint32 count;
  GPtrArray *entries; /* bson_t, lent */
} Unread;

static gboolean
is_counted (const Unread *self)
{
  return self->after >= self->query->to_seq || self->count >= KL_UNREAD_MAX;
}

static void
append_range (bson_array_builder_t *ranges, const Unread *self)
{
  g_autoptr (bson_t) range = BCON_NEW ("g", BCON_UTF8 (self->group), "s", "{", "$gt", BCON_INT64 (self->after), "$lte",
                                       BCON_INT64 (self->to + KL_STORE_DEED_CHANGES - 1), "}");

  bson_array_builder_append_document (ranges, range);
}

/* One page of each of these (Unread, of different groups). */
static gboolean
count_pages (KlMongo *db, GPtrArray *some, const char *user, GError **error)
{
  g_autoptr (GHashTable) by_group = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) entries = NULL;
  bson_t *filter = bson_new ();
  bson_array_builder_t *ranges;

  BSON_APPEND_ARRAY_BUILDER_BEGIN (filter, "$or", &ranges);
  for (guint i = 0; i < some->len; i++)
    {
      Unread *self = g_ptr_array_index (some, i);

      self->to = MIN (self->query->to_seq, self->after + UNREAD_PAGE);
      append_range (ranges, self);
      g_hash_table_insert (by_group, (gpointer) self->group, self);
    }
  bson_append_array_builder_end (filter, ranges);
  entries = kl_mongo_find (db, KL_MONGO_CHANGES, filter,
                           BCON_NEW ("projection", "{", "c0.j", BCON_INT32 (0), "c1.j", BCON_INT32 (0), "c2.j",
                                     BCON_INT32 (0), "c3.j", BCON_INT32 (0), "}"),
                           error);
  if (!entries)
    return FALSE;

  for (guint i = 0; i < some->len; i++)
    ((Unread *) g_ptr_array_index (some, i))->entries = g_ptr_array_new ();
  for (guint i = 0; i < entries->len; i++)
    {
      Unread *self = g_hash_table_lookup (by_group, kl_mongo_string (g_ptr_array_index (entries, i), "g"));

      if (self)
        g_ptr_array_add (self->entries, g_ptr_array_index (entries, i));
    }
  for (guint i = 0; i < some->len; i++)
    {
      Unread *self = g_ptr_array_index (some, i);
      g_autoptr (GArray) superseded = g_array_new (FALSE, FALSE, sizeof (gint64));
      g_autoptr (GPtrArray) messages = kl_mongo_keep_newest (self->entries, self->after + 1, self->to, superseded);

      self->count = MIN (self->count + count_one (messages, self->query, user), KL_UNREAD_MAX);
      /* Where a page is empty there is nothing further on. */
      self->after = self->entries->len > 0 ? self->to : self->query->to_seq;
      g_clear_pointer (&self->entries, g_ptr_array_unref);
    }

  return TRUE;
}

/* Of those that are not counted yet, as many of different groups as are asked for at once. */
static GPtrArray *
pick_some (GArray *all)
{
  g_autoptr (GHashTable) groups = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *some = g_ptr_array_new ();

  for (guint i = 0; i < all->len && some->len < UNREAD_GROUPS; i++)
    {
      Unread *self = &g_array_index (all, Unread, i);

      if (!is_counted (self) && g_hash_table_add (groups, (gpointer) self->group))
        g_ptr_array_add (some, self);
    }

  return some;
}

gboolean
kl_mongo_count_unread (KlMongo *db, KlStoreJob *job)
{
  const GArray *queries = job->object;
  g_autoptr (GArray) counts = g_array_sized_new (FALSE, TRUE, sizeof (guint32), queries->len);
  g_autoptr (GArray) all = g_array_sized_new (FALSE, TRUE, sizeof (Unread), queries->len);

  for (guint i = 0; i < queries->len; i++)
    {
      Unread one = { .query = &g_array_index (queries, KlUnreadQuery, i), .group = job->texts[i] };

      one.after = MAX (one.query->after_seq, 0);
      g_array_append_val (all, one);
    }
  for (;;)
    {
      g_autoptr (GPtrArray) some = pick_some (all);

      if (some->len == 0)
        break;
      if (!count_pages (db, some, job->text[0], &job->error))
        return FALSE;
    }
  for (guint i = 0; i < all->len; i++)
    g_array_append_val (counts, g_array_index (all, Unread, i).count);

  return kl_store_job_give (job, g_steal_pointer (&counts), (GDestroyNotify) g_array_unref);
}
