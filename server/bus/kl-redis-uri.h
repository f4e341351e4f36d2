/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a Redis or Valkey server is, as the settings say it:
 *
 *   redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]
 *   rediss://…[?ca=FILE][&cert=FILE&key=FILE]   the same over TLS
 *   redis+unix://[[USER]:PASSWORD@]/PATH[?db=DB]
 *   unix:/PATH[?db=DB]                          a Unix socket
 *
 * What has another meaning in a URI is written as %XX. Over TLS the server's certificate must be good for HOST, by the
 * system's authorities or by those of `ca`; `cert` and `key` are this side's own. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define KL_REDIS_PORT 6379

typedef struct
{
  char *host; /* NULL for a Unix socket; an IPv6 address without brackets */
  guint16 port;
  char *path;     /* of the Unix socket, or NULL */
  char *user;     /* or NULL */
  char *password; /* or NULL */
  guint db;
  gboolean tls;
  char *ca;   /* or NULL: the system's */
  char *cert; /* both or none */
  char *key;
  char *shown; /* for people: without user and password */
} KlRedisUri;

/* Whether TEXT means such a server at all, well written or not. */
gboolean
kl_redis_uri_is_one (const char *text);

/* NULL: *WHY is the second half of a sentence ("must …") that has no word of the URI's secrets. */
KlRedisUri *
kl_redis_uri_parse (const char *text, char **why);
void
kl_redis_uri_free (KlRedisUri *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlRedisUri, kl_redis_uri_free)

G_END_DECLS
