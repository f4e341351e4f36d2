/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KlRedisLink: one connection to Redis that comes back by itself.
 *
 * It resolves, connects, shakes hands and signs in without blocking, and is *up* from the first answer to PING on: a
 * server that was stopped or is loading takes connections all the same. From then on it is asked each second, and one
 * that owes an answer for 3 s is given up, whatever the kernel says of the socket. Between two tries it waits longer
 * and longer, half of it by chance.
 *
 * Main loop's thread. Its callbacks may free it. */
#pragma once

#include <hiredis/async.h>

#include "server/bus/kl-redis-command.h"
#include "server/bus/kl-redis-uri.h"

G_BEGIN_DECLS

typedef struct _KlRedisLink KlRedisLink;

/* How patient a link is; what is 0 has the default. Tests are in more of a hurry. */
typedef struct
{
  guint ping_ms;      /* 1000 */
  guint silence_ms;   /* 3000: an answer may take that long, and a connection until it is up */
  guint retry_min_ms; /* 100 */
  guint retry_max_ms; /* 2000 */
  gsize queue_bytes;  /* 16 MiB: of commands without an answer; nothing is added above it */
} KlRedisPatience;

typedef struct
{
  void (*up) (gpointer user_data);
  /* Was up and is no more, or could not be brought up: WHY, in a few words, without secrets. REFUSED: the server itself
   * says so; else it is not to be reached. All commands have been answered with NULL before. */
  void (*down) (gpointer user_data, gboolean refused, const char *why);
  void (*message) (gpointer user_data, const char *channel, const char *data, gsize length);
  /* From now on CHANNEL is heard. May be NULL. */
  void (*subscribed) (gpointer user_data, const char *channel);
} KlRedisLinkEvents;

/* REPLY: NULL where the connection went before there was an answer. Valid during the call. */
typedef void (*KlRedisReplyFunc) (gpointer user_data, const redisReply *reply);

/* What TLS needs, made of the URI: NULL with an error where a file of it is not good. */
typedef struct _KlRedisTls KlRedisTls;
KlRedisTls *
kl_redis_tls_new (const KlRedisUri *uri, GError **error);
void
kl_redis_tls_free (KlRedisTls *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlRedisTls, kl_redis_tls_free)

/* URI, TLS (NULL without), EVENTS have to outlive it. NAME: what the connection is called in CLIENT LIST. Tries at
 * once. */
KlRedisLink *
kl_redis_link_new (const KlRedisUri *uri, KlRedisTls *tls, const KlRedisPatience *patience, const char *name,
                   const KlRedisLinkEvents *events, gpointer user_data);
/* Writes what still can be written without waiting, and closes. Commands are answered with NULL. */
void
kl_redis_link_free (KlRedisLink *self);

gboolean
kl_redis_link_is_up (KlRedisLink *self);

/* FALSE where the link is not up or its queue is full: then nothing is sent, and FUNC (may be NULL) is not called. */
gboolean
kl_redis_link_send (KlRedisLink *self, KlRedisCommand *command, KlRedisReplyFunc func, gpointer user_data);
gboolean
kl_redis_link_subscribe (KlRedisLink *self, const char *channel);
gboolean
kl_redis_link_unsubscribe (KlRedisLink *self, const char *channel);
/* FUNC after everything sent before has been answered. */
gboolean
kl_redis_link_ping (KlRedisLink *self, KlRedisReplyFunc func, gpointer user_data);

/* Bytes of commands that have not been answered. */
gsize
kl_redis_link_get_queue_bytes (KlRedisLink *self);
/* From the last PING to its answer, in microseconds; 0: none yet. */
gint64
kl_redis_link_get_latency_usec (KlRedisLink *self);

G_END_DECLS
