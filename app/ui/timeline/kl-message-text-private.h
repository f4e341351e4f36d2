/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KlMessageText is in kl-message-text.c; its links in -links.c; what it says to assistive technology in -accessible.c.
 */
#pragma once

#include "app/ui/timeline/kl-message-text.h"

struct _KlMessageText
{
  GtkWidget parent_instance;

  PangoLayout *layout; /* NULL until needed */
  PangoAttrList *bold;
  GArray *links; /* (element-type KlLink), NULL: none */
  KlTextFlags flags;
  double scale;
  double line_height; /* of loose text, a factor */
  guint font_serial;

  GtkWidget *meta;
  GtkWidget *link_style;
  GtkWidget *selection_style;
  GdkRGBA link_color;
  const char *cursor; /* static */

  int fit_max; /* the width that the rest was found for; -1: none */
  int fit_width;
  int fit_height;
  int text_width;
  int text_height;
  int meta_width;
  int meta_height;
  gboolean meta_below;
  gboolean any_rtl;
  gboolean stacked; /* marks upon marks: the ink is kept within the lines */

  int selection[2];
  int focused_link;
};

PangoLayout *kl_message_text_get_layout (KlMessageText *self);

/* Where the layout's origin is. */
int kl_message_text_get_x (KlMessageText *self);

void kl_message_text_links_class_init (GtkWidgetClass *widget_class);
void kl_message_text_links_init (KlMessageText *self);
void kl_message_text_accessible_init (GtkAccessibleTextInterface *iface);
