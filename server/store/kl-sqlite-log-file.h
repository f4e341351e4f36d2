/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gathers what SQLite writes to a write-ahead log, and gives it to the system by one call a commit. Internal to the
 * store. */
#pragma once

#include <sqlite3.h>

/* The name of a VFS for sqlite3_open_v2(): the default one, but for the log's file. It is for handles that have
 * `synchronous=FULL`: whoever reads the log by a handle of his own sees what was synced, and only FULL syncs before it
 * tells others of a commit. Any thread. */
const char *kl_sqlite_log_file_get_vfs (void);
