/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* KlPreferencesDialog: style and accent. Every change is in force at once. */
#define KL_TYPE_PREFERENCES_DIALOG (kl_preferences_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlPreferencesDialog, kl_preferences_dialog, KL, PREFERENCES_DIALOG, AdwPreferencesDialog)

AdwDialog *kl_preferences_dialog_new (GSettings *settings);

G_END_DECLS
