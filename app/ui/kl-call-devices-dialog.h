/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlCallDevicesDialog: what is spoken into and heard with, how it is cleaned up, and whether one's address is hidden; as
 * chosen during a call. */
#define KL_TYPE_CALL_DEVICES_DIALOG (kl_call_devices_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlCallDevicesDialog, kl_call_devices_dialog, KL, CALL_DEVICES_DIALOG, AdwDialog)

AdwDialog *kl_call_devices_dialog_new (KlCalls *calls);

G_END_DECLS
