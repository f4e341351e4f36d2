/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The timeline's object: properties, model, scroll range. Its key is the floating origin: layout never writes the
 * adjustment's value, which only the reader changes; what changes above him moves `lower`, what changes below moves
 * `upper`. GtkScrolledWindow's own animations set absolute values and follow both, so that nothing jumps and nothing
 * feeds back. */
#include "app/ui/timeline/kl-timeline-private.h"

#include <math.h>

/* Ask for more when an end is this many pages away. */
#define PAGING_PAGES 3.0

/* A move longer than this many pages is not followed row by row. */
#define FAR_PAGES 1.5

/* Items that moved are recognised in changes of up to this many. */
#define MAX_MATCHED 1024

#define MAX_ARRIVALS 3

typedef enum
{
  PROP_AT_END = 1,
  PROP_TOP_POSITION,
  PROP_HADJUSTMENT,
  PROP_VADJUSTMENT,
  PROP_HSCROLL_POLICY,
  PROP_VSCROLL_POLICY,
} Prop;

enum
{
  SIGNAL_MORE_BEFORE,
  SIGNAL_MORE_AFTER,
  SIGNAL_SCROLLED,
  SIGNAL_ACTIVATE_ROW,
  SIGNAL_VIEW_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_INTERFACE (KlTimelineRow, kl_timeline_row, GTK_TYPE_WIDGET)
G_DEFINE_FINAL_TYPE_WITH_CODE (KlTimeline, kl_timeline, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_SCROLLABLE, NULL))

static int
no_byte (KlTimelineRow *self, double x, double y, gboolean *inside)
{
  *inside = FALSE;
  return -1;
}

static void
no_selection (KlTimelineRow *self, int start, int end)
{
}

static void
kl_timeline_row_default_init (KlTimelineRowInterface *iface)
{
  iface->get_byte_at = no_byte;
  iface->set_selection = no_selection;
}

/* ── What others are told, after the frame ── */

static void
ask_for_more (KlTimeline *self)
{
  if (self->model == NULL || self->page <= 0)
    return;
  if (self->more_before && !self->asked_before && self->value - self->lower < PAGING_PAGES * self->page)
    {
      self->asked_before = TRUE;
      g_signal_emit (self, signals[SIGNAL_MORE_BEFORE], 0);
    }
  if (self->more_after && !self->asked_after && self->upper - self->page - self->value < PAGING_PAGES * self->page)
    {
      self->asked_after = TRUE;
      g_signal_emit (self, signals[SIGNAL_MORE_AFTER], 0);
    }
}

static gboolean
on_notify (gpointer user_data)
{
  KlTimeline *self = user_data;
  guint top;

  self->notify_id = 0;
  g_object_ref (self);
  top = kl_timeline_get_top_position (self);
  if (self->told_at_end != self->stick)
    {
      self->told_at_end = self->stick;
      g_object_notify (G_OBJECT (self), "at-end");
    }
  if (self->told_top != top)
    {
      self->told_top = top;
      g_object_notify (G_OBJECT (self), "top-position");
    }
  g_signal_emit (self, signals[SIGNAL_VIEW_CHANGED], 0);
  kl_timeline_focus_fulfil_wish (self);
  ask_for_more (self);
  g_object_unref (self);
  return G_SOURCE_REMOVE;
}

void
kl_timeline_queue_notify (KlTimeline *self)
{
  if (self->notify_id == 0)
    self->notify_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_notify, self, NULL);
}

/* ── Scrolling ── */

static void
on_value_changed (GtkAdjustment *adjustment, KlTimeline *self)
{
  double value = gtk_adjustment_get_value (adjustment);
  double distance = value - self->value;

  if (self->publishing || distance == 0)
    return;
  kl_timeline_motion_stop (self);
  self->value = value;
  self->stick = value >= self->upper - self->page - 1;
  for (guint i = 0; i < self->slots->len; i++)
    g_array_index (self->slots, KlTimelineSlot, i).y -= distance;
  if (kl_timeline_get_n_rows (self) > 0)
    {
      if (value <= self->lower)
        {
          self->a_pos = 0;
          self->a_y = KL_TIMELINE_PAD_TOP_PX;
        }
      else if (fabs (distance) > FAR_PAGES * self->page)
        {
          double offset = value - self->lower - KL_TIMELINE_PAD_TOP_PX;
          gint64 prefix;

          self->a_pos = kl_height_index_find (self->heights, (gint64) offset, &prefix);
          self->a_y = (double) prefix - offset;
        }
      else
        {
          self->a_y -= distance;
        }
    }
  gtk_widget_queue_allocate (GTK_WIDGET (self));
  g_signal_emit (self, signals[SIGNAL_SCROLLED], 0);
}

/* As the reader would: by the adjustment's value. */
void
kl_timeline_user_scroll_by (KlTimeline *self, double distance)
{
  if (self->vadjustment != NULL)
    gtk_adjustment_set_value (self->vadjustment,
                              CLAMP (self->value + distance, self->lower, MAX (self->lower, self->upper - self->page)));
}

static void
set_adjustment (KlTimeline *self, GtkAdjustment **field, GtkAdjustment *adjustment, gboolean vertical)
{
  if (adjustment != NULL && *field == adjustment)
    return;
  if (*field != NULL)
    g_signal_handlers_disconnect_by_data (*field, self);
  g_clear_object (field);
  *field = g_object_ref_sink (adjustment != NULL ? adjustment : gtk_adjustment_new (0, 0, 0, 0, 0, 0));
  if (!vertical)
    return;
  self->value = gtk_adjustment_get_value (*field);
  g_signal_connect (*field, "value-changed", G_CALLBACK (on_value_changed), self);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

/* ── The model ── */

/* Slots whose items were taken out and put back in elsewhere keep their rows: focus, menus and screen readers stay on
 * them. The others of the removed range lose their position (GTK_INVALID_LIST_POSITION). */
static void
match_moved (KlTimeline *self, guint position, guint removed, guint added)
{
  g_autoptr (GHashTable) moved = NULL;

  if (added > 0 && added <= MAX_MATCHED)
    {
      moved = g_hash_table_new (NULL, NULL);
      for (guint i = 0; i < added; i++)
        {
          g_autoptr (GObject) item = g_list_model_get_item (self->model, position + i);

          g_hash_table_insert (moved, item, GUINT_TO_POINTER (position + i));
        }
    }
  for (guint i = 0; i <= self->slots->len; i++)
    {
      KlTimelineSlot *slot = i < self->slots->len ? &g_array_index (self->slots, KlTimelineSlot, i) : &self->parked;
      gpointer at;

      if (slot->row == NULL || slot->position < position)
        continue;
      if (slot->position >= position + removed)
        slot->position += added - removed;
      else if (moved != NULL && g_hash_table_lookup_extended (moved, slot->item, NULL, &at))
        slot->position = GPOINTER_TO_UINT (at);
      else
        slot->position = GTK_INVALID_LIST_POSITION;
    }
}

/* The anchor went: the nearest visible row that is left keeps its place instead. Rows that did not move are preferred.
 */
static void
replace_anchor (KlTimeline *self, guint position, guint removed, guint added)
{
  KlTimelineSlot *best = NULL;
  double best_distance = INFINITY;

  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = &g_array_index (self->slots, KlTimelineSlot, i);
      double distance = fabs (slot->y - self->a_y);

      if (slot->row == NULL || slot->position == GTK_INVALID_LIST_POSITION || slot->y >= self->page
          || slot->y + slot->height <= 0)
        continue;
      if (slot->position >= position && slot->position < position + added)
        distance += 4.0 * self->page;
      if (distance < best_distance)
        {
          best = slot;
          best_distance = distance;
        }
    }
  self->jumping = FALSE;
  if (best != NULL)
    {
      self->a_pos = best->position;
      self->a_y = best->y;
      return;
    }
  self->a_pos = position;
}

static void
move_anchor (KlTimeline *self, guint position, guint removed, guint added)
{
  guint n_rows = kl_timeline_get_n_rows (self);

  if (self->a_pos >= position + removed)
    self->a_pos += added - removed;
  else if (self->a_pos >= position)
    replace_anchor (self, position, removed, added);
  self->a_pos = n_rows > 0 ? MIN (self->a_pos, n_rows - 1) : 0;
}

static void
drop_removed (KlTimeline *self)
{
  for (guint i = 0; i <= self->slots->len; i++)
    {
      KlTimelineSlot *slot = i < self->slots->len ? &g_array_index (self->slots, KlTimelineSlot, i) : &self->parked;

      if (slot->row != NULL && slot->position == GTK_INVALID_LIST_POSITION)
        kl_timeline_recycle (self, slot);
    }
}

static void
count_arrivals (KlTimeline *self, guint position, guint removed, guint added)
{
  guint n_before = kl_timeline_get_n_rows (self) - added;

  if (added == 0)
    return;
  if (!self->stick || self->jumping || position < n_before || removed > 0 || n_before == 0 || !self->follow_arrivals
      || !kl_timeline_may_animate (GTK_WIDGET (self)))
    {
      if (position >= n_before)
        self->n_arriving = 0;
      return;
    }
  self->n_arriving += added;
  if (self->n_arriving > MAX_ARRIVALS)
    kl_timeline_motion_stop (self);
}

static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, KlTimeline *self)
{
  KlTimelineSlot *focused;

  kl_height_index_remove (self->heights, position, removed);
  kl_height_index_insert (self->heights, position, added);
  match_moved (self, position, removed, added);
  focused = kl_timeline_find_focused_slot (self);
  if (focused != NULL && focused->position == GTK_INVALID_LIST_POSITION)
    kl_timeline_focus_flee (self, focused, position);
  move_anchor (self, position, removed, added);
  drop_removed (self);
  kl_timeline_selection_items_changed (self, position, removed, added);
  count_arrivals (self, position, removed, added);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

static void
reset (KlTimeline *self)
{
  kl_timeline_drop_rows (self);
  kl_timeline_clear_selection (self);
  kl_timeline_motion_stop (self);
  kl_height_index_free (self->heights);
  self->heights = kl_height_index_new ();
  self->stick = TRUE;
  self->a_pos = 0;
  self->a_y = 0;
  self->focus_wish = self->focus_last = GTK_INVALID_LIST_POSITION;
  self->more_before = self->more_after = FALSE;
  self->asked_before = self->asked_after = FALSE;
}

void
kl_timeline_set_model (KlTimeline *self, GListModel *model)
{
  g_return_if_fail (KL_IS_TIMELINE (self));
  g_return_if_fail (model == NULL || G_IS_LIST_MODEL (model));

  if (self->model == model)
    return;
  if (self->model != NULL)
    g_signal_handlers_disconnect_by_func (self->model, on_items_changed, self);
  reset (self);
  g_set_object (&self->model, model);
  if (model != NULL)
    {
      kl_height_index_insert (self->heights, 0, g_list_model_get_n_items (model));
      g_signal_connect (model, "items-changed", G_CALLBACK (on_items_changed), self);
    }
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

GListModel *
kl_timeline_get_model (KlTimeline *self)
{
  g_return_val_if_fail (KL_IS_TIMELINE (self), NULL);

  return self->model;
}

void
kl_timeline_set_more (KlTimeline *self, gboolean before, gboolean after)
{
  g_return_if_fail (KL_IS_TIMELINE (self));

  self->more_before = before;
  self->more_after = after;
  self->asked_before = self->asked_after = FALSE;
  /* The rows that came are counted first: the range is known after the next allocation, which notifies. */
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

void
kl_timeline_set_follow_arrivals (KlTimeline *self, gboolean follow)
{
  g_return_if_fail (KL_IS_TIMELINE (self));

  self->follow_arrivals = follow;
}

/* ── What is where ── */

gboolean
kl_timeline_get_at_end (KlTimeline *self)
{
  g_return_val_if_fail (KL_IS_TIMELINE (self), TRUE);

  return self->stick;
}

double
kl_timeline_get_distance_to_end (KlTimeline *self)
{
  g_return_val_if_fail (KL_IS_TIMELINE (self), 0);

  return MAX (0, self->upper - self->page - self->value);
}

guint
kl_timeline_get_top_position (KlTimeline *self)
{
  g_return_val_if_fail (KL_IS_TIMELINE (self), GTK_INVALID_LIST_POSITION);

  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = &g_array_index (self->slots, KlTimelineSlot, i);

      if (slot->row != NULL && slot->y + slot->height >= 1 && slot->y < self->page)
        return slot->position;
    }
  return GTK_INVALID_LIST_POSITION;
}

guint
kl_timeline_get_bottom_position (KlTimeline *self)
{
  guint found = GTK_INVALID_LIST_POSITION;

  g_return_val_if_fail (KL_IS_TIMELINE (self), found);

  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = &g_array_index (self->slots, KlTimelineSlot, i);

      if (slot->row != NULL && slot->y + slot->height > 0 && slot->y + slot->height / 2.0 <= self->page)
        found = slot->position;
    }
  return found;
}

gboolean
kl_timeline_get_row_bounds (KlTimeline *self, guint position, double *y, int *height)
{
  KlTimelineSlot *slot;

  g_return_val_if_fail (KL_IS_TIMELINE (self), FALSE);

  slot = kl_timeline_find_slot (self, position);
  if (slot == NULL)
    return FALSE;
  if (y != NULL)
    *y = slot->y + self->slide;
  if (height != NULL)
    *height = slot->height;
  return TRUE;
}

GtkWidget *
kl_timeline_get_row (KlTimeline *self, guint position)
{
  KlTimelineSlot *slot;

  g_return_val_if_fail (KL_IS_TIMELINE (self), NULL);

  slot = kl_timeline_find_slot (self, position);
  return slot != NULL ? GTK_WIDGET (slot->row) : NULL;
}

guint
kl_timeline_pick_row (KlTimeline *self, double y)
{
  g_return_val_if_fail (KL_IS_TIMELINE (self), GTK_INVALID_LIST_POSITION);

  y -= self->slide;
  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = &g_array_index (self->slots, KlTimelineSlot, i);

      if (slot->row != NULL && y >= slot->y && y < slot->y + slot->height)
        return slot->position;
    }
  return GTK_INVALID_LIST_POSITION;
}

void
kl_timeline_get_stats (KlTimeline *self, KlTimelineStats *stats)
{
  g_return_if_fail (KL_IS_TIMELINE (self));

  *stats = (KlTimelineStats) {
    .n_live = self->slots->len + (self->parked.row != NULL ? 1 : 0),
    .n_pooled = self->pool->len,
    .n_binds = self->n_binds,
    .n_allocates = self->n_allocates,
    .slide = self->slide,
    .jumping = self->jumping,
    .anchor = self->a_pos,
    .anchor_y = self->a_y,
  };
}

static char *
check_slots (KlTimeline *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = &g_array_index (self->slots, KlTimelineSlot, i);
      g_autoptr (GObject) item = NULL;

      if (slot->row == NULL)
        return g_strdup_printf ("slot %u has no row", i);
      item = g_list_model_get_item (self->model, slot->position);
      if (item != slot->item)
        return g_strdup_printf ("slot %u shows another item than row %u has", i, slot->position);
      if (kl_height_index_get (self->heights, slot->position) != slot->height)
        return g_strdup_printf ("row %u is %d high, the index says %d", slot->position, slot->height,
                                kl_height_index_get (self->heights, slot->position));
      if (i > 0 && slot->position != slot[-1].position + 1)
        return g_strdup_printf ("row %u follows row %u", slot->position, slot[-1].position);
      if (i > 0 && fabs (slot->y - slot[-1].y - slot[-1].height) > 0.01)
        return g_strdup_printf ("row %u does not touch the one above", slot->position);
    }
  return NULL;
}

/* The published range says where the first realised row is. */
static char *
check_range (KlTimeline *self)
{
  KlTimelineSlot *first = &g_array_index (self->slots, KlTimelineSlot, 0);
  gint64 total = KL_TIMELINE_PAD_TOP_PX + kl_height_index_get_total (self->heights) + KL_TIMELINE_PAD_BOTTOM_PX;
  double expected = self->value + first->y - (double) kl_height_index_get_prefix (self->heights, first->position)
                    - KL_TIMELINE_PAD_TOP_PX;

  if (total < self->page)
    return fabs (self->lower - self->value) > 0.01 || fabs (self->upper - self->value - self->page) > 0.01
               ? g_strdup ("a short content can be scrolled")
               : NULL;
  if (self->stick)
    return fabs (self->upper - self->value - self->page) > 0.01 ? g_strdup ("sticks to the end, but not by the range")
                                                                : NULL;
  if (fabs (self->lower - MIN (expected, self->value)) > 0.01)
    return g_strdup_printf ("lower is %f, not %f", self->lower, expected);
  if (fabs (self->upper - MAX (expected + (double) total, self->value + self->page)) > 0.01)
    return g_strdup_printf ("upper is %f, not %f", self->upper, expected + (double) total);
  return NULL;
}

char *
kl_timeline_check (KlTimeline *self)
{
  guint n_rows = kl_timeline_get_n_rows (self);
  KlTimelineSlot *first;
  KlTimelineSlot *last;
  double end;
  char *fault;

  g_return_val_if_fail (KL_IS_TIMELINE (self), NULL);

  if (!kl_height_index_check (self->heights))
    return g_strdup ("the height index does not add up");
  if (n_rows != (self->model != NULL ? g_list_model_get_n_items (self->model) : 0))
    return g_strdup ("the height index has another length than the model");
  if (self->value < self->lower - 0.01 || self->value > self->upper - self->page + 0.01)
    return g_strdup_printf ("value %f outside of %f…%f", self->value, self->lower, self->upper - self->page);
  if (n_rows == 0)
    return self->slots->len == 0 ? NULL : g_strdup ("rows without items");
  if (self->slots->len == 0)
    return g_strdup ("items without rows");
  fault = check_slots (self);
  if (fault == NULL)
    fault = check_range (self);
  if (fault != NULL)
    return fault;
  first = &g_array_index (self->slots, KlTimelineSlot, 0);
  last = &g_array_index (self->slots, KlTimelineSlot, self->slots->len - 1);
  end = last->y + last->height;
  if (first->position > 0 && first->y + self->slide > 0.01)
    return g_strdup_printf ("a gap of %f above", first->y + self->slide);
  if (end < self->page - KL_TIMELINE_PAD_BOTTOM_PX - 0.01)
    return g_strdup_printf ("a gap of %f below", self->page - end);
  if (first->position == 0 && first->y > KL_TIMELINE_PAD_TOP_PX + 0.01 && !self->stick)
    return g_strdup_printf ("a gap of %f above the first row", first->y);
  if (self->stick && (last->position + 1 != n_rows || fabs (end + KL_TIMELINE_PAD_BOTTOM_PX - self->page) > 0.01))
    return g_strdup_printf ("sticks to the end, but ends at %f of %d", end, self->page);
  return NULL;
}

/* ── The widget ── */

static void
kl_timeline_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                     int *minimum_baseline, int *natural_baseline)
{
  gboolean horizontal = orientation == GTK_ORIENTATION_HORIZONTAL;

  *minimum = horizontal ? 200 : 100;
  *natural = horizontal ? 600 : 400;
}

static void
kl_timeline_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  KlTimeline *self = KL_TIMELINE (widget);

  if (self->hadjustment != NULL)
    gtk_adjustment_configure (self->hadjustment, 0, 0, width, width * 0.1, width * 0.9, width);
  kl_timeline_layout (self, width, height);
  kl_timeline_queue_notify (self);
}

static void
kl_timeline_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  KlTimeline *self = KL_TIMELINE (widget);

  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = &g_array_index (self->slots, KlTimelineSlot, i);
      double y = slot->y + self->slide;

      if (slot->row != NULL && y < self->page && y + slot->height > 0)
        gtk_widget_snapshot_child (widget, GTK_WIDGET (slot->row), snapshot);
    }
}

static void
kl_timeline_direction_changed (GtkWidget *widget, GtkTextDirection previous)
{
  GTK_WIDGET_CLASS (kl_timeline_parent_class)->direction_changed (widget, previous);
  gtk_widget_queue_resize (widget);
}

static void
kl_timeline_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  KlTimeline *self = KL_TIMELINE (object);

  switch ((Prop) prop_id)
    {
    case PROP_AT_END:
      g_value_set_boolean (value, self->stick);
      break;
    case PROP_TOP_POSITION:
      g_value_set_uint (value, kl_timeline_get_top_position (self));
      break;
    case PROP_HADJUSTMENT:
      g_value_set_object (value, self->hadjustment);
      break;
    case PROP_VADJUSTMENT:
      g_value_set_object (value, self->vadjustment);
      break;
    case PROP_HSCROLL_POLICY:
      g_value_set_enum (value, self->hscroll_policy);
      break;
    case PROP_VSCROLL_POLICY:
      g_value_set_enum (value, self->vscroll_policy);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
kl_timeline_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  KlTimeline *self = KL_TIMELINE (object);

  switch ((Prop) prop_id)
    {
    case PROP_HADJUSTMENT:
      set_adjustment (self, &self->hadjustment, g_value_get_object (value), FALSE);
      break;
    case PROP_VADJUSTMENT:
      set_adjustment (self, &self->vadjustment, g_value_get_object (value), TRUE);
      break;
    case PROP_HSCROLL_POLICY:
      self->hscroll_policy = g_value_get_enum (value);
      break;
    case PROP_VSCROLL_POLICY:
      self->vscroll_policy = g_value_get_enum (value);
      break;
    case PROP_AT_END:
    case PROP_TOP_POSITION:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
kl_timeline_dispose (GObject *object)
{
  KlTimeline *self = KL_TIMELINE (object);

  kl_timeline_set_model (self, NULL);
  for (guint i = 0; i < self->pool->len; i++)
    gtk_widget_unparent (GTK_WIDGET (g_array_index (self->pool, KlTimelinePooled, i).row));
  g_array_set_size (self->pool, 0);
  g_clear_handle_id (&self->notify_id, g_source_remove);
  if (self->tick_id != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), g_steal_handle_id (&self->tick_id));
  if (self->hadjustment != NULL)
    g_signal_handlers_disconnect_by_data (self->hadjustment, self);
  if (self->vadjustment != NULL)
    g_signal_handlers_disconnect_by_data (self->vadjustment, self);
  g_clear_object (&self->hadjustment);
  g_clear_object (&self->vadjustment);
  G_OBJECT_CLASS (kl_timeline_parent_class)->dispose (object);
}

static void
kl_timeline_finalize (GObject *object)
{
  KlTimeline *self = KL_TIMELINE (object);

  g_array_unref (self->slots);
  g_array_unref (self->next);
  g_array_unref (self->pool);
  kl_height_index_free (self->heights);
  G_OBJECT_CLASS (kl_timeline_parent_class)->finalize (object);
}

static void
kl_timeline_class_init (KlTimelineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kl_timeline_get_property;
  object_class->set_property = kl_timeline_set_property;
  object_class->dispose = kl_timeline_dispose;
  object_class->finalize = kl_timeline_finalize;
  widget_class->measure = kl_timeline_measure;
  widget_class->size_allocate = kl_timeline_size_allocate;
  widget_class->snapshot = kl_timeline_snapshot;
  widget_class->direction_changed = kl_timeline_direction_changed;

  g_object_class_install_property (
      object_class, PROP_AT_END,
      g_param_spec_boolean ("at-end", NULL, NULL, TRUE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_TOP_POSITION,
                                   g_param_spec_uint ("top-position", NULL, NULL, 0, G_MAXUINT,
                                                      GTK_INVALID_LIST_POSITION,
                                                      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_override_property (object_class, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property (object_class, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property (object_class, PROP_HSCROLL_POLICY, "hscroll-policy");
  g_object_class_override_property (object_class, PROP_VSCROLL_POLICY, "vscroll-policy");

  signals[SIGNAL_MORE_BEFORE]
      = g_signal_new ("more-before", KL_TYPE_TIMELINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_MORE_AFTER]
      = g_signal_new ("more-after", KL_TYPE_TIMELINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_SCROLLED]
      = g_signal_new ("scrolled", KL_TYPE_TIMELINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_ACTIVATE_ROW] = g_signal_new ("activate-row", KL_TYPE_TIMELINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                               G_TYPE_NONE, 1, G_TYPE_UINT);

  signals[SIGNAL_VIEW_CHANGED]
      = g_signal_new ("view-changed", KL_TYPE_TIMELINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  kl_timeline_focus_class_init (widget_class);
  gtk_widget_class_set_css_name (widget_class, "timeline");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST);
}

static void
kl_timeline_init (KlTimeline *self)
{
  self->slots = g_array_new (FALSE, FALSE, sizeof (KlTimelineSlot));
  self->next = g_array_new (FALSE, FALSE, sizeof (KlTimelineSlot));
  self->pool = g_array_new (FALSE, FALSE, sizeof (KlTimelinePooled));
  self->heights = kl_height_index_new ();
  self->stick = TRUE;
  self->told_at_end = TRUE;
  self->told_top = GTK_INVALID_LIST_POSITION;
  self->focus_wish = self->focus_last = GTK_INVALID_LIST_POSITION;
  self->follow_arrivals = TRUE;
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  kl_timeline_selection_init (self);
}

GtkWidget *
kl_timeline_new (const KlTimelineFuncs *funcs, gpointer user_data)
{
  KlTimeline *self = g_object_new (KL_TYPE_TIMELINE, NULL);

  self->funcs = funcs;
  self->user_data = user_data;
  return GTK_WIDGET (self);
}
