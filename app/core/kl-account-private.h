/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the accounts' keeper does with an account. */
#pragma once

#include "app/core/kl-account.h"

G_BEGIN_DECLS

/* NULL: signed out. */
void kl_account_set_token (KlAccount *self, const char *token);
void kl_account_set_keep (KlAccount *self, KlKeep keep);

G_END_DECLS
