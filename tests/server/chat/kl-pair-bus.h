/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bus between two nodes of one test, which delivers a turn of the loop later and can lose what it was given. Its
 * fields are for the test to set and to read. */
#pragma once

#include "server/chat/kl-bus.h"

G_BEGIN_DECLS

#define KL_TYPE_PAIR_BUS (kl_pair_bus_get_type ())
G_DECLARE_FINAL_TYPE (KlPairBus, kl_pair_bus, KL, PAIR_BUS, GObject)

struct _KlPairBus
{
  GObject parent_instance;

  KlPairBus *other; /* lent */
  const KlBusListener *listener;
  gpointer listener_data;
  GHashTable *subscribed;
  GHashTable *presence; /* user → Share, of this node */
  const char *name;
  gboolean deaf;   /* what comes to it is lost */
  gboolean down;   /* and says so */
  guint forwarded; /* requests given to it */
  gboolean loses_forwards;
  GPtrArray *held; /* Delivery, from now on; NULL: they come at once */
};

/* The two ends, named "one" and "two". */
void
kl_pair_bus_new_two (KlPairBus *ends[2]);

/* What was held comes now, the last first, and each batch twice. */
void
kl_pair_bus_release_backwards (KlPairBus *self);

G_END_DECLS
