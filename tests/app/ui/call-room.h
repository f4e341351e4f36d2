/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call of this process with others that are processes of their own (tests/app/call/call-peer.c), and the signalling
 * between them: what a server would do, without one. */
#pragma once

#include "app/call/kl-call.h"

G_BEGIN_DECLS

typedef struct _CallRoom CallRoom;

/* Our call runs, with a moving pattern and a tone: what a machine with devices has. */
CallRoom *call_room_new (void);
/* FILTER: a GStreamer launch line behind what we send ("netsim drop-probability=0.3"). */
CallRoom *call_room_new_on_line (const char *filter);
/* Everybody leaves, in order; whoever complains or does not end fails the test. */
void call_room_free (CallRoom *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallRoom, call_room_free)

KlCall *call_room_get_call (CallRoom *self);

/* Somebody comes: PATTERN as videotestsrc has them, or NULL for a camera that is off; TONE_HZ 0: muted. Not connected yet
 * when it returns. */
void call_room_add (CallRoom *self, const char *id, const char *pattern, guint tone_hz);
void call_room_remove (CallRoom *self, const char *id);
/* One line of what call-peer reads. */
void call_room_say (CallRoom *self, const char *id, const char *json);
/* What a server would say of a hand. */
void call_room_raise_hand (CallRoom *self, const char *id, gboolean raised);

/* Until all are connected and have been seen, if they send a picture. */
void call_room_await_all (CallRoom *self);

G_END_DECLS
