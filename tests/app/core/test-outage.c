/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions on the real server that lose it, or that were away: nothing is lost, nothing comes twice. */
#include "app/core/kl-session-private.h"
#include "tests/app/core/kl-fake-server.h"
#include "tests/app/core/kl-live.h"
#include "tests/kit/kl-test.h"

#include <signal.h>

/* ── Offline ── */

static void
test_offline_send (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder), *b = kl_live_session (self->ben, self->folder_b);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Offline", KL_VISIBILITY_PUBLIC);
  g_autoptr (KlGroup) theirs = kl_live_join (b, mine);
  g_autoptr (KlMessageList) list_b = kl_session_dup_messages (b, theirs);
  g_autoptr (KlMessageList) list_a = kl_session_dup_messages (a, mine);
  g_autofree char *id = g_strdup (kl_group_get_id (mine));

  kl_live_send (a, mine, "before");
  kl_live_await_text (list_a, "before");
  kl_live_await_text (list_b, "before");
  kl_live_server_kill (self->server);
  kl_live_await_state (a, KL_CONNECTION_STATE_WAITING);
  kl_live_send (a, mine, "one");
  kl_live_send (a, mine, "two");
  kl_group_set_draft (mine, "half a th");
  kl_live_await_text (list_a, "before|one*|two*");
  g_assert_cmpstr (kl_group_get_preview (mine), ==, "two");
  g_clear_object (&list_a);
  g_clear_object (&mine);
  kl_live_session_end (a);

  /* A restart without a server: everything is there as it was. */
  a = kl_live_session_offline (self->aroha, self->folder);
  kl_test_wait_until (kl_group_list_get_loaded (kl_session_get_groups (a)));
  mine = g_object_ref (kl_group_list_get (kl_session_get_groups (a), id));
  g_assert_cmpstr (kl_group_get_name (mine), ==, "Offline");
  g_assert_cmpstr (kl_group_get_preview (mine), ==, "two");
  g_assert_cmpstr (kl_group_get_draft (mine), ==, "half a th");
  list_a = kl_session_dup_messages (a, mine);
  kl_live_await_text (list_a, "before|one*|two*");
  kl_live_send (a, mine, "three");
  g_assert_cmpstr (kl_group_get_draft (mine), ==, "");
  kl_live_await_text (list_a, "before|one*|two*|three*");

  kl_live_server_start (self->server);
  kl_session_retry_now (a);
  kl_session_retry_now (b);
  kl_live_await_text (list_a, "before|one|two|three");
  kl_live_await_text (list_b, "before|one|two|three");
  kl_live_assert_whole (list_a, kl_group_get_newest_seq (mine));
  /* Another restart sends nothing again. */
  g_clear_object (&list_a);
  g_clear_object (&mine);
  kl_live_session_end (a);
  a = kl_live_session (self->aroha, self->folder);
  mine = g_object_ref (kl_group_list_get (kl_session_get_groups (a), id));
  list_a = kl_session_dup_messages (a, mine);
  kl_live_await_text (list_a, "before|one|two|three");
  kl_live_send (a, mine, "four");
  kl_live_await_text (list_b, "before|one|two|three|four");
  g_clear_object (&list_a);
  g_clear_object (&list_b);
  kl_live_session_end (a);
  kl_live_session_end (b);
}

/* ── Being away ── */

static void
send_many (KlSession *session, KlGroup *group, guint n)
{
  gint64 target = kl_group_get_newest_seq (group) + n;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *body = g_strdup_printf ("m%u", i);
      kl_live_send (session, group, body);
    }
  kl_test_wait_until (kl_group_get_newest_seq (group) == target);
}

static void
test_away (KlLivePair *self, gconstpointer unused)
{
  static const guint counts[] = { 3, 120, 499, 501, 620 };
  KlSession *a = kl_live_session (self->aroha, self->folder), *b = kl_live_session (self->ben, self->folder_b);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Away", KL_VISIBILITY_PUBLIC);
  g_autofree char *id = g_strdup (kl_group_get_id (mine));
  g_autoptr (KlGroup) theirs = kl_live_join (b, mine);
  g_autoptr (KlMessageList) list = kl_session_dup_messages (b, theirs);

  kl_live_send (a, mine, "seen");
  kl_live_await_text (list, "seen");
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_clear_object (&list);
      g_clear_object (&theirs);
      kl_live_session_end (b);
      send_many (a, mine, counts[i]);
      b = kl_live_session_offline (self->ben, self->folder_b);
      kl_test_wait_until (kl_group_list_get_loaded (kl_session_get_groups (b)));
      theirs = g_object_ref (kl_group_list_get (kl_session_get_groups (b), id));
      /* Opened before the server has answered. */
      list = kl_session_dup_messages (b, theirs);
      kl_live_await_state (b, KL_CONNECTION_STATE_ONLINE);
      kl_test_wait_until (kl_group_get_newest_seq (theirs) == kl_group_get_newest_seq (mine));
      g_assert_cmpuint (kl_group_get_unread (theirs), ==,
                        MIN (kl_group_get_newest_seq (theirs) - kl_group_get_read_seq (theirs), 1000));
      while (kl_message_list_get_more_after (list) || kl_message_list_get_loading (list))
        {
          g_autoptr (GAsyncResult) result = NULL;
          kl_message_list_load_newer_async (list, NULL, kl_test_keep_result, &result);
          kl_test_await (&result);
        }
      kl_live_assert_whole (list, kl_group_get_newest_seq (mine));
    }
  g_clear_object (&list);
  kl_live_session_end (a);
  kl_live_session_end (b);
}

/* ── The server's bad days ── */

static const char *const fast_heart[]
    = { "KLATCH_SERVER_PING_INTERVAL_MS=400", "KLATCH_SERVER_PING_TIMEOUT_MS=400", NULL };

static void
test_frozen (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Frozen", KL_VISIBILITY_PUBLIC);
  g_autoptr (KlMessageList) list = kl_session_dup_messages (a, mine);

  kl_test_wait_until (!kl_message_list_get_loading (list));
  kl_test_process_signal (self->server->process, SIGSTOP);
  gint64 frozen = g_get_monotonic_time ();
  kl_test_wait_until (kl_session_get_state (a) != KL_CONNECTION_STATE_ONLINE);
  /* The interval and the time-out, and a loaded machine's patience. */
  g_assert_cmpint (g_get_monotonic_time () - frozen, <, 10 * G_USEC_PER_SEC);
  kl_live_send (a, mine, "one");
  kl_live_send (a, mine, "two");
  kl_live_send (a, mine, "three");
  kl_live_await_text (list, "one*|two*|three*");
  kl_test_process_signal (self->server->process, SIGCONT);
  kl_live_await_text (list, "one|two|three");
  kl_live_assert_whole (list, 4);
  g_clear_object (&list);
  kl_live_session_end (a);
}

static void
test_shutdown (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder);

  kl_test_process_signal (self->server->process, SIGTERM);
  kl_live_await_state (a, KL_CONNECTION_STATE_WAITING);
  kl_test_process_wait (self->server->process);
  g_clear_pointer (&self->server->process, kl_test_process_free);
  kl_live_server_start (self->server);
  kl_live_await_state (a, KL_CONNECTION_STATE_ONLINE);
  kl_live_session_end (a);
}

/* ── The server's store is put back to an earlier day ── */

static void
run_ctl (KlLivePair *self, const char *command, const char *file)
{
  const char *argv[] = { g_getenv ("KLATCHCTL"), "--data", self->server->data, command, file, NULL };
  g_autoptr (KlTestProcess) process = kl_test_process_start (argv, NULL);

  g_assert_cmpint (kl_test_process_wait (process), ==, 0);
}

static void
test_restored (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder), *b = kl_live_session (self->ben, self->folder_b);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Restored", KL_VISIBILITY_PUBLIC);
  g_autoptr (KlGroup) theirs = kl_live_join (b, mine);
  g_autoptr (KlMessageList) list_a = kl_session_dup_messages (a, mine);
  g_autoptr (KlMessageList) list_b = kl_session_dup_messages (b, theirs);
  g_autofree char *folder = kl_test_dir_new ();
  g_autofree char *backup = g_build_filename (folder, "backup.db", NULL);

  kl_live_send (a, mine, "one");
  kl_live_await_text (list_b, "one");
  run_ctl (self, "backup", backup);
  kl_live_send (a, mine, "two");
  kl_live_send (a, mine, "three");
  kl_live_await_text (list_b, "one|two|three");
  g_object_unref (kl_live_create (b, "Later", KL_VISIBILITY_PRIVATE));

  /* One of them is away while it happens, and comes with what it kept on its disk. */
  g_clear_object (&list_a);
  g_clear_object (&mine);
  kl_live_session_end (a);
  kl_live_server_kill (self->server);
  run_ctl (self, "restore", backup);
  kl_live_server_start (self->server);
  kl_session_retry_now (b);
  a = kl_live_session (self->aroha, self->folder);
  mine = g_list_model_get_item (G_LIST_MODEL (kl_session_get_groups (a)), 0);
  list_a = kl_session_dup_messages (a, mine);
  kl_live_await_text (list_a, "one");
  kl_live_await_text (list_b, "one");
  kl_test_wait_until (g_list_model_get_n_items (G_LIST_MODEL (kl_session_get_groups (b))) == 1);

  /* The numbers of the lost ones are given anew. */
  kl_live_send (b, theirs, "another two");
  kl_live_await_text (list_a, "one|another two");
  kl_live_await_text (list_b, "one|another two");
  kl_live_assert_whole (list_a, 4);
  kl_live_assert_whole (list_b, 4);
  g_clear_object (&list_a);
  g_clear_object (&list_b);
  kl_live_session_end (a);
  kl_live_session_end (b);
  kl_test_dir_remove (folder);
}

/* ── kill -9 under load ── */

typedef struct
{
  KlSession *session;
  KlGroup *group;
  const char *name;
  guint sent;
  guint wanted;
} Talker;

static void
talk_on (Talker *self);

static void
on_talked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Talker *self = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (kl_session_send_finish (KL_SESSION (source), result, &error));
  self->sent++;
  talk_on (self);
}

static void
talk_on (Talker *self)
{
  g_autofree char *body = g_strdup_printf ("%s %u", self->name, self->sent);

  if (self->sent < self->wanted)
    kl_session_send_async (self->session, self->group, body, NULL, on_talked, self);
}

/* Each one's messages are there once, in the order of sending. */
static void
assert_said (KlMessageList *list, const Talker *talker)
{
  guint next = 0;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (list)); i++)
    {
      g_autoptr (KlMessage) message = g_list_model_get_item (G_LIST_MODEL (list), i);
      g_autofree char *expected = g_strdup_printf ("%s %u", talker->name, next);
      if (!g_str_has_prefix (kl_message_get_body (message), talker->name))
        continue;
      g_assert_cmpstr (kl_message_get_body (message), ==, expected);
      next++;
    }
  g_assert_cmpuint (next, ==, talker->wanted);
}

static void
test_kill (KlLivePair *self, gconstpointer unused)
{
  KlSession *a = kl_live_session (self->aroha, self->folder), *b = kl_live_session (self->ben, self->folder_b);
  g_autoptr (KlGroup) mine = kl_live_create (a, "Kill", KL_VISIBILITY_PUBLIC);
  g_autoptr (KlGroup) theirs = kl_live_join (b, mine);
  g_autoptr (KlMessageList) list_a = kl_session_dup_messages (a, mine);
  g_autoptr (KlMessageList) list_b = kl_session_dup_messages (b, theirs);
  Talker talkers[] = { { a, mine, "aroha", 0, 120 }, { b, theirs, "ben", 0, 120 } };
  gint64 newest = 2 + 240;

  talk_on (&talkers[0]);
  talk_on (&talkers[1]);
  for (guint round = 1; round <= 6; round++)
    {
      kl_test_wait_until (kl_group_get_newest_seq (mine) >= 2 + 30 * round);
      kl_live_server_kill (self->server);
      kl_live_server_start (self->server);
      kl_session_retry_now (a);
      kl_session_retry_now (b);
    }
  kl_test_wait_until (kl_group_get_newest_seq (mine) == newest && kl_group_get_newest_seq (theirs) == newest);
  kl_test_wait_until (kl_message_list_get_n_pending (list_a) == 0 && kl_message_list_get_n_pending (list_b) == 0);
  kl_test_wait_until (!kl_message_list_get_more_after (list_a) && !kl_message_list_get_more_after (list_b));
  kl_live_assert_whole (list_a, newest);
  kl_live_assert_whole (list_b, newest);
  for (guint i = 0; i < 2; i++)
    {
      assert_said (list_a, &talkers[i]);
      assert_said (list_b, &talkers[i]);
    }
  g_clear_object (&list_a);
  g_clear_object (&list_b);
  kl_live_session_end (a);
  kl_live_session_end (b);
}

int
main (int argc, char **argv)
{
  kl_fake_server_init (&argc, &argv);

  g_test_add ("/live/offline-send", KlLivePair, NULL, kl_live_pair_set_up, test_offline_send, kl_live_pair_tear_down);
  g_test_add ("/live/away", KlLivePair, NULL, kl_live_pair_set_up, test_away, kl_live_pair_tear_down);
  g_test_add ("/live/frozen", KlLivePair, fast_heart, kl_live_pair_set_up, test_frozen, kl_live_pair_tear_down);
  g_test_add ("/live/shutdown", KlLivePair, NULL, kl_live_pair_set_up, test_shutdown, kl_live_pair_tear_down);
  g_test_add ("/live/restored", KlLivePair, NULL, kl_live_pair_set_up, test_restored, kl_live_pair_tear_down);
  g_test_add ("/live/kill", KlLivePair, NULL, kl_live_pair_set_up, test_kill, kl_live_pair_tear_down);
  return g_test_run ();
}
