/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* TLS for a listener's connections.
 *
 * A connection that speaks TLS is pumped, on threads of its own, to one end of a socket pair; whoever serves it gets
 * the other end, plain, and need not know. So neither handshakes nor ciphers run on the loop that serves sockets, and a
 * client that is silent in the midst of a handshake holds nothing but its descriptors. The wire is OpenSSL's, without
 * blocking: GTlsServerConnection runs each handshake, blocked for as long as the client likes, on the pool of ten
 * threads that all of GLib shares, so that ten silent clients would keep everybody waiting.
 *
 * TLS 1.2 and later, ALPN "http/1.1". Made, reloaded and let go of on one thread. */

typedef struct _KlSioTls KlSioTls;

/* PEM files: the server's certificate with those that lead to its root, and its key. Starts the threads.
 * Errors: G_IO_ERROR, with a sentence for people that says which file, what and what would be right. */
KlSioTls *
kl_sio_tls_new (const char *certificate, const char *key, GError **error);

KlSioTls *
kl_sio_tls_ref (KlSioTls *self);
/* The last reference ends the threads and cuts what they serve. */
void
kl_sio_tls_unref (KlSioTls *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlSioTls, kl_sio_tls_unref)

/* Whether kl_sio_tls_new() would take the two files. */
gboolean
kl_sio_tls_check (const char *certificate, const char *key, GError **error);

/* Reads both files again. Handshakes from now on get what they hold; open connections stay. FALSE and an error: all is
 * as it was. */
gboolean
kl_sio_tls_reload (KlSioTls *self, GError **error);

/* When the certificate in use ends, in seconds since 1970. */
gint64
kl_sio_tls_get_expiry (KlSioTls *self);

/* Handshakes that were completed, and that were not (garbage, plain HTTP, no common version, gone, too slow). */
guint64
kl_sio_tls_get_n_handshakes (KlSioTls *self);
guint64
kl_sio_tls_get_n_failures (KlSioTls *self);
