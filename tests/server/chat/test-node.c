/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two nodes on one store: two chat cores and a bus between them. */
#include "server/chat/kl-chat-private.h"
#include "tests/server/chat/kl-chat-kit.h"
#include "tests/server/chat/kl-pair.h"

static const char *
id_of (KlClient *client)
{
  return client->user->id;
}

static void
test_messages (void)
{
  KlPair *pair = kl_pair_new ();
  yyjson_val *message, *event;

  /* One order, whoever writes where; each rev once at each of the two. */
  for (guint i = 0; i < 10; i++)
    {
      KlClient *sender = i % 3 ? pair->anna : pair->ben;

      message = kl_client_send (sender, pair->group, "x");
      g_assert_cmpint (kl_get_int (message, "rev"), ==, 6 + i);
      g_assert_cmpint (kl_get_int (message, "seq"), ==, 3 + i);
      g_assert_cmpint (kl_get_int (kl_client_next (pair->anna, "message"), "rev"), ==, 6 + i);
      g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 6 + i);
    }
  g_assert_cmpuint (kl_client_count (pair->anna, "message") + kl_client_count (pair->ben, "message"), ==, 0);

  /* What the bus loses is found in the store. */
  pair->buses[1]->deaf = TRUE;
  kl_client_send (pair->anna, pair->group, "lost");
  message
      = kl_client_ok (pair->anna, "message:send", "{'group':'%s','client_id':'same','body':'lost too'}", pair->group);
  kl_test_spin (20);
  g_assert_cmpuint (kl_client_count (pair->ben, "message"), ==, 0);
  pair->buses[1]->deaf = FALSE;
  kl_client_send (pair->anna, pair->group, "heard");
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 16 + i);
  /* Or when the bus is back, or when one writes himself. */
  pair->buses[1]->deaf = TRUE;
  kl_client_send (pair->anna, pair->group, "lost");
  kl_test_spin (20);
  pair->buses[1]->deaf = FALSE;
  pair->buses[1]->listener->on_reconnected (pair->buses[1]->listener_data);
  g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 19);
  pair->buses[1]->deaf = TRUE;
  kl_client_send (pair->anna, pair->group, "lost");
  kl_test_spin (20);
  pair->buses[1]->deaf = FALSE;
  message = kl_client_send (pair->ben, pair->group, "mine");
  g_assert_cmpint (kl_get_int (message, "rev"), ==, 21);
  g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 20);

  /* Changes of what is there, and of the group. */
  kl_client_forget (pair->anna);
  kl_client_ok (pair->ben, "message:edit", "{'group':'%s','id':'%s','body':'edited'}", pair->group,
                kl_get_string (message, "id"));
  do
    event = kl_client_next (pair->anna, "message");
  while (kl_get_int (event, "rev") < 22);
  g_assert_cmpstr (kl_get_string (event, "message.body"), ==, "edited");
  kl_client_ok (pair->anna, "group:update", "{'group':'%s','topic':'hot'}", pair->group);
  g_assert_cmpstr (kl_get_string (kl_client_next (pair->ben, "group"), "group.topic"), ==, "hot");
  kl_pair_free (pair);
}

/* Both write at once, again and again. */
static void
test_race (void)
{
  KlPair *pair = kl_pair_new ();
  KlAnswer *answers[200];
  gint64 revs[2] = { 5, 5 };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      answers[i] = kl_client_start (i % 2 ? pair->anna : pair->ben, "message:send",
                                    "{'group':'%s','client_id':'%u','body':'x'}", pair->group, i);
      if (i % 7 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      kl_answer_wait (answers[i]);
      g_assert_cmpint (answers[i]->code, ==, KL_ERROR_CODE_NONE);
      kl_answer_free (answers[i]);
    }
  for (guint k = 0; k < 2; k++)
    while (revs[k] < 5 + (gint64) G_N_ELEMENTS (answers))
      {
        g_assert_cmpint (kl_get_int (kl_client_next (k ? pair->ben : pair->anna, "message"), "rev"), ==, revs[k] + 1);
        revs[k]++;
      }
  kl_test_spin (50);
  g_assert_cmpuint (kl_client_count (pair->anna, "message") + kl_client_count (pair->ben, "message"), ==, 0);
  kl_pair_free (pair);
}

static void
test_devices (void)
{
  KlPair *pair = kl_pair_new ();
  KlClient *phone = kl_kit_connect (&pair->two, pair->anna->user);
  yyjson_val *event;
  const char *coffee;

  /* A person's device on the other node learns of a new group, of new marks, and of the end of its session. */
  kl_client_ok (phone, "sync", "{}");
  coffee = kl_client_create (pair->ben, "Coffee", "public");
  kl_client_ok (pair->anna, "group:join", "{'group':'%s'}", coffee);
  event = kl_client_next (phone, "group");
  g_assert_cmpstr (kl_get_string (event, "group.id"), ==, coffee);
  kl_client_send (pair->ben, coffee, "x");
  g_assert_cmpint (kl_get_int (kl_client_next (phone, "message"), "rev"), ==, 6);
  while (kl_get_int (kl_client_next (pair->anna, "message"), "message.seq") != 3)
    ;
  kl_client_ok (pair->anna, "read", "{'group':'%s','seq':3}", coffee);
  g_assert_cmpint (kl_get_int (kl_client_next (phone, "read"), "seq"), ==, 3);
  g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "read"), "seq"), ==, 3);
  kl_client_ok (pair->anna, "group:settings", "{'group':'%s','pinned':true}", coffee);
  event = kl_client_next (phone, "group");
  g_assert_true (kl_get_bool (event, "group.mine.pinned"));
  kl_client_ok (pair->ben, "group:role", "{'group':'%s','user':'%s','role':'admin'}", coffee, id_of (pair->anna));
  g_assert_cmpstr (kl_get_string (kl_client_next (pair->anna, "group"), "group.mine.role"), ==, "admin");
  kl_client_ok (pair->anna, "presence", "{'text':'busy'}");
  g_assert_cmpstr (kl_get_string (kl_client_next (phone, "user"), "user.status_text"), ==, "busy");
  kl_client_ok (pair->ben, "group:remove", "{'group':'%s','user':'%s','ban':true}", coffee, id_of (pair->anna));
  g_assert_cmpstr (kl_get_string (kl_client_next (pair->anna, "group:removed"), "reason"), ==, "banned");
  kl_client_fails (pair->anna, KL_ERROR_CODE_FORBIDDEN, NULL, "group:join", "{'group':'%s'}", coffee);
  kl_chat_end_sessions (pair->one->chat, id_of (pair->anna), NULL, pair->anna->session->id);
  kl_test_wait_until (phone->closed);
  g_assert_false (pair->anna->closed);
  kl_pair_free (pair);
}

static void
test_presence (void)
{
  KlPair *pair = kl_pair_new ();
  yyjson_val *answer;

  answer = kl_client_ok (pair->anna, "group:open", "{'group':'%s'}", pair->group);
  g_assert_cmpuint (kl_get_size (answer, "online"), ==, 2);
  kl_client_ok (pair->ben, "group:open", "{'group':'%s'}", pair->group);
  kl_test_wait_until (kl_get_int (kl_client_ok (pair->anna, "sync", "{}"), "groups.0.here") == 2);
  kl_client_ok (pair->ben, "typing", "{'group':'%s','on':true}", pair->group);
  g_assert_true (kl_get_bool (kl_client_next (pair->anna, "typing"), "on"));
  kl_client_end (pair->ben);
  g_assert_false (kl_get_bool (kl_client_next (pair->anna, "typing"), "on"));
  for (;;)
    {
      yyjson_val *user = kl_find (kl_client_next (pair->anna, "presence"), "users", "id", id_of (pair->ben));

      if (user && strcmp (kl_get_string (user, "status"), "offline") == 0)
        break;
    }
  answer = kl_client_ok (pair->anna, "sync", "{}");
  g_assert_cmpint (kl_get_int (answer, "groups.0.here"), ==, 1);
  g_assert_cmpint (kl_get_int (answer, "groups.0.online"), ==, 1);
  kl_pair_free (pair);
}

/* Out of order, twice, and some not at all: each once, in order. */
static void
test_order (void)
{
  KlPair *pair = kl_pair_new ();

  pair->buses[0]->held = g_ptr_array_new ();
  for (guint i = 0; i < 10; i++)
    kl_client_send (pair->anna, pair->group, "x");
  kl_test_spin (60);
  g_assert_cmpuint (kl_client_count (pair->ben, "message"), ==, 0);
  kl_pair_bus_release_backwards (pair->buses[0]);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 6 + i);

  /* The first is lost: the others wait for it a moment, then it is read. */
  pair->buses[1]->deaf = TRUE;
  kl_client_send (pair->anna, pair->group, "lost");
  kl_test_spin (20);
  pair->buses[1]->deaf = FALSE;
  pair->buses[0]->held = g_ptr_array_new ();
  for (guint i = 0; i < 3; i++)
    kl_client_send (pair->anna, pair->group, "x");
  kl_pair_bus_release_backwards (pair->buses[0]);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 16 + i);
  kl_test_spin (60);
  g_assert_cmpuint (kl_client_count (pair->ben, "message"), ==, 0);
  kl_pair_free (pair);
}

/* Node one writes one change, which is never handed on, and node two has heard of it. */
static void
write_on_one (KlPair *pair)
{
  static int hue;

  hue = (hue + 1) % 8;
  kl_client_ok (pair->anna, "group:update", "{'group':'%s','hue':%d}", pair->group, hue);
  kl_client_next (pair->ben, "group");
}

/* Requests go to the node that has written last. */
static void
test_forward (void)
{
  KlPair *pair = kl_pair_new ();
  KlAnswer *answers[30], *leave;
  yyjson_val *message;
  gint64 seq = 0;

  write_on_one (pair);
  message = kl_client_ok (pair->ben, "message:send", "{'group':'%s','client_id':'once','body':'y'}", pair->group);
  g_assert_cmpuint (pair->buses[0]->forwarded, ==, 1);
  g_assert_cmpint (kl_get_int (message, "message.rev"), ==, 7);
  g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 7);

  /* In the order in which they were sent, and what comes behind them waits: the leaving is the last. */
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    answers[i]
        = kl_client_start (pair->ben, "message:send", "{'group':'%s','client_id':'%u','body':'%u'}", pair->group, i, i);
  leave = kl_client_start (pair->ben, "group:leave", "{'group':'%s'}", pair->group);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      yyjson_val *answer = kl_answer_wait (answers[i]);

      g_assert_cmpint (answers[i]->code, ==, KL_ERROR_CODE_NONE);
      g_assert_cmpint (kl_get_int (answer, "message.seq"), >, seq);
      seq = kl_get_int (answer, "message.seq");
    }
  kl_answer_wait (leave);
  g_assert_cmpint (leave->code, ==, KL_ERROR_CODE_NONE);
  g_assert_cmpuint (pair->buses[0]->forwarded, ==, 31);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    kl_answer_free (answers[i]);
  kl_answer_free (leave);
  kl_client_fails (pair->ben, KL_ERROR_CODE_FORBIDDEN, NULL, "message:send",
                   "{'group':'%s','client_id':'z','body':'z'}", pair->group);
  kl_test_spin (50);
  kl_client_forget (pair->anna);

  /* Who is not in the group there is not in it by way of another node either. */
  pair->buses[0]->listener->on_forward (pair->buses[0]->listener_data, "two",
                                        &(KlBusForward) {
                                            .user = id_of (pair->ben),
                                            .group = pair->group,
                                            .json = "{\"client_id\":\"forged\",\"body\":\"x\"}",
                                            .json_length = 31,
                                        });
  kl_test_spin (50);
  g_assert_cmpuint (kl_client_count (pair->anna, "message"), ==, 0);
  kl_pair_free (pair);
}

/* The other node does not do it, or only seems not to. */
static void
test_forward_lost (void)
{
  KlPair *pair = kl_pair_new ();
  KlAnswer *answers[3];
  gint64 begin_usec;

  write_on_one (pair);
  pair->buses[1]->loses_forwards = TRUE;
  begin_usec = g_get_monotonic_time ();
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    answers[i]
        = kl_client_start (pair->ben, "message:send", "{'group':'%s','client_id':'%u','body':'y'}", pair->group, i);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      yyjson_val *answer = kl_answer_wait (answers[i]);

      g_assert_cmpint (answers[i]->code, ==, KL_ERROR_CODE_NONE);
      g_assert_cmpint (kl_get_int (answer, "message.rev"), ==, 7 + i);
      kl_answer_free (answers[i]);
    }
  g_assert_cmpint (g_get_monotonic_time () - begin_usec, >=, 100 * 1000);
  g_assert_cmpuint (pair->buses[0]->forwarded, ==, 3);
  /* The head is now ours: no more of it. */
  kl_client_send (pair->ben, pair->group, "mine");
  g_assert_cmpuint (pair->buses[0]->forwarded, ==, 3);

  /* It was done, but nobody has said so: what comes back is the same message. */
  pair->buses[1]->loses_forwards = FALSE;
  write_on_one (pair);
  pair->buses[1]->deaf = TRUE;
  kl_client_ok (pair->ben, "message:send", "{'group':'%s','client_id':'twice','body':'y'}", pair->group);
  pair->buses[1]->deaf = FALSE;
  for (gint64 rev = 0; rev < 12;)
    rev = kl_get_int (kl_client_next (pair->anna, "message"), "rev");
  kl_client_send (pair->anna, pair->group, "end");
  g_assert_cmpint (kl_get_int (kl_client_next (pair->anna, "message"), "rev"), ==, 13);
  kl_pair_free (pair);
}

/* A group of which this node has not heard, and what stands in no log. */
static void
test_unknown (void)
{
  KlPair *pair = kl_pair_new ();
  KlClient *phone = kl_kit_connect (&pair->two, pair->anna->user);
  KlClient *eve = kl_kit_person (&pair->two, "eve");
  const char *cake;

  kl_client_ok (phone, "sync", "{}");
  cake = kl_client_create (pair->anna, "Cake", "public");
  g_assert_cmpstr (kl_get_string (kl_client_next (phone, "group"), "group.id"), ==, cake);
  kl_client_send (pair->anna, cake, "x");
  g_assert_cmpint (kl_get_int (kl_client_next (phone, "message"), "rev"), ==, 4);

  /* One who is not in the group is banned: by the bus, and while there is none. */
  kl_client_ok (pair->anna, "group:remove", "{'group':'%s','user':'%s','ban':true}", cake, id_of (eve));
  kl_test_spin (50);
  kl_client_fails (eve, KL_ERROR_CODE_FORBIDDEN, NULL, "group:join", "{'group':'%s'}", cake);
  kl_client_ok (pair->anna, "group:unban", "{'group':'%s','user':'%s'}", cake, id_of (eve));
  kl_test_spin (50);
  pair->buses[0]->down = pair->buses[1]->down = pair->buses[0]->deaf = pair->buses[1]->deaf = TRUE;
  kl_client_ok (pair->anna, "group:remove", "{'group':'%s','user':'%s','ban':true}", cake, id_of (eve));
  kl_client_fails (eve, KL_ERROR_CODE_FORBIDDEN, NULL, "group:join", "{'group':'%s'}", cake);

  /* Marks, settings and profiles that changed meanwhile. */
  kl_client_ok (pair->anna, "read", "{'group':'%s','seq':2}", cake);
  kl_client_ok (pair->anna, "group:settings", "{'group':'%s','pinned':true}", cake);
  kl_client_ok (pair->anna, "presence", "{'text':'busy'}");
  kl_client_ok (pair->anna, "message:send", "{'group':'%s','client_id':'down','body':'y'}", cake);
  kl_test_spin (50);
  g_assert_cmpuint (kl_client_count (phone, "read") + kl_client_count (phone, "message"), ==, 0);
  pair->buses[0]->down = pair->buses[1]->down = pair->buses[0]->deaf = pair->buses[1]->deaf = FALSE;
  pair->buses[1]->listener->on_reconnected (pair->buses[1]->listener_data);
  kl_test_wait_until (kl_client_count (phone, "read") > 0 && kl_client_count (phone, "user") > 0
                      && kl_client_count (phone, "message") > 0);
  g_assert_cmpint (kl_get_int (kl_client_next (phone, "message"), "rev"), ==, 5);
  kl_test_wait_until (kl_get_bool (kl_find (kl_client_ok (phone, "sync", "{}"), "groups", "id", cake), "mine.pinned"));

  /* A session that ended while nobody told. */
  pair->buses[1]->deaf = TRUE;
  {
    g_autoptr (GAsyncResult) result = NULL;

    kl_store_end_session_async (KL_STORE (pair->one->store), id_of (phone), phone->session->id, kl_test_keep_result,
                                &result);
    kl_test_await (&result);
    g_assert_true (kl_store_end_session_finish (KL_STORE (pair->one->store), result, NULL));
  }
  pair->buses[1]->listener->on_reconnected (pair->buses[1]->listener_data);
  kl_test_wait_until (phone->closed);
  g_assert_false (eve->closed);
  kl_pair_free (pair);
}

/* ── A store that is interrupted ── */

static void (*whole_append) (KlStore *, KlStoreBatch *, GTask *);
static guint tear_after; /* so many changes, once; 0: it does not */

static void
on_part_appended (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  GTask *task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlAppendResult) part = kl_store_append_finish (KL_STORE (source), async_result, &error);
  KlAppendResult *result = kl_append_result_new (KL_APPEND_CONFLICT);

  g_assert_no_error (error);
  g_assert_cmpint (part->outcome, ==, KL_APPEND_OK);
  result->n_stored = GPOINTER_TO_UINT (g_task_get_task_data (task));
  g_task_return_pointer (task, result, (GDestroyNotify) kl_append_result_free);
  g_object_unref (task);
}

static void
torn_append (KlStore *store, KlStoreBatch *batch, GTask *task)
{
  g_autoptr (KlStoreBatch) part = NULL;
  guint n = tear_after;

  if (n == 0 || batch->changes->len <= n)
    {
      whole_append (store, batch, task);
      return;
    }

  tear_after = 0;
  part = kl_store_batch_dup_first (batch, n);
  g_task_set_task_data (task, GUINT_TO_POINTER (n), NULL);
  kl_store_append_async (store, part, on_part_appended, task);
}

static void
test_torn (void)
{
  KlPair *pair = kl_pair_new ();
  KlStoreInterface *iface = KL_STORE_GET_IFACE (pair->one->store);
  KlAnswer *answers[6];

  whole_append = iface->append;
  iface->append = torn_append;

  /* Three of six messages; the others follow. */
  tear_after = 3;
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    answers[i]
        = kl_client_start (pair->anna, "message:send", "{'group':'%s','client_id':'%u','body':'y'}", pair->group, i);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_assert_cmpint (kl_get_int (kl_answer_wait (answers[i]), "message.rev"), ==, 6 + i);
      g_assert_cmpint (answers[i]->code, ==, KL_ERROR_CODE_NONE);
      kl_answer_free (answers[i]);
      g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "message"), "rev"), ==, 6 + i);
      g_assert_cmpint (kl_get_int (kl_client_next (pair->anna, "message"), "rev"), ==, 6 + i);
    }
  g_assert_cmpuint (tear_after, ==, 0);

  iface->append = whole_append;
  kl_pair_free (pair);
}

/* ── A store that does not answer ── */

static GTask *kept;
static KlStoreBatch *kept_batch;

static void
frozen_append (KlStore *store, KlStoreBatch *batch, GTask *task)
{
  g_assert_null (kept);
  kept = task;
  kept_batch = kl_store_batch_ref (batch);
}

static void
test_frozen (void)
{
  KlPair *pair = kl_pair_new ();
  KlStoreInterface *iface = KL_STORE_GET_IFACE (pair->one->store);
  g_autoptr (KlAnswer) first = NULL;
  yyjson_val *message;

  write_on_one (pair);
  whole_append = iface->append;
  iface->append = frozen_append;
  first = kl_client_start (pair->anna, "message:send", "{'group':'%s','client_id':'cold','body':'y'}", pair->group);
  kl_answer_wait (first);
  g_assert_cmpint (first->code, ==, KL_ERROR_CODE_UNAVAILABLE);
  g_assert_cmpint (first->retry_after_ms, >, 0);
  /* What is in memory goes on. */
  kl_client_ok (pair->anna, "group:open", "{'group':'%s'}", pair->group);
  kl_client_fails (pair->anna, KL_ERROR_CODE_UNAVAILABLE, NULL, "message:send",
                   "{'group':'%s','client_id':'cold','body':'y'}", pair->group);
  g_assert_cmpuint (kl_client_count (pair->anna, "message"), ==, 0);

  /* It thaws: what it had is stored, once, and a repetition finds it. */
  iface->append = whole_append;
  whole_append (KL_STORE (pair->one->store), kept_batch, kept);
  g_clear_pointer (&kept_batch, kl_store_batch_unref);
  kept = NULL;
  message = kl_client_ok (pair->anna, "message:send", "{'group':'%s','client_id':'cold','body':'y'}", pair->group);
  g_assert_cmpint (kl_get_int (message, "message.rev"), ==, 7);
  g_assert_cmpint (kl_get_int (kl_client_next (pair->anna, "message"), "rev"), ==, 7);
  message = kl_client_send (pair->anna, pair->group, "next");
  g_assert_cmpint (kl_get_int (message, "rev"), ==, 8);
  kl_pair_free (pair);
}

/* ── A store that is slow for one of two nodes ── */

static gboolean keeps_append; /* the next one */
static guint n_lookups;
static void (*whole_find_ops) (KlStore *, const char *const *, GTask *);
static void (*whole_get_messages) (KlStore *, const char *, gint64, gint64, GTask *);

static void
kept_append (KlStore *store, KlStoreBatch *batch, GTask *task)
{
  if (keeps_append)
    frozen_append (store, batch, task);
  else
    whole_append (store, batch, task);
  keeps_append = FALSE;
}

static void
release_append (KlPair *pair)
{
  g_autoptr (KlStoreBatch) batch = g_steal_pointer (&kept_batch);

  whole_append (KL_STORE (pair->one->store), batch, g_steal_pointer (&kept));
}

static void
counted_find_ops (KlStore *store, const char *const *ops, GTask *task)
{
  n_lookups++;
  whole_find_ops (store, ops, task);
}

static void
counted_get_messages (KlStore *store, const char *group, gint64 from_seq, gint64 to_seq, GTask *task)
{
  n_lookups++;
  whole_get_messages (store, group, from_seq, to_seq, task);
}

/* What was handed over, and taken back since it took too long, is answered when it shows in the log all the same: at
 * once where its own append has not begun, and else when that has failed; nobody looks it up. */
static void
test_forward_slow (void)
{
  KlPair *pair = kl_pair_new ();
  KlStoreInterface *iface = KL_STORE_GET_IFACE (pair->one->store);
  KlChatGroup *group = g_hash_table_lookup (pair->two.chat->groups, pair->group);
  g_autoptr (KlAnswer) under_way = NULL;
  g_autoptr (KlAnswer) first = NULL;
  g_autoptr (KlAnswer) behind = NULL;
  KlClient *carla;
  gint64 rev;

  pair->one->chat->settings.request_ms = pair->two.chat->settings.request_ms = 60000;
  whole_append = iface->append;
  whole_find_ops = iface->find_ops;
  whole_get_messages = iface->get_messages;
  iface->append = kept_append;
  iface->find_ops = counted_find_ops;
  iface->get_messages = counted_get_messages;

  write_on_one (pair);
  pair->buses[1]->held = g_ptr_array_new ();
  keeps_append = TRUE;
  under_way = kl_client_start (pair->ben, "message:send", "{'group':'%s','client_id':'a','body':'a'}", pair->group);
  kl_test_wait_until (kept);
  n_lookups = 0;
  kl_pair_bus_release_backwards (pair->buses[1]);
  rev = kl_get_int (kl_client_next (pair->ben, "message"), "rev");
  g_assert_false (under_way->done);
  release_append (pair);
  g_assert_cmpint (kl_get_int (kl_answer_wait (under_way), "message.rev"), ==, rev);
  g_assert_cmpuint (n_lookups, ==, 0);

  carla = kl_kit_person (&pair->two, "carla");
  kl_client_ok (carla, "group:join", "{'group':'%s'}", pair->group);
  kl_client_forget (pair->ben);
  keeps_append = TRUE;
  first = kl_client_start (carla, "message:send", "{'group':'%s','client_id':'b','body':'b'}", pair->group);
  kl_test_wait_until (kept);
  write_on_one (pair);
  pair->buses[1]->held = g_ptr_array_new ();
  behind = kl_client_start (pair->ben, "message:send", "{'group':'%s','client_id':'c','body':'c'}", pair->group);
  g_assert_cmpuint (g_queue_get_length (&group->handed), ==, 1);
  kl_test_wait_until (g_queue_get_length (&group->pending) == 1);
  n_lookups = 0;
  kl_pair_bus_release_backwards (pair->buses[1]);
  rev = kl_get_int (kl_answer_wait (behind), "message.rev");
  g_assert_cmpint (behind->code, ==, KL_ERROR_CODE_NONE);
  g_assert_false (first->done);
  release_append (pair);
  g_assert_cmpint (kl_get_int (kl_answer_wait (first), "message.rev"), ==, rev + 1);
  g_assert_cmpuint (n_lookups, ==, 0);

  iface->append = whole_append;
  iface->find_ops = whole_find_ops;
  iface->get_messages = whole_get_messages;
  kl_pair_free (pair);
}

/* The other node writes again and again while an append is under way here: what was taken back is given once more. */

static KlPair *racing;
static guint n_races;

static void
losing_append (KlStore *store, KlStoreBatch *batch, GTask *task)
{
  const KlStoreChange *change = &g_array_index (batch->changes, KlStoreChange, 0);

  if (racing && change->op && g_str_has_suffix (change->op, "\nloser")
      && g_strcmp0 (change->actor, id_of (racing->ben)) == 0 && racing->buses[1]->loses_forwards)
    {
      KlAnswer *answer
          = kl_client_start (racing->anna, "group:update", "{'group':'%s','topic':'%u'}", racing->group, n_races);

      kl_answer_wait (answer);
      kl_answer_free (answer);
      if (++n_races == 3)
        racing->buses[1]->loses_forwards = FALSE;
    }
  whole_append (store, batch, task);
}

static void
test_forward_again (void)
{
  KlPair *pair = kl_pair_new ();
  KlStoreInterface *iface = KL_STORE_GET_IFACE (pair->one->store);
  yyjson_val *answer;

  pair->one->chat->settings.request_ms = pair->two.chat->settings.request_ms = 60000;
  pair->two.chat->settings.forward_window_ms = 60000;
  whole_append = iface->append;
  write_on_one (pair);
  n_races = 0;
  racing = pair;
  iface->append = losing_append;
  pair->buses[1]->loses_forwards = TRUE;
  answer = kl_client_ok (pair->ben, "message:send", "{'group':'%s','client_id':'loser','body':'y'}", pair->group);
  g_assert_cmpint (kl_get_int (answer, "message.rev"), ==, 6 + 3 * 2 + 1); /* a topic is a change and a message */
  g_assert_cmpuint (n_races, ==, 3);
  g_assert_cmpuint (pair->buses[0]->forwarded, ==, 2);
  iface->append = whole_append;
  racing = NULL;
  kl_pair_free (pair);
}

/* So many connections a person, wherever they are. */
static void
test_limit (void)
{
  KlPair *pair = kl_pair_new ();
  KlStoreSignedIn who = { pair->anna->session, pair->anna->user };
  guint n = 1;

  for (KlClient *client; n < 6; n++)
    {
      client = kl_kit_connect (n % 2 ? &pair->two : pair->one, pair->anna->user);
      g_assert_nonnull (client->connection);
      kl_test_spin (5);
    }
  g_assert_null (kl_chat_connect (pair->one->chat, &who, NULL, NULL));
  g_assert_null (kl_chat_connect (pair->two.chat, &who, NULL, NULL));
  kl_pair_free (pair);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/chat/node/messages", test_messages);
  g_test_add_func ("/chat/node/race", test_race);
  g_test_add_func ("/chat/node/order", test_order);
  g_test_add_func ("/chat/node/forward", test_forward);
  g_test_add_func ("/chat/node/forward-lost", test_forward_lost);
  g_test_add_func ("/chat/node/forward-slow", test_forward_slow);
  g_test_add_func ("/chat/node/forward-again", test_forward_again);
  g_test_add_func ("/chat/node/torn", test_torn);
  g_test_add_func ("/chat/node/frozen", test_frozen);
  g_test_add_func ("/chat/node/unknown", test_unknown);
  g_test_add_func ("/chat/node/limit", test_limit);
  g_test_add_func ("/chat/node/devices", test_devices);
  g_test_add_func ("/chat/node/presence", test_presence);

  return g_test_run ();
}
