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

/* What gives the pictures: says nothing (what it is by default), is gone before anybody looks, or comes when
 * fake_portal_give_remote() is called. */
typedef enum
{
  FAKE_REMOTE_SILENT,
  FAKE_REMOTE_DEAD,
  FAKE_REMOTE_LATE,
} FakeRemote;

void fake_portal_set_remote (FakePortal *self, FakeRemote kind);
void fake_portal_give_remote (FakePortal *self);
/* It goes away. */
void fake_portal_close_remote (FakePortal *self);
/* How many were asked for. */
int fake_portal_count_remotes (FakePortal *self);
/* The newest has nobody at its other end. */
gboolean fake_portal_remote_is_gone (FakePortal *self);

G_END_DECLS
