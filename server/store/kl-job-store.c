/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-job-store.h"

static void
store_iface_init (KlStoreInterface *iface);

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (KlJobStore, kl_job_store, G_TYPE_OBJECT,
                                  G_IMPLEMENT_INTERFACE (KL_TYPE_STORE, store_iface_init))

static void
kl_job_store_class_init (KlJobStoreClass *klass)
{
}

static void
kl_job_store_init (KlJobStore *self)
{
}

static void
run (KlStore *store, KlStoreCall call, const KlStoreJob *job)
{
  KL_JOB_STORE_GET_CLASS (store)->run (KL_JOB_STORE (store), call, job);
}

/* ── Groups ── */

static void
find_ops (KlStore *store, const char *const *ops, GTask *task)
{
  run (store, KL_STORE_CALL_FIND_OPS, &(KlStoreJob) { .task = task, .texts = g_strdupv ((char **) ops) });
}

static void
load_group (KlStore *store, const char *group, GTask *task)
{
  run (store, KL_STORE_CALL_LOAD_GROUP, &(KlStoreJob) { .task = task, .text = { g_strdup (group) } });
}

static void
find_group (KlStore *store, const char *slug, GTask *task)
{
  run (store, KL_STORE_CALL_FIND_GROUP, &(KlStoreJob) { .task = task, .text = { g_strdup (slug) } });
}

static void
get_changes (KlStore *store, const char *group, gint64 since, guint limit, GTask *task)
{
  run (store, KL_STORE_CALL_GET_CHANGES,
       &(KlStoreJob) { .task = task, .text = { g_strdup (group) }, .number = { since, limit } });
}

static void
read_log (KlStore *store, const char *group, gint64 after_rev, guint limit, GTask *task)
{
  run (store, KL_STORE_CALL_READ_LOG,
       &(KlStoreJob) { .task = task, .text = { g_strdup (group) }, .number = { after_rev, limit } });
}

static void
get_messages (KlStore *store, const char *group, gint64 from_seq, gint64 to_seq, GTask *task)
{
  run (store, KL_STORE_CALL_GET_MESSAGES,
       &(KlStoreJob) { .task = task, .text = { g_strdup (group) }, .number = { from_seq, to_seq } });
}

static void
get_message (KlStore *store, const char *group, const char *id, GTask *task)
{
  run (store, KL_STORE_CALL_GET_MESSAGE, &(KlStoreJob) { .task = task, .text = { g_strdup (group), g_strdup (id) } });
}

static void
get_member (KlStore *store, const char *group, const char *user, GTask *task)
{
  run (store, KL_STORE_CALL_GET_MEMBER, &(KlStoreJob) { .task = task, .text = { g_strdup (group), g_strdup (user) } });
}

static void
get_members (KlStore *store, const char *group, const char *query, const char *after_name, guint limit, GTask *task)
{
  run (store, KL_STORE_CALL_GET_MEMBERS,
       &(KlStoreJob) {
           .task = task, .text = { g_strdup (group), g_strdup (query), g_strdup (after_name) }, .number = { limit } });
}

static void
get_memberships (KlStore *store, const char *user, GTask *task)
{
  run (store, KL_STORE_CALL_GET_MEMBERSHIPS, &(KlStoreJob) { .task = task, .text = { g_strdup (user) } });
}

static void
count_unread (KlStore *store, const KlUnreadQuery *queries, guint n_queries, GTask *task)
{
  GArray *copies = g_array_sized_new (FALSE, FALSE, sizeof *queries, n_queries);
  char **lent = g_new0 (char *, 2 * n_queries + 1);

  for (guint i = 0; i < n_queries; i++)
    {
      KlUnreadQuery copy = queries[i];

      copy.user = lent[2 * i] = g_strdup (queries[i].user);
      copy.group = lent[2 * i + 1] = g_strdup (queries[i].group);
      g_array_append_val (copies, copy);
    }
  run (store, KL_STORE_CALL_COUNT_UNREAD,
       &(KlStoreJob) { .task = task, .texts = lent, .object = copies, .object_free = (GDestroyNotify) g_array_unref });
}

static void
set_marks (KlStore *store, const char *group, const KlStoreMember *marks, KlMarkFields fields, GTask *task)
{
  run (store, KL_STORE_CALL_SET_MARKS,
       &(KlStoreJob) { .task = task,
                       .returns = KL_STORE_RETURNS_BOOLEAN,
                       .text = { g_strdup (group), g_strdup (marks->user) },
                       .number = { fields },
                       .object = kl_store_member_copy (marks),
                       .object_free = (GDestroyNotify) kl_store_member_unref });
}

static void
set_ban (KlStore *store, const char *group, KlStoreBan *ban, gboolean on, GTask *task)
{
  run (store, KL_STORE_CALL_SET_BAN,
       &(KlStoreJob) { .task = task,
                       .returns = KL_STORE_RETURNS_BOOLEAN,
                       .text = { g_strdup (group) },
                       .number = { on },
                       .object = kl_store_ban_ref (ban),
                       .object_free = (GDestroyNotify) kl_store_ban_unref });
}

static void
list_groups (KlStore *store, const char *query, gboolean all, gint64 after_members, const char *after_id, guint limit,
             GTask *task)
{
  run (store, KL_STORE_CALL_LIST_GROUPS,
       &(KlStoreJob) {
           .task = task, .text = { g_strdup (query), g_strdup (after_id) }, .number = { all, after_members, limit } });
}

/* ── Accounts ── */

static void
create_user (KlStore *store, KlStoreUser *user, const char *password_hash, KlStoreCreate how, const char *invite,
             GTask *task)
{
  run (store, KL_STORE_CALL_CREATE_USER,
       &(KlStoreJob) { .task = task,
                       .text = { g_strdup (password_hash), g_strdup (invite) },
                       .number = { how },
                       .object = kl_store_user_ref (user),
                       .object_free = (GDestroyNotify) kl_store_user_unref });
}

static void
get_users (KlStore *store, const char *const *ids, GTask *task)
{
  run (store, KL_STORE_CALL_GET_USERS, &(KlStoreJob) { .task = task, .texts = g_strdupv ((char **) ids) });
}

static void
find_user (KlStore *store, const char *name, GTask *task)
{
  run (store, KL_STORE_CALL_FIND_USER, &(KlStoreJob) { .task = task, .text = { g_strdup (name) } });
}

static void
list_users (KlStore *store, const char *after_name, guint limit, GTask *task)
{
  run (store, KL_STORE_CALL_LIST_USERS,
       &(KlStoreJob) { .task = task, .text = { g_strdup (after_name) }, .number = { limit } });
}

static void
count_users (KlStore *store, GTask *task)
{
  run (store, KL_STORE_CALL_COUNT_USERS, &(KlStoreJob) { .task = task, .returns = KL_STORE_RETURNS_INT });
}

static void
get_totals (KlStore *store, GTask *task)
{
  run (store, KL_STORE_CALL_GET_TOTALS, &(KlStoreJob) { .task = task });
}

static void
update_user (KlStore *store, KlStoreUser *user, KlUserFields fields, GTask *task)
{
  run (store, KL_STORE_CALL_UPDATE_USER,
       &(KlStoreJob) { .task = task,
                       .text = { g_strdup (user->id) },
                       .number = { fields },
                       .object = kl_store_user_ref (user),
                       .object_free = (GDestroyNotify) kl_store_user_unref });
}

static void
get_credentials (KlStore *store, const char *name, GTask *task)
{
  run (store, KL_STORE_CALL_GET_CREDENTIALS, &(KlStoreJob) { .task = task, .text = { g_strdup (name) } });
}

static void
set_password (KlStore *store, const char *user, const char *password_hash, gboolean end_sessions,
              const char *keep_session, GTask *task)
{
  run (store, KL_STORE_CALL_SET_PASSWORD,
       &(KlStoreJob) { .task = task,
                       .text = { g_strdup (user), g_strdup (password_hash), g_strdup (keep_session) },
                       .number = { end_sessions } });
}

static void
create_session (KlStore *store, KlStoreSession *session, GTask *task)
{
  run (store, KL_STORE_CALL_CREATE_SESSION,
       &(KlStoreJob) { .task = task,
                       .returns = KL_STORE_RETURNS_BOOLEAN,
                       .object = kl_store_session_ref (session),
                       .object_free = (GDestroyNotify) kl_store_session_unref });
}

static void
find_session (KlStore *store, const guint8 *token_hash, GTask *task)
{
  run (store, KL_STORE_CALL_FIND_SESSION,
       &(KlStoreJob) {
           .task = task, .object = g_memdup2 (token_hash, KL_STORE_TOKEN_HASH_BYTES), .object_free = g_free });
}

static void
list_sessions (KlStore *store, const char *user, GTask *task)
{
  run (store, KL_STORE_CALL_LIST_SESSIONS, &(KlStoreJob) { .task = task, .text = { g_strdup (user) } });
}

static void
touch_session (KlStore *store, const char *id, gint64 time, GTask *task)
{
  run (store, KL_STORE_CALL_TOUCH_SESSION,
       &(KlStoreJob) {
           .task = task, .returns = KL_STORE_RETURNS_BOOLEAN, .text = { g_strdup (id) }, .number = { time } });
}

static void
end_session (KlStore *store, const char *user, const char *id, GTask *task)
{
  run (store, KL_STORE_CALL_END_SESSION,
       &(KlStoreJob) { .task = task, .returns = KL_STORE_RETURNS_BOOLEAN, .text = { g_strdup (user), g_strdup (id) } });
}

static void
end_stale_sessions (KlStore *store, gint64 before, GTask *task)
{
  run (store, KL_STORE_CALL_END_STALE_SESSIONS,
       &(KlStoreJob) { .task = task, .returns = KL_STORE_RETURNS_BOOLEAN, .number = { before } });
}

static void
create_invite (KlStore *store, KlStoreInvite *invite, GTask *task)
{
  run (store, KL_STORE_CALL_CREATE_INVITE,
       &(KlStoreJob) { .task = task,
                       .returns = KL_STORE_RETURNS_BOOLEAN,
                       .object = kl_store_invite_ref (invite),
                       .object_free = (GDestroyNotify) kl_store_invite_unref });
}

static void
get_invite (KlStore *store, const char *code, GTask *task)
{
  run (store, KL_STORE_CALL_GET_INVITE, &(KlStoreJob) { .task = task, .text = { g_strdup (code) } });
}

static void
revoke_invite (KlStore *store, const char *code, GTask *task)
{
  run (store, KL_STORE_CALL_REVOKE_INVITE,
       &(KlStoreJob) { .task = task, .returns = KL_STORE_RETURNS_BOOLEAN, .text = { g_strdup (code) } });
}

static void
list_invites (KlStore *store, const char *group, const char *by, GTask *task)
{
  run (store, KL_STORE_CALL_LIST_INVITES, &(KlStoreJob) { .task = task, .text = { g_strdup (group), g_strdup (by) } });
}

static void
store_iface_init (KlStoreInterface *iface)
{
  iface->find_ops = find_ops;
  iface->load_group = load_group;
  iface->find_group = find_group;
  iface->get_changes = get_changes;
  iface->read_log = read_log;
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
