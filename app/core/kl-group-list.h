/* SPDX-License-Identifier: GPL-3.0-or-later
 * All of one's own groups: a GListModel of KlGroup, in no order that means anything (sort and filter with GTK's
 * models on "pinned" and "last-time"). Main thread.
 *
 * Properties:
 *   loaded    boolean: the groups known from last time, or the server's, are in
 *   n-unread  uint: groups with unread messages, muted ones (notify none) left out
 *   mentions  uint: mentions in all groups */
#pragma once

#include "app/core/kl-group.h"

G_BEGIN_DECLS

#define KL_TYPE_GROUP_LIST (kl_group_list_get_type ())
G_DECLARE_FINAL_TYPE (KlGroupList, kl_group_list, KL, GROUP_LIST, GObject)

KlGroupList *kl_group_list_new (void);
KlGroup *kl_group_list_get (KlGroupList *self, const char *id);
gboolean kl_group_list_get_loaded (KlGroupList *self);
guint kl_group_list_get_n_unread (KlGroupList *self);
guint kl_group_list_get_mentions (KlGroupList *self);

/* Puts a group in, or takes it out. For the session, and for tests. */
void kl_group_list_add (KlGroupList *self, KlGroup *group);
void kl_group_list_remove (KlGroupList *self, KlGroup *group);

G_END_DECLS
