/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KlBus by a Redis or Valkey server (`redis://` and its kin, kl-redis-uri.h): for the nodes of one deployment.
 *
 * Two connections, one that hears and one that says. Ready while both stand and all channels are subscribed to. While
 * they do not, what would be published is dropped, not kept: others are told afterwards which groups have moved, and
 * read in the store. Presence of other nodes is kept as it was, since nobody can know better.
 *
 * Keys and channels, all beginning with `klatch:DEPLOYMENT:` (of the store's epoch, so that several deployments
 * can share a server):
 *   g:GROUP  channel: changes of and words about a group      all       channel: to all nodes
 *   n:NODE   channel: to one node                              p:NODE    hash, leased: a node's presence
 *   c:GROUP  hash: a group's newest messages
 *
 * One line in the log for each change of state. */
#pragma once

#include "server/bus/kl-redis-link.h"
#include "server/chat/kl-bus.h"

G_BEGIN_DECLS

typedef struct
{
  const char *epoch;  /* the store's */
  const char *secret; /* the store's */
  KlRedisPatience patience;
  guint lease_ms;      /* 0: 12000 */
  guint beat_ms;       /* 0: 4000 */
  guint cache_wait_ms; /* 0: 500: a cache that takes longer is passed by */
} KlRedisBusSettings;

#define KL_TYPE_REDIS_BUS (kl_redis_bus_get_type ())
G_DECLARE_FINAL_TYPE (KlRedisBus, kl_redis_bus, KL, REDIS_BUS, GObject)

/* Begins to connect. NULL with an error: the URI is none, or a file that it names is not good; never because the server
 * cannot be reached. */
KlRedisBus *
kl_redis_bus_new (const char *uri, const KlRedisBusSettings *settings, GError **error);

G_END_DECLS
