/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a new password is worth, as far as can be told without asking anybody. */
typedef enum
{
  KL_PASSWORD_EMPTY,
  KL_PASSWORD_TOO_SHORT, /* under 8 bytes, or over 1,024: the server would refuse it */
  KL_PASSWORD_WEAK,
  KL_PASSWORD_FAIR,
  KL_PASSWORD_GOOD,
  KL_PASSWORD_STRONG,
} KlPasswordStrength;

#define KL_PASSWORD_MIN_BYTES 8
#define KL_PASSWORD_MAX_BYTES 1024

/* name: what the person signs in with; a password that holds it is worth less. May be NULL. */
KlPasswordStrength kl_password_get_strength (const char *password,
                                             const char *name);

/* One word for it, translated. */
const char *kl_password_strength_get_label (KlPasswordStrength strength);

G_END_DECLS
