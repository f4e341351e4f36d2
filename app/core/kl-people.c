/* SPDX-License-Identifier: GPL-3.0-or-later
 * The persons of a session. */
#include "app/core/kl-people.h"
#include "app/core/kl-lookalike.h"
#include "app/core/kl-wire.h"
#include "protocol/kl-id.h"

enum
{
  SWEEP_ABOVE = 20000,
};

struct _KlPeople
{
  GObject parent_instance;

  GHashTable *by_id; /* id (the user's) → owned KlUser */
  GHashTable *keys;  /* user → what its name looks like */
  GHashTable *alike; /* what a name looks like → owned GPtrArray of the users */
};

G_DEFINE_FINAL_TYPE (KlPeople, kl_people, G_TYPE_OBJECT)

static void
kl_people_finalize (GObject *object)
{
  KlPeople *self = KL_PEOPLE (object);

  g_hash_table_unref (self->keys);
  g_hash_table_unref (self->alike);
  g_hash_table_unref (self->by_id);
  G_OBJECT_CLASS (kl_people_parent_class)->finalize (object);
}

static void
kl_people_class_init (KlPeopleClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_people_finalize;
}

static void
kl_people_init (KlPeople *self)
{
  self->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->keys = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->alike = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
}

KlPeople *
kl_people_new (void)
{
  return g_object_new (KL_TYPE_PEOPLE, NULL);
}

KlUser *
kl_people_get (KlPeople *self, const char *id)
{
  g_return_val_if_fail (KL_IS_PEOPLE (self), NULL);

  if (id == NULL || !kl_id_is_valid (id))
    return NULL;
  KlUser *user = g_hash_table_lookup (self->by_id, id);
  if (user == NULL)
    {
      user = kl_user_new (id);
      g_hash_table_insert (self->by_id, (gpointer) kl_user_get_id (user), user);
    }
  return user;
}

KlUser *
kl_people_peek (KlPeople *self, const char *id)
{
  g_return_val_if_fail (KL_IS_PEOPLE (self), NULL);
  return id != NULL ? g_hash_table_lookup (self->by_id, id) : NULL;
}

/* ── Twins ── */

static void
set_twin (KlUser *user, gboolean twin)
{
  g_object_set (user, "twin", twin, NULL);
}

static void
forget_name (KlPeople *self, KlUser *user)
{
  const char *key = g_hash_table_lookup (self->keys, user);
  GPtrArray *users = key != NULL ? g_hash_table_lookup (self->alike, key) : NULL;

  if (users == NULL)
    return;
  g_ptr_array_remove_fast (users, user);
  if (users->len == 1)
    set_twin (users->pdata[0], FALSE);
  if (users->len == 0)
    g_hash_table_remove (self->alike, key);
  g_hash_table_remove (self->keys, user);
}

/* The names of those who are gone stand nowhere. */
static void
note_name (KlPeople *self, KlUser *user)
{
  g_autofree char *key = kl_user_get_deleted (user) ? NULL : kl_lookalike_key (kl_user_get_display_name (user));
  GPtrArray *users;

  if (g_strcmp0 (key, g_hash_table_lookup (self->keys, user)) == 0)
    return;
  forget_name (self, user);
  if (key == NULL || *key == '\0')
    {
      set_twin (user, FALSE);
      return;
    }
  users = g_hash_table_lookup (self->alike, key);
  if (users == NULL)
    {
      users = g_ptr_array_new ();
      g_hash_table_insert (self->alike, g_strdup (key), users);
    }
  g_ptr_array_add (users, user);
  g_hash_table_insert (self->keys, user, g_steal_pointer (&key));
  set_twin (user, users->len > 1);
  if (users->len == 2)
    set_twin (users->pdata[0], TRUE);
}

/* ── */

KlUser *
kl_people_take (KlPeople *self, yyjson_val *object, gboolean with_presence)
{
  KlUser *user = kl_people_get (self, yyjson_get_str (yyjson_obj_get (object, "id")));

  if (user != NULL)
    {
      kl_wire_update_user (user, object, with_presence);
      note_name (self, user);
    }
  return user;
}

void
kl_people_forget_presence (KlPeople *self)
{
  GHashTableIter iter;
  gpointer user;

  g_return_if_fail (KL_IS_PEOPLE (self));

  g_hash_table_iter_init (&iter, self->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &user))
    g_object_set (user, "status", KL_USER_STATUS_UNKNOWN, NULL);
}

void
kl_people_sweep (KlPeople *self)
{
  GHashTableIter iter;
  gpointer user;

  g_return_if_fail (KL_IS_PEOPLE (self));

  if (g_hash_table_size (self->by_id) < SWEEP_ABOVE)
    return;
  g_hash_table_iter_init (&iter, self->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &user))
    if (G_OBJECT (user)->ref_count == 1)
      {
        forget_name (self, user);
        g_hash_table_iter_remove (&iter);
      }
}
