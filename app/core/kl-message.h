/* SPDX-License-Identifier: GPL-3.0-or-later
 * A message, stored or on its way. It changes in place and notifies: a pending message becomes the stored one, an edit
 * changes the body, a deletion sets "deleted". Main thread.
 *
 * Properties (readable; writable so that a session, or a test, can fill them):
 *   id            string or NULL while pending
 *   group-id      string
 *   seq           int64: place in the group, 0 while pending
 *   rev           int64: of the last change, 0 while pending
 *   client-id     string or NULL
 *   sender        KlUser
 *   mine          boolean: I have sent it
 *   kind          KlMessageKind
 *   body          string, never NULL
 *   reply-to      string or NULL: id of a message
 *   mentions-me   boolean
 *   system-event  KlSystemEvent
 *   system-user   KlUser or NULL: whom the event concerns
 *   system-by     KlUser or NULL: who did it
 *   system-value  string or NULL: the new name or topic
 *   created-at    int64: milliseconds since the epoch; of a pending one, this computer's clock
 *   edited-at     int64: milliseconds since the epoch, 0: never
 *   deleted       boolean
 *   state         KlMessageState
 *   error         GError or NULL: why it failed
 *   reactions     GListModel of KlReaction or NULL: none */
#pragma once

#include "app/core/kl-user.h"
#include <gio/gio.h>

G_BEGIN_DECLS

#define KL_TYPE_MESSAGE (kl_message_get_type ())
G_DECLARE_FINAL_TYPE (KlMessage, kl_message, KL, MESSAGE, GObject)

KlMessage *kl_message_new (const char *group_id);

const char *kl_message_get_id (KlMessage *self);
const char *kl_message_get_group_id (KlMessage *self);
gint64 kl_message_get_seq (KlMessage *self);
gint64 kl_message_get_rev (KlMessage *self);
const char *kl_message_get_client_id (KlMessage *self);
KlUser *kl_message_get_sender (KlMessage *self);
gboolean kl_message_get_mine (KlMessage *self);
KlMessageKind kl_message_get_kind (KlMessage *self);
const char *kl_message_get_body (KlMessage *self);
const char *kl_message_get_reply_to (KlMessage *self);
gboolean kl_message_get_mentions_me (KlMessage *self);
KlSystemEvent kl_message_get_system_event (KlMessage *self);
KlUser *kl_message_get_system_user (KlMessage *self);
KlUser *kl_message_get_system_by (KlMessage *self);
const char *kl_message_get_system_value (KlMessage *self);
gint64 kl_message_get_created_at (KlMessage *self);
gint64 kl_message_get_edited_at (KlMessage *self);
gboolean kl_message_get_deleted (KlMessage *self);
KlMessageState kl_message_get_state (KlMessage *self);
const GError *kl_message_get_error (KlMessage *self);
GListModel *kl_message_get_reactions (KlMessage *self);

/* The body on one line, white space folded, cut at a grapheme cluster's end after at most n_graphemes (then with "…").
 * Empty for a deleted and a system message: their words are the user interface's. */
char *kl_message_dup_preview (KlMessage *self, guint n_graphemes);

/* As above for any text. */
char *kl_text_dup_preview (const char *text, guint n_graphemes);

/* One emoji under a message; immutable. */
#define KL_TYPE_REACTION (kl_reaction_get_type ())
G_DECLARE_FINAL_TYPE (KlReaction, kl_reaction, KL, REACTION, GObject)

KlReaction *kl_reaction_new (const char *emoji, guint count, gboolean mine);
const char *kl_reaction_get_emoji (KlReaction *self);
guint kl_reaction_get_count (KlReaction *self);
gboolean kl_reaction_get_mine (KlReaction *self);

G_END_DECLS
