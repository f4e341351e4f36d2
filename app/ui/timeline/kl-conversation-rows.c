/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A change of the messages makes a window of rows anew: from the row of the message before it to the row of the message
 * after it. Rows that come out the same are the same objects, found by message or day, and what is emitted is the
 * difference. Rows know nothing of their place: a message's row is found by counting, from the nearer end. */
#include "app/ui/timeline/kl-conversation-rows.h"

#include "app/ui/timeline/kl-clock.h"
#include "app/ui/timeline/kl-row-private.h"

#define GROUP_MS (5 * 60 * 1000)

struct _KlConversationRows
{
  GObject parent_instance;

  GListModel *messages;
  GPtrArray *rows;  /* (element-type KlRow) */
  guint n_messages; /* that the rows stand for */
  gint64 unread_seq;
  guint unread_count;
  GHashTable *pending; /* (element-type KlMessage gulong): their time may change yet */
  gboolean refilling;
};

static void kl_conversation_rows_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlConversationRows, kl_conversation_rows, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, kl_conversation_rows_list_model_init))

/* The old rows of a window, and what was made of them. */
typedef struct
{
  GHashTable *by_message; /* (element-type KlMessage KlRow) */
  GHashTable *by_day;     /* (element-type int KlRow) */
  KlRow *unread;          /* NULL: none */
  GPtrArray *made;        /* (element-type KlRow) */
  GHashTable *changed;    /* (element-type KlRow) */
} Window;

static KlRow *
row_at (KlConversationRows *self, guint index)
{
  return self->rows->pdata[index];
}

/* The row that holds a message, and the number of that row's first message. There must be one. */
static guint
find_row (KlConversationRows *self, guint message, guint *first)
{
  guint row;

  if (message < self->n_messages / 2)
    {
      guint next = 0;

      for (row = 0;; row++)
        {
          guint n = kl_row_get_n_messages (row_at (self, row));

          if (n > 0 && message < next + n)
            {
              *first = next;
              return row;
            }
          next += n;
        }
    }
  *first = self->n_messages;
  for (row = self->rows->len; row > 0; row--)
    {
      guint n = kl_row_get_n_messages (row_at (self, row - 1));

      *first -= n;
      if (n > 0 && message >= *first)
        break;
    }
  return row - 1;
}

static int
day_of (KlMessage *message)
{
  return kl_clock_get_day (kl_clock_get_default (), kl_message_get_created_at (message));
}

static gboolean
is_system (KlMessage *message)
{
  return kl_message_get_kind (message) == KL_MESSAGE_KIND_SYSTEM;
}

static gboolean
is_first_unread (KlConversationRows *self, KlMessage *before, KlMessage *message)
{
  gint64 seq = kl_message_get_seq (message);

  if (self->unread_seq == 0 || seq == 0 || seq < self->unread_seq)
    return FALSE;
  return before != NULL ? kl_message_get_seq (before) < self->unread_seq : seq == self->unread_seq;
}

/* ── Making rows ── */

static KlRow *
new_row (KlRowKind kind)
{
  KlRow *row = g_object_new (KL_TYPE_ROW, NULL);

  row->kind = kind;
  return row;
}

static void
make_day (Window *window, KlMessage *message)
{
  int day = day_of (message);
  KlRow *row = g_hash_table_lookup (window->by_day, GINT_TO_POINTER (day));

  if (row != NULL)
    {
      g_hash_table_remove (window->by_day, GINT_TO_POINTER (day));
      g_ptr_array_add (window->made, g_object_ref (row));
      return;
    }
  row = new_row (KL_ROW_KIND_DAY);
  row->day = day;
  row->time = kl_message_get_created_at (message);
  g_ptr_array_add (window->made, row);
}

static void
make_unread (KlConversationRows *self, Window *window, KlMessage *message)
{
  KlRow *row = window->unread != NULL ? g_object_ref (window->unread) : new_row (KL_ROW_KIND_UNREAD);

  if (row->count != self->unread_count && window->unread != NULL)
    g_hash_table_add (window->changed, row);
  row->count = self->unread_count;
  row->time = kl_message_get_created_at (message);
  window->unread = NULL;
  g_ptr_array_add (window->made, row);
}

/* An old row of @kind that held the message and is not taken yet. */
static KlRow *
reuse (Window *window, KlMessage *message, KlRowKind kind)
{
  KlRow *row = g_hash_table_lookup (window->by_message, message);

  if (row == NULL || row->kind != kind)
    return NULL;
  if (row->run != NULL)
    {
      for (guint i = 0; i < row->run->len; i++)
        g_hash_table_remove (window->by_message, row->run->pdata[i]);
    }
  else
    {
      g_hash_table_remove (window->by_message, message);
    }
  return g_object_ref (row);
}

static void
make_system (Window *window, GPtrArray *run)
{
  KlRow *row = NULL;
  gboolean same;

  for (guint i = 0; i < run->len && row == NULL; i++)
    row = reuse (window, run->pdata[i], KL_ROW_KIND_SYSTEM);
  if (row == NULL)
    {
      row = new_row (KL_ROW_KIND_SYSTEM);
      row->run = g_ptr_array_ref (run);
      g_ptr_array_add (window->made, row);
      return;
    }
  same = row->run->len == run->len;
  for (guint i = 0; same && i < run->len; i++)
    same = row->run->pdata[i] == run->pdata[i];
  if (!same)
    {
      g_ptr_array_unref (row->run);
      row->run = g_ptr_array_ref (run);
      g_hash_table_add (window->changed, row);
    }
  g_ptr_array_add (window->made, row);
}

static void
make_message (Window *window, KlMessage *message)
{
  KlRow *row = reuse (window, message, KL_ROW_KIND_MESSAGE);

  if (row == NULL)
    {
      row = new_row (KL_ROW_KIND_MESSAGE);
      row->message = g_object_ref (message);
    }
  g_ptr_array_add (window->made, row);
}

static void refill (KlConversationRows *self, guint position, guint removed, guint added);

static gboolean
find_message (KlConversationRows *self, KlMessage *message, guint *position)
{
  for (guint i = g_list_model_get_n_items (self->messages); i > 0; i--)
    {
      g_autoptr (KlMessage) other = g_list_model_get_item (self->messages, i - 1);

      if (other == message)
        {
          *position = i - 1;
          return TRUE;
        }
    }
  return FALSE;
}

static void
unwatch_pending (KlConversationRows *self, KlMessage *message)
{
  gpointer id;

  if (!g_hash_table_lookup_extended (self->pending, message, NULL, &id))
    return;
  g_signal_handler_disconnect (message, (gulong) GPOINTER_TO_SIZE (id));
  g_hash_table_remove (self->pending, message);
}

/* A pending message has got its stored time: it may belong to another day or group. */
static void
on_pending_notify (KlMessage *message, GParamSpec *pspec, KlConversationRows *self)
{
  g_autoptr (KlMessage) guard = g_object_ref (message);
  guint position;

  /* The list may be about to move it, and will say so. */
  if (self->refilling || self->n_messages != g_list_model_get_n_items (self->messages))
    return;
  if (find_message (self, message, &position))
    refill (self, position, 1, 1);
  else
    unwatch_pending (self, message);
}

static void
watch_pending (KlConversationRows *self, KlMessage *message)
{
  gulong id;

  if (kl_message_get_seq (message) != 0)
    {
      unwatch_pending (self, message);
      return;
    }
  if (g_hash_table_contains (self->pending, message))
    return;
  id = g_signal_connect (message, "notify::created-at", G_CALLBACK (on_pending_notify), self);
  g_hash_table_insert (self->pending, g_object_ref (message), GSIZE_TO_POINTER (id));
}

/* Makes the rows of messages @from to @to; @lines: also the lines above the first. */
static void
make_rows (KlConversationRows *self, Window *window, guint from, guint to, gboolean lines)
{
  g_autoptr (KlMessage) before = from > 0 ? g_list_model_get_item (self->messages, from - 1) : NULL;
  g_autoptr (GPtrArray) run = NULL;

  for (guint i = from; i < to; i++)
    {
      g_autoptr (KlMessage) message = g_list_model_get_item (self->messages, i);
      gboolean new_day = (i > from || lines) && (before == NULL || day_of (before) != day_of (message));
      gboolean unread = (i > from || lines) && is_first_unread (self, before, message);

      if (run != NULL && (new_day || unread || !is_system (message)))
        {
          make_system (window, run);
          g_clear_pointer (&run, g_ptr_array_unref);
        }
      if (new_day)
        make_day (window, message);
      if (unread)
        make_unread (self, window, message);
      if (is_system (message))
        {
          if (run == NULL)
            run = g_ptr_array_new_with_free_func (g_object_unref);
          g_ptr_array_add (run, g_object_ref (message));
        }
      else
        {
          make_message (window, message);
          watch_pending (self, message);
        }
      g_set_object (&before, message);
    }
  if (run != NULL)
    make_system (window, run);
}

/* ── The difference ── */

static void
replace (KlConversationRows *self, guint at, guint n_removed, GPtrArray *made, guint from, guint n_added)
{
  if (n_removed > 0)
    g_ptr_array_remove_range (self->rows, at, n_removed);
  for (guint i = 0; i < n_added; i++)
    g_ptr_array_insert (self->rows, (int) (at + i), g_object_ref (made->pdata[from + i]));
  g_list_model_items_changed (G_LIST_MODEL (self), at, n_removed, n_added);
}

/* Whether the rows that stay are in the same order as before. */
static gboolean
keeps_order (GPtrArray *old, GHashTable *places)
{
  gint64 last = -1;

  for (guint i = 0; i < old->len; i++)
    {
      gpointer place;

      if (!g_hash_table_lookup_extended (places, old->pdata[i], NULL, &place))
        continue;
      if ((gint64) GPOINTER_TO_UINT (place) <= last)
        return FALSE;
      last = GPOINTER_TO_UINT (place);
    }
  return TRUE;
}

/* Some rows changed places: all between the first and the last difference goes out and comes in. */
static void
apply_as_one (KlConversationRows *self, guint at, GPtrArray *old, GPtrArray *made)
{
  guint head = 0;
  guint tail = 0;

  while (head < old->len && head < made->len && old->pdata[head] == made->pdata[head])
    head++;
  while (tail < old->len - head && tail < made->len - head
         && old->pdata[old->len - 1 - tail] == made->pdata[made->len - 1 - tail])
    tail++;
  replace (self, at + head, old->len - head - tail, made, head, made->len - head - tail);
}

static void
apply (KlConversationRows *self, guint at, GPtrArray *old, GPtrArray *made)
{
  g_autoptr (GHashTable) places = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) had = g_hash_table_new (NULL, NULL);
  guint i = 0;
  guint j = 0;

  for (guint k = 0; k < made->len; k++)
    g_hash_table_insert (places, made->pdata[k], GUINT_TO_POINTER (k));
  for (guint k = 0; k < old->len; k++)
    g_hash_table_add (had, old->pdata[k]);
  if (!keeps_order (old, places))
    {
      apply_as_one (self, at, old, made);
      return;
    }
  while (i < old->len || j < made->len)
    {
      guint n_removed = 0;
      guint n_added = 0;

      if (i < old->len && j < made->len && old->pdata[i] == made->pdata[j])
        {
          i++;
          j++;
          at++;
          continue;
        }
      while (i + n_removed < old->len && !g_hash_table_contains (places, old->pdata[i + n_removed]))
        n_removed++;
      while (j + n_added < made->len && !g_hash_table_contains (had, made->pdata[j + n_added]))
        n_added++;
      replace (self, at, n_removed, made, j, n_added);
      i += n_removed;
      j += n_added;
      at += n_added;
    }
}

static gboolean
belong_together (KlRow *above, KlRow *below)
{
  gint64 apart;

  if (above->kind != KL_ROW_KIND_MESSAGE || below->kind != KL_ROW_KIND_MESSAGE)
    return FALSE;
  apart = kl_message_get_created_at (below->message) - kl_message_get_created_at (above->message);
  return kl_message_get_sender (above->message) == kl_message_get_sender (below->message)
         && kl_message_get_mine (above->message) == kl_message_get_mine (below->message) && apart <= GROUP_MS
         && apart >= -GROUP_MS;
}

static void
join (KlConversationRows *self, guint from, guint to, GHashTable *changed)
{
  for (guint i = from; i < to; i++)
    {
      KlRow *row = row_at (self, i);
      gboolean above = i > 0 && belong_together (row_at (self, i - 1), row);
      gboolean below = i + 1 < self->rows->len && belong_together (row, row_at (self, i + 1));

      if (row->joined_above == above && row->joined_below == below)
        continue;
      row->joined_above = above;
      row->joined_below = below;
      g_hash_table_add (changed, row);
    }
}

static void
remember_old (Window *window, GPtrArray *old)
{
  for (guint i = 0; i < old->len; i++)
    {
      KlRow *row = old->pdata[i];

      if (row->kind == KL_ROW_KIND_DAY)
        g_hash_table_insert (window->by_day, GINT_TO_POINTER (row->day), row);
      else if (row->kind == KL_ROW_KIND_UNREAD)
        window->unread = row;
      else if (row->run != NULL)
        for (guint j = 0; j < row->run->len; j++)
          g_hash_table_insert (window->by_message, row->run->pdata[j], row);
      else
        g_hash_table_insert (window->by_message, row->message, row);
    }
}

static void
emit_changed (GHashTable *changed)
{
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, changed);
  while (g_hash_table_iter_next (&iter, &row, NULL))
    kl_row_emit_changed (row);
}

/* The messages changed: @removed ones at @position went, @added ones came. */
static void
refill (KlConversationRows *self, guint position, guint removed, guint added)
{
  Window window = {
    .by_message = g_hash_table_new (NULL, NULL),
    .by_day = g_hash_table_new (NULL, NULL),
    .made = g_ptr_array_new_with_free_func (g_object_unref),
    .changed = g_hash_table_new (NULL, NULL),
  };
  g_autoptr (GPtrArray) old = g_ptr_array_new_with_free_func (g_object_unref);
  guint from_row = 0;
  guint from = 0;
  guint to_row = self->rows->len;
  guint to = self->n_messages;
  guint first;

  self->refilling = TRUE;
  if (position > 0)
    from_row = find_row (self, position - 1, &from);
  if (position + removed < self->n_messages)
    {
      to_row = find_row (self, position + removed, &first);
      to = first + kl_row_get_n_messages (row_at (self, to_row));
      to_row++;
    }
  for (guint i = from_row; i < to_row; i++)
    g_ptr_array_add (old, g_object_ref (row_at (self, i)));
  remember_old (&window, old);
  make_rows (self, &window, from, to + added - removed, position == 0);
  self->n_messages += added - removed;
  apply (self, from_row, old, window.made);
  join (self, from_row > 0 ? from_row - 1 : 0, MIN (from_row + window.made->len + 1, self->rows->len), window.changed);
  self->refilling = FALSE;
  emit_changed (window.changed);
  g_hash_table_unref (window.by_message);
  g_hash_table_unref (window.by_day);
  g_hash_table_unref (window.changed);
  g_ptr_array_unref (window.made);
}

static void
on_messages_changed (GListModel *messages, guint position, guint removed, guint added, KlConversationRows *self)
{
  refill (self, position, removed, added);
}

/* Another zone, or another day today: day lines may be elsewhere. */
static void
on_clock_changed (KlConversationRows *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      KlRow *row = row_at (self, i);

      if (row->kind == KL_ROW_KIND_DAY)
        row->day = kl_clock_get_day (kl_clock_get_default (), row->time);
    }
  refill (self, 0, self->n_messages, self->n_messages);
}

void
kl_conversation_rows_set_unread (KlConversationRows *self, gint64 first_unread_seq, guint count)
{
  g_return_if_fail (KL_IS_CONVERSATION_ROWS (self));

  if (self->unread_seq == first_unread_seq && self->unread_count == count)
    return;
  self->unread_seq = first_unread_seq;
  self->unread_count = count;
  refill (self, 0, self->n_messages, self->n_messages);
}

gboolean
kl_conversation_rows_find_unread (KlConversationRows *self, guint *position)
{
  g_return_val_if_fail (KL_IS_CONVERSATION_ROWS (self), FALSE);

  for (guint i = self->rows->len; i > 0 && self->unread_seq != 0; i--)
    if (row_at (self, i - 1)->kind == KL_ROW_KIND_UNREAD)
      {
        *position = i - 1;
        return TRUE;
      }
  return FALSE;
}

static gboolean
holds_seq (KlRow *row, gint64 seq)
{
  if (row->run != NULL)
    return seq >= kl_message_get_seq (row->run->pdata[0])
           && seq <= kl_message_get_seq (row->run->pdata[row->run->len - 1]);
  return row->message != NULL && kl_message_get_seq (row->message) == seq;
}

gboolean
kl_conversation_rows_find_seq (KlConversationRows *self, gint64 seq, guint *position)
{
  g_return_val_if_fail (KL_IS_CONVERSATION_ROWS (self), FALSE);

  for (guint i = self->rows->len; i > 0; i--)
    if (holds_seq (row_at (self, i - 1), seq))
      {
        *position = i - 1;
        return TRUE;
      }
  return FALSE;
}

/* ── Object ── */

static GType
get_item_type (GListModel *model)
{
  return KL_TYPE_ROW;
}

static guint
get_n_items (GListModel *model)
{
  return KL_CONVERSATION_ROWS (model)->rows->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  KlConversationRows *self = KL_CONVERSATION_ROWS (model);

  return position < self->rows->len ? g_object_ref (row_at (self, position)) : NULL;
}

static void
kl_conversation_rows_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
kl_conversation_rows_dispose (GObject *object)
{
  KlConversationRows *self = KL_CONVERSATION_ROWS (object);
  GHashTableIter iter;
  gpointer message;
  gpointer id;

  if (self->messages != NULL)
    g_signal_handlers_disconnect_by_data (self->messages, self);
  g_clear_object (&self->messages);
  g_hash_table_iter_init (&iter, self->pending);
  while (g_hash_table_iter_next (&iter, &message, &id))
    g_signal_handler_disconnect (message, (gulong) GPOINTER_TO_SIZE (id));
  g_hash_table_remove_all (self->pending);
  G_OBJECT_CLASS (kl_conversation_rows_parent_class)->dispose (object);
}

static void
kl_conversation_rows_finalize (GObject *object)
{
  KlConversationRows *self = KL_CONVERSATION_ROWS (object);

  g_ptr_array_unref (self->rows);
  g_hash_table_unref (self->pending);
  G_OBJECT_CLASS (kl_conversation_rows_parent_class)->finalize (object);
}

static void
kl_conversation_rows_class_init (KlConversationRowsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_conversation_rows_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_conversation_rows_finalize;
}

static void
kl_conversation_rows_init (KlConversationRows *self)
{
  self->rows = g_ptr_array_new_with_free_func (g_object_unref);
  self->pending = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  g_signal_connect_object (kl_clock_get_default (), "changed", G_CALLBACK (on_clock_changed), self, G_CONNECT_SWAPPED);
}

KlConversationRows *
kl_conversation_rows_new (GListModel *messages)
{
  KlConversationRows *self;

  g_return_val_if_fail (G_IS_LIST_MODEL (messages), NULL);

  self = g_object_new (KL_TYPE_CONVERSATION_ROWS, NULL);
  self->messages = g_object_ref (messages);
  g_signal_connect (messages, "items-changed", G_CALLBACK (on_messages_changed), self);
  refill (self, 0, 0, g_list_model_get_n_items (messages));
  return self;
}
