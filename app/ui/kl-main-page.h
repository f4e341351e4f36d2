/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* KlMainPage: an account at work: the groups, the open conversation, its people. Its commands are the actions "main.…",
 * which it gives to the window that it stands in. */
#define KL_TYPE_MAIN_PAGE (kl_main_page_get_type ())
G_DECLARE_FINAL_TYPE (KlMainPage, kl_main_page, KL, MAIN_PAGE, AdwBreakpointBin)

GtkWidget *kl_main_page_new (KlSession *session,
                             KlCalls   *calls,
                             GSettings *settings);

/* Shows a group's conversation; NULL: none. */
void kl_main_page_open_group (KlMainPage *self,
                              KlGroup    *group);
KlGroup *kl_main_page_get_group (KlMainPage *self);

G_END_DECLS
