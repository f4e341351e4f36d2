/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All sockets of a server that are no longer (or not yet) libsoup's, behind one epoll descriptor in the main loop, and
 * the WebSocket connections on them. */
#pragma once

#include <glib.h>

#include "server/socketio/kl-sio-message.h"
#include "server/socketio/kl-sio-timers.h"
#include "server/socketio/kl-ws-frame.h"

typedef struct _KlWsHub KlWsHub;
typedef struct _KlWsConn KlWsConn;

KlWsHub *kl_ws_hub_new (GMainContext *context);
/* Cuts every connection. Not from one of its own callbacks. */
void kl_ws_hub_free (KlWsHub *self);

KlSioTimers *kl_ws_hub_get_timers (KlWsHub *self);
GMainContext *kl_ws_hub_get_context (KlWsHub *self);
/* Connections whose sockets are open, those on their way out too. */
guint kl_ws_hub_get_n_conns (KlWsHub *self);

/* Writes what is queued for all connections now, where what is done next would overtake it. */
void kl_ws_hub_flush (KlWsHub *self);

/* A connection of whatever kind has come or gone. After a rush of them, what they needed for a moment is given back to
 * the system: the C library keeps it otherwise, where something that stays lies above it. */
void kl_ws_hub_note_churn (KlWsHub *self);

/* ── Descriptors ── */

/* Lies inside of what watches; FUNC gets EPOLL… events. Removing a watch within FUNC is fine, also another one's, but the
 * memory must stay until the turn ends: see kl_ws_hub_free_later(). */
typedef struct _KlWsWatch KlWsWatch;
struct _KlWsWatch
{
  void (*func) (KlWsWatch *watch, guint events);
};

void kl_ws_hub_watch (KlWsHub *self, int fd, guint events, KlWsWatch *watch);
void kl_ws_hub_rewatch (KlWsHub *self, int fd, guint events, KlWsWatch *watch);
void kl_ws_hub_unwatch (KlWsHub *self, int fd, KlWsWatch *watch);
/* g_free() at the end of the turn. */
void kl_ws_hub_free_later (KlWsHub *self, gpointer memory);

/* ── Connections ── */

/* Why a connection ended by itself. */
typedef enum
{
  KL_WS_END_CLOSED, /* a close frame, end of file or an error of the socket */
  KL_WS_END_INVALID, /* what came was no WebSocket, or over the limit */
  KL_WS_END_SLOW,   /* more waits to be sent than the limit allows */
} KlWsEnd;

typedef struct
{
  /* A whole text or binary message; its data lives during the call. */
  void (*message) (KlWsConn *conn, const KlWsMessage *message, gpointer user_data);
  /* The connection ended. Last call: from now on the owner must not use CONN, except within the call for
   * KL_WS_END_SLOW, when a last message and a close may be sent. What remains to be done on the wire, the connection does itself. */
  void (*ended) (KlWsConn *conn, KlWsEnd end, gpointer user_data);
} KlWsHandler;

typedef struct
{
  gsize max_message_bytes;
  gsize queue_bytes;
} KlWsLimits;

/* Takes FD, which is a connected, non-blocking stream after its handshake. */
KlWsConn *kl_ws_conn_new (KlWsHub *hub, int fd, const KlWsLimits *limits, const KlWsHandler *handler,
                          gpointer user_data);

/* Bytes that were read from the stream before it was taken. May call the handler. */
void kl_ws_conn_feed (KlWsConn *self, guint8 *bytes, gsize length);

void kl_ws_conn_set_handler (KlWsConn *self, const KlWsHandler *handler, gpointer user_data);

/* Queues a message, of which it takes a reference, until the end of the turn. */
void kl_ws_conn_send (KlWsConn *self, KlSioMessage *message);

/* The owner is done: what is queued is sent, then a close frame; the socket is closed when the peer has answered, 5 s later
 * at most. The handler is not called any more. */
void kl_ws_conn_close (KlWsConn *self, guint16 code, const char *reason);
/* The owner is done, and nothing more is sent. */
void kl_ws_conn_abort (KlWsConn *self);

gsize kl_ws_conn_get_queued_bytes (KlWsConn *self);
/* Whether something came since the last call: for heartbeats. */
gboolean kl_ws_conn_take_activity (KlWsConn *self);
