/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlPeoplePane: the people of the open group, by how near they are: here now, online, offline. Above
 * them the group's call, if one is on that one is not in. Large groups load their offline people as one scrolls. Without a connection nobody is shown as being there. */
#define KL_TYPE_PEOPLE_PANE (kl_people_pane_get_type ())
G_DECLARE_FINAL_TYPE (KlPeoplePane, kl_people_pane, KL, PEOPLE_PANE, GtkWidget)

void kl_people_pane_set_session (KlPeoplePane *self,
                                 KlSession    *session);

/* members NULL: nobody. */
void kl_people_pane_set_members (KlPeoplePane *self,
                                 KlMemberList *members);

G_END_DECLS
