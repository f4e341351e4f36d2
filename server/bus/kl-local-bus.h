/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KlBus inside one process (`local:`): there are no other nodes, so nothing is ever heard from them. Keeps the cache of
 * newest messages: KL_BUS_CACHE_MESSAGES a group, for KL_BUS_CACHE_TTL_MS after its last use. */
#pragma once

#include "server/chat/kl-bus.h"

G_BEGIN_DECLS

#define KL_TYPE_LOCAL_BUS (kl_local_bus_get_type ())
G_DECLARE_FINAL_TYPE (KlLocalBus, kl_local_bus, KL, LOCAL_BUS, GObject)

KlLocalBus *kl_local_bus_new (void);

G_END_DECLS
