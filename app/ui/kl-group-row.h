/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlGroupRow: a group in the list, 64 high. It follows its group. When the list reorders it can be drawn away from its
 * place and slide home.
 *
 * Signal: clicked(), by pointer or touch, beside the selection that the list does. */
#define KL_TYPE_GROUP_ROW (kl_group_row_get_type ())
G_DECLARE_FINAL_TYPE (KlGroupRow, kl_group_row, KL, GROUP_ROW, GtkWidget)

GtkWidget *kl_group_row_new (void);

/* group NULL: unbound. */
void kl_group_row_set_group (KlGroupRow *self,
                             KlGroup    *group);
KlGroup *kl_group_row_get_group (KlGroupRow *self);

/* Writes what depends on the day anew. */
void kl_group_row_update_time (KlGroupRow *self);

/* As a click does: by assistive technology. */
void kl_group_row_click (KlGroupRow *self);

/* Draws the row so many pixels below its place and lets it slide home by a spring; nothing moves with animations off. */
void kl_group_row_slide_from (KlGroupRow *self,
                              double      offset);

/* "Book Club, 12 unread, 1 mention, 2 here, Dario: …, 10:30": the item's accessible name, a property too ("spoken"). */
const char *kl_group_row_get_spoken (KlGroupRow *self);

G_END_DECLS
