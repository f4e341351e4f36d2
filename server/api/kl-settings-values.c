/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parsers without state; kl-settings.c puts their words behind the name of the key. */

#include "server/api/kl-settings-values.h"

#define TITLE_MAX_CHARS 100
#define DOMAIN_MAX_BYTES 253
#define LABEL_MAX_BYTES 63
#define LIST_DELIMITERS ", \t"

gboolean
kl_settings_parse_number (const char *text, gint64 min, gint64 max, gint64 *value, char **why)
{
  guint64 number = 0;

  /* GLib's parser takes a sign and blanks in front; an administrator's "+5" is a slip of the finger. */
  if (!g_ascii_isdigit (text[0]) || !g_ascii_string_to_unsigned (text, 10, (guint64)min, (guint64)max, &number, NULL))
    {
      *why = g_strdup_printf ("must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
      return FALSE;
    }
  *value = (gint64)number;
  return TRUE;
}

gboolean
kl_settings_parse_word (const char *text, const char *const *words, gint64 *value, char **why)
{
  for (int i = 0; words[i] != NULL; i++)
    if (g_str_equal (text, words[i]))
      {
        *value = i;
        return TRUE;
      }

  g_autofree char *list = g_strjoinv (", ", (char **)words);
  *why = g_strdup_printf ("must be one of: %s", list);
  return FALSE;
}

gboolean
kl_settings_parse_listen (const char *text, GSocketAddress **address, char **why)
{
  const char *colon = strrchr (text, ':');
  guint64 port = 0;

  if (colon != NULL && g_ascii_isdigit (colon[1])
      && g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &port, NULL))
    {
      g_autofree char *host = g_strndup (text, (gsize)(colon - text));
      gsize length = strlen (host);
      gboolean bracketed = length > 2 && host[0] == '[' && host[length - 1] == ']';
      g_autoptr (GInetAddress) inet = NULL;

      if (bracketed)
        {
          g_autofree char *inner = g_strndup (host + 1, length - 2);
          inet = g_inet_address_new_from_string (inner);
        }
      else if (g_str_equal (host, "localhost"))
        inet = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
      else if (strchr (host, ':') == NULL)
        inet = g_inet_address_new_from_string (host);

      if (inet != NULL)
        {
          *address = g_inet_socket_address_new (inet, (guint16)port);
          return TRUE;
        }
    }

  *why = g_strdup ("must be ADDRESS:PORT with a numeric address, like 127.0.0.1:8765, 0.0.0.0:8765 or [::]:8765");
  return FALSE;
}

gboolean
kl_settings_parse_origin (const char *text, char **origin, char **host, char **why)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
  const char *scheme = uri == NULL ? NULL : g_uri_get_scheme (uri);

  if (scheme == NULL || (!g_str_equal (scheme, "https") && !g_str_equal (scheme, "http"))
      || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0' || g_uri_get_userinfo (uri) != NULL
      || g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL
      || (*g_uri_get_path (uri) != '\0' && !g_str_equal (g_uri_get_path (uri), "/")))
    {
      *why = g_strdup (
          "must be https://HOST or http://HOST, with :PORT where it is not the usual one, and without a path");
      return FALSE;
    }

  int default_port = g_str_equal (scheme, "https") ? 443 : 80;
  int port = g_uri_get_port (uri) == default_port ? -1 : g_uri_get_port (uri);
  g_autofree char *lower = g_ascii_strdown (g_uri_get_host (uri), -1);
  g_autofree char *joined = g_uri_join (G_URI_FLAGS_NONE, scheme, NULL, lower, port, "", NULL, NULL);

  *origin = g_steal_pointer (&joined);
  *host = g_steal_pointer (&lower);
  return TRUE;
}

static gboolean
is_label (const char *label)
{
  gsize length = strlen (label);

  if (length == 0 || length > LABEL_MAX_BYTES || label[0] == '-' || label[length - 1] == '-')
    return FALSE;
  for (const char *p = label; *p != '\0'; p++)
    if (!g_ascii_islower (*p) && !g_ascii_isdigit (*p) && *p != '-')
      return FALSE;
  return TRUE;
}

gboolean
kl_settings_parse_domain (const char *text, char **why)
{
  gboolean good = strlen (text) <= DOMAIN_MAX_BYTES;
  g_auto (GStrv) labels = g_strsplit (text, ".", -1);

  for (int i = 0; good && labels[i] != NULL; i++)
    good = is_label (labels[i]);
  good = good && labels[0] != NULL;

  if (!good)
    *why = g_strdup ("must be a domain name in lower case, like example.org");
  return good;
}

char **
kl_settings_parse_networks (const char *text, char **why)
{
  g_auto (GStrv) parts = g_strsplit_set (text, LIST_DELIMITERS, -1);
  g_autoptr (GStrvBuilder) networks = g_strv_builder_new ();

  for (int i = 0; parts[i] != NULL; i++)
    {
      g_autoptr (GInetAddressMask) mask
          = *parts[i] == '\0' ? NULL : g_inet_address_mask_new_from_string (parts[i], NULL);

      if (mask != NULL)
        g_strv_builder_add (networks, parts[i]);
      else if (*parts[i] != '\0')
        {
          *why = g_strdup_printf ("must list addresses or networks, like 127.0.0.1 or 10.0.0.0/8; “%s” is neither",
                                  parts[i]);
          return NULL;
        }
    }
  return g_strv_builder_end (networks);
}

gboolean
kl_settings_parse_title (const char *text, char **why)
{
  gboolean good = g_utf8_validate (text, -1, NULL);
  glong chars = good ? g_utf8_strlen (text, -1) : 0;

  good = good && chars >= 1 && chars <= TITLE_MAX_CHARS;
  for (const char *p = text; good && *p != '\0'; p = g_utf8_next_char (p))
    good = !g_unichar_iscntrl (g_utf8_get_char (p));

  if (!good)
    *why = g_strdup_printf ("must have 1 to %d characters of UTF-8, none of them a control character", TITLE_MAX_CHARS);
  return good;
}

gboolean
kl_settings_parse_ice (const char *text, const char *const *schemes, char **why)
{
  g_auto (GStrv) parts = g_strsplit_set (text, LIST_DELIMITERS, -1);

  for (int i = 0; parts[i] != NULL; i++)
    {
      gboolean good = *parts[i] == '\0';

      for (int s = 0; !good && schemes[s] != NULL; s++)
        good = g_str_has_prefix (parts[i], schemes[s]) && parts[i][strlen (schemes[s])] != '\0';
      if (!good)
        {
          *why = g_strdup_printf ("must list servers that begin with %s", schemes[0]);
          return FALSE;
        }
    }
  return TRUE;
}
