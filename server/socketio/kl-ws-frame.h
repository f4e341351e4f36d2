/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WebSocket framing (RFC 6455), the server's side. Pure: bytes in, verdict out. No extension is spoken. */
#pragma once

#include <glib.h>

#include "protocol/kl-utf8.h"
#include "protocol/kl-verdict.h"

typedef enum
{
  KL_WS_CONTINUATION = 0x0,
  KL_WS_TEXT = 0x1,
  KL_WS_BINARY = 0x2,
  KL_WS_CLOSE = 0x8,
  KL_WS_PING = 0x9,
  KL_WS_PONG = 0xa,
} KlWsOpcode;

/* Close codes (RFC 6455, 7.4.1). */
typedef enum
{
  KL_WS_CODE_NORMAL = 1000,
  KL_WS_CODE_GOING_AWAY = 1001,
  KL_WS_CODE_PROTOCOL_ERROR = 1002,
  KL_WS_CODE_NONE = 1005, /* never on the wire: the close frame had no code */
  KL_WS_CODE_INVALID_TEXT = 1007,
  KL_WS_CODE_POLICY = 1008,
  KL_WS_CODE_TOO_LARGE = 1009,
} KlWsCode;

#define KL_WS_CONTROL_MAX 125
/* The longest header that a server writes; clients' have four bytes of mask more. */
#define KL_WS_HEADER_MAX 10

/* A message, or a control frame between the frames of one. */
typedef struct
{
  KlWsOpcode opcode; /* not KL_WS_CONTINUATION */
  const guint8 *data; /* of KL_WS_CLOSE: the reason */
  gsize length;
  guint16 code; /* of KL_WS_CLOSE */
} KlWsMessage;

/* Zeroed memory with max_message_bytes set is a parser at the beginning of a connection. Holds
 * a buffer only while a message is incomplete. */
typedef struct
{
  gsize max_message_bytes;
  guint16 error_code; /* after KL_VERDICT_ERROR: the code to close with */

  /* private */
  KlUtf8State utf8;
  guint8 opcode;         /* of the frame that is being read; 0x80: none */
  guint8 message_opcode; /* of the message whose frames are being read; 0: none */
  guint8 header[14];
  guint8 n_header;
  guint8 fin;
  guint8 mask[4];
  guint32 mask_at;
  guint8 in_frame;
  guint64 frame_left;
  guint8 *buffer;  /* what came of an incomplete message */
  gsize n_buffer;
  gsize buffer_size;
  guint8 *control; /* what came of an incomplete control frame; KL_WS_CONTROL_MAX bytes */
  guint8 n_control;
  guint8 delivered; /* BUFFER was lent out with the last verdict */
} KlWsParser;

/* Takes bytes at *BYTES, which it unmasks in place, and moves *BYTES behind those that it is done with.
 *
 * OK: *MESSAGE is filled; its data lies in the given bytes or in the parser and lives until the next call.
 * NEED_MORE: all bytes are taken.
 * ERROR: the connection cannot go on; see error_code. Text is told to be wrong as soon as its first wrong byte is
 * there, a length over max_message_bytes as soon as it is announced. Nothing is allocated for what has not come. */
KlVerdict kl_ws_parser_next (KlWsParser *parser, guint8 **bytes, gsize *length, KlWsMessage *message);

void kl_ws_parser_clear (KlWsParser *parser);

/* Bytes that it holds of an incomplete message. */
static inline gsize
kl_ws_parser_get_held_bytes (const KlWsParser *parser)
{
  return parser->buffer_size;
}

/* Writes the header of a final, unmasked frame and returns its length. HEADER has KL_WS_HEADER_MAX bytes. */
gsize kl_ws_header_write (guint8 *header, KlWsOpcode opcode, gsize payload_length);

/* May CODE stand in a close frame? */
gboolean kl_ws_code_is_valid (guint16 code);
