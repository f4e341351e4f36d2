/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The object, and the order in which it ends: first nothing new, then what was begun, then the sockets. */

#include "server/api/kl-api-private.h"

#include "server/api/kl-api-origin.h"

/* How long what was begun may take, and then how long sockets may take to read the notice. Together with the store's
 * end this is well below the ten seconds that a stop may last. */
#define DRAIN_MS 2500
#define NOTICE_MS 2500
#define DRAIN_STEP_MS 5

G_DEFINE_FINAL_TYPE (KlApi, kl_api, G_TYPE_OBJECT)

gboolean
kl_api_is_https (KlApi *self, const KlSioPeer *peer)
{
  return kl_settings_is_https (self->settings) || peer->https;
}

const char *
kl_api_get_cookie_name (KlApi *self, const KlSioPeer *peer)
{
  return kl_api_is_https (self, peer) ? KL_API_COOKIE_HTTPS : KL_API_COOKIE;
}

guint
kl_api_get_n_connections (KlApi *self)
{
  return kl_sio_server_get_n_connections (self->sio);
}

void
kl_api_get_stats (KlApi *self, KlApiStats *stats)
{
  stats->n_requests = self->n_requests;
  stats->n_events = self->n_events;
  kl_sio_server_get_stats (self->sio, &stats->sockets);
}

void
kl_api_begin_stop (KlApi *self)
{
  self->stopping = TRUE;
}

static void
on_sockets_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KlApi *self = g_task_get_source_object (task);

  kl_sio_server_shutdown_finish (KL_SIO_SERVER (source), result, NULL);
  kl_sio_listener_close (self->listener);
  g_task_return_boolean (task, TRUE);
}

static gboolean
on_drain_step (gpointer user_data)
{
  GTask *task = user_data;
  KlApi *self = g_task_get_source_object (task);
  gint64 *end_usec = g_task_get_task_data (task);

  if ((self->n_events > 0 || self->n_requests > 0) && g_get_monotonic_time () < *end_usec)
    return G_SOURCE_CONTINUE;

  g_autoptr (KlSioMessage) notice = kl_api_make_notice ("shutdown", "The server is stopping.", self->retry_after_ms);
  kl_sio_server_shutdown_async (self->sio, notice, NOTICE_MS, on_sockets_stopped, task);
  return G_SOURCE_REMOVE;
}

void
kl_api_stop_async (KlApi *self, gint64 retry_after_ms, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  gint64 end_usec = g_get_monotonic_time () + DRAIN_MS * G_TIME_SPAN_MILLISECOND;

  g_task_set_source_tag (task, kl_api_stop_async);
  g_task_set_task_data (task, g_memdup2 (&end_usec, sizeof end_usec), g_free);
  self->retry_after_ms = retry_after_ms;
  kl_api_begin_stop (self);
  kl_sio_listener_stop (self->listener);
  g_timeout_add (DRAIN_STEP_MS, on_drain_step, task);
}

void
kl_api_stop_finish (KlApi *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));
  g_task_propagate_boolean (G_TASK (result), NULL);
}

static void
kl_api_dispose (GObject *object)
{
  KlApi *self = KL_API (object);

  g_clear_object (&self->sio);
  g_clear_object (&self->listener);
  g_clear_object (&self->accounts);
  g_clear_object (&self->chat);
  g_clear_pointer (&self->web, g_resource_unref);
  g_clear_pointer (&self->pages, g_hash_table_unref);
  G_OBJECT_CLASS (kl_api_parent_class)->dispose (object);
}

static void
kl_api_class_init (KlApiClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_api_dispose;
}

static void
kl_api_init (KlApi *self)
{
}

KlApi *
kl_api_new (KlSioListener *listener, KlChatAccounts *accounts, const KlSettings *settings, GResource *web)
{
  KlApi *self = g_object_new (KL_TYPE_API, NULL);

  self->listener = g_object_ref (listener);
  self->accounts = g_object_ref (accounts);
  self->chat = g_object_ref (kl_chat_accounts_get_chat (accounts));
  self->settings = settings;
  self->web = web == NULL ? NULL : g_resource_ref (web);
  kl_api_pages_init (self);
  kl_api_rest_init (self);
  kl_api_sockets_init (self);
  return self;
}
