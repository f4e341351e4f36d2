/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates as a leaky bucket in one number: every use pushes the moment at which the
 * bucket will be empty again one interval ahead, and it may lie `burst` intervals ahead. */
#include "server/chat/kl-chat-private.h"

gint64
kl_chat_bucket_take (KlChatBucket *self, gint64 now_usec, gint64 per_second, gint64 burst)
{
  gint64 interval_usec, next_usec, over_usec;

  if (per_second <= 0)
    return 0;

  interval_usec = G_USEC_PER_SEC / per_second;
  next_usec = MAX (self->empty_usec, now_usec) + interval_usec;
  over_usec = next_usec - now_usec - MAX (burst, 1) * interval_usec;
  if (over_usec > 0)
    return over_usec / 1000 + 1;
  self->empty_usec = next_usec;

  return 0;
}

void
kl_chat_bucket_give_back (KlChatBucket *self, gint64 per_second)
{
  if (per_second > 0)
    self->empty_usec -= G_USEC_PER_SEC / per_second;
}
