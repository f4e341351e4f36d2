/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sync, and the begin of a group's events, seen by a client that does what the contract asks of clients. */
#include "tests/server/chat/kl-chat-kit.h"
#include "tests/server/chat/kl-sync-model.h"

static void
test_first (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben;
  const char *tea = kl_client_create (anna, "Tea", "public");
  const char *coffee = kl_client_create (anna, "Coffee", "private");
  g_autoptr (KlStoreUser) user = kl_kit_user (kit, "ben");
  yyjson_val *answer, *group;

  kl_client_send (anna, coffee, "x");
  answer = kl_client_ok (anna, "sync", "{}");
  g_assert_cmpuint (strlen (kl_get_string (answer, "epoch")), >, 0);
  g_assert_cmpstr (kl_get_string (answer, "user.id"), ==, anna->user->id);
  g_assert_true (yyjson_is_arr (kl_get (answer, "user.blocked")));
  g_assert_cmpuint (kl_get_size (answer, "groups"), ==, 2);
  g_assert_true (yyjson_is_obj (kl_get (answer, "changes")));
  g_assert_cmpuint (kl_get_size (answer, "changes"), ==, 0);
  g_assert_null (kl_get (answer, "later"));
  /* The liveliest first. */
  group = kl_get (answer, "groups.0");
  g_assert_cmpstr (kl_get_string (group, "id"), ==, coffee);
  g_assert_cmpstr (kl_get_string (group, "last_message.body"), ==, "x");
  g_assert_cmpint (kl_get_int (group, "rev"), ==, 4);

  /* No events before the answer. */
  ben = kl_kit_connect (kit, user);
  answer = kl_client_ok (ben, "sync", "{}");
  g_assert_cmpuint (kl_get_size (answer, "groups"), ==, 0);
  kl_client_ok (ben, "group:join", "{'group':'%s'}", tea);
  kl_client_end (ben);
  ben = kl_kit_connect (kit, user);
  kl_client_send (anna, tea, "not heard");
  answer = kl_client_ok (ben, "sync", "{'since':{'%s':5}}", tea);
  g_assert_cmpuint (kl_client_count (ben, "message"), ==, 0);
  g_assert_cmpint (kl_get_int (kl_get (kl_get (answer, "changes"), tea), "rev"), ==, 6);
  g_assert_cmpuint (kl_get_size (kl_get (kl_get (answer, "changes"), tea), "messages"), ==, 1);
  kl_client_send (anna, tea, "heard");
  g_assert_cmpint (kl_get_int (kl_client_next (ben, "message"), "rev"), ==, 7);

  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "since", "sync", "{'since':{'a':'b'}}");
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "since", "sync", "{'since':{'a':1.0}}");
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "since", "sync", "{'since':{'a':-1}}");
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "since", "sync", "{'since':[]}");
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "more", "sync", "{'more':1}");
}

static void
test_changes (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *carla = kl_kit_person (kit, "carla");
  const char *group = kl_client_create (anna, "Tea", "public");
  g_autofree char *first = NULL;
  yyjson_val *answer, *changes;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_ok (carla, "group:join", "{'group':'%s'}", group);
  first = g_strdup (kl_get_string (kl_client_send (anna, group, "one"), "id"));               /* rev 8 */
  kl_client_send (anna, group, "two");                                                        /* 9 */
  kl_client_ok (carla, "group:leave", "{'group':'%s'}", group);                               /* 10, 11 */
  kl_client_ok (anna, "message:edit", "{'group':'%s','id':'%s','body':'uno'}", group, first); /* 12 */
  kl_client_ok (anna, "group:update", "{'group':'%s','hue':3}", group);                       /* 13 */

  answer = kl_client_ok (ben, "sync", "{'since':{'%s':7,'nosuch':3}}", group);
  changes = kl_get (kl_get (answer, "changes"), group);
  g_assert_cmpuint (kl_get_size (answer, "changes"), ==, 1);
  g_assert_cmpint (kl_get_int (changes, "rev"), ==, 13);
  g_assert_null (kl_get (changes, "reset"));
  g_assert_cmpuint (kl_get_size (changes, "messages"), ==, 3);
  g_assert_cmpstr (kl_get_string (changes, "messages.0.body"), ==, "two");
  g_assert_cmpstr (kl_get_string (changes, "messages.1.system.event"), ==, "left");
  g_assert_cmpstr (kl_get_string (changes, "messages.2.body"), ==, "uno");
  g_assert_cmpuint (kl_get_size (changes, "members"), ==, 1);
  g_assert_true (yyjson_is_null (kl_get (changes, "members.0.role")));
  g_assert_nonnull (kl_find (answer, "users", "id", carla->user->id));
  g_assert_cmpint (kl_get_int (answer, "groups.0.hue"), ==, 3);

  /* Nothing new, and nothing asked. */
  answer = kl_client_ok (ben, "sync", "{'since':{'%s':13}}", group);
  changes = kl_get (kl_get (answer, "changes"), group);
  g_assert_cmpint (kl_get_int (changes, "rev"), ==, 13);
  g_assert_cmpuint (kl_get_size (changes, "messages"), ==, 0);
  answer = kl_client_ok (ben, "sync", "{'since':{'%s':null}}", group);
  g_assert_cmpuint (kl_get_size (answer, "changes"), ==, 0);
  g_assert_cmpuint (kl_get_size (answer, "groups"), ==, 1);

  /* From the future, or of another epoch: anew. */
  answer = kl_client_ok (ben, "sync", "{'since':{'%s':14}}", group);
  changes = kl_get (kl_get (answer, "changes"), group);
  g_assert_true (kl_get_bool (changes, "reset"));
  g_assert_cmpint (kl_get_int (changes, "rev"), ==, 13);
  g_assert_cmpuint (kl_get_size (changes, "messages"), ==, 6);
  g_assert_cmpint (kl_get_int (changes, "messages.0.seq"), ==, 1);
  answer = kl_client_ok (ben, "sync", "{'epoch':'other','since':{'%s':13}}", group);
  g_assert_true (kl_get_bool (kl_get (kl_get (answer, "changes"), group), "reset"));
  answer = kl_client_ok (ben, "sync", "{'epoch':'%s','since':{'%s':13}}", kl_store_get_epoch (KL_STORE (kit->store)),
                         group);
  g_assert_false (kl_get_bool (kl_get (kl_get (answer, "changes"), group), "reset"));

  /* Left: neither in groups nor in later. */
  answer = kl_client_ok (carla, "sync", "{'since':{'%s':3}}", group);
  g_assert_cmpuint (kl_get_size (answer, "groups"), ==, 0);
  g_assert_cmpuint (kl_get_size (answer, "changes"), ==, 0);
  answer = kl_client_ok (carla, "sync", "{'more':true,'since':{'%s':3}}", group);
  g_assert_cmpuint (kl_get_size (answer, "groups"), ==, 0);
}

static void
send_many (KlClient *client, const char *group, guint n, const char *body)
{
  g_autoptr (GPtrArray) answers = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_answer_free);
  static guint serial;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (answers,
                     kl_client_start (client, "message:send", "{'group':'%s','client_id':'many%u','body':'%s'}", group,
                                      serial++, body));
  for (guint i = 0; i < n; i++)
    kl_answer_wait (g_ptr_array_index (answers, i));
}

static void
test_500 (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  const char *group = kl_client_create (anna, "Tea", "private");
  g_autofree char *last = NULL;
  yyjson_val *answer, *changes;

  send_many (anna, group, 499, "x");
  for (guint i = 0; i < 3; i++)
    {
      last = (g_free (last), g_strdup (kl_get_string (kl_client_send (anna, group, "x"), "id")));
      answer = kl_client_ok (anna, "sync", "{'since':{'%s':3}}", group);
      changes = kl_get (kl_get (answer, "changes"), group);
      g_assert_cmpint (kl_get_int (changes, "rev"), ==, 503 + i);
      g_assert_cmpint (kl_get_bool (changes, "reset"), ==, i > 0);
      g_assert_cmpuint (kl_get_size (changes, "messages"), ==, i > 0 ? 50 : 500);
    }
  g_assert_cmpstr (kl_get_string (changes, "messages.49.id"), ==, last);
  /* Many changes of few messages are few. */
  for (guint i = 0; i < 3; i++)
    kl_client_ok (anna, "message:edit", "{'group':'%s','id':'%s','body':'%u'}", group, last, i);
  answer = kl_client_ok (anna, "sync", "{'since':{'%s':4}}", group);
  g_assert_true (kl_get_bool (kl_get (kl_get (answer, "changes"), group), "reset"));
  answer = kl_client_ok (anna, "sync", "{'since':{'%s':5}}", group);
  changes = kl_get (kl_get (answer, "changes"), group);
  g_assert_null (kl_get (changes, "reset"));
  g_assert_cmpuint (kl_get_size (changes, "messages"), ==, 500);
  g_assert_cmpint (kl_get_int (changes, "rev"), ==, 508);
}

/* 512 KiB: partial changes, cut pages, groups for later. */
static void
test_size (KlKit *kit)
{
  g_autofree char *big = g_strnfill (15000, 'b');
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlSyncModel *model = kl_sync_model_new (ben);
  const char *groups[4];
  KlClient *again;
  guint rounds;

  for (guint i = 0; i < 4; i++)
    {
      groups[i] = kl_client_create (anna, "Tea", "public");
      kl_client_ok (ben, "group:join", "{'group':'%s'}", groups[i]);
    }
  kl_sync_model_synchronize (model);
  for (guint i = 0; i < 4; i++)
    send_many (anna, groups[i], i == 2 ? 0 : 60, big);
  kl_sync_model_hear (model, G_MAXUINT);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (kl_sync_model_get (model, groups[i])->rev, ==, i == 2 ? 5 : 65);

  /* Away since rev 5. */
  kl_client_end (ben);
  again = kl_kit_connect (kit, ben->user);
  kl_sync_model_free (model);
  model = kl_sync_model_new (again);
  for (guint i = 0; i < 4; i++)
    kl_sync_model_get (model, groups[i])->rev = 5;
  rounds = kl_sync_model_synchronize (model);
  g_assert_cmpuint (rounds, >=, 6);
  for (guint i = 0; i < 4; i++)
    {
      KlSyncHeld *held = kl_sync_model_get (model, groups[i]);

      g_assert_true (held->flowing);
      g_assert_cmpuint (g_hash_table_size (held->messages), ==, i == 2 ? 0 : 60);
      kl_sync_model_check_against_history (model, groups[i]);
    }
  kl_client_send (anna, groups[1], "small");
  kl_sync_model_hear (model, G_MAXUINT);
  g_assert_cmpint (kl_sync_model_get (model, groups[1])->rev, ==, 66);
  kl_sync_model_free (model);

  /* A reset whose page is cut. */
  again = kl_kit_connect (kit, ben->user);
  model = kl_sync_model_new (again);
  kl_sync_model_get (model, groups[0])->rev = 1000;
  kl_sync_model_synchronize (model);
  g_assert_cmpint (kl_sync_model_get (model, groups[0])->rev, ==, 65);
  g_assert_cmpuint (g_hash_table_size (kl_sync_model_get (model, groups[0])->messages), >, 20);
  kl_sync_model_free (model);
}

/* A list of groups that is too long for one answer. */
static void
test_many_groups (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlSyncModel *model = kl_sync_model_new (anna);
  g_autofree char *topic = g_strnfill (1000, 't');
  guint n = 420, rounds;
  GHashTableIter iter;
  gpointer value;
  KlClient *again;

  for (guint i = 0; i < n; i++)
    kl_client_ok (anna, "group:create", "{'client_id':'g%u','name':'Group %u','topic':'%s'}", i, i, topic);
  kl_sync_model_free (model);
  again = kl_kit_connect (kit, anna->user);
  model = kl_sync_model_new (again);
  rounds = kl_sync_model_synchronize (model);
  g_assert_cmpuint (rounds, >, 1);
  g_assert_cmpuint (g_hash_table_size (model->groups), ==, n);
  g_hash_table_iter_init (&iter, model->groups);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_assert_true (((KlSyncHeld *) value)->flowing);
  kl_sync_model_free (model);
}

/* Whatever happens while an answer is under way: each later rev comes once, in order, none is skipped. */
static void
test_no_gap (KlKit *kit)
{
  KlClient *senders[3] = { kl_kit_person (kit, "anna"), kl_kit_person (kit, "ben"), kl_kit_person (kit, "carla") };
  g_autoptr (KlStoreUser) user = kl_kit_user (kit, "dora");
  KlClient *dora = kl_kit_connect (kit, user);
  g_autoptr (GRand) rand = g_rand_new_with_seed (42);
  g_autoptr (GPtrArray) answers = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_answer_free);
  GPtrArray *ids[2];
  const char *groups[2];
  KlSyncModel *model = kl_sync_model_new (dora);
  gint64 revs[2] = { -1, -1 };
  guint events = 0;

  for (guint g = 0; g < 2; g++)
    {
      groups[g] = kl_client_create (senders[0], "Tea", "public");
      kl_client_ok (senders[1], "group:join", "{'group':'%s'}", groups[g]);
      kl_client_ok (senders[2], "group:join", "{'group':'%s'}", groups[g]);
      kl_client_ok (dora, "group:join", "{'group':'%s'}", groups[g]);
      ids[g] = g_ptr_array_new_with_free_func (g_free);
    }
  kl_sync_model_free (model);
  kl_client_end (dora);
  model = NULL;

  for (guint round = 0; round < 40; round++)
    {
      guint steps = g_rand_int_range (rand, 1, 12);
      KlAnswer *sync = NULL;

      dora = kl_kit_connect (kit, user);
      {
        KlSyncModel *next = kl_sync_model_new (dora);

        for (guint g = 0; g < 2; g++)
          kl_sync_model_get (next, groups[g])->rev = revs[g];
        model = next;
      }
      for (guint step = 0; step < 16; step++)
        {
          if (step == steps)
            {
              g_autofree char *since = kl_sync_model_dup_since (model, NULL);

              sync = kl_client_start (dora, "sync", "{'since':%s}", since);
            }
          for (guint k = g_rand_int_range (rand, 0, 5); k > 0; k--)
            {
              guint g = g_rand_int_range (rand, 0, 2);
              KlClient *sender = senders[g_rand_int_range (rand, 0, 3)];
              guint what = g_rand_int_range (rand, 0, 10);

              if (what < 6 || ids[g]->len == 0)
                g_ptr_array_add (answers,
                                 kl_client_start (sender, "message:send", "{'group':'%s','client_id':'%u','body':'%u'}",
                                                  groups[g], answers->len, answers->len));
              else if (what < 7)
                g_ptr_array_add (
                    answers,
                    kl_client_start (senders[0], "message:delete", "{'group':'%s','id':'%s'}", groups[g],
                                     (char *) g_ptr_array_index (ids[g], g_rand_int_range (rand, 0, ids[g]->len))));
              else if (what < 9)
                g_ptr_array_add (
                    answers, kl_client_start (
                                 sender, "message:react", "{'group':'%s','id':'%s','emoji':'%s','on':true}", groups[g],
                                 (char *) g_ptr_array_index (ids[g], g_rand_int_range (rand, 0, ids[g]->len)),
                                 what == 7 ? "👍" : "🍵"));
              else
                g_ptr_array_add (answers, kl_client_start (senders[0], "group:update", "{'group':'%s','topic':'%u'}",
                                                           groups[g], answers->len));
            }
          for (guint k = g_rand_int_range (rand, 0, 4); k > 0; k--)
            g_main_context_iteration (NULL, FALSE);
        }
      kl_answer_wait (sync);
      kl_sync_model_hear (model, sync->order);
      g_assert_cmpuint (kl_sync_model_take (model, kl_json_get_root (sync->json)), ==, 0);
      for (guint i = 0; i < answers->len; i++)
        {
          yyjson_val *root = kl_answer_wait (g_ptr_array_index (answers, i));
          const char *group = kl_get_string (root, "message.group");

          if (group && g_ptr_array_index (answers, i) && round % 4 == 0)
            g_ptr_array_add (ids[strcmp (group, groups[1]) == 0], g_strdup (kl_get_string (root, "message.id")));
        }
      kl_sync_model_hear (model, G_MAXUINT);
      for (guint g = 0; g < 2; g++)
        {
          yyjson_val *now = kl_find (kl_client_ok (senders[0], "sync", "{}"), "groups", "id", groups[g]);
          gint64 head = kl_get_int (now, "rev");

          revs[g] = kl_sync_model_get (model, groups[g])->rev;
          g_assert_cmpint (revs[g], ==, head);
          now = kl_find (kl_client_ok (dora, "sync", "{}"), "groups", "id", groups[g]);
          g_assert_cmpint (kl_sync_model_get (model, groups[g])->unread, ==, kl_get_int (now, "mine.unread"));
          kl_sync_model_check_against_history (model, groups[g]);
        }
      events += model->events;
      kl_answer_free (sync);
      kl_sync_model_free (model);
      kl_client_end (dora);
    }
  g_assert_cmpuint (events, >, 100);
  for (guint g = 0; g < 2; g++)
    g_ptr_array_unref (ids[g]);
}

/* Syncs, joins and openings that overlap on one connection. */
static void
test_overlap (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  g_autoptr (KlStoreUser) user = kl_kit_user (kit, "ben");
  KlClient *ben = kl_kit_connect (kit, user);
  const char *group = kl_client_create (anna, "Tea", "public");
  g_autoptr (KlAnswer) one = kl_client_start (ben, "sync", "{}");
  g_autoptr (KlAnswer) join = kl_client_start (ben, "group:join", "{'group':'%s'}", group);
  g_autoptr (KlAnswer) send
      = kl_client_start (anna, "message:send", "{'group':'%s','client_id':'a','body':'x'}", group);
  g_autoptr (KlAnswer) two = kl_client_start (ben, "sync", "{'since':{'%s':0}}", group);
  g_autoptr (KlAnswer) leave = NULL;
  g_autoptr (KlAnswer) three = NULL;
  gint64 rev = -1;

  kl_answer_wait (one);
  kl_answer_wait (join);
  kl_answer_wait (send);
  kl_answer_wait (two);
  g_assert_cmpuint (one->order, <, two->order);
  kl_client_send (anna, group, "y");
  kl_client_next (ben, "message");
  for (guint i = 0; i < ben->heard->len; i++)
    {
      KlHeard *heard = &g_array_index (ben->heard, KlHeard, i);

      if (strcmp (heard->name, "message") != 0)
        continue;
      if (rev >= 0)
        g_assert_cmpint (kl_get_int (kl_json_get_root (heard->json), "rev"), ==, rev + 1);
      rev = kl_get_int (kl_json_get_root (heard->json), "rev");
    }

  /* group:removed stays the last, behind the answer. */
  three = kl_client_start (ben, "sync", "{'since':{'%s':0}}", group);
  leave = kl_client_start (ben, "group:leave", "{'group':'%s'}", group);
  kl_answer_wait (three);
  kl_answer_wait (leave);
  kl_client_next (ben, "group:removed");
  g_assert_cmpuint (g_array_index (ben->heard, KlHeard, ben->mark - 1).order, >, three->order);
  kl_client_send (anna, group, "z");
  g_assert_cmpuint (kl_client_count (ben, "message"), ==, 0);
}

static void (*whole_get_changes) (KlStore *, const char *, gint64, guint, GTask *);
static GTask *kept_changes;

static void
keep_changes (KlStore *store, const char *group, gint64 since, guint limit, GTask *task)
{
  g_assert_null (kept_changes);
  kept_changes = task;
}

/* Another device joins while the answer is made: it is not in there, so it comes as an event behind it. */
static void
test_joined_elsewhere (KlKit *kit)
{
  KlStoreInterface *iface = KL_STORE_GET_IFACE (kit->store);
  KlClient *anna = kl_kit_person (kit, "anna"), *phone = kl_kit_person (kit, "ben");
  KlClient *laptop = kl_kit_connect (kit, phone->user);
  const char *old = kl_client_create (phone, "Old", "public"), *new = kl_client_create (anna, "New", "public");
  g_autoptr (KlAnswer) sync = NULL;
  yyjson_val *answer, *event;

  whole_get_changes = iface->get_changes;
  iface->get_changes = keep_changes;
  sync = kl_client_start (laptop, "sync", "{'since':{'%s':0}}", old);
  kl_test_wait_until (kept_changes);
  iface->get_changes = whole_get_changes;
  kl_client_ok (phone, "group:join", "{'group':'%s'}", new);
  kl_client_send (anna, new, "before");
  g_assert_false (sync->done);

  whole_get_changes (kit->store, old, 0, 100, g_steal_pointer (&kept_changes));
  answer = kl_answer_wait (sync);
  g_assert_true (kl_get_bool (answer, "ok"));
  g_assert_nonnull (kl_find (answer, "groups", "id", old));
  g_assert_null (kl_find (answer, "groups", "id", new));
  event = kl_client_next (laptop, "group");
  g_assert_cmpstr (kl_get_string (event, "group.id"), ==, new);
  g_assert_null (kl_get (event, "rev"));
  g_assert_cmpuint (g_array_index (laptop->heard, KlHeard, laptop->mark - 1).order, >, sync->order);

  /* From there on its events flow. */
  kl_client_send (anna, new, "behind");
  g_assert_cmpint (kl_get_int (kl_client_next (laptop, "message"), "rev"), ==, kl_get_int (event, "group.rev") + 1);
}

/* The connection goes while its answers are under way. */
static void
test_gone (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  g_autoptr (KlStoreUser) user = kl_kit_user (kit, "ben");
  const char *group = kl_client_create (anna, "Tea", "public");
  KlClient *ben = kl_kit_connect (kit, user);

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  for (guint turns = 0; turns < 12; turns++)
    {
      KlAnswer *answers[5];

      ben = kl_kit_connect (kit, user);
      answers[0] = kl_client_start (ben, "sync", "{'since':{'%s':0}}", group);
      answers[1] = kl_client_start (ben, "group:open", "{'group':'%s'}", group);
      answers[2] = kl_client_start (ben, "sync", "{}");
      answers[3] = kl_client_start (ben, "group:create", "{'client_id':'%u','name':'x'}", turns);
      answers[4] = kl_client_start (ben, "typing", "{'group':'%s','on':true}", group);
      for (guint i = 0; i < turns; i++)
        g_main_context_iteration (NULL, FALSE);
      kl_client_end (ben);
      for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
        {
          kl_answer_wait (answers[i]);
          kl_answer_free (answers[i]);
        }
    }
  g_assert_cmpint (kl_get_int (kl_find (kl_client_ok (anna, "sync", "{}"), "groups", "id", group), "here"), ==, 0);
}

/* ── Another writer ── */

static void
write_behind (KlKit *kit, KlClient *as, const char *group, gint64 rev, gint64 seq, const char *op)
{
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new (group, rev, seq);
  KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_MESSAGE);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KlAppendResult) appended = NULL;
  g_autofree char *id = kl_id_new_random ();

  change->seq = seq + 1;
  change->actor = g_strdup (as->user->id);
  change->time = g_get_real_time () / 1000;
  change->op = g_strdup_printf ("%s\n%s", as->user->id, op);
  change->message = kl_store_message_new ();
  change->message->id = g_strdup (id);
  change->message->seq = seq + 1;
  change->message->rev = rev + 1;
  change->message->sender = g_strdup (as->user->id);
  change->message->created_at = change->time;
  change->message->text = g_strdup ("behind");
  change->message->json
      = g_strdup_printf ("{\"id\":\"%s\",\"group\":\"%s\",\"seq\":%d,\"rev\":%d,\"sender\":\"%s\",\"client_id\":\"%s\","
                         "\"kind\":\"text\",\"body\":\"behind\",\"created_at\":%" G_GINT64_FORMAT "}",
                         id, group, (int) seq + 1, (int) rev + 1, as->user->id, op, change->time);
  change->message->json_length = strlen (change->message->json);
  kl_store_append_async (KL_STORE (kit->store), batch, kl_test_keep_result, &result);
  kl_test_await (&result);
  appended = kl_store_append_finish (KL_STORE (kit->store), result, NULL);
  g_assert_cmpint (appended->outcome, ==, KL_APPEND_OK);
}

/* As another node of a cluster would: the loser reads on and plans again. */
static void
test_conflict (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *group = kl_client_create (anna, "Tea", "public");
  yyjson_val *message;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_forget (ben);
  write_behind (kit, anna, group, 5, 2, "behind1");
  write_behind (kit, anna, group, 6, 3, "behind2");
  message = kl_client_send (anna, group, "after");
  g_assert_cmpint (kl_get_int (message, "rev"), ==, 8);
  g_assert_cmpint (kl_get_int (message, "seq"), ==, 5);
  for (guint i = 0; i < 3; i++)
    {
      yyjson_val *event = kl_client_next (ben, "message");

      g_assert_cmpint (kl_get_int (event, "rev"), ==, 6 + i);
      g_assert_cmpstr (kl_get_string (event, "message.body"), ==, i < 2 ? "behind" : "after");
    }
  /* An op that another node has stored. */
  write_behind (kit, anna, group, 8, 5, "theirs");
  message = kl_get (kl_client_ok (anna, "message:send", "{'group':'%s','client_id':'theirs','body':'mine'}", group),
                    "message");
  g_assert_cmpstr (kl_get_string (message, "body"), ==, "behind");
  g_assert_cmpint (kl_get_int (kl_client_next (ben, "message"), "rev"), ==, 9);
  message = kl_client_send (ben, group, "on");
  g_assert_cmpint (kl_get_int (message, "rev"), ==, 10);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_kit_add ("/chat/sync/first", test_first);
  kl_kit_add ("/chat/sync/changes", test_changes);
  kl_kit_add ("/chat/sync/500", test_500);
  kl_kit_add ("/chat/sync/size", test_size);
  kl_kit_add ("/chat/sync/many-groups", test_many_groups);
  kl_kit_add ("/chat/sync/no-gap", test_no_gap);
  kl_kit_add ("/chat/sync/overlap", test_overlap);
  kl_kit_add ("/chat/sync/joined-elsewhere", test_joined_elsewhere);
  kl_kit_add ("/chat/sync/gone", test_gone);
  kl_kit_add ("/chat/sync/conflict", test_conflict);

  return g_test_run ();
}
