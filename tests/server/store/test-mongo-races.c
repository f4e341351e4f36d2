/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several nodes write to one group at once, each a process of its own, while they and the database are killed and
 * frozen at random. In the end the log has no gap, nothing twice, each deed whole, and all that was acknowledged, where
 * it was said to be. KLATCH_TEST_RACE_SECONDS says how long; KLATCH_TEST_SEED repeats a run. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/kl-mongo-store.h"
#include "tests/kit/kl-test-mongod.h"
#include "tests/kit/kl-test-process.h"
#include "tests/kit/kl-test.h"
#include "tests/server/store/kl-store-kit.h"

#define GROUP "g"
#define N_WRITERS 3
#define MAX_BATCH 8
/* Each tenth deed of a writer joins or leaves, which is a member and a message. */
#define JOIN_EVERY 10

static KlStore *
open_store (const char *uri)
{
  g_autofree char *whole = g_strconcat (uri, "/races", NULL);

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      KlMongoStore *store = kl_mongo_store_open (whole, "example.org", &error);

      if (store)
        return KL_STORE (store);
      g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
    }
}

/* ── A writer ── */

typedef struct
{
  KlStore *store;
  char *user;
  gint64 rev, seq;
  guint next; /* the deed that is to be stored next */
} Writer;

static char *
dup_op (const Writer *self, guint n)
{
  return g_strdup_printf ("%s\n%u", self->user, n);
}

static void
read_on (Writer *self)
{
  for (;;)
    {
      KL_STORE_ANSWER;
      g_autoptr (KlStoreBatch) log = NULL;

      kl_store_kit_call (read_log, self->store, GROUP, self->rev, 500);
      log = kl_store_read_log_finish (self->store, result, NULL);
      if (!log)
        {
          g_usleep (50 * 1000);
          continue;
        }
      for (guint i = 0; i < log->changes->len; i++)
        {
          const KlStoreChange *change = &g_array_index (log->changes, KlStoreChange, i);

          g_assert_cmpint (change->rev, ==, self->rev + 1);
          self->rev = change->rev;
          self->seq = MAX (self->seq, change->seq);
        }
      if (log->changes->len < 500)
        return;
    }
}

static void
say (guint n, gint64 seq)
{
  printf ("ack %u %" G_GINT64_FORMAT "\n", n, seq);
  fflush (stdout);
}

static KlStoreBatch *
plan (Writer *self, guint n_deeds)
{
  KlStoreBatch *batch = kl_store_batch_new (GROUP, self->rev, self->seq);
  gint64 seq = self->seq;

  for (guint n = self->next; n < self->next + n_deeds; n++)
    {
      g_autofree char *id = g_strdup_printf ("%u", n);
      gboolean joins = n % JOIN_EVERY == JOIN_EVERY - 1;
      KlStoreChange *message;

      if (joins)
        kl_store_kit_add_member (batch, self->user, n / JOIN_EVERY % 2 ? KL_ROLE_NONE : KL_ROLE_MEMBER)->op
            = dup_op (self, n);
      message = kl_store_kit_add_message (batch, ++seq, self->user, joins ? NULL : id, id);
      message->goes_along = joins;
      g_free (message->message->id);
      message->message->id = g_strdup_printf ("%s-%u", self->user, n);
      g_free (message->message->json);
      message->message->json = g_strdup_printf ("%s %u", self->user, n);
      message->message->json_length = strlen (message->message->json);
    }

  return batch;
}

/* The first changes of the batch stand: says so, deed by deed. */
static void
move_on (Writer *self, const KlStoreBatch *batch, guint n_changes)
{
  for (guint i = 0; i < n_changes; i++)
    {
      const KlStoreChange *change = &g_array_index (batch->changes, KlStoreChange, i);

      self->rev = change->rev;
      if (change->kind != KL_CHANGE_MESSAGE)
        continue;
      self->seq = change->seq;
      say (self->next++, change->seq);
    }
}

/* An earlier life of this writer stored them, and did not hear of it. */
static void
find_own (Writer *self)
{
  for (;;)
    {
      KL_STORE_ANSWER;
      g_autofree char *op = dup_op (self, self->next);
      const char *ops[] = { op, NULL };
      g_autoptr (GPtrArray) found = NULL;
      const KlStoreOp *where;

      kl_store_kit_call (find_ops, self->store, ops);
      found = kl_store_find_ops_finish (self->store, result, NULL);
      if (!found)
        continue;
      where = g_ptr_array_index (found, 0);
      if (!where)
        return;
      /* Of one that joins the member is found, not the message. */
      say (self->next++, where->kind == KL_CHANGE_MESSAGE ? where->seq : -1);
    }
}

static int
run_writer (const char *uri, const char *user, guint next, guint seed)
{
  Writer self = { .store = open_store (uri), .user = g_strdup (user), .next = next };
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  read_on (&self);
  for (;;)
    {
      KL_STORE_ANSWER;
      KlStoreBatch *batch = plan (&self, (guint) g_rand_int_range (random, 1, MAX_BATCH));
      g_autoptr (KlAppendResult) answer = NULL;

      kl_store_kit_call (append, self.store, batch);
      answer = kl_store_append_finish (self.store, result, NULL);
      if (answer && answer->outcome == KL_APPEND_OK)
        move_on (&self, batch, batch->changes->len);
      else
        {
          if (answer)
            move_on (&self, batch, answer->n_stored);
          if (answer && answer->outcome == KL_APPEND_OP_USED)
            find_own (&self);
          read_on (&self);
        }
      kl_store_batch_unref (batch);
    }

  return 0;
}

/* ── The race ── */

typedef struct
{
  KlTestMongod *mongod;
  GRand *random;
  char *program;
  KlTestProcess *writers[N_WRITERS];
  guint n_lives;
  GArray *acks[N_WRITERS]; /* of gint64: the seq of each deed; -1: is there */
  gboolean frozen[N_WRITERS];
} Race;

/* Takes over what the writer has said. */
static void
hear (Race *self, guint i)
{
  g_autofree char *output = kl_test_process_dup_output (self->writers[i]);
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);

  if (kl_test_process_has_ended (self->writers[i]))
    g_error ("a writer ended: %s", output);
  for (char **line = lines; *line && line[1]; line++)
    {
      guint n;
      gint64 seq;

      if (sscanf (*line, "ack %u %" G_GINT64_FORMAT, &n, &seq) != 2)
        continue;
      if (n >= self->acks[i]->len)
        g_array_set_size (self->acks[i], n + 1);
      if (g_array_index (self->acks[i], gint64, n) > 0 && seq > 0)
        g_assert_cmpint (g_array_index (self->acks[i], gint64, n), ==, seq);
      g_array_index (self->acks[i], gint64, n) = MAX (seq, g_array_index (self->acks[i], gint64, n));
      if (seq < 0 && g_array_index (self->acks[i], gint64, n) == 0)
        g_array_index (self->acks[i], gint64, n) = seq;
    }
}

static void
start_writer (Race *self, guint i)
{
  g_autofree char *user = g_strdup_printf ("u-w%u", i);
  g_autofree char *next = g_strdup_printf ("%u", self->acks[i]->len);
  g_autofree char *seed = g_strdup_printf ("%u", g_rand_int (self->random));
  const char *argv[] = { self->program, "--writer", kl_test_mongod_get_uri (self->mongod), user, next, seed, NULL };

  self->writers[i] = kl_test_process_start (argv, NULL);
  self->frozen[i] = FALSE;
  self->n_lives++;
}

static void
end_writer (Race *self, guint i)
{
  hear (self, i);
  g_clear_pointer (&self->writers[i], kl_test_process_free);
}

static void
do_harm (Race *self)
{
  guint i = (guint) g_rand_int_range (self->random, 0, N_WRITERS);

  switch (g_rand_int_range (self->random, 0, 6))
    {
    case 0:
      kl_test_mongod_signal (self->mongod, SIGKILL);
      g_usleep ((gulong) g_rand_int_range (self->random, 0, 300000));
      kl_test_mongod_restart (self->mongod);
      break;
    case 1:
      kl_test_mongod_signal (self->mongod, SIGSTOP);
      g_usleep ((gulong) g_rand_int_range (self->random, 0, 500000));
      kl_test_mongod_signal (self->mongod, SIGCONT);
      break;
    case 2:
    case 3:
      end_writer (self, i);
      start_writer (self, i);
      break;
    default:
      kl_test_process_signal (self->writers[i], self->frozen[i] ? SIGCONT : SIGSTOP);
      self->frozen[i] = !self->frozen[i];
      break;
    }
}

static guint
count_acks (Race *self)
{
  guint n = 0;

  for (guint i = 0; i < N_WRITERS; i++)
    {
      hear (self, i);
      n += self->acks[i]->len;
    }

  return n;
}

/* Each writer gets on when it is left alone. */
static void
let_be (Race *self)
{
  for (guint i = 0; i < N_WRITERS; i++)
    {
      gint64 end_usec = g_get_monotonic_time () + 2 * KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;
      guint before;

      for (guint n = 0; n < N_WRITERS; n++)
        kl_test_process_signal (self->writers[n], n == i ? SIGCONT : SIGSTOP);
      hear (self, i);
      before = self->acks[i]->len;
      while (self->acks[i]->len < before + 5)
        {
          g_assert_cmpint (g_get_monotonic_time (), <, end_usec);
          g_usleep (20000);
          hear (self, i);
        }
    }
  for (guint i = 0; i < N_WRITERS; i++)
    end_writer (self, i);
}

/* ── The verdict ── */

typedef struct
{
  GHashTable *deeds; /* "USER N" → seq, as gint64 * */
  GHashTable *roles; /* user → KlRole by the last of its deeds */
  gint64 rev, seq;
  const KlStoreChange *joining; /* the next has to be its message */
} Verdict;

static void
judge (Verdict *self, const KlStoreChange *change)
{
  g_assert_cmpint (change->rev, ==, self->rev + 1);
  self->rev = change->rev;
  if (change->kind == KL_CHANGE_MEMBER)
    {
      g_assert_null (self->joining);
      self->joining = change;
      return;
    }

  g_assert_cmpint (change->kind, ==, KL_CHANGE_MESSAGE);
  g_assert_cmpint (change->seq, ==, self->seq + 1);
  self->seq = change->seq;
  if (g_hash_table_contains (self->deeds, change->message->json))
    g_error ("twice: %s", change->message->json);
  g_hash_table_insert (self->deeds, g_strdup (change->message->json), g_memdup2 (&change->seq, sizeof change->seq));
  if (self->joining)
    {
      guint n = (guint) atoi (strchr (change->message->json, ' '));

      g_assert_cmpstr (change->message->sender, ==, self->joining->member->user);
      g_assert_cmpuint (n % JOIN_EVERY, ==, JOIN_EVERY - 1);
      g_hash_table_insert (self->roles, g_strdup (change->message->sender),
                           GINT_TO_POINTER (n / JOIN_EVERY % 2 ? KL_ROLE_NONE : KL_ROLE_MEMBER));
      self->joining = NULL;
    }
}

static void
judge_log (Verdict *self, KlStore *store)
{
  for (;;)
    {
      KL_STORE_ANSWER;
      g_autoptr (KlStoreBatch) log = NULL;
      g_autoptr (GError) error = NULL;

      kl_store_kit_call (read_log, store, GROUP, self->rev, 1000);
      log = kl_store_read_log_finish (store, result, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < log->changes->len; i++)
        {
          const KlStoreChange *change = &g_array_index (log->changes, KlStoreChange, i);

          /* A page may end between a member and its message. */
          if (i + 1 == log->changes->len && change->kind == KL_CHANGE_MEMBER && i > 0)
            break;
          judge (self, change);
        }
      g_assert_null (self->joining);
      if (log->changes->len < 1000)
        return;
    }
}

static void
judge_views (Verdict *self, KlStore *store)
{
  g_autoptr (KlStoreLoaded) loaded = kl_store_kit_load (store, GROUP);
  g_autoptr (GPtrArray) messages = kl_store_kit_messages (store, GROUP, 1, G_MAXINT64);

  g_assert_cmpint (loaded->rev, ==, self->rev);
  g_assert_cmpint (loaded->seq, ==, self->seq);
  g_assert_cmpuint (messages->len, ==, self->seq);
  for (guint i = 0; i < N_WRITERS; i++)
    {
      KL_STORE_ANSWER;
      g_autofree char *user = g_strdup_printf ("u-w%u", i);
      KlRole role = GPOINTER_TO_INT (g_hash_table_lookup (self->roles, user));
      g_autoptr (GPtrArray) groups = NULL;
      gboolean found = FALSE;

      for (guint n = 0; n < loaded->members->len; n++)
        found = found || g_str_equal (((KlStoreMember *) g_ptr_array_index (loaded->members, n))->user, user);
      g_assert_cmpint (found, ==, role != KL_ROLE_NONE);
      kl_store_kit_call (get_memberships, store, user);
      groups = kl_store_get_memberships_finish (store, result, NULL);
      g_assert_cmpuint (groups->len, ==, found ? 1 : 0);
    }
}

static void
judge_acks (Verdict *self, Race *race)
{
  for (guint i = 0; i < N_WRITERS; i++)
    for (guint n = 0; n < race->acks[i]->len; n++)
      {
        g_autofree char *deed = g_strdup_printf ("u-w%u %u", i, n);
        const gint64 *seq = g_hash_table_lookup (self->deeds, deed);

        if (!seq)
          g_error ("lost: %s", deed);
        if (g_array_index (race->acks[i], gint64, n) != -1)
          g_assert_cmpint (g_array_index (race->acks[i], gint64, n), ==, *seq);
      }
}

static void
verify (Race *race)
{
  KlStore *store = open_store (kl_test_mongod_get_uri (race->mongod));
  Verdict verdict = {
    .deeds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
    .roles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .rev = 2, /* the group and its owner */
  };

  kl_mongo_store_set_deadline (KL_MONGO_STORE (store), KL_TEST_DEADLINE_MS);
  judge_log (&verdict, store);
  judge_views (&verdict, store);
  judge_acks (&verdict, race);
  g_test_message ("%d entries, %d messages, %u lives of writers", (int) verdict.rev, (int) verdict.seq, race->n_lives);

  kl_store_kit_close (store);
  g_hash_table_unref (verdict.deeds);
  g_hash_table_unref (verdict.roles);
}

static void
make_group (Race *race)
{
  KlStore *store = open_store (kl_test_mongod_get_uri (race->mongod));

  kl_mongo_store_set_deadline (KL_MONGO_STORE (store), KL_TEST_DEADLINE_MS);
  kl_store_kit_add_user (store, "owner");
  for (guint i = 0; i < N_WRITERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("w%u", i);

      kl_store_kit_add_user (store, name);
    }
  kl_store_kit_add_group (store, GROUP, "u-owner", NULL, "Races");
  kl_store_kit_close (store);
}

static void
test_races (void)
{
  const char *seconds = g_getenv ("KLATCH_TEST_RACE_SECONDS"), *given = g_getenv ("KLATCH_TEST_SEED");
  guint32 seed = given ? (guint32) g_ascii_strtoull (given, NULL, 10) : g_test_rand_int () & 0x7fffffff;
  gint64 end_usec = g_get_monotonic_time () + (seconds ? atoi (seconds) : 6) * G_TIME_SPAN_SECOND;
  Race race = { .mongod = kl_test_mongod_new (), .random = g_rand_new_with_seed (seed) };

  g_test_message ("KLATCH_TEST_SEED=%u", seed);
  race.program = g_file_read_link ("/proc/self/exe", NULL);
  make_group (&race);
  for (guint i = 0; i < N_WRITERS; i++)
    {
      race.acks[i] = g_array_new (FALSE, TRUE, sizeof (gint64));
      start_writer (&race, i);
    }
  while (count_acks (&race) < 50)
    g_usleep (10000);
  while (g_get_monotonic_time () < end_usec)
    {
      g_usleep ((gulong) g_rand_int_range (race.random, 50000, 500000));
      do_harm (&race);
    }
  let_be (&race);
  verify (&race);

  for (guint i = 0; i < N_WRITERS; i++)
    g_array_unref (race.acks[i]);
  kl_test_mongod_free (race.mongod);
  g_rand_free (race.random);
  g_free (race.program);
}

int
main (int argc, char **argv)
{
  if (argc == 6 && g_str_equal (argv[1], "--writer"))
    {
      g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
      return run_writer (argv[2], argv[3], (guint) atoi (argv[4]), (guint) strtoul (argv[5], NULL, 10));
    }
  kl_test_init (&argc, &argv);
  if (kl_test_mongod_or_skip ("/store/mongo/races"))
    g_test_add_func ("/store/mongo/races", test_races);

  return g_test_run ();
}
