/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a person does in a conversation: sending by way of the outbox, reading, typing, being away. */
#include "app/core/kl-error-private.h"
#include "app/core/kl-session-private.h"
#include "protocol/kl-limits.h"

#include <string.h>

enum
{
  TYPING_AGAIN_USEC = 3 * G_USEC_PER_SEC,
  TYPING_ENDS_MS = 5000,
};

/* ── Sending ── */

typedef struct
{
  KlSession *session; /* owned */
  KlMessage *message; /* owned */
  guint generation;
} Sending;

static void
on_message_sent (yyjson_val *answer, const GError *error, gpointer user_data)
{
  Sending *sending = user_data;
  KlSession *self = sending->session;
  KlTrack *track = kl_session_track (self, kl_message_get_group_id (sending->message));

  if (sending->generation == self->generation && !self->stopping)
    {
      KlWireMessage wire;
      yyjson_val *object = yyjson_obj_get (answer, "message");
      gboolean stored = answer != NULL && track != NULL && kl_wire_read_message (object, &wire)
                        && g_strcmp0 (wire.client_id, kl_message_get_client_id (sending->message)) == 0
                        && kl_wire_update_message (sending->message, &wire, self->people, kl_user_get_id (self->me));
      g_autoptr (KlMessageList) list = track != NULL ? g_weak_ref_get (&track->messages) : NULL;
      kl_outbox_sent (self->outbox, sending->message, error);
      /* The event has the rest to say. Where a list has the message already, this one is the second of it. */
      if (stored && list != NULL)
        kl_message_list_confirm (list, sending->message);
    }
  g_object_unref (sending->message);
  g_object_unref (sending->session);
  g_free (sending);
}

static gboolean
on_outbox_send (KlOutbox *outbox, KlMessage *message, gpointer user_data)
{
  KlSession *self = user_data;
  KlTrack *track = kl_session_track (self, kl_message_get_group_id (message));
  g_auto (KlJsonWriter) out = { 0 };

  if (!self->synced || track == NULL || !track->live || self->stopping)
    return FALSE;
  kl_json_writer_init (&out, 256);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", kl_message_get_group_id (message));
  kl_json_member_string (&out, "client_id", kl_message_get_client_id (message));
  kl_json_member_string (&out, "body", kl_message_get_body (message));
  kl_json_end_object (&out);
  Sending *sending = g_new0 (Sending, 1);
  sending->session = g_object_ref (self);
  sending->message = g_object_ref (message);
  sending->generation = self->generation;
  g_autofree char *json = kl_json_writer_steal_string (&out, NULL);
  kl_connection_emit (self->connection, "message:send", json, KL_ANSWER_MS, on_message_sent, sending);
  return TRUE;
}

static void
on_outbox_added (KlOutbox *outbox, KlMessage *message, KlSession *self)
{
  KlTrack *track = kl_session_track (self, kl_message_get_group_id (message));

  if (track == NULL)
    return;
  g_autoptr (KlMessageList) list = g_weak_ref_get (&track->messages);
  if (list != NULL)
    kl_message_list_add_pending (list, message);
  kl_session_update_last (self, track);
}

static void
on_outbox_removed (KlOutbox *outbox, KlMessage *message, gboolean stored, KlSession *self)
{
  KlTrack *track = kl_session_track (self, kl_message_get_group_id (message));

  if (track == NULL)
    return;
  g_autoptr (KlMessageList) list = g_weak_ref_get (&track->messages);
  if (!stored && list != NULL)
    kl_message_list_remove_pending (list, message);
  /* Until its event comes the stored one is the newest that is known. */
  if (stored && kl_message_get_seq (message) > 0
      && (track->server_last == NULL || kl_message_get_seq (track->server_last) < kl_message_get_seq (message)))
    g_set_object (&track->server_last, message);
  kl_session_update_last (self, track);
}

void
kl_session_make_outbox (KlSession *self, const char *path)
{
  self->outbox = kl_outbox_new (path, self->me, on_outbox_send, self);
  g_signal_connect (self->outbox, "added", G_CALLBACK (on_outbox_added), self);
  g_signal_connect (self->outbox, "removed", G_CALLBACK (on_outbox_removed), self);
}

typedef struct
{
  KlGroup *group; /* owned */
  char *body;
} Posting;

static void
posting_free (gpointer data)
{
  Posting *posting = data;

  g_object_unref (posting->group);
  g_free (posting->body);
  g_free (posting);
}

static void
on_sending_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Posting *posting = g_task_get_task_data (task);
  GError *error = NULL;

  if (kl_outbox_add_finish (KL_OUTBOX (source), result, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  /* Nothing was taken: what was to be sent is a draft again, unless another one has been begun. */
  if (kl_group_get_draft (posting->group)[0] == '\0')
    kl_group_set_draft (posting->group, posting->body);
  g_task_return_error (task, error);
}

/* What a pending message shows as its time, and its group sorts by: never before what is there, whatever this
 * computer's clock says. */
static gint64
time_for_pending (KlSession *self)
{
  gint64 time = g_get_real_time () / 1000;
  GHashTableIter iter;
  gpointer track;

  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &track))
    time = MAX (time, kl_group_get_last_time (((KlTrack *) track)->group));
  return time;
}

void
kl_session_send_async (KlSession *self, KlGroup *group, const char *body, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (KL_IS_GROUP (group));
  g_return_if_fail (body != NULL);

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kl_session_send_async);
  gsize length = strlen (body);
  KlTrack *track = kl_session_track (self, kl_group_get_id (group));
  const char *fault = kl_text_check (body, length, KL_TEXT_BODY);
  if (fault == NULL && !kl_text_is_visible (body, length))
    fault = "has nothing in it that can be seen";
  if (track == NULL || self->stopping)
    g_task_return_error (task,
                         kl_core_error_new_full (KL_CORE_ERROR_NOT_FOUND, "This group is not yours any more", NULL, 0));
  else if (length > KL_LIMIT_BODY_BYTES)
    g_task_return_error (task, kl_core_error_new_full (KL_CORE_ERROR_TOO_LARGE, "The message is too long", "body", 0));
  else if (fault != NULL)
    {
      g_autofree char *text = g_strdup_printf ("The message %s", fault);
      g_task_return_error (task, kl_core_error_new_full (KL_CORE_ERROR_BAD_REQUEST, text, "body", 0));
    }
  else
    {
      Posting *posting = g_new0 (Posting, 1);
      posting->group = g_object_ref (group);
      posting->body = g_strdup (body);
      g_task_set_task_data (task, posting, posting_free);
      kl_session_stop_typing (self, track, FALSE);
      kl_outbox_add_async (self->outbox, kl_group_get_id (group), body, time_for_pending (self), on_sending_kept,
                           g_steal_pointer (&task));
      kl_group_set_draft (group, NULL);
    }
}

gboolean
kl_session_send_finish (KlSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_session_retry_message (KlSession *self, KlMessage *message)
{
  g_return_if_fail (KL_IS_SESSION (self));
  kl_outbox_retry (self->outbox, message);
}

void
kl_session_discard_message (KlSession *self, KlMessage *message)
{
  g_return_if_fail (KL_IS_SESSION (self));
  kl_outbox_discard (self->outbox, message);
}

/* ── Reading, typing, being away ── */

typedef struct
{
  KlSession *session; /* owned */
  char *group;
  gint64 seq;
  guint generation;
} Reading;

static void
on_read_told (yyjson_val *answer, const GError *error, gpointer user_data)
{
  Reading *reading = user_data;
  KlSession *self = reading->session;
  KlTrack *track = kl_session_track (self, reading->group);

  if (track != NULL && reading->generation == self->generation && !self->stopping)
    {
      track->reading = FALSE;
      /* What the server refuses once it refuses again. */
      if (error == NULL || error->code < KL_CORE_ERROR_RATE_LIMITED)
        {
          if (kl_outbox_get_read_mark (self->outbox, reading->group) == reading->seq)
            kl_outbox_set_read_mark (self->outbox, reading->group, 0);
          if (reading->seq < kl_group_get_newest_seq (track->group))
            kl_session_refresh_group (self, track);
        }
      if (error == NULL)
        kl_session_send_read_mark (self, track);
    }
  g_object_unref (reading->session);
  g_free (reading->group);
  g_free (reading);
}

void
kl_session_send_read_mark (KlSession *self, KlTrack *track)
{
  const char *group = kl_group_get_id (track->group);
  gint64 seq = kl_outbox_get_read_mark (self->outbox, group);
  g_auto (KlJsonWriter) out = { 0 };

  if (seq == 0 || track->reading || !track->live)
    return;
  track->reading = TRUE;
  Reading *reading = g_new0 (Reading, 1);
  reading->session = g_object_ref (self);
  reading->group = g_strdup (group);
  reading->seq = seq;
  reading->generation = self->generation;
  kl_json_writer_init (&out, 64);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", group);
  kl_json_member_int (&out, "seq", seq);
  kl_json_end_object (&out);
  g_autofree char *json = kl_json_writer_steal_string (&out, NULL);
  kl_connection_emit (self->connection, "read", json, KL_ANSWER_MS, on_read_told, reading);
}

/* How many of the loaded messages after seq are unread; FALSE where the list does not reach from there to the newest.
 */
static gboolean
count_unread (KlTrack *track, gint64 seq, guint *unread, guint *mentions)
{
  g_autoptr (KlMessageList) list = g_weak_ref_get (&track->messages);
  gint64 first, last;

  *unread = *mentions = 0;
  if (seq >= kl_group_get_newest_seq (track->group))
    return TRUE;
  if (list == NULL || !kl_message_list_get_range (list, &first, &last) || first > seq + 1
      || last < kl_group_get_newest_seq (track->group))
    return FALSE;
  for (gint64 at = seq + 1; at <= last; at++)
    {
      KlMessage *message = kl_message_list_peek_seq (list, at);
      if (kl_message_get_mine (message) || kl_message_get_deleted (message)
          || kl_message_get_kind (message) == KL_MESSAGE_KIND_SYSTEM)
        continue;
      *unread += 1;
      *mentions += kl_message_get_mentions_me (message) ? 1 : 0;
    }
  return TRUE;
}

void
kl_session_mark_read (KlSession *self, KlGroup *group, gint64 seq)
{
  guint unread, mentions;

  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (KL_IS_GROUP (group));

  KlTrack *track = kl_session_track (self, kl_group_get_id (group));
  if (track == NULL || self->stopping || seq <= kl_group_get_read_seq (group))
    return;
  g_object_set (group, "read-seq", seq, NULL);
  if (count_unread (track, seq, &unread, &mentions))
    g_object_set (group, "unread", unread, "mentions", mentions, NULL);
  kl_session_mark_dirty (self, track);
  kl_outbox_set_read_mark (self->outbox, kl_group_get_id (group), seq);
  kl_session_send_read_mark (self, track);
}

static void
tell_typing (KlSession *self, KlTrack *track, gboolean on)
{
  g_auto (KlJsonWriter) out = { 0 };

  kl_json_writer_init (&out, 64);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", kl_group_get_id (track->group));
  kl_json_member_bool (&out, "on", on);
  kl_json_end_object (&out);
  g_autofree char *json = kl_json_writer_steal_string (&out, NULL);
  kl_connection_emit (self->connection, "typing", json, KL_ANSWER_MS, NULL, NULL);
}

void
kl_session_stop_typing (KlSession *self, KlTrack *track, gboolean tell)
{
  g_clear_handle_id (&track->typing_source, g_source_remove);
  if (track->typing_told_usec == 0)
    return;
  track->typing_told_usec = 0;
  if (tell && track->live)
    tell_typing (self, track, FALSE);
}

static gboolean
on_typing_ends (gpointer user_data)
{
  KlTrack *track = user_data;

  track->typing_source = 0;
  kl_session_stop_typing (track->session, track, TRUE);
  return G_SOURCE_REMOVE;
}

void
kl_session_set_typing (KlSession *self, KlGroup *group, gboolean typing)
{
  g_return_if_fail (KL_IS_SESSION (self));
  g_return_if_fail (KL_IS_GROUP (group));

  KlTrack *track = kl_session_track (self, kl_group_get_id (group));
  if (track == NULL || !track->live)
    return;
  if (!typing)
    {
      kl_session_stop_typing (self, track, TRUE);
      return;
    }
  gint64 now = g_get_monotonic_time ();
  if (track->typing_told_usec == 0 || now - track->typing_told_usec >= TYPING_AGAIN_USEC)
    {
      track->typing_told_usec = now;
      tell_typing (self, track, TRUE);
    }
  g_clear_handle_id (&track->typing_source, g_source_remove);
  track->typing_source = g_timeout_add (TYPING_ENDS_MS, on_typing_ends, track);
}

void
kl_session_send_presence (KlSession *self)
{
  kl_connection_emit (self->connection, "presence", self->away ? "{\"status\":\"away\"}" : "{\"status\":\"online\"}",
                      KL_ANSWER_MS, NULL, NULL);
}

void
kl_session_set_away (KlSession *self, gboolean away)
{
  g_return_if_fail (KL_IS_SESSION (self));

  if (self->away == away)
    return;
  self->away = away;
  if (self->synced)
    kl_session_send_presence (self);
}
