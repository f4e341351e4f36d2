/* SPDX-License-Identifier: GPL-3.0-or-later
 * Somebody else in the call (a connection of theirs: one person may be there twice). It stays the same object through
 * reconnections. Main thread.
 *
 * Properties (read only):
 *   id, user     string (constant): the peer's and the person's id
 *   state        KlCallPeerState as int
 *   audio, video, screen, hand   boolean: what it says that it sends
 *   feed         KlVideoFeed (constant)
 *   level        double: loudness, 0 to 1
 *   speaking     boolean: loud now or a moment ago: for the outline
 *   line         KlCallLine as int: how our video reaches it
 *   stalled      boolean: it says that it sends video, and none has come for seconds */
#pragma once

#include "app/call/kl-call-connection.h"
#include "app/call/kl-call-message.h"
#include "app/call/kl-call-rate.h"

G_BEGIN_DECLS

#define KL_TYPE_CALL_PEER (kl_call_peer_get_type ())
G_DECLARE_FINAL_TYPE (KlCallPeer, kl_call_peer, KL, CALL_PEER, GObject)

const char *kl_call_peer_get_id (KlCallPeer *self);
const char *kl_call_peer_get_user (KlCallPeer *self);
KlCallPeerState kl_call_peer_get_state (KlCallPeer *self);
gboolean kl_call_peer_get_audio (KlCallPeer *self);
gboolean kl_call_peer_get_video (KlCallPeer *self);
gboolean kl_call_peer_get_screen (KlCallPeer *self);
gboolean kl_call_peer_get_hand (KlCallPeer *self);
KlVideoFeed *kl_call_peer_get_feed (KlCallPeer *self);
double kl_call_peer_get_level (KlCallPeer *self);
gboolean kl_call_peer_get_speaking (KlCallPeer *self);
KlCallLine kl_call_peer_get_line (KlCallPeer *self);
gboolean kl_call_peer_get_stalled (KlCallPeer *self);

/* For people who ask how the line is. */
typedef struct
{
  KlCallSample line;
  guint video_target_bps; /* what we would send it at most */
  int width, height;      /* of its picture */
  double fps;             /* of its picture, over the last second */
  guint frames;           /* of its picture, since the beginning */
  guint connections;      /* how many were made: 1 and the reconnections */
  gboolean relayed;       /* the way goes through a TURN server */
} KlCallStats;

void kl_call_peer_get_stats (KlCallPeer *self, KlCallStats *stats);

/* ── For KlCall ── */

/* Says what is to go to this peer. */
typedef void (*KlCallPeerSend) (KlCallPeer *peer, const char *data, gpointer user_data);

/* CONTEXT and USER_DATA outlive it, or kl_call_peer_close() comes first. */
KlCallPeer *kl_call_peer_new (const char *id, const char *user, const KlCallContext *context, KlCallPeerSend send,
                              gpointer user_data);
void kl_call_peer_set_media (KlCallPeer *self, gboolean audio, gboolean video, gboolean screen, gboolean hand);
/* We were here later: the offer is ours. */
void kl_call_peer_offer (KlCallPeer *self);
void kl_call_peer_take (KlCallPeer *self, const KlCallMessage *message);
/* The connection is of no use any more. */
void kl_call_peer_renew (KlCallPeer *self);
/* Once a second. */
void kl_call_peer_tick (KlCallPeer *self, gboolean sending_video);
KlCallRate *kl_call_peer_get_rate (KlCallPeer *self);
/* After the rates were shared. */
void kl_call_peer_apply_rate (KlCallPeer *self);
gboolean kl_call_peer_take_message (KlCallPeer *self, GstMessage *message);
void kl_call_peer_close (KlCallPeer *self);

G_END_DECLS
