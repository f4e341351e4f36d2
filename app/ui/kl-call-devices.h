/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlCallDevices: rows to choose microphone, camera and speaker in; they change as devices are plugged in and out. The first
 * choice of each is the system's. */
#define KL_TYPE_CALL_DEVICES (kl_call_devices_get_type ())
G_DECLARE_FINAL_TYPE (KlCallDevices, kl_call_devices, KL, CALL_DEVICES, AdwPreferencesGroup)

/* only_present: of what there is none, there is no row. */
void kl_call_devices_set_calls (KlCallDevices *self,
                                KlCalls       *calls,
                                gboolean       only_present);

G_END_DECLS
