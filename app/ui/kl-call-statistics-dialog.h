/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlCallStatisticsDialog: how the line to each of the others is, measured anew every second. */
#define KL_TYPE_CALL_STATISTICS_DIALOG (kl_call_statistics_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlCallStatisticsDialog, kl_call_statistics_dialog, KL, CALL_STATISTICS_DIALOG, AdwDialog)

/* calls: in a call. */
AdwDialog *kl_call_statistics_dialog_new (KlCalls *calls);

G_END_DECLS
