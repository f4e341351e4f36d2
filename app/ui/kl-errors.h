/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What to tell a person about an error, in the person's language: what happened, and what can be done. Every code of the
 * core's has a sentence of ours, whatever the server said; who knows what was asked for may know a better one. */
char *kl_error_dup_sentence (const GError *error);

G_END_DECLS
