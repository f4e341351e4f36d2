/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlCallView: the call that one is in, filling the window: the people, what is to be said about the lines and devices, and
 * the bar. Always dark. The bar goes after three seconds in which nothing is touched, and comes back with the pointer, a
 * key or the focus. Its buttons are the actions "call.…" of KlCallHost.
 *
 * Property: large (boolean): one is large, who speaks or shares a screen, and the others stand in a strip. */
#define KL_TYPE_CALL_VIEW (kl_call_view_get_type ())
G_DECLARE_FINAL_TYPE (KlCallView, kl_call_view, KL, CALL_VIEW, AdwBreakpointBin)

/* calls: in a call. */
GtkWidget *kl_call_view_new (KlCalls *calls);

void kl_call_view_set_large (KlCallView *self,
                             gboolean    large);
gboolean kl_call_view_get_large (KlCallView *self);

/* Opens the choice of reactions. */
void kl_call_view_show_reactions (KlCallView *self);

/* Whether the window fills the screen: for its button. */
void kl_call_view_set_fullscreen (KlCallView *self,
                                  gboolean    fullscreen);

G_END_DECLS
