/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/socketio/kl-sio-listener.h"
#include "server/socketio/kl-ws-hub.h"

KlWsHub *kl_sio_listener_get_hub (KlSioListener *self);
/* Bytes of a connection that may wait beyond its descriptor, and count against its queue. */
gsize kl_sio_listener_get_hidden_bytes (KlSioListener *self);

/* A place among those of one address that have not signed in. */
typedef struct _KlSioSlot KlSioSlot;

/* FALSE: the address has as many as it may. *SLOT may become NULL (nothing is counted) all the same. */
gboolean kl_sio_listener_take_slot (KlSioListener *self, const char *address, KlSioSlot **slot);
/* Gives *SLOT back, if there is one. */
void kl_sio_listener_clear_slot (KlSioListener *self, KlSioSlot **slot);

/* The answer to MESSAGE will come when there is something to tell: no deadline until kl_sio_listener_resume(). */
void kl_sio_listener_hold (KlSioListener *self, SoupServerMessage *message);
void kl_sio_listener_resume (KlSioListener *self, SoupServerMessage *message);
/* The descriptor MESSAGE came on, still libsoup's; -1: gone. */
int kl_sio_listener_get_fd (KlSioListener *self, SoupServerMessage *message);

/* In "wrote-informational" after a 101: takes the connection from libsoup. Bytes that came with the handshake are
 * appended to EARLY. Returns a descriptor of the caller's, −1 where the connection broke. */
int kl_sio_listener_steal (KlSioListener *self, SoupServerMessage *message, GByteArray *early);

/* Answers a WebSocket handshake. TRUE: the 101 is on its way, and FUNC will get the connection's descriptor and what was sent
 * along with the handshake, if the connection lives so long. FALSE: MESSAGE has got its answer. DESTROY frees USER_DATA in
 * any case. */
typedef void (*KlSioUpgradeFunc) (SoupServerMessage *message, int fd, GByteArray *early, gpointer user_data);
gboolean kl_sio_listener_upgrade (KlSioListener *self, SoupServerMessage *message, KlSioUpgradeFunc func,
                                  gpointer user_data, GDestroyNotify destroy);
