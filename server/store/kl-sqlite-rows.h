/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From rows to values: the columns that a query names by these macros, and the functions that read them. Internal to
 * the store. */
#pragma once

#include "server/chat/kl-store.h"
#include "server/store/kl-sqlite.h"

G_BEGIN_DECLS

#define KL_SQLITE_USER_COLUMNS \
  "users.id, users.name, users.display_name, users.avatar, users.status_text, users.admin, users.read_receipts," \
  " users.dnd, users.disabled, users.deleted, users.last_seen_at, users.created_at, users.updated_at"
#define KL_SQLITE_USER_N_COLUMNS 13

#define KL_SQLITE_GROUP_COLUMNS \
  "groups.id, groups.rev, groups.kind, groups.visibility, groups.slug, groups.name, groups.topic, groups.avatar," \
  " groups.emoji, groups.hue, groups.created_at, groups.deleted"
#define KL_SQLITE_GROUP_N_COLUMNS 12

#define KL_SQLITE_MESSAGE_COLUMNS \
  "bodies.id, messages.place, messages.rev, users.id, bodies.created_at, messages.flags, bodies.json"
#define KL_SQLITE_MESSAGE_TABLES "messages JOIN bodies USING (body) JOIN users ON users.u = messages.sender"
#define KL_SQLITE_MESSAGE_N_COLUMNS 7

/* Of members joined with users. */
#define KL_SQLITE_MEMBER_COLUMNS \
  "users.id, members.rev, members.role, members.joined_at, members.read_seq, members.notify, members.pinned"
#define KL_SQLITE_MEMBER_N_COLUMNS 7

#define KL_SQLITE_SESSION_COLUMNS \
  "sessions.id, users.id, sessions.device, sessions.token_hash, sessions.created_at, sessions.last_seen_at"
#define KL_SQLITE_SESSION_N_COLUMNS 6

/* The last: how often it may still be used. */
#define KL_SQLITE_INVITE_COLUMNS \
  "invites.code, groups.id, users.id, invites.registers, invites.created_at, invites.expires_at," \
  " invites.uses - (SELECT count(*) FROM invite_uses t WHERE t.i = invites.i)"
#define KL_SQLITE_INVITE_TABLES "invites LEFT JOIN groups USING (g) LEFT JOIN users ON users.u = invites.actor"

/* FIRST: the column where they begin. */
KlStoreUser *kl_sqlite_read_user (sqlite3_stmt *row, int first);
KlStoreGroup *kl_sqlite_read_group (sqlite3_stmt *row, int first);
KlStoreMessage *kl_sqlite_read_message (sqlite3_stmt *row, int first);
KlStoreMember *kl_sqlite_read_member (sqlite3_stmt *row, int first);
/* Whose columns are the row's first. */
KlStoreSession *kl_sqlite_read_session (sqlite3_stmt *row);
KlStoreInvite *kl_sqlite_read_invite (sqlite3_stmt *row);

/* Look-ups that several need; FALSE on error. */

/* 0: there is no such group, or it is deleted. */
gboolean kl_sqlite_find_g (KlSqlite *db, const char *group, gint64 *g, GError **error);
/* The message of a statement with at most one row; NULL where there is none. */
gboolean kl_sqlite_read_one_message (KlSqlite *db, sqlite3_stmt *select, KlStoreMessage **message, GError **error);
/* NULL where there is none. */
gboolean kl_sqlite_get_message_at (KlSqlite *db, gint64 place, KlStoreMessage **message, GError **error);
gboolean kl_sqlite_get_member_at (KlSqlite *db, gint64 g, gint64 u, KlStoreMember **member, GError **error);

G_END_DECLS
