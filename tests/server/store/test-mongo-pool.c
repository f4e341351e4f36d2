/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers under a load that is too much for the database: what they begin, what they refuse, and how many read at
 * once. Jobs wait at a gate here. */
#include "server/store/kl-mongo-memory.h"
#include "server/store/kl-mongo-pool.h"
#include "server/store/kl-mongo-schema.h"
#include "tests/kit/kl-test-mongod.h"
#include "tests/kit/kl-test.h"

/* Deadlines are multiples of the first: patience. */
enum
{
  UNIT_MS = 1000,
  LONG = 600,
  SHORT = 3
};

typedef struct
{
  KlTestMongod *mongod;
  KlMongoPool *pool;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  g_autofree char *uri = NULL;
  g_autofree char *database = NULL;
  mongoc_client_pool_t *clients;

  self->mongod = kl_test_mongod_new ();
  uri = g_strconcat (kl_test_mongod_get_uri (self->mongod), "/klatch", NULL);
  clients = kl_mongo_connect (uri, &database, NULL);
  self->pool = kl_mongo_pool_new (clients, database, kl_mongo_memory_new ());
  kl_mongo_pool_set_deadline (self->pool, UNIT_MS);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_mongo_pool_free (self->pool);
  kl_test_mongod_free (self->mongod);
}

typedef struct
{
  GMutex lock;
  GCond cond;
  gboolean open;
  int n_run; /* atomic */
} Gate;

static gboolean
pass_gate (KlMongo *db, KlStoreJob *job)
{
  Gate *gate = job->object;

  g_atomic_int_inc (&gate->n_run);
  g_mutex_lock (&gate->lock);
  while (!gate->open)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);

  return kl_store_job_give (job, gate, NULL);
}

static void
run_gated (KlMongoPool *pool, Gate *gate, char *lane, guint patience, GAsyncResult **result)
{
  KlStoreJob job = { .task = g_task_new (NULL, NULL, kl_test_keep_result, result), .object = gate };

  kl_mongo_pool_run (pool, pass_gate, lane, patience, &job);
}

static void
assert_refused (GAsyncResult **result)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (g_task_propagate_pointer (G_TASK (*result), &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
  g_clear_object (result);
}

static void
assert_run (GAsyncResult **result)
{
  kl_test_await (result);
  g_assert_nonnull (g_task_propagate_pointer (G_TASK (*result), NULL));
  g_clear_object (result);
}

static void
set_gate (Gate *gate, gboolean open)
{
  g_mutex_lock (&gate->lock);
  gate->open = open;
  g_cond_broadcast (&gate->cond);
  g_mutex_unlock (&gate->lock);
}

/* What has waited for most of its time is not begun, and while it waits nothing is put behind it. */
static void
test_busy (Fixture *self, gconstpointer unused)
{
  GAsyncResult *running[KL_MONGO_WORKERS] = { NULL }, *late = NULL, *behind = NULL, *ordered = NULL, *surplus = NULL;
  Gate gate = { 0 };
  gint64 begun_usec;

  for (gsize i = 0; i < G_N_ELEMENTS (running); i++)
    run_gated (self->pool, &gate, NULL, LONG, &running[i]);
  kl_test_wait_until (g_atomic_int_get (&gate.n_run) == KL_MONGO_WORKERS);
  begun_usec = g_get_monotonic_time ();
  run_gated (self->pool, &gate, NULL, SHORT, &late);
  run_gated (self->pool, &gate, NULL, LONG, &behind);
  kl_test_wait_until (g_get_monotonic_time () - begun_usec > SHORT * UNIT_MS * G_TIME_SPAN_MILLISECOND * 2 / 3);
  run_gated (self->pool, &gate, NULL, LONG, &surplus);
  kl_test_await (&surplus);
  assert_refused (&surplus);
  run_gated (self->pool, &gate, g_strdup ("g:lane"), LONG, &ordered);
  g_assert_cmpint (g_atomic_int_get (&gate.n_run), ==, KL_MONGO_WORKERS);

  set_gate (&gate, TRUE);
  kl_test_await (&late);
  assert_refused (&late);
  assert_run (&behind);
  assert_run (&ordered);
  for (gsize i = 0; i < G_N_ELEMENTS (running); i++)
    assert_run (&running[i]);
  g_assert_cmpint (gate.n_run, ==, KL_MONGO_WORKERS + 2);
}

static void
run_many (KlMongoPool *pool, Gate *gate, guint n, guint patience, GAsyncResult **results)
{
  for (guint i = 0; i < n; i++)
    run_gated (pool, gate, NULL, patience, &results[i]);
}

static void
await_many (GAsyncResult **results, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      kl_test_await (&results[i]);
      g_clear_object (&results[i]);
    }
}

/* A database that is slow is asked for less at once, and for more again when it is quick. */
static void
test_narrow (Fixture *self, gconstpointer unused)
{
  enum
  {
    N_QUICK = 200
  };
  GAsyncResult *results[N_QUICK] = { NULL };
  Gate gate = { 0 };
  gint64 begun_usec;

  run_many (self->pool, &gate, KL_MONGO_WORKERS, SHORT, results);
  kl_test_wait_until (g_atomic_int_get (&gate.n_run) == KL_MONGO_WORKERS);
  begun_usec = g_get_monotonic_time ();
  kl_test_wait_until (g_get_monotonic_time () - begun_usec > SHORT * UNIT_MS * G_TIME_SPAN_MILLISECOND / 4);
  set_gate (&gate, TRUE);
  await_many (results, KL_MONGO_WORKERS);

  set_gate (&gate, FALSE);
  gate.n_run = 0;
  run_many (self->pool, &gate, KL_MONGO_WORKERS, LONG, results);
  kl_test_wait_until (g_atomic_int_get (&gate.n_run) >= KL_MONGO_WORKERS / 2);
  kl_test_spin (100);
  g_assert_cmpint (g_atomic_int_get (&gate.n_run), ==, KL_MONGO_WORKERS / 2);
  set_gate (&gate, TRUE);
  await_many (results, KL_MONGO_WORKERS);

  run_many (self->pool, &gate, N_QUICK, LONG, results);
  await_many (results, N_QUICK);
  set_gate (&gate, FALSE);
  gate.n_run = 0;
  run_many (self->pool, &gate, KL_MONGO_WORKERS, LONG, results);
  kl_test_wait_until (g_atomic_int_get (&gate.n_run) == KL_MONGO_WORKERS);
  set_gate (&gate, TRUE);
  await_many (results, KL_MONGO_WORKERS);
}

#define ADD(name, func) g_test_add ("/store/mongo/pool/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  if (!kl_test_mongod_or_skip ("/store/mongo/pool"))
    return g_test_run ();
  ADD ("busy", test_busy);
  ADD ("narrow", test_narrow);

  return g_test_run ();
}
