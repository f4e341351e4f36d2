/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From SQLite to MongoDB and back: all of it, resumed, and the wrong things refused. */
#include <string.h>

#include "server/chat/kl-store-copy.h"
#include "server/store/kl-mongo-dump.h"
#include "server/store/kl-mongo-store.h"
#include "server/store/kl-sqlite-dump.h"
#include "tests/kit/kl-test-mongod.h"
#include "tests/server/store/kl-fragile-dump.h"
#include "tests/server/store/kl-store-kit.h"
#include "tests/server/store/kl-store-sample.h"

#define N_MESSAGES 40

/* One server for all tests. */
static KlTestMongod *mongod;
static guint n_databases;

typedef struct
{
  char *dir;
  char *from, *back;
  char *uri;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->dir = kl_test_dir_new ();
  self->from = g_build_filename (self->dir, "from.db", NULL);
  self->back = g_build_filename (self->dir, "back", "klatch.db", NULL);
  self->uri = g_strdup_printf ("%s/copy%u", kl_test_mongod_get_uri (mongod), n_databases++);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_test_dir_remove (self->dir);
  g_free (self->dir);
  g_free (self->from);
  g_free (self->back);
  g_free (self->uri);
}

static KlStoreDump *
read_from (const char *place)
{
  g_autoptr (GError) error = NULL;
  gpointer dump = strstr (place, "://") ? (gpointer) kl_mongo_dump_open (place, &error)
                                        : (gpointer) kl_sqlite_dump_open (place, &error);

  g_assert_no_error (error);

  return dump;
}

static KlStoreDump *
write_to (const char *place, int writes)
{
  g_autoptr (GError) error = NULL;
  gpointer dump = strstr (place, "://") ? (gpointer) kl_mongo_dump_new (place, &error)
                                        : (gpointer) kl_sqlite_dump_new (place, &error);

  g_assert_no_error (error);

  return writes < 0 ? dump : kl_fragile_dump_new (dump, writes);
}

static gboolean
copy (const char *from, const char *to, int writes, KlStoreCopyResult *result, GError **error)
{
  g_autoptr (KlStoreDump) source = read_from (from), target = write_to (to, writes);

  return kl_store_copy (source, target, NULL, NULL, result, error);
}

static void
fill_sqlite (Fixture *self)
{
  KlStore *store = kl_store_kit_open_sqlite (self->from);

  kl_store_sample_fill (store, N_MESSAGES);
  kl_store_kit_close (store);
}

static void
assert_same_checksums (const KlStoreCopyResult *one, const KlStoreCopyResult *other)
{
  for (int kind = 0; kind < KL_DUMP_N_KINDS; kind++)
    {
      g_assert_cmpint (one->counts[kind], ==, other->counts[kind]);
      g_assert_cmpstr (one->checksums[kind], ==, other->checksums[kind]);
    }
}

static void
test_there_and_back (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  KlStoreCopyResult there, back;
  KlStore *one, *other;

  fill_sqlite (self);
  copy (self->from, self->uri, -1, &there, &error);
  g_assert_no_error (error);
  copy (self->uri, self->back, -1, &back, &error);
  g_assert_no_error (error);
  assert_same_checksums (&there, &back);

  one = kl_store_kit_open_sqlite (self->from);
  other = kl_store_kit_open_sqlite (self->back);
  kl_store_sample_compare (one, other);
  kl_store_kit_close (other);
  other = kl_store_kit_open_mongo (self->uri);
  kl_store_sample_compare (one, other);
  kl_store_kit_close (one);
  kl_store_kit_close (other);
}

/* What MongoDB's own store wrote, with what it has not tidied away. */
static void
test_from_mongodb (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  KlStoreCopyResult copied;
  KlStore *one = kl_store_kit_open_mongo (self->uri), *other;

  kl_store_sample_fill (one, N_MESSAGES);
  kl_store_kit_close (one);
  copy (self->uri, self->back, -1, &copied, &error);
  g_assert_no_error (error);
  one = kl_store_kit_open_mongo (self->uri);
  other = kl_store_kit_open_sqlite (self->back);
  kl_store_sample_compare (one, other);
  kl_store_kit_close (one);
  kl_store_kit_close (other);
}

static void
test_resumed (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  KlStoreCopyResult copied;
  KlStore *one, *other;

  fill_sqlite (self);
  while (!copy (self->from, self->uri, 19, &copied, &error))
    {
      g_autoptr (KlMongoStore) store = NULL;

      g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
      g_clear_error (&error);
      /* No server takes what is not whole for a store. */
      store = kl_mongo_store_open (self->uri, "example.org", &error);
      g_assert_null (store);
      g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, "not complete"));
      g_clear_error (&error);
    }
  g_assert_true (copied.resumed);
  one = kl_store_kit_open_sqlite (self->from);
  other = kl_store_kit_open_mongo (self->uri);
  kl_store_sample_compare (one, other);
  kl_store_kit_close (one);
  kl_store_kit_close (other);
}

static void
assert_refused (const char *from, const char *to, const char *says)
{
  g_autoptr (GError) error = NULL;
  KlStoreCopyResult copied;

  g_assert_false (copy (from, to, -1, &copied, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_refused (Fixture *self, gconstpointer unused)
{
  g_autofree char *other = g_build_filename (self->dir, "other.db", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlMongoDump) nothing = NULL;
  KlStoreCopyResult copied;

  fill_sqlite (self);
  kl_store_kit_close (kl_store_kit_open_sqlite (other));
  nothing = kl_mongo_dump_open (self->uri, &error);
  g_assert_null (nothing);
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED);
  g_clear_error (&error);

  /* A server that was only started left nothing that is worth keeping. */
  kl_store_kit_close (kl_store_kit_open_mongo (self->uri));
  g_assert_false (copy (self->from, self->uri, 9, &copied, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  assert_refused (other, self->uri, "beginning of a copy of another store");
  copy (self->from, self->uri, -1, &copied, &error);
  g_assert_no_error (error);
  assert_refused (self->from, self->uri, "there is a store in this database already");
}

int
main (int argc, char **argv)
{
  int status;

  kl_test_init (&argc, &argv);
  if (!kl_test_mongod_or_skip ("/store/mongo/copy"))
    return g_test_run ();
  mongod = kl_test_mongod_new ();
#define ADD(name, test) g_test_add ("/store/mongo/copy/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("there-and-back", test_there_and_back);
  ADD ("from-mongodb", test_from_mongodb);
  ADD ("resumed", test_resumed);
  ADD ("refused", test_refused);
  status = g_test_run ();
  kl_test_mongod_free (mongod);

  return status;
}
