/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A device that there is not: CLASSES as GStreamer has them ("Audio/Sink"), ID as PipeWire's node.name; one that begins
 * with "monitor" is what a speaker plays. Transfer full. */
GstDevice *test_device_new (const char *name, const char *classes, const char *id);

G_END_DECLS
