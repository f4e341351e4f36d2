/* SPDX-License-Identifier: GPL-3.0-or-later
 * A STUN or TURN server as call:join names it. Immutable. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define KL_TYPE_ICE_SERVER (kl_ice_server_get_type ())
typedef struct _KlIceServer KlIceServer;
GType kl_ice_server_get_type (void);

/* URLS: "stun:HOST[:PORT]", "turn:HOST[:PORT][?transport=udp|tcp]", "turns:…"; others are passed over. USERNAME and
 * CREDENTIAL may be NULL: then TURN is not used. */
KlIceServer *kl_ice_server_new (const char *const *urls, const char *username, const char *credential);
KlIceServer *kl_ice_server_copy (KlIceServer *self);
void kl_ice_server_free (KlIceServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlIceServer, kl_ice_server_free)

/* As GStreamer writes them: "stun://HOST:PORT"; "turn://USER:PASSWORD@HOST:PORT?transport=…". Transfer full. */
GStrv kl_ice_server_dup_stun (KlIceServer *self);
GStrv kl_ice_server_dup_turn (KlIceServer *self);

G_END_DECLS
