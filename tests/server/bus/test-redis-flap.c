/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Redis that comes and goes 500 times, at any moment of a connection's life, in every manner: nothing of hiredis'
 * that was freed is used (the test build would say so), nothing is left open, and in the end all is as it should be. */
#include <dirent.h>
#include <string.h>

#include "tests/server/bus/kl-bus-kit.h"

#define N_FLAPS 500

static guint
count_descriptors (void)
{
  DIR *dir = opendir ("/proc/self/fd");
  guint n = 0;

  while (readdir (dir))
    n++;
  closedir (dir);

  return n;
}

typedef struct
{
  KlBusKitNode *far;
  guint n_asked;
  guint n_answered;
  guint n_groups;
} Life;

static void
on_cached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Life *life = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlBusCached) cached = kl_bus_cache_get_finish (KL_BUS (source), result, &error);

  g_assert_no_error (error);
  life->n_answered++;
}

/* A bit of everything, so that commands of each kind are under way whenever it breaks. */
static void
live (Life *life, int round)
{
  g_autofree char *user = g_strdup_printf ("u%d", g_test_rand_int_range (0, 20));
  g_autofree char *group = g_strdup_printf ("g%d", g_test_rand_int_range (0, 5));

  for (int i = g_test_rand_int_range (0, 20); i > 0; i--)
    kl_bus_kit_publish (life->far, group, round * 20 + i, 1);
  kl_bus_kit_set (life->far, user, g_test_rand_int_range (0, 3), 1, group);
  kl_bus_signal (life->far->bus, &(KlBusSignal) { .kind = KL_BUS_TYPING, .user = "u", .group = group });
  kl_bus_cache_get_async (life->far->bus, group, on_cached, life);
  life->n_asked++;
  kl_bus_subscribe (life->far->bus, group);
  if (g_test_rand_bit ())
    kl_bus_unsubscribe (life->far->bus, group);
  else
    life->n_groups++;
}

static void
break_it (KlTestRelay *relay)
{
  static const char *const answers[] = {
    "-LOADING Valkey is loading the dataset in memory\r\n",
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
    "-NOAUTH Authentication required.\r\n",
    "-ERR max number of clients reached\r\n",
    "-MISCONF Errors writing to disk\r\n",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "$-2\r\n",
  };

  kl_test_relay_set_budget (relay, -1);
  kl_test_relay_set_answer (relay, NULL, 0);
  kl_test_relay_set_silent (relay, FALSE);
  switch (g_test_rand_int_range (0, 5))
    {
    case 0:
    case 1:
      kl_test_relay_set_budget (relay, g_test_rand_int_range (0, 600));
      break;
    case 2:
    case 3:
      kl_test_relay_set_answer (relay, answers[g_test_rand_int_range (0, G_N_ELEMENTS (answers))],
                                (guint) g_test_rand_int_range (0, 8000));
      break;
    default:
      kl_test_relay_set_silent (relay, g_test_rand_bit ());
      break;
    }
  kl_test_relay_cut (relay);
}

static void
test_flap (void)
{
  g_autoptr (KlTestValkey) valkey = kl_test_valkey_new (KL_TEST_VALKEY_PASSWORD);
  KlTestRelay *relay = kl_test_relay_new (kl_test_valkey_get_port (valkey));
  g_autofree char *uri = g_strdup_printf ("redis://:open%%3Asesame%%401@127.0.0.1:%u", kl_test_relay_get_port (relay));
  g_autofree char *heard = NULL;
  KlBusKitNode *near = kl_bus_kit_node_ready (kl_test_valkey_get_uri (valkey), NULL);
  KlRedisBusSettings settings;
  Life life = { 0 };
  guint n_descriptors;

  kl_bus_kit_settings (&settings);
  settings.patience = (KlRedisPatience) {
    .ping_ms = 20, .silence_ms = 300, .retry_min_ms = 1, .retry_max_ms = 10, .queue_bytes = 1024 * 1024
  };
  life.far = kl_bus_kit_node_ready (uri, &settings);
  kl_test_wait_until (kl_test_relay_count (relay) == 2);
  n_descriptors = count_descriptors ();

  for (int round = 0; round < N_FLAPS; round++)
    {
      guint before = kl_test_relay_count_all (relay);
      gint64 until_usec = g_get_monotonic_time () + g_test_rand_int_range (0, 12000);

      live (&life, round);
      break_it (relay);
      do
        g_main_context_iteration (NULL, FALSE);
      while (g_get_monotonic_time () < until_usec);
      kl_test_wait_until (kl_test_relay_count_all (relay) > before);
      live (&life, round);
    }
  kl_test_relay_set_budget (relay, -1);
  kl_test_relay_set_answer (relay, NULL, 0);
  kl_test_relay_set_silent (relay, FALSE);
  kl_test_relay_cut (relay);
  kl_test_wait_until (kl_bus_kit_is_ready (life.far) && kl_test_relay_count (relay) == 2);
  kl_test_wait_until (life.n_answered == life.n_asked);
  kl_test_wait_until (count_descriptors () <= n_descriptors);

  /* Word for word as before. */
  for (int i = 0; i < 20; i++)
    {
      g_autofree char *user = g_strdup_printf ("u%d", i);

      kl_bus_kit_set (life.far, user, KL_ACTIVITY_OFFLINE, 0, NULL);
    }
  kl_bus_kit_set (life.far, "u7", KL_ACTIVITY_ONLINE, 2, "tea");
  for (int i = 0; i < 20; i++)
    {
      g_autofree char *user = g_strdup_printf ("u%d", i);

      kl_test_wait_until (kl_bus_kit_is (near, user, i == 7 ? "2/2 tea" : "0/0"));
    }
  kl_bus_subscribe (life.far->bus, "tea");
  heard = g_strdup_printf ("changes %s tea 1+1", near->id);
  /* The subscription is another connection's. */
  for (int i = 0; i < 300 && !kl_bus_kit_has (life.far, heard); i++)
    {
      kl_bus_kit_publish (near, "tea", 1, 1);
      kl_test_spin (100);
    }
  g_assert_true (kl_bus_kit_has (life.far, heard));
  g_test_message ("%u connections, %u lines", kl_test_relay_count_all (relay), kl_bus_kit_get_log ()->len);
  /* There and not there, with a reason, but no line twice. */
  for (guint i = 1; i < kl_bus_kit_get_log ()->len; i++)
    if (!strstr (g_ptr_array_index (kl_bus_kit_get_log (), i), near->id))
      g_assert_cmpstr (g_ptr_array_index (kl_bus_kit_get_log (), i), !=,
                       g_ptr_array_index (kl_bus_kit_get_log (), i - 1));

  kl_bus_kit_node_free (life.far);
  kl_bus_kit_node_free (near);
  kl_test_relay_free (relay);
}

/* It ends while it connects, signs in, or is refused. */
static void
test_end_anywhere (void)
{
  g_autoptr (KlTestValkey) valkey = kl_test_valkey_new (KL_TEST_VALKEY_PASSWORD | KL_TEST_VALKEY_TLS);
  g_autofree char *cert = kl_test_valkey_dup_path (valkey, "server.pem");
  g_autofree char *tls = g_strdup_printf ("rediss://:open%%3Asesame%%401@localhost:%u?ca=%s",
                                          kl_test_valkey_get_tls_port (valkey), cert);
  const char *uris[] = { kl_test_valkey_get_uri (valkey), tls };
  guint n_descriptors = 0;

  for (int i = 0; i < 200; i++)
    {
      KlBusKitNode *node = kl_bus_kit_node_new (uris[i % 2], NULL);

      kl_bus_kit_set (node, "u", KL_ACTIVITY_ONLINE, 1, NULL);
      kl_bus_subscribe (node->bus, "tea");
      for (int turns = i / 4; turns > 0; turns--)
        {
          g_usleep (200);
          g_main_context_iteration (NULL, FALSE);
        }
      kl_bus_kit_node_free (node);
      if (i == 20)
        {
          kl_test_spin (50);
          n_descriptors = count_descriptors ();
        }
    }
  kl_test_wait_until (count_descriptors () <= n_descriptors);
  g_ptr_array_set_size (kl_bus_kit_get_log (), 0);
}

int
main (int argc, char **argv)
{
  if (!kl_bus_kit_init (&argc, &argv))
    return 0;
  g_test_add_func ("/bus/redis-flap/flap", test_flap);
  g_test_add_func ("/bus/redis-flap/end-anywhere", test_end_anywhere);

  return g_test_run ();
}
