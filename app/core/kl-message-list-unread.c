/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where the unread line stands in a message list. */
#include "app/core/kl-message-list-private.h"

/* One's own and the system's messages are never unread: the line stands before the first that is. */
void
kl_message_list_settle_unread_line (KlMessageList *self)
{
  gint64 seq = kl_message_list_get_first_unread_seq (self);

  if (seq == 0)
    return;
  for (KlMessage *message; (message = kl_message_list_peek_seq (self, seq)) != NULL; seq++)
    if (!kl_message_get_mine (message) && kl_message_get_kind (message) != KL_MESSAGE_KIND_SYSTEM)
      break;
  kl_message_list_set_first_unread_seq (self, seq);
}

void
kl_message_list_forget_unread_line (KlMessageList *self)
{
  g_return_if_fail (KL_IS_MESSAGE_LIST (self));
  kl_message_list_set_first_unread_seq (self, 0);
}

void
kl_message_list_renew_unread_line (KlMessageList *self)
{
  g_return_if_fail (KL_IS_MESSAGE_LIST (self));

  KlGroup *group = kl_message_list_get_group (self);
  kl_message_list_set_first_unread_seq (self, kl_group_get_unread (group) > 0 ? kl_group_get_read_seq (group) + 1 : 0);
  kl_message_list_settle_unread_line (self);
}
