/* SPDX-License-Identifier: GPL-3.0-or-later
 * How a call speaks to the others in it: whoever has the connection to the server implements this. What comes from there
 * goes in by KlCall's own functions (kl_call_add_peer(), kl_call_take_signal(), …). Main thread.
 *
 * A signal is to arrive, in order, or the peer to leave the call: the server keeps what a broken line did not take. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define KL_TYPE_CALL_SIGNALLER (kl_call_signaller_get_type ())
G_DECLARE_INTERFACE (KlCallSignaller, kl_call_signaller, KL, CALL_SIGNALLER, GObject)

struct _KlCallSignallerInterface
{
  GTypeInterface parent_interface;

  /* DATA, one JSON object, to this peer: call:signal. */
  void (*send) (KlCallSignaller *self, const char *peer, const char *data);

  /* What we send now has changed: call:media. Not called before the call runs. */
  void (*announce) (KlCallSignaller *self, gboolean audio, gboolean video, gboolean screen);
};

void kl_call_signaller_send (KlCallSignaller *self, const char *peer, const char *data);
void kl_call_signaller_announce (KlCallSignaller *self, gboolean audio, gboolean video, gboolean screen);

G_END_DECLS
