/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session counts while it carries the same generation (`gen`) as its account, or is the one that a change of password
 * kept. So such a change ends all others with one update, also those that are begun at this moment with the old one. */
#include "server/store/kl-mongo-accounts.h"

#include "protocol/kl-id.h"
#include "server/store/kl-mongo-invites.h"
#include "server/store/kl-mongo-memory.h"
#include "server/store/kl-mongo-rows.h"

static gboolean
not_found (KlStoreJob *job)
{
  return kl_store_job_refuse (job, KL_STORE_ERROR_NOT_FOUND, "there is no such object");
}

/* ── Making an account ── */

bson_t *
kl_mongo_write_user (const KlStoreUser *user, const char *hash, const char *word, gboolean first)
{
  bson_t *doc = BCON_NEW ("_id", BCON_UTF8 (user->id), "name", BCON_UTF8 (user->name), "display",
                          BCON_UTF8 (user->display_name ? user->display_name : ""), "admin", BCON_BOOL (user->admin),
                          "receipts", BCON_BOOL (user->read_receipts), "dnd", BCON_BOOL (user->dnd), "disabled",
                          BCON_BOOL (user->disabled), "deleted", BCON_BOOL (user->deleted), "seen",
                          BCON_INT64 (user->last_seen_at), "made", BCON_INT64 (user->created_at), "updated",
                          BCON_INT64 (user->updated_at), "hash", BCON_UTF8 (hash), "gen", BCON_UTF8 (word), "w",
                          BCON_UTF8 (word));

  kl_mongo_append_string (doc, "avatar", user->avatar);
  kl_mongo_append_string (doc, "status", user->status_text);
  /* Unique: of two that want to be the first one is. */
  if (first)
    BSON_APPEND_BOOL (doc, "first", true);

  return doc;
}

static gboolean
find_any (KlMongo *db, gboolean *any, GError **error)
{
  g_autoptr (bson_t) doc = kl_mongo_find_one (db, KL_MONGO_USERS, bson_new (),
                                              BCON_NEW ("projection", "{", "_id", BCON_INT32 (1), "}"), error);

  *any = doc != NULL;

  return doc || !*error;
}

static gboolean
find_named (KlMongo *db, const char *name, bson_t **doc, GError **error)
{
  *doc = kl_mongo_find_one (db, KL_MONGO_USERS, BCON_NEW ("name", BCON_UTF8 (name)), NULL, error);

  return *doc || !*error;
}

typedef enum
{
  MADE,
  NAME_TAKEN,
  NOT_FIRST,
  NOT_MADE, /* see the error */
} Making;

/* One that an earlier try of this job made is made. */
static Making
make_user (KlMongo *db, KlStoreJob *job, gboolean first)
{
  const KlStoreUser *user = job->object;
  g_autoptr (bson_t) there = NULL;

  switch (kl_mongo_insert (db, KL_MONGO_USERS, kl_mongo_write_user (user, job->text[0], job->text[2], first), &job->error))
    {
    case KL_MONGO_INSERTED:
      return MADE;
    case KL_MONGO_UNKNOWN:
      return NOT_MADE;
    case KL_MONGO_DUPLICATE:
    default:
      break;
    }
  if (!find_named (db, user->name, &there, &job->error))
    return NOT_MADE;
  if (!there)
    return NOT_FIRST;

  return g_strcmp0 (kl_mongo_string (there, "w"), job->text[2]) == 0 ? MADE : NAME_TAKEN;
}

static gboolean
refuse_first (KlStoreJob *job, gboolean any)
{
  return kl_store_job_refuse (job, KL_STORE_ERROR_NOT_FIRST,
                              any ? "there is an account already" : "there is no account yet");
}

/* In the order of the reasons to refuse: first, invite, name; and nothing of the invite is used where the name is not
 * free. */
static gboolean
check_user (KlMongo *db, KlStoreJob *job, KlStoreInvite **invite, gboolean *any, gboolean *done)
{
  const KlStoreUser *user = job->object;
  KlStoreCreate how = (KlStoreCreate) job->number[0];
  g_autoptr (bson_t) there = NULL;

  if (!find_any (db, any, &job->error) || !find_named (db, user->name, &there, &job->error))
    return FALSE;
  *done = there && g_strcmp0 (kl_mongo_string (there, "w"), job->text[2]) == 0;
  if (*done)
    return TRUE;
  if ((how == KL_STORE_CREATE_FIRST && *any) || (how == KL_STORE_CREATE_NOT_FIRST && !*any))
    return refuse_first (job, *any);
  if (job->text[1])
    {
      *invite = kl_mongo_find_good_invite (db, job->text[1], &job->error);
      if (!*invite && job->error)
        return FALSE;
      if (!*invite || !(*invite)->registers)
        return kl_store_job_refuse (job, KL_STORE_ERROR_SPENT, "this invite does not register");
    }
  if (there)
    return kl_store_job_refuse (job, KL_STORE_ERROR_TAKEN, "this name is in use, or was once");

  return TRUE;
}

static gboolean
give_invite (KlStoreJob *job, KlStoreInvite *invite)
{
  return kl_store_job_give (job, invite ? kl_store_invite_ref (invite) : kl_store_invite_new (),
                            (GDestroyNotify) kl_store_invite_unref);
}

gboolean
kl_mongo_create_user (KlMongo *db, KlStoreJob *job)
{
  const KlStoreUser *user = job->object;
  g_autoptr (KlStoreInvite) invite = NULL;
  g_autoptr (GPtrArray) claims = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_mongo_claim_free);
  KlMongoClaim *claim = NULL;
  gboolean any, done;
  Making making;

  if (!job->text[2])
    job->text[2] = kl_id_new_random (); /* the job's own word, the same for all tries */
  if (!check_user (db, job, &invite, &any, &done))
    return FALSE;
  if (done)
    {
      /* What the invite joins is the answer; it may be used up by this account. */
      g_autoptr (bson_t) doc = job->text[1]
                                   ? kl_mongo_find_one (db, KL_MONGO_INVITES,
                                                        BCON_NEW ("_id", BCON_UTF8 (job->text[1])), NULL, &job->error)
                                   : NULL;

      if (doc)
        {
          invite = kl_store_invite_new ();
          invite->code = g_strdup (job->text[1]);
          invite->group = kl_mongo_dup_string (doc, "g");
          invite->by = kl_mongo_dup_string (doc, "by");
          invite->registers = TRUE;
        }
      return !job->error && give_invite (job, invite);
    }

  if (invite)
    {
      if (!kl_mongo_claim_use (db, invite->code, g_get_real_time () / 1000, job->text[2], 0, NULL, user->id, &claim,
                               &job->error))
        return FALSE;
      if (!claim)
        return kl_store_job_refuse (job, KL_STORE_ERROR_SPENT, "this invite does not register");
      g_ptr_array_add (claims, claim);
    }
  making = make_user (db, job, !any);
  /* Somebody else was the first, which this one need not be. */
  if (making == NOT_FIRST && job->number[0] == KL_STORE_CREATE_ANY)
    making = make_user (db, job, FALSE);
  if (making == NOT_MADE || (making != MADE && !kl_mongo_claims_settle (db, claims, 0, &job->error)))
    return FALSE;
  if (making == NOT_FIRST)
    return refuse_first (job, TRUE);
  if (making == NAME_TAKEN)
    return kl_store_job_refuse (job, KL_STORE_ERROR_TAKEN, "this name is in use, or was once");

  return give_invite (job, invite);
}

/* ── Reading accounts ── */

gboolean
kl_mongo_get_users (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) users = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_user_unref);
  g_autoptr (GPtrArray) ids = g_ptr_array_new (), docs = NULL;
  g_autoptr (GHashTable) by_id = g_hash_table_new (g_str_hash, g_str_equal);

  for (char **id = job->texts; *id; id++)
    g_ptr_array_add (ids, *id);
  docs = ids->len == 1
             ? kl_mongo_find (db, KL_MONGO_USERS, BCON_NEW ("_id", BCON_UTF8 (job->texts[0])), NULL, &job->error)
             : kl_mongo_find (db, KL_MONGO_USERS, kl_mongo_filter_in ("_id", ids), NULL, &job->error);
  if (!docs)
    return FALSE;
  for (guint i = 0; i < docs->len; i++)
    g_hash_table_insert (by_id, (gpointer) kl_mongo_string (g_ptr_array_index (docs, i), "_id"),
                         g_ptr_array_index (docs, i));
  for (guint i = 0; i < ids->len; i++)
    {
      const bson_t *doc = g_hash_table_lookup (by_id, g_ptr_array_index (ids, i));

      if (doc)
        g_ptr_array_add (users, kl_mongo_read_user (doc));
    }

  return kl_store_job_give (job, g_steal_pointer (&users), (GDestroyNotify) g_ptr_array_unref);
}

gboolean
kl_mongo_find_user (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (bson_t) doc = NULL;

  if (!find_named (db, job->text[0], &doc, &job->error))
    return FALSE;

  return doc ? kl_store_job_give (job, kl_mongo_read_user (doc), (GDestroyNotify) kl_store_user_unref)
             : not_found (job);
}

gboolean
kl_mongo_get_credentials (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (bson_t) doc = NULL;
  KlStoreCredentials *credentials;

  if (!find_named (db, job->text[0], &doc, &job->error))
    return FALSE;
  if (!doc)
    return not_found (job);
  credentials = kl_store_credentials_new ();
  credentials->user = kl_mongo_read_user (doc);
  credentials->password_hash = kl_mongo_dup_string (doc, "hash");

  return kl_store_job_give (job, credentials, (GDestroyNotify) kl_store_credentials_free);
}

gboolean
kl_mongo_list_users (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) users = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_user_unref);
  const char *after = job->text[0] ? job->text[0] : "";
  g_autoptr (GPtrArray) docs = kl_mongo_find (
      db, KL_MONGO_USERS, BCON_NEW ("name", "{", "$gt", BCON_UTF8 (after), "}"),
      BCON_NEW ("sort", "{", "name", BCON_INT32 (1), "}", "limit", BCON_INT64 (job->number[0])), &job->error);

  if (!docs)
    return FALSE;
  for (guint i = 0; i < docs->len; i++)
    g_ptr_array_add (users, kl_mongo_read_user (g_ptr_array_index (docs, i)));

  return kl_store_job_give (job, g_steal_pointer (&users), (GDestroyNotify) g_ptr_array_unref);
}

gboolean
kl_mongo_count_users (KlMongo *db, KlStoreJob *job)
{
  job->result_number = kl_mongo_count (db, KL_MONGO_USERS, bson_new (), &job->error);

  return job->result_number >= 0;
}

/* ── Changing accounts ── */

static void
set_or_unset (bson_t *set, bson_t *unset, const char *key, const char *value)
{
  if (value)
    BSON_APPEND_UTF8 (set, key, value);
  else
    BSON_APPEND_UTF8 (unset, key, "");
}

static void
fill_update (bson_t *set, bson_t *unset, const KlStoreUser *from, KlUserFields fields)
{
  if (fields & KL_USER_DISPLAY_NAME)
    BSON_APPEND_UTF8 (set, "display", from->display_name ? from->display_name : "");
  if (fields & KL_USER_AVATAR)
    set_or_unset (set, unset, "avatar", from->avatar);
  if (fields & KL_USER_STATUS_TEXT)
    set_or_unset (set, unset, "status", from->status_text);
  if (fields & KL_USER_READ_RECEIPTS)
    BSON_APPEND_BOOL (set, "receipts", from->read_receipts);
  if (fields & KL_USER_DND)
    BSON_APPEND_BOOL (set, "dnd", from->dnd);
  if (fields & KL_USER_ADMIN)
    BSON_APPEND_BOOL (set, "admin", from->admin);
  if (fields & KL_USER_DISABLED)
    BSON_APPEND_BOOL (set, "disabled", from->disabled);
  if (fields & KL_USER_LAST_SEEN)
    BSON_APPEND_INT64 (set, "seen", from->last_seen_at);
  if (fields != KL_USER_LAST_SEEN)
    BSON_APPEND_INT64 (set, "updated", from->updated_at);
}

gboolean
kl_mongo_update_user (KlMongo *db, KlStoreJob *job)
{
  const KlStoreUser *from = job->object;
  g_autoptr (bson_t) set = bson_new (), unset = bson_new (), doc = NULL;
  bson_t *update = bson_new ();
  gint64 n_matched;

  fill_update (set, unset, from, (KlUserFields) job->number[0]);
  if (!bson_empty (set))
    BSON_APPEND_DOCUMENT (update, "$set", set);
  if (!bson_empty (unset))
    BSON_APPEND_DOCUMENT (update, "$unset", unset);
  if (!kl_mongo_update (db, KL_MONGO_USERS, BCON_NEW ("_id", BCON_UTF8 (from->id)), update, &n_matched, &job->error))
    return FALSE;
  if (n_matched == 0)
    return not_found (job);
  doc = kl_mongo_find_one (db, KL_MONGO_USERS, BCON_NEW ("_id", BCON_UTF8 (from->id)), NULL, &job->error);
  if (!doc)
    return job->error ? FALSE : not_found (job);

  return kl_store_job_give (job, kl_mongo_read_user (doc), (GDestroyNotify) kl_store_user_unref);
}

/* ── Sessions ── */

gboolean
kl_mongo_session_is_valid (const bson_t *session, const bson_t *user)
{
  return g_strcmp0 (kl_mongo_string (session, "gen"), kl_mongo_string (user, "gen")) == 0
         || g_strcmp0 (kl_mongo_string (session, "id"), kl_mongo_string (user, "keep")) == 0;
}

/* The person's sessions (bson_t) that count, newest use first, and the account (NULL: none). */
static GPtrArray *
find_sessions (KlMongo *db, const char *id, bson_t **user, GError **error)
{
  GPtrArray *sessions;

  *user = kl_mongo_find_one (db, KL_MONGO_USERS, BCON_NEW ("_id", BCON_UTF8 (id)), NULL, error);
  if (!*user && *error)
    return NULL;
  sessions = kl_mongo_find (db, KL_MONGO_SESSIONS, BCON_NEW ("u", BCON_UTF8 (id)),
                            BCON_NEW ("sort", "{", "seen", BCON_INT32 (-1), "made", BCON_INT32 (-1), "}"), error);
  for (guint i = sessions ? sessions->len : 0; i > 0; i--)
    if (!*user || !kl_mongo_session_is_valid (g_ptr_array_index (sessions, i - 1), *user))
      g_ptr_array_remove_index (sessions, i - 1);

  return sessions;
}

/* The sessions that end are remembered from the first try: to a second they count no more. */
static gboolean
plan_end (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (GPtrArray) ended = g_ptr_array_new_with_free_func (g_free), sessions = NULL;
  g_autoptr (bson_t) user = NULL;

  if (job->object)
    return TRUE;
  sessions = find_sessions (db, job->text[0], &user, &job->error);
  if (!sessions)
    return FALSE;
  if (!user)
    return not_found (job);
  for (guint i = 0; job->number[0] && i < sessions->len; i++)
    {
      const char *session = kl_mongo_string (g_ptr_array_index (sessions, i), "id");

      if (g_strcmp0 (session, job->text[2]) != 0)
        g_ptr_array_add (ended, g_strdup (session));
    }
  job->object = g_steal_pointer (&ended);
  job->object_free = (GDestroyNotify) g_ptr_array_unref;

  return TRUE;
}

gboolean
kl_mongo_set_password (KlMongo *db, KlStoreJob *job)
{
  const char *id = job->text[0], *hash = job->text[1], *keep = job->text[2];
  g_autofree char *gen = kl_id_new_random ();
  GPtrArray *ended;

  if (!plan_end (db, job))
    return FALSE;
  ended = job->object;
  if (!kl_mongo_update (db, KL_MONGO_USERS, BCON_NEW ("_id", BCON_UTF8 (id)),
                        job->number[0] ? BCON_NEW ("$set", "{", "hash", BCON_UTF8 (hash), "gen", BCON_UTF8 (gen),
                                                   "keep", BCON_UTF8 (keep ? keep : ""), "}")
                                       : BCON_NEW ("$set", "{", "hash", BCON_UTF8 (hash), "}"),
                        NULL, &job->error))
    return FALSE;
  /* They do not count any more; what remains of them goes. */
  if (ended->len > 0
      && !kl_mongo_delete_many (db, KL_MONGO_SESSIONS, kl_mongo_filter_in ("id", ended), NULL, &job->error))
    return FALSE;

  return kl_store_job_give (job, g_ptr_array_ref (ended), (GDestroyNotify) g_ptr_array_unref);
}

static char *
dup_hash (const guint8 *hash)
{
  GString *text = g_string_sized_new (2 * KL_STORE_TOKEN_HASH_BYTES);

  for (gsize i = 0; i < KL_STORE_TOKEN_HASH_BYTES; i++)
    g_string_append_printf (text, "%02x", hash[i]);

  return g_string_free_and_steal (text);
}

bson_t *
kl_mongo_write_session (const KlStoreSession *session, const char *gen)
{
  g_autofree char *hash = dup_hash (session->token_hash);

  return BCON_NEW ("_id", BCON_UTF8 (hash), "id", BCON_UTF8 (session->id), "u", BCON_UTF8 (session->user), "device",
                   BCON_UTF8 (session->device ? session->device : ""), "made", BCON_INT64 (session->created_at),
                   "seen", BCON_INT64 (session->last_seen_at), "gen", BCON_UTF8 (gen ? gen : ""));
}

gboolean
kl_mongo_create_session (KlMongo *db, KlStoreJob *job)
{
  const KlStoreSession *session = job->object;
  g_autoptr (bson_t) user = NULL, there = NULL;
  const char *gen;

  user = kl_mongo_find_one (db, KL_MONGO_USERS, BCON_NEW ("_id", BCON_UTF8 (session->user)), NULL, &job->error);
  if (!user)
    return job->error ? FALSE : not_found (job);
  gen = kl_mongo_string (user, "gen");

  /* Hashes are random: one that is there is this one, by an earlier try. */
  return kl_mongo_insert (db, KL_MONGO_SESSIONS, kl_mongo_write_session (session, gen), &job->error)
         != KL_MONGO_UNKNOWN;
}

gboolean
kl_mongo_find_session (KlMongo *db, KlStoreJob *job)
{
  g_autofree char *hash = dup_hash (job->object);
  g_autoptr (bson_t) session = NULL, user = NULL;
  KlStoreSignedIn *who;

  session = kl_mongo_find_one (db, KL_MONGO_SESSIONS, BCON_NEW ("_id", BCON_UTF8 (hash)), NULL, &job->error);
  if (!session)
    return job->error ? FALSE : not_found (job);
  user = kl_mongo_find_one (db, KL_MONGO_USERS, BCON_NEW ("_id", BCON_UTF8 (kl_mongo_string (session, "u"))), NULL,
                            &job->error);
  if (!user || !kl_mongo_session_is_valid (session, user))
    return job->error ? FALSE : not_found (job);
  who = kl_store_signed_in_new ();
  who->session = kl_mongo_read_session (session);
  who->user = kl_mongo_read_user (user);

  return kl_store_job_give (job, who, (GDestroyNotify) kl_store_signed_in_free);
}

gboolean
kl_mongo_list_sessions (KlMongo *db, KlStoreJob *job)
{
  g_autoptr (bson_t) user = NULL;
  g_autoptr (GPtrArray) docs = find_sessions (db, job->text[0], &user, &job->error);
  GPtrArray *sessions;

  if (!docs)
    return FALSE;
  sessions = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_session_unref);
  for (guint i = 0; i < docs->len; i++)
    g_ptr_array_add (sessions, kl_mongo_read_session (g_ptr_array_index (docs, i)));

  return kl_store_job_give (job, sessions, (GDestroyNotify) g_ptr_array_unref);
}

gboolean
kl_mongo_touch_session (KlMongo *db, KlStoreJob *job)
{
  return kl_mongo_update (db, KL_MONGO_SESSIONS, BCON_NEW ("id", BCON_UTF8 (job->text[0])),
                          BCON_NEW ("$set", "{", "seen", BCON_INT64 (job->number[0]), "}"), NULL, &job->error);
}

gboolean
kl_mongo_end_session (KlMongo *db, KlStoreJob *job)
{
  gint64 n_deleted;

  if (!kl_mongo_delete_many (db, KL_MONGO_SESSIONS,
                             BCON_NEW ("id", BCON_UTF8 (job->text[1]), "u", BCON_UTF8 (job->text[0])), &n_deleted,
                             &job->error))
    return FALSE;

  return n_deleted > 0 || kl_mongo_job_was_tried (job) || not_found (job);
}

gboolean
kl_mongo_end_stale_sessions (KlMongo *db, KlStoreJob *job)
{
  return kl_mongo_delete_many (db, KL_MONGO_SESSIONS, BCON_NEW ("seen", "{", "$lt", BCON_INT64 (job->number[0]), "}"),
                               NULL, &job->error);
}
