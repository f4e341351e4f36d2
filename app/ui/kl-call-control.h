/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlCallControl: one of the round buttons of a call, which look and are named as things stand: "Mute" or "Unmute". It
 * activates the action "call.<does>".
 *
 * Properties:
 *   does       string (construct only): "microphone", "camera", "screen", "react", "chat", "leave"
 *   calls      KlCalls or NULL: what it follows
 *   captioned  boolean: a word stands under it
 *   count      uint: on its edge; 0: none */
#define KL_TYPE_CALL_CONTROL (kl_call_control_get_type ())
G_DECLARE_FINAL_TYPE (KlCallControl, kl_call_control, KL, CALL_CONTROL, GtkButton)

void kl_call_control_set_calls (KlCallControl *self,
                                KlCalls       *calls);
void kl_call_control_set_captioned (KlCallControl *self,
                                    gboolean       captioned);
void kl_call_control_set_count (KlCallControl *self,
                                guint          count);

G_END_DECLS
