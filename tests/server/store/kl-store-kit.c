/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/store/kl-store-kit.h"

#include <string.h>

#include "server/store/kl-mongo-store.h"
#include "server/store/kl-sqlite-store.h"

#define DOMAIN "example.org"
#define TIME_MS 1764000000000

KlStore *
kl_store_kit_open_sqlite (const char *path)
{
  g_autoptr (GError) error = NULL;
  KlSqliteStore *store = kl_sqlite_store_open (path, DOMAIN, &error);

  g_assert_no_error (error);

  return KL_STORE (store);
}

KlStore *
kl_store_kit_open_mongo (const char *uri)
{
  g_autoptr (GError) error = NULL;
  KlMongoStore *store = kl_mongo_store_open (uri, DOMAIN, &error);

  g_assert_no_error (error);
  kl_mongo_store_set_deadline (store, KL_TEST_DEADLINE_MS);

  return KL_STORE (store);
}

void
kl_store_kit_close (KlStore *store)
{
  KL_STORE_ANSWER;
  g_autoptr (GError) error = NULL;

  kl_store_close_async (store, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_store_close_finish (store, result, &error));
  g_assert_no_error (error);
  g_clear_object (&result); /* it holds the store */
  kl_test_finalize (store);
}

void
kl_store_kit_add_user (KlStore *store, const char *name)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreUser) user = kl_store_user_new ();
  g_autoptr (KlStoreInvite) invite = NULL;
  g_autoptr (GError) error = NULL;

  user->id = g_strdup_printf ("u-%s", name);
  user->name = g_strdup (name);
  user->display_name = g_strdup_printf ("The %s", name);
  user->read_receipts = TRUE;
  user->created_at = user->updated_at = TIME_MS;
  kl_store_kit_call (create_user, store, user, "hash", KL_STORE_CREATE_ANY, NULL);
  invite = kl_store_create_user_finish (store, result, &error);
  g_assert_no_error (error);
}

KlStoreBatch *
kl_store_kit_new_group (const char *group, const char *owner, const char *slug, const char *name)
{
  KlStoreBatch *batch = kl_store_batch_new (group, 0, 0);
  KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_GROUP);

  change->actor = g_strdup (owner);
  change->time = TIME_MS;
  change->group = kl_store_group_new ();
  change->group->id = g_strdup (group);
  change->group->rev = 1;
  change->group->slug = g_strdup (slug);
  change->group->name = g_strdup (name);
  change->group->topic = g_strdup ("");
  change->group->visibility = KL_VISIBILITY_PUBLIC;
  change->group->created_at = TIME_MS;
  kl_store_kit_add_member (batch, owner, KL_ROLE_OWNER);

  return batch;
}

void
kl_store_kit_add_group (KlStore *store, const char *group, const char *owner, const char *slug, const char *name)
{
  g_assert_cmpint (kl_store_kit_append (store, kl_store_kit_new_group (group, owner, slug, name), NULL), ==,
                   KL_APPEND_OK);
}

KlStoreChange *
kl_store_kit_add_message (KlStoreBatch *batch, gint64 seq, const char *sender, const char *client_id, const char *body)
{
  KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_MESSAGE);
  KlStoreMessage *message = kl_store_message_new ();

  change->seq = seq;
  change->actor = g_strdup (sender);
  change->op = client_id ? g_strdup_printf ("%s\n%s", sender, client_id) : NULL;
  change->time = TIME_MS + seq;
  change->message = message;
  message->id = g_strdup_printf ("m-%s-%" G_GINT64_FORMAT, batch->group, seq);
  message->seq = seq;
  message->rev = change->rev;
  message->sender = g_strdup (sender);
  message->created_at = TIME_MS + seq;
  message->text = g_strdup (body);
  message->json = g_strdup_printf ("{\"seq\":%" G_GINT64_FORMAT ",\"rev\":%" G_GINT64_FORMAT ",\"body\":\"%s\"}", seq,
                                   change->rev, body);
  message->json_length = strlen (message->json);

  return change;
}

KlStoreChange *
kl_store_kit_change_message (KlStoreBatch *batch, gint64 seq, const char *sender, const char *body,
                             KlMessageFlags flags)
{
  KlStoreChange *change = kl_store_kit_add_message (batch, seq, sender, NULL, body);

  change->message->flags = flags;

  return change;
}

KlStoreChange *
kl_store_kit_add_member (KlStoreBatch *batch, const char *user, KlRole role)
{
  KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_MEMBER);

  change->actor = g_strdup (user);
  change->time = TIME_MS;
  change->sets_marks = role != KL_ROLE_NONE;
  change->member = kl_store_member_new ();
  change->member->user = g_strdup (user);
  change->member->rev = change->rev;
  change->member->role = role;
  change->member->joined_at = TIME_MS;

  return change;
}

KlAppendResult *
kl_store_kit_append_result (KlStore *store, KlStoreBatch *batch)
{
  KL_STORE_ANSWER;
  g_autoptr (GError) error = NULL;
  KlAppendResult *answer;

  kl_store_kit_call (append, store, batch);
  answer = kl_store_append_finish (store, result, &error);
  g_assert_no_error (error);
  kl_store_batch_unref (batch);

  return answer;
}

KlAppendOutcome
kl_store_kit_append (KlStore *store, KlStoreBatch *batch, GArray **indexes)
{
  g_autoptr (KlAppendResult) answer = kl_store_kit_append_result (store, batch);

  if (indexes)
    *indexes = g_array_ref (answer->indexes);

  return answer->outcome;
}

void
kl_store_kit_send (KlStore *store, const char *group, gint64 base_rev, gint64 base_seq, const char *sender,
                   const char *client_id, const char *body)
{
  KlStoreBatch *batch = kl_store_batch_new (group, base_rev, base_seq);

  kl_store_kit_add_message (batch, base_seq + 1, sender, client_id, body);
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);
}

KlStoreLoaded *
kl_store_kit_load (KlStore *store, const char *group)
{
  KL_STORE_ANSWER;
  g_autoptr (GError) error = NULL;
  KlStoreLoaded *loaded;

  kl_store_kit_call (load_group, store, group);
  loaded = kl_store_load_group_finish (store, result, &error);
  g_assert_no_error (error);

  return loaded;
}

GPtrArray *
kl_store_kit_messages (KlStore *store, const char *group, gint64 from_seq, gint64 to_seq)
{
  KL_STORE_ANSWER;
  g_autoptr (GError) error = NULL;
  GPtrArray *messages;

  kl_store_kit_call (get_messages, store, group, from_seq, to_seq);
  messages = kl_store_get_messages_finish (store, result, &error);
  g_assert_no_error (error);

  return messages;
}
