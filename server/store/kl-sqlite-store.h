/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KlStore on one SQLite file, for a server of one node.
 *
 * Threads: one writer, which takes all that is pending from all groups into one transaction and reports a commit with
 * one wake-up, and a few readers with handles of their own. The interface's calls only queue.
 *
 * Durability: write-ahead log with synchronous=FULL. A change is reported after its commit is on disk. When the disk is
 * full or the file is locked from outside, calls fail with KL_STORE_ERROR_UNAVAILABLE, nothing of them is stored, and
 * kl_store_is_ready() says so until a write succeeds again, which the writer tries by itself once a second. */
#pragma once

#include "server/store/kl-job-store.h"

G_BEGIN_DECLS

#define KL_TYPE_SQLITE_STORE (kl_sqlite_store_get_type ())
G_DECLARE_FINAL_TYPE (KlSqliteStore, kl_sqlite_store, KL, SQLITE_STORE, KlJobStore)

/* Opens the file, makes or migrates it, and starts the threads. Blocks: it is for the program's start.
 *
 * DOMAIN is written into a new file; another one later is refused. The file's folder must exist; it is locked (flock on
 * the folder) for as long as the store is open, so a second server on it is refused. Errors have a sentence that an
 * administrator understands: KL_STORE_ERROR_UNAVAILABLE where another process uses the folder, else
 * KL_STORE_ERROR_FAILED (newer version, other domain, no database, no permission).
 *
 * kl_store_close_async() gives the folder free again; finalizing an open store does the same, and blocks meanwhile. */
KlSqliteStore *kl_sqlite_store_open (const char *path, const char *domain, GError **error);

/* How much has been written, for the administrator. */
typedef struct
{
  guint64 commits;
  guint64 waiting_jobs; /* now, for the writer and the readers */
} KlSqliteStoreStats;

void kl_sqlite_store_get_stats (KlSqliteStore *self, KlSqliteStoreStats *stats);

G_END_DECLS
