/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the writer or a reader does for each call. */
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
  KlJobStore parent_instance;

  int folder_fd; /* locked, until the workers have it */
  char *epoch;
  char *secret;
  KlSqliteWorkers *workers;
};

static void
run (KlJobStore *store, KlStoreCall call, const KlStoreJob *job);
static void
store_iface_init (KlStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlSqliteStore, kl_sqlite_store, KL_TYPE_JOB_STORE,
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
  KL_JOB_STORE_CLASS (klass)->run = run;
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

static const struct
{
  KlSqliteDeed deed;
  gboolean by_writer;
} calls[KL_STORE_CALLS] = {
  [KL_STORE_CALL_FIND_OPS] = { kl_sqlite_find_ops, TRUE }, /* the writer remembers the newest */
  [KL_STORE_CALL_LOAD_GROUP] = { kl_sqlite_load_group, FALSE },
  [KL_STORE_CALL_FIND_GROUP] = { kl_sqlite_find_group, FALSE },
  [KL_STORE_CALL_GET_CHANGES] = { kl_sqlite_get_changes, FALSE },
  [KL_STORE_CALL_READ_LOG] = { kl_sqlite_read_log, FALSE },
  [KL_STORE_CALL_GET_MESSAGES] = { kl_sqlite_get_messages, FALSE },
  [KL_STORE_CALL_GET_MESSAGE] = { kl_sqlite_get_message, FALSE },
  [KL_STORE_CALL_GET_MEMBER] = { kl_sqlite_get_member, FALSE },
  [KL_STORE_CALL_GET_MEMBERS] = { kl_sqlite_get_members, FALSE },
  [KL_STORE_CALL_GET_MEMBERSHIPS] = { kl_sqlite_get_memberships, FALSE },
  [KL_STORE_CALL_COUNT_UNREAD] = { kl_sqlite_count_unread, FALSE },
  [KL_STORE_CALL_SET_MARKS] = { kl_sqlite_set_marks, TRUE },
  [KL_STORE_CALL_SET_BAN] = { kl_sqlite_set_ban, TRUE },
  [KL_STORE_CALL_LIST_GROUPS] = { kl_sqlite_list_groups, FALSE },
  [KL_STORE_CALL_CREATE_USER] = { kl_sqlite_create_user, TRUE },
  [KL_STORE_CALL_GET_USERS] = { kl_sqlite_get_users, FALSE },
  [KL_STORE_CALL_FIND_USER] = { kl_sqlite_find_user, FALSE },
  [KL_STORE_CALL_LIST_USERS] = { kl_sqlite_list_users, FALSE },
  [KL_STORE_CALL_COUNT_USERS] = { kl_sqlite_count_users, FALSE },
  [KL_STORE_CALL_GET_TOTALS] = { kl_sqlite_get_totals, FALSE },
  [KL_STORE_CALL_UPDATE_USER] = { kl_sqlite_update_user, TRUE },
  [KL_STORE_CALL_GET_CREDENTIALS] = { kl_sqlite_get_credentials, FALSE },
  [KL_STORE_CALL_SET_PASSWORD] = { kl_sqlite_set_password, TRUE },
  [KL_STORE_CALL_CREATE_SESSION] = { kl_sqlite_create_session, TRUE },
  [KL_STORE_CALL_FIND_SESSION] = { kl_sqlite_find_session, FALSE },
  [KL_STORE_CALL_LIST_SESSIONS] = { kl_sqlite_list_sessions, FALSE },
  [KL_STORE_CALL_TOUCH_SESSION] = { kl_sqlite_touch_session, TRUE },
  [KL_STORE_CALL_END_SESSION] = { kl_sqlite_end_session, TRUE },
  [KL_STORE_CALL_END_STALE_SESSIONS] = { kl_sqlite_end_stale_sessions, TRUE },
  [KL_STORE_CALL_CREATE_INVITE] = { kl_sqlite_create_invite, TRUE },
  [KL_STORE_CALL_GET_INVITE] = { kl_sqlite_get_invite, FALSE },
  [KL_STORE_CALL_REVOKE_INVITE] = { kl_sqlite_revoke_invite, TRUE },
  [KL_STORE_CALL_LIST_INVITES] = { kl_sqlite_list_invites, FALSE },
};

static void
run (KlJobStore *store, KlStoreCall call, const KlStoreJob *job)
{
  KlSqliteWorkers *workers = KL_SQLITE_STORE (store)->workers;

  if (calls[call].by_writer)
    kl_sqlite_workers_write (workers, calls[call].deed, job);
  else
    kl_sqlite_workers_read (workers, calls[call].deed, job);
}

static void
append (KlStore *store, KlStoreBatch *batch, GTask *task)
{
  kl_sqlite_workers_write (KL_SQLITE_STORE (store)->workers, kl_sqlite_append,
                           &(KlStoreJob) { .task = task,
                                           .object = kl_store_batch_ref (batch),
                                           .object_free = (GDestroyNotify) kl_store_batch_unref });
}

/* Nobody else writes to it: the folder is locked. */
static void
get_moved (KlStore *store, GTask *task)
{
  g_task_return_pointer (task, g_ptr_array_new_with_free_func ((GDestroyNotify) kl_store_head_free),
                         (GDestroyNotify) g_ptr_array_unref);
  g_object_unref (task);
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
  iface->get_moved = get_moved;
}
