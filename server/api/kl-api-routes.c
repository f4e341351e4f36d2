/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls of PROTOCOL.md's table. A handler translates: from path, query and body to what the accounts or the core
 * are asked, and their answer's callback is the request's own. */

#include "server/api/kl-api-private.h"

#include "protocol/kl-limits.h"
#include "server/api/kl-api-origin.h"

#include "klatch-config.h"

/* A password of 1,024 bytes, each as \u00XX, and names beside it. */
#define ACCOUNT_BODY_BYTES (16 * 1024)
#define PARAMETER_MAX_BYTES 1024

/* ── Who this is ── */

static void
write_limit (const char *name, gint64 value, gpointer user_data)
{
  kl_json_member_int (user_data, name, value);
}

static void
write_server (KlApi *self, KlJsonWriter *writer)
{
  static const char *const policies[] = { "open", "invite", "closed" };
  const KlSettings *settings = self->settings;

  kl_json_begin_object (writer);
  kl_json_member_string (writer, "name", settings->name);
  kl_json_member_string (writer, "domain", kl_chat_get_settings (self->chat)->domain);
  kl_json_member_string (writer, "version", KL_VERSION);
  kl_json_member_string (writer, "registration", policies[settings->policy]);
  kl_json_key (writer, "limits");
  kl_json_begin_object (writer);
  kl_settings_foreach_limit (settings, write_limit, writer);
  kl_json_member_int (writer, "mesh_limit", settings->mesh_limit);
  kl_json_end_object (writer);
  kl_json_end_object (writer);
}

static void
reply_writer (KlApiRequest *request, KlJsonWriter *writer)
{
  gsize length = 0;
  g_autofree char *json = kl_json_writer_steal_string (writer, &length);

  kl_api_request_reply (request, SOUP_STATUS_OK, json, length);
}

static void
get_server (KlApiRequest *request)
{
  g_auto (KlJsonWriter) writer = { 0 };

  kl_json_writer_init (&writer, 1024);
  write_server (request->api, &writer);
  reply_writer (request, &writer);
}

static void
on_invite_previewed (const KlChatAnswer *answer, gpointer user_data)
{
  KlApiRequest *request = user_data;
  g_auto (KlJsonWriter) writer = { 0 };

  if (answer->code != KL_ERROR_CODE_NONE)
    {
      kl_api_request_reply (request, kl_error_code_to_http_status (answer->code), answer->json, answer->length);
      return;
    }

  /* The core's members, and then ours. */
  g_autoptr (KlJson) preview = kl_json_parse (answer->json, answer->length, NULL);
  yyjson_val *group = preview == NULL ? NULL : yyjson_obj_get (kl_json_get_root (preview), "group");

  kl_json_writer_init (&writer, 1024);
  kl_json_begin_object (&writer);
  if (group != NULL)
    {
      kl_json_key (&writer, "group");
      kl_json_value (&writer, group);
    }
  kl_json_key (&writer, "server");
  write_server (request->api, &writer);
  kl_json_end_object (&writer);
  reply_writer (request, &writer);
}

static void
get_invite (KlApiRequest *request)
{
  KlChatCaller caller = { request->key, FALSE };
  gint64 wait_ms = 0;

  if (kl_chat_accounts_take_look (request->api->accounts, &caller, &wait_ms))
    kl_chat_preview_invite (request->api->chat, request->part, on_invite_previewed, request);
  else
    kl_api_request_fail (request, KL_ERROR_CODE_RATE_LIMITED, "Too many tries from here; wait a little.", NULL,
                         wait_ms);
}

/* ── Coming in ── */

/* Reads `cookie` of a body that asks for a session. FALSE: answered already. */
static gboolean
check_cookie_wish (KlApiRequest *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (request->message);
  g_autofree char *host = kl_sio_peer_dup_host (&request->peer, headers);
  KlJsonFields fields;

  kl_json_fields_init (&fields, kl_json_get_root (request->body));
  request->sets_cookie = kl_json_fields_bool (&fields, "cookie", KL_JSON_OPTIONAL, FALSE);
  if (fields.fault != NULL)
    {
      kl_api_request_fail (request, KL_ERROR_CODE_BAD_REQUEST, fields.fault, fields.fault_field, 0);
      return FALSE;
    }
  if (request->sets_cookie
      && kl_api_origin_judge (headers, host, request->api->settings->public_url, request->peer.https, FALSE)
             == KL_API_ORIGIN_FOREIGN)
    {
      kl_api_request_fail (request, KL_ERROR_CODE_FORBIDDEN, "Another site's page cannot sign anybody in here.", NULL,
                           0);
      return FALSE;
    }
  return TRUE;
}

static void
post_user (KlApiRequest *request)
{
  KlChatCaller caller = { request->key, request->peer.loopback && !request->peer.forwarded };

  if (!check_cookie_wish (request))
    return;
  request->is_created = TRUE;
  kl_chat_accounts_register (request->api->accounts, &caller, kl_json_get_root (request->body), request->sets_cookie,
                             kl_api_request_reply_accounts, request);
}

static void
post_session (KlApiRequest *request)
{
  KlChatCaller caller = { request->key, FALSE };

  if (!check_cookie_wish (request))
    return;
  request->is_created = TRUE;
  kl_chat_accounts_sign_in (request->api->accounts, &caller, kl_json_get_root (request->body), request->sets_cookie,
                            kl_api_request_reply_accounts, request);
}

/* ── Being in ── */

static void
get_sessions (KlApiRequest *request)
{
  kl_chat_accounts_list_sessions (request->api->accounts, request->who, kl_api_request_reply_accounts, request);
}

static void
delete_session (KlApiRequest *request)
{
  const char *current = request->who->session->id;
  const char *id = g_str_equal (request->part, "current") ? current : request->part;

  request->clears_cookie = request->by_cookie && g_str_equal (id, current);
  kl_chat_accounts_end_session (request->api->accounts, request->who, id, kl_api_request_reply_accounts, request);
}

static void
get_me (KlApiRequest *request)
{
  kl_chat_accounts_get_me (request->api->accounts, request->who, kl_api_request_reply_accounts, request);
}

static void
patch_me (KlApiRequest *request)
{
  kl_chat_accounts_update_me (request->api->accounts, request->who, kl_json_get_root (request->body),
                              kl_api_request_reply_accounts, request);
}

static void
put_password (KlApiRequest *request)
{
  kl_chat_accounts_change_password (request->api->accounts, request->who, kl_json_get_root (request->body),
                                    kl_api_request_reply_accounts, request);
}

/* ── What the core answers ── */

static void
call_chat (KlApiRequest *request, const char *event, KlJsonWriter *writer)
{
  gsize length = 0;
  g_autofree char *json = kl_json_writer_steal_string (writer, &length);
  g_autoptr (KlJson) argument = kl_json_parse (json, length, NULL);

  kl_chat_call (request->api->chat, request->who->user->id, event,
                argument == NULL ? NULL : kl_json_get_root (argument), kl_api_request_reply_chat, request);
}

/* Writes the parameter as a number where it looks like one; what does not is for the core to refuse. */
static void
write_number (KlJsonWriter *writer, GHashTable *query, const char *name)
{
  const char *text = g_hash_table_lookup (query, name);
  guint64 number = 0;

  if (text == NULL)
    return;
  if (g_ascii_isdigit (*text) && g_ascii_string_to_unsigned (text, 10, 0, KL_LIMIT_INTEGER_MAX, &number, NULL))
    kl_json_member_int (writer, name, (gint64)number);
  else
    kl_json_member_string (writer, name, text);
}

static void
write_text (KlJsonWriter *writer, GHashTable *query, const char *name)
{
  kl_json_member_string_or_nothing (writer, name, g_hash_table_lookup (query, name));
}

static void
refuse_query (KlApiRequest *request)
{
  kl_api_request_fail (request, KL_ERROR_CODE_BAD_REQUEST, "The query must be name=value&…, in UTF-8, each name once.",
                       NULL, 0);
}

static void
get_groups (KlApiRequest *request)
{
  g_autoptr (GHashTable) query = kl_api_request_parse_query (request);
  g_auto (KlJsonWriter) writer = { 0 };

  if (query == NULL)
    {
      refuse_query (request);
      return;
    }
  kl_json_writer_init (&writer, 128);
  kl_json_begin_object (&writer);
  write_text (&writer, query, "query");
  write_text (&writer, query, "after");
  write_number (&writer, query, "limit");
  kl_json_end_object (&writer);
  call_chat (request, "directory", &writer);
}

static void
get_messages (KlApiRequest *request)
{
  g_autoptr (GHashTable) query = kl_api_request_parse_query (request);
  g_auto (KlJsonWriter) writer = { 0 };

  if (query == NULL)
    {
      refuse_query (request);
      return;
    }
  kl_json_writer_init (&writer, 128);
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "group", request->part);
  write_number (&writer, query, "before");
  write_number (&writer, query, "after");
  write_number (&writer, query, "around");
  write_number (&writer, query, "limit");
  kl_json_end_object (&writer);
  call_chat (request, "history", &writer);
}

static void
post_message (KlApiRequest *request)
{
  g_auto (KlJsonWriter) writer = { 0 };
  yyjson_obj_iter iterator;
  yyjson_val *key;

  kl_json_writer_init (&writer, 1024);
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "group", request->part);
  yyjson_obj_iter_init (kl_json_get_root (request->body), &iterator);
  while ((key = yyjson_obj_iter_next (&iterator)) != NULL)
    {
      /* The path names the group. */
      if (yyjson_equals_str (key, "group"))
        continue;
      kl_json_value (&writer, key);
      g_string_append_c (writer.out, ':');
      writer.comma = FALSE;
      kl_json_value (&writer, yyjson_obj_iter_get_val (key));
    }
  kl_json_end_object (&writer);
  request->is_created = TRUE;
  call_chat (request, "message:send", &writer);
}

const KlApiRoute kl_api_routes[] = {
  { "GET", "server", KL_API_ANYBODY, FALSE, 0, get_server },
  { "POST", "users", KL_API_ANYBODY, TRUE, ACCOUNT_BODY_BYTES, post_user },
  { "POST", "sessions", KL_API_ANYBODY, TRUE, ACCOUNT_BODY_BYTES, post_session },
  { "GET", "sessions", KL_API_SIGNED_IN, FALSE, 0, get_sessions },
  { "DELETE", "sessions/*", KL_API_SIGNED_IN, FALSE, 0, delete_session },
  { "GET", "me", KL_API_SIGNED_IN, FALSE, 0, get_me },
  { "PATCH", "me", KL_API_SIGNED_IN, TRUE, ACCOUNT_BODY_BYTES, patch_me },
  { "PUT", "me/password", KL_API_SIGNED_IN, TRUE, ACCOUNT_BODY_BYTES, put_password },
  { "GET", "groups", KL_API_SIGNED_IN, FALSE, 0, get_groups },
  { "GET", "groups/*/messages", KL_API_SIGNED_IN, FALSE, 0, get_messages },
  { "POST", "groups/*/messages", KL_API_SIGNED_IN, TRUE, 0, post_message },
  { "GET", "invites/*", KL_API_ANYBODY, FALSE, 0, get_invite },
  { NULL, NULL, KL_API_ANYBODY, FALSE, 0, NULL },
};
