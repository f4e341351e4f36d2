/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/ui/call-friend.h"

#include <gio/gio.h>
#include <string.h>

#include "app/core/kl-session-calls.h"
#include "protocol/kl-json.h"
#include "tests/kit/kl-test.h"

struct _CallFriend
{
  KlAccount *account;
  KlSession *session;
  char *folder;
  KlGroup *group;
  KlCallPlace *place; /* NULL: not in a call */
  GSubprocess *process;
  GDataInputStream *out;
  GCancellable *cancellable;
  gboolean audio, video, screen, hand;
};

/* ── To the core ── */

static void
tell (CallFriend *self, const char *json)
{
  g_autofree char *line = g_strdup_printf ("%s\n", json);
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_subprocess_get_stdin_pipe (self->process), line, strlen (line), NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
tell_peer (CallFriend *self, const char *what, const char *id, gboolean offers)
{
  g_autofree char *json
      = g_strdup_printf ("{\"do\":\"%s\",\"id\":\"%s\"%s}", what, id, offers ? ",\"offers\":true" : "");

  tell (self, json);
}

static gboolean
is_my_call (CallFriend *self, const char *call)
{
  return self->place != NULL && g_str_equal (call, self->place->call);
}

static void
on_call_peer (CallFriend *self, const char *call, const KlCallNews *news)
{
  if (!is_my_call (self, call) || g_str_equal (news->peer, self->place->peer))
    return;
  if (news->kind == KL_CALL_NEWS_JOINED)
    tell_peer (self, "peer", news->peer, FALSE);
  else if (news->kind == KL_CALL_NEWS_LEFT)
    tell_peer (self, "remove", news->peer, FALSE);
}

static void
on_call_signal (CallFriend *self, const char *call, const char *from, const char *data)
{
  KlJsonWriter out;
  g_autofree char *json = NULL;

  if (!is_my_call (self, call))
    return;
  kl_json_writer_init (&out, 1024);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "do", "signal");
  kl_json_member_string (&out, "from", from);
  kl_json_member_raw (&out, "data", data, strlen (data));
  kl_json_end_object (&out);
  json = kl_json_writer_steal_string (&out, NULL);
  tell (self, json);
}

/* ── From the core ── */

static void
tell_media (CallFriend *self)
{
  if (self->place != NULL)
    kl_session_tell_call_media (self->session, self->place->call, self->audio, self->video, self->screen, self->hand);
}

static void
hear (CallFriend *self, KlJsonFields *in)
{
  const char *event = kl_json_fields_string (in, "event", KL_JSON_REQUIRED, 1, 64, NULL);

  if (g_str_equal (event, "signal") && self->place != NULL)
    {
      const char *to = kl_json_fields_id (in, "to", KL_JSON_REQUIRED);
      g_autofree char *data = NULL;
      KlJsonWriter out;

      kl_json_writer_init (&out, 1024);
      kl_json_value (&out, kl_json_fields_value (in, "data", KL_JSON_REQUIRED));
      data = kl_json_writer_steal_string (&out, NULL);
      kl_session_signal_call_async (self->session, self->place->call, to, data, NULL, NULL, NULL);
    }
  else if (g_str_equal (event, "announce"))
    {
      self->audio = kl_json_fields_bool (in, "audio", KL_JSON_REQUIRED, FALSE);
      self->video = kl_json_fields_bool (in, "video", KL_JSON_REQUIRED, FALSE);
      self->screen = kl_json_fields_bool (in, "screen", KL_JSON_REQUIRED, FALSE);
      tell_media (self);
    }
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);
  CallFriend *self = user_data;
  g_autoptr (KlJson) json = NULL;
  KlJsonFields in;

  if (line == NULL)
    return;
  json = kl_json_parse (line, strlen (line), NULL);
  if (json == NULL)
    g_error ("call-peer says “%s”", line);
  kl_json_fields_init (&in, kl_json_get_root (json));
  hear (self, &in);
  g_data_input_stream_read_line_async (self->out, G_PRIORITY_DEFAULT, self->cancellable, on_line, self);
}

/* ── For tests ── */

void
call_friend_set_picture (CallFriend *self, const char *pattern)
{
  g_autofree char *json = pattern != NULL ? g_strdup_printf ("{\"do\":\"source\",\"pattern\":\"%s\"}", pattern)
                                          : g_strdup ("{\"do\":\"source\",\"pattern\":null}");

  tell (self, json);
}

void
call_friend_set_hand (CallFriend *self, gboolean raised)
{
  self->hand = raised;
  tell_media (self);
}

void
call_friend_react (CallFriend *self, const char *emoji)
{
  kl_session_react_in_call (self->session, self->place->call, emoji);
}

const char *
call_friend_get_peer (CallFriend *self)
{
  return self->place != NULL ? self->place->peer : NULL;
}

static void
start_core (CallFriend *self, const char *pattern, guint tone_hz)
{
  const char *program = g_getenv ("KLATCH_CALL_PEER");
  g_autofree char *sound = g_strdup_printf ("{\"do\":\"source\",\"tone\":%u}", tone_hz);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (program);
  self->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, program, NULL);
  g_assert_no_error (error);
  self->cancellable = g_cancellable_new ();
  self->out = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  g_data_input_stream_read_line_async (self->out, G_PRIORITY_DEFAULT, self->cancellable, on_line, self);
  call_friend_set_picture (self, pattern);
  tell (self, sound);
}

void
call_friend_join (CallFriend *self, const char *pattern, guint tone_hz)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (self->place);
  start_core (self, pattern, tone_hz);
  kl_session_join_call_async (self->session, self->group, tone_hz != 0, pattern != NULL, NULL, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  self->place = kl_session_join_call_finish (self->session, result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < self->place->peers->len; i++)
    tell_peer (self, "peer", kl_group_call_peer_get_id (g_ptr_array_index (self->place->peers, i)), TRUE);
  tell_media (self);
}

void
call_friend_leave (CallFriend *self)
{
  g_autoptr (GError) error = NULL;

  if (self->place == NULL)
    return;
  kl_session_leave_call (self->session, self->place->call);
  g_clear_pointer (&self->place, kl_call_place_free);
  g_cancellable_cancel (self->cancellable);
  kl_test_spin (0);
  tell (self, "{\"do\":\"leave\"}");
  g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
  g_subprocess_wait_check (self->process, NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&self->out);
  g_clear_object (&self->process);
  g_clear_object (&self->cancellable);
}

void
call_friend_ring (CallFriend *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_session_ring_call_async (self->session, self->place->call, NULL, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  kl_session_ring_call_finish (self->session, result, &error);
  g_assert_no_error (error);
}

KlSession *
call_friend_get_session (CallFriend *self)
{
  return self->session;
}

KlGroup *
call_friend_get_group (CallFriend *self)
{
  return self->group;
}

CallFriend *
call_friend_new (KlLiveServer *server, const char *name, const char *display_name, KlGroup *group)
{
  CallFriend *self = g_new0 (CallFriend, 1);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  self->account = kl_live_register (server, name);
  self->folder = kl_test_dir_new ();
  self->session = kl_live_session (self->account, self->folder);
  kl_session_set_display_name_async (self->session, display_name, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  kl_session_set_display_name_finish (self->session, result, &error);
  g_assert_no_error (error);
  if (group != NULL)
    self->group = kl_live_join (self->session, group);
  g_signal_connect_swapped (self->session, "call-peer", G_CALLBACK (on_call_peer), self);
  g_signal_connect_swapped (self->session, "call-signal", G_CALLBACK (on_call_signal), self);
  return self;
}

void
call_friend_free (CallFriend *self)
{
  call_friend_leave (self);
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_clear_object (&self->group);
  kl_live_session_end (self->session);
  kl_test_dir_remove (self->folder);
  g_object_unref (self->account);
  g_free (self->folder);
  g_free (self);
}
