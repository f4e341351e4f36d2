/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* KlApplication: one process, one window. Holds the settings and the accounts, gives the style and the accent, and knows
 * the keys. Options: --version; --server URL fills in the sign-in form's address. */
#define KL_TYPE_APPLICATION (kl_application_get_type ())
G_DECLARE_FINAL_TYPE (KlApplication, kl_application, KL, APPLICATION, AdwApplication)

KlApplication *kl_application_new (void);

G_END_DECLS
