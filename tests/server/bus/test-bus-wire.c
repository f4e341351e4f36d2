/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/bus/kl-bus-wire.h"

#include <string.h>

#include "tests/kit/kl-test.h"
#include "tests/server/bus/kl-bus-contract.h"

typedef struct
{
  KlBusSeal seal;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  kl_bus_seal_init (&self->seal, "epoch", "secret");
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
}

static KlStoreBatch *
make_batch (void)
{
  KlStoreBatch *batch = kl_store_batch_new ("tea", 7, 3);
  KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_GROUP);

  change->group = kl_store_group_new ();
  change->group->id = g_strdup ("tea");
  change->group->rev = 8;
  change->group->kind = KL_GROUP_KIND_DIRECT;
  change->group->visibility = KL_VISIBILITY_PUBLIC;
  change->group->slug = g_strdup ("tee");
  change->group->name = g_strdup ("T \"ä\"\n");
  change->group->topic = g_strdup ("");
  change->group->emoji = g_strdup ("🫖");
  change->group->created_at = 5;
  change->actor = g_strdup ("anna");
  change->time = 1700000000000;

  change = kl_store_batch_add (batch, KL_CHANGE_MEMBER);
  change->member = kl_store_member_new ();
  change->member->user = g_strdup ("ben");
  change->member->rev = 9;
  change->member->role = KL_ROLE_ADMIN;
  change->member->joined_at = 11;
  change->member->read_seq = 3;
  change->member->notify = KL_NOTIFY_NONE;
  change->member->pinned = TRUE;
  change->sets_marks = TRUE;
  change->bans = TRUE;

  for (int i = 0; i < 2; i++)
    {
      change = kl_store_batch_add (batch, KL_CHANGE_MESSAGE);
      change->op = g_strdup_printf ("anna\nclient %d", i);
      change->seq = 4 + i;
      change->message = kl_bus_contract_make_message (4 + i, change->rev);
    }

  return batch;
}

static GString *
write_batch (Fixture *self, KlStoreBatch *batch)
{
  KlBusLetter letter;

  kl_bus_letter_begin (&letter, "changes", "node", 17);
  kl_bus_write_batch (&letter, batch);

  return kl_bus_letter_finish (&letter, &self->seal, "place");
}

static void
assert_same_message (const KlStoreMessage *a, const KlStoreMessage *b)
{
  g_assert_cmpstr (a->id, ==, b->id);
  g_assert_cmpint (a->seq, ==, b->seq);
  g_assert_cmpint (a->rev, ==, b->rev);
  g_assert_cmpstr (a->sender, ==, b->sender);
  g_assert_cmpint (a->created_at, ==, b->created_at);
  g_assert_cmpint (a->flags, ==, b->flags);
  g_assert_cmpmem (a->json, a->json_length, b->json, b->json_length);
}

static void
test_batch (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlStoreBatch) batch = make_batch ();
  g_autoptr (GString) bytes = write_batch (self, batch);
  g_auto (KlBusReading) reading = { 0 };
  g_autoptr (KlStoreBatch) read = NULL;
  const KlStoreChange *change;

  g_assert_true (kl_bus_reading_open (&reading, &self->seal, "place", bytes->str, bytes->len));
  g_assert_cmpstr (reading.type, ==, "changes");
  g_assert_cmpstr (reading.node, ==, "node");
  g_assert_cmpuint (reading.number, ==, 17);
  read = kl_bus_read_batch (&reading);
  g_assert_nonnull (read);
  g_assert_cmpstr (read->group, ==, "tea");
  g_assert_cmpint (read->base_rev, ==, 7);
  g_assert_cmpint (read->base_seq, ==, 3);
  g_assert_cmpuint (read->changes->len, ==, 4);

  change = &g_array_index (read->changes, KlStoreChange, 0);
  g_assert_cmpint (change->rev, ==, 8);
  g_assert_cmpstr (change->actor, ==, "anna");
  g_assert_cmpint (change->time, ==, 1700000000000);
  g_assert_cmpstr (change->group->name, ==, "T \"ä\"\n");
  g_assert_cmpstr (change->group->slug, ==, "tee");
  g_assert_cmpstr (change->group->topic, ==, "");
  g_assert_cmpstr (change->group->emoji, ==, "🫖");
  g_assert_null (change->group->avatar);
  g_assert_cmpint (change->group->hue, ==, -1);
  g_assert_cmpint (change->group->kind, ==, KL_GROUP_KIND_DIRECT);
  g_assert_cmpint (change->group->visibility, ==, KL_VISIBILITY_PUBLIC);
  g_assert_cmpint (change->group->created_at, ==, 5);
  g_assert_false (change->group->deleted);

  change = &g_array_index (read->changes, KlStoreChange, 1);
  g_assert_cmpstr (change->member->user, ==, "ben");
  g_assert_cmpint (change->member->rev, ==, 9);
  g_assert_cmpint (change->member->role, ==, KL_ROLE_ADMIN);
  g_assert_cmpint (change->member->joined_at, ==, 11);
  g_assert_cmpint (change->member->read_seq, ==, 3);
  g_assert_cmpint (change->member->notify, ==, KL_NOTIFY_NONE);
  g_assert_true (change->member->pinned && change->sets_marks && change->bans);

  for (guint i = 2; i < 4; i++)
    {
      change = &g_array_index (read->changes, KlStoreChange, i);
      g_assert_cmpstr (change->op, ==, g_array_index (batch->changes, KlStoreChange, i).op);
      g_assert_cmpint (change->seq, ==, 2 + i);
      assert_same_message (change->message, g_array_index (batch->changes, KlStoreChange, i).message);
    }
}

/* One bit anywhere, one byte less, one more; another place, another deployment. */
static void
test_forged (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlStoreBatch) batch = make_batch ();
  g_autoptr (GString) bytes = write_batch (self, batch);
  KlBusReading reading;
  KlBusSeal other;

  for (gsize i = 0; i < bytes->len; i++)
    {
      bytes->str[i] ^= 1;
      g_assert_false (kl_bus_reading_open (&reading, &self->seal, "place", bytes->str, bytes->len));
      bytes->str[i] ^= 1;
      g_assert_false (kl_bus_reading_open (&reading, &self->seal, "place", bytes->str, i));
    }
  g_string_append_c (bytes, ' ');
  g_assert_false (kl_bus_reading_open (&reading, &self->seal, "place", bytes->str, bytes->len));
  g_string_truncate (bytes, bytes->len - 1);
  g_assert_false (kl_bus_reading_open (&reading, &self->seal, "plac", bytes->str, bytes->len));
  kl_bus_seal_init (&other, "epoch", "secreT");
  g_assert_cmpstr (other.deployment, ==, self->seal.deployment);
  g_assert_false (kl_bus_reading_open (&reading, &other, "place", bytes->str, bytes->len));
  kl_bus_seal_init (&other, "epocH", "secret");
  g_assert_cmpstr (other.deployment, !=, self->seal.deployment);
  g_assert_false (kl_bus_reading_open (&reading, &other, "place", bytes->str, bytes->len));
}

static KlStoreBatch *
read_json (Fixture *self, const char *members, const char *tail)
{
  g_autofree char *object = g_strdup_printf ("{%s}", members);
  g_autoptr (KlJson) json = kl_json_parse (object, strlen (object), NULL);
  g_auto (KlBusReading) reading = { 0 };
  g_autoptr (GString) bytes = NULL;
  yyjson_obj_iter iter;
  yyjson_val *key;
  KlBusLetter letter;

  g_assert_nonnull (json);
  kl_bus_letter_begin (&letter, "changes", "node", 1);
  yyjson_obj_iter_init (kl_json_get_root (json), &iter);
  while ((key = yyjson_obj_iter_next (&iter)))
    {
      kl_json_key_escaped (&letter.json, yyjson_get_str (key));
      kl_json_value (&letter.json, yyjson_obj_iter_get_val (key));
    }
  letter.parts = NULL;
  if (tail)
    kl_bus_letter_add_bytes (&letter, "tail", tail, strlen (tail));
  bytes = kl_bus_letter_finish (&letter, &self->seal, "place");
  g_assert_true (kl_bus_reading_open (&reading, &self->seal, "place", bytes->str, bytes->len));

  return kl_bus_read_batch (&reading);
}

/* Sealed by one of us, but not as this version writes it. */
static void
test_strict (Fixture *self, gconstpointer unused)
{
  static const struct
  {
    const char *members;
    const char *tail;
    gboolean good;
  } cases[] = {
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[]", NULL, TRUE },
    { "\"later\":{\"a\":[1]},\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[]", NULL, TRUE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":1,\"q\":1,\"r\":2,\"c\":1,\"j\":2,\"new\":7}]", "{}",
      TRUE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":2,\"m\":{\"u\":\"u\",\"role\":1,\"notify\":0}}]", NULL,
      TRUE },
    { "\"group\":\"a:b\",\"rev\":1,\"seq\":0,\"changes\":[]", NULL, FALSE },
    { "\"rev\":1,\"seq\":0,\"changes\":[]", NULL, FALSE },
    { "\"group\":\"g\",\"rev\":1.5,\"seq\":0,\"changes\":[]", NULL, FALSE },
    { "\"group\":\"g\",\"rev\":-1,\"seq\":0,\"changes\":[]", NULL, FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":{}", NULL, FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[7]", NULL, FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":4}]", NULL, FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":1}]", NULL, FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":2}]", NULL, FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":3}]", NULL, FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":2,\"m\":{\"u\":\"u\",\"role\":9,\"notify\":0}}]", NULL,
      FALSE },
    /* More bytes than there are, fewer than there are, none that a client could read. */
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":1,\"q\":1,\"r\":2,\"c\":1,\"j\":3}]", "{}", FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":1,\"q\":1,\"r\":2,\"c\":1,\"j\":2}]", "{} ", FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":1,\"q\":1,\"r\":2,\"c\":1,\"j\":2}]", "[]", FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":1,\"q\":1,\"r\":2,\"c\":1,\"j\":2}]", "{,", FALSE },
    { "\"group\":\"g\",\"rev\":1,\"seq\":0,\"changes\":[{\"k\":1,\"q\":1,\"r\":2,\"c\":1,\"j\":0}]", NULL, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (KlStoreBatch) batch = read_json (self, cases[i].members, cases[i].tail);

      if ((batch != NULL) != cases[i].good)
        g_error ("case %" G_GSIZE_FORMAT ": %s", i, cases[i].members);
    }
}

static void
test_message (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlStoreMessage) message = kl_bus_contract_make_message (5, 9);
  g_autoptr (GString) bytes = kl_bus_write_message (&self->seal, "tea", message);
  g_autoptr (KlStoreMessage) read = kl_bus_read_message (&self->seal, "tea", bytes->str, bytes->len, 5);

  g_assert_nonnull (read);
  assert_same_message (message, read);
  /* In another place of the cache it is none. */
  g_assert_null (kl_bus_read_message (&self->seal, "tea", bytes->str, bytes->len, 6));
  g_assert_null (kl_bus_read_message (&self->seal, "coffee", bytes->str, bytes->len, 5));
}

static void
test_share (Fixture *self, gconstpointer unused)
{
  static const struct
  {
    const char *json;
    const char *is;
  } cases[] = {
    { "[2,3,\"a\",\"b\"]", "2 3 a b" },
    { "[1,1]", "1 1 -" },
    { "[0,0]", "0 0 -" },
    { "[3,1]", NULL },
    { "[]", NULL },
    { "{}", NULL },
    { "[2,-1]", NULL },
    { "[2,1,7]", NULL },
    { "[2,1,\"a:b\"]", NULL },
    { "[\"2\",1]", NULL },
    { "[2,5000000000]", NULL },
  };
  g_autoptr (GPtrArray) here = g_ptr_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (KlJson) json = kl_json_parse (cases[i].json, strlen (cases[i].json), NULL);
      KlBusPresence share;
      g_autofree char *is = NULL;

      if (kl_bus_read_share (kl_json_get_root (json), &share, here))
        {
          g_autofree char *groups = share.here ? g_strjoinv (" ", (char **) share.here) : g_strdup ("-");

          is = g_strdup_printf ("%d %u %s", share.activity, share.connections, groups);
        }
      g_assert_cmpstr (is, ==, cases[i].is);
    }
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
#define ADD(name, test) g_test_add ("/bus/wire/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("batch", test_batch);
  ADD ("forged", test_forged);
  ADD ("strict", test_strict);
  ADD ("message", test_message);
  ADD ("share", test_share);

  return g_test_run ();
}
