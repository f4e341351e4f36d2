/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups in memory: loaded when first asked for, dropped when no member is resident
 * and nobody has asked for a while, gone at once when deleted. What changes a group
 * comes by kl_chat_group_apply() alone, in the order of its revs. */
#include "server/chat/kl-chat-private.h"

typedef struct
{
  KlChatGroupFunc func;
  gpointer user_data;
} Waiter;

/* ── Members ── */

KlChatMember *
kl_chat_group_get_member (KlChatGroup *self, KlChatPerson *person)
{
  return g_hash_table_lookup (self->members, person);
}

KlRole
kl_chat_group_get_role (KlChatGroup *self, KlChatPerson *person)
{
  KlChatMember *member = kl_chat_group_get_member (self, person);

  return member ? member->state->role : KL_ROLE_NONE;
}

static KlChatMember *
add_member (KlChatGroup *self, KlStoreMember *state)
{
  KlChatMember *member = g_new0 (KlChatMember, 1);
  KlChatPerson *person = kl_chat_person_use (self->chat, state->user);

  member->person = person;
  member->group = self;
  member->state = kl_store_member_ref (state);
  member->index = person->memberships->len;
  g_ptr_array_add (person->memberships, member);
  g_hash_table_insert (self->members, person, member);
  self->n_owners += state->role == KL_ROLE_OWNER;
  if (person->state != KL_PERSON_ABSENT)
    self->pins++;
  if (person->status != KL_CHAT_STATUS_OFFLINE)
    self->n_online++;
  else
    kl_chat_presence_update (person);
  kl_chat_member_learn_here (member);

  return member;
}

static void
remove_member (KlChatMember *member)
{
  KlChatPerson *person = member->person;
  KlChatGroup *group = member->group;
  KlChatMember *moved;

  if (kl_chat_member_is_here (member))
    group->n_here--;
  group->n_owners -= member->state->role == KL_ROLE_OWNER;
  if (person->state != KL_PERSON_ABSENT)
    group->pins--;
  if (person->status != KL_CHAT_STATUS_OFFLINE)
    group->n_online--;
  g_ptr_array_remove_index_fast (person->memberships, member->index);
  if (member->index < person->memberships->len)
    {
      moved = g_ptr_array_index (person->memberships, member->index);
      moved->index = member->index;
    }
  kl_store_member_unref (member->state);
  g_free (member);
  kl_chat_person_unuse (person);
}

void
kl_chat_group_set_bans (KlChatGroup *self, GPtrArray *bans)
{
  g_hash_table_remove_all (self->bans);
  for (guint i = 0; i < bans->len; i++)
    {
      KlStoreBan *ban = g_ptr_array_index (bans, i);

      g_hash_table_insert (self->bans, ban->user, kl_store_ban_ref (ban));
    }
}

/* Ends the flows of this person here; `last` may be NULL. */
static void
end_flows (KlChatGroup *self, KlChatPerson *person, KlChatEvent *last)
{
  for (guint i = 0; i < person->connections->len; i++)
    {
      KlChatConnection *connection = g_ptr_array_index (person->connections, i);
      KlChatFlow *flow = kl_chat_connection_get_flow (connection, self);
      gboolean told = flow && (flow->flowing || flow->holds > 0);

      if (flow)
        kl_chat_flow_end (flow, told ? last : NULL);
      if (!told && connection->synced && last)
        kl_chat_connection_deliver (connection, last);
    }
}

/* ── Life ── */

static KlChatGroup *
new_group (KlChat *chat, const char *id)
{
  KlChatGroup *self = g_new0 (KlChatGroup, 1);

  self->chat = chat;
  self->id = g_strdup (id);
  self->ref_count = 1; /* of the table */
  self->members = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) remove_member);
  self->bans = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) kl_store_ban_unref);
  self->targets = g_array_new (FALSE, FALSE, sizeof (KlChatTarget));
  self->held = g_ptr_array_new ();
  self->planned = g_ptr_array_new ();
  self->used_usec = g_get_monotonic_time ();
  g_queue_init (&self->pending);
  g_queue_init (&self->handed);
  g_hash_table_insert (chat->groups, self->id, self);
  kl_bus_subscribe (chat->bus, self->id);

  return self;
}

KlChatGroup *
kl_chat_group_new_unborn (KlChat *chat, const char *id)
{
  KlChatGroup *self = new_group (chat, id);

  self->state = KL_GROUP_READY;

  return kl_chat_group_ref (self);
}

KlChatGroup *
kl_chat_group_ref (KlChatGroup *self)
{
  self->ref_count++;

  return self;
}

void
kl_chat_group_unref (KlChatGroup *self)
{
  if (--self->ref_count > 0)
    return;

  g_assert (self->state == KL_GROUP_GONE && self->targets->len == 0);
  g_clear_pointer (&self->waiting, g_array_unref);
  g_clear_pointer (&self->meta, kl_store_group_unref);
  g_clear_pointer (&self->last_message, kl_store_message_unref);
  g_clear_pointer (&self->in_flight, kl_store_batch_unref);
  g_clear_pointer (&self->watched, g_hash_table_unref);
  g_hash_table_unref (self->members);
  g_hash_table_unref (self->bans);
  g_array_unref (self->targets);
  g_ptr_array_unref (self->held);
  g_ptr_array_unref (self->planned);
  g_free (self->last_json);
  g_free (self->last_writer);
  g_free (self->id);
  g_free (self);
}

gboolean
kl_chat_group_is_idle (KlChatGroup *self)
{
  return self->state == KL_GROUP_READY && self->pins == 0 && self->ref_count == 1 && !self->in_flight
         && !self->reading_log && !self->searching && g_queue_is_empty (&self->pending)
         && g_queue_is_empty (&self->handed);
}

static void
end_all_flows (KlChatGroup *self, KlChatEvent *last)
{
  GHashTableIter iter;
  gpointer person;

  g_hash_table_iter_init (&iter, self->members);
  while (g_hash_table_iter_next (&iter, &person, NULL))
    end_flows (self, person, last);
}

/* It is being made, and who asks for it knows it from the store: a later append may be answered before an earlier one. */
static gboolean
is_unborn (KlChatGroup *self)
{
  return self->state == KL_GROUP_READY && !self->meta;
}

void
kl_chat_group_drop (KlChatGroup *self)
{
  gboolean unborn = is_unborn (self);
  g_autoptr (GArray) waiting = NULL;

  if (self->state == KL_GROUP_GONE)
    return;

  end_all_flows (self, NULL);
  self->state = KL_GROUP_GONE;
  kl_chat_presence_forget_group (self);
  kl_chat_calls_group_gone (self);
  kl_bus_unsubscribe (self->chat->bus, self->id);
  g_hash_table_remove (self->chat->groups, self->id);
  g_hash_table_remove_all (self->members);
  kl_chat_group_stop_following (self);
  kl_chat_group_take_back_handed (self);
  kl_chat_group_advance (self);
  if (unborn)
    waiting = g_steal_pointer (&self->waiting);
  for (guint i = 0; waiting && i < waiting->len; i++)
    kl_chat_get_group (self->chat, self->id, g_array_index (waiting, Waiter, i).func,
                       g_array_index (waiting, Waiter, i).user_data);
  kl_chat_group_unref (self);
}

static void
call_waiting (KlChatGroup *self, const GError *error)
{
  g_autoptr (GArray) waiting = g_steal_pointer (&self->waiting);

  for (guint i = 0; waiting && i < waiting->len; i++)
    {
      Waiter *waiter = &g_array_index (waiting, Waiter, i);
      gboolean there = !error && self->state == KL_GROUP_READY;
      g_autoptr (GError) gone = NULL;

      if (!error && !there)
        gone = g_error_new (KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND, "the group has been deleted");
      waiter->func (there ? self : NULL, error ? error : gone, waiter->user_data);
    }
}

void
kl_chat_group_born (KlChatGroup *self)
{
  if (self->waiting && self->state == KL_GROUP_READY && self->meta)
    call_waiting (self, NULL);
}

static void
on_small_group_profiles (gpointer user_data, const GError *error)
{
  KlChatGroup *self = user_data;
  g_autoptr (KlChat) chat = self->chat; /* the load's reference */

  self->state = error ? KL_GROUP_LOADING : KL_GROUP_READY;
  if (!error)
    kl_chat_calls_group_loaded (self);
  if (!error && self->uncertain)
    kl_chat_group_read_on (self);
  call_waiting (self, error);
  if (error)
    kl_chat_group_drop (self);
  kl_chat_group_unref (self);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatGroup *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreLoaded) loaded = kl_store_load_group_finish (KL_STORE (source), result, &error);
  g_autoptr (GPtrArray) people = g_ptr_array_new ();

  if (!loaded)
    {
      on_small_group_profiles (self, error);
      return;
    }

  self->meta = kl_store_group_ref (loaded->group);
  self->rev = loaded->rev;
  self->seq = loaded->seq;
  self->time = loaded->time;
  self->last_message = g_steal_pointer (&loaded->last_message);
  for (guint i = 0; i < loaded->members->len; i++)
    {
      KlChatMember *member = add_member (self, g_ptr_array_index (loaded->members, i));

      if (loaded->members->len <= KL_LIMIT_READS_GROUP)
        g_ptr_array_add (people, member->person);
    }
  kl_chat_group_set_bans (self, loaded->bans);
  kl_chat_load_profiles (self->chat, people, on_small_group_profiles, self);
}

void
kl_chat_get_group (KlChat *chat, const char *id, KlChatGroupFunc func, gpointer user_data)
{
  KlChatGroup *self = g_hash_table_lookup (chat->groups, id);
  Waiter waiter = { func, user_data };

  if (self && is_unborn (self))
    {
      if (!self->waiting)
        self->waiting = g_array_new (FALSE, FALSE, sizeof (Waiter));
      g_array_append_val (self->waiting, waiter);
      return;
    }
  if (self && self->state == KL_GROUP_READY)
    {
      self->used_usec = g_get_monotonic_time ();
      func (self, NULL, user_data);
      return;
    }

  if (!self)
    {
      self = new_group (chat, id);
      g_object_ref (chat);
      kl_chat_group_ref (self);
      self->waiting = g_array_new (FALSE, FALSE, sizeof (Waiter));
      g_array_append_val (self->waiting, waiter);
      kl_store_load_group_async (chat->store, id, on_loaded, self);
      return;
    }
  g_array_append_val (self->waiting, waiter);
}

/* ── Events ── */

void
kl_chat_group_deliver (KlChatGroup *self, KlChatEvent *event)
{
  const KlChatTarget *targets = (const KlChatTarget *) self->targets->data;

  for (guint i = 0; i < self->targets->len; i++)
    targets[i].deliver (targets[i].sink, event);
  self->chat->stats.events_delivered += self->targets->len;

  for (guint i = 0; i < self->held->len; i++)
    {
      KlChatFlow *flow = g_ptr_array_index (self->held, i);

      g_ptr_array_add (flow->queue, kl_chat_event_ref (event));
    }
}

gboolean
kl_chat_group_tells_reads (KlChatGroup *self)
{
  return g_hash_table_size (self->members) <= KL_LIMIT_READS_GROUP;
}

/* ── Changes ── */

static void
apply_message (KlChatGroup *self, const KlStoreChange *change)
{
  KlStoreMessage *message = change->message;
  g_autoptr (KlChatEvent) event = NULL;

  if (message->seq > self->seq)
    {
      self->seq = message->seq;
      self->time = message->created_at;
      self->chat->stats.messages_stored++;
      kl_chat_group_settle_handed (self, message);
    }
  if (!(message->flags & KL_MESSAGE_SYSTEM) && (!self->last_message || message->seq >= self->last_message->seq))
    {
      kl_store_message_ref (message);
      g_clear_pointer (&self->last_message, kl_store_message_unref);
      self->last_message = message;
      g_clear_pointer (&self->last_json, g_free);
    }
  kl_chat_group_tell_watched (self, message);
  if (self->targets->len == 0 && self->held->len == 0)
    return;

  event = kl_chat_event_new_message (self, change->rev, message);
  kl_chat_group_deliver (self, event);
}

static void
deliver_member (KlChatGroup *self, gint64 rev, const KlStoreMember *member, KlChatPerson *shown)
{
  g_auto (KlJsonWriter) out = { 0 };
  g_autoptr (KlChatEvent) event = NULL;

  if (self->targets->len == 0 && self->held->len == 0)
    return;

  kl_json_writer_init (&out, 512);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", self->id);
  kl_json_member_int (&out, "rev", rev);
  kl_json_key (&out, "member");
  kl_chat_write_member (&out, member);
  if (shown && shown->user)
    {
      kl_json_key (&out, "user");
      kl_chat_write_shared_user (&out, shown);
    }
  kl_json_end_object (&out);
  event = kl_chat_event_new_written ("member", &out);
  kl_chat_group_deliver (self, event);
}

static void
on_known (gpointer user_data, const GError *error)
{
}

/* Whose receipts are on has to be known where read marks are told. */
static void
know_members (KlChatGroup *self)
{
  g_autoptr (GPtrArray) people = NULL;
  GHashTableIter iter;
  gpointer person;

  if (!kl_chat_group_tells_reads (self))
    return;

  people = g_ptr_array_new ();
  g_hash_table_iter_init (&iter, self->members);
  while (g_hash_table_iter_next (&iter, &person, NULL))
    g_ptr_array_add (people, person);
  kl_chat_load_profiles (self->chat, people, on_known, NULL);
}

static void
apply_leaving (KlChatGroup *self, const KlStoreChange *change, KlChatMember *member)
{
  KlStoreMember *state = change->member;
  const char *reason = g_strcmp0 (change->actor, state->user) == 0 ? "left" : change->bans ? "banned" : "removed";
  g_autoptr (KlChatEvent) removed = kl_chat_event_new_removed (self, reason);

  kl_chat_calls_member_gone (self, member->person);
  end_flows (self, member->person, removed);
  g_hash_table_remove (self->members, member->person);
  if (g_hash_table_size (self->members) == KL_LIMIT_READS_GROUP)
    know_members (self);
  deliver_member (self, change->rev, state, NULL);
  kl_chat_presence_touch_group (self);
}

static void
apply_member (KlChatGroup *self, const KlStoreChange *change)
{
  KlChatPerson *person = kl_chat_person_use (self->chat, change->member->user);
  KlChatMember *member = kl_chat_group_get_member (self, person);
  KlStoreMember *state = change->member;

  if (change->bans)
    {
      KlStoreBan *ban = kl_store_ban_new ();

      ban->user = g_strdup (state->user);
      ban->by = g_strdup (change->actor ? change->actor : state->user);
      ban->at = change->time;
      g_hash_table_replace (self->bans, ban->user, ban);
      self->bans_stamp++;
    }

  if (state->role == KL_ROLE_NONE)
    {
      if (member)
        apply_leaving (self, change, member);
      else
        deliver_member (self, change->rev, state, NULL);
    }
  else if (!member)
    {
      add_member (self, state);
      know_members (self);
      deliver_member (self, change->rev, state, person);
      kl_chat_presence_touch_group (self);
    }
  else
    {
      KlStoreMember *now = kl_store_member_copy (state);

      /* The marks here are newer than those of the entry. */
      now->read_seq = member->state->read_seq;
      now->notify = member->state->notify;
      now->pinned = member->state->pinned;
      self->n_owners += (now->role == KL_ROLE_OWNER) - (member->state->role == KL_ROLE_OWNER);
      kl_store_member_unref (member->state);
      member->state = now;
      deliver_member (self, change->rev, state, NULL);
    }
  kl_chat_person_unuse (person);
}

void
kl_chat_group_vanish (KlChatGroup *self)
{
  g_autoptr (KlChatEvent) event = kl_chat_event_new_removed (self, "deleted");

  end_all_flows (self, event);
  kl_bus_cache_drop (self->chat->bus, self->id);
  kl_chat_group_drop (self);
}

static void
apply_meta (KlChatGroup *self, const KlStoreChange *change)
{
  g_auto (KlJsonWriter) out = { 0 };
  g_autoptr (KlChatEvent) event = NULL;

  kl_store_group_ref (change->group);
  g_clear_pointer (&self->meta, kl_store_group_unref);
  self->meta = change->group;
  if (self->meta->deleted)
    {
      kl_chat_group_vanish (self);
      return;
    }
  if (self->targets->len == 0 && self->held->len == 0)
    return;

  kl_json_writer_init (&out, 512);
  kl_json_begin_object (&out);
  kl_json_key (&out, "group");
  kl_chat_write_group_shared (&out, self->meta, self->chat, change->rev);
  kl_json_member_int (&out, "rev", change->rev);
  kl_json_end_object (&out);
  event = kl_chat_event_new_written ("group", &out);
  kl_chat_group_deliver (self, event);
}

void
kl_chat_group_apply (KlChatGroup *self, KlStoreBatch *batch)
{
  for (guint i = 0; i < batch->changes->len && self->state != KL_GROUP_GONE; i++)
    {
      const KlStoreChange *change = &g_array_index (batch->changes, KlStoreChange, i);

      if (change->rev != self->rev + 1)
        continue;

      self->rev = change->rev;
      switch (change->kind)
        {
        case KL_CHANGE_MESSAGE:
          apply_message (self, change);
          break;
        case KL_CHANGE_MEMBER:
          apply_member (self, change);
          break;
        case KL_CHANGE_GROUP:
          apply_meta (self, change);
          break;
        default:
          g_assert_not_reached ();
        }
    }
}

/* ── The whole object for one person ── */

typedef struct
{
  KlChatSnapshot *snapshot;
  KlChatEvent *event; /* its JSON is still missing */
  GPtrArray *flows;
  GPtrArray *snapshots;
} Showing;

static void
on_show_counted (gpointer user_data, const GError *error)
{
  Showing *showing = user_data;
  g_auto (KlJsonWriter) out = { 0 };

  if (!error)
    {
      kl_json_writer_init (&out, kl_chat_snapshot_get_length (showing->snapshot) + 32);
      kl_json_begin_object (&out);
      kl_json_key (&out, "group");
      kl_chat_snapshot_write (showing->snapshot, &out);
      kl_json_end_object (&out);
      showing->event->json = kl_json_writer_steal_string (&out, &showing->event->length);
    }
  for (guint i = 0; i < showing->flows->len; i++)
    kl_chat_flow_release (g_ptr_array_index (showing->flows, i), error == NULL);

  g_ptr_array_unref (showing->flows);
  g_ptr_array_unref (showing->snapshots);
  kl_chat_event_unref (showing->event);
  g_free (showing);
}

static void
show (KlChatGroup *self, KlChatPerson *person, KlChatConnection *except, KlChatConnection *only, gboolean is_new)
{
  g_autoptr (GPtrArray) flows = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_flow_unref);
  Showing *showing;

  for (guint i = 0; i < person->connections->len; i++)
    {
      KlChatConnection *connection = g_ptr_array_index (person->connections, i);
      KlChatFlow *flow;

      if (connection == except || (only && connection != only) || !connection->synced)
        continue;
      flow
          = is_new ? kl_chat_connection_ensure_flow (connection, self) : kl_chat_connection_get_flow (connection, self);
      /* A new group may be known to some of them already. */
      if (flow && (is_new ? only || !flow->flowing : flow->flowing || flow->holds > 0))
        g_ptr_array_add (flows, kl_chat_flow_ref (flow));
    }
  if (flows->len == 0)
    return;

  showing = g_new0 (Showing, 1);
  showing->snapshot = kl_chat_snapshot_new (self, person);
  showing->event = kl_chat_event_new_take ("group", NULL, 0);
  showing->flows = g_steal_pointer (&flows);
  showing->snapshots = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_snapshot_free);
  g_ptr_array_add (showing->snapshots, showing->snapshot);
  for (guint i = 0; i < showing->flows->len; i++)
    {
      KlChatFlow *flow = g_ptr_array_index (showing->flows, i);

      kl_chat_flow_hold (flow);
      g_ptr_array_add (flow->queue, kl_chat_event_ref (showing->event));
    }
  kl_chat_count_snapshots (self->chat, person, showing->snapshots, on_show_counted, showing);
}

void
kl_chat_group_greet (KlChatGroup *self, KlChatPerson *person, KlChatConnection *except)
{
  show (self, person, except, NULL, TRUE);
}

void
kl_chat_group_greet_connection (KlChatGroup *self, KlChatConnection *connection)
{
  show (self, connection->person, NULL, connection, TRUE);
}

void
kl_chat_group_show (KlChatGroup *self, KlChatPerson *person, KlChatConnection *except)
{
  show (self, person, except, NULL, FALSE);
}
