/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows lie in blocks of at most BLOCK_ROWS, each with the sum of its known heights and the count of the unknown. The
 * estimate follows the mean of all heights ever measured, but only when their count has doubled: a scrollbar that
 * trembles with every measured row helps nobody. */
#include "app/ui/timeline/kl-height-index.h"

#define BLOCK_ROWS 256
#define FIRST_ESTIMATE_PX 64

typedef struct
{
  gint64 sum;
  guint n_rows;
  guint n_unknown;
  gint32 heights[BLOCK_ROWS]; /* -1: unknown */
} Block;

struct _KlHeightIndex
{
  GPtrArray *blocks; /* (element-type Block), none of them empty */
  guint n_rows;
  int estimate;
  gint64 measured_sum;
  guint64 measured_count;
  guint64 measured_count_at_estimate;
};

KlHeightIndex *
kl_height_index_new (void)
{
  KlHeightIndex *self = g_new0 (KlHeightIndex, 1);

  self->blocks = g_ptr_array_new_with_free_func (g_free);
  self->estimate = FIRST_ESTIMATE_PX;
  return self;
}

void
kl_height_index_free (KlHeightIndex *self)
{
  g_ptr_array_unref (self->blocks);
  g_free (self);
}

guint
kl_height_index_get_n_rows (KlHeightIndex *self)
{
  return self->n_rows;
}

static gint64
block_total (KlHeightIndex *self, Block *block)
{
  return block->sum + (gint64) block->n_unknown * self->estimate;
}

/* The block of the row at *position, which becomes the position inside of it. */
static guint
find_block (KlHeightIndex *self, guint *position)
{
  guint i = 0;

  while (*position >= ((Block *) self->blocks->pdata[i])->n_rows)
    {
      *position -= ((Block *) self->blocks->pdata[i])->n_rows;
      i++;
    }
  return i;
}

static void
split_block (KlHeightIndex *self, guint index, guint at)
{
  Block *block = self->blocks->pdata[index];
  Block *tail = g_new0 (Block, 1);

  for (guint i = at; i < block->n_rows; i++)
    {
      gint32 height = block->heights[i];

      tail->heights[tail->n_rows++] = height;
      if (height < 0)
        tail->n_unknown++;
      else
        tail->sum += height;
    }
  block->n_rows = at;
  block->n_unknown -= tail->n_unknown;
  block->sum -= tail->sum;
  g_ptr_array_insert (self->blocks, (int) index + 1, tail);
}

static void
insert_into_block (Block *block, guint at, guint n_rows)
{
  memmove (block->heights + at + n_rows, block->heights + at, sizeof (gint32) * (block->n_rows - at));
  for (guint i = 0; i < n_rows; i++)
    block->heights[at + i] = -1;
  block->n_rows += n_rows;
  block->n_unknown += n_rows;
}

void
kl_height_index_insert (KlHeightIndex *self, guint position, guint n_rows)
{
  guint index;

  g_return_if_fail (position <= self->n_rows);

  if (n_rows == 0)
    return;
  if (position == self->n_rows)
    {
      index = self->blocks->len;
      if (index > 0)
        {
          Block *last = self->blocks->pdata[index - 1];
          guint room = MIN (BLOCK_ROWS - last->n_rows, n_rows);

          insert_into_block (last, last->n_rows, room);
          self->n_rows += room;
          n_rows -= room;
        }
    }
  else
    {
      guint at = position;
      Block *block;

      index = find_block (self, &at);
      block = self->blocks->pdata[index];
      if (block->n_rows + n_rows <= BLOCK_ROWS)
        {
          insert_into_block (block, at, n_rows);
          self->n_rows += n_rows;
          return;
        }
      if (at > 0)
        split_block (self, index++, at);
    }
  while (n_rows > 0)
    {
      Block *block = g_new0 (Block, 1);
      guint part = MIN (n_rows, BLOCK_ROWS);

      insert_into_block (block, 0, part);
      g_ptr_array_insert (self->blocks, (int) index++, block);
      self->n_rows += part;
      n_rows -= part;
    }
}

/* Small neighbours become one block, so that many small changes do not leave a chain of crumbs. */
static void
merge_around (KlHeightIndex *self, guint index)
{
  guint first = index > 0 ? index - 1 : 0;

  for (guint i = first; i < first + 2 && i + 1 < self->blocks->len;)
    {
      Block *a = self->blocks->pdata[i];
      Block *b = self->blocks->pdata[i + 1];

      if (a->n_rows + b->n_rows > BLOCK_ROWS / 2)
        {
          i++;
          continue;
        }
      memcpy (a->heights + a->n_rows, b->heights, sizeof (gint32) * b->n_rows);
      a->n_rows += b->n_rows;
      a->n_unknown += b->n_unknown;
      a->sum += b->sum;
      g_ptr_array_remove_index (self->blocks, i + 1);
    }
}

void
kl_height_index_remove (KlHeightIndex *self, guint position, guint n_rows)
{
  guint at = position;
  guint index;

  g_return_if_fail (position <= self->n_rows && n_rows <= self->n_rows - position);

  if (n_rows == 0)
    return;
  index = find_block (self, &at);
  self->n_rows -= n_rows;
  while (n_rows > 0)
    {
      Block *block = self->blocks->pdata[index];
      guint part = MIN (n_rows, block->n_rows - at);

      for (guint i = at; i < at + part; i++)
        {
          if (block->heights[i] < 0)
            block->n_unknown--;
          else
            block->sum -= block->heights[i];
        }
      memmove (block->heights + at, block->heights + at + part, sizeof (gint32) * (block->n_rows - at - part));
      block->n_rows -= part;
      n_rows -= part;
      at = 0;
      if (block->n_rows == 0)
        g_ptr_array_remove_index (self->blocks, index);
      else
        index++;
    }
  merge_around (self, MIN (index, self->blocks->len));
}

static void
learn (KlHeightIndex *self, int height)
{
  self->measured_sum += height;
  self->measured_count++;
  if (self->measured_count >= 2 * self->measured_count_at_estimate && self->measured_count >= 8)
    {
      self->estimate = MAX (1, (int) (self->measured_sum / (gint64) self->measured_count));
      self->measured_count_at_estimate = self->measured_count;
    }
}

void
kl_height_index_set (KlHeightIndex *self, guint position, int height)
{
  guint at = position;
  Block *block;

  g_return_if_fail (position < self->n_rows && height >= 0);

  block = self->blocks->pdata[find_block (self, &at)];
  if (block->heights[at] == height)
    return;
  if (block->heights[at] < 0)
    block->n_unknown--;
  else
    block->sum -= block->heights[at];
  block->heights[at] = height;
  block->sum += height;
  learn (self, height);
}

static gint32
get_raw (KlHeightIndex *self, guint position)
{
  guint at = position;
  Block *block = self->blocks->pdata[find_block (self, &at)];

  return block->heights[at];
}

int
kl_height_index_get (KlHeightIndex *self, guint position)
{
  gint32 height;

  g_return_val_if_fail (position < self->n_rows, 0);

  height = get_raw (self, position);
  return height < 0 ? self->estimate : height;
}

gboolean
kl_height_index_is_known (KlHeightIndex *self, guint position)
{
  g_return_val_if_fail (position < self->n_rows, FALSE);

  return get_raw (self, position) >= 0;
}

gint64
kl_height_index_get_total (KlHeightIndex *self)
{
  gint64 total = 0;

  for (guint i = 0; i < self->blocks->len; i++)
    total += block_total (self, self->blocks->pdata[i]);
  return total;
}

gint64
kl_height_index_get_prefix (KlHeightIndex *self, guint position)
{
  gint64 prefix = 0;

  g_return_val_if_fail (position <= self->n_rows, 0);

  for (guint i = 0; i < self->blocks->len && position > 0; i++)
    {
      Block *block = self->blocks->pdata[i];

      if (position >= block->n_rows)
        {
          prefix += block_total (self, block);
          position -= block->n_rows;
          continue;
        }
      for (guint j = 0; j < position; j++)
        prefix += block->heights[j] < 0 ? self->estimate : block->heights[j];
      break;
    }
  return prefix;
}

guint
kl_height_index_find (KlHeightIndex *self, gint64 offset, gint64 *prefix)
{
  gint64 top = 0;
  guint position = 0;

  g_return_val_if_fail (self->n_rows > 0, 0);

  for (guint i = 0; i < self->blocks->len; i++)
    {
      Block *block = self->blocks->pdata[i];
      gint64 total = block_total (self, block);

      if (offset >= top + total && i + 1 < self->blocks->len)
        {
          top += total;
          position += block->n_rows;
          continue;
        }
      for (guint j = 0; j < block->n_rows; j++)
        {
          int height = block->heights[j] < 0 ? self->estimate : block->heights[j];

          if (offset < top + height || j + 1 == block->n_rows)
            break;
          top += height;
          position++;
        }
      break;
    }
  *prefix = top;
  return position;
}

gboolean
kl_height_index_check (KlHeightIndex *self)
{
  guint n_rows = 0;

  for (guint i = 0; i < self->blocks->len; i++)
    {
      Block *block = self->blocks->pdata[i];
      gint64 sum = 0;
      guint n_unknown = 0;

      if (block->n_rows == 0 || block->n_rows > BLOCK_ROWS)
        return FALSE;
      for (guint j = 0; j < block->n_rows; j++)
        {
          if (block->heights[j] < 0)
            n_unknown++;
          else
            sum += block->heights[j];
        }
      if (sum != block->sum || n_unknown != block->n_unknown)
        return FALSE;
      n_rows += block->n_rows;
    }
  return n_rows == self->n_rows;
}
