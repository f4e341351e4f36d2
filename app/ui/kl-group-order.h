/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlGroupOrder: a GListModel of one's own groups in the order of the list: pinned ones first, then those with the newest
 * word. While it is held, the order stays as it is, so that nothing moves under a pointer; groups that come take their
 * place, groups that go leave it.
 *
 * Property: held (boolean). */
#define KL_TYPE_GROUP_ORDER (kl_group_order_get_type ())
G_DECLARE_FINAL_TYPE (KlGroupOrder, kl_group_order, KL, GROUP_ORDER, GObject)

KlGroupOrder *kl_group_order_new (GListModel *groups);

/* The sorted model; lent. */
GListModel *kl_group_order_get_model (KlGroupOrder *self);

void kl_group_order_set_held (KlGroupOrder *self,
                              gboolean      held);
gboolean kl_group_order_get_held (KlGroupOrder *self);

G_END_DECLS
