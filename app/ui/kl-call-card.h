/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-group.h"

G_BEGIN_DECLS

/* KlCallCard: what KlCallStrip says, above a group's people: a call is on, since when, with whom, and the way in (the
 * action "main.call"). Not there otherwise. */
#define KL_TYPE_CALL_CARD (kl_call_card_get_type ())
G_DECLARE_FINAL_TYPE (KlCallCard, kl_call_card, KL, CALL_CARD, GtkWidget)

/* group: NULL for none. */
void kl_call_card_set_group (KlCallCard *self,
                             KlGroup    *group);

G_END_DECLS
