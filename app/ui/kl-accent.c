/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-accent.h"

#include <math.h>

#define LEAST_CONTRAST 4.5
#define STEP .97f

static const struct
{
  const char *name;
  const char *light;     /* ground and text on light */
  const char *dark;      /* ground on dark */
  const char *dark_text; /* text on dark */
} accents[] = {
  { "berry", "#a81e57", "#c23a70", "#ff97ba" }, { "rust", "#a63f12", "#b04b1e", "#ffa980" },
  { "ochre", "#7d5400", "#8d6410", "#e8c468" }, { "moss", "#3a6d17", "#457a22", "#9fd880" },
  { "sea", "#0b6a5f", "#167a6e", "#72d9c8" },   { "sky", "#135c9c", "#2470b4", "#86c8ff" },
  { "plum", "#7d2f9a", "#8f42ac", "#e3a9f7" },
};

static double
linear (double channel)
{
  return channel <= .04045 ? channel / 12.92 : pow ((channel + .055) / 1.055, 2.4);
}

static double
luminance (const GdkRGBA *color)
{
  return .2126 * linear ((double) color->red) + .7152 * linear ((double) color->green) + .0722 * linear ((double) color->blue);
}

double
kl_contrast (const GdkRGBA *a,
             const GdkRGBA *b)
{
  double la = luminance (a), lb = luminance (b);

  return (MAX (la, lb) + .05) / (MIN (la, lb) + .05);
}

void
kl_darken_for_white (GdkRGBA *color)
{
  const GdkRGBA white = { 1, 1, 1, 1 };

  while (kl_contrast (color, &white) < LEAST_CONTRAST)
    {
      color->red *= STEP;
      color->green *= STEP;
      color->blue *= STEP;
    }
}

static char *
format (const char *ground,
        const char *text)
{
  return g_strdup_printf (":root { --accent-bg-color: %s; --accent-color: %s; }", ground, text);
}

static char *
dup_system_css (const GdkRGBA *system,
                gboolean       dark)
{
  GdkRGBA ground = *system, text = *system;
  g_autofree char *ground_name = NULL, *text_name = NULL;

  ground.alpha = text.alpha = 1;
  kl_darken_for_white (&ground);
  if (dark)
    {
      text.red = text.red * .45f + .55f;
      text.green = text.green * .45f + .55f;
      text.blue = text.blue * .45f + .55f;
    }
  else
    {
      text = ground;
      text.red *= .85f;
      text.green *= .85f;
      text.blue *= .85f;
    }
  ground_name = gdk_rgba_to_string (&ground);
  text_name = gdk_rgba_to_string (&text);
  return format (ground_name, text_name);
}

char *
kl_accent_dup_css (const char    *accent,
                   const GdkRGBA *system,
                   gboolean       dark)
{
  if (g_strcmp0 (accent, "system") == 0)
    return dup_system_css (system, dark);
  for (guint i = 0; i < G_N_ELEMENTS (accents); i++)
    if (g_strcmp0 (accent, accents[i].name) == 0)
      return format (dark ? accents[i].dark : accents[i].light, dark ? accents[i].dark_text : accents[i].light);
  return g_strdup ("");
}
