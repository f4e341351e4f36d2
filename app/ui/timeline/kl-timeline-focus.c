/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keyboard: the timeline is one tab stop; inside of it Up and Down move the focus from row to row and bring it into
 * view, Home and End go to the ends, Tab goes through what a row holds and then out. Page Up and Down are
 * GtkScrolledWindow's. */
#include "app/ui/timeline/kl-timeline-private.h"

guint
kl_timeline_get_focus_position (KlTimeline *self)
{
  KlTimelineSlot *slot;

  g_return_val_if_fail (KL_IS_TIMELINE (self), GTK_INVALID_LIST_POSITION);

  slot = kl_timeline_find_focused_slot (self);
  return slot != NULL ? slot->position : GTK_INVALID_LIST_POSITION;
}

void
kl_timeline_focus_row (KlTimeline *self, guint position)
{
  KlTimelineSlot *slot;

  g_return_if_fail (KL_IS_TIMELINE (self));
  g_return_if_fail (position < kl_timeline_get_n_rows (self));

  self->focus_last = position;
  slot = kl_timeline_find_slot (self, position);
  self->focus_wish = slot == NULL ? position : GTK_INVALID_LIST_POSITION;
  if (slot != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (slot->row));
  if (slot == NULL || slot->y < 0 || slot->y + slot->height > self->page)
    kl_timeline_jump_to (self, position, KL_TIMELINE_ALIGN_REVEAL, TRUE);
}

/* After an allocation: the row that was to get the focus has a widget now. */
void
kl_timeline_focus_fulfil_wish (KlTimeline *self)
{
  KlTimelineSlot *slot;

  if (self->focus_wish == GTK_INVALID_LIST_POSITION)
    return;
  slot = kl_timeline_find_slot (self, self->focus_wish);
  if (slot == NULL)
    return;
  self->focus_wish = GTK_INVALID_LIST_POSITION;
  gtk_widget_grab_focus (GTK_WIDGET (slot->row));
}

/* The focused row @slot is going: the nearest one that stays takes the focus over, else the timeline itself. */
void
kl_timeline_focus_flee (KlTimeline *self, KlTimelineSlot *going, guint position)
{
  KlTimelineSlot *best = NULL;
  guint best_distance = G_MAXUINT;

  for (guint i = 0; i < self->slots->len; i++)
    {
      KlTimelineSlot *slot = &g_array_index (self->slots, KlTimelineSlot, i);
      guint distance;

      if (slot->row == NULL || slot->position == GTK_INVALID_LIST_POSITION || slot == going)
        continue;
      distance = slot->position >= position ? 2 * (slot->position - position) : 2 * (position - slot->position) + 1;
      if (distance < best_distance)
        {
          best = slot;
          best_distance = distance;
        }
    }
  if (best == NULL || !gtk_widget_grab_focus (GTK_WIDGET (best->row)))
    GTK_WIDGET_CLASS (g_type_class_peek (GTK_TYPE_WIDGET))->grab_focus (GTK_WIDGET (self));
}

/* The row that Tab enters: where the focus was, if that can be seen, else the last one in view. */
static KlTimelineSlot *
entry_slot (KlTimeline *self)
{
  KlTimelineSlot *slot = kl_timeline_find_slot (self, self->focus_last);
  guint bottom;

  if (slot != NULL && slot->y + slot->height > 0 && slot->y < self->page)
    return slot;
  bottom = kl_timeline_get_bottom_position (self);
  return bottom != GTK_INVALID_LIST_POSITION ? kl_timeline_find_slot (self, bottom) : NULL;
}

static gboolean
move_focus (KlTimeline *self, int by)
{
  guint n_rows = kl_timeline_get_n_rows (self);
  KlTimelineSlot *slot = kl_timeline_find_focused_slot (self);
  gint64 position;

  if (slot == NULL)
    slot = entry_slot (self);
  if (slot == NULL)
    return FALSE;
  position = (gint64) slot->position + by;
  if (position >= 0 && position < n_rows)
    kl_timeline_focus_row (self, (guint) position);
  else
    kl_timeline_focus_row (self, slot->position);
  return TRUE;
}

static gboolean
kl_timeline_focus (GtkWidget *widget, GtkDirectionType direction)
{
  KlTimeline *self = KL_TIMELINE (widget);
  GtkWidget *child = gtk_widget_get_focus_child (widget);
  KlTimelineSlot *slot;

  if (child != NULL || gtk_widget_is_focus (widget))
    {
      if (direction == GTK_DIR_UP || direction == GTK_DIR_DOWN)
        return move_focus (self, direction == GTK_DIR_UP ? -1 : 1);
      if (child == NULL)
        return FALSE;
      slot = kl_timeline_find_focused_slot (self);
      if (slot != NULL)
        self->focus_last = slot->position;
      return gtk_widget_child_focus (child, direction);
    }
  slot = entry_slot (self);
  return slot != NULL && gtk_widget_grab_focus (GTK_WIDGET (slot->row));
}

static gboolean
kl_timeline_grab_focus (GtkWidget *widget)
{
  KlTimelineSlot *slot = entry_slot (KL_TIMELINE (widget));

  if (slot != NULL)
    return gtk_widget_grab_focus (GTK_WIDGET (slot->row));
  return GTK_WIDGET_CLASS (g_type_class_peek (GTK_TYPE_WIDGET))->grab_focus (widget);
}

static gboolean
on_home (GtkWidget *widget, GVariant *args, gpointer unused)
{
  KlTimeline *self = KL_TIMELINE (widget);

  if (kl_timeline_get_n_rows (self) == 0)
    return FALSE;
  kl_timeline_jump_to (self, 0, KL_TIMELINE_ALIGN_REVEAL, TRUE);
  self->jump_duration_ms = 300;
  self->focus_wish = 0;
  kl_timeline_queue_notify (self);
  return TRUE;
}

static gboolean
on_end (GtkWidget *widget, GVariant *args, gpointer unused)
{
  KlTimeline *self = KL_TIMELINE (widget);

  if (kl_timeline_get_n_rows (self) == 0)
    return FALSE;
  kl_timeline_jump_to_end (self, TRUE);
  self->focus_wish = kl_timeline_get_n_rows (self) - 1;
  kl_timeline_queue_notify (self);
  return TRUE;
}

static gboolean
on_copy (GtkWidget *widget, GVariant *args, gpointer unused)
{
  return kl_timeline_copy (KL_TIMELINE (widget));
}

static gboolean
on_escape (GtkWidget *widget, GVariant *args, gpointer unused)
{
  KlTimeline *self = KL_TIMELINE (widget);

  if (!self->has_selection)
    return FALSE;
  kl_timeline_clear_selection (self);
  return TRUE;
}

static gboolean
on_activate (GtkWidget *widget, GVariant *args, gpointer unused)
{
  guint position = kl_timeline_get_focus_position (KL_TIMELINE (widget));

  if (position == GTK_INVALID_LIST_POSITION)
    return FALSE;
  g_signal_emit_by_name (widget, "activate-row", position);
  return TRUE;
}

void
kl_timeline_focus_class_init (GtkWidgetClass *widget_class)
{
  widget_class->focus = kl_timeline_focus;
  widget_class->grab_focus = kl_timeline_grab_focus;

  gtk_widget_class_add_binding (widget_class, GDK_KEY_Home, 0, on_home, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_KP_Home, 0, on_home, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Home, GDK_CONTROL_MASK, on_home, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_End, 0, on_end, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_KP_End, 0, on_end, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_End, GDK_CONTROL_MASK, on_end, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_c, GDK_CONTROL_MASK, on_copy, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Insert, GDK_CONTROL_MASK, on_copy, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Escape, 0, on_escape, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Return, 0, on_activate, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_KP_Enter, 0, on_activate, NULL);
}
