/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A timeline of rows that are nothing but heights, in a window, and a look at every painted frame. */
#pragma once

#include "app/ui/timeline/kl-timeline.h"

G_BEGIN_DECLS

/* An item: its height at a width is @base + @area / width, so that it wraps as text does. */
#define FAKE_TYPE_ITEM (fake_item_get_type ())
G_DECLARE_FINAL_TYPE (FakeItem, fake_item, FAKE, ITEM, GObject)

FakeItem *fake_item_new (guint id, int base, int area);
FakeItem *fake_item_new_random (GRand *rand, guint id);
guint fake_item_get_id (FakeItem *self);
int fake_item_get_height (FakeItem *self, int width);
/* The row that shows it is resized. */
void fake_item_set_base (FakeItem *self, int base);

/* What a test finds wrong with a painted frame; NULL: nothing. */
typedef char *(*FakeFrameCheck) (gpointer user_data);

typedef struct
{
  GtkWidget *window;
  GtkWidget *scroller;
  KlTimeline *timeline;
  GListStore *store;
  GtkAdjustment *adjustment;
  GRand *rand;
  guint next_id;
  guint n_frames;    /* painted since the last reset */
  guint n_bad;       /* of them, with a fault */
  char *fault;       /* the first */
  FakeItem *watched; /* must not move by more than a pixel; NULL: nothing is watched */
  double watched_y;
  double worst; /* how far it ever was */
  FakeFrameCheck check;
  gpointer check_data;
} FakeTimeline;

void fake_timeline_set_up (FakeTimeline *self, gconstpointer n_rows);
void fake_timeline_tear_down (FakeTimeline *self, gconstpointer unused);

void fake_timeline_show (FakeTimeline *self, int width, int height, GtkTextDirection direction);
void fake_timeline_add (FakeTimeline *self, guint position, guint n);

/* Waits for this many painted frames. */
void fake_timeline_frames (FakeTimeline *self, guint n);

/* Waits until nothing moves and all rows of the margins are there. */
void fake_timeline_settle (FakeTimeline *self);

/* Where the item is painted, by the widgets' own word; FALSE if it has none in view. */
gboolean fake_timeline_find (FakeTimeline *self, FakeItem *item, double *y, int *height);
FakeItem *fake_timeline_item (FakeTimeline *self, guint position);

/* The first item whose top is at or below @y, or the top one where that would be far down; owned by the model. */
FakeItem *fake_timeline_item_below (FakeTimeline *self, double y);

/* From now on this item must stay where it is, in each frame. NULL ends it. */
void fake_timeline_watch (FakeTimeline *self, FakeItem *item);
void fake_timeline_scroll_by (FakeTimeline *self, double distance);
void fake_timeline_scroll_to (FakeTimeline *self, double value);

/* No frame since the last call had a fault. */
void fake_timeline_assert_good (FakeTimeline *self);

guint fake_item_count_rows (void);

G_END_DECLS
