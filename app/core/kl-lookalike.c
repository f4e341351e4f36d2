/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/core/kl-lookalike.h"

#include <string.h>

/* Pairs: a letter, and the Latin one that it looks like. The web client has the same (text.ts). */
static const char *const pairs[] = {
  "а", "a", "в", "b", "е", "e", "ё", "e", "і", "i", "ї", "i", "ј", "j", "к", "k", "м", "m", "н", "h", "о", "o", "р", "p", "с", "c",
  "ѕ", "s", "т", "t", "у", "y", "х", "x", "ԁ", "d", "ɡ", "g", "һ", "h", "ԛ", "q", "ԝ", "w", "α", "a", "β", "b", "ε", "e", "η", "n",
  "ι", "i", "κ", "k", "μ", "m", "ν", "v", "ο", "o", "ρ", "p", "τ", "t", "υ", "u", "χ", "x", "ı", "i", "0", "o", "1", "l", "|", "l",
};

static gunichar
fold (gunichar c)
{
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i += 2)
    if (g_utf8_get_char (pairs[i]) == c)
      {
        c = (gunichar) pairs[i + 1][0];
        break;
      }
  return c == 'i' ? 'l' : c;
}

char *
kl_lookalike_key (const char *name)
{
  g_autofree char *apart = NULL;
  g_autofree char *low = NULL;
  GString *key = g_string_new (NULL);

  g_return_val_if_fail (name != NULL, NULL);

  apart = g_utf8_normalize (name, -1, G_NORMALIZE_NFKD);
  low = g_utf8_strdown (apart != NULL ? apart : name, -1);
  for (const char *p = low; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_ismark (c) || g_unichar_isspace (c) || g_unichar_type (c) == G_UNICODE_FORMAT)
        continue;
      g_string_append_unichar (key, fold (c));
    }
  return g_string_free (key, FALSE);
}
