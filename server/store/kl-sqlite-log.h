/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked of the logs. As kl-sqlite-groups.h. Internal to the store. */
#pragma once

#include "server/store/kl-sqlite-worker.h"

G_BEGIN_DECLS

/* t0: group, n0: since, n1: limit → GArray of KlStoreChange */
gboolean kl_sqlite_get_changes (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: group, n0: from, n1: to → GPtrArray of KlStoreMessage */
gboolean kl_sqlite_get_messages (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: group, t1: id → KlStoreMessage */
gboolean kl_sqlite_get_message (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: group, n0: after rev, n1: limit → KlStoreBatch */
gboolean kl_sqlite_read_log (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

G_END_DECLS
