/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is MongoDB's own: outages, two nodes on one database, writers that died half-way, what is tidied away. */
#include <signal.h>
#include <string.h>

#include <mongoc/mongoc.h>

#include "server/store/kl-mongo-pool.h"
#include "server/store/kl-mongo-schema.h"
#include "server/store/kl-mongo-store.h"
#include "tests/kit/kl-test-mongod.h"
#include "tests/kit/kl-test.h"
#include "tests/server/store/kl-store-kit.h"

#define DOMAIN "example.org"
/* A call is answered after less than five seconds; the rest is for a machine that does much else. */
#define ANSWER_USEC (8 * G_USEC_PER_SEC)

typedef struct
{
  KlTestMongod *mongod;
  char *uri;
  KlStore *store;
  KlStore *other; /* another node's */
  mongoc_client_t *client;
} Fixture;

static KlStore *
open_store (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  KlMongoStore *store = kl_mongo_store_open (self->uri, DOMAIN, &error);

  g_assert_no_error (error);

  return KL_STORE (store);
}

static void
be_patient (Fixture *self)
{
  kl_mongo_store_set_deadline (KL_MONGO_STORE (self->store), KL_TEST_DEADLINE_MS);
  kl_mongo_store_set_deadline (KL_MONGO_STORE (self->other), KL_TEST_DEADLINE_MS);
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->mongod = kl_test_mongod_new ();
  self->uri = g_strconcat (kl_test_mongod_get_uri (self->mongod), "/klatch", NULL);
  self->store = open_store (self);
  self->other = open_store (self);
  self->client = mongoc_client_new (self->uri);
  be_patient (self);
  kl_store_kit_add_user (self->store, "ada");
  kl_store_kit_add_user (self->store, "ben");
  kl_store_kit_add_group (self->store, "g", "u-ada", "tea", "Tea");
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  mongoc_client_destroy (self->client);
  kl_store_kit_close (self->store);
  kl_store_kit_close (self->other);
  g_free (self->uri);
  kl_test_mongod_free (self->mongod);
}

/* ── The database itself ── */

static gint64
count (Fixture *self, const char *collection, bson_t *filter)
{
  mongoc_collection_t *it = mongoc_client_get_collection (self->client, "klatch", collection);
  mongoc_cursor_t *cursor = mongoc_collection_find_with_opts (it, filter, NULL, NULL);
  const bson_t *doc;
  gint64 n = 0;

  while (mongoc_cursor_next (cursor, &doc))
    n++;
  mongoc_cursor_destroy (cursor);
  mongoc_collection_destroy (it);
  bson_destroy (filter);

  return n;
}

static void
change (Fixture *self, const char *collection, bson_t *filter, bson_t *update)
{
  mongoc_collection_t *it = mongoc_client_get_collection (self->client, "klatch", collection);
  bson_error_t error;

  if (update)
    g_assert_true (mongoc_collection_update_many (it, filter, update, NULL, NULL, &error));
  else
    g_assert_true (mongoc_collection_delete_many (it, filter, NULL, NULL, &error));
  mongoc_collection_destroy (it);
  bson_destroy (filter);
  g_clear_pointer (&update, bson_destroy);
}

static void
insert (Fixture *self, const char *collection, bson_t *doc)
{
  mongoc_collection_t *it = mongoc_client_get_collection (self->client, "klatch", collection);

  g_assert_true (mongoc_collection_insert_one (it, doc, NULL, NULL, NULL));
  mongoc_collection_destroy (it);
  bson_destroy (doc);
}

/* ── Outages ── */

static void
assert_unavailable (Fixture *self, const char *client_id)
{
  KL_STORE_ANSWER;
  KlStoreBatch *batch = kl_store_batch_new ("g", 2, 0);
  g_autoptr (GError) error = NULL;
  gint64 began_usec = g_get_monotonic_time ();

  kl_store_kit_add_message (batch, 1, "u-ada", client_id, "x");
  kl_store_kit_call (append, self->store, batch);
  g_assert_null (kl_store_append_finish (self->store, result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
  g_assert_cmpint (g_get_monotonic_time () - began_usec, <, ANSWER_USEC);
  kl_store_batch_unref (batch);
}

static void
test_stopped (Fixture *self, gconstpointer unused)
{
  g_autofree char *reason = NULL;
  g_autoptr (KlStoreLoaded) loaded = NULL;
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);

  kl_mongo_store_set_deadline (KL_MONGO_STORE (self->store), 4500);
  kl_test_mongod_signal (self->mongod, SIGKILL);
  assert_unavailable (self, "lost");
  kl_test_wait_until (!kl_store_is_ready (self->store, NULL));
  g_assert_false (kl_store_is_ready (self->store, &reason));
  g_assert_cmpstr (reason, !=, NULL);
  /* Now it is refused without waiting. */
  {
    gint64 began_usec = g_get_monotonic_time ();

    assert_unavailable (self, "lost");
    g_assert_cmpint (g_get_monotonic_time () - began_usec, <, G_USEC_PER_SEC);
  }

  kl_test_mongod_restart (self->mongod);
  kl_test_wait_until (kl_store_is_ready (self->store, NULL));
  kl_mongo_store_set_deadline (KL_MONGO_STORE (self->store), KL_TEST_DEADLINE_MS);
  kl_store_kit_send (self->store, "g", 2, 0, "u-ada", "lost", "found");
  loaded = kl_store_kit_load (self->store, "g");
  g_assert_cmpint (loaded->rev, ==, 3);
  kl_test_wait_until (kl_store_is_ready (self->other, NULL));
  g_log_set_always_fatal (fatal);
}

/* It hangs instead of dying: all calls come back in time, and what was half done is neither lost nor doubled. */
static void
test_frozen (Fixture *self, gconstpointer unused)
{
  enum
  {
    N_GROUPS = 20
  };
  GAsyncResult *appends[N_GROUPS] = { NULL }, *reads[200] = { NULL };
  gint64 began_usec;
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);

  for (int i = 0; i < N_GROUPS; i++)
    {
      g_autofree char *id = g_strdup_printf ("h%d", i);

      kl_store_kit_add_group (self->store, id, "u-ada", NULL, id);
    }
  kl_mongo_store_set_deadline (KL_MONGO_STORE (self->store), 4500);
  kl_test_mongod_signal (self->mongod, SIGSTOP);
  began_usec = g_get_monotonic_time ();
  for (int i = 0; i < N_GROUPS; i++)
    {
      g_autofree char *id = g_strdup_printf ("h%d", i);
      g_autoptr (KlStoreBatch) batch = kl_store_batch_new (id, 2, 0);

      kl_store_kit_add_message (batch, 1, "u-ada", id, "x");
      kl_store_append_async (self->store, batch, kl_test_keep_result, &appends[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (reads); i++)
    kl_store_load_group_async (self->store, "g", kl_test_keep_result, &reads[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (reads); i++)
    {
      g_autoptr (GError) error = NULL;

      kl_test_await (&reads[i]);
      g_assert_null (kl_store_load_group_finish (self->store, reads[i], &error));
      g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
      g_object_unref (reads[i]);
    }
  for (int i = 0; i < N_GROUPS; i++)
    kl_test_await (&appends[i]);
  g_assert_cmpint (g_get_monotonic_time () - began_usec, <, ANSWER_USEC);
  g_assert_false (kl_store_is_ready (self->store, NULL));

  kl_test_mongod_signal (self->mongod, SIGCONT);
  kl_test_wait_until (kl_store_is_ready (self->store, NULL));
  kl_mongo_store_set_deadline (KL_MONGO_STORE (self->store), KL_TEST_DEADLINE_MS);
  for (int i = 0; i < N_GROUPS; i++)
    {
      g_autofree char *id = g_strdup_printf ("h%d", i);
      KlStoreBatch *batch = kl_store_batch_new (id, 2, 0);
      g_autoptr (GPtrArray) messages = NULL;

      /* Either nothing of the first try arrives, or it is in the way of the second. */
      kl_store_kit_add_message (batch, 1, "u-ada", id, "x");
      kl_store_kit_append (self->store, batch, NULL);
      messages = kl_store_kit_messages (self->store, id, 1, 9);
      g_assert_cmpuint (messages->len, ==, 1);
      g_object_unref (appends[i]);
    }
  g_log_set_always_fatal (fatal);
}

static void
test_refused (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (kl_mongo_store_open (self->uri, "example.net", &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, DOMAIN));
  g_assert_cmpstr (kl_store_get_epoch (self->store), ==, kl_store_get_epoch (self->other));
  g_assert_cmpstr (kl_store_get_secret (self->store), ==, kl_store_get_secret (self->other));
}

/* ── Two nodes ── */

static GPtrArray *
get_moved (KlStore *store)
{
  KL_STORE_ANSWER;
  g_autoptr (GError) error = NULL;
  GPtrArray *moved;

  g_clear_object (&result);
  kl_store_get_moved_async (store, kl_test_keep_result, &result);
  kl_test_await (&result);
  moved = kl_store_get_moved_finish (store, result, &error);
  g_assert_no_error (error);

  return moved;
}

static void
test_moved (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) first = get_moved (self->other), second = NULL, third = NULL, fourth = NULL;
  KlStoreBatch *batch;
  KlStoreHead *head;

  g_assert_cmpuint (first->len, ==, 0);
  kl_store_kit_send (self->store, "g", 2, 0, "u-ada", "1", "x");
  kl_store_kit_send (self->store, "g", 3, 1, "u-ada", "2", "x");
  second = get_moved (self->other);
  g_assert_cmpuint (second->len, ==, 1);
  head = g_ptr_array_index (second, 0);
  g_assert_cmpstr (head->group, ==, "g");
  g_assert_cmpint (head->rev, ==, 4);
  g_assert_null (head->users);

  kl_store_kit_add_group (self->store, "h", "u-ben", NULL, "H");
  batch = kl_store_batch_new ("g", 4, 2);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER);
  kl_store_kit_add_message (batch, 3, "u-ben", NULL, "joined")->goes_along = TRUE;
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  third = get_moved (self->other);
  g_assert_cmpuint (third->len, ==, 2);
  for (guint i = 0; i < third->len; i++)
    {
      head = g_ptr_array_index (third, i);
      g_assert_cmpint (head->rev, ==, g_str_equal (head->group, "g") ? 6 : 2);
      g_assert_cmpuint (head->users->len, ==, 1);
      g_assert_cmpstr (g_ptr_array_index (head->users, 0), ==, "u-ben");
    }
  fourth = get_moved (self->other);
  g_assert_cmpuint (fourth->len, ==, 0);
}

/* What a look found that came too late is found again. */
static void
test_moved_late (Fixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) first = get_moved (self->other), again = NULL;
  g_autoptr (GError) error = NULL;

  /* Where this thread is kept waiting the look may end before its time is looked at, and is in time then. */
  for (gint64 seq = 0; !error; seq++)
    {
      g_autofree char *client_id = g_strdup_printf ("%" G_GINT64_FORMAT, seq);
      g_autoptr (GPtrArray) moved = NULL;

      be_patient (self);
      kl_store_kit_send (self->store, "g", seq + 2, seq, "u-ada", client_id, "x");
      kl_mongo_store_set_deadline (KL_MONGO_STORE (self->other), 0);
      g_clear_object (&result);
      kl_store_get_moved_async (self->other, kl_test_keep_result, &result);
      kl_test_await (&result);
      moved = kl_store_get_moved_finish (self->other, result, &error);
      g_assert_true (moved != NULL || error != NULL);
    }
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE);
  be_patient (self);
  again = get_moved (self->other);
  g_assert_cmpuint (again->len, ==, 1);
}

/* One client_id on two nodes at once, in two groups: it is done once. */
static void
test_op_once (Fixture *self, gconstpointer unused)
{
  GAsyncResult *results[50] = { NULL };
  guint n_ok = 0;

  kl_store_kit_add_group (self->store, "h", "u-ben", NULL, "H");
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (KlStoreBatch) batch = kl_store_batch_new (i / 2 % 2 ? "g" : "h", 2, 0);

      kl_store_kit_add_message (batch, 1, "u-ada", "once", "x");
      kl_store_append_async (i % 2 ? self->store : self->other, batch, kl_test_keep_result, &results[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (KlAppendResult) answer = NULL;
      g_autoptr (GError) error = NULL;

      kl_test_await (&results[i]);
      answer = kl_store_append_finish (i % 2 ? self->store : self->other, results[i], &error);
      g_assert_no_error (error);
      n_ok += answer->outcome == KL_APPEND_OK;
      g_object_unref (results[i]);
    }
  g_assert_cmpuint (n_ok, ==, 1);
  g_assert_cmpint (count (self, "changes", BCON_NEW ("op", "u-ada\nonce")), ==, 1);
}

static void
add_invite (Fixture *self, const char *code, const char *group, gint64 uses)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreInvite) invite = kl_store_invite_new ();
  g_autoptr (GError) error = NULL;

  invite->code = g_strdup (code);
  invite->group = g_strdup (group);
  invite->by = g_strdup ("u-ada");
  invite->registers = TRUE;
  invite->created_at = 1;
  invite->uses_left = uses;
  kl_store_kit_call (create_invite, self->store, invite);
  g_assert_true (kl_store_create_invite_finish (self->store, result, &error));
}

/* -1: not good. */
static gint64
uses_left (KlStore *store, const char *code)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreInvite) invite = NULL;

  kl_store_kit_call (get_invite, store, code);
  invite = kl_store_get_invite_finish (store, result, NULL);

  return invite ? invite->uses_left : -1;
}

/* Twenty want to register by an invite of which one use is left, and to have the same name. */
static void
test_register_once (Fixture *self, gconstpointer unused)
{
  GAsyncResult *results[20] = { NULL };
  guint n_made = 0;

  add_invite (self, "code", NULL, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (KlStoreUser) user = kl_store_user_new ();

      user->id = g_strdup_printf ("u%d", (int) i);
      user->name = i < 10 ? g_strdup ("cleo") : g_strdup_printf ("cleo%d", (int) i);
      user->display_name = g_strdup ("Cleo");
      kl_store_create_user_async (i % 2 ? self->store : self->other, user, "hash", KL_STORE_CREATE_ANY, "code",
                                  kl_test_keep_result, &results[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (KlStoreInvite) invite = NULL;
      g_autoptr (GError) error = NULL;

      kl_test_await (&results[i]);
      invite = kl_store_create_user_finish (i % 2 ? self->store : self->other, results[i], &error);
      n_made += invite != NULL;
      if (!invite)
        g_assert_true (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_SPENT)
                       || g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_TAKEN));
      g_object_unref (results[i]);
    }
  g_assert_cmpuint (n_made, ==, 1);
  g_assert_cmpint (count (self, "users", bson_new ()), ==, 3);
  g_assert_cmpint (count (self, "uses", bson_new ()), ==, 1);
}

/* Joins with one use left, by two nodes which find each other's entries in their way. */
static void
test_join_once (Fixture *self, gconstpointer unused)
{
  KlStore *stores[] = { self->store, self->other };
  guint n_joined = 0, n_spent = 0;
  gint64 rev = 2;

  add_invite (self, "code", "g", 1);
  while (n_joined + n_spent < 4)
    {
      GAsyncResult *results[2] = { NULL };

      for (int i = 0; i < 2; i++)
        {
          g_autoptr (KlStoreBatch) batch = kl_store_batch_new ("g", rev, 0);

          kl_store_kit_add_member (batch, i ? "u-ada" : "u-ben", KL_ROLE_MEMBER)->invite = g_strdup ("code");
          kl_store_append_async (stores[i], batch, kl_test_keep_result, &results[i]);
        }
      for (int i = 0; i < 2; i++)
        {
          g_autoptr (KlAppendResult) answer = NULL;

          kl_test_await (&results[i]);
          answer = kl_store_append_finish (stores[i], results[i], NULL);
          g_assert_nonnull (answer);
          n_joined += answer->outcome == KL_APPEND_OK;
          n_spent += answer->outcome == KL_APPEND_SPENT;
          rev += answer->outcome == KL_APPEND_OK;
          g_object_unref (results[i]);
        }
    }
  g_assert_cmpuint (n_joined, ==, 1);
  g_assert_cmpint (uses_left (self->store, "code"), ==, -1);
}

/* A node died between its claim of a use and what it was for. */
static void
test_dead_claim (Fixture *self, gconstpointer unused)
{
  gint64 old_ms = g_get_real_time () / 1000 - 3600 * 1000;
  KlStoreBatch *batch;

  add_invite (self, "code", "g", 1);
  insert (self, "uses",
          BCON_NEW ("_id", "code:1", "code", "code", "n", BCON_INT64 (1), "ref", "dead:0", "entry", "g:0000000003",
                    "at", BCON_INT64 (old_ms)));
  kl_store_kit_send (self->store, "g", 2, 0, "u-ada", "1", "x");
  batch = kl_store_batch_new ("g", 3, 1);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER)->invite = g_strdup ("code");
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);

  /* One that was needed is not given back, however old. */
  change (self, "uses", bson_new (), BCON_NEW ("$set", "{", "at", BCON_INT64 (old_ms), "}"));
  batch = kl_store_batch_new ("g", 4, 1);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_ADMIN)->invite = g_strdup ("code");
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_SPENT);
}

/* ── Writers that died between the log and the views ── */

static void
assert_memberships (KlStore *store, const char *user, guint n)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) groups = NULL;

  kl_store_kit_call (get_memberships, store, user);
  groups = kl_store_get_memberships_finish (store, result, NULL);
  g_assert_cmpuint (groups->len, ==, n);
}

static void
test_views_behind (Fixture *self, gconstpointer how)
{
  KL_STORE_ANSWER;
  KlStoreBatch *batch = kl_store_batch_new ("g", 2, 0);
  g_autoptr (KlStoreLoaded) loaded = NULL;

  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER)->member->read_seq = 1;
  kl_store_kit_add_message (batch, 1, "u-ben", NULL, "joined")->goes_along = TRUE;
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  kl_store_kit_send (self->store, "g", 4, 1, "u-ben", "1", "x");

  /* As if it had died there. */
  change (self, "members", BCON_NEW ("u", "u-ben"), NULL);
  if (g_str_equal (how, "all"))
    change (self, "groups", bson_new (), NULL);
  else
    change (self, "groups", bson_new (), BCON_NEW ("$set", "{", "v", BCON_INT64 (2), "n", BCON_INT64 (1), "}"));
  assert_memberships (self->other, "u-ben", 0);

  if (g_str_equal (how, "log"))
    {
      g_autoptr (KlStoreBatch) log = NULL;

      kl_store_kit_call (read_log, self->other, "g", 2, 100);
      log = kl_store_read_log_finish (self->other, result, NULL);
      g_assert_cmpuint (log->changes->len, ==, 3);
    }
  else if (g_str_equal (how, "append"))
    {
      batch = kl_store_batch_new ("g", 5, 2);
      kl_store_kit_add_member (batch, "u-ada", KL_ROLE_ADMIN)->sets_marks = FALSE;
      g_assert_cmpint (kl_store_kit_append (self->other, batch, NULL), ==, KL_APPEND_OK);
    }
  else
    {
      loaded = kl_store_kit_load (self->other, "g");
      g_assert_cmpuint (loaded->members->len, ==, 2);
      g_assert_cmpint (loaded->rev, ==, 5);
      g_assert_cmpstr (loaded->group->name, ==, "Tea");
    }
  assert_memberships (self->other, "u-ben", 1);
  {
    g_autoptr (KlStoreMember) member = NULL;
    g_autoptr (GPtrArray) listings = NULL;

    kl_store_kit_call (get_member, self->store, "g", "u-ben");
    member = kl_store_get_member_finish (self->store, result, NULL);
    g_assert_cmpint (member->read_seq, ==, 1);
    kl_store_kit_call (list_groups, self->store, NULL, FALSE, 0, NULL, 9);
    listings = kl_store_list_groups_finish (self->store, result, NULL);
    g_assert_cmpuint (listings->len, ==, 1);
    g_assert_cmpint (((KlStoreListing *) g_ptr_array_index (listings, 0))->members, ==, 2);
  }
}

/* A ban that was lifted does not come back when its entry is laid out once more. */
static void
test_lifted_ban (Fixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  KlStoreBatch *batch = kl_store_batch_new ("g", 2, 0);
  g_autoptr (KlStoreBan) ban = kl_store_ban_new ();
  g_autoptr (KlStoreLoaded) loaded = NULL;

  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_NONE)->bans = TRUE;
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  ban->user = g_strdup ("u-ben");
  kl_store_kit_call (set_ban, self->other, "g", ban, FALSE);
  g_assert_true (kl_store_set_ban_finish (self->other, result, NULL));

  change (self, "groups", bson_new (), BCON_NEW ("$set", "{", "v", BCON_INT64 (2), "}"));
  loaded = kl_store_kit_load (self->store, "g");
  g_assert_cmpuint (loaded->bans->len, ==, 0);
  g_assert_cmpuint (loaded->members->len, ==, 1);
}

/* ── What goes ── */

static void
test_tidy (Fixture *self, gconstpointer unused)
{
  KlStoreBatch *batch;
  g_autoptr (GPtrArray) messages = NULL;

  kl_store_kit_send (self->store, "g", 2, 0, "u-ada", "1", "first");
  kl_store_kit_send (self->store, "g", 3, 1, "u-ada", "2", "second");
  batch = kl_store_batch_new ("g", 4, 2);
  kl_store_kit_add_message (batch, 1, "u-ada", NULL, "")->message->flags = KL_MESSAGE_DELETED;
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  kl_test_wait_until (
      count (self, "changes", BCON_NEW ("s", BCON_INT64 (1), "c0", "{", "$exists", BCON_BOOL (true), "}")) == 1);
  g_assert_cmpint (count (self, "changes", bson_new ()), ==, 5);
  messages = kl_store_kit_messages (self->other, "g", 1, 9);
  g_assert_cmpuint (messages->len, ==, 2);
  g_assert_cmpint (((KlStoreMessage *) g_ptr_array_index (messages, 0))->flags, ==, KL_MESSAGE_DELETED);
}

static void
test_purge (Fixture *self, gconstpointer unused)
{
  KlStoreBatch *batch = kl_store_batch_new ("g", 2, 0);
  KlStoreChange *end;

  for (int seq = 1; seq <= 50; seq++)
    kl_store_kit_add_message (batch, seq, "u-ada", NULL, "x");
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  batch = kl_store_batch_new ("g", 52, 50);
  end = kl_store_batch_add (batch, KL_CHANGE_GROUP);
  end->actor = g_strdup ("u-ada");
  end->group = kl_store_group_new ();
  end->group->id = g_strdup ("g");
  end->group->name = g_strdup ("Tea");
  end->group->deleted = TRUE;
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  kl_test_wait_until (count (self, "changes", BCON_NEW ("c0", "{", "$exists", BCON_BOOL (true), "}")) == 1);
  kl_test_wait_until (count (self, "groups", BCON_NEW ("purged", BCON_BOOL (true))) == 1);
  g_assert_cmpint (count (self, "changes", bson_new ()), ==, 53);

  /* A node that starts finishes what another began. */
  change (self, "groups", bson_new (), BCON_NEW ("$unset", "{", "purged", "", "}"));
  kl_store_kit_close (self->other);
  self->other = open_store (self);
  kl_test_wait_until (count (self, "groups", BCON_NEW ("purged", BCON_BOOL (true))) == 1);
}

/* ── Sessions ── */

static void
add_session (KlStore *store, const char *id, guint8 hash)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreSession) session = kl_store_session_new ();

  session->id = g_strdup (id);
  session->user = g_strdup ("u-ada");
  session->device = g_strdup ("GNOME");
  memset (session->token_hash, hash, sizeof session->token_hash);
  kl_store_kit_call (create_session, store, session);
  g_assert_true (kl_store_create_session_finish (store, result, NULL));
}

static gboolean
finds_session (KlStore *store, guint8 hash)
{
  KL_STORE_ANSWER;
  guint8 token_hash[KL_STORE_TOKEN_HASH_BYTES];
  g_autoptr (KlStoreSignedIn) who = NULL;

  memset (token_hash, hash, sizeof token_hash);
  kl_store_kit_call (find_session, store, token_hash);
  who = kl_store_find_session_finish (store, result, NULL);

  return who != NULL;
}

/* The node that changes a password dies before it removes the sessions: they have ended all the same. */
static void
test_password (Fixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) ended = NULL;

  add_session (self->store, "kept", 1);
  add_session (self->store, "ended", 2);
  kl_store_kit_call (set_password, self->store, "u-ada", "hash2", TRUE, "kept");
  ended = kl_store_set_password_finish (self->store, result, NULL);
  g_assert_cmpuint (ended->len, ==, 1);
  insert (self, "sessions",
          BCON_NEW ("_id", "0202020202020202020202020202020202020202020202020202020202020202", "id", "ended", "u",
                    "u-ada", "gen", "of before"));
  g_assert_true (finds_session (self->other, 1));
  g_assert_false (finds_session (self->other, 2));
  add_session (self->other, "new", 3);
  g_assert_true (finds_session (self->store, 3));
}

/* ── Addresses ── */

static const struct
{
  const char *uri, *fault; /* NULL: good */
} uris[] = {
  { "mongodb://db/klatch", NULL },
  { "mongodb://u:geheim@db1,db2:27018/klatch?replicaSet=rs0&tls=true&authSource=admin", NULL },
  { "mongodb://db/klatch?w=majority&journal=true&readConcernLevel=majority&readPreference=primary", NULL },
  { "mongodb://db", "the name of the database is missing" },
  { "mongodb://u:geheim@db/klatch?w=1", "w must be majority" },
  { "mongodb://u:geheim@db/klatch?journal=false", "journal must be true" },
  { "mongodb://u:geheim@db/klatch?readConcernLevel=local", "readConcernLevel must be majority" },
  { "mongodb://u:geheim@db/klatch?readPreference=secondary", "leave readPreference out" },
  { "mongodb://u:ge%heim@db/klatch", "[store] uri: " },
  { "mongodb://u:geheim@db:99999/klatch", "[store] uri: " },
  { "mongodb://u:geheim@/klatch", "[store] uri: " },
};

static void
test_uris (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean good = kl_mongo_store_check_uri (uris[i].uri, &error);

      g_test_message ("%s", uris[i].uri);
      g_assert_cmpint (good, ==, uris[i].fault == NULL);
      if (good)
        continue;
      g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, uris[i].fault));
      g_assert_null (strstr (error->message, "heim"));
    }
}

#define ADD(name, data, test) g_test_add ("/store/mongo/" name, Fixture, data, set_up, test, tear_down)

/* An address that allows fewer connections than there are workers. */
static void
test_few_connections (Fixture *self, gconstpointer unused)
{
  g_autofree char *uri = g_strconcat (self->uri, "?maxPoolSize=2&waitQueueTimeoutMS=1", NULL);
  g_autofree char *database = NULL;
  g_autoptr (GError) error = NULL;
  mongoc_client_pool_t *clients = kl_mongo_connect (uri, &database, &error);
  mongoc_client_t *popped[KL_MONGO_WORKERS + 2];

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (popped); i++)
    {
      popped[i] = mongoc_client_pool_pop (clients);
      g_assert_nonnull (popped[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (popped); i++)
    mongoc_client_pool_push (clients, popped[i]);
  mongoc_client_pool_destroy (clients);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/store/mongo/uris", test_uris);
  if (!kl_test_mongod_or_skip ("/store/mongo/own"))
    return g_test_run ();
  ADD ("stopped", NULL, test_stopped);
  ADD ("frozen", NULL, test_frozen);
  ADD ("refused", NULL, test_refused);
  ADD ("few-connections", NULL, test_few_connections);
  ADD ("moved", NULL, test_moved);
  ADD ("moved-late", NULL, test_moved_late);
  ADD ("op-once", NULL, test_op_once);
  ADD ("register-once", NULL, test_register_once);
  ADD ("join-once", NULL, test_join_once);
  ADD ("dead-claim", NULL, test_dead_claim);
  ADD ("views-behind/load", "load", test_views_behind);
  ADD ("views-behind/all", "all", test_views_behind);
  ADD ("views-behind/log", "log", test_views_behind);
  ADD ("views-behind/append", "append", test_views_behind);
  ADD ("lifted-ban", NULL, test_lifted_ban);
  ADD ("tidy", NULL, test_tidy);
  ADD ("purge", NULL, test_purge);
  ADD ("password", NULL, test_password);

  return g_test_run ();
}
