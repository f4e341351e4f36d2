/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KlBadge: a small round count. It is not there at 0, springs in when it becomes more, and its digits roll by 6
 * pixels when they change; with animations off it just changes. Style classes: none (neutral, unread messages),
 * "mention" (accent), "live" (the one green: people here), with it "in-call" (accent).
 * A badge is decoration for assistive technology: whoever holds it says the number in its own name. */
#define KL_TYPE_BADGE (kl_badge_get_type ())
G_DECLARE_FINAL_TYPE (KlBadge, kl_badge, KL, BADGE, GtkWidget)

GtkWidget *kl_badge_new (void);

/* Shows count, "999+" above 999, or text in its stead where set and count is not 0 (the "@" of mentions). animate is
 * FALSE when the badge comes to stand for another thing, as in a recycled row. */
void kl_badge_set_count (KlBadge *self,
                         guint    count,
                         gboolean animate);
guint kl_badge_get_count (KlBadge *self);
void kl_badge_set_text (KlBadge    *self,
                        const char *text);
/* A small icon before the count; NULL: none. */
void kl_badge_set_icon (KlBadge    *self,
                        const char *icon_name);

G_END_DECLS
