/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlFindGroupsPage: the server's public groups, to look through, search and join.
 *
 * Signal: open (KlGroup): show this group, which one is in by now. */
#define KL_TYPE_FIND_GROUPS_PAGE (kl_find_groups_page_get_type ())
G_DECLARE_FINAL_TYPE (KlFindGroupsPage, kl_find_groups_page, KL, FIND_GROUPS_PAGE, AdwNavigationPage)

AdwNavigationPage *kl_find_groups_page_new (KlSession *session);

G_END_DECLS
