/* SPDX-License-Identifier: GPL-3.0-or-later
 * Additive increase would take minutes over this range, so it is multiplicative both ways, and the way down is steeper. */
#include "app/call/kl-call-rate.h"

enum
{
  START_BPS = 400000,
  BAD_TICKS = 5,        /* at the floor, or far below the others, for so long: closed */
  FIRST_CLOSED_TICKS = 15,
  MAX_CLOSED_TICKS = 120,
  FORGET_TICKS = 60, /* good for so long: its past is forgotten */
  REOPEN_BPS = 150000,
  PROTOCOL_BPS = KL_CALL_AUDIO_BPS + 16000, /* what is not video: sound, and all headers */
};

#define LOSS_HIGH 10.0
#define LOSS_LOW 2.0
#define DOWN 0.8
#define UP 1.08
/* Near the rate at which the line gave way, it is approached with care: each overshoot costs a second of picture. */
#define UP_NEAR 1.02
#define NEAR 0.75
/* A peer that takes less than this part of what all others take would cost them their picture. */
#define FAR_BELOW 0.5

void
kl_call_rate_init (KlCallRate *self)
{
  *self = (KlCallRate) { .target_bps = START_BPS };
}

static void
close_video (KlCallRate *self)
{
  self->closed_ticks = MIN (FIRST_CLOSED_TICKS << MIN (self->closings, 4), MAX_CLOSED_TICKS);
  self->closings++;
  self->bad_ticks = 0;
  self->behind_ticks = 0;
}

static void
tick_closed (KlCallRate *self)
{
  self->closed_ticks--;
  if (self->closed_ticks == 0)
    self->target_bps = REOPEN_BPS;
}

void
kl_call_rate_tick (KlCallRate *self, const KlCallFeedback *feedback, guint max_bps, gboolean moving)
{
  guint through_bps = feedback->through_bps > PROTOCOL_BPS ? feedback->through_bps - PROTOCOL_BPS : 0;

  if (self->closed_ticks > 0)
    {
      tick_closed (self);
      return;
    }
  if (!feedback->known || !moving)
    return;
  if (feedback->loss_percent > LOSS_HIGH)
    {
      self->ceiling_bps = MAX (through_bps, KL_CALL_VIDEO_MIN_BPS);
      self->target_bps = (guint) (DOWN * MIN (self->target_bps, MAX (through_bps, KL_CALL_VIDEO_MIN_BPS)));
      self->good_ticks = 0;
    }
  else if (feedback->loss_percent < LOSS_LOW)
    {
      double up = self->target_bps > NEAR * self->ceiling_bps && self->target_bps < self->ceiling_bps ? UP_NEAR : UP;

      self->target_bps = (guint) (up * self->target_bps);
      if (++self->good_ticks >= FORGET_TICKS)
        self->closings = 0;
    }
  self->target_bps = CLAMP (self->target_bps, KL_CALL_VIDEO_MIN_BPS, max_bps);
  if (self->target_bps > KL_CALL_VIDEO_MIN_BPS || feedback->loss_percent <= LOSS_HIGH)
    self->bad_ticks = 0;
  else if (++self->bad_ticks >= BAD_TICKS)
    close_video (self);
}

gboolean
kl_call_rate_is_open (const KlCallRate *self)
{
  return self->closed_ticks == 0;
}

KlCallLine
kl_call_rate_get_line (const KlCallRate *self, guint max_bps)
{
  if (self->closed_ticks > 0)
    return KL_CALL_LINE_BAD;
  return self->target_bps < MIN (max_bps, START_BPS) / 2 ? KL_CALL_LINE_WEAK : KL_CALL_LINE_GOOD;
}

guint
kl_call_rate_share (KlCallRate *const *rates, guint n_rates, guint max_bps)
{
  KlCallRate *worst = NULL;
  guint second_bps = max_bps;
  guint n_open = 0;

  for (guint i = 0; i < n_rates; i++)
    {
      if (!kl_call_rate_is_open (rates[i]))
        continue;
      n_open++;
      if (worst == NULL || rates[i]->target_bps < worst->target_bps)
        {
          second_bps = worst != NULL ? worst->target_bps : max_bps;
          worst = rates[i];
        }
      else
        second_bps = MIN (second_bps, rates[i]->target_bps);
    }
  if (worst == NULL)
    return KL_CALL_VIDEO_MIN_BPS;
  if (n_open < 2 || worst->target_bps >= FAR_BELOW * second_bps)
    {
      worst->behind_ticks = 0;
      return MIN (worst->target_bps, max_bps);
    }
  if (++worst->behind_ticks < BAD_TICKS)
    return MIN (worst->target_bps, max_bps);
  close_video (worst);
  return MIN (second_bps, max_bps);
}
