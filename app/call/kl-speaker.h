/* SPDX-License-Identifier: GPL-3.0-or-later
 * What we hear: the peers' sound, mixed, and one sink. Silence is mixed in, so that the sink, and the echo canceller that
 * listens to it, run whoever is there. Lives in a call's pipeline. Main thread, but for the pads.
 *
 * Properties:
 *   device   GstDevice or NULL for the default (read, write)
 *   working  boolean: sound goes out. FALSE where the machine has no sink; the call goes on */
#pragma once

#include <gst/gst.h>

#include "app/call/kl-call-worker.h"

G_BEGIN_DECLS

#define KL_TYPE_SPEAKER (kl_speaker_get_type ())
G_DECLARE_FINAL_TYPE (KlSpeaker, kl_speaker, KL, SPEAKER, GObject)

/* SILENT: for tests; plays in time to nobody. PROBE: the name for a webrtcechoprobe, or NULL for none. */
KlSpeaker *kl_speaker_new (GstBin *pipeline, KlCallWorker *worker, gboolean silent, const char *probe, GError **error);

void kl_speaker_set_device (KlSpeaker *self, GstDevice *device);
gboolean kl_speaker_get_working (KlSpeaker *self);

/* Where a peer's raw sound goes. Transfer full. Any thread, while somebody holds the speaker. */
GstPad *kl_speaker_request_pad (KlSpeaker *self);
void kl_speaker_release_pad (KlSpeaker *self, GstPad *pad);

/* For the owner of the bus. TRUE: the message was about something in here, and has been dealt with. */
gboolean kl_speaker_take_message (KlSpeaker *self, GstMessage *message);

G_END_DECLS
