/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/ui/timeline/kl-clock.h"

#include "tests/kit/kl-test.h"

/* 24 November 2026, 09:34 UTC: a Tuesday. */
#define TUESDAY_MS G_GINT64_CONSTANT (1795512840000)
#define HOUR_MS G_GINT64_CONSTANT (3600000)
#define DAY_MS (24 * HOUR_MS)

static void
set_zone (const char *zone)
{
  g_setenv ("TZ", zone, TRUE);
  kl_clock_refresh (kl_clock_get_default ());
}

static void
assert_day (gint64 time_ms, const char *expected)
{
  g_autofree char *day = kl_clock_format_day (kl_clock_get_default (), time_ms);

  g_assert_cmpstr (day, ==, expected);
}

static void
assert_time (gint64 time_ms, const char *expected)
{
  g_autofree char *time = kl_clock_format_time (kl_clock_get_default (), time_ms);

  g_assert_cmpstr (time, ==, expected);
}

static void
test_days (void)
{
  set_zone ("UTC");
  kl_clock_set_now (kl_clock_get_default (), TUESDAY_MS);
  assert_day (TUESDAY_MS, "Today");
  assert_day (TUESDAY_MS - 9 * HOUR_MS, "Today");
  assert_day (TUESDAY_MS - 10 * HOUR_MS, "Yesterday");
  assert_day (TUESDAY_MS - 2 * DAY_MS, "Sunday");
  assert_day (TUESDAY_MS - 6 * DAY_MS, "Wednesday");
  assert_day (TUESDAY_MS - 7 * DAY_MS, "17 November");
  assert_day (TUESDAY_MS - 365 * DAY_MS, "24 November 2025");
  assert_day (TUESDAY_MS + DAY_MS, "25 November");
}

static void
on_changed (KlClock *clock, guint *n)
{
  (*n)++;
}

static void
test_changes (void)
{
  KlClock *clock = kl_clock_get_default ();
  guint n = 0;
  gulong id;

  set_zone ("UTC");
  kl_clock_set_now (clock, TUESDAY_MS);
  id = g_signal_connect (clock, "changed", G_CALLBACK (on_changed), &n);
  kl_clock_refresh (clock);
  g_assert_cmpuint (n, ==, 0);
  /* Travel. */
  assert_time (TUESDAY_MS, "09:34");
  set_zone ("Pacific/Auckland");
  g_assert_cmpuint (n, ==, 1);
  assert_time (TUESDAY_MS, "22:34");
  /* Midnight. */
  set_zone ("UTC");
  n = 0;
  kl_clock_set_now (clock, TUESDAY_MS + 15 * HOUR_MS);
  g_assert_cmpuint (n, ==, 1);
  assert_day (TUESDAY_MS, "Yesterday");
  /* The setting. */
  kl_clock_set_24h (clock, FALSE);
  g_assert_cmpuint (n, ==, 2);
  assert_time (TUESDAY_MS + 12 * HOUR_MS, "9:34 PM");
  kl_clock_set_24h (clock, TRUE);
  g_signal_handler_disconnect (clock, id);
}

/* Each moment's day is the calendar's, through the nights in which clocks are set, however they are asked for. */
static void
test_day_numbers (void)
{
  static const char *const zones[]
      = { "Europe/Berlin", "Asia/Tehran", "America/St_Johns", "Australia/Lord_Howe", "UTC" };
  KlClock *clock = kl_clock_get_default ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);

  for (guint z = 0; z < G_N_ELEMENTS (zones); z++)
    {
      g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (zones[z]);
      gint64 time_ms = TUESDAY_MS;

      g_assert_nonnull (zone);
      set_zone (zones[z]);
      for (guint i = 0; i < 20000; i++)
        {
          g_autoptr (GDateTime) utc = NULL;
          g_autoptr (GDateTime) local = NULL;
          g_autoptr (GDate) date = NULL;

          time_ms += g_rand_int_range (rand, -20 * 60000, 60 * 60000);
          utc = g_date_time_new_from_unix_utc (time_ms / 1000);
          local = g_date_time_to_timezone (utc, zone);
          date = g_date_new_dmy ((GDateDay) g_date_time_get_day_of_month (local),
                                 (GDateMonth) g_date_time_get_month (local), (GDateYear) g_date_time_get_year (local));
          g_assert_cmpint (kl_clock_get_day (clock, time_ms), ==, (int) g_date_get_julian (date));
        }
    }
}

static void
test_absurd (void)
{
  KlClock *clock = kl_clock_get_default ();
  g_autofree char *far = kl_clock_format_time (clock, G_MAXINT64);
  g_autofree char *early = kl_clock_format_day (clock, G_MININT64);

  g_assert_cmpstr (far, ==, "");
  g_assert_cmpstr (early, ==, "");
  g_assert_cmpint (kl_clock_get_day (clock, G_MAXINT64), ==, 0);
}

int
main (int argc, char **argv)
{
  kl_test_init (&argc, &argv);
  g_test_add_func ("/timeline/clock/days", test_days);
  g_test_add_func ("/timeline/clock/changes", test_changes);
  g_test_add_func ("/timeline/clock/day-numbers", test_day_numbers);
  g_test_add_func ("/timeline/clock/absurd", test_absurd);
  return g_test_run ();
}
