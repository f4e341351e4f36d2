/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-text.h"

#include <string.h>

#include "protocol/kl-limits.h"

static char *
repeat (const char *text, gsize times)
{
  GString *all = g_string_new (NULL);

  while (times-- > 0)
    g_string_append (all, text);

  return g_string_free_and_steal (all);
}

/* TEXT ends at the NUL that the compiler adds; NULs within it count. */
#define T(text) text, sizeof (text) - 1

static void
test_rules (void)
{
  static const struct
  {
    const char *text;
    gsize length;
    KlTextRule rule;
    gboolean fine;
  } cases[] = {
    { T ("Hallo"), KL_TEXT_BODY, TRUE },
    { T ("a\n\tb"), KL_TEXT_BODY, TRUE },
    { T (""), KL_TEXT_BODY, TRUE },
    { T ("a\r\nb"), KL_TEXT_BODY, FALSE },
    { T ("a\0b"), KL_TEXT_BODY, FALSE },
    { T ("\0"), KL_TEXT_BODY, FALSE },
    { T ("a\x1b[0m"), KL_TEXT_BODY, FALSE },
    { T ("a\x7f"), KL_TEXT_BODY, FALSE },
    { T ("a\xc2\x85"), KL_TEXT_BODY, FALSE },        /* U+0085 */
    { T ("a\xc2\xa0"), KL_TEXT_BODY, TRUE },         /* U+00A0 */
    { T ("\xef\xbf\xbe"), KL_TEXT_BODY, FALSE },     /* U+FFFE */
    { T ("\xef\xbf\xbf"), KL_TEXT_BODY, FALSE },     /* U+FFFF */
    { T ("\xef\xbf\xbd"), KL_TEXT_BODY, TRUE },      /* U+FFFD */
    { T ("\xef\xbb\xbfx"), KL_TEXT_BODY, TRUE },     /* U+FEFF */
    { T ("\xed\xa0\x80"), KL_TEXT_BODY, FALSE },     /* a surrogate */
    { T ("\xc0\x80"), KL_TEXT_BODY, FALSE },         /* overlong */
    { T ("\xf4\x90\x80\x80"), KL_TEXT_BODY, FALSE }, /* above U+10FFFF */
    { T ("\xe2\x82"), KL_TEXT_BODY, FALSE },         /* cut */
    { T ("\xe2\x80\xae"
         "abc"),
      KL_TEXT_BODY, TRUE }, /* U+202E may stand in a body */

    { T ("a\nb"), KL_TEXT_TOPIC, TRUE },
    { T ("a\tb"), KL_TEXT_TOPIC, FALSE },
    { T (""), KL_TEXT_TOPIC, TRUE },

    { T ("Tea & Talk"), KL_TEXT_GROUP_NAME, TRUE },
    { T (""), KL_TEXT_GROUP_NAME, FALSE },
    { T (" "), KL_TEXT_GROUP_NAME, FALSE },
    { T ("a\nb"), KL_TEXT_GROUP_NAME, FALSE },
    { T ("a\tb"), KL_TEXT_GROUP_NAME, FALSE },
    { T ("a\xe2\x80\xa8"
         "b"),
      KL_TEXT_GROUP_NAME, FALSE }, /* U+2028 */
    { T ("a\xe2\x80\xa9"
         "b"),
      KL_TEXT_DISPLAY_NAME, FALSE }, /* U+2029 */
    { T ("a\xe2\x80\xa8"
         "b"),
      KL_TEXT_BODY, TRUE },
    { T ("\xe2\x80\x8b\xc2\xa0"), KL_TEXT_GROUP_NAME, FALSE }, /* zero width space, no-break space */
    { T ("\xe2\x80\xae"
         "gpj.exe"),
      KL_TEXT_GROUP_NAME, FALSE },
    { T ("a\xe2\x81\xa6"), KL_TEXT_DISPLAY_NAME, FALSE },
    { T ("a\xd8\x9c"), KL_TEXT_DISPLAY_NAME, FALSE }, /* U+061C */
    { T ("a\xe2\x80\x8f"), KL_TEXT_DISPLAY_NAME, FALSE },
    { T ("\xe2\x80\x8d"), KL_TEXT_DISPLAY_NAME, FALSE }, /* a joiner alone */
    { T ("\xee\x80\x80"), KL_TEXT_DISPLAY_NAME, FALSE }, /* private use alone */
    { T ("م"), KL_TEXT_DISPLAY_NAME, TRUE },
    { T ("a\x01"), KL_TEXT_DEVICE, FALSE },
    { T (""), KL_TEXT_STATUS, TRUE },

    { T ("😀"), KL_TEXT_EMOJI, TRUE },
    { T ("👍🏽"), KL_TEXT_EMOJI, TRUE },
    { T ("👨‍👩‍👧‍👦"), KL_TEXT_EMOJI, TRUE },
    { T ("🇩🇪"), KL_TEXT_EMOJI, TRUE },
    { T ("1️⃣"), KL_TEXT_EMOJI, TRUE },
    { T ("❤️"), KL_TEXT_EMOJI, TRUE },
    { T ("🏴󠁧󠁢󠁥󠁮󠁧󠁿"), KL_TEXT_EMOJI, TRUE },
    { T ("🇩🇪🇫🇷"), KL_TEXT_EMOJI, FALSE },
    { T ("👍👍"), KL_TEXT_EMOJI, FALSE },
    { T ("ab"), KL_TEXT_EMOJI, FALSE },
    { T (""), KL_TEXT_EMOJI, FALSE },
    { T (" "), KL_TEXT_EMOJI, FALSE },
    { T ("\n"), KL_TEXT_EMOJI, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *clause = kl_text_check (cases[i].text, cases[i].length, cases[i].rule);

      if ((clause == NULL) != cases[i].fine)
        g_error ("case %" G_GSIZE_FORMAT " \"%s\": %s", i, cases[i].text, clause ? clause : "accepted");
    }
}

static void
test_lengths (void)
{
  static const struct
  {
    KlTextRule rule;
    gsize max_chars;
  } cases[] = {
    { KL_TEXT_TOPIC, 1000 }, { KL_TEXT_GROUP_NAME, 100 }, { KL_TEXT_DISPLAY_NAME, 64 },
    { KL_TEXT_STATUS, 140 }, { KL_TEXT_DEVICE, 64 },      { KL_TEXT_QUERY, 200 },
  };

  /* Characters count, not bytes. */
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *fits = repeat ("😀", cases[i].max_chars);
      g_autofree char *over = repeat ("😀", cases[i].max_chars + 1);

      g_assert_null (kl_text_check (fits, strlen (fits), cases[i].rule));
      g_assert_cmpstr (kl_text_check (over, strlen (over), cases[i].rule), ==, "is too long");
    }
}

static void
test_emoji_bytes (void)
{
  g_autofree char *marks = repeat ("\xcc\x81", 31), *more = repeat ("\xcc\x81", 32);
  g_autofree char *fits = g_strconcat ("x", marks, NULL), *over = g_strconcat ("x", more, NULL);

  g_assert_cmpuint (strlen (fits), ==, 63);
  g_assert_null (kl_text_check (fits, strlen (fits), KL_TEXT_EMOJI));
  g_assert_cmpuint (strlen (over), ==, 65);
  g_assert_nonnull (kl_text_check (over, strlen (over), KL_TEXT_EMOJI));
}

static void
test_visible (void)
{
  g_assert_true (kl_text_is_visible (T ("  x ")));
  g_assert_true (kl_text_is_visible (T (".")));
  g_assert_false (kl_text_is_visible (T ("")));
  g_assert_false (kl_text_is_visible (T (" \n\t\xe2\x80\x8b\xe3\x80\x80\xc2\xad\xef\xbb\xbf")));
}

static void
test_names (void)
{
  static const struct
  {
    const char *text;
    gboolean user, slug, domain;
  } cases[] = {
    { "ada", TRUE, TRUE, TRUE },
    { "a", FALSE, FALSE, TRUE },
    { "", FALSE, FALSE, FALSE },
    { "a.b_c-9", TRUE, FALSE, FALSE },
    { "..", TRUE, FALSE, FALSE },
    { "-a", TRUE, FALSE, FALSE },
    { "a-", TRUE, TRUE, FALSE },
    { "Ada", FALSE, FALSE, FALSE },
    { "ädä", FALSE, FALSE, FALSE },
    { "a b", FALSE, FALSE, FALSE },
    { "all", FALSE, TRUE, TRUE },
    { "here", FALSE, TRUE, TRUE },
    { "system", FALSE, TRUE, TRUE },
    { "klatch", FALSE, TRUE, TRUE },
    { "klatch2", TRUE, TRUE, TRUE },
    { "12345678901234567890123456789012", TRUE, TRUE, TRUE },
    { "123456789012345678901234567890123", FALSE, TRUE, TRUE },
    { "123456789012345678901234567890123456789012345678", FALSE, TRUE, TRUE },
    { "1234567890123456789012345678901234567890123456789", FALSE, FALSE, TRUE },
    { "example.org", TRUE, FALSE, TRUE },
    { "a..b", TRUE, FALSE, FALSE },
    { "ada\n", FALSE, FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (kl_text_is_user_name (cases[i].text), ==, cases[i].user);
      g_assert_cmpint (kl_text_is_slug (cases[i].text), ==, cases[i].slug);
      g_assert_cmpint (kl_text_is_domain (cases[i].text), ==, cases[i].domain);
    }
}

/* Cases of GraphemeBreakTest.txt's kinds: '|' stands where a cluster ends. */
static void
test_clusters (void)
{
  static const char *const cases[] = {
    "a|b",
    "e\xcc\x81|x",
    "\r\n|\n|a",
    "각|가|\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8|\xe1\x84\x80",
    "🇩🇪|🇫🇷|🇦",
    "👩‍🚀|👩🏽‍🚀|👍🏽|👍",
    "👨‍👩‍👧‍👦|❤️‍🔥|🏳️‍🌈",
    "1️⃣|#️⃣",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿|x",
    "क्षि|नि|स्त्री", /* conjuncts and vowel signs */
    "ক্ষ|ক",
    "กำ|ก",
    "a\xe2\x80\x8d|b", /* a joiner between letters joins nothing */
    "\xd8\x80\x31|2",  /* a prepended sign */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) parts = g_strsplit (cases[i], "|", -1);
      g_autofree char *text = g_strjoinv (NULL, parts);
      const char *p = text, *end = text + strlen (text);

      for (char **part = parts; *part; part++)
        {
          const char *next = kl_text_next_cluster (p, end);
          g_autofree char *got = g_strndup (p, (gsize) (next - p));

          g_assert_cmpstr (got, ==, *part);
          p = next;
        }
      g_assert_true (p == end);
    }
}

static void
test_cut (void)
{
  static const struct
  {
    const char *text;
    gsize max_chars;
    const char *cut;
  } cases[] = {
    { "hello", 3, "hel" },
    { "hello", 5, "hello" },
    { "hello", 9, "hello" },
    { "abé", 3, "abé" },
    { "ab🇩🇪", 3, "ab" },
    { "ab🇩🇪", 4, "ab🇩🇪" },
    { "a👨‍👩‍👧‍👦", 5, "a" },
    { "xe\xcc\x81", 2, "x" },
    { "e\xcc\x81\xcc\x81\xcc\x81", 2, "e\xcc\x81" },
    { "क्षि", 9, "क्षि" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *cut
          = g_strndup (cases[i].text, kl_text_cut (cases[i].text, strlen (cases[i].text), cases[i].max_chars));

      g_assert_cmpstr (cut, ==, cases[i].cut);
    }
}

static void
test_fold (void)
{
  static const char *const same[][2] = {
    { "Café", "cafe" },
    { "CAFE\xcc\x81", "café" },
    { "Straße", "STRASSE" },
    { "Łódź", "lodz" },
    { "Søn", "son" },
    { "İstanbul", "istanbul" },
    { "ﬁsh", "FISH" },
    { "ＡＢＣ", "abc" },
    { "Ωμέγα", "ωμεγα" },
    { "Ёлка", "елка" },
    { "مُحَمَّد", "محمد" },
    { "ℌello", "hello" },
    { "Tiếng Việt", "tieng viet" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    {
      g_autofree char *a = kl_text_fold (same[i][0], -1), *b = kl_text_fold (same[i][1], -1);

      g_assert_cmpstr (a, ==, b);
    }

  {
    /* Voicing and viramas make other words. */
    g_autofree char *ka = kl_text_fold ("か", -1), *ga = kl_text_fold ("が", -1);
    g_autofree char *with = kl_text_fold ("क्", -1), *without = kl_text_fold ("क", -1);

    g_assert_cmpstr (ka, !=, ga);
    g_assert_cmpstr (with, !=, without);
  }
}

static void
test_slugs_from_names (void)
{
  static const char *const cases[][2] = {
    { "Böll & Søn", "boll-son" }, { "  Tea --  Talk!  ", "tea-talk" }, { "日本", NULL }, { "x", NULL },
    { "№ 5 live", "no-5-live" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *slug = kl_text_make_slug (cases[i][0]);

      g_assert_cmpstr (slug, ==, cases[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/protocol/text/rules", test_rules);
  g_test_add_func ("/protocol/text/lengths", test_lengths);
  g_test_add_func ("/protocol/text/emoji-bytes", test_emoji_bytes);
  g_test_add_func ("/protocol/text/visible", test_visible);
  g_test_add_func ("/protocol/text/names", test_names);
  g_test_add_func ("/protocol/text/clusters", test_clusters);
  g_test_add_func ("/protocol/text/cut", test_cut);
  g_test_add_func ("/protocol/text/fold", test_fold);
  g_test_add_func ("/protocol/text/slugs-from-names", test_slugs_from_names);
  return g_test_run ();
}
