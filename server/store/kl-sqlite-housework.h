/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the writer does while nobody waits. Internal to the store. */
#pragma once

#include "server/store/kl-sqlite-worker.h"

G_BEGIN_DECLS

/* Writes something without meaning, to see whether that works. */
gboolean kl_sqlite_probe (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

/* Removes a bounded number of rows of deleted groups, in the end the probe; clears memory->purge when none is left. */
gboolean kl_sqlite_purge_some (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

G_END_DECLS
