/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The writer's log: a commit reaches the system by one call, whole or not at all, and whoever looks by a handle of his
 * own sees what was committed. */
#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

#include "server/store/kl-sqlite-log-file.h"
#include "tests/kit/kl-test.h"

/* ── Calls to the system ── */

static const char *const write_calls[] = { "pwrite", "pwrite64" };

typedef ssize_t (*PositionalWrite) (int fd, const void *bytes, size_t length, off_t offset);

static PositionalWrite real_write;
static guint n_writes;
static gboolean disk_is_full;

static ssize_t
counted_write (int fd, const void *bytes, size_t length, off_t offset)
{
  n_writes++;
  if (disk_is_full)
    {
      errno = ENOSPC;
      return -1;
    }

  return real_write (fd, bytes, length, offset);
}

static void
watch_writes (void)
{
  sqlite3_vfs *vfs = sqlite3_vfs_find (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (write_calls); i++)
    {
      sqlite3_syscall_ptr call = vfs->xGetSystemCall (vfs, write_calls[i]);

      if (!call)
        continue;
      real_write = (PositionalWrite) (void (*) (void)) call;
      g_assert_cmpint (vfs->xSetSystemCall (vfs, write_calls[i], (sqlite3_syscall_ptr) counted_write), ==, SQLITE_OK);
    }
  g_assert_nonnull (real_write);
}

/* ── Two databases, of which one has the log's VFS ── */

typedef struct
{
  char *dir;
  char *path;
  sqlite3 *db;    /* by way of the log's VFS */
  sqlite3 *other; /* reads the same file, without it */
  sqlite3 *model; /* in memory; what is done to one is done to this */
} Fixture;

static void
run (sqlite3 *db, const char *sql)
{
  char *message = NULL;

  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
}

static int
store_text (void *user_data, int n_columns, char **values, char **names)
{
  g_set_str ((char **) user_data, values[0]);

  return SQLITE_OK;
}

static char *
ask (sqlite3 *db, const char *sql)
{
  char *text = NULL;

  g_assert_cmpint (sqlite3_exec (db, sql, store_text, &text, NULL), ==, SQLITE_OK);

  return text;
}

static void
open_log (Fixture *self)
{
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

  g_assert_cmpint (sqlite3_open_v2 (self->path, &self->db, flags, kl_sqlite_log_file_get_vfs ()), ==, SQLITE_OK);
  run (self->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=8");
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  static const char table[] = "CREATE TABLE t (n INTEGER PRIMARY KEY, text BLOB)";

  self->dir = kl_test_dir_new ();
  self->path = g_build_filename (self->dir, "log.db", NULL);
  open_log (self);
  run (self->db, table);
  g_assert_cmpint (sqlite3_open (self->path, &self->other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_open (":memory:", &self->model), ==, SQLITE_OK);
  run (self->model, table);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  sqlite3_close (self->other);
  sqlite3_close (self->model);
  g_assert_cmpint (sqlite3_close (self->db), ==, SQLITE_OK);
  kl_test_dir_remove (self->dir);
  g_free (self->dir);
  g_free (self->path);
}

static void
run_both (Fixture *self, const char *sql)
{
  run (self->db, sql);
  run (self->model, sql);
}

static void
assert_same (sqlite3 *db, sqlite3 *model)
{
  static const char all[] = "SELECT group_concat (n || hex (text)) FROM (SELECT * FROM t ORDER BY n)";
  g_autofree char *intact = ask (db, "PRAGMA integrity_check");
  g_autofree char *there = ask (db, all);
  g_autofree char *wanted = ask (model, all);

  g_assert_cmpstr (intact, ==, "ok");
  g_assert_cmpstr (there, ==, wanted);
}

/* ── One call ── */

static void
test_one_call (Fixture *self, gconstpointer unused)
{
  static const char twenty_pages[] = "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20)"
                                     " INSERT INTO t (text) SELECT zeroblob (3900) FROM c";
  g_autofree char *size = NULL;

  run (self->db, "PRAGMA cache_size=1000");
  n_writes = 0;
  run (self->db, twenty_pages);
  g_assert_cmpuint (n_writes, ==, 1);
  /* What was written is the commit, and others read it. */
  size = ask (self->other, "SELECT sum (length (text)) FROM t");
  g_assert_cmpstr (size, ==, "78000");

  run (self->other, "PRAGMA synchronous=FULL");
  n_writes = 0;
  run (self->other, twenty_pages);
  g_assert_cmpuint (n_writes, >=, 20);
}

/* ── Anything that SQLite does with a log ── */

/* With a cache of few pages, most of which go to the log long before the commit, and come from there again. */
static void
do_something (Fixture *self)
{
  int n = g_test_rand_int_range (1, 60), length = g_test_rand_int_range (0, 9000);
  g_autofree char *insert
      = g_strdup_printf ("INSERT OR REPLACE INTO t (n, text) VALUES (%d, zeroblob (%d))", n, length);
  g_autofree char *remove = g_strdup_printf ("DELETE FROM t WHERE n %% 7 = %d", n % 7);
  g_autofree char *change = g_strdup_printf ("UPDATE t SET text = text || x'%02x' WHERE n > %d", n, n);

  switch (g_test_rand_int_range (0, 6))
    {
    case 0:
      run_both (self, remove);
      break;
    case 1:
      run_both (self, change);
      break;
    case 2:
      run_both (self, "SAVEPOINT s");
      run_both (self, change);
      run_both (self, insert);
      run_both (self, "ROLLBACK TO s; RELEASE s");
      break;
    default:
      run_both (self, insert);
      break;
    }
}

static void
test_anything (Fixture *self, gconstpointer unused)
{
  for (int i = 0; i < 150; i++)
    {
      gboolean commit = g_test_rand_int_range (0, 4) > 0;

      run_both (self, "BEGIN");
      for (int k = g_test_rand_int_range (1, 30); k > 0; k--)
        do_something (self);
      run_both (self, commit ? "COMMIT" : "ROLLBACK");
      assert_same (self->other, self->model);
      if (i % 20 == 19)
        run (self->db, "PRAGMA wal_checkpoint(TRUNCATE)");
      else if (i % 10 == 9)
        run (self->db, "PRAGMA wal_checkpoint(PASSIVE)");
    }
  assert_same (self->db, self->model);

  sqlite3_close (self->db);
  open_log (self);
  assert_same (self->db, self->model);
}

/* ── What goes wrong ── */

static void
test_full_disk (Fixture *self, gconstpointer unused)
{
  run_both (self, "INSERT INTO t (text) VALUES (x'01')");

  run (self->db, "BEGIN; INSERT INTO t (text) VALUES (zeroblob (20000))");
  disk_is_full = TRUE;
  g_assert_cmpint (sqlite3_exec (self->db, "COMMIT", NULL, NULL, NULL), ==, SQLITE_FULL);
  disk_is_full = FALSE;
  if (!sqlite3_get_autocommit (self->db))
    run (self->db, "ROLLBACK");
  assert_same (self->db, self->model);
  assert_same (self->other, self->model);

  run_both (self, "INSERT INTO t (text) VALUES (x'02')");
  assert_same (self->other, self->model);
}

static void
copy_file (const char *from, const char *to)
{
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (from, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (to, bytes, (gssize) length, NULL));
}

/* What the disk has while a transaction is under way is what a crash leaves. */
static void
test_crash (Fixture *self, gconstpointer unused)
{
  g_autofree char *log = g_strconcat (self->path, "-wal", NULL);
  g_autofree char *left = g_build_filename (self->dir, "left.db", NULL);
  g_autofree char *left_log = g_strconcat (left, "-wal", NULL);
  sqlite3 *db = NULL;

  run_both (self, "INSERT INTO t (text) VALUES (zeroblob (30000))");
  run (self->db, "BEGIN; UPDATE t SET text = x'03'");
  for (int i = 0; i < 40; i++)
    run (self->db, "INSERT INTO t (text) VALUES (zeroblob (9000))");
  copy_file (self->path, left);
  copy_file (log, left_log);
  run (self->db, "ROLLBACK");

  g_assert_cmpint (sqlite3_open (left, &db), ==, SQLITE_OK);
  assert_same (db, self->model);
  sqlite3_close (db);
  assert_same (self->other, self->model);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  watch_writes ();

#define ADD(name, test) g_test_add ("/store/sqlite/log/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("one-call", test_one_call);
  ADD ("anything", test_anything);
  ADD ("full-disk", test_full_disk);
  ADD ("crash", test_crash);
#undef ADD

  return g_test_run ();
}
