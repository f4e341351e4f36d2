/* SPDX-License-Identifier: GPL-3.0-or-later */
/* group:create, group:update, group:delete, group:settings, and the directory. */
#include "server/chat/kl-chat-private.h"

#include <stdlib.h>
#include <string.h>

/* ── group:create ── */

typedef struct
{
  KlChatDeed deed;
  KlChatGroup *group;   /* referenced; unborn; NULL: has no place yet */
  KlChatPerson *person; /* used */
  KlStoreGroup *meta;
} Create;

static KlDeedVerdict
plan_create (KlChatDeed *deed, KlChatPlan *plan)
{
  Create *create = (Create *) deed;
  KlStoreChange *change = kl_chat_plan_change (plan, deed, KL_CHANGE_GROUP);
  KlStoreMember *member = kl_store_member_new ();

  change->group = kl_store_group_copy (create->meta);
  change->group->rev = change->rev;
  change->group->created_at = plan->time;

  change = kl_chat_plan_change (plan, deed, KL_CHANGE_MEMBER);
  member->user = g_strdup (create->person->id);
  member->rev = change->rev;
  member->role = KL_ROLE_OWNER;
  member->joined_at = plan->time;
  member->read_seq = plan->seq + 1;
  change->member = member;
  change->sets_marks = TRUE;
  kl_chat_plan_system (plan, deed, "created", NULL, create->person->id, NULL);

  return KL_DEED_PLANNED;
}

/* {group, users}, with the flow of the asking connection. */
static void
answer_created (KlChatRequest *request, KlChatGroup *group)
{
  kl_chat_request_set_group (request, group);
  if (request->connection && request->connection->person)
    kl_chat_request_hold (request, kl_chat_connection_ensure_flow (request->connection, group), TRUE);
  kl_chat_request_name (request, request->person);
  kl_chat_request_answer_group (request);
}

static void
stored_create (KlChatDeed *deed)
{
  Create *create = (Create *) deed;

  kl_chat_group_greet (create->group, create->person, deed->request->connection);
  answer_created (g_steal_pointer (&deed->request), create->group);
}

static void
on_created_before (KlChatGroup *group, const GError *error, gpointer user_data)
{
  KlChatRequest *request = user_data;

  if (group && kl_chat_group_get_member (group, request->person))
    {
      request->repeated = TRUE;
      answer_created (request, group);
    }
  else if (group || g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      kl_chat_request_fail (request, KL_ERROR_CODE_CONFLICT, "client_id",
                            "this group was created, and is no more yours");
    }
  else
    {
      kl_chat_request_error (request, error);
    }
}

/* Answers a creation whose op is in the log. */
static void
answer_created_before (KlChatRequest *request, const KlStoreOp *op)
{
  if (op->kind != KL_CHANGE_GROUP)
    kl_chat_request_fail (request, KL_ERROR_CODE_CONFLICT, "client_id", "this client_id was used for something else");
  else
    kl_chat_get_group (request->chat, op->group, on_created_before, request);
}

static void
repeated_create (KlChatDeed *deed, const KlStoreOp *op)
{
  Create *create = (Create *) deed;
  KlChatRequest *request = g_steal_pointer (&deed->request);

  /* This very group, stored without our hearing of it: it is to be read. */
  if (op && g_strcmp0 (op->group, create->group->id) == 0)
    kl_chat_group_drop (create->group);
  if (op)
    answer_created_before (request, op);
  else
    kl_chat_request_fault (request, &kl_chat_fault_unstored);
}

static void
free_create (KlChatDeed *deed)
{
  Create *create = (Create *) deed;

  if (create->group)
    {
      if (!create->group->meta)
        kl_chat_group_drop (create->group);
      kl_chat_group_unref (create->group);
      kl_chat_person_leave_place (create->person);
    }
  kl_store_group_unref (create->meta);
  create->person->joining--;
  kl_chat_person_unuse (create->person);
  g_free (create);
}

static const KlChatDeedClass create_class = { plan_create, stored_create, repeated_create, free_create };

/* It has no place and gets none: frees it. */
static void
give_up_create (Create *create)
{
  g_free (create->deed.op);
  free_create (&create->deed);
}

static void
on_full_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Create *create = user_data;
  KlChatRequest *request = g_steal_pointer (&create->deed.request);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) ops = kl_store_find_ops_finish (KL_STORE (source), result, &error);
  const KlStoreOp *op = ops ? g_ptr_array_index (ops, 0) : NULL;

  if (error)
    kl_chat_request_error (request, error);
  else if (op)
    answer_created_before (request, op);
  else
    kl_chat_request_fail (request, KL_ERROR_CODE_CONFLICT, "groups", "you are in as many groups as one can be");
  give_up_create (create);
}

/* Takes a place and goes on, waits while the last one is somebody's who may yet fail, or is answered. */
static void
begin_create (Create *create)
{
  KlChatPerson *person = create->person;
  KlChat *chat = person->chat;

  if (kl_chat_person_take_place (person))
    {
      create->group = kl_chat_group_new_unborn (chat, create->meta->id);
      kl_chat_group_enqueue (create->group, &create->deed);
    }
  else if (person->places > 0)
    {
      if (!person->crowded)
        person->crowded = g_ptr_array_new ();
      g_ptr_array_add (person->crowded, create);
    }
  else
    {
      /* A repetition is the group that there is. */
      const char *ops[] = { create->deed.op, NULL };

      kl_store_find_ops_async (chat->store, ops, on_full_looked_up, create);
    }
}

void
kl_chat_resume_crowded (KlChatPerson *self)
{
  g_autoptr (GPtrArray) crowded = g_steal_pointer (&self->crowded);

  for (guint i = 0; crowded && i < crowded->len; i++)
    begin_create (g_ptr_array_index (crowded, i));
}

static void
handle_create (KlChatRequest *request, KlJsonFields *in)
{
  KlChat *chat = request->chat;
  KlChatPerson *person = request->person;
  g_autoptr (KlStoreGroup) meta = kl_store_group_new ();
  const char *client_id = kl_json_fields_client_id (in, "client_id", KL_JSON_REQUIRED);
  const char *topic, *slug;
  char id[KL_ID_SIZE];
  Create *create;

  meta->name = g_strdup (kl_json_fields_text (in, "name", KL_JSON_REQUIRED, KL_TEXT_GROUP_NAME, NULL));
  topic = kl_json_fields_text (in, "topic", KL_JSON_OPTIONAL, KL_TEXT_TOPIC, NULL);
  meta->topic = g_strdup (topic ? topic : "");
  meta->visibility
      = kl_json_fields_word (in, "visibility", KL_JSON_OPTIONAL, kl_chat_visibility_words, KL_VISIBILITY_PRIVATE);
  slug = kl_json_fields_string (in, "slug", KL_JSON_OPTIONAL, 1, KL_LIMIT_ADDRESS_BYTES, NULL);
  if (slug && !kl_text_is_slug (slug))
    kl_json_fields_refuse (in, "slug", "is 2 to 48 of a-z, 0-9 and -");
  meta->slug = g_strdup (slug);
  meta->emoji = g_strdup (kl_json_fields_text (in, "emoji", KL_JSON_OPTIONAL, KL_TEXT_EMOJI, NULL));
  meta->hue = kl_json_fields_int (in, "hue", KL_JSON_OPTIONAL, 0, KL_LIMIT_HUE_MAX, -1);
  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  kl_id_source_next (chat->ids, kl_chat_now_ms (), id);
  meta->id = g_strdup (id);
  create = g_new0 (Create, 1);
  create->deed.class = &create_class;
  create->deed.request = request;
  create->deed.op = g_strconcat (person->id, "\n", client_id, NULL);
  create->meta = g_steal_pointer (&meta);
  create->person = person;
  person->uses++;
  person->joining++;
  begin_create (create);
}

/* ── group:update, group:delete ── */

typedef struct
{
  KlChatDeed deed;
  char *name; /* NULL: as it is; so with all */
  char *topic;
  int visibility;      /* -1: as it is */
  gboolean has_avatar; /* can only be cleared yet */
  gboolean has_emoji;
  char *emoji;
  gboolean has_hue;
  int hue;
} Update;

static KlDeedVerdict
refuse (KlChatDeed *deed, KlErrorCode code, const char *text)
{
  kl_chat_request_fail (g_steal_pointer (&deed->request), code, NULL, text);

  return KL_DEED_ANSWERED;
}

static KlStoreGroup *
make_updated (Update *update, const KlStoreGroup *old)
{
  KlStoreGroup *meta = kl_store_group_copy (old);

  if (update->name)
    g_set_str (&meta->name, update->name);
  if (update->topic)
    g_set_str (&meta->topic, update->topic);
  if (update->visibility >= 0)
    meta->visibility = (KlVisibility) update->visibility;
  if (update->has_avatar)
    g_clear_pointer (&meta->avatar, g_free);
  if (update->has_emoji)
    g_set_str (&meta->emoji, update->emoji);
  if (update->has_hue)
    meta->hue = update->hue;

  return meta;
}

static KlDeedVerdict
plan_update (KlChatDeed *deed, KlChatPlan *plan)
{
  Update *update = (Update *) deed;
  KlChatGroup *group = plan->group;
  KlChatPerson *person = deed->request->person;
  const KlStoreGroup *old = group->meta;
  KlRole role = kl_chat_group_get_role (group, person);
  g_autoptr (KlStoreGroup) meta = NULL;
  gboolean renamed, retopiced;
  KlStoreChange *change;

  if (kl_chat_plan_touches (plan, person) || kl_chat_plan_touches (plan, KL_CHAT_META (group)))
    return KL_DEED_WAIT;
  if (role == KL_ROLE_NONE)
    {
      kl_chat_request_not_member (g_steal_pointer (&deed->request));
      return KL_DEED_ANSWERED;
    }
  if (role < KL_ROLE_ADMIN)
    return refuse (deed, KL_ERROR_CODE_FORBIDDEN, "only admins change the group");

  meta = make_updated (update, old);
  if (meta->visibility != old->visibility && role < KL_ROLE_OWNER)
    return refuse (deed, KL_ERROR_CODE_FORBIDDEN, "only owners change who can find the group");
  renamed = strcmp (meta->name, old->name) != 0;
  retopiced = strcmp (meta->topic, old->topic) != 0;
  if (!renamed && !retopiced && meta->visibility == old->visibility && g_strcmp0 (meta->avatar, old->avatar) == 0
      && g_strcmp0 (meta->emoji, old->emoji) == 0 && meta->hue == old->hue)
    {
      kl_chat_request_answer_group (g_steal_pointer (&deed->request));
      return KL_DEED_ANSWERED;
    }

  change = kl_chat_plan_change (plan, deed, KL_CHANGE_GROUP);
  meta->rev = change->rev;
  change->group = kl_store_group_ref (meta);
  kl_chat_plan_touch (plan, KL_CHAT_META (group));
  if (renamed)
    kl_chat_plan_system (plan, deed, "renamed", NULL, person->id, meta->name);
  if (retopiced)
    kl_chat_plan_system (plan, deed, "topic", NULL, person->id, meta->topic);

  return KL_DEED_PLANNED;
}

static void
stored_update (KlChatDeed *deed)
{
  KlChatRequest *request = g_steal_pointer (&deed->request);

  if (request->group->state == KL_GROUP_GONE)
    kl_chat_request_ok (request);
  else
    kl_chat_request_answer_group (request);
}

static void
free_update (KlChatDeed *deed)
{
  Update *update = (Update *) deed;

  g_free (update->name);
  g_free (update->topic);
  g_free (update->emoji);
  g_free (update);
}

static const KlChatDeedClass update_class = { plan_update, stored_update, NULL, free_update };

static void
handle_update (KlChatRequest *request, KlJsonFields *in)
{
  Update *update = g_new0 (Update, 1);
  const char *avatar = kl_json_fields_id (in, "avatar", KL_JSON_OPTIONAL);

  update->deed.class = &update_class;
  update->deed.request = request;
  update->name = g_strdup (kl_json_fields_text (in, "name", KL_JSON_OPTIONAL, KL_TEXT_GROUP_NAME, NULL));
  update->topic = g_strdup (kl_json_fields_text (in, "topic", KL_JSON_OPTIONAL, KL_TEXT_TOPIC, NULL));
  update->visibility = kl_json_fields_word (in, "visibility", KL_JSON_OPTIONAL, kl_chat_visibility_words, -1);
  update->has_avatar = kl_json_fields_is_null (in, "avatar");
  update->has_emoji = kl_json_fields_has (in, "emoji");
  update->emoji = g_strdup (kl_json_fields_text (in, "emoji", KL_JSON_OPTIONAL, KL_TEXT_EMOJI, NULL));
  update->has_hue = kl_json_fields_has (in, "hue");
  update->hue = kl_json_fields_int (in, "hue", KL_JSON_OPTIONAL, 0, KL_LIMIT_HUE_MAX, -1);
  if (in->fault)
    {
      kl_chat_request_bad (g_steal_pointer (&update->deed.request), in);
      free_update (&update->deed);
      return;
    }
  if (avatar)
    {
      kl_chat_request_fail (g_steal_pointer (&update->deed.request), KL_ERROR_CODE_NOT_FOUND, "avatar",
                            "there is no such picture");
      free_update (&update->deed);
      return;
    }
  kl_chat_group_enqueue (request->group, &update->deed);
}

static KlDeedVerdict
plan_delete (KlChatDeed *deed, KlChatPlan *plan)
{
  KlChatGroup *group = plan->group;
  KlChatPerson *person = deed->request->person;
  KlRole role = kl_chat_group_get_role (group, person);
  KlStoreChange *change;

  if (kl_chat_plan_touches (plan, person) || kl_chat_plan_touches (plan, KL_CHAT_META (group)))
    return KL_DEED_WAIT;
  if (role == KL_ROLE_NONE)
    {
      kl_chat_request_not_member (g_steal_pointer (&deed->request));
      return KL_DEED_ANSWERED;
    }
  if (role < KL_ROLE_OWNER)
    return refuse (deed, KL_ERROR_CODE_FORBIDDEN, "only owners delete the group");

  change = kl_chat_plan_change (plan, deed, KL_CHANGE_GROUP);
  change->group = kl_store_group_copy (group->meta);
  change->group->rev = change->rev;
  change->group->deleted = TRUE;
  plan->closed = TRUE;

  return KL_DEED_PLANNED;
}

static void
stored_delete (KlChatDeed *deed)
{
  kl_chat_request_ok (g_steal_pointer (&deed->request));
}

static const KlChatDeedClass delete_class = { plan_delete, stored_delete, NULL, (gpointer) g_free };

/* Who was an owner when it was deleted may say so twice. */
static void
on_former_owner (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatRequest *request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreMember) member = kl_store_get_member_finish (KL_STORE (source), result, &error);

  if (member && member->role == KL_ROLE_OWNER)
    kl_chat_request_ok (request);
  else if (member || g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    kl_chat_request_no_group (request);
  else
    kl_chat_request_error (request, error);
}

typedef struct
{
  KlChatRequest *request;
  char *group;
} Deletion;

static void
on_delete_group (KlChatGroup *group, const GError *error, gpointer user_data)
{
  g_autofree Deletion *deletion = user_data;
  g_autofree char *id = deletion->group;
  KlChatRequest *request = deletion->request;
  KlChatDeed *deed;

  if (!group && g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    {
      kl_store_get_member_async (request->chat->store, id, request->person->id, on_former_owner, request);
      return;
    }
  if (error || !group->meta)
    {
      if (error)
        kl_chat_request_error (request, error);
      else
        kl_chat_request_no_group (request);
      return;
    }

  kl_chat_request_set_group (request, group);
  deed = g_new0 (KlChatDeed, 1);
  deed->class = &delete_class;
  deed->request = request;
  kl_chat_group_enqueue (group, deed);
}

static void
handle_delete (KlChatRequest *request, KlJsonFields *in)
{
  const char *group = kl_json_fields_id (in, "group", KL_JSON_REQUIRED);
  Deletion *deletion;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  deletion = g_new0 (Deletion, 1);
  deletion->request = request;
  deletion->group = g_strdup (group);
  kl_chat_get_group (request->chat, group, on_delete_group, deletion);
}

/* ── group:settings ── */

typedef struct
{
  KlChatRequest *request;
  KlStoreMember *marks;
  KlMarkFields fields;
} Settings;

static void
on_settings_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Settings *settings = user_data;
  g_autoptr (KlStoreMember) marks = settings->marks;
  KlChatRequest *request = settings->request;
  KlChatMember *member = kl_chat_group_get_member (request->group, request->person);
  g_autoptr (GError) error = NULL;

  if (!kl_store_set_marks_finish (KL_STORE (source), result, &error))
    {
      kl_chat_request_error (request, error);
      return;
    }
  if (!member)
    {
      kl_chat_request_not_member (request);
      return;
    }

  kl_chat_member_set_marks (member, marks, settings->fields);
  kl_bus_signal (request->chat->bus, &(KlBusSignal) {
                                         .kind = KL_BUS_SETTINGS,
                                         .group = request->group->id,
                                         .user = request->person->id,
                                     });
  kl_chat_group_show (request->group, request->person, request->connection);
  kl_chat_request_answer_group (request);
}

static void
handle_settings (KlChatRequest *request, KlJsonFields *in)
{
  const KlStoreMember *now = kl_chat_group_get_member (request->group, request->person)->state;
  g_autoptr (KlStoreMember) marks = kl_store_member_copy (now);
  KlMarkFields fields = 0;
  Settings *settings;

  marks->notify = kl_json_fields_word (in, "notify", KL_JSON_OPTIONAL, kl_chat_notify_words, now->notify);
  marks->pinned = kl_json_fields_bool (in, "pinned", KL_JSON_OPTIONAL, now->pinned);
  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }
  if (marks->notify != now->notify)
    fields |= KL_MARK_NOTIFY;
  if (marks->pinned != now->pinned)
    fields |= KL_MARK_PINNED;
  if (fields == 0)
    {
      kl_chat_request_answer_group (request);
      return;
    }

  settings = g_new0 (Settings, 1);
  settings->request = request;
  settings->marks = kl_store_member_ref (marks);
  settings->fields = fields;
  kl_store_set_marks_async (request->chat->store, request->group->id, marks, fields, on_settings_stored, settings);
}

/* ── The directory ── */

typedef struct
{
  KlChatRequest *request;
  guint limit;
  GPtrArray *listings;  /* KlStoreListing */
  GPtrArray *snapshots; /* KlChatSnapshot, of those that are loaded */
} Directory;

static void
free_directory (Directory *directory)
{
  g_clear_pointer (&directory->listings, g_ptr_array_unref);
  g_ptr_array_unref (directory->snapshots);
  g_free (directory);
}

static KlChatSnapshot *
find_snapshot (Directory *directory, const char *id)
{
  for (guint i = 0; i < directory->snapshots->len; i++)
    {
      KlChatSnapshot *snapshot = g_ptr_array_index (directory->snapshots, i);

      if (strcmp (snapshot->group->id, id) == 0)
        return snapshot;
    }

  return NULL;
}

static void
on_directory_counted (gpointer user_data, const GError *error)
{
  Directory *directory = user_data;
  KlChatRequest *request = directory->request;
  guint n = MIN (directory->listings->len, directory->limit);
  KlJsonWriter *out;

  if (error)
    {
      kl_chat_request_error (request, error);
      free_directory (directory);
      return;
    }

  out = kl_chat_request_begin (request);
  kl_json_key (out, "groups");
  kl_json_begin_array (out);
  for (guint i = 0; i < n; i++)
    {
      KlStoreListing *listing = g_ptr_array_index (directory->listings, i);
      KlChatSnapshot *snapshot = find_snapshot (directory, listing->group->id);

      if (snapshot)
        kl_chat_snapshot_write (snapshot, out);
      else
        kl_chat_write_listing (out, request->chat, listing);
    }
  kl_json_end_array (out);
  if (directory->listings->len > n)
    {
      KlStoreListing *last = g_ptr_array_index (directory->listings, n - 1);
      g_autofree char *next = g_strdup_printf ("%" G_GINT64_FORMAT ".%s", last->members, last->group->id);

      kl_json_member_string (out, "next", next);
    }
  kl_chat_request_finish (request);
  free_directory (directory);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Directory *directory = user_data;
  KlChatRequest *request = directory->request;
  g_autoptr (GError) error = NULL;

  directory->listings = kl_store_list_groups_finish (KL_STORE (source), result, &error);
  if (!directory->listings)
    {
      kl_chat_request_error (request, error);
      free_directory (directory);
      return;
    }

  for (guint i = 0; i < MIN (directory->listings->len, directory->limit); i++)
    {
      KlStoreListing *listing = g_ptr_array_index (directory->listings, i);
      KlChatGroup *group = g_hash_table_lookup (request->chat->groups, listing->group->id);

      if (group && group->state == KL_GROUP_READY && group->meta)
        g_ptr_array_add (directory->snapshots, kl_chat_snapshot_new (group, request->person));
    }
  kl_chat_count_snapshots (request->chat, request->person, directory->snapshots, on_directory_counted, directory);
}

static void
handle_directory (KlChatRequest *request, KlJsonFields *in)
{
  const char *query = kl_json_fields_text (in, "query", KL_JSON_OPTIONAL, KL_TEXT_QUERY, NULL);
  gint64 limit
      = kl_json_fields_int (in, "limit", KL_JSON_OPTIONAL, KL_LIMIT_PAGE_MIN, KL_LIMIT_PAGE_MAX, KL_LIMIT_PAGE_DEFAULT);
  const char *after = kl_json_fields_string (in, "after", KL_JSON_OPTIONAL, 1, KL_LIMIT_ADDRESS_BYTES, NULL);
  const char *dot = after ? strchr (after, '.') : NULL;
  Directory *directory;

  if (after && (!dot || dot[1] == '\0' || strspn (after, "0123456789") != (gsize) (dot - after)))
    kl_json_fields_refuse (in, "after", "is not the next of a page");
  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  directory = g_new0 (Directory, 1);
  directory->request = request;
  directory->limit = limit;
  directory->snapshots = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_snapshot_free);
  kl_store_list_groups_async (request->chat->store, query && *query ? query : NULL, FALSE,
                              after ? g_ascii_strtoll (after, NULL, 10) : 0, after ? dot + 1 : NULL, limit + 1,
                              on_listed, directory);
}

const KlChatEntry kl_chat_group_entries[] = {
  { "group:create", KL_ENTRY_PLAIN, handle_create },
  { "group:update", KL_ENTRY_MEMBER, handle_update },
  { "group:delete", KL_ENTRY_PLAIN, handle_delete },
  { "group:settings", KL_ENTRY_MEMBER, handle_settings },
  { "directory", KL_ENTRY_REST | KL_ENTRY_READ, handle_directory },
  { NULL },
};
