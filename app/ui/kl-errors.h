/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What to tell a person about an error of the core, in the person's language: what happened, and what can be done. Only
 * where nothing better is known it is the server's own sentence. */
char *kl_error_dup_sentence (const GError *error);

G_END_DECLS
