/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/chat/kl-chat-calls-private.h"

/* A line that holds takes more than one that is broken: there the client is expected to acknowledge soon. */
#define SIGNAL_BYTES_BROKEN KL_LIMIT_SIGNAL_BYTES
#define SIGNAL_BYTES_OPEN (4 * KL_LIMIT_SIGNAL_BYTES)

typedef struct
{
  guint64 serial;
  char *json; /* the event's argument */
  gsize length;
} Signal;

static void
free_signal (Signal *signal)
{
  g_free (signal->json);
  g_free (signal);
}

/* ── Peers ── */

static KlChatPeer *
ref_peer (KlChatPeer *self)
{
  self->ref_count++;

  return self;
}

static void
unref_peer (KlChatPeer *self)
{
  if (--self->ref_count > 0)
    return;

  g_queue_clear_full (&self->signals, (GDestroyNotify) free_signal);
  kl_chat_person_unuse (self->person);
  g_free (self->id);
  g_free (self->node);
  g_free (self);
}

static void
detach (KlChatPeer *self)
{
  KlChatConnection *connection = g_steal_pointer (&self->connection);

  if (connection)
    g_ptr_array_remove_fast (connection->peers, self);
}

KlChatPeer *
kl_chat_call_find_peer (KlChatCall *self, const char *id)
{
  for (guint i = 0; i < self->peers->len; i++)
    {
      KlChatPeer *peer = g_ptr_array_index (self->peers, i);

      if (g_str_equal (peer->id, id))
        return peer;
    }

  return NULL;
}

KlChatPeer *
kl_chat_call_get_peer_of (KlChatCall *self, KlChatConnection *connection)
{
  for (guint i = 0; connection->peers && i < connection->peers->len; i++)
    {
      KlChatPeer *peer = g_ptr_array_index (connection->peers, i);

      if (peer->call == self)
        return peer;
    }

  return NULL;
}

gboolean
kl_chat_call_has_person (KlChatCall *self, KlChatPerson *person)
{
  for (guint i = 0; i < self->peers->len; i++)
    if (((KlChatPeer *) g_ptr_array_index (self->peers, i))->person == person)
      return TRUE;

  return FALSE;
}

/* ── JSON and events ── */

void
kl_chat_peer_write_media (const KlChatPeer *self, KlJsonWriter *out)
{
  kl_json_member_bool (out, "audio", self->media.audio);
  kl_json_member_bool (out, "video", self->media.video);
  kl_json_member_bool (out, "screen", self->media.screen);
  kl_json_member_bool (out, "hand", self->media.hand);
}

void
kl_chat_call_write (KlJsonWriter *out, KlChatCall *self, const KlChatPeer *without)
{
  kl_json_begin_object (out);
  kl_json_member_string (out, "id", self->id);
  kl_json_member_string (out, "group", self->group->id);
  kl_json_member_string (out, "mode", "mesh");
  kl_json_member_string (out, "started_by", self->started_by);
  kl_json_member_int (out, "started_at", self->started_at);
  kl_json_key (out, "peers");
  kl_json_begin_array (out);
  for (guint i = 0; i < self->peers->len; i++)
    {
      const KlChatPeer *peer = g_ptr_array_index (self->peers, i);

      if (peer == without)
        continue;
      kl_json_begin_object (out);
      kl_json_member_string (out, "peer", peer->id);
      kl_json_member_string (out, "user", peer->person->id);
      kl_chat_peer_write_media (peer, out);
      kl_json_end_object (out);
    }
  kl_json_end_array (out);
  kl_json_end_object (out);
}

void
kl_chat_call_deliver (KlChatCall *self, KlChatEvent *event, KlChatPeer *except)
{
  for (guint i = 0; i < self->peers->len; i++)
    {
      KlChatPeer *peer = g_ptr_array_index (self->peers, i);

      if (peer != except && peer->connection)
        kl_chat_connection_deliver (peer->connection, event);
    }
}

/* `word`: joined or left, or NULL. */
static void
tell_peer (KlChatPeer *peer, const char *word, gboolean with_media)
{
  g_auto (KlJsonWriter) out = { 0 };
  g_autoptr (KlChatEvent) event = NULL;

  kl_json_writer_init (&out, 192);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "call", peer->call->id);
  kl_json_member_string (&out, "peer", peer->id);
  kl_json_member_string (&out, "user", peer->person->id);
  if (word)
    kl_json_member_bool (&out, word, TRUE);
  if (with_media)
    kl_chat_peer_write_media (peer, &out);
  kl_json_end_object (&out);
  event = kl_chat_event_new_written ("call:peer", &out);
  kl_chat_call_deliver (peer->call, event, peer);
}

gboolean
kl_chat_peer_set_media (KlChatPeer *self, const KlChatCallMedia *media)
{
  const KlChatCallMedia *now = &self->media;

  if (now->audio == media->audio && now->video == media->video && now->screen == media->screen
      && now->hand == media->hand)
    return FALSE;

  self->media = *media;

  return TRUE;
}

void
kl_chat_peer_tell_media (KlChatPeer *self)
{
  tell_peer (self, NULL, TRUE);
  kl_chat_call_changed (self->call->group);
}

static gboolean
on_tell_members (gpointer user_data)
{
  KlChatGroup *group = user_data;
  g_auto (KlJsonWriter) out = { 0 };
  g_autoptr (KlChatEvent) event = NULL;

  group->call_source = 0;
  group->call_told_usec = g_get_monotonic_time ();
  if (group->targets->len == 0 && group->held->len == 0)
    return G_SOURCE_REMOVE;

  kl_json_writer_init (&out, 512);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", group->id);
  kl_json_key (&out, "call");
  if (group->call)
    kl_chat_call_write (&out, group->call, NULL);
  else
    kl_json_null (&out);
  kl_json_end_object (&out);
  event = kl_chat_event_new_written ("call", &out);
  kl_chat_group_deliver (group, event);

  return G_SOURCE_REMOVE;
}

/* At most once in presence_interval_ms; the first time at the end of this turn. */
void
kl_chat_call_changed (KlChatGroup *group)
{
  gint64 due_usec = group->call_told_usec + group->chat->settings.presence_interval_ms * 1000;
  gint64 wait_usec = group->call_told_usec == 0 ? 0 : due_usec - g_get_monotonic_time ();

  if (group->call_source)
    return;

  group->call_source = g_timeout_add_full (G_PRIORITY_DEFAULT, (guint) (MAX (wait_usec, 0) / 1000), on_tell_members,
                                           kl_chat_group_ref (group), (GDestroyNotify) kl_chat_group_unref);
}

/* ── The call ── */

KlChatCall *
kl_chat_call_find (KlChat *chat, const char *id)
{
  return g_hash_table_lookup (chat->calls, id);
}

KlChatCall *
kl_chat_call_new (KlChatGroup *group, const char *id, const char *started_by, gint64 started_at)
{
  KlChatCall *self = g_new0 (KlChatCall, 1);

  g_assert (group->call == NULL);
  self->chat = group->chat;
  self->group = kl_chat_group_ref (group);
  self->id = id ? g_strdup (id) : kl_id_new_random ();
  self->started_by = g_strdup (started_by);
  self->started_at = started_at;
  self->peers = g_ptr_array_new_with_free_func ((GDestroyNotify) unref_peer);
  self->nodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  group->call = self;
  g_hash_table_insert (group->chat->calls, self->id, self);
  kl_chat_call_changed (group);

  return self;
}

static void
on_end_told (const KlChatAnswer *answer, gpointer user_data)
{
}

/* Leaves a line in the conversation. Every node that sees the end writes it; the log takes one. */
static void
write_end (KlChatCall *self)
{
  static const KlChatEntry entry = { "call:ended", KL_ENTRY_GROUP, kl_chat_call_handle_ended };
  gint64 duration_ms = MAX (kl_chat_now_ms () - self->started_at, 0);
  g_auto (KlJsonWriter) out = { 0 };
  g_autoptr (KlJson) json = NULL;

  kl_json_writer_init (&out, 128);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", self->group->id);
  kl_json_member_string (&out, "call", self->id);
  if (self->answered)
    kl_json_member_int (&out, "duration_ms", duration_ms);
  kl_json_end_object (&out);
  json = kl_json_parse (out.out->str, out.out->len, NULL);
  kl_chat_begin (self->chat, self->started_by, &entry, kl_json_get_root (json), on_end_told, NULL);
}

static void
free_call (KlChatCall *self)
{
  g_hash_table_remove (self->chat->calls, self->id);
  self->group->call = NULL;
  g_ptr_array_unref (self->peers);
  g_hash_table_unref (self->nodes);
  kl_chat_group_unref (self->group);
  g_free (self->id);
  g_free (self->started_by);
  g_free (self);
}

KlChatPeer *
kl_chat_call_add_peer (KlChatCall *self, const char *id, KlChatPerson *person, const char *node)
{
  KlChatPeer *peer = g_new0 (KlChatPeer, 1);

  peer->ref_count = 1;
  peer->call = self;
  peer->id = id ? g_strdup (id) : kl_id_new_random ();
  peer->node = g_strdup (node);
  peer->person = person;
  peer->since = kl_chat_now_ms ();
  person->uses++;
  g_queue_init (&peer->signals);
  g_ptr_array_add (self->peers, peer);
  self->answered |= !g_str_equal (person->id, self->started_by);

  return peer;
}

/* Out of the call, without a word. */
static void
remove_peer (KlChatPeer *self)
{
  KlChatCall *call = g_steal_pointer (&self->call);

  g_clear_handle_id (&self->grace_source, g_source_remove);
  detach (self);
  g_ptr_array_remove (call->peers, self);
}

void
kl_chat_peer_tell_joined (KlChatPeer *self)
{
  tell_peer (self, "joined", TRUE);
  kl_chat_call_changed (self->call->group);
}

GPtrArray *
kl_chat_peer_hand_over (KlChatPeer *self, const char *node)
{
  GPtrArray *waiting = g_ptr_array_new_with_free_func (g_free);
  Signal *signal;

  while ((signal = g_queue_pop_head (&self->signals)))
    {
      g_ptr_array_add (waiting, g_steal_pointer (&signal->json));
      free_signal (signal);
    }
  self->signal_bytes = 0;
  g_clear_handle_id (&self->grace_source, g_source_remove);
  detach (self);
  g_set_str (&self->node, node);

  return waiting;
}

void
kl_chat_peer_leave (KlChatPeer *self)
{
  KlChatCall *call = self->call;
  KlChatGroup *group = call->group;
  gboolean here = self->node == NULL;

  tell_peer (self, "left", FALSE);
  remove_peer (self);
  kl_chat_call_changed (group);
  if (here)
    kl_chat_call_announce (group);
  if (call->peers->len > 0)
    return;

  if (group->state == KL_GROUP_READY)
    write_end (call);
  free_call (call);
}

void
kl_chat_calls_abandon (KlChatGroup *group)
{
  KlChatCall *call = group->call;

  if (!call)
    return;

  while (call->peers->len > 0)
    remove_peer (g_ptr_array_index (call->peers, call->peers->len - 1));
  free_call (call);
}

void
kl_chat_calls_group_gone (KlChatGroup *group)
{
  g_clear_handle_id (&group->call_source, g_source_remove);
  kl_chat_calls_abandon (group);
}

void
kl_chat_calls_member_gone (KlChatGroup *group, KlChatPerson *person)
{
  for (guint i = group->call ? group->call->peers->len : 0; i > 0 && group->call; i--)
    {
      KlChatPeer *peer = g_ptr_array_index (group->call->peers, i - 1);

      if (peer->person == person && !peer->node)
        kl_chat_peer_leave (peer);
    }
}

/* ── Lines ── */

static gboolean
on_grace_over (gpointer user_data)
{
  KlChatPeer *self = user_data;

  self->grace_source = 0;
  kl_chat_peer_leave (self);

  return G_SOURCE_REMOVE;
}

void
kl_chat_calls_connection_ended (KlChatConnection *connection, gboolean meant)
{
  while (connection->peers && connection->peers->len > 0)
    {
      KlChatPeer *peer = g_ptr_array_index (connection->peers, connection->peers->len - 1);

      if (meant || peer->call->chat->settings.call_grace_ms == 0)
        {
          kl_chat_peer_leave (peer);
          continue;
        }
      detach (peer);
      peer->grace_source = g_timeout_add ((guint) peer->call->chat->settings.call_grace_ms, on_grace_over, peer);
    }
  g_clear_pointer (&connection->peers, g_ptr_array_unref);
}

typedef struct
{
  KlChatPeer *peer;
  guint64 serial;
} Asked;

static void
on_acknowledged (gpointer user_data, gboolean acknowledged)
{
  g_autofree Asked *asked = user_data;
  KlChatPeer *peer = asked->peer;

  for (GList *link = acknowledged ? peer->signals.head : NULL; link; link = link->next)
    {
      Signal *signal = link->data;

      if (signal->serial != asked->serial)
        continue;
      peer->signal_bytes -= signal->length;
      free_signal (signal);
      g_queue_delete_link (&peer->signals, link);
      break;
    }
  unref_peer (peer);
}

static void
send_signal (KlChatPeer *self, const Signal *signal)
{
  Asked *asked = g_new (Asked, 1);

  asked->peer = ref_peer (self);
  asked->serial = signal->serial;
  kl_chat_connection_ask (self->connection, "call:signal", signal->json, signal->length, on_acknowledged, asked);
}

void
kl_chat_peer_attach (KlChatPeer *self, KlChatConnection *connection)
{
  g_clear_handle_id (&self->grace_source, g_source_remove);
  if (self->connection == connection)
    return;

  detach (self);
  g_clear_pointer (&self->node, g_free);
  self->connection = connection;
  self->since = MAX (kl_chat_now_ms (), self->since + 1);
  if (!connection->peers)
    connection->peers = g_ptr_array_new ();
  g_ptr_array_add (connection->peers, self);
}

void
kl_chat_peer_send_waiting (KlChatPeer *self)
{
  GList *next;

  /* One that is acknowledged at once is gone. */
  for (GList *link = self->signals.head; link && self->connection; link = next)
    {
      next = link->next;
      send_signal (self, link->data);
    }
}

gboolean
kl_chat_peer_signal (KlChatPeer *self, const char *from, const char *data, gsize length)
{
  gsize most = self->connection ? SIGNAL_BYTES_OPEN : SIGNAL_BYTES_BROKEN;
  g_auto (KlJsonWriter) out = { 0 };
  Signal *signal;

  if (self->signal_bytes + length > most && !g_queue_is_empty (&self->signals))
    return FALSE;

  kl_json_writer_init (&out, length + 128);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "call", self->call->id);
  kl_json_member_string (&out, "from", from);
  kl_json_member_raw (&out, "data", data, length);
  kl_json_end_object (&out);
  signal = g_new0 (Signal, 1);
  signal->serial = ++self->call->chat->signal_serial;
  signal->json = kl_json_writer_steal_string (&out, &signal->length);
  g_queue_push_tail (&self->signals, signal);
  self->signal_bytes += signal->length;
  if (self->connection)
    send_signal (self, signal);

  return TRUE;
}
