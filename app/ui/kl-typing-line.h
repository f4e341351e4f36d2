/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlTypingLine: who types in a group. It keeps its height when nobody does, so that nothing above it jumps. */
#define KL_TYPE_TYPING_LINE (kl_typing_line_get_type ())
G_DECLARE_FINAL_TYPE (KlTypingLine, kl_typing_line, KL, TYPING_LINE, GtkWidget)

/* NULL: nobody's. */
void kl_typing_line_set_group (KlTypingLine *self,
                               KlGroup      *group);

G_END_DECLS
