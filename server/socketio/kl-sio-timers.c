/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/socketio/kl-sio-timers.h"

struct _KlSioTimerQueue
{
  KlSioTimers *timers;
  KlSioTimerNode *first;
  KlSioTimerNode *last;
  gint64 duration_usec;
  KlSioTimerFunc func;
  gpointer user_data;
};

struct _KlSioTimers
{
  GSource *source;
  GPtrArray *queues; /* of KlSioTimerQueue */
  gint64 ready_usec; /* what the source waits for; -1: nothing */
};

typedef struct
{
  GSource parent;
  KlSioTimers *timers;
} TimersSource;

static void
set_ready (KlSioTimers *self, gint64 ready_usec)
{
  self->ready_usec = ready_usec;
  g_source_set_ready_time (self->source, ready_usec);
}

static void
run_queue (KlSioTimers *self, guint index, gint64 now_usec)
{
  /* A function may remove queues: look each one up again. */
  while (index < self->queues->len)
    {
      KlSioTimerQueue *queue = g_ptr_array_index (self->queues, index);
      KlSioTimerNode *node = queue->first;

      if (!node || node->due_usec > now_usec)
        return;
      kl_sio_timer_stop (node);
      queue->func (node, queue->user_data);
    }
}

static gboolean
timers_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  KlSioTimers *self = ((TimersSource *) source)->timers;
  gint64 now_usec = g_source_get_time (source), next_usec = -1;

  self->ready_usec = 0; /* starts below need not touch the source */
  for (guint i = 0; i < self->queues->len; i++)
    run_queue (self, i, now_usec);

  for (guint i = 0; i < self->queues->len; i++)
    {
      KlSioTimerQueue *queue = g_ptr_array_index (self->queues, i);

      if (queue->first && (next_usec < 0 || queue->first->due_usec < next_usec))
        next_usec = queue->first->due_usec;
    }
  set_ready (self, next_usec);

  return G_SOURCE_CONTINUE;
}

KlSioTimers *
kl_sio_timers_new (GMainContext *context)
{
  static GSourceFuncs funcs = { .dispatch = timers_dispatch };
  KlSioTimers *self = g_new0 (KlSioTimers, 1);

  self->queues = g_ptr_array_new_with_free_func (g_free);
  self->ready_usec = -1;
  self->source = g_source_new (&funcs, sizeof (TimersSource));
  ((TimersSource *) self->source)->timers = self;
  g_source_set_static_name (self->source, "kl-sio-timers");
  g_source_attach (self->source, context);

  return self;
}

void
kl_sio_timers_free (KlSioTimers *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_ptr_array_unref (self->queues);
  g_free (self);
}

KlSioTimerQueue *
kl_sio_timers_add_queue (KlSioTimers *self, guint duration_ms, KlSioTimerFunc func, gpointer user_data)
{
  KlSioTimerQueue *queue = g_new0 (KlSioTimerQueue, 1);

  queue->timers = self;
  queue->duration_usec = (gint64) duration_ms * 1000;
  queue->func = func;
  queue->user_data = user_data;
  g_ptr_array_add (self->queues, queue);

  return queue;
}

void
kl_sio_timers_remove_queue (KlSioTimers *self, KlSioTimerQueue *queue)
{
  while (queue->first)
    kl_sio_timer_stop (queue->first);
  g_ptr_array_remove (self->queues, queue);
}

void
kl_sio_timer_start (KlSioTimerQueue *queue, KlSioTimerNode *node)
{
  kl_sio_timer_start_since (queue, node, g_get_monotonic_time ());
}

void
kl_sio_timer_start_since (KlSioTimerQueue *queue, KlSioTimerNode *node, gint64 since_usec)
{
  KlSioTimers *timers = queue->timers;

  kl_sio_timer_stop (node);
  node->queue = queue;
  node->due_usec = since_usec + queue->duration_usec;
  node->previous = queue->last;
  node->next = NULL;
  if (queue->last)
    queue->last->next = node;
  else
    queue->first = node;
  queue->last = node;

  if (timers->ready_usec < 0 || node->due_usec < timers->ready_usec)
    set_ready (timers, node->due_usec);
}

void
kl_sio_timer_stop (KlSioTimerNode *node)
{
  KlSioTimerQueue *queue = node->queue;

  if (!queue)
    return;

  if (node->previous)
    node->previous->next = node->next;
  else
    queue->first = node->next;
  if (node->next)
    node->next->previous = node->previous;
  else
    queue->last = node->previous;
  node->queue = NULL;
  node->previous = node->next = NULL;
}
