/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where text may be cut. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The length in bytes of the extended grapheme cluster (UAX #29) that valid UTF-8 text begins with; 0 at its end. */
gsize kl_text_cluster_bytes (const char *text);

/* TRUE if something in it would be seen: a character of none of the categories Z and C. */
gboolean kl_text_is_visible (const char *text);

G_END_DECLS
