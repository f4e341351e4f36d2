/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is kept on disk: the cache, the outbox, the accounts. */
#include "app/core/kl-account.h"
#include "app/core/kl-cache.h"
#include "app/core/kl-outbox.h"
#include "tests/kit/kl-test.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->folder = kl_test_dir_new ();
  self->path = g_build_filename (self->folder, "account", "file.db", NULL);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_test_dir_remove (self->folder);
  g_free (self->folder);
  g_free (self->path);
}

/* ── Cache ── */

static void
write_message (KlCache *cache, gint64 seq, gint64 rev, const char *body)
{
  KlCacheChange *change = kl_cache_change_new ();
  g_autofree char *text = g_strdup_printf ("{\"seq\":%" G_GINT64_FORMAT ",\"body\":\"%s\"}", seq, body);
  g_autoptr (KlJson) json = kl_json_parse (text, strlen (text), NULL);

  kl_cache_change_add_message (change, "g", seq, rev, " u1   ", kl_json_get_root (json));
  kl_cache_write (cache, change);
}

static KlCachedPage *
read_page (KlCache *cache, gint64 anchor, guint before, guint after)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_cache_page_async (cache, "g", anchor, before, after, kl_test_keep_result, &result);
  kl_test_await (&result);
  return kl_cache_page_finish (cache, result);
}

static char *
describe_page (KlCachedPage *page)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < page->messages->len; i++)
    {
      const char *json = page->messages->pdata[i];
      g_autoptr (KlJson) parsed = kl_json_parse (json, strlen (json), NULL);
      g_string_append_printf (text, "%d ", yyjson_get_int (yyjson_obj_get (kl_json_get_root (parsed), "seq")));
    }
  g_string_append_printf (text, "%s%s", page->more_before ? "<" : "", page->more_after ? ">" : "");
  return g_string_free_and_steal (g_steal_pointer (&text));
}

static void
assert_page (KlCache *cache, gint64 anchor, guint before, guint after, const char *expected)
{
  g_autoptr (KlCachedPage) page = read_page (cache, anchor, before, after);
  g_autofree char *text = describe_page (page);

  g_assert_cmpstr (text, ==, expected);
}

static void
close_cache (KlCache *cache)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_cache_close_async (cache, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_cache_close_finish (cache, result, NULL));
  g_clear_object (&result);
  kl_test_finalize (cache);
}

static void
test_cache_pages (Fixture *self, gconstpointer unused)
{
  KlCache *cache = kl_cache_new (self->path);
  KlCacheChange *change = kl_cache_change_new ();
  const char *user = "{\"id\":\"u1\",\"name\":\"aroha\"}";
  g_autoptr (KlJson) json = kl_json_parse (user, strlen (user), NULL);

  kl_cache_change_add_user (change, "u1", kl_json_get_root (json));
  kl_cache_write (cache, change);
  for (gint64 seq = 1; seq <= 20; seq++)
    if (seq != 8)
      write_message (cache, seq, seq, "x");
  assert_page (cache, 0, 5, 0, "16 17 18 19 20 <");
  assert_page (cache, 20, 50, 50, "9 10 11 12 13 14 15 16 17 18 19 20 ");
  assert_page (cache, 8, 50, 50, "9 10 11 12 13 14 15 16 17 18 19 20 "); /* what adjoins the hole */
  assert_page (cache, 7, 3, 3, "5 6 7 <");
  assert_page (cache, 3, 2, 2, "2 3 4 5 <>");
  assert_page (cache, 7, 0, 50, "");
  assert_page (cache, 99, 50, 0, "");
  g_autoptr (KlCachedPage) page = read_page (cache, 3, 2, 2);
  g_assert_cmpuint (page->people->len, ==, 1);
  /* For the owner alone. */
  struct stat status;
  g_assert_cmpint (stat (self->path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
  close_cache (cache);
}

static void
test_cache_higher_rev_wins (Fixture *self, gconstpointer unused)
{
  KlCache *cache = kl_cache_new (self->path);

  write_message (cache, 1, 5, "new");
  write_message (cache, 1, 4, "old");
  g_autoptr (KlCachedPage) page = read_page (cache, 0, 5, 0);
  g_assert_nonnull (strstr (page->messages->pdata[0], "new"));
  write_message (cache, 1, 6, "newer");
  g_autoptr (KlCachedPage) again = read_page (cache, 0, 5, 0);
  g_assert_nonnull (strstr (again->messages->pdata[0], "newer"));
  close_cache (cache);
}

static KlCachedStart *
read_start (KlCache *cache)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_cache_start_async (cache, "u1", kl_test_keep_result, &result);
  kl_test_await (&result);
  return kl_cache_start_finish (cache, result);
}

static void
test_cache_start (Fixture *self, gconstpointer unused)
{
  KlCache *cache = kl_cache_new (self->path);
  g_autoptr (KlCachedStart) empty = read_start (cache);
  KlCacheChange *change = kl_cache_change_new ();

  g_assert_null (empty->epoch);
  g_assert_cmpuint (empty->groups->len, ==, 0);
  kl_cache_change_set_epoch (change, "e1");
  kl_cache_change_set_group (change, "g", 7, NULL);
  kl_cache_change_set_group (change, "g", -1, "{\"id\":\"g\"}");
  kl_cache_write (cache, change);
  write_message (cache, 1, 1, "x");
  close_cache (cache);
  cache = kl_cache_new (self->path);
  g_autoptr (KlCachedStart) start = read_start (cache);
  g_assert_cmpstr (start->epoch, ==, "e1");
  g_assert_cmpuint (start->groups->len, ==, 1);
  KlCachedGroup *group = start->groups->pdata[0];
  g_assert_cmpint (group->rev, ==, 7);
  g_assert_true (group->has_messages);
  change = kl_cache_change_new ();
  kl_cache_change_remove_group (change, "g");
  kl_cache_write (cache, change);
  g_autoptr (KlCachedStart) gone = read_start (cache);
  g_assert_cmpuint (gone->groups->len, ==, 0);
  assert_page (cache, 0, 5, 5, "");
  close_cache (cache);
}

/* A file that is no database, or a newer version's, is begun anew. */
static void
test_cache_rebuilt (Fixture *self, gconstpointer unused)
{
  g_autofree char *folder = g_path_get_dirname (self->path);

  g_mkdir_with_parents (folder, 0700);
  g_assert_true (
      g_file_set_contents (self->path, "no database, but long enough to be looked at as one ....", -1, NULL));
  KlCache *cache = kl_cache_new (self->path);
  write_message (cache, 1, 1, "x");
  assert_page (cache, 0, 5, 0, "1 ");
  close_cache (cache);
  sqlite3 *handle;
  g_assert_cmpint (sqlite3_open (self->path, &handle), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (handle, "PRAGMA user_version = 99", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (handle);
  cache = kl_cache_new (self->path);
  assert_page (cache, 0, 5, 0, "");
  write_message (cache, 2, 1, "x");
  assert_page (cache, 0, 5, 0, "2 ");
  close_cache (cache);
}

/* ── Outbox ── */

typedef struct
{
  KlOutbox *outbox;
  KlUser *me;
  GPtrArray *sent; /* owned client ids, as they were sent */
  gboolean connected;
} Post;

static gboolean
on_send (KlOutbox *outbox, KlMessage *message, gpointer user_data)
{
  Post *post = user_data;

  if (!post->connected)
    return FALSE;
  g_ptr_array_add (post->sent, g_object_ref (message));
  return TRUE;
}

static void
open_post (Post *post, const char *path)
{
  post->me = kl_user_new ("me");
  post->sent = g_ptr_array_new_with_free_func (g_object_unref);
  post->outbox = kl_outbox_new (path, post->me, on_send, post);
  kl_outbox_load (post->outbox);
  kl_test_wait_until (kl_outbox_get_loaded (post->outbox));
}

static void
close_post (Post *post)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_outbox_close_async (post->outbox, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_clear_object (&result);
  g_ptr_array_unref (post->sent);
  kl_test_finalize (post->outbox);
  kl_test_finalize (post->me);
}

static void
add (Post *post, const char *group, const char *body)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_outbox_add_async (post->outbox, group, body, 1000, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_outbox_add_finish (post->outbox, result, &error));
  g_assert_no_error (error);
}

static const char *
sent_body (Post *post, guint i)
{
  g_assert_cmpuint (i, <, post->sent->len);
  return kl_message_get_body (post->sent->pdata[i]);
}

/* In order, one at a time for each group; a restart forgets nothing. */
static void
test_outbox_order (Fixture *self, gconstpointer unused)
{
  Post post = { 0 };

  open_post (&post, self->path);
  add (&post, "a", "a1");
  add (&post, "a", "a2");
  add (&post, "b", "b1");
  g_assert_cmpuint (post.sent->len, ==, 0);
  g_autoptr (GPtrArray) before = kl_outbox_list (post.outbox, "a");
  g_assert_cmpuint (before->len, ==, 2);
  g_autofree char *id = g_strdup (kl_message_get_client_id (before->pdata[0]));
  g_clear_pointer (&before, g_ptr_array_unref);
  close_post (&post);

  open_post (&post, self->path);
  post.connected = TRUE;
  kl_outbox_pump (post.outbox);
  g_assert_cmpuint (post.sent->len, ==, 2);
  g_assert_cmpstr (sent_body (&post, 0), ==, "a1");
  g_assert_cmpstr (kl_message_get_client_id (post.sent->pdata[0]), ==, id);
  g_assert_cmpstr (sent_body (&post, 1), ==, "b1");
  kl_outbox_pump (post.outbox);
  g_assert_cmpuint (post.sent->len, ==, 2);
  kl_outbox_sent (post.outbox, post.sent->pdata[0], NULL);
  g_assert_cmpuint (post.sent->len, ==, 3);
  g_assert_cmpstr (sent_body (&post, 2), ==, "a2");
  /* The line breaks: what was on its way goes again, and no more. */
  kl_outbox_interrupt (post.outbox);
  kl_outbox_pump (post.outbox);
  g_assert_cmpuint (post.sent->len, ==, 5);
  /* Its event was seen: the same as an answer. */
  kl_outbox_confirm (post.outbox, kl_message_get_client_id (post.sent->pdata[2]));
  kl_outbox_sent (post.outbox, post.sent->pdata[2], NULL);
  close_post (&post);

  post.connected = FALSE;
  open_post (&post, self->path);
  g_autoptr (GPtrArray) after_a = kl_outbox_list (post.outbox, "a");
  g_autoptr (GPtrArray) after_b = kl_outbox_list (post.outbox, "b");
  g_assert_cmpuint (after_a->len, ==, 0);
  g_assert_cmpuint (after_b->len, ==, 1);
  g_clear_pointer (&after_b, g_ptr_array_unref);
  close_post (&post);
}

static void
test_outbox_failure (Fixture *self, gconstpointer unused)
{
  Post post = { .connected = TRUE };
  g_autoptr (GError) refused = g_error_new_literal (KL_CORE_ERROR, KL_CORE_ERROR_FORBIDDEN, "You may not write here");
  g_autoptr (GError) busy = g_error_new_literal (KL_CORE_ERROR, KL_CORE_ERROR_UNAVAILABLE, "Busy");

  open_post (&post, self->path);
  add (&post, "a", "a1");
  add (&post, "a", "a2");
  g_autoptr (KlMessage) first = g_object_ref (post.sent->pdata[0]);
  kl_outbox_sent (post.outbox, first, refused);
  g_assert_cmpint (kl_message_get_state (first), ==, KL_MESSAGE_STATE_FAILED);
  g_assert_error (kl_message_get_error (first), KL_CORE_ERROR, KL_CORE_ERROR_FORBIDDEN);
  /* The next one is not held up by it. */
  g_assert_cmpuint (post.sent->len, ==, 2);
  /* What passes is tried again by itself, and stays pending. */
  kl_outbox_sent (post.outbox, post.sent->pdata[1], busy);
  g_assert_cmpint (kl_message_get_state (post.sent->pdata[1]), ==, KL_MESSAGE_STATE_PENDING);
  kl_test_wait_until (post.sent->len == 3);
  kl_outbox_sent (post.outbox, post.sent->pdata[2], NULL);
  g_clear_object (&first);
  close_post (&post);

  open_post (&post, self->path);
  g_autoptr (GPtrArray) kept = kl_outbox_list (post.outbox, "a");
  g_assert_cmpuint (kept->len, ==, 1);
  g_assert_cmpint (kl_message_get_state (kept->pdata[0]), ==, KL_MESSAGE_STATE_FAILED);
  g_assert_error (kl_message_get_error (kept->pdata[0]), KL_CORE_ERROR, KL_CORE_ERROR_FORBIDDEN);
  g_assert_cmpstr (kl_message_get_error (kept->pdata[0])->message, ==, "You may not write here");
  g_assert_cmpuint (post.sent->len, ==, 0);
  kl_outbox_retry (post.outbox, kept->pdata[0]);
  g_assert_cmpuint (post.sent->len, ==, 1);
  g_assert_cmpint (kl_message_get_state (kept->pdata[0]), ==, KL_MESSAGE_STATE_PENDING);
  kl_outbox_sent (post.outbox, kept->pdata[0], refused);
  kl_outbox_discard (post.outbox, kept->pdata[0]);
  g_autoptr (GPtrArray) none = kl_outbox_list (post.outbox, "a");
  g_assert_cmpuint (none->len, ==, 0);
  g_clear_pointer (&kept, g_ptr_array_unref);
  close_post (&post);
}

/* What waits for a group that one is no longer in. */
static void
test_outbox_left (Fixture *self, gconstpointer unused)
{
  Post post = { .connected = TRUE };
  g_autoptr (GError) left = g_error_new_literal (KL_CORE_ERROR, KL_CORE_ERROR_LEFT, "Gone");

  open_post (&post, self->path);
  add (&post, "a", "a1");
  add (&post, "b", "b1");
  kl_outbox_fail_group (post.outbox, "a", left);
  close_post (&post);

  post.connected = FALSE;
  open_post (&post, self->path);
  g_autoptr (GPtrArray) a = kl_outbox_list (post.outbox, "a"), b = kl_outbox_list (post.outbox, "b");
  g_assert_cmpint (kl_message_get_state (a->pdata[0]), ==, KL_MESSAGE_STATE_FAILED);
  g_assert_error (kl_message_get_error (a->pdata[0]), KL_CORE_ERROR, KL_CORE_ERROR_LEFT);
  g_assert_cmpint (kl_message_get_state (b->pdata[0]), ==, KL_MESSAGE_STATE_PENDING);
  g_assert_null (kl_message_get_error (b->pdata[0]));
  g_clear_pointer (&a, g_ptr_array_unref);
  g_clear_pointer (&b, g_ptr_array_unref);
  close_post (&post);
}

/* What earlier versions have kept is a sentence without a code; it may well have a colon. */
static void
test_outbox_old_reason (Fixture *self, gconstpointer unused)
{
  Post post = { .connected = TRUE };
  sqlite3 *file;

  open_post (&post, self->path);
  add (&post, "a", "a1");
  close_post (&post);
  g_assert_cmpint (sqlite3_open (self->path, &file), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (file, "UPDATE outbox SET failed = 'No: not here'", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (file);

  open_post (&post, self->path);
  g_autoptr (GPtrArray) kept = kl_outbox_list (post.outbox, "a");
  g_assert_cmpuint (kept->len, ==, 1);
  g_assert_error (kl_message_get_error (kept->pdata[0]), G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpstr (kl_message_get_error (kept->pdata[0])->message, ==, "No: not here");
  g_clear_pointer (&kept, g_ptr_array_unref);
  close_post (&post);
}

static void
test_outbox_drafts (Fixture *self, gconstpointer unused)
{
  Post post = { 0 };

  open_post (&post, self->path);
  kl_outbox_set_draft (post.outbox, "a", "half a thought");
  kl_outbox_set_draft (post.outbox, "b", "gone");
  kl_outbox_set_draft (post.outbox, "b", "");
  kl_outbox_set_read_mark (post.outbox, "a", 17);
  close_post (&post);
  open_post (&post, self->path);
  g_assert_cmpstr (g_hash_table_lookup (kl_outbox_get_drafts (post.outbox), "a"), ==, "half a thought");
  g_assert_null (g_hash_table_lookup (kl_outbox_get_drafts (post.outbox), "b"));
  g_assert_cmpint (kl_outbox_get_read_mark (post.outbox, "a"), ==, 17);
  /* Sending takes the draft along. */
  add (&post, "a", "a whole thought");
  kl_outbox_set_read_mark (post.outbox, "a", 0);
  close_post (&post);
  open_post (&post, self->path);
  g_assert_cmpuint (g_hash_table_size (kl_outbox_get_drafts (post.outbox)), ==, 0);
  g_assert_cmpint (kl_outbox_get_read_mark (post.outbox, "a"), ==, 0);
  close_post (&post);
}

/* A file that cannot be read stays as it is, and sending says so. */
static void
test_outbox_unreadable (Fixture *self, gconstpointer unused)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  const char *garbage = "no database, but long enough to be looked at as one ....";
  Post post = { .connected = TRUE };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (self->path, garbage, -1, NULL));
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*cannot be read*");
  open_post (&post, self->path);
  g_test_assert_expected_messages ();
  kl_outbox_add_async (post.outbox, "a", "x", 1, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_false (kl_outbox_add_finish (post.outbox, result, &error));
  g_assert_error (error, KL_CORE_ERROR, KL_CORE_ERROR_STORAGE);
  g_clear_object (&result);
  close_post (&post);
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, garbage);
}

/* ── Accounts ── */

static KlAccount *
restore (KlAccounts *accounts, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_accounts_restore_async (accounts, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  return kl_accounts_restore_finish (accounts, result, error);
}

static gboolean
keep (KlAccounts *accounts, KlAccount *account, KlKeep where, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_accounts_keep_async (accounts, account, where, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  return kl_accounts_keep_finish (accounts, result, error);
}

static void
test_accounts_file (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlAccounts) accounts = kl_accounts_new (self->folder);
  g_autoptr (KlAccount) account = kl_account_new ("https://chat.example", "u1", "aroha", "a token of some length");
  g_autoptr (KlAccount) none = NULL, found = NULL, forgotten = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  struct stat status;

  none = restore (accounts, &error);
  g_assert_no_error (error);
  g_assert_null (none);
  g_assert_true (keep (accounts, account, KL_KEEP_IN_FILE, &error));
  g_assert_no_error (error);
  found = restore (accounts, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kl_account_get_id (found), ==, kl_account_get_id (account));
  g_assert_cmpstr (kl_account_get_token (found), ==, "a token of some length");
  g_assert_cmpstr (kl_account_get_url (found), ==, "https://chat.example");
  g_assert_cmpstr (kl_account_get_name (found), ==, "aroha");
  g_autofree char *path = g_build_filename (self->folder, kl_account_get_id (account), "token", NULL);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);

  kl_accounts_forget_async (accounts, found, TRUE, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_accounts_forget_finish (accounts, result, &error));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  forgotten = restore (accounts, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kl_account_get_name (forgotten), ==, "aroha");
  g_assert_false (kl_account_get_signed_in (forgotten));
}

static void
test_accounts_nowhere (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlAccounts) accounts = kl_accounts_new (self->folder);
  g_autoptr (KlAccount) account = kl_account_new ("https://chat.example", "u1", "../../etc", "a token of some length");
  g_autoptr (KlAccount) found = NULL;
  g_autoptr (GError) error = NULL;

  /* A name that would lead elsewhere does not. */
  g_assert_null (strchr (kl_account_get_id (account), '/'));
  g_assert_true (keep (accounts, account, KL_KEEP_NOWHERE, &error));
  found = restore (accounts, &error);
  g_assert_no_error (error);
  g_assert_false (kl_account_get_signed_in (found));
  g_assert_cmpint (kl_account_get_keep (found), ==, KL_KEEP_NOWHERE);
}

/* No session bus, no secret service: an error that asks for a choice, and nothing kept. */
static void
test_accounts_no_service (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlAccounts) accounts = kl_accounts_new (self->folder);
  g_autoptr (KlAccount) account = kl_account_new ("https://chat.example", "u1", "aroha", "a token of some length");
  g_autoptr (GError) error = NULL;

  g_assert_false (keep (accounts, account, KL_KEEP_IN_SECRET_SERVICE, &error));
  g_assert_error (error, KL_CORE_ERROR, KL_CORE_ERROR_NO_SECRET_SERVICE);
}

/* The same person on another server is another account, with another folder. */
static void
test_account_ids (void)
{
  g_autoptr (KlAccount) a = kl_account_new ("https://a.example", "u1", "aroha", NULL);
  g_autoptr (KlAccount) b = kl_account_new ("https://b.example", "u1", "aroha", NULL);
  g_autoptr (KlAccount) again = kl_account_new ("https://a.example", "u1", "aroha", NULL);

  g_assert_cmpstr (kl_account_get_id (a), !=, kl_account_get_id (b));
  g_assert_cmpstr (kl_account_get_id (a), ==, kl_account_get_id (again));
  g_assert_true (g_str_has_prefix (kl_account_get_id (a), "aroha-"));
}

int
main (int argc, char **argv)
{
  /* Nobody is there to ask. */
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  g_unsetenv ("SECRET_BACKEND");
  kl_test_init (&argc, &argv);

  g_test_add ("/core/cache/pages", Fixture, NULL, set_up, test_cache_pages, tear_down);
  g_test_add ("/core/cache/higher-rev-wins", Fixture, NULL, set_up, test_cache_higher_rev_wins, tear_down);
  g_test_add ("/core/cache/start", Fixture, NULL, set_up, test_cache_start, tear_down);
  g_test_add ("/core/cache/rebuilt", Fixture, NULL, set_up, test_cache_rebuilt, tear_down);
  g_test_add ("/core/outbox/order", Fixture, NULL, set_up, test_outbox_order, tear_down);
  g_test_add ("/core/outbox/failure", Fixture, NULL, set_up, test_outbox_failure, tear_down);
  g_test_add ("/core/outbox/left", Fixture, NULL, set_up, test_outbox_left, tear_down);
  g_test_add ("/core/outbox/old-reason", Fixture, NULL, set_up, test_outbox_old_reason, tear_down);
  g_test_add ("/core/outbox/drafts", Fixture, NULL, set_up, test_outbox_drafts, tear_down);
  g_test_add ("/core/outbox/unreadable", Fixture, NULL, set_up, test_outbox_unreadable, tear_down);
  g_test_add ("/core/accounts/file", Fixture, NULL, set_up, test_accounts_file, tear_down);
  g_test_add ("/core/accounts/nowhere", Fixture, NULL, set_up, test_accounts_nowhere, tear_down);
  g_test_add ("/core/accounts/no-service", Fixture, NULL, set_up, test_accounts_no_service, tear_down);
  g_test_add_func ("/core/account/ids", test_account_ids);
  return g_test_run ();
}
