/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls whose peers are on several nodes: what the nodes tell each other about them. */
#include "server/chat/kl-chat-calls-private.h"

#include <string.h>

#define BEAT_MS 4000
#define LEASE_USEC (12 * G_USEC_PER_SEC)
/* Whose own beat comes so late was not running: what it has not heard meanwhile proves nothing. */
#define FROZEN_USEC (3 * G_USEC_PER_SEC)

void
kl_chat_call_publish (KlChatGroup *group, KlJsonWriter *out)
{
  g_autofree char *json = NULL;

  if (group->chat->alone)
    return;

  json = kl_json_writer_steal_string (out, NULL);
  kl_bus_signal (group->chat->bus, &(KlBusSignal) { .kind = KL_BUS_CALL, .group = group->id, .json = json });
}

static void
begin_word (KlJsonWriter *out, const char *type, gsize size)
{
  kl_json_writer_init (out, size);
  kl_json_begin_object (out);
  kl_json_member_string (out, "type", type);
}

void
kl_chat_call_begin_word (KlJsonWriter *out, KlChatCall *call, const char *type, gsize size)
{
  begin_word (out, type, size);
  kl_json_member_string (out, "call", call->id);
}

/* ── Announcements ── */

static void
write_peers (KlJsonWriter *out, KlChatCall *call)
{
  kl_json_key (out, "peers");
  kl_json_begin_array (out);
  for (guint i = 0; i < call->peers->len; i++)
    {
      const KlChatPeer *peer = g_ptr_array_index (call->peers, i);

      if (peer->node)
        continue;
      kl_json_begin_object (out);
      kl_json_member_string (out, "peer", peer->id);
      kl_json_member_string (out, "user", peer->person->id);
      kl_json_member_int (out, "since", peer->since);
      kl_chat_peer_write_media (peer, out);
      kl_json_end_object (out);
    }
  kl_json_end_array (out);
}

static gboolean
holds_peers (KlChatCall *call)
{
  for (guint i = 0; i < call->peers->len; i++)
    if (!((KlChatPeer *) g_ptr_array_index (call->peers, i))->node)
      return TRUE;

  return FALSE;
}

static gboolean
on_beat (gpointer user_data);

static void
keep_beating (KlChat *chat)
{
  if (chat->call_beat_source || chat->alone)
    return;

  chat->call_beat_usec = g_get_monotonic_time ();
  chat->call_beat_source = g_timeout_add (BEAT_MS, on_beat, chat);
}

void
kl_chat_call_announce (KlChatGroup *group)
{
  KlChatCall *call = group->call;
  g_auto (KlJsonWriter) out = { 0 };

  if (!call || group->chat->alone)
    return;

  kl_chat_call_begin_word (&out, call, "peers", 512);
  kl_json_member_string (&out, "started_by", call->started_by);
  kl_json_member_int (&out, "started_at", call->started_at);
  write_peers (&out, call);
  kl_json_end_object (&out);
  kl_chat_call_publish (group, &out);
  keep_beating (group->chat);
}

void
kl_chat_calls_group_loaded (KlChatGroup *group)
{
  g_auto (KlJsonWriter) out = { 0 };

  if (group->chat->alone)
    return;

  begin_word (&out, "ask", 32);
  kl_json_end_object (&out);
  kl_chat_call_publish (group, &out);
}

/* ── Their peers ── */

/* Another node holds this place now; it is told what waited for it here. */
static void
move_away (KlChatPeer *self, const char *node)
{
  KlChatGroup *group = self->call->group;
  g_autoptr (GPtrArray) waiting = kl_chat_peer_hand_over (self, node);

  for (guint i = 0; i < waiting->len; i++)
    {
      g_auto (KlJsonWriter) out = { 0 };
      const char *json = g_ptr_array_index (waiting, i);

      kl_chat_call_begin_word (&out, self->call, "waiting", strlen (json) + 96);
      kl_json_member_string (&out, "to", self->id);
      kl_json_member_raw (&out, "event", json, strlen (json));
      kl_json_end_object (&out);
      kl_chat_call_publish (group, &out);
    }
}

static void
take_peer (KlChatCall *call, const char *node, yyjson_val *value)
{
  KlJsonFields in;
  KlChatPeer *peer;
  const char *id, *user;
  KlChatCallMedia media;
  gint64 since;
  gboolean is_new;

  kl_json_fields_init (&in, value);
  id = kl_json_fields_id (&in, "peer", KL_JSON_REQUIRED);
  user = kl_json_fields_id (&in, "user", KL_JSON_REQUIRED);
  since = kl_json_fields_int (&in, "since", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  media.audio = kl_json_fields_bool (&in, "audio", KL_JSON_REQUIRED, FALSE);
  media.video = kl_json_fields_bool (&in, "video", KL_JSON_REQUIRED, FALSE);
  media.screen = kl_json_fields_bool (&in, "screen", KL_JSON_REQUIRED, FALSE);
  media.hand = kl_json_fields_bool (&in, "hand", KL_JSON_REQUIRED, FALSE);
  if (in.fault)
    return;

  peer = kl_chat_call_find_peer (call, id);
  is_new = peer == NULL;
  if (is_new)
    {
      KlChatPerson *person = kl_chat_person_use (call->chat, user);

      peer = kl_chat_call_add_peer (call, id, person, node);
      kl_chat_person_unuse (person);
    }
  else if (g_strcmp0 (peer->node, node) != 0)
    {
      if (peer->since >= since)
        return;
      move_away (peer, node);
    }
  else if (!kl_chat_peer_set_media (peer, &media))
    {
      return;
    }

  peer->since = since;
  peer->media = media;
  if (is_new)
    kl_chat_peer_tell_joined (peer);
  else
    kl_chat_peer_tell_media (peer);
}

static gboolean
is_listed (yyjson_val *peers, const char *id)
{
  yyjson_val *value;
  size_t i, n;

  yyjson_arr_foreach (peers, i, n, value)
    if (yyjson_equals_str (yyjson_obj_get (value, "peer"), id))
      return TRUE;

  return FALSE;
}

/* May end the call. `peers` NULL: all that the node held. */
static void
drop_peers (KlChatGroup *group, const char *node, yyjson_val *peers)
{
  for (guint i = group->call ? group->call->peers->len : 0; i > 0 && group->call; i--)
    {
      KlChatPeer *peer = g_ptr_array_index (group->call->peers, i - 1);

      if (g_strcmp0 (peer->node, node) == 0 && !(peers && is_listed (peers, peer->id)))
        kl_chat_peer_leave (peer);
    }
}

static gboolean
is_older (KlChatCall *call, gint64 started_at, const char *id)
{
  return started_at != call->started_at ? started_at < call->started_at : strcmp (id, call->id) < 0;
}

static void
hear_peers (KlChatGroup *group, const char *node, KlJsonFields *in)
{
  const char *id = kl_json_fields_id (in, "call", KL_JSON_REQUIRED);
  const char *started_by = kl_json_fields_id (in, "started_by", KL_JSON_REQUIRED);
  gint64 started_at = kl_json_fields_int (in, "started_at", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  yyjson_val *peers = kl_json_fields_array (in, "peers", KL_JSON_REQUIRED, KL_LIMIT_USERS_PER_REQUEST);
  gint64 *heard;
  yyjson_val *value;
  size_t i, n;

  if (in->fault)
    return;

  if (group->call && !g_str_equal (group->call->id, id))
    {
      if (yyjson_arr_size (peers) == 0)
        return;
      if (!is_older (group->call, started_at, id))
        {
          kl_chat_call_announce (group);
          return;
        }
      /* Two began at once; ours yields. Its peers see that the group's call is another one. */
      kl_chat_call_changed (group);
      kl_chat_calls_abandon (group);
    }
  if (!group->call)
    {
      if (yyjson_arr_size (peers) == 0)
        return;
      kl_chat_call_new (group, id, started_by, started_at);
    }

  heard = g_new (gint64, 1);
  *heard = g_get_monotonic_time ();
  g_hash_table_replace (group->call->nodes, g_strdup (node), heard);
  yyjson_arr_foreach (peers, i, n, value)
    take_peer (group->call, node, value);
  drop_peers (group, node, peers);
  keep_beating (group->chat);
}

static void
expire_nodes (KlChatGroup *group, gint64 now_usec)
{
  g_autoptr (GPtrArray) silent = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer node, heard;

  g_hash_table_iter_init (&iter, group->call->nodes);
  while (g_hash_table_iter_next (&iter, &node, &heard))
    if (now_usec - *(gint64 *) heard > LEASE_USEC)
      g_ptr_array_add (silent, g_strdup (node));
  for (guint i = 0; i < silent->len && group->call; i++)
    {
      g_hash_table_remove (group->call->nodes, g_ptr_array_index (silent, i));
      drop_peers (group, g_ptr_array_index (silent, i), NULL);
    }
}

static void
renew_nodes (KlChatCall *call, gint64 now_usec)
{
  GHashTableIter iter;
  gpointer heard;

  g_hash_table_iter_init (&iter, call->nodes);
  while (g_hash_table_iter_next (&iter, NULL, &heard))
    *(gint64 *) heard = now_usec;
}

static gboolean
on_beat (gpointer user_data)
{
  KlChat *chat = user_data;
  gint64 now_usec = g_get_monotonic_time ();
  gboolean deaf = now_usec - chat->call_beat_usec > BEAT_MS * 1000 + FROZEN_USEC || !kl_bus_is_ready (chat->bus, NULL);
  g_autoptr (GPtrArray) calls = g_hash_table_get_values_as_ptr_array (chat->calls);

  chat->call_beat_usec = now_usec;
  for (guint i = 0; i < calls->len; i++)
    {
      KlChatCall *call = g_ptr_array_index (calls, i);
      KlChatGroup *group = call->group;

      if (holds_peers (call))
        kl_chat_call_announce (group);
      if (deaf)
        renew_nodes (call, now_usec);
      else
        expire_nodes (group, now_usec);
    }
  if (g_hash_table_size (chat->calls) > 0)
    return G_SOURCE_CONTINUE;
  chat->call_beat_source = 0;

  return G_SOURCE_REMOVE;
}

/* ── Words ── */

/* `words`: where `from` and `data` stand. */
static void
take_signal (KlChatCall *call, const char *to, KlJsonFields *words)
{
  const char *from = kl_json_fields_id (words, "from", KL_JSON_REQUIRED);
  yyjson_val *data = kl_json_fields_object (words, "data", KL_JSON_REQUIRED);
  KlChatPeer *peer = words->fault ? NULL : kl_chat_call_find_peer (call, to);
  g_auto (KlJsonWriter) out = { 0 };

  if (!peer || peer->node)
    return;

  kl_json_writer_init (&out, 4096);
  kl_json_value (&out, data);
  kl_chat_peer_signal (peer, from, out.out->str, out.out->len);
}

static void
hear_signal (KlChatCall *call, KlJsonFields *in)
{
  take_signal (call, kl_json_fields_id (in, "to", KL_JSON_REQUIRED), in);
}

static void
hear_waiting (KlChatCall *call, KlJsonFields *in)
{
  const char *to = kl_json_fields_id (in, "to", KL_JSON_REQUIRED);
  yyjson_val *event = kl_json_fields_object (in, "event", KL_JSON_REQUIRED);
  KlJsonFields words;

  if (in->fault)
    return;

  kl_json_fields_init (&words, event);
  take_signal (call, to, &words);
}

static void
hear_ring (KlChatCall *call, KlJsonFields *in)
{
  const char *by = kl_json_fields_id (in, "by", KL_JSON_REQUIRED);
  g_autoptr (GPtrArray) users
      = kl_json_fields_ids (in, "users", KL_JSON_REQUIRED, KL_LIMIT_USERS_PER_REQUEST, FALSE);

  if (in->fault)
    return;

  g_ptr_array_add (users, NULL);
  kl_chat_call_ring_here (call, by, (const char *const *) users->pdata);
}

static void
hear_declined (KlChatCall *call, KlJsonFields *in)
{
  const char *user = kl_json_fields_id (in, "user", KL_JSON_REQUIRED);
  KlChatPerson *person;

  if (in->fault)
    return;

  person = kl_chat_person_use (call->chat, user);
  kl_chat_call_decline_here (call, person, NULL);
  kl_chat_person_unuse (person);
}

static void
hear_react (KlChatCall *call, KlJsonFields *in)
{
  const char *peer = kl_json_fields_id (in, "peer", KL_JSON_REQUIRED);
  const char *emoji = kl_json_fields_text (in, "emoji", KL_JSON_REQUIRED, KL_TEXT_EMOJI, NULL);

  if (!in->fault)
    kl_chat_call_react_here (call, peer, emoji);
}

void
kl_chat_calls_hear (KlChatGroup *group, const char *node, const char *json)
{
  static const struct
  {
    const char *type;
    void (*hear) (KlChatCall *call, KlJsonFields *in);
  } words[] = {
    { "signal", hear_signal },     { "waiting", hear_waiting }, { "ring", hear_ring },
    { "declined", hear_declined }, { "react", hear_react },
  };
  g_autoptr (KlJson) parsed = json ? kl_json_parse (json, strlen (json), NULL) : NULL;
  KlJsonFields in;
  const char *type, *id;
  KlChatCall *call;

  if (!parsed)
    return;

  kl_json_fields_init (&in, kl_json_get_root (parsed));
  type = kl_json_fields_string (&in, "type", KL_JSON_REQUIRED, 1, 32, NULL);
  if (in.fault)
    return;
  if (g_str_equal (type, "peers"))
    {
      hear_peers (group, node, &in);
      return;
    }
  if (g_str_equal (type, "ask"))
    {
      if (group->call && holds_peers (group->call))
        kl_chat_call_announce (group);
      return;
    }

  id = kl_json_fields_id (&in, "call", KL_JSON_REQUIRED);
  call = in.fault ? NULL : kl_chat_call_find (group->chat, id);
  for (guint i = 0; call && call->group == group && i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (type, words[i].type))
      words[i].hear (call, &in);
}
