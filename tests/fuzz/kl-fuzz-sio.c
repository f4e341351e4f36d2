/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Socket.IO decoder: an input is one or more messages with U+001E between; the first byte 'b' makes one binary. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "protocol/kl-sio-packet.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
count_placeholders (yyjson_val *value, guint *n)
{
  guint num;
  gsize index, max;
  yyjson_val *key, *item;

  if (kl_sio_is_placeholder (value, &num))
    (*n)++;
  yyjson_arr_foreach (value, index, max, item)
    count_placeholders (item, n);
  yyjson_obj_foreach (value, index, max, key, item)
    count_placeholders (item, n);
}

static void
check_packet (const KlSioPacket *packet)
{
  guint n = 0;

  g_assert (packet->nsp && packet->nsp[0] == '/' && strlen (packet->nsp) <= KL_SIO_NAMESPACE_MAX);
  g_assert (packet->type != KL_SIO_BINARY_EVENT && packet->type != KL_SIO_BINARY_ACK);
  g_assert ((packet->type == KL_SIO_EVENT) == (packet->event != NULL));
  g_assert (packet->ack_id >= KL_SIO_NO_ACK && packet->ack_id <= KL_SIO_ACK_MAX);
  g_assert (packet->type != KL_SIO_ACK || packet->ack_id != KL_SIO_NO_ACK);
  g_assert (!packet->event || (kl_sio_packet_n_args (packet) > 0) == (kl_sio_packet_first_arg (packet) != NULL));
  /* Deep ones are told as not strict: only others may be walked. */
  if (packet->attachments && packet->json_strict)
    {
      count_placeholders (packet->data, &n);
      g_assert_cmpuint (n, ==, packet->attachments->len);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  KlSioDecoder decoder = { .max_bytes = 4096 };
  const uint8_t *at = data, *end = data + size;

  while (at < end)
    {
      const uint8_t *stop = memchr (at, 0x1e, (size_t) (end - at));
      gsize length = (gsize) ((stop ? stop : end) - at);
      g_auto (KlSioPacket) packet = { 0 };
      g_autofree char *copy = g_malloc (length + 1);
      KlVerdict verdict;

      memcpy (copy, at, length);
      if (length > 0 && copy[0] == 'b')
        verdict = kl_sio_decoder_take_binary (&decoder, (const guint8 *) copy + 1, length - 1, &packet);
      else
        verdict = kl_sio_decoder_take_text (&decoder, copy, length, &packet);
      if (verdict == KL_VERDICT_OK)
        check_packet (&packet);
      if (verdict == KL_VERDICT_ERROR)
        break;
      at = stop ? stop + 1 : end;
    }
  kl_sio_decoder_clear (&decoder);

  return 0;
}
