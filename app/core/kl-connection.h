/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stays connected: makes a KlSocket, and after its end the next one: with a back-off that doubles up to half a minute
 * and is jittered, at once when the network returns or the computer wakes, after a random part of what a server that
 * shuts down asks for, and never again when the server refuses the token. Before the computer sleeps it says
 * good-bye. Main thread.
 *
 * Properties (read only): state (KlConnectionState; ONLINE only after kl_connection_set_synced()), retry-in (uint,
 * seconds), state-text (string or NULL).
 *
 * Signals:
 *   ready ()                     a new socket takes events
 *   event (name, argument)       as KlSocket's; "notice" is handled here and told too
 *   lost ()                      that socket is gone */
#pragma once

#include "app/core/kl-socket.h"

G_BEGIN_DECLS

#define KL_TYPE_CONNECTION (kl_connection_get_type ())
G_DECLARE_FINAL_TYPE (KlConnection, kl_connection, KL, CONNECTION, GObject)

KlConnection *kl_connection_new (const char *url, const char *token);

void kl_connection_start (KlConnection *self);
/* Good-bye; STOPPED. */
void kl_connection_stop (KlConnection *self);
void kl_connection_retry_now (KlConnection *self);

/* The first sync is done: ONLINE. */
void kl_connection_set_synced (KlConnection *self);

/* What the server sent cannot be worked with: drops the connection without a good-bye (we shall be back), and backs off. */
void kl_connection_give_up (KlConnection *self);

KlConnectionState kl_connection_get_state (KlConnection *self);
guint kl_connection_get_retry_in (KlConnection *self);
const char *kl_connection_get_state_text (KlConnection *self);
gboolean kl_connection_is_ready (KlConnection *self);

/* As kl_socket_emit(). */
void kl_connection_emit (KlConnection *self, const char *event, const char *json, guint timeout_ms,
                         KlSocketAnswer answer, gpointer user_data);

/* As kl_socket_hold(); gives the socket, for kl_socket_release(). "lost" ends a hold. From a handler only. */
KlSocket *kl_connection_hold (KlConnection *self);

G_END_DECLS
