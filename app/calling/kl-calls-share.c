/* SPDX-License-Identifier: GPL-3.0-or-later
 * A screen by the desktop's portal: the person chooses there what is shown, and may end it there. Each time is a new asking. */
#include "app/calling/kl-calls-private.h"

#include <glib/gstdio.h>

/* libportal says nothing to one that has cancelled a dialogue: it holds nothing of ours, and the asker is answered here. */
typedef struct
{
  GWeakRef calls;
  GCancellable *cancellable; /* of this asking */
} Asking;

static Asking *
asking_new (KlCalls *self)
{
  Asking *asking = g_new0 (Asking, 1);

  g_weak_ref_init (&asking->calls, self);
  asking->cancellable = g_object_ref (self->cancellable);
  return asking;
}

/* Transfer full; NULL: nobody waits for this any more. */
static KlCalls *
asking_free (Asking *asking)
{
  g_autoptr (KlCalls) self = g_weak_ref_get (&asking->calls);
  gboolean current = self != NULL && self->cancellable == asking->cancellable && self->sharing != NULL;

  g_weak_ref_clear (&asking->calls);
  g_object_unref (asking->cancellable);
  g_free (asking);
  return current ? g_steal_pointer (&self) : NULL;
}

/* Takes ERROR. That the person has changed their mind is none. */
static void
answer (KlCalls *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->sharing);
  g_autoptr (GError) why = error;

  if (task == NULL)
    return;
  if (why == NULL || g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_boolean (task, self->screen != NULL);
  else
    g_task_return_error (task, g_steal_pointer (&why));
}

static void
close_share (KlCalls *self)
{
  g_autoptr (XdpSession) share = g_steal_pointer (&self->share);

  if (share == NULL)
    return;
  g_signal_handlers_disconnect_by_data (share, self);
  xdp_session_close (share);
}

void
kl_calls_end_share (KlCalls *self)
{
  g_autoptr (GCancellable) cancellable = g_steal_pointer (&self->cancellable);

  close_share (self);
  g_cancellable_cancel (cancellable);
  answer (self, NULL);
}

static void
on_share_closed (XdpSession *share, KlCalls *self)
{
  if (self->share != share)
    return;
  /* Before it has begun: the answer to that says why. */
  if (self->screen == NULL)
    close_share (self);
  else
    kl_calls_drop_screen (self);
}

/* The first node of "a(ua{sv})"; FALSE: there is none. */
static gboolean
read_node (XdpSession *share, guint *node)
{
  GVariant *streams = xdp_session_get_streams (share);
  g_autoptr (GVariant) more = NULL;

  if (streams == NULL || g_variant_n_children (streams) == 0)
    return FALSE;
  g_variant_get_child (streams, 0, "(u@a{sv})", node, &more);
  return TRUE;
}

static void
take_share (KlCalls *self, XdpSession *share, int fd)
{
  g_autoptr (KlMediaSource) screen = NULL;
  guint node;

  if (fd < 0 || !read_node (share, &node))
    {
      close_share (self);
      answer (self, g_error_new_literal (KL_CALLS_ERROR, KL_CALLS_ERROR_NO_SCREEN, "The desktop gave no screen"));
      return;
    }
  screen = kl_media_source_new_pipewire (fd, node, TRUE, "Screen");
  kl_calls_take_screen (self, screen);
  answer (self, NULL);
}

/* libportal waits for the answer to this one. On a thread of GIO's: the desktop may take its time. */
static void
open_remote (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_int (task, xdp_session_open_pipewire_remote (XDP_SESSION (source)));
}

static void
on_remote_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlCalls) self = asking_free (user_data);
  XdpSession *share = XDP_SESSION (source);
  g_autofd int fd = (int) g_task_propagate_int (G_TASK (result), NULL);

  if (self == NULL)
    return;
  if (self->share == share)
    take_share (self, share, fd);
  else
    answer (self, NULL);
}

static void
on_share_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlCalls) self = asking_free (user_data);
  XdpSession *share = XDP_SESSION (source);
  GError *error = NULL;
  gboolean started = xdp_session_start_finish (share, result, &error);

  if (self == NULL)
    {
      g_clear_error (&error);
      return;
    }
  if (started && self->share == share)
    {
      g_autoptr (GTask) task = g_task_new (share, NULL, on_remote_opened, asking_new (self));

      g_task_set_source_tag (task, open_remote);
      g_task_run_in_thread (task, open_remote);
      return;
    }
  close_share (self);
  answer (self, error);
}

static void
on_share_made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlCalls) self = asking_free (user_data);
  GError *error = NULL;
  g_autoptr (XdpSession) share = xdp_portal_create_screencast_session_finish (XDP_PORTAL (source), result, &error);

  if (self == NULL)
    {
      if (share != NULL)
        xdp_session_close (share);
      g_clear_error (&error);
      return;
    }
  if (share == NULL)
    {
      answer (self, error);
      return;
    }
  self->share = g_object_ref (share);
  g_signal_connect_object (share, "closed", G_CALLBACK (on_share_closed), self, 0);
  xdp_session_start (share, g_task_get_task_data (self->sharing), self->cancellable, on_share_started,
                     asking_new (self));
}

void
kl_calls_share_screen_async (KlCalls *self, XdpParent *parent, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (KL_IS_CALLS (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, kl_calls_share_screen_async);
  if (parent != NULL)
    g_task_set_task_data (task, xdp_parent_copy (parent), (GDestroyNotify) xdp_parent_free);
  if (!kl_calls_is_in_call (self) || self->sharing != NULL || self->screen != NULL)
    {
      g_task_return_boolean (task, self->screen != NULL);
      return;
    }
  if (self->portal == NULL)
    self->portal = xdp_portal_initable_new (&error);
  if (self->portal == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->cancellable == NULL)
    self->cancellable = g_cancellable_new ();
  self->sharing = g_steal_pointer (&task);
  xdp_portal_create_screencast_session (self->portal, XDP_OUTPUT_MONITOR | XDP_OUTPUT_WINDOW, XDP_SCREENCAST_FLAG_NONE,
                                        XDP_CURSOR_MODE_EMBEDDED, XDP_PERSIST_MODE_NONE, NULL, self->cancellable,
                                        on_share_made, asking_new (self));
}

gboolean
kl_calls_share_screen_finish (KlCalls *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kl_calls_stop_sharing (KlCalls *self)
{
  g_return_if_fail (KL_IS_CALLS (self));
  kl_calls_drop_screen (self);
}
