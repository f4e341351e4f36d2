/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlInviteDialog: makes a link into a group, and shows it to be copied. */
#define KL_TYPE_INVITE_DIALOG (kl_invite_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlInviteDialog, kl_invite_dialog, KL, INVITE_DIALOG, AdwDialog)

AdwDialog *kl_invite_dialog_new (KlSession *session,
                                 KlGroup   *group);

G_END_DECLS
