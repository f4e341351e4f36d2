/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Role and cycle: one layout for the life of the widget, which recycled rows fill again; it is broken anew only when
 * text, width or font change. The colours of links and selection are those of two small style nodes, made when first
 * needed. */
#include "app/ui/timeline/kl-message-text.h"

#include <adwaita.h>
#include <math.h>

#include "app/ui/timeline/kl-links.h"
#include "app/ui/timeline/kl-message-text-private.h"

#define LINE_HEIGHT 1.32
#define META_GAP_PX 12

/* So many marks on one letter, and text draws over its neighbours. */
#define MAX_MARKS 3

/* Marks around bold parts; from the private use area, and taken out of what people write. */
#define BOLD_ON 0xe000
#define BOLD_OFF 0xe001

G_DEFINE_FINAL_TYPE_WITH_CODE (KlMessageText, kl_message_text, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_ACCESSIBLE_TEXT, kl_message_text_accessible_init))

static void apply_alignment (KlMessageText *self);
static void apply_attrs (KlMessageText *self);

/* Not before it is needed: until the widget stands in its row, its style has another font. */
PangoLayout *
kl_message_text_get_layout (KlMessageText *self)
{
  if (self->layout == NULL)
    {
      self->layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), NULL);
      pango_layout_set_wrap (self->layout, PANGO_WRAP_WORD_CHAR);
      if (self->flags & KL_TEXT_ONE_LINE)
        {
          pango_layout_set_single_paragraph_mode (self->layout, TRUE);
          pango_layout_set_ellipsize (self->layout, PANGO_ELLIPSIZE_END);
        }
      apply_alignment (self);
      apply_attrs (self);
    }
  return self->layout;
}

static void
forget_fit (KlMessageText *self)
{
  self->fit_max = -1;
}

static void
add_attr (PangoAttrList *attrs, PangoAttribute *attr, guint start, guint end)
{
  attr->start_index = start;
  attr->end_index = end;
  pango_attr_list_insert (attrs, attr);
}

static gboolean
is_rtl_widget (KlMessageText *self)
{
  return gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
}

/* Pango turns the alignment round for paragraphs against the widget's direction: each begins on its own side. */
static void
apply_alignment (KlMessageText *self)
{
  if (self->flags & KL_TEXT_CENTERED)
    pango_layout_set_alignment (self->layout, PANGO_ALIGN_CENTER);
  else
    pango_layout_set_alignment (self->layout, is_rtl_widget (self) ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
}

/* What the style's font cannot say, and where the links are. */
static void
apply_attrs (KlMessageText *self)
{
  g_autoptr (PangoAttrList) attrs = self->bold != NULL ? pango_attr_list_copy (self->bold) : pango_attr_list_new ();

  if (self->flags & KL_TEXT_LOOSE)
    add_attr (attrs, pango_attr_line_height_new (self->line_height), 0, G_MAXUINT);
  if (self->flags & KL_TEXT_FIGURES)
    add_attr (attrs, pango_attr_font_features_new ("tnum=1"), 0, G_MAXUINT);
  if (self->scale != 1)
    add_attr (attrs, pango_attr_scale_new (self->scale), 0, G_MAXUINT);
  for (guint i = 0; self->links != NULL && i < self->links->len; i++)
    {
      KlLink link = g_array_index (self->links, KlLink, i);
      GdkRGBA color;

      gtk_widget_get_color (self->link_style, &color);
      add_attr (attrs, pango_attr_underline_new (PANGO_UNDERLINE_SINGLE), (guint) link.start, (guint) link.end);
      add_attr (attrs,
                pango_attr_foreground_new ((guint16) (color.red * 65535), (guint16) (color.green * 65535),
                                           (guint16) (color.blue * 65535)),
                (guint) link.start, (guint) link.end);
      /* Without it the text's own alpha leaks in. */
      add_attr (attrs, pango_attr_foreground_alpha_new (65535), (guint) link.start, (guint) link.end);
      self->link_color = color;
    }
  pango_layout_set_attributes (self->layout, attrs);
}

static GtkWidget *
new_style_node (KlMessageText *self, const char *css_name)
{
  GtkWidget *node = g_object_new (ADW_TYPE_BIN, "css-name", css_name, NULL);

  gtk_accessible_update_state (GTK_ACCESSIBLE (node), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  gtk_widget_set_child_visible (node, FALSE);
  gtk_widget_set_parent (node, GTK_WIDGET (self));
  return node;
}

static void
text_changed (KlMessageText *self)
{
  self->selection[0] = self->selection[1] = 0;
  self->focused_link = -1;
  forget_fit (self);
  apply_attrs (self);
  gtk_widget_set_focusable (GTK_WIDGET (self), self->links != NULL);
  if (self->links != NULL)
    gtk_widget_set_cursor_from_name (GTK_WIDGET (self), NULL);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static gboolean
has_stacks (const char *text)
{
  guint n_marks = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      n_marks = (guchar) *p >= 0x80 && g_unichar_ismark (g_utf8_get_char (p)) ? n_marks + 1 : 0;
      if (n_marks > MAX_MARKS)
        return TRUE;
    }
  return FALSE;
}

void
kl_message_text_set_text (KlMessageText *self, const char *text, double scale)
{
  g_return_if_fail (KL_IS_MESSAGE_TEXT (self));
  g_return_if_fail (text != NULL);

  if (self->bold == NULL && self->scale == scale
      && g_strcmp0 (pango_layout_get_text (kl_message_text_get_layout (self)), text) == 0)
    return;
  g_clear_pointer (&self->bold, pango_attr_list_unref);
  g_clear_pointer (&self->links, g_array_unref);
  self->scale = scale;
  self->stacked = has_stacks (text);
  pango_layout_set_text (kl_message_text_get_layout (self), text, -1);
  if (self->flags & KL_TEXT_LINKS)
    self->links = kl_links_find (text);
  if (self->links != NULL && self->link_style == NULL)
    self->link_style = new_style_node (self, "link");
  text_changed (self);
}

static void
append_clean (GString *out, const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c != BOLD_ON && c != BOLD_OFF)
        g_string_append_unichar (out, c);
    }
}

char *
kl_text_bold (const char *text)
{
  GString *out = g_string_new (NULL);

  g_string_append_unichar (out, BOLD_ON);
  g_string_append_unichar (out, 0x2068); /* first strong isolate */
  append_clean (out, text);
  g_string_append_unichar (out, 0x2069);
  g_string_append_unichar (out, BOLD_OFF);
  return g_string_free (out, FALSE);
}

void
kl_message_text_set_marked (KlMessageText *self, const char *marked)
{
  g_autoptr (GString) text = g_string_new (NULL);
  PangoAttrList *bold = pango_attr_list_new ();
  guint start = 0;

  g_return_if_fail (KL_IS_MESSAGE_TEXT (self));
  g_return_if_fail (marked != NULL);

  for (const char *p = marked; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == BOLD_ON)
        start = (guint) text->len;
      else if (c == BOLD_OFF)
        add_attr (bold, pango_attr_weight_new (PANGO_WEIGHT_BOLD), start, (guint) text->len);
      else
        g_string_append_unichar (text, c);
    }
  g_clear_pointer (&self->bold, pango_attr_list_unref);
  g_clear_pointer (&self->links, g_array_unref);
  self->bold = bold;
  self->scale = 1;
  self->stacked = has_stacks (text->str);
  pango_layout_set_text (kl_message_text_get_layout (self), text->str, -1);
  text_changed (self);
}

const char *
kl_message_text_get_text (KlMessageText *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_TEXT (self), NULL);

  return pango_layout_get_text (kl_message_text_get_layout (self));
}

void
kl_message_text_set_meta (KlMessageText *self, GtkWidget *meta)
{
  g_return_if_fail (KL_IS_MESSAGE_TEXT (self));

  if (self->meta == meta)
    return;
  g_clear_pointer (&self->meta, gtk_widget_unparent);
  self->meta = meta;
  if (meta != NULL)
    gtk_widget_set_parent (meta, GTK_WIDGET (self));
  forget_fit (self);
}

/* ── Size ── */

typedef struct
{
  int widest;
  int last;
  gboolean any_rtl;
  gboolean last_rtl;
} Lines;

static Lines
look_at_lines (PangoLayout *layout)
{
  Lines lines = { 0 };
  PangoLayoutIter *iter = pango_layout_get_iter (layout);

  do
    {
      PangoRectangle rect;

      pango_layout_iter_get_line_extents (iter, NULL, &rect);
      lines.last = (rect.width + PANGO_SCALE - 1) / PANGO_SCALE;
      lines.widest = MAX (lines.widest, lines.last);
      lines.last_rtl = pango_layout_line_get_resolved_direction (pango_layout_iter_get_line_readonly (iter))
                       == PANGO_DIRECTION_RTL;
      lines.any_rtl = lines.any_rtl || lines.last_rtl;
    }
  while (pango_layout_iter_next_line (iter));
  pango_layout_iter_free (iter);
  return lines;
}

/* Lines that do not begin at the left need the final width; others are broken once only. */
static void
align_within (KlMessageText *self, int width)
{
  int n_lines;

  if (!self->any_rtl && !(self->flags & KL_TEXT_CENTERED))
    return;
  n_lines = pango_layout_get_line_count (kl_message_text_get_layout (self));
  pango_layout_set_width (kl_message_text_get_layout (self), width * PANGO_SCALE);
  if (pango_layout_get_line_count (kl_message_text_get_layout (self)) != n_lines)
    pango_layout_set_width (kl_message_text_get_layout (self), self->fit_max * PANGO_SCALE);
}

/* Lines are whole pixels apart, and all equally sharp. */
static double
find_line_height (KlMessageText *self)
{
  PangoFontMetrics *metrics = pango_context_get_metrics (gtk_widget_get_pango_context (GTK_WIDGET (self)), NULL, NULL);
  double natural = (double) pango_font_metrics_get_height (metrics) / PANGO_SCALE;

  pango_font_metrics_unref (metrics);
  return natural > 0 ? ceil (natural * LINE_HEIGHT) / natural : LINE_HEIGHT;
}

static void
check_font (KlMessageText *self)
{
  guint serial = pango_context_get_serial (gtk_widget_get_pango_context (GTK_WIDGET (self)));

  if (serial == self->font_serial)
    return;
  self->font_serial = serial;
  if (self->flags & KL_TEXT_LOOSE)
    {
      self->line_height = find_line_height (self);
      kl_message_text_get_layout (self);
      apply_attrs (self);
    }
  pango_layout_context_changed (kl_message_text_get_layout (self));
  forget_fit (self);
}

void
kl_message_text_fit (KlMessageText *self, int max_width, int *width, int *height)
{
  Lines lines;
  int meta_width = 0;
  int meta_height = 0;

  g_return_if_fail (KL_IS_MESSAGE_TEXT (self));

  check_font (self);
  if (self->meta != NULL)
    {
      gtk_widget_measure (self->meta, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &meta_width, NULL, NULL);
      gtk_widget_measure (self->meta, GTK_ORIENTATION_VERTICAL, -1, NULL, &meta_height, NULL, NULL);
    }
  if (self->fit_max != max_width || self->meta_width != meta_width || self->meta_height != meta_height)
    {
      self->fit_max = max_width;
      self->meta_width = meta_width;
      self->meta_height = meta_height;
      pango_layout_set_width (kl_message_text_get_layout (self), max_width * PANGO_SCALE);
      lines = look_at_lines (kl_message_text_get_layout (self));
      self->text_width = MIN (lines.widest, max_width);
      self->fit_width = self->text_width;
      pango_layout_get_pixel_size (kl_message_text_get_layout (self), NULL, &self->text_height);
      self->fit_height = self->text_height;
      self->meta_below = FALSE;
      if (self->meta != NULL)
        {
          int beside = lines.last + META_GAP_PX + meta_width;

          self->meta_below = lines.last_rtl != is_rtl_widget (self) || beside > max_width;
          self->fit_width = MAX (self->fit_width, self->meta_below ? meta_width : beside);
          if (self->meta_below)
            self->fit_height += meta_height + 1;
        }
      self->any_rtl = lines.any_rtl;
      align_within (self, self->fit_width);
    }
  if (width != NULL)
    *width = self->fit_width;
  if (height != NULL)
    *height = self->fit_height;
}

static GtkSizeRequestMode
kl_message_text_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
kl_message_text_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                         int *minimum_baseline, int *natural_baseline)
{
  KlMessageText *self = KL_MESSAGE_TEXT (widget);
  int width;
  int height;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      kl_message_text_fit (self, G_MAXINT / PANGO_SCALE / 2, &width, &height);
      *minimum = 0;
      *natural = width;
      return;
    }
  kl_message_text_fit (self, for_size >= 0 ? for_size : G_MAXINT / PANGO_SCALE / 2, &width, &height);
  *minimum = *natural = height;
}

/* Where the layout's origin is. Left-to-right lines in a wider layout begin at 0 all the same. */
int
kl_message_text_get_x (KlMessageText *self)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self));

  if (self->any_rtl || (self->flags & KL_TEXT_CENTERED))
    return (width - pango_layout_get_width (kl_message_text_get_layout (self)) / PANGO_SCALE) / 2;
  /* A text without letters, or in the other script, on one line: at the start all the same. */
  return is_rtl_widget (self) && (self->flags & KL_TEXT_ONE_LINE) ? width - self->text_width : 0;
}

static void
kl_message_text_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  KlMessageText *self = KL_MESSAGE_TEXT (widget);

  if (self->fit_max < width || self->fit_width > width)
    kl_message_text_fit (self, width, NULL, NULL);
  align_within (self, width);
  if (self->meta != NULL)
    {
      GskTransform *transform = gsk_transform_translate (
          NULL, &GRAPHENE_POINT_INIT ((float) (is_rtl_widget (self) ? 0 : width - self->meta_width),
                                      (float) (height - self->meta_height)));

      gtk_widget_allocate (self->meta, self->meta_width, self->meta_height, -1, transform);
    }
}

/* ── Drawing ── */

static GtkWidget *
ensure_selection_style (KlMessageText *self)
{
  if (self->selection_style == NULL)
    self->selection_style = new_style_node (self, "selection");
  return self->selection_style;
}

static void
snapshot_range (KlMessageText *self, GtkSnapshot *snapshot, int start, int end, const GdkRGBA *color)
{
  int range[2] = { start, end };
  cairo_region_t *region
      = gdk_pango_layout_get_clip_region (kl_message_text_get_layout (self), kl_message_text_get_x (self), 0, range, 1);

  for (int i = 0; i < cairo_region_num_rectangles (region); i++)
    {
      cairo_rectangle_int_t rect;

      cairo_region_get_rectangle (region, i, &rect);
      gtk_snapshot_append_color (
          snapshot, color,
          &GRAPHENE_RECT_INIT ((float) rect.x, (float) rect.y, (float) rect.width, (float) rect.height));
    }
  cairo_region_destroy (region);
}

static void
snapshot_focused_link (KlMessageText *self, GtkSnapshot *snapshot)
{
  KlLink link = g_array_index (self->links, KlLink, (guint) self->focused_link);
  int range[2] = { link.start, link.end };
  cairo_region_t *region
      = gdk_pango_layout_get_clip_region (kl_message_text_get_layout (self), kl_message_text_get_x (self), 0, range, 1);
  cairo_rectangle_int_t rect;
  GskRoundedRect outline;
  GdkRGBA color;

  gtk_widget_get_color (self->link_style, &color);
  cairo_region_get_extents (region, &rect);
  gsk_rounded_rect_init_from_rect (
      &outline, &GRAPHENE_RECT_INIT ((float) rect.x - 2, (float) rect.y, (float) rect.width + 4, (float) rect.height),
      4);
  gtk_snapshot_append_border (snapshot, &outline, (float[4]) { 2, 2, 2, 2 },
                              (GdkRGBA[4]) { color, color, color, color });
  cairo_region_destroy (region);
}

/* What brings the first baseline onto a pixel. */
static double
to_pixel (KlMessageText *self)
{
  double baseline = (double) pango_layout_get_baseline (kl_message_text_get_layout (self)) / PANGO_SCALE;

  return floor (baseline + 0.5) - baseline;
}

static void
kl_message_text_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  KlMessageText *self = KL_MESSAGE_TEXT (widget);
  GdkRGBA color;

  if (self->selection[0] < self->selection[1])
    {
      gtk_widget_get_color (ensure_selection_style (self), &color);
      snapshot_range (self, snapshot, self->selection[0], self->selection[1], &color);
    }
  gtk_widget_get_color (widget, &color);
  if (self->stacked)
    gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (-4, 0, (float) gtk_widget_get_width (widget) + 8,
                                                           (float) gtk_widget_get_height (widget)));
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot,
                          &GRAPHENE_POINT_INIT ((float) kl_message_text_get_x (self), (float) to_pixel (self)));
  gtk_snapshot_append_layout (snapshot, kl_message_text_get_layout (self), &color);
  gtk_snapshot_restore (snapshot);
  if (self->stacked)
    gtk_snapshot_pop (snapshot);
  if (self->focused_link >= 0 && gtk_widget_is_focus (widget))
    snapshot_focused_link (self, snapshot);
  if (self->meta != NULL)
    gtk_widget_snapshot_child (widget, self->meta, snapshot);
}

static void
kl_message_text_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  KlMessageText *self = KL_MESSAGE_TEXT (widget);
  GdkRGBA color;

  GTK_WIDGET_CLASS (kl_message_text_parent_class)->css_changed (widget, change);
  if (self->layout != NULL && pango_context_get_serial (gtk_widget_get_pango_context (widget)) != self->font_serial)
    gtk_widget_queue_resize (widget);
  if (self->links == NULL || self->layout == NULL)
    return;
  gtk_widget_get_color (self->link_style, &color);
  if (!gdk_rgba_equal (&color, &self->link_color))
    {
      apply_attrs (self);
      gtk_widget_queue_draw (widget);
    }
}

static void
kl_message_text_direction_changed (GtkWidget *widget, GtkTextDirection previous)
{
  KlMessageText *self = KL_MESSAGE_TEXT (widget);

  GTK_WIDGET_CLASS (kl_message_text_parent_class)->direction_changed (widget, previous);
  if (self->layout == NULL)
    return;
  apply_alignment (self);
  pango_layout_context_changed (self->layout);
  forget_fit (self);
  gtk_widget_queue_resize (widget);
}

static void
kl_message_text_system_setting_changed (GtkWidget *widget, GtkSystemSetting setting)
{
  GTK_WIDGET_CLASS (kl_message_text_parent_class)->system_setting_changed (widget, setting);
  forget_fit (KL_MESSAGE_TEXT (widget));
  if (KL_MESSAGE_TEXT (widget)->layout != NULL)
    pango_layout_context_changed (KL_MESSAGE_TEXT (widget)->layout);
  gtk_widget_queue_resize (widget);
}

/* ── Selection ── */

int
kl_message_text_get_byte_at (KlMessageText *self, double x, double y, gboolean *inside)
{
  int byte;
  int trailing;
  const char *text;
  gboolean hit;

  g_return_val_if_fail (KL_IS_MESSAGE_TEXT (self), 0);

  text = pango_layout_get_text (kl_message_text_get_layout (self));
  hit = pango_layout_xy_to_index (kl_message_text_get_layout (self),
                                  (int) ((x - kl_message_text_get_x (self)) * PANGO_SCALE), (int) (y * PANGO_SCALE),
                                  &byte, &trailing);
  if (y < 0)
    return *inside = FALSE, 0;
  if (y >= self->text_height)
    return *inside = FALSE, (int) strlen (text);
  while (trailing-- > 0 && text[byte] != '\0')
    byte = (int) (g_utf8_next_char (text + byte) - text);
  *inside = hit;
  return byte;
}

void
kl_message_text_set_selection (KlMessageText *self, int start, int end)
{
  int length;

  g_return_if_fail (KL_IS_MESSAGE_TEXT (self));

  length = (int) strlen (pango_layout_get_text (kl_message_text_get_layout (self)));
  start = CLAMP (start, 0, length);
  end = CLAMP (end, 0, length);
  if (self->selection[0] == start && self->selection[1] == end)
    return;
  self->selection[0] = start;
  self->selection[1] = end;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  gtk_accessible_text_update_selection_bound (GTK_ACCESSIBLE_TEXT (self));
}

/* ── Object ── */

static void
kl_message_text_dispose (GObject *object)
{
  KlMessageText *self = KL_MESSAGE_TEXT (object);

  g_clear_pointer (&self->meta, gtk_widget_unparent);
  g_clear_pointer (&self->link_style, gtk_widget_unparent);
  g_clear_pointer (&self->selection_style, gtk_widget_unparent);
  G_OBJECT_CLASS (kl_message_text_parent_class)->dispose (object);
}

static void
kl_message_text_finalize (GObject *object)
{
  KlMessageText *self = KL_MESSAGE_TEXT (object);

  g_clear_pointer (&self->bold, pango_attr_list_unref);
  g_clear_pointer (&self->links, g_array_unref);
  g_clear_object (&self->layout);
  G_OBJECT_CLASS (kl_message_text_parent_class)->finalize (object);
}

static void
kl_message_text_class_init (KlMessageTextClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = kl_message_text_dispose;
  object_class->finalize = kl_message_text_finalize;
  widget_class->get_request_mode = kl_message_text_get_request_mode;
  widget_class->measure = kl_message_text_measure;
  widget_class->size_allocate = kl_message_text_size_allocate;
  widget_class->snapshot = kl_message_text_snapshot;
  widget_class->css_changed = kl_message_text_css_changed;
  widget_class->direction_changed = kl_message_text_direction_changed;
  widget_class->system_setting_changed = kl_message_text_system_setting_changed;
  kl_message_text_links_class_init (widget_class);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LABEL);
}

static void
kl_message_text_init (KlMessageText *self)
{
  self->scale = 1;
  self->line_height = LINE_HEIGHT;
  self->fit_max = -1;
  self->focused_link = -1;
}

GtkWidget *
kl_message_text_new (const char *css_name, KlTextFlags flags)
{
  KlMessageText *self = g_object_new (KL_TYPE_MESSAGE_TEXT, "css-name", css_name, NULL);

  self->flags = flags;
  if (flags & KL_TEXT_ONE_LINE)
    gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  if (flags & KL_TEXT_LINKS)
    kl_message_text_links_init (self);
  return GTK_WIDGET (self);
}
