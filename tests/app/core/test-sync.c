/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session against a scripted server: gaps, parts, resets, crowds of groups and people, and nonsense. */
#include "app/core/kl-session-private.h"
#include "tests/app/core/kl-fake-server.h"
#include "tests/app/core/kl-live.h"
#include "tests/app/core/kl-script.h"
#include "tests/kit/kl-test.h"

#include <string.h>
#include <time.h>

/* ── Revs ── */

static void
test_in_order (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);

  for (gint64 seq = 6; seq <= 9; seq++)
    kl_script_send_plain (self, seq, seq);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6|m7|m8|m9");
  g_assert_cmpuint (kl_script_count (self, "sync", NULL), ==, 1);
  g_assert_cmpuint (kl_group_get_unread (kl_script_get_group (self, "g")), ==, 4);
  g_assert_cmpstr (kl_group_get_preview (kl_script_get_group (self, "g")), ==, "m9");
  /* An edit: the same object, a new body. */
  g_autoptr (KlMessage) seven = g_list_model_get_item (G_LIST_MODEL (list), 6);
  g_autofree char *edited = kl_script_message_json ("g", 7, 10, "you", "edited", "g-c7");
  kl_script_send_message (self, 10, edited);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6|edited|m8|m9");
  g_assert_cmpstr (kl_message_get_body (seven), ==, "edited");
  /* An older state of it changes nothing. */
  g_autofree char *stale = kl_script_message_json ("g", 7, 7, "you", "stale", "g-c7");
  kl_script_send_message (self, 11, stale);
  kl_script_send_plain (self, 10, 12);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6|edited|m8|m9|m10");
}

static void
test_gap (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);
  g_autofree char *group = kl_script_group_json ("g", 7, 5, 2);
  g_autofree char *page = kl_script_messages_json ("g", 6, 7);
  g_autofree char *changes = g_strdup_printf ("\"g\":{\"rev\":7,\"messages\":%s}", page);
  const char *last = NULL;

  kl_script_add_sync (self, "e1", group, changes, "");
  kl_script_send_plain (self, 7, 7);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6|m7");
  g_assert_cmpuint (kl_script_count (self, "sync", &last), ==, 2);
  g_assert_cmpstr (last, ==, "{\"epoch\":\"e1\",\"since\":{\"g\":5},\"more\":true}");
  g_assert_cmpuint (kl_group_get_unread (kl_script_get_group (self, "g")), ==, 2);
  kl_script_send_plain (self, 8, 8);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6|m7|m8");
  kl_test_spin (300);
  g_assert_cmpuint (kl_script_count (self, "sync", NULL), ==, 2);
}

/* Two events that changed places close their gap themselves. */
static void
test_swapped (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);

  kl_script_add_page (self, "g", 6, 7, TRUE, FALSE);
  kl_script_send_plain (self, 7, 7);
  kl_script_send_plain (self, 6, 6);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6|m7");
  kl_script_send_plain (self, 8, 8);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6|m7|m8");
  /* Only the counts are asked for: whether 6 is a new message or a changed one cannot be told from here. */
  const char *last = NULL;
  kl_test_wait_until (kl_script_count (self, "sync", &last) == 2);
  g_assert_cmpstr (last, ==, "{\"more\":true,\"since\":{\"g\":null}}");
}

/* What the cache holds is as new as the rev that a restart asks for. */
static void
test_restart_asks_from_there (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);
  g_autofree char *group = kl_script_group_json ("g", 6, 5, 1);
  const char *last = NULL;

  kl_script_send_plain (self, 6, 6);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6");
  g_clear_object (&list);
  kl_script_add_sync (self, "e1", group, "\"g\":{\"rev\":6,\"messages\":[]}", "");
  kl_script_restart (self);
  kl_test_wait_until (self->session->synced);
  /* Shown before the server has said anything. */
  list = kl_session_dup_messages (self->session, kl_script_get_group (self, "g"));
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6");
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  g_assert_cmpuint (kl_script_count (self, "sync", &last), ==, 2);
  g_assert_cmpstr (last, ==, "{\"epoch\":\"e1\",\"since\":{\"g\":6}}");
  g_assert_cmpuint (kl_script_count (self, "history", NULL), ==, 1);
}

static void
test_later (KlScript *self, gconstpointer unused)
{
  g_autofree char *a = kl_script_group_json ("a", 3, 0, 3), *b = kl_script_group_json ("b", 9, 0, 9);
  const char *last = NULL;

  kl_script_add_sync (self, "e1", a, "", "\"b\"");
  kl_script_start_online (self);
  kl_test_wait_until (kl_script_count (self, "sync", &last) == 2);
  g_assert_cmpstr (last, ==, "{\"epoch\":\"e1\",\"since\":{\"b\":null},\"more\":true}");
  g_assert_null (kl_script_get_group (self, "b"));
  g_autofree char *answer
      = g_strdup_printf ("{\"ok\":true,\"epoch\":\"e1\",\"groups\":[%s],\"users\":[],\"changes\":{}}", b);
  kl_fake_server_answer (self->server, kl_script_last_ack (self, "sync"), answer);
  kl_test_wait_until (kl_script_get_group (self, "b") != NULL);
  g_assert_nonnull (kl_script_get_group (self, "a"));
  g_assert_cmpuint (kl_group_get_unread (kl_script_get_group (self, "b")), ==, 9);
}

/* Changes in two parts: the events flow after the second. */
static void
test_parts (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);
  g_autofree char *group = kl_script_group_json ("g", 9, 5, 4);
  g_autofree char *first = kl_script_messages_json ("g", 6, 7), *second = kl_script_messages_json ("g", 8, 9);
  g_autofree char *changes = g_strdup_printf ("\"g\":{\"rev\":7,\"messages\":%s}", first);
  g_autofree char *rest = g_strdup_printf ("\"g\":{\"rev\":9,\"messages\":%s}", second);
  const char *last = NULL;

  kl_script_add_sync (self, "e1", group, changes, "\"g\"");
  kl_script_add_sync (self, "e1", group, rest, "");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6|m7|m8|m9");
  g_assert_cmpuint (kl_script_count (self, "sync", &last), ==, 3);
  g_assert_cmpstr (last, ==, "{\"epoch\":\"e1\",\"since\":{\"g\":7},\"more\":true}");
  kl_script_send_plain (self, 10, 10);
  kl_live_await_text (list, "m1|m2|m3|m4|m5|m6|m7|m8|m9|m10");
}

/* Too much was missed: what was held is dropped, and nothing old stands beside the new page. */
static void
test_reset (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);
  g_autofree char *group = kl_script_group_json ("g", 700, 5, 695);
  g_autofree char *page = kl_script_messages_json ("g", 698, 700);
  g_autofree char *changes = g_strdup_printf ("\"g\":{\"rev\":700,\"reset\":true,\"messages\":%s}", page);

  kl_script_add_sync (self, "e1", group, changes, "");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  kl_live_await_text (list, "m698|m699|m700");
  g_assert_true (kl_message_list_get_more_before (list));
  /* The disk has dropped it as well. */
  g_autoptr (GAsyncResult) read = NULL, result = NULL;
  kl_cache_page_async (self->session->cache, "g", 3, 50, 50, kl_test_keep_result, &read);
  kl_test_await (&read);
  g_autoptr (KlCachedPage) old = kl_cache_page_finish (self->session->cache, read);
  g_assert_cmpuint (old->messages->len, ==, 0);
  kl_script_add_page (self, "g", 648, 697, TRUE, TRUE);
  kl_message_list_load_older_async (list, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_clear_object (&result);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, 53);
}

/* The store was restored from a backup: another epoch, further back. */
static void
test_epoch (KlScript *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);
  g_autofree char *group = kl_script_group_json ("g", 3, 3, 0);
  g_autofree char *page = kl_script_messages_json ("g", 1, 3);
  g_autofree char *changes = g_strdup_printf ("\"g\":{\"rev\":3,\"reset\":true,\"messages\":%s}", page);

  kl_script_add_sync (self, "e2", group, changes, "");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  kl_live_await_text (list, "m1|m2|m3");
  g_assert_cmpint (kl_group_get_newest_seq (kl_script_get_group (self, "g")), ==, 3);
  kl_script_send_plain (self, 4, 4);
  kl_live_await_text (list, "m1|m2|m3|m4");
  g_assert_cmpuint (kl_script_count (self, "sync", NULL), ==, 2);
}

/* "There is more", and then nothing: it is asked for once. */
static void
test_empty_pages (KlScript *self, gconstpointer unused)
{
  g_autofree char *group = kl_script_group_json ("g", 9, 9, 0);
  g_autoptr (GAsyncResult) result = NULL;

  kl_script_add_sync (self, "e1", group, "", "");
  kl_script_add_page (self, "g", 7, 9, TRUE, FALSE);
  kl_script_start_online (self);
  g_autoptr (KlMessageList) list = kl_session_dup_messages (self->session, kl_script_get_group (self, "g"));
  kl_live_await_text (list, "m7|m8|m9");
  kl_script_add (self, "history",
                 "{\"ok\":true,\"messages\":[],\"users\":[],\"more_before\":true,\"more_after\":true}");
  kl_message_list_load_older_async (list, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_message_list_load_older_finish (list, result, NULL));
  g_clear_object (&result);
  g_assert_false (kl_message_list_get_more_before (list));
}

/* ── People ── */

/* A crowd is paged: the first page comes by itself, the next when it is asked for. */
static void
test_crowd (KlScript *self, gconstpointer unused)
{
  g_autofree char *group = kl_script_group_json ("g", 5, 5, 0);
  const char *last = NULL;

  kl_script_add_sync (self, "e1", group, "", "");
  kl_script_add (
      self, "group:open",
      "{\"ok\":true,\"here\":[\"you\",\"me\"],\"online\":[\"you\",\"me\",\"far\"],\"users\":[{\"id\":\"far\","
      "\"name\":\"far\",\"status\":\"away\"}],\"reads\":[{\"user\":\"you\",\"seq\":4}]}");
  kl_script_add (self, "group:members",
                 "{\"ok\":true,\"members\":[{\"user\":\"you\",\"role\":\"owner\",\"rev\":1},{\"user\":\"a1\","
                 "\"role\":\"member\",\"rev\":1}],\"users\":[{\"id\":\"a1\",\"name\":\"a1\",\"status\":\"offline\"}],"
                 "\"next\":\"cursor\"}");
  kl_script_start_online (self);
  kl_fake_server_send_event (self->server, "presence", "{\"groups\":[{\"id\":\"g\",\"online\":3,\"here\":2}]}");
  g_object_set (kl_script_get_group (self, "g"), "members", 500u, NULL);
  g_autoptr (KlMemberList) people = kl_session_dup_members (self->session, kl_script_get_group (self, "g"));
  kl_session_set_open_group (self->session, kl_script_get_group (self, "g"));
  kl_test_wait_until (kl_script_count (self, "group:members", &last) == 1 && !kl_member_list_get_loading (people));
  g_assert_cmpstr (last, ==, "{\"group\":\"g\",\"limit\":100}");
  kl_test_wait_until (kl_member_list_get (people, "a1") != NULL);
  g_assert_cmpuint (kl_member_list_get_n_here (people), ==, 2);
  g_assert_cmpuint (kl_member_list_get_n_online (people), ==, 1);
  g_assert_cmpuint (kl_member_list_get_n_offline (people), ==, 497);
  g_assert_cmpint (kl_member_get_role (kl_member_list_get (people, "you")), ==, KL_ROLE_OWNER);
  g_assert_cmpint (kl_user_get_status (kl_member_get_user (kl_member_list_get (people, "far"))), ==,
                   KL_USER_STATUS_AWAY);
  g_assert_cmpint (kl_group_get_others_read_seq (kl_script_get_group (self, "g")), ==, 4);
  g_assert_true (kl_member_list_get_more (people));
  kl_test_spin (100);
  g_assert_cmpuint (kl_script_count (self, "group:members", NULL), ==, 1);
  kl_script_add (self, "group:members",
                 "{\"ok\":true,\"members\":[{\"user\":\"a2\",\"role\":\"member\",\"rev\":1}],\"users\":[]}");
  kl_member_list_load_more (people);
  kl_test_wait_until (!kl_member_list_get_more (people));
  g_assert_cmpuint (kl_script_count (self, "group:members", &last), ==, 2);
  g_assert_cmpstr (last, ==, "{\"group\":\"g\",\"after\":\"cursor\",\"limit\":100}");
  /* Whose name nobody told is asked for. */
  kl_test_wait_until (kl_script_count (self, "users", &last) >= 1);
  g_assert_nonnull (strstr (last, "\"a2\""));
  kl_session_set_open_group (self->session, NULL);
  kl_test_wait_until (kl_script_count (self, "group:close", NULL) == 1);
}

/* ── Nonsense ── */

static gint64
cpu_usec (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * (gint64) G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static char *
many_groups (int n)
{
  GString *groups = g_string_new (NULL);

  for (int i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("g%d", i);
      g_autofree char *last = kl_script_message_json (id, 7, 7, "you", "The last message, of a usual length", id);
      g_autofree char *object = kl_script_group_json (id, 5, 5, i % 3);

      object[strlen (object) - 1] = '\0';
      g_string_append_printf (groups, "%s%s,\"last_message\":%s}", i > 0 ? "," : "", object, last);
    }
  return g_string_free_and_steal (groups);
}

/* The main loop goes on turning while hundreds of groups come in at once. */
static void
test_many_groups (KlScript *self, gconstpointer unused)
{
  g_autofree char *groups = many_groups (300);
  gint64 longest = 0;

  kl_script_add_sync (self, "e1", groups, "", "");
  kl_script_start (self);
  while (g_list_model_get_n_items (G_LIST_MODEL (kl_session_get_groups (self->session))) < 300
         || !self->session->synced)
    {
      gint64 began = cpu_usec ();

      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (200);
      else if (self->server->connection != NULL)
        longest = MAX (longest, cpu_usec () - began);
    }
  g_test_message ("the longest turn took %.1f ms of this thread's processor time", (double) longest / 1000);
  /* Eight are promised of an optimised build on a machine of our own; this one may be neither. */
  g_assert_cmpint (longest, <, 80 * G_TIME_SPAN_MILLISECOND);
}

/* As a list of widgets does. */
static void
on_slow_list_changed (GListModel *model, guint position, guint removed, guint added, gpointer n)
{
  gint64 end = g_get_monotonic_time () + 500;

  (*(guint *) n)++;
  while (g_get_monotonic_time () < end)
    ;
}

static void
start_with_slow_list (KlScript *self, guint n_groups, guint *n_changes)
{
  g_autofree char *groups = many_groups ((int) n_groups);

  kl_script_add_sync (self, "e1", groups, "", "");
  kl_script_start (self);
  g_signal_connect (kl_session_get_groups (self->session), "items-changed", G_CALLBACK (on_slow_list_changed),
                    n_changes);
}

/* However long the lists' handlers take, others have their turns in between; what the server sends meanwhile is told
 * afterwards, in order. */
static void
test_many_groups_in_parts (KlScript *self, gconstpointer unused)
{
  guint n_changes = 0, n_turns = 0;

  start_with_slow_list (self, 100, &n_changes);
  kl_test_wait_until (n_changes > 0);
  g_assert_cmpuint (n_changes, <, 100);
  g_autofree char *text = kl_script_message_json ("g99", 8, 6, "you", "meanwhile", "c8");
  g_autofree char *event = g_strdup_printf ("{\"group\":\"g99\",\"rev\":6,\"message\":%s}", text);
  kl_fake_server_send_event (self->server, "message", event);
  for (guint before = n_changes; !self->session->synced; before = n_changes)
    {
      g_main_context_iteration (NULL, TRUE);
      n_turns += n_changes > before;
      g_assert_cmpuint (n_changes - before, <, 50);
    }
  g_assert_cmpuint (n_changes, ==, 100);
  g_assert_cmpuint (n_turns, >, 3);
  kl_test_wait_until (kl_group_get_newest_seq (kl_script_get_group (self, "g99")) == 8);
  g_assert_cmpstr (kl_group_get_preview (kl_script_get_group (self, "g99")), ==, "meanwhile");
  g_assert_cmpuint (self->server->connections, ==, 1);
}

/* The connection falls in the midst of it: the rest comes with the next one. */
static void
test_many_groups_cut (KlScript *self, gconstpointer unused)
{
  g_autofree char *groups = many_groups (100);
  guint n_changes = 0;

  start_with_slow_list (self, 100, &n_changes);
  kl_test_wait_until (n_changes > 0);
  g_assert_cmpuint (n_changes, <, 100);
  kl_connection_give_up (self->session->connection);
  g_assert_null (self->session->taking);
  g_assert_false (self->session->synced);
  kl_script_add_sync (self, "e1", groups, "", "");
  kl_session_retry_now (self->session);
  kl_test_wait_until (self->session->synced);
  g_assert_cmpuint (n_changes, ==, 100);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (kl_session_get_groups (self->session))), ==, 100);
}

/* The server goes in the midst of it: what it had said is taken whole, then it is gone. */
static void
test_many_groups_then_gone (KlScript *self, gconstpointer unused)
{
  guint n_changes = 0;

  start_with_slow_list (self, 100, &n_changes);
  kl_test_wait_until (n_changes > 0);
  kl_fake_server_cut (self->server);
  kl_test_wait_until (!kl_connection_is_ready (self->session->connection));
  g_assert_cmpuint (n_changes, ==, 100);
}

/* And the session itself, in the midst of it. */
static void
test_many_groups_stop (KlScript *self, gconstpointer unused)
{
  guint n_changes = 0;

  start_with_slow_list (self, 100, &n_changes);
  kl_test_wait_until (n_changes > 0);
  g_assert_nonnull (self->session->taking);
}

static void
test_nonsense (KlScript *self, gconstpointer unused)
{
  static const char *const events[] = {
    "{\"group\":\"g\",\"rev\":6}",
    "{\"group\":\"g\",\"rev\":6,\"message\":5}",
    "{\"group\":\"g\",\"rev\":-1,\"message\":{}}",
    "{\"group\":\"g\",\"rev\":6,\"message\":{\"id\":\"x\",\"group\":\"other\",\"seq\":1,\"rev\":6,\"sender\":\"you\"}}",
    "{\"group\":\"g\",\"rev\":6,\"message\":{\"id\":\"x\",\"group\":\"g\",\"seq\":-4,\"rev\":6,\"sender\":\"you\"}}",
    "{\"group\":\"g\",\"rev\":6,\"message\":{\"id\":\"x:y\",\"group\":\"g\",\"seq\":6,\"rev\":6,\"sender\":\"you\"}}",
    "{\"group\":\"g\",\"rev\":6,\"message\":{\"id\":\"x\",\"group\":\"g\",\"seq\":6,\"rev\":6,\"sender\":\"you\","
    "\"kind\":\"text\",\"body\":7,\"created_at\":1}}",
    "{\"group\":\"g\",\"rev\":6,\"message\":{\"id\":\"x\",\"group\":\"g\",\"seq\":6,\"rev\":6,\"sender\":\"you\","
    "\"kind\":\"new\",\"body\":\"\",\"created_at\":1}}",
    "{\"group\":\"nowhere\",\"rev\":6}",
    "{\"group\":null}",
    "[]",
    "7",
  };
  static const char *const names[]
      = { "message", "member", "group", "group:removed", "user", "presence", "typing", "read", "notice" };
  g_autoptr (KlMessageList) list = kl_script_begin_with_five (self);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    for (guint k = 0; k < G_N_ELEMENTS (events); k++)
      if (!g_str_equal (names[i], "group:removed"))
        kl_fake_server_send_event (self->server, names[i], events[k]);
  kl_fake_server_send_event (self->server, "presence",
                             "{\"users\":[5,{\"id\":7},{\"id\":\"you\",\"status\":\"odd\"}],\"groups\":[{"
                             "\"id\":\"g\",\"online\":-3,\"here_users\":[1,\"a:b\"]}]}");
  kl_fake_server_send_event (self->server, "user",
                             "{\"user\":{\"id\":\"you\",\"name\":\"you\",\"display_name\":\"Known\"}}");
  kl_test_wait_until (g_str_equal (kl_user_get_display_name (kl_people_get (self->session->people, "you")), "Known"));
  kl_live_await_text (list, "m1|m2|m3|m4|m5");
}

static void
test_nonsense_answers (KlScript *self, gconstpointer unused)
{
  static const char *const answers[] = {
    "{\"ok\":true}",
    "{\"ok\":true,\"groups\":7,\"changes\":[],\"later\":{},\"users\":\"x\",\"epoch\":5}",
    "{\"ok\":true,\"groups\":[1,{},{\"id\":5},{\"id\":\"a:b\",\"mine\":{}},{\"id\":\"g\",\"name\":5,\"mine\":{\"role\":"
    "\"owner\"}}],"
    "\"changes\":{\"g\":5,\"h\":{\"rev\":-1}},\"later\":[1,null]}",
    "{\"ok\":true,\"groups\":[{\"id\":\"g\",\"name\":\"G\",\"mine\":{\"role\":\"emperor\",\"unread\":1e3}}],"
    "\"changes\":{\"g\":{"
    "\"rev\":5,\"messages\":[5,{},{\"seq\":1}],\"members\":[5,{\"user\":7}]}}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    kl_script_add (self, "sync", answers[i]);
  kl_script_start_online (self);
  for (guint i = 1; i < G_N_ELEMENTS (answers); i++)
    {
      kl_fake_server_cut (self->server);
      kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
      kl_session_retry_now (self->session);
      kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
    }
  /* A busy server is asked again on the same connection. */
  guint before = self->server->connections + 1;
  kl_script_add (self, "sync",
                 "{\"ok\":false,\"error\":{\"code\":\"unavailable\",\"message\":\"Busy\",\"retry_after_ms\":100}}");
  kl_script_add (self, "sync", "{\"ok\":true}");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  g_assert_cmpuint (self->server->connections, ==, before);
  /* An error that does not pass: not online, and tried again later. */
  kl_script_add (self, "sync", "{\"ok\":false,\"error\":{\"code\":\"internal\",\"message\":\"Oh\"}}");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_WAITING);
}

int
main (int argc, char **argv)
{
  kl_fake_server_init (&argc, &argv);
  kl_script_add_test ("in-order", test_in_order);
  kl_script_add_test ("gap", test_gap);
  kl_script_add_test ("swapped", test_swapped);
  kl_script_add_test ("restart", test_restart_asks_from_there);
  kl_script_add_test ("later", test_later);
  kl_script_add_test ("parts", test_parts);
  kl_script_add_test ("reset", test_reset);
  kl_script_add_test ("epoch", test_epoch);
  kl_script_add_test ("empty-pages", test_empty_pages);
  kl_script_add_test ("crowd", test_crowd);
  kl_script_add_test ("nonsense", test_nonsense);
  kl_script_add_test ("nonsense-answers", test_nonsense_answers);
  kl_script_add_test ("many-groups", test_many_groups);
  kl_script_add_test ("many-groups/in-parts", test_many_groups_in_parts);
  kl_script_add_test ("many-groups/cut", test_many_groups_cut);
  kl_script_add_test ("many-groups/then-gone", test_many_groups_then_gone);
  kl_script_add_test ("many-groups/stop", test_many_groups_stop);
  return g_test_run ();
}
