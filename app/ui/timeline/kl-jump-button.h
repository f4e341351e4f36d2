/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The round button to the newest message, with the count of what has arrived below. Comes and goes with a fade. Signal:
 * clicked. */
#define KL_TYPE_JUMP_BUTTON (kl_jump_button_get_type ())
G_DECLARE_FINAL_TYPE (KlJumpButton, kl_jump_button, KL, JUMP_BUTTON, GtkWidget)

GtkWidget *kl_jump_button_new (void);
void kl_jump_button_set (KlJumpButton *self, gboolean shown, guint count);

G_END_DECLS
