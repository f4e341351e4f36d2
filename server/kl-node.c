/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/kl-node.h"

#include <string.h>
#include <sys/stat.h>

#include "server/bus/kl-local-bus.h"
#include "server/bus/kl-redis-bus.h"
#include "server/store/kl-mongo-store.h"
#include "server/store/kl-sqlite-file.h"
#include "server/store/kl-sqlite-store.h"

#include "klatch-config.h"

#define ANNOUNCE_INTERVAL_MS 2000

/* Until this server is there again; more where more of them come back. */
#define RETRY_BASE_MS 3000
#define RETRY_EACH_MS 2
/* To other nodes, which are there: only so that not all come at once. */
#define MOVE_BASE_MS 300
#define MOVE_EACH_MS 1
#define RETRY_MAX_MS 30000

struct _KlNode
{
  KlChat *chat;
  char *address;
  gint64 since;
  guint source;
};

gboolean
kl_node_lock_folder (const KlSettings *settings, int *fd, GError **error)
{
  g_autofree char *inside = g_build_filename (settings->data, "klatch.db", NULL);
  g_autofree char *folder = settings->store_path ? g_path_get_dirname (settings->store_path) : NULL;
  struct stat data, store;

  *fd = -1;
  if (folder && stat (folder, &store) == 0 && stat (settings->data, &data) == 0 && store.st_dev == data.st_dev
      && store.st_ino == data.st_ino)
    return TRUE;
  *fd = kl_sqlite_file_lock_folder (inside, error);

  return *fd >= 0;
}

KlStore *
kl_node_open_store (const KlSettings *settings, GError **error)
{
  const char *domain = kl_settings_default_domain (settings);

  if (kl_settings_uses_mongodb (settings))
    return (KlStore *)kl_mongo_store_open (settings->store_uri, domain, error);
  return (KlStore *)kl_sqlite_store_open (settings->store_path, domain, error);
}

gboolean
kl_node_check_store (const KlSettings *settings, GError **error)
{
  return !kl_settings_uses_mongodb (settings) || kl_mongo_store_check_uri (settings->store_uri, error);
}

KlBus *
kl_node_open_bus (const KlSettings *settings, KlStore *store, GError **error)
{
  const KlRedisBusSettings redis = {
    .epoch = kl_store_get_epoch (store),
    .secret = kl_store_get_secret (store),
  };

  if (kl_redis_uri_is_one (settings->bus_uri))
    return (KlBus *)kl_redis_bus_new (settings->bus_uri, &redis, error);
  return KL_BUS (kl_local_bus_new ());
}

/* ── What is told ── */

static gboolean
on_announce (gpointer user_data)
{
  KlNode *self = user_data;
  KlChatStats stats;

  kl_chat_get_stats (self->chat, &stats);
  kl_bus_describe (kl_chat_get_bus (self->chat), &(KlBusNode){
                                                     .address = self->address,
                                                     .version = (char *)KL_VERSION,
                                                     .since = self->since,
                                                     .connections = stats.connections,
                                                     .people = stats.people_online,
                                                 });
  return G_SOURCE_CONTINUE;
}

KlNode *
kl_node_announce (KlChat *chat, const char *address)
{
  KlNode *self = g_new0 (KlNode, 1);

  self->chat = g_object_ref (chat);
  self->address = g_strdup (address);
  self->since = g_get_real_time () / 1000;
  self->source = g_timeout_add (ANNOUNCE_INTERVAL_MS, on_announce, self);
  on_announce (self);
  return self;
}

void
kl_node_free (KlNode *self)
{
  g_source_remove (self->source);
  g_object_unref (self->chat);
  g_free (self->address);
  g_free (self);
}

gint64
kl_node_get_retry_after_ms (KlBus *bus, guint n_connections)
{
  g_autoptr (GPtrArray) nodes = kl_bus_list_nodes (bus);
  gboolean move = nodes->len > 1;

  return MIN ((move ? MOVE_BASE_MS : RETRY_BASE_MS) + (gint64)n_connections * (move ? MOVE_EACH_MS : RETRY_EACH_MS),
              RETRY_MAX_MS);
}
