/* SPDX-License-Identifier: GPL-3.0-or-later
 * The call that is on in a group, as every member sees it, in it or not. The session fills it from syncs and events; it is
 * one object as long as the call is on and we are connected. When the connection is lost KlGroup:call is NULL (stale life is
 * never shown), and with the next sync it is there again, if the call still is. Main thread.
 *
 * KlGroupCall, properties (read only):
 *   id           string (constant)
 *   started-at   int64 (constant): milliseconds since the epoch, the server's clock
 *   started-by   KlUser (constant)
 *   peers        GListModel of KlGroupCallPeer (constant), in the order of their coming
 *   people       GListModel of KlUser (constant): each once, though they may be there with two devices
 *   n-people     uint: how many those are
 *   joined-here  boolean: I am in it, on this device
 *   joined-elsewhere   boolean: I am in it, on another device of mine
 *
 * KlGroupCallPeer: a device in the call. Properties (read only): id string, user KlUser (both constant); audio, video,
 * screen, hand: what it says that it sends. The same object as long as the device is in the call. */
#pragma once

#include "app/core/kl-user.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define KL_TYPE_GROUP_CALL_PEER (kl_group_call_peer_get_type ())
G_DECLARE_FINAL_TYPE (KlGroupCallPeer, kl_group_call_peer, KL, GROUP_CALL_PEER, GObject)

KlGroupCallPeer *kl_group_call_peer_new (const char *id, KlUser *user);
const char *kl_group_call_peer_get_id (KlGroupCallPeer *self);
KlUser *kl_group_call_peer_get_user (KlGroupCallPeer *self);
gboolean kl_group_call_peer_get_audio (KlGroupCallPeer *self);
gboolean kl_group_call_peer_get_video (KlGroupCallPeer *self);
gboolean kl_group_call_peer_get_screen (KlGroupCallPeer *self);
gboolean kl_group_call_peer_get_hand (KlGroupCallPeer *self);
void kl_group_call_peer_set_media (KlGroupCallPeer *self, gboolean audio, gboolean video, gboolean screen, gboolean hand);

#define KL_TYPE_GROUP_CALL (kl_group_call_get_type ())
G_DECLARE_FINAL_TYPE (KlGroupCall, kl_group_call, KL, GROUP_CALL, GObject)

KlGroupCall *kl_group_call_new (const char *id, KlUser *started_by, gint64 started_at);
const char *kl_group_call_get_id (KlGroupCall *self);
gint64 kl_group_call_get_started_at (KlGroupCall *self);
KlUser *kl_group_call_get_started_by (KlGroupCall *self);
GListModel *kl_group_call_get_peers (KlGroupCall *self);
GListModel *kl_group_call_get_people (KlGroupCall *self);
guint kl_group_call_get_n_people (KlGroupCall *self);
gboolean kl_group_call_get_joined_here (KlGroupCall *self);
gboolean kl_group_call_get_joined_elsewhere (KlGroupCall *self);
/* Lent, or NULL. */
KlGroupCallPeer *kl_group_call_find_peer (KlGroupCall *self, const char *id);
gboolean kl_group_call_has_user (KlGroupCall *self, KlUser *user);

/* ── For the session, and for tests ── */

/* PEERS: element-type KlGroupCallPeer, as they are now. One that is there already stays the same object. */
void kl_group_call_set_peers (KlGroupCall *self, GPtrArray *peers);
/* ME: oneself; PEER: one's own place on this device, or NULL. */
void kl_group_call_set_me (KlGroupCall *self, KlUser *me, const char *peer);

G_END_DECLS
