/* SPDX-License-Identifier: GPL-3.0-or-later
 * The two halves of a connection that carry media, as functions over a peer's bin: senders (a publisher's frames into
 * webrtcbin) and receivers (webrtcbin's packets to a feed or the speaker). */
#pragma once

#include <gst/gst.h>

#include "app/call/kl-call-description.h"
#include "app/call/kl-publisher.h"
#include "app/call/kl-speaker.h"
#include "app/call/kl-video-feed.h"

G_BEGIN_DECLS

/* What lets a peer's video through. OPEN drops until a key frame comes. Any thread. */
typedef struct _KlCallGate KlCallGate;

KlCallGate *kl_call_gate_new (void);
KlCallGate *kl_call_gate_ref (KlCallGate *self);
void kl_call_gate_unref (KlCallGate *self);
void kl_call_gate_set_open (KlCallGate *self, gboolean open);

/* Adds a payloader for CODEC to BIN, links it to a new pad of WEBRTC, and gives the bin's pad that takes encoded frames
 * (owned by BIN), or with an ENCODER of its own (transfer floating, or NULL) raw ones. GATE may be NULL. */
GstPad *kl_call_media_add_sender (GstBin *bin, GstElement *webrtc, KlMediaKind kind, const KlCallCodec *codec,
                                  GstElement *encoder, KlCallGate *gate);

/* Links PAD, a new one of webrtcbin's, to what shows or plays it. Anything else than VP8 and Opus is taken and dropped, and
 * without a FEED so is VP8.
 * Gives the speaker's pad that it has taken, or NULL. On webrtcbin's threads. */
GstPad *kl_call_media_add_receiver (GstBin *bin, GstPad *pad, KlVideoFeed *feed, KlSpeaker *speaker);

/* The name of the level meters that receivers have. */
#define KL_CALL_MEDIA_LEVEL "loudness"

G_END_DECLS
