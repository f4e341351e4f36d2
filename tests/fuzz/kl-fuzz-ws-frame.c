/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WebSocket frames: the first byte says in which pieces the rest is fed. Whatever the pieces, the same messages and the
 * same verdict come out. */
#include <stddef.h>
#include <stdint.h>

#include "protocol/kl-utf8.h"
#include "server/socketio/kl-ws-frame.h"

#define MAX_BYTES 4096

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static KlVerdict
feed (const uint8_t *data, size_t size, size_t piece, GString *told, guint16 *code)
{
  KlWsParser parser = { .max_message_bytes = MAX_BYTES };
  KlVerdict verdict = KL_VERDICT_NEED_MORE;

  for (size_t done = 0; done < size && verdict != KL_VERDICT_ERROR; done += piece)
    {
      gsize length = MIN (piece, size - done);
      g_autofree guint8 *copy = g_memdup2 (data + done, length);
      guint8 *at = copy;
      KlWsMessage message;

      while ((verdict = kl_ws_parser_next (&parser, &at, &length, &message)) == KL_VERDICT_OK)
        {
          g_assert (message.length <= MAX_BYTES);
          g_assert (message.opcode != KL_WS_TEXT || kl_utf8_check (message.data, message.length));
          g_string_append_printf (told, "%d %u:", message.opcode, message.code);
          g_string_append_len (told, (const char *) message.data, (gssize) message.length);
        }
      g_assert (verdict == KL_VERDICT_ERROR || length == 0);
      g_assert (kl_ws_parser_get_held_bytes (&parser) <= MAX_BYTES);
    }
  *code = parser.error_code;
  kl_ws_parser_clear (&parser);

  return verdict;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GString) whole = g_string_new (NULL), pieces = g_string_new (NULL);
  guint16 whole_code, pieces_code;

  if (size < 2)
    return 0;

  g_assert_cmpint (feed (data + 1, size - 1, size - 1, whole, &whole_code), ==,
                   feed (data + 1, size - 1, (size_t) data[0] % 16 + 1, pieces, &pieces_code));
  g_assert_cmpuint (whole_code, ==, pieces_code);
  g_assert (g_string_equal (whole, pieces));

  return 0;
}
