/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-sqlite-accounts.h"

#include "protocol/kl-text.h"
#include "server/store/kl-sqlite-append.h"
#include "server/store/kl-sqlite-rows.h"

/* ?1 is the time. */
#define INVITE_IS_GOOD                                                                                                 \
  "NOT invites.revoked AND (invites.expires_at = 0 OR invites.expires_at > ?1)"                                        \
  " AND invites.uses > (SELECT count(*) FROM invite_uses t WHERE t.i = invites.i) AND coalesce (groups.deleted, 0) = " \
  "0"

static gboolean
not_found (KlStoreJob *job)
{
  return kl_store_job_refuse (job, KL_STORE_ERROR_NOT_FOUND, "there is no such object");
}

static gint64
now_ms (void)
{
  return g_get_real_time () / 1000;
}

/* ── Users ── */

static char *
fold_user (const char *name, const char *display_name)
{
  g_autofree char *both = g_strjoin ("\n", name, display_name, NULL);

  return kl_text_fold (both, -1);
}

/* *USER: NULL where there is no row. */
static gboolean
read_one_user (KlSqlite *db, sqlite3_stmt *select, KlStoreUser **user, GError **error)
{
  KlSqliteStep step = kl_sqlite_step (db, select, error);

  *user = step == KL_SQLITE_ROW ? kl_sqlite_read_user (select, 0) : NULL;
  kl_sqlite_reset (select);

  return step != KL_SQLITE_ERROR;
}

/* *INVITE: NULL where it is not good. */
static gboolean
find_good_invite (KlSqlite *db, const char *code, KlStoreInvite **invite, GError **error)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_INVITE_COLUMNS " FROM " KL_SQLITE_INVITE_TABLES
                                                " WHERE invites.code = ?2 AND " INVITE_IS_GOOD);
  KlSqliteStep step;

  kl_sqlite_bind_int (select, 1, now_ms ());
  kl_sqlite_bind_text (select, 2, code);
  step = kl_sqlite_step (db, select, error);
  *invite = step == KL_SQLITE_ROW ? kl_sqlite_read_invite (select) : NULL;
  kl_sqlite_reset (select);

  return step != KL_SQLITE_ERROR;
}

/* All reasons to refuse are looked for before anything is written. */
static gboolean
may_create_user (KlSqlite *db, KlStoreJob *job, KlStoreInvite **invite)
{
  const KlStoreUser *user = job->object;
  KlStoreCreate how = (KlStoreCreate)job->number[0];
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT 1 FROM users WHERE name = ?");
  gint64 any, taken;

  if (!kl_sqlite_get_int (db, kl_sqlite_prepare (db, "SELECT 1 FROM users LIMIT 1"), 0, &any, &job->error))
    return FALSE;
  if ((how == KL_STORE_CREATE_FIRST && any) || (how == KL_STORE_CREATE_NOT_FIRST && !any))
    return kl_store_job_refuse (job, KL_STORE_ERROR_NOT_FIRST,
                                 any ? "there is an account already" : "there is no account yet");

  if (job->text[1])
    {
      if (!find_good_invite (db, job->text[1], invite, &job->error))
        return FALSE;
      if (!*invite || !(*invite)->registers)
        return kl_store_job_refuse (job, KL_STORE_ERROR_SPENT, "this invite does not register");
    }

  kl_sqlite_bind_text (select, 1, user->name);
  if (!kl_sqlite_get_int (db, select, 0, &taken, &job->error))
    return FALSE;
  if (taken)
    return kl_store_job_refuse (job, KL_STORE_ERROR_TAKEN, "this name is in use, or was once");

  return TRUE;
}

gboolean
kl_sqlite_insert_user (KlSqlite *db, const KlStoreUser *user, gint64 *u, GError **error)
{
  g_autofree char *folded = fold_user (user->name, user->display_name);
  sqlite3_stmt *insert = kl_sqlite_prepare (
      db, "INSERT INTO users (id, name, display_name, avatar, status_text, admin, read_receipts, dnd,"
          " disabled, deleted, last_seen_at, created_at, updated_at, folded)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

  kl_sqlite_bind_text (insert, 1, user->id);
  kl_sqlite_bind_text (insert, 2, user->name);
  kl_sqlite_bind_text (insert, 3, user->display_name);
  kl_sqlite_bind_text (insert, 4, user->avatar);
  kl_sqlite_bind_text (insert, 5, user->status_text);
  kl_sqlite_bind_int (insert, 6, user->admin);
  kl_sqlite_bind_int (insert, 7, user->read_receipts);
  kl_sqlite_bind_int (insert, 8, user->dnd);
  kl_sqlite_bind_int (insert, 9, user->disabled);
  kl_sqlite_bind_int (insert, 10, user->deleted);
  kl_sqlite_bind_int (insert, 11, user->last_seen_at);
  kl_sqlite_bind_int (insert, 12, user->created_at);
  kl_sqlite_bind_int (insert, 13, user->updated_at);
  kl_sqlite_bind_text (insert, 14, folded);
  if (!kl_sqlite_finish (db, insert, error))
    return FALSE;
  *u = sqlite3_last_insert_rowid (db->handle);

  return TRUE;
}

gboolean
kl_sqlite_put_password (KlSqlite *db, gint64 u, const char *hash, GError **error)
{
  sqlite3_stmt *insert = kl_sqlite_prepare (db, "INSERT OR REPLACE INTO passwords (u, hash) VALUES (?, ?)");

  kl_sqlite_bind_int (insert, 1, u);
  kl_sqlite_bind_text (insert, 2, hash);

  return kl_sqlite_finish (db, insert, error);
}

gboolean
kl_sqlite_create_user (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (KlStoreInvite) invite = NULL;
  gboolean good = TRUE;
  gint64 u;

  if (!may_create_user (db, job, &invite) || !kl_sqlite_insert_user (db, job->object, &u, &job->error)
      || !kl_sqlite_put_password (db, u, job->text[0], &job->error))
    return FALSE;
  if (invite && !kl_sqlite_use_invite (db, invite->code, TRUE, u, now_ms (), &good, &job->error))
    return FALSE;
  if (!good)
    {
      /* It expired between two lines: undone with the transaction, and refused when it runs again. */
      g_set_error_literal (&job->error, KL_STORE_ERROR, KL_STORE_ERROR_FAILED, "the invite expired in this moment");
      return FALSE;
    }

  return kl_store_job_give (job, invite ? g_steal_pointer (&invite) : kl_store_invite_new (),
                             (GDestroyNotify)kl_store_invite_unref);
}

gboolean
kl_sqlite_get_users (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (GPtrArray) users = g_ptr_array_new_with_free_func ((GDestroyNotify)kl_store_user_unref);
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_USER_COLUMNS " FROM users WHERE id = ?");

  for (char **id = job->texts; *id; id++)
    {
      KlStoreUser *user;

      kl_sqlite_bind_text (select, 1, *id);
      if (!read_one_user (db, select, &user, &job->error))
        return FALSE;
      if (user)
        g_ptr_array_add (users, user);
    }

  return kl_store_job_give (job, g_steal_pointer (&users), (GDestroyNotify)g_ptr_array_unref);
}

gboolean
kl_sqlite_find_user (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_USER_COLUMNS " FROM users WHERE name = ?");
  KlStoreUser *user;

  kl_sqlite_bind_text (select, 1, job->text[0]);
  if (!read_one_user (db, select, &user, &job->error))
    return FALSE;

  return user ? kl_store_job_give (job, user, (GDestroyNotify)kl_store_user_unref) : not_found (job);
}

gboolean
kl_sqlite_list_users (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (GPtrArray) users = g_ptr_array_new_with_free_func ((GDestroyNotify)kl_store_user_unref);
  sqlite3_stmt *select
      = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_USER_COLUMNS " FROM users WHERE name > ? ORDER BY name LIMIT ?");
  KlSqliteStep step;

  kl_sqlite_bind_text (select, 1, job->text[0] ? job->text[0] : "");
  kl_sqlite_bind_int (select, 2, job->number[0]);
  while ((step = kl_sqlite_step (db, select, &job->error)) == KL_SQLITE_ROW)
    g_ptr_array_add (users, kl_sqlite_read_user (select, 0));
  if (step == KL_SQLITE_ERROR)
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&users), (GDestroyNotify)g_ptr_array_unref);
}

gboolean
kl_sqlite_count_users (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  return kl_sqlite_get_int (db, kl_sqlite_prepare (db, "SELECT count(*) FROM users"), 0, &job->result_number,
                            &job->error);
}

static void
apply_user_fields (KlStoreUser *user, const KlStoreUser *from, KlUserFields fields)
{
  if (fields & KL_USER_DISPLAY_NAME)
    g_set_str (&user->display_name, from->display_name);
  if (fields & KL_USER_AVATAR)
    g_set_str (&user->avatar, from->avatar);
  if (fields & KL_USER_STATUS_TEXT)
    g_set_str (&user->status_text, from->status_text);
  if (fields & KL_USER_READ_RECEIPTS)
    user->read_receipts = from->read_receipts;
  if (fields & KL_USER_DND)
    user->dnd = from->dnd;
  if (fields & KL_USER_ADMIN)
    user->admin = from->admin;
  if (fields & KL_USER_DISABLED)
    user->disabled = from->disabled;
  if (fields & KL_USER_LAST_SEEN)
    user->last_seen_at = from->last_seen_at;
  if (fields != KL_USER_LAST_SEEN)
    user->updated_at = from->updated_at;
}

gboolean
kl_sqlite_update_user (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  const KlStoreUser *from = job->object;
  g_autoptr (KlStoreUser) user = NULL;
  g_autofree char *folded = NULL;
  sqlite3_stmt *statement = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_USER_COLUMNS " FROM users WHERE id = ?");

  kl_sqlite_bind_text (statement, 1, from->id);
  if (!read_one_user (db, statement, &user, &job->error))
    return FALSE;
  if (!user)
    return not_found (job);

  apply_user_fields (user, from, (KlUserFields)job->number[0]);
  folded = fold_user (user->name, user->display_name);
  statement
      = kl_sqlite_prepare (db, "UPDATE users SET display_name = ?2, avatar = ?3, status_text = ?4, read_receipts = ?5,"
                               " dnd = ?6, admin = ?7, disabled = ?8, last_seen_at = ?9, updated_at = ?10,"
                               " folded = ?11 WHERE id = ?1");
  kl_sqlite_bind_text (statement, 1, user->id);
  kl_sqlite_bind_text (statement, 2, user->display_name);
  kl_sqlite_bind_text (statement, 3, user->avatar);
  kl_sqlite_bind_text (statement, 4, user->status_text);
  kl_sqlite_bind_int (statement, 5, user->read_receipts);
  kl_sqlite_bind_int (statement, 6, user->dnd);
  kl_sqlite_bind_int (statement, 7, user->admin);
  kl_sqlite_bind_int (statement, 8, user->disabled);
  kl_sqlite_bind_int (statement, 9, user->last_seen_at);
  kl_sqlite_bind_int (statement, 10, user->updated_at);
  kl_sqlite_bind_text (statement, 11, folded);
  if (!kl_sqlite_finish (db, statement, &job->error))
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&user), (GDestroyNotify)kl_store_user_unref);
}

gboolean
kl_sqlite_get_credentials (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *select
      = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_USER_COLUMNS ", hash FROM users JOIN passwords USING (u)"
                               " WHERE name = ?");
  KlStoreCredentials *credentials;
  KlSqliteStep step;

  kl_sqlite_bind_text (select, 1, job->text[0]);
  step = kl_sqlite_step (db, select, &job->error);
  if (step == KL_SQLITE_ERROR)
    return FALSE;
  if (step == KL_SQLITE_DONE)
    return not_found (job);
  credentials = kl_store_credentials_new ();
  credentials->user = kl_sqlite_read_user (select, 0);
  credentials->password_hash = kl_sqlite_dup_text (select, KL_SQLITE_USER_N_COLUMNS);
  kl_sqlite_reset (select);

  return kl_store_job_give (job, credentials, (GDestroyNotify)kl_store_credentials_free);
}

static gboolean
end_other_sessions (KlSqlite *db, gint64 u, const char *keep, GPtrArray *ended, GError **error)
{
  sqlite3_stmt *delete
      = kl_sqlite_prepare (db, "DELETE FROM sessions WHERE u = ?1 AND (?2 IS NULL OR id <> ?2) RETURNING id");
  KlSqliteStep step;

  kl_sqlite_bind_int (delete, 1, u);
  kl_sqlite_bind_text (delete, 2, keep);
  while ((step = kl_sqlite_step (db, delete, error)) == KL_SQLITE_ROW)
    g_ptr_array_add (ended, kl_sqlite_dup_text (delete, 0));

  return step == KL_SQLITE_DONE;
}

gboolean
kl_sqlite_set_password (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (GPtrArray) ended = g_ptr_array_new_with_free_func (g_free);
  gint64 u;

  if (!kl_sqlite_find_u (db, memory, job->text[0], &u, &job->error))
    return FALSE;
  if (!u)
    return not_found (job);
  if (!kl_sqlite_put_password (db, u, job->text[1], &job->error))
    return FALSE;
  if (job->number[0] && !end_other_sessions (db, u, job->text[2], ended, &job->error))
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&ended), (GDestroyNotify)g_ptr_array_unref);
}

/* ── Sessions ── */

gboolean
kl_sqlite_create_session (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  const KlStoreSession *session = job->object;
  sqlite3_stmt *insert
      = kl_sqlite_prepare (db, "INSERT INTO sessions (id, u, device, token_hash, created_at, last_seen_at)"
                               " VALUES (?, ?, ?, ?, ?, ?)");
  gint64 u;

  if (!kl_sqlite_find_u (db, memory, session->user, &u, &job->error))
    return FALSE;
  if (!u)
    return not_found (job);

  kl_sqlite_bind_text (insert, 1, session->id);
  kl_sqlite_bind_int (insert, 2, u);
  kl_sqlite_bind_text (insert, 3, session->device);
  kl_sqlite_bind_blob (insert, 4, session->token_hash, KL_STORE_TOKEN_HASH_BYTES);
  kl_sqlite_bind_int (insert, 5, session->created_at);
  kl_sqlite_bind_int (insert, 6, session->last_seen_at);

  return kl_sqlite_finish (db, insert, &job->error);
}

gboolean
kl_sqlite_find_session (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_SESSION_COLUMNS ", " KL_SQLITE_USER_COLUMNS
                                                " FROM sessions JOIN users USING (u) WHERE token_hash = ?");
  KlStoreSignedIn *who;
  KlSqliteStep step;

  kl_sqlite_bind_blob (select, 1, job->object, KL_STORE_TOKEN_HASH_BYTES);
  step = kl_sqlite_step (db, select, &job->error);
  if (step == KL_SQLITE_ERROR)
    return FALSE;
  if (step == KL_SQLITE_DONE)
    return not_found (job);
  who = kl_store_signed_in_new ();
  who->session = kl_sqlite_read_session (select);
  who->user = kl_sqlite_read_user (select, KL_SQLITE_SESSION_N_COLUMNS);
  kl_sqlite_reset (select);

  return kl_store_job_give (job, who, (GDestroyNotify)kl_store_signed_in_free);
}

gboolean
kl_sqlite_list_sessions (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (GPtrArray) sessions = g_ptr_array_new_with_free_func ((GDestroyNotify)kl_store_session_unref);
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_SESSION_COLUMNS " FROM users JOIN sessions USING (u)"
                                                " WHERE users.id = ? ORDER BY sessions.last_seen_at DESC, s DESC");
  KlSqliteStep step;

  kl_sqlite_bind_text (select, 1, job->text[0]);
  while ((step = kl_sqlite_step (db, select, &job->error)) == KL_SQLITE_ROW)
    g_ptr_array_add (sessions, kl_sqlite_read_session (select));
  if (step == KL_SQLITE_ERROR)
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&sessions), (GDestroyNotify)g_ptr_array_unref);
}

gboolean
kl_sqlite_touch_session (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *update = kl_sqlite_prepare (db, "UPDATE sessions SET last_seen_at = ? WHERE id = ?");

  kl_sqlite_bind_int (update, 1, job->number[0]);
  kl_sqlite_bind_text (update, 2, job->text[0]);

  return kl_sqlite_finish (db, update, &job->error);
}

gboolean
kl_sqlite_end_session (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *delete = kl_sqlite_prepare (db, "DELETE FROM sessions WHERE id = ? AND u = ?");
  gint64 u;

  if (!kl_sqlite_find_u (db, memory, job->text[0], &u, &job->error))
    return FALSE;
  kl_sqlite_bind_text (delete, 1, job->text[1]);
  kl_sqlite_bind_int (delete, 2, u);
  if (!kl_sqlite_finish (db, delete, &job->error))
    return FALSE;

  return kl_sqlite_changes (db) > 0 || not_found (job);
}

gboolean
kl_sqlite_end_stale_sessions (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *delete = kl_sqlite_prepare (db, "DELETE FROM sessions WHERE last_seen_at < ?");

  kl_sqlite_bind_int (delete, 1, job->number[0]);

  return kl_sqlite_finish (db, delete, &job->error);
}

/* ── Invites ── */

gboolean
kl_sqlite_create_invite (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  const KlStoreInvite *invite = job->object;
  sqlite3_stmt *insert
      = kl_sqlite_prepare (db, "INSERT INTO invites (code, g, actor, registers, created_at, expires_at, uses, revoked)"
                               " VALUES (?1, (SELECT g FROM groups WHERE id = ?2), (SELECT u FROM users WHERE id = ?3),"
                               " ?4, ?5, ?6, ?7, 0)");
  sqlite3_stmt *select = kl_sqlite_prepare (db, "SELECT 1 FROM groups WHERE id = ? AND NOT deleted");
  gint64 is_there = 1;

  kl_sqlite_bind_text (select, 1, invite->group);
  if (invite->group && !kl_sqlite_get_int (db, select, 0, &is_there, &job->error))
    return FALSE;
  if (!is_there)
    return not_found (job);

  kl_sqlite_bind_text (insert, 1, invite->code);
  kl_sqlite_bind_text (insert, 2, invite->group);
  kl_sqlite_bind_text (insert, 3, invite->by);
  kl_sqlite_bind_int (insert, 4, invite->registers);
  kl_sqlite_bind_int (insert, 5, invite->created_at);
  kl_sqlite_bind_int (insert, 6, invite->expires_at);
  kl_sqlite_bind_int (insert, 7, invite->uses_left);

  return kl_sqlite_finish (db, insert, &job->error);
}

gboolean
kl_sqlite_get_invite (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  KlStoreInvite *invite;

  if (!find_good_invite (db, job->text[0], &invite, &job->error))
    return FALSE;

  return invite ? kl_store_job_give (job, invite, (GDestroyNotify)kl_store_invite_unref) : not_found (job);
}

gboolean
kl_sqlite_revoke_invite (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  sqlite3_stmt *update = kl_sqlite_prepare (db, "UPDATE invites SET revoked = 1 WHERE code = ?");

  kl_sqlite_bind_text (update, 1, job->text[0]);

  return kl_sqlite_finish (db, update, &job->error);
}

gboolean
kl_sqlite_list_invites (KlSqlite *db, KlSqliteMemory *memory, KlStoreJob *job)
{
  g_autoptr (GPtrArray) invites = g_ptr_array_new_with_free_func ((GDestroyNotify)kl_store_invite_unref);
  sqlite3_stmt *select
      = kl_sqlite_prepare (db, "SELECT " KL_SQLITE_INVITE_COLUMNS " FROM " KL_SQLITE_INVITE_TABLES
                               " WHERE g = (SELECT g FROM groups WHERE id = ?2) AND (?3 IS NULL OR users.id = ?3)"
                               " AND " INVITE_IS_GOOD " ORDER BY invites.created_at DESC, i DESC");
  KlSqliteStep step;

  kl_sqlite_bind_int (select, 1, now_ms ());
  kl_sqlite_bind_text (select, 2, job->text[0]);
  kl_sqlite_bind_text (select, 3, job->text[1]);
  while ((step = kl_sqlite_step (db, select, &job->error)) == KL_SQLITE_ROW)
    g_ptr_array_add (invites, kl_sqlite_read_invite (select));
  if (step == KL_SQLITE_ERROR)
    return FALSE;

  return kl_store_job_give (job, g_steal_pointer (&invites), (GDestroyNotify)g_ptr_array_unref);
}
