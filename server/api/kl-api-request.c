/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way of a REST request: found in the table, its body bounded before it is read, its sender looked up, its body
 * parsed, its handler called, its one answer given. libsoup's message is paused meanwhile; should the client be gone by
 * then, the answer goes nowhere. */

#include "server/api/kl-api-private.h"

#include "server/api/kl-api-origin.h"

#define API_PREFIX "/api/"
#define ROUTE_PREFIX "/api/v1/"
/* Of a request that has no use for a body. */
#define IDLE_BODY_BYTES 4096
#define TOKEN_MAX_BYTES 256

/* ── Answers ── */

void
kl_api_add_common_headers (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Referrer-Policy", "no-referrer");
}

char *
kl_api_make_error (KlErrorCode code, const char *message, const char *field, gint64 retry_after_ms, gsize *length)
{
  g_auto (KlJsonWriter) writer = { 0 };

  kl_json_writer_init (&writer, 128);
  kl_json_begin_object (&writer);
  kl_json_key (&writer, "error");
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "code", kl_error_code_to_string (code));
  kl_json_member_string (&writer, "message", message);
  kl_json_member_string_or_nothing (&writer, "field", field);
  if (retry_after_ms > 0)
    kl_json_member_int (&writer, "retry_after_ms", retry_after_ms);
  kl_json_end_object (&writer);
  kl_json_end_object (&writer);
  return kl_json_writer_steal_string (&writer, length);
}

/* libsoup takes Content-Length away from a 204, and then believes that the body ends with the connection. */
static void
on_empty_wrote_headers (SoupServerMessage *message, gpointer unused)
{
  soup_message_headers_set_encoding (soup_server_message_get_response_headers (message), SOUP_ENCODING_NONE);
}

static void
set_json (SoupServerMessage *message, guint status, const char *json, gsize length, gint64 retry_after_ms)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  kl_api_add_common_headers (message);
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  soup_message_headers_replace (headers, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (status == SOUP_STATUS_UNAUTHORIZED)
    soup_message_headers_replace (headers, "WWW-Authenticate", "Bearer");
  if (retry_after_ms > 0)
    {
      g_autofree char *seconds = g_strdup_printf ("%" G_GINT64_FORMAT, (retry_after_ms + 999) / 1000);
      soup_message_headers_replace (headers, "Retry-After", seconds);
    }
  soup_server_message_set_status (message, status, NULL);
  if (json != NULL)
    soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, json, length);
  else
    g_signal_connect (message, "wrote-headers", G_CALLBACK (on_empty_wrote_headers), NULL);
}

static void
refuse_message (SoupServerMessage *message, guint status, KlErrorCode code, const char *text, gint64 retry_after_ms)
{
  gsize length = 0;
  g_autofree char *json = kl_api_make_error (code, text, NULL, retry_after_ms, &length);

  set_json (message, status, json, length, retry_after_ms);
}

static void
free_request (KlApiRequest *request)
{
  request->api->n_requests--;
  g_clear_pointer (&request->body, kl_json_unref);
  g_free (request->part);
  g_object_unref (request->message);
  g_object_unref (request->api);
  g_free (request);
}

static void
finish (KlApiRequest *request, guint status, const char *json, gsize length, gint64 retry_after_ms)
{
  set_json (request->message, status, json, length, retry_after_ms);
  if (request->clears_cookie && status < SOUP_STATUS_BAD_REQUEST)
    {
      g_autofree char *cookie = kl_api_cookie_make (NULL, kl_api_is_https (request->api, &request->peer));
      soup_message_headers_append (soup_server_message_get_response_headers (request->message), "Set-Cookie", cookie);
    }
  soup_server_message_unpause (request->message);
  free_request (request);
}

void
kl_api_request_reply (KlApiRequest *request, guint status, const char *json, gsize length)
{
  finish (request, status, json, length, 0);
}

void
kl_api_request_fail (KlApiRequest *request, KlErrorCode code, const char *message, const char *field,
                     gint64 retry_after_ms)
{
  gsize length = 0;
  g_autofree char *json = kl_api_make_error (code, message, field, retry_after_ms, &length);

  finish (request, kl_error_code_to_http_status (code), json, length, retry_after_ms);
}

static guint
get_success_status (KlApiRequest *request, const char *json)
{
  if (json == NULL)
    return SOUP_STATUS_NO_CONTENT;
  return request->is_created ? SOUP_STATUS_CREATED : SOUP_STATUS_OK;
}

void
kl_api_request_reply_accounts (const KlChatAccountsAnswer *answer, gpointer user_data)
{
  KlApiRequest *request = user_data;

  if (answer->code != KL_ERROR_CODE_NONE)
    {
      finish (request, kl_error_code_to_http_status (answer->code), answer->json, answer->length,
              answer->retry_after_ms);
      return;
    }
  if (request->sets_cookie && answer->token != NULL)
    {
      g_autofree char *cookie = kl_api_cookie_make (answer->token, kl_api_is_https (request->api, &request->peer));
      soup_message_headers_append (soup_server_message_get_response_headers (request->message), "Set-Cookie", cookie);
    }
  finish (request, get_success_status (request, answer->json), answer->json, answer->length, 0);
}

void
kl_api_request_reply_chat (const KlChatAnswer *answer, gpointer user_data)
{
  KlApiRequest *request = user_data;
  gsize length = 0;
  g_autofree char *json = kl_chat_answer_to_rest (answer, &length);
  guint status = kl_error_code_to_http_status (answer->code);

  if (answer->code == KL_ERROR_CODE_NONE)
    status = request->is_created && !answer->repeated ? SOUP_STATUS_CREATED : SOUP_STATUS_OK;
  finish (request, status, json, length, answer->code == KL_ERROR_CODE_NONE ? 0 : answer->retry_after_ms);
}

/* ── Queries ── */

static char *
decode_component (const char *text)
{
  g_autofree char *spaced = g_strdelimit (g_strdup (text), "+", ' ');
  g_autofree char *decoded = g_uri_unescape_string (spaced, NULL);

  return decoded != NULL && g_utf8_validate (decoded, -1, NULL) ? g_steal_pointer (&decoded) : NULL;
}

GHashTable *
kl_api_request_parse_query (KlApiRequest *request)
{
  g_autoptr (GHashTable) query = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *text = g_uri_get_query (soup_server_message_get_uri (request->message));
  g_auto (GStrv) pairs = g_strsplit (text == NULL ? "" : text, "&", -1);

  for (int i = 0; pairs[i] != NULL; i++)
    {
      if (*pairs[i] == '\0')
        continue;
      char *equals = strchr (pairs[i], '=');
      g_autofree char *value = decode_component (equals == NULL ? "" : equals + 1);
      if (equals != NULL)
        *equals = '\0';
      g_autofree char *name = decode_component (pairs[i]);

      if (name == NULL || value == NULL
          || !g_hash_table_insert (query, g_steal_pointer (&name), g_steal_pointer (&value)))
        return NULL;
    }
  return g_steal_pointer (&query);
}

/* ── The table ── */

static gboolean
match_path (const char *pattern, const char *path, char **part)
{
  g_auto (GStrv) expected = g_strsplit (pattern, "/", -1);
  g_auto (GStrv) given = g_strsplit (path, "/", -1);
  const char *found = NULL;

  if (g_strv_length (expected) != g_strv_length (given))
    return FALSE;
  for (int i = 0; expected[i] != NULL; i++)
    if (g_str_equal (expected[i], "*") && *given[i] != '\0')
      found = given[i];
    else if (!g_str_equal (expected[i], given[i]))
      return FALSE;
  if (part != NULL)
    *part = g_strdup (found);
  return TRUE;
}

static const char *
get_table_method (SoupServerMessage *message)
{
  const char *method = soup_server_message_get_method (message);

  return g_str_equal (method, "HEAD") ? "GET" : method;
}

/* `allowed` (may be NULL) collects the methods of the path where it is there, but not with this method. */
static const KlApiRoute *
find_route (SoupServerMessage *message, const char *path, char **part, GString *allowed)
{
  const char *method = get_table_method (message);

  if (!g_str_has_prefix (path, ROUTE_PREFIX))
    return NULL;
  for (const KlApiRoute *route = kl_api_routes; route->method != NULL; route++)
    {
      g_autofree char *found = NULL;

      if (!match_path (route->path, path + strlen (ROUTE_PREFIX), &found))
        continue;
      if (g_str_equal (route->method, method))
        {
          if (part != NULL)
            *part = g_steal_pointer (&found);
          return route;
        }
      if (allowed != NULL)
        g_string_append_printf (allowed, "%s%s%s", allowed->len > 0 ? ", " : "", route->method,
                                g_str_equal (route->method, "GET") ? ", HEAD" : "");
    }
  return NULL;
}

/* ── Who sent it ── */

/* The token that the request brings by header or, where it may count, by cookie. */
static char *
dup_token (KlApiRequest *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (request->message);
  const char *authorization = soup_message_headers_get_list (headers, "Authorization");
  gboolean is_get = g_str_equal (get_table_method (request->message), "GET");

  if (authorization != NULL)
    return g_ascii_strncasecmp (authorization, "Bearer ", 7) == 0 ? g_strstrip (g_strdup (authorization + 7)) : NULL;

  g_autofree char *host = kl_sio_peer_dup_host (&request->peer, headers);
  switch (kl_api_origin_judge (headers, host, request->api->settings->public_url, request->peer.https, is_get))
    {
    case KL_API_ORIGIN_UNSAID:
      if (!is_get)
        return NULL;
      break;
    case KL_API_ORIGIN_SAME:
      break;
    case KL_API_ORIGIN_FOREIGN:
    default:
      return NULL;
    }
  request->by_cookie = TRUE;
  return kl_api_cookie_dup (headers, kl_api_get_cookie_name (request->api, &request->peer));
}

static void
on_authenticated (KlStoreSignedIn *who, KlErrorCode code, gpointer user_data)
{
  KlApiRequest *request = user_data;

  if (who != NULL)
    {
      kl_sio_listener_set_signed_in (request->api->listener, request->message);
      request->who = who;
      request->route->handler (request);
    }
  else if (code == KL_ERROR_CODE_UNAUTHORIZED)
    kl_api_request_fail (request, code, "Please sign in.", NULL, 0);
  else if (code == KL_ERROR_CODE_UNAVAILABLE)
    kl_api_request_fail (request, code, "The server cannot look this up just now.", NULL, 1000);
  else
    kl_api_request_fail (request, code, "Something is wrong with the server.", NULL, 0);
}

static void
authenticate (KlApiRequest *request)
{
  g_autofree char *token = dup_token (request);

  if (token == NULL || *token == '\0' || strlen (token) > TOKEN_MAX_BYTES)
    on_authenticated (NULL, KL_ERROR_CODE_UNAUTHORIZED, request);
  else
    kl_chat_accounts_authenticate (request->api->accounts, token, on_authenticated, request);
}

/* ── The way in ── */

static gboolean
parse_body (KlApiRequest *request)
{
  SoupMessageBody *message_body = soup_server_message_get_request_body (request->message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (message_body);
  gsize length = 0;
  const void *data = g_bytes_get_data (bytes, &length);
  KlJsonStatus status = KL_JSON_OK;

  request->body = kl_json_parse (data, length, &status);
  if (request->body != NULL && yyjson_is_obj (kl_json_get_root (request->body)))
    return TRUE;

  switch (status)
    {
    case KL_JSON_TOO_DEEP:
      kl_api_request_fail (request, KL_ERROR_CODE_BAD_REQUEST, "The body is nested too deep.", NULL, 0);
      break;
    case KL_JSON_DUPLICATE_KEY:
      kl_api_request_fail (request, KL_ERROR_CODE_BAD_REQUEST, "The body has a key twice.", NULL, 0);
      break;
    case KL_JSON_MALFORMED:
    case KL_JSON_OK:
    default:
      kl_api_request_fail (request, KL_ERROR_CODE_BAD_REQUEST, "The body must be a JSON object.", NULL, 0);
    }
  return FALSE;
}

static void
refuse_route (SoupServerMessage *message, const GString *allowed)
{
  if (allowed->len == 0)
    {
      refuse_message (message, SOUP_STATUS_NOT_FOUND, KL_ERROR_CODE_NOT_FOUND, "There is nothing here.", 0);
      return;
    }
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow", allowed->str);
  refuse_message (message, SOUP_STATUS_METHOD_NOT_ALLOWED, KL_ERROR_CODE_BAD_REQUEST, "This cannot be done here.", 0);
}

static void
serve_rest (KlApi *self, SoupServerMessage *message, const char *path)
{
  g_autoptr (GString) allowed = g_string_new (NULL);
  g_autofree char *part = NULL;
  const KlApiRoute *route = find_route (message, path, &part, allowed);

  if (route == NULL)
    {
      refuse_route (message, allowed);
      return;
    }
  if (self->stopping)
    {
      refuse_message (message, SOUP_STATUS_SERVICE_UNAVAILABLE, KL_ERROR_CODE_UNAVAILABLE, "The server is stopping.",
                      self->retry_after_ms);
      return;
    }

  KlApiRequest *request = g_new0 (KlApiRequest, 1);
  request->api = g_object_ref (self);
  request->message = g_object_ref (message);
  request->route = route;
  request->part = g_steal_pointer (&part);
  self->n_requests++;
  kl_sio_listener_get_peer (self->listener, message, &request->peer);
  kl_sio_address_key (request->peer.address, request->key);
  soup_server_message_pause (message);

  if (route->has_body && !parse_body (request))
    return;
  if (route->access == KL_API_SIGNED_IN)
    authenticate (request);
  else
    route->handler (request);
}

static void
on_soup_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *unused_query,
                 gpointer user_data)
{
  KlApi *self = user_data;

  if (g_str_has_prefix (path, API_PREFIX) || g_str_equal (path, "/api"))
    serve_rest (self, message, path);
  else
    kl_api_serve_page (self, message, path);
}

/* Before the body is read. */
static void
on_soup_early_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *unused_query,
                       gpointer user_data)
{
  KlApi *self = user_data;
  const KlApiRoute *route = find_route (message, path, NULL, NULL);
  gsize max_bytes = IDLE_BODY_BYTES;
  g_autofree char *json = kl_api_make_error (KL_ERROR_CODE_TOO_LARGE, "The body is too large.", NULL, 0, &(gsize){ 0 });

  if (route != NULL && route->has_body)
    max_bytes = route->max_body_bytes != 0 ? route->max_body_bytes : (gsize)self->settings->packet_bytes;
  kl_sio_listener_limit_body (self->listener, message, max_bytes, json);
}

void
kl_api_rest_init (KlApi *self)
{
  SoupServer *soup = kl_sio_listener_get_soup (self->listener);

  soup_server_add_early_handler (soup, "/", on_soup_early_request, self, NULL);
  soup_server_add_handler (soup, "/", on_soup_request, self, NULL);
}
