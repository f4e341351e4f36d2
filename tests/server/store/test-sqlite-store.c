/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is SQLite's own: the file, its versions and owners, a full disk, a lock from outside, commits that are shared.
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>

#include "server/store/kl-sqlite-schema.h"
#include "server/store/kl-sqlite-store.h"
#include "tests/server/store/kl-store-kit.h"

typedef struct
{
  char *dir;
  char *path;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->dir = kl_test_dir_new ();
  self->path = g_build_filename (self->dir, "klatch.db", NULL);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_test_dir_remove (self->dir);
  g_free (self->dir);
  g_free (self->path);
}

static void
assert_refused (Fixture *self, const char *domain, int code, const char *says)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSqliteStore) store = kl_sqlite_store_open (self->path, domain, &error);

  g_assert_null (store);
  g_assert_error (error, KL_STORE_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
}

static void
run_sql (Fixture *self, const char *sql)
{
  sqlite3 *db = NULL;
  char *message = NULL;

  g_assert_cmpint (sqlite3_open (self->path, &db), ==, SQLITE_OK);
  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
  sqlite3_close (db);
}

/* ── Who may open what ── */

static void
test_domain (Fixture *self, gconstpointer unused)
{
  kl_store_kit_close (kl_store_kit_open_sqlite (self->path));
  assert_refused (self, "example.net", KL_STORE_ERROR_FAILED, "the domain example.org");
  kl_store_kit_close (kl_store_kit_open_sqlite (self->path));
}

static void
test_newer_version (Fixture *self, gconstpointer unused)
{
  kl_store_kit_close (kl_store_kit_open_sqlite (self->path));
  run_sql (self, "PRAGMA user_version = 99");
  assert_refused (self, "example.org", KL_STORE_ERROR_FAILED, "version 99");
}

static void
test_foreign_file (Fixture *self, gconstpointer unused)
{
  run_sql (self, "CREATE TABLE recipes (name)");
  assert_refused (self, "example.org", KL_STORE_ERROR_FAILED, "another program");
  g_assert_cmpint (g_unlink (self->path), ==, 0);

  g_assert_true (
      g_file_set_contents (self->path, "Dear diary, today I was taken for a database. It did not suit me.", -1, NULL));
  assert_refused (self, "example.org", KL_STORE_ERROR_FAILED, "not a database");
}

static void
test_no_folder (Fixture *self, gconstpointer unused)
{
  g_free (self->path);
  self->path = g_build_filename (self->dir, "nowhere", "klatch.db", NULL);
  assert_refused (self, "example.org", KL_STORE_ERROR_FAILED, "nowhere");
}

/* After an orderly end all is in the one file. */
static void
test_one_file (Fixture *self, gconstpointer unused)
{
  for (int i = 0; i < 20; i++)
    {
      g_autofree char *log = g_strconcat (self->path, "-wal", NULL);
      KlStore *store = kl_store_kit_open_sqlite (self->path);

      if (i == 0)
        kl_store_kit_add_user (store, "ada");
      kl_store_kit_close (store);
      g_assert_false (g_file_test (log, G_FILE_TEST_EXISTS));
    }
}

static void
test_second_server (Fixture *self, gconstpointer unused)
{
  KlStore *store = kl_store_kit_open_sqlite (self->path);

  assert_refused (self, "example.org", KL_STORE_ERROR_UNAVAILABLE, "another server");
  kl_store_kit_close (store);
  /* Also without a proper end. */
  store = kl_store_kit_open_sqlite (self->path);
  g_object_unref (store);
  kl_store_kit_close (kl_store_kit_open_sqlite (self->path));
}

/* ── Old files ── */

static void
fill (KlStore *store)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreInvite) invite = kl_store_invite_new ();
  KlStoreBatch *batch;

  kl_store_kit_add_user (store, "ada");
  kl_store_kit_add_user (store, "ben");
  kl_store_kit_add_group (store, "g", "u-ada", "tea", "Tea & Talk");
  batch = kl_store_batch_new ("g", 2, 0);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER);
  for (int seq = 1; seq <= 20; seq++)
    {
      g_autofree char *client_id = g_strdup_printf ("c%d", seq);

      kl_store_kit_add_message (batch, seq, seq % 2 ? "u-ada" : "u-ben", client_id, client_id);
    }
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);
  invite->code = g_strdup ("code");
  invite->group = g_strdup ("g");
  invite->by = g_strdup ("u-ada");
  invite->uses_left = 5;
  kl_store_kit_call (create_invite, store, invite);
  g_assert_true (kl_store_create_invite_finish (store, result, NULL));
}

static void
check_filled (KlStore *store)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) messages = kl_store_kit_messages (store, "g", 1, 99);
  g_autoptr (KlStoreLoaded) loaded = kl_store_kit_load (store, "g");
  g_autoptr (KlStoreInvite) invite = NULL;
  g_autoptr (KlStoreCredentials) credentials = NULL;

  g_assert_cmpuint (messages->len, ==, 20);
  g_assert_cmpstr (((KlStoreMessage *)g_ptr_array_index (messages, 19))->id, ==, "m-g-20");
  g_assert_nonnull (strstr (((KlStoreMessage *)g_ptr_array_index (messages, 19))->json, "\"body\":\"c20\""));
  g_assert_cmpint (loaded->rev, ==, 23);
  g_assert_cmpint (loaded->seq, ==, 20);
  g_assert_cmpuint (loaded->members->len, ==, 2);
  g_assert_cmpint (loaded->last_message->seq, ==, 20);
  kl_store_kit_call (get_invite, store, "code");
  invite = kl_store_get_invite_finish (store, result, NULL);
  g_assert_cmpint (invite->uses_left, ==, 5);
  kl_store_kit_call (get_credentials, store, "ben");
  credentials = kl_store_get_credentials_finish (store, result, NULL);
  g_assert_cmpstr (credentials->password_hash, ==, "hash");
}

/* What was done then is known, and it goes on from there. */
static void
go_on (KlStore *store)
{
  KlStoreBatch *batch = kl_store_batch_new ("g", 23, 20);

  kl_store_kit_add_message (batch, 21, "u-ada", "c1", "again");
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OP_USED);
  kl_store_kit_send (store, "g", 23, 20, "u-ada", "c21", "new");
}

static void
test_old_files (Fixture *self, gconstpointer unused)
{
  const char *folder = g_getenv ("KLATCH_OLD_DATABASES");

  if (!folder)
    {
      g_test_skip ("KLATCH_OLD_DATABASES does not say where they are");
      return;
    }

  for (int version = 1; version <= kl_sqlite_schema_version (); version++)
    {
      g_autofree char *name = g_strdup_printf ("v%d.db", version);
      g_autofree char *old = g_build_filename (folder, name, NULL);
      g_autofree char *bytes = NULL;
      gsize length;
      KlStore *store;

      g_assert_true (g_file_get_contents (old, &bytes, &length, NULL));
      g_assert_true (g_file_set_contents (self->path, bytes, (gssize)length, NULL));
      store = kl_store_kit_open_sqlite (self->path);
      check_filled (store);
      go_on (store);
      kl_store_kit_close (store);
    }
}

/* ── When the file cannot be written ── */

static gboolean
append_fails (KlStore *store, gint64 rev, gint64 seq, const char *client_id)
{
  KL_STORE_ANSWER;
  g_autofree char *body = g_strnfill (200000, 'x');
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new ("g", rev, seq);
  g_autoptr (KlAppendResult) answer = NULL;
  g_autoptr (GError) error = NULL;

  kl_store_kit_add_message (batch, seq + 1, "u-ada", client_id, body);
  kl_store_kit_call (append, store, batch);
  answer = kl_store_append_finish (store, result, &error);
  if (!answer)
    g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
  else
    g_assert_cmpint (answer->outcome, ==, KL_APPEND_OK);

  return answer == NULL;
}

static void
limit_files (rlim_t bytes)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = MIN (bytes, limit.rlim_max);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

/* No file may grow: to SQLite it is a disk on which writing fails. */
static void
test_full_disk (Fixture *self, gconstpointer unused)
{
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  KlStore *store = kl_store_kit_open_sqlite (self->path);
  g_autofree char *reason = NULL;
  gint64 rev = 2, seq = 0;

  signal (SIGXFSZ, SIG_IGN);
  kl_store_kit_add_user (store, "ada");
  kl_store_kit_add_group (store, "g", "u-ada", NULL, "G");
  limit_files (1024 * 1024);
  for (int i = 0; i < 100; i++)
    {
      g_autofree char *client_id = g_strdup_printf ("c%d", i);

      if (append_fails (store, rev, seq, client_id))
        break;
      rev++;
      seq++;
    }
  g_assert_cmpint (seq, >, 0);
  g_assert_cmpint (seq, <, 100);
  g_assert_false (kl_store_is_ready (store, &reason));
  g_test_message ("%s", reason);
  g_assert_nonnull (reason);

  /* Reading goes on, and nothing is half there. */
  {
    g_autoptr (KlStoreLoaded) loaded = kl_store_kit_load (store, "g");

    g_assert_cmpint (loaded->rev, ==, rev);
    g_assert_cmpint (loaded->seq, ==, seq);
  }

  /* There is room: it notices by itself. */
  limit_files (RLIM_INFINITY);
  kl_test_wait_until (kl_store_is_ready (store, NULL));
  {
    g_autofree char *client_id = g_strdup_printf ("c%d", (int)seq);

    g_assert_false (append_fails (store, rev, seq, client_id));
  }
  kl_store_kit_close (store);
  store = kl_store_kit_open_sqlite (self->path);
  {
    g_autoptr (GPtrArray) messages = kl_store_kit_messages (store, "g", 1, G_MAXINT64);

    g_assert_cmpint (messages->len, ==, seq + 1);
  }
  kl_store_kit_close (store);
  g_log_set_always_fatal (fatal);
}

/* Another program holds the file: what waits too long is unavailable, reading goes on. */
static void
test_locked_from_outside (Fixture *self, gconstpointer unused)
{
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  KlStore *store = kl_store_kit_open_sqlite (self->path);
  sqlite3 *other = NULL;

  kl_store_kit_add_user (store, "ada");
  kl_store_kit_add_group (store, "g", "u-ada", NULL, "G");
  g_assert_cmpint (sqlite3_open (self->path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_true (append_fails (store, 2, 0, "c"));
  g_assert_false (kl_store_is_ready (store, NULL));
  {
    g_autoptr (KlStoreLoaded) loaded = kl_store_kit_load (store, "g");

    g_assert_cmpint (loaded->rev, ==, 2);
  }
  g_assert_cmpint (sqlite3_exec (other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (other);
  g_assert_false (append_fails (store, 2, 0, "c"));
  kl_test_wait_until (kl_store_is_ready (store, NULL));
  kl_store_kit_close (store);
  g_log_set_always_fatal (fatal);
}

static goffset
get_log_bytes (Fixture *self)
{
  g_autofree char *path = g_strconcat (self->path, "-wal", NULL);
  GStatBuf info;

  return g_stat (path, &info) == 0 ? info.st_size : 0;
}

/* A reader from outside that is never done lets the log grow; when it ends, the log shrinks. */
static void
test_reader_from_outside (Fixture *self, gconstpointer unused)
{
  KlStore *store = kl_store_kit_open_sqlite (self->path);
  sqlite3 *other = NULL;
  gint64 seq = 0;

  kl_store_kit_add_user (store, "ada");
  kl_store_kit_add_group (store, "g", "u-ada", NULL, "G");
  g_assert_cmpint (sqlite3_open (self->path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN; SELECT count(*) FROM groups", NULL, NULL, NULL), ==, SQLITE_OK);
  while (get_log_bytes (self) < 80 * 1024 * 1024)
    {
      g_autofree char *client_id = g_strdup_printf ("c%d", (int)seq);

      g_assert_false (append_fails (store, 2 + seq, seq, client_id));
      seq++;
    }
  g_assert_cmpint (sqlite3_exec (other, "COMMIT", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (other);
  for (int i = 0; i < 2000 && get_log_bytes (self) > 64 * 1024 * 1024; i++)
    {
      g_autofree char *client_id = g_strdup_printf ("c%d", (int)seq);

      g_assert_false (append_fails (store, 2 + seq, seq, client_id));
      seq++;
    }
  g_assert_cmpint (get_log_bytes (self), <=, 64 * 1024 * 1024);
  kl_store_kit_close (store);
}

/* ── Sharing commits ── */

#define N_SHARED 1000

typedef struct
{
  guint n_done;
  GHashTable *turns; /* the times of the loop's turns in which something was reported */
} Shared;

static void
on_shared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Shared *shared = user_data;
  g_autoptr (KlAppendResult) answer = kl_store_append_finish (KL_STORE (source), result, NULL);
  gint64 time = g_source_get_time (g_main_current_source ());

  g_assert_cmpint (answer->outcome, ==, KL_APPEND_OK);
  g_hash_table_add (shared->turns, g_memdup2 (&time, sizeof time));
  shared->n_done++;
}

/* While the writer is held up, a thousand appends of ten groups gather; they share its commits and its wake-ups. */
static void
test_shared_commit (Fixture *self, gconstpointer unused)
{
  KlStore *store = kl_store_kit_open_sqlite (self->path);
  Shared shared = { 0, g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL) };
  KlSqliteStoreStats before, after;
  sqlite3 *other = NULL;

  kl_store_kit_add_user (store, "ada");
  for (int g = 0; g < 10; g++)
    kl_store_kit_add_group (store, (char[]){ (char)('a' + g), 0 }, "u-ada", NULL, "G");
  g_assert_cmpint (sqlite3_open (self->path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  kl_sqlite_store_get_stats (KL_SQLITE_STORE (store), &before);
  for (int i = 0; i < N_SHARED; i++)
    {
      g_autoptr (KlStoreBatch) batch = kl_store_batch_new ((char[]){ (char)('a' + i % 10), 0 }, 2 + i / 10, i / 10);
      g_autofree char *client_id = g_strdup_printf ("c%d", i);

      kl_store_kit_add_message (batch, i / 10 + 1, "u-ada", client_id, "x");
      kl_store_append_async (store, batch, on_shared, &shared);
    }
  g_assert_cmpint (sqlite3_exec (other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (other);
  kl_test_wait_until (shared.n_done == N_SHARED);
  kl_sqlite_store_get_stats (KL_SQLITE_STORE (store), &after);
  g_test_message ("%d commits, %u turns", (int)(after.commits - before.commits), g_hash_table_size (shared.turns));
  g_assert_cmpuint (after.commits - before.commits, <=, 3);
  g_assert_cmpuint (g_hash_table_size (shared.turns), <=, 3);
  g_hash_table_unref (shared.turns);
  kl_store_kit_close (store);
}

/* ── What is left of a deleted group ── */

static gint64
count_rows (Fixture *self, const char *sql)
{
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  gint64 count;

  g_assert_cmpint (sqlite3_open (self->path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  count = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (db);

  return count;
}

static void
test_purge (Fixture *self, gconstpointer unused)
{
  KlStore *store = kl_store_kit_open_sqlite (self->path);
  KlStoreBatch *batch;
  KlStoreChange *change;

  kl_store_kit_add_user (store, "ada");
  kl_store_kit_add_group (store, "g", "u-ada", NULL, "G");
  kl_store_kit_add_group (store, "other", "u-ada", NULL, "Other");
  kl_store_kit_send (store, "other", 2, 0, "u-ada", "kept", "kept");
  batch = kl_store_batch_new ("g", 2, 0);
  for (int seq = 1; seq <= 5000; seq++)
    kl_store_kit_add_message (batch, seq, "u-ada", NULL, "a secret that is to go");
  change = kl_store_batch_add (batch, KL_CHANGE_GROUP);
  change->group = kl_store_group_new ();
  change->group->id = g_strdup ("g");
  change->group->name = g_strdup ("G");
  change->group->deleted = TRUE;
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);

  /* Closed in the midst of it, it goes on the next time. */
  kl_store_kit_close (store);
  store = kl_store_kit_open_sqlite (self->path);
  kl_test_wait_until (count_rows (self, "SELECT count(*) FROM purges") == 0);
  g_assert_cmpint (count_rows (self, "SELECT count(*) FROM messages"), ==, 1);
  g_assert_cmpint (count_rows (self, "SELECT count(*) FROM bodies"), ==, 1);
  {
    g_autoptr (GPtrArray) messages = kl_store_kit_messages (store, "other", 1, 9);

    g_assert_cmpuint (messages->len, ==, 1);
  }
  kl_store_kit_close (store);
  {
    g_autofree char *bytes = NULL;
    gsize length;

    g_assert_true (g_file_get_contents (self->path, &bytes, &length, NULL));
    g_assert_null (memmem (bytes, length, "a secret that", 13));
  }
}

static void
write_database (const char *path)
{
  KlStore *store = kl_store_kit_open_sqlite (path);

  fill (store);
  kl_store_kit_close (store);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "--write-database"))
    {
      write_database (argv[2]);
      return 0;
    }

  kl_test_init (&argc, &argv);
#define ADD(name, test) g_test_add ("/store/sqlite/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("domain", test_domain);
  ADD ("newer-version", test_newer_version);
  ADD ("foreign-file", test_foreign_file);
  ADD ("no-folder", test_no_folder);
  ADD ("one-file", test_one_file);
  ADD ("second-server", test_second_server);
  ADD ("old-files", test_old_files);
  ADD ("full-disk", test_full_disk);
  ADD ("locked-from-outside", test_locked_from_outside);
  ADD ("reader-from-outside", test_reader_from_outside);
  ADD ("shared-commit", test_shared_commit);
  ADD ("purge", test_purge);

  return g_test_run ();
}
