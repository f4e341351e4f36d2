/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/chat/kl-store.h"

G_BEGIN_DECLS

/* What the nodes of one cluster tell each other, and the cache of newest messages.
 *
 * A node hears through its one listener what *other* nodes publish, never its own
 * words. With `local:` there are no others: publishing only keeps the cache, and the
 * listener is never called. All on the main loop's thread. Nothing here is durable
 * and everything may be lost: the store is the truth, and whoever notices a gap
 * (rev, on_reconnected) reads on there. */

typedef struct _KlBus KlBus;

/* A word about a person or a session that stands in no log. */
typedef enum {
  KL_BUS_SESSION_ENDED, /* user, id: the session; NULL: all of the user's but `keep` */
  KL_BUS_USER_CHANGED,  /* user: profile, dnd or text; read it anew */
  KL_BUS_TYPING,        /* group, user, on */
  KL_BUS_READ,          /* group, user, seq */
  KL_BUS_SETTINGS,      /* group, user: notify or pinned */
  KL_BUS_CALL,          /* group, json: about its call (kl-chat-calls.c) */
  KL_BUS_MEMBERSHIP,    /* group, user: has joined it or left it, which a node may not hear that does not know the group */
  KL_BUS_BANS,          /* group: somebody who is not in it was banned, or a ban lifted; read them anew */
} KlBusSignalKind;

typedef struct {
  KlBusSignalKind kind;
  const char *node; /* who says it; filled in by the bus */
  const char *user;
  const char *group;
  const char *id;
  const char *keep;
  const char *json;
  gint64 seq;
  gboolean on;
} KlBusSignal;

/* What of a person lives on one node, or on several together. */
typedef enum { KL_ACTIVITY_OFFLINE, KL_ACTIVITY_AWAY, KL_ACTIVITY_ONLINE } KlActivity;

typedef struct {
  KlActivity activity;      /* of the most active device */
  const char *const *here;  /* ids of the groups that are open, without repetition; may be NULL */
  guint connections;        /* of all devices */
} KlBusPresence;

/* A request that one node hands to the one which wrote to the group last, so that they do not race. */
typedef struct {
  const char *user;
  const char *group;
  const char *json; /* what the chat core put in */
  gsize json_length;
} KlBusForward;

/* A node as it has described itself. */
typedef struct {
  char *id;       /* another at each start */
  char *address;  /* where it listens, HOST:PORT */
  char *version;  /* of Klatch */
  gint64 since;   /* when it started */
  gint64 heard;   /* when it was last heard of; this node: now */
  gint64 connections;
  gint64 people;  /* online here */
  gboolean own;   /* the node that answers */
} KlBusNode;

KlBusNode *kl_bus_node_new (void);
KlBusNode *kl_bus_node_copy (const KlBusNode *self);
void kl_bus_node_free (KlBusNode *self);
/* Takes over what kl_bus_describe() tells; the rest stays. */
void kl_bus_node_describe (KlBusNode *self, const KlBusNode *told);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlBusNode, kl_bus_node_free)

/* All since the start. */
typedef struct {
  guint64 published;
  guint64 received;
  guint64 cache_hits;
  guint64 cache_misses;
  guint64 reconnects;
  guint64 refused;     /* of what was heard: not from a node of this deployment, damaged, or heard before */
  guint64 lost;        /* could not be published */
  guint64 queue_bytes; /* what the bus has not answered for now */
  gint64 latency_usec; /* of the last round trip to the bus; 0: not measured */
} KlBusCounters;

typedef struct {
  /* Changes that another node has stored, with op, actor, time, bans and the marks of new members as they were
   * published. Any number of batches may be missing, or come twice. */
  void (*on_changes) (gpointer user_data, const char *node, KlStoreBatch *batch);
  void (*on_signal) (gpointer user_data, const KlBusSignal *signal);
  /* The share of other nodes in this person's presence is now another (kl_bus_get_presence()). */
  void (*on_presence) (gpointer user_data, const char *user);
  /* Something may have been missed: every subscribed group has to be read on in the store. */
  void (*on_reconnected) (gpointer user_data);
  /* The same for one group: the bus was slow to subscribe to it. */
  void (*on_subscribed) (gpointer user_data, const char *group);
  /* Another node thinks that this one should write it. */
  void (*on_forward) (gpointer user_data, const char *node, const KlBusForward *forward);
} KlBusListener;

/* The newest messages of a group, as they were at `rev`: a run of seqs up to the newest. */
typedef struct {
  gint64 rev;
  GPtrArray *messages; /* KlStoreMessage, by seq */
} KlBusCached;

KlBusCached *kl_bus_cached_new (void);
void kl_bus_cached_free (KlBusCached *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlBusCached, kl_bus_cached_free)

#define KL_BUS_CACHE_MESSAGES 100
#define KL_BUS_CACHE_TTL_MS (30 * 60 * 1000)

#define KL_TYPE_BUS (kl_bus_get_type ())
G_DECLARE_INTERFACE (KlBus, kl_bus, KL, BUS, GObject)

struct _KlBusInterface
{
  GTypeInterface parent_iface;

  void (*set_listener) (KlBus *self, const KlBusListener *listener, gpointer user_data);
  const char *(*get_node) (KlBus *self);
  gboolean (*is_ready) (KlBus *self, char **reason);
  void (*subscribe) (KlBus *self, const char *group);
  void (*unsubscribe) (KlBus *self, const char *group);
  void (*publish) (KlBus *self, KlStoreBatch *batch);
  void (*signal) (KlBus *self, const KlBusSignal *signal);
  void (*forward) (KlBus *self, const char *node, const KlBusForward *forward);
  void (*set_presence) (KlBus *self, const char *user, const KlBusPresence *presence);
  void (*get_presence) (KlBus *self, const char *user, KlBusPresence *presence);
  void (*cache_get) (KlBus *self, const char *group, GTask *task);
  void (*cache_fill) (KlBus *self, const char *group, gint64 rev, GPtrArray *messages);
  void (*cache_drop) (KlBus *self, const char *group);
  void (*describe) (KlBus *self, const KlBusNode *node);
  GPtrArray *(*list_nodes) (KlBus *self);
  void (*get_counters) (KlBus *self, KlBusCounters *counters);
};

/* The listener (static) is told from now on; NULL: nobody. */
void kl_bus_set_listener (KlBus *self, const KlBusListener *listener, gpointer user_data);
/* The id of the one node of `local:`, where there can be no others. */
#define KL_BUS_NODE_ALONE "local"
/* This node's id, another at each start. */
const char *kl_bus_get_node (KlBus *self);
/* FALSE: other nodes are not heard, and what is published reaches nobody; *reason (optional) says why, in a few words. */
gboolean kl_bus_is_ready (KlBus *self, char **reason);

/* on_changes for this group, while it is in use here. */
void kl_bus_subscribe (KlBus *self, const char *group);
void kl_bus_unsubscribe (KlBus *self, const char *group);
/* Changes that this node has stored, in order. Also brings the cache forward: where it stands at
 * batch->base_rev, its messages are replaced or added and the oldest trimmed; where it
 * is older than that it is dropped, or stays so until what is missing has come. */
void kl_bus_publish (KlBus *self, KlStoreBatch *batch);
/* To whom it concerns: those of a group to the nodes that subscribe to it, the others to all. */
void kl_bus_signal (KlBus *self, const KlBusSignal *signal);
/* To one node; it may never come there. */
void kl_bus_forward (KlBus *self, const char *node, const KlBusForward *forward);

/* This node's whole share of a person; leased, renewed by the bus itself until it is OFFLINE. */
void kl_bus_set_presence (KlBus *self, const char *user, const KlBusPresence *presence);
/* The other nodes' share; what it points to is valid until the next turn of the loop. */
void kl_bus_get_presence (KlBus *self, const char *user, KlBusPresence *presence);

/* → the cached messages, or NULL without an error where there are none (or no bus). To be used only
 * if its rev is at least the reader's head. Calls back in this turn of the loop or later; renews the TTL. */
void kl_bus_cache_get_async (KlBus *self, const char *group, GAsyncReadyCallback callback, gpointer user_data);
KlBusCached *kl_bus_cache_get_finish (KlBus *self, GAsyncResult *result, GError **error);
/* What a reader found in the store: the group's newest messages (KlStoreMessage, by seq, KL_BUS_CACHE_MESSAGES of
 * them or all that there are) as they were at `rev`. Ignored where the cache is newer. Keeps references. */
void kl_bus_cache_fill (KlBus *self, const char *group, gint64 rev, GPtrArray *messages);
void kl_bus_cache_drop (KlBus *self, const char *group);

/* What the others are told of this node: address, version, since, connections and people count. */
void kl_bus_describe (KlBus *self, const KlBusNode *node);
/* → KlBusNode, this one first; those that are alive as far as is known here. */
GPtrArray *kl_bus_list_nodes (KlBus *self);
void kl_bus_get_counters (KlBus *self, KlBusCounters *counters);
/* How long the answers of the cache have taken: where there are other nodes, the way there and back. */
const KlMeter *kl_bus_get_meter (KlBus *self);

G_END_DECLS
