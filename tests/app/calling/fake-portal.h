/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A desktop's portal for sharing a screen, on a thread of its own: what is asked of it waits for nobody. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _FakePortal FakePortal;

/* Needs a session bus. */
FakePortal *fake_portal_new (void);
void fake_portal_free (FakePortal *self);

/* What the person says to the next dialogues: 0 shares, 1 has changed their mind, 2: it fails; -1: thinks about it. */
void fake_portal_set_answer (FakePortal *self, int answer);
/* How many dialogues were shown, and how many sessions are open now. */
int fake_portal_count_asked (FakePortal *self);
int fake_portal_count_open (FakePortal *self);
/* The desktop's own button: the session ends. */
void fake_portal_end_session (FakePortal *self);
/* What gives the pictures goes away. */
void fake_portal_close_remote (FakePortal *self);

G_END_DECLS
