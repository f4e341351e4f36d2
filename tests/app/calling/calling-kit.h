/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two people on a real server, in a call with real media from test sources, on loopback: what tests of KlCalls share.
 * What awaits something fails the test when it has not come within KL_TEST_DEADLINE_MS. */
#pragma once

#include "app/calling/kl-calls.h"
#include "tests/app/core/kl-live.h"

G_BEGIN_DECLS

/* Somebody on one device; what is here is theirs until calling_person_end(). */
typedef struct
{
  char *folder;
  KlAccount *account;
  KlSession *session;
  KlCalls *calls;
  KlGroup *group; /* as their session has it, or NULL */
} CallingPerson;

typedef struct
{
  KlLiveServer *server;
  CallingPerson aroha; /* owns the group */
  CallingPerson ben;   /* has joined it */
} CallingFixture;

/* Before any test: GLib's tests, the call core, and a session bus of the program's own. */
void
calling_init (int *argc, char ***argv);
/* Runs them and ends that bus; the program's exit status. */
int
calling_run (void);

/* A server with both of them on it, in no call. SETTINGS: more of its environment (const char *const *), or NULL. */
void
calling_set_up (CallingFixture *self, gconstpointer settings);
/* They leave, and nothing may be left of them. */
void
calling_tear_down (CallingFixture *self, gconstpointer settings);

/* Another device: takes ACCOUNT, whose microphone is a tone of this frequency. It has no group yet. */
void
calling_person_begin (CallingPerson *self, KlAccount *account, guint frequency_hz);
void
calling_person_end (CallingPerson *self);

/* Both get into the group's call, with microphone and camera; Aroha begins it. Nothing need be connected yet. */
void
calling_begin_call (CallingFixture *self);
/* They are connected, and more pictures than there were by now have come both ways. */
void
calling_await_media (CallingFixture *self);
void
calling_await_state (KlCalls *calls, KlCallsState state);

/* The only other one in the call; lent, or NULL. */
KlCallPeer *
calling_other (KlCalls *calls);
gboolean
calling_is_connected (KlCalls *calls);
/* How many pictures of theirs have come. */
guint
calling_frames (KlCalls *calls);

G_END_DECLS
