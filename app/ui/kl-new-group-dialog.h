/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlNewGroupDialog: starts a group: its emoji and hue first, then its name. Signal: created (KlGroup). */
#define KL_TYPE_NEW_GROUP_DIALOG (kl_new_group_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlNewGroupDialog, kl_new_group_dialog, KL, NEW_GROUP_DIALOG, AdwDialog)

AdwDialog *kl_new_group_dialog_new (KlSession *session);

G_END_DECLS
