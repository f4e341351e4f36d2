/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The insert is the allocation: an entry's key is its group and rev, and of two writers that plan on the same head the
 * database lets one insert it. Nobody else decides anything, so a writer may die, freeze or be repeated at any point:
 *
 * - before the insert: nothing has happened;
 * - during it: entries are inserted in their order, each whole, so that what stands is the beginning of the batch, a
 * head like any other;
 * - after it: the log has it, the writer did not say so, and whoever did the deed repeats it under its op, which is
 * found.
 *
 * A deed is one entry, so no part of it can be missing. What became of an insert without an answer is read from the
 * log: entries carry a word of their append, by which it knows its own. To insert the same again is harmless meanwhile.
 */
#include "server/store/kl-mongo-append.h"

#include "protocol/kl-id.h"
#include "server/store/kl-mongo-entries.h"
#include "server/store/kl-mongo-invites.h"
#include "server/store/kl-mongo-rows.h"
#include "server/store/kl-mongo-tidy.h"
#include "server/store/kl-mongo-views.h"

struct _KlMongoAppend
{
  KlStoreBatch *batch;
  char *nonce;
  gboolean prepared;
  GPtrArray *entries; /* bson_t, one a deed */
  GArray *ends;       /* of guint: how many changes the entries up to this one have */
  GArray *heads;      /* of KlMongoHead: behind each */
  KlMongoHead base;
  guint n_stored;     /* entries that are known to be in the log */
  gboolean uncertain; /* more may be */
  gboolean settled;   /* the outcome is known */
  KlAppendOutcome outcome;
  GArray *indexes;
  GPtrArray *claims; /* KlMongoClaim */
};

KlMongoAppend *
kl_mongo_append_new (KlStoreBatch *batch)
{
  KlMongoAppend *self = g_new0 (KlMongoAppend, 1);

  self->batch = kl_store_batch_ref (batch);
  self->nonce = kl_id_new_random ();
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) bson_destroy);
  self->ends = g_array_new (FALSE, FALSE, sizeof (guint));
  self->heads = g_array_new (FALSE, FALSE, sizeof (KlMongoHead));
  self->indexes = g_array_new (FALSE, FALSE, sizeof (guint));
  self->claims = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_mongo_claim_free);

  return self;
}

void
kl_mongo_append_free (KlMongoAppend *self)
{
  kl_store_batch_unref (self->batch);
  g_free (self->nonce);
  g_ptr_array_unref (self->entries);
  g_array_unref (self->ends);
  g_array_unref (self->heads);
  g_array_unref (self->indexes);
  g_ptr_array_unref (self->claims);
  g_free (self);
}

static const KlStoreChange *
get_change (KlMongoAppend *self, guint index)
{
  return &g_array_index (self->batch->changes, KlStoreChange, index);
}

static void
settle (KlMongoAppend *self, KlAppendOutcome outcome)
{
  self->settled = TRUE;
  self->outcome = outcome;
}

static guint
count_stored_changes (KlMongoAppend *self)
{
  return self->n_stored > 0 ? g_array_index (self->ends, guint, self->n_stored - 1) : 0;
}

/* ── The head ── */

/* Whether the batch was planned on an entry that is there. That it is the newest, the insert will say. */
static gboolean
find_base (KlMongoAppend *self, KlMongo *db, GError **error)
{
  const KlStoreBatch *batch = self->batch;
  g_autoptr (bson_t) entry = NULL;

  if (batch->base_rev == 0)
    {
      g_autofree char *key = kl_mongo_key (batch->group, 1);

      entry = kl_mongo_find_one (db, KL_MONGO_CHANGES, BCON_NEW ("_id", BCON_UTF8 (key)), NULL, error);
      if (entry)
        settle (self, KL_APPEND_CONFLICT);
      return entry || !*error;
    }
  if (!kl_mongo_memory_get_head (db->memory, batch->group, batch->base_rev, &self->base))
    {
      entry = kl_mongo_find_base (db, batch->group, batch->base_rev, error);
      if (!entry && *error)
        return FALSE;
      if (entry)
        kl_mongo_read_head (entry, &self->base);
    }
  if (self->base.rev != batch->base_rev || self->base.seq != batch->base_seq || self->base.deleted)
    settle (self, KL_APPEND_CONFLICT);

  return TRUE;
}

/* ── What is to be written ── */

static gboolean
fail (KlMongoAppend *self, GError **error, const char *what)
{
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "append to %s: %s", self->batch->group, what);

  return FALSE;
}

static gboolean
is_known (KlMongo *db, const char *user, GError **error)
{
  g_autofree char *name = user ? kl_mongo_dup_user_name (db, user, error) : NULL;

  return name != NULL;
}

static gboolean
check_change (KlMongoAppend *self, KlMongo *db, const KlStoreChange *change, gint64 seq, GError **error)
{
  switch (change->kind)
    {
    case KL_CHANGE_MESSAGE:
      if (!change->message || change->message->seq != change->seq || change->seq < 1 || change->seq > seq + 1)
        return fail (self, error, "a message out of order");
      return is_known (db, change->message->sender, error) || *error || fail (self, error, "a message by nobody");
    case KL_CHANGE_MEMBER:
      if (!change->member)
        return fail (self, error, "a change of a member without one");
      return is_known (db, change->member->user, error) || *error || fail (self, error, "a member that is nobody");
    case KL_CHANGE_GROUP:
      return change->group || fail (self, error, "a change of the group without it");
    default:
      return fail (self, error, "a change of an unknown kind");
    }
}

static gboolean
check_changes (KlMongoAppend *self, KlMongo *db, GError **error)
{
  gint64 seq = self->batch->base_seq;
  guint in_deed = 0;

  if (self->batch->changes->len == 0)
    return fail (self, error, "nothing");
  if (self->batch->base_rev == 0 && get_change (self, 0)->kind != KL_CHANGE_GROUP)
    return fail (self, error, "a new group begins with itself");
  for (guint i = 0; i < self->batch->changes->len; i++)
    {
      const KlStoreChange *change = get_change (self, i);

      in_deed = change->goes_along ? in_deed + 1 : 1;
      if (change->rev != self->batch->base_rev + i + 1)
        return fail (self, error, "revs out of order");
      if (in_deed > KL_STORE_DEED_CHANGES || (in_deed > 1 && (change->op || i == 0)))
        return fail (self, error, "too much for one deed");
      if (!check_change (self, db, change, seq, error) || *error)
        return FALSE;
      /* What changes an older message stands alone, so that it can be taken out of the log when it is superseded. */
      if (change->kind == KL_CHANGE_MESSAGE && change->seq <= seq && in_deed > 1)
        return fail (self, error, "an old message in a larger deed");
      if (change->kind == KL_CHANGE_MESSAGE)
        seq = MAX (seq, change->seq);
    }

  return TRUE;
}

static void
write_entries (KlMongoAppend *self)
{
  guint n_changes = self->batch->changes->len;
  KlMongoHead head = self->base;

  for (guint first = 0, end; first < n_changes; first = end)
    {
      for (end = first + 1; end < n_changes && get_change (self, end)->goes_along; end++)
        ;
      g_ptr_array_add (self->entries, kl_mongo_write_entry (self->batch, first, end - first, &head, self->nonce));
      g_array_append_val (self->ends, end);
      g_array_append_val (self->heads, head);
    }
}

/* ── Ops and invites ── */

/* Which ops of the changes from FIRST are in the log; settles where there are some. */
static gboolean
find_used_ops (KlMongoAppend *self, KlMongo *db, guint first, GError **error)
{
  g_autoptr (GPtrArray) ops = g_ptr_array_new (), found = NULL;
  g_autoptr (GHashTable) used = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = first; i < self->batch->changes->len; i++)
    if (get_change (self, i)->op)
      g_ptr_array_add (ops, get_change (self, i)->op);
  if (ops->len == 0)
    return TRUE;

  found = kl_mongo_find (db, KL_MONGO_CHANGES, kl_mongo_filter_in ("op", ops),
                         BCON_NEW ("projection", "{", "op", BCON_INT32 (1), "w", BCON_INT32 (1), "}"), error);
  if (!found)
    return FALSE;
  for (guint i = 0; i < found->len; i++)
    if (g_strcmp0 (kl_mongo_string (g_ptr_array_index (found, i), "w"), self->nonce) != 0)
      g_hash_table_add (used, (gpointer) kl_mongo_string (g_ptr_array_index (found, i), "op"));
  for (guint i = first; i < self->batch->changes->len; i++)
    if (get_change (self, i)->op && g_hash_table_contains (used, get_change (self, i)->op))
      g_array_append_val (self->indexes, i);
  if (self->indexes->len > 0)
    settle (self, KL_APPEND_OP_USED);

  return TRUE;
}

/* Uses are claimed before anything is written; those that are not needed after all are given back. */
static gboolean
claim_invites (KlMongoAppend *self, KlMongo *db, GError **error)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->batch->changes->len; i++)
    any = any || get_change (self, i)->invite;
  if (!any)
    return TRUE;
  /* A deed that was done already needs no use. */
  if (!find_used_ops (self, db, 0, error) || self->settled)
    return self->settled;

  for (guint i = 0, entry = 0; i < self->batch->changes->len; i++)
    {
      const KlStoreChange *change = get_change (self, i);
      KlMongoClaim *claim = NULL;

      if (i >= g_array_index (self->ends, guint, entry))
        entry++;
      if (!change->invite)
        continue;
      if (!kl_mongo_claim_use (db, change->invite, change->time, self->nonce, i,
                               kl_mongo_string (g_ptr_array_index (self->entries, entry), "_id"), NULL, &claim, error))
        return FALSE;
      if (claim)
        g_ptr_array_add (self->claims, claim);
      else
        g_array_append_val (self->indexes, i);
    }
  if (self->indexes->len > 0)
    settle (self, KL_APPEND_SPENT);

  return TRUE;
}

static gboolean
prepare (KlMongoAppend *self, KlMongo *db, GError **error)
{
  if (!find_base (self, db, error))
    return FALSE;
  if (!self->settled)
    {
      if (!check_changes (self, db, error))
        return FALSE;
      if (self->entries->len == 0)
        write_entries (self);
      g_ptr_array_set_size (self->claims, 0);
      g_array_set_size (self->indexes, 0);
      if (!claim_invites (self, db, error))
        return FALSE;
    }
  self->prepared = TRUE;

  return TRUE;
}

/* ── Inserting ── */

/* The insert met a key that is in use, of the first entry that is not stored. Settles, or finds that the entry is its
 * own. */
static gboolean
find_reason (KlMongoAppend *self, KlMongo *db, GError **error)
{
  const char *key = kl_mongo_string (g_ptr_array_index (self->entries, self->n_stored), "_id");
  const KlStoreGroup *group = get_change (self, 0)->group;
  g_autoptr (bson_t) entry = NULL, slug = NULL;

  entry = kl_mongo_find_one (db, KL_MONGO_CHANGES, BCON_NEW ("_id", BCON_UTF8 (key)), NULL, error);
  if (!entry && *error)
    return FALSE;
  if (entry)
    {
      if (g_strcmp0 (kl_mongo_string (entry, "w"), self->nonce) == 0)
        self->n_stored++;
      else
        settle (self, KL_APPEND_CONFLICT);
      return TRUE;
    }

  if (!find_used_ops (self, db, count_stored_changes (self), error))
    return FALSE;
  if (self->settled)
    return TRUE;
  if (self->batch->base_rev == 0 && self->n_stored == 0 && group->slug)
    {
      slug = kl_mongo_find_one (db, KL_MONGO_CHANGES, BCON_NEW ("slug", BCON_UTF8 (group->slug)), NULL, error);
      if (!slug && *error)
        return FALSE;
      if (slug)
        {
          settle (self, KL_APPEND_SLUG_TAKEN);
          return TRUE;
        }
    }
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "a key is in use that is not there yet");

  return FALSE;
}

/* After an insert without an answer: which of those that were tried are there. */
static gboolean
find_own (KlMongoAppend *self, KlMongo *db, GError **error)
{
  guint end = MIN (self->entries->len, self->n_stored + KL_MONGO_INSERT_MAX);
  g_autoptr (GPtrArray) keys = g_ptr_array_new (), found = NULL;
  g_autoptr (GHashTable) own = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = self->n_stored; i < end; i++)
    g_ptr_array_add (keys, (gpointer) kl_mongo_string (g_ptr_array_index (self->entries, i), "_id"));
  found = kl_mongo_find (db, KL_MONGO_CHANGES, kl_mongo_filter_in ("_id", keys),
                         BCON_NEW ("projection", "{", "w", BCON_INT32 (1), "}"), error);
  if (!found)
    return FALSE;
  for (guint i = 0; i < found->len; i++)
    if (g_strcmp0 (kl_mongo_string (g_ptr_array_index (found, i), "w"), self->nonce) == 0)
      g_hash_table_add (own, (gpointer) kl_mongo_string (g_ptr_array_index (found, i), "_id"));
  for (guint i = 0; i < keys->len && g_hash_table_contains (own, g_ptr_array_index (keys, i)); i++)
    self->n_stored++;
  self->uncertain = FALSE;

  return TRUE;
}

static gboolean
insert_some (KlMongoAppend *self, KlMongo *db, GError **error)
{
  guint n = MIN (self->entries->len - self->n_stored, KL_MONGO_INSERT_MAX), n_inserted = 0;
  const bson_t **docs = (const bson_t **) &g_ptr_array_index (self->entries, self->n_stored);

  switch (kl_mongo_insert_many (db, KL_MONGO_CHANGES, docs, n, &n_inserted, error))
    {
    case KL_MONGO_INSERTED:
      self->n_stored += n;
      return TRUE;
    case KL_MONGO_DUPLICATE:
      self->n_stored += n_inserted;
      return find_reason (self, db, error);
    case KL_MONGO_UNKNOWN:
    default:
      self->uncertain = TRUE;
      return FALSE;
    }
}

static gboolean
insert_entries (KlMongoAppend *self, KlMongo *db, GError **error)
{
  while (!self->settled && self->n_stored < self->entries->len)
    {
      if (kl_mongo_is_abandoned (db) || kl_mongo_claims_are_old (self->claims))
        {
          g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "too late");
          return FALSE;
        }
      if (self->uncertain ? !find_own (self, db, error) : !insert_some (self, db, error))
        return FALSE;
    }
  if (!self->settled)
    settle (self, KL_APPEND_OK);

  return TRUE;
}

/* ── Afterwards ── */

static gboolean
update_views (KlMongoAppend *self, KlMongo *db, GError **error)
{
  guint n = count_stored_changes (self);
  g_autoptr (GArray) changes = NULL;
  const KlMongoHead *head;

  if (n == 0)
    return TRUE;
  head = &g_array_index (self->heads, KlMongoHead, self->n_stored - 1);
  kl_mongo_memory_set_head (db->memory, self->batch->group, head);
  if (head->meta == self->base.meta)
    return TRUE;

  changes = g_array_new (FALSE, FALSE, sizeof (KlStoreChange)); /* lent */
  for (guint i = 0; i < n; i++)
    if (get_change (self, i)->kind != KL_CHANGE_MESSAGE)
      g_array_append_vals (changes, get_change (self, i), 1);

  return kl_mongo_views_apply (db, self->batch->group, changes, self->base.meta, head->meta, error);
}

static void
plan_chores (KlMongoAppend *self, KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GArray) superseded = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < count_stored_changes (self); i++)
    {
      const KlStoreChange *change = get_change (self, i);

      if (change->kind == KL_CHANGE_GROUP && change->group->deleted)
        {
          kl_mongo_job_add_chore (job, kl_mongo_purge)->text[0] = g_strdup (self->batch->group);
          return;
        }
      /* Where there are no indexes, only what must not stay is worth looking for. */
      if (change->kind == KL_CHANGE_MESSAGE && change->seq <= self->base.seq
          && (change->message->flags & KL_MESSAGE_DELETED || !kl_mongo_memory_scans (db->memory)))
        g_array_append_val (superseded, change->seq);
    }
  if (superseded->len > 0)
    kl_mongo_tidy_later (job, self->batch->group, superseded);
}

gboolean
kl_mongo_append (KlMongo *db, KlStoreJob *job)
{
  KlMongoAppend *self = job->object;
  KlAppendResult *result;

  if (!self->prepared && !prepare (self, db, &job->error))
    return FALSE;
  if (!self->settled && !insert_entries (self, db, &job->error))
    return FALSE;
  if (!update_views (self, db, &job->error)
      || !kl_mongo_claims_settle (db, self->claims, count_stored_changes (self), &job->error))
    return FALSE;

  plan_chores (self, db, job);
  result = kl_append_result_new (self->outcome);
  result->n_stored = self->outcome == KL_APPEND_OK ? 0 : count_stored_changes (self);
  g_array_append_vals (result->indexes, self->indexes->data, self->indexes->len);

  return kl_store_job_give (job, result, (GDestroyNotify) kl_append_result_free);
}
