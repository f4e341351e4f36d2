/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KlSignInArt: the panel beside the sign-in form: what Klatch is, in one picture. Decoration: assistive technology is
 * told nothing of it. */
#define KL_TYPE_SIGN_IN_ART (kl_sign_in_art_get_type ())
G_DECLARE_FINAL_TYPE (KlSignInArt, kl_sign_in_art, KL, SIGN_IN_ART, GtkWidget)

G_END_DECLS
