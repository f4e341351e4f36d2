/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-typing-dots.h"

#include <adwaita.h>
#include <math.h>

#define N_DOTS 3
#define DOT_PX 6
#define GAP_PX 3
#define LOOP_MS 1200
#define STAGGER .125 /* of the loop: 150 ms */
#define FAINT .3

struct _KlTypingDots
{
  GtkWidget parent_instance;

  AdwAnimation *loop;
  double phase;
};

G_DEFINE_FINAL_TYPE (KlTypingDots, kl_typing_dots, GTK_TYPE_WIDGET)

static void
on_loop_value (double        value,
               KlTypingDots *self)
{
  self->phase = value;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
kl_typing_dots_measure (GtkWidget      *widget,
                        GtkOrientation  orientation,
                        int             for_size,
                        int            *minimum,
                        int            *natural,
                        int            *minimum_baseline,
                        int            *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? N_DOTS * DOT_PX + (N_DOTS - 1) * GAP_PX : DOT_PX;
}

static void
kl_typing_dots_snapshot (GtkWidget   *widget,
                         GtkSnapshot *snapshot)
{
  KlTypingDots *self = KL_TYPING_DOTS (widget);
  gboolean still = !adw_get_enable_animations (widget);
  gboolean mirrored = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  float y = ((float) gtk_widget_get_height (widget) - DOT_PX) / 2.f;

  for (int i = 0; i < N_DOTS; i++)
    {
      double way = self->phase - i * STAGGER, wave = .5 - .5 * cos (2 * G_PI * (way - floor (way)));
      float x = (float) ((mirrored ? N_DOTS - 1 - i : i) * (DOT_PX + GAP_PX));
      GskRoundedRect dot;
      GdkRGBA color;

      gtk_widget_get_color (widget, &color);
      color.alpha *= (float) (still ? 1 - .25 * i : FAINT + (1 - FAINT) * wave);
      gsk_rounded_rect_init_from_rect (&dot, &GRAPHENE_RECT_INIT (x, y, DOT_PX, DOT_PX), DOT_PX / 2.f);
      gtk_snapshot_push_rounded_clip (snapshot, &dot);
      gtk_snapshot_append_color (snapshot, &color, &dot.bounds);
      gtk_snapshot_pop (snapshot);
    }
}

static void
kl_typing_dots_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kl_typing_dots_parent_class)->map (widget);
  if (adw_get_enable_animations (widget))
    adw_animation_play (KL_TYPING_DOTS (widget)->loop);
}

static void
kl_typing_dots_unmap (GtkWidget *widget)
{
  adw_animation_reset (KL_TYPING_DOTS (widget)->loop);
  GTK_WIDGET_CLASS (kl_typing_dots_parent_class)->unmap (widget);
}

static void
kl_typing_dots_dispose (GObject *object)
{
  g_clear_object (&KL_TYPING_DOTS (object)->loop);
  G_OBJECT_CLASS (kl_typing_dots_parent_class)->dispose (object);
}

static void
kl_typing_dots_class_init (KlTypingDotsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_typing_dots_dispose;
  widget_class->measure = kl_typing_dots_measure;
  widget_class->snapshot = kl_typing_dots_snapshot;
  widget_class->map = kl_typing_dots_map;
  widget_class->unmap = kl_typing_dots_unmap;

  gtk_widget_class_set_css_name (widget_class, "dots");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
kl_typing_dots_init (KlTypingDots *self)
{
  AdwAnimationTarget *target = adw_callback_animation_target_new ((AdwAnimationTargetFunc) on_loop_value, self, NULL);

  self->loop = adw_timed_animation_new (GTK_WIDGET (self), 0, 1, LOOP_MS, target);
  adw_timed_animation_set_repeat_count (ADW_TIMED_ANIMATION (self->loop), 0);
  adw_timed_animation_set_easing (ADW_TIMED_ANIMATION (self->loop), ADW_LINEAR);
}
