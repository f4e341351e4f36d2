/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Engine.IO: polling bodies, and every input also as a WebSocket's text and as a handshake. What was read of a body is
 * written and read again. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "protocol/kl-eio-packet.h"
#include "protocol/kl-utf8.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Appends PACKET to BODY as a polling body has it. */
static void
write_packet (GString *body, const KlEioPacket *packet)
{
  if (body->len > 0)
    g_string_append_c (body, KL_EIO_SEPARATOR);
  if (packet->binary)
    {
      g_autofree char *base64 = g_base64_encode ((const guchar *) packet->data, packet->length);

      g_string_append_c (body, 'b');
      g_string_append (body, base64);
      return;
    }
  g_string_append_c (body, (char) ('0' + packet->type));
  g_string_append_len (body, packet->data, (gssize) packet->length);
}

static KlVerdict
read_body (const char *bytes, gsize length, GString *copy, guint *n)
{
  g_autoptr (GByteArray) scratch = g_byte_array_new ();
  KlEioPayloadReader reader;
  KlEioPacket packet;
  KlVerdict verdict;

  kl_eio_payload_reader_init (&reader, bytes, length);
  for (*n = 0; (verdict = kl_eio_payload_reader_next (&reader, &packet, scratch)) == KL_VERDICT_OK; (*n)++)
    {
      g_assert (packet.binary || kl_utf8_check (packet.data, packet.length));
      if (copy)
        write_packet (copy, &packet);
    }

  return verdict;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GString) copy = g_string_new (NULL);
  g_autofree char *text = g_memdup2 (data, size);
  KlEioPacket packet;
  KlEioOpen open;
  guint n, again;

  if (!text)
    return 0;

  if (read_body (text, size, copy, &n) == KL_VERDICT_NEED_MORE)
    {
      g_assert_cmpuint (n, >, 0);
      g_assert_cmpint (read_body (copy->str, copy->len, NULL, &again), ==, KL_VERDICT_NEED_MORE);
      g_assert_cmpuint (n, ==, again);
    }
  if (kl_eio_packet_parse (text, size, &packet) == KL_VERDICT_OK)
    g_assert (packet.length == size - 1 && packet.type <= KL_EIO_NOOP);
  if (kl_eio_open_parse (text, size, &open))
    g_assert (open.sid[0] && strlen (open.sid) < sizeof open.sid);

  return 0;
}
