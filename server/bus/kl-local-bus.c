/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/bus/kl-local-bus.h"

#define SWEEP_INTERVAL_S 60

typedef struct
{
  gint64 rev;
  GPtrArray *messages; /* KlStoreMessage, owned; consecutive seqs */
  gint64 used_usec;    /* monotonic */
} Cached;

struct _KlLocalBus
{
  GObject parent_instance;

  GHashTable *cache; /* group id, owned → Cached, owned */
  guint sweep_id;    /* while something is cached */
  KlBusNode *node;
  guint64 hits;
  guint64 misses;
};

static void
bus_iface_init (KlBusInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlLocalBus, kl_local_bus, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_BUS, bus_iface_init))

static void
free_cached (gpointer data)
{
  Cached *cached = data;

  g_ptr_array_unref (cached->messages);
  g_free (cached);
}

static void
kl_local_bus_finalize (GObject *object)
{
  KlLocalBus *self = KL_LOCAL_BUS (object);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  g_hash_table_unref (self->cache);
  kl_bus_node_free (self->node);

  G_OBJECT_CLASS (kl_local_bus_parent_class)->finalize (object);
}

static void
kl_local_bus_class_init (KlLocalBusClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_local_bus_finalize;
}

static void
kl_local_bus_init (KlLocalBus *self)
{
  self->cache = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_cached);
  self->node = kl_bus_node_new ();
  self->node->id = g_strdup (KL_BUS_NODE_ALONE);
  self->node->own = TRUE;
}

KlLocalBus *
kl_local_bus_new (void)
{
  return g_object_new (KL_TYPE_LOCAL_BUS, NULL);
}

/* ── The cache ── */

static gboolean
is_stale (const Cached *cached)
{
  return g_get_monotonic_time () - cached->used_usec > (gint64)KL_BUS_CACHE_TTL_MS * G_TIME_SPAN_MILLISECOND;
}

static gboolean
on_sweep (gpointer user_data)
{
  KlLocalBus *self = user_data;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->cache);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (is_stale (value))
      g_hash_table_iter_remove (&iter);

  if (g_hash_table_size (self->cache) > 0)
    return G_SOURCE_CONTINUE;
  self->sweep_id = 0;

  return G_SOURCE_REMOVE;
}

static Cached *
find_cached (KlLocalBus *self, const char *group)
{
  Cached *cached = g_hash_table_lookup (self->cache, group);

  if (cached && is_stale (cached))
    {
      g_hash_table_remove (self->cache, group);
      return NULL;
    }

  return cached;
}

static void
trim (GPtrArray *messages)
{
  if (messages->len > KL_BUS_CACHE_MESSAGES)
    g_ptr_array_remove_range (messages, 0, messages->len - KL_BUS_CACHE_MESSAGES);
}

static void
cache_fill (KlBus *bus, const char *group, gint64 rev, GPtrArray *messages)
{
  KlLocalBus *self = KL_LOCAL_BUS (bus);
  Cached *cached = find_cached (self, group);

  if (cached && cached->rev >= rev)
    return;

  cached = g_new (Cached, 1);
  cached->rev = rev;
  cached->used_usec = g_get_monotonic_time ();
  cached->messages = g_ptr_array_new_full (KL_BUS_CACHE_MESSAGES + 1, (GDestroyNotify)kl_store_message_unref);
  for (guint i = 0; i < messages->len; i++)
    g_ptr_array_add (cached->messages, kl_store_message_ref (g_ptr_array_index (messages, i)));
  trim (cached->messages);
  g_hash_table_insert (self->cache, g_strdup (group), cached);

  if (!self->sweep_id)
    self->sweep_id = g_timeout_add_seconds (SWEEP_INTERVAL_S, on_sweep, self);
}

static void
cache_drop (KlBus *bus, const char *group)
{
  g_hash_table_remove (KL_LOCAL_BUS (bus)->cache, group);
}

static void
cache_get (KlBus *bus, const char *group, GTask *task)
{
  KlLocalBus *self = KL_LOCAL_BUS (bus);
  Cached *cached = find_cached (self, group);
  KlBusCached *result = NULL;

  if (!cached)
    {
      self->misses++;
    }
  else
    {
      self->hits++;
      cached->used_usec = g_get_monotonic_time ();
      result = kl_bus_cached_new ();
      result->rev = cached->rev;
      for (guint i = 0; i < cached->messages->len; i++)
        g_ptr_array_add (result->messages, kl_store_message_ref (g_ptr_array_index (cached->messages, i)));
    }
  g_task_return_pointer (task, result, (GDestroyNotify)kl_bus_cached_free);
  g_object_unref (task);
}

/* FALSE: the message does not adjoin what is there. */
static gboolean
put_message (GPtrArray *messages, KlStoreMessage *message)
{
  gint64 first, index;

  if (messages->len == 0)
    {
      if (message->seq != 1)
        return FALSE;
      g_ptr_array_add (messages, kl_store_message_ref (message));
      return TRUE;
    }

  first = ((KlStoreMessage *)g_ptr_array_index (messages, 0))->seq;
  index = message->seq - first;
  if (index < 0)
    return TRUE; /* older than what is kept */
  if (index > messages->len)
    return FALSE;

  if (index == messages->len)
    g_ptr_array_add (messages, kl_store_message_ref (message));
  else
    {
      kl_store_message_unref (messages->pdata[index]);
      messages->pdata[index] = kl_store_message_ref (message);
    }

  return TRUE;
}

static gboolean
bring_forward (Cached *cached, KlStoreBatch *batch)
{
  for (guint i = 0; i < batch->changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (batch->changes, KlStoreChange, i);

      if (change->kind == KL_CHANGE_MESSAGE && !put_message (cached->messages, change->message))
        return FALSE;
      if (change->kind == KL_CHANGE_GROUP && change->group->deleted)
        return FALSE;
      cached->rev = change->rev;
    }
  trim (cached->messages);

  return TRUE;
}

static void
publish (KlBus *bus, KlStoreBatch *batch)
{
  KlLocalBus *self = KL_LOCAL_BUS (bus);
  Cached *cached = find_cached (self, batch->group);

  if (!cached || cached->rev > batch->base_rev)
    return;
  if (cached->rev < batch->base_rev || !bring_forward (cached, batch))
    g_hash_table_remove (self->cache, batch->group);
}

/* ── There is nobody else ── */

static void
set_listener (KlBus *bus, const KlBusListener *listener, gpointer user_data)
{
}

static gboolean
is_ready (KlBus *bus, char **reason)
{
  return TRUE;
}

static void
subscribe (KlBus *bus, const char *group)
{
}

static void
signal_others (KlBus *bus, const KlBusSignal *signal)
{
}

static void
set_presence (KlBus *bus, const char *user, const KlBusPresence *presence)
{
}

static void
get_presence (KlBus *bus, const char *user, KlBusPresence *presence)
{
  *presence = (KlBusPresence){ .activity = KL_ACTIVITY_OFFLINE };
}

static void
forward (KlBus *bus, const char *node, const KlBusForward *forward)
{
}

static const char *
get_node (KlBus *bus)
{
  return KL_LOCAL_BUS (bus)->node->id;
}

static void
describe (KlBus *bus, const KlBusNode *node)
{
  kl_bus_node_describe (KL_LOCAL_BUS (bus)->node, node);
}

static GPtrArray *
list_nodes (KlBus *bus)
{
  GPtrArray *nodes = g_ptr_array_new_with_free_func ((GDestroyNotify)kl_bus_node_free);
  KlBusNode *node = kl_bus_node_copy (KL_LOCAL_BUS (bus)->node);

  node->heard = g_get_real_time () / G_TIME_SPAN_MILLISECOND;
  g_ptr_array_add (nodes, node);

  return nodes;
}

static void
get_counters (KlBus *bus, KlBusCounters *counters)
{
  KlLocalBus *self = KL_LOCAL_BUS (bus);

  *counters = (KlBusCounters){ .cache_hits = self->hits, .cache_misses = self->misses };
}

static void
bus_iface_init (KlBusInterface *iface)
{
  iface->get_node = get_node;
  iface->forward = forward;
  iface->describe = describe;
  iface->list_nodes = list_nodes;
  iface->get_counters = get_counters;
  iface->set_listener = set_listener;
  iface->is_ready = is_ready;
  iface->subscribe = subscribe;
  iface->unsubscribe = subscribe;
  iface->publish = publish;
  iface->signal = signal_others;
  iface->set_presence = set_presence;
  iface->get_presence = get_presence;
  iface->cache_get = cache_get;
  iface->cache_fill = cache_fill;
  iface->cache_drop = cache_drop;
}
