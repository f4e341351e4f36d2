/* SPDX-License-Identifier: GPL-3.0-or-later
 * Takes a peer's bin out of the running pipeline, step by step, without a pause for the others:
 * what feeds it is unlinked while it is idle; on the main thread pads are released and the state locked; the worker stops
 * it and takes it out. */
#pragma once

#include <gst/gst.h>

#include "app/call/kl-call-worker.h"
#include "app/call/kl-publisher.h"
#include "app/call/kl-speaker.h"

G_BEGIN_DECLS

typedef struct
{
  GstElement *bin;         /* transfer full */
  GstPad *tee_pads[2];     /* by KlMediaKind; transfer full; may be NULL */
  GstPad *mixer_pad;       /* transfer full; may be NULL */
  KlCallWorker *worker;    /* borrowed */
  KlPublisher *publisher;  /* borrowed */
  KlSpeaker *speaker;      /* borrowed */
} KlCallRemoval;

/* Main thread. It goes on by itself. */
void kl_call_removal_start (const KlCallRemoval *what);

G_END_DECLS
