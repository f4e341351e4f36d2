/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/core/kl-live.h"

#include "app/core/kl-session-private.h"
#include "tests/kit/kl-test.h"

#include <signal.h>
#include <string.h>

static const char *const quick[] = {
  "KLATCH_REGISTRATION_ARGON2_MEMORY_KIB=8", "KLATCH_REGISTRATION_ARGON2_PASSES=1",
  "KLATCH_LIMITS_SIGN_INS_PER_MINUTE=0",     "KLATCH_LIMITS_FAILURES_PER_MINUTE=0",
  "KLATCH_LIMITS_MESSAGES_PER_SECOND=0",     "KLATCH_LIMITS_READS_PER_SECOND=0",
};

static void
start (KlLiveServer *self, const char *listen)
{
  const char *program = g_getenv ("KLATCH_SERVER");
  const char *argv[] = { program, "--data", self->data, "--listen", listen, NULL };
  g_autoptr (GPtrArray) environment = g_ptr_array_new ();

  g_assert_nonnull (program);
  for (guint i = 0; i < G_N_ELEMENTS (quick); i++)
    g_ptr_array_add (environment, (gpointer) quick[i]);
  for (guint i = 0; self->settings != NULL && self->settings[i] != NULL; i++)
    g_ptr_array_add (environment, (gpointer) self->settings[i]);
  g_ptr_array_add (environment, NULL);
  self->process = kl_test_process_start (argv, (const char *const *) environment->pdata);
  g_autofree char *url = kl_test_process_wait_line (self->process, "listening on ");
  g_set_str (&self->url, url);
}

KlLiveServer *
kl_live_server_new (const char *const *settings)
{
  KlLiveServer *self = g_new0 (KlLiveServer, 1);

  self->data = kl_test_dir_new ();
  self->settings = settings;
  start (self, "127.0.0.1:0");
  return self;
}

void
kl_live_server_kill (KlLiveServer *self)
{
  kl_test_process_signal (self->process, SIGKILL);
  kl_test_process_wait (self->process);
  g_clear_pointer (&self->process, kl_test_process_free);
}

void
kl_live_server_start (KlLiveServer *self)
{
  g_autofree char *listen = g_strdup (strstr (self->url, "://") + strlen ("://"));

  start (self, listen);
}

void
kl_live_server_free (KlLiveServer *self)
{
  g_clear_pointer (&self->process, kl_test_process_free);
  kl_test_dir_remove (self->data);
  g_free (self->data);
  g_free (self->url);
  g_free (self);
}

static KlServer *
find (KlLiveServer *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_server_find_async (self->url, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  KlServer *server = kl_server_find_finish (result, &error);
  g_assert_no_error (error);
  return server;
}

KlAccount *
kl_live_register (KlLiveServer *self, const char *name)
{
  g_autoptr (KlServer) server = find (self);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_server_register_async (server, name, KL_LIVE_PASSWORD, NULL, NULL, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  KlAccount *account = kl_server_register_finish (server, result, &error);
  g_assert_no_error (error);
  return account;
}

KlAccount *
kl_live_sign_in (KlLiveServer *self, const char *name)
{
  g_autoptr (KlServer) server = find (self);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_server_sign_in_async (server, name, KL_LIVE_PASSWORD, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  KlAccount *account = kl_server_sign_in_finish (server, result, &error);
  g_assert_no_error (error);
  return account;
}

KlSession *
kl_live_session_offline (KlAccount *account, const char *folder)
{
  KlSession *session = kl_session_new (account, folder);

  kl_session_start (session);
  return session;
}

KlSession *
kl_live_session (KlAccount *account, const char *folder)
{
  KlSession *session = kl_live_session_offline (account, folder);

  kl_live_await_state (session, KL_CONNECTION_STATE_ONLINE);
  return session;
}

void
kl_live_session_end (KlSession *session)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_session_stop_async (session, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_session_stop_finish (session, result, NULL));
  g_clear_object (&result);
  kl_test_wait_until (G_OBJECT (session)->ref_count == 1);
  g_assert_finalize_object (G_OBJECT (session));
}

void
kl_live_await_state (KlSession *session, KlConnectionState state)
{
  kl_test_wait_until (kl_session_get_state (session) == state);
}

KlGroup *
kl_live_create (KlSession *session, const char *name, KlVisibility visibility)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *client_id = kl_session_new_client_id (session);

  kl_session_create_group_async (session, client_id, name, NULL, visibility, NULL, NULL, -1, NULL, kl_test_keep_result,
                                 &result);
  kl_test_await (&result);
  KlGroup *group = kl_session_create_group_finish (session, result, &error);
  g_assert_no_error (error);
  return group;
}

KlGroup *
kl_live_join (KlSession *session, KlGroup *group)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_session_join_group_async (session, group, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  KlGroup *mine = kl_session_join_finish (session, result, &error);
  g_assert_no_error (error);
  return mine;
}

void
kl_live_send (KlSession *session, KlGroup *group, const char *body)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kl_session_send_async (session, group, body, NULL, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_session_send_finish (session, result, &error));
  g_assert_no_error (error);
}

typedef struct
{
  char *text;
  gboolean done;
} Emit;

static void
on_emitted (yyjson_val *answer, const GError *error, gpointer user_data)
{
  Emit *emit = user_data;

  emit->text = answer != NULL ? yyjson_val_write (answer, 0, NULL) : g_strdup (error->message);
  emit->done = TRUE;
}

char *
kl_live_emit (KlSession *session, const char *event, const char *json)
{
  Emit emit = { 0 };

  kl_connection_emit (session->connection, event, json, 20000, on_emitted, &emit);
  kl_test_wait_until (emit.done);
  return emit.text;
}

char *
kl_live_describe (KlMessageList *list)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (list)); i++)
    {
      g_autoptr (KlMessage) message = g_list_model_get_item (G_LIST_MODEL (list), i);
      if (kl_message_get_kind (message) == KL_MESSAGE_KIND_SYSTEM)
        continue;
      g_string_append_printf (text, "%s%s%s", text->len > 0 ? "|" : "", kl_message_get_body (message),
                              kl_message_get_state (message) <= KL_MESSAGE_STATE_FAILED ? "*" : "");
    }
  return g_string_free_and_steal (g_steal_pointer (&text));
}

void
kl_live_await_text (KlMessageList *list, const char *expected)
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

static void
scroll_to_top (KlMessageList *list)
{
  while (kl_message_list_get_more_before (list))
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      kl_message_list_load_older_async (list, NULL, kl_test_keep_result, &result);
      kl_test_await (&result);
      g_assert_true (kl_message_list_load_older_finish (list, result, &error));
      g_assert_no_error (error);
    }
}

void
kl_live_assert_whole (KlMessageList *list, gint64 newest)
{
  gint64 first, last;

  scroll_to_top (list);
  g_assert_true (kl_message_list_get_range (list, &first, &last));
  g_assert_cmpint (first, ==, 1);
  g_assert_cmpint (last, ==, newest);
  for (gint64 seq = 1; seq <= newest; seq++)
    g_assert_cmpint (kl_message_get_seq (kl_message_list_peek_seq (list, seq)), ==, seq);
}

void
kl_live_pair_set_up (KlLivePair *self, gconstpointer settings)
{
  self->server = kl_live_server_new (settings);
  self->folder = kl_test_dir_new ();
  self->folder_b = kl_test_dir_new ();
  self->aroha = kl_live_register (self->server, "aroha");
  self->ben = kl_live_register (self->server, "ben");
}

void
kl_live_pair_tear_down (KlLivePair *self, gconstpointer settings)
{
  kl_test_finalize (self->aroha);
  kl_test_finalize (self->ben);
  kl_live_server_free (self->server);
  kl_test_dir_remove (self->folder);
  kl_test_dir_remove (self->folder_b);
  g_free (self->folder);
  g_free (self->folder_b);
}
