/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/bus/kl-bus-people.h"

typedef struct
{
  KlActivity activity;
  guint connections;
  GPtrArray *here; /* char *, owned; with a NULL at its end */
  guint round;     /* of the node, when it was set last */
} Share;

typedef struct
{
  char *id;
  GHashTable *users; /* Person → itself, lent */
  guint round;
} Node;

typedef struct
{
  char *id;
  GHashTable *shares; /* Node, lent → Share, owned */
  Share *sum;         /* owned; `here` lends its strings of the shares */
} Person;

struct _KlBusPeople
{
  GHashTable *people; /* id, lent by the Person → Person, owned */
  GHashTable *nodes;  /* id, lent by the Node → Node, owned */
  KlBusPeopleFunc changed;
  gpointer user_data;
};

static void
free_share (gpointer data)
{
  Share *share = data;

  g_ptr_array_unref (share->here);
  g_free (share);
}

static void
free_person (gpointer data)
{
  Person *person = data;

  free_share (person->sum);
  g_hash_table_unref (person->shares);
  g_free (person->id);
  g_free (person);
}

static void
free_node (gpointer data)
{
  Node *node = data;

  g_hash_table_unref (node->users);
  g_free (node->id);
  g_free (node);
}

KlBusPeople *
kl_bus_people_new (KlBusPeopleFunc changed, gpointer user_data)
{
  KlBusPeople *self = g_new0 (KlBusPeople, 1);

  self->people = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_person);
  self->nodes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_node);
  self->changed = changed;
  self->user_data = user_data;

  return self;
}

void
kl_bus_people_free (KlBusPeople *self)
{
  g_hash_table_unref (self->people);
  g_hash_table_unref (self->nodes);
  g_free (self);
}

static gboolean
has_group (const GPtrArray *here, const char *group)
{
  for (guint i = 0; i + 1 < here->len; i++)
    if (g_str_equal (g_ptr_array_index (here, i), group))
      return TRUE;

  return FALSE;
}

/* As sets. */
static gboolean
is_same (const Share *a, const Share *b)
{
  if (a->activity != b->activity || a->connections != b->connections || a->here->len != b->here->len)
    return FALSE;
  for (guint i = 0; i + 1 < a->here->len; i++)
    if (!has_group (b->here, g_ptr_array_index (a->here, i)))
      return FALSE;

  return TRUE;
}

static Share *
make_share (const KlBusPresence *presence)
{
  Share *share = g_new0 (Share, 1);

  share->activity = presence->activity;
  share->connections = presence->connections;
  share->here = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (share->here, NULL);
  for (gsize i = 0; presence->here && presence->here[i]; i++)
    if (!has_group (share->here, presence->here[i]))
      g_ptr_array_insert (share->here, 0, g_strdup (presence->here[i]));

  return share;
}

static Share *
add_up (Person *person)
{
  Share *sum = g_new0 (Share, 1);
  GHashTableIter iter;
  gpointer value;

  sum->here = g_ptr_array_new ();
  g_ptr_array_add (sum->here, NULL);
  g_hash_table_iter_init (&iter, person->shares);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Share *share = value;

      sum->activity = MAX (sum->activity, share->activity);
      sum->connections += share->connections;
      for (guint i = 0; i + 1 < share->here->len; i++)
        if (!has_group (sum->here, g_ptr_array_index (share->here, i)))
          g_ptr_array_insert (sum->here, 0, g_ptr_array_index (share->here, i));
    }

  return sum;
}

/* Puts SHARE (owned; NULL: none) in the place of NODE's and tells if that makes a difference. */
static void
replace (KlBusPeople *self, Node *node, Person *person, Share *share)
{
  Share *old = g_hash_table_lookup (person->shares, node);
  g_autofree char *id = g_strdup (person->id);
  Share *sum;
  gboolean differs;

  if (old)
    g_hash_table_steal (person->shares, node);
  if (share)
    {
      share->round = node->round;
      g_hash_table_insert (person->shares, node, share);
      g_hash_table_add (node->users, person);
    }
  else
    g_hash_table_remove (node->users, person);

  /* The sum before lends its strings of the share that goes. */
  sum = add_up (person);
  differs = !is_same (sum, person->sum);
  free_share (person->sum);
  person->sum = sum;
  if (old)
    free_share (old);
  if (g_hash_table_size (person->shares) == 0)
    g_hash_table_remove (self->people, person->id);

  if (differs)
    self->changed (self->user_data, id);
}

static Node *
get_node (KlBusPeople *self, const char *id)
{
  Node *node = g_hash_table_lookup (self->nodes, id);

  if (!node)
    {
      node = g_new0 (Node, 1);
      node->id = g_strdup (id);
      node->users = g_hash_table_new (NULL, NULL);
      g_hash_table_insert (self->nodes, node->id, node);
    }

  return node;
}

void
kl_bus_people_set (KlBusPeople *self, const char *node_id, const char *user, const KlBusPresence *share)
{
  Node *node = get_node (self, node_id);
  Person *person = g_hash_table_lookup (self->people, user);
  Share *next = share->activity == KL_ACTIVITY_OFFLINE ? NULL : make_share (share);

  if (!person && !next)
    return;
  if (!person)
    {
      person = g_new0 (Person, 1);
      person->id = g_strdup (user);
      person->shares = g_hash_table_new_full (NULL, NULL, NULL, free_share);
      person->sum = add_up (person);
      g_hash_table_insert (self->people, person->id, person);
    }
  replace (self, node, person, next);
}

void
kl_bus_people_begin (KlBusPeople *self, const char *node)
{
  get_node (self, node)->round++;
}

/* Takes away the shares of NODE that were not set in this round. */
static void
sweep (KlBusPeople *self, Node *node)
{
  g_autoptr (GList) people = g_hash_table_get_keys (node->users);

  for (GList *item = people; item; item = item->next)
    {
      Person *person = item->data;
      const Share *share = g_hash_table_lookup (person->shares, node);

      if (share->round != node->round)
        replace (self, node, person, NULL);
    }
}

void
kl_bus_people_end (KlBusPeople *self, const char *node)
{
  sweep (self, get_node (self, node));
}

void
kl_bus_people_drop (KlBusPeople *self, const char *id)
{
  Node *node = g_hash_table_lookup (self->nodes, id);

  if (!node)
    return;
  node->round++;
  sweep (self, node);
  g_hash_table_remove (self->nodes, id);
}

void
kl_bus_people_get (KlBusPeople *self, const char *user, KlBusPresence *presence)
{
  const Person *person = g_hash_table_lookup (self->people, user);

  *presence = (KlBusPresence) { .activity = KL_ACTIVITY_OFFLINE };
  if (!person)
    return;
  presence->activity = person->sum->activity;
  presence->connections = person->sum->connections;
  if (person->sum->here->len > 1)
    presence->here = (const char *const *) person->sum->here->pdata;
}

guint
kl_bus_people_count (KlBusPeople *self)
{
  return g_hash_table_size (self->people);
}
