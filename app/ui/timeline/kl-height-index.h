/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Heights in pixels of all rows of a timeline, most of them not known yet: a row that was never measured counts with an
 * estimate, the mean of the measured ones. Prefix sums and searches cost a scan of blocks of 256 rows; 4 bytes a row
 * are kept. Not thread-safe. */
typedef struct _KlHeightIndex KlHeightIndex;

KlHeightIndex *kl_height_index_new (void);
void kl_height_index_free (KlHeightIndex *self);

guint kl_height_index_get_n_rows (KlHeightIndex *self);
void kl_height_index_insert (KlHeightIndex *self, guint position, guint n_rows);
void kl_height_index_remove (KlHeightIndex *self, guint position, guint n_rows);
void kl_height_index_set (KlHeightIndex *self, guint position, int height);

/* The height, or the estimate where it is unknown. */
int kl_height_index_get (KlHeightIndex *self, guint position);
gboolean kl_height_index_is_known (KlHeightIndex *self, guint position);

gint64 kl_height_index_get_total (KlHeightIndex *self);

/* The sum of the heights of the rows before @position, which may be the number of rows. */
gint64 kl_height_index_get_prefix (KlHeightIndex *self, guint position);

/* The row that covers @offset, clamped to the first and last row, and in @prefix the offset of its top. There must be a
 * row. */
guint kl_height_index_find (KlHeightIndex *self, gint64 offset, gint64 *prefix);

/* Recounts every block and compares it with what is kept: for tests. */
gboolean kl_height_index_check (KlHeightIndex *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlHeightIndex, kl_height_index_free)

G_END_DECLS
