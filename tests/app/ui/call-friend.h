/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Somebody else in a call on the real server: an account of his own, and a call core in a process of its own
 * (tests/app/call/call-peer.c), whose words his session carries. */
#pragma once

#include "tests/app/core/kl-live.h"

G_BEGIN_DECLS

typedef struct _CallFriend CallFriend;

/* Registers and joins GROUP (public, or NULL: none yet). */
CallFriend *call_friend_new (KlLiveServer *server, const char *name, const char *display_name, KlGroup *group);
/* Leaves in order; a core that does not end, or ends badly, fails the test. */
void call_friend_free (CallFriend *self);

KlSession *call_friend_get_session (CallFriend *self);
/* The group as his session has it. */
KlGroup *call_friend_get_group (CallFriend *self);

/* Into the group's call, or begins one: PATTERN as videotestsrc has them, or NULL for a camera that is off; TONE_HZ 0:
 * muted. It is in when this returns; connections come by and by. */
void call_friend_join (CallFriend *self, const char *pattern, guint tone_hz);
void call_friend_leave (CallFriend *self);
/* Rings everybody. */
void call_friend_ring (CallFriend *self);
void call_friend_set_picture (CallFriend *self, const char *pattern);
void call_friend_set_hand (CallFriend *self, gboolean raised);
void call_friend_react (CallFriend *self, const char *emoji);
/* His id in the call. */
const char *call_friend_get_peer (CallFriend *self);

G_END_DECLS
