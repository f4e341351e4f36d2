/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Codes that let people in: group:invite, invite:show, invite:revoke, group:invites. */
#include "server/chat/kl-chat-private.h"

static char *
make_url (KlChat *chat, const char *code)
{
  if (chat->settings.public_url)
    return g_strconcat (chat->settings.public_url, g_str_has_suffix (chat->settings.public_url, "/") ? "" : "/", "i/", code, NULL);

  return g_strconcat ("klatch:", chat->settings.domain, "/i/", code, NULL);
}

static void
write_invite_open (KlJsonWriter *out, KlChat *chat, const KlStoreInvite *invite)
{
  g_autofree char *url = make_url (chat, invite->code);

  kl_json_begin_object (out);
  kl_json_member_string (out, "code", invite->code);
  kl_json_member_string (out, "url", url);
  if (invite->expires_at > 0)
    kl_json_member_int (out, "expires_at", invite->expires_at);
}

/* ── group:invite ── */

typedef struct
{
  KlChatRequest *request;
  KlStoreInvite *invite;
} Invite;

static void
on_invite_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Invite *create = user_data;
  g_autoptr (KlStoreInvite) invite = create->invite;
  KlChatRequest *request = create->request;
  g_autoptr (GError) error = NULL;
  KlJsonWriter *out;

  if (!kl_store_create_invite_finish (KL_STORE (source), result, &error))
    {
      kl_chat_request_error (request, error);
      return;
    }

  out = kl_chat_request_begin (request);
  kl_json_key (out, "invite");
  write_invite_open (out, request->chat, invite);
  kl_json_end_object (out);
  kl_chat_request_finish (request);
}

static void
handle_invite (KlChatRequest *request, KlJsonFields *in)
{
  KlChatGroup *group = request->group;
  KlChatPerson *person = request->person;
  gboolean link = kl_json_fields_bool (in, "link", KL_JSON_REQUIRED, FALSE);
  gint64 expires_in_ms = kl_json_fields_int (in, "expires_in_ms", KL_JSON_OPTIONAL, 1, KL_LIMIT_INTEGER_MAX / 2,
                                             KL_LIMIT_INVITE_DEFAULT_MS);
  gint64 uses
      = kl_json_fields_int (in, "uses", KL_JSON_OPTIONAL, 1, KL_LIMIT_INTEGER_MAX, KL_LIMIT_INVITE_DEFAULT_USES);
  Invite *create;

  if (!in->fault && !link)
    kl_json_fields_refuse (in, "link", "has to be true");
  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }
  if (group->meta->kind == KL_GROUP_KIND_DIRECT
      || (group->meta->visibility == KL_VISIBILITY_PRIVATE && kl_chat_group_get_role (group, person) < KL_ROLE_ADMIN))
    {
      kl_chat_request_fail (request, KL_ERROR_CODE_FORBIDDEN, NULL, "only admins invite into this group");
      return;
    }

  create = g_new0 (Invite, 1);
  create->request = request;
  create->invite = kl_store_invite_new ();
  create->invite->code = kl_id_new_code ();
  create->invite->group = g_strdup (group->id);
  create->invite->by = g_strdup (person->id);
  create->invite->registers = person->user->admin || request->chat->settings.members_invite_register;
  create->invite->created_at = kl_chat_now_ms ();
  create->invite->expires_at = create->invite->created_at + expires_in_ms;
  create->invite->uses_left = uses;
  kl_store_create_invite_async (request->chat->store, create->invite, on_invite_created, create);
}

/* ── invite:show, and the look before signing in ── */

static const KlChatFault fault_no_invite = { KL_ERROR_CODE_NOT_FOUND, "code", "this invite is not good" };

static void
on_shown_group (KlChatGroup *group, const GError *error, gpointer user_data)
{
  KlChatRequest *request = user_data;
  KlJsonWriter *out;

  if (!group || !group->meta)
    {
      if (!error || g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
        kl_chat_request_fault (request, &fault_no_invite);
      else
        kl_chat_request_error (request, error);
      return;
    }

  out = kl_chat_request_begin (request);
  kl_json_key (out, "group");
  kl_chat_write_group_open (out, group, FALSE);
  kl_json_end_object (out);
  kl_chat_request_finish (request);
}

static void
on_shown_invite (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatRequest *request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreInvite) invite = kl_store_get_invite_finish (KL_STORE (source), result, &error);

  if (!invite)
    on_shown_group (NULL, error, request);
  else if (invite->group)
    kl_chat_get_group (request->chat, invite->group, on_shown_group, request);
  else
    kl_chat_request_ok (request);
}

static void
handle_show (KlChatRequest *request, KlJsonFields *in)
{
  const char *code = kl_json_fields_id (in, "code", KL_JSON_REQUIRED);

  if (in->fault)
    kl_chat_request_bad (request, in);
  else
    kl_store_get_invite_async (request->chat->store, code, on_shown_invite, request);
}

typedef struct
{
  KlChat *chat; /* referenced */
  KlChatReply reply;
  gpointer user_data;
} Preview;

static void
end_preview (Preview *preview, KlErrorCode code, KlChatGroup *group)
{
  g_auto (KlJsonWriter) out = { 0 };
  KlChatAnswer answer = { .code = code };

  kl_json_writer_init (&out, 256);
  kl_json_begin_object (&out);
  if (code != KL_ERROR_CODE_NONE)
    {
      kl_json_key (&out, "error");
      kl_json_begin_object (&out);
      kl_json_member_string (&out, "code", kl_error_code_to_string (code));
      kl_json_member_string (&out, "message",
                             code == KL_ERROR_CODE_NOT_FOUND ? fault_no_invite.text : "please try again later");
      kl_json_end_object (&out);
      if (code == KL_ERROR_CODE_UNAVAILABLE)
        answer.retry_after_ms = preview->chat->settings.store_retry_ms;
    }
  else if (group)
    {
      kl_json_key (&out, "group");
      kl_json_begin_object (&out);
      kl_json_member_string (&out, "name", group->meta->name);
      kl_json_member_string_or_nothing (&out, "emoji", group->meta->emoji);
      if (group->meta->hue >= 0)
        kl_json_member_int (&out, "hue", group->meta->hue);
      kl_json_member_int (&out, "members", g_hash_table_size (group->members));
      kl_json_end_object (&out);
    }
  kl_json_end_object (&out);
  answer.json = out.out->str;
  answer.length = out.out->len;
  preview->reply (&answer, preview->user_data);
  g_object_unref (preview->chat);
  g_free (preview);
}

static KlErrorCode
code_of (const GError *error)
{
  if (!error || g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    return KL_ERROR_CODE_NOT_FOUND;

  return g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_UNAVAILABLE) ? KL_ERROR_CODE_UNAVAILABLE
                                                                             : KL_ERROR_CODE_INTERNAL;
}

static void
on_previewed_group (KlChatGroup *group, const GError *error, gpointer user_data)
{
  if (group && group->meta)
    end_preview (user_data, KL_ERROR_CODE_NONE, group);
  else
    end_preview (user_data, code_of (error), NULL);
}

static void
on_previewed_invite (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Preview *preview = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreInvite) invite = kl_store_get_invite_finish (KL_STORE (source), result, &error);

  if (!invite)
    end_preview (preview, code_of (error), NULL);
  else if (invite->group)
    kl_chat_get_group (preview->chat, invite->group, on_previewed_group, preview);
  else
    end_preview (preview, KL_ERROR_CODE_NONE, NULL);
}

void
kl_chat_preview_invite (KlChat *self, const char *code, KlChatReply reply, gpointer user_data)
{
  Preview *preview;

  g_return_if_fail (KL_IS_CHAT (self));

  preview = g_new0 (Preview, 1);
  preview->chat = g_object_ref (self);
  preview->reply = reply;
  preview->user_data = user_data;
  kl_store_get_invite_async (self->store, code, on_previewed_invite, preview);
}

/* ── invite:revoke ── */

typedef struct
{
  KlChatRequest *request;
  char *code;
  gboolean by_me;
} Revoke;

static void
on_revoked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatRequest *request = user_data;
  g_autoptr (GError) error = NULL;

  if (kl_store_revoke_invite_finish (KL_STORE (source), result, &error))
    kl_chat_request_ok (request);
  else
    kl_chat_request_error (request, error);
}

/* `group` NULL: a code that joins none. */
static void
on_revoke_group (KlChatGroup *group, const GError *error, gpointer user_data)
{
  g_autofree Revoke *revoke = user_data;
  g_autofree char *code = revoke->code;
  KlChatRequest *request = revoke->request;
  KlRole role = group ? kl_chat_group_get_role (group, request->person) : KL_ROLE_NONE;
  gboolean may = revoke->by_me || role >= KL_ROLE_ADMIN || (!group && !error && request->person->user->admin);

  if (error && !g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
    kl_chat_request_error (request, error);
  else if (may)
    kl_store_revoke_invite_async (request->chat->store, code, on_revoked, request);
  else if (role == KL_ROLE_NONE)
    kl_chat_request_fault (request, &fault_no_invite);
  else
    kl_chat_request_fail (request, KL_ERROR_CODE_FORBIDDEN, NULL, "this invite is another's");
}

static void
on_revoke_invite (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Revoke *revoke = user_data;
  KlChatRequest *request = revoke->request;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreInvite) invite = kl_store_get_invite_finish (KL_STORE (source), result, &error);

  if (!invite)
    {
      if (g_error_matches (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND))
        kl_chat_request_fault (request, &fault_no_invite);
      else
        kl_chat_request_error (request, error);
      g_free (revoke->code);
      g_free (revoke);
      return;
    }

  revoke->by_me = g_strcmp0 (invite->by, request->person->id) == 0;
  if (invite->group)
    kl_chat_get_group (request->chat, invite->group, on_revoke_group, revoke);
  else
    on_revoke_group (NULL, NULL, revoke);
}

static void
handle_revoke (KlChatRequest *request, KlJsonFields *in)
{
  const char *code = kl_json_fields_id (in, "code", KL_JSON_REQUIRED);
  Revoke *revoke;

  if (in->fault)
    {
      kl_chat_request_bad (request, in);
      return;
    }

  revoke = g_new0 (Revoke, 1);
  revoke->request = request;
  revoke->code = g_strdup (code);
  kl_store_get_invite_async (request->chat->store, code, on_revoke_invite, revoke);
}

/* ── group:invites ── */

static void
on_invites (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlChatRequest *request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) invites = kl_store_list_invites_finish (KL_STORE (source), result, &error);
  KlJsonWriter *out;

  if (!invites)
    {
      kl_chat_request_error (request, error);
      return;
    }

  kl_chat_request_with_users (request);
  out = kl_chat_request_begin (request);
  kl_json_key (out, "invites");
  kl_json_begin_array (out);
  for (guint i = 0; i < invites->len; i++)
    {
      const KlStoreInvite *invite = g_ptr_array_index (invites, i);

      write_invite_open (out, request->chat, invite);
      kl_json_member_string (out, "group", invite->group);
      if (invite->by)
        {
          kl_json_member_string (out, "by", invite->by);
          kl_chat_request_name_id (request, invite->by);
        }
      kl_json_member_int (out, "uses_left", invite->uses_left);
      kl_json_end_object (out);
    }
  kl_json_end_array (out);
  kl_chat_request_finish (request);
}

static void
handle_invites (KlChatRequest *request, KlJsonFields *in)
{
  gboolean all = kl_chat_group_get_role (request->group, request->person) >= KL_ROLE_ADMIN;

  kl_store_list_invites_async (request->chat->store, request->group->id, all ? NULL : request->person->id, on_invites,
                               request);
}

const KlChatEntry kl_chat_invite_entries[] = {
  { "group:invite", KL_ENTRY_MEMBER, handle_invite },
  { "group:invites", KL_ENTRY_MEMBER, handle_invites },
  { "invite:show", KL_ENTRY_READ, handle_show },
  { "invite:revoke", KL_ENTRY_PLAIN, handle_revoke },
  { NULL },
};
