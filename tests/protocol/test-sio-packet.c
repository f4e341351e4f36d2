/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-sio-packet.h"

#include <string.h>

#include "tests/kit/kl-test.h"

typedef struct
{
  const char *text;
  /* "TYPE NSP ID DATA", "~…" where it is not strict, "+" needs more, "!" is an error */
  const char *told;
} Case;

static const Case cases[] = {
  { "0", "0 / -1 -" },
  { "0{\"token\":\"x\"}", "0 / -1 {\"token\":\"x\"}" },
  { "0/custom,", "0 /custom -1 -" },
  { "0/custom", "0 /custom -1 -" },
  { "0/custom?a=b,{\"c\":1}", "0 /custom -1 {\"c\":1}" },
  { "1", "1 / -1 -" },
  { "1/admin,", "1 /admin -1 -" },
  { "2[\"x\"]", "2 / -1 [\"x\"]" },
  { "2[\"x\",1,{\"a\":[true]}]", "2 / -1 [\"x\",1,{\"a\":[true]}]" },
  { "2/admin,[\"x\"]", "2 /admin -1 [\"x\"]" },
  { "212[\"x\"]", "2 / 12 [\"x\"]" },
  { "2/admin,456[\"x\"]", "2 /admin 456 [\"x\"]" },
  { "29007199254740991[\"x\"]", "2 / 9007199254740991 [\"x\"]" },
  { "312[]", "3 / 12 []" },
  { "3/admin,456[{\"ok\":true}]", "3 /admin 456 [{\"ok\":true}]" },
  { "4{\"message\":\"no\"}", "4 / -1 {\"message\":\"no\"}" },
  { "50-[\"x\"]", "2 / -1 [\"x\"]" },
  { "51-[\"x\",{\"_placeholder\":true,\"num\":0}]", "+" },
  { "52-7[\"x\",{\"_placeholder\":true,\"num\":1},[{\"num\":0,\"_placeholder\":true}]]", "+" },
  { "61-7[{\"_placeholder\":true,\"num\":0}]", "+" },
  /* A placeholder in a packet that is not binary is an object like any other. */
  { "2[\"x\",{\"_placeholder\":true,\"num\":0}]", "2 / -1 [\"x\",{\"_placeholder\":true,\"num\":0}]" },

  /* JSON, but not as the contract wants it: there is somebody to tell so. */
  { "21[\"x\",{\"a\":1,\"a\":2}]", "~2 / 1" },
  { "21[\"x\",\"\\ud800\"]", "~2 / 1" },
  { "21[\"x\",1e400]", "2 / 1 [\"x\",1e400]" },
  { "21[\"x\",123456789012345678901234567890]", "2 / 1 [\"x\",123456789012345678901234567890]" },

  { "", "!" },
  { "7", "!" },
  { "abc", "!" },
  { "0[]", "!" },
  { "0\"x\"", "!" },
  { "1{}", "!" },
  { "2", "!" },
  { "2{}", "!" },
  { "2[]", "!" },
  { "2[1]", "!" },
  { "2abc[\"x\"]", "!" },
  { "2[\"x\"", "!" },
  { "2[\"x\"]]", "!" },
  { "2[\"x\",]", "!" },
  { "2[\"x\"]//", "!" },
  { "2[\"x\",NaN]", "!" },
  { "2[\"x\",01]", "!" },
  { "2[\"x\",\"\t\"]", "!" },
  { "29007199254740992[\"x\"]", "!" },
  { "299999999999999999999999[\"x\"]", "!" },
  { "3[]", "!" },
  { "31{}", "!" },
  { "4", "!" },
  { "4[]", "!" },
  { "5[\"x\"]", "!" },
  { "5-[\"x\"]", "!" },
  { "51[\"x\"]", "!" },
  { "5-1-[\"x\"]", "!" },
  { "51-[\"x\"]", "!" },
  { "5999999999-[\"x\",{\"_placeholder\":true,\"num\":0}]", "!" },
  { "565-[\"x\",{\"_placeholder\":true,\"num\":0}]", "!" },
  { "50-[\"x\",{\"_placeholder\":true,\"num\":0}]", "!" },
  { "51-[\"x\",{\"_placeholder\":true,\"num\":1}]", "!" },
  { "51-[\"x\",{\"_placeholder\":true,\"num\":-1}]", "!" },
  { "51-[\"x\",{\"_placeholder\":true,\"num\":1e9}]", "!" },
  { "51-[\"x\",{\"_placeholder\":true,\"num\":\"0\"}]", "!" },
  { "51-[\"x\",{\"_placeholder\":true}]", "!" },
  { "51-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]", "!" },
};

static char *
tell (const KlSioPacket *packet)
{
  g_autofree char *json = NULL;
  char *written;

  if (!packet->json_strict)
    return g_strdup_printf ("~%d %s %" G_GINT64_FORMAT, packet->type, packet->nsp, packet->ack_id);

  written = packet->data ? yyjson_val_write (packet->data, 0, NULL) : NULL;
  json = g_strdup (written ? written : "-");
  free (written);

  return g_strdup_printf ("%d %s %" G_GINT64_FORMAT " %s", packet->type, packet->nsp, packet->ack_id, json);
}

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      KlSioDecoder decoder = { 0 };
      g_auto (KlSioPacket) packet = { 0 };
      g_autofree char *told = NULL;

      switch (kl_sio_decoder_take_text (&decoder, cases[i].text, strlen (cases[i].text), &packet))
        {
        case KL_VERDICT_OK:
          told = tell (&packet);
          break;
        case KL_VERDICT_NEED_MORE:
          told = g_strdup ("+");
          break;
        case KL_VERDICT_ERROR:
        default:
          told = g_strdup ("!");
        }
      if (strcmp (told, cases[i].told) != 0)
        g_error ("%s was read as %s, not %s", cases[i].text, told, cases[i].told);
      kl_sio_decoder_clear (&decoder);
    }
}

static void
test_depth (void)
{
  for (guint depth = 31; depth <= 34; depth++)
    {
      KlSioDecoder decoder = { 0 };
      g_auto (KlSioPacket) packet = { 0 };
      g_autoptr (GString) text = g_string_new ("21[\"x\",");

      for (guint i = 0; i < depth; i++)
        g_string_append_c (text, '[');
      for (guint i = 0; i < depth; i++)
        g_string_append_c (text, ']');
      g_string_append_c (text, ']');
      g_assert_cmpint (kl_sio_decoder_take_text (&decoder, text->str, text->len, &packet), ==, KL_VERDICT_OK);
      g_assert_cmpint (packet.json_strict, ==, depth <= 32);
      g_assert_cmpint (packet.ack_id, ==, 1);
    }
}

/* A hundred thousand brackets are read, and refused, without recursion. */
static void
test_very_deep (void)
{
  KlSioDecoder decoder = { 0 };
  g_auto (KlSioPacket) packet = { 0 };
  g_autoptr (GString) text = g_string_new ("21[\"x\",");

  for (guint i = 0; i < 200000; i++)
    g_string_append_c (text, '[');
  for (guint i = 0; i < 200000; i++)
    g_string_append_c (text, ']');
  g_string_append_c (text, ']');
  g_assert_cmpint (kl_sio_decoder_take_text (&decoder, text->str, text->len, &packet), ==, KL_VERDICT_OK);
  g_assert_false (packet.json_strict);
}

static void
test_attachments (void)
{
  static const char text[] = "52-7[\"x\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":0}]";
  KlSioDecoder decoder = { 0 };
  g_auto (KlSioPacket) packet = { 0 };
  guint num;

  g_assert_cmpint (kl_sio_decoder_take_text (&decoder, text, strlen (text), &packet), ==, KL_VERDICT_NEED_MORE);
  g_assert_cmpint (kl_sio_decoder_take_binary (&decoder, (const guint8 *) "\1\2", 2, &packet), ==, KL_VERDICT_NEED_MORE);
  g_assert_cmpint (kl_sio_decoder_take_binary (&decoder, (const guint8 *) "", 0, &packet), ==, KL_VERDICT_OK);
  g_assert_cmpint (packet.type, ==, KL_SIO_EVENT);
  g_assert_cmpint (packet.ack_id, ==, 7);
  g_assert_cmpuint (packet.attachments->len, ==, 2);
  g_assert_cmpuint (g_bytes_get_size (g_ptr_array_index (packet.attachments, 0)), ==, 2);
  g_assert_cmpuint (g_bytes_get_size (g_ptr_array_index (packet.attachments, 1)), ==, 0);
  g_assert_cmpuint (kl_sio_packet_n_args (&packet), ==, 2);
  g_assert_true (kl_sio_is_placeholder (kl_sio_packet_first_arg (&packet), &num));
  g_assert_cmpuint (num, ==, 1);
  g_assert_cmpmem (packet.event, packet.event_length, "x", 1);

  kl_sio_decoder_clear (&decoder);
}

static void
test_attachments_out_of_turn (void)
{
  static const char text[] = "51-[\"x\",{\"_placeholder\":true,\"num\":0}]";
  KlSioDecoder decoder = { .max_bytes = 64 };
  g_auto (KlSioPacket) packet = { 0 };
  guint8 many[64] = { 0 };

  /* One that nobody asked for. */
  g_assert_cmpint (kl_sio_decoder_take_binary (&decoder, many, 1, &packet), ==, KL_VERDICT_ERROR);

  /* Text while one is due. */
  g_assert_cmpint (kl_sio_decoder_take_text (&decoder, text, strlen (text), &packet), ==, KL_VERDICT_NEED_MORE);
  g_assert_cmpint (kl_sio_decoder_take_text (&decoder, "2[\"x\"]", 6, &packet), ==, KL_VERDICT_ERROR);
  kl_sio_decoder_clear (&decoder);

  /* Text and attachments together are over the limit. */
  g_assert_cmpint (kl_sio_decoder_take_text (&decoder, text, strlen (text), &packet), ==, KL_VERDICT_NEED_MORE);
  g_assert_cmpint (kl_sio_decoder_take_binary (&decoder, many, 64, &packet), ==, KL_VERDICT_ERROR);
  kl_sio_decoder_clear (&decoder);

  /* Text alone is. */
  g_assert_cmpint (kl_sio_decoder_take_text (&decoder, (const char *) many, 65, &packet), ==, KL_VERDICT_ERROR);
  kl_sio_decoder_clear (&decoder);
}

static void
test_write (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  kl_sio_packet_append (text, KL_SIO_CONNECT, "/", 0, KL_SIO_NO_ACK, "{\"token\":\"x\"}", -1);
  g_string_append_c (text, '|');
  kl_sio_packet_append (text, KL_SIO_BINARY_ACK, "/n", 2, 7, "[]", 2);
  g_string_append_c (text, '|');
  kl_sio_event_append (text, NULL, 12, "a\"b", "{}", 2);
  g_string_append_c (text, '|');
  kl_sio_event_append (text, NULL, KL_SIO_NO_ACK, "x", NULL, 0);
  g_assert_cmpstr (text->str, ==, "0{\"token\":\"x\"}|62-/n,7[]|212[\"a\\\"b\",{}]|2[\"x\"]");
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/sio/table", test_table);
  g_test_add_func ("/sio/depth", test_depth);
  g_test_add_func ("/sio/very-deep", test_very_deep);
  g_test_add_func ("/sio/attachments", test_attachments);
  g_test_add_func ("/sio/attachments-out-of-turn", test_attachments_out_of_turn);
  g_test_add_func ("/sio/write", test_write);

  return g_test_run ();
}
