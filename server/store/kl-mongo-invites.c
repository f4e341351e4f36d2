/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-mongo-invites.h"

#include "protocol/kl-id.h"

/* A claim that is not needed for so long belongs to a dead writer. No writer uses one of a tenth of that age. */
#define DEAD_CLAIM_MS (10 * 60 * 1000)
#define OLD_CLAIM_USEC (60 * G_USEC_PER_SEC)

static gint64
get_now_ms (void)
{
  return g_get_real_time () / 1000;
}

/* ── Invites ── */

KlStoreInvite *
kl_mongo_read_invite (const bson_t *doc, gint64 n_used)
{
  KlStoreInvite *invite = kl_store_invite_new ();

  invite->code = kl_mongo_dup_string (doc, "_id");
  invite->group = kl_mongo_dup_string (doc, "g");
  invite->by = kl_mongo_dup_string (doc, "by");
  invite->registers = kl_mongo_bool (doc, "registers");
  invite->created_at = kl_mongo_int (doc, "made");
  invite->expires_at = kl_mongo_int (doc, "expires");
  invite->uses_left = kl_mongo_int (doc, "uses") - n_used;

  return invite;
}

static gboolean
is_current (const bson_t *doc, gint64 now_ms)
{
  gint64 expires_at = kl_mongo_int (doc, "expires");

  return !kl_mongo_bool (doc, "revoked") && (expires_at == 0 || expires_at > now_ms);
}

/* *ALIVE: not deleted. */
static gboolean
ask_group (KlMongo *db, const char *group, gboolean *alive, GError **error)
{
  g_autoptr (bson_t) view = NULL;

  *alive = TRUE;
  if (!group)
    return TRUE;
  view = kl_mongo_find_one (db, KL_MONGO_GROUPS, BCON_NEW ("_id", BCON_UTF8 (group)), NULL, error);
  if (!view && *error)
    return FALSE;
  *alive = view && !kl_mongo_bool (view, "del");

  return TRUE;
}

/* The document, if it is good but for its uses. */
static bson_t *
find_current (KlMongo *db, const char *code, gint64 now_ms, GError **error)
{
  g_autoptr (bson_t) doc = kl_mongo_find_one (db, KL_MONGO_INVITES, BCON_NEW ("_id", BCON_UTF8 (code)), NULL, error);
  gboolean alive;

  if (!doc || !is_current (doc, now_ms) || !ask_group (db, kl_mongo_string (doc, "g"), &alive, error) || !alive)
    return NULL;

  return g_steal_pointer (&doc);
}

/* ── Uses ── */

void
kl_mongo_claim_free (KlMongoClaim *self)
{
  g_free (self->key);
  g_free (self->ref);
  g_free (self);
}

static GPtrArray *
find_uses (KlMongo *db, const char *code, GError **error)
{
  return kl_mongo_find (db, KL_MONGO_USES, BCON_NEW ("code", BCON_UTF8 (code)), NULL, error);
}

/* Whether what it was claimed for is there. */
static gboolean
is_needed (KlMongo *db, const bson_t *use, gboolean *needed, GError **error)
{
  const char *entry = kl_mongo_string (use, "entry"), *user = kl_mongo_string (use, "u");
  KlMongoCollection collection = entry ? KL_MONGO_CHANGES : KL_MONGO_USERS;
  g_autoptr (bson_t) doc = NULL;

  *needed = TRUE;
  if (kl_mongo_int (use, "at") > get_now_ms () - DEAD_CLAIM_MS)
    return TRUE;
  doc = kl_mongo_find_one (db, collection, BCON_NEW ("_id", BCON_UTF8 (entry ? entry : user ? user : "")), NULL, error);
  if (!doc && *error)
    return FALSE;
  *needed = doc && (!entry || g_str_has_prefix (kl_mongo_string (use, "ref"), kl_mongo_string (doc, "w")));

  return TRUE;
}

static gboolean
give_back (KlMongo *db, const char *key, const char *ref, GError **error)
{
  return kl_mongo_delete_many (db, KL_MONGO_USES, BCON_NEW ("_id", BCON_UTF8 (key), "ref", BCON_UTF8 (ref)), NULL,
                               error);
}

/* Gives back those of dead writers. */
static gboolean
bury_claims (KlMongo *db, GPtrArray *uses, guint *n_buried, GError **error)
{
  *n_buried = 0;
  for (guint i = 0; i < uses->len; i++)
    {
      const bson_t *use = g_ptr_array_index (uses, i);
      gboolean needed;

      if (!is_needed (db, use, &needed, error))
        return FALSE;
      if (needed)
        continue;
      if (!give_back (db, kl_mongo_string (use, "_id"), kl_mongo_string (use, "ref"), error))
        return FALSE;
      ++*n_buried;
    }

  return TRUE;
}

/* One of the numbers from 1 to MAX that is not used, at random: others are looking too. */
static gint64
pick_number (GPtrArray *uses, gint64 max)
{
  g_autoptr (GHashTable) used = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  gint64 n_free = max - uses->len, skip = n_free > 1 ? g_random_int_range (0, (int) MIN (n_free, 1000)) : 0;

  for (guint i = 0; i < uses->len; i++)
    {
      gint64 *number = g_new (gint64, 1);

      *number = kl_mongo_int (g_ptr_array_index (uses, i), "n");
      g_hash_table_add (used, number);
    }
  for (gint64 number = 1; number <= max; number++)
    if (!g_hash_table_contains (used, &number) && skip-- == 0)
      return number;

  return 1;
}

typedef struct
{
  const char *code, *entry, *user;
  char *ref;
  gint64 max;
} Wish;

static KlMongoClaim *
new_claim (const char *key, const char *ref, guint change)
{
  KlMongoClaim *claim = g_new0 (KlMongoClaim, 1);

  claim->key = g_strdup (key);
  claim->ref = g_strdup (ref);
  claim->change = change;
  claim->claimed_usec = g_get_monotonic_time ();

  return claim;
}

static KlMongoInsert
insert_use (KlMongo *db, const Wish *wish, gint64 number, char **key, GError **error)
{
  bson_t *use;

  *key = g_strdup_printf ("%s:%" G_GINT64_FORMAT, wish->code, number);
  use = BCON_NEW ("_id", BCON_UTF8 (*key), "code", BCON_UTF8 (wish->code), "n", BCON_INT64 (number), "ref",
                  BCON_UTF8 (wish->ref), "at", BCON_INT64 (get_now_ms ()));
  kl_mongo_append_string (use, "entry", wish->entry);
  kl_mongo_append_string (use, "u", wish->user);

  return kl_mongo_insert (db, KL_MONGO_USES, use, error);
}

static gboolean
claim_number (KlMongo *db, const Wish *wish, guint change, KlMongoClaim **claim, GError **error)
{
  while (!kl_mongo_is_abandoned (db))
    {
      g_autoptr (GPtrArray) uses = find_uses (db, wish->code, error);
      g_autofree char *key = NULL;
      guint n_buried;

      if (!uses)
        return FALSE;
      for (guint i = 0; i < uses->len && !*claim; i++)
        if (g_strcmp0 (kl_mongo_string (g_ptr_array_index (uses, i), "ref"), wish->ref) == 0)
          *claim = new_claim (kl_mongo_string (g_ptr_array_index (uses, i), "_id"), wish->ref, change);
      if (*claim)
        return TRUE;
      if (uses->len >= wish->max)
        {
          if (!bury_claims (db, uses, &n_buried, error))
            return FALSE;
          if (n_buried == 0)
            return TRUE;
          continue;
        }
      switch (insert_use (db, wish, pick_number (uses, wish->max), &key, error))
        {
        case KL_MONGO_INSERTED:
          *claim = new_claim (key, wish->ref, change);
          return TRUE;
        case KL_MONGO_UNKNOWN:
          return FALSE;
        case KL_MONGO_DUPLICATE:
        default:
          break;
        }
    }
  g_set_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "too late");

  return FALSE;
}

gboolean
kl_mongo_claim_use (KlMongo *db, const char *code, gint64 now_ms, const char *nonce, guint change, const char *entry,
                    const char *user, KlMongoClaim **claim, GError **error)
{
  g_autofree char *ref = g_strdup_printf ("%s:%u", nonce, change);
  g_autoptr (bson_t) doc = find_current (db, code, now_ms, error);
  Wish wish = { .code = code, .entry = entry, .user = user, .ref = ref };

  if (!doc)
    return *error == NULL;
  if (user && !kl_mongo_bool (doc, "registers"))
    return TRUE;
  wish.max = kl_mongo_int (doc, "uses");

  return claim_number (db, &wish, change, claim, error);
}

gboolean
kl_mongo_claims_settle (KlMongo *db, GPtrArray *claims, guint n_stored, GError **error)
{
  for (guint i = 0; i < claims->len; i++)
    {
      const KlMongoClaim *claim = g_ptr_array_index (claims, i);

      if (claim->change >= n_stored && !give_back (db, claim->key, claim->ref, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
kl_mongo_claims_are_old (GPtrArray *claims)
{
  for (guint i = 0; i < claims->len; i++)
    if (g_get_monotonic_time () - ((KlMongoClaim *) g_ptr_array_index (claims, i))->claimed_usec > OLD_CLAIM_USEC)
      return TRUE;

  return FALSE;
}

/* ── Calls ── */

KlStoreInvite *
kl_mongo_find_good_invite (KlMongo *db, const char *code, GError **error)
{
  g_autoptr (bson_t) doc = find_current (db, code, get_now_ms (), error);
  g_autoptr (GPtrArray) uses = doc ? find_uses (db, code, error) : NULL;

  if (!uses || uses->len >= kl_mongo_int (doc, "uses"))
    return NULL;

  return kl_mongo_read_invite (doc, uses->len);
}

bson_t *
kl_mongo_write_invite (const KlStoreInvite *invite)
{
  bson_t *doc = BCON_NEW ("_id", BCON_UTF8 (invite->code), "registers", BCON_BOOL (invite->registers), "made",
                          BCON_INT64 (invite->created_at), "expires", BCON_INT64 (invite->expires_at), "uses",
                          BCON_INT64 (invite->uses_left));

  kl_mongo_append_string (doc, "g", invite->group);
  kl_mongo_append_string (doc, "by", invite->by);

  return doc;
}

/* text: none; object: the KlStoreInvite. */
gboolean
kl_mongo_create_invite (KlMongo *db, KlStoreJob *job)
{
  const KlStoreInvite *invite = job->object;
  gboolean alive;

  if (!ask_group (db, invite->group, &alive, &job->error))
    return FALSE;
  if (!alive)
    return kl_store_job_refuse (job, KL_STORE_ERROR_NOT_FOUND, "there is no such group");

  /* Codes are random: one that is there is this one, by an earlier try. */
  return kl_mongo_insert (db, KL_MONGO_INVITES, kl_mongo_write_invite (invite), &job->error) != KL_MONGO_UNKNOWN;
}

/* text[0]: the code. */
gboolean
kl_mongo_get_invite (KlMongo *db, KlStoreJob *job)
{
  KlStoreInvite *invite = kl_mongo_find_good_invite (db, job->text[0], &job->error);

  if (invite)
    return kl_store_job_give (job, invite, (GDestroyNotify) kl_store_invite_unref);

  return job->error ? FALSE : kl_store_job_refuse (job, KL_STORE_ERROR_NOT_FOUND, "there is no such invite");
}

/* text[0]: the code. */
gboolean
kl_mongo_revoke_invite (KlMongo *db, KlStoreJob *job)
{
  return kl_mongo_update (db, KL_MONGO_INVITES, BCON_NEW ("_id", BCON_UTF8 (job->text[0])),
                          BCON_NEW ("$set", "{", "revoked", BCON_BOOL (true), "}"), NULL, &job->error);
}

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  const bson_t *one = *(const bson_t *const *) a, *other = *(const bson_t *const *) b;
  gint64 made = kl_mongo_int (one, "made"), other_made = kl_mongo_int (other, "made");

  if (made != other_made)
    return made < other_made ? 1 : -1;

  return g_strcmp0 (kl_mongo_string (other, "_id"), kl_mongo_string (one, "_id"));
}

/* text[0]: the group; text[1]: whose, or NULL. */
gboolean
kl_mongo_list_invites (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) invites = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_invite_unref);
  g_autoptr (GPtrArray) docs
      = kl_mongo_find (db, KL_MONGO_INVITES, BCON_NEW ("g", BCON_UTF8 (job->text[0])), NULL, &job->error);
  gint64 now_ms = get_now_ms ();
  gboolean alive;

  if (!docs || !ask_group (db, job->text[0], &alive, &job->error))
    return FALSE;
  g_ptr_array_sort (docs, compare_newest_first);
  for (guint i = 0; alive && i < docs->len; i++)
    {
      const bson_t *doc = g_ptr_array_index (docs, i);
      g_autoptr (GPtrArray) uses = NULL;

      if (!is_current (doc, now_ms) || (job->text[1] && g_strcmp0 (kl_mongo_string (doc, "by"), job->text[1]) != 0))
        continue;
      uses = find_uses (db, kl_mongo_string (doc, "_id"), &job->error);
      if (!uses)
        return FALSE;
      if (uses->len < kl_mongo_int (doc, "uses"))
        g_ptr_array_add (invites, kl_mongo_read_invite (doc, uses->len));
    }

  return kl_store_job_give (job, g_steal_pointer (&invites), (GDestroyNotify) g_ptr_array_unref);
}
