/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF; U+0000 is a character) checked in pieces
 * as they come, so that a wrong byte is told as soon as it is there. */
#pragma once

#include <glib.h>

/* Zero is the state between characters: the start, and where a text may end. */
typedef guint8 KlUtf8State;

/* FALSE from the first byte on that no valid text could have here. */
gboolean kl_utf8_check_piece (KlUtf8State *state, const void *bytes, gsize length);

static inline gboolean
kl_utf8_check (const void *bytes, gsize length)
{
  KlUtf8State state = 0;

  return kl_utf8_check_piece (&state, bytes, length) && state == 0;
}
