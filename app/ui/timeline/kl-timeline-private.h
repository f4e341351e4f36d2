/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of KlTimeline: kl-timeline.c (object, adjustments, model), -layout.c (the allocate pass), -motion.c (jumps,
 * arrivals), -focus.c, -selection.c. */
#pragma once

#include "app/ui/timeline/kl-height-index.h"
#include "app/ui/timeline/kl-timeline.h"

#define KL_TIMELINE_PAD_TOP_PX 12
#define KL_TIMELINE_PAD_BOTTOM_PX 12
#define KL_TIMELINE_MARGIN_PX 300
#define KL_TIMELINE_MAX_POOLED 24

typedef struct
{
  KlTimelineRow *row; /* a child of the timeline */
  GObject *item;      /* owned */
  double y;           /* its top, in the widget's coordinates, without the slide */
  guint position;
  guint kind;
  int height;
  gboolean arriving;
  guint told_position; /* what assistive technology was told */
  guint told_total;
} KlTimelineSlot;

typedef struct
{
  KlTimelineRow *row;
  guint kind;
} KlTimelinePooled;

struct _KlTimeline
{
  GtkWidget parent_instance;

  const KlTimelineFuncs *funcs;
  gpointer user_data;
  GListModel *model;
  KlHeightIndex *heights;

  GArray *slots;         /* (element-type KlTimelineSlot) the realised rows, contiguous after each allocation */
  GArray *next;          /* (element-type KlTimelineSlot) the ones being laid out */
  KlTimelineSlot parked; /* the focused row, out of range; row NULL: none */
  GArray *pool;          /* (element-type KlTimelinePooled) */

  /* Where the reader is: the row at a_pos has its top at a_y; or at the end, where both are kept up to date too. */
  guint a_pos;
  double a_y;
  gboolean stick;

  GtkAdjustment *hadjustment;
  GtkAdjustment *vadjustment;
  GtkScrollablePolicy hscroll_policy;
  GtkScrollablePolicy vscroll_policy;
  gboolean publishing;
  double value;
  double lower;
  double upper;
  int page;
  int width;

  guint tick_id;
  gint64 last_frame_usec;

  guint n_arriving; /* rows appended since the last allocation, to be slid in */
  double slide;
  double slide_velocity;
  double slide_start;

  gboolean jumping;
  gboolean jump_to_end;
  KlTimelineAlign jump_align;
  double jump_from;
  double jump_progress;
  double jump_duration_ms;

  gboolean incomplete; /* rows of the margins are left for the next frame */
  gboolean follow_arrivals;

  gboolean more_before;
  gboolean more_after;
  gboolean asked_before;
  gboolean asked_after;
  guint notify_id;
  gboolean told_at_end;
  guint told_top;

  guint focus_wish; /* a position to focus once it has a widget */
  guint focus_last; /* where the focus was last */

  guint sel_pos[2]; /* 0: where the drag began, 1: where it is now */
  int sel_byte[2];
  gboolean has_selection;
  gboolean selecting;
  guint32 word_time; /* of the press that selected a word */
  double pointer_x;
  double pointer_y;
  GtkGesture *drag;

  guint64 n_binds;
  guint64 n_allocates;
};

/* layout */
void kl_timeline_layout (KlTimeline *self, int width, int page);
KlTimelineSlot *kl_timeline_find_slot (KlTimeline *self, guint position);
KlTimelineSlot *kl_timeline_find_focused_slot (KlTimeline *self);
void kl_timeline_recycle (KlTimeline *self, KlTimelineSlot *slot);
void kl_timeline_drop_rows (KlTimeline *self);
guint kl_timeline_get_n_rows (KlTimeline *self);
void kl_timeline_update_set (KlTimeline *self);

/* motion */
/* The row that the next frame leaves where it is. There are rows. */
void kl_timeline_choose_anchor (KlTimeline *self);
void kl_timeline_motion_stop (KlTimeline *self);
void kl_timeline_motion_start_slide (KlTimeline *self, double distance);
double kl_timeline_motion_jump_y (KlTimeline *self, int height, int page);
void kl_timeline_motion_ensure_tick (KlTimeline *self);

/* focus */
void kl_timeline_focus_class_init (GtkWidgetClass *widget_class);
void kl_timeline_focus_fulfil_wish (KlTimeline *self);
void kl_timeline_focus_flee (KlTimeline *self, KlTimelineSlot *slot, guint removed_end);

/* selection */
void kl_timeline_selection_init (KlTimeline *self);
void kl_timeline_selection_show (KlTimeline *self, KlTimelineSlot *slot);
void kl_timeline_selection_items_changed (KlTimeline *self, guint position, guint removed, guint added);
gboolean kl_timeline_selection_autoscroll (KlTimeline *self, double dt);

void kl_timeline_queue_notify (KlTimeline *self);
void kl_timeline_user_scroll_by (KlTimeline *self, double distance);
