/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes a link, and what never may. */
#include "app/ui/timeline/kl-links.h"

#include <string.h>

static const struct
{
  const char *text;
  const char *links; /* joined by spaces; NULL: none */
} cases[] = {
  { "nothing here", NULL },
  { "see https://huts.example/ridge/track.", "https://huts.example/ridge/track" },
  { "HTTPS://Huts.Example", "HTTPS://Huts.Example" },
  { "(https://huts.example/a_(b)) and http://x.example/?q=1&r=2!",
    "https://huts.example/a_(b) http://x.example/?q=1&r=2" },
  { "[x](javascript:alert(1))", NULL },
  { "[x](https://huts.example)", "https://huts.example" },
  { "javascript://x/%0Aalert(1)", NULL },
  { "JaVaScRiPt:alert(1)", NULL },
  { "java\tscript:alert(1)", NULL },
  { "data:text/html,<b>", NULL },
  { "file:///etc/passwd smb://host/share ftp://x vbscript:x", NULL },
  { "xhttp://a.example", NULL },
  { "javascript:https://a.example", "https://a.example" },
  { "x-http://a.example and a.http://b.example", NULL },
  { "mail mailto:noor@huts.example, or xmpp:noor@huts.example", "mailto:noor@huts.example xmpp:noor@huts.example" },
  { "http:// https://", NULL },
  { "http:///path", NULL },
  { "http://a.example\nhttps://b.example", "http://a.example https://b.example" },
  { "http://a.example\xe2\x80\xae/gpj.exe", "http://a.example" },
  { "“https://a.example/x”", "https://a.example/x" },
  { "https://a.example/<script>", "https://a.example/" },
  { "انظر https://huts.example/ridge؟", "https://huts.example/ridge" },
  { "https://müller.example/größe", "https://müller.example/größe" },
  { "mailto:", NULL },
  { "http://[::1]:80/x and http://user@host.example", "http://[::1]:80/x http://user@host.example" },
};

static void
test_find (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GArray) links = kl_links_find (cases[i].text);
      g_autoptr (GString) found = g_string_new (NULL);

      for (guint j = 0; links != NULL && j < links->len; j++)
        {
          KlLink link = g_array_index (links, KlLink, j);

          if (j > 0)
            g_string_append_c (found, ' ');
          g_string_append_len (found, cases[i].text + link.start, link.end - link.start);
        }
      if (g_strcmp0 (found->str, cases[i].links != NULL ? cases[i].links : "") != 0)
        g_error ("“%s”: found “%s”", cases[i].text, found->str);
    }
}

static void
test_gate (void)
{
  g_assert_true (kl_link_is_allowed ("https://huts.example"));
  g_assert_true (kl_link_is_allowed ("mailto:noor@huts.example"));
  g_assert_false (kl_link_is_allowed ("file:///etc/passwd"));
  g_assert_false (kl_link_is_allowed ("javascript:alert(1)"));
  g_assert_false (kl_link_is_allowed (" https://huts.example"));
  g_assert_false (kl_link_is_allowed ("https://huts.example\njavascript:1"));
  g_assert_false (kl_link_is_allowed (""));
}

static void
test_emoji (void)
{
  g_assert_cmpuint (kl_text_count_lone_emoji ("🏔️🥾"), ==, 2);
  g_assert_cmpuint (kl_text_count_lone_emoji ("👨‍👩‍👧‍👦"), ==, 1);
  g_assert_cmpuint (kl_text_count_lone_emoji ("👍🏽"), ==, 1);
  g_assert_cmpuint (kl_text_count_lone_emoji ("❤️"), ==, 1);
  g_assert_cmpuint (kl_text_count_lone_emoji ("🇳🇿"), ==, 1);
  g_assert_cmpuint (kl_text_count_lone_emoji ("1️⃣"), ==, 1);
  g_assert_cmpuint (kl_text_count_lone_emoji ("👍👍👍👍"), ==, 0);
  g_assert_cmpuint (kl_text_count_lone_emoji ("👍 ok"), ==, 0);
  g_assert_cmpuint (kl_text_count_lone_emoji ("1"), ==, 0);
  g_assert_cmpuint (kl_text_count_lone_emoji (""), ==, 0);
  g_assert_cmpuint (kl_text_count_lone_emoji ("漢字"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/timeline/links/find", test_find);
  g_test_add_func ("/timeline/links/gate", test_gate);
  g_test_add_func ("/timeline/links/emoji", test_emoji);
  return g_test_run ();
}
