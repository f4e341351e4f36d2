/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gdk/gdk.h>

G_BEGIN_DECLS

/* The style sheet that gives the interface an accent. accent: the name of a hue ("iris", "berry" …), or "system" for the
 * desktop's own colour, darkened until white text on it has a contrast of 4.5:1. Empty for iris, the default that
 * style.css has. */
char *kl_accent_dup_css (const char    *accent,
                         const GdkRGBA *system,
                         gboolean       dark);

/* The contrast of two opaque colours by WCAG 2, 1–21. */
double kl_contrast (const GdkRGBA *a,
                    const GdkRGBA *b);

/* Makes a colour darker until white text on it has a contrast of 4.5:1. */
void kl_darken_for_white (GdkRGBA *color);

G_END_DECLS
