/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the session does with its group list. */
#pragma once

#include "app/core/kl-group-list.h"

G_BEGIN_DECLS

void kl_group_list_set_loaded (KlGroupList *self);

G_END_DECLS
