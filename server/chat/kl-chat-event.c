/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events on their way to clients, and the two forms of an answer. */
#include "server/chat/kl-chat-private.h"

#include <string.h>

KlChatEvent *
kl_chat_event_new_take (const char *static_name, char *json, gsize length)
{
  KlChatEvent *self = g_new0 (KlChatEvent, 1);

  self->ref_count = 1;
  self->name = static_name;
  self->json = json;
  self->length = length;

  return self;
}

KlChatEvent *
kl_chat_event_new_written (const char *static_name, KlJsonWriter *out)
{
  gsize length;
  char *json = kl_json_writer_steal_string (out, &length);

  return kl_chat_event_new_take (static_name, json, length);
}

KlChatEvent *
kl_chat_event_ref (KlChatEvent *self)
{
  self->ref_count++;

  return self;
}

void
kl_chat_event_unref (KlChatEvent *self)
{
  if (--self->ref_count > 0)
    return;

  if (self->packet_destroy)
    self->packet_destroy (self->packet);
  g_free (self->json);
  g_free (self);
}

KlChatEvent *
kl_chat_event_new_message (KlChatGroup *group, gint64 rev, const KlStoreMessage *message)
{
  g_auto (KlJsonWriter) out = { 0 };

  kl_json_writer_init (&out, message->json_length + 96);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", group->id);
  kl_json_member_int (&out, "rev", rev);
  kl_json_member_raw (&out, "message", message->json, message->json_length);
  kl_json_end_object (&out);

  return kl_chat_event_new_written ("message", &out);
}

KlChatEvent *
kl_chat_event_new_removed (KlChatGroup *group, const char *reason)
{
  g_auto (KlJsonWriter) out = { 0 };

  kl_json_writer_init (&out, 96);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", group->id);
  kl_json_member_string (&out, "reason", reason);
  kl_json_end_object (&out);

  return kl_chat_event_new_written ("group:removed", &out);
}

char *
kl_chat_answer_to_rest (const KlChatAnswer *answer, gsize *length)
{
  static const char ok[] = "{\"ok\":true";
  static const char failed[] = "{\"ok\":false";
  gsize skip = answer->code == KL_ERROR_CODE_NONE ? strlen (ok) : strlen (failed);
  char *json;

  /* What follows is ",…}" or "}". */
  if (answer->json[skip] == ',')
    skip++;
  *length = answer->length - skip + 1;
  json = g_malloc (*length + 1);
  json[0] = '{';
  memcpy (json + 1, answer->json + skip, answer->length - skip);
  json[*length] = '\0';

  return json;
}
