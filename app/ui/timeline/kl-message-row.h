/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/ui/timeline/kl-conversation-rows.h"

G_BEGIN_DECLS

/* A message in its bubble: own at the end side, others' with the avatar at the foot of a group's last bubble and the
 * name in its first; text, time and tick; reactions below; "Not sent. Try again" where sending failed. A KlTimelineRow
 * for KlRow items.
 *
 * Signals: retry (), when the person asks to send it again. */
#define KL_TYPE_MESSAGE_ROW (kl_message_row_get_type ())
G_DECLARE_FINAL_TYPE (KlMessageRow, kl_message_row, KL, MESSAGE_ROW, GtkWidget)

/* What stands beside a name ("Owner"), or NULL; translated, static. */
typedef const char *(*KlMessageRowRoleFunc) (KlUser *user, gpointer user_data);

GtkWidget *kl_message_row_new (KlMessageRowRoleFunc role, gpointer user_data);

/* The message shown, or NULL. */
KlMessage *kl_message_row_get_message (KlMessageRow *self);

/* Asks for the role again. */
void kl_message_row_update_role (KlMessageRow *self);

/* The link under a point of the row; NULL: none. Its first link, if there is only one. */
char *kl_message_row_dup_link_at (KlMessageRow *self, double x, double y);
char *kl_message_row_dup_only_link (KlMessageRow *self);

/* A short glow, for a message that was jumped to. */
void kl_message_row_flash (KlMessageRow *self);

/* "Yuki, 10:39, Two cartridges": what assistive technology says of a message, and what is announced. */
char *kl_message_dup_label (KlMessage *message);

G_END_DECLS
