/* SPDX-License-Identifier: GPL-3.0-or-later */
/* People and messages for tests of the conversation view, without an account. */
#pragma once

#include "app/core/kl-member-list.h"
#include "app/core/kl-message-list.h"

G_BEGIN_DECLS

typedef struct
{
  KlGroup *group;
  KlMessageList *messages;
  KlMemberList *members;
  GHashTable *users; /* (element-type string KlUser) */
  gint64 next_seq;
  gint64 now_ms; /* of the next message */
} Conversation;

void conversation_init (Conversation *self);
void conversation_clear (Conversation *self);

KlUser *conversation_user (Conversation *self, const char *name);
void conversation_set_role (Conversation *self, const char *name, KlRole role);

/* The clock of what follows: hours and minutes of a day so many days before today, in the local zone. */
void conversation_at (Conversation *self, int days_ago, int hour, int minute);

/* Appends a stored message; "me" is oneself. The list holds the reference. */
KlMessage *conversation_say (Conversation *self, const char *who, const char *body);
KlMessage *conversation_system (Conversation *self, KlSystemEvent event, const char *who, const char *by,
                                const char *value);
void conversation_react (KlMessage *message, const char *first_emoji, ...) G_GNUC_NULL_TERMINATED;

/* What follows, so many messages of others, is unread. */
void conversation_unread_from_here (Conversation *self, guint count);

/* Makes, but does not add, a message with a seq. */
KlMessage *conversation_make (Conversation *self, const char *who, const char *body, gint64 seq, gint64 time_ms);

/* Loads Klatch's style and icons onto the default display. */
void conversation_load_style (gboolean dark);

G_END_DECLS
