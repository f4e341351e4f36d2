/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-style-preview.h"

#define WIDTH 146
#define HEIGHT 76
#define SIDEBAR 52
#define RADIUS 9

/* What a style looks like, whatever style is on now: so these are no tokens. */
typedef struct
{
  const char *view, *pane, *row, *bubble, *own;
} Palette;

static const Palette light = { "#ffffff", "#f1f0f4", "#cbcad6", "#ebebef", "#cfc9f8" };
static const Palette dark = { "#1d1d20", "#29292e", "#55555f", "#3a3a41", "#52499c" };

struct _KlStylePreview
{
  GtkWidget parent_instance;

  char *variant;
};

typedef enum
{
  PROP_VARIANT = 1,
} Prop;

static GParamSpec *properties[PROP_VARIANT + 1];

G_DEFINE_FINAL_TYPE (KlStylePreview, kl_style_preview, GTK_TYPE_WIDGET)

static void
fill (GtkSnapshot *snapshot,
      const char  *color_name,
      float        x,
      float        y,
      float        width,
      float        height,
      float        radius)
{
  GskRoundedRect rect;
  GdkRGBA color;

  gdk_rgba_parse (&color, color_name);
  gsk_rounded_rect_init_from_rect (&rect, &GRAPHENE_RECT_INIT (x, y, width, height), radius);
  gtk_snapshot_push_rounded_clip (snapshot, &rect);
  gtk_snapshot_append_color (snapshot, &color, &rect.bounds);
  gtk_snapshot_pop (snapshot);
}

static void
draw_window (GtkSnapshot   *snapshot,
             const Palette *palette)
{
  fill (snapshot, palette->view, 0, 0, WIDTH, HEIGHT, 0);
  fill (snapshot, palette->pane, 0, 0, SIDEBAR, HEIGHT, 0);
  for (int i = 0; i < 3; i++)
    fill (snapshot, palette->row, 9, 11 + 11 * (float) i, 33, 6, 3);
  fill (snapshot, palette->bubble, 61, 11, 47, 12, 6);
  fill (snapshot, palette->own, 97, 29, 41, 12, 6);
  fill (snapshot, palette->bubble, 61, 47, 56, 12, 6);
}

static void
kl_style_preview_snapshot (GtkWidget   *widget,
                           GtkSnapshot *snapshot)
{
  KlStylePreview *self = KL_STYLE_PREVIEW (widget);
  GskRoundedRect frame;

  gsk_rounded_rect_init_from_rect (&frame, &GRAPHENE_RECT_INIT (0, 0, WIDTH, HEIGHT), RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &frame);
  draw_window (snapshot, g_strcmp0 (self->variant, "dark") == 0 ? &dark : &light);
  if (g_strcmp0 (self->variant, "system") == 0)
    {
      gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (WIDTH / 2, 0, WIDTH / 2, HEIGHT));
      draw_window (snapshot, &dark);
      gtk_snapshot_pop (snapshot);
    }
  gtk_snapshot_pop (snapshot);
}

static void
kl_style_preview_measure (GtkWidget      *widget,
                          GtkOrientation  orientation,
                          int             for_size,
                          int            *minimum,
                          int            *natural,
                          int            *minimum_baseline,
                          int            *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? WIDTH : HEIGHT;
}

static void
kl_style_preview_set_property (GObject      *object,
                               guint         id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  switch ((Prop) id)
    {
    case PROP_VARIANT:
      g_set_str (&KL_STYLE_PREVIEW (object)->variant, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_style_preview_finalize (GObject *object)
{
  g_free (KL_STYLE_PREVIEW (object)->variant);
  G_OBJECT_CLASS (kl_style_preview_parent_class)->finalize (object);
}

static void
kl_style_preview_class_init (KlStylePreviewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->set_property = kl_style_preview_set_property;
  G_OBJECT_CLASS (klass)->finalize = kl_style_preview_finalize;
  widget_class->measure = kl_style_preview_measure;
  widget_class->snapshot = kl_style_preview_snapshot;

  properties[PROP_VARIANT] = g_param_spec_string ("variant", NULL, NULL, NULL,
                                                  G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (G_OBJECT_CLASS (klass), G_N_ELEMENTS (properties), properties);
  gtk_widget_class_set_css_name (widget_class, "style-preview");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
kl_style_preview_init (KlStylePreview *self)
{
  gtk_widget_set_halign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
}
