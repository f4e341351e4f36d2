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
/* A conflict with nobody, so often: one of the ops may be an old one. */
#define STUCK_CONFLICTS 3

const KlChatFault kl_chat_fault_gone = { KL_ERROR_CODE_NOT_FOUND, NULL, "there is no such group" };
const KlChatFault kl_chat_fault_unstored = { KL_ERROR_CODE_UNAVAILABLE, NULL, "this cannot be stored now" };
static const KlChatFault fault_slug = { KL_ERROR_CODE_CONFLICT, "slug", "this address is taken" };
static const KlChatFault fault_spent = { KL_ERROR_CODE_NOT_FOUND, "invite", "this invite is not good" };

void
kl_chat_deed_free (KlChatDeed *deed)
{
  g_assert (deed->request == NULL);
  g_free (deed->argument);
  g_free (deed->handed_to);
  g_clear_pointer (&deed->elsewhere, kl_store_message_unref);
  g_free (deed->op);
  deed->class->free (deed);
}

static void
fail_deed (KlChatDeed *deed, const KlChatFault *fault)
{
  kl_chat_request_fault (g_steal_pointer (&deed->request), fault);
  kl_chat_deed_free (deed);
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

static void
plan_system (KlChatPlan *plan, KlChatDeed *deed, const char *event, const char *user, const char *by, const char *value,
             gint64 duration_ms)
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
    .system_duration_ms = duration_ms,
    .created_at = plan->time,
  };

  kl_id_source_next (plan->group->chat->ids, plan->time, id);
  change->seq = draft.seq;
  change->message = kl_chat_draft_finish (&draft);
}

void
kl_chat_plan_system (KlChatPlan *plan, KlChatDeed *deed, const char *event, const char *user, const char *by,
                     const char *value)
{
  plan_system (plan, deed, event, user, by, value, -1);
}

void
kl_chat_plan_call_ended (KlChatPlan *plan, KlChatDeed *deed, gint64 duration_ms)
{
  plan_system (plan, deed, "call", deed->request->person->id, NULL, duration_ms < 0 ? "missed" : NULL, duration_ms);
}

/* FALSE: the deed has to wait. */
static gboolean
plan_deed (KlChatPlan *plan, KlChatDeed *deed, KlChatGroup *self)
{
  if (plan->closed)
    return FALSE;
  if (deed->op && g_hash_table_contains (plan->ops, deed->op))
    {
      self->twins = TRUE;
      return FALSE;
    }
  if (deed->request->replied)
    {
      /* Its client knows better than to wait for it. */
      fail_deed (deed, &kl_chat_fault_unstored);
      return TRUE;
    }

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
      kl_chat_deed_free (deed);
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

/* What is looked for, and what becomes of it that is not found. */
typedef enum
{
  SEARCH_KNOWN,   /* it is there; if not, its class knows what to say */
  SEARCH_UNKNOWN, /* may have been tried: unavailable */
  SEARCH_AGAIN,   /* goes on */
} SearchKind;

typedef struct
{
  KlChatGroup *group; /* referenced */
  GPtrArray *deeds;
  SearchKind kind;
} OpSearch;

static void
on_ops_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  OpSearch *search = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) ops = kl_store_find_ops_finish (KL_STORE (source), result, &error);

  search->group->searching = FALSE;
  for (guint i = search->deeds->len; i > 0; i--)
    {
      KlChatDeed *deed = g_ptr_array_index (search->deeds, i - 1);
      const KlStoreOp *op = ops ? g_ptr_array_index (ops, i - 1) : NULL;

      if (!op && !error && search->kind == SEARCH_AGAIN)
        {
          g_queue_push_head (&search->group->pending, deed);
          continue;
        }
      if (!op && (error || search->kind != SEARCH_KNOWN))
        {
          fail_deed (deed, &kl_chat_fault_unstored);
          continue;
        }
      deed->class->repeated (deed, op);
      kl_chat_deed_free (deed);
    }
  g_ptr_array_unref (search->deeds);
  if (search->kind == SEARCH_AGAIN)
    kl_chat_group_advance (search->group);
  kl_chat_group_unref (search->group);
  g_free (search);
}

/* Takes the array with its deeds, which all have an op. */
static void
search_ops (KlChatGroup *self, GPtrArray *deeds, SearchKind kind)
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
  search->kind = kind;
  self->searching = kind == SEARCH_AGAIN;
  kl_store_find_ops_async (self->chat->store, (const char *const *) ops->pdata, on_ops_found, search);
}

/* Tells the others: what was stored, and the nodes that do not know the group who is in it now. */
static void
publish (KlChatGroup *self, KlStoreBatch *batch)
{
  kl_bus_publish (self->chat->bus, batch);
  for (guint i = 0; i < batch->changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (batch->changes, KlStoreChange, i);

      if (change->kind == KL_CHANGE_MEMBER && change->sets_marks)
        kl_bus_signal (self->chat->bus, &(KlBusSignal) {
                                            .kind = KL_BUS_MEMBERSHIP,
                                            .group = self->id,
                                            .user = change->member->user,
                                        });
    }
}

/* Those of the pending whose op one of these has: the same request, come again meanwhile. */
static GPtrArray *
take_twins (KlChatGroup *self, GPtrArray *deeds)
{
  GPtrArray *twins = g_ptr_array_new ();
  g_autoptr (GHashTable) ops = g_hash_table_new (g_str_hash, g_str_equal);

  self->twins = FALSE;
  for (guint i = 0; i < deeds->len; i++)
    if (((KlChatDeed *) g_ptr_array_index (deeds, i))->op)
      g_hash_table_add (ops, ((KlChatDeed *) g_ptr_array_index (deeds, i))->op);
  for (GList *link = self->pending.head; link;)
    {
      GList *next = link->next;
      KlChatDeed *deed = link->data;

      if (deed->op && g_hash_table_contains (ops, deed->op))
        {
          g_ptr_array_add (twins, deed);
          g_queue_delete_link (&self->pending, link);
        }
      link = next;
    }

  return twins;
}

static void
answer_twins (GPtrArray *twins, KlChatGroup *self, KlStoreBatch *batch, const KlChatDeed *stored)
{
  const KlStoreChange *change = &g_array_index (batch->changes, KlStoreChange, stored->first);
  const KlStoreOp op = { .group = self->id, .kind = change->kind, .rev = change->rev, .seq = change->seq };

  for (guint i = 0; twins && stored->op && i < twins->len; i++)
    {
      KlChatDeed *twin = g_ptr_array_index (twins, i);

      if (!twin || !g_str_equal (twin->op, stored->op))
        continue;
      g_ptr_array_index (twins, i) = NULL;
      twin->class->repeated (twin, &op);
      kl_chat_deed_free (twin);
    }
}

/* The changes of the batch are stored; its deeds may be fewer than those planned. */
static void
settle (KlChatGroup *self, KlStoreBatch *batch, GPtrArray *deeds)
{
  g_autoptr (GPtrArray) twins = NULL;

  self->stored_usec = g_get_monotonic_time ();
  self->stuck = 0;
  /* What is asked for meanwhile is planned when the group is whole again. */
  self->planning = TRUE;
  if (self->twins)
    twins = take_twins (self, deeds);
  kl_chat_group_apply (self, batch);
  kl_chat_group_wrote (self, NULL);
  publish (self, batch);
  for (guint i = 0; i < deeds->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (deeds, i);

      answer_twins (twins, self, batch, deed);
      deed->class->stored (deed);
      kl_chat_deed_free (deed);
    }
  self->planning = FALSE;
  kl_chat_group_born (self);
}

static void
on_stored (KlChatGroup *self)
{
  g_autoptr (KlStoreBatch) batch = g_steal_pointer (&self->in_flight);
  g_autoptr (GPtrArray) deeds = g_steal_pointer (&self->planned);

  self->planned = g_ptr_array_new ();
  settle (self, batch, deeds);
}

/* Another writer has come in between: the batch's first changes are stored, the deeds beyond them stay planned. */
static void
settle_part (KlChatGroup *self, guint n_stored)
{
  g_autoptr (KlStoreBatch) whole = g_steal_pointer (&self->in_flight);
  g_autoptr (KlStoreBatch) batch = NULL;
  g_autoptr (GPtrArray) deeds = g_ptr_array_new ();

  if (n_stored == 0)
    return;

  batch = kl_store_batch_dup_first (whole, n_stored);
  for (guint i = 0; i < self->planned->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (self->planned, i);

      if (!deed || deed->first + deed->n_changes > n_stored)
        continue;
      g_ptr_array_add (deeds, deed);
      g_ptr_array_index (self->planned, i) = NULL;
    }
  settle (self, batch, deeds);
}

static void
on_refused (KlChatGroup *self, const KlAppendResult *result)
{
  GPtrArray *repeated = g_ptr_array_new ();
  gint64 base_rev = self->in_flight->base_rev;

  /* These need no more looking for. */
  kl_chat_group_settle_planned (self);
  if (result->outcome == KL_APPEND_SLUG_TAKEN)
    fail_deed (g_steal_pointer (&g_ptr_array_index (self->planned, 0)), &fault_slug);
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
  settle_part (self, result->n_stored);
  if (result->outcome == KL_APPEND_CONFLICT)
    kl_chat_group_note_loss (self);
  put_back (self);
  if (self->twins && repeated->len > 0)
    {
      g_autoptr (GPtrArray) twins = take_twins (self, repeated);

      g_ptr_array_extend (repeated, twins, NULL, NULL);
    }
  search_ops (self, repeated, SEARCH_KNOWN);
  if (result->outcome != KL_APPEND_CONFLICT)
    return;

  /* Who has won may have told already. */
  if (self->rev <= base_rev + result->n_stored)
    {
      self->stuck++;
      kl_chat_group_await_winner (self);
    }
}

/* Nobody has won, and yet it cannot be stored: an op may be an old one. */
static void
search_pending (KlChatGroup *self)
{
  GPtrArray *with_op = g_ptr_array_new ();

  g_info ("group %s: nobody else writes behind rev %" G_GINT64_FORMAT " (seq %" G_GINT64_FORMAT
          "), and yet it conflicts",
          self->id, self->rev, self->seq);
  self->stuck = 0;
  for (GList *link = self->pending.head; link && with_op->len < BATCH_CHANGES_MAX;)
    {
      GList *next = link->next;
      KlChatDeed *deed = link->data;

      if (deed->op)
        {
          g_ptr_array_add (with_op, deed);
          g_queue_delete_link (&self->pending, link);
        }
      link = next;
    }
  search_ops (self, with_op, SEARCH_AGAIN);
}

/* What became of the batch is not known: what has been stored has an op in the log. */
static void
on_unknown (KlChatGroup *self)
{
  GPtrArray *with_op = g_ptr_array_new ();

  g_clear_pointer (&self->in_flight, kl_store_batch_unref);
  self->uncertain = TRUE;
  self->unpublished = TRUE;
  kl_chat_group_settle_planned (self);
  for (guint i = 0; i < self->planned->len; i++)
    {
      KlChatDeed *deed = g_ptr_array_index (self->planned, i);

      if (!deed)
        continue;
      if (deed->op)
        g_ptr_array_add (with_op, deed);
      else
        fail_deed (deed, &kl_chat_fault_unstored);
    }
  g_ptr_array_set_size (self->planned, 0);
  search_ops (self, with_op, SEARCH_UNKNOWN);
  kl_chat_group_fail_all (self, &kl_chat_fault_unstored);
}

static void
on_appended (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  KlChatGroup *self = user_data;
  g_autoptr (KlChat) chat = self->chat; /* the append's reference */
  g_autoptr (GError) error = NULL;
  g_autoptr (KlAppendResult) result = kl_store_append_finish (KL_STORE (source), async_result, &error);

  self->append_usec += g_get_monotonic_time ();
  if (!result)
    {
      /* Of an outage the store itself tells, once. */
      if (!g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE))
        g_warning ("group %s: %s", self->id, error->message);
      on_unknown (self);
    }
  else if (result->outcome == KL_APPEND_OK)
    {
      on_stored (self);
    }
  else
    {
      on_refused (self, result);
    }

  kl_chat_group_catch_up (self);
  kl_chat_group_release_handed (self);
  kl_chat_group_hand_over_pending (self);
  kl_chat_group_advance (self);
  kl_chat_group_unref (self);
}

/* ── The queue ── */

void
kl_chat_group_advance (KlChatGroup *self)
{
  if (self->in_flight || self->reading_log || self->planning || self->searching || self->awaiting_winner)
    return;
  if (g_queue_is_empty (&self->pending) && !self->uncertain)
    return;
  if (self->state == KL_GROUP_GONE)
    {
      kl_chat_group_fail_all (self, &kl_chat_fault_gone);
      return;
    }
  if (self->uncertain)
    {
      kl_chat_group_read_on (self);
      return;
    }
  if (self->stuck >= STUCK_CONFLICTS)
    {
      search_pending (self);
      if (self->searching)
        return;
    }
  if (!kl_chat_gather_is_due (self))
    return;

  self->planning = TRUE;
  self->in_flight = plan_batch (self);
  self->planning = FALSE;
  if (!self->in_flight)
    return;

  self->append_usec = -g_get_monotonic_time ();
  g_object_ref (self->chat);
  kl_store_append_async (self->chat->store, self->in_flight, on_appended, kl_chat_group_ref (self));
}

void
kl_chat_group_enqueue (KlChatGroup *self, KlChatDeed *deed)
{
  if (kl_chat_group_hand_over (self, deed))
    return;

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
