/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlWelcomePage: what stands beside the list while no group is open: a greeting and what one can do. */
#define KL_TYPE_WELCOME_PAGE (kl_welcome_page_get_type ())
G_DECLARE_FINAL_TYPE (KlWelcomePage, kl_welcome_page, KL, WELCOME_PAGE, AdwNavigationPage)

AdwNavigationPage *kl_welcome_page_new (KlSession *session);

G_END_DECLS
