/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KlStore on MongoDB, for a server of several nodes, which all have the same database.
 *
 * Nothing but an atomic insert with unique keys decides what is stored (kl-mongo-append.c says why that is enough), so it
 * works on a replica set, on a single mongod, and on FerretDB.
 *
 * Threads: a bounded number of workers with a connection each; the interface's calls only queue. A call is answered within
 * five seconds: where the database does not answer, by KL_STORE_ERROR_UNAVAILABLE. Then kl_store_is_ready() says so, calls
 * are refused at once, and it heals when the database is there again.
 *
 * Durability: a change is reported when the majority of the replica set has it in its journal. */
#pragma once

#include "server/store/kl-job-store.h"

G_BEGIN_DECLS

#define KL_TYPE_MONGO_STORE (kl_mongo_store_get_type ())
G_DECLARE_FINAL_TYPE (KlMongoStore, kl_mongo_store, KL, MONGO_STORE, KlJobStore)

/* Connects to "mongodb://HOST[,HOST…]/DATABASE[?replicaSet=…]", makes what is missing there, and starts the threads.
 * Blocks, for up to ten seconds where the database is not there: it is for the program's start.
 *
 * DOMAIN is written into a new database; another one later is refused. Errors have a sentence that an administrator
 * understands, without the password: KL_STORE_ERROR_UNAVAILABLE where the database does not answer, else
 * KL_STORE_ERROR_FAILED. */
KlMongoStore *kl_mongo_store_open (const char *uri, const char *domain, GError **error);

/* Whether the address is one that the store can keep its promises with, without asking the server. */
gboolean kl_mongo_store_check_uri (const char *uri, GError **error);

/* How long a call may take; for tests on a machine that does much else. */
void kl_mongo_store_set_deadline (KlMongoStore *self, guint ms);

G_END_DECLS
