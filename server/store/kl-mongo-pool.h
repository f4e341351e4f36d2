/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The threads of the MongoDB store and what travels to them and back. Internal to the store.
 *
 * A job is made on the main loop, run by one of the workers, and reported on the main loop. It is reported within
 * KL_MONGO_DEADLINE_MS in any case: where the database does not answer, as UNAVAILABLE, whatever becomes of it. A worker
 * that waits for such a database is let go by its socket's time-out. */
#pragma once

#include "server/store/kl-mongo.h"

G_BEGIN_DECLS

#define KL_MONGO_DEADLINE_MS 4500
#define KL_MONGO_WORKERS 16

typedef struct _KlMongoJob KlMongoJob;

/* Sets the job's result, or its error and returns FALSE. After UNAVAILABLE it is run again until it is abandoned, so it
 * must bear that what it did before was done. */
typedef gboolean (*KlMongoDeed) (KlMongo *db, KlMongoJob *job);

typedef enum
{
  KL_MONGO_RETURNS_POINTER,
  KL_MONGO_RETURNS_BOOLEAN,
  KL_MONGO_RETURNS_INT,
} KlMongoReturns;

struct _KlMongoJob
{
  GTask *task; /* touched on the main loop only; NULL: reported, or a chore */
  gboolean is_chore; /* nobody waits for it */
  KlMongoDeed deed;
  KlMongoReturns returns;
  char *lane; /* jobs of one lane run one after the other, in their order; NULL: with all others */

  guint patience; /* how many times the usual deadline it has; 0: once */

  /* Arguments, owned; which ones and what for, each deed says. */
  char *text[3];
  gint64 number[3];
  char **texts;
  gpointer object;
  GDestroyNotify object_free;

  /* Outcome. */
  gpointer result;
  GDestroyNotify result_free;
  gint64 result_number;
  GError *error;
  GPtrArray *chores; /* KlMongoJob: to be run when there is nothing else to do; NULL: none */

  guint tries; /* runs before this one, of which nobody knows how far they got */

  /* The pool's. */
  gint abandoned; /* atomic */
  gint64 deadline_usec;
  GList live;
};

/* Takes the task. */
KlMongoJob *kl_mongo_job_new (GTask *task, KlMongoDeed deed, KlMongoReturns returns);
/* For a deed: gives the job its result. */
gboolean kl_mongo_job_give (KlMongoJob *self, gpointer result, GDestroyNotify result_free);
/* For a deed: refuses, with an error of the caller's making. */
gboolean kl_mongo_job_refuse (KlMongoJob *self, KlStoreError code, const char *message);
/* For a deed: a job without a task, to be run later. */
KlMongoJob *kl_mongo_job_add_chore (KlMongoJob *self, KlMongoDeed deed);

typedef struct _KlMongoPool KlMongoPool;

/* Takes CLIENTS and MEMORY, and starts the threads. Jobs are reported on the caller's thread-default main context. */
KlMongoPool *kl_mongo_pool_new (mongoc_client_pool_t *clients, const char *database, KlMongoMemory *memory);

/* Takes the job. */
void kl_mongo_pool_run (KlMongoPool *self, KlMongoJob *job);

/* Takes a job without a task, which is run when there is nothing else to do. */
void kl_mongo_pool_run_chore (KlMongoPool *self, KlMongoJob *job);

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
