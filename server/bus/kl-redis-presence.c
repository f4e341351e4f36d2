/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This node's own people, told to the others, and the clock of it all.
 *
 * A node keeps what it knows of its own people in a hash with a lease and a version, and tells each step from one
 * version to the next, all of one turn of the loop together. A beat renews the lease, here and with all who hear it.
 *
 * The hash: `v` version, `d` the node's description, `u:USER` a share; the latter two are letters. */
#include "server/bus/kl-redis-bus-private.h"

#define TICK_MS 1000

/* A person of ours. */
typedef struct
{
  KlActivity activity;
  guint connections;
  char **here;
} Own;

static void
free_own (gpointer data)
{
  Own *own = data;

  g_strfreev (own->here);
  g_free (own);
}

static KlBusPresence
get_share (const Own *own)
{
  if (!own)
    return (KlBusPresence) { .activity = KL_ACTIVITY_OFFLINE };

  return (KlBusPresence) {
    .activity = own->activity,
    .connections = own->connections,
    .here = (const char *const *) own->here,
  };
}

/* ── Our own, to Redis ── */

static void
add_sealed (KlRedisBus *self, KlRedisCommand *command, const char *field, const KlBusPresence *share)
{
  g_autofree char *place = g_strconcat ("p:", self->own->id, ":", field, NULL);
  g_autoptr (GString) bytes = NULL;
  KlBusLetter letter;

  kl_bus_letter_begin (&letter, "field", NULL, 0);
  kl_json_key (&letter.json, "s");
  if (share)
    kl_bus_write_share (&letter.json, share);
  else
    kl_bus_write_node (&letter.json, self->own);
  bytes = kl_bus_letter_finish (&letter, &self->seal, place);
  kl_redis_command_add_string (command, field);
  kl_redis_command_add (command, bytes->str, bytes->len);
}

static void
add_person (KlRedisBus *self, KlRedisCommand *command, const char *user, const Own *own)
{
  g_autofree char *field = g_strconcat ("u:", user, NULL);
  KlBusPresence share = get_share (own);

  if (own)
    {
      add_sealed (self, command, field, &share);
      return;
    }
  kl_redis_command_add_string (command, field);
  kl_redis_command_add_string (command, "");
}

/* As members "d" and "u" of a step or the whole. */
static void
write_people (KlRedisBus *self, KlJsonWriter *json, GHashTable *users)
{
  GHashTableIter iter;
  gpointer user;

  kl_json_key (json, "d");
  kl_bus_write_node (json, self->own);
  kl_json_key (json, "u");
  kl_json_begin_object (json);
  g_hash_table_iter_init (&iter, users);
  while (g_hash_table_iter_next (&iter, &user, NULL))
    {
      KlBusPresence share = get_share (g_hash_table_lookup (self->own_people, user));

      kl_json_key_escaped (json, user);
      kl_bus_write_share (json, &share);
    }
  kl_json_end_object (json);
}

static void
send_whole (KlRedisBus *self, gboolean with_text);

static void
on_whole (gpointer user_data, const redisReply *reply)
{
  KlRedisBus *self = user_data;

  if (!reply)
    self->own_written = FALSE;
  else if (reply->type != REDIS_REPLY_ERROR)
    kl_redis_bus_stop_complaining (self);
  else if (g_str_has_prefix (reply->str, "NOSCRIPT"))
    send_whole (self, TRUE);
  else
    {
      self->own_written = FALSE; /* the next beat tries again */
      kl_redis_bus_complain (self, reply->str);
    }
}

static void
send_whole (KlRedisBus *self, gboolean with_text)
{
  g_auto (KlRedisCommand) command = { 0 };
  g_autoptr (GString) bytes = NULL;
  KlBusLetter letter;
  GHashTableIter iter;
  gpointer user, own;

  if (self->closing)
    return;
  self->own_version++;
  self->own_whole = self->own_version;
  g_hash_table_remove_all (self->own_dirty);

  kl_redis_bus_begin_letter (self, &letter, "whole");
  kl_json_member_int (&letter.json, "v", self->own_version);
  write_people (self, &letter.json, self->own_people);
  bytes = kl_bus_letter_finish (&letter, &self->seal, self->all);

  kl_redis_command_init (&command, bytes->len * 3);
  kl_redis_script_begin (&command, KL_REDIS_SCRIPT_WHOLE, with_text, self->own_key);
  kl_redis_command_add_int (&command, self->own_version);
  kl_redis_command_add_int (&command, self->lease_ms);
  kl_redis_command_add_string (&command, self->all);
  kl_redis_command_add (&command, bytes->str, bytes->len);
  add_sealed (self, &command, "d", NULL);
  g_hash_table_iter_init (&iter, self->own_people);
  while (g_hash_table_iter_next (&iter, &user, &own))
    add_person (self, &command, user, own);
  self->own_written = kl_redis_link_send (self->says, &command, on_whole, self);
  self->counters.published += self->own_written;
}

typedef struct
{
  KlRedisBus *bus;
  gint64 from;
} Step;

static void
on_step (gpointer user_data, const redisReply *reply)
{
  Step *step = user_data;
  KlRedisBus *self = step->bus;
  gint64 from = step->from;

  g_free (step);
  if (!reply)
    self->own_written = FALSE;
  else if (from < self->own_whole)
    return; /* all has been written since */
  else if (reply->type == REDIS_REPLY_ERROR && !g_str_has_prefix (reply->str, "NOSCRIPT"))
    {
      self->own_written = FALSE;
      kl_redis_bus_complain (self, reply->str);
    }
  else if (reply->type == REDIS_REPLY_ERROR || reply->integer == 0)
    send_whole (self, reply->type == REDIS_REPLY_ERROR); /* its lease has run out, or Redis has begun anew */
  else
    kl_redis_bus_stop_complaining (self);
}

/* What has changed since the last one; where nothing has, only the beat. */
static void
send_step (KlRedisBus *self)
{
  g_auto (KlRedisCommand) command = { 0 };
  g_autoptr (GString) bytes = NULL;
  KlBusLetter letter;
  GHashTableIter iter;
  gpointer user;
  gint64 from = self->own_version;
  gint64 to = from + (g_hash_table_size (self->own_dirty) > 0);
  Step *step;

  kl_redis_bus_begin_letter (self, &letter, "step");
  kl_json_member_int (&letter.json, "v", from);
  kl_json_member_int (&letter.json, "w", to);
  write_people (self, &letter.json, self->own_dirty);
  bytes = kl_bus_letter_finish (&letter, &self->seal, self->all);

  kl_redis_command_init (&command, bytes->len * 3);
  kl_redis_script_begin (&command, KL_REDIS_SCRIPT_STEP, FALSE, self->own_key);
  kl_redis_command_add_int (&command, from);
  kl_redis_command_add_int (&command, to);
  kl_redis_command_add_int (&command, self->lease_ms);
  kl_redis_command_add_string (&command, self->all);
  kl_redis_command_add (&command, bytes->str, bytes->len);
  add_sealed (self, &command, "d", NULL);
  g_hash_table_iter_init (&iter, self->own_dirty);
  while (g_hash_table_iter_next (&iter, &user, NULL))
    add_person (self, &command, user, g_hash_table_lookup (self->own_people, user));
  g_hash_table_remove_all (self->own_dirty);
  self->own_version = to;

  step = g_new (Step, 1);
  step->bus = self;
  step->from = from;
  self->own_written = kl_redis_link_send (self->says, &command, on_step, step);
  self->counters.published += self->own_written;
  if (!self->own_written)
    g_free (step);
}

static gboolean
on_flush (gpointer user_data)
{
  KlRedisBus *self = user_data;

  self->flush_id = 0;
  if (self->own_written && g_hash_table_size (self->own_dirty) > 0)
    send_step (self);

  return G_SOURCE_REMOVE;
}

void
kl_redis_presence_set (KlBus *bus, const char *user, const KlBusPresence *presence)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);
  static const char *const nowhere[] = { NULL };
  const char *const *here = presence->here ? presence->here : nowhere;
  Own *own = g_hash_table_lookup (self->own_people, user);

  if (presence->activity == KL_ACTIVITY_OFFLINE)
    {
      if (!g_hash_table_remove (self->own_people, user))
        return;
    }
  else if (own && own->activity == presence->activity && own->connections == presence->connections
           && g_strv_equal ((const char *const *) own->here, here))
    return;
  else
    {
      own = g_new (Own, 1);
      own->activity = presence->activity;
      own->connections = presence->connections;
      own->here = g_strdupv ((char **) here);
      g_hash_table_replace (self->own_people, g_strdup (user), own);
    }

  g_hash_table_add (self->own_dirty, g_strdup (user));
  if (!self->flush_id)
    self->flush_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_flush, self, NULL);
}

/* ── Time ── */

static gint64
get_tick_ms (KlRedisBus *self)
{
  return MIN (TICK_MS, self->beat_ms / 4);
}

static gboolean
on_tick (gpointer user_data)
{
  KlRedisBus *self = user_data;
  gint64 now_usec = g_get_monotonic_time ();
  gint64 late_usec = now_usec - self->tick_usec - get_tick_ms (self) * G_TIME_SPAN_MILLISECOND;
  gboolean was_frozen = late_usec > (gint64) self->lease_ms * G_TIME_SPAN_MILLISECOND / 4;

  self->tick_usec = now_usec;
  if (!self->standing)
    return G_SOURCE_CONTINUE;

  if (was_frozen)
    kl_redis_nodes_renew (self);
  else
    kl_redis_nodes_expire (self);
  if (was_frozen || now_usec - self->beat_usec >= (gint64) self->beat_ms * G_TIME_SPAN_MILLISECOND)
    {
      self->beat_usec = now_usec;
      if (self->own_written)
        send_step (self);
      else
        send_whole (self, FALSE);
    }

  return G_SOURCE_CONTINUE;
}

void
kl_redis_presence_start (KlRedisBus *self, gboolean lost)
{
  KlBusLetter letter;

  kl_redis_nodes_renew (self);
  self->beat_usec = g_get_monotonic_time ();
  send_whole (self, FALSE);
  kl_redis_bus_begin_letter (self, &letter, "hello");
  if (lost)
    kl_json_member_bool (&letter.json, "lost", TRUE);
  kl_redis_bus_post (self, &letter, self->all);
}

void
kl_redis_presence_leave (KlRedisBus *self)
{
  g_auto (KlRedisCommand) command = { 0 };
  KlBusLetter letter;

  kl_redis_command_init (&command, 128);
  kl_redis_command_add_string (&command, "DEL");
  kl_redis_command_add_string (&command, self->own_key);
  kl_redis_link_send (self->says, &command, NULL, NULL);
  kl_redis_bus_begin_letter (self, &letter, "bye");
  kl_redis_bus_post (self, &letter, self->all);
}

/* ── For the chat core ── */

static void
on_person_changed (gpointer user_data, const char *user)
{
  KlRedisBus *self = user_data;

  if (self->listener && self->listener->on_presence && !self->closing)
    self->listener->on_presence (self->listener_data, user);
}

void
kl_redis_presence_get (KlBus *bus, const char *user, KlBusPresence *presence)
{
  kl_bus_people_get (KL_REDIS_BUS (bus)->people, user, presence);
}

void
kl_redis_presence_describe (KlBus *bus, const KlBusNode *node)
{
  kl_bus_node_describe (KL_REDIS_BUS (bus)->own, node);
}

void
kl_redis_presence_init (KlRedisBus *self)
{
  self->own_key = kl_redis_bus_dup_key (self, "p", self->own->id);
  self->own_people = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_own);
  self->own_dirty = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  kl_redis_nodes_init (self);
  self->people = kl_bus_people_new (on_person_changed, self);
  self->tick_usec = g_get_monotonic_time ();
  self->tick_id = g_timeout_add ((guint) get_tick_ms (self), on_tick, self);
}

void
kl_redis_presence_clear (KlRedisBus *self)
{
  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_handle_id (&self->flush_id, g_source_remove);
  g_clear_pointer (&self->own_people, g_hash_table_unref);
  g_clear_pointer (&self->own_dirty, g_hash_table_unref);
  kl_redis_nodes_clear (self);
  g_clear_pointer (&self->people, kl_bus_people_free);
  g_clear_pointer (&self->own, kl_bus_node_free);
  g_clear_pointer (&self->own_key, g_free);
}
