/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session against a scripted server: what it says itself, while answers are lost, come too early or stay away. */
#include "app/core/kl-session-private.h"
#include "tests/app/core/kl-fake-server.h"
#include "tests/app/core/kl-live.h"
#include "tests/app/core/kl-script.h"
#include "tests/kit/kl-test.h"

#include <string.h>

/* ── One's own messages ── */

static char *
sent_client_id (KlScript *self)
{
  const char *last = NULL;

  kl_test_wait_until (kl_script_count (self, "message:send", &last) > 0);
  g_autoptr (KlJson) json = kl_json_parse (last, strlen (last), NULL);
  return g_strdup (yyjson_get_str (yyjson_obj_get (kl_json_get_root (json), "client_id")));
}

static char *
my_answer (KlScript *self, gint64 seq, const char *client_id)
{
  g_autofree char *object = kl_script_message_json ("g", seq, seq, "me", "mine", client_id);

  return g_strdup_printf ("{\"ok\":true,\"message\":%s}", object);
}

/* The event passes, its answer is held: one bubble, and nothing is sent again. */
static void
test_event_without_answer (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);
  g_autofree char *group = kl_script_group_json ("g", 6, 5, 0);

  kl_live_send (self->session, kl_script_get_group (self, "g"), "mine");
  kl_live_await_text (list, "m1|m2|m3|m4|m5|mine*");
  g_autoptr (KlMessage) bubble = g_list_model_get_item (G_LIST_MODEL (list), 5);
  g_autofree char *client_id = sent_client_id (self);
  g_autofree char *object = kl_script_message_json ("g", 6, 6, "me", "mine", client_id);
  kl_script_send_message (self, 6, object);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|mine");
  g_autoptr (KlMessage) same = g_list_model_get_item (G_LIST_MODEL (list), 5);
  g_assert_true (bubble == same);
  g_clear_object (&list);
  g_clear_object (&bubble);
  g_clear_object (&same);
  kl_script_add_sync (self, "e1", group, "\"g\":{\"rev\":6,\"messages\":[]}", "");
  kl_script_restart (self);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  list = kl_session_dup_messages (self->session, kl_script_get_group (self, "g"));
  kl_live_await_text (list, "m1|m2|m3|m4|m5|mine");
  kl_test_spin (200);
  g_assert_cmpuint (kl_script_count (self, "message:send", NULL), ==, 1);
  g_assert_cmpuint (kl_group_get_unread (kl_script_get_group (self, "g")), ==, 0);
}

/* Neither came; the client was restarted. The sync has it: it is not sent again. */
static void
test_stored_unheard (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);
  g_autofree char *group = kl_script_group_json ("g", 6, 5, 0);

  kl_live_send (self->session, kl_script_get_group (self, "g"), "mine");
  g_autofree char *client_id = sent_client_id (self);
  g_clear_object (&list);
  g_autofree char *object = kl_script_message_json ("g", 6, 6, "me", "mine", client_id);
  g_autofree char *changes = g_strdup_printf ("\"g\":{\"rev\":6,\"messages\":[%s]}", object);
  kl_script_add_sync (self, "e1", group, changes, "");
  kl_script_restart (self);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  list = kl_session_dup_messages (self->session, kl_script_get_group (self, "g"));
  kl_live_await_text (list, "m1|m2|m3|m4|m5|mine");
  kl_test_spin (200);
  g_assert_cmpuint (kl_script_count (self, "message:send", NULL), ==, 1);
}

/* Neither came, and it was not stored: the same client id goes again. */
static void
test_sent_again (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);
  g_autofree char *group = kl_script_group_json ("g", 5, 5, 0);

  kl_live_send (self->session, kl_script_get_group (self, "g"), "mine");
  g_autofree char *client_id = sent_client_id (self);
  kl_script_add_sync (self, "e1", group, "\"g\":{\"rev\":5,\"messages\":[]}", "");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  kl_test_wait_until (kl_script_count (self, "message:send", NULL) == 2);
  g_autofree char *again = sent_client_id (self);
  g_assert_cmpstr (again, ==, client_id);
  g_autofree char *answer = my_answer (self, 6, client_id);
  kl_fake_server_answer (self->server, kl_script_last_ack (self, "message:send"), answer);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|mine");
}

/* The answer overtakes the events before it. */
static void
test_answer_first (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);

  kl_live_send (self->session, kl_script_get_group (self, "g"), "mine");
  g_autofree char *client_id = sent_client_id (self);
  g_autofree char *answer = my_answer (self, 7, client_id);
  kl_fake_server_answer (self->server, kl_script_last_ack (self, "message:send"), answer);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|mine");
  kl_script_send_plain (self, 6, 6);
  g_autofree char *object = kl_script_message_json ("g", 7, 7, "me", "mine", client_id);
  kl_script_send_message (self, 7, object);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6|mine");
  g_assert_cmpuint (kl_group_get_unread (kl_script_get_group (self, "g")), ==, 1);
  g_assert_cmpuint (kl_script_count (self, "sync", NULL), ==, 1);
}

/* The group is lost while a message waits for it: it does not go out by itself when one is back. */
static void
test_group_lost (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);
  g_autofree char *group = kl_script_group_json ("g", 5, 5, 0);

  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_live_send (self->session, kl_script_get_group (self, "g"), "mine");
  g_clear_object (&list);
  kl_script_add_sync (self, "e1", "", "", "");
  kl_session_retry_now (self->session);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  g_assert_null (kl_script_get_group (self, "g"));
  kl_script_add_page (self, "g", 1, 5, FALSE, FALSE);
  g_autofree char *event = g_strdup_printf ("{\"group\":%s}", group);
  kl_fake_server_send_event (self->server, "group", event);
  kl_test_wait_until (kl_script_get_group (self, "g") != NULL);
  list = kl_session_dup_messages (self->session, kl_script_get_group (self, "g"));
  kl_live_await_text (list, "m1|m2|m3|m4|m5|mine*");
  g_assert_cmpuint (kl_script_count (self, "message:send", NULL), ==, 0);
  g_autoptr (KlMessage) message = g_list_model_get_item (G_LIST_MODEL (list), 5);
  g_assert_cmpint (kl_message_get_state (message), ==, KL_MESSAGE_STATE_FAILED);
  kl_session_retry_message (self->session, message);
  kl_test_wait_until (kl_script_count (self, "message:send", NULL) == 1);
}

static void
test_busy_server (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);

  kl_script_add (self, "message:send",
                 "{\"ok\":false,\"error\":{\"code\":\"unavailable\",\"message\":\"Busy\",\"retry_after_ms\":10}}");
  kl_live_send (self->session, kl_script_get_group (self, "g"), "mine");
  kl_test_wait_until (kl_session_get_held (self->session));
  kl_test_wait_until (kl_script_count (self, "message:send", NULL) == 2);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|mine*");
  g_autofree char *client_id = sent_client_id (self);
  g_autofree char *answer = my_answer (self, 6, client_id);
  kl_fake_server_answer (self->server, kl_script_last_ack (self, "message:send"), answer);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|mine");
  g_assert_false (kl_session_get_held (self->session));
}

/* This computer's clock is a day slow: the unsent message is last all the same, and so is its group first. */
static void
test_slow_clock (KlScript *self, gconstpointer unused)
{
  gint64 ahead = g_get_real_time () / 1000 + 24 * 3600 * 1000;
  g_autofree char *object
      = g_strdup_printf ("{\"id\":\"x\",\"group\":\"g\",\"seq\":6,\"rev\":6,\"sender\":\"you\","
                         "\"kind\":\"text\",\"body\":\"tomorrow\",\"created_at\":%" G_GINT64_FORMAT "}",
                         ahead);
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);

  kl_script_send_message (self, 6, object);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|tomorrow");
  kl_live_send (self->session, kl_script_get_group (self, "g"), "mine");
  kl_live_await_text (list, "m1|m2|m3|m4|m5|tomorrow|mine*");
  g_assert_cmpint (kl_group_get_last_time (kl_script_get_group (self, "g")), >=, ahead);
  g_assert_cmpstr (kl_group_get_preview (kl_script_get_group (self, "g")), ==, "mine");
}

/* ── Reading ── */

static void
test_read_offline (KlScript *self, gconstpointer unused)
{
  g_autofree char *group = kl_script_group_json ("g", 5, 2, 3);
  const char *last = NULL;

  kl_script_add_sync (self, "e1", group, "", "");
  kl_script_add_page (self, "g", 1, 5, FALSE, FALSE);
  kl_script_start_online (self);
  g_autoptr (KlMessageList) list = kl_session_dup_messages (self->session, kl_script_get_group (self, "g"));
  kl_live_await_text (list, "m1|m2|m3|m4|m5");
  g_assert_cmpint (kl_message_list_get_first_unread_seq (list), ==, 3);
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_mark_read (self->session, kl_script_get_group (self, "g"), 4);
  g_assert_cmpuint (kl_group_get_unread (kl_script_get_group (self, "g")), ==, 1);
  kl_session_mark_read (self->session, kl_script_get_group (self, "g"), 3);
  g_assert_cmpint (kl_group_get_read_seq (kl_script_get_group (self, "g")), ==, 4);
  g_clear_object (&list);
  /* Kept over a restart; what the server thinks does not make it unread again. */
  kl_script_add_sync (self, "e1", group, "", "");
  kl_script_restart (self);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  kl_test_wait_until (kl_script_count (self, "read", &last) == 1);
  g_assert_cmpstr (last, ==, "{\"group\":\"g\",\"seq\":4}");
  g_assert_cmpint (kl_group_get_read_seq (kl_script_get_group (self, "g")), ==, 4);
}

int
main (int argc, char **argv)
{
  kl_fake_server_init (&argc, &argv);
  kl_script_add_test ("event-without-answer", test_event_without_answer);
  kl_script_add_test ("stored-unheard", test_stored_unheard);
  kl_script_add_test ("sent-again", test_sent_again);
  kl_script_add_test ("answer-first", test_answer_first);
  kl_script_add_test ("group-lost", test_group_lost);
  kl_script_add_test ("busy-server", test_busy_server);
  kl_script_add_test ("slow-clock", test_slow_clock);
  kl_script_add_test ("read-offline", test_read_offline);
  return g_test_run ();
}
