/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/server/chat/kl-chat-kit.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/kl-mongo-store.h"
#include "server/store/kl-sqlite-store.h"
#include "tests/kit/kl-test-mongod.h"

#define DOMAIN "example.net"

/* ── The store ── */

static KlTestMongod *mongod;

static void
stop_mongod (void)
{
  g_clear_pointer (&mongod, kl_test_mongod_free);
}

gboolean
kl_kit_uses_mongodb (void)
{
  return g_strcmp0 (g_getenv ("KLATCH_TEST_STORE"), "mongodb") == 0;
}

static KlStore *
open_mongodb (const char *dir)
{
  g_autofree char *name = g_path_get_basename (dir);
  g_autofree char *uri = NULL;
  g_autoptr (GError) error = NULL;
  KlMongoStore *store;

  if (!mongod)
    {
      mongod = kl_test_mongod_new ();
      atexit (stop_mongod);
    }
  g_strcanon (name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS, '_');
  uri = g_strdup_printf ("%s/%s", kl_test_mongod_get_uri (mongod), name);
  store = kl_mongo_store_open (uri, DOMAIN, &error);
  g_assert_no_error (error);
  kl_mongo_store_set_deadline (store, KL_TEST_DEADLINE_MS);

  return KL_STORE (store);
}

static KlStore *
open_store (const char *dir)
{
  g_autofree char *path = g_build_filename (dir, "klatch.db", NULL);
  g_autoptr (GError) error = NULL;
  KlSqliteStore *store;

  if (kl_kit_uses_mongodb ())
    return open_mongodb (dir);
  store = kl_sqlite_store_open (path, DOMAIN, &error);
  g_assert_no_error (error);

  return KL_STORE (store);
}

void
kl_kit_hold_store (KlKit *kit)
{
  g_autofree char *path = g_build_filename (kit->dir, "klatch.db", NULL);

  if (kl_kit_uses_mongodb ())
    {
      kl_mongo_store_set_deadline (KL_MONGO_STORE (kit->store), 4500);
      kl_test_mongod_signal (mongod, SIGSTOP);
      return;
    }
  g_assert_cmpint (sqlite3_open (path, &kit->tool), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (kit->tool, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
}

void
kl_kit_release_store (KlKit *kit)
{
  if (kl_kit_uses_mongodb ())
    {
      kl_test_mongod_signal (mongod, SIGCONT);
      kl_test_wait_until (kl_store_is_ready (kit->store, NULL));
      kl_mongo_store_set_deadline (KL_MONGO_STORE (kit->store), KL_TEST_DEADLINE_MS);
      return;
    }
  g_assert_cmpint (sqlite3_exec (kit->tool, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  g_clear_pointer (&kit->tool, sqlite3_close);
}

/* ── The kit ── */

void
kl_kit_settings (KlChatSettings *settings)
{
  kl_chat_settings_init (settings, DOMAIN);
  settings->presence_interval_ms = 50;
  settings->counts_interval_ms = 120;
  /* Tests are quicker than people; those about rates set their own. */
  settings->messages_per_second = 0;
  settings->reads_per_second = 0;
  /* And busy machines are slower. */
  settings->request_ms = 60000;
}

KlKit *
kl_kit_new (const KlChatSettings *settings)
{
  KlKit *kit = g_new0 (KlKit, 1);
  KlChatSettings quick;

  kl_kit_settings (&quick);
  kit->dir = kl_test_dir_new ();
  kit->store = open_store (kit->dir);
  kit->bus = kl_local_bus_new ();
  kit->chat = kl_chat_new (KL_STORE (kit->store), KL_BUS (kit->bus), settings ? settings : &quick);
  kit->clients = g_ptr_array_new ();

  return kit;
}

static void
clear_heard (gpointer data)
{
  kl_json_unref (((KlHeard *) data)->json);
}

static void
free_client (KlClient *client)
{
  kl_client_end (client);
  kl_store_user_unref (client->user);
  kl_store_session_unref (client->session);
  g_array_unref (client->heard);
  g_array_unref (client->asked);
  g_free (client->notice);
  g_free (client);
}

/* Other work of the store may still be on its way back: for each there is a reference. */
static void
settle (KlKit *kit)
{
  for (guint i = 0; i < kit->clients->len; i++)
    kl_client_end (g_ptr_array_index (kit->clients, i));
  kl_test_wait_until (G_OBJECT (kit->chat)->ref_count == 1);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
kl_kit_restart (KlKit *kit)
{
  KlChatSettings settings;
  const KlChatSettings *old = kl_chat_get_settings (kit->chat);

  settings = *old;
  settings.domain = DOMAIN;
  settle (kit);
  kl_test_finalize (kit->chat);
  kl_test_finalize (kit->bus);
  kit->bus = kl_local_bus_new ();
  kit->chat = kl_chat_new (KL_STORE (kit->store), KL_BUS (kit->bus), &settings);
}

void
kl_kit_free (KlKit *kit)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  settle (kit);
  for (guint i = 0; i < kit->clients->len; i++)
    free_client (g_ptr_array_index (kit->clients, i));
  g_ptr_array_unref (kit->clients);
  kl_store_close_async (KL_STORE (kit->store), kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_store_close_finish (KL_STORE (kit->store), result, &error));
  g_clear_object (&result);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  kl_test_finalize (kit->chat);
  kl_test_finalize (kit->bus);
  kl_test_finalize (kit->store);
  kl_test_dir_remove (kit->dir);
  g_free (kit->dir);
  g_free (kit);
}

/* ── People ── */

KlStoreUser *
kl_kit_user (KlKit *kit, const char *name)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlStoreInvite) invite = NULL;
  KlStoreUser *user = kl_store_user_new ();

  user->id = kl_id_new_random ();
  user->name = g_strdup (name);
  user->display_name = g_strdup (name);
  user->display_name[0] = g_ascii_toupper (user->display_name[0]);
  user->read_receipts = TRUE;
  user->created_at = user->updated_at = g_get_real_time () / 1000;
  kl_store_create_user_async (KL_STORE (kit->store), user, "$argon2id$none", KL_STORE_CREATE_ANY, NULL,
                              kl_test_keep_result, &result);
  kl_test_await (&result);
  invite = kl_store_create_user_finish (KL_STORE (kit->store), result, &error);
  g_assert_no_error (error);

  return user;
}

static void
on_deliver (gpointer sink, KlChatEvent *event)
{
  KlClient *client = sink;
  KlJsonStatus status;
  KlHeard heard = { event->name, kl_json_parse (event->json, event->length, &status), client->order++ };

  g_assert_cmpint (status, ==, KL_JSON_OK);
  g_array_append_val (client->heard, heard);
}

static void
on_close (gpointer sink, KlChatEvent *notice)
{
  KlClient *client = sink;

  client->closed = TRUE;
  client->notice = g_strndup (notice->json, notice->length);
  g_clear_pointer (&client->connection, kl_chat_connection_unref);
}

static void
on_ask (gpointer sink, const char *event, const char *json, gsize length, KlChatAcked acked, gpointer user_data)
{
  KlClient *client = sink;
  KlAsked asked = { acked, user_data };
  g_autoptr (KlChatEvent) asking = kl_chat_event_new_take (g_intern_string (event), g_strndup (json, length), length);

  on_deliver (sink, asking);
  if (client->acknowledges)
    acked (user_data, TRUE);
  else
    g_array_append_val (client->asked, asked);
}

static const KlChatSink sink_vtable = { on_deliver, on_close, on_ask };

KlClient *
kl_kit_connect (KlKit *kit, KlStoreUser *user)
{
  KlClient *client = g_new0 (KlClient, 1);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KlStoreSignedIn who;

  client->kit = kit;
  client->user = kl_store_user_ref (user);
  client->session = kl_store_session_new ();
  client->session->id = kl_id_new_random ();
  client->session->user = g_strdup (user->id);
  client->session->device = g_strdup ("test");
  kl_id_fill_random (client->session->token_hash, sizeof client->session->token_hash);
  kl_store_create_session_async (KL_STORE (kit->store), client->session, kl_test_keep_result, &result);
  kl_test_await (&result);
  g_assert_true (kl_store_create_session_finish (KL_STORE (kit->store), result, &error));

  client->heard = g_array_new (FALSE, FALSE, sizeof (KlHeard));
  g_array_set_clear_func (client->heard, clear_heard);
  who.session = client->session;
  who.user = user;
  client->asked = g_array_new (FALSE, FALSE, sizeof (KlAsked));
  client->acknowledges = TRUE;
  client->connection = kl_chat_connect (kit->chat, &who, &sink_vtable, client);
  g_ptr_array_add (kit->clients, client);

  return client;
}

KlClient *
kl_kit_person (KlKit *kit, const char *name)
{
  g_autoptr (KlStoreUser) user = kl_kit_user (kit, name);
  KlClient *client = kl_kit_connect (kit, user);

  kl_client_ok (client, "sync", "{}");

  return client;
}

KlClient *
kl_kit_device (KlClient *client)
{
  KlClient *device = kl_kit_connect (client->kit, client->user);

  kl_client_ok (device, "sync", "{}");

  return device;
}

static void
end_client (KlClient *client, gboolean meant)
{
  if (!client->connection)
    return;

  kl_chat_connection_end (client->connection, meant);
  for (guint i = 0; i < client->asked->len; i++)
    {
      KlAsked *asked = &g_array_index (client->asked, KlAsked, i);

      asked->acked (asked->user_data, FALSE);
    }
  g_array_set_size (client->asked, 0);
  g_clear_pointer (&client->connection, kl_chat_connection_unref);
}

void
kl_client_end (KlClient *client)
{
  end_client (client, TRUE);
}

void
kl_client_break (KlClient *client)
{
  end_client (client, FALSE);
}

/* ── Calls ── */

static void
on_reply (const KlChatAnswer *with, gpointer user_data)
{
  KlAnswer *answer = user_data;
  KlJsonStatus status;

  g_assert_false (answer->done);
  answer->done = TRUE;
  answer->code = with->code;
  answer->repeated = with->repeated;
  answer->retry_after_ms = with->retry_after_ms;
  answer->json = kl_json_parse (with->json, with->length, &status);
  answer->length = with->length;
  answer->order = answer->client->order++;
  answer->client->answer_order = answer->order;
  g_assert_cmpint (status, ==, KL_JSON_OK);
  g_assert_cmpint (kl_get_bool (kl_json_get_root (answer->json), "ok"), ==, with->code == KL_ERROR_CODE_NONE);
}

static KlAnswer *
start (KlClient *client, const char *event, const char *format, va_list args) G_GNUC_PRINTF (3, 0);

static KlAnswer *
start (KlClient *client, const char *event, const char *format, va_list args)
{
  g_autofree char *text = g_strdup_vprintf (format, args);
  g_autoptr (KlJson) json = NULL;
  KlAnswer *answer = g_new0 (KlAnswer, 1);
  KlJsonStatus status;

  for (char *p = text; *p; p++)
    if (*p == '\'')
      *p = '"';
  json = kl_json_parse (text, strlen (text), &status);
  if (status != KL_JSON_OK)
    g_error ("not JSON: %s", text);
  answer->client = client;
  g_assert_nonnull (client->connection);
  kl_chat_handle (client->connection, event, kl_json_get_root (json), on_reply, answer);

  return answer;
}

KlAnswer *
kl_client_start (KlClient *client, const char *event, const char *format, ...)
{
  KlAnswer *answer;
  va_list args;

  va_start (args, format);
  answer = start (client, event, format, args);
  va_end (args);

  return answer;
}

yyjson_val *
kl_answer_wait (KlAnswer *answer)
{
  kl_test_wait_until (answer->done);

  return kl_json_get_root (answer->json);
}

void
kl_answer_free (KlAnswer *answer)
{
  g_clear_pointer (&answer->json, kl_json_unref);
  g_free (answer);
}

yyjson_val *
kl_client_ok (KlClient *client, const char *event, const char *format, ...)
{
  g_autoptr (KlAnswer) answer = NULL;
  KlHeard kept = { "answer" };
  va_list args;

  va_start (args, format);
  answer = start (client, event, format, args);
  va_end (args);
  kl_answer_wait (answer);
  if (answer->code != KL_ERROR_CODE_NONE)
    g_error ("%s: %s: %s (%s)", client->user->name, event,
             kl_get_string (kl_json_get_root (answer->json), "error.code"),
             kl_get_string (kl_json_get_root (answer->json), "error.message"));
  kept.json = kl_json_ref (answer->json);
  kept.order = answer->order;
  g_array_append_val (client->heard, kept);

  return kl_json_get_root (answer->json);
}

void
kl_client_fails (KlClient *client, KlErrorCode code, const char *field, const char *event, const char *format, ...)
{
  g_autoptr (KlAnswer) answer = NULL;
  yyjson_val *root;
  va_list args;

  va_start (args, format);
  answer = start (client, event, format, args);
  va_end (args);
  root = kl_answer_wait (answer);
  g_assert_cmpstr (kl_error_code_to_string (answer->code), ==, kl_error_code_to_string (code));
  g_assert_cmpstr (kl_get_string (root, "error.code"), ==, kl_error_code_to_string (code));
  g_assert_nonnull (kl_get_string (root, "error.message"));
  if (field)
    g_assert_cmpstr (kl_get_string (root, "error.field"), ==, field);
}

static gboolean
find_next (KlClient *client, const char *name)
{
  for (; client->mark < client->heard->len; client->mark++)
    if (strcmp (g_array_index (client->heard, KlHeard, client->mark).name, name) == 0)
      return TRUE;

  return FALSE;
}

yyjson_val *
kl_client_next (KlClient *client, const char *name)
{
  kl_test_wait_until (find_next (client, name));

  return kl_json_get_root (g_array_index (client->heard, KlHeard, client->mark++).json);
}

guint
kl_client_count (KlClient *client, const char *name)
{
  guint n = 0;

  for (guint i = client->mark; i < client->heard->len; i++)
    n += strcmp (g_array_index (client->heard, KlHeard, i).name, name) == 0;

  return n;
}

void
kl_client_forget (KlClient *client)
{
  client->mark = client->heard->len;
}

/* ── JSON ── */

yyjson_val *
kl_get (yyjson_val *root, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, ".", -1);
  yyjson_val *value = root;

  for (guint i = 0; parts[i] && value; i++)
    value = yyjson_is_arr (value) ? yyjson_arr_get (value, g_ascii_strtoull (parts[i], NULL, 10))
                                  : yyjson_obj_get (value, parts[i]);

  return value;
}

const char *
kl_get_string (yyjson_val *root, const char *path)
{
  return yyjson_get_str (kl_get (root, path));
}

gint64
kl_get_int (yyjson_val *root, const char *path)
{
  yyjson_val *value = kl_get (root, path);

  return yyjson_is_int (value) ? yyjson_get_sint (value) : -1;
}

gboolean
kl_get_bool (yyjson_val *root, const char *path)
{
  return yyjson_get_bool (kl_get (root, path));
}

guint
kl_get_size (yyjson_val *root, const char *path)
{
  yyjson_val *value = kl_get (root, path);

  return yyjson_is_arr (value) ? yyjson_arr_size (value) : yyjson_obj_size (value);
}

yyjson_val *
kl_find (yyjson_val *root, const char *path, const char *key, const char *wanted)
{
  yyjson_val *array = kl_get (root, path);
  yyjson_val *item;
  size_t i, n;

  yyjson_arr_foreach (array, i, n, item)
    {
      if (g_strcmp0 (yyjson_get_str (yyjson_obj_get (item, key)), wanted) == 0)
        return item;
    }

  return NULL;
}

const char *
kl_client_create (KlClient *client, const char *name, const char *visibility)
{
  g_autofree char *client_id = kl_id_new_random ();
  yyjson_val *answer = kl_client_ok (client, "group:create", "{'client_id':'%s','name':'%s','visibility':'%s'}",
                                     client_id, name, visibility);

  return g_intern_string (kl_get_string (answer, "group.id"));
}

yyjson_val *
kl_client_send (KlClient *client, const char *group, const char *body)
{
  g_autofree char *client_id = kl_id_new_random ();
  yyjson_val *answer
      = kl_client_ok (client, "message:send", "{'group':'%s','client_id':'%s','body':'%s'}", group, client_id, body);

  return kl_get (answer, "message");
}

/* ── Tests ── */

static void
run_test (gconstpointer data)
{
  KlKit *kit = kl_kit_new (NULL);

  ((KlKitTest) data) (kit);
  kl_kit_free (kit);
}

void
kl_kit_add (const char *path, KlKitTest test)
{
  if (!kl_kit_uses_mongodb () || kl_test_mongod_or_skip (path))
    g_test_add_data_func (path, (gconstpointer) test, run_test);
}
