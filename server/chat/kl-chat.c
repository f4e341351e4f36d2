/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chat core as a whole: its tables, its life, and what the other parts of the
 * server tell it. The rules stand in the families of handlers beside this file. */
#include "server/chat/kl-chat-private.h"

#include <string.h>

#define SWEEP_INTERVAL_MAX_MS 10000

G_DEFINE_FINAL_TYPE (KlChat, kl_chat, G_TYPE_OBJECT)

void
kl_chat_settings_init (KlChatSettings *self, const char *domain)
{
  *self = (KlChatSettings) {
    .domain = domain,
    .body_bytes = KL_LIMIT_BODY_BYTES,
    .messages_per_second = KL_LIMIT_MESSAGES_PER_SECOND,
    .message_burst = KL_LIMIT_MESSAGE_BURST,
    .reads_per_second = KL_LIMIT_READS_PER_SECOND,
    .connections_per_user = KL_LIMIT_CONNECTIONS_PER_USER,
    .members_per_group = KL_LIMIT_MEMBERS_PER_GROUP,
    .groups_per_user = KL_LIMIT_GROUPS_PER_USER,
    .presence_interval_ms = 1000,
    .counts_interval_ms = 10000,
    .idle_group_ms = 60000,
    .mesh_limit = KL_LIMIT_MESH_PEERS,
    .call_grace_ms = 15000,
    .turn_ttl_s = 12 * 60 * 60,
    .call_recreate_ms = 60000,
    .store_retry_ms = 1000,
    .request_ms = 4500,
    .syncs_at_once = 128,
    .gap_wait_ms = 20,
    .winner_wait_ms = 8,
    .forward_window_ms = 500,
    .forward_wait_ms = 150,
    .moved_interval_ms = 5000,
    .moved_alone_ms = 1000,
  };
}

gint64
kl_chat_now_ms (void)
{
  return g_get_real_time () / 1000;
}

static void
add_entries (KlChat *self, const KlChatEntry *entries)
{
  for (const KlChatEntry *entry = entries; entry->name; entry++)
    g_hash_table_insert (self->entries, (gpointer) entry->name, (gpointer) entry);
}

static gboolean
on_sweep (gpointer user_data)
{
  kl_chat_sweep (user_data);

  return G_SOURCE_CONTINUE;
}

/* The caller's settings are his own. */
static void
keep (KlChat *self, const char **string)
{
  if (*string)
    *string = g_string_chunk_insert (self->strings, *string);
}

KlChat *
kl_chat_new (KlStore *store, KlBus *bus, const KlChatSettings *settings)
{
  KlChat *self;
  gint64 interval_ms;

  g_return_val_if_fail (KL_IS_STORE (store), NULL);
  g_return_val_if_fail (KL_IS_BUS (bus), NULL);
  g_return_val_if_fail (settings->domain, NULL);

  self = g_object_new (KL_TYPE_CHAT, NULL);
  self->store = g_object_ref (store);
  self->bus = g_object_ref (bus);
  self->settings = *settings;
  keep (self, &self->settings.domain);
  keep (self, &self->settings.public_url);
  keep (self, &self->settings.stun);
  keep (self, &self->settings.turn);
  keep (self, &self->settings.turn_secret);
  self->alone = g_str_equal (kl_bus_get_node (bus), KL_BUS_NODE_ALONE);
  self->secret = g_strdup (kl_store_get_secret (store));
  self->started_usec = g_get_monotonic_time ();
  kl_bus_set_listener (bus, &kl_chat_bus_listener, self);
  kl_chat_cluster_start (self);

  interval_ms = CLAMP (self->settings.idle_group_ms / 4, 20, SWEEP_INTERVAL_MAX_MS);
  self->sweep_source = g_timeout_add_full (G_PRIORITY_LOW, interval_ms, on_sweep, self, NULL);

  return self;
}

static void
kl_chat_dispose (GObject *object)
{
  KlChat *self = KL_CHAT (object);

  g_clear_handle_id (&self->sweep_source, g_source_remove);
  kl_chat_cluster_stop (self);
  if (self->bus)
    kl_bus_set_listener (self->bus, NULL, NULL);
  if (self->people)
    {
      kl_chat_gather_stop (self);
      kl_chat_drop_everything (self);
      g_clear_pointer (&self->calls, g_hash_table_unref);
      g_clear_pointer (&self->groups, g_hash_table_unref);
      g_clear_pointer (&self->people, g_hash_table_unref);
    }
  g_clear_handle_id (&self->presence_source, g_source_remove);
  g_clear_handle_id (&self->requests_source, g_source_remove);
  g_clear_handle_id (&self->call_beat_source, g_source_remove);
  g_clear_object (&self->bus);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (kl_chat_parent_class)->dispose (object);
}

static void
kl_chat_finalize (GObject *object)
{
  KlChat *self = KL_CHAT (object);

  g_ptr_array_unref (self->dirty_people);
  g_ptr_array_unref (self->dirty_groups);
  g_hash_table_unref (self->entries);
  kl_id_source_free (self->ids);
  g_string_chunk_free (self->strings);
  g_free (self->secret);

  G_OBJECT_CLASS (kl_chat_parent_class)->finalize (object);
}

static void
kl_chat_class_init (KlChatClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->dispose = kl_chat_dispose;
  object_class->finalize = kl_chat_finalize;
}

static void
kl_chat_init (KlChat *self)
{
  self->strings = g_string_chunk_new (256);
  self->ids = kl_id_source_new ();
  self->people = g_hash_table_new (g_str_hash, g_str_equal);
  self->groups = g_hash_table_new (g_str_hash, g_str_equal);
  self->calls = g_hash_table_new (g_str_hash, g_str_equal);
  kl_chat_gather_start (self);
  self->dirty_people = g_ptr_array_new ();
  self->dirty_groups = g_ptr_array_new ();
  self->entries = g_hash_table_new (g_str_hash, g_str_equal);
  add_entries (self, kl_chat_group_entries);
  add_entries (self, kl_chat_join_entries);
  add_entries (self, kl_chat_member_entries);
  add_entries (self, kl_chat_message_entries);
  add_entries (self, kl_chat_history_entries);
  add_entries (self, kl_chat_sync_entries);
  add_entries (self, kl_chat_open_entries);
  add_entries (self, kl_chat_mark_entries);
  add_entries (self, kl_chat_invite_entries);
  add_entries (self, kl_chat_user_entries);
  add_entries (self, kl_chat_call_entries);
}

KlStore *
kl_chat_get_store (KlChat *self)
{
  g_return_val_if_fail (KL_IS_CHAT (self), NULL);

  return self->store;
}

KlBus *
kl_chat_get_bus (KlChat *self)
{
  g_return_val_if_fail (KL_IS_CHAT (self), NULL);

  return self->bus;
}

const KlChatSettings *
kl_chat_get_settings (KlChat *self)
{
  g_return_val_if_fail (KL_IS_CHAT (self), NULL);

  return &self->settings;
}

void
kl_chat_get_stats (KlChat *self, KlChatStats *stats)
{
  g_return_if_fail (KL_IS_CHAT (self));

  *stats = self->stats;
  stats->groups_loaded = g_hash_table_size (self->groups);
}

char *
kl_chat_own_user_json (KlChat *self, KlStoreUser *user, gsize *length)
{
  g_auto (KlJsonWriter) out = { 0 };
  KlChatPerson *person;

  g_return_val_if_fail (KL_IS_CHAT (self), NULL);

  person = kl_chat_person_use (self, user->id);
  kl_chat_person_take_user (person, user);
  kl_json_writer_init (&out, 512);
  kl_chat_write_user (&out, person, person);
  kl_chat_person_unuse (person);

  return kl_json_writer_steal_string (&out, length);
}

void
kl_chat_user_changed (KlChat *self, KlStoreUser *user)
{
  KlChatPerson *person;

  g_return_if_fail (KL_IS_CHAT (self));

  kl_bus_signal (self->bus, &(KlBusSignal) { .kind = KL_BUS_USER_CHANGED, .user = user->id });
  person = kl_chat_person_peek (self, user->id);
  if (!person)
    return;

  kl_chat_person_take_user (person, user);
  kl_chat_tell_user (person, NULL, FALSE);
}

static KlChatEvent *
make_notice (const char *code, const char *text)
{
  g_auto (KlJsonWriter) out = { 0 };

  kl_json_writer_init (&out, 96);
  kl_json_begin_object (&out);
  kl_json_member_string (&out, "code", code);
  kl_json_member_string (&out, "message", text);
  kl_json_end_object (&out);

  return kl_chat_event_new_written ("notice", &out);
}

static void
close_connections (KlChatPerson *person, const char *session, const char *keep, KlChatEvent *notice)
{
  for (guint i = person->connections->len; i > 0; i--)
    {
      g_autoptr (KlChatConnection) connection = kl_chat_connection_ref (g_ptr_array_index (person->connections, i - 1));
      const KlChatSink *vtable = connection->vtable;
      gpointer sink = connection->sink;

      if ((session && g_strcmp0 (connection->session, session) != 0)
          || (keep && g_strcmp0 (connection->session, keep) == 0))
        continue;

      kl_chat_connection_end (connection, TRUE);
      vtable->close (sink, notice);
    }
}

void
kl_chat_end_sessions_here (KlChat *self, const char *user, const char *session, const char *keep)
{
  g_autoptr (KlChatEvent) notice = NULL;
  KlChatPerson *person = kl_chat_person_peek (self, user);

  if (!person || person->connections->len == 0)
    return;

  notice = make_notice ("revoked", "this session has been ended");
  person->uses++;
  close_connections (person, session, keep, notice);
  kl_chat_person_unuse (person);
}

void
kl_chat_end_sessions (KlChat *self, const char *user, const char *session, const char *keep)
{
  g_return_if_fail (KL_IS_CHAT (self));

  kl_bus_signal (self->bus, &(KlBusSignal) {
                                .kind = KL_BUS_SESSION_ENDED,
                                .user = user,
                                .id = session,
                                .keep = keep,
                            });
  kl_chat_end_sessions_here (self, user, session, keep);
}
