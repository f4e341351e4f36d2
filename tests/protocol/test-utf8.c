/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-utf8.h"

#include <string.h>

#include "tests/kit/kl-test.h"

typedef struct
{
  const char *bytes;
  gsize length;
  int wrong_at; /* the first byte that no valid text could have there; -1: none */
  gboolean whole;
} Case;

#define TEXT(literal) literal, sizeof (literal) - 1

static const Case cases[] = {
  { TEXT (""), -1, TRUE },
  { TEXT ("plain ASCII, longer than eight"), -1, TRUE },
  { TEXT ("a\0b"), -1, TRUE },
  { TEXT ("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"), -1, TRUE },
  { TEXT ("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), -1, TRUE },
  { TEXT ("\xed\x9f\xbf\xee\x80\x80"), -1, TRUE },
  { TEXT ("12345678\xe2\x82"), -1, FALSE },
  { TEXT ("\xf0\x9f\x98"), -1, FALSE },
  { TEXT ("\x80"), 0, FALSE },
  { TEXT ("\xc0\xaf"), 0, FALSE },
  { TEXT ("\xc1\xbf"), 0, FALSE },
  { TEXT ("\xe0\x9f\xbf"), 1, FALSE },
  { TEXT ("\xed\xa0\x80"), 1, FALSE },
  { TEXT ("\xf0\x8f\xbf\xbf"), 1, FALSE },
  { TEXT ("\xf4\x90\x80\x80"), 1, FALSE },
  { TEXT ("\xf5\x80\x80\x80"), 0, FALSE },
  { TEXT ("12345678\xff"), 8, FALSE },
  { TEXT ("ab\xe2\x82x"), 4, FALSE },
};

static void
test_whole (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (kl_utf8_check (cases[i].bytes, cases[i].length), ==, cases[i].wrong_at < 0 && cases[i].whole);
}

/* Byte by byte, the fault is told at its very byte. */
static void
test_pieces (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      KlUtf8State state = 0;
      int wrong_at = -1;

      for (gsize k = 0; k < cases[i].length && wrong_at < 0; k++)
        if (!kl_utf8_check_piece (&state, cases[i].bytes + k, 1))
          wrong_at = (int) k;
      g_assert_cmpint (wrong_at, ==, cases[i].wrong_at);
      if (wrong_at < 0)
        g_assert_cmpint (state == 0, ==, cases[i].whole);
    }
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/utf8/whole", test_whole);
  g_test_add_func ("/utf8/pieces", test_pieces);

  return g_test_run ();
}
