/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "app/core/kl-message-list.h"

G_BEGIN_DECLS

typedef enum
{
  KL_ROW_KIND_DAY,
  KL_ROW_KIND_UNREAD,
  KL_ROW_KIND_SYSTEM,
  KL_ROW_KIND_MESSAGE,
} KlRowKind;

/* One row of a conversation. Signal "changed": something of this object is different (a message's own changes are its
 * notifies). */
#define KL_TYPE_ROW (kl_row_get_type ())
G_DECLARE_FINAL_TYPE (KlRow, kl_row, KL, ROW, GObject)

KlRowKind kl_row_get_kind (KlRow *self);

/* Of a message row its message, of a system row the first of the run; NULL for lines. */
KlMessage *kl_row_get_message (KlRow *self);

/* A system row's run (element-type KlMessage). */
GPtrArray *kl_row_get_run (KlRow *self);

/* A moment of the row's day, in milliseconds. */
gint64 kl_row_get_time (KlRow *self);

/* Of the unread line: how many are new. */
guint kl_row_get_count (KlRow *self);

/* Whether the row above, or below, is of the same group: same sender, at most 5 minutes between. */
gboolean kl_row_get_joined_above (KlRow *self);
gboolean kl_row_get_joined_below (KlRow *self);

/* A long text is shown whole. */
gboolean kl_row_get_expanded (KlRow *self);
void kl_row_set_expanded (KlRow *self, gboolean expanded);

/* A GListModel of KlRow over a GListModel of KlMessage (a KlMessageList, or any): day lines, the unread line, groups by
 * sender, and runs of system messages folded into one row. What stays keeps its object; changes are as small as they
 * are. */
#define KL_TYPE_CONVERSATION_ROWS (kl_conversation_rows_get_type ())
G_DECLARE_FINAL_TYPE (KlConversationRows, kl_conversation_rows, KL, CONVERSATION_ROWS, GObject)

KlConversationRows *kl_conversation_rows_new (GListModel *messages);

/* The unread line stands above the first message with this seq or a later one; 0: no line. @count is what it says. */
void kl_conversation_rows_set_unread (KlConversationRows *self, gint64 first_unread_seq, guint count);

/* The unread line's row, or that of the stored message with this seq; FALSE: not there. */
gboolean kl_conversation_rows_find_unread (KlConversationRows *self, guint *position);
gboolean kl_conversation_rows_find_seq (KlConversationRows *self, gint64 seq, guint *position);

G_END_DECLS
