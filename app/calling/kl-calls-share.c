/* SPDX-License-Identifier: GPL-3.0-or-later
 * A screen by the desktop's portal: the person chooses there what is shown, and may end it there. Each time is a new asking. */
#include "app/calling/kl-calls-private.h"

#include <glib/gstdio.h>

static void
on_share_closed (XdpSession *share, KlCalls *self)
{
  if (self->share == share)
    kl_calls_drop_screen (self);
}

void
kl_calls_end_share (KlCalls *self)
{
  g_autoptr (XdpSession) share = g_steal_pointer (&self->share);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (share == NULL)
    return;
  g_signal_handlers_disconnect_by_data (share, self);
  xdp_session_close (share);
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

/* TRUE: the person has changed their mind. An answer that says so is no error. */
static gboolean
take_cancelled (GTask *task, const GError *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return FALSE;
  g_task_return_boolean (task, FALSE);
  return TRUE;
}

static void
on_share_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KlCalls *self = g_task_get_source_object (task);
  XdpSession *share = XDP_SESSION (source);
  g_autoptr (KlMediaSource) screen = NULL;
  GError *error = NULL;
  guint node;

  if (!xdp_session_start_finish (share, result, &error))
    {
      if (self->share == share)
        kl_calls_end_share (self);
      if (take_cancelled (task, error))
        g_error_free (error);
      else
        g_task_return_error (task, error);
      return;
    }
  /* The call may be over meanwhile. */
  if (self->share != share || !kl_calls_is_in_call (self))
    {
      g_task_return_boolean (task, FALSE);
      return;
    }
  g_autofd int fd = xdp_session_open_pipewire_remote (share);
  if (fd < 0 || !read_node (share, &node))
    {
      kl_calls_end_share (self);
      g_task_return_new_error (task, KL_CALLS_ERROR, KL_CALLS_ERROR_NO_SCREEN, "The desktop gave no screen");
      return;
    }
  screen = kl_media_source_new_pipewire (fd, node, TRUE, "Screen");
  kl_calls_take_screen (self, screen);
  g_task_return_boolean (task, self->screen == screen);
}

static void
on_share_made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KlCalls *self = g_task_get_source_object (task);
  XdpParent *parent = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (XdpSession) share = xdp_portal_create_screencast_session_finish (XDP_PORTAL (source), result, &error);

  if (share == NULL)
    {
      if (take_cancelled (task, error))
        g_error_free (error);
      else
        g_task_return_error (task, error);
      return;
    }
  if (!kl_calls_is_in_call (self) || self->share != NULL || g_task_get_cancellable (task) != self->cancellable)
    {
      xdp_session_close (share);
      g_task_return_boolean (task, FALSE);
      return;
    }
  self->share = g_object_ref (share);
  g_signal_connect_object (share, "closed", G_CALLBACK (on_share_closed), self, 0);
  xdp_session_start (share, parent, self->cancellable, on_share_started, g_object_ref (task));
}

void
kl_calls_share_screen_async (KlCalls *self, XdpParent *parent, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (KL_IS_CALLS (self));

  if (self->cancellable == NULL)
    self->cancellable = g_cancellable_new ();
  task = g_task_new (self, self->cancellable, callback, user_data);
  g_task_set_source_tag (task, kl_calls_share_screen_async);
  /* That the portal was told to forget it is no error of the asker's. */
  g_task_set_check_cancellable (task, FALSE);
  if (parent != NULL)
    g_task_set_task_data (task, xdp_parent_copy (parent), (GDestroyNotify) xdp_parent_free);
  if (!kl_calls_is_in_call (self) || self->share != NULL || self->screen != NULL)
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
  xdp_portal_create_screencast_session (self->portal, XDP_OUTPUT_MONITOR | XDP_OUTPUT_WINDOW, XDP_SCREENCAST_FLAG_NONE,
                                        XDP_CURSOR_MODE_EMBEDDED, XDP_PERSIST_MODE_NONE, NULL, self->cancellable,
                                        on_share_made, g_object_ref (task));
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
