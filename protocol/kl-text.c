/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-text.h"

#include <string.h>

#include "protocol/kl-limits.h"

typedef struct
{
  gsize min_chars, max_chars;
  gboolean newline, tab, bidi, visible;
} Rule;

static const Rule rules[] = {
  [KL_TEXT_BODY] = { .max_chars = G_MAXSIZE, .newline = TRUE, .tab = TRUE, .bidi = TRUE },
  [KL_TEXT_TOPIC] = { .max_chars = KL_LIMIT_TOPIC_CHARS, .newline = TRUE, .bidi = TRUE },
  [KL_TEXT_GROUP_NAME] = { .min_chars = 1, .max_chars = KL_LIMIT_GROUP_NAME_CHARS, .visible = TRUE },
  [KL_TEXT_DISPLAY_NAME] = { .min_chars = 1, .max_chars = KL_LIMIT_DISPLAY_NAME_CHARS, .visible = TRUE },
  [KL_TEXT_STATUS] = { .max_chars = KL_LIMIT_STATUS_TEXT_CHARS, .bidi = TRUE },
  [KL_TEXT_DEVICE] = { .max_chars = KL_LIMIT_DEVICE_CHARS, .bidi = TRUE },
  [KL_TEXT_QUERY] = { .max_chars = KL_LIMIT_QUERY_CHARS, .bidi = TRUE },
  [KL_TEXT_EMOJI] = { .min_chars = 1, .max_chars = G_MAXSIZE, .bidi = TRUE, .visible = TRUE },
};

static gboolean
is_bidi_control (gunichar c)
{
  return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static gboolean
is_visible (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SPACE_SEPARATOR:
      return FALSE;
    case G_UNICODE_LOWERCASE_LETTER:
    case G_UNICODE_MODIFIER_LETTER:
    case G_UNICODE_OTHER_LETTER:
    case G_UNICODE_TITLECASE_LETTER:
    case G_UNICODE_UPPERCASE_LETTER:
    case G_UNICODE_SPACING_MARK:
    case G_UNICODE_ENCLOSING_MARK:
    case G_UNICODE_NON_SPACING_MARK:
    case G_UNICODE_DECIMAL_NUMBER:
    case G_UNICODE_LETTER_NUMBER:
    case G_UNICODE_OTHER_NUMBER:
    case G_UNICODE_CONNECT_PUNCTUATION:
    case G_UNICODE_DASH_PUNCTUATION:
    case G_UNICODE_CLOSE_PUNCTUATION:
    case G_UNICODE_FINAL_PUNCTUATION:
    case G_UNICODE_INITIAL_PUNCTUATION:
    case G_UNICODE_OTHER_PUNCTUATION:
    case G_UNICODE_OPEN_PUNCTUATION:
    case G_UNICODE_CURRENCY_SYMBOL:
    case G_UNICODE_MODIFIER_SYMBOL:
    case G_UNICODE_MATH_SYMBOL:
    case G_UNICODE_OTHER_SYMBOL:
    default:
      return TRUE;
    }
}

static const char *
check_character (gunichar c, const Rule *rule)
{
  if (G_LIKELY (c >= 0x20 && c < 0x7f))
    return NULL;
  if ((c == '\n' && rule->newline) || (c == '\t' && rule->tab))
    return NULL;
  if (c < 0x20 || (c >= 0x7f && c < 0xa0))
    return "must not contain control characters";
  if (c == 0xfffe || c == 0xffff)
    return "contains a character that is none";
  if (!rule->bidi && is_bidi_control (c))
    return "must not contain controls of writing direction";
  /* Where a name is set, these would break its line. */
  if (!rule->bidi && (c == 0x2028 || c == 0x2029))
    return "must not contain line breaks";

  return NULL;
}

static const char *
check_emoji (const char *text, gsize length)
{
  if (length > KL_LIMIT_EMOJI_BYTES || kl_text_next_cluster (text, text + length) != text + length)
    return "must be one character";

  return NULL;
}

const char *
kl_text_check (const char *text, gsize length_bytes, KlTextRule rule_id)
{
  const Rule *rule = &rules[rule_id];
  const char *end = text + length_bytes;
  gsize chars = 0;

  if (!g_utf8_validate_len (text, length_bytes, NULL))
    return memchr (text, 0, length_bytes) ? "must not contain control characters" : "is not UTF-8";

  for (const char *p = text; p < end; p = g_utf8_next_char (p), chars++)
    {
      const char *clause = check_character (g_utf8_get_char (p), rule);

      if (clause)
        return clause;
    }

  if (chars < rule->min_chars)
    return "must not be empty";
  if (chars > rule->max_chars)
    return "is too long";
  if (rule->visible && !kl_text_is_visible (text, length_bytes))
    return "needs a visible character";
  if (rule_id == KL_TEXT_EMOJI)
    return check_emoji (text, length_bytes);

  return NULL;
}

gboolean
kl_text_is_visible (const char *text, gsize length_bytes)
{
  for (const char *p = text, *end = text + length_bytes; p < end; p = g_utf8_next_char (p))
    if (is_visible (g_utf8_get_char (p)))
      return TRUE;

  return FALSE;
}

static gboolean
consists_of (const char *text, const char *marks)
{
  for (const char *p = text; *p; p++)
    if (!g_ascii_islower (*p) && !g_ascii_isdigit (*p) && !strchr (marks, *p))
      return FALSE;

  return TRUE;
}

gboolean
kl_text_is_user_name (const char *name)
{
  static const char *const reserved[] = { "all", "here", "system", "klatch", NULL };
  gsize length = strlen (name);

  return length >= KL_LIMIT_USER_NAME_MIN_CHARS && length <= KL_LIMIT_USER_NAME_MAX_CHARS && consists_of (name, "._-")
         && !g_strv_contains (reserved, name);
}

gboolean
kl_text_is_slug (const char *slug)
{
  gsize length = strlen (slug);

  return length >= KL_LIMIT_SLUG_MIN_CHARS && length <= KL_LIMIT_SLUG_MAX_CHARS && *slug != '-'
         && consists_of (slug, "-");
}

gboolean
kl_text_is_domain (const char *domain)
{
  g_auto (GStrv) labels = NULL;

  if (!*domain || strlen (domain) > 253 || !consists_of (domain, ".-"))
    return FALSE;

  labels = g_strsplit (domain, ".", -1);
  for (char **label = labels; *label; label++)
    {
      gsize length = strlen (*label);

      if (length == 0 || length > 63 || **label == '-' || (*label)[length - 1] == '-')
        return FALSE;
    }

  return TRUE;
}

gsize
kl_text_cut (const char *text, gsize length_bytes, gsize max_chars)
{
  const char *end = text + length_bytes;
  const char *fits = text;
  gsize chars = 0;

  if (length_bytes <= max_chars)
    return length_bytes;

  while (fits < end)
    {
      const char *next = kl_text_next_cluster (fits, end);

      chars += (gsize)g_utf8_strlen (fits, next - fits);
      if (chars > max_chars)
        break;
      fits = next;
    }

  /* One cluster longer than all that is allowed (hundreds of combining marks) is cut after a character. */
  if (fits == text)
    {
      for (gsize i = 0; i < max_chars && fits < end; i++)
        fits = g_utf8_next_char (fits);
    }

  return (gsize)(fits - text);
}

/* Letters that Unicode does not decompose, and people still take for the plain one. */
static gunichar
plain_letter (gunichar c)
{
  switch (c)
    {
    case 0x00f8: /* ø */
      return 'o';
    case 0x0111: /* đ */
    case 0x00f0: /* ð */
      return 'd';
    case 0x0127: /* ħ */
      return 'h';
    case 0x0131: /* ı */
      return 'i';
    case 0x0142: /* ł */
      return 'l';
    case 0x0167: /* ŧ */
      return 't';
    default:
      return c;
    }
}

/* Accents, harakat, points and nuktas; not kana's voicing marks and viramas, which make another word. */
static gboolean
is_accent (gunichar c)
{
  int class;

  if (!g_unichar_ismark (c))
    return FALSE;
  class = g_unichar_combining_class (c);

  return class != 0 && class != 8 && class != 9;
}

char *
kl_text_fold (const char *text, gssize length_bytes)
{
  gsize length = length_bytes < 0 ? strlen (text) : (gsize)length_bytes;
  g_autofree char *cased = NULL, *again = NULL, *apart = NULL;
  GString *folded;
  gboolean ascii = TRUE;

  for (gsize i = 0; i < length && ascii; i++)
    ascii = (guint8)text[i] < 0x80;
  if (ascii)
    return g_ascii_strdown (text, (gssize)length);

  /* Compatibility forms may hold capitals of their own (as of ℌ), so case is folded on both sides. */
  again = g_utf8_normalize (text, (gssize)length, G_NORMALIZE_NFKD);
  cased = g_utf8_casefold (again ? again : "", -1);
  apart = g_utf8_normalize (cased, -1, G_NORMALIZE_NFKD);
  folded = g_string_sized_new (length);
  for (const char *p = apart; p && *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!is_accent (c))
        g_string_append_unichar (folded, plain_letter (c));
    }

  return g_string_free_and_steal (folded);
}

char *
kl_text_make_slug (const char *name)
{
  g_autofree char *folded = kl_text_fold (name, -1);
  GString *slug = g_string_new (NULL);

  for (const char *p = folded; *p; p++)
    {
      if (g_ascii_islower (*p) || g_ascii_isdigit (*p))
        g_string_append_c (slug, *p);
      else if ((guint8)*p < 0x80 && slug->len > 0 && slug->str[slug->len - 1] != '-')
        g_string_append_c (slug, '-');
    }

  if (slug->len > KL_LIMIT_SLUG_MAX_CHARS)
    g_string_truncate (slug, KL_LIMIT_SLUG_MAX_CHARS);
  while (slug->len > 0 && slug->str[slug->len - 1] == '-')
    g_string_truncate (slug, slug->len - 1);
  if (!kl_text_is_slug (slug->str))
    {
      g_string_free (slug, TRUE);
      return NULL;
    }

  return g_string_free_and_steal (slug);
}
