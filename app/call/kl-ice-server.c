/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-ice-server.h"

#include <string.h>

struct _KlIceServer
{
  char **urls;
  char *username;
  char *credential;
};

G_DEFINE_BOXED_TYPE (KlIceServer, kl_ice_server, kl_ice_server_copy, kl_ice_server_free)

KlIceServer *
kl_ice_server_new (const char *const *urls, const char *username, const char *credential)
{
  KlIceServer *self = g_new0 (KlIceServer, 1);

  self->urls = g_strdupv ((char **) urls);
  self->username = g_strdup (username);
  self->credential = g_strdup (credential);
  return self;
}

KlIceServer *
kl_ice_server_copy (KlIceServer *self)
{
  return kl_ice_server_new ((const char *const *) self->urls, self->username, self->credential);
}

void
kl_ice_server_free (KlIceServer *self)
{
  g_strfreev (self->urls);
  g_free (self->username);
  g_free (self->credential);
  g_free (self);
}

/* A host with a port; one in brackets has colons of its own. */
static char *
with_port (const char *address, const char *port)
{
  const char *bracket = strrchr (address, ']');

  return strchr (bracket != NULL ? bracket : address, ':') != NULL ? g_strdup (address)
                                                                     : g_strconcat (address, ":", port, NULL);
}

/* The rest of URL behind "SCHEME:", if it is of that scheme and no more than a host, a port and a transport. */
static const char *
after_scheme (const char *url, const char *scheme)
{
  gsize length = strlen (scheme);

  if (g_ascii_strncasecmp (url, scheme, length) != 0 || url[length] != ':' || url[length + 1] == '\0')
    return NULL;
  return strpbrk (url + length + 1, "/@#%\\ \t\r\n") == NULL ? url + length + 1 : NULL;
}

GStrv
kl_ice_server_dup_stun (KlIceServer *self)
{
  g_autoptr (GStrvBuilder) out = g_strv_builder_new ();

  for (char **url = self->urls; url != NULL && *url != NULL; url++)
    {
      const char *address = after_scheme (*url, "stun");

      if (address != NULL && strchr (address, '?') == NULL)
        {
          g_autofree char *host = with_port (address, "3478");

          g_strv_builder_take (out, g_strconcat ("stun://", host, NULL));
        }
    }
  return g_strv_builder_end (out);
}

GStrv
kl_ice_server_dup_turn (KlIceServer *self)
{
  g_autoptr (GStrvBuilder) out = g_strv_builder_new ();
  g_autofree char *user = NULL;
  g_autofree char *password = NULL;

  if (self->username == NULL || self->credential == NULL)
    return g_strv_builder_end (out);
  user = g_uri_escape_string (self->username, NULL, FALSE);
  password = g_uri_escape_string (self->credential, NULL, FALSE);
  for (char **url = self->urls; url != NULL && *url != NULL; url++)
    {
      gboolean tls = after_scheme (*url, "turns") != NULL;
      const char *rest = after_scheme (*url, tls ? "turns" : "turn");
      g_auto (GStrv) parts = rest != NULL ? g_strsplit (rest, "?", 2) : NULL;
      g_autofree char *host = NULL;

      if (parts == NULL || *parts[0] == '\0')
        continue;
      host = with_port (parts[0], tls ? "5349" : "3478");
      g_strv_builder_take (out, g_strdup_printf ("%s://%s:%s@%s%s%s", tls ? "turns" : "turn", user, password, host,
                                                 parts[1] != NULL ? "?" : "", parts[1] != NULL ? parts[1] : ""));
    }
  return g_strv_builder_end (out);
}
