/* SPDX-License-Identifier: GPL-3.0-or-later
 * One's own groups, and what they sum up to. */
#include "app/core/kl-group-list-private.h"

struct _KlGroupList
{
  GObject parent_instance;

  GPtrArray *groups; /* owned KlGroup */
  GHashTable *by_id; /* id of the group (the group's) → owned Share */
  guint n_unread;
  guint mentions;
  gboolean loaded;
};

/* What one group adds to the sums. */
typedef struct
{
  KlGroup *group; /* not owned */
  guint n_unread;
  guint mentions;
} Share;

typedef enum
{
  PROP_LOADED = 1,
  PROP_N_UNREAD,
  PROP_MENTIONS,
} Prop;

static GParamSpec *props[PROP_MENTIONS + 1];

static void
kl_group_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlGroupList, kl_group_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, kl_group_list_model_init))

static GType
kl_group_list_get_item_type (GListModel *model)
{
  return KL_TYPE_GROUP;
}

static guint
kl_group_list_get_n_items (GListModel *model)
{
  return KL_GROUP_LIST (model)->groups->len;
}

static gpointer
kl_group_list_get_item (GListModel *model, guint position)
{
  KlGroupList *self = KL_GROUP_LIST (model);

  return position < self->groups->len ? g_object_ref (g_ptr_array_index (self->groups, position)) : NULL;
}

static void
kl_group_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kl_group_list_get_item_type;
  iface->get_n_items = kl_group_list_get_n_items;
  iface->get_item = kl_group_list_get_item;
}

static void
set_share (KlGroupList *self, Share *share, guint n_unread, guint mentions)
{
  guint n_unread_before = self->n_unread, mentions_before = self->mentions;

  self->n_unread = self->n_unread - share->n_unread + n_unread;
  self->mentions = self->mentions - share->mentions + mentions;
  share->n_unread = n_unread;
  share->mentions = mentions;
  if (self->n_unread != n_unread_before)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_UNREAD]);
  if (self->mentions != mentions_before)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MENTIONS]);
}

static void
on_group_changed (KlGroupList *self, GParamSpec *pspec, KlGroup *group)
{
  gboolean counts = kl_group_get_unread (group) > 0 && kl_group_get_notify (group) != KL_NOTIFY_NONE;
  Share *share = g_hash_table_lookup (self->by_id, kl_group_get_id (group));

  if (share != NULL)
    set_share (self, share, counts ? 1 : 0, kl_group_get_mentions (group));
}

void
kl_group_list_add (KlGroupList *self, KlGroup *group)
{
  g_return_if_fail (KL_IS_GROUP_LIST (self));
  g_return_if_fail (KL_IS_GROUP (group));

  if (g_hash_table_contains (self->by_id, kl_group_get_id (group)))
    return;
  Share *share = g_new0 (Share, 1);
  share->group = group;
  g_hash_table_insert (self->by_id, (gpointer) kl_group_get_id (group), share);
  g_ptr_array_add (self->groups, g_object_ref (group));
  g_signal_connect_object (group, "notify::unread", G_CALLBACK (on_group_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (group, "notify::mentions", G_CALLBACK (on_group_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (group, "notify::notify", G_CALLBACK (on_group_changed), self, G_CONNECT_SWAPPED);
  g_list_model_items_changed (G_LIST_MODEL (self), self->groups->len - 1, 0, 1);
  on_group_changed (self, NULL, group);
}

void
kl_group_list_remove (KlGroupList *self, KlGroup *group)
{
  guint position;

  g_return_if_fail (KL_IS_GROUP_LIST (self));
  g_return_if_fail (KL_IS_GROUP (group));

  if (!g_ptr_array_find (self->groups, group, &position))
    return;
  g_signal_handlers_disconnect_by_func (group, on_group_changed, self);
  set_share (self, g_hash_table_lookup (self->by_id, kl_group_get_id (group)), 0, 0);
  g_hash_table_remove (self->by_id, kl_group_get_id (group));
  g_ptr_array_remove_index (self->groups, position);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
}

void
kl_group_list_set_loaded (KlGroupList *self)
{
  g_return_if_fail (KL_IS_GROUP_LIST (self));

  if (self->loaded)
    return;
  self->loaded = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOADED]);
}

static void
kl_group_list_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlGroupList *self = KL_GROUP_LIST (object);

  switch ((Prop) id)
    {
    case PROP_LOADED:
      g_value_set_boolean (value, self->loaded);
      break;
    case PROP_N_UNREAD:
      g_value_set_uint (value, self->n_unread);
      break;
    case PROP_MENTIONS:
      g_value_set_uint (value, self->mentions);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_group_list_finalize (GObject *object)
{
  KlGroupList *self = KL_GROUP_LIST (object);

  g_hash_table_unref (self->by_id);
  g_ptr_array_unref (self->groups);
  G_OBJECT_CLASS (kl_group_list_parent_class)->finalize (object);
}

static void
kl_group_list_class_init (KlGroupListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_group_list_get_property;
  object_class->finalize = kl_group_list_finalize;

  props[PROP_LOADED] = g_param_spec_boolean ("loaded", NULL, NULL, FALSE, ro);
  props[PROP_N_UNREAD] = g_param_spec_uint ("n-unread", NULL, NULL, 0, G_MAXUINT, 0, ro);
  props[PROP_MENTIONS] = g_param_spec_uint ("mentions", NULL, NULL, 0, G_MAXUINT, 0, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_group_list_init (KlGroupList *self)
{
  self->groups = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
}

KlGroupList *
kl_group_list_new (void)
{
  return g_object_new (KL_TYPE_GROUP_LIST, NULL);
}

KlGroup *
kl_group_list_get (KlGroupList *self, const char *id)
{
  g_return_val_if_fail (KL_IS_GROUP_LIST (self), NULL);

  Share *share = id != NULL ? g_hash_table_lookup (self->by_id, id) : NULL;
  return share != NULL ? share->group : NULL;
}

gboolean
kl_group_list_get_loaded (KlGroupList *self)
{
  g_return_val_if_fail (KL_IS_GROUP_LIST (self), FALSE);
  return self->loaded;
}

guint
kl_group_list_get_n_unread (KlGroupList *self)
{
  g_return_val_if_fail (KL_IS_GROUP_LIST (self), 0);
  return self->n_unread;
}

guint
kl_group_list_get_mentions (KlGroupList *self)
{
  g_return_val_if_fail (KL_IS_GROUP_LIST (self), 0);
  return self->mentions;
}
