/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests of widgets share. */
#pragma once

#include <adwaita.h>

#include "tests/kit/kl-test.h"

G_BEGIN_DECLS

/* Starts GTK, libadwaita and the style; skips the whole program (status 77) where there is no display. */
void kl_ui_test_init (int    *argc,
                      char ***argv);

/* A window around a widget, shown and drawn once. */
GtkWindow *kl_ui_test_show (GtkWidget *widget,
                            int        width,
                            int        height);

/* Closes the window, and asserts that the widget in it is gone for good. */
void kl_ui_test_close (GtkWindow *window,
                       GtkWidget *widget);

/* The first descendant of this type, or of this type with this CSS name or class; NULL: none. */
GtkWidget *kl_ui_test_find (GtkWidget  *root,
                            GType       type,
                            const char *css);

/* Whether there is a label that shows exactly this text, and is not hidden; its page of a stack may be. */
gboolean kl_ui_test_shows (GtkWidget  *root,
                           const char *text);

/* A window as it is drawn, kept as NAME.png in $KLATCH_PICTURES, where that is set. */
void kl_ui_test_picture (GtkWindow  *window,
                         const char *name);

/* Our own style of high contrast over the others, or not. */
void kl_ui_test_set_contrast (gboolean contrast);

/* Presses keys as a person would, through the X server: "Return", "shift+Return", "a". The window must be active. */
void kl_ui_test_press (const char *keys);

G_END_DECLS
