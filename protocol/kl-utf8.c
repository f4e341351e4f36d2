/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state says which bytes may come next and how many continuations are due after them. Runs of ASCII, most of what
 * is checked, are skipped eight at a time. */
#include "protocol/kl-utf8.h"

#include <string.h>

enum
{
  BETWEEN,
  ONE_DUE,
  TWO_DUE,
  THREE_DUE,
  AFTER_E0, /* A0–BF, then one */
  AFTER_ED, /* 80–9F, then one */
  AFTER_F0, /* 90–BF, then two */
  AFTER_F4, /* 80–8F, then two */
  WRONG,
};

static KlUtf8State
after_lead (guint8 byte)
{
  if (byte < 0x80)
    return BETWEEN;
  if (byte < 0xc2)
    return WRONG;
  if (byte < 0xe0)
    return ONE_DUE;
  if (byte == 0xe0)
    return AFTER_E0;
  if (byte == 0xed)
    return AFTER_ED;
  if (byte < 0xf0)
    return TWO_DUE;
  if (byte == 0xf0)
    return AFTER_F0;
  if (byte < 0xf4)
    return THREE_DUE;
  return byte == 0xf4 ? AFTER_F4 : WRONG;
}

static KlUtf8State
after_byte (KlUtf8State state, guint8 byte)
{
  static const struct
  {
    guint8 low, high, next;
  } rules[] = {
    [ONE_DUE] = { 0x80, 0xbf, BETWEEN },   [TWO_DUE] = { 0x80, 0xbf, ONE_DUE },
    [THREE_DUE] = { 0x80, 0xbf, TWO_DUE }, [AFTER_E0] = { 0xa0, 0xbf, ONE_DUE },
    [AFTER_ED] = { 0x80, 0x9f, ONE_DUE },  [AFTER_F0] = { 0x90, 0xbf, TWO_DUE },
    [AFTER_F4] = { 0x80, 0x8f, TWO_DUE },
  };

  if (state == BETWEEN)
    return after_lead (byte);
  if (state >= WRONG || byte < rules[state].low || byte > rules[state].high)
    return WRONG;
  return rules[state].next;
}

gboolean
kl_utf8_check_piece (KlUtf8State *state, const void *bytes, gsize length)
{
  const guint8 *at = bytes, *end = at + length;
  KlUtf8State now = *state;

  while (at < end)
    {
      guint64 eight;

      while (now == BETWEEN && end - at >= 8)
        {
          memcpy (&eight, at, 8);
          if (eight & G_GUINT64_CONSTANT (0x8080808080808080))
            break;
          at += 8;
        }
      if (at == end)
        break;
      now = after_byte (now, *at++);
      if (now == WRONG)
        break;
    }

  *state = now;
  return now != WRONG;
}
