/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KlCallCorner: where a small child lies over its parent: in a corner, from where it can be dragged; let go, it springs into
 * the nearest one. The corner is kept while children come and go. */
typedef struct _KlCallCorner KlCallCorner;

/* PARENT is lent: free the corner before it is disposed. */
KlCallCorner *kl_call_corner_new (GtkWidget *parent);
void kl_call_corner_free (KlCallCorner *self);

/* CHILD, lent, or NULL. One that is not visible is not dragged. */
void kl_call_corner_set_child (KlCallCorner *self,
                               GtkWidget    *child);

/* From the parent's size_allocate(): gives the child its place, if it is visible. */
void kl_call_corner_allocate (KlCallCorner *self,
                              int           width,
                              int           height);

G_END_DECLS
