/* SPDX-License-Identifier: GPL-3.0-or-later
 * One client's call core in a process of its own, without a server: a test speaks to it by one JSON object a line, and
 * carries its signals. See peer.mjs for the other end. */
#include <errno.h>
#include <gio/gunixinputstream.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/call/kl-call.h"
#include "protocol/kl-json.h"

#define TYPE_PIPE (pipe_get_type ())
G_DECLARE_FINAL_TYPE (Pipe, pipe, TEST, PIPE, GObject)

struct _Pipe
{
  GObject parent_instance;
};

typedef struct
{
  GMainLoop *loop;
  KlCall *call;
  GDataInputStream *in;
  gint64 start_usec;
} Program;

static void
say (KlJsonWriter *out)
{
  gsize length;
  g_autofree char *line = NULL;

  kl_json_end_object (out);
  line = kl_json_writer_steal_string (out, &length);
  line[length] = '\n'; /* over the NUL */
  for (gsize done = 0; done < length + 1;)
    {
      gssize n = write (STDOUT_FILENO, line + done, length + 1 - done);

      if (n < 0 && errno != EINTR)
        exit (0); /* the test is gone */
      done += n > 0 ? (gsize) n : 0;
    }
}

static void
begin (KlJsonWriter *out, const char *event)
{
  kl_json_writer_init (out, 256);
  kl_json_begin_object (out);
  kl_json_member_string (out, "event", event);
}

static void
pipe_send (KlCallSignaller *self, const char *peer, const char *data)
{
  KlJsonWriter out;

  begin (&out, "signal");
  kl_json_member_string (&out, "to", peer);
  kl_json_member_raw (&out, "data", data, strlen (data));
  say (&out);
}

static void
pipe_announce (KlCallSignaller *self, gboolean audio, gboolean video, gboolean screen)
{
  KlJsonWriter out;

  begin (&out, "announce");
  kl_json_member_bool (&out, "audio", audio);
  kl_json_member_bool (&out, "video", video);
  kl_json_member_bool (&out, "screen", screen);
  say (&out);
}

static void
pipe_signaller_init (KlCallSignallerInterface *iface)
{
  iface->send = pipe_send;
  iface->announce = pipe_announce;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (Pipe, pipe, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_CALL_SIGNALLER, pipe_signaller_init))

static void
pipe_class_init (PipeClass *klass)
{
}

static void
pipe_init (Pipe *self)
{
}

static guint
count_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static gint64
resident_kib (void)
{
  g_autofree char *text = NULL;
  char *line;

  g_file_get_contents ("/proc/self/status", &text, NULL, NULL);
  line = strstr (text, "VmRSS:");
  return line != NULL ? g_ascii_strtoll (line + 6, NULL, 10) : 0;
}

static void
write_peer (KlJsonWriter *out, Program *self, KlCallPeer *peer)
{
  KlCallStats stats;
  KlVideoFeed *feed = kl_call_peer_get_feed (peer);
  gint64 first = kl_video_feed_get_first_usec (feed);

  kl_call_peer_get_stats (peer, &stats);
  kl_json_begin_object (out);
  kl_json_member_string (out, "id", kl_call_peer_get_id (peer));
  kl_json_member_int (out, "state", kl_call_peer_get_state (peer));
  kl_json_member_int (out, "frames", stats.frames);
  kl_json_member_int (out, "gap_ms", kl_video_feed_take_gap_ms (feed));
  kl_json_member_int (out, "first_usec", first);
  kl_json_member_int (out, "width", stats.width);
  kl_json_member_int (out, "height", stats.height);
  kl_json_member_int (out, "level", (gint64) (kl_call_peer_get_level (peer) * 100));
  kl_json_member_bool (out, "speaking", kl_call_peer_get_speaking (peer));
  kl_json_member_bool (out, "stalled", kl_call_peer_get_stalled (peer));
  kl_json_member_int (out, "line", kl_call_peer_get_line (peer));
  kl_json_member_int (out, "connections", stats.connections);
  kl_json_member_int (out, "fps", (gint64) (stats.fps + 0.5));
  kl_json_member_int (out, "round_trip_usec", (gint64) (stats.line.round_trip_ms * 1000));
  kl_json_member_int (out, "sent_bps", stats.line.sent_bps);
  kl_json_member_int (out, "through_bps", stats.line.through_bps);
  kl_json_member_int (out, "received_bps", stats.line.received_bps);
  kl_json_member_int (out, "loss_percent", (gint64) stats.line.loss_percent);
  kl_json_member_int (out, "packets_received", stats.line.packets_received);
  kl_json_member_int (out, "packets_lost", stats.line.packets_lost);
  kl_json_member_int (out, "way", stats.line.way);
  kl_json_member_bool (out, "relayed", stats.relayed);
  kl_json_member_int (out, "target_bps", stats.video_target_bps);
  kl_json_end_object (out);
}

static void
do_report (Program *self)
{
  KlPublisher *publisher = kl_call_get_publisher (self->call);
  GListModel *peers = kl_call_get_peers (self->call);
  KlJsonWriter out;

  begin (&out, "report");
  kl_json_member_int (&out, "now_usec", g_get_monotonic_time ());
  kl_json_member_int (&out, "descriptors", count_entries ("/proc/self/fd"));
  kl_json_member_int (&out, "threads", count_entries ("/proc/self/task"));
  kl_json_member_int (&out, "rss_kib", resident_kib ());
  kl_json_member_int (&out, "elements", kl_call_count_elements (self->call));
  kl_json_member_int (&out, "own_frames", kl_video_feed_get_frames (kl_publisher_get_feed (publisher)));
  kl_json_member_int (&out, "own_level", (gint64) (kl_publisher_get_level (publisher) * 100));
  kl_json_member_int (&out, "bitrate", kl_publisher_get_bitrate (publisher));
  kl_json_member_int (&out, "line", kl_call_get_line (self->call));
  kl_json_key (&out, "peers");
  kl_json_begin_array (&out);
  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr (KlCallPeer) peer = g_list_model_get_item (peers, i);

      write_peer (&out, self, peer);
    }
  kl_json_end_array (&out);
  say (&out);
}

static void
on_peer_state (KlCallPeer *peer, GParamSpec *pspec, Program *self)
{
  KlJsonWriter out;

  begin (&out, "state");
  kl_json_member_string (&out, "peer", kl_call_peer_get_id (peer));
  kl_json_member_int (&out, "state", kl_call_peer_get_state (peer));
  say (&out);
}

static void
do_peer (Program *self, KlJsonFields *in)
{
  const char *id = kl_json_fields_id (in, "id", KL_JSON_REQUIRED);
  gboolean known = kl_call_find_peer (self->call, id) != NULL;
  KlCallPeer *peer
      = kl_call_add_peer (self->call, id, "somebody", kl_json_fields_bool (in, "offers", KL_JSON_OPTIONAL, FALSE));

  kl_call_set_peer_media (self->call, id, TRUE, TRUE, FALSE, FALSE);
  if (!known)
    g_signal_connect (peer, "notify::state", G_CALLBACK (on_peer_state), self);
}

static void
do_signal (Program *self, KlJsonFields *in)
{
  const char *from = kl_json_fields_id (in, "from", KL_JSON_REQUIRED);
  g_autofree char *data = NULL;
  KlJsonWriter out;

  kl_json_writer_init (&out, 1024);
  kl_json_value (&out, kl_json_fields_value (in, "data", KL_JSON_REQUIRED));
  data = kl_json_writer_steal_string (&out, NULL);
  kl_call_take_signal (self->call, from, data, -1);
}

static void
do_source (Program *self, KlJsonFields *in)
{
  KlPublisher *publisher = kl_call_get_publisher (self->call);
  g_autoptr (KlMediaSource) source = NULL;

  if (kl_json_fields_has (in, "pattern"))
    {
      const char *pattern = kl_json_fields_string (in, "pattern", KL_JSON_OPTIONAL, 1, 64, NULL);

      if (pattern != NULL)
        source = kl_media_source_new_slow_test_video (
            pattern, (int) kl_json_fields_int (in, "fps", KL_JSON_OPTIONAL, 1, KL_CALL_FPS, KL_CALL_FPS));
      kl_publisher_set_source (publisher, KL_MEDIA_VIDEO, source);
      return;
    }
  if (kl_json_fields_int (in, "tone", KL_JSON_OPTIONAL, 0, 20000, 0) > 0)
    source = kl_media_source_new_test_audio ((guint) kl_json_fields_int (in, "tone", KL_JSON_REQUIRED, 0, 20000, 0));
  kl_publisher_set_source (publisher, KL_MEDIA_AUDIO, source);
}

static void
do_ice (Program *self, KlJsonFields *in)
{
  g_autoptr (GPtrArray) servers = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_ice_server_free);
  const char *urls[] = { kl_json_fields_string (in, "url", KL_JSON_REQUIRED, 1, 1024, NULL), NULL };

  g_ptr_array_add (servers,
                   kl_ice_server_new (urls, kl_json_fields_string (in, "username", KL_JSON_OPTIONAL, 1, 1024, NULL),
                                      kl_json_fields_string (in, "credential", KL_JSON_OPTIONAL, 1, 1024, NULL)));
  kl_call_set_ice_servers (self->call, servers);
  g_object_set (self->call, "relay-only", kl_json_fields_bool (in, "relay_only", KL_JSON_OPTIONAL, FALSE), NULL);
}

static void
on_source_failed (KlCall *call, KlMediaSource *source, const GError *error, Program *self)
{
  KlJsonWriter out;

  begin (&out, "failed");
  kl_json_member_string (&out, "label", kl_media_source_get_label (source));
  kl_json_member_string (&out, "error", error->message);
  say (&out);
}

static void
on_ended (KlCall *call, GParamSpec *pspec, Program *self)
{
  if (kl_call_get_state (call) == KL_CALL_ENDED)
    g_main_loop_quit (self->loop);
}

static void
take_line (Program *self, const char *line)
{
  g_autoptr (KlJson) json = kl_json_parse (line, strlen (line), NULL);
  KlJsonFields in;
  const char *what;

  g_assert_nonnull (json);
  kl_json_fields_init (&in, kl_json_get_root (json));
  what = kl_json_fields_string (&in, "do", KL_JSON_REQUIRED, 1, 64, NULL);
  if (g_str_equal (what, "peer"))
    do_peer (self, &in);
  else if (g_str_equal (what, "signal"))
    do_signal (self, &in);
  else if (g_str_equal (what, "remove"))
    kl_call_remove_peer (self->call, kl_json_fields_id (&in, "id", KL_JSON_REQUIRED));
  else if (g_str_equal (what, "report"))
    do_report (self);
  else if (g_str_equal (what, "source"))
    do_source (self, &in);
  else if (g_str_equal (what, "mute"))
    kl_publisher_set_muted (kl_call_get_publisher (self->call),
                            kl_json_fields_bool (&in, "on", KL_JSON_REQUIRED, TRUE));
  else if (g_str_equal (what, "large"))
    g_object_set (self->call, "large", kl_json_fields_bool (&in, "on", KL_JSON_REQUIRED, TRUE), NULL);
  else if (g_str_equal (what, "ice"))
    do_ice (self, &in);
  else if (g_str_equal (what, "leave"))
    kl_call_leave (self->call);
  else
    g_error ("call-peer: what is %s?", what);
  g_assert_null (in.fault);
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Program *self = user_data;
  g_autofree char *line = g_data_input_stream_read_line_finish (self->in, result, NULL, NULL);

  if (line == NULL)
    {
      kl_call_leave (self->call);
      return;
    }
  take_line (self, line);
  g_data_input_stream_read_line_async (self->in, G_PRIORITY_DEFAULT, NULL, on_line, self);
}

int
main (int argc, char **argv)
{
  Program self = { 0 };
  g_autoptr (Pipe) signaller = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) in = NULL;
  g_autofree char *filter = NULL;
  gboolean blind = FALSE, encoder_a_peer = FALSE;
  GOptionEntry options[]
      = { { "line-filter", 0, 0, G_OPTION_ARG_STRING, &filter, "Behind each sender's RTP", "LAUNCH" },
          { "blind", 0, 0, G_OPTION_ARG_NONE, &blind, "Decodes no picture", NULL },
          { "encoder-a-peer", 0, 0, G_OPTION_ARG_NONE, &encoder_a_peer, "Encodes anew for each peer", NULL },
          { 0 } };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  /* A test that is killed cannot end us, and we may be frozen. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);
  /* A warning from GLib or GStreamer's own objects is a fault of ours. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  kl_call_init_process (&argc, &argv);
  signaller = g_object_new (TYPE_PIPE, NULL);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.call = g_object_new (KL_TYPE_CALL, "signaller", signaller, "local-address", "127.0.0.1", "line-filter", filter,
                            "blind", blind, "encoder-a-peer", encoder_a_peer, "silent", TRUE, "voice-processing", FALSE,
                            NULL);
  if (!kl_call_start (self.call, &error))
    g_error ("%s", error->message);
  g_signal_connect (self.call, "notify::state", G_CALLBACK (on_ended), &self);
  g_signal_connect (self.call, "source-failed", G_CALLBACK (on_source_failed), &self);
  in = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  self.in = g_data_input_stream_new (in);
  g_data_input_stream_read_line_async (self.in, G_PRIORITY_DEFAULT, NULL, on_line, &self);
  g_main_loop_run (self.loop);
  g_object_unref (self.in);
  g_assert_finalize_object (self.call);
  g_main_loop_unref (self.loop);
  return 0;
}
