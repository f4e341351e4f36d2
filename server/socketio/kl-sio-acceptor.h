/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening sockets. Survives a shortage of descriptors without spinning: it stops accepting while fewer than a reserve
 * are left (files and databases need some too), looks again ten times a second, and what waits in the backlog is
 * taken as soon as others have left. */
#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

#include "server/socketio/kl-ws-hub.h"

typedef struct _KlSioAcceptor KlSioAcceptor;

/* Takes FD, a connected, non-blocking, close-on-exec socket. */
typedef void (*KlSioAcceptFunc) (int fd, const struct sockaddr *remote, socklen_t length, gpointer user_data);

/* DESCRIPTORS: what FUNC makes of one accepted, that one included. */
KlSioAcceptor *kl_sio_acceptor_new (KlWsHub *hub, guint backlog, guint descriptors, KlSioAcceptFunc func,
                                    gpointer user_data);
void kl_sio_acceptor_free (KlSioAcceptor *self);

/* See kl_sio_listener_listen(). One address. */
gboolean kl_sio_acceptor_listen (KlSioAcceptor *self, const char *address, GError **error);
void kl_sio_acceptor_stop (KlSioAcceptor *self);

/* NULL and 0 before. */
const char *kl_sio_acceptor_get_address (KlSioAcceptor *self);
GSocketAddress *kl_sio_acceptor_get_socket_address (KlSioAcceptor *self);
