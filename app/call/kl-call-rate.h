/* SPDX-License-Identifier: GPL-3.0-or-later
 * How much video may go to one peer, from what its feedback says once a second, and what all of them together mean for
 * the one encoder. Pure: no clock, no media. */
#pragma once

#include <glib.h>

#include "app/call/kl-call-types.h"

G_BEGIN_DECLS

/* What goes to one peer. */
typedef struct
{
  guint target_bps;   /* what its line is thought to take, video alone */
  guint ceiling_bps;  /* what came through when it last lost much */
  guint bad_ticks;    /* seconds in a row at the floor */
  guint behind_ticks; /* seconds in a row far below all others */
  guint closed_ticks; /* seconds until its video is tried again; 0: it is open */
  guint closings;     /* how often it was closed, for the next wait */
  guint good_ticks;   /* seconds in a row without loss */
} KlCallRate;

/* One second of feedback. */
typedef struct
{
  gboolean known; /* FALSE: nothing was heard about it; nothing changes */
  double loss_percent;
  guint through_bps; /* all that arrived there, sound included */
} KlCallFeedback;

void kl_call_rate_init (KlCallRate *self);

/* MAX_BPS: what the encoder may do at most. MOVING: video is being sent at all; without it nothing is learnt. */
void kl_call_rate_tick (KlCallRate *self, const KlCallFeedback *feedback, guint max_bps, gboolean moving);

gboolean kl_call_rate_is_open (const KlCallRate *self);
KlCallLine kl_call_rate_get_line (const KlCallRate *self, guint max_bps);

/* What the encoder is to make for these peers: as much as the worst of those takes whose video is open. A peer that holds
 * the others down for long is closed here, and its picture stops before theirs suffers. */
guint kl_call_rate_share (KlCallRate *const *rates, guint n_rates, guint max_bps);

G_END_DECLS
