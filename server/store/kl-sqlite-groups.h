/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked of groups and their logs, and the few writes beside the log. Each deed says which arguments of the job
 * it takes: t0… are job->text, n0… job->number. Internal to the store. */
#pragma once

#include "server/store/kl-sqlite-worker.h"

G_BEGIN_DECLS

/* t0: group → KlStoreLoaded */
gboolean kl_sqlite_load_group (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: slug → char * */
gboolean kl_sqlite_find_group (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: group, t1: user → KlStoreMember */
gboolean kl_sqlite_get_member (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: group, t1: query, t2: after name, n0: limit → KlStoreMemberPage */
gboolean kl_sqlite_get_members (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: user → GPtrArray of char * */
gboolean kl_sqlite_get_memberships (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* object: GArray of KlUnreadQuery, texts: what they lend → GArray of guint32 */
gboolean kl_sqlite_count_unread (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: query, t1: after id, n0: all, n1: after members, n2: limit → GPtrArray of KlStoreListing */
gboolean kl_sqlite_list_groups (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* → KlStoreTotals */
gboolean kl_sqlite_get_totals (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

/* t0: group, object: KlStoreMember, n0: KlMarkFields. Writes. */
gboolean kl_sqlite_set_marks (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: group, object: KlStoreBan, n0: on. Writes. */
gboolean kl_sqlite_set_ban (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

G_END_DECLS
