/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls of KlStore: each makes the GTask that its implementation returns. */
#include "server/chat/kl-store.h"

G_DEFINE_QUARK (kl - store - error - quark, kl_store_error)

gboolean
kl_store_fail (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error)
    *error = g_error_new_valist (KL_STORE_ERROR, KL_STORE_ERROR_FAILED, format, arguments);
  va_end (arguments);

  return FALSE;
}

G_DEFINE_INTERFACE (KlStore, kl_store, G_TYPE_OBJECT)

static void
kl_store_default_init (KlStoreInterface *iface)
{
}

/* One for each KlStoreDeed, beside whatever the implementation is. */
static KlMeter *
get_meters (KlStore *self)
{
  GQuark quark = g_quark_from_static_string ("kl-store-meters");
  KlMeter *meters = g_object_get_qdata (G_OBJECT (self), quark);

  if (meters == NULL)
    {
      meters = g_new0 (KlMeter, KL_STORE_DEEDS);
      g_object_set_qdata_full (G_OBJECT (self), quark, meters, g_free);
    }
  return meters;
}

const KlMeter *
kl_store_get_meter (KlStore *self, KlStoreDeed deed)
{
  g_return_val_if_fail (KL_IS_STORE (self), NULL);

  return get_meters (self) + deed;
}

const char *
kl_store_get_epoch (KlStore *self)
{
  g_return_val_if_fail (KL_IS_STORE (self), NULL);

  return KL_STORE_GET_IFACE (self)->get_epoch (self);
}

const char *
kl_store_get_secret (KlStore *self)
{
  g_return_val_if_fail (KL_IS_STORE (self), NULL);

  return KL_STORE_GET_IFACE (self)->get_secret (self);
}

gboolean
kl_store_is_ready (KlStore *self, char **reason)
{
  g_return_val_if_fail (KL_IS_STORE (self), FALSE);

  return KL_STORE_GET_IFACE (self)->is_ready (self, reason);
}

static GTask *
make_measured_task (KlStore *self, KlStoreDeed deed, gpointer tag, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = kl_meter_task_new (get_meters (self) + deed, self, tag, callback, user_data);

  g_task_set_static_name (task, "KlStore");

  return task;
}

static GTask *
make_task (KlStore *self, gpointer tag, GAsyncReadyCallback callback, gpointer user_data)
{
  return make_measured_task (self, KL_STORE_DEED_READ, tag, callback, user_data);
}

static GTask *
make_write_task (KlStore *self, gpointer tag, GAsyncReadyCallback callback, gpointer user_data)
{
  return make_measured_task (self, KL_STORE_DEED_WRITE, tag, callback, user_data);
}

void
kl_store_close_async (KlStore *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->close (self, make_write_task (self, kl_store_close_async, callback, user_data));
}

gboolean
kl_store_close_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_store_append_async (KlStore *self, KlStoreBatch *batch, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->append (self, batch, make_measured_task (self, KL_STORE_DEED_APPEND, kl_store_append_async, callback, user_data));
}

KlAppendResult *
kl_store_append_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_find_ops_async (KlStore *self, const char *const *ops, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->find_ops (self, ops, make_task (self, kl_store_find_ops_async, callback, user_data));
}

GPtrArray *
kl_store_find_ops_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_load_group_async (KlStore *self, const char *group, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->load_group (self, group, make_task (self, kl_store_load_group_async, callback, user_data));
}

KlStoreLoaded *
kl_store_load_group_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_find_group_async (KlStore *self, const char *slug, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->find_group (self, slug, make_task (self, kl_store_find_group_async, callback, user_data));
}

char *
kl_store_find_group_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_get_changes_async (KlStore *self, const char *group, gint64 since, guint limit, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_changes (self, group, since, limit,
                                          make_task (self, kl_store_get_changes_async, callback, user_data));
}

GArray *
kl_store_get_changes_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_read_log_async (KlStore *self, const char *group, gint64 after_rev, guint limit, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->read_log (self, group, after_rev, limit,
                                       make_task (self, kl_store_read_log_async, callback, user_data));
}

KlStoreBatch *
kl_store_read_log_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_get_moved_async (KlStore *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_moved (self, make_task (self, kl_store_get_moved_async, callback, user_data));
}

GPtrArray *
kl_store_get_moved_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_get_messages_async (KlStore *self, const char *group, gint64 from_seq, gint64 to_seq,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_messages (self, group, from_seq, to_seq,
                                           make_task (self, kl_store_get_messages_async, callback, user_data));
}

GPtrArray *
kl_store_get_messages_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_get_message_async (KlStore *self, const char *group, const char *id, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_message (self, group, id,
                                          make_task (self, kl_store_get_message_async, callback, user_data));
}

KlStoreMessage *
kl_store_get_message_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_get_member_async (KlStore *self, const char *group, const char *user, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_member (self, group, user,
                                         make_task (self, kl_store_get_member_async, callback, user_data));
}

KlStoreMember *
kl_store_get_member_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_get_members_async (KlStore *self, const char *group, const char *query, const char *after_name, guint limit,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_members (self, group, query, after_name, limit,
                                          make_task (self, kl_store_get_members_async, callback, user_data));
}

KlStoreMemberPage *
kl_store_get_members_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_get_memberships_async (KlStore *self, const char *user, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_memberships (self, user,
                                              make_task (self, kl_store_get_memberships_async, callback, user_data));
}

GPtrArray *
kl_store_get_memberships_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_count_unread_async (KlStore *self, const KlUnreadQuery *queries, guint n_queries,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->count_unread (self, queries, n_queries,
                                           make_task (self, kl_store_count_unread_async, callback, user_data));
}

GArray *
kl_store_count_unread_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_set_marks_async (KlStore *self, const char *group, const KlStoreMember *marks, KlMarkFields fields,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->set_marks (self, group, marks, fields,
                                        make_write_task (self, kl_store_set_marks_async, callback, user_data));
}

gboolean
kl_store_set_marks_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_store_set_ban_async (KlStore *self, const char *group, KlStoreBan *ban, gboolean on, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->set_ban (self, group, ban, on,
                                      make_write_task (self, kl_store_set_ban_async, callback, user_data));
}

gboolean
kl_store_set_ban_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_store_list_groups_async (KlStore *self, const char *query, gboolean all, gint64 after_members, const char *after_id,
                            guint limit, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->list_groups (self, query, all, after_members, after_id, limit,
                                          make_task (self, kl_store_list_groups_async, callback, user_data));
}

GPtrArray *
kl_store_list_groups_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_create_user_async (KlStore *self, KlStoreUser *user, const char *password_hash, KlStoreCreate how,
                            const char *invite, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->create_user (self, user, password_hash, how, invite,
                                          make_write_task (self, kl_store_create_user_async, callback, user_data));
}

KlStoreInvite *
kl_store_create_user_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_get_users_async (KlStore *self, const char *const *ids, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_users (self, ids, make_task (self, kl_store_get_users_async, callback, user_data));
}

GPtrArray *
kl_store_get_users_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_find_user_async (KlStore *self, const char *name, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->find_user (self, name, make_task (self, kl_store_find_user_async, callback, user_data));
}

KlStoreUser *
kl_store_find_user_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_list_users_async (KlStore *self, const char *after_name, guint limit, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->list_users (self, after_name, limit,
                                         make_task (self, kl_store_list_users_async, callback, user_data));
}

GPtrArray *
kl_store_list_users_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_count_users_async (KlStore *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->count_users (self, make_task (self, kl_store_count_users_async, callback, user_data));
}

gint64
kl_store_count_users_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

void
kl_store_get_totals_async (KlStore *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_totals (self, make_task (self, kl_store_get_totals_async, callback, user_data));
}

KlStoreTotals *
kl_store_get_totals_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_update_user_async (KlStore *self, KlStoreUser *user, KlUserFields fields, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->update_user (self, user, fields,
                                          make_write_task (self, kl_store_update_user_async, callback, user_data));
}

KlStoreUser *
kl_store_update_user_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_get_credentials_async (KlStore *self, const char *name, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_credentials (self, name,
                                              make_task (self, kl_store_get_credentials_async, callback, user_data));
}

KlStoreCredentials *
kl_store_get_credentials_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_set_password_async (KlStore *self, const char *user, const char *password_hash, gboolean end_sessions,
                             const char *keep_session, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->set_password (self, user, password_hash, end_sessions, keep_session,
                                           make_write_task (self, kl_store_set_password_async, callback, user_data));
}

GPtrArray *
kl_store_set_password_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_create_session_async (KlStore *self, KlStoreSession *session, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->create_session (self, session,
                                             make_write_task (self, kl_store_create_session_async, callback, user_data));
}

gboolean
kl_store_create_session_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_store_find_session_async (KlStore *self, const guint8 *token_hash, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->find_session (self, token_hash,
                                           make_task (self, kl_store_find_session_async, callback, user_data));
}

KlStoreSignedIn *
kl_store_find_session_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_list_sessions_async (KlStore *self, const char *user, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->list_sessions (self, user,
                                            make_task (self, kl_store_list_sessions_async, callback, user_data));
}

GPtrArray *
kl_store_list_sessions_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_touch_session_async (KlStore *self, const char *id, gint64 time, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->touch_session (self, id, time,
                                            make_write_task (self, kl_store_touch_session_async, callback, user_data));
}

gboolean
kl_store_touch_session_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_store_end_session_async (KlStore *self, const char *user, const char *id, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->end_session (self, user, id,
                                          make_write_task (self, kl_store_end_session_async, callback, user_data));
}

gboolean
kl_store_end_session_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_store_end_stale_sessions_async (KlStore *self, gint64 before, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->end_stale_sessions (
      self, before, make_write_task (self, kl_store_end_stale_sessions_async, callback, user_data));
}

gboolean
kl_store_end_stale_sessions_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_store_create_invite_async (KlStore *self, KlStoreInvite *invite, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->create_invite (self, invite,
                                            make_write_task (self, kl_store_create_invite_async, callback, user_data));
}

gboolean
kl_store_create_invite_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_store_get_invite_async (KlStore *self, const char *code, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->get_invite (self, code, make_task (self, kl_store_get_invite_async, callback, user_data));
}

KlStoreInvite *
kl_store_get_invite_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_store_revoke_invite_async (KlStore *self, const char *code, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->revoke_invite (self, code,
                                            make_write_task (self, kl_store_revoke_invite_async, callback, user_data));
}

gboolean
kl_store_revoke_invite_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_store_list_invites_async (KlStore *self, const char *group, const char *by, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (KL_IS_STORE (self));

  KL_STORE_GET_IFACE (self)->list_invites (self, group, by,
                                           make_task (self, kl_store_list_invites_async, callback, user_data));
}

GPtrArray *
kl_store_list_invites_finish (KlStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
