/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/ui/timeline/kl-conversation-rows.h"

G_BEGIN_DECLS

/* A row that is one centred line: a day, "3 new messages" between two rules, or what the system tells of a run of
 * events. A KlTimelineRow for KlRow items of the one kind it was made for. */
#define KL_TYPE_LINE_ROW (kl_line_row_get_type ())
G_DECLARE_FINAL_TYPE (KlLineRow, kl_line_row, KL, LINE_ROW, GtkWidget)

GtkWidget *kl_line_row_new (KlRowKind kind);

/* "Lena joined · Bao left": a run of system messages in words, names marked as kl_text_bold() does. (element-type
 * KlMessage) */
char *kl_dup_system_words (GPtrArray *run);

G_END_DECLS
