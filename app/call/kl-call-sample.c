/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/call/kl-call-sample.h"

GstElement *
kl_call_sample_find_session (GstBin *webrtc)
{
  GstIterator *iterator = gst_bin_iterate_all_by_element_factory_name (webrtc, "rtpsession");
  GValue item = G_VALUE_INIT;
  GstElement *found = NULL;

  if (gst_iterator_next (iterator, &item) == GST_ITERATOR_OK)
    {
      found = g_value_dup_object (&item);
      g_value_unset (&item);
    }
  gst_iterator_free (iterator);
  return found;
}

/* The statistics' statistics of this name, or of the name that this field has. */
static gboolean
enter (const GstStructure *stats, const GstStructure *from, const char *field, GstStructure **found)
{
  const char *id = from != NULL ? gst_structure_get_string (from, field) : field;
  const GValue *value = id != NULL ? gst_structure_get_value (stats, id) : NULL;

  *found = value != NULL && GST_VALUE_HOLDS_STRUCTURE (value) ? g_value_get_boxed (value) : NULL;
  return *found != NULL;
}

KlCallWay
kl_call_sample_read_way (const GstStructure *stats)
{
  GstStructure *transport = NULL;
  GstStructure *pair;
  GstStructure *end;
  KlCallWay way = KL_CALL_WAY_UNKNOWN;

  /* Bundled, there is one transport; the others, if any, have chosen nothing. */
  for (int i = 0; i < gst_structure_n_fields (stats); i++)
    if (enter (stats, NULL, gst_structure_nth_field_name (stats, i), &transport)
        && enter (stats, transport, "selected-candidate-pair-id", &pair))
      for (int remote = 0; remote < 2; remote++)
        if (enter (stats, pair, remote ? "remote-candidate-id" : "local-candidate-id", &end))
          {
            if (g_strcmp0 (gst_structure_get_string (end, "candidate-type"), "relay") == 0)
              return KL_CALL_WAY_RELAYED;
            way = KL_CALL_WAY_DIRECT;
          }
  return way;
}

/* Sources of an RTP session: ours, of which the peer's reports speak, and the peer's. */
static void
add_source (KlCallSample *sample, const GstStructure *source)
{
  gboolean internal = FALSE;
  gboolean has_report = FALSE;
  guint64 bitrate = 0;
  guint round_trip = 0;
  guint64 packets = 0;
  int lost = 0;
  guint jitter = 0;
  int clock_rate = 0;

  gst_structure_get (source, "internal", G_TYPE_BOOLEAN, &internal, "bitrate", G_TYPE_UINT64, &bitrate, NULL);
  gst_structure_get (source, "have-rb", G_TYPE_BOOLEAN, &has_report, "rb-round-trip", G_TYPE_UINT, &round_trip, NULL);
  if (has_report && round_trip > 0)
    sample->round_trip_ms = round_trip * 1000.0 / 65536.0;
  if (internal)
    {
      sample->sent_bps += (guint) bitrate;
      return;
    }
  gst_structure_get (source, "packets-received", G_TYPE_UINT64, &packets, "packets-lost", G_TYPE_INT, &lost, "jitter",
                     G_TYPE_UINT, &jitter, "clock-rate", G_TYPE_INT, &clock_rate, NULL);
  sample->received_bps += (guint) bitrate;
  sample->packets_received += (gint64) packets;
  sample->packets_lost += MAX (lost, 0);
  if (clock_rate > 0)
    sample->jitter_ms = MAX (sample->jitter_ms, jitter * 1000.0 / clock_rate);
}

void
kl_call_sample_read (KlCallSample *sample, GstElement *rtp_session)
{
  g_autoptr (GstStructure) stats = NULL;
  g_autoptr (GstStructure) feedback = NULL;
  const GValue *sources;

  *sample = (KlCallSample) { 0 };
  g_object_get (rtp_session, "stats", &stats, "twcc-stats", &feedback, NULL);
  sources = stats != NULL ? gst_structure_get_value (stats, "source-stats") : NULL;
  if (sources != NULL)
    {
      GValueArray *array = g_value_get_boxed (sources);

      G_GNUC_BEGIN_IGNORE_DEPRECATIONS
      for (guint i = 0; i < array->n_values; i++)
        add_source (sample, g_value_get_boxed (g_value_array_get_nth (array, i)));
      G_GNUC_END_IGNORE_DEPRECATIONS
    }
  if (feedback != NULL)
    sample->has_feedback = gst_structure_get (feedback, "bitrate-recv", G_TYPE_UINT, &sample->through_bps,
                                              "packet-loss-pct", G_TYPE_DOUBLE, &sample->loss_percent, NULL);
}
