/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Thousands of random deeds of reader and model; after each frame everything that must hold holds, and what the reader
 * looks at has moved by what he scrolled, no more. KL_TEST_SEED and KL_TEST_STEPS repeat and prolong it. */
#include "tests/app/timeline/fake-timeline.h"

#include <math.h>
#include <stdlib.h>

#include "tests/kit/kl-test.h"

#define DEFAULT_STEPS 400

static guint
n_items (FakeTimeline *f)
{
  return g_list_model_get_n_items (G_LIST_MODEL (f->store));
}

static int
random_below (FakeTimeline *f, guint limit)
{
  return limit > 0 ? g_rand_int_range (f->rand, 0, (int) limit) : 0;
}

/* Rows of the view are not touched: their places must stay. */
static void
change_out_of_view (FakeTimeline *f)
{
  guint top = kl_timeline_get_top_position (f->timeline);
  guint bottom = kl_timeline_get_bottom_position (f->timeline);
  gboolean above = random_below (f, 2) == 0;
  guint from = above ? 0 : bottom + 2;
  guint to = above ? top : n_items (f);
  guint n;
  guint at;

  if (top == GTK_INVALID_LIST_POSITION || bottom == GTK_INVALID_LIST_POSITION || from >= to)
    return;
  at = from + (guint) random_below (f, to - from);
  n = (guint) random_below (f, 30);
  n = MIN (to - at, n);
  switch (random_below (f, 3))
    {
    case 0:
      fake_timeline_add (f, at, n);
      break;
    case 1:
      if (n_items (f) > 300)
        g_list_store_splice (f->store, at, n, NULL, 0);
      break;
    default:
      fake_item_set_base (fake_timeline_item (f, at), random_below (f, 500));
    }
}

static void
change_anywhere (FakeTimeline *f)
{
  guint at = (guint) random_below (f, n_items (f));
  guint top = kl_timeline_get_top_position (f->timeline);
  guint n = (guint) random_below (f, 9);

  if (top != GTK_INVALID_LIST_POSITION && random_below (f, 2) == 0)
    {
      at = top + (guint) random_below (f, 12);
      at = MIN (at, n_items (f));
    }
  n = MIN (n, n_items (f) - at);
  switch (random_below (f, 5))
    {
    case 0:
      fake_timeline_add (f, at, (guint) random_below (f, 5));
      break;
    case 1:
      g_list_store_splice (f->store, at, n, NULL, 0);
      break;
    case 2:
      if (at < n_items (f))
        fake_item_set_base (fake_timeline_item (f, at), random_below (f, 1500));
      break;
    case 3:
      if (random_below (f, 12) == 0)
        g_list_store_remove_all (f->store);
      break;
    default:
      fake_timeline_add (f, n_items (f), (guint) random_below (f, 3));
    }
}

static void
move (FakeTimeline *f)
{
  double range = gtk_adjustment_get_upper (f->adjustment) - gtk_adjustment_get_lower (f->adjustment);

  switch (random_below (f, 7))
    {
    case 0:
      fake_timeline_scroll_to (f, gtk_adjustment_get_lower (f->adjustment) + g_rand_double (f->rand) * range);
      break;
    case 1:
      fake_timeline_scroll_to (f, gtk_adjustment_get_upper (f->adjustment));
      break;
    case 2:
      fake_timeline_scroll_to (f, gtk_adjustment_get_lower (f->adjustment));
      break;
    case 3:
      if (n_items (f) > 0)
        kl_timeline_jump_to (f->timeline, (guint) random_below (f, n_items (f)), random_below (f, 3),
                             random_below (f, 2));
      break;
    case 4:
      kl_timeline_jump_to_end (f->timeline, random_below (f, 2));
      break;
    case 5:
      if (n_items (f) > 0)
        kl_timeline_focus_row (f->timeline, (guint) random_below (f, n_items (f)));
      break;
    default:
      gtk_widget_child_focus (GTK_WIDGET (f->timeline), random_below (f, 2) ? GTK_DIR_UP : GTK_DIR_DOWN);
    }
}

/* Whether so many pixels of rows, by true heights, lie between the one at @from and the end that @step leads to. */
static gboolean
has_room (FakeTimeline *f, guint from, int step, int pixels)
{
  int width = gtk_widget_get_width (GTK_WIDGET (f->timeline));

  for (gint64 at = (gint64) from + step; at >= 0 && at < n_items (f); at += step)
    {
      pixels -= fake_item_get_height (fake_timeline_item (f, (guint) at), width);
      if (pixels <= 0)
        return TRUE;
    }
  return FALSE;
}

/* A small scroll: what is in view moves by just as much, unless an end is met. */
static void
scroll_exactly (FakeTimeline *f)
{
  double distance = random_below (f, 400) - 200 + g_rand_double (f->rand);
  double value = gtk_adjustment_get_value (f->adjustment);
  double lower = gtk_adjustment_get_lower (f->adjustment);
  double upper = gtk_adjustment_get_upper (f->adjustment) - gtk_adjustment_get_page_size (f->adjustment);
  guint top = kl_timeline_get_top_position (f->timeline);
  int page = gtk_widget_get_height (GTK_WIDGET (f->timeline));
  FakeItem *item;

  if (top == GTK_INVALID_LIST_POSITION)
    return;
  /* Near an end the range may be an estimate, and the clamp at the true end moves too. */
  if (value + distance < lower + 1500 || value + distance > upper - 1500 || !has_room (f, top, -1, 300)
      || !has_room (f, top, 1, page + 300))
    return;
  item = fake_timeline_item_below (f, 0);
  fake_timeline_watch (f, item);
  f->watched_y -= distance;
  fake_timeline_scroll_by (f, distance);
  if (f->watched_y < 1 || f->watched_y > gtk_widget_get_height (GTK_WIDGET (f->timeline)) - 2)
    f->watched = NULL;
}

static void
select_something (FakeTimeline *f)
{
  g_autofree char *text = NULL;

  if (n_items (f) == 0)
    return;
  kl_timeline_select (f->timeline, (guint) random_below (f, n_items (f)), random_below (f, 100),
                      (guint) random_below (f, n_items (f)), random_below (f, 100));
  text = kl_timeline_dup_selection (f->timeline);
}

static void
resize (FakeTimeline *f)
{
  int width = 300 + random_below (f, 700);
  int height = 200 + random_below (f, 500);

  gtk_widget_set_size_request (f->scroller, width, height);
  gtk_window_set_default_size (GTK_WINDOW (f->window), width, height);
}

static void
run (FakeTimeline *f, gboolean animate)
{
  guint n_steps = g_getenv ("KL_TEST_STEPS") != NULL ? (guint) atoi (g_getenv ("KL_TEST_STEPS")) : DEFAULT_STEPS;

  if (g_getenv ("KL_TEST_SEED") != NULL)
    g_rand_set_seed (f->rand, (guint32) atoi (g_getenv ("KL_TEST_SEED")));
  fake_timeline_show (f, 800, 600, GTK_TEXT_DIR_LTR);
  g_object_set (gtk_widget_get_settings (f->window), "gtk-enable-animations", animate, NULL);
  for (guint step = 0; step < n_steps && f->fault == NULL; step++)
    {
      int deed = random_below (f, 100);
      KlTimelineStats stats;

      kl_timeline_get_stats (f->timeline, &stats);
      f->watched = NULL;
      if (deed < 30)
        scroll_exactly (f);
      else if (deed < 55 && !stats.jumping && stats.slide == 0
               && kl_timeline_get_top_position (f->timeline) != GTK_INVALID_LIST_POSITION)
        {
          if (!kl_timeline_get_at_end (f->timeline) && n_items (f) > 200)
            fake_timeline_watch (f, fake_timeline_item (f, kl_timeline_get_top_position (f->timeline)));
          change_out_of_view (f);
        }
      else if (deed < 70)
        change_anywhere (f);
      else if (deed < 90)
        move (f);
      else if (deed < 94)
        select_something (f);
      else if (deed < 97)
        resize (f);
      else
        fake_timeline_add (f, n_items (f) / 2, 200);
      fake_timeline_frames (f, 1 + (guint) random_below (f, 2));
      if (f->fault != NULL)
        {
          kl_timeline_get_stats (f->timeline, &stats);
          g_test_message ("step %u, deed %d, %u rows, %u live, anchor %u at %g, slide %g", step, deed, n_items (f),
                          stats.n_live, stats.anchor, stats.anchor_y, stats.slide);
        }
    }
  fake_timeline_assert_good (f);
}

static void
test_without_animation (FakeTimeline *f, gconstpointer unused)
{
  run (f, FALSE);
}

static void
test_with_animation (FakeTimeline *f, gconstpointer unused)
{
  g_rand_set_seed (f->rand, 11);
  run (f, TRUE);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  gtk_init ();
  g_test_add ("/timeline/random/still", FakeTimeline, GUINT_TO_POINTER (600), fake_timeline_set_up,
              test_without_animation, fake_timeline_tear_down);
  g_test_add ("/timeline/random/animated", FakeTimeline, GUINT_TO_POINTER (600), fake_timeline_set_up,
              test_with_animation, fake_timeline_tear_down);
  return g_test_run ();
}
