/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/timeline/kl-links.h"

#include <pango/pango.h>
#include <string.h>

#define MAX_LONE_EMOJI 3
#define MAX_LONE_EMOJI_BYTES 120

static const char *const schemes[] = { "https://", "http://", "mailto:", "xmpp:" };

/* The length of the scheme that begins here, or 0. */
static gsize
scheme_at (const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_ascii_strncasecmp (text, schemes[i], strlen (schemes[i])) == 0)
      return strlen (schemes[i]);
  return 0;
}

/* Characters that end an address: white space, controls, what turns the line round, quotes and angle brackets. */
static gboolean
ends_link (gunichar c)
{
  if (g_unichar_isspace (c) || g_unichar_iscntrl (c))
    return TRUE;
  if (g_unichar_type (c) == G_UNICODE_FORMAT || g_unichar_type (c) == G_UNICODE_PRIVATE_USE)
    return TRUE;
  return strchr ("<>\"`{}|\\^", (int) MIN (c, 0x7f)) != NULL && c < 0x7f;
}

static gboolean
is_trailing_mark (gunichar c)
{
  if (c < 0x80)
    return strchr (".,;:!?'*_~", (int) c) != NULL;
  return c == 0x2026 || c == 0x3002 || c == 0x3001 || c == 0xff0c || c == 0x060c || c == 0x061f || c == 0x2019
         || c == 0x201d || c == 0x00bb;
}

/* Sentence marks after an address are the sentence's, and so is a bracket that was opened before it. */
static const char *
trim_end (const char *start, const char *end)
{
  while (end > start)
    {
      const char *last = g_utf8_prev_char (end);
      gunichar c = g_utf8_get_char (last);
      int depth = 0;

      if (is_trailing_mark (c))
        {
          end = last;
          continue;
        }
      if (c != ')' && c != ']')
        break;
      for (const char *p = start; p < end; p++)
        depth += *p == (c == ')' ? '(' : '[') ? 1 : *p == (char) c ? -1 : 0;
      if (depth >= 0)
        break;
      end = last;
    }
  return end;
}

gboolean
kl_link_is_allowed (const char *uri)
{
  gsize scheme;

  g_return_val_if_fail (uri != NULL, FALSE);

  scheme = scheme_at (uri);
  if (scheme == 0 || uri[scheme] == '\0')
    return FALSE;
  for (const char *p = uri; *p != '\0'; p = g_utf8_next_char (p))
    if (ends_link (g_utf8_get_char (p)))
      return FALSE;
  if (g_ascii_strncasecmp (uri, "http", 4) == 0)
    {
      g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_PARSE_RELAXED, NULL);

      return parsed != NULL && g_uri_get_host (parsed) != NULL && g_uri_get_host (parsed)[0] != '\0';
    }
  return TRUE;
}

GArray *
kl_links_find (const char *text)
{
  GArray *links = NULL;
  const char *p = text;

  g_return_val_if_fail (text != NULL, NULL);

  for (const char *colon = strchr (p, ':'); colon != NULL; colon = strchr (p, ':'))
    {
      const char *start = colon;
      const char *end;
      g_autofree char *uri = NULL;
      KlLink link;

      while (start > p && g_ascii_isalpha (start[-1]))
        start--;
      if (scheme_at (start) == 0
          || (start > text
              && (g_unichar_isalnum (g_utf8_get_char (g_utf8_prev_char (start))) || strchr ("+-.", start[-1]) != NULL)))
        {
          p = colon + 1;
          continue;
        }
      end = start;
      while (*end != '\0' && !ends_link (g_utf8_get_char (end)))
        end = g_utf8_next_char (end);
      end = trim_end (start, end);
      p = MAX (end, colon + 1);
      uri = g_strndup (start, (gsize) (end - start));
      if (!kl_link_is_allowed (uri))
        continue;
      if (links == NULL)
        links = g_array_new (FALSE, FALSE, sizeof (KlLink));
      link = (KlLink) { (int) (start - text), (int) (end - text) };
      g_array_append_val (links, link);
    }
  return links;
}

static gboolean
is_emoji_part (gunichar c)
{
  return c == 0x200d || c == 0xfe0f || c == 0x20e3 || (c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0xe0020 && c <= 0xe007f);
}

static gboolean
is_emoji (gunichar c, gunichar next)
{
  if (c >= 0x1f000 && c <= 0x1faff)
    return TRUE;
  if ((c >= 0x2600 && c <= 0x27bf) || (c >= 0x2b00 && c <= 0x2bff) || (c >= 0x2190 && c <= 0x23ff))
    return next == 0xfe0f || (c >= 0x2600 && c <= 0x27bf) || c == 0x2b50 || c == 0x231a || c == 0x23f0;
  return (g_unichar_isdigit (c) || c == '#' || c == '*') && next == 0xfe0f;
}

guint
kl_text_count_lone_emoji (const char *text)
{
  gsize length = strlen (text);
  g_autofree PangoLogAttr *attrs = NULL;
  glong n_chars;
  guint count = 0;
  const char *p = text;

  if (length == 0 || length > MAX_LONE_EMOJI_BYTES || (guchar) text[0] < 0x23)
    return 0;
  n_chars = g_utf8_strlen (text, -1);
  for (glong i = 0; i < n_chars; i++, p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!is_emoji_part (c) && !is_emoji (c, *p != '\0' ? g_utf8_get_char (g_utf8_next_char (p)) : 0))
        return 0;
    }
  attrs = g_new0 (PangoLogAttr, n_chars + 1);
  pango_get_log_attrs (text, (int) length, -1, pango_language_get_default (), attrs, (int) n_chars + 1);
  for (glong i = 0; i < n_chars; i++)
    count += attrs[i].is_cursor_position ? 1 : 0;
  return count <= MAX_LONE_EMOJI ? count : 0;
}
