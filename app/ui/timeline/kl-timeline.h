/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A row widget of a KlTimeline. It must ask for the same width whatever it shows, and be height-for-width. A row that
 * grows or shrinks queues a resize as any widget does; where the reader is does not move. */
#define KL_TYPE_TIMELINE_ROW (kl_timeline_row_get_type ())
G_DECLARE_INTERFACE (KlTimelineRow, kl_timeline_row, KL, TIMELINE_ROW, GtkWidget)

struct _KlTimelineRowInterface
{
  GTypeInterface g_iface;

  /* Shows @item; the row then follows its changes until unbind(). Called inside of size_allocate. */
  void (*bind) (KlTimelineRow *self, GObject *item);

  /* Undoes bind(): no reference to the item is kept. */
  void (*unbind) (KlTimelineRow *self);

  /* Where in the row's text the point (in the row's coordinates) lies, as a byte offset, clamped to the text; TRUE in
   * @inside if it is on the text itself, where a drag may start a selection. -1: the row has no text. */
  int (*get_byte_at) (KlTimelineRow *self, double x, double y, gboolean *inside);

  /* Shows bytes @start to @end of the text as selected; none where they are equal. */
  void (*set_selection) (KlTimelineRow *self, int start, int end);
};

/* What a timeline asks of the one who knows the items. All functions get the @user_data of kl_timeline_new(). */
typedef struct
{
  /* Rows of one kind can show each other's items, and are recycled. Optional: all are 0. */
  guint (*get_kind) (GObject *item, gpointer user_data);

  /* A new row widget for items of @kind, floating. */
  GtkWidget *(*create) (guint kind, gpointer user_data);

  /* The text of @item from byte @start to byte @end (G_MAXINT: all), as it is copied; @many if other rows are copied
   * along with it. NULL: nothing. Optional. */
  char *(*dup_text) (GObject *item, int start, int end, gboolean many, gpointer user_data);

  /* The selection's word around a byte. Optional. */
  void (*get_word) (GObject *item, int byte, int *start, int *end, gpointer user_data);

  /* Whether the item is the reader's own, which arrives with a small swell. Optional. */
  gboolean (*is_own) (GObject *item, gpointer user_data);
} KlTimelineFuncs;

typedef enum
{
  KL_TIMELINE_ALIGN_TOP,    /* its top KL_TIMELINE_TOP_INSET_PX below the upper edge */
  KL_TIMELINE_ALIGN_CENTER, /* in the middle; a tall one with its top at the upper third */
  KL_TIMELINE_ALIGN_REVEAL, /* the least movement that shows it whole */
} KlTimelineAlign;

#define KL_TIMELINE_TOP_INSET_PX 48

/* A list of rows of different heights that stays where the reader is, whatever changes around him: rows come and go
 * above and below, grow, shrink, the widget is resized. It goes in a GtkScrolledWindow. With the last row in full view
 * it sticks to the end.
 *
 * Only rows near the view have widgets. Signals:
 *  - more-before, more-after: within three pages of that end, from an idle; not again before kl_timeline_set_more()
 *    was called.
 *  - scrolled: the reader moved (not: the content).
 *  - view-changed: after a frame in which rows were placed.
 *  - activate-row (guint position): Enter on a row.
 */
#define KL_TYPE_TIMELINE (kl_timeline_get_type ())
G_DECLARE_FINAL_TYPE (KlTimeline, kl_timeline, KL, TIMELINE, GtkWidget)

/* @funcs must stay valid for the life of the widget. */
GtkWidget *kl_timeline_new (const KlTimelineFuncs *funcs, gpointer user_data);

/* Shows @model from its end; NULL: nothing. Forgets selection, focus and heights of the one before. */
void kl_timeline_set_model (KlTimeline *self, GListModel *model);
GListModel *kl_timeline_get_model (KlTimeline *self);

/* Says whether there is more than the model holds, before and after; each call allows one signal for each TRUE. */
void kl_timeline_set_more (KlTimeline *self, gboolean before, gboolean after);

/* Whether rows that arrive at the end slide in (they do by default): not while nobody looks at the window. */
void kl_timeline_set_follow_arrivals (KlTimeline *self, gboolean follow);

/* Moves to a row; with @animate gliding, if animations are on. May be called before the first allocation. */
void kl_timeline_jump_to (KlTimeline *self, guint position, KlTimelineAlign align, gboolean animate);
void kl_timeline_jump_to_end (KlTimeline *self, gboolean animate);

/* Property "at-end": the last row is in full view and new ones will be followed. Notified after the frame, never inside
 * an allocation. */
gboolean kl_timeline_get_at_end (KlTimeline *self);

/* How far the reader is above the end, in pixels; estimated where rows were never measured. */
double kl_timeline_get_distance_to_end (KlTimeline *self);

/* Property "top-position": the first row that is at least partly visible; GTK_INVALID_LIST_POSITION where there is
 * none. */
guint kl_timeline_get_top_position (KlTimeline *self);

/* The last row of which at least half is visible, or GTK_INVALID_LIST_POSITION. */
guint kl_timeline_get_bottom_position (KlTimeline *self);

/* Where the row is, in the widget's coordinates; FALSE if it has no widget. */
gboolean kl_timeline_get_row_bounds (KlTimeline *self, guint position, double *y, int *height);
GtkWidget *kl_timeline_get_row (KlTimeline *self, guint position);

/* The row at a point or with the focus, or GTK_INVALID_LIST_POSITION. */
guint kl_timeline_pick_row (KlTimeline *self, double y);
guint kl_timeline_get_focus_position (KlTimeline *self);

/* Gives the focus to a row, moving it into view. */
void kl_timeline_focus_row (KlTimeline *self, guint position);

/* The selected text; NULL where there is none. */
char *kl_timeline_dup_selection (KlTimeline *self);
gboolean kl_timeline_has_selection (KlTimeline *self);
void kl_timeline_clear_selection (KlTimeline *self);
void kl_timeline_select (KlTimeline *self, guint start, int start_byte, guint end, int end_byte);

/* Copies the selection, else the text of the focused row; FALSE if there was nothing. */
gboolean kl_timeline_copy (KlTimeline *self);

/* For tests and measurements. */
typedef struct
{
  guint n_live;    /* rows near the view */
  guint n_pooled;  /* rows kept for reuse */
  guint64 n_binds; /* ever */
  guint64 n_allocates;
  double slide; /* how far rows are drawn below their place */
  gboolean jumping;
  guint anchor;
  double anchor_y;
} KlTimelineStats;

void kl_timeline_get_stats (KlTimeline *self, KlTimelineStats *stats);

/* NULL if all that must hold does, else what does not. */
char *kl_timeline_check (KlTimeline *self);

/* TRUE where GTK's setting allows movement. */
gboolean kl_timeline_may_animate (GtkWidget *widget);

G_END_DECLS
