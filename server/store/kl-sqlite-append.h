/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Appends to the logs, within the writer's transaction. Internal to the store. */
#pragma once

#include "server/store/kl-sqlite-worker.h"

G_BEGIN_DECLS

/* object: the KlStoreBatch. Gives a KlAppendResult. */
gboolean kl_sqlite_append (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

/* Takes a use of an invite. *GOOD: whether there was one. NEEDS_REGISTERS: only if it registers. U: 0 where unknown. */
gboolean kl_sqlite_use_invite (KlSqlite *db, const char *code, gboolean needs_registers, gint64 u, gint64 now_ms,
                               gboolean *good, GError **error);

/* What the directory is searched by. */
char *kl_sqlite_fold_group (const KlStoreGroup *group);

G_END_DECLS
