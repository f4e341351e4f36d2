/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objects of PROTOCOL.md as bytes: users, members, groups and a group as one person sees it. */
#include "server/chat/kl-chat-calls-private.h"

#include <string.h>

const char *const kl_chat_role_words[] = { "member", "admin", "owner", NULL };
const char *const kl_chat_notify_words[] = { "all", "mentions", "none", NULL };
const char *const kl_chat_visibility_words[] = { "private", "public", NULL };

static const char *const status_words[] = { "offline", "away", "online", "dnd" };

const char *
kl_chat_role_to_string (KlRole role)
{
  return role == KL_ROLE_NONE ? NULL : kl_chat_role_words[role - KL_ROLE_MEMBER];
}

static void
write_address (KlJsonWriter *out, const char *name, const char *between, const char *domain)
{
  g_autofree char *address = g_strconcat (name, between, domain, NULL);

  kl_json_member_string (out, "address", address);
}

/* ── Users ── */

static void
write_status (KlJsonWriter *out, KlChatPerson *person)
{
  kl_json_member_string (out, "status", status_words[person->status]);
  if (person->user && person->user->status_text)
    kl_json_member_string (out, "status_text", person->user->status_text);
  if (person->status == KL_CHAT_STATUS_OFFLINE && person->user && person->user->last_seen_at > 0)
    kl_json_member_int (out, "last_seen_at", person->user->last_seen_at);
}

static void
write_user_open (KlJsonWriter *out, KlChatPerson *person, gboolean with_presence)
{
  const KlStoreUser *user = person->user;

  kl_json_begin_object (out);
  kl_json_member_string (out, "id", user->id);
  kl_json_member_string (out, "name", user->name);
  write_address (out, user->name, "@", person->chat->settings.domain);
  kl_json_member_string (out, "display_name", user->display_name);
  kl_json_member_string_or_nothing (out, "avatar", user->avatar);
  if (user->deleted)
    kl_json_member_bool (out, "deleted", TRUE);
  if (with_presence)
    {
      write_status (out, person);
      kl_chat_presence_shown (person);
    }
  kl_json_member_int (out, "updated_at", user->updated_at);
}

void
kl_chat_write_shared_user (KlJsonWriter *out, KlChatPerson *person)
{
  write_user_open (out, person, TRUE);
  kl_json_end_object (out);
}

void
kl_chat_write_user (KlJsonWriter *out, KlChatPerson *person, KlChatPerson *viewer)
{
  gboolean own = person == viewer;

  write_user_open (out, person, own || (viewer && kl_chat_person_shares_group (person, viewer)));
  if (own)
    {
      kl_json_member_bool (out, "read_receipts", person->user->read_receipts);
      kl_json_member_bool (out, "dnd", person->user->dnd);
      if (person->user->admin)
        kl_json_member_string (out, "server_role", "admin");
      kl_json_key (out, "blocked");
      kl_json_begin_array (out);
      kl_json_end_array (out);
    }
  kl_json_end_object (out);
}

gsize
kl_chat_user_bound (KlChatPerson *person)
{
  const KlStoreUser *user = person->user;
  gsize texts;

  if (!user)
    return 0;

  texts = strlen (user->display_name) + (user->status_text ? strlen (user->status_text) : 0);

  return 320 + 2 * strlen (user->name) + strlen (person->chat->settings.domain) + 2 * texts;
}

void
kl_chat_write_presence (KlJsonWriter *out, KlChatPerson *person)
{
  kl_json_begin_object (out);
  kl_json_member_string (out, "id", person->id);
  write_status (out, person);
  kl_json_end_object (out);
}

void
kl_chat_write_member (KlJsonWriter *out, const KlStoreMember *member)
{
  kl_json_begin_object (out);
  kl_json_member_string (out, "user", member->user);
  kl_json_member_string (out, "role", kl_chat_role_to_string (member->role));
  kl_json_member_int (out, "rev", member->rev);
  if (member->role != KL_ROLE_NONE)
    kl_json_member_int (out, "joined_at", member->joined_at);
  kl_json_end_object (out);
}

/* ── Groups ── */

static void
write_meta (KlJsonWriter *out, const KlStoreGroup *meta, KlChat *chat, gint64 rev, gboolean with_nulls)
{
  kl_json_begin_object (out);
  kl_json_member_string (out, "id", meta->id);
  kl_json_member_string (out, "kind", meta->kind == KL_GROUP_KIND_DIRECT ? "direct" : "group");
  if (meta->slug)
    {
      kl_json_member_string (out, "slug", meta->slug);
      write_address (out, meta->slug, "@groups.", chat->settings.domain);
    }
  kl_json_member_string (out, "name", meta->name);
  kl_json_member_string (out, "topic", meta->topic);
  kl_json_member_string (out, "visibility", kl_chat_visibility_words[meta->visibility]);
  if (meta->avatar || with_nulls)
    kl_json_member_string (out, "avatar", meta->avatar);
  if (meta->emoji || with_nulls)
    kl_json_member_string (out, "emoji", meta->emoji);
  if (meta->hue >= 0)
    kl_json_member_int (out, "hue", meta->hue);
  else if (with_nulls)
    kl_json_member_null (out, "hue");
  kl_json_member_int (out, "rev", rev);
  kl_json_member_int (out, "created_at", meta->created_at);
}

void
kl_chat_write_group_shared (KlJsonWriter *out, const KlStoreGroup *meta, KlChat *chat, gint64 rev)
{
  write_meta (out, meta, chat, rev, TRUE);
  kl_json_end_object (out);
}

void
kl_chat_write_listing (KlJsonWriter *out, KlChat *chat, const KlStoreListing *listing)
{
  write_meta (out, listing->group, chat, listing->rev, FALSE);
  kl_json_member_int (out, "members", listing->members);
  /* A group with somebody online would be loaded. */
  kl_json_member_int (out, "online", 0);
  kl_json_member_int (out, "here", 0);
  kl_json_end_object (out);
}

static const char *
get_last_json (KlChatGroup *self, gsize *length)
{
  if (!self->last_json)
    self->last_json = kl_chat_message_cut (self->last_message, &self->last_json_length);
  *length = self->last_json_length;

  return self->last_json;
}

void
kl_chat_write_group_open (KlJsonWriter *out, KlChatGroup *group, gboolean with_last_message)
{
  write_meta (out, group->meta, group->chat, group->rev, FALSE);
  kl_json_member_int (out, "members", g_hash_table_size (group->members));
  kl_json_member_int (out, "online", group->n_online);
  kl_json_member_int (out, "here", group->n_here);
  if (with_last_message && group->last_message)
    {
      gsize length;
      const char *json = get_last_json (group, &length);

      kl_json_member_raw (out, "last_message", json, length);
    }
  if (with_last_message && group->call)
    {
      kl_json_key (out, "call");
      kl_chat_call_write (out, group->call, NULL);
    }
}

static gint64
get_others_read_seq (KlChatGroup *group, KlChatPerson *viewer)
{
  GHashTableIter iter;
  gpointer key, value;
  gint64 furthest = 0;

  if (!kl_chat_group_tells_reads (group) || !viewer->user || !viewer->user->read_receipts)
    return 0;

  g_hash_table_iter_init (&iter, group->members);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      KlChatPerson *person = key;
      KlChatMember *member = value;

      if (person != viewer && person->user && person->user->read_receipts)
        furthest = MAX (furthest, member->state->read_seq);
    }

  return furthest;
}

/* Up to, and without, the number of unread messages. */
static void
write_mine_open (KlJsonWriter *out, KlChatMember *member)
{
  gint64 others = get_others_read_seq (member->group, member->person);

  kl_json_key (out, "mine");
  kl_json_begin_object (out);
  kl_json_member_string (out, "role", kl_chat_role_to_string (member->state->role));
  kl_json_member_int (out, "read_seq", member->state->read_seq);
  if (others > 0)
    kl_json_member_int (out, "others_read_seq", others);
  kl_json_member_int (out, "mentions", 0);
  kl_json_member_string (out, "notify", kl_chat_notify_words[member->state->notify]);
  kl_json_member_bool (out, "pinned", member->state->pinned);
  kl_json_key (out, "unread");
}

/* ── Snapshots ── */

KlChatSnapshot *
kl_chat_snapshot_new (KlChatGroup *group, KlChatPerson *viewer)
{
  KlChatSnapshot *self = g_new0 (KlChatSnapshot, 1);
  KlChatMember *member = kl_chat_group_get_member (group, viewer);
  KlJsonWriter out;

  self->group = kl_chat_group_ref (group);
  self->json = g_string_sized_new (768);
  self->rev = group->rev;
  self->seq = group->seq;
  self->member = member != NULL;
  kl_json_writer_init_on (&out, self->json);
  kl_chat_write_group_open (&out, group, member != NULL);
  if (member)
    {
      self->read_seq = member->state->read_seq;
      write_mine_open (&out, member);
      if (group->last_message)
        {
          self->named = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_person_unuse);
          g_ptr_array_add (self->named, kl_chat_person_use (group->chat, group->last_message->sender));
        }
    }
  else
    {
      kl_json_end_object (&out);
    }

  return self;
}

void
kl_chat_snapshot_free (KlChatSnapshot *self)
{
  g_clear_pointer (&self->named, g_ptr_array_unref);
  g_string_free (self->json, TRUE);
  kl_chat_group_unref (self->group);
  g_free (self);
}

gsize
kl_chat_snapshot_get_length (KlChatSnapshot *self)
{
  return self->json->len + strlen ("1000}}");
}

void
kl_chat_snapshot_write (KlChatSnapshot *self, KlJsonWriter *out)
{
  if (self->member)
    {
      g_string_append_printf (self->json, "%u}}", self->unread);
      self->member = FALSE;
    }
  kl_json_raw (out, self->json->str, self->json->len);
}

/* ── {"group": …} ── */

typedef struct
{
  KlChatRequest *request;
  GPtrArray *snapshots;
} GroupAnswer;

static void
on_group_counted (gpointer user_data, const GError *error)
{
  g_autofree GroupAnswer *answer = user_data;
  g_autoptr (GPtrArray) snapshots = answer->snapshots;
  KlChatRequest *request = answer->request;
  KlJsonWriter *out;

  if (error)
    {
      kl_chat_request_error (request, error);
      return;
    }

  out = kl_chat_request_begin (request);
  kl_json_key (out, "group");
  kl_chat_snapshot_write (g_ptr_array_index (snapshots, 0), out);
  kl_chat_request_finish (request);
}

void
kl_chat_request_answer_group (KlChatRequest *self)
{
  GroupAnswer *answer = g_new0 (GroupAnswer, 1);
  KlChatSnapshot *snapshot = kl_chat_snapshot_new (self->group, self->person);

  answer->request = self;
  answer->snapshots = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_chat_snapshot_free);
  g_ptr_array_add (answer->snapshots, snapshot);
  for (guint i = 0; self->named && snapshot->named && i < snapshot->named->len; i++)
    kl_chat_request_name (self, g_ptr_array_index (snapshot->named, i));
  kl_chat_count_snapshots (self->chat, self->person, answer->snapshots, on_group_counted, answer);
}
