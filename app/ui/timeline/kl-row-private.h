/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KlRow is filled by KlConversationRows alone. */
#pragma once

#include "app/ui/timeline/kl-conversation-rows.h"

struct _KlRow
{
  GObject parent_instance;

  KlRowKind kind;
  KlMessage *message; /* of a message row */
  GPtrArray *run;     /* (element-type KlMessage) of a system row */
  gint64 time;        /* of a line */
  int day;            /* of a day line */
  guint count;        /* of the unread line */
  gboolean joined_above;
  gboolean joined_below;
  gboolean expanded;
};

void kl_row_emit_changed (KlRow *self);

/* How many messages the row stands for: none for a line. */
guint kl_row_get_n_messages (KlRow *self);
