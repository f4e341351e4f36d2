/* SPDX-License-Identifier: GPL-3.0-or-later
 * The people of the open group: a GListModel of KlMember, sorted by section (here, online, offline), then by display
 * name. A member who changes section moves. Offline (not connected) it keeps the people, all in the section OFFLINE.
 * Main thread.
 *
 * Properties:
 *   group                         KlGroup
 *   n-here, n-online, n-offline   uint: how many the group has, not how many are loaded
 *   more                          boolean: more offline people can be loaded
 *   loading                       boolean */
#pragma once

#include "app/core/kl-group.h"
#include "app/core/kl-member.h"

G_BEGIN_DECLS

#define KL_TYPE_MEMBER_LIST (kl_member_list_get_type ())
G_DECLARE_FINAL_TYPE (KlMemberList, kl_member_list, KL, MEMBER_LIST, GObject)

KlMemberList *kl_member_list_new (KlGroup *group);

KlGroup *kl_member_list_get_group (KlMemberList *self);
guint kl_member_list_get_n_here (KlMemberList *self);
guint kl_member_list_get_n_online (KlMemberList *self);
guint kl_member_list_get_n_offline (KlMemberList *self);
gboolean kl_member_list_get_more (KlMemberList *self);
gboolean kl_member_list_get_loading (KlMemberList *self);

/* The loaded member who is this user, or NULL. */
KlMember *kl_member_list_get (KlMemberList *self, const char *user_id);

/* Puts a member in. For the session, and for tests. */
void kl_member_list_add (KlMemberList *self, KlMember *member);

/* Asks for the next page of people; nothing happens while one is under way or none is left. Groups of up to 200 load
 * all by themselves. */
void kl_member_list_load_more (KlMemberList *self);

G_END_DECLS
