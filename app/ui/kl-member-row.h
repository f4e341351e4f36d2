/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlMemberRow: a person in a group: picture, name, what the person does right now or says of it, and the role. Follows
 * its member. Property: spoken (string), the accessible name of the item. */
#define KL_TYPE_MEMBER_ROW (kl_member_row_get_type ())
G_DECLARE_FINAL_TYPE (KlMemberRow, kl_member_row, KL, MEMBER_ROW, GtkWidget)

GtkWidget *kl_member_row_new (void);

/* me: whether the member is oneself. member NULL: unbound. */
void kl_member_row_set_member (KlMemberRow *self,
                               KlMember    *member,
                               gboolean     me);
/* Of the bound member: whether the person is in the group's call. */
void kl_member_row_set_in_call (KlMemberRow *self,
                                gboolean     in_call);
const char *kl_member_row_get_spoken (KlMemberRow *self);

G_END_DECLS
