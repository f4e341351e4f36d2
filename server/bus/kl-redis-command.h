/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One command in the form that Redis reads (RESP), written argument by argument into one buffer. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GString *out;
  guint n_args;
} KlRedisCommand;

void
kl_redis_command_init (KlRedisCommand *self, gsize size_hint_bytes);
void
kl_redis_command_clear (KlRedisCommand *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlRedisCommand, kl_redis_command_clear)

void
kl_redis_command_add (KlRedisCommand *self, const void *data, gsize length);
void
kl_redis_command_add_string (KlRedisCommand *self, const char *text);
void
kl_redis_command_add_int (KlRedisCommand *self, gint64 value);

/* The whole, valid until the next change. */
const char *
kl_redis_command_get (KlRedisCommand *self, gsize *length);

G_END_DECLS
