/* SPDX-License-Identifier: GPL-3.0-or-later
 * What we must know of a peer's session description before webrtcbin sees it. Pure. */
#pragma once

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

#include "app/call/kl-call-types.h"

G_BEGIN_DECLS

enum
{
  KL_CALL_MAX_LINES = 8,
};

/* How one kind of media is spoken. */
typedef struct
{
  int line;          /* the m-line's index; -1: none */
  int payload;       /* of VP8 or Opus; -1: it has neither */
  int transport_cc;  /* id of the header extension; -1: none */
} KlCallCodec;

typedef struct
{
  GstWebRTCSessionDescription *description; /* owned */
  KlCallCodec codecs[2];                    /* by KlMediaKind: the first line of that kind */
  guint n_lines;
  char *mids[KL_CALL_MAX_LINES]; /* by line; NULL where it has none */
  char *ufrag;                   /* of ICE: another one is another connection */
} KlCallDescription;

/* NULL for what is no description, or one that webrtcbin cannot work with: no ICE credentials, no fingerprint, no lines
 * or too many, no mids. */
KlCallDescription *kl_call_description_parse (GstWebRTCSDPType type, const char *sdp);
void kl_call_description_free (KlCallDescription *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCallDescription, kl_call_description_free)

/* The m-line of this mid, or -1. */
int kl_call_description_find_mid (KlCallDescription *self, const char *mid);

/* What we offer: always Opus 111 on the first line, VP8 96 on the second. */
void kl_call_codec_default (KlCallCodec *codec, KlMediaKind kind);
/* For codec-preferences. Transfer full. */
GstCaps *kl_call_codec_caps (const KlCallCodec *codec, KlMediaKind kind);

G_END_DECLS
