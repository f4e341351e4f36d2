/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the workers do for each call. */
#include "server/store/kl-mongo-store.h"

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
  KlJobStore parent_instance;

  char *epoch;
  char *secret;
  KlMongoPool *pool;
  KlMongoSweep *sweep;
};

static void
run (KlJobStore *store, KlStoreCall call, const KlStoreJob *job);
static void
store_iface_init (KlStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlMongoStore, kl_mongo_store, KL_TYPE_JOB_STORE,
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
  KL_JOB_STORE_CLASS (klass)->run = run;
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
  kl_mongo_pool_run_chore (self->pool, kl_mongo_purge_all);

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

static char *
dup_group_lane (const KlStoreJob *job)
{
  return g_strconcat ("g:", job->text[0], NULL);
}

static char *
dup_marks_lane (const KlStoreJob *job)
{
  return g_strconcat ("m:", job->text[0], ":", job->text[1], NULL);
}

static char *
dup_user_lane (const KlStoreJob *job)
{
  return g_strconcat ("u:", job->text[0], NULL);
}

static char *
dup_session_lane (const KlStoreJob *job)
{
  return g_strconcat ("s:", job->text[0], NULL);
}

static const struct
{
  KlMongoDeed deed;
  char *(*dup_lane) (const KlStoreJob *job); /* NULL: in no order */
  guint patience;
} calls[KL_STORE_CALLS] = {
  [KL_STORE_CALL_FIND_OPS] = { kl_mongo_find_ops },
  [KL_STORE_CALL_LOAD_GROUP] = { kl_mongo_load_group },
  [KL_STORE_CALL_FIND_GROUP] = { kl_mongo_find_group },
  [KL_STORE_CALL_GET_CHANGES] = { kl_mongo_get_changes },
  [KL_STORE_CALL_READ_LOG] = { kl_mongo_read_log },
  [KL_STORE_CALL_GET_MESSAGES] = { kl_mongo_get_messages },
  [KL_STORE_CALL_GET_MESSAGE] = { kl_mongo_get_message },
  [KL_STORE_CALL_GET_MEMBER] = { kl_mongo_get_member },
  [KL_STORE_CALL_GET_MEMBERS] = { kl_mongo_get_members },
  [KL_STORE_CALL_GET_MEMBERSHIPS] = { kl_mongo_get_memberships },
  [KL_STORE_CALL_COUNT_UNREAD] = { kl_mongo_count_unread },
  [KL_STORE_CALL_SET_MARKS] = { kl_mongo_set_marks, dup_marks_lane },
  [KL_STORE_CALL_SET_BAN] = { kl_mongo_set_ban, dup_group_lane },
  [KL_STORE_CALL_LIST_GROUPS] = { kl_mongo_list_groups },
  [KL_STORE_CALL_CREATE_USER] = { kl_mongo_create_user },
  [KL_STORE_CALL_GET_USERS] = { kl_mongo_get_users },
  [KL_STORE_CALL_FIND_USER] = { kl_mongo_find_user },
  [KL_STORE_CALL_LIST_USERS] = { kl_mongo_list_users },
  [KL_STORE_CALL_COUNT_USERS] = { kl_mongo_count_users },
  [KL_STORE_CALL_GET_TOTALS] = { kl_mongo_get_totals, .patience = 10 }, /* each log is asked for its head */
  [KL_STORE_CALL_UPDATE_USER] = { kl_mongo_update_user, dup_user_lane },
  [KL_STORE_CALL_GET_CREDENTIALS] = { kl_mongo_get_credentials },
  [KL_STORE_CALL_SET_PASSWORD] = { kl_mongo_set_password, dup_user_lane },
  [KL_STORE_CALL_CREATE_SESSION] = { kl_mongo_create_session },
  [KL_STORE_CALL_FIND_SESSION] = { kl_mongo_find_session },
  [KL_STORE_CALL_LIST_SESSIONS] = { kl_mongo_list_sessions },
  [KL_STORE_CALL_TOUCH_SESSION] = { kl_mongo_touch_session, dup_session_lane },
  [KL_STORE_CALL_END_SESSION] = { kl_mongo_end_session },
  [KL_STORE_CALL_END_STALE_SESSIONS] = { kl_mongo_end_stale_sessions },
  [KL_STORE_CALL_CREATE_INVITE] = { kl_mongo_create_invite },
  [KL_STORE_CALL_GET_INVITE] = { kl_mongo_get_invite },
  [KL_STORE_CALL_REVOKE_INVITE] = { kl_mongo_revoke_invite },
  [KL_STORE_CALL_LIST_INVITES] = { kl_mongo_list_invites },
};

static void
run (KlJobStore *store, KlStoreCall call, const KlStoreJob *job)
{
  char *lane = calls[call].dup_lane ? calls[call].dup_lane (job) : NULL;

  kl_mongo_pool_run (KL_MONGO_STORE (store)->pool, calls[call].deed, lane, calls[call].patience, job);
}

static void
append (KlStore *store, KlStoreBatch *batch, GTask *task)
{
  kl_mongo_pool_run (KL_MONGO_STORE (store)->pool, kl_mongo_append, g_strconcat ("g:", batch->group, NULL), 0,
                     &(KlStoreJob) { .task = task,
                                     .object = kl_mongo_append_new (batch),
                                     .object_free = (GDestroyNotify) kl_mongo_append_free });
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
  KlMongoStore *self = KL_MONGO_STORE (store);

  kl_mongo_pool_run (self->pool, kl_mongo_get_moved, g_strdup ("moved"), 0,
                     &(KlStoreJob) { .task = g_task_new (store, NULL, on_moved, task),
                                     .object = kl_mongo_sweep_ref (self->sweep),
                                     .object_free = (GDestroyNotify) kl_mongo_sweep_unref });
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
  iface->get_moved = get_moved;
}
