/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/bus/kl-bus-contract.h"

#include <string.h>

#include "tests/kit/kl-test.h"

typedef struct
{
  const KlBusContract *contract;
  KlBus *bus;
  gpointer data;
} Fixture;

static void
set_up (Fixture *self, gconstpointer contract)
{
  self->contract = contract;
  self->bus = self->contract->make (&self->data);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_test_finalize (self->bus);
  if (self->contract->clean)
    self->contract->clean (self->data);
}

KlStoreMessage *
kl_bus_contract_make_message (gint64 seq, gint64 rev)
{
  KlStoreMessage *message = kl_store_message_new ();

  message->seq = seq;
  message->rev = rev;
  message->id = g_strdup_printf ("m%d", (int) seq);
  message->sender = g_strdup ("u");
  message->created_at = 1700000000000 + seq;
  message->flags = seq % 2 ? KL_MESSAGE_SYSTEM : 0;
  message->json = g_strdup_printf ("{\"seq\":%d,\"rev\":%d,\"body\":\"ä\\u0000\\n\"}", (int) seq, (int) rev);
  message->json_length = strlen (message->json);

  return message;
}

void
kl_bus_contract_fill (KlBus *bus, gint64 rev, gint64 from_seq, gint64 to_seq)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_message_unref);

  for (gint64 seq = from_seq; seq <= to_seq; seq++)
    g_ptr_array_add (messages, kl_bus_contract_make_message (seq, seq));
  kl_bus_cache_fill (bus, "g", rev, messages);
}

static KlBusCached *
get_cached (KlBus *bus)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KlBusCached *cached;

  kl_bus_cache_get_async (bus, "g", kl_test_keep_result, &result);
  kl_test_await (&result);
  cached = kl_bus_cache_get_finish (bus, result, &error);
  g_assert_no_error (error);

  return cached;
}

char *
kl_bus_contract_look (KlBus *bus)
{
  g_autoptr (KlBusCached) cached = get_cached (bus);
  gint64 first = 0;

  if (!cached)
    return g_strdup ("-");

  for (guint i = 0; i < cached->messages->len; i++)
    {
      const KlStoreMessage *message = g_ptr_array_index (cached->messages, i);
      g_autoptr (KlStoreMessage) expected = kl_bus_contract_make_message (message->seq, message->rev);

      if (i == 0)
        first = message->seq;
      g_assert_cmpint (message->seq, ==, first + i);
      g_assert_cmpstr (message->id, ==, expected->id);
      g_assert_cmpstr (message->sender, ==, expected->sender);
      g_assert_cmpint (message->created_at, ==, expected->created_at);
      g_assert_cmpint (message->flags, ==, expected->flags);
      g_assert_cmpmem (message->json, message->json_length, expected->json, expected->json_length);
      g_assert_cmpint (message->json[message->json_length], ==, 0);
    }

  return g_strdup_printf ("%d: %d+%u", (int) cached->rev, (int) first, cached->messages->len);
}

/* SEQ 0: a change of a member. */
void
kl_bus_contract_publish (KlBus *bus, gint64 base_rev, gint64 seq)
{
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new ("g", base_rev, 0);
  KlStoreChange *change = kl_store_batch_add (batch, seq ? KL_CHANGE_MESSAGE : KL_CHANGE_MEMBER);

  change->seq = seq;
  if (seq)
    change->message = kl_bus_contract_make_message (seq, change->rev);
  else
    {
      change->member = kl_store_member_new ();
      change->member->user = g_strdup ("u");
    }
  kl_bus_publish (bus, batch);
}

static void
publish (Fixture *self, gint64 base_rev, gint64 seq)
{
  kl_bus_contract_publish (self->bus, base_rev, seq);
}

static void
fill (Fixture *self, gint64 rev, gint64 from_seq, gint64 to_seq)
{
  kl_bus_contract_fill (self->bus, rev, from_seq, to_seq);
}

#define assert_cached(self, expected) kl_bus_contract_assert_cached ((self)->bus, expected)

static void
test_nothing (Fixture *self, gconstpointer unused)
{
  assert_cached (self, "-");
  publish (self, 0, 1);
  assert_cached (self, "-");
}

static void
test_fill (Fixture *self, gconstpointer unused)
{
  fill (self, 10, 1, 5);
  assert_cached (self, "10: 1+5");
  /* Only by something newer. */
  fill (self, 9, 1, 4);
  fill (self, 10, 1, 4);
  assert_cached (self, "10: 1+5");
  fill (self, 11, 1, 6);
  assert_cached (self, "11: 1+6");
  fill (self, 500, 1, 250);
  assert_cached (self, "500: 151+100");
}

static void
test_publish (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlBusCached) cached = NULL;

  fill (self, 10, 1, 5);
  publish (self, 10, 6);
  publish (self, 11, 0);
  publish (self, 12, 3);
  publish (self, 5, 5); /* known already */
  assert_cached (self, "13: 1+6");
  cached = get_cached (self->bus);
  g_assert_cmpint (((KlStoreMessage *) g_ptr_array_index (cached->messages, 2))->rev, ==, 13);

  /* What somebody holds stays as it was. */
  publish (self, 13, 7);
  g_assert_cmpuint (cached->messages->len, ==, 6);
  assert_cached (self, "14: 1+7");
}

static void
test_gap (Fixture *self, gconstpointer unused)
{
  g_autofree char *cached = NULL;

  fill (self, 10, 1, 5);
  /* Nothing that somebody who has heard of rev 12 would use. */
  publish (self, 11, 6);
  cached = kl_bus_contract_look (self->bus);
  g_assert_true (g_str_equal (cached, "-") || g_str_equal (cached, "10: 1+5"));
  /* A seq that does not adjoin: the cache was not what it seemed. */
  fill (self, 20, 1, 5);
  publish (self, 20, 9);
  assert_cached (self, "-");
}

static void
test_trim (Fixture *self, gconstpointer unused)
{
  fill (self, 100, 1, 100);
  for (int i = 0; i < 50; i++)
    publish (self, 100 + i, 101 + i);
  assert_cached (self, "150: 51+100");
  /* A change of one that is kept no longer. */
  publish (self, 150, 2);
  assert_cached (self, "151: 51+100");
}

static void
test_empty_group (Fixture *self, gconstpointer unused)
{
  fill (self, 2, 1, 0);
  assert_cached (self, "2: 0+0");
  publish (self, 2, 1);
  assert_cached (self, "3: 1+1");
}

static void
test_drop (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new ("g", 10, 5);
  KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_GROUP);

  fill (self, 10, 1, 5);
  kl_bus_cache_drop (self->bus, "g");
  assert_cached (self, "-");

  fill (self, 10, 1, 5);
  change->group = kl_store_group_new ();
  change->group->id = g_strdup ("g");
  change->group->deleted = TRUE;
  kl_bus_publish (self->bus, batch);
  assert_cached (self, "-");
}

/* Several changes in one batch, and one whose first half the cache has already. */
static void
test_batch (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new ("g", 10, 5);
  KlBusCounters counters;

  fill (self, 10, 1, 5);
  for (gint64 seq = 6; seq <= 9; seq++)
    {
      KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_MESSAGE);

      change->seq = seq;
      change->message = kl_bus_contract_make_message (seq, change->rev);
    }
  kl_bus_publish (self->bus, batch);
  assert_cached (self, "14: 1+9");
  kl_bus_publish (self->bus, batch);
  assert_cached (self, "14: 1+9");

  kl_bus_get_counters (self->bus, &counters);
  g_assert_cmpuint (counters.cache_hits, ==, 2);
  g_assert_cmpuint (counters.cache_misses, ==, 0);
}

static void
on_never (gpointer user_data, const char *node, KlStoreBatch *batch)
{
  g_assert_not_reached ();
}

static void
on_no_signal (gpointer user_data, const KlBusSignal *signal)
{
  g_assert_not_reached ();
}

static void
test_alone (Fixture *self, gconstpointer unused)
{
  static const KlBusListener listener = { .on_changes = on_never, .on_signal = on_no_signal };
  const char *here[] = { "g", NULL };
  KlBusPresence mine = { KL_ACTIVITY_ONLINE, here, 1 }, others = { KL_ACTIVITY_ONLINE, here, 1 };
  g_autoptr (GPtrArray) nodes = NULL;
  const KlBusNode *node;
  KlBusSignal word = { .kind = KL_BUS_TYPING, .user = "u", .group = "g", .on = TRUE };

  kl_bus_set_listener (self->bus, &listener, NULL);
  g_assert_true (kl_bus_is_ready (self->bus, NULL));
  kl_bus_subscribe (self->bus, "g");
  publish (self, 2, 1);
  kl_bus_signal (self->bus, &word);
  kl_bus_set_presence (self->bus, "u", &mine);
  kl_bus_get_presence (self->bus, "u", &others);
  g_assert_cmpint (others.activity, ==, KL_ACTIVITY_OFFLINE);
  g_assert_null (others.here);
  g_assert_cmpuint (others.connections, ==, 0);
  kl_bus_describe (self->bus, &(KlBusNode) { .address = (char *) "a:1", .version = (char *) "2", .people = 3 });
  nodes = kl_bus_list_nodes (self->bus);
  g_assert_cmpuint (nodes->len, ==, 1);
  node = g_ptr_array_index (nodes, 0);
  g_assert_true (node->own);
  g_assert_cmpstr (node->id, ==, kl_bus_get_node (self->bus));
  g_assert_cmpstr (node->address, ==, "a:1");
  g_assert_cmpint (node->people, ==, 3);
  /* Its own words it does not hear. */
  kl_test_spin (50);
  kl_bus_unsubscribe (self->bus, "g");
}

static void
add (const KlBusContract *contract, const char *name, void (*test) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/bus/%s/%s", contract->name, name);

  g_test_add (path, Fixture, contract, set_up, test, tear_down);
}

void
kl_bus_contract_add (const KlBusContract *contract)
{
  add (contract, "nothing", test_nothing);
  add (contract, "fill", test_fill);
  add (contract, "publish", test_publish);
  add (contract, "batch", test_batch);
  add (contract, "gap", test_gap);
  add (contract, "trim", test_trim);
  add (contract, "empty-group", test_empty_group);
  add (contract, "drop", test_drop);
  add (contract, "alone", test_alone);
}
