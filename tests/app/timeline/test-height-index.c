/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index against a plain array that is told the same. */
#include "app/ui/timeline/kl-height-index.h"

static gint64
plain_prefix (KlHeightIndex *index, GArray *plain, guint position)
{
  gint64 sum = 0;
  int estimate = -1;

  for (guint i = 0; i < position; i++)
    {
      int height = g_array_index (plain, int, i);

      if (height < 0 && estimate < 0)
        estimate = kl_height_index_get (index, i);
      sum += height < 0 ? estimate : height;
    }
  return sum;
}

static void
assert_same (KlHeightIndex *index, GArray *plain, GRand *rand)
{
  guint at = plain->len > 0 ? (guint) g_rand_int_range (rand, 0, (int) plain->len) : 0;
  gint64 prefix = 0;

  g_assert_true (kl_height_index_check (index));
  g_assert_cmpuint (kl_height_index_get_n_rows (index), ==, plain->len);
  g_assert_cmpint (kl_height_index_get_total (index), ==, plain_prefix (index, plain, plain->len));
  g_assert_cmpint (kl_height_index_get_prefix (index, at), ==, plain_prefix (index, plain, at));
  if (plain->len == 0)
    return;
  g_assert_cmpint (kl_height_index_is_known (index, at), ==, g_array_index (plain, int, at) >= 0);
  if (g_array_index (plain, int, at) >= 0)
    g_assert_cmpint (kl_height_index_get (index, at), ==, g_array_index (plain, int, at));
  if (kl_height_index_get (index, at) > 0)
    {
      gint64 offset = kl_height_index_get_prefix (index, at) + kl_height_index_get (index, at) - 1;

      g_assert_cmpuint (kl_height_index_find (index, offset, &prefix), ==, at);
      g_assert_cmpint (prefix, ==, kl_height_index_get_prefix (index, at));
    }
}

static void
test_random (void)
{
  g_autoptr (KlHeightIndex) index = kl_height_index_new ();
  g_autoptr (GArray) plain = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint step = 0; step < 2500; step++)
    {
      guint at = (guint) g_rand_int_range (rand, 0, (int) plain->len + 1);
      guint n = (guint) (g_rand_int_range (rand, 0, 20) == 0 ? g_rand_int_range (rand, 0, 1200)
                                                             : g_rand_int_range (rand, 0, 60));

      switch (g_rand_int_range (rand, 0, 3))
        {
        case 0:
          if (plain->len > 4000)
            break;
          kl_height_index_insert (index, at, n);
          for (guint i = 0; i < n; i++)
            g_array_insert_val (plain, at, ((int) { -1 }));
          break;
        case 1:
          n = MIN (n, plain->len - at);
          kl_height_index_remove (index, at, n);
          g_array_remove_range (plain, at, n);
          break;
        default:
          for (guint i = at; i < MIN (plain->len, at + n); i++)
            {
              g_array_index (plain, int, i) = g_rand_int_range (rand, 0, 300);
              kl_height_index_set (index, i, g_array_index (plain, int, i));
            }
        }
      assert_same (index, plain, rand);
    }
}

static void
test_ends (void)
{
  g_autoptr (KlHeightIndex) index = kl_height_index_new ();
  gint64 prefix;

  g_assert_cmpint (kl_height_index_get_total (index), ==, 0);
  kl_height_index_insert (index, 0, 100000);
  for (guint i = 0; i < 1000; i++)
    kl_height_index_set (index, i * 100, 50);
  g_assert_cmpint (kl_height_index_get_total (index), >=, 100000 * 45);
  g_assert_cmpuint (kl_height_index_find (index, -5, &prefix), ==, 0);
  g_assert_cmpint (prefix, ==, 0);
  g_assert_cmpuint (kl_height_index_find (index, G_MAXINT64 / 2, &prefix), ==, 99999);
  g_assert_cmpint (prefix, ==, kl_height_index_get_prefix (index, 99999));
  kl_height_index_remove (index, 0, 100000);
  g_assert_cmpint (kl_height_index_get_total (index), ==, 0);
  g_assert_true (kl_height_index_check (index));
}

/* The estimate follows what is measured, but not with every row. */
static void
test_estimate (void)
{
  g_autoptr (KlHeightIndex) index = kl_height_index_new ();
  guint n_changes = 0;
  int estimate;

  kl_height_index_insert (index, 0, 5000);
  estimate = kl_height_index_get (index, 4999);
  for (guint i = 0; i < 4000; i++)
    {
      kl_height_index_set (index, i, 200);
      if (kl_height_index_get (index, 4999) != estimate)
        n_changes++;
      estimate = kl_height_index_get (index, 4999);
    }
  g_assert_cmpint (estimate, ==, 200);
  g_assert_cmpuint (n_changes, <=, 12);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/timeline/heights/random", test_random);
  g_test_add_func ("/timeline/heights/ends", test_ends);
  g_test_add_func ("/timeline/heights/estimate", test_estimate);
  return g_test_run ();
}
