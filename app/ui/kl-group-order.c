/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sorter never looks at a group itself, but at the rank noted for it. Ranks are noted when a group comes, and again
 * when it changes, unless the order is held: then at the release. */
#include "app/ui/kl-group-order.h"

typedef struct
{
  gboolean pinned;
  gint64 time_ms;
  char *name;
  char *id;
} Rank;

struct _KlGroupOrder
{
  GObject parent_instance;

  GListModel *groups;
  GtkCustomSorter *sorter;
  GtkSortListModel *sorted;
  GHashTable *ranks; /* KlGroup (a reference) → Rank */
  gboolean held;
  gboolean stale; /* something changed while held */
};

G_DEFINE_FINAL_TYPE (KlGroupOrder, kl_group_order, G_TYPE_OBJECT)

static void
rank_free (Rank *rank)
{
  g_free (rank->name);
  g_free (rank->id);
  g_free (rank);
}

static Rank *
rank_new (KlGroup *group)
{
  Rank *rank = g_new0 (Rank, 1);

  rank->pinned = kl_group_get_pinned (group);
  rank->time_ms = kl_group_get_last_time (group);
  rank->name = g_utf8_collate_key (kl_group_get_name (group) ?: "", -1);
  rank->id = g_strdup (kl_group_get_id (group));
  return rank;
}

static gboolean
rank_equal (const Rank *a,
            const Rank *b)
{
  return a->pinned == b->pinned && a->time_ms == b->time_ms && g_str_equal (a->name, b->name);
}

static int
compare (gconstpointer a,
         gconstpointer b,
         gpointer      user_data)
{
  KlGroupOrder *self = user_data;
  const Rank *one = g_hash_table_lookup (self->ranks, a), *other = g_hash_table_lookup (self->ranks, b);
  int by_name;

  if (one == NULL || other == NULL)
    return (one == NULL) - (other == NULL);
  if (one->pinned != other->pinned)
    return one->pinned ? -1 : 1;
  if (one->time_ms != other->time_ms)
    return one->time_ms > other->time_ms ? -1 : 1;
  by_name = strcmp (one->name, other->name);
  return by_name != 0 ? by_name : strcmp (one->id, other->id);
}

/* TRUE if the group's rank is another one now. */
static gboolean
note_rank (KlGroupOrder *self,
           KlGroup      *group)
{
  Rank *old = g_hash_table_lookup (self->ranks, group);
  Rank *rank = rank_new (group);

  if (old != NULL && rank_equal (old, rank))
    {
      rank_free (rank);
      return FALSE;
    }
  g_hash_table_replace (self->ranks, g_object_ref (group), rank);
  return TRUE;
}

static void
on_group_changed (KlGroupOrder *self,
                  GParamSpec   *pspec,
                  KlGroup      *group)
{
  if (self->held)
    self->stale = TRUE;
  else if (note_rank (self, group))
    gtk_sorter_changed (GTK_SORTER (self->sorter), GTK_SORTER_CHANGE_DIFFERENT);
}

static void
watch (KlGroupOrder *self,
       KlGroup      *group)
{
  g_signal_connect_object (group, "notify::pinned", G_CALLBACK (on_group_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (group, "notify::last-time", G_CALLBACK (on_group_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (group, "notify::name", G_CALLBACK (on_group_changed), self, G_CONNECT_SWAPPED);
  note_rank (self, group);
}

static void
on_items_changed (KlGroupOrder *self,
                  guint         position,
                  guint         removed,
                  guint         added)
{
  for (guint i = 0; i < added; i++)
    {
      g_autoptr (KlGroup) group = g_list_model_get_item (self->groups, position + i);

      if (!g_hash_table_contains (self->ranks, group))
        watch (self, group);
    }
  if (removed > 0)
    {
      GHashTableIter iter;
      gpointer group;
      g_autoptr (GHashTable) present = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);

      for (guint i = 0; i < g_list_model_get_n_items (self->groups); i++)
        g_hash_table_add (present, g_list_model_get_item (self->groups, i));
      g_hash_table_iter_init (&iter, self->ranks);
      while (g_hash_table_iter_next (&iter, &group, NULL))
        if (!g_hash_table_contains (present, group))
          {
            g_signal_handlers_disconnect_by_func (group, on_group_changed, self);
            g_hash_table_iter_remove (&iter);
          }
    }
}

KlGroupOrder *
kl_group_order_new (GListModel *groups)
{
  KlGroupOrder *self = g_object_new (KL_TYPE_GROUP_ORDER, NULL);

  g_return_val_if_fail (G_IS_LIST_MODEL (groups), self);

  self->groups = g_object_ref (groups);
  /* Connected before the sorted model is, so that ranks are there when it asks. */
  g_signal_connect_object (groups, "items-changed", G_CALLBACK (on_items_changed), self, G_CONNECT_SWAPPED);
  on_items_changed (self, 0, 0, g_list_model_get_n_items (groups));
  self->sorter = gtk_custom_sorter_new (compare, self, NULL);
  self->sorted = gtk_sort_list_model_new (g_object_ref (groups), g_object_ref (GTK_SORTER (self->sorter)));
  return self;
}

GListModel *
kl_group_order_get_model (KlGroupOrder *self)
{
  g_return_val_if_fail (KL_IS_GROUP_ORDER (self), NULL);

  return G_LIST_MODEL (self->sorted);
}

void
kl_group_order_set_held (KlGroupOrder *self,
                         gboolean      held)
{
  g_return_if_fail (KL_IS_GROUP_ORDER (self));

  held = !!held;
  if (self->held == held)
    return;
  self->held = held;
  if (held || !self->stale)
    return;
  self->stale = FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (self->groups); i++)
    {
      g_autoptr (KlGroup) group = g_list_model_get_item (self->groups, i);

      note_rank (self, group);
    }
  gtk_sorter_changed (GTK_SORTER (self->sorter), GTK_SORTER_CHANGE_DIFFERENT);
}

gboolean
kl_group_order_get_held (KlGroupOrder *self)
{
  g_return_val_if_fail (KL_IS_GROUP_ORDER (self), FALSE);

  return self->held;
}

static void
kl_group_order_dispose (GObject *object)
{
  KlGroupOrder *self = KL_GROUP_ORDER (object);

  /* The model may live on in a widget: it must not ask us any more. */
  if (self->sorter != NULL)
    gtk_custom_sorter_set_sort_func (self->sorter, NULL, NULL, NULL);
  g_clear_object (&self->sorted);
  g_clear_object (&self->sorter);
  g_clear_object (&self->groups);
  G_OBJECT_CLASS (kl_group_order_parent_class)->dispose (object);
}

static void
kl_group_order_finalize (GObject *object)
{
  g_hash_table_unref (KL_GROUP_ORDER (object)->ranks);
  G_OBJECT_CLASS (kl_group_order_parent_class)->finalize (object);
}

static void
kl_group_order_class_init (KlGroupOrderClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_group_order_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_group_order_finalize;
}

static void
kl_group_order_init (KlGroupOrder *self)
{
  self->ranks = g_hash_table_new_full (NULL, NULL, g_object_unref, (GDestroyNotify) rank_free);
}
