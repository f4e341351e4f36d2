/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two queues, one for the writer and one for all readers, under one lock that is held for moments only. Finished jobs
 * go to a third, and one GSource on the main loop, set ready once for however many, hands them out. */
#include "server/store/kl-sqlite-worker.h"

#include <glib/gstdio.h>

#include "server/store/kl-sqlite-housework.h"
#include "server/store/kl-sqlite-ops.h"

#define N_READERS 3
/* More than this waiting means that the disk stands still: refuse rather than grow. */
#define MAX_WAITING 50000
/* The most that one transaction takes, so that a commit stays short. */
#define MAX_JOBS_PER_COMMIT 5000
/* How often an ailing writer tries whether it can write again. */
#define PROBE_INTERVAL_USEC G_USEC_PER_SEC
/* What is removed bit by bit keeps others waiting: where there are others, it rests so many times as long as a bit takes. */
#define PURGE_REST 4
/* So long nothing is written before a long log is cut; the next commit would cut it, too. */
#define CALM_USEC (10 * G_USEC_PER_SEC)

struct _KlSqliteWorkers
{
  GMutex lock;
  GCond writer_wake, reader_wake;
  GQueue writes, reads; /* KlSqliteJob; under the lock */
  GQueue finished;      /* KlSqliteJob; under the lock */
  gboolean closing;     /* under the lock */
  guint writer_waits,
      readers_wait; /* threads that wait to be woken: a signal to nobody costs a system call; under the lock */
  guint n_running;  /* threads; under the lock */
  char *ailment;    /* why the last write failed, or NULL; under the lock */
  guint64 commits;  /* under the lock */

  GSource *report;
  GThread *writer_thread;
  GThread *reader_threads[N_READERS];
  KlSqlite *writer;
  KlSqlite *readers[N_READERS];
  KlSqliteMemory memory; /* the writer thread's */
  gint64 probe_usec;     /* when an ailing writer tries again, monotonic; the writer thread's */
  gint64 purge_usec;     /* when the next bit may be removed, monotonic; the writer thread's */
  gboolean wrote;        /* something since the last bit; the writer thread's */
  GTask *close_task;     /* main loop */
  int lock_fd;           /* main loop; held until the threads have ended */
};

typedef struct
{
  GSource source;
  KlSqliteWorkers *workers;
} ReportSource;

/* ── Jobs ── */

typedef struct
{
  KlStoreJob base;
  KlSqliteDeed deed;
} KlSqliteJob;

static void
report_job (KlSqliteJob *self)
{
  kl_store_job_report (&self->base);
  kl_store_job_clear (&self->base);
  g_free (self);
}

/* An error that the job met by itself and that leaves the transaction whole: it was found before anything was written.
 */
static gboolean
is_refusal (const GError *error)
{
  return error->domain == KL_STORE_ERROR && error->code != KL_STORE_ERROR_UNAVAILABLE
         && error->code != KL_STORE_ERROR_FAILED;
}

/* ── The writer ── */

static void
roll_back (KlSqliteWorkers *self)
{
  if (!sqlite3_get_autocommit (self->writer->handle))
    kl_sqlite_run (self->writer, "ROLLBACK", NULL);
  kl_sqlite_memory_forget (&self->memory);
}

/* FALSE: nothing of it is stored, and *ERROR says why. */
static gboolean
run_transaction (KlSqliteWorkers *self, GList *jobs, guint n_jobs, GError **error)
{
  KlSqlite *db = self->writer;
  GList *link = jobs;

  if (!kl_sqlite_finish (db, kl_sqlite_prepare (db, "BEGIN IMMEDIATE"), error))
    return FALSE;

  for (guint i = 0; i < n_jobs; i++, link = link->next)
    {
      KlSqliteJob *job = link->data;

      if (!job->deed (db, &self->memory, &job->base) && !is_refusal (job->base.error))
        {
          g_propagate_error (error, g_steal_pointer (&job->base.error));
          roll_back (self);
          return FALSE;
        }
    }

  if (kl_sqlite_ops_move_some (db, &self->memory, error) && kl_sqlite_memory_flush (db, &self->memory, error)
      && kl_sqlite_finish (db, kl_sqlite_prepare (db, "COMMIT"), error))
    return TRUE;
  roll_back (self);

  return FALSE;
}

/* A commit that worked does not end an ailment: where a few bytes found room, the next may not. Only the probe does. */
static void
note_commit (KlSqliteWorkers *self)
{
  g_mutex_lock (&self->lock);
  self->commits++;
  g_mutex_unlock (&self->lock);
}

static void
set_ailment (KlSqliteWorkers *self, const char *ailment)
{
  g_mutex_lock (&self->lock);
  if (!ailment)
    g_message ("the store can write again");
  else if (g_strcmp0 (self->ailment, ailment) != 0)
    g_warning ("the store cannot write: %s", ailment);
  g_set_str (&self->ailment, ailment);
  g_mutex_unlock (&self->lock);
}

static gboolean
is_unavailable (const GError *error)
{
  return g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
}

static void
fail_jobs (GList *jobs, guint n_jobs, const GError *error)
{
  for (guint i = 0; i < n_jobs; i++, jobs = jobs->next)
    {
      KlSqliteJob *job = jobs->data;

      kl_store_job_drop_outcome (&job->base);
      job->base.error = g_error_copy (error);
    }
}

static void
run_writes (KlSqliteWorkers *self, GList *jobs, guint n_jobs)
{
  g_autoptr (GError) error = NULL;
  GList *link = jobs;

  if (run_transaction (self, jobs, n_jobs, &error))
    {
      note_commit (self);
      return;
    }

  if (is_unavailable (error) || n_jobs == 1)
    {
      fail_jobs (jobs, n_jobs, error);
      if (is_unavailable (error))
        set_ailment (self, error->message);
      else
        g_warning ("the store refused a change: %s", error->message);
      return;
    }

  /* One of them is at fault. */
  for (guint i = 0; i < n_jobs; i++, link = link->next)
    {
      kl_store_job_drop_outcome (&((KlSqliteJob *) link->data)->base);
      run_writes (self, link, 1);
    }
}

static void
report_finished (KlSqliteWorkers *self, GQueue *jobs)
{
  g_mutex_lock (&self->lock);
  while (!g_queue_is_empty (jobs))
    g_queue_push_tail_link (&self->finished, g_queue_pop_head_link (jobs));
  g_mutex_unlock (&self->lock);
  g_source_set_ready_time (self->report, 0);
}

static void
end_thread (KlSqliteWorkers *self)
{
  g_mutex_lock (&self->lock);
  self->n_running--;
  g_cond_signal (&self->writer_wake);
  g_mutex_unlock (&self->lock);
  g_source_set_ready_time (self->report, 0);
}

/* The last handle that closes moves the log into the file and removes it; two that close at once both leave it. */
static void
wait_for_readers (KlSqliteWorkers *self)
{
  g_mutex_lock (&self->lock);
  while (self->n_running > 1)
    g_cond_wait (&self->writer_wake, &self->lock);
  g_mutex_unlock (&self->lock);
}

static gboolean
run_own_job (KlSqliteWorkers *self, KlSqliteDeed deed, GError **error)
{
  KlSqliteJob job = { .deed = deed };
  GList link = { .data = &job };

  run_writes (self, &link, 1);
  if (job.base.error)
    {
      g_propagate_error (error, g_steal_pointer (&job.base.error));
      return FALSE;
    }
  kl_store_job_drop_outcome (&job.base);

  return TRUE;
}

/* Where even this fails, jobs need not try in vain, and wait for a lock once more. */
static void
probe (KlSqliteWorkers *self, GQueue *jobs)
{
  g_autoptr (GError) error = NULL;

  if (run_own_job (self, kl_sqlite_probe, &error))
    set_ailment (self, NULL);
  else
    {
      fail_jobs (jobs->head, jobs->length, error);
      report_finished (self, jobs);
    }
  self->probe_usec = g_get_monotonic_time () + PROBE_INTERVAL_USEC;
}

static void
purge (KlSqliteWorkers *self)
{
  gint64 begin_usec = g_get_monotonic_time ();

  /* What cannot be removed now is tried again by the next start. */
  if (!run_own_job (self, kl_sqlite_purge_some, NULL))
    self->memory.purge = FALSE;
  self->purge_usec = g_get_monotonic_time ();
  if (self->wrote)
    self->purge_usec += PURGE_REST * (self->purge_usec - begin_usec);
  self->wrote = FALSE;
}

/* Waits for jobs and moves them to JOBS, which stays empty where there is something else to do. FALSE: closing, and
 * nothing is left. */
static gboolean
take_writes (KlSqliteWorkers *self, GQueue *jobs, gboolean *ailing)
{
  gint64 calm_usec = g_get_monotonic_time () + CALM_USEC;
  gboolean more;

  g_mutex_lock (&self->lock);
  while (g_queue_is_empty (&self->writes) && !self->closing)
    {
      gboolean woken = TRUE;

      if (self->memory.purge && !self->ailment && g_get_monotonic_time () >= self->purge_usec)
        break;
      self->writer_waits++;
      if (self->ailment)
        woken = g_cond_wait_until (&self->writer_wake, &self->lock, self->probe_usec);
      else if (self->memory.purge)
        woken = g_cond_wait_until (&self->writer_wake, &self->lock, self->purge_usec);
      else if (kl_sqlite_log_is_long (self->writer))
        woken = g_cond_wait_until (&self->writer_wake, &self->lock, calm_usec);
      else
        g_cond_wait (&self->writer_wake, &self->lock);
      self->writer_waits--;
      if (!woken)
        break;
    }
  while (jobs->length < MAX_JOBS_PER_COMMIT && !g_queue_is_empty (&self->writes))
    g_queue_push_tail_link (jobs, g_queue_pop_head_link (&self->writes));
  *ailing = self->ailment != NULL;
  more = !self->closing || !g_queue_is_empty (jobs);
  g_mutex_unlock (&self->lock);

  return more;
}

static gpointer
run_writer (gpointer user_data)
{
  KlSqliteWorkers *self = user_data;
  GQueue jobs = G_QUEUE_INIT;
  gboolean ailing;

  while (take_writes (self, &jobs, &ailing))
    {
      if (ailing && g_get_monotonic_time () >= self->probe_usec)
        probe (self, &jobs);
      if (!g_queue_is_empty (&jobs))
        {
          run_writes (self, jobs.head, jobs.length);
          report_finished (self, &jobs);
          self->wrote = TRUE;
        }
      else if (!ailing && self->memory.purge)
        purge (self);
      else if (!ailing && kl_sqlite_log_is_long (self->writer))
        kl_sqlite_empty_log (self->writer);
    }
  wait_for_readers (self);
  g_clear_pointer (&self->writer, kl_sqlite_close);
  end_thread (self);

  return NULL;
}

/* ── Readers ── */

/* All of a job sees one moment. */
static void
run_read (KlSqlite *db, KlSqliteJob *job)
{
  g_autoptr (GError) error = NULL;

  if (!kl_sqlite_finish (db, kl_sqlite_prepare (db, "BEGIN"), &error))
    {
      job->base.error = g_steal_pointer (&error);
      return;
    }
  if (!job->deed (db, NULL, &job->base) && !is_refusal (job->base.error))
    g_warning ("the store could not read: %s", job->base.error->message);
  if (!kl_sqlite_finish (db, kl_sqlite_prepare (db, "COMMIT"), &error) && !sqlite3_get_autocommit (db->handle))
    kl_sqlite_run (db, "ROLLBACK", NULL);
}

typedef struct
{
  KlSqliteWorkers *workers;
  guint index;
} Reader;

static gpointer
run_reader (gpointer user_data)
{
  g_autofree Reader *reader = user_data;
  KlSqliteWorkers *self = reader->workers;
  KlSqlite *db = self->readers[reader->index];
  GQueue done = G_QUEUE_INIT;

  for (;;)
    {
      GList *link;

      g_mutex_lock (&self->lock);
      while (g_queue_is_empty (&self->reads) && !self->closing)
        {
          self->readers_wait++;
          g_cond_wait (&self->reader_wake, &self->lock);
          self->readers_wait--;
        }
      link = g_queue_pop_head_link (&self->reads);
      g_mutex_unlock (&self->lock);
      if (!link)
        break;

      run_read (db, link->data);
      g_queue_push_tail_link (&done, link);
      report_finished (self, &done);
    }
  kl_sqlite_close (db);
  end_thread (self);

  return NULL;
}

/* ── The main loop's side ── */

/* Of all threads the last one has ended: the close is done. */
static void
finish_close (KlSqliteWorkers *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->close_task);

  g_clear_fd (&self->lock_fd, NULL);
  if (task)
    g_task_return_boolean (task, TRUE);
}

static gboolean
dispatch_report (GSource *source, GSourceFunc callback, gpointer user_data)
{
  KlSqliteWorkers *self = ((ReportSource *)source)->workers;
  GQueue finished = G_QUEUE_INIT;
  GList *link;
  gboolean ended;

  g_source_set_ready_time (source, -1);
  g_mutex_lock (&self->lock);
  finished = self->finished;
  g_queue_init (&self->finished);
  ended = self->n_running == 0;
  g_mutex_unlock (&self->lock);

  /* A callback may drop the store; the source keeps what this turn needs. */
  g_source_ref (source);
  while ((link = g_queue_pop_head_link (&finished)))
    {
      report_job (link->data);
      g_list_free_1 (link);
    }
  if (ended && !g_source_is_destroyed (source))
    finish_close (self);
  g_source_unref (source);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs report_funcs = { .dispatch = dispatch_report };

static gboolean
open_readers (KlSqliteWorkers *self, const char *path, GError **error)
{
  for (guint i = 0; i < N_READERS; i++)
    {
      self->readers[i] = kl_sqlite_open (path, KL_SQLITE_READER, error);
      if (!self->readers[i])
        {
          while (i > 0)
            kl_sqlite_close (self->readers[--i]);
          return FALSE;
        }
    }

  return TRUE;
}

KlSqliteWorkers *
kl_sqlite_workers_new (const char *path, KlSqlite *writer, int lock_fd, GError **error)
{
  KlSqliteWorkers *self = g_new0 (KlSqliteWorkers, 1);

  self->writer = writer;
  self->lock_fd = lock_fd;
  if (!open_readers (self, path, error))
    {
      kl_sqlite_close (writer);
      g_clear_fd (&self->lock_fd, NULL);
      g_free (self);
      return NULL;
    }

  g_mutex_init (&self->lock);
  g_cond_init (&self->writer_wake);
  g_cond_init (&self->reader_wake);
  g_queue_init (&self->writes);
  g_queue_init (&self->reads);
  g_queue_init (&self->finished);
  kl_sqlite_memory_init (&self->memory);

  self->report = g_source_new (&report_funcs, sizeof (ReportSource));
  ((ReportSource *)self->report)->workers = self;
  g_source_set_static_name (self->report, "KlSqliteStore reports");
  g_source_attach (self->report, g_main_context_get_thread_default ());

  self->n_running = 1 + N_READERS;
  self->writer_thread = g_thread_new ("store-writer", run_writer, self);
  for (guint i = 0; i < N_READERS; i++)
    {
      Reader *reader = g_new (Reader, 1);

      reader->workers = self;
      reader->index = i;
      self->reader_threads[i] = g_thread_new ("store-reader", run_reader, reader);
    }

  return self;
}

static void
push (KlSqliteWorkers *self, GQueue *queue, GCond *wake, guint *waiting, KlSqliteDeed deed, const KlStoreJob *base)
{
  KlSqliteJob *job = g_new (KlSqliteJob, 1);
  gboolean closing, taken;

  job->base = *base;
  job->deed = deed;
  g_mutex_lock (&self->lock);
  closing = self->closing;
  taken = !closing && queue->length < MAX_WAITING;
  if (taken)
    {
      g_queue_push_tail (queue, job);
      if (*waiting > 0)
        g_cond_signal (wake);
    }
  g_mutex_unlock (&self->lock);

  if (!taken)
    {
      kl_store_job_refuse (&job->base, KL_STORE_ERROR_UNAVAILABLE,
                           closing ? "the store is closed" : "too much is waiting for the disk");
      report_job (job);
    }
}

void
kl_sqlite_workers_write (KlSqliteWorkers *self, KlSqliteDeed deed, const KlStoreJob *job)
{
  push (self, &self->writes, &self->writer_wake, &self->writer_waits, deed, job);
}

void
kl_sqlite_workers_read (KlSqliteWorkers *self, KlSqliteDeed deed, const KlStoreJob *job)
{
  push (self, &self->reads, &self->reader_wake, &self->readers_wait, deed, job);
}

void
kl_sqlite_workers_close (KlSqliteWorkers *self, GTask *task)
{
  gboolean ended;

  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  g_cond_broadcast (&self->writer_wake);
  g_cond_broadcast (&self->reader_wake);
  ended = self->n_running == 0;
  g_mutex_unlock (&self->lock);

  if (task && (ended || self->close_task))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  if (task)
    self->close_task = task;
}

gboolean
kl_sqlite_workers_is_ready (KlSqliteWorkers *self, char **reason)
{
  g_autofree char *why = NULL;

  g_mutex_lock (&self->lock);
  if (self->closing)
    why = g_strdup ("the store is closed");
  else if (self->writes.length >= MAX_WAITING)
    why = g_strdup ("too much is waiting for the disk");
  else
    why = g_strdup (self->ailment);
  g_mutex_unlock (&self->lock);

  if (!why)
    return TRUE;
  if (reason)
    *reason = g_steal_pointer (&why);

  return FALSE;
}

void
kl_sqlite_workers_get_counts (KlSqliteWorkers *self, guint64 *commits, guint64 *waiting_jobs)
{
  g_mutex_lock (&self->lock);
  *commits = self->commits;
  *waiting_jobs = self->writes.length + self->reads.length;
  g_mutex_unlock (&self->lock);
}

void
kl_sqlite_workers_free (KlSqliteWorkers *self)
{
  GList *link;

  kl_sqlite_workers_close (self, NULL);
  g_thread_join (self->writer_thread);
  for (guint i = 0; i < N_READERS; i++)
    g_thread_join (self->reader_threads[i]);

  g_source_destroy (self->report);
  g_source_unref (self->report);
  while ((link = g_queue_pop_head_link (&self->finished)))
    {
      report_job (link->data);
      g_list_free_1 (link);
    }
  finish_close (self);

  kl_sqlite_memory_clear (&self->memory);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->writer_wake);
  g_cond_clear (&self->reader_wake);
  g_free (self->ailment);
  g_free (self);
}
