/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/api/kl-api.h"

G_BEGIN_DECLS

/* KlMetrics: what a running server can tell of itself, as Prometheus reads it. Nothing is kept up to date for it but
 * what the parts count anyway and the loop's lag, which a timer measures; the rest is collected when somebody asks.
 * docs/admin.md says what each figure means. Main loop only. */
typedef struct _KlMetrics KlMetrics;

typedef struct
{
  KlChat *chat;
  KlChatAccounts *accounts;
  KlApi *api;
  KlSioTls *tls; /* NULL: none */
  const char *version;
  const char *store_path; /* of an SQLite database; NULL: it is another store */
} KlMetricsSources;

/* Keeps references. Its timer belongs to the thread-default main context. */
KlMetrics *
kl_metrics_new (const KlMetricsSources *sources);

void
kl_metrics_free (KlMetrics *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMetrics, kl_metrics_free)

/* All of it, in KL_METRICS_CONTENT_TYPE. */
char *
kl_metrics_write (KlMetrics *self, gsize *length);

/* Serves GET /metrics, and nothing else, at ADDR:PORT, plain and to everybody who reaches it. Returns where, as
 * "http://ADDR:PORT/metrics"; lives as long as the object. Errors: as kl_sio_listener_listen(). */
const char *
kl_metrics_listen (KlMetrics *self, const char *address, GError **error);

G_END_DECLS
