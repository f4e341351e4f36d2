/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/socketio/kl-sio-out.h"
#include "server/socketio/kl-ws-hub.h"

#define KL_WS_READ_BYTES (64 * 1024)
/* Queues up to these are copied together and written by send(), which costs less than a list of pieces. */
#define KL_WS_GATHER_MAX 64
#define KL_WS_GATHER_BYTES (16 * 1024)
#define KL_WS_CLOSE_TIMEOUT_MS 5000
/* So many connections come and gone make it worth to give memory back, once a moment has passed. */
#define KL_WS_RUSH 64
#define KL_WS_CALM_MS 1000
/* Those who came go on to ask for things: so often, a moment apart. */
#define KL_WS_TRIMS 3

struct _KlWsHub
{
  GMainContext *context;
  int epoll_fd;
  GSource *epoll_source;
  GSource *flush_source;
  KlSioTimers *timers;
  KlSioTimerQueue *closing; /* connections on their way out */

  KlWsConn *dirty_first; /* those with something to write at the end of the turn */
  KlWsConn *dirty_last;
  guint n_dirty;
  KlWsConn *first; /* all */
  guint n_conns;
  guint churn; /* connections that have come and gone since memory was given back */
  guint trims_due;
  KlSioTimerQueue *calm;
  KlSioTimerNode calm_timer;
  GPtrArray *garbage;    /* memory that events of this turn may still point to */
  GPtrArray *gone_conns; /* the same, connections */
  guint8 *read_buffer;

  /* What was written last, in one piece: those who are told the same in the same turn get the same bytes. */
  KlSioMessage *gathered[KL_WS_GATHER_MAX]; /* a reference each */
  guint n_gathered;
  gsize gathered_bytes;
  guint8 *gather_buffer;
};

/* Puts CONN on the list of those that the end of the turn writes. */
void kl_ws_hub_mark_dirty (KlWsHub *self, KlWsConn *conn);

struct _KlWsConn
{
  KlWsWatch watch; /* first */
  KlWsHub *hub;
  const KlWsHandler *handler; /* NULL: nobody cares any more */
  gpointer user_data;
  KlWsConn *next_dirty;
  KlWsConn *previous, *next;
  KlSioOut out;
  gsize queue_bytes;
  guint32 first_written; /* bytes of the first message in OUT that are on the wire */
  int fd;                /* -1: closed */
  guint dirty : 1;
  guint slow : 1;          /* the queue ran over in this turn */
  guint close_queued : 1;  /* nothing may be queued behind */
  guint peer_closed : 1;   /* its close frame came: input is over */
  guint shut : 1;          /* our side of the socket is shut down */
  guint waits_for_room : 1; /* EPOLLOUT is on */
  guint activity : 1;
  KlSioTimerNode closing;
  KlWsParser parser;
};

void kl_ws_conn_free (gpointer conn);
/* Writes what is queued, as far as it goes. */
void kl_ws_conn_flush (KlWsConn *self);
/* Cuts the socket. */
void kl_ws_conn_destroy (KlWsConn *self);
