/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlConnectionBanner: a strip that says, while there is no connection, what that means and when it will be tried again.
 * A connection that comes within a second and a half is not worth a word. */
#define KL_TYPE_CONNECTION_BANNER (kl_connection_banner_get_type ())
G_DECLARE_FINAL_TYPE (KlConnectionBanner, kl_connection_banner, KL, CONNECTION_BANNER, GtkWidget)

void kl_connection_banner_set_session (KlConnectionBanner *self,
                                       KlSession          *session);

G_END_DECLS
