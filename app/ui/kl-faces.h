/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KlFaces: people by their pictures alone, one over the other; of many the first few, and how many more they are. It
 * follows its model. Decoration for assistive technology: whoever shows it says the names.
 *
 * Properties: size (int, pixels, construct only), people (GListModel of KlUser or NULL). */
#define KL_TYPE_FACES (kl_faces_get_type ())
G_DECLARE_FINAL_TYPE (KlFaces, kl_faces, KL, FACES, GtkWidget)

/* people: of KlUser; NULL: nobody. */
void kl_faces_set_people (KlFaces    *self,
                          GListModel *people);

G_END_DECLS
