/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What proves a place in a call, and what opens a relay. */
#include "server/chat/kl-chat-calls-private.h"

#include <sodium.h>
#include <string.h>

/* A token is ISSUED.STARTED_AT.STARTED_BY.MAC; what else it proves the client says itself. */
#define TOKEN_PARTS 4
#define TOKEN_LIFE_MS (12 * 60 * 60 * 1000)

static char *
make_mac (KlChat *chat, const KlChatCallClaims *claims, gint64 issued)
{
  g_autofree char *text
      = g_strdup_printf ("klatch call\n%s\n%s\n%s\n%s\n%s\n%" G_GINT64_FORMAT "\n%" G_GINT64_FORMAT, claims->call,
                         claims->peer, claims->user, claims->group, claims->started_by, claims->started_at, issued);

  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *) chat->secret, strlen (chat->secret), text, -1);
}

char *
kl_chat_call_token_new (KlChat *chat, const KlChatCallClaims *claims)
{
  gint64 issued = kl_chat_now_ms ();
  g_autofree char *mac = make_mac (chat, claims, issued);

  return g_strdup_printf ("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%s.%s", issued, claims->started_at,
                          claims->started_by, mac);
}

static gboolean
read_time (const char *text, gint64 *time)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 0, KL_LIMIT_INTEGER_MAX, &value, NULL))
    return FALSE;
  *time = (gint64) value;

  return TRUE;
}

gboolean
kl_chat_call_token_check (KlChat *chat, const char *token, KlChatCallClaims *claims, char **started_by)
{
  g_auto (GStrv) parts = g_strsplit (token, ".", TOKEN_PARTS + 1);
  g_autofree char *mac = NULL;
  gint64 issued, now = kl_chat_now_ms ();

  if (g_strv_length (parts) != TOKEN_PARTS || !read_time (parts[0], &issued)
      || !read_time (parts[1], &claims->started_at))
    return FALSE;

  claims->started_by = parts[2];
  mac = make_mac (chat, claims, issued);
  if (strlen (parts[3]) != strlen (mac) || sodium_memcmp (mac, parts[3], strlen (mac)) != 0
      || issued > now + TOKEN_LIFE_MS || now - issued > TOKEN_LIFE_MS)
    return FALSE;

  *started_by = g_strdup (parts[2]);
  claims->started_by = *started_by;

  return TRUE;
}

/* ── Relays ── */

static void
begin_server (KlJsonWriter *out, const char *url)
{
  kl_json_begin_object (out);
  kl_json_key (out, "urls");
  kl_json_begin_array (out);
  kl_json_string (out, url, -1);
  kl_json_end_array (out);
}

/* The scheme that coturn calls use-auth-secret: the name says until when, the password is its MAC. */
static void
write_turn (KlJsonWriter *out, const KlChatSettings *settings, const char *user)
{
  gint64 expires_s = g_get_real_time () / G_USEC_PER_SEC + settings->turn_ttl_s;
  g_autofree char *name = g_strdup_printf ("%" G_GINT64_FORMAT ":%s", expires_s, user);
  g_autoptr (GHmac) hmac
      = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *) settings->turn_secret, strlen (settings->turn_secret));
  guint8 digest[20];
  gsize length = sizeof digest;
  g_autofree char *credential = NULL;

  g_hmac_update (hmac, (const guchar *) name, -1);
  g_hmac_get_digest (hmac, digest, &length);
  credential = g_base64_encode (digest, length);
  begin_server (out, settings->turn);
  kl_json_member_string (out, "username", name);
  kl_json_member_string (out, "credential", credential);
  kl_json_end_object (out);
}

void
kl_chat_call_write_ice_servers (KlJsonWriter *out, KlChat *chat, const char *user)
{
  const KlChatSettings *settings = &chat->settings;

  kl_json_begin_array (out);
  if (settings->stun)
    {
      begin_server (out, settings->stun);
      kl_json_end_object (out);
    }
  if (settings->turn && settings->turn_secret)
    write_turn (out, settings, user);
  kl_json_end_array (out);
}
