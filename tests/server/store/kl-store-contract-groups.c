/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Members, marks, the directory, the end of a group. */
#include "tests/server/store/kl-store-contract.h"
#include "tests/server/store/kl-store-kit.h"

/* ── Members and marks ── */

static KlStoreMember *
get_member (KlStore *store, const char *group, const char *user)
{
  KL_STORE_ANSWER;

  kl_store_kit_call (get_member, store, group, user);

  return kl_store_get_member_finish (store, result, NULL);
}

static void
set_marks (KlStoreFixture *self, const char *user, gint64 read_seq, KlNotify notify, gboolean pinned,
           KlMarkFields fields)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreMember) marks = kl_store_member_new ();

  marks->user = g_strdup (user);
  marks->read_seq = read_seq;
  marks->notify = notify;
  marks->pinned = pinned;
  kl_store_kit_call (set_marks, self->store, "g", marks, fields);
  g_assert_true (kl_store_set_marks_finish (self->store, result, NULL));
}

static void
assert_marks (KlStoreFixture *self, const char *user, gint64 read_seq, KlNotify notify, gboolean pinned)
{
  g_autoptr (KlStoreMember) member = get_member (self->store, "g", user);

  g_assert_cmpint (member->read_seq, ==, read_seq);
  g_assert_cmpint (member->notify, ==, notify);
  g_assert_cmpint (member->pinned, ==, pinned);
}

static void
test_marks (KlStoreFixture *self, gconstpointer unused)
{
  KlStoreBatch *batch;

  kl_store_fixture_add_group (self);
  kl_store_kit_send (self->store, "g", 2, 0, "u-ada", "a", "one");
  assert_marks (self, "u-ada", 0, KL_NOTIFY_ALL, FALSE);
  set_marks (self, "u-ada", 5, KL_NOTIFY_NONE, TRUE, KL_MARK_READ_SEQ);
  assert_marks (self, "u-ada", 5, KL_NOTIFY_ALL, FALSE);
  set_marks (self, "u-ada", 3, KL_NOTIFY_MENTIONS, TRUE, KL_MARK_READ_SEQ | KL_MARK_NOTIFY);
  assert_marks (self, "u-ada", 5, KL_NOTIFY_MENTIONS, FALSE);
  set_marks (self, "u-ada", 0, KL_NOTIFY_ALL, TRUE, KL_MARK_PINNED);
  assert_marks (self, "u-ada", 5, KL_NOTIFY_MENTIONS, TRUE);
  set_marks (self, "u-nobody", 9, KL_NOTIFY_ALL, TRUE, KL_MARK_READ_SEQ);
  set_marks (self, "u-ben", 9, KL_NOTIFY_ALL, TRUE, KL_MARK_READ_SEQ);
  g_assert_null (get_member (self->store, "g", "u-ben"));

  /* A new role leaves the marks alone; coming (back) in sets them. */
  batch = kl_store_batch_new ("g", 3, 1);
  kl_store_kit_add_member (batch, "u-ada", KL_ROLE_ADMIN)->sets_marks = FALSE;
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  assert_marks (self, "u-ada", 5, KL_NOTIFY_MENTIONS, TRUE);
  batch = kl_store_batch_new ("g", 4, 1);
  kl_store_kit_add_member (batch, "u-ada", KL_ROLE_MEMBER)->member->read_seq = 1;
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  assert_marks (self, "u-ada", 1, KL_NOTIFY_ALL, FALSE);
  kl_store_fixture_assert_head (self, "g", 5, 1);
}

static void
assert_member_page (KlStoreFixture *self, const char *query, const char *after, guint limit, const char *expected)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreMemberPage) page = NULL;
  GString *got = g_string_new (NULL);

  kl_store_kit_call (get_members, self->store, "g", query, after, limit);
  page = kl_store_get_members_finish (self->store, result, NULL);
  g_assert_cmpuint (page->members->len, ==, page->users->len);
  for (guint i = 0; i < page->members->len; i++)
    {
      KlStoreUser *user = g_ptr_array_index (page->users, i);

      g_assert_cmpstr (((KlStoreMember *) g_ptr_array_index (page->members, i))->user, ==, user->id);
      g_string_append_printf (got, "%s ", user->name);
    }
  g_assert_cmpstr (got->str, ==, expected);
  g_string_free (got, TRUE);
}

static void
assert_memberships (KlStoreFixture *self, const char *user, const char *expected)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) groups = NULL;
  GString *got = g_string_new (NULL);

  kl_store_kit_call (get_memberships, self->store, user);
  groups = kl_store_get_memberships_finish (self->store, result, NULL);
  for (guint i = 0; i < groups->len; i++)
    g_string_append_printf (got, "%s ", (char *) g_ptr_array_index (groups, i));
  g_assert_cmpstr (got->str, ==, expected);
  g_string_free (got, TRUE);
}

static void
test_members (KlStoreFixture *self, gconstpointer unused)
{
  KlStoreBatch *batch;
  g_autoptr (KlStoreMember) left = NULL;

  kl_store_fixture_add_group (self);
  batch = kl_store_batch_new ("g", 2, 0);
  kl_store_kit_add_member (batch, "u-cleo", KL_ROLE_MEMBER);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER);
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);

  assert_member_page (self, NULL, NULL, 100, "ada ben cleo ");
  assert_member_page (self, NULL, NULL, 2, "ada ben ");
  assert_member_page (self, NULL, "ben", 2, "cleo ");
  assert_member_page (self, "THÉ C", NULL, 9, "cleo "); /* of the display name, folded */
  assert_member_page (self, "be", NULL, 9, "ben ");
  assert_member_page (self, "%", NULL, 9, "");
  assert_memberships (self, "u-ben", "g ");
  assert_memberships (self, "u-nobody", "");

  batch = kl_store_batch_new ("g", 4, 0);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_NONE);
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  assert_member_page (self, NULL, NULL, 100, "ada cleo ");
  assert_memberships (self, "u-ben", "");
  left = get_member (self->store, "g", "u-ben");
  g_assert_cmpint (left->role, ==, KL_ROLE_NONE);
  g_assert_cmpint (left->rev, ==, 5);
}

static guint
count_unread (KlStoreFixture *self, const char *user, gint64 after, gint64 to, gint64 rev)
{
  KL_STORE_ANSWER;
  KlUnreadQuery queries[] = { { user, "nowhere", 0, 100, 100 }, { user, "g", after, to, rev } };
  g_autoptr (GArray) counts = NULL;

  kl_store_kit_call (count_unread, self->store, queries, 2);
  counts = kl_store_count_unread_finish (self->store, result, NULL);
  g_assert_cmpuint (counts->len, ==, 2);
  g_assert_cmpuint (g_array_index (counts, guint32, 0), ==, 0);

  return g_array_index (counts, guint32, 1);
}

static void
test_unread (KlStoreFixture *self, gconstpointer unused)
{
  KlStoreBatch *batch;

  kl_store_fixture_add_group (self);
  batch = kl_store_batch_new ("g", 2, 0);
  for (int seq = 1; seq <= 6; seq++)
    kl_store_kit_change_message (batch, seq, seq == 2 ? "u-ben" : "u-ada", "x", seq == 3 ? KL_MESSAGE_SYSTEM : 0);
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);

  g_assert_cmpuint (count_unread (self, "u-ben", 0, 6, 8), ==, 4);
  g_assert_cmpuint (count_unread (self, "u-ada", 0, 6, 8), ==, 1);
  g_assert_cmpuint (count_unread (self, "u-ben", 4, 6, 8), ==, 2);
  g_assert_cmpuint (count_unread (self, "u-ben", 4, 5, 8), ==, 1);
  g_assert_cmpuint (count_unread (self, "u-ben", 6, 6, 8), ==, 0);

  /* One deleted later than the moment that is asked for still counted then. */
  batch = kl_store_batch_new ("g", 8, 6);
  kl_store_kit_change_message (batch, 5, "u-ada", "", KL_MESSAGE_DELETED);
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  g_assert_cmpuint (count_unread (self, "u-ben", 0, 6, 9), ==, 3);
  g_assert_cmpuint (count_unread (self, "u-ben", 0, 6, 8), ==, 4);

  batch = kl_store_batch_new ("g", 9, 6);
  for (int seq = 7; seq <= 1200; seq++)
    kl_store_kit_change_message (batch, seq, "u-ada", "x", 0);
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  g_assert_cmpuint (count_unread (self, "u-ben", 1200 - 999, 1200, 9999), ==, 999);
  g_assert_cmpuint (count_unread (self, "u-ben", 0, 1200, 9999), ==, KL_UNREAD_MAX);
}

#define TOGETHER_MESSAGES 1700

/* Of the groups below. */
static guint
expect_unread (const KlUnreadQuery *query)
{
  gint64 last = g_str_equal (query->group, "g") ? TOGETHER_MESSAGES : g_str_equal (query->group, "h") ? 5 : 0;
  guint count = 0;

  for (gint64 seq = query->after_seq + 1; seq <= MIN (query->to_seq, last); seq++)
    count += seq != 2 && g_strcmp0 (query->user, seq % 2 == 0 ? "u-ben" : "u-ada") != 0;

  return MIN (count, KL_UNREAD_MAX);
}

/* Of several people at once, who stand at different places: as each would be told alone. */
static void
test_unread_together (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autoptr (GArray) counts = NULL;
  const KlUnreadQuery queries[] = {
    { "u-ben", "g", 1600, 1700, 9999 },  { "u-ada", "g", 0, 1700, 9999 },    { "u-cleo", "g", 0, 1700, 9999 },
    { "u-ben", "h", 0, 10, 9999 },       { "u-cleo", "g", 10, 12, 9999 },    { "u-ada", "g", 1690, 1695, 9999 },
    { "u-ben", "g", 1700, 1700, 9999 },  { "u-ada", "h", 0, 1, 9999 },       { "nobody", "g", 1650, 1700, 9999 },
    { "u-cleo", "nowhere", 0, 5, 9999 }, { "u-ada", "g", 1400, 1700, 9999 }, { "u-ben", "g", 1499, 1502, 9999 },
    { "u-cleo", "g", 1400, 1700, 9999 }, { "u-ben", "nowhere", 0, 5, 9999 }, { "u-cleo", "h", 1, 4, 9999 },
  };
  static const char *const groups[] = { "g", "h" };

  kl_store_fixture_add_group (self);
  kl_store_kit_add_group (self->store, "h", "u-ada", NULL, "Cake");
  for (guint i = 0; i < 2; i++)
    {
      KlStoreBatch *batch = kl_store_batch_new (groups[i], 2, 0);

      for (int seq = 1; seq <= (i == 0 ? TOGETHER_MESSAGES : 5); seq++)
        kl_store_kit_change_message (batch, seq, seq % 2 == 0 ? "u-ben" : "u-ada", "x",
                                     seq == 2 ? KL_MESSAGE_SYSTEM : 0);
      g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
    }

  kl_store_kit_call (count_unread, self->store, queries, G_N_ELEMENTS (queries));
  counts = kl_store_count_unread_finish (self->store, result, NULL);
  g_assert_cmpuint (counts->len, ==, G_N_ELEMENTS (queries));
  for (guint i = 0; i < counts->len; i++)
    g_assert_cmpuint (g_array_index (counts, guint32, i), ==, expect_unread (&queries[i]));
}

static void
test_bans (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreLoaded) loaded = NULL;
  g_autoptr (KlStoreBan) ban = kl_store_ban_new ();
  KlStoreBatch *batch;
  KlStoreChange *change;

  kl_store_fixture_add_group (self);
  batch = kl_store_batch_new ("g", 2, 0);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER);
  change = kl_store_kit_add_member (batch, "u-ben", KL_ROLE_NONE);
  g_set_str (&change->actor, "u-ada");
  change->bans = TRUE;
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  ban->user = g_strdup ("u-cleo");
  ban->by = g_strdup ("u-ada");
  ban->at = 1800000000000;
  kl_store_kit_call (set_ban, self->store, "g", ban, TRUE);
  g_assert_true (kl_store_set_ban_finish (self->store, result, NULL));

  loaded = kl_store_kit_load (self->store, "g");
  g_assert_cmpuint (loaded->bans->len, ==, 2);
  g_assert_cmpstr (((KlStoreBan *) g_ptr_array_index (loaded->bans, 0))->user, ==, "u-ben");
  g_assert_cmpstr (((KlStoreBan *) g_ptr_array_index (loaded->bans, 0))->by, ==, "u-ada");
  g_assert_cmpint (((KlStoreBan *) g_ptr_array_index (loaded->bans, 1))->at, ==, 1800000000000);

  kl_store_kit_call (set_ban, self->store, "g", ban, FALSE);
  g_assert_true (kl_store_set_ban_finish (self->store, result, NULL));
  g_clear_pointer (&loaded, kl_store_loaded_free);
  loaded = kl_store_kit_load (self->store, "g");
  g_assert_cmpuint (loaded->bans->len, ==, 1);
}

/* ── The directory, and the end of a group ── */

static void
assert_directory (KlStoreFixture *self, const char *query, gboolean all, gint64 after_members, const char *after_id,
                  guint limit, const char *expected)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) listings = NULL;
  GString *got = g_string_new (NULL);

  kl_store_kit_call (list_groups, self->store, query, all, after_members, after_id, limit);
  listings = kl_store_list_groups_finish (self->store, result, NULL);
  for (guint i = 0; i < listings->len; i++)
    {
      KlStoreListing *listing = g_ptr_array_index (listings, i);

      g_string_append_printf (got, "%s/%d ", listing->group->id, (int) listing->members);
    }
  g_assert_cmpstr (got->str, ==, expected);
  g_string_free (got, TRUE);
}

static void
test_directory (KlStoreFixture *self, gconstpointer unused)
{
  KlStoreBatch *batch;

  kl_store_fixture_add_people (self);
  kl_store_kit_add_group (self->store, "a", "u-ada", "cafe", "Zürich");
  kl_store_kit_add_group (self->store, "b", "u-ada", NULL, "Café 100%");
  kl_store_kit_add_group (self->store, "c", "u-ada", NULL, "Tea");
  batch = kl_store_kit_new_group ("d", "u-ada", NULL, "Secret café");
  g_array_index (batch->changes, KlStoreChange, 0).group->visibility = KL_VISIBILITY_PRIVATE;
  g_set_str (&g_array_index (batch->changes, KlStoreChange, 0).group->topic, "x");
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  batch = kl_store_batch_new ("c", 2, 0);
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER);
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);

  assert_directory (self, NULL, FALSE, 0, NULL, 9, "c/2 a/1 b/1 ");
  assert_directory (self, NULL, FALSE, 0, NULL, 2, "c/2 a/1 ");
  assert_directory (self, NULL, FALSE, 1, "a", 2, "b/1 ");
  assert_directory (self, NULL, FALSE, 2, "c", 9, "a/1 b/1 ");
  assert_directory (self, "CAFE", FALSE, 0, NULL, 9, "a/1 b/1 ");
  assert_directory (self, "zurich", FALSE, 0, NULL, 9, "a/1 ");
  assert_directory (self, "0%", FALSE, 0, NULL, 9, "b/1 ");
  assert_directory (self, "é", TRUE, 0, NULL, 9, "c/2 a/1 b/1 d/1 ");
  assert_directory (self, NULL, TRUE, 0, NULL, 9, "c/2 a/1 b/1 d/1 ");
  assert_directory (self, "nothing", FALSE, 0, NULL, 9, "");
}

static void
assert_totals (KlStoreFixture *self, gint64 users, gint64 groups, gint64 messages)
{
  KL_STORE_ANSWER;
  g_autofree KlStoreTotals *totals = NULL;

  kl_store_get_totals_async (self->store, kl_test_keep_result, &result);
  kl_test_await (&result);
  totals = kl_store_get_totals_finish (self->store, result, NULL);
  g_assert_cmpint (totals->users, ==, users);
  g_assert_cmpint (totals->groups, ==, groups);
  g_assert_cmpint (totals->messages, ==, messages);
}

static void
test_deleted_group (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreMember) member = NULL;
  g_autoptr (KlStoreBatch) log = NULL;
  g_autoptr (GPtrArray) messages = NULL, ops = NULL;
  const char *used[] = { "u-ada\na", NULL };
  KlStoreBatch *batch;
  KlStoreChange *change;

  kl_store_fixture_add_group (self);
  assert_totals (self, 3, 1, 0);
  kl_store_kit_send (self->store, "g", 2, 0, "u-ada", "a", "one");
  assert_totals (self, 3, 1, 1);
  batch = kl_store_batch_new ("g", 3, 1);
  change = kl_store_batch_add (batch, KL_CHANGE_GROUP);
  change->actor = g_strdup ("u-ada");
  change->group = kl_store_group_new ();
  change->group->id = g_strdup ("g");
  change->group->slug = g_strdup ("tea");
  change->group->name = g_strdup ("Tea & Talk");
  change->group->visibility = KL_VISIBILITY_PUBLIC;
  change->group->deleted = TRUE;
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);

  for (int i = 0; i < 2; i++)
    {
      assert_totals (self, 3, 0, 0);
      kl_store_fixture_assert_not_found (self, "g");
      assert_directory (self, NULL, TRUE, 0, NULL, 9, "");
      assert_memberships (self, "u-ada", "");
      batch = kl_store_batch_new ("g", 4, 1);
      kl_store_kit_add_message (batch, 2, "u-ada", "b", "late");
      g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_CONFLICT);
      g_assert_cmpint (kl_store_kit_append (self->store, kl_store_kit_new_group ("g9", "u-ben", "tea", "Again"), NULL),
                       ==, KL_APPEND_SLUG_TAKEN);
      kl_store_fixture_reopen (self);
    }

  messages = kl_store_kit_messages (self->store, "g", 1, 9);
  g_assert_cmpuint (messages->len, ==, 0);
  member = get_member (self->store, "g", "u-ada");
  g_assert_nonnull (member);
  kl_store_kit_call (read_log, self->store, "g", 3, 9);
  log = kl_store_read_log_finish (self->store, result, NULL);
  g_assert_cmpuint (log->changes->len, ==, 1);
  change = &g_array_index (log->changes, KlStoreChange, 0);
  g_assert_cmpint (change->kind, ==, KL_CHANGE_GROUP);
  g_assert_cmpint (change->rev, ==, 4);
  g_assert_true (change->group->deleted);
  kl_store_kit_call (find_ops, self->store, used);
  ops = kl_store_find_ops_finish (self->store, result, NULL);
  g_assert_nonnull (g_ptr_array_index (ops, 0));
}

void
kl_store_contract_add_groups (const char *prefix, const KlStoreContract *contract)
{
  kl_store_contract_add_test (prefix, "marks", contract, test_marks);
  kl_store_contract_add_test (prefix, "members", contract, test_members);
  kl_store_contract_add_test (prefix, "unread", contract, test_unread);
  kl_store_contract_add_test (prefix, "unread-together", contract, test_unread_together);
  kl_store_contract_add_test (prefix, "bans", contract, test_bans);
  kl_store_contract_add_test (prefix, "directory", contract, test_directory);
  kl_store_contract_add_test (prefix, "deleted-group", contract, test_deleted_group);
}
