/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two sources: one waits on the epoll descriptor, hands the events out and writes what they have led to; the other is
 * ready whenever some connection has something to write, and so runs once in each turn of the loop for all that the
 * rest of the program did. */
#include "server/socketio/kl-ws-hub-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "protocol/kl-slab.h"

#define EVENTS_MAX 512

typedef struct
{
  GSource parent;
  KlWsHub *hub;
} HubSource;

void
kl_ws_hub_flush (KlWsHub *self)
{
  /* What a write leads to (ends of connections) may queue more, for the next turn. */
  for (guint n = self->n_dirty; n > 0; n--)
    {
      KlWsConn *conn = self->dirty_first;

      self->dirty_first = conn->next_dirty;
      if (!self->dirty_first)
        self->dirty_last = NULL;
      self->n_dirty--;
      conn->next_dirty = NULL;
      conn->dirty = FALSE;
      if (conn->fd < 0)
        g_ptr_array_add (self->gone_conns, conn);
      else
        kl_ws_conn_flush (conn);
    }
  for (guint i = 0; i < self->n_gathered; i++)
    kl_sio_message_unref (self->gathered[i]);
  self->n_gathered = 0;
}

static gboolean
epoll_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  KlWsHub *self = ((HubSource *) source)->hub;
  struct epoll_event events[EVENTS_MAX];
  int n = epoll_wait (self->epoll_fd, events, EVENTS_MAX, 0);

  for (int i = 0; i < n; i++)
    {
      KlWsWatch *watch = events[i].data.ptr;

      if (watch->func)
        watch->func (watch, events[i].events);
    }
  /* At once, so that no source behind this one overtakes what was answered here: an HTTP request that follows an upgrade
   * is refused after the upgrade was confirmed. */
  kl_ws_hub_flush (self);
  g_ptr_array_set_size (self->garbage, 0);
  g_ptr_array_set_size (self->gone_conns, 0);

  return G_SOURCE_CONTINUE;
}

static gboolean
flush_prepare (GSource *source, int *timeout)
{
  KlWsHub *self = ((HubSource *) source)->hub;

  *timeout = -1;
  return self->dirty_first != NULL;
}

static gboolean
flush_check (GSource *source)
{
  return ((HubSource *) source)->hub->dirty_first != NULL;
}

static gboolean
flush_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  kl_ws_hub_flush (((HubSource *) source)->hub);

  return G_SOURCE_CONTINUE;
}

void
kl_ws_hub_mark_dirty (KlWsHub *self, KlWsConn *conn)
{
  if (conn->dirty)
    return;

  conn->dirty = TRUE;
  conn->next_dirty = NULL;
  if (self->dirty_last)
    self->dirty_last->next_dirty = conn;
  else
    self->dirty_first = conn;
  self->dirty_last = conn;
  self->n_dirty++;
}

static void
on_closing_timeout (KlSioTimerNode *node, gpointer user_data)
{
  kl_ws_conn_destroy (kl_sio_timer_owner (node, KlWsConn, closing));
}

static void
on_calm (KlSioTimerNode *node, gpointer user_data)
{
  KlWsHub *self = user_data;

  if (self->churn >= KL_WS_RUSH)
    {
      self->churn = 0;
      self->trims_due = KL_WS_TRIMS;
    }
  if (self->trims_due == 0)
    return;

  kl_slab_trim_all ();
#ifdef __GLIBC__
  malloc_trim (0);
#endif
  if (--self->trims_due > 0)
    kl_sio_timer_start (self->calm, node);
}

void
kl_ws_hub_note_churn (KlWsHub *self)
{
  self->churn++;
  if (!self->calm_timer.queue)
    kl_sio_timer_start (self->calm, &self->calm_timer);
}

static GSource *
add_source (KlWsHub *self, GSourceFuncs *funcs, const char *name)
{
  GSource *source = g_source_new (funcs, sizeof (HubSource));

  ((HubSource *) source)->hub = self;
  g_source_set_static_name (source, name);
  g_source_attach (source, self->context);

  return source;
}

KlWsHub *
kl_ws_hub_new (GMainContext *context)
{
  static GSourceFuncs epoll_funcs = { .dispatch = epoll_dispatch };
  static GSourceFuncs flush_funcs = { .prepare = flush_prepare, .check = flush_check, .dispatch = flush_dispatch };
  KlWsHub *self = g_new0 (KlWsHub, 1);

  self->context = g_main_context_ref (context);
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll_fd < 0)
    g_error ("no epoll descriptor: %s", g_strerror (errno));
  self->timers = kl_sio_timers_new (context);
  self->closing = kl_sio_timers_add_queue (self->timers, KL_WS_CLOSE_TIMEOUT_MS, on_closing_timeout, NULL);
  self->calm = kl_sio_timers_add_queue (self->timers, KL_WS_CALM_MS, on_calm, self);
  self->garbage = g_ptr_array_new_with_free_func (g_free);
  self->gone_conns = g_ptr_array_new_with_free_func (kl_ws_conn_free);
  self->read_buffer = g_malloc (KL_WS_READ_BYTES);
  self->gather_buffer = g_malloc (KL_WS_GATHER_BYTES);
  self->epoll_source = add_source (self, &epoll_funcs, "kl-ws-epoll");
  g_source_add_unix_fd (self->epoll_source, self->epoll_fd, G_IO_IN);
  self->flush_source = add_source (self, &flush_funcs, "kl-ws-flush");

  return self;
}

void
kl_ws_hub_free (KlWsHub *self)
{
  while (self->first)
    {
      self->first->handler = NULL;
      kl_ws_conn_destroy (self->first);
    }
  while (self->dirty_first)
    {
      KlWsConn *conn = self->dirty_first;

      self->dirty_first = conn->next_dirty;
      kl_ws_conn_free (conn);
    }
  g_source_destroy (self->epoll_source);
  g_source_unref (self->epoll_source);
  g_source_destroy (self->flush_source);
  g_source_unref (self->flush_source);
  kl_sio_timers_free (self->timers);
  close (self->epoll_fd);
  g_ptr_array_unref (self->garbage);
  g_ptr_array_unref (self->gone_conns);
  g_free (self->gather_buffer);
  g_free (self->read_buffer);
  g_main_context_unref (self->context);
  g_free (self);
}

KlSioTimers *
kl_ws_hub_get_timers (KlWsHub *self)
{
  return self->timers;
}

GMainContext *
kl_ws_hub_get_context (KlWsHub *self)
{
  return self->context;
}

guint
kl_ws_hub_get_n_conns (KlWsHub *self)
{
  return self->n_conns;
}

static void
control (KlWsHub *self, int operation, int fd, guint events, KlWsWatch *watch)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  if (epoll_ctl (self->epoll_fd, operation, fd, &event) < 0 && operation != EPOLL_CTL_DEL)
    g_warning ("epoll refused descriptor %d: %s", fd, g_strerror (errno));
}

void
kl_ws_hub_watch (KlWsHub *self, int fd, guint events, KlWsWatch *watch)
{
  control (self, EPOLL_CTL_ADD, fd, events, watch);
}

void
kl_ws_hub_rewatch (KlWsHub *self, int fd, guint events, KlWsWatch *watch)
{
  control (self, EPOLL_CTL_MOD, fd, events, watch);
}

void
kl_ws_hub_unwatch (KlWsHub *self, int fd, KlWsWatch *watch)
{
  watch->func = NULL;
  control (self, EPOLL_CTL_DEL, fd, 0, watch);
}

void
kl_ws_hub_free_later (KlWsHub *self, gpointer memory)
{
  g_ptr_array_add (self->garbage, memory);
  /* Freed by the next epoll turn; a turn comes soon, since whoever closes has a reason to. */
}
