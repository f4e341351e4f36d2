/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/socketio/kl-ws-frame.h"

#include <string.h>

#include "tests/kit/kl-test.h"

#define MAX_BYTES 70000

/* What a client sends is written as frames "OPCODE[f][r]:PAYLOAD" with blanks between: f is not the last fragment, r sets a
 * reserved bit, u is unmasked. What is told back: "OPCODE:PAYLOAD ", close as "8:CODE:REASON ", an error as "!CODE". */
typedef struct
{
  const char *frames;
  const char *told;
} Case;

static const Case cases[] = {
  { "1:hello", "1:hello " },
  { "1:", "1: " },
  { "2:\xff", "2:\xff " },
  { "1:a 1:b", "1:a 1:b " },
  { "1f:ab 0f:cd 0:ef", "1:abcdef " },
  { "1f: 0f: 0:", "1: " },
  { "1f:ab 9:ping 0:cd", "9:ping 1:abcd " },
  { "9: 10:pong", "9: 10:pong " },
  { "1f:\xe2 0f:\x82 0:\xac", "1:\xe2\x82\xac " },
  { "8:", "8:1005: " },
  { "8:\x03\xe8" "bye", "8:1000:bye " },
  { "8:\x13\x87", "8:4999: " },

  { "1r:x", "!1002" },
  { "3:x", "!1002" },
  { "7:", "!1002" },
  { "11:", "!1002" },
  { "15:", "!1002" },
  { "1u:x", "!1002" },
  { "9f:x", "!1002" },
  { "0:x", "!1002" },
  { "1f:x 1:y", "!1002" },
  { "1:ok 0:x", "1:ok !1002" },
  { "1:\xed\xa0\x80", "!1007" },
  { "1:\xe2\x82", "!1007" },
  { "1f:\xe2 0:x", "!1007" },
  { "8:x", "!1002" },
  { "8:\x03\xe7", "!1002" },
  { "8:\x03\xec", "!1002" },
  { "8:\x03\xed", "!1002" },
  { "8:\x07\xd0", "!1002" },
  { "8:\x13\x88", "!1002" },
  { "8:\x03\xe8\xff", "!1007" },
};

static void
append_frame (GByteArray *out, guint8 first, gboolean masked, const char *payload, gsize length)
{
  static const guint8 mask[4] = { 0x12, 0x34, 0x56, 0x78 };
  guint8 header[KL_WS_HEADER_MAX];
  gsize n = kl_ws_header_write (header, KL_WS_TEXT, length);

  header[0] = first;
  if (masked)
    header[1] |= 0x80;
  g_byte_array_append (out, header, (guint) n);
  if (masked)
    g_byte_array_append (out, mask, 4);
  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = (guint8) payload[i] ^ (masked ? mask[i % 4] : 0);

      g_byte_array_append (out, &byte, 1);
    }
}

static GByteArray *
write_frames (const char *frames)
{
  GByteArray *out = g_byte_array_new ();
  g_auto (GStrv) each = g_strsplit (frames, " ", -1);

  for (guint i = 0; each[i]; i++)
    {
      char *colon = strchr (each[i], ':'), *flags;
      guint8 first = (guint8) strtoul (each[i], &flags, 10) | 0x80;
      gboolean masked = TRUE;

      for (; flags < colon; flags++)
        {
          if (*flags == 'f')
            first &= 0x7f;
          if (*flags == 'r')
            first |= 0x40;
          if (*flags == 'u')
            masked = FALSE;
        }
      append_frame (out, first, masked, colon + 1, strlen (colon + 1));
    }

  return out;
}

static char *
read_frames (const guint8 *bytes, gsize length, gsize piece)
{
  KlWsParser parser = { .max_message_bytes = MAX_BYTES };
  GString *told = g_string_new (NULL);
  KlVerdict verdict = KL_VERDICT_NEED_MORE;

  for (gsize done = 0; done < length && verdict != KL_VERDICT_ERROR; done += piece)
    {
      gsize n = MIN (piece, length - done);
      g_autofree guint8 *copy = g_memdup2 (bytes + done, n);
      guint8 *at = copy;
      KlWsMessage message;

      while ((verdict = kl_ws_parser_next (&parser, &at, &n, &message)) == KL_VERDICT_OK)
        {
          g_string_append_printf (told, "%d:", message.opcode);
          if (message.opcode == KL_WS_CLOSE)
            g_string_append_printf (told, "%u:", message.code);
          g_string_append_len (told, (const char *) message.data, (gssize) message.length);
          g_string_append_c (told, ' ');
        }
    }
  if (verdict == KL_VERDICT_ERROR)
    g_string_append_printf (told, "!%u", parser.error_code);
  kl_ws_parser_clear (&parser);

  return g_string_free_and_steal (told);
}

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) bytes = write_frames (cases[i].frames);

      for (gsize piece = 1; piece <= bytes->len; piece++)
        {
          g_autofree char *told = read_frames (bytes->data, bytes->len, piece);

          if (strcmp (told, cases[i].told) != 0)
            g_error ("“%s” in pieces of %zu was read as “%s”, not “%s”", cases[i].frames, piece, told, cases[i].told);
        }
    }
}

static void
test_lengths (void)
{
  static const gsize lengths[] = { 0, 1, 125, 126, 127, 128, 65535, 65536, MAX_BYTES };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autofree char *payload = g_malloc0 (lengths[i] + 1);
      g_autofree char *whole = NULL, *pieces = NULL, *expected = NULL;

      memset (payload, '*', lengths[i]);
      append_frame (bytes, 0x81, TRUE, payload, lengths[i]);
      expected = g_strdup_printf ("1:%s ", payload);
      whole = read_frames (bytes->data, bytes->len, bytes->len);
      pieces = read_frames (bytes->data, bytes->len, 997);
      g_assert_cmpstr (whole, ==, expected);
      g_assert_cmpstr (pieces, ==, expected);
    }
}

/* Lengths are judged when they are announced, and must be written as short as can be. */
static void
test_announced (void)
{
  static const struct
  {
    guint8 bytes[14];
    gsize length;
    const char *told;
  } announced[] = {
    { { 0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x71, 1, 2, 3, 4 }, 14, "!1009" },
    { { 0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4 }, 14, "!1009" },
    { { 0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4 }, 14, "!1002" },
    { { 0x82, 0xfe, 0, 125, 1, 2, 3, 4 }, 8, "!1002" },
    { { 0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4 }, 14, "!1002" },
    { { 0x89, 0xfe }, 2, "!1002" },
    { { 0xc1 }, 1, "!1002" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (announced); i++)
    {
      g_autofree char *told = read_frames (announced[i].bytes, announced[i].length, announced[i].length);

      g_assert_cmpstr (told, ==, announced[i].told);
    }
}

/* Fragments count together, and an announced length alone takes no memory. */
static void
test_memory (void)
{
  KlWsParser parser = { .max_message_bytes = 1000 };
  guint8 large[] = { 0x02, 0xfe, 0x03, 0xe7, 0, 0, 0, 0, 'x' };
  guint8 more[] = { 0x80, 0x82, 0, 0, 0, 0 };
  guint8 *at = large;
  gsize length = sizeof large;
  KlWsMessage message;
  g_autofree guint8 *rest = g_malloc0 (998);

  g_assert_cmpint (kl_ws_parser_next (&parser, &at, &length, &message), ==, KL_VERDICT_NEED_MORE);
  g_assert_cmpuint (kl_ws_parser_get_held_bytes (&parser), <=, 512);
  at = rest;
  length = 998;
  g_assert_cmpint (kl_ws_parser_next (&parser, &at, &length, &message), ==, KL_VERDICT_NEED_MORE);
  at = more;
  length = sizeof more;
  g_assert_cmpint (kl_ws_parser_next (&parser, &at, &length, &message), ==, KL_VERDICT_ERROR);
  g_assert_cmpuint (parser.error_code, ==, KL_WS_CODE_TOO_LARGE);
  kl_ws_parser_clear (&parser);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/ws-frame/table", test_table);
  g_test_add_func ("/ws-frame/lengths", test_lengths);
  g_test_add_func ("/ws-frame/announced", test_announced);
  g_test_add_func ("/ws-frame/memory", test_memory);

  return g_test_run ();
}
