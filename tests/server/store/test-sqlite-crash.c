/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process appends to several groups at once and notes what was acknowledged; it is killed with -9 at any moment,
 * again and again. Every acknowledged message is there, once, where it was said to be, and no rev and no seq is
 * missing. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kit/kl-test-process.h"
#include "tests/server/store/kl-store-kit.h"

#define N_GROUPS 5
#define N_ROUNDS 20
#define IN_FLIGHT 6

/* ── The one that is killed ── */

typedef struct
{
  KlStore *store;
  char *group;
  gint64 rev, seq;   /* as planned */
  guint64 next_name; /* of a client id */
  const char *round;
} Writer;

typedef struct
{
  Writer *writer;
  gint64 seq;
  char *client_id;
} Append;

static void
append_next (Writer *self);

static void
on_appended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Append *append = user_data;
  g_autoptr (KlAppendResult) answer = kl_store_append_finish (KL_STORE (source), result, NULL);
  g_autofree char *line = NULL;

  g_assert_cmpint (answer->outcome, ==, KL_APPEND_OK);
  /* One write(), so that the line is whole or not there. */
  line = g_strdup_printf ("acked %s %d %s\n", append->writer->group, (int)append->seq, append->client_id);
  g_assert_cmpint (write (STDOUT_FILENO, line, strlen (line)), ==, (int)strlen (line));
  append_next (append->writer);
  g_free (append->client_id);
  g_free (append);
}

/* Edits an older message with every third. */
static void
append_next (Writer *self)
{
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new (self->group, self->rev, self->seq);
  Append *append = g_new (Append, 1);

  append->writer = self;
  append->seq = ++self->seq;
  append->client_id = g_strdup_printf ("%s-%s-%d", self->round, self->group, (int)self->next_name++);
  kl_store_kit_add_message (batch, self->seq, "u-ada", append->client_id, append->client_id);
  self->rev++;
  if (self->next_name % 3 == 0)
    {
      kl_store_kit_add_message (batch, self->seq / 2 + 1, "u-ada", NULL, "edited");
      self->rev++;
    }
  kl_store_append_async (self->store, batch, on_appended, append);
}

G_NORETURN static void
run_child (const char *path, const char *round)
{
  KlStore *store = kl_store_kit_open_sqlite (path);
  Writer writers[N_GROUPS];

  for (int i = 0; i < N_GROUPS; i++)
    {
      g_autofree char *group = g_strdup_printf ("group%d", i);
      g_autoptr (KlStoreLoaded) loaded = kl_store_kit_load (store, group);

      writers[i] = (Writer){ store, g_steal_pointer (&group), loaded->rev, loaded->seq, 0, round };
    }
  for (int i = 0; i < N_GROUPS; i++)
    for (int k = 0; k < IN_FLIGHT; k++)
      append_next (&writers[i]);
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

/* ── The one that looks ── */

static void
check_log (KlStore *store, const char *group, gint64 head_rev)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreBatch) log = NULL;

  kl_store_kit_call (read_log, store, group, 0, G_MAXINT);
  log = kl_store_read_log_finish (store, result, NULL);
  g_assert_cmpint (log->changes->len, ==, head_rev);
  for (guint i = 0; i < log->changes->len; i++)
    g_assert_cmpint (g_array_index (log->changes, KlStoreChange, i).rev, ==, i + 1);
}

static void
check_used (KlStore *store, const char *client_id, const char *group, gint64 seq)
{
  KL_STORE_ANSWER;
  g_autofree char *op = g_strdup_printf ("u-ada\n%s", client_id);
  const char *ops[] = { op, NULL };
  g_autoptr (GPtrArray) found = NULL;
  KlStoreOp *where;

  kl_store_kit_call (find_ops, store, ops);
  found = kl_store_find_ops_finish (store, result, NULL);
  where = g_ptr_array_index (found, 0);
  g_assert_nonnull (where);
  g_assert_cmpstr (where->group, ==, group);
  g_assert_cmpint (where->seq, ==, seq);
}

/* ACKED: lines of all rounds. Gives how many there were. */
static guint
check (KlStore *store, const char *acked)
{
  g_auto (GStrv) lines = g_strsplit (acked, "\n", -1);
  guint n_acked = 0;

  for (int i = 0; i < N_GROUPS; i++)
    {
      g_autofree char *group = g_strdup_printf ("group%d", i);
      g_autoptr (KlStoreLoaded) loaded = kl_store_kit_load (store, group);
      g_autoptr (GPtrArray) messages = kl_store_kit_messages (store, group, 1, G_MAXINT64);

      g_assert_cmpint (messages->len, ==, loaded->seq);
      for (guint m = 0; m < messages->len; m++)
        g_assert_cmpint (((KlStoreMessage *)g_ptr_array_index (messages, m))->seq, ==, m + 1);
      check_log (store, group, loaded->rev);
    }

  for (char **line = lines; *line && **line; line++)
    {
      g_auto (GStrv) words = g_strsplit (*line, " ", 4);
      gint64 seq = g_ascii_strtoll (words[2], NULL, 10);
      g_autoptr (GPtrArray) messages = kl_store_kit_messages (store, words[1], seq, seq);
      const KlStoreMessage *message;

      g_assert_cmpuint (messages->len, ==, 1);
      message = g_ptr_array_index (messages, 0);
      /* Its own words, or its later edit's. */
      g_assert_true (strstr (message->json, words[3]) || strstr (message->json, "\"body\":\"edited\""));
      check_used (store, words[3], words[1], seq);
      n_acked++;
    }

  return n_acked;
}

static void
test_kill (void)
{
  g_autofree char *dir = kl_test_dir_new ();
  g_autofree char *path = g_build_filename (dir, "klatch.db", NULL);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GString) acked = g_string_new (NULL);
  g_autoptr (GRand) rand = g_rand_new ();
  KlStore *store = kl_store_kit_open_sqlite (path);
  guint n_acked = 0;

  kl_store_kit_add_user (store, "ada");
  for (int i = 0; i < N_GROUPS; i++)
    {
      g_autofree char *group = g_strdup_printf ("group%d", i);

      kl_store_kit_add_group (store, group, "u-ada", NULL, group);
    }
  kl_store_kit_close (store);

  for (int round = 0; round < N_ROUNDS; round++)
    {
      g_autofree char *name = g_strdup_printf ("r%d", round);
      g_autofree char *output = NULL, *first = NULL;
      KlTestProcess *child = kl_test_process_start ((const char *[]){ self, "--append", path, name, NULL }, NULL);

      first = kl_test_process_wait_line (child, "acked ");
      g_usleep ((gulong)g_rand_int_range (rand, 0, 60000));
      kl_test_process_signal (child, SIGKILL);
      kl_test_process_wait (child);
      output = kl_test_process_dup_output (child);
      kl_test_process_free (child);
      g_string_append (acked, output);

      store = kl_store_kit_open_sqlite (path);
      n_acked += check (store, output);
      kl_store_kit_close (store);
    }

  /* Nor has a later crash taken anything of an earlier round. */
  store = kl_store_kit_open_sqlite (path);
  g_assert_cmpuint (check (store, acked->str), ==, n_acked);
  kl_store_kit_close (store);
  g_test_message ("%u acknowledged, none lost, none twice", n_acked);
  g_assert_cmpuint (n_acked, >=, N_ROUNDS);
  kl_test_dir_remove (dir);
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--append"))
    run_child (argv[2], argv[3]);

  kl_test_init (&argc, &argv);
  g_test_add_func ("/store/sqlite/kill", test_kill);

  return g_test_run ();
}
