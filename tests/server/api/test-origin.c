/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/api/kl-api-origin.h"
#include "tests/kit/kl-test.h"

#define PUBLIC "https://chat.example.org"

static const struct
{
  const char *name;
  const char *public_url;
  gboolean https;
  gboolean is_get;
  const char *host;
  const char *origin;
  const char *site;
  KlApiOrigin verdict;
} cases[] = {
  /* Plain, without public_url: Host is all there is. */
  { "host", NULL, FALSE, FALSE, "127.0.0.1:8765", "http://127.0.0.1:8765", NULL, KL_API_ORIGIN_SAME },
  { "host-case", NULL, FALSE, FALSE, "LocalHost:8765", "http://localhost:8765", NULL, KL_API_ORIGIN_SAME },
  { "host-default-port", NULL, FALSE, FALSE, "example.org:80", "http://example.org", NULL, KL_API_ORIGIN_SAME },
  { "host-ipv6", NULL, FALSE, FALSE, "[::1]:8765", "http://[::1]:8765", NULL, KL_API_ORIGIN_SAME },
  { "other-port", NULL, FALSE, FALSE, "127.0.0.1:8765", "http://127.0.0.1:8766", NULL, KL_API_ORIGIN_FOREIGN },
  { "other-host", NULL, FALSE, FALSE, "127.0.0.1:8765", "http://evil.example", NULL, KL_API_ORIGIN_FOREIGN },
  { "prefix", NULL, FALSE, FALSE, "example.org", "http://example.org.evil.example", NULL, KL_API_ORIGIN_FOREIGN },
  { "suffix", NULL, FALSE, FALSE, "example.org", "http://evilexample.org", NULL, KL_API_ORIGIN_FOREIGN },
  { "user", NULL, FALSE, FALSE, "example.org", "http://example.org@evil.example", NULL, KL_API_ORIGIN_FOREIGN },
  { "null", NULL, FALSE, FALSE, "example.org", "null", NULL, KL_API_ORIGIN_FOREIGN },
  { "other-scheme", NULL, FALSE, FALSE, "example.org", "https://example.org", NULL, KL_API_ORIGIN_FOREIGN },
  { "no-host", NULL, FALSE, FALSE, NULL, "http://example.org", NULL, KL_API_ORIGIN_FOREIGN },
  { "no-origin", NULL, FALSE, FALSE, "example.org", NULL, NULL, KL_API_ORIGIN_UNSAID },
  /* A proxy that says https. */
  { "proxied", NULL, TRUE, FALSE, "example.org", "https://example.org", NULL, KL_API_ORIGIN_SAME },
  { "proxied-443", NULL, TRUE, FALSE, "example.org:443", "https://example.org", NULL, KL_API_ORIGIN_SAME },
  { "proxied-plain", NULL, TRUE, FALSE, "example.org", "http://example.org", NULL, KL_API_ORIGIN_FOREIGN },
  /* public_url: whatever the proxy made of Host and scheme. */
  { "public", PUBLIC, FALSE, FALSE, "10.0.0.7:8765", PUBLIC, NULL, KL_API_ORIGIN_SAME },
  { "public-look-alike", PUBLIC, FALSE, FALSE, "chat.example.org", "http://chat.example.org", NULL,
    KL_API_ORIGIN_FOREIGN },
  { "public-other-port", PUBLIC, FALSE, FALSE, "10.0.0.7", PUBLIC ":8443", NULL, KL_API_ORIGIN_FOREIGN },
  { "public-longer", PUBLIC, FALSE, FALSE, "10.0.0.7", PUBLIC ".evil.example", NULL, KL_API_ORIGIN_FOREIGN },
  { "public-and-host", PUBLIC, FALSE, FALSE, "10.0.0.7:8765", "http://10.0.0.7:8765", NULL, KL_API_ORIGIN_SAME },
  /* Sec-Fetch-Site. */
  { "site-same", NULL, FALSE, TRUE, "example.org", NULL, "same-origin", KL_API_ORIGIN_UNSAID },
  { "site-none-get", NULL, FALSE, TRUE, "example.org", NULL, "none", KL_API_ORIGIN_UNSAID },
  { "site-none-post", NULL, FALSE, FALSE, "example.org", "http://example.org", "none", KL_API_ORIGIN_FOREIGN },
  { "site-same-site", NULL, FALSE, TRUE, "example.org", NULL, "same-site", KL_API_ORIGIN_FOREIGN },
  { "site-cross", NULL, FALSE, TRUE, "example.org", NULL, "cross-site", KL_API_ORIGIN_FOREIGN },
  { "site-and-foreign", NULL, FALSE, TRUE, "example.org", "http://evil.example", "same-origin", KL_API_ORIGIN_FOREIGN },
};

static SoupMessageHeaders *
make_headers (const char *host, const char *origin, const char *site)
{
  SoupMessageHeaders *headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);

  if (host != NULL)
    soup_message_headers_append (headers, "Host", host);
  if (origin != NULL)
    soup_message_headers_append (headers, "Origin", origin);
  if (site != NULL)
    soup_message_headers_append (headers, "Sec-Fetch-Site", site);
  return headers;
}

static void
test_judge (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (SoupMessageHeaders) headers = make_headers (cases[i].host, cases[i].origin, cases[i].site);

  g_assert_cmpint (kl_api_origin_judge (headers, cases[i].host, cases[i].public_url, cases[i].https, cases[i].is_get),
                   ==,
                   cases[i].verdict);
}

static void
test_two_origins (void)
{
  g_autoptr (SoupMessageHeaders) headers = make_headers ("example.org", "http://example.org", NULL);

  soup_message_headers_append (headers, "Origin", "http://evil.example");
  g_assert_cmpint (kl_api_origin_judge (headers, "example.org", NULL, FALSE, FALSE), ==, KL_API_ORIGIN_FOREIGN);
}

static void
test_handshake (void)
{
  const struct
  {
    const char *origin, *site;
    gboolean allowed;
  } rows[] = {
    { "http://example.org", NULL, TRUE },
    { "http://example.org", "same-origin", TRUE },
    { "http://evil.example", NULL, FALSE },
    { NULL, NULL, FALSE },
    { NULL, "none", FALSE },
    { NULL, "same-origin", TRUE },
    { NULL, "cross-site", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (SoupMessageHeaders) headers = make_headers ("example.org", rows[i].origin, rows[i].site);
      g_assert_cmpint (kl_api_origin_allows_handshake (headers, "example.org", NULL, FALSE), ==, rows[i].allowed);
    }
}

static void
test_cookies (void)
{
  const struct
  {
    const char *header, *value;
  } rows[] = {
    { "klatch_session=abc", "abc" },
    { "a=b; klatch_session=abc; c=d", "abc" },
    { "a=b;klatch_session=abc", "abc" },
    { "klatch_session=abc; klatch_session=def", NULL },
    { "klatch_session=abc, klatch_session=abc", NULL },
    { "xklatch_session=abc", NULL },
    { "klatch_sessionx=abc", NULL },
    { "klatch_session", NULL },
    { "__Host-klatch_session=abc", NULL },
    { "", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
      soup_message_headers_append (headers, "Cookie", rows[i].header);
      g_autofree char *value = kl_api_cookie_dup (headers, KL_API_COOKIE);
      g_assert_cmpstr (value, ==, rows[i].value);
    }

  g_autoptr (SoupMessageHeaders) two = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  soup_message_headers_append (two, "Cookie", "klatch_session=abc");
  soup_message_headers_append (two, "Cookie", "klatch_session=def");
  g_autofree char *value = kl_api_cookie_dup (two, KL_API_COOKIE);
  g_assert_null (value);
}

static void
test_set_cookie (void)
{
  g_autofree char *plain = kl_api_cookie_make ("abc", FALSE);
  g_autofree char *secure = kl_api_cookie_make ("abc", TRUE);
  g_autofree char *gone = kl_api_cookie_make (NULL, FALSE);

  g_assert_cmpstr (plain, ==, "klatch_session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=34560000");
  g_assert_cmpstr (secure, ==,
                   "__Host-klatch_session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=34560000; Secure");
  g_assert_cmpstr (gone, ==, "klatch_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/origin/judge/%s", cases[i].name);
      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_judge);
    }
  g_test_add_func ("/origin/two-origins", test_two_origins);
  g_test_add_func ("/origin/handshake", test_handshake);
  g_test_add_func ("/origin/cookies", test_cookies);
  g_test_add_func ("/origin/set-cookie", test_set_cookie);
  return g_test_run ();
}
