/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlJoinDialog: joins by an invite link or code, and shows what it leads to before. Signal: joined (KlGroup). */
#define KL_TYPE_JOIN_DIALOG (kl_join_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlJoinDialog, kl_join_dialog, KL, JOIN_DIALOG, AdwDialog)

AdwDialog *kl_join_dialog_new (KlSession *session);

G_END_DECLS
