/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/core/kl-message.h"

G_BEGIN_DECLS

/* Tells a screen reader of messages that arrive: politely, mentions with emphasis, and at most once in three seconds;
 * what came in between is told as a number. One's own and the system's are not told. */
typedef struct _KlAnnouncer KlAnnouncer;

/* @widget speaks, and must outlive the announcer. */
KlAnnouncer *kl_announcer_new (GtkWidget *widget);
void kl_announcer_free (KlAnnouncer *self);

void kl_announcer_tell (KlAnnouncer *self, KlMessage *message);

/* Forgets what was still to be told: another conversation is shown. */
void kl_announcer_reset (KlAnnouncer *self);

G_END_DECLS
