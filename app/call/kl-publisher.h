/* SPDX-License-Identifier: GPL-3.0-or-later
 * What we send: a camera or screen and a microphone, each encoded once, behind a tee for all peers. Lives in a call's
 * pipeline. Main thread.
 *
 * Properties:
 *   audio-source, video-source   KlMediaSource or NULL (read, write): what is open. Changing them needs no negotiation
 *   muted          boolean (read, write): the microphone stays open (its level goes on), nothing goes out
 *   level          double: of the microphone, 0 to 1, ten times a second
 *   voice-processing boolean (construct): echo cancellation, noise suppression and gain control, where there are
 *   feed           KlVideoFeed (constant): one's own picture, not mirrored
 *   width, height  int: what is encoded
 *   bitrate        uint: bits a second of video, as set
 * Signal:
 *   failed (KlMediaSource, GError)   a source has ended by itself, and is not ours any more: its property is NULL */
#pragma once

#include <gst/gst.h>

#include "app/call/kl-call-worker.h"
#include "app/call/kl-media-source.h"
#include "app/call/kl-video-feed.h"

G_BEGIN_DECLS

#define KL_TYPE_PUBLISHER (kl_publisher_get_type ())
G_DECLARE_FINAL_TYPE (KlPublisher, kl_publisher, KL, PUBLISHER, GObject)

/* PROBE: the name of the webrtcechoprobe in the same pipeline, or NULL for no voice processing. ENCODER_A_PEER: what one gives
 * up by it can be measured: pictures are handed out raw, for encoders that never adapt. NULL and KL_CALL_ERROR_MISSING where
 * an element is not installed. */
KlPublisher *kl_publisher_new (GstBin *pipeline, KlCallWorker *worker, const char *probe, gboolean encoder_a_peer,
                               GError **error);

KlMediaSource *kl_publisher_get_source (KlPublisher *self, KlMediaKind kind);
/* SOURCE NULL: off. A source that cannot be opened is told by "failed". */
void kl_publisher_set_source (KlPublisher *self, KlMediaKind kind, KlMediaSource *source);

gboolean kl_publisher_get_muted (KlPublisher *self);
void kl_publisher_set_muted (KlPublisher *self, gboolean muted);
double kl_publisher_get_level (KlPublisher *self);
KlVideoFeed *kl_publisher_get_feed (KlPublisher *self);

void kl_publisher_set_size (KlPublisher *self, int width, int height);
int kl_publisher_get_width (KlPublisher *self);
int kl_publisher_get_height (KlPublisher *self);
void kl_publisher_set_bitrate (KlPublisher *self, guint bps);
guint kl_publisher_get_bitrate (KlPublisher *self);

/* Switches echo cancellation and noise suppression, where there are. */
void kl_publisher_set_voice_processing (KlPublisher *self, gboolean echo, gboolean noise);

/* The next picture is to stand for itself. Asked often, it is done ten times a second at most. */
void kl_publisher_force_key_frame (KlPublisher *self);

/* An encoder for raw pictures of ours, where there is one a peer; else NULL. Transfer floating. */
GstElement *kl_publisher_make_encoder (KlPublisher *self);

/* A pad with encoded frames (VP8, Opus; with an encoder a peer: raw pictures). Transfer full; release it when nothing is linked to it any more. */
GstPad *kl_publisher_request_pad (KlPublisher *self, KlMediaKind kind);
void kl_publisher_release_pad (KlPublisher *self, KlMediaKind kind, GstPad *pad);

/* For the owner of the bus. TRUE: the message was about something in here, and has been dealt with. */
gboolean kl_publisher_take_message (KlPublisher *self, GstMessage *message);

G_END_DECLS
