/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Extended grapheme clusters after UAX #29, by GLib's Unicode data and the few tables that it lacks. */
#include "protocol/kl-text.h"

typedef enum
{
  BREAK_OTHER,
  BREAK_CR,
  BREAK_LF,
  BREAK_CONTROL,
  BREAK_EXTEND,
  BREAK_ZWJ,
  BREAK_REGIONAL,
  BREAK_PREPEND,
  BREAK_SPACING_MARK,
  BREAK_L,
  BREAK_V,
  BREAK_T,
  BREAK_LV,
  BREAK_LVT,
  BREAK_PICTOGRAPH,
} BreakClass;

typedef struct
{
  gunichar first, last;
} Range;

/* Extended_Pictographic */
static const Range pictographs[] = {
  { 0x00a9, 0x00a9 },   { 0x00ae, 0x00ae },   { 0x203c, 0x203c },   { 0x2049, 0x2049 },   { 0x2122, 0x2122 },
  { 0x2139, 0x2139 },   { 0x2194, 0x2199 },   { 0x21a9, 0x21aa },   { 0x231a, 0x231b },   { 0x2328, 0x2328 },
  { 0x2388, 0x2388 },   { 0x23cf, 0x23cf },   { 0x23e9, 0x23f3 },   { 0x23f8, 0x23fa },   { 0x24c2, 0x24c2 },
  { 0x25aa, 0x25ab },   { 0x25b6, 0x25b6 },   { 0x25c0, 0x25c0 },   { 0x25fb, 0x25fe },   { 0x2600, 0x2605 },
  { 0x2607, 0x2612 },   { 0x2614, 0x2685 },   { 0x2690, 0x2705 },   { 0x2708, 0x2712 },   { 0x2714, 0x2714 },
  { 0x2716, 0x2716 },   { 0x271d, 0x271d },   { 0x2721, 0x2721 },   { 0x2728, 0x2728 },   { 0x2733, 0x2734 },
  { 0x2744, 0x2744 },   { 0x2747, 0x2747 },   { 0x274c, 0x274c },   { 0x274e, 0x274e },   { 0x2753, 0x2755 },
  { 0x2757, 0x2757 },   { 0x2763, 0x2767 },   { 0x2795, 0x2797 },   { 0x27a1, 0x27a1 },   { 0x27b0, 0x27b0 },
  { 0x27bf, 0x27bf },   { 0x2934, 0x2935 },   { 0x2b05, 0x2b07 },   { 0x2b1b, 0x2b1c },   { 0x2b50, 0x2b50 },
  { 0x2b55, 0x2b55 },   { 0x3030, 0x3030 },   { 0x303d, 0x303d },   { 0x3297, 0x3297 },   { 0x3299, 0x3299 },
  { 0x1f000, 0x1f0ff }, { 0x1f10d, 0x1f10f }, { 0x1f12f, 0x1f12f }, { 0x1f16c, 0x1f171 }, { 0x1f17e, 0x1f17f },
  { 0x1f18e, 0x1f18e }, { 0x1f191, 0x1f19a }, { 0x1f1ad, 0x1f1e5 }, { 0x1f201, 0x1f20f }, { 0x1f21a, 0x1f21a },
  { 0x1f22f, 0x1f22f }, { 0x1f232, 0x1f23a }, { 0x1f23c, 0x1f23f }, { 0x1f249, 0x1f3fa }, { 0x1f400, 0x1f53d },
  { 0x1f546, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f774, 0x1f77f }, { 0x1f7d5, 0x1f7ff }, { 0x1f80c, 0x1f80f },
  { 0x1f848, 0x1f84f }, { 0x1f85a, 0x1f85f }, { 0x1f888, 0x1f88f }, { 0x1f8ae, 0x1f8ff }, { 0x1f90c, 0x1f93a },
  { 0x1f93c, 0x1f945 }, { 0x1f947, 0x1faff }, { 0x1fc00, 0x1fffd },
};

static const Range prepends[] = {
  { 0x0600, 0x0605 },   { 0x06dd, 0x06dd },   { 0x070f, 0x070f },   { 0x0890, 0x0891 },   { 0x08e2, 0x08e2 },
  { 0x0d4e, 0x0d4e },   { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x111c2, 0x111c3 }, { 0x1193f, 0x1193f },
  { 0x11941, 0x11941 }, { 0x11a3a, 0x11a3a }, { 0x11a84, 0x11a89 }, { 0x11d46, 0x11d46 }, { 0x11f02, 0x11f02 },
};

/* Spacing marks by category that stand for themselves all the same. */
static const Range lone_marks[] = {
  { 0x102b, 0x102c }, { 0x1038, 0x1038 }, { 0x1062, 0x1064 },   { 0x1067, 0x106d }, { 0x1083, 0x1083 },
  { 0x1087, 0x108c }, { 0x108f, 0x108f }, { 0x109a, 0x109c },   { 0x1a61, 0x1a61 }, { 0x1a63, 0x1a64 },
  { 0xaa7b, 0xaa7b }, { 0xaa7d, 0xaa7d }, { 0x11720, 0x11721 },
};

/* Indic_Conjunct_Break = Consonant */
static const Range consonants[] = {
  { 0x0915, 0x0939 }, { 0x0958, 0x095f }, { 0x0978, 0x097f }, { 0x0995, 0x09a8 }, { 0x09aa, 0x09b0 },
  { 0x09b2, 0x09b2 }, { 0x09b6, 0x09b9 }, { 0x09dc, 0x09dd }, { 0x09df, 0x09df }, { 0x09f0, 0x09f1 },
  { 0x0a95, 0x0aa8 }, { 0x0aaa, 0x0ab0 }, { 0x0ab2, 0x0ab3 }, { 0x0ab5, 0x0ab9 }, { 0x0af9, 0x0af9 },
  { 0x0b15, 0x0b28 }, { 0x0b2a, 0x0b30 }, { 0x0b32, 0x0b33 }, { 0x0b35, 0x0b39 }, { 0x0b5c, 0x0b5d },
  { 0x0b5f, 0x0b5f }, { 0x0b71, 0x0b71 }, { 0x0c15, 0x0c28 }, { 0x0c2a, 0x0c39 }, { 0x0c58, 0x0c5a },
  { 0x0d15, 0x0d3a },
};

static gboolean
in_ranges (gunichar c, const Range *ranges, gsize n_ranges)
{
  gsize low = 0, high = n_ranges;

  while (low < high)
    {
      gsize middle = (low + high) / 2;

      if (c < ranges[middle].first)
        high = middle;
      else if (c > ranges[middle].last)
        low = middle + 1;
      else
        return TRUE;
    }

  return FALSE;
}

#define IN(c, ranges) in_ranges (c, ranges, G_N_ELEMENTS (ranges))

static BreakClass
classify_hangul (gunichar c)
{
  if ((c >= 0x1100 && c <= 0x115f) || (c >= 0xa960 && c <= 0xa97c))
    return BREAK_L;
  if ((c >= 0x1160 && c <= 0x11a7) || (c >= 0xd7b0 && c <= 0xd7c6))
    return BREAK_V;
  if ((c >= 0x11a8 && c <= 0x11ff) || (c >= 0xd7cb && c <= 0xd7fb))
    return BREAK_T;
  if (c >= 0xac00 && c <= 0xd7a3)
    return (c - 0xac00) % 28 == 0 ? BREAK_LV : BREAK_LVT;

  return BREAK_OTHER;
}

static BreakClass
classify (gunichar c)
{
  GUnicodeType type;

  if (c == '\r')
    return BREAK_CR;
  if (c == '\n')
    return BREAK_LF;
  if (c >= 0x20 && c < 0x7f)
    return BREAK_OTHER;
  if (c == 0x200d)
    return BREAK_ZWJ;
  /* Joining, half-width voicing, skin tones, tags. */
  if (c == 0x200c || c == 0xff9e || c == 0xff9f || (c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0xe0020 && c <= 0xe007f))
    return BREAK_EXTEND;
  if (c >= 0x1f1e6 && c <= 0x1f1ff)
    return BREAK_REGIONAL;
  if (IN (c, prepends))
    return BREAK_PREPEND;
  if (IN (c, pictographs))
    return BREAK_PICTOGRAPH;
  if (c == 0x0e33 || c == 0x0eb3)
    return BREAK_SPACING_MARK;

  type = g_unichar_type (c);
  if (type == G_UNICODE_NON_SPACING_MARK || type == G_UNICODE_ENCLOSING_MARK)
    return BREAK_EXTEND;
  if (type == G_UNICODE_SPACING_MARK)
    return IN (c, lone_marks) ? BREAK_OTHER : BREAK_SPACING_MARK;
  if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR
      || type == G_UNICODE_PARAGRAPH_SEPARATOR)
    return BREAK_CONTROL;

  return classify_hangul (c);
}

static gboolean
is_linker (gunichar c)
{
  return c == 0x094d || c == 0x09cd || c == 0x0acd || c == 0x0b4d || c == 0x0c4d || c == 0x0d4d;
}

/* What the rules need to know of the cluster so far. */
typedef struct
{
  BreakClass last;
  guint n_regional;    /* regional indicators in a row */
  gboolean pictograph; /* Extended_Pictographic Extend*, then perhaps ZWJ: GB11 */
  gboolean consonant;  /* consonant and marks: GB9c */
  gboolean linked;     /* with a linker among them */
} Cluster;

static void
take_in (Cluster *self, gunichar c, BreakClass class)
{
  gboolean mark = class == BREAK_EXTEND || class == BREAK_ZWJ;

  self->n_regional = class == BREAK_REGIONAL ? self->n_regional + 1 : 0;
  self->pictograph = class == BREAK_PICTOGRAPH || (self->pictograph && mark && self->last != BREAK_ZWJ);
  if (IN (c, consonants))
    {
      self->consonant = TRUE;
      self->linked = FALSE;
    }
  else if (self->consonant && mark)
    self->linked = self->linked || is_linker (c);
  else
    self->consonant = FALSE;
  self->last = class;
}

static gboolean
is_control (BreakClass class)
{
  return class == BREAK_CR || class == BREAK_LF || class == BREAK_CONTROL;
}

static gboolean
hangul_continues (BreakClass before, BreakClass next)
{
  if (before == BREAK_L)
    return next == BREAK_L || next == BREAK_V || next == BREAK_LV || next == BREAK_LVT;
  if (before == BREAK_LV || before == BREAK_V)
    return next == BREAK_V || next == BREAK_T;

  return (before == BREAK_LVT || before == BREAK_T) && next == BREAK_T;
}

static gboolean
continues (const Cluster *self, gunichar c, BreakClass class)
{
  if (self->last == BREAK_CR && class == BREAK_LF)
    return TRUE;
  if (is_control (self->last) || is_control (class))
    return FALSE;
  if (class == BREAK_EXTEND || class == BREAK_ZWJ || class == BREAK_SPACING_MARK || self->last == BREAK_PREPEND)
    return TRUE;
  if (self->consonant && self->linked && IN (c, consonants))
    return TRUE;
  if (self->last == BREAK_ZWJ && self->pictograph && class == BREAK_PICTOGRAPH)
    return TRUE;
  if (self->last == BREAK_REGIONAL && class == BREAK_REGIONAL)
    return self->n_regional % 2 == 1;

  return hangul_continues (self->last, class);
}

const char *
kl_text_next_cluster (const char *text, const char *end)
{
  Cluster cluster = { 0 };
  const char *p = text;

  if (text >= end)
    return text;

  take_in (&cluster, g_utf8_get_char (p), classify (g_utf8_get_char (p)));
  for (p = g_utf8_next_char (p); p < end; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      BreakClass class = classify (c);

      if (!continues (&cluster, c, class))
        break;
      take_in (&cluster, c, class);
    }

  return p;
}
