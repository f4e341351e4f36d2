/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlCallHost: what a window shows, and over it the call, as long as there is one: filling the window, or small in a corner,
 * from where it can be dragged to another. It asks before a call how one looks and sounds, and shows who calls. While there
 * is a call it has the keys M, V, S, H, Space (mutes while held), F11 and Escape, wherever nothing is being written, and
 * the actions "call.…".
 *
 * Properties: small (boolean, read only): there is a call, and it is small.
 * Signal: chat (KlGroup): the person wants to write in this group. */
#define KL_TYPE_CALL_HOST (kl_call_host_get_type ())
G_DECLARE_FINAL_TYPE (KlCallHost, kl_call_host, KL, CALL_HOST, AdwBin)

void kl_call_host_set_calls (KlCallHost *self,
                             KlCalls    *calls);

/* The call of this group: the way in, or, where one is in it, its view. */
void kl_call_host_open (KlCallHost *self,
                        KlGroup    *group);

gboolean kl_call_host_get_small (KlCallHost *self);

G_END_DECLS
