/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The zone is read again when /etc/localtime changes, and with the minute, which also sees the day change. */
#include "app/ui/timeline/kl-clock.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#define INTERFACE_SCHEMA "org.gnome.desktop.interface"
#define DAYS_WITH_NAMES 6

struct _KlClock
{
  GObject parent_instance;

  GTimeZone *zone;
  gint64 now_ms; /* 0: the real one */
  int today;
  int offset_s; /* of the zone, at the last look */
  gboolean twenty_four;
  GSettings *settings;
  GFileMonitor *monitor;
  guint minute_id;

  /* Most moments of one conversation lie in one day. */
  gint64 day_from_ms;
  gint64 day_to_ms;
  int day;
};

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KlClock, kl_clock, G_TYPE_OBJECT)

static gint64
now_ms (KlClock *self)
{
  return self->now_ms != 0 ? self->now_ms : g_get_real_time () / 1000;
}

/* NULL for a moment that no calendar has. */
static GDateTime *
to_local (KlClock *self, gint64 time_ms)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time_ms / 1000);

  return utc != NULL ? g_date_time_to_timezone (utc, self->zone) : NULL;
}

static int
day_of (GDateTime *time)
{
  int year;
  int month;
  int day;
  g_autoptr (GDate) date = NULL;

  g_date_time_get_ymd (time, &year, &month, &day);
  date = g_date_new_dmy ((GDateDay) day, (GDateMonth) month, (GDateYear) year);
  return (int) g_date_get_julian (date);
}

int
kl_clock_get_day (KlClock *self, gint64 time_ms)
{
  g_autoptr (GDateTime) time = NULL;
  gint64 into_ms;

  g_return_val_if_fail (KL_IS_CLOCK (self), 0);

  if (time_ms >= self->day_from_ms && time_ms < self->day_to_ms)
    return self->day;
  time = to_local (self, time_ms);
  if (time == NULL)
    return 0;
  self->day = day_of (time);
  /* Kept only for the part of the day around it in which no clock is set. */
  into_ms = ((g_date_time_get_hour (time) * 60 + g_date_time_get_minute (time)) * 60 + g_date_time_get_second (time))
            * 1000;
  self->day_from_ms = time_ms - MIN (into_ms, 30 * 60 * 1000);
  self->day_to_ms = time_ms + MIN (86400000 - into_ms, 30 * 60 * 1000) - 1000;
  return self->day;
}

char *
kl_clock_format_time (KlClock *self, gint64 time_ms)
{
  g_autoptr (GDateTime) time = NULL;

  g_return_val_if_fail (KL_IS_CLOCK (self), NULL);

  time = to_local (self, time_ms);
  if (time == NULL)
    return g_strdup ("");
  /* Translators: a time of day with 24 hours, and with 12; see g_date_time_format(). The space is one that does not
   * break. */
  return g_date_time_format (time, self->twenty_four ? _ ("%H:%M") : _ ("%-I:%M %p"));
}

char *
kl_clock_format_day (KlClock *self, gint64 time_ms)
{
  g_autoptr (GDateTime) time = NULL;
  g_autoptr (GDateTime) now = NULL;
  int ago;

  g_return_val_if_fail (KL_IS_CLOCK (self), NULL);

  time = to_local (self, time_ms);
  now = to_local (self, now_ms (self));
  if (time == NULL || now == NULL)
    return g_strdup ("");
  ago = day_of (now) - day_of (time);
  if (ago == 0)
    return g_strdup (_ ("Today"));
  if (ago == 1)
    return g_strdup (_ ("Yesterday"));
  if (ago > 1 && ago <= DAYS_WITH_NAMES)
    return g_date_time_format (time, "%A");
  if (g_date_time_get_year (time) == g_date_time_get_year (now))
    /* Translators: a day of this year, and of another; see g_date_time_format() */
    return g_date_time_format (time, _ ("%-e %B"));
  return g_date_time_format (time, _ ("%-e %B %Y"));
}

char *
kl_clock_format_full (KlClock *self, gint64 time_ms)
{
  g_autoptr (GDateTime) time = NULL;
  g_autofree char *day = NULL;
  g_autofree char *hour = NULL;

  g_return_val_if_fail (KL_IS_CLOCK (self), NULL);

  time = to_local (self, time_ms);
  if (time == NULL)
    return g_strdup ("");
  /* Translators: a day in full; see g_date_time_format() */
  day = g_date_time_format (time, _ ("%A, %-e %B %Y"));
  hour = kl_clock_format_time (self, time_ms);
  /* Translators: a day in full, and the time of day */
  return g_strdup_printf (_ ("%s, %s"), day, hour);
}

static int
zone_offset (KlClock *self)
{
  g_autoptr (GDateTime) now = to_local (self, now_ms (self));

  return now != NULL ? (int) (g_date_time_get_utc_offset (now) / G_TIME_SPAN_SECOND) : 0;
}

static int
current_day (KlClock *self)
{
  g_autoptr (GDateTime) now = to_local (self, now_ms (self));

  return now != NULL ? day_of (now) : 0;
}

void
kl_clock_refresh (KlClock *self)
{
  g_autofree char *before = NULL;
  int offset_s = self->offset_s;
  int today = self->today;

  g_return_if_fail (KL_IS_CLOCK (self));

  before = g_strdup (g_time_zone_get_identifier (self->zone));
  g_clear_pointer (&self->zone, g_time_zone_unref);
  self->zone = g_time_zone_new_local ();
  self->offset_s = zone_offset (self);
  self->today = current_day (self);
  self->day_from_ms = self->day_to_ms = 0;
  if (offset_s != self->offset_s || today != self->today
      || g_strcmp0 (before, g_time_zone_get_identifier (self->zone)) != 0)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static gboolean
on_minute (gpointer user_data)
{
  kl_clock_refresh (user_data);
  return G_SOURCE_CONTINUE;
}

void
kl_clock_set_now (KlClock *self, gint64 time_ms)
{
  g_return_if_fail (KL_IS_CLOCK (self));

  self->now_ms = time_ms;
  kl_clock_refresh (self);
}

void
kl_clock_set_24h (KlClock *self, gboolean twenty_four)
{
  g_return_if_fail (KL_IS_CLOCK (self));

  if (self->twenty_four == twenty_four)
    return;
  self->twenty_four = twenty_four;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
on_clock_format_changed (GSettings *settings, const char *key, KlClock *self)
{
  g_autofree char *format = g_settings_get_string (settings, "clock-format");

  kl_clock_set_24h (self, g_strcmp0 (format, "12h") != 0);
}

static void
follow_setting (KlClock *self)
{
  g_autoptr (GSettingsSchema) schema = NULL;
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();

  self->twenty_four = TRUE;
  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, INTERFACE_SCHEMA, TRUE);
  if (schema == NULL || !g_settings_schema_has_key (schema, "clock-format"))
    return;
  self->settings = g_settings_new (INTERFACE_SCHEMA);
  g_signal_connect (self->settings, "changed::clock-format", G_CALLBACK (on_clock_format_changed), self);
  on_clock_format_changed (self->settings, NULL, self);
}

static void
follow_zone (KlClock *self)
{
  g_autoptr (GFile) file = g_file_new_for_path ("/etc/localtime");

  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor != NULL)
    g_signal_connect_swapped (self->monitor, "changed", G_CALLBACK (kl_clock_refresh), self);
}

static void
kl_clock_dispose (GObject *object)
{
  KlClock *self = KL_CLOCK (object);

  g_clear_handle_id (&self->minute_id, g_source_remove);
  g_clear_object (&self->settings);
  if (self->monitor != NULL)
    g_signal_handlers_disconnect_by_data (self->monitor, self);
  g_clear_object (&self->monitor);
  G_OBJECT_CLASS (kl_clock_parent_class)->dispose (object);
}

static void
kl_clock_finalize (GObject *object)
{
  g_time_zone_unref (KL_CLOCK (object)->zone);
  G_OBJECT_CLASS (kl_clock_parent_class)->finalize (object);
}

static void
kl_clock_class_init (KlClockClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_clock_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_clock_finalize;
  signals[SIGNAL_CHANGED]
      = g_signal_new ("changed", KL_TYPE_CLOCK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_clock_init (KlClock *self)
{
  self->zone = g_time_zone_new_local ();
  self->offset_s = zone_offset (self);
  self->today = current_day (self);
  follow_setting (self);
  follow_zone (self);
  self->minute_id = g_timeout_add_seconds (60, on_minute, self);
}

KlClock *
kl_clock_get_default (void)
{
  static KlClock *clock = NULL;

  if (clock == NULL)
    clock = g_object_new (KL_TYPE_CLOCK, NULL);
  return clock;
}
