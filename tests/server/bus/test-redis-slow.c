/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three nodes as servers have them, with their lease of 12 s and their patience of 3 s: what is promised in seconds. */
#include <signal.h>
#include <stdio.h>

#include "tests/server/bus/kl-bus-kit.h"

/* The address sanitizer keeps what was freed. */
#if defined(__SANITIZE_ADDRESS__)
#define WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED
#endif
#endif

#define N_NODES 3
#define N_USERS 300

typedef struct
{
  KlTestValkey *valkey;
  KlTestRelay *relay; /* of the last node */
  KlBusKitNode *nodes[N_NODES];
  KlActivity truth[N_NODES][N_USERS];
} Cluster;

static void
set_up (Cluster *self, gconstpointer unused)
{
  KlRedisBusSettings settings = { .epoch = KL_BUS_KIT_EPOCH, .secret = "secret" };
  g_autofree char *uri = NULL;

  self->valkey = kl_test_valkey_new (KL_TEST_VALKEY_PLAIN);
  self->relay = kl_test_relay_new (kl_test_valkey_get_port (self->valkey));
  uri = g_strdup_printf ("redis://127.0.0.1:%u", kl_test_relay_get_port (self->relay));
  for (guint i = 0; i < N_NODES; i++)
    self->nodes[i] = kl_bus_kit_node_ready (i == N_NODES - 1 ? uri : kl_test_valkey_get_uri (self->valkey), &settings);
  for (guint i = 0; i < N_NODES; i++)
    kl_test_wait_until (kl_bus_kit_knows (self->nodes[i], N_NODES));
  g_ptr_array_set_size (kl_bus_kit_get_log (), 0);
}

static void
tear_down (Cluster *self, gconstpointer unused)
{
  for (guint i = 0; i < N_NODES; i++)
    g_clear_pointer (&self->nodes[i], kl_bus_kit_node_free);
  kl_test_relay_free (self->relay);
  kl_test_valkey_free (self->valkey);
  g_ptr_array_set_size (kl_bus_kit_get_log (), 0);
}

static void
churn (Cluster *self, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      guint node = (guint) g_test_rand_int_range (0, N_NODES), user = (guint) g_test_rand_int_range (0, N_USERS);
      g_autofree char *id = g_strdup_printf ("u%u", user);

      if (!self->nodes[node])
        continue;
      self->truth[node][user] = (KlActivity) g_test_rand_int_range (0, 3);
      kl_bus_kit_set (self->nodes[node], id, self->truth[node][user], self->truth[node][user] ? 1 : 0, NULL);
      if (i % 10 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
}

static gboolean
is_exact (Cluster *self)
{
  for (guint node = 0; node < N_NODES; node++)
    for (guint user = 0; self->nodes[node] && user < N_USERS; user++)
      {
        g_autofree char *id = g_strdup_printf ("u%u", user);
        g_autofree char *expected = NULL;
        KlActivity activity = KL_ACTIVITY_OFFLINE;
        guint connections = 0;

        for (guint other = 0; other < N_NODES; other++)
          if (other != node)
            {
              activity = MAX (activity, self->truth[other][user]);
              connections += self->truth[other][user] != KL_ACTIVITY_OFFLINE;
            }
        expected = g_strdup_printf ("%d/%u", activity, connections);
        if (!kl_bus_kit_is (self->nodes[node], id, expected))
          return FALSE;
      }

  return TRUE;
}

static void
wait_exact (Cluster *self, double seconds, const char *after)
{
  gint64 begin_usec = g_get_monotonic_time ();
  double took_s;

  kl_test_wait_until (is_exact (self));
  took_s = (double) (g_get_monotonic_time () - begin_usec) / 1e6;
  g_test_message ("exact %.1f s after %s", took_s, after);
  g_assert_cmpfloat (took_s, <, seconds);
}

static void
live (Cluster *self, guint seconds)
{
  for (guint i = 0; i < seconds * 5; i++)
    {
      churn (self, 20);
      kl_test_spin (200);
    }
}

static void
test_valkey_stopped (Cluster *self, gconstpointer unused)
{
  live (self, 3);
  wait_exact (self, 2, "churn");
  kl_test_valkey_signal (self->valkey, SIGKILL);
  live (self, 20);
  kl_test_valkey_restart (self->valkey);
  wait_exact (self, 15, "Valkey was started again, empty");
  kl_test_wait_until (kl_bus_kit_get_log ()->len == 2 * N_NODES);
}

static void
test_valkey_frozen (Cluster *self, gconstpointer unused)
{
  live (self, 3);
  kl_test_valkey_signal (self->valkey, SIGSTOP);
  live (self, 8);
  for (guint i = 0; i < N_NODES; i++)
    g_assert_false (kl_bus_kit_is_ready (self->nodes[i]));
  kl_test_valkey_signal (self->valkey, SIGCONT);
  wait_exact (self, 15, "Valkey went on");
  kl_test_wait_until (kl_bus_kit_get_log ()->len == 2 * N_NODES);
}

static void
test_node_killed (Cluster *self, gconstpointer unused)
{
  live (self, 3);
  wait_exact (self, 2, "churn");
  kl_test_relay_set_silent (self->relay, TRUE);
  g_clear_pointer (&self->nodes[N_NODES - 1], kl_bus_kit_node_free);
  for (guint user = 0; user < N_USERS; user++)
    self->truth[N_NODES - 1][user] = KL_ACTIVITY_OFFLINE;
  wait_exact (self, 15, "a node was killed");
}

static gsize
get_rss_kib (void)
{
  FILE *file = fopen ("/proc/self/statm", "r");
  gulong pages = 0;

  g_assert_cmpint (fscanf (file, "%*u %lu", &pages), ==, 1);
  fclose (file);

  return pages * 4;
}

/* Packets vanish, for as long as a test may take, while the node has much to say. */
static void
test_silent_cut (Cluster *self, gconstpointer unused)
{
  KlBusKitNode *node = self->nodes[N_NODES - 1];
  gint64 begin_usec = g_get_monotonic_time ();
  KlBusCounters counters;
  gsize rss_kib = 0;

  kl_test_relay_set_silent (self->relay, TRUE);
  for (guint second = 0; second < 60; second++)
    {
      for (int i = 0; i < 500; i++)
        kl_bus_kit_publish (node, "tea", second * 500 + i, second * 500 + i + 1);
      kl_test_spin (1000);
      if (second == 5)
        {
          g_assert_false (kl_bus_kit_is_ready (node));
          g_assert_cmpint (g_get_monotonic_time () - begin_usec, <, 20 * G_USEC_PER_SEC);
          rss_kib = get_rss_kib ();
        }
      kl_bus_get_counters (node->bus, &counters);
      if (second > 5)
        g_assert_cmpuint (counters.queue_bytes, <, 1024); /* the first words of a try */
    }
  g_test_message ("%" G_GSIZE_FORMAT " KiB, and %" G_GSIZE_FORMAT " KiB after 54 more seconds", rss_kib,
                  get_rss_kib ());
#ifndef WATCHED
  g_assert_cmpuint (get_rss_kib (), <, rss_kib + 16 * 1024);
#endif
  kl_test_relay_set_silent (self->relay, FALSE);
  kl_test_wait_until (kl_bus_kit_is_ready (node));
  g_assert_cmpuint (kl_bus_kit_get_log ()->len, ==, 2);
}

int
main (int argc, char **argv)
{
  if (!kl_bus_kit_init (&argc, &argv))
    return 0;
#define ADD(name, test) g_test_add ("/bus/redis-slow/" name, Cluster, NULL, set_up, test, tear_down)
  ADD ("valkey-stopped", test_valkey_stopped);
  ADD ("valkey-frozen", test_valkey_frozen);
  ADD ("node-killed", test_node_killed);
  ADD ("silent-cut", test_silent_cut);

  return g_test_run ();
}
