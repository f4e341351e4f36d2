/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <yyjson.h>

#include "protocol/kl-verdict.h"

/* Socket.IO packets, protocol revision 5, for both sides of a connection. Pure:
 * no I/O. Lies inside Engine.IO MESSAGE packets: text is given without the '4'. */

typedef enum
{
  KL_SIO_CONNECT,
  KL_SIO_DISCONNECT,
  KL_SIO_EVENT,
  KL_SIO_ACK,
  KL_SIO_CONNECT_ERROR,
  KL_SIO_BINARY_EVENT,
  KL_SIO_BINARY_ACK,
} KlSioType;

/* No acknowledgement is asked for. */
#define KL_SIO_NO_ACK G_GINT64_CONSTANT (-1)
/* Ids are of the sender's choosing; up to 2^53 − 1 is what JavaScript counts to. */
#define KL_SIO_ACK_MAX G_GINT64_CONSTANT (9007199254740991)
/* Attachments that one packet may have. */
#define KL_SIO_ATTACHMENTS_MAX 64
#define KL_SIO_NAMESPACE_MAX 128

typedef struct
{
  KlSioType type; /* BINARY_EVENT is told as EVENT, BINARY_ACK as ACK, with attachments */
  char *nsp;    /* "/" where the packet names none; without a query string */
  gint64 ack_id; /* of EVENT and ACK; else KL_SIO_NO_ACK */

  /* The data: an object or nothing for CONNECT (NULL), an object for CONNECT_ERROR, nothing for
   * DISCONNECT, an array for EVENT (not empty, a string first) and ACK. */
  yyjson_doc *doc;
  yyjson_val *data;
  /* False where the data is JSON, but breaks a rule of kl-json.h (a key twice, too
   * deep, not in the allowed characters …): readable enough to answer `bad_request`. */
  gboolean json_strict;

  const char *event;  /* EVENT: its name, not to be trusted to have no U+0000: see the length */
  gsize event_length;

  /* In the order of their numbers. Where they belong in @data stands
   * {"_placeholder":true,"num":N}, each number once, checked by the decoder. */
  GPtrArray *attachments; /* of GBytes; NULL where there are none */
} KlSioPacket;

void kl_sio_packet_clear (KlSioPacket *packet);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlSioPacket, kl_sio_packet_clear)

/* EVENT: the arguments after the name. */
static inline gsize
kl_sio_packet_n_args (const KlSioPacket *packet)
{
  return packet->event ? yyjson_arr_size (packet->data) - 1 : 0;
}
/* The only or first argument, or NULL. O(1). */
yyjson_val *kl_sio_packet_first_arg (const KlSioPacket *packet);

/* True where @value is an attachment's placeholder; @num becomes its number. */
gboolean kl_sio_is_placeholder (yyjson_val *value, guint *num);

/* Puts packets together from messages. Zeroed memory is a decoder with
 * the default limits; set max_bytes for another. A decoder that said ERROR is of no further use. */
typedef struct
{
  gsize max_bytes;    /* text and attachments of a packet together; 0: 1 MiB */
  guint max_attachments; /* 0, and at most: KL_SIO_ATTACHMENTS_MAX */

  /* private */
  KlSioPacket *pending;
  guint expected;
  gsize pending_bytes;
} KlSioDecoder;

void kl_sio_decoder_clear (KlSioDecoder *decoder);

/* OK: @packet is filled and the caller's to clear. NEED_MORE: attachments
 * must come first. ERROR: not a packet, a count out of bounds, a placeholder that is missing,
 * twice or out of range, text while attachments are due, an attachment that nobody
 * asked for. Memory before the verdict is bounded by what has really arrived. */
KlVerdict kl_sio_decoder_take_text (KlSioDecoder *decoder, const char *text, gsize length, KlSioPacket *packet);
KlVerdict kl_sio_decoder_take_binary (KlSioDecoder *decoder, const guint8 *bytes, gsize length, KlSioPacket *packet);

/* Appends the text of a packet (without the '4'). @nsp NULL or "/": none is written.
 * @n_attachments is written where @type is a BINARY_ one. @json (may be NULL) is appended
 * as it is: the whole data, brackets included. */
void kl_sio_packet_append (GString *text, KlSioType type, const char *nsp, guint n_attachments, gint64 ack_id,
                           const char *json, gssize length);

/* Appends an EVENT with its name and the JSON of one argument (NULL: no argument). */
void kl_sio_event_append (GString *text, const char *nsp, gint64 ack_id, const char *event, const char *arg_json,
                          gssize length);
