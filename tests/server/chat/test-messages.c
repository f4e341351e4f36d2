/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/chat/kl-chat-kit.h"

typedef struct
{
  KlClient *anna;  /* owner */
  KlClient *ben;   /* member */
  KlClient *carla; /* nobody */
  const char *group;
} Cast;

static Cast
make_cast (KlKit *kit, const char *visibility)
{
  Cast cast = { kl_kit_person (kit, "anna"), kl_kit_person (kit, "ben"), kl_kit_person (kit, "carla"), NULL };

  cast.group = kl_client_create (cast.anna, "Tea", "public");
  kl_client_ok (cast.ben, "group:join", "{'group':'%s'}", cast.group);
  if (strcmp (visibility, "public") != 0)
    kl_client_ok (cast.anna, "group:update", "{'group':'%s','visibility':'%s'}", cast.group, visibility);
  /* Anna hears of all that; then only what comes. */
  while (kl_client_count (cast.anna, "message") + kl_client_count (cast.anna, "group") > 0)
    kl_client_forget (cast.anna);
  kl_client_forget (cast.ben);

  return cast;
}

static void
test_send (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  yyjson_val *message, *event;
  g_autoptr (KlAnswer) again = NULL;

  message
      = kl_get (kl_client_ok (cast.ben, "message:send",
                              "{'group':'%s','client_id':'m1','body':'Hello\\n\\tyou \\u0041 \\\" 🍵'}", cast.group),
                "message");
  g_assert_cmpint (kl_get_int (message, "seq"), ==, 3);
  g_assert_cmpint (kl_get_int (message, "rev"), ==, 6);
  g_assert_cmpstr (kl_get_string (message, "group"), ==, cast.group);
  g_assert_cmpstr (kl_get_string (message, "sender"), ==, cast.ben->user->id);
  g_assert_cmpstr (kl_get_string (message, "client_id"), ==, "m1");
  g_assert_cmpstr (kl_get_string (message, "kind"), ==, "text");
  g_assert_cmpstr (kl_get_string (message, "body"), ==, "Hello\n\tyou A \" 🍵");
  g_assert_cmpint (kl_get_int (message, "created_at"), >, 0);
  g_assert_null (kl_get (message, "edited_at"));

  /* The sender's own connections get it like everybody's. */
  event = kl_client_next (cast.ben, "message");
  g_assert_cmpint (kl_get_int (event, "rev"), ==, 6);
  g_assert_true (yyjson_equals (kl_get (event, "message"), message));
  g_assert_true (yyjson_equals (kl_get (kl_client_next (cast.anna, "message"), "message"), message));

  /* Sent again: the stored one, and nobody hears of it. */
  again = kl_client_start (cast.ben, "message:send", "{'group':'%s','client_id':'m1','body':'other'}", cast.group);
  g_assert_true (yyjson_equals (kl_get (kl_answer_wait (again), "message"), message));
  g_assert_true (again->repeated);
  /* As it is now. */
  kl_client_ok (cast.ben, "message:edit", "{'group':'%s','id':'%s','body':'edited'}", cast.group,
                kl_get_string (message, "id"));
  message = kl_get (
      kl_client_ok (cast.ben, "message:send", "{'group':'%s','client_id':'m1','body':'other'}", cast.group), "message");
  g_assert_cmpstr (kl_get_string (message, "body"), ==, "edited");
  kl_client_next (cast.anna, "message");
  /* The same client_id of another is another. */
  kl_client_ok (cast.anna, "message:send", "{'group':'%s','client_id':'m1','body':'mine'}", cast.group);
  g_assert_cmpint (kl_get_int (kl_client_next (cast.anna, "message"), "rev"), ==, 8);
  /* With another group it is a conflict. */
  kl_client_fails (cast.ben, KL_ERROR_CODE_CONFLICT, "client_id", "message:send",
                   "{'group':'%s','client_id':'m1','body':'x'}", kl_client_create (cast.ben, "Other", "private"));

  /* All of that is still so when memory is gone. */
  kl_kit_restart (kit);
  cast.ben = kl_kit_device (cast.ben);
  message = kl_get (
      kl_client_ok (cast.ben, "message:send", "{'group':'%s','client_id':'m1','body':'other'}", cast.group), "message");
  g_assert_cmpstr (kl_get_string (message, "body"), ==, "edited");
  g_assert_cmpint (kl_get_int (message, "seq"), ==, 3);
}

static void
test_reply (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  g_autofree char *first = g_strdup (kl_get_string (kl_client_send (cast.anna, cast.group, "first"), "id"));
  const char *other = kl_client_create (cast.ben, "Other", "private");
  g_autofree char *elsewhere = g_strdup (kl_get_string (kl_client_send (cast.ben, other, "elsewhere"), "id"));
  g_autofree char *reply = NULL;
  g_autoptr (KlAnswer) one = NULL, two = NULL, three = NULL;
  yyjson_val *message;

  kl_client_forget (cast.anna);
  message = kl_get (kl_client_ok (cast.ben, "message:send",
                                  "{'group':'%s','client_id':'r','body':'yes','reply_to':'%s'}", cast.group, first),
                    "message");
  reply = g_strdup (kl_get_string (message, "id"));
  g_assert_cmpstr (kl_get_string (message, "reply_to"), ==, first);
  g_assert_true (yyjson_equals (kl_get (kl_client_next (cast.anna, "message"), "message"), message));

  /* What changes it leaves it, deletion too. */
  message = kl_get (kl_client_ok (cast.ben, "message:edit", "{'group':'%s','id':'%s','body':'no'}", cast.group, reply),
                    "message");
  g_assert_cmpstr (kl_get_string (message, "reply_to"), ==, first);
  message = kl_get (kl_client_ok (cast.anna, "message:react", "{'group':'%s','id':'%s','emoji':'🍵','on':true}",
                                  cast.group, reply),
                    "message");
  g_assert_cmpstr (kl_get_string (message, "reply_to"), ==, first);
  kl_client_ok (cast.ben, "message:delete", "{'group':'%s','id':'%s'}", cast.group, reply);

  /* To nothing, or to what is in another group. */
  kl_client_fails (cast.ben, KL_ERROR_CODE_NOT_FOUND, "reply_to", "message:send",
                   "{'group':'%s','client_id':'n','body':'x','reply_to':'nothing'}", cast.group);
  kl_client_fails (cast.ben, KL_ERROR_CODE_NOT_FOUND, "reply_to", "message:send",
                   "{'group':'%s','client_id':'n','body':'x','reply_to':'%s'}", cast.group, elsewhere);
  kl_client_fails (cast.ben, KL_ERROR_CODE_BAD_REQUEST, "reply_to", "message:send",
                   "{'group':'%s','client_id':'n','body':'x','reply_to':5}", cast.group);

  /* The search for it changes nothing in the order of what one person sends. */
  one = kl_client_start (cast.ben, "message:send", "{'group':'%s','client_id':'1','body':'1','reply_to':'%s'}",
                         cast.group, first);
  two = kl_client_start (cast.ben, "message:send", "{'group':'%s','client_id':'2','body':'2','reply_to':'nothing'}",
                         cast.group);
  three = kl_client_start (cast.ben, "message:send", "{'group':'%s','client_id':'3','body':'3'}", cast.group);
  g_assert_cmpint (kl_get_int (kl_answer_wait (three), "message.seq"), ==,
                   kl_get_int (kl_answer_wait (one), "message.seq") + 1);
  kl_answer_wait (two);
  g_assert_cmpint (two->code, ==, KL_ERROR_CODE_NOT_FOUND);

  kl_kit_restart (kit);
  cast.ben = kl_kit_device (cast.ben);
  message = kl_get (kl_client_ok (cast.ben, "history", "{'group':'%s','limit':3}", cast.group), "messages.0");
  g_assert_cmpstr (kl_get_string (message, "id"), ==, reply);
  g_assert_true (kl_get_bool (message, "deleted"));
  g_assert_cmpstr (kl_get_string (message, "reply_to"), ==, first);
}

static void
test_media_unseen (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");

  kl_client_fails (cast.ben, KL_ERROR_CODE_NOT_FOUND, "media", "message:send",
                   "{'group':'%s','client_id':'m','body':'x','media':['nothing']}", cast.group);
  kl_client_fails (cast.ben, KL_ERROR_CODE_BAD_REQUEST, "media", "message:send",
                   "{'group':'%s','client_id':'m','body':'x','media':5}", cast.group);
  kl_client_ok (cast.ben, "message:send", "{'group':'%s','client_id':'m','body':'x','media':[]}", cast.group);
}

static void
test_send_refused (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  g_autofree char *big = g_strnfill (16 * 1024 - 4, 'x');
  g_autofree char *id65 = g_strnfill (65, 'i');
  g_autofree char *id64 = g_strnfill (64, 'i');
  const char *bodies[]
      = { "''",   "' \\n\\t '", "'\\u200b\\u2060'", "'a\\u0000b'", "'a\\u0001'", "'a\\rb'", "'\\ufffe'", "5",
          "null", "['a']",      "'\\u007f'" };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    kl_client_fails (cast.ben, KL_ERROR_CODE_BAD_REQUEST, "body", "message:send",
                     "{'group':'%s','client_id':'m','body':%s}", cast.group, bodies[i]);
  kl_client_fails (cast.ben, KL_ERROR_CODE_BAD_REQUEST, "client_id", "message:send",
                   "{'group':'%s','client_id':'%s','body':'x'}", cast.group, id65);
  kl_client_fails (cast.ben, KL_ERROR_CODE_BAD_REQUEST, "client_id", "message:send", "{'group':'%s','body':'x'}",
                   cast.group);
  kl_client_fails (cast.ben, KL_ERROR_CODE_BAD_REQUEST, "group", "message:send", "{'client_id':'m','body':'x'}");
  kl_client_fails (cast.ben, KL_ERROR_CODE_BAD_REQUEST, "group", "message:send",
                   "{'group':'a:b','client_id':'m','body':'x'}");
  kl_client_ok (cast.ben, "message:send", "{'group':'%s','client_id':'%s','body':'x'}", cast.group, id64);

  /* 16 KiB, to the byte, with a code point at the end. */
  kl_client_ok (cast.ben, "message:send", "{'group':'%s','client_id':'big','body':'%s🍵'}", cast.group, big);
  kl_client_fails (cast.ben, KL_ERROR_CODE_TOO_LARGE, "body", "message:send",
                   "{'group':'%s','client_id':'bigger','body':'%sx🍵'}", cast.group, big);

  kl_client_fails (cast.carla, KL_ERROR_CODE_FORBIDDEN, NULL, "message:send",
                   "{'group':'%s','client_id':'m','body':'x'}", cast.group);
  kl_client_ok (cast.anna, "group:update", "{'group':'%s','visibility':'private'}", cast.group);
  kl_client_fails (cast.carla, KL_ERROR_CODE_NOT_FOUND, "group", "message:send",
                   "{'group':'%s','client_id':'m','body':'x'}", cast.group);
  kl_client_fails (cast.carla, KL_ERROR_CODE_NOT_FOUND, "group", "message:send",
                   "{'group':'nosuchgroup','client_id':'m','body':'x'}");
}

static void
test_order (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  KlAnswer *answers[300];
  gint64 time = 0;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    answers[i] = kl_client_start (i % 2 ? cast.anna : cast.ben, "message:send",
                                  "{'group':'%s','client_id':'m%u','body':'%u'}", cast.group, i % 97, i);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      kl_answer_wait (answers[i]);
      g_assert_cmpint (answers[i]->code, ==, KL_ERROR_CODE_NONE);
    }
  /* 97 client_ids of each: what is more is repeated. */
  for (guint i = 0; i < 194; i++)
    {
      yyjson_val *event = kl_client_next (cast.anna, "message");

      g_assert_cmpint (kl_get_int (event, "rev"), ==, 6 + i);
      g_assert_cmpint (kl_get_int (event, "message.seq"), ==, 3 + i);
      g_assert_cmpint (kl_get_int (event, "message.created_at"), >=, time);
      time = kl_get_int (event, "message.created_at");
    }
  g_assert_cmpuint (kl_client_count (cast.anna, "message"), ==, 0);
  for (guint i = 194; i < G_N_ELEMENTS (answers); i++)
    {
      g_assert_true (answers[i]->repeated);
      g_assert_cmpstr (kl_get_string (kl_json_get_root (answers[i]->json), "message.id"), ==,
                       kl_get_string (kl_json_get_root (answers[i - 194]->json), "message.id"));
    }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    kl_answer_free (answers[i]);
}

static void
test_edit (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  const char *id = kl_get_string (kl_client_send (cast.ben, cast.group, "one"), "id");
  yyjson_val *message, *event;

  kl_client_forget (cast.anna);
  message = kl_get (kl_client_ok (cast.ben, "message:edit", "{'group':'%s','id':'%s','body':'two'}", cast.group, id),
                    "message");
  g_assert_cmpstr (kl_get_string (message, "body"), ==, "two");
  g_assert_cmpint (kl_get_int (message, "rev"), ==, 7);
  g_assert_cmpint (kl_get_int (message, "seq"), ==, 3);
  g_assert_cmpint (kl_get_int (message, "edited_at"), >=, kl_get_int (message, "created_at"));
  event = kl_client_next (cast.anna, "message");
  g_assert_cmpint (kl_get_int (event, "rev"), ==, 7);
  g_assert_true (yyjson_equals (kl_get (event, "message"), message));

  /* Unchanged: no rev, no event. */
  kl_client_ok (cast.ben, "message:edit", "{'group':'%s','id':'%s','body':'two'}", cast.group, id);
  kl_client_fails (cast.anna, KL_ERROR_CODE_FORBIDDEN, NULL, "message:edit", "{'group':'%s','id':'%s','body':'x'}",
                   cast.group, id);
  kl_client_fails (cast.carla, KL_ERROR_CODE_FORBIDDEN, NULL, "message:edit", "{'group':'%s','id':'%s','body':'x'}",
                   cast.group, id);
  kl_client_fails (cast.ben, KL_ERROR_CODE_NOT_FOUND, "id", "message:edit", "{'group':'%s','id':'nosuch','body':'x'}",
                   cast.group);
  kl_client_fails (cast.ben, KL_ERROR_CODE_BAD_REQUEST, "body", "message:edit", "{'group':'%s','id':'%s','body':' '}",
                   cast.group, id);
  /* In another group of mine it is not there. */
  kl_client_fails (cast.ben, KL_ERROR_CODE_NOT_FOUND, "id", "message:edit", "{'group':'%s','id':'%s','body':'x'}",
                   kl_client_create (cast.ben, "b", "private"), id);
  g_assert_cmpuint (kl_client_count (cast.anna, "message"), ==, 0);

  /* Several at once: each sees the one before. Anna's may come anywhere among Ben's. */
  {
    g_autoptr (KlAnswer) a
        = kl_client_start (cast.ben, "message:edit", "{'group':'%s','id':'%s','body':'three'}", cast.group, id);
    g_autoptr (KlAnswer) b = kl_client_start (cast.anna, "message:react",
                                              "{'group':'%s','id':'%s','emoji':'👍','on':true}", cast.group, id);
    g_autoptr (KlAnswer) c = kl_client_start (cast.ben, "message:react",
                                              "{'group':'%s','id':'%s','emoji':'👍','on':true}", cast.group, id);

    kl_answer_wait (a);
    kl_answer_wait (b);
    g_assert_cmpstr (kl_get_string (kl_get (kl_answer_wait (c), "message"), "body"), ==, "three");
    message = kl_get (kl_client_ok (cast.ben, "history", "{'group':'%s','limit':1}", cast.group), "messages.0");
    g_assert_cmpstr (kl_get_string (message, "body"), ==, "three");
    g_assert_cmpuint (kl_get_size (message, "reactions.0.users"), ==, 2);
    g_assert_cmpint (kl_get_int (message, "rev"), ==, 10);
  }

  /* What one person changes stays in its order, although the store reads with several threads. */
  {
    KlAnswer *answers[30];

    for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
      answers[i] = kl_client_start (cast.ben, "message:edit", "{'group':'%s','id':'%s','body':'%u'}", cast.group, id, i);
    for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
      {
        g_autofree char *body = g_strdup_printf ("%u", i);

        g_assert_cmpstr (kl_get_string (kl_get (kl_answer_wait (answers[i]), "message"), "body"), ==, body);
        g_assert_cmpint (kl_get_int (kl_get (kl_answer_wait (answers[i]), "message"), "rev"), ==, 11 + i);
        kl_answer_free (answers[i]);
      }
  }
}

static void
test_delete (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  const char *id = kl_get_string (kl_client_send (cast.ben, cast.group, "one"), "id");
  const char *other = kl_get_string (kl_client_send (cast.anna, cast.group, "two"), "id");
  const char *system = NULL;
  yyjson_val *message, *history;

  kl_client_ok (cast.ben, "message:react", "{'group':'%s','id':'%s','emoji':'👍','on':true}", cast.group, id);
  kl_client_fails (cast.ben, KL_ERROR_CODE_FORBIDDEN, NULL, "message:delete", "{'group':'%s','id':'%s'}", cast.group,
                   other);
  kl_client_forget (cast.ben);
  message = kl_get (kl_client_ok (cast.anna, "message:delete", "{'group':'%s','id':'%s'}", cast.group, id), "message");
  g_assert_true (kl_get_bool (message, "deleted"));
  g_assert_cmpstr (kl_get_string (message, "deleted_by"), ==, cast.anna->user->id);
  g_assert_cmpint (kl_get_int (message, "seq"), ==, 3);
  g_assert_cmpstr (kl_get_string (message, "sender"), ==, cast.ben->user->id);
  g_assert_null (kl_get (message, "body"));
  g_assert_null (kl_get (message, "reactions"));
  g_assert_null (kl_get (message, "edited_at"));
  g_assert_true (yyjson_equals (kl_get (kl_client_next (cast.ben, "message"), "message"), message));

  /* Twice is ok, and nobody hears of it. */
  message = kl_get (kl_client_ok (cast.ben, "message:delete", "{'group':'%s','id':'%s'}", cast.group, id), "message");
  g_assert_cmpstr (kl_get_string (message, "deleted_by"), ==, cast.anna->user->id);
  kl_client_fails (cast.ben, KL_ERROR_CODE_CONFLICT, NULL, "message:edit", "{'group':'%s','id':'%s','body':'x'}",
                   cast.group, id);
  kl_client_fails (cast.ben, KL_ERROR_CODE_CONFLICT, NULL, "message:react",
                   "{'group':'%s','id':'%s','emoji':'👍','on':true}", cast.group, id);

  history = kl_client_ok (cast.ben, "history", "{'group':'%s'}", cast.group);
  g_assert_cmpuint (kl_get_size (history, "messages"), ==, 4);
  g_assert_true (kl_get_bool (history, "messages.2.deleted"));
  system = kl_get_string (history, "messages.0.id");
  kl_client_fails (cast.anna, KL_ERROR_CODE_FORBIDDEN, NULL, "message:delete", "{'group':'%s','id':'%s'}", cast.group,
                   system);
  kl_client_fails (cast.anna, KL_ERROR_CODE_FORBIDDEN, NULL, "message:edit", "{'group':'%s','id':'%s','body':'x'}",
                   cast.group, system);
  kl_client_fails (cast.anna, KL_ERROR_CODE_FORBIDDEN, NULL, "message:react",
                   "{'group':'%s','id':'%s','emoji':'👍','on':true}", cast.group, system);

  /* A deleted one is still the last. */
  kl_client_ok (cast.anna, "message:delete", "{'group':'%s','id':'%s'}", cast.group, other);
  g_assert_true (kl_get_bool (kl_client_ok (cast.ben, "sync", "{}"), "groups.0.last_message.deleted"));
}

static void
test_react (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  const char *id = kl_get_string (kl_client_send (cast.ben, cast.group, "one"), "id");
  yyjson_val *message;

  kl_client_forget (cast.ben);
  message = kl_get (
      kl_client_ok (cast.anna, "message:react", "{'group':'%s','id':'%s','emoji':'👍','on':true}", cast.group, id),
      "message");
  g_assert_cmpstr (kl_get_string (message, "reactions.0.emoji"), ==, "👍");
  g_assert_cmpstr (kl_get_string (message, "reactions.0.users.0"), ==, cast.anna->user->id);
  g_assert_null (kl_get (message, "edited_at"));
  g_assert_cmpint (kl_get_int (kl_client_next (cast.ben, "message"), "rev"), ==, 7);
  /* Already there; not there. */
  kl_client_ok (cast.anna, "message:react", "{'group':'%s','id':'%s','emoji':'👍','on':true}", cast.group, id);
  kl_client_ok (cast.anna, "message:react", "{'group':'%s','id':'%s','emoji':'👎','on':false}", cast.group, id);
  g_assert_cmpuint (kl_client_count (cast.ben, "message"), ==, 0);
  message = kl_get (
      kl_client_ok (cast.anna, "message:react", "{'group':'%s','id':'%s','emoji':'👍','on':false}", cast.group, id),
      "message");
  g_assert_null (kl_get (message, "reactions"));
  g_assert_cmpint (kl_get_int (message, "rev"), ==, 8);

  kl_client_fails (cast.anna, KL_ERROR_CODE_BAD_REQUEST, "emoji", "message:react",
                   "{'group':'%s','id':'%s','emoji':'👍👍','on':true}", cast.group, id);
  kl_client_fails (cast.anna, KL_ERROR_CODE_BAD_REQUEST, "on", "message:react", "{'group':'%s','id':'%s','emoji':'👍'}",
                   cast.group, id);
  for (gunichar c = 0x1f600; c < 0x1f600 + 20; c++)
    {
      char emoji[8] = { 0 };

      g_unichar_to_utf8 (c, emoji);
      kl_client_ok (cast.anna, "message:react", "{'group':'%s','id':'%s','emoji':'%s','on':true}", cast.group, id,
                    emoji);
    }
  kl_client_fails (cast.anna, KL_ERROR_CODE_CONFLICT, "reactions", "message:react",
                   "{'group':'%s','id':'%s','emoji':'👍','on':true}", cast.group, id);
  /* One of the twenty is still free for others. */
  kl_client_ok (cast.ben, "message:react", "{'group':'%s','id':'%s','emoji':'😀','on':true}", cast.group, id);
  message = kl_client_ok (cast.ben, "history", "{'group':'%s'}", cast.group);
  g_assert_cmpuint (kl_get_size (message, "messages.2.reactions"), ==, 20);
  g_assert_cmpuint (kl_get_size (message, "messages.2.reactions.0.users"), ==, 2);
  g_assert_nonnull (kl_find (message, "users", "id", cast.anna->user->id));
}

static void
test_history (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  const struct
  {
    const char *place;
    gint64 first, last;
    gboolean before, after;
  } rows[] = {
    { "", 73, 122, TRUE, FALSE },
    { ",'limit':1", 122, 122, TRUE, FALSE },
    { ",'limit':100", 23, 122, TRUE, FALSE },
    { ",'before':73", 23, 72, TRUE, TRUE },
    { ",'before':23,'limit':22", 1, 22, FALSE, TRUE },
    { ",'before':5", 1, 4, FALSE, TRUE },
    { ",'before':1", 0, 0, FALSE, TRUE },
    { ",'before':1000,'limit':2", 121, 122, TRUE, FALSE },
    { ",'after':0,'limit':3", 1, 3, FALSE, TRUE },
    { ",'after':120", 121, 122, TRUE, FALSE },
    { ",'after':122", 0, 0, TRUE, FALSE },
    { ",'after':9999", 0, 0, TRUE, FALSE },
    { ",'around':60,'limit':11", 55, 65, TRUE, TRUE },
    { ",'around':1,'limit':10", 1, 10, FALSE, TRUE },
    { ",'around':122,'limit':10", 113, 122, TRUE, FALSE },
    { ",'around':9999,'limit':10", 113, 122, TRUE, FALSE },
  };
  const char *bad[] = { ",'limit':0",   ",'limit':101",          ",'limit':5.0",
                        ",'limit':'5'", ",'before':1,'after':1", ",'around':1,'after':1",
                        ",'before':-1" };
  yyjson_val *answer;

  for (guint i = 3; i <= 122; i++)
    kl_client_send (cast.ben, cast.group, "x");
  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
        {
          guint n = rows[i].last > 0 ? rows[i].last - rows[i].first + 1 : 0;

          answer = kl_client_ok (cast.anna, "history", "{'group':'%s'%s}", cast.group, rows[i].place);
          g_test_message ("%s", rows[i].place);
          g_assert_cmpuint (kl_get_size (answer, "messages"), ==, n);
          if (n > 0)
            g_assert_cmpint (kl_get_int (answer, "messages.0.seq"), ==, rows[i].first);
          for (guint j = 1; j < n; j++)
            g_assert_cmpint (kl_get_int (yyjson_arr_get (kl_get (answer, "messages"), j), "seq"), ==,
                             rows[i].first + j);
          g_assert_cmpint (kl_get_bool (answer, "more_before"), ==, rows[i].before);
          g_assert_cmpint (kl_get_bool (answer, "more_after"), ==, rows[i].after);
          if (n > 0)
            g_assert_cmpuint (kl_get_size (answer, "users"), >, 0);
        }
      kl_kit_restart (kit);
      cast.anna = kl_kit_device (cast.anna);
      cast.carla = kl_kit_device (cast.carla);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    kl_client_fails (cast.anna, KL_ERROR_CODE_BAD_REQUEST, NULL, "history", "{'group':'%s'%s}", cast.group, bad[i]);
  kl_client_fails (cast.carla, KL_ERROR_CODE_FORBIDDEN, NULL, "history", "{'group':'%s'}", cast.group);
}

/* What the cache gives is what the store has. */
static void
test_cache (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  const char *id;
  yyjson_val *answer;

  id = kl_get_string (kl_client_send (cast.ben, cast.group, "one"), "id");
  kl_client_ok (cast.anna, "history", "{'group':'%s'}", cast.group);
  kl_client_ok (cast.ben, "message:edit", "{'group':'%s','id':'%s','body':'two'}", cast.group, id);
  kl_client_send (cast.ben, cast.group, "three");
  answer = kl_client_ok (cast.anna, "history", "{'group':'%s'}", cast.group);
  g_assert_cmpuint (kl_get_size (answer, "messages"), ==, 4);
  g_assert_cmpstr (kl_get_string (answer, "messages.2.body"), ==, "two");
  g_assert_cmpstr (kl_get_string (answer, "messages.3.body"), ==, "three");
}

static void
test_last_message (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  g_autofree char *text = g_strnfill (198, 'x');
  yyjson_val *answer;

  /* No grapheme cluster is cut. */
  kl_client_ok (cast.ben, "message:send", "{'group':'%s','client_id':'a','body':'%s👨‍👩‍👧yz'}", cast.group,
                text);
  answer = kl_client_ok (cast.anna, "sync", "{}");
  g_assert_cmpstr (kl_get_string (answer, "groups.0.last_message.body"), ==, text);
  g_assert_true (kl_get_bool (answer, "groups.0.last_message.cut"));
  g_assert_nonnull (kl_find (answer, "users", "id", cast.ben->user->id));
  kl_client_ok (cast.ben, "message:send", "{'group':'%s','client_id':'b','body':'%syz'}", cast.group, text);
  answer = kl_client_ok (cast.anna, "sync", "{}");
  g_assert_cmpuint (strlen (kl_get_string (answer, "groups.0.last_message.body")), ==, 200);
  g_assert_null (kl_get (answer, "groups.0.last_message.cut"));
  /* System messages are not the last. */
  kl_client_ok (cast.anna, "group:update", "{'group':'%s','topic':'new'}", cast.group);
  answer = kl_client_ok (cast.anna, "sync", "{}");
  g_assert_cmpstr (kl_get_string (answer, "groups.0.last_message.client_id"), ==, "b");
}

/* Something holds the database: sends wait or are unavailable, and nothing is lost or doubled. */
static void
test_unavailable (KlKit *kit)
{
  Cast cast = make_cast (kit, "public");
  KlAnswer *answers[20];
  guint unavailable = 0;
  gint64 seq = 1;
  GLogLevelFlags fatal;
  yyjson_val *message;

  kl_client_send (cast.ben, cast.group, "before");
  kl_client_ok (cast.anna, "history", "{'group':'%s'}", cast.group);
  /* The store warns of it. */
  fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  kl_kit_hold_store (kit);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    answers[i] = kl_client_start (i % 2 ? cast.anna : cast.ben, "message:send",
                                  "{'group':'%s','client_id':'m%u','body':'%u'}", cast.group, i, i);
  kl_answer_wait (answers[0]);
  g_assert_cmpint (answers[0]->code, ==, KL_ERROR_CODE_UNAVAILABLE);
  g_assert_cmpint (answers[0]->retry_after_ms, >, 0);
  /* Reading goes on. */
  g_assert_cmpuint (kl_get_size (kl_client_ok (cast.anna, "history", "{'group':'%s'}", cast.group), "messages"), ==, 3);
  kl_kit_release_store (kit);

  kl_client_forget (cast.anna);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      kl_answer_wait (answers[i]);
      unavailable += answers[i]->code == KL_ERROR_CODE_UNAVAILABLE;
      g_assert_true (answers[i]->code == KL_ERROR_CODE_UNAVAILABLE || answers[i]->code == KL_ERROR_CODE_NONE);
      kl_answer_free (answers[i]);
    }
  g_assert_cmpuint (unavailable, >, 0);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    kl_client_ok (i % 2 ? cast.anna : cast.ben, "message:send", "{'group':'%s','client_id':'m%u','body':'%u'}",
                  cast.group, i, i);
  message = kl_client_ok (cast.ben, "history", "{'group':'%s'}", cast.group);
  g_assert_cmpuint (kl_get_size (message, "messages"), ==, 23);
  for (guint i = 0; i < 23; i++)
    g_assert_cmpint (kl_get_int (yyjson_arr_get (kl_get (message, "messages"), i), "seq"), ==, seq++);
  g_log_set_always_fatal (fatal);
}

static KlKit *
make_limited (void)
{
  KlChatSettings settings;

  kl_kit_settings (&settings);
  settings.messages_per_second = 1;
  settings.message_burst = 3;
  settings.reads_per_second = 1;

  return kl_kit_new (&settings);
}

static void
test_rates (void)
{
  KlKit *kit = make_limited ();
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *phone = kl_kit_device (anna);
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *group = kl_client_create (anna, "Tea", "public");
  g_autoptr (KlAnswer) limited = NULL;
  yyjson_val *message;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  message = kl_get (kl_client_ok (anna, "message:send", "{'group':'%s','client_id':'a','body':'x'}", group), "message");
  /* A repetition does not count, before and after the limit. */
  for (guint i = 0; i < 5; i++)
    kl_client_ok (anna, "message:send", "{'group':'%s','client_id':'a','body':'x'}", group);
  kl_client_ok (phone, "message:send", "{'group':'%s','client_id':'b','body':'x'}", group);
  kl_client_ok (anna, "message:react", "{'group':'%s','id':'%s','emoji':'👍','on':true}", group,
                kl_get_string (message, "id"));
  limited = kl_client_start (anna, "message:send", "{'group':'%s','client_id':'c','body':'x'}", group);
  kl_answer_wait (limited);
  g_assert_cmpint (limited->code, ==, KL_ERROR_CODE_RATE_LIMITED);
  g_assert_cmpint (limited->retry_after_ms, >, 0);
  g_assert_cmpint (limited->retry_after_ms, <=, 1001);
  g_assert_cmpint (kl_get_int (kl_json_get_root (limited->json), "error.retry_after_ms"), ==, limited->retry_after_ms);
  kl_client_ok (anna, "message:send", "{'group':'%s','client_id':'a','body':'x'}", group);
  kl_client_fails (phone, KL_ERROR_CODE_RATE_LIMITED, NULL, "message:edit", "{'group':'%s','id':'%s','body':'y'}",
                   group, kl_get_string (message, "id"));
  /* Nobody else is slowed, nothing is lost. */
  kl_client_ok (ben, "message:send", "{'group':'%s','client_id':'c','body':'x'}", group);
  g_assert_cmpuint (kl_get_size (kl_client_ok (ben, "history", "{'group':'%s'}", group), "messages"), ==, 5);
  kl_client_ok (ben, "users", "{'ids':[]}");
  kl_client_fails (ben, KL_ERROR_CODE_RATE_LIMITED, NULL, "group:members", "{'group':'%s'}", group);
  kl_kit_free (kit);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_kit_add ("/chat/messages/send", test_send);
  kl_kit_add ("/chat/messages/reply", test_reply);
  kl_kit_add ("/chat/messages/media-unseen", test_media_unseen);
  kl_kit_add ("/chat/messages/send-refused", test_send_refused);
  kl_kit_add ("/chat/messages/order", test_order);
  kl_kit_add ("/chat/messages/edit", test_edit);
  kl_kit_add ("/chat/messages/delete", test_delete);
  kl_kit_add ("/chat/messages/react", test_react);
  kl_kit_add ("/chat/messages/history", test_history);
  kl_kit_add ("/chat/messages/cache", test_cache);
  kl_kit_add ("/chat/messages/last-message", test_last_message);
  kl_kit_add ("/chat/messages/unavailable", test_unavailable);
  g_test_add_func ("/chat/messages/rates", test_rates);

  return g_test_run ();
}
