/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message:send, message:edit, message:delete, message:react. */
#include "server/chat/kl-chat-private.h"

#include <string.h>

static void
answer_message (KlChatRequest *request, const KlStoreMessage *message)
{
  KlJsonWriter *out = kl_chat_request_begin (request);

  kl_json_member_raw (out, "message", message->json, message->json_length);
  kl_chat_request_finish (request);
}

/* The body's rules; FALSE: answered. */
static gboolean
check_body (KlChatRequest *request, const char *body, gsize length)
{
  if (length > (gsize) request->chat->settings.body_bytes)
    {
      kl_chat_request_fail (request, KL_ERROR_CODE_TOO_LARGE, "body", "this message is too long");
      return FALSE;
    }
  if (!kl_text_is_visible (body, length))
    {
      kl_chat_request_fail (request, KL_ERROR_CODE_BAD_REQUEST, "body", "a message needs something to be seen");
      return FALSE;
    }

  return TRUE;
}

/* ── message:send ── */

typedef struct
{
  KlChatLookup lookup; /* of what it replies to */
  gboolean counted; /* against the rate */
  char *client_id;
  char *body;
  gsize body_length;
  char *reply_to; /* NULL: to nothing */
  char id[KL_ID_SIZE];
  KlStoreMessage *message; /* as it was planned last */
} Send;

static KlDeedVerdict
plan_send (KlChatDeed *deed, KlChatPlan *plan)
{
  Send *send = (Send *) deed;
  KlChatPerson *person = deed->request->person;
  KlStoreChange *change;

  if (kl_chat_plan_touches (plan, person))
    return KL_DEED_WAIT;
  if (!kl_chat_group_get_member (plan->group, person))
    {
      kl_chat_request_not_member (g_steal_pointer (&deed->request));
      return KL_DEED_ANSWERED;
    }

  change = kl_chat_plan_change (plan, deed, KL_CHANGE_MESSAGE);
  if (send->id[0] == '\0')
    kl_id_source_next (plan->group->chat->ids, plan->time, send->id);
  g_clear_pointer (&send->message, kl_store_message_unref);
  send->message = kl_chat_draft_finish (&(KlChatDraft) {
      .id = send->id,
      .group = plan->group->id,
      .seq = ++plan->seq,
      .rev = change->rev,
      .sender = person->id,
      .client_id = send->client_id,
      .body = send->body,
      .body_length = send->body_length,
      .reply_to = send->reply_to,
      .created_at = plan->time,
  });
  change->seq = send->message->seq;
  change->message = kl_store_message_ref (send->message);

  return KL_DEED_PLANNED;
}

static void
stored_send (KlChatDeed *deed)
{
  Send *send = (Send *) deed;
  KlChatConnection *connection = deed->request->connection;
  KlChatFlow *flow = connection ? kl_chat_connection_get_flow (connection, deed->request->group) : NULL;

  /* The message itself tells that the typing is over. */
  if (flow)
    {
      flow->typing = FALSE;
      flow->typing_usec = 0;
    }
  answer_message (g_steal_pointer (&deed->request), send->message);
}

static void
on_repeated_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatRequest *request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) messages = kl_store_get_messages_finish (KL_STORE (source), result, &error);

  if (error)
    {
      kl_chat_request_error (request, error);
    }
  else if (messages->len == 0)
    {
      kl_chat_request_no_group (request);
    }
  else
    {
      request->repeated = TRUE;
      answer_message (request, g_ptr_array_index (messages, 0));
    }
}

/* Answers a send whose op is in the log. */
static void
answer_repeated (KlChatRequest *request, const KlStoreOp *op)
{
  if (op->kind != KL_CHANGE_MESSAGE || g_strcmp0 (op->group, request->group->id) != 0)
    kl_chat_request_fail (request, KL_ERROR_CODE_CONFLICT, "client_id", "this client_id was used for something else");
  else
    kl_store_get_messages_async (request->chat->store, op->group, op->seq, op->seq, on_repeated_read, request);
}

static void
repeated_send (KlChatDeed *deed, const KlStoreOp *op)
{
  Send *send = (Send *) deed;
  KlChatRequest *request = g_steal_pointer (&deed->request);

  if (send->counted)
    kl_chat_bucket_give_back (&request->person->messages, request->chat->settings.messages_per_second);
  if (op)
    answer_repeated (request, op);
  else
    kl_chat_request_fault (request, &kl_chat_fault_unstored);
}

static void
free_send (KlChatDeed *deed)
{
  Send *send = (Send *) deed;

  g_clear_pointer (&send->message, kl_store_message_unref);
  kl_chat_lookup_clear (&send->lookup);
  g_free (send->client_id);
  g_free (send->body);
  g_free (send->reply_to);
  g_free (send);
}

static void
stored_send_elsewhere (KlChatDeed *deed, KlStoreMessage *message)
{
  Send *send = (Send *) deed;

  kl_store_message_ref (message);
  g_clear_pointer (&send->message, kl_store_message_unref);
  send->message = message;
  stored_send (deed);
}

static const KlChatDeedClass send_class
    = { plan_send, stored_send, repeated_send, free_send, stored_send_elsewhere };

static void
go_on_send (KlChatLookup *lookup)
{
  KlChatRequest *request = lookup->deed.request;

  if (!lookup->error)
    {
      kl_chat_group_enqueue (request->group, &lookup->deed);
      return;
    }

  if (g_error_matches (lookup->error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    kl_chat_request_fail (request, KL_ERROR_CODE_NOT_FOUND, "reply_to", "there is no such message here");
  else
    kl_chat_request_error (request, lookup->error);
  lookup->deed.request = NULL;
  kl_chat_deed_free (&lookup->deed);
}

/* ── The event ── */

typedef struct
{
  KlChatRequest *request;
  gint64 retry_after_ms;
} LimitedSend;

static void
on_limited_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree LimitedSend *limited = user_data;
  g_autoptr (GPtrArray) ops = kl_store_find_ops_finish (KL_STORE (source), result, NULL);
  const KlStoreOp *op = ops ? g_ptr_array_index (ops, 0) : NULL;

  if (!op)
    kl_chat_request_limited (limited->request, limited->retry_after_ms);
  else if (!kl_chat_group_get_member (limited->request->group, limited->request->person))
    kl_chat_request_not_member (limited->request);
  else
    answer_repeated (limited->request, op);
}

/* What another node needs to do it. */
static void
keep_argument (KlChatDeed *deed, KlJsonFields *in)
{
  KlJsonWriter out;

  kl_json_writer_init (&out, 256);
  kl_json_value (&out, in->object);
  deed->argument = kl_json_writer_steal_string (&out, &deed->argument_length);
}

static void
handle_send (KlChatRequest *request, KlJsonFields *in)
{
  gboolean handed = (request->entry->flags & KL_ENTRY_HANDED) != 0;
  const KlChatSettings *settings = &request->chat->settings;
  gsize length = 0;
  const char *client_id = kl_json_fields_client_id (in, "client_id", KL_JSON_REQUIRED);
  const char *body = kl_json_fields_text (in, "body", KL_JSON_REQUIRED, KL_TEXT_BODY, &length);
  const char *reply_to = kl_json_fields_id (in, "reply_to", KL_JSON_OPTIONAL);
  g_autoptr (GPtrArray) media = kl_json_fields_ids (in, "media", KL_JSON_OPTIONAL, KL_LIMIT_MEDIA_PER_MESSAGE, FALSE);
  g_autofree char *op = NULL;
  gint64 wait_ms;
  Send *send;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }
  if (!check_body (request, body, length))
    return;
  if (media && media->len > 0)
    {
      kl_chat_request_fail (request, KL_ERROR_CODE_NOT_FOUND, "media", "there is no such file");
      return;
    }

  op = g_strconcat (request->person->id, "\n", client_id, NULL);
  wait_ms = handed ? 0
                   : kl_chat_bucket_take (&request->person->messages, g_get_monotonic_time (),
                                          settings->messages_per_second, settings->message_burst);
  if (wait_ms > 0)
    {
      /* A repetition does not count. */
      const char *ops[] = { op, NULL };
      LimitedSend *limited = g_new0 (LimitedSend, 1);

      limited->request = request;
      limited->retry_after_ms = wait_ms;
      kl_store_find_ops_async (request->chat->store, ops, on_limited_looked_up, limited);
      return;
    }

  send = g_new0 (Send, 1);
  send->lookup.deed.class = &send_class;
  send->lookup.go_on = go_on_send;
  send->lookup.deed.request = request;
  send->lookup.deed.op = g_steal_pointer (&op);
  send->counted = !handed;
  if (!handed && !request->chat->alone)
    keep_argument (&send->lookup.deed, in);
  send->client_id = g_strdup (client_id);
  send->body = g_memdup2 (body, length + 1);
  send->body_length = length;
  send->reply_to = g_strdup (reply_to);
  kl_chat_lookup_start (&send->lookup, handed ? NULL : send->reply_to);
}

const KlChatEntry kl_chat_handed_entry = { "message:send", KL_ENTRY_MEMBER | KL_ENTRY_HANDED, handle_send };

/* ── Changing a message ── */

typedef enum
{
  CHANGE_EDIT,
  CHANGE_DELETE,
  CHANGE_REACT
} ChangeKind;

typedef struct
{
  KlChatLookup lookup;
  KlChatGroup *group; /* referenced */
  ChangeKind kind;
  char *message_id;
  char *body; /* EDIT */
  gsize body_length;
  char *emoji; /* REACT */
  gboolean on;
  KlStoreMessage *result; /* as it was planned last */
} Change;

/* Odd, so that it is no pointer to anything else. */
static gconstpointer
touched_message (const KlStoreMessage *message)
{
  return GSIZE_TO_POINTER ((gsize) message->seq * 2 + 1);
}

static KlDeedVerdict
refuse (KlChatDeed *deed, KlErrorCode code, const char *field, const char *text)
{
  kl_chat_request_fail (g_steal_pointer (&deed->request), code, field, text);

  return KL_DEED_ANSWERED;
}

static KlDeedVerdict
answer_unchanged (KlChatDeed *deed, const KlStoreMessage *message)
{
  answer_message (g_steal_pointer (&deed->request), message);

  return KL_DEED_ANSWERED;
}

/* The reactions of `old` with this one laid on or taken off. */
typedef enum
{
  REACT_UNCHANGED,
  REACT_CHANGED,
  REACT_TOO_MANY
} ReactVerdict;

static gboolean
contains_user (yyjson_val *users, const char *id)
{
  yyjson_val *user;
  size_t i, n;

  yyjson_arr_foreach (users, i, n, user)
    {
      if (yyjson_equals_str (user, id))
        return TRUE;
    }

  return FALSE;
}

static void
write_reaction (KlJsonWriter *out, const char *emoji, yyjson_val *users, const char *without, const char *with)
{
  yyjson_val *user;
  size_t i, n;

  kl_json_begin_object (out);
  kl_json_member_string (out, "emoji", emoji);
  kl_json_key (out, "users");
  kl_json_begin_array (out);
  yyjson_arr_foreach (users, i, n, user)
    {
      if (!without || !yyjson_equals_str (user, without))
        kl_json_string (out, yyjson_get_str (user), -1);
    }
  if (with)
    kl_json_string (out, with, -1);
  kl_json_end_array (out);
  kl_json_end_object (out);
}

static ReactVerdict
react (yyjson_val *old, const char *user, const char *emoji, gboolean on, GString **reactions)
{
  g_auto (KlJsonWriter) out = { 0 };
  yyjson_val *reaction, *mine = NULL;
  guint written = 0;
  size_t i, n;

  yyjson_arr_foreach (old, i, n, reaction)
    {
      if (yyjson_equals_str (yyjson_obj_get (reaction, "emoji"), emoji))
        mine = reaction;
    }
  if (contains_user (yyjson_obj_get (mine, "users"), user) == on)
    return REACT_UNCHANGED;
  if (on && !mine && yyjson_arr_size (old) >= KL_LIMIT_REACTIONS_PER_MESSAGE)
    return REACT_TOO_MANY;

  kl_json_writer_init (&out, 256);
  kl_json_begin_array (&out);
  yyjson_arr_foreach (old, i, n, reaction)
    {
      yyjson_val *users = yyjson_obj_get (reaction, "users");
      gboolean here = reaction == mine;

      if (here && !on && yyjson_arr_size (users) == 1)
        continue;
      write_reaction (&out, yyjson_get_str (yyjson_obj_get (reaction, "emoji")), users, here && !on ? user : NULL,
                      here && on ? user : NULL);
      written++;
    }
  if (on && !mine)
    {
      write_reaction (&out, emoji, NULL, NULL, user);
      written++;
    }
  kl_json_end_array (&out);
  if (written > 0)
    *reactions = g_steal_pointer (&out.out);

  return REACT_CHANGED;
}

static GString *
copy_reactions (yyjson_val *root)
{
  yyjson_val *reactions = yyjson_obj_get (root, "reactions");
  KlJsonWriter out;

  if (!reactions)
    return NULL;

  kl_json_writer_init (&out, 256);
  kl_json_value (&out, reactions);

  return out.out;
}

static KlDeedVerdict
plan_change (KlChatDeed *deed, KlChatPlan *plan)
{
  Change *change = (Change *) deed;
  KlChatPerson *person = deed->request->person;
  KlRole role = kl_chat_group_get_role (plan->group, person);
  KlStoreMessage *newer = kl_chat_group_get_watched (plan->group, change->message_id);
  KlStoreMessage *now = newer && newer->rev > change->lookup.message->rev ? newer : change->lookup.message;
  g_autoptr (KlJson) json = NULL;
  KlChatDraft draft;
  KlStoreChange *entry;

  if (kl_chat_plan_touches (plan, person) || kl_chat_plan_touches (plan, touched_message (now)))
    return KL_DEED_WAIT;
  if (role == KL_ROLE_NONE)
    {
      kl_chat_request_not_member (g_steal_pointer (&deed->request));
      return KL_DEED_ANSWERED;
    }
  if (now->flags & KL_MESSAGE_SYSTEM)
    return refuse (deed, KL_ERROR_CODE_FORBIDDEN, NULL, "this is the group's own record");
  if (change->kind != CHANGE_REACT && g_strcmp0 (now->sender, person->id) != 0
      && (change->kind == CHANGE_EDIT || role < KL_ROLE_ADMIN))
    return refuse (deed, KL_ERROR_CODE_FORBIDDEN, NULL, "this message is another's");
  if (now->flags & KL_MESSAGE_DELETED)
    {
      if (change->kind == CHANGE_DELETE)
        return answer_unchanged (deed, now);
      return refuse (deed, KL_ERROR_CODE_CONFLICT, NULL, "this message has been deleted");
    }

  json = kl_json_parse (now->json, now->json_length, NULL);
  if (!json)
    return refuse (deed, KL_ERROR_CODE_INTERNAL, NULL, "this message cannot be read");
  kl_chat_draft_read (&draft, json);
  switch (change->kind)
    {
    case CHANGE_EDIT:
      if (draft.body_length == change->body_length && memcmp (draft.body, change->body, draft.body_length) == 0)
        return answer_unchanged (deed, now);
      draft.body = change->body;
      draft.body_length = change->body_length;
      draft.edited_at = MAX (plan->time, draft.created_at);
      draft.reactions = copy_reactions (kl_json_get_root (json));
      break;
    case CHANGE_DELETE:
      draft.deleted_by = person->id;
      break;
    case CHANGE_REACT:
      switch (react (yyjson_obj_get (kl_json_get_root (json), "reactions"), person->id, change->emoji, change->on,
                     &draft.reactions))
        {
        case REACT_UNCHANGED:
          return answer_unchanged (deed, now);
        case REACT_TOO_MANY:
          return refuse (deed, KL_ERROR_CODE_CONFLICT, "reactions", "this message has enough different reactions");
        case REACT_CHANGED:
        default:
          break;
        }
      break;
    default:
      g_assert_not_reached ();
    }

  entry = kl_chat_plan_change (plan, deed, KL_CHANGE_MESSAGE);
  draft.rev = entry->rev;
  g_clear_pointer (&change->result, kl_store_message_unref);
  change->result = kl_chat_draft_finish (&draft);
  if (draft.reactions)
    g_string_free (draft.reactions, TRUE);
  entry->seq = change->result->seq;
  entry->message = kl_store_message_ref (change->result);
  kl_chat_plan_touch (plan, touched_message (change->result));

  return KL_DEED_PLANNED;
}

static void
stored_change (KlChatDeed *deed)
{
  answer_message (g_steal_pointer (&deed->request), ((Change *) deed)->result);
}

static void
free_change (KlChatDeed *deed)
{
  Change *change = (Change *) deed;

  kl_chat_group_unwatch (change->group, change->message_id);
  kl_chat_group_unref (change->group);
  kl_chat_lookup_clear (&change->lookup);
  g_clear_pointer (&change->result, kl_store_message_unref);
  g_free (change->message_id);
  g_free (change->body);
  g_free (change->emoji);
  g_free (change);
}

static const KlChatDeedClass change_class = { plan_change, stored_change, NULL, free_change };

static void
go_on_change (KlChatLookup *lookup)
{
  KlChatRequest *request = lookup->deed.request;

  if (lookup->message)
    {
      kl_chat_group_enqueue (((Change *) lookup)->group, &lookup->deed);
      return;
    }

  if (g_error_matches (lookup->error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    kl_chat_request_fail (request, KL_ERROR_CODE_NOT_FOUND, "id", "there is no such message here");
  else
    kl_chat_request_error (request, lookup->error);
  free_change (&lookup->deed);
}

static Change *
new_change (KlChatRequest *request, ChangeKind kind, const char *message_id)
{
  Change *change = g_new0 (Change, 1);

  change->lookup.deed.class = &change_class;
  change->lookup.deed.request = request;
  change->lookup.go_on = go_on_change;
  change->kind = kind;
  change->group = kl_chat_group_ref (request->group);
  change->message_id = g_strdup (message_id);
  kl_chat_group_watch (change->group, message_id);

  return change;
}

static void
handle_edit (KlChatRequest *request, KlJsonFields *in)
{
  gsize length = 0;
  const char *id = kl_json_fields_id (in, "id", KL_JSON_REQUIRED);
  const char *body = kl_json_fields_text (in, "body", KL_JSON_REQUIRED, KL_TEXT_BODY, &length);
  Change *change;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }
  if (!check_body (request, body, length))
    return;

  change = new_change (request, CHANGE_EDIT, id);
  change->body = g_memdup2 (body, length + 1);
  change->body_length = length;
  kl_chat_lookup_start (&change->lookup, id);
}

static void
handle_delete (KlChatRequest *request, KlJsonFields *in)
{
  const char *id = kl_json_fields_id (in, "id", KL_JSON_REQUIRED);

  if (in->fault)
    kl_chat_request_bad (request, in);
  else
    kl_chat_lookup_start (&new_change (request, CHANGE_DELETE, id)->lookup, id);
}

static void
handle_react (KlChatRequest *request, KlJsonFields *in)
{
  const char *id = kl_json_fields_id (in, "id", KL_JSON_REQUIRED);
  const char *emoji = kl_json_fields_text (in, "emoji", KL_JSON_REQUIRED, KL_TEXT_EMOJI, NULL);
  gboolean on = kl_json_fields_bool (in, "on", KL_JSON_REQUIRED, FALSE);
  Change *change;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  change = new_change (request, CHANGE_REACT, id);
  change->emoji = g_strdup (emoji);
  change->on = on;
  kl_chat_lookup_start (&change->lookup, id);
}

const KlChatEntry kl_chat_message_entries[] = {
  { "message:send", KL_ENTRY_MEMBER, handle_send },
  { "message:edit", KL_ENTRY_MEMBER | KL_ENTRY_WRITE, handle_edit },
  { "message:delete", KL_ENTRY_MEMBER | KL_ENTRY_WRITE, handle_delete },
  { "message:react", KL_ENTRY_MEMBER | KL_ENTRY_WRITE, handle_react },
  { NULL },
};
