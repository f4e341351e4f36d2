/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlCallMini: the call in small, to float over a conversation: who speaks, oneself in a corner of that, and the three
 * buttons that one needs. */
#define KL_TYPE_CALL_MINI (kl_call_mini_get_type ())
G_DECLARE_FINAL_TYPE (KlCallMini, kl_call_mini, KL, CALL_MINI, AdwBin)

/* calls: in a call. */
GtkWidget *kl_call_mini_new (KlCalls *calls);

G_END_DECLS
