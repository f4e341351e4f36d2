/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-group.h"

G_BEGIN_DECLS

/* KlCallStrip: under a conversation's header: a call is on that one is not in: since when, who is there, and the way in
 * (the action "main.call"). Not there otherwise. */
#define KL_TYPE_CALL_STRIP (kl_call_strip_get_type ())
G_DECLARE_FINAL_TYPE (KlCallStrip, kl_call_strip, KL, CALL_STRIP, GtkWidget)

/* group: NULL for none. */
void kl_call_strip_set_group (KlCallStrip *self,
                              KlGroup     *group);

G_END_DECLS
