/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-id.h"

#include <string.h>

static void
test_ordered (void)
{
  g_autoptr (KlIdSource) source = kl_id_source_new ();
  char before[KL_ID_SIZE] = "", id[KL_ID_SIZE];
  gint64 now_ms = 1764000000000;

  for (int i = 0; i < 20000; i++)
    {
      /* The clock stands, goes on, and once an hour back. */
      if (i % 7 == 0)
        now_ms++;
      if (i == 10000)
        now_ms -= 3600 * 1000;
      kl_id_source_next (source, now_ms, id);
      g_assert_cmpuint (strlen (id), ==, KL_ID_CHARS);
      g_assert_cmpint (strspn (id, "0123456789abcdefghijklmnopqrstuv"), ==, KL_ID_CHARS);
      g_assert_cmpstr (id, >, before);
      memcpy (before, id, sizeof id);
    }
}

static guint8 *
decode (const char *id)
{
  guint8 *bits = g_malloc0 (17);
  guint64 n = 0;

  for (const char *p = id; *p; p++)
    {
      int digit = g_ascii_isdigit (*p) ? *p - '0' : *p - 'a' + 10;

      for (int b = 4; b >= 0; b--, n++)
        if (digit & (1 << b))
          bits[n / 8] |= (guint8)(0x80 >> (n % 8));
    }

  return bits;
}

static void
test_uuid_bits (void)
{
  g_autoptr (KlIdSource) source = kl_id_source_new ();
  gint64 now_ms = 0x0198abcdef12;
  char id[KL_ID_SIZE];
  g_autofree guint8 *bits = NULL, *random_bits = NULL;
  g_autofree char *random = kl_id_new_random ();
  guint64 time = 0;

  kl_id_source_next (source, now_ms, id);
  bits = decode (id);
  for (int i = 0; i < 6; i++)
    time = time << 8 | bits[i];
  g_assert_cmpuint (time, ==, now_ms);
  g_assert_cmpuint (bits[6] >> 4, ==, 7);
  g_assert_cmpuint (bits[8] >> 6, ==, 2);
  g_assert_cmpuint (bits[16], ==, 0);

  random_bits = decode (random);
  g_assert_cmpuint (random_bits[6] >> 4, ==, 4);
  g_assert_cmpuint (random_bits[8] >> 6, ==, 2);
}

static void
test_secrets_differ (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (int i = 0; i < 2000; i++)
    {
      char *token = kl_id_new_token (), *code = kl_id_new_code (), *id = kl_id_new_random ();

      g_assert_cmpuint (strlen (token), ==, KL_TOKEN_CHARS);
      g_assert_cmpuint (strlen (code), ==, KL_CODE_CHARS);
      g_assert_true (g_hash_table_add (seen, token) && g_hash_table_add (seen, code) && g_hash_table_add (seen, id));
    }
}

static void
test_encode (void)
{
  static const struct
  {
    const char *bytes, *text;
  } cases[] = {
    /* RFC 4648, section 10, in lower case and without padding */
    { "", "" },
    { "f", "co" },
    { "fo", "cpng" },
    { "foo", "cpnmu" },
    { "foob", "cpnmuog" },
    { "fooba", "cpnmuoj1" },
    { "foobar", "cpnmuoj1e8" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char out[32];

      kl_id_encode ((const guint8 *)cases[i].bytes, strlen (cases[i].bytes), out);
      g_assert_cmpstr (out, ==, cases[i].text);
    }
}

static void
test_validity (void)
{
  g_autofree char *longest = g_strnfill (64, 'x'), *over = g_strnfill (65, 'x');
  GString *wide = g_string_new (NULL);

  for (int i = 0; i < 64; i++)
    g_string_append (wide, "é");

  g_assert_true (kl_id_is_valid ("a"));
  g_assert_true (kl_id_is_valid (longest));
  g_assert_true (kl_id_is_valid (wide->str));
  g_assert_true (kl_id_is_valid ("ada@example.org"));
  g_assert_false (kl_id_is_valid (""));
  g_assert_false (kl_id_is_valid (over));
  g_assert_false (kl_id_is_valid ("a:b"));
  g_assert_false (kl_id_is_valid ("a\nb"));
  g_assert_false (kl_id_is_valid ("\xff"));
  g_string_free (wide, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/protocol/id/ordered", test_ordered);
  g_test_add_func ("/protocol/id/uuid-bits", test_uuid_bits);
  g_test_add_func ("/protocol/id/secrets-differ", test_secrets_differ);
  g_test_add_func ("/protocol/id/encode", test_encode);
  g_test_add_func ("/protocol/id/validity", test_validity);
  return g_test_run ();
}
