/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlGroupCard: a public group in "Find groups". Signal: join (KlGroup): its button was pressed: to join it, or, where
 * one is in, to open it. */
#define KL_TYPE_GROUP_CARD (kl_group_card_get_type ())
G_DECLARE_FINAL_TYPE (KlGroupCard, kl_group_card, KL, GROUP_CARD, GtkWidget)

GtkWidget *kl_group_card_new (KlGroup *group);
KlGroup *kl_group_card_get_group (KlGroupCard *self);

/* Shows that joining is under way. */
void kl_group_card_set_busy (KlGroupCard *self,
                             gboolean     busy);

G_END_DECLS
