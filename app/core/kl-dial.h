/* SPDX-License-Identifier: GPL-3.0-or-later
 * Opens a WebSocket to a Klatch server (RFC 6455, 4.1): connects, by TLS for https and through the system's proxy
 * where one is set, shakes hands, and gives the connection with a bound on what the server can make us hold. */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef struct
{
  SoupWebsocketConnection *connection;
  GIOStream *stream; /* a KlMeteredStream: reset it with each message */
} KlDialed;

void kl_dialed_free (KlDialed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDialed, kl_dialed_free)

/* url: http or https, with the path and query to ask for. Errors: KL_CORE_ERROR_UNREACHABLE, _UNTRUSTED, _NOT_KLATCH
 * (no WebSocket there; 4xx), _UNAVAILABLE (429, 5xx; with Retry-After), _TIMED_OUT after timeout_ms, and
 * G_IO_ERROR_CANCELLED. */
void kl_dial_async (const char *url,
                    gsize limit_bytes,
                    guint timeout_ms,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data);
KlDialed *kl_dial_finish (GAsyncResult *result, GError **error);

/* An error of GIO about a connection as one of ours. Transfer full; takes error. */
GError *kl_dial_translate_error (GError *error);

G_END_DECLS
