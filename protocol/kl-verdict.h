/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a pure parser says of the bytes that it was given. */
typedef enum
{
  KL_VERDICT_OK,        /* one whole thing was read */
  KL_VERDICT_NEED_MORE, /* nothing wrong so far; more must come first */
  KL_VERDICT_ERROR,     /* it can never become right; end the connection */
} KlVerdict;
