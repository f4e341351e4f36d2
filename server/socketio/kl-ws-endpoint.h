/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain WebSockets at a path of a listener. */
#pragma once

#include "server/socketio/kl-sio-listener.h"
#include "server/socketio/kl-ws-hub.h"

/* HANDLER gets USER_DATA for every connection. Lives as long as LISTENER's SoupServer. */
void kl_ws_endpoint_add (KlSioListener *listener, const char *path, const KlWsLimits *limits,
                         const KlWsHandler *handler, gpointer user_data);
