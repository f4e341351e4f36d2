/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The newest messages of groups, in Redis: a hash a group, with a letter for each message by its seq. All of it is
 * changed by scripts (kl-redis-scripts.c), which look at the hash's `rev` first: what comes late changes nothing, and
 * what comes early waits. */
#include "server/bus/kl-redis-bus-private.h"

#include <stdlib.h>
#include <string.h>

/* ── Publishing ── */

typedef struct
{
  KlRedisBus *bus; /* its connections answer before it goes */
  KlStoreBatch *batch;
} Publication;

static void
publish_plainly (KlRedisBus *self, KlStoreBatch *batch)
{
  g_autofree char *channel = kl_redis_bus_dup_key (self, "g", batch->group);
  KlBusLetter letter;

  kl_redis_bus_begin_letter (self, &letter, "changes");
  kl_bus_write_batch (&letter, batch);
  if (!kl_redis_bus_post (self, &letter, channel))
    kl_redis_bus_lose (self, batch->group, batch->base_rev + batch->changes->len);
}

static void
on_published (gpointer user_data, const redisReply *reply)
{
  Publication *publication = user_data;
  KlRedisBus *self = publication->bus;
  g_autoptr (KlStoreBatch) batch = publication->batch;

  g_free (publication);
  if (!reply)
    kl_redis_bus_lose (self, batch->group, batch->base_rev + batch->changes->len);
  else if (reply->type == REDIS_REPLY_ERROR && g_str_has_prefix (reply->str, "NOSCRIPT"))
    {
      if (!kl_redis_cache_publish (self, batch, TRUE))
        kl_redis_bus_lose (self, batch->group, batch->base_rev + batch->changes->len);
    }
  else if (reply->type == REDIS_REPLY_ERROR)
    {
      /* Perhaps it has not come to publishing. To hear it twice does nobody harm; and if what is in the cache was the
       * reason, it goes. */
      kl_redis_bus_complain (self, reply->str);
      publish_plainly (self, batch);
      kl_redis_cache_drop (KL_BUS (self), batch->group);
    }
  else if (reply->type == REDIS_REPLY_STRING)
    kl_redis_bus_complain (self, reply->str);
}

gboolean
kl_redis_cache_publish (KlRedisBus *self, KlStoreBatch *batch, gboolean whole)
{
  g_autofree char *channel = kl_redis_bus_dup_key (self, "g", batch->group);
  g_autofree char *key = kl_redis_bus_dup_key (self, "c", batch->group);
  g_auto (KlRedisCommand) command = { 0 };
  g_autoptr (GString) bytes = NULL;
  KlBusLetter letter;
  Publication *publication;
  gboolean drops = FALSE;

  if (!kl_redis_link_is_up (self->says))
    return FALSE;

  kl_redis_bus_begin_letter (self, &letter, "changes");
  kl_bus_write_batch (&letter, batch);
  bytes = kl_bus_letter_finish (&letter, &self->seal, channel);
  for (guint i = 0; i < batch->changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (batch->changes, KlStoreChange, i);

      drops |= change->kind == KL_CHANGE_GROUP && change->group->deleted;
    }

  kl_redis_command_init (&command, bytes->len * 2 + 512);
  kl_redis_script_begin (&command, KL_REDIS_SCRIPT_PUBLISH, whole, key);
  kl_redis_command_add_string (&command, channel);
  kl_redis_command_add (&command, bytes->str, bytes->len);
  kl_redis_command_add_int (&command, batch->base_rev);
  kl_redis_command_add_int (&command, batch->base_rev + batch->changes->len);
  kl_redis_command_add_int (&command, drops);
  kl_redis_command_add_int (&command, KL_BUS_CACHE_MESSAGES);
  for (guint i = 0; i < batch->changes->len; i++)
    {
      const KlStoreChange *change = &g_array_index (batch->changes, KlStoreChange, i);
      g_autoptr (GString) entry = NULL;

      if (change->kind != KL_CHANGE_MESSAGE)
        continue;
      entry = kl_bus_write_message (&self->seal, batch->group, change->message);
      kl_redis_command_add_int (&command, change->rev);
      kl_redis_command_add_int (&command, change->message->seq);
      kl_redis_command_add (&command, entry->str, entry->len);
    }

  publication = g_new (Publication, 1);
  publication->bus = self;
  publication->batch = kl_store_batch_ref (batch);
  if (kl_redis_link_send (self->says, &command, on_published, publication))
    return TRUE;

  kl_store_batch_unref (publication->batch);
  g_free (publication);

  return FALSE;
}

/* ── Reading ── */

typedef struct
{
  GList node; /* in `reads`, while it waits */
  KlRedisBus *bus;
  char *group;
  GTask *task; /* NULL: given up */
  gint64 sent_usec;
} CacheRead;

static int
compare_seqs (gconstpointer a, gconstpointer b)
{
  gint64 x = (*(KlStoreMessage *const *) a)->seq, y = (*(KlStoreMessage *const *) b)->seq;

  return (x > y) - (x < y);
}

/* FALSE: what is there is not what a node of this deployment has written, or not all of it. */
static gboolean
read_fields (KlRedisBus *self, const char *group, const redisReply *reply, KlBusCached *cached)
{
  gint64 newest = -1;

  cached->rev = -1;
  for (gsize i = 0; i + 1 < reply->elements; i += 2)
    {
      const redisReply *field = reply->element[i], *value = reply->element[i + 1];
      KlStoreMessage *message;

      if (field->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
        return FALSE;
      if (strcmp (field->str, "rev") == 0)
        cached->rev = g_ascii_strtoll (value->str, NULL, 10);
      else if (strcmp (field->str, "hi") == 0)
        newest = g_ascii_strtoll (value->str, NULL, 10);
      else if (strcmp (field->str, "lo") != 0 && strcmp (field->str, "w") != 0)
        {
          message = kl_bus_read_message (&self->seal, group, value->str, value->len,
                                         g_ascii_strtoll (field->str, NULL, 10));
          if (!message)
            return FALSE;
          g_ptr_array_add (cached->messages, message);
        }
    }

  g_ptr_array_sort (cached->messages, compare_seqs);
  for (guint i = 0; i < cached->messages->len; i++)
    if (((KlStoreMessage *) g_ptr_array_index (cached->messages, i))->seq != newest - (cached->messages->len - 1 - i))
      return FALSE;

  return cached->rev >= 0 && newest >= 0 && (newest == 0) == (cached->messages->len == 0);
}

static KlBusCached *
read_reply (KlRedisBus *self, const char *group, const redisReply *reply)
{
  g_autoptr (KlBusCached) cached = kl_bus_cached_new ();

  if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
    return NULL;
  if (read_fields (self, group, reply, cached))
    return g_steal_pointer (&cached);

  self->counters.refused++;
  kl_redis_cache_drop (KL_BUS (self), group);

  return NULL;
}

static void
finish_read (CacheRead *read, KlBusCached *cached)
{
  KlRedisBus *self = read->bus;
  g_autoptr (GTask) task = g_steal_pointer (&read->task);

  g_queue_unlink (&self->reads, &read->node);
  if (cached)
    self->counters.cache_hits++;
  else
    self->counters.cache_misses++;
  g_task_return_pointer (task, cached, (GDestroyNotify) kl_bus_cached_free);
}

static gboolean
send_read (CacheRead *read, gboolean whole);

static void
on_read (gpointer user_data, const redisReply *reply)
{
  CacheRead *read = user_data;
  KlRedisBus *self = read->bus;

  if (!read->task)
    self->n_slow_reads--;
  else if (reply && reply->type == REDIS_REPLY_ERROR && g_str_has_prefix (reply->str, "NOSCRIPT")
           && send_read (read, TRUE))
    return;
  else
    finish_read (read, read_reply (self, read->group, reply));
  g_free (read->group);
  g_free (read);
}

static gboolean
send_read (CacheRead *read, gboolean whole)
{
  KlRedisBus *self = read->bus;
  g_autofree char *key = kl_redis_bus_dup_key (self, "c", read->group);
  g_auto (KlRedisCommand) command = { 0 };

  kl_redis_command_init (&command, 256);
  kl_redis_script_begin (&command, KL_REDIS_SCRIPT_READ, whole, key);
  kl_redis_command_add_int (&command, KL_BUS_CACHE_TTL_MS);

  return kl_redis_link_send (self->says, &command, on_read, read);
}

/* The first in the queue waits longest. */
static gboolean
on_read_deadline (gpointer user_data)
{
  KlRedisBus *self = user_data;
  gint64 now_usec = g_get_monotonic_time ();
  CacheRead *read;

  while ((read = g_queue_peek_head (&self->reads)))
    {
      gint64 left_ms = self->cache_wait_ms - (now_usec - read->sent_usec) / G_TIME_SPAN_MILLISECOND;

      if (left_ms > 0)
        {
          self->read_id = g_timeout_add ((guint) left_ms, on_read_deadline, self);
          return G_SOURCE_REMOVE;
        }
      self->n_slow_reads++;
      finish_read (read, NULL);
    }
  self->read_id = 0;

  return G_SOURCE_REMOVE;
}

void
kl_redis_cache_get (KlBus *bus, const char *group, GTask *task)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);
  CacheRead *read = g_new0 (CacheRead, 1);

  read->bus = self;
  read->group = g_strdup (group);
  read->task = task;
  read->node.data = read;
  read->sent_usec = g_get_monotonic_time ();
  g_queue_push_tail_link (&self->reads, &read->node);
  /* Behind one that is late, all are. */
  if (self->n_slow_reads > 0 || !send_read (read, FALSE))
    {
      finish_read (read, NULL);
      g_free (read->group);
      g_free (read);
    }
  else if (!self->read_id)
    self->read_id = g_timeout_add (self->cache_wait_ms, on_read_deadline, self);
}

/* ── Filling ── */

/* A fill that failed is made up for by the next reader's. */
static void
on_filled (gpointer user_data, const redisReply *reply)
{
  KlRedisBus *self = user_data;

  if (!reply || reply->type != REDIS_REPLY_ERROR)
    return;
  if (g_str_has_prefix (reply->str, "NOSCRIPT"))
    kl_redis_bus_load_scripts (self);
  else
    kl_redis_bus_complain (self, reply->str);
}

void
kl_redis_cache_fill (KlBus *bus, const char *group, gint64 rev, GPtrArray *messages)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);
  g_autofree char *key = kl_redis_bus_dup_key (self, "c", group);
  g_auto (KlRedisCommand) command = { 0 };
  const KlStoreMessage *newest = messages->len ? g_ptr_array_index (messages, messages->len - 1) : NULL;
  guint from = messages->len > KL_BUS_CACHE_MESSAGES ? messages->len - KL_BUS_CACHE_MESSAGES : 0;

  if (!self->ready)
    return;

  kl_redis_command_init (&command, 64 * 1024);
  kl_redis_script_begin (&command, KL_REDIS_SCRIPT_FILL, FALSE, key);
  kl_redis_command_add_int (&command, rev);
  kl_redis_command_add_int (&command, newest ? newest->seq : 0);
  kl_redis_command_add_int (&command, newest ? ((KlStoreMessage *) g_ptr_array_index (messages, from))->seq : 1);
  kl_redis_command_add_int (&command, KL_BUS_CACHE_TTL_MS);
  kl_redis_command_add_int (&command, KL_BUS_CACHE_MESSAGES);
  for (guint i = from; i < messages->len; i++)
    {
      const KlStoreMessage *message = g_ptr_array_index (messages, i);
      g_autoptr (GString) entry = kl_bus_write_message (&self->seal, group, message);

      kl_redis_command_add_int (&command, message->seq);
      kl_redis_command_add (&command, entry->str, entry->len);
    }
  kl_redis_link_send (self->says, &command, on_filled, self);
}

void
kl_redis_cache_drop (KlBus *bus, const char *group)
{
  KlRedisBus *self = KL_REDIS_BUS (bus);
  g_autofree char *key = kl_redis_bus_dup_key (self, "c", group);
  g_auto (KlRedisCommand) command = { 0 };

  kl_redis_command_init (&command, 128);
  kl_redis_command_add_string (&command, "DEL");
  kl_redis_command_add_string (&command, key);
  kl_redis_link_send (self->says, &command, NULL, NULL);
}

void
kl_redis_cache_clear (KlRedisBus *self)
{
  g_clear_handle_id (&self->read_id, g_source_remove);
}
