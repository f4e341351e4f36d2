/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is in a group: leaving, the list, roles, removing and bans. */
#include "server/chat/kl-chat-private.h"

/* Touched by what depends on, or changes, who the owners are. */
#define OWNERS(group) ((gconstpointer) & (group)->n_owners)

static KlDeedVerdict
refuse (KlChatDeed *deed, KlErrorCode code, const char *field, const char *text)
{
  kl_chat_request_fail (g_steal_pointer (&deed->request), code, field, text);

  return KL_DEED_ANSWERED;
}

static KlDeedVerdict
refuse_stranger (KlChatDeed *deed)
{
  kl_chat_request_not_member (g_steal_pointer (&deed->request));

  return KL_DEED_ANSWERED;
}

/* ── Leaving, removing, roles: the state of one member ── */

typedef enum
{
  DEED_LEAVE,
  DEED_REMOVE,
  DEED_ROLE
} MemberDeedKind;

typedef struct
{
  KlChatDeed deed;
  MemberDeedKind kind;
  KlChatPerson *target; /* used */
  KlRole role;          /* DEED_ROLE */
  gboolean ban;         /* DEED_REMOVE */
  KlStoreMember *result;
} MemberDeed;

static KlDeedVerdict
check_member_deed (MemberDeed *self, KlChatGroup *group, KlChatMember *target)
{
  KlChatDeed *deed = &self->deed;
  KlRole mine = kl_chat_group_get_role (group, deed->request->person);
  gboolean last_owner = target && target->state->role == KL_ROLE_OWNER && group->n_owners == 1;

  if (mine == KL_ROLE_NONE && self->kind != DEED_LEAVE)
    return refuse_stranger (deed);
  switch (self->kind)
    {
    case DEED_LEAVE:
      if (last_owner)
        return refuse (deed, KL_ERROR_CODE_CONFLICT, NULL,
                       "you are the last owner: hand over or delete the group first");
      break;
    case DEED_REMOVE:
      if (mine < KL_ROLE_ADMIN)
        return refuse (deed, KL_ERROR_CODE_FORBIDDEN, NULL, "only admins remove people");
      if (target && target->state->role == KL_ROLE_OWNER)
        return refuse (deed, KL_ERROR_CODE_FORBIDDEN, NULL, "nobody removes an owner");
      break;
    case DEED_ROLE:
      if (mine < KL_ROLE_OWNER)
        return refuse (deed, KL_ERROR_CODE_FORBIDDEN, NULL, "only owners change roles");
      if (!target)
        return refuse (deed, KL_ERROR_CODE_NOT_FOUND, "user", "this person is not in the group");
      if (last_owner && self->role != KL_ROLE_OWNER)
        return refuse (deed, KL_ERROR_CODE_CONFLICT, NULL, "you are the last owner: hand over first");
      break;
    default:
      g_assert_not_reached ();
    }

  return KL_DEED_PLANNED;
}

static void
answer_member (KlChatRequest *request, const KlStoreMember *member)
{
  KlJsonWriter *out = kl_chat_request_begin (request);

  kl_json_key (out, "member");
  kl_chat_write_member (out, member);
  kl_chat_request_finish (request);
}

static KlDeedVerdict
plan_member_deed (KlChatDeed *deed, KlChatPlan *plan)
{
  MemberDeed *self = (MemberDeed *) deed;
  KlChatGroup *group = plan->group;
  KlChatPerson *actor = deed->request->person;
  KlChatMember *target = kl_chat_group_get_member (group, self->target);
  KlStoreChange *change;
  KlDeedVerdict verdict;

  if (kl_chat_plan_touches (plan, actor) || kl_chat_plan_touches (plan, self->target)
      || kl_chat_plan_touches (plan, OWNERS (group)))
    return KL_DEED_WAIT;
  verdict = check_member_deed (self, group, target);
  if (verdict != KL_DEED_PLANNED)
    return verdict;
  if (self->kind == DEED_ROLE && target->state->role == self->role)
    {
      answer_member (g_steal_pointer (&deed->request), target->state);
      return KL_DEED_ANSWERED;
    }
  if (!target)
    {
      /* Has left in the meantime. */
      kl_chat_request_ok (g_steal_pointer (&deed->request));
      return KL_DEED_ANSWERED;
    }

  change = kl_chat_plan_change (plan, deed, KL_CHANGE_MEMBER);
  change->member = kl_store_member_copy (target->state);
  change->member->rev = change->rev;
  change->member->role = self->kind == DEED_ROLE ? self->role : KL_ROLE_NONE;
  change->bans = self->ban;
  g_clear_pointer (&self->result, kl_store_member_unref);
  self->result = kl_store_member_ref (change->member);
  kl_chat_plan_touch (plan, self->target);
  if (target->state->role == KL_ROLE_OWNER || self->role == KL_ROLE_OWNER)
    kl_chat_plan_touch (plan, OWNERS (group));
  if (self->kind == DEED_LEAVE)
    kl_chat_plan_system (plan, deed, "left", actor->id, NULL, NULL);
  else if (self->kind == DEED_REMOVE)
    kl_chat_plan_system (plan, deed, "removed", self->target->id, actor->id, NULL);

  return KL_DEED_PLANNED;
}

static void
stored_member_deed (KlChatDeed *deed)
{
  MemberDeed *self = (MemberDeed *) deed;
  KlChatRequest *request = g_steal_pointer (&deed->request);

  if (self->kind != DEED_ROLE)
    {
      kl_chat_request_ok (request);
      return;
    }
  if (request->group->state == KL_GROUP_READY)
    kl_chat_group_show (request->group, self->target, NULL);
  answer_member (request, self->result);
}

static void
free_member_deed (KlChatDeed *deed)
{
  MemberDeed *self = (MemberDeed *) deed;

  kl_chat_person_unuse (self->target);
  g_clear_pointer (&self->result, kl_store_member_unref);
  g_free (self);
}

static const KlChatDeedClass member_deed_class = { plan_member_deed, stored_member_deed, NULL, free_member_deed };

static MemberDeed *
new_member_deed (KlChatRequest *request, MemberDeedKind kind, KlChatPerson *target)
{
  MemberDeed *self = g_new0 (MemberDeed, 1);

  self->deed.class = &member_deed_class;
  self->deed.request = request;
  self->kind = kind;
  self->target = target;
  target->uses++;

  return self;
}

/* ── group:leave ── */

static void
on_former_member (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatRequest *request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreMember) member = kl_store_get_member_finish (KL_STORE (source), result, &error);

  if (member)
    kl_chat_request_ok (request);
  else if (!g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    kl_chat_request_error (request, error);
  else if (request->group)
    kl_chat_request_not_member (request);
  else
    kl_chat_request_no_group (request);
}

typedef struct
{
  KlChatRequest *request;
  char *group;
} Leave;

static void
on_leave_group (KlChatGroup *group, const GError *error, gpointer user_data)
{
  g_autofree Leave *leave = user_data;
  g_autofree char *id = leave->group;
  KlChatRequest *request = leave->request;

  if (error && !g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      kl_chat_request_error (request, error);
      return;
    }
  if (group && group->meta)
    kl_chat_request_set_group (request, group);
  if (request->group && kl_chat_group_get_member (request->group, request->person))
    kl_chat_group_enqueue (group, &new_member_deed (request, DEED_LEAVE, request->person)->deed);
  else
    kl_store_get_member_async (request->chat->store, id, request->person->id, on_former_member, request);
}

static void
handle_leave (KlChatRequest *request, KlJsonFields *in)
{
  const char *group = kl_json_fields_id (in, "group", KL_JSON_REQUIRED);
  Leave *leave;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  leave = g_new0 (Leave, 1);
  leave->request = request;
  leave->group = g_strdup (group);
  kl_chat_get_group (request->chat, group, on_leave_group, leave);
}

/* ── group:members ── */

typedef struct
{
  KlChatRequest *request;
  guint limit;
} MemberList;

static void
on_members (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree MemberList *list = user_data;
  KlChatRequest *request = list->request;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreMemberPage) page = kl_store_get_members_finish (KL_STORE (source), result, &error);
  KlJsonWriter *out;
  guint n;

  if (!page)
    {
      kl_chat_request_error (request, error);
      return;
    }

  n = MIN (page->members->len, list->limit);
  kl_chat_request_with_users (request);
  out = kl_chat_request_begin (request);
  kl_json_key (out, "members");
  kl_json_begin_array (out);
  for (guint i = 0; i < n; i++)
    {
      KlStoreUser *user = g_ptr_array_index (page->users, i);
      KlChatPerson *person = kl_chat_person_use (request->chat, user->id);

      kl_chat_write_member (out, g_ptr_array_index (page->members, i));
      kl_chat_person_take_user (person, user);
      kl_chat_request_name (request, person);
      kl_chat_person_unuse (person);
    }
  kl_json_end_array (out);
  if (page->members->len > n)
    kl_json_member_string (out, "next", ((KlStoreUser *) g_ptr_array_index (page->users, n - 1))->name);
  kl_chat_request_finish (request);
}

static void
handle_members (KlChatRequest *request, KlJsonFields *in)
{
  const char *query = kl_json_fields_text (in, "query", KL_JSON_OPTIONAL, KL_TEXT_QUERY, NULL);
  const char *after = kl_json_fields_string (in, "after", KL_JSON_OPTIONAL, 1, KL_LIMIT_ADDRESS_BYTES, NULL);
  gint64 limit
      = kl_json_fields_int (in, "limit", KL_JSON_OPTIONAL, KL_LIMIT_PAGE_MIN, KL_LIMIT_PAGE_MAX, KL_LIMIT_PAGE_DEFAULT);
  MemberList *list;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  list = g_new0 (MemberList, 1);
  list->request = request;
  list->limit = limit;
  kl_store_get_members_async (request->chat->store, request->group->id, query && *query ? query : NULL, after,
                              limit + 1, on_members, list);
}

/* ── group:role, group:remove ── */

static void
on_role_target (KlChatRequest *request, KlChatPerson *person, const GError *error, gpointer user_data)
{
  MemberDeed *deed;

  if (error)
    {
      kl_chat_request_error (request, error);
      return;
    }
  if (!person)
    {
      kl_chat_request_fail (request, KL_ERROR_CODE_NOT_FOUND, "user", "there is no such person");
      return;
    }

  deed = new_member_deed (request, DEED_ROLE, person);
  deed->role = (KlRole) GPOINTER_TO_INT (user_data);
  kl_chat_group_enqueue (request->group, &deed->deed);
}

static void
handle_role (KlChatRequest *request, KlJsonFields *in)
{
  const char *user = kl_json_fields_user (in, "user", KL_JSON_REQUIRED);
  int role = kl_json_fields_word (in, "role", KL_JSON_REQUIRED, kl_chat_role_words, 0);

  if (in->fault)
    kl_chat_request_bad (request, in);
  else if (kl_chat_group_get_role (request->group, request->person) < KL_ROLE_OWNER)
    kl_chat_request_fail (request, KL_ERROR_CODE_FORBIDDEN, NULL, "only owners change roles");
  else
    kl_chat_request_find_person (request, user, on_role_target, GINT_TO_POINTER (KL_ROLE_MEMBER + role));
}

typedef struct
{
  KlChatRequest *request;
  KlStoreBan *ban;
} BanDeed;

static void
on_ban_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree BanDeed *deed = user_data;
  g_autoptr (KlStoreBan) ban = deed->ban;
  KlChatRequest *request = deed->request;
  g_autoptr (GError) error = NULL;

  if (!kl_store_set_ban_finish (KL_STORE (source), result, &error))
    {
      kl_chat_request_error (request, error);
      return;
    }
  if (ban->by)
    g_hash_table_replace (request->group->bans, ban->user, kl_store_ban_ref (ban));
  else
    g_hash_table_remove (request->group->bans, ban->user);
  request->group->bans_stamp++;
  kl_bus_signal (request->chat->bus, &(KlBusSignal) { .kind = KL_BUS_BANS, .group = request->group->id });
  kl_chat_request_ok (request);
}

/* BY NULL: lifts it. */
static void
set_ban (KlChatRequest *request, KlChatPerson *person, const char *by)
{
  BanDeed *deed = g_new0 (BanDeed, 1);

  deed->request = request;
  deed->ban = kl_store_ban_new ();
  deed->ban->user = g_strdup (person->id);
  deed->ban->by = g_strdup (by);
  deed->ban->at = kl_chat_now_ms ();
  kl_store_set_ban_async (request->chat->store, request->group->id, deed->ban, by != NULL, on_ban_set, deed);
}

static void
on_never_member (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatRequest *request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreMember) member = kl_store_get_member_finish (KL_STORE (source), result, &error);

  if (member)
    kl_chat_request_ok (request);
  else if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    kl_chat_request_fail (request, KL_ERROR_CODE_NOT_FOUND, "user", "this person is not in the group");
  else
    kl_chat_request_error (request, error);
}

static void
on_remove_target (KlChatRequest *request, KlChatPerson *person, const GError *error, gpointer user_data)
{
  gboolean ban = GPOINTER_TO_INT (user_data);
  MemberDeed *deed;

  if (error)
    {
      kl_chat_request_error (request, error);
      return;
    }
  if (!person)
    {
      kl_chat_request_fail (request, KL_ERROR_CODE_NOT_FOUND, "user", "there is no such person");
      return;
    }
  if (person == request->person)
    {
      kl_chat_request_fail (request, KL_ERROR_CODE_BAD_REQUEST, "user", "is you: leave the group instead");
      return;
    }
  if (!kl_chat_group_get_member (request->group, person))
    {
      if (ban)
        set_ban (request, person, request->person->id);
      else
        kl_store_get_member_async (request->chat->store, request->group->id, person->id, on_never_member, request);
      return;
    }

  deed = new_member_deed (request, DEED_REMOVE, person);
  deed->ban = ban;
  kl_chat_group_enqueue (request->group, &deed->deed);
}

/* TRUE: may go on. Else answered. */
static gboolean
check_admin (KlChatRequest *request, const KlJsonFields *in)
{
  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return FALSE;
    }
  if (kl_chat_group_get_role (request->group, request->person) < KL_ROLE_ADMIN)
    {
      kl_chat_request_fail (request, KL_ERROR_CODE_FORBIDDEN, NULL, "only admins do this");
      return FALSE;
    }

  return TRUE;
}

static void
handle_remove (KlChatRequest *request, KlJsonFields *in)
{
  const char *user = kl_json_fields_user (in, "user", KL_JSON_REQUIRED);
  gboolean ban = kl_json_fields_bool (in, "ban", KL_JSON_OPTIONAL, FALSE);

  if (check_admin (request, in))
    kl_chat_request_find_person (request, user, on_remove_target, GINT_TO_POINTER (ban));
}

/* ── group:bans, group:unban ── */

static void
handle_bans (KlChatRequest *request, KlJsonFields *in)
{
  GHashTableIter iter;
  gpointer value;
  KlJsonWriter *out;

  if (!check_admin (request, in))
    return;

  kl_chat_request_with_users (request);
  out = kl_chat_request_begin (request);
  kl_json_key (out, "bans");
  kl_json_begin_array (out);
  g_hash_table_iter_init (&iter, request->group->bans);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const KlStoreBan *ban = value;

      kl_json_begin_object (out);
      kl_json_member_string (out, "user", ban->user);
      kl_json_member_string (out, "by", ban->by);
      kl_json_member_int (out, "at", ban->at);
      kl_json_end_object (out);
      kl_chat_request_name_id (request, ban->user);
      kl_chat_request_name_id (request, ban->by);
    }
  kl_json_end_array (out);
  kl_chat_request_finish (request);
}

static void
on_unban_target (KlChatRequest *request, KlChatPerson *person, const GError *error, gpointer user_data)
{
  if (error)
    kl_chat_request_error (request, error);
  else if (!person)
    kl_chat_request_fail (request, KL_ERROR_CODE_NOT_FOUND, "user", "there is no such person");
  else if (!g_hash_table_contains (request->group->bans, person->id))
    kl_chat_request_ok (request);
  else
    set_ban (request, person, NULL);
}

static void
handle_unban (KlChatRequest *request, KlJsonFields *in)
{
  const char *user = kl_json_fields_user (in, "user", KL_JSON_REQUIRED);

  if (check_admin (request, in))
    kl_chat_request_find_person (request, user, on_unban_target, NULL);
}

const KlChatEntry kl_chat_member_entries[] = {
  { "group:leave", KL_ENTRY_PLAIN, handle_leave },
  { "group:members", KL_ENTRY_MEMBER | KL_ENTRY_READ, handle_members },
  { "group:role", KL_ENTRY_MEMBER, handle_role },
  { "group:remove", KL_ENTRY_MEMBER, handle_remove },
  { "group:bans", KL_ENTRY_MEMBER, handle_bans },
  { "group:unban", KL_ENTRY_MEMBER, handle_unban },
  { NULL },
};
