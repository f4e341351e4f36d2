/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/chat/kl-store-dump.h"

#include <string.h>

G_DEFINE_INTERFACE (KlStoreDump, kl_store_dump, G_TYPE_OBJECT)

static void
kl_store_dump_default_init (KlStoreDumpInterface *iface)
{
}

/* ── Records ── */

const char *
kl_dump_kind_get_name (KlDumpKind kind)
{
  static const char *const names[KL_DUMP_N_KINDS] = {
    [KL_DUMP_USER] = "users",     [KL_DUMP_SESSION] = "sessions", [KL_DUMP_INVITE] = "invites",
    [KL_DUMP_GROUP] = "groups",   [KL_DUMP_MEMBER] = "members",   [KL_DUMP_BAN] = "bans",
    [KL_DUMP_CHANGE] = "changes",
  };

  return names[kind];
}

KlDumpRecord *
kl_dump_record_new (KlDumpKind kind, const char *group)
{
  KlDumpRecord *self = g_new0 (KlDumpRecord, 1);

  self->kind = kind;
  self->group = g_strdup (group);

  return self;
}

void
kl_dump_record_free (KlDumpRecord *self)
{
  g_free (self->group);
  g_clear_pointer (&self->user, kl_store_user_unref);
  g_free (self->password_hash);
  g_clear_pointer (&self->session, kl_store_session_unref);
  g_clear_pointer (&self->invite, kl_store_invite_unref);
  g_clear_pointer (&self->state, kl_store_group_unref);
  g_clear_pointer (&self->member, kl_store_member_unref);
  g_clear_pointer (&self->ban, kl_store_ban_unref);
  kl_store_change_clear (&self->change);
  g_free (self);
}

char *
kl_dump_dup_rev_key (gint64 rev)
{
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x", rev);
}

gint64
kl_dump_parse_rev (const char *key)
{
  return key ? (gint64) g_ascii_strtoull (key, NULL, 16) : 0;
}

char *
kl_dump_record_dup_key (const KlDumpRecord *self)
{
  switch (self->kind)
    {
    case KL_DUMP_USER:
      return g_strdup (self->user->id);
    case KL_DUMP_SESSION:
      return g_strdup (self->session->id);
    case KL_DUMP_INVITE:
      return g_strdup (self->invite->code);
    case KL_DUMP_GROUP:
      return g_strdup (self->state->id);
    case KL_DUMP_MEMBER:
      return g_strdup (self->member->user);
    case KL_DUMP_BAN:
      return g_strdup (self->ban->user);
    case KL_DUMP_CHANGE:
      return kl_dump_dup_rev_key (self->change.rev);
    case KL_DUMP_N_KINDS:
    default:
      g_return_val_if_reached (NULL);
    }
}

/* ── As text: each value with its length, so that none can be taken for two ── */

static void
add_bytes (GString *text, const char *value, gsize length)
{
  g_string_append_printf (text, "%" G_GSIZE_FORMAT ":", length);
  g_string_append_len (text, value, (gssize) length);
  g_string_append_c (text, ',');
}

static void
add_text (GString *text, const char *value)
{
  add_bytes (text, value ? value : "", value ? strlen (value) : 0);
}

static void
add_int (GString *text, gint64 value)
{
  g_string_append_printf (text, "%" G_GINT64_FORMAT ",", value);
}

static void
describe_user (const KlStoreUser *user, const char *password_hash, GString *text)
{
  add_text (text, user->name);
  add_text (text, user->display_name);
  add_text (text, user->avatar);
  add_text (text, user->status_text);
  add_int (text, user->admin);
  add_int (text, user->read_receipts);
  add_int (text, user->dnd);
  add_int (text, user->disabled);
  add_int (text, user->deleted);
  add_int (text, user->last_seen_at);
  add_int (text, user->created_at);
  add_int (text, user->updated_at);
  add_text (text, password_hash);
}

static void
describe_session (const KlStoreSession *session, GString *text)
{
  add_text (text, session->user);
  add_text (text, session->device);
  add_bytes (text, (const char *) session->token_hash, KL_STORE_TOKEN_HASH_BYTES);
  add_int (text, session->created_at);
  add_int (text, session->last_seen_at);
}

static void
describe_invite (const KlStoreInvite *invite, GString *text)
{
  add_text (text, invite->group);
  add_text (text, invite->by);
  add_int (text, invite->registers);
  add_int (text, invite->created_at);
  add_int (text, invite->expires_at);
  add_int (text, invite->uses_left);
}

static void
describe_group (const KlDumpRecord *self, GString *text)
{
  const KlStoreGroup *group = self->state;

  add_int (text, group->rev);
  add_int (text, group->kind);
  add_int (text, group->visibility);
  add_text (text, group->slug);
  add_text (text, group->name);
  add_text (text, group->topic);
  add_text (text, group->avatar);
  add_text (text, group->emoji);
  add_int (text, group->hue);
  add_int (text, group->created_at);
  add_int (text, group->deleted);
  add_int (text, self->rev);
  add_int (text, self->seq);
  add_int (text, self->time);
  add_int (text, self->last_seq);
  add_int (text, self->members);
}

static void
describe_member (const KlStoreMember *member, GString *text)
{
  add_int (text, member->rev);
  add_int (text, member->role);
  add_int (text, member->joined_at);
  add_int (text, member->read_seq);
  add_int (text, member->notify);
  add_int (text, member->pinned);
}

/* The actor and the time of a change are for people who look into the database; not every store keeps them. The states
 * of members and of the group have records of their own. */
static void
describe_change (const KlStoreChange *change, GString *text)
{
  const KlStoreMessage *message = change->message;

  add_int (text, change->kind);
  add_int (text, change->seq);
  add_text (text, change->op);
  add_text (text, change->member ? change->member->user : NULL);
  add_int (text, message != NULL);
  if (!message)
    return;
  add_text (text, message->id);
  add_int (text, message->seq);
  add_int (text, message->rev);
  add_text (text, message->sender);
  add_int (text, message->created_at);
  add_int (text, message->flags);
  add_bytes (text, message->json, message->json_length);
}

void
kl_dump_record_describe (const KlDumpRecord *self, GString *text)
{
  g_autofree char *key = kl_dump_record_dup_key (self);

  add_text (text, self->group);
  add_text (text, key);
  switch (self->kind)
    {
    case KL_DUMP_USER:
      describe_user (self->user, self->password_hash, text);
      break;
    case KL_DUMP_SESSION:
      describe_session (self->session, text);
      break;
    case KL_DUMP_INVITE:
      describe_invite (self->invite, text);
      break;
    case KL_DUMP_GROUP:
      describe_group (self, text);
      break;
    case KL_DUMP_MEMBER:
      describe_member (self->member, text);
      break;
    case KL_DUMP_BAN:
      add_text (text, self->ban->by);
      add_int (text, self->ban->at);
      break;
    case KL_DUMP_CHANGE:
      describe_change (&self->change, text);
      break;
    case KL_DUMP_N_KINDS:
    default:
      g_return_if_reached ();
    }
  g_string_append_c (text, '\n');
}

/* ── Calls ── */

void
kl_store_dump_get_origin (KlStoreDump *self, KlDumpOrigin *origin)
{
  g_return_if_fail (KL_IS_STORE_DUMP (self));

  KL_STORE_DUMP_GET_IFACE (self)->get_origin (self, origin);
}

gint64
kl_store_dump_count_changes (KlStoreDump *self, GError **error)
{
  g_return_val_if_fail (KL_IS_STORE_DUMP (self), -1);

  return KL_STORE_DUMP_GET_IFACE (self)->count_changes (self, error);
}

gboolean
kl_store_dump_read (KlStoreDump *self, KlDumpKind kind, const char *group, const char *after, guint limit,
                    GPtrArray *records, char **next, GError **error)
{
  g_return_val_if_fail (KL_IS_STORE_DUMP (self), FALSE);
  g_return_val_if_fail (group || kind < KL_DUMP_MEMBER, FALSE);

  *next = NULL;

  return KL_STORE_DUMP_GET_IFACE (self)->read (self, kind, group, after, limit, records, next, error);
}

gboolean
kl_store_dump_begin (KlStoreDump *self, const KlDumpOrigin *origin, char **place, GError **error)
{
  g_return_val_if_fail (KL_IS_STORE_DUMP (self), FALSE);

  *place = NULL;

  return KL_STORE_DUMP_GET_IFACE (self)->begin (self, origin, place, error);
}

gboolean
kl_store_dump_write (KlStoreDump *self, GPtrArray *records, const char *place, GError **error)
{
  g_return_val_if_fail (KL_IS_STORE_DUMP (self), FALSE);

  return KL_STORE_DUMP_GET_IFACE (self)->write (self, records, place, error);
}

gboolean
kl_store_dump_finish (KlStoreDump *self, GError **error)
{
  g_return_val_if_fail (KL_IS_STORE_DUMP (self), FALSE);

  return KL_STORE_DUMP_GET_IFACE (self)->finish (self, error);
}
