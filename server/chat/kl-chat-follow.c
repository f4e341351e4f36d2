/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Following a log to which others write too. What is heard is applied in the order of its revs, each once; what comes
 * too early is kept, and what is missing is waited for a moment, then read from the store. The same wait gives the
 * winner of a race the time to say by the bus what he has written. Nothing here is needed for being right: an append is
 * conditional on the head, and reading on brings all. */
#include "server/chat/kl-chat-private.h"

#define READ_ON_LIMIT 500
/* What is kept of what came too early; reading brings the rest. */
#define AHEAD_MAX 256
#define VAIN_WAITS_MAX 2

typedef struct
{
  KlStoreBatch *batch;
  char *node;
} Ahead;

static void
free_ahead (Ahead *ahead)
{
  kl_store_batch_unref (ahead->batch);
  g_free (ahead->node);
  g_free (ahead);
}

/* ── Waiting ── */

static gboolean
on_waited (gpointer user_data)
{
  KlChatGroup *self = user_data;

  self->wait_source = 0;
  self->vain_waits += self->awaiting_winner;
  self->awaiting_winner = FALSE;
  kl_chat_group_read_on (self);

  return G_SOURCE_REMOVE;
}

static void
start_waiting (KlChatGroup *self, gint64 ms)
{
  if (self->wait_source == 0)
    self->wait_source = g_timeout_add (ms, on_waited, self);
}

static void
stop_waiting (KlChatGroup *self)
{
  g_clear_handle_id (&self->wait_source, g_source_remove);
  self->awaiting_winner = FALSE;
}

void
kl_chat_group_await_winner (KlChatGroup *self)
{
  /* One who does not speak, since his bus is gone, is not listened for again and again. */
  if (self->vain_waits >= VAIN_WAITS_MAX || !kl_bus_is_ready (self->chat->bus, NULL))
    {
      self->uncertain = TRUE;
      return;
    }

  stop_waiting (self);
  self->awaiting_winner = TRUE;
  start_waiting (self, self->chat->settings.winner_wait_ms);
}

void
kl_chat_group_stop_following (KlChatGroup *self)
{
  stop_waiting (self);
  g_clear_pointer (&self->ahead, g_ptr_array_unref);
}

/* ── Applying ── */

void
kl_chat_group_wrote (KlChatGroup *self, const char *node)
{
  if (g_strcmp0 (self->last_writer, node) != 0)
    g_set_str (&self->last_writer, node);
  self->last_written_usec = g_get_monotonic_time ();
}

/* Changes by others that are the next ones, with what the people concerned are to see of them. */
static void
take (KlChatGroup *self, KlStoreBatch *batch, const char *node)
{
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_person_unuse);
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_person_unuse);
  gint64 rev = self->rev;

  for (guint i = 0; i < batch->changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (batch->changes, KlStoreChange, i);
      KlChatPerson *person = change->kind == KL_CHANGE_MEMBER && change->rev > self->rev
                                 ? kl_chat_person_peek (self->chat, change->member->user)
                                 : NULL;

      if (!person || change->member->role == KL_ROLE_NONE)
        continue;
      person->uses++;
      g_ptr_array_add (kl_chat_group_get_member (self, person) ? changed : added, person);
    }
  kl_chat_group_apply (self, batch);
  if (self->rev > rev)
    {
      self->stuck = 0;
      self->rival_usec = g_get_monotonic_time ();
      if (node)
        self->vain_waits = 0;
      if (self->awaiting_winner)
        stop_waiting (self);
      if (node)
        kl_chat_group_wrote (self, node);
    }
  for (guint i = 0; i < added->len && self->state == KL_GROUP_READY; i++)
    if (kl_chat_group_get_member (self, g_ptr_array_index (added, i)))
      kl_chat_group_greet (self, g_ptr_array_index (added, i), NULL);
  for (guint i = 0; i < changed->len && self->state == KL_GROUP_READY; i++)
    if (kl_chat_group_get_member (self, g_ptr_array_index (changed, i)))
      kl_chat_group_show (self, g_ptr_array_index (changed, i), NULL);
}

static void
keep_ahead (KlChatGroup *self, KlStoreBatch *batch, const char *node)
{
  Ahead *ahead;
  guint place;

  if (!self->ahead)
    self->ahead = g_ptr_array_new_with_free_func ((GDestroyNotify) free_ahead);
  if (self->ahead->len < AHEAD_MAX)
    {
      for (place = self->ahead->len; place > 0; place--)
        if (((Ahead *) g_ptr_array_index (self->ahead, place - 1))->batch->base_rev <= batch->base_rev)
          break;
      ahead = g_new0 (Ahead, 1);
      ahead->batch = kl_store_batch_ref (batch);
      ahead->node = g_strdup (node);
      g_ptr_array_insert (self->ahead, (int) place, ahead);
    }
  start_waiting (self, self->chat->settings.gap_wait_ms);
}

void
kl_chat_group_catch_up (KlChatGroup *self)
{
  if (!self->ahead)
    return;

  while (self->ahead && self->ahead->len > 0 && self->state == KL_GROUP_READY)
    {
      Ahead *ahead = g_ptr_array_index (self->ahead, 0);

      if (ahead->batch->base_rev > self->rev)
        {
          if (!self->reading_log)
            start_waiting (self, self->chat->settings.gap_wait_ms);
          return;
        }
      ahead = g_ptr_array_steal_index (self->ahead, 0);
      take (self, ahead->batch, ahead->node);
      free_ahead (ahead);
    }
  if (!self->awaiting_winner)
    stop_waiting (self);
  g_clear_pointer (&self->ahead, g_ptr_array_unref);
}

void
kl_chat_group_hear (KlChatGroup *self, KlStoreBatch *batch, const char *node)
{
  gint64 rev = self->rev;

  if (self->state != KL_GROUP_READY)
    {
      self->uncertain = TRUE; /* what is being loaded may be older */
      return;
    }
  if (batch->base_rev > self->rev)
    {
      keep_ahead (self, batch, node);
      return;
    }

  kl_chat_group_ref (self);
  take (self, batch, node);
  if (self->rev > rev || self->state != KL_GROUP_READY)
    {
      kl_chat_group_catch_up (self);
      kl_chat_group_release_handed (self);
      kl_chat_group_advance (self);
    }
  kl_chat_group_unref (self);
}

/* ── Reading ── */

static void
on_log_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatGroup *self = user_data;
  g_autoptr (KlChat) chat = self->chat; /* the reading's reference */
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreBatch) batch = kl_store_read_log_finish (KL_STORE (source), result, &error);

  self->reading_log = FALSE;
  if (self->state != KL_GROUP_READY)
    {
      kl_chat_group_advance (self);
    }
  else if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      if (self->meta)
        kl_chat_group_vanish (self);
      kl_chat_group_fail_all (self, &kl_chat_fault_gone);
    }
  else if (error)
    {
      self->uncertain = TRUE;
      kl_chat_group_fail_all (self, &kl_chat_fault_unstored);
    }
  else
    {
      if (batch->changes->len == READ_ON_LIMIT)
        self->uncertain = TRUE;
      if (self->unpublished && batch->changes->len > 0)
        kl_bus_publish (chat->bus, batch);
      self->unpublished = FALSE;
      take (self, batch, NULL);
      kl_chat_group_catch_up (self);
      kl_chat_group_release_handed (self);
      kl_chat_group_advance (self);
    }
  kl_chat_group_unref (self);
}

void
kl_chat_group_read_on (KlChatGroup *self)
{
  self->uncertain = TRUE;
  if (self->reading_log || self->in_flight || self->state != KL_GROUP_READY)
    return;

  stop_waiting (self);
  /* Whoever asks from now on asks for another reading. */
  self->uncertain = FALSE;
  self->reading_log = TRUE;
  g_object_ref (self->chat);
  kl_store_read_log_async (self->chat->store, self->id, self->rev, READ_ON_LIMIT, on_log_read,
                           kl_chat_group_ref (self));
}
