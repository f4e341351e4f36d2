/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-error-code.h"

static const struct
{
  const char *word;
  unsigned http_status;
} codes[] = {
  [KL_ERROR_CODE_NONE] = { NULL, 200 },
  [KL_ERROR_CODE_BAD_REQUEST] = { "bad_request", 400 },
  [KL_ERROR_CODE_UNAUTHORIZED] = { "unauthorized", 401 },
  [KL_ERROR_CODE_FORBIDDEN] = { "forbidden", 403 },
  [KL_ERROR_CODE_NOT_FOUND] = { "not_found", 404 },
  [KL_ERROR_CODE_CONFLICT] = { "conflict", 409 },
  [KL_ERROR_CODE_TOO_LARGE] = { "too_large", 413 },
  [KL_ERROR_CODE_RATE_LIMITED] = { "rate_limited", 429 },
  [KL_ERROR_CODE_UNAVAILABLE] = { "unavailable", 503 },
  [KL_ERROR_CODE_INTERNAL] = { "internal", 500 },
};

const char *
kl_error_code_to_string (KlErrorCode code)
{
  g_return_val_if_fail (code < G_N_ELEMENTS (codes), "internal");

  return codes[code].word;
}

KlErrorCode
kl_error_code_from_string (const char *word)
{
  if (!word)
    return KL_ERROR_CODE_NONE;

  for (gsize i = 1; i < G_N_ELEMENTS (codes); i++)
    if (g_str_equal (codes[i].word, word))
      return (KlErrorCode)i;

  return KL_ERROR_CODE_INTERNAL;
}

unsigned
kl_error_code_to_http_status (KlErrorCode code)
{
  g_return_val_if_fail (code < G_N_ELEMENTS (codes), 500);

  return codes[code].http_status;
}
