/* SPDX-License-Identifier: GPL-3.0-or-later
 * The inside of KlCalls, shared by its files:
 *   kl-calls.c           the object: properties, and what is derived from the rest
 *   kl-calls-state.c     into a call, through a broken line, and out
 *   kl-calls-signals.c   signals on their way out, in order
 *   kl-calls-devices.c   which microphone, camera, screen and speaker is open
 *   kl-calls-share.c     asking the portal for a screen */
#pragma once

#include "app/calling/kl-calls.h"

G_BEGIN_DECLS

/* What is told by notify, as it was told last. */
typedef struct
{
  gboolean microphone_on, camera_on, screen_on, speaking, speaker_working;
  KlCallsTrouble trouble[2];
} KlCallsTold;

struct _KlCalls
{
  GObject parent_instance;

  KlSession *session;
  GSettings *settings;
  GCancellable *cancellable; /* of the portal's dialogue */
  char *local_address;
  gboolean silent;
  gboolean voice_processing;
  gboolean large;

  /* kl-calls-state.c */
  KlCallsState state;
  GError *error;
  KlGroup *group;
  KlCall *call;
  KlCallPlace *place; /* while in a call; also while its line is broken */
  guint attempt;      /* answers to older requests are of no use */
  gboolean checked;   /* it began with a check: failing to join leads back there */
  gboolean anew;      /* the place is lost: the next request is for another */
  gboolean asking;    /* a request is under way */
  guint again_source;
  GHashTable *ghosts; /* owned peer id → owned gint64: until when it may be unconfirmed, monotonic */
  guint ghost_source;
  gboolean hand;
  gboolean told_audio, told_video, told_screen, told_hand;
  gint64 reactions[10]; /* when the last ones were shown */
  gint64 loud_usec;
  guint loud_source;

  /* kl-calls-signals.c */
  GObject *signaller; /* KlCallsSignaller */
  GQueue signals;     /* of owned Outgoing */
  guint signals_source;
  guint64 signal_serial;

  /* kl-calls-devices.c */
  KlMediaDevices *devices;
  gint64 devices_usec; /* since when they are looked for */
  guint devices_source;
  KlMediaSource *chosen[2]; /* by KlMediaKind; or NULL */
  char *chosen_id[2];
  KlMediaSource *system_microphone;
  GPtrArray *failed; /* element-type KlMediaSource: could not be opened, or ended; forgotten when there is a change */
  KlMediaSource *screen;
  char *speaker_id;
  gboolean muted;
  gboolean camera_wanted;
  KlCallsTrouble camera_trouble;
  gboolean echo, noise;

  /* kl-calls-share.c */
  XdpPortal *portal;
  XdpSession *share;
  GTask *sharing; /* the asker, until it is answered */

  KlRing *ring;
  gboolean quiet;
  gboolean always_relay;
  gboolean warned;
  KlCallsTold told;
};

/* ── kl-calls.c ── */

typedef enum
{
  KL_CALLS_REACTION,
  KL_CALLS_DECLINED,
  KL_CALLS_ARRIVED,
  KL_CALLS_DEPARTED,
  KL_CALLS_N_SIGNALS,
} KlCallsSignal;

void kl_calls_emit_person (KlCalls *self, KlCallsSignal signal, KlUser *user);
void kl_calls_emit_reaction (KlCalls *self, const char *peer, const char *emoji);
/* Tells what has changed of all that follows from the rest. */
void kl_calls_update (KlCalls *self);
void kl_calls_update_ring (KlCalls *self);
void kl_calls_notify (KlCalls *self, const char *property);

/* ── kl-calls-state.c ── */

void kl_calls_watch_session (KlCalls *self);
/* What we send has changed: told, if there is somebody to tell. */
void kl_calls_tell_media (KlCalls *self, gboolean again);
gboolean kl_calls_is_in_call (KlCalls *self);

/* ── kl-calls-signals.c ── */

/* A KlCallSignaller that does not keep SELF. */
GObject *kl_calls_signaller_new (KlCalls *self);
/* The line is there: what has not arrived goes out, in order. */
void kl_calls_send_signals (KlCalls *self);
/* The line is broken: nothing is on its way. */
void kl_calls_interrupt_signals (KlCalls *self);
/* PEER NULL: all. */
void kl_calls_forget_signals (KlCalls *self, const char *peer);

/* ── kl-calls-devices.c ── */

/* The call has been started: opens what is wanted. */
void kl_calls_open_devices (KlCalls *self);
void kl_calls_apply_devices (KlCalls *self);
void kl_calls_choose (KlCalls *self, KlMediaKind kind, KlMediaSource *source);
void kl_calls_choose_speaker (KlCalls *self, GstDevice *speaker);
GstDevice *kl_calls_find_speaker (KlCalls *self);
/* The chosen one if it is here; lent. */
KlMediaSource *kl_calls_find_chosen (KlCalls *self, KlMediaKind kind);
KlCallsTrouble kl_calls_find_trouble (KlCalls *self, KlMediaKind kind);
void kl_calls_drop_screen (KlCalls *self);

/* ── kl-calls-share.c ── */

void kl_calls_end_share (KlCalls *self);

G_END_DECLS
