/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The emoji under a message with how many people chose each; one's own are outlined. */
#define KL_TYPE_REACTIONS (kl_reactions_get_type ())
G_DECLARE_FINAL_TYPE (KlReactions, kl_reactions, KL, REACTIONS, GtkWidget)

GtkWidget *kl_reactions_new (void);

/* Shows a model of KlReaction as it is now; with @animate what is new springs in. */
void kl_reactions_show (KlReactions *self, GListModel *reactions, gboolean animate);

G_END_DECLS
