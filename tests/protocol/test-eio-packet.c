/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-eio-packet.h"

#include <string.h>

#include "tests/kit/kl-test.h"

static void
test_text (void)
{
  static const struct
  {
    const char *text;
    KlVerdict verdict;
    KlEioType type;
    const char *data;
  } cases[] = {
    { "0{}", KL_VERDICT_OK, KL_EIO_OPEN, "{}" },      { "1", KL_VERDICT_OK, KL_EIO_CLOSE, "" },
    { "2probe", KL_VERDICT_OK, KL_EIO_PING, "probe" }, { "3", KL_VERDICT_OK, KL_EIO_PONG, "" },
    { "4hello", KL_VERDICT_OK, KL_EIO_MESSAGE, "hello" }, { "5", KL_VERDICT_OK, KL_EIO_UPGRADE, "" },
    { "6", KL_VERDICT_OK, KL_EIO_NOOP, "" },          { "", KL_VERDICT_ERROR, KL_EIO_OPEN, NULL },
    { "7", KL_VERDICT_ERROR, KL_EIO_OPEN, NULL },     { "abc", KL_VERDICT_ERROR, KL_EIO_OPEN, NULL },
    { "bAQID", KL_VERDICT_ERROR, KL_EIO_OPEN, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      KlEioPacket packet;

      g_assert_cmpint (kl_eio_packet_parse (cases[i].text, strlen (cases[i].text), &packet), ==, cases[i].verdict);
      if (cases[i].verdict != KL_VERDICT_OK)
        continue;
      g_assert_cmpint (packet.type, ==, cases[i].type);
      g_assert_cmpmem (packet.data, packet.length, cases[i].data, strlen (cases[i].data));
    }
}

/* A body, and how its packets read: text as it is, binary in hexadecimal after 'b', an error as '!'. */
static void
test_payload (void)
{
  static const struct
  {
    const char *body;
    const char *packets;
  } cases[] = {
    { "4hello", "4hello|" },
    { "4a\x1e" "4b\x1e" "2", "4a|4b|2|" },
    { "4hello\x1e" "bAQIDBA==", "4hello|b01020304|" },
    { "bAQI=\x1e" "bAQI\x1e" "bAQ==\x1e" "bAQ", "b0102|b0102|b01|b01|" },
    { "b", "b|" },
    { "4\xe2\x82\xac", "4\xe2\x82\xac|" },
    { "", "!" },
    { "4a\x1e", "4a|!" },
    { "\x1e" "4a", "!" },
    { "4a\x1e\x1e" "4b", "4a|!" },
    { "abc", "!" },
    { "4a\x1e" "9", "4a|!" },
    { "4\xed\xa0\x80", "!" },
    { "4\xe2\x82", "!" },
    { "bA", "!" },
    { "bAQ=D", "!" },
    { "b====", "!" },
    { "bAQ\n==", "!" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) scratch = g_byte_array_new ();
      g_autoptr (GString) told = g_string_new (NULL);
      KlEioPayloadReader reader;
      KlEioPacket packet;
      KlVerdict verdict;

      kl_eio_payload_reader_init (&reader, cases[i].body, strlen (cases[i].body));
      while ((verdict = kl_eio_payload_reader_next (&reader, &packet, scratch)) == KL_VERDICT_OK)
        {
          g_string_append_c (told, packet.binary ? 'b' : (char) ('0' + packet.type));
          for (gsize k = 0; packet.binary && k < packet.length; k++)
            g_string_append_printf (told, "%02x", (guint8) packet.data[k]);
          if (!packet.binary)
            g_string_append_len (told, packet.data, (gssize) packet.length);
          g_string_append_c (told, '|');
        }
      if (verdict == KL_VERDICT_ERROR)
        g_string_append_c (told, '!');
      g_assert_cmpstr (told->str, ==, cases[i].packets);
    }
}

static void
test_open (void)
{
  static const char *const bad[] = {
    "",
    "[]",
    "{}",
    "{\"sid\":\"\",\"upgrades\":[],\"pingInterval\":1,\"pingTimeout\":1,\"maxPayload\":1}",
    "{\"sid\":\"a\\u0000b\",\"upgrades\":[],\"pingInterval\":1,\"pingTimeout\":1,\"maxPayload\":1}",
    "{\"sid\":1,\"upgrades\":[],\"pingInterval\":1,\"pingTimeout\":1,\"maxPayload\":1}",
    "{\"sid\":\"x\",\"upgrades\":{},\"pingInterval\":1,\"pingTimeout\":1,\"maxPayload\":1}",
    "{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":-1,\"pingTimeout\":1,\"maxPayload\":1}",
    "{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":1.5,\"pingTimeout\":1,\"maxPayload\":1}",
    "{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":1,\"pingTimeout\":99999999999,\"maxPayload\":1}",
  };
  KlEioOpen open = {
    .sid = "lv_VI97HAXpY6yYWAAAB",
    .upgrade_to_websocket = TRUE,
    .ping_interval_ms = 15000,
    .ping_timeout_ms = 10000,
    .max_payload_bytes = 1048576,
  };
  g_autoptr (GString) text = g_string_new (NULL);
  KlEioOpen read;

  kl_eio_open_append (&open, text);
  g_assert_cmpstr (text->str, ==,
                   "0{\"sid\":\"lv_VI97HAXpY6yYWAAAB\",\"upgrades\":[\"websocket\"],\"pingInterval\":15000,"
                   "\"pingTimeout\":10000,\"maxPayload\":1048576}");
  g_assert_true (kl_eio_open_parse (text->str + 1, text->len - 1, &read));
  g_assert_cmpstr (read.sid, ==, open.sid);
  g_assert_true (read.upgrade_to_websocket);
  g_assert_cmpuint (read.ping_interval_ms, ==, 15000);
  g_assert_cmpuint (read.ping_timeout_ms, ==, 10000);
  g_assert_cmpuint (read.max_payload_bytes, ==, 1048576);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (kl_eio_open_parse (bad[i], strlen (bad[i]), &read));
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/eio/text", test_text);
  g_test_add_func ("/eio/payload", test_payload);
  g_test_add_func ("/eio/open", test_open);

  return g_test_run ();
}
