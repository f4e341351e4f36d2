/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pictures to be shown: one's own camera's, or a peer's. It outlives the streams that fill it, so a tile can stay bound to
 * it through a reconnection. Main thread, but for the elements that it makes.
 *
 * Properties:
 *   wanted    boolean (read, write): somebody looks. FALSE saves the conversion; nothing is kept then. Default TRUE
 *   width, height   int: of the newest picture, 0 before the first
 * Signal:
 *   frame     there is a newer picture (not one for each: a slow main loop sees fewer) */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define KL_TYPE_VIDEO_FEED (kl_video_feed_get_type ())
G_DECLARE_FINAL_TYPE (KlVideoFeed, kl_video_feed, KL, VIDEO_FEED, GObject)

KlVideoFeed *kl_video_feed_new (void);

/* The newest picture, or NULL: caps video/x-raw,format=RGBx. Transfer full. */
GstSample *kl_video_feed_dup_sample (KlVideoFeed *self);
/* Forgets the picture: it is not live any more. */
void kl_video_feed_clear (KlVideoFeed *self);

gboolean kl_video_feed_get_wanted (KlVideoFeed *self);
void kl_video_feed_set_wanted (KlVideoFeed *self, gboolean wanted);
int kl_video_feed_get_width (KlVideoFeed *self);
int kl_video_feed_get_height (KlVideoFeed *self);

/* How many pictures have come at all, shown or not, and the longest time between two of them since the last
 * _take_gap(). For statistics and tests. */
guint kl_video_feed_get_frames (KlVideoFeed *self);
gint64 kl_video_feed_get_first_usec (KlVideoFeed *self);
guint kl_video_feed_take_gap_ms (KlVideoFeed *self);

/* An element with a sink pad for raw video that fills the feed. It may outlive it. Transfer floating. */
GstElement *kl_video_feed_make_sink (KlVideoFeed *self);

G_END_DECLS
