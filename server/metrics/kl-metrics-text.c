/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/metrics/kl-metrics-text.h"

#include <math.h>

static void
append_number (GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isinf (value))
    g_string_append (out, value > 0 ? "+Inf" : "-Inf");
  else if (isnan (value))
    g_string_append (out, "NaN");
  else
    g_string_append (out, g_ascii_dtostr (text, sizeof text, value));
}

/* The shortest that is the same again: a bound of 0.1 s is no 0.10000000000000001. */
static void
append_bound (GString *out, gint64 usec)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (out, g_ascii_formatd (text, sizeof text, "%g", (double) usec / G_USEC_PER_SEC));
}

static void
append_escaped (GString *out, const char *text)
{
  for (; *text; text++)
    if (*text == '\n')
      g_string_append (out, "\\n");
    else
      {
        if (*text == '\\' || *text == '"')
          g_string_append_c (out, '\\');
        g_string_append_c (out, *text);
      }
}

static void
append_series (GString *out, const char *family, const char *suffix, const char *label, const char *label_value)
{
  g_string_append (out, family);
  g_string_append (out, suffix);
  if (!label)
    return;
  g_string_append_printf (out, "{%s=\"", label);
  append_escaped (out, label_value);
  g_string_append (out, "\"}");
}

void
kl_metrics_text_begin (GString *out, const char *family, KlMetricType type, const char *help)
{
  static const char *const words[] = {
    [KL_METRIC_COUNTER] = "counter",
    [KL_METRIC_GAUGE] = "gauge",
    [KL_METRIC_HISTOGRAM] = "histogram",
  };

  g_string_append_printf (out, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, words[type]);
}

void
kl_metrics_text_add (GString *out, const char *family, const char *label, const char *label_value, double value)
{
  append_series (out, family, "", label, label_value);
  g_string_append_c (out, ' ');
  append_number (out, value);
  g_string_append_c (out, '\n');
}

void
kl_metrics_text_add_count (GString *out, const char *family, const char *label, const char *label_value, guint64 value)
{
  append_series (out, family, "", label, label_value);
  g_string_append_printf (out, " %" G_GUINT64_FORMAT "\n", value);
}

static void
append_bucket (GString *out, const char *family, const char *label, const char *label_value, gint64 bound_usec,
               guint64 count)
{
  g_string_append_printf (out, "%s_bucket{", family);
  if (label)
    {
      g_string_append_printf (out, "%s=\"", label);
      append_escaped (out, label_value);
      g_string_append (out, "\",");
    }
  g_string_append (out, "le=\"");
  if (bound_usec < 0)
    g_string_append (out, "+Inf");
  else
    append_bound (out, bound_usec);
  g_string_append_printf (out, "\"} %" G_GUINT64_FORMAT "\n", count);
}

void
kl_metrics_text_add_meter (GString *out, const char *family, const char *label, const char *label_value,
                           const KlMeter *meter)
{
  guint64 count = 0;

  for (guint i = 0; i < KL_METER_BOUNDS; i++)
    {
      count += meter->counts[i];
      append_bucket (out, family, label, label_value, kl_meter_bounds_usec[i], count);
    }
  count += meter->counts[KL_METER_BOUNDS];
  append_bucket (out, family, label, label_value, -1, count);
  append_series (out, family, "_sum", label, label_value);
  g_string_append_c (out, ' ');
  append_number (out, (double) meter->sum_usec / G_USEC_PER_SEC);
  g_string_append_c (out, '\n');
  append_series (out, family, "_count", label, label_value);
  g_string_append_printf (out, " %" G_GUINT64_FORMAT "\n", count);
}

void
kl_metrics_text_gauge (GString *out, const char *family, const char *help, double value)
{
  kl_metrics_text_begin (out, family, KL_METRIC_GAUGE, help);
  kl_metrics_text_add (out, family, NULL, NULL, value);
}

void
kl_metrics_text_counter (GString *out, const char *family, const char *help, guint64 value)
{
  kl_metrics_text_begin (out, family, KL_METRIC_COUNTER, help);
  kl_metrics_text_add_count (out, family, NULL, NULL, value);
}
