/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory for small things of one size of which there are many, for as long as a connection lives. They are made in the
 * midst of work that takes much more for a moment (a handshake, the answer to a sync); from the C library's heap they
 * would lie scattered between the holes that it leaves, each keeping a page for itself, and after a rush the process
 * would stay many times as large as what it holds. Here they lie side by side, and chunks that nobody uses go back to
 * the system when somebody calls kl_slab_trim_all().
 *
 *   static _Thread_local KlSlab slab = KL_SLAB_INIT (KlFoo);
 *
 * A block is given back by the thread that took it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _KlSlabChunk KlSlabChunk;

typedef struct _KlSlab KlSlab;
struct _KlSlab
{
  gsize block_bytes;

  /* private */
  KlSlabChunk *roomy;
  KlSlab *next;
  gboolean known;
};

#define KL_SLAB_INIT_BYTES(bytes) \
  { \
    ((bytes) + 15) & ~(gsize) 15, NULL, NULL, FALSE \
  }
#define KL_SLAB_INIT(type) KL_SLAB_INIT_BYTES (sizeof (type))

/* Zeroed. */
gpointer kl_slab_alloc (KlSlab *self);
void kl_slab_free (KlSlab *self, gpointer block);

/* Gives the unused chunks of all this thread's slabs back. */
void kl_slab_trim_all (void);

G_END_DECLS
