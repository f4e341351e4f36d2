/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-mongo.h"

/* What a server says when another server, or the same one later, may say yes: elections, shutdowns, time-outs. 1 is
 * FerretDB's word for a database file that is busy. */
static const int passing_codes[]
    = { 1, 6, 7, 50, 64, 89, 91, 100, 112, 175, 189, 202, 262, 9001, 10107, 11600, 11602, 13435, 13436, 23995 };

static const char *const names[KL_MONGO_N_COLLECTIONS] = {
  [KL_MONGO_CHANGES] = "changes",   [KL_MONGO_GROUPS] = "groups",   [KL_MONGO_MEMBERS] = "members",
  [KL_MONGO_MARKS] = "marks",       [KL_MONGO_BANS] = "bans",       [KL_MONGO_USERS] = "users",
  [KL_MONGO_SESSIONS] = "sessions", [KL_MONGO_INVITES] = "invites", [KL_MONGO_USES] = "uses",
  [KL_MONGO_OWN] = "store",
};

#define DUPLICATE_KEY 11000

void
kl_mongo_init (KlMongo *self, mongoc_client_t *client, const char *database, KlMongoMemory *memory)
{
  self->client = client;
  self->memory = memory;
  self->is_abandoned = NULL;
  for (int i = 0; i < KL_MONGO_N_COLLECTIONS; i++)
    self->collections[i] = mongoc_client_get_collection (client, database, names[i]);
}

void
kl_mongo_clear (KlMongo *self)
{
  for (int i = 0; i < KL_MONGO_N_COLLECTIONS; i++)
    g_clear_pointer (&self->collections[i], mongoc_collection_destroy);
}

gboolean
kl_mongo_is_abandoned (KlMongo *self)
{
  return self->is_abandoned && g_atomic_int_get (self->is_abandoned);
}

/* ── Errors ── */

static gboolean
may_pass (const bson_error_t *error)
{
  switch (error->domain)
    {
    case MONGOC_ERROR_STREAM:
    case MONGOC_ERROR_SERVER_SELECTION:
    case MONGOC_ERROR_WRITE_CONCERN:
      return TRUE;
    case MONGOC_ERROR_CLIENT:
      return error->code != MONGOC_ERROR_CLIENT_AUTHENTICATE;
    default:
      break;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (passing_codes); i++)
    if ((int) error->code == passing_codes[i])
      return TRUE;

  return FALSE;
}

void
kl_mongo_set_error (GError **error, const bson_error_t *from, const bson_t *reply)
{
  gboolean passes = may_pass (from)
                    || (reply
                        && (mongoc_error_has_label (reply, "RetryableWriteError")
                            || mongoc_error_has_label (reply, "TransientTransactionError")));

  g_set_error (error, KL_STORE_ERROR, passes ? KL_STORE_ERROR_UNAVAILABLE : KL_STORE_ERROR_FAILED, "MongoDB: %s",
               from->message[0] ? from->message : "no reason given");
}

/* ── Asking ── */

GPtrArray *
kl_mongo_find (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *opts, GError **error)
{
  mongoc_cursor_t *cursor = mongoc_collection_find_with_opts (self->collections[collection], filter, opts, NULL);
  g_autoptr (GPtrArray) docs = g_ptr_array_new_with_free_func ((GDestroyNotify) bson_destroy);
  const bson_t *doc, *reply = NULL;
  bson_error_t failure;

  while (mongoc_cursor_next (cursor, &doc))
    g_ptr_array_add (docs, bson_copy (doc));
  if (mongoc_cursor_error_document (cursor, &failure, &reply))
    {
      kl_mongo_set_error (error, &failure, reply);
      g_clear_pointer (&docs, g_ptr_array_unref);
    }
  mongoc_cursor_destroy (cursor);
  bson_destroy (filter);
  g_clear_pointer (&opts, bson_destroy);

  return g_steal_pointer (&docs);
}

bson_t *
kl_mongo_find_one (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *opts, GError **error)
{
  bson_t *one = opts ? opts : bson_new ();
  g_autoptr (GPtrArray) docs = NULL;

  BSON_APPEND_INT64 (one, "limit", 1);
  docs = kl_mongo_find (self, collection, filter, one, error);
  if (!docs || docs->len == 0)
    return NULL;

  return g_ptr_array_steal_index (docs, 0);
}

gint64
kl_mongo_count (KlMongo *self, KlMongoCollection collection, bson_t *filter, GError **error)
{
  bson_error_t failure;
  bson_t reply;
  gint64 n = mongoc_collection_count_documents (self->collections[collection], filter, NULL, NULL, &reply, &failure);

  if (n < 0)
    kl_mongo_set_error (error, &failure, &reply);
  bson_destroy (&reply);
  bson_destroy (filter);

  return n;
}

/* ── Writing ── */

/* Whether the only thing wrong is one key that is in use. With a write concern's error beside it more is uncertain. */
static gboolean
is_duplicate (const bson_t *reply)
{
  bson_iter_t iter, inner;
  bson_t sub;

  if (kl_mongo_sub (reply, "writeConcernErrors", &sub) && bson_count_keys (&sub) > 0)
    return FALSE;
  if (!bson_iter_init_find (&iter, reply, "writeErrors") || !BSON_ITER_HOLDS_ARRAY (&iter))
    return FALSE;
  if (!bson_iter_recurse (&iter, &inner) || !bson_iter_next (&inner) || !BSON_ITER_HOLDS_DOCUMENT (&inner))
    return FALSE;
  if (!bson_iter_recurse (&inner, &iter))
    return FALSE;

  return bson_iter_find (&iter, "code") && bson_iter_as_int64 (&iter) == DUPLICATE_KEY;
}

KlMongoInsert
kl_mongo_insert_many (KlMongo *self, KlMongoCollection collection, const bson_t **docs, gsize n_docs, guint *n_inserted,
                      GError **error)
{
  KlMongoInsert outcome = KL_MONGO_INSERTED;
  bson_error_t failure;
  bson_t reply;

  g_assert (n_docs <= KL_MONGO_INSERT_MAX);
  if (!mongoc_collection_insert_many (self->collections[collection], docs, n_docs, NULL, &reply, &failure))
    outcome = is_duplicate (&reply) ? KL_MONGO_DUPLICATE : KL_MONGO_UNKNOWN;
  *n_inserted = outcome == KL_MONGO_INSERTED ? (guint) n_docs : (guint) kl_mongo_int (&reply, "insertedCount");
  if (outcome == KL_MONGO_UNKNOWN)
    kl_mongo_set_error (error, &failure, &reply);
  bson_destroy (&reply);

  return outcome;
}

KlMongoInsert
kl_mongo_insert (KlMongo *self, KlMongoCollection collection, bson_t *doc, GError **error)
{
  const bson_t *docs[] = { doc };
  guint n_inserted;
  KlMongoInsert outcome = kl_mongo_insert_many (self, collection, docs, 1, &n_inserted, error);

  bson_destroy (doc);

  return outcome;
}

/* A breaking update says 11000, or on FerretDB 1 with the same words. */
static gboolean
finish_update (gboolean ok, const bson_t *reply, const bson_error_t *failure, GError **error)
{
  if (ok || failure->code == DUPLICATE_KEY || is_duplicate (reply) || strstr (failure->message, "UNIQUE constraint"))
    return TRUE;
  kl_mongo_set_error (error, failure, reply);

  return FALSE;
}

static gboolean
update (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *change, bson_t *opts, gint64 *n_matched,
        GError **error)
{
  bson_error_t failure = { 0 };
  bson_t reply;
  gboolean ok = mongoc_collection_update_one (self->collections[collection], filter, change, opts, &reply, &failure);

  if (n_matched)
    *n_matched = kl_mongo_int (&reply, "matchedCount");
  ok = finish_update (ok, &reply, &failure, error);
  bson_destroy (&reply);
  bson_destroy (filter);
  bson_destroy (change);
  g_clear_pointer (&opts, bson_destroy);

  return ok;
}

gboolean
kl_mongo_update (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *change, gint64 *n_matched,
                 GError **error)
{
  return update (self, collection, filter, change, NULL, n_matched, error);
}

gboolean
kl_mongo_upsert (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *change, GError **error)
{
  return update (self, collection, filter, change, BCON_NEW ("upsert", BCON_BOOL (true)), NULL, error);
}

gboolean
kl_mongo_update_many (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *change, GError **error)
{
  bson_error_t failure = { 0 };
  bson_t reply;
  gboolean ok = mongoc_collection_update_many (self->collections[collection], filter, change, NULL, &reply, &failure);

  if (!ok)
    kl_mongo_set_error (error, &failure, &reply);
  bson_destroy (&reply);
  bson_destroy (filter);
  bson_destroy (change);

  return ok;
}

gboolean
kl_mongo_delete_many (KlMongo *self, KlMongoCollection collection, bson_t *filter, gint64 *n_deleted, GError **error)
{
  bson_error_t failure = { 0 };
  bson_t reply;
  gboolean ok = mongoc_collection_delete_many (self->collections[collection], filter, NULL, &reply, &failure);

  if (n_deleted)
    *n_deleted = kl_mongo_int (&reply, "deletedCount");
  if (!ok)
    kl_mongo_set_error (error, &failure, &reply);
  bson_destroy (&reply);
  bson_destroy (filter);

  return ok;
}

gboolean
kl_mongo_command (KlMongo *self, const char *database, bson_t *command, bson_t **reply, GError **error)
{
  bson_error_t failure = { 0 };
  bson_t answer;
  gboolean ok = mongoc_client_command_simple (self->client, database, command, NULL, &answer, &failure);

  if (!ok)
    kl_mongo_set_error (error, &failure, &answer);
  if (reply)
    *reply = ok ? bson_copy (&answer) : NULL;
  bson_destroy (&answer);
  bson_destroy (command);

  return ok;
}

/* ── Reading a document ── */

const char *
kl_mongo_string (const bson_t *doc, const char *key)
{
  bson_iter_t iter;

  if (!bson_iter_init_find (&iter, doc, key) || !BSON_ITER_HOLDS_UTF8 (&iter))
    return NULL;

  return bson_iter_utf8 (&iter, NULL);
}

char *
kl_mongo_dup_string (const bson_t *doc, const char *key)
{
  return g_strdup (kl_mongo_string (doc, key));
}

gint64
kl_mongo_int (const bson_t *doc, const char *key)
{
  bson_iter_t iter;

  return bson_iter_init_find (&iter, doc, key) && BSON_ITER_HOLDS_NUMBER (&iter) ? bson_iter_as_int64 (&iter) : 0;
}

gboolean
kl_mongo_bool (const bson_t *doc, const char *key)
{
  bson_iter_t iter;

  return bson_iter_init_find (&iter, doc, key) && BSON_ITER_HOLDS_BOOL (&iter) && bson_iter_bool (&iter);
}

gboolean
kl_mongo_sub (const bson_t *doc, const char *key, bson_t *sub)
{
  bson_iter_t iter;
  const uint8_t *data;
  uint32_t length;

  if (!bson_iter_init_find (&iter, doc, key))
    return FALSE;
  if (BSON_ITER_HOLDS_DOCUMENT (&iter))
    bson_iter_document (&iter, &length, &data);
  else if (BSON_ITER_HOLDS_ARRAY (&iter))
    bson_iter_array (&iter, &length, &data);
  else
    return FALSE;

  return bson_init_static (sub, data, length);
}

void
kl_mongo_append_strings (bson_t *doc, const char *key, GPtrArray *strings)
{
  bson_array_builder_t *array;

  BSON_APPEND_ARRAY_BUILDER_BEGIN (doc, key, &array);
  for (guint i = 0; i < strings->len; i++)
    bson_array_builder_append_utf8 (array, g_ptr_array_index (strings, i), -1);
  bson_append_array_builder_end (doc, array);
}

void
kl_mongo_append_string (bson_t *doc, const char *key, const char *value)
{
  if (value)
    BSON_APPEND_UTF8 (doc, key, value);
}

bson_t *
kl_mongo_filter_in (const char *key, GPtrArray *strings)
{
  bson_t *filter = bson_new (), in;

  BSON_APPEND_DOCUMENT_BEGIN (filter, key, &in);
  kl_mongo_append_strings (&in, "$in", strings);
  bson_append_document_end (filter, &in);

  return filter;
}
