/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is where, node by node.
 *
 * A node keeps what it knows of its own people in a hash with a lease and a version, and tells each step from one
 * version to the next. Another node that is at the first one takes the step; one that is not reads the hash. The lease
 * is renewed by a beat; who is not heard of for a lease is forgotten, with all his people, by the forgetting node's own
 * clock. Two things are not taken for silence: that the bus is gone, and that this node itself stood still.
 *
 * The hash: `v` version, `d` the node's description, `u:USER` a share; the latter two are letters. */
#include "server/bus/kl-redis-bus-private.h"

#include <string.h>

#define TICK_MS 1000
#define GONE_MAX 10000

typedef struct
{
  KlBusNode *info; /* owned; has the id */
  gint64 version;  /* -1: not known yet */
  guint64 number;  /* of its last publication */
  gint64 heard_usec;
  gboolean fetching;
  GPtrArray *waiting; /* KlJson: steps that came while its hash is read */
} Node;

/* A person of ours. */
typedef struct
{
  KlActivity activity;
  guint connections;
  char **here;
} Own;

static void
free_node (gpointer data)
{
  Node *node = data;

  kl_bus_node_free (node->info);
  g_ptr_array_unref (node->waiting);
  g_free (node);
}

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

/* ── Others ── */

static void
forget_node (KlRedisBus *self, Node *node)
{
  g_autofree char *id = g_strdup (node->info->id);

  if (g_hash_table_size (self->gone) >= GONE_MAX)
    g_hash_table_remove_all (self->gone);
  g_hash_table_insert (self->gone, g_strdup (id), g_memdup2 (&node->number, sizeof node->number));
  g_hash_table_remove (self->nodes, id);
  kl_bus_people_drop (self->people, id);
}

static void
take_info (Node *node, yyjson_val *value)
{
  if (value)
    kl_bus_read_node (value, node->info);
}

/* FALSE: something in it is no share. */
static gboolean
take_people (KlRedisBus *self, Node *node, yyjson_val *people)
{
  g_autoptr (GPtrArray) here = g_ptr_array_new ();
  g_autofree char *id = g_strdup (node->info->id);
  yyjson_obj_iter iter;
  yyjson_val *user;
  gboolean good = TRUE;

  yyjson_obj_iter_init (people, &iter);
  while ((user = yyjson_obj_iter_next (&iter)))
    {
      KlBusPresence share;

      if (kl_bus_read_share (yyjson_obj_iter_get_val (user), &share, here))
        kl_bus_people_set (self->people, id, yyjson_get_str (user), &share);
      else
        good = FALSE;
    }

  return good;
}

static void
fetch (KlRedisBus *self, Node *node);

static void
take_step (KlRedisBus *self, Node *node, KlJson *json)
{
  yyjson_val *root = kl_json_get_root (json);
  gint64 from = yyjson_get_sint (yyjson_obj_get (root, "v"));
  gint64 to = yyjson_get_sint (yyjson_obj_get (root, "w"));

  if (node->fetching)
    {
      g_ptr_array_add (node->waiting, kl_json_ref (json));
      return;
    }
  take_info (node, yyjson_obj_get (root, "d"));
  if (to < from || to > from + 1 || from > node->version || node->version < 0)
    fetch (self, node);
  else if (from == node->version && to > from)
    {
      node->version = to;
      if (!take_people (self, node, yyjson_obj_get (root, "u")))
        self->counters.refused++;
    }
}

static void
take_whole (KlRedisBus *self, Node *node, KlJson *json)
{
  yyjson_val *root = kl_json_get_root (json);
  gint64 version = yyjson_get_sint (yyjson_obj_get (root, "v"));

  if (version <= node->version)
    return;
  node->version = version;
  take_info (node, yyjson_obj_get (root, "d"));
  kl_bus_people_begin (self->people, node->info->id);
  if (!take_people (self, node, yyjson_obj_get (root, "u")))
    self->counters.refused++;
  kl_bus_people_end (self->people, node->info->id);
}

typedef struct
{
  KlRedisBus *bus;
  char *node;
} Fetch;

/* One field of another's hash; what is not sealed for it counts as not there. */
static void
take_field (KlRedisBus *self, Node *node, const char *field, const redisReply *value, GPtrArray *here)
{
  g_autofree char *place = g_strconcat ("p:", node->info->id, ":", field, NULL);
  g_auto (KlBusReading) reading = { 0 };
  KlBusPresence share;
  yyjson_val *content;

  if (!kl_bus_reading_open (&reading, &self->seal, place, value->str, value->len))
    {
      self->counters.refused++;
      return;
    }
  content = kl_json_fields_value (&reading.in, "s", KL_JSON_REQUIRED);
  if (g_str_equal (field, "d"))
    take_info (node, content);
  else if (g_str_has_prefix (field, "u:") && kl_bus_read_share (content, &share, here))
    kl_bus_people_set (self->people, node->info->id, field + 2, &share);
}

static gboolean
take_hash (KlRedisBus *self, Node *node, const redisReply *reply)
{
  g_autoptr (GPtrArray) here = g_ptr_array_new ();
  gint64 version = -1;

  for (gsize i = 0; i + 1 < reply->elements; i += 2)
    if (strcmp (reply->element[i]->str, "v") == 0)
      version = g_ascii_strtoll (reply->element[i + 1]->str, NULL, 10);
  if (version < 0)
    return FALSE;
  if (version < node->version)
    return TRUE; /* its whole came meanwhile */

  node->version = version;
  kl_bus_people_begin (self->people, node->info->id);
  for (gsize i = 0; i + 1 < reply->elements; i += 2)
    if (strcmp (reply->element[i]->str, "v") != 0)
      take_field (self, node, reply->element[i]->str, reply->element[i + 1], here);
  kl_bus_people_end (self->people, node->info->id);

  return TRUE;
}

static void
on_fetched (gpointer user_data, const redisReply *reply)
{
  Fetch *call = user_data;
  KlRedisBus *self = call->bus;
  Node *node = g_hash_table_lookup (self->nodes, call->node);
  g_autoptr (GPtrArray) waiting = NULL;

  g_free (call->node);
  g_free (call);
  if (!node || !node->fetching)
    return;

  node->fetching = FALSE;
  waiting = g_steal_pointer (&node->waiting);
  node->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_json_unref);
  if (!reply)
    return; /* the next beginning asks all */
  if (reply->type == REDIS_REPLY_ARRAY && !take_hash (self, node, reply) && node->version < 0)
    {
      forget_node (self, node); /* there is no such node */
      return;
    }
  for (guint i = 0; i < waiting->len; i++)
    {
      KlJson *json = g_ptr_array_index (waiting, i);

      /* The hash is newer than all that was told before it was read, so nothing is missing but by an accident; the next
       * step will show. */
      if (yyjson_get_sint (yyjson_obj_get (kl_json_get_root (json), "v")) <= node->version)
        take_step (self, node, json);
    }
}

static void
fetch (KlRedisBus *self, Node *node)
{
  g_auto (KlRedisCommand) command = { 0 };
  g_autofree char *key = kl_redis_bus_dup_key (self, "p", node->info->id);
  Fetch *call;

  if (node->fetching)
    return;

  kl_redis_command_init (&command, 128);
  kl_redis_command_add_string (&command, "HGETALL");
  kl_redis_command_add_string (&command, key);
  call = g_new (Fetch, 1);
  call->bus = self;
  call->node = g_strdup (node->info->id);
  node->fetching = kl_redis_link_send (self->says, &command, on_fetched, call);
  if (!node->fetching)
    {
      g_free (call->node);
      g_free (call);
    }
}

static void
mark_heard (Node *node)
{
  node->heard_usec = g_get_monotonic_time ();
  node->info->heard = g_get_real_time () / G_TIME_SPAN_MILLISECOND;
}

gboolean
kl_redis_presence_know (KlRedisBus *self, const KlBusReading *reading, gboolean *known)
{
  Node *node = g_hash_table_lookup (self->nodes, reading->node);
  const guint64 *number = g_hash_table_lookup (self->gone, reading->node);

  *known = node && node->version >= 0;
  if (reading->number <= (node ? node->number : number ? *number : 0))
    return FALSE;
  if (!node)
    {
      node = g_new0 (Node, 1);
      node->info = kl_bus_node_new ();
      node->info->id = g_strdup (reading->node);
      node->version = -1;
      node->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_json_unref);
      g_hash_table_insert (self->nodes, node->info->id, node);
    }
  node->number = reading->number;
  mark_heard (node);
  if (node->version < 0)
    fetch (self, node);

  return TRUE;
}

static void
take_hello (KlRedisBus *self, Node *node, KlBusReading *reading)
{
  g_autofree char *channel = kl_redis_bus_dup_key (self, "n", node->info->id);
  gboolean lost = kl_json_fields_bool (&reading->in, "lost", KL_JSON_OPTIONAL, FALSE);
  KlBusLetter letter;

  kl_redis_bus_begin_letter (self, &letter, "here");
  kl_json_member_int (&letter.json, "v", self->own_version);
  kl_redis_bus_post (self, &letter, channel);
  if (lost && self->listener && self->listener->on_reconnected)
    self->listener->on_reconnected (self->listener_data);
}

gboolean
kl_redis_presence_take (KlRedisBus *self, KlBusReading *reading)
{
  Node *node = g_hash_table_lookup (self->nodes, reading->node);

  if (g_str_equal (reading->type, "step"))
    take_step (self, node, reading->json);
  else if (g_str_equal (reading->type, "whole"))
    take_whole (self, node, reading->json);
  else if (g_str_equal (reading->type, "hello"))
    take_hello (self, node, reading);
  else if (g_str_equal (reading->type, "here"))
    {
      if (kl_json_fields_int (&reading->in, "v", KL_JSON_REQUIRED, 0, G_MAXINT64, 0) != node->version)
        fetch (self, node);
    }
  else if (g_str_equal (reading->type, "bye"))
    forget_node (self, node);
  else
    return FALSE;

  return TRUE;
}

/* ── Time ── */

static void
renew_all (KlRedisBus *self)
{
  GHashTableIter iter;
  gpointer node;

  g_hash_table_iter_init (&iter, self->nodes);
  while (g_hash_table_iter_next (&iter, NULL, &node))
    ((Node *) node)->heard_usec = g_get_monotonic_time ();
}

static void
expire (KlRedisBus *self)
{
  gint64 oldest_usec = g_get_monotonic_time () - (gint64) self->lease_ms * G_TIME_SPAN_MILLISECOND;
  g_autoptr (GList) nodes = g_hash_table_get_values (self->nodes);

  for (GList *item = nodes; item; item = item->next)
    if (((Node *) item->data)->heard_usec < oldest_usec)
      forget_node (self, item->data);
}

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
    renew_all (self);
  else
    expire (self);
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

  renew_all (self);
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
  KlBusNode *own = KL_REDIS_BUS (bus)->own;

  g_set_str (&own->address, node->address);
  g_set_str (&own->version, node->version);
  own->since = node->since;
  own->connections = node->connections;
  own->people = node->people;
}

static KlBusNode *
copy_node (const KlBusNode *node)
{
  KlBusNode *copy = kl_bus_node_new ();

  *copy = *node;
  copy->id = g_strdup (node->id);
  copy->address = g_strdup (node->address);
  copy->version = g_strdup (node->version);

  return copy;
}

GPtrArray *
kl_redis_presence_list (KlBus *bus)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);
  GPtrArray *nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_bus_node_free);
  GHashTableIter iter;
  gpointer value;

  self->own->heard = g_get_real_time () / G_TIME_SPAN_MILLISECOND;
  g_ptr_array_add (nodes, copy_node (self->own));
  g_hash_table_iter_init (&iter, self->nodes);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Node *) value)->version >= 0)
      g_ptr_array_add (nodes, copy_node (((Node *) value)->info));

  return nodes;
}

void
kl_redis_presence_init (KlRedisBus *self)
{
  self->own_key = kl_redis_bus_dup_key (self, "p", self->own->id);
  self->own_people = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_own);
  self->own_dirty = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->nodes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_node);
  self->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
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
  g_clear_pointer (&self->nodes, g_hash_table_unref);
  g_clear_pointer (&self->gone, g_hash_table_unref);
  g_clear_pointer (&self->people, kl_bus_people_free);
  g_clear_pointer (&self->own, kl_bus_node_free);
  g_clear_pointer (&self->own_key, g_free);
}
