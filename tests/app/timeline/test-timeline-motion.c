/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What moves by itself, and what stops it. */
#include "tests/app/timeline/fake-timeline.h"

#include <math.h>

#include "tests/kit/kl-test.h"

#define PAD_PX 12

static guint
n_items (FakeTimeline *f)
{
  return g_list_model_get_n_items (G_LIST_MODEL (f->store));
}

static void
show_animated (FakeTimeline *f)
{
  fake_timeline_show (f, 900, 700, GTK_TEXT_DIR_LTR);
  fake_timeline_settle (f);
  g_object_set (gtk_widget_get_settings (f->window), "gtk-enable-animations", TRUE, NULL);
}

static double
end_of_last (FakeTimeline *f)
{
  double y;
  int height;

  g_assert_true (fake_timeline_find (f, fake_timeline_item (f, n_items (f) - 1), &y, &height));
  return y + height;
}

/* The row above the new one starts where it was, and rises to its place without turning back. */
static void
test_arrival (FakeTimeline *f, gconstpointer unused)
{
  FakeItem *last;
  double before;
  double y;
  int height;
  guint n_frames = 0;

  show_animated (f);
  last = fake_timeline_item (f, n_items (f) - 1);
  g_assert_true (fake_timeline_find (f, last, &before, &height));
  fake_timeline_add (f, n_items (f), 1);
  fake_timeline_frames (f, 1);
  g_assert_true (fake_timeline_find (f, last, &y, &height));
  g_assert_cmpfloat (y, <=, before + 1);
  g_assert_cmpfloat (y, >, before - 20);
  for (;; n_frames++)
    {
      KlTimelineStats stats;
      double now;

      fake_timeline_frames (f, 1);
      g_assert_true (fake_timeline_find (f, last, &now, &height));
      g_assert_cmpfloat (now, <=, y + 0.5);
      y = now;
      kl_timeline_get_stats (f->timeline, &stats);
      if (stats.slide == 0)
        break;
      g_assert_cmpuint (n_frames, <, 200);
    }
  fake_timeline_frames (f, 2);
  g_assert_cmpfloat (fabs (end_of_last (f) + PAD_PX - 700), <=, 1);
  g_assert_cmpuint (n_frames, >=, 3);
  fake_timeline_assert_good (f);
}

/* Nothing is measured or bound again while it slides. */
static void
test_arrival_is_cheap (FakeTimeline *f, gconstpointer unused)
{
  KlTimelineStats before;
  KlTimelineStats after;

  show_animated (f);
  fake_timeline_add (f, n_items (f), 1);
  fake_timeline_frames (f, 2);
  kl_timeline_get_stats (f->timeline, &before);
  g_assert_cmpfloat (before.slide, >, 0);
  fake_timeline_frames (f, 5);
  kl_timeline_get_stats (f->timeline, &after);
  g_assert_cmpuint (after.n_binds, ==, before.n_binds);
  fake_timeline_settle (f);
  fake_timeline_assert_good (f);
}

static char *
check_no_slide (gpointer user_data)
{
  KlTimelineStats stats;

  kl_timeline_get_stats (((FakeTimeline *) user_data)->timeline, &stats);
  return stats.slide > 0 || stats.jumping ? g_strdup ("something moves") : NULL;
}

static void
test_still_arrivals (FakeTimeline *f, gconstpointer unused)
{
  show_animated (f);
  f->check = check_no_slide;
  f->check_data = f;
  /* A burst. */
  fake_timeline_add (f, n_items (f), 50);
  fake_timeline_frames (f, 2);
  g_assert_cmpfloat (fabs (end_of_last (f) + PAD_PX - 700), <=, 1);
  /* Nobody looks. */
  kl_timeline_set_follow_arrivals (f->timeline, FALSE);
  fake_timeline_add (f, n_items (f), 1);
  fake_timeline_frames (f, 2);
  g_assert_cmpfloat (fabs (end_of_last (f) + PAD_PX - 700), <=, 1);
  kl_timeline_set_follow_arrivals (f->timeline, TRUE);
  /* Reduced motion. */
  g_object_set (gtk_widget_get_settings (f->window), "gtk-enable-animations", FALSE, NULL);
  fake_timeline_add (f, n_items (f), 1);
  fake_timeline_frames (f, 2);
  g_assert_cmpfloat (fabs (end_of_last (f) + PAD_PX - 700), <=, 1);
  kl_timeline_jump_to (f->timeline, 10, KL_TIMELINE_ALIGN_TOP, TRUE);
  fake_timeline_frames (f, 2);
  g_assert_cmpuint (kl_timeline_get_top_position (f->timeline), <=, 10);
  /* Scrolled up. */
  g_object_set (gtk_widget_get_settings (f->window), "gtk-enable-animations", TRUE, NULL);
  fake_timeline_watch (f, fake_timeline_item_below (f, 0));
  fake_timeline_add (f, n_items (f), 1);
  fake_timeline_frames (f, 4);
  fake_timeline_assert_good (f);
}

/* A scroll while rows slide in: they go on from where they are drawn. */
static void
test_scroll_during_arrival (FakeTimeline *f, gconstpointer unused)
{
  FakeItem *item;
  double y;
  double after;
  int height;

  show_animated (f);
  item = fake_timeline_item_below (f, 200);
  fake_timeline_add (f, n_items (f), 1);
  fake_timeline_frames (f, 2);
  g_assert_true (fake_timeline_find (f, item, &y, &height));
  fake_timeline_scroll_by (f, -100);
  fake_timeline_frames (f, 1);
  g_assert_true (fake_timeline_find (f, item, &after, &height));
  /* One frame of the slide may have passed between looking and scrolling. */
  g_assert_cmpfloat (after, <=, y + 101);
  g_assert_cmpfloat (after, >, y + 60);
  fake_timeline_settle (f);
  fake_timeline_assert_good (f);
}

static void
expect_at (FakeTimeline *f, guint position, double y)
{
  double at;
  int height;

  fake_timeline_settle (f);
  g_assert_true (fake_timeline_find (f, fake_timeline_item (f, position), &at, &height));
  g_assert_cmpfloat (fabs (at - y), <=, 1);
}

static void
test_jumps (FakeTimeline *f, gconstpointer unused)
{
  double y;
  int height;

  show_animated (f);
  for (guint i = 0; i < 25; i++)
    {
      guint position = (guint) g_rand_int_range (f->rand, 50, (int) n_items (f) - 60);

      kl_timeline_jump_to (f->timeline, position, KL_TIMELINE_ALIGN_TOP, TRUE);
      expect_at (f, position, KL_TIMELINE_TOP_INSET_PX);
      /* Near. */
      kl_timeline_jump_to (f->timeline, position + 3, KL_TIMELINE_ALIGN_TOP, TRUE);
      expect_at (f, position + 3, KL_TIMELINE_TOP_INSET_PX);
    }
  kl_timeline_jump_to (f->timeline, 0, KL_TIMELINE_ALIGN_TOP, TRUE);
  expect_at (f, 0, PAD_PX);
  kl_timeline_jump_to_end (f->timeline, TRUE);
  fake_timeline_settle (f);
  g_assert_true (kl_timeline_get_at_end (f->timeline));
  g_assert_cmpfloat (fabs (end_of_last (f) + PAD_PX - 700), <=, 1);
  /* The last row cannot be in the middle: it stays at the end. */
  fake_item_set_base (fake_timeline_item (f, n_items (f) - 1), 40);
  kl_timeline_jump_to (f->timeline, n_items (f) - 1, KL_TIMELINE_ALIGN_CENTER, TRUE);
  fake_timeline_settle (f);
  g_assert_true (kl_timeline_get_at_end (f->timeline));
  kl_timeline_jump_to (f->timeline, 300, KL_TIMELINE_ALIGN_CENTER, TRUE);
  fake_timeline_settle (f);
  g_assert_true (fake_timeline_find (f, fake_timeline_item (f, 300), &y, &height));
  if (height < 400)
    g_assert_cmpfloat (fabs (y + height / 2.0 - 350), <=, 1);
  fake_timeline_assert_good (f);
}

static void
test_jump_is_animated (FakeTimeline *f, gconstpointer unused)
{
  guint target = n_items (f) - 6;
  guint n_frames = 0;
  double last = -1e9;

  show_animated (f);
  kl_timeline_jump_to (f->timeline, 100, KL_TIMELINE_ALIGN_TOP, FALSE);
  fake_timeline_settle (f);
  target = 112;
  kl_timeline_jump_to (f->timeline, target, KL_TIMELINE_ALIGN_TOP, TRUE);
  for (;; n_frames++)
    {
      KlTimelineStats stats;

      fake_timeline_frames (f, 1);
      kl_timeline_get_stats (f->timeline, &stats);
      if (!stats.jumping)
        break;
      g_assert_cmpuint (stats.anchor, ==, target);
      g_assert_true (last == -1e9 || stats.anchor_y <= last);
      last = stats.anchor_y;
      g_assert_cmpuint (n_frames, <, 200);
    }
  g_assert_cmpuint (n_frames, >=, 3);
  expect_at (f, target, KL_TIMELINE_TOP_INSET_PX);
  fake_timeline_assert_good (f);
}

/* The wheel takes over at once, from where things are. */
static void
test_interrupted_jump (FakeTimeline *f, gconstpointer unused)
{
  KlTimelineStats stats;
  FakeItem *item;

  show_animated (f);
  for (guint i = 0; i < 10; i++)
    {
      kl_timeline_jump_to (f->timeline, (guint) g_rand_int_range (f->rand, 100, (int) n_items (f) - 100),
                           KL_TIMELINE_ALIGN_TOP, TRUE);
      fake_timeline_frames (f, 1 + i % 3);
      item = fake_timeline_item_below (f, 0);
      fake_timeline_watch (f, item);
      f->watched_y += 20;
      fake_timeline_scroll_by (f, -20);
      kl_timeline_get_stats (f->timeline, &stats);
      g_assert_false (stats.jumping);
      fake_timeline_frames (f, 3);
      f->watched = NULL;
    }
  /* Pages that come in while it jumps change nothing. */
  kl_timeline_jump_to (f->timeline, 400, KL_TIMELINE_ALIGN_TOP, TRUE);
  item = fake_timeline_item (f, 400);
  for (guint i = 0; i < 8; i++)
    {
      double y;
      int height;

      fake_timeline_add (f, 0, 50);
      fake_timeline_frames (f, 2);
      g_assert_true (fake_timeline_find (f, item, &y, &height) || i < 7);
    }
  fake_timeline_assert_good (f);
}

static void
test_follows_while_jumping_to_end (FakeTimeline *f, gconstpointer unused)
{
  show_animated (f);
  kl_timeline_jump_to (f->timeline, 100, KL_TIMELINE_ALIGN_TOP, FALSE);
  fake_timeline_settle (f);
  kl_timeline_jump_to_end (f->timeline, TRUE);
  for (guint i = 0; i < 6; i++)
    {
      fake_timeline_add (f, n_items (f), 1);
      fake_timeline_frames (f, 2);
    }
  fake_timeline_settle (f);
  g_assert_true (kl_timeline_get_at_end (f->timeline));
  g_assert_cmpfloat (fabs (end_of_last (f) + PAD_PX - 700), <=, 1);
  fake_timeline_assert_good (f);
}

static void
on_at_end (KlTimeline *timeline, GParamSpec *pspec, guint *n)
{
  (*n)++;
}

static void
test_notifies (FakeTimeline *f, gconstpointer unused)
{
  guint n = 0;

  fake_timeline_show (f, 900, 700, GTK_TEXT_DIR_LTR);
  fake_timeline_settle (f);
  g_signal_connect (f->timeline, "notify::at-end", G_CALLBACK (on_at_end), &n);
  fake_timeline_scroll_by (f, -300);
  fake_timeline_settle (f);
  g_assert_cmpuint (n, ==, 1);
  g_assert_false (kl_timeline_get_at_end (f->timeline));
  g_assert_cmpfloat (fabs (kl_timeline_get_distance_to_end (f->timeline) - 300), <=, 1);
  fake_timeline_scroll_by (f, 300);
  fake_timeline_settle (f);
  g_assert_cmpuint (n, ==, 2);
  g_assert_true (kl_timeline_get_at_end (f->timeline));
  fake_timeline_assert_good (f);
}

#define ADD(name, n, function)                                                                                         \
  g_test_add ("/timeline/motion/" name, FakeTimeline, GUINT_TO_POINTER (n), fake_timeline_set_up, function,            \
              fake_timeline_tear_down)

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  gtk_init ();
  ADD ("arrival", 500, test_arrival);
  ADD ("arrival-is-cheap", 500, test_arrival_is_cheap);
  ADD ("still-arrivals", 500, test_still_arrivals);
  ADD ("scroll-during-arrival", 500, test_scroll_during_arrival);
  ADD ("jumps", 2000, test_jumps);
  ADD ("jump-is-animated", 500, test_jump_is_animated);
  ADD ("interrupted-jump", 2000, test_interrupted_jump);
  ADD ("follows-while-jumping-to-end", 500, test_follows_while_jumping_to_end);
  ADD ("notifies", 500, test_notifies);
  return g_test_run ();
}
