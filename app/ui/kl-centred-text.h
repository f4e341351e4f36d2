/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What avatar, tile and badge draw: a layout in the middle of the widget and in its colour, dy pixels further down. */
static inline void
kl_snapshot_centred_text (GtkWidget   *widget,
                          GtkSnapshot *snapshot,
                          PangoLayout *layout,
                          double       dy,
                          double       opacity)
{
  PangoRectangle logical;
  GdkRGBA color;

  pango_layout_get_pixel_extents (layout, NULL, &logical);
  gtk_widget_get_color (widget, &color);
  color.alpha *= (float) opacity;
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (
    snapshot, &GRAPHENE_POINT_INIT ((float) (gtk_widget_get_width (widget) - logical.width) / 2.f - (float) logical.x,
                                    (float) ((gtk_widget_get_height (widget) - logical.height) / 2. - logical.y + dy)));
  gtk_snapshot_append_layout (snapshot, layout, &color);
  gtk_snapshot_restore (snapshot);
}

G_END_DECLS
