/* SPDX-License-Identifier: GPL-3.0-or-later
 * Names that a reader could take for each other. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Equal for names that look alike: case, accents, spaces, invisible characters and the letters of other scripts that are
 * drawn like Latin ones count for nothing. Transfer full. */
char *kl_lookalike_key (const char *name);

G_END_DECLS
