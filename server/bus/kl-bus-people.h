/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What other nodes say of people: the share of each node in each person, and what they come to together. Nothing here
 * knows of leases or of a network. */
#pragma once

#include "server/chat/kl-bus.h"

G_BEGIN_DECLS

typedef struct _KlBusPeople KlBusPeople;

/* What a person's shares come to is now another. Must change nothing here. */
typedef void (*KlBusPeopleFunc) (gpointer user_data, const char *user);

KlBusPeople *
kl_bus_people_new (KlBusPeopleFunc changed, gpointer user_data);
void
kl_bus_people_free (KlBusPeople *self);

/* NODE's whole share of USER; OFFLINE: none any more. */
void
kl_bus_people_set (KlBusPeople *self, const char *node, const char *user, const KlBusPresence *share);

/* What follows is all that NODE has: begin, any number of _set(), end, which takes away what was not set. */
void
kl_bus_people_begin (KlBusPeople *self, const char *node);
void
kl_bus_people_end (KlBusPeople *self, const char *node);

/* NODE has nobody any more. */
void
kl_bus_people_drop (KlBusPeople *self, const char *node);

/* What it points to is valid until the person's shares change. */
void
kl_bus_people_get (KlBusPeople *self, const char *user, KlBusPresence *presence);

guint
kl_bus_people_count (KlBusPeople *self);

G_END_DECLS
