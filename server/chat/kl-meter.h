/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* KlMeter: how long things of one kind took, how many failed, how many are under way. Plain memory, zero at the start,
 * of one thread; counting costs a few nanoseconds. */

#define KL_METER_BOUNDS 16

typedef struct
{
  guint64 counts[KL_METER_BOUNDS + 1]; /* those that took up to a bound, but longer than the one before; last: longer */
  guint64 sum_usec;
  guint64 n_failed; /* counted above too */
  guint n_pending;
} KlMeter;

/* From 100 µs to 10 s. */
extern const gint64 kl_meter_bounds_usec[KL_METER_BOUNDS];

void
kl_meter_add (KlMeter *self, gint64 usec);

/* g_task_new(), measured until its callback is called. METER must live as long as SOURCE. */
GTask *
kl_meter_task_new (KlMeter *self, gpointer source, gpointer tag, GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
