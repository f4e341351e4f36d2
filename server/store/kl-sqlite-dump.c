/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file that is being filled has a name that no server looks for. Each write is one transaction with the place that
 * it reached, so an interrupted copy goes on exactly there. */
#include "server/store/kl-sqlite-dump-private.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "server/store/kl-sqlite-file.h"
#include "server/store/kl-sqlite-schema.h"

static void
store_dump_iface_init (KlStoreDumpInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlSqliteDump, kl_sqlite_dump, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_STORE_DUMP, store_dump_iface_init))

static void
kl_sqlite_dump_finalize (GObject *object)
{
  KlSqliteDump *self = KL_SQLITE_DUMP (object);

  g_clear_pointer (&self->db, kl_sqlite_close);
  g_clear_fd (&self->lock_fd, NULL);
  kl_sqlite_memory_clear (&self->memory);
  g_free (self->path);
  g_free (self->unfinished);
  g_free (self->domain);
  g_free (self->epoch);
  g_free (self->secret);
  g_free (self->group);

  G_OBJECT_CLASS (kl_sqlite_dump_parent_class)->finalize (object);
}

static void
kl_sqlite_dump_class_init (KlSqliteDumpClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_sqlite_dump_finalize;
}

static void
kl_sqlite_dump_init (KlSqliteDump *self)
{
  self->lock_fd = -1;
  kl_sqlite_memory_init (&self->memory);
}

/* ── Opening ── */

static gboolean
open_database (KlSqliteDump *self, const char *path, const char *domain, GError **error)
{
  self->db = kl_sqlite_open (path, KL_SQLITE_WRITER, error);
  if (self->db && !kl_sqlite_schema_prepare (self->db, domain, &self->epoch, &self->secret, error))
    g_clear_pointer (&self->db, kl_sqlite_close);
  if (!self->db)
    g_prefix_error (error, "%s: ", path);

  return self->db != NULL;
}

KlSqliteDump *
kl_sqlite_dump_open (const char *path, GError **error)
{
  g_autoptr (KlSqliteDump) self = g_object_new (KL_TYPE_SQLITE_DUMP, NULL);

  self->path = g_strdup (path);
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    {
      kl_store_fail (error, "there is no store at %s", path);
      return NULL;
    }
  self->lock_fd = kl_sqlite_file_lock_folder (path, error);
  if (self->lock_fd < 0)
    return NULL;
  self->domain = kl_sqlite_file_ask_domain (path, error);
  if (!self->domain || !open_database (self, path, self->domain, error))
    return NULL;

  return g_steal_pointer (&self);
}

KlSqliteDump *
kl_sqlite_dump_new (const char *path, GError **error)
{
  g_autoptr (KlSqliteDump) self = g_object_new (KL_TYPE_SQLITE_DUMP, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  self->path = g_strdup (path);
  self->unfinished = g_strconcat (path, ".copying", NULL);
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      kl_store_fail (error, "the folder %s cannot be made: %s", folder, g_strerror (errno));
      return NULL;
    }
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      kl_store_fail (error, "there is a store at %s already, and a copy overwrites nothing", path);
      return NULL;
    }

  return g_steal_pointer (&self);
}

/* ── Reading ── */

static void
get_origin (KlStoreDump *dump, KlDumpOrigin *origin)
{
  KlSqliteDump *self = KL_SQLITE_DUMP (dump);

  *origin = (KlDumpOrigin) { self->domain, self->epoch, self->secret };
}

static gint64
count_changes (KlStoreDump *dump, GError **error)
{
  KlSqlite *db = KL_SQLITE_DUMP (dump)->db;
  gint64 n;

  return kl_sqlite_get_int (db, kl_sqlite_prepare (db, "SELECT sum (rev) FROM heads"), 0, &n, error) ? n : -1;
}

static gboolean
read_records (KlStoreDump *dump, KlDumpKind kind, const char *group, const char *after, guint limit, GPtrArray *records,
              char **next, GError **error)
{
  return kl_sqlite_dump_read (KL_SQLITE_DUMP (dump), kind, group, after, limit, records, next, error);
}

/* ── Writing ── */

static gboolean
set_meta (KlSqlite *db, const char *key, const char *value, GError **error)
{
  sqlite3_stmt *put = kl_sqlite_prepare (db, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)");

  kl_sqlite_bind_text (put, 1, key);
  kl_sqlite_bind_text (put, 2, value);

  return kl_sqlite_finish (db, put, error);
}

static gboolean
make (KlSqliteDump *self, const KlDumpOrigin *origin, GError **error)
{
  g_clear_pointer (&self->epoch, g_free);
  g_clear_pointer (&self->secret, g_free);
  if (!kl_sqlite_file_clear (self->lock_fd, self->unfinished, error)
      || !kl_sqlite_file_give_to_owner (self->lock_fd, self->path, error)
      || !open_database (self, self->unfinished, origin->domain, error))
    return FALSE;

  if (kl_sqlite_run (self->db, "BEGIN IMMEDIATE", error) && set_meta (self->db, "epoch", origin->epoch, error)
      && set_meta (self->db, "secret", origin->secret, error) && set_meta (self->db, "copying", "", error)
      && kl_sqlite_run (self->db, "COMMIT", error))
    return TRUE;

  return FALSE;
}

/* What an interrupted copy left: NULL in *PLACE where it did not get far enough to be gone on with. */
static gboolean
go_on (KlSqliteDump *self, const KlDumpOrigin *origin, char **place, GError **error)
{
  g_autofree char *domain = kl_sqlite_file_ask_domain (self->unfinished, NULL);
  sqlite3_stmt *select;

  if (!domain)
    return TRUE;
  if (!g_str_equal (domain, origin->domain))
    return kl_store_fail (error, "%s is the beginning of a copy of another store: remove it, or choose another name",
                 self->unfinished);
  if (!open_database (self, self->unfinished, domain, error))
    return FALSE;
  select = kl_sqlite_prepare (self->db, "SELECT value FROM meta WHERE key = 'copying'");
  switch (kl_sqlite_step (self->db, select, error))
    {
    case KL_SQLITE_ERROR:
      return FALSE;
    case KL_SQLITE_ROW:
      *place = kl_sqlite_dup_text (select, 0);
      kl_sqlite_reset (select);
      break;
    case KL_SQLITE_DONE:
    default:
      break;
    }
  /* Not even the first word was written. */
  if (!*place || !**place)
    {
      g_clear_pointer (place, g_free);
      g_clear_pointer (&self->db, kl_sqlite_close);
      return TRUE;
    }
  if (g_str_equal (self->epoch, origin->epoch))
    return TRUE;

  return kl_store_fail (error, "%s is the beginning of a copy of another store: remove it, or choose another name",
               self->unfinished);
}

static gboolean
begin (KlStoreDump *dump, const KlDumpOrigin *origin, char **place, GError **error)
{
  KlSqliteDump *self = KL_SQLITE_DUMP (dump);

  g_return_val_if_fail (self->unfinished && !self->db, FALSE);

  self->lock_fd = kl_sqlite_file_lock (self->unfinished, error);
  if (self->lock_fd < 0 || !go_on (self, origin, place, error))
    return FALSE;

  return self->db || make (self, origin, error);
}

static gboolean
write_records (KlStoreDump *dump, GPtrArray *records, const char *place, GError **error)
{
  KlSqliteDump *self = KL_SQLITE_DUMP (dump);
  gboolean ok = kl_sqlite_run (self->db, "BEGIN IMMEDIATE", error);

  for (guint i = 0; ok && i < records->len; i++)
    ok = kl_sqlite_dump_write_record (self, g_ptr_array_index (records, i), error);
  if (ok && set_meta (self->db, "copying", place, error) && kl_sqlite_run (self->db, "COMMIT", error))
    return TRUE;
  if (!sqlite3_get_autocommit (self->db->handle))
    kl_sqlite_run (self->db, "ROLLBACK", NULL);

  return FALSE;
}

static gboolean
finish (KlStoreDump *dump, GError **error)
{
  KlSqliteDump *self = KL_SQLITE_DUMP (dump);

  if (!kl_sqlite_run (self->db, "DELETE FROM meta WHERE key = 'copying'", error)
      || !kl_sqlite_file_empty_log (self->db->handle, self->unfinished, error))
    return FALSE;
  g_clear_pointer (&self->db, kl_sqlite_close);

  return kl_sqlite_file_sync (self->unfinished, error) && kl_sqlite_file_publish (self->unfinished, self->path, error);
}

static void
store_dump_iface_init (KlStoreDumpInterface *iface)
{
  iface->get_origin = get_origin;
  iface->count_changes = count_changes;
  iface->read = read_records;
  iface->begin = begin;
  iface->write = write_records;
  iface->finish = finish;
}
