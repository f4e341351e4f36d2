/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protocol/kl-id.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "protocol/kl-limits.h"

#define POOL_BYTES 512
#define TOKEN_BYTES 32
#define CODE_BYTES 16
/* An id is rand_a and rand_b of a UUIDv7, 74 bits, kept as one number under the time. */
#define RAND_B_BITS 62
#define RAND_B_MASK ((G_GUINT64_CONSTANT (1) << RAND_B_BITS) - 1)

struct _KlIdSource
{
  guint64 high; /* time in ms << 12 | rand_a, of the last id */
  guint64 low;  /* rand_b of the last id */
  guint8 pool[POOL_BYTES];
  gsize pool_left_bytes;
};

void
kl_id_fill_random (void *data, gsize length)
{
  guint8 *p = data;

  while (length > 0)
    {
      ssize_t n = getrandom (p, MIN (length, 256), 0);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        g_error ("the kernel gives no random bytes: %s", g_strerror (errno));
      p += n;
      length -= (gsize)n;
    }
}

void
kl_id_encode (const guint8 *data, gsize length, char *out)
{
  static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
  guint32 bits = 0;
  guint n_bits = 0;

  for (gsize i = 0; i < length; i++)
    {
      bits = (bits << 8) | data[i];
      n_bits += 8;
      while (n_bits >= 5)
        {
          n_bits -= 5;
          *out++ = digits[(bits >> n_bits) & 31];
        }
    }
  if (n_bits > 0)
    *out++ = digits[(bits << (5 - n_bits)) & 31];
  *out = '\0';
}

KlIdSource *
kl_id_source_new (void)
{
  return g_new0 (KlIdSource, 1);
}

void
kl_id_source_free (KlIdSource *self)
{
  g_free (self);
}

static guint64
draw (KlIdSource *self)
{
  guint64 value;

  if (self->pool_left_bytes < sizeof value)
    {
      kl_id_fill_random (self->pool, POOL_BYTES);
      self->pool_left_bytes = POOL_BYTES;
    }
  self->pool_left_bytes -= sizeof value;
  memcpy (&value, self->pool + self->pool_left_bytes, sizeof value);

  return value;
}

static void
store_big_endian (guint8 *out, guint64 value)
{
  for (int i = 7; i >= 0; i--, value >>= 8)
    out[i] = (guint8)value;
}

void
kl_id_source_next (KlIdSource *self, gint64 now_ms, char id[KL_ID_SIZE])
{
  guint64 time = (guint64)MAX (now_ms, 0) << 12;
  guint8 bits[16];

  if (time >> 12 > self->high >> 12)
    {
      self->high = time | (draw (self) & 0x7ff); /* the upper half of rand_a is room to count */
      self->low = draw (self) & RAND_B_MASK;
    }
  else
    {
      /* Within one millisecond, and while the clock is behind: a random step on. */
      self->low += 1 + (draw (self) >> 33);
      if (self->low > RAND_B_MASK)
        {
          self->low &= RAND_B_MASK;
          self->high++;
        }
    }

  store_big_endian (bits, ((self->high >> 12) << 16) | 0x7000 | (self->high & 0xfff));
  store_big_endian (bits + 8, (G_GUINT64_CONSTANT (2) << RAND_B_BITS) | self->low);
  kl_id_encode (bits, sizeof bits, id);
}

char *
kl_id_new_random (void)
{
  guint8 bits[16];
  char *id = g_malloc (KL_ID_SIZE);

  kl_id_fill_random (bits, sizeof bits);
  bits[6] = (guint8)((bits[6] & 0x0f) | 0x40);
  bits[8] = (guint8)((bits[8] & 0x3f) | 0x80);
  kl_id_encode (bits, sizeof bits, id);

  return id;
}

static char *
new_secret (gsize n_bytes, gsize n_chars)
{
  guint8 bits[TOKEN_BYTES];
  char *secret = g_malloc (n_chars + 1);

  kl_id_fill_random (bits, n_bytes);
  kl_id_encode (bits, n_bytes, secret);
  explicit_bzero (bits, sizeof bits);

  return secret;
}

char *
kl_id_new_token (void)
{
  return new_secret (TOKEN_BYTES, KL_TOKEN_CHARS);
}

char *
kl_id_new_code (void)
{
  return new_secret (CODE_BYTES, KL_CODE_CHARS);
}

gboolean
kl_id_is_valid (const char *id)
{
  gsize chars = 0;

  if (!g_utf8_validate (id, -1, NULL))
    return FALSE;

  for (const char *p = id; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == ':' || g_unichar_type (c) == G_UNICODE_CONTROL || ++chars > KL_LIMIT_ID_CHARS)
        return FALSE;
    }

  return chars > 0;
}
