/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The administrator's door: a Unix socket in the data folder (0600), open to root and to the user who runs the server
 * (SO_PEERCRED), on which klatchctl asks. One JSON object a line each way:
 *
 *   {"command":"status"}  →  {"ok":true,…}  or  {"ok":false,"error":{"code","message","field"?}}
 *
 * and, since that is what collectors of figures speak, one HTTP request instead: GET /metrics.
 *
 * Main loop only. */
#pragma once

#include <gio/gio.h>

#include "server/chat/kl-chat-accounts.h"
#include "server/chat/kl-chat.h"

G_BEGIN_DECLS

typedef struct _KlAdmin KlAdmin;

typedef struct
{
  const char *socket_path; /* a stale socket there is replaced; its folder exists */
  const char *name;        /* the server's, as GET server tells */
  const char *version;
  const char *address;    /* "http://ADDR:PORT" on which it listens */
  const char *store;      /* its URI, without secrets */
  const char *public_url; /* NULL: none; links of invites are then made from ADDRESS */
  /* The server's figures, as Prometheus reads them. */
  char *(*dup_metrics) (gsize *length, gpointer user_data);
  gpointer metrics_data; /* lives until kl_admin_stop() */
} KlAdminSettings;

/* Starts listening. CHAT and ACCOUNTS are kept; the settings are copied. Errors: G_IO_ERROR with a sentence. */
KlAdmin *kl_admin_start (KlChat *chat, KlChatAccounts *accounts, const KlAdminSettings *settings, GError **error);

/* Closes the socket and its connections, and removes the file. */
void kl_admin_stop (KlAdmin *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlAdmin, kl_admin_stop)

G_END_DECLS
