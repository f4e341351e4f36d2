/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The number of arguments stands first and is known last: room is kept for it. */
#include "server/bus/kl-redis-command.h"

#include <string.h>

#define HEAD_BYTES 16

void
kl_redis_command_init (KlRedisCommand *self, gsize size_hint_bytes)
{
  self->out = g_string_sized_new (size_hint_bytes + HEAD_BYTES);
  self->n_args = 0;
  g_string_set_size (self->out, HEAD_BYTES);
}

void
kl_redis_command_clear (KlRedisCommand *self)
{
  if (self->out)
    g_string_free (g_steal_pointer (&self->out), TRUE);
}

void
kl_redis_command_add (KlRedisCommand *self, const void *data, gsize length)
{
  char head[32];
  int n = g_snprintf (head, sizeof head, "$%" G_GSIZE_FORMAT "\r\n", length);

  g_string_append_len (self->out, head, n);
  g_string_append_len (self->out, data, (gssize) length);
  g_string_append_len (self->out, "\r\n", 2);
  self->n_args++;
}

void
kl_redis_command_add_string (KlRedisCommand *self, const char *text)
{
  kl_redis_command_add (self, text, strlen (text));
}

void
kl_redis_command_add_int (KlRedisCommand *self, gint64 value)
{
  char text[32];
  int n = g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT, value);

  kl_redis_command_add (self, text, (gsize) n);
}

const char *
kl_redis_command_get (KlRedisCommand *self, gsize *length)
{
  char head[HEAD_BYTES];
  gsize n = (gsize) g_snprintf (head, sizeof head, "*%u\r\n", self->n_args);

  memcpy (self->out->str + HEAD_BYTES - n, head, n);
  *length = self->out->len - (HEAD_BYTES - n);

  return self->out->str + HEAD_BYTES - n;
}
