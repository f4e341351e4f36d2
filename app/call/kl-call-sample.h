/* SPDX-License-Identifier: GPL-3.0-or-later
 * What an RTP session knows about its line. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* How packets go, as ICE has chosen. */
typedef enum
{
  KL_CALL_WAY_UNKNOWN, /* none is chosen yet */
  KL_CALL_WAY_DIRECT,
  KL_CALL_WAY_RELAYED, /* through a TURN server, of whichever side */
} KlCallWay;

/* As measured about the last second or so; counts are since the beginning. */
typedef struct
{
  double round_trip_ms;  /* 0: not known yet */
  guint sent_bps;        /* that left us */
  guint through_bps;     /* of that, what arrived, by the receiver's feedback */
  double loss_percent;   /* of what we sent, before repair */
  guint received_bps;
  gint64 packets_received;
  gint64 packets_lost;   /* on the way to us, after repair */
  double jitter_ms;
  gboolean has_feedback; /* through_bps and loss_percent mean something */
  KlCallWay way;
} KlCallSample;

/* The one RTP session that a bundled webrtcbin has, or NULL before there is one. Transfer full. */
GstElement *kl_call_sample_find_session (GstBin *webrtc);

/* The way that ICE has chosen, from what webrtcbin answers to "get-stats". */
KlCallWay kl_call_sample_read_way (const GstStructure *stats);

/* All but the way. */
void kl_call_sample_read (KlCallSample *sample, GstElement *rtp_session);

G_END_DECLS
