/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where rows of a conversation lie: one column, not wider than is good to read. */
#pragma once

#include <glib.h>

#define KL_ROW_COLUMN_MAX_PX 760
#define KL_ROW_MARGIN_PX 18
#define KL_ROW_MARGIN_NARROW_PX 10
#define KL_ROW_NARROW_PX 460

/* Between groups, and around lines. */
#define KL_ROW_GAP_PX 12

static inline void
kl_row_find_column (int width, int *x, int *column_width)
{
  int margin = width < KL_ROW_NARROW_PX ? KL_ROW_MARGIN_NARROW_PX : KL_ROW_MARGIN_PX;

  *column_width = MIN (KL_ROW_COLUMN_MAX_PX, width - 2 * margin);
  *x = (width - *column_width) / 2;
}
