/* SPDX-License-Identifier: GPL-3.0-or-later
 * The persons of a session by id, each once. Main thread. */
#pragma once

#include "app/core/kl-user.h"
#include <yyjson.h>

G_BEGIN_DECLS

#define KL_TYPE_PEOPLE (kl_people_get_type ())
G_DECLARE_FINAL_TYPE (KlPeople, kl_people, KL, PEOPLE, GObject)

KlPeople *kl_people_new (void);

/* The person with this id, made if not known. Lent: valid until kl_people_sweep(). NULL for an id that breaks the
 * contract. */
KlUser *kl_people_get (KlPeople *self, const char *id);

/* The person with this id if known already, else NULL. */
KlUser *kl_people_peek (KlPeople *self, const char *id);

/* Takes over a user object of the wire. with_presence FALSE: what it says of presence is old. NULL: it is no user
 * object. */
KlUser *kl_people_take (KlPeople *self, yyjson_val *user, gboolean with_presence);

/* Nothing is known any more of anybody's presence. */
void kl_people_forget_presence (KlPeople *self);

/* When very many are known, forgets those that nothing else refers to. */
void kl_people_sweep (KlPeople *self);

G_END_DECLS
