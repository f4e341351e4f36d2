/* SPDX-License-Identifier: GPL-3.0-or-later
 * Extended grapheme clusters by the rules of UAX #29 that matter for a cut: where the properties that GLib knows are not
 * fine enough, two characters are held together rather than torn apart. */
#include "app/core/kl-message.h"
#include "app/core/kl-text-private.h"

enum
{
  ZWNJ = 0x200C,
  ZWJ = 0x200D,
};

static gboolean
is_regional (gunichar c)
{
  return c >= 0x1F1E6 && c <= 0x1F1FF;
}

/* Extend and SpacingMark. */
static gboolean
extends (gunichar c)
{
  return g_unichar_ismark (c) || c == ZWJ || c == ZWNJ || (c >= 0x1F3FB && c <= 0x1F3FF)
         || (c >= 0xE0020 && c <= 0xE007F) || c == 0xFF9E || c == 0xFF9F || c == 0x0E33 || c == 0x0EB3;
}

static gboolean
is_pictographic (gunichar c)
{
  return c >= 0x1F000 || (c >= 0x2190 && c <= 0x3299 && g_unichar_type (c) == G_UNICODE_OTHER_SYMBOL)
         || (c >= 0x2190 && c <= 0x2BFF) || c == 0x00A9 || c == 0x00AE || c == 0x203C || c == 0x2049;
}

/* The signs that join two consonants to one syllable. */
static gboolean
is_linker (gunichar c)
{
  static const gunichar linkers[] = { 0x094D, 0x09CD, 0x0A4D, 0x0ACD, 0x0B4D, 0x0BCD, 0x0C4D,
                                      0x0CCD, 0x0D4D, 0x0DCA, 0x1039, 0x17D2, 0x1A60, 0xA9C0 };

  for (gsize i = 0; i < G_N_ELEMENTS (linkers); i++)
    if (linkers[i] == c)
      return TRUE;
  return FALSE;
}

static gboolean
is_prepended (gunichar c)
{
  return (c >= 0x0600 && c <= 0x0605) || c == 0x06DD || c == 0x070F || c == 0x0890 || c == 0x0891 || c == 0x08E2
         || c == 0x110BD || c == 0x110CD;
}

static gboolean
hangul_joins (gunichar before, gunichar after)
{
  gboolean leading = before >= 0x1100 && before <= 0x115F;
  gboolean syllable = before >= 0xAC00 && before <= 0xD7A3;
  gboolean vowel = (before >= 0x1160 && before <= 0x11A7) || (syllable && (before - 0xAC00) % 28 == 0);
  gboolean trailing = before >= 0x11A8 && before <= 0x11FF;
  gboolean after_vowel = after >= 0x1160 && after <= 0x11A7;
  gboolean after_trailing = after >= 0x11A8 && after <= 0x11FF;

  if (leading)
    return (after >= 0x1100 && after <= 0x115F) || after_vowel || (after >= 0xAC00 && after <= 0xD7A3);
  if (vowel)
    return after_vowel || after_trailing;
  return (syllable || trailing) && after_trailing;
}

gsize
kl_text_cluster_bytes (const char *text)
{
  const char *p = text;
  gunichar before = g_utf8_get_char (p);
  gboolean pictographic = is_pictographic (before), linked = FALSE;
  guint regionals = is_regional (before) ? 1 : 0;

  if (before == 0)
    return 0;
  p = g_utf8_next_char (p);
  if (before == '\r' && *p == '\n')
    return 2;
  if (g_unichar_iscntrl (before))
    return (gsize) (p - text);

  for (gunichar c = g_utf8_get_char (p); c != 0; p = g_utf8_next_char (p), c = g_utf8_get_char (p))
    {
      gboolean joins = extends (c) || is_prepended (before) || hangul_joins (before, c)
                       || (before == ZWJ && pictographic && is_pictographic (c))
                       || (linked && g_unichar_type (c) == G_UNICODE_OTHER_LETTER) || (regionals == 1 && is_regional (c));
      if (!joins || g_unichar_iscntrl (c))
        break;
      regionals += is_regional (c) ? 1 : 0;
      if (is_linker (c))
        linked = TRUE;
      else if (!extends (c))
        linked = FALSE;
      before = c;
    }
  return (gsize) (p - text);
}

gboolean
kl_text_is_visible (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      GUnicodeType type = g_unichar_type (c);

      if (g_unichar_isspace (c) || type == G_UNICODE_SPACE_SEPARATOR || type == G_UNICODE_LINE_SEPARATOR
          || type == G_UNICODE_PARAGRAPH_SEPARATOR || type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT
          || type == G_UNICODE_SURROGATE || type == G_UNICODE_PRIVATE_USE || type == G_UNICODE_UNASSIGNED)
        continue;
      return TRUE;
    }
  return FALSE;
}

char *
kl_text_dup_preview (const char *text, guint n_graphemes)
{
  g_autoptr (GString) out = g_string_new (NULL);
  gboolean space = FALSE;
  guint n = 0;

  for (const char *p = text; *p != '\0';)
    {
      gsize bytes = kl_text_cluster_bytes (p);

      if (g_unichar_isspace (g_utf8_get_char (p)))
        {
          space = out->len > 0;
          p += bytes;
          continue;
        }
      if (n + (space ? 1 : 0) >= n_graphemes)
        {
          g_string_append (out, "…");
          break;
        }
      if (space)
        {
          g_string_append_c (out, ' ');
          n++;
        }
      space = FALSE;
      g_string_append_len (out, p, (gssize) bytes);
      n++;
      p += bytes;
    }
  return g_string_free_and_steal (g_steal_pointer (&out));
}
