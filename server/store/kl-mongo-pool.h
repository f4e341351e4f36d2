/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The threads of the MongoDB store and what travels to them and back. Internal to the store.
 *
 * A job is made on the main loop, run by one of the workers, and reported on the main loop. It is reported within
 * KL_MONGO_DEADLINE_MS in any case: where the database does not answer, as UNAVAILABLE, whatever becomes of it. A worker
 * that waits for such a database is let go by its socket's time-out. */
#pragma once

#include "server/store/kl-mongo.h"
#include "server/store/kl-store-job.h"

G_BEGIN_DECLS

#define KL_MONGO_DEADLINE_MS 4500
#define KL_MONGO_WORKERS 16

/* Sets the job's result, or its error and returns FALSE. After UNAVAILABLE it is run again until it is abandoned, so it
 * must bear that what it did before was done. */
typedef gboolean (*KlMongoDeed) (KlMongo *db, KlStoreJob *job);

/* For a deed: was it run before, of which nobody knows how far it got? */
gboolean kl_mongo_job_was_tried (KlStoreJob *self);
/* For a deed: a job that nobody waits for, to be run later; the arguments are the caller's to set. */
KlStoreJob *kl_mongo_job_add_chore (KlStoreJob *self, KlMongoDeed deed);

typedef struct _KlMongoPool KlMongoPool;

/* Takes CLIENTS and MEMORY, and starts the threads. Jobs are reported on the caller's thread-default main context. */
KlMongoPool *kl_mongo_pool_new (mongoc_client_pool_t *clients, const char *database, KlMongoMemory *memory);

/* Takes LANE and what is in JOB. Jobs of one lane run one after the other, in their order; NULL: with all others.
 * PATIENCE: how many times the usual deadline it has; 0: once. */
void kl_mongo_pool_run (KlMongoPool *self, KlMongoDeed deed, char *lane, guint patience, const KlStoreJob *job);

/* Nobody waits for it: it is run when there is nothing else to do. */
void kl_mongo_pool_run_chore (KlMongoPool *self, KlMongoDeed deed);

/* How long a job may take; for tests on a machine that does much else. */
void kl_mongo_pool_set_deadline (KlMongoPool *self, guint ms);

/* Runs what is pending, then reports TASK (taken). Jobs that come later are refused. */
void kl_mongo_pool_close (KlMongoPool *self, GTask *task);

/* As kl_store_is_ready(). */
gboolean kl_mongo_pool_is_ready (KlMongoPool *self, char **reason);

/* Waits for nothing: jobs that were not reported are reported as UNAVAILABLE, and threads that still wait for the
 * database end when it lets them go. */
void kl_mongo_pool_free (KlMongoPool *self);

G_END_DECLS
