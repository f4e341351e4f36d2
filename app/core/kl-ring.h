/* SPDX-License-Identifier: GPL-3.0-or-later
 * A call that rings: somebody in it has asked for me. It stands in KlSession's rings (and so in KlCalls:ring) for 45 s, or
 * until I have answered or declined on any device, the call has ended, or I am no longer in the group. Immutable.
 *
 * Properties: call (string: the call's id), group (KlGroup), by (KlUser). */
#pragma once

#include "app/core/kl-group.h"

G_BEGIN_DECLS

#define KL_TYPE_RING (kl_ring_get_type ())
G_DECLARE_FINAL_TYPE (KlRing, kl_ring, KL, RING, GObject)

KlRing *kl_ring_new (const char *call, KlGroup *group, KlUser *by);
const char *kl_ring_get_call (KlRing *self);
KlGroup *kl_ring_get_group (KlRing *self);
KlUser *kl_ring_get_by (KlRing *self);

G_END_DECLS
