/* SPDX-License-Identifier: GPL-3.0-or-later
 * Events: a handler for each in one table. An event of a group that is not live yet is passed over: the answer to
 * "sync" has what it tells. */
#include "app/core/kl-session-private.h"
#include "protocol/kl-limits.h"

#include <string.h>

/* ── Messages, members, groups ── */

static void
add_to_count (KlGroup *group, const char *property, guint count, int by)
{
  guint next = by < 0 && count == 0 ? 0 : (guint) ((int) count + by);

  g_object_set (group, property, next, NULL);
}

/* A new message counts as unread; a change to an unread one may have changed the counts in ways that only the server
 * can tell. */
static void
count_message (KlSession *self, KlTrack *track, KlMessage *message, gboolean is_new)
{
  KlGroup *group = track->group;
  gboolean system = kl_message_get_kind (message) == KL_MESSAGE_KIND_SYSTEM;
  KlSystemEvent event = kl_message_get_system_event (message);

  if (is_new && event == KL_SYSTEM_EVENT_JOINED)
    add_to_count (group, "members", kl_group_get_members (group), 1);
  else if (is_new && (event == KL_SYSTEM_EVENT_LEFT || event == KL_SYSTEM_EVENT_REMOVED))
    add_to_count (group, "members", kl_group_get_members (group), -1);
  if (system || kl_message_get_mine (message) || kl_message_get_seq (message) <= kl_group_get_read_seq (group))
    return;
  if (!is_new)
    {
      kl_session_refresh_group (self, track);
      return;
    }
  if (kl_message_get_deleted (message))
    return;
  g_object_set (group, "unread", MIN (kl_group_get_unread (group) + 1, KL_LIMIT_UNREAD_EXACT + 1), NULL);
  if (kl_message_get_mentions_me (message))
    g_object_set (group, "mentions", MIN (kl_group_get_mentions (group) + 1, KL_LIMIT_UNREAD_EXACT + 1), NULL);
}

static KlTrack *
live_track (KlSession *self, yyjson_val *argument)
{
  KlTrack *track = kl_session_track (self, yyjson_get_str (yyjson_obj_get (argument, "group")));

  return track != NULL && track->live ? track : NULL;
}

static gint64
read_rev (yyjson_val *argument)
{
  yyjson_val *rev = yyjson_obj_get (argument, "rev");

  return yyjson_is_int (rev) && yyjson_get_sint (rev) > 0 ? yyjson_get_sint (rev) : 0;
}

static void
on_message (KlSession *self, yyjson_val *argument)
{
  KlTrack *track = live_track (self, argument);
  gint64 rev = read_rev (argument);

  if (track == NULL || rev == 0)
    return;
  KlCacheChange *change = kl_cache_change_new ();
  g_autoptr (KlMessage) message = kl_session_merge_message (self, track, yyjson_obj_get (argument, "message"), change);
  kl_session_note_rev (self, track, rev, change);
  kl_cache_write (self->cache, change);
  if (message == NULL)
    return;
  g_autoptr (KlGroup) group = g_object_ref (track->group);
  gboolean is_new = kl_message_get_seq (message) > kl_group_get_newest_seq (group);
  /* Whoever has sent does not type any more. */
  if (is_new && kl_message_get_sender (message) != NULL)
    kl_group_note_typing (group, kl_message_get_sender (message), FALSE);
  count_message (self, track, message, is_new);
  g_autoptr (GPtrArray) messages = g_ptr_array_new ();
  g_ptr_array_add (messages, message);
  kl_session_show_messages (self, track, messages);
  kl_session_mark_dirty (self, track);
  if (is_new && !kl_message_get_mine (message) && kl_message_get_kind (message) != KL_MESSAGE_KIND_SYSTEM)
    g_signal_emit_by_name (self, "message-received", group, message);
}

void
kl_session_merge_member (KlSession *self, KlTrack *track, yyjson_val *object)
{
  KlJsonFields in;

  kl_json_fields_init (&in, object);
  KlUser *user = kl_people_get (self->people, kl_json_fields_user (&in, "user", KL_JSON_REQUIRED));
  const char *word = kl_json_fields_string (&in, "role", KL_JSON_OPTIONAL, 0, 64, NULL);
  if (in.fault != NULL || user == NULL)
    return;
  KlRole role = kl_wire_role (word);
  g_autoptr (KlMemberList) list = g_weak_ref_get (&track->members);
  if (user == self->me && role != KL_ROLE_NONE)
    g_object_set (track->group, "role", role, NULL);
  if (list == NULL)
    return;
  kl_session_want_user (self, user);
  if (role == KL_ROLE_NONE)
    {
      KlMember *member = kl_member_list_get (list, kl_user_get_id (user));
      kl_group_note_typing (track->group, user, FALSE);
      if (member != NULL)
        kl_member_list_remove (list, member);
      return;
    }
  g_autoptr (KlMember) member = kl_member_new (user);
  g_object_set (member, "role", role, NULL);
  kl_member_list_add (list, member);
}

static void
on_member (KlSession *self, yyjson_val *argument)
{
  KlTrack *track = live_track (self, argument);
  gint64 rev = read_rev (argument);

  if (track == NULL || rev == 0)
    return;
  KlCacheChange *change = kl_cache_change_new ();
  yyjson_val *user = yyjson_obj_get (argument, "user");
  if (yyjson_is_obj (user))
    {
      KlUser *known = kl_people_take (self->people, user, TRUE);
      if (known != NULL)
        kl_cache_change_add_user (change, kl_user_get_id (known), user);
    }
  kl_session_merge_member (self, track, yyjson_obj_get (argument, "member"));
  kl_session_note_rev (self, track, rev, change);
  kl_cache_write (self->cache, change);
}

static void
on_group (KlSession *self, yyjson_val *argument)
{
  yyjson_val *object = yyjson_obj_get (argument, "group");
  const char *id = yyjson_get_str (yyjson_obj_get (object, "id"));
  gint64 rev = read_rev (argument);
  KlTrack *track = kl_session_track (self, id);
  KlWireGroup more;

  if (rev > 0)
    {
      if (track == NULL || !track->live)
        return;
      KlCacheChange *change = kl_cache_change_new ();
      kl_wire_update_group (track->group, object, self->people, &more);
      kl_session_note_rev (self, track, rev, change);
      kl_cache_write (self->cache, change);
      kl_session_mark_dirty (self, track);
      return;
    }
  /* Whole, for me alone: new to me, or my settings have changed. */
  gboolean is_new = track == NULL;
  track = kl_session_merge_group (self, object, &more);
  if (track == NULL || !is_new || !self->synced)
    return;
  KlCacheChange *change = kl_cache_change_new ();
  track->rev = more.rev;
  kl_cache_change_set_group (change, kl_group_get_id (track->group), track->rev, NULL);
  kl_cache_write (self->cache, change);
  kl_session_group_went_live (self, track);
}

static void
on_group_removed (KlSession *self, yyjson_val *argument)
{
  KlTrack *track = kl_session_track (self, yyjson_get_str (yyjson_obj_get (argument, "group")));
  const char *reason = yyjson_get_str (yyjson_obj_get (argument, "reason"));

  if (track != NULL)
    kl_session_drop_track (self, track, reason != NULL ? reason : "left");
}

static void
on_user (KlSession *self, yyjson_val *argument)
{
  yyjson_val *object = yyjson_obj_get (argument, "user");
  KlUser *user = kl_people_take (self->people, object, TRUE);

  if (user == NULL)
    return;
  KlCacheChange *change = kl_cache_change_new ();
  kl_cache_change_add_user (change, kl_user_get_id (user), object);
  kl_cache_write (self->cache, change);
}

/* ── Presence ── */

static void
take_here (KlSession *self, KlTrack *track, yyjson_val *ids)
{
  g_autoptr (KlMemberList) list = g_weak_ref_get (&track->members);
  g_autoptr (GPtrArray) here = g_ptr_array_new ();
  yyjson_val *id;
  size_t i, n;

  if (list == NULL || !yyjson_is_arr (ids))
    return;
  yyjson_arr_foreach (ids, i, n, id)
    {
      KlUser *user = i < KL_LIMIT_OPEN_PEOPLE ? kl_people_get (self->people, yyjson_get_str (id)) : NULL;
      if (user == NULL)
        continue;
      g_ptr_array_add (here, (gpointer) kl_user_get_id (user));
      if (kl_member_list_get (list, kl_user_get_id (user)) != NULL)
        continue;
      kl_session_want_user (self, user);
      g_autoptr (KlMember) member = kl_member_new (user);
      g_object_set (member, "role", KL_ROLE_MEMBER, NULL);
      kl_member_list_add (list, member);
    }
  g_ptr_array_add (here, NULL);
  kl_member_list_set_here (list, (const char *const *) here->pdata);
}

static void
on_presence (KlSession *self, yyjson_val *argument)
{
  yyjson_val *object;
  size_t i, n;

  yyjson_arr_foreach (yyjson_obj_get (argument, "users"), i, n, object)
    {
      /* Of whom nothing is shown nothing is remembered. */
      KlUser *user = kl_people_peek (self->people, yyjson_get_str (yyjson_obj_get (object, "id")));
      if (user != NULL)
        kl_wire_update_user (user, object, TRUE);
    }
  yyjson_arr_foreach (yyjson_obj_get (argument, "groups"), i, n, object)
    {
      KlTrack *track = kl_session_track (self, yyjson_get_str (yyjson_obj_get (object, "id")));
      KlJsonFields in;

      if (track == NULL)
        continue;
      kl_json_fields_init (&in, object);
      gint64 online
          = kl_json_fields_int (&in, "online", KL_JSON_OPTIONAL, 0, G_MAXINT, kl_group_get_online (track->group));
      gint64 here = kl_json_fields_int (&in, "here", KL_JSON_OPTIONAL, 0, G_MAXINT, kl_group_get_here (track->group));
      if (in.fault == NULL)
        g_object_set (track->group, "online", (guint) online, "here", (guint) here, NULL);
      take_here (self, track, yyjson_obj_get (object, "here_users"));
    }
}

void
kl_session_forget_presence (KlSession *self)
{
  GHashTableIter iter;
  gpointer value;

  kl_people_forget_presence (self->people);
  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      KlTrack *track = value;
      g_autoptr (KlMemberList) list = g_weak_ref_get (&track->members);

      g_object_set (track->group, "online", 0u, "here", 0u, NULL);
      kl_group_clear_typing (track->group);
      if (list != NULL)
        {
          kl_member_list_set_live (list, FALSE);
          kl_member_list_page_done (list, NULL, TRUE);
        }
    }
}

static void
on_typing (KlSession *self, yyjson_val *argument)
{
  KlTrack *track = live_track (self, argument);
  KlUser *user = kl_people_get (self->people, yyjson_get_str (yyjson_obj_get (argument, "user")));

  if (track == NULL || user == NULL || user == self->me)
    return;
  kl_session_want_user (self, user);
  kl_group_note_typing (track->group, user, yyjson_is_true (yyjson_obj_get (argument, "on")));
}

static void
on_read (KlSession *self, yyjson_val *argument)
{
  KlTrack *track = live_track (self, argument);
  KlUser *user = kl_people_get (self->people, yyjson_get_str (yyjson_obj_get (argument, "user")));
  yyjson_val *value = yyjson_obj_get (argument, "seq");

  if (track == NULL || user == NULL || !yyjson_is_int (value) || yyjson_get_sint (value) < 0)
    return;
  gint64 seq = yyjson_get_sint (value);
  if (user != self->me)
    {
      g_object_set (track->group, "others-read-seq", MAX (seq, kl_group_get_others_read_seq (track->group)), NULL);
      return;
    }
  if (seq <= kl_group_get_read_seq (track->group))
    return;
  g_object_set (track->group, "read-seq", seq, NULL);
  if (seq >= kl_group_get_newest_seq (track->group))
    g_object_set (track->group, "unread", 0u, "mentions", 0u, NULL);
  else
    kl_session_refresh_group (self, track);
  kl_session_mark_dirty (self, track);
}

/* ── The table ── */

void
kl_session_take_event (KlSession *self, const char *name, yyjson_val *argument)
{
  static const struct
  {
    const char *name;
    void (*handler) (KlSession *self, yyjson_val *argument);
  } handlers[] = {
    { "message", on_message }, { "member", on_member },
    { "group", on_group },     { "group:removed", on_group_removed },
    { "user", on_user },       { "presence", on_presence },
    { "typing", on_typing },   { "read", on_read },
    { "call", kl_session_on_call },
    { "call:peer", kl_session_on_call_peer },
    { "call:signal", kl_session_on_call_signal },
    { "call:react", kl_session_on_call_react },
    { "call:ring", kl_session_on_call_ring },
    { "call:declined", kl_session_on_call_declined },
  };

  if (!yyjson_is_obj (argument))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    if (g_str_equal (handlers[i].name, name))
      {
        handlers[i].handler (self, argument);
        return;
      }
}
