/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-sqlite-rows.h"

#include <string.h>

#include "server/store/kl-sqlite-schema.h"

/* ── Rows ── */

KlStoreUser *
kl_sqlite_read_user (sqlite3_stmt *row, int first)
{
  KlStoreUser *user = kl_store_user_new ();

  user->id = kl_sqlite_dup_text (row, first);
  user->name = kl_sqlite_dup_text (row, first + 1);
  user->display_name = kl_sqlite_dup_text (row, first + 2);
  user->avatar = kl_sqlite_dup_text (row, first + 3);
  user->status_text = kl_sqlite_dup_text (row, first + 4);
  user->admin = kl_sqlite_int (row, first + 5) != 0;
  user->read_receipts = kl_sqlite_int (row, first + 6) != 0;
  user->dnd = kl_sqlite_int (row, first + 7) != 0;
  user->disabled = kl_sqlite_int (row, first + 8) != 0;
  user->deleted = kl_sqlite_int (row, first + 9) != 0;
  user->last_seen_at = kl_sqlite_int (row, first + 10);
  user->created_at = kl_sqlite_int (row, first + 11);
  user->updated_at = kl_sqlite_int (row, first + 12);

  return user;
}

KlStoreGroup *
kl_sqlite_read_group (sqlite3_stmt *row, int first)
{
  KlStoreGroup *group = kl_store_group_new ();

  group->id = kl_sqlite_dup_text (row, first);
  group->rev = kl_sqlite_int (row, first + 1);
  group->kind = (KlGroupKind)kl_sqlite_int (row, first + 2);
  group->visibility = (KlVisibility)kl_sqlite_int (row, first + 3);
  group->slug = kl_sqlite_dup_text (row, first + 4);
  group->name = kl_sqlite_dup_text (row, first + 5);
  group->topic = kl_sqlite_dup_text (row, first + 6);
  group->avatar = kl_sqlite_dup_text (row, first + 7);
  group->emoji = kl_sqlite_dup_text (row, first + 8);
  group->hue = (int)kl_sqlite_int (row, first + 9);
  group->created_at = kl_sqlite_int (row, first + 10);
  group->deleted = kl_sqlite_int (row, first + 11) != 0;

  return group;
}

KlStoreMessage *
kl_sqlite_read_message (sqlite3_stmt *row, int first)
{
  KlStoreMessage *message = kl_store_message_new ();

  message->id = kl_sqlite_dup_text (row, first);
  message->seq = KL_SQLITE_PLACE (kl_sqlite_int (row, first + 1));
  message->rev = kl_sqlite_int (row, first + 2);
  message->sender = kl_sqlite_dup_text (row, first + 3);
  message->created_at = kl_sqlite_int (row, first + 4);
  message->flags = (KlMessageFlags)kl_sqlite_int (row, first + 5);
  message->json = kl_sqlite_dup_text (row, first + 6);
  message->json_length = (gsize)sqlite3_column_bytes (row, first + 6);

  return message;
}

KlStoreMember *
kl_sqlite_read_member (sqlite3_stmt *row, int first)
{
  KlStoreMember *member = kl_store_member_new ();

  member->user = kl_sqlite_dup_text (row, first);
  member->rev = kl_sqlite_int (row, first + 1);
  member->role = (KlRole)kl_sqlite_int (row, first + 2);
  member->joined_at = kl_sqlite_int (row, first + 3);
  member->read_seq = kl_sqlite_int (row, first + 4);
  member->notify = (KlNotify)kl_sqlite_int (row, first + 5);
  member->pinned = kl_sqlite_int (row, first + 6) != 0;

  return member;
}

KlStoreSession *
kl_sqlite_read_session (sqlite3_stmt *row)
{
  KlStoreSession *session = kl_store_session_new ();

  session->id = kl_sqlite_dup_text (row, 0);
  session->user = kl_sqlite_dup_text (row, 1);
  session->device = kl_sqlite_dup_text (row, 2);
  if (sqlite3_column_bytes (row, 3) == KL_STORE_TOKEN_HASH_BYTES)
    memcpy (session->token_hash, sqlite3_column_blob (row, 3), KL_STORE_TOKEN_HASH_BYTES);
  session->created_at = kl_sqlite_int (row, 4);
  session->last_seen_at = kl_sqlite_int (row, 5);

  return session;
}

KlStoreInvite *
kl_sqlite_read_invite (sqlite3_stmt *row)
{
  KlStoreInvite *invite = kl_store_invite_new ();

  invite->code = kl_sqlite_dup_text (row, 0);
  invite->group = kl_sqlite_dup_text (row, 1);
  invite->by = kl_sqlite_dup_text (row, 2);
  invite->registers = kl_sqlite_int (row, 3) != 0;
  invite->created_at = kl_sqlite_int (row, 4);
  invite->expires_at = kl_sqlite_int (row, 5);
  invite->uses_left = kl_sqlite_int (row, 6);

  return invite;
}

/* ── Look-ups ── */

/* 0: there is no such group, or it is deleted. */
gboolean
kl_sqlite_find_g (KlSqlite *db, const char *group, gint64 *g, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT g FROM groups WHERE id = ? AND NOT deleted");

  kl_sqlite_bind_text (select, 1, group);

  return kl_sqlite_get_int (db, select, 0, g, error);
}

/* *MESSAGE: NULL where there is none at this place. */
gboolean
kl_sqlite_read_one_message (KlSqlite *db, sqlite3_stmt *select, KlStoreMessage **message, GError **error)
{
  KlSqliteStep step = kl_sqlite_step (db, select, error);

  *message = step == KL_SQLITE_ROW ? kl_sqlite_read_message (select, 0) : NULL;
  kl_sqlite_reset (select);

  return step != KL_SQLITE_ERROR;
}

gboolean
kl_sqlite_get_message_at (KlSqlite *db, gint64 place, KlStoreMessage **message, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_MESSAGE_COLUMNS " FROM " KL_SQLITE_MESSAGE_TABLES
                                                " WHERE messages.place = ?");

  kl_sqlite_bind_int (select, 1, place);

  return kl_sqlite_read_one_message (db, select, message, error);
}

gboolean
kl_sqlite_get_member_at (KlSqlite *db, gint64 g, gint64 u, KlStoreMember **member, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_MEMBER_COLUMNS
                                                " FROM members JOIN users USING (u) WHERE g = ? AND u = ?");
  KlSqliteStep step;

  kl_sqlite_bind_int (select, 1, g);
  kl_sqlite_bind_int (select, 2, u);
  step = kl_sqlite_step (db, select, error);
  *member = step == KL_SQLITE_ROW ? kl_sqlite_read_member (select, 0) : NULL;
  kl_sqlite_reset (select);

  return step != KL_SQLITE_ERROR;
}
