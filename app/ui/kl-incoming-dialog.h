/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlIncomingDialog: somebody calls: who, in which group, who is in already; Decline, Voice only, Join. Closing it declines. */
#define KL_TYPE_INCOMING_DIALOG (kl_incoming_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlIncomingDialog, kl_incoming_dialog, KL, INCOMING_DIALOG, AdwDialog)

AdwDialog *kl_incoming_dialog_new (KlCalls *calls,
                                   KlRing  *ring);

/* It has stopped ringing: closes without an answer. */
void kl_incoming_dialog_end (KlIncomingDialog *self);

G_END_DECLS
