/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A badge draws its text itself, over a child "pill" that has the style's background: so a spring can scale both.
 * Two layouts at most live in it: the text shown, and while digits roll the one that goes. The widget measures for
 * the present text only, so that a rolling digit moves nothing around it. */
#include "app/ui/kl-badge.h"

#include <adwaita.h>

#include "app/ui/kl-centred-text.h"

#define POP_FROM 0.6
#define ROLL_PX 6.0
#define ROLL_MS 200
#define MOST_EXACT 999
#define SIDE_PADDING 6
#define MIN_SIZE 20
#define ICON_SIZE 11
#define ICON_GAP 2

struct _KlBadge
{
  GtkWidget parent_instance;

  guint count;
  char *text;
  GtkWidget *pill;
  GtkWidget *icon; /* NULL: none */
  PangoLayout *layout;
  PangoLayout *leaving; /* while digits roll */
  gboolean rolls_up;

  AdwAnimation *pop;
  AdwAnimation *roll;
  double scale;
  double progress; /* of the roll, 0–1 */
};

typedef enum
{
  PROP_COUNT = 1,
  PROP_TEXT,
} Prop;

static GParamSpec *properties[PROP_TEXT + 1];

G_DEFINE_FINAL_TYPE (KlBadge, kl_badge, GTK_TYPE_WIDGET)

GtkWidget *
kl_badge_new (void)
{
  return g_object_new (KL_TYPE_BADGE, NULL);
}

static void
on_pop_value (double   value,
              KlBadge *self)
{
  self->scale = value;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
on_roll_value (double   value,
               KlBadge *self)
{
  self->progress = value;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
on_roll_done (KlBadge *self)
{
  g_clear_object (&self->leaving);
}

static void
update_layout (KlBadge *self)
{
  g_autofree char *text = NULL;

  if (self->text != NULL)
    text = g_strdup (self->text);
  else if (self->count > MOST_EXACT)
    text = g_strdup_printf ("%'d+", MOST_EXACT);
  else
    text = g_strdup_printf ("%u", self->count);
  g_clear_object (&self->layout);
  self->layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
kl_badge_set_count (KlBadge *self,
                    guint    count,
                    gboolean animate)
{
  guint old = self->count;

  g_return_if_fail (KL_IS_BADGE (self));

  if (old == count)
    return;
  self->count = count;
  adw_animation_skip (self->roll);
  if (count == 0)
    {
      gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COUNT]);
      return;
    }
  animate = animate && gtk_widget_get_mapped (gtk_widget_get_parent (GTK_WIDGET (self)) ?: GTK_WIDGET (self));
  if (animate && old != 0 && self->text == NULL && adw_get_enable_animations (GTK_WIDGET (self)))
    {
      g_set_object (&self->leaving, self->layout);
      self->rolls_up = count > old;
      update_layout (self);
      adw_animation_play (self->roll);
    }
  else
    update_layout (self);
  gtk_widget_set_visible (GTK_WIDGET (self), TRUE);
  if (animate && old == 0)
    adw_animation_play (self->pop);
  else if (!animate)
    adw_animation_skip (self->pop);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COUNT]);
}

guint
kl_badge_get_count (KlBadge *self)
{
  g_return_val_if_fail (KL_IS_BADGE (self), 0);

  return self->count;
}

void
kl_badge_set_text (KlBadge    *self,
                   const char *text)
{
  g_return_if_fail (KL_IS_BADGE (self));

  if (g_set_str (&self->text, text))
    {
      update_layout (self);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TEXT]);
    }
}

void
kl_badge_set_icon (KlBadge    *self,
                   const char *icon_name)
{
  g_return_if_fail (KL_IS_BADGE (self));

  if (icon_name == NULL)
    g_clear_pointer (&self->icon, gtk_widget_unparent);
  else if (self->icon == NULL)
    {
      self->icon = gtk_image_new ();
      gtk_image_set_pixel_size (GTK_IMAGE (self->icon), ICON_SIZE);
      gtk_widget_set_parent (self->icon, GTK_WIDGET (self));
    }
  if (icon_name != NULL)
    gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), icon_name);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

/* What the icon takes of the width. */
static int
get_icon_room (KlBadge *self)
{
  return self->icon != NULL ? ICON_SIZE + ICON_GAP : 0;
}

static void
kl_badge_measure (GtkWidget      *widget,
                  GtkOrientation  orientation,
                  int             for_size,
                  int            *minimum,
                  int            *natural,
                  int            *minimum_baseline,
                  int            *natural_baseline)
{
  KlBadge *self = KL_BADGE (widget);
  int width, height;

  pango_layout_get_pixel_size (self->layout, &width, &height);
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = *natural = MAX (MAX (MIN_SIZE, height + 2), width + get_icon_room (self) + 2 * SIDE_PADDING);
  else
    *minimum = *natural = MAX (MIN_SIZE, height + 2);
}

static void
kl_badge_size_allocate (GtkWidget *widget,
                        int        width,
                        int        height,
                        int        baseline)
{
  KlBadge *self = KL_BADGE (widget);
  gboolean rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int least;

  /* GTK wants every child measured before it is allocated. */
  gtk_widget_measure (self->pill, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  gtk_widget_allocate (self->pill, width, height, -1, NULL);
  if (self->icon == NULL)
    return;
  gtk_widget_measure (self->icon, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  gtk_widget_size_allocate (self->icon,
                            &(GtkAllocation) { rtl ? width - SIDE_PADDING - ICON_SIZE : SIDE_PADDING,
                                               (height - ICON_SIZE) / 2, ICON_SIZE, ICON_SIZE }, -1);
}

static void
kl_badge_snapshot (GtkWidget   *widget,
                   GtkSnapshot *snapshot)
{
  KlBadge *self = KL_BADGE (widget);
  float x = (float) gtk_widget_get_width (widget) / 2.f, y = (float) gtk_widget_get_height (widget) / 2.f;
  double way = self->rolls_up ? ROLL_PX : -ROLL_PX;

  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (x, y));
  gtk_snapshot_scale (snapshot, (float) self->scale, (float) self->scale);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (-x, -y));
  gtk_widget_snapshot_child (widget, self->pill, snapshot);
  if (self->icon != NULL)
    {
      float aside = (float) get_icon_room (self) / 2.f;

      gtk_widget_snapshot_child (widget, self->icon, snapshot);
      if (gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL)
        aside = -aside;
      gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (aside, 0));
    }
  if (self->leaving != NULL)
    {
      kl_snapshot_centred_text (widget, snapshot, self->leaving, -way * self->progress, 1 - self->progress);
      kl_snapshot_centred_text (widget, snapshot, self->layout, way * (1 - self->progress), self->progress);
    }
  else
    kl_snapshot_centred_text (widget, snapshot, self->layout, 0, 1);
  gtk_snapshot_restore (snapshot);
}

static void
kl_badge_css_changed (GtkWidget         *widget,
                      GtkCssStyleChange *change)
{
  KlBadge *self = KL_BADGE (widget);

  GTK_WIDGET_CLASS (kl_badge_parent_class)->css_changed (widget, change);
  if (self->layout != NULL)
    pango_layout_context_changed (self->layout);
}

static void
kl_badge_get_property (GObject    *object,
                       guint       id,
                       GValue     *value,
                       GParamSpec *pspec)
{
  KlBadge *self = KL_BADGE (object);

  switch ((Prop) id)
    {
    case PROP_COUNT:
      g_value_set_uint (value, self->count);
      break;
    case PROP_TEXT:
      g_value_set_string (value, self->text);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_badge_set_property (GObject      *object,
                       guint         id,
                       const GValue *value,
                       GParamSpec   *pspec)
{
  KlBadge *self = KL_BADGE (object);

  switch ((Prop) id)
    {
    case PROP_COUNT:
      kl_badge_set_count (self, g_value_get_uint (value), TRUE);
      break;
    case PROP_TEXT:
      kl_badge_set_text (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_badge_dispose (GObject *object)
{
  KlBadge *self = KL_BADGE (object);

  g_clear_object (&self->pop);
  g_clear_object (&self->roll);
  g_clear_object (&self->layout);
  g_clear_object (&self->leaving);
  g_clear_pointer (&self->icon, gtk_widget_unparent);
  g_clear_pointer (&self->pill, gtk_widget_unparent);
  G_OBJECT_CLASS (kl_badge_parent_class)->dispose (object);
}

static void
kl_badge_finalize (GObject *object)
{
  g_free (KL_BADGE (object)->text);
  G_OBJECT_CLASS (kl_badge_parent_class)->finalize (object);
}

static void
kl_badge_class_init (KlBadgeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_badge_get_property;
  object_class->set_property = kl_badge_set_property;
  object_class->dispose = kl_badge_dispose;
  object_class->finalize = kl_badge_finalize;
  widget_class->measure = kl_badge_measure;
  widget_class->size_allocate = kl_badge_size_allocate;
  widget_class->snapshot = kl_badge_snapshot;
  widget_class->css_changed = kl_badge_css_changed;

  properties[PROP_COUNT] = g_param_spec_uint ("count", NULL, NULL, 0, G_MAXUINT, 0,
                                              G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, NULL,
                                               G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  gtk_widget_class_set_css_name (widget_class, "badge");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
kl_badge_init (KlBadge *self)
{
  AdwAnimationTarget *target;

  self->scale = 1;
  self->pill = g_object_new (ADW_TYPE_BIN, "css-name", "pill", NULL);
  gtk_widget_set_parent (self->pill, GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);

  target = adw_callback_animation_target_new ((AdwAnimationTargetFunc) on_pop_value, self, NULL);
  self->pop = adw_spring_animation_new (GTK_WIDGET (self), POP_FROM, 1, adw_spring_params_new (.6, 1, 700), target);
  target = adw_callback_animation_target_new ((AdwAnimationTargetFunc) on_roll_value, self, NULL);
  self->roll = adw_timed_animation_new (GTK_WIDGET (self), 0, 1, ROLL_MS, target);
  g_signal_connect_object (self->roll, "done", G_CALLBACK (on_roll_done), self, G_CONNECT_SWAPPED);
  update_layout (self);
}
