/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connecting to the database, and what it must have before the store is used. Internal to the store. */
#pragma once

#include "server/store/kl-mongo-memory.h"
#include "server/store/kl-mongo.h"

G_BEGIN_DECLS

gboolean kl_mongo_check_uri (const char *uri, GError **error);

/* Blocks. Errors have a sentence for the administrator, without the password. MEMORY learns what the server is. */
mongoc_client_pool_t *kl_mongo_connect (const char *uri, char **database, GError **error);

/* Makes the indexes, one a command, and writes the store's own document where there is none: version, domain, epoch,
 * secret. *EPOCH and *SECRET get its own. */
gboolean kl_mongo_schema_prepare (mongoc_client_pool_t *clients, const char *database, const char *domain,
                                  KlMongoMemory *memory, char **epoch, char **secret, GError **error);

/* For who fills a database: the store's own document, which servers refuse while it has the field "copying", and the
 * indexes. */
bson_t *kl_mongo_schema_write_own (const char *domain, const char *epoch, const char *secret);
gboolean kl_mongo_schema_make_indexes (KlMongo *db, const char *database, GError **error);

G_END_DECLS
