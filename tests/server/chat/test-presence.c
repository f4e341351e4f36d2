/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/chat/kl-chat-kit.h"

static const char *
id_of (KlClient *client)
{
  return client->user->id;
}

/* Waits until the client was told this of a person. */
static void
wait_status (KlClient *client, KlClient *whom, const char *status)
{
  for (;;)
    {
      yyjson_val *user = kl_find (kl_client_next (client, "presence"), "users", "id", id_of (whom));

      if (user && strcmp (kl_get_string (user, "status"), status) == 0)
        return;
    }
}

static yyjson_val *
wait_counts (KlClient *client, const char *group, gint64 online, gint64 here)
{
  for (;;)
    {
      yyjson_val *entry = kl_find (kl_client_next (client, "presence"), "groups", "id", group);

      if (entry && kl_get_int (entry, "online") == online && kl_get_int (entry, "here") == here)
        return entry;
    }
}

static void
test_status (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *phone, *carla;
  const char *group = kl_client_create (anna, "Tea", "public");
  yyjson_val *event, *user;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_ok (ben, "presence", "{'status':'away'}");
  wait_status (anna, ben, "away");
  /* online on any device counts more than away. */
  phone = kl_kit_device (ben);
  wait_status (anna, ben, "online");
  kl_client_ok (phone, "presence", "{'status':'away'}");
  wait_status (anna, ben, "away");
  /* dnd and the text are the person's. */
  kl_client_ok (ben, "presence", "{'dnd':true,'text':'busy 🍵'}");
  /* The text is a part of the profile, too. */
  event = kl_client_next (anna, "user");
  g_assert_cmpstr (kl_get_string (event, "user.status_text"), ==, "busy 🍵");
  g_assert_null (kl_get (event, "user.dnd"));
  wait_status (anna, ben, "dnd");
  event = kl_client_next (phone, "user");
  g_assert_true (kl_get_bool (event, "user.dnd"));
  g_assert_cmpstr (kl_get_string (event, "user.status_text"), ==, "busy 🍵");
  user = kl_find (kl_client_ok (anna, "users", "{'ids':['%s']}", id_of (ben)), "users", "id", id_of (ben));
  g_assert_cmpstr (kl_get_string (user, "status"), ==, "dnd");
  g_assert_cmpstr (kl_get_string (user, "status_text"), ==, "busy 🍵");

  /* offline > dnd */
  kl_client_end (phone);
  kl_client_end (ben);
  wait_status (anna, ben, "offline");
  user = kl_find (kl_client_ok (anna, "users", "{'ids':['%s']}", id_of (ben)), "users", "id", id_of (ben));
  g_assert_cmpint (kl_get_int (user, "last_seen_at"), >, 0);
  ben = kl_kit_device (ben);
  wait_status (anna, ben, "dnd");
  kl_client_ok (ben, "presence", "{'dnd':false,'text':null}");
  wait_status (anna, ben, "online");
  user = kl_find (kl_client_ok (anna, "users", "{'ids':['%s']}", id_of (ben)), "users", "id", id_of (ben));
  g_assert_null (kl_get (user, "status_text"));
  g_assert_null (kl_get (user, "last_seen_at"));

  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "status", "presence", "{'status':'dnd'}");
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "text", "presence", "{'text':'a\\nb'}");
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "dnd", "presence", "{'dnd':1}");

  /* Who shares no group hears nothing. */
  carla = kl_kit_person (kit, "carla");
  kl_client_end (ben);
  wait_status (anna, ben, "offline");
  g_assert_cmpuint (kl_client_count (carla, "presence"), ==, 0);
}

/* By person, not by connection. */
static void
test_here (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *phone = kl_kit_device (ben);
  KlClient *tab = kl_kit_device (ben);
  const char *group = kl_client_create (anna, "Tea", "public");
  yyjson_val *answer, *entry;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  answer = kl_client_ok (anna, "group:open", "{'group':'%s'}", group);
  g_assert_cmpuint (kl_get_size (answer, "here"), ==, 1);
  g_assert_cmpuint (kl_get_size (answer, "online"), ==, 2);
  g_assert_cmpstr (kl_get_string (answer, "here.0"), ==, id_of (anna));
  g_assert_nonnull (kl_find (answer, "users", "id", id_of (ben)));
  g_assert_cmpstr (kl_get_string (answer, "reads.0.user"), ==, id_of (ben));
  g_assert_cmpint (kl_get_int (answer, "reads.0.seq"), ==, 2);

  kl_client_ok (ben, "group:open", "{'group':'%s'}", group);
  kl_client_ok (phone, "group:open", "{'group':'%s'}", group);
  kl_client_ok (tab, "group:open", "{'group':'%s'}", group);
  kl_client_ok (tab, "group:open", "{'group':'%s'}", group);
  entry = wait_counts (anna, group, 2, 2);
  g_assert_cmpuint (kl_get_size (entry, "here_users"), ==, 2);
  g_assert_cmpint (kl_get_int (kl_client_ok (anna, "sync", "{}"), "groups.0.here"), ==, 2);
  kl_client_forget (anna);
  kl_client_end (tab);
  kl_client_ok (phone, "group:close", "{'group':'%s'}", group);
  kl_client_ok (phone, "group:close", "{'group':'%s'}", group);
  kl_test_spin (200);
  while (kl_client_count (anna, "presence") > 0)
    {
      entry = kl_find (kl_client_next (anna, "presence"), "groups", "id", group);
      if (entry)
        {
          g_assert_cmpint (kl_get_int (entry, "here"), ==, 2);
          g_assert_cmpint (kl_get_int (entry, "online"), ==, 2);
        }
    }
  kl_client_end (ben);
  wait_counts (anna, group, 2, 1);
  kl_client_end (phone);
  wait_counts (anna, group, 1, 1);
  kl_client_ok (anna, "group:close", "{'group':'%s'}", group);
  g_assert_cmpint (kl_get_int (kl_client_ok (anna, "sync", "{}"), "groups.0.here"), ==, 0);
}

static void
test_open_limit (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *phone = kl_kit_device (anna);
  const char *groups[17];

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    groups[i] = kl_client_create (anna, "Tea", "private");
  for (guint i = 0; i < 16; i++)
    kl_client_ok (anna, "group:open", "{'group':'%s'}", groups[i]);
  kl_client_ok (anna, "group:open", "{'group':'%s'}", groups[3]);
  kl_client_fails (anna, KL_ERROR_CODE_CONFLICT, "open", "group:open", "{'group':'%s'}", groups[16]);
  kl_client_ok (phone, "group:open", "{'group':'%s'}", groups[16]);
  kl_client_ok (anna, "group:delete", "{'group':'%s'}", groups[0]);
  kl_client_ok (anna, "group:open", "{'group':'%s'}", groups[16]);
}

/* Two devices that fight, and a person who comes and goes: watchers hear the outcome. */
static void
test_flapping (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *phone = kl_kit_device (ben);
  const char *group = kl_client_create (anna, "Tea", "public");
  gint64 begin, took_ms;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_test_spin (200);
  kl_client_forget (anna);
  for (guint i = 0; i < 50; i++)
    {
      kl_client_ok (ben, "presence", "{'status':'%s'}", i % 2 ? "online" : "away");
      kl_client_ok (phone, "presence", "{'status':'online'}");
    }
  kl_test_spin (200);
  g_assert_cmpuint (kl_client_count (anna, "presence"), ==, 0);

  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 100; i++)
    {
      kl_client_ok (ben, "presence", "{'status':'%s'}", i % 2 ? "online" : "away");
      kl_client_ok (phone, "presence", "{'status':'%s'}", i % 2 ? "online" : "away");
      kl_test_spin (2);
    }
  took_ms = (g_get_monotonic_time () - begin) / 1000;
  g_assert_cmpuint (kl_client_count (anna, "presence"), <=, took_ms / 50 + 1);

  /* There and back before anybody was told. */
  kl_client_ok (ben, "presence", "{'status':'online'}");
  kl_client_end (phone);
  kl_test_spin (200);
  kl_client_forget (anna);
  {
    g_autoptr (KlAnswer) away = kl_client_start (ben, "presence", "{'status':'away'}");
    g_autoptr (KlAnswer) back = kl_client_start (ben, "presence", "{'status':'online'}");

    g_assert_true (away->done && back->done);
  }
  kl_test_spin (200);
  g_assert_cmpuint (kl_client_count (anna, "presence"), ==, 0);
}

/* Who saw somebody in between is told how it ended. */
static void
test_seen_between (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *group = kl_client_create (anna, "Tea", "public");

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_test_spin (200);
  kl_client_forget (anna);
  {
    g_autoptr (KlAnswer) away = kl_client_start (ben, "presence", "{'status':'away'}");
    g_autoptr (KlAnswer) seen = kl_client_start (anna, "users", "{'ids':['%s']}", id_of (ben));
    g_autoptr (KlAnswer) back = kl_client_start (ben, "presence", "{'status':'online'}");

    g_assert_true (away->done && seen->done && back->done);
    g_assert_cmpstr (kl_get_string (kl_json_get_root (seen->json), "users.0.status"), ==, "away");
  }
  wait_status (anna, ben, "online");
}

/* He goes while she is between disconnect and the answer to sync. */
static void
test_missed (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *group = kl_client_create (anna, "Tea", "public");

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_send (ben, group, "hello");
  for (guint i = 0; i < 24; i++)
    {
      KlClient *again = kl_kit_connect (kit, anna->user);
      KlAnswer *answer = NULL;
      g_autofree char *status = NULL;
      gboolean goes = i % 2;
      yyjson_val *user;

      for (guint step = 0; step < 8; step++)
        {
          if (step == i / 2 % 8)
            {
              if (goes)
                kl_client_end (ben);
              else if (!ben->connection)
                ben = kl_kit_device (ben);
            }
          if (step == 3)
            answer = kl_client_start (again, "sync", "{}");
          g_main_context_iteration (NULL, FALSE);
          if (i % 5 == 0)
            kl_test_spin (15);
        }
      user = kl_find (kl_answer_wait (answer), "users", "id", id_of (ben));
      status = g_strdup (kl_get_string (user, "status"));
      kl_test_spin (120);
      for (guint j = 0; j < again->heard->len; j++)
        {
          KlHeard *heard = &g_array_index (again->heard, KlHeard, j);

          user = strcmp (heard->name, "presence") == 0 && heard->order > answer->order
                     ? kl_find (kl_json_get_root (heard->json), "users", "id", id_of (ben))
                     : NULL;
          if (user)
            g_set_str (&status, kl_get_string (user, "status"));
        }
      g_assert_cmpstr (status, ==, goes ? "offline" : "online");
      kl_answer_free (answer);
      kl_client_end (again);
    }
}

/* Over 200 members there are counts alone; joining and opening fetch few. */
static void
test_crowd (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  const char *group = kl_client_create (anna, "Tea", "public");
  KlClient *last = NULL;
  KlClient *watcher;
  yyjson_val *answer;

  for (guint i = 0; i < 210; i++)
    {
      g_autofree char *name = g_strdup_printf ("user%03u", i);

      last = kl_kit_person (kit, name);
      answer = kl_client_ok (last, "group:join", "{'group':'%s'}", group);
      kl_client_ok (last, "group:open", "{'group':'%s'}", group);
    }
  g_assert_cmpuint (kl_get_size (answer, "messages"), ==, 50);
  g_assert_cmpuint (kl_get_size (answer, "users"), <=, 51);
  answer = kl_client_ok (anna, "group:open", "{'group':'%s'}", group);
  g_assert_cmpuint (kl_get_size (answer, "here"), ==, 200);
  g_assert_cmpuint (kl_get_size (answer, "online"), ==, 200);
  g_assert_cmpuint (kl_get_size (answer, "users"), <=, 400);
  g_assert_null (kl_get (answer, "reads"));
  wait_counts (anna, group, 211, 211);

  watcher = kl_kit_device (anna);
  kl_test_spin (300);
  kl_client_forget (anna);
  kl_client_forget (watcher);
  kl_client_end (last);
  answer = wait_counts (anna, group, 210, 210);
  g_assert_cmpuint (kl_get_size (answer, "here_users"), ==, 200);
  /* Not open: counts, rarely. */
  answer = wait_counts (watcher, group, 210, 210);
  g_assert_null (kl_get (answer, "here_users"));
  kl_client_forget (anna);
  g_assert_null (kl_find (kl_client_ok (anna, "sync", "{}"), "users", "id", id_of (last)));
  for (guint i = 0; i < anna->heard->len; i++)
    {
      KlHeard *heard = &g_array_index (anna->heard, KlHeard, i);

      if (strcmp (heard->name, "presence") == 0)
        g_assert_null (kl_find (kl_json_get_root (heard->json), "users", "id", id_of (last)));
    }
}

static void
on_appended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlAppendResult) appended = kl_store_append_finish (KL_STORE (source), result, NULL);

  g_assert_nonnull (appended);
  g_assert_cmpint (appended->outcome, ==, KL_APPEND_OK);
  (*(guint *) user_data)--;
}

static void
on_user_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlStoreInvite) none = kl_store_create_user_finish (KL_STORE (source), result, NULL);

  g_assert_nonnull (none);
  (*(guint *) user_data)--;
}

/* Ten thousand: whoever joins or opens is told of few, and the list comes in pages. */
static void
test_ten_thousand (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *group = kl_client_create (anna, "Tea", "public");
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new (group, 3, 1);
  g_autofree char *after = NULL;
  guint open = 1, listed = 0;
  yyjson_val *answer;

  for (guint i = 0; i < 9998; i++)
    {
      KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_MEMBER);
      g_autoptr (KlStoreUser) user = kl_store_user_new ();

      user->id = kl_id_new_random ();
      user->name = g_strdup_printf ("user%04u", i);
      user->display_name = g_strdup (user->name);
      open++;
      kl_store_create_user_async (KL_STORE (kit->store), user, "none", KL_STORE_CREATE_ANY, NULL, on_user_created,
                                  &open);
      change->actor = g_strdup (user->id);
      change->member = kl_store_member_new ();
      change->member->user = g_strdup (user->id);
      change->member->rev = change->rev;
      change->member->role = KL_ROLE_MEMBER;
      change->member->joined_at = 1;
      change->sets_marks = TRUE;
    }
  kl_store_append_async (KL_STORE (kit->store), batch, on_appended, &open);
  kl_test_wait_until (open == 0);

  kl_kit_restart (kit);
  ben = kl_kit_device (ben);
  answer = kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  g_assert_cmpint (kl_get_int (answer, "group.members"), ==, 10000);
  g_assert_cmpint (kl_get_int (answer, "group.online"), ==, 1);
  g_assert_cmpuint (kl_get_size (answer, "users"), ==, 2);
  answer = kl_client_ok (ben, "group:open", "{'group':'%s'}", group);
  g_assert_cmpuint (kl_get_size (answer, "users"), ==, 1);
  kl_client_fails (kl_kit_person (kit, "one-more"), KL_ERROR_CODE_CONFLICT, "members", "group:join", "{'group':'%s'}",
                   group);
  do
    {
      answer = kl_client_ok (ben, "group:members", "{'group':'%s','limit':100,'after':%s%s%s}", group, after ? "'" : "",
                             after ? after : "null", after ? "'" : "");
      listed += kl_get_size (answer, "members");
      after = (g_free (after), g_strdup (kl_get_string (answer, "next")));
    }
  while (after);
  g_assert_cmpuint (listed, ==, 10000);
}

static void
test_typing (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *phone = kl_kit_device (ben);
  KlClient *carla = kl_kit_person (kit, "carla");
  const char *group = kl_client_create (anna, "Tea", "public");
  yyjson_val *event;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_ok (carla, "group:join", "{'group':'%s'}", group);
  kl_client_ok (anna, "group:open", "{'group':'%s'}", group);
  kl_client_ok (phone, "group:open", "{'group':'%s'}", group);
  kl_client_ok (ben, "typing", "{'group':'%s','on':true}", group);
  event = kl_client_next (anna, "typing");
  g_assert_cmpstr (kl_get_string (event, "user"), ==, id_of (ben));
  g_assert_true (kl_get_bool (event, "on"));
  /* Repeated at once: not passed on, and on and off not either. Not to those who look elsewhere, nor to the typist. */
  kl_client_ok (ben, "typing", "{'group':'%s','on':true}", group);
  kl_client_ok (ben, "typing", "{'group':'%s','on':false}", group);
  g_assert_false (kl_get_bool (kl_client_next (anna, "typing"), "on"));
  kl_client_ok (ben, "typing", "{'group':'%s','on':false}", group);
  kl_client_ok (ben, "typing", "{'group':'%s','on':true}", group);
  kl_client_ok (ben, "typing", "{'group':'%s','on':false}", group);
  g_assert_cmpuint (kl_client_count (anna, "typing"), ==, 0);
  g_assert_cmpuint (kl_client_count (carla, "typing"), ==, 0);
  g_assert_cmpuint (kl_client_count (phone, "typing"), ==, 0);

  /* After a message one may type again at once. */
  kl_client_send (ben, group, "x");
  kl_client_ok (ben, "typing", "{'group':'%s','on':true}", group);
  kl_client_next (anna, "typing");
  /* Gone, left, closed: it is over. */
  kl_client_end (ben);
  g_assert_false (kl_get_bool (kl_client_next (anna, "typing"), "on"));
  kl_client_ok (phone, "typing", "{'group':'%s','on':true}", group);
  kl_client_next (anna, "typing");
  kl_client_ok (phone, "group:close", "{'group':'%s'}", group);
  g_assert_false (kl_get_bool (kl_client_next (anna, "typing"), "on"));
  kl_client_ok (carla, "typing", "{'group':'%s','on':true}", group);
  kl_client_next (anna, "typing");
  kl_client_ok (anna, "group:remove", "{'group':'%s','user':'%s'}", group, id_of (carla));
  g_assert_false (kl_get_bool (kl_client_next (anna, "typing"), "on"));
}

static void
test_read (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *phone = kl_kit_device (ben);
  const char *group = kl_client_create (anna, "Tea", "public");
  yyjson_val *event, *answer;

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  for (guint i = 0; i < 5; i++)
    kl_client_send (anna, group, "x");
  /* Sending does not move it. */
  kl_client_send (ben, group, "mine");
  answer = kl_client_ok (ben, "sync", "{}");
  g_assert_cmpint (kl_get_int (answer, "groups.0.mine.read_seq"), ==, 2);
  g_assert_cmpint (kl_get_int (answer, "groups.0.mine.unread"), ==, 5);
  kl_client_ok (ben, "read", "{'group':'%s','seq':4}", group);
  event = kl_client_next (phone, "read");
  g_assert_cmpstr (kl_get_string (event, "user"), ==, id_of (ben));
  g_assert_cmpint (kl_get_int (event, "seq"), ==, 4);
  g_assert_cmpint (kl_get_int (kl_client_next (anna, "read"), "seq"), ==, 4);
  answer = kl_client_ok (ben, "sync", "{}");
  g_assert_cmpint (kl_get_int (answer, "groups.0.mine.unread"), ==, 3);
  g_assert_cmpint (kl_get_int (kl_client_ok (anna, "sync", "{}"), "groups.0.mine.others_read_seq"), ==, 4);

  /* Never back; beyond the newest means the newest. */
  kl_client_ok (ben, "read", "{'group':'%s','seq':1}", group);
  g_assert_cmpuint (kl_client_count (anna, "read"), ==, 0);
  kl_client_ok (ben, "read", "{'group':'%s','seq':9999}", group);
  g_assert_cmpint (kl_get_int (kl_client_next (anna, "read"), "seq"), ==, 8);
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "seq", "read", "{'group':'%s','seq':-1}", group);
  kl_client_fails (ben, KL_ERROR_CODE_BAD_REQUEST, "seq", "read", "{'group':'%s'}", group);

  kl_kit_restart (kit);
  ben = kl_kit_connect (kit, ben->user);
  answer = kl_client_ok (ben, "sync", "{}");
  g_assert_cmpint (kl_get_int (answer, "groups.0.mine.read_seq"), ==, 8);
  g_assert_cmpint (kl_get_int (answer, "groups.0.mine.unread"), ==, 0);
}

static void
test_receipts (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *group = kl_client_create (anna, "Tea", "public");
  KlStoreUser *off = kl_store_user_copy (ben->user);

  off->read_receipts = FALSE;
  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  kl_client_send (anna, group, "x");
  kl_client_send (ben, group, "x");
  kl_chat_user_changed (kit->chat, off);
  kl_client_ok (ben, "read", "{'group':'%s','seq':4}", group);
  kl_client_next (ben, "read");
  kl_client_ok (anna, "read", "{'group':'%s','seq':4}", group);
  kl_client_next (anna, "read");
  g_assert_cmpuint (kl_client_count (anna, "read"), ==, 0);
  g_assert_cmpuint (kl_client_count (ben, "read"), ==, 0);
  g_assert_null (kl_get (kl_client_ok (anna, "sync", "{}"), "groups.0.mine.others_read_seq"));
  g_assert_null (kl_get (kl_client_ok (ben, "sync", "{}"), "groups.0.mine.others_read_seq"));
  g_assert_cmpuint (kl_get_size (kl_client_ok (anna, "group:open", "{'group':'%s'}", group), "reads"), ==, 0);
  g_assert_null (kl_get (kl_client_ok (ben, "group:open", "{'group':'%s'}", group), "reads"));
  kl_store_user_unref (off);
}

/* From fifty on, when somebody leaves. */
static void
test_fifty (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  const char *group = kl_client_create (anna, "Tea", "public");
  KlClient *last = NULL;

  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *name = g_strdup_printf ("user%02u", i);

      last = kl_kit_person (kit, name);
      kl_client_ok (last, "group:join", "{'group':'%s'}", group);
      if (i < 49)
        kl_client_end (last);
    }
  kl_client_send (anna, group, "x");
  kl_kit_restart (kit);
  anna = kl_kit_device (anna);
  last = kl_kit_device (last);
  kl_client_ok (last, "read", "{'group':'%s','seq':53}", group);
  g_assert_null (kl_get (kl_client_ok (anna, "group:open", "{'group':'%s'}", group), "reads"));
  g_assert_null (kl_get (kl_client_ok (anna, "sync", "{}"), "groups.0.mine.others_read_seq"));
  kl_client_ok (last, "group:leave", "{'group':'%s'}", group);
  kl_test_wait_until (kl_get_size (kl_client_ok (anna, "group:open", "{'group':'%s'}", group), "reads") == 49);
  g_assert_cmpint (kl_get_int (kl_client_ok (anna, "sync", "{}"), "groups.0.mine.others_read_seq"), ==, 50);
}

/* Only what others wrote, neither deleted nor system, counts, and exactly. */
static void
test_unread (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *group = kl_client_create (anna, "Tea", "public");
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  gint64 expected[] = { 3, 2, 1, 0 };

  kl_client_ok (ben, "group:join", "{'group':'%s'}", group);
  first = g_strdup (kl_get_string (kl_client_send (anna, group, "one"), "id"));
  second = g_strdup (kl_get_string (kl_client_send (anna, group, "two"), "id"));
  kl_client_send (anna, group, "three");
  kl_client_send (ben, group, "mine");
  for (guint i = 0; i < 4; i++)
    {
      yyjson_val *answer = kl_client_ok (ben, "sync", "{}");

      g_assert_cmpint (kl_get_int (answer, "groups.0.mine.unread"), ==, expected[i]);
      g_assert_cmpint (kl_get_int (answer, "groups.0.mine.mentions"), ==, 0);
      if (i == 0)
        kl_client_ok (anna, "message:delete", "{'group':'%s','id':'%s'}", group, first);
      else if (i == 1)
        kl_client_ok (anna, "message:delete", "{'group':'%s','id':'%s'}", group, second);
      else if (i == 2)
        kl_client_ok (ben, "read", "{'group':'%s','seq':99}", group);
    }

  /* Reactions, edits, a new name, people who come and go do not count. */
  first = (g_free (first), g_strdup (kl_get_string (kl_client_send (ben, group, "mine"), "id")));
  kl_client_ok (anna, "message:react", "{'group':'%s','id':'%s','emoji':'👍','on':true}", group, first);
  kl_client_ok (anna, "group:update", "{'group':'%s','name':'Coffee','topic':'x'}", group);
  kl_client_ok (kl_kit_person (kit, "carla"), "group:join", "{'group':'%s'}", group);
  g_assert_cmpint (kl_get_int (kl_client_ok (ben, "sync", "{}"), "groups.0.mine.unread"), ==, 0);
  kl_kit_restart (kit);
  ben = kl_kit_connect (kit, ben->user);
  g_assert_cmpint (kl_get_int (kl_client_ok (ben, "sync", "{}"), "groups.0.mine.unread"), ==, 0);

  anna = kl_kit_device (anna);
  for (guint i = 0; i < 999; i++)
    {
      g_autoptr (KlAnswer) sent
          = kl_client_start (anna, "message:send", "{'group':'%s','client_id':'u%u','body':'x'}", group, i);

      kl_answer_wait (sent);
    }
  g_assert_cmpint (kl_get_int (kl_client_ok (ben, "sync", "{}"), "groups.0.mine.unread"), ==, 999);
  kl_client_send (anna, group, "x");
  g_assert_cmpint (kl_get_int (kl_client_ok (ben, "sync", "{}"), "groups.0.mine.unread"), ==, 1000);
  kl_client_send (anna, group, "x");
  g_assert_cmpint (kl_get_int (kl_client_ok (ben, "sync", "{}"), "groups.0.mine.unread"), ==, 1000);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_kit_add ("/chat/presence/status", test_status);
  kl_kit_add ("/chat/presence/here", test_here);
  kl_kit_add ("/chat/presence/open-limit", test_open_limit);
  kl_kit_add ("/chat/presence/flapping", test_flapping);
  kl_kit_add ("/chat/presence/seen-between", test_seen_between);
  kl_kit_add ("/chat/presence/missed", test_missed);
  kl_kit_add ("/chat/presence/crowd", test_crowd);
  kl_kit_add ("/chat/presence/ten-thousand", test_ten_thousand);
  kl_kit_add ("/chat/presence/typing", test_typing);
  kl_kit_add ("/chat/presence/read", test_read);
  kl_kit_add ("/chat/presence/receipts", test_receipts);
  kl_kit_add ("/chat/presence/fifty", test_fifty);
  kl_kit_add ("/chat/presence/unread", test_unread);

  return g_test_run ();
}
