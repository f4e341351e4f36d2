/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlCallDoor: before a call: how one will be seen and heard, with which devices, and what the others will see of one's
 * network. It closes when the call is joined; closed before, nothing has been. */
#define KL_TYPE_CALL_DOOR (kl_call_door_get_type ())
G_DECLARE_FINAL_TYPE (KlCallDoor, kl_call_door, KL, CALL_DOOR, AdwDialog)

/* calls: CHECKING. */
AdwDialog *kl_call_door_new (KlCalls *calls);

G_END_DECLS
