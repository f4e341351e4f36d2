/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backups while somebody else has the file open. What klatchctl does with them stands in tests/server/box. */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "server/store/kl-sqlite-backup.h"
#include "tests/server/store/kl-store-kit.h"

typedef struct
{
  char *dir;
  char *path, *file;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->dir = kl_test_dir_new ();
  self->path = g_build_filename (self->dir, "klatch.db", NULL);
  self->file = g_build_filename (self->dir, "backup", NULL);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_test_dir_remove (self->dir);
  g_free (self->dir);
  g_free (self->path);
  g_free (self->file);
}

static void
begin (KlStore *store)
{
  kl_store_kit_add_user (store, "ada");
  kl_store_kit_add_group (store, "g", "u-ada", NULL, "G");
}

static void
send_some (KlStore *store, int from, int to)
{
  for (int seq = from; seq < to; seq++)
    {
      g_autofree char *client_id = g_strdup_printf ("c%d", seq);

      kl_store_kit_send (store, "g", 2 + seq, seq, "u-ada", client_id, client_id);
    }
}

static gint64
count_messages (KlStore *store)
{
  g_autoptr (KlStoreLoaded) loaded = kl_store_kit_load (store, "g");

  return loaded->seq;
}

/* Somebody looks into the database, so that its log cannot be emptied; the log must not be taken for the new file's. */
static void
test_reader_from_outside (Fixture *self, gconstpointer unused)
{
  g_autofree char *log = g_strconcat (self->path, "-wal", NULL);
  g_autofree char *epoch = NULL, *kept = NULL;
  g_autoptr (GError) error = NULL;
  KlSqliteBackupInfo info = { 0 };
  KlStore *store = kl_store_kit_open_sqlite (self->path);
  sqlite3 *reader = NULL;

  begin (store);
  send_some (store, 0, 3);
  kl_sqlite_backup (self->path, self->file, NULL, NULL, &info, &error);
  g_assert_no_error (error);
  g_assert_cmpint (info.messages, ==, 3);
  g_assert_cmpint (sqlite3_open (self->path, &reader), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (reader, "BEGIN; SELECT count(*) FROM users", NULL, NULL, NULL), ==, SQLITE_OK);
  send_some (store, 3, 9);
  kl_store_kit_close (store);
  g_assert_true (g_file_test (log, G_FILE_TEST_EXISTS));

  kl_sqlite_restore (self->file, self->path, NULL, NULL, &info, &epoch, &kept, &error);
  g_assert_no_error (error);
  g_assert_cmpint (info.messages, ==, 3);
  store = kl_store_kit_open_sqlite (self->path);
  g_assert_cmpstr (kl_store_get_epoch (store), ==, epoch);
  g_assert_cmpint (count_messages (store), ==, 3);
  send_some (store, 3, 4);
  kl_store_kit_close (store);
  sqlite3_close (reader);

  /* What was there before is whole, with its log. */
  g_assert_no_errno (g_unlink (self->file));
  kl_sqlite_backup (kept, self->file, NULL, NULL, &info, &error);
  g_assert_no_error (error);
  g_assert_cmpint (info.messages, ==, 9);
}

/* ── While it is written to ── */

typedef struct
{
  Fixture *fixture;
  KlSqliteBackupInfo info;
  GError *error;
  gint done; /* atomic */
} Backup;

static gpointer
run_backup (gpointer user_data)
{
  Backup *self = user_data;

  kl_sqlite_backup (self->fixture->path, self->fixture->file, NULL, NULL, &self->info, &self->error);
  g_atomic_int_set (&self->done, 1);

  return NULL;
}

/* Each append is acknowledged while a backup is made, and each backup holds what was acknowledged before it began. */
static void
test_under_load (Fixture *self, gconstpointer unused)
{
  KlStore *store = kl_store_kit_open_sqlite (self->path);
  int sent = 0;

  begin (store);
  for (int round = 0; round < 5; round++)
    {
      Backup backup = { .fixture = self };
      int before = sent + 20;
      GThread *thread;

      send_some (store, sent, before);
      sent = before;
      thread = g_thread_new ("backup", run_backup, &backup);
      do
        {
          send_some (store, sent, sent + 1);
          sent++;
        }
      while (!g_atomic_int_get (&backup.done));
      g_thread_join (thread);
      g_assert_no_error (backup.error);
      g_assert_cmpint (backup.info.messages, >=, before);
      g_assert_cmpint (backup.info.messages, <=, sent);
      g_assert_no_errno (g_unlink (self->file));
    }
  kl_store_kit_close (store);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
#define ADD(name, test) g_test_add ("/store/backup/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("reader-from-outside", test_reader_from_outside);
  ADD ("under-load", test_under_load);

  return g_test_run ();
}
