/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call core in a process of its own (tests/app/call/call-peer.c), and the words that go to it and come from it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _CallCore CallCore;

/* What it says; DATA is one JSON object. */
typedef struct
{
  void (*signal) (gpointer owner, const char *to, const char *data);
  void (*announce) (gpointer owner, gboolean audio, gboolean video, gboolean screen);
} CallCoreFuncs;

/* PATTERN as videotestsrc has them, or NULL for a camera that is off; TONE_HZ 0: muted. OWNER is lent to FUNCS. */
CallCore *call_core_new (const CallCoreFuncs *funcs, gpointer owner, const char *pattern, guint tone_hz);
/* It leaves, in order; one that complains or does not end fails the test. */
void call_core_free (CallCore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallCore, call_core_free)

/* One line of what call-peer reads. */
void call_core_say (CallCore *self, const char *json);
void call_core_set_picture (CallCore *self, const char *pattern);
void call_core_add_peer (CallCore *self, const char *id, gboolean offers);
void call_core_remove_peer (CallCore *self, const char *id);
void call_core_take_signal (CallCore *self, const char *from, const char *data);

G_END_DECLS
