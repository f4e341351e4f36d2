/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests: from the event's name to the handler, and from the handler to the answer.
 * A handler runs when its person is resident and its group is loaded; where that has to
 * be waited for, the argument is copied. */
#include "server/chat/kl-chat-private.h"

#include <string.h>

/* ── The end ── */

static void
free_request (KlChatRequest *self, gboolean ok)
{
  g_autoptr (KlChat) chat = self->chat;

  for (guint i = 0; self->holds && i < self->holds->len; i++)
    {
      const KlChatHold *hold = &g_array_index (self->holds, KlChatHold, i);

      /* What waited when this answer was made is in it, even if it waited for another answer. */
      if (hold->begin && ok)
        hold->flow->told = MAX (hold->flow->told, hold->queued);
      kl_chat_flow_release (hold->flow, hold->begin && ok);
      kl_chat_flow_unref (hold->flow);
    }
  if (self->ended)
    self->ended (self->ended_data);
  kl_chat_turns_leave (self);
  g_clear_pointer (&self->holds, g_array_unref);
  g_clear_pointer (&self->named_set, g_hash_table_unref);
  g_clear_pointer (&self->named, g_ptr_array_unref);
  g_clear_pointer (&self->group, kl_chat_group_unref);
  g_clear_pointer (&self->connection, kl_chat_connection_unref);
  g_clear_pointer (&self->copy, yyjson_doc_free);
  kl_json_writer_clear (&self->out);
  kl_chat_person_unuse (self->person);
  g_free (self);
}

static void
answer (KlChatRequest *self, const KlChatAnswer *with)
{
  g_queue_unlink (&self->chat->requests, &self->link);
  if (!self->replied)
    self->reply (with, self->user_data);
  free_request (self, with->code == KL_ERROR_CODE_NONE && !self->replied);
}

void
kl_chat_request_ok (KlChatRequest *self)
{
  static const char json[] = "{\"ok\":true}";

  answer (self, &(KlChatAnswer) { .json = json, .length = strlen (json), .repeated = self->repeated });
}

/* To the request, which ends; or (NULL) by `reply` alone. */
static void
answer_error (KlChatReply reply, gpointer user_data, KlChatRequest *self, const KlChatFault *fault,
              gint64 retry_after_ms)
{
  g_auto (KlJsonWriter) out = { 0 };
  KlChatAnswer with = { .code = fault->code, .retry_after_ms = retry_after_ms };

  kl_json_writer_init (&out, 160);
  kl_json_begin_object (&out);
  kl_json_member_bool (&out, "ok", FALSE);
  kl_json_key (&out, "error");
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "code", kl_error_code_to_string (fault->code));
  kl_json_member_string (&out, "message", fault->text);
  kl_json_member_string_or_nothing (&out, "field", fault->field);
  if (retry_after_ms > 0)
    kl_json_member_int (&out, "retry_after_ms", retry_after_ms);
  kl_json_end_object (&out);
  kl_json_end_object (&out);
  with.json = out.out->str;
  with.length = out.out->len;
  if (self)
    answer (self, &with);
  else
    reply (&with, user_data);
}

/* ── What takes too long ── */

static gboolean
on_requests_tick (gpointer user_data)
{
  static const KlChatFault fault = { KL_ERROR_CODE_UNAVAILABLE, NULL, "the server's store does not answer" };
  KlChat *chat = user_data;
  gint64 now_usec = g_get_monotonic_time ();

  kl_chat_turns_tick (chat);
  for (GList *link = chat->requests.head; link;)
    {
      KlChatRequest *request = link->data;
      gint64 ms = chat->settings.request_ms * (request->entry->flags & KL_ENTRY_PATIENT ? KL_CHAT_PATIENCE : 1);

      link = link->next;
      if (now_usec - request->begun_usec < chat->settings.request_ms * 1000)
        break;
      if (request->replied || now_usec - request->begun_usec < ms * 1000)
        continue;
      request->replied = TRUE;
      /* It goes on, without anybody who waits for it. */
      answer_error (request->reply, request->user_data, NULL, &fault, chat->settings.store_retry_ms);
    }
  if (chat->requests.length > 0)
    return G_SOURCE_CONTINUE;

  chat->requests_source = 0;

  return G_SOURCE_REMOVE;
}

static void
watch (KlChatRequest *self)
{
  KlChat *chat = self->chat;

  self->begun_usec = g_get_monotonic_time ();
  self->link.data = self;
  g_queue_push_tail_link (&chat->requests, &self->link);
  if (chat->requests_source == 0 && chat->settings.request_ms > 0)
    chat->requests_source
        = g_timeout_add (CLAMP (chat->settings.request_ms / 9, 10, 500), on_requests_tick, chat);
}

void
kl_chat_request_fault (KlChatRequest *self, const KlChatFault *fault)
{
  gint64 retry_after_ms = fault->code == KL_ERROR_CODE_UNAVAILABLE ? self->chat->settings.store_retry_ms : 0;

  answer_error (NULL, NULL, self, fault, retry_after_ms);
}

void
kl_chat_request_fail (KlChatRequest *self, KlErrorCode code, const char *field, const char *text)
{
  kl_chat_request_fault (self, &(KlChatFault) { code, field, text });
}

void
kl_chat_request_bad (KlChatRequest *self, const KlJsonFields *in)
{
  kl_chat_request_fail (self, KL_ERROR_CODE_BAD_REQUEST, in->fault_field, in->fault);
}

void
kl_chat_request_limited (KlChatRequest *self, gint64 retry_after_ms)
{
  static const KlChatFault fault = { KL_ERROR_CODE_RATE_LIMITED, NULL, "too many at once; please wait a moment" };

  answer_error (NULL, NULL, self, &fault, retry_after_ms);
}

void
kl_chat_request_error (KlChatRequest *self, const GError *error)
{
  if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE))
    {
      kl_chat_request_fail (self, KL_ERROR_CODE_UNAVAILABLE, NULL, "the server cannot reach its store");
    }
  else if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      kl_chat_request_fail (self, KL_ERROR_CODE_NOT_FOUND, NULL, "there is no such thing");
    }
  else
    {
      g_warning ("%s: %s", self->entry->name, error->message);
      kl_chat_request_fail (self, KL_ERROR_CODE_INTERNAL, NULL, "something went wrong in the server");
    }
}

void
kl_chat_request_no_group (KlChatRequest *self)
{
  kl_chat_request_fail (self, KL_ERROR_CODE_NOT_FOUND, "group", "there is no such group");
}

void
kl_chat_request_not_member (KlChatRequest *self)
{
  if (self->group->meta && self->group->meta->visibility == KL_VISIBILITY_PUBLIC)
    kl_chat_request_fail (self, KL_ERROR_CODE_FORBIDDEN, NULL, "you are not in this group");
  else
    kl_chat_request_no_group (self);
}

/* ── Answers in steps ── */

KlJsonWriter *
kl_chat_request_begin (KlChatRequest *self)
{
  if (self->out.out)
    return &self->out;

  kl_json_writer_init (&self->out, 1024);
  kl_json_begin_object (&self->out);
  kl_json_member_bool (&self->out, "ok", TRUE);

  return &self->out;
}

void
kl_chat_request_with_users (KlChatRequest *self)
{
  if (self->named)
    return;

  self->named = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_person_unuse);
  self->named_set = g_hash_table_new (NULL, NULL);
}

void
kl_chat_request_name (KlChatRequest *self, KlChatPerson *person)
{
  kl_chat_request_with_users (self);
  if (!g_hash_table_add (self->named_set, person))
    return;

  person->uses++;
  g_ptr_array_add (self->named, person);
}

void
kl_chat_request_name_id (KlChatRequest *self, const char *user)
{
  KlChatPerson *person = kl_chat_person_use (self->chat, user);

  kl_chat_request_name (self, person);
  kl_chat_person_unuse (person);
}

void
kl_chat_request_name_message (KlChatRequest *self, const KlStoreMessage *message)
{
  g_autoptr (GPtrArray) ids = kl_chat_message_get_named (message);

  kl_chat_request_name_id (self, message->sender);
  for (guint i = 0; ids && i < ids->len; i++)
    kl_chat_request_name_id (self, g_ptr_array_index (ids, i));
}

guint
kl_chat_request_hold (KlChatRequest *self, KlChatFlow *flow, gboolean begin)
{
  KlChatHold hold = { kl_chat_flow_ref (flow), begin, flow->queue ? flow->queue->len : 0 };

  if (!self->holds)
    self->holds = g_array_new (FALSE, FALSE, sizeof (KlChatHold));
  kl_chat_flow_hold (flow);
  g_array_append_val (self->holds, hold);

  return self->holds->len - 1;
}

static void
on_named_loaded (gpointer user_data, const GError *error)
{
  KlChatRequest *self = user_data;
  KlJsonWriter *out = &self->out;

  if (error)
    {
      kl_chat_request_error (self, error);
      return;
    }

  kl_json_key (out, "users");
  kl_json_begin_array (out);
  for (guint i = 0; i < self->named->len; i++)
    {
      KlChatPerson *person = g_ptr_array_index (self->named, i);

      if (person->user)
        kl_chat_write_user (out, person, self->person);
    }
  kl_json_end_array (out);
  kl_json_end_object (out);
  answer (self, &(KlChatAnswer) { .json = out->out->str, .length = out->out->len, .repeated = self->repeated });
}

void
kl_chat_request_finish (KlChatRequest *self)
{
  KlJsonWriter *out = kl_chat_request_begin (self);

  if (self->named)
    {
      kl_chat_load_profiles (self->chat, self->named, on_named_loaded, self);
      return;
    }

  kl_json_end_object (out);
  answer (self, &(KlChatAnswer) { .json = out->out->str, .length = out->out->len, .repeated = self->repeated });
}

/* ── The way to the handler ── */

gboolean
kl_chat_request_is_vain (const KlChatRequest *self)
{
  return self->replied || (self->connection && !self->connection->person);
}

/* TRUE: it has ended. */
static gboolean
end_in_vain (KlChatRequest *self)
{
  if (!(self->entry->flags & (KL_ENTRY_READ | KL_ENTRY_PATIENT)) || !kl_chat_request_is_vain (self))
    return FALSE;

  kl_chat_request_fail (self, KL_ERROR_CODE_UNAVAILABLE, NULL, "nobody waits for the answer");

  return TRUE;
}

void
kl_chat_request_set_group (KlChatRequest *self, KlChatGroup *group)
{
  kl_chat_group_ref (group);
  g_clear_pointer (&self->group, kl_chat_group_unref);
  self->group = group;
}

static void
handle (KlChatRequest *self, yyjson_val *argument)
{
  KlJsonFields in;

  if ((self->entry->flags & KL_ENTRY_MEMBER) && !kl_chat_group_get_member (self->group, self->person))
    {
      kl_chat_request_not_member (self);
      return;
    }

  kl_json_fields_init (&in, argument);
  self->entry->handle (self, &in);
}

static void
on_group (KlChatGroup *group, const GError *error, gpointer user_data)
{
  KlChatRequest *self = user_data;

  if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND) || (group && !group->meta))
    {
      kl_chat_request_no_group (self);
      return;
    }
  if (error)
    {
      kl_chat_request_error (self, error);
      return;
    }

  if (end_in_vain (self))
    return;
  kl_chat_request_set_group (self, group);
  handle (self, yyjson_doc_get_root (self->copy));
}

static void
copy_argument (KlChatRequest *self, yyjson_val *argument)
{
  yyjson_mut_doc *doc;

  if (self->copy)
    return;

  doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_doc_set_root (doc, argument ? yyjson_val_mut_copy (doc, argument) : yyjson_mut_null (doc));
  self->copy = yyjson_mut_doc_imut_copy (doc, NULL);
  yyjson_mut_doc_free (doc);
}

/* The person is resident. */
static void
find_group (KlChatRequest *self, yyjson_val *argument)
{
  KlJsonFields in;
  KlChatGroup *group;
  const char *id;

  kl_json_fields_init (&in, argument);
  if (in.fault)
    {
      kl_chat_request_bad (self, &in);
      return;
    }
  if (!(self->entry->flags & (KL_ENTRY_GROUP | KL_ENTRY_MEMBER)))
    {
      handle (self, argument);
      return;
    }

  id = kl_json_fields_id (&in, "group", KL_JSON_REQUIRED);
  if (in.fault)
    {
      kl_chat_request_bad (self, &in);
      return;
    }

  group = g_hash_table_lookup (self->chat->groups, id);
  if (group && group->state == KL_GROUP_READY && group->meta)
    {
      group->used_usec = g_get_monotonic_time ();
      kl_chat_request_set_group (self, group);
      handle (self, argument);
      return;
    }
  copy_argument (self, argument);
  kl_chat_get_group (self->chat, id, on_group, self);
}

static void
on_resident (gpointer user_data, const GError *error)
{
  KlChatRequest *self = user_data;

  if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    kl_chat_request_fail (self, KL_ERROR_CODE_UNAUTHORIZED, NULL, "there is no such account");
  else if (error)
    kl_chat_request_error (self, error);
  else if (!end_in_vain (self))
    find_group (self, yyjson_doc_get_root (self->copy));
}

void
kl_chat_request_go_on (KlChatRequest *self)
{
  self->person->used_usec = g_get_monotonic_time ();
  kl_chat_person_make_resident (self->person, on_resident, self);
}

static void
begin (KlChat *chat, KlChatPerson *person, KlChatConnection *connection, const KlChatEntry *entry, yyjson_val *argument,
       KlChatReply reply, gpointer user_data)
{
  KlChatRequest *self = g_new0 (KlChatRequest, 1);
  const KlChatSettings *settings = &chat->settings;
  gint64 now_usec = g_get_monotonic_time ();
  gint64 wait_ms = 0;

  self->chat = g_object_ref (chat);
  self->person = person;
  self->connection = connection ? kl_chat_connection_ref (connection) : NULL;
  self->entry = entry;
  self->reply = reply;
  self->user_data = user_data;
  watch (self);

  if (entry->flags & KL_ENTRY_READ)
    wait_ms
        = kl_chat_bucket_take (&person->reads, now_usec, settings->reads_per_second, 2 * settings->reads_per_second);
  else if (entry->flags & KL_ENTRY_WRITE)
    wait_ms = kl_chat_bucket_take (&person->messages, now_usec, settings->messages_per_second, settings->message_burst);
  if (wait_ms > 0)
    {
      kl_chat_request_limited (self, wait_ms);
      return;
    }

  if ((entry->flags & KL_ENTRY_PATIENT) && !kl_chat_turns_take (self))
    {
      copy_argument (self, argument);
      kl_chat_turns_wait (self);
      return;
    }
  person->used_usec = now_usec;
  if (person->state == KL_PERSON_RESIDENT || (entry->flags & KL_ENTRY_HANDED))
    {
      find_group (self, argument);
      return;
    }
  copy_argument (self, argument);
  kl_chat_request_go_on (self);
}

void
kl_chat_handle (KlChatConnection *connection, const char *event, yyjson_val *argument, KlChatReply reply,
                gpointer user_data)
{
  static const KlChatFault fault_ended = { KL_ERROR_CODE_UNAUTHORIZED, NULL, "this connection has ended" };
  static const KlChatFault fault_unknown = { KL_ERROR_CODE_BAD_REQUEST, NULL, "unknown event" };
  const KlChatEntry *entry;

  if (!connection->person)
    {
      answer_error (reply, user_data, NULL, &fault_ended, 0);
      return;
    }

  entry = g_hash_table_lookup (connection->chat->entries, event);
  if (!entry || (entry->flags & KL_ENTRY_REST))
    {
      answer_error (reply, user_data, NULL, &fault_unknown, 0);
      return;
    }
  connection->person->uses++;
  begin (connection->chat, connection->person, connection, entry, argument, reply, user_data);
}

void
kl_chat_call (KlChat *self, const char *user, const char *event, yyjson_val *argument, KlChatReply reply,
              gpointer user_data)
{
  static const KlChatFault fault_unknown = { KL_ERROR_CODE_BAD_REQUEST, NULL, "this needs a live connection" };
  const KlChatEntry *entry;

  g_return_if_fail (KL_IS_CHAT (self));

  entry = g_hash_table_lookup (self->entries, event);
  if (!entry || (entry->flags & KL_ENTRY_CONNECTION))
    {
      answer_error (reply, user_data, NULL, &fault_unknown, 0);
      return;
    }
  begin (self, kl_chat_person_use (self, user), NULL, entry, argument, reply, user_data);
}

void
kl_chat_begin (KlChat *self, const char *user, const KlChatEntry *entry, yyjson_val *argument, KlChatReply reply,
               gpointer user_data)
{
  begin (self, kl_chat_person_use (self, user), NULL, entry, argument, reply, user_data);
}

/* ── People in arguments ── */

typedef struct
{
  KlChatRequest *request;
  char *name; /* to be tried after the id; NULL: not */
  KlChatPersonFunc func;
  gpointer user_data;
} PersonSearch;

static void
end_search (PersonSearch *search, KlStoreUser *user, const GError *error)
{
  KlChatPerson *person = NULL;

  if (user)
    {
      person = kl_chat_person_use (search->request->chat, user->id);
      kl_chat_person_take_user (person, user);
    }
  if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    error = NULL;
  search->func (search->request, person, error, search->user_data);
  if (person)
    kl_chat_person_unuse (person);
  g_free (search->name);
  g_free (search);
}

static void
on_found_by_name (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreUser) user = kl_store_find_user_finish (KL_STORE (source), result, &error);

  end_search (user_data, user, error);
}

static void
on_found_by_id (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PersonSearch *search = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) users = kl_store_get_users_finish (KL_STORE (source), result, &error);

  if (users && users->len == 0 && search->name)
    {
      kl_store_find_user_async (search->request->chat->store, search->name, on_found_by_name, search);
      return;
    }
  end_search (search, users && users->len > 0 ? g_ptr_array_index (users, 0) : NULL, error);
}

void
kl_chat_request_find_person (KlChatRequest *self, const char *reference, KlChatPersonFunc func, gpointer user_data)
{
  KlChatPerson *known = kl_chat_person_peek (self->chat, reference);
  const char *at = strchr (reference, '@');
  const char *ids[] = { reference, NULL };
  PersonSearch *search;

  if (known && known->user)
    {
      known->uses++;
      func (self, known, NULL, user_data);
      kl_chat_person_unuse (known);
      return;
    }

  search = g_new0 (PersonSearch, 1);
  search->request = self;
  search->func = func;
  search->user_data = user_data;
  if (at)
    {
      search->name = g_strndup (reference, at - reference);
      if (g_strcmp0 (at + 1, self->chat->settings.domain) == 0 && kl_text_is_user_name (search->name))
        kl_store_find_user_async (self->chat->store, search->name, on_found_by_name, search);
      else
        end_search (search, NULL, NULL);
      return;
    }
  if (kl_text_is_user_name (reference))
    search->name = g_strdup (reference);
  kl_store_get_users_async (self->chat->store, ids, on_found_by_id, search);
}
