/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/chat/kl-bus.h"

G_DEFINE_INTERFACE (KlBus, kl_bus, G_TYPE_OBJECT)

static void
kl_bus_default_init (KlBusInterface *iface)
{
}

KlBusCached *
kl_bus_cached_new (void)
{
  KlBusCached *self = g_new0 (KlBusCached, 1);

  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_message_unref);

  return self;
}

void
kl_bus_cached_free (KlBusCached *self)
{
  g_ptr_array_unref (self->messages);
  g_free (self);
}

KlBusNode *
kl_bus_node_new (void)
{
  return g_new0 (KlBusNode, 1);
}

KlBusNode *
kl_bus_node_copy (const KlBusNode *self)
{
  KlBusNode *copy = kl_bus_node_new ();

  *copy = *self;
  copy->id = g_strdup (self->id);
  copy->address = g_strdup (self->address);
  copy->version = g_strdup (self->version);

  return copy;
}

void
kl_bus_node_describe (KlBusNode *self, const KlBusNode *told)
{
  g_set_str (&self->address, told->address);
  g_set_str (&self->version, told->version);
  self->since = told->since;
  self->connections = told->connections;
  self->people = told->people;
}

void
kl_bus_node_free (KlBusNode *self)
{
  g_free (self->id);
  g_free (self->address);
  g_free (self->version);
  g_free (self);
}

void
kl_bus_set_listener (KlBus *self, const KlBusListener *listener, gpointer user_data)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->set_listener (self, listener, user_data);
}

const char *
kl_bus_get_node (KlBus *self)
{
  g_return_val_if_fail (KL_IS_BUS (self), NULL);

  return KL_BUS_GET_IFACE (self)->get_node (self);
}

gboolean
kl_bus_is_ready (KlBus *self, char **reason)
{
  g_return_val_if_fail (KL_IS_BUS (self), FALSE);

  return KL_BUS_GET_IFACE (self)->is_ready (self, reason);
}

/* Beside whatever the implementation is. */
static KlMeter *
get_meter (KlBus *self)
{
  GQuark quark = g_quark_from_static_string ("kl-bus-meter");
  KlMeter *meter = g_object_get_qdata (G_OBJECT (self), quark);

  if (meter == NULL)
    {
      meter = g_new0 (KlMeter, 1);
      g_object_set_qdata_full (G_OBJECT (self), quark, meter, g_free);
    }
  return meter;
}

const KlMeter *
kl_bus_get_meter (KlBus *self)
{
  g_return_val_if_fail (KL_IS_BUS (self), NULL);

  return get_meter (self);
}

void
kl_bus_subscribe (KlBus *self, const char *group)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->subscribe (self, group);
}

void
kl_bus_unsubscribe (KlBus *self, const char *group)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->unsubscribe (self, group);
}

void
kl_bus_publish (KlBus *self, KlStoreBatch *batch)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->publish (self, batch);
}

void
kl_bus_signal (KlBus *self, const KlBusSignal *signal)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->signal (self, signal);
}

void
kl_bus_forward (KlBus *self, const char *node, const KlBusForward *forward)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->forward (self, node, forward);
}

void
kl_bus_set_presence (KlBus *self, const char *user, const KlBusPresence *presence)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->set_presence (self, user, presence);
}

void
kl_bus_get_presence (KlBus *self, const char *user, KlBusPresence *presence)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->get_presence (self, user, presence);
}

void
kl_bus_cache_get_async (KlBus *self, const char *group, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->cache_get (
      self, group, kl_meter_task_new (get_meter (self), self, kl_bus_cache_get_async, callback, user_data));
}

KlBusCached *
kl_bus_cache_get_finish (KlBus *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_bus_cache_fill (KlBus *self, const char *group, gint64 rev, GPtrArray *messages)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->cache_fill (self, group, rev, messages);
}

void
kl_bus_cache_drop (KlBus *self, const char *group)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->cache_drop (self, group);
}

void
kl_bus_describe (KlBus *self, const KlBusNode *node)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->describe (self, node);
}

GPtrArray *
kl_bus_list_nodes (KlBus *self)
{
  g_return_val_if_fail (KL_IS_BUS (self), NULL);

  return KL_BUS_GET_IFACE (self)->list_nodes (self);
}

void
kl_bus_get_counters (KlBus *self, KlBusCounters *counters)
{
  g_return_if_fail (KL_IS_BUS (self));

  KL_BUS_GET_IFACE (self)->get_counters (self, counters);
}
