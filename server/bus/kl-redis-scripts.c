/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Redis that is out of memory refuses what could grow, but never PUBLISH and DEL. So each script publishes first, and a
 * write that is refused leaves no half-truth behind: the cache goes, presence stays at a version that no longer fits.
 */
#include "server/bus/kl-redis-scripts.h"

static const char *const texts[KL_REDIS_N_SCRIPTS] = {
  [KL_REDIS_SCRIPT_PUBLISH] = "redis.call('PUBLISH', ARGV[1], ARGV[2])\n"
                              "local k, last, max = KEYS[1], tonumber(ARGV[4]), tonumber(ARGV[6])\n"
                              "local cur = redis.call('HMGET', k, 'rev', 'hi')\n"
                              "local rev, hi = tonumber(cur[1] or ''), tonumber(cur[2] or '')\n"
                              "if not rev or not hi then return 0 end\n"
                              "if rev >= last and ARGV[5] ~= '1' then return 0 end\n"
                              "local function write(...)\n"
                              "  local r = redis.pcall(...)\n"
                              "  if type(r) == 'table' and r['err'] then redis.pcall('DEL', k) return r['err'] end\n"
                              "end\n"
                              "if ARGV[5] == '1' or rev < tonumber(ARGV[3]) then return write('DEL', k) or 1 end\n"
                              "local n = redis.call('HLEN', k) - 2\n"
                              "for i = 7, #ARGV, 3 do\n"
                              "  local s = tonumber(ARGV[i + 1])\n"
                              "  if tonumber(ARGV[i]) > rev then\n"
                              "    if s > hi + 1 then return write('DEL', k) or 1 end\n"
                              "    if s > hi - n then\n"
                              "      local err = write('HSET', k, ARGV[i + 1], ARGV[i + 2])\n"
                              "      if err then return err end\n"
                              "      if s > hi then hi = s n = n + 1 end\n"
                              "    end\n"
                              "  end\n"
                              "end\n"
                              "local err = write('HSET', k, 'rev', ARGV[4], 'hi', string.format('%.0f', hi))\n"
                              "if err then return err end\n"
                              "while n > max do\n"
                              "  redis.call('HDEL', k, string.format('%.0f', hi - n + 1))\n"
                              "  n = n - 1\n"
                              "end\n"
                              "return 1\n",

  [KL_REDIS_SCRIPT_FILL] = "local k = KEYS[1]\n"
                           "local rev = redis.call('HGET', k, 'rev')\n"
                           "if rev and tonumber(rev) and tonumber(rev) >= tonumber(ARGV[1]) then return 0 end\n"
                           "redis.call('HSET', k, 'rev', ARGV[1])\n"
                           "redis.call('DEL', k)\n"
                           "redis.call('HSET', k, 'rev', ARGV[1], 'hi', ARGV[2])\n"
                           "for i = 4, #ARGV, 2 do redis.call('HSET', k, ARGV[i], ARGV[i + 1]) end\n"
                           "redis.call('PEXPIRE', k, ARGV[3])\n"
                           "return 1\n",

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
