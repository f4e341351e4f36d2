/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KlStylePreview: a small drawing of the window in a style: variant "light", "dark", or "system", half of each. */
#define KL_TYPE_STYLE_PREVIEW (kl_style_preview_get_type ())
G_DECLARE_FINAL_TYPE (KlStylePreview, kl_style_preview, KL, STYLE_PREVIEW, GtkWidget)

G_END_DECLS
