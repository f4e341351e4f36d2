/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The KlStore interface: each call becomes a job for the writer or the readers. */
#include "server/store/kl-sqlite-store.h"

#include <glib/gstdio.h>

#include "server/store/kl-sqlite-accounts.h"
#include "server/store/kl-sqlite-append.h"
#include "server/store/kl-sqlite-file.h"
#include "server/store/kl-sqlite-groups.h"
#include "server/store/kl-sqlite-log.h"
#include "server/store/kl-sqlite-ops.h"
#include "server/store/kl-sqlite-schema.h"
#include "server/store/kl-sqlite-worker.h"

struct _KlSqliteStore
{
  GObject parent_instance;

  int folder_fd; /* locked, until the workers have it */
  char *epoch;
  char *secret;
  KlSqliteWorkers *workers;
};

static void
store_iface_init (KlStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlSqliteStore, kl_sqlite_store, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_STORE, store_iface_init))

static void
kl_sqlite_store_finalize (GObject *object)
{
  KlSqliteStore *self = KL_SQLITE_STORE (object);

  g_clear_pointer (&self->workers, kl_sqlite_workers_free);
  g_clear_fd (&self->folder_fd, NULL);
  g_free (self->epoch);
  g_free (self->secret);

  G_OBJECT_CLASS (kl_sqlite_store_parent_class)->finalize (object);
}

static void
kl_sqlite_store_class_init (KlSqliteStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_sqlite_store_finalize;
}

static void
kl_sqlite_store_init (KlSqliteStore *self)
{
  self->folder_fd = -1;
}

/* ── Opening ── */

static KlSqlite *
open_writer (KlSqliteStore *self, const char *path, const char *domain, GError **error)
{
  KlSqlite *writer = kl_sqlite_open (path, KL_SQLITE_WRITER, error);

  if (writer && !kl_sqlite_schema_prepare (writer, domain, &self->epoch, &self->secret, error))
    g_clear_pointer (&writer, kl_sqlite_close);

  return writer;
}

KlSqliteStore *
kl_sqlite_store_open (const char *path, const char *domain, GError **error)
{
  g_autoptr (KlSqliteStore) self = g_object_new (KL_TYPE_SQLITE_STORE, NULL);
  KlSqlite *writer;

  self->folder_fd = kl_sqlite_file_lock_folder (path, error);
  if (self->folder_fd < 0)
    return NULL;

  writer = open_writer (self, path, domain, error);
  if (!writer)
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  self->workers = kl_sqlite_workers_new (path, writer, g_steal_fd (&self->folder_fd), error);
  if (!self->workers)
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }

  return g_steal_pointer (&self);
}

void
kl_sqlite_store_get_stats (KlSqliteStore *self, KlSqliteStoreStats *stats)
{
  g_return_if_fail (KL_IS_SQLITE_STORE (self));

  kl_sqlite_workers_get_counts (self->workers, &stats->commits, &stats->waiting_jobs);
}

/* ── Jobs ── */

static KlSqliteJob *
new_job (GTask *task, KlSqliteDeed deed, KlSqliteReturns returns, const char *text0, const char *text1,
         const char *text2)
{
  KlSqliteJob *job = kl_sqlite_job_new (task, deed, returns);

  job->text[0] = g_strdup (text0);
  job->text[1] = g_strdup (text1);
  job->text[2] = g_strdup (text2);

  return job;
}

static void
set_numbers (KlSqliteJob *job, gint64 number0, gint64 number1, gint64 number2)
{
  job->number[0] = number0;
  job->number[1] = number1;
  job->number[2] = number2;
}

static void
set_object (KlSqliteJob *job, gpointer object, GDestroyNotify object_free)
{
  job->object = object;
  job->object_free = object_free;
}

static void
ask (KlStore *store, KlSqliteJob *job)
{
  kl_sqlite_workers_read (KL_SQLITE_STORE (store)->workers, job);
}

static void
put (KlStore *store, KlSqliteJob *job)
{
  kl_sqlite_workers_write (KL_SQLITE_STORE (store)->workers, job);
}

/* ── Groups ── */

static void
append (KlStore *store, KlStoreBatch *batch, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_append, KL_SQLITE_RETURNS_POINTER, NULL, NULL, NULL);

  set_object (job, kl_store_batch_ref (batch), (GDestroyNotify)kl_store_batch_unref);
  put (store, job);
}

static void
find_ops (KlStore *store, const char *const *ops, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_find_ops, KL_SQLITE_RETURNS_POINTER, NULL, NULL, NULL);

  job->texts = g_strdupv ((char **)ops);
  put (store, job); /* the writer remembers the newest */
}

static void
load_group (KlStore *store, const char *group, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_load_group, KL_SQLITE_RETURNS_POINTER, group, NULL, NULL);

  ask (store, job);
}

static void
find_group (KlStore *store, const char *slug, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_find_group, KL_SQLITE_RETURNS_POINTER, slug, NULL, NULL);

  ask (store, job);
}

static void
get_changes (KlStore *store, const char *group, gint64 since, guint limit, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_get_changes, KL_SQLITE_RETURNS_POINTER, group, NULL, NULL);

  set_numbers (job, since, limit, 0);
  ask (store, job);
}

static void
read_log (KlStore *store, const char *group, gint64 after_rev, guint limit, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_read_log, KL_SQLITE_RETURNS_POINTER, group, NULL, NULL);

  set_numbers (job, after_rev, limit, 0);
  ask (store, job);
}

/* Nobody else writes to it: the folder is locked. */
static void
get_moved (KlStore *store, GTask *task)
{
  g_task_return_pointer (task, g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_head_free),
                         (GDestroyNotify) g_ptr_array_unref);
  g_object_unref (task);
}

static void
get_messages (KlStore *store, const char *group, gint64 from_seq, gint64 to_seq, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_get_messages, KL_SQLITE_RETURNS_POINTER, group, NULL, NULL);

  set_numbers (job, from_seq, to_seq, 0);
  ask (store, job);
}

static void
get_message (KlStore *store, const char *group, const char *id, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_get_message, KL_SQLITE_RETURNS_POINTER, group, id, NULL);

  ask (store, job);
}

static void
get_member (KlStore *store, const char *group, const char *user, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_get_member, KL_SQLITE_RETURNS_POINTER, group, user, NULL);

  ask (store, job);
}

static void
get_members (KlStore *store, const char *group, const char *query, const char *after_name, guint limit, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_get_members, KL_SQLITE_RETURNS_POINTER, group, query, after_name);

  set_numbers (job, limit, 0, 0);
  ask (store, job);
}

static void
get_memberships (KlStore *store, const char *user, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_get_memberships, KL_SQLITE_RETURNS_POINTER, user, NULL, NULL);

  ask (store, job);
}

static void
count_unread (KlStore *store, const char *user, const KlUnreadQuery *queries, guint n_queries, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_count_unread, KL_SQLITE_RETURNS_POINTER, user, NULL, NULL);
  GArray *copies = g_array_sized_new (FALSE, FALSE, sizeof *queries, n_queries);

  job->texts = g_new0 (char *, n_queries + 1);
  for (guint i = 0; i < n_queries; i++)
    job->texts[i] = g_strdup (queries[i].group);
  g_array_append_vals (copies, queries, n_queries);
  set_object (job, copies, (GDestroyNotify)g_array_unref);
  ask (store, job);
}

static void
set_marks (KlStore *store, const char *group, const KlStoreMember *marks, KlMarkFields fields, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_set_marks, KL_SQLITE_RETURNS_BOOLEAN, group, NULL, NULL);

  set_numbers (job, fields, 0, 0);
  set_object (job, kl_store_member_copy (marks), (GDestroyNotify)kl_store_member_unref);
  put (store, job);
}

static void
set_ban (KlStore *store, const char *group, KlStoreBan *ban, gboolean on, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_set_ban, KL_SQLITE_RETURNS_BOOLEAN, group, NULL, NULL);

  set_numbers (job, on, 0, 0);
  set_object (job, kl_store_ban_ref (ban), (GDestroyNotify)kl_store_ban_unref);
  put (store, job);
}

static void
list_groups (KlStore *store, const char *query, gboolean all, gint64 after_members, const char *after_id, guint limit,
             GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_list_groups, KL_SQLITE_RETURNS_POINTER, query, after_id, NULL);

  set_numbers (job, all, after_members, limit);
  ask (store, job);
}

/* ── Accounts ── */

static void
create_user (KlStore *store, KlStoreUser *user, const char *password_hash, KlStoreCreate how, const char *invite,
             GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_create_user, KL_SQLITE_RETURNS_POINTER, password_hash, invite, NULL);

  set_numbers (job, how, 0, 0);
  set_object (job, kl_store_user_ref (user), (GDestroyNotify)kl_store_user_unref);
  put (store, job);
}

static void
get_users (KlStore *store, const char *const *ids, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_get_users, KL_SQLITE_RETURNS_POINTER, NULL, NULL, NULL);

  job->texts = g_strdupv ((char **)ids);
  ask (store, job);
}

static void
find_user (KlStore *store, const char *name, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_find_user, KL_SQLITE_RETURNS_POINTER, name, NULL, NULL);

  ask (store, job);
}

static void
list_users (KlStore *store, const char *after_name, guint limit, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_list_users, KL_SQLITE_RETURNS_POINTER, after_name, NULL, NULL);

  set_numbers (job, limit, 0, 0);
  ask (store, job);
}

static void
count_users (KlStore *store, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_count_users, KL_SQLITE_RETURNS_INT, NULL, NULL, NULL);

  ask (store, job);
}

static void
get_totals (KlStore *store, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_get_totals, KL_SQLITE_RETURNS_POINTER, NULL, NULL, NULL);

  ask (store, job);
}

static void
update_user (KlStore *store, KlStoreUser *user, KlUserFields fields, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_update_user, KL_SQLITE_RETURNS_POINTER, NULL, NULL, NULL);

  set_numbers (job, fields, 0, 0);
  set_object (job, kl_store_user_ref (user), (GDestroyNotify)kl_store_user_unref);
  put (store, job);
}

static void
get_credentials (KlStore *store, const char *name, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_get_credentials, KL_SQLITE_RETURNS_POINTER, name, NULL, NULL);

  ask (store, job);
}

static void
set_password (KlStore *store, const char *user, const char *password_hash, gboolean end_sessions,
              const char *keep_session, GTask *task)
{
  KlSqliteJob *job
      = new_job (task, kl_sqlite_set_password, KL_SQLITE_RETURNS_POINTER, user, password_hash, keep_session);

  set_numbers (job, end_sessions, 0, 0);
  put (store, job);
}

static void
create_session (KlStore *store, KlStoreSession *session, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_create_session, KL_SQLITE_RETURNS_BOOLEAN, NULL, NULL, NULL);

  set_object (job, kl_store_session_ref (session), (GDestroyNotify)kl_store_session_unref);
  put (store, job);
}

static void
find_session (KlStore *store, const guint8 *token_hash, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_find_session, KL_SQLITE_RETURNS_POINTER, NULL, NULL, NULL);

  set_object (job, g_memdup2 (token_hash, KL_STORE_TOKEN_HASH_BYTES), g_free);
  ask (store, job);
}

static void
list_sessions (KlStore *store, const char *user, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_list_sessions, KL_SQLITE_RETURNS_POINTER, user, NULL, NULL);

  ask (store, job);
}

static void
touch_session (KlStore *store, const char *id, gint64 time, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_touch_session, KL_SQLITE_RETURNS_BOOLEAN, id, NULL, NULL);

  set_numbers (job, time, 0, 0);
  put (store, job);
}

static void
end_session (KlStore *store, const char *user, const char *id, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_end_session, KL_SQLITE_RETURNS_BOOLEAN, user, id, NULL);

  put (store, job);
}

static void
end_stale_sessions (KlStore *store, gint64 before, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_end_stale_sessions, KL_SQLITE_RETURNS_BOOLEAN, NULL, NULL, NULL);

  set_numbers (job, before, 0, 0);
  put (store, job);
}

static void
create_invite (KlStore *store, KlStoreInvite *invite, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_create_invite, KL_SQLITE_RETURNS_BOOLEAN, NULL, NULL, NULL);

  set_object (job, kl_store_invite_ref (invite), (GDestroyNotify)kl_store_invite_unref);
  put (store, job);
}

static void
get_invite (KlStore *store, const char *code, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_get_invite, KL_SQLITE_RETURNS_POINTER, code, NULL, NULL);

  ask (store, job);
}

static void
revoke_invite (KlStore *store, const char *code, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_revoke_invite, KL_SQLITE_RETURNS_BOOLEAN, code, NULL, NULL);

  put (store, job);
}

static void
list_invites (KlStore *store, const char *group, const char *by, GTask *task)
{
  KlSqliteJob *job = new_job (task, kl_sqlite_list_invites, KL_SQLITE_RETURNS_POINTER, group, by, NULL);

  ask (store, job);
}

/* ── The whole ── */

static const char *
get_secret (KlStore *store)
{
  return KL_SQLITE_STORE (store)->secret;
}

static const char *
get_epoch (KlStore *store)
{
  return KL_SQLITE_STORE (store)->epoch;
}

static gboolean
is_ready (KlStore *store, char **reason)
{
  return kl_sqlite_workers_is_ready (KL_SQLITE_STORE (store)->workers, reason);
}

static void
close_store (KlStore *store, GTask *task)
{
  kl_sqlite_workers_close (KL_SQLITE_STORE (store)->workers, task);
}

static void
store_iface_init (KlStoreInterface *iface)
{
  iface->get_epoch = get_epoch;
  iface->get_secret = get_secret;
  iface->is_ready = is_ready;
  iface->close = close_store;
  iface->append = append;
  iface->find_ops = find_ops;
  iface->load_group = load_group;
  iface->find_group = find_group;
  iface->get_changes = get_changes;
  iface->read_log = read_log;
  iface->get_moved = get_moved;
  iface->get_messages = get_messages;
  iface->get_message = get_message;
  iface->get_member = get_member;
  iface->get_members = get_members;
  iface->get_memberships = get_memberships;
  iface->count_unread = count_unread;
  iface->set_marks = set_marks;
  iface->set_ban = set_ban;
  iface->list_groups = list_groups;
  iface->create_user = create_user;
  iface->get_users = get_users;
  iface->find_user = find_user;
  iface->list_users = list_users;
  iface->count_users = count_users;
  iface->get_totals = get_totals;
  iface->update_user = update_user;
  iface->get_credentials = get_credentials;
  iface->set_password = set_password;
  iface->create_session = create_session;
  iface->find_session = find_session;
  iface->list_sessions = list_sessions;
  iface->touch_session = touch_session;
  iface->end_session = end_session;
  iface->end_stale_sessions = end_stale_sessions;
  iface->create_invite = create_invite;
  iface->get_invite = get_invite;
  iface->revoke_invite = revoke_invite;
  iface->list_invites = list_invites;
}
