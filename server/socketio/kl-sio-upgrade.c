/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the promise of a 101 to a bare descriptor. */
#include "server/socketio/kl-sio-listener-private.h"

typedef struct
{
  KlSioListener *listener;
  KlSioUpgradeFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} Upgrade;

static void
upgrade_free (gpointer data, GClosure *closure)
{
  Upgrade *upgrade = data;

  g_object_unref (upgrade->listener);
  upgrade->destroy (upgrade->user_data);
  g_free (upgrade);
}

static void
on_wrote_informational (SoupServerMessage *message, Upgrade *upgrade)
{
  g_autoptr (GByteArray) early = NULL;
  g_autoptr (SoupServerMessage) kept = NULL;
  int fd;

  if (soup_server_message_get_status (message) != SOUP_STATUS_SWITCHING_PROTOCOLS)
    return;

  early = g_byte_array_new ();
  kept = g_object_ref (message);
  fd = kl_sio_listener_steal (upgrade->listener, message, early);
  if (fd >= 0)
    upgrade->func (message, fd, early, upgrade->user_data);
}

gboolean
kl_sio_listener_upgrade (KlSioListener *self, SoupServerMessage *message, KlSioUpgradeFunc func, gpointer user_data,
                         GDestroyNotify destroy)
{
  Upgrade *upgrade;

  /* No extension is offered, so permessage-deflate is declined. */
  if (!soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL))
    {
      destroy (user_data);
      return FALSE;
    }

  upgrade = g_new0 (Upgrade, 1);
  upgrade->listener = g_object_ref (self);
  upgrade->func = func;
  upgrade->user_data = user_data;
  upgrade->destroy = destroy;
  g_signal_connect_data (message, "wrote-informational", G_CALLBACK (on_wrote_informational), upgrade, upgrade_free, 0);

  return TRUE;
}
