/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/api/kl-settings.h"
#include "server/chat/kl-chat-accounts.h"
#include "server/socketio/kl-sio-server.h"

G_BEGIN_DECLS

/* KlApi: joins HTTP and sockets to the chat core.
 *
 * It serves all paths of the contract on the listener's SoupServer (REST under /api/v1/, health, the web client where
 * it is built in) and namespace "/" at /socket.io/. It decides who a request comes from, by token or cookie, and
 * nothing else: every rule is the core's. Main loop only. */

#define KL_TYPE_API (kl_api_get_type ())
G_DECLARE_FINAL_TYPE (KlApi, kl_api, KL, API, GObject)

/* `settings` must outlive the object. `web` (may be NULL) holds the browser client under "/chat/klatch/web/". */
KlApi *
kl_api_new (KlSioListener *listener, KlChatAccounts *accounts, const KlSettings *settings, GResource *web);

guint
kl_api_get_n_connections (KlApi *self);

typedef struct
{
  guint n_requests; /* REST, not yet answered */
  guint n_events;   /* of sockets, not yet answered */
  KlSioStats sockets;
} KlApiStats;

void
kl_api_get_stats (KlApi *self, KlApiStats *stats);

/* From now on /readyz says 503 and new requests and events are answered `unavailable`. */
void
kl_api_begin_stop (KlApi *self);

/* Ends all service. Begins like kl_api_begin_stop(); what was asked before is answered, as far as that takes no longer
 * than a few seconds; then every socket gets `notice: shutdown` with `retry_after_ms` and is closed. Always succeeds.
 */
void
kl_api_stop_async (KlApi *self, gint64 retry_after_ms, GAsyncReadyCallback callback, gpointer user_data);

void
kl_api_stop_finish (KlApi *self, GAsyncResult *result);

G_END_DECLS
