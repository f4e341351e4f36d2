/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/timeline/kl-message-meta.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/ui/timeline/kl-clock.h"
#include "app/ui/timeline/kl-message-text.h"
#include "app/ui/timeline/kl-timeline.h"

#define TICK_PX 16
#define TICK_GAP_PX 2
#define FADE_MS 120

/* ── The tick ── */

#define KL_TYPE_TICK (kl_tick_get_type ())
G_DECLARE_FINAL_TYPE (KlTick, kl_tick, KL, TICK, GtkWidget)

struct _KlTick
{
  GtkWidget parent_instance;

  GtkIconPaintable *icon;
  GtkIconPaintable *before; /* fades out */
  KlMessageState state;
  AdwAnimation *fade;
  double shown; /* of the icon; 1: all */
};

G_DEFINE_FINAL_TYPE (KlTick, kl_tick, GTK_TYPE_WIDGET)

static const struct
{
  const char *icon;
  const char *css_class; /* NULL: none */
} ticks[] = {
  [KL_MESSAGE_STATE_PENDING] = { "kl-clock-symbolic", NULL },
  [KL_MESSAGE_STATE_FAILED] = { "kl-failed-symbolic", "failed" },
  [KL_MESSAGE_STATE_SENT] = { "kl-check-symbolic", NULL },
  [KL_MESSAGE_STATE_READ] = { "kl-check-double-symbolic", "read" },
};

static void
on_fade (double value, gpointer user_data)
{
  KL_TICK (user_data)->shown = value;
  gtk_widget_queue_draw (user_data);
}

static void
start_fade (KlTick *self)
{
  if (self->fade == NULL)
    self->fade = adw_timed_animation_new (GTK_WIDGET (self), 0, 1, FADE_MS,
                                          adw_callback_animation_target_new (on_fade, self, NULL));
  adw_animation_reset (self->fade);
  adw_animation_play (self->fade);
}

static void
set_state (KlTick *self, KlMessageState state, gboolean animate)
{
  GtkIconTheme *theme = gtk_icon_theme_get_for_display (gtk_widget_get_display (GTK_WIDGET (self)));

  if (self->icon != NULL && self->state == state)
    return;
  g_clear_object (&self->before);
  self->before = g_steal_pointer (&self->icon);
  self->icon = gtk_icon_theme_lookup_icon (theme, ticks[state].icon, NULL, TICK_PX,
                                           gtk_widget_get_scale_factor (GTK_WIDGET (self)),
                                           gtk_widget_get_direction (GTK_WIDGET (self)), 0);
  if (ticks[self->state].css_class != NULL)
    gtk_widget_remove_css_class (GTK_WIDGET (self), ticks[self->state].css_class);
  if (ticks[state].css_class != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self), ticks[state].css_class);
  self->state = state;
  self->shown = 1;
  if (animate && kl_timeline_may_animate (GTK_WIDGET (self)))
    start_fade (self);
  else
    g_clear_object (&self->before);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
snapshot_icon (GtkIconPaintable *icon, GtkSnapshot *snapshot, const GdkRGBA *color, double opacity)
{
  GdkRGBA colors[4] = { *color, *color, *color, *color };

  if (opacity <= 0)
    return;
  gtk_snapshot_push_opacity (snapshot, opacity);
  gtk_symbolic_paintable_snapshot_symbolic (GTK_SYMBOLIC_PAINTABLE (icon), snapshot, TICK_PX, TICK_PX, colors, 4);
  gtk_snapshot_pop (snapshot);
}

static void
kl_tick_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  KlTick *self = KL_TICK (widget);
  GdkRGBA color;

  gtk_widget_get_color (widget, &color);
  if (self->before != NULL && self->shown < 1)
    snapshot_icon (self->before, snapshot, &color, 1 - self->shown);
  if (self->icon != NULL)
    snapshot_icon (self->icon, snapshot, &color, self->shown);
}

static void
kl_tick_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                 int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = TICK_PX;
}

static void
kl_tick_dispose (GObject *object)
{
  KlTick *self = KL_TICK (object);

  g_clear_object (&self->icon);
  g_clear_object (&self->before);
  g_clear_object (&self->fade);
  G_OBJECT_CLASS (kl_tick_parent_class)->dispose (object);
}

static void
kl_tick_class_init (KlTickClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_tick_dispose;
  GTK_WIDGET_CLASS (klass)->measure = kl_tick_measure;
  GTK_WIDGET_CLASS (klass)->snapshot = kl_tick_snapshot;
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "ticks");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
kl_tick_init (KlTick *self)
{
  self->shown = 1;
}

/* ── Time and tick ── */

struct _KlMessageMeta
{
  GtkWidget parent_instance;

  GtkWidget *time;
  GtkWidget *tick; /* NULL until the first own message */
};

G_DEFINE_FINAL_TYPE (KlMessageMeta, kl_message_meta, GTK_TYPE_WIDGET)

static void
show_tick (KlMessageMeta *self, KlMessage *message, gboolean animate)
{
  gboolean mine = kl_message_get_mine (message) && !kl_message_get_deleted (message);

  if (!mine)
    {
      if (self->tick != NULL)
        gtk_widget_set_visible (self->tick, FALSE);
      return;
    }
  if (self->tick == NULL)
    {
      self->tick = g_object_new (KL_TYPE_TICK, NULL);
      gtk_widget_set_parent (self->tick, GTK_WIDGET (self));
    }
  gtk_widget_set_visible (self->tick, TRUE);
  set_state (KL_TICK (self->tick), kl_message_get_state (message), animate);
}

void
kl_message_meta_show (KlMessageMeta *self, KlMessage *message, gboolean animate)
{
  g_autofree char *time = NULL;
  g_autofree char *edited = NULL;

  g_return_if_fail (KL_IS_MESSAGE_META (self));
  g_return_if_fail (KL_IS_MESSAGE (message));

  time = kl_clock_format_time (kl_clock_get_default (), kl_message_get_created_at (message));
  if (kl_message_get_edited_at (message) != 0 && !kl_message_get_deleted (message))
    /* Translators: a changed message, and when it was written, as in "edited 10:53" */
    edited = g_strdup_printf (_ ("edited %s"), time);
  kl_message_text_set_text (KL_MESSAGE_TEXT (self->time), edited != NULL ? edited : time, 1);
  show_tick (self, message, animate);
}

static gboolean
has_tick (KlMessageMeta *self)
{
  return self->tick != NULL && gtk_widget_get_visible (self->tick);
}

static void
kl_message_meta_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                         int *minimum_baseline, int *natural_baseline)
{
  KlMessageMeta *self = KL_MESSAGE_META (widget);
  int width;
  int height;

  kl_message_text_fit (KL_MESSAGE_TEXT (self->time), 10000, &width, &height);
  if (has_tick (self))
    width += TICK_GAP_PX + TICK_PX;
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? width : MAX (height, 1);
}

static void
kl_message_meta_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  KlMessageMeta *self = KL_MESSAGE_META (widget);
  gboolean rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int time_width = width - (has_tick (self) ? TICK_GAP_PX + TICK_PX : 0);

  gtk_widget_size_allocate (self->time, &(GtkAllocation) { rtl ? width - time_width : 0, 0, time_width, height }, -1);
  if (has_tick (self))
    gtk_widget_size_allocate (
        self->tick, &(GtkAllocation) { rtl ? 0 : width - TICK_PX, (height - TICK_PX) / 2, TICK_PX, TICK_PX }, -1);
}

static void
kl_message_meta_dispose (GObject *object)
{
  KlMessageMeta *self = KL_MESSAGE_META (object);

  g_clear_pointer (&self->time, gtk_widget_unparent);
  g_clear_pointer (&self->tick, gtk_widget_unparent);
  G_OBJECT_CLASS (kl_message_meta_parent_class)->dispose (object);
}

static void
kl_message_meta_class_init (KlMessageMetaClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_message_meta_dispose;
  widget_class->measure = kl_message_meta_measure;
  widget_class->size_allocate = kl_message_meta_size_allocate;
  gtk_widget_class_set_css_name (widget_class, "meta");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
kl_message_meta_init (KlMessageMeta *self)
{
  self->time = kl_message_text_new ("time", KL_TEXT_FIGURES);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->time), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  gtk_widget_set_parent (self->time, GTK_WIDGET (self));
}

GtkWidget *
kl_message_meta_new (void)
{
  return g_object_new (KL_TYPE_MESSAGE_META, NULL);
}
