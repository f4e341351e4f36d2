/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-call-layout.h"

#define ASPECT (16.0 / 9.0)
/* What must be seen of a picture that is cut off at its sides: a face and its surroundings. */
#define FACE_ASPECT (4.0 / 3.0)
/* Narrower than this, shoulders are cut off, and it counts for less. */
#define SLIM_ASPECT 0.7
#define SLIM_WORTH 0.8

enum
{
  GAP = KL_CALL_LAYOUT_GAP,
  OWN_SHARE = 5, /* of the width, one part of so many */
  OWN_LEAST = 104,
  OWN_MOST = 220,
  STRIP_SHARE = 5,
  STRIP_LEAST = 96,
  STRIP_MOST = 240,
};

static int
from_aspect (int width)
{
  return (int) (width / ASPECT);
}

/* The edge of one of N in a row of ROOM. */
static int
divide (int   room,
        guint n)
{
  return MAX ((room - GAP * ((int) n - 1)) / (int) n, 1);
}

/* How wide a face is in one place of this grid. */
static double
judge (int   width,
       int   height,
       guint n,
       guint columns)
{
  guint rows = (n + columns - 1) / columns;
  int one_width = divide (width, columns), one_height = divide (height, rows);
  double worth = one_width < one_height * SLIM_ASPECT ? SLIM_WORTH : 1;

  return MIN (one_width, one_height * FACE_ASPECT) * worth;
}

static guint
choose_columns (int   width,
                int   height,
                guint n)
{
  guint best = 1;

  for (guint columns = 2; columns <= n; columns++)
    if (judge (width, height, n, columns) > judge (width, height, n, best))
      best = columns;
  return best;
}

static void
place_grid (const KlCallRect *room,
            guint             n,
            guint             columns,
            KlCallRect       *rects)
{
  guint rows = (n + columns - 1) / columns;
  int width = divide (room->width, columns), height = divide (room->height, rows);

  for (guint i = 0; i < n; i++)
    {
      guint row = i / columns;
      guint in_row = row + 1 < rows ? columns : n - row * columns;
      int used = (int) in_row * width + (int) (in_row - 1) * GAP;
      int start = in_row == columns ? 0 : (room->width - used) / 2;

      rects[i] = (KlCallRect) { room->x + start + (int) (i - row * columns) * (width + GAP),
                                room->y + (int) row * (height + GAP), width, height };
    }
}

/* One large, the others in a strip: beside it in a wide window, below it in a tall one. */
static void
place_focus (const KlCallScene *scene,
             guint              n,
             KlCallRect        *rects)
{
  gboolean beside = scene->width > scene->height;
  int strip = beside ? CLAMP (scene->width / STRIP_SHARE, STRIP_LEAST, STRIP_MOST) : 0;
  KlCallRect room, *large = &rects[scene->focus];
  KlCallRect *small = g_newa (KlCallRect, n);
  guint columns, next = 0;
  int edge;

  if (n == 1)
    {
      rects[0] = (KlCallRect) { 0, 0, scene->width, scene->height };
      return;
    }
  if (beside)
    {
      edge = MIN (divide (scene->height, n - 1), from_aspect (strip));
      room = (KlCallRect) { scene->width - strip, 0, strip, edge * (int) (n - 1) + GAP * (int) (n - 2) };
      room.y = (scene->height - room.height) / 2;
      *large = (KlCallRect) { 0, 0, scene->width - strip - GAP, scene->height };
      columns = 1;
    }
  else
    {
      strip = MIN (divide (scene->width, n - 1), STRIP_MOST);
      edge = MIN (from_aspect (strip) * 4 / 3, scene->height / 4);
      room = (KlCallRect) { 0, scene->height - edge, strip * (int) (n - 1) + GAP * (int) (n - 2), edge };
      room.x = (scene->width - room.width) / 2;
      *large = (KlCallRect) { 0, 0, scene->width, scene->height - edge - GAP };
      columns = n - 1;
    }
  place_grid (&room, n - 1, columns, small);
  for (guint i = 0; i < n; i++)
    if ((int) i != scene->focus)
      rects[i] = small[next++];
}

static void
mirror (const KlCallScene *scene,
        guint              n,
        KlCallRect        *rects)
{
  for (guint i = 0; scene->rtl && i < n; i++)
    rects[i].x = scene->width - rects[i].x - rects[i].width;
}

gboolean
kl_call_layout_place (const KlCallScene *scene,
                      KlCallRect        *rects)
{
  guint n = scene->n_others + (scene->own ? 1 : 0);
  KlCallRect room = { 0, 0, scene->width, scene->height };
  gboolean small = FALSE;
  guint columns;
  int width;

  if (n == 0)
    return FALSE;
  if (scene->focus >= 0 && (guint) scene->focus < n)
    place_focus (scene, n, rects);
  else
    {
      columns = choose_columns (scene->width, scene->height, MAX (scene->n_others, 1));
      small = scene->own && scene->n_others > 0 && scene->n_others % columns == 0;
      place_grid (&room, small ? n - 1 : n, columns, rects);
      if (small)
        {
          width = CLAMP (scene->width / OWN_SHARE, OWN_LEAST, OWN_MOST);
          rects[n - 1] = (KlCallRect) { scene->width - width - GAP, scene->height - from_aspect (width) - GAP, width,
                                        from_aspect (width) };
        }
    }
  mirror (scene, n, rects);
  return small;
}
