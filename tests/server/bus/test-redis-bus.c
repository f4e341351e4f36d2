/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes that hear of each other by a real server. */
#include <string.h>

#include "tests/server/bus/kl-bus-contract.h"
#include "tests/server/bus/kl-bus-kit.h"

static KlTestValkey *valkey;

static const char *
get_uri (void)
{
  return kl_test_valkey_get_uri (valkey);
}

/* ── The contract ── */

static KlBus *
make_bus (gpointer *unused)
{
  KlRedisBusSettings settings;
  g_autoptr (GError) error = NULL;
  KlBus *bus;

  g_free (kl_test_valkey_ask (valkey, "FLUSHALL", NULL));
  kl_bus_kit_settings (&settings);
  bus = KL_BUS (kl_redis_bus_new (get_uri (), &settings, &error));
  g_assert_no_error (error);
  kl_test_wait_until (kl_bus_is_ready (bus, NULL));

  return bus;
}

static const KlBusContract redis = { .name = "redis", .make = make_bus };

/* ── Three nodes ── */

typedef struct
{
  KlBusKitNode *a, *b, *c;
} Nodes;

static void
set_up (Nodes *self, gconstpointer unused)
{
  g_free (kl_test_valkey_ask (valkey, "FLUSHALL", NULL));
  self->a = kl_bus_kit_node_ready (get_uri (), NULL);
  self->b = kl_bus_kit_node_ready (get_uri (), NULL);
  self->c = kl_bus_kit_node_ready (get_uri (), NULL);
  kl_test_wait_until (kl_bus_kit_knows (self->a, 3) && kl_bus_kit_knows (self->b, 3) && kl_bus_kit_knows (self->c, 3));
}

static void
tear_down (Nodes *self, gconstpointer unused)
{
  g_clear_pointer (&self->a, kl_bus_kit_node_free);
  g_clear_pointer (&self->b, kl_bus_kit_node_free);
  g_clear_pointer (&self->c, kl_bus_kit_node_free);
}

static void
wait_changes (KlBusKitNode *to, KlBusKitNode *from, const char *group, int base)
{
  g_autofree char *expected = g_strdup_printf ("changes %s %s %d+1", from->id, group, base);

  kl_bus_kit_wait (to, expected);
}

/* All that was sent before by anybody has been heard by everybody. */
static void
settle (Nodes *self)
{
  static int n;
  KlBusKitNode *nodes[] = { self->a, self->b, self->c };

  n++;
  for (int i = 0; i < 3; i++)
    {
      KlBusSignal word = { .kind = KL_BUS_USER_CHANGED, .user = "settle", .seq = n * 10 + i };

      kl_bus_signal (nodes[i]->bus, &word);
    }
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++)
      {
        g_autofree char *expected = g_strdup_printf ("signal user settle - - - %d 0", n * 10 + k);

        if (i != k)
          kl_test_wait_until (kl_bus_kit_has (nodes[i], expected));
      }
}

static void
test_changes (Nodes *self, gconstpointer unused)
{
  kl_bus_subscribe (self->b->bus, "tea");
  kl_bus_subscribe (self->a->bus, "tea");
  settle (self);
  for (int i = 0; i < 100; i++)
    kl_bus_kit_publish (self->a, "tea", i, i + 1);
  for (int i = 0; i < 100; i++)
    wait_changes (self->b, self->a, "tea", i);
  settle (self);
  /* Not to who has not asked, not to oneself, and once. */
  for (guint i = 0; i < self->c->heard->len; i++)
    g_assert_false (g_str_has_prefix (g_ptr_array_index (self->c->heard, i), "changes"));
  for (guint i = 0; i < self->a->heard->len; i++)
    g_assert_false (g_str_has_prefix (g_ptr_array_index (self->a->heard, i), "changes"));
  for (guint i = 0; i < self->b->heard->len; i++)
    g_assert_false (g_str_has_prefix (g_ptr_array_index (self->b->heard, i), "changes"));
}

static char *
count_subscribers (const char *pattern)
{
  g_autofree char *channels = kl_test_valkey_ask (valkey, "PUBSUB", "CHANNELS", pattern, NULL);

  return *channels ? kl_test_valkey_ask (valkey, "PUBSUB", "NUMSUB", channels, NULL) : g_strdup ("");
}

static gboolean
has_subscribers (const char *pattern, const char *n)
{
  g_autofree char *text = count_subscribers (pattern);

  return *n ? g_str_has_suffix (text, n) : !*text;
}

static void
test_counted (Nodes *self, gconstpointer unused)
{
  kl_bus_subscribe (self->a->bus, "tea");
  kl_bus_subscribe (self->a->bus, "tea");
  kl_bus_subscribe (self->b->bus, "tea");
  kl_test_wait_until (has_subscribers ("klatch:*:g:tea", "\n2"));
  kl_bus_unsubscribe (self->a->bus, "tea");
  kl_bus_unsubscribe (self->b->bus, "tea");
  kl_test_wait_until (has_subscribers ("klatch:*:g:tea", "\n1"));
  /* Away and back in one breath. */
  kl_bus_unsubscribe (self->a->bus, "tea");
  kl_bus_subscribe (self->a->bus, "tea");
  kl_bus_unsubscribe (self->a->bus, "tea");
  kl_bus_subscribe (self->a->bus, "tea");
  settle (self);
  kl_test_wait_until (has_subscribers ("klatch:*:g:tea", "\n1"));
  kl_bus_kit_publish (self->b, "tea", 4, 1);
  wait_changes (self->a, self->b, "tea", 4);
  kl_bus_unsubscribe (self->a->bus, "tea");
  kl_test_wait_until (has_subscribers ("klatch:*:g:tea", ""));
}

static void
test_signals (Nodes *self, gconstpointer unused)
{
  static const KlBusSignal of_groups[] = {
    { .kind = KL_BUS_TYPING, .user = "u", .group = "tea", .on = TRUE },
    { .kind = KL_BUS_READ, .user = "u", .group = "tea", .seq = 17 },
    { .kind = KL_BUS_SETTINGS, .user = "u", .group = "tea" },
    { .kind = KL_BUS_BANS, .group = "tea" },
  };
  static const KlBusSignal of_all[] = {
    { .kind = KL_BUS_SESSION_ENDED, .user = "u", .id = "s" },
    { .kind = KL_BUS_SESSION_ENDED, .user = "u", .keep = "k" },
    { .kind = KL_BUS_USER_CHANGED, .user = "u" },
    { .kind = KL_BUS_MEMBERSHIP, .user = "u", .group = "tea" },
  };
  g_autofree char *expected = NULL;

  kl_bus_subscribe (self->b->bus, "tea");
  settle (self);
  g_ptr_array_set_size (self->c->heard, 0);
  for (guint i = 0; i < 4; i++)
    {
      kl_bus_signal (self->a->bus, &of_groups[i]);
      kl_bus_signal (self->a->bus, &of_all[i]);
    }
  kl_bus_kit_wait (self->b, "signal typing u tea - - 0 1");
  kl_bus_kit_wait (self->b, "signal session u - s - 0 0");
  kl_bus_kit_wait (self->b, "signal read u tea - - 17 0");
  kl_bus_kit_wait (self->b, "signal session u - - k 0 0");
  kl_bus_kit_wait (self->b, "signal settings u tea - - 0 0");
  kl_bus_kit_wait (self->b, "signal user u - - - 0 0");
  kl_bus_kit_wait (self->b, "signal bans - tea - - 0 0");
  kl_bus_kit_wait (self->b, "signal membership u tea - - 0 0");
  kl_bus_kit_wait (self->c, "signal membership u tea - - 0 0");
  kl_bus_signal (self->a->bus, &(KlBusSignal) { .kind = KL_BUS_CALL, .group = "tea", .json = "{\"x\":\"ä\"}" });
  expected = g_strdup_printf ("call %s tea {\"x\":\"ä\"}", self->a->id);
  kl_bus_kit_wait (self->b, expected);
  settle (self);
  for (guint i = 0; i < self->c->heard->len; i++)
    g_assert_false (g_str_has_prefix (g_ptr_array_index (self->c->heard, i), "signal typing")
                    || g_str_has_prefix (g_ptr_array_index (self->c->heard, i), "call"));
}

static void
test_forward (Nodes *self, gconstpointer unused)
{
  KlBusForward forward = { "u", "tea", "{\"body\":\"\\u00e4\\n\"}", strlen ("{\"body\":\"\\u00e4\\n\"}") };
  g_autofree char *expected = g_strdup_printf ("forward %s u tea {\"body\":\"\\u00e4\\n\"}", self->a->id);

  kl_bus_forward (self->a->bus, self->b->id, &forward);
  kl_bus_kit_wait (self->b, expected);
  kl_bus_forward (self->a->bus, "nobody", &forward);
  settle (self);
  g_assert_false (kl_bus_kit_has (self->c, expected));
  g_assert_false (kl_bus_kit_has (self->b, expected));
}

/* Two who write to one group are heard in any order, and the cache follows all the same. */
static void
test_cache_order (Nodes *self, gconstpointer unused)
{
  for (int round = 0; round < 20; round++)
    {
      gint64 rev = 1000 * (round + 1);
      int order[12];

      for (int i = 0; i < 12; i++)
        order[i] = i;
      for (int i = 11; i > 0; i--)
        {
          int k = g_test_rand_int_range (0, i + 1), other = order[k];

          order[k] = order[i];
          order[i] = other;
        }
      kl_bus_contract_fill (self->a->bus, rev, 1, 95);
      for (int i = 0; i < 12; i++)
        kl_bus_contract_publish (self->a->bus, rev + order[i], 96 + order[i]);
      /* Once more, all late. */
      for (int i = 0; i < 12; i++)
        kl_bus_contract_publish (self->a->bus, rev + order[i], 96 + order[i]);
      {
        g_autofree char *expected = g_strdup_printf ("%d: 8+100", (int) rev + 12);

        kl_bus_contract_assert_cached (self->a->bus, expected);
      }
    }

  /* What is missing does not come: a fill goes over it, and what waited behind it is not lost. */
  kl_bus_contract_fill (self->a->bus, 50000, 1, 5);
  kl_bus_contract_publish (self->a->bus, 50001, 7);
  kl_bus_contract_publish (self->a->bus, 50002, 8);
  kl_bus_contract_assert_cached (self->a->bus, "50000: 1+5");
  kl_bus_contract_fill (self->a->bus, 50002, 1, 7);
  kl_bus_contract_assert_cached (self->a->bus, "50003: 1+8");
  /* Nor for ever. */
  for (int i = 0; i < 40; i++)
    kl_bus_contract_publish (self->a->bus, 50010 + i, 15 + i);
  kl_bus_contract_assert_cached (self->a->bus, "-");
}

/* ── Presence ── */

static void
test_presence (Nodes *self, gconstpointer unused)
{
  kl_bus_kit_set (self->a, "u", KL_ACTIVITY_AWAY, 1, "tea");
  kl_test_wait_until (kl_bus_kit_is (self->b, "u", "1/1 tea"));
  g_assert_true (g_hash_table_contains (self->b->changed, "u"));
  /* Not one's own. */
  settle (self);
  g_assert_true (kl_bus_kit_is (self->a, "u", "0/0"));
  g_assert_false (g_hash_table_contains (self->a->changed, "u"));

  /* Several devices on several nodes. */
  kl_bus_kit_set (self->b, "u", KL_ACTIVITY_ONLINE, 2, "tea coffee");
  kl_test_wait_until (kl_bus_kit_is (self->c, "u", "2/3 coffee tea"));
  kl_test_wait_until (kl_bus_kit_is (self->a, "u", "2/2 coffee tea"));
  kl_bus_kit_set (self->b, "u", KL_ACTIVITY_ONLINE, 2, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->c, "u", "2/3 tea"));
  kl_bus_kit_set (self->a, "u", KL_ACTIVITY_OFFLINE, 0, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->c, "u", "2/2"));
  kl_bus_kit_set (self->b, "u", KL_ACTIVITY_OFFLINE, 0, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->c, "u", "0/0"));

  /* Many words in one turn are one: nothing changes for others. */
  settle (self);
  g_hash_table_remove_all (self->b->changed);
  for (int i = 0; i < 50; i++)
    {
      kl_bus_kit_set (self->a, "v", KL_ACTIVITY_ONLINE, 1, NULL);
      kl_bus_kit_set (self->a, "v", KL_ACTIVITY_OFFLINE, 0, NULL);
    }
  kl_bus_kit_set (self->a, "w", KL_ACTIVITY_ONLINE, 1, NULL);
  kl_test_wait_until (kl_bus_kit_is (self->b, "w", "2/1"));
  g_assert_false (g_hash_table_contains (self->b->changed, "v"));
}

/* Who comes later knows what was before; who leaves is gone at once. */
static void
test_come_and_go (Nodes *self, gconstpointer unused)
{
  KlBusKitNode *late;
  g_autoptr (GPtrArray) nodes = NULL;
  const KlBusNode *node = NULL;
  gint64 begin_usec;

  for (int i = 0; i < 500; i++)
    {
      g_autofree char *user = g_strdup_printf ("u%d", i);

      kl_bus_kit_set (self->a, user, KL_ACTIVITY_ONLINE, 1, i % 2 ? "tea" : NULL);
    }
  kl_bus_describe (
      self->a->bus,
      &(KlBusNode) { .address = (char *) "10.0.0.1:1", .version = (char *) "9", .since = 5, .people = 500 });
  late = kl_bus_kit_node_ready (get_uri (), NULL);
  kl_test_wait_until (kl_bus_kit_knows (late, 4));
  kl_test_wait_until (kl_bus_kit_is (late, "u499", "2/1 tea"));
  for (int i = 0; i < 500; i++)
    {
      g_autofree char *user = g_strdup_printf ("u%d", i);

      g_assert_true (kl_bus_kit_is (late, user, i % 2 ? "2/1 tea" : "2/1"));
    }

  for (gboolean described = FALSE; !described; kl_test_spin (10))
    {
      g_clear_pointer (&nodes, g_ptr_array_unref);
      nodes = kl_bus_list_nodes (late->bus);
      for (guint i = 0; i < nodes->len; i++)
        {
          node = g_ptr_array_index (nodes, i);
          if (g_str_equal (node->id, self->a->id) && node->people == 500)
            described = TRUE;
          if (described)
            break;
        }
    }
  g_assert_cmpuint (nodes->len, ==, 4);
  g_assert_cmpstr (node->address, ==, "10.0.0.1:1");
  g_assert_cmpstr (node->version, ==, "9");
  g_assert_cmpint (node->since, ==, 5);
  g_assert_cmpint (ABS (node->heard - g_get_real_time () / 1000), <, 10000);
  g_assert_false (node->own);

  begin_usec = g_get_monotonic_time ();
  g_clear_pointer (&self->a, kl_bus_kit_node_free);
  kl_test_wait_until (kl_bus_kit_is (late, "u0", "0/0"));
  g_assert_cmpint (g_get_monotonic_time () - begin_usec, <, 1900 * G_TIME_SPAN_MILLISECOND); /* less than the lease */
  kl_bus_kit_node_free (late);
}

typedef struct
{
  KlActivity activity;
  guint connections;
  guint here; /* bits */
} Truth;

#define N_USERS 60
#define N_NODES 3

static char *
add_up (Truth truth[N_NODES][N_USERS], guint except, guint user)
{
  Truth sum = { KL_ACTIVITY_OFFLINE, 0, 0 };
  GString *out = g_string_new (NULL);

  for (guint n = 0; n < N_NODES; n++)
    if (n != except)
      {
        sum.activity = MAX (sum.activity, truth[n][user].activity);
        sum.connections += truth[n][user].connections;
        sum.here |= truth[n][user].here;
      }
  g_string_printf (out, "%d/%u", sum.activity, sum.connections);
  for (guint bit = 0; bit < 4; bit++)
    if (sum.here & 1u << bit)
      g_string_append_printf (out, " g%u", bit);

  return g_string_free_and_steal (out);
}

static void
change_one (KlBusKitNode *node, Truth *truth, guint user)
{
  g_autofree char *id = g_strdup_printf ("u%u", user);
  GString *here = g_string_new (NULL);

  truth->activity = (KlActivity) g_test_rand_int_range (0, 3);
  truth->connections = truth->activity ? (guint) g_test_rand_int_range (1, 4) : 0;
  truth->here = truth->activity ? (guint) g_test_rand_int_range (0, 16) : 0;
  for (guint bit = 0; bit < 4; bit++)
    if (truth->here & 1u << bit)
      g_string_append_printf (here, "%sg%u", here->len ? " " : "", bit);
  kl_bus_kit_set (node, id, truth->activity, truth->connections, here->len ? here->str : NULL);
  g_string_free (here, TRUE);
}

static void
assert_exact (KlBusKitNode *nodes[N_NODES], Truth truth[N_NODES][N_USERS])
{
  for (guint n = 0; n < N_NODES; n++)
    for (guint user = 0; user < N_USERS; user++)
      {
        g_autofree char *id = g_strdup_printf ("u%u", user);
        g_autofree char *expected = add_up (truth, n, user);

        kl_test_wait_until (kl_bus_kit_is (nodes[n], id, expected));
      }
}

static void
test_churn (Nodes *self, gconstpointer unused)
{
  KlBusKitNode *nodes[N_NODES] = { self->a, self->b, self->c };
  static Truth truth[N_NODES][N_USERS];

  for (guint round = 0; round < 5; round++)
    {
      for (guint i = 0; i < 1000; i++)
        {
          guint n = (guint) g_test_rand_int_range (0, N_NODES), user = (guint) g_test_rand_int_range (0, N_USERS);

          change_one (nodes[n], &truth[n][user], user);
          if (i % 7 == 0)
            g_main_context_iteration (NULL, FALSE);
        }
      /* An accident with the hashes in between. */
      if (round == 2)
        g_free (kl_test_valkey_ask (valkey, "FLUSHALL", NULL));
      if (round == 3)
        g_free (kl_test_valkey_ask (valkey, "SCRIPT", "FLUSH", NULL));
      assert_exact (nodes, truth);
    }
}

int
main (int argc, char **argv)
{
  int status;

  if (!kl_bus_kit_init (&argc, &argv))
    return 0;
  valkey = kl_test_valkey_new (KL_TEST_VALKEY_PLAIN);
  kl_bus_contract_add (&redis);
#define ADD(name, test) g_test_add ("/bus/redis/" name, Nodes, NULL, set_up, test, tear_down)
  ADD ("changes", test_changes);
  ADD ("counted", test_counted);
  ADD ("signals", test_signals);
  ADD ("forward", test_forward);
  ADD ("cache-order", test_cache_order);
  ADD ("presence", test_presence);
  ADD ("come-and-go", test_come_and_go);
  ADD ("churn", test_churn);
  status = g_test_run ();
  kl_test_valkey_free (valkey);

  return status;
}
