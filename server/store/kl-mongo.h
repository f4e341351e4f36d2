/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Few words for libmongoc: what a worker of the MongoDB store has in its hands. Internal to the store.
 *
 * Documents are made with BCON and read with the getters below, which give a default where a field is missing or of
 * another type. All calls block; all errors are KL_STORE_ERROR: UNAVAILABLE where trying again may help, FAILED else. */
#pragma once

#include <mongoc/mongoc.h>

#include "server/chat/kl-store.h"

G_BEGIN_DECLS

typedef enum
{
  KL_MONGO_CHANGES,
  KL_MONGO_GROUPS,
  KL_MONGO_MEMBERS,
  KL_MONGO_MARKS,
  KL_MONGO_BANS,
  KL_MONGO_USERS,
  KL_MONGO_SESSIONS,
  KL_MONGO_INVITES,
  KL_MONGO_USES,
  KL_MONGO_OWN,
  KL_MONGO_N_COLLECTIONS,
} KlMongoCollection;

typedef struct _KlMongoMemory KlMongoMemory;

/* One worker's. */
typedef struct
{
  mongoc_client_t *client; /* lent by the pool */
  mongoc_collection_t *collections[KL_MONGO_N_COLLECTIONS];
  KlMongoMemory *memory;    /* shared by the workers of this store */
  const gint *is_abandoned; /* atomic; of the job that runs: nobody waits for it any more. NULL: no job */
} KlMongo;

void kl_mongo_init (KlMongo *self, mongoc_client_t *client, const char *database, KlMongoMemory *memory);
void kl_mongo_clear (KlMongo *self);
gboolean kl_mongo_is_abandoned (KlMongo *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (bson_t, bson_destroy)

/* ── Asking ── */

/* The documents (bson_t, owned), or NULL. OPTS may be NULL; both are taken. */
GPtrArray *kl_mongo_find (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *opts, GError **error);
/* The first, or NULL with no error where there is none. Both are taken. */
bson_t *kl_mongo_find_one (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *opts, GError **error);
/* -1 on error. The filter is taken. */
gint64 kl_mongo_count (KlMongo *self, KlMongoCollection collection, bson_t *filter, GError **error);

/* ── Writing ── */

typedef enum
{
  KL_MONGO_INSERTED,
  KL_MONGO_DUPLICATE, /* the first *N_INSERTED are stored, and the next has a key that is in use */
  KL_MONGO_UNKNOWN,   /* any of them may be stored; see the error */
} KlMongoInsert;

/* At most KL_MONGO_INSERT_MAX documents, in order, until the first that cannot be stored. */
#define KL_MONGO_INSERT_MAX 100
KlMongoInsert kl_mongo_insert_many (KlMongo *self, KlMongoCollection collection, const bson_t **docs, gsize n_docs,
                                    guint *n_inserted, GError **error);
/* The document is taken. */
KlMongoInsert kl_mongo_insert (KlMongo *self, KlMongoCollection collection, bson_t *doc, GError **error);

/* All are taken. How many matched goes to N_MATCHED (may be NULL). A key that is in use is no error: nothing matched. */
gboolean kl_mongo_update (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *update,
                          gint64 *n_matched, GError **error);
gboolean kl_mongo_update_many (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *update,
                               GError **error);
gboolean kl_mongo_upsert (KlMongo *self, KlMongoCollection collection, bson_t *filter, bson_t *update, GError **error);
gboolean kl_mongo_delete_many (KlMongo *self, KlMongoCollection collection, bson_t *filter, gint64 *n_deleted,
                               GError **error);

/* The answer's ownership goes to REPLY (may be NULL). The command is taken. */
gboolean kl_mongo_command (KlMongo *self, const char *database, bson_t *command, bson_t **reply, GError **error);

void kl_mongo_set_error (GError **error, const bson_error_t *from, const bson_t *reply);

/* ── Reading a document ── */

/* Lives as long as the document; NULL where it is missing. */
const char *kl_mongo_string (const bson_t *doc, const char *key);
char *kl_mongo_dup_string (const bson_t *doc, const char *key);
gint64 kl_mongo_int (const bson_t *doc, const char *key);
gboolean kl_mongo_bool (const bson_t *doc, const char *key);
/* A document or array within; FALSE where it is missing. SUB borrows. */
gboolean kl_mongo_sub (const bson_t *doc, const char *key, bson_t *sub);

/* Appends the array "KEY": [STRINGS …] of an array of char *. */
void kl_mongo_append_strings (bson_t *doc, const char *key, GPtrArray *strings);
/* Optional strings: NULL appends nothing. */
void kl_mongo_append_string (bson_t *doc, const char *key, const char *value);
/* {"KEY": {"$in": [STRINGS …]}} */
bson_t *kl_mongo_filter_in (const char *key, GPtrArray *strings);

G_END_DECLS
