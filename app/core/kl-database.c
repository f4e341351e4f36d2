/* SPDX-License-Identifier: GPL-3.0-or-later
 * One SQLite file with a thread of its own.
 *
 * The thread holds the queue and a "File", not the object: the object's last reference ends the thread by a closing
 * job, and jobs that are queued by then still run. */
#include "app/core/kl-database.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

enum
{
  BUSY_TIMEOUT_MS = 10000,
};

struct _KlDatabase
{
  GObject parent_instance;

  char *path;
  const char *const *migrations;
  KlDatabaseCare care;
  GAsyncQueue *jobs; /* of owned GTask */
  GThread *thread;
  gboolean closed;

  /* The thread's alone. */
  sqlite3 *handle;
  GHashTable *statements; /* SQL (a literal) → owned sqlite3_stmt */
  GError *open_error;
  gboolean opened;
};

typedef struct
{
  KlDatabaseJob job; /* NULL: close and end the thread */
  gpointer data;
  GDestroyNotify free_data;
} Job;

G_DEFINE_FINAL_TYPE (KlDatabase, kl_database, G_TYPE_OBJECT)

static void
job_free (gpointer data)
{
  Job *job = data;

  if (job->free_data != NULL)
    job->free_data (job->data);
  g_free (job);
}

/* ── On the thread ── */

static void
set_sqlite_error (KlDatabase *self, GError **error)
{
  g_set_error (error, KL_CORE_ERROR, KL_CORE_ERROR_STORAGE, "%s: %s", self->path,
               self->handle != NULL ? sqlite3_errmsg (self->handle) : "cannot be opened");
}

static gboolean
run_script (KlDatabase *self, const char *sql, GError **error)
{
  if (sqlite3_exec (self->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  set_sqlite_error (self, error);
  return FALSE;
}

static void
close_handle (KlDatabase *self)
{
  g_hash_table_remove_all (self->statements);
  sqlite3_close (self->handle);
  self->handle = NULL;
}

static gboolean
read_version (KlDatabase *self, guint *version, GError **error)
{
  sqlite3_stmt *statement = NULL;
  gboolean ok = sqlite3_prepare_v2 (self->handle, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK
                && sqlite3_step (statement) == SQLITE_ROW;

  if (ok)
    *version = (guint) sqlite3_column_int (statement, 0);
  else
    set_sqlite_error (self, error);
  sqlite3_finalize (statement);
  return ok;
}

static gboolean
migrate (KlDatabase *self, GError **error)
{
  guint version, known = 0;

  if (!read_version (self, &version, error))
    return FALSE;
  while (self->migrations[known] != NULL)
    known++;
  if (version > known)
    {
      g_set_error (error, KL_CORE_ERROR, KL_CORE_ERROR_STORAGE, "%s was written by a newer version of Klatch",
                   self->path);
      return FALSE;
    }
  for (; version < known; version++)
    {
      g_autofree char *script = g_strdup_printf ("BEGIN IMMEDIATE;%s;PRAGMA user_version=%u;COMMIT",
                                                 self->migrations[version], version + 1);
      if (!run_script (self, script, error))
        {
          sqlite3_exec (self->handle, "ROLLBACK", NULL, NULL, NULL);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
open_file (KlDatabase *self, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  const char *pragmas = self->care == KL_DATABASE_KEEP ? "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL"
                                                       : "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL";

  g_mkdir_with_parents (folder, 0700);
  /* SQLite gives its side files the rights of the main one. */
  int fd = g_open (self->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      g_set_error (error, KL_CORE_ERROR, KL_CORE_ERROR_STORAGE, "%s: %s", self->path, g_strerror (errno));
      return FALSE;
    }
  close (fd);
  if (sqlite3_open_v2 (self->path, &self->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    {
      set_sqlite_error (self, error);
      return FALSE;
    }
  sqlite3_busy_timeout (self->handle, BUSY_TIMEOUT_MS);
  return run_script (self, pragmas, error) && migrate (self, error);
}

static void
delete_files (KlDatabase *self)
{
  const char *suffixes[] = { "", "-wal", "-shm" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name = g_strconcat (self->path, suffixes[i], NULL);
      g_unlink (name);
    }
}

static void
open_or_rebuild (KlDatabase *self)
{
  self->opened = TRUE;
  if (open_file (self, &self->open_error))
    return;
  close_handle (self);
  if (self->care == KL_DATABASE_KEEP)
    return;
  g_clear_error (&self->open_error);
  delete_files (self);
  if (!open_file (self, &self->open_error))
    close_handle (self);
}

sqlite3_stmt *
kl_database_prepare (KlDatabase *self, const char *sql, GError **error)
{
  sqlite3_stmt *statement = g_hash_table_lookup (self->statements, sql);

  if (statement != NULL)
    {
      sqlite3_reset (statement);
      sqlite3_clear_bindings (statement);
      return statement;
    }
  if (sqlite3_prepare_v3 (self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
    {
      set_sqlite_error (self, error);
      return NULL;
    }
  g_hash_table_insert (self->statements, (gpointer) sql, statement);
  return statement;
}

gboolean
kl_database_step (KlDatabase *self, sqlite3_stmt *statement, GError **error)
{
  int status = sqlite3_step (statement);

  if (status == SQLITE_ROW)
    return TRUE;
  if (status != SQLITE_DONE)
    set_sqlite_error (self, error);
  sqlite3_reset (statement);
  return FALSE;
}

gboolean
kl_database_execute (KlDatabase *self, sqlite3_stmt *statement, GError **error)
{
  int status;

  do
    status = sqlite3_step (statement);
  while (status == SQLITE_ROW);
  if (status != SQLITE_DONE)
    set_sqlite_error (self, error);
  sqlite3_reset (statement);
  return status == SQLITE_DONE;
}

static gboolean
run_job (KlDatabase *self, Job *job, GError **error)
{
  if (!self->opened)
    open_or_rebuild (self);
  if (self->handle == NULL)
    {
      if (error != NULL)
        *error = g_error_copy (self->open_error);
      return FALSE;
    }
  if (!run_script (self, "BEGIN", error))
    return FALSE;
  if (job->job (self, job->data, error) && run_script (self, "COMMIT", error))
    return TRUE;
  sqlite3_exec (self->handle, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

static gpointer
run_thread (gpointer data)
{
  KlDatabase *self = data;
  gboolean last;

  do
    {
      GTask *task = g_async_queue_pop (self->jobs);
      Job *job = g_task_get_task_data (task);
      GError *error = NULL;

      last = job->job == NULL;
      if (last)
        {
          close_handle (self);
          g_task_return_pointer (task, self, NULL);
        }
      else if (run_job (self, job, &error))
        g_task_return_pointer (task, job->data, NULL);
      else
        g_task_return_error (task, error);
      g_object_unref (task);
    }
  while (!last);
  return NULL;
}

/* ── For the caller ── */

static void
push (KlDatabase *self, GTask *task, KlDatabaseJob run, gpointer data, GDestroyNotify free_data)
{
  Job *job = g_new0 (Job, 1);

  job->job = run;
  job->data = data;
  job->free_data = free_data;
  g_task_set_task_data (task, job, job_free);
  if (self->closed)
    {
      g_task_return_new_error (task, KL_CORE_ERROR, KL_CORE_ERROR_STORAGE, "%s is closed", self->path);
      g_object_unref (task);
      return;
    }
  self->closed = run == NULL;
  g_async_queue_push (self->jobs, task);
}

void
kl_database_run_async (KlDatabase *self, KlDatabaseJob job, gpointer data, GDestroyNotify free_data,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_DATABASE (self));
  g_return_if_fail (job != NULL);

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, kl_database_run_async);
  push (self, task, job, data, free_data);
}

gpointer
kl_database_run_finish (KlDatabase *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_database_close_async (KlDatabase *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_DATABASE (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, kl_database_close_async);
  push (self, task, NULL, NULL, NULL);
}

gboolean
kl_database_close_finish (KlDatabase *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}

/* A task holds the object, so there are no jobs left when this runs; but it may run on the thread itself, which then
 * cannot wait for itself. */
static void
kl_database_finalize (GObject *object)
{
  KlDatabase *self = KL_DATABASE (object);

  g_assert (self->closed);
  if (self->thread == g_thread_self ())
    g_thread_unref (self->thread);
  else
    g_thread_join (self->thread);
  g_async_queue_unref (self->jobs);
  g_hash_table_unref (self->statements);
  g_clear_error (&self->open_error);
  g_free (self->path);
  G_OBJECT_CLASS (kl_database_parent_class)->finalize (object);
}

static void
kl_database_dispose (GObject *object)
{
  KlDatabase *self = KL_DATABASE (object);

  /* The closing job holds a reference: the object lives until that has run. */
  if (!self->closed)
    kl_database_close_async (self, NULL, NULL);
  G_OBJECT_CLASS (kl_database_parent_class)->dispose (object);
}

static void
finalize_statement (gpointer statement)
{
  sqlite3_finalize (statement);
}

static void
kl_database_class_init (KlDatabaseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kl_database_dispose;
  object_class->finalize = kl_database_finalize;
}

static void
kl_database_init (KlDatabase *self)
{
  self->jobs = g_async_queue_new ();
  self->statements = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, finalize_statement);
}

KlDatabase *
kl_database_new (const char *path, const char *const *migrations, KlDatabaseCare care)
{
  KlDatabase *self = g_object_new (KL_TYPE_DATABASE, NULL);

  self->path = g_strdup (path);
  self->migrations = migrations;
  self->care = care;
  self->thread = g_thread_new ("klatch-db", run_thread, self);
  return self;
}
