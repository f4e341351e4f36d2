/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-group.h"

G_BEGIN_DECLS

/* KlCallOffer: whether a group has a call to come into: one is on, somebody is in it, and this device is not. Templates
 * bind themselves to it.
 *
 * Properties (group can be set; the others tell):
 *   group    KlGroup, or NULL
 *   open     boolean: there is one. When it is over the rest stays as it was, so that it can go gently
 *   elapsed  string: how long it has been on, "12:04"; each second anew
 *   who      string: the names of those in it
 *   people   GListModel of KlUser: those in it, or NULL */
#define KL_TYPE_CALL_OFFER (kl_call_offer_get_type ())
G_DECLARE_FINAL_TYPE (KlCallOffer, kl_call_offer, KL, CALL_OFFER, GObject)

/* group: NULL for none. */
void kl_call_offer_set_group (KlCallOffer *self,
                              KlGroup     *group);

/* Opens and closes the revealer with the offer. Its parent is there until it is closed, and no longer: a group with a
 * name and nothing in it would be found by a screen reader. */
void kl_call_offer_reveal (KlCallOffer *self,
                           GtkRevealer *revealer);

G_END_DECLS
