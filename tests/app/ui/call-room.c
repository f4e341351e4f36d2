/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/ui/call-room.h"

#include <gio/gio.h>
#include <string.h>

#include "protocol/kl-json.h"
#include "tests/kit/kl-test.h"

/* A mesh on a loaded machine with two cores. */
#define PATIENCE_USEC (60 * G_USEC_PER_SEC)

#define TYPE_LINE (line_get_type ())
G_DECLARE_FINAL_TYPE (Line, line, TEST, LINE, GObject)

struct _Line
{
  GObject parent_instance;
  CallRoom *room; /* NULL: nobody listens any more */
};

typedef struct
{
  CallRoom *room;
  char *id;
  GSubprocess *process;
  GDataInputStream *out;
  GCancellable *cancellable;
  gboolean hand;
  gboolean audio, video, screen;
} Member;

struct _CallRoom
{
  KlCall *call;
  Line *line;
  GPtrArray *members; /* element-type Member */
};

#define OWN_ID "me"

static Member *
find_member (CallRoom *self, const char *id)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      Member *member = g_ptr_array_index (self->members, i);

      if (g_str_equal (member->id, id))
        return member;
    }
  return NULL;
}

static void
tell (Member *member, const char *json)
{
  GOutputStream *in = g_subprocess_get_stdin_pipe (member->process);
  g_autofree char *line = g_strdup_printf ("%s\n", json);
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (in, line, strlen (line), NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
tell_signal (Member *member, const char *from, const char *data)
{
  KlJsonWriter out;
  g_autofree char *json = NULL;

  kl_json_writer_init (&out, 1024);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "do", "signal");
  kl_json_member_string (&out, "from", from);
  kl_json_member_raw (&out, "data", data, strlen (data));
  kl_json_end_object (&out);
  json = kl_json_writer_steal_string (&out, NULL);
  tell (member, json);
}

static void
tell_peer (Member *member, const char *id, gboolean offers)
{
  g_autofree char *json
      = g_strdup_printf ("{\"do\":\"peer\",\"id\":\"%s\",\"offers\":%s}", id, offers ? "true" : "false");

  tell (member, json);
}

/* ── Our own line ── */

static void
line_send (KlCallSignaller *signaller, const char *peer, const char *data)
{
  Line *self = TEST_LINE (signaller);
  Member *member = self->room != NULL ? find_member (self->room, peer) : NULL;

  if (member != NULL)
    tell_signal (member, OWN_ID, data);
}

static void
line_announce (KlCallSignaller *signaller, gboolean audio, gboolean video, gboolean screen)
{
}

static void
line_signaller_init (KlCallSignallerInterface *iface)
{
  iface->send = line_send;
  iface->announce = line_announce;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (Line, line, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_CALL_SIGNALLER, line_signaller_init))

static void
line_class_init (LineClass *klass)
{
}

static void
line_init (Line *self)
{
}

/* ── The others ── */

static void
show_media (Member *member)
{
  kl_call_set_peer_media (member->room->call, member->id, member->audio, member->video, member->screen, member->hand);
}

static void
hear (Member *member, KlJsonFields *in)
{
  const char *event = kl_json_fields_string (in, "event", KL_JSON_REQUIRED, 1, 64, NULL);

  if (g_str_equal (event, "signal"))
    {
      const char *to = kl_json_fields_id (in, "to", KL_JSON_REQUIRED);
      Member *other = find_member (member->room, to);
      g_autofree char *data = NULL;
      KlJsonWriter out;

      kl_json_writer_init (&out, 1024);
      kl_json_value (&out, kl_json_fields_value (in, "data", KL_JSON_REQUIRED));
      data = kl_json_writer_steal_string (&out, NULL);
      if (g_str_equal (to, OWN_ID))
        kl_call_take_signal (member->room->call, member->id, data, -1);
      else if (other != NULL)
        tell_signal (other, member->id, data);
    }
  else if (g_str_equal (event, "announce"))
    {
      member->audio = kl_json_fields_bool (in, "audio", KL_JSON_REQUIRED, FALSE);
      member->video = kl_json_fields_bool (in, "video", KL_JSON_REQUIRED, FALSE);
      member->screen = kl_json_fields_bool (in, "screen", KL_JSON_REQUIRED, FALSE);
      show_media (member);
    }
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Member *member = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, &error);
  g_autoptr (KlJson) json = NULL;
  KlJsonFields in;

  if (line == NULL)
    return;
  json = kl_json_parse (line, strlen (line), NULL);
  if (json == NULL)
    g_error ("call-peer says “%s”", line);
  kl_json_fields_init (&in, kl_json_get_root (json));
  hear (member, &in);
  g_data_input_stream_read_line_async (member->out, G_PRIORITY_DEFAULT, member->cancellable, on_line, member);
}

static void
member_free (gpointer data)
{
  Member *member = data;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (member->cancellable);
  kl_test_spin (0);
  tell (member, "{\"do\":\"leave\"}");
  g_output_stream_close (g_subprocess_get_stdin_pipe (member->process), NULL, NULL);
  g_subprocess_wait_check (member->process, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (member->out);
  g_object_unref (member->process);
  g_object_unref (member->cancellable);
  g_free (member->id);
  g_free (member);
}

void
call_room_add (CallRoom *self, const char *id, const char *pattern, guint tone_hz)
{
  const char *program = g_getenv ("KLATCH_CALL_PEER");
  Member *member = g_new0 (Member, 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *picture = NULL, *sound = g_strdup_printf ("{\"do\":\"source\",\"tone\":%u}", tone_hz);

  g_assert_nonnull (program);
  member->room = self;
  member->id = g_strdup (id);
  member->cancellable = g_cancellable_new ();
  member->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, program, NULL);
  g_assert_no_error (error);
  member->out = g_data_input_stream_new (g_subprocess_get_stdout_pipe (member->process));
  picture = pattern != NULL ? g_strdup_printf ("{\"do\":\"source\",\"pattern\":\"%s\"}", pattern)
                            : g_strdup ("{\"do\":\"source\",\"pattern\":null}");
  tell (member, picture);
  tell (member, sound);
  kl_call_add_peer (self->call, id, id, FALSE);
  for (guint i = 0; i < self->members->len; i++)
    {
      Member *other = g_ptr_array_index (self->members, i);

      tell_peer (other, id, FALSE);
      tell_peer (member, other->id, TRUE);
    }
  g_ptr_array_add (self->members, member);
  tell_peer (member, OWN_ID, TRUE);
  g_data_input_stream_read_line_async (member->out, G_PRIORITY_DEFAULT, member->cancellable, on_line, member);
}

void
call_room_remove (CallRoom *self, const char *id)
{
  Member *member = find_member (self, id);
  g_autofree char *json = g_strdup_printf ("{\"do\":\"remove\",\"id\":\"%s\"}", id);

  kl_call_remove_peer (self->call, id);
  for (guint i = 0; i < self->members->len; i++)
    if (g_ptr_array_index (self->members, i) != member)
      tell (g_ptr_array_index (self->members, i), json);
  g_ptr_array_remove (self->members, member);
}

void
call_room_say (CallRoom *self, const char *id, const char *json)
{
  tell (find_member (self, id), json);
}

void
call_room_raise_hand (CallRoom *self, const char *id, gboolean raised)
{
  Member *member = find_member (self, id);

  member->hand = raised;
  show_media (member);
}

static gboolean
is_seen (Member *member)
{
  KlCallPeer *peer = kl_call_find_peer (member->room->call, member->id);

  return peer != NULL && kl_call_peer_get_state (peer) == KL_CALL_PEER_CONNECTED
         && (!member->video || kl_video_feed_get_frames (kl_call_peer_get_feed (peer)) > 0);
}

void
call_room_await_all (CallRoom *self)
{
  gint64 end = g_get_monotonic_time () + PATIENCE_USEC;

  for (guint i = 0; i < self->members->len; i++)
    while (!is_seen (g_ptr_array_index (self->members, i)))
      {
        g_assert_cmpint (g_get_monotonic_time (), <, end);
        kl_test_spin (20);
      }
}

KlCall *
call_room_get_call (CallRoom *self)
{
  return self->call;
}

CallRoom *
call_room_new (void)
{
  return call_room_new_on_line (NULL);
}

CallRoom *
call_room_new_on_line (const char *filter)
{
  CallRoom *self = g_new0 (CallRoom, 1);
  g_autoptr (KlMediaSource) camera = kl_media_source_new_test_video ("smpte");
  g_autoptr (KlMediaSource) microphone = kl_media_source_new_test_audio (440);
  g_autoptr (GError) error = NULL;

  self->members = g_ptr_array_new_with_free_func (member_free);
  self->line = g_object_new (TYPE_LINE, NULL);
  self->line->room = self;
  self->call = g_object_new (KL_TYPE_CALL, "signaller", self->line, "local-address", "127.0.0.1", "line-filter", filter, "silent", TRUE,
                             "voice-processing", FALSE, NULL);
  kl_call_start (self->call, &error);
  g_assert_no_error (error);
  kl_publisher_set_source (kl_call_get_publisher (self->call), KL_MEDIA_VIDEO, camera);
  kl_publisher_set_source (kl_call_get_publisher (self->call), KL_MEDIA_AUDIO, microphone);
  return self;
}

void
call_room_free (CallRoom *self)
{
  self->line->room = NULL;
  kl_call_leave (self->call);
  kl_test_wait_until (kl_call_get_state (self->call) == KL_CALL_ENDED);
  g_ptr_array_unref (self->members);
  g_object_unref (self->call);
  g_object_unref (self->line);
  g_free (self);
}
