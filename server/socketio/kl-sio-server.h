/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "protocol/kl-sio-packet.h"
#include "server/socketio/kl-sio-listener.h"
#include "server/socketio/kl-sio-message.h"
#include "server/socketio/kl-sio-types.h"

/* A Socket.IO server at a path of a listener: Engine.IO 4 (websocket, polling, upgrade) and Socket.IO 5.
 *
 * WebSockets are taken from libsoup after the handshake and live on bare descriptors behind one epoll.
 * What is sent to a connection during a turn of the main loop is gathered and written with one
 * system call at the turn's end. All calls and callbacks are on the listener's thread; callbacks
 * may call anything here, also what ends the socket they are called for. */

#define KL_TYPE_SIO_SERVER (kl_sio_server_get_type ())
G_DECLARE_FINAL_TYPE (KlSioServer, kl_sio_server, KL, SIO_SERVER, GObject)

/* A client in one namespace. Reference-counted; after its end every call on it does nothing. */
typedef struct _KlSioSocket KlSioSocket;

/* An event from a client. All of it lives during the callback only. */
typedef struct
{
  const char *name;
  gsize name_length;
  gsize n_args;
  yyjson_val *arg;   /* the first argument, or NULL */
  yyjson_val *args;  /* the array, name included */
  gboolean strict;   /* False: JSON, but against kl-json.h's rules; answer `bad_request` */
  gint64 ack_id;     /* KL_SIO_NO_ACK: no acknowledgement is asked for */
  GPtrArray *attachments; /* of GBytes; NULL: none */
} KlSioEvent;

typedef struct
{
  /* A client asks to enter. Answer, now or later, by kl_sio_socket_accept() or _refuse(); take a reference to
   * answer later. @auth is the CONNECT payload or NULL (an object; lives during the call; NULL too
   * where @strict is false). @handshake lives until the answer. */
  void (*connect) (KlSioSocket *socket, const KlSioHandshake *handshake, yyjson_val *auth, gboolean strict,
                   gpointer user_data);
  void (*event) (KlSioSocket *socket, const KlSioEvent *event, gpointer user_data);
  /* The last call for a socket that `connect` was called for, accepted or still waiting, but not for a refused one. */
  void (*disconnected) (KlSioSocket *socket, KlSioReason reason, gpointer user_data);
} KlSioHandler;

/* @path begins and ends with '/': "/socket.io/". The server holds a reference to @listener. */
KlSioServer *kl_sio_server_new (KlSioListener *listener, const char *path, const KlSioServerConfig *config);

/* CONNECT to a namespace that was not added is answered with "Invalid namespace". @handler must outlive the server. */
void kl_sio_server_add_namespace (KlSioServer *self, const char *nsp, const KlSioHandler *handler, gpointer user_data);

/* Asked before anything is spent on a handshake. Optional. */
void kl_sio_server_set_admit_func (KlSioServer *self, KlSioAdmitFunc func, gpointer user_data);

/* Sent to a connection whose queue was thrown away, before it is closed with 1008. */
void kl_sio_server_set_slow_notice (KlSioServer *self, KlSioMessage *notice);

/* Ends everything: no handshake is taken any more, @notice (may be NULL) goes to every socket, what is queued is
 * written, connections are closed with 1001; those that do not take it within @timeout_ms are cut. `disconnected`
 * is called for all before the finish. */
void kl_sio_server_shutdown_async (KlSioServer *self, KlSioMessage *notice, guint timeout_ms,
                                   GAsyncReadyCallback callback, gpointer user_data);
gboolean kl_sio_server_shutdown_finish (KlSioServer *self, GAsyncResult *result, GError **error);

guint kl_sio_server_get_n_connections (KlSioServer *self);
/* Looks at every session. */
void kl_sio_server_get_stats (KlSioServer *self, KlSioStats *stats);

/* ── Sockets ── */

KlSioSocket *kl_sio_socket_ref (KlSioSocket *socket);
void kl_sio_socket_unref (KlSioSocket *socket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlSioSocket, kl_sio_socket_unref)

/* The owner's own. */
void kl_sio_socket_set_data (KlSioSocket *socket, gpointer data);
gpointer kl_sio_socket_get_data (KlSioSocket *socket);

/* The public id of this socket in its namespace. */
const char *kl_sio_socket_get_id (KlSioSocket *socket);
/* The address that the handshake came from, through trusted proxies. */
const char *kl_sio_socket_get_address (KlSioSocket *socket);
/* Accepted, and not ended. */
gboolean kl_sio_socket_is_open (KlSioSocket *socket);
/* Bytes that wait to be sent. */
gsize kl_sio_socket_get_queued_bytes (KlSioSocket *socket);

void kl_sio_socket_accept (KlSioSocket *socket);
/* @json: `{"message":…,"data":…}`. The client may try again, in the time that it has left. */
void kl_sio_socket_refuse (KlSioSocket *socket, const char *json);

/* Queues @message, a reference of its own, until the end of this turn. Cheap: meant to be called for each receiver. */
void kl_sio_socket_emit (KlSioSocket *socket, KlSioMessage *message);

/* Answers an event. @args_json is what stands between the brackets. Nothing for KL_SIO_NO_ACK. */
void kl_sio_socket_ack (KlSioSocket *socket, gint64 ack_id, const char *args_json, gssize length);
void kl_sio_socket_ack_full (KlSioSocket *socket, gint64 ack_id, const char *args_json, gssize length,
                             GPtrArray *attachments);

/* Emits an event and asks for an acknowledgement. @callback is called once: with the packet, or with NULL when
 * the socket ended or @timeout_ms (0: none) passed. At most 1,000 wait on a socket: beyond, it is called with NULL at once. */
typedef void (*KlSioAckFunc) (KlSioSocket *socket, const KlSioPacket *answer, gpointer user_data);
void kl_sio_socket_emit_with_ack (KlSioSocket *socket, const char *event, const char *args_json, gssize length,
                                  guint timeout_ms, KlSioAckFunc callback, gpointer user_data);

/* Ends the connection: @notice (may be NULL) is sent before. @for_good: a DISCONNECT too, upon which an
 * official client does not come back by itself. `disconnected` is called before this returns. */
void kl_sio_socket_close (KlSioSocket *socket, KlSioMessage *notice, gboolean for_good);

/* ── Rooms ── */

void kl_sio_socket_join (KlSioSocket *socket, const char *room);
void kl_sio_socket_leave (KlSioSocket *socket, const char *room);
/* To all in @room of namespace @nsp (NULL: all in the namespace), without @except (may be NULL). */
void kl_sio_server_emit (KlSioServer *self, const char *nsp, const char *room, KlSioMessage *message,
                         KlSioSocket *except);
