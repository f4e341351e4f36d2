/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <openssl/ssl.h>

#include "server/socketio/kl-sio-tls.h"

/* What can lie between the two sockets of one connection: in the pair and in the pump. */
#define KL_SIO_TLS_BUFFER_BYTES (128 * 1024)

/* One connection, as seen from the side that serves it. */
typedef struct _KlSioTlsConn KlSioTlsConn;

/* Takes FD, a connected, non-blocking socket, and returns the plain end: non-blocking, close-on-exec. −1, and FD
 * closed: there are no descriptors left. */
int
kl_sio_tls_accept (KlSioTls *self, int fd, KlSioTlsConn **conn);

/* From now on the end of the plain side cuts the connection, where else what it wrote before is still brought to a slow
 * client, as with a socket of the kernel. */
void
kl_sio_tls_conn_set_abrupt (KlSioTlsConn *conn);
void
kl_sio_tls_conn_unref (KlSioTlsConn *conn);

/* ── Between the certificates and the pump ── */

typedef struct _KlSioTlsPump KlSioTlsPump;

KlSioTlsPump *
kl_sio_tls_pump_new (KlSioTls *tls);
void
kl_sio_tls_pump_free (KlSioTlsPump *self);
int
kl_sio_tls_pump_accept (KlSioTlsPump *self, int fd, KlSioTlsConn **conn);

/* Any thread: a reference to what handshakes are made with now. */
SSL_CTX *
kl_sio_tls_take_context (KlSioTls *self);
/* Any thread. */
void
kl_sio_tls_note_handshake (KlSioTls *self, gboolean completed);
