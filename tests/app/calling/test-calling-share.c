/* SPDX-License-Identifier: GPL-3.0-or-later
 * A screen shared in a call between two people on a real server, by way of a portal that does as it is told. */
#include "tests/app/calling/calling-kit.h"
#include "tests/app/calling/fake-portal.h"
#include "tests/kit/kl-test.h"

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
test_share (CallingFixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls;
  FakePortal *portal = fake_portal_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) late = NULL;

  /* Not in a call there is nothing to share. */
  g_assert_false (share (a, &error));
  g_assert_no_error (error);
  g_assert_cmpint (fake_portal_count_asked (portal), ==, 0);
  calling_begin_call (self);
  calling_await_media (self);

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
  kl_test_wait_until (kl_call_peer_get_screen (calling_other (self->ben.calls)));
  g_assert_cmpint (fake_portal_count_open (portal), ==, 1);
  fake_portal_end_session (portal);
  kl_test_wait_until (!kl_calls_get_screen_on (a) && kl_calls_get_camera_on (a));
  kl_test_wait_until (!kl_call_peer_get_screen (calling_other (self->ben.calls))
                      && kl_call_peer_get_video (calling_other (self->ben.calls)));
  calling_await_media (self);

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
await_camera (CallingFixture *self, gint64 start_usec)
{
  KlCalls *a = self->aroha.calls;
  KlVideoFeed *own = kl_publisher_get_feed (kl_call_get_publisher (kl_calls_get_call (a)));
  guint seen;

  kl_test_wait_until (!kl_calls_get_screen_on (a) && kl_calls_get_camera_on (a));
  seen = kl_video_feed_get_frames (own);
  kl_test_wait_until (kl_video_feed_get_frames (own) > seen + 3);
  g_test_message ("the camera is back after %" G_GINT64_FORMAT " ms", (g_get_monotonic_time () - start_usec) / 1000);
  g_assert_cmpint (g_get_monotonic_time () - start_usec, <, SOON_USEC);
  calling_await_media (self);
}

/* PipeWire is gone before it has given a picture, says nothing until it goes, or says nothing at all; in the end, what
 * was begun is let go of. */
static void
test_share_in_vain (CallingFixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls;
  FakePortal *portal = fake_portal_new ();
  g_autoptr (GError) error = NULL;
  gint64 start_usec;

  calling_begin_call (self);
  calling_await_media (self);

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

/* The desktop takes its time to open PipeWire's remote: nobody waits for that, and one that comes too late is closed.
 */
static void
test_share_late (CallingFixture *self, gconstpointer unused)
{
  KlCalls *a = self->aroha.calls;
  FakePortal *portal = fake_portal_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  calling_begin_call (self);
  calling_await_media (self);
  fake_portal_set_remote (portal, FAKE_REMOTE_LATE);
  for (int times = 1; times <= 2; times++)
    {
      kl_calls_share_screen_async (a, NULL, kl_test_keep_result, &result);
      kl_test_wait_until (fake_portal_count_remotes (portal) == times);
      calling_await_media (self);
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
  calling_init (&argc, &argv);

#define TEST(name, function, settings)                                                                                 \
  g_test_add (name, CallingFixture, settings, calling_set_up, function, calling_tear_down)
  TEST ("/calling/share/portal", test_share, NULL);
  TEST ("/calling/share/in-vain", test_share_in_vain, NULL);
  TEST ("/calling/share/late", test_share_late, NULL);
#undef TEST
  return calling_run ();
}
