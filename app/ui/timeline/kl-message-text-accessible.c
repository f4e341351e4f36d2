/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offsets here are characters, as assistive technology counts. */
#include "app/ui/timeline/kl-message-text-private.h"

static const char *
text_of (GtkAccessibleText *accessible)
{
  return pango_layout_get_text (kl_message_text_get_layout (KL_MESSAGE_TEXT (accessible)));
}

static guint
n_chars_of (GtkAccessibleText *accessible)
{
  return (guint) pango_layout_get_character_count (kl_message_text_get_layout (KL_MESSAGE_TEXT (accessible)));
}

static GBytes *
get_contents (GtkAccessibleText *accessible, guint start, guint end)
{
  guint n_chars = n_chars_of (accessible);
  char *part;

  start = MIN (start, n_chars);
  end = CLAMP (end, start, n_chars);
  part = g_utf8_substring (text_of (accessible), (glong) start, (glong) end);
  return g_bytes_new_take (part, strlen (part) + 1);
}

static gboolean
begins (const PangoLogAttr *attr, GtkAccessibleTextGranularity granularity)
{
  switch (granularity)
    {
    case GTK_ACCESSIBLE_TEXT_GRANULARITY_WORD:
      return attr->is_word_start;
    case GTK_ACCESSIBLE_TEXT_GRANULARITY_SENTENCE:
      return attr->is_sentence_start;
    case GTK_ACCESSIBLE_TEXT_GRANULARITY_CHARACTER:
      return attr->is_cursor_position;
    case GTK_ACCESSIBLE_TEXT_GRANULARITY_LINE:
    case GTK_ACCESSIBLE_TEXT_GRANULARITY_PARAGRAPH:
    default:
      return FALSE;
    }
}

static void
find_line (GtkAccessibleText *accessible, guint offset, gboolean whole_paragraph, guint *start, guint *end)
{
  const char *text = text_of (accessible);
  int byte = (int) (g_utf8_offset_to_pointer (text, (glong) offset) - text);
  int from = 0;
  int to = (int) strlen (text);

  if (whole_paragraph)
    {
      for (from = byte; from > 0 && text[from - 1] != '\n'; from--)
        ;
      for (to = byte; text[to] != '\0' && text[to] != '\n'; to++)
        ;
    }
  else
    {
      PangoLayout *layout = kl_message_text_get_layout (KL_MESSAGE_TEXT (accessible));
      PangoLayoutLine *line;
      int index;

      pango_layout_index_to_line_x (layout, byte, FALSE, &index, NULL);
      line = pango_layout_get_line_readonly (layout, index);
      from = pango_layout_line_get_start_index (line);
      to = from + pango_layout_line_get_length (line);
    }
  *start = (guint) g_utf8_pointer_to_offset (text, text + from);
  *end = (guint) g_utf8_pointer_to_offset (text, text + to);
}

static GBytes *
get_contents_at (GtkAccessibleText *accessible, guint offset, GtkAccessibleTextGranularity granularity, guint *start,
                 guint *end)
{
  guint n_chars = n_chars_of (accessible);
  const PangoLogAttr *attrs;
  int n_attrs;

  offset = MIN (offset, n_chars);
  if (granularity == GTK_ACCESSIBLE_TEXT_GRANULARITY_LINE || granularity == GTK_ACCESSIBLE_TEXT_GRANULARITY_PARAGRAPH)
    {
      find_line (accessible, offset, granularity == GTK_ACCESSIBLE_TEXT_GRANULARITY_PARAGRAPH, start, end);
      return get_contents (accessible, *start, *end);
    }
  attrs = pango_layout_get_log_attrs_readonly (kl_message_text_get_layout (KL_MESSAGE_TEXT (accessible)), &n_attrs);
  for (*start = offset; *start > 0 && !begins (&attrs[*start], granularity); (*start)--)
    ;
  for (*end = MIN (offset + 1, n_chars); *end < n_chars && !begins (&attrs[*end], granularity); (*end)++)
    ;
  return get_contents (accessible, *start, *end);
}

static guint
get_caret_position (GtkAccessibleText *accessible)
{
  const char *text = text_of (accessible);

  return (guint) g_utf8_pointer_to_offset (text, text + KL_MESSAGE_TEXT (accessible)->selection[1]);
}

static gboolean
get_selection (GtkAccessibleText *accessible, gsize *n_ranges, GtkAccessibleTextRange **ranges)
{
  KlMessageText *self = KL_MESSAGE_TEXT (accessible);
  const char *text = text_of (accessible);
  gsize start;
  gsize end;

  if (self->selection[0] >= self->selection[1])
    return FALSE;
  start = (gsize) g_utf8_pointer_to_offset (text, text + self->selection[0]);
  end = (gsize) g_utf8_pointer_to_offset (text, text + self->selection[1]);
  *n_ranges = 1;
  *ranges = g_new (GtkAccessibleTextRange, 1);
  **ranges = (GtkAccessibleTextRange) { start, end - start };
  return TRUE;
}

static gboolean
get_attributes (GtkAccessibleText *accessible, guint offset, gsize *n_ranges, GtkAccessibleTextRange **ranges,
                char ***names, char ***values)
{
  *n_ranges = 0;
  *ranges = NULL;
  *names = NULL;
  *values = NULL;
  return FALSE;
}

static void
get_default_attributes (GtkAccessibleText *accessible, char ***names, char ***values)
{
  *names = g_new0 (char *, 1);
  *values = g_new0 (char *, 1);
}

static gboolean
get_extents (GtkAccessibleText *accessible, guint start, guint end, graphene_rect_t *extents)
{
  const char *text = text_of (accessible);
  guint n_chars = n_chars_of (accessible);
  int range[2];
  cairo_region_t *region;
  cairo_rectangle_int_t rect;

  start = MIN (start, n_chars);
  end = CLAMP (end, start, n_chars);
  range[0] = (int) (g_utf8_offset_to_pointer (text, (glong) start) - text);
  range[1] = (int) (g_utf8_offset_to_pointer (text, (glong) end) - text);
  region = gdk_pango_layout_get_clip_region (kl_message_text_get_layout (KL_MESSAGE_TEXT (accessible)), 0, 0, range, 1);
  cairo_region_get_extents (region, &rect);
  cairo_region_destroy (region);
  *extents = GRAPHENE_RECT_INIT ((float) rect.x, (float) rect.y, (float) rect.width, (float) rect.height);
  return TRUE;
}

static gboolean
get_offset (GtkAccessibleText *accessible, const graphene_point_t *point, guint *offset)
{
  const char *text = text_of (accessible);
  gboolean inside;
  int byte = kl_message_text_get_byte_at (KL_MESSAGE_TEXT (accessible), (double) point->x, (double) point->y, &inside);

  *offset = (guint) g_utf8_pointer_to_offset (text, text + byte);
  return TRUE;
}

void
kl_message_text_accessible_init (GtkAccessibleTextInterface *iface)
{
  iface->get_contents = get_contents;
  iface->get_contents_at = get_contents_at;
  iface->get_caret_position = get_caret_position;
  iface->get_selection = get_selection;
  iface->get_attributes = get_attributes;
  iface->get_default_attributes = get_default_attributes;
  iface->get_extents = get_extents;
  iface->get_offset = get_offset;
}
