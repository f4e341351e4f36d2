/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of a packet is
 *
 *   type [ attachments '-' ] [ '/' namespace ',' ] [ acknowledgement id ] [ JSON ]
 *
 * Everything before the JSON is read by hand, with bounds on every number; the JSON by yyjson. */
#include "protocol/kl-sio-packet.h"

#include <string.h>

#include "protocol/kl-json.h"

#define DEFAULT_MAX_BYTES (1024 * 1024)

/* Digits of the largest numbers that are looked at. */
#define COUNT_DIGITS_MAX 4
#define ACK_DIGITS_MAX 16

typedef struct
{
  const char *at;
  const char *end;
} Cursor;

/* Reads the digits at the cursor. -1: there are none, or too many. */
static gint64
read_number (Cursor *cursor, guint max_digits)
{
  gint64 number = 0;
  guint n = 0;

  for (; cursor->at < cursor->end && g_ascii_isdigit (*cursor->at); cursor->at++)
    {
      if (++n > max_digits)
        return -1;
      number = number * 10 + (*cursor->at - '0');
    }

  return n > 0 ? number : -1;
}

static gboolean
read_type (Cursor *cursor, const KlSioDecoder *decoder, KlSioType *type, guint *n_attachments)
{
  guint max = decoder->max_attachments ? MIN (decoder->max_attachments, KL_SIO_ATTACHMENTS_MAX) : KL_SIO_ATTACHMENTS_MAX;
  gint64 count = 0;

  if (cursor->at == cursor->end || *cursor->at < '0' || *cursor->at > '6')
    return FALSE;

  *type = (KlSioType) (*cursor->at++ - '0');
  if (*type == KL_SIO_BINARY_EVENT || *type == KL_SIO_BINARY_ACK)
    {
      count = read_number (cursor, COUNT_DIGITS_MAX);
      if (count < 0 || count > max || cursor->at == cursor->end || *cursor->at++ != '-')
        return FALSE;
    }
  *n_attachments = (guint) count;

  return TRUE;
}

/* "/name?query," is read as "/name"; the comma may be missing at the very end. NULL: too long or not printable. */
static char *
read_namespace (Cursor *cursor)
{
  const char *start = cursor->at, *comma, *query;
  gsize length;

  if (cursor->at == cursor->end || *cursor->at != '/')
    return g_strdup ("/");

  comma = memchr (start, ',', (gsize) (cursor->end - start));
  length = (gsize) ((comma ? comma : cursor->end) - start);
  if (length > KL_SIO_NAMESPACE_MAX || memchr (start, 0, length))
    return NULL;
  cursor->at = comma ? comma + 1 : cursor->end;
  query = memchr (start, '?', length);

  return g_strndup (start, query ? (gsize) (query - start) : length);
}

/* What each type may carry as data. The name of an event may not be empty of type, only of letters. */
static gboolean
has_right_shape (KlSioType type, yyjson_val *data)
{
  switch (type)
    {
    case KL_SIO_CONNECT:
      return !data || yyjson_is_obj (data);
    case KL_SIO_DISCONNECT:
      return !data;
    case KL_SIO_EVENT:
    case KL_SIO_BINARY_EVENT:
      return yyjson_is_str (yyjson_arr_get_first (data));
    case KL_SIO_ACK:
    case KL_SIO_BINARY_ACK:
      return yyjson_is_arr (data);
    case KL_SIO_CONNECT_ERROR:
      return yyjson_is_obj (data) || yyjson_is_str (data);
    default:
      return FALSE;
    }
}

static gboolean
is_strict (yyjson_val *data)
{
  yyjson_arr_iter iter;
  yyjson_val *item;

  if (!yyjson_is_arr (data))
    return !data || kl_json_check (data) == KL_JSON_OK;

  /* Each argument counts its depth by itself. */
  iter = yyjson_arr_iter_with (data);
  while ((item = yyjson_arr_iter_next (&iter)))
    if (kl_json_check (item) != KL_JSON_OK)
      return FALSE;

  return TRUE;
}

/* Where a string was refused: half of a surrogate pair, escaped, is JSON by its grammar, but no text. Such a packet is
 * read with U+FFFD in place of all surrogates, and told as not strict: its sender gets an answer and keeps the connection. */
static yyjson_doc *
read_without_surrogates (const char *json, gsize length)
{
  g_autofree char *copy = g_memdup2 (json, length);

  for (gsize i = 0; i + 6 <= length; i++)
    {
      if (copy[i] != '\\')
        continue;
      if (copy[i + 1] == 'u' && g_ascii_tolower (copy[i + 2]) == 'd' && g_ascii_xdigit_value (copy[i + 3]) >= 8)
        memcpy (copy + i + 2, "fffd", 4);
      i++;
    }

  return yyjson_read_opts (copy, length, YYJSON_READ_BIGNUM_AS_RAW, NULL, NULL);
}

static gboolean
read_data (Cursor *cursor, KlSioPacket *packet)
{
  gsize length = (gsize) (cursor->end - cursor->at);
  yyjson_read_err error;

  packet->json_strict = TRUE;
  if (length == 0)
    return TRUE;

  /* Without YYJSON_READ_INSITU the input is not written to. */
  packet->doc = yyjson_read_opts ((char *) cursor->at, length, YYJSON_READ_BIGNUM_AS_RAW, NULL, &error);
  if (!packet->doc && error.code == YYJSON_READ_ERROR_INVALID_STRING)
    {
      packet->json_strict = FALSE;
      packet->doc = read_without_surrogates (cursor->at, length);
    }
  packet->data = yyjson_doc_get_root (packet->doc);
  if (packet->data && packet->json_strict)
    packet->json_strict = is_strict (packet->data);

  return packet->doc != NULL;
}

/* Fills PACKET, which is clear, from its text. */
static gboolean
read_packet (const KlSioDecoder *decoder, const char *text, gsize length, KlSioPacket *packet, guint *n_attachments)
{
  Cursor cursor = { text, text + length };
  gboolean may_have_id;

  packet->ack_id = KL_SIO_NO_ACK;
  if (!read_type (&cursor, decoder, &packet->type, n_attachments))
    return FALSE;

  packet->nsp = read_namespace (&cursor);
  if (!packet->nsp)
    return FALSE;

  may_have_id = packet->type != KL_SIO_CONNECT && packet->type != KL_SIO_DISCONNECT &&
                packet->type != KL_SIO_CONNECT_ERROR;
  if (may_have_id && cursor.at < cursor.end && g_ascii_isdigit (*cursor.at))
    {
      packet->ack_id = read_number (&cursor, ACK_DIGITS_MAX);
      if (packet->ack_id < 0 || packet->ack_id > KL_SIO_ACK_MAX)
        return FALSE;
    }

  if (!read_data (&cursor, packet) || !has_right_shape (packet->type, packet->data))
    return FALSE;

  if (packet->type == KL_SIO_BINARY_EVENT)
    packet->type = KL_SIO_EVENT;
  if (packet->type == KL_SIO_BINARY_ACK)
    packet->type = KL_SIO_ACK;
  if (packet->type == KL_SIO_ACK && packet->ack_id == KL_SIO_NO_ACK)
    return FALSE;

  if (packet->type == KL_SIO_EVENT)
    {
      yyjson_val *name = yyjson_arr_get_first (packet->data);

      packet->event = yyjson_get_str (name);
      packet->event_length = yyjson_get_len (name);
    }

  return TRUE;
}

gboolean
kl_sio_is_placeholder (yyjson_val *value, guint *num)
{
  yyjson_val *number;

  if (!yyjson_is_obj (value) || !yyjson_is_true (yyjson_obj_get (value, "_placeholder")))
    return FALSE;

  number = yyjson_obj_get (value, "num");
  *num = yyjson_is_uint (number) && yyjson_get_uint (number) < G_MAXUINT ? (guint) yyjson_get_uint (number) : G_MAXUINT;

  return TRUE;
}

/* Every number below N_ATTACHMENTS stands in exactly one placeholder. Walks the document's values in their order in
 * memory, which needs no recursion. */
static gboolean
placeholders_match (yyjson_doc *doc, guint n_attachments)
{
  guint64 seen[(KL_SIO_ATTACHMENTS_MAX + 63) / 64] = { 0 };
  yyjson_val *value = yyjson_doc_get_root (doc);
  gsize n_values = yyjson_doc_get_val_count (doc);
  guint num, found = 0;

  for (gsize i = 0; i < n_values; i++, value++)
    {
      if (!kl_sio_is_placeholder (value, &num))
        continue;
      if (num >= n_attachments || seen[num / 64] >> (num % 64) & 1)
        return FALSE;
      seen[num / 64] |= G_GUINT64_CONSTANT (1) << (num % 64);
      found++;
    }

  return found == n_attachments;
}

void
kl_sio_packet_clear (KlSioPacket *packet)
{
  g_clear_pointer (&packet->nsp, g_free);
  g_clear_pointer (&packet->doc, yyjson_doc_free);
  g_clear_pointer (&packet->attachments, g_ptr_array_unref);
  memset (packet, 0, sizeof *packet);
}

yyjson_val *
kl_sio_packet_first_arg (const KlSioPacket *packet)
{
  return packet->event ? yyjson_arr_get (packet->data, 1) : NULL;
}

/* ── The decoder ── */

void
kl_sio_decoder_clear (KlSioDecoder *decoder)
{
  if (decoder->pending)
    kl_sio_packet_clear (decoder->pending);
  g_clear_pointer (&decoder->pending, g_free);
  decoder->expected = 0;
  decoder->pending_bytes = 0;
}

static gsize
get_max_bytes (const KlSioDecoder *decoder)
{
  return decoder->max_bytes ? decoder->max_bytes : DEFAULT_MAX_BYTES;
}

KlVerdict
kl_sio_decoder_take_text (KlSioDecoder *decoder, const char *text, gsize length, KlSioPacket *packet)
{
  gboolean binary = length > 0 && (text[0] == '5' || text[0] == '6');
  guint n_attachments = 0;

  memset (packet, 0, sizeof *packet);
  if (decoder->pending || length > get_max_bytes (decoder) ||
      !read_packet (decoder, text, length, packet, &n_attachments) ||
      (binary && !placeholders_match (packet->doc, n_attachments)))
    {
      kl_sio_packet_clear (packet);
      return KL_VERDICT_ERROR;
    }
  if (n_attachments == 0)
    return KL_VERDICT_OK;

  packet->attachments = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  decoder->pending = g_memdup2 (packet, sizeof *packet);
  decoder->pending_bytes = length;
  decoder->expected = n_attachments;
  memset (packet, 0, sizeof *packet);

  return KL_VERDICT_NEED_MORE;
}

KlVerdict
kl_sio_decoder_take_binary (KlSioDecoder *decoder, const guint8 *bytes, gsize length, KlSioPacket *packet)
{
  memset (packet, 0, sizeof *packet);
  if (!decoder->pending || length > get_max_bytes (decoder) - decoder->pending_bytes)
    return KL_VERDICT_ERROR;

  decoder->pending_bytes += length;
  g_ptr_array_add (decoder->pending->attachments, g_bytes_new (bytes, length));
  if (decoder->pending->attachments->len < decoder->expected)
    return KL_VERDICT_NEED_MORE;

  *packet = *decoder->pending;
  g_clear_pointer (&decoder->pending, g_free);

  return KL_VERDICT_OK;
}

/* ── Writing ── */

void
kl_sio_packet_append (GString *text, KlSioType type, const char *nsp, guint n_attachments, gint64 ack_id,
                      const char *json, gssize length)
{
  g_string_append_c (text, (char) ('0' + type));
  if (type == KL_SIO_BINARY_EVENT || type == KL_SIO_BINARY_ACK)
    g_string_append_printf (text, "%u-", n_attachments);
  if (nsp && strcmp (nsp, "/") != 0)
    {
      g_string_append (text, nsp);
      g_string_append_c (text, ',');
    }
  if (ack_id != KL_SIO_NO_ACK)
    g_string_append_printf (text, "%" G_GINT64_FORMAT, ack_id);
  if (json)
    g_string_append_len (text, json, length);
}

void
kl_sio_event_append (GString *text, const char *nsp, gint64 ack_id, const char *event, const char *arg_json,
                     gssize length)
{
  KlJsonWriter writer;

  kl_sio_packet_append (text, KL_SIO_EVENT, nsp, 0, ack_id, NULL, 0);
  g_string_append_c (text, '[');
  kl_json_writer_init_on (&writer, text);
  kl_json_string (&writer, event, -1);
  if (arg_json)
    {
      g_string_append_c (text, ',');
      g_string_append_len (text, arg_json, length);
    }
  g_string_append_c (text, ']');
}
