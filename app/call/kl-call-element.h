/* SPDX-License-Identifier: GPL-3.0-or-later
 * Small helpers over GStreamer. */
#pragma once

#include <gst/gst.h>

#include "app/call/kl-call-types.h"

G_BEGIN_DECLS

/* Puts a launch line's elements, in a bin of their own whose pads "sink" and "src" are the line's unlinked ones, into
 * PARENT, and gives that bin (borrowed from PARENT); NULL and KL_CALL_ERROR_MISSING where an element is not installed. */
GstElement *kl_call_element_launch (GstBin *parent, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* The same for one element. */
GstElement *kl_call_element_make (GstBin *parent, const char *factory, GError **error);

/* Of this name in BIN; borrowed from there. */
GstElement *kl_call_element_get (GstBin *bin, const char *name);

/* The loudness that a "level" element has posted: 0 (-60 dB or less) to 1 (full). FALSE: it is no such message. */
gboolean kl_call_level_read (GstMessage *message, double *level);

G_END_DECLS
