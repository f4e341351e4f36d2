/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/socketio/kl-eio-server.h"
#include "server/socketio/kl-sio-message-private.h"
#include "server/socketio/kl-sio-server.h"
#include "server/socketio/kl-sio-timers.h"

typedef struct _KlSioClient KlSioClient;

typedef struct
{
  KlSioServer *server;
  char *name;
  const KlSioHandler *handler;
  gpointer user_data;
  KlSioSocket *first;  /* open sockets */
  GHashTable *rooms;   /* name → KlSioRoom; NULL until one is joined */
} KlSioNamespace;

typedef struct
{
  char *name;
  GHashTable *sockets; /* a set */
} KlSioRoom;

typedef enum
{
  KL_SIO_STATE_ASKING, /* CONNECT came, the answer is the owner's to give */
  KL_SIO_STATE_OPEN,
  KL_SIO_STATE_ENDED,
} KlSioState;

struct _KlSioSocket
{
  guint ref_count;
  KlSioState state;
  KlEioSession *eio; /* the transport; NULL: ended */
  gpointer data;
  KlSioClient *client; /* NULL: ended */
  KlSioNamespace *nsp;
  KlSioSocket *previous, *next; /* in the namespace, while open */
  KlSioSocket *sibling;         /* of the same client */
  GHashTable *acks;             /* id → waiting acknowledgement; NULL until one is asked for */
  GPtrArray *rooms;             /* of KlSioRoom; NULL until one is joined */
  gint64 next_ack;
  char id[24];
  char address[46];
};

/* What stands on one Engine.IO session. */
struct _KlSioClient
{
  KlSioServer *server;
  KlEioSession *eio;
  KlSioSocket *sockets; /* in all namespaces, by sibling */
  KlSioHandshake *handshake;
  KlSioDecoder decoder;
  KlSioTimerNode connect_timer;
  guint n_asked; /* CONNECTs since one was accepted */
};

struct _KlSioServer
{
  GObject parent_instance;

  KlSioListener *listener;
  KlEioServer *eio;
  KlSioServerConfig config;
  GPtrArray *namespaces; /* of KlSioNamespace */
  KlSioMessage *slow_notice;
  KlSioTimerQueue *connect_queue;
  guint n_open;
  GTask *shutdown;
  guint shutdown_timer;
};

/* ── kl-sio-client.c ── */

extern const KlEioHandler kl_sio_client_handler;
void kl_sio_client_on_connect_timeout (KlSioTimerNode *node, gpointer user_data);
/* All its sockets end. The transport is closed after what is queued. */
void kl_sio_client_close (KlSioClient *self, KlSioReason reason, KlSioMessage *notice, gboolean for_good);

/* ── kl-sio-socket.c ── */

KlSioSocket *kl_sio_socket_new (KlSioClient *client, KlSioNamespace *nsp);
/* Takes it out of everything. The caller tells the owner. */
void kl_sio_socket_detach (KlSioSocket *self);
/* The same, and tells the owner. */
void kl_sio_socket_end (KlSioSocket *self, KlSioReason reason);
void kl_sio_socket_take_ack (KlSioSocket *self, const KlSioPacket *packet);
void kl_sio_room_free (gpointer room);
