/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The browser client out of the program itself, and the few paths that machines ask for.
 *
 * Assets carry a hash in their names: they never change, and what is not there is 404, not the page. The page itself is
 * asked for anew each time (ETag), so that an upgrade is seen at once. Files are read and compressed at the start, and
 * both forms kept: they are few. */

#include "server/api/kl-api-private.h"

#include <sodium.h>

#define WEB_PREFIX "/chat/klatch/web/"
#define ASSETS_PREFIX "/assets/"
#define MIN_COMPRESSED_BYTES 512
#define ETAG_HASH_BYTES 16
#define COMPRESSION_LEVEL 6

#define PAGE_POLICY                                                                                                    \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "      \
  "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; " \
  "frame-ancestors 'none'"

/* A file of the browser client. */
typedef struct
{
  GBytes *plain;
  GBytes *gzip; /* NULL: not worth it */
  char *etag;
} KlApiPage;

static void
free_page (KlApiPage *page)
{
  g_bytes_unref (page->plain);
  g_clear_pointer (&page->gzip, g_bytes_unref);
  g_free (page->etag);
  g_free (page);
}

static const struct
{
  const char *suffix;
  const char *type;
  gboolean compressible;
} types[] = {
  { ".html", "text/html; charset=utf-8", TRUE },
  { ".js", "text/javascript; charset=utf-8", TRUE },
  { ".css", "text/css; charset=utf-8", TRUE },
  { ".svg", "image/svg+xml", TRUE },
  { ".json", "application/json", TRUE },
  { ".webmanifest", "application/manifest+json", TRUE },
  { ".txt", "text/plain; charset=utf-8", TRUE },
  { ".png", "image/png", FALSE },
  { ".webp", "image/webp", FALSE },
  { ".ico", "image/x-icon", FALSE },
  { ".woff2", "font/woff2", FALSE },
};

static int
find_type (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i].suffix))
      return (int)i;
  return -1;
}

static GBytes *
compress (GBytes *plain)
{
  g_autoptr (GConverter) compressor
      = G_CONVERTER (g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, COMPRESSION_LEVEL));
  g_autoptr (GBytes) gzip = g_converter_convert_bytes (compressor, plain, NULL);

  return gzip != NULL && g_bytes_get_size (gzip) < g_bytes_get_size (plain) ? g_steal_pointer (&gzip) : NULL;
}

static void
read_page (KlApi *self, const char *name)
{
  g_autofree char *path = g_strconcat (WEB_PREFIX, name, NULL);
  g_autoptr (GBytes) plain = g_resource_lookup_data (self->web, path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  int type = find_type (name);
  guint8 hash[ETAG_HASH_BYTES];
  char hex[2 * ETAG_HASH_BYTES + 1];

  if (plain == NULL)
    return;

  KlApiPage *page = g_new0 (KlApiPage, 1);
  page->plain = g_steal_pointer (&plain);
  if (type >= 0 && types[type].compressible && g_bytes_get_size (page->plain) >= MIN_COMPRESSED_BYTES)
    page->gzip = compress (page->plain);
  crypto_generichash (hash, sizeof hash, g_bytes_get_data (page->plain, NULL), g_bytes_get_size (page->plain), NULL, 0);
  sodium_bin2hex (hex, sizeof hex, hash, sizeof hash);
  page->etag = g_strdup_printf ("\"%s\"", hex);
  g_hash_table_insert (self->pages, g_strdup (name), page);
}

void
kl_api_pages_init (KlApi *self)
{
  self->pages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)free_page);
  if (self->web == NULL)
    return;

  g_auto (GStrv) assets
      = g_resource_enumerate_children (self->web, WEB_PREFIX "assets/", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  for (int i = 0; assets != NULL && assets[i] != NULL; i++)
    {
      g_autofree char *name = g_strconcat ("assets/", assets[i], NULL);
      read_page (self, name);
    }
  read_page (self, "index.html");
}

/* ── Answers ── */

static void
set_nothing_here (SoupServerMessage *message)
{
  kl_api_add_common_headers (message);
  soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
  soup_server_message_set_response (message, "text/plain; charset=utf-8", SOUP_MEMORY_STATIC,
                                    "There is nothing here.\n", strlen ("There is nothing here.\n"));
}

static void
set_json (SoupServerMessage *message, guint status, KlJsonWriter *writer)
{
  gsize length = 0;
  g_autofree char *json = kl_json_writer_steal_string (writer, &length);

  kl_api_add_common_headers (message);
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Cache-Control", "no-store");
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, json, length);
}

static gboolean
header_has (SoupMessageHeaders *headers, const char *name, const char *word)
{
  const char *value = soup_message_headers_get_list (headers, name);

  return value != NULL && strstr (value, word) != NULL;
}

static void
set_bytes (SoupServerMessage *message, const char *type, GBytes *bytes)
{
  SoupMessageBody *body = soup_server_message_get_response_body (message);

  soup_message_headers_set_content_type (soup_server_message_get_response_headers (message), type, NULL);
  soup_message_body_append_bytes (body, bytes);
}

/* The one page that serves all of its own paths. */
static void
serve_index (KlApi *self, SoupServerMessage *message)
{
  SoupMessageHeaders *request = soup_server_message_get_request_headers (message);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  KlApiPage *page = g_hash_table_lookup (self->pages, "index.html");

  if (page == NULL)
    {
      set_nothing_here (message);
      return;
    }
  kl_api_add_common_headers (message);
  soup_message_headers_replace (headers, "Content-Security-Policy", PAGE_POLICY);
  soup_message_headers_replace (headers, "Referrer-Policy", "same-origin");
  soup_message_headers_replace (headers, "X-Frame-Options", "DENY");
  soup_message_headers_replace (headers, "Cross-Origin-Opener-Policy", "same-origin");
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  soup_message_headers_replace (headers, "ETag", page->etag);
  if (header_has (request, "If-None-Match", page->etag))
    {
      soup_message_headers_set_encoding (headers, SOUP_ENCODING_NONE);
      soup_server_message_set_status (message, SOUP_STATUS_NOT_MODIFIED, NULL);
      return;
    }
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  set_bytes (message, "text/html; charset=utf-8", page->plain);
}

static void
serve_asset (KlApi *self, SoupServerMessage *message, const char *path)
{
  SoupMessageHeaders *request = soup_server_message_get_request_headers (message);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  KlApiPage *page = g_hash_table_lookup (self->pages, path + 1);
  int type = find_type (path);

  if (page == NULL)
    {
      set_nothing_here (message);
      return;
    }
  kl_api_add_common_headers (message);
  soup_message_headers_replace (headers, "Cache-Control", "public, max-age=31536000, immutable");
  soup_message_headers_replace (headers, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  soup_message_headers_replace (headers, "Vary", "Accept-Encoding");
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  if (page->gzip != NULL && header_has (request, "Accept-Encoding", "gzip"))
    {
      soup_message_headers_replace (headers, "Content-Encoding", "gzip");
      set_bytes (message, types[type].type, page->gzip);
    }
  else
    set_bytes (message, type < 0 ? "application/octet-stream" : types[type].type, page->plain);
}

static void
serve_live (KlApi *self, SoupServerMessage *message)
{
  g_auto (KlJsonWriter) writer = { 0 };

  kl_json_writer_init (&writer, 32);
  kl_json_begin_object (&writer);
  kl_json_member_bool (&writer, "ok", TRUE);
  kl_json_end_object (&writer);
  set_json (message, SOUP_STATUS_OK, &writer);
}

static void
write_part (KlJsonWriter *writer, const char *name, gboolean ready, const char *reason)
{
  kl_json_key (writer, name);
  kl_json_begin_object (writer);
  kl_json_member_bool (writer, "ready", ready);
  if (!ready)
    kl_json_member_string (writer, "reason", reason == NULL ? "unknown" : reason);
  kl_json_end_object (writer);
}

/* What stands and what does not. A balancer that shall go on using nodes which have lost their bus asks for
 * `?bus=optional`: people there can talk, only more slowly with those on other nodes. */
static void
serve_ready (KlApi *self, SoupServerMessage *message)
{
  const char *query = g_uri_get_query (soup_server_message_get_uri (message));
  g_auto (KlJsonWriter) writer = { 0 };
  g_autofree char *store_reason = NULL;
  g_autofree char *bus_reason = NULL;
  gboolean store = kl_store_is_ready (kl_chat_get_store (self->chat), &store_reason);
  gboolean bus = kl_bus_is_ready (kl_chat_get_bus (self->chat), &bus_reason);
  gboolean ready = !self->stopping && store && (bus || g_strcmp0 (query, "bus=optional") == 0);

  kl_json_writer_init (&writer, 128);
  kl_json_begin_object (&writer);
  kl_json_member_bool (&writer, "ready", ready);
  if (self->stopping)
    kl_json_member_string (&writer, "reason", "the server is stopping");
  else if (!store || !bus)
    {
      g_autofree char *reason = store ? g_strconcat ("bus: ", bus_reason, NULL)
                                      : g_strconcat ("store: ", store_reason, bus ? NULL : "; bus: ", bus_reason, NULL);

      kl_json_member_string (&writer, "reason", reason);
    }
  write_part (&writer, "store", store, store_reason);
  write_part (&writer, "bus", bus, bus_reason);
  kl_json_member_string (&writer, "node", kl_bus_get_node (kl_chat_get_bus (self->chat)));
  kl_json_end_object (&writer);
  set_json (message, ready ? SOUP_STATUS_OK : SOUP_STATUS_SERVICE_UNAVAILABLE, &writer);
}

char *
kl_api_dup_base_url (KlApi *self, SoupMessageHeaders *headers, const KlSioPeer *peer)
{
  g_autofree char *host = kl_sio_peer_dup_host (peer, headers);

  if (self->settings->public_url != NULL)
    return g_strdup (self->settings->public_url);
  return g_strdup_printf ("%s://%s", peer->https ? "https" : "http",
                          host != NULL ? host : kl_sio_listener_get_address (self->listener));
}

static void
serve_well_known (KlApi *self, SoupServerMessage *message)
{
  KlSioPeer peer;
  g_auto (KlJsonWriter) writer = { 0 };

  kl_sio_listener_get_peer (self->listener, message, &peer);
  g_autofree char *url = kl_api_dup_base_url (self, soup_server_message_get_request_headers (message), &peer);
  kl_json_writer_init (&writer, 128);
  kl_json_begin_object (&writer);
  kl_json_member_string (&writer, "url", url);
  kl_json_end_object (&writer);
  set_json (message, SOUP_STATUS_OK, &writer);
}

/* ── Paths ── */

/* "/", /i/CODE, /g/GROUP and /g/GROUP/SEQ are places in the browser client. */
static gboolean
is_client_path (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  guint n_parts = g_strv_length (parts);

  if (g_str_equal (path, "/"))
    return TRUE;
  if (n_parts < 3 || *parts[2] == '\0')
    return FALSE;
  if (g_str_equal (parts[1], "i"))
    return n_parts == 3;
  return g_str_equal (parts[1], "g") && (n_parts == 3 || (n_parts == 4 && *parts[3] != '\0'));
}

void
kl_api_serve_page (KlApi *self, SoupServerMessage *message, const char *path)
{
  const char *method = soup_server_message_get_method (message);
  gboolean is_read = g_str_equal (method, "GET") || g_str_equal (method, "HEAD");
  void (*serve) (KlApi *, SoupServerMessage *) = NULL;

  if (g_str_equal (path, "/healthz"))
    serve = serve_live;
  else if (g_str_equal (path, "/readyz"))
    serve = serve_ready;
  else if (g_str_equal (path, "/.well-known/klatch"))
    serve = serve_well_known;
  else if (self->web != NULL && is_client_path (path))
    serve = serve_index;

  if (serve != NULL && is_read)
    serve (self, message);
  else if (serve != NULL)
    {
      kl_api_add_common_headers (message);
      soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow", "GET, HEAD");
      soup_message_headers_set_content_length (soup_server_message_get_response_headers (message), 0);
      soup_server_message_set_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
    }
  else if (is_read && g_str_has_prefix (path, ASSETS_PREFIX))
    serve_asset (self, message, path);
  else
    set_nothing_here (message);
}
