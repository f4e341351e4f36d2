/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many Socket.IO clients in one thread: what the load generator's phases share. */
#pragma once

#include <glib.h>

#define KL_BENCH_FRAME_MAX (4 * 1024 * 1024)

typedef struct _KlBenchClient KlBenchClient;
typedef struct _KlBench KlBench;

typedef enum
{
  KL_BENCH_CLOSED,
  KL_BENCH_CONNECTING, /* TCP, upgrade, CONNECT */
  KL_BENCH_CONNECTED,
  KL_BENCH_READY, /* synced */
} KlBenchState;

struct _KlBenchClient
{
  KlBench *bench;
  guint index;
  int fd;
  KlBenchState state;
  gboolean upgraded;
  guint group; /* index of its group */
  char *token;
  guint8 *in;
  gsize n_in, in_size;
  GByteArray *out; /* what the socket had no room for */
  gint64 next_ack;
};

/* What a phase wants to hear. PAYLOAD is the text behind "42", "43" and is not terminated. */
typedef struct
{
  void (*connected) (KlBenchClient *client);
  void (*event) (KlBenchClient *client, const char *payload, gsize length);
  void (*ack) (KlBenchClient *client, gint64 id, const char *payload, gsize length);
} KlBenchFuncs;

struct _KlBench
{
  GArray *ports; /* of guint16: the nodes of one server; clients take one after the other */
  int epoll_fd;
  const KlBenchFuncs *funcs;
  GPtrArray *clients; /* of KlBenchClient */
  guint n_connected;  /* CONNECT answered */
  guint n_lost;       /* closed by the other side */
};

KlBench *kl_bench_new (guint16 port);
/* TOKEN may be NULL. */
KlBenchClient *kl_bench_add (KlBench *self, guint group, const char *token);
/* Begins to connect. */
void kl_bench_connect (KlBenchClient *client);
void kl_bench_disconnect (KlBenchClient *client);
/* An event with one argument of JSON, and an acknowledgement asked for; returns its id. */
gint64 kl_bench_emit (KlBenchClient *client, const char *event, const char *json);
/* Serves sockets for at most TIMEOUT_MS. */
void kl_bench_turn (KlBench *self, int timeout_ms);

gint64 kl_bench_now_usec (void);

/* ── Latencies ── */

/* Counts in steps of about 3 %. */
typedef struct
{
  guint64 counts[1024];
  guint64 n;
} KlBenchTimes;

void kl_bench_times_add (KlBenchTimes *self, gint64 usec);
double kl_bench_times_get_ms (const KlBenchTimes *self, double fraction);
