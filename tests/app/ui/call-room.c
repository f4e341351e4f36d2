/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/ui/call-room.h"

#include "tests/app/ui/call-core.h"
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
  CallCore *core;
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

/* ── Our own line ── */

static void
line_send (KlCallSignaller *signaller, const char *peer, const char *data)
{
  Line *self = TEST_LINE (signaller);
  Member *member = self->room != NULL ? find_member (self->room, peer) : NULL;

  if (member != NULL)
    call_core_take_signal (member->core, OWN_ID, data);
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
on_core_signal (gpointer owner, const char *to, const char *data)
{
  Member *member = owner, *other = find_member (member->room, to);

  if (g_str_equal (to, OWN_ID))
    kl_call_take_signal (member->room->call, member->id, data, -1);
  else if (other != NULL)
    call_core_take_signal (other->core, member->id, data);
}

static void
on_core_announce (gpointer owner, gboolean audio, gboolean video, gboolean screen)
{
  Member *member = owner;

  member->audio = audio;
  member->video = video;
  member->screen = screen;
  show_media (member);
}

static const CallCoreFuncs core_funcs = { on_core_signal, on_core_announce };

static void
member_free (gpointer data)
{
  Member *member = data;

  call_core_free (member->core);
  g_free (member->id);
  g_free (member);
}

void
call_room_add (CallRoom *self, const char *id, const char *pattern, guint tone_hz)
{
  Member *member = g_new0 (Member, 1);

  member->room = self;
  member->id = g_strdup (id);
  member->core = call_core_new (&core_funcs, member, pattern, tone_hz);
  kl_call_add_peer (self->call, id, id, FALSE);
  for (guint i = 0; i < self->members->len; i++)
    {
      Member *other = g_ptr_array_index (self->members, i);

      call_core_add_peer (other->core, id, FALSE);
      call_core_add_peer (member->core, other->id, TRUE);
    }
  g_ptr_array_add (self->members, member);
  call_core_add_peer (member->core, OWN_ID, TRUE);
}

void
call_room_remove (CallRoom *self, const char *id)
{
  Member *member = find_member (self, id);

  kl_call_remove_peer (self->call, id);
  for (guint i = 0; i < self->members->len; i++)
    {
      Member *other = g_ptr_array_index (self->members, i);

      if (other != member)
        call_core_remove_peer (other->core, id);
    }
  g_ptr_array_remove (self->members, member);
}

void
call_room_say (CallRoom *self, const char *id, const char *json)
{
  call_core_say (find_member (self, id)->core, json);
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
