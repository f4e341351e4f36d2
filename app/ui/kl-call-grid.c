/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each tile has where it comes from, where it goes, and one spring for all says how far they are. A new arrangement starts
 * from wherever they are then. A new size of the window is followed at once. */
#include "app/ui/kl-call-grid.h"

#include <adwaita.h>

#include "app/ui/kl-call-layout.h"

#define SPRING_DAMPING 0.9
#define SPRING_STIFFNESS 300
#define SPRING_PRECISION 0.002
#define SMALLER 0.9 /* of one who comes or goes */

typedef enum
{
  PLACE_NEW,    /* has not been placed yet */
  PLACE_COMING, /* fades in */
  PLACE_THERE,
  PLACE_GOING,  /* fades out, and is let go of then */
} PlaceState;

typedef struct
{
  KlCallTile *tile; /* a child of the grid's */
  PlaceState state;
  KlCallRect from, to, now;
  double from_shown, shown; /* 0 to 1 */
} Place;

struct _KlCallGrid
{
  GtkWidget parent_instance;

  GPtrArray *places; /* element-type Place; owned */
  GPtrArray *tiles;  /* element-type KlCallTile; those that count, in order, own last */
  KlCallTile *own;
  KlCallTile *focus;
  AdwAnimation *spring;
  double progress; /* of the spring: 1 and about 1 at the end */
};

typedef enum
{
  PROP_FOCUS = 1,
} Prop;

static GParamSpec *properties[PROP_FOCUS + 1];

G_DEFINE_FINAL_TYPE (KlCallGrid, kl_call_grid, GTK_TYPE_WIDGET)

GtkWidget *
kl_call_grid_new (void)
{
  return g_object_new (KL_TYPE_CALL_GRID, NULL);
}

static Place *
find_place (KlCallGrid *self,
            KlCallTile *tile)
{
  for (guint i = 0; i < self->places->len; i++)
    {
      Place *place = g_ptr_array_index (self->places, i);

      if (place->tile == tile)
        return place;
    }
  return NULL;
}

/* ── Motion ──────────────────────────────────────────────────────────────── */

static int
between (int    from,
         int    to,
         double progress)
{
  return (int) (from + (to - from) * progress + 0.5);
}

static void
move (Place  *place,
      double  progress)
{
  double target = place->state == PLACE_GOING ? 0 : 1;

  place->now.x = between (place->from.x, place->to.x, progress);
  place->now.y = between (place->from.y, place->to.y, progress);
  place->now.width = MAX (between (place->from.width, place->to.width, progress), 1);
  place->now.height = MAX (between (place->from.height, place->to.height, progress), 1);
  place->shown = CLAMP (place->from_shown + (target - place->from_shown) * progress, 0, 1);
}

static void
on_progress (double   value,
             gpointer user_data)
{
  KlCallGrid *self = user_data;

  self->progress = value;
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

static void
on_arranged (KlCallGrid *self)
{
  self->progress = 1;
  for (guint i = self->places->len; i > 0; i--)
    {
      Place *place = g_ptr_array_index (self->places, i - 1);

      if (place->state == PLACE_GOING)
        g_ptr_array_remove_index (self->places, i - 1);
      else if (place->state == PLACE_COMING)
        place->state = PLACE_THERE;
    }
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

static void
rearrange (KlCallGrid *self)
{
  for (guint i = 0; i < self->places->len; i++)
    {
      Place *place = g_ptr_array_index (self->places, i);

      place->from = place->now;
      place->from_shown = place->shown;
    }
  adw_animation_reset (self->spring);
  self->progress = 0;
  adw_animation_play (self->spring);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

/* ── Who is in ───────────────────────────────────────────────────────────── */

static void
place_free (gpointer data)
{
  Place *place = data;

  gtk_widget_unparent (GTK_WIDGET (place->tile));
  g_free (place);
}

static void
put (KlCallGrid *self,
     KlCallTile *tile,
     int         at)
{
  Place *place = g_new0 (Place, 1);

  place->tile = tile;
  g_ptr_array_add (self->places, place);
  g_ptr_array_insert (self->tiles, at, tile);
  /* The own one lies over the others. */
  if (self->own != NULL && self->own != tile)
    gtk_widget_insert_before (GTK_WIDGET (tile), GTK_WIDGET (self), GTK_WIDGET (self->own));
  else
    gtk_widget_set_parent (GTK_WIDGET (tile), GTK_WIDGET (self));
  rearrange (self);
}

void
kl_call_grid_add (KlCallGrid *self,
                  KlCallTile *tile)
{
  g_return_if_fail (KL_IS_CALL_GRID (self));
  g_return_if_fail (gtk_widget_get_parent (GTK_WIDGET (tile)) == NULL);

  put (self, tile, (int) self->tiles->len - (self->own != NULL ? 1 : 0));
}

void
kl_call_grid_set_own (KlCallGrid *self,
                      KlCallTile *tile)
{
  g_return_if_fail (KL_IS_CALL_GRID (self));

  if (self->own == tile)
    return;
  if (self->own != NULL)
    kl_call_grid_remove (self, self->own);
  self->own = tile;
  if (tile != NULL)
    put (self, tile, (int) self->tiles->len);
}

void
kl_call_grid_remove (KlCallGrid *self,
                     KlCallTile *tile)
{
  Place *place;

  g_return_if_fail (KL_IS_CALL_GRID (self));
  place = find_place (self, tile);
  g_return_if_fail (place != NULL);

  g_ptr_array_remove (self->tiles, tile);
  if (self->own == tile)
    self->own = NULL;
  if (self->focus == tile)
    {
      self->focus = NULL;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FOCUS]);
    }
  place->to = place->now;
  place->state = PLACE_GOING;
  gtk_widget_set_can_target (GTK_WIDGET (tile), FALSE);
  gtk_accessible_update_state (GTK_ACCESSIBLE (tile), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  rearrange (self);
}

void
kl_call_grid_set_focus (KlCallGrid *self,
                        KlCallTile *tile)
{
  g_return_if_fail (KL_IS_CALL_GRID (self));
  g_return_if_fail (tile == NULL || find_place (self, tile) != NULL);

  if (self->focus == tile)
    return;
  self->focus = tile;
  rearrange (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FOCUS]);
}

KlCallTile *
kl_call_grid_get_focus (KlCallGrid *self)
{
  g_return_val_if_fail (KL_IS_CALL_GRID (self), NULL);

  return self->focus;
}

GPtrArray *
kl_call_grid_get_tiles (KlCallGrid *self)
{
  g_return_val_if_fail (KL_IS_CALL_GRID (self), NULL);

  return self->tiles;
}

/* ── Room ────────────────────────────────────────────────────────────────── */

static void
kl_call_grid_measure (GtkWidget      *widget,
                      GtkOrientation  orientation,
                      int             for_size,
                      int            *minimum,
                      int            *natural,
                      int            *minimum_baseline,
                      int            *natural_baseline)
{
  *minimum = 0;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? KL_CALL_WIDTH : KL_CALL_HEIGHT;
}

static void
allocate_tile (Place *place)
{
  const KlCallRect *now = &place->now;
  float scale = (float) (SMALLER + (1 - SMALLER) * place->shown);
  GskTransform *transform
    = gsk_transform_translate (NULL, &GRAPHENE_POINT_INIT ((float) now->x + (float) now->width * (1 - scale) / 2,
                                                           (float) now->y + (float) now->height * (1 - scale) / 2));

  if (scale < 1)
    transform = gsk_transform_scale (transform, scale, scale);
  gtk_widget_set_opacity (GTK_WIDGET (place->tile), place->shown);
  gtk_widget_allocate (GTK_WIDGET (place->tile), now->width, now->height, -1, transform);
}

/* How much of a tile's lower edge another lies over, from the end. */
static int
get_covered (const KlCallRect *tile,
             const KlCallRect *over,
             gboolean          rtl)
{
  int bottom = tile->y + tile->height;

  if (over->y > bottom || over->y + over->height < tile->y || over->x >= tile->x + tile->width
      || over->x + over->width <= tile->x || over->y + over->height < bottom - 3 * KL_CALL_LAYOUT_GAP)
    return 0;
  return rtl ? over->x + over->width - tile->x : tile->x + tile->width - over->x;
}

static void
kl_call_grid_size_allocate (GtkWidget *widget,
                            int        width,
                            int        height,
                            int        baseline)
{
  KlCallGrid *self = KL_CALL_GRID (widget);
  KlCallRect *rects = g_newa (KlCallRect, self->tiles->len + 1);
  guint focus = 0;
  gboolean focused = self->focus != NULL && g_ptr_array_find (self->tiles, self->focus, &focus);
  KlCallScene scene = { width, height, self->tiles->len - (self->own != NULL ? 1 : 0), self->own != NULL,
                        focused ? (int) focus : -1, gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL };
  gboolean small = kl_call_layout_place (&scene, rects);

  if (self->own != NULL)
    kl_call_tile_set_small (self->own, small);
  for (guint i = 0; i < self->tiles->len; i++)
    {
      Place *place = find_place (self, g_ptr_array_index (self->tiles, i));

      place->to = rects[i];
      if (place->state == PLACE_NEW)
        {
          place->from = place->to;
          place->state = PLACE_COMING;
        }
      if (place->tile != self->own)
        kl_call_tile_set_covered (place->tile, small ? get_covered (&rects[i], &rects[self->tiles->len - 1], scene.rtl) : 0);
    }
  for (guint i = 0; i < self->places->len; i++)
    {
      Place *place = g_ptr_array_index (self->places, i);

      move (place, self->progress);
      allocate_tile (place);
    }
}

static void
kl_call_grid_dispose (GObject *object)
{
  KlCallGrid *self = KL_CALL_GRID (object);

  if (self->spring != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->spring, self);
      adw_animation_reset (self->spring);
    }
  g_clear_object (&self->spring);
  g_ptr_array_set_size (self->tiles, 0);
  g_ptr_array_set_size (self->places, 0);
  self->own = self->focus = NULL;
  G_OBJECT_CLASS (kl_call_grid_parent_class)->dispose (object);
}

static void
kl_call_grid_finalize (GObject *object)
{
  KlCallGrid *self = KL_CALL_GRID (object);

  g_ptr_array_unref (self->tiles);
  g_ptr_array_unref (self->places);
  G_OBJECT_CLASS (kl_call_grid_parent_class)->finalize (object);
}

static void
kl_call_grid_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  switch ((Prop) id)
    {
    case PROP_FOCUS:
      g_value_set_object (value, KL_CALL_GRID (object)->focus);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_call_grid_class_init (KlCallGridClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_call_grid_get_property;
  object_class->dispose = kl_call_grid_dispose;
  object_class->finalize = kl_call_grid_finalize;
  widget_class->measure = kl_call_grid_measure;
  widget_class->size_allocate = kl_call_grid_size_allocate;

  properties[PROP_FOCUS]
    = g_param_spec_object ("focus", NULL, NULL, KL_TYPE_CALL_TILE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  gtk_widget_class_set_css_name (widget_class, "call-grid");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
kl_call_grid_init (KlCallGrid *self)
{
  self->places = g_ptr_array_new_with_free_func (place_free);
  self->tiles = g_ptr_array_new ();
  self->progress = 1;
  self->spring = adw_spring_animation_new (GTK_WIDGET (self), 0, 1,
                                           adw_spring_params_new (SPRING_DAMPING, 1, SPRING_STIFFNESS),
                                           adw_callback_animation_target_new (on_progress, self, NULL));
  adw_spring_animation_set_epsilon (ADW_SPRING_ANIMATION (self->spring), SPRING_PRECISION);
  g_signal_connect_swapped (self->spring, "done", G_CALLBACK (on_arranged), self);
}
