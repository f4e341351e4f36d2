/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Lua that runs inside of Redis: what has to happen as one. Each has one key. */
#pragma once

#include "server/bus/kl-redis-command.h"

G_BEGIN_DECLS

typedef enum
{
  /* Tells of changes and brings the cache of their group forward.
   * channel, letter, base rev, last rev, "1": drops the cache, how many are kept, {rev, seq, message}…
   * → 0, or 1 where the cache was changed; an error of Redis' own after the telling is an answer "…", not an error. */
  KL_REDIS_SCRIPT_PUBLISH,
  /* rev, newest seq, oldest seq, TTL, how many are kept, {seq, message}… → as above; 0 where what is there is as new.
   */
  KL_REDIS_SCRIPT_FILL,
  /* TTL → all fields and values; nothing where there is nothing. */
  KL_REDIS_SCRIPT_READ,
  /* A node's presence, where it is at the expected version, moves to the next one; renews the lease.
   * expected version, next version, lease, channel, letter, {field, value; "": gone}…
   * → 1; 0 where it is not there: nothing is told. */
  KL_REDIS_SCRIPT_STEP,
  /* A node's whole presence in the place of what was there. version, lease, channel, letter, {field, value}… */
  KL_REDIS_SCRIPT_WHOLE,
  KL_REDIS_N_SCRIPTS,
} KlRedisScript;

const char *
kl_redis_script_get_text (KlRedisScript script);

/* Begins the command that runs it on KEY; its arguments follow. WHOLE: with its text, for a Redis that does not have
 * it. */
void
kl_redis_script_begin (KlRedisCommand *command, KlRedisScript script, gboolean whole, const char *key);

G_END_DECLS
