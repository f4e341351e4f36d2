/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-call-worker.h"

struct _KlCallWorker
{
  gatomicrefcount refs;
  GThreadPool *pool; /* of one */
  GMutex lock;
  guint n_expected; /* stops that are still to be asked for; under the lock */
  GQueue behind;    /* Job: until all of them have been; under the lock */
};

typedef struct
{
  GstElement *element;
  GstElement *upstream;
  gboolean start;
  gboolean warm;
  GMainContext *context;
  GSourceOnceFunc func;
  gpointer data;
} Job;

/* In this order: an element outside of a pipeline has no clock, which a running RTP session does not survive in
 * silence. */
static void
stop (GstElement *element)
{
  g_autoptr (GstObject) parent = NULL;

  gst_element_set_state (element, GST_STATE_NULL);
  parent = gst_object_get_parent (GST_OBJECT (element));
  if (parent != NULL)
    gst_bin_remove (GST_BIN (parent), element);
}

static gboolean
set_going (GstElement *element)
{
  g_autoptr (GstObject) parent = gst_object_get_parent (GST_OBJECT (element));

  if (parent != NULL)
    return gst_element_sync_state_with_parent (element);
  return gst_element_set_state (element, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
}

/* In this order: what pushes into an element that does not run yet is told "flushing", and stops for good. */
static void
start (GstElement *element, GstElement *upstream)
{
  if (gst_element_is_locked_state (element))
    return;
  /* Not every element that fails says so. */
  if (!set_going (element))
    GST_ELEMENT_ERROR (element, RESOURCE, FAILED, ("It does not start"), (NULL));
  if (upstream != NULL && !gst_element_is_locked_state (element))
    gst_element_link (upstream, element);
}

/* What a connection is made of. The first one would wait for these to be loaded, for some 100 ms. */
static void
warm_up (void)
{
  static const char *const factories[]
      = { "webrtcbin",  "rtpbin",        "nicesrc",         "nicesink",     "dtlsdec",      "dtlsenc",  "srtpdec",
          "srtpenc",    "rtpvp8pay",     "rtpopuspay",      "rtpvp8depay",  "rtpopusdepay", "vp8dec",   "opusdec",
          "rtprtxsend", "rtprtxreceive", "rtpjitterbuffer", "rtpulpfecdec", "rtpstorage",   "rtpfunnel" };

  for (guint i = 0; i < G_N_ELEMENTS (factories); i++)
    {
      g_autoptr (GstElement) element = gst_element_factory_make (factories[i], NULL);

      if (element != NULL)
        gst_object_ref_sink (element);
    }
}

typedef struct
{
  GSourceOnceFunc func;
  gpointer data;
} Then;

/* A source's function says by what it returns whether it is called again. */
static gboolean
call_then (gpointer data)
{
  Then *then = data;

  then->func (then->data);
  return G_SOURCE_REMOVE;
}

static void
run (gpointer data, gpointer unused)
{
  Job *job = data;

  if (job->func != NULL)
    {
      GSource *source = g_idle_source_new ();
      Then *then = g_new (Then, 1);

      *then = (Then) { job->func, job->data };
      g_source_set_priority (source, G_PRIORITY_DEFAULT);
      g_source_set_callback (source, call_then, then, g_free);
      g_source_attach (source, job->context);
      g_source_unref (source);
      g_main_context_unref (job->context);
    }
  else if (job->warm)
    warm_up ();
  else if (job->start)
    start (job->element, job->upstream);
  else
    stop (job->element);
  g_clear_object (&job->element);
  g_clear_object (&job->upstream);
  g_free (job);
}

KlCallWorker *
kl_call_worker_new (void)
{
  KlCallWorker *self = g_new0 (KlCallWorker, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->pool = g_thread_pool_new (run, NULL, 1, FALSE, NULL);
  return self;
}

KlCallWorker *
kl_call_worker_ref (KlCallWorker *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
end (KlCallWorker *self, gboolean wait)
{
  g_assert (g_queue_is_empty (&self->behind));
  g_thread_pool_free (self->pool, FALSE, wait);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
kl_call_worker_unref (KlCallWorker *self)
{
  if (g_atomic_ref_count_dec (&self->refs))
    end (self, TRUE);
}

void
kl_call_worker_release (KlCallWorker *self)
{
  end (self, FALSE);
}

void
kl_call_worker_start (KlCallWorker *self, GstElement *element, GstElement *upstream)
{
  Job *job = g_new0 (Job, 1);

  job->element = g_object_ref (element);
  job->upstream = upstream != NULL ? g_object_ref (upstream) : NULL;
  job->start = TRUE;
  g_thread_pool_push (self->pool, job, NULL);
}

void
kl_call_worker_stop (KlCallWorker *self, GstElement *element)
{
  Job *job = g_new0 (Job, 1);

  job->element = g_object_ref (element);
  g_thread_pool_push (self->pool, job, NULL);
}

void
kl_call_worker_expect (KlCallWorker *self)
{
  g_mutex_lock (&self->lock);
  self->n_expected++;
  g_mutex_unlock (&self->lock);
}

void
kl_call_worker_stop_expected (KlCallWorker *self, GstElement *element)
{
  Job *job;

  g_mutex_lock (&self->lock);
  kl_call_worker_stop (self, element);
  self->n_expected--;
  while (self->n_expected == 0 && (job = g_queue_pop_head (&self->behind)) != NULL)
    g_thread_pool_push (self->pool, job, NULL);
  g_mutex_unlock (&self->lock);
}

void
kl_call_worker_warm_up (KlCallWorker *self)
{
  Job *job = g_new0 (Job, 1);

  job->warm = TRUE;
  g_thread_pool_push (self->pool, job, NULL);
}

void
kl_call_worker_then (KlCallWorker *self, GMainContext *context, GSourceOnceFunc func, gpointer data)
{
  Job *job = g_new0 (Job, 1);

  job->context = g_main_context_ref (context);
  job->func = func;
  job->data = data;
  g_mutex_lock (&self->lock);
  if (self->n_expected > 0)
    g_queue_push_tail (&self->behind, job);
  else
    g_thread_pool_push (self->pool, job, NULL);
  g_mutex_unlock (&self->lock);
}
