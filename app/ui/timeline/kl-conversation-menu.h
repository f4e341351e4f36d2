/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The menu of a message: secondary click, long press, Menu or Shift+F10. Its commands are actions of the group
 * "message" on the view: copy, copy-link, open-link, select-all (of the message), retry, discard. */
#pragma once

#include "app/ui/timeline/kl-conversation-view.h"
#include "app/ui/timeline/kl-timeline.h"

G_BEGIN_DECLS

void kl_conversation_menu_attach (KlConversationView *view, KlTimeline *timeline);

/* Of the view, for its menu. */
void kl_conversation_view_retry (KlConversationView *self, KlMessage *message);
void kl_conversation_view_discard (KlConversationView *self, KlMessage *message);

G_END_DECLS
