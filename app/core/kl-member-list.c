/* SPDX-License-Identifier: GPL-3.0-or-later
 * The people of a group, kept sorted: a member whose section or name changes is taken out and put in at the right
 * place. */
#include "app/core/kl-member-list-private.h"

struct _KlMemberList
{
  GObject parent_instance;

  KlGroup *group;
  GPtrArray *rows;   /* owned Row, sorted */
  GHashTable *by_id; /* user id (the user's) → Row */
  GHashTable *here;  /* owned user id: has the group open */
  GHashTable *seen;  /* owned user id: a page since the restart has brought it; NULL: not collected */
  KlMemberLoad load;
  gpointer load_data;
  char *next;
  gboolean live;
  gboolean loading;
  gboolean complete;
};

typedef struct
{
  KlMemberList *list; /* not owned */
  KlMember *member;
  char *key; /* to sort by within a section */
} Row;

typedef enum
{
  PROP_GROUP = 1,
  PROP_N_HERE,
  PROP_N_ONLINE,
  PROP_N_OFFLINE,
  PROP_MORE,
  PROP_LOADING,
} Prop;

static GParamSpec *props[PROP_LOADING + 1];

static void
kl_member_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlMemberList, kl_member_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, kl_member_list_model_init))

static GType
kl_member_list_get_item_type (GListModel *model)
{
  return KL_TYPE_MEMBER;
}

static guint
kl_member_list_get_n_items (GListModel *model)
{
  return KL_MEMBER_LIST (model)->rows->len;
}

static gpointer
kl_member_list_get_item (GListModel *model, guint position)
{
  KlMemberList *self = KL_MEMBER_LIST (model);

  if (position >= self->rows->len)
    return NULL;
  return g_object_ref (((Row *) g_ptr_array_index (self->rows, position))->member);
}

static void
kl_member_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kl_member_list_get_item_type;
  iface->get_n_items = kl_member_list_get_n_items;
  iface->get_item = kl_member_list_get_item;
}

/* ── Order ── */

static int
compare_rows (const Row *a, const Row *b)
{
  int sections = (int) kl_member_get_section (a->member) - (int) kl_member_get_section (b->member);

  if (sections != 0)
    return sections;
  int keys = g_strcmp0 (a->key, b->key);
  if (keys != 0)
    return keys;
  return g_strcmp0 (kl_user_get_id (kl_member_get_user (a->member)), kl_user_get_id (kl_member_get_user (b->member)));
}

static guint
place_for (KlMemberList *self, const Row *row)
{
  guint low = 0, high = self->rows->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      if (compare_rows (g_ptr_array_index (self->rows, middle), row) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static char *
sort_key (KlUser *user)
{
  g_autofree char *folded = g_utf8_casefold (kl_user_get_display_name (user), -1);

  return g_utf8_collate_key (folded, -1);
}

static KlMemberSection
section_of (KlMemberList *self, KlUser *user)
{
  if (!self->live)
    return KL_MEMBER_SECTION_OFFLINE;
  if (g_hash_table_contains (self->here, kl_user_get_id (user)))
    return KL_MEMBER_SECTION_HERE;
  switch (kl_user_get_status (user))
    {
    case KL_USER_STATUS_AWAY:
    case KL_USER_STATUS_DND:
    case KL_USER_STATUS_ONLINE:
      return KL_MEMBER_SECTION_ONLINE;
    case KL_USER_STATUS_UNKNOWN:
    case KL_USER_STATUS_OFFLINE:
    default:
      return KL_MEMBER_SECTION_OFFLINE;
    }
}

static void
notify_counts (KlMemberList *self)
{
  for (Prop prop = PROP_N_HERE; prop <= PROP_N_OFFLINE; prop++)
    g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

static void
settle_row (Row *row)
{
  KlMemberList *self = row->list;
  KlUser *user = kl_member_get_user (row->member);
  KlMemberSection section = section_of (self, user);
  g_autofree char *key = sort_key (user);
  guint from;

  if (section == kl_member_get_section (row->member) && g_strcmp0 (key, row->key) == 0)
    return;
  if (!g_ptr_array_find (self->rows, row, &from))
    return;
  g_ptr_array_steal_index (self->rows, from);
  g_list_model_items_changed (G_LIST_MODEL (self), from, 1, 0);
  g_object_set (row->member, "section", section, NULL);
  g_set_str (&row->key, key);
  guint to = place_for (self, row);
  g_ptr_array_insert (self->rows, (int) to, row);
  g_list_model_items_changed (G_LIST_MODEL (self), to, 0, 1);
  notify_counts (self);
}

static void
settle_all (KlMemberList *self)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_copy (self->rows, NULL, NULL);

  g_ptr_array_set_free_func (rows, NULL);
  for (guint i = 0; i < rows->len; i++)
    settle_row (g_ptr_array_index (rows, i));
}

static void
row_free (gpointer data)
{
  Row *row = data;

  g_signal_handlers_disconnect_by_data (kl_member_get_user (row->member), row);
  g_object_unref (row->member);
  g_free (row->key);
  g_free (row);
}

/* ── Changes ── */

KlMember *
kl_member_list_get (KlMemberList *self, const char *user_id)
{
  g_return_val_if_fail (KL_IS_MEMBER_LIST (self), NULL);

  Row *row = user_id != NULL ? g_hash_table_lookup (self->by_id, user_id) : NULL;
  return row != NULL ? row->member : NULL;
}

static void
on_typing_changed (KlMemberList *self)
{
  GListModel *typing = kl_group_get_typing (self->group);
  g_autoptr (GHashTable) typists = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < g_list_model_get_n_items (typing); i++)
    {
      g_autoptr (KlUser) user = g_list_model_get_item (typing, i);
      g_hash_table_add (typists, user);
    }
  for (guint i = 0; i < self->rows->len; i++)
    {
      KlMember *member = ((Row *) g_ptr_array_index (self->rows, i))->member;
      g_object_set (member, "typing", g_hash_table_contains (typists, kl_member_get_user (member)), NULL);
    }
}

void
kl_member_list_add (KlMemberList *self, KlMember *member)
{
  g_return_if_fail (KL_IS_MEMBER_LIST (self));
  g_return_if_fail (KL_IS_MEMBER (member));

  KlUser *user = kl_member_get_user (member);
  if (self->seen != NULL)
    g_hash_table_add (self->seen, g_strdup (kl_user_get_id (user)));
  KlMember *here = kl_member_list_get (self, kl_user_get_id (user));
  if (here != NULL)
    {
      g_object_set (here, "role", kl_member_get_role (member), NULL);
      return;
    }
  Row *row = g_new0 (Row, 1);
  row->list = self;
  row->member = g_object_ref (member);
  row->key = sort_key (user);
  /* A member made by a test keeps the section that it came with. */
  if (self->live || self->load != NULL)
    g_object_set (member, "section", section_of (self, user), NULL);
  g_hash_table_insert (self->by_id, (gpointer) kl_user_get_id (user), row);
  g_signal_connect_swapped (user, "notify::status", G_CALLBACK (settle_row), row);
  g_signal_connect_swapped (user, "notify::display-name", G_CALLBACK (settle_row), row);
  guint to = place_for (self, row);
  g_ptr_array_insert (self->rows, (int) to, row);
  g_list_model_items_changed (G_LIST_MODEL (self), to, 0, 1);
  notify_counts (self);
}

void
kl_member_list_remove (KlMemberList *self, KlMember *member)
{
  guint position;

  g_return_if_fail (KL_IS_MEMBER_LIST (self));

  const char *id = kl_user_get_id (kl_member_get_user (member));
  Row *row = g_hash_table_lookup (self->by_id, id);
  if (row == NULL || !g_ptr_array_find (self->rows, row, &position))
    return;
  g_hash_table_remove (self->by_id, id);
  g_ptr_array_remove_index (self->rows, position);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
  notify_counts (self);
}

void
kl_member_list_set_live (KlMemberList *self, gboolean live)
{
  g_return_if_fail (KL_IS_MEMBER_LIST (self));

  if (self->live == live)
    return;
  self->live = live;
  if (!live)
    g_hash_table_remove_all (self->here);
  settle_all (self);
  notify_counts (self);
}

void
kl_member_list_set_here (KlMemberList *self, const char *const *user_ids)
{
  g_return_if_fail (KL_IS_MEMBER_LIST (self));

  g_hash_table_remove_all (self->here);
  for (guint i = 0; user_ids[i] != NULL; i++)
    g_hash_table_add (self->here, g_strdup (user_ids[i]));
  settle_all (self);
  notify_counts (self);
}

/* ── Pages ── */

void
kl_member_list_set_source (KlMemberList *self, KlMemberLoad load, gpointer user_data)
{
  g_return_if_fail (KL_IS_MEMBER_LIST (self));

  self->load = load;
  self->load_data = user_data;
}

static void
set_loading (KlMemberList *self, gboolean loading)
{
  if (self->loading == loading)
    return;
  self->loading = loading;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOADING]);
}

void
kl_member_list_load_more (KlMemberList *self)
{
  g_return_if_fail (KL_IS_MEMBER_LIST (self));

  if (self->load == NULL || self->loading || self->complete || !self->live)
    return;
  set_loading (self, TRUE);
  self->load (self, self->next, self->load_data);
}

void
kl_member_list_restart (KlMemberList *self)
{
  g_return_if_fail (KL_IS_MEMBER_LIST (self));

  g_clear_pointer (&self->next, g_free);
  g_clear_pointer (&self->seen, g_hash_table_unref);
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->complete = FALSE;
  set_loading (self, FALSE);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MORE]);
}

static void
remove_unseen (KlMemberList *self)
{
  for (guint i = self->rows->len; i > 0; i--)
    {
      Row *row = g_ptr_array_index (self->rows, i - 1);
      if (!g_hash_table_contains (self->seen, kl_user_get_id (kl_member_get_user (row->member))))
        kl_member_list_remove (self, row->member);
    }
  g_clear_pointer (&self->seen, g_hash_table_unref);
}

void
kl_member_list_page_done (KlMemberList *self, const char *next, gboolean failed)
{
  g_return_if_fail (KL_IS_MEMBER_LIST (self));

  set_loading (self, FALSE);
  if (failed)
    return;
  g_set_str (&self->next, next);
  if (next == NULL)
    {
      self->complete = TRUE;
      if (self->seen != NULL)
        remove_unseen (self);
    }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MORE]);
  notify_counts (self);
}

/* ── Object ── */

static guint
count_loaded (KlMemberList *self, KlMemberSection section)
{
  guint n = 0;

  for (guint i = 0; i < self->rows->len; i++)
    n += kl_member_get_section (((Row *) g_ptr_array_index (self->rows, i))->member) == section ? 1 : 0;
  return n;
}

/* The rows tell where all are loaded; else the group's own counts do. */
static gboolean
rows_tell (KlMemberList *self)
{
  return self->complete || self->load == NULL || !self->live;
}

guint
kl_member_list_get_n_here (KlMemberList *self)
{
  g_return_val_if_fail (KL_IS_MEMBER_LIST (self), 0);
  return rows_tell (self) ? count_loaded (self, KL_MEMBER_SECTION_HERE) : kl_group_get_here (self->group);
}

guint
kl_member_list_get_n_online (KlMemberList *self)
{
  g_return_val_if_fail (KL_IS_MEMBER_LIST (self), 0);

  if (rows_tell (self))
    return count_loaded (self, KL_MEMBER_SECTION_ONLINE);
  guint online = kl_group_get_online (self->group), here = kl_group_get_here (self->group);
  return online > here ? online - here : 0;
}

guint
kl_member_list_get_n_offline (KlMemberList *self)
{
  g_return_val_if_fail (KL_IS_MEMBER_LIST (self), 0);

  if (self->complete || self->load == NULL)
    return count_loaded (self, KL_MEMBER_SECTION_OFFLINE);
  guint members = kl_group_get_members (self->group);
  guint online = MAX (kl_group_get_online (self->group), kl_group_get_here (self->group));
  return members > online ? members - online : 0;
}

static void
kl_member_list_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlMemberList *self = KL_MEMBER_LIST (object);

  switch ((Prop) id)
    {
    case PROP_GROUP:
      g_value_set_object (value, self->group);
      break;
    case PROP_N_HERE:
      g_value_set_uint (value, kl_member_list_get_n_here (self));
      break;
    case PROP_N_ONLINE:
      g_value_set_uint (value, kl_member_list_get_n_online (self));
      break;
    case PROP_N_OFFLINE:
      g_value_set_uint (value, kl_member_list_get_n_offline (self));
      break;
    case PROP_MORE:
      g_value_set_boolean (value, kl_member_list_get_more (self));
      break;
    case PROP_LOADING:
      g_value_set_boolean (value, self->loading);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_member_list_finalize (GObject *object)
{
  KlMemberList *self = KL_MEMBER_LIST (object);

  g_hash_table_unref (self->by_id);
  g_ptr_array_unref (self->rows);
  g_hash_table_unref (self->here);
  g_clear_pointer (&self->seen, g_hash_table_unref);
  g_free (self->next);
  g_clear_object (&self->group);
  G_OBJECT_CLASS (kl_member_list_parent_class)->finalize (object);
}

static void
kl_member_list_class_init (KlMemberListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_member_list_get_property;
  object_class->finalize = kl_member_list_finalize;

  props[PROP_GROUP] = g_param_spec_object ("group", NULL, NULL, KL_TYPE_GROUP, ro);
  props[PROP_N_HERE] = g_param_spec_uint ("n-here", NULL, NULL, 0, G_MAXUINT, 0, ro);
  props[PROP_N_ONLINE] = g_param_spec_uint ("n-online", NULL, NULL, 0, G_MAXUINT, 0, ro);
  props[PROP_N_OFFLINE] = g_param_spec_uint ("n-offline", NULL, NULL, 0, G_MAXUINT, 0, ro);
  props[PROP_MORE] = g_param_spec_boolean ("more", NULL, NULL, FALSE, ro);
  props[PROP_LOADING] = g_param_spec_boolean ("loading", NULL, NULL, FALSE, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
kl_member_list_init (KlMemberList *self)
{
  self->rows = g_ptr_array_new_with_free_func (row_free);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  self->here = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

KlMemberList *
kl_member_list_new (KlGroup *group)
{
  g_return_val_if_fail (KL_IS_GROUP (group), NULL);

  KlMemberList *self = g_object_new (KL_TYPE_MEMBER_LIST, NULL);
  self->group = g_object_ref (group);
  g_signal_connect_object (kl_group_get_typing (group), "items-changed", G_CALLBACK (on_typing_changed), self,
                           G_CONNECT_SWAPPED);
  for (guint i = 0; i < 3; i++)
    g_signal_connect_object (group, (const char *[]) { "notify::members", "notify::online", "notify::here" }[i],
                             G_CALLBACK (notify_counts), self, G_CONNECT_SWAPPED);
  return self;
}

KlGroup *
kl_member_list_get_group (KlMemberList *self)
{
  g_return_val_if_fail (KL_IS_MEMBER_LIST (self), NULL);
  return self->group;
}

gboolean
kl_member_list_get_more (KlMemberList *self)
{
  g_return_val_if_fail (KL_IS_MEMBER_LIST (self), FALSE);
  return self->load != NULL && !self->complete;
}

gboolean
kl_member_list_get_loading (KlMemberList *self)
{
  g_return_val_if_fail (KL_IS_MEMBER_LIST (self), FALSE);
  return self->loading;
}
