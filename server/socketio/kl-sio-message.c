/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A frame's header depends on the length of what follows, so every message is measured first, then written once. */
#include "server/socketio/kl-sio-message-private.h"

#include <string.h>

#include "protocol/kl-json.h"

/* A message with room for LENGTH bytes of payload at *PAYLOAD. */
static KlSioMessage *
message_alloc (KlWsOpcode opcode, gsize length, char **payload)
{
  guint8 header[KL_WS_HEADER_MAX];
  gsize header_length = kl_ws_header_write (header, opcode, length);
  KlSioMessage *self = g_malloc (sizeof *self + header_length + length);

  self->ref_count = 1;
  self->frame_length = (guint) (header_length + length);
  self->header_length = (guint8) header_length;
  self->opcode = (guint8) opcode;
  self->n_attachments = 0;
  self->attachments = NULL;
  memcpy (self->frame, header, header_length);
  *payload = (char *) self->frame + header_length;

  return self;
}

static char *
put (char *at, const void *bytes, gsize length)
{
  if (length > 0)
    memcpy (at, bytes, length);
  return at + length;
}

KlSioMessage *
kl_sio_message_new_frame (KlWsOpcode opcode, const void *data, gsize length)
{
  char *payload;
  KlSioMessage *self = message_alloc (opcode, length, &payload);

  put (payload, data, length);
  return self;
}

KlSioMessage *
kl_sio_message_new_packet (KlEioType type, gboolean binary, const void *data, gsize length)
{
  KlSioMessage *self;
  char *payload;

  if (binary)
    return kl_sio_message_new_frame (KL_WS_BINARY, data, length);

  self = message_alloc (KL_WS_TEXT, 1 + length, &payload);
  *payload++ = (char) ('0' + type);
  put (payload, data, length);

  return self;
}

KlSioMessage *
kl_sio_message_new_close (guint16 code, const char *reason)
{
  guint8 body[KL_WS_CONTROL_MAX];
  gsize length = MIN (strlen (reason), sizeof body - 2);

  body[0] = (guint8) (code >> 8);
  body[1] = (guint8) code;
  memcpy (body + 2, reason, length);

  return kl_sio_message_new_frame (KL_WS_CLOSE, body, code == KL_WS_CODE_NONE ? 0 : 2 + length);
}

/* HEAD, PARTS, TAIL after the '4' of an Engine.IO MESSAGE. */
static KlSioMessage *
message_join (const GString *head, const struct iovec *parts, gsize n_parts, const char *tail)
{
  gsize tail_length = strlen (tail), length = 1 + head->len + tail_length;
  KlSioMessage *self;
  char *at;

  for (gsize i = 0; i < n_parts; i++)
    length += parts[i].iov_len;

  self = message_alloc (KL_WS_TEXT, length, &at);
  *at++ = '0' + KL_EIO_MESSAGE;
  at = put (at, head->str, head->len);
  for (gsize i = 0; i < n_parts; i++)
    at = put (at, parts[i].iov_base, parts[i].iov_len);
  put (at, tail, tail_length);

  return self;
}

static void
append_name (GString *head, const char *event)
{
  KlJsonWriter writer;

  kl_json_writer_init_on (&writer, head);
  kl_json_string (&writer, event, -1);
}

KlSioMessage *
kl_sio_message_new_sio (KlSioType type, const char *nsp, gint64 ack_id, const char *json, gssize length)
{
  g_autoptr (GString) head = g_string_sized_new (64);
  struct iovec part = { (char *) json, json ? (length < 0 ? strlen (json) : (gsize) length) : 0 };

  kl_sio_packet_append (head, type, nsp, 0, ack_id, NULL, 0);

  return message_join (head, &part, 1, "");
}

KlSioMessage *
kl_sio_message_new_args (const char *nsp, gint64 ack_id, const char *event, const char *args_json, gssize length,
                         GPtrArray *attachments)
{
  g_autoptr (GString) head = g_string_sized_new (128);
  struct iovec part = { (char *) args_json, args_json ? (length < 0 ? strlen (args_json) : (gsize) length) : 0 };
  guint n_attachments = attachments ? attachments->len : 0;
  KlSioType type;
  KlSioMessage *self;

  if (n_attachments > 0)
    type = event ? KL_SIO_BINARY_EVENT : KL_SIO_BINARY_ACK;
  else
    type = event ? KL_SIO_EVENT : KL_SIO_ACK;
  kl_sio_packet_append (head, type, nsp, n_attachments, ack_id, "[", 1);
  if (event)
    append_name (head, event);
  if (event && part.iov_len > 0)
    g_string_append_c (head, ',');
  self = message_join (head, &part, 1, "]");

  if (n_attachments > 0)
    {
      self->n_attachments = (guint16) n_attachments;
      self->attachments = g_new (KlSioMessage *, n_attachments);
      for (guint i = 0; i < n_attachments; i++)
        {
          gsize size;
          const void *data = g_bytes_get_data (g_ptr_array_index (attachments, i), &size);

          self->attachments[i] = kl_sio_message_new_frame (KL_WS_BINARY, data, size);
        }
    }

  return self;
}

KlSioMessage *
kl_sio_message_new (const char *event, const struct iovec *parts, gsize n_parts)
{
  g_autoptr (GString) head = g_string_sized_new (64);

  kl_sio_packet_append (head, KL_SIO_EVENT, NULL, 0, KL_SIO_NO_ACK, "[", 1);
  append_name (head, event);
  g_string_append_c (head, ',');

  return message_join (head, parts, n_parts, "]");
}

KlSioMessage *
kl_sio_message_new_json (const char *event, const char *json, gssize length)
{
  return kl_sio_message_new_args (NULL, KL_SIO_NO_ACK, event, json, length, NULL);
}

KlSioMessage *
kl_sio_message_new_full (const char *nsp, const char *event, const char *args_json, gssize length,
                         GPtrArray *attachments)
{
  return kl_sio_message_new_args (nsp, KL_SIO_NO_ACK, event, args_json, length, attachments);
}

KlSioMessage *
kl_sio_message_ref (KlSioMessage *self)
{
  self->ref_count++;
  return self;
}

void
kl_sio_message_unref (KlSioMessage *self)
{
  if (--self->ref_count > 0)
    return;

  for (guint i = 0; i < self->n_attachments; i++)
    kl_sio_message_unref (self->attachments[i]);
  g_free (self->attachments);
  g_free (self);
}

gsize
kl_sio_message_get_size (const KlSioMessage *self)
{
  gsize size = self->frame_length;

  for (guint i = 0; i < self->n_attachments; i++)
    size += self->attachments[i]->frame_length;

  return size;
}
