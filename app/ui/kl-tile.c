/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-tile.h"

#include "app/core/kl-user.h"
#include "app/ui/kl-badge.h"
#include "app/ui/kl-centred-text.h"
#include "app/ui/kl-hue.h"

#define DEFAULT_SIZE 48
#define EMOJI_SHARE 0.46
#define INITIALS_SHARE 0.4
#define PILL_OVERHANG 5

struct _KlTile
{
  GtkWidget parent_instance;

  int size;
  char *text;
  gboolean is_emoji;
  PangoLayout *layout;
  GtkWidget *pill;
  guint here, in_call; /* people */
};

typedef enum
{
  PROP_SIZE = 1,
} Prop;

static GParamSpec *properties[PROP_SIZE + 1];

G_DEFINE_FINAL_TYPE (KlTile, kl_tile, GTK_TYPE_WIDGET)

GtkWidget *
kl_tile_new (int size)
{
  return g_object_new (KL_TYPE_TILE, "size", size, NULL);
}

/* Text in a tile is part of a picture: it follows the tile's size, not the text size. */
static void
ensure_layout (KlTile *self)
{
  g_autoptr (PangoAttrList) attrs = NULL;
  double share = self->is_emoji ? EMOJI_SHARE : INITIALS_SHARE;

  if (self->layout != NULL)
    return;
  attrs = pango_attr_list_new ();
  pango_attr_list_insert (attrs, pango_attr_size_new_absolute ((int) (self->size * share * PANGO_SCALE)));
  pango_attr_list_insert (attrs, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  self->layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), self->text != NULL ? self->text : "");
  pango_layout_set_attributes (self->layout, attrs);
}

void
kl_tile_set_look (KlTile     *self,
                  const char *id,
                  const char *name,
                  const char *emoji,
                  int         hue)
{
  g_return_if_fail (KL_IS_TILE (self));

  g_free (self->text);
  self->is_emoji = emoji != NULL && *emoji != '\0';
  self->text = self->is_emoji ? g_strdup (emoji) : kl_dup_initials (name);
  kl_hue_apply (GTK_WIDGET (self), hue >= 0 ? hue : (int) kl_hue_for_id (id));
  g_clear_object (&self->layout);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
update_pill (KlTile   *self,
             gboolean  animate)
{
  gboolean call = self->in_call > 0;

  if (call != gtk_widget_has_css_class (self->pill, "in-call"))
    {
      if (call)
        gtk_widget_add_css_class (self->pill, "in-call");
      else
        gtk_widget_remove_css_class (self->pill, "in-call");
      kl_badge_set_icon (KL_BADGE (self->pill), call ? "kl-call-symbolic" : NULL);
    }
  kl_badge_set_count (KL_BADGE (self->pill), call ? self->in_call : self->here, animate);
}

void
kl_tile_set_here (KlTile  *self,
                  guint    here,
                  gboolean animate)
{
  g_return_if_fail (KL_IS_TILE (self));

  self->here = here;
  update_pill (self, animate);
}

void
kl_tile_set_call (KlTile  *self,
                  guint    people,
                  gboolean animate)
{
  g_return_if_fail (KL_IS_TILE (self));

  self->in_call = people;
  update_pill (self, animate);
}

static void
kl_tile_measure (GtkWidget      *widget,
                 GtkOrientation  orientation,
                 int             for_size,
                 int            *minimum,
                 int            *natural,
                 int            *minimum_baseline,
                 int            *natural_baseline)
{
  *minimum = *natural = KL_TILE (widget)->size;
}

static void
kl_tile_size_allocate (GtkWidget *widget,
                       int        width,
                       int        height,
                       int        baseline)
{
  KlTile *self = KL_TILE (widget);
  int pill_width, pill_height, x;

  if (!gtk_widget_should_layout (self->pill))
    return;
  gtk_widget_measure (self->pill, GTK_ORIENTATION_HORIZONTAL, -1, &pill_width, NULL, NULL, NULL);
  gtk_widget_measure (self->pill, GTK_ORIENTATION_VERTICAL, -1, &pill_height, NULL, NULL, NULL);
  if (gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL)
    x = -PILL_OVERHANG;
  else
    x = width + PILL_OVERHANG - pill_width;
  gtk_widget_size_allocate (self->pill,
                            &(GtkAllocation) { x, height + PILL_OVERHANG - pill_height, pill_width, pill_height }, -1);
}

static void
kl_tile_snapshot (GtkWidget   *widget,
                  GtkSnapshot *snapshot)
{
  KlTile *self = KL_TILE (widget);

  ensure_layout (self);
  kl_snapshot_centred_text (widget, snapshot, self->layout, 0, 1);
  gtk_widget_snapshot_child (widget, self->pill, snapshot);
}

static void
kl_tile_css_changed (GtkWidget         *widget,
                     GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (kl_tile_parent_class)->css_changed (widget, change);
  g_clear_object (&KL_TILE (widget)->layout);
}

static void
kl_tile_get_property (GObject    *object,
                      guint       id,
                      GValue     *value,
                      GParamSpec *pspec)
{
  switch ((Prop) id)
    {
    case PROP_SIZE:
      g_value_set_int (value, KL_TILE (object)->size);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_tile_set_property (GObject      *object,
                      guint         id,
                      const GValue *value,
                      GParamSpec   *pspec)
{
  switch ((Prop) id)
    {
    case PROP_SIZE:
      KL_TILE (object)->size = g_value_get_int (value);
      gtk_widget_queue_resize (GTK_WIDGET (object));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_tile_dispose (GObject *object)
{
  KlTile *self = KL_TILE (object);

  g_clear_object (&self->layout);
  g_clear_pointer (&self->pill, gtk_widget_unparent);
  G_OBJECT_CLASS (kl_tile_parent_class)->dispose (object);
}

static void
kl_tile_finalize (GObject *object)
{
  g_free (KL_TILE (object)->text);
  G_OBJECT_CLASS (kl_tile_parent_class)->finalize (object);
}

static void
kl_tile_class_init (KlTileClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_tile_get_property;
  object_class->set_property = kl_tile_set_property;
  object_class->dispose = kl_tile_dispose;
  object_class->finalize = kl_tile_finalize;
  widget_class->measure = kl_tile_measure;
  widget_class->size_allocate = kl_tile_size_allocate;
  widget_class->snapshot = kl_tile_snapshot;
  widget_class->css_changed = kl_tile_css_changed;

  properties[PROP_SIZE] = g_param_spec_int ("size", NULL, NULL, 8, 256, DEFAULT_SIZE,
                                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  gtk_widget_class_set_css_name (widget_class, "tile");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
kl_tile_init (KlTile *self)
{
  self->pill = kl_badge_new ();
  gtk_widget_add_css_class (self->pill, "live");
  gtk_widget_set_parent (self->pill, GTK_WIDGET (self));
  gtk_widget_set_halign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
}
