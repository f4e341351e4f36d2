/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/core/kl-core.h"

G_BEGIN_DECLS

/* KlSignInPage: sign in, register, and, where the computer has no keyring, the choice what to do without. Everything
 * that goes wrong is said beside what it concerns.
 *
 * Signals:
 *   signed-in (KlAccount)     the server has let somebody in
 *   keep-chosen (KlKeep)      after kl_sign_in_page_ask_keep()
 *   retry-keyring ()          after kl_sign_in_page_show_keyring_problem() */
#define KL_TYPE_SIGN_IN_PAGE (kl_sign_in_page_get_type ())
G_DECLARE_FINAL_TYPE (KlSignInPage, kl_sign_in_page, KL, SIGN_IN_PAGE, AdwBreakpointBin)

GtkWidget *kl_sign_in_page_new (void);

/* Fills in what is known; NULL leaves a field as it is. The focus goes to the first empty field. */
void kl_sign_in_page_prefill (KlSignInPage *self,
                              const char   *server,
                              const char   *name);

/* Shows the register page in place of sign-in: nobody has an account here yet. */
void kl_sign_in_page_show_register (KlSignInPage *self);

/* A sentence above the form: why one has to sign in again. */
void kl_sign_in_page_show_reason (KlSignInPage *self,
                                  const char   *reason);

/* The key could not be had from the keyring: says so and offers to try again. */
void kl_sign_in_page_show_keyring_problem (KlSignInPage *self,
                                           const char   *reason);

/* Asks what to do without a keyring; the answer comes by "keep-chosen". */
void kl_sign_in_page_ask_keep (KlSignInPage *self);

/* Back to the sign-in form, without passwords. */
void kl_sign_in_page_reset (KlSignInPage *self);

G_END_DECLS
