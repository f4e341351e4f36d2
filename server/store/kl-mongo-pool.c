/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One queue for all workers, under one lock that is held for moments only (two, in one order: what has a lane, and what
 * has none, of which only so many run at once as the database bears); jobs of a busy lane wait beside it. Finished
 * jobs go to another, and one GSource on the main loop, set ready once for however many, hands them out and keeps the
 * deadlines. A thread of its own asks the database once a second whether it is there. */
#include "server/store/kl-mongo-pool.h"

#include "server/store/kl-mongo-memory.h"

/* More than this under way means that the database stands still: refuse rather than grow. */
#define MAX_LIVE 50000
#define PING_INTERVAL_USEC G_USEC_PER_SEC
#define RETRY_FIRST_USEC (50 * G_TIME_SPAN_MILLISECOND)
#define RETRY_MAX_USEC (500 * G_TIME_SPAN_MILLISECOND)
/* Reads that run at once, at least; and how often they are made fewer. */
#define WIDTH_MIN 2
#define NARROW_USEC (500 * G_TIME_SPAN_MILLISECOND)
#define TOO_MUCH "too much is waiting for the database"
/* How long a close waits for threads when all jobs are reported. */
#define CLOSE_PATIENCE_USEC G_USEC_PER_SEC

struct _KlMongoPool
{
  gatomicrefcount ref_count; /* of the store and each thread */
  mongoc_client_pool_t *clients;
  char *database;
  KlMongoMemory *memory;

  GMutex lock;
  GCond wake; /* there is a job, or the end */
  GCond ping_wake;
  GQueue ready;       /* KlMongoJob with a lane; under the lock */
  GQueue reads;       /* KlMongoJob without one, which mostly are reads; under the lock */
  guint n_reading;    /* of those, that run; under the lock */
  guint width;        /* … and that may; under the lock */
  guint n_quick;      /* … and were quick since that has changed; under the lock */
  gint64 narrow_usec; /* when there were made fewer; under the lock */
  GQueue chores;      /* KlMongoJob; under the lock */
  GHashTable *lanes;  /* busy lane → GQueue of KlMongoJob that wait; under the lock */
  GQueue finished;    /* KlMongoJob; under the lock */
  gboolean closing;   /* under the lock */
  guint n_idle;       /* workers that wait to be woken; under the lock */
  guint n_running;    /* threads; under the lock */
  char *ailment;      /* why the database is not there, or NULL; under the lock */
  gint64 ping_usec;   /* when the ping began that has no answer yet; 0: none; under the lock */
  gint64 alive_usec;  /* when it last did what it was asked; under the lock */
  gboolean check;     /* ping now; under the lock */
  GSource *report;    /* under the lock; NULL: the store is gone */

  /* The main loop's. */
  GQueue live; /* links of jobs not yet reported, by their deadlines */
  gint64 deadline_usec;
  GTask *close_task;
  gint64 close_usec;
};

typedef struct
{
  GSource source;
  KlMongoPool *pool;
} ReportSource;

/* ── Jobs ── */

typedef struct
{
  KlStoreJob base; /* the first: a deed's job is one of these */
  KlMongoDeed deed;
  char *lane;
  GPtrArray *chores; /* KlMongoJob: to be run when there is nothing else to do; NULL: none */
  gboolean is_chore; /* nobody waits for it */
  guint tries;       /* runs before this one, of which nobody knows how far they got */
  gint abandoned;    /* atomic */
  gint64 deadline_usec;
  gint64 queued_usec;
  gint64 start_usec; /* it has to be begun until then */
  gint64 begun_usec;
  GList live;
} KlMongoJob;

static KlMongoJob *
new_job (KlMongoDeed deed)
{
  KlMongoJob *self = g_new0 (KlMongoJob, 1);

  self->deed = deed;
  self->live.data = self;

  return self;
}

static KlMongoJob *
new_chore (KlMongoDeed deed)
{
  KlMongoJob *self = new_job (deed);

  self->is_chore = TRUE;

  return self;
}

static void
free_job (KlMongoJob *self)
{
  kl_store_job_clear (&self->base);
  g_clear_pointer (&self->chores, g_ptr_array_unref);
  g_free (self->lane);
  g_free (self);
}

gboolean
kl_mongo_job_was_tried (KlStoreJob *self)
{
  return ((KlMongoJob *) self)->tries > 0;
}

KlStoreJob *
kl_mongo_job_add_chore (KlStoreJob *self, KlMongoDeed deed)
{
  KlMongoJob *job = (KlMongoJob *) self, *chore = new_chore (deed);

  if (!job->chores)
    job->chores = g_ptr_array_new_with_free_func ((GDestroyNotify) free_job);
  g_ptr_array_add (job->chores, chore);

  return &chore->base;
}

/* Main loop. Nobody waits for it any more. */
static void
abandon_job (KlMongoPool *self, KlMongoJob *job)
{
  g_autoptr (GTask) task = g_steal_pointer (&job->base.task);

  g_queue_unlink (&self->live, &job->live);
  g_atomic_int_set (&job->abandoned, TRUE);
  g_task_return_new_error (task, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "the database does not answer in time");
}

/* ── Life ── */

static void
unref_pool (KlMongoPool *self)
{
  GList *link;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  while ((link = g_queue_pop_head_link (&self->chores)) || (link = g_queue_pop_head_link (&self->finished))
         || (link = g_queue_pop_head_link (&self->ready)) || (link = g_queue_pop_head_link (&self->reads)))
    {
      free_job (link->data);
      g_list_free_1 (link);
    }
  mongoc_client_pool_destroy (self->clients);
  kl_mongo_memory_free (self->memory);
  g_hash_table_unref (self->lanes);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->wake);
  g_cond_clear (&self->ping_wake);
  g_free (self->ailment);
  g_free (self->database);
  g_free (self);
}

static void
wake_report (KlMongoPool *self)
{
  if (self->report)
    g_source_set_ready_time (self->report, 0);
}

static void
end_thread (KlMongoPool *self)
{
  g_mutex_lock (&self->lock);
  self->n_running--;
  wake_report (self);
  g_mutex_unlock (&self->lock);
  unref_pool (self);
}

/* ── Workers ── */

static void
free_lane (GQueue *waiting)
{
  g_queue_free_full (waiting, (GDestroyNotify) free_job);
}

/* Under the lock: the next job of this lane, if there is one, may run. */
static void
leave_lane (KlMongoPool *self, const char *lane)
{
  GQueue *waiting = g_hash_table_lookup (self->lanes, lane);
  KlMongoJob *next = g_queue_pop_head (waiting);

  if (next)
    g_queue_push_tail (&self->ready, next);
  else
    g_hash_table_remove (self->lanes, lane);
}

/* Under the lock: as many reads at once as the database does in good time. What is asked of it at once it does at once,
 * so that too many are all late; where one has taken a quarter of its time, half as many follow, and one more whenever
 * all of them were quick. */
static void
leave_reads (KlMongoPool *self, const KlMongoJob *job)
{
  gint64 now_usec = g_get_monotonic_time ();

  self->n_reading--;
  if (now_usec - job->begun_usec > (job->deadline_usec - job->queued_usec) / 4)
    {
      self->n_quick = 0;
      if (now_usec - self->narrow_usec < NARROW_USEC)
        return;
      self->narrow_usec = now_usec;
      self->width = MAX (self->width / 2, WIDTH_MIN);
    }
  else if (self->width < KL_MONGO_WORKERS
           && !g_error_matches (job->base.error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE)
           && ++self->n_quick >= self->width)
    {
      self->n_quick = 0;
      self->width++;
    }
}

/* Under the lock. */
static gboolean
has_work (KlMongoPool *self)
{
  return !g_queue_is_empty (&self->ready) || !g_queue_is_empty (&self->reads) || !g_queue_is_empty (&self->chores);
}

static void
finish_job (KlMongoPool *self, KlMongoJob *job)
{
  g_autoptr (GPtrArray) chores = g_steal_pointer (&job->chores);

  g_mutex_lock (&self->lock);
  if (!g_error_matches (job->base.error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE))
    self->alive_usec = g_get_monotonic_time ();
  if (job->lane)
    leave_lane (self, job->lane);
  else if (!job->is_chore)
    leave_reads (self, job);
  while (chores && chores->len > 0)
    g_queue_push_tail (&self->chores, g_ptr_array_steal_index (chores, chores->len - 1));
  if (self->closing)
    g_cond_broadcast (&self->wake);
  else if (self->n_idle > 0 && has_work (self))
    g_cond_signal (&self->wake);
  if (!job->is_chore)
    {
      g_queue_push_tail (&self->finished, job);
      wake_report (self);
      job = NULL;
    }
  g_mutex_unlock (&self->lock);

  g_clear_pointer (&job, free_job);
}

/* What has waited for most of its time would mostly end too late, and make those behind it late in their turn: a
 * database that has more to do than it can would be busy with nothing else. Jobs of a lane are not many. */
static gboolean
is_late (const KlMongoJob *job)
{
  return !job->lane && !job->is_chore && g_get_monotonic_time () > job->start_usec;
}

/* What passes is tried again for as long as somebody waits. */
static void
run_job (KlMongoPool *self, KlMongo *db, KlMongoJob *job)
{
  gint64 delay_usec = RETRY_FIRST_USEC;

  db->is_abandoned = &job->abandoned;
  while (!kl_mongo_is_abandoned (db) && !job->deed (db, &job->base)
         && g_error_matches (job->base.error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE))
    {
      g_mutex_lock (&self->lock);
      self->check = TRUE;
      g_cond_signal (&self->ping_wake);
      g_mutex_unlock (&self->lock);
      if (job->is_chore && delay_usec > RETRY_FIRST_USEC)
        break; /* a chore: whoever meets what it left undone makes it anew */
      g_usleep ((gulong) delay_usec);
      delay_usec = MIN (delay_usec * 2, RETRY_MAX_USEC);
      job->tries++;
      if (!kl_mongo_is_abandoned (db))
        kl_store_job_drop_outcome (&job->base);
    }
  db->is_abandoned = NULL;
  if (g_error_matches (job->base.error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED))
    g_warning ("the store refused something: %s", job->base.error->message);
}

/* Under the lock: the one that came first, of those that may run. */
static KlMongoJob *
pick_job (KlMongoPool *self)
{
  KlMongoJob *job = g_queue_peek_head (&self->ready), *read = NULL;

  if (self->n_reading < self->width || self->closing)
    read = g_queue_peek_head (&self->reads);
  if (read && (!job || read->queued_usec < job->queued_usec))
    {
      self->n_reading++;
      read->begun_usec = g_get_monotonic_time ();
      return g_queue_pop_head (&self->reads);
    }
  if (job)
    return g_queue_pop_head (&self->ready);

  return self->closing || !g_queue_is_empty (&self->reads) ? NULL : g_queue_pop_head (&self->chores);
}

/* While jobs of a lane run, those behind them are work to come, also when closing. */
static KlMongoJob *
take_job (KlMongoPool *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  KlMongoJob *job;

  while (!(job = pick_job (self)) && (!self->closing || g_hash_table_size (self->lanes) > 0))
    {
      self->n_idle++;
      g_cond_wait (&self->wake, &self->lock);
      self->n_idle--;
    }

  return job;
}

static gpointer
run_worker (gpointer user_data)
{
  KlMongoPool *self = user_data;
  mongoc_client_t *client = mongoc_client_pool_pop (self->clients);
  KlMongo db = { 0 };
  KlMongoJob *job;

  kl_mongo_init (&db, client, self->database, self->memory);
  while ((job = take_job (self)))
    {
      if (is_late (job))
        kl_store_job_refuse (&job->base, KL_STORE_ERROR_UNAVAILABLE, TOO_MUCH);
      else
        run_job (self, &db, job);
      finish_job (self, job);
    }
  kl_mongo_clear (&db);
  mongoc_client_pool_push (self->clients, client);
  end_thread (self);

  return NULL;
}

/* ── Whether it is there ── */

static void
note_ping (KlMongoPool *self, const GError *error)
{
  g_mutex_lock (&self->lock);
  self->ping_usec = 0;
  if (!error && self->ailment)
    g_message ("the database answers again");
  else if (error && !self->ailment)
    g_warning ("the database does not answer: %s", error->message);
  g_set_str (&self->ailment, error ? error->message : NULL);
  g_mutex_unlock (&self->lock);
}

static gpointer
run_pings (gpointer user_data)
{
  KlMongoPool *self = user_data;
  mongoc_client_t *client = mongoc_client_pool_pop (self->clients);
  KlMongo db = { .client = client };

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      gint64 next_usec;

      g_mutex_lock (&self->lock);
      next_usec = g_get_monotonic_time () + PING_INTERVAL_USEC;
      while (!self->closing && !self->check && g_cond_wait_until (&self->ping_wake, &self->lock, next_usec))
        ;
      self->check = FALSE;
      if (self->closing)
        break;
      self->ping_usec = g_get_monotonic_time ();
      g_mutex_unlock (&self->lock);

      kl_mongo_command (&db, self->database, BCON_NEW ("ping", BCON_INT32 (1)), NULL, &error);
      note_ping (self, error);
      if (error)
        g_usleep (100 * G_TIME_SPAN_MILLISECOND);
    }
  g_mutex_unlock (&self->lock);
  mongoc_client_pool_push (self->clients, client);
  end_thread (self);

  return NULL;
}

/* Under the lock. */
static const char *
find_ailment (KlMongoPool *self)
{
  if (self->closing)
    return "the store is closed";
  if (self->live.length >= MAX_LIVE)
    return TOO_MUCH;
  /* A ping that takes two thirds of a job's time, while nothing else is answered. */
  if (self->ping_usec > 0
      && g_get_monotonic_time () - MAX (self->ping_usec, self->alive_usec) > self->deadline_usec * 2 / 3)
    return "the database does not answer";

  return self->ailment;
}

gboolean
kl_mongo_pool_is_ready (KlMongoPool *self, char **reason)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const char *ailment = find_ailment (self);

  if (ailment && reason)
    *reason = g_strdup (ailment);

  return ailment == NULL;
}

/* ── The main loop's side ── */

/* When this has to be looked at again, if nothing is finished before. */
static void
set_ready_time (KlMongoPool *self)
{
  const KlMongoJob *first = g_queue_peek_head (&self->live);
  gint64 ready_usec = first ? first->deadline_usec : self->close_task ? self->close_usec + CLOSE_PATIENCE_USEC : -1;
  gint64 set_usec = g_source_get_ready_time (self->report);

  if (set_usec < 0 || (ready_usec >= 0 && ready_usec < set_usec))
    g_source_set_ready_time (self->report, ready_usec);
}

static void
report_finished (KlMongoPool *self, GQueue *finished)
{
  KlMongoJob *job;

  while ((job = g_queue_pop_head (finished)))
    {
      if (job->base.task)
        {
          g_queue_unlink (&self->live, &job->live);
          kl_store_job_report (&job->base);
        }
      free_job (job);
    }
}

static void
finish_close (KlMongoPool *self, gboolean ended)
{
  gint64 now_usec = g_get_monotonic_time ();

  if (!self->close_task || !g_queue_is_empty (&self->live))
    return;
  if (self->close_usec == 0)
    self->close_usec = now_usec;
  if (ended || now_usec >= self->close_usec + CLOSE_PATIENCE_USEC)
    {
      g_autoptr (GTask) task = g_steal_pointer (&self->close_task);

      g_task_return_boolean (task, TRUE);
    }
}

static gboolean
dispatch_report (GSource *source, GSourceFunc callback, gpointer user_data)
{
  KlMongoPool *self = ((ReportSource *) source)->pool;
  GQueue finished = G_QUEUE_INIT;
  KlMongoJob *job;
  gboolean ended;

  g_source_set_ready_time (source, -1);
  g_mutex_lock (&self->lock);
  finished = self->finished;
  g_queue_init (&self->finished);
  ended = self->n_running == 0;
  g_mutex_unlock (&self->lock);

  /* A callback may drop the store; what this turn needs is kept. */
  g_source_ref (source);
  g_atomic_ref_count_inc (&self->ref_count);
  report_finished (self, &finished);
  while ((job = g_queue_peek_head (&self->live)) && job->deadline_usec <= g_get_monotonic_time ())
    abandon_job (self, job);
  finish_close (self, ended);
  if (!g_source_is_destroyed (source))
    set_ready_time (self);
  unref_pool (self);
  g_source_unref (source);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs report_funcs = { .dispatch = dispatch_report };

static void
start_thread (KlMongoPool *self, const char *name, GThreadFunc func)
{
  g_atomic_ref_count_inc (&self->ref_count);
  self->n_running++;
  g_thread_unref (g_thread_new (name, func, self));
}

KlMongoPool *
kl_mongo_pool_new (mongoc_client_pool_t *clients, const char *database, KlMongoMemory *memory)
{
  KlMongoPool *self = g_new0 (KlMongoPool, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->clients = clients;
  self->database = g_strdup (database);
  self->memory = memory;
  self->deadline_usec = KL_MONGO_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;
  self->width = KL_MONGO_WORKERS;
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  g_cond_init (&self->ping_wake);
  self->lanes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) free_lane);

  self->report = g_source_new (&report_funcs, sizeof (ReportSource));
  ((ReportSource *) self->report)->pool = self;
  g_source_set_static_name (self->report, "KlMongoStore reports");
  g_source_attach (self->report, g_main_context_get_thread_default ());

  g_mutex_lock (&self->lock);
  for (int i = 0; i < KL_MONGO_WORKERS; i++)
    start_thread (self, "store-mongo", run_worker);
  start_thread (self, "store-ping", run_pings);
  g_mutex_unlock (&self->lock);

  return self;
}

void
kl_mongo_pool_set_deadline (KlMongoPool *self, guint ms)
{
  self->deadline_usec = ms * G_TIME_SPAN_MILLISECOND;
}

/* Under the lock. */
static void
enqueue (KlMongoPool *self, KlMongoJob *job)
{
  GQueue *waiting = job->lane ? g_hash_table_lookup (self->lanes, job->lane) : NULL;

  if (waiting)
    {
      g_queue_push_tail (waiting, job);
      return;
    }
  if (job->lane)
    g_hash_table_insert (self->lanes, g_strdup (job->lane), g_queue_new ());
  g_queue_push_tail (job->lane ? &self->ready : &self->reads, job);
  if (self->n_idle > 0)
    g_cond_signal (&self->wake);
}

/* By its deadline; mostly that is the last. */
static void
add_live (KlMongoPool *self, KlMongoJob *job)
{
  GList *before = self->live.tail;

  while (before && ((KlMongoJob *) before->data)->deadline_usec > job->deadline_usec)
    before = before->prev;
  g_queue_insert_after_link (&self->live, before, &job->live);
}

void
kl_mongo_pool_run (KlMongoPool *self, KlMongoDeed deed, char *lane, guint patience, const KlStoreJob *base)
{
  KlMongoJob *job = new_job (deed);
  gint64 now_usec = g_get_monotonic_time (), span_usec = self->deadline_usec * MAX (patience, 1);
  const char *ailment;

  job->base = *base;
  job->lane = lane;
  job->queued_usec = now_usec;
  job->deadline_usec = now_usec + span_usec;
  job->start_usec = now_usec + span_usec * 2 / 3;
  g_mutex_lock (&self->lock);
  ailment = find_ailment (self);
  if (!ailment && !lane && !g_queue_is_empty (&self->reads) && is_late (g_queue_peek_head (&self->reads)))
    ailment = TOO_MUCH;
  if (ailment)
    kl_store_job_refuse (&job->base, KL_STORE_ERROR_UNAVAILABLE, ailment);
  else
    {
      add_live (self, job);
      enqueue (self, job);
    }
  g_mutex_unlock (&self->lock);

  if (ailment)
    {
      kl_store_job_report (&job->base);
      free_job (job);
    }
  else if (self->live.head == &job->live)
    set_ready_time (self);
}

void
kl_mongo_pool_run_chore (KlMongoPool *self, KlMongoDeed deed)
{
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->chores, new_chore (deed));
  if (self->n_idle > 0)
    g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
}

void
kl_mongo_pool_close (KlMongoPool *self, GTask *task)
{
  gboolean again;

  g_mutex_lock (&self->lock);
  again = self->closing;
  self->closing = TRUE;
  g_cond_broadcast (&self->wake);
  g_cond_signal (&self->ping_wake);
  wake_report (self);
  g_mutex_unlock (&self->lock);

  if (again)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  self->close_task = task;
}

void
kl_mongo_pool_free (KlMongoPool *self)
{
  KlMongoJob *job;
  GSource *report;

  while ((job = g_queue_peek_head (&self->live)))
    abandon_job (self, job);
  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  g_cond_broadcast (&self->wake);
  g_cond_signal (&self->ping_wake);
  report = g_steal_pointer (&self->report);
  g_mutex_unlock (&self->lock);

  g_source_destroy (report);
  g_source_unref (report);
  if (self->close_task)
    {
      g_autoptr (GTask) task = g_steal_pointer (&self->close_task);

      g_task_return_boolean (task, TRUE);
    }
  unref_pool (self);
}
