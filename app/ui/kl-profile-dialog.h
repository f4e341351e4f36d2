/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlProfileDialog: how others see one: name, status, do not disturb. */
#define KL_TYPE_PROFILE_DIALOG (kl_profile_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlProfileDialog, kl_profile_dialog, KL, PROFILE_DIALOG, AdwDialog)

AdwDialog *kl_profile_dialog_new (KlSession *session);

G_END_DECLS
