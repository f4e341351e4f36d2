/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The keys, one list a kind. */
AdwDialog *kl_shortcuts_dialog_new (void);

G_END_DECLS
