/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TCP relay on loopback, on the test's own main context: everything that can go wrong between two programs. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _KlTestRelay KlTestRelay;

/* Takes connections on a port of its own and passes them on to PORT. */
KlTestRelay *
kl_test_relay_new (guint16 port);
void
kl_test_relay_free (KlTestRelay *self);

guint16
kl_test_relay_get_port (KlTestRelay *self);

/* TRUE: passes nothing on, in both directions, and takes new connections all the same: the silent cut. FALSE: what
 * waits goes on its way. */
void
kl_test_relay_set_silent (KlTestRelay *self, gboolean silent);
/* How long each byte is under way, each direction. */
void
kl_test_relay_set_delay (KlTestRelay *self, guint delay_ms);
/* The next connections are cut (reset) after so many bytes towards the client; -1: never. 0: at once. */
void
kl_test_relay_set_budget (KlTestRelay *self, int bytes);
/* The next connections get this answer to each thing (of Redis: each command) that they say after AFTER_BYTES of
 * theirs, none of which goes any further; NULL: none. */
void
kl_test_relay_set_answer (KlTestRelay *self, const char *answer, guint after_bytes);

/* Resets all that is connected. */
void
kl_test_relay_cut (KlTestRelay *self);

guint
kl_test_relay_count (KlTestRelay *self);
/* All that were ever taken. */
guint
kl_test_relay_count_all (KlTestRelay *self);

G_END_DECLS
