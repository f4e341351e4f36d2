/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/socketio/kl-sio-address.h"

#include "tests/kit/kl-test.h"

static void
test_key (void)
{
  static const struct
  {
    const char *address, *key;
  } cases[] = {
    { "192.0.2.7", "192.0.2.7" },
    { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
    { "2001:db8:1:2:ffff::1", "2001:db8:1:2::" },
    { "::1", "::" },
    { "", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char key[KL_SIO_ADDRESS_SIZE];

      kl_sio_address_key (cases[i].address, key);
      g_assert_cmpstr (key, ==, cases[i].key);
    }
}

static void
test_forwarded (void)
{
  static const char *const trusted[] = { "10.0.0.0/8", "127.0.0.1", "2001:db8::/32", NULL };
  static const struct
  {
    const char *remote, *forwarded, *proto, *address;
    gboolean https;
  } cases[] = {
    { "192.0.2.1", NULL, NULL, "192.0.2.1", FALSE },
    { "::ffff:192.0.2.1", NULL, NULL, "192.0.2.1", FALSE },
    { "192.0.2.1", "198.51.100.1", "https", "192.0.2.1", FALSE },
    { "10.1.2.3", "198.51.100.1", "https", "198.51.100.1", TRUE },
    { "10.1.2.3", "203.0.113.9, 198.51.100.1", "http, https", "198.51.100.1", TRUE },
    { "10.1.2.3", "203.0.113.9, 198.51.100.1, 10.9.9.9", "https, http", "198.51.100.1", FALSE },
    { "10.1.2.3", "10.0.0.1, 10.0.0.2", NULL, "10.0.0.1", FALSE },
    { "127.0.0.1", "198.51.100.1:4711", NULL, "198.51.100.1", FALSE },
    { "127.0.0.1", "[2001:db9::1]:4711", NULL, "2001:db9::1", FALSE },
    { "127.0.0.1", "\"[2001:db9::1]\"", NULL, "2001:db9::1", FALSE },
    { "127.0.0.1", "2001:db9::1", NULL, "2001:db9::1", FALSE },
    { "127.0.0.1", "198.51.100.1, unknown", NULL, "127.0.0.1", FALSE },
    { "127.0.0.1", "198.51.100.1, ", NULL, "127.0.0.1", FALSE },
    { "2001:db8::7", "::ffff:198.51.100.1", NULL, "198.51.100.1", FALSE },
  };
  g_autoptr (GError) error = NULL;
  KlSioProxies *proxies = kl_sio_proxies_new (trusted, &error);

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
      g_autoptr (GSocketAddress) remote = g_inet_socket_address_new_from_string (cases[i].remote, 1234);
      KlSioPeer peer;

      if (cases[i].forwarded)
        soup_message_headers_append (headers, "X-Forwarded-For", cases[i].forwarded);
      if (cases[i].proto)
        soup_message_headers_append (headers, "X-Forwarded-Proto", cases[i].proto);
      kl_sio_proxies_judge (proxies, remote, headers, &peer);
      g_assert_cmpstr (peer.address, ==, cases[i].address);
      g_assert_cmpint (peer.https, ==, cases[i].https);
      g_assert_cmpint (peer.forwarded, ==, cases[i].forwarded != NULL || cases[i].proto != NULL);
      g_assert_cmpint (peer.loopback, ==, g_str_equal (cases[i].remote, "127.0.0.1"));
    }
  kl_sio_proxies_free (proxies);
}

/* The form that RFC 7239 gave these headers. */
static void
test_forwarded_standard (void)
{
  static const char *const trusted[] = { "10.0.0.0/8", NULL };
  static const struct
  {
    const char *remote, *forwarded, *x_name, *x_value, *address;
    gboolean https;
    const char *host;
  } cases[] = {
    { "10.0.0.1", "for=198.51.100.1", NULL, NULL, "198.51.100.1", FALSE, "own" },
    { "10.0.0.1", "For=198.51.100.1;Proto=HTTPS;host=chat.example", NULL, NULL, "198.51.100.1", TRUE, "chat.example" },
    { "10.0.0.1", "for=\"[2001:db8::17]:4711\" ; proto=https", NULL, NULL, "2001:db8::17", TRUE, "own" },
    { "10.0.0.1", "for=203.0.113.9;proto=http, for=198.51.100.1;proto=https", NULL, NULL, "198.51.100.1", TRUE, "own" },
    { "10.0.0.1", "for=198.51.100.1, for=10.0.0.9;proto=https;host=a", NULL, NULL, "198.51.100.1", TRUE, "a" },
    { "10.0.0.1", "for=198.51.100.1;host=\"a,for=1.2.3.4\"", NULL, NULL, "198.51.100.1", FALSE, "a,for=1.2.3.4" },
    { "10.0.0.1", "for=198.51.100.1, for=unknown", NULL, NULL, "10.0.0.1", FALSE, "own" },
    { "10.0.0.1", "for=198.51.100.1, proto=https", NULL, NULL, "10.0.0.1", TRUE, "own" },
    { "10.0.0.1", "for=\"198.51.100.1", NULL, NULL, "10.0.0.1", FALSE, "own" },
    { "10.0.0.1", "for=\"\\\"198.51.100.1", NULL, NULL, "10.0.0.1", FALSE, "own" },
    { "10.0.0.1", "", NULL, NULL, "10.0.0.1", FALSE, "own" },
    { "192.0.2.1", "for=198.51.100.1;proto=https;host=a", NULL, NULL, "192.0.2.1", FALSE, "own" },
    /* A proxy that writes the others lets this one pass as the client wrote it. */
    { "10.0.0.1", "for=1.2.3.4;proto=https;host=a", "X-Forwarded-For", "198.51.100.1", "198.51.100.1", FALSE, "own" },
    { "10.0.0.1", "for=1.2.3.4;proto=http;host=a", "X-Forwarded-Proto", "https", "10.0.0.1", TRUE, "own" },
    { "10.0.0.1", "for=1.2.3.4;host=a", "X-Forwarded-Host", "x.example, b.example", "10.0.0.1", FALSE, "b.example" },
    { "192.0.2.1", NULL, "X-Forwarded-Host", "b.example", "192.0.2.1", FALSE, "own" },
  };
  KlSioProxies *proxies = kl_sio_proxies_new (trusted, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
      g_autoptr (GSocketAddress) remote = g_inet_socket_address_new_from_string (cases[i].remote, 1234);
      g_autofree char *host = NULL;
      KlSioPeer peer;

      soup_message_headers_append (headers, "Host", "own");
      if (cases[i].forwarded)
        soup_message_headers_append (headers, "Forwarded", cases[i].forwarded);
      if (cases[i].x_name)
        soup_message_headers_append (headers, cases[i].x_name, cases[i].x_value);
      kl_sio_proxies_judge (proxies, remote, headers, &peer);
      host = kl_sio_peer_dup_host (&peer, headers);
      g_test_message ("case %zu", i);
      g_assert_cmpstr (peer.address, ==, cases[i].address);
      g_assert_cmpint (peer.https, ==, cases[i].https);
      g_assert_cmpstr (host, ==, cases[i].host);
      g_assert_true (peer.forwarded);
    }
  kl_sio_proxies_free (proxies);
}

static void
test_bad_proxy (void)
{
  static const char *const bad[] = { "10.0.0.0/8", "proxy.example", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (kl_sio_proxies_new (bad, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "proxy.example"));
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/address/key", test_key);
  g_test_add_func ("/address/forwarded", test_forwarded);
  g_test_add_func ("/address/forwarded-standard", test_forwarded_standard);
  g_test_add_func ("/address/bad-proxy", test_bad_proxy);

  return g_test_run ();
}
