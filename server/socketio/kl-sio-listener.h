/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include "server/socketio/kl-sio-tls.h"

/* Accepts connections for a SoupServer and keeps strangers cheap.
 *
 * libsoup has neither a deadline for a slow header nor a backlog to speak of, so the listener
 * accepts itself: it counts connections by address, keeps a spare descriptor for
 * the day when there is none left, and closes a connection whose request is not complete in time, however
 * slowly its bytes drip. What passes is libsoup's: add REST routes and pages to kl_sio_listener_get_soup().
 *
 * One thread: the one whose thread-default main context was current in kl_sio_listener_new(). */

typedef struct
{
  guint backlog;               /* 0: 4096 */
  guint request_timeout_ms;    /* from accept (later: from a request's first byte) to its end; 0: none */
  guint idle_timeout_ms;       /* a kept-alive connection without a request; 0: 10,000 */
  guint response_timeout_ms;   /* a response of which the client takes not a byte; 0: 30,000 */
  guint connections_unsigned;  /* for each address (IPv6: a /64) that has not signed in; 0: any number */
  const char *const *trusted_proxies; /* addresses and CIDR blocks whose X-Forwarded-* count; may be NULL */
  KlSioTls *tls;               /* what all connections speak; NULL: none */
} KlSioListenerConfig;

#define KL_TYPE_SIO_LISTENER (kl_sio_listener_get_type ())
G_DECLARE_FINAL_TYPE (KlSioListener, kl_sio_listener, KL, SIO_LISTENER, GObject)

/* NULL and an error where a trusted proxy is not an address. */
KlSioListener *kl_sio_listener_new (const KlSioListenerConfig *config, GError **error);

/* The server that speaks HTTP on what is accepted. Borrowed. */
SoupServer *kl_sio_listener_get_soup (KlSioListener *self);

/* Listens on "ADDR:PORT" or "[ADDR]:PORT" (port 0: any; a host name is resolved at once).
 * Errors: G_IO_ERROR, with a sentence for people, as G_IO_ERROR_ADDRESS_IN_USE. */
gboolean kl_sio_listener_listen (KlSioListener *self, const char *address, GError **error);

/* What it listens on, as "ADDR:PORT" ("[ADDR]:PORT" for IPv6); NULL before. */
const char *kl_sio_listener_get_address (KlSioListener *self);
guint16 kl_sio_listener_get_port (KlSioListener *self);

/* Stops accepting; what was accepted goes on. */
void kl_sio_listener_stop (KlSioListener *self);
/* Stops accepting and closes all HTTP connections. */
void kl_sio_listener_close (KlSioListener *self);

/* Requests that are allowed to take longer than request_timeout_ms (uploads): call it from "got-headers"; 0: no end. */
void kl_sio_listener_extend (KlSioListener *self, SoupServerMessage *message, guint timeout_ms);
/* The connection that @message came on belongs to somebody who is signed in: it no
 * longer counts for its address. */
void kl_sio_listener_set_signed_in (KlSioListener *self, SoupServerMessage *message);

/* Who sent a request, seen through trusted proxies: from the right, the first hop that is not one. */
typedef struct
{
  char address[46]; /* numeric, IPv4-mapped IPv6 as IPv4; "" where unknown */
  gboolean https;   /* the listener speaks TLS, or a trusted proxy says that its client does */
  gboolean proxied; /* a trusted proxy has brought it */
  gboolean loopback; /* of the peer itself */
  gboolean forwarded; /* carries a forwarding header (Forwarded, X-Forwarded-*, X-Real-IP, Via), trusted or not */
} KlSioPeer;

void kl_sio_listener_get_peer (KlSioListener *self, SoupServerMessage *message, KlSioPeer *peer);

/* The host that the request was for: what a trusted proxy says (X-Forwarded-Host, or host= of Forwarded), else
 * Host; NULL: neither. */
char *kl_sio_peer_dup_host (const KlSioPeer *peer, SoupMessageHeaders *headers);

/* Refuses a body that is over @max_bytes before it is read: call it from an early handler (or "got-headers"). FALSE:
 * Content-Length says too much, and the answer, 413 with @json, is on its way already; without a Content-Length, bytes
 * are counted as they come. */
gboolean kl_sio_listener_limit_body (KlSioListener *self, SoupServerMessage *message, gsize max_bytes, const char *json);

/* The key that limits count by: an IPv4 address, or the /64 of an IPv6 one. @key has 46 bytes. */
void kl_sio_address_key (const char *address, char *key);
