/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/timeline/fake-timeline.h"

#include <math.h>

#include "tests/kit/kl-test.h"

struct _FakeItem
{
  GObject parent_instance;

  guint id;
  int base;
  int area;
};

enum
{
  ITEM_CHANGED,
  N_ITEM_SIGNALS
};

static guint item_signals[N_ITEM_SIGNALS];
static guint n_row_widgets;

G_DEFINE_FINAL_TYPE (FakeItem, fake_item, G_TYPE_OBJECT)

static void
fake_item_class_init (FakeItemClass *klass)
{
  item_signals[ITEM_CHANGED]
      = g_signal_new ("changed", FAKE_TYPE_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
fake_item_init (FakeItem *self)
{
}

FakeItem *
fake_item_new (guint id, int base, int area)
{
  FakeItem *self = g_object_new (FAKE_TYPE_ITEM, NULL);

  self->id = id;
  self->base = base;
  self->area = area;
  return self;
}

/* As messages are: most short, some long, a few very tall. */
FakeItem *
fake_item_new_random (GRand *rand, guint id)
{
  int base = g_rand_int_range (rand, 18, 70);
  int area = g_rand_int_range (rand, 0, 4) == 0 ? g_rand_int_range (rand, 0, 120000) : 0;

  if (g_rand_int_range (rand, 0, 60) == 0)
    base += 900;
  return fake_item_new (id, base, area);
}

guint
fake_item_get_id (FakeItem *self)
{
  return self->id;
}

int
fake_item_get_height (FakeItem *self, int width)
{
  return self->base + self->area / MAX (width, 200);
}

void
fake_item_set_base (FakeItem *self, int base)
{
  self->base = base;
  g_signal_emit (self, item_signals[ITEM_CHANGED], 0);
}

/* ── The row ── */

#define FAKE_TYPE_ROW (fake_row_get_type ())
G_DECLARE_FINAL_TYPE (FakeRow, fake_row, FAKE, ROW, GtkWidget)

struct _FakeRow
{
  GtkWidget parent_instance;

  FakeItem *item;
  int selection[2];
};

static void
fake_row_bind (KlTimelineRow *row, GObject *item)
{
  FakeRow *self = FAKE_ROW (row);
  g_autofree char *label = g_strdup_printf ("row %u", FAKE_ITEM (item)->id);

  g_set_object (&self->item, FAKE_ITEM (item));
  g_signal_connect_swapped (item, "changed", G_CALLBACK (gtk_widget_queue_resize), self);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
fake_row_unbind (KlTimelineRow *row)
{
  FakeRow *self = FAKE_ROW (row);

  g_signal_handlers_disconnect_by_data (self->item, self);
  g_clear_object (&self->item);
}

/* Its text is 100 bytes, one pixel each. */
static int
fake_row_get_byte_at (KlTimelineRow *row, double x, double y, gboolean *inside)
{
  *inside = x >= 0 && x < 100;
  return (int) CLAMP (x, 0, 100);
}

static void
fake_row_set_selection (KlTimelineRow *row, int start, int end)
{
  FAKE_ROW (row)->selection[0] = MIN (start, 100);
  FAKE_ROW (row)->selection[1] = MIN (end, 100);
}

static void
fake_row_timeline_row_init (KlTimelineRowInterface *iface)
{
  iface->bind = fake_row_bind;
  iface->unbind = fake_row_unbind;
  iface->get_byte_at = fake_row_get_byte_at;
  iface->set_selection = fake_row_set_selection;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeRow, fake_row, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_TIMELINE_ROW, fake_row_timeline_row_init))

static GtkSizeRequestMode
fake_row_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
fake_row_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                  int *minimum_baseline, int *natural_baseline)
{
  FakeRow *self = FAKE_ROW (widget);

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = *natural = 200;
  else
    *minimum = *natural = self->item != NULL ? fake_item_get_height (self->item, for_size) : 0;
}

static void
fake_row_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  FakeRow *self = FAKE_ROW (widget);
  GdkRGBA color = { (self->item->id * 37 % 255) / 255.f, (self->item->id * 91 % 255) / 255.f, 0.6f, 1 };

  gtk_snapshot_append_color (snapshot, &color,
                             &GRAPHENE_RECT_INIT (0, 0, gtk_widget_get_width (widget), gtk_widget_get_height (widget)));
}

static void
fake_row_finalize (GObject *object)
{
  n_row_widgets--;
  G_OBJECT_CLASS (fake_row_parent_class)->finalize (object);
}

static void
fake_row_class_init (FakeRowClass *klass)
{
  GTK_WIDGET_CLASS (klass)->get_request_mode = fake_row_get_request_mode;
  GTK_WIDGET_CLASS (klass)->measure = fake_row_measure;
  GTK_WIDGET_CLASS (klass)->snapshot = fake_row_snapshot;
  G_OBJECT_CLASS (klass)->finalize = fake_row_finalize;
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_LIST_ITEM);
}

static void
fake_row_init (FakeRow *self)
{
  n_row_widgets++;
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
}

guint
fake_item_count_rows (void)
{
  return n_row_widgets;
}

/* ── The timeline ── */

static GtkWidget *
create_row (guint kind, gpointer user_data)
{
  return g_object_new (FAKE_TYPE_ROW, NULL);
}

static guint
get_kind (GObject *item, gpointer user_data)
{
  return FAKE_ITEM (item)->id % 3;
}

static char *
dup_text (GObject *item, int start, int end, gboolean many, gpointer user_data)
{
  return g_strdup_printf ("%u[%d-%d]", FAKE_ITEM (item)->id, MIN (start, 100), MIN (end, 100));
}

static const KlTimelineFuncs funcs = { .get_kind = get_kind, .create = create_row, .dup_text = dup_text };

static gboolean
is_painted (FakeTimeline *self, GtkWidget *row, double *y, int *height)
{
  graphene_rect_t bounds;
  int page = gtk_widget_get_height (GTK_WIDGET (self->timeline));

  if (!gtk_widget_get_child_visible (row) || !gtk_widget_compute_bounds (row, GTK_WIDGET (self->timeline), &bounds))
    return FALSE;
  *y = bounds.origin.y;
  *height = (int) bounds.size.height;
  return *y < page && *y + *height > 0;
}

gboolean
fake_timeline_find (FakeTimeline *self, FakeItem *item, double *y, int *height)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->timeline)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    if (FAKE_ROW (row)->item == item)
      return is_painted (self, row, y, height);
  return FALSE;
}

/* By the widgets alone: they cover the view from top to bottom, in the model's order, without a gap. */
static char *
look_at_frame (FakeTimeline *self)
{
  int page = gtk_widget_get_height (GTK_WIDGET (self->timeline));
  guint n_items = g_list_model_get_n_items (G_LIST_MODEL (self->store));
  double bottom = NAN;
  guint position = 0;
  FakeItem *last = NULL;

  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->timeline)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    {
      double y;
      int height;

      if (FAKE_ROW (row)->item == NULL || !is_painted (self, row, &y, &height))
        continue;
      if (!g_list_store_find (self->store, FAKE_ROW (row)->item, &position))
        return g_strdup ("a row without an item is painted");
      if (last == NULL && y > 0.5 && position > 0)
        return g_strdup_printf ("%g blank pixels above row %u", y, position);
      if (last != NULL && fabs (y - bottom) > 0.5)
        return g_strdup_printf ("row %u is at %g, the one above ends at %g", position, y, bottom);
      last = FAKE_ROW (row)->item;
      bottom = y + height;
    }
  if (n_items == 0)
    return NULL;
  if (last == NULL)
    {
      KlTimelineStats stats;

      /* A few low rows that slide in are still below the edge. */
      kl_timeline_get_stats (self->timeline, &stats);
      return stats.slide > 0 && n_items < 4 ? NULL : g_strdup ("nothing is painted");
    }
  if (bottom < page - 0.5 && position + 1 < n_items)
    return g_strdup_printf ("%g blank pixels below row %u", page - bottom, position);
  return NULL;
}

static void
note_fault (FakeTimeline *self, char *fault)
{
  self->n_bad++;
  if (self->fault == NULL)
    self->fault = fault;
  else
    g_free (fault);
}

static void
on_after_paint (GdkFrameClock *clock, FakeTimeline *self)
{
  char *fault = kl_timeline_check (self->timeline);
  double y;
  int height;

  self->n_frames++;
  if (fault == NULL)
    fault = look_at_frame (self);
  if (fault == NULL && self->check != NULL)
    fault = self->check (self->check_data);
  if (fault == NULL && self->watched != NULL)
    {
      if (!fake_timeline_find (self, self->watched, &y, &height))
        fault = g_strdup_printf ("the watched item %u left the view", self->watched->id);
      else
        {
          self->worst = MAX (self->worst, fabs (y - self->watched_y));
          if (fabs (y - self->watched_y) > 1)
            fault = g_strdup_printf ("the watched item %u moved from %g to %g", self->watched->id, self->watched_y, y);
        }
    }
  if (fault != NULL)
    note_fault (self, fault);
}

void
fake_timeline_add (FakeTimeline *self, guint position, guint n)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (items, fake_item_new_random (self->rand, self->next_id++));
  g_list_store_splice (self->store, position, 0, items->pdata, n);
}

void
fake_timeline_set_up (FakeTimeline *self, gconstpointer n_rows)
{
  *self = (FakeTimeline) { .store = g_list_store_new (FAKE_TYPE_ITEM), .rand = g_rand_new_with_seed (7) };
  self->window = gtk_window_new ();
  self->scroller = gtk_scrolled_window_new ();
  self->timeline = KL_TIMELINE (kl_timeline_new (&funcs, self));
  fake_timeline_add (self, 0, GPOINTER_TO_UINT (n_rows));
  kl_timeline_set_model (self->timeline, G_LIST_MODEL (self->store));
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), GTK_WIDGET (self->timeline));
  self->adjustment = gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (self->scroller));
  g_object_set (gtk_widget_get_settings (self->window), "gtk-enable-animations", FALSE, NULL);
}

void
fake_timeline_show (FakeTimeline *self, int width, int height, GtkTextDirection direction)
{
  gtk_widget_set_direction (self->window, direction);
  gtk_widget_set_size_request (self->scroller, width, height);
  gtk_window_set_decorated (GTK_WINDOW (self->window), FALSE);
  gtk_window_set_child (GTK_WINDOW (self->window), self->scroller);
  gtk_window_present (GTK_WINDOW (self->window));
  g_signal_connect (gtk_widget_get_frame_clock (self->window), "after-paint", G_CALLBACK (on_after_paint), self);
  kl_test_wait_until (gtk_widget_get_height (GTK_WIDGET (self->timeline)) > 1 && self->n_frames > 1);
}

void
fake_timeline_tear_down (FakeTimeline *self, gconstpointer unused)
{
  GtkWidget *window = g_object_ref (self->window);
  GdkFrameClock *clock = gtk_widget_get_frame_clock (window);

  if (clock != NULL)
    g_signal_handlers_disconnect_by_data (clock, self);
  gtk_window_destroy (GTK_WINDOW (window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (window);
  g_assert_cmpuint (n_row_widgets, ==, 0);
  g_assert_finalize_object (self->store);
  g_rand_free (self->rand);
  g_free (self->fault);
}

void
fake_timeline_frames (FakeTimeline *self, guint n)
{
  guint end = self->n_frames + n;
  gint64 deadline = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;

  while (self->n_frames < end)
    {
      gtk_widget_queue_draw (GTK_WIDGET (self->timeline));
      kl_test_iterate (deadline, G_STRLOC, "frames are painted");
    }
}

void
fake_timeline_settle (FakeTimeline *self)
{
  for (guint i = 0; i < 400; i++)
    {
      KlTimelineStats before;
      KlTimelineStats after;

      kl_timeline_get_stats (self->timeline, &before);
      fake_timeline_frames (self, 2);
      kl_timeline_get_stats (self->timeline, &after);
      if (before.n_allocates == after.n_allocates && !after.jumping && after.slide == 0)
        return;
    }
  g_error ("the timeline never comes to rest");
}

FakeItem *
fake_timeline_item (FakeTimeline *self, guint position)
{
  g_autoptr (FakeItem) item = g_list_model_get_item (G_LIST_MODEL (self->store), position);

  g_assert_nonnull (item);
  return item;
}

FakeItem *
fake_timeline_item_below (FakeTimeline *self, double y)
{
  guint top = kl_timeline_get_top_position (self->timeline);
  double limit = y + gtk_widget_get_height (GTK_WIDGET (self->timeline)) / 2.0;

  for (guint position = top; position < g_list_model_get_n_items (G_LIST_MODEL (self->store)); position++)
    {
      FakeItem *item = fake_timeline_item (self, position);
      double at;
      int height;

      if (!fake_timeline_find (self, item, &at, &height) || at > limit)
        break;
      if (at >= y)
        return item;
    }
  return fake_timeline_item (self, top);
}

void
fake_timeline_watch (FakeTimeline *self, FakeItem *item)
{
  int height;

  self->watched = item;
  self->worst = 0;
  if (item != NULL)
    g_assert_true (fake_timeline_find (self, item, &self->watched_y, &height));
}

void
fake_timeline_scroll_to (FakeTimeline *self, double value)
{
  gtk_adjustment_set_value (self->adjustment, value);
}

void
fake_timeline_scroll_by (FakeTimeline *self, double distance)
{
  fake_timeline_scroll_to (self, gtk_adjustment_get_value (self->adjustment) + distance);
}

void
fake_timeline_assert_good (FakeTimeline *self)
{
  if (self->fault != NULL)
    g_error ("%u of %u frames are wrong; the first: %s", self->n_bad, self->n_frames, self->fault);
  g_assert_cmpuint (self->n_frames, >, 0);
  self->n_frames = 0;
}
