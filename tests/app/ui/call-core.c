/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/ui/call-core.h"

#include <gio/gio.h>
#include <string.h>

#include "protocol/kl-json.h"
#include "tests/kit/kl-test.h"

struct _CallCore
{
  const CallCoreFuncs *funcs;
  gpointer owner;
  GSubprocess *process;
  GDataInputStream *out;
  GCancellable *cancellable;
  gboolean reading;
};

/* ── To it ── */

void
call_core_say (CallCore *self, const char *json)
{
  g_autofree char *line = g_strdup_printf ("%s\n", json);
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_subprocess_get_stdin_pipe (self->process), line, strlen (line), NULL, NULL, &error);
  g_assert_no_error (error);
}

void
call_core_set_picture (CallCore *self, const char *pattern)
{
  g_autofree char *json = pattern != NULL ? g_strdup_printf ("{\"do\":\"source\",\"pattern\":\"%s\"}", pattern)
                                          : g_strdup ("{\"do\":\"source\",\"pattern\":null}");

  call_core_say (self, json);
}

void
call_core_add_peer (CallCore *self, const char *id, gboolean offers)
{
  g_autofree char *json
      = g_strdup_printf ("{\"do\":\"peer\",\"id\":\"%s\",\"offers\":%s}", id, offers ? "true" : "false");

  call_core_say (self, json);
}

void
call_core_remove_peer (CallCore *self, const char *id)
{
  g_autofree char *json = g_strdup_printf ("{\"do\":\"remove\",\"id\":\"%s\"}", id);

  call_core_say (self, json);
}

void
call_core_take_signal (CallCore *self, const char *from, const char *data)
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
  call_core_say (self, json);
}

/* ── From it ── */

static void
hear (CallCore *self, KlJsonFields *in)
{
  const char *event = kl_json_fields_string (in, "event", KL_JSON_REQUIRED, 1, 64, NULL);

  if (g_str_equal (event, "signal"))
    {
      const char *to = kl_json_fields_id (in, "to", KL_JSON_REQUIRED);
      g_autofree char *data = NULL;
      KlJsonWriter out;

      kl_json_writer_init (&out, 1024);
      kl_json_value (&out, kl_json_fields_value (in, "data", KL_JSON_REQUIRED));
      data = kl_json_writer_steal_string (&out, NULL);
      self->funcs->signal (self->owner, to, data);
    }
  else if (g_str_equal (event, "announce"))
    {
      gboolean audio = kl_json_fields_bool (in, "audio", KL_JSON_REQUIRED, FALSE);
      gboolean video = kl_json_fields_bool (in, "video", KL_JSON_REQUIRED, FALSE);

      self->funcs->announce (self->owner, audio, video, kl_json_fields_bool (in, "screen", KL_JSON_REQUIRED, FALSE));
    }
}

static void read_line (CallCore *self);

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);
  CallCore *self = user_data;
  g_autoptr (KlJson) json = NULL;
  KlJsonFields in;

  self->reading = FALSE;
  if (line == NULL || g_cancellable_is_cancelled (self->cancellable))
    return;
  json = kl_json_parse (line, strlen (line), NULL);
  if (json == NULL)
    g_error ("call-peer says “%s”", line);
  kl_json_fields_init (&in, kl_json_get_root (json));
  hear (self, &in);
  read_line (self);
}

static void
read_line (CallCore *self)
{
  self->reading = TRUE;
  g_data_input_stream_read_line_async (self->out, G_PRIORITY_DEFAULT, self->cancellable, on_line, self);
}

/* ── Its life ── */

CallCore *
call_core_new (const CallCoreFuncs *funcs, gpointer owner, const char *pattern, guint tone_hz)
{
  const char *program = g_getenv ("KLATCH_CALL_PEER");
  g_autofree char *sound = g_strdup_printf ("{\"do\":\"source\",\"tone\":%u}", tone_hz);
  CallCore *self = g_new0 (CallCore, 1);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (program);
  self->funcs = funcs;
  self->owner = owner;
  self->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, program, NULL);
  g_assert_no_error (error);
  self->cancellable = g_cancellable_new ();
  self->out = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  call_core_set_picture (self, pattern);
  call_core_say (self, sound);
  read_line (self);
  return self;
}

/* Nothing else of the test's runs meanwhile. */
static void
await_end (CallCore *self)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_main_context_push_thread_default (context);
  g_subprocess_wait_check_async (self->process, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_subprocess_wait_check_finish (self->process, result, &error);
  g_main_context_pop_thread_default (context);
  g_assert_no_error (error);
}

void
call_core_free (CallCore *self)
{
  g_cancellable_cancel (self->cancellable);
  kl_test_wait_until (!self->reading);
  g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
  await_end (self);
  g_object_unref (self->out);
  g_object_unref (self->process);
  g_object_unref (self->cancellable);
  g_free (self);
}
