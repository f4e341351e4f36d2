/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A chunk begins with its header and is aligned to its size, so that a block finds it by masking its own address. Under
 * the address sanitizer every block comes from the heap, where a use after its end is seen. */
#include "protocol/kl-slab.h"

#include <string.h>
#include <sys/mman.h>

#define CHUNK_BYTES ((gsize) 64 * 1024)
/* Where the first block begins: behind the chunk's header, on a multiple of 16. */
#define FIRST_BLOCK 64

#if defined(__SANITIZE_ADDRESS__)
#define PASS_ON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PASS_ON 1
#endif
#endif

#ifdef PASS_ON

gpointer
kl_slab_alloc (KlSlab *self)
{
  return g_malloc0 (self->block_bytes);
}

void
kl_slab_free (KlSlab *self, gpointer block)
{
  g_free (block);
}

void
kl_slab_trim_all (void)
{
}

#else

struct _KlSlabChunk
{
  KlSlabChunk *previous, *next; /* of those that have room */
  gpointer *free;               /* blocks that were given back; each holds the next */
  char *fresh;                  /* from here on blocks have never been used */
  guint n_used;
  guint n_max;
};

static _Thread_local KlSlab *known_slabs;

G_STATIC_ASSERT (sizeof (KlSlabChunk) <= FIRST_BLOCK);

static KlSlabChunk *
chunk_new (gsize block_bytes)
{
  /* Twice the size, so that an aligned one lies in it; the rest is given back. */
  char *mapped = mmap (NULL, 2 * CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  gsize before;
  KlSlabChunk *chunk;

  if (mapped == MAP_FAILED)
    g_error ("no memory");
  before = (CHUNK_BYTES - (gsize) mapped % CHUNK_BYTES) % CHUNK_BYTES;
  if (before > 0)
    munmap (mapped, before);
  munmap (mapped + before + CHUNK_BYTES, CHUNK_BYTES - before);

  chunk = (KlSlabChunk *) (mapped + before);
  chunk->fresh = (char *) chunk + FIRST_BLOCK;
  chunk->n_max = (guint) ((CHUNK_BYTES - FIRST_BLOCK) / block_bytes);

  return chunk;
}

static void
link_chunk (KlSlab *self, KlSlabChunk *chunk)
{
  chunk->previous = NULL;
  chunk->next = self->roomy;
  if (self->roomy)
    self->roomy->previous = chunk;
  self->roomy = chunk;
}

static void
unlink_chunk (KlSlab *self, KlSlabChunk *chunk)
{
  if (chunk->previous)
    chunk->previous->next = chunk->next;
  else
    self->roomy = chunk->next;
  if (chunk->next)
    chunk->next->previous = chunk->previous;
}

gpointer
kl_slab_alloc (KlSlab *self)
{
  KlSlabChunk *chunk;
  gpointer block;

  if (!self->roomy)
    link_chunk (self, chunk_new (self->block_bytes));
  if (!self->known)
    {
      self->known = TRUE;
      self->next = known_slabs;
      known_slabs = self;
    }

  chunk = self->roomy;
  if (chunk->free)
    {
      block = chunk->free;
      chunk->free = *(gpointer *) block;
      memset (block, 0, self->block_bytes);
    }
  else
    {
      block = chunk->fresh;
      chunk->fresh += self->block_bytes;
    }
  if (++chunk->n_used == chunk->n_max)
    unlink_chunk (self, chunk);

  return block;
}

void
kl_slab_free (KlSlab *self, gpointer block)
{
  KlSlabChunk *chunk = (KlSlabChunk *) ((gsize) block & ~(CHUNK_BYTES - 1));

  *(gpointer *) block = chunk->free;
  chunk->free = block;
  if (chunk->n_used-- == chunk->n_max)
    link_chunk (self, chunk);
}

void
kl_slab_trim_all (void)
{
  for (KlSlab *slab = known_slabs; slab; slab = slab->next)
    {
      KlSlabChunk *chunk = slab->roomy, *next;

      for (; chunk; chunk = next)
        {
          next = chunk->next;
          if (chunk->n_used > 0)
            continue;
          unlink_chunk (slab, chunk);
          munmap (chunk, CHUNK_BYTES);
        }
    }
}

#endif
