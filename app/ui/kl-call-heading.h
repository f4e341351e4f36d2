/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlCallHeading: whose call one is in: the group's name, and under it how long and with how many: "12:04 · 4 people". It
 * follows both. */
#define KL_TYPE_CALL_HEADING (kl_call_heading_get_type ())
G_DECLARE_FINAL_TYPE (KlCallHeading, kl_call_heading, KL, CALL_HEADING, GtkWidget)

/* Once; calls: it has a call. of: what shows the call; it is called "Call in Ridge Hut Crew" from now on. It holds the
 * heading. */
void kl_call_heading_set_calls (KlCallHeading *self,
                                KlCalls       *calls,
                                GtkAccessible *of);

G_END_DECLS
