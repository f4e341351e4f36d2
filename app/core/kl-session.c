/* SPDX-License-Identifier: GPL-3.0-or-later
 * The session's object: its parts, its state, the open group, sending and reading. */
#include "app/core/kl-session-private.h"
#include "app/core/kl-core-enums.h"
#include "app/core/kl-error-private.h"
#include "app/core/kl-rest.h"

#include <string.h>

enum
{
  SAVE_DELAY_MS = 1000,
};

typedef enum
{
  PROP_ACCOUNT = 1,
  PROP_ME,
  PROP_GROUPS,
  PROP_STATE,
  PROP_RETRY_IN,
  PROP_HELD,
  PROP_OPEN_GROUP,
  PROP_SERVER_NAME,
  PROP_STATE_TEXT,
  PROP_RINGS,
} Prop;

static GParamSpec *props[PROP_RINGS + 1];

enum
{
  GROUP_REMOVED,
  MESSAGE_RECEIVED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlSession, kl_session, G_TYPE_OBJECT)

gboolean
kl_session_is_alive (KlSession *self)
{
  return self->started && !self->stopping;
}

static char *
group_json (const char *group_id)
{
  g_auto (KlJsonWriter) out = { 0 };

  kl_json_writer_init (&out, 64);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", group_id);
  kl_json_end_object (&out);
  return kl_json_writer_steal_string (&out, NULL);
}

/* ── Groups that are followed ── */

static void
track_free (gpointer data)
{
  KlTrack *track = data;

  g_signal_handlers_disconnect_by_data (track->group, track);
  g_clear_handle_id (&track->typing_source, g_source_remove);
  g_weak_ref_clear (&track->messages);
  g_weak_ref_clear (&track->members);
  g_hash_table_unref (track->seen);
  g_clear_object (&track->server_last);
  g_object_unref (track->group);
  g_free (track);
}

static void
on_draft_changed (KlGroup *group, GParamSpec *pspec, KlTrack *track)
{
  kl_outbox_set_draft (track->session->outbox, kl_group_get_id (group), kl_group_get_draft (group));
}

static void
apply_draft (KlSession *self, KlTrack *track)
{
  if (kl_outbox_get_loaded (self->outbox))
    kl_group_set_draft (track->group,
                        g_hash_table_lookup (kl_outbox_get_drafts (self->outbox), kl_group_get_id (track->group)));
}

KlTrack *
kl_session_track (KlSession *self, const char *group_id)
{
  return group_id != NULL ? g_hash_table_lookup (self->tracks, group_id) : NULL;
}

KlTrack *
kl_session_track_new (KlSession *self, KlGroup *group)
{
  KlTrack *track = g_new0 (KlTrack, 1);

  track->session = self;
  track->group = g_object_ref (group);
  track->seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_weak_ref_init (&track->messages, NULL);
  g_weak_ref_init (&track->members, NULL);
  g_hash_table_insert (self->tracks, (gpointer) kl_group_get_id (group), track);
  apply_draft (self, track);
  g_signal_connect (group, "notify::draft", G_CALLBACK (on_draft_changed), track);
  kl_group_list_add (self->groups, group);
  return track;
}

void
kl_session_drop_track (KlSession *self, KlTrack *track, const char *reason)
{
  g_autoptr (KlGroup) group = g_object_ref (track->group);
  g_autoptr (KlMessageList) list = g_weak_ref_get (&track->messages);
  g_autoptr (GError) left = g_error_new_literal (KL_CORE_ERROR, KL_CORE_ERROR_LEFT, "You were no longer in this group");
  KlCacheChange *change = kl_cache_change_new ();

  if (self->open_group == group)
    kl_session_set_open_group (self, NULL);
  /* Whoever comes back later does not say unasked what was meant for then. */
  kl_outbox_fail_group (self->outbox, kl_group_get_id (group), left);
  kl_cache_change_remove_group (change, kl_group_get_id (group));
  kl_cache_write (self->cache, change);
  GList *link = list != NULL ? g_queue_find (&self->recent, list) : NULL;
  if (link != NULL)
    {
      g_object_unref (link->data);
      g_queue_delete_link (&self->recent, link);
    }
  if (list != NULL)
    kl_message_list_set_source (list, NULL, NULL);
  g_object_set (group, "role", KL_ROLE_NONE, "here", 0u, "online", 0u, NULL);
  kl_session_forget_group_calls (self, track);
  kl_group_clear_typing (group);
  g_hash_table_remove (self->tracks, kl_group_get_id (group));
  kl_group_list_remove (self->groups, group);
  if (reason != NULL)
    g_signal_emit (self, signals[GROUP_REMOVED], 0, group, reason);
}

void
kl_session_update_last (KlSession *self, KlTrack *track)
{
  g_autoptr (GPtrArray) unsent = kl_outbox_list (self->outbox, kl_group_get_id (track->group));
  KlMessage *last = unsent->len > 0 ? g_ptr_array_index (unsent, unsent->len - 1) : track->server_last;
  gint64 time = last != NULL ? kl_message_get_created_at (last) : track->created_at;

  g_object_set (track->group, "last-message", last, "last-time", time, NULL);
}

static void
save_group (KlTrack *track, KlCacheChange *change)
{
  g_autofree char *json = kl_wire_write_group (track->group, track->rev, track->created_at, track->server_last);

  kl_cache_change_set_group (change, kl_group_get_id (track->group), -1, json);
  track->dirty = FALSE;
}

static void
save_dirty (KlSession *self)
{
  KlCacheChange *change = kl_cache_change_new ();
  GHashTableIter iter;
  gpointer value;

  g_clear_handle_id (&self->save_source, g_source_remove);
  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((KlTrack *) value)->dirty)
      save_group (value, change);
  kl_cache_write (self->cache, change);
}

static gboolean
on_save_due (gpointer user_data)
{
  KlSession *self = user_data;

  /* What an answer to "sync" has for the cache comes first. */
  if (self->taking != NULL)
    return G_SOURCE_CONTINUE;
  self->save_source = 0;
  save_dirty (self);
  return G_SOURCE_REMOVE;
}

void
kl_session_mark_dirty (KlSession *self, KlTrack *track)
{
  track->dirty = TRUE;
  if (self->save_source == 0 && kl_session_is_alive (self))
    self->save_source = g_timeout_add (SAVE_DELAY_MS, on_save_due, self);
}

/* ── The connection ── */

static void
on_ready (KlConnection *connection, KlSession *self)
{
  self->generation++;
  kl_session_begin_sync (self);
}

static void
on_lost (KlConnection *connection, KlSession *self)
{
  GHashTableIter iter;
  gpointer value;

  self->generation++;
  kl_session_give_up_sync (self);
  self->synced = FALSE;
  self->syncing = FALSE;
  g_clear_handle_id (&self->sync_source, g_source_remove);
  g_clear_handle_id (&self->wanted_source, g_source_remove);
  g_clear_handle_id (&self->refresh_source, g_source_remove);
  g_ptr_array_set_size (self->wanted, 0);
  g_hash_table_remove_all (self->refresh);
  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      KlTrack *track = value;
      track->live = FALSE;
      track->reading = FALSE;
      track->typing_told_usec = 0;
      g_hash_table_remove_all (track->seen);
    }
  kl_outbox_interrupt (self->outbox);
  kl_session_forget_presence (self);
  kl_session_forget_calls (self);
}

static void
on_event (KlConnection *connection, const char *name, gpointer argument, KlSession *self)
{
  kl_session_take_event (self, name, argument);
}

static void
on_connection_state (KlSession *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  kl_session_flush_waiting (self);
}

static void
on_outbox_held (KlSession *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HELD]);
}

static void
on_connection_retry_in (KlSession *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RETRY_IN]);
}

static void
on_connection_text (KlSession *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE_TEXT]);
}

void
kl_session_group_went_live (KlSession *self, KlTrack *track)
{
  track->live = TRUE;
  if (self->open_group == track->group)
    kl_session_open_people (self, track);
  kl_session_send_read_mark (self, track);
  kl_session_reload_lists (self, track);
  kl_session_flush_waiting (self);
  kl_outbox_pump (self->outbox);
}

void
kl_session_end_sync (KlSession *self)
{
  if (self->away)
    kl_session_send_presence (self);
  kl_outbox_pump (self->outbox);
}

/* ── Starting ── */

static void
on_server_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlSession) self = user_data;
  g_autoptr (KlJson) answer = NULL;

  if (!kl_rest_call_finish (result, &answer, NULL) || answer == NULL)
    return;
  const char *name = yyjson_get_str (yyjson_obj_get (kl_json_get_root (answer), "name"));
  if (name != NULL && name[0] != '\0' && g_set_str (&self->server_name, name))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SERVER_NAME]);
}

static void
begin_connecting (KlSession *self)
{
  if (!self->cache_loaded || !kl_outbox_get_loaded (self->outbox) || !kl_session_is_alive (self))
    return;
  if (g_hash_table_size (self->tracks) > 0)
    kl_group_list_set_loaded (self->groups);
  kl_rest_call_async (self->soup, kl_account_get_url (self->account), NULL, "GET", "/api/v1/server", NULL,
                      self->cancellable, on_server_known, g_object_ref (self));
  kl_connection_start (self->connection);
}

static void
on_cache_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlSession) self = user_data;
  g_autoptr (KlCachedStart) start = kl_cache_start_finish (self->cache, result);

  if (!kl_session_is_alive (self))
    return;
  self->cache_loaded = TRUE;
  kl_session_load_cached (self, start);
  begin_connecting (self);
}

static void
on_outbox_loaded (KlOutbox *outbox, KlSession *self)
{
  GHashTableIter iter;
  gpointer track;

  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &track))
    {
      apply_draft (self, track);
      kl_session_update_last (self, track);
    }
  /* The cache comes second: its groups find drafts and unsent messages. */
  kl_cache_start_async (self->cache, kl_user_get_id (self->me), on_cache_started, g_object_ref (self));
}

void
kl_session_start (KlSession *self)
{
  g_return_if_fail (KL_IS_SESSION (self));

  if (self->started || self->stopping)
    return;
  self->started = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  kl_outbox_load (self->outbox);
}

/* ── Stopping ── */

static void
on_outbox_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  g_task_return_boolean (task, TRUE);
}

static void
on_cache_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  KlSession *self = g_task_get_source_object (task);

  kl_outbox_close_async (self->outbox, on_outbox_closed, task);
}

void
kl_session_stop_async (KlSession *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_SESSION (self));

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, kl_session_stop_async);
  if (self->stopping)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  kl_session_give_up_sync (self);
  kl_session_set_open_group (self, NULL);
  save_dirty (self);
  self->stopping = TRUE;
  kl_connection_stop (self->connection);
  g_cancellable_cancel (self->cancellable);
  kl_session_flush_waiting (self);
  g_clear_handle_id (&self->save_source, g_source_remove);
  kl_cache_close_async (self->cache, on_cache_closed, task);
}

gboolean
kl_session_stop_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_session_retry_now (KlSession *self)
{
  g_return_if_fail (KL_IS_SESSION (self));
  kl_connection_retry_now (self->connection);
}

/* ── The open group ── */

typedef struct
{
  KlSession *session; /* owned */
  KlGroup *group;     /* owned */
  guint generation;
} Closing;

static Closing *
closing_new (KlSession *self, KlTrack *track)
{
  Closing *closing = g_new0 (Closing, 1);

  closing->session = g_object_ref (self);
  closing->group = g_object_ref (track->group);
  closing->generation = self->generation;
  return closing;
}

/* Whether one is here by another device only the server knows. One that does not say is taken to mean no. */
static void
on_closed (yyjson_val *answer, const GError *error, gpointer user_data)
{
  g_autofree Closing *closing = user_data;
  g_autoptr (KlSession) self = closing->session;
  g_autoptr (KlGroup) group = closing->group;
  guint here = kl_group_get_here (group);
  KlJsonFields in;

  if (answer == NULL || closing->generation != self->generation || self->open_group == group
      || kl_session_track (self, kl_group_get_id (group)) == NULL)
    return;
  kl_json_fields_init (&in, answer);
  here = (guint) kl_json_fields_int (&in, "here", KL_JSON_OPTIONAL, 0, G_MAXINT, here > 0 ? here - 1 : 0);
  if (in.fault == NULL)
    g_object_set (group, "here", here, NULL);
}

void
kl_session_set_open_group (KlSession *self, KlGroup *group)
{
  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (group == NULL || KL_IS_GROUP (group));

  if (self->open_group == group)
    return;
  if (self->open_group != NULL)
    {
      KlTrack *track = kl_session_track (self, kl_group_get_id (self->open_group));
      if (track != NULL && track->live)
        {
          g_autofree char *json = group_json (kl_group_get_id (self->open_group));
          kl_session_stop_typing (self, track, TRUE);
          kl_connection_emit (self->connection, "group:close", json, KL_ANSWER_MS, on_closed,
                              closing_new (self, track));
          kl_group_clear_typing (self->open_group);
        }
      g_object_set (self->open_group, "open", FALSE, NULL);
    }
  g_set_object (&self->open_group, group);
  if (group != NULL)
    {
      KlTrack *track = kl_session_track (self, kl_group_get_id (group));
      g_object_set (group, "open", TRUE, NULL);
      if (track != NULL && track->live)
        kl_session_open_people (self, track);
    }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_OPEN_GROUP]);
}

KlGroup *
kl_session_get_open_group (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);
  return self->open_group;
}

/* ── Object ── */

static void
kl_session_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KlSession *self = KL_SESSION (object);

  switch ((Prop) id)
    {
    case PROP_ACCOUNT:
      g_value_set_object (value, self->account);
      break;
    case PROP_ME:
      g_value_set_object (value, self->me);
      break;
    case PROP_GROUPS:
      g_value_set_object (value, self->groups);
      break;
    case PROP_STATE:
      g_value_set_enum (value, (int) kl_session_get_state (self));
      break;
    case PROP_RETRY_IN:
      g_value_set_uint (value, kl_session_get_retry_in (self));
      break;
    case PROP_HELD:
      g_value_set_boolean (value, kl_session_get_held (self));
      break;
    case PROP_OPEN_GROUP:
      g_value_set_object (value, self->open_group);
      break;
    case PROP_SERVER_NAME:
      g_value_set_string (value, self->server_name);
      break;
    case PROP_STATE_TEXT:
      g_value_set_string (value, kl_session_get_state_text (self));
      break;
    case PROP_RINGS:
      g_value_set_object (value, self->rings);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_session_dispose (GObject *object)
{
  KlSession *self = KL_SESSION (object);

  self->stopping = TRUE;
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->sync_source, g_source_remove);
  g_clear_handle_id (&self->wanted_source, g_source_remove);
  g_clear_handle_id (&self->refresh_source, g_source_remove);
  g_clear_handle_id (&self->save_source, g_source_remove);
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
  if (self->outbox != NULL)
    {
      kl_outbox_detach (self->outbox);
      g_signal_handlers_disconnect_by_data (self->outbox, self);
    }
  kl_session_forget_rings (self);
  g_hash_table_remove_all (self->tracks);
  g_clear_object (&self->outbox);
  g_clear_object (&self->cache);
  g_clear_object (&self->open_group);
  g_queue_clear_full (&self->recent, g_object_unref);
  g_clear_object (&self->soup);
  G_OBJECT_CLASS (kl_session_parent_class)->dispose (object);
}

static void
kl_session_finalize (GObject *object)
{
  KlSession *self = KL_SESSION (object);

  g_hash_table_unref (self->tracks);
  g_hash_table_unref (self->refresh);
  g_hash_table_unref (self->catch_up);
  g_hash_table_unref (self->waiting);
  g_hash_table_unref (self->ring_sources);
  g_object_unref (self->rings);
  g_ptr_array_unref (self->wanted);
  g_clear_object (&self->groups);
  g_clear_object (&self->me);
  g_clear_object (&self->people);
  g_clear_object (&self->account);
  g_object_unref (self->cancellable);
  g_free (self->folder);
  g_free (self->server_name);
  g_free (self->epoch);
  g_free (self->own_call);
  g_free (self->own_peer);
  G_OBJECT_CLASS (kl_session_parent_class)->finalize (object);
}

static void
kl_session_class_init (KlSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_session_get_property;
  object_class->dispose = kl_session_dispose;
  object_class->finalize = kl_session_finalize;

  props[PROP_ACCOUNT] = g_param_spec_object ("account", NULL, NULL, KL_TYPE_ACCOUNT, ro);
  props[PROP_ME] = g_param_spec_object ("me", NULL, NULL, KL_TYPE_USER, ro);
  props[PROP_GROUPS] = g_param_spec_object ("groups", NULL, NULL, KL_TYPE_GROUP_LIST, ro);
  props[PROP_STATE]
      = g_param_spec_enum ("state", NULL, NULL, KL_TYPE_CONNECTION_STATE, KL_CONNECTION_STATE_STOPPED, ro);
  props[PROP_RETRY_IN] = g_param_spec_uint ("retry-in", NULL, NULL, 0, G_MAXUINT, 0, ro);
  props[PROP_HELD] = g_param_spec_boolean ("held", NULL, NULL, FALSE, ro);
  props[PROP_OPEN_GROUP] = g_param_spec_object ("open-group", NULL, NULL, KL_TYPE_GROUP, ro);
  props[PROP_SERVER_NAME] = g_param_spec_string ("server-name", NULL, NULL, NULL, ro);
  props[PROP_STATE_TEXT] = g_param_spec_string ("state-text", NULL, NULL, NULL, ro);
  props[PROP_RINGS] = g_param_spec_object ("rings", NULL, NULL, G_TYPE_LIST_MODEL, ro);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
  kl_session_calls_class_init (object_class);

  signals[GROUP_REMOVED] = g_signal_new ("group-removed", KL_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 2, KL_TYPE_GROUP, G_TYPE_STRING);
  signals[MESSAGE_RECEIVED] = g_signal_new ("message-received", KL_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                            G_TYPE_NONE, 2, KL_TYPE_GROUP, KL_TYPE_MESSAGE);
}

static void
kl_session_init (KlSession *self)
{
  self->cancellable = g_cancellable_new ();
  self->people = kl_people_new ();
  self->groups = kl_group_list_new ();
  self->tracks = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, track_free);
  self->refresh = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->catch_up = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->waiting = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->wanted = g_ptr_array_new_with_free_func (g_free);
  self->rings = g_list_store_new (KL_TYPE_RING);
  self->ring_sources = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, kl_session_remove_source);
  self->soup = kl_rest_session_new ();
  g_queue_init (&self->recent);
}

KlSession *
kl_session_new (KlAccount *account, const char *folder)
{
  g_return_val_if_fail (KL_IS_ACCOUNT (account), NULL);
  g_return_val_if_fail (kl_account_get_token (account) != NULL, NULL);

  KlSession *self = g_object_new (KL_TYPE_SESSION, NULL);
  const char *url = kl_account_get_url (account);
  self->account = g_object_ref (account);
  self->folder = folder != NULL ? g_strdup (folder) : g_build_filename (g_get_user_data_dir (), "klatch", NULL);
  self->server_name = g_strdup (strstr (url, "://") != NULL ? strstr (url, "://") + 3 : url);
  self->me = g_object_ref (kl_people_get (self->people, kl_account_get_user_id (account)));
  if (kl_user_get_name (self->me)[0] == '\0')
    g_object_set (self->me, "display-name", kl_account_get_name (account), NULL);

  g_autofree char *cache = g_build_filename (self->folder, kl_account_get_id (account), "cache.db", NULL);
  g_autofree char *state = g_build_filename (self->folder, kl_account_get_id (account), "state.db", NULL);
  self->cache = kl_cache_new (cache);
  kl_session_make_outbox (self, state);
  g_signal_connect (self->outbox, "loaded", G_CALLBACK (on_outbox_loaded), self);
  g_signal_connect_swapped (self->outbox, "held-changed", G_CALLBACK (on_outbox_held), self);

  self->connection = kl_connection_new (url, kl_account_get_token (account));
  g_signal_connect (self->connection, "ready", G_CALLBACK (on_ready), self);
  g_signal_connect (self->connection, "lost", G_CALLBACK (on_lost), self);
  g_signal_connect (self->connection, "event", G_CALLBACK (on_event), self);
  g_signal_connect_swapped (self->connection, "notify::state", G_CALLBACK (on_connection_state), self);
  g_signal_connect_swapped (self->connection, "notify::retry-in", G_CALLBACK (on_connection_retry_in), self);
  g_signal_connect_swapped (self->connection, "notify::state-text", G_CALLBACK (on_connection_text), self);
  return self;
}

KlAccount *
kl_session_get_account (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);
  return self->account;
}

KlUser *
kl_session_get_me (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);
  return self->me;
}

KlGroupList *
kl_session_get_groups (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);
  return self->groups;
}

KlConnectionState
kl_session_get_state (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), KL_CONNECTION_STATE_STOPPED);
  /* While the files are read the first connection is as good as begun. */
  if (self->started && !self->stopping && kl_connection_get_state (self->connection) == KL_CONNECTION_STATE_STOPPED)
    return KL_CONNECTION_STATE_CONNECTING;
  return kl_connection_get_state (self->connection);
}

guint
kl_session_get_retry_in (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), 0);
  return kl_connection_get_retry_in (self->connection);
}

gboolean
kl_session_get_held (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), FALSE);
  return kl_outbox_get_held (self->outbox);
}

const char *
kl_session_get_state_text (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);
  return kl_connection_get_state_text (self->connection);
}

const char *
kl_session_get_server_name (KlSession *self)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);
  return self->server_name;
}
