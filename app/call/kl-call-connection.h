/* SPDX-License-Identifier: GPL-3.0-or-later
 * One WebRTC connection to one peer, from its first word to its end: a bin in the call's pipeline. It is never mended;
 * KlCallPeer makes another one. Main thread.
 *
 * Signals:
 *   description (KlCallMessageKind as int, const char *sdp)   ours, to be sent
 *   candidate (const char *candidate, const char *mid, int line)   ours, to be sent; NULL: there will be no more
 *   connected          media can flow
 *   failed             it will not come to anything any more: drop it */
#pragma once

#include <gst/gst.h>

#include "app/call/kl-call-sample.h"
#include "app/call/kl-call-worker.h"
#include "app/call/kl-publisher.h"
#include "app/call/kl-speaker.h"
#include "app/call/kl-video-feed.h"

G_BEGIN_DECLS

#define KL_TYPE_CALL_CONNECTION (kl_call_connection_get_type ())
G_DECLARE_FINAL_TYPE (KlCallConnection, kl_call_connection, KL, CALL_CONNECTION, GObject)

/* What all connections of a call share. Borrowed. */
typedef struct
{
  GstBin *pipeline;
  KlCallWorker *worker;
  KlPublisher *publisher;
  KlSpeaker *speaker;
  GPtrArray *ice_servers;    /* element-type KlIceServer; may be NULL */
  gboolean relay_only;       /* no addresses of ours but those at a relay */
  const char *local_address; /* the only address to use, or NULL for all */
  gboolean blind;            /* decodes no picture */
  const char *line_filter;   /* a launch line put behind the sender's RTP ("netsim …"), or NULL */
} KlCallContext;

/* FEED: where the peer's pictures go. */
KlCallConnection *kl_call_connection_new (const KlCallContext *context, const char *session, KlVideoFeed *feed);

const char *kl_call_connection_get_session (KlCallConnection *self);
/* The peer bin, to find out whose a message on the bus is; NULL after close. */
GstElement *kl_call_connection_get_bin (KlCallConnection *self);
gint64 kl_call_connection_get_born_usec (KlCallConnection *self);
gboolean kl_call_connection_get_connected (KlCallConnection *self);
/* Whether we offered. */
gboolean kl_call_connection_get_offered (KlCallConnection *self);
/* When the peer last sent anything that was media or a report on media; 0: never. */
gint64 kl_call_connection_get_heard_usec (KlCallConnection *self);

/* We offer. */
void kl_call_connection_offer (KlCallConnection *self);
/* Whether this is an offer that a new connection can answer. */
gboolean kl_call_connection_can_take_offer (const char *sdp);
/* FALSE: nothing that we can answer, or that answers our offer; nothing has happened. */
gboolean kl_call_connection_take_offer (KlCallConnection *self, const char *sdp);
gboolean kl_call_connection_take_answer (KlCallConnection *self, const char *sdp);
/* Kept until the description is there. LINE may be -1 if MID is not NULL. */
void kl_call_connection_take_candidate (KlCallConnection *self, const char *candidate, const char *mid, int line);

/* FALSE: sound alone goes to this peer. */
void kl_call_connection_set_video_open (KlCallConnection *self, gboolean open);
gboolean kl_call_connection_get_video_open (KlCallConnection *self);

/* The loudness of the peer, from a message of this bin. FALSE: it is no such message. */
gboolean kl_call_connection_read_level (KlCallConnection *self, GstMessage *message, double *level);

/* FALSE before it is connected. */
gboolean kl_call_connection_sample (KlCallConnection *self, KlCallSample *sample);

/* Takes it out of the running pipeline. No signal comes any more. To be called before the last unref. */
void kl_call_connection_close (KlCallConnection *self);

G_END_DECLS
