/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Most messages come as one whole frame in one read: they are unmasked where they lie and lent out without a
 * copy. Only what is cut, by fragments or by the read, is gathered in a buffer that grows with what has come. */
#include "server/socketio/kl-ws-frame.h"

#include <string.h>

#define FIN 0x80
#define RESERVED_BITS 0x70
#define OPCODE 0x0f
#define MASKED 0x80
#define LENGTH 0x7f
#define LENGTH_16 126
#define LENGTH_64 127

#define BUFFER_MIN_BYTES 512

static KlVerdict
fail (KlWsParser *self, KlWsCode code)
{
  self->error_code = (guint16) code;
  return KL_VERDICT_ERROR;
}

static gboolean
is_control (guint8 opcode)
{
  return (opcode & 0x8) != 0;
}

static void
unmask (KlWsParser *self, guint8 *bytes, gsize length)
{
  guint8 mask[8];
  guint64 wide, eight;
  gsize i = 0;

  for (guint k = 0; k < 8; k++)
    mask[k] = self->mask[(self->mask_at + k) % 4];
  memcpy (&wide, mask, 8);
  for (; i + 8 <= length; i += 8)
    {
      memcpy (&eight, bytes + i, 8);
      eight ^= wide;
      memcpy (bytes + i, &eight, 8);
    }
  for (; i < length; i++)
    bytes[i] ^= mask[i % 8];
  self->mask_at = (guint32) ((self->mask_at + length) % 4);
}

/* How long the header is that begins with these bytes; 0: not known yet. */
static gsize
header_length (const guint8 *header, gsize n)
{
  gsize length = 2;

  if (n < 2)
    return 0;
  if ((header[1] & LENGTH) == LENGTH_16)
    length += 2;
  else if ((header[1] & LENGTH) == LENGTH_64)
    length += 8;

  return length + 4;
}

/* The first two bytes tell most of what can be wrong; nothing further is waited for then. */
static KlVerdict
check_start (KlWsParser *self)
{
  guint8 opcode = self->header[0] & OPCODE;
  gboolean fin = (self->header[0] & FIN) != 0;
  guint8 short_length;

  if (self->header[0] & RESERVED_BITS)
    return fail (self, KL_WS_CODE_PROTOCOL_ERROR);
  if (opcode > KL_WS_PONG || (opcode > KL_WS_BINARY && opcode < KL_WS_CLOSE))
    return fail (self, KL_WS_CODE_PROTOCOL_ERROR);
  if (is_control (opcode) && !fin)
    return fail (self, KL_WS_CODE_PROTOCOL_ERROR);
  if (!is_control (opcode) && (opcode == KL_WS_CONTINUATION) != (self->message_opcode != 0))
    return fail (self, KL_WS_CODE_PROTOCOL_ERROR);
  if (self->n_header < 2)
    return KL_VERDICT_NEED_MORE;

  short_length = self->header[1] & LENGTH;
  if (!(self->header[1] & MASKED))
    return fail (self, KL_WS_CODE_PROTOCOL_ERROR);
  if (is_control (opcode) && short_length > KL_WS_CONTROL_MAX)
    return fail (self, KL_WS_CODE_PROTOCOL_ERROR);

  return KL_VERDICT_OK;
}

static KlVerdict
begin_frame (KlWsParser *self)
{
  guint8 short_length = self->header[1] & LENGTH;
  guint8 opcode = self->header[0] & OPCODE;
  guint64 length = short_length;
  const guint8 *mask = self->header + 2;

  if (short_length == LENGTH_16)
    {
      length = (guint64) self->header[2] << 8 | self->header[3];
      mask += 2;
      if (length < LENGTH_16)
        return fail (self, KL_WS_CODE_PROTOCOL_ERROR);
    }
  else if (short_length == LENGTH_64)
    {
      length = 0;
      for (guint i = 2; i < 10; i++)
        length = length << 8 | self->header[i];
      mask += 8;
      if (length <= G_MAXUINT16 || length > G_MAXINT64)
        return fail (self, KL_WS_CODE_PROTOCOL_ERROR);
    }

  if (!is_control (opcode))
    {
      if (length > self->max_message_bytes - self->n_buffer)
        return fail (self, KL_WS_CODE_TOO_LARGE);
      if (opcode != KL_WS_CONTINUATION)
        {
          self->message_opcode = opcode;
          self->utf8 = 0;
        }
    }

  memcpy (self->mask, mask, 4);
  self->mask_at = 0;
  self->opcode = opcode;
  self->fin = (self->header[0] & FIN) != 0;
  self->frame_left = length;
  self->in_frame = TRUE;
  self->n_header = 0;

  return KL_VERDICT_OK;
}

/* Takes bytes until a header is whole. */
static KlVerdict
read_header (KlWsParser *self, guint8 **bytes, gsize *length)
{
  while (*length > 0)
    {
      self->header[self->n_header++] = **bytes;
      (*bytes)++;
      (*length)--;

      if (self->n_header <= 2 && check_start (self) == KL_VERDICT_ERROR)
        return KL_VERDICT_ERROR;
      if (self->n_header == header_length (self->header, self->n_header))
        return begin_frame (self);
    }

  return KL_VERDICT_NEED_MORE;
}

static void
append (KlWsParser *self, const guint8 *bytes, gsize length)
{
  if (length == 0)
    return;

  if (self->n_buffer + length > self->buffer_size)
    {
      self->buffer_size = MAX (MAX (BUFFER_MIN_BYTES, self->n_buffer + length), self->buffer_size * 2);
      self->buffer_size = MIN (self->buffer_size, MAX (self->max_message_bytes, self->n_buffer + length));
      self->buffer = g_realloc (self->buffer, self->buffer_size);
    }
  memcpy (self->buffer + self->n_buffer, bytes, length);
  self->n_buffer += length;
}

static KlVerdict
finish_control (KlWsParser *self, const guint8 *data, gsize length, KlWsMessage *message)
{
  message->opcode = (KlWsOpcode) self->opcode;
  message->data = data;
  message->length = length;
  message->code = 0;
  if (self->opcode != KL_WS_CLOSE)
    return KL_VERDICT_OK;

  if (length == 0)
    {
      message->code = KL_WS_CODE_NONE;
      return KL_VERDICT_OK;
    }
  if (length == 1)
    return fail (self, KL_WS_CODE_PROTOCOL_ERROR);

  message->code = (guint16) (data[0] << 8 | data[1]);
  message->data = data + 2;
  message->length = length - 2;
  if (!kl_ws_code_is_valid (message->code))
    return fail (self, KL_WS_CODE_PROTOCOL_ERROR);
  if (!kl_utf8_check (message->data, message->length))
    return fail (self, KL_WS_CODE_INVALID_TEXT);

  return KL_VERDICT_OK;
}

static KlVerdict
read_control (KlWsParser *self, guint8 *data, gsize length, KlWsMessage *message)
{
  if (self->frame_left == 0 && !self->control)
    return finish_control (self, data, length, message);

  if (!self->control)
    self->control = g_malloc (KL_WS_CONTROL_MAX);
  if (length > 0)
    memcpy (self->control + self->n_control, data, length);
  self->n_control += (guint8) length;

  return self->frame_left == 0 ? finish_control (self, self->control, self->n_control, message) : KL_VERDICT_NEED_MORE;
}

static KlVerdict
read_data (KlWsParser *self, guint8 *data, gsize length, KlWsMessage *message)
{
  gboolean last = self->fin && self->frame_left == 0;

  if (self->message_opcode == KL_WS_TEXT &&
      (!kl_utf8_check_piece (&self->utf8, data, length) || (last && self->utf8 != 0)))
    return fail (self, KL_WS_CODE_INVALID_TEXT);

  if (last && self->n_buffer == 0)
    {
      message->data = data;
      message->length = length;
    }
  else
    {
      append (self, data, length);
      if (!last)
        return KL_VERDICT_NEED_MORE;
      message->data = self->buffer;
      message->length = self->n_buffer;
      self->delivered = TRUE;
    }

  message->opcode = (KlWsOpcode) self->message_opcode;
  message->code = 0;
  self->message_opcode = 0;

  return KL_VERDICT_OK;
}

/* Gives back what the last verdict lent out. */
static void
drop_delivered (KlWsParser *self)
{
  if (self->delivered)
    {
      g_clear_pointer (&self->buffer, g_free);
      self->n_buffer = self->buffer_size = 0;
      self->delivered = FALSE;
    }
  if (self->control && !self->in_frame)
    {
      g_clear_pointer (&self->control, g_free);
      self->n_control = 0;
    }
}

KlVerdict
kl_ws_parser_next (KlWsParser *self, guint8 **bytes, gsize *length, KlWsMessage *message)
{
  KlVerdict verdict;
  guint8 *data;
  gsize n;

  drop_delivered (self);
  for (;;)
    {
      if (!self->in_frame)
        {
          verdict = read_header (self, bytes, length);
          if (verdict != KL_VERDICT_OK)
            return verdict;
        }

      n = (gsize) MIN (*length, self->frame_left);
      if (n == 0 && self->frame_left > 0)
        return KL_VERDICT_NEED_MORE;
      data = *bytes;
      unmask (self, data, n);
      *bytes += n;
      *length -= n;
      self->frame_left -= n;
      self->in_frame = self->frame_left > 0;

      verdict = is_control (self->opcode) ? read_control (self, data, n, message) : read_data (self, data, n, message);
      if (verdict != KL_VERDICT_NEED_MORE)
        return verdict;
    }
}

void
kl_ws_parser_clear (KlWsParser *self)
{
  g_clear_pointer (&self->buffer, g_free);
  g_clear_pointer (&self->control, g_free);
  self->n_buffer = self->buffer_size = 0;
}

gsize
kl_ws_header_write (guint8 *header, KlWsOpcode opcode, gsize payload_length)
{
  header[0] = (guint8) (FIN | opcode);
  if (payload_length < LENGTH_16)
    {
      header[1] = (guint8) payload_length;
      return 2;
    }
  if (payload_length <= G_MAXUINT16)
    {
      header[1] = LENGTH_16;
      header[2] = (guint8) (payload_length >> 8);
      header[3] = (guint8) payload_length;
      return 4;
    }

  header[1] = LENGTH_64;
  for (guint i = 0; i < 8; i++)
    header[2 + i] = (guint8) ((guint64) payload_length >> (56 - 8 * i));
  return 10;
}

gboolean
kl_ws_code_is_valid (guint16 code)
{
  if (code >= 3000)
    return code <= 4999;

  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}
