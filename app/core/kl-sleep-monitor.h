/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tells when the computer is about to sleep and when it has woken (logind's PrepareForSleep), and holds it back for
 * the moment that saying good-bye takes. Without logind it says nothing. Main thread.
 *
 * Signal: sleep (gboolean): TRUE before, FALSE after. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define KL_TYPE_SLEEP_MONITOR (kl_sleep_monitor_get_type ())
G_DECLARE_FINAL_TYPE (KlSleepMonitor, kl_sleep_monitor, KL, SLEEP_MONITOR, GObject)

KlSleepMonitor *kl_sleep_monitor_new (void);

G_END_DECLS
