/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the pictures of a call stand, for all numbers of people and all windows. */
#include "app/ui/kl-call-layout.h"

#include <stdlib.h>

enum
{
  MOST = 12,
};

static gboolean
overlap (const KlCallRect *a, const KlCallRect *b)
{
  return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height && b->y < a->y + a->height;
}

static void
check (const KlCallScene *scene)
{
  KlCallRect rects[MOST + 1];
  guint n = scene->n_others + (scene->own ? 1 : 0);
  gboolean small = kl_call_layout_place (scene, rects);

  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpint (rects[i].width, >, 0);
      g_assert_cmpint (rects[i].height, >, 0);
      g_assert_cmpint (rects[i].x, >=, 0);
      g_assert_cmpint (rects[i].y, >=, 0);
      g_assert_cmpint (rects[i].x + rects[i].width, <=, scene->width);
      g_assert_cmpint (rects[i].y + rects[i].height, <=, scene->height);
      for (guint j = 0; j < i; j++)
        if (!small || i != n - 1)
          g_assert_false (overlap (&rects[i], &rects[j]));
    }
  if (small)
    {
      g_assert_true (scene->own && scene->n_others > 0);
      g_assert_cmpint (rects[n - 1].width * 2, <=, scene->width);
      g_assert_cmpint (rects[n - 1].height * 2, <=, scene->height);
    }
}

/* Nothing lies outside, and nothing over another but a small own picture. */
static void
test_everything (void)
{
  static const int sizes[][2] = { { 336, 440 }, { 360, 640 }, { 640, 300 }, { 800, 600 }, { 1244, 650 }, { 1920, 980 }, { 3400, 1300 } };

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    for (guint n = 0; n < MOST; n++)
      for (int own = 0; own <= 1; own++)
        for (int focus = -1; focus < (int) n + own; focus++)
          for (int rtl = 0; rtl <= 1; rtl++)
            {
              KlCallScene scene = { sizes[s][0], sizes[s][1], n, own, focus, rtl };

              check (&scene);
            }
}

static guint
count_columns (int width, int height, guint n_others)
{
  KlCallScene scene = { width, height, n_others, FALSE, -1, FALSE };
  KlCallRect rects[MOST];
  guint columns = 0;

  kl_call_layout_place (&scene, rects);
  while (columns < n_others && rects[columns].y == rects[0].y)
    columns++;
  return columns;
}

static void
test_columns (void)
{
  static const guint wide[] = { 1, 2, 2, 2, 3, 3 }, narrow[] = { 1, 1, 1, 1, 2, 2 };

  for (guint n = 1; n <= 6; n++)
    {
      g_assert_cmpuint (count_columns (1244, 650, n), ==, wide[n - 1]);
      g_assert_cmpuint (count_columns (1056, 530, n), ==, wide[n - 1]);
      g_assert_cmpuint (count_columns (324, 560, n), ==, narrow[n - 1]);
    }
}

/* One's own picture fills a gap, and is small where there is none. */
static void
test_own (void)
{
  static const gboolean small[] = { FALSE, TRUE, TRUE, FALSE, TRUE, FALSE };
  KlCallRect rects[MOST];

  for (guint n = 0; n <= 5; n++)
    {
      KlCallScene scene = { 1244, 650, n, TRUE, -1, FALSE };

      g_assert_cmpint (kl_call_layout_place (&scene, rects), ==, small[n]);
      if (!small[n] && n > 0)
        g_assert_cmpint (rects[n].width, ==, rects[0].width);
    }
}

/* A row that is not full stands in the middle. */
static void
test_last_row (void)
{
  KlCallScene scene = { 1244, 650, 5, FALSE, -1, FALSE };
  KlCallRect rects[MOST];

  kl_call_layout_place (&scene, rects);
  g_assert_cmpint (abs (rects[3].x - (1244 - rects[4].x - rects[4].width)), <=, 1);
  g_assert_cmpint (rects[3].x, >, rects[0].x);
}

static void
test_focus (void)
{
  KlCallScene wide = { 1244, 650, 4, TRUE, 2, FALSE }, tall = { 336, 560, 4, TRUE, 2, FALSE };
  KlCallRect rects[MOST];

  g_assert_false (kl_call_layout_place (&wide, rects));
  g_assert_cmpint (rects[2].width, >, 900);
  g_assert_cmpint (rects[2].height, ==, 650);
  g_assert_cmpint (rects[0].x, >, rects[2].width);
  kl_call_layout_place (&tall, rects);
  g_assert_cmpint (rects[2].width, ==, 336);
  g_assert_cmpint (rects[2].height, >, 400);
  g_assert_cmpint (rects[4].y, >, rects[2].height);
}

static void
test_mirrored (void)
{
  KlCallScene scene = { 1244, 650, 4, TRUE, -1, FALSE };
  KlCallRect rects[MOST], mirrored[MOST];

  kl_call_layout_place (&scene, rects);
  scene.rtl = TRUE;
  kl_call_layout_place (&scene, mirrored);
  for (guint i = 0; i < 5; i++)
    {
      g_assert_cmpint (mirrored[i].x, ==, 1244 - rects[i].x - rects[i].width);
      g_assert_cmpint (mirrored[i].y, ==, rects[i].y);
    }
  g_assert_cmpint (mirrored[4].x, <, 622);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-layout/everything", test_everything);
  g_test_add_func ("/call-layout/columns", test_columns);
  g_test_add_func ("/call-layout/own", test_own);
  g_test_add_func ("/call-layout/last-row", test_last_row);
  g_test_add_func ("/call-layout/focus", test_focus);
  g_test_add_func ("/call-layout/mirrored", test_mirrored);
  return g_test_run ();
}
