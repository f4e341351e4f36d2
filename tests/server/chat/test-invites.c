/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/chat/kl-chat-kit.h"

static void
test_link (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  KlClient *carla = kl_kit_person (kit, "carla");
  const char *group = kl_client_create (anna, "Tea", "private");
  gint64 now_ms = g_get_real_time () / 1000;
  g_autofree char *code = NULL;
  yyjson_val *answer;

  answer = kl_client_ok (anna, "group:invite", "{'group':'%s','link':true}", group);
  code = g_strdup (kl_get_string (answer, "invite.code"));
  g_assert_cmpuint (strlen (code), ==, 26);
  g_assert_true (g_str_has_suffix (kl_get_string (answer, "invite.url"), code));
  g_assert_cmpint (kl_get_int (answer, "invite.expires_at"), >=, now_ms + 7LL * 24 * 3600 * 1000);

  answer = kl_client_ok (ben, "invite:show", "{'code':'%s'}", code);
  g_assert_cmpstr (kl_get_string (answer, "group.name"), ==, "Tea");
  g_assert_cmpint (kl_get_int (answer, "group.members"), ==, 1);
  g_assert_null (kl_get (answer, "group.mine"));
  g_assert_null (kl_get (answer, "group.last_message"));

  answer = kl_client_ok (ben, "group:join", "{'invite':'%s'}", code);
  g_assert_cmpstr (kl_get_string (answer, "group.mine.role"), ==, "member");
  /* A use is a new member. */
  kl_client_ok (ben, "group:join", "{'invite':'%s'}", code);
  answer = kl_client_ok (anna, "group:invites", "{'group':'%s'}", group);
  g_assert_cmpuint (kl_get_size (answer, "invites"), ==, 1);
  g_assert_cmpint (kl_get_int (answer, "invites.0.uses_left"), ==, 99);
  g_assert_cmpstr (kl_get_string (answer, "invites.0.by"), ==, anna->user->id);
  g_assert_cmpstr (kl_get_string (answer, "invites.0.group"), ==, group);
  g_assert_nonnull (kl_find (answer, "users", "id", anna->user->id));

  /* In a private group only admins invite; each sees and revokes his own, admins all. */
  kl_client_fails (ben, KL_ERROR_CODE_FORBIDDEN, NULL, "group:invite", "{'group':'%s','link':true}", group);
  g_assert_cmpuint (kl_get_size (kl_client_ok (ben, "group:invites", "{'group':'%s'}", group), "invites"), ==, 0);
  kl_client_fails (ben, KL_ERROR_CODE_FORBIDDEN, NULL, "invite:revoke", "{'code':'%s'}", code);
  kl_client_fails (carla, KL_ERROR_CODE_NOT_FOUND, "code", "invite:revoke", "{'code':'%s'}", code);
  kl_client_ok (anna, "invite:revoke", "{'code':'%s'}", code);
  kl_client_fails (anna, KL_ERROR_CODE_NOT_FOUND, "code", "invite:revoke", "{'code':'%s'}", code);
  kl_client_fails (carla, KL_ERROR_CODE_NOT_FOUND, "invite", "group:join", "{'invite':'%s'}", code);
  kl_client_fails (carla, KL_ERROR_CODE_NOT_FOUND, "code", "invite:show", "{'code':'%s'}", code);

  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, "link", "group:invite", "{'group':'%s'}", group);
  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, "link", "group:invite", "{'group':'%s','link':false}", group);
  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, "uses", "group:invite", "{'group':'%s','link':true,'uses':0}",
                   group);
  kl_client_fails (anna, KL_ERROR_CODE_BAD_REQUEST, "expires_in_ms", "group:invite",
                   "{'group':'%s','link':true,'expires_in_ms':0}", group);

  /* In a public one members do. */
  kl_client_ok (anna, "group:update", "{'group':'%s','visibility':'public'}", group);
  code = (g_free (code), g_strdup (kl_get_string (
                             kl_client_ok (ben, "group:invite", "{'group':'%s','link':true}", group), "invite.code")));
  kl_client_ok (ben, "invite:revoke", "{'code':'%s'}", code);
  code = (g_free (code), g_strdup (kl_get_string (
                             kl_client_ok (ben, "group:invite", "{'group':'%s','link':true}", group), "invite.code")));
  kl_client_ok (anna, "invite:revoke", "{'code':'%s'}", code);
}

/* Twenty people, two uses. */
static void
test_uses (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  const char *group = kl_client_create (anna, "Tea", "private");
  g_autofree char *code = g_strdup (
      kl_get_string (kl_client_ok (anna, "group:invite", "{'group':'%s','link':true,'uses':2}", group), "invite.code"));
  KlAnswer *answers[20];
  guint joined = 0;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *name = g_strdup_printf ("guest%u", i);
      KlClient *guest = kl_kit_person (kit, name);

      answers[i] = (gpointer) guest;
    }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    answers[i] = kl_client_start ((gpointer) answers[i], "group:join", "{'invite':'%s'}", code);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      kl_answer_wait (answers[i]);
      if (answers[i]->code == KL_ERROR_CODE_NONE)
        joined++;
      else
        g_assert_cmpint (answers[i]->code, ==, KL_ERROR_CODE_NOT_FOUND);
      kl_answer_free (answers[i]);
    }
  g_assert_cmpuint (joined, ==, 2);
  g_assert_cmpint (kl_get_int (kl_client_ok (anna, "sync", "{}"), "groups.0.members"), ==, 3);
  /* Two joins, in one line without a gap. */
  g_assert_cmpint (kl_get_int (kl_client_ok (anna, "sync", "{}"), "groups.0.rev"), ==, 7);

  g_free (code);
  code = g_strdup (kl_get_string (
      kl_client_ok (anna, "group:invite", "{'group':'%s','link':true,'expires_in_ms':1}", group), "invite.code"));
  kl_test_spin (20);
  kl_client_fails (kl_kit_person (kit, "late"), KL_ERROR_CODE_NOT_FOUND, "invite", "group:join", "{'invite':'%s'}",
                   code);
}

static void
test_banned (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  KlClient *ben = kl_kit_person (kit, "ben");
  const char *group = kl_client_create (anna, "Tea", "private");
  g_autofree char *code = g_strdup (
      kl_get_string (kl_client_ok (anna, "group:invite", "{'group':'%s','link':true}", group), "invite.code"));

  kl_client_ok (anna, "group:remove", "{'group':'%s','user':'%s','ban':true}", group, ben->user->id);
  kl_client_fails (ben, KL_ERROR_CODE_NOT_FOUND, NULL, "group:join", "{'invite':'%s'}", code);
}

static void
keep_answer (const KlChatAnswer *answer, gpointer user_data)
{
  *(char **) user_data = g_strdup_printf ("%d %.*s", answer->code, (int) answer->length, answer->json);
}

static void
test_preview (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  const char *group = kl_get_string (
      kl_client_ok (anna, "group:create", "{'client_id':'c','name':'Tea','emoji':'🍵','hue':2}"), "group.id");
  g_autofree char *code = g_strdup (
      kl_get_string (kl_client_ok (anna, "group:invite", "{'group':'%s','link':true}", group), "invite.code"));
  g_autofree char *answer = NULL;

  kl_chat_preview_invite (kit->chat, code, keep_answer, &answer);
  kl_test_wait_until (answer);
  g_assert_cmpstr (answer, ==, "0 {\"group\":{\"name\":\"Tea\",\"emoji\":\"🍵\",\"hue\":2,\"members\":1}}");
  g_clear_pointer (&answer, g_free);
  kl_chat_preview_invite (kit->chat, "nosuch", keep_answer, &answer);
  kl_test_wait_until (answer);
  g_assert_nonnull (strstr (answer, "{\"error\":{\"code\":\"not_found\""));
}

static void
test_registered (KlKit *kit)
{
  KlClient *anna = kl_kit_person (kit, "anna");
  g_autoptr (KlStoreUser) ben = kl_kit_user (kit, "ben");
  const char *group = kl_client_create (anna, "Tea", "private");
  g_autofree char *answer = NULL;
  KlClient *device;

  kl_chat_join_registered (kit->chat, ben->id, group, keep_answer, &answer);
  kl_test_wait_until (answer);
  g_assert_true (g_str_has_prefix (answer, "0 {\"ok\":true"));
  device = kl_kit_connect (kit, ben);
  g_assert_cmpstr (kl_get_string (kl_client_ok (device, "sync", "{}"), "groups.0.id"), ==, group);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  kl_kit_add ("/chat/invites/link", test_link);
  kl_kit_add ("/chat/invites/uses", test_uses);
  kl_kit_add ("/chat/invites/banned", test_banned);
  kl_kit_add ("/chat/invites/preview", test_preview);
  kl_kit_add ("/chat/invites/registered", test_registered);

  return g_test_run ();
}
