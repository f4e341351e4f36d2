/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "protocol/kl-eio-packet.h"
#include "protocol/kl-sio-packet.h"
#include "server/socketio/kl-sio-message.h"
#include "server/socketio/kl-ws-frame.h"

struct _KlSioMessage
{
  guint ref_count;
  guint frame_length;
  guint8 header_length;
  guint8 opcode; /* KL_WS_TEXT: the payload is a packet; KL_WS_BINARY: the data of a binary MESSAGE */
  guint16 n_attachments;
  KlSioMessage **attachments; /* sent behind this one; owned, with a reference each */
  guint8 frame[];
};

static inline const char *
kl_sio_message_get_payload (const KlSioMessage *self, gsize *length)
{
  *length = self->frame_length - self->header_length;
  return (const char *) self->frame + self->header_length;
}

/* Any WebSocket frame. */
KlSioMessage *kl_sio_message_new_frame (KlWsOpcode opcode, const void *data, gsize length);
/* One Engine.IO packet; DATA may be NULL. BINARY is for KL_EIO_MESSAGE only. */
KlSioMessage *kl_sio_message_new_packet (KlEioType type, gboolean binary, const void *data, gsize length);
/* One Socket.IO packet, with JSON as its whole data (NULL: none). */
KlSioMessage *kl_sio_message_new_sio (KlSioType type, const char *nsp, gint64 ack_id, const char *json, gssize length);
/* EVENT where EVENT is not NULL, else ACK; ARGS_JSON without the brackets. Becomes BINARY_… by attachments. */
KlSioMessage *kl_sio_message_new_args (const char *nsp, gint64 ack_id, const char *event, const char *args_json,
                                       gssize length, GPtrArray *attachments);
/* The body of a close frame. */
KlSioMessage *kl_sio_message_new_close (guint16 code, const char *reason);
