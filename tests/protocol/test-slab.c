/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-slab.h"

#include <string.h>

#include "tests/kit/kl-test.h"

#define N 5000

typedef struct
{
  guint number;
  char rest[101];
} Thing;

static Thing *
make (KlSlab *slab, guint number)
{
  Thing *thing = kl_slab_alloc (slab);

  g_assert_cmpuint ((gsize) thing % 16, ==, 0);
  g_assert_cmpuint (thing->number, ==, 0);
  for (gsize i = 0; i < sizeof thing->rest; i++)
    g_assert_cmpint (thing->rest[i], ==, 0);
  thing->number = number;
  memset (thing->rest, 0xa5, sizeof thing->rest);

  return thing;
}

/* Things come and go in any order; each is zeroed when it comes and nobody else's while it stays. */
static void
test_churn (void)
{
  static _Thread_local KlSlab slab = KL_SLAB_INIT (Thing);
  g_autofree Thing **things = g_new0 (Thing *, N);

  for (guint round = 0; round < 20; round++)
    {
      for (guint i = 0; i < N; i++)
        {
          if (!things[i] && g_test_rand_bit ())
            {
              things[i] = make (&slab, i + 1);
            }
          else if (things[i] && g_test_rand_bit ())
            {
              g_assert_cmpuint (things[i]->number, ==, i + 1);
              kl_slab_free (&slab, g_steal_pointer (&things[i]));
            }
        }
    }
  for (guint i = 0; i < N; i++)
    if (things[i])
      {
        g_assert_cmpuint (things[i]->number, ==, i + 1);
        kl_slab_free (&slab, g_steal_pointer (&things[i]));
      }
  kl_slab_trim_all ();
}

/* What is in use stays where it is while the rest is given back. */
static void
test_trim (void)
{
  static _Thread_local KlSlab slab = KL_SLAB_INIT (Thing);
  g_autofree Thing **things = g_new0 (Thing *, N);

  for (guint i = 0; i < N; i++)
    things[i] = make (&slab, i + 1);
  for (guint i = 0; i < N; i++)
    if (i % 2000 != 0)
      kl_slab_free (&slab, things[i]);
  kl_slab_trim_all ();
  for (guint i = 0; i < N; i += 2000)
    g_assert_cmpuint (things[i]->number, ==, i + 1);
  for (guint i = 0; i < N; i++)
    if (i % 2000 != 0)
      things[i] = make (&slab, i + 1);
  for (guint i = 0; i < N; i++)
    {
      g_assert_cmpuint (things[i]->number, ==, i + 1);
      kl_slab_free (&slab, things[i]);
    }
  kl_slab_trim_all ();
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/slab/churn", test_churn);
  g_test_add_func ("/slab/trim", test_trim);

  return g_test_run ();
}
