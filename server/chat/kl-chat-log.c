/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing to a group's log. Deeds wait in a queue; one batch a group is in flight, and
 * what has come meanwhile makes the next one. A deed is planned against the head and
 * what the batch already holds; where it depends on something that this very batch
 * changes, it waits for the next one. Nothing is applied before it is stored.
 *
 * An append that finds another head, or whose end is not known, is followed by reading
 * the log on; then what was planned is planned again. */
#include "server/chat/kl-chat-private.h"

#include <string.h>

/* Some databases check no more than a hundred documents at once. */
#define BATCH_CHANGES_MAX (100 - KL_STORE_DEED_CHANGES)
#define READ_ON_LIMIT 500

static const KlChatFault fault_gone = { KL_ERROR_CODE_NOT_FOUND, NULL, "there is no such group" };
static const KlChatFault fault_unavailable = { KL_ERROR_CODE_UNAVAILABLE, NULL, "this cannot be stored now" };
static const KlChatFault fault_slug = { KL_ERROR_CODE_CONFLICT, "slug", "this address is taken" };
static const KlChatFault fault_spent = { KL_ERROR_CODE_NOT_FOUND, "invite", "this invite is not good" };

static void
free_deed (KlChatDeed *deed)
{
  g_assert (deed->request == NULL);
  g_free (deed->op);
  deed->class->free (deed);
}

static void
fail_deed (KlChatDeed *deed, const KlChatFault *fault)
{
  kl_chat_request_fault (g_steal_pointer (&deed->request), fault);
  free_deed (deed);
}

void
kl_chat_group_fail_all (KlChatGroup *self, const KlChatFault *fault)
{
  KlChatDeed *deed;

  while ((deed = g_queue_pop_head (&self->pending)))
    fail_deed (deed, fault);
}

/* ── Planning ── */

gboolean
kl_chat_plan_touches (KlChatPlan *plan, gconstpointer what)
{
  return plan->touched->len > 0 && g_ptr_array_find (plan->touched, what, NULL);
}

void
kl_chat_plan_touch (KlChatPlan *plan, gconstpointer what)
{
  g_ptr_array_add (plan->touched, (gpointer) what);
}

KlStoreChange *
kl_chat_plan_change (KlChatPlan *plan, KlChatDeed *deed, KlChangeKind kind)
{
  KlStoreChange *change = kl_store_batch_add (plan->batch, kind);

  change->actor = g_strdup (deed->request->person->id);
  change->time = plan->time;
  change->goes_along = deed->n_changes > 0;
  if (deed->n_changes++ == 0)
    change->op = g_strdup (deed->op);

  return change;
}

void
kl_chat_plan_system (KlChatPlan *plan, KlChatDeed *deed, const char *event, const char *user, const char *by,
                     const char *value)
{
  KlStoreChange *change = kl_chat_plan_change (plan, deed, KL_CHANGE_MESSAGE);
  char id[KL_ID_SIZE];
  KlChatDraft draft = {
    .id = id,
    .group = plan->group->id,
    .seq = ++plan->seq,
    .rev = change->rev,
    .sender = deed->request->person->id,
    .client_id = id,
    .body = "",
    .system_event = event,
    .system_user = user,
    .system_by = by,
    .system_value = value,
    .created_at = plan->time,
  };

  kl_id_source_next (plan->group->chat->ids, plan->time, id);
  change->seq = draft.seq;
  change->message = kl_chat_draft_finish (&draft);
}

/* FALSE: the deed has to wait. */
static gboolean
plan_deed (KlChatPlan *plan, KlChatDeed *deed, KlChatGroup *self)
{
  if (plan->closed || (deed->op && g_hash_table_contains (plan->ops, deed->op)))
    return FALSE;

  deed->first = plan->batch->changes->len;
  deed->n_changes = 0;
  switch (deed->class->plan (deed, plan))
    {
    case KL_DEED_PLANNED:
      g_ptr_array_add (self->planned, deed);
      if (deed->op)
        g_hash_table_add (plan->ops, deed->op);
      break;
    case KL_DEED_ANSWERED:
      free_deed (deed);
      break;
    case KL_DEED_WAIT:
      return FALSE;
    default:
      g_assert_not_reached ();
    }

  return TRUE;
}

static KlStoreBatch *
plan_batch (KlChatGroup *self)
{
  g_autoptr (GPtrArray) touched = g_ptr_array_new ();
  g_autoptr (GHashTable) ops = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (KlStoreBatch) batch = kl_store_batch_new (self->id, self->rev, self->seq);
  KlChatPlan plan = {
    .group = self,
    .batch = batch,
    .seq = self->seq,
    .time = MAX (kl_chat_now_ms (), self->time),
    .touched = touched,
    .ops = ops,
  };
  KlChatDeed *deed;

  while (batch->changes->len <= BATCH_CHANGES_MAX && (deed = g_queue_pop_head (&self->pending)))
    {
      if (plan_deed (&plan, deed, self))
        continue;
      g_queue_push_head (&self->pending, deed);
      break;
    }

  return batch->changes->len > 0 ? g_steal_pointer (&batch) : NULL;
}

/* ── After the append ── */

/* The deeds of the batch, first of all of the next. */
static void
put_back (KlChatGroup *self)
{
  for (guint i = self->planned->len; i > 0; i--)
    {
      KlChatDeed *deed = g_ptr_array_index (self->planned, i - 1);

      if (deed)
        g_queue_push_head (&self->pending, deed);
    }
  g_ptr_array_set_size (self->planned, 0);
}

static KlChatDeed **
find_planned (KlChatGroup *self, guint change)
{
  for (guint i = 0; i < self->planned->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (self->planned, i);

      if (deed && change >= deed->first && change < deed->first + deed->n_changes)
        return (KlChatDeed **) &g_ptr_array_index (self->planned, i);
    }

  return NULL;
}

typedef struct
{
  KlChatGroup *group; /* referenced */
  GPtrArray *deeds;
  gboolean unknown; /* what is not found may or may not have been tried: it is unavailable */
} OpSearch;

static void
on_ops_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  OpSearch *search = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) ops = kl_store_find_ops_finish (KL_STORE (source), result, &error);

  for (guint i = 0; i < search->deeds->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (search->deeds, i);
      const KlStoreOp *op = ops ? g_ptr_array_index (ops, i) : NULL;

      if (!op && (search->unknown || error))
        {
          fail_deed (deed, &fault_unavailable);
          continue;
        }
      deed->class->repeated (deed, op);
      free_deed (deed);
    }
  g_ptr_array_unref (search->deeds);
  kl_chat_group_unref (search->group);
  g_free (search);
}

/* Takes the array with its deeds, which all have an op. */
static void
search_ops (KlChatGroup *self, GPtrArray *deeds, gboolean unknown)
{
  g_autoptr (GPtrArray) ops = g_ptr_array_new ();
  OpSearch *search;

  if (deeds->len == 0)
    {
      g_ptr_array_unref (deeds);
      return;
    }

  for (guint i = 0; i < deeds->len; i++)
    g_ptr_array_add (ops, ((KlChatDeed *) g_ptr_array_index (deeds, i))->op);
  g_ptr_array_add (ops, NULL);
  search = g_new0 (OpSearch, 1);
  search->group = kl_chat_group_ref (self);
  search->deeds = deeds;
  search->unknown = unknown;
  kl_store_find_ops_async (self->chat->store, (const char *const *) ops->pdata, on_ops_found, search);
}

/* The first `n` changes of the batch in flight stand; what is planned beyond them stays. Planning waits until the
 * group is whole again. */
static void
on_stored (KlChatGroup *self, guint n)
{
  g_autoptr (KlStoreBatch) whole = g_steal_pointer (&self->in_flight);
  g_autoptr (KlStoreBatch) batch
      = n == whole->changes->len ? kl_store_batch_ref (whole) : kl_store_batch_dup_first (whole, n);
  g_autoptr (GPtrArray) deeds = g_ptr_array_new ();

  for (guint i = 0; i < self->planned->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (self->planned, i);

      if (deed->first + deed->n_changes > n)
        break;
      g_ptr_array_add (deeds, deed);
    }
  g_ptr_array_remove_range (self->planned, 0, deeds->len);

  self->stored_usec = g_get_monotonic_time ();
  self->planning = TRUE;
  kl_chat_group_apply (self, batch);
  kl_bus_publish (self->chat->bus, batch);
  for (guint i = 0; i < deeds->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (deeds, i);

      deed->class->stored (deed);
      free_deed (deed);
    }
  self->planning = FALSE;
}

static void
on_refused (KlChatGroup *self, const KlAppendResult *result)
{
  GPtrArray *repeated = g_ptr_array_new ();

  for (guint i = 0; i < result->indexes->len; i++)
    {
      KlChatDeed **place = find_planned (self, g_array_index (result->indexes, guint, i));

      if (!place)
        continue;
      if (result->outcome == KL_APPEND_OP_USED)
        g_ptr_array_add (repeated, g_steal_pointer (place));
      else
        fail_deed (g_steal_pointer (place), &fault_spent);
    }
  put_back (self);
  search_ops (self, repeated, FALSE);
}

/* What became of the batch is not known: what has been stored has an op in the log. */
static void
on_unknown (KlChatGroup *self)
{
  GPtrArray *with_op = g_ptr_array_new ();

  for (guint i = 0; i < self->planned->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (self->planned, i);

      if (deed->op)
        g_ptr_array_add (with_op, deed);
      else
        fail_deed (deed, &fault_unavailable);
    }
  g_ptr_array_set_size (self->planned, 0);
  search_ops (self, with_op, TRUE);
  kl_chat_group_fail_all (self, &fault_unavailable);
}

static void
on_appended (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  KlChatGroup *self = user_data;
  g_autoptr (KlChat) chat = self->chat; /* the append's reference */
  g_autoptr (GError) error = NULL;
  g_autoptr (KlAppendResult) result = kl_store_append_finish (KL_STORE (source), async_result, &error);

  if (!result)
    {
      /* Of an outage the store itself tells, once. */
      if (!g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE))
        g_warning ("group %s: %s", self->id, error->message);
      g_clear_pointer (&self->in_flight, kl_store_batch_unref);
      self->uncertain = TRUE;
      on_unknown (self);
    }
  else if (result->outcome == KL_APPEND_OK)
    {
      on_stored (self, self->in_flight->changes->len);
    }
  else
    {
      if (result->n_stored > 0)
        on_stored (self, result->n_stored);
      g_clear_pointer (&self->in_flight, kl_store_batch_unref);
      if (result->outcome == KL_APPEND_SLUG_TAKEN)
        {
          fail_deed (g_ptr_array_steal_index (self->planned, 0), &fault_slug);
          put_back (self);
        }
      else if (result->outcome == KL_APPEND_CONFLICT)
        {
          put_back (self);
          self->uncertain = TRUE;
        }
      else
        {
          on_refused (self, result);
        }
    }

  kl_chat_group_advance (self);
  kl_chat_group_unref (self);
}

/* ── Reading on ── */

static void
on_log_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatGroup *self = user_data;
  g_autoptr (KlChat) chat = self->chat; /* the reading's reference */
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreBatch) batch = kl_store_read_log_finish (KL_STORE (source), result, &error);

  self->reading_log = FALSE;
  if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      if (self->meta)
        kl_chat_group_drop (self);
      kl_chat_group_fail_all (self, &fault_gone);
    }
  else if (error)
    {
      kl_chat_group_fail_all (self, &fault_unavailable);
    }
  else
    {
      kl_chat_group_hear (self, batch);
      if (batch->changes->len < READ_ON_LIMIT)
        self->uncertain = FALSE;
      kl_chat_group_advance (self);
    }
  kl_chat_group_unref (self);
}

void
kl_chat_group_read_on (KlChatGroup *self)
{
  if (self->reading_log || self->in_flight || self->state != KL_GROUP_READY)
    {
      self->uncertain = TRUE;
      return;
    }

  self->uncertain = TRUE;
  self->reading_log = TRUE;
  g_object_ref (self->chat);
  kl_store_read_log_async (self->chat->store, self->id, self->rev, READ_ON_LIMIT, on_log_read,
                           kl_chat_group_ref (self));
}

void
kl_chat_group_hear (KlChatGroup *self, KlStoreBatch *batch)
{
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_person_unuse);
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_person_unuse);

  if (self->state != KL_GROUP_READY || batch->base_rev > self->rev)
    {
      kl_chat_group_read_on (self);
      return;
    }

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
  for (guint i = 0; i < added->len && self->state == KL_GROUP_READY; i++)
    if (kl_chat_group_get_member (self, g_ptr_array_index (added, i)))
      kl_chat_group_greet (self, g_ptr_array_index (added, i), NULL);
  for (guint i = 0; i < changed->len && self->state == KL_GROUP_READY; i++)
    if (kl_chat_group_get_member (self, g_ptr_array_index (changed, i)))
      kl_chat_group_show (self, g_ptr_array_index (changed, i), NULL);
}

/* ── The queue ── */

void
kl_chat_group_advance (KlChatGroup *self)
{
  if (self->in_flight || self->reading_log || self->planning)
    return;
  if (g_queue_is_empty (&self->pending) && !self->uncertain)
    return;
  if (self->state == KL_GROUP_GONE)
    {
      kl_chat_group_fail_all (self, &fault_gone);
      return;
    }
  if (self->uncertain)
    {
      kl_chat_group_read_on (self);
      return;
    }
  if (!kl_chat_gather_is_due (self))
    return;

  self->planning = TRUE;
  self->in_flight = plan_batch (self);
  self->planning = FALSE;
  if (!self->in_flight)
    return;

  g_object_ref (self->chat);
  kl_store_append_async (self->chat->store, self->in_flight, on_appended, kl_chat_group_ref (self));
}

void
kl_chat_group_enqueue (KlChatGroup *self, KlChatDeed *deed)
{
  g_queue_push_tail (&self->pending, deed);
  kl_chat_group_advance (self);
}

/* ── Watched messages ── */

typedef struct
{
  guint watchers;
  KlStoreMessage *newest; /* NULL: has not changed since */
} Watched;

static void
free_watched (Watched *watched)
{
  g_clear_pointer (&watched->newest, kl_store_message_unref);
  g_free (watched);
}

void
kl_chat_group_watch (KlChatGroup *self, const char *message)
{
  Watched *watched;

  if (!self->watched)
    self->watched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) free_watched);
  watched = g_hash_table_lookup (self->watched, message);
  if (!watched)
    {
      watched = g_new0 (Watched, 1);
      g_hash_table_insert (self->watched, g_strdup (message), watched);
    }
  watched->watchers++;
}

void
kl_chat_group_unwatch (KlChatGroup *self, const char *message)
{
  Watched *watched = g_hash_table_lookup (self->watched, message);

  if (--watched->watchers == 0)
    g_hash_table_remove (self->watched, message);
}

KlStoreMessage *
kl_chat_group_get_watched (KlChatGroup *self, const char *message)
{
  Watched *watched = g_hash_table_lookup (self->watched, message);

  return watched ? watched->newest : NULL;
}

void
kl_chat_group_tell_watched (KlChatGroup *self, KlStoreMessage *message)
{
  Watched *watched = self->watched ? g_hash_table_lookup (self->watched, message->id) : NULL;

  if (!watched)
    return;

  kl_store_message_ref (message);
  g_clear_pointer (&watched->newest, kl_store_message_unref);
  watched->newest = message;
}
