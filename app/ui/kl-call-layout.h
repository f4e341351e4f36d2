/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where the pictures of a call stand. Pure: no widget, no clock. */

#define KL_CALL_LAYOUT_GAP 12

typedef struct
{
  int x, y, width, height;
} KlCallRect;

typedef struct
{
  int width, height; /* of the room there is, in pixels */
  guint n_others;
  gboolean own;      /* one's own picture is among them, behind the others */
  int focus;         /* the one that is to be large, with all the others in a strip; -1: none */
  gboolean rtl;
} KlCallScene;

/* Places the others and, behind them, one's own. RECTS has room for n_others + 1.
 *
 * Of all grids the one is taken that shows faces largest; a row that is not full is centred. One's own picture
 * fills a place that the grid leaves empty, else it lies small in the lower end corner, over the others. Gives whether it
 * is small. */
gboolean kl_call_layout_place (const KlCallScene *scene,
                               KlCallRect        *rects);

G_END_DECLS
