/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/chat/kl-chat-kit.h"

static const char *
id_of (KlClient *client)
{
  return client->user->id;
}

static void
test_join (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *phone = kl_kit_device (ben);
  KlClient *unsynced = kl_kit_connect (kit, ben->user);
  yyjson_val *answer, *event;
  const char *group;

  answer = kl_client_ok (anna, "group:create", "{'client_id':'c','name':'Tea','slug':'tea','visibility':'public'}");
  group = kl_get_string (answer, "group.id");
  kl_client_send (anna, group, "before");
  kl_client_forget (anna);
  answer = kl_client_ok (ben, "group:join", "{'slug':'tea'}");
  g_assert_cmpstr (kl_get_string (answer, "group.id"), ==, group);
  g_assert_cmpstr (kl_get_string (answer, "group.mine.role"), ==, "member");
  g_assert_cmpint (kl_get_int (answer, "group.mine.read_seq"), ==, 3);
  g_assert_cmpint (kl_get_int (answer, "group.mine.unread"), ==, 0);
  g_assert_cmpint (kl_get_int (answer, "group.members"), ==, 2);
  g_assert_cmpint (kl_get_int (answer, "group.rev"), ==, 6);
  /* The whole history, also from before. */
  g_assert_cmpuint (kl_get_size (answer, "messages"), ==, 3);
  g_assert_cmpstr (kl_get_string (answer, "messages.1.body"), ==, "before");
  g_assert_cmpstr (kl_get_string (answer, "messages.2.system.event"), ==, "joined");
  g_assert_cmpstr (kl_get_string (answer, "messages.2.system.user"), ==, id_of (ben));
  g_assert_nonnull (kl_find (answer, "users", "id", id_of (anna)));
  g_assert_nonnull (kl_find (answer, "users", "id", id_of (ben)));
  g_assert_cmpstr (kl_get_string (kl_find (answer, "users", "id", id_of (anna)), "status"), ==, "online");

  /* Twice up: the member, then the message. */
  event = kl_client_next (anna, "member");
  g_assert_cmpint (kl_get_int (event, "rev"), ==, 5);
  g_assert_cmpstr (kl_get_string (event, "member.user"), ==, id_of (ben));
  g_assert_cmpstr (kl_get_string (event, "member.role"), ==, "member");
  g_assert_cmpint (kl_get_int (event, "member.rev"), ==, 5);
  g_assert_cmpint (kl_get_int (event, "member.joined_at"), >, 0);
  g_assert_cmpstr (kl_get_string (event, "user.display_name"), ==, "Ben");
  g_assert_cmpint (kl_get_int (kl_client_next (anna, "message"), "rev"), ==, 6);

  /* My other devices: the whole group first, then its events. */
  event = kl_client_next (phone, "group");
  g_assert_null (kl_get (event, "rev"));
  g_assert_cmpint (kl_get_int (event, "group.rev"), ==, 6);
  g_assert_cmpint (kl_get_int (event, "group.mine.read_seq"), ==, 3);
  kl_client_send (anna, group, "after");
  g_assert_cmpint (kl_get_int (kl_client_next (phone, "message"), "rev"), ==, 7);
  g_assert_cmpint (kl_get_int (kl_client_next (ben, "message"), "rev"), ==, 7);
  g_assert_cmpuint (kl_client_count (unsynced, "message") + kl_client_count (unsynced, "group"), ==, 0);

  /* In already: ok, no rev, no event. */
  kl_client_forget (anna);
  answer = kl_client_ok (ben, "group:join", "{'address':'tea@groups.example.net'}");
  g_assert_cmpint (kl_get_int (answer, "group.rev"), ==, 7);
  g_assert_cmpint (kl_get_int (answer, "group.mine.unread"), ==, 1);
  g_assert_cmpuint (kl_client_count (anna, "member"), ==, 0);

  kl_client_fails (ben, KL_ERROR_CODE_NOT_FOUND, NULL, "group:join", "{'slug':'coffee'}");
  kl_client_fails (ben, KL_ERROR_CODE_NOT_FOUND, NULL, "group:join", "{'address':'tea@groups.elsewhere.net'}");
  kl_client_fails (ben, KL_ERROR_CODE_NOT_FOUND, NULL, "group:join", "{'group':'nosuch'}");
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, NULL, "group:join", "{}");
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, NULL, "group:join", "{'slug':'tea','group':'%s'}", group);
}

/* A private group cannot be told from none. */
static void
test_private (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *group
      = kl_get_string (kl_client_ok (anna, "group:create", "{'client_id':'c','name':'Tea','slug':'tea'}"), "group.id");
  const struct
  {
    const char *event;
    const char *rest;
  } rows[] = {
    { "group:join", "" },
    { "group:leave", "" },
    { "group:update", ",'name':'x'" },
    { "group:delete", "" },
    { "group:settings", ",'pinned':true" },
    { "group:members", "" },
    { "group:role", ",'user':'x','role':'admin'" },
    { "group:remove", ",'user':'x'" },
    { "group:bans", "" },
    { "group:unban", ",'user':'x'" },
    { "group:invite", ",'link':true" },
    { "group:invites", "" },
    { "group:open", "" },
    { "group:close", "" },
    { "message:send", ",'client_id':'x','body':'x'" },
    { "message:edit", ",'id':'x','body':'x'" },
    { "message:delete", ",'id':'x'" },
    { "message:react", ",'id':'x','emoji':'👍','on':true" },
    { "history", "" },
    { "read", ",'seq':1" },
    { "typing", ",'on':true" },
    { "message:send", ",'client_id':7,'body':'x'" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KlAnswer) there = kl_client_start (ben, rows[i].event, "{'group':'%s'%s}", group, rows[i].rest);
      g_autoptr (KlAnswer) nowhere
          = kl_client_start (ben, rows[i].event, "{'group':'00000000000000000000000000'%s}", rows[i].rest);

      g_test_message ("%s", rows[i].event);
      g_assert_true (yyjson_equals (kl_answer_wait (there), kl_answer_wait (nowhere)));
      g_assert_cmpint (there->code, ==, KL_ERROR_CODE_NOT_FOUND);
    }
  {
    g_autoptr (KlAnswer) there = kl_client_start (ben, "group:join", "{'slug':'tea'}");
    g_autoptr (KlAnswer) nowhere = kl_client_start (ben, "group:join", "{'slug':'coffee'}");

    g_assert_true (yyjson_equals (kl_answer_wait (there), kl_answer_wait (nowhere)));
  }
  /* A public one says forbidden. */
  kl_client_ok (anna, "group:update", "{'group':'%s','visibility':'public'}", group);
  for (guint i = 2; i < G_N_ELEMENTS (rows) - 1; i++)
    kl_client_fails (ben, KL_ERROR_CODE_FORBIDDEN, NULL, rows[i].event, "{'group':'%s'%s}", group, rows[i].rest);
  kl_client_fails (ben, KL_ERROR_CODE_FORBIDDEN, NULL, "group:leave", "{'group':'%s'}", group);
}

static void
test_leave (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *phone = kl_kit_device (ben);
  const char *group = kl_client_create (anna, "Tea", "public");
  yyjson_val *event;

  kl_client_fails (anna, KL_ERROR_CODE_CONFLICT, NULL, "group:leave", "{'group':'%s'}", group);
  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_forget (anna);
  kl_client_forget (ben);
  kl_client_ok (ben, "group:leave", "{'group':'%s'}", group);
  event = kl_client_next (anna, "member");
  g_assert_cmpint (kl_get_int (event, "rev"), ==, 6);
  g_assert_true (yyjson_is_null (kl_get (event, "member.role")));
  event = kl_client_next (anna, "message");
  g_assert_cmpint (kl_get_int (event, "rev"), ==, 7);
  g_assert_cmpstr (kl_get_string (event, "message.system.event"), ==, "left");

  /* The last event of that group, on all devices. */
  for (guint i = 0; i < 2; i++)
    {
      KlClient *device = i ? phone : ben;

      event = kl_client_next (device, "group:removed");
      g_assert_cmpstr (kl_get_string (event, "reason"), ==, "left");
      kl_client_send (anna, group, "gone?");
      g_assert_cmpuint (kl_client_count (device, "message"), ==, 0);
    }
  kl_client_fails (ben, KL_ERROR_CODE_FORBIDDEN, NULL, "history", "{'group':'%s'}", group);
  g_assert_cmpuint (kl_get_size (kl_client_ok (ben, "sync", "{}"), "groups"), ==, 0);

  /* Left already is ok; a private one too. */
  kl_client_forget (anna);
  kl_client_ok (ben, "group:leave", "{'group':'%s'}", group);
  kl_client_ok (anna, "group:update", "{'group':'%s','visibility':'private'}", group);
  kl_client_ok (ben, "group:leave", "{'group':'%s'}", group);
  g_assert_cmpuint (kl_client_count (anna, "member"), ==, 0);
  kl_client_ok (anna, "group:delete", "{'group':'%s'}", group);

  /* Joining again begins anew. */
  group = kl_client_create (anna, "Coffee", "public");
  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_ok (ben, "group:settings", "{'group':'%s','pinned':true}", group);
  kl_client_ok (ben, "group:leave", "{'group':'%s'}", group);
  kl_client_send (anna, group, "one");
  event = kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  g_assert_cmpint (kl_get_int (event, "group.mine.unread"), ==, 0);
  g_assert_cmpint (kl_get_int (event, "group.mine.read_seq"), ==, 5);
  g_assert_false (kl_get_bool (event, "group.mine.pinned"));
  kl_kit_restart (kit);
  ben = kl_kit_device (ben);
  event = kl_client_ok (ben, "sync", "{}");
  g_assert_cmpint (kl_get_int (event, "groups.0.mine.read_seq"), ==, 5);
  g_assert_false (kl_get_bool (event, "groups.0.mine.pinned"));
}

static void
test_roles (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *carla = kl_kit_person (kit, "carla");
  const char *group = kl_client_create (anna, "Tea", "public");
  yyjson_val *answer, *event;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_ok (carla, "group:join", "{'group':'%s'}", group);
  kl_client_forget (ben);
  kl_client_forget (carla);
  kl_client_fails (ben, KL_ERROR_CODE_FORBIDDEN, NULL, "group:role", "{'group':'%s','user':'%s','role':'owner'}", group,
                   id_of (ben));
  answer = kl_client_ok (anna, "group:role", "{'group':'%s','user':'ben@example.net','role':'admin'}", group);
  g_assert_cmpstr (kl_get_string (answer, "member.role"), ==, "admin");
  g_assert_cmpint (kl_get_int (answer, "member.rev"), ==, 8);
  event = kl_client_next (carla, "member");
  g_assert_cmpint (kl_get_int (event, "rev"), ==, 8);
  g_assert_cmpstr (kl_get_string (event, "member.role"), ==, "admin");
  g_assert_null (kl_get (event, "user"));
  /* For the person alone: the whole object. */
  kl_client_next (ben, "member");
  event = kl_client_next (ben, "group");
  g_assert_null (kl_get (event, "rev"));
  g_assert_cmpstr (kl_get_string (event, "group.mine.role"), ==, "admin");
  g_assert_cmpuint (kl_client_count (carla, "group"), ==, 0);

  /* The same role: no rev. */
  answer = kl_client_ok (anna, "group:role", "{'group':'%s','user':'%s','role':'admin'}", group, id_of (ben));
  g_assert_cmpint (kl_get_int (answer, "member.rev"), ==, 8);
  kl_client_fails (anna, KL_ERROR_CODE_CONFLICT, NULL, "group:role", "{'group':'%s','user':'%s','role':'member'}",
                   group, id_of (anna));
  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, "role", "group:role", "{'group':'%s','user':'%s','role':'king'}",
                   group, id_of (ben));
  kl_client_fails (anna, KL_ERROR_CODE_NOT_FOUND, "user", "group:role", "{'group':'%s','user':'nobody','role':'admin'}",
                   group);
  kl_client_fails (anna, KL_ERROR_CODE_NOT_FOUND, "user", "group:role", "{'group':'%s','user':'%s','role':'admin'}",
                   group, id_of (kl_kit_person (kit, "dora")));

  /* Two owners who both go at once: one stays. */
  kl_client_ok (anna, "group:role", "{'group':'%s','user':'%s','role':'owner'}", group, id_of (ben));
  {
    /* So that both are in one batch. */
    g_autoptr (KlAnswer) before
        = kl_client_start (anna, "message:send", "{'group':'%s','client_id':'b','body':'x'}", group);
    g_autoptr (KlAnswer) one = kl_client_start (anna, "group:leave", "{'group':'%s'}", group);
    g_autoptr (KlAnswer) two
        = kl_client_start (ben, "group:role", "{'group':'%s','user':'%s','role':'member'}", group, id_of (ben));

    kl_answer_wait (before);
    kl_answer_wait (one);
    kl_answer_wait (two);
    g_assert_cmpint (one->code, ==, KL_ERROR_CODE_NONE);
    g_assert_cmpint (two->code, ==, KL_ERROR_CODE_CONFLICT);
  }
  answer = kl_client_ok (carla, "group:members", "{'group':'%s'}", group);
  g_assert_cmpuint (kl_get_size (answer, "members"), ==, 2);
  g_assert_cmpstr (kl_get_string (kl_find (answer, "members", "user", id_of (ben)), "role"), ==, "owner");
}

static void
test_remove (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *carla = kl_kit_person (kit, "carla");
  KlClient *dora = kl_kit_person (kit, "dora");
  const char *group = kl_client_create (anna, "Tea", "public");
  yyjson_val *event, *answer;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_ok (carla, "group:join", "{'group':'%s'}", group);
  kl_client_ok (anna, "group:role", "{'group':'%s','user':'%s','role':'admin'}", group, id_of (ben));
  kl_client_fails (carla, KL_ERROR_CODE_FORBIDDEN, NULL, "group:remove", "{'group':'%s','user':'%s'}", group,
                   id_of (ben));
  kl_client_fails (ben, KL_ERROR_CODE_FORBIDDEN, NULL, "group:remove", "{'group':'%s','user':'%s'}", group,
                   id_of (anna));
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "user", "group:remove", "{'group':'%s','user':'%s'}", group,
                   id_of (ben));
  kl_client_fails (ben, KL_ERROR_CODE_NOT_FOUND, "user", "group:remove", "{'group':'%s','user':'%s'}", group,
                   id_of (dora));
  kl_client_forget (anna);
  kl_client_ok (ben, "group:remove", "{'group':'%s','user':'%s'}", group, id_of (carla));
  g_assert_cmpstr (kl_get_string (kl_client_next (carla, "group:removed"), "reason"), ==, "removed");
  g_assert_true (yyjson_is_null (kl_get (kl_client_next (anna, "member"), "member.role")));
  event = kl_client_next (anna, "message");
  g_assert_cmpstr (kl_get_string (event, "message.system.event"), ==, "removed");
  g_assert_cmpstr (kl_get_string (event, "message.system.user"), ==, id_of (carla));
  g_assert_cmpstr (kl_get_string (event, "message.system.by"), ==, id_of (ben));
  /* Again: ok, and nothing happens. */
  kl_client_ok (ben, "group:remove", "{'group':'%s','user':'%s'}", group, id_of (carla));
  g_assert_cmpuint (kl_client_count (anna, "member"), ==, 0);

  /* Removed may come back; banned not. */
  kl_client_ok (carla, "group:join", "{'group':'%s'}", group);
  kl_client_ok (ben, "group:remove", "{'group':'%s','user':'%s','ban':true}", group, id_of (carla));
  g_assert_cmpstr (kl_get_string (kl_client_next (carla, "group:removed"), "reason"), ==, "banned");
  kl_client_ok (ben, "group:remove", "{'group':'%s','user':'%s','ban':true}", group, id_of (dora));
  for (guint round = 0; round < 2; round++)
    {
      kl_client_fails (carla, KL_ERROR_CODE_FORBIDDEN, NULL, "group:join", "{'group':'%s'}", group);
      kl_client_fails (dora, KL_ERROR_CODE_FORBIDDEN, NULL, "group:join", "{'group':'%s'}", group);
      answer = kl_client_ok (ben, "group:bans", "{'group':'%s'}", group);
      g_assert_cmpuint (kl_get_size (answer, "bans"), ==, 2);
      event = kl_find (answer, "bans", "user", id_of (carla));
      g_assert_cmpstr (kl_get_string (event, "by"), ==, id_of (ben));
      g_assert_cmpint (kl_get_int (event, "at"), >, 0);
      g_assert_cmpuint (kl_get_size (answer, "users"), ==, 3);
      kl_kit_restart (kit);
      anna = kl_kit_device (anna);
      ben = kl_kit_device (ben);
      carla = kl_kit_device (carla);
      dora = kl_kit_device (dora);
    }
  kl_client_fails (carla, KL_ERROR_CODE_FORBIDDEN, NULL, "group:bans", "{'group':'%s'}", group);
  kl_client_ok (anna, "group:unban", "{'group':'%s','user':'%s'}", group, id_of (carla));
  kl_client_ok (anna, "group:unban", "{'group':'%s','user':'%s'}", group, id_of (carla));
  kl_client_ok (carla, "group:join", "{'group':'%s'}", group);
  /* In a private group the banned see nothing. */
  kl_client_ok (anna, "group:update", "{'group':'%s','visibility':'private'}", group);
  kl_client_fails (dora, KL_ERROR_CODE_NOT_FOUND, "group", "group:join", "{'group':'%s'}", group);
}

static void
test_list (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  const char *group = kl_client_create (anna, "Tea", "public");
  const char *names[] = { "ben", "carla", "dora", "emil" };
  yyjson_val *answer;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    kl_client_ok (kl_kit_person (kit, names[i]), "group:join", "{'group':'%s'}", group);
  answer = kl_client_ok (anna, "group:members", "{'group':'%s','limit':2}", group);
  g_assert_cmpuint (kl_get_size (answer, "members"), ==, 2);
  g_assert_cmpstr (kl_get_string (answer, "users.1.name"), ==, "ben");
  answer = kl_client_ok (anna, "group:members", "{'group':'%s','limit':2,'after':'%s'}", group,
                         kl_get_string (answer, "next"));
  g_assert_cmpstr (kl_get_string (answer, "users.0.name"), ==, "carla");
  answer = kl_client_ok (anna, "group:members", "{'group':'%s','limit':2,'after':'%s'}", group,
                         kl_get_string (answer, "next"));
  g_assert_cmpuint (kl_get_size (answer, "members"), ==, 1);
  g_assert_null (kl_get (answer, "next"));
  answer = kl_client_ok (anna, "group:members", "{'group':'%s','query':'CÁR'}", group);
  g_assert_cmpuint (kl_get_size (answer, "members"), ==, 1);
  g_assert_cmpstr (kl_get_string (answer, "users.0.display_name"), ==, "Carla");
}

static void
test_users (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *carla = kl_kit_person (kit, "carla");
  g_autoptr (GString) many = g_string_new (NULL);
  yyjson_val *answer, *user;
  const char *group = kl_client_create (anna, "Tea", "public");

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  answer = kl_client_ok (anna, "users", "{'ids':['%s','%s','carla@example.net','nobody','ben@elsewhere.net']}",
                         id_of (anna), id_of (ben));
  g_assert_cmpuint (kl_get_size (answer, "users"), ==, 3);
  user = kl_find (answer, "users", "id", id_of (anna));
  g_assert_true (kl_get_bool (user, "read_receipts"));
  g_assert_false (kl_get_bool (user, "dnd"));
  g_assert_true (yyjson_is_arr (kl_get (user, "blocked")));
  g_assert_null (kl_get (user, "server_role"));
  user = kl_find (answer, "users", "id", id_of (ben));
  g_assert_cmpstr (kl_get_string (user, "status"), ==, "online");
  g_assert_null (kl_get (user, "read_receipts"));
  g_assert_null (kl_get (user, "blocked"));
  /* With whom I share no group. */
  user = kl_find (answer, "users", "id", id_of (carla));
  g_assert_cmpstr (kl_get_string (user, "display_name"), ==, "Carla");
  g_assert_null (kl_get (user, "status"));
  for (guint i = 0; i < 101; i++)
    g_string_append_printf (many, "%s'x%u'", i ? "," : "", i);
  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, "ids", "users", "{'ids':[%s]}", many->str);
  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, "ids", "users", "{'ids':[5]}");
}

static void
test_user_changed (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *phone = kl_kit_device (anna);
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *carla = kl_kit_person (kit, "carla");
  KlStoreUser *changed = kl_store_user_copy (anna->user);
  const char *one = kl_client_create (anna, "Tea", "public");
  const char *two = kl_client_create (anna, "Coffee", "public");
  yyjson_val *event;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", one);
  kl_client_ok (ben, "group:join", "{'group':'%s'}", two);
  g_set_str (&changed->display_name, "Anne");
  changed->updated_at++;
  kl_chat_user_changed (kit->chat, changed);
  kl_store_user_unref (changed);
  event = kl_client_next (ben, "user");
  g_assert_cmpstr (kl_get_string (event, "user.display_name"), ==, "Anne");
  g_assert_null (kl_get (event, "user.read_receipts"));
  g_assert_cmpuint (kl_client_count (ben, "user"), ==, 0);
  g_assert_nonnull (kl_get (kl_client_next (phone, "user"), "user.read_receipts"));
  g_assert_cmpuint (kl_client_count (carla, "user"), ==, 0);
}

static void
test_sessions (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *phone = kl_kit_device (anna);
  KlClient *tab = kl_kit_device (anna);
  KlClient *ben = kl_kit_person (kit, "ben");

  kl_chat_end_sessions (kit->chat, id_of (anna), phone->session->id, NULL);
  g_assert_true (phone->closed);
  g_assert_nonnull (strstr (phone->notice, "\"code\":\"revoked\""));
  g_assert_false (anna->closed);
  kl_chat_end_sessions (kit->chat, id_of (anna), NULL, anna->session->id);
  g_assert_true (tab->closed);
  g_assert_false (anna->closed);
  g_assert_false (ben->closed);
}

static void
test_connection_limit (KlKit *kit)
{
  g_autoptr (KlStoreUser) anna = kl_kit_user (kit, "anna");
  KlClient *first = NULL;

  for (guint i = 0; i < 64; i++)
    {
      KlClient *client = kl_kit_connect (kit, anna);

      g_assert_nonnull (client->connection);
      first = first ? first : client;
    }
  g_assert_null (kl_kit_connect (kit, anna)->connection);
  kl_client_end (first);
  g_assert_nonnull (kl_kit_connect (kit, anna)->connection);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_kit_add ("/chat/members/join", test_join);
  kl_kit_add ("/chat/members/private", test_private);
  kl_kit_add ("/chat/members/leave", test_leave);
  kl_kit_add ("/chat/members/roles", test_roles);
  kl_kit_add ("/chat/members/remove", test_remove);
  kl_kit_add ("/chat/members/list", test_list);
  kl_kit_add ("/chat/members/users", test_users);
  kl_kit_add ("/chat/members/user-changed", test_user_changed);
  kl_kit_add ("/chat/members/sessions", test_sessions);
  kl_kit_add ("/chat/members/connection-limit", test_connection_limit);

  return g_test_run ();
}
