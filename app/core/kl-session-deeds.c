/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a person asks the server for: each an event, or a REST call, and its answer. */
#include "app/core/kl-error-private.h"
#include "app/core/kl-rest.h"
#include "app/core/kl-session-private.h"
#include "protocol/kl-id.h"
#include "protocol/kl-limits.h"

#include <string.h>

enum
{
  SIGN_OUT_MS = 5000,
};

/* ── One event, one answer ── */

typedef struct
{
  KlSessionReader reader;
  GDestroyNotify free_result;
} Deed;

static void
on_answer (yyjson_val *answer, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KlSession *self = g_task_get_source_object (task);
  Deed *deed = g_task_get_task_data (task);

  if (answer == NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      return;
    }
  if (!kl_session_is_alive (self))
    {
      g_task_return_error (task, kl_core_error_new_full (KL_CORE_ERROR_OFFLINE, "Not connected", NULL, 0));
      return;
    }
  gpointer result = deed->reader (self, answer);
  if (result != NULL)
    g_task_return_pointer (task, result, deed->free_result);
  else
    g_task_return_error (
        task, kl_core_error_new_full (KL_CORE_ERROR_INTERNAL, "The server's answer makes no sense", NULL, 0));
}

void
kl_session_ask (KlSession *self, GTask *task, const char *event, KlJsonWriter *out, KlSessionReader reader,
                GDestroyNotify free_result)
{
  Deed *deed = g_new0 (Deed, 1);

  deed->reader = reader;
  deed->free_result = free_result;
  g_task_set_task_data (task, deed, g_free);
  kl_json_end_object (out);
  g_autofree char *json = kl_json_writer_steal_string (out, NULL);
  if (!self->synced)
    {
      g_autoptr (GError) error = kl_core_error_new_full (KL_CORE_ERROR_OFFLINE, "Not connected", NULL, 0);
      on_answer (NULL, error, task);
      return;
    }
  kl_connection_emit (self->connection, event, json, KL_ANSWER_MS, on_answer, task);
}

GTask *
kl_session_begin_deed (KlSession *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data,
                       gpointer tag, KlJsonWriter *out)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  kl_json_writer_init (out, 256);
  kl_json_begin_object (out);
  return task;
}

static gpointer
read_nothing (KlSession *self, yyjson_val *answer)
{
  return self;
}

static gpointer
read_joined (KlSession *self, yyjson_val *answer)
{
  KlTrack *track = kl_session_merge_joined (self, answer);

  return track != NULL ? g_object_ref (track->group) : NULL;
}

/* ── Groups ── */

char *
kl_session_new_client_id (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);
  return kl_id_new_random ();
}

void
kl_session_create_group_async (KlSession *self, const char *client_id, const char *name, const char *topic,
                               KlVisibility visibility, const char *slug, const char *emoji, int hue,
                               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (client_id != NULL && name != NULL);

  GTask *task = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_create_group_async, &out);
  kl_json_member_string (&out, "client_id", client_id);
  kl_json_member_string (&out, "name", name);
  kl_json_member_string_or_nothing (&out, "topic", topic);
  kl_json_member_string (&out, "visibility", visibility == KL_VISIBILITY_PUBLIC ? "public" : "private");
  if (slug != NULL && slug[0] != '\0')
    kl_json_member_string (&out, "slug", slug);
  if (emoji != NULL && emoji[0] != '\0')
    kl_json_member_string (&out, "emoji", emoji);
  if (hue >= 0)
    kl_json_member_int (&out, "hue", hue);
  kl_session_ask (self, task, "group:create", &out, read_joined, g_object_unref);
}

KlGroup *
kl_session_create_group_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* The code in a link of either form, or NULL: it is none. */
static char *
code_of_link (const char *text)
{
  const char *at = strstr (text, "/i/");

  if (at == NULL || (strstr (text, "://") == NULL && !g_str_has_prefix (text, "klatch:")))
    return NULL;
  at += strlen ("/i/");
  return g_strndup (at, strcspn (at, "/?#"));
}

void
kl_session_join_group_async (KlSession *self, KlGroup *group, GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (KL_IS_GROUP (group));

  GTask *task = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_join_group_async, &out);
  const char *code = g_object_get_data (G_OBJECT (group), "klatch-invite");
  if (code != NULL)
    kl_json_member_string (&out, "invite", code);
  else
    kl_json_member_string (&out, "group", kl_group_get_id (group));
  kl_session_ask (self, task, "group:join", &out, read_joined, g_object_unref);
}

void
kl_session_join_by_text_async (KlSession *self, const char *text, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (text != NULL);

  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  g_autofree char *code = code_of_link (trimmed);
  g_autofree char *lower = g_ascii_strdown (trimmed, -1);
  GTask *task = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_join_by_text_async, &out);
  if (code != NULL)
    kl_json_member_string (&out, "invite", code);
  else if (strchr (trimmed, '@') != NULL)
    kl_json_member_string (&out, "address", lower);
  /* A code of ours is 26 characters of base32hex; a slug of that form is asked for in "Find groups". */
  else if (strlen (trimmed) < KL_CODE_CHARS && kl_text_is_slug (lower))
    kl_json_member_string (&out, "slug", lower);
  else
    kl_json_member_string (&out, "invite", trimmed);
  kl_session_ask (self, task, "group:join", &out, read_joined, g_object_unref);
}

KlGroup *
kl_session_join_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gpointer
read_shown (KlSession *self, yyjson_val *answer)
{
  yyjson_val *object = yyjson_obj_get (answer, "group");
  const char *id = yyjson_get_str (yyjson_obj_get (object, "id"));
  KlTrack *track = kl_session_track (self, id);
  KlWireGroup more;

  if (track != NULL)
    return g_object_ref (track->group);
  if (id == NULL || !kl_id_is_valid (id))
    return NULL;
  g_autoptr (KlGroup) group = kl_group_new (id);
  return kl_wire_update_group (group, object, self->people, &more) ? g_steal_pointer (&group) : NULL;
}

void
kl_session_show_invite_async (KlSession *self, const char *text, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (text != NULL);

  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  char *code = code_of_link (trimmed);
  if (code == NULL)
    code = g_strdup (trimmed);
  GTask *task = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_show_invite_async, &out);
  g_object_set_data_full (G_OBJECT (task), "klatch-invite", code, g_free);
  kl_json_member_string (&out, "code", code);
  kl_session_ask (self, task, "invite:show", &out, read_shown, g_object_unref);
}

KlGroup *
kl_session_show_invite_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  KlGroup *group = g_task_propagate_pointer (G_TASK (result), error);
  const char *code = g_object_get_data (G_OBJECT (result), "klatch-invite");
  if (group != NULL && kl_group_get_role (group) == KL_ROLE_NONE)
    g_object_set_data_full (G_OBJECT (group), "klatch-invite", g_strdup (code), g_free);
  return group;
}

static gpointer
read_invite (KlSession *self, yyjson_val *answer)
{
  KlJsonFields in;

  kl_json_fields_init (&in, yyjson_obj_get (answer, "invite"));
  return g_strdup (kl_json_fields_string (&in, "url", KL_JSON_REQUIRED, 1, 4096, NULL));
}

void
kl_session_make_invite_async (KlSession *self, KlGroup *group, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (KL_IS_GROUP (group));

  GTask *task = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_make_invite_async, &out);
  kl_json_member_string (&out, "group", kl_group_get_id (group));
  kl_json_member_bool (&out, "link", TRUE);
  kl_session_ask (self, task, "group:invite", &out, read_invite, g_free);
}

char *
kl_session_make_invite_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_session_leave_group_async (KlSession *self, KlGroup *group, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (KL_IS_GROUP (group));

  /* "group:removed" takes it off the list. */
  GTask *task = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_leave_group_async, &out);
  kl_json_member_string (&out, "group", kl_group_get_id (group));
  kl_session_ask (self, task, "group:leave", &out, read_nothing, NULL);
}

gboolean
kl_session_leave_group_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}

/* ── Settings of one's own ── */

static void
on_setting_told (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlSession *self = KL_SESSION (source);
  g_autoptr (KlGroup) group = user_data;
  KlTrack *track = kl_session_track (self, kl_group_get_id (group));

  /* Refused: what the server has is what counts. */
  if (g_task_propagate_pointer (G_TASK (result), NULL) == NULL && track != NULL)
    kl_session_refresh_group (self, track);
}

void
kl_session_set_pinned (KlSession *self, KlGroup *group, gboolean pinned)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (KL_IS_GROUP (group));

  if (kl_group_get_pinned (group) == pinned || !self->synced)
    return;
  g_object_set (group, "pinned", pinned, NULL);
  GTask *task = kl_session_begin_deed (self, NULL, on_setting_told, g_object_ref (group), kl_session_set_pinned, &out);
  kl_json_member_string (&out, "group", kl_group_get_id (group));
  kl_json_member_bool (&out, "pinned", pinned);
  kl_session_ask (self, task, "group:settings", &out, read_nothing, NULL);
}

void
kl_session_set_notify (KlSession *self, KlGroup *group, KlNotify notify)
{
  static const char *const words[] = { "all", "mentions", "none" };
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (KL_IS_GROUP (group));

  if (kl_group_get_notify (group) == notify || !self->synced)
    return;
  g_object_set (group, "notify", notify, NULL);
  GTask *task = kl_session_begin_deed (self, NULL, on_setting_told, g_object_ref (group), kl_session_set_notify, &out);
  kl_json_member_string (&out, "group", kl_group_get_id (group));
  kl_json_member_string (&out, "notify", words[notify]);
  kl_session_ask (self, task, "group:settings", &out, read_nothing, NULL);
}

void
kl_session_set_status_async (KlSession *self, gboolean dnd, const char *text, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));

  GTask *task = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_set_status_async, &out);
  kl_json_member_bool (&out, "dnd", dnd);
  kl_json_member_string (&out, "text", text != NULL ? text : "");
  kl_session_ask (self, task, "presence", &out, read_nothing, NULL);
}

gboolean
kl_session_set_status_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_pointer (G_TASK (result), error) != NULL;
}

static void
on_profile_patched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KlSession *self = g_task_get_source_object (task);
  g_autoptr (KlJson) answer = NULL;
  GError *error = NULL;

  if (!kl_rest_call_finish (result, &answer, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (answer != NULL)
    kl_people_take (self->people, yyjson_obj_get (kl_json_get_root (answer), "user"), FALSE);
  g_task_return_boolean (task, TRUE);
}

void
kl_session_set_display_name_async (KlSession *self, const char *display_name, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  KlJsonWriter out;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (display_name != NULL);

  GTask *task = kl_session_begin_deed (self, cancellable, callback, user_data, kl_session_set_display_name_async, &out);
  kl_json_member_string (&out, "display_name", display_name);
  kl_json_end_object (&out);
  g_autofree char *json = kl_json_writer_steal_string (&out, NULL);
  kl_rest_call_async (self->soup, kl_account_get_url (self->account), kl_account_get_token (self->account), "PATCH",
                      "/api/v1/me", json, cancellable, on_profile_patched, task);
}

gboolean
kl_session_set_display_name_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ── Signing out ── */

typedef struct
{
  GCancellable *cancellable;
  GError *error;
  guint timeout_source;
} SignOut;

static void
sign_out_free (gpointer data)
{
  SignOut *sign_out = data;

  g_clear_handle_id (&sign_out->timeout_source, g_source_remove);
  g_object_unref (sign_out->cancellable);
  g_clear_error (&sign_out->error);
  g_free (sign_out);
}

static gboolean
on_sign_out_timeout (gpointer user_data)
{
  SignOut *sign_out = user_data;

  sign_out->timeout_source = 0;
  g_cancellable_cancel (sign_out->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SignOut *sign_out = g_task_get_task_data (task);

  if (sign_out->error != NULL)
    g_task_return_error (task, g_steal_pointer (&sign_out->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_revoked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  SignOut *sign_out = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  g_clear_handle_id (&sign_out->timeout_source, g_source_remove);
  /* A session that is not there any more is as good as ended. */
  if (!kl_rest_call_finish (result, NULL, &error)
      && !g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_UNAUTHORIZED))
    sign_out->error = kl_core_error_new_full (KL_CORE_ERROR_UNREACHABLE, error->message, NULL, 0);
  kl_session_stop_async (g_task_get_source_object (task), on_stopped, task);
}

void
kl_session_sign_out_async (KlSession *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_SESSION (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, kl_session_sign_out_async);
  SignOut *sign_out = g_new0 (SignOut, 1);
  sign_out->cancellable = g_cancellable_new ();
  sign_out->timeout_source = g_timeout_add (SIGN_OUT_MS, on_sign_out_timeout, sign_out);
  g_task_set_task_data (task, sign_out, sign_out_free);
  /* First, so that "revoked" does not come as news. */
  kl_connection_stop (self->connection);
  kl_rest_call_async (self->soup, kl_account_get_url (self->account), kl_account_get_token (self->account), "DELETE",
                      "/api/v1/sessions/current", NULL, sign_out->cancellable, on_revoked, task);
}

gboolean
kl_session_sign_out_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
