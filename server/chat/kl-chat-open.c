/* SPDX-License-Identifier: GPL-3.0-or-later */
/* group:open, group:close, presence: where a connection looks, and what its person says of himself. */
#include "server/chat/kl-chat-private.h"

/* ── group:open, group:close ── */

static void
write_online (KlJsonWriter *out, KlChatRequest *request)
{
  KlChatGroup *group = request->group;
  GHashTableIter iter;
  gpointer key;
  guint n = 0;

  kl_json_key (out, "online");
  kl_json_begin_array (out);
  g_hash_table_iter_init (&iter, group->members);
  while (n < MIN (group->n_online, KL_LIMIT_OPEN_PEOPLE) && g_hash_table_iter_next (&iter, &key, NULL))
    {
      KlChatPerson *person = key;

      if (person->status == KL_CHAT_STATUS_OFFLINE)
        continue;
      kl_json_string (out, person->id, -1);
      kl_chat_request_name (request, person);
      n++;
    }
  kl_json_end_array (out);
}

static gboolean
tells_receipts (KlChatPerson *person)
{
  return person->user && person->user->read_receipts;
}

static void
write_reads (KlJsonWriter *out, KlChatGroup *group, KlChatPerson *viewer)
{
  GHashTableIter iter;
  gpointer key, value;

  if (!kl_chat_group_tells_reads (group) || !tells_receipts (viewer))
    return;

  kl_json_key (out, "reads");
  kl_json_begin_array (out);
  g_hash_table_iter_init (&iter, group->members);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      KlChatPerson *person = key;

      if (person == viewer || !tells_receipts (person))
        continue;
      kl_json_begin_object (out);
      kl_json_member_string (out, "user", person->id);
      kl_json_member_int (out, "seq", ((KlChatMember *) value)->state->read_seq);
      kl_json_end_object (out);
    }
  kl_json_end_array (out);
}

static void
handle_open (KlChatRequest *request, KlJsonFields *in)
{
  KlChatConnection *connection = request->connection;
  KlChatGroup *group = request->group;
  KlChatFlow *flow = connection->person ? kl_chat_connection_ensure_flow (connection, group) : NULL;
  KlJsonWriter *out;

  if (flow && !flow->open)
    {
      if (connection->n_open >= KL_LIMIT_OPEN_GROUPS_PER_CONNECTION)
        {
          kl_chat_request_fail (request, KL_ERROR_CODE_CONFLICT, "open", "enough groups are open on this connection");
          return;
        }
      flow->open = TRUE;
      connection->n_open++;
      kl_chat_member_set_here (kl_chat_group_get_member (group, request->person), 1);
    }

  kl_chat_request_with_users (request);
  out = kl_chat_request_begin (request);
  kl_json_key (out, "here");
  kl_chat_write_here (out, group, request);
  write_online (out, request);
  write_reads (out, group, request->person);
  kl_chat_request_finish (request);
}

static void
handle_close (KlChatRequest *request, KlJsonFields *in)
{
  KlChatFlow *flow = kl_chat_connection_get_flow (request->connection, request->group);

  if (flow && flow->open)
    {
      if (flow->typing)
        kl_chat_flow_stop_typing (flow);
      flow->open = FALSE;
      request->connection->n_open--;
      kl_chat_member_set_here (kl_chat_group_get_member (request->group, request->person), -1);
    }
  /* From now on this connection hears the group's counts every ten seconds only. */
  KlJsonWriter *out = kl_chat_request_begin (request);
  kl_json_member_int (out, "here", request->group->n_here);
  kl_json_member_int (out, "online", request->group->n_online);
  kl_chat_request_finish (request);
}

/* ── presence ── */

static const char *const activity_words[] = { "online", "away", NULL };

typedef struct
{
  KlChatRequest *request;
  KlUserFields fields;
} UserUpdate;

static void
on_user_updated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree UserUpdate *update = user_data;
  KlChatRequest *request = update->request;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreUser) user = kl_store_update_user_finish (KL_STORE (source), result, &error);

  if (!user)
    {
      kl_chat_request_error (request, error);
      return;
    }

  kl_chat_person_take_user (request->person, user);
  kl_chat_tell_user (request->person, request->connection, !(update->fields & KL_USER_STATUS_TEXT));
  kl_bus_signal (request->chat->bus, &(KlBusSignal) { .kind = KL_BUS_USER_CHANGED, .user = user->id });
  kl_chat_request_ok (request);
}

static void
handle_presence (KlChatRequest *request, KlJsonFields *in)
{
  const KlStoreUser *now = request->person->user;
  int activity = kl_json_fields_word (in, "status", KL_JSON_OPTIONAL, activity_words, -1);
  gboolean dnd = kl_json_fields_bool (in, "dnd", KL_JSON_OPTIONAL, now->dnd);
  gboolean has_text = kl_json_fields_has (in, "text");
  const char *text = kl_json_fields_text (in, "text", KL_JSON_OPTIONAL, KL_TEXT_STATUS, NULL);
  const KlChatSettings *settings = &request->chat->settings;
  g_autoptr (KlStoreUser) user = NULL;
  KlUserFields fields = 0;
  UserUpdate *update;
  gint64 wait_ms;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  if (activity >= 0)
    {
      request->connection->away = activity == 1;
      kl_chat_presence_update (request->person);
    }
  if (text && *text == '\0')
    text = NULL;
  if (dnd != now->dnd)
    fields |= KL_USER_DND;
  if (has_text && g_strcmp0 (text, now->status_text) != 0)
    fields |= KL_USER_STATUS_TEXT;
  if (fields == 0)
    {
      kl_chat_request_ok (request);
      return;
    }

  /* It is written down, and many are told. */
  wait_ms = kl_chat_bucket_take (&request->person->messages, g_get_monotonic_time (), settings->messages_per_second,
                                 settings->message_burst);
  if (wait_ms > 0)
    {
      kl_chat_request_limited (request, wait_ms);
      return;
    }

  user = kl_store_user_copy (now);
  user->dnd = dnd;
  if (fields & KL_USER_STATUS_TEXT)
    g_set_str (&user->status_text, text);
  user->updated_at = MAX (kl_chat_now_ms (), now->updated_at);
  update = g_new0 (UserUpdate, 1);
  update->request = request;
  update->fields = fields;
  kl_store_update_user_async (request->chat->store, user, fields, on_user_updated, update);
}

const KlChatEntry kl_chat_open_entries[] = {
  { "group:open", KL_ENTRY_MEMBER | KL_ENTRY_CONNECTION, handle_open },
  { "group:close", KL_ENTRY_MEMBER | KL_ENTRY_CONNECTION, handle_close },
  { "presence", KL_ENTRY_CONNECTION, handle_presence },
  { NULL },
};
