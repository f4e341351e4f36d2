/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/bus/kl-redis-uri.h"

#include <string.h>

#include "tests/kit/kl-test.h"

typedef struct
{
  const char *uri;
  const char *is; /* "shown user password db ca", or what is said of it */
} Case;

static const Case good[] = {
  { "redis://h", "redis://h:6379/0 - - 0 -" },
  { "redis://h/", "redis://h:6379/0 - - 0 -" },
  { "redis://h:7/12", "redis://h:7/12 - - 12 -" },
  { "redis://:p@h", "redis://h:6379/0 - p 0 -" },
  { "redis://u:p@h:1/2", "redis://h:1/2 u p 2 -" },
  { "redis://:a%40b%3Ac%2F%25@h", "redis://h:6379/0 - a@b:c/% 0 -" },
  { "redis://[::1]:7/1", "redis://[::1]:7/1 - - 1 -" },
  { "rediss://:p@h?ca=/a%20b.pem", "rediss://h:6379/0 - p 0 /a b.pem" },
  { "rediss://h/3?cert=/c&key=/k&ca=/x", "rediss://h:6379/3 - - 3 /x" },
  { "unix:/run/v.sock", "unix:/run/v.sock - - 0 -" },
  { "unix:/run/v.sock?db=4", "unix:/run/v.sock - - 4 -" },
  { "redis+unix:///run/v.sock?db=5", "unix:/run/v.sock - - 5 -" },
  { "redis+unix://:p@/run/v.sock", "unix:/run/v.sock - p 0 -" },
};

static const Case bad[] = {
  { "redis:", "must begin with" },
  { "redis:h", "must begin with" },
  { "valkey://h", "must begin with" },
  { "redis://", "must name a host" },
  { "redis:///1", "must name a host" },
  { "redis://:secret@/1", "must name a host" },
  { "redis://h:0", "must have a port" },
  { "redis://h:secret", "is not a good URI" },
  { "redis://h:65536", "is not a good URI" },
  { "redis://h/x", "must name the database by a number" },
  { "redis://h/-1", "must name the database by a number" },
  { "redis://h/1/2", "must name the database by a number" },
  { "redis://h/99999999999", "must name the database by a number" },
  { "redis://secret@h", "must have a password behind the user" },
  { "redis://u:@h", "must have a password behind the user" },
  { "redis://:se#cret@h", "is not a good URI" },
  { "redis://:se%zzcret@h", "is not a good URI" },
  { "redis://h?secret=1", "has nothing behind a question mark" },
  { "rediss://h?db=1", "knows only ca=, cert= and key=" },
  { "rediss://h?ca=a.pem", "must give a whole path" },
  { "rediss://h?cert=/c", "needs both cert= and key=" },
  { "unix:run/v.sock", "must give the whole path" },
  { "unix:", "must give the whole path" },
  { "unix:/", "must give the whole path" },
  { "redis+unix://run/v.sock", "must have no host before the path" },
  { "unix:/a?ca=/b", "knows only db=" },
  { "unix:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456",
    "must give the whole path" },
};

static const char *
or_dash (const char *text)
{
  return text ? text : "-";
}

static void
test_good (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *why = NULL;
      g_autoptr (KlRedisUri) uri = kl_redis_uri_parse (good[i].uri, &why);
      g_autofree char *is = NULL;

      g_assert_cmpstr (why, ==, NULL);
      is = g_strdup_printf ("%s %s %s %u %s", uri->shown, or_dash (uri->user), or_dash (uri->password), uri->db,
                            or_dash (uri->ca));
      g_assert_cmpstr (is, ==, good[i].is);
      g_assert_true (kl_redis_uri_is_one (good[i].uri));
      g_assert_cmpint (uri->tls, ==, g_str_has_prefix (good[i].uri, "rediss:"));
    }
}

static void
test_bad (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *why = NULL;

      g_assert_null (kl_redis_uri_parse (bad[i].uri, &why));
      if (!g_str_has_prefix (why, bad[i].is))
        g_error ("%s: %s", bad[i].uri, why);
      g_assert_null (strstr (why, "secret"));
    }
  g_assert_false (kl_redis_uri_is_one ("local:"));
  g_assert_true (kl_redis_uri_is_one ("valkey://h"));
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/bus/redis-uri/good", test_good);
  g_test_add_func ("/bus/redis-uri/bad", test_bad);

  return g_test_run ();
}
