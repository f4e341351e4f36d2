/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The time as the person reads it: in his zone, with 12 or 24 hours as the desktop's setting says. Signal "changed":
 * what was formatted before is no longer right (another zone, another setting, a new day). Main thread. */
#define KL_TYPE_CLOCK (kl_clock_get_type ())
G_DECLARE_FINAL_TYPE (KlClock, kl_clock, KL, CLOCK, GObject)

KlClock *kl_clock_get_default (void);

/* Times are milliseconds since the epoch, UTC. */
char *kl_clock_format_time (KlClock *self, gint64 time_ms);

/* "Today", "Yesterday", "Tuesday" within a week, "2 November", "2 November 2024" in another year. */
char *kl_clock_format_day (KlClock *self, gint64 time_ms);

/* Both, for a tooltip: "Tuesday, 24 November 2026, 10:42". */
char *kl_clock_format_full (KlClock *self, gint64 time_ms);

/* A number for the day that holds the moment: equal for two moments of one day. */
int kl_clock_get_day (KlClock *self, gint64 time_ms);

/* Looks at the zone and the date again, as it does by itself each minute. */
void kl_clock_refresh (KlClock *self);

/* For tests: the moment that counts as now; 0: the real one. */
void kl_clock_set_now (KlClock *self, gint64 time_ms);
void kl_clock_set_24h (KlClock *self, gboolean twenty_four);

G_END_DECLS
