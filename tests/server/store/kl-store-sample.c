/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/store/kl-store-sample.h"

#include <string.h>

#include "tests/server/store/kl-store-kit.h"

static const char *const people[] = { "ada", "ben", "clara", "dora", "emil", NULL };
static const char *const groups[] = { "big", "small", "direct", "gone", "gone-empty", "emptied", NULL };

/* ── Filling ── */

static void
add_session (KlStore *store, const char *id, const char *user, guint8 byte)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreSession) session = kl_store_session_new ();
  g_autoptr (GError) error = NULL;

  session->id = g_strdup (id);
  session->user = g_strdup (user);
  session->device = g_strdup (byte % 2 ? "Büro" : "");
  memset (session->token_hash, byte, sizeof session->token_hash);
  session->created_at = 1000 + byte;
  session->last_seen_at = 2000 + byte;
  kl_store_kit_call (create_session, store, session);
  g_assert_true (kl_store_create_session_finish (store, result, &error));
  g_assert_no_error (error);
}

static void
add_invite (KlStore *store, const char *code, const char *group, const char *by, gint64 expires_at, gint64 uses)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreInvite) invite = kl_store_invite_new ();
  g_autoptr (GError) error = NULL;

  invite->code = g_strdup (code);
  invite->group = g_strdup (group);
  invite->by = g_strdup (by);
  invite->registers = by == NULL;
  invite->created_at = 5000;
  invite->expires_at = expires_at;
  invite->uses_left = uses;
  kl_store_kit_call (create_invite, store, invite);
  g_assert_true (kl_store_create_invite_finish (store, result, &error));
  g_assert_no_error (error);
}

static void
fill_accounts (KlStore *store)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreUser) change = kl_store_user_new (), changed = NULL;
  g_autoptr (GPtrArray) ended = NULL;

  for (int i = 0; people[i]; i++)
    kl_store_kit_add_user (store, people[i]);
  change->id = g_strdup ("u-ben");
  change->display_name = g_strdup ("Ben “the ü” Ütz");
  change->avatar = g_strdup ("picture");
  change->status_text = g_strdup ("away\nfor tea");
  change->dnd = change->admin = TRUE;
  change->last_seen_at = 77;
  change->updated_at = 88;
  kl_store_kit_call (update_user, store, change,
                     KL_USER_DISPLAY_NAME | KL_USER_AVATAR | KL_USER_STATUS_TEXT | KL_USER_DND | KL_USER_ADMIN
                         | KL_USER_LAST_SEEN | KL_USER_READ_RECEIPTS);
  changed = kl_store_update_user_finish (store, result, NULL);
  g_assert_nonnull (changed);

  add_session (store, "s1", "u-ada", 1);
  add_session (store, "s2", "u-ben", 2);
  add_session (store, "s3", "u-ben", 3);
  kl_store_kit_call (set_password, store, "u-ben", "another hash", TRUE, "s3");
  ended = kl_store_set_password_finish (store, result, NULL);
  g_assert_cmpuint (ended->len, ==, 1);
}

static void
fill_big (KlStore *store, guint n_messages)
{
  gint64 rev = 2;
  KlStoreBatch *batch;
  KlStoreChange *change;

  kl_store_kit_add_group (store, "big", "u-ada", "tea", "Tea & Talk");
  batch = kl_store_batch_new ("big", rev, 0);
  for (int i = 1; people[i]; i++)
    {
      g_autofree char *user = g_strconcat ("u-", people[i], NULL);

      kl_store_kit_add_member (batch, user, i == 1 ? KL_ROLE_ADMIN : KL_ROLE_MEMBER);
      rev++;
    }
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);

  for (guint seq = 0; seq < n_messages;)
    {
      guint end = MIN (seq + 50, n_messages);

      batch = kl_store_batch_new ("big", rev, seq);
      for (; seq < end; seq++, rev++)
        {
          g_autofree char *client_id = g_strdup_printf ("c%u", seq + 1);

          change = kl_store_kit_add_message (batch, seq + 1, seq % 3 ? "u-ada" : "u-ben", client_id, "héllo \\u0000");
          if (seq % 10 == 9)
            change->message->flags = KL_MESSAGE_SYSTEM;
        }
      g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);
    }

  /* Edits, one of them twice, a deletion; somebody leaves, one is banned, the topic changes. */
  batch = kl_store_batch_new ("big", rev, n_messages);
  kl_store_kit_add_message (batch, 1, "u-ben", NULL, "edited");
  kl_store_kit_add_message (batch, 2, "u-ada", NULL, "edited");
  kl_store_kit_add_message (batch, 1, "u-ben", NULL, "edited again");
  change = kl_store_kit_add_message (batch, n_messages, "u-ada", NULL, "");
  change->message->flags = KL_MESSAGE_DELETED;
  kl_store_kit_add_member (batch, "u-clara", KL_ROLE_NONE);
  change = kl_store_kit_add_member (batch, "u-dora", KL_ROLE_NONE);
  change->actor = (g_free (change->actor), g_strdup ("u-ada"));
  change->bans = TRUE;
  change = kl_store_batch_add (batch, KL_CHANGE_GROUP);
  change->actor = g_strdup ("u-ada");
  change->op = g_strdup ("u-ada\ntopic");
  change->time = 99;
  change->group = kl_store_group_new ();
  change->group->id = g_strdup ("big");
  change->group->slug = g_strdup ("tea");
  change->group->name = g_strdup ("Tea");
  change->group->topic = g_strdup ("about\ttea");
  change->group->emoji = g_strdup ("🍵");
  change->group->hue = 3;
  change->group->visibility = KL_VISIBILITY_PUBLIC;
  change->group->created_at = 1764000000000;
  change->group->rev = change->rev;
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);
}

static void
set_marks (KlStore *store, const char *group, const char *user, gint64 read_seq)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreMember) marks = kl_store_member_new ();

  marks->user = g_strdup (user);
  marks->read_seq = read_seq;
  marks->notify = KL_NOTIFY_MENTIONS;
  marks->pinned = TRUE;
  kl_store_kit_call (set_marks, store, group, marks, KL_MARK_READ_SEQ | KL_MARK_NOTIFY | KL_MARK_PINNED);
  g_assert_true (kl_store_set_marks_finish (store, result, NULL));
}

static void
delete_group (KlStore *store, const char *group, gint64 rev, gint64 seq)
{
  KlStoreBatch *batch = kl_store_batch_new (group, rev, seq);
  KlStoreChange *change = kl_store_batch_add (batch, KL_CHANGE_GROUP);

  change->actor = g_strdup ("u-ada");
  change->group = kl_store_group_new ();
  change->group->id = g_strdup (group);
  change->group->rev = change->rev;
  change->group->name = g_strdup (group);
  change->group->topic = g_strdup ("");
  change->group->slug = g_strdup (group);
  change->group->visibility = KL_VISIBILITY_PUBLIC;
  change->group->created_at = 1764000000000;
  change->group->deleted = TRUE;
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);
}

static void
fill_others (KlStore *store)
{
  KlStoreBatch *batch;

  kl_store_kit_add_group (store, "small", "u-ben", NULL, "Small");
  kl_store_kit_send (store, "small", 2, 0, "u-ben", "s1", "one");
  batch = kl_store_kit_new_group ("direct", "u-ada", NULL, "");
  kl_store_kit_add_member (batch, "u-emil", KL_ROLE_OWNER);
  g_array_index (batch->changes, KlStoreChange, 0).group->kind = KL_GROUP_KIND_DIRECT;
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);

  kl_store_kit_add_group (store, "gone", "u-ada", "gone", "gone");
  for (int i = 0; i < 5; i++)
    {
      g_autofree char *client_id = g_strdup_printf ("gone%d", i);

      kl_store_kit_send (store, "gone", 2 + i, i, "u-ada", client_id, "soon gone");
    }
  add_invite (store, "to-gone", "gone", "u-ada", 0, 5);
  delete_group (store, "gone", 7, 5);
  kl_store_kit_add_group (store, "gone-empty", "u-ada", "gone-empty", "gone");
  delete_group (store, "gone-empty", 2, 0);

  kl_store_kit_add_group (store, "emptied", "u-ada", NULL, "Nobody is here");
  batch = kl_store_batch_new ("emptied", 2, 0);
  kl_store_kit_add_member (batch, "u-ada", KL_ROLE_NONE);
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);
}

static void
fill_invites (KlStore *store)
{
  KL_STORE_ANSWER;
  KlStoreBatch *batch = kl_store_batch_new ("small", 3, 1);
  KlStoreChange *change = kl_store_kit_add_member (batch, "u-clara", KL_ROLE_MEMBER);

  add_invite (store, "used", "small", "u-ben", 0, 3);
  add_invite (store, "console", NULL, NULL, G_MAXINT64 / 2, 100);
  add_invite (store, "expired", "big", "u-ada", 6000, 100);
  add_invite (store, "revoked", "big", "u-ada", 0, 100);
  kl_store_kit_call (revoke_invite, store, "revoked");
  g_assert_true (kl_store_revoke_invite_finish (store, result, NULL));
  change->invite = g_strdup ("used");
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);
}

void
kl_store_sample_fill (KlStore *store, guint n_messages)
{
  fill_accounts (store);
  fill_big (store, n_messages);
  fill_others (store);
  fill_invites (store);
  set_marks (store, "big", "u-emil", n_messages / 2);
  set_marks (store, "small", "u-ben", 1);
}

/* ── Comparing ── */

static char *
describe_log (KlStore *store, const char *group)
{
  KL_STORE_ANSWER;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreBatch) log = NULL;
  GString *text = g_string_new (group);

  kl_store_kit_call (read_log, store, group, 0, 100000);
  log = kl_store_read_log_finish (store, result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < log->changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (log->changes, KlStoreChange, i);

      g_string_append_printf (text, "\n%d %d %d", (int) change->rev, change->kind, (int) change->seq);
      if (change->message)
        g_string_append_printf (text, " %s %s %d %s", change->message->id, change->message->sender,
                                change->message->flags, change->message->json);
      if (change->member)
        g_string_append_printf (text, " %s %d", change->member->user, change->member->role);
      if (change->group)
        g_string_append_printf (text, " %s %s %d", change->group->name, change->group->topic, change->group->deleted);
    }

  return g_string_free_and_steal (text);
}

static char *
describe_changes (KlStore *store, const char *group)
{
  KL_STORE_ANSWER;
  g_autoptr (GArray) changes = NULL;
  GString *text = g_string_new (group);

  kl_store_kit_call (get_changes, store, group, 3, 100000);
  changes = kl_store_get_changes_finish (store, result, NULL);
  for (guint i = 0; i < changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (changes, KlStoreChange, i);

      g_string_append_printf (text, "\n%d %s %s", (int) change->rev, change->message ? change->message->json : "",
                              change->member ? change->member->user : "");
    }

  return g_string_free_and_steal (text);
}

static int
compare_members (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const KlStoreMember *const *) a)->user, (*(const KlStoreMember *const *) b)->user);
}

static char *
describe_group (KlStore *store, const char *group)
{
  KL_STORE_ANSWER;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreLoaded) loaded = NULL;
  GString *text = g_string_new (group);

  kl_store_kit_call (load_group, store, group);
  loaded = kl_store_load_group_finish (store, result, &error);
  if (!loaded)
    {
      g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
      g_string_append (text, " is gone");
      return g_string_free_and_steal (text);
    }
  g_string_append_printf (text, " %d %d %d %s %s %s %d %s", (int) loaded->rev, (int) loaded->seq,
                          (int) (loaded->time % 100000), loaded->group->slug, loaded->group->topic,
                          loaded->group->emoji, loaded->group->hue,
                          loaded->last_message ? loaded->last_message->json : "");
  g_ptr_array_sort (loaded->members, compare_members);
  for (guint i = 0; i < loaded->members->len; i++)
    {
      const KlStoreMember *member = g_ptr_array_index (loaded->members, i);

      g_string_append_printf (text, "\n%s %d %d %d %d %d", member->user, (int) member->rev, member->role,
                              (int) member->read_seq, member->notify, member->pinned);
    }
  for (guint i = 0; i < loaded->bans->len; i++)
    {
      const KlStoreBan *ban = g_ptr_array_index (loaded->bans, i);

      g_string_append_printf (text, "\nban %s %s %d", ban->user, ban->by, (int) ban->at);
    }

  return g_string_free_and_steal (text);
}

static char *
describe_former (KlStore *store)
{
  KL_STORE_ANSWER;
  static const char *const where[][2]
      = { { "big", "u-clara" }, { "big", "u-dora" }, { "gone", "u-ada" }, { "emptied", "u-ada" } };
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (where); i++)
    {
      g_autoptr (KlStoreMember) member = NULL;

      kl_store_kit_call (get_member, store, where[i][0], where[i][1]);
      member = kl_store_get_member_finish (store, result, NULL);
      g_assert_nonnull (member);
      g_string_append_printf (text, "%s %d %d\n", member->user, (int) member->rev, member->role);
    }

  return g_string_free_and_steal (text);
}

static char *
describe_people (KlStore *store)
{
  KL_STORE_ANSWER;
  GString *text = g_string_new (NULL);
  guint8 hash[KL_STORE_TOKEN_HASH_BYTES];

  for (int i = 0; people[i]; i++)
    {
      g_autofree char *id = g_strconcat ("u-", people[i], NULL);
      g_autoptr (KlStoreCredentials) credentials = NULL;
      g_autoptr (GPtrArray) memberships = NULL;

      kl_store_kit_call (get_credentials, store, people[i]);
      credentials = kl_store_get_credentials_finish (store, result, NULL);
      g_assert_nonnull (credentials);
      g_string_append_printf (text, "%s %s %s %s %d %d %d:", credentials->user->display_name,
                              credentials->password_hash, credentials->user->avatar, credentials->user->status_text,
                              credentials->user->dnd, credentials->user->admin, (int) credentials->user->last_seen_at);
      kl_store_kit_call (get_memberships, store, id);
      memberships = kl_store_get_memberships_finish (store, result, NULL);
      g_ptr_array_sort_values (memberships, (GCompareFunc) strcmp);
      for (guint n = 0; n < memberships->len; n++)
        g_string_append_printf (text, " %s", (char *) g_ptr_array_index (memberships, n));
      g_string_append_c (text, '\n');
    }
  for (guint8 byte = 1; byte <= 3; byte++)
    {
      g_autoptr (KlStoreSignedIn) who = NULL;

      memset (hash, byte, sizeof hash);
      kl_store_kit_call (find_session, store, hash);
      who = kl_store_find_session_finish (store, result, NULL);
      g_string_append_printf (text, "session %d: %s %s\n", byte, who ? who->session->id : "-",
                              who ? who->session->device : "-");
    }

  return g_string_free_and_steal (text);
}

static char *
describe_invites (KlStore *store)
{
  KL_STORE_ANSWER;
  static const char *const codes[] = { "used", "console", "expired", "revoked", "to-gone", NULL };
  GString *text = g_string_new (NULL);

  for (int i = 0; codes[i]; i++)
    {
      g_autoptr (KlStoreInvite) invite = NULL;

      kl_store_kit_call (get_invite, store, codes[i]);
      invite = kl_store_get_invite_finish (store, result, NULL);
      g_string_append_printf (text, "%s: %s %s %d %d\n", codes[i], invite ? invite->group : "-",
                              invite ? invite->by : "-", invite ? invite->registers : -1,
                              invite ? (int) invite->uses_left : -1);
    }

  return g_string_free_and_steal (text);
}

static char *
describe_ops (KlStore *store)
{
  KL_STORE_ANSWER;
  static const char *const ops[]
      = { "u-ben\nc1", "u-ada\nc2", "u-ada\ntopic", "u-ben\ns1", "u-ada\ngone0", "u-ada\nnever", NULL };
  g_autoptr (GPtrArray) found = NULL;
  GString *text = g_string_new (NULL);

  kl_store_kit_call (find_ops, store, ops);
  found = kl_store_find_ops_finish (store, result, NULL);
  for (guint i = 0; i < found->len; i++)
    {
      const KlStoreOp *op = g_ptr_array_index (found, i);

      /* Of what stood in a deleted group only the place has to be known. */
      if (op && g_str_equal (op->group, "gone"))
        g_string_append_printf (text, "gone %d\n", (int) op->rev);
      else
        g_string_append_printf (text, "%s %d %d %d\n", op ? op->group : "-", op ? (int) op->kind : -1,
                                op ? (int) op->rev : -1, op ? (int) op->seq : -1);
    }
  g_assert_null (g_ptr_array_index (found, 5));
  g_assert_nonnull (g_ptr_array_index (found, 4));

  return g_string_free_and_steal (text);
}

static char *
describe_totals (KlStore *store)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) listings = NULL;
  g_autofree KlStoreTotals *totals = NULL;
  GString *text = g_string_new (NULL);

  kl_store_kit_call (list_groups, store, "tea", FALSE, 0, NULL, 10);
  listings = kl_store_list_groups_finish (store, result, NULL);
  for (guint i = 0; i < listings->len; i++)
    {
      const KlStoreListing *listing = g_ptr_array_index (listings, i);

      g_string_append_printf (text, "%s %d %d\n", listing->group->id, (int) listing->rev, (int) listing->members);
    }
  g_clear_object (&result);
  kl_store_get_totals_async (store, kl_test_keep_result, &result);
  kl_test_await (&result);
  totals = kl_store_get_totals_finish (store, result, NULL);
  g_string_append_printf (text, "%d %d %d\n", (int) totals->users, (int) totals->groups, (int) totals->messages);

  return g_string_free_and_steal (text);
}

static char *
describe_unread (KlStore *store)
{
  KL_STORE_ANSWER;
  const KlUnreadQuery queries[] = {
    { .user = "u-ben", .group = "big", .after_seq = 0, .to_seq = 1000, .rev = 100000 },
    { .user = "u-ben", .group = "big", .after_seq = 20, .to_seq = 30, .rev = 100000 },
    { .user = "u-ben", .group = "small", .after_seq = 0, .to_seq = 10, .rev = 100000 },
    { .user = "u-ben", .group = "gone", .after_seq = 0, .to_seq = 10, .rev = 100000 },
  };
  g_autoptr (GArray) counts = NULL;
  GString *text = g_string_new (NULL);

  kl_store_kit_call (count_unread, store, queries, G_N_ELEMENTS (queries));
  counts = kl_store_count_unread_finish (store, result, NULL);
  for (guint i = 0; i < counts->len; i++)
    g_string_append_printf (text, "%u ", g_array_index (counts, guint32, i));

  return g_string_free_and_steal (text);
}

typedef char *(*Describe) (KlStore *store);
typedef char *(*DescribeGroup) (KlStore *store, const char *group);

static void
assert_same (char *one, char *other)
{
  g_autofree char *a = one, *b = other;

  g_assert_cmpstr (a, ==, b);
}

static void
go_on (KlStore *store, const char *group)
{
  g_autoptr (KlStoreLoaded) loaded = kl_store_kit_load (store, group);
  KlStoreBatch *batch = kl_store_batch_new (group, loaded->rev, loaded->seq);
  g_autoptr (KlStoreLoaded) after = NULL;

  /* What was done is known, and what is new follows. */
  kl_store_kit_add_message (batch, loaded->seq + 1, "u-ben", "c1", "again");
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OP_USED);
  kl_store_kit_send (store, group, loaded->rev, loaded->seq, "u-ben", "after the copy", "new");
  batch = kl_store_batch_new (group, loaded->rev + 1, loaded->seq + 1);
  kl_store_kit_add_message (batch, 1, "u-ben", NULL, "edited after the copy");
  kl_store_kit_add_member (batch, "u-clara", KL_ROLE_MEMBER);
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_OK);
  after = kl_store_kit_load (store, group);
  g_assert_cmpint (after->rev, ==, loaded->rev + 3);
  g_assert_cmpint (after->seq, ==, loaded->seq + 1);
  g_assert_cmpint (after->members->len, ==, loaded->members->len + 1);
  batch = kl_store_kit_new_group ("another", "u-ada", "gone", "the slug of a deleted one");
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_SLUG_TAKEN);
  batch = kl_store_kit_new_group ("another", "u-ada", "tea", "a slug in use");
  g_assert_cmpint (kl_store_kit_append (store, batch, NULL), ==, KL_APPEND_SLUG_TAKEN);
}

void
kl_store_sample_compare (KlStore *one, KlStore *other)
{
  static const Describe descriptions[]
      = { describe_people, describe_former, describe_invites, describe_ops, describe_unread, describe_totals };
  static const DescribeGroup of_groups[] = { describe_group, describe_log, describe_changes };

  g_assert_cmpstr (kl_store_get_epoch (one), ==, kl_store_get_epoch (other));
  g_assert_cmpstr (kl_store_get_secret (one), ==, kl_store_get_secret (other));
  for (gsize i = 0; i < G_N_ELEMENTS (descriptions); i++)
    assert_same (descriptions[i](one), descriptions[i](other));
  for (int n = 0; groups[n]; n++)
    for (gsize i = 0; i < G_N_ELEMENTS (of_groups); i++)
      assert_same (of_groups[i](one, groups[n]), of_groups[i](other, groups[n]));
  go_on (other, "big");
}
