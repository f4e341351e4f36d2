/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Redis that is out of memory refuses what could grow, but never PUBLISH and DEL. So each script publishes first, and a
 * write that is refused leaves no half-truth behind: the cache goes, presence stays at a version that no longer fits.
 */
#include "server/bus/kl-redis-scripts.h"

/* For the two that change the cache. A group's hash: `rev`, `lo` and `hi` (seqs of the oldest and the newest; 1 and 0
 * where there is none), each message by its seq, and `w`: batches that came before their predecessor, as they do where
 * several nodes write to one group, packed. Should the predecessor never come, the hash stays at a rev that no reader
 * uses, until one fills it. */
#define CACHE                                                                                                          \
  "local k = KEYS[1]\n"                                                                                                \
  "local function write(...)\n"                                                                                        \
  "  local r = redis.pcall(...)\n"                                                                                     \
  "  if type(r) == 'table' and r['err'] then redis.pcall('DEL', k) return r['err'] end\n"                              \
  "end\n"                                                                                                              \
  "local function text(n) return string.format('%.0f', n) end\n"                                                       \
  "local function load()\n"                                                                                            \
  "  local f = redis.call('HMGET', k, 'rev', 'hi', 'lo', 'w')\n"                                                       \
  "  local c = {rev = tonumber(f[1] or ''), hi = tonumber(f[2] or ''), lo = tonumber(f[3] or '')}\n"                   \
  "  if not (c.rev and c.hi and c.lo) then return nil end\n"                                                           \
  "  c.had, c.w = f[4], {}\n"                                                                                          \
  "  if c.had then\n"                                                                                                  \
  "    local good, w = pcall(cmsgpack.unpack, f[4])\n"                                                                 \
  "    if good and type(w) == 'table' then c.w = w end\n"                                                              \
  "  end\n"                                                                                                            \
  "  return c\n"                                                                                                       \
  "end\n"                                                                                                              \
  "local function apply(c, b)\n"                                                                                       \
  "  for i = 1, #b.m, 3 do\n"                                                                                          \
  "    local s = tonumber(b.m[i + 1])\n"                                                                               \
  "    if tonumber(b.m[i]) > c.rev then\n"                                                                             \
  "      if s > c.hi + 1 then return write('DEL', k) or 1 end\n"                                                       \
  "      local err = s >= c.lo and write('HSET', k, b.m[i + 1], b.m[i + 2])\n"                                         \
  "      if err then return err end\n"                                                                                 \
  "      if s > c.hi then c.hi = s end\n"                                                                              \
  "    end\n"                                                                                                          \
  "  end\n"                                                                                                            \
  "  c.rev = b.last\n"                                                                                                 \
  "end\n"                                                                                                              \
  "local function settle(c, max)\n"                                                                                    \
  "  local i = 1\n"                                                                                                    \
  "  while c.w[i] do\n"                                                                                                \
  "    if c.w[i].base <= c.rev then\n"                                                                                 \
  "      local b = table.remove(c.w, i)\n"                                                                             \
  "      local err = b.last > c.rev and apply(c, b)\n"                                                                 \
  "      if err then return err end\n"                                                                                 \
  "      i = 1\n"                                                                                                      \
  "    else i = i + 1 end\n"                                                                                           \
  "  end\n"                                                                                                            \
  "  while c.hi - c.lo >= max do\n"                                                                                    \
  "    redis.call('HDEL', k, text(c.lo))\n"                                                                            \
  "    c.lo = c.lo + 1\n"                                                                                              \
  "  end\n"                                                                                                            \
  "  local err = write('HSET', k, 'rev', text(c.rev), 'hi', text(c.hi), 'lo', text(c.lo))\n"                           \
  "  if err then return err end\n"                                                                                     \
  "  if #c.w > 0 then redis.call('HSET', k, 'w', cmsgpack.pack(c.w))\n"                                                \
  "  elseif c.had then redis.call('HDEL', k, 'w') end\n"                                                               \
  "  return 1\n"                                                                                                       \
  "end\n"

static const char *const texts[KL_REDIS_N_SCRIPTS] = {
  [KL_REDIS_SCRIPT_PUBLISH] = "redis.call('PUBLISH', ARGV[1], ARGV[2])\n" CACHE "local c = load()\n"
                              "if not c then return 0 end\n"
                              "if ARGV[5] == '1' then return write('DEL', k) or 1 end\n"
                              "local b = {base = tonumber(ARGV[3]), last = tonumber(ARGV[4]), m = {}}\n"
                              "if b.last <= c.rev then return 0 end\n"
                              "for i = 7, #ARGV do b.m[i - 6] = ARGV[i] end\n"
                              "if b.base > c.rev then\n"
                              "  if #c.w >= 32 then return write('DEL', k) or 1 end\n"
                              "  c.w[#c.w + 1] = b\n"
                              "else\n"
                              "  local err = apply(c, b)\n"
                              "  if err then return err end\n"
                              "end\n"
                              "return settle(c, tonumber(ARGV[6]))\n",

  [KL_REDIS_SCRIPT_FILL]
  = CACHE "local c, w = load(), {}\n"
          "if c and c.rev >= tonumber(ARGV[1]) then return 0 end\n"
          "if c then w = c.w end\n"
          "redis.call('HSET', k, 'rev', ARGV[1])\n"
          "redis.call('DEL', k)\n"
          "for i = 6, #ARGV, 2 do redis.call('HSET', k, ARGV[i], ARGV[i + 1]) end\n"
          "c = {rev = tonumber(ARGV[1]), hi = tonumber(ARGV[2]), lo = tonumber(ARGV[3]), w = w}\n"
          "local r = settle(c, tonumber(ARGV[5]))\n"
          "redis.call('PEXPIRE', k, ARGV[4])\n"
          "return r\n",

  [KL_REDIS_SCRIPT_READ] = "local all = redis.call('HGETALL', KEYS[1])\n"
                           "if #all > 0 then redis.pcall('PEXPIRE', KEYS[1], ARGV[1]) end\n"
                           "return all\n",

  [KL_REDIS_SCRIPT_STEP] = "local k = KEYS[1]\n"
                           "if redis.call('HGET', k, 'v') ~= ARGV[1] then return 0 end\n"
                           "redis.call('PUBLISH', ARGV[4], ARGV[5])\n"
                           "redis.call('HSET', k, 'v', ARGV[2])\n"
                           "for i = 6, #ARGV, 2 do\n"
                           "  if ARGV[i + 1] == '' then redis.call('HDEL', k, ARGV[i])\n"
                           "  else redis.call('HSET', k, ARGV[i], ARGV[i + 1]) end\n"
                           "end\n"
                           "redis.call('PEXPIRE', k, ARGV[3])\n"
                           "return 1\n",

  [KL_REDIS_SCRIPT_WHOLE] = "local k = KEYS[1]\n"
                            "redis.call('PUBLISH', ARGV[3], ARGV[4])\n"
                            "redis.call('HSET', k, 'v', ARGV[1])\n"
                            "redis.call('DEL', k)\n"
                            "redis.call('HSET', k, 'v', ARGV[1])\n"
                            "for i = 5, #ARGV, 2 do redis.call('HSET', k, ARGV[i], ARGV[i + 1]) end\n"
                            "redis.call('PEXPIRE', k, ARGV[2])\n"
                            "return 1\n",
};

const char *
kl_redis_script_get_text (KlRedisScript script)
{
  return texts[script];
}

static const char *
get_hash (KlRedisScript script)
{
  static char *hashes[KL_REDIS_N_SCRIPTS];

  if (g_once_init_enter_pointer (&hashes[script]))
    g_once_init_leave_pointer (&hashes[script], g_compute_checksum_for_string (G_CHECKSUM_SHA1, texts[script], -1));

  return hashes[script];
}

void
kl_redis_script_begin (KlRedisCommand *command, KlRedisScript script, gboolean whole, const char *key)
{
  kl_redis_command_add_string (command, whole ? "EVAL" : "EVALSHA");
  kl_redis_command_add_string (command, whole ? texts[script] : get_hash (script));
  kl_redis_command_add_int (command, 1);
  kl_redis_command_add_string (command, key);
}
