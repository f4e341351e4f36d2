/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server/chat/kl-meter.h"

G_BEGIN_DECLS

/* Prometheus' text format 0.0.4: families of samples, one after the other. Names and label names are given as they are
 * written; values of labels are escaped. */

#define KL_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef enum
{
  KL_METRIC_COUNTER,
  KL_METRIC_GAUGE,
  KL_METRIC_HISTOGRAM,
} KlMetricType;

/* Its samples follow. `help` is one line. */
void
kl_metrics_text_begin (GString *out, const char *family, KlMetricType type, const char *help);

/* `label` NULL: none. */
void
kl_metrics_text_add (GString *out, const char *family, const char *label, const char *label_value, double value);
void
kl_metrics_text_add_count (GString *out, const char *family, const char *label, const char *label_value, guint64 value);
/* Buckets, sum (seconds) and count of a KL_METRIC_HISTOGRAM. */
void
kl_metrics_text_add_meter (GString *out, const char *family, const char *label, const char *label_value,
                           const KlMeter *meter);

/* A family of one sample. */
void
kl_metrics_text_gauge (GString *out, const char *family, const char *help, double value);
void
kl_metrics_text_counter (GString *out, const char *family, const char *help, guint64 value);

G_END_DECLS
