/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/ui/call-friend.h"

#include "app/core/kl-session-calls.h"
#include "tests/app/ui/call-core.h"
#include "tests/kit/kl-test.h"

struct _CallFriend
{
  KlAccount *account;
  KlSession *session;
  char *folder;
  KlGroup *group;
  KlCallPlace *place; /* NULL: not in a call */
  CallCore *core;     /* NULL: the same */
  gboolean audio, video, screen, hand;
};

/* ── To the core ── */

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
    call_core_add_peer (self->core, news->peer, FALSE);
  else if (news->kind == KL_CALL_NEWS_LEFT)
    call_core_remove_peer (self->core, news->peer);
}

static void
on_call_signal (CallFriend *self, const char *call, const char *from, const char *data)
{
  if (is_my_call (self, call))
    call_core_take_signal (self->core, from, data);
}

/* ── From the core ── */

static void
tell_media (CallFriend *self)
{
  if (self->place != NULL)
    kl_session_tell_call_media (self->session, self->place->call, self->audio, self->video, self->screen, self->hand);
}

static void
on_core_signal (gpointer owner, const char *to, const char *data)
{
  CallFriend *self = owner;

  if (self->place != NULL)
    kl_session_signal_call_async (self->session, self->place->call, to, data, NULL, NULL, NULL);
}

static void
on_core_announce (gpointer owner, gboolean audio, gboolean video, gboolean screen)
{
  CallFriend *self = owner;

  self->audio = audio;
  self->video = video;
  self->screen = screen;
  tell_media (self);
}

static const CallCoreFuncs core_funcs = { on_core_signal, on_core_announce };

/* ── For tests ── */

void
call_friend_set_picture (CallFriend *self, const char *pattern)
{
  call_core_set_picture (self->core, pattern);
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

void
call_friend_join (CallFriend *self, const char *pattern, guint tone_hz)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (self->place);
  self->core = call_core_new (&core_funcs, self, pattern, tone_hz);
  kl_session_join_call_async (self->session, self->group, tone_hz != 0, pattern != NULL, NULL, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  self->place = kl_session_join_call_finish (self->session, result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < self->place->peers->len; i++)
    call_core_add_peer (self->core, kl_group_call_peer_get_id (g_ptr_array_index (self->place->peers, i)), TRUE);
  tell_media (self);
}

void
call_friend_leave (CallFriend *self)
{
  if (self->place == NULL)
    return;
  kl_session_leave_call (self->session, self->place->call);
  g_clear_pointer (&self->place, kl_call_place_free);
  g_clear_pointer (&self->core, call_core_free);
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
