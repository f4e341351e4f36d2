/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the bus costs: two nodes in this process, on one thread, and a Redis (the URI given, else a Valkey of its own).
 * bench-bus [URI] */
#include <sys/resource.h>

#include "tests/server/bus/kl-bus-contract.h"
#include "tests/server/bus/kl-bus-kit.h"

#define N_MANY 100000
#define N_UNDER_WAY 1000
#define N_ONE_BY_ONE 5000

typedef struct
{
  guint n;
  gint64 sent_usec;
  GArray *usecs;
} Heard;

static void
on_changes (gpointer user_data, const char *node, KlStoreBatch *batch)
{
  Heard *heard = user_data;
  gint64 took_usec = g_get_monotonic_time () - heard->sent_usec;

  heard->n++;
  g_array_append_val (heard->usecs, took_usec);
}

static const KlBusListener listener = { .on_changes = on_changes };

static double
get_cpu_s (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);

  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int
compare_usecs (gconstpointer a, gconstpointer b)
{
  return (int) (*(const gint64 *) a - *(const gint64 *) b);
}

static void
measure_many (KlBusKitNode *from, Heard *heard)
{
  gint64 begin_usec = g_get_monotonic_time ();
  double cpu_s = get_cpu_s ();
  double took_s;

  heard->n = 0;
  for (guint i = 0; heard->n < N_MANY;)
    {
      while (i < N_MANY && i < heard->n + N_UNDER_WAY)
        {
          kl_bus_kit_publish (from, "g", 100 + i, 101 + i);
          i++;
        }
      g_main_context_iteration (NULL, TRUE);
    }
  took_s = (double) (g_get_monotonic_time () - begin_usec) / 1e6;
  cpu_s = get_cpu_s () - cpu_s;
  g_print ("%.0f publications/s, cache brought forward, %.1f µs CPU each for sender and receiver together\n",
           N_MANY / took_s, cpu_s * 1e6 / N_MANY);
}

static void
measure_one_by_one (KlBusKitNode *from, Heard *heard)
{
  g_array_set_size (heard->usecs, 0);
  heard->n = 0;
  for (guint i = 0; i < N_ONE_BY_ONE; i++)
    {
      heard->sent_usec = g_get_monotonic_time ();
      kl_bus_kit_publish (from, "g", 200000 + i, 200001 + i);
      while (heard->n <= i)
        g_main_context_iteration (NULL, TRUE);
    }
  g_array_sort (heard->usecs, compare_usecs);
  g_print ("one way: p50 %.2f ms, p99 %.2f ms\n", (double) g_array_index (heard->usecs, gint64, N_ONE_BY_ONE / 2) / 1e3,
           (double) g_array_index (heard->usecs, gint64, N_ONE_BY_ONE * 99 / 100) / 1e3);
}

static void
measure_cache (KlBusKitNode *node)
{
  gint64 begin_usec;

  kl_bus_contract_fill (node->bus, 900000, 1, 100);
  begin_usec = g_get_monotonic_time ();
  for (int i = 0; i < 1000; i++)
    kl_bus_contract_assert_cached (node->bus, "900000: 1+100");
  g_print ("a page of 100 messages from the cache: %.2f ms\n",
           (double) (g_get_monotonic_time () - begin_usec) / 1e3 / 1000);
}

static void
measure_subscriptions (KlBusKitNode *node)
{
  gint64 begin_usec = g_get_monotonic_time ();
  KlBusForward forward = { "u", "g", "{}", 2 };

  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *group = g_strdup_printf ("group-%d", i);

      kl_bus_subscribe (node->bus, group);
    }
  kl_bus_forward (node->bus, "nobody", &forward);
  for (KlBusCounters counters = { .queue_bytes = 1 }; counters.queue_bytes > 0;)
    {
      g_main_context_iteration (NULL, TRUE);
      kl_bus_get_counters (node->bus, &counters);
    }
  g_print ("1000 subscriptions: %.1f ms\n", (double) (g_get_monotonic_time () - begin_usec) / 1e3);
}

int
main (int argc, char **argv)
{
  KlTestValkey *valkey = argc > 1 ? NULL : kl_test_valkey_new (KL_TEST_VALKEY_PLAIN);
  const char *uri = argc > 1 ? argv[1] : kl_test_valkey_get_uri (valkey);
  KlRedisBusSettings settings = { .epoch = "bench", .secret = "bench" };
  KlBusKitNode *from = kl_bus_kit_node_ready (uri, &settings);
  KlBusKitNode *to = kl_bus_kit_node_ready (uri, &settings);
  Heard heard = { .usecs = g_array_new (FALSE, FALSE, sizeof (gint64)) };

  kl_bus_set_listener (to->bus, &listener, &heard);
  kl_bus_subscribe (to->bus, "g");
  kl_test_spin (100);
  kl_bus_contract_fill (from->bus, 100, 1, 100);
  measure_many (from, &heard);
  measure_one_by_one (from, &heard);
  measure_cache (from);
  measure_subscriptions (to);

  kl_bus_kit_node_free (from);
  kl_bus_kit_node_free (to);
  g_array_unref (heard.usecs);
  if (valkey)
    kl_test_valkey_free (valkey);

  return 0;
}
