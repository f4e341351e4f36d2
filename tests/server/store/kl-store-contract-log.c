/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log of a group: what is appended, what is refused, messages and changes as they are read. */
#include <string.h>

#include "tests/server/store/kl-store-contract.h"
#include "tests/server/store/kl-store-kit.h"

static void
assert_indexes (GArray *indexes, guint first, guint second, guint n)
{
  g_assert_cmpuint (indexes->len, ==, n);
  if (n > 0)
    g_assert_cmpuint (g_array_index (indexes, guint, 0), ==, first);
  if (n > 1)
    g_assert_cmpuint (g_array_index (indexes, guint, 1), ==, second);
}

/* ── Appending ── */

static void
test_new_group (KlStoreFixture *self, gconstpointer unused)
{
  g_autoptr (KlStoreLoaded) loaded = NULL;
  KlStoreMember *owner;

  kl_store_fixture_add_group (self);
  for (int i = 0; i < 2; i++)
    {
      g_clear_pointer (&loaded, kl_store_loaded_free);
      loaded = kl_store_kit_load (self->store, "g");
      g_assert_cmpstr (loaded->group->id, ==, "g");
      g_assert_cmpstr (loaded->group->slug, ==, "tea");
      g_assert_cmpstr (loaded->group->name, ==, "Tea & Talk");
      g_assert_cmpstr (loaded->group->topic, ==, "");
      g_assert_null (loaded->group->avatar);
      g_assert_null (loaded->group->emoji);
      g_assert_cmpint (loaded->group->hue, ==, -1);
      g_assert_cmpint (loaded->group->visibility, ==, KL_VISIBILITY_PUBLIC);
      g_assert_cmpint (loaded->group->kind, ==, KL_GROUP_KIND_GROUP);
      g_assert_cmpint (loaded->group->rev, ==, 1);
      g_assert_cmpint (loaded->rev, ==, 2);
      g_assert_cmpint (loaded->seq, ==, 0);
      g_assert_cmpint (loaded->time, ==, 0);
      g_assert_null (loaded->last_message);
      g_assert_cmpuint (loaded->members->len, ==, 1);
      owner = g_ptr_array_index (loaded->members, 0);
      g_assert_cmpstr (owner->user, ==, "u-ada");
      g_assert_cmpint (owner->role, ==, KL_ROLE_OWNER);
      g_assert_cmpint (owner->rev, ==, 2);
      kl_store_fixture_reopen (self);
    }
}

static void
test_conflict (KlStoreFixture *self, gconstpointer unused)
{
  static const struct
  {
    gint64 rev, seq;
  } heads[] = { { 0, 0 }, { 1, 0 }, { 3, 0 }, { 2, 1 }, { 900, 0 } };

  kl_store_fixture_add_group (self);
  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      KlStoreBatch *batch = kl_store_batch_new ("g", heads[i].rev, heads[i].seq);

      kl_store_kit_add_message (batch, heads[i].seq + 1, "u-ada", "c", "x");
      g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_CONFLICT);
    }
  {
    KlStoreBatch *batch = kl_store_batch_new ("nowhere", 2, 0);

    kl_store_kit_add_message (batch, 1, "u-ada", "c", "x");
    g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_CONFLICT);
  }
  kl_store_fixture_assert_head (self, "g", 2, 0);

  /* The op was not used up by any of them. */
  kl_store_kit_send (self->store, "g", 2, 0, "u-ada", "c", "x");
  kl_store_fixture_assert_head (self, "g", 3, 1);
  kl_store_fixture_reopen (self);
  kl_store_fixture_assert_head (self, "g", 3, 1);
}

/* Of two writers that plan on the same head, one wins. */
static void
test_race (KlStoreFixture *self, gconstpointer unused)
{
  GAsyncResult *results[20] = { NULL };
  guint n_ok = 0, n_conflict = 0;

  kl_store_fixture_add_group (self);
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (KlStoreBatch) batch = kl_store_batch_new ("g", 2, 0);
      g_autofree char *client_id = g_strdup_printf ("c%d", (int) i);

      kl_store_kit_add_message (batch, 1, i % 2 ? "u-ada" : "u-ben", client_id, client_id);
      kl_store_append_async (self->store, batch, kl_test_keep_result, &results[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (KlAppendResult) answer = NULL;

      kl_test_await (&results[i]);
      answer = kl_store_append_finish (self->store, results[i], NULL);
      n_ok += answer->outcome == KL_APPEND_OK;
      n_conflict += answer->outcome == KL_APPEND_CONFLICT;
      g_object_unref (results[i]);
    }
  g_assert_cmpuint (n_ok, ==, 1);
  g_assert_cmpuint (n_conflict, ==, G_N_ELEMENTS (results) - 1);
  kl_store_fixture_assert_head (self, "g", 3, 1);
}

static void
test_ops (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autoptr (KlAppendResult) answer = NULL;
  g_autoptr (GArray) used = NULL;
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GError) error = NULL;
  const char *ops[] = { "u-ada\nc1", "u-ada\nnever", "u-ben\nc1", "u-ada\nmaking", "nonsense", NULL };
  KlStoreBatch *batch;
  KlStoreOp *op;

  kl_store_fixture_add_people (self);
  batch = kl_store_kit_new_group ("g", "u-ada", "tea", "Tea");
  g_array_index (batch->changes, KlStoreChange, 0).op = g_strdup ("u-ada\nmaking");
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  kl_store_kit_send (self->store, "g", 2, 0, "u-ada", "c1", "one");

  /* Some of a batch were done before: which, and nothing from there on is stored. */
  batch = kl_store_batch_new ("g", 3, 1);
  kl_store_kit_add_message (batch, 2, "u-ada", "c2", "two");
  kl_store_kit_add_message (batch, 3, "u-ada", "c1", "one again");
  kl_store_kit_add_message (batch, 4, "u-ben", "c1", "another's");
  answer = kl_store_kit_append_result (self->store, batch);
  g_assert_cmpint (answer->outcome, ==, KL_APPEND_OP_USED);
  assert_indexes (answer->indexes, 1, 0, 1);
  g_assert_cmpuint (answer->n_stored, <=, 1);
  kl_store_fixture_assert_head (self, "g", 3 + answer->n_stored, 1 + answer->n_stored);

  /* The same making again, under the group id and the slug of a second try. */
  batch = kl_store_kit_new_group ("g2", "u-ada", "tea", "Tea");
  g_array_index (batch->changes, KlStoreChange, 0).op = g_strdup ("u-ada\nmaking");
  g_assert_cmpint (kl_store_kit_append (self->store, batch, &used), ==, KL_APPEND_OP_USED);
  assert_indexes (used, 0, 0, 1);
  kl_store_fixture_assert_not_found (self, "g2");

  /* An op is the person's, not the group's. */
  kl_store_kit_add_group (self->store, "other", "u-ada", NULL, "Other");
  batch = kl_store_batch_new ("other", 2, 0);
  kl_store_kit_add_message (batch, 1, "u-ada", "c1", "one");
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OP_USED);

  if (answer->n_stored == 0)
    kl_store_kit_send (self->store, "g", 3, 1, "u-ada", "c2", "two");
  kl_store_kit_send (self->store, "g", 4, 2, "u-ben", "c1", "three");

  kl_store_fixture_reopen (self);
  kl_store_kit_call (find_ops, self->store, ops);
  found = kl_store_find_ops_finish (self->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (found->len, ==, 5);
  op = g_ptr_array_index (found, 0);
  g_assert_cmpstr (op->group, ==, "g");
  g_assert_cmpint (op->kind, ==, KL_CHANGE_MESSAGE);
  g_assert_cmpint (op->rev, ==, 3);
  g_assert_cmpint (op->seq, ==, 1);
  g_assert_null (g_ptr_array_index (found, 1));
  op = g_ptr_array_index (found, 2);
  g_assert_cmpint (op->rev, ==, 5);
  g_assert_cmpint (op->seq, ==, 3);
  op = g_ptr_array_index (found, 3);
  g_assert_cmpint (op->kind, ==, KL_CHANGE_GROUP);
  g_assert_cmpint (op->rev, ==, 1);
  g_assert_cmpint (op->seq, ==, 0);
  g_assert_null (g_ptr_array_index (found, 4));
}

static void
test_slugs (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autofree char *id = NULL;
  g_autoptr (GError) error = NULL;

  kl_store_fixture_add_group (self);
  g_assert_cmpint (kl_store_kit_append (self->store, kl_store_kit_new_group ("g2", "u-ben", "tea", "Also"), NULL), ==,
                   KL_APPEND_SLUG_TAKEN);
  kl_store_fixture_assert_not_found (self, "g2");
  /* The id is free for another try. */
  kl_store_kit_add_group (self->store, "g2", "u-ben", "coffee", "Also");

  kl_store_kit_call (find_group, self->store, "coffee");
  id = kl_store_find_group_finish (self->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (id, ==, "g2");
  kl_store_kit_call (find_group, self->store, "water");
  g_assert_null (kl_store_find_group_finish (self->store, result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
}

/* ── Messages ── */

static void
assert_message (GPtrArray *messages, guint index, gint64 seq, gint64 rev, const char *body)
{
  KlStoreMessage *message = g_ptr_array_index (messages, index);
  g_autofree char *json = g_strdup_printf ("{\"seq\":%d,\"rev\":%d,\"body\":\"%s\"}", (int) seq, (int) rev, body);
  g_autofree char *id = g_strdup_printf ("m-g-%d", (int) seq);

  g_assert_cmpint (message->seq, ==, seq);
  g_assert_cmpint (message->rev, ==, rev);
  g_assert_cmpstr (message->id, ==, id);
  g_assert_cmpmem (message->json, message->json_length, json, strlen (json));
  g_assert_cmpuint (message->json[message->json_length], ==, 0);
}

static void
test_messages (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) all = NULL, some = NULL, none = NULL;
  g_autoptr (KlStoreMessage) message = NULL;
  g_autoptr (KlStoreLoaded) loaded = NULL;
  g_autoptr (GError) error = NULL;

  kl_store_fixture_add_group (self);
  kl_store_kit_add_group (self->store, "h", "u-ben", NULL, "Next to it");
  for (int i = 0; i < 10; i++)
    {
      g_autofree char *body = g_strdup_printf ("nr %d é😀", i + 1);

      kl_store_kit_send (self->store, "g", 2 + i, i, i % 2 ? "u-ben" : "u-ada", body, body);
    }
  kl_store_kit_send (self->store, "h", 2, 0, "u-ben", "h", "elsewhere");

  all = kl_store_kit_messages (self->store, "g", 1, G_MAXINT64);
  g_assert_cmpuint (all->len, ==, 10);
  assert_message (all, 0, 1, 3, "nr 1 é😀");
  assert_message (all, 9, 10, 12, "nr 10 é😀");
  g_assert_cmpstr (((KlStoreMessage *) g_ptr_array_index (all, 9))->sender, ==, "u-ben");
  some = kl_store_kit_messages (self->store, "g", 4, 6);
  g_assert_cmpuint (some->len, ==, 3);
  assert_message (some, 0, 4, 6, "nr 4 é😀");
  none = kl_store_kit_messages (self->store, "g", 6, 4);
  g_assert_cmpuint (none->len, ==, 0);

  loaded = kl_store_kit_load (self->store, "g");
  g_assert_cmpint (loaded->last_message->seq, ==, 10);
  g_assert_cmpint (loaded->time, ==, loaded->last_message->created_at);

  kl_store_kit_call (get_message, self->store, "g", "m-g-7");
  message = kl_store_get_message_finish (self->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (message->seq, ==, 7);
  /* One of another group is none of this one. */
  kl_store_kit_call (get_message, self->store, "g", "m-h-1");
  g_assert_null (kl_store_get_message_finish (self->store, result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
}

static void
test_changed_messages (KlStoreFixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) messages = NULL;
  g_autoptr (KlStoreLoaded) loaded = NULL;
  KlStoreBatch *batch;

  kl_store_fixture_add_group (self);
  for (int i = 0; i < 3; i++)
    kl_store_kit_send (self->store, "g", 2 + i, i, "u-ada", (char[]) { (char) ('a' + i), 0 }, "first");
  batch = kl_store_batch_new ("g", 5, 3);
  kl_store_kit_change_message (batch, 1, "u-ada", "edited", 0);
  kl_store_kit_change_message (batch, 4, "u-ada", "joined", KL_MESSAGE_SYSTEM);
  kl_store_kit_change_message (batch, 3, "u-ada", "", KL_MESSAGE_DELETED);
  kl_store_kit_change_message (batch, 1, "u-ada", "edited twice", 0);
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);

  kl_store_fixture_reopen (self);
  messages = kl_store_kit_messages (self->store, "g", 1, 9);
  g_assert_cmpuint (messages->len, ==, 4);
  assert_message (messages, 0, 1, 9, "edited twice");
  assert_message (messages, 1, 2, 4, "first");
  assert_message (messages, 2, 3, 8, "");
  g_assert_cmpint (((KlStoreMessage *) g_ptr_array_index (messages, 2))->flags, ==, KL_MESSAGE_DELETED);
  assert_message (messages, 3, 4, 7, "joined");
  /* The newest that is not system, deleted too. */
  loaded = kl_store_kit_load (self->store, "g");
  g_assert_cmpint (loaded->rev, ==, 9);
  g_assert_cmpint (loaded->seq, ==, 4);
  g_assert_cmpint (loaded->last_message->seq, ==, 3);
}

static void
assert_changes (KlStoreFixture *self, gint64 since, guint limit, const char *expected)
{
  KL_STORE_ANSWER;
  g_autoptr (GArray) changes = NULL;
  g_autoptr (GError) error = NULL;
  GString *got = g_string_new (NULL);

  kl_store_kit_call (get_changes, self->store, "g", since, limit);
  changes = kl_store_get_changes_finish (self->store, result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);

      if (change->kind == KL_CHANGE_MESSAGE)
        {
          g_assert_cmpint (change->message->rev, ==, change->rev);
          g_assert_cmpint (change->message->seq, ==, change->seq);
          g_string_append_printf (got, "%d:m%d ", (int) change->rev, (int) change->seq);
        }
      else
        {
          g_assert_cmpint (change->kind, ==, KL_CHANGE_MEMBER);
          g_assert_cmpint (change->member->rev, ==, change->rev);
          g_string_append_printf (got, "%d:%s/%d ", (int) change->rev, change->member->user,
                                  (int) change->member->role);
        }
    }
  g_assert_cmpstr (got->str, ==, expected);
  g_string_free (got, TRUE);
}

static void
test_changes_since (KlStoreFixture *self, gconstpointer unused)
{
  KlStoreBatch *batch;
  KlStoreChange *change;

  kl_store_fixture_add_group (self);
  kl_store_kit_send (self->store, "g", 2, 0, "u-ada", "a", "one");
  batch = kl_store_batch_new ("g", 3, 1);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER);     /* 4 */
  kl_store_kit_add_message (batch, 2, "u-ben", NULL, "joined"); /* 5 */
  kl_store_kit_change_message (batch, 1, "u-ada", "edited", 0); /* 6 */
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_ADMIN);      /* 7 */
  change = kl_store_batch_add (batch, KL_CHANGE_GROUP);         /* 8 */
  change->actor = g_strdup ("u-ada");
  change->group = kl_store_group_new ();
  change->group->id = g_strdup ("g");
  change->group->slug = g_strdup ("tea");
  change->group->name = g_strdup ("Renamed");
  change->group->emoji = g_strdup ("☕");
  change->group->hue = 7;
  kl_store_kit_add_message (batch, 3, "u-ada", NULL, "renamed"); /* 9 */
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_NONE);        /* 10 */
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);

  for (int i = 0; i < 2; i++)
    {
      assert_changes (self, 0, 100, "2:u-ada/3 5:m2 6:m1 9:m3 10:u-ben/0 ");
      assert_changes (self, 5, 100, "6:m1 9:m3 10:u-ben/0 ");
      assert_changes (self, 9, 100, "10:u-ben/0 ");
      assert_changes (self, 10, 100, "");
      assert_changes (self, 999, 100, "");
      assert_changes (self, 0, 2, "2:u-ada/3 5:m2 ");
      kl_store_fixture_reopen (self);
    }
  {
    g_autoptr (KlStoreLoaded) loaded = kl_store_kit_load (self->store, "g");

    g_assert_cmpstr (loaded->group->name, ==, "Renamed");
    g_assert_cmpstr (loaded->group->emoji, ==, "☕");
    g_assert_cmpint (loaded->group->hue, ==, 7);
    g_assert_cmpint (loaded->group->rev, ==, 8);
    g_assert_cmpint (loaded->rev, ==, 10);
    g_assert_cmpuint (loaded->members->len, ==, 1);
  }
}

static void
test_log (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreBatch) log = NULL;
  g_autoptr (GError) error = NULL;
  KlStoreBatch *batch;
  KlStoreChange *change;

  kl_store_fixture_add_group (self);
  kl_store_kit_send (self->store, "g", 2, 0, "u-ada", "a", "one");
  batch = kl_store_batch_new ("g", 3, 1);
  kl_store_kit_change_message (batch, 1, "u-ada", "edited", 0);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER);
  kl_store_kit_add_message (batch, 2, "u-ben", NULL, "joined");
  change = kl_store_kit_add_member (batch, "u-ben", KL_ROLE_NONE);
  change->bans = TRUE;
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);

  kl_store_kit_call (read_log, self->store, "g", 2, 100);
  log = kl_store_read_log_finish (self->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (log->base_rev, ==, 2);
  g_assert_cmpint (log->base_seq, ==, 0);
  g_assert_cmpuint (log->changes->len, ==, 5);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpint (g_array_index (log->changes, KlStoreChange, i).rev, ==, 3 + i);
  change = &g_array_index (log->changes, KlStoreChange, 0);
  g_assert_cmpint (change->kind, ==, KL_CHANGE_MESSAGE);
  g_assert_cmpint (change->message->rev, ==, 4); /* as it is now */
  change = &g_array_index (log->changes, KlStoreChange, 4);
  g_assert_cmpint (change->kind, ==, KL_CHANGE_MEMBER);
  g_assert_cmpint (change->member->role, ==, KL_ROLE_NONE);
  g_assert_true (change->bans);

  g_clear_pointer (&log, kl_store_batch_unref);
  kl_store_kit_call (read_log, self->store, "g", 3, 2);
  log = kl_store_read_log_finish (self->store, result, &error);
  g_assert_cmpint (log->base_seq, ==, 1);
  g_assert_cmpuint (log->changes->len, ==, 2);

  g_clear_pointer (&log, kl_store_batch_unref);
  kl_store_kit_call (read_log, self->store, "g", 7, 100);
  log = kl_store_read_log_finish (self->store, result, &error);
  g_assert_cmpuint (log->changes->len, ==, 0);
  g_assert_cmpint (log->base_seq, ==, 2);

  kl_store_kit_call (read_log, self->store, "nowhere", 0, 100);
  g_assert_null (kl_store_read_log_finish (self->store, result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
}

/* ── Much at once ── */

/* Many batches of many groups at once: each is stored whole and in its order. */
static void
test_many_at_once (KlStoreFixture *self, gconstpointer unused)
{
  enum
  {
    N_GROUPS = 10,
    N_BATCHES = 30,
    N_MESSAGES = 3
  };
  GAsyncResult *results[N_GROUPS][N_BATCHES] = { 0 };

  kl_store_fixture_add_people (self);
  for (int g = 0; g < N_GROUPS; g++)
    {
      g_autofree char *id = g_strdup_printf ("g%d", g);

      kl_store_kit_add_group (self->store, id, "u-ada", NULL, id);
    }
  for (int b = 0; b < N_BATCHES; b++)
    for (int g = 0; g < N_GROUPS; g++)
      {
        g_autofree char *id = g_strdup_printf ("g%d", g);
        g_autoptr (KlStoreBatch) batch = kl_store_batch_new (id, 2 + b * N_MESSAGES, b * N_MESSAGES);

        for (int m = 1; m <= N_MESSAGES; m++)
          {
            g_autofree char *op = g_strdup_printf ("%s %d %d", id, b, m);

            kl_store_kit_add_message (batch, b * N_MESSAGES + m, "u-ben", op, op);
          }
        kl_store_append_async (self->store, batch, kl_test_keep_result, &results[g][b]);
      }
  for (int g = 0; g < N_GROUPS; g++)
    {
      g_autofree char *id = g_strdup_printf ("g%d", g);
      g_autoptr (GPtrArray) messages = NULL;

      for (int b = 0; b < N_BATCHES; b++)
        {
          g_autoptr (KlAppendResult) answer = NULL;

          kl_test_await (&results[g][b]);
          answer = kl_store_append_finish (self->store, results[g][b], NULL);
          g_assert_cmpint (answer->outcome, ==, KL_APPEND_OK);
          g_object_unref (results[g][b]);
        }
      messages = kl_store_kit_messages (self->store, id, 1, G_MAXINT64);
      g_assert_cmpuint (messages->len, ==, N_BATCHES * N_MESSAGES);
      for (guint i = 0; i < messages->len; i++)
        g_assert_cmpint (((KlStoreMessage *) g_ptr_array_index (messages, i))->seq, ==, i + 1);
      kl_store_fixture_assert_head (self, id, 2 + N_BATCHES * N_MESSAGES, N_BATCHES * N_MESSAGES);
    }
}

/* More deeds than a store may keep at hand: each is known for ever, before and after a restart. */
static void
test_many_ops (KlStoreFixture *self, gconstpointer unused)
{
  enum
  {
    N_MESSAGES = 500
  };
  const int n_batches = self->contract->is_slow ? 3 : 66, n_sends = self->contract->is_slow ? 20 : 200;

  kl_store_fixture_add_group (self);
  for (int b = 0; b < n_batches; b++)
    {
      KlStoreBatch *batch = kl_store_batch_new ("g", 2 + b * N_MESSAGES, b * N_MESSAGES);

      for (int m = 0; m < N_MESSAGES; m++)
        {
          /* Out of order, as random ids are. */
          g_autofree char *client_id = g_strdup_printf ("%d", (b * N_MESSAGES + m) * 7919 % 100003);

          kl_store_kit_add_message (batch, b * N_MESSAGES + m + 1, m % 2 ? "u-ada" : "u-ben", client_id, "x");
        }
      g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
    }
  for (int i = 0; i < n_sends; i++)
    kl_store_kit_send (self->store, "g", 2 + n_batches * N_MESSAGES + i, n_batches * N_MESSAGES + i, "u-cleo",
                       (char[]) { (char) ('0' + i / 100), (char) ('0' + i / 10 % 10), (char) ('0' + i % 10), 0 }, "x");

  for (int i = 0; i < 2; i++)
    {
      for (int n = 0; n < n_batches * N_MESSAGES; n += 1009)
        {
          g_autofree char *client_id = g_strdup_printf ("%d", n * 7919 % 100003);
          KlStoreBatch *batch
              = kl_store_batch_new ("g", 2 + n_sends + n_batches * N_MESSAGES, n_sends + n_batches * N_MESSAGES);

          kl_store_kit_add_message (batch, 1 + n_sends + n_batches * N_MESSAGES, n % N_MESSAGES % 2 ? "u-ada" : "u-ben",
                                    client_id, "x");
          g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OP_USED);
        }
      {
        KL_STORE_ANSWER;
        g_autofree char *last = g_strdup_printf ("u-cleo\n%03d", n_sends - 1);
        const char *ops[] = { "u-ben\n0", "u-ada\n7919", last, "u-ada\n0", NULL };
        g_autoptr (GPtrArray) found = NULL;

        kl_store_kit_call (find_ops, self->store, ops);
        found = kl_store_find_ops_finish (self->store, result, NULL);
        g_assert_cmpint (((KlStoreOp *) g_ptr_array_index (found, 0))->seq, ==, 1);
        g_assert_cmpint (((KlStoreOp *) g_ptr_array_index (found, 1))->seq, ==, 2);
        g_assert_cmpint (((KlStoreOp *) g_ptr_array_index (found, 2))->seq, ==, n_sends + n_batches * N_MESSAGES);
        g_assert_null (g_ptr_array_index (found, 3));
      }
      kl_store_fixture_reopen (self);
    }
}

/* A batch that breaks the rules of the log fails by itself; those that share its commit do not. */
static void
test_guilty_alone (KlStoreFixture *self, gconstpointer unused)
{
  g_autoptr (GAsyncResult) good1 = NULL, bad = NULL, good2 = NULL;
  g_autoptr (KlStoreBatch) batch1 = NULL, batch2 = NULL, batch3 = NULL;
  g_autoptr (KlAppendResult) answer1 = NULL, answer2 = NULL;
  g_autoptr (GError) error = NULL;
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);

  kl_store_fixture_add_group (self);
  kl_store_kit_add_group (self->store, "h", "u-ben", NULL, "H");
  batch1 = kl_store_batch_new ("g", 2, 0);
  kl_store_kit_add_message (batch1, 1, "u-ada", "1", "one");
  batch2 = kl_store_batch_new ("h", 2, 0);
  kl_store_kit_add_message (batch2, 1, "u-nobody", "2", "by nobody");
  batch3 = kl_store_batch_new ("g", 3, 1);
  kl_store_kit_add_message (batch3, 2, "u-ada", "3", "two");
  kl_store_append_async (self->store, batch1, kl_test_keep_result, &good1);
  kl_store_append_async (self->store, batch2, kl_test_keep_result, &bad);
  kl_store_append_async (self->store, batch3, kl_test_keep_result, &good2);
  kl_test_await (&good1);
  kl_test_await (&bad);
  kl_test_await (&good2);
  g_log_set_always_fatal (fatal);

  answer1 = kl_store_append_finish (self->store, good1, NULL);
  g_assert_cmpint (answer1->outcome, ==, KL_APPEND_OK);
  answer2 = kl_store_append_finish (self->store, good2, NULL);
  g_assert_cmpint (answer2->outcome, ==, KL_APPEND_OK);
  g_assert_null (kl_store_append_finish (self->store, bad, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED);
  kl_store_fixture_assert_head (self, "g", 4, 2);
  kl_store_fixture_assert_head (self, "h", 2, 0);
}

void
kl_store_contract_add_log (const char *prefix, const KlStoreContract *contract)
{
  kl_store_contract_add_test (prefix, "new-group", contract, test_new_group);
  kl_store_contract_add_test (prefix, "conflict", contract, test_conflict);
  kl_store_contract_add_test (prefix, "race", contract, test_race);
  kl_store_contract_add_test (prefix, "ops", contract, test_ops);
  kl_store_contract_add_test (prefix, "slugs", contract, test_slugs);
  kl_store_contract_add_test (prefix, "messages", contract, test_messages);
  kl_store_contract_add_test (prefix, "changed-messages", contract, test_changed_messages);
  kl_store_contract_add_test (prefix, "changes-since", contract, test_changes_since);
  kl_store_contract_add_test (prefix, "log", contract, test_log);
  kl_store_contract_add_test (prefix, "many-at-once", contract, test_many_at_once);
  kl_store_contract_add_test (prefix, "many-ops", contract, test_many_ops);
  kl_store_contract_add_test (prefix, "guilty-alone", contract, test_guilty_alone);
}
