/* SPDX-License-Identifier: GPL-3.0-or-later
 * One connection to a server, from dialling to its end: Socket.IO 5 over Engine.IO 4 on a WebSocket, the default
 * namespace. It never comes back by itself: see KlConnection. Main thread.
 *
 * What a server can do to us is bounded: the size of a message and of a packet with its attachments, the time without
 * a sign of life (its ping interval and time-out, at most two minutes together), the time an acknowledgement may
 * take.
 *
 * Signals:
 *   ready ()                      CONNECT was answered; events flow
 *   event (name, argument)        an event with its first argument, a yyjson_val * or NULL, for the time of the signal
 *   closed (error)                exactly once, and last: a GError *. UNAUTHORIZED: the token is no good (any more) */
#pragma once

#include "app/core/kl-core-types.h"
#include <gio/gio.h>
#include <yyjson.h>

G_BEGIN_DECLS

#define KL_TYPE_SOCKET (kl_socket_get_type ())
G_DECLARE_FINAL_TYPE (KlSocket, kl_socket, KL, SOCKET, GObject)

/* The answer to an event: either answer (an object with "ok" true, for the time of the call) or error. */
typedef void (*KlSocketAnswer) (yyjson_val *answer, const GError *error, gpointer user_data);

KlSocket *kl_socket_new (const char *url, const char *token);

void kl_socket_start (KlSocket *self);
gboolean kl_socket_is_ready (KlSocket *self);

/* json: one object. answer may be NULL; it is called once, at the latest after timeout_ms or when the socket closes
 * (KL_CORE_ERROR_TIMED_OUT, _OFFLINE), but for a packet too large for the server at once (_TOO_LARGE). */
void kl_socket_emit (KlSocket *self, const char *event, const char *json, guint timeout_ms, KlSocketAnswer answer,
                     gpointer user_data);

/* Called from within the handler of an answer or event that cannot be dealt with in one turn of the main loop: its JSON
 * stays valid, and nothing that comes meanwhile (not even the end, if the server brings it about) is told before
 * kl_socket_release(), which tells it in order. kl_socket_close() ends a hold; the JSON is valid as long as the socket
 * is referenced. */
void kl_socket_hold (KlSocket *self);
void kl_socket_release (KlSocket *self);

/* Says good-bye and closes. "closed" comes with G_IO_ERROR_CANCELLED, at once. */
void kl_socket_close (KlSocket *self);
/* The same without a word: to the server a line that broke, so that it keeps what it keeps for one who comes back (the
 * place in a call). "closed" comes with G_IO_ERROR_CLOSED, at once. */
void kl_socket_break_off (KlSocket *self);

G_END_DECLS
