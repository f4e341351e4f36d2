/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people have done, by their clients' ids, for ever. Within the writer's thread. Internal to the store.
 *
 * The ids are random, so in a table ordered by them each new one falls on a page of its own, and writing that page costs
 * more than all else of a message. New ones are therefore appended to the table recent_ops and kept in memory; when
 * there are many, they are moved to the ordered table in its order, some with each commit. */
#pragma once

#include "server/store/kl-sqlite-worker.h"

G_BEGIN_DECLS

/* OP: "user id\nclient_id". *PLACE: group and rev of its entry, 0 where it was not used. */
gboolean kl_sqlite_ops_find (KlSqlite *db, KlSqliteMemory *memory, const char *op, gint64 *place, GError **error);

/* Of one that was not used. */
gboolean kl_sqlite_ops_add (KlSqlite *db, KlSqliteMemory *memory, const char *op, gint64 place, GError **error);

/* Before a commit: moves some, where there are many. */
gboolean kl_sqlite_ops_move_some (KlSqlite *db, KlSqliteMemory *memory, GError **error);

/* texts: ops → GPtrArray of KlStoreOp or NULL */
gboolean kl_sqlite_find_ops (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

G_END_DECLS
