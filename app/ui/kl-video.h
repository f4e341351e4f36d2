/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/call/kl-video-feed.h"

G_BEGIN_DECLS

/* KlVideo: the moving picture of a feed. It takes what room it is given and fills it, cutting off what is too much; with
 * "whole", it shows all of the picture instead. While no widget that shows a feed is mapped, the feed is told that nobody
 * looks. Decoration for assistive technology.
 *
 * Properties: feed (KlVideoFeed or NULL), mirrored, whole (boolean), has-picture (boolean, read only). */
#define KL_TYPE_VIDEO (kl_video_get_type ())
G_DECLARE_FINAL_TYPE (KlVideo, kl_video, KL, VIDEO, GtkWidget)

GtkWidget *kl_video_new (void);

void kl_video_set_feed (KlVideo     *self,
                        KlVideoFeed *feed);
void kl_video_set_mirrored (KlVideo  *self,
                            gboolean  mirrored);
void kl_video_set_whole (KlVideo  *self,
                         gboolean  whole);
gboolean kl_video_get_has_picture (KlVideo *self);

G_END_DECLS
