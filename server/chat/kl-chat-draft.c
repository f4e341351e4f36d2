/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages as bytes: made from pieces, taken apart again, cut for a list. */
#include "server/chat/kl-chat-private.h"

#include <string.h>

static void
write_system (KlJsonWriter *out, const KlChatDraft *draft)
{
  kl_json_key (out, "system");
  kl_json_begin_object (out);
  kl_json_member_string (out, "event", draft->system_event);
  kl_json_member_string_or_nothing (out, "user", draft->system_user);
  kl_json_member_string_or_nothing (out, "by", draft->system_by);
  kl_json_member_string_or_nothing (out, "value", draft->system_value);
  if (draft->system_duration_ms >= 0)
    kl_json_member_int (out, "duration_ms", draft->system_duration_ms);
  kl_json_end_object (out);
}

KlStoreMessage *
kl_chat_draft_finish (const KlChatDraft *draft)
{
  g_auto (KlJsonWriter) out = { 0 };
  KlStoreMessage *message = kl_store_message_new ();

  kl_json_writer_init (&out, draft->body_length + draft->body_length / 8 + 320);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "id", draft->id);
  kl_json_member_string (&out, "group", draft->group);
  kl_json_member_int (&out, "seq", draft->seq);
  kl_json_member_int (&out, "rev", draft->rev);
  kl_json_member_string (&out, "sender", draft->sender);
  kl_json_member_string (&out, "client_id", draft->client_id);
  kl_json_member_string (&out, "kind", draft->system_event ? "system" : "text");
  if (draft->body && !draft->deleted_by)
    {
      kl_json_key (&out, "body");
      kl_json_string (&out, draft->body, draft->body_length);
    }
  kl_json_member_string_or_nothing (&out, "reply_to", draft->reply_to);
  if (draft->system_event)
    write_system (&out, draft);
  if (draft->reactions && !draft->deleted_by)
    kl_json_member_raw (&out, "reactions", draft->reactions->str, draft->reactions->len);
  kl_json_member_int (&out, "created_at", draft->created_at);
  if (draft->edited_at > 0 && !draft->deleted_by)
    kl_json_member_int (&out, "edited_at", draft->edited_at);
  if (draft->deleted_by)
    {
      kl_json_member_bool (&out, "deleted", TRUE);
      kl_json_member_string (&out, "deleted_by", draft->deleted_by);
    }
  kl_json_end_object (&out);

  message->id = g_strdup (draft->id);
  message->seq = draft->seq;
  message->rev = draft->rev;
  message->sender = g_strdup (draft->sender);
  message->created_at = draft->created_at;
  if (draft->system_event)
    message->flags |= KL_MESSAGE_SYSTEM;
  if (draft->deleted_by)
    message->flags |= KL_MESSAGE_DELETED;
  if (message->flags == 0)
    message->text = g_strndup (draft->body, draft->body_length);
  message->json = kl_json_writer_steal_string (&out, &message->json_length);

  return message;
}

static const char *
get_string (yyjson_val *object, const char *key)
{
  return yyjson_get_str (yyjson_obj_get (object, key));
}

void
kl_chat_draft_read (KlChatDraft *draft, KlJson *json)
{
  yyjson_val *root = kl_json_get_root (json);
  yyjson_val *body = yyjson_obj_get (root, "body");

  *draft = (KlChatDraft) {
    .id = get_string (root, "id"),
    .group = get_string (root, "group"),
    .seq = yyjson_get_sint (yyjson_obj_get (root, "seq")),
    .rev = yyjson_get_sint (yyjson_obj_get (root, "rev")),
    .sender = get_string (root, "sender"),
    .client_id = get_string (root, "client_id"),
    .body = yyjson_get_str (body),
    .body_length = yyjson_get_len (body),
    .reply_to = get_string (root, "reply_to"),
    .created_at = yyjson_get_sint (yyjson_obj_get (root, "created_at")),
    .edited_at = yyjson_get_sint (yyjson_obj_get (root, "edited_at")),
    .deleted_by = get_string (root, "deleted_by"),
  };
}

GPtrArray *
kl_chat_message_get_named (const KlStoreMessage *message)
{
  /* Inside of a JSON string the quotes would be escaped. */
  static const char reactions_key[] = "\"reactions\":[";
  g_autoptr (KlJson) json = NULL;
  g_autoptr (GPtrArray) ids = NULL;
  yyjson_val *root, *system, *reaction, *user;
  size_t i, j, n_reactions, n_users;

  if (!(message->flags & KL_MESSAGE_SYSTEM)
      && !memmem (message->json, message->json_length, reactions_key, strlen (reactions_key)))
    return NULL;
  json = kl_json_parse (message->json, message->json_length, NULL);
  if (!json)
    return NULL;

  ids = g_ptr_array_new_with_free_func (g_free);
  root = kl_json_get_root (json);
  system = yyjson_obj_get (root, "system");
  if (get_string (system, "user"))
    g_ptr_array_add (ids, g_strdup (get_string (system, "user")));
  if (get_string (system, "by"))
    g_ptr_array_add (ids, g_strdup (get_string (system, "by")));
  yyjson_arr_foreach (yyjson_obj_get (root, "reactions"), i, n_reactions, reaction)
    {
      yyjson_arr_foreach (yyjson_obj_get (reaction, "users"), j, n_users, user)
        {
          if (j == KL_CHAT_NAMED_REACTORS)
            break;
          g_ptr_array_add (ids, g_strdup (yyjson_get_str (user)));
        }
    }

  return g_steal_pointer (&ids);
}

char *
kl_chat_message_cut (const KlStoreMessage *message, gsize *length)
{
  g_autoptr (KlJson) json = NULL;
  g_auto (KlJsonWriter) out = { 0 };
  yyjson_val *root, *key, *body;
  yyjson_obj_iter iter;
  gsize cut;

  *length = message->json_length;
  if (message->flags != 0 || message->json_length <= KL_LIMIT_PREVIEW_CUT_CHARS)
    return g_strndup (message->json, message->json_length);
  json = kl_json_parse (message->json, message->json_length, NULL);
  root = json ? kl_json_get_root (json) : NULL;
  body = yyjson_obj_get (root, "body");
  cut = body ? kl_text_cut (yyjson_get_str (body), yyjson_get_len (body), KL_LIMIT_PREVIEW_CUT_CHARS) : 0;
  if (!body || cut == yyjson_get_len (body))
    return g_strndup (message->json, message->json_length);

  kl_json_writer_init (&out, 1024);
  kl_json_begin_object (&out);
  yyjson_obj_iter_init (root, &iter);
  while ((key = yyjson_obj_iter_next (&iter)))
    {
      kl_json_key (&out, yyjson_get_str (key));
      if (yyjson_obj_iter_get_val (key) == body)
        kl_json_string (&out, yyjson_get_str (body), cut);
      else
        kl_json_value (&out, yyjson_obj_iter_get_val (key));
    }
  kl_json_member_bool (&out, "cut", TRUE);
  kl_json_end_object (&out);

  return kl_json_writer_steal_string (&out, length);
}
