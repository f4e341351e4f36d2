/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/socketio/kl-sio-listener.h"

#define KL_SIO_ADDRESS_SIZE 46

/* Who may speak for others. */
typedef struct _KlSioProxies KlSioProxies;

/* ADDRESSES: addresses and CIDR blocks, NULL-terminated; may be NULL. NULL and an error where one is neither. */
KlSioProxies *kl_sio_proxies_new (const char *const *addresses, GError **error);
void kl_sio_proxies_free (KlSioProxies *self);

/* Writes ADDRESS, which may be of no family known here ("" then), in numbers, IPv4-mapped IPv6 as IPv4. */
void kl_sio_address_from_socket (GSocketAddress *address, char text[KL_SIO_ADDRESS_SIZE]);
gboolean kl_sio_proxies_trust (KlSioProxies *self, const char *address);

/* What HEADERS say of a request that came from REMOTE, as far as it is believed. */
void kl_sio_proxies_judge (KlSioProxies *self, GSocketAddress *remote, SoupMessageHeaders *headers, KlSioPeer *peer);
