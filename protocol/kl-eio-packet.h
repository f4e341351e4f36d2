/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "protocol/kl-verdict.h"

/* Engine.IO packets, protocol revision 4, for both sides of a connection.
 * Pure: no I/O, no state but the caller's. What is returned points into the
 * caller's bytes, except where a scratch array is named.
 *
 * On a WebSocket, a text message is one packet, '0' to '6' and its data, and
 * a binary message is the data of one binary MESSAGE. In polling, a body is one
 * or more packets with U+001E between, and 'b' and base64 is a binary MESSAGE. */

#define KL_EIO_PROTOCOL_VERSION 4
#define KL_EIO_SEPARATOR '\x1e'

typedef enum
{
  KL_EIO_OPEN,
  KL_EIO_CLOSE,
  KL_EIO_PING,
  KL_EIO_PONG,
  KL_EIO_MESSAGE,
  KL_EIO_UPGRADE,
  KL_EIO_NOOP,
} KlEioType;

typedef struct
{
  KlEioType type;
  gboolean binary; /* only of a MESSAGE */
  const char *data; /* not terminated; UTF-8 unless binary is set: parsing checks it */
  gsize length;
} KlEioPacket;

/* Reads the text message of a WebSocket. Never KL_VERDICT_NEED_MORE. @text was
 * found to be UTF-8 by the frame parser, and is not checked again. */
KlVerdict kl_eio_packet_parse (const char *text, gsize length, KlEioPacket *packet);

/* Walks through the body of a polling request or response. */
typedef struct
{
  const char *at;
  const char *end;
} KlEioPayloadReader;

/* @body must outlive the reader. An empty body is an error at the first step. */
void kl_eio_payload_reader_init (KlEioPayloadReader *reader, const char *body, gsize length);

/* OK: @packet is the next one; NEED_MORE: there is no further one; ERROR: no
 * packet, not UTF-8 or not base64. The data of a binary packet lies in
 * @scratch until the next call. */
KlVerdict kl_eio_payload_reader_next (KlEioPayloadReader *reader, KlEioPacket *packet, GByteArray *scratch);

/* The handshake: the data of an OPEN packet. */
typedef struct
{
  char sid[65];
  gboolean upgrade_to_websocket;
  guint ping_interval_ms;
  guint ping_timeout_ms;
  gsize max_payload_bytes;
} KlEioOpen;

/* Appends the whole packet, '0' included. */
void kl_eio_open_append (const KlEioOpen *open, GString *text);

/* Reads the data of an OPEN packet (without '0'), as a client. FALSE where a member is
 * missing or of a wrong type. */
gboolean kl_eio_open_parse (const char *json, gsize length, KlEioOpen *open);
