/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/socketio/kl-sio-listener.h"

/* Why a connection, and the sockets on it, ended. */
typedef enum
{
  KL_SIO_REASON_CLIENT_DISCONNECT, /* a Socket.IO DISCONNECT or an Engine.IO close: meant */
  KL_SIO_REASON_TRANSPORT_CLOSE,   /* the connection closed or broke */
  KL_SIO_REASON_PING_TIMEOUT,
  KL_SIO_REASON_CONNECT_TIMEOUT,   /* no CONNECT was accepted in time */
  KL_SIO_REASON_PARSE_ERROR,       /* it sent what is no packet, or too large */
  KL_SIO_REASON_SLOW_CONSUMER,
  KL_SIO_REASON_SERVER,            /* this side closed it */
  KL_SIO_REASON_SHUTDOWN,
} KlSioReason;
#define KL_SIO_REASONS (KL_SIO_REASON_SHUTDOWN + 1)

/* The names that Socket.IO servers give these, for logs. */
const char *kl_sio_reason_to_string (KlSioReason reason);

typedef struct
{
  guint n_websockets; /* sessions by their transport */
  guint n_polling;
  gsize queued_bytes;           /* that wait to be sent, of all */
  guint64 ends[KL_SIO_REASONS]; /* of sessions, since the start */
} KlSioStats;

/* Zero means the default. */
typedef struct
{
  guint ping_interval_ms;   /* 0: 15,000 */
  guint ping_timeout_ms;    /* 0: 10,000 */
  guint connect_timeout_ms; /* from the handshake to an accepted CONNECT, not rearmed by refused ones; 0: 10,000 */
  gsize max_payload_bytes;  /* of a packet and of a polling body; 0: 1 MiB */
  gsize queue_bytes;        /* waiting to be sent to one connection; 0: 4 MiB */
  gboolean cors_any;        /* answer any origin's scripts (test programs) */
} KlSioServerConfig;

/* The HTTP request that began a connection. Kept until its CONNECT is accepted. */
typedef struct
{
  KlSioPeer peer;
  SoupMessageHeaders *headers; /* Cookie, Origin, Host, Sec-Fetch-Site … as they came */
} KlSioHandshake;

/* Whether a handshake may go on (else 403). */
typedef gboolean (*KlSioAdmitFunc) (const KlSioHandshake *handshake, gpointer user_data);
