/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes that write to one group at the same time lose races to each other. So whoever finds that another node has
 * written the group's head just now hands it the request and waits for it to show in the log. That is a hint: what has
 * not shown after a moment is written here, and its op sees to it that it is there once; if others are quicker again
 * and again, it is handed over once more. What was handed over is never handed on. The rate was taken, and what it
 * replies to found, where the request came in; whether the person is in the group is decided by who plans it.
 *
 * A person's requests keep their order: behind one that another node has, the next goes there too, or waits. */
#include "server/chat/kl-chat-private.h"

#include <string.h>

/* So many races are lost with what was taken back before it is given again. */
#define LOSSES_MAX 3

static gboolean
is_hot_elsewhere (KlChatGroup *self)
{
  const KlChatSettings *settings = &self->chat->settings;

  return self->last_writer && self->state == KL_GROUP_READY
         && g_get_monotonic_time () - self->last_written_usec < settings->forward_window_ms * 1000
         && kl_bus_is_ready (self->chat->bus, NULL);
}

/* The person's last in the queue. */
static KlChatDeed *
find_deed_of (GQueue *deeds, KlChatPerson *person)
{
  for (GList *link = deeds->tail; link; link = link->prev)
    if (((KlChatDeed *) link->data)->request->person == person)
      return link->data;

  return NULL;
}

static gboolean
is_under_way_here (KlChatGroup *self, KlChatPerson *person)
{
  for (guint i = 0; i < self->planned->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (self->planned, i);

      if (deed && deed->request->person == person)
        return TRUE;
    }

  return find_deed_of (&self->pending, person) != NULL;
}

/* ── Giving ── */

static gboolean
on_handed_late (gpointer user_data);

static void
watch_handed (KlChatGroup *self)
{
  gint64 now_usec = g_get_monotonic_time ();
  gint64 due_usec = G_MAXINT64;

  g_clear_handle_id (&self->handed_source, g_source_remove);
  for (GList *link = self->handed.head; link; link = link->next)
    {
      const KlChatDeed *deed = link->data;

      if (deed->handed_usec > 0)
        due_usec = MIN (due_usec, deed->handed_usec + self->chat->settings.forward_wait_ms * 1000);
    }
  if (due_usec < G_MAXINT64)
    self->handed_source = g_timeout_add (MAX (0, (due_usec - now_usec) / 1000) + 1, on_handed_late, self);
}

static void
give (KlChatGroup *self, KlChatDeed *deed)
{
  kl_bus_forward (self->chat->bus, self->last_writer,
                  &(KlBusForward) {
                      .user = deed->request->person->id,
                      .group = self->id,
                      .json = deed->argument,
                      .json_length = deed->argument_length,
                  });
  deed->handed_usec = g_get_monotonic_time ();
  self->has_given = TRUE;
  g_set_str (&deed->handed_to, self->last_writer);
  if (self->handed_source == 0)
    watch_handed (self);
}

static gboolean
can_be_given (const KlChatDeed *deed)
{
  return deed->argument && !deed->stays && deed->class->stored_elsewhere;
}

gboolean
kl_chat_group_hand_over (KlChatGroup *self, KlChatDeed *deed)
{
  KlChatPerson *person = deed->request->person;
  gboolean hot = can_be_given (deed) && is_hot_elsewhere (self);
  const KlChatDeed *before = find_deed_of (&self->handed, person);

  if (!before && (!hot || is_under_way_here (self, person)))
    return FALSE;

  g_queue_push_tail (&self->handed, deed);
  deed->handed_usec = 0;
  if (hot && (!before || (before->handed_usec > 0 && g_str_equal (before->handed_to, self->last_writer))))
    give (self, deed);

  return TRUE;
}

void
kl_chat_group_hand_over_pending (KlChatGroup *self)
{
  GQueue pending = self->pending;
  KlChatDeed *deed;

  if (g_queue_is_empty (&pending) || self->in_flight || !is_hot_elsewhere (self))
    return;

  g_queue_init (&self->pending);
  while ((deed = g_queue_pop_head (&pending)))
    if (!kl_chat_group_hand_over (self, deed))
      g_queue_push_tail (&self->pending, deed);
}

/* ── What becomes of it ── */

/* By the person who sent it. *ANY: there is one at all. */
static gboolean
is_of (const KlChatDeed *deed, const KlStoreMessage *message, gboolean *any)
{
  if (!deed || !deed->handed_to)
    return FALSE;
  *any = TRUE;

  return g_str_equal (deed->request->person->id, message->sender);
}

/* Is with another node, or was, and by the same person. */
static gboolean
may_be_handed (KlChatGroup *self, const KlStoreMessage *message)
{
  gboolean any = FALSE;

  if (!self->has_given)
    return FALSE;
  for (GList *link = self->handed.head; link; link = link->next)
    if (is_of (link->data, message, &any))
      return TRUE;
  for (GList *link = self->pending.head; link; link = link->next)
    if (is_of (link->data, message, &any))
      return TRUE;
  for (guint i = 0; i < self->planned->len; i++)
    if (is_of (g_ptr_array_index (self->planned, i), message, &any))
      return TRUE;
  self->has_given = any;

  return FALSE;
}

/* Takes the deed of this op out of the queue and answers it. */
static gboolean
settle_in (GQueue *deeds, const char *op, KlStoreMessage *message)
{
  for (GList *link = deeds->head; link; link = link->next)
    {
      KlChatDeed *deed = link->data;

      if (!deed->handed_to || g_strcmp0 (deed->op, op) != 0)
        continue;
      g_queue_delete_link (deeds, link);
      kl_chat_deed_settle_elsewhere (deed, message);
      return TRUE;
    }

  return FALSE;
}

void
kl_chat_deed_settle_elsewhere (KlChatDeed *deed, KlStoreMessage *message)
{
  deed->class->stored_elsewhere (deed, message);
  kl_chat_deed_free (deed);
}

void
kl_chat_group_settle_handed (KlChatGroup *self, KlStoreMessage *message)
{
  g_autoptr (KlJson) json = NULL;
  g_autofree char *op = NULL;
  KlChatDraft draft;

  if (!(message->flags & KL_MESSAGE_SYSTEM) && may_be_handed (self, message))
    json = kl_json_parse (message->json, message->json_length, NULL);
  if (!json)
    return;

  kl_chat_draft_read (&draft, json);
  op = g_strconcat (message->sender, "\n", draft.client_id, NULL);
  /* What was taken back was with the other node all the same. */
  if (settle_in (&self->handed, op, message) || settle_in (&self->pending, op, message))
    return;
  for (guint i = 0; i < self->planned->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (self->planned, i);

      if (!deed || !deed->handed_to || deed->elsewhere || g_strcmp0 (deed->op, op) != 0)
        continue;
      deed->elsewhere = kl_store_message_ref (message);
      return;
    }
}

void
kl_chat_group_note_loss (KlChatGroup *self)
{
  for (guint i = 0; i < self->planned->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (self->planned, i);

      /* The other one writes more often than an append takes here, and would win for ever. */
      if (deed && deed->stays && ++deed->losses >= LOSSES_MAX)
        deed->stays = FALSE;
    }
}

void
kl_chat_group_settle_planned (KlChatGroup *self)
{
  for (guint i = 0; i < self->planned->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (self->planned, i);

      if (!deed || !deed->elsewhere)
        continue;
      g_ptr_array_index (self->planned, i) = NULL;
      kl_chat_deed_settle_elsewhere (deed, deed->elsewhere);
    }
}

void
kl_chat_group_take_back_handed (KlChatGroup *self)
{
  KlChatDeed *deed;

  g_clear_handle_id (&self->handed_source, g_source_remove);
  while ((deed = g_queue_pop_head (&self->handed)))
    {
      if (deed->handed_usec > 0)
        {
          deed->stays = TRUE;
          deed->losses = 0;
        }
      g_queue_push_tail (&self->pending, deed);
    }
}

static gboolean
on_handed_late (gpointer user_data)
{
  KlChatGroup *self = user_data;
  gint64 now_usec = g_get_monotonic_time ();
  gboolean late = FALSE;

  self->handed_source = 0;
  for (GList *link = self->handed.head; link && !late; link = link->next)
    {
      const KlChatDeed *deed = link->data;

      late = deed->handed_usec > 0 && now_usec - deed->handed_usec >= self->chat->settings.forward_wait_ms * 1000;
    }
  if (!late)
    {
      watch_handed (self);
      return G_SOURCE_REMOVE;
    }

  /* That node does not answer. All comes back, so that its order stays. */
  kl_chat_group_ref (self);
  kl_chat_group_wrote (self, NULL);
  kl_chat_group_take_back_handed (self);
  kl_chat_group_advance (self);
  kl_chat_group_unref (self);

  return G_SOURCE_REMOVE;
}

void
kl_chat_group_release_handed (KlChatGroup *self)
{
  GQueue handed = self->handed;
  gboolean waits = FALSE;
  KlChatDeed *deed;

  for (GList *link = handed.head; link && !waits; link = link->next)
    waits = ((KlChatDeed *) link->data)->handed_usec == 0;
  if (!waits)
    {
      watch_handed (self);
      return;
    }

  /* Those that are with the other node stay; each of the others is looked at anew behind those before it. */
  g_queue_init (&self->handed);
  while ((deed = g_queue_pop_head (&handed)))
    if (deed->handed_usec > 0)
      g_queue_push_tail (&self->handed, deed);
    else if (!kl_chat_group_hand_over (self, deed))
      g_queue_push_tail (&self->pending, deed);
  watch_handed (self);
}

/* ── Taking ── */

static void
on_done_for_other (const KlChatAnswer *answer, gpointer unused)
{
}

void
kl_chat_take_over (KlChat *chat, const KlBusForward *forward)
{
  KlChatGroup *group = g_hash_table_lookup (chat->groups, forward->group);
  g_autoptr (KlJson) json = NULL;

  if (!group || group->state != KL_GROUP_READY || !group->meta)
    return;

  json = kl_json_parse (forward->json, forward->json_length, NULL);
  if (json)
    kl_chat_begin (chat, forward->user, &kl_chat_handed_entry, kl_json_get_root (json), on_done_for_other, NULL);
}
