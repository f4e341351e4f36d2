/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two people on a real server, in a call with real media from test sources, on loopback. */
#include "app/calling/kl-calls.h"
#include "app/core/kl-session-private.h"
#include "tests/app/calling/fake-portal.h"
#include "tests/app/core/kl-live.h"
#include "tests/kit/kl-test-relay.h"
#include "tests/kit/kl-test.h"

#include <string.h>

typedef struct
{
  char *folder;
  KlAccount *account;
  KlSession *session;
  KlCalls *calls;
  KlGroup *group;
} Person;

typedef struct
{
  KlLiveServer *server;
  Person aroha;
  Person ben;
} Fixture;

static KlCalls *
make_calls (KlSession *session)
{
  return g_object_new (KL_TYPE_CALLS, "session", session, "local-address", "127.0.0.1", "silent", TRUE,
                       "large", FALSE, "voice-processing", FALSE, NULL);
}

static void
give_sources (KlCalls *calls, guint frequency_hz)
{
  g_autoptr (KlMediaSource) microphone = kl_media_source_new_test_audio (frequency_hz);
  g_autoptr (KlMediaSource) camera = kl_media_source_new_test_video ("ball");

  g_object_set (calls, "microphone", microphone, "camera", camera, NULL);
}

static void
person_begin (Person *self, KlAccount *account, guint frequency_hz)
{
  self->folder = kl_test_dir_new ();
  self->account = account;
  self->session = kl_live_session (account, self->folder);
  self->calls = make_calls (self->session);
  give_sources (self->calls, frequency_hz);
}

static void
person_end (Person *self)
{
  kl_calls_leave (self->calls);
  /* An answer that is under way holds it. */
  kl_test_wait_until (G_OBJECT (self->calls)->ref_count == 1);
  kl_test_finalize (self->calls);
  g_clear_object (&self->group);
  kl_live_session_end (self->session);
  kl_test_finalize (self->account);
  kl_test_dir_remove (self->folder);
  g_free (self->folder);
}

static void
set_up (Fixture *self, gconstpointer settings)
{
  self->server = kl_live_server_new (settings);
  person_begin (&self->aroha, kl_live_register (self->server, "aroha"), 440);
  person_begin (&self->ben, kl_live_register (self->server, "ben"), 660);
  self->aroha.group = kl_live_create (self->aroha.session, "Ridge Hut Crew", KL_VISIBILITY_PUBLIC);
  self->ben.group = kl_live_join (self->ben.session, self->aroha.group);
}

static void
tear_down (Fixture *self, gconstpointer settings)
{
  person_end (&self->aroha);
  person_end (&self->ben);
  kl_live_server_free (self->server);
}

/* ── What is waited for ── */

static guint
n_items (GListModel *list)
{
  return g_list_model_get_n_items (list);
}

static void
await_state (KlCalls *calls, KlCallsState state)
{
  kl_test_wait_until (kl_calls_get_state (calls) == state);
}

/* The only other one in the call; lent, or NULL. */
static KlCallPeer *
other (KlCalls *calls)
{
  g_autoptr (KlCallPeer) peer = NULL;

  if (kl_calls_get_call (calls) != NULL && n_items (kl_call_get_peers (kl_calls_get_call (calls))) == 1)
    peer = g_list_model_get_item (kl_call_get_peers (kl_calls_get_call (calls)), 0);
  return peer;
}

static guint
frames (KlCalls *calls)
{
  KlCallPeer *peer = other (calls);

  return peer != NULL ? kl_video_feed_get_frames (kl_call_peer_get_feed (peer)) : 0;
}

static guint
own_frames (KlCalls *calls)
{
  KlCall *call = kl_calls_get_call (calls);

  return call != NULL ? kl_video_feed_get_frames (kl_publisher_get_feed (kl_call_get_publisher (call))) : 0;
}

static gboolean
is_connected (KlCalls *calls)
{
  KlCallPeer *peer = other (calls);

  return peer != NULL && kl_call_peer_get_state (peer) == KL_CALL_PEER_CONNECTED;
}

static void
await_media (Fixture *self)
{
  guint at_aroha = frames (self->aroha.calls), at_ben = frames (self->ben.calls);

  kl_test_wait_until (is_connected (self->aroha.calls) && is_connected (self->ben.calls));
  gint64 end = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;
  while (frames (self->aroha.calls) <= at_aroha + 5 || frames (self->ben.calls) <= at_ben + 5)
    {
      g_autofree char *what
          = g_strdup_printf ("pictures: %u at aroha’s, %u at ben’s, after %u and %u; their own: %u and %u",
                             frames (self->aroha.calls), frames (self->ben.calls), at_aroha, at_ben,
                             own_frames (self->aroha.calls), own_frames (self->ben.calls));
      kl_test_iterate (end, G_STRLOC, what);
    }
}

static void
begin_call (Fixture *self)
{
  kl_calls_join_group (self->aroha.calls, self->aroha.group, TRUE);
  await_state (self->aroha.calls, KL_CALLS_RUNNING);
  kl_test_wait_until (kl_group_get_call (self->ben.group) != NULL);
  kl_calls_join_group (self->ben.calls, self->ben.group, TRUE);
  await_state (self->ben.calls, KL_CALLS_RUNNING);
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
test_check (Fixture *self, gconstpointer unused)
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
  await_state (calls, KL_CALLS_RUNNING);
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
test_two (Fixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls, *b = self->ben.calls;
  g_autofree char *arrived = NULL, *departed = NULL, *seen = NULL, *own = NULL;

  g_signal_connect (a, "arrived", G_CALLBACK (on_person), &arrived);
  g_signal_connect (a, "departed", G_CALLBACK (on_person), &departed);
  g_signal_connect (a, "reaction", G_CALLBACK (on_reaction), &seen);
  g_signal_connect (b, "reaction", G_CALLBACK (on_reaction), &own);
  begin_call (self);
  await_media (self);
  g_assert_cmpstr (arrived, ==, "ben");
  g_assert_cmpstr (kl_user_get_name (kl_calls_get_person (a, kl_call_peer_get_user (other (a)))), ==, "ben");
  g_assert_cmpint (kl_calls_get_started_at (a), ==, kl_calls_get_started_at (b));
  kl_test_wait_until (kl_group_get_call (self->aroha.group) != NULL
                      && kl_group_call_get_n_people (kl_group_get_call (self->aroha.group)) == 2);
  g_assert_true (kl_group_call_get_joined_here (kl_group_get_call (self->aroha.group)));
  g_assert_false (kl_group_call_get_joined_elsewhere (kl_group_get_call (self->aroha.group)));

  kl_calls_set_microphone_on (b, FALSE);
  kl_test_wait_until (!kl_call_peer_get_audio (other (a)) && kl_call_peer_get_video (other (a)));
  kl_calls_set_camera_on (b, FALSE);
  kl_test_wait_until (!kl_call_peer_get_video (other (a)));
  kl_calls_set_hand (b, TRUE);
  kl_test_wait_until (kl_call_peer_get_hand (other (a)));
  kl_calls_set_microphone_on (b, TRUE);
  kl_test_wait_until (kl_call_peer_get_audio (other (a)) && kl_call_peer_get_hand (other (a)));

  /* A screen takes the camera's place, and gives it back. */
  kl_calls_set_camera_on (b, TRUE);
  g_autoptr (KlMediaSource) screen = kl_media_source_new_test_screen ("smpte");
  kl_calls_take_screen (b, screen);
  g_assert_true (kl_calls_get_screen_on (b) && kl_calls_get_camera_on (b));
  kl_test_wait_until (kl_call_peer_get_screen (other (a)));
  kl_calls_stop_sharing (b);
  g_assert_true (!kl_calls_get_screen_on (b) && kl_calls_get_camera_on (b));
  kl_test_wait_until (!kl_call_peer_get_screen (other (a)) && kl_call_peer_get_video (other (a)));
  await_media (self);

  kl_calls_react (b, "🎉");
  kl_test_wait_until (seen != NULL);
  g_assert_cmpstr (seen, ==, own);
  g_assert_true (g_str_has_prefix (seen, kl_calls_get_peer (b)) && g_str_has_suffix (seen, "🎉"));

  kl_calls_leave (b);
  kl_test_wait_until (departed != NULL && other (a) == NULL);
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
test_ring (Fixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls, *b = self->ben.calls;
  g_autofree char *declined = NULL;
  Person phone = { 0 };

  person_begin (&phone, kl_live_sign_in (self->server, "ben"), 880);
  phone.group = g_object_ref (
      kl_group_list_get (kl_session_get_groups (phone.session), kl_group_get_id (self->ben.group)));
  g_signal_connect (a, "declined", G_CALLBACK (on_person), &declined);
  kl_calls_join_group (a, self->aroha.group, FALSE);
  await_state (a, KL_CALLS_RUNNING);
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
  await_state (phone.calls, KL_CALLS_RUNNING);
  kl_test_wait_until (kl_calls_get_ring (b) == NULL);
  kl_test_wait_until (kl_group_call_get_joined_elsewhere (kl_group_get_call (self->ben.group)));
  g_assert_false (kl_group_call_get_joined_here (kl_group_get_call (self->ben.group)));
  kl_test_wait_until (is_connected (a) && is_connected (phone.calls));
  person_end (&phone);

  /* It ends with the call. */
  kl_test_wait_until (other (a) == NULL && !kl_group_call_get_joined_elsewhere (kl_group_get_call (self->ben.group)));
  ring (a);
  kl_test_wait_until (kl_calls_get_ring (b) != NULL);
  kl_calls_leave (a);
  kl_test_wait_until (kl_calls_get_ring (b) == NULL);
}

/* The server dies and comes back: media does not notice, and signalling goes on under the same names. */
static void
test_restart (Fixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls, *b = self->ben.calls;
  KlCallStats stats;

  begin_call (self);
  await_media (self);
  g_autoptr (KlCallPeer) ben = g_object_ref (other (a));
  g_autofree char *peer = g_strdup (kl_calls_get_peer (a));
  gint64 started_at = kl_calls_get_started_at (a);

  kl_live_server_kill (self->server);
  await_state (a, KL_CALLS_RECONNECTING);
  await_state (b, KL_CALLS_RECONNECTING);
  g_assert_null (kl_group_get_call (self->aroha.group));
  await_media (self);
  kl_calls_set_microphone_on (b, FALSE);
  g_assert_true (kl_call_peer_get_audio (ben));
  kl_live_server_start (self->server);
  kl_session_retry_now (self->aroha.session);
  kl_session_retry_now (self->ben.session);
  await_state (a, KL_CALLS_RUNNING);
  await_state (b, KL_CALLS_RUNNING);
  g_assert_cmpstr (kl_calls_get_peer (a), ==, peer);
  g_assert_cmpint (kl_calls_get_started_at (a), ==, started_at);
  g_assert_true (other (a) == ben);
  kl_test_wait_until (!kl_call_peer_get_audio (ben));
  await_media (self);
  kl_call_peer_get_stats (ben, &stats);
  g_assert_cmpuint (stats.connections, ==, 1);
  kl_test_wait_until (kl_group_get_call (self->aroha.group) != NULL
                      && kl_group_call_get_n_people (kl_group_get_call (self->aroha.group)) == 2);
  g_assert_true (kl_group_call_get_joined_here (kl_group_get_call (self->aroha.group)));

  kl_calls_leave (b);
  kl_test_wait_until (other (a) == NULL);
}

/* A sync that fails costs the connection, not the call: nobody leaves it, media goes on, and so do signals. */
static void
test_given_up (Fixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls, *b = self->ben.calls;
  g_autofree char *departed = NULL;
  KlCallStats stats;

  begin_call (self);
  await_media (self);
  g_autoptr (KlCallPeer) aroha = g_object_ref (other (b));
  g_autofree char *peer = g_strdup (kl_calls_get_peer (a));
  g_signal_connect (b, "departed", G_CALLBACK (on_person), &departed);

  kl_connection_give_up (self->aroha.session->connection);
  g_assert_cmpint (kl_calls_get_state (a), ==, KL_CALLS_RECONNECTING);
  kl_calls_set_microphone_on (a, FALSE);
  await_media (self);
  kl_session_retry_now (self->aroha.session);
  await_state (a, KL_CALLS_RUNNING);
  g_assert_cmpstr (kl_calls_get_peer (a), ==, peer);
  kl_test_wait_until (!kl_call_peer_get_audio (aroha));
  await_media (self);
  g_assert_true (other (b) == aroha);
  g_assert_null (departed);
  g_signal_handlers_disconnect_by_data (b, &departed);
  kl_call_peer_get_stats (aroha, &stats);
  g_assert_cmpuint (stats.connections, ==, 1);
}

/* Another device of Aroha's, on a line that can be broken. */
static KlTestRelay *
tablet_begin (Fixture *self, Person *tablet)
{
  guint16 port = (guint16) atoi (strrchr (self->server->url, ':') + 1);
  KlTestRelay *relay = kl_test_relay_new (port);
  g_autofree char *url = g_strdup (self->server->url);

  g_free (self->server->url);
  self->server->url = g_strdup_printf ("http://127.0.0.1:%u", kl_test_relay_get_port (relay));
  person_begin (tablet, kl_live_sign_in (self->server, "aroha"), 550);
  g_set_str (&self->server->url, url);
  tablet->group = g_object_ref (
      kl_group_list_get (kl_session_get_groups (tablet->session), kl_group_get_id (self->aroha.group)));
  return relay;
}

/* One's line is broken while another comes: what that one says waits, and is taken when the line is back. */
static void
test_broken_line (Fixture *self, gconstpointer unused)
{
  Person tablet = { 0 };
  KlTestRelay *relay = tablet_begin (self, &tablet);

  kl_calls_join_group (tablet.calls, tablet.group, TRUE);
  await_state (tablet.calls, KL_CALLS_RUNNING);
  g_autofree char *peer = g_strdup (kl_calls_get_peer (tablet.calls));

  /* Nothing gets through, and then the line is gone. */
  kl_test_relay_set_budget (relay, 0);
  kl_test_relay_cut (relay);
  await_state (tablet.calls, KL_CALLS_RECONNECTING);
  kl_test_wait_until (kl_group_get_call (self->ben.group) != NULL);
  kl_calls_join_group (self->ben.calls, self->ben.group, TRUE);
  await_state (self->ben.calls, KL_CALLS_RUNNING);
  kl_test_wait_until (other (self->ben.calls) != NULL);
  g_assert_null (other (tablet.calls));
  kl_test_relay_set_budget (relay, -1);
  kl_session_retry_now (tablet.session);
  await_state (tablet.calls, KL_CALLS_RUNNING);
  g_assert_cmpstr (kl_calls_get_peer (tablet.calls), ==, peer);
  kl_test_wait_until (is_connected (tablet.calls) && is_connected (self->ben.calls));
  kl_test_wait_until (frames (tablet.calls) > 3 && frames (self->ben.calls) > 3);

  person_end (&tablet);
  kl_test_relay_free (relay);
}

static const char *const grace[] = { "KLATCH_CALLS_GRACE_MS=100", NULL };

/* Away for longer than the place is kept: it is taken anew, and so are the connections. */
static void
test_place_lost (Fixture *self, gconstpointer unused)
{
  Person tablet = { 0 };
  KlTestRelay *relay = tablet_begin (self, &tablet);

  kl_calls_join_group (self->ben.calls, self->ben.group, TRUE);
  await_state (self->ben.calls, KL_CALLS_RUNNING);
  kl_calls_join_group (tablet.calls, tablet.group, TRUE);
  await_state (tablet.calls, KL_CALLS_RUNNING);
  kl_test_wait_until (is_connected (tablet.calls) && is_connected (self->ben.calls));

  kl_test_relay_set_budget (relay, 0);
  kl_test_relay_cut (relay);
  kl_test_wait_until (other (self->ben.calls) == NULL);
  kl_test_relay_set_budget (relay, -1);
  kl_session_retry_now (tablet.session);
  await_state (tablet.calls, KL_CALLS_RUNNING);
  kl_test_wait_until (is_connected (tablet.calls) && is_connected (self->ben.calls));
  guint seen = frames (self->ben.calls);
  kl_test_wait_until (frames (self->ben.calls) > seen + 3);

  person_end (&tablet);
  kl_test_relay_free (relay);
}

static const char *const one_peer[] = { "KLATCH_CALLS_MESH_LIMIT=1", NULL };

static void
test_full (Fixture *self, gconstpointer unused)
{
  KlCalls *b = self->ben.calls;

  kl_calls_join_group (self->aroha.calls, self->aroha.group, FALSE);
  await_state (self->aroha.calls, KL_CALLS_RUNNING);
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
  await_state (b, KL_CALLS_ENDED);
  g_assert_error (kl_calls_get_error (b), KL_CORE_ERROR, KL_CORE_ERROR_CONFLICT);
  g_assert_null (kl_calls_get_call (b));
  kl_calls_dismiss (b);
  g_assert_cmpint (kl_calls_get_state (b), ==, KL_CALLS_IDLE);

  kl_calls_leave (self->aroha.calls);
  kl_test_wait_until (kl_group_get_call (self->ben.group) == NULL);
  kl_calls_join_group (b, self->ben.group, FALSE);
  await_state (b, KL_CALLS_RUNNING);
}

static void
test_removed (Fixture *self, gconstpointer unused)
{
  g_autofree char *request = NULL, *answer = NULL;

  begin_call (self);
  await_media (self);
  request = g_strdup_printf ("{\"group\":\"%s\",\"user\":\"%s\"}", kl_group_get_id (self->aroha.group),
                             kl_account_get_user_id (self->ben.account));
  answer = kl_live_emit (self->aroha.session, "group:remove", request);
  await_state (self->ben.calls, KL_CALLS_ENDED);
  g_assert_error (kl_calls_get_error (self->ben.calls), KL_CALLS_ERROR, KL_CALLS_ERROR_REMOVED);
  kl_test_wait_until (other (self->aroha.calls) == NULL);
}

/* Without a connection one does not get in, and is told so; leaving while the answer is under way gives the place back. */
static void
test_in_vain (Fixture *self, gconstpointer unused)
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
  await_state (a, KL_CALLS_RUNNING);
}

/* A machine without a camera and a microphone can join, and knows it. */
static void
test_nothing_to_send (Fixture *self, gconstpointer unused)
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
  await_state (self->aroha.calls, KL_CALLS_RUNNING);
  kl_calls_join_group (b, self->ben.group, TRUE);
  await_state (b, KL_CALLS_RUNNING);
  kl_test_wait_until (kl_calls_get_trouble (b, KL_MEDIA_AUDIO) == KL_CALLS_TROUBLE_MISSING
                      && kl_calls_get_trouble (b, KL_MEDIA_VIDEO) == KL_CALLS_TROUBLE_MISSING);
  g_assert_false (kl_calls_get_microphone_on (b));
  g_assert_false (kl_calls_get_camera_on (b));
  kl_test_wait_until (is_connected (b) && frames (b) > 3);
  g_assert_false (kl_call_peer_get_audio (other (self->aroha.calls)));
}

static gboolean
share (KlCalls *calls, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_calls_share_screen_async (calls, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  return kl_calls_share_screen_finish (calls, result, error);
}

/* The desktop gives a screen, refuses, fails, ends it by its own button. The camera is back each time, and each time is
 * asked anew. */
static void
test_share (Fixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls;
  FakePortal *portal = fake_portal_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) late = NULL;

  /* Not in a call there is nothing to share. */
  g_assert_false (share (a, &error));
  g_assert_no_error (error);
  g_assert_cmpint (fake_portal_count_asked (portal), ==, 0);
  begin_call (self);
  await_media (self);

  fake_portal_set_answer (portal, 1);
  g_assert_false (share (a, &error));
  g_assert_no_error (error);
  g_assert_true (kl_calls_get_camera_on (a) && !kl_calls_get_screen_on (a));
  kl_test_wait_until (fake_portal_count_open (portal) == 0);
  fake_portal_set_answer (portal, 2);
  g_assert_false (share (a, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_true (kl_calls_get_camera_on (a) && !kl_calls_get_screen_on (a));

  fake_portal_set_answer (portal, 0);
  g_assert_true (share (a, &error));
  g_assert_no_error (error);
  g_assert_true (kl_calls_get_screen_on (a));
  kl_test_wait_until (kl_call_peer_get_screen (other (self->ben.calls)));
  g_assert_cmpint (fake_portal_count_open (portal), ==, 1);
  fake_portal_end_session (portal);
  kl_test_wait_until (!kl_calls_get_screen_on (a) && kl_calls_get_camera_on (a));
  kl_test_wait_until (!kl_call_peer_get_screen (other (self->ben.calls))
                      && kl_call_peer_get_video (other (self->ben.calls)));
  await_media (self);

  g_assert_true (share (a, &error));
  kl_calls_stop_sharing (a);
  g_assert_false (kl_calls_get_screen_on (a));
  kl_test_wait_until (fake_portal_count_open (portal) == 0);

  g_assert_cmpint (fake_portal_count_asked (portal), ==, 4);

  /* The call ends while the person thinks about it. */
  fake_portal_set_answer (portal, -1);
  kl_calls_share_screen_async (a, NULL, kl_test_keep_result, &late);
  kl_test_wait_until (fake_portal_count_asked (portal) == 5);
  kl_calls_leave (a);
  kl_test_await (&late);
  g_assert_false (kl_calls_share_screen_finish (a, late, &error));
  g_assert_no_error (error);
  kl_test_wait_until (fake_portal_count_open (portal) == 0);
  g_clear_object (&late);
  fake_portal_free (portal);
}

/* What a screen's end may take on a slow machine: PipeWire's own patience is thrice that. */
#define SOON_USEC (10 * G_TIME_SPAN_SECOND)

/* The camera is what Ben sees, since less than SOON_USEC after START_USEC. */
static void
await_camera (Fixture *self, gint64 start_usec)
{
  KlCalls *a = self->aroha.calls;
  KlVideoFeed *own = kl_publisher_get_feed (kl_call_get_publisher (kl_calls_get_call (a)));
  guint seen;

  kl_test_wait_until (!kl_calls_get_screen_on (a) && kl_calls_get_camera_on (a));
  seen = kl_video_feed_get_frames (own);
  kl_test_wait_until (kl_video_feed_get_frames (own) > seen + 3);
  g_test_message ("the camera is back after %" G_GINT64_FORMAT " ms", (g_get_monotonic_time () - start_usec) / 1000);
  g_assert_cmpint (g_get_monotonic_time () - start_usec, <, SOON_USEC);
  await_media (self);
}

/* PipeWire is gone before it has given a picture, says nothing until it goes, or says nothing at all; in the end, what was
 * begun is let go of. */
static void
test_share_in_vain (Fixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls;
  FakePortal *portal = fake_portal_new ();
  g_autoptr (GError) error = NULL;
  gint64 start_usec;

  begin_call (self);
  await_media (self);

  fake_portal_set_remote (portal, FAKE_REMOTE_DEAD);
  g_assert_true (share (a, &error));
  await_camera (self, g_get_monotonic_time ());
  kl_test_wait_until (fake_portal_count_open (portal) == 0);

  fake_portal_set_remote (portal, FAKE_REMOTE_SILENT);
  g_assert_true (share (a, &error));
  fake_portal_close_remote (portal);
  await_camera (self, g_get_monotonic_time ());

  /* The person does not wait for it. */
  g_assert_true (share (a, &error));
  start_usec = g_get_monotonic_time ();
  kl_calls_stop_sharing (a);
  await_camera (self, start_usec);
  kl_test_wait_until (fake_portal_remote_is_gone (portal));

  /* The person does. */
  start_usec = g_get_monotonic_time ();
  g_assert_true (share (a, &error));
  g_assert_true (kl_calls_get_screen_on (a));
  await_camera (self, start_usec);
  kl_test_wait_until (fake_portal_remote_is_gone (portal));

  /* And the call ends in the midst of it. */
  g_assert_true (share (a, &error));
  g_autoptr (KlCall) call = g_object_ref (kl_calls_get_call (a));
  start_usec = g_get_monotonic_time ();
  kl_calls_leave (a);
  kl_test_wait_until (kl_call_get_state (call) == KL_CALL_ENDED);
  g_assert_cmpint (g_get_monotonic_time () - start_usec, <, SOON_USEC);
  kl_test_wait_until (fake_portal_remote_is_gone (portal));
  fake_portal_free (portal);
}

/* The desktop takes its time to open PipeWire's remote: nobody waits for that, and one that comes too late is closed. */
static void
test_share_late (Fixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls;
  FakePortal *portal = fake_portal_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  begin_call (self);
  await_media (self);
  fake_portal_set_remote (portal, FAKE_REMOTE_LATE);
  for (int times = 1; times <= 2; times++)
    {
      kl_calls_share_screen_async (a, NULL, kl_test_keep_result, &result);
      kl_test_wait_until (fake_portal_count_remotes (portal) == times);
      await_media (self);
      g_assert_null (result);
      if (times == 1)
        kl_calls_stop_sharing (a);
      else
        fake_portal_end_session (portal);
      fake_portal_give_remote (portal);
      kl_test_await (&result);
      g_assert_false (kl_calls_share_screen_finish (a, result, &error));
      g_assert_no_error (error);
      g_clear_object (&result);
      kl_test_wait_until (fake_portal_remote_is_gone (portal));
      g_assert_true (kl_calls_get_camera_on (a) && !kl_calls_get_screen_on (a));
    }
  fake_portal_free (portal);
}

int
main (int argc, char *argv[])
{
  /* Kept: its end waits for connections, and libportal lets go of none whose dialogue was cancelled. */
  static GTestDBus *bus;
  int status;

  kl_test_init (&argc, &argv);
  kl_call_init_process (&argc, &argv);
  bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (bus);

#define TEST(name, function, settings) g_test_add (name, Fixture, settings, set_up, function, tear_down)
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
  TEST ("/calling/share/portal", test_share, NULL);
  TEST ("/calling/share/in-vain", test_share_in_vain, NULL);
  TEST ("/calling/share/late", test_share_late, NULL);
#undef TEST
  status = g_test_run ();
  g_test_dbus_stop (bus);
  return status;
}
