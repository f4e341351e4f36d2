/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/socketio/kl-sio-address.h"

#include <arpa/inet.h>
#include <string.h>

struct _KlSioProxies
{
  GPtrArray *masks; /* of GInetAddressMask */
};

/* Numbers only; a port and the brackets of IPv6 are left off. FALSE: no address. */
static gboolean
parse_hop (const char *hop, char text[KL_SIO_ADDRESS_SIZE])
{
  char copy[64];
  struct in6_addr six;
  struct in_addr four;
  char *end;

  if (g_strlcpy (copy, hop, sizeof copy) >= sizeof copy)
    return FALSE;
  g_strstrip (copy);
  if (copy[0] == '"')
    {
      memmove (copy, copy + 1, strlen (copy));
      if ((end = strchr (copy, '"')))
        *end = 0;
    }
  if (copy[0] == '[')
    {
      if (!(end = strchr (copy, ']')))
        return FALSE;
      *end = 0;
      memmove (copy, copy + 1, strlen (copy));
    }
  else if ((end = strchr (copy, ':')) && !strchr (end + 1, ':'))
    {
      *end = 0;
    }

  if (inet_pton (AF_INET, copy, &four) == 1)
    return inet_ntop (AF_INET, &four, text, KL_SIO_ADDRESS_SIZE) != NULL;
  if (inet_pton (AF_INET6, copy, &six) != 1)
    return FALSE;
  if (IN6_IS_ADDR_V4MAPPED (&six))
    return inet_ntop (AF_INET, six.s6_addr + 12, text, KL_SIO_ADDRESS_SIZE) != NULL;

  return inet_ntop (AF_INET6, &six, text, KL_SIO_ADDRESS_SIZE) != NULL;
}

void
kl_sio_address_from_socket (GSocketAddress *address, char text[KL_SIO_ADDRESS_SIZE])
{
  g_autofree char *numbers = NULL;

  text[0] = 0;
  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return;

  numbers = g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
  if (!parse_hop (numbers, text))
    text[0] = 0;
}

void
kl_sio_address_key (const char *address, char *key)
{
  struct in6_addr six;

  if (inet_pton (AF_INET6, address, &six) != 1)
    {
      g_strlcpy (key, address, KL_SIO_ADDRESS_SIZE);
      return;
    }

  memset (six.s6_addr + 8, 0, 8);
  inet_ntop (AF_INET6, &six, key, KL_SIO_ADDRESS_SIZE);
}

KlSioProxies *
kl_sio_proxies_new (const char *const *addresses, GError **error)
{
  KlSioProxies *self = g_new0 (KlSioProxies, 1);

  self->masks = g_ptr_array_new_with_free_func (g_object_unref);
  for (; addresses && *addresses; addresses++)
    {
      g_autoptr (GError) reason = NULL;
      GInetAddressMask *mask = g_inet_address_mask_new_from_string (*addresses, &reason);

      if (!mask)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "“%s” is neither an address nor a block of addresses", *addresses);
          kl_sio_proxies_free (self);
          return NULL;
        }
      g_ptr_array_add (self->masks, mask);
    }

  return self;
}

void
kl_sio_proxies_free (KlSioProxies *self)
{
  g_ptr_array_unref (self->masks);
  g_free (self);
}

gboolean
kl_sio_proxies_trust (KlSioProxies *self, const char *address)
{
  g_autoptr (GInetAddress) inet = NULL;

  if (self->masks->len == 0 || !address[0])
    return FALSE;

  inet = g_inet_address_new_from_string (address);
  for (guint i = 0; i < self->masks->len; i++)
    if (g_inet_address_mask_matches (g_ptr_array_index (self->masks, i), inet))
      return TRUE;

  return FALSE;
}

static gboolean
has_forwarding_header (SoupMessageHeaders *headers)
{
  SoupMessageHeadersIter iter;
  const char *name, *value;

  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    if (g_ascii_strcasecmp (name, "Forwarded") == 0 || g_ascii_strncasecmp (name, "X-Forwarded-", 12) == 0 ||
        g_ascii_strcasecmp (name, "X-Real-IP") == 0 || g_ascii_strcasecmp (name, "Via") == 0)
      return TRUE;

  return FALSE;
}

/* From the right, the first hop that is not trusted; where all are, the left-most. */
static void
walk_hops (KlSioProxies *self, const char *const *hops, char address[KL_SIO_ADDRESS_SIZE])
{
  char hop[KL_SIO_ADDRESS_SIZE];

  for (guint i = g_strv_length ((char **) hops); i > 0; i--)
    {
      /* What is no address was not written by a proxy that knows what it does: go no further. */
      if (!parse_hop (hops[i - 1], hop))
        return;
      memcpy (address, hop, KL_SIO_ADDRESS_SIZE);
      if (!kl_sio_proxies_trust (self, hop))
        return;
    }
}

/* The nearest proxy's word stands last. */
static char *
dup_last (const char *list)
{
  const char *comma = strrchr (list, ',');

  return g_strstrip (g_strdup (comma ? comma + 1 : list));
}

static gboolean
is_https (const char *word)
{
  return word && g_ascii_strcasecmp (word, "https") == 0;
}

/* ── RFC 7239 ── */

/* Parts of TEXT between SEPARATORs that stand in no quotes. NULL: a quote does not end. */
static char **
split_unquoted (const char *text, char separator)
{
  g_autoptr (GStrvBuilder) parts = g_strv_builder_new ();
  const char *start = text, *at;
  gboolean quoted = FALSE;

  for (at = text; *at; at++)
    {
      if (*at == '"')
        quoted = !quoted;
      else if (quoted && *at == '\\' && at[1])
        at++;
      else if (!quoted && *at == separator)
        {
          g_strv_builder_take (parts, g_strstrip (g_strndup (start, (gsize) (at - start))));
          start = at + 1;
        }
    }
  if (quoted)
    return NULL;

  g_strv_builder_take (parts, g_strstrip (g_strdup (start)));
  return g_strv_builder_end (parts);
}

/* The value of NAME in one element, without its quotes; NULL: it has none. */
static char *
dup_parameter (const char *element, const char *name)
{
  g_auto (GStrv) pairs = split_unquoted (element, ';');
  gsize length = strlen (name);

  for (char **pair = pairs; pair && *pair; pair++)
    if (g_ascii_strncasecmp (*pair, name, length) == 0 && (*pair)[length] == '=')
      {
        const char *value = *pair + length + 1;
        gsize size = strlen (value);

        return size >= 2 && value[0] == '"' && value[size - 1] == '"' ? g_strndup (value + 1, size - 2) : g_strdup (value);
      }

  return NULL;
}

static void
judge_forwarded (KlSioProxies *self, const char *list, KlSioPeer *peer)
{
  g_auto (GStrv) elements = split_unquoted (list, ',');
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) hops = NULL;
  g_autofree char *proto = NULL;
  guint n = elements ? g_strv_length (elements) : 0;

  if (n == 0)
    return;

  for (guint i = 0; i < n; i++)
    {
      char *hop = dup_parameter (elements[i], "for");

      g_strv_builder_take (builder, hop ? hop : g_strdup (""));
    }
  hops = g_strv_builder_end (builder);
  walk_hops (self, (const char *const *) hops, peer->address);
  proto = dup_parameter (elements[n - 1], "proto");
  peer->https = is_https (proto);
}

/* ── What comes of it ── */

static const char *
get_list (SoupMessageHeaders *headers, const char *name)
{
  return soup_message_headers_get_list (headers, name);
}

/* Both families at once: the proxy writes one of them, and may have let the other pass as the client wrote it. */
static gboolean
has_x_forwarded (SoupMessageHeaders *headers)
{
  return get_list (headers, "X-Forwarded-For") || get_list (headers, "X-Forwarded-Proto") ||
         get_list (headers, "X-Forwarded-Host");
}

char *
kl_sio_peer_dup_host (const KlSioPeer *peer, SoupMessageHeaders *headers)
{
  const char *list = peer->proxied ? get_list (headers, "X-Forwarded-Host") : NULL;

  if (list)
    return dup_last (list);
  if (peer->proxied && !has_x_forwarded (headers) && (list = get_list (headers, "Forwarded")))
    {
      g_auto (GStrv) elements = split_unquoted (list, ',');
      char *host = elements ? dup_parameter (elements[g_strv_length (elements) - 1], "host") : NULL;

      if (host)
        return host;
    }

  return g_strdup (soup_message_headers_get_one (headers, "Host"));
}

void
kl_sio_proxies_judge (KlSioProxies *self, GSocketAddress *remote, SoupMessageHeaders *headers, KlSioPeer *peer)
{
  const char *value;

  memset (peer, 0, sizeof *peer);
  kl_sio_address_from_socket (remote, peer->address);
  peer->loopback = strcmp (peer->address, "::1") == 0 || g_str_has_prefix (peer->address, "127.");
  peer->forwarded = has_forwarding_header (headers);
  if (!peer->forwarded || !kl_sio_proxies_trust (self, peer->address))
    return;

  peer->proxied = TRUE;
  if (has_x_forwarded (headers))
    {
      if ((value = get_list (headers, "X-Forwarded-For")))
        {
          g_auto (GStrv) hops = g_strsplit (value, ",", -1);

          walk_hops (self, (const char *const *) hops, peer->address);
        }
      if ((value = get_list (headers, "X-Forwarded-Proto")))
        {
          g_autofree char *proto = dup_last (value);

          peer->https = is_https (proto);
        }
    }
  else if ((value = get_list (headers, "Forwarded")))
    judge_forwarded (self, value, peer);
}
