/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions on the real server: accounts, talk, groups and counts. */
#include "app/core/kl-rest.h"
#include "app/core/kl-session-private.h"
#include "tests/app/core/kl-fake-server.h"
#include "tests/app/core/kl-live.h"
#include "tests/kit/kl-test.h"

#include <string.h>

/* ── Signing in ── */

static void
assert_register (KlServer *server, const char *name, const char *password, KlCoreError code, const char *field)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_server_register_async (server, name, password, NULL, NULL, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_null (kl_server_register_finish (server, result, &error));
  g_assert_error (error, KL_CORE_ERROR, (int) code);
  g_assert_cmpstr (kl_error_get_field (error), ==, field);
}

static void
test_sign_in (KlLivePair *self, gconstpointer unused)
{
  g_autoptr (GAsyncResult) found = NULL, wrong = NULL, right = NULL;
  g_autoptr (GError) error = NULL;

  kl_server_find_async (self->server->url, NULL, kl_test_keep_result, &found);
  kl_test_await (&found);
  g_autoptr (KlServer) server = kl_server_find_finish (found, &error);
  g_assert_no_error (error);
  g_assert_cmpint (kl_server_get_registration (server), ==, KL_REGISTRATION_OPEN);
  g_assert_false (kl_server_get_insecure (server));
  assert_register (server, "aroha", KL_LIVE_PASSWORD, KL_CORE_ERROR_CONFLICT, "name");
  assert_register (server, "new", "short", KL_CORE_ERROR_BAD_REQUEST, "password");
  assert_register (server, "No Spaces", KL_LIVE_PASSWORD, KL_CORE_ERROR_BAD_REQUEST, "name");
  kl_server_sign_in_async (server, "aroha", "not the password", NULL, kl_test_keep_result, &wrong);
  kl_test_await (&wrong);
  g_assert_null (kl_server_sign_in_finish (server, wrong, &error));
  g_assert_error (error, KL_CORE_ERROR, KL_CORE_ERROR_UNAUTHORIZED);
  g_clear_error (&error);
  /* The whole address will do, in any case. */
  g_autofree char *address = g_strconcat (" Aroha@", kl_server_get_domain (server), " ", NULL);
  kl_server_sign_in_async (server, address, KL_LIVE_PASSWORD, NULL, kl_test_keep_result, &right);
  kl_test_await (&right);
  g_autoptr (KlAccount) account = kl_server_sign_in_finish (server, right, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kl_account_get_id (account), ==, kl_account_get_id (self->aroha));
}

/* ── Talking ── */

static void
on_received (KlSession *session, KlGroup *group, KlMessage *message, gpointer user_data)
{
  *(guint *) user_data += 1;
}

static KlGroup *
find_in_directory (KlSession *session, const char *query, guint expected)
{
  g_autoptr (KlDirectory) directory = kl_directory_new (session);

  kl_test_wait_until (!kl_directory_get_loading (directory));
  kl_directory_set_query (directory, query);
  kl_directory_refresh (directory);
  kl_test_wait_until (!kl_directory_get_loading (directory));
  g_assert_null (kl_directory_get_error (directory));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (directory)), ==, expected);
  return g_list_model_get_item (G_LIST_MODEL (directory), 0);
}

static void
test_talk (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder), *b = kl_live_session (self->ben, self->folder_b);
  guint received = 0;

  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (kl_session_get_groups (a))), ==, 0);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Ridge Hut Crew", KL_VISIBILITY_PUBLIC);
  g_assert_cmpint (kl_group_get_role (mine), ==, KL_ROLE_OWNER);
  g_autoptr (KlGroup) listed = find_in_directory (b, "ridge", 1);
  g_assert_cmpint (kl_group_get_role (listed), ==, KL_ROLE_NONE);
  g_autoptr (KlGroup) theirs = kl_live_join (b, listed);
  g_assert_true (theirs == kl_group_list_get (kl_session_get_groups (b), kl_group_get_id (mine)));
  g_autoptr (KlGroup) known = find_in_directory (b, "hut", 1);
  g_assert_true (known == theirs);
  kl_test_wait_until (kl_group_get_members (mine) == 2);

  g_autoptr (KlMessageList) list_a = kl_session_dup_messages (a, mine);
  g_autoptr (KlMessageList) list_b = kl_session_dup_messages (b, theirs);
  g_signal_connect (b, "message-received", G_CALLBACK (on_received), &received);
  kl_live_send (a, mine, "Kia ora");
  kl_live_await_text (list_a, "Kia ora");
  kl_live_await_text (list_b, "Kia ora");
  g_assert_cmpuint (received, ==, 1);
  g_autoptr (KlMessage) first = g_object_ref (kl_group_get_last_message (mine));
  g_assert_true (kl_message_get_mine (first));
  g_assert_cmpuint (kl_group_get_unread (theirs), ==, 1);
  g_assert_cmpuint (kl_group_get_unread (mine), ==, 0);
  g_assert_cmpstr (kl_group_get_preview (theirs), ==, "Kia ora");
  g_assert_cmpstr (kl_user_get_display_name (kl_message_get_sender (kl_group_get_last_message (theirs))), ==, "aroha");

  /* Read here, a tick there. */
  kl_session_mark_read (b, theirs, kl_group_get_newest_seq (theirs));
  g_assert_cmpuint (kl_group_get_unread (theirs), ==, 0);
  kl_test_wait_until (kl_message_get_state (first) == KL_MESSAGE_STATE_READ);

  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *body = g_strdup_printf ("%u", i);
      kl_live_send (i % 2 == 0 ? a : b, i % 2 == 0 ? mine : theirs, body);
    }
  kl_test_wait_until (kl_group_get_newest_seq (mine) == 23 && kl_group_get_newest_seq (theirs) == 23);
  kl_test_wait_until (kl_message_list_get_n_pending (list_a) == 0 && kl_message_list_get_n_pending (list_b) == 0);
  kl_live_assert_whole (list_a, 23);
  g_autofree char *text_a = kl_live_describe (list_a), *text_b = kl_live_describe (list_b);
  g_assert_cmpstr (text_a, ==, text_b);

  /* What is refused says so at once, and takes nothing. */
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  kl_session_send_async (a, mine, " \n\t", NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_false (kl_session_send_finish (a, result, &error));
  g_assert_error (error, KL_CORE_ERROR, KL_CORE_ERROR_BAD_REQUEST);
  g_clear_object (&result);
  g_clear_error (&error);
  g_autofree char *large = g_strnfill (16 * 1024 + 1, 'x');
  kl_session_send_async (a, mine, large, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_false (kl_session_send_finish (a, result, &error));
  g_assert_error (error, KL_CORE_ERROR, KL_CORE_ERROR_TOO_LARGE);
  g_assert_cmpuint (kl_message_list_get_n_pending (list_a), ==, 0);

  g_clear_object (&result);
  g_clear_object (&list_a);
  g_clear_object (&list_b);
  kl_live_session_end (a);
  kl_live_session_end (b);
}

static void
test_presence (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder), *b = kl_live_session (self->ben, self->folder_b);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Presence", KL_VISIBILITY_PUBLIC);
  g_autoptr (KlGroup) theirs = kl_live_join (b, mine);
  g_autoptr (KlMemberList) people = kl_session_dup_members (a, mine);

  kl_session_set_open_group (a, mine);
  kl_test_wait_until (kl_member_list_get_n_here (people) == 1 && kl_member_list_get_n_online (people) == 1);
  g_assert_true (kl_group_get_open (mine));
  kl_session_set_open_group (b, theirs);
  kl_test_wait_until (kl_member_list_get_n_here (people) == 2 && kl_group_get_here (mine) == 2);
  KlMember *ben = kl_member_list_get (people, kl_account_get_user_id (self->ben));
  KlMember *aroha = kl_member_list_get (people, kl_account_get_user_id (self->aroha));
  g_assert_cmpint (kl_member_get_role (ben), ==, KL_ROLE_MEMBER);
  /* Who is here is known before the page of members has come. */
  kl_test_wait_until (kl_member_get_role (aroha) == KL_ROLE_OWNER);

  /* Typing shows, and ends with the message. */
  kl_session_set_typing (b, theirs, TRUE);
  kl_test_wait_until (kl_member_get_typing (ben));
  g_assert_cmpuint (g_list_model_get_n_items (kl_group_get_typing (mine)), ==, 1);
  kl_live_send (b, theirs, "typed");
  kl_test_wait_until (!kl_member_get_typing (ben));

  kl_session_set_away (b, TRUE);
  kl_session_set_open_group (b, NULL);
  kl_test_wait_until (kl_user_get_status (kl_member_get_user (ben)) == KL_USER_STATUS_AWAY);
  kl_test_wait_until (kl_member_list_get_n_here (people) == 1);

  g_autoptr (GAsyncResult) result = NULL, named = NULL;
  kl_session_set_status_async (b, TRUE, "Up the hill", NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_session_set_status_finish (b, result, NULL));
  kl_test_wait_until (g_strcmp0 (kl_user_get_status_text (kl_member_get_user (ben)), "Up the hill") == 0);
  g_assert_cmpint (kl_user_get_status (kl_member_get_user (ben)), ==, KL_USER_STATUS_DND);
  kl_session_set_display_name_async (b, "Ben Nevis", NULL, kl_test_keep_result, &named);
  kl_test_await (&named);
  g_assert_true (kl_session_set_display_name_finish (b, named, NULL));
  kl_test_wait_until (g_str_equal (kl_user_get_display_name (kl_member_get_user (ben)), "Ben Nevis"));
  g_assert_cmpstr (kl_user_get_display_name (kl_session_get_me (b)), ==, "Ben Nevis");

  g_clear_object (&result);
  g_clear_object (&named);
  kl_live_session_end (b);
  kl_test_wait_until (kl_member_get_section (ben) == KL_MEMBER_SECTION_OFFLINE);
  /* Without the line nothing is known of anybody. */
  kl_live_server_kill (self->server);
  kl_test_wait_until (kl_member_list_get_n_here (people) == 0 && kl_group_get_here (mine) == 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (people)), ==, 2);
  g_assert_cmpint (kl_user_get_status (kl_session_get_me (a)), ==, KL_USER_STATUS_UNKNOWN);
  g_clear_object (&people);
  kl_live_session_end (a);
  kl_live_server_start (self->server);
}

/* ── Groups come and go ── */

static void
on_removed (KlSession *session, KlGroup *group, const char *reason, gpointer user_data)
{
  g_set_str ((char **) user_data, reason);
}

static void
test_groups (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder), *b = kl_live_session (self->ben, self->folder_b);
  g_autoptr (KlAccount) phone_account = kl_live_sign_in (self->server, "ben");
  g_autofree char *phone_folder = kl_test_dir_new ();
  KlSession *phone = kl_live_session (phone_account, phone_folder);
  g_autofree char *reason = NULL, *phone_reason = NULL;
  g_autoptr (GAsyncResult) invited = NULL, shown = NULL, joined = NULL, refused = NULL, left = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (b, "group-removed", G_CALLBACK (on_removed), &reason);
  g_signal_connect (phone, "group-removed", G_CALLBACK (on_removed), &phone_reason);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Secret", KL_VISIBILITY_PRIVATE);
  kl_session_make_invite_async (a, mine, NULL, kl_test_keep_result, &invited);
  kl_test_await (&invited);
  g_autofree char *link = kl_session_make_invite_finish (a, invited, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (link, "/i/"));

  kl_session_join_by_text_async (b, "no-such-group", NULL, kl_test_keep_result, &refused);
  kl_test_await (&refused);
  g_assert_null (kl_session_join_finish (b, refused, &error));
  g_assert_error (error, KL_CORE_ERROR, KL_CORE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  kl_session_show_invite_async (b, link, NULL, kl_test_keep_result, &shown);
  kl_test_await (&shown);
  g_autoptr (KlGroup) preview = kl_session_show_invite_finish (b, shown, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kl_group_get_name (preview), ==, "Secret");
  kl_session_join_group_async (b, preview, NULL, kl_test_keep_result, &joined);
  kl_test_await (&joined);
  g_autoptr (KlGroup) theirs = kl_session_join_finish (b, joined, &error);
  g_assert_no_error (error);

  /* The other device has it too, and its events. */
  const char *id = kl_group_get_id (mine);
  kl_test_wait_until (kl_group_list_get (kl_session_get_groups (phone), id) != NULL);
  g_autoptr (KlGroup) on_phone = g_object_ref (kl_group_list_get (kl_session_get_groups (phone), id));
  g_autoptr (KlMessageList) list = kl_session_dup_messages (phone, on_phone);
  kl_live_send (a, mine, "welcome");
  kl_live_await_text (list, "welcome");
  /* Read on one device is read on the other; sent from one is one's own on the other. */
  kl_test_wait_until (kl_group_get_unread (theirs) == 1 && kl_group_get_unread (on_phone) == 1);
  kl_session_mark_read (b, theirs, kl_group_get_newest_seq (theirs));
  kl_test_wait_until (kl_group_get_unread (on_phone) == 0);
  kl_live_send (b, theirs, "thanks");
  kl_live_await_text (list, "welcome|thanks");
  g_assert_true (kl_message_get_mine (kl_group_get_last_message (on_phone)));
  g_assert_cmpuint (kl_group_get_unread (on_phone), ==, 0);
  kl_session_set_pinned (b, theirs, TRUE);
  kl_test_wait_until (kl_group_get_pinned (on_phone));

  kl_session_leave_group_async (b, theirs, NULL, kl_test_keep_result, &left);
  kl_test_await (&left);
  g_assert_true (kl_session_leave_group_finish (b, left, &error));
  kl_test_wait_until (reason != NULL && phone_reason != NULL);
  g_assert_cmpstr (reason, ==, "left");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (kl_session_get_groups (b))), ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (kl_session_get_groups (phone))), ==, 0);
  kl_test_wait_until (kl_group_get_members (mine) == 1);
  g_clear_object (&invited);
  g_clear_object (&shown);
  g_clear_object (&joined);
  g_clear_object (&refused);
  g_clear_object (&left);
  g_clear_object (&list);
  kl_live_session_end (phone);
  kl_live_session_end (a);
  kl_live_session_end (b);
  kl_test_dir_remove (phone_folder);
}

/* Whoever goes takes his own "here" with him: by closing a group, and by leaving one that is open. */
static void
test_left_open (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder), *b = kl_live_session (self->ben, self->folder_b);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Left open", KL_VISIBILITY_PUBLIC);
  g_autoptr (KlGroup) theirs = kl_live_join (b, mine);
  g_autoptr (GAsyncResult) left = NULL;
  g_autoptr (GError) error = NULL;

  kl_session_set_open_group (a, mine);
  kl_session_set_open_group (b, theirs);
  kl_test_wait_until (kl_group_get_here (mine) == 2 && kl_group_get_here (theirs) == 2);
  kl_session_set_open_group (a, NULL);
  gint64 closed_usec = g_get_monotonic_time ();
  kl_test_wait_until (kl_group_get_here (mine) == 1);
  /* By the answer, not by what is told every ten seconds. */
  g_assert_cmpint (g_get_monotonic_time () - closed_usec, <, 8 * G_TIME_SPAN_SECOND);
  kl_test_wait_until (kl_group_get_here (theirs) == 1);

  kl_session_leave_group_async (b, theirs, NULL, kl_test_keep_result, &left);
  kl_test_await (&left);
  g_assert_true (kl_session_leave_group_finish (b, left, &error));
  g_assert_null (kl_session_get_open_group (b));
  g_assert_cmpuint (kl_group_get_here (theirs), ==, 0);
  g_autoptr (KlGroup) found = find_in_directory (b, "left open", 1);
  g_assert_cmpuint (kl_group_get_here (found), ==, 0);
  g_assert_cmpint (kl_group_get_role (found), ==, KL_ROLE_NONE);

  g_clear_object (&left);
  kl_live_session_end (a);
  kl_live_session_end (b);
}

/* Left while we were away: not there any more. */
static void
test_left_elsewhere (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder), *b = kl_live_session (self->ben, self->folder_b);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Gone", KL_VISIBILITY_PUBLIC);
  g_autoptr (KlGroup) theirs = kl_live_join (b, mine);
  g_autofree char *json = g_strdup_printf ("{\"group\":\"%s\",\"user\":\"%s\"}", kl_group_get_id (mine),
                                           kl_account_get_user_id (self->ben));

  g_clear_object (&theirs);
  kl_live_session_end (b);
  g_autofree char *answer = kl_live_emit (a, "group:remove", json);
  g_assert_nonnull (strstr (answer, "\"ok\":true"));
  b = kl_live_session_offline (self->ben, self->folder_b);
  kl_test_wait_until (kl_group_list_get_loaded (kl_session_get_groups (b)));
  kl_live_await_state (b, KL_CONNECTION_STATE_ONLINE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (kl_session_get_groups (b))), ==, 0);
  kl_live_session_end (b);
  kl_live_session_end (a);
}

/* ── Counts ── */

static void
test_counts (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder), *b = kl_live_session (self->ben, self->folder_b);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Counts", KL_VISIBILITY_PUBLIC);
  g_autoptr (KlGroup) theirs = kl_live_join (b, mine);
  const char *bodies[] = { "one", "two", "three" };

  for (guint i = 0; i < 3; i++)
    kl_live_send (a, mine, bodies[i]);
  kl_test_wait_until (kl_group_get_unread (theirs) == 3);
  g_autoptr (KlMessageList) list = kl_session_dup_messages (a, mine);
  kl_live_await_text (list, "one|two|three");
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (KlMessage) message
          = g_list_model_get_item (G_LIST_MODEL (list), g_list_model_get_n_items (G_LIST_MODEL (list)) - 3 + i);
      g_autofree char *json
          = g_strdup_printf ("{\"group\":\"%s\",\"id\":\"%s\"}", kl_group_get_id (mine), kl_message_get_id (message));
      g_autofree char *answer = kl_live_emit (a, "message:delete", json);
      g_assert_nonnull (strstr (answer, "\"ok\":true"));
      kl_test_wait_until (kl_message_get_deleted (message));
      kl_test_wait_until (kl_group_get_unread (theirs) == 2 - i);
    }
  g_assert_cmpstr (kl_group_get_preview (theirs), ==, "");
  g_clear_object (&list);
  kl_live_session_end (a);
  kl_live_session_end (b);
}

/* ── Refused ── */

/* Refused for good: visible, with the reason; what comes after it goes out. */
static void
test_failed (KlLivePair *self, gconstpointer unused)
{
  static const char *const small[] = { "KLATCH_LIMITS_MESSAGE_BYTES=100", NULL };
  KlSession *a;

  kl_live_server_kill (self->server);
  self->server->settings = small;
  kl_live_server_start (self->server);
  a = kl_live_session (self->aroha, self->folder);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Small", KL_VISIBILITY_PUBLIC);
  g_autoptr (KlMessageList) list = kl_session_dup_messages (a, mine);
  g_autofree char *large = g_strnfill (200, 'x');
  g_autofree char *failed = g_strdup_printf ("good|%s*", large);
  g_autofree char *again = g_strdup_printf ("good|better|%s*", large);

  kl_live_send (a, mine, large);
  kl_live_send (a, mine, "good");
  kl_live_await_text (list, failed);
  g_autoptr (KlMessage) message
      = g_list_model_get_item (G_LIST_MODEL (list), g_list_model_get_n_items (G_LIST_MODEL (list)) - 1);
  g_assert_cmpint (kl_message_get_state (message), ==, KL_MESSAGE_STATE_FAILED);
  g_assert_nonnull (kl_message_get_error (message));
  kl_live_send (a, mine, "better");
  kl_live_await_text (list, again);
  kl_session_discard_message (a, message);
  kl_live_await_text (list, "good|better");
  g_assert_cmpstr (kl_group_get_preview (mine), ==, "better");
  g_clear_object (&list);
  kl_live_session_end (a);
}

static void
test_revoked (KlLivePair *self, gconstpointer unused)
{
  g_autoptr (KlAccount) other_account = kl_live_sign_in (self->server, "aroha");
  g_autofree char *other_folder = kl_test_dir_new ();
  KlSession *a = kl_live_session (self->aroha, self->folder), *other = kl_live_session (other_account, other_folder);
  g_autoptr (SoupSession) soup = kl_rest_session_new ();
  g_autoptr (GAsyncResult) result = NULL, signed_out = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlGroup) mine = kl_live_create (a, "Revoked", KL_VISIBILITY_PUBLIC);

  kl_group_set_draft (mine, "kept");
  kl_rest_call_async (soup, self->server->url, kl_account_get_token (other_account), "PUT", "/api/v1/me/password",
                      "{\"old\":\"" KL_LIVE_PASSWORD "\",\"new\":\"another password\"}", NULL, kl_test_keep_result,
                      &result);
  kl_test_await (&result);
  g_assert_true (kl_rest_call_finish (result, NULL, &error));
  g_assert_no_error (error);
  kl_live_await_state (a, KL_CONNECTION_STATE_REFUSED);
  g_assert_cmpint (kl_session_get_state (other), ==, KL_CONNECTION_STATE_ONLINE);
  g_clear_object (&mine);
  kl_live_session_end (a);
  /* A new start with the dead token says so too, with what was known. */
  a = kl_live_session_offline (self->aroha, self->folder);
  kl_live_await_state (a, KL_CONNECTION_STATE_REFUSED);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (kl_session_get_groups (a))), ==, 1);
  mine = g_list_model_get_item (G_LIST_MODEL (kl_session_get_groups (a)), 0);
  g_assert_cmpstr (kl_group_get_draft (mine), ==, "kept");
  g_clear_object (&mine);
  kl_live_session_end (a);

  kl_session_sign_out_async (other, kl_test_keep_result, &signed_out);
  kl_test_await (&signed_out);
  g_assert_true (kl_session_sign_out_finish (other, signed_out, &error));
  g_assert_no_error (error);
  g_clear_object (&signed_out);
  kl_live_session_end (other);
  other = kl_live_session_offline (other_account, other_folder);
  kl_live_await_state (other, KL_CONNECTION_STATE_REFUSED);
  kl_live_session_end (other);
  kl_test_dir_remove (other_folder);
}

int
main (int argc, char **argv)
{
  kl_fake_server_init (&argc, &argv);

  g_test_add ("/live/sign-in", KlLivePair, NULL, kl_live_pair_set_up, test_sign_in, kl_live_pair_tear_down);
  g_test_add ("/live/talk", KlLivePair, NULL, kl_live_pair_set_up, test_talk, kl_live_pair_tear_down);
  g_test_add ("/live/presence", KlLivePair, NULL, kl_live_pair_set_up, test_presence, kl_live_pair_tear_down);
  g_test_add ("/live/groups", KlLivePair, NULL, kl_live_pair_set_up, test_groups, kl_live_pair_tear_down);
  g_test_add ("/live/left-open", KlLivePair, NULL, kl_live_pair_set_up, test_left_open, kl_live_pair_tear_down);
  g_test_add ("/live/left-elsewhere", KlLivePair, NULL, kl_live_pair_set_up, test_left_elsewhere,
              kl_live_pair_tear_down);
  g_test_add ("/live/failed", KlLivePair, NULL, kl_live_pair_set_up, test_failed, kl_live_pair_tear_down);
  g_test_add ("/live/counts", KlLivePair, NULL, kl_live_pair_set_up, test_counts, kl_live_pair_tear_down);
  g_test_add ("/live/revoked", KlLivePair, NULL, kl_live_pair_set_up, test_revoked, kl_live_pair_tear_down);
  return g_test_run ();
}
