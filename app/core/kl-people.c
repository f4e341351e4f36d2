/* SPDX-License-Identifier: GPL-3.0-or-later
 * The persons of a session. */
#include "app/core/kl-people.h"
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
};

G_DEFINE_FINAL_TYPE (KlPeople, kl_people, G_TYPE_OBJECT)

static void
kl_people_finalize (GObject *object)
{
  g_hash_table_unref (KL_PEOPLE (object)->by_id);
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

KlUser *
kl_people_take (KlPeople *self, yyjson_val *object, gboolean with_presence)
{
  KlUser *user = kl_people_get (self, yyjson_get_str (yyjson_obj_get (object, "id")));

  if (user != NULL)
    kl_wire_update_user (user, object, with_presence);
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
      g_hash_table_iter_remove (&iter);
}
