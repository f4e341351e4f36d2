/* SPDX-License-Identifier: GPL-3.0-or-later */
/* call:* — what clients ask about calls. */
#include "server/chat/kl-chat-calls-private.h"

/* Whoever is in a group up to this size may ring all of it. */
#define RING_ALL_MEMBERS 50
#define TOKEN_MAX_BYTES 512

static void
fail (KlChatRequest *request, KlErrorCode code, const char *field, const char *text)
{
  kl_chat_request_fail (request, code, field, text);
}

/* The call of the argument, if the person may know of it; else the request has been answered. */
static KlChatCall *
find_call (KlChatRequest *request, KlJsonFields *in)
{
  const char *id = kl_json_fields_id (in, "call", KL_JSON_REQUIRED);
  KlChatCall *call;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return NULL;
    }

  call = kl_chat_call_find (request->chat, id);
  if (call && kl_chat_group_get_member (call->group, request->person))
    return call;
  fail (request, KL_ERROR_CODE_NOT_FOUND, "call", "there is no such call");

  return NULL;
}

/* The connection's place in it; else the request has been answered. */
static KlChatPeer *
find_own_peer (KlChatRequest *request, KlJsonFields *in)
{
  KlChatCall *call = find_call (request, in);
  KlChatPeer *peer = call ? kl_chat_call_get_peer_of (call, request->connection) : NULL;

  if (call && !peer)
    fail (request, KL_ERROR_CODE_FORBIDDEN, "call", "you are not in this call");

  return peer;
}

/* ── call:join ── */

typedef struct
{
  gboolean audio;
  gboolean video;
  const char *call; /* NULL: does not resume */
  const char *peer;
  const char *token;
} Join;

static gboolean
read_join (KlJsonFields *in, Join *join)
{
  yyjson_val *resume = kl_json_fields_object (in, "resume", KL_JSON_OPTIONAL);

  join->audio = kl_json_fields_bool (in, "audio", KL_JSON_REQUIRED, FALSE);
  join->video = kl_json_fields_bool (in, "video", KL_JSON_REQUIRED, FALSE);
  if (resume)
    {
      KlJsonFields fields;

      kl_json_fields_init (&fields, resume);
      join->call = kl_json_fields_id (&fields, "call", KL_JSON_REQUIRED);
      join->peer = kl_json_fields_id (&fields, "peer", KL_JSON_REQUIRED);
      join->token = kl_json_fields_string (&fields, "token", KL_JSON_REQUIRED, 1, TOKEN_MAX_BYTES, NULL);
      if (fields.fault)
        kl_json_fields_refuse (in, "resume", fields.fault);
    }

  return in->fault == NULL;
}

static void
answer_join (KlChatRequest *request, KlChatPeer *peer)
{
  KlChatCall *call = peer->call;
  KlJsonWriter *out = kl_chat_request_begin (request);
  KlChatCallClaims claims = {
    .call = call->id,
    .peer = peer->id,
    .user = request->person->id,
    .group = call->group->id,
    .started_by = call->started_by,
    .started_at = call->started_at,
  };
  g_autofree char *token = kl_chat_call_token_new (request->chat, &claims);

  kl_json_key (out, "call");
  kl_chat_call_write (out, call, peer);
  kl_json_member_string (out, "peer", peer->id);
  kl_json_member_string (out, "resume_token", token);
  kl_json_key (out, "ice_servers");
  kl_chat_call_write_ice_servers (out, request->chat, request->person->id);
  kl_json_member_bool (out, "relay_only", request->chat->settings.relay_only);
  kl_chat_request_finish (request);
}

/* Puts the request's connection into the place, and answers. */
static void
enter (KlChatRequest *request, KlChatPeer *peer, const Join *join, gboolean is_new)
{
  KlChatGroup *group = peer->call->group;
  KlChatCallMedia media = { join->audio, join->video, peer->media.screen, peer->media.hand };
  gboolean changed = kl_chat_peer_set_media (peer, &media);

  kl_chat_peer_attach (peer, request->connection);
  if (is_new)
    kl_chat_peer_tell_joined (peer);
  else if (changed)
    kl_chat_peer_tell_media (peer);
  kl_chat_call_announce (group);
  answer_join (request, peer);
  kl_chat_peer_send_waiting (peer);
}

/* What a restart has made forget may be taken up for a minute; in a cluster the node that knew of it may be gone. */
static gboolean
may_recreate (KlChat *chat)
{
  gint64 age_ms = (g_get_monotonic_time () - chat->started_usec) / 1000;

  return age_ms < chat->settings.call_recreate_ms || !chat->alone;
}

static void
resume (KlChatRequest *request, const Join *join)
{
  KlChatGroup *group = request->group;
  KlChatCall *call = group->call;
  KlChatCallClaims claims = { join->call, join->peer, request->person->id, group->id, NULL, 0 };
  g_autofree char *started_by = NULL;
  KlChatPeer *peer;
  gboolean is_new;

  if (!kl_chat_call_token_check (request->chat, join->token, &claims, &started_by))
    {
      fail (request, KL_ERROR_CODE_FORBIDDEN, "resume", "this token does not open this place");
      return;
    }
  if (call && !g_str_equal (call->id, join->call))
    {
      fail (request, KL_ERROR_CODE_CONFLICT, "resume", "another call has begun here");
      return;
    }
  if (!call && !may_recreate (request->chat))
    {
      fail (request, KL_ERROR_CODE_NOT_FOUND, "resume", "this call is over");
      return;
    }

  if (!call)
    call = kl_chat_call_new (group, join->call, claims.started_by, claims.started_at);
  peer = kl_chat_call_find_peer (call, join->peer);
  is_new = peer == NULL;
  if (is_new)
    peer = kl_chat_call_add_peer (call, join->peer, request->person, NULL);
  enter (request, peer, join, is_new);
}

static void
handle_join (KlChatRequest *request, KlJsonFields *in)
{
  KlChatGroup *group = request->group;
  KlChatPeer *peer;
  Join join = { 0 };

  if (!read_join (in, &join))
    {
      kl_chat_request_bad (request, in);
      return;
    }
  if (join.call)
    {
      resume (request, &join);
      return;
    }

  peer = group->call ? kl_chat_call_get_peer_of (group->call, request->connection) : NULL;
  if (peer)
    {
      enter (request, peer, &join, FALSE);
      return;
    }
  if (group->call && group->call->peers->len >= (guint64) request->chat->settings.mesh_limit
      && request->chat->settings.mesh_limit > 0)
    {
      fail (request, KL_ERROR_CODE_CONFLICT, "mesh", "this call is full");
      return;
    }

  if (!group->call)
    kl_chat_call_new (group, NULL, request->person->id, kl_chat_now_ms ());
  enter (request, kl_chat_call_add_peer (group->call, NULL, request->person, NULL), &join, TRUE);
}

static void
handle_leave (KlChatRequest *request, KlJsonFields *in)
{
  const char *id = kl_json_fields_id (in, "call", KL_JSON_REQUIRED);
  KlChatCall *call;
  KlChatPeer *peer;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  call = kl_chat_call_find (request->chat, id);
  peer = call ? kl_chat_call_get_peer_of (call, request->connection) : NULL;
  if (peer)
    kl_chat_peer_leave (peer);
  kl_chat_request_ok (request);
}

/* ── Words between peers ── */

static void
publish_signal (KlChatPeer *from, KlChatPeer *to, const char *data, gsize length)
{
  g_auto (KlJsonWriter) out = { 0 };

  kl_chat_call_begin_word (&out, from->call, "signal", length + 160);
  kl_json_member_string (&out, "from", from->id);
  kl_json_member_string (&out, "to", to->id);
  kl_json_member_raw (&out, "data", data, length);
  kl_json_end_object (&out);
  kl_chat_call_publish (from->call->group, &out);
}

static void
handle_signal (KlChatRequest *request, KlJsonFields *in)
{
  const char *to = kl_json_fields_id (in, "to", KL_JSON_REQUIRED);
  yyjson_val *data = kl_json_fields_object (in, "data", KL_JSON_REQUIRED);
  KlChatPeer *peer = find_own_peer (request, in);
  KlChatPeer *other;
  g_auto (KlJsonWriter) out = { 0 };

  if (!peer)
    return;

  kl_json_writer_init (&out, 4096);
  kl_json_value (&out, data);
  other = kl_chat_call_find_peer (peer->call, to);
  if (out.out->len > KL_LIMIT_SIGNAL_BYTES)
    {
      fail (request, KL_ERROR_CODE_TOO_LARGE, "data", "a signal has at most 256 KiB");
    }
  else if (!other || other == peer)
    {
      fail (request, KL_ERROR_CODE_NOT_FOUND, "to", "there is nobody of this name in the call");
    }
  else if (other->node)
    {
      publish_signal (peer, other, out.out->str, out.out->len);
      kl_chat_request_ok (request);
    }
  else if (!kl_chat_peer_signal (other, peer->id, out.out->str, out.out->len))
    {
      kl_chat_request_limited (request, 1000);
    }
  else
    {
      kl_chat_request_ok (request);
    }
}

static void
handle_media (KlChatRequest *request, KlJsonFields *in)
{
  KlChatCallMedia media;
  KlChatPeer *peer;

  media.audio = kl_json_fields_bool (in, "audio", KL_JSON_REQUIRED, FALSE);
  media.video = kl_json_fields_bool (in, "video", KL_JSON_REQUIRED, FALSE);
  media.screen = kl_json_fields_bool (in, "screen", KL_JSON_REQUIRED, FALSE);
  media.hand = kl_json_fields_bool (in, "hand", KL_JSON_OPTIONAL, FALSE);
  peer = find_own_peer (request, in);
  if (!peer)
    return;

  if (!kl_json_fields_has (in, "hand"))
    media.hand = peer->media.hand;
  if (kl_chat_peer_set_media (peer, &media))
    {
      kl_chat_peer_tell_media (peer);
      kl_chat_call_announce (peer->call->group);
    }
  kl_chat_request_ok (request);
}

void
kl_chat_call_react_here (KlChatCall *call, const char *peer, const char *emoji)
{
  g_auto (KlJsonWriter) out = { 0 };
  g_autoptr (KlChatEvent) event = NULL;

  kl_json_writer_init (&out, 160);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "call", call->id);
  kl_json_member_string (&out, "peer", peer);
  kl_json_member_string (&out, "emoji", emoji);
  kl_json_end_object (&out);
  event = kl_chat_event_new_written ("call:react", &out);
  kl_chat_call_deliver (call, event, kl_chat_call_find_peer (call, peer));
}

static void
handle_react (KlChatRequest *request, KlJsonFields *in)
{
  const char *emoji = kl_json_fields_text (in, "emoji", KL_JSON_REQUIRED, KL_TEXT_EMOJI, NULL);
  KlChatPeer *peer = find_own_peer (request, in);
  g_auto (KlJsonWriter) out = { 0 };

  if (!peer)
    return;

  kl_chat_call_react_here (peer->call, peer->id, emoji);
  kl_chat_call_begin_word (&out, peer->call, "react", 160);
  kl_json_member_string (&out, "peer", peer->id);
  kl_json_member_string (&out, "emoji", emoji);
  kl_json_end_object (&out);
  kl_chat_call_publish (peer->call->group, &out);
  kl_chat_request_ok (request);
}

/* ── Ringing ── */

void
kl_chat_call_ring_here (KlChatCall *call, const char *by, const char *const *users)
{
  g_auto (KlJsonWriter) out = { 0 };
  g_autoptr (KlChatEvent) event = NULL;

  kl_json_writer_init (&out, 160);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "call", call->id);
  kl_json_member_string (&out, "group", call->group->id);
  kl_json_member_string (&out, "by", by);
  kl_json_end_object (&out);
  event = kl_chat_event_new_written ("call:ring", &out);

  for (guint i = 0; users[i]; i++)
    {
      KlChatPerson *person = kl_chat_person_peek (call->chat, users[i]);

      if (!person || !kl_chat_group_get_member (call->group, person) || kl_chat_call_has_person (call, person))
        continue;
      for (guint j = 0; j < person->connections->len; j++)
        {
          KlChatFlow *flow
              = kl_chat_connection_get_flow (g_ptr_array_index (person->connections, j), call->group);

          if (flow)
            kl_chat_flow_deliver (flow, event);
        }
    }
}

/* All that are not in the call. */
static GPtrArray *
list_absent (KlChatCall *call)
{
  GPtrArray *users = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer person;

  g_hash_table_iter_init (&iter, call->group->members);
  while (g_hash_table_iter_next (&iter, &person, NULL))
    if (!kl_chat_call_has_person (call, person))
      g_ptr_array_add (users, ((KlChatPerson *) person)->id);

  return users;
}

static void
publish_ring (KlChatCall *call, const char *by, GPtrArray *users)
{
  g_auto (KlJsonWriter) out = { 0 };

  kl_chat_call_begin_word (&out, call, "ring", 160);
  kl_json_member_string (&out, "by", by);
  kl_json_key (&out, "users");
  kl_json_begin_array (&out);
  for (guint i = 0; i < users->len; i++)
    kl_json_string (&out, g_ptr_array_index (users, i), -1);
  kl_json_end_array (&out);
  kl_json_end_object (&out);
  kl_chat_call_publish (call->group, &out);
}

static void
handle_ring (KlChatRequest *request, KlJsonFields *in)
{
  g_autoptr (GPtrArray) users
      = kl_json_fields_ids (in, "users", KL_JSON_OPTIONAL, KL_LIMIT_USERS_PER_REQUEST, FALSE);
  KlChatCall *call = find_call (request, in);

  if (!call)
    return;
  if (!kl_chat_call_has_person (call, request->person))
    {
      fail (request, KL_ERROR_CODE_FORBIDDEN, "call", "you are not in this call");
      return;
    }
  if (!users && g_hash_table_size (call->group->members) > RING_ALL_MEMBERS)
    {
      fail (request, KL_ERROR_CODE_BAD_REQUEST, "users", "are needed in a group of this size");
      return;
    }

  if (!users)
    users = list_absent (call);
  publish_ring (call, request->person->id, users);
  g_ptr_array_add (users, NULL);
  kl_chat_call_ring_here (call, request->person->id, (const char *const *) users->pdata);
  kl_chat_request_ok (request);
}

void
kl_chat_call_decline_here (KlChatCall *call, KlChatPerson *person, KlChatConnection *except)
{
  g_auto (KlJsonWriter) out = { 0 };
  g_autoptr (KlChatEvent) event = NULL;

  kl_json_writer_init (&out, 128);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "call", call->id);
  kl_json_member_string (&out, "user", person->id);
  kl_json_end_object (&out);
  event = kl_chat_event_new_written ("call:declined", &out);
  kl_chat_call_deliver (call, event, NULL);
  for (guint i = 0; i < person->connections->len; i++)
    {
      KlChatConnection *connection = g_ptr_array_index (person->connections, i);

      if (connection != except && connection->synced && !kl_chat_call_get_peer_of (call, connection))
        kl_chat_connection_deliver (connection, event);
    }
}

static void
handle_decline (KlChatRequest *request, KlJsonFields *in)
{
  KlChatCall *call = find_call (request, in);
  g_auto (KlJsonWriter) out = { 0 };

  if (!call)
    return;

  kl_chat_call_decline_here (call, request->person, request->connection);
  kl_chat_call_begin_word (&out, call, "declined", 128);
  kl_json_member_string (&out, "user", request->person->id);
  kl_json_end_object (&out);
  kl_chat_call_publish (call->group, &out);
  kl_chat_request_ok (request);
}

/* ── The line that a call leaves in the conversation ── */

typedef struct
{
  KlChatDeed deed;
  gint64 duration_ms; /* -1: nobody came */
} Ended;

static KlDeedVerdict
plan_ended (KlChatDeed *deed, KlChatPlan *plan)
{
  Ended *ended = (Ended *) deed;

  kl_chat_plan_call_ended (plan, deed, ended->duration_ms);

  return KL_DEED_PLANNED;
}

static void
stored_ended (KlChatDeed *deed)
{
  kl_chat_request_ok (g_steal_pointer (&deed->request));
}

static void
repeated_ended (KlChatDeed *deed, const KlStoreOp *op)
{
  kl_chat_request_ok (g_steal_pointer (&deed->request));
}

static void
free_ended (KlChatDeed *deed)
{
  g_free (deed);
}

static const KlChatDeedClass ended_class = { plan_ended, stored_ended, repeated_ended, free_ended };

void
kl_chat_call_handle_ended (KlChatRequest *request, KlJsonFields *in)
{
  const char *call = kl_json_fields_id (in, "call", KL_JSON_REQUIRED);
  gint64 duration_ms = kl_json_fields_int (in, "duration_ms", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, -1);
  Ended *ended = g_new0 (Ended, 1);

  ended->deed.class = &ended_class;
  ended->deed.request = request;
  /* No client id has a control character. */
  ended->deed.op = g_strconcat (request->person->id, "\n\t", call, NULL);
  ended->duration_ms = duration_ms;
  kl_chat_group_enqueue (request->group, &ended->deed);
}

const KlChatEntry kl_chat_call_entries[] = {
  { "call:join", KL_ENTRY_MEMBER | KL_ENTRY_CONNECTION | KL_ENTRY_WRITE, handle_join },
  { "call:leave", KL_ENTRY_CONNECTION, handle_leave },
  { "call:signal", KL_ENTRY_CONNECTION, handle_signal },
  { "call:media", KL_ENTRY_CONNECTION, handle_media },
  { "call:react", KL_ENTRY_CONNECTION | KL_ENTRY_WRITE, handle_react },
  { "call:ring", KL_ENTRY_CONNECTION | KL_ENTRY_WRITE, handle_ring },
  { "call:decline", KL_ENTRY_CONNECTION, handle_decline },
  { NULL },
};
