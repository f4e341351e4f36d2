/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlRinger: has a call that rings heard, and tells the desktop of it while the window is not looked at: a notification with
 * Join, Voice only and Decline, gone when it has been answered anywhere or stops. Whoever is in a call already, or wants no
 * sounds of events, does not hear it. What is not to disturb does not ring (KlCalls:ring):
 * KlCalls:quiet follows the desktop's own do-not-disturb, where the desktop says whether that is on.
 * While it lives, the window's application has the actions "call-join", "call-voice", "call-decline" (the call's id).
 *
 * Properties: sounding (boolean, read only). */
#define KL_TYPE_RINGER (kl_ringer_get_type ())
G_DECLARE_FINAL_TYPE (KlRinger, kl_ringer, KL, RINGER, GObject)

/* window: it lives longer. */
KlRinger *kl_ringer_new (KlCalls   *calls,
                         GtkWindow *window);

G_END_DECLS
