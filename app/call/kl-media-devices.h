/* SPDX-License-Identifier: GPL-3.0-or-later
 * The cameras, microphones and speakers of this machine, as they come and go. Main thread.
 *
 * Properties (constant): cameras, microphones (GListModel of KlMediaSource), speakers (GListModel of GstDevice). An item is
 * one device from its coming to its going. */
#pragma once

#include <gio/gio.h>

#include "app/call/kl-media-source.h"

G_BEGIN_DECLS

#define KL_TYPE_MEDIA_DEVICES (kl_media_devices_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaDevices, kl_media_devices, KL, MEDIA_DEVICES, GObject)

/* The lists fill as the system answers. */
KlMediaDevices *kl_media_devices_new (void);

GListModel *kl_media_devices_get_cameras (KlMediaDevices *self);
GListModel *kl_media_devices_get_microphones (KlMediaDevices *self);
GListModel *kl_media_devices_get_speakers (KlMediaDevices *self);

/* The device of this id (KlMediaSource:id), or the first there is, or NULL. Transfer full. */
KlMediaSource *kl_media_devices_choose (KlMediaDevices *self, KlMediaKind kind, const char *id);

/* For the monitor, and for tests that have no hardware. */
void kl_media_devices_take_added (KlMediaDevices *self, GstDevice *device);
void kl_media_devices_take_removed (KlMediaDevices *self, GstDevice *device);

G_END_DECLS
