/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/bus/kl-redis-source.h"

typedef struct
{
  GSource source;
  redisAsyncContext *ac; /* NULL once it is freed */
  gpointer tag;
  GIOCondition condition; /* what the descriptor is polled for */
  gboolean reads;
  gboolean writes;   /* there is something to write */
  gboolean blocked;  /* the socket takes no more for now */
  gint64 timer_usec; /* monotonic; 0: none */
} KlRedisSource;

static void
add_read (void *data)
{
  ((KlRedisSource *) data)->reads = TRUE;
}

static void
remove_read (void *data)
{
  ((KlRedisSource *) data)->reads = FALSE;
}

static void
add_write (void *data)
{
  ((KlRedisSource *) data)->writes = TRUE;
}

static void
remove_write (void *data)
{
  ((KlRedisSource *) data)->writes = FALSE;
}

static void
set_timer (void *data, struct timeval after)
{
  KlRedisSource *self = data;

  self->timer_usec = g_get_monotonic_time () + (gint64) after.tv_sec * G_USEC_PER_SEC + after.tv_usec;
  g_source_set_ready_time (&self->source, self->timer_usec);
}

/* hiredis is about to free the context. */
static void
clean_up (void *data)
{
  KlRedisSource *self = data;

  if (!self->ac)
    return;
  self->ac->ev.data = NULL;
  self->ac = NULL;
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

static gboolean
source_prepare (GSource *source, int *timeout)
{
  KlRedisSource *self = (KlRedisSource *) source;
  GIOCondition condition = 0;

  *timeout = -1;
  if (self->reads)
    condition |= G_IO_IN;
  if (self->writes && self->blocked)
    condition |= G_IO_OUT;
  if (condition != self->condition)
    {
      self->condition = condition;
      g_source_modify_unix_fd (source, self->tag, condition);
    }

  return self->writes && !self->blocked;
}

static gboolean
source_check (GSource *source)
{
  KlRedisSource *self = (KlRedisSource *) source;

  return g_source_query_unix_fd (source, self->tag) != 0 || (self->writes && !self->blocked);
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  KlRedisSource *self = (KlRedisSource *) source;
  GIOCondition seen = g_source_query_unix_fd (source, self->tag);

  /* Each of these three may end in clean_up(); GLib holds a reference to the source meanwhile. */
  if (self->ac && seen & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    redisAsyncHandleRead (self->ac);

  if (seen & (G_IO_OUT | G_IO_HUP | G_IO_ERR))
    self->blocked = FALSE;
  if (self->ac && self->writes && !self->blocked)
    {
      redisAsyncHandleWrite (self->ac);
      self->blocked = self->writes;
    }

  if (self->ac && self->timer_usec && self->timer_usec <= g_get_monotonic_time ())
    {
      self->timer_usec = 0;
      g_source_set_ready_time (source, -1);
      redisAsyncHandleTimeout (self->ac);
    }

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
  .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
};

void
kl_redis_source_attach (redisAsyncContext *ac, GMainContext *context)
{
  GSource *source = g_source_new (&source_funcs, sizeof (KlRedisSource));
  KlRedisSource *self = (KlRedisSource *) source;

  g_source_set_static_name (source, "KlRedisSource");
  self->ac = ac;
  self->tag = g_source_add_unix_fd (source, ac->c.fd, 0);
  ac->ev.data = self;
  ac->ev.addRead = add_read;
  ac->ev.delRead = remove_read;
  ac->ev.addWrite = add_write;
  ac->ev.delWrite = remove_write;
  ac->ev.cleanup = clean_up;
  ac->ev.scheduleTimer = set_timer;
  g_source_attach (source, context);
}
