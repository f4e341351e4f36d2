/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a desktop has for notifications, on this test's own session bus: it shows nothing, and presses what it is told to. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GDBusConnection *bus;
  guint object, name;
  guint id;        /* of what is shown; 0: nothing */
  guint urgency;   /* 2: shown whatever the person has asked the desktop for */
  char *title;
  char *body;
  GStrv actions;   /* id, label, id, label, … */
} FakeNotifications;

FakeNotifications *fake_notifications_new (void);
void fake_notifications_free (FakeNotifications *self);

/* The button with this label; aborts where there is none. */
void fake_notifications_press (FakeNotifications *self, const char *label);

G_END_DECLS
