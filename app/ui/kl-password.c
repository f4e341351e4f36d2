/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/kl-password.h"

#include <glib/gi18n.h>
#include <math.h>

/* Bits of guessing from which a password is called fair, good, strong. */
#define FAIR_BITS 36
#define GOOD_BITS 50
#define STRONG_BITS 66

/* The size of the alphabet that the characters seem to come from. */
static double
estimate_alphabet (const char *password)
{
  gboolean lower = FALSE, upper = FALSE, digit = FALSE, sign = FALSE, other = FALSE;

  for (const char *p = password; *p != '\0'; p = g_utf8_next_char (p))
    {
      if (g_ascii_islower (*p))
        lower = TRUE;
      else if (g_ascii_isupper (*p))
        upper = TRUE;
      else if (g_ascii_isdigit (*p))
        digit = TRUE;
      else if ((guchar) *p < 0x80)
        sign = TRUE;
      else
        other = TRUE;
    }
  return lower * 26 + upper * 26 + digit * 10 + sign * 33 + other * 100;
}

/* Characters that add something: not a repetition of the one before, nor its neighbour ("abcd", "4321"). */
static double
count_surprises (const char *password)
{
  gunichar last = 0;
  double surprises = 0;

  for (const char *p = password; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == last)
        surprises += .2;
      else if (c == last + 1 || c + 1 == last)
        surprises += .4;
      else
        surprises += 1;
      last = c;
    }
  return surprises;
}

KlPasswordStrength
kl_password_get_strength (const char *password,
                          const char *name)
{
  gsize length = password != NULL ? strlen (password) : 0;
  double surprises, bits;

  if (length == 0)
    return KL_PASSWORD_EMPTY;
  if (length < KL_PASSWORD_MIN_BYTES || length > KL_PASSWORD_MAX_BYTES)
    return KL_PASSWORD_TOO_SHORT;

  surprises = count_surprises (password);
  if (name != NULL && *name != '\0')
    {
      g_autofree char *folded = g_utf8_casefold (password, -1);
      g_autofree char *folded_name = g_utf8_casefold (name, -1);

      if (strstr (folded, folded_name) != NULL)
        surprises -= (double) g_utf8_strlen (folded_name, -1) - 1;
    }
  bits = MAX (surprises, 1) * log2 (estimate_alphabet (password));
  if (bits >= STRONG_BITS)
    return KL_PASSWORD_STRONG;
  if (bits >= GOOD_BITS)
    return KL_PASSWORD_GOOD;
  return bits >= FAIR_BITS ? KL_PASSWORD_FAIR : KL_PASSWORD_WEAK;
}

const char *
kl_password_strength_get_label (KlPasswordStrength strength)
{
  switch (strength)
    {
    case KL_PASSWORD_EMPTY:
      return "";
    case KL_PASSWORD_TOO_SHORT:
      return _ ("Too short");
    case KL_PASSWORD_WEAK:
      return _ ("Weak");
    case KL_PASSWORD_FAIR:
      return _ ("Fair");
    case KL_PASSWORD_GOOD:
      return _ ("Good");
    case KL_PASSWORD_STRONG:
    default:
      return _ ("Strong");
    }
}
