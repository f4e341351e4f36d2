/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "protocol/kl-json.h"
#include "server/api/kl-api.h"

G_BEGIN_DECLS

/* What the files of KlApi share. */

struct _KlApi
{
  GObject parent_instance;

  KlSioListener *listener;
  KlSioServer *sio;
  KlChatAccounts *accounts;
  KlChat *chat;
  const KlSettings *settings;
  GResource *web;        /* or NULL */
  GHashTable *pages;     /* (element-type utf8 KlApiPage) (owned): what was read from `web` */
  gint64 retry_after_ms; /* told to who comes while the server stops */
  gboolean stopping;
  guint n_requests; /* REST, not yet answered */
  guint n_events;   /* of sockets, not yet answered */
};

/* ── A REST request ─────────────────────────────────────────────────────────
 * Lives from the handler's call to its one answer, which frees it. */

typedef struct _KlApiRequest KlApiRequest;
typedef void (*KlApiHandler) (KlApiRequest *request);

typedef enum
{
  KL_API_ANYBODY,
  KL_API_SIGNED_IN,
} KlApiAccess;

typedef struct
{
  const char *method;
  const char *path; /* below /api/v1/; a part "*" is kept in `part` */
  KlApiAccess access;
  gboolean has_body;    /* a JSON object */
  gsize max_body_bytes; /* 0: [limits] packet_bytes */
  KlApiHandler handler;
} KlApiRoute;

struct _KlApiRequest
{
  KlApi *api;
  SoupServerMessage *message;
  const KlApiRoute *route;
  char *part; /* of the path, or NULL */
  KlSioPeer peer;
  char key[46];
  gboolean is_created;    /* a success is 201 */
  gboolean sets_cookie;   /* the token of the answer goes into one */
  gboolean clears_cookie; /* a success takes it away */

  KlJson *body;         /* has_body */
  KlStoreSignedIn *who; /* SIGNED_IN; lives while the handler is called, not longer */
  gboolean by_cookie;
};

void
kl_api_request_reply (KlApiRequest *request, guint status, const char *json, gsize length);

void
kl_api_request_fail (KlApiRequest *request, KlErrorCode code, const char *message, const char *field,
                     gint64 retry_after_ms);

/* Callbacks for the accounts and the core; user_data is the request. */
void
kl_api_request_reply_accounts (const KlChatAccountsAnswer *answer, gpointer user_data);
void
kl_api_request_reply_chat (const KlChatAnswer *answer, gpointer user_data);

/* Reads the query. NULL, and a fault in `fields`' manner, where it is not "name=value&…" with each name once. */
GHashTable *
kl_api_request_parse_query (KlApiRequest *request);

/* The calls of the contract; ends with a NULL method. */
extern const KlApiRoute kl_api_routes[];

void
kl_api_rest_init (KlApi *self);

/* ── Pages, health ──────────────────────────────────────────────────────────*/

void
kl_api_pages_init (KlApi *self);

/* Everything outside of /api/. */
void
kl_api_serve_page (KlApi *self, SoupServerMessage *message, const char *path);

/* Headers that every answer has. */
void
kl_api_add_common_headers (SoupServerMessage *message);

/* {"error":{…}} */
char *
kl_api_make_error (KlErrorCode code, const char *message, const char *field, gint64 retry_after_ms, gsize *length);

/* public_url, or what the request's Host and scheme say. */
char *
kl_api_dup_base_url (KlApi *self, SoupMessageHeaders *headers, const KlSioPeer *peer);

/* Whether browsers come here by https: it is this server's way, or that of the proxy who brought this request. */
gboolean
kl_api_is_https (KlApi *self, const KlSioPeer *peer);

/* The name that the session's cookie has then. */
const char *
kl_api_get_cookie_name (KlApi *self, const KlSioPeer *peer);

/* ── Sockets ────────────────────────────────────────────────────────────────*/

void
kl_api_sockets_init (KlApi *self);

/* `notice` with a code and perhaps retry_after_ms. */
KlSioMessage *
kl_api_make_notice (const char *code, const char *message, gint64 retry_after_ms);

G_END_DECLS
