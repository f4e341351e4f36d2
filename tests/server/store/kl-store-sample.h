/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A store with something of everything in it, to be copied. */
#pragma once

#include "server/chat/kl-store.h"

G_BEGIN_DECLS

/* Fills an empty store. N_MESSAGES go to the largest group beside what is always there. */
void
kl_store_sample_fill (KlStore *store, guint n_messages);

/* All that a server can ask of the two gives the same; ONE was filled by kl_store_sample_fill(). Then writes to OTHER
 * where its logs end. */
void
kl_store_sample_compare (KlStore *one, KlStore *other);

G_END_DECLS
