/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The error codes of the wire contract. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  KL_ERROR_CODE_NONE, /* no error; has no name on the wire */
  KL_ERROR_CODE_BAD_REQUEST,
  KL_ERROR_CODE_UNAUTHORIZED,
  KL_ERROR_CODE_FORBIDDEN,
  KL_ERROR_CODE_NOT_FOUND,
  KL_ERROR_CODE_CONFLICT,
  KL_ERROR_CODE_TOO_LARGE,
  KL_ERROR_CODE_RATE_LIMITED,
  KL_ERROR_CODE_UNAVAILABLE,
  KL_ERROR_CODE_INTERNAL,
} KlErrorCode;

/* NULL for KL_ERROR_CODE_NONE. */
const char *kl_error_code_to_string (KlErrorCode code);

/* An unknown word, from a newer server, is KL_ERROR_CODE_INTERNAL; NULL is KL_ERROR_CODE_NONE. */
KlErrorCode kl_error_code_from_string (const char *word);

/* The HTTP status that goes with a code; 200 for KL_ERROR_CODE_NONE. */
unsigned kl_error_code_to_http_status (KlErrorCode code);

G_END_DECLS
