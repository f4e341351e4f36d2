/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the server says of messages and groups becomes ours, and the cache's. Whatever way a message comes (event,
 * answer, page, catching up), the higher rev wins, and there is one object for it. */
#include "app/core/kl-session-private.h"
#include "protocol/kl-limits.h"

enum
{
  WANTED_DELAY_MS = 50,
  WANTED_MAX = 5000,
  GROUPS_MAX = 10 * KL_LIMIT_GROUPS_PER_USER, /* a server's limit may be above the default */
};

/* ── People ── */

static void
on_wanted_users (yyjson_val *answer, const GError *error, gpointer user_data)
{
  g_autoptr (KlSession) self = user_data;

  if (answer == NULL || !kl_session_is_alive (self))
    return;
  KlCacheChange *change = kl_cache_change_new ();
  kl_session_merge_users (self, yyjson_obj_get (answer, "users"), change);
  kl_cache_write (self->cache, change);
}

static gboolean
on_wanted_due (gpointer user_data)
{
  KlSession *self = user_data;
  g_auto (KlJsonWriter) out = { 0 };

  self->wanted_source = 0;
  kl_json_writer_init (&out, 256);
  kl_json_begin_object (&out);
  kl_json_key (&out, "ids");
  kl_json_begin_array (&out);
  guint n = MIN (self->wanted->len, KL_LIMIT_USERS_PER_REQUEST);
  for (guint i = 0; i < n; i++)
    kl_json_string (&out, g_ptr_array_index (self->wanted, i), -1);
  kl_json_end_array (&out);
  kl_json_end_object (&out);
  g_ptr_array_remove_range (self->wanted, 0, n);
  g_autofree char *json = kl_json_writer_steal_string (&out, NULL);
  kl_connection_emit (self->connection, "users", json, KL_ANSWER_MS, on_wanted_users, g_object_ref (self));
  if (self->wanted->len > 0)
    self->wanted_source = g_timeout_add (WANTED_DELAY_MS, on_wanted_due, self);
  return G_SOURCE_REMOVE;
}

void
kl_session_want_user (KlSession *self, KlUser *user)
{
  if (user == NULL || kl_user_get_name (user)[0] != '\0' || !kl_connection_is_ready (self->connection)
      || self->wanted->len >= WANTED_MAX
      || g_ptr_array_find_with_equal_func (self->wanted, kl_user_get_id (user), g_str_equal, NULL))
    return;
  g_ptr_array_add (self->wanted, g_strdup (kl_user_get_id (user)));
  if (self->wanted_source == 0)
    self->wanted_source = g_timeout_add (WANTED_DELAY_MS, on_wanted_due, self);
}

void
kl_session_merge_user (KlSession *self, yyjson_val *object, KlCacheChange *change)
{
  KlUser *user = kl_people_take (self->people, object, TRUE);

  if (user != NULL && change != NULL)
    kl_cache_change_add_user (change, kl_user_get_id (user), object);
}

void
kl_session_merge_users (KlSession *self, yyjson_val *users, KlCacheChange *change)
{
  yyjson_val *object;
  size_t i, n;

  yyjson_arr_foreach (users, i, n, object)
    kl_session_merge_user (self, object, change);
}

/* ── Messages ── */

/* The object that stands for this message already; transfer full, or NULL. */
static KlMessage *
find_message (KlSession *self, KlTrack *track, const KlWireMessage *wire)
{
  g_autoptr (KlMessageList) list = g_weak_ref_get (&track->messages);
  gboolean mine = g_str_equal (wire->sender, kl_user_get_id (self->me)) && wire->client_id != NULL;
  KlMessage *message = NULL;

  if (list != NULL)
    message = kl_message_list_peek_seq (list, wire->seq);
  if (message == NULL && mine)
    message = kl_outbox_peek (self->outbox, wire->client_id);
  if (message == NULL && mine && list != NULL)
    message = kl_message_list_peek_pending (list, wire->client_id);
  if (message == NULL && track->server_last != NULL && kl_message_get_seq (track->server_last) == wire->seq)
    message = track->server_last;
  return message != NULL ? g_object_ref (message) : NULL;
}

static void
note_message (KlSession *self, KlTrack *track, KlMessage *message)
{
  gint64 seq = kl_message_get_seq (message);

  if (kl_message_get_kind (message) != KL_MESSAGE_KIND_SYSTEM
      && (track->server_last == NULL || seq >= kl_message_get_seq (track->server_last)))
    {
      g_set_object (&track->server_last, message);
      kl_session_update_last (self, track);
    }
  kl_session_want_user (self, kl_message_get_sender (message));
  kl_session_want_user (self, kl_message_get_system_user (message));
  kl_session_want_user (self, kl_message_get_system_by (message));
}

/* The list's last_message is cut short: it must not shorten what is known whole. */
static KlMessage *
merge (KlSession *self, KlTrack *track, yyjson_val *object, KlCacheChange *change, gboolean cut)
{
  const char *me = kl_user_get_id (self->me);
  KlWireMessage wire;

  if (!kl_wire_read_message (object, &wire) || !g_str_equal (wire.group, kl_group_get_id (track->group)))
    return NULL;
  g_autoptr (KlMessage) message = find_message (self, track, &wire);
  if (message == NULL)
    message = kl_message_new (wire.group);
  g_autoptr (KlMessageList) list = g_weak_ref_get (&track->messages);
  gboolean whole_known = kl_message_get_seq (message) == wire.seq
                         && (kl_message_get_rev (message) >= wire.rev
                             || (list != NULL && kl_message_list_peek_seq (list, wire.seq) == message));
  if ((!cut || !whole_known) && wire.rev >= kl_message_get_rev (message)
      && !kl_wire_update_message (message, &wire, self->people, me))
    return NULL;
  if (change != NULL)
    {
      g_autofree char *people = kl_wire_dup_people (&wire);
      kl_cache_change_add_message (change, wire.group, wire.seq, wire.rev, people, object);
      track->held = TRUE;
    }
  if (wire.client_id != NULL && g_str_equal (wire.sender, me))
    kl_outbox_confirm (self->outbox, wire.client_id);
  note_message (self, track, message);
  return g_steal_pointer (&message);
}

KlMessage *
kl_session_merge_message (KlSession *self, KlTrack *track, yyjson_val *object, KlCacheChange *change)
{
  return merge (self, track, object, change, FALSE);
}

static int
compare_seq (gconstpointer a, gconstpointer b)
{
  gint64 left = kl_message_get_seq (*(KlMessage *const *) a), right = kl_message_get_seq (*(KlMessage *const *) b);

  return left < right ? -1 : left > right;
}

GPtrArray *
kl_session_merge_messages (KlSession *self, KlTrack *track, yyjson_val *array, KlCacheChange *change)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (g_object_unref);
  yyjson_val *object;
  size_t i, n;

  yyjson_arr_foreach (array, i, n, object)
    {
      KlMessage *message = kl_session_merge_message (self, track, object, change);
      if (message != NULL)
        g_ptr_array_add (messages, message);
    }
  g_ptr_array_sort (messages, compare_seq);
  /* A message twice is one. */
  for (guint k = messages->len; k > 1; k--)
    if (kl_message_get_seq (messages->pdata[k - 1]) == kl_message_get_seq (messages->pdata[k - 2]))
      g_ptr_array_remove_index (messages, k - 1);
  return messages;
}

void
kl_session_show_messages (KlSession *self, KlTrack *track, GPtrArray *messages)
{
  g_autoptr (KlMessageList) list = g_weak_ref_get (&track->messages);

  if (messages->len > 0)
    {
      gint64 newest = kl_message_get_seq (messages->pdata[messages->len - 1]);
      if (newest > kl_group_get_newest_seq (track->group))
        g_object_set (track->group, "newest-seq", newest, NULL);
    }
  if (list != NULL)
    kl_message_list_receive_all (list, messages);
}

/* ── Groups ── */

static void
merge_last_message (KlSession *self, KlTrack *track, yyjson_val *object)
{
  g_autoptr (KlMessage) message = NULL;

  if (object != NULL)
    message = merge (self, track, object, NULL, TRUE);
  if (message == NULL)
    {
      kl_session_update_last (self, track);
      return;
    }
  gint64 seq = kl_message_get_seq (message);
  if (seq > kl_group_get_newest_seq (track->group))
    g_object_set (track->group, "newest-seq", seq, NULL);
}

KlTrack *
kl_session_merge_group (KlSession *self, yyjson_val *object, KlWireGroup *more)
{
  const char *id = yyjson_get_str (yyjson_obj_get (object, "id"));
  g_autoptr (KlGroup) made = NULL;
  KlTrack *track = kl_session_track (self, id);
  KlGroup *group = track != NULL ? track->group : NULL;
  gint64 read_seq = group != NULL ? kl_group_get_read_seq (group) : 0;

  if (group == NULL)
    {
      KlJsonFields in;
      kl_json_fields_init (&in, object);
      if (kl_json_fields_id (&in, "id", KL_JSON_REQUIRED) == NULL || g_hash_table_size (self->tracks) >= GROUPS_MAX)
        return NULL;
      group = made = kl_group_new (id);
    }
  if (!kl_wire_update_group (group, object, self->people, more) || !more->has_mine)
    return NULL;
  if (track == NULL)
    track = kl_session_track_new (self, group);
  if (more->created_at > 0)
    track->created_at = more->created_at;
  /* What was read here and could not be told yet stays read. */
  gint64 mark = MAX (kl_outbox_get_read_mark (self->outbox, id), read_seq);
  if (mark > kl_group_get_read_seq (group))
    {
      g_object_set (group, "read-seq", mark, NULL);
      if (mark >= kl_group_get_newest_seq (group))
        g_object_set (group, "unread", 0u, "mentions", 0u, NULL);
    }
  merge_last_message (self, track, more->last_message);
  kl_session_take_group_call (self, track, yyjson_obj_get (object, "call"));
  kl_session_mark_dirty (self, track);
  return track;
}

KlTrack *
kl_session_merge_joined (KlSession *self, yyjson_val *answer)
{
  KlCacheChange *change = kl_cache_change_new ();
  KlWireGroup more;

  kl_session_merge_users (self, yyjson_obj_get (answer, "users"), change);
  KlTrack *track = kl_session_merge_group (self, yyjson_obj_get (answer, "group"), &more);
  if (track == NULL)
    {
      kl_cache_change_free (change);
      return NULL;
    }
  g_autoptr (GPtrArray) messages = kl_session_merge_messages (self, track, yyjson_obj_get (answer, "messages"), change);
  kl_session_show_messages (self, track, messages);
  if (!track->live)
    {
      track->rev = more.rev;
      kl_cache_change_set_group (change, kl_group_get_id (track->group), track->rev, NULL);
    }
  kl_cache_write (self->cache, change);
  if (!track->live)
    kl_session_group_went_live (self, track);
  return track;
}

/* ── The cache ── */

static void
load_cached_group (KlSession *self, const KlCachedGroup *cached)
{
  g_autoptr (KlJson) json = kl_json_parse (cached->json, strlen (cached->json), NULL);
  KlWireGroup more;

  if (json == NULL)
    return;
  yyjson_val *root = kl_json_get_root (json);
  KlTrack *track = kl_session_merge_group (self, root, &more);
  if (track == NULL)
    return;
  track->rev = cached->rev;
  track->held = cached->has_messages;
  track->dirty = FALSE;
  yyjson_val *newest = yyjson_obj_get (root, "newest_seq");
  if (yyjson_is_int (newest) && yyjson_get_sint (newest) > kl_group_get_newest_seq (track->group))
    g_object_set (track->group, "newest-seq", yyjson_get_sint (newest), NULL);
}

void
kl_session_load_cached (KlSession *self, KlCachedStart *start)
{
  g_set_str (&self->epoch, start->epoch);
  for (guint i = 0; i < start->people->len; i++)
    {
      const char *text = g_ptr_array_index (start->people, i);
      g_autoptr (KlJson) json = kl_json_parse (text, strlen (text), NULL);
      if (json != NULL)
        kl_people_take (self->people, kl_json_get_root (json), FALSE);
    }
  for (guint i = 0; i < start->groups->len; i++)
    load_cached_group (self, g_ptr_array_index (start->groups, i));
}
