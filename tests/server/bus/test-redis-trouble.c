/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can go wrong between a node and its Redis, done to a real one. */
#include <signal.h>
#include <string.h>

#include "server/bus/kl-bus-wire.h"
#include "tests/server/bus/kl-bus-contract.h"
#include "tests/server/bus/kl-bus-kit.h"

/* Of the kit's settings. */
#define LEASE_MS 2000
#define NOTICED_MS (1000 + 2 * 200)

static gint64
get_ms (void)
{
  return g_get_monotonic_time () / G_TIME_SPAN_MILLISECOND;
}

/* ── Gone and back ── */

typedef struct
{
  KlTestValkey *valkey;
  KlTestRelay *relay; /* of `far` */
  KlBusKitNode *near;
  KlBusKitNode *far;
} Pair;

static void
set_up (Pair *self, gconstpointer unused)
{
  g_autofree char *uri = NULL;

  self->valkey = kl_test_valkey_new (KL_TEST_VALKEY_PLAIN);
  self->relay = kl_test_relay_new (kl_test_valkey_get_port (self->valkey));
  uri = g_strdup_printf ("redis://127.0.0.1:%u", kl_test_relay_get_port (self->relay));
  self->near = kl_bus_kit_node_ready (kl_test_valkey_get_uri (self->valkey), NULL);
  self->far = kl_bus_kit_node_ready (uri, NULL);
  kl_test_wait_until (kl_bus_kit_knows (self->near, 2) && kl_bus_kit_knows (self->far, 2));
  g_assert_cmpuint (self->near->reconnected, ==, 1);
  kl_bus_kit_assert_log ("The bus is there: *", "The bus is there: *", NULL);
}

static void
tear_down (Pair *self, gconstpointer unused)
{
  g_clear_pointer (&self->near, kl_bus_kit_node_free);
  g_clear_pointer (&self->far, kl_bus_kit_node_free);
  g_clear_pointer (&self->relay, kl_test_relay_free);
  g_clear_pointer (&self->valkey, kl_test_valkey_free);
  g_ptr_array_set_size (kl_bus_kit_get_log (), 0);
}

static char *
changes (KlBusKitNode *from, const char *what)
{
  return g_strdup_printf ("changes %s %s", from->id, what);
}

static void
test_restarted (Pair *self, gconstpointer unused)
{
  g_autofree char *lost = changes (self->near, "tea 8+0");
  g_autofree char *next = changes (self->near, "tea 8+1");
  KlBusCounters counters;

  kl_bus_subscribe (self->far->bus, "tea");
  kl_bus_kit_set (self->near, "stays", KL_ACTIVITY_ONLINE, 1, "tea");
  kl_bus_kit_set (self->near, "goes", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->far, "goes", "2/1"));
  kl_test_valkey_signal (self->valkey, SIGKILL);
  kl_test_wait_until (!kl_bus_kit_is_ready (self->near) && !kl_bus_kit_is_ready (self->far));
  /* Longer than the lease: what nobody can know is not taken for gone. */
  g_hash_table_remove_all (self->far->changed);
  kl_bus_kit_publish (self->near, "tea", 6, 1);
  kl_bus_kit_publish (self->near, "tea", 7, 2);
  kl_bus_kit_set (self->near, "goes", KL_ACTIVITY_OFFLINE, 0, NULL);
  kl_bus_kit_set (self->near, "comes", KL_ACTIVITY_AWAY, 1, NULL);
  kl_test_spin (LEASE_MS + 700);
  g_assert_true (kl_bus_kit_is (self->far, "stays", "2/1 tea"));
  g_assert_true (kl_bus_kit_is (self->far, "goes", "2/1"));
  g_assert_cmpuint (g_hash_table_size (self->far->changed), ==, 0);
  kl_bus_get_counters (self->near->bus, &counters);
  g_assert_cmpuint (counters.queue_bytes, ==, 0);
  g_assert_true (kl_bus_kit_knows (self->far, 2));

  kl_test_valkey_restart (self->valkey);
  kl_bus_kit_wait_ready (self->near);
  kl_bus_kit_wait_ready (self->far);
  kl_test_wait_until (kl_bus_kit_is (self->far, "goes", "0/0") && kl_bus_kit_is (self->far, "comes", "1/1"));
  g_assert_true (kl_bus_kit_is (self->far, "stays", "2/1 tea"));
  g_assert_false (g_hash_table_contains (self->far->changed, "stays"));
  g_assert_cmpuint (self->near->reconnected, ==, 2);
  g_assert_cmpuint (self->far->reconnected, ==, 2);
  /* Far hears of what near could not say, if it was there first; both read on in the store anyway. */
  kl_bus_kit_publish (self->near, "tea", 8, 3);
  kl_test_wait_until (kl_bus_kit_has (self->far, next) || kl_bus_kit_has (self->far, lost));
  kl_bus_get_counters (self->near->bus, &counters);
  g_assert_cmpuint (counters.reconnects, ==, 1);
  kl_bus_kit_assert_log ("The bus is not there: *", "The bus is not there: *", "The bus is there: *",
                         "The bus is there: *", NULL);
}

/* One node alone is cut off: the other learns which groups have moved. */
static void
test_moved (Pair *self, gconstpointer unused)
{
  g_autofree char *moved = changes (self->far, "tea 8+0");

  kl_bus_subscribe (self->near->bus, "tea");
  kl_test_relay_set_budget (self->relay, 0);
  kl_test_relay_cut (self->relay);
  kl_test_wait_until (!kl_bus_kit_is_ready (self->far));
  kl_bus_kit_publish (self->far, "tea", 6, 1);
  kl_bus_kit_publish (self->far, "tea", 7, 2);
  kl_test_relay_set_budget (self->relay, -1);
  kl_bus_kit_wait (self->near, moved);
  g_assert_cmpuint (self->near->reconnected, ==, 1);
}

/* What was said before a slow subscription is there has to be read. */
static void
test_slow_subscription (Pair *self, gconstpointer unused)
{
  kl_test_relay_set_delay (self->relay, 100);
  kl_bus_subscribe (self->far->bus, "tea");
  kl_bus_kit_wait (self->far, "subscribed tea");
  kl_bus_subscribe (self->far->bus, "tea");
  kl_bus_unsubscribe (self->far->bus, "tea");
  kl_test_spin (300);
  g_assert_false (kl_bus_kit_has (self->far, "subscribed tea"));
}

static void
test_frozen_server (Pair *self, gconstpointer unused)
{
  gint64 begin_ms, cached_ms;
  g_autofree char *cached = NULL;

  kl_bus_kit_set (self->far, "u", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->near, "u", "2/1"));
  begin_ms = get_ms ();
  kl_test_valkey_signal (self->valkey, SIGSTOP);
  /* The cache is passed by before anybody knows. */
  cached = kl_bus_contract_look (self->near->bus);
  g_assert_cmpstr (cached, ==, "-");
  g_assert_cmpint (get_ms () - begin_ms, <, NOTICED_MS);
  /* And nobody waits again behind one who has waited in vain. */
  cached_ms = get_ms ();
  for (int i = 0; i < 5; i++)
    g_free (kl_bus_contract_look (self->near->bus));
  g_assert_cmpint (get_ms () - cached_ms, <, 400);
  kl_bus_kit_wait_reason (self->near, "it does not answer any more");
  kl_test_wait_until (!kl_bus_kit_is_ready (self->far));
  g_assert_cmpint (get_ms () - begin_ms, <, NOTICED_MS + 2000);
  /* It takes connections all the time. */
  kl_bus_kit_spin_tries ();
  g_assert_false (kl_bus_kit_is_ready (self->near));
  kl_bus_kit_set (self->far, "u", KL_ACTIVITY_OFFLINE, 0, NULL);
  kl_bus_kit_set (self->far, "v", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_spin (LEASE_MS);
  g_assert_true (kl_bus_kit_is (self->near, "u", "2/1"));
  kl_test_valkey_signal (self->valkey, SIGCONT);
  kl_bus_kit_wait_ready (self->near);
  kl_bus_kit_wait_ready (self->far);
  kl_test_wait_until (kl_bus_kit_is (self->near, "u", "0/0") && kl_bus_kit_is (self->near, "v", "2/1"));
  kl_bus_kit_assert_log ("The bus is not there: *", "The bus is not there: *", "The bus is there: *",
                         "The bus is there: *", NULL);
}

/* No reset, no end: packets only vanish. */
static void
test_silent_cut (Pair *self, gconstpointer unused)
{
  KlBusCounters counters;
  gint64 begin_ms;

  kl_bus_kit_set (self->far, "u", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_bus_kit_set (self->near, "w", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->near, "u", "2/1") && kl_bus_kit_is (self->far, "w", "2/1"));
  kl_test_relay_set_silent (self->relay, TRUE);
  begin_ms = get_ms ();
  for (int i = 0; i < 2000; i++)
    kl_bus_kit_publish (self->far, "tea", i, i + 1);
  kl_bus_kit_wait_reason (self->far, "it does not answer any more");
  g_assert_cmpint (get_ms () - begin_ms, <, NOTICED_MS + 1000);
  for (int i = 0; i < 2000; i++)
    kl_bus_kit_publish (self->far, "tea", i, i + 1);
  kl_bus_get_counters (self->far->bus, &counters);
  g_assert_cmpuint (counters.queue_bytes, ==, 0);
  /* For the near one it is dead, for itself the near one may live. */
  kl_test_wait_until (kl_bus_kit_is (self->near, "u", "0/0"));
  g_assert_cmpint (get_ms () - begin_ms, >, LEASE_MS - 600);
  g_assert_true (kl_bus_kit_is (self->far, "w", "2/1"));
  g_assert_true (kl_bus_kit_is_ready (self->near));
  kl_bus_kit_wait_reason (self->far, "it does not answer");

  kl_test_relay_set_silent (self->relay, FALSE);
  kl_bus_kit_wait_ready (self->far);
  kl_test_wait_until (kl_bus_kit_is (self->near, "u", "2/1"));
  kl_bus_kit_assert_log ("The bus is not there: *: it does not answer any more. *", "The bus is there: *", NULL);
}

/* kill -9: no good-bye. */
static void
test_killed_node (Pair *self, gconstpointer unused)
{
  gint64 begin_ms;

  kl_bus_kit_set (self->far, "u", KL_ACTIVITY_ONLINE, 1, "tea");
  kl_bus_kit_set (self->far, "both", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_bus_kit_set (self->near, "both", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->near, "u", "2/1 tea") && kl_bus_kit_is (self->far, "both", "2/1"));
  kl_test_relay_set_silent (self->relay, TRUE);
  begin_ms = get_ms ();
  g_clear_pointer (&self->far, kl_bus_kit_node_free);
  kl_test_wait_until (kl_bus_kit_is (self->near, "u", "0/0"));
  g_assert_cmpint (get_ms () - begin_ms, >, LEASE_MS - 600);
  g_assert_cmpint (get_ms () - begin_ms, <, LEASE_MS + 3000);
  g_assert_true (kl_bus_kit_knows (self->near, 1));
}

/* A node that stood still longer than all leases thinks neither the others nor its connection dead. */
static void
test_frozen_node (Pair *self, gconstpointer unused)
{
  KlBusCounters counters;

  kl_bus_kit_set (self->far, "u", KL_ACTIVITY_ONLINE, 1, "tea");
  kl_bus_kit_set (self->near, "v", KL_ACTIVITY_ONLINE, 1, "tea");
  kl_test_wait_until (kl_bus_kit_is (self->near, "u", "2/1 tea") && kl_bus_kit_is (self->far, "v", "2/1 tea"));
  g_hash_table_remove_all (self->near->changed);
  g_usleep ((LEASE_MS + 1500) * 1000);
  kl_test_spin (LEASE_MS + 500);
  g_assert_true (kl_bus_kit_is (self->near, "u", "2/1 tea") && kl_bus_kit_is (self->far, "v", "2/1 tea"));
  g_assert_cmpuint (g_hash_table_size (self->near->changed), ==, 0);
  kl_bus_get_counters (self->near->bus, &counters);
  g_assert_cmpuint (counters.reconnects, ==, 0);
  /* The hashes, whose leases had run out, are there again. */
  {
    g_autofree char *keys = kl_test_valkey_ask (self->valkey, "KEYS", "klatch:*:p:*", NULL);
    g_autofree char *ttl = NULL;

    g_assert_nonnull (strchr (keys, '\n'));
    *strchr (keys, '\n') = '\0';
    ttl = kl_test_valkey_ask (self->valkey, "PTTL", keys, NULL);
    g_assert_cmpint (g_ascii_strtoll (ttl, NULL, 10), >, 0);
  }
  g_assert_cmpuint (kl_bus_kit_get_log ()->len, ==, 0);
}

static void
test_nowhere (void)
{
  g_autoptr (KlTestValkey) valkey = kl_test_valkey_new (KL_TEST_VALKEY_PLAIN);
  KlBusKitNode *node;

  kl_test_valkey_signal (valkey, SIGKILL);
  node = kl_bus_kit_node_new (kl_test_valkey_get_uri (valkey), NULL);
  kl_bus_kit_wait_reason (node, "Connection refused");
  kl_bus_kit_spin_tries ();
  kl_bus_kit_assert_log ("The bus is not there: redis://127.0.0.1:*: Connection refused. *", NULL);
  g_assert_cmpuint (node->reconnected, ==, 0);
  kl_test_valkey_restart (valkey);
  kl_bus_kit_wait_ready (node);
  g_assert_cmpuint (node->reconnected, ==, 1);
  kl_bus_kit_assert_log ("The bus is there: *", NULL);
  kl_bus_kit_node_free (node);
}

/* ── It answers, but ── */

static void
test_loading (Pair *self, gconstpointer unused)
{
  kl_test_relay_set_answer (self->relay, "-LOADING Valkey is loading the dataset in memory\r\n", 0);
  kl_test_relay_cut (self->relay);
  kl_bus_kit_wait_reason (self->far, "it is loading its data");
  kl_bus_kit_spin_tries ();
  kl_test_relay_set_answer (self->relay, "-ERR max number of clients reached\r\n", 0);
  kl_bus_kit_wait_reason (self->far, "max number of clients");
  kl_test_relay_set_answer (self->relay, "What is this?\r\n", 0);
  kl_bus_kit_wait_reason (self->far, "Protocol error");
  kl_test_relay_set_answer (self->relay, NULL, 0);
  kl_bus_kit_wait_ready (self->far);
  kl_bus_kit_assert_log ("The bus is not there: *", "*: it is loading its data. *", "*max number of clients*",
                         "The bus is not there: *", "The bus is there: *", NULL);
}

/* Its memory is full: what is told goes on, what would be kept does not. */
static void
test_out_of_memory (Pair *self, gconstpointer unused)
{
  g_autofree char *first = changes (self->near, "g 5+1");
  g_autofree char *second = changes (self->near, "g 6+1");

  kl_bus_subscribe (self->far->bus, "g");
  kl_bus_contract_fill (self->near->bus, 5, 1, 5);
  kl_bus_contract_assert_cached (self->near->bus, "5: 1+5");
  g_free (kl_test_valkey_ask (self->valkey, "CONFIG", "SET", "maxmemory", "1", NULL));
  kl_bus_kit_publish (self->near, "g", 5, 6);
  kl_bus_kit_wait (self->far, first);
  kl_bus_kit_wait_reason (self->near, "it is out of memory");
  /* What could not be brought forward is not left behind. */
  kl_bus_contract_assert_cached (self->near->bus, "-");
  kl_bus_kit_set (self->near, "u", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->far, "u", "2/1"));
  kl_bus_kit_publish (self->near, "g", 6, 7);
  kl_bus_kit_wait (self->far, second);
  kl_bus_kit_wait_reason (self->far, "it is out of memory");
  kl_test_spin (LEASE_MS + 500);
  g_assert_true (kl_bus_kit_is (self->far, "u", "2/1"));

  g_free (kl_test_valkey_ask (self->valkey, "CONFIG", "SET", "maxmemory", "0", NULL));
  kl_bus_kit_wait_ready (self->near);
  kl_bus_kit_wait_ready (self->far);
  g_assert_cmpuint (self->near->reconnected, ==, 1);
  kl_bus_kit_assert_log ("*: it is out of memory. *", "*: it is out of memory. *", "The bus is there: *",
                         "The bus is there: *", NULL);
}

/* It has become somebody's replica. */
static void
test_read_only (Pair *self, gconstpointer unused)
{
  g_autofree char *first = changes (self->near, "g 5+1");

  kl_bus_subscribe (self->far->bus, "g");
  kl_bus_contract_fill (self->near->bus, 5, 1, 5);
  kl_bus_contract_assert_cached (self->near->bus, "5: 1+5");
  g_free (kl_test_valkey_ask (self->valkey, "REPLICAOF", "127.0.0.1", "1", NULL));
  kl_bus_kit_wait_reason (self->near, "it refuses: READONLY");
  kl_bus_kit_publish (self->near, "g", 5, 6);
  kl_bus_kit_wait (self->far, first);
  kl_bus_kit_set (self->near, "u", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->far, "u", "2/1"));
  g_free (kl_test_valkey_ask (self->valkey, "REPLICAOF", "NO", "ONE", NULL));
  kl_bus_kit_wait_ready (self->near);
  kl_bus_kit_wait_ready (self->far);
  g_assert_true (kl_bus_kit_is (self->far, "u", "2/1"));
  kl_bus_kit_assert_log ("*: it refuses: READONLY *", "*: it refuses: READONLY *", "The bus is there: *",
                         "The bus is there: *", NULL);
}

static void
test_scripts_gone (Pair *self, gconstpointer unused)
{
  g_autofree char *first = changes (self->near, "g 5+1");

  kl_bus_subscribe (self->far->bus, "g");
  kl_bus_contract_fill (self->near->bus, 5, 1, 5);
  kl_bus_contract_assert_cached (self->near->bus, "5: 1+5");
  g_free (kl_test_valkey_ask (self->valkey, "SCRIPT", "FLUSH", NULL));
  kl_bus_kit_publish (self->near, "g", 5, 6);
  kl_bus_kit_wait (self->far, first);
  kl_bus_contract_assert_cached (self->near->bus, "6: 1+6");
  g_free (kl_test_valkey_ask (self->valkey, "SCRIPT", "FLUSH", NULL));
  kl_bus_contract_assert_cached (self->near->bus, "6: 1+6");
  g_free (kl_test_valkey_ask (self->valkey, "SCRIPT", "FLUSH", NULL));
  kl_bus_contract_fill (self->near->bus, 9, 1, 9);
  kl_bus_contract_fill (self->near->bus, 9, 1, 9);
  kl_bus_kit_set (self->near, "u", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->far, "u", "2/1"));
  kl_bus_contract_fill (self->near->bus, 10, 1, 10);
  kl_bus_contract_assert_cached (self->near->bus, "10: 1+10");
  g_assert_true (kl_bus_kit_is_ready (self->near));
}

/* More than it can send: bounded, and the others are told what they missed. */
static void
test_queue (void)
{
  g_autoptr (KlTestValkey) valkey = kl_test_valkey_new (KL_TEST_VALKEY_PLAIN);
  KlRedisBusSettings settings;
  KlBusKitNode *a, *b;
  KlBusCounters counters;
  g_autofree char *moved = NULL;

  kl_bus_kit_settings (&settings);
  b = kl_bus_kit_node_ready (kl_test_valkey_get_uri (valkey), &settings);
  settings.patience.queue_bytes = 64 * 1024;
  a = kl_bus_kit_node_ready (kl_test_valkey_get_uri (valkey), &settings);
  kl_test_wait_until (kl_bus_kit_knows (a, 2) && kl_bus_kit_knows (b, 2));
  kl_bus_subscribe (b->bus, "tea");
  for (int i = 0; i < 5000; i++)
    kl_bus_kit_publish (a, "tea", i, i + 1);
  kl_bus_get_counters (a->bus, &counters);
  g_assert_cmpuint (counters.queue_bytes, <=, 66 * 1024);
  g_assert_cmpuint (kl_bus_kit_counters (a).lost, >, 1000);
  moved = changes (a, "tea 5000+0");
  kl_bus_kit_wait (b, moved);
  kl_bus_kit_node_free (a);
  kl_bus_kit_node_free (b);
  g_ptr_array_set_size (kl_bus_kit_get_log (), 0);
}

/* More people than the queue's bound has room for, all at once. */
static void
test_many_people (void)
{
  g_autoptr (KlTestValkey) valkey = kl_test_valkey_new (KL_TEST_VALKEY_PLAIN);
  KlRedisBusSettings settings;
  KlBusKitNode *a, *b;

  kl_bus_kit_settings (&settings);
  settings.patience.queue_bytes = 64 * 1024;
  settings.patience.silence_ms = 5000;
  a = kl_bus_kit_node_new (kl_test_valkey_get_uri (valkey), &settings);
  for (int i = 0; i < 20000; i++)
    {
      g_autofree char *user = g_strdup_printf ("u%d", i);

      kl_bus_kit_set (a, user, KL_ACTIVITY_ONLINE, 1, "tea");
    }
  b = kl_bus_kit_node_ready (kl_test_valkey_get_uri (valkey), &settings);
  for (int i = 0; i < 20000; i += 1999)
    {
      g_autofree char *user = g_strdup_printf ("u%d", i);

      kl_test_wait_until (kl_bus_kit_is (b, user, "2/1 tea"));
    }
  kl_bus_kit_node_free (a);
  kl_test_wait_until (kl_bus_kit_is (b, "u1999", "0/0"));
  kl_bus_kit_node_free (b);
  g_ptr_array_set_size (kl_bus_kit_get_log (), 0);
}

/* ── Others on the same server ── */

typedef struct
{
  GPtrArray *letters; /* GBytes */
  gboolean up;
} Ear;

static void
on_ear_up (gpointer user_data)
{
  ((Ear *) user_data)->up = TRUE;
}

static void
on_ear_down (gpointer user_data, gboolean refused, const char *why)
{
}

static void
on_ear_message (gpointer user_data, const char *channel, const char *data, gsize length)
{
  g_ptr_array_add (((Ear *) user_data)->letters, g_bytes_new (data, length));
}

static const KlRedisLinkEvents ear_events = { .up = on_ear_up, .down = on_ear_down, .message = on_ear_message };

static void
publish_bytes (Pair *self, const char *channel, GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  g_free (kl_test_valkey_publish (self->valkey, channel, data, length));
}

static char *
make_channel (const char *place)
{
  KlBusSeal seal;

  kl_bus_seal_init (&seal, KL_BUS_KIT_EPOCH, "secret");

  return g_strdup_printf ("klatch:%s:%s", seal.deployment, place);
}

static void
test_forged (Pair *self, gconstpointer unused)
{
  Ear ear = { .letters = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref) };
  g_autoptr (KlRedisUri) uri = kl_redis_uri_parse (kl_test_valkey_get_uri (self->valkey), NULL);
  KlRedisLink *link = kl_redis_link_new (uri, NULL, NULL, "ear", &ear_events, &ear);
  g_autofree char *tea = make_channel ("g:tea");
  g_autofree char *coffee = make_channel ("g:coffee");
  g_autofree char *all = make_channel ("all");
  g_autofree char *heard = changes (self->near, "tea 1+1");
  g_autofree char *last = changes (self->near, "tea 2+1");
  guint64 refused;
  GBytes *letter;
  g_autofree guint8 *bytes = NULL;

  kl_bus_subscribe (self->far->bus, "tea");
  kl_bus_subscribe (self->far->bus, "coffee");
  kl_test_wait_until (ear.up);
  kl_redis_link_subscribe (link, tea);
  kl_test_spin (50);
  kl_bus_kit_publish (self->near, "tea", 1, 1);
  kl_bus_kit_wait (self->far, heard);
  kl_test_wait_until (ear.letters->len == 1);
  letter = g_ptr_array_index (ear.letters, 0);
  refused = kl_bus_kit_counters (self->far).refused;

  /* Once more, in other places, changed, cut, and what was never one. */
  publish_bytes (self, tea, letter);
  publish_bytes (self, coffee, letter);
  publish_bytes (self, all, letter);
  bytes = g_memdup2 (g_bytes_get_data (letter, NULL), g_bytes_get_size (letter));
  for (gsize i = 0; i < g_bytes_get_size (letter); i += 9)
    {
      bytes[i] ^= 4;
      g_free (kl_test_valkey_publish (self->valkey, tea, (char *) bytes, g_bytes_get_size (letter)));
      bytes[i] ^= 4;
      refused++;
    }
  g_free (kl_test_valkey_publish (self->valkey, tea, (char *) bytes, g_bytes_get_size (letter) / 2));
  g_free (kl_test_valkey_publish (self->valkey, tea, "{\"t\":\"changes\"}", 15));
  g_free (kl_test_valkey_publish (self->valkey, tea, "", 0));
  refused += 6;
  kl_test_wait_until (kl_bus_kit_counters (self->far).refused == refused);
  kl_bus_kit_publish (self->near, "tea", 2, 2);
  kl_bus_kit_wait (self->far, last);
  g_assert_cmpuint (self->far->heard->len, ==, 0);
  g_assert_false (kl_bus_kit_has (self->far, heard));
  g_assert_true (kl_bus_kit_knows (self->far, 2));

  kl_redis_link_free (link);
  g_ptr_array_unref (ear.letters);
}

static void
test_foreign (Pair *self, gconstpointer unused)
{
  KlRedisBusSettings settings;
  KlBusKitNode *other, *restored;
  g_autofree char *heard = NULL, *mine = NULL;

  kl_bus_kit_settings (&settings);
  settings.epoch = "another epoch";
  other = kl_bus_kit_node_ready (kl_test_valkey_get_uri (self->valkey), &settings);
  /* As somebody who knows the epoch would. */
  settings.epoch = KL_BUS_KIT_EPOCH;
  settings.secret = "guess";
  restored = kl_bus_kit_node_ready (kl_test_valkey_get_uri (self->valkey), &settings);
  kl_bus_subscribe (self->far->bus, "tea");
  kl_bus_subscribe (other->bus, "tea");
  kl_bus_subscribe (restored->bus, "tea");
  kl_bus_kit_set (other, "u", KL_ACTIVITY_ONLINE, 1, "tea");
  kl_bus_kit_set (restored, "u", KL_ACTIVITY_ONLINE, 1, "tea");
  kl_bus_contract_fill (restored->bus, 50, 1, 50);
  kl_bus_contract_assert_cached (restored->bus, "50: 1+50");
  kl_bus_kit_publish (other, "tea", 1, 1);
  kl_bus_kit_publish (restored, "tea", 1, 1);
  kl_test_spin (1000);
  kl_bus_kit_publish (self->near, "tea", 5, 5);
  mine = changes (self->near, "tea 5+1");
  kl_bus_kit_wait (self->far, mine);
  g_assert_cmpuint (self->far->heard->len, ==, 0);
  g_assert_false (kl_bus_kit_has (other, mine));
  g_assert_false (kl_bus_kit_has (restored, mine));
  g_assert_true (kl_bus_kit_is (self->far, "u", "0/0"));
  g_assert_true (kl_bus_kit_knows (self->far, 2) && kl_bus_kit_knows (other, 1) && kl_bus_kit_knows (restored, 1));
  /* Nor is what he put into the cache. */
  kl_bus_contract_assert_cached (self->near->bus, "-");
  kl_bus_kit_node_free (other);
  kl_bus_kit_node_free (restored);
}

static void
test_cache_damaged (Pair *self, gconstpointer unused)
{
  g_autofree char *key = make_channel ("c:g");
  g_autofree char *heard = changes (self->near, "g 5+1");
  g_autofree char *ttl = NULL;
  g_autofree char *one = NULL;

  kl_bus_subscribe (self->far->bus, "g");
  kl_bus_contract_fill (self->near->bus, 5, 1, 5);
  kl_bus_contract_assert_cached (self->far->bus, "5: 1+5");
  ttl = kl_test_valkey_ask (self->valkey, "PTTL", key, NULL);
  g_assert_cmpint (g_ascii_strtoll (ttl, NULL, 10), >, KL_BUS_CACHE_TTL_MS - 60000);
  g_assert_cmpint (g_ascii_strtoll (ttl, NULL, 10), <=, KL_BUS_CACHE_TTL_MS);

  /* A message in another's place, one that is missing, one too many, a head that is none. */
  one = kl_test_valkey_ask (self->valkey, "HGET", key, "2", NULL);
  g_free (kl_test_valkey_ask (self->valkey, "HSET", key, "3", one, NULL));
  kl_bus_contract_assert_cached (self->near->bus, "-");
  kl_bus_contract_fill (self->near->bus, 5, 1, 5);
  kl_bus_contract_assert_cached (self->near->bus, "5: 1+5");
  g_free (kl_test_valkey_ask (self->valkey, "HDEL", key, "3", NULL));
  kl_bus_contract_assert_cached (self->near->bus, "-");
  kl_bus_contract_fill (self->near->bus, 5, 1, 5);
  kl_bus_contract_assert_cached (self->near->bus, "5: 1+5");
  g_free (kl_test_valkey_ask (self->valkey, "HSET", key, "x", "y", NULL));
  kl_bus_contract_assert_cached (self->near->bus, "-");
  kl_bus_contract_fill (self->near->bus, 5, 1, 5);
  kl_bus_contract_assert_cached (self->near->bus, "5: 1+5");
  g_free (kl_test_valkey_ask (self->valkey, "HSET", key, "hi", "6", NULL));
  kl_bus_contract_assert_cached (self->near->bus, "-");
  /* It went with that. */
  kl_bus_contract_fill (self->near->bus, 5, 1, 5);
  kl_bus_contract_assert_cached (self->near->bus, "5: 1+5");

  /* What should wait there is something else. */
  g_free (kl_test_valkey_ask (self->valkey, "HSET", key, "w", "\x91\x80", NULL));
  kl_bus_kit_publish (self->near, "g", 7, 8);
  g_free (kl_bus_contract_look (self->near->bus));
  kl_bus_contract_assert_cached (self->near->bus, "-");
  kl_bus_kit_wait_ready (self->near);
  kl_bus_contract_fill (self->near->bus, 5, 1, 5);
  kl_bus_contract_assert_cached (self->near->bus, "5: 1+5");

  /* Something else has that name: the changes are told all the same. */
  g_free (kl_test_valkey_ask (self->valkey, "SET", key, "x", NULL));
  kl_bus_kit_publish (self->near, "g", 5, 6);
  kl_bus_kit_wait (self->far, heard);
  kl_bus_contract_assert_cached (self->near->bus, "-");
}

static void
add (const char *name, void (*test) (Pair *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/bus/redis-trouble/", name, NULL);

  g_test_add (path, Pair, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  if (!kl_bus_kit_init (&argc, &argv))
    return 0;
  g_test_add_func ("/bus/redis-trouble/nowhere", test_nowhere);
  g_test_add_func ("/bus/redis-trouble/queue", test_queue);
  g_test_add_func ("/bus/redis-trouble/many-people", test_many_people);
  add ("restarted", test_restarted);
  add ("moved", test_moved);
  add ("slow-subscription", test_slow_subscription);
  add ("frozen-server", test_frozen_server);
  add ("silent-cut", test_silent_cut);
  add ("killed-node", test_killed_node);
  add ("frozen-node", test_frozen_node);
  add ("loading", test_loading);
  add ("out-of-memory", test_out_of_memory);
  add ("read-only", test_read_only);
  add ("scripts-gone", test_scripts_gone);
  add ("forged", test_forged);
  add ("foreign", test_foreign);
  add ("cache-damaged", test_cache_damaged);

  return g_test_run ();
}
