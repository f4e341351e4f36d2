/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/api/kl-api-origin.h"

/* The browser may keep it for as long as it keeps any; the session behind it ends when the server says so. */
#define COOKIE_MAX_AGE_S (400 * 24 * 60 * 60)

/* True where `host` (a Host header) and `rest` (an origin behind its scheme) are the same place. */
static gboolean
is_same_host (const char *host, const char *rest, const char *default_port)
{
  gsize host_length = strlen (host);
  gsize port_length = strlen (default_port);

  if (g_str_has_suffix (host, default_port) && host_length > port_length)
    host_length -= port_length;
  return strlen (rest) == host_length && g_ascii_strncasecmp (host, rest, host_length) == 0;
}

static gboolean
is_own_origin (const char *origin, const char *host, const char *public_url, gboolean https)
{
  if (public_url != NULL && g_ascii_strcasecmp (origin, public_url) == 0)
    return TRUE;
  if (host == NULL || *host == '\0')
    return FALSE;
  /* The same host without encryption is not the site that public_url names. */
  if (!https && public_url != NULL && g_str_has_prefix (public_url, "https://")
      && is_same_host (host, public_url + strlen ("https://"), ":443"))
    return FALSE;
  if (https)
    return g_str_has_prefix (origin, "https://") && is_same_host (host, origin + strlen ("https://"), ":443");
  return g_str_has_prefix (origin, "http://") && is_same_host (host, origin + strlen ("http://"), ":80");
}

KlApiOrigin
kl_api_origin_judge (SoupMessageHeaders *headers, const char *host, const char *public_url, gboolean https,
                     gboolean is_get)
{
  /* As lists: of two such headers neither is believed. */
  const char *site = soup_message_headers_get_list (headers, "Sec-Fetch-Site");
  const char *origin = soup_message_headers_get_list (headers, "Origin");

  if (site != NULL && !g_str_equal (site, "same-origin") && !(is_get && g_str_equal (site, "none")))
    return KL_API_ORIGIN_FOREIGN;
  if (origin == NULL)
    return KL_API_ORIGIN_UNSAID;
  return is_own_origin (origin, host, public_url, https) ? KL_API_ORIGIN_SAME : KL_API_ORIGIN_FOREIGN;
}

gboolean
kl_api_origin_allows_handshake (SoupMessageHeaders *headers, const char *host, const char *public_url, gboolean https)
{
  const char *site = soup_message_headers_get_list (headers, "Sec-Fetch-Site");

  switch (kl_api_origin_judge (headers, host, public_url, https, FALSE))
    {
    case KL_API_ORIGIN_SAME:
      return TRUE;
    case KL_API_ORIGIN_UNSAID:
      return site != NULL; /* then it is "same-origin" */
    case KL_API_ORIGIN_FOREIGN:
    default:
      return FALSE;
    }
}

char *
kl_api_cookie_dup (SoupMessageHeaders *headers, const char *name)
{
  const char *list = soup_message_headers_get_list (headers, "Cookie");
  g_autofree char *found = NULL;
  gsize name_length = strlen (name);

  if (list == NULL)
    return NULL;

  /* Several headers come with commas between them; a token has none. */
  g_auto (GStrv) pairs = g_strsplit_set (list, ";,", -1);
  for (int i = 0; pairs[i] != NULL; i++)
    {
      const char *pair = g_strstrip (pairs[i]);

      if (strncmp (pair, name, name_length) != 0 || pair[name_length] != '=')
        continue;
      if (found != NULL)
        return NULL;
      found = g_strdup (pair + name_length + 1);
    }
  return g_steal_pointer (&found);
}

char *
kl_api_cookie_make (const char *token, gboolean https)
{
  return g_strdup_printf ("%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s",
                          https ? KL_API_COOKIE_HTTPS : KL_API_COOKIE, token == NULL ? "" : token,
                          token == NULL ? 0 : COOKIE_MAX_AGE_S, https ? "; Secure" : "");
}
