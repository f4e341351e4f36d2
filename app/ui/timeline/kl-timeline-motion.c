/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What moves by itself: jumps, by bringing the anchor's y from where it is to where it should be (never the
 * adjustment's value, which is the reader's), and arrivals, by a slide that all rows are drawn lower by and that
 * decays. One tick callback serves both, and the rows that the layout left for the next frame; it ends when nothing is
 * left to do. */
#include "app/ui/timeline/kl-timeline-private.h"

#include <math.h>

#define SLIDE_OMEGA 28.0
#define SLIDE_DONE_PX 0.5
#define JUMP_MS 300.0
#define REVEAL_MS 140.0
#define MAX_STEP_S 0.064

gboolean
kl_timeline_may_animate (GtkWidget *widget)
{
  gboolean enabled;

  g_object_get (gtk_widget_get_settings (widget), "gtk-enable-animations", &enabled, NULL);
  return enabled && gtk_widget_get_mapped (widget);
}

static void
step_slide (KlTimeline *self, double dt)
{
  double pull = self->slide_velocity + SLIDE_OMEGA * self->slide;
  double decay = exp (-SLIDE_OMEGA * dt);

  self->slide = (self->slide + pull * dt) * decay;
  self->slide_velocity = (self->slide_velocity - SLIDE_OMEGA * pull * dt) * decay;
  if (self->slide < SLIDE_DONE_PX)
    {
      self->slide = 0;
      self->slide_velocity = 0;
    }
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer unused)
{
  KlTimeline *self = KL_TIMELINE (widget);
  gint64 now = gdk_frame_clock_get_frame_time (clock);
  double dt = CLAMP ((double) (now - self->last_frame_usec) / G_USEC_PER_SEC, 0, MAX_STEP_S);
  gboolean active = self->incomplete || self->slide > 0 || self->jumping;

  self->last_frame_usec = now;
  if (self->slide > 0)
    step_slide (self, dt);
  if (self->jumping)
    self->jump_progress = MIN (1, self->jump_progress + dt * 1000 / self->jump_duration_ms);
  if (active)
    gtk_widget_queue_allocate (widget);
  if (self->selecting && kl_timeline_selection_autoscroll (self, dt))
    active = TRUE;
  if (active)
    return G_SOURCE_CONTINUE;
  self->tick_id = 0;
  return G_SOURCE_REMOVE;
}

void
kl_timeline_motion_ensure_tick (KlTimeline *self)
{
  GdkFrameClock *clock;

  if (self->tick_id != 0)
    return;
  clock = gtk_widget_get_frame_clock (GTK_WIDGET (self));
  self->last_frame_usec = clock != NULL ? gdk_frame_clock_get_frame_time (clock) : g_get_monotonic_time ();
  self->tick_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), on_tick, NULL, NULL);
}

/* The reader moves, or must be moved: whatever moved by itself stands still, the rows where they are drawn now. */
void
kl_timeline_motion_stop (KlTimeline *self)
{
  gboolean was_jumping = self->jumping;

  for (guint i = 0; i < self->slots->len; i++)
    g_array_index (self->slots, KlTimelineSlot, i).y += self->slide;
  self->a_y += self->slide;
  self->jumping = FALSE;
  self->slide = 0;
  self->slide_velocity = 0;
  self->n_arriving = 0;
  /* The target of a jump may be far outside of what is drawn. */
  if (was_jumping && self->slots->len > 0)
    kl_timeline_choose_anchor (self);
}

void
kl_timeline_motion_start_slide (KlTimeline *self, double distance)
{
  self->slide += distance;
  self->slide_start = self->slide;
  kl_timeline_motion_ensure_tick (self);
}

static double
reveal_y (KlTimeline *self, double from, int height, int page)
{
  if (from < KL_TIMELINE_PAD_TOP_PX || height > page - KL_TIMELINE_PAD_TOP_PX - KL_TIMELINE_PAD_BOTTOM_PX)
    {
      gboolean covers = from <= KL_TIMELINE_PAD_TOP_PX && from + height >= page - KL_TIMELINE_PAD_BOTTOM_PX;

      return covers ? from : KL_TIMELINE_PAD_TOP_PX;
    }
  if (from + height > page - KL_TIMELINE_PAD_BOTTOM_PX)
    return page - KL_TIMELINE_PAD_BOTTOM_PX - height;
  return from;
}

static double
wished_y (KlTimeline *self, int height, int page)
{
  if (self->jump_to_end)
    return page - KL_TIMELINE_PAD_BOTTOM_PX - height;
  switch (self->jump_align)
    {
    case KL_TIMELINE_ALIGN_CENTER:
      return height < page * 2 / 3 ? (page - height) / 2.0 : page / 6.0;
    case KL_TIMELINE_ALIGN_REVEAL:
      return reveal_y (self, self->jump_from, height, page);
    case KL_TIMELINE_ALIGN_TOP:
    default:
      return KL_TIMELINE_TOP_INSET_PX;
    }
}

/* Where the jump's target is to be in this frame. */
double
kl_timeline_motion_jump_y (KlTimeline *self, int height, int page)
{
  double wish = floor (wished_y (self, height, page));
  double left = 1 - self->jump_progress;

  return wish + (self->jump_from - wish) * left * left * left;
}

/* Where the row is now; a far one just outside of the view, from where it glides in. */
static double
present_y (KlTimeline *self, guint position)
{
  KlTimelineSlot *slot = kl_timeline_find_slot (self, position);
  double y;

  if (slot != NULL)
    return slot->y;
  y = self->a_y
      + (double) (kl_height_index_get_prefix (self->heights, position)
                  - kl_height_index_get_prefix (self->heights, MIN (self->a_pos, kl_timeline_get_n_rows (self))));
  return CLAMP (y, -1.0 * self->page, 1.5 * self->page);
}

static void
start_jump (KlTimeline *self, guint position, KlTimelineAlign align, gboolean to_end, gboolean animate)
{
  double from;

  kl_timeline_motion_stop (self);
  from = present_y (self, position);
  self->stick = FALSE;
  self->jumping = TRUE;
  self->jump_to_end = to_end;
  self->jump_align = align;
  self->jump_from = from;
  self->jump_progress = animate && kl_timeline_may_animate (GTK_WIDGET (self)) ? 0 : 1;
  self->jump_duration_ms = align == KL_TIMELINE_ALIGN_REVEAL ? REVEAL_MS : JUMP_MS;
  self->a_pos = position;
  self->a_y = from;
  if (self->jump_progress < 1)
    kl_timeline_motion_ensure_tick (self);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
  kl_timeline_queue_notify (self);
}

void
kl_timeline_jump_to (KlTimeline *self, guint position, KlTimelineAlign align, gboolean animate)
{
  g_return_if_fail (KL_IS_TIMELINE (self));
  g_return_if_fail (position < kl_timeline_get_n_rows (self));

  start_jump (self, position, align, FALSE, animate);
}

void
kl_timeline_jump_to_end (KlTimeline *self, gboolean animate)
{
  g_return_if_fail (KL_IS_TIMELINE (self));

  if (kl_timeline_get_n_rows (self) > 0 && !self->stick)
    start_jump (self, kl_timeline_get_n_rows (self) - 1, KL_TIMELINE_ALIGN_REVEAL, TRUE, animate);
  self->jump_duration_ms = JUMP_MS;
}
