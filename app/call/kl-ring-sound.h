/* SPDX-License-Identifier: GPL-3.0-or-later
 * What one hears when a call rings: four soft notes and a rest, again and again. The notes are made here, from no file.
 * Main thread; devices are opened and closed on a thread of its own.
 *
 * Properties:
 *   sink     string or NULL (construct only): where it goes, a GStreamer launch line; NULL: the device's
 *   playing  boolean (read): between start and stop, unless there is nothing that could play it */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define KL_TYPE_RING_SOUND (kl_ring_sound_get_type ())
G_DECLARE_FINAL_TYPE (KlRingSound, kl_ring_sound, KL, RING_SOUND, GObject)

KlRingSound *kl_ring_sound_new (const char *sink);
/* DEVICE: NULL for the system's default. */
void kl_ring_sound_start (KlRingSound *self, GstDevice *device);
void kl_ring_sound_stop (KlRingSound *self);
gboolean kl_ring_sound_get_playing (KlRingSound *self);

/* One round of it, 48,000 16-bit samples a second, one channel. Transfer full. */
GBytes *kl_ring_sound_create_round (void);

G_END_DECLS
