/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Selected text belongs to the view, as two ends (row, byte): it goes over many rows and outlives their widgets. Rows
 * only draw their part. What is copied comes from the items. */
#include "app/ui/timeline/kl-timeline-private.h"

#include <math.h>

#define DRAG_THRESHOLD_PX 4
#define AUTOSCROLL_PX_PER_S 12.0

typedef struct
{
  guint first;
  guint last;
  int start; /* in the first row */
  int end;   /* in the last row */
} Range;

static gboolean
get_range (KlTimeline *self, Range *range)
{
  int from = self->sel_pos[0] < self->sel_pos[1]
                     || (self->sel_pos[0] == self->sel_pos[1] && self->sel_byte[0] <= self->sel_byte[1])
                 ? 0
                 : 1;

  if (!self->has_selection)
    return FALSE;
  *range = (Range) { self->sel_pos[from], self->sel_pos[1 - from], self->sel_byte[from], self->sel_byte[1 - from] };
  return TRUE;
}

void
kl_timeline_selection_show (KlTimeline *self, KlTimelineSlot *slot)
{
  Range range;
  int start = 0;
  int end = 0;

  if (slot->row == NULL)
    return;
  if (get_range (self, &range) && slot->position >= range.first && slot->position <= range.last)
    {
      start = slot->position == range.first ? range.start : 0;
      end = slot->position == range.last ? range.end : G_MAXINT;
    }
  KL_TIMELINE_ROW_GET_IFACE (slot->row)->set_selection (slot->row, start, MAX (start, end));
}

static void
show_all (KlTimeline *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    kl_timeline_selection_show (self, &g_array_index (self->slots, KlTimelineSlot, i));
  if (self->parked.row != NULL)
    kl_timeline_selection_show (self, &self->parked);
}

void
kl_timeline_clear_selection (KlTimeline *self)
{
  g_return_if_fail (KL_IS_TIMELINE (self));

  self->has_selection = FALSE;
  self->selecting = FALSE;
  show_all (self);
}

gboolean
kl_timeline_has_selection (KlTimeline *self)
{
  Range range;

  g_return_val_if_fail (KL_IS_TIMELINE (self), FALSE);

  return get_range (self, &range) && (range.first != range.last || range.start != range.end);
}

void
kl_timeline_select (KlTimeline *self, guint start, int start_byte, guint end, int end_byte)
{
  g_return_if_fail (KL_IS_TIMELINE (self));
  g_return_if_fail (start < kl_timeline_get_n_rows (self) && end < kl_timeline_get_n_rows (self));

  self->sel_pos[0] = start;
  self->sel_byte[0] = start_byte;
  self->sel_pos[1] = end;
  self->sel_byte[1] = end_byte;
  self->has_selection = TRUE;
  show_all (self);
}

void
kl_timeline_selection_items_changed (KlTimeline *self, guint position, guint removed, guint added)
{
  if (!self->has_selection && !self->selecting)
    return;
  for (int i = 0; i < 2; i++)
    {
      if (self->sel_pos[i] >= position + removed)
        {
          self->sel_pos[i] += added - removed;
        }
      else if (self->sel_pos[i] >= position)
        {
          kl_timeline_clear_selection (self);
          return;
        }
    }
}

char *
kl_timeline_dup_selection (KlTimeline *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  Range range;

  g_return_val_if_fail (KL_IS_TIMELINE (self), NULL);

  if (!kl_timeline_has_selection (self) || !get_range (self, &range) || self->funcs->dup_text == NULL)
    return NULL;
  for (guint position = range.first; position <= range.last; position++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (self->model, position);
      int start = position == range.first ? range.start : 0;
      int end = position == range.last ? range.end : G_MAXINT;
      g_autofree char *part = self->funcs->dup_text (item, start, end, range.first != range.last, self->user_data);

      if (part == NULL || part[0] == '\0')
        continue;
      if (text->len > 0)
        g_string_append_c (text, '\n');
      g_string_append (text, part);
    }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

gboolean
kl_timeline_copy (KlTimeline *self)
{
  g_autofree char *text = NULL;
  guint focused;

  g_return_val_if_fail (KL_IS_TIMELINE (self), FALSE);

  text = kl_timeline_dup_selection (self);
  focused = kl_timeline_get_focus_position (self);
  if (text == NULL && focused != GTK_INVALID_LIST_POSITION && self->funcs->dup_text != NULL)
    {
      g_autoptr (GObject) item = g_list_model_get_item (self->model, focused);

      text = self->funcs->dup_text (item, 0, G_MAXINT, FALSE, self->user_data);
    }
  if (text == NULL)
    return FALSE;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  return TRUE;
}

/* ── The pointer ── */

static KlTimelineSlot *
slot_near (KlTimeline *self, double y)
{
  KlTimelineSlot *nearest = NULL;

  y -= self->slide;
  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = &g_array_index (self->slots, KlTimelineSlot, i);

      if (slot->row == NULL)
        continue;
      if (nearest == NULL || slot->y <= y)
        nearest = slot;
    }
  return nearest;
}

/* The byte of the row's text under a point of the timeline. */
static int
byte_at (KlTimeline *self, KlTimelineSlot *slot, double x, double y, gboolean *inside)
{
  int byte = KL_TIMELINE_ROW_GET_IFACE (slot->row)->get_byte_at (slot->row, x, y - slot->y - self->slide, inside);

  return MAX (byte, 0);
}

static void
move_end (KlTimeline *self)
{
  KlTimelineSlot *slot = slot_near (self, CLAMP (self->pointer_y, 0, MAX (0, self->page - 1)));
  gboolean inside;

  if (slot == NULL)
    return;
  self->sel_pos[1] = slot->position;
  self->sel_byte[1] = byte_at (self, slot, self->pointer_x, self->pointer_y, &inside);
  self->has_selection = TRUE;
  show_all (self);
}

/* A drag that has left the view scrolls it, the faster the further out it is. FALSE: the pointer is inside. */
gboolean
kl_timeline_selection_autoscroll (KlTimeline *self, double dt)
{
  double beyond = self->pointer_y < 0 ? self->pointer_y : MAX (0, self->pointer_y - self->page);

  if (beyond == 0)
    return FALSE;
  kl_timeline_user_scroll_by (self, beyond * AUTOSCROLL_PX_PER_S * dt);
  move_end (self);
  return TRUE;
}

static gboolean
is_touch (GtkGesture *gesture)
{
  GdkDevice *device = gtk_gesture_get_device (gesture);

  return device != NULL && gdk_device_get_source (device) == GDK_SOURCE_TOUCHSCREEN;
}

static void
on_drag_begin (GtkGestureDrag *gesture, double x, double y, KlTimeline *self)
{
  KlTimelineSlot *slot = slot_near (self, y);
  gboolean inside = FALSE;
  int byte;

  if (slot == NULL || is_touch (GTK_GESTURE (gesture)))
    {
      gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  /* The second press has selected a word already: the gestures of one press come in no fixed order. */
  if (self->word_time != 0
      && self->word_time == gtk_event_controller_get_current_event_time (GTK_EVENT_CONTROLLER (gesture)))
    return;
  byte = byte_at (self, slot, x, y, &inside);
  kl_timeline_clear_selection (self);
  if (!inside)
    {
      gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  self->sel_pos[0] = self->sel_pos[1] = slot->position;
  self->sel_byte[0] = self->sel_byte[1] = byte;
}

static void
on_drag_update (GtkGestureDrag *gesture, double offset_x, double offset_y, KlTimeline *self)
{
  double x;
  double y;

  if (!self->selecting && hypot (offset_x, offset_y) < DRAG_THRESHOLD_PX)
    return;
  if (!self->selecting)
    {
      self->selecting = TRUE;
      gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
    }
  gtk_gesture_drag_get_start_point (gesture, &x, &y);
  self->pointer_x = x + offset_x;
  self->pointer_y = y + offset_y;
  move_end (self);
  if (self->pointer_y < 0 || self->pointer_y > self->page)
    kl_timeline_motion_ensure_tick (self);
}

static void
offer_primary (KlTimeline *self)
{
  g_autofree char *text = kl_timeline_dup_selection (self);

  if (text != NULL)
    gdk_clipboard_set_text (gtk_widget_get_primary_clipboard (GTK_WIDGET (self)), text);
}

static void
on_drag_end (GtkGestureDrag *gesture, double offset_x, double offset_y, KlTimeline *self)
{
  KlTimelineSlot *slot;

  if (!self->selecting)
    return;
  self->selecting = FALSE;
  offer_primary (self);
  slot = kl_timeline_find_slot (self, self->sel_pos[1]);
  if (slot != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (slot->row));
}

/* Twice: a word; three times: the whole message. */
static void
on_pressed (GtkGestureClick *gesture, int n_press, double x, double y, KlTimeline *self)
{
  guint position = kl_timeline_pick_row (self, y);
  KlTimelineSlot *slot = kl_timeline_find_slot (self, position);
  gboolean inside = FALSE;
  int byte;
  int start = 0;
  int end = G_MAXINT;

  if (slot == NULL || n_press < 2 || is_touch (GTK_GESTURE (gesture)))
    return;
  byte = byte_at (self, slot, x, y, &inside);
  if (!inside)
    return;
  if (n_press % 2 == 0)
    {
      if (self->funcs->get_word == NULL)
        return;
      self->funcs->get_word (slot->item, byte, &start, &end, self->user_data);
    }
  self->word_time = gtk_event_controller_get_current_event_time (GTK_EVENT_CONTROLLER (gesture));
  kl_timeline_select (self, position, start, position, end);
  offer_primary (self);
}

void
kl_timeline_selection_init (KlTimeline *self)
{
  GtkGesture *click = gtk_gesture_click_new ();

  self->drag = gtk_gesture_drag_new ();
  g_signal_connect (self->drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (self->drag, "drag-update", G_CALLBACK (on_drag_update), self);
  g_signal_connect (self->drag, "drag-end", G_CALLBACK (on_drag_end), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (self->drag));
  g_signal_connect (click, "pressed", G_CALLBACK (on_pressed), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_gesture_group (click, self->drag);
}
