/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/api/kl-settings.h"
#include "server/chat/kl-chat.h"

G_BEGIN_DECLS

/* What makes a process one of several nodes: the store and the bus that its settings name, and what it tells the
 * others of itself. */

/* Keeps other servers out of the data folder, which is there. *FD is the lock, or -1 where an SQLite database lies in
 * there: its store locks the folder. FALSE: another server has it. */
gboolean kl_node_lock_folder (const KlSettings *settings, int *fd, GError **error);
/* By [store] uri. NULL: it cannot be opened, or is another server's. */
KlStore *kl_node_open_store (const KlSettings *settings, GError **error);
/* Whether [store] uri is a good one; asks no server. */
gboolean kl_node_check_store (const KlSettings *settings, GError **error);
/* By [bus] uri. NULL: the URI is not good; a bus that cannot be reached is no error. */
KlBus *kl_node_open_bus (const KlSettings *settings, KlStore *store, GError **error);

typedef struct _KlNode KlNode;

/* Tells the others, again and again, that this node listens at ADDRESS, how many connections and people it has. */
KlNode *kl_node_announce (KlChat *chat, const char *address);
void kl_node_free (KlNode *self);

/* Of what the clients of a stopping node shall wait a random part. Short where other nodes take them at once; else
 * they have to wait for this one to come back. */
gint64 kl_node_get_retry_after_ms (KlBus *bus, guint n_connections);

G_END_DECLS
