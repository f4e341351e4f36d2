/* SPDX-License-Identifier: GPL-3.0-or-later
 * The loaded stretch of a group's messages and, behind it, the unsent ones.
 *
 * "stored" holds consecutive seq, so that a seq's place is a subtraction, and whether two pages adjoin is arithmetic.
 * The unsent ones are items only while the stretch reaches the newest message: else they would stand beside old ones.
 */
#include "app/core/kl-message-list-private.h"

enum
{
  STORED_MAX = 6000,  /* when more are loaded … */
  STORED_KEEP = 5000, /* … so many stay */
};

struct _KlMessageList
{
  GObject parent_instance;

  KlGroup *group;
  GPtrArray *stored;  /* owned KlMessage, consecutive seq */
  GPtrArray *pending; /* owned KlMessage, as they will be sent */
  KlMessageLoad load;
  gpointer load_data;
  gint64 first_unread_seq;
  guint n_loading;
  gboolean loading_older;
  gboolean loading_newer;
  gboolean more_before;
  gboolean more_after;
};

typedef enum
{
  PROP_GROUP = 1,
  PROP_LOADING,
  PROP_LOADING_OLDER,
  PROP_LOADING_NEWER,
  PROP_MORE_BEFORE,
  PROP_MORE_AFTER,
  PROP_FIRST_UNREAD_SEQ,
} Prop;

static GParamSpec *props[PROP_FIRST_UNREAD_SEQ + 1];

static void
kl_message_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlMessageList, kl_message_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, kl_message_list_model_init))

/* ── The model ── */

static guint
shown_pending (KlMessageList *self)
{
  return self->more_after ? 0 : self->pending->len;
}

static GType
kl_message_list_get_item_type (GListModel *model)
{
  return KL_TYPE_MESSAGE;
}

static guint
kl_message_list_get_n_items (GListModel *model)
{
  KlMessageList *self = KL_MESSAGE_LIST (model);

  return self->stored->len + shown_pending (self);
}

static gpointer
kl_message_list_get_item (GListModel *model, guint position)
{
  KlMessageList *self = KL_MESSAGE_LIST (model);

  if (position < self->stored->len)
    return g_object_ref (g_ptr_array_index (self->stored, position));
  position -= self->stored->len;
  if (position < shown_pending (self))
    return g_object_ref (g_ptr_array_index (self->pending, position));
  return NULL;
}

static void
kl_message_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kl_message_list_get_item_type;
  iface->get_n_items = kl_message_list_get_n_items;
  iface->get_item = kl_message_list_get_item;
}

static void
items_changed (KlMessageList *self, guint position, guint removed, guint added)
{
  if (removed > 0 || added > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
}

static void
set_more_before (KlMessageList *self, gboolean more)
{
  if (self->more_before == more)
    return;
  self->more_before = more;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MORE_BEFORE]);
}

static void
set_more_after (KlMessageList *self, gboolean more)
{
  if (self->more_after == more)
    return;
  self->more_after = more;
  items_changed (self, self->stored->len, more ? self->pending->len : 0, more ? 0 : self->pending->len);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MORE_AFTER]);
}

static gint64
seq_at (GPtrArray *messages, guint i)
{
  return kl_message_get_seq (g_ptr_array_index (messages, i));
}

gboolean
kl_message_list_get_range (KlMessageList *self, gint64 *first_seq, gint64 *last_seq)
{
  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), FALSE);

  if (self->stored->len == 0)
    return FALSE;
  *first_seq = seq_at (self->stored, 0);
  *last_seq = seq_at (self->stored, self->stored->len - 1);
  return TRUE;
}

gboolean
kl_message_list_find_seq (KlMessageList *self, gint64 seq, guint *position)
{
  gint64 first, last;

  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), FALSE);

  if (!kl_message_list_get_range (self, &first, &last) || seq < first || seq > last)
    return FALSE;
  if (position != NULL)
    *position = (guint) (seq - first);
  return TRUE;
}

KlMessage *
kl_message_list_peek_seq (KlMessageList *self, gint64 seq)
{
  guint position;

  if (!kl_message_list_find_seq (self, seq, &position))
    return NULL;
  return g_ptr_array_index (self->stored, position);
}

static gboolean
find_pending (KlMessageList *self, const char *client_id, guint *position)
{
  for (guint i = 0; i < self->pending->len; i++)
    if (g_strcmp0 (kl_message_get_client_id (g_ptr_array_index (self->pending, i)), client_id) == 0)
      {
        *position = i;
        return TRUE;
      }
  return FALSE;
}

KlMessage *
kl_message_list_peek_pending (KlMessageList *self, const char *client_id)
{
  guint i;

  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), NULL);

  if (client_id == NULL || !find_pending (self, client_id, &i))
    return NULL;
  return g_ptr_array_index (self->pending, i);
}

guint
kl_message_list_get_n_pending (KlMessageList *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), 0);
  return shown_pending (self);
}

/* ── The unread line and the read ticks ── */

void
kl_message_list_set_first_unread_seq (KlMessageList *self, gint64 seq)
{
  if (self->first_unread_seq == seq)
    return;
  self->first_unread_seq = seq;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FIRST_UNREAD_SEQ]);
}

static void
mark_read_by_others (KlMessageList *self, KlMessage *message)
{
  if (kl_message_get_mine (message) && kl_message_get_state (message) == KL_MESSAGE_STATE_SENT
      && kl_message_get_seq (message) <= kl_group_get_others_read_seq (self->group))
    g_object_set (message, "state", KL_MESSAGE_STATE_READ, NULL);
}

static void
on_others_read (KlMessageList *self)
{
  for (guint i = self->stored->len; i > 0; i--)
    mark_read_by_others (self, g_ptr_array_index (self->stored, i - 1));
}

/* ── Changes ── */

/* The last stretch of consecutive seq: what a server that breaks the contract sends must not break us. */
static guint
start_of_run (GPtrArray *messages)
{
  guint i = messages->len;

  if (i == 0)
    return 0;
  for (i--; i > 0 && seq_at (messages, i - 1) == seq_at (messages, i) - 1; i--)
    ;
  return i;
}

static void
insert_range (KlMessageList *self, guint position, GPtrArray *messages, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    {
      KlMessage *message = g_ptr_array_index (messages, i);

      g_ptr_array_insert (self->stored, (int) (position + i - from), g_object_ref (message));
      mark_read_by_others (self, message);
    }
}

/* Gives up rows at the end that the reader is not at. */
static void
trim (KlMessageList *self, gboolean at_end)
{
  guint surplus = self->stored->len > STORED_MAX ? self->stored->len - STORED_KEEP : 0;

  if (surplus == 0)
    return;
  if (!at_end)
    {
      g_ptr_array_remove_range (self->stored, 0, surplus);
      items_changed (self, 0, surplus, 0);
      set_more_before (self, TRUE);
      return;
    }
  guint pending = shown_pending (self);
  gboolean had_more = self->more_after;
  g_ptr_array_remove_range (self->stored, self->stored->len - surplus, surplus);
  self->more_after = TRUE;
  items_changed (self, self->stored->len, surplus + pending, 0);
  if (!had_more)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MORE_AFTER]);
}

void
kl_message_list_replace (KlMessageList *self, GPtrArray *messages, gboolean more_before, gboolean more_after)
{
  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  g_autoptr (GPtrArray) old = g_steal_pointer (&self->stored);
  guint start = start_of_run (messages), head = 0, tail = 0;

  self->stored = g_ptr_array_new_with_free_func (g_object_unref);
  insert_range (self, 0, messages, start, messages->len);

  /* Rows that are in both stay: the reader's place and focus hang on them. */
  while (head < old->len && head < self->stored->len && old->pdata[head] == self->stored->pdata[head])
    head++;
  while (tail < old->len - head && tail < self->stored->len - head
         && old->pdata[old->len - 1 - tail] == self->stored->pdata[self->stored->len - 1 - tail])
    tail++;
  guint removed = old->len - head - tail, added = self->stored->len - head - tail;
  items_changed (self, head, removed, added);
  set_more_before (self, more_before || start > 0);
  set_more_after (self, more_after);
  kl_message_list_settle_unread_line (self);
}

/* Takes over what a page knows better of the rows that are here already. */
static void
merge_overlap (KlMessageList *self, GPtrArray *messages)
{
  for (guint i = 0; i < messages->len; i++)
    {
      KlMessage *message = g_ptr_array_index (messages, i);
      guint position;

      if (!kl_message_list_find_seq (self, kl_message_get_seq (message), &position))
        continue;
      KlMessage *here = g_ptr_array_index (self->stored, position);
      if (here == message || kl_message_get_rev (here) >= kl_message_get_rev (message))
        continue;
      g_object_unref (here);
      self->stored->pdata[position] = g_object_ref (message);
      items_changed (self, position, 1, 1);
    }
}

void
kl_message_list_add_page (KlMessageList *self, GPtrArray *messages, gboolean more_before, gboolean more_after)
{
  gint64 first, last;

  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  guint start = start_of_run (messages);
  if (messages->len == 0)
    {
      if (self->stored->len == 0)
        kl_message_list_replace (self, messages, more_before, more_after);
      return;
    }
  gint64 page_first = seq_at (messages, start), page_last = seq_at (messages, messages->len - 1);
  if (!kl_message_list_get_range (self, &first, &last) || page_last < first - 1 || page_first > last + 1)
    {
      kl_message_list_replace (self, messages, more_before, more_after);
      return;
    }
  merge_overlap (self, messages);
  if (page_first < first)
    {
      guint n = (guint) (first - page_first);
      insert_range (self, 0, messages, start, start + n);
      items_changed (self, 0, 0, n);
    }
  if (page_first <= first)
    set_more_before (self, more_before || start > 0);
  if (page_last > last)
    {
      guint n = (guint) (page_last - last), position = self->stored->len;
      insert_range (self, position, messages, messages->len - n, messages->len);
      items_changed (self, position, 0, n);
    }
  if (page_last >= last)
    set_more_after (self, more_after);
  kl_message_list_settle_unread_line (self);
  trim (self, page_first < first);
}

/* An unsent message has become the stored one with the seq that follows. It changes place only if others wait before
 * it. */
static void
confirm_pending (KlMessageList *self, guint index)
{
  KlMessage *message = g_ptr_array_steal_index (self->pending, index);
  guint position = self->stored->len;

  g_ptr_array_add (self->stored, message);
  if (self->more_after)
    items_changed (self, position, 0, 1); /* it was not shown */
  else if (index > 0)
    items_changed (self, position, index + 1, index + 1); /* spans both places: nobody sees the model without it */
  mark_read_by_others (self, message);
}

/* Whether the stretch has reached the newest message, now that it has grown. */
static void
settle_end (KlMessageList *self)
{
  gint64 first, last;

  if (self->more_after && kl_message_list_get_range (self, &first, &last)
      && last >= kl_group_get_newest_seq (self->group))
    set_more_after (self, FALSE);
}

static void
on_gap_filled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  /* What failed is asked for again when the reader comes near the end. */
  kl_message_list_load_newer_finish (KL_MESSAGE_LIST (source), result, NULL);
}

void
kl_message_list_receive (KlMessageList *self, KlMessage *message)
{
  gint64 first = 0, last = 0, seq = kl_message_get_seq (message);
  guint index;

  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  gboolean any = kl_message_list_get_range (self, &first, &last);
  gboolean was_pending = kl_message_get_client_id (message) != NULL && kl_message_get_mine (message)
                         && find_pending (self, kl_message_get_client_id (message), &index)
                         && g_ptr_array_index (self->pending, index) == message;
  gboolean follows = any ? seq == last + 1 : seq == 1 && !self->more_after && self->n_loading == 0;

  if (follows && was_pending)
    {
      confirm_pending (self, index);
      settle_end (self);
      return;
    }
  if (was_pending)
    kl_message_list_remove_pending (self, message);
  if (follows)
    {
      g_ptr_array_add (self->stored, g_object_ref (message));
      mark_read_by_others (self, message);
      items_changed (self, self->stored->len - 1, 0, 1);
      settle_end (self);
      kl_message_list_settle_unread_line (self);
      trim (self, FALSE);
      return;
    }
  if (!any || seq <= last)
    return;
  gboolean had_all = !self->more_after;
  set_more_after (self, TRUE);
  if (had_all && self->load != NULL)
    kl_message_list_load_newer_async (self, NULL, on_gap_filled, NULL);
}

void
kl_message_list_confirm (KlMessageList *self, KlMessage *message)
{
  gint64 first = 0, last = 0;
  guint index;

  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  if (!g_ptr_array_find (self->pending, message, &index))
    return;
  gboolean any = kl_message_list_get_range (self, &first, &last);
  gint64 seq = kl_message_get_seq (message);
  if (any && seq >= first && seq <= last)
    kl_message_list_remove_pending (self, message);
  else if (any && seq == last + 1)
    {
      confirm_pending (self, index);
      settle_end (self);
    }
}

/* From where: the run of new messages that may be added at the end at once. */
static guint
end_of_new_run (KlMessageList *self, GPtrArray *messages, guint from)
{
  gint64 first = 0, last = 0;

  if (!kl_message_list_get_range (self, &first, &last))
    return from;
  while (from < messages->len && seq_at (messages, from) == last + 1
         && !g_ptr_array_find (self->pending, g_ptr_array_index (messages, from), NULL))
    from++, last++;
  return from;
}

void
kl_message_list_receive_all (KlMessageList *self, GPtrArray *messages)
{
  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  for (guint i = 0; i < messages->len;)
    {
      guint end = end_of_new_run (self, messages, i);

      if (end - i < 2)
        {
          kl_message_list_receive (self, g_ptr_array_index (messages, i++));
          continue;
        }
      guint position = self->stored->len;
      insert_range (self, position, messages, i, end);
      items_changed (self, position, 0, end - i);
      settle_end (self);
      i = end;
    }
  kl_message_list_settle_unread_line (self);
  trim (self, FALSE);
}

void
kl_message_list_add_pending (KlMessageList *self, KlMessage *message)
{
  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  g_ptr_array_add (self->pending, g_object_ref (message));
  if (!self->more_after)
    items_changed (self, self->stored->len + self->pending->len - 1, 0, 1);
}

void
kl_message_list_remove_pending (KlMessageList *self, KlMessage *message)
{
  guint index;

  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  if (!g_ptr_array_find (self->pending, message, &index))
    return;
  g_ptr_array_remove_index (self->pending, index);
  if (!self->more_after)
    items_changed (self, self->stored->len + index, 1, 0);
}

/* ── Loading ── */

void
kl_message_list_set_source (KlMessageList *self, KlMessageLoad load, gpointer user_data)
{
  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  self->load = load;
  self->load_data = user_data;
}

typedef struct
{
  gboolean older;
  gint64 asked_from; /* the end that is to be extended */
} EndLoad;

static void
set_loading (KlMessageList *self, gboolean older, gboolean loading)
{
  if (older)
    self->loading_older = loading;
  else
    self->loading_newer = loading;
  g_object_notify_by_pspec (G_OBJECT (self), props[older ? PROP_LOADING_OLDER : PROP_LOADING_NEWER]);
}

/* Where a load went well and the end is where it was, nothing is behind it, whatever the server says: else it would be
 * asked for ever. */
static void
on_end_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlMessageList *self = KL_MESSAGE_LIST (source);
  g_autoptr (GTask) outer = user_data;
  EndLoad *load = g_task_get_task_data (outer);
  GError *error = NULL;
  gint64 first, last;

  set_loading (self, load->older, FALSE);
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (outer, error);
      return;
    }
  if (kl_message_list_get_range (self, &first, &last))
    {
      if (load->older && first == load->asked_from)
        set_more_before (self, FALSE);
      else if (!load->older && last == load->asked_from)
        set_more_after (self, FALSE);
    }
  g_task_return_boolean (outer, TRUE);
}

/* Takes the task. */
static void
load_end (KlMessageList *self, gboolean older, GTask *task)
{
  gboolean loading = older ? self->loading_older : self->loading_newer;
  gboolean more = older ? self->more_before : self->more_after;
  gint64 first, last;

  if (self->load == NULL || loading || !more || !kl_message_list_get_range (self, &first, &last))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  EndLoad *load = g_new0 (EndLoad, 1);
  load->older = older;
  load->asked_from = older ? first : last;
  g_task_set_task_data (task, load, g_free);
  set_loading (self, older, TRUE);
  self->load (self, older ? KL_LOAD_OLDER : KL_LOAD_NEWER, load->asked_from,
              g_task_new (self, g_task_get_cancellable (task), on_end_loaded, task), self->load_data);
}

void
kl_message_list_load_older_async (KlMessageList *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kl_message_list_load_older_async);
  load_end (self, TRUE, task);
}

gboolean
kl_message_list_load_older_finish (KlMessageList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_message_list_load_newer_async (KlMessageList *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kl_message_list_load_newer_async);
  load_end (self, FALSE, task);
}

gboolean
kl_message_list_load_newer_finish (KlMessageList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_around_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlMessageList *self = KL_MESSAGE_LIST (source);
  g_autoptr (GTask) outer = user_data;
  GError *error = NULL;

  if (--self->n_loading == 0)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOADING]);
  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_boolean (outer, TRUE);
  else
    g_task_return_error (outer, error);
}

void
kl_message_list_load_around_async (KlMessageList *self, gint64 seq, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kl_message_list_load_around_async);
  gboolean here = seq == 0 ? self->stored->len > 0 && !self->more_after : kl_message_list_find_seq (self, seq, NULL);
  if (self->load == NULL || here)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  if (self->n_loading++ == 0)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOADING]);
  self->load (self, KL_LOAD_AROUND, seq, g_task_new (self, cancellable, on_around_loaded, task), self->load_data);
}

gboolean
kl_message_list_load_around_finish (KlMessageList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ── Object ── */

static void
kl_message_list_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlMessageList *self = KL_MESSAGE_LIST (object);

  switch ((Prop) id)
    {
    case PROP_GROUP:
      g_value_set_object (value, self->group);
      break;
    case PROP_LOADING:
      g_value_set_boolean (value, self->n_loading > 0);
      break;
    case PROP_LOADING_OLDER:
      g_value_set_boolean (value, self->loading_older);
      break;
    case PROP_LOADING_NEWER:
      g_value_set_boolean (value, self->loading_newer);
      break;
    case PROP_MORE_BEFORE:
      g_value_set_boolean (value, self->more_before);
      break;
    case PROP_MORE_AFTER:
      g_value_set_boolean (value, self->more_after);
      break;
    case PROP_FIRST_UNREAD_SEQ:
      g_value_set_int64 (value, self->first_unread_seq);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_message_list_finalize (GObject *object)
{
  KlMessageList *self = KL_MESSAGE_LIST (object);

  g_clear_object (&self->group);
  g_ptr_array_unref (self->stored);
  g_ptr_array_unref (self->pending);
  G_OBJECT_CLASS (kl_message_list_parent_class)->finalize (object);
}

static void
kl_message_list_class_init (KlMessageListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_message_list_get_property;
  object_class->finalize = kl_message_list_finalize;

  props[PROP_GROUP] = g_param_spec_object ("group", NULL, NULL, KL_TYPE_GROUP, ro);
  props[PROP_LOADING] = g_param_spec_boolean ("loading", NULL, NULL, FALSE, ro);
  props[PROP_LOADING_OLDER] = g_param_spec_boolean ("loading-older", NULL, NULL, FALSE, ro);
  props[PROP_LOADING_NEWER] = g_param_spec_boolean ("loading-newer", NULL, NULL, FALSE, ro);
  props[PROP_MORE_BEFORE] = g_param_spec_boolean ("more-before", NULL, NULL, FALSE, ro);
  props[PROP_MORE_AFTER] = g_param_spec_boolean ("more-after", NULL, NULL, FALSE, ro);
  props[PROP_FIRST_UNREAD_SEQ] = g_param_spec_int64 ("first-unread-seq", NULL, NULL, 0, G_MAXINT64, 0, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_message_list_init (KlMessageList *self)
{
  self->stored = g_ptr_array_new_with_free_func (g_object_unref);
  self->pending = g_ptr_array_new_with_free_func (g_object_unref);
}

KlMessageList *
kl_message_list_new (KlGroup *group)
{
  g_return_val_if_fail (KL_IS_GROUP (group), NULL);

  KlMessageList *self = g_object_new (KL_TYPE_MESSAGE_LIST, NULL);
  self->group = g_object_ref (group);
  g_signal_connect_object (group, "notify::others-read-seq", G_CALLBACK (on_others_read), self, G_CONNECT_SWAPPED);
  kl_message_list_renew_unread_line (self);
  return self;
}

KlGroup *
kl_message_list_get_group (KlMessageList *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), NULL);
  return self->group;
}

gboolean
kl_message_list_get_loading (KlMessageList *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), FALSE);
  return self->n_loading > 0;
}

gboolean
kl_message_list_get_loading_older (KlMessageList *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), FALSE);
  return self->loading_older;
}

gboolean
kl_message_list_get_loading_newer (KlMessageList *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), FALSE);
  return self->loading_newer;
}

gboolean
kl_message_list_get_more_before (KlMessageList *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), FALSE);
  return self->more_before;
}

gboolean
kl_message_list_get_more_after (KlMessageList *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), FALSE);
  return self->more_after;
}

gint64
kl_message_list_get_first_unread_seq (KlMessageList *self)
{
  g_return_val_if_fail (KL_IS_MESSAGE_LIST (self), 0);
  return self->first_unread_seq;
}
