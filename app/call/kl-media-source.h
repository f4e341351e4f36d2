/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where sound or pictures come from: a camera, a microphone, a screen, or a test pattern. A description; the publisher
 * makes an element of it each time it is switched on, and drops that when it is off, so that a camera's lamp goes out.
 *
 * Properties (constant): kind (KlMediaKind), screen (boolean), label (string: the device's name for people), id (string:
 * what finds the same device again; NULL where there is none). */
#pragma once

#include <gst/gst.h>

#include "app/call/kl-call-types.h"

G_BEGIN_DECLS

#define KL_TYPE_MEDIA_SOURCE (kl_media_source_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaSource, kl_media_source, KL, MEDIA_SOURCE, GObject)

/* A moving pattern, or a tone of FREQUENCY_HZ; 0: noise. */
KlMediaSource *kl_media_source_new_test_video (const char *pattern);
/* The same, with fewer pictures a second. */
KlMediaSource *kl_media_source_new_slow_test_video (const char *pattern, int fps);
/* The same, taken for a screen. */
KlMediaSource *kl_media_source_new_test_screen (const char *pattern);
KlMediaSource *kl_media_source_new_test_audio (guint frequency_hz);
KlMediaSource *kl_media_source_new_device (GstDevice *device, KlMediaKind kind);
/* Whatever the system takes for the default microphone. */
KlMediaSource *kl_media_source_new_default_microphone (void);
/* A node of a PipeWire remote that the desktop's portal gave: a screen or window, or a camera. FD is kept, by a
 * descriptor of its own. */
KlMediaSource *kl_media_source_new_pipewire (int fd, guint node, gboolean screen, const char *label);

KlMediaKind kl_media_source_get_kind (KlMediaSource *self);
gboolean kl_media_source_get_screen (KlMediaSource *self);
const char *kl_media_source_get_label (KlMediaSource *self);
const char *kl_media_source_get_id (KlMediaSource *self);

/* NULL where it is no device. */
GstDevice *kl_media_source_get_device (KlMediaSource *self);

/* TRUE: at a remote that may keep whoever opens it waiting for half a minute. */
gboolean kl_media_source_get_remote (KlMediaSource *self);
/* Ready when that remote is gone. To be attached. */
GSource *kl_media_source_create_watch (KlMediaSource *self);
/* Cuts the line to that remote: who waits for it waits no longer, and nothing will come of this source any more. */
void kl_media_source_break_off (KlMediaSource *self);

/* A bin with a pad "src" of raw audio or video. NULL and KL_CALL_ERROR where it cannot be made. Transfer floating. */
GstElement *kl_media_source_make_element (KlMediaSource *self, GError **error);

G_END_DECLS
