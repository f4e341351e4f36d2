/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this node does so as not to depend on the bus.
 *
 * Every few seconds, and once a second while the bus is gone, the store is asked which groups have moved: what was
 * stored but never told (its writer died, or the bus did) is found by that. What stands in no log is looked up person
 * by person and group by group, a few at a time: all of it when the bus is back, people (sessions, profiles,
 * memberships) now and then in any case. */
#include "server/chat/kl-chat-private.h"

#define TICK_MS 1000
/* Look-ups under way at a time. */
#define WIDTH 8
#define PEOPLE_CHECK_USEC (300 * G_USEC_PER_SEC)
#define PEOPLE_CHECK_ALONE_USEC (10 * G_USEC_PER_SEC)
#define REFRESH_TRIES 5

typedef enum
{
  CHECK_GROUP, /* group: what stands in no log, and where its log is */
  CHECK_USER,  /* person: profile and sessions */
  CHECK_GROUPS /* person: memberships */
} CheckKind;

typedef struct
{
  CheckKind kind;
  char *id;
  KlChat *chat; /* referenced, while it is under way; else NULL */
} Check;

struct _KlChatCluster
{
  guint tick_source;
  gint64 moved_usec;  /* when the store was asked last */
  gint64 people_usec; /* when people were checked last */
  gboolean asking;    /* for what has moved */
  gboolean ask_again; /* when that is answered */
  GQueue checks;
  guint checking;
  gboolean pausing; /* until the next tick */
};

static void
pump (KlChat *chat);

static void
free_check (Check *check)
{
  g_free (check->id);
  g_free (check);
}

static void
add_check (KlChat *chat, CheckKind kind, const char *id)
{
  Check *check;

  if (!chat->cluster)
    return;

  check = g_new0 (Check, 1);
  check->kind = kind;
  check->id = g_strdup (id);
  g_queue_push_tail (&chat->cluster->checks, check);
}

/* ── Groups that have moved ── */

typedef struct
{
  KlChat *chat; /* referenced */
  char *user;
} Learning;

static void
on_learnt (KlChatGroup *group, const GError *error, gpointer user_data)
{
  Learning *learning = user_data;
  KlChatPerson *person = kl_chat_person_peek (learning->chat, learning->user);

  if (group && person && kl_chat_group_get_member (group, person))
    kl_chat_group_greet (group, person, NULL);
  else if (error && !g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    add_check (learning->chat, CHECK_GROUPS, learning->user); /* with the next tick */
  g_object_unref (learning->chat);
  g_free (learning->user);
  g_free (learning);
}

void
kl_chat_cluster_learn (KlChat *chat, const char *id, const char *user)
{
  KlChatGroup *group = g_hash_table_lookup (chat->groups, id);
  KlChatPerson *person = kl_chat_person_peek (chat, user);
  Learning *learning;

  if (!person || person->state == KL_PERSON_ABSENT || (group && group->state == KL_GROUP_READY))
    return;

  learning = g_new0 (Learning, 1);
  learning->chat = g_object_ref (chat);
  learning->user = g_strdup (user);
  kl_chat_get_group (chat, id, on_learnt, learning);
}

static void
take_head (KlChat *chat, const KlStoreHead *head)
{
  KlChatGroup *group = g_hash_table_lookup (chat->groups, head->group);

  if (group && group->state != KL_GROUP_READY)
    group->uncertain = TRUE;
  else if (group && group->rev < head->rev)
    kl_chat_group_read_on (group);
  for (guint i = 0; !group && head->users && i < head->users->len; i++)
    kl_chat_cluster_learn (chat, head->group, g_ptr_array_index (head->users, i));
}

static void
ask_moved (KlChat *chat);

static void
on_moved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlChat) chat = user_data;
  g_autoptr (GPtrArray) heads = kl_store_get_moved_finish (KL_STORE (source), result, NULL);

  if (!chat->cluster)
    return;

  chat->cluster->asking = FALSE;
  if (!heads)
    chat->cluster->moved_usec = 0;
  for (guint i = 0; heads && i < heads->len; i++)
    take_head (chat, g_ptr_array_index (heads, i));
  if (chat->cluster->ask_again)
    ask_moved (chat);
}

static void
ask_moved (KlChat *chat)
{
  chat->cluster->ask_again = chat->cluster->asking;
  if (chat->cluster->asking)
    return;

  chat->cluster->asking = TRUE;
  chat->cluster->moved_usec = g_get_monotonic_time ();
  kl_store_get_moved_async (chat->store, on_moved, g_object_ref (chat));
}

/* ── One group ── */

typedef struct
{
  KlChatGroup *group; /* referenced */
  KlChat *chat;       /* referenced */
  guint bans_stamp;
  guint tries;
  KlChatDone done;
  gpointer user_data;
} Refresh;

static void
load_again (Refresh *refresh);

static void
take_marks (KlChatGroup *group, const KlStoreMember *now)
{
  KlChatPerson *person = kl_chat_person_peek (group->chat, now->user);
  KlChatMember *member = person ? kl_chat_group_get_member (group, person) : NULL;

  if (!member)
    return;

  kl_chat_take_read_mark (group, person, now->read_seq);
  if (member->state->notify == now->notify && member->state->pinned == now->pinned)
    return;
  kl_chat_member_set_marks (member, now, KL_MARK_NOTIFY | KL_MARK_PINNED);
  kl_chat_group_show (group, person, NULL);
}

static void
on_refreshed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Refresh *refresh = user_data;
  KlChatGroup *group = refresh->group;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreLoaded) loaded = kl_store_load_group_finish (KL_STORE (source), result, &error);

  if (loaded && group->state == KL_GROUP_READY && group->meta)
    {
      /* What was laid on or lifted meanwhile may not be in it. */
      if (refresh->bans_stamp != group->bans_stamp && refresh->tries < REFRESH_TRIES)
        {
          load_again (refresh);
          return;
        }
      kl_chat_group_set_bans (group, loaded->bans);
      for (guint i = 0; i < loaded->members->len; i++)
        take_marks (group, g_ptr_array_index (loaded->members, i));
      if (loaded->rev > group->rev)
        kl_chat_group_read_on (group);
    }
  if (refresh->done)
    refresh->done (refresh->user_data, error);
  kl_chat_group_unref (group);
  g_object_unref (refresh->chat);
  g_free (refresh);
}

static void
load_again (Refresh *refresh)
{
  refresh->bans_stamp = refresh->group->bans_stamp;
  refresh->tries++;
  kl_store_load_group_async (refresh->chat->store, refresh->group->id, on_refreshed, refresh);
}

void
kl_chat_group_refresh (KlChatGroup *self, KlChatDone done, gpointer user_data)
{
  Refresh *refresh = g_new0 (Refresh, 1);

  refresh->group = kl_chat_group_ref (self);
  refresh->chat = g_object_ref (self->chat);
  refresh->done = done;
  refresh->user_data = user_data;
  load_again (refresh);
}

/* ── Checks under way ── */

/* The store did not answer: once more, with the next tick. */
static void
add_again (const Check *check)
{
  if (check->chat->cluster)
    check->chat->cluster->pausing = TRUE;
  add_check (check->chat, check->kind, check->id);
}

static void
end_check (Check *check)
{
  g_autoptr (KlChat) chat = g_steal_pointer (&check->chat);

  free_check (check);
  if (!chat->cluster)
    return;

  chat->cluster->checking--;
  pump (chat);
}

static void
on_group_refreshed (gpointer user_data, const GError *error)
{
  Check *check = user_data;

  if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE))
    add_again (check);
  end_check (check);
}

static gboolean
has_session (GPtrArray *sessions, const char *id)
{
  for (guint i = 0; i < sessions->len; i++)
    if (g_str_equal (((KlStoreSession *) g_ptr_array_index (sessions, i))->id, id))
      return TRUE;

  return FALSE;
}

static void
on_sessions (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  g_autoptr (GPtrArray) sessions = kl_store_list_sessions_finish (KL_STORE (source), result, NULL);
  KlChatPerson *person = kl_chat_person_peek (check->chat, check->id);
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);

  /* A session that is connected was in the store before it was. */
  for (guint i = 0; sessions && person && i < person->connections->len; i++)
    {
      const KlChatConnection *connection = g_ptr_array_index (person->connections, i);

      if (!has_session (sessions, connection->session))
        g_ptr_array_add (gone, g_strdup (connection->session));
    }
  if (!sessions)
    add_again (check);
  for (guint i = 0; i < gone->len; i++)
    kl_chat_end_sessions_here (check->chat, check->id, g_ptr_array_index (gone, i), NULL);
  end_check (check);
}

static void
on_profile (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  g_autoptr (GPtrArray) users = kl_store_get_users_finish (KL_STORE (source), result, NULL);
  KlStoreUser *user = users && users->len > 0 ? g_ptr_array_index (users, 0) : NULL;
  KlChatPerson *person = kl_chat_person_peek (check->chat, check->id);

  if (user && person)
    {
      gboolean newer = !person->user || person->user->updated_at < user->updated_at;

      kl_chat_person_take_user (person, user);
      if (newer)
        kl_chat_tell_user (person, NULL, FALSE);
      if (user->disabled || user->deleted)
        kl_chat_end_sessions_here (check->chat, check->id, NULL, NULL);
    }
  if (users)
    {
      kl_store_list_sessions_async (check->chat->store, check->id, on_sessions, check);
      return;
    }
  add_again (check);
  end_check (check);
}

static void
on_memberships (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  g_autoptr (GPtrArray) groups = kl_store_get_memberships_finish (KL_STORE (source), result, NULL);

  if (!groups)
    add_again (check);
  for (guint i = 0; groups && i < groups->len; i++)
    kl_chat_cluster_learn (check->chat, g_ptr_array_index (groups, i), check->id);
  end_check (check);
}

/* ── The queue of checks ── */

/* What it is about may be gone meanwhile. */
static gboolean
is_of_use (KlChat *chat, const Check *check)
{
  KlChatGroup *group = g_hash_table_lookup (chat->groups, check->id);
  KlChatPerson *person = kl_chat_person_peek (chat, check->id);

  if (check->kind == CHECK_GROUP)
    return group && group->state == KL_GROUP_READY && group->meta;

  return person && person->connections->len > 0;
}

static void
begin_check (KlChat *chat, Check *check)
{
  const char *ids[] = { check->id, NULL };

  check->chat = g_object_ref (chat);
  chat->cluster->checking++;
  switch (check->kind)
    {
    case CHECK_GROUP:
      kl_chat_group_refresh (g_hash_table_lookup (chat->groups, check->id), on_group_refreshed, check);
      break;
    case CHECK_USER:
      kl_store_get_users_async (chat->store, ids, on_profile, check);
      break;
    case CHECK_GROUPS:
      kl_store_get_memberships_async (chat->store, check->id, on_memberships, check);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
pump (KlChat *chat)
{
  Check *check;

  while (chat->cluster && !chat->cluster->pausing && chat->cluster->checking < WIDTH
         && (check = g_queue_pop_head (&chat->cluster->checks)))
    if (is_of_use (chat, check))
      begin_check (chat, check);
    else
      free_check (check);
}

static void
add_checks (KlChat *chat, GHashTable *table, CheckKind kind)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    add_check (chat, kind, id);
}

static void
check_people (KlChat *chat)
{
  chat->cluster->people_usec = g_get_monotonic_time ();
  add_checks (chat, chat->people, CHECK_USER);
  add_checks (chat, chat->people, CHECK_GROUPS);
  pump (chat);
}

void
kl_chat_cluster_check_all (KlChat *chat)
{
  g_queue_clear_full (&chat->cluster->checks, (GDestroyNotify) free_check);
  ask_moved (chat);
  check_people (chat);
  add_checks (chat, chat->groups, CHECK_GROUP);
  pump (chat);
}

/* ── Time ── */

/* Those whose reading has failed try again. */
static void
read_on_uncertain (KlChat *chat)
{
  g_autoptr (GPtrArray) uncertain = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, chat->groups);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((KlChatGroup *) value)->uncertain)
      g_ptr_array_add (uncertain, value);
  for (guint i = 0; i < uncertain->len; i++)
    kl_chat_group_read_on (g_ptr_array_index (uncertain, i));
}

static gboolean
on_tick (gpointer user_data)
{
  KlChat *chat = user_data;
  KlChatCluster *self = chat->cluster;
  gint64 now_usec = g_get_monotonic_time ();
  gboolean heard = kl_bus_is_ready (chat->bus, NULL);
  gint64 moved_ms = heard ? chat->settings.moved_interval_ms : chat->settings.moved_alone_ms;

  read_on_uncertain (chat);
  if (chat->alone)
    return G_SOURCE_CONTINUE;

  self->pausing = FALSE;
  pump (chat);

  /* A tick comes a little early or late: half of one does not count. */
  if (!self->asking && now_usec - self->moved_usec >= (moved_ms - MIN (moved_ms, TICK_MS) / 2) * 1000)
    ask_moved (chat);
  if (now_usec - self->people_usec >= (heard ? PEOPLE_CHECK_USEC : PEOPLE_CHECK_ALONE_USEC)
      && g_queue_is_empty (&self->checks) && self->checking == 0)
    check_people (chat);

  return G_SOURCE_CONTINUE;
}

void
kl_chat_cluster_start (KlChat *chat)
{
  KlChatCluster *self = g_new0 (KlChatCluster, 1);

  g_queue_init (&self->checks);
  self->people_usec = g_get_monotonic_time ();
  chat->cluster = self;
  self->tick_source = g_timeout_add (MIN (TICK_MS, chat->settings.moved_alone_ms), on_tick, chat);
  if (!chat->alone)
    ask_moved (chat);
}

void
kl_chat_cluster_stop (KlChat *chat)
{
  KlChatCluster *self = g_steal_pointer (&chat->cluster);

  if (!self)
    return;

  g_source_remove (self->tick_source);
  g_queue_clear_full (&self->checks, (GDestroyNotify) free_check);
  g_free (self);
}
