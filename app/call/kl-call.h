/* SPDX-License-Identifier: GPL-3.0-or-later
 * A call, from the opening of the devices to the end: one pipeline, one publisher, a connection to each peer. It knows
 * no server: what others do comes in by the functions below, what is to be said goes out by KlCallSignaller. Main thread.
 *
 * For the loudest leak of all, whoever has the process calls kl_call_init_process() at its start, or, where calls may never
 * come, kl_call_prepare_process(); then gst_init() has time until there is one.
 *
 * Properties:
 *   signaller    KlCallSignaller (construct)
 *   peers        GListModel of KlCallPeer (constant), in the order of their coming
 *   publisher    KlPublisher: what we send; NULL before kl_call_start()
 *   speaker      KlSpeaker: likewise
 *   state        KlCallState as int
 *   line         KlCallLine as int: how our own line is, when all peers suffer at once
 *   relay-only   boolean (read, write): holds for connections made from then on
 *   large        boolean (read, write): 1280x720 where lines and the number of people allow it
 * Construct only, for tests and measurements:
 *   local-address string: the only address to use
 *   line-filter   string: a GStreamer launch line behind each sender's RTP ("netsim drop-probability=0.05")
 *   silent        boolean: plays to nobody
 *   blind         boolean: decodes no picture
 *   encoder-a-peer boolean: encodes anew for each peer, and does not adapt
 *   voice-processing boolean: echo cancellation and noise suppression are there (default TRUE)
 *
 * Signal:
 *   source-failed (KlMediaSource, GError)   a camera, microphone or screen is gone; its kind is off now */
#pragma once

#include <gio/gio.h>

#include "app/call/kl-call-peer.h"
#include "app/call/kl-call-signaller.h"
#include "app/call/kl-ice-server.h"
#include "app/call/kl-publisher.h"
#include "app/call/kl-speaker.h"

G_BEGIN_DECLS

#define KL_TYPE_CALL (kl_call_get_type ())
G_DECLARE_FINAL_TYPE (KlCall, kl_call, KL, CALL, GObject)

/* GStreamer, and glibc told to keep two heaps only: with one a thread, each connection leaves some memory behind. */
void kl_call_init_process (int *argc, char ***argv);
/* The part about glibc, which costs nothing. */
void kl_call_prepare_process (void);

KlCall *kl_call_new (KlCallSignaller *signaller);

/* Starts the pipeline, with nothing to send yet: give the publisher its sources. FALSE with KL_CALL_ERROR_MISSING. */
gboolean kl_call_start (KlCall *self, GError **error);
/* Leaves all peers and closes the devices. The state becomes ENDED when that is done. */
void kl_call_leave (KlCall *self);
KlCallState kl_call_get_state (KlCall *self);

/* ── What the server says ── */

/* For connections made from now on. SERVERS: element-type KlIceServer, or NULL. */
void kl_call_set_ice_servers (KlCall *self, GPtrArray *servers);
/* OFFERS: it was there when we joined, so we offer; else it will. A second time it changes nothing. The call runs. */
KlCallPeer *kl_call_add_peer (KlCall *self, const char *peer, const char *user, gboolean offers);
void kl_call_set_peer_media (KlCall *self, const char *peer, gboolean audio, gboolean video, gboolean screen,
                             gboolean hand);
void kl_call_remove_peer (KlCall *self, const char *peer);
/* The data of a call:signal. From a peer that is not there yet it waits for it a while. */
void kl_call_take_signal (KlCall *self, const char *from, const char *data, gssize length_bytes);

/* ── What there is ── */

GListModel *kl_call_get_peers (KlCall *self);
KlCallPeer *kl_call_find_peer (KlCall *self, const char *peer);
KlPublisher *kl_call_get_publisher (KlCall *self);
KlSpeaker *kl_call_get_speaker (KlCall *self);
KlCallLine kl_call_get_line (KlCall *self);

/* How many elements the pipeline has, within one another: for tests. */
guint kl_call_count_elements (KlCall *self);

G_END_DECLS
