/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls: who is in one, what they are told, and what a broken line keeps. */
#include "tests/server/chat/kl-chat-kit.h"

typedef struct
{
  KlClient *anna;
  KlClient *ben;
  KlClient *carla;
  const char *group;
} Cast;

/* Anna's group; Ben and Carla have joined it. */
static Cast
make_cast (KlKit *kit)
{
  Cast cast;

  cast.anna = kl_kit_person (kit, "anna");
  cast.ben = kl_kit_person (kit, "ben");
  cast.carla = kl_kit_person (kit, "carla");
  cast.group = kl_client_create (cast.anna, "g", "public");
  kl_client_ok (cast.ben, "group:join", "{'group':'%s'}", cast.group);
  kl_client_ok (cast.carla, "group:join", "{'group':'%s'}", cast.group);

  return cast;
}

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

/* The newest message, once it is about a call. */
static yyjson_val *
await_end (KlClient *client, const char *group)
{
  for (;;)
    {
      yyjson_val *message = kl_get (kl_client_ok (client, "history", "{'group':'%s','limit':1}", group), "messages.0");

      if (g_strcmp0 (kl_get_string (message, "system.event"), "call") == 0)
        return message;
    }
}

static void
test_join (KlKit *kit)
{
  Cast cast = make_cast (kit);
  KlClient *stranger = kl_kit_person (kit, "dora");
  yyjson_val *anna, *ben, *event, *message;
  const char *call, *peer;

  kl_client_fails (stranger, KL_ERROR_CODE_FORBIDDEN, NULL, "call:join", "{'group':'%s','audio':true,'video':true}",
                   cast.group);
  kl_client_fails (cast.anna, KL_ERROR_CODE_BAD_REQUEST, "audio", "call:join", "{'group':'%s','video':true}",
                   cast.group);
  anna = join (cast.anna, cast.group);
  call = kl_get_string (anna, "call.id");
  peer = kl_get_string (anna, "peer");
  g_assert_cmpstr (kl_get_string (anna, "call.mode"), ==, "mesh");
  g_assert_cmpstr (kl_get_string (anna, "call.group"), ==, cast.group);
  g_assert_cmpstr (kl_get_string (anna, "call.started_by"), ==, cast.anna->user->id);
  g_assert_cmpint (kl_get_int (anna, "call.started_at"), >, 0);
  g_assert_cmpuint (kl_get_size (anna, "call.peers"), ==, 0);
  g_assert_nonnull (kl_get_string (anna, "resume_token"));
  g_assert_true (yyjson_is_arr (kl_get (anna, "ice_servers")));

  /* All members see it, also in the group's object; others do not. */
  event = await_call (cast.carla, 1);
  g_assert_cmpstr (kl_get_string (event, "group"), ==, cast.group);
  g_assert_cmpstr (kl_get_string (event, "call.peers.0.peer"), ==, peer);
  g_assert_cmpstr (kl_get_string (event, "call.peers.0.user"), ==, cast.anna->user->id);
  g_assert_true (kl_get_bool (event, "call.peers.0.audio"));
  g_assert_cmpstr (kl_get_string (kl_client_ok (cast.carla, "sync", "{}"), "groups.0.call.id"), ==, call);

  /* Twice on a connection: the same place. Another device: another place. */
  g_assert_cmpstr (kl_get_string (join (cast.anna, cast.group), "peer"), ==, peer);
  ben = join (cast.ben, cast.group);
  g_assert_cmpstr (kl_get_string (ben, "call.id"), ==, call);
  g_assert_cmpstr (kl_get_string (ben, "call.peers.0.peer"), ==, peer);
  event = kl_client_next (cast.anna, "call:peer");
  g_assert_true (kl_get_bool (event, "joined"));
  g_assert_cmpstr (kl_get_string (event, "peer"), ==, kl_get_string (ben, "peer"));
  g_assert_cmpstr (kl_get_string (event, "user"), ==, cast.ben->user->id);
  g_assert_cmpuint (kl_get_size (join (kl_kit_device (cast.anna), cast.group), "call.peers"), ==, 2);
  await_call (cast.carla, 3);

  /* Leaving; the last one ends it, and that stands in the conversation. */
  kl_client_ok (cast.anna, "call:leave", "{'call':'%s'}", call);
  kl_client_ok (cast.anna, "call:leave", "{'call':'%s'}", call);
  event = kl_client_next (cast.ben, "call:peer");
  while (!kl_get_bool (event, "left"))
    event = kl_client_next (cast.ben, "call:peer");
  g_assert_cmpstr (kl_get_string (event, "peer"), ==, peer);
  kl_client_end (cast.ben);
  kl_client_end (g_ptr_array_index (kit->clients, kit->clients->len - 1));
  await_call (cast.carla, -1);
  message = await_end (cast.carla, cast.group);
  g_assert_cmpint (kl_get_int (message, "system.duration_ms"), >=, 0);
  g_assert_cmpstr (kl_get_string (message, "system.user"), ==, cast.anna->user->id);
  g_assert_null (kl_get (message, "system.value"));
}

static void
test_missed (KlKit *kit)
{
  Cast cast = make_cast (kit);
  yyjson_val *message;

  join (cast.anna, cast.group);
  kl_client_ok (cast.anna, "call:leave", "{'call':'%s'}", kl_get_string (await_call (cast.ben, 1), "call.id"));
  message = await_end (cast.ben, cast.group);
  g_assert_cmpstr (kl_get_string (message, "system.value"), ==, "missed");
  g_assert_null (kl_get (message, "system.duration_ms"));
}

static void
test_full (KlKit *kit)
{
  Cast cast = make_cast (kit);

  for (guint i = 0; i < 6; i++)
    join (i == 0 ? cast.anna : kl_kit_device (cast.anna), cast.group);
  kl_client_fails (cast.ben, KL_ERROR_CODE_CONFLICT, "mesh", "call:join", "{'group':'%s','audio':true,'video':true}",
                   cast.group);
  kl_client_ok (cast.anna, "call:leave", "{'call':'%s'}", kl_get_string (await_call (cast.ben, 6), "call.id"));
  join (cast.ben, cast.group);
}

static void
test_signal (KlKit *kit)
{
  Cast cast = make_cast (kit);
  const char *anna = kl_get_string (join (cast.anna, cast.group), "peer");
  yyjson_val *joined = join (cast.ben, cast.group);
  const char *ben = kl_get_string (joined, "peer");
  const char *call = kl_get_string (joined, "call.id");
  g_autofree char *large = g_strnfill (256 * 1024, 'x');
  yyjson_val *event;

  kl_client_ok (cast.ben, "call:signal", "{'call':'%s','to':'%s','data':{'session':'s','candidate':null,'n':[1,{}]}}",
                call, anna);
  event = kl_client_next (cast.anna, "call:signal");
  g_assert_cmpstr (kl_get_string (event, "from"), ==, ben);
  g_assert_cmpstr (kl_get_string (event, "call"), ==, call);
  g_assert_true (yyjson_is_null (kl_get (event, "data.candidate")));
  g_assert_cmpuint (kl_get_size (event, "data.n"), ==, 2);

  kl_client_fails (cast.ben, KL_ERROR_CODE_TOO_LARGE, "data", "call:signal", "{'call':'%s','to':'%s','data':{'x':'%s'}}",
                   call, anna, large);
  kl_client_fails (cast.ben, KL_ERROR_CODE_BAD_REQUEST, "data", "call:signal", "{'call':'%s','to':'%s','data':[]}", call,
                   anna);
  kl_client_fails (cast.ben, KL_ERROR_CODE_NOT_FOUND, "to", "call:signal", "{'call':'%s','to':'nobody','data':{}}",
                   call);
  kl_client_fails (cast.carla, KL_ERROR_CODE_FORBIDDEN, "call", "call:signal", "{'call':'%s','to':'%s','data':{}}",
                   call, anna);
  kl_client_fails (kl_kit_person (kit, "dora"), KL_ERROR_CODE_NOT_FOUND, "call", "call:signal",
                   "{'call':'%s','to':'%s','data':{}}", call, anna);
}

static void
test_words (KlKit *kit)
{
  Cast cast = make_cast (kit);
  const char *anna = kl_get_string (join (cast.anna, cast.group), "peer");
  const char *call = kl_get_string (join (cast.ben, cast.group), "call.id");
  KlClient *tablet = kl_kit_device (cast.carla);
  yyjson_val *event;

  kl_client_forget (cast.ben);
  kl_client_ok (cast.anna, "call:media", "{'call':'%s','audio':false,'video':true,'screen':true,'hand':true}", call);
  event = kl_client_next (cast.ben, "call:peer");
  g_assert_cmpstr (kl_get_string (event, "peer"), ==, anna);
  g_assert_false (kl_get_bool (event, "audio"));
  g_assert_true (kl_get_bool (event, "screen"));
  g_assert_true (kl_get_bool (event, "hand"));
  g_assert_null (kl_get (event, "joined"));
  /* What is not said stays. */
  kl_client_ok (cast.anna, "call:media", "{'call':'%s','audio':true,'video':true,'screen':true}", call);
  g_assert_true (kl_get_bool (kl_client_next (cast.ben, "call:peer"), "hand"));

  kl_client_ok (cast.anna, "call:react", "{'call':'%s','emoji':'🎉'}", call);
  event = kl_client_next (cast.ben, "call:react");
  g_assert_cmpstr (kl_get_string (event, "emoji"), ==, "🎉");
  g_assert_cmpstr (kl_get_string (event, "peer"), ==, anna);
  kl_client_fails (cast.anna, KL_ERROR_CODE_BAD_REQUEST, "emoji", "call:react", "{'call':'%s','emoji':'no'}", call);

  /* It rings at all devices of those who are not in it. */
  kl_client_fails (cast.carla, KL_ERROR_CODE_FORBIDDEN, "call", "call:ring", "{'call':'%s'}", call);
  kl_client_ok (cast.anna, "call:ring", "{'call':'%s'}", call);
  event = kl_client_next (cast.carla, "call:ring");
  g_assert_cmpstr (kl_get_string (event, "call"), ==, call);
  g_assert_cmpstr (kl_get_string (event, "group"), ==, cast.group);
  g_assert_cmpstr (kl_get_string (event, "by"), ==, cast.anna->user->id);
  kl_client_next (tablet, "call:ring");
  g_assert_cmpuint (kl_client_count (cast.ben, "call:ring"), ==, 0);
  kl_client_ok (cast.carla, "call:decline", "{'call':'%s'}", call);
  event = kl_client_next (cast.anna, "call:declined");
  g_assert_cmpstr (kl_get_string (event, "user"), ==, cast.carla->user->id);
  kl_client_next (tablet, "call:declined");
  g_assert_cmpuint (kl_client_count (cast.carla, "call:declined"), ==, 0);
  kl_client_ok (cast.anna, "call:ring", "{'call':'%s','users':['%s']}", call, cast.ben->user->id);
  g_assert_cmpuint (kl_client_count (cast.carla, "call:ring"), ==, 0);
}

static KlClient *
reconnect (KlKit *kit, KlClient *client)
{
  KlClient *again = kl_kit_connect (kit, client->user);

  kl_client_ok (again, "sync", "{}");

  return again;
}

static void
test_resume (KlKit *kit)
{
  Cast cast = make_cast (kit);
  yyjson_val *joined = join (cast.anna, cast.group);
  const char *anna = kl_get_string (joined, "peer");
  const char *call = kl_get_string (joined, "call.id");
  const char *token = kl_get_string (joined, "resume_token");
  const char *ben = kl_get_string (join (cast.ben, cast.group), "peer");
  KlClient *again;
  yyjson_val *event;

  /* One signal comes and is not acknowledged, two wait. */
  kl_client_next (cast.anna, "call:peer");
  cast.anna->acknowledges = FALSE;
  for (guint i = 1; i <= 3; i++)
    {
      if (i == 2)
        kl_client_break (cast.anna);
      kl_client_ok (cast.ben, "call:signal", "{'call':'%s','to':'%s','data':{'n':%u}}", call, anna, i);
    }
  kl_client_forget (cast.ben);

  again = reconnect (kit, cast.anna);
  kl_client_fails (again, KL_ERROR_CODE_FORBIDDEN, "resume", "call:join",
                   "{'group':'%s','audio':true,'video':false,'resume':{'call':'%s','peer':'%s','token':'%s'}}",
                   cast.group, call, ben, token);
  kl_client_fails (again, KL_ERROR_CODE_BAD_REQUEST, "resume", "call:join",
                   "{'group':'%s','audio':true,'video':false,'resume':{'call':'%s'}}", cast.group, call);
  joined = kl_client_ok (again, "call:join",
                         "{'group':'%s','audio':true,'video':false,'resume':{'call':'%s','peer':'%s','token':'%s'}}",
                         cast.group, call, anna, token);
  g_assert_cmpstr (kl_get_string (joined, "peer"), ==, anna);
  g_assert_cmpstr (kl_get_string (joined, "call.peers.0.peer"), ==, ben);
  for (guint i = 1; i <= 3; i++)
    {
      event = kl_client_next (again, "call:signal");
      g_assert_cmpint (kl_get_int (event, "data.n"), ==, i);
    }
  /* Nobody was told. */
  g_assert_cmpuint (kl_client_count (cast.ben, "call:peer"), ==, 0);
  kl_client_ok (cast.ben, "call:signal", "{'call':'%s','to':'%s','data':{'n':4}}", call, anna);
  g_assert_cmpint (kl_get_int (kl_client_next (again, "call:signal"), "data.n"), ==, 4);
}

static void
test_grace (KlKit *unused)
{
  KlChatSettings settings;
  KlKit *kit;
  Cast cast;
  yyjson_val *joined, *event;

  kl_kit_settings (&settings);
  settings.call_grace_ms = 150;
  kit = kl_kit_new (&settings);
  cast = make_cast (kit);
  joined = join (cast.anna, cast.group);
  join (cast.ben, cast.group);
  kl_client_break (cast.anna);
  event = kl_client_next (cast.ben, "call:peer");
  g_assert_true (kl_get_bool (event, "left"));
  g_assert_cmpstr (kl_get_string (event, "peer"), ==, kl_get_string (joined, "peer"));
  kl_kit_free (kit);
}

/* A broken line takes 256 KiB; then the sender is told. */
static void
test_full_line (KlKit *kit)
{
  Cast cast = make_cast (kit);
  const char *anna = kl_get_string (join (cast.anna, cast.group), "peer");
  const char *call = kl_get_string (join (cast.ben, cast.group), "call.id");
  g_autofree char *part = g_strnfill (100 * 1024, 'x');

  kl_client_break (cast.anna);
  for (guint i = 0; i < 2; i++)
    kl_client_ok (cast.ben, "call:signal", "{'call':'%s','to':'%s','data':{'x':'%s'}}", call, anna, part);
  kl_client_fails (cast.ben, KL_ERROR_CODE_RATE_LIMITED, NULL, "call:signal", "{'call':'%s','to':'%s','data':{'x':'%s'}}",
                   call, anna, part);
}

static void
test_restart (KlKit *kit)
{
  Cast cast = make_cast (kit);
  yyjson_val *joined = join (cast.anna, cast.group);
  g_autofree char *anna = g_strdup (kl_get_string (joined, "peer"));
  g_autofree char *call = g_strdup (kl_get_string (joined, "call.id"));
  g_autofree char *token = g_strdup (kl_get_string (joined, "resume_token"));
  gint64 started_at = kl_get_int (joined, "call.started_at");
  KlClient *again, *ben;

  join (cast.ben, cast.group);
  for (guint i = 0; i < kit->clients->len; i++)
    kl_client_break (g_ptr_array_index (kit->clients, i));
  kl_kit_restart (kit);

  again = reconnect (kit, cast.anna);
  joined = kl_client_ok (again, "call:join",
                         "{'group':'%s','audio':true,'video':false,'resume':{'call':'%s','peer':'%s','token':'%s'}}",
                         cast.group, call, anna, token);
  g_assert_cmpstr (kl_get_string (joined, "call.id"), ==, call);
  g_assert_cmpstr (kl_get_string (joined, "peer"), ==, anna);
  g_assert_cmpint (kl_get_int (joined, "call.started_at"), ==, started_at);
  g_assert_cmpstr (kl_get_string (joined, "call.started_by"), ==, cast.anna->user->id);

  /* Where another call has begun meanwhile, that one stands. */
  kl_client_ok (again, "call:leave", "{'call':'%s'}", call);
  ben = reconnect (kit, cast.ben);
  join (ben, cast.group);
  kl_client_fails (again, KL_ERROR_CODE_CONFLICT, "resume", "call:join",
                   "{'group':'%s','audio':true,'video':false,'resume':{'call':'%s','peer':'%s','token':'%s'}}",
                   cast.group, call, anna, token);
}

static void
test_too_late (KlKit *unused)
{
  KlChatSettings settings;
  KlKit *kit;
  Cast cast;
  yyjson_val *joined;

  kl_kit_settings (&settings);
  settings.call_recreate_ms = 0;
  kit = kl_kit_new (&settings);
  cast = make_cast (kit);
  joined = join (cast.anna, cast.group);
  kl_client_ok (cast.anna, "call:leave", "{'call':'%s'}", kl_get_string (joined, "call.id"));
  kl_client_fails (cast.anna, KL_ERROR_CODE_NOT_FOUND, "resume", "call:join",
                   "{'group':'%s','audio':true,'video':false,'resume':{'call':'%s','peer':'%s','token':'%s'}}",
                   cast.group, kl_get_string (joined, "call.id"), kl_get_string (joined, "peer"),
                   kl_get_string (joined, "resume_token"));
  kl_kit_free (kit);
}

static void
test_removed (KlKit *kit)
{
  Cast cast = make_cast (kit);
  yyjson_val *event;

  join (cast.anna, cast.group);
  join (cast.ben, cast.group);
  kl_client_forget (cast.anna);
  kl_client_ok (cast.anna, "group:remove", "{'group':'%s','user':'%s'}", cast.group, cast.ben->user->id);
  event = kl_client_next (cast.anna, "call:peer");
  g_assert_true (kl_get_bool (event, "left"));
  kl_client_ok (cast.anna, "group:delete", "{'group':'%s'}", cast.group);
  kl_client_fails (cast.anna, KL_ERROR_CODE_NOT_FOUND, "call", "call:media",
                   "{'call':'%s','audio':true,'video':true,'screen':false}", kl_get_string (event, "call"));
}

static void
test_relay (KlKit *unused)
{
  KlChatSettings settings;
  KlKit *kit;
  Cast cast;
  yyjson_val *joined;
  g_auto (GStrv) parts = NULL;
  g_autofree char *password = NULL;
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *) "open sesame", 11);
  guint8 digest[20];
  gsize length = sizeof digest;
  const char *name;

  kl_kit_settings (&settings);
  settings.stun = "stun:stun.example.net:3478";
  settings.turn = "turn:turn.example.net:3478?transport=udp";
  settings.turn_secret = "open sesame";
  settings.turn_ttl_s = 600;
  settings.relay_only = TRUE;
  kit = kl_kit_new (&settings);
  cast = make_cast (kit);
  joined = join (cast.anna, cast.group);
  g_assert_cmpstr (kl_get_string (joined, "ice_servers.0.urls.0"), ==, settings.stun);
  g_assert_cmpstr (kl_get_string (joined, "ice_servers.1.urls.0"), ==, settings.turn);
  g_assert_true (kl_get_bool (joined, "relay_only"));
  name = kl_get_string (joined, "ice_servers.1.username");
  parts = g_strsplit (name, ":", 2);
  g_assert_cmpstr (parts[1], ==, cast.anna->user->id);
  g_assert_cmpint (ABS (g_ascii_strtoll (parts[0], NULL, 10) - (g_get_real_time () / G_USEC_PER_SEC + 600)), <=, 30);
  g_hmac_update (hmac, (const guchar *) name, -1);
  g_hmac_get_digest (hmac, digest, &length);
  password = g_base64_encode (digest, length);
  g_assert_cmpstr (kl_get_string (joined, "ice_servers.1.credential"), ==, password);
  kl_kit_free (kit);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_kit_add ("/chat/calls/join", test_join);
  kl_kit_add ("/chat/calls/missed", test_missed);
  kl_kit_add ("/chat/calls/full", test_full);
  kl_kit_add ("/chat/calls/signal", test_signal);
  kl_kit_add ("/chat/calls/words", test_words);
  kl_kit_add ("/chat/calls/resume", test_resume);
  kl_kit_add ("/chat/calls/grace", test_grace);
  kl_kit_add ("/chat/calls/full-line", test_full_line);
  kl_kit_add ("/chat/calls/restart", test_restart);
  kl_kit_add ("/chat/calls/too-late", test_too_late);
  kl_kit_add ("/chat/calls/removed", test_removed);
  kl_kit_add ("/chat/calls/relay", test_relay);

  return g_test_run ();
}
