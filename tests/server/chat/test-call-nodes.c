/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call whose peers are on two nodes. */
#include "tests/server/chat/kl-pair.h"

static yyjson_val *
join (KlClient *client, const char *group)
{
  return kl_client_ok (client, "call:join", "{'group':'%s','audio':true,'video':false}", group);
}

/* The next `call` event in which so many are in it; -1: it is over. */
static yyjson_val *
await_call (KlClient *client, int peers)
{
  for (;;)
    {
      yyjson_val *event = kl_client_next (client, "call");
      gboolean over = yyjson_is_null (kl_get (event, "call"));

      if (peers < 0 ? over : !over && kl_get_size (event, "call.peers") == (guint) peers)
        return event;
    }
}

static guint
count_ends (KlClient *client, const char *group)
{
  yyjson_val *messages = kl_get (kl_client_ok (client, "history", "{'group':'%s','limit':100}", group), "messages");
  yyjson_val *message;
  guint ends = 0;
  size_t i, n;

  yyjson_arr_foreach (messages, i, n, message)
    if (g_strcmp0 (kl_get_string (message, "system.event"), "call") == 0)
      ends++;

  return ends;
}

static void
test_talk (void)
{
  KlPair *pair = kl_pair_new ();
  yyjson_val *joined = join (pair->anna, pair->group), *event;
  const char *call = kl_get_string (joined, "call.id");
  const char *anna = kl_get_string (joined, "peer"), *ben;

  event = await_call (pair->ben, 1);
  g_assert_cmpstr (kl_get_string (event, "call.id"), ==, call);
  g_assert_cmpstr (kl_get_string (event, "call.started_by"), ==, pair->anna->user->id);
  joined = join (pair->ben, pair->group);
  ben = kl_get_string (joined, "peer");
  g_assert_cmpstr (kl_get_string (joined, "call.id"), ==, call);
  g_assert_cmpint (kl_get_int (joined, "call.started_at"), ==, kl_get_int (event, "call.started_at"));
  g_assert_cmpuint (kl_get_size (joined, "call.peers"), ==, 1);
  g_assert_cmpstr (kl_get_string (joined, "call.peers.0.peer"), ==, anna);
  event = kl_client_next (pair->anna, "call:peer");
  g_assert_cmpstr (kl_get_string (event, "peer"), ==, ben);
  g_assert_cmpstr (kl_get_string (event, "user"), ==, pair->ben->user->id);
  g_assert_true (kl_get_bool (event, "joined"));
  await_call (pair->anna, 2);

  /* Signals, in their order, both ways. */
  for (guint i = 0; i < 20; i++)
    {
      kl_client_ok (pair->ben, "call:signal", "{'call':'%s','to':'%s','data':{'n':%u}}", call, anna, i);
      kl_client_ok (pair->anna, "call:signal", "{'call':'%s','to':'%s','data':{'n':%u}}", call, ben, 100 + i);
    }
  for (guint i = 0; i < 20; i++)
    {
      event = kl_client_next (pair->anna, "call:signal");
      g_assert_cmpstr (kl_get_string (event, "from"), ==, ben);
      g_assert_cmpint (kl_get_int (event, "data.n"), ==, i);
      g_assert_cmpint (kl_get_int (kl_client_next (pair->ben, "call:signal"), "data.n"), ==, 100 + i);
    }

  kl_client_ok (pair->anna, "call:media", "{'call':'%s','audio':false,'video':true,'screen':true,'hand':true}", call);
  event = kl_client_next (pair->ben, "call:peer");
  g_assert_cmpstr (kl_get_string (event, "peer"), ==, anna);
  g_assert_false (kl_get_bool (event, "audio"));
  g_assert_true (kl_get_bool (event, "screen") && kl_get_bool (event, "hand"));
  kl_client_ok (pair->ben, "call:react", "{'call':'%s','emoji':'🎉'}", call);
  g_assert_cmpstr (kl_get_string (kl_client_next (pair->anna, "call:react"), "peer"), ==, ben);

  /* Each is told of the end, and one line is left of it, though both nodes saw it. */
  kl_client_ok (pair->ben, "call:leave", "{'call':'%s'}", call);
  event = kl_client_next (pair->anna, "call:peer");
  g_assert_true (kl_get_bool (event, "left"));
  kl_client_ok (pair->anna, "call:leave", "{'call':'%s'}", call);
  await_call (pair->anna, -1);
  await_call (pair->ben, -1);
  while (count_ends (pair->anna, pair->group) == 0 || count_ends (pair->ben, pair->group) == 0)
    kl_test_spin (10);
  kl_test_spin (50);
  g_assert_cmpuint (count_ends (pair->anna, pair->group), ==, 1);
  g_assert_cmpuint (count_ends (pair->ben, pair->group), ==, 1);
  kl_pair_free (pair);
}

static void
test_ring (void)
{
  KlPair *pair = kl_pair_new ();
  const char *call = kl_get_string (join (pair->anna, pair->group), "call.id");
  KlClient *tablet = kl_kit_connect (pair->one, pair->ben->user);
  yyjson_val *event;

  kl_client_ok (tablet, "sync", "{}");
  await_call (pair->ben, 1);
  kl_client_ok (pair->anna, "call:ring", "{'call':'%s'}", call);
  event = kl_client_next (pair->ben, "call:ring");
  g_assert_cmpstr (kl_get_string (event, "call"), ==, call);
  g_assert_cmpstr (kl_get_string (event, "by"), ==, pair->anna->user->id);
  kl_client_next (tablet, "call:ring");

  kl_client_ok (pair->ben, "call:decline", "{'call':'%s'}", call);
  g_assert_cmpstr (kl_get_string (kl_client_next (pair->anna, "call:declined"), "user"), ==, pair->ben->user->id);
  /* His other device, on the other node, stops too. */
  kl_client_next (tablet, "call:declined");
  g_assert_cmpuint (kl_client_count (pair->ben, "call:declined"), ==, 0);

  /* Answered on one node: the device on the other sees a peer of its person's. */
  join (pair->ben, pair->group);
  event = await_call (tablet, 2);
  g_assert_nonnull (kl_find (event, "call.peers", "user", pair->ben->user->id));
  kl_pair_free (pair);
}

/* Whose line breaks may come back to another node. What waited comes along; nobody is told. */
static void
test_resume (void)
{
  KlPair *pair = kl_pair_new ();
  yyjson_val *joined = join (pair->anna, pair->group);
  const char *call = kl_get_string (joined, "call.id");
  const char *anna = kl_get_string (joined, "peer");
  const char *token = kl_get_string (joined, "resume_token");
  KlClient *again;

  await_call (pair->ben, 1);
  join (pair->ben, pair->group);
  await_call (pair->anna, 2);
  kl_client_break (pair->anna);
  for (guint i = 0; i < 3; i++)
    kl_client_ok (pair->ben, "call:signal", "{'call':'%s','to':'%s','data':{'n':%u}}", call, anna, i);
  kl_client_forget (pair->ben);

  again = kl_kit_connect (&pair->two, pair->anna->user);
  kl_client_ok (again, "sync", "{}");
  joined = kl_client_ok (again, "call:join",
                         "{'group':'%s','audio':true,'video':false,'resume':{'call':'%s','peer':'%s','token':'%s'}}",
                         pair->group, call, anna, token);
  g_assert_cmpstr (kl_get_string (joined, "peer"), ==, anna);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (kl_get_int (kl_client_next (again, "call:signal"), "data.n"), ==, i);
  kl_client_ok (pair->ben, "call:signal", "{'call':'%s','to':'%s','data':{'n':3}}", call, anna);
  g_assert_cmpint (kl_get_int (kl_client_next (again, "call:signal"), "data.n"), ==, 3);
  g_assert_cmpuint (kl_client_count (pair->ben, "call:peer"), ==, 0);
  kl_pair_free (pair);
}

/* Two begin a call at once, and neither node knows of the other's: one stands, and who is in the other learns which. */
static void
test_at_once (void)
{
  KlPair *pair = kl_pair_new ();
  const char *first, *second;
  KlClient *tablet;
  yyjson_val *event;

  pair->buses[0]->deaf = pair->buses[1]->deaf = TRUE;
  first = kl_get_string (join (pair->anna, pair->group), "call.id");
  kl_test_spin (5); /* the one that began later yields */
  second = kl_get_string (join (pair->ben, pair->group), "call.id");
  g_assert_cmpstr (first, !=, second);
  await_call (pair->ben, 1);
  pair->buses[0]->deaf = pair->buses[1]->deaf = FALSE;

  /* Whatever changes is told to the other node. */
  tablet = kl_kit_device (pair->anna);
  join (tablet, pair->group);
  do
    event = await_call (pair->ben, 2);
  while (!g_str_equal (kl_get_string (event, "call.id"), first));
  g_assert_null (kl_find (event, "call.peers", "user", pair->ben->user->id));
  g_assert_cmpstr (kl_get_string (join (pair->ben, pair->group), "call.id"), ==, first);
  event = await_call (pair->anna, 3);
  g_assert_cmpstr (kl_get_string (event, "call.id"), ==, first);
  kl_pair_free (pair);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/chat/call-nodes/talk", test_talk);
  g_test_add_func ("/chat/call-nodes/ring", test_ring);
  g_test_add_func ("/chat/call-nodes/resume", test_resume);
  g_test_add_func ("/chat/call-nodes/at-once", test_at_once);

  return g_test_run ();
}
