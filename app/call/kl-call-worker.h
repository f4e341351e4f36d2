/* SPDX-License-Identifier: GPL-3.0-or-later
 * One thread for what GStreamer does slowly: opening and closing devices, ending connections. Deeds run in the order in
 * which they were asked for, so an element that was started and stopped ends stopped. All functions: any thread. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _KlCallWorker KlCallWorker;

/* Waits, on the last unref, until all is done. */
KlCallWorker *kl_call_worker_new (void);
KlCallWorker *kl_call_worker_ref (KlCallWorker *self);
void kl_call_worker_unref (KlCallWorker *self);
/* The only reference there is: the worker does what it has been asked for, and goes; nobody waits. */
void kl_call_worker_release (KlCallWorker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCallWorker, kl_call_worker_unref)

/* Brings an element to its parent's state, one without a parent (a pipeline) to PLAYING, and then links it behind UPSTREAM,
 * which may be NULL. Where that fails, the element posts an error. One whose state is locked meanwhile is let be. */
void kl_call_worker_start (KlCallWorker *self, GstElement *element, GstElement *upstream);
/* Brings an element to NULL, and then out of its parent, if it has one. Its state is to be locked by then. */
void kl_call_worker_stop (KlCallWorker *self, GstElement *element);
/* An element will have to be stopped, but not yet: kl_call_worker_then() waits for kl_call_worker_stop_expected(), which is
 * to come once for each. */
void kl_call_worker_expect (KlCallWorker *self);
void kl_call_worker_stop_expected (KlCallWorker *self, GstElement *element);
/* Loads what connections will need. */
void kl_call_worker_warm_up (KlCallWorker *self);
/* Calls back in CONTEXT when all that was asked for or expected before is done. */
void kl_call_worker_then (KlCallWorker *self, GMainContext *context, GSourceOnceFunc func, gpointer data);

G_END_DECLS
