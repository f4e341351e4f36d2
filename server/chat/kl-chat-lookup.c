/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/chat/kl-chat-private.h"

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatLookup *self = user_data;
  KlChatPerson *person = self->deed.request->person;

  self->message = kl_store_get_message_finish (KL_STORE (source), result, &self->error);
  self->reading = FALSE;
  person->uses++; /* the last request of it may end here */
  while ((self = g_queue_peek_head (&person->lookups)) && !self->reading)
    {
      g_queue_pop_head (&person->lookups);
      self->go_on (self);
    }
  kl_chat_person_unuse (person);
}

void
kl_chat_lookup_start (KlChatLookup *self, const char *message)
{
  KlChatRequest *request = self->deed.request;

  self->reading = message != NULL;
  if (!self->reading && g_queue_is_empty (&request->person->lookups))
    {
      self->go_on (self);
      return;
    }

  g_queue_push_tail (&request->person->lookups, self);
  if (self->reading)
    kl_store_get_message_async (request->chat->store, request->group->id, message, on_read, self);
}

void
kl_chat_lookup_clear (KlChatLookup *self)
{
  g_clear_pointer (&self->message, kl_store_message_unref);
  g_clear_error (&self->error);
}
