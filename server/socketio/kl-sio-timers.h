/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deadlines for many thousands of things that all wait equally long: in such a queue the order of starting is the
 * order of ending, so that starting, stopping and finding the next take no search. One GSource serves all queues. */
#pragma once

#include <glib.h>

typedef struct _KlSioTimers KlSioTimers;
typedef struct _KlSioTimerQueue KlSioTimerQueue;
typedef struct _KlSioTimerNode KlSioTimerNode;

/* Lies inside of what waits. Zeroed memory is a node that does not wait. */
struct _KlSioTimerNode
{
  KlSioTimerNode *previous;
  KlSioTimerNode *next;
  KlSioTimerQueue *queue;
  gint64 due_usec;
};

/* The node has been stopped already; it may be started again, or freed. */
typedef void (*KlSioTimerFunc) (KlSioTimerNode *node, gpointer user_data);

KlSioTimers *kl_sio_timers_new (GMainContext *context);
/* Queues go too; nodes in them are forgotten. */
void kl_sio_timers_free (KlSioTimers *self);

/* Lives as long as the timers, or until removed. */
KlSioTimerQueue *kl_sio_timers_add_queue (KlSioTimers *self, guint duration_ms, KlSioTimerFunc func,
                                          gpointer user_data);
void kl_sio_timers_remove_queue (KlSioTimers *self, KlSioTimerQueue *queue);

/* Begins to wait in QUEUE, anew or instead of in another one. */
void kl_sio_timer_start (KlSioTimerQueue *queue, KlSioTimerNode *node);
/* The same, as if it had begun at SINCE_USEC (monotonic): for deadlines that follow each other without drift. */
void kl_sio_timer_start_since (KlSioTimerQueue *queue, KlSioTimerNode *node, gint64 since_usec);
void kl_sio_timer_stop (KlSioTimerNode *node);

#define kl_sio_timer_owner(node, type, member) ((type *) ((char *) (node) - G_STRUCT_OFFSET (type, member)))
