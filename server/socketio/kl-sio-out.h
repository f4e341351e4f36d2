/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What waits to be sent to one client: references to shared messages, in order. Takes no memory while empty. */
#pragma once

#include "server/socketio/kl-sio-message-private.h"

/* Zeroed memory is an empty queue. */
typedef struct
{
  KlSioMessage **items;
  guint32 first;
  guint32 n;        /* items[first … first + n) are waiting */
  guint32 size;
  gsize bytes;
} KlSioOut;

/* Puts MESSAGE and its attachments at the end. */
void kl_sio_out_push (KlSioOut *self, KlSioMessage *message);
/* Lets go of the first one. */
void kl_sio_out_drop_first (KlSioOut *self);
/* Lets go of all but the first KEEP. */
void kl_sio_out_truncate (KlSioOut *self, guint keep);
static inline void
kl_sio_out_clear (KlSioOut *self)
{
  kl_sio_out_truncate (self, 0);
}
