/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one allocate pass: realise the rows around the anchor, close gaps at the ends, recycle, place, publish the scroll
 * range, and choose the anchor that the next frame starts from. Rows are bound in here: GTK clears the resize flags
 * that this sets when the allocation returns. The model is never changed from here, and nobody is told anything (see
 * kl_timeline_queue_notify()). */
#include "app/ui/timeline/kl-timeline-private.h"

#include <math.h>

/* Rows bound outside of the view, a side and frame: a fling spreads its work. */
#define MAX_NEW_MARGIN_ROWS 3

/* Rows keep their widget a little beyond the margin, so that small movements back and forth bind nothing. */
#define KEEP_PX (KL_TIMELINE_MARGIN_PX + 160)

/* If the rows to show are further than this from those that exist, those are recycled first instead of last. */
#define FAR_ROWS 64

/* The reading line: the row nearest to it keeps its place. */
#define READING_LINE 0.4

#define OWN_ARRIVAL_SCALE 0.96

typedef struct
{
  int width;
  int page;
  double top; /* the view in the rows' coordinates */
  double bottom;
  guint n_rows;
  guint new_above;
  guint new_below;
} Pass;

guint
kl_timeline_get_n_rows (KlTimeline *self)
{
  return kl_height_index_get_n_rows (self->heights);
}

static KlTimelineSlot *
slot_at (GArray *slots, guint i)
{
  return &g_array_index (slots, KlTimelineSlot, i);
}

KlTimelineSlot *
kl_timeline_find_slot (KlTimeline *self, guint position)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = slot_at (self->slots, i);

      if (slot->row != NULL && slot->position == position)
        return slot;
    }
  return NULL;
}

KlTimelineSlot *
kl_timeline_find_focused_slot (KlTimeline *self)
{
  GtkWidget *child = gtk_widget_get_focus_child (GTK_WIDGET (self));

  if (child == NULL)
    return NULL;
  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = slot_at (self->slots, i);

      if ((GtkWidget *) slot->row == child)
        return slot;
    }
  return (GtkWidget *) self->parked.row == child ? &self->parked : NULL;
}

/* Gives the row of @slot to the pool, or up where that is full. */
void
kl_timeline_recycle (KlTimeline *self, KlTimelineSlot *slot)
{
  GtkWidget *widget = GTK_WIDGET (slot->row);
  KlTimelinePooled pooled = { slot->row, slot->kind };

  KL_TIMELINE_ROW_GET_IFACE (slot->row)->unbind (slot->row);
  g_clear_object (&slot->item);
  slot->row = NULL;
  if (self->pool->len >= KL_TIMELINE_MAX_POOLED)
    {
      gtk_widget_unparent (GTK_WIDGET (g_array_index (self->pool, KlTimelinePooled, 0).row));
      g_array_remove_index (self->pool, 0);
    }
  gtk_widget_set_child_visible (widget, FALSE);
  gtk_widget_set_opacity (widget, 1);
  gtk_accessible_update_state (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  if (gtk_widget_get_next_sibling (widget) != NULL)
    gtk_widget_insert_before (widget, GTK_WIDGET (self), NULL);
  g_array_append_val (self->pool, pooled);
}

/* All rows, pooled ones too. */
void
kl_timeline_drop_rows (KlTimeline *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    if (slot_at (self->slots, i)->row != NULL)
      kl_timeline_recycle (self, slot_at (self->slots, i));
  g_array_set_size (self->slots, 0);
  if (self->parked.row != NULL)
    kl_timeline_recycle (self, &self->parked);
}

static int
measure_row (KlTimelineRow *row, int width)
{
  int height;

  gtk_widget_measure (GTK_WIDGET (row), GTK_ORIENTATION_VERTICAL, width, NULL, &height, NULL, NULL);
  return height;
}

static KlTimelineRow *
get_unused_row (KlTimeline *self, guint kind)
{
  GtkWidget *row;

  for (guint i = self->pool->len; i > 0; i--)
    {
      KlTimelinePooled pooled = g_array_index (self->pool, KlTimelinePooled, i - 1);

      if (pooled.kind == kind)
        {
          g_array_remove_index (self->pool, i - 1);
          gtk_widget_set_child_visible (GTK_WIDGET (pooled.row), TRUE);
          gtk_accessible_update_state (GTK_ACCESSIBLE (pooled.row), GTK_ACCESSIBLE_STATE_HIDDEN, FALSE, -1);
          return pooled.row;
        }
    }
  row = self->funcs->create (kind, self->user_data);
  g_assert (KL_IS_TIMELINE_ROW (row));
  gtk_widget_set_parent (row, GTK_WIDGET (self));
  return KL_TIMELINE_ROW (row);
}

/* Takes the row of @position out of the ones that exist, or binds one if @may_bind; sets all but y. FALSE: it would
 * have to be bound. */
static gboolean
take (KlTimeline *self, Pass *pass, guint position, gboolean may_bind, KlTimelineSlot *out, gboolean *fresh)
{
  KlTimelineSlot *slot = kl_timeline_find_slot (self, position);

  *fresh = FALSE;
  if (slot == NULL && self->parked.row != NULL && self->parked.position == position)
    slot = &self->parked;
  if (slot != NULL)
    {
      *out = *slot;
      slot->row = NULL;
      slot->item = NULL;
      return TRUE;
    }
  if (!may_bind)
    return FALSE;

  *out = (KlTimelineSlot) { .position = position, .told_position = GTK_INVALID_LIST_POSITION };
  out->item = g_list_model_get_item (self->model, position);
  out->kind = self->funcs->get_kind != NULL ? self->funcs->get_kind (out->item, self->user_data) : 0;
  out->row = get_unused_row (self, out->kind);
  KL_TIMELINE_ROW_GET_IFACE (out->row)->bind (out->row, out->item);
  out->height = measure_row (out->row, pass->width);
  kl_height_index_set (self->heights, position, out->height);
  kl_timeline_selection_show (self, out);
  self->n_binds++;
  *fresh = TRUE;
  return TRUE;
}

static void
fill_down (KlTimeline *self, Pass *pass)
{
  for (;;)
    {
      KlTimelineSlot *last = slot_at (self->next, self->next->len - 1);
      double y = last->y + last->height;
      KlTimelineSlot slot;
      gboolean fresh;
      gboolean in_margin = y >= pass->bottom;

      if (last->position + 1 >= pass->n_rows || y >= pass->bottom + KL_TIMELINE_MARGIN_PX)
        return;
      if (!take (self, pass, last->position + 1, !in_margin || pass->new_below < MAX_NEW_MARGIN_ROWS, &slot, &fresh))
        {
          self->incomplete = TRUE;
          return;
        }
      if (fresh && in_margin)
        pass->new_below++;
      slot.y = y;
      g_array_append_val (self->next, slot);
    }
}

static void
fill_up (KlTimeline *self, Pass *pass)
{
  for (;;)
    {
      KlTimelineSlot *first = slot_at (self->next, 0);
      KlTimelineSlot slot;
      gboolean fresh;
      gboolean in_margin = first->y <= pass->top;

      if (first->position == 0 || first->y <= pass->top - KL_TIMELINE_MARGIN_PX)
        return;
      if (!take (self, pass, first->position - 1, !in_margin || pass->new_above < MAX_NEW_MARGIN_ROWS, &slot, &fresh))
        {
          self->incomplete = TRUE;
          return;
        }
      if (fresh && in_margin)
        pass->new_above++;
      slot.y = first->y - slot.height;
      g_array_prepend_val (self->next, slot);
    }
}

static void
fill (KlTimeline *self, Pass *pass)
{
  fill_down (self, pass);
  fill_up (self, pass);
}

static void
shift (GArray *slots, double distance)
{
  for (guint i = 0; i < slots->len; i++)
    slot_at (slots, i)->y += distance;
}

/* Rows that exist may have grown or been resized. GTK caches what has not changed. */
static void
measure_existing (KlTimeline *self, Pass *pass)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = slot_at (self->slots, i);

      if (slot->row == NULL)
        continue;
      slot->height = measure_row (slot->row, pass->width);
      kl_height_index_set (self->heights, slot->position, slot->height);
    }
  if (self->parked.row != NULL)
    {
      self->parked.height = measure_row (self->parked.row, pass->width);
      kl_height_index_set (self->heights, self->parked.position, self->parked.height);
    }
}

/* Walks the anchor to a row in or near the view, by known heights. */
static void
bring_anchor_near (KlTimeline *self, Pass *pass)
{
  while (self->a_pos + 1 < pass->n_rows)
    {
      int height = kl_height_index_get (self->heights, self->a_pos);

      if (self->a_y + height >= pass->top - KL_TIMELINE_MARGIN_PX)
        break;
      self->a_y += height;
      self->a_pos++;
    }
  while (self->a_pos > 0 && self->a_y > pass->bottom + KL_TIMELINE_MARGIN_PX)
    {
      self->a_pos--;
      self->a_y -= kl_height_index_get (self->heights, self->a_pos);
    }
}

static gboolean
is_far (KlTimeline *self, guint target, Pass *pass)
{
  guint nearest = G_MAXUINT;

  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = slot_at (self->slots, i);

      if (slot->row != NULL)
        nearest = MIN (nearest, target > slot->position ? target - slot->position : slot->position - target);
    }
  return nearest > FAR_ROWS;
}

/* Rows that leave for sure go to the pool before others are bound, so that a fling needs no more widgets than a rest.
 */
static void
recycle_early (KlTimeline *self, guint target, Pass *pass)
{
  gboolean all = is_far (self, target, pass);
  GtkWidget *focused = gtk_widget_get_focus_child (GTK_WIDGET (self));

  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = slot_at (self->slots, i);

      if (slot->row == NULL || (GtkWidget *) slot->row == focused || slot->position == target)
        continue;
      if (all || slot->y + slot->height < pass->top - KEEP_PX || slot->y > pass->bottom + KEEP_PX)
        kl_timeline_recycle (self, slot);
    }
}

static void
place_first (KlTimeline *self, Pass *pass)
{
  KlTimelineSlot slot;
  gboolean fresh;
  guint target = self->stick || (self->jumping && self->jump_to_end) ? pass->n_rows - 1 : self->a_pos;

  recycle_early (self, target, pass);
  take (self, pass, target, TRUE, &slot, &fresh);
  self->a_pos = target;
  if (self->jumping)
    slot.y = kl_timeline_motion_jump_y (self, slot.height, pass->page);
  else if (self->stick)
    slot.y = pass->page - KL_TIMELINE_PAD_BOTTOM_PX - slot.height;
  else
    slot.y = self->a_y;
  g_array_append_val (self->next, slot);
}

static gboolean
has_gap_below (KlTimeline *self, Pass *pass)
{
  KlTimelineSlot *last = slot_at (self->next, self->next->len - 1);

  return last->position + 1 == pass->n_rows && last->y + last->height + KL_TIMELINE_PAD_BOTTOM_PX < pass->page;
}

static void
close_gap_below (KlTimeline *self, Pass *pass)
{
  KlTimelineSlot *last = slot_at (self->next, self->next->len - 1);

  shift (self->next, pass->page - KL_TIMELINE_PAD_BOTTOM_PX - last->y - last->height);
  self->stick = TRUE;
  self->jumping = FALSE;
  fill_up (self, pass);
}

/* Content ends at the lower edge, and where it is longer than the view begins at the upper one. */
static void
close_gaps (KlTimeline *self, Pass *pass)
{
  KlTimelineSlot *first;

  if (has_gap_below (self, pass))
    close_gap_below (self, pass);
  first = slot_at (self->next, 0);
  if (first->position == 0 && first->y > KL_TIMELINE_PAD_TOP_PX && !self->stick)
    {
      shift (self->next, KL_TIMELINE_PAD_TOP_PX - first->y);
      self->jumping = FALSE;
      fill_down (self, pass);
      if (has_gap_below (self, pass))
        close_gap_below (self, pass);
    }
}

/* New rows at the end: everything starts where it was, and slides. */
static void
begin_arrival (KlTimeline *self, Pass *pass, double survivor_y)
{
  guint n_arriving = MIN (self->n_arriving, self->next->len);
  double distance = 0;

  self->n_arriving = 0;
  if (!self->stick || n_arriving == 0)
    return;
  for (guint i = self->next->len - n_arriving; i < self->next->len; i++)
    {
      slot_at (self->next, i)->arriving = TRUE;
      distance += slot_at (self->next, i)->height;
    }
  if (!isnan (survivor_y) && n_arriving < self->next->len)
    distance = survivor_y - slot_at (self->next, self->next->len - n_arriving - 1)->y;
  if (distance <= 0 || distance > pass->page)
    return;
  kl_timeline_motion_start_slide (self, distance);
  pass->top = -self->slide;
  fill_up (self, pass);
}

/* Beyond what is kept around the view. What stays is contiguous. */
static void
trim (KlTimeline *self, Pass *pass)
{
  while (self->next->len > 1)
    {
      KlTimelineSlot *slot = slot_at (self->next, 0);

      if (slot->y + slot->height >= pass->top - KEEP_PX)
        break;
      g_array_append_val (self->slots, *slot);
      g_array_remove_index (self->next, 0);
    }
  while (self->next->len > 1)
    {
      KlTimelineSlot *slot = slot_at (self->next, self->next->len - 1);

      if (slot->y <= pass->bottom + KEEP_PX)
        break;
      g_array_append_val (self->slots, *slot);
      g_array_set_size (self->next, self->next->len - 1);
    }
}

/* What nobody took goes to the pool; but a row with the focus stays alive out of sight. */
static void
recycle_leftovers (KlTimeline *self)
{
  GtkWidget *focused = gtk_widget_get_focus_child (GTK_WIDGET (self));

  if (self->parked.row != NULL && (GtkWidget *) self->parked.row != focused)
    kl_timeline_recycle (self, &self->parked);
  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = slot_at (self->slots, i);

      if (slot->row == NULL)
        continue;
      if ((GtkWidget *) slot->row == focused)
        self->parked = *slot;
      else
        kl_timeline_recycle (self, slot);
    }
}

static void
allocate_slot (KlTimeline *self, Pass *pass, KlTimelineSlot *slot)
{
  double y = floor (slot->y + self->slide + 0.5);
  GskTransform *transform = gsk_transform_translate (NULL, &GRAPHENE_POINT_INIT (0, (float) y));

  if (slot->arriving)
    {
      double left = self->slide_start > 0 ? CLAMP (self->slide / self->slide_start, 0, 1) : 0;

      gtk_widget_set_opacity (GTK_WIDGET (slot->row), 1 - left);
      if (left > 0 && self->funcs->is_own != NULL && self->funcs->is_own (slot->item, self->user_data))
        {
          float scale = (float) (1 - (1 - OWN_ARRIVAL_SCALE) * left);
          float x = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL ? 0 : (float) pass->width;

          transform = gsk_transform_translate (transform, &GRAPHENE_POINT_INIT (x, (float) slot->height));
          transform = gsk_transform_scale (transform, scale, scale);
          transform = gsk_transform_translate (transform, &GRAPHENE_POINT_INIT (-x, (float) -slot->height));
        }
      if (left <= 0)
        slot->arriving = FALSE;
    }
  gtk_widget_allocate (GTK_WIDGET (slot->row), pass->width, slot->height, -1, transform);
}

static void
place_rows (KlTimeline *self, Pass *pass)
{
  GtkWidget *before = NULL;
  KlTimelineSlot *parked = &self->parked;

  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = slot_at (self->slots, i);
      GtkWidget *widget = GTK_WIDGET (slot->row);

      if (parked->row != NULL && i == 0 && parked->position < slot->position)
        {
          if (gtk_widget_get_prev_sibling (GTK_WIDGET (parked->row)) != NULL)
            gtk_widget_insert_after (GTK_WIDGET (parked->row), GTK_WIDGET (self), NULL);
          before = GTK_WIDGET (parked->row);
        }
      if (gtk_widget_get_prev_sibling (widget) != before)
        gtk_widget_insert_after (widget, GTK_WIDGET (self), before);
      before = widget;
      allocate_slot (self, pass, slot);
    }
  if (parked->row != NULL)
    {
      gboolean above = self->slots->len > 0 && parked->position < slot_at (self->slots, 0)->position;
      double away = pass->page + parked->height + 2 * KL_TIMELINE_MARGIN_PX;

      if (!above && gtk_widget_get_prev_sibling (GTK_WIDGET (parked->row)) != before)
        gtk_widget_insert_after (GTK_WIDGET (parked->row), GTK_WIDGET (self), before);
      parked->y = above ? -away : pass->page + away;
      allocate_slot (self, pass, parked);
    }
}

static void
publish (KlTimeline *self, Pass *pass)
{
  gint64 total = KL_TIMELINE_PAD_TOP_PX + kl_height_index_get_total (self->heights) + KL_TIMELINE_PAD_BOTTOM_PX;
  double lower = self->value;
  double upper;

  if (self->slots->len > 0)
    {
      KlTimelineSlot *first = slot_at (self->slots, 0);

      lower = self->value + first->y - (double) kl_height_index_get_prefix (self->heights, first->position)
              - KL_TIMELINE_PAD_TOP_PX;
    }
  upper = lower + (double) total;
  if (total < pass->page || self->slots->len == 0)
    {
      lower = self->value;
      upper = self->value + pass->page;
    }
  else if (self->stick)
    {
      upper = self->value + pass->page;
      lower = MIN (upper - (double) total, self->value);
    }
  self->lower = MIN (lower, self->value);
  self->upper = MAX (upper, self->value + pass->page);
  self->page = pass->page;
  if (self->vadjustment == NULL)
    return;
  self->publishing = TRUE;
  gtk_adjustment_configure (self->vadjustment, self->value, self->lower, self->upper, 60, pass->page * 0.9, pass->page);
  self->publishing = FALSE;
  self->value = gtk_adjustment_get_value (self->vadjustment);
}

/* The row that the next frame leaves where it is: the focused one if in view, else the row whose top is nearest to the
 * reading line, else the row that covers it. In stick mode too: the reader may leave the end at any moment. */
void
kl_timeline_choose_anchor (KlTimeline *self)
{
  double line = self->page * READING_LINE;
  GtkWidget *focused = gtk_widget_get_focus_child (GTK_WIDGET (self));
  KlTimelineSlot *nearest = NULL;
  KlTimelineSlot *covering = slot_at (self->slots, 0);

  if (self->jumping)
    {
      KlTimelineSlot *target = kl_timeline_find_slot (self, self->a_pos);

      if (target != NULL)
        self->a_y = target->y;
      return;
    }
  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = slot_at (self->slots, i);
      gboolean in_view = slot->y < self->page && slot->y + slot->height > 0;

      if (in_view && (GtkWidget *) slot->row == focused)
        {
          nearest = slot;
          break;
        }
      if (slot->y >= 0 && slot->y < self->page && (nearest == NULL || fabs (slot->y - line) < fabs (nearest->y - line)))
        nearest = slot;
      if (slot->y <= line)
        covering = slot;
    }
  if (nearest == NULL)
    nearest = covering;
  self->a_pos = nearest->position;
  self->a_y = nearest->y;
}

/* Tells assistive technology which of how many each row is. */
void
kl_timeline_update_set (KlTimeline *self)
{
  guint total = kl_timeline_get_n_rows (self);

  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = slot_at (self->slots, i);

      if (slot->told_position == slot->position && slot->told_total == total)
        continue;
      slot->told_position = slot->position;
      slot->told_total = total;
      gtk_accessible_update_relation (GTK_ACCESSIBLE (slot->row), GTK_ACCESSIBLE_RELATION_POS_IN_SET,
                                      (int) slot->position + 1, GTK_ACCESSIBLE_RELATION_SET_SIZE, (int) total, -1);
    }
}

static void
lay_out_nothing (KlTimeline *self, Pass *pass)
{
  kl_timeline_drop_rows (self);
  self->stick = TRUE;
  self->jumping = FALSE;
  self->n_arriving = 0;
  self->a_pos = 0;
  self->a_y = 0;
  publish (self, pass);
}

void
kl_timeline_layout (KlTimeline *self, int width, int page)
{
  Pass pass = { width, page, -self->slide, page, kl_timeline_get_n_rows (self), 0, 0 };
  KlTimelineSlot *survivor;
  double survivor_y = NAN;
  GArray *swap;

  self->n_allocates++;
  self->width = width;
  self->incomplete = FALSE;
  if (pass.n_rows == 0)
    {
      lay_out_nothing (self, &pass);
      return;
    }
  self->a_pos = MIN (self->a_pos, pass.n_rows - 1);
  survivor = self->n_arriving < pass.n_rows ? kl_timeline_find_slot (self, pass.n_rows - 1 - self->n_arriving) : NULL;
  if (survivor != NULL)
    survivor_y = survivor->y;

  measure_existing (self, &pass);
  if (!self->stick && !self->jumping)
    bring_anchor_near (self, &pass);
  g_array_set_size (self->next, 0);
  place_first (self, &pass);
  fill (self, &pass);
  close_gaps (self, &pass);
  if (self->n_arriving > 0)
    begin_arrival (self, &pass, survivor_y);
  trim (self, &pass);
  recycle_leftovers (self);

  swap = self->slots;
  self->slots = self->next;
  self->next = swap;
  g_array_set_size (self->next, 0);

  place_rows (self, &pass);
  if (self->jumping && self->jump_progress >= 1)
    {
      self->stick = self->stick || self->jump_to_end;
      self->jumping = FALSE;
    }
  publish (self, &pass);
  kl_timeline_choose_anchor (self);
  kl_timeline_update_set (self);
  if (self->incomplete || self->jumping || self->slide > 0)
    kl_timeline_motion_ensure_tick (self);
}
