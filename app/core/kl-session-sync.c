/* SPDX-License-Identifier: GPL-3.0-or-later
 * Catching up. After each connect one "sync" asks for what has changed since the revs that the cache holds; what does
 * not fit into its answer is asked for by further ones. From the answer on a group's events flow, each rev once and in
 * order; should one be missing all the same, the group is asked for again from the last rev without a gap. */
#include "app/core/kl-session-private.h"
#include "protocol/kl-limits.h"

enum
{
  REFRESH_DELAY_MS = 300,
  SYNC_AGAIN_MS_MIN = 500,
  SYNC_AGAIN_MS_MAX = 60 * 1000,
  CATCH_UP_DELAY_MS_MIN = 50,
  CATCH_UP_DELAY_MS_MAX = 30 * 1000,
  MORE_AT_ONCE = 200,                        /* groups in one further sync */
  STEP_USEC = 3000,                          /* of the main loop's time, until others have a turn */
  STEP_PRIORITY = G_PRIORITY_HIGH_IDLE + 30, /* after frames, before what is idle */
  ROUNDS_MAX = 20000,                        /* a server that never gets on is left */
};

typedef struct
{
  KlSession *session; /* owned */
  GHashTable *asked;  /* owned group ids in "since"; NULL for the first sync */
  guint generation;
  gboolean more;
} Sync;

/* An answer that is being taken, some of its objects in each turn. Meanwhile the connection holds back what comes. */
typedef struct
{
  Sync *sync;       /* owned */
  KlSocket *socket; /* owned; held */
  yyjson_val *changes;
  yyjson_arr_iter users;
  yyjson_arr_iter groups;
  GHashTable *present; /* owned group ids */
  GHashTable *later;   /* owned group ids */
  KlCacheChange *change;
  gboolean busy; /* an object is being taken */
  gboolean given_up;
} Taking;

static void
send_more (KlSession *self, GPtrArray *ids);

static void
sync_free (Sync *sync)
{
  g_object_unref (sync->session);
  g_hash_table_unref (sync->asked);
  g_free (sync);
}

/* ── Rev by rev ── */

static void
skip_seen (KlTrack *track)
{
  for (gint64 next = track->rev + 1; g_hash_table_remove (track->seen, &next); next = track->rev + 1)
    track->rev = next;
}

static void
forget_seen_below (KlTrack *track)
{
  GHashTableIter iter;
  gpointer rev;

  g_hash_table_iter_init (&iter, track->seen);
  while (g_hash_table_iter_next (&iter, &rev, NULL))
    if (*(gint64 *) rev <= track->rev)
      g_hash_table_iter_remove (&iter);
  skip_seen (track);
}

/* Those that wait for a further sync: with a gap that has not closed by itself, or left over from "later". */
static void
catch_up (KlSession *self)
{
  g_autoptr (GPtrArray) ids = g_hash_table_steal_all_keys (self->catch_up);

  for (guint i = ids->len; i > 0; i--)
    {
      KlTrack *track = kl_session_track (self, g_ptr_array_index (ids, i - 1));
      if (track != NULL && track->live && g_hash_table_size (track->seen) == 0)
        g_ptr_array_remove_index (ids, i - 1);
    }
  if (ids->len > 0)
    send_more (self, ids);
}

static gboolean
on_catch_up_due (gpointer user_data)
{
  KlSession *self = user_data;

  if (!self->syncing && self->synced)
    catch_up (self);
  return G_SOURCE_REMOVE;
}

static void
ask_for_gap (KlSession *self, KlTrack *track)
{
  if (!g_hash_table_add (self->catch_up, g_strdup (kl_group_get_id (track->group))))
    return;
  /* A server that leaves gaps all the time is not asked all the time. */
  g_timeout_add_full (G_PRIORITY_DEFAULT, self->catch_up_delay_ms, on_catch_up_due, g_object_ref (self),
                      g_object_unref);
  self->catch_up_delay_ms = MIN (self->catch_up_delay_ms * 2, CATCH_UP_DELAY_MS_MAX);
}

void
kl_session_note_rev (KlSession *self, KlTrack *track, gint64 rev, KlCacheChange *change)
{
  if (rev <= track->rev)
    return;
  if (rev == track->rev + 1)
    {
      track->rev = rev;
      skip_seen (track);
      kl_cache_change_set_group (change, kl_group_get_id (track->group), track->rev, NULL);
      return;
    }
  if (g_hash_table_size (track->seen) < KL_SEEN_MAX)
    g_hash_table_add (track->seen, g_memdup2 (&rev, sizeof rev));
  ask_for_gap (self, track);
}

/* ── The answer ── */

/* A group's part of "changes". */
static void
take_changes (KlSession *self, KlTrack *track, yyjson_val *entry, KlCacheChange *change)
{
  const char *id = kl_group_get_id (track->group);
  g_autoptr (KlMessageList) list = g_weak_ref_get (&track->messages);
  yyjson_val *member, *rev = yyjson_obj_get (entry, "rev");
  gboolean reset = yyjson_is_true (yyjson_obj_get (entry, "reset"));
  size_t i, n;

  if (!yyjson_is_int (rev) || yyjson_get_sint (rev) < 0)
    return;
  if (reset)
    {
      kl_cache_change_reset_group (change, id);
      track->held = FALSE;
      g_hash_table_remove_all (track->seen);
      g_clear_object (&track->server_last);
      /* A restored store has begun again further back. */
      g_object_set (track->group, "newest-seq", G_GINT64_CONSTANT (0), NULL);
    }
  g_autoptr (GPtrArray) messages = kl_session_merge_messages (self, track, yyjson_obj_get (entry, "messages"), change);
  if (reset && list != NULL)
    {
      gint64 first = messages->len > 0 ? kl_message_get_seq (messages->pdata[0]) : 1;
      kl_message_list_replace (list, messages, first > 1, FALSE);
    }
  kl_session_show_messages (self, track, messages);
  yyjson_arr_foreach (yyjson_obj_get (entry, "members"), i, n, member)
    kl_session_merge_member (self, track, member);
  track->rev = reset ? yyjson_get_sint (rev) : MAX (track->rev, yyjson_get_sint (rev));
  forget_seen_below (track);
  kl_cache_change_set_group (change, id, track->rev, NULL);
}

static GHashTable *
read_later (yyjson_val *answer)
{
  GHashTable *later = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  yyjson_val *id;
  size_t i, n;

  yyjson_arr_foreach (yyjson_obj_get (answer, "later"), i, n, id)
    if (yyjson_is_str (id) && i < KL_LIMIT_GROUPS_PER_USER * 10)
      g_hash_table_add (later, g_strdup (yyjson_get_str (id)));
  return later;
}

/* Those neither in the answer nor in "later" are no longer mine. */
static void
drop_left (KlSession *self, GHashTable *present, GHashTable *later)
{
  g_autoptr (GPtrArray) tracks = g_hash_table_get_values_as_ptr_array (self->tracks);

  for (guint i = 0; i < tracks->len; i++)
    {
      KlTrack *track = g_ptr_array_index (tracks, i);
      const char *id = kl_group_get_id (track->group);
      if (!g_hash_table_contains (present, id) && !g_hash_table_contains (later, id))
        kl_session_drop_track (self, track, "left");
    }
}

static void
take_epoch (KlSession *self, yyjson_val *answer, KlCacheChange *change)
{
  const char *epoch = yyjson_get_str (yyjson_obj_get (answer, "epoch"));
  GHashTableIter iter;
  gpointer track;

  if (epoch == NULL || g_strcmp0 (epoch, self->epoch) == 0)
    return;
  if (self->epoch != NULL)
    {
      kl_cache_change_reset (change);
      g_hash_table_iter_init (&iter, self->tracks);
      while (g_hash_table_iter_next (&iter, NULL, &track))
        {
          ((KlTrack *) track)->held = FALSE;
          kl_session_mark_dirty (self, track);
        }
    }
  g_set_str (&self->epoch, epoch);
  kl_cache_change_set_epoch (change, epoch);
}

static void
take_group (KlSession *self, Sync *sync, yyjson_val *object, yyjson_val *changes, GHashTable *present,
            GHashTable *later, KlCacheChange *change)
{
  KlWireGroup more;
  KlTrack *track = kl_session_merge_group (self, object, &more);

  if (track == NULL)
    return;
  const char *id = kl_group_get_id (track->group);
  g_hash_table_add (present, g_strdup (id));
  yyjson_val *entry = yyjson_obj_get (changes, id);
  if (entry != NULL)
    take_changes (self, track, entry, change);
  else if (!track->live && !track->held)
    {
      /* Nothing of it is here: what is read of it from now on is as new as this. */
      track->rev = more.rev;
      kl_cache_change_set_group (change, id, track->rev, NULL);
    }
  if (!track->live && !g_hash_table_contains (later, id))
    kl_session_group_went_live (self, track);
}

/* A part of the changes may come before the group itself does. */
static void
take_rest (KlSession *self, yyjson_val *changes, GHashTable *present, KlCacheChange *change)
{
  yyjson_val *key, *entry;
  size_t i, n;

  if (!yyjson_is_obj (changes))
    return;
  yyjson_obj_foreach (changes, i, n, key, entry)
    {
      KlTrack *track = kl_session_track (self, yyjson_get_str (key));
      if (track != NULL && !g_hash_table_contains (present, yyjson_get_str (key)))
        take_changes (self, track, entry, change);
    }
}

static void
begin_taking (KlSession *self, Sync *sync, yyjson_val *answer)
{
  Taking *taking = g_new0 (Taking, 1);
  yyjson_val *object = yyjson_obj_get (answer, "user");

  taking->sync = sync;
  taking->socket = kl_connection_hold (self->connection);
  taking->changes = yyjson_obj_get (answer, "changes");
  taking->present = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  taking->later = read_later (answer);
  taking->change = kl_cache_change_new ();
  yyjson_arr_iter_init (yyjson_obj_get (answer, "users"), &taking->users);
  yyjson_arr_iter_init (yyjson_obj_get (answer, "groups"), &taking->groups);
  if (!sync->more)
    take_epoch (self, answer, taking->change);
  if (yyjson_is_obj (object) && kl_people_take (self->people, object, TRUE) == self->me)
    kl_cache_change_add_user (taking->change, kl_user_get_id (self->me), object);
  self->taking = taking;
}

/* What has been taken is kept: of each group all or nothing. */
static void
end_taking (KlSession *self)
{
  g_autoptr (KlSession) alive = g_object_ref (self);
  Taking *taking = g_steal_pointer (&self->taking);
  g_autoptr (KlSocket) socket = taking->socket;

  g_clear_handle_id (&self->taking_source, g_source_remove);
  kl_cache_write (self->cache, taking->change);
  g_hash_table_unref (taking->present);
  g_hash_table_unref (taking->later);
  sync_free (taking->sync);
  g_free (taking);
}

void
kl_session_give_up_sync (KlSession *self)
{
  Taking *taking = self->taking;

  if (taking == NULL)
    return;
  if (taking->busy)
    taking->given_up = TRUE;
  else
    end_taking (self);
}

static void
ask_for_later (KlSession *self, Taking *taking)
{
  g_autoptr (GPtrArray) more = g_hash_table_get_keys_as_ptr_array (taking->later);

  if (more->len > 0)
    send_more (self, more);
}

static void
finish_taking (KlSession *self)
{
  Taking *taking = self->taking;
  g_autoptr (KlSocket) socket = g_object_ref (taking->socket);
  gboolean more = taking->sync->more;

  take_rest (self, taking->changes, taking->present, taking->change);
  if (!more)
    drop_left (self, taking->present, taking->later);
  if (taking->given_up)
    {
      end_taking (self);
      return;
    }
  self->syncing = FALSE;
  ask_for_later (self, taking);
  end_taking (self);
  if (!more)
    {
      self->synced = TRUE;
      kl_group_list_set_loaded (self->groups);
      kl_people_sweep (self->people);
      kl_connection_set_synced (self->connection);
      kl_session_end_sync (self);
    }
  if (!self->syncing)
    catch_up (self);
  kl_socket_release (socket);
}

/* The next object; FALSE: there is none. */
static gboolean
take_next (KlSession *self, Taking *taking)
{
  yyjson_val *object;

  if ((object = yyjson_arr_iter_next (&taking->users)) != NULL)
    kl_session_merge_user (self, object, taking->change);
  else if ((object = yyjson_arr_iter_next (&taking->groups)) != NULL)
    take_group (self, taking->sync, object, taking->changes, taking->present, taking->later, taking->change);
  else
    return FALSE;
  return TRUE;
}

/* TRUE: there is more to do. The time is looked at after each object, for handlers of the lists' signals count too. */
static gboolean
take_some (KlSession *self)
{
  gint64 end = g_get_monotonic_time () + STEP_USEC;
  Taking *taking = self->taking;
  gboolean more;

  taking->busy = TRUE;
  do
    more = take_next (self, taking);
  while (more && !taking->given_up && g_get_monotonic_time () < end);
  if (!more && !taking->given_up)
    finish_taking (self);
  else if (taking->given_up)
    end_taking (self);
  else
    taking->busy = FALSE;
  return more && self->taking != NULL;
}

static gboolean
on_take_more (gpointer user_data)
{
  g_autoptr (KlSession) self = g_object_ref (user_data);

  return take_some (self) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
on_sync_again (gpointer user_data)
{
  KlSession *self = user_data;

  self->sync_source = 0;
  if (!self->synced)
    kl_session_begin_sync (self);
  else
    catch_up (self);
  return G_SOURCE_REMOVE;
}

/* A server that is busy is asked again on the same connection; with one that does not answer at all, or not sensibly, a
 * new connection is begun. */
static void
sync_failed (KlSession *self, Sync *sync, const GError *error)
{
  GHashTableIter iter;
  gpointer id;

  g_info ("sync: %s", error->message);
  if (!g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_UNAVAILABLE)
      && !g_error_matches (error, KL_CORE_ERROR, KL_CORE_ERROR_RATE_LIMITED))
    {
      kl_connection_give_up (self->connection);
      return;
    }
  g_hash_table_iter_init (&iter, sync->asked);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_hash_table_add (self->catch_up, g_strdup (id));
  self->sync_delay_ms = CLAMP (self->sync_delay_ms * 2, SYNC_AGAIN_MS_MIN, SYNC_AGAIN_MS_MAX);
  gint64 wait_ms = MAX (self->sync_delay_ms, MIN (kl_error_get_retry_after_ms (error), SYNC_AGAIN_MS_MAX));
  g_clear_handle_id (&self->sync_source, g_source_remove);
  self->sync_source
      = g_timeout_add ((guint) (wait_ms + g_random_int_range (0, SYNC_AGAIN_MS_MIN)), on_sync_again, self);
}

static void
on_synced (yyjson_val *answer, const GError *error, gpointer user_data)
{
  Sync *sync = user_data;
  g_autoptr (KlSession) self = g_object_ref (sync->session);

  if (sync->generation != self->generation || !kl_session_is_alive (self))
    {
      sync_free (sync);
      return;
    }
  if (error != NULL)
    {
      self->syncing = FALSE;
      sync_failed (self, sync, error);
      sync_free (sync);
      return;
    }
  self->sync_delay_ms = 0;
  begin_taking (self, sync, answer);
  if (take_some (self))
    self->taking_source = g_idle_add_full (STEP_PRIORITY, on_take_more, self, NULL);
}

/* ── The question ── */

static void
emit_sync (KlSession *self, Sync *sync, KlJsonWriter *out)
{
  g_autofree char *json = NULL;

  kl_json_end_object (out);
  if (sync->more)
    kl_json_member_bool (out, "more", TRUE);
  kl_json_end_object (out);
  json = kl_json_writer_steal_string (out, NULL);
  self->syncing = TRUE;
  kl_connection_emit (self->connection, "sync", json, KL_ANSWER_MS, on_synced, sync);
}

static Sync *
begin_question (KlSession *self, gboolean more, KlJsonWriter *out)
{
  Sync *sync = g_new0 (Sync, 1);

  sync->session = g_object_ref (self);
  sync->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  sync->generation = self->generation;
  sync->more = more;
  kl_json_writer_init (out, 1024);
  kl_json_begin_object (out);
  if (self->epoch != NULL)
    kl_json_member_string (out, "epoch", self->epoch);
  kl_json_key (out, "since");
  kl_json_begin_object (out);
  return sync;
}

void
kl_session_begin_sync (KlSession *self)
{
  KlJsonWriter out;
  Sync *sync = begin_question (self, FALSE, &out);
  GHashTableIter iter;
  gpointer value;

  self->catch_up_delay_ms = CATCH_UP_DELAY_MS_MIN;
  self->rounds = 0;
  g_hash_table_remove_all (self->catch_up);
  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      KlTrack *track = value;
      if (!track->held)
        continue;
      kl_json_key_escaped (&out, kl_group_get_id (track->group));
      kl_json_int (&out, track->rev);
    }
  emit_sync (self, sync, &out);
}

/* ids: lent strings. */
static void
send_more (KlSession *self, GPtrArray *ids)
{
  KlJsonWriter out;

  if (self->rounds++ > ROUNDS_MAX)
    {
      kl_connection_give_up (self->connection);
      return;
    }
  Sync *sync = begin_question (self, TRUE, &out);

  for (guint i = 0; i < ids->len; i++)
    {
      const char *id = g_ptr_array_index (ids, i);
      KlTrack *track = kl_session_track (self, id);

      if (i >= MORE_AT_ONCE)
        {
          g_hash_table_add (self->catch_up, g_strdup (id));
          continue;
        }
      g_hash_table_add (sync->asked, g_strdup (id));
      kl_json_key_escaped (&out, id);
      if (track != NULL && (track->held || track->live))
        kl_json_int (&out, track->rev);
      else
        kl_json_null (&out);
    }
  emit_sync (self, sync, &out);
}

/* ── A group's object alone ── */

static void
on_refreshed (yyjson_val *answer, const GError *error, gpointer user_data)
{
  g_autoptr (KlSession) self = user_data;
  yyjson_val *object;
  KlWireGroup more;
  size_t i, n;

  if (answer == NULL || !kl_session_is_alive (self))
    return;
  kl_session_merge_users (self, yyjson_obj_get (answer, "users"), NULL);
  yyjson_arr_foreach (yyjson_obj_get (answer, "groups"), i, n, object)
    if (kl_session_track (self, yyjson_get_str (yyjson_obj_get (object, "id"))) != NULL)
      kl_session_merge_group (self, object, &more);
}

static gboolean
on_refresh_due (gpointer user_data)
{
  KlSession *self = user_data;
  g_auto (KlJsonWriter) out = { 0 };
  GHashTableIter iter;
  gpointer id;

  self->refresh_source = 0;
  if (!self->synced)
    return G_SOURCE_REMOVE;
  kl_json_writer_init (&out, 256);
  kl_json_begin_object (&out);
  kl_json_member_bool (&out, "more", TRUE);
  kl_json_key (&out, "since");
  kl_json_begin_object (&out);
  g_hash_table_iter_init (&iter, self->refresh);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      kl_json_key_escaped (&out, id);
      kl_json_null (&out);
    }
  kl_json_end_object (&out);
  kl_json_end_object (&out);
  g_hash_table_remove_all (self->refresh);
  g_autofree char *json = kl_json_writer_steal_string (&out, NULL);
  kl_connection_emit (self->connection, "sync", json, KL_ANSWER_MS, on_refreshed, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

void
kl_session_refresh_group (KlSession *self, KlTrack *track)
{
  g_hash_table_add (self->refresh, g_strdup (kl_group_get_id (track->group)));
  if (self->refresh_source == 0)
    self->refresh_source = g_timeout_add (REFRESH_DELAY_MS, on_refresh_due, self);
}
