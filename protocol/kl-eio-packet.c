/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-eio-packet.h"

#include <string.h>
#include <yyjson.h>

#include "protocol/kl-utf8.h"

KlVerdict
kl_eio_packet_parse (const char *text, gsize length, KlEioPacket *packet)
{
  if (length == 0 || text[0] < '0' || text[0] > '6')
    return KL_VERDICT_ERROR;

  packet->type = (KlEioType) (text[0] - '0');
  packet->binary = FALSE;
  packet->data = text + 1;
  packet->length = length - 1;

  return KL_VERDICT_OK;
}

void
kl_eio_payload_reader_init (KlEioPayloadReader *reader, const char *body, gsize length)
{
  reader->at = body;
  reader->end = body + length;
}

/* Standard base64 with its padding, which may be left out, and nothing else. */
static gboolean
decode_base64 (const char *text, gsize length, GByteArray *out)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static guint8 values[256];
  static gsize ready = 0;
  guint32 bits = 0;
  guint n_bits = 0;

  if (g_once_init_enter (&ready))
    {
      memset (values, 0xff, sizeof values);
      for (guint i = 0; i < 64; i++)
        values[(guint8) digits[i]] = (guint8) i;
      g_once_init_leave (&ready, 1);
    }

  if (length > 0 && length % 4 == 0)
    for (guint padding = 0; padding < 2 && text[length - 1] == '='; padding++)
      length--;
  if (length % 4 == 1)
    return FALSE;

  g_byte_array_set_size (out, (guint) (length / 4 * 3 + (length % 4 ? length % 4 - 1 : 0)));
  for (gsize i = 0, o = 0; i < length; i++)
    {
      guint8 value = values[(guint8) text[i]];

      if (value == 0xff)
        return FALSE;
      bits = bits << 6 | value;
      n_bits += 6;
      if (n_bits >= 8)
        {
          n_bits -= 8;
          out->data[o++] = (guint8) (bits >> n_bits);
        }
    }

  return TRUE;
}

KlVerdict
kl_eio_payload_reader_next (KlEioPayloadReader *reader, KlEioPacket *packet, GByteArray *scratch)
{
  const char *start = reader->at, *end;

  if (!start)
    return KL_VERDICT_NEED_MORE;

  end = memchr (start, KL_EIO_SEPARATOR, (gsize) (reader->end - start));
  reader->at = end ? end + 1 : NULL;
  if (!end)
    end = reader->end;
  if (start == end)
    return KL_VERDICT_ERROR;

  if (*start == 'b')
    {
      if (!decode_base64 (start + 1, (gsize) (end - start - 1), scratch))
        return KL_VERDICT_ERROR;
      packet->type = KL_EIO_MESSAGE;
      packet->binary = TRUE;
      packet->data = (const char *) scratch->data;
      packet->length = scratch->len;
      return KL_VERDICT_OK;
    }

  if (!kl_utf8_check (start, (gsize) (end - start)))
    return KL_VERDICT_ERROR;

  return kl_eio_packet_parse (start, (gsize) (end - start), packet);
}

void
kl_eio_open_append (const KlEioOpen *open, GString *text)
{
  g_string_append_printf (text,
                          "0{\"sid\":\"%s\",\"upgrades\":[%s],\"pingInterval\":%u,\"pingTimeout\":%u,"
                          "\"maxPayload\":%" G_GSIZE_FORMAT "}",
                          open->sid, open->upgrade_to_websocket ? "\"websocket\"" : "", open->ping_interval_ms,
                          open->ping_timeout_ms, open->max_payload_bytes);
}

static gboolean
get_uint (yyjson_val *object, const char *key, guint64 max, guint64 *value)
{
  yyjson_val *member = yyjson_obj_get (object, key);

  *value = yyjson_get_uint (member);
  return yyjson_is_uint (member) && *value <= max;
}

gboolean
kl_eio_open_parse (const char *json, gsize length, KlEioOpen *open)
{
  yyjson_doc *doc = length > 0 ? yyjson_read (json, length, YYJSON_READ_NOFLAG) : NULL;
  yyjson_val *root = yyjson_doc_get_root (doc), *sid, *upgrades, *upgrade;
  guint64 interval, timeout, max_payload;
  gboolean good;

  memset (open, 0, sizeof *open);
  sid = yyjson_obj_get (root, "sid");
  upgrades = yyjson_obj_get (root, "upgrades");
  good = yyjson_is_str (sid) && yyjson_get_len (sid) > 0 && yyjson_get_len (sid) < sizeof open->sid &&
         strlen (yyjson_get_str (sid)) == yyjson_get_len (sid) && yyjson_is_arr (upgrades) &&
         get_uint (root, "pingInterval", G_MAXINT, &interval) && get_uint (root, "pingTimeout", G_MAXINT, &timeout) &&
         get_uint (root, "maxPayload", G_MAXINT, &max_payload);
  if (good)
    {
      yyjson_arr_iter iter = yyjson_arr_iter_with (upgrades);

      g_strlcpy (open->sid, yyjson_get_str (sid), sizeof open->sid);
      while ((upgrade = yyjson_arr_iter_next (&iter)))
        open->upgrade_to_websocket |= yyjson_equals_str (upgrade, "websocket");
      open->ping_interval_ms = (guint) interval;
      open->ping_timeout_ms = (guint) timeout;
      open->max_payload_bytes = (gsize) max_payload;
    }
  yyjson_doc_free (doc);

  return good;
}
