/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlConversationPage: one group's conversation: who is there, what was said, and the field to say something.
 *
 * Properties: narrow (boolean): little room: the header says less, the menu more.
 * Signal: used (): a key went into the composer. */
#define KL_TYPE_CONVERSATION_PAGE (kl_conversation_page_get_type ())
G_DECLARE_FINAL_TYPE (KlConversationPage, kl_conversation_page, KL, CONVERSATION_PAGE, AdwNavigationPage)

void kl_conversation_page_set_session (KlConversationPage *self,
                                       KlSession          *session);

/* members: those of the group, shared with the people's pane. Both NULL: nothing is open. */
void kl_conversation_page_set_group (KlConversationPage *self,
                                     KlGroup            *group,
                                     KlMemberList       *members);
KlGroup *kl_conversation_page_get_group (KlConversationPage *self);

void kl_conversation_page_set_narrow (KlConversationPage *self,
                                      gboolean            narrow);

/* Whether the people stand beside the conversation, and with them what the strip under its header would say of a call. */
void kl_conversation_page_set_people_beside (KlConversationPage *self,
                                             gboolean            beside);

/* The focus to the field, or to the messages. */
void kl_conversation_page_focus_composer (KlConversationPage *self);

/* What F6 walks through: the messages and the composer. Lent. */
GtkWidget *kl_conversation_page_get_messages_pane (KlConversationPage *self);
GtkWidget *kl_conversation_page_get_composer (KlConversationPage *self);

G_END_DECLS
