/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests that may take long, which sync is, take turns: one of a connection after the other, and on the whole node so
 * many at a time. Where the store is slow, a thousand that all go on by a step at a time would all be too late; so the
 * first of them come to their end, and the others wait for a turn. It is not given where it would be in vain: to one
 * whose connection has gone, or who has waited for half of his time. And who would have to wait that long, by what
 * turns take of late, is told at once to come again.
 *
 * A connection has one request in the queue or at its turn; what it asks for meanwhile waits behind that one. */
#include "server/chat/kl-chat-private.h"

#define AVERAGE_OVER 16

static gboolean
has_free_turn (KlChat *chat)
{
  return chat->settings.syncs_at_once == 0 || chat->n_turns < chat->settings.syncs_at_once;
}

static gint64
get_patience_usec (KlChat *chat)
{
  return chat->settings.request_ms * 1000 * KL_CHAT_PATIENCE / 2;
}

static gboolean
is_late (const KlChatRequest *self, gint64 now_usec)
{
  return self->chat->settings.request_ms > 0 && now_usec - self->begun_usec >= get_patience_usec (self->chat);
}

/* How long one who comes now would wait. */
static gint64
foresee_usec (KlChat *chat)
{
  return chat->turn_usec * (chat->turns.length + 1) / MAX (chat->settings.syncs_at_once, 1);
}

static void
refuse (KlChatRequest *self)
{
  kl_chat_request_fail (self, KL_ERROR_CODE_UNAVAILABLE, NULL, "too many are waiting for the server's store");
}

static void
take (KlChatRequest *self)
{
  self->chat->n_turns++;
  self->turn = KL_TURN_TAKEN;
  self->turn_usec = g_get_monotonic_time ();
}

/* Requests that are answered here may be followed by those behind them; that happens one after the other, not one in
 * the other. */
static void
give_turns (KlChat *chat)
{
  KlChatRequest *next;

  if (chat->giving_turns)
    return;

  g_object_ref (chat);
  chat->giving_turns = TRUE;
  while (has_free_turn (chat) && (next = g_queue_peek_head (&chat->turns)))
    {
      g_queue_unlink (&chat->turns, &next->turn_link);
      if (kl_chat_request_is_vain (next) || is_late (next, g_get_monotonic_time ()))
        {
          next->turn = KL_TURN_NEXT;
          refuse (next);
          continue;
        }
      take (next);
      kl_chat_request_go_on (next);
    }
  chat->giving_turns = FALSE;
  g_object_unref (chat);
}

gboolean
kl_chat_turns_take (KlChatRequest *self)
{
  if (self->connection->turn || self->chat->turns.length > 0 || !has_free_turn (self->chat))
    return FALSE;

  self->connection->turn = self;
  take (self);

  return TRUE;
}

void
kl_chat_turns_wait (KlChatRequest *self)
{
  KlChat *chat = self->chat;
  KlChatConnection *connection = self->connection;

  self->turn_link.data = self;
  if (connection->turn)
    {
      self->turn = KL_TURN_BEHIND;
      g_queue_push_tail_link (&connection->behind, &self->turn_link);
      return;
    }

  connection->turn = self;
  self->turn = KL_TURN_NEXT;
  if (chat->turns.length > 0 && chat->settings.request_ms > 0 && foresee_usec (chat) > get_patience_usec (chat))
    {
      refuse (self);
      return;
    }
  g_queue_push_tail_link (&chat->turns, &self->turn_link);
  self->turn = KL_TURN_WAITS;
}

void
kl_chat_turns_leave (KlChatRequest *self)
{
  KlChat *chat = self->chat;
  KlChatConnection *connection = self->connection;
  KlChatRequest *next;

  if (self->turn == KL_TURN_NONE)
    return;
  if (self->turn == KL_TURN_BEHIND)
    {
      g_queue_unlink (&connection->behind, &self->turn_link);
      return;
    }

  if (self->turn == KL_TURN_WAITS)
    g_queue_unlink (&chat->turns, &self->turn_link);
  if (self->turn == KL_TURN_TAKEN)
    {
      chat->n_turns--;
      chat->turn_usec += (g_get_monotonic_time () - self->turn_usec - chat->turn_usec) / AVERAGE_OVER;
    }
  connection->turn = NULL;
  next = g_queue_peek_head (&connection->behind);
  if (next)
    {
      g_queue_unlink (&connection->behind, &next->turn_link);
      connection->turn = next;
      next->turn = KL_TURN_WAITS;
      g_queue_push_tail_link (&chat->turns, &next->turn_link);
    }
  give_turns (chat);
}

void
kl_chat_turns_tick (KlChat *chat)
{
  gint64 now_usec = g_get_monotonic_time ();
  KlChatRequest *first;

  while ((first = g_queue_peek_head (&chat->turns)) && is_late (first, now_usec))
    refuse (first);
}

void
kl_chat_turns_connection_ended (KlChatConnection *connection)
{
  KlChatRequest *request;

  while ((request = g_queue_peek_tail (&connection->behind)))
    refuse (request);
  if (connection->turn && ((KlChatRequest *) connection->turn)->turn == KL_TURN_WAITS)
    refuse (connection->turn);
}
