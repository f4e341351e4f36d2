/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-mongo-memory.h"

/* Beyond that all is forgotten and learnt anew. */
#define MAX_HEADS 50000
#define MAX_NAMES 200000

struct _KlMongoMemory
{
  GMutex lock;
  GHashTable *heads; /* group → KlMongoHead; under the lock */
  GHashTable *names; /* user id → name; under the lock */
  gboolean stamps;
  gboolean scans;
};

KlMongoMemory *
kl_mongo_memory_new (void)
{
  KlMongoMemory *self = g_new0 (KlMongoMemory, 1);

  g_mutex_init (&self->lock);
  self->heads = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  return self;
}

void
kl_mongo_memory_free (KlMongoMemory *self)
{
  g_hash_table_unref (self->heads);
  g_hash_table_unref (self->names);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
kl_mongo_memory_set_server (KlMongoMemory *self, gboolean stamps, gboolean scans)
{
  self->stamps = stamps;
  self->scans = scans;
}

gboolean
kl_mongo_memory_stamps (KlMongoMemory *self)
{
  return self->stamps;
}

gboolean
kl_mongo_memory_scans (KlMongoMemory *self)
{
  return self->scans;
}

gboolean
kl_mongo_memory_get_head (KlMongoMemory *self, const char *group, gint64 rev, KlMongoHead *head)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const KlMongoHead *known = g_hash_table_lookup (self->heads, group);

  if (!known || known->rev != rev)
    return FALSE;
  *head = *known;

  return TRUE;
}

gint64
kl_mongo_memory_get_rev (KlMongoMemory *self, const char *group)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const KlMongoHead *known = g_hash_table_lookup (self->heads, group);

  return known ? known->rev : 0;
}

void
kl_mongo_memory_set_head (KlMongoMemory *self, const char *group, const KlMongoHead *head)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  KlMongoHead *known = g_hash_table_lookup (self->heads, group);

  if (known)
    {
      if (known->rev < head->rev)
        *known = *head;
      return;
    }
  if (g_hash_table_size (self->heads) >= MAX_HEADS)
    g_hash_table_remove_all (self->heads);
  g_hash_table_insert (self->heads, g_strdup (group), g_memdup2 (head, sizeof *head));
}

char *
kl_mongo_memory_dup_name (KlMongoMemory *self, const char *user)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_strdup (g_hash_table_lookup (self->names, user));
}

void
kl_mongo_memory_add_name (KlMongoMemory *self, const char *user, const char *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (g_hash_table_size (self->names) >= MAX_NAMES)
    g_hash_table_remove_all (self->names);
  g_hash_table_insert (self->names, g_strdup (user), g_strdup (name));
}
