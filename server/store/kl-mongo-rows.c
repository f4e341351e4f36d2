/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/store/kl-mongo-rows.h"

#include <string.h>

#include "protocol/kl-text.h"

static const char *const state_names[KL_STORE_DEED_CHANGES] = { "c0", "c1", "c2", "c3" };

/* ── Keys ── */

char *
kl_mongo_key (const char *group, gint64 rev)
{
  return g_strdup_printf ("%s:%010" G_GINT64_MODIFIER "x", group, MAX (rev, 0));
}

bson_t *
kl_mongo_filter_since (const char *field, const char *group, gint64 rev)
{
  g_autofree char *from = kl_mongo_key (group, rev);
  g_autofree char *to = g_strconcat (group, ";", NULL);

  return BCON_NEW (field, "{", "$gte", BCON_UTF8 (from), "$lt", BCON_UTF8 (to), "}");
}

/* ── Writing an entry ── */

static void
append_message (bson_t *doc, const KlStoreMessage *message)
{
  BSON_APPEND_UTF8 (doc, "i", message->id);
  BSON_APPEND_UTF8 (doc, "b", message->sender);
  BSON_APPEND_INT64 (doc, "a", message->created_at);
  if (message->flags)
    BSON_APPEND_INT32 (doc, "f", (int32_t) message->flags);
  bson_append_utf8 (doc, "j", 1, message->json, (int) message->json_length);
}

static void
append_member (bson_t *doc, const KlStoreChange *change)
{
  const KlStoreMember *member = change->member;
  bson_t marks;

  BSON_APPEND_INT32 (doc, "r", (int32_t) member->role);
  BSON_APPEND_INT64 (doc, "j", member->joined_at);
  if (change->bans)
    BSON_APPEND_BOOL (doc, "ban", true);
  if (!change->sets_marks)
    return;
  BSON_APPEND_DOCUMENT_BEGIN (doc, "mk", &marks);
  BSON_APPEND_INT64 (&marks, "s", member->read_seq);
  BSON_APPEND_INT32 (&marks, "n", (int32_t) member->notify);
  BSON_APPEND_BOOL (&marks, "p", member->pinned);
  bson_append_document_end (doc, &marks);
}

void
kl_mongo_append_group (bson_t *doc, const KlStoreGroup *group)
{
  BSON_APPEND_INT32 (doc, "kind", (int32_t) group->kind);
  BSON_APPEND_INT32 (doc, "vis", (int32_t) group->visibility);
  kl_mongo_append_string (doc, "slug", group->slug);
  BSON_APPEND_UTF8 (doc, "name", group->name ? group->name : "");
  BSON_APPEND_UTF8 (doc, "topic", group->topic ? group->topic : "");
  kl_mongo_append_string (doc, "avatar", group->avatar);
  kl_mongo_append_string (doc, "emoji", group->emoji);
  BSON_APPEND_INT32 (doc, "hue", group->hue);
  BSON_APPEND_INT64 (doc, "made", group->created_at);
  BSON_APPEND_BOOL (doc, "del", group->deleted);
}

static void
append_state (bson_t *entry, guint index, const KlStoreChange *change)
{
  bson_t state;

  if (!change->message && !change->member && !change->group)
    return;
  BSON_APPEND_DOCUMENT_BEGIN (entry, state_names[index], &state);
  if (change->kind == KL_CHANGE_MESSAGE)
    append_message (&state, change->message);
  else if (change->kind == KL_CHANGE_MEMBER)
    append_member (&state, change);
  else
    kl_mongo_append_group (&state, change->group);
  bson_append_document_end (entry, &state);
}

/* What the entry is about: a number is a message's seq, a text a member, 0 the group. */
static void
append_objects (bson_t *entry, const KlStoreChange *changes, guint n)
{
  bson_array_builder_t *objects;

  BSON_APPEND_ARRAY_BUILDER_BEGIN (entry, "o", &objects);
  for (guint i = 0; i < n; i++)
    if (changes[i].kind == KL_CHANGE_MEMBER)
      bson_array_builder_append_utf8 (objects, changes[i].member->user, -1);
    else
      bson_array_builder_append_int64 (objects, changes[i].kind == KL_CHANGE_MESSAGE ? changes[i].seq : 0);
  bson_append_array_builder_end (entry, objects);
}

static void
move_head (KlMongoHead *head, const KlStoreChange *change, gint64 last)
{
  head->rev = change->rev;
  if (change->kind != KL_CHANGE_MESSAGE)
    head->meta = last;
  if (change->group)
    head->deleted = change->group->deleted;
  if (change->kind != KL_CHANGE_MESSAGE || change->seq <= head->seq)
    return;
  head->seq = change->seq;
  if (!change->message)
    return;
  head->time = change->message->created_at;
  if (!(change->message->flags & KL_MESSAGE_SYSTEM))
    head->last_seq = change->seq;
}

static void
append_ids (bson_t *entry, const KlStoreChange *changes, guint n)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new (), users = g_ptr_array_new ();
  gint64 seq = 0;

  for (guint i = 0; i < n; i++)
    if (changes[i].message)
      {
        g_ptr_array_add (messages, changes[i].message->id);
        seq = MAX (seq, changes[i].seq);
      }
    else if (changes[i].kind == KL_CHANGE_MEMBER)
      g_ptr_array_add (users, changes[i].member->user);

  if (seq > 0)
    BSON_APPEND_INT64 (entry, "s", seq);
  if (messages->len == 1)
    BSON_APPEND_UTF8 (entry, "i", g_ptr_array_index (messages, 0));
  else if (messages->len > 1)
    kl_mongo_append_strings (entry, "i", messages);
  if (users->len > 0)
    kl_mongo_append_strings (entry, "u", users);
}

bson_t *
kl_mongo_write_entry (const KlStoreBatch *batch, guint first, guint n, KlMongoHead *head, const char *nonce)
{
  const KlStoreChange *changes = &g_array_index (batch->changes, KlStoreChange, first);
  gint64 rev = batch->base_rev + first + 1, last = rev + n - 1;
  g_autofree char *key = kl_mongo_key (batch->group, rev);
  bson_t *entry = bson_new ();

  for (guint i = 0; i < n; i++)
    move_head (head, &changes[i], last);

  BSON_APPEND_UTF8 (entry, "_id", key);
  BSON_APPEND_UTF8 (entry, "g", batch->group);
  BSON_APPEND_INT64 (entry, "r", rev);
  BSON_APPEND_INT64 (entry, "e", last);
  append_ids (entry, changes, n);
  if (head->meta == last)
    BSON_APPEND_UTF8 (entry, "mg", key);
  kl_mongo_append_string (entry, "op", changes[0].op);
  kl_mongo_append_string (entry, "by", changes[0].actor);
  BSON_APPEND_INT64 (entry, "at", changes[0].time);
  BSON_APPEND_TIMESTAMP (entry, "ts", 0, 0);
  if (rev == 1 && changes[0].group)
    kl_mongo_append_string (entry, "slug", changes[0].group->slug);
  BSON_APPEND_UTF8 (entry, "w", nonce);
  BSON_APPEND_INT64 (entry, "hq", head->seq);
  BSON_APPEND_INT64 (entry, "ht", head->time);
  BSON_APPEND_INT64 (entry, "hl", head->last_seq);
  BSON_APPEND_INT64 (entry, "hm", head->meta);
  if (head->deleted)
    BSON_APPEND_BOOL (entry, "hd", true);
  append_objects (entry, changes, n);
  for (guint i = 0; i < n; i++)
    append_state (entry, i, &changes[i]);

  return entry;
}

/* ── Reading an entry ── */

void
kl_mongo_read_head (const bson_t *entry, KlMongoHead *head)
{
  head->rev = kl_mongo_int (entry, "e");
  head->seq = kl_mongo_int (entry, "hq");
  head->time = kl_mongo_int (entry, "ht");
  head->last_seq = kl_mongo_int (entry, "hl");
  head->meta = kl_mongo_int (entry, "hm");
  head->deleted = kl_mongo_bool (entry, "hd");
}

gint64
kl_mongo_entry_first (const bson_t *entry)
{
  return kl_mongo_int (entry, "r");
}

gint64
kl_mongo_entry_last (const bson_t *entry)
{
  return kl_mongo_int (entry, "e");
}

static KlStoreMessage *
read_message (const bson_t *state, gint64 seq, gint64 rev)
{
  KlStoreMessage *message = kl_store_message_new ();
  bson_iter_t iter;
  uint32_t length = 0;
  const char *json = "";

  if (bson_iter_init_find (&iter, state, "j") && BSON_ITER_HOLDS_UTF8 (&iter))
    json = bson_iter_utf8 (&iter, &length);
  message->id = kl_mongo_dup_string (state, "i");
  message->seq = seq;
  message->rev = rev;
  message->sender = kl_mongo_dup_string (state, "b");
  message->created_at = kl_mongo_int (state, "a");
  message->flags = (KlMessageFlags) kl_mongo_int (state, "f");
  message->json = g_strndup (json, length);
  message->json_length = length;

  return message;
}

static void
read_member (const bson_t *state, KlStoreChange *change)
{
  KlStoreMember *member = change->member;
  bson_t marks;

  member->role = (KlRole) kl_mongo_int (state, "r");
  member->joined_at = kl_mongo_int (state, "j");
  change->bans = kl_mongo_bool (state, "ban");
  if (!kl_mongo_sub (state, "mk", &marks))
    return;
  change->sets_marks = TRUE;
  member->read_seq = kl_mongo_int (&marks, "s");
  member->notify = (KlNotify) kl_mongo_int (&marks, "n");
  member->pinned = kl_mongo_bool (&marks, "p");
}

static void
read_change (const bson_t *entry, const char *group, guint index, bson_iter_t *object, KlStoreChange *change)
{
  bson_t state;
  gboolean has_state = kl_mongo_sub (entry, state_names[index], &state);

  change->goes_along = index > 0;
  if (BSON_ITER_HOLDS_UTF8 (object))
    {
      change->kind = KL_CHANGE_MEMBER;
      change->member = kl_store_member_new ();
      change->member->user = g_strdup (bson_iter_utf8 (object, NULL));
      change->member->rev = change->rev;
      if (has_state)
        read_member (&state, change);
      return;
    }
  change->seq = bson_iter_as_int64 (object);
  change->kind = change->seq > 0 ? KL_CHANGE_MESSAGE : KL_CHANGE_GROUP;
  if (!has_state)
    return;
  if (change->kind == KL_CHANGE_MESSAGE)
    change->message = read_message (&state, change->seq, change->rev);
  else
    change->group = kl_mongo_read_group (&state, group, change->rev);
}

void
kl_mongo_read_entry (const bson_t *entry, GArray *changes)
{
  const char *group = kl_mongo_string (entry, "g");
  bson_iter_t iter, object;
  guint i = 0;

  if (!bson_iter_init_find (&iter, entry, "o") || !BSON_ITER_HOLDS_ARRAY (&iter) || !bson_iter_recurse (&iter, &object))
    return;
  while (i < KL_STORE_DEED_CHANGES && bson_iter_next (&object))
    {
      KlStoreChange change = { .rev = kl_mongo_entry_first (entry) + i };

      change.actor = kl_mongo_dup_string (entry, "by");
      change.time = kl_mongo_int (entry, "at");
      if (i == 0)
        change.op = kl_mongo_dup_string (entry, "op");
      read_change (entry, group, i++, &object, &change);
      g_array_append_val (changes, change);
    }
}

GArray *
kl_mongo_changes_new (void)
{
  GArray *changes = g_array_new (FALSE, TRUE, sizeof (KlStoreChange));

  g_array_set_clear_func (changes, (GDestroyNotify) kl_store_change_clear);

  return changes;
}

/* ── States ── */

KlStoreGroup *
kl_mongo_read_group (const bson_t *doc, const char *id, gint64 rev)
{
  KlStoreGroup *group = kl_store_group_new ();

  group->id = g_strdup (id);
  group->rev = rev;
  group->kind = (KlGroupKind) kl_mongo_int (doc, "kind");
  group->visibility = (KlVisibility) kl_mongo_int (doc, "vis");
  group->slug = kl_mongo_dup_string (doc, "slug");
  group->name = kl_mongo_dup_string (doc, "name");
  group->topic = kl_mongo_dup_string (doc, "topic");
  group->avatar = kl_mongo_dup_string (doc, "avatar");
  group->emoji = kl_mongo_dup_string (doc, "emoji");
  group->hue = (int) kl_mongo_int (doc, "hue");
  group->created_at = kl_mongo_int (doc, "made");
  group->deleted = kl_mongo_bool (doc, "del");

  return group;
}

char *
kl_mongo_fold_group (const KlStoreGroup *group)
{
  g_autofree char *all
      = g_strjoin ("\n", group->name, group->slug ? group->slug : "", group->topic ? group->topic : "", NULL);

  return kl_text_fold (all, -1);
}

KlStoreUser *
kl_mongo_read_user (const bson_t *doc)
{
  KlStoreUser *user = kl_store_user_new ();

  user->id = kl_mongo_dup_string (doc, "_id");
  user->name = kl_mongo_dup_string (doc, "name");
  user->display_name = kl_mongo_dup_string (doc, "display");
  user->avatar = kl_mongo_dup_string (doc, "avatar");
  user->status_text = kl_mongo_dup_string (doc, "status");
  user->admin = kl_mongo_bool (doc, "admin");
  user->read_receipts = kl_mongo_bool (doc, "receipts");
  user->dnd = kl_mongo_bool (doc, "dnd");
  user->disabled = kl_mongo_bool (doc, "disabled");
  user->deleted = kl_mongo_bool (doc, "deleted");
  user->last_seen_at = kl_mongo_int (doc, "seen");
  user->created_at = kl_mongo_int (doc, "made");
  user->updated_at = kl_mongo_int (doc, "updated");

  return user;
}

KlStoreSession *
kl_mongo_read_session (const bson_t *doc)
{
  KlStoreSession *session = kl_store_session_new ();
  const char *hash = kl_mongo_string (doc, "_id");

  session->id = kl_mongo_dup_string (doc, "id");
  session->user = kl_mongo_dup_string (doc, "u");
  session->device = kl_mongo_dup_string (doc, "device");
  for (gsize i = 0; hash && strlen (hash) == 2 * KL_STORE_TOKEN_HASH_BYTES && i < KL_STORE_TOKEN_HASH_BYTES; i++)
    session->token_hash[i]
        = (guint8) (g_ascii_xdigit_value (hash[2 * i]) << 4 | g_ascii_xdigit_value (hash[2 * i + 1]));
  session->created_at = kl_mongo_int (doc, "made");
  session->last_seen_at = kl_mongo_int (doc, "seen");

  return session;
}

KlStoreBan *
kl_mongo_read_ban (const bson_t *doc)
{
  KlStoreBan *ban = kl_store_ban_new ();

  ban->user = kl_mongo_dup_string (doc, "u");
  ban->by = kl_mongo_dup_string (doc, "by");
  ban->at = kl_mongo_int (doc, "at");

  return ban;
}
