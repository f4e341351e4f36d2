/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The other nodes, and who is with them.
 *
 * One that is at the version a step begins with takes the step; one that is not reads the hash, and the steps that come
 * meanwhile wait. Who is not heard of for a lease is forgotten, with all his people, by the forgetting node's own
 * clock. Two things are not taken for silence: that the bus is gone, and that this node itself stood still. */
#include "server/bus/kl-redis-bus-private.h"

#include <string.h>

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

static void
free_node (gpointer data)
{
  Node *node = data;

  kl_bus_node_free (node->info);
  g_ptr_array_unref (node->waiting);
  g_free (node);
}

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
kl_redis_nodes_know (KlRedisBus *self, const KlBusReading *reading, gboolean *known)
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
kl_redis_nodes_take (KlRedisBus *self, KlBusReading *reading)
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

/* ── Leases ── */

void
kl_redis_nodes_renew (KlRedisBus *self)
{
  GHashTableIter iter;
  gpointer node;

  g_hash_table_iter_init (&iter, self->nodes);
  while (g_hash_table_iter_next (&iter, NULL, &node))
    ((Node *) node)->heard_usec = g_get_monotonic_time ();
}

void
kl_redis_nodes_expire (KlRedisBus *self)
{
  gint64 oldest_usec = g_get_monotonic_time () - (gint64) self->lease_ms * G_TIME_SPAN_MILLISECOND;
  g_autoptr (GList) nodes = g_hash_table_get_values (self->nodes);

  for (GList *item = nodes; item; item = item->next)
    if (((Node *) item->data)->heard_usec < oldest_usec)
      forget_node (self, item->data);
}

/* ── For the chat core ── */

GPtrArray *
kl_redis_nodes_list (KlBus *bus)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);
  GPtrArray *nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_bus_node_free);
  GHashTableIter iter;
  gpointer value;

  self->own->heard = g_get_real_time () / G_TIME_SPAN_MILLISECOND;
  g_ptr_array_add (nodes, kl_bus_node_copy (self->own));
  g_hash_table_iter_init (&iter, self->nodes);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Node *) value)->version >= 0)
      g_ptr_array_add (nodes, kl_bus_node_copy (((Node *) value)->info));

  return nodes;
}

void
kl_redis_nodes_init (KlRedisBus *self)
{
  self->nodes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_node);
  self->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

void
kl_redis_nodes_clear (KlRedisBus *self)
{
  g_clear_pointer (&self->nodes, g_hash_table_unref);
  g_clear_pointer (&self->gone, g_hash_table_unref);
}
