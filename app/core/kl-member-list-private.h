/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the session does with a member list. */
#pragma once

#include "app/core/kl-member-list.h"

G_BEGIN_DECLS

/* Asked for by kl_member_list_load_more(): get the page after this cursor (NULL: the first), then call
 * kl_member_list_page_done(). */
typedef void (*KlMemberLoad) (KlMemberList *list, const char *after, gpointer user_data);
void kl_member_list_set_source (KlMemberList *self, KlMemberLoad load, gpointer user_data);

/* The page is in, or has failed. next: the cursor of the following one; NULL: that was all, unless failed. */
void kl_member_list_page_done (KlMemberList *self, const char *next, gboolean failed);

void kl_member_list_remove (KlMemberList *self, KlMember *member);

/* Whose presence is known: FALSE puts everybody into OFFLINE. */
void kl_member_list_set_live (KlMemberList *self, gboolean live);

/* Who has the group open, by id (NULL-terminated). */
void kl_member_list_set_here (KlMemberList *self, const char *const *user_ids);

/* Forgets the pages, not the members: the next load begins from the first. Members that no page brings again are
 * removed when the last one is in. */
void kl_member_list_restart (KlMemberList *self);

G_END_DECLS
