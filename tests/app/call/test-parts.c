/* SPDX-License-Identifier: GPL-3.0-or-later
 * The parts of a call that need no media: what peers say, ICE servers, rates. */
#include "app/call/kl-call-description.h"
#include "app/call/kl-call-message.h"
#include "app/call/kl-call-rate.h"
#include "app/call/kl-call-worker.h"
#include "app/call/kl-ice-server.h"
#include "app/call/kl-media-devices.h"
#include "app/call/kl-ring-sound.h"
#include "tests/app/call/test-device.h"
#include "tests/kit/kl-test.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

/* ── Messages ── */

static void
test_message_round_trip (void)
{
  g_autofree char *offer = kl_call_message_write_sdp ("s1", KL_CALL_MESSAGE_OFFER, "v=0\r\n\"x\"");
  g_autofree char *candidate = kl_call_message_write_candidate ("s1", "candidate:1 1 UDP", "audio0", 0);
  g_autofree char *last = kl_call_message_write_candidate ("s1", NULL, NULL, -1);
  g_autofree char *renew = kl_call_message_write_renew ("s1");
  g_autoptr (KlCallMessage) message = NULL;

  g_assert_cmpstr (offer, ==, "{\"session\":\"s1\",\"sdp\":{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\\\"x\\\"\"}}");
  g_assert_cmpstr (
      candidate, ==,
      "{\"session\":\"s1\",\"candidate\":{\"candidate\":\"candidate:1 1 UDP\",\"sdpMid\":\"audio0\",\"sdpMLineIndex\":0}}");
  g_assert_cmpstr (last, ==, "{\"session\":\"s1\",\"candidate\":null}");
  g_assert_cmpstr (renew, ==, "{\"session\":\"s1\",\"renew\":true}");

  message = kl_call_message_parse (offer, -1);
  g_assert_cmpint (message->kind, ==, KL_CALL_MESSAGE_OFFER);
  g_assert_cmpstr (message->sdp, ==, "v=0\r\n\"x\"");
  kl_call_message_free (message);
  message = kl_call_message_parse (candidate, -1);
  g_assert_cmpint (message->kind, ==, KL_CALL_MESSAGE_CANDIDATE);
  g_assert_cmpstr (message->mid, ==, "audio0");
  g_assert_cmpint (message->line, ==, 0);
}

static void
test_message_kinds (void)
{
  static const struct
  {
    const char *data;
    int kind; /* -1: ignored */
  } cases[] = {
    { "{\"session\":\"s\",\"candidate\":null}", KL_CALL_MESSAGE_LAST_CANDIDATE },
    { "{\"session\":\"s\",\"candidate\":{\"candidate\":\"\",\"sdpMid\":\"0\"}}", KL_CALL_MESSAGE_LAST_CANDIDATE },
    { "{\"session\":\"s\",\"candidate\":{\"candidate\":\"a=candidate:1\",\"sdpMLineIndex\":1}}",
      KL_CALL_MESSAGE_CANDIDATE },
    { "{\"session\":\"s\",\"candidate\":{\"candidate\":\"candidate:1\",\"sdpMid\":\"0\",\"sdpMLineIndex\":null,"
      "\"usernameFragment\":\"x\"}}",
      KL_CALL_MESSAGE_CANDIDATE },
    { "{\"session\":\"s\",\"sdp\":{\"type\":\"answer\",\"sdp\":\"v=0\"},\"more\":[1]}", KL_CALL_MESSAGE_ANSWER },
    { "{\"session\":\"s\",\"renew\":true}", KL_CALL_MESSAGE_RENEW },
    { "{\"session\":\"s\",\"renew\":false}", -1 },
    { "{\"session\":\"s\",\"renew\":1}", -1 },
    { "{\"session\":\"s\"}", -1 },
    { "{\"renew\":true}", -1 },
    { "{\"session\":7,\"renew\":true}", -1 },
    { "{\"session\":\"\",\"renew\":true}", -1 },
    { "{\"session\":\"s\",\"sdp\":{\"type\":\"pranswer\",\"sdp\":\"v=0\"}}", -1 },
    { "{\"session\":\"s\",\"sdp\":{\"type\":\"offer\",\"sdp\":\"\"}}", -1 },
    { "{\"session\":\"s\",\"sdp\":\"v=0\"}", -1 },
    { "{\"session\":\"s\",\"candidate\":{\"candidate\":\"candidate:1\"}}", -1 },
    { "{\"session\":\"s\",\"candidate\":{\"candidate\":\"candidate:1\",\"sdpMLineIndex\":-1}}", -1 },
    { "{\"session\":\"s\",\"candidate\":{\"candidate\":\"candidate:1\",\"sdpMLineIndex\":99}}", -1 },
    { "{\"session\":\"s\",\"candidate\":{\"candidate\":\"candidate:1\\r\\na=x\",\"sdpMid\":\"0\"}}", -1 },
    { "{\"session\":\"s\",\"candidate\":{\"candidate\":\"host\",\"sdpMid\":\"0\"}}", -1 },
    { "[]", -1 },
    { "null", -1 },
    { "", -1 },
    { "{", -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (KlCallMessage) message = kl_call_message_parse (cases[i].data, -1);

      g_test_message ("%s", cases[i].data);
      g_assert_cmpint (message != NULL ? (int) message->kind : -1, ==, cases[i].kind);
    }
}

/* ── Descriptions ── */

#define SECRETS "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 AA:BB\r\n"
#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
#define AUDIO \
  "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtpmap:63 red/48000/2\r\n" \
  "a=rtpmap:111 opus/48000/2\r\n"
#define VIDEO \
  "m=video 9 UDP/TLS/RTP/SAVPF 100 98\r\nc=IN IP4 0.0.0.0\r\na=mid:v\r\na=rtpmap:100 H264/90000\r\n" \
  "a=rtpmap:98 VP8/90000\r\na=extmap:5/sendrecv http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"

static void
test_description (void)
{
  g_autoptr (KlCallDescription) it
      = kl_call_description_parse (GST_WEBRTC_SDP_TYPE_OFFER, HEAD AUDIO SECRETS VIDEO SECRETS);

  g_assert_nonnull (it);
  g_assert_cmpuint (it->n_lines, ==, 2);
  g_assert_cmpint (it->codecs[KL_MEDIA_AUDIO].payload, ==, 111);
  g_assert_cmpint (it->codecs[KL_MEDIA_AUDIO].transport_cc, ==, -1);
  g_assert_cmpint (it->codecs[KL_MEDIA_VIDEO].payload, ==, 98);
  g_assert_cmpint (it->codecs[KL_MEDIA_VIDEO].transport_cc, ==, 5);
  g_assert_cmpstr (it->ufrag, ==, "abcd");
  g_assert_cmpint (kl_call_description_find_mid (it, "v"), ==, 1);
  g_assert_cmpint (kl_call_description_find_mid (it, "w"), ==, -1);
}

static void
test_description_refused (void)
{
  static const char *const cases[] = {
    "", "v=0", "v=0\r\n", HEAD, HEAD AUDIO, HEAD SECRETS, "nonsense", HEAD AUDIO "a=ice-ufrag:abcd\r\n",
    HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" SECRETS, /* no mid */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i]);
      g_assert_null (kl_call_description_parse (GST_WEBRTC_SDP_TYPE_ANSWER, cases[i]));
    }
}

/* ── ICE servers ── */

static void
test_ice_servers (void)
{
  const char *const urls[] = { "stun:a.example",          "stun:[fd00::1]:99", "turn:b.example:3478?transport=udp",
                               "turns:[fd00::2]",         "http:c.example",    "turn:evil@d.example",
                               "turn:",                   NULL };
  g_autoptr (KlIceServer) server = kl_ice_server_new (urls, "1700000000:u:1", "a/b+c=");
  g_autoptr (KlIceServer) bare = kl_ice_server_new (urls, NULL, NULL);
  g_auto (GStrv) stun = kl_ice_server_dup_stun (server);
  g_auto (GStrv) turn = kl_ice_server_dup_turn (server);
  g_auto (GStrv) none = kl_ice_server_dup_turn (bare);

  g_assert_cmpuint (g_strv_length (stun), ==, 2);
  g_assert_cmpstr (stun[0], ==, "stun://a.example:3478");
  g_assert_cmpstr (stun[1], ==, "stun://[fd00::1]:99");
  g_assert_cmpuint (g_strv_length (turn), ==, 2);
  g_assert_cmpstr (turn[0], ==, "turn://1700000000%3Au%3A1:a%2Fb%2Bc%3D@b.example:3478?transport=udp");
  g_assert_cmpstr (turn[1], ==, "turns://1700000000%3Au%3A1:a%2Fb%2Bc%3D@[fd00::2]:5349");
  g_assert_cmpuint (g_strv_length (none), ==, 0);
}

/* ── Rates ── */

/* A line that takes LINE_BPS of video and drops the rest. */
static void
run_line (KlCallRate *rate, guint sent_bps, guint line_bps, guint ticks)
{
  for (guint i = 0; i < ticks; i++)
    {
      guint bps = sent_bps > 0 ? sent_bps : rate->target_bps;
      KlCallFeedback feedback = { .known = TRUE };

      feedback.through_bps = MIN (bps, line_bps) + 48000;
      feedback.loss_percent = bps > line_bps ? 100.0 * (bps - line_bps) / bps : 0;
      kl_call_rate_tick (rate, &feedback, KL_CALL_VIDEO_BPS, TRUE);
    }
}

static void
test_rate_finds_the_line (void)
{
  KlCallRate rate;

  kl_call_rate_init (&rate);
  run_line (&rate, 0, 5000000, 10);
  g_assert_cmpuint (rate.target_bps, ==, KL_CALL_VIDEO_BPS);
  g_assert_cmpint (kl_call_rate_get_line (&rate, KL_CALL_VIDEO_BPS), ==, KL_CALL_LINE_GOOD);
  run_line (&rate, 0, 180000, 10);
  g_assert_true (kl_call_rate_is_open (&rate));
  g_assert_cmpuint (rate.target_bps, <=, 210000);
  g_assert_cmpuint (rate.target_bps, >=, 110000);
  g_assert_cmpint (kl_call_rate_get_line (&rate, KL_CALL_VIDEO_BPS), ==, KL_CALL_LINE_WEAK);
  run_line (&rate, 0, 5000000, 30);
  g_assert_cmpuint (rate.target_bps, ==, KL_CALL_VIDEO_BPS);
}

static void
test_rate_gives_up_on_video (void)
{
  KlCallRate rate;
  KlCallFeedback nothing = { 0 };
  guint wait;

  kl_call_rate_init (&rate);
  run_line (&rate, KL_CALL_VIDEO_BPS, 20000, 12);
  g_assert_false (kl_call_rate_is_open (&rate));
  g_assert_cmpint (kl_call_rate_get_line (&rate, KL_CALL_VIDEO_BPS), ==, KL_CALL_LINE_BAD);
  for (wait = 0; !kl_call_rate_is_open (&rate); wait++)
    kl_call_rate_tick (&rate, &nothing, KL_CALL_VIDEO_BPS, TRUE);
  g_assert_cmpuint (wait, <=, 15);
  run_line (&rate, KL_CALL_VIDEO_BPS, 20000, 12);
  g_assert_false (kl_call_rate_is_open (&rate));
  g_assert_cmpuint (rate.closed_ticks, >, 15); /* longer each time */
}

static void
test_rate_without_feedback (void)
{
  KlCallRate rate;
  KlCallFeedback nothing = { 0 };
  KlCallFeedback lossy = { .known = TRUE, .loss_percent = 50, .through_bps = 0 };
  guint before;

  kl_call_rate_init (&rate);
  before = rate.target_bps;
  kl_call_rate_tick (&rate, &nothing, KL_CALL_VIDEO_BPS, TRUE);
  kl_call_rate_tick (&rate, &lossy, KL_CALL_VIDEO_BPS, FALSE);
  g_assert_cmpuint (rate.target_bps, ==, before);
}

static void
test_rate_one_bad_line_of_four (void)
{
  KlCallRate rates[4];
  KlCallRate *list[4] = { &rates[0], &rates[1], &rates[2], &rates[3] };
  guint bps = KL_CALL_VIDEO_BPS;
  guint low_ticks = 0;

  for (int i = 0; i < 4; i++)
    kl_call_rate_init (&rates[i]);
  for (int tick = 0; tick < 60; tick++)
    {
      for (int i = 0; i < 4; i++)
        run_line (&rates[i], bps, i == 0 ? 120000 : 5000000, 1);
      bps = kl_call_rate_share (list, 4, KL_CALL_VIDEO_BPS);
      if (bps < 300000)
        low_ticks++;
    }
  g_assert_false (kl_call_rate_is_open (&rates[0]));
  g_assert_true (kl_call_rate_is_open (&rates[1]));
  g_assert_cmpuint (bps, ==, KL_CALL_VIDEO_BPS);
  /* Each try costs the others seconds, not minutes. */
  g_assert_cmpuint (low_ticks, <=, 20);
}

/* Lines may take the larger picture's rate; the smaller picture has its own, or six people would send thrice of what they are
 * told. */
static void
test_rate_has_a_most (void)
{
  const KlCallFeedback good = { .known = TRUE, .through_bps = 5000000 };
  KlCallRate rates[2];
  KlCallRate *list[2] = { &rates[0], &rates[1] };

  for (int i = 0; i < 2; i++)
    {
      kl_call_rate_init (&rates[i]);
      for (int tick = 0; tick < 60; tick++)
        kl_call_rate_tick (&rates[i], &good, KL_CALL_LARGE_VIDEO_BPS, TRUE);
    }
  g_assert_cmpuint (kl_call_rate_share (list, 2, KL_CALL_LARGE_VIDEO_BPS), ==, KL_CALL_LARGE_VIDEO_BPS);
  g_assert_cmpuint (kl_call_rate_share (list, 2, KL_CALL_VIDEO_BPS), ==, KL_CALL_VIDEO_BPS);
  g_assert_cmpuint (kl_call_rate_share (list, 1, KL_CALL_VIDEO_BPS), ==, KL_CALL_VIDEO_BPS);
}

static void
test_rate_all_lines_are_bad (void)
{
  KlCallRate rates[3];
  KlCallRate *list[3] = { &rates[0], &rates[1], &rates[2] };

  for (int i = 0; i < 3; i++)
    {
      kl_call_rate_init (&rates[i]);
      run_line (&rates[i], 0, 150000, 10);
    }
  /* One's own line: nobody is closed, all get what goes. */
  for (int tick = 0; tick < 10; tick++)
    g_assert_cmpuint (kl_call_rate_share (list, 3, KL_CALL_VIDEO_BPS), <=, 200000);
  for (int i = 0; i < 3; i++)
    g_assert_true (kl_call_rate_is_open (&rates[i]));
}

/* ── The worker ── */

static void
on_done (gpointer data)
{
  *(gboolean *) data = TRUE;
}

/* What is not asked for yet is waited for: a process that ends then ends beside threads of what it thought to be stopped. */
static void
test_worker_expects (void)
{
  g_autoptr (KlCallWorker) worker = kl_call_worker_new ();
  g_autoptr (GstElement) element = g_object_ref_sink (gst_element_factory_make ("fakesink", NULL));
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  gboolean done = FALSE;

  gst_element_set_state (element, GST_STATE_READY);
  kl_call_worker_expect (worker);
  kl_call_worker_then (worker, context, on_done, &done);
  kl_test_spin (100);
  g_assert_false (done);
  kl_call_worker_stop_expected (worker, element);
  kl_test_wait_until (done);
  g_assert_cmpint (GST_STATE (element), ==, GST_STATE_NULL);
}

/* ── Devices ── */

static void
test_devices_come_and_go (void)
{
  g_autoptr (KlMediaDevices) devices = kl_media_devices_new ();
  GListModel *cameras = kl_media_devices_get_cameras (devices);
  guint others = g_list_model_get_n_items (cameras);
  guint sinks = g_list_model_get_n_items (kl_media_devices_get_speakers (devices));
  guint microphones = g_list_model_get_n_items (kl_media_devices_get_microphones (devices));
  g_autoptr (GstDevice) camera = test_device_new ("Brio", "Video/Source", "v4l2.1");
  g_autoptr (GstDevice) headset = test_device_new ("Headset", "Audio/Source", "usb.1");
  g_autoptr (GstDevice) monitor = test_device_new ("Monitor of Speakers", "Audio/Source", "monitor.1");
  g_autoptr (GstDevice) speakers = test_device_new ("Speakers", "Audio/Sink", "pci.1");
  g_autoptr (KlMediaSource) chosen = NULL;

  kl_media_devices_take_added (devices, camera);
  kl_media_devices_take_added (devices, camera); /* told twice, it is one */
  kl_media_devices_take_added (devices, headset);
  kl_media_devices_take_added (devices, monitor);
  kl_media_devices_take_added (devices, speakers);
  g_assert_cmpuint (g_list_model_get_n_items (cameras), ==, others + 1);
  g_assert_cmpuint (g_list_model_get_n_items (kl_media_devices_get_microphones (devices)), ==, microphones + 1);
  g_assert_cmpuint (g_list_model_get_n_items (kl_media_devices_get_speakers (devices)), ==, sinks + 1);
  chosen = kl_media_devices_choose (devices, KL_MEDIA_VIDEO, "v4l2.1");
  g_assert_cmpstr (kl_media_source_get_label (chosen), ==, "Brio");
  g_assert_cmpint (kl_media_source_get_kind (chosen), ==, KL_MEDIA_VIDEO);
  kl_media_devices_take_removed (devices, camera);
  kl_media_devices_take_removed (devices, speakers);
  g_assert_cmpuint (g_list_model_get_n_items (cameras), ==, others);
  g_assert_cmpuint (g_list_model_get_n_items (kl_media_devices_get_speakers (devices)), ==, sinks);
}

/* ── What rings ── */

/* Soft, without a click at either end, and most of a round is rest. */
static void
test_ring_round (void)
{
  g_autoptr (GBytes) round = kl_ring_sound_create_round ();
  gsize size;
  const gint16 *samples = g_bytes_get_data (round, &size);
  const gsize n = size / sizeof *samples;
  int peak = 0, late = 0, step = 0;

  g_assert_cmpuint (n, >, 2 * 48000);
  for (gsize i = 0; i < n; i++)
    {
      peak = MAX (peak, abs (samples[i]));
      if (i > n / 2)
        late = MAX (late, abs (samples[i]));
      if (i > 0)
        step = MAX (step, abs (samples[i] - samples[i - 1]));
    }
  g_assert_cmpint (peak, >, G_MAXINT16 / 10);
  g_assert_cmpint (peak, <, G_MAXINT16 / 3);
  g_assert_cmpint (late, <, G_MAXINT16 / 50);
  g_assert_cmpint (step, <, G_MAXINT16 / 10);
  g_assert_cmpint (samples[0], ==, 0);
  g_assert_cmpint (samples[n - 1], ==, 0);
}

static gsize
get_size (const char *path)
{
  GStatBuf status;

  return g_stat (path, &status) == 0 ? (gsize) status.st_size : 0;
}

/* It goes out in time, round after round, and no more after it has been stopped. */
static void
test_ring_plays (void)
{
  g_autofree char *folder = kl_test_dir_new (), *path = g_build_filename (folder, "sound", NULL);
  g_autofree char *sink = g_strdup_printf (
      "audioconvert ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! filesink sync=true buffer-mode=unbuffered location=%s", path);
  g_autoptr (GBytes) round = kl_ring_sound_create_round ();
  g_autofree char *heard = NULL;
  KlRingSound *sound = kl_ring_sound_new (sink);
  gint64 began = g_get_monotonic_time ();
  gsize size;

  g_assert_false (kl_ring_sound_get_playing (sound));
  kl_ring_sound_start (sound, NULL);
  kl_ring_sound_start (sound, NULL);
  g_assert_true (kl_ring_sound_get_playing (sound));
  kl_test_wait_until (get_size (path) >= 2 * g_bytes_get_size (round));
  g_assert_cmpint (g_get_monotonic_time () - began, >, 2 * G_USEC_PER_SEC);
  kl_ring_sound_stop (sound);
  g_assert_false (kl_ring_sound_get_playing (sound));
  kl_test_finalize (sound);
  g_assert_true (g_file_get_contents (path, &heard, &size, NULL));
  g_assert_cmpuint (size, <, 4 * g_bytes_get_size (round));
  g_assert_cmpmem (heard, g_bytes_get_size (round), g_bytes_get_data (round, NULL), g_bytes_get_size (round));
  g_assert_cmpmem (heard + g_bytes_get_size (round), g_bytes_get_size (round), g_bytes_get_data (round, NULL),
                   g_bytes_get_size (round));
  kl_test_dir_remove (folder);
}

/* A machine that plays nothing is silent, and says no more of it. */
static void
test_ring_no_device (void)
{
  KlRingSound *sound = kl_ring_sound_new ("fakesink state-error=ready-to-paused");

  kl_ring_sound_start (sound, NULL);
  kl_test_wait_until (!kl_ring_sound_get_playing (sound));
  kl_ring_sound_start (sound, NULL);
  kl_ring_sound_stop (sound);
  kl_test_finalize (sound);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  gst_init (NULL, NULL);
  g_test_add_func ("/call/message/round-trip", test_message_round_trip);
  g_test_add_func ("/call/message/kinds", test_message_kinds);
  g_test_add_func ("/call/description", test_description);
  g_test_add_func ("/call/description/refused", test_description_refused);
  g_test_add_func ("/call/ice-servers", test_ice_servers);
  g_test_add_func ("/call/rate/finds-the-line", test_rate_finds_the_line);
  g_test_add_func ("/call/rate/gives-up-on-video", test_rate_gives_up_on_video);
  g_test_add_func ("/call/rate/without-feedback", test_rate_without_feedback);
  g_test_add_func ("/call/rate/one-bad-line-of-four", test_rate_one_bad_line_of_four);
  g_test_add_func ("/call/rate/has-a-most", test_rate_has_a_most);
  g_test_add_func ("/call/rate/all-lines-are-bad", test_rate_all_lines_are_bad);
  g_test_add_func ("/call/worker/expects", test_worker_expects);
  g_test_add_func ("/call/devices", test_devices_come_and_go);
  g_test_add_func ("/call/ring/round", test_ring_round);
  g_test_add_func ("/call/ring/plays", test_ring_plays);
  g_test_add_func ("/call/ring/no-device", test_ring_no_device);
  return g_test_run ();
}
