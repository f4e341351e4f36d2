/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A thread of the pump, and one connection on it. */
#pragma once

#include <sys/epoll.h>

#include "server/socketio/kl-sio-tls-private.h"

/* One TLS record. */
#define KL_SIO_TLS_PIECE_BYTES (16 * 1024)

typedef struct _Worker KlSioTlsWorker;

typedef enum
{
  KL_SIO_TLS_HANDSHAKE,
  KL_SIO_TLS_OPEN,
  KL_SIO_TLS_LINGERING, /* only the network's side is left, and only to be read empty */
  KL_SIO_TLS_CLOSED,
} KlSioTlsState;

typedef struct
{
  KlSioTlsConn *conn;
  int fd;
  guint events; /* that are watched */
} KlSioTlsEnd;

typedef struct
{
  guint8 *bytes; /* NULL: nothing waits */
  gsize length, done;
} KlSioTlsPiece;

struct _KlSioTlsConn
{
  gint ref_count; /* atomic: the thread, and whoever serves the plain end */
  gint abrupt;    /* atomic */

  KlSioTlsWorker *worker;
  KlSioTlsState state;
  SSL *ssl;
  KlSioTlsEnd net, app;
  KlSioTlsPiece out; /* from the plain end, waiting for room in the network */
  KlSioTlsPiece in;
  gboolean net_readable, app_readable;
  gboolean net_wants_room;
  gboolean app_gone;    /* both directions: nobody reads, nothing more comes */
  gboolean in_closed;   /* the network has ended, and the plain end knows */
  gboolean out_closed;  /* the other way round */
  gboolean again;       /* is in AGAIN */
  gint64 deadline_usec; /* 0: in neither list */
  GList link;           /* in FLUSHING or LINGERING */
  KlSioTlsConn *previous, *next;
};

struct _Worker
{
  KlSioTls *tls;
  GThread *thread;
  int epoll_fd, wake_fd;
  GMutex lock;
  GPtrArray *incoming; /* under LOCK; of KlSioTlsConn */
  gboolean stopping;   /* under LOCK */

  KlSioTlsConn *first;
  GPtrArray *again;  /* had more to do than a turn allows */
  GQueue handshakes; /* of KlSioTlsConn: whose handshake can go on */
  GQueue flushing, lingering;
  GPtrArray *garbage;
  guint8 piece[KL_SIO_TLS_PIECE_BYTES];
};

void
kl_sio_tls_watch (KlSioTlsWorker *self, KlSioTlsEnd *end, int operation, guint events);
/* What an end's descriptor has to say. */
void
kl_sio_tls_conn_on_event (KlSioTlsConn *conn, KlSioTlsEnd *end, guint events);
/* Goes on where it stopped. */
void
kl_sio_tls_conn_shake_hands (KlSioTlsConn *conn);
void
kl_sio_tls_conn_carry (KlSioTlsConn *conn);
/* At once; its memory goes at the end of the turn. */
void
kl_sio_tls_conn_close (KlSioTlsConn *conn);
