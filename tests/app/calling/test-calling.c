/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two people on a real server, in a call with real media from test sources, on loopback. */
#include "app/core/kl-session-private.h"
#include "tests/app/calling/calling-kit.h"
#include "tests/kit/kl-test-relay.h"
#include "tests/kit/kl-test.h"

#include <string.h>

static guint
n_items (GListModel *list)
{
  return g_list_model_get_n_items (list);
}

static void
on_person (KlCalls *calls, KlUser *user, char **name)
{
  g_set_str (name, kl_user_get_name (user));
}

static void
on_reaction (KlCalls *calls, const char *peer, const char *emoji, char **text)
{
  g_free (*text);
  *text = g_strconcat (peer, " ", emoji, NULL);
}

/* ── Tests ── */

static void
test_check (CallingFixture *self, gconstpointer unused)
{
  KlCalls *calls = self->aroha.calls;
  KlPublisher *publisher;

  kl_calls_check (calls, self->aroha.group);
  g_assert_cmpint (kl_calls_get_state (calls), ==, KL_CALLS_CHECKING);
  publisher = kl_call_get_publisher (kl_calls_get_call (calls));
  /* A preview, and a meter that moves; nobody knows of it. */
  kl_test_wait_until (kl_video_feed_get_frames (kl_publisher_get_feed (publisher)) > 3);
  kl_test_wait_until (kl_publisher_get_level (publisher) > 0 && kl_calls_get_speaking (calls));
  g_assert_null (kl_group_get_call (self->aroha.group));
  g_assert_null (kl_calls_get_peer (calls));
  g_assert_false (kl_calls_get_warned (calls));

  kl_calls_set_camera_on (calls, FALSE);
  g_assert_false (kl_calls_get_camera_on (calls));
  kl_calls_set_microphone_on (calls, FALSE);
  g_assert_false (kl_calls_get_microphone_on (calls));
  kl_test_wait_until (!kl_calls_get_speaking (calls));

  kl_calls_join (calls);
  g_assert_cmpint (kl_calls_get_state (calls), ==, KL_CALLS_JOINING);
  calling_await_state (calls, KL_CALLS_RUNNING);
  g_assert_true (kl_calls_get_warned (calls));
  g_assert_cmpint (kl_calls_get_started_at (calls), >, 0);
  /* What was switched off before stays so for the others. */
  kl_test_wait_until (kl_group_get_call (self->ben.group) != NULL);
  KlGroupCallPeer *peer
      = kl_group_call_find_peer (kl_group_get_call (self->ben.group), kl_calls_get_peer (calls));
  g_assert_nonnull (peer);
  g_assert_false (kl_group_call_peer_get_audio (peer));
  g_assert_false (kl_group_call_peer_get_video (peer));
  kl_calls_set_camera_on (calls, TRUE);
  kl_test_wait_until (kl_group_call_peer_get_video (peer));

  kl_calls_leave (calls);
  g_assert_cmpint (kl_calls_get_state (calls), ==, KL_CALLS_IDLE);
  g_assert_null (kl_calls_get_call (calls));
  kl_test_wait_until (kl_group_get_call (self->ben.group) == NULL);
}

static void
test_two (CallingFixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls, *b = self->ben.calls;
  g_autofree char *arrived = NULL, *departed = NULL, *seen = NULL, *own = NULL;

  g_signal_connect (a, "arrived", G_CALLBACK (on_person), &arrived);
  g_signal_connect (a, "departed", G_CALLBACK (on_person), &departed);
  g_signal_connect (a, "reaction", G_CALLBACK (on_reaction), &seen);
  g_signal_connect (b, "reaction", G_CALLBACK (on_reaction), &own);
  calling_begin_call (self);
  calling_await_media (self);
  g_assert_cmpstr (arrived, ==, "ben");
  g_assert_cmpstr (kl_user_get_name (kl_calls_get_person (a, kl_call_peer_get_user (calling_other (a)))), ==, "ben");
  g_assert_cmpint (kl_calls_get_started_at (a), ==, kl_calls_get_started_at (b));
  kl_test_wait_until (kl_group_get_call (self->aroha.group) != NULL
                      && kl_group_call_get_n_people (kl_group_get_call (self->aroha.group)) == 2);
  g_assert_true (kl_group_call_get_joined_here (kl_group_get_call (self->aroha.group)));
  g_assert_false (kl_group_call_get_joined_elsewhere (kl_group_get_call (self->aroha.group)));

  kl_calls_set_microphone_on (b, FALSE);
  kl_test_wait_until (!kl_call_peer_get_audio (calling_other (a)) && kl_call_peer_get_video (calling_other (a)));
  kl_calls_set_camera_on (b, FALSE);
  kl_test_wait_until (!kl_call_peer_get_video (calling_other (a)));
  kl_calls_set_hand (b, TRUE);
  kl_test_wait_until (kl_call_peer_get_hand (calling_other (a)));
  kl_calls_set_microphone_on (b, TRUE);
  kl_test_wait_until (kl_call_peer_get_audio (calling_other (a)) && kl_call_peer_get_hand (calling_other (a)));

  /* A screen takes the camera's place, and gives it back. */
  kl_calls_set_camera_on (b, TRUE);
  g_autoptr (KlMediaSource) screen = kl_media_source_new_test_screen ("smpte");
  kl_calls_take_screen (b, screen);
  g_assert_true (kl_calls_get_screen_on (b) && kl_calls_get_camera_on (b));
  kl_test_wait_until (kl_call_peer_get_screen (calling_other (a)));
  kl_calls_stop_sharing (b);
  g_assert_true (!kl_calls_get_screen_on (b) && kl_calls_get_camera_on (b));
  kl_test_wait_until (!kl_call_peer_get_screen (calling_other (a)) && kl_call_peer_get_video (calling_other (a)));
  calling_await_media (self);

  kl_calls_react (b, "🎉");
  kl_test_wait_until (seen != NULL);
  g_assert_cmpstr (seen, ==, own);
  g_assert_true (g_str_has_prefix (seen, kl_calls_get_peer (b)) && g_str_has_suffix (seen, "🎉"));

  kl_calls_leave (b);
  kl_test_wait_until (departed != NULL && calling_other (a) == NULL);
  g_assert_cmpstr (departed, ==, "ben");
  kl_test_wait_until (kl_group_call_get_n_people (kl_group_get_call (self->ben.group)) == 1);
  kl_calls_leave (a);
  kl_test_wait_until (kl_group_get_call (self->ben.group) == NULL);
}

static void
ring (KlCalls *calls)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_calls_ring_async (calls, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_calls_ring_finish (calls, result, &error));
  g_assert_no_error (error);
}

static void
set_dnd (KlSession *session, gboolean dnd)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_session_set_status_async (session, dnd, NULL, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_session_set_status_finish (session, result, NULL));
}

static void
test_ring (CallingFixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls, *b = self->ben.calls;
  g_autofree char *declined = NULL;
  CallingPerson phone = { 0 };

  calling_person_begin (&phone, kl_live_sign_in (self->server, "ben"), 880);
  phone.group = g_object_ref (
      kl_group_list_get (kl_session_get_groups (phone.session), kl_group_get_id (self->ben.group)));
  g_signal_connect (a, "declined", G_CALLBACK (on_person), &declined);
  kl_calls_join_group (a, self->aroha.group, FALSE);
  calling_await_state (a, KL_CALLS_RUNNING);
  g_assert_false (kl_calls_get_camera_on (a));

  ring (a);
  kl_test_wait_until (kl_calls_get_ring (b) != NULL && kl_calls_get_ring (phone.calls) != NULL);
  g_assert_true (kl_ring_get_group (kl_calls_get_ring (b)) == self->ben.group);
  kl_test_wait_until (g_str_equal (kl_user_get_name (kl_ring_get_by (kl_calls_get_ring (b))), "aroha"));
  g_assert_null (kl_calls_get_ring (a));
  g_assert_true (kl_calls_find_ring (b, kl_ring_get_call (kl_calls_get_ring (b))) == kl_calls_get_ring (b));

  /* Not to be disturbed: by oneself, and by the desktop. It rings on, unseen. */
  set_dnd (self->ben.session, TRUE);
  kl_test_wait_until (kl_calls_get_ring (b) == NULL && kl_calls_get_ring (phone.calls) == NULL);
  g_assert_cmpuint (n_items (kl_session_get_rings (self->ben.session)), ==, 1);
  set_dnd (self->ben.session, FALSE);
  kl_test_wait_until (kl_calls_get_ring (b) != NULL && kl_calls_get_ring (phone.calls) != NULL);
  g_object_set (b, "quiet", TRUE, NULL);
  g_assert_null (kl_calls_get_ring (b));
  g_object_set (b, "quiet", FALSE, NULL);
  g_assert_nonnull (kl_calls_get_ring (b));

  /* Declined on one device is declined on all, and the caller learns it. */
  kl_calls_decline (b, kl_calls_get_ring (b));
  g_assert_null (kl_calls_get_ring (b));
  kl_test_wait_until (kl_calls_get_ring (phone.calls) == NULL && declined != NULL);
  g_assert_cmpstr (declined, ==, "ben");

  /* Answered on one, it stops on the other. */
  ring (a);
  kl_test_wait_until (kl_calls_get_ring (b) != NULL && kl_calls_get_ring (phone.calls) != NULL);
  kl_calls_answer (phone.calls, kl_calls_get_ring (phone.calls), FALSE);
  g_assert_null (kl_calls_get_ring (phone.calls));
  calling_await_state (phone.calls, KL_CALLS_RUNNING);
  kl_test_wait_until (kl_calls_get_ring (b) == NULL);
  kl_test_wait_until (kl_group_call_get_joined_elsewhere (kl_group_get_call (self->ben.group)));
  g_assert_false (kl_group_call_get_joined_here (kl_group_get_call (self->ben.group)));
  kl_test_wait_until (calling_is_connected (a) && calling_is_connected (phone.calls));
  calling_person_end (&phone);

  /* It ends with the call. */
  kl_test_wait_until (calling_other (a) == NULL
                      && !kl_group_call_get_joined_elsewhere (kl_group_get_call (self->ben.group)));
  ring (a);
  kl_test_wait_until (kl_calls_get_ring (b) != NULL);
  kl_calls_leave (a);
  kl_test_wait_until (kl_calls_get_ring (b) == NULL);
}

/* The server dies and comes back: media does not notice, and signalling goes on under the same names. */
static void
test_restart (CallingFixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls, *b = self->ben.calls;
  KlCallStats stats;

  calling_begin_call (self);
  calling_await_media (self);
  g_autoptr (KlCallPeer) ben = g_object_ref (calling_other (a));
  g_autofree char *peer = g_strdup (kl_calls_get_peer (a));
  gint64 started_at = kl_calls_get_started_at (a);

  kl_live_server_kill (self->server);
  calling_await_state (a, KL_CALLS_RECONNECTING);
  calling_await_state (b, KL_CALLS_RECONNECTING);
  g_assert_null (kl_group_get_call (self->aroha.group));
  calling_await_media (self);
  kl_calls_set_microphone_on (b, FALSE);
  g_assert_true (kl_call_peer_get_audio (ben));
  kl_live_server_start (self->server);
  kl_session_retry_now (self->aroha.session);
  kl_session_retry_now (self->ben.session);
  calling_await_state (a, KL_CALLS_RUNNING);
  calling_await_state (b, KL_CALLS_RUNNING);
  g_assert_cmpstr (kl_calls_get_peer (a), ==, peer);
  g_assert_cmpint (kl_calls_get_started_at (a), ==, started_at);
  g_assert_true (calling_other (a) == ben);
  kl_test_wait_until (!kl_call_peer_get_audio (ben));
  calling_await_media (self);
  kl_call_peer_get_stats (ben, &stats);
  g_assert_cmpuint (stats.connections, ==, 1);
  kl_test_wait_until (kl_group_get_call (self->aroha.group) != NULL
                      && kl_group_call_get_n_people (kl_group_get_call (self->aroha.group)) == 2);
  g_assert_true (kl_group_call_get_joined_here (kl_group_get_call (self->aroha.group)));

  kl_calls_leave (b);
  kl_test_wait_until (calling_other (a) == NULL);
}

/* A sync that fails costs the connection, not the call: nobody leaves it, media goes on, and so do signals. */
static void
test_given_up (CallingFixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls, *b = self->ben.calls;
  g_autofree char *departed = NULL;
  KlCallStats stats;

  calling_begin_call (self);
  calling_await_media (self);
  g_autoptr (KlCallPeer) aroha = g_object_ref (calling_other (b));
  g_autofree char *peer = g_strdup (kl_calls_get_peer (a));
  g_signal_connect (b, "departed", G_CALLBACK (on_person), &departed);

  kl_connection_give_up (self->aroha.session->connection);
  g_assert_cmpint (kl_calls_get_state (a), ==, KL_CALLS_RECONNECTING);
  kl_calls_set_microphone_on (a, FALSE);
  calling_await_media (self);
  kl_session_retry_now (self->aroha.session);
  calling_await_state (a, KL_CALLS_RUNNING);
  g_assert_cmpstr (kl_calls_get_peer (a), ==, peer);
  kl_test_wait_until (!kl_call_peer_get_audio (aroha));
  calling_await_media (self);
  g_assert_true (calling_other (b) == aroha);
  g_assert_null (departed);
  g_signal_handlers_disconnect_by_data (b, &departed);
  kl_call_peer_get_stats (aroha, &stats);
  g_assert_cmpuint (stats.connections, ==, 1);
}

/* Another device of Aroha's, on a line that can be broken. */
static KlTestRelay *
tablet_begin (CallingFixture *self, CallingPerson *tablet)
{
  guint16 port = (guint16) atoi (strrchr (self->server->url, ':') + 1);
  KlTestRelay *relay = kl_test_relay_new (port);
  g_autofree char *url = g_strdup (self->server->url);

  g_free (self->server->url);
  self->server->url = g_strdup_printf ("http://127.0.0.1:%u", kl_test_relay_get_port (relay));
  calling_person_begin (tablet, kl_live_sign_in (self->server, "aroha"), 550);
  g_set_str (&self->server->url, url);
  tablet->group = g_object_ref (
      kl_group_list_get (kl_session_get_groups (tablet->session), kl_group_get_id (self->aroha.group)));
  return relay;
}

/* One's line is broken while another comes: what that one says waits, and is taken when the line is back. */
static void
test_broken_line (CallingFixture *self, gconstpointer unused)
{
  CallingPerson tablet = { 0 };
  KlTestRelay *relay = tablet_begin (self, &tablet);

  kl_calls_join_group (tablet.calls, tablet.group, TRUE);
  calling_await_state (tablet.calls, KL_CALLS_RUNNING);
  g_autofree char *peer = g_strdup (kl_calls_get_peer (tablet.calls));

  /* Nothing gets through, and then the line is gone. */
  kl_test_relay_set_budget (relay, 0);
  kl_test_relay_cut (relay);
  calling_await_state (tablet.calls, KL_CALLS_RECONNECTING);
  kl_test_wait_until (kl_group_get_call (self->ben.group) != NULL);
  kl_calls_join_group (self->ben.calls, self->ben.group, TRUE);
  calling_await_state (self->ben.calls, KL_CALLS_RUNNING);
  kl_test_wait_until (calling_other (self->ben.calls) != NULL);
  g_assert_null (calling_other (tablet.calls));
  kl_test_relay_set_budget (relay, -1);
  kl_session_retry_now (tablet.session);
  calling_await_state (tablet.calls, KL_CALLS_RUNNING);
  g_assert_cmpstr (kl_calls_get_peer (tablet.calls), ==, peer);
  kl_test_wait_until (calling_is_connected (tablet.calls) && calling_is_connected (self->ben.calls));
  kl_test_wait_until (calling_frames (tablet.calls) > 3 && calling_frames (self->ben.calls) > 3);

  calling_person_end (&tablet);
  kl_test_relay_free (relay);
}

static const char *const grace[] = { "KLATCH_CALLS_GRACE_MS=100", NULL };

/* Away for longer than the place is kept: it is taken anew, and so are the connections. */
static void
test_place_lost (CallingFixture *self, gconstpointer unused)
{
  CallingPerson tablet = { 0 };
  KlTestRelay *relay = tablet_begin (self, &tablet);

  kl_calls_join_group (self->ben.calls, self->ben.group, TRUE);
  calling_await_state (self->ben.calls, KL_CALLS_RUNNING);
  kl_calls_join_group (tablet.calls, tablet.group, TRUE);
  calling_await_state (tablet.calls, KL_CALLS_RUNNING);
  kl_test_wait_until (calling_is_connected (tablet.calls) && calling_is_connected (self->ben.calls));

  kl_test_relay_set_budget (relay, 0);
  kl_test_relay_cut (relay);
  kl_test_wait_until (calling_other (self->ben.calls) == NULL);
  kl_test_relay_set_budget (relay, -1);
  kl_session_retry_now (tablet.session);
  calling_await_state (tablet.calls, KL_CALLS_RUNNING);
  kl_test_wait_until (calling_is_connected (tablet.calls) && calling_is_connected (self->ben.calls));
  guint seen = calling_frames (self->ben.calls);
  kl_test_wait_until (calling_frames (self->ben.calls) > seen + 3);

  calling_person_end (&tablet);
  kl_test_relay_free (relay);
}

static const char *const one_peer[] = { "KLATCH_CALLS_MESH_LIMIT=1", NULL };

static void
test_full (CallingFixture *self, gconstpointer unused)
{
  KlCalls *b = self->ben.calls;

  kl_calls_join_group (self->aroha.calls, self->aroha.group, FALSE);
  calling_await_state (self->aroha.calls, KL_CALLS_RUNNING);
  kl_calls_check (b, self->ben.group);
  kl_calls_join (b);
  kl_test_wait_until (kl_calls_get_state (b) != KL_CALLS_JOINING);
  /* Back at the check, which goes on. */
  g_assert_cmpint (kl_calls_get_state (b), ==, KL_CALLS_CHECKING);
  g_assert_error (kl_calls_get_error (b), KL_CORE_ERROR, KL_CORE_ERROR_CONFLICT);
  g_assert_cmpstr (kl_error_get_field (kl_calls_get_error (b)), ==, "mesh");
  g_assert_nonnull (kl_calls_get_call (b));
  kl_calls_leave (b);
  g_assert_null (kl_calls_get_error (b));

  kl_calls_join_group (b, self->ben.group, FALSE);
  calling_await_state (b, KL_CALLS_ENDED);
  g_assert_error (kl_calls_get_error (b), KL_CORE_ERROR, KL_CORE_ERROR_CONFLICT);
  g_assert_null (kl_calls_get_call (b));
  kl_calls_dismiss (b);
  g_assert_cmpint (kl_calls_get_state (b), ==, KL_CALLS_IDLE);

  kl_calls_leave (self->aroha.calls);
  kl_test_wait_until (kl_group_get_call (self->ben.group) == NULL);
  kl_calls_join_group (b, self->ben.group, FALSE);
  calling_await_state (b, KL_CALLS_RUNNING);
}

static void
test_removed (CallingFixture *self, gconstpointer unused)
{
  g_autofree char *request = NULL, *answer = NULL;

  calling_begin_call (self);
  calling_await_media (self);
  request = g_strdup_printf ("{\"group\":\"%s\",\"user\":\"%s\"}", kl_group_get_id (self->aroha.group),
                             kl_account_get_user_id (self->ben.account));
  answer = kl_live_emit (self->aroha.session, "group:remove", request);
  calling_await_state (self->ben.calls, KL_CALLS_ENDED);
  g_assert_error (kl_calls_get_error (self->ben.calls), KL_CALLS_ERROR, KL_CALLS_ERROR_REMOVED);
  kl_test_wait_until (calling_other (self->aroha.calls) == NULL);
}

/* Without a connection one does not get in, and is told so; leaving while the answer is under way gives the place back. */
static void
test_in_vain (CallingFixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls;

  kl_calls_join_group (a, self->aroha.group, FALSE);
  g_assert_cmpint (kl_calls_get_state (a), ==, KL_CALLS_JOINING);
  kl_calls_leave (a);
  g_assert_cmpint (kl_calls_get_state (a), ==, KL_CALLS_IDLE);
  kl_test_wait_until (G_OBJECT (a)->ref_count == 1);
  /* The server has taken the leaving after the joining: another's answer comes behind it. */
  g_autofree char *answer = kl_live_emit (self->ben.session, "call:join", "{}");
  kl_test_wait_until (kl_group_get_call (self->ben.group) == NULL);

  kl_live_server_kill (self->server);
  kl_test_wait_until (kl_session_get_state (self->aroha.session) != KL_CONNECTION_STATE_ONLINE);
  kl_calls_check (a, self->aroha.group);
  kl_calls_join (a);
  kl_test_wait_until (kl_calls_get_state (a) != KL_CALLS_JOINING);
  g_assert_cmpint (kl_calls_get_state (a), ==, KL_CALLS_CHECKING);
  g_assert_error (kl_calls_get_error (a), KL_CORE_ERROR, KL_CORE_ERROR_OFFLINE);
  kl_live_server_start (self->server);
  kl_session_retry_now (self->aroha.session);
  kl_live_await_state (self->aroha.session, KL_CONNECTION_STATE_ONLINE);
  kl_calls_join (a);
  calling_await_state (a, KL_CALLS_RUNNING);
}

/* A machine without a camera and a microphone can join, and knows it. */
static void
test_nothing_to_send (CallingFixture *self, gconstpointer unused)
{
  KlCalls *b = self->ben.calls;
  KlMediaDevices *devices = kl_calls_get_devices (b);

  g_object_set (b, "microphone", NULL, "camera", NULL, NULL);
  if (n_items (kl_media_devices_get_cameras (devices)) > 0 || n_items (kl_media_devices_get_microphones (devices)) > 0)
    {
      g_test_skip ("this machine has devices");
      return;
    }
  kl_calls_join_group (self->aroha.calls, self->aroha.group, TRUE);
  calling_await_state (self->aroha.calls, KL_CALLS_RUNNING);
  kl_calls_join_group (b, self->ben.group, TRUE);
  calling_await_state (b, KL_CALLS_RUNNING);
  kl_test_wait_until (kl_calls_get_trouble (b, KL_MEDIA_AUDIO) == KL_CALLS_TROUBLE_MISSING
                      && kl_calls_get_trouble (b, KL_MEDIA_VIDEO) == KL_CALLS_TROUBLE_MISSING);
  g_assert_false (kl_calls_get_microphone_on (b));
  g_assert_false (kl_calls_get_camera_on (b));
  kl_test_wait_until (calling_is_connected (b) && calling_frames (b) > 3);
  g_assert_false (kl_call_peer_get_audio (calling_other (self->aroha.calls)));
}

int
main (int argc, char *argv[])
{
  calling_init (&argc, &argv);

#define TEST(name, function, settings) \
  g_test_add (name, CallingFixture, settings, calling_set_up, function, calling_tear_down)
  TEST ("/calling/check", test_check, NULL);
  TEST ("/calling/two", test_two, NULL);
  TEST ("/calling/ring", test_ring, NULL);
  TEST ("/calling/restart", test_restart, NULL);
  TEST ("/calling/given-up", test_given_up, NULL);
  TEST ("/calling/broken-line", test_broken_line, NULL);
  TEST ("/calling/place-lost", test_place_lost, grace);
  TEST ("/calling/full", test_full, one_peer);
  TEST ("/calling/removed", test_removed, NULL);
  TEST ("/calling/in-vain", test_in_vain, NULL);
  TEST ("/calling/nothing-to-send", test_nothing_to_send, NULL);
#undef TEST
  return calling_run ();
}
