/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/calling/calling-kit.h"

#include "tests/kit/kl-test.h"

/* Kept: its end waits for connections, and libportal lets go of none whose dialogue was cancelled. */
static GTestDBus *bus;

void
calling_init (int *argc, char ***argv)
{
  kl_test_init (argc, argv);
  kl_call_init_process (argc, argv);
  bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (bus);
}

int
calling_run (void)
{
  int status = g_test_run ();

  g_test_dbus_stop (bus);
  return status;
}

/* ── Coming and going ── */

static KlCalls *
make_calls (KlSession *session)
{
  return g_object_new (KL_TYPE_CALLS, "session", session, "local-address", "127.0.0.1", "silent", TRUE, "large", FALSE,
                       "voice-processing", FALSE, NULL);
}

static void
give_sources (KlCalls *calls, guint frequency_hz)
{
  g_autoptr (KlMediaSource) microphone = kl_media_source_new_test_audio (frequency_hz);
  g_autoptr (KlMediaSource) camera = kl_media_source_new_test_video ("ball");

  g_object_set (calls, "microphone", microphone, "camera", camera, NULL);
}

void
calling_person_begin (CallingPerson *self, KlAccount *account, guint frequency_hz)
{
  self->folder = kl_test_dir_new ();
  self->account = account;
  self->session = kl_live_session (account, self->folder);
  self->calls = make_calls (self->session);
  give_sources (self->calls, frequency_hz);
}

void
calling_person_end (CallingPerson *self)
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

void
calling_set_up (CallingFixture *self, gconstpointer settings)
{
  self->server = kl_live_server_new (settings);
  calling_person_begin (&self->aroha, kl_live_register (self->server, "aroha"), 440);
  calling_person_begin (&self->ben, kl_live_register (self->server, "ben"), 660);
  self->aroha.group = kl_live_create (self->aroha.session, "Ridge Hut Crew", KL_VISIBILITY_PUBLIC);
  self->ben.group = kl_live_join (self->ben.session, self->aroha.group);
}

void
calling_tear_down (CallingFixture *self, gconstpointer settings)
{
  calling_person_end (&self->aroha);
  calling_person_end (&self->ben);
  kl_live_server_free (self->server);
}

/* ── What is waited for ── */

void
calling_await_state (KlCalls *calls, KlCallsState state)
{
  kl_test_wait_until (kl_calls_get_state (calls) == state);
}

KlCallPeer *
calling_other (KlCalls *calls)
{
  g_autoptr (KlCallPeer) peer = NULL;

  if (kl_calls_get_call (calls) != NULL
      && g_list_model_get_n_items (kl_call_get_peers (kl_calls_get_call (calls))) == 1)
    peer = g_list_model_get_item (kl_call_get_peers (kl_calls_get_call (calls)), 0);
  return peer;
}

guint
calling_frames (KlCalls *calls)
{
  KlCallPeer *peer = calling_other (calls);

  return peer != NULL ? kl_video_feed_get_frames (kl_call_peer_get_feed (peer)) : 0;
}

static guint
own_frames (KlCalls *calls)
{
  KlCall *call = kl_calls_get_call (calls);

  return call != NULL ? kl_video_feed_get_frames (kl_publisher_get_feed (kl_call_get_publisher (call))) : 0;
}

gboolean
calling_is_connected (KlCalls *calls)
{
  KlCallPeer *peer = calling_other (calls);

  return peer != NULL && kl_call_peer_get_state (peer) == KL_CALL_PEER_CONNECTED;
}

void
calling_await_media (CallingFixture *self)
{
  guint at_aroha = calling_frames (self->aroha.calls), at_ben = calling_frames (self->ben.calls);

  kl_test_wait_until (calling_is_connected (self->aroha.calls) && calling_is_connected (self->ben.calls));
  gint64 end = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;
  while (calling_frames (self->aroha.calls) <= at_aroha + 5 || calling_frames (self->ben.calls) <= at_ben + 5)
    {
      g_autofree char *what
          = g_strdup_printf ("pictures: %u at aroha’s, %u at ben’s, after %u and %u; their own: %u and %u",
                             calling_frames (self->aroha.calls), calling_frames (self->ben.calls), at_aroha, at_ben,
                             own_frames (self->aroha.calls), own_frames (self->ben.calls));
      kl_test_iterate (end, G_STRLOC, what);
    }
}

void
calling_begin_call (CallingFixture *self)
{
  kl_calls_join_group (self->aroha.calls, self->aroha.group, TRUE);
  calling_await_state (self->aroha.calls, KL_CALLS_RUNNING);
  kl_test_wait_until (kl_group_get_call (self->ben.group) != NULL);
  kl_calls_join_group (self->ben.calls, self->ben.group, TRUE);
  calling_await_state (self->ben.calls, KL_CALLS_RUNNING);
}
