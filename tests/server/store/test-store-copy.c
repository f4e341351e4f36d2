/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies from SQLite to SQLite: of everything, resumed at any write, of the wrong things refused. */
#include <glib/gstdio.h>
#include <string.h>

#include "server/chat/kl-store-copy.h"
#include "server/store/kl-sqlite-dump.h"
#include "tests/server/store/kl-fragile-dump.h"
#include "tests/server/store/kl-store-kit.h"
#include "tests/server/store/kl-store-sample.h"

#define N_MESSAGES 80

typedef struct
{
  char *dir;
  char *from, *to;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  KlStore *store;

  self->dir = kl_test_dir_new ();
  self->from = g_build_filename (self->dir, "from.db", NULL);
  self->to = g_build_filename (self->dir, "to", "klatch.db", NULL);
  store = kl_store_kit_open_sqlite (self->from);
  kl_store_sample_fill (store, N_MESSAGES);
  kl_store_kit_close (store);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_test_dir_remove (self->dir);
  g_free (self->dir);
  g_free (self->from);
  g_free (self->to);
}

/* ── Ends ── */

static KlStoreDump *
open_target (const char *path, int writes)
{
  g_autoptr (GError) error = NULL;
  KlSqliteDump *inner = kl_sqlite_dump_new (path, &error);

  g_assert_no_error (error);

  return kl_fragile_dump_new (KL_STORE_DUMP (inner), writes);
}

static KlStoreDump *
open_source (const char *path)
{
  g_autoptr (GError) error = NULL;
  KlSqliteDump *self = kl_sqlite_dump_open (path, &error);

  g_assert_no_error (error);

  return KL_STORE_DUMP (self);
}

static void
assert_copied (Fixture *self)
{
  KlStore *one = kl_store_kit_open_sqlite (self->from), *other = kl_store_kit_open_sqlite (self->to);

  kl_store_sample_compare (one, other);
  kl_store_kit_close (one);
  kl_store_kit_close (other);
}

/* ── Tests ── */

static void
test_whole (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlStoreDump) from = open_source (self->from), to = open_target (self->to, -1);
  g_autoptr (GError) error = NULL;
  KlStoreCopyResult result;

  kl_store_copy (from, to, NULL, NULL, &result, &error);
  g_assert_no_error (error);
  g_assert_false (result.resumed);
  g_assert_cmpint (result.counts[KL_DUMP_USER], ==, 5);
  g_assert_cmpint (result.counts[KL_DUMP_SESSION], ==, 2);
  g_assert_cmpint (result.counts[KL_DUMP_GROUP], ==, 6);
  g_assert_cmpint (result.counts[KL_DUMP_INVITE], ==, 3);
  g_assert_cmpint (result.counts[KL_DUMP_MEMBER], ==, 5 + 2 + 2 + 1 + 1 + 1);
  g_assert_cmpint (result.counts[KL_DUMP_BAN], ==, 1);
  g_assert_cmpint (result.counts[KL_DUMP_CHANGE], ==, (2 + 4 + N_MESSAGES + 7) + 4 + 3 + 8 + 3 + 3);
  g_clear_object (&from);
  g_clear_object (&to);
  assert_copied (self);
}

/* Interrupted after every so many records. */
static void
test_resumed (Fixture *self, gconstpointer unused)
{
  static const int steps[] = { 1, 17 };

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s.%d", self->to, steps[i]);
      gboolean done = FALSE;

      while (!done)
        {
          g_autoptr (KlStoreDump) from = open_source (self->from), to = open_target (path, steps[i] + 1);
          g_autoptr (GError) error = NULL;
          KlStoreCopyResult result;

          done = kl_store_copy (from, to, NULL, NULL, &result, &error);
          if (!done)
            {
              g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
              /* No server takes what is not whole for a store. */
              g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
            }
          else
            g_assert_true (result.resumed);
        }
    }
  {
    g_autofree char *third = g_strconcat (self->to, ".17", NULL);

    g_assert_no_errno (g_rename (third, self->to));
  }
  assert_copied (self);
}

static void
assert_refused (KlStoreDump *from, const char *path, const char *says)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSqliteDump) to = kl_sqlite_dump_new (path, &error);
  KlStoreCopyResult result;

  if (to)
    g_assert_false (kl_store_copy (from, KL_STORE_DUMP (to), NULL, NULL, &result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_refused (Fixture *self, gconstpointer unused)
{
  g_autofree char *other = g_build_filename (self->dir, "other", NULL);
  g_autofree char *other_path = g_build_filename (other, "klatch.db", NULL);
  g_autoptr (KlStoreDump) from = open_source (self->from), to = open_target (self->to, 40), stranger = NULL;
  g_autoptr (GError) error = NULL;
  KlStoreCopyResult result;
  KlStore *store;

  g_assert_false (kl_store_copy (from, to, NULL, NULL, &result, &error));
  g_clear_error (&error);
  g_clear_object (&to);

  /* A half-done copy belongs to its source. */
  g_mkdir (other, 0700);
  store = kl_store_kit_open_sqlite (other_path);
  kl_store_kit_close (store);
  stranger = open_source (other_path);
  assert_refused (stranger, self->to, "beginning of a copy of another store");

  /* What is there is not overwritten, and a store in use not read. */
  assert_refused (from, other_path, "there is a store at");
  g_assert_null (kl_sqlite_dump_open (self->from, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  g_assert_null (kl_sqlite_dump_open (self->dir, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED);

  /* One at a time. */
  to = open_target (self->to, 3);
  g_clear_error (&error);
  g_assert_false (kl_store_copy (from, to, NULL, NULL, &result, &error));
  g_clear_error (&error);
  {
    g_autoptr (KlStoreDump) second = open_target (self->to, -1);

    g_assert_false (kl_store_copy (from, second, NULL, NULL, &result, &error));
    g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
  }
}

/* The source goes on between two attempts: the end finds it out. */
static void
test_moved_source (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlStoreDump) from = open_source (self->from), to = open_target (self->to, 110);
  g_autoptr (GError) error = NULL;
  KlStoreCopyResult copied;
  KlStore *store;

  g_assert_false (kl_store_copy (from, to, NULL, NULL, &copied, &error));
  g_clear_error (&error);
  g_clear_object (&from);
  g_clear_object (&to);
  store = kl_store_kit_open_sqlite (self->from);
  kl_store_kit_send (store, "big", 2 + 4 + N_MESSAGES + 7, N_MESSAGES, "u-ada", "later", "later");
  kl_store_kit_close (store);
  from = open_source (self->from);
  to = open_target (self->to, -1);
  g_assert_false (kl_store_copy (from, to, NULL, NULL, &copied, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "differs"));
  g_assert_false (g_file_test (self->to, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
#define ADD(name, test) g_test_add ("/store/copy/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("whole", test_whole);
  ADD ("resumed", test_resumed);
  ADD ("refused", test_refused);
  ADD ("moved-source", test_moved_source);

  return g_test_run ();
}
