/* SPDX-License-Identifier: GPL-3.0-or-later
 * Echo cancellation, noise suppression and gain control between two elements of a running chain. webrtcdsp looks at its
 * settings when it begins and never again: so it is exchanged, and where nothing is wanted of it, there is none. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _KlCallVoice KlCallVoice;

/* Both are on. BIN, which does not run yet, has BEFORE and AFTER, which are linked; the three are borrowed, and outlive what
 * flows there. PROBE: the name of the webrtcechoprobe that hears what is played. NULL: webrtcdsp is not installed. */
KlCallVoice *kl_call_voice_new (GstBin *bin, GstElement *before, GstElement *after, const char *probe);
void kl_call_voice_unref (KlCallVoice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCallVoice, kl_call_voice_unref)

/* Takes effect with the next buffer. Main thread. */
void kl_call_voice_set (KlCallVoice *self, gboolean echo, gboolean noise);

G_END_DECLS
