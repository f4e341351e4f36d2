/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session against a scripted server: gaps, parts, resets, answers that are lost or come too early, and nonsense. */
#include "app/core/kl-session-private.h"
#include "tests/app/core/kl-fake-server.h"
#include "tests/app/core/kl-live.h"
#include "tests/kit/kl-test.h"

#include <string.h>
#include <time.h>

typedef struct
{
  KlFakeServer *server;
  KlAccount *account;
  char *folder;
  KlSession *session;
  GHashTable *scripts; /* event → GQueue of JSON answers */
  GPtrArray *log;      /* "event json" */
  GArray *acks;        /* of each line in the log */
} Fixture;

static void
on_event (KlFakeServer *server, const char *event, yyjson_val *argument, gint64 ack_id, gpointer user_data)
{
  Fixture *self = user_data;
  g_autofree char *json = argument != NULL ? yyjson_val_write (argument, 0, NULL) : g_strdup ("");
  GQueue *script = g_hash_table_lookup (self->scripts, event);
  g_autofree char *answer = script != NULL ? g_queue_pop_head (script) : NULL;

  g_ptr_array_add (self->log, g_strconcat (event, " ", json, NULL));
  g_array_append_val (self->acks, ack_id);
  if (answer != NULL)
    kl_fake_server_answer (server, ack_id, answer);
}

static void
free_script (gpointer script)
{
  g_queue_free_full (script, g_free);
}

static void
script (Fixture *self, const char *event, const char *answer)
{
  GQueue *queue = g_hash_table_lookup (self->scripts, event);

  if (queue == NULL)
    {
      queue = g_queue_new ();
      g_hash_table_insert (self->scripts, g_strdup (event), queue);
    }
  g_queue_push_tail (queue, g_strdup (answer));
}

/* How often it was sent; *last becomes the last one's JSON. */
static guint
count (Fixture *self, const char *event, const char **last)
{
  g_autofree char *prefix = g_strconcat (event, " ", NULL);
  guint n = 0;

  for (guint i = 0; i < self->log->len; i++)
    if (g_str_has_prefix (self->log->pdata[i], prefix))
      {
        n++;
        if (last != NULL)
          *last = (char *) self->log->pdata[i] + strlen (prefix);
      }
  return n;
}

static gint64
last_ack (Fixture *self, const char *event)
{
  gint64 ack = -1;

  for (guint i = 0; i < self->log->len; i++)
    if (g_str_has_prefix (self->log->pdata[i], event))
      ack = g_array_index (self->acks, gint64, i);
  return ack;
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->server = kl_fake_server_new ();
  self->server->on_event = on_event;
  self->server->user_data = self;
  self->folder = kl_test_dir_new ();
  self->account = kl_account_new (self->server->url, "me", "me", "secret");
  self->scripts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_script);
  self->log = g_ptr_array_new_with_free_func (g_free);
  self->acks = g_array_new (FALSE, FALSE, sizeof (gint64));
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  kl_live_session_end (self->session);
  kl_test_finalize (self->account);
  kl_fake_server_free (self->server);
  kl_test_dir_remove (self->folder);
  g_free (self->folder);
  g_hash_table_unref (self->scripts);
  g_ptr_array_unref (self->log);
  g_array_unref (self->acks);
}

static void
start (Fixture *self)
{
  self->session = kl_live_session_offline (self->account, self->folder);
}

static void
start_online (Fixture *self)
{
  start (self);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
}

static void
restart (Fixture *self)
{
  kl_live_session_end (self->session);
  start (self);
}

/* ── JSON ── */

static char *
message (const char *group, gint64 seq, gint64 rev, const char *sender, const char *body, const char *client_id)
{
  return g_strdup_printf (
      "{\"id\":\"%s-%d\",\"group\":\"%s\",\"seq\":%d,\"rev\":%d,\"sender\":\"%s\",\"client_id\":\"%s\","
      "\"kind\":\"text\",\"body\":\"%s\",\"created_at\":%d}",
      group, (int) seq, group, (int) seq, (int) rev, sender, client_id, body, 1000 + (int) seq);
}

/* Messages from..to, each with rev = seq. */
static char *
messages (const char *group, gint64 from, gint64 to)
{
  g_autoptr (GString) text = g_string_new ("[");

  for (gint64 seq = from; seq <= to; seq++)
    {
      g_autofree char *body = g_strdup_printf ("m%d", (int) seq);
      g_autofree char *client_id = g_strdup_printf ("%s-c%d", group, (int) seq);
      g_autofree char *one = message (group, seq, seq, "you", body, client_id);
      g_string_append_printf (text, "%s%s", seq > from ? "," : "", one);
    }
  g_string_append_c (text, ']');
  return g_string_free_and_steal (g_steal_pointer (&text));
}

static char *
group_object (const char *id, gint64 rev, gint64 read_seq, int unread)
{
  return g_strdup_printf (
      "{\"id\":\"%s\",\"kind\":\"group\",\"name\":\"Group %s\",\"topic\":\"\",\"visibility\":\"public\","
      "\"members\":2,\"online\":2,\"here\":0,\"rev\":%d,\"created_at\":1,\"mine\":{\"role\":\"member\","
      "\"read_seq\":%d,\"unread\":%d,\"mentions\":0,\"notify\":\"all\",\"pinned\":false}}",
      id, id, (int) rev, (int) read_seq, unread);
}

static void
script_sync (Fixture *self, const char *epoch, const char *groups, const char *changes, const char *later)
{
  g_autofree char *answer = g_strdup_printf (
      "{\"ok\":true,\"epoch\":\"%s\",\"user\":{\"id\":\"me\",\"name\":\"me\",\"display_name\":\"Me\"},\"groups\":[%s],"
      "\"users\":[{\"id\":\"you\",\"name\":\"you\",\"display_name\":\"You\"}],\"changes\":{%s},\"later\":[%s]}",
      epoch, groups, changes, later);

  script (self, "sync", answer);
}

static void
script_page (Fixture *self, const char *group, gint64 from, gint64 to, gboolean more_before, gboolean more_after)
{
  g_autofree char *page = messages (group, from, to);
  g_autofree char *answer
      = g_strdup_printf ("{\"ok\":true,\"messages\":%s,\"users\":[],\"more_before\":%s,\"more_after\":%s}", page,
                         more_before ? "true" : "false", more_after ? "true" : "false");

  script (self, "history", answer);
}

static void
send_message_event (Fixture *self, gint64 rev, const char *object)
{
  g_autofree char *json = g_strdup_printf ("{\"group\":\"g\",\"rev\":%d,\"message\":%s}", (int) rev, object);

  kl_fake_server_send_event (self->server, "message", json);
}

static void
send_plain_event (Fixture *self, gint64 seq, gint64 rev)
{
  g_autofree char *body = g_strdup_printf ("m%d", (int) seq);
  g_autofree char *client_id = g_strdup_printf ("g-c%d", (int) seq);
  g_autofree char *object = message ("g", seq, rev, "you", body, client_id);

  send_message_event (self, rev, object);
}

static KlGroup *
group_of (Fixture *self, const char *id)
{
  return kl_group_list_get (kl_session_get_groups (self->session), id);
}

static void
await_text (KlMessageList *list, const char *expected)
{
  gint64 end = g_get_monotonic_time () + KL_TEST_DEADLINE_MS * G_TIME_SPAN_MILLISECOND;

  for (;;)
    {
      g_autofree char *text = kl_live_describe (list);
      if (g_str_equal (text, expected))
        return;
      g_autofree char *what = g_strdup_printf ("“%s” where “%s” is expected", text, expected);
      kl_test_iterate (end, G_STRLOC, what);
    }
}

/* One group, "g", with messages 1 to 5, of which a list shows all. */
static KlMessageList *
begin_with_five (Fixture *self)
{
  g_autofree char *group = group_object ("g", 5, 5, 0);

  script_sync (self, "e1", group, "", "");
  script_page (self, "g", 1, 5, FALSE, FALSE);
  start_online (self);
  KlMessageList *list = kl_session_dup_messages (self->session, group_of (self, "g"));
  await_text (list, "m1|m2|m3|m4|m5");
  return list;
}

/* ── Revs ── */

static void
test_in_order (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);

  for (gint64 seq = 6; seq <= 9; seq++)
    send_plain_event (self, seq, seq);
  await_text (list, "m1|m2|m3|m4|m5|m6|m7|m8|m9");
  g_assert_cmpuint (count (self, "sync", NULL), ==, 1);
  g_assert_cmpuint (kl_group_get_unread (group_of (self, "g")), ==, 4);
  g_assert_cmpstr (kl_group_get_preview (group_of (self, "g")), ==, "m9");
  /* An edit: the same object, a new body. */
  g_autoptr (KlMessage) seven = g_list_model_get_item (G_LIST_MODEL (list), 6);
  g_autofree char *edited = message ("g", 7, 10, "you", "edited", "g-c7");
  send_message_event (self, 10, edited);
  await_text (list, "m1|m2|m3|m4|m5|m6|edited|m8|m9");
  g_assert_cmpstr (kl_message_get_body (seven), ==, "edited");
  /* An older state of it changes nothing. */
  g_autofree char *stale = message ("g", 7, 7, "you", "stale", "g-c7");
  send_message_event (self, 11, stale);
  send_plain_event (self, 10, 12);
  await_text (list, "m1|m2|m3|m4|m5|m6|edited|m8|m9|m10");
}

static void
test_gap (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);
  g_autofree char *group = group_object ("g", 7, 5, 2);
  g_autofree char *page = messages ("g", 6, 7);
  g_autofree char *changes = g_strdup_printf ("\"g\":{\"rev\":7,\"messages\":%s}", page);
  const char *last = NULL;

  script_sync (self, "e1", group, changes, "");
  send_plain_event (self, 7, 7);
  await_text (list, "m1|m2|m3|m4|m5|m6|m7");
  g_assert_cmpuint (count (self, "sync", &last), ==, 2);
  g_assert_cmpstr (last, ==, "{\"epoch\":\"e1\",\"since\":{\"g\":5},\"more\":true}");
  g_assert_cmpuint (kl_group_get_unread (group_of (self, "g")), ==, 2);
  send_plain_event (self, 8, 8);
  await_text (list, "m1|m2|m3|m4|m5|m6|m7|m8");
  kl_test_spin (300);
  g_assert_cmpuint (count (self, "sync", NULL), ==, 2);
}

/* Two events that changed places close their gap themselves. */
static void
test_swapped (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);

  script_page (self, "g", 6, 7, TRUE, FALSE);
  send_plain_event (self, 7, 7);
  send_plain_event (self, 6, 6);
  await_text (list, "m1|m2|m3|m4|m5|m6|m7");
  send_plain_event (self, 8, 8);
  await_text (list, "m1|m2|m3|m4|m5|m6|m7|m8");
  /* Only the counts are asked for: whether 6 is a new message or a changed one cannot be told from here. */
  const char *last = NULL;
  kl_test_wait_until (count (self, "sync", &last) == 2);
  g_assert_cmpstr (last, ==, "{\"more\":true,\"since\":{\"g\":null}}");
}

/* What the cache holds is as new as the rev that a restart asks for. */
static void
test_restart_asks_from_there (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);
  g_autofree char *group = group_object ("g", 6, 5, 1);
  const char *last = NULL;

  send_plain_event (self, 6, 6);
  await_text (list, "m1|m2|m3|m4|m5|m6");
  g_clear_object (&list);
  script_sync (self, "e1", group, "\"g\":{\"rev\":6,\"messages\":[]}", "");
  restart (self);
  kl_test_wait_until (self->session->synced);
  /* Shown before the server has said anything. */
  list = kl_session_dup_messages (self->session, group_of (self, "g"));
  await_text (list, "m1|m2|m3|m4|m5|m6");
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  g_assert_cmpuint (count (self, "sync", &last), ==, 2);
  g_assert_cmpstr (last, ==, "{\"epoch\":\"e1\",\"since\":{\"g\":6}}");
  g_assert_cmpuint (count (self, "history", NULL), ==, 1);
}

static void
test_later (Fixture *self, gconstpointer unused)
{
  g_autofree char *a = group_object ("a", 3, 0, 3), *b = group_object ("b", 9, 0, 9);
  const char *last = NULL;

  script_sync (self, "e1", a, "", "\"b\"");
  start_online (self);
  kl_test_wait_until (count (self, "sync", &last) == 2);
  g_assert_cmpstr (last, ==, "{\"epoch\":\"e1\",\"since\":{\"b\":null},\"more\":true}");
  g_assert_null (group_of (self, "b"));
  g_autofree char *answer
      = g_strdup_printf ("{\"ok\":true,\"epoch\":\"e1\",\"groups\":[%s],\"users\":[],\"changes\":{}}", b);
  kl_fake_server_answer (self->server, last_ack (self, "sync"), answer);
  kl_test_wait_until (group_of (self, "b") != NULL);
  g_assert_nonnull (group_of (self, "a"));
  g_assert_cmpuint (kl_group_get_unread (group_of (self, "b")), ==, 9);
}

/* Changes in two parts: the events flow after the second. */
static void
test_parts (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);
  g_autofree char *group = group_object ("g", 9, 5, 4);
  g_autofree char *first = messages ("g", 6, 7), *second = messages ("g", 8, 9);
  g_autofree char *changes = g_strdup_printf ("\"g\":{\"rev\":7,\"messages\":%s}", first);
  g_autofree char *rest = g_strdup_printf ("\"g\":{\"rev\":9,\"messages\":%s}", second);
  const char *last = NULL;

  script_sync (self, "e1", group, changes, "\"g\"");
  script_sync (self, "e1", group, rest, "");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  await_text (list, "m1|m2|m3|m4|m5|m6|m7|m8|m9");
  g_assert_cmpuint (count (self, "sync", &last), ==, 3);
  g_assert_cmpstr (last, ==, "{\"epoch\":\"e1\",\"since\":{\"g\":7},\"more\":true}");
  send_plain_event (self, 10, 10);
  await_text (list, "m1|m2|m3|m4|m5|m6|m7|m8|m9|m10");
}

/* Too much was missed: what was held is dropped, and nothing old stands beside the new page. */
static void
test_reset (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);
  g_autofree char *group = group_object ("g", 700, 5, 695);
  g_autofree char *page = messages ("g", 698, 700);
  g_autofree char *changes = g_strdup_printf ("\"g\":{\"rev\":700,\"reset\":true,\"messages\":%s}", page);

  script_sync (self, "e1", group, changes, "");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  await_text (list, "m698|m699|m700");
  g_assert_true (kl_message_list_get_more_before (list));
  /* The disk has dropped it as well. */
  g_autoptr (GAsyncResult) read = NULL, result = NULL;
  kl_cache_page_async (self->session->cache, "g", 3, 50, 50, kl_test_keep_result, &read);
  kl_test_await (&read);
  g_autoptr (KlCachedPage) old = kl_cache_page_finish (self->session->cache, read);
  g_assert_cmpuint (old->messages->len, ==, 0);
  script_page (self, "g", 648, 697, TRUE, TRUE);
  kl_message_list_load_older_async (list, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_clear_object (&result);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, 53);
}

/* The store was restored from a backup: another epoch, further back. */
static void
test_epoch (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);
  g_autofree char *group = group_object ("g", 3, 3, 0);
  g_autofree char *page = messages ("g", 1, 3);
  g_autofree char *changes = g_strdup_printf ("\"g\":{\"rev\":3,\"reset\":true,\"messages\":%s}", page);

  script_sync (self, "e2", group, changes, "");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  await_text (list, "m1|m2|m3");
  g_assert_cmpint (kl_group_get_newest_seq (group_of (self, "g")), ==, 3);
  send_plain_event (self, 4, 4);
  await_text (list, "m1|m2|m3|m4");
  g_assert_cmpuint (count (self, "sync", NULL), ==, 2);
}

/* "There is more", and then nothing: it is asked for once. */
static void
test_empty_pages (Fixture *self, gconstpointer unused)
{
  g_autofree char *group = group_object ("g", 9, 9, 0);
  g_autoptr (GAsyncResult) result = NULL;

  script_sync (self, "e1", group, "", "");
  script_page (self, "g", 7, 9, TRUE, FALSE);
  start_online (self);
  g_autoptr (KlMessageList) list = kl_session_dup_messages (self->session, group_of (self, "g"));
  await_text (list, "m7|m8|m9");
  script (self, "history", "{\"ok\":true,\"messages\":[],\"users\":[],\"more_before\":true,\"more_after\":true}");
  kl_message_list_load_older_async (list, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_message_list_load_older_finish (list, result, NULL));
  g_clear_object (&result);
  g_assert_false (kl_message_list_get_more_before (list));
}

/* ── One's own messages ── */

static char *
sent_client_id (Fixture *self)
{
  const char *last = NULL;

  kl_test_wait_until (count (self, "message:send", &last) > 0);
  g_autoptr (KlJson) json = kl_json_parse (last, strlen (last), NULL);
  return g_strdup (yyjson_get_str (yyjson_obj_get (kl_json_get_root (json), "client_id")));
}

static char *
my_answer (Fixture *self, gint64 seq, const char *client_id)
{
  g_autofree char *object = message ("g", seq, seq, "me", "mine", client_id);

  return g_strdup_printf ("{\"ok\":true,\"message\":%s}", object);
}

/* The event passes, its answer is held: one bubble, and nothing is sent again. */
static void
test_event_without_answer (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);
  g_autofree char *group = group_object ("g", 6, 5, 0);

  kl_live_send (self->session, group_of (self, "g"), "mine");
  await_text (list, "m1|m2|m3|m4|m5|mine*");
  g_autoptr (KlMessage) bubble = g_list_model_get_item (G_LIST_MODEL (list), 5);
  g_autofree char *client_id = sent_client_id (self);
  g_autofree char *object = message ("g", 6, 6, "me", "mine", client_id);
  send_message_event (self, 6, object);
  await_text (list, "m1|m2|m3|m4|m5|mine");
  g_autoptr (KlMessage) same = g_list_model_get_item (G_LIST_MODEL (list), 5);
  g_assert_true (bubble == same);
  g_clear_object (&list);
  g_clear_object (&bubble);
  g_clear_object (&same);
  script_sync (self, "e1", group, "\"g\":{\"rev\":6,\"messages\":[]}", "");
  restart (self);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  list = kl_session_dup_messages (self->session, group_of (self, "g"));
  await_text (list, "m1|m2|m3|m4|m5|mine");
  kl_test_spin (200);
  g_assert_cmpuint (count (self, "message:send", NULL), ==, 1);
  g_assert_cmpuint (kl_group_get_unread (group_of (self, "g")), ==, 0);
}

/* Neither came; the client was restarted. The sync has it: it is not sent again. */
static void
test_stored_unheard (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);
  g_autofree char *group = group_object ("g", 6, 5, 0);

  kl_live_send (self->session, group_of (self, "g"), "mine");
  g_autofree char *client_id = sent_client_id (self);
  g_clear_object (&list);
  g_autofree char *object = message ("g", 6, 6, "me", "mine", client_id);
  g_autofree char *changes = g_strdup_printf ("\"g\":{\"rev\":6,\"messages\":[%s]}", object);
  script_sync (self, "e1", group, changes, "");
  restart (self);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  list = kl_session_dup_messages (self->session, group_of (self, "g"));
  await_text (list, "m1|m2|m3|m4|m5|mine");
  kl_test_spin (200);
  g_assert_cmpuint (count (self, "message:send", NULL), ==, 1);
}

/* Neither came, and it was not stored: the same client id goes again. */
static void
test_sent_again (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);
  g_autofree char *group = group_object ("g", 5, 5, 0);

  kl_live_send (self->session, group_of (self, "g"), "mine");
  g_autofree char *client_id = sent_client_id (self);
  script_sync (self, "e1", group, "\"g\":{\"rev\":5,\"messages\":[]}", "");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  kl_test_wait_until (count (self, "message:send", NULL) == 2);
  g_autofree char *again = sent_client_id (self);
  g_assert_cmpstr (again, ==, client_id);
  g_autofree char *answer = my_answer (self, 6, client_id);
  kl_fake_server_answer (self->server, last_ack (self, "message:send"), answer);
  await_text (list, "m1|m2|m3|m4|m5|mine");
}

/* The answer overtakes the events before it. */
static void
test_answer_first (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);

  kl_live_send (self->session, group_of (self, "g"), "mine");
  g_autofree char *client_id = sent_client_id (self);
  g_autofree char *answer = my_answer (self, 7, client_id);
  kl_fake_server_answer (self->server, last_ack (self, "message:send"), answer);
  await_text (list, "m1|m2|m3|m4|m5|mine");
  send_plain_event (self, 6, 6);
  g_autofree char *object = message ("g", 7, 7, "me", "mine", client_id);
  send_message_event (self, 7, object);
  await_text (list, "m1|m2|m3|m4|m5|m6|mine");
  g_assert_cmpuint (kl_group_get_unread (group_of (self, "g")), ==, 1);
  g_assert_cmpuint (count (self, "sync", NULL), ==, 1);
}

/* The group is lost while a message waits for it: it does not go out by itself when one is back. */
static void
test_group_lost (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);
  g_autofree char *group = group_object ("g", 5, 5, 0);

  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_live_send (self->session, group_of (self, "g"), "mine");
  g_clear_object (&list);
  script_sync (self, "e1", "", "", "");
  kl_session_retry_now (self->session);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  g_assert_null (group_of (self, "g"));
  script_page (self, "g", 1, 5, FALSE, FALSE);
  g_autofree char *event = g_strdup_printf ("{\"group\":%s}", group);
  kl_fake_server_send_event (self->server, "group", event);
  kl_test_wait_until (group_of (self, "g") != NULL);
  list = kl_session_dup_messages (self->session, group_of (self, "g"));
  await_text (list, "m1|m2|m3|m4|m5|mine*");
  g_assert_cmpuint (count (self, "message:send", NULL), ==, 0);
  g_autoptr (KlMessage) message = g_list_model_get_item (G_LIST_MODEL (list), 5);
  g_assert_cmpint (kl_message_get_state (message), ==, KL_MESSAGE_STATE_FAILED);
  kl_session_retry_message (self->session, message);
  kl_test_wait_until (count (self, "message:send", NULL) == 1);
}

static void
test_busy_server (Fixture *self, gconstpointer unused)
{
  g_autoptr (KlMessageList) list = begin_with_five (self);

  script (self, "message:send",
          "{\"ok\":false,\"error\":{\"code\":\"unavailable\",\"message\":\"Busy\",\"retry_after_ms\":10}}");
  kl_live_send (self->session, group_of (self, "g"), "mine");
  kl_test_wait_until (kl_session_get_held (self->session));
  kl_test_wait_until (count (self, "message:send", NULL) == 2);
  await_text (list, "m1|m2|m3|m4|m5|mine*");
  g_autofree char *client_id = sent_client_id (self);
  g_autofree char *answer = my_answer (self, 6, client_id);
  kl_fake_server_answer (self->server, last_ack (self, "message:send"), answer);
  await_text (list, "m1|m2|m3|m4|m5|mine");
  g_assert_false (kl_session_get_held (self->session));
}

/* This computer's clock is a day slow: the unsent message is last all the same, and so is its group first. */
static void
test_slow_clock (Fixture *self, gconstpointer unused)
{
  gint64 ahead = g_get_real_time () / 1000 + 24 * 3600 * 1000;
  g_autofree char *object
      = g_strdup_printf ("{\"id\":\"x\",\"group\":\"g\",\"seq\":6,\"rev\":6,\"sender\":\"you\","
                         "\"kind\":\"text\",\"body\":\"tomorrow\",\"created_at\":%" G_GINT64_FORMAT "}",
                         ahead);
  g_autoptr (KlMessageList) list = begin_with_five (self);

  send_message_event (self, 6, object);
  await_text (list, "m1|m2|m3|m4|m5|tomorrow");
  kl_live_send (self->session, group_of (self, "g"), "mine");
  await_text (list, "m1|m2|m3|m4|m5|tomorrow|mine*");
  g_assert_cmpint (kl_group_get_last_time (group_of (self, "g")), >=, ahead);
  g_assert_cmpstr (kl_group_get_preview (group_of (self, "g")), ==, "mine");
}

/* ── Reading ── */

static void
test_read_offline (Fixture *self, gconstpointer unused)
{
  g_autofree char *group = group_object ("g", 5, 2, 3);
  const char *last = NULL;

  script_sync (self, "e1", group, "", "");
  script_page (self, "g", 1, 5, FALSE, FALSE);
  start_online (self);
  g_autoptr (KlMessageList) list = kl_session_dup_messages (self->session, group_of (self, "g"));
  await_text (list, "m1|m2|m3|m4|m5");
  g_assert_cmpint (kl_message_list_get_first_unread_seq (list), ==, 3);
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_mark_read (self->session, group_of (self, "g"), 4);
  g_assert_cmpuint (kl_group_get_unread (group_of (self, "g")), ==, 1);
  kl_session_mark_read (self->session, group_of (self, "g"), 3);
  g_assert_cmpint (kl_group_get_read_seq (group_of (self, "g")), ==, 4);
  g_clear_object (&list);
  /* Kept over a restart; what the server thinks does not make it unread again. */
  script_sync (self, "e1", group, "", "");
  restart (self);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  kl_test_wait_until (count (self, "read", &last) == 1);
  g_assert_cmpstr (last, ==, "{\"group\":\"g\",\"seq\":4}");
  g_assert_cmpint (kl_group_get_read_seq (group_of (self, "g")), ==, 4);
}

/* ── People ── */

/* A crowd is paged: the first page comes by itself, the next when it is asked for. */
static void
test_crowd (Fixture *self, gconstpointer unused)
{
  g_autofree char *group = group_object ("g", 5, 5, 0);
  const char *last = NULL;

  script_sync (self, "e1", group, "", "");
  script (self, "group:open",
          "{\"ok\":true,\"here\":[\"you\",\"me\"],\"online\":[\"you\",\"me\",\"far\"],\"users\":[{\"id\":\"far\","
          "\"name\":\"far\",\"status\":\"away\"}],\"reads\":[{\"user\":\"you\",\"seq\":4}]}");
  script (self, "group:members",
          "{\"ok\":true,\"members\":[{\"user\":\"you\",\"role\":\"owner\",\"rev\":1},{\"user\":\"a1\","
          "\"role\":\"member\",\"rev\":1}],\"users\":[{\"id\":\"a1\",\"name\":\"a1\",\"status\":\"offline\"}],"
          "\"next\":\"cursor\"}");
  start_online (self);
  kl_fake_server_send_event (self->server, "presence", "{\"groups\":[{\"id\":\"g\",\"online\":3,\"here\":2}]}");
  g_object_set (group_of (self, "g"), "members", 500u, NULL);
  g_autoptr (KlMemberList) people = kl_session_dup_members (self->session, group_of (self, "g"));
  kl_session_set_open_group (self->session, group_of (self, "g"));
  kl_test_wait_until (count (self, "group:members", &last) == 1 && !kl_member_list_get_loading (people));
  g_assert_cmpstr (last, ==, "{\"group\":\"g\",\"limit\":100}");
  kl_test_wait_until (kl_member_list_get (people, "a1") != NULL);
  g_assert_cmpuint (kl_member_list_get_n_here (people), ==, 2);
  g_assert_cmpuint (kl_member_list_get_n_online (people), ==, 1);
  g_assert_cmpuint (kl_member_list_get_n_offline (people), ==, 497);
  g_assert_cmpint (kl_member_get_role (kl_member_list_get (people, "you")), ==, KL_ROLE_OWNER);
  g_assert_cmpint (kl_user_get_status (kl_member_get_user (kl_member_list_get (people, "far"))), ==,
                   KL_USER_STATUS_AWAY);
  g_assert_cmpint (kl_group_get_others_read_seq (group_of (self, "g")), ==, 4);
  g_assert_true (kl_member_list_get_more (people));
  kl_test_spin (100);
  g_assert_cmpuint (count (self, "group:members", NULL), ==, 1);
  script (self, "group:members",
          "{\"ok\":true,\"members\":[{\"user\":\"a2\",\"role\":\"member\",\"rev\":1}],\"users\":[]}");
  kl_member_list_load_more (people);
  kl_test_wait_until (!kl_member_list_get_more (people));
  g_assert_cmpuint (count (self, "group:members", &last), ==, 2);
  g_assert_cmpstr (last, ==, "{\"group\":\"g\",\"after\":\"cursor\",\"limit\":100}");
  /* Whose name nobody told is asked for. */
  kl_test_wait_until (count (self, "users", &last) >= 1);
  g_assert_nonnull (strstr (last, "\"a2\""));
  kl_session_set_open_group (self->session, NULL);
  kl_test_wait_until (count (self, "group:close", NULL) == 1);
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
      g_autofree char *last = message (id, 7, 7, "you", "The last message, of a usual length", id);
      g_autofree char *object = group_object (id, 5, 5, i % 3);

      object[strlen (object) - 1] = '\0';
      g_string_append_printf (groups, "%s%s,\"last_message\":%s}", i > 0 ? "," : "", object, last);
    }
  return g_string_free_and_steal (groups);
}

/* The main loop goes on turning while hundreds of groups come in at once. */
static void
test_many_groups (Fixture *self, gconstpointer unused)
{
  g_autofree char *groups = many_groups (300);
  gint64 longest = 0;

  script_sync (self, "e1", groups, "", "");
  start (self);
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
start_with_slow_list (Fixture *self, guint n_groups, guint *n_changes)
{
  g_autofree char *groups = many_groups ((int) n_groups);

  script_sync (self, "e1", groups, "", "");
  start (self);
  g_signal_connect (kl_session_get_groups (self->session), "items-changed", G_CALLBACK (on_slow_list_changed),
                    n_changes);
}

/* However long the lists' handlers take, others have their turns in between; what the server sends meanwhile is told
 * afterwards, in order. */
static void
test_many_groups_in_parts (Fixture *self, gconstpointer unused)
{
  guint n_changes = 0, n_turns = 0;

  start_with_slow_list (self, 100, &n_changes);
  kl_test_wait_until (n_changes > 0);
  g_assert_cmpuint (n_changes, <, 100);
  g_autofree char *text = message ("g99", 8, 6, "you", "meanwhile", "c8");
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
  kl_test_wait_until (kl_group_get_newest_seq (group_of (self, "g99")) == 8);
  g_assert_cmpstr (kl_group_get_preview (group_of (self, "g99")), ==, "meanwhile");
  g_assert_cmpuint (self->server->connections, ==, 1);
}

/* The connection falls in the midst of it: the rest comes with the next one. */
static void
test_many_groups_cut (Fixture *self, gconstpointer unused)
{
  g_autofree char *groups = many_groups (100);
  guint n_changes = 0;

  start_with_slow_list (self, 100, &n_changes);
  kl_test_wait_until (n_changes > 0);
  g_assert_cmpuint (n_changes, <, 100);
  kl_connection_give_up (self->session->connection);
  g_assert_null (self->session->taking);
  g_assert_false (self->session->synced);
  script_sync (self, "e1", groups, "", "");
  kl_session_retry_now (self->session);
  kl_test_wait_until (self->session->synced);
  g_assert_cmpuint (n_changes, ==, 100);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (kl_session_get_groups (self->session))), ==, 100);
}

/* The server goes in the midst of it: what it had said is taken whole, then it is gone. */
static void
test_many_groups_then_gone (Fixture *self, gconstpointer unused)
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
test_many_groups_stop (Fixture *self, gconstpointer unused)
{
  guint n_changes = 0;

  start_with_slow_list (self, 100, &n_changes);
  kl_test_wait_until (n_changes > 0);
  g_assert_nonnull (self->session->taking);
}

static void
test_nonsense (Fixture *self, gconstpointer unused)
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
  g_autoptr (KlMessageList) list = begin_with_five (self);

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
  await_text (list, "m1|m2|m3|m4|m5");
}

static void
test_nonsense_answers (Fixture *self, gconstpointer unused)
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
    script (self, "sync", answers[i]);
  start_online (self);
  for (guint i = 1; i < G_N_ELEMENTS (answers); i++)
    {
      kl_fake_server_cut (self->server);
      kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
      kl_session_retry_now (self->session);
      kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
    }
  /* A busy server is asked again on the same connection. */
  guint before = self->server->connections + 1;
  script (self, "sync",
          "{\"ok\":false,\"error\":{\"code\":\"unavailable\",\"message\":\"Busy\",\"retry_after_ms\":100}}");
  script (self, "sync", "{\"ok\":true}");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
  g_assert_cmpuint (self->server->connections, ==, before);
  /* An error that does not pass: not online, and tried again later. */
  script (self, "sync", "{\"ok\":false,\"error\":{\"code\":\"internal\",\"message\":\"Oh\"}}");
  kl_fake_server_cut (self->server);
  kl_test_wait_until (kl_session_get_state (self->session) != KL_CONNECTION_STATE_ONLINE);
  kl_session_retry_now (self->session);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_WAITING);
}

int
main (int argc, char **argv)
{
  kl_fake_server_init (&argc, &argv);

  static const struct
  {
    const char *name;
    void (*test) (Fixture *self, gconstpointer unused);
  } tests[] = {
    { "in-order", test_in_order },
    { "gap", test_gap },
    { "swapped", test_swapped },
    { "restart", test_restart_asks_from_there },
    { "later", test_later },
    { "parts", test_parts },
    { "reset", test_reset },
    { "epoch", test_epoch },
    { "empty-pages", test_empty_pages },
    { "event-without-answer", test_event_without_answer },
    { "stored-unheard", test_stored_unheard },
    { "sent-again", test_sent_again },
    { "answer-first", test_answer_first },
    { "group-lost", test_group_lost },
    { "busy-server", test_busy_server },
    { "slow-clock", test_slow_clock },
    { "read-offline", test_read_offline },
    { "crowd", test_crowd },
    { "nonsense", test_nonsense },
    { "nonsense-answers", test_nonsense_answers },
  };
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/core/sync/", tests[i].name, NULL);
      g_test_add (path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
  g_test_add ("/core/sync/many-groups", Fixture, NULL, set_up, test_many_groups, tear_down);
  g_test_add ("/core/sync/many-groups/in-parts", Fixture, NULL, set_up, test_many_groups_in_parts, tear_down);
  g_test_add ("/core/sync/many-groups/cut", Fixture, NULL, set_up, test_many_groups_cut, tear_down);
  g_test_add ("/core/sync/many-groups/then-gone", Fixture, NULL, set_up, test_many_groups_then_gone, tear_down);
  g_test_add ("/core/sync/many-groups/stop", Fixture, NULL, set_up, test_many_groups_stop, tear_down);
  return g_test_run ();
}
