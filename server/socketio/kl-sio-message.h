/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/uio.h>

/* The bytes of one packet to clients, made once and shared by all who get it: a WebSocket
 * frame whose payload is at the same time the packet of a polling response. Immutable; counted
 * without atomics: one thread, the listener's. */
typedef struct _KlSioMessage KlSioMessage;

/* An event in namespace "/" with the JSON text of its argument, which is the concatenation of @parts
 * (so that stored bytes can be spliced in: they are copied once, here). */
KlSioMessage *kl_sio_message_new (const char *event, const struct iovec *parts, gsize n_parts);
/* The same of one piece. @length −1: up to the terminating zero. */
KlSioMessage *kl_sio_message_new_json (const char *event, const char *json, gssize length);
/* For another namespace, with any number of arguments: @args_json is what stands between the name and the
 * bracket, as `1,{"a":2}`; NULL: none. @attachments (of GBytes; may be NULL) go behind as binary packets. */
KlSioMessage *kl_sio_message_new_full (const char *nsp, const char *event, const char *args_json, gssize length,
                                       GPtrArray *attachments);

KlSioMessage *kl_sio_message_ref (KlSioMessage *message);
void kl_sio_message_unref (KlSioMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlSioMessage, kl_sio_message_unref)

/* Bytes on a WebSocket. */
gsize kl_sio_message_get_size (const KlSioMessage *message);
