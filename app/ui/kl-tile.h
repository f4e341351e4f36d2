/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KlTile: what stands for a group: a rounded square with an emoji (else initials) on a hue, and, where people are
 * there, a live pill on its lower end corner. The pill hangs 5 pixels over the edge and takes no room.
 * Decoration for assistive technology: the name stands beside it. */
#define KL_TYPE_TILE (kl_tile_get_type ())
G_DECLARE_FINAL_TYPE (KlTile, kl_tile, KL, TILE, GtkWidget)

GtkWidget *kl_tile_new (int size);

/* size: edge in pixels. emoji: NULL for none. hue: 0–7, or -1 to derive it from id. */
void kl_tile_set_look (KlTile     *self,
                       const char *id,
                       const char *name,
                       const char *emoji,
                       int         hue);

/* The live pill; 0 hides it. animate as in kl_badge_set_count(). */
void kl_tile_set_here (KlTile  *self,
                       guint    here,
                       gboolean animate);
/* people > 0: so many are in a call, which the pill then says in place of who is here. */
void kl_tile_set_call (KlTile  *self,
                       guint    people,
                       gboolean animate);

G_END_DECLS
