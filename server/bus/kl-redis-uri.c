/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/bus/kl-redis-uri.h"

#include <string.h>

/* sun_path with its NUL. */
#define UNIX_PATH_MAX_BYTES 107

typedef struct
{
  const char *scheme;
  gboolean tls;
  gboolean local;
} Scheme;

static const Scheme schemes[] = {
  { "redis://", FALSE, FALSE },
  { "rediss://", TRUE, FALSE },
  { "redis+unix://", FALSE, TRUE },
  { "unix:", FALSE, TRUE },
};

static const Scheme *
find_scheme (const char *text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_has_prefix (text, schemes[i].scheme))
      return &schemes[i];

  return NULL;
}

gboolean
kl_redis_uri_is_one (const char *text)
{
  return find_scheme (text) != NULL || g_str_has_prefix (text, "redis:") || g_str_has_prefix (text, "rediss:")
         || g_str_has_prefix (text, "valkey");
}

static gboolean
refuse (char **why, const char *clause)
{
  *why = g_strdup (clause);

  return FALSE;
}

static gboolean
take_db (KlRedisUri *self, const char *text, char **why)
{
  guint64 db;

  if (!g_ascii_isdigit (text[0]) || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT32, &db, NULL))
    return refuse (why, "must name the database by a number, as in redis://localhost:6379/0");
  self->db = (guint) db;

  return TRUE;
}

static gboolean
take_file (char **field, const char *name, const char *value, char **why)
{
  if (!g_path_is_absolute (value))
    {
      *why = g_strdup_printf ("must give a whole path, beginning with a slash, as %s", name);
      return FALSE;
    }
  g_set_str (field, value);

  return TRUE;
}

static gboolean
take_query (KlRedisUri *self, const Scheme *scheme, const char *query, char **why)
{
  g_autoptr (GError) error = NULL;
  GUriParamsIter iter;
  char *name, *value;
  gboolean good = TRUE;

  g_uri_params_iter_init (&iter, query, -1, "&", G_URI_PARAMS_NONE);
  while (good && g_uri_params_iter_next (&iter, &name, &value, &error))
    {
      if (scheme->local && g_str_equal (name, "db"))
        good = take_db (self, value, why);
      else if (scheme->tls && g_str_equal (name, "ca"))
        good = take_file (&self->ca, name, value, why);
      else if (scheme->tls && g_str_equal (name, "cert"))
        good = take_file (&self->cert, name, value, why);
      else if (scheme->tls && g_str_equal (name, "key"))
        good = take_file (&self->key, name, value, why);
      else
        good = refuse (why, scheme->tls     ? "knows only ca=, cert= and key= behind the question mark"
                            : scheme->local ? "knows only db= behind the question mark"
                                            : "has nothing behind a question mark");
      g_free (name);
      g_free (value);
    }
  if (good && error)
    good = refuse (why, "must have name=value behind the question mark");
  if (good && !self->cert != !self->key)
    good = refuse (why, "needs both cert= and key=, or neither");

  return good;
}

static gboolean
take_place (KlRedisUri *self, const Scheme *scheme, const char *host, int port, const char *path, char **why)
{
  if (scheme->local)
    {
      if (host && *host)
        return refuse (why, "must have no host before the path of a Unix socket: redis+unix:///PATH");
      if (!g_path_is_absolute (path) || !path[1] || strlen (path) > UNIX_PATH_MAX_BYTES)
        return refuse (why, "must give the whole path of a Unix socket, at most 107 bytes");
      self->path = g_strdup (path);
      self->shown = g_strconcat ("unix:", path, NULL);
      return TRUE;
    }

  if (!host || !*host)
    return refuse (why, "must name a host, as in redis://localhost:6379/0");
  if (port == 0)
    return refuse (why, "must have a port from 1 to 65535");
  if (*path && !g_str_equal (path, "/") && !take_db (self, path + 1, why))
    return FALSE;
  self->host = g_strdup (host);
  self->port = port < 0 ? KL_REDIS_PORT : (guint16) port;
  self->shown = g_strdup_printf (strchr (host, ':') ? "%s[%s]:%u/%u" : "%s%s:%u/%u", scheme->scheme, host, self->port,
                                 self->db);

  return TRUE;
}

KlRedisUri *
kl_redis_uri_parse (const char *text, char **why)
{
  const Scheme *scheme = find_scheme (text);
  g_autoptr (KlRedisUri) self = g_new0 (KlRedisUri, 1);
  g_autofree char *user = NULL, *password = NULL, *host = NULL, *path = NULL, *query = NULL, *fragment = NULL;
  int port = -1;

  if (!scheme)
    {
      refuse (why, "must begin with redis://, rediss://, redis+unix:// or unix:");
      return NULL;
    }
  if (!g_uri_split_with_user (text, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_QUERY, NULL, &user, &password, NULL,
                              &host, &port, &path, &query, &fragment, NULL)
      || fragment)
    {
      refuse (why, "is not a good URI; in a password write % : / ? # [ ] @ as %25 %3A %2F %3F %23 %5B %5D %40");
      return NULL;
    }

  self->tls = scheme->tls;
  self->user = user && *user ? g_steal_pointer (&user) : NULL;
  self->password = password && *password ? g_steal_pointer (&password) : NULL;
  if (self->user && !self->password)
    {
      refuse (why, "must have a password behind the user, as USER:PASSWORD@; without a user :PASSWORD@");
      return NULL;
    }
  if (!take_place (self, scheme, host, port, path, why) || (query && !take_query (self, scheme, query, why)))
    return NULL;

  return g_steal_pointer (&self);
}

void
kl_redis_uri_free (KlRedisUri *self)
{
  if (self->password)
    memset (self->password, 0, strlen (self->password));
  g_free (self->host);
  g_free (self->path);
  g_free (self->user);
  g_free (self->password);
  g_free (self->ca);
  g_free (self->cert);
  g_free (self->key);
  g_free (self->shown);
  g_free (self);
}
