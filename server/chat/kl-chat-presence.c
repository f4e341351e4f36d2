/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Presence: by person, not by connection, and told in rounds. What changes between two
 * rounds costs nothing but a mark; a round compares with what was told last, so that
 * flapping tells nothing, and sends each connection at most one event. Rounds are at least
 * presence_interval_ms apart; every counts_interval_ms one also has the counts of groups
 * that are not open. */
#include "server/chat/kl-chat-private.h"

#define SOON_MS 20

static void
schedule (KlChat *chat);

/* ── What is so now ── */

static KlActivity
get_local_activity (KlChatPerson *person)
{
  KlActivity activity = KL_ACTIVITY_OFFLINE;

  for (guint i = 0; i < person->connections->len && activity != KL_ACTIVITY_ONLINE; i++)
    {
      KlChatConnection *connection = g_ptr_array_index (person->connections, i);

      activity = connection->away ? KL_ACTIVITY_AWAY : KL_ACTIVITY_ONLINE;
    }

  return activity;
}

static KlChatStatus
get_status (KlChatPerson *person, KlActivity activity)
{
  if (activity == KL_ACTIVITY_OFFLINE)
    return KL_CHAT_STATUS_OFFLINE;
  if (person->user && person->user->dnd)
    return KL_CHAT_STATUS_DND;

  return activity == KL_ACTIVITY_AWAY ? KL_CHAT_STATUS_AWAY : KL_CHAT_STATUS_ONLINE;
}

gboolean
kl_chat_member_is_here (const KlChatMember *member)
{
  return member->here > 0 || member->here_elsewhere;
}

void
kl_chat_member_learn_here (KlChatMember *member)
{
  KlBusPresence elsewhere = { .activity = KL_ACTIVITY_OFFLINE };

  kl_bus_get_presence (member->group->chat->bus, member->person->id, &elsewhere);
  if (member->here_elsewhere || !elsewhere.here || !g_strv_contains (elsewhere.here, member->group->id))
    return;

  if (!kl_chat_member_is_here (member))
    member->group->n_here++;
  member->here_elsewhere = TRUE;
  member->person->elsewhere = TRUE;
}

static void
take_elsewhere (KlChatPerson *person, const char *const *here)
{
  for (guint i = 0; i < person->memberships->len; i++)
    {
      KlChatMember *member = g_ptr_array_index (person->memberships, i);
      gboolean was = kl_chat_member_is_here (member);

      member->here_elsewhere = here && g_strv_contains (here, member->group->id);
      if (kl_chat_member_is_here (member) == was)
        continue;
      member->group->n_here += was ? -1 : 1;
      kl_chat_presence_touch_group (member->group);
    }
  person->elsewhere = here != NULL;
}

static void
tell_bus (KlChatPerson *person)
{
  g_autoptr (GPtrArray) here = g_ptr_array_new ();
  KlBusPresence presence = { .activity = get_local_activity (person), .connections = person->connections->len };

  for (guint i = 0; i < person->memberships->len; i++)
    {
      KlChatMember *member = g_ptr_array_index (person->memberships, i);

      if (member->here > 0)
        g_ptr_array_add (here, member->group->id);
    }
  g_ptr_array_add (here, NULL);
  presence.here = (const char *const *) here->pdata;
  kl_bus_set_presence (person->chat->bus, person->id, &presence);
}

/* The node that had the last connection has stored it; here it is known by this moment. */
static void
seen_last (KlChatPerson *person)
{
  gint64 now = kl_chat_now_ms ();
  KlStoreUser *user;

  if (!person->user || person->connections->len > 0 || person->user->last_seen_at >= now - 1000)
    return;

  user = kl_store_user_copy (person->user);
  user->last_seen_at = now;
  g_clear_pointer (&person->user, kl_store_user_unref);
  person->user = user;
}

static void
mark_dirty (KlChatPerson *person)
{
  if (person->dirty)
    return;

  person->dirty = TRUE;
  g_ptr_array_add (person->chat->dirty_people, person);
  schedule (person->chat);
}

void
kl_chat_presence_update (KlChatPerson *person)
{
  KlBusPresence elsewhere = { .activity = KL_ACTIVITY_OFFLINE };
  KlActivity local = get_local_activity (person);
  KlChatStatus before = person->status;
  const char *text = person->user ? person->user->status_text : NULL;

  if (local != person->local_activity || person->connections->len != person->told_connections)
    {
      person->local_activity = local;
      person->told_connections = person->connections->len;
      tell_bus (person);
    }
  kl_bus_get_presence (person->chat->bus, person->id, &elsewhere);
  if (elsewhere.here || person->elsewhere)
    take_elsewhere (person, elsewhere.here);

  person->status = get_status (person, MAX (local, elsewhere.activity));
  if ((person->status == KL_CHAT_STATUS_OFFLINE) != (before == KL_CHAT_STATUS_OFFLINE))
    {
      for (guint i = 0; i < person->memberships->len; i++)
        {
          KlChatMember *member = g_ptr_array_index (person->memberships, i);

          member->group->n_online += before == KL_CHAT_STATUS_OFFLINE ? 1 : -1;
          kl_chat_presence_touch_group (member->group);
        }
    }
  if (person->status != before || (person->user && g_strcmp0 (text, person->announced_text) != 0))
    mark_dirty (person);
  if (person->status == KL_CHAT_STATUS_OFFLINE && before != KL_CHAT_STATUS_OFFLINE)
    seen_last (person);
}

void
kl_chat_presence_shown (KlChatPerson *person)
{
  person->announce |= person->dirty;
}

void
kl_chat_presence_touch_group (KlChatGroup *group)
{
  if (group->state == KL_GROUP_GONE)
    return;

  if (!group->dirty && !group->counts_dirty)
    g_ptr_array_add (group->chat->dirty_groups, group);
  group->dirty = TRUE;
  group->counts_dirty = TRUE;
  schedule (group->chat);
}

void
kl_chat_presence_forget_group (KlChatGroup *group)
{
  if (group->dirty || group->counts_dirty)
    g_ptr_array_remove_fast (group->chat->dirty_groups, group);
  group->dirty = FALSE;
  group->counts_dirty = FALSE;
}

void
kl_chat_member_set_here (KlChatMember *member, int by)
{
  gboolean was = kl_chat_member_is_here (member);

  member->here += by;
  if (member->here == 0 || (by > 0 && member->here == 1))
    tell_bus (member->person);
  if (kl_chat_member_is_here (member) == was)
    return;

  member->group->n_here += was ? -1 : 1;
  kl_chat_presence_touch_group (member->group);
}

/* ── A round ── */

typedef struct
{
  KlChat *chat;
  GPtrArray *touched; /* KlChatConnection that have something to be told */
} Round;

static void
append (GString **list, const char *json, gsize length)
{
  if (!*list)
    *list = g_string_sized_new (length + 16);
  else
    g_string_append_c (*list, ',');
  g_string_append_len (*list, json, length);
}

static void
touch_connection (Round *round, KlChatConnection *connection)
{
  if (!connection->presence_people && !connection->presence_groups)
    g_ptr_array_add (round->touched, connection);
}

static KlChatFlow *
get_flow (KlChatGroup *group, guint index)
{
  if (index < group->targets->len)
    return g_array_index (group->targets, KlChatTarget, index).flow;

  return g_ptr_array_index (group->held, index - group->targets->len);
}

static void
tell_person (Round *round, KlChatPerson *person)
{
  g_auto (KlJsonWriter) out = { 0 };

  kl_json_writer_init (&out, 160);
  kl_chat_write_presence (&out, person);
  for (guint i = 0; i < person->memberships->len; i++)
    {
      KlChatGroup *group = ((KlChatMember *) g_ptr_array_index (person->memberships, i))->group;

      if (g_hash_table_size (group->members) > KL_LIMIT_PRESENCE_GROUP)
        continue;
      for (guint j = 0; j < group->targets->len + group->held->len; j++)
        {
          KlChatConnection *connection = get_flow (group, j)->connection;

          if (connection->presence_stamp == person)
            continue;
          connection->presence_stamp = person;
          touch_connection (round, connection);
          append (&connection->presence_people, out.out->str, out.out->len);
        }
    }
}

static void
tell_people (Round *round)
{
  g_autoptr (GPtrArray) dirty = g_steal_pointer (&round->chat->dirty_people);

  round->chat->dirty_people = g_ptr_array_new ();
  for (guint i = 0; i < dirty->len; i++)
    {
      KlChatPerson *person = g_ptr_array_index (dirty, i);
      const char *text = person->user ? person->user->status_text : NULL;
      gboolean changed = person->status != person->announced || g_strcmp0 (text, person->announced_text) != 0;

      person->dirty = FALSE;
      if (changed || person->announce)
        tell_person (round, person);
      person->announce = FALSE;
      person->announced = person->status;
      g_set_str (&person->announced_text, text);
    }
}

void
kl_chat_write_here (KlJsonWriter *out, KlChatGroup *group, KlChatRequest *request)
{
  GHashTableIter iter;
  gpointer key, value;
  guint n = 0;

  kl_json_begin_array (out);
  g_hash_table_iter_init (&iter, group->members);
  while (n < MIN (group->n_here, KL_LIMIT_OPEN_PEOPLE) && g_hash_table_iter_next (&iter, &key, &value))
    {
      if (!kl_chat_member_is_here (value))
        continue;
      kl_json_string (out, ((KlChatPerson *) key)->id, -1);
      if (request)
        kl_chat_request_name (request, key);
      n++;
    }
  kl_json_end_array (out);
}

static void
write_counts (KlJsonWriter *out, KlChatGroup *group, gboolean with_people)
{
  kl_json_begin_object (out);
  kl_json_member_string (out, "id", group->id);
  kl_json_member_int (out, "online", group->n_online);
  kl_json_member_int (out, "here", group->n_here);
  if (with_people)
    {
      kl_json_key (out, "here_users");
      kl_chat_write_here (out, group, NULL);
    }
  kl_json_end_object (out);
}

static void
tell_group (Round *round, KlChatGroup *group, gboolean with_counts)
{
  g_auto (KlJsonWriter) open = { 0 };
  g_auto (KlJsonWriter) closed = { 0 };

  kl_json_writer_init (&open, 256);
  kl_json_writer_init (&closed, 128);
  write_counts (&open, group, TRUE);
  write_counts (&closed, group, FALSE);
  for (guint i = 0; i < group->targets->len; i++)
    {
      KlChatFlow *flow = get_flow (group, i);
      const KlJsonWriter *out = flow->open ? &open : &closed;

      if (flow->open ? !group->dirty : !(with_counts && group->counts_dirty))
        continue;
      touch_connection (round, flow->connection);
      append (&flow->connection->presence_groups, out->out->str, out->out->len);
    }
  /* Whose answer is under way has been counted at another moment: he is told with the next round. */
  group->dirty = group->held->len > 0;
  if (with_counts)
    group->counts_dirty = group->held->len > 0;
}

static void
tell_groups (Round *round, gboolean with_counts)
{
  GPtrArray *dirty = round->chat->dirty_groups;

  for (guint i = dirty->len; i > 0; i--)
    {
      KlChatGroup *group = g_ptr_array_index (dirty, i - 1);

      if (group->dirty || (with_counts && group->counts_dirty))
        tell_group (round, group, with_counts);
      if (!group->dirty && !group->counts_dirty)
        g_ptr_array_remove_index_fast (dirty, i - 1);
    }
}

static void
add_list (GString *json, const char *key, GString **list)
{
  if (!*list)
    return;

  g_string_append_printf (json, "%s\"%s\":[", json->len > 1 ? "," : "", key);
  g_string_append_len (json, (*list)->str, (*list)->len);
  g_string_append_c (json, ']');
  g_string_free (g_steal_pointer (list), TRUE);
}

/* Connections that are told the same share the event. */
static void
flush (Round *round)
{
  g_autoptr (KlChatEvent) event = NULL;

  for (guint i = 0; i < round->touched->len; i++)
    {
      KlChatConnection *connection = g_ptr_array_index (round->touched, i);
      GString *json = g_string_new ("{");

      add_list (json, "users", &connection->presence_people);
      add_list (json, "groups", &connection->presence_groups);
      g_string_append_c (json, '}');
      connection->presence_stamp = NULL;
      if (event && event->length == json->len && memcmp (event->json, json->str, json->len) == 0)
        {
          g_string_free (json, TRUE);
        }
      else
        {
          gsize length = json->len;

          g_clear_pointer (&event, kl_chat_event_unref);
          event = kl_chat_event_new_take ("presence", g_string_free_and_steal (json), length);
        }
      kl_chat_connection_deliver (connection, event);
    }
}

static gboolean
on_round (gpointer user_data)
{
  KlChat *chat = user_data;
  g_autoptr (GPtrArray) touched = g_ptr_array_new ();
  Round round = { chat, touched };
  gint64 now_usec = g_get_monotonic_time ();
  gboolean with_counts = now_usec - chat->counts_last_usec >= chat->settings.counts_interval_ms * 1000;

  chat->presence_source = 0;
  chat->presence_last_usec = now_usec;
  tell_people (&round);
  if (with_counts && chat->dirty_groups->len > 0)
    chat->counts_last_usec = now_usec;
  tell_groups (&round, with_counts);
  flush (&round);
  schedule (chat);

  return G_SOURCE_REMOVE;
}

/* When the next round has something to tell. */
static void
schedule (KlChat *chat)
{
  gint64 now_usec = g_get_monotonic_time ();
  gint64 due_usec = chat->presence_last_usec + chat->settings.presence_interval_ms * 1000;
  gboolean at_once = chat->dirty_people->len > 0;

  if (chat->dirty_people->len == 0 && chat->dirty_groups->len == 0)
    return;
  if (chat->presence_source && chat->presence_due_usec <= due_usec)
    return;

  for (guint i = 0; i < chat->dirty_groups->len && !at_once; i++)
    at_once = ((KlChatGroup *) g_ptr_array_index (chat->dirty_groups, i))->dirty;
  if (!at_once)
    due_usec = MAX (due_usec, chat->counts_last_usec + chat->settings.counts_interval_ms * 1000);
  /* A round that is due for counts alone must not hold up what is told at once. */
  if (chat->presence_source && chat->presence_due_usec <= due_usec)
    return;
  g_clear_handle_id (&chat->presence_source, g_source_remove);
  chat->presence_due_usec = due_usec;
  chat->presence_source = g_timeout_add (MAX (SOON_MS, (due_usec - now_usec + 999) / 1000), on_round, chat);
}
