/* SPDX-License-Identifier: GPL-3.0-or-later
 * A group, or a conversation of two: one's own or one of the directory. There is one KlGroup for each of one's own
 * groups in a session; it changes in place and notifies. Main thread.
 *
 * Properties (readable; writable so that a session, or a test, can fill them):
 *   id, slug, address, name, topic, emoji   strings; slug, address, emoji may be NULL. The name of a direct one is the peer's
 *   kind            KlGroupKind
 *   peer            KlUser or NULL: the other one of a direct conversation
 *   hue             uint 0-7: as set, else from the id
 *   visibility      KlVisibility
 *   role            KlRole: mine; NONE: not a member
 *   members, online, here   uint: people. online and here are 0 while we are not connected: stale life is never shown
 *   unread, mentions        uint, up to 1000 (1000: "999+")
 *   pinned          boolean
 *   notify          KlNotify
 *   read-seq        int64: how far I have read
 *   others-read-seq int64: the furthest that another has read
 *   newest-seq      int64: of the newest message known of
 *   last-message    KlMessage or NULL: the newest for the list, own pending ones included, system ones not
 *   last-time       int64: what the list sorts by and shows: of last-message, else of the group's birth; milliseconds
 *   preview         string: last-message's body on one line, cut for the list (read only)
 *   draft           string: what stands unsent in the composer, never NULL. Writing it keeps it on disk
 *   typing          GListModel of KlUser: who types right now, without me (constant)
 *   open            boolean: this window has it open
 *   call            KlGroupCall or NULL: the call that is on in it */
#pragma once

#include "app/core/kl-group-call.h"
#include "app/core/kl-message.h"

G_BEGIN_DECLS

#define KL_TYPE_GROUP (kl_group_get_type ())
G_DECLARE_FINAL_TYPE (KlGroup, kl_group, KL, GROUP, GObject)

KlGroup *kl_group_new (const char *id);

const char *kl_group_get_id (KlGroup *self);
KlGroupKind kl_group_get_kind (KlGroup *self);
KlUser *kl_group_get_peer (KlGroup *self);
const char *kl_group_get_slug (KlGroup *self);
const char *kl_group_get_address (KlGroup *self);
const char *kl_group_get_name (KlGroup *self);
const char *kl_group_get_topic (KlGroup *self);
const char *kl_group_get_emoji (KlGroup *self);
guint kl_group_get_hue (KlGroup *self);
KlVisibility kl_group_get_visibility (KlGroup *self);
KlRole kl_group_get_role (KlGroup *self);
guint kl_group_get_members (KlGroup *self);
guint kl_group_get_online (KlGroup *self);
guint kl_group_get_here (KlGroup *self);
guint kl_group_get_unread (KlGroup *self);
guint kl_group_get_mentions (KlGroup *self);
gboolean kl_group_get_pinned (KlGroup *self);
KlNotify kl_group_get_notify (KlGroup *self);
gint64 kl_group_get_read_seq (KlGroup *self);
gint64 kl_group_get_others_read_seq (KlGroup *self);
gint64 kl_group_get_newest_seq (KlGroup *self);
KlMessage *kl_group_get_last_message (KlGroup *self);
gint64 kl_group_get_last_time (KlGroup *self);
const char *kl_group_get_preview (KlGroup *self);
const char *kl_group_get_draft (KlGroup *self);
GListModel *kl_group_get_typing (KlGroup *self);
gboolean kl_group_get_open (KlGroup *self);
KlGroupCall *kl_group_get_call (KlGroup *self);

void kl_group_set_draft (KlGroup *self, const char *draft);

/* Somebody types, or has stopped. Forgotten by itself after 6 s. For the session, and for tests. */
void kl_group_note_typing (KlGroup *self, KlUser *user, gboolean typing);
void kl_group_clear_typing (KlGroup *self);

G_END_DECLS
