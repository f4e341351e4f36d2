/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/bus/kl-local-bus.h"
#include "tests/kit/kl-test.h"

typedef struct
{
  KlBus *bus;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->bus = KL_BUS (kl_local_bus_new ());
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_test_finalize (self->bus);
}

static KlStoreMessage *
make_message (gint64 seq, gint64 rev)
{
  KlStoreMessage *message = kl_store_message_new ();

  message->seq = seq;
  message->rev = rev;

  return message;
}

static void
fill (Fixture *self, gint64 rev, gint64 from_seq, gint64 to_seq)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func ((GDestroyNotify)kl_store_message_unref);

  for (gint64 seq = from_seq; seq <= to_seq; seq++)
    g_ptr_array_add (messages, make_message (seq, seq));
  kl_bus_cache_fill (self->bus, "g", rev, messages);
}

/* What is cached, as "rev: first-last"; "-" for nothing. */
static char *
look (Fixture *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KlBusCached) cached = NULL;
  g_autoptr (GError) error = NULL;
  gint64 first = 0;

  kl_bus_cache_get_async (self->bus, "g", kl_test_keep_result, &result);
  kl_test_await (&result);
  cached = kl_bus_cache_get_finish (self->bus, result, &error);
  g_assert_no_error (error);
  if (!cached)
    return g_strdup ("-");

  for (guint i = 0; i < cached->messages->len; i++)
    {
      const KlStoreMessage *message = g_ptr_array_index (cached->messages, i);

      if (i == 0)
        first = message->seq;
      g_assert_cmpint (message->seq, ==, first + i);
    }

  return g_strdup_printf ("%d: %d+%u", (int)cached->rev, (int)first, cached->messages->len);
}

static void
assert_cached (Fixture *self, const char *expected)
{
  g_autofree char *cached = look (self);

  g_assert_cmpstr (cached, ==, expected);
}

/* SEQ 0: a change of a member. */
static void
publish (Fixture *self, gint64 base_rev, gint64 seq)
{
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new ("g", base_rev, 0);
  KlStoreChange *change = kl_store_batch_add (batch, seq ? KL_CHANGE_MESSAGE : KL_CHANGE_MEMBER);

  change->seq = seq;
  if (seq)
    change->message = make_message (seq, change->rev);
  else
    change->member = kl_store_member_new ();
  kl_bus_publish (self->bus, batch);
}

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
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KlBusCached) cached = NULL;

  fill (self, 10, 1, 5);
  publish (self, 10, 6);
  publish (self, 11, 0);
  publish (self, 12, 3);
  publish (self, 5, 5); /* known already */
  assert_cached (self, "13: 1+6");
  kl_bus_cache_get_async (self->bus, "g", kl_test_keep_result, &result);
  kl_test_await (&result);
  cached = kl_bus_cache_get_finish (self->bus, result, NULL);
  g_assert_cmpint (((KlStoreMessage *)g_ptr_array_index (cached->messages, 2))->rev, ==, 13);

  /* What somebody holds stays as it was. */
  publish (self, 13, 7);
  g_assert_cmpuint (cached->messages->len, ==, 6);
  assert_cached (self, "14: 1+7");
}

static void
test_gap (Fixture *self, gconstpointer unused)
{
  fill (self, 10, 1, 5);
  publish (self, 11, 6);
  assert_cached (self, "-");
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
  change->group->deleted = TRUE;
  kl_bus_publish (self->bus, batch);
  assert_cached (self, "-");
}

static void
on_never (gpointer user_data, const char *node, KlStoreBatch *batch)
{
  g_assert_not_reached ();
}

static void
test_alone (Fixture *self, gconstpointer unused)
{
  static const KlBusListener listener = { .on_changes = on_never };
  const char *here[] = { "g", NULL };
  KlBusPresence mine = { KL_ACTIVITY_ONLINE, here, 1 }, others = { KL_ACTIVITY_ONLINE, here, 1 };
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
  kl_bus_unsubscribe (self->bus, "g");
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
#define ADD(name, test) g_test_add ("/bus/local/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("nothing", test_nothing);
  ADD ("fill", test_fill);
  ADD ("publish", test_publish);
  ADD ("gap", test_gap);
  ADD ("trim", test_trim);
  ADD ("empty-group", test_empty_group);
  ADD ("drop", test_drop);
  ADD ("alone", test_alone);

  return g_test_run ();
}
