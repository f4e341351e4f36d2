/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Engine.IO 4 at a path of a listener: sessions over WebSocket or long polling, the upgrade from one to the
 * other, heartbeats. Socket.IO stands on it; so can whoever wants bare messages. */
#pragma once

#include "server/socketio/kl-sio-listener.h"
#include "server/socketio/kl-sio-message.h"
#include "server/socketio/kl-sio-types.h"

typedef struct _KlEioServer KlEioServer;
typedef struct _KlEioSession KlEioSession;

typedef struct
{
  /* A session begins. Returns what the other calls get as @data. */
  gpointer (*opened) (KlEioSession *session, const KlSioHandshake *handshake, gpointer user_data);
  void (*message) (KlEioSession *session, gpointer data, const char *bytes, gsize length, gboolean binary);
  /* The session ended by itself. Last call: from now on the owner must not use SESSION, except within the call for
   * KL_SIO_REASON_SLOW_CONSUMER, when a last message may be sent. */
  void (*closed) (KlEioSession *session, gpointer data, KlSioReason reason);
} KlEioHandler;

/* LISTENER and HANDLER must outlive it. */
KlEioServer *kl_eio_server_new (KlSioListener *listener, const char *path, const KlSioServerConfig *config,
                                const KlEioHandler *handler, gpointer user_data);
/* Cuts all sessions; `closed` is not called. */
void kl_eio_server_free (KlEioServer *self);

void kl_eio_server_set_admit_func (KlEioServer *self, KlSioAdmitFunc func, gpointer user_data);

/* No handshake is taken from now on (503). */
void kl_eio_server_set_stopping (KlEioServer *self);

/* Sends FAREWELL (may be NULL) to all and ends them; `closed` tells KL_SIO_REASON_SHUTDOWN. */
void kl_eio_server_close_all (KlEioServer *self, KlSioMessage *farewell);

/* Sessions, those whose last packets are on their way included. */
guint kl_eio_server_get_n_sessions (KlEioServer *self);
void kl_eio_server_get_stats (KlEioServer *self, KlSioStats *stats);

/* Queues one message until the end of the turn. */
void kl_eio_session_send (KlEioSession *self, KlSioMessage *message);

/* The owner is done: what is queued is sent, and the session closed. `closed` is not called. */
void kl_eio_session_close (KlEioSession *self, KlSioReason reason);

gsize kl_eio_session_get_queued_bytes (KlEioSession *self);

/* The session belongs to somebody (TRUE), or to nobody (FALSE), which is how it begins: such count for their address. */
void kl_eio_session_set_signed_in (KlEioSession *self, gboolean signed_in);
