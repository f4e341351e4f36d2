/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-mongo-dump-private.h"

#include <string.h>

#include "server/store/kl-mongo-accounts.h"
#include "server/store/kl-mongo-invites.h"
#include "server/store/kl-mongo-rows.h"
#include "server/store/kl-mongo-views.h"

/* Where others have a word of the one who wrote it. */
#define WORD "copy"

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "the source is not whole: %s", what);

  return FALSE;
}

static KlDumpRecord *
copy_head (const KlDumpRecord *record)
{
  KlDumpRecord *copy = kl_dump_record_new (KL_DUMP_GROUP, NULL);

  copy->state = kl_store_group_ref (record->state);
  copy->rev = record->rev;
  copy->seq = record->seq;
  copy->time = record->time;
  copy->last_seq = record->last_seq;

  return copy;
}

/* ── Documents ── */

static bson_t *
write_member (KlMongoDump *self, const char *group, const KlStoreMember *member, GError **error)
{
  g_autofree char *name = kl_mongo_dup_user_name (&self->db, member->user, error);
  g_autofree char *key = g_strdup_printf ("%s:%s:%010" G_GINT64_MODIFIER "x", group, member->user, member->rev);

  if (!name)
    {
      if (!*error)
        fail (error, "a member who has no account");
      return NULL;
    }

  return BCON_NEW ("_id", BCON_UTF8 (key), "g", BCON_UTF8 (group), "u", BCON_UTF8 (member->user), "name",
                   BCON_UTF8 (name), "rev", BCON_INT64 (member->rev), "role", BCON_INT32 ((int32_t) member->role),
                   "joined", BCON_INT64 (member->joined_at), "mr", BCON_INT64 (member->rev), "ms",
                   BCON_INT64 (member->read_seq), "mn", BCON_INT64 (member->notify), "mp", BCON_BOOL (member->pinned));
}

static bson_t *
write_ban (const char *group, const KlStoreBan *ban)
{
  g_autofree char *key = g_strdup_printf ("%s:%s:" WORD, group, ban->user);

  return BCON_NEW ("_id", BCON_UTF8 (key), "g", BCON_UTF8 (group), "u", BCON_UTF8 (ban->user), "by",
                   BCON_UTF8 (ban->by ? ban->by : ""), "at", BCON_INT64 (ban->at));
}

/* All of its log is in it. */
static bson_t *
write_group (const KlDumpRecord *record)
{
  bson_t *doc = BCON_NEW ("_id", BCON_UTF8 (record->state->id));

  kl_mongo_append_view (doc, record->state, record->state->rev, record->members, record->rev);
  if (record->state->deleted)
    BSON_APPEND_BOOL (doc, "purged", true);

  return doc;
}

/* After an interruption the head is that of the entry before. */
static gboolean
find_head (KlMongoDump *self, const char *group, gint64 rev, GError **error)
{
  g_autofree char *key = NULL;
  g_autoptr (bson_t) entry = NULL;

  if (rev == 1)
    self->head = (KlMongoHead) { 0 };
  if (self->head.rev == rev - 1)
    return TRUE;
  key = kl_mongo_key (group, rev - 1);
  entry = kl_mongo_find_one (&self->db, KL_MONGO_CHANGES, BCON_NEW ("_id", BCON_UTF8 (key)), NULL, error);
  if (!entry)
    return *error ? FALSE : fail (error, "a log with a gap");
  kl_mongo_read_head (entry, &self->head);

  return TRUE;
}

/* Each change is a deed of its own: which ones were done together no longer matters. */
static bson_t *
write_change (KlMongoDump *self, const KlDumpRecord *record, GError **error)
{
  const KlStoreChange *change = &record->change;
  const KlDumpRecord *group = self->filled;
  KlStoreBatch batch = { .group = record->group, .base_rev = change->rev - 1 };
  bson_t *entry;

  if (!group || !g_str_equal (group->state->id, record->group))
    {
      fail (error, "a log without its group");
      return NULL;
    }
  if (!find_head (self, record->group, change->rev, error))
    return NULL;
  /* What the newest message was cannot be seen from entries that are superseded. */
  if (change->rev == group->rev)
    {
      self->head.seq = group->seq;
      self->head.time = group->time;
      self->head.last_seq = group->last_seq;
    }
  batch.changes = g_array_new (FALSE, FALSE, sizeof (KlStoreChange)); /* lent */
  g_array_append_vals (batch.changes, change, 1);
  entry = kl_mongo_write_entry (&batch, 0, 1, &self->head, WORD);
  g_array_unref (batch.changes);
  /* Of a deleted group no state but the last is left, and its slug is never given again. */
  if (change->rev == 1 && !change->group)
    kl_mongo_append_string (entry, "slug", group->state->slug);

  return entry;
}

/* NULL on error. */
static bson_t *
write_document (KlMongoDump *self, const KlDumpRecord *record, gboolean first, KlMongoCollection *collection,
                GError **error)
{
  switch (record->kind)
    {
    case KL_DUMP_USER:
      *collection = KL_MONGO_USERS;
      return kl_mongo_write_user (record->user, record->password_hash ? record->password_hash : "", WORD, first);
    case KL_DUMP_SESSION:
      *collection = KL_MONGO_SESSIONS;
      return kl_mongo_write_session (record->session, WORD);
    case KL_DUMP_GROUP:
      *collection = KL_MONGO_GROUPS;
      g_clear_pointer (&self->filled, kl_dump_record_free);
      self->filled = copy_head (record);
      self->head = (KlMongoHead) { .rev = -1 };
      return write_group (record);
    case KL_DUMP_INVITE:
      *collection = KL_MONGO_INVITES;
      return kl_mongo_write_invite (record->invite);
    case KL_DUMP_MEMBER:
      *collection = KL_MONGO_MEMBERS;
      return write_member (self, record->group, record->member, error);
    case KL_DUMP_BAN:
      *collection = KL_MONGO_BANS;
      return write_ban (record->group, record->ban);
    case KL_DUMP_CHANGE:
      *collection = KL_MONGO_CHANGES;
      return write_change (self, record, error);
    case KL_DUMP_N_KINDS:
    default:
      g_return_val_if_reached (NULL);
    }
}

/* ── Inserting ── */

/* The document whose key is in use must be the same one, from before. */
static gboolean
check_there (KlMongoDump *self, KlMongoCollection collection, const bson_t *doc, GError **error)
{
  const char *id = kl_mongo_string (doc, "_id");
  g_autoptr (bson_t) there = kl_mongo_find_one (&self->db, collection, BCON_NEW ("_id", BCON_UTF8 (id)),
                                                BCON_NEW ("projection", "{", "_id", BCON_INT32 (1), "}"), error);

  if (!there && !*error)
    g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "the target has something else in the place of %s", id);

  return there != NULL;
}

static gboolean
insert_all (KlMongoDump *self, KlMongoCollection collection, GPtrArray *docs, GError **error)
{
  guint done = 0;

  while (done < docs->len)
    {
      const bson_t **first = (const bson_t **) &g_ptr_array_index (docs, done);
      guint n = MIN (docs->len - done, KL_MONGO_INSERT_MAX), n_inserted = 0;

      switch (kl_mongo_insert_many (&self->db, collection, first, n, &n_inserted, error))
        {
        case KL_MONGO_INSERTED:
          done += n;
          break;
        case KL_MONGO_DUPLICATE:
          done += n_inserted;
          if (!check_there (self, collection, g_ptr_array_index (docs, done), error))
            return FALSE;
          done++;
          break;
        case KL_MONGO_UNKNOWN:
        default:
          return FALSE;
        }
    }

  return TRUE;
}

/* The runs of records that go to one collection: members need their accounts to be there. */
static gboolean
write_runs (KlMongoDump *self, GPtrArray *records, GError **error)
{
  g_autoptr (GPtrArray) docs = g_ptr_array_new_with_free_func ((GDestroyNotify) bson_destroy);
  KlMongoCollection current = KL_MONGO_N_COLLECTIONS;

  for (guint i = 0; i < records->len; i++)
    {
      const KlDumpRecord *record = g_ptr_array_index (records, i);
      KlMongoCollection collection;
      bson_t *doc;

      if (i > 0 && record->kind != ((const KlDumpRecord *) g_ptr_array_index (records, i - 1))->kind)
        {
          if (!insert_all (self, current, docs, error))
            return FALSE;
          g_ptr_array_set_size (docs, 0);
        }
      doc = write_document (self, record, !self->has_any && i == 0, &collection, error);
      if (!doc)
        return FALSE;
      current = collection;
      g_ptr_array_add (docs, doc);
    }

  return insert_all (self, current, docs, error);
}

/* Where it fails, it may be called again with the same records. */
gboolean
kl_mongo_dump_write (KlMongoDump *self, GPtrArray *records, GError **error)
{
  g_autoptr (KlDumpRecord) before = self->filled ? copy_head (self->filled) : NULL;

  if (write_runs (self, records, error))
    {
      self->has_any = TRUE;
      return TRUE;
    }
  g_clear_pointer (&self->filled, kl_dump_record_free);
  self->filled = g_steal_pointer (&before);
  self->head = (KlMongoHead) { .rev = -1 };

  return FALSE;
}
