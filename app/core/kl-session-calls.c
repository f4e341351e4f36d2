/* SPDX-License-Identifier: GPL-3.0-or-later
 * Calls: what the server says of them becomes KlGroup:call, rings and signals; what is asked and told goes out. Which call
 * we are in is known here only as a place (own_call, own_peer); what is done in it is KlCalls' business. */
#include "app/core/kl-error-private.h"
#include "app/core/kl-session-calls.h"
#include "app/core/kl-session-private.h"
#include "protocol/kl-limits.h"

#include <stdlib.h>
#include <string.h>

enum
{
  RING_MS = 45 * 1000,
  RINGS_MAX = 32,
  PEERS_MAX = 1000, /* a server's mesh_limit may be above the default */
  HELPERS_MAX = 32,
  TOKEN_BYTES_MAX = 4096,
  URL_BYTES_MAX = 2048,
};

typedef enum
{
  CALL_PEER,
  CALL_SIGNAL,
  CALL_REACTION,
  CALL_DECLINED,
  N_SIGNALS,
} SignalId;

static guint signals[N_SIGNALS];

void
kl_session_calls_class_init (GObjectClass *klass)
{
  GType type = G_OBJECT_CLASS_TYPE (klass);

  signals[CALL_PEER] = g_signal_new ("call-peer", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                     G_TYPE_STRING, G_TYPE_POINTER);
  signals[CALL_SIGNAL] = g_signal_new ("call-signal", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                                       G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[CALL_REACTION] = g_signal_new ("call-reaction", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                                         G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  signals[CALL_DECLINED] = g_signal_new ("call-declined", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                         G_TYPE_STRING, KL_TYPE_USER);
}

/* ── Rings ── */

static KlRing *
find_ring (KlSession *self, const char *call, guint *position)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->rings)); i++)
    {
      g_autoptr (KlRing) ring = g_list_model_get_item (G_LIST_MODEL (self->rings), i);

      if (!g_str_equal (kl_ring_get_call (ring), call))
        continue;
      *position = i;
      return ring; /* the list holds it */
    }
  return NULL;
}

void
kl_session_remove_source (gpointer id)
{
  g_source_remove (GPOINTER_TO_UINT (id));
}

static void
stop_ring (KlSession *self, const char *call)
{
  guint position;

  if (find_ring (self, call, &position) == NULL)
    return;
  /* What it is called may be the ring's own. */
  g_hash_table_remove (self->ring_sources, call);
  g_list_store_remove (self->rings, position);
}

typedef struct
{
  KlSession *session; /* not owned: its dispose removes the source */
  char *call;
} Ringing;

static void
ringing_free (gpointer data)
{
  g_free (((Ringing *) data)->call);
  g_free (data);
}

static gboolean
on_ring_over (gpointer user_data)
{
  Ringing *ringing = user_data;
  KlSession *self = ringing->session;
  g_autofree char *call = g_strdup (ringing->call);
  gpointer key;

  if (g_hash_table_steal_extended (self->ring_sources, call, &key, NULL))
    g_free (key);
  stop_ring (self, call);
  return G_SOURCE_REMOVE;
}

/* The rings of a group that GROUP_CALL, what is on in it now, does not bear out. */
static void
stop_rings_of (KlSession *self, KlGroup *group, KlGroupCall *group_call)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->rings)); i > 0; i--)
    {
      g_autoptr (KlRing) ring = g_list_model_get_item (G_LIST_MODEL (self->rings), i - 1);

      if (kl_ring_get_group (ring) == group
          && (group_call == NULL || !g_str_equal (kl_group_call_get_id (group_call), kl_ring_get_call (ring))
              || kl_group_call_has_user (group_call, self->me)))
        stop_ring (self, kl_ring_get_call (ring));
    }
}

void
kl_session_forget_rings (KlSession *self)
{
  g_hash_table_remove_all (self->ring_sources);
  g_list_store_remove_all (self->rings);
}

void
kl_session_on_call_ring (KlSession *self, yyjson_val *argument)
{
  KlJsonFields in;
  guint position;

  kl_json_fields_init (&in, argument);
  const char *call = kl_json_fields_id (&in, "call", KL_JSON_REQUIRED);
  KlTrack *track = kl_session_track (self, kl_json_fields_id (&in, "group", KL_JSON_REQUIRED));
  KlUser *by = kl_people_get (self->people, kl_json_fields_user (&in, "by", KL_JSON_REQUIRED));
  if (in.fault != NULL || track == NULL || by == NULL || by == self->me || g_strcmp0 (call, self->own_call) == 0
      || find_ring (self, call, &position) != NULL
      || g_list_model_get_n_items (G_LIST_MODEL (self->rings)) >= RINGS_MAX)
    return;
  kl_session_want_user (self, by);
  Ringing *ringing = g_new0 (Ringing, 1);
  ringing->session = self;
  ringing->call = g_strdup (call);
  guint source = g_timeout_add_full (G_PRIORITY_DEFAULT, RING_MS, on_ring_over, ringing, ringing_free);
  g_hash_table_insert (self->ring_sources, g_strdup (call), GUINT_TO_POINTER (source));
  g_autoptr (KlRing) ring = kl_ring_new (call, track->group, by);
  g_list_store_append (self->rings, ring);
}

void
kl_session_on_call_declined (KlSession *self, yyjson_val *argument)
{
  KlJsonFields in;

  kl_json_fields_init (&in, argument);
  const char *call = kl_json_fields_id (&in, "call", KL_JSON_REQUIRED);
  KlUser *user = kl_people_get (self->people, kl_json_fields_user (&in, "user", KL_JSON_REQUIRED));
  if (in.fault != NULL || user == NULL)
    return;
  if (user == self->me)
    stop_ring (self, call);
  kl_session_want_user (self, user);
  g_signal_emit (self, signals[CALL_DECLINED], 0, call, user);
}

/* ── A group's call ── */

static KlGroupCallPeer *
read_peer (KlSession *self, yyjson_val *object)
{
  KlJsonFields in;

  kl_json_fields_init (&in, object);
  const char *id = kl_json_fields_id (&in, "peer", KL_JSON_REQUIRED);
  KlUser *user = kl_people_get (self->people, kl_json_fields_user (&in, "user", KL_JSON_REQUIRED));
  gboolean audio = kl_json_fields_bool (&in, "audio", KL_JSON_OPTIONAL, FALSE);
  gboolean video = kl_json_fields_bool (&in, "video", KL_JSON_OPTIONAL, FALSE);
  gboolean screen = kl_json_fields_bool (&in, "screen", KL_JSON_OPTIONAL, FALSE);
  gboolean hand = kl_json_fields_bool (&in, "hand", KL_JSON_OPTIONAL, FALSE);
  if (in.fault != NULL || user == NULL)
    return NULL;
  kl_session_want_user (self, user);
  KlGroupCallPeer *peer = kl_group_call_peer_new (id, user);
  kl_group_call_peer_set_media (peer, audio, video, screen, hand);
  return peer;
}

static GPtrArray *
read_peers (KlSession *self, yyjson_val *array)
{
  GPtrArray *peers = g_ptr_array_new_with_free_func (g_object_unref);
  yyjson_val *object;
  size_t i, n;

  yyjson_arr_foreach (array, i, n, object)
    {
      KlGroupCallPeer *peer = i < PEERS_MAX ? read_peer (self, object) : NULL;
      if (peer != NULL)
        g_ptr_array_add (peers, peer);
    }
  return peers;
}

static const char *
own_peer_in (KlSession *self, const char *call)
{
  return g_strcmp0 (call, self->own_call) == 0 ? self->own_peer : NULL;
}

/* The group's call of this value, the one that is there already where it is the same; transfer full, or NULL. */
static KlGroupCall *
read_call (KlSession *self, KlGroup *group, yyjson_val *value)
{
  KlGroupCall *known = kl_group_get_call (group);
  KlJsonFields in;

  kl_json_fields_init (&in, value);
  const char *id = kl_json_fields_id (&in, "id", KL_JSON_REQUIRED);
  KlUser *by = kl_people_get (self->people, kl_json_fields_user (&in, "started_by", KL_JSON_REQUIRED));
  gint64 started_at = kl_json_fields_int (&in, "started_at", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  yyjson_val *array = kl_json_fields_array (&in, "peers", KL_JSON_REQUIRED, PEERS_MAX);
  if (in.fault != NULL || by == NULL)
    return NULL;
  g_autoptr (GPtrArray) peers = read_peers (self, array);
  g_autoptr (KlGroupCall) call = known != NULL && g_str_equal (kl_group_call_get_id (known), id)
                                     ? g_object_ref (known)
                                     : kl_group_call_new (id, by, started_at);
  kl_session_want_user (self, by);
  kl_group_call_set_me (call, self->me, own_peer_in (self, id));
  kl_group_call_set_peers (call, peers);
  return g_steal_pointer (&call);
}

void
kl_session_take_group_call (KlSession *self, KlTrack *track, yyjson_val *value)
{
  g_autoptr (KlGroup) group = g_object_ref (track->group);
  g_autoptr (KlGroupCall) call = value != NULL && !yyjson_is_null (value) ? read_call (self, group, value) : NULL;

  g_object_set (group, "call", call, NULL);
  stop_rings_of (self, group, call);
}

void
kl_session_forget_group_calls (KlSession *self, KlTrack *track)
{
  kl_session_take_group_call (self, track, NULL);
}

void
kl_session_forget_calls (KlSession *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_object_set (((KlTrack *) value)->group, "call", NULL, NULL);
}

void
kl_session_on_call (KlSession *self, yyjson_val *argument)
{
  KlTrack *track = kl_session_track (self, yyjson_get_str (yyjson_obj_get (argument, "group")));

  if (track != NULL)
    kl_session_take_group_call (self, track, yyjson_obj_get (argument, "call"));
}

/* ── Between peers ── */

void
kl_session_on_call_peer (KlSession *self, yyjson_val *argument)
{
  KlJsonFields in;
  KlCallNews news = { KL_CALL_NEWS_MEDIA };

  kl_json_fields_init (&in, argument);
  const char *call = kl_json_fields_id (&in, "call", KL_JSON_REQUIRED);
  news.peer = kl_json_fields_id (&in, "peer", KL_JSON_REQUIRED);
  news.user = kl_people_get (self->people, kl_json_fields_user (&in, "user", KL_JSON_REQUIRED));
  news.audio = kl_json_fields_bool (&in, "audio", KL_JSON_OPTIONAL, FALSE);
  news.video = kl_json_fields_bool (&in, "video", KL_JSON_OPTIONAL, FALSE);
  news.screen = kl_json_fields_bool (&in, "screen", KL_JSON_OPTIONAL, FALSE);
  news.hand = kl_json_fields_bool (&in, "hand", KL_JSON_OPTIONAL, FALSE);
  if (kl_json_fields_bool (&in, "left", KL_JSON_OPTIONAL, FALSE))
    news.kind = KL_CALL_NEWS_LEFT;
  else if (kl_json_fields_bool (&in, "joined", KL_JSON_OPTIONAL, FALSE))
    news.kind = KL_CALL_NEWS_JOINED;
  if (in.fault != NULL || news.user == NULL)
    return;
  kl_session_want_user (self, news.user);
  g_signal_emit (self, signals[CALL_PEER], 0, call, &news);
}

void
kl_session_on_call_signal (KlSession *self, yyjson_val *argument)
{
  KlJsonFields in;
  char *data;

  kl_json_fields_init (&in, argument);
  const char *call = kl_json_fields_id (&in, "call", KL_JSON_REQUIRED);
  const char *from = kl_json_fields_id (&in, "from", KL_JSON_REQUIRED);
  yyjson_val *object = kl_json_fields_object (&in, "data", KL_JSON_REQUIRED);
  if (in.fault != NULL || (data = yyjson_val_write (object, 0, NULL)) == NULL)
    return;
  g_signal_emit (self, signals[CALL_SIGNAL], 0, call, from, data);
  free (data);
}

void
kl_session_on_call_react (KlSession *self, yyjson_val *argument)
{
  KlJsonFields in;

  kl_json_fields_init (&in, argument);
  const char *call = kl_json_fields_id (&in, "call", KL_JSON_REQUIRED);
  const char *peer = kl_json_fields_id (&in, "peer", KL_JSON_REQUIRED);
  const char *emoji = kl_json_fields_text (&in, "emoji", KL_JSON_REQUIRED, KL_TEXT_EMOJI, NULL);
  if (in.fault == NULL)
    g_signal_emit (self, signals[CALL_REACTION], 0, call, peer, emoji);
}

/* ── Joining ── */

static void
helper_free (gpointer data)
{
  KlCallHelper *helper = data;

  g_strfreev (helper->urls);
  g_free (helper->username);
  g_free (helper->credential);
  g_free (helper);
}

void
kl_call_place_free (KlCallPlace *self)
{
  g_free (self->call);
  g_free (self->peer);
  g_free (self->token);
  g_clear_object (&self->started_by);
  g_clear_pointer (&self->peers, g_ptr_array_unref);
  g_clear_pointer (&self->helpers, g_ptr_array_unref);
  g_free (self);
}

/* A browser takes one address in place of a list, and so do we. */
static GStrv
read_urls (yyjson_val *value)
{
  g_autoptr (GStrvBuilder) urls = g_strv_builder_new ();
  yyjson_val *url;
  size_t i, n;

  if (yyjson_is_str (value))
    g_strv_builder_add (urls, yyjson_get_str (value));
  yyjson_arr_foreach (value, i, n, url)
    if (yyjson_is_str (url) && yyjson_get_len (url) <= URL_BYTES_MAX)
      g_strv_builder_add (urls, yyjson_get_str (url));
  return g_strv_builder_end (urls);
}

static GPtrArray *
read_helpers (yyjson_val *array)
{
  GPtrArray *helpers = g_ptr_array_new_with_free_func (helper_free);
  yyjson_val *object;
  size_t i, n;

  yyjson_arr_foreach (array, i, n, object)
    {
      if (i >= HELPERS_MAX)
        break;
      KlCallHelper *helper = g_new0 (KlCallHelper, 1);
      helper->urls = read_urls (yyjson_obj_get (object, "urls"));
      helper->username = g_strdup (yyjson_get_str (yyjson_obj_get (object, "username")));
      helper->credential = g_strdup (yyjson_get_str (yyjson_obj_get (object, "credential")));
      g_ptr_array_add (helpers, helper);
    }
  return helpers;
}

static void
set_own_place (KlSession *self, const char *call, const char *peer)
{
  GHashTableIter iter;
  gpointer value;

  g_set_str (&self->own_call, call);
  g_set_str (&self->own_peer, peer);
  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      KlGroupCall *group_call = kl_group_get_call (((KlTrack *) value)->group);
      if (group_call != NULL)
        kl_group_call_set_me (group_call, self->me, own_peer_in (self, kl_group_call_get_id (group_call)));
    }
}

static gpointer
read_place (KlSession *self, yyjson_val *answer)
{
  KlJsonFields in, call;

  kl_json_fields_init (&in, answer);
  yyjson_val *object = kl_json_fields_object (&in, "call", KL_JSON_REQUIRED);
  const char *peer = kl_json_fields_id (&in, "peer", KL_JSON_REQUIRED);
  const char *token = kl_json_fields_string (&in, "resume_token", KL_JSON_REQUIRED, 1, TOKEN_BYTES_MAX, NULL);
  gboolean relay_only = kl_json_fields_bool (&in, "relay_only", KL_JSON_OPTIONAL, FALSE);
  kl_json_fields_init (&call, object);
  const char *id = kl_json_fields_id (&call, "id", KL_JSON_REQUIRED);
  KlUser *by = kl_people_get (self->people, kl_json_fields_user (&call, "started_by", KL_JSON_REQUIRED));
  gint64 started_at = kl_json_fields_int (&call, "started_at", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  if (in.fault != NULL || call.fault != NULL || by == NULL)
    return NULL;
  KlCallPlace *place = g_new0 (KlCallPlace, 1);
  place->call = g_strdup (id);
  place->peer = g_strdup (peer);
  place->token = g_strdup (token);
  place->started_at = started_at;
  place->started_by = g_object_ref (by);
  place->peers = read_peers (self, yyjson_obj_get (object, "peers"));
  place->helpers = read_helpers (yyjson_obj_get (answer, "ice_servers"));
  place->relay_only = relay_only;
  set_own_place (self, id, peer);
  stop_ring (self, id);
  return place;
}

void
kl_session_join_call_async (KlSession *self, KlGroup *group, gboolean audio, gboolean video, const KlCallPlace *resume,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (KL_IS_GROUP (group));

  GTask *task
      = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_join_call_async, &out);
  kl_json_member_string (&out, "group", kl_group_get_id (group));
  kl_json_member_bool (&out, "audio", audio);
  kl_json_member_bool (&out, "video", video);
  if (resume != NULL)
    {
      kl_json_key (&out, "resume");
      kl_json_begin_object (&out);
      kl_json_member_string (&out, "call", resume->call);
      kl_json_member_string (&out, "peer", resume->peer);
      kl_json_member_string (&out, "token", resume->token);
      kl_json_end_object (&out);
    }
  kl_session_ask (self, task, "call:join", &out, read_place, (GDestroyNotify) kl_call_place_free);
}

KlCallPlace *
kl_session_join_call_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ── Asking and telling ── */

static gpointer
read_nothing (KlSession *self, yyjson_val *answer)
{
  return self;
}

void
kl_session_signal_call_async (KlSession *self, const char *call, const char *to, const char *data,
                              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (call != NULL && to != NULL && data != NULL);

  GTask *task
      = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_signal_call_async, &out);
  kl_json_member_string (&out, "call", call);
  kl_json_member_string (&out, "to", to);
  kl_json_member_raw (&out, "data", data, strlen (data));
  kl_session_ask (self, task, "call:signal", &out, read_nothing, NULL);
}

gboolean
kl_session_signal_call_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}

void
kl_session_ring_call_async (KlSession *self, const char *call, const char *const *users, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (call != NULL);

  GTask *task = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_ring_call_async, &out);
  kl_json_member_string (&out, "call", call);
  if (users != NULL)
    {
      kl_json_key (&out, "users");
      kl_json_begin_array (&out);
      for (guint i = 0; users[i] != NULL; i++)
        kl_json_string (&out, users[i], -1);
      kl_json_end_array (&out);
    }
  kl_session_ask (self, task, "call:ring", &out, read_nothing, NULL);
}

gboolean
kl_session_ring_call_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}

static void
begin_telling (KlJsonWriter *out, const char *call)
{
  kl_json_writer_init (out, 128);
  kl_json_begin_object (out);
  kl_json_member_string (out, "call", call);
}

/* Takes what the writer holds. */
static void
tell (KlSession *self, const char *event, KlJsonWriter *out)
{
  kl_json_end_object (out);
  g_autofree char *json = kl_json_writer_steal_string (out, NULL);
  if (self->synced)
    kl_connection_emit (self->connection, event, json, KL_ANSWER_MS, NULL, NULL);
}

void
kl_session_leave_call (KlSession *self, const char *call)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (call != NULL);

  begin_telling (&out, call);
  tell (self, "call:leave", &out);
  if (g_strcmp0 (call, self->own_call) == 0)
    set_own_place (self, NULL, NULL);
}

void
kl_session_tell_call_media (KlSession *self, const char *call, gboolean audio, gboolean video, gboolean screen,
                            gboolean hand)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (call != NULL);

  begin_telling (&out, call);
  kl_json_member_bool (&out, "audio", audio);
  kl_json_member_bool (&out, "video", video);
  kl_json_member_bool (&out, "screen", screen);
  kl_json_member_bool (&out, "hand", hand);
  tell (self, "call:media", &out);
}

void
kl_session_react_in_call (KlSession *self, const char *call, const char *emoji)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (call != NULL && emoji != NULL);

  begin_telling (&out, call);
  kl_json_member_string (&out, "emoji", emoji);
  tell (self, "call:react", &out);
}

void
kl_session_decline_call (KlSession *self, KlRing *ring)
{
  g_autoptr (KlRing) alive = NULL;
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (KL_IS_RING (ring));

  alive = g_object_ref (ring);
  begin_telling (&out, kl_ring_get_call (ring));
  tell (self, "call:decline", &out);
  stop_ring (self, kl_ring_get_call (ring));
}

GListModel *
kl_session_get_rings (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);
  return G_LIST_MODEL (self->rings);
}

KlUser *
kl_session_get_person (KlSession *self, const char *id)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);

  KlUser *user = kl_people_get (self->people, id);
  kl_session_want_user (self, user);
  return user;
}
