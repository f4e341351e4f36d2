/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-user.h"

G_BEGIN_DECLS

/* KlAvatar: what stands for a person: a circle with initials on the person's hue, and on its lower end edge the mark of
 * presence: a filled dot for online (with a bar: do not disturb), a hollow ring for away, nothing for offline. It follows
 * its user. Decoration for assistive technology: the name stands beside it.
 *
 * Properties: size (int, pixels), user (KlUser or NULL), shows-presence (boolean, on by default). */
#define KL_TYPE_AVATAR (kl_avatar_get_type ())
G_DECLARE_FINAL_TYPE (KlAvatar, kl_avatar, KL, AVATAR, GtkWidget)

GtkWidget *kl_avatar_new (int size);

void kl_avatar_set_user (KlAvatar *self,
                         KlUser   *user);
void kl_avatar_set_shows_presence (KlAvatar *self,
                                   gboolean  shows_presence);

G_END_DECLS
