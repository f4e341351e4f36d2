/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlWindow: the window: sign-in, or the account at work. It owns the session, and ends it before it is gone: closing
 * waits, unseen, until what is unsent is on disk. */
#define KL_TYPE_WINDOW (kl_window_get_type ())
G_DECLARE_FINAL_TYPE (KlWindow, kl_window, KL, WINDOW, AdwApplicationWindow)

/* server: what sign-in offers, or NULL for the one used last. Looks for an account that is remembered. */
GtkWindow *kl_window_new (GtkApplication *application,
                          GSettings      *settings,
                          KlAccounts     *accounts,
                          const char     *server);

/* Ends it, whatever dialog stands open in it; the session is stopped first, as when a person closes it. */
void kl_window_end (KlWindow *self);

G_END_DECLS
