/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlGroupWelcome: what stands in a group's conversation before anybody has said anything.
 *
 * Signal: starter (char *text): a first sentence was chosen. */
#define KL_TYPE_GROUP_WELCOME (kl_group_welcome_get_type ())
G_DECLARE_FINAL_TYPE (KlGroupWelcome, kl_group_welcome, KL, GROUP_WELCOME, GtkWidget)

void kl_group_welcome_set_group (KlGroupWelcome *self,
                                 KlGroup        *group);

G_END_DECLS
