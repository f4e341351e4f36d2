/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/ui/kl-call-tile.h"

G_BEGIN_DECLS

/* KlCallGrid: the people of a call in the room there is, as kl_call_layout_place() puts them. Who comes grows out of his
 * place, who goes shrinks in it, and the others glide to where they then stand; with less motion they are just there.
 *
 * Property: focus (KlCallTile or NULL): the one that is large. */
#define KL_TYPE_CALL_GRID (kl_call_grid_get_type ())
G_DECLARE_FINAL_TYPE (KlCallGrid, kl_call_grid, KL, CALL_GRID, GtkWidget)

GtkWidget *kl_call_grid_new (void);

/* Behind those that are there; the grid has it from then on. One's own is set, and stays last. */
void kl_call_grid_add (KlCallGrid *self,
                       KlCallTile *tile);
void kl_call_grid_set_own (KlCallGrid *self,
                           KlCallTile *tile);
void kl_call_grid_remove (KlCallGrid *self,
                          KlCallTile *tile);

/* NULL: all the same size. */
void kl_call_grid_set_focus (KlCallGrid *self,
                             KlCallTile *tile);
KlCallTile *kl_call_grid_get_focus (KlCallGrid *self);

/* Those that are in, without who is on his way out. Lent: element-type KlCallTile, the own one last. */
GPtrArray *kl_call_grid_get_tiles (KlCallGrid *self);

G_END_DECLS
