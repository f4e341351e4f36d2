/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-mongo-dump-private.h"

#include <string.h>

#include "server/store/kl-mongo-accounts.h"
#include "server/store/kl-mongo-append.h"
#include "server/store/kl-mongo-entries.h"
#include "server/store/kl-mongo-groups.h"
#include "server/store/kl-mongo-invites.h"
#include "server/store/kl-mongo-log.h"
#include "server/store/kl-mongo-rows.h"
#include "server/store/kl-mongo-tidy.h"
#include "server/store/kl-mongo-views.h"

static gboolean
fail (GError **error, const char *what, const char *where)
{
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "the store is not whole: %s %s", what, where);

  return FALSE;
}

/* The documents whose FIELD is above AFTER, in its order. NEXT: the last one's, if there may be more. */
static GPtrArray *
find_page (KlMongoDump *self, KlMongoCollection collection, const char *field, const char *after, guint limit,
           char **next, GError **error)
{
  GPtrArray *docs
      = kl_mongo_find (&self->db, collection, BCON_NEW (field, "{", "$gt", BCON_UTF8 (after ? after : ""), "}"),
                       BCON_NEW ("sort", "{", field, BCON_INT32 (1), "}", "limit", BCON_INT64 (limit)), error);

  if (docs && docs->len == limit)
    *next = kl_mongo_dup_string (g_ptr_array_index (docs, docs->len - 1), field);

  return docs;
}

/* ── Accounts ── */

static gboolean
read_users (KlMongoDump *self, const char *after, guint limit, GPtrArray *records, char **next, GError **error)
{
  g_autoptr (GPtrArray) docs = find_page (self, KL_MONGO_USERS, "_id", after, limit, next, error);

  for (guint i = 0; docs && i < docs->len; i++)
    {
      const bson_t *doc = g_ptr_array_index (docs, i);
      KlDumpRecord *record = kl_dump_record_new (KL_DUMP_USER, NULL);

      record->user = kl_mongo_read_user (doc);
      record->password_hash = kl_mongo_dup_string (doc, "hash");
      g_ptr_array_add (records, record);
    }

  return docs != NULL;
}

/* By id. The documents are FOUND's. */
static GHashTable *
find_owners (KlMongoDump *self, GPtrArray *sessions, GPtrArray **found, GError **error)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  GHashTable *owners;

  for (guint i = 0; i < sessions->len; i++)
    g_ptr_array_add (ids, (gpointer) kl_mongo_string (g_ptr_array_index (sessions, i), "u"));
  *found = kl_mongo_find (&self->db, KL_MONGO_USERS, kl_mongo_filter_in ("_id", ids), NULL, error);
  if (!*found)
    return NULL;
  owners = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < (*found)->len; i++)
    g_hash_table_insert (owners, (gpointer) kl_mongo_string (g_ptr_array_index (*found, i), "_id"),
                         g_ptr_array_index (*found, i));

  return owners;
}

/* Those that count. */
static gboolean
read_sessions (KlMongoDump *self, const char *after, guint limit, GPtrArray *records, char **next, GError **error)
{
  g_autoptr (GPtrArray) docs = find_page (self, KL_MONGO_SESSIONS, "id", after, limit, next, error), found = NULL;
  g_autoptr (GHashTable) owners = docs ? find_owners (self, docs, &found, error) : NULL;

  for (guint i = 0; owners && i < docs->len; i++)
    {
      const bson_t *doc = g_ptr_array_index (docs, i), *owner;
      KlDumpRecord *record;

      owner = g_hash_table_lookup (owners, kl_mongo_string (doc, "u"));
      if (!owner || !kl_mongo_session_is_valid (doc, owner))
        continue;
      record = kl_dump_record_new (KL_DUMP_SESSION, NULL);
      record->session = kl_mongo_read_session (doc);
      g_ptr_array_add (records, record);
    }

  return owners != NULL;
}

static gboolean
ask_deleted (KlMongoDump *self, const char *group, gboolean *deleted, GError **error)
{
  g_autoptr (bson_t) view = NULL;

  *deleted = FALSE;
  if (!group)
    return TRUE;
  view = kl_mongo_find_one (&self->db, KL_MONGO_GROUPS, BCON_NEW ("_id", BCON_UTF8 (group)), NULL, error);
  if (!view && *error)
    return FALSE;
  *deleted = !view || kl_mongo_bool (view, "del");

  return TRUE;
}

static gboolean
read_invites (KlMongoDump *self, const char *after, guint limit, GPtrArray *records, char **next, GError **error)
{
  g_autoptr (GPtrArray) docs = find_page (self, KL_MONGO_INVITES, "_id", after, limit, next, error);

  for (guint i = 0; docs && i < docs->len; i++)
    {
      const bson_t *doc = g_ptr_array_index (docs, i);
      gboolean deleted;
      gint64 n_used;
      KlDumpRecord *record;

      if (!ask_deleted (self, kl_mongo_string (doc, "g"), &deleted, error))
        return FALSE;
      if (deleted || kl_mongo_bool (doc, "revoked"))
        continue;
      n_used = kl_mongo_count (&self->db, KL_MONGO_USES, BCON_NEW ("code", BCON_UTF8 (kl_mongo_string (doc, "_id"))),
                               error);
      if (n_used < 0)
        return FALSE;
      if (n_used >= kl_mongo_int (doc, "uses"))
        continue;
      record = kl_dump_record_new (KL_DUMP_INVITE, NULL);
      record->invite = kl_mongo_read_invite (doc, n_used);
      g_ptr_array_add (records, record);
    }

  return docs != NULL;
}

/* ── Groups ── */

static int
compare_members (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const KlStoreMember *const *) a)->user, (*(const KlStoreMember *const *) b)->user);
}

static int
compare_bans (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const KlStoreBan *const *) a)->user, (*(const KlStoreBan *const *) b)->user);
}

/* The members, sorted, in MEMBERS, and the group. */
static KlDumpRecord *
load_group (KlMongoDump *self, const char *id, GPtrArray *members, GError **error)
{
  g_autoptr (bson_t) entry = kl_mongo_find_head (&self->db, id, error), view = NULL;
  g_autoptr (KlDumpRecord) record = kl_dump_record_new (KL_DUMP_GROUP, NULL);
  KlMongoHead head;

  if (!entry)
    {
      if (!*error)
        fail (error, "there is no group", id);
      return NULL;
    }
  kl_mongo_read_head (entry, &head);
  if (!kl_mongo_views_catch_up (&self->db, id, head.meta, &view, error))
    return NULL;
  if (!view)
    {
      fail (error, "there is no view of the group", id);
      return NULL;
    }
  if (!kl_mongo_load_members (&self->db, id, TRUE, members, error))
    return NULL;
  g_ptr_array_sort (members, compare_members);
  record->state = kl_mongo_read_group (view, id, kl_mongo_int (view, "rev"));
  record->rev = head.rev;
  record->seq = head.seq;
  record->time = head.time;
  record->last_seq = head.last_seq;
  for (guint i = 0; i < members->len; i++)
    record->members += ((const KlStoreMember *) g_ptr_array_index (members, i))->role != KL_ROLE_NONE;

  return g_steal_pointer (&record);
}

static gboolean
read_groups (KlMongoDump *self, const char *only, const char *after, guint limit, GPtrArray *records, char **next,
             GError **error)
{
  bson_t *filter = only ? BCON_NEW ("r", BCON_INT64 (1), "g", BCON_UTF8 (only))
                        : BCON_NEW ("r", BCON_INT64 (1), "g", "{", "$gt", BCON_UTF8 (after ? after : ""), "}");
  /* Each log begins with the group, whatever became of it. */
  g_autoptr (GPtrArray) firsts = kl_mongo_find (&self->db, KL_MONGO_CHANGES, filter,
                                                BCON_NEW ("projection", "{", "g", BCON_INT32 (1), "}", "sort", "{", "g",
                                                          BCON_INT32 (1), "}", "limit", BCON_INT64 (limit)),
                                                error);

  for (guint i = 0; firsts && i < firsts->len; i++)
    {
      g_autoptr (GPtrArray) members = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_member_unref);
      KlDumpRecord *record = load_group (self, kl_mongo_string (g_ptr_array_index (firsts, i), "g"), members, error);

      if (!record)
        return FALSE;
      g_ptr_array_add (records, record);
    }
  if (firsts && !only && firsts->len == limit)
    *next = kl_mongo_dup_string (g_ptr_array_index (firsts, firsts->len - 1), "g");

  return firsts != NULL;
}

/* Sets `group` and `members`. */
static gboolean
enter_group (KlMongoDump *self, const char *id, GError **error)
{
  if (self->group && g_str_equal (self->group->state->id, id))
    return TRUE;
  g_clear_pointer (&self->group, kl_dump_record_free);
  g_clear_pointer (&self->members, g_ptr_array_unref);
  self->members = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_member_unref);
  self->group = load_group (self, id, self->members, error);

  return self->group != NULL;
}

static void
read_members (KlMongoDump *self, const char *after, guint limit, GPtrArray *records, char **next)
{
  guint n = 0;

  for (guint i = 0; i < self->members->len; i++)
    {
      KlStoreMember *member = g_ptr_array_index (self->members, i);
      KlDumpRecord *record;

      if (after && strcmp (member->user, after) <= 0)
        continue;
      if (n++ == limit)
        {
          *next = kl_dump_record_dup_key (g_ptr_array_index (records, records->len - 1));
          return;
        }
      record = kl_dump_record_new (KL_DUMP_MEMBER, self->group->state->id);
      record->member = kl_store_member_ref (member);
      g_ptr_array_add (records, record);
    }
}

/* All at once: a person has to be banned for each. */
static gboolean
read_bans (KlMongoDump *self, const char *after, GPtrArray *records, GError **error)
{
  g_autoptr (GPtrArray) bans = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_ban_unref);

  if (self->group->state->deleted)
    return TRUE;
  if (!kl_mongo_load_bans (&self->db, self->group->state->id, bans, error))
    return FALSE;
  g_ptr_array_sort (bans, compare_bans);
  for (guint i = 0; i < bans->len; i++)
    {
      KlStoreBan *ban = g_ptr_array_index (bans, i);
      KlDumpRecord *record;

      if (after && strcmp (ban->user, after) <= 0)
        continue;
      record = kl_dump_record_new (KL_DUMP_BAN, self->group->state->id);
      record->ban = kl_store_ban_ref (ban);
      g_ptr_array_add (records, record);
    }

  return TRUE;
}

/* ── The log ── */

static void
note_rev (GHashTable *newest, gint64 seq, gint64 rev)
{
  const gint64 *known = g_hash_table_lookup (newest, &seq);

  if (!known || *known < rev)
    g_hash_table_replace (newest, g_memdup2 (&seq, sizeof seq), g_memdup2 (&rev, sizeof rev));
}

/* seq → rev of the message's last change, for the messages in CHANGES. What changes an older message is a deed of its
 * own. */
static GHashTable *
find_newest (KlMongoDump *self, const GArray *changes, GError **error)
{
  g_autoptr (GHashTable) newest = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  g_autoptr (GArray) seqs = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) entries = NULL;

  for (guint i = 0; i < changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);

      if (change->kind != KL_CHANGE_MESSAGE)
        continue;
      note_rev (newest, change->seq, change->rev);
      g_array_append_val (seqs, change->seq);
    }
  if (seqs->len == 0)
    return g_steal_pointer (&newest);
  entries = kl_mongo_find (
      &self->db, KL_MONGO_CHANGES, kl_mongo_filter_messages (self->group->state->id, seqs),
      BCON_NEW ("projection", "{", "s", BCON_INT32 (1), "r", BCON_INT32 (1), "e", BCON_INT32 (1), "}"), error);
  if (!entries)
    return NULL;
  for (guint i = 0; i < entries->len; i++)
    {
      const bson_t *entry = g_ptr_array_index (entries, i);

      if (kl_mongo_entry_first (entry) == kl_mongo_entry_last (entry))
        note_rev (newest, kl_mongo_int (entry, "s"), kl_mongo_entry_first (entry));
    }

  return g_steal_pointer (&newest);
}

static KlStoreMember *
find_member (KlMongoDump *self, const char *user)
{
  for (guint low = 0, high = self->members->len; low < high;)
    {
      guint middle = (low + high) / 2;
      KlStoreMember *member = g_ptr_array_index (self->members, middle);
      int order = strcmp (user, member->user);

      if (order == 0)
        return member;
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }

  return NULL;
}

/* The state that its object has now. */
static gboolean
renew_state (KlMongoDump *self, KlStoreChange *change, GHashTable *newest, GError **error)
{
  KlStoreMember *member;
  const gint64 *rev;

  g_clear_pointer (&change->group, kl_store_group_unref);
  switch (change->kind)
    {
    case KL_CHANGE_MESSAGE:
      rev = g_hash_table_lookup (newest, &change->seq);
      if (*rev != change->rev)
        g_clear_pointer (&change->message, kl_store_message_unref);
      else if (!change->message)
        return fail (error, "a message is missing in", self->group->state->id);
      return TRUE;
    case KL_CHANGE_MEMBER:
      member = find_member (self, change->member->user);
      if (!member)
        return fail (error, "a member is missing in", self->group->state->id);
      g_clear_pointer (&change->member, kl_store_member_unref);
      change->member = kl_store_member_ref (member);
      return TRUE;
    case KL_CHANGE_GROUP:
      change->group = kl_store_group_ref (self->group->state);
      return TRUE;
    default:
      return fail (error, "there is a change of an unknown kind in", self->group->state->id);
    }
}

static void
reduce_to_remains (KlMongoDump *self, KlStoreChange *change)
{
  g_clear_pointer (&change->message, kl_store_message_unref);
  g_clear_pointer (&change->member, kl_store_member_unref);
  g_clear_pointer (&change->group, kl_store_group_unref);
  change->kind = KL_CHANGE_GROUP;
  change->seq = 0;
  if (change->rev == self->group->rev)
    change->group = kl_store_group_ref (self->group->state);
}

static gboolean
read_changes (KlMongoDump *self, gint64 after, guint limit, GPtrArray *records, char **next, GError **error)
{
  const char *group = self->group->state->id;
  gint64 wanted = (gint64) limit + KL_STORE_DEED_CHANGES;
  g_autoptr (GPtrArray) entries = kl_mongo_find_entries (&self->db, group, after, wanted, error);
  g_autoptr (GArray) changes = kl_mongo_changes_new ();
  g_autoptr (GHashTable) newest = NULL;

  if (!entries)
    return FALSE;
  for (guint i = 0; i < entries->len; i++)
    kl_mongo_read_entry (g_ptr_array_index (entries, i), changes);
  newest = find_newest (self, changes, error);
  if (!newest)
    return FALSE;
  for (guint i = 0; i < changes->len; i++)
    {
      KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);
      KlDumpRecord *record;

      if (change->rev <= after)
        continue;
      if (self->group->state->deleted)
        reduce_to_remains (self, change);
      else if (!renew_state (self, change, newest, error))
        return FALSE;
      record = kl_dump_record_new (KL_DUMP_CHANGE, group);
      record->change = *change;
      *change = (KlStoreChange) { 0 };
      g_ptr_array_add (records, record);
    }
  if (entries->len == wanted)
    *next = kl_dump_record_dup_key (g_ptr_array_index (records, records->len - 1));

  return TRUE;
}

/* ── All of it ── */

static gboolean
read_inner (KlMongoDump *self, KlDumpKind kind, const char *group, const char *after, guint limit, GPtrArray *records,
            char **next, GError **error)
{
  if (kind >= KL_DUMP_MEMBER && !enter_group (self, group, error))
    return FALSE;
  switch (kind)
    {
    case KL_DUMP_USER:
      return read_users (self, after, limit, records, next, error);
    case KL_DUMP_SESSION:
      return read_sessions (self, after, limit, records, next, error);
    case KL_DUMP_GROUP:
      return read_groups (self, group, after, limit, records, next, error);
    case KL_DUMP_INVITE:
      return read_invites (self, after, limit, records, next, error);
    case KL_DUMP_MEMBER:
      read_members (self, after, limit, records, next);
      return TRUE;
    case KL_DUMP_BAN:
      return read_bans (self, after, records, error);
    case KL_DUMP_CHANGE:
      return read_changes (self, kl_dump_parse_rev (after), limit, records, next, error);
    case KL_DUMP_N_KINDS:
    default:
      g_return_val_if_reached (FALSE);
    }
}

/* What is called here looks at the error to tell it from nothing. */
gboolean
kl_mongo_dump_read (KlMongoDump *self, KlDumpKind kind, const char *group, const char *after, guint limit,
                    GPtrArray *records, char **next, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (read_inner (self, kind, group, after, limit, records, next, &why))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));

  return FALSE;
}
