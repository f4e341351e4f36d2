/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much a message costs in the store: groups that each keep so many appends in flight, on a folder of one's choice.
 *
 *   bench-store [FOLDER [MESSAGES [GROUPS [IN_FLIGHT [MESSAGES_AN_APPEND]]]]]
 *
 * FOLDER may be the address of an empty database of MongoDB, or `mongodb` for one of the test's own. Prints CPU by
 * thread, commits (of SQLite), and messages a second. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "protocol/kl-id.h"
#include "server/store/kl-mongo-store.h"
#include "server/store/kl-sqlite-store.h"
#include "tests/kit/kl-test-mongod.h"
#include "tests/server/store/kl-store-kit.h"

typedef struct
{
  KlStore *store;
  GMainLoop *loop;
  KlIdSource *ids;
  gint64 left, under_way;
  int a_batch;
} Bench;

typedef struct
{
  Bench *bench;
  char *group;
  gint64 rev, seq;
} Writer;

static void
append_next (Writer *self);

static void
on_appended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Writer *self = user_data;
  Bench *bench = self->bench;
  g_autoptr (KlAppendResult) answer = kl_store_append_finish (bench->store, result, NULL);

  g_assert_cmpint (answer->outcome, ==, KL_APPEND_OK);
  bench->under_way--;
  if (bench->left > 0)
    append_next (self);
  else if (bench->under_way == 0)
    g_main_loop_quit (bench->loop);
}

static void
add_message (Writer *self, KlStoreBatch *batch)
{
  static const char body[] = "A message of a usual length, as people send them all day long to each other.";
  g_autofree char *client_id = kl_id_new_random ();
  KlStoreChange *change = kl_store_kit_add_message (batch, self->seq + 1, "u-ada", client_id, body);
  char id[KL_ID_SIZE];

  kl_id_source_next (self->bench->ids, g_get_real_time () / 1000, id);
  g_set_str (&change->message->id, id);
  g_free (change->message->json);
  change->message->json = g_strdup_printf ("{\"id\":\"%s\",\"group\":\"%s\",\"seq\":%d,\"rev\":%d,\"sender\":\"u-ada\","
                                           "\"client_id\":\"%s\",\"kind\":\"text\","
                                           "\"body\":\"%s\",\"created_at\":1764000000000}",
                                           id, self->group, (int) self->seq + 1, (int) change->rev, client_id, body);
  change->message->json_length = strlen (change->message->json);
  self->rev++;
  self->seq++;
  self->bench->left--;
}

static void
append_next (Writer *self)
{
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new (self->group, self->rev, self->seq);

  for (int i = 0; i < self->bench->a_batch; i++)
    add_message (self, batch);
  self->bench->under_way++;
  kl_store_append_async (self->bench->store, batch, on_appended, self);
}

static double
cpu_us (clockid_t clock)
{
  struct timespec time;

  clock_gettime (clock, &time);

  return (double) time.tv_sec * 1e6 + (double) time.tv_nsec / 1e3;
}

static KlStore *
open_store (const char *place, KlTestMongod **mongod)
{
  g_autofree char *path = g_build_filename (place, "klatch.db", NULL);
  g_autofree char *uri = NULL;
  g_autoptr (GError) error = NULL;
  KlStore *store;

  if (!g_str_has_prefix (place, "mongodb"))
    store = (KlStore *) kl_sqlite_store_open (path, "example.org", &error);
  else
    {
      if (g_str_equal (place, "mongodb"))
        *mongod = kl_test_mongod_new ();
      uri = *mongod ? g_strconcat (kl_test_mongod_get_uri (*mongod), "/bench", NULL) : g_strdup (place);
      store = (KlStore *) kl_mongo_store_open (uri, "example.org", &error);
    }
  g_assert_no_error (error);

  return store;
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = argc > 1 ? g_strdup (argv[1]) : kl_test_dir_new ();
  gint64 n_messages = argc > 2 ? atoi (argv[2]) : 200000;
  int n_groups = argc > 3 ? atoi (argv[3]) : 10, in_flight = argc > 4 ? atoi (argv[4]) : 4;
  KlTestMongod *mongod = NULL;
  Bench bench = { .store = open_store (folder, &mongod), .left = n_messages, .a_batch = argc > 5 ? atoi (argv[5]) : 1 };
  g_autofree Writer *writers = g_new0 (Writer, n_groups);
  KlSqliteStoreStats stats;
  double cpu, main_cpu, wall;

  bench.loop = g_main_loop_new (NULL, FALSE);
  bench.ids = kl_id_source_new ();
  kl_store_kit_add_user (bench.store, "ada");
  for (int i = 0; i < n_groups; i++)
    {
      writers[i] = (Writer) { &bench, g_strdup_printf ("group-%d", i), 2, 0 };
      kl_store_kit_add_group (bench.store, writers[i].group, "u-ada", NULL, "Bench");
    }

  cpu = cpu_us (CLOCK_PROCESS_CPUTIME_ID);
  main_cpu = cpu_us (CLOCK_THREAD_CPUTIME_ID);
  wall = cpu_us (CLOCK_MONOTONIC);
  for (int i = 0; i < n_groups; i++)
    for (int k = 0; k < in_flight; k++)
      append_next (&writers[i]);
  g_main_loop_run (bench.loop);
  cpu = cpu_us (CLOCK_PROCESS_CPUTIME_ID) - cpu;
  main_cpu = cpu_us (CLOCK_THREAD_CPUTIME_ID) - main_cpu;
  wall = cpu_us (CLOCK_MONOTONIC) - wall;

  g_print ("%d groups, %d in flight each: %.1f µs CPU a message (threads %.1f, main loop with the bench itself %.1f);"
           " %.0f messages/s",
           n_groups, in_flight, cpu / (double) n_messages, (cpu - main_cpu) / (double) n_messages,
           main_cpu / (double) n_messages, (double) n_messages / wall * 1e6);
  if (KL_IS_SQLITE_STORE (bench.store))
    {
      kl_sqlite_store_get_stats (KL_SQLITE_STORE (bench.store), &stats);
      g_print (", %.1f a commit", (double) n_messages / (double) stats.commits);
    }
  g_print ("\n");
  kl_store_kit_close (bench.store);
  g_clear_pointer (&mongod, kl_test_mongod_free);
  if (argc <= 1)
    kl_test_dir_remove (folder);

  return EXIT_SUCCESS;
}
