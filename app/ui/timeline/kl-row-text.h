/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/ui/timeline/kl-conversation-rows.h"

G_BEGIN_DECLS

/* A message row's text from byte @start to @end (beyond the end: all of it), cut at whole characters; with @many with
 * time and name before it. NULL: the row has no text. */
char *kl_row_dup_text (KlRow *row, int start, int end, gboolean many);

/* The word around a byte of the text, or what lies between two words. */
void kl_row_get_word (KlRow *row, int byte, int *start, int *end);

G_END_DECLS
