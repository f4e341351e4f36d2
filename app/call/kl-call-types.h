/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the parts of a call share: kinds, states, errors, limits. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef enum
{
  KL_MEDIA_AUDIO,
  KL_MEDIA_VIDEO,
} KlMediaKind;

/* Of a peer, as its tile shows it. */
typedef enum
{
  KL_CALL_PEER_CONNECTING,   /* no media yet */
  KL_CALL_PEER_CONNECTED,    /* media flows */
  KL_CALL_PEER_RECONNECTING, /* it flowed, and is being sought anew */
  KL_CALL_PEER_GONE,         /* out of the call: for whoever still holds the object */
} KlCallPeerState;

/* Of a call. */
typedef enum
{
  KL_CALL_NEW,     /* nothing runs */
  KL_CALL_RUNNING, /* devices are open; with or without peers */
  KL_CALL_ENDED,   /* all is torn down; final */
} KlCallState;

/* How the line is, for the gentle words about it. */
typedef enum
{
  KL_CALL_LINE_GOOD,
  KL_CALL_LINE_WEAK, /* less than the picture wants goes through: it is sent smaller */
  KL_CALL_LINE_BAD,  /* no picture goes through: sound alone is sent */
} KlCallLine;

typedef enum
{
  KL_CALL_ERROR_MISSING, /* a GStreamer element that calls need is not installed; the message names it */
  KL_CALL_ERROR_DEVICE,  /* a camera, microphone or screen cannot be opened, or went away */
} KlCallError;

#define KL_CALL_ERROR (kl_call_error_quark ())
GQuark kl_call_error_quark (void);

/* What is sent where nothing else is asked for, and the larger picture. */
#define KL_CALL_WIDTH 640
#define KL_CALL_HEIGHT 360
#define KL_CALL_FPS 30
#define KL_CALL_LARGE_WIDTH 1280
#define KL_CALL_LARGE_HEIGHT 720

/* Bits a second of the encoded picture: what 640x360 and 1280x720 may have at most, and what is too little for any. */
#define KL_CALL_VIDEO_BPS 600000
#define KL_CALL_LARGE_VIDEO_BPS 1500000
#define KL_CALL_VIDEO_MIN_BPS 60000
#define KL_CALL_AUDIO_BPS 32000

/* A level, and for how long after it, that counts as speaking. */
#define KL_CALL_SPEAKING_LEVEL 0.4
#define KL_CALL_SPEAKING_MS 600

/* Of one connection, from a peer that may be anybody. */
#define KL_CALL_MAX_CANDIDATES 256
#define KL_CALL_MAX_CANDIDATE_BYTES 1024

G_END_DECLS
