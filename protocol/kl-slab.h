/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory for small things of one size of which there are many, for as long as a connection lives. They are made in the
 * midst of work that takes much more for a moment (a handshake, the answer to a sync); from the C library's heap they
 * would lie scattered between the holes that it leaves, each keeping a page for itself, and after a rush the process
 * would stay many times as large as what it holds. Here they lie side by side, and a chunk that nobody uses any more
 * goes back to the system.
 *
 *   static _Thread_local KlSlab slab = KL_SLAB_INIT (KlFoo);
 *
 * A block is given back by the thread that took it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _KlSlabChunk KlSlabChunk;

typedef struct
{
  gsize block_bytes;

  /* private */
  KlSlabChunk *roomy;
  guint n_idle;
} KlSlab;

#define KL_SLAB_INIT_BYTES(bytes) \
  { \
    ((bytes) + 15) & ~(gsize) 15, NULL, 0 \
  }
#define KL_SLAB_INIT(type) KL_SLAB_INIT_BYTES (sizeof (type))

/* Zeroed. */
gpointer kl_slab_alloc (KlSlab *self);
void kl_slab_free (KlSlab *self, gpointer block);

G_END_DECLS
