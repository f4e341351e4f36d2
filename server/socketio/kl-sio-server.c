/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/socketio/kl-sio-private.h"

#include <string.h>

#include "server/socketio/kl-sio-listener-private.h"

#define SHUTDOWN_POLL_MS 20

G_DEFINE_FINAL_TYPE (KlSioServer, kl_sio_server, G_TYPE_OBJECT)

const char *
kl_sio_reason_to_string (KlSioReason reason)
{
  switch (reason)
    {
    case KL_SIO_REASON_CLIENT_DISCONNECT:
      return "client namespace disconnect";
    case KL_SIO_REASON_TRANSPORT_CLOSE:
      return "transport close";
    case KL_SIO_REASON_PING_TIMEOUT:
      return "ping timeout";
    case KL_SIO_REASON_CONNECT_TIMEOUT:
      return "connect timeout";
    case KL_SIO_REASON_PARSE_ERROR:
      return "parse error";
    case KL_SIO_REASON_SLOW_CONSUMER:
      return "slow consumer";
    case KL_SIO_REASON_SERVER:
      return "server namespace disconnect";
    case KL_SIO_REASON_SHUTDOWN:
      return "server shutting down";
    default:
      return "unknown";
    }
}

static void
namespace_free (gpointer data)
{
  KlSioNamespace *nsp = data;

  g_clear_pointer (&nsp->rooms, g_hash_table_unref);
  g_free (nsp->name);
  g_free (nsp);
}

KlSioServer *
kl_sio_server_new (KlSioListener *listener, const char *path, const KlSioServerConfig *config)
{
  KlSioServer *self = g_object_new (KL_TYPE_SIO_SERVER, NULL);
  KlSioTimers *timers = kl_ws_hub_get_timers (kl_sio_listener_get_hub (listener));

  self->listener = g_object_ref (listener);
  self->config = *config;
  if (self->config.connect_timeout_ms == 0)
    self->config.connect_timeout_ms = 10000;
  self->connect_queue =
    kl_sio_timers_add_queue (timers, self->config.connect_timeout_ms, kl_sio_client_on_connect_timeout, self);
  self->eio = kl_eio_server_new (listener, path, &self->config, &kl_sio_client_handler, self);

  return self;
}

void
kl_sio_server_add_namespace (KlSioServer *self, const char *name, const KlSioHandler *handler, gpointer user_data)
{
  KlSioNamespace *nsp = g_new0 (KlSioNamespace, 1);

  nsp->server = self;
  nsp->name = g_strdup (name);
  nsp->handler = handler;
  nsp->user_data = user_data;
  g_ptr_array_add (self->namespaces, nsp);
}

void
kl_sio_server_set_admit_func (KlSioServer *self, KlSioAdmitFunc func, gpointer user_data)
{
  kl_eio_server_set_admit_func (self->eio, func, user_data);
}

void
kl_sio_server_set_slow_notice (KlSioServer *self, KlSioMessage *notice)
{
  g_clear_pointer (&self->slow_notice, kl_sio_message_unref);
  self->slow_notice = notice ? kl_sio_message_ref (notice) : NULL;
}

guint
kl_sio_server_get_n_connections (KlSioServer *self)
{
  return self->n_open;
}

void
kl_sio_server_get_stats (KlSioServer *self, KlSioStats *stats)
{
  kl_eio_server_get_stats (self->eio, stats);
}

void
kl_sio_server_emit (KlSioServer *self, const char *name, const char *room_name, KlSioMessage *message,
                    KlSioSocket *except)
{
  for (guint i = 0; i < self->namespaces->len; i++)
    {
      KlSioNamespace *nsp = g_ptr_array_index (self->namespaces, i);
      KlSioRoom *room;
      GHashTableIter iter;
      gpointer socket;

      if (strcmp (nsp->name, name ? name : "/") != 0)
        continue;
      if (!room_name)
        {
          for (KlSioSocket *at = nsp->first; at; at = at->next)
            if (at != except)
              kl_sio_socket_emit (at, message);
          return;
        }
      room = nsp->rooms ? g_hash_table_lookup (nsp->rooms, room_name) : NULL;
      if (!room)
        return;
      g_hash_table_iter_init (&iter, room->sockets);
      while (g_hash_table_iter_next (&iter, &socket, NULL))
        if (socket != except)
          kl_sio_socket_emit (socket, message);
      return;
    }
}

/* ── Shutdown ── */

typedef struct
{
  gint64 until_usec;
} Shutdown;

static gboolean
on_shutdown_poll (gpointer user_data)
{
  KlSioServer *self = user_data;
  GTask *task = self->shutdown;
  Shutdown *shutdown = g_task_get_task_data (task);
  gboolean drained = kl_eio_server_get_n_sessions (self->eio) == 0 &&
                     kl_ws_hub_get_n_conns (kl_sio_listener_get_hub (self->listener)) == 0;

  if (!drained && g_get_monotonic_time () < shutdown->until_usec)
    return G_SOURCE_CONTINUE;

  self->shutdown_timer = 0;
  self->shutdown = NULL;
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);

  return G_SOURCE_REMOVE;
}

void
kl_sio_server_shutdown_async (KlSioServer *self, KlSioMessage *notice, guint timeout_ms, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  Shutdown *shutdown = g_new0 (Shutdown, 1);

  g_return_if_fail (!self->shutdown);

  self->shutdown = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->shutdown, kl_sio_server_shutdown_async);
  shutdown->until_usec = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  g_task_set_task_data (self->shutdown, shutdown, g_free);

  kl_sio_listener_stop (self->listener);
  kl_eio_server_set_stopping (self->eio);
  kl_eio_server_close_all (self->eio, notice);
  self->shutdown_timer = g_timeout_add (SHUTDOWN_POLL_MS, on_shutdown_poll, self);
}

gboolean
kl_sio_server_shutdown_finish (KlSioServer *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ── The object ── */

static void
kl_sio_server_dispose (GObject *object)
{
  KlSioServer *self = KL_SIO_SERVER (object);

  g_clear_handle_id (&self->shutdown_timer, g_source_remove);
  if (self->eio)
    {
      kl_eio_server_close_all (self->eio, NULL);
      g_clear_pointer (&self->eio, kl_eio_server_free);
      kl_sio_timers_remove_queue (kl_ws_hub_get_timers (kl_sio_listener_get_hub (self->listener)), self->connect_queue);
    }
  g_clear_pointer (&self->slow_notice, kl_sio_message_unref);

  G_OBJECT_CLASS (kl_sio_server_parent_class)->dispose (object);
}

static void
kl_sio_server_finalize (GObject *object)
{
  KlSioServer *self = KL_SIO_SERVER (object);

  g_clear_pointer (&self->namespaces, g_ptr_array_unref);
  g_clear_object (&self->listener);

  G_OBJECT_CLASS (kl_sio_server_parent_class)->finalize (object);
}

static void
kl_sio_server_class_init (KlSioServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kl_sio_server_dispose;
  object_class->finalize = kl_sio_server_finalize;
}

static void
kl_sio_server_init (KlSioServer *self)
{
  self->namespaces = g_ptr_array_new_with_free_func (namespace_free);
}
