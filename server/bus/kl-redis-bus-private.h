/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KlRedisBus from inside: kl-redis-bus.c has the connections and what is published, kl-redis-presence.c this node's
 * people, kl-redis-nodes.c the other nodes and theirs, kl-redis-cache.c the cache. */
#pragma once

#include "server/bus/kl-bus-people.h"
#include "server/bus/kl-bus-wire.h"
#include "server/bus/kl-redis-bus.h"
#include "server/bus/kl-redis-scripts.h"

G_BEGIN_DECLS

struct _KlRedisBus
{
  GObject parent_instance;

  KlRedisUri *uri;
  KlRedisTls *tls; /* or NULL */
  KlBusSeal seal;
  char *prefix; /* "klatch:DEPLOYMENT:" */
  char *all;    /* the channel */
  guint lease_ms;
  guint beat_ms;
  guint cache_wait_ms;

  const KlBusListener *listener;
  gpointer listener_data;

  KlRedisLink *says;
  KlRedisLink *hears;
  gboolean hearing;  /* subscribed to all that it has to be */
  gboolean standing; /* it says and hears */
  gboolean ready;    /* and Redis has no complaint */
  gboolean closing;
  char *says_why; /* why not, or NULL */
  char *hears_why;
  gboolean says_refused; /* by the server itself, not by the way to it */
  gboolean hears_refused;
  char *complaint; /* what Redis refuses although it answers, or NULL */
  char *logged;    /* what the log said of this state; NULL: nothing */
  guint64 number;  /* of the last publication */
  KlBusCounters counters;

  GHashTable *groups;  /* id, owned → Use, owned: of kl-redis-bus.c */
  GHashTable *moved;   /* id, owned → rev (gint64, owned): changes of which others were not told */
  gboolean moved_more; /* and of others, too many to be named */
  guint moved_id;      /* telling */

  /* kl-redis-presence.c */
  KlBusNode *own;
  char *own_key;
  gint64 own_version;
  gint64 own_whole;       /* the version at which all was written last */
  gboolean own_written;   /* Redis has what is ours, as far as is known */
  GHashTable *own_people; /* id, owned → Own, owned */
  GHashTable *own_dirty;  /* id, owned: not told yet */
  guint flush_id;
  guint tick_id;
  gint64 tick_usec;
  gint64 beat_usec;

  /* kl-redis-nodes.c */
  GHashTable *nodes; /* id, lent by the Node → Node, owned: the others */
  GHashTable *gone;  /* id, owned → the number it had come to (guint64, owned) */
  KlBusPeople *people;

  /* kl-redis-cache.c */
  GQueue reads; /* CacheRead, that wait */
  guint read_id;
  guint n_slow_reads; /* given up, but not answered yet */
};

/* ── kl-redis-bus.c ── */

char *
kl_redis_bus_dup_key (KlRedisBus *self, const char *kind, const char *id);
void
kl_redis_bus_begin_letter (KlRedisBus *self, KlBusLetter *letter, const char *type);
/* Ends the letter and publishes it; FALSE: it did not go out. */
gboolean
kl_redis_bus_post (KlRedisBus *self, KlBusLetter *letter, const char *channel);
/* Redis may have forgotten them. */
void
kl_redis_bus_load_scripts (KlRedisBus *self);
/* Changes up to REV of GROUP did not go out: the others are told as soon as one can. */
void
kl_redis_bus_lose (KlRedisBus *self, const char *group, gint64 rev);
/* What Redis answered to a write: an error is a complaint until a write succeeds. */
void
kl_redis_bus_complain (KlRedisBus *self, const char *words);
void
kl_redis_bus_stop_complaining (KlRedisBus *self);

/* ── kl-redis-presence.c ── */

void
kl_redis_presence_init (KlRedisBus *self);
void
kl_redis_presence_clear (KlRedisBus *self);
/* Both connections stand; LOST: others may have missed something of ours that nobody can name. */
void
kl_redis_presence_start (KlRedisBus *self, gboolean lost);
/* Before the end: the others need not wait for the lease. */
void
kl_redis_presence_leave (KlRedisBus *self);

void
kl_redis_presence_set (KlBus *bus, const char *user, const KlBusPresence *presence);
void
kl_redis_presence_get (KlBus *bus, const char *user, KlBusPresence *presence);
void
kl_redis_presence_describe (KlBus *bus, const KlBusNode *node);

/* ── kl-redis-nodes.c ── */

void
kl_redis_nodes_init (KlRedisBus *self);
void
kl_redis_nodes_clear (KlRedisBus *self);
/* A word of another node. FALSE where it must not be heard; *KNOWN: the node has introduced itself. */
gboolean
kl_redis_nodes_know (KlRedisBus *self, const KlBusReading *reading, gboolean *known);
/* TRUE: it was about presence. */
gboolean
kl_redis_nodes_take (KlRedisBus *self, KlBusReading *reading);
/* All leases begin anew. */
void
kl_redis_nodes_renew (KlRedisBus *self);
/* Forgets those whose lease has run out. */
void
kl_redis_nodes_expire (KlRedisBus *self);
GPtrArray *
kl_redis_nodes_list (KlBus *bus);

/* ── kl-redis-cache.c ── */

void
kl_redis_cache_clear (KlRedisBus *self);
/* Tells the other nodes of BATCH and brings the cache forward; WHOLE: with the script's text. FALSE: did not go out. */
gboolean
kl_redis_cache_publish (KlRedisBus *self, KlStoreBatch *batch, gboolean whole);
void
kl_redis_cache_get (KlBus *bus, const char *group, GTask *task);
void
kl_redis_cache_fill (KlBus *bus, const char *group, gint64 rev, GPtrArray *messages);
void
kl_redis_cache_drop (KlBus *bus, const char *group);

G_END_DECLS
