/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/timeline/kl-row-text.h"

#include <pango/pango.h>
#include <string.h>

#include "app/ui/timeline/kl-clock.h"

/* To the nearest character's beginning at or before @byte. */
static gsize
to_boundary (const char *text, int byte)
{
  gsize length = strlen (text);
  gsize at = MIN ((gsize) MAX (byte, 0), length);

  while (at > 0 && ((guchar) text[at] & 0xc0) == 0x80)
    at--;
  return at;
}

char *
kl_row_dup_text (KlRow *row, int start, int end, gboolean many)
{
  KlMessage *message = kl_row_get_message (row);
  g_autofree char *part = NULL;
  g_autofree char *time = NULL;
  const char *body;
  gsize from;
  gsize to;
  KlUser *sender;

  if (kl_row_get_kind (row) != KL_ROW_KIND_MESSAGE || kl_message_get_deleted (message))
    return NULL;
  body = kl_message_get_body (message);
  from = to_boundary (body, start);
  to = MAX (from, to_boundary (body, end));
  part = g_strndup (body + from, to - from);
  if (!many || part[0] == '\0')
    return g_steal_pointer (&part);
  sender = kl_message_get_sender (message);
  time = kl_clock_format_time (kl_clock_get_default (), kl_message_get_created_at (message));
  return g_strdup_printf ("[%s] %s: %s", time, sender != NULL ? kl_user_get_display_name (sender) : "", part);
}

void
kl_row_get_word (KlRow *row, int byte, int *start, int *end)
{
  KlMessage *message = kl_row_get_message (row);
  const char *body = message != NULL ? kl_message_get_body (message) : "";
  glong n_chars = g_utf8_strlen (body, -1);
  glong at = g_utf8_pointer_to_offset (body, body + to_boundary (body, byte));
  g_autofree PangoLogAttr *attrs = g_new0 (PangoLogAttr, n_chars + 1);
  glong from = MIN (at, n_chars);
  glong to;

  pango_get_log_attrs (body, -1, -1, pango_language_get_default (), attrs, (int) n_chars + 1);
  while (from > 0 && !attrs[from].is_word_start && !attrs[from].is_word_end)
    from--;
  if (!attrs[from].is_word_start && from == at && from > 0 && attrs[from].is_word_end)
    for (from--; from > 0 && !attrs[from].is_word_start; from--)
      ;
  for (to = MIN (from + 1, n_chars); to < n_chars && !attrs[to].is_word_end && !attrs[to].is_word_start; to++)
    ;
  *start = (int) (g_utf8_offset_to_pointer (body, from) - body);
  *end = (int) (g_utf8_offset_to_pointer (body, to) - body);
}
