/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KlTypingDots: three dots that brighten one after the other while the widget is shown; still with animations off. */
#define KL_TYPE_TYPING_DOTS (kl_typing_dots_get_type ())
G_DECLARE_FINAL_TYPE (KlTypingDots, kl_typing_dots, KL, TYPING_DOTS, GtkWidget)

G_END_DECLS
