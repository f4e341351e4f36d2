/* SPDX-License-Identifier: GPL-3.0-or-later
 * From the wire's objects to ours. */
#include "app/core/kl-wire.h"
#include "app/core/kl-core-enums.h"
#include "app/core/kl-error-private.h"
#include "protocol/kl-error-code.h"
#include "protocol/kl-limits.h"

#include <string.h>

enum
{
  BODY_BYTES_MAX = 64 * 1024, /* a server's limit may be above the default */
  NAME_BYTES_MAX = 1024,
  TOPIC_BYTES_MAX = 8 * 1024,
  STATUS_BYTES_MAX = 1024,
  MENTIONS_MAX = 10000,
  REACTIONS_MAX = 64,
  COUNT_MAX = 1000 * 1000 * 1000,
};

static const char *const role_words[] = { "none", "member", "admin", "owner", NULL };
static const char *const visibility_words[] = { "private", "public", NULL };
static const char *const group_kind_words[] = { "group", "direct", NULL };
static const char *const notify_words[] = { "all", "mentions", "none", NULL };
static const char *const message_kind_words[] = { "text", "media", "system", NULL };
static const char *const status_words[] = { "unknown", "offline", "away", "dnd", "online", NULL };

KlRole
kl_wire_role (const char *word)
{
  for (int i = 1; word != NULL && role_words[i] != NULL; i++)
    if (g_str_equal (word, role_words[i]))
      return (KlRole) i;
  return KL_ROLE_NONE;
}

/* ── Messages ── */

gboolean
kl_wire_read_message (yyjson_val *object, KlWireMessage *message)
{
  KlJsonFields in;

  kl_json_fields_init (&in, object);
  message->object = object;
  message->id = kl_json_fields_id (&in, "id", KL_JSON_REQUIRED);
  message->group = kl_json_fields_id (&in, "group", KL_JSON_REQUIRED);
  message->sender = kl_json_fields_user (&in, "sender", KL_JSON_REQUIRED);
  message->client_id = kl_json_fields_client_id (&in, "client_id", KL_JSON_OPTIONAL);
  message->seq = kl_json_fields_int (&in, "seq", KL_JSON_REQUIRED, 1, KL_LIMIT_INTEGER_MAX, 0);
  message->rev = kl_json_fields_int (&in, "rev", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  message->system = g_strcmp0 (yyjson_get_str (yyjson_obj_get (object, "kind")), "system") == 0;
  return in.fault == NULL;
}

static KlSystemEvent
read_system_event (const char *word)
{
  static const char *const words[] = { "created", "joined", "left", "removed", "renamed", "topic", "call" };

  for (guint i = 0; word != NULL && i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (word, words[i]))
      return (KlSystemEvent) (KL_SYSTEM_EVENT_CREATED + (int) i);
  return KL_SYSTEM_EVENT_UNKNOWN;
}

static GListModel *
read_reactions (yyjson_val *array, const char *me)
{
  GListStore *store;
  yyjson_val *reaction, *user;
  size_t i, n, j, m;

  if (yyjson_arr_size (array) == 0)
    return NULL;
  store = g_list_store_new (KL_TYPE_REACTION);
  yyjson_arr_foreach (array, i, n, reaction)
    {
      const char *emoji = yyjson_get_str (yyjson_obj_get (reaction, "emoji"));
      yyjson_val *users = yyjson_obj_get (reaction, "users");
      gboolean mine = FALSE;

      if (i >= REACTIONS_MAX || emoji == NULL || kl_text_check (emoji, strlen (emoji), KL_TEXT_EMOJI) != NULL)
        continue;
      yyjson_arr_foreach (users, j, m, user)
        mine = mine || yyjson_equals_str (user, me);
      g_autoptr (KlReaction) item = kl_reaction_new (emoji, (guint) yyjson_arr_size (users), mine);
      g_list_store_append (store, item);
    }
  return G_LIST_MODEL (store);
}

static gboolean
is_mentioned (KlJsonFields *in, const char *me)
{
  yyjson_val *mentions = kl_json_fields_array (in, "mentions", KL_JSON_OPTIONAL, MENTIONS_MAX), *user;
  size_t i, n;

  if (kl_json_fields_bool (in, "mentions_all", KL_JSON_OPTIONAL, FALSE))
    return TRUE;
  yyjson_arr_foreach (mentions, i, n, user)
    if (yyjson_equals_str (user, me))
      return TRUE;
  return FALSE;
}

gboolean
kl_wire_update_message (KlMessage *self, const KlWireMessage *message, KlPeople *people, const char *me)
{
  KlJsonFields in, system;

  kl_json_fields_init (&in, message->object);
  int kind = kl_json_fields_word (&in, "kind", KL_JSON_REQUIRED, message_kind_words, 0);
  const char *body = kl_json_fields_string (&in, "body", KL_JSON_OPTIONAL, 0, BODY_BYTES_MAX, NULL);
  const char *reply_to = kl_json_fields_id (&in, "reply_to", KL_JSON_OPTIONAL);
  gint64 created_at = kl_json_fields_int (&in, "created_at", KL_JSON_REQUIRED, 0, KL_LIMIT_INTEGER_MAX, 0);
  gint64 edited_at = kl_json_fields_int (&in, "edited_at", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, 0);
  gboolean deleted = kl_json_fields_bool (&in, "deleted", KL_JSON_OPTIONAL, FALSE);
  gboolean mentions_me = is_mentioned (&in, me);
  yyjson_val *system_object = kl_json_fields_object (&in, "system", KL_JSON_OPTIONAL);
  yyjson_val *reactions_array = kl_json_fields_array (&in, "reactions", KL_JSON_OPTIONAL, G_MAXINT);
  KlSystemEvent event = KL_SYSTEM_EVENT_NONE;
  KlUser *sender = kl_people_get (people, message->sender), *user = NULL, *by = NULL;
  const char *value = NULL;

  if (system_object != NULL)
    {
      kl_json_fields_init (&system, system_object);
      event = read_system_event (kl_json_fields_string (&system, "event", KL_JSON_REQUIRED, 1, 64, NULL));
      user = kl_people_get (people, kl_json_fields_user (&system, "user", KL_JSON_OPTIONAL));
      by = kl_people_get (people, kl_json_fields_user (&system, "by", KL_JSON_OPTIONAL));
      value = kl_json_fields_string (&system, "value", KL_JSON_OPTIONAL, 0, TOPIC_BYTES_MAX, NULL);
    }
  if (in.fault != NULL || sender == NULL || (system_object != NULL && system.fault != NULL))
    return FALSE;

  gboolean mine = g_str_equal (message->sender, me);
  KlMessageState state
      = kl_message_get_state (self) == KL_MESSAGE_STATE_READ ? KL_MESSAGE_STATE_READ : KL_MESSAGE_STATE_SENT;
  g_autoptr (GListModel) reactions = read_reactions (reactions_array, me);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_set (self, "id", message->id, "group-id", message->group, "seq", message->seq, "rev", message->rev,
                "client-id", message->client_id, "sender", sender, "mine", mine, "kind", kind, "body", body, "reply-to",
                reply_to, "mentions-me", mentions_me && !mine, "system-event", event, "system-user", user, "system-by",
                by, "system-value", value, "created-at", created_at, "edited-at", edited_at, "deleted", deleted,
                "state", state, "error", NULL, NULL);
  if (reactions != NULL || kl_message_get_reactions (self) != NULL)
    g_object_set (self, "reactions", reactions, NULL);
  g_object_thaw_notify (G_OBJECT (self));
  return TRUE;
}

char *
kl_wire_dup_people (const KlWireMessage *message)
{
  yyjson_val *system = yyjson_obj_get (message->object, "system");
  const char *user = yyjson_get_str (yyjson_obj_get (system, "user"));
  const char *by = yyjson_get_str (yyjson_obj_get (system, "by"));

  return g_strdup_printf (" %s %s %s ", message->sender, user != NULL ? user : "", by != NULL ? by : "");
}

/* ── People ── */

static void
update_presence (KlUser *self, yyjson_val *object)
{
  KlJsonFields in;

  kl_json_fields_init (&in, object);
  int status = kl_json_fields_word (&in, "status", KL_JSON_OPTIONAL, status_words, 0);
  const char *text = kl_json_fields_string (&in, "status_text", KL_JSON_OPTIONAL, 0, STATUS_BYTES_MAX, NULL);
  gint64 last_seen = kl_json_fields_int (&in, "last_seen_at", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, 0);
  if (in.fault == NULL)
    g_object_set (self, "status", status, "status-text", text, "last-seen",
                  last_seen > 0 ? last_seen : kl_user_get_last_seen (self), NULL);
}

void
kl_wire_update_user (KlUser *self, yyjson_val *object, gboolean with_presence)
{
  KlJsonFields in;

  kl_json_fields_init (&in, object);
  const char *name = kl_json_fields_string (&in, "name", KL_JSON_OPTIONAL, 0, NAME_BYTES_MAX, NULL);
  const char *address = kl_json_fields_string (&in, "address", KL_JSON_OPTIONAL, 0, KL_LIMIT_ADDRESS_BYTES, NULL);
  const char *display = kl_json_fields_string (&in, "display_name", KL_JSON_OPTIONAL, 0, NAME_BYTES_MAX, NULL);
  gboolean deleted = kl_json_fields_bool (&in, "deleted", KL_JSON_OPTIONAL, FALSE);
  const char *role = kl_json_fields_string (&in, "server_role", KL_JSON_OPTIONAL, 0, 64, NULL);
  if (in.fault != NULL)
    return;
  /* A presence event carries no names. */
  if (name != NULL)
    g_object_set (self, "name", name, "address", address, "display-name", display, "deleted", deleted, "server-admin",
                  g_strcmp0 (role, "admin") == 0, NULL);
  if (with_presence && (name == NULL || yyjson_obj_get (object, "status") != NULL))
    update_presence (self, object);
}

/* ── Groups ── */

static void
update_mine (KlGroup *self, yyjson_val *object, KlPeople *people)
{
  KlJsonFields in;

  kl_json_fields_init (&in, object);
  int role = kl_json_fields_word (&in, "role", KL_JSON_REQUIRED, role_words, 0);
  KlUser *peer = kl_people_get (people, kl_json_fields_user (&in, "peer", KL_JSON_OPTIONAL));
  gint64 read_seq = kl_json_fields_int (&in, "read_seq", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, 0);
  gint64 others = kl_json_fields_int (&in, "others_read_seq", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, 0);
  gint64 unread = kl_json_fields_int (&in, "unread", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, 0);
  gint64 mentions = kl_json_fields_int (&in, "mentions", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, 0);
  int notify = kl_json_fields_word (&in, "notify", KL_JSON_OPTIONAL, notify_words, 0);
  gboolean pinned = kl_json_fields_bool (&in, "pinned", KL_JSON_OPTIONAL, FALSE);
  if (in.fault != NULL)
    return;
  g_object_set (self, "role", role, "peer", peer, "read-seq", read_seq, "others-read-seq",
                MAX (others, kl_group_get_others_read_seq (self)), "unread",
                (guint) MIN (unread, KL_LIMIT_UNREAD_EXACT + 1), "mentions",
                (guint) MIN (mentions, KL_LIMIT_UNREAD_EXACT + 1), "notify", notify, "pinned", pinned, NULL);
}

static void
update_counts (KlGroup *self, yyjson_val *object)
{
  KlJsonFields in;

  kl_json_fields_init (&in, object);
  gint64 members = kl_json_fields_int (&in, "members", KL_JSON_OPTIONAL, 0, COUNT_MAX, -1);
  gint64 online = kl_json_fields_int (&in, "online", KL_JSON_OPTIONAL, 0, COUNT_MAX, -1);
  gint64 here = kl_json_fields_int (&in, "here", KL_JSON_OPTIONAL, 0, COUNT_MAX, -1);
  if (members >= 0)
    g_object_set (self, "members", (guint) members, NULL);
  if (online >= 0)
    g_object_set (self, "online", (guint) online, NULL);
  if (here >= 0)
    g_object_set (self, "here", (guint) here, NULL);
}

gboolean
kl_wire_update_group (KlGroup *self, yyjson_val *object, KlPeople *people, KlWireGroup *more)
{
  KlJsonFields in;

  kl_json_fields_init (&in, object);
  const char *name = kl_json_fields_string (&in, "name", KL_JSON_OPTIONAL, 0, NAME_BYTES_MAX, NULL);
  const char *topic = kl_json_fields_string (&in, "topic", KL_JSON_OPTIONAL, 0, TOPIC_BYTES_MAX, NULL);
  const char *slug = kl_json_fields_string (&in, "slug", KL_JSON_OPTIONAL, 0, 64, NULL);
  const char *address = kl_json_fields_string (&in, "address", KL_JSON_OPTIONAL, 0, KL_LIMIT_ADDRESS_BYTES, NULL);
  const char *emoji = kl_json_fields_text (&in, "emoji", KL_JSON_OPTIONAL, KL_TEXT_EMOJI, NULL);
  gint64 hue
      = kl_json_fields_int (&in, "hue", KL_JSON_OPTIONAL, 0, KL_LIMIT_HUE_MAX, kl_hue_for_id (kl_group_get_id (self)));
  int visibility = kl_json_fields_word (&in, "visibility", KL_JSON_OPTIONAL, visibility_words, 0);
  int kind = kl_json_fields_word (&in, "kind", KL_JSON_OPTIONAL, group_kind_words, 0);
  yyjson_val *mine = kl_json_fields_object (&in, "mine", KL_JSON_OPTIONAL);

  more->rev = kl_json_fields_int (&in, "rev", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, 0);
  more->created_at = kl_json_fields_int (&in, "created_at", KL_JSON_OPTIONAL, 0, KL_LIMIT_INTEGER_MAX, 0);
  more->last_message = kl_json_fields_object (&in, "last_message", KL_JSON_OPTIONAL);
  more->has_mine = mine != NULL;
  if (in.fault != NULL)
    return FALSE;

  g_object_freeze_notify (G_OBJECT (self));
  if (name != NULL)
    g_object_set (self, "kind", kind, "name", name, "topic", topic, "slug", slug, "address", address, "emoji", emoji,
                  "hue", (guint) hue, "visibility", visibility, NULL);
  update_counts (self, object);
  if (mine != NULL)
    update_mine (self, mine, people);
  if (kind == KL_GROUP_KIND_DIRECT && kl_group_get_peer (self) != NULL)
    g_object_set (self, "name", kl_user_get_display_name (kl_group_get_peer (self)), NULL);
  g_object_thaw_notify (G_OBJECT (self));
  return TRUE;
}

static void
write_last_message (KlJsonWriter *out, KlMessage *message)
{
  kl_json_key (out, "last_message");
  kl_json_begin_object (out);
  kl_json_member_string (out, "id", kl_message_get_id (message));
  kl_json_member_string (out, "group", kl_message_get_group_id (message));
  kl_json_member_int (out, "seq", kl_message_get_seq (message));
  kl_json_member_int (out, "rev", kl_message_get_rev (message));
  kl_json_member_string (out, "sender", kl_user_get_id (kl_message_get_sender (message)));
  kl_json_member_string (out, "kind", message_kind_words[kl_message_get_kind (message)]);
  g_autofree char *body = kl_message_dup_preview (message, KL_LIMIT_PREVIEW_CUT_CHARS);
  kl_json_member_string (out, "body", body);
  kl_json_member_int (out, "created_at", kl_message_get_created_at (message));
  if (kl_message_get_deleted (message))
    kl_json_member_bool (out, "deleted", TRUE);
  kl_json_end_object (out);
}

char *
kl_wire_write_group (KlGroup *self, gint64 rev, gint64 created_at, KlMessage *last_message)
{
  g_auto (KlJsonWriter) out = { 0 };

  kl_json_writer_init (&out, 1024);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "id", kl_group_get_id (self));
  kl_json_member_string (&out, "kind", group_kind_words[kl_group_get_kind (self)]);
  kl_json_member_string (&out, "name", kl_group_get_name (self));
  kl_json_member_string (&out, "topic", kl_group_get_topic (self));
  kl_json_member_string_or_nothing (&out, "slug", kl_group_get_slug (self));
  kl_json_member_string_or_nothing (&out, "address", kl_group_get_address (self));
  kl_json_member_string_or_nothing (&out, "emoji", kl_group_get_emoji (self));
  kl_json_member_int (&out, "hue", kl_group_get_hue (self));
  kl_json_member_string (&out, "visibility", visibility_words[kl_group_get_visibility (self)]);
  kl_json_member_int (&out, "members", kl_group_get_members (self));
  kl_json_member_int (&out, "rev", rev);
  kl_json_member_int (&out, "created_at", created_at);
  /* Not of the wire: how far the group goes, where that is a system message. */
  kl_json_member_int (&out, "newest_seq", kl_group_get_newest_seq (self));
  if (last_message != NULL && kl_message_get_id (last_message) != NULL && kl_message_get_sender (last_message) != NULL)
    write_last_message (&out, last_message);
  kl_json_key (&out, "mine");
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "role", role_words[kl_group_get_role (self)]);
  if (kl_group_get_peer (self) != NULL)
    kl_json_member_string (&out, "peer", kl_user_get_id (kl_group_get_peer (self)));
  kl_json_member_int (&out, "read_seq", kl_group_get_read_seq (self));
  kl_json_member_int (&out, "others_read_seq", kl_group_get_others_read_seq (self));
  kl_json_member_int (&out, "unread", kl_group_get_unread (self));
  kl_json_member_int (&out, "mentions", kl_group_get_mentions (self));
  kl_json_member_string (&out, "notify", notify_words[kl_group_get_notify (self)]);
  kl_json_member_bool (&out, "pinned", kl_group_get_pinned (self));
  kl_json_end_object (&out);
  kl_json_end_object (&out);
  return kl_json_writer_steal_string (&out, NULL);
}

/* ── Errors ── */

GError *
kl_wire_read_error (yyjson_val *answer)
{
  KlJsonFields in;

  kl_json_fields_init (&in, yyjson_obj_get (answer, "error"));
  const char *code = kl_json_fields_string (&in, "code", KL_JSON_OPTIONAL, 0, 64, NULL);
  const char *message = kl_json_fields_string (&in, "message", KL_JSON_OPTIONAL, 0, 1024, NULL);
  const char *field = kl_json_fields_string (&in, "field", KL_JSON_OPTIONAL, 0, 64, NULL);
  gint64 retry_after_ms
      = kl_json_fields_int (&in, "retry_after_ms", KL_JSON_OPTIONAL, 0, G_GINT64_CONSTANT (24) * 3600 * 1000, 0);
  KlErrorCode known = code != NULL ? kl_error_code_from_string (code) : KL_ERROR_CODE_INTERNAL;

  return kl_core_error_new_full (
      (KlCoreError) (KL_CORE_ERROR_BAD_REQUEST + (int) known - (int) KL_ERROR_CODE_BAD_REQUEST),
      message != NULL ? message : "The server gave no reason", field, retry_after_ms);
}
