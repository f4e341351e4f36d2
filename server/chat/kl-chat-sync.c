/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sync: what a connection has missed, and the begin of its events.
 *
 * Each group is looked at once, at one moment: its object is written, its rev noted and
 * its flow held, so that what is applied later waits behind the answer. Then come, at the
 * same time, the counts and, one group after the other, the changes up to the noted rev,
 * as far as the answer has room. When the answer is out the flows of the complete groups
 * begin. */
#include "server/chat/kl-chat-private.h"

#include <string.h>

/* A plain answer is for the list of groups first of all, one with `more` for their changes. */
#define GROUPS_SHARE(more) ((more) ? KL_LIMIT_SYNC_ANSWER_BYTES / 4 : KL_LIMIT_SYNC_ANSWER_BYTES / 4 * 3)
#define UNKNOWN_USER_BOUND 2400
#define PUNCTUATION_BYTES 160
#define NO_CHANGES (-1)

typedef struct
{
  KlChatGroup *group;       /* referenced */
  KlChatSnapshot *snapshot; /* NULL: left out */
  gint64 since;
  gboolean reset;
  gboolean later;
  gboolean held;
  guint hold; /* in request->holds */
} SyncGroup;

typedef struct
{
  KlChatRequest *request;
  gboolean more;
  gboolean other_epoch;
  GHashTable *since; /* group id → gint64 */
  GPtrArray *groups; /* SyncGroup */
  GPtrArray *snapshots;
  guint under_way; /* the counts, the changes */
  GError *error;
  guint next;
  KlJsonWriter changes; /* the members of "changes" */
  gsize size;           /* of the answer so far */
  gboolean has_changes;
} Sync;

static void
advance (Sync *self);
static void
start (Sync *self);

static void
free_sync_group (SyncGroup *group)
{
  g_clear_pointer (&group->snapshot, kl_chat_snapshot_free);
  kl_chat_group_unref (group->group);
  g_free (group);
}

static void
free_sync (Sync *self)
{
  g_hash_table_unref (self->since);
  g_ptr_array_unref (self->groups);
  g_ptr_array_unref (self->snapshots);
  kl_json_writer_clear (&self->changes);
  g_clear_error (&self->error);
  g_free (self);
}

/* ── The end ── */

static void
write_groups (Sync *self, KlJsonWriter *out)
{
  kl_json_key (out, "groups");
  kl_json_begin_array (out);
  for (guint i = 0; i < self->groups->len; i++)
    {
      SyncGroup *group = g_ptr_array_index (self->groups, i);

      if (group->snapshot)
        kl_chat_snapshot_write (group->snapshot, out);
    }
  kl_json_end_array (out);
}

static void
write_later (Sync *self, KlJsonWriter *out)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->groups->len; i++)
    {
      SyncGroup *group = g_ptr_array_index (self->groups, i);

      if (!group->later)
        continue;
      if (!any)
        {
          kl_json_key (out, "later");
          kl_json_begin_array (out);
          any = TRUE;
        }
      kl_json_string (out, group->group->id, -1);
    }
  if (any)
    kl_json_end_array (out);
}

static void
remember_groups (Sync *self)
{
  GHashTable *ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < self->groups->len; i++)
    g_hash_table_add (ids, g_strdup (((SyncGroup *) g_ptr_array_index (self->groups, i))->group->id));
  g_clear_pointer (&self->request->connection->synced_groups, g_hash_table_unref);
  self->request->connection->synced_groups = ids;
}

static void
finish (Sync *self)
{
  KlChatRequest *request = self->request;
  KlChatConnection *connection = request->connection;
  KlJsonWriter *out = kl_chat_request_begin (request);

  kl_json_member_string (out, "epoch", kl_store_get_epoch (request->chat->store));
  kl_json_key (out, "user");
  kl_chat_write_user (out, request->person, request->person);
  write_groups (self, out);
  kl_json_key (out, "changes");
  kl_json_begin_object (out);
  kl_json_end_object (out);
  if (self->changes.out->len > 0)
    g_string_insert_len (out->out, out->out->len - 1, self->changes.out->str, self->changes.out->len);
  write_later (self, out);

  for (guint i = 0; i < self->groups->len; i++)
    {
      SyncGroup *group = g_ptr_array_index (self->groups, i);
      if (group->held && !group->later)
        g_array_index (request->holds, KlChatHold, group->hold).begin = TRUE;
    }
  if (!self->more)
    remember_groups (self);
  connection->synced = TRUE;
  free_sync (self);
  kl_chat_request_finish (request);
}

/* Of what is under way. */
static void
end_part (Sync *self, const GError *error)
{
  if (error && !self->error)
    self->error = g_error_copy (error);
  if (--self->under_way > 0)
    return;

  if (!self->error)
    {
      finish (self);
      return;
    }
  kl_chat_request_error (self->request, self->error);
  free_sync (self);
}

/* ── Changes ── */

static gsize
bound_of_user (Sync *self, const char *id)
{
  KlChatPerson *person = kl_chat_person_peek (self->request->chat, id);

  if (person && g_hash_table_contains (self->request->named_set, person))
    return 0;

  return person && person->user ? kl_chat_user_bound (person) : UNKNOWN_USER_BOUND;
}

/* With the people whom it brings into `users`. */
static gsize
bound_of_message (Sync *self, const KlStoreMessage *message)
{
  g_autoptr (GPtrArray) named = kl_chat_message_get_named (message);
  gsize bound = message->json_length + 1 + bound_of_user (self, message->sender);

  for (guint i = 0; named && i < named->len; i++)
    bound += bound_of_user (self, g_ptr_array_index (named, i));

  return bound;
}

static gboolean
has_room (Sync *self, gsize bytes)
{
  return self->size + bytes <= KL_LIMIT_SYNC_ANSWER_BYTES;
}

static void
begin_entry (Sync *self, SyncGroup *group, gint64 rev, gboolean reset)
{
  kl_json_key (&self->changes, group->group->id);
  kl_json_begin_object (&self->changes);
  kl_json_member_int (&self->changes, "rev", rev);
  if (reset)
    kl_json_member_bool (&self->changes, "reset", TRUE);
  self->size += PUNCTUATION_BYTES;
}

/* `messages`: the bytes of the array's items. */
static void
write_entry (Sync *self, SyncGroup *group, gint64 rev, gboolean reset, GString *messages, GString *members)
{
  KlJsonWriter *out = &self->changes;
  g_autofree char *array = g_strconcat ("[", messages->str, "]", NULL);

  begin_entry (self, group, rev, reset);
  kl_json_member_raw (out, "messages", array, messages->len + 2);
  if (members && members->len > 0)
    {
      g_autofree char *list = g_strconcat ("[", members->str, "]", NULL);

      kl_json_member_raw (out, "members", list, members->len + 2);
    }
  kl_json_end_object (out);
  self->has_changes = TRUE;
}

static void
append_item (GString *list, const char *json, gsize length)
{
  if (list->len > 0)
    g_string_append_c (list, ',');
  g_string_append_len (list, json, length);
}

static void
write_changes (Sync *self, SyncGroup *group, const GArray *changes)
{
  g_autoptr (GString) messages = g_string_new (NULL);
  g_autoptr (GString) members = g_string_new (NULL);
  gint64 rev = group->snapshot->rev;
  gint64 written_rev = group->since;
  gboolean any = FALSE;

  for (guint i = 0; i < changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);
      g_auto (KlJsonWriter) member = { 0 };
      gsize bytes;

      kl_json_writer_init (&member, 96);
      if (change->kind == KL_CHANGE_MEMBER)
        kl_chat_write_member (&member, change->member);
      bytes = change->kind == KL_CHANGE_MESSAGE ? bound_of_message (self, change->message) : member.out->len + 1;
      if (!has_room (self, bytes + PUNCTUATION_BYTES) && (any || self->has_changes || change->rev > rev))
        {
          /* What is newer than the answer comes again as event. */
          group->later = change->rev <= rev;
          if (group->later)
            rev = written_rev;
          break;
        }
      self->size += bytes;
      written_rev = change->rev;
      any = TRUE;
      if (change->kind == KL_CHANGE_MESSAGE)
        {
          append_item (messages, change->message->json, change->message->json_length);
          kl_chat_request_name_message (self->request, change->message);
        }
      else
        {
          append_item (members, member.out->str, member.out->len);
        }
    }

  if (any || !group->later)
    write_entry (self, group, rev, FALSE, messages, members);
}

static void
on_reset_page (GPtrArray *messages, const GError *error, gpointer user_data)
{
  Sync *self = user_data;
  SyncGroup *group = g_ptr_array_index (self->groups, self->next);
  g_autoptr (GString) items = g_string_new (NULL);
  guint first;

  if (!messages)
    {
      end_part (self, error);
      return;
    }

  /* The newest have precedence. */
  for (first = messages->len; first > 0; first--)
    {
      const KlStoreMessage *message = g_ptr_array_index (messages, first - 1);
      gsize bytes = bound_of_message (self, message);
      gboolean alone = first == messages->len && !self->has_changes;

      if (!has_room (self, bytes + PUNCTUATION_BYTES) && !alone)
        break;
      self->size += bytes;
      kl_chat_request_name_message (self->request, message);
    }
  if (first > 0)
    group->later = TRUE;
  if (first == messages->len && first > 0)
    {
      self->next++;
      advance (self);
      return;
    }

  for (guint i = first; i < messages->len; i++)
    {
      const KlStoreMessage *message = g_ptr_array_index (messages, i);

      append_item (items, message->json, message->json_length);
    }
  write_entry (self, group, group->snapshot->rev, TRUE, items, NULL);
  self->next++;
  advance (self);
}

static void
read_reset (Sync *self, SyncGroup *group)
{
  kl_chat_read_page (group->group, group->snapshot->seq - KL_LIMIT_PAGE_DEFAULT + 1, group->snapshot->seq,
                     on_reset_page, self);
}

static void
on_changes (const GArray *changes, const GError *error, gpointer user_data)
{
  Sync *self = user_data;
  SyncGroup *group = g_ptr_array_index (self->groups, self->next);

  if (!changes)
    {
      end_part (self, error);
      return;
    }
  if (changes->len > KL_LIMIT_SYNC_CHANGES)
    {
      read_reset (self, group);
      return;
    }

  write_changes (self, group, changes);
  self->next++;
  advance (self);
}

/* The next group that has changes. */
static void
advance (Sync *self)
{
  if (kl_chat_request_is_vain (self->request))
    {
      g_autoptr (GError) vain = g_error_new (KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE, "nobody waits for the answer");

      end_part (self, vain);
      return;
    }
  for (; self->next < self->groups->len; self->next++)
    {
      SyncGroup *group = g_ptr_array_index (self->groups, self->next);
      g_autoptr (GString) none = NULL;

      if (!group->snapshot || (group->since == NO_CHANGES && !group->reset))
        continue;
      if (!group->reset && group->since == group->snapshot->rev)
        {
          none = g_string_new (NULL);
          write_entry (self, group, group->snapshot->rev, FALSE, none, NULL);
          continue;
        }
      if (self->has_changes && !has_room (self, 2 * PUNCTUATION_BYTES))
        {
          group->later = TRUE;
          continue;
        }
      if (group->reset)
        read_reset (self, group);
      else
        kl_chat_group_read_changes (group->group, group->since, on_changes, self);
      return;
    }
  end_part (self, NULL);
}

/* ── Groups ── */

static void
on_counted (gpointer user_data, const GError *error)
{
  end_part (user_data, error);
}

static gsize
bound_of_named (Sync *self, KlChatSnapshot *snapshot)
{
  gsize bound = 0;

  for (guint i = 0; snapshot->named && i < snapshot->named->len; i++)
    {
      KlChatPerson *person = g_ptr_array_index (snapshot->named, i);

      if (!g_hash_table_contains (self->request->named_set, person))
        bound += person->user ? kl_chat_user_bound (person) : UNKNOWN_USER_BOUND;
      kl_chat_request_name (self->request, person);
    }

  return bound;
}

static void
look_at (Sync *self, SyncGroup *group)
{
  KlChatConnection *connection = self->request->connection;

  group->snapshot = kl_chat_snapshot_new (group->group, self->request->person);
  g_ptr_array_add (self->snapshots, group->snapshot);
  self->size += kl_chat_snapshot_get_length (group->snapshot) + 1 + bound_of_named (self, group->snapshot);
  group->reset = group->since != NO_CHANGES && (self->other_epoch || group->since > group->snapshot->rev);
  group->held = connection->person != NULL;
  if (group->held)
    group->hold
        = kl_chat_request_hold (self->request, kl_chat_connection_ensure_flow (connection, group->group), FALSE);
}

static int
compare_groups (gconstpointer a, gconstpointer b)
{
  const SyncGroup *one = *(SyncGroup *const *) a;
  const SyncGroup *other = *(SyncGroup *const *) b;

  return (one->group->time < other->group->time) - (one->group->time > other->group->time);
}

static void
add_group (Sync *self, KlChatGroup *group)
{
  const gint64 *since = g_hash_table_lookup (self->since, group->id);
  SyncGroup *entry = g_new0 (SyncGroup, 1);

  entry->group = kl_chat_group_ref (group);
  entry->since = since ? *since : NO_CHANGES;
  g_ptr_array_add (self->groups, entry);
}

static void
start (Sync *self)
{
  KlChatRequest *request = self->request;
  KlChatPerson *person = request->person;

  kl_chat_request_name (request, person);
  self->size = 1024 + kl_chat_user_bound (person) * 2;
  for (guint i = 0; i < person->memberships->len; i++)
    {
      KlChatMember *member = g_ptr_array_index (person->memberships, i);

      if (!self->more || g_hash_table_contains (self->since, member->group->id))
        add_group (self, member->group);
    }
  g_ptr_array_sort (self->groups, compare_groups);

  for (guint i = 0; i < self->groups->len; i++)
    {
      SyncGroup *group = g_ptr_array_index (self->groups, i);

      /* The id in `later`, in any case. */
      self->size += KL_ID_SIZE + 2;
      if (i == 0 || self->size < GROUPS_SHARE (self->more))
        look_at (self, group);
      else
        group->later = TRUE;
    }
  self->under_way = 2;
  kl_chat_count_snapshots (request->chat, person, self->snapshots, on_counted, self);
  advance (self);
}

/* ── sync ── */

/* A group that the person has joined elsewhere while the answer was being made is not in it, and to the client that
 * means that there is none. */
static void
tell_missed (KlChatConnection *connection)
{
  g_autoptr (GHashTable) told = g_steal_pointer (&connection->synced_groups);

  for (guint i = 0; told && connection->person && i < connection->person->memberships->len; i++)
    {
      KlChatGroup *group = ((KlChatMember *) g_ptr_array_index (connection->person->memberships, i))->group;

      if (!g_hash_table_contains (told, group->id) && group->state == KL_GROUP_READY && group->meta)
        kl_chat_group_greet_connection (group, connection);
    }
}

static void
on_ended (gpointer user_data)
{
  KlChatConnection *connection = user_data;

  tell_missed (connection);
  kl_chat_connection_unref (connection);
}

static void
read_since (GHashTable *since, yyjson_val *object, KlJsonFields *in)
{
  yyjson_obj_iter iter = yyjson_obj_iter_with (object);
  yyjson_val *key;

  while ((key = yyjson_obj_iter_next (&iter)))
    {
      yyjson_val *value = yyjson_obj_iter_get_val (key);
      gint64 rev = NO_CHANGES;

      if (!yyjson_is_null (value))
        {
          rev = yyjson_get_sint (value);
          if (!yyjson_is_int (value) || rev < 0 || rev > KL_LIMIT_INTEGER_MAX)
            {
              kl_json_fields_refuse (in, "since", "has to have revs or null for values");
              return;
            }
        }
      g_hash_table_insert (since, g_strdup (yyjson_get_str (key)), g_memdup2 (&rev, sizeof rev));
    }
}

static void
handle_sync (KlChatRequest *request, KlJsonFields *in)
{
  KlChatConnection *connection = request->connection;
  const char *epoch = kl_json_fields_string (in, "epoch", KL_JSON_OPTIONAL, 0, KL_LIMIT_ADDRESS_BYTES, NULL);
  yyjson_val *object = kl_json_fields_object (in, "since", KL_JSON_OPTIONAL);
  gboolean more = kl_json_fields_bool (in, "more", KL_JSON_OPTIONAL, FALSE);
  g_autoptr (GHashTable) since = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Sync *self;

  if (object)
    read_since (since, object, in);
  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  self = g_new0 (Sync, 1);
  self->request = request;
  self->more = more;
  self->other_epoch = epoch && g_strcmp0 (epoch, kl_store_get_epoch (request->chat->store)) != 0;
  self->since = g_steal_pointer (&since);
  self->groups = g_ptr_array_new_with_free_func ((GDestroyNotify) free_sync_group);
  self->snapshots = g_ptr_array_new ();
  kl_json_writer_init (&self->changes, 1024);
  request->ended = on_ended;
  request->ended_data = kl_chat_connection_ref (connection);
  start (self);
}

const KlChatEntry kl_chat_sync_entries[] = {
  { "sync", KL_ENTRY_CONNECTION | KL_ENTRY_PATIENT, handle_sync },
  { NULL },
};
