/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlGroupPane: the list of one's own groups, with filters, a way to jump by name, and the account menu.
 *
 * Properties:
 *   selected  KlGroup or NULL: the one that is highlighted; follows what the person chooses
 * Signals:
 *   open (KlGroup)   a group was chosen by click, Enter or from the keyboard: show it */
#define KL_TYPE_GROUP_PANE (kl_group_pane_get_type ())
G_DECLARE_FINAL_TYPE (KlGroupPane, kl_group_pane, KL, GROUP_PANE, AdwNavigationPage)

void kl_group_pane_set_session (KlGroupPane *self,
                                KlSession   *session);

/* Highlights the group, without opening it. */
void kl_group_pane_set_selected (KlGroupPane *self,
                                 KlGroup     *group);

/* Whether nothing stands beside the pane: one who has no groups then finds the first steps here. */
void kl_group_pane_set_alone (KlGroupPane *self,
                              gboolean     alone);

/* The group that stands `step` places below the selected one (above: negative) in the list as it is shown; with
 * unread_only the next in that direction that has something unread. NULL: none. */
KlGroup *kl_group_pane_get_neighbour (KlGroupPane *self,
                                      int          step,
                                      gboolean     unread_only);

/* The nth pinned group, from 1; NULL: there are not so many. */
KlGroup *kl_group_pane_get_pinned (KlGroupPane *self,
                                   guint        n);

/* Opens the field that finds a group by its name. */
void kl_group_pane_start_search (KlGroupPane *self);

/* The person types elsewhere: the list may reorder though the pointer rests on it. */
void kl_group_pane_release (KlGroupPane *self);

G_END_DECLS
