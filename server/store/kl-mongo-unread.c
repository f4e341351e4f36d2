/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting what people have not read, in as few questions as there can be: on connecting it is asked for all groups,
 * and when many connect at once, by many for the same ones. A group is read once for all who ask, from where the one
 * who is furthest behind stands. */
#include "server/store/kl-mongo-log.h"

/* How many messages of a group are read at once: a person who has not been here for long has more than can be counted.
 */
#define UNREAD_PAGE 1500
/* How many groups are asked for at once. */
#define UNREAD_GROUPS 50

/* Where one question of a count stands. */
typedef struct
{
  const KlUnreadQuery *query;
  gint64 after; /* counted up to here */
  guint32 count;
} Unread;

/* What is read of one group at once. */
typedef struct
{
  const char *group;
  gint64 after;
  gint64 to;
  GPtrArray *asked;   /* Unread, lent: those that are not counted yet */
  GPtrArray *entries; /* bson_t, lent */
} Page;

static void
free_page (Page *self)
{
  g_ptr_array_unref (self->asked);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

static guint32
count_one (GPtrArray *messages, const Unread *self)
{
  const KlUnreadQuery *query = self->query;
  guint32 count = 0;

  for (guint i = 0; i < messages->len && count < KL_UNREAD_MAX; i++)
    {
      const KlStoreMessage *message = g_ptr_array_index (messages, i);

      if (message->seq > self->after && message->seq <= query->to_seq && g_strcmp0 (message->sender, query->user) != 0
          && !(message->flags & KL_MESSAGE_SYSTEM)
          && (!(message->flags & KL_MESSAGE_DELETED) || message->rev > query->rev))
        count++;
    }

  return count;
}

static gboolean
is_counted (const Unread *self)
{
  return self->after >= self->query->to_seq || self->count >= KL_UNREAD_MAX;
}

/* The next of each group, by its id (lent), of as many groups as are asked for at once. */
static GHashTable *
pick_pages (GArray *all)
{
  GHashTable *pages = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) free_page);
  GHashTableIter iter;
  gpointer value;

  for (guint i = 0; i < all->len; i++)
    {
      Unread *asked = &g_array_index (all, Unread, i);
      Page *page = g_hash_table_lookup (pages, asked->query->group);

      if (is_counted (asked) || (!page && g_hash_table_size (pages) >= UNREAD_GROUPS))
        continue;
      if (!page)
        {
          page = g_new0 (Page, 1);
          page->group = asked->query->group;
          page->after = asked->after;
          page->asked = g_ptr_array_new ();
          page->entries = g_ptr_array_new ();
          g_hash_table_insert (pages, (gpointer) page->group, page);
        }
      page->after = MIN (page->after, asked->after);
      page->to = MAX (page->to, asked->query->to_seq);
      g_ptr_array_add (page->asked, asked);
    }
  g_hash_table_iter_init (&iter, pages);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Page *page = value;

      page->to = MIN (page->to, page->after + UNREAD_PAGE);
    }

  return pages;
}

static void
append_range (bson_array_builder_t *ranges, const Page *page)
{
  g_autoptr (bson_t) range = BCON_NEW ("g", BCON_UTF8 (page->group), "s", "{", "$gt", BCON_INT64 (page->after), "$lte",
                                       BCON_INT64 (page->to + KL_STORE_DEED_CHANGES - 1), "}");

  bson_array_builder_append_document (ranges, range);
}

static GPtrArray *
find_entries (KlMongo *db, GHashTable *pages, GError **error)
{
  bson_t *filter = bson_new ();
  bson_array_builder_t *ranges;
  GHashTableIter iter;
  gpointer page;

  BSON_APPEND_ARRAY_BUILDER_BEGIN (filter, "$or", &ranges);
  g_hash_table_iter_init (&iter, pages);
  while (g_hash_table_iter_next (&iter, NULL, &page))
    append_range (ranges, page);
  bson_append_array_builder_end (filter, ranges);

  return kl_mongo_find (db, KL_MONGO_CHANGES, filter,
                        BCON_NEW ("projection", "{", "c0.j", BCON_INT32 (0), "c1.j", BCON_INT32 (0), "c2.j",
                                  BCON_INT32 (0), "c3.j", BCON_INT32 (0), "}"),
                        error);
}

static void
count_page (Page *page)
{
  g_autoptr (GArray) superseded = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) messages = kl_mongo_keep_newest (page->entries, page->after + 1, page->to, superseded);

  for (guint i = 0; i < page->asked->len; i++)
    {
      Unread *asked = g_ptr_array_index (page->asked, i);

      asked->count = MIN (asked->count + count_one (messages, asked), KL_UNREAD_MAX);
      /* Where a page is empty there is nothing further on. */
      asked->after = page->entries->len > 0 ? MAX (asked->after, page->to) : asked->query->to_seq;
    }
}

static gboolean
count_pages (KlMongo *db, GHashTable *pages, GError **error)
{
  g_autoptr (GPtrArray) entries = find_entries (db, pages, error);
  GHashTableIter iter;
  gpointer value;

  if (!entries)
    return FALSE;

  for (guint i = 0; i < entries->len; i++)
    {
      Page *page = g_hash_table_lookup (pages, kl_mongo_string (g_ptr_array_index (entries, i), "g"));

      if (page)
        g_ptr_array_add (page->entries, g_ptr_array_index (entries, i));
    }
  g_hash_table_iter_init (&iter, pages);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    count_page (value);

  return TRUE;
}

gboolean
kl_mongo_count_unread (KlMongo *db, KlStoreJob *job)
{
  const GArray *queries = job->object;
  g_autoptr (GArray) counts = g_array_sized_new (FALSE, TRUE, sizeof (guint32), queries->len);
  g_autoptr (GArray) all = g_array_sized_new (FALSE, TRUE, sizeof (Unread), queries->len);

  for (guint i = 0; i < queries->len; i++)
    {
      Unread one = { .query = &g_array_index (queries, KlUnreadQuery, i) };

      one.after = MAX (one.query->after_seq, 0);
      g_array_append_val (all, one);
    }
  for (;;)
    {
      g_autoptr (GHashTable) pages = pick_pages (all);

      if (g_hash_table_size (pages) == 0)
        break;
      if (!count_pages (db, pages, &job->error))
        return FALSE;
    }
  for (guint i = 0; i < all->len; i++)
    g_array_append_val (counts, g_array_index (all, Unread, i).count);

  return kl_store_job_give (job, g_steal_pointer (&counts), (GDestroyNotify) g_array_unref);
}
