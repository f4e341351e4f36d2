/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nothing moves under the reader: every painted frame is looked at. */
#include "tests/app/timeline/fake-timeline.h"

#include <math.h>

#include "tests/kit/kl-test.h"

#define PAD_PX 12

static guint
n_items (FakeTimeline *f)
{
  return g_list_model_get_n_items (G_LIST_MODEL (f->store));
}

static char *
check_at_end (gpointer user_data)
{
  FakeTimeline *f = user_data;
  double y;
  int height;
  int page = gtk_widget_get_height (GTK_WIDGET (f->timeline));

  if (n_items (f) == 0)
    return NULL;
  if (!fake_timeline_find (f, fake_timeline_item (f, n_items (f) - 1), &y, &height))
    return g_strdup ("the newest row is not in view");
  if (fabs (y + height + PAD_PX - page) > 1)
    return g_strdup_printf ("the newest row ends at %g of %d", y + height, page);
  if (!kl_timeline_get_at_end (f->timeline))
    return g_strdup ("at-end is not set");
  return NULL;
}

static void
expect_at_end (FakeTimeline *f, gboolean expected)
{
  f->check = expected ? check_at_end : NULL;
  f->check_data = f;
}

/* In the midst of many rows, at rest. */
static void
show_midst (FakeTimeline *f)
{
  fake_timeline_show (f, 900, 700, GTK_TEXT_DIR_LTR);
  kl_timeline_jump_to (f->timeline, n_items (f) / 2, KL_TIMELINE_ALIGN_TOP, FALSE);
  fake_timeline_settle (f);
}

static void
watch_reading_line (FakeTimeline *f)
{
  KlTimelineStats stats;

  kl_timeline_get_stats (f->timeline, &stats);
  fake_timeline_watch (f, fake_timeline_item (f, stats.anchor));
}

static void
test_open_at_newest (FakeTimeline *f, gconstpointer unused)
{
  expect_at_end (f, TRUE);
  fake_timeline_show (f, 900, 700, GTK_TEXT_DIR_LTR);
  fake_timeline_settle (f);
  fake_timeline_assert_good (f);
}

static char *
check_unread_line (gpointer user_data)
{
  FakeTimeline *f = user_data;
  double y;
  int height;

  if (!fake_timeline_find (f, f->watched, &y, &height))
    return g_strdup ("the unread line is not in view");
  return fabs (y - KL_TIMELINE_TOP_INSET_PX) > 1 ? g_strdup_printf ("the unread line is at %g", y) : NULL;
}

static void
test_open_at_unread (FakeTimeline *f, gconstpointer unused)
{
  fake_timeline_show (f, 900, 700, GTK_TEXT_DIR_LTR);
  for (guint i = 0; i < 30; i++)
    {
      guint position = (guint) g_rand_int_range (f->rand, 100, (int) n_items (f) - 100);

      f->check = NULL;
      f->watched = NULL;
      kl_timeline_set_model (f->timeline, NULL);
      fake_timeline_frames (f, 1);
      f->n_bad = 0;
      g_clear_pointer (&f->fault, g_free);
      kl_timeline_set_model (f->timeline, G_LIST_MODEL (f->store));
      kl_timeline_jump_to (f->timeline, position, KL_TIMELINE_ALIGN_TOP, FALSE);
      f->watched = fake_timeline_item (f, position);
      f->watched_y = KL_TIMELINE_TOP_INSET_PX;
      f->check = check_unread_line;
      f->check_data = f;
      fake_timeline_frames (f, 4);
      fake_timeline_assert_good (f);
    }
}

static void
test_prepend (FakeTimeline *f, gconstpointer unused)
{
  show_midst (f);
  fake_timeline_watch (f, fake_timeline_item_below (f, 0));
  for (guint i = 0; i < 100; i++)
    {
      fake_timeline_add (f, 0, 60);
      fake_timeline_frames (f, 2);
    }
  fake_timeline_assert_good (f);
}

/* As GtkScrolledWindow's deceleration does: absolute values, one a frame, while pages come in above. */
static void
test_fling_and_prepend (FakeTimeline *f, gconstpointer unused)
{
  double value;

  show_midst (f);
  value = gtk_adjustment_get_value (f->adjustment);
  for (guint i = 0; i < 300; i++)
    {
      double step = 160 * exp (-(double) (i % 60) / 20);

      fake_timeline_watch (f, fake_timeline_item_below (f, 0));
      f->watched_y += step;
      value -= step;
      fake_timeline_scroll_to (f, value);
      if (i % 7 == 0)
        fake_timeline_add (f, 0, 60);
      if (i % 5 == 0)
        fake_timeline_add (f, n_items (f), 1);
      fake_timeline_frames (f, 1);
      g_assert_cmpfloat (gtk_adjustment_get_value (f->adjustment), ==, value);
    }
  fake_timeline_assert_good (f);
}

static void
test_out_of_view (FakeTimeline *f, gconstpointer unused)
{
  show_midst (f);
  watch_reading_line (f);
  for (guint i = 0; i < 100; i++)
    {
      guint top = kl_timeline_get_top_position (f->timeline);
      guint bottom = kl_timeline_get_bottom_position (f->timeline);
      guint near = (guint) g_rand_int_range (f->rand, 1, 8);

      fake_item_set_base (fake_timeline_item (f, top - near), g_rand_int_range (f->rand, 10, 400));
      fake_item_set_base (fake_timeline_item (f, bottom + 1 + near), g_rand_int_range (f->rand, 10, 400));
      g_list_store_remove (f->store, bottom + near + 2);
      g_list_store_remove (f->store, top - near);
      fake_timeline_frames (f, 2);
    }
  fake_timeline_assert_good (f);
}

static void
test_appends_while_reading (FakeTimeline *f, gconstpointer unused)
{
  show_midst (f);
  fake_timeline_watch (f, fake_timeline_item_below (f, 0));
  for (guint i = 0; i < 1000; i++)
    {
      fake_timeline_add (f, n_items (f), 1);
      if (i % 10 == 0)
        fake_timeline_frames (f, 1);
    }
  fake_timeline_assert_good (f);
}

static void
resize (FakeTimeline *f, int width, int height)
{
  gint64 deadline = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;

  gtk_widget_set_size_request (f->scroller, width, height);
  gtk_window_set_default_size (GTK_WINDOW (f->window), width, height);
  while (gtk_widget_get_width (f->scroller) != width || gtk_widget_get_height (f->scroller) != height)
    kl_test_iterate (deadline, G_STRLOC, "the window has its new size");
  fake_timeline_frames (f, 3);
}

static void
test_resize_in_the_midst (FakeTimeline *f, gconstpointer unused)
{
  show_midst (f);
  for (guint i = 0; i < 6; i++)
    {
      watch_reading_line (f);
      resize (f, i % 2 == 0 ? 360 : 1200, 700);
    }
  /* A height has an edge of its own that moves: the reading line stays while it is in view. */
  for (guint i = 0; i < 4; i++)
    {
      watch_reading_line (f);
      resize (f, 900, i % 2 == 0 ? 560 : 740);
    }
  fake_timeline_assert_good (f);
}

static void
test_resize_at_the_end (FakeTimeline *f, gconstpointer unused)
{
  expect_at_end (f, TRUE);
  fake_timeline_show (f, 900, 700, GTK_TEXT_DIR_LTR);
  for (guint i = 0; i < 6; i++)
    {
      resize (f, i % 2 == 0 ? 360 : 1200, 700 - 60 * (int) i);
      fake_item_set_base (fake_timeline_item (f, n_items (f) - 1), 30 + 40 * (int) i);
      fake_item_set_base (fake_timeline_item (f, n_items (f) - 3), 130 - 20 * (int) i);
      fake_timeline_frames (f, 2);
    }
  fake_timeline_assert_good (f);
}

static void
test_few (FakeTimeline *f, gconstpointer unused)
{
  expect_at_end (f, TRUE);
  fake_timeline_show (f, 500, 600, GTK_TEXT_DIR_LTR);
  fake_timeline_frames (f, 2);
  for (guint n = 1; n <= 40; n++)
    {
      g_autoptr (FakeItem) item = fake_item_new (n, 40, 0);

      g_list_store_append (f->store, item);
      fake_timeline_frames (f, 2);
    }
  for (guint n = 40; n > 0; n--)
    {
      g_list_store_remove (f->store, n / 2);
      fake_timeline_frames (f, 1);
    }
  fake_timeline_add (f, 0, 3);
  fake_timeline_frames (f, 2);
  g_list_store_remove_all (f->store);
  fake_timeline_frames (f, 2);
  fake_timeline_add (f, 0, 300);
  fake_timeline_frames (f, 2);
  fake_timeline_assert_good (f);
}

static void
test_trim_to_short (FakeTimeline *f, gconstpointer unused)
{
  show_midst (f);
  /* Fewer rows than a page are left: they stand at the lower edge, and new ones are followed. */
  g_list_store_splice (f->store, 4, n_items (f) - 4, NULL, 0);
  for (guint i = 0; i < 4; i++)
    fake_item_set_base (fake_timeline_item (f, i), 20);
  fake_timeline_frames (f, 3);
  expect_at_end (f, TRUE);
  fake_timeline_frames (f, 3);
  fake_timeline_add (f, 4, 40);
  fake_timeline_frames (f, 3);
  fake_timeline_assert_good (f);
}

static void
test_remove_in_view (FakeTimeline *f, gconstpointer unused)
{
  KlTimelineStats stats;
  guint top;
  guint bottom;

  show_midst (f);
  for (guint i = 0; i < 10; i++)
    {
      double y;

      /* The anchor goes; the rest stays where it is, or closes up to it. */
      kl_timeline_get_stats (f->timeline, &stats);
      y = stats.anchor_y;
      g_list_store_remove (f->store, stats.anchor);
      fake_timeline_frames (f, 2);
      kl_timeline_get_stats (f->timeline, &stats);
      g_assert_cmpfloat (fabs (stats.anchor_y - y), <, 700);
    }
  top = kl_timeline_get_top_position (f->timeline);
  bottom = kl_timeline_get_bottom_position (f->timeline);
  g_list_store_splice (f->store, top, bottom - top + 1, NULL, 0);
  fake_timeline_frames (f, 3);
  g_list_store_splice (f->store, 0, top, NULL, 0);
  fake_timeline_frames (f, 3);
  fake_timeline_assert_good (f);
}

/* Taking rows out and putting the same ones in at another place keeps their widgets. */
static void
test_moved_items (FakeTimeline *f, gconstpointer unused)
{
  guint top;
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  GtkWidget *row;

  show_midst (f);
  top = kl_timeline_get_top_position (f->timeline);
  for (guint i = 0; i < 5; i++)
    g_ptr_array_add (items, g_object_ref (fake_timeline_item (f, top + (i + 1) % 5)));
  row = kl_timeline_get_row (f->timeline, top + 2);
  gtk_widget_grab_focus (row);
  g_list_store_splice (f->store, top, 5, items->pdata, 5);
  fake_timeline_frames (f, 2);
  g_assert_true (kl_timeline_get_row (f->timeline, top + 1) == row);
  g_assert_cmpuint (kl_timeline_get_focus_position (f->timeline), ==, top + 1);
  fake_timeline_assert_good (f);
}

static void
test_thumb (FakeTimeline *f, gconstpointer unused)
{
  double y;
  int height;

  fake_timeline_show (f, 900, 700, GTK_TEXT_DIR_LTR);
  for (guint i = 0; i < 4; i++)
    {
      fake_timeline_scroll_to (f, gtk_adjustment_get_lower (f->adjustment));
      fake_timeline_settle (f);
      g_assert_true (fake_timeline_find (f, fake_timeline_item (f, 0), &y, &height));
      g_assert_cmpfloat (y, ==, PAD_PX);
      g_assert_false (kl_timeline_get_at_end (f->timeline));
      for (double part = 0.1; part < 0.95; part += 0.1)
        {
          double lower = gtk_adjustment_get_lower (f->adjustment);
          double range = gtk_adjustment_get_upper (f->adjustment) - lower;
          double after;

          fake_timeline_scroll_to (f, lower + part * range);
          fake_timeline_frames (f, 2);
          after = (gtk_adjustment_get_value (f->adjustment) - gtk_adjustment_get_lower (f->adjustment))
                  / (gtk_adjustment_get_upper (f->adjustment) - gtk_adjustment_get_lower (f->adjustment));
          g_assert_cmpfloat (fabs (after - part), <, 0.02);
        }
      fake_timeline_scroll_to (f, gtk_adjustment_get_upper (f->adjustment));
      fake_timeline_settle (f);
      g_assert_true (kl_timeline_get_at_end (f->timeline));
    }
  fake_timeline_assert_good (f);
}

static void
test_leaving_the_end (FakeTimeline *f, gconstpointer unused)
{
  fake_timeline_show (f, 900, 700, GTK_TEXT_DIR_LTR);
  fake_timeline_settle (f);
  for (guint i = 0; i < 30; i++)
    {
      fake_timeline_add (f, n_items (f), 1);
      fake_timeline_frames (f, 1);
    }
  fake_timeline_watch (f, fake_timeline_item_below (f, 200));
  f->watched_y += 53;
  fake_timeline_scroll_by (f, -53);
  fake_timeline_frames (f, 1);
  g_assert_false (kl_timeline_get_at_end (f->timeline));
  fake_timeline_add (f, n_items (f), 5);
  fake_timeline_frames (f, 3);
  fake_timeline_assert_good (f);
}

static void
test_few_widgets (FakeTimeline *f, gconstpointer unused)
{
  KlTimelineStats stats;
  guint most = 0;

  show_midst (f);
  for (guint i = 0; i < 200; i++)
    {
      fake_timeline_scroll_by (f, i < 100 ? -400 : 620);
      fake_timeline_frames (f, 1);
      most = MAX (most, fake_item_count_rows ());
    }
  kl_timeline_get_stats (f->timeline, &stats);
  g_assert_cmpuint (stats.n_pooled, <=, 24);
  g_assert_cmpuint (most, <, 100);
  fake_timeline_assert_good (f);
}

/* One allocation a painted frame, whatever happened before it. */
static void
test_one_pass (FakeTimeline *f, gconstpointer unused)
{
  KlTimelineStats before;
  KlTimelineStats after;
  guint n_frames;

  show_midst (f);
  kl_timeline_get_stats (f->timeline, &before);
  n_frames = f->n_frames;
  for (guint i = 0; i < 60; i++)
    {
      fake_timeline_scroll_by (f, -90);
      fake_timeline_add (f, 0, 20);
      fake_timeline_add (f, n_items (f), 2);
      fake_item_set_base (fake_timeline_item (f, kl_timeline_get_top_position (f->timeline)), 20 + (int) i);
      fake_timeline_frames (f, 1);
    }
  kl_timeline_get_stats (f->timeline, &after);
  g_assert_cmpuint (after.n_allocates - before.n_allocates, <=, f->n_frames - n_frames);
  fake_timeline_assert_good (f);
}

static void
count (KlTimeline *timeline, guint *n)
{
  (*n)++;
}

static void
test_paging (FakeTimeline *f, gconstpointer unused)
{
  guint n_before = 0;
  guint n_after = 0;

  g_signal_connect (f->timeline, "more-before", G_CALLBACK (count), &n_before);
  g_signal_connect (f->timeline, "more-after", G_CALLBACK (count), &n_after);
  kl_timeline_set_more (f->timeline, TRUE, TRUE);
  fake_timeline_show (f, 900, 700, GTK_TEXT_DIR_LTR);
  fake_timeline_settle (f);
  g_assert_cmpuint (n_before, ==, 0);
  g_assert_cmpuint (n_after, ==, 1);
  fake_timeline_scroll_to (f, gtk_adjustment_get_lower (f->adjustment) + 900);
  fake_timeline_settle (f);
  fake_timeline_scroll_by (f, -300);
  fake_timeline_settle (f);
  g_assert_cmpuint (n_before, ==, 1);
  fake_timeline_add (f, 0, 50);
  kl_timeline_set_more (f->timeline, TRUE, FALSE);
  fake_timeline_scroll_by (f, -3000);
  fake_timeline_settle (f);
  g_assert_cmpuint (n_before, ==, 2);
  g_assert_cmpuint (n_after, ==, 1);
  kl_timeline_set_more (f->timeline, FALSE, FALSE);
  fake_timeline_settle (f);
  g_assert_cmpuint (n_before, ==, 2);
  fake_timeline_assert_good (f);
}

#define ADD(name, n, function)                                                                                         \
  g_test_add ("/timeline/still/" name, FakeTimeline, GUINT_TO_POINTER (n), fake_timeline_set_up, function,             \
              fake_timeline_tear_down)

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  gtk_init ();
  ADD ("open-at-newest", 100000, test_open_at_newest);
  ADD ("open-at-unread", 3000, test_open_at_unread);
  ADD ("prepend", 2000, test_prepend);
  ADD ("fling-and-prepend", 20000, test_fling_and_prepend);
  ADD ("out-of-view", 2000, test_out_of_view);
  ADD ("appends-while-reading", 2000, test_appends_while_reading);
  ADD ("resize-in-the-midst", 2000, test_resize_in_the_midst);
  ADD ("resize-at-the-end", 2000, test_resize_at_the_end);
  ADD ("few", 0, test_few);
  ADD ("trim-to-short", 500, test_trim_to_short);
  ADD ("remove-in-view", 2000, test_remove_in_view);
  ADD ("moved-items", 2000, test_moved_items);
  ADD ("thumb", 20000, test_thumb);
  ADD ("leaving-the-end", 500, test_leaving_the_end);
  ADD ("few-widgets", 5000, test_few_widgets);
  ADD ("one-pass", 5000, test_one_pass);
  ADD ("paging", 500, test_paging);
  return g_test_run ();
}
