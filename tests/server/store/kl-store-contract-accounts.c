/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users, sessions, invites. */
#include <string.h>

#include "tests/server/store/kl-store-contract.h"
#include "tests/server/store/kl-store-kit.h"

/* ── Users ── */

/* "": it worked; else the error's name. */
static const char *
try_create (KlStore *store, const char *name, KlStoreCreate how, const char *invite, char **group)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreUser) user = kl_store_user_new ();
  g_autoptr (KlStoreInvite) used = NULL;
  g_autoptr (GError) error = NULL;

  user->id = g_strdup_printf ("u-%s", name);
  user->name = g_strdup (name);
  user->display_name = g_strdup (name);
  kl_store_kit_call (create_user, store, user, "hash", how, invite);
  used = kl_store_create_user_finish (store, result, &error);
  if (used)
    {
      g_assert_cmpint (used->code != NULL, ==, invite != NULL);
      if (group)
        *group = g_strdup (used->group);
      return "";
    }
  g_assert_cmpuint (error->domain, ==, KL_STORE_ERROR);
  if (error->code == KL_STORE_ERROR_TAKEN)
    return "taken";
  if (error->code == KL_STORE_ERROR_SPENT)
    return "spent";

  return error->code == KL_STORE_ERROR_NOT_FIRST ? "not first" : error->message;
}

static gint64
count_users (KlStore *store)
{
  KL_STORE_ANSWER;

  g_clear_object (&result);
  kl_store_count_users_async (store, kl_test_keep_result, &result);
  kl_test_await (&result);

  return kl_store_count_users_finish (store, result, NULL);
}

static void
test_create_user (KlStoreFixture *self, gconstpointer unused)
{
  g_assert_cmpint (count_users (self->store), ==, 0);
  g_assert_cmpstr (try_create (self->store, "ada", KL_STORE_CREATE_NOT_FIRST, NULL, NULL), ==, "not first");
  g_assert_cmpstr (try_create (self->store, "ada", KL_STORE_CREATE_FIRST, NULL, NULL), ==, "");
  g_assert_cmpstr (try_create (self->store, "ben", KL_STORE_CREATE_FIRST, NULL, NULL), ==, "not first");
  g_assert_cmpstr (try_create (self->store, "ada", KL_STORE_CREATE_ANY, NULL, NULL), ==, "taken");
  g_assert_cmpstr (try_create (self->store, "ben", KL_STORE_CREATE_NOT_FIRST, NULL, NULL), ==, "");
  g_assert_cmpint (count_users (self->store), ==, 2);
  kl_store_fixture_reopen (self);
  g_assert_cmpint (count_users (self->store), ==, 2);
  g_assert_cmpstr (try_create (self->store, "ben", KL_STORE_CREATE_ANY, NULL, NULL), ==, "taken");
}

static void
test_first_race (KlStoreFixture *self, gconstpointer unused)
{
  GAsyncResult *results[10] = { NULL };
  guint n_made = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (KlStoreUser) user = kl_store_user_new ();

      user->id = g_strdup_printf ("u%d", (int)i);
      user->name = g_strdup_printf ("name%d", (int)i);
      user->display_name = g_strdup ("x");
      kl_store_create_user_async (self->store, user, "hash", KL_STORE_CREATE_FIRST, NULL, kl_test_keep_result,
                                  &results[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (KlStoreInvite) invite = NULL;

      kl_test_await (&results[i]);
      invite = kl_store_create_user_finish (self->store, results[i], NULL);
      n_made += invite != NULL;
      g_object_unref (results[i]);
    }
  g_assert_cmpuint (n_made, ==, 1);
  g_assert_cmpint (count_users (self->store), ==, 1);
}

static void
test_read_users (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  const char *ids[] = { "u-ben", "u-nobody", "u-ada", NULL };
  g_autoptr (GPtrArray) users = NULL, page = NULL;
  g_autoptr (KlStoreUser) user = NULL;
  g_autoptr (KlStoreCredentials) credentials = NULL;
  g_autoptr (GError) error = NULL;

  kl_store_kit_add_user (self->store, "ben");
  kl_store_kit_add_user (self->store, "ada");

  kl_store_kit_call (get_users, self->store, ids);
  users = kl_store_get_users_finish (self->store, result, NULL);
  g_assert_cmpuint (users->len, ==, 2);
  g_assert_cmpstr (((KlStoreUser *)g_ptr_array_index (users, 0))->name, ==, "ben");

  kl_store_kit_call (find_user, self->store, "ada");
  user = kl_store_find_user_finish (self->store, result, NULL);
  g_assert_cmpstr (user->id, ==, "u-ada");
  g_assert_cmpstr (user->display_name, ==, "The ada");
  g_assert_true (user->read_receipts);
  g_assert_false (user->admin);
  kl_store_kit_call (find_user, self->store, "cleo");
  g_assert_null (kl_store_find_user_finish (self->store, result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);

  kl_store_kit_call (list_users, self->store, NULL, 1);
  page = kl_store_list_users_finish (self->store, result, NULL);
  g_assert_cmpuint (page->len, ==, 1);
  g_assert_cmpstr (((KlStoreUser *)g_ptr_array_index (page, 0))->name, ==, "ada");
  g_clear_pointer (&page, g_ptr_array_unref);
  kl_store_kit_call (list_users, self->store, "ada", 9);
  page = kl_store_list_users_finish (self->store, result, NULL);
  g_assert_cmpuint (page->len, ==, 1);
  g_assert_cmpstr (((KlStoreUser *)g_ptr_array_index (page, 0))->name, ==, "ben");

  kl_store_kit_call (get_credentials, self->store, "ada");
  credentials = kl_store_get_credentials_finish (self->store, result, NULL);
  g_assert_cmpstr (credentials->user->id, ==, "u-ada");
  g_assert_cmpstr (credentials->password_hash, ==, "hash");
  kl_store_kit_call (get_credentials, self->store, "cleo");
  g_assert_null (kl_store_get_credentials_finish (self->store, result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
}

static void
test_update_user (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreUser) change = kl_store_user_new (), user = NULL, stranger = kl_store_user_new ();
  g_autoptr (GError) error = NULL;

  kl_store_kit_add_user (self->store, "ada");
  change->id = g_strdup ("u-ada");
  change->display_name = g_strdup ("Ada L.");
  change->status_text = g_strdup ("at tea");
  change->dnd = TRUE;
  change->updated_at = 7;
  kl_store_kit_call (update_user, self->store, change, KL_USER_DISPLAY_NAME | KL_USER_STATUS_TEXT);
  user = kl_store_update_user_finish (self->store, result, NULL);
  g_assert_cmpstr (user->display_name, ==, "Ada L.");
  g_assert_cmpstr (user->status_text, ==, "at tea");
  g_assert_false (user->dnd);
  g_assert_true (user->read_receipts);
  g_assert_cmpint (user->updated_at, ==, 7);

  g_clear_pointer (&change->status_text, g_free);
  change->last_seen_at = 99;
  change->updated_at = 8;
  kl_store_kit_call (update_user, self->store, change, KL_USER_LAST_SEEN);
  kl_store_user_unref (g_steal_pointer (&user));
  user = kl_store_update_user_finish (self->store, result, NULL);
  g_assert_cmpint (user->last_seen_at, ==, 99);
  g_assert_cmpint (user->updated_at, ==, 7);
  kl_store_kit_call (update_user, self->store, change, KL_USER_STATUS_TEXT | KL_USER_READ_RECEIPTS);
  kl_store_user_unref (g_steal_pointer (&user));
  user = kl_store_update_user_finish (self->store, result, NULL);
  g_assert_null (user->status_text);
  g_assert_false (user->read_receipts);

  stranger->id = g_strdup ("u-nobody");
  kl_store_kit_call (update_user, self->store, stranger, KL_USER_DND);
  g_assert_null (kl_store_update_user_finish (self->store, result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
}

/* ── Sessions ── */

static void
add_session (KlStore *store, const char *user, const char *id, guint8 hash, gint64 last_seen_at)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreSession) session = kl_store_session_new ();

  session->id = g_strdup (id);
  session->user = g_strdup (user);
  session->device = g_strdup ("GNOME");
  memset (session->token_hash, hash, sizeof session->token_hash);
  session->created_at = 5;
  session->last_seen_at = last_seen_at;
  kl_store_kit_call (create_session, store, session);
  g_assert_true (kl_store_create_session_finish (store, result, NULL));
}

/* The session's id, or NULL. */
static char *
find_session (KlStore *store, guint8 hash)
{
  KL_STORE_ANSWER;
  guint8 token_hash[KL_STORE_TOKEN_HASH_BYTES];
  g_autoptr (KlStoreSignedIn) who = NULL;
  g_autoptr (GError) error = NULL;

  memset (token_hash, hash, sizeof token_hash);
  kl_store_kit_call (find_session, store, token_hash);
  who = kl_store_find_session_finish (store, result, &error);
  if (!who)
    {
      g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
      return NULL;
    }
  g_assert_cmpstr (who->session->user, ==, who->user->id);
  g_assert_cmpmem (who->session->token_hash, sizeof token_hash, token_hash, sizeof token_hash);

  return g_strdup (who->session->id);
}

static void
assert_sessions (KlStore *store, const char *user, const char *expected)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) sessions = NULL;
  GString *got = g_string_new (NULL);

  kl_store_kit_call (list_sessions, store, user);
  sessions = kl_store_list_sessions_finish (store, result, NULL);
  for (guint i = 0; i < sessions->len; i++)
    g_string_append_printf (got, "%s ", ((KlStoreSession *)g_ptr_array_index (sessions, i))->id);
  g_assert_cmpstr (got->str, ==, expected);
  g_string_free (got, TRUE);
}

static void
test_sessions (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autofree char *found = NULL, *gone = NULL;
  g_autoptr (GError) error = NULL;

  kl_store_kit_add_user (self->store, "ada");
  kl_store_kit_add_user (self->store, "ben");
  add_session (self->store, "u-ada", "s1", 1, 10);
  add_session (self->store, "u-ada", "s2", 2, 20);
  add_session (self->store, "u-ben", "s3", 3, 15);

  kl_store_fixture_reopen (self);
  found = find_session (self->store, 2);
  g_assert_cmpstr (found, ==, "s2");
  g_assert_null (find_session (self->store, 9));
  assert_sessions (self->store, "u-ada", "s2 s1 ");
  kl_store_kit_call (touch_session, self->store, "s1", 30);
  g_assert_true (kl_store_touch_session_finish (self->store, result, NULL));
  assert_sessions (self->store, "u-ada", "s1 s2 ");

  /* Only one's own. */
  kl_store_kit_call (end_session, self->store, "u-ben", "s1");
  g_assert_false (kl_store_end_session_finish (self->store, result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
  kl_store_kit_call (end_session, self->store, "u-ada", "s1");
  g_assert_true (kl_store_end_session_finish (self->store, result, NULL));
  gone = find_session (self->store, 1);
  g_assert_null (gone);
  assert_sessions (self->store, "u-ada", "s2 ");

  kl_store_kit_call (end_stale_sessions, self->store, 20);
  g_assert_true (kl_store_end_stale_sessions_finish (self->store, result, NULL));
  assert_sessions (self->store, "u-ada", "s2 ");
  assert_sessions (self->store, "u-ben", "");
}

static void
test_password (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) ended = NULL;
  g_autoptr (KlStoreCredentials) credentials = NULL;
  g_autoptr (GError) error = NULL;

  kl_store_kit_add_user (self->store, "ada");
  add_session (self->store, "u-ada", "s1", 1, 10);
  add_session (self->store, "u-ada", "s2", 2, 20);
  kl_store_kit_call (set_password, self->store, "u-ada", "hash2", FALSE, NULL);
  ended = kl_store_set_password_finish (self->store, result, NULL);
  g_assert_cmpuint (ended->len, ==, 0);
  assert_sessions (self->store, "u-ada", "s2 s1 ");
  g_clear_pointer (&ended, g_ptr_array_unref);

  kl_store_kit_call (set_password, self->store, "u-ada", "hash3", TRUE, "s1");
  ended = kl_store_set_password_finish (self->store, result, NULL);
  g_assert_cmpuint (ended->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (ended, 0), ==, "s2");
  assert_sessions (self->store, "u-ada", "s1 ");
  kl_store_kit_call (get_credentials, self->store, "ada");
  credentials = kl_store_get_credentials_finish (self->store, result, NULL);
  g_assert_cmpstr (credentials->password_hash, ==, "hash3");

  kl_store_kit_call (set_password, self->store, "u-nobody", "x", FALSE, NULL);
  g_assert_null (kl_store_set_password_finish (self->store, result, &error));
  g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);
}

/* ── Invites ── */

static void
add_invite (KlStore *store, const char *code, const char *group, const char *by, gboolean registers, gint64 uses,
            gint64 expires_at)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreInvite) invite = kl_store_invite_new ();
  g_autoptr (GError) error = NULL;
  static gint64 created_at = 1;

  invite->code = g_strdup (code);
  invite->group = g_strdup (group);
  invite->by = g_strdup (by);
  invite->registers = registers;
  invite->created_at = created_at++;
  invite->expires_at = expires_at;
  invite->uses_left = uses;
  kl_store_kit_call (create_invite, store, invite);
  g_assert_true (kl_store_create_invite_finish (store, result, &error));
  g_assert_no_error (error);
}

/* -1: not good. */
static gint64
uses_left (KlStore *store, const char *code)
{
  KL_STORE_ANSWER;
  g_autoptr (KlStoreInvite) invite = NULL;
  g_autoptr (GError) error = NULL;

  kl_store_kit_call (get_invite, store, code);
  invite = kl_store_get_invite_finish (store, result, &error);
  if (!invite)
    g_assert_error (error, KL_STORE_ERROR, KL_STORE_ERROR_NOT_FOUND);

  return invite ? invite->uses_left : -1;
}

static void
test_invites (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;
  g_autofree char *group = NULL;
  gint64 now_ms = g_get_real_time () / 1000;

  kl_store_kit_add_user (self->store, "ada");
  kl_store_kit_add_group (self->store, "g", "u-ada", NULL, "G");
  add_invite (self->store, "console", NULL, NULL, TRUE, 2, 0);
  add_invite (self->store, "group", "g", "u-ada", TRUE, 1, now_ms + 3600 * 1000);
  add_invite (self->store, "joins-only", "g", "u-ada", FALSE, 1, 0);
  add_invite (self->store, "old", NULL, NULL, TRUE, 1, now_ms - 1);

  kl_store_fixture_reopen (self);
  g_assert_cmpint (uses_left (self->store, "console"), ==, 2);
  g_assert_cmpint (uses_left (self->store, "old"), ==, -1);
  g_assert_cmpint (uses_left (self->store, "unknown"), ==, -1);
  g_assert_cmpstr (try_create (self->store, "a1", KL_STORE_CREATE_ANY, "unknown", NULL), ==, "spent");
  g_assert_cmpstr (try_create (self->store, "a1", KL_STORE_CREATE_ANY, "old", NULL), ==, "spent");
  g_assert_cmpstr (try_create (self->store, "a1", KL_STORE_CREATE_ANY, "joins-only", NULL), ==, "spent");
  g_assert_cmpstr (try_create (self->store, "a1", KL_STORE_CREATE_ANY, "group", &group), ==, "");
  g_assert_cmpstr (group, ==, "g");
  g_assert_cmpstr (try_create (self->store, "a2", KL_STORE_CREATE_ANY, "group", NULL), ==, "spent");
  /* A name that is taken uses nothing up. */
  g_assert_cmpstr (try_create (self->store, "ada", KL_STORE_CREATE_ANY, "console", NULL), ==, "taken");
  g_assert_cmpint (uses_left (self->store, "console"), ==, 2);
  g_assert_cmpstr (try_create (self->store, "a2", KL_STORE_CREATE_ANY, "console", NULL), ==, "");
  g_assert_cmpint (uses_left (self->store, "console"), ==, 1);
  kl_store_kit_call (revoke_invite, self->store, "console");
  g_assert_true (kl_store_revoke_invite_finish (self->store, result, NULL));
  g_assert_cmpint (uses_left (self->store, "console"), ==, -1);
  g_assert_cmpstr (try_create (self->store, "a3", KL_STORE_CREATE_ANY, "console", NULL), ==, "spent");
  g_assert_cmpint (count_users (self->store), ==, 3);
}

static void
test_invite_joins (KlStoreFixture *self, gconstpointer unused)
{
  g_autoptr (GArray) spent = NULL;
  KlStoreBatch *batch;

  kl_store_kit_add_user (self->store, "ada");
  kl_store_kit_add_user (self->store, "ben");
  kl_store_kit_add_user (self->store, "cleo");
  kl_store_kit_add_group (self->store, "g", "u-ada", NULL, "G");
  add_invite (self->store, "one", "g", "u-ada", FALSE, 1, 0);

  /* Two in one batch, and one use: nothing of it. */
  batch = kl_store_batch_new ("g", 2, 0);
  kl_store_kit_add_message (batch, 1, "u-ada", "op", "x");
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER)->invite = g_strdup ("one");
  kl_store_kit_add_member (batch, "u-cleo", KL_ROLE_MEMBER)->invite = g_strdup ("one");
  g_assert_cmpint (kl_store_kit_append (self->store, batch, &spent), ==, KL_APPEND_SPENT);
  g_assert_cmpuint (spent->len, ==, 1);
  g_assert_cmpuint (g_array_index (spent, guint, 0), ==, 2);
  g_assert_cmpint (uses_left (self->store, "one"), ==, 1);

  batch = kl_store_batch_new ("g", 2, 0);
  kl_store_kit_add_message (batch, 1, "u-ada", "op", "x");
  kl_store_kit_add_member (batch, "u-ben", KL_ROLE_MEMBER)->invite = g_strdup ("one");
  g_assert_cmpint (kl_store_kit_append (self->store, batch, NULL), ==, KL_APPEND_OK);
  g_assert_cmpint (uses_left (self->store, "one"), ==, -1);
}

static void
assert_invites (KlStore *store, const char *by, const char *expected)
{
  KL_STORE_ANSWER;
  g_autoptr (GPtrArray) invites = NULL;
  GString *got = g_string_new (NULL);

  kl_store_kit_call (list_invites, store, "g", by);
  invites = kl_store_list_invites_finish (store, result, NULL);
  for (guint i = 0; i < invites->len; i++)
    {
      KlStoreInvite *invite = g_ptr_array_index (invites, i);

      g_assert_cmpstr (invite->group, ==, "g");
      g_string_append_printf (got, "%s ", invite->code);
    }
  g_assert_cmpstr (got->str, ==, expected);
  g_string_free (got, TRUE);
}

static void
test_list_invites (KlStoreFixture *self, gconstpointer unused)
{
  KL_STORE_ANSWER;

  kl_store_kit_add_user (self->store, "ada");
  kl_store_kit_add_user (self->store, "ben");
  kl_store_kit_add_group (self->store, "g", "u-ada", NULL, "G");
  kl_store_kit_add_group (self->store, "h", "u-ada", NULL, "H");
  add_invite (self->store, "i1", "g", "u-ada", FALSE, 1, 0);
  add_invite (self->store, "i2", "g", "u-ben", FALSE, 1, 0);
  add_invite (self->store, "i3", "h", "u-ada", FALSE, 1, 0);
  add_invite (self->store, "i4", "g", "u-ada", FALSE, 1, 1);
  add_invite (self->store, "i5", "g", "u-ada", FALSE, 1, 0);
  assert_invites (self->store, NULL, "i5 i2 i1 ");
  assert_invites (self->store, "u-ada", "i5 i1 ");
  kl_store_kit_call (revoke_invite, self->store, "i5");
  assert_invites (self->store, NULL, "i2 i1 ");
}

void
kl_store_contract_add_accounts (const char *prefix, const KlStoreContract *contract)
{
  kl_store_contract_add_test (prefix, "create-user", contract, test_create_user);
  kl_store_contract_add_test (prefix, "first-race", contract, test_first_race);
  kl_store_contract_add_test (prefix, "read-users", contract, test_read_users);
  kl_store_contract_add_test (prefix, "update-user", contract, test_update_user);
  kl_store_contract_add_test (prefix, "sessions", contract, test_sessions);
  kl_store_contract_add_test (prefix, "password", contract, test_password);
  kl_store_contract_add_test (prefix, "invites", contract, test_invites);
  kl_store_contract_add_test (prefix, "invite-joins", contract, test_invite_joins);
  kl_store_contract_add_test (prefix, "list-invites", contract, test_list_invites);
}
