/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "protocol/kl-eio-packet.h"
#include "server/socketio/kl-eio-server.h"
#include "server/socketio/kl-sio-listener-private.h"
#include "server/socketio/kl-sio-out.h"
#include "server/socketio/kl-ws-hub.h"

#define KL_EIO_SID_SIZE 24

typedef struct _KlEioPolling KlEioPolling;

struct _KlEioServer
{
  guint ref_count; /* the owner, and requests under way */
  KlSioListener *listener;
  KlWsHub *hub;
  char *path;
  KlSioServerConfig config;
  KlWsLimits limits;
  const KlEioHandler *handler;
  gpointer user_data;
  KlSioAdmitFunc admit;
  gpointer admit_data;
  gboolean stopping;

  GHashTable *by_sid; /* the key lies in KlEioSession. NULL: freed */
  KlEioSession *first;
  guint n_sessions;
  guint64 ends[KL_SIO_REASONS]; /* of sessions, since the start */
  KlSioMessage *ping;
  KlSioTimerQueue *interval_queue;
  KlSioTimerQueue *timeout_queue;
  KlSioTimerQueue *deliver_queue; /* of polling: the end of this turn */
  KlSioTimerQueue *noop_queue;
  KlSioTimerQueue *upgrade_queue;
  KlSioTimerQueue *closing_queue;
};

struct _KlEioSession
{
  guint ref_count;
  KlEioServer *server;
  KlWsConn *conn;        /* the transport is a WebSocket, */
  KlEioPolling *polling; /* or polling; neither: it has ended */
  gpointer data;
  gboolean has_owner;
  gboolean awaits_pong;
  KlSioSlot *slot;
  KlEioSession *previous, *next;
  KlSioTimerNode heartbeat;
  char *address; /* where it counts as unsigned, or may again */
  char sid[KL_EIO_SID_SIZE];
};

/* A session that polls. */
struct _KlEioPolling
{
  KlWsWatch watch; /* first; of the held request's descriptor: tells when the client goes away */
  KlEioSession *session;
  KlSioOut out;
  SoupServerMessage *held; /* a GET that waits for something to tell */
  int held_fd;             /* −1: not watched */
  KlWsConn *probe;         /* a WebSocket that asks to take over */
  gboolean upgrading;      /* the probe was answered */
  gboolean slow;
  gboolean closing; /* what is in OUT, then a close packet, is for the next GET, the last one */
  gboolean quiet;   /* instead, a packet that says nothing */
  KlSioTimerNode deliver;
  KlSioTimerNode noop;
  KlSioTimerNode upgrade;
  KlSioTimerNode closing_timer;
};

/* 120 random bits in 20 letters, and a zero. */
void kl_eio_make_id (char id[KL_EIO_SID_SIZE]);

/* ── kl-eio-session.c ── */

/* Over a WebSocket (CONN given) or polling (NULL). SLOT is taken. Calls the owner's `opened`. */
KlEioSession *kl_eio_session_new (KlEioServer *server, KlWsConn *conn, const KlSioHandshake *handshake, KlSioSlot *slot);
KlEioSession *kl_eio_session_ref (KlEioSession *self);
void kl_eio_session_unref (KlEioSession *self);
/* It ends by itself: tells the owner and takes the transport down. */
void kl_eio_session_end (KlEioSession *self, KlSioReason reason);
/* FALSE: no packet that a client may send; end the session. */
gboolean kl_eio_session_take_packet (KlEioSession *self, const KlEioPacket *packet);
/* Its deadline for a pong has passed, told or not. */
gboolean kl_eio_session_is_overdue (KlEioSession *self);
/* The probe of POLLING has become the transport. */
void kl_eio_session_upgraded (KlEioSession *self, KlWsConn *conn);
/* Forgets a session whose transport is gone. */
void kl_eio_session_forget (KlEioSession *self);
void kl_eio_session_add_queues (KlEioServer *server);

/* ── kl-eio-polling.c ── */

KlEioPolling *kl_eio_polling_new (KlEioSession *session);
/* Answers what is held with a close packet, drops the rest. */
void kl_eio_polling_free (KlEioPolling *self);
void kl_eio_polling_send (KlEioPolling *self, KlSioMessage *message);
/* What is queued and a close packet go to the client, at its next request; the session is forgotten then, or 5 s later.
 * QUIET: the client closed, and its waiting request, or the one that it has sent by now, gets an empty answer. */
void kl_eio_polling_close (KlEioPolling *self, gboolean quiet);
/* Answers a held request with a packet that says nothing. */
void kl_eio_polling_release (KlEioPolling *self);
void kl_eio_polling_get (KlEioPolling *self, SoupServerMessage *message);
void kl_eio_polling_post (KlEioPolling *self, SoupServerMessage *message);
/* A WebSocket came with this session's sid. */
void kl_eio_polling_begin_probe (KlEioPolling *self, KlWsConn *conn);
void kl_eio_polling_add_queues (KlEioServer *server);

extern const KlWsHandler kl_eio_probe_handler;
extern const KlWsHandler kl_eio_session_handler;

/* ── kl-eio-server.c ── */

KlEioServer *kl_eio_server_ref (KlEioServer *self);
void kl_eio_server_unref (KlEioServer *self);

/* Answers with TEXT, which is copied. */
void kl_eio_server_respond (KlEioServer *self, SoupServerMessage *message, guint status, const char *type,
                            const char *text, gsize length);
typedef enum
{
  KL_EIO_ERROR_UNKNOWN_TRANSPORT,
  KL_EIO_ERROR_UNKNOWN_SID,
  KL_EIO_ERROR_BAD_METHOD,
  KL_EIO_ERROR_BAD_REQUEST,
  KL_EIO_ERROR_FORBIDDEN,
  KL_EIO_ERROR_UNSUPPORTED_VERSION,
} KlEioError;
void kl_eio_server_refuse (KlEioServer *self, SoupServerMessage *message, KlEioError error);
