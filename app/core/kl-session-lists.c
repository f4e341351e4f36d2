/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pages for the lists: from the cache where that adjoins, else from the server. A load that finds neither before the
 * first sync waits for it. */
#include "app/core/kl-error-private.h"
#include "app/core/kl-session-private.h"
#include "protocol/kl-limits.h"

#include <string.h>

enum
{
  RECENT_LISTS = 8,
  AROUND_BEFORE = 30,
  AROUND_AFTER = 50,
};

/* ── Messages ── */

typedef struct
{
  KlSession *session; /* owned */
  KlLoad what;
  gint64 seq;
} Page;

static void
load_page (GTask *task);

static void
page_free (gpointer data)
{
  Page *page = data;

  g_object_unref (page->session);
  g_free (page);
}

static KlTrack *
track_of_task (GTask *task)
{
  Page *page = g_task_get_task_data (task);
  KlMessageList *list = g_task_get_source_object (task);

  return kl_session_track (page->session, kl_group_get_id (kl_message_list_get_group (list)));
}

static void
return_offline (GTask *task)
{
  g_task_return_error (task, kl_core_error_new_full (KL_CORE_ERROR_OFFLINE, "Not connected", NULL, 0));
}

/* Unsent ones that a page has as stored leave the end of the list. */
static void
settle_pending (KlMessageList *list, GPtrArray *messages)
{
  for (guint i = 0; i < messages->len; i++)
    kl_message_list_remove_pending (list, g_ptr_array_index (messages, i));
}

static void
show_page (KlTrack *track, KlMessageList *list, GPtrArray *messages, gboolean more_before, gboolean more_after)
{
  if (messages->len > 0)
    {
      gint64 last = kl_message_get_seq (messages->pdata[messages->len - 1]);
      if (last > kl_group_get_newest_seq (track->group))
        g_object_set (track->group, "newest-seq", last, NULL);
    }
  settle_pending (list, messages);
  kl_message_list_add_page (list, messages, more_before, more_after);
}

static void
on_history (yyjson_val *answer, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Page *page = g_task_get_task_data (task);
  KlMessageList *list = g_task_get_source_object (task);
  KlTrack *track = track_of_task (task);

  if (answer == NULL || track == NULL || !kl_session_is_alive (page->session))
    {
      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        return_offline (task);
      return;
    }
  KlCacheChange *change = kl_cache_change_new ();
  kl_session_merge_users (page->session, yyjson_obj_get (answer, "users"), change);
  g_autoptr (GPtrArray) messages
      = kl_session_merge_messages (page->session, track, yyjson_obj_get (answer, "messages"), change);
  kl_cache_write (page->session->cache, change);
  gboolean more_before = yyjson_is_true (yyjson_obj_get (answer, "more_before"));
  gboolean more_after = yyjson_is_true (yyjson_obj_get (answer, "more_after"));
  if (messages->len > 0 && kl_message_get_seq (messages->pdata[0]) == 1)
    more_before = FALSE;
  show_page (track, list, messages, more_before, more_after);
  g_task_return_boolean (task, TRUE);
}

static void
ask_server (GTask *task)
{
  Page *page = g_task_get_task_data (task);
  KlMessageList *list = g_task_get_source_object (task);
  g_auto (KlJsonWriter) out = { 0 };

  kl_json_writer_init (&out, 256);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", kl_group_get_id (kl_message_list_get_group (list)));
  if (page->what == KL_LOAD_OLDER)
    kl_json_member_int (&out, "before", page->seq);
  else if (page->what == KL_LOAD_NEWER)
    kl_json_member_int (&out, "after", page->seq);
  else if (page->seq > 0)
    kl_json_member_int (&out, "around", page->seq);
  kl_json_member_int (&out, "limit", KL_PAGE_MESSAGES);
  kl_json_end_object (&out);
  g_autofree char *json = kl_json_writer_steal_string (&out, NULL);
  kl_connection_emit (page->session->connection, "history", json, KL_ANSWER_MS, on_history, task);
}

/* element-type KlMessage, of what the cache gave. */
static GPtrArray *
read_cached (KlSession *self, KlTrack *track, KlCachedPage *cached)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < cached->people->len; i++)
    {
      const char *text = g_ptr_array_index (cached->people, i);
      g_autoptr (KlJson) json = kl_json_parse (text, strlen (text), NULL);
      const char *id = json != NULL ? yyjson_get_str (yyjson_obj_get (kl_json_get_root (json), "id")) : NULL;
      KlUser *user = kl_people_get (self->people, id);
      /* Whom we know, we know better. */
      if (user != NULL && kl_user_get_name (user)[0] == '\0')
        kl_people_take (self->people, kl_json_get_root (json), FALSE);
    }
  for (guint i = 0; i < cached->messages->len; i++)
    {
      const char *text = g_ptr_array_index (cached->messages, i);
      g_autoptr (KlJson) json = kl_json_parse (text, strlen (text), NULL);
      KlMessage *message = json != NULL ? kl_session_merge_message (self, track, kl_json_get_root (json), NULL) : NULL;
      if (message != NULL)
        g_ptr_array_add (messages, message);
    }
  return messages;
}

static void
on_end_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  /* What failed is asked for again when the reader comes near the end. */
  kl_message_list_load_newer_finish (KL_MESSAGE_LIST (source), result, NULL);
}

/* A list that showed the newest there was, before the server told of more, goes on from there. */
static void
load_end (KlMessageList *list)
{
  if (kl_message_list_get_more_after (list))
    kl_message_list_load_newer_async (list, NULL, on_end_loaded, NULL);
}

/* Whether what the cache gave is what was asked for, as far as can be known. */
static gboolean
is_good (Page *page, KlTrack *track, GPtrArray *messages)
{
  if (messages->len == 0)
    return FALSE;
  gint64 first = kl_message_get_seq (messages->pdata[0]);
  gint64 last = kl_message_get_seq (messages->pdata[messages->len - 1]);
  if (page->what != KL_LOAD_AROUND)
    return TRUE;
  if (page->seq > 0)
    return first <= page->seq && page->seq <= last;
  return !track->live || last >= kl_group_get_newest_seq (track->group);
}

static void
on_cached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Page *page = g_task_get_task_data (task);
  KlSession *self = page->session;
  KlMessageList *list = g_task_get_source_object (task);
  g_autoptr (KlCachedPage) cached = kl_cache_page_finish (self->cache, result);
  KlTrack *track = track_of_task (task);

  if (track == NULL || !kl_session_is_alive (self))
    {
      return_offline (task);
      return;
    }
  g_autoptr (GPtrArray) messages = read_cached (self, track, cached);
  if (is_good (page, track, messages))
    {
      gint64 first = kl_message_get_seq (messages->pdata[0]);
      gint64 last = kl_message_get_seq (messages->pdata[messages->len - 1]);
      show_page (track, list, messages, first > 1, cached->more_after || last < kl_group_get_newest_seq (track->group));
      if (track->live && page->what == KL_LOAD_AROUND && page->seq == 0)
        load_end (list);
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (track->live)
    {
      ask_server (g_steal_pointer (&task));
      return;
    }
  if (page->what == KL_LOAD_AROUND && page->seq > 0)
    {
      /* Better the newest that is known than nothing. */
      page->seq = 0;
      load_page (g_steal_pointer (&task));
      return;
    }
  if (page->what == KL_LOAD_AROUND && kl_connection_get_state (self->connection) == KL_CONNECTION_STATE_CONNECTING)
    g_hash_table_add (self->waiting, g_steal_pointer (&task));
  else
    return_offline (task);
}

/* Takes the task. */
static void
load_page (GTask *task)
{
  Page *page = g_task_get_task_data (task);
  KlMessageList *list = g_task_get_source_object (task);
  const char *group = kl_group_get_id (kl_message_list_get_group (list));
  KlCache *cache = page->session->cache;

  if (page->what == KL_LOAD_OLDER)
    kl_cache_page_async (cache, group, page->seq - 1, KL_PAGE_MESSAGES, 0, on_cached, task);
  else if (page->what == KL_LOAD_NEWER)
    kl_cache_page_async (cache, group, page->seq, 0, KL_PAGE_MESSAGES, on_cached, task);
  else
    kl_cache_page_async (cache, group, page->seq, page->seq == 0 ? KL_PAGE_MESSAGES : AROUND_BEFORE,
                         page->seq == 0 ? 0 : AROUND_AFTER, on_cached, task);
}

static void
on_list_load (KlMessageList *list, KlLoad what, gint64 seq, GTask *task, gpointer user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (KlSession) self = g_weak_ref_get (weak);

  if (self == NULL || !self->started || self->stopping)
    {
      return_offline (task);
      g_object_unref (task);
      return;
    }
  Page *page = g_new0 (Page, 1);
  page->session = g_object_ref (self);
  page->what = what;
  page->seq = seq;
  g_task_set_task_data (task, page, page_free);
  load_page (task);
}

/* Loads that waited for the sync go on; or end, where it will not come soon. */
void
kl_session_flush_waiting (KlSession *self)
{
  g_autoptr (GPtrArray) tasks = g_hash_table_get_keys_as_ptr_array (self->waiting);
  gboolean wait_on = kl_connection_get_state (self->connection) == KL_CONNECTION_STATE_CONNECTING;

  for (guint i = 0; i < tasks->len; i++)
    {
      GTask *task = g_ptr_array_index (tasks, i);
      KlTrack *track = track_of_task (task);
      gboolean live = track != NULL && track->live;

      if (!live && wait_on && !self->stopping)
        continue;
      g_hash_table_steal (self->waiting, task);
      if (live && !self->stopping)
        {
          ask_server (task);
          continue;
        }
      return_offline (task);
      g_object_unref (task);
    }
}

static void
on_first_page (GObject *source, GAsyncResult *result, gpointer user_data)
{
  /* Without it the list stays empty until the group's events flow, and is loaded then. */
  kl_message_list_load_around_finish (KL_MESSAGE_LIST (source), result, NULL);
}

static void
load_first_page (KlMessageList *list)
{
  kl_message_list_load_around_async (list, kl_message_list_get_first_unread_seq (list), NULL, on_first_page, NULL);
}

static void
weak_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static void
remember_list (KlSession *self, KlMessageList *list)
{
  GList *link = g_queue_find (&self->recent, list);

  if (link != NULL)
    {
      g_queue_unlink (&self->recent, link);
      g_queue_push_head_link (&self->recent, link);
      return;
    }
  g_queue_push_head (&self->recent, g_object_ref (list));
  if (self->recent.length > RECENT_LISTS)
    g_object_unref (g_queue_pop_tail (&self->recent));
}

KlMessageList *
kl_session_dup_messages (KlSession *self, KlGroup *group)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);
  g_return_val_if_fail (KL_IS_GROUP (group), NULL);

  KlTrack *track = kl_session_track (self, kl_group_get_id (group));
  if (track == NULL)
    return kl_message_list_new (group);
  KlMessageList *list = g_weak_ref_get (&track->messages);
  if (list != NULL)
    {
      remember_list (self, list);
      if (kl_message_list_get_first_unread_seq (list) == 0)
        kl_message_list_renew_unread_line (list);
      return list;
    }
  GWeakRef *weak = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak, self);
  list = kl_message_list_new (group);
  kl_message_list_set_source (list, on_list_load, weak);
  g_object_set_data_full (G_OBJECT (list), "klatch-source", weak, weak_free);
  g_weak_ref_set (&track->messages, list);
  g_autoptr (GPtrArray) unsent = kl_outbox_list (self->outbox, kl_group_get_id (group));
  for (guint i = 0; i < unsent->len; i++)
    kl_message_list_add_pending (list, g_ptr_array_index (unsent, i));
  remember_list (self, list);
  load_first_page (list);
  return list;
}

void
kl_session_reload_lists (KlSession *self, KlTrack *track)
{
  g_autoptr (KlMessageList) list = g_weak_ref_get (&track->messages);
  gint64 first, last;

  if (list == NULL || kl_message_list_get_loading (list))
    return;
  if (kl_message_list_get_range (list, &first, &last))
    load_end (list);
  else
    load_first_page (list);
}

/* ── People ── */

typedef struct
{
  KlSession *session; /* owned */
  KlMemberList *list; /* owned */
  guint generation;
} People;

static People *
people_new (KlSession *self, KlMemberList *list)
{
  People *people = g_new0 (People, 1);

  people->session = g_object_ref (self);
  people->list = g_object_ref (list);
  people->generation = self->generation;
  return people;
}

static void
people_free (People *people)
{
  g_object_unref (people->session);
  g_object_unref (people->list);
  g_free (people);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (People, people_free)

static void
add_members (KlSession *self, KlMemberList *list, yyjson_val *array)
{
  KlTrack *track = kl_session_track (self, kl_group_get_id (kl_member_list_get_group (list)));
  yyjson_val *object;
  size_t i, n;

  if (track == NULL)
    return;
  yyjson_arr_foreach (array, i, n, object)
    kl_session_merge_member (self, track, object);
}

static void
on_members (yyjson_val *answer, const GError *error, gpointer user_data)
{
  g_autoptr (People) people = user_data;
  KlSession *self = people->session;

  if (people->generation != self->generation || !kl_session_is_alive (self))
    return;
  if (answer == NULL)
    {
      kl_member_list_page_done (people->list, NULL, TRUE);
      return;
    }
  kl_session_merge_users (self, yyjson_obj_get (answer, "users"), NULL);
  add_members (self, people->list, yyjson_obj_get (answer, "members"));
  const char *next = yyjson_get_str (yyjson_obj_get (answer, "next"));
  kl_member_list_page_done (people->list, next, FALSE);
  if (next != NULL && kl_group_get_members (kl_member_list_get_group (people->list)) <= KL_LIMIT_PRESENCE_GROUP
      && g_list_model_get_n_items (G_LIST_MODEL (people->list)) <= 2 * KL_LIMIT_PRESENCE_GROUP)
    kl_member_list_load_more (people->list);
}

static void
on_members_wanted (KlMemberList *list, const char *after, gpointer user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (KlSession) self = g_weak_ref_get (weak);
  g_auto (KlJsonWriter) out = { 0 };

  if (self == NULL || !self->synced)
    {
      kl_member_list_page_done (list, NULL, TRUE);
      return;
    }
  kl_json_writer_init (&out, 128);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", kl_group_get_id (kl_member_list_get_group (list)));
  kl_json_member_string_or_nothing (&out, "after", after);
  kl_json_member_int (&out, "limit", KL_LIMIT_PAGE_MAX);
  kl_json_end_object (&out);
  g_autofree char *json = kl_json_writer_steal_string (&out, NULL);
  kl_connection_emit (self->connection, "group:members", json, KL_ANSWER_MS, on_members, people_new (self, list));
}

KlMemberList *
kl_session_dup_members (KlSession *self, KlGroup *group)
{
  g_return_val_if_fail (KL_IS_SESSION (self), NULL);
  g_return_val_if_fail (KL_IS_GROUP (group), NULL);

  KlTrack *track = kl_session_track (self, kl_group_get_id (group));
  if (track == NULL)
    return kl_member_list_new (group);
  KlMemberList *list = g_weak_ref_get (&track->members);
  if (list != NULL)
    return list;
  GWeakRef *weak = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak, self);
  list = kl_member_list_new (group);
  kl_member_list_set_source (list, on_members_wanted, weak);
  g_object_set_data_full (G_OBJECT (list), "klatch-source", weak, weak_free);
  g_weak_ref_set (&track->members, list);
  if (track->live && self->open_group == group)
    kl_session_open_people (self, track);
  return list;
}

typedef struct
{
  KlSession *session; /* owned */
  char *group;
  guint generation;
} Opening;

static void
opening_free (Opening *opening)
{
  g_object_unref (opening->session);
  g_free (opening->group);
  g_free (opening);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Opening, opening_free)

static guint
take_ids (KlSession *self, KlMemberList *list, yyjson_val *ids, KlUserStatus at_least, GPtrArray *to)
{
  yyjson_val *id;
  size_t i, n;

  yyjson_arr_foreach (ids, i, n, id)
    {
      KlUser *user = i < KL_LIMIT_OPEN_PEOPLE ? kl_people_get (self->people, yyjson_get_str (id)) : NULL;
      if (user == NULL)
        continue;
      if (kl_user_get_status (user) <= KL_USER_STATUS_OFFLINE)
        g_object_set (user, "status", at_least, NULL);
      if (to != NULL)
        g_ptr_array_add (to, (gpointer) kl_user_get_id (user));
      if (list != NULL && kl_member_list_get (list, kl_user_get_id (user)) == NULL)
        {
          g_autoptr (KlMember) member = kl_member_new (user);
          g_object_set (member, "role", KL_ROLE_MEMBER, NULL);
          kl_member_list_add (list, member);
        }
    }
  return (guint) yyjson_arr_size (ids);
}

static void
on_opened (yyjson_val *answer, const GError *error, gpointer user_data)
{
  g_autoptr (Opening) opening = user_data;
  KlSession *self = opening->session;
  KlTrack *track = kl_session_track (self, opening->group);

  if (answer == NULL || track == NULL || opening->generation != self->generation || !kl_session_is_alive (self)
      || self->open_group != track->group)
    return;
  g_autoptr (KlMemberList) list = g_weak_ref_get (&track->members);
  g_autoptr (GPtrArray) here = g_ptr_array_new ();
  yyjson_val *read;
  size_t i, n;

  kl_session_merge_users (self, yyjson_obj_get (answer, "users"), NULL);
  if (list != NULL)
    kl_member_list_restart (list);
  guint n_here = take_ids (self, list, yyjson_obj_get (answer, "here"), KL_USER_STATUS_ONLINE, here);
  guint n_online = take_ids (self, list, yyjson_obj_get (answer, "online"), KL_USER_STATUS_ONLINE, NULL);
  g_ptr_array_add (here, NULL);
  if (n_here < KL_LIMIT_OPEN_PEOPLE)
    g_object_set (track->group, "here", n_here, NULL);
  if (n_online < KL_LIMIT_OPEN_PEOPLE)
    g_object_set (track->group, "online", MAX (n_online, n_here), NULL);
  yyjson_arr_foreach (yyjson_obj_get (answer, "reads"), i, n, read)
    {
      gint64 seq = yyjson_get_sint (yyjson_obj_get (read, "seq"));
      if (!yyjson_equals_str (yyjson_obj_get (read, "user"), kl_user_get_id (self->me))
          && seq > kl_group_get_others_read_seq (track->group))
        g_object_set (track->group, "others-read-seq", seq, NULL);
    }
  if (list == NULL)
    return;
  kl_member_list_set_live (list, TRUE);
  kl_member_list_set_here (list, (const char *const *) here->pdata);
  kl_member_list_load_more (list);
}

void
kl_session_open_people (KlSession *self, KlTrack *track)
{
  g_auto (KlJsonWriter) out = { 0 };
  Opening *opening = g_new0 (Opening, 1);

  opening->session = g_object_ref (self);
  opening->group = g_strdup (kl_group_get_id (track->group));
  opening->generation = self->generation;
  kl_json_writer_init (&out, 64);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "group", opening->group);
  kl_json_end_object (&out);
  g_autofree char *json = kl_json_writer_steal_string (&out, NULL);
  kl_connection_emit (self->connection, "group:open", json, KL_ANSWER_MS, on_opened, opening);
}
