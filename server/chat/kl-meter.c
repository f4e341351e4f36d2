/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/chat/kl-meter.h"

const gint64 kl_meter_bounds_usec[KL_METER_BOUNDS] = {
  100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

typedef struct
{
  KlMeter *meter;
  gint64 begun_usec;
  GAsyncReadyCallback callback; /* or NULL */
  gpointer user_data;
} Timing;

void
kl_meter_add (KlMeter *self, gint64 usec)
{
  guint i = 0;

  while (i < KL_METER_BOUNDS && usec > kl_meter_bounds_usec[i])
    i++;
  self->counts[i]++;
  self->sum_usec += (guint64) MAX (usec, 0);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Timing *timing = user_data;

  timing->meter->n_pending--;
  timing->meter->n_failed += g_task_had_error (G_TASK (result));
  kl_meter_add (timing->meter, g_get_monotonic_time () - timing->begun_usec);
  if (timing->callback)
    timing->callback (source, result, timing->user_data);
}

GTask *
kl_meter_task_new (KlMeter *self, gpointer source, gpointer tag, GAsyncReadyCallback callback, gpointer user_data)
{
  Timing *timing = g_new (Timing, 1);
  GTask *task = g_task_new (source, NULL, on_done, timing);

  timing->meter = self;
  timing->begun_usec = g_get_monotonic_time ();
  timing->callback = callback;
  timing->user_data = user_data;
  self->n_pending++;
  g_task_set_source_tag (task, tag);
  return task;
}
