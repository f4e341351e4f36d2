/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/chat/kl-pair-bus.h"

typedef struct
{
  KlActivity activity;
  char **here;
  guint connections;
} Share;

static void
free_share (Share *share)
{
  g_strfreev (share->here);
  g_free (share);
}

typedef struct
{
  KlPairBus *to;
  KlStoreBatch *batch;
  KlBusSignal signal;
  char *presence;
  KlBusForward *forward;
} Delivery;

static gboolean
on_delivery (gpointer user_data)
{
  Delivery *delivery = user_data;
  KlPairBus *to = delivery->to;

  if (to->listener && !to->deaf)
    {
      if (delivery->batch && g_hash_table_contains (to->subscribed, delivery->batch->group))
        to->listener->on_changes (to->listener_data, to->other->name, delivery->batch);
      else if (delivery->forward)
        to->listener->on_forward (to->listener_data, to->other->name, delivery->forward);
      else if (delivery->presence)
        to->listener->on_presence (to->listener_data, delivery->presence);
      else if (!delivery->batch && !delivery->forward)
        to->listener->on_signal (to->listener_data, &delivery->signal);
    }
  g_clear_pointer (&delivery->batch, kl_store_batch_unref);
  g_free ((char *) delivery->signal.user);
  g_free ((char *) delivery->signal.group);
  g_free ((char *) delivery->signal.id);
  g_free ((char *) delivery->signal.keep);
  g_free ((char *) delivery->signal.json);
  g_free (delivery->presence);
  if (delivery->forward)
    {
      g_free ((char *) delivery->forward->user);
      g_free ((char *) delivery->forward->group);
      g_free ((char *) delivery->forward->json);
      g_free (delivery->forward);
    }
  g_object_unref (delivery->to);
  g_free (delivery);

  return G_SOURCE_REMOVE;
}

static Delivery *
deliver (KlPairBus *self)
{
  Delivery *delivery = g_new0 (Delivery, 1);

  delivery->to = g_object_ref (self->other);
  if (self->held)
    g_ptr_array_add (self->held, delivery);
  else
    g_idle_add_full (G_PRIORITY_DEFAULT, on_delivery, delivery, NULL);

  return delivery;
}

static void
set_listener (KlBus *bus, const KlBusListener *listener, gpointer user_data)
{
  KlPairBus *self = KL_PAIR_BUS (bus);

  self->listener = listener;
  self->listener_data = user_data;
}

static gboolean
is_ready (KlBus *bus, char **reason)
{
  return !KL_PAIR_BUS (bus)->down;
}

static const char *
get_node (KlBus *bus)
{
  return KL_PAIR_BUS (bus)->name;
}

static void
forward (KlBus *bus, const char *node, const KlBusForward *what)
{
  KlPairBus *self = KL_PAIR_BUS (bus);
  KlBusForward *copy;

  g_assert_cmpstr (node, ==, self->other->name);
  self->other->forwarded++;
  if (self->loses_forwards)
    return;
  copy = g_memdup2 (what, sizeof *what);
  copy->user = g_strdup (what->user);
  copy->group = g_strdup (what->group);
  copy->json = g_strndup (what->json, what->json_length);
  deliver (self)->forward = copy;
}

static void
subscribe (KlBus *bus, const char *group)
{
  g_hash_table_add (KL_PAIR_BUS (bus)->subscribed, g_strdup (group));
}

static void
unsubscribe (KlBus *bus, const char *group)
{
  g_hash_table_remove (KL_PAIR_BUS (bus)->subscribed, group);
}

static void
publish (KlBus *bus, KlStoreBatch *batch)
{
  deliver (KL_PAIR_BUS (bus))->batch = kl_store_batch_ref (batch);
}

static void
send_signal (KlBus *bus, const KlBusSignal *signal)
{
  Delivery *delivery = deliver (KL_PAIR_BUS (bus));

  delivery->signal = *signal;
  delivery->signal.json = g_strdup (signal->json);
  delivery->signal.node = "other";
  delivery->signal.user = g_strdup (signal->user);
  delivery->signal.group = g_strdup (signal->group);
  delivery->signal.id = g_strdup (signal->id);
  delivery->signal.keep = g_strdup (signal->keep);
}

static void
set_presence (KlBus *bus, const char *user, const KlBusPresence *presence)
{
  KlPairBus *self = KL_PAIR_BUS (bus);
  Share *share = g_new0 (Share, 1);

  share->activity = presence->activity;
  share->connections = presence->connections;
  share->here = g_strdupv ((char **) presence->here);
  g_hash_table_insert (self->presence, g_strdup (user), share);
  deliver (self)->presence = g_strdup (user);
}

static void
get_presence (KlBus *bus, const char *user, KlBusPresence *presence)
{
  KlPairBus *other = KL_PAIR_BUS (bus)->other;
  Share *share = other ? g_hash_table_lookup (other->presence, user) : NULL;

  presence->activity = share ? share->activity : KL_ACTIVITY_OFFLINE;
  presence->connections = share ? share->connections : 0;
  presence->here = share && share->activity != KL_ACTIVITY_OFFLINE ? (const char *const *) share->here : NULL;
}

static void
cache_get (KlBus *bus, const char *group, GTask *task)
{
  g_task_return_pointer (task, NULL, NULL);
  g_object_unref (task);
}

static void
cache_fill (KlBus *bus, const char *group, gint64 rev, GPtrArray *messages)
{
}

static void
cache_drop (KlBus *bus, const char *group)
{
}

static void
bus_iface_init (KlBusInterface *iface)
{
  iface->set_listener = set_listener;
  iface->is_ready = is_ready;
  iface->get_node = get_node;
  iface->forward = forward;
  iface->subscribe = subscribe;
  iface->unsubscribe = unsubscribe;
  iface->publish = publish;
  iface->signal = send_signal;
  iface->set_presence = set_presence;
  iface->get_presence = get_presence;
  iface->cache_get = cache_get;
  iface->cache_fill = cache_fill;
  iface->cache_drop = cache_drop;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KlPairBus, kl_pair_bus, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_BUS, bus_iface_init))

static void
kl_pair_bus_finalize (GObject *object)
{
  KlPairBus *self = KL_PAIR_BUS (object);

  if (self->other)
    self->other->other = NULL;
  g_hash_table_unref (self->subscribed);
  g_hash_table_unref (self->presence);
  G_OBJECT_CLASS (kl_pair_bus_parent_class)->finalize (object);
}

static void
kl_pair_bus_class_init (KlPairBusClass *class)
{
  G_OBJECT_CLASS (class)->finalize = kl_pair_bus_finalize;
}

static void
kl_pair_bus_init (KlPairBus *self)
{
  self->subscribed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->presence = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) free_share);
}

void
kl_pair_bus_new_two (KlPairBus *ends[2])
{
  for (guint i = 0; i < 2; i++)
    ends[i] = g_object_new (KL_TYPE_PAIR_BUS, NULL);
  ends[0]->other = ends[1];
  ends[1]->other = ends[0];
  ends[0]->name = "one";
  ends[1]->name = "two";
}

void
kl_pair_bus_release_backwards (KlPairBus *self)
{
  g_autoptr (GPtrArray) held = g_steal_pointer (&self->held);

  for (guint i = held->len; i > 0; i--)
    {
      Delivery *delivery = g_ptr_array_index (held, i - 1);

      if (delivery->batch)
        deliver (self)->batch = kl_store_batch_ref (delivery->batch);
      g_idle_add_full (G_PRIORITY_DEFAULT, on_delivery, delivery, NULL);
    }
}
