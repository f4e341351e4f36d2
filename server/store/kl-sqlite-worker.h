/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The threads of the SQLite store and what travels to them and back. Internal to the store.
 *
 * A job is made on the main loop, run by one thread, and reported on the main loop. The writer runs all jobs that are
 * pending in one transaction; if one of them meets an error that is its own, the transaction is rolled back and each job
 * runs in one of its own, so that only the guilty one fails. What the environment does (disk full, file locked) fails
 * all of them. */
#pragma once

#include "server/store/kl-sqlite-memory.h"
#include "server/store/kl-sqlite.h"
#include "server/store/kl-store-job.h"

G_BEGIN_DECLS

/* MEMORY: the writer's; NULL in a reader. Sets the job's result, or its error and returns FALSE. May run twice (the
 * first transaction was rolled back): then the result of the first run is gone. */
typedef gboolean (*KlSqliteDeed) (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

typedef struct _KlSqliteWorkers KlSqliteWorkers;

/* Takes WRITER and LOCK_FD, which is closed when the threads have ended, and opens readers of its own. Jobs are reported on the thread-default main context of the caller. */
KlSqliteWorkers *kl_sqlite_workers_new (const char *path, KlSqlite *writer, int lock_fd, GError **error);

/* Each takes what is in JOB. */
void kl_sqlite_workers_write (KlSqliteWorkers *self, KlSqliteDeed deed, const KlStoreJob *job);
void kl_sqlite_workers_read (KlSqliteWorkers *self, KlSqliteDeed deed, const KlStoreJob *job);

/* Runs what is pending, ends the threads, closes the handles, then reports TASK (taken; may be NULL). Jobs that come
 * later are refused. */
void kl_sqlite_workers_close (KlSqliteWorkers *self, GTask *task);

/* As kl_store_is_ready(). */
gboolean kl_sqlite_workers_is_ready (KlSqliteWorkers *self, char **reason);

void kl_sqlite_workers_get_counts (KlSqliteWorkers *self, guint64 *commits, guint64 *waiting_jobs);

/* Closes and waits where that has not happened; jobs that were not reported are reported now. */
void kl_sqlite_workers_free (KlSqliteWorkers *self);

G_END_DECLS
