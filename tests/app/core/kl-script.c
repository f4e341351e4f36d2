/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/core/kl-script.h"

#include "app/core/kl-session-private.h"
#include "tests/app/core/kl-live.h"
#include "tests/kit/kl-test.h"

#include <string.h>

static void
on_event (KlFakeServer *server, const char *event, yyjson_val *argument, gint64 ack_id, gpointer user_data)
{
  KlScript *self = user_data;
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

void
kl_script_add (KlScript *self, const char *event, const char *answer)
{
  GQueue *queue = g_hash_table_lookup (self->scripts, event);

  if (queue == NULL)
    {
      queue = g_queue_new ();
      g_hash_table_insert (self->scripts, g_strdup (event), queue);
    }
  g_queue_push_tail (queue, g_strdup (answer));
}

guint
kl_script_count (KlScript *self, const char *event, const char **last)
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

gint64
kl_script_last_ack (KlScript *self, const char *event)
{
  gint64 ack = -1;

  for (guint i = 0; i < self->log->len; i++)
    if (g_str_has_prefix (self->log->pdata[i], event))
      ack = g_array_index (self->acks, gint64, i);
  return ack;
}

static void
set_up (KlScript *self, gconstpointer unused)
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
tear_down (KlScript *self, gconstpointer unused)
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

void
kl_script_start (KlScript *self)
{
  self->session = kl_live_session_offline (self->account, self->folder);
}

void
kl_script_start_online (KlScript *self)
{
  kl_script_start (self);
  kl_live_await_state (self->session, KL_CONNECTION_STATE_ONLINE);
}

void
kl_script_restart (KlScript *self)
{
  kl_live_session_end (self->session);
  kl_script_start (self);
}

char *
kl_script_message_json (const char *group, gint64 seq, gint64 rev, const char *sender, const char *body,
                        const char *client_id)
{
  return g_strdup_printf (
      "{\"id\":\"%s-%d\",\"group\":\"%s\",\"seq\":%d,\"rev\":%d,\"sender\":\"%s\",\"client_id\":\"%s\","
      "\"kind\":\"text\",\"body\":\"%s\",\"created_at\":%d}",
      group, (int) seq, group, (int) seq, (int) rev, sender, client_id, body, 1000 + (int) seq);
}

char *
kl_script_messages_json (const char *group, gint64 from, gint64 to)
{
  g_autoptr (GString) text = g_string_new ("[");

  for (gint64 seq = from; seq <= to; seq++)
    {
      g_autofree char *body = g_strdup_printf ("m%d", (int) seq);
      g_autofree char *client_id = g_strdup_printf ("%s-c%d", group, (int) seq);
      g_autofree char *one = kl_script_message_json (group, seq, seq, "you", body, client_id);
      g_string_append_printf (text, "%s%s", seq > from ? "," : "", one);
    }
  g_string_append_c (text, ']');
  return g_string_free_and_steal (g_steal_pointer (&text));
}

char *
kl_script_group_json (const char *id, gint64 rev, gint64 read_seq, int unread)
{
  return g_strdup_printf (
      "{\"id\":\"%s\",\"kind\":\"group\",\"name\":\"Group %s\",\"topic\":\"\",\"visibility\":\"public\","
      "\"members\":2,\"online\":2,\"here\":0,\"rev\":%d,\"created_at\":1,\"mine\":{\"role\":\"member\","
      "\"read_seq\":%d,\"unread\":%d,\"mentions\":0,\"notify\":\"all\",\"pinned\":false}}",
      id, id, (int) rev, (int) read_seq, unread);
}

void
kl_script_add_sync (KlScript *self, const char *epoch, const char *groups, const char *changes, const char *later)
{
  g_autofree char *answer = g_strdup_printf (
      "{\"ok\":true,\"epoch\":\"%s\",\"user\":{\"id\":\"me\",\"name\":\"me\",\"display_name\":\"Me\"},\"groups\":[%s],"
      "\"users\":[{\"id\":\"you\",\"name\":\"you\",\"display_name\":\"You\"}],\"changes\":{%s},\"later\":[%s]}",
      epoch, groups, changes, later);

  kl_script_add (self, "sync", answer);
}

void
kl_script_add_page (KlScript *self, const char *group, gint64 from, gint64 to, gboolean more_before,
                    gboolean more_after)
{
  g_autofree char *page = kl_script_messages_json (group, from, to);
  g_autofree char *answer
      = g_strdup_printf ("{\"ok\":true,\"messages\":%s,\"users\":[],\"more_before\":%s,\"more_after\":%s}", page,
                         more_before ? "true" : "false", more_after ? "true" : "false");

  kl_script_add (self, "history", answer);
}

void
kl_script_send_message (KlScript *self, gint64 rev, const char *object)
{
  g_autofree char *json = g_strdup_printf ("{\"group\":\"g\",\"rev\":%d,\"message\":%s}", (int) rev, object);

  kl_fake_server_send_event (self->server, "message", json);
}

void
kl_script_send_plain (KlScript *self, gint64 seq, gint64 rev)
{
  g_autofree char *body = g_strdup_printf ("m%d", (int) seq);
  g_autofree char *client_id = g_strdup_printf ("g-c%d", (int) seq);
  g_autofree char *object = kl_script_message_json ("g", seq, rev, "you", body, client_id);

  kl_script_send_message (self, rev, object);
}

KlGroup *
kl_script_get_group (KlScript *self, const char *id)
{
  return kl_group_list_get (kl_session_get_groups (self->session), id);
}

KlMessageList *
kl_script_begin_with_five (KlScript *self)
{
  g_autofree char *group = kl_script_group_json ("g", 5, 5, 0);

  kl_script_add_sync (self, "e1", group, "", "");
  kl_script_add_page (self, "g", 1, 5, FALSE, FALSE);
  kl_script_start_online (self);
  KlMessageList *list = kl_session_dup_messages (self->session, kl_script_get_group (self, "g"));
  kl_live_await_text (list, "m1|m2|m3|m4|m5");
  return list;
}

void
kl_script_add_test (const char *name, void (*test) (KlScript *self, gconstpointer unused))
{
  g_autofree char *path = g_strconcat ("/core/sync/", name, NULL);

  g_test_add (path, KlScript, NULL, set_up, test, tear_down);
}
