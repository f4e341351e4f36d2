/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The session cookie, and when it may be believed (PROTOCOL.md, "Cookie mode"). Pure: headers in, verdict out.
 *
 * What a cookie must be kept from: a page of another origin that makes the browser send a request with our cookie
 * (forgery), and one that plants a cookie of its own for us (fixation). Bearer tokens need none of this, as no browser
 * sends them by itself. */

#define KL_API_COOKIE "klatch_session"
#define KL_API_COOKIE_HTTPS "__Host-klatch_session"

typedef enum
{
  KL_API_ORIGIN_SAME,   /* the request says that it comes from our own page */
  KL_API_ORIGIN_UNSAID, /* it says nothing: no browser, or a link that was followed */
  KL_API_ORIGIN_FOREIGN,
} KlApiOrigin;

/* `host`: where the request went, as far as is known (kl_sio_peer_dup_host()); may be NULL. `public_url` may be NULL. `https`: the request came encrypted, as far as is known. `is_get`: GET or HEAD. */
KlApiOrigin
kl_api_origin_judge (SoupMessageHeaders *headers, const char *host, const char *public_url, gboolean https,
                     gboolean is_get);

/* What the handshake of a socket is judged by: like a GET, but what says nothing is foreign. A browser sends no Origin
 * with the GET that begins polling; there Sec-Fetch-Site speaks for it, which no script can set. */
gboolean
kl_api_origin_allows_handshake (SoupMessageHeaders *headers, const char *host, const char *public_url, gboolean https);

/* The value of the one cookie of this name; NULL where there is none, or more than one. */
char *
kl_api_cookie_dup (SoupMessageHeaders *headers, const char *name);

/* A Set-Cookie line; `token` NULL takes the cookie away. */
char *
kl_api_cookie_make (const char *token, gboolean https);

G_END_DECLS
