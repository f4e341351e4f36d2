/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live connections and their flows. A connection lives from kl_chat_connect() to
 * kl_chat_connection_end(); requests under way may hold it longer, and then answer
 * into the void. A flow goes with its connection or with its person's membership. */
#include "protocol/kl-slab.h"
#include "server/chat/kl-chat-private.h"

#define NO_TARGET G_MAXUINT
/* Room for this many from the start: growing in the midst of a sync would tear holes. */
#define FLOWS_EXPECTED 4

static _Thread_local KlSlab connections = KL_SLAB_INIT (KlChatConnection);
static _Thread_local KlSlab flows = KL_SLAB_INIT (KlChatFlow);

static void
on_resident (gpointer user_data, const GError *error)
{
  KlChatConnection *connection = user_data;

  /* An error shows again, and is answered, with the connection's first event. */
  kl_chat_connection_unref (connection);
}

KlChatConnection *
kl_chat_connect (KlChat *self, KlStoreSignedIn *who, const KlChatSink *vtable, gpointer sink)
{
  KlBusPresence elsewhere = { .activity = KL_ACTIVITY_OFFLINE };
  KlChatConnection *connection;
  KlChatPerson *person;

  g_return_val_if_fail (KL_IS_CHAT (self), NULL);

  person = kl_chat_person_use (self, who->user->id);
  kl_bus_get_presence (self->bus, person->id, &elsewhere);
  if (self->settings.connections_per_user > 0
      && person->connections->len + elsewhere.connections >= (guint) self->settings.connections_per_user)
    {
      kl_chat_person_unuse (person);
      return NULL;
    }

  connection = kl_slab_alloc (&connections);
  connection->ref_count = 2; /* until its end, and the caller's */
  connection->chat = self;
  connection->person = person;
  connection->user_id = g_strdup (who->user->id);
  connection->session = g_strdup (who->session->id);
  connection->vtable = vtable;
  connection->sink = sink;
  connection->flows = g_ptr_array_new_full (FLOWS_EXPECTED, (GDestroyNotify) kl_chat_flow_unref);
  g_queue_init (&connection->behind);
  g_ptr_array_add (person->connections, connection);
  self->stats.connections++;
  if (person->connections->len == 1)
    self->stats.people_online++;
  kl_chat_person_take_user (person, who->user);
  kl_chat_presence_update (person);
  kl_chat_person_make_resident (person, on_resident, kl_chat_connection_ref (connection));

  return connection;
}

KlChatConnection *
kl_chat_connection_ref (KlChatConnection *self)
{
  self->ref_count++;

  return self;
}

void
kl_chat_connection_unref (KlChatConnection *self)
{
  if (--self->ref_count > 0)
    return;

  g_assert (self->person == NULL);
  g_clear_pointer (&self->synced_groups, g_hash_table_unref);
  g_ptr_array_unref (self->flows);
  g_free (self->user_id);
  g_free (self->session);
  kl_slab_free (&connections, self);
}

static void
remember_last_seen (KlChatPerson *person)
{
  g_autoptr (KlStoreUser) user = NULL;

  if (!person->user)
    return;

  user = kl_store_user_copy (person->user);
  user->last_seen_at = kl_chat_now_ms ();
  kl_chat_person_take_user (person, user);
  kl_store_update_user_async (person->chat->store, user, KL_USER_LAST_SEEN, NULL, NULL);
}

void
kl_chat_connection_end (KlChatConnection *self, gboolean meant)
{
  KlChatPerson *person = self->person;

  if (!person)
    return;

  kl_chat_calls_connection_ended (self, meant);
  while (self->flows->len > 0)
    kl_chat_flow_end (g_ptr_array_index (self->flows, self->flows->len - 1), NULL);
  self->person = NULL;
  g_ptr_array_remove_fast (person->connections, self);
  person->chat->stats.connections--;
  person->used_usec = g_get_monotonic_time ();
  if (person->connections->len == 0)
    {
      person->chat->stats.people_online--;
      remember_last_seen (person);
    }
  if (self->presence_people)
    g_string_free (g_steal_pointer (&self->presence_people), TRUE);
  if (self->presence_groups)
    g_string_free (g_steal_pointer (&self->presence_groups), TRUE);
  kl_chat_presence_update (person);
  kl_chat_turns_connection_ended (self);
  kl_chat_person_unuse (person);
  kl_chat_connection_unref (self);
}

const char *
kl_chat_connection_get_user (KlChatConnection *self)
{
  return self->user_id;
}

const char *
kl_chat_connection_get_session (KlChatConnection *self)
{
  return self->session;
}

void
kl_chat_connection_deliver (KlChatConnection *self, KlChatEvent *event)
{
  if (!self->person)
    return;

  self->chat->stats.events_delivered++;
  self->vtable->deliver (self->sink, event);
}

void
kl_chat_connection_ask (KlChatConnection *self, const char *event, const char *json, gsize length, KlChatAcked acked,
                        gpointer user_data)
{
  if (!self->person)
    {
      acked (user_data, FALSE);
      return;
    }

  self->chat->stats.events_delivered++;
  self->vtable->ask (self->sink, event, json, length, acked, user_data);
}

/* ── Flows ── */

KlChatFlow *
kl_chat_connection_get_flow (KlChatConnection *self, KlChatGroup *group)
{
  for (guint i = 0; i < self->flows->len; i++)
    {
      KlChatFlow *flow = g_ptr_array_index (self->flows, i);

      if (flow->group == group)
        return flow;
    }

  return NULL;
}

KlChatFlow *
kl_chat_connection_ensure_flow (KlChatConnection *self, KlChatGroup *group)
{
  KlChatFlow *flow = kl_chat_connection_get_flow (self, group);

  if (flow)
    return flow;

  flow = kl_slab_alloc (&flows);
  flow->ref_count = 1;
  flow->connection = self;
  flow->group = group;
  flow->target = NO_TARGET;
  g_ptr_array_add (self->flows, flow);

  return flow;
}

KlChatFlow *
kl_chat_flow_ref (KlChatFlow *self)
{
  self->ref_count++;

  return self;
}

void
kl_chat_flow_unref (KlChatFlow *self)
{
  if (--self->ref_count > 0)
    return;

  g_clear_pointer (&self->queue, g_ptr_array_unref);
  g_clear_pointer (&self->last, kl_chat_event_unref);
  kl_slab_free (&flows, self);
}

static void
remove_target (KlChatFlow *self)
{
  GArray *targets = self->group->targets;

  if (self->target == NO_TARGET)
    return;

  g_array_remove_index_fast (targets, self->target);
  if (self->target < targets->len)
    g_array_index (targets, KlChatTarget, self->target).flow->target = self->target;
  self->target = NO_TARGET;
}

static void
add_target (KlChatFlow *self)
{
  KlChatTarget target = { self->connection->vtable->deliver, self->connection->sink, self };

  if (self->target != NO_TARGET)
    return;

  self->target = self->group->targets->len;
  g_array_append_val (self->group->targets, target);
}

void
kl_chat_flow_begin (KlChatFlow *self)
{
  self->flowing = TRUE;
  if (self->holds == 0 && self->connection && self->group)
    add_target (self);
}

void
kl_chat_flow_hold (KlChatFlow *self)
{
  if (self->holds++ > 0 || !self->group)
    return;

  remove_target (self);
  self->told = 0;
  self->queue = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_event_unref);
  g_ptr_array_add (self->group->held, self);
}

void
kl_chat_flow_release (KlChatFlow *self, gboolean begin)
{
  g_autoptr (GPtrArray) queue = NULL;

  self->flowing |= begin;
  if (--self->holds > 0 || !self->connection)
    return;

  queue = g_steal_pointer (&self->queue);
  if (self->group)
    g_ptr_array_remove_fast (self->group->held, self);
  if (self->flowing)
    {
      for (guint i = self->told; queue && i < queue->len; i++)
        {
          KlChatEvent *event = g_ptr_array_index (queue, i);

          /* Without JSON: what it was to say could not be read. */
          if (event->json)
            kl_chat_connection_deliver (self->connection, event);
        }
      if (self->group)
        add_target (self);
    }
  if (self->last)
    {
      kl_chat_connection_deliver (self->connection, self->last);
      g_clear_pointer (&self->last, kl_chat_event_unref);
      kl_chat_connection_unref (g_steal_pointer (&self->connection));
    }
}

void
kl_chat_flow_deliver (KlChatFlow *self, KlChatEvent *event)
{
  if (self->queue)
    g_ptr_array_add (self->queue, kl_chat_event_ref (event));
  else
    kl_chat_connection_deliver (self->connection, event);
}

void
kl_chat_flow_end (KlChatFlow *self, KlChatEvent *last)
{
  KlChatConnection *connection = self->connection;
  KlChatMember *member;

  kl_chat_flow_ref (self);
  if (self->typing)
    kl_chat_flow_stop_typing (self);
  member = kl_chat_group_get_member (self->group, connection->person);
  if (self->open)
    {
      self->open = FALSE;
      connection->n_open--;
      if (member)
        kl_chat_member_set_here (member, -1);
    }
  remove_target (self);
  if (self->holds > 0)
    g_ptr_array_remove_fast (self->group->held, self);
  self->group = NULL;
  g_ptr_array_remove_fast (connection->flows, self);

  if (last && self->holds > 0)
    {
      /* After the answer that is under way. */
      self->last = kl_chat_event_ref (last);
      kl_chat_connection_ref (connection);
    }
  else
    {
      if (last)
        kl_chat_connection_deliver (connection, last);
      self->connection = NULL;
      g_clear_pointer (&self->queue, g_ptr_array_unref);
    }
  kl_chat_flow_unref (self);
}
