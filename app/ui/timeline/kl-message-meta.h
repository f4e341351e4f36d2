/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-message.h"

G_BEGIN_DECLS

/* What stands small at a message's end: "edited 10:53", and for one's own messages the tick: clock, one, two, or the
 * mark of failure. It says nothing to assistive technology: the row's label does. */
#define KL_TYPE_MESSAGE_META (kl_message_meta_get_type ())
G_DECLARE_FINAL_TYPE (KlMessageMeta, kl_message_meta, KL, MESSAGE_META, GtkWidget)

GtkWidget *kl_message_meta_new (void);

/* Shows @message; a change of its state fades over if @animate. */
void kl_message_meta_show (KlMessageMeta *self, KlMessage *message, gboolean animate);

G_END_DECLS
