/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The KlStore interface: each call becomes a job for the workers. */
#include "server/store/kl-mongo-store.h"

#include "protocol/kl-id.h"
#include "server/store/kl-mongo-accounts.h"
#include "server/store/kl-mongo-append.h"
#include "server/store/kl-mongo-groups.h"
#include "server/store/kl-mongo-invites.h"
#include "server/store/kl-mongo-log.h"
#include "server/store/kl-mongo-pool.h"
#include "server/store/kl-mongo-schema.h"
#include "server/store/kl-mongo-tidy.h"

struct _KlMongoStore
{
  GObject parent_instance;

  char *epoch;
  char *secret;
  KlMongoPool *pool;
  KlMongoSweep *sweep;
};

static void
store_iface_init (KlStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlMongoStore, kl_mongo_store, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_STORE, store_iface_init))

static void
kl_mongo_store_finalize (GObject *object)
{
  KlMongoStore *self = KL_MONGO_STORE (object);

  g_clear_pointer (&self->pool, kl_mongo_pool_free);
  g_clear_pointer (&self->sweep, kl_mongo_sweep_unref);
  g_free (self->epoch);
  g_free (self->secret);

  G_OBJECT_CLASS (kl_mongo_store_parent_class)->finalize (object);
}

static void
kl_mongo_store_class_init (KlMongoStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_mongo_store_finalize;
}

static void
kl_mongo_store_init (KlMongoStore *self)
{
  self->sweep = kl_mongo_sweep_new ();
}

KlMongoStore *
kl_mongo_store_open (const char *uri, const char *domain, GError **error)
{
  g_autoptr (KlMongoStore) self = g_object_new (KL_TYPE_MONGO_STORE, NULL);
  g_autofree char *database = NULL;
  mongoc_client_pool_t *clients = kl_mongo_connect (uri, &database, error);
  KlMongoMemory *memory;
  KlMongoJob *purge;

  if (!clients)
    return NULL;
  memory = kl_mongo_memory_new ();
  if (!kl_mongo_schema_prepare (clients, database, domain, memory, &self->epoch, &self->secret, error))
    {
      mongoc_client_pool_destroy (clients);
      kl_mongo_memory_free (memory);
      return NULL;
    }
  self->pool = kl_mongo_pool_new (clients, database, memory);
  purge = kl_mongo_job_new (NULL, kl_mongo_purge_all, KL_MONGO_RETURNS_BOOLEAN);
  kl_mongo_pool_run_chore (self->pool, purge);

  return g_steal_pointer (&self);
}

gboolean
kl_mongo_store_check_uri (const char *uri, GError **error)
{
  return kl_mongo_check_uri (uri, error);
}

void
kl_mongo_store_set_deadline (KlMongoStore *self, guint ms)
{
  g_return_if_fail (KL_IS_MONGO_STORE (self));

  kl_mongo_pool_set_deadline (self->pool, ms);
}

/* ── Jobs ── */

static KlMongoJob *
new_job (GTask *task, KlMongoDeed deed, KlMongoReturns returns, const char *text0, const char *text1, const char *text2)
{
  KlMongoJob *job = kl_mongo_job_new (task, deed, returns);

  job->text[0] = g_strdup (text0);
  job->text[1] = g_strdup (text1);
  job->text[2] = g_strdup (text2);

  return job;
}

static void
set_numbers (KlMongoJob *job, gint64 number0, gint64 number1, gint64 number2)
{
  job->number[0] = number0;
  job->number[1] = number1;
  job->number[2] = number2;
}

static void
set_object (KlMongoJob *job, gpointer object, GDestroyNotify object_free)
{
  job->object = object;
  job->object_free = object_free;
}

static void
ask (KlStore *store, KlMongoJob *job)
{
  kl_mongo_pool_run (KL_MONGO_STORE (store)->pool, job);
}

/* In the order of the calls with this lane. */
static void
put (KlStore *store, KlMongoJob *job, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
put (KlStore *store, KlMongoJob *job, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  job->lane = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  ask (store, job);
}

/* ── Groups ── */

static void
append (KlStore *store, KlStoreBatch *batch, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_append, KL_MONGO_RETURNS_POINTER, NULL, NULL, NULL);

  set_object (job, kl_mongo_append_new (batch), (GDestroyNotify) kl_mongo_append_free);
  put (store, job, "g:%s", batch->group);
}

static void
find_ops (KlStore *store, const char *const *ops, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_find_ops, KL_MONGO_RETURNS_POINTER, NULL, NULL, NULL);

  job->texts = g_strdupv ((char **) ops);
  ask (store, job);
}

static void
load_group (KlStore *store, const char *group, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_load_group, KL_MONGO_RETURNS_POINTER, group, NULL, NULL);

  ask (store, job);
}

static void
find_group (KlStore *store, const char *slug, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_find_group, KL_MONGO_RETURNS_POINTER, slug, NULL, NULL);

  ask (store, job);
}

static void
get_changes (KlStore *store, const char *group, gint64 since, guint limit, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_get_changes, KL_MONGO_RETURNS_POINTER, group, NULL, NULL);

  set_numbers (job, since, limit, 0);
  ask (store, job);
}

static void
read_log (KlStore *store, const char *group, gint64 after_rev, guint limit, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_read_log, KL_MONGO_RETURNS_POINTER, group, NULL, NULL);

  set_numbers (job, after_rev, limit, 0);
  ask (store, job);
}

static void
on_moved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  KlMongoMoved *moved = g_task_propagate_pointer (G_TASK (result), &error);

  if (moved)
    g_task_return_pointer (task, kl_mongo_sweep_tell (KL_MONGO_STORE (source)->sweep, moved),
                           (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
get_moved (KlStore *store, GTask *task)
{
  KlMongoJob *job = new_job (g_task_new (store, NULL, on_moved, task), kl_mongo_get_moved, KL_MONGO_RETURNS_POINTER,
                             NULL, NULL, NULL);

  set_object (job, kl_mongo_sweep_ref (KL_MONGO_STORE (store)->sweep), (GDestroyNotify) kl_mongo_sweep_unref);
  put (store, job, "moved");
}

static void
get_messages (KlStore *store, const char *group, gint64 from_seq, gint64 to_seq, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_get_messages, KL_MONGO_RETURNS_POINTER, group, NULL, NULL);

  set_numbers (job, from_seq, to_seq, 0);
  ask (store, job);
}

static void
get_message (KlStore *store, const char *group, const char *id, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_get_message, KL_MONGO_RETURNS_POINTER, group, id, NULL);

  ask (store, job);
}

static void
get_member (KlStore *store, const char *group, const char *user, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_get_member, KL_MONGO_RETURNS_POINTER, group, user, NULL);

  ask (store, job);
}

static void
get_members (KlStore *store, const char *group, const char *query, const char *after_name, guint limit, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_get_members, KL_MONGO_RETURNS_POINTER, group, query, after_name);

  set_numbers (job, limit, 0, 0);
  ask (store, job);
}

static void
get_memberships (KlStore *store, const char *user, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_get_memberships, KL_MONGO_RETURNS_POINTER, user, NULL, NULL);

  ask (store, job);
}

static void
count_unread (KlStore *store, const char *user, const KlUnreadQuery *queries, guint n_queries, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_count_unread, KL_MONGO_RETURNS_POINTER, user, NULL, NULL);
  GArray *copies = g_array_sized_new (FALSE, FALSE, sizeof *queries, n_queries);

  job->texts = g_new0 (char *, n_queries + 1);
  for (guint i = 0; i < n_queries; i++)
    job->texts[i] = g_strdup (queries[i].group);
  g_array_append_vals (copies, queries, n_queries);
  set_object (job, copies, (GDestroyNotify) g_array_unref);
  ask (store, job);
}

static void
set_marks (KlStore *store, const char *group, const KlStoreMember *marks, KlMarkFields fields, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_set_marks, KL_MONGO_RETURNS_BOOLEAN, group, NULL, NULL);

  set_numbers (job, fields, 0, 0);
  set_object (job, kl_store_member_copy (marks), (GDestroyNotify) kl_store_member_unref);
  put (store, job, "m:%s:%s", group, marks->user);
}

static void
set_ban (KlStore *store, const char *group, KlStoreBan *ban, gboolean on, GTask *task)
{
  g_autofree char *word = kl_id_new_random ();
  KlMongoJob *job = new_job (task, kl_mongo_set_ban, KL_MONGO_RETURNS_BOOLEAN, group, word, NULL);

  set_numbers (job, on, 0, 0);
  set_object (job, kl_store_ban_ref (ban), (GDestroyNotify) kl_store_ban_unref);
  put (store, job, "g:%s", group);
}

static void
list_groups (KlStore *store, const char *query, gboolean all, gint64 after_members, const char *after_id, guint limit,
             GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_list_groups, KL_MONGO_RETURNS_POINTER, query, after_id, NULL);

  set_numbers (job, all, after_members, limit);
  ask (store, job);
}

/* ── Accounts ── */

static void
create_user (KlStore *store, KlStoreUser *user, const char *password_hash, KlStoreCreate how, const char *invite,
             GTask *task)
{
  g_autofree char *word = kl_id_new_random ();
  KlMongoJob *job = new_job (task, kl_mongo_create_user, KL_MONGO_RETURNS_POINTER, password_hash, invite, word);

  set_numbers (job, how, 0, 0);
  set_object (job, kl_store_user_ref (user), (GDestroyNotify) kl_store_user_unref);
  ask (store, job);
}

static void
get_users (KlStore *store, const char *const *ids, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_get_users, KL_MONGO_RETURNS_POINTER, NULL, NULL, NULL);

  job->texts = g_strdupv ((char **) ids);
  ask (store, job);
}

static void
find_user (KlStore *store, const char *name, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_find_user, KL_MONGO_RETURNS_POINTER, name, NULL, NULL);

  ask (store, job);
}

static void
list_users (KlStore *store, const char *after_name, guint limit, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_list_users, KL_MONGO_RETURNS_POINTER, after_name, NULL, NULL);

  set_numbers (job, limit, 0, 0);
  ask (store, job);
}

static void
count_users (KlStore *store, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_count_users, KL_MONGO_RETURNS_INT, NULL, NULL, NULL);

  ask (store, job);
}

static void
get_totals (KlStore *store, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_get_totals, KL_MONGO_RETURNS_POINTER, NULL, NULL, NULL);

  job->patience = 10; /* each log is asked for its head */
  ask (store, job);
}

static void
update_user (KlStore *store, KlStoreUser *user, KlUserFields fields, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_update_user, KL_MONGO_RETURNS_POINTER, NULL, NULL, NULL);

  set_numbers (job, fields, 0, 0);
  set_object (job, kl_store_user_ref (user), (GDestroyNotify) kl_store_user_unref);
  put (store, job, "u:%s", user->id);
}

static void
get_credentials (KlStore *store, const char *name, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_get_credentials, KL_MONGO_RETURNS_POINTER, name, NULL, NULL);

  ask (store, job);
}

static void
set_password (KlStore *store, const char *user, const char *password_hash, gboolean end_sessions,
              const char *keep_session, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_set_password, KL_MONGO_RETURNS_POINTER, user, password_hash, keep_session);

  set_numbers (job, end_sessions, 0, 0);
  put (store, job, "u:%s", user);
}

static void
create_session (KlStore *store, KlStoreSession *session, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_create_session, KL_MONGO_RETURNS_BOOLEAN, NULL, NULL, NULL);

  set_object (job, kl_store_session_ref (session), (GDestroyNotify) kl_store_session_unref);
  ask (store, job);
}

static void
find_session (KlStore *store, const guint8 *token_hash, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_find_session, KL_MONGO_RETURNS_POINTER, NULL, NULL, NULL);

  set_object (job, g_memdup2 (token_hash, KL_STORE_TOKEN_HASH_BYTES), g_free);
  ask (store, job);
}

static void
list_sessions (KlStore *store, const char *user, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_list_sessions, KL_MONGO_RETURNS_POINTER, user, NULL, NULL);

  ask (store, job);
}

static void
touch_session (KlStore *store, const char *id, gint64 time, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_touch_session, KL_MONGO_RETURNS_BOOLEAN, id, NULL, NULL);

  set_numbers (job, time, 0, 0);
  put (store, job, "s:%s", id);
}

static void
end_session (KlStore *store, const char *user, const char *id, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_end_session, KL_MONGO_RETURNS_BOOLEAN, user, id, NULL);

  ask (store, job);
}

static void
end_stale_sessions (KlStore *store, gint64 before, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_end_stale_sessions, KL_MONGO_RETURNS_BOOLEAN, NULL, NULL, NULL);

  set_numbers (job, before, 0, 0);
  ask (store, job);
}

static void
create_invite (KlStore *store, KlStoreInvite *invite, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_create_invite, KL_MONGO_RETURNS_BOOLEAN, NULL, NULL, NULL);

  set_object (job, kl_store_invite_ref (invite), (GDestroyNotify) kl_store_invite_unref);
  ask (store, job);
}

static void
get_invite (KlStore *store, const char *code, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_get_invite, KL_MONGO_RETURNS_POINTER, code, NULL, NULL);

  ask (store, job);
}

static void
revoke_invite (KlStore *store, const char *code, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_revoke_invite, KL_MONGO_RETURNS_BOOLEAN, code, NULL, NULL);

  ask (store, job);
}

static void
list_invites (KlStore *store, const char *group, const char *by, GTask *task)
{
  KlMongoJob *job = new_job (task, kl_mongo_list_invites, KL_MONGO_RETURNS_POINTER, group, by, NULL);

  ask (store, job);
}

/* ── The whole ── */

static const char *
get_epoch (KlStore *store)
{
  return KL_MONGO_STORE (store)->epoch;
}

static const char *
get_secret (KlStore *store)
{
  return KL_MONGO_STORE (store)->secret;
}

static gboolean
is_ready (KlStore *store, char **reason)
{
  return kl_mongo_pool_is_ready (KL_MONGO_STORE (store)->pool, reason);
}

static void
close_store (KlStore *store, GTask *task)
{
  kl_mongo_pool_close (KL_MONGO_STORE (store)->pool, task);
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
