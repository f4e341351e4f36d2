/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes for tests: a KlRedisBus each, and what it was told. */
#pragma once

#include "server/bus/kl-redis-bus.h"
#include "tests/kit/kl-test-relay.h"
#include "tests/kit/kl-test-valkey.h"
#include "tests/kit/kl-test.h"

G_BEGIN_DECLS

#define KL_BUS_KIT_EPOCH "epoch-of-the-tests"

typedef struct
{
  KlBus *bus;
  char *id;
  GPtrArray *heard;    /* char *: "changes NODE GROUP BASE+N", "signal KIND …", "forward …" */
  GHashTable *changed; /* users whose presence was said to be another */
  guint reconnected;
} KlBusKitNode;

/* kl_test_init() for tests that need a Valkey, and FALSE where there is none: it has been said, and there is nothing to be
 * run. Warnings do not end these tests; what is logged and begins with "The bus is" is kept. */
gboolean
kl_bus_kit_init (int *argc, char ***argv);

/* In more of a hurry than a server: a lease of 2 s, silence of 1 s. */
void
kl_bus_kit_settings (KlRedisBusSettings *settings);

/* SETTINGS NULL: those. */
KlBusKitNode *
kl_bus_kit_node_new (const char *uri, const KlRedisBusSettings *settings);
/* Waits until it is ready. */
KlBusKitNode *
kl_bus_kit_node_ready (const char *uri, const KlRedisBusSettings *settings);
void
kl_bus_kit_node_free (KlBusKitNode *self);

gboolean
kl_bus_kit_is_ready (KlBusKitNode *self);
/* Why not; "" where it is. */
char *
kl_bus_kit_reason (KlBusKitNode *self);

/* Until the reason has this PART. */
void
kl_bus_kit_wait_reason (KlBusKitNode *self, const char *part);
void
kl_bus_kit_wait_ready (KlBusKitNode *self);
/* Long enough for several tries: what the log says is one line for each state all the same. */
void
kl_bus_kit_spin_tries (void);
KlBusCounters
kl_bus_kit_counters (KlBusKitNode *self);

/* Whether it knows of so many nodes, itself among them. */
gboolean
kl_bus_kit_knows (KlBusKitNode *self, guint n_nodes);

/* Waits for it and takes it away; what came before is dropped. */
void
kl_bus_kit_wait (KlBusKitNode *self, const char *heard);
gboolean
kl_bus_kit_has (KlBusKitNode *self, const char *heard);

void
kl_bus_kit_set (KlBusKitNode *self, const char *user, KlActivity activity, guint connections, const char *here);
/* "2/3 a b": activity, connections, open groups, sorted. */
char *
kl_bus_kit_get (KlBusKitNode *self, const char *user);
gboolean
kl_bus_kit_is (KlBusKitNode *self, const char *user, const char *expected);

/* Publishes message SEQ of GROUP as rev BASE+1. */
void
kl_bus_kit_publish (KlBusKitNode *self, const char *group, gint64 base_rev, gint64 seq);

/* That these patterns (ended by NULL) fit what was kept, line by line, and nothing else was; forgets it. */
void
kl_bus_kit_assert_log (const char *first, ...) G_GNUC_NULL_TERMINATED;

/* What was kept. */
GPtrArray *
kl_bus_kit_get_log (void);

G_END_DECLS
