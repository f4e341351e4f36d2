/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A SQLite store as something that is copied from or to. Blocking, on one thread. */
#pragma once

#include "server/chat/kl-store-dump.h"

G_BEGIN_DECLS

#define KL_TYPE_SQLITE_DUMP (kl_sqlite_dump_get_type ())
G_DECLARE_FINAL_TYPE (KlSqliteDump, kl_sqlite_dump, KL, SQLITE_DUMP, GObject)

/* Opens the store at PATH to read from it, and locks its folder; an older one is brought to this version. Errors:
 * KL_STORE_ERROR. */
KlSqliteDump *
kl_sqlite_dump_open (const char *path, GError **error);

/* To write to it. There must be no store at PATH; what is being filled lies in "PATH.copying" until it is whole, and
 * what an interrupted copy left there is gone on with. The folder is made where there is none. */
KlSqliteDump *
kl_sqlite_dump_new (const char *path, GError **error);

G_END_DECLS
