/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small arrays, which most queues need in every turn, come from a slab. */
#include "server/socketio/kl-sio-out.h"

#include <string.h>

#include "protocol/kl-slab.h"

#define SMALL_SIZE 16

static _Thread_local KlSlab slab = KL_SLAB_INIT_BYTES (SMALL_SIZE * sizeof (KlSioMessage *));

static void
items_free (KlSioMessage **items, guint32 size)
{
  if (size == SMALL_SIZE)
    kl_slab_free (&slab, items);
  else
    g_free (items);
}

static void
grow (KlSioOut *self)
{
  KlSioMessage **items;
  guint32 size = self->size;

  if (size == 0)
    {
      self->items = kl_slab_alloc (&slab);
      self->size = SMALL_SIZE;
      return;
    }

  /* Room that was given back at the front is used first. */
  if (self->first >= size / 2)
    {
      memmove (self->items, self->items + self->first, self->n * sizeof *self->items);
      self->first = 0;
      return;
    }

  items = g_new (KlSioMessage *, size * 2);
  memcpy (items, self->items + self->first, self->n * sizeof *items);
  items_free (self->items, size);
  self->items = items;
  self->first = 0;
  self->size = size * 2;
}

static inline void
push_one (KlSioOut *self, KlSioMessage *message)
{
  if (G_UNLIKELY (self->first + self->n == self->size))
    grow (self);
  self->items[self->first + self->n++] = kl_sio_message_ref (message);
  self->bytes += message->frame_length;
}

void
kl_sio_out_push (KlSioOut *self, KlSioMessage *message)
{
  push_one (self, message);
  for (guint i = 0; i < message->n_attachments; i++)
    push_one (self, message->attachments[i]);
}

static void
give_back_if_empty (KlSioOut *self)
{
  if (self->n > 0 || !self->items)
    return;

  items_free (self->items, self->size);
  memset (self, 0, sizeof *self);
}

void
kl_sio_out_drop_first (KlSioOut *self)
{
  KlSioMessage *message = self->items[self->first++];

  self->n--;
  self->bytes -= message->frame_length;
  kl_sio_message_unref (message);
  give_back_if_empty (self);
}

void
kl_sio_out_truncate (KlSioOut *self, guint keep)
{
  while (self->n > keep)
    {
      KlSioMessage *message = self->items[self->first + --self->n];

      self->bytes -= message->frame_length;
      kl_sio_message_unref (message);
    }
  give_back_if_empty (self);
}
