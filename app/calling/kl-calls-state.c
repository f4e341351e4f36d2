/* SPDX-License-Identifier: GPL-3.0-or-later
 * Into a call, through a broken line, and out. A request carries the attempt that it belongs to: who has left meanwhile gives
 * back what an older one brings. */
#include "app/calling/kl-calls-private.h"

enum
{
  AGAIN_MS = 1000,
  GHOST_MS = 20 * 1000, /* so long a peer that the server does not name, and that is not heard either, may come back */
};

static void ask_again (KlCalls *self);

gboolean
kl_calls_is_in_call (KlCalls *self)
{
  return self->state == KL_CALLS_RUNNING || self->state == KL_CALLS_RECONNECTING;
}

static void
set_state (KlCalls *self, KlCallsState state)
{
  if (self->state == state)
    return;
  self->state = state;
  kl_calls_notify (self, "state");
}

static void
set_error (KlCalls *self, const GError *error)
{
  if (error == NULL && self->error == NULL)
    return;
  g_clear_error (&self->error);
  if (error != NULL)
    self->error = g_error_copy (error);
  kl_calls_notify (self, "error");
}

/* ── Peers ── */

static void
add_peer (KlCalls *self, const char *id, KlUser *user, gboolean offers, const KlCallNews *media)
{
  g_hash_table_remove (self->ghosts, id);
  kl_call_add_peer (self->call, id, kl_user_get_id (user), offers);
  kl_call_set_peer_media (self->call, id, media->audio, media->video, media->screen, media->hand);
}

static void
add_peers (KlCalls *self, GPtrArray *peers, gboolean offers)
{
  for (guint i = 0; i < peers->len; i++)
    {
      KlGroupCallPeer *peer = g_ptr_array_index (peers, i);
      const KlCallNews media = {
        .audio = kl_group_call_peer_get_audio (peer),
        .video = kl_group_call_peer_get_video (peer),
        .screen = kl_group_call_peer_get_screen (peer),
        .hand = kl_group_call_peer_get_hand (peer),
      };

      add_peer (self, kl_group_call_peer_get_id (peer), kl_group_call_peer_get_user (peer), offers, &media);
    }
}

static void
remove_peer (KlCalls *self, const char *id)
{
  KlCallPeer *peer = kl_call_find_peer (self->call, id);
  KlUser *user = peer != NULL ? kl_calls_get_person (self, kl_call_peer_get_user (peer)) : NULL;

  g_hash_table_remove (self->ghosts, id);
  kl_calls_forget_signals (self, id);
  kl_call_remove_peer (self->call, id);
  if (user != NULL)
    kl_calls_emit_person (self, KL_CALLS_DEPARTED, user);
}

static void
remove_all_peers (KlCalls *self)
{
  GListModel *peers = kl_call_get_peers (self->call);

  g_hash_table_remove_all (self->ghosts);
  kl_calls_forget_signals (self, NULL);
  for (guint i = g_list_model_get_n_items (peers); i > 0; i--)
    {
      g_autoptr (KlCallPeer) peer = g_list_model_get_item (peers, i - 1);

      kl_call_remove_peer (self->call, kl_call_peer_get_id (peer));
    }
}

/* ── Who may have gone while nobody could tell us ── */

static gboolean
is_named (KlCalls *self, const char *id)
{
  KlGroupCall *call = kl_group_get_call (self->group);

  return call != NULL && kl_group_call_find_peer (call, id) != NULL;
}

/* A peer that the answer to resume does not name has left, or, where the server has just been restarted, comes back as we do.
 * As long as it is heard it is there. */
static gboolean
on_ghosts_due (gpointer data)
{
  KlCalls *self = data;
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer id, until;

  g_hash_table_iter_init (&iter, self->ghosts);
  while (g_hash_table_iter_next (&iter, &id, &until))
    {
      KlCallPeer *peer = kl_call_find_peer (self->call, id);

      if (peer == NULL || is_named (self, id))
        g_hash_table_iter_remove (&iter);
      else if (now >= *(gint64 *) until && kl_call_peer_get_state (peer) != KL_CALL_PEER_CONNECTED)
        g_ptr_array_add (gone, g_strdup (id));
    }
  for (guint i = 0; i < gone->len; i++)
    remove_peer (self, g_ptr_array_index (gone, i));
  if (g_hash_table_size (self->ghosts) > 0)
    return G_SOURCE_CONTINUE;
  self->ghost_source = 0;
  return G_SOURCE_REMOVE;
}

static void
note_ghosts (KlCalls *self, GPtrArray *named)
{
  GListModel *peers = kl_call_get_peers (self->call);
  gint64 until = g_get_monotonic_time () + GHOST_MS * G_TIME_SPAN_MILLISECOND;

  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr (KlCallPeer) peer = g_list_model_get_item (peers, i);
      gboolean is_there = FALSE;

      for (guint j = 0; j < named->len && !is_there; j++)
        is_there = g_str_equal (kl_group_call_peer_get_id (g_ptr_array_index (named, j)), kl_call_peer_get_id (peer));
      if (!is_there)
        g_hash_table_insert (self->ghosts, g_strdup (kl_call_peer_get_id (peer)), g_memdup2 (&until, sizeof until));
    }
  if (g_hash_table_size (self->ghosts) > 0 && self->ghost_source == 0)
    self->ghost_source = g_timeout_add_seconds (1, on_ghosts_due, self);
}

/* ── What we send ── */

void
kl_calls_tell_media (KlCalls *self, gboolean again)
{
  KlPublisher *publisher = self->call != NULL ? kl_call_get_publisher (self->call) : NULL;
  gboolean audio, video, screen;

  if (self->state != KL_CALLS_RUNNING || publisher == NULL)
    return;
  audio = kl_publisher_get_source (publisher, KL_MEDIA_AUDIO) != NULL && !kl_publisher_get_muted (publisher);
  video = kl_publisher_get_source (publisher, KL_MEDIA_VIDEO) != NULL;
  screen = video && kl_media_source_get_screen (kl_publisher_get_source (publisher, KL_MEDIA_VIDEO));
  if (!again && audio == self->told_audio && video == self->told_video && screen == self->told_screen
      && self->hand == self->told_hand)
    return;
  self->told_audio = audio;
  self->told_video = video;
  self->told_screen = screen;
  self->told_hand = self->hand;
  kl_session_tell_call_media (self->session, self->place->call, audio, video, screen, self->hand);
}

/* ── A place ── */

static void
take_place (KlCalls *self, KlCallPlace *place)
{
  g_autoptr (GPtrArray) servers = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_ice_server_free);
  g_autoptr (KlCallPlace) old = self->place;

  self->place = place;
  for (guint i = 0; i < place->helpers->len; i++)
    {
      KlCallHelper *helper = g_ptr_array_index (place->helpers, i);

      g_ptr_array_add (servers, kl_ice_server_new ((const char *const *) helper->urls, helper->username,
                                                   helper->credential));
    }
  kl_call_set_ice_servers (self->call, servers);
  g_object_set (self->call, "relay-only", place->relay_only || self->always_relay, NULL);
  kl_calls_notify (self, "peer");
  kl_calls_notify (self, "started-at");
}

static void
enter (KlCalls *self, KlCallPlace *place)
{
  take_place (self, place);
  self->anew = FALSE;
  set_error (self, NULL);
  if (!self->warned)
    g_object_set (self, "warned", TRUE, NULL);
  set_state (self, KL_CALLS_RUNNING);
  add_peers (self, place->peers, TRUE);
  kl_calls_tell_media (self, FALSE);
  kl_calls_update (self);
  kl_calls_update_ring (self);
}

/* Takes the place up again. */
static void
go_on (KlCalls *self, KlCallPlace *place)
{
  take_place (self, place);
  set_state (self, KL_CALLS_RUNNING);
  add_peers (self, place->peers, FALSE);
  note_ghosts (self, place->peers);
  kl_calls_tell_media (self, TRUE);
  kl_calls_send_signals (self);
}

/* Out, without a word about it. */
static void
drop_call (KlCalls *self)
{
  g_autoptr (KlCallPlace) place = g_steal_pointer (&self->place);
  g_autoptr (KlCall) call = g_steal_pointer (&self->call);
  g_autoptr (KlGroup) group = g_steal_pointer (&self->group);

  self->attempt++;
  self->asking = self->anew = self->checked = FALSE;
  g_clear_handle_id (&self->again_source, g_source_remove);
  g_clear_handle_id (&self->ghost_source, g_source_remove);
  g_hash_table_remove_all (self->ghosts);
  kl_calls_forget_signals (self, NULL);
  g_clear_object (&self->screen);
  kl_calls_end_share (self);
  if (place != NULL)
    kl_session_leave_call (self->session, place->call);
  if (group != NULL)
    g_signal_handlers_disconnect_by_data (group, self);
  if (call != NULL)
    {
      g_signal_handlers_disconnect_by_data (call, self);
      if (kl_call_get_publisher (call) != NULL)
        {
          g_signal_handlers_disconnect_by_data (kl_call_get_publisher (call), self);
          g_signal_handlers_disconnect_by_data (kl_call_get_speaker (call), self);
        }
      kl_call_leave (call);
    }
  self->muted = self->hand = FALSE;
  self->camera_wanted = FALSE;
  self->loud_usec = 0;
}

static void
end (KlCalls *self, const GError *error)
{
  if (self->state == KL_CALLS_IDLE && error == NULL)
    return;
  drop_call (self);
  set_error (self, error);
  set_state (self, error != NULL ? KL_CALLS_ENDED : KL_CALLS_IDLE);
  kl_calls_notify (self, "call");
  kl_calls_notify (self, "group");
  kl_calls_notify (self, "peer");
  kl_calls_notify (self, "started-at");
  kl_calls_notify (self, "hand");
  kl_calls_update (self);
  kl_calls_update_ring (self);
}

/* ── Asking ── */

/* PLACE: owned by whom it is told, or NULL: ERROR says why. */
typedef void (*Answered) (KlCalls *self, KlCallPlace *place, const GError *error);

typedef struct
{
  KlCalls *calls; /* owned */
  guint attempt;
  Answered answered;
} Request;

static Request *
request_new (KlCalls *self, Answered answered)
{
  Request *request = g_new (Request, 1);

  self->asking = TRUE;
  *request = (Request) { g_object_ref (self), ++self->attempt, answered };
  return request;
}

static gboolean
may_pass (const GError *error)
{
  return error->domain == KL_CORE_ERROR
         && (error->code == KL_CORE_ERROR_OFFLINE || error->code == KL_CORE_ERROR_TIMED_OUT
             || error->code == KL_CORE_ERROR_UNAVAILABLE || error->code == KL_CORE_ERROR_RATE_LIMITED
             || error->code == KL_CORE_ERROR_INTERNAL);
}

/* The answer to a request that is of no use any more: what it has brought is given back. */
static gboolean
is_stale (KlCalls *self, const Request *request, KlCallPlace *place)
{
  if (request->attempt == self->attempt)
    return FALSE;
  if (place != NULL && (self->place == NULL || !g_str_equal (self->place->call, place->call)))
    kl_session_leave_call (self->session, place->call);
  g_clear_pointer (&place, kl_call_place_free);
  return TRUE;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Request *request = user_data;
  g_autoptr (KlCalls) self = request->calls;
  g_autoptr (GError) error = NULL;
  KlCallPlace *place = kl_session_join_call_finish (KL_SESSION (source), result, &error);

  if (is_stale (self, request, place))
    return;
  self->asking = FALSE;
  request->answered (self, place, error);
}

static void
ask (KlCalls *self, const KlCallPlace *resume, Answered answered)
{
  KlPublisher *publisher = kl_call_get_publisher (self->call);

  self->told_audio
      = kl_publisher_get_source (publisher, KL_MEDIA_AUDIO) != NULL && !kl_publisher_get_muted (publisher);
  self->told_video = kl_publisher_get_source (publisher, KL_MEDIA_VIDEO) != NULL;
  self->told_screen = self->told_hand = FALSE;
  kl_session_join_call_async (self->session, self->group, self->told_audio, self->told_video, resume, NULL, on_answer,
                              request_new (self, answered));
}

static void
on_joined (KlCalls *self, KlCallPlace *place, const GError *error)
{
  if (place != NULL)
    {
      enter (self, place);
      return;
    }
  /* One that has taken us in, and could not say so in time. */
  if (g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_TIMED_OUT) && kl_group_get_call (self->group) != NULL)
    kl_session_leave_call (self->session, kl_group_call_get_id (kl_group_get_call (self->group)));
  if (!self->checked)
    {
      end (self, error);
      return;
    }
  set_error (self, error);
  set_state (self, KL_CALLS_CHECKING);
  kl_calls_update_ring (self);
}

/* ── A broken line ── */

static void
begin_anew (KlCalls *self)
{
  self->anew = TRUE;
  remove_all_peers (self);
  set_state (self, KL_CALLS_RECONNECTING);
  ask_again (self);
}

static gboolean
on_again (gpointer data)
{
  KlCalls *self = data;

  self->again_source = 0;
  ask_again (self);
  return G_SOURCE_REMOVE;
}

static void
ask_later (KlCalls *self, const GError *error)
{
  gint64 wait_ms = MAX (AGAIN_MS, MIN (kl_error_get_retry_after_ms (error), 10000));

  if (self->again_source == 0)
    self->again_source = g_timeout_add ((guint) wait_ms, on_again, self);
}

static void
on_resumed (KlCalls *self, KlCallPlace *place, const GError *error)
{
  if (place != NULL && self->anew)
    enter (self, place);
  else if (place != NULL)
    go_on (self, place);
  else if (may_pass (error))
    ask_later (self, error);
  else if (self->anew)
    end (self, error);
  else
    begin_anew (self); /* what runs between the machines is of the old place */
}

static void
ask_again (KlCalls *self)
{
  if (self->state != KL_CALLS_RECONNECTING || self->asking
      || kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE)
    return;
  g_clear_handle_id (&self->again_source, g_source_remove);
  ask (self, self->anew ? NULL : self->place, on_resumed);
}

static void
on_session_state (KlCalls *self)
{
  switch (kl_session_get_state (self->session))
    {
    case KL_CONNECTION_STATE_ONLINE:
      ask_again (self);
      return;
    case KL_CONNECTION_STATE_STOPPED:
    case KL_CONNECTION_STATE_REFUSED:
      end (self, NULL);
      return;
    case KL_CONNECTION_STATE_CONNECTING:
    case KL_CONNECTION_STATE_WAITING:
    case KL_CONNECTION_STATE_OFFLINE:
    default:
      if (self->state != KL_CALLS_RUNNING)
        return;
      kl_calls_interrupt_signals (self);
      set_state (self, KL_CALLS_RECONNECTING);
      return;
    }
}

/* ── What the server says ── */

static gboolean
is_own_call (KlCalls *self, const char *call)
{
  return kl_calls_is_in_call (self) && !self->anew && g_str_equal (self->place->call, call);
}

static void
on_call_peer (KlSession *session, const char *call, const KlCallNews *news, KlCalls *self)
{
  gboolean is_new;

  if (!is_own_call (self, call) || g_str_equal (news->peer, self->place->peer))
    return;
  if (news->kind == KL_CALL_NEWS_LEFT)
    {
      remove_peer (self, news->peer);
      return;
    }
  is_new = kl_call_find_peer (self->call, news->peer) == NULL;
  add_peer (self, news->peer, news->user, FALSE, news);
  if (is_new)
    kl_calls_emit_person (self, KL_CALLS_ARRIVED, news->user);
}

static void
on_call_signal (KlSession *session, const char *call, const char *from, const char *data, KlCalls *self)
{
  /* It may come before the answer that says which call this is. */
  if (self->state == KL_CALLS_JOINING || (self->asking && self->anew) || is_own_call (self, call))
    kl_call_take_signal (self->call, from, data, -1);
}

static void
on_call_reaction (KlSession *session, const char *call, const char *peer, const char *emoji, KlCalls *self)
{
  if (is_own_call (self, call))
    kl_calls_emit_reaction (self, peer, emoji);
}

static void
on_call_declined (KlSession *session, const char *call, KlUser *user, KlCalls *self)
{
  if (is_own_call (self, call) && user != kl_session_get_me (session))
    kl_calls_emit_person (self, KL_CALLS_DECLINED, user);
}

/* Two calls that began at once have become one: the other. */
static void
on_group_call (KlCalls *self)
{
  KlGroupCall *call = kl_group_get_call (self->group);

  if (self->state == KL_CALLS_RUNNING && call != NULL
      && !g_str_equal (kl_group_call_get_id (call), self->place->call))
    begin_anew (self);
}

static void
on_group_removed (KlSession *session, KlGroup *group, const char *reason, KlCalls *self)
{
  g_autoptr (GError) error = NULL;

  if (group != self->group)
    return;
  if (!g_str_equal (reason, "left"))
    error = g_error_new_literal (KL_CALLS_ERROR, KL_CALLS_ERROR_REMOVED, "You are no longer in this group");
  end (self, error);
}

void
kl_calls_watch_session (KlCalls *self)
{
  g_signal_connect_object (self->session, "notify::state", G_CALLBACK (on_session_state), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "call-peer", G_CALLBACK (on_call_peer), self, 0);
  g_signal_connect_object (self->session, "call-signal", G_CALLBACK (on_call_signal), self, 0);
  g_signal_connect_object (self->session, "call-reaction", G_CALLBACK (on_call_reaction), self, 0);
  g_signal_connect_object (self->session, "call-declined", G_CALLBACK (on_call_declined), self, 0);
  g_signal_connect_object (self->session, "group-removed", G_CALLBACK (on_group_removed), self, 0);
}

/* ── Beginning and ending ── */

static void
on_level (KlCalls *self)
{
  if (kl_publisher_get_level (kl_call_get_publisher (self->call)) >= KL_CALL_SPEAKING_LEVEL)
    self->loud_usec = g_get_monotonic_time ();
  kl_calls_update (self);
}

/* The pipeline runs, for nobody yet. FALSE: it cannot, and the state says so. */
static gboolean
begin (KlCalls *self, KlGroup *group, gboolean video)
{
  g_autoptr (GError) error = NULL;

  end (self, NULL);
  kl_calls_get_devices (self);
  self->call = g_object_new (KL_TYPE_CALL, "signaller", self->signaller, "local-address", self->local_address, "silent",
                             self->silent, "voice-processing", self->voice_processing, NULL);
  g_object_set (self->call, "large", self->large, NULL);
  if (!kl_call_start (self->call, &error))
    {
      g_clear_object (&self->call);
      set_error (self, error);
      set_state (self, KL_CALLS_ENDED);
      return FALSE;
    }
  self->group = g_object_ref (group);
  self->camera_wanted = video;
  g_signal_connect_object (group, "notify::call", G_CALLBACK (on_group_call), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kl_call_get_publisher (self->call), "notify::level", G_CALLBACK (on_level), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (kl_call_get_speaker (self->call), "notify::working", G_CALLBACK (kl_calls_update), self,
                           G_CONNECT_SWAPPED);
  kl_calls_open_devices (self);
  kl_calls_notify (self, "group");
  kl_calls_notify (self, "call");
  return TRUE;
}

void
kl_calls_check (KlCalls *self, KlGroup *group)
{
  g_return_if_fail (KL_IS_CALLS (self));
  g_return_if_fail (KL_IS_GROUP (group));

  if (self->call != NULL && self->group == group)
    return;
  if (!begin (self, group, TRUE))
    return;
  self->checked = TRUE;
  set_state (self, KL_CALLS_CHECKING);
}

void
kl_calls_join (KlCalls *self)
{
  g_return_if_fail (KL_IS_CALLS (self));

  if (self->state != KL_CALLS_CHECKING)
    return;
  set_error (self, NULL);
  set_state (self, KL_CALLS_JOINING);
  kl_calls_update_ring (self);
  ask (self, NULL, on_joined);
}

void
kl_calls_join_group (KlCalls *self, KlGroup *group, gboolean video)
{
  g_return_if_fail (KL_IS_CALLS (self));
  g_return_if_fail (KL_IS_GROUP (group));

  if (self->group == group && self->state != KL_CALLS_CHECKING)
    return;
  if (self->group == group)
    kl_calls_set_camera_on (self, video);
  else if (!begin (self, group, video))
    return;
  else
    set_state (self, KL_CALLS_CHECKING);
  kl_calls_join (self);
}

void
kl_calls_leave (KlCalls *self)
{
  g_return_if_fail (KL_IS_CALLS (self));
  end (self, NULL);
}

void
kl_calls_dismiss (KlCalls *self)
{
  g_return_if_fail (KL_IS_CALLS (self));
  if (self->state == KL_CALLS_ENDED)
    end (self, NULL);
}

void
kl_calls_answer (KlCalls *self, KlRing *ring, gboolean video)
{
  g_return_if_fail (KL_IS_CALLS (self));
  g_return_if_fail (KL_IS_RING (ring));
  kl_calls_join_group (self, kl_ring_get_group (ring), video);
}

void
kl_calls_decline (KlCalls *self, KlRing *ring)
{
  g_return_if_fail (KL_IS_CALLS (self));
  g_return_if_fail (KL_IS_RING (ring));
  kl_session_decline_call (self->session, ring);
}

/* ── In a call ── */

static void
on_rung (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (kl_session_ring_call_finish (KL_SESSION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
kl_calls_ring_async (KlCalls *self, const char *const *users, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;

  g_return_if_fail (KL_IS_CALLS (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, kl_calls_ring_async);
  if (!kl_calls_is_in_call (self))
    {
      g_task_return_new_error (task, KL_CORE_ERROR, KL_CORE_ERROR_OFFLINE, "Not in a call");
      g_object_unref (task);
      return;
    }
  kl_session_ring_call_async (self->session, self->place->call, users, NULL, on_rung, task);
}

gboolean
kl_calls_ring_finish (KlCalls *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_calls_react (KlCalls *self, const char *emoji)
{
  g_return_if_fail (KL_IS_CALLS (self));
  g_return_if_fail (emoji != NULL);

  if (self->state != KL_CALLS_RUNNING)
    return;
  kl_session_react_in_call (self->session, self->place->call, emoji);
  kl_calls_emit_reaction (self, self->place->peer, emoji);
}

void
kl_calls_set_hand (KlCalls *self, gboolean raised)
{
  g_return_if_fail (KL_IS_CALLS (self));

  if (!kl_calls_is_in_call (self) || self->hand == !!raised)
    return;
  self->hand = !!raised;
  kl_calls_notify (self, "hand");
  kl_calls_tell_media (self, FALSE);
}
