/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KlHuePicker: the eight hues to choose from, as round buttons that wrap.
 *
 * Property: hue (int): the chosen one, 0–7; -1: none. Notified when the person chooses. */
#define KL_TYPE_HUE_PICKER (kl_hue_picker_get_type ())
G_DECLARE_FINAL_TYPE (KlHuePicker, kl_hue_picker, KL, HUE_PICKER, GtkWidget)

int kl_hue_picker_get_hue (KlHuePicker *self);
void kl_hue_picker_set_hue (KlHuePicker *self,
                            int          hue);

G_END_DECLS
