/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The eight hues of tiles, people and the accent, in the order of the wire's `hue` 0–7. kl_hue_for_id() of the core
 * derives one. */
typedef enum
{
  KL_HUE_BERRY,
  KL_HUE_RUST,
  KL_HUE_OCHRE,
  KL_HUE_MOSS,
  KL_HUE_SEA,
  KL_HUE_SKY,
  KL_HUE_IRIS,
  KL_HUE_PLUM,
} KlHue;

#define KL_N_HUES 8

/* "hue-berry" … : the style class that carries a hue's colours (custom properties --kl-hue-top, --kl-hue-bottom,
 * --kl-hue-text). Out of range gives iris. */
const char *kl_hue_get_style_class (int hue);

/* The colour's name for people, translated: "Berry". */
const char *kl_hue_get_label (int hue);

/* Exchanges the style class of one hue for another's on widget. */
void kl_hue_apply (GtkWidget *widget,
                   int        hue);

/* Up to two letters that stand for a name: the first grapheme of its first and of its last word, in capitals.
 * An empty string for a name without letters. */
char *kl_dup_initials (const char *name);

G_END_DECLS
