/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users, sessions, invites. As kl-sqlite-groups.h. Internal to the store. */
#pragma once

#include "server/store/kl-sqlite-worker.h"

G_BEGIN_DECLS

/* object: KlStoreUser, t0: password's hash, t1: invite, n0: KlStoreCreate → KlStoreInvite. Writes. */
gboolean kl_sqlite_create_user (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* texts: ids → GPtrArray of KlStoreUser */
gboolean kl_sqlite_get_users (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: name → KlStoreUser */
gboolean kl_sqlite_find_user (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: after name, n0: limit → GPtrArray of KlStoreUser */
gboolean kl_sqlite_list_users (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* → int */
gboolean kl_sqlite_count_users (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* object: KlStoreUser, n0: KlUserFields → KlStoreUser. Writes. */
gboolean kl_sqlite_update_user (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: name → KlStoreCredentials */
gboolean kl_sqlite_get_credentials (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: user, t1: hash, t2: session to keep, n0: end the others → GPtrArray of char *. Writes. */
gboolean kl_sqlite_set_password (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

/* object: KlStoreSession. Writes. */
gboolean kl_sqlite_create_session (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* object: the token's hash → KlStoreSignedIn */
gboolean kl_sqlite_find_session (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: user → GPtrArray of KlStoreSession */
gboolean kl_sqlite_list_sessions (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: id, n0: time. Writes. */
gboolean kl_sqlite_touch_session (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: user, t1: id. Writes. */
gboolean kl_sqlite_end_session (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* n0: before. Writes. */
gboolean kl_sqlite_end_stale_sessions (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

/* object: KlStoreInvite. Writes. */
gboolean kl_sqlite_create_invite (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: code → KlStoreInvite */
gboolean kl_sqlite_get_invite (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: code. Writes. */
gboolean kl_sqlite_revoke_invite (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);
/* t0: group, t1: by → GPtrArray of KlStoreInvite */
gboolean kl_sqlite_list_invites (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job);

/* The rows themselves. *U: the user's key. */
gboolean kl_sqlite_insert_user (KlSqlite *db, const KlStoreUser *user, gint64 *u, GError **error);
gboolean kl_sqlite_put_password (KlSqlite *db, gint64 u, const char *hash, GError **error);

G_END_DECLS
