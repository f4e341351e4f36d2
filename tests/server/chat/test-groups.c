/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/chat/kl-chat-kit.h"

static void
test_create (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *phone = kl_kit_device (anna);
  yyjson_val *answer, *again, *event, *system;
  const char *id;

  answer = kl_client_ok (
      anna, "group:create",
      "{'client_id':'c1','name':'Tea','topic':'hot','slug':'tea','emoji':'🍵','hue':3,'visibility':'public'}");
  id = kl_get_string (answer, "group.id");
  g_assert_cmpuint (strlen (id), ==, 26);
  g_assert_cmpstr (kl_get_string (answer, "group.kind"), ==, "group");
  g_assert_cmpstr (kl_get_string (answer, "group.name"), ==, "Tea");
  g_assert_cmpstr (kl_get_string (answer, "group.topic"), ==, "hot");
  g_assert_cmpstr (kl_get_string (answer, "group.slug"), ==, "tea");
  g_assert_cmpstr (kl_get_string (answer, "group.address"), ==, "tea@groups.example.net");
  g_assert_cmpstr (kl_get_string (answer, "group.emoji"), ==, "🍵");
  g_assert_cmpstr (kl_get_string (answer, "group.visibility"), ==, "public");
  g_assert_cmpint (kl_get_int (answer, "group.hue"), ==, 3);
  g_assert_cmpint (kl_get_int (answer, "group.rev"), ==, 3);
  g_assert_cmpint (kl_get_int (answer, "group.members"), ==, 1);
  g_assert_cmpint (kl_get_int (answer, "group.online"), ==, 1);
  g_assert_cmpint (kl_get_int (answer, "group.here"), ==, 0);
  g_assert_cmpstr (kl_get_string (answer, "group.mine.role"), ==, "owner");
  g_assert_cmpint (kl_get_int (answer, "group.mine.read_seq"), ==, 1);
  g_assert_cmpint (kl_get_int (answer, "group.mine.unread"), ==, 0);
  g_assert_cmpint (kl_get_int (answer, "group.mine.mentions"), ==, 0);
  g_assert_cmpstr (kl_get_string (answer, "group.mine.notify"), ==, "all");
  g_assert_false (kl_get_bool (answer, "group.mine.pinned"));
  g_assert_cmpstr (kl_get_string (answer, "users.0.id"), ==, anna->user->id);
  g_assert_cmpstr (kl_get_string (answer, "users.0.address"), ==, "anna@example.net");

  /* The other device gets the whole object, without rev beside it, then events. */
  event = kl_client_next (phone, "group");
  g_assert_cmpstr (kl_get_string (event, "group.id"), ==, id);
  g_assert_cmpint (kl_get_int (event, "rev"), ==, -1);
  g_assert_cmpstr (kl_get_string (event, "group.mine.role"), ==, "owner");
  kl_client_send (anna, id, "hello");
  g_assert_cmpint (kl_get_int (kl_client_next (phone, "message"), "rev"), ==, 4);

  /* Idempotent. */
  again = kl_client_ok (anna, "group:create", "{'client_id':'c1','name':'Other'}");
  g_assert_cmpstr (kl_get_string (again, "group.id"), ==, id);
  g_assert_cmpstr (kl_get_string (again, "group.name"), ==, "Tea");
  kl_client_fails (anna, KL_ERROR_CODE_CONFLICT, "client_id", "message:send",
                   "{'group':'%s','client_id':'c1','body':'x'}", id);

  /* History begins with its creation. */
  answer = kl_client_ok (anna, "history", "{'group':'%s'}", id);
  system = kl_get (answer, "messages.0");
  g_assert_cmpstr (kl_get_string (system, "kind"), ==, "system");
  g_assert_cmpstr (kl_get_string (system, "system.event"), ==, "created");
  g_assert_cmpstr (kl_get_string (system, "sender"), ==, anna->user->id);
  g_assert_cmpint (kl_get_int (system, "seq"), ==, 1);
  g_assert_cmpint (kl_get_int (system, "rev"), ==, 3);
}

static void
test_create_refused (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  struct
  {
    const char *field;
    const char *argument;
  } rows[] = {
    { "name", "{'client_id':'a'}" },
    { "name", "{'client_id':'a','name':''}" },
    { "name", "{'client_id':'a','name':' '}" },
    { "name", "{'client_id':'a','name':'a\\u202eb'}" },
    { "name", "{'client_id':'a','name':'a\\nb'}" },
    { "name", "{'client_id':'a','name':5}" },
    { "client_id", "{'name':'a'}" },
    { "client_id", "{'client_id':'','name':'a'}" },
    { "client_id", "{'client_id':7,'name':'a'}" },
    { "slug", "{'client_id':'a','name':'a','slug':'x'}" },
    { "slug", "{'client_id':'a','name':'a','slug':'-xx'}" },
    { "slug", "{'client_id':'a','name':'a','slug':'Tea'}" },
    { "visibility", "{'client_id':'a','name':'a','visibility':'secret'}" },
    { "hue", "{'client_id':'a','name':'a','hue':8}" },
    { "hue", "{'client_id':'a','name':'a','hue':-1}" },
    { "hue", "{'client_id':'a','name':'a','hue':1.0}" },
    { "emoji", "{'client_id':'a','name':'a','emoji':'ab'}" },
    { "topic", "{'client_id':'a','name':'a','topic':'a\\u0007b'}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, rows[i].field, "group:create", "%s", rows[i].argument);
  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, NULL, "group:create", "[]");
  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, NULL, "group:create", "null");
  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, NULL, "group:invent", "{}");
  /* null means absent. */
  kl_client_ok (anna, "group:create", "{'client_id':'b','name':'a','slug':null,'topic':null,'emoji':null,'hue':null}");

  kl_client_ok (anna, "group:create", "{'client_id':'c','name':'a','slug':'tea'}");
  kl_client_fails (anna, KL_ERROR_CODE_CONFLICT, "slug", "group:create", "{'client_id':'d','name':'a','slug':'tea'}");
  /* A refused op is not used. */
  kl_client_ok (anna, "group:create", "{'client_id':'d','name':'a'}");
}

static void
test_create_at_once (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlAnswer *answers[5];
  const char *id = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    answers[i] = kl_client_start (anna, "group:create", "{'client_id':'one','name':'Tea','slug':'tea'}");
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      yyjson_val *root = kl_answer_wait (answers[i]);

      g_assert_cmpint (answers[i]->code, ==, KL_ERROR_CODE_NONE);
      if (id)
        g_assert_cmpstr (kl_get_string (root, "group.id"), ==, id);
      else
        id = g_intern_string (kl_get_string (root, "group.id"));
    }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    kl_answer_free (answers[i]);
  g_assert_cmpuint (kl_get_size (kl_client_ok (anna, "sync", "{}"), "groups"), ==, 1);
}

static void
test_update (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *id = kl_client_create (anna, "Tea", "public");
  yyjson_val *answer, *event;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", id);
  kl_client_fails (ben, KL_ERROR_CODE_FORBIDDEN, NULL, "group:update", "{'group':'%s','name':'Mine'}", id);
  kl_client_ok (anna, "group:role", "{'group':'%s','user':'%s','role':'admin'}", id, ben->user->id);
  kl_client_fails (ben, KL_ERROR_CODE_FORBIDDEN, NULL, "group:update", "{'group':'%s','visibility':'private'}", id);

  /* One group, then a message for each system event, each with a rev of its own. */
  kl_client_forget (anna);
  answer
      = kl_client_ok (ben, "group:update", "{'group':'%s','name':'Coffee','topic':'black','emoji':'☕','hue':0}", id);
  g_assert_cmpstr (kl_get_string (answer, "group.name"), ==, "Coffee");
  g_assert_cmpint (kl_get_int (answer, "group.hue"), ==, 0);
  g_assert_cmpint (kl_get_int (answer, "group.rev"), ==, 9);
  event = kl_client_next (anna, "group");
  g_assert_cmpint (kl_get_int (event, "rev"), ==, 7);
  g_assert_cmpstr (kl_get_string (event, "group.name"), ==, "Coffee");
  g_assert_cmpstr (kl_get_string (event, "group.emoji"), ==, "☕");
  g_assert_null (kl_get (event, "group.mine"));
  g_assert_null (kl_get (event, "group.members"));
  g_assert_null (kl_get (event, "group.last_message"));
  event = kl_client_next (anna, "message");
  g_assert_cmpint (kl_get_int (event, "rev"), ==, 8);
  g_assert_cmpint (kl_get_int (event, "message.rev"), ==, 8);
  g_assert_cmpstr (kl_get_string (event, "message.system.event"), ==, "renamed");
  g_assert_cmpstr (kl_get_string (event, "message.system.value"), ==, "Coffee");
  g_assert_cmpstr (kl_get_string (event, "message.system.by"), ==, ben->user->id);
  event = kl_client_next (anna, "message");
  g_assert_cmpint (kl_get_int (event, "rev"), ==, 9);
  g_assert_cmpstr (kl_get_string (event, "message.system.event"), ==, "topic");
  g_assert_cmpstr (kl_get_string (event, "message.system.value"), ==, "black");

  /* What changes nothing has no rev. */
  answer
      = kl_client_ok (ben, "group:update", "{'group':'%s','name':'Coffee','topic':'black','visibility':'public'}", id);
  g_assert_cmpint (kl_get_int (answer, "group.rev"), ==, 9);

  /* null clears, and says so. */
  kl_client_ok (ben, "group:update", "{'group':'%s','emoji':null,'hue':null,'avatar':null,'topic':null}", id);
  event = kl_client_next (anna, "group");
  g_assert_true (yyjson_is_null (kl_get (event, "group.emoji")));
  g_assert_true (yyjson_is_null (kl_get (event, "group.hue")));
  g_assert_cmpstr (kl_get_string (event, "group.topic"), ==, "black");
  kl_client_fails (ben, KL_ERROR_CODE_NOT_FOUND, "avatar", "group:update", "{'group':'%s','avatar':'0123'}", id);

  answer = kl_client_ok (anna, "group:update", "{'group':'%s','visibility':'private'}", id);
  g_assert_cmpstr (kl_get_string (answer, "group.visibility"), ==, "private");
  g_assert_cmpint (kl_client_count (anna, "message"), ==, 0);
}

static void
test_delete (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *id = kl_client_create (anna, "Tea", "public");
  yyjson_val *event;
  g_autoptr (KlAnswer) before = NULL;
  g_autoptr (KlAnswer) late = NULL;
  g_autoptr (KlAnswer) deletion = NULL;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", id);
  kl_client_fails (ben, KL_ERROR_CODE_FORBIDDEN, NULL, "group:delete", "{'group':'%s'}", id);
  before = kl_client_start (anna, "message:send", "{'group':'%s','client_id':'b','body':'x'}", id);
  deletion = kl_client_start (anna, "group:delete", "{'group':'%s'}", id);
  late = kl_client_start (ben, "message:send", "{'group':'%s','client_id':'x','body':'too late'}", id);
  kl_answer_wait (before);
  kl_answer_wait (deletion);
  kl_answer_wait (late);
  g_assert_cmpint (deletion->code, ==, KL_ERROR_CODE_NONE);
  g_assert_cmpint (late->code, ==, KL_ERROR_CODE_NOT_FOUND);
  event = kl_client_next (ben, "group:removed");
  g_assert_cmpstr (kl_get_string (event, "group"), ==, id);
  g_assert_cmpstr (kl_get_string (event, "reason"), ==, "deleted");
  kl_client_next (anna, "group:removed");

  /* Twice is ok for who could. */
  kl_client_ok (anna, "group:delete", "{'group':'%s'}", id);
  kl_client_ok (anna, "group:leave", "{'group':'%s'}", id);
  kl_client_fails (ben, KL_ERROR_CODE_NOT_FOUND, "group", "group:delete", "{'group':'%s'}", id);
  kl_client_fails (anna, KL_ERROR_CODE_NOT_FOUND, "group", "history", "{'group':'%s'}", id);
  g_assert_cmpuint (kl_get_size (kl_client_ok (anna, "sync", "{}"), "groups"), ==, 0);
  kl_kit_restart (kit);
  anna = kl_kit_device (anna);
  kl_client_fails (anna, KL_ERROR_CODE_NOT_FOUND, "group", "group:join", "{'group':'%s'}", id);
}

static void
test_settings (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *phone = kl_kit_device (anna);
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *id = kl_client_create (anna, "Tea", "public");
  yyjson_val *answer, *event;
  gint64 rev;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", id);
  kl_client_send (ben, id, "one");
  kl_client_next (phone, "group");
  kl_client_next (phone, "message");
  kl_client_next (phone, "message");
  kl_client_forget (ben);
  answer = kl_client_ok (anna, "group:settings", "{'group':'%s','notify':'mentions','pinned':true}", id);
  rev = kl_get_int (answer, "group.rev");
  g_assert_cmpstr (kl_get_string (answer, "group.mine.notify"), ==, "mentions");
  g_assert_true (kl_get_bool (answer, "group.mine.pinned"));
  event = kl_client_next (phone, "group");
  g_assert_null (kl_get (event, "rev"));
  g_assert_cmpstr (kl_get_string (event, "group.mine.notify"), ==, "mentions");
  g_assert_cmpint (kl_get_int (event, "group.mine.unread"), ==, 1);
  g_assert_cmpint (kl_get_int (event, "group.rev"), ==, rev);
  g_assert_cmpuint (kl_client_count (ben, "group"), ==, 0);

  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, "notify", "group:settings", "{'group':'%s','notify':'some'}", id);
  kl_kit_restart (kit);
  anna = kl_kit_connect (kit, anna->user);
  answer = kl_client_ok (anna, "sync", "{}");
  g_assert_cmpstr (kl_get_string (answer, "groups.0.mine.notify"), ==, "mentions");
  g_assert_true (kl_get_bool (answer, "groups.0.mine.pinned"));
  g_assert_cmpint (kl_get_int (answer, "groups.0.mine.unread"), ==, 1);
}

static void
on_directory (const KlChatAnswer *answer, gpointer user_data)
{
  *(char **) user_data = kl_chat_answer_to_rest (answer, &(gsize) { 0 });
}

static yyjson_val *
directory (KlClient *client, const char *argument)
{
  static GPtrArray *kept;
  g_autofree char *answer = NULL;
  g_autofree char *text = g_strdup (argument);
  g_autoptr (KlJson) json = NULL;
  KlJson *parsed;

  for (char *p = text; *p; p++)
    if (*p == '\'')
      *p = '"';
  if (!kept)
    kept = g_ptr_array_new ();
  json = kl_json_parse (text, strlen (text), NULL);
  kl_chat_call (client->kit->chat, client->user->id, "directory", kl_json_get_root (json), on_directory, &answer);
  kl_test_wait_until (answer != NULL);
  parsed = kl_json_parse (answer, strlen (answer), NULL);
  g_assert_nonnull (parsed);
  g_ptr_array_add (kept, parsed);

  return kl_json_get_root (parsed);
}

static void
test_directory (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *tea = kl_client_create (anna, "Tée", "public");
  const char *secret = kl_client_create (anna, "Secret tee", "private");
  yyjson_val *answer, *group;

  kl_client_create (anna, "Coffee", "public");
  kl_client_ok (ben, "group:join", "{'group':'%s'}", tea);
  answer = directory (ben, "{}");
  g_assert_cmpuint (kl_get_size (answer, "groups"), ==, 2);
  g_assert_null (kl_find (answer, "groups", "id", secret));
  group = kl_get (answer, "groups.0");
  g_assert_cmpstr (kl_get_string (group, "id"), ==, tea);
  g_assert_cmpint (kl_get_int (group, "members"), ==, 2);
  g_assert_cmpint (kl_get_int (group, "online"), ==, 2);
  g_assert_cmpstr (kl_get_string (group, "mine.role"), ==, "member");
  g_assert_null (kl_get (answer, "groups.1.mine"));
  g_assert_null (kl_get (answer, "groups.1.last_message"));

  g_assert_cmpuint (kl_get_size (directory (ben, "{'query':'TEE'}"), "groups"), ==, 1);
  g_assert_cmpuint (kl_get_size (directory (ben, "{'query':'nothing'}"), "groups"), ==, 0);
  answer = directory (ben, "{'limit':1}");
  g_assert_cmpuint (kl_get_size (answer, "groups"), ==, 1);
  {
    g_autofree char *argument = g_strdup_printf ("{'limit':1,'after':'%s'}", kl_get_string (answer, "next"));

    answer = directory (ben, argument);
  }
  g_assert_cmpstr (kl_get_string (answer, "groups.0.name"), ==, "Coffee");
  g_assert_null (kl_get (answer, "next"));
  g_assert_cmpstr (kl_get_string (directory (ben, "{'after':'x'}"), "error.code"), ==, "bad_request");
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, NULL, "directory", "{}");

  /* Out of memory, from the store. */
  kl_kit_restart (kit);
  answer = directory (ben, "{}");
  g_assert_cmpuint (kl_get_size (answer, "groups"), ==, 2);
  g_assert_cmpstr (kl_get_string (answer, "groups.0.mine.role"), ==, "member");
  g_assert_cmpint (kl_get_int (answer, "groups.1.online"), ==, 0);
}

/* Every event with every wrong thing in every field: an answer each time, and never a fault of the server. */
static void
test_junk (KlKit *kit)
{
  static const char *const events[] = {
    "sync",         "group:create",  "group:join",   "group:update", "group:settings", "group:members", "group:role",
    "group:remove", "group:bans",    "group:unban",  "group:open",   "group:close",    "group:invite",  "group:invites",
    "invite:show",  "invite:revoke", "message:send", "message:edit", "message:delete", "message:react", "history",
    "read",         "users",         "typing",       "presence",
  };
  static const char *const fields[] = {
    "group",  "client_id", "body",   "id",     "emoji",  "on",   "seq",           "user",       "role",
    "ban",    "limit",     "before", "after",  "around", "name", "topic",         "visibility", "slug",
    "hue",    "avatar",    "notify", "pinned", "link",   "uses", "expires_in_ms", "code",       "ids",
    "status", "dnd",       "text",   "since",  "epoch",  "more", "invite",        "address",    "query",
  };
  static const char *const values[] = {
    "null",    "true",        "5",  "-1",  "5.0", "9007199254740993", "1e300", "''", "'x'", "'a:b'", "'@'",
    "'a@b@c'", "'a\\u0000b'", "[]", "[5]", "{}",  "{'x':[]}",
  };
  KlClient *anna = kl_kit_person (kit, "anna");
  const char *group = kl_client_create (anna, "Tea", "public");
  g_autoptr (GPtrArray) answers = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_answer_free);

  for (guint e = 0; e < G_N_ELEMENTS (events); e++)
    for (guint f = 0; f < G_N_ELEMENTS (fields); f++)
      for (guint v = 0; v < G_N_ELEMENTS (values); v++)
        {
          if (f == 0)
            g_ptr_array_add (answers, kl_client_start (anna, events[e], "{'group':%s}", values[v]));
          else
            g_ptr_array_add (answers,
                             kl_client_start (anna, events[e], "{'group':'%s','%s':%s}", group, fields[f], values[v]));
        }
  for (guint i = 0; i < answers->len; i++)
    {
      KlAnswer *answer = g_ptr_array_index (answers, i);

      kl_answer_wait (answer);
      g_assert_cmpint (answer->code, !=, KL_ERROR_CODE_INTERNAL);
      /* FerretDB needs longer for so much at once than a request waits. */
      if (!kl_kit_uses_mongodb ())
        g_assert_cmpint (answer->code, !=, KL_ERROR_CODE_UNAVAILABLE);
    }
  g_assert_cmpuint (answers->len, >, 10000);
  kl_client_send (anna, group, "still here");
}

static void
test_group_limit (KlKit *kit)
{
  KlChatSettings settings;
  KlClient *anna, *ben;
  yyjson_val *third;
  const char *id;

  kl_kit_free (kit);
  kl_kit_settings (&settings);
  settings.groups_per_user = 3;
  settings.members_per_group = 2;
  kit = kl_kit_new (&settings);
  anna = kl_kit_person (kit, "anna");
  ben = kl_kit_person (kit, "ben");
  id = kl_client_create (anna, "1", "public");
  kl_client_create (anna, "2", "public");
  third = kl_client_ok (anna, "group:create", "{'client_id':'third','name':'3'}");
  kl_client_fails (anna, KL_ERROR_CODE_CONFLICT, "groups", "group:create", "{'client_id':'x','name':'4'}");
  /* What needs no room: the same group once more, and joining where one is. */
  g_assert_cmpstr (kl_get_string (kl_client_ok (anna, "group:create", "{'client_id':'third','name':'3'}"), "group.id"),
                   ==, kl_get_string (third, "group.id"));
  kl_client_ok (anna, "group:join", "{'group':'%s'}", id);
  kl_client_ok (ben, "group:join", "{'group':'%s'}", id);
  kl_client_fails (kl_kit_person (kit, "carla"), KL_ERROR_CODE_CONFLICT, "members", "group:join", "{'group':'%s'}", id);
  kl_client_fails (anna, KL_ERROR_CODE_CONFLICT, "groups", "group:join", "{'group':'%s'}",
                   kl_client_create (ben, "b", "public"));
  kl_client_ok (anna, "group:delete", "{'group':'%s'}", id);
  kl_client_create (anna, "4", "public");
  kl_kit_free (kit);
}

/* Many at once want the last place: exactly one gets it, and it is nobody's who fails. */
static void
test_last_place (void)
{
  KlChatSettings settings;
  KlKit *kit;
  KlClient *anna, *ben;
  const char *ids[2], *kept;

  kl_kit_settings (&settings);
  settings.groups_per_user = 2;
  kit = kl_kit_new (&settings);
  anna = kl_kit_person (kit, "anna");
  ben = kl_kit_person (kit, "ben");
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    ids[i] = kl_client_create (ben, "b", "public");
  kept = kl_client_create (anna, "kept", "private");

  for (guint round = 0; round < 4; round++)
    {
      const char *event[] = { round & 1 ? "group:create" : "group:join", round & 2 ? "group:create" : "group:join" };
      KlAnswer *answers[2];
      guint winners = 0;

      for (guint i = 0; i < 2; i++)
        answers[i] = strcmp (event[i], "group:join") == 0
                         ? kl_client_start (anna, event[i], "{'group':'%s'}", ids[i])
                         : kl_client_start (anna, event[i], "{'client_id':'%u.%u','name':'x'}", round, i);
      for (guint i = 0; i < 2; i++)
        {
          yyjson_val *answer = kl_answer_wait (answers[i]);

          if (answers[i]->code == KL_ERROR_CODE_CONFLICT)
            {
              g_assert_cmpstr (kl_get_string (answer, "error.field"), ==, "groups");
              continue;
            }
          g_assert_cmpint (answers[i]->code, ==, KL_ERROR_CODE_NONE);
          winners++;
          kl_client_ok (anna, strcmp (event[i], "group:join") == 0 ? "group:leave" : "group:delete", "{'group':'%s'}",
                        kl_get_string (answer, "group.id"));
        }
      g_assert_cmpuint (winners, ==, 1);
      for (guint i = 0; i < 2; i++)
        kl_answer_free (answers[i]);
    }

  /* Repeated before the first is answered it is the same group; whose slug is taken leaves the place to the next. */
  {
    g_autoptr (KlAnswer) taken = NULL, first = NULL, again = NULL, other = NULL;
    g_autofree char *id = NULL;

    kl_client_ok (ben, "group:delete", "{'group':'%s'}", ids[0]);
    kl_client_ok (ben, "group:create", "{'client_id':'s','name':'x','slug':'taken'}");
    taken = kl_client_start (anna, "group:create", "{'client_id':'t','name':'x','slug':'taken'}");
    first = kl_client_start (anna, "group:create", "{'client_id':'f','name':'x'}");
    again = kl_client_start (anna, "group:create", "{'client_id':'f','name':'x'}");
    other = kl_client_start (anna, "group:create", "{'client_id':'o','name':'x'}");
    kl_answer_wait (taken);
    g_assert_cmpint (taken->code, ==, KL_ERROR_CODE_CONFLICT);
    id = g_strdup (kl_get_string (kl_answer_wait (first), "group.id"));
    g_assert_nonnull (id);
    g_assert_cmpstr (kl_get_string (kl_answer_wait (again), "group.id"), ==, id);
    kl_answer_wait (other);
    g_assert_cmpint (other->code, ==, KL_ERROR_CODE_CONFLICT);
    kl_client_ok (anna, "group:delete", "{'group':'%s'}", id);
  }
  kl_client_ok (anna, "group:join", "{'group':'%s'}", ids[1]);
  g_assert_cmpint (kl_get_size (kl_client_ok (anna, "sync", "{}"), "groups"), ==, 2);
  g_assert_nonnull (kl_find (kl_client_ok (anna, "sync", "{}"), "groups", "id", kept));
  kl_client_ok (anna, "group:leave", "{'group':'%s'}", ids[1]);
  kl_kit_free (kit);
}

static void
run_group_limit (void)
{
  test_group_limit (kl_kit_new (NULL));
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_kit_add ("/chat/groups/create", test_create);
  kl_kit_add ("/chat/groups/create-refused", test_create_refused);
  kl_kit_add ("/chat/groups/create-at-once", test_create_at_once);
  kl_kit_add ("/chat/groups/update", test_update);
  kl_kit_add ("/chat/groups/delete", test_delete);
  kl_kit_add ("/chat/groups/settings", test_settings);
  kl_kit_add ("/chat/groups/directory", test_directory);
  kl_kit_add ("/chat/groups/junk", test_junk);
  g_test_add_func ("/chat/groups/limits", run_group_limit);
  g_test_add_func ("/chat/groups/last-place", test_last_place);

  return g_test_run ();
}
