/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What other nodes of the cluster say. */
#include "server/chat/kl-chat-private.h"

static void
on_changes (gpointer user_data, const char *node, KlStoreBatch *batch)
{
  KlChat *self = user_data;
  KlChatGroup *group = g_hash_table_lookup (self->groups, batch->group);

  if (group)
    kl_chat_group_hear (group, batch, node);
}

static void
on_user_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlChat) self = user_data;
  g_autoptr (GPtrArray) users = kl_store_get_users_finish (KL_STORE (source), result, NULL);
  KlStoreUser *user = users && users->len > 0 ? g_ptr_array_index (users, 0) : NULL;
  KlChatPerson *person = user ? kl_chat_person_peek (self, user->id) : NULL;

  if (!person)
    return;

  kl_chat_person_take_user (person, user);
  kl_chat_tell_user (person, NULL, FALSE);
}

static void
on_settings_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatGroup *group = user_data;
  g_autoptr (KlChat) self = g_object_ref (group->chat);
  g_autoptr (KlStoreMember) marks = kl_store_get_member_finish (KL_STORE (source), result, NULL);
  KlChatPerson *person = marks ? kl_chat_person_peek (self, marks->user) : NULL;
  KlChatMember *member = person ? kl_chat_group_get_member (group, person) : NULL;

  if (member)
    {
      kl_chat_member_set_marks (member, marks, KL_MARK_NOTIFY | KL_MARK_PINNED);
      kl_chat_group_show (group, person, NULL);
    }
  kl_chat_group_unref (group);
}

static void
on_signal (gpointer user_data, const KlBusSignal *signal)
{
  KlChat *self = user_data;
  KlChatGroup *group = signal->group ? g_hash_table_lookup (self->groups, signal->group) : NULL;
  KlChatPerson *person = signal->user ? kl_chat_person_peek (self, signal->user) : NULL;
  const char *ids[] = { signal->user, NULL };

  switch (signal->kind)
    {
    case KL_BUS_SESSION_ENDED:
      kl_chat_end_sessions_here (self, signal->user, signal->id, signal->keep);
      break;
    case KL_BUS_USER_CHANGED:
      if (person)
        kl_store_get_users_async (self->store, ids, on_user_read, g_object_ref (self));
      break;
    case KL_BUS_TYPING:
      if (group && person && group->state == KL_GROUP_READY)
        kl_chat_tell_typing (group, person, signal->on);
      break;
    case KL_BUS_READ:
      if (group && person && group->state == KL_GROUP_READY)
        kl_chat_take_read_mark (group, person, signal->seq);
      break;
    case KL_BUS_SETTINGS:
      if (group && person && group->state == KL_GROUP_READY)
        kl_store_get_member_async (self->store, group->id, person->id, on_settings_read, kl_chat_group_ref (group));
      break;
    case KL_BUS_CALL:
      if (group && group->state == KL_GROUP_READY)
        kl_chat_calls_hear (group, signal->node, signal->json);
      break;
    case KL_BUS_MEMBERSHIP:
      if (signal->group && signal->user)
        kl_chat_cluster_learn (self, signal->group, signal->user);
      break;
    case KL_BUS_BANS:
      if (group && group->state == KL_GROUP_READY && group->meta)
        kl_chat_group_refresh (group, NULL, NULL);
      break;
    default:
      break;
    }
}

static void
on_presence (gpointer user_data, const char *user)
{
  KlChatPerson *person = kl_chat_person_peek (user_data, user);

  if (person)
    kl_chat_presence_update (person);
}

static void
on_subscribed (gpointer user_data, const char *id)
{
  KlChat *self = user_data;
  KlChatGroup *group = g_hash_table_lookup (self->groups, id);

  if (group)
    kl_chat_group_read_on (group);
}

static void
on_reconnected (gpointer user_data)
{
  kl_chat_cluster_check_all (user_data);
}

static void
on_forward (gpointer user_data, const char *node, const KlBusForward *forward)
{
  kl_chat_take_over (user_data, forward);
}

const KlBusListener kl_chat_bus_listener = {
  .on_changes = on_changes,
  .on_signal = on_signal,
  .on_presence = on_presence,
  .on_reconnected = on_reconnected,
  .on_subscribed = on_subscribed,
  .on_forward = on_forward,
};
