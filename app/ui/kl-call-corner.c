/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-corner.h"

#include <adwaita.h>

enum
{
  WIDTH = 288,
  HEIGHT = 230,
  NARROW_WIDTH = 216,
  NARROW_HEIGHT = 180,
  NARROW = 720, /* a parent up to this wide */
  EDGE = 18,
  REST_TOP = 60,    /* below a header */
  REST_BOTTOM = 74, /* above the line one writes in */
  DRAG_FROM = 8,
};

#define SPRING_DAMPING 0.9
#define SPRING_STIFFNESS 300

struct _KlCallCorner
{
  GtkWidget *parent;
  GtkWidget *child;
  GtkEventController *drag; /* of parent */

  gboolean at_start, at_top;
  double off_x, off_y;   /* from the corner */
  double drag_x, drag_y; /* off at the drag's begin */
  gboolean dragging;
  double snap_x, snap_y; /* off at the snap's begin */
  AdwAnimation *snap;
};

static void
get_rest (KlCallCorner  *self,
              int            width,
              int            height,
              GtkAllocation *box)
{
  gboolean narrow = width <= NARROW;
  gboolean rtl = gtk_widget_get_direction (self->parent) == GTK_TEXT_DIR_RTL;
  int edge = narrow ? EDGE / 2 : EDGE;

  box->width = narrow ? NARROW_WIDTH : WIDTH;
  box->height = narrow ? NARROW_HEIGHT : HEIGHT;
  box->x = self->at_start != rtl ? edge : width - edge - box->width;
  box->y = self->at_top ? REST_TOP : height - REST_BOTTOM - box->height;
}

/* Where it is right now, never outside. */
static void
get_place (KlCallCorner  *self,
                int            width,
                int            height,
                GtkAllocation *box)
{
  get_rest (self, width, height, box);
  box->x = CLAMP (box->x + (int) self->off_x, 0, MAX (width - box->width, 0));
  box->y = CLAMP (box->y + (int) self->off_y, 0, MAX (height - box->height, 0));
}

static void
on_snap (double   value,
         gpointer user_data)
{
  KlCallCorner *self = user_data;

  self->off_x = self->snap_x * (1 - value);
  self->off_y = self->snap_y * (1 - value);
  gtk_widget_queue_allocate (self->parent);
}

static void
on_drag_begin (KlCallCorner   *self,
               double          x,
               double          y,
               GtkGestureDrag *gesture)
{
  GtkAllocation box;

  get_place (self, gtk_widget_get_width (self->parent), gtk_widget_get_height (self->parent), &box);
  if (self->child == NULL || !gtk_widget_get_visible (self->child) || !gdk_rectangle_contains_point (&box, (int) x, (int) y))
    {
      gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  adw_animation_pause (self->snap);
  self->drag_x = self->off_x;
  self->drag_y = self->off_y;
}

static void
on_drag_update (KlCallCorner   *self,
                double          x,
                double          y,
                GtkGestureDrag *gesture)
{
  if (!self->dragging && ABS (x) < DRAG_FROM && ABS (y) < DRAG_FROM)
    return;
  if (!self->dragging)
    gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  self->dragging = TRUE;
  self->off_x = self->drag_x + x;
  self->off_y = self->drag_y + y;
  gtk_widget_queue_allocate (self->parent);
}

/* Into the nearest corner. */
static void
on_drag_end (KlCallCorner *self)
{
  int width = gtk_widget_get_width (self->parent), height = gtk_widget_get_height (self->parent);
  gboolean rtl = gtk_widget_get_direction (self->parent) == GTK_TEXT_DIR_RTL;
  GtkAllocation now, rest;

  if (!self->dragging)
    return;
  self->dragging = FALSE;
  get_place (self, width, height, &now);
  self->at_start = (now.x + now.width / 2 < width / 2) != rtl;
  self->at_top = now.y + now.height / 2 < height / 2;
  get_rest (self, width, height, &rest);
  self->snap_x = now.x - rest.x;
  self->snap_y = now.y - rest.y;
  adw_animation_reset (self->snap);
  adw_animation_play (self->snap);
}

void
kl_call_corner_set_child (KlCallCorner *self,
                          GtkWidget    *child)
{
  self->child = child;
}

void
kl_call_corner_allocate (KlCallCorner *self,
                         int           width,
                         int           height)
{
  GtkAllocation box;

  if (self->child == NULL || !gtk_widget_get_visible (self->child))
    return;
  get_place (self, width, height, &box);
  gtk_widget_size_allocate (self->child, &box, -1);
}

KlCallCorner *
kl_call_corner_new (GtkWidget *parent)
{
  KlCallCorner *self = g_new0 (KlCallCorner, 1);

  self->parent = parent;
  self->drag = GTK_EVENT_CONTROLLER (gtk_gesture_drag_new ());
  g_signal_connect_swapped (self->drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect_swapped (self->drag, "drag-update", G_CALLBACK (on_drag_update), self);
  g_signal_connect_swapped (self->drag, "drag-end", G_CALLBACK (on_drag_end), self);
  gtk_event_controller_set_propagation_phase (self->drag, GTK_PHASE_CAPTURE);
  gtk_widget_add_controller (parent, self->drag);
  self->snap = adw_spring_animation_new (parent, 0, 1, adw_spring_params_new (SPRING_DAMPING, 1, SPRING_STIFFNESS),
                                         adw_callback_animation_target_new (on_snap, self, NULL));
  return self;
}

void
kl_call_corner_free (KlCallCorner *self)
{
  g_signal_handlers_disconnect_by_data (self->drag, self);
  gtk_widget_remove_controller (self->parent, self->drag);
  adw_animation_reset (self->snap);
  g_object_unref (self->snap);
  g_free (self);
}
