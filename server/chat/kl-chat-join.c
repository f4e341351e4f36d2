/* SPDX-License-Identifier: GPL-3.0-or-later */
/* group:join: by id, slug, address or code. */
#include "server/chat/kl-chat-private.h"

#include <string.h>

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

/* ── The deed ── */

typedef struct
{
  KlChatDeed deed;
  KlChatPerson *person; /* used */
  char *invite;         /* takes a use of this code */
  gboolean invited;     /* may join what is private */
  gboolean has_place;   /* among the groups one may be in */
} Join;

typedef struct
{
  KlChatRequest *request;
  GPtrArray *snapshots;
} JoinAnswer;

static void
on_joined_counted (gpointer user_data, const GError *error)
{
  g_autofree JoinAnswer *answer = user_data;
  g_autoptr (GPtrArray) snapshots = answer->snapshots;
  KlChatRequest *request = answer->request;
  KlJsonWriter *out;

  if (error)
    {
      kl_chat_request_error (request, error);
      return;
    }

  out = kl_chat_request_begin (request);
  kl_json_key (out, "group");
  kl_chat_snapshot_write (g_ptr_array_index (snapshots, 0), out);
  kl_chat_request_answer_latest (request);
}

/* {group, messages, users}, with the flow of the asking connection. */
static void
answer_joined (KlChatRequest *request)
{
  KlChatSnapshot *snapshot = kl_chat_snapshot_new (request->group, request->person);
  JoinAnswer *answer = g_new0 (JoinAnswer, 1);

  if (request->connection && request->connection->person)
    kl_chat_request_hold (request, kl_chat_connection_ensure_flow (request->connection, request->group), TRUE);
  kl_chat_request_name (request, request->person);
  for (guint i = 0; snapshot->named && i < snapshot->named->len; i++)
    kl_chat_request_name (request, g_ptr_array_index (snapshot->named, i));
  answer->request = request;
  answer->snapshots = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_snapshot_free);
  g_ptr_array_add (answer->snapshots, snapshot);
  kl_chat_count_snapshots (request->chat, request->person, answer->snapshots, on_joined_counted, answer);
}

static KlDeedVerdict
check_join (Join *join, KlChatPlan *plan)
{
  KlChatGroup *group = plan->group;
  const KlChatSettings *settings = &group->chat->settings;
  KlChatDeed *deed = &join->deed;

  if (g_hash_table_contains (group->bans, join->person->id) || group->meta->kind == KL_GROUP_KIND_DIRECT
      || (group->meta->visibility == KL_VISIBILITY_PRIVATE && !join->invited))
    return refuse_stranger (deed);
  if (settings->members_per_group > 0
      && g_hash_table_size (group->members) + plan->joins >= (guint) settings->members_per_group)
    return refuse (deed, KL_ERROR_CODE_CONFLICT, "members", "this group is full");
  /* Planned anew it still has it. */
  join->has_place = join->has_place || kl_chat_person_take_place (join->person);
  if (!join->has_place)
    return refuse (deed, KL_ERROR_CODE_CONFLICT, "groups", "you are in as many groups as one can be");

  return KL_DEED_PLANNED;
}

static KlDeedVerdict
plan_join (KlChatDeed *deed, KlChatPlan *plan)
{
  Join *join = (Join *) deed;
  KlStoreMember *member;
  KlStoreChange *change;
  KlDeedVerdict verdict;

  if (kl_chat_plan_touches (plan, join->person) || kl_chat_plan_touches (plan, KL_CHAT_META (plan->group)))
    return KL_DEED_WAIT;
  if (kl_chat_group_get_member (plan->group, join->person))
    {
      answer_joined (g_steal_pointer (&deed->request));
      return KL_DEED_ANSWERED;
    }
  verdict = check_join (join, plan);
  if (verdict != KL_DEED_PLANNED)
    return verdict;

  change = kl_chat_plan_change (plan, deed, KL_CHANGE_MEMBER);
  member = kl_store_member_new ();
  member->user = g_strdup (join->person->id);
  member->rev = change->rev;
  member->role = KL_ROLE_MEMBER;
  member->joined_at = plan->time;
  member->read_seq = plan->seq + 1;
  change->member = member;
  change->sets_marks = TRUE;
  change->invite = g_strdup (join->invite);
  kl_chat_plan_system (plan, deed, "joined", join->person->id, NULL, NULL);
  kl_chat_plan_touch (plan, join->person);
  plan->joins++;

  return KL_DEED_PLANNED;
}

static void
stored_join (KlChatDeed *deed)
{
  Join *join = (Join *) deed;
  KlChatRequest *request = g_steal_pointer (&deed->request);

  if (request->group->state == KL_GROUP_GONE)
    {
      kl_chat_request_no_group (request);
      return;
    }
  kl_chat_group_greet (request->group, join->person, request->connection);
  answer_joined (request);
}

static void
free_join (KlChatDeed *deed)
{
  Join *join = (Join *) deed;

  join->person->joining--;
  if (join->has_place)
    kl_chat_person_leave_place (join->person);
  kl_chat_person_unuse (join->person);
  g_free (join->invite);
  g_free (join);
}

static const KlChatDeedClass join_class = { plan_join, stored_join, NULL, free_join };

/* Another node's word of a ban may be on its way, and a ban that has been acknowledged holds. */
static void
on_bans_known (gpointer user_data, const GError *error)
{
  Join *join = user_data;

  if (!error || g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      kl_chat_group_enqueue (join->deed.request->group, &join->deed);
      return;
    }

  kl_chat_request_error (g_steal_pointer (&join->deed.request), error);
  kl_chat_deed_free (&join->deed);
}

/* The request has its group. */
static void
enqueue_join (KlChatRequest *request, const char *invite, gboolean invited)
{
  Join *join = g_new0 (Join, 1);

  join->deed.class = &join_class;
  join->deed.request = request;
  join->person = request->person;
  join->person->uses++;
  join->person->joining++;
  join->invite = g_strdup (invite);
  join->invited = invited;
  if (request->chat->alone)
    kl_chat_group_enqueue (request->group, &join->deed);
  else
    kl_chat_group_refresh (request->group, on_bans_known, join);
}

typedef struct
{
  KlChatRequest *request;
  char *invite;
  gboolean invited;
} JoinSearch;

static void
on_join_group (KlChatGroup *group, const GError *error, gpointer user_data)
{
  g_autofree JoinSearch *search = user_data;
  g_autofree char *invite = search->invite;
  KlChatRequest *request = search->request;

  if (group && group->meta)
    {
      kl_chat_request_set_group (request, group);
      enqueue_join (request, invite, search->invited);
    }
  else if (!error || g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      kl_chat_request_no_group (request);
    }
  else
    {
      kl_chat_request_error (request, error);
    }
}

static void
on_slug_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  JoinSearch *search = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *group = kl_store_find_group_finish (KL_STORE (source), result, &error);

  if (group)
    kl_chat_get_group (search->request->chat, group, on_join_group, search);
  else
    on_join_group (NULL, error, search);
}

static void
on_join_invite (GObject *source, GAsyncResult *result, gpointer user_data)
{
  JoinSearch *search = user_data;
  KlChatRequest *request = search->request;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreInvite) invite = kl_store_get_invite_finish (KL_STORE (source), result, &error);

  if (invite && invite->group)
    {
      search->invited = TRUE;
      kl_chat_get_group (request->chat, invite->group, on_join_group, search);
      return;
    }

  if (!error || g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    kl_chat_request_fail (request, KL_ERROR_CODE_NOT_FOUND, "invite", "this invite is not good");
  else
    kl_chat_request_error (request, error);
  g_free (search->invite);
  g_free (search);
}

/* The slug of an address of ours; NULL: it is another server's, or none. */
static char *
get_slug_of_address (KlChat *chat, const char *address)
{
  g_autofree char *ending = g_strconcat ("@groups.", chat->settings.domain, NULL);

  return g_str_has_suffix (address, ending) ? g_strndup (address, strlen (address) - strlen (ending)) : NULL;
}

static void
handle_join (KlChatRequest *request, KlJsonFields *in)
{
  const char *group = kl_json_fields_id (in, "group", KL_JSON_OPTIONAL);
  const char *slug = kl_json_fields_string (in, "slug", KL_JSON_OPTIONAL, 1, KL_LIMIT_ADDRESS_BYTES, NULL);
  const char *address = kl_json_fields_string (in, "address", KL_JSON_OPTIONAL, 1, KL_LIMIT_ADDRESS_BYTES, NULL);
  const char *code = kl_json_fields_id (in, "invite", KL_JSON_OPTIONAL);
  g_autofree char *of_address = NULL;
  JoinSearch *search;

  if (!in->fault && !!group + !!slug + !!address + !!code != 1)
    kl_json_fields_refuse (in, "group", "is needed, or one of slug, address and invite");
  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  if (address)
    slug = of_address = get_slug_of_address (request->chat, address);
  search = g_new0 (JoinSearch, 1);
  search->request = request;
  search->invite = g_strdup (code);
  if (code)
    kl_store_get_invite_async (request->chat->store, code, on_join_invite, search);
  else if (group)
    kl_chat_get_group (request->chat, group, on_join_group, search);
  else if (slug)
    kl_store_find_group_async (request->chat->store, slug, on_slug_found, search);
  else
    on_join_group (NULL, NULL, search);
}

/* Not in the table: for those whose registration has taken the use already. */
static void
handle_join_registered (KlChatRequest *request, KlJsonFields *in)
{
  const char *group = kl_json_fields_id (in, "group", KL_JSON_REQUIRED);
  JoinSearch *search = g_new0 (JoinSearch, 1);

  search->request = request;
  search->invited = TRUE;
  kl_chat_get_group (request->chat, group, on_join_group, search);
}

void
kl_chat_join_registered (KlChat *self, const char *user, const char *group, KlChatReply reply, gpointer user_data)
{
  static const KlChatEntry entry = { "group:join", KL_ENTRY_PLAIN, handle_join_registered };
  yyjson_mut_doc *draft = yyjson_mut_doc_new (NULL);
  yyjson_doc *argument;

  g_return_if_fail (KL_IS_CHAT (self));

  yyjson_mut_doc_set_root (draft, yyjson_mut_obj (draft));
  yyjson_mut_obj_add_str (draft, yyjson_mut_doc_get_root (draft), "group", group);
  argument = yyjson_mut_doc_imut_copy (draft, NULL);
  yyjson_mut_doc_free (draft);
  kl_chat_begin (self, user, &entry, yyjson_doc_get_root (argument), reply, user_data);
  yyjson_doc_free (argument);
}

const KlChatEntry kl_chat_join_entries[] = {
  { "group:join", KL_ENTRY_PLAIN, handle_join },
  { NULL },
};
