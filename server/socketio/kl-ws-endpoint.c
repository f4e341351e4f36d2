/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/socketio/kl-ws-endpoint.h"

#include "server/socketio/kl-sio-listener-private.h"

typedef struct
{
  KlSioListener *listener; /* its SoupServer holds the endpoint */
  KlWsLimits limits;
  const KlWsHandler *handler;
  gpointer user_data;
} Endpoint;

static void
on_upgraded (SoupServerMessage *message, int fd, GByteArray *early, gpointer user_data)
{
  Endpoint *self = user_data;
  KlWsConn *conn = kl_ws_conn_new (kl_sio_listener_get_hub (self->listener), fd, &self->limits, self->handler,
                                   self->user_data);

  kl_ws_conn_feed (conn, early->data, early->len);
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  Endpoint *self = user_data;

  kl_sio_listener_upgrade (self->listener, message, on_upgraded, g_rc_box_acquire (self), g_rc_box_release);
}

void
kl_ws_endpoint_add (KlSioListener *listener, const char *path, const KlWsLimits *limits, const KlWsHandler *handler,
                    gpointer user_data)
{
  Endpoint *self = g_rc_box_new0 (Endpoint);

  self->listener = listener;
  self->limits = *limits;
  self->handler = handler;
  self->user_data = user_data;
  soup_server_add_handler (kl_sio_listener_get_soup (listener), path, on_request, self, g_rc_box_release);
}
