/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-call-signaller.h"

G_DEFINE_INTERFACE (KlCallSignaller, kl_call_signaller, G_TYPE_OBJECT)

static void
kl_call_signaller_default_init (KlCallSignallerInterface *iface)
{
}

void
kl_call_signaller_send (KlCallSignaller *self, const char *peer, const char *data)
{
  KL_CALL_SIGNALLER_GET_IFACE (self)->send (self, peer, data);
}

void
kl_call_signaller_announce (KlCallSignaller *self, gboolean audio, gboolean video, gboolean screen)
{
  KL_CALL_SIGNALLER_GET_IFACE (self)->announce (self, audio, video, screen);
}
